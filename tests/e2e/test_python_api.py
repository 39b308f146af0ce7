"""The twin from Python, in a few lines, as the README shows it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import twin
from twin.errors import InputError
from twin.recording import Recorder
from twin.scenario import Scenario


def test_load_run_and_look() -> None:
    run = twin.load("pilot").run(duration="10min")
    assert run.rack.temperature.dims == ("time", "rack")
    assert run.rack.temperature.sizes == {"time": 61, "rack": 8}
    assert 60.0 < float(run.rack.temperature.max()) < 85.0
    hottest = run.gpu.temperature.isel(time=-1).idxmax("gpu").item()
    assert hottest.startswith("/pilot/hall-a/row-01/rack-")
    assert 1.05 < run.kpis["pue"] < 1.25
    assert run.events == []
    with pytest.raises(AttributeError):
        run.submarine  # noqa: B018


def test_key_figures_have_those_of_the_workload() -> None:
    training = {"training": {"tokens_per_step": 1e6}}
    scenario = Scenario.model_validate({"workload": [training], "duration": "1 min"})
    kpis = twin.load("pilot").run(scenario=scenario).kpis
    assert kpis["training_tokens_per_s"] == pytest.approx(1e6 / 6.0, rel=0.1)
    assert kpis["tokens_per_s"] > 0.0


def test_memory_and_file_hold_the_same(tmp_path: Path) -> None:
    factory = twin.load("pilot")
    run = factory.run("5min")
    simulation = factory.simulation()
    with Recorder(tmp_path / "run.zarr", simulation) as recorder:
        recorder.append()
        for _ in range(30):
            simulation.advance(10.0)
            recorder.append()
    tree = twin.open_recording(tmp_path / "run.zarr")
    for name, resolution in (("power", 10.0), ("temperature", 0.05)):
        kept, seen = tree["rack"][name].values, run.rack[name].values
        assert np.abs(kept - seen).max() <= 0.51 * resolution


def test_a_run_can_go_on_where_it_ended() -> None:
    factory = twin.load("pilot")
    whole = factory.run("4min").simulation
    parts = factory.run("3min").simulation
    parts.advance(60.0)
    assert parts.digest() == whole.digest()


def test_errors_are_raised_not_printed() -> None:
    with pytest.raises(InputError, match="layout not found"):
        twin.load("atlantis")
    with pytest.raises(InputError, match="duration"):
        twin.load("pilot").run(duration="soon")
    with pytest.raises(InputError, match="whole time steps"):
        twin.load("pilot").run(duration="1min", every="0.3s")


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, twin; print([m for m in ('numpy', 'numba', 'pint') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
