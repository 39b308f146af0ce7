"""``twin run`` and the other commands as processes, as people call them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import xarray
from live_server import twin

from twin.layout.loader import bundled_layouts

KEYS = {
    "layout", "gpus", "racks", "simulated_s", "wall_s", "realtime_factor", "it_power_w",
    "facility_power_w", "pue", "wue_l_per_kwh", "max_gpu_temperature_c", "max_hbm_temperature_c",
    "throttled_gpu_fraction", "tokens_per_s", "energy_residual", "digest",
}  # fmt: skip


def test_json_is_one_object_and_nothing_else() -> None:
    code, out, error = twin("run", "pilot", "--for", "10min", "--json")
    assert (code, error) == (0, "")
    result = json.loads(out)
    assert result.keys() >= KEYS
    assert (result["gpus"], result["racks"], result["simulated_s"]) == (576, 8, 600.0)
    assert 0.9e6 < result["it_power_w"] < 1.2e6
    assert 1.05 < result["pue"] < 1.25
    assert 60.0 < result["max_gpu_temperature_c"] < 85.0
    assert abs(result["energy_residual"]) < 1e-6


def test_figures_of_the_work_stand_beside_what_the_racks_could_do(tmp_path: Path) -> None:
    """An overloaded service answers nothing, whatever the operations of its racks are worth."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "schema: twin.scenario/1\nduration: 1 min\nworkload:\n"
        "  - path: /pilot/hall-a/row-01/rack-01\n    inference: {requests_per_second: 2000}\n"
        "  - path: /pilot/hall-a/row-01/rack-02\n    training: {tokens_per_step: 1e6}\n"
    )
    code, out, _ = twin("run", "pilot", "--scenario", file, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["inference_tokens_per_s"] == 0.0
    assert result["inference_backlog_requests"] > 100_000
    assert result["training_tokens_per_s"] > 1e5
    assert result["tokens_per_s"] > 1e6
    shown = twin("run", "pilot", "--scenario", file)[1]
    rows = {line[1:].split("  ")[0].strip(): line for line in shown.splitlines()}
    assert "0 per s; 1" in rows["Tokens of services"]
    assert "requests under way" in rows["Tokens of services"]
    assert "steps" in rows["Tokens of training"]
    assert f"{result['tokens_per_s']:,.0f} per s" in rows["Token capacity"]
    assert "Tokens" not in rows


def test_two_processes_end_in_the_same_bits() -> None:
    digests = {json.loads(twin("run", "pilot", "--for", "2min", "--json")[1])["digest"]
               for _ in range(2)}  # fmt: skip
    assert len(digests) == 1


def test_a_run_for_people_shows_figures_and_what_to_do_next(tmp_path: Path) -> None:
    record = tmp_path / "out.zarr"
    code, out, error = twin("run", "pilot", "--for", "5min", "--record", record)
    assert code == 0
    for words in ("IT power", "PUE", "Hottest GPU", "degC", "Energy residual", "Recorded in"):
        assert words in out
    assert "576 GPUs" in error
    assert "Warning" not in error
    tree = xarray.open_datatree(record, engine="zarr")
    assert tree["rack"]["temperature"].shape == (31, 8)


def test_interval_and_length_decide_the_frames(tmp_path: Path) -> None:
    record = tmp_path / "out.zarr"
    code, _, _ = twin(
        "run", "pilot", "--for", "95s", "--every", "20s", "--record", record, "--json"
    )
    assert code == 0
    times = xarray.open_datatree(record, engine="zarr")["rack"]["time"].values
    assert times.tolist() == [0.0, 20.0, 40.0, 60.0, 80.0, 95.0]


def test_a_scenario_file_decides_duration_and_faults(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        "name: blocked\nduration: 3 min\n"
        "events: [{at: 1 min, path: /pilot/hall-a/row-01/rack-01, inject: isolation}]\n"
    )
    code, out, _ = twin("run", "pilot", "--scenario", scenario, "--json")
    assert code == 0
    result = json.loads(out)
    assert (result["scenario"], result["simulated_s"]) == ("blocked", 180.0)
    assert result["throttled_gpu_fraction"] > 0.0


@pytest.mark.parametrize("layout", sorted(bundled_layouts()))
def test_every_bundled_layout_can_be_looked_at_and_is_sound(layout: str) -> None:
    code, out, error = twin("info", layout, "--json")
    assert (code, error) == (0, "")
    facts = json.loads(out)
    assert facts["gpus"] > 0
    code, out, _ = twin("check", layout)
    assert code in (0, 1)
    assert "error:" not in out


@pytest.mark.parametrize("kind", ["layout", "scenario"])
def test_schemas_are_valid_json_schema(kind: str) -> None:
    code, out, _ = twin("schema", kind)
    assert code == 0
    schema = json.loads(out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "properties" in schema


def test_doctor_tells_versions() -> None:
    code, out, _ = twin("doctor", "--port", "0")
    assert code in (0, 1)
    assert f"Python 3.{sys.version_info.minor}" in out
    assert "numpy" in out


def test_help_names_every_command() -> None:
    code, out, _ = twin("--help")
    assert code == 0
    for command in ("run", "serve", "view", "render", "info", "check", "schema", "doctor"):
        assert f"  {command} " in out


def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m twin.cli.main schema layout | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "{"
    assert "Traceback" not in done.stderr
