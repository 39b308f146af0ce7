"""Recordings in a stage: values, times and units over prims and instances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from usd_stages import small

from twin.errors import InputError
from twin.factory import Factory
from twin.plant.plant import Plant
from twin.recording import Recorder, open_recording
from twin.usd.export import export_stage
from twin.usd.instancers import accelerator_rows
from twin.usd.recording_layer import colours_of

pytest.importorskip("pxr")
from pxr import Usd

FRAMES = 3


@pytest.fixture(scope="module")
def factory() -> Factory:
    return Factory(small())


@pytest.fixture(scope="module")
def plant(factory: Factory) -> Plant:
    return factory.plant(0)


@pytest.fixture(scope="module")
def recording(factory: Factory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.zarr"
    simulation = factory.simulation(seed=0)
    with Recorder(path, simulation, frames=FRAMES, interval=2.0) as recorder:
        for _ in range(FRAMES):
            recorder.append()
            simulation.advance(2.0)
    return path


@pytest.mark.parametrize("form", ["addressable", "compact"])
def test_values_are_those_of_the_recording(
    plant: Plant, recording: Path, tmp_path: Path, form: Any
) -> None:
    file = tmp_path / "site.usd"
    export_stage(plant, file, form, recording=recording)
    stage = Usd.Stage.Open(str(file))
    tree = open_recording(recording)
    times = tree["site"]["time"].values
    assert stage.GetTimeCodesPerSecond() == 1.0
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (times[0], times[-1])
    temperature, power = tree["gpu"]["temperature"].values, tree["rack"]["power"].values
    assert np.ptp(power) > 0.0
    for k, time in enumerate(times):
        site = stage.GetPrimAtPath("/World/busan").GetAttribute("twin:channel:power")
        assert site.Get(time) == tree["site"]["power"].values[k, 0]
        assert site.GetMetadata("customData")["unit"] == "W"
        if form == "addressable":
            rack = stage.GetPrimAtPath("/World/busan/hall_01/row_01/rack_02")
            assert rack.GetAttribute("twin:channel:power").Get(time) == power[k, 1]
            np.testing.assert_array_equal(
                rack.GetAttribute("twin:channel:gpu:temperature").Get(time),
                temperature[k, 72:144],
            )
        else:
            prim = stage.GetPrimAtPath("/World/busan/hall_01/Instances/gpu_nvidia_gb300_nvl72")
            rows = accelerator_rows(plant, np.arange(6))
            np.testing.assert_array_equal(
                prim.GetAttribute("primvars:temperature").Get(time), temperature[k, rows]
            )
            assert prim.GetAttribute("primvars:temperature").GetMetadata("interpolation") == (
                "vertex"
            )
            assert len(prim.GetAttribute("primvars:displayColor").Get(time)) == len(rows)


def test_fewer_frames(plant: Plant, recording: Path, tmp_path: Path) -> None:
    file = tmp_path / "site.usda"
    export_stage(plant, file, "compact", recording=recording, every=2)
    stage = Usd.Stage.Open(str(file))
    site = stage.GetPrimAtPath("/World/busan").GetAttribute("twin:channel:pue")
    assert len(site.GetTimeSamples()) == 2


def test_geometry_layers_hold_no_time(plant: Plant, recording: Path, tmp_path: Path) -> None:
    export_stage(plant, tmp_path / "site.usda", "compact", recording=recording)
    for name in ("places", "equipment", "building"):
        assert "timeSamples" not in (tmp_path / "site_files" / f"{name}.usda").read_text()


def test_recording_of_another_layout_is_refused(recording: Path, tmp_path: Path) -> None:
    other = Factory.load("pilot").plant(0)
    with pytest.raises(InputError, match="another layout"):
        export_stage(other, tmp_path / "site.usd", recording=recording)


def test_every_must_be_positive(plant: Plant, recording: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one in N"):
        export_stage(plant, tmp_path / "site.usd", recording=recording, every=0)


def test_colours_run_from_blue_to_red() -> None:
    values = np.array([[20.0, 60.0, 100.0, np.nan]], dtype=np.float32)
    cold, middle, hot, missing = colours_of(values, 20.0, 100.0)[0]
    assert cold[2] > cold[0]
    assert hot[0] > hot[2]
    assert middle[1] > max(cold[1], hot[1])
    assert np.ptp(missing) == 0.0
