"""Racks that follow a workload take no value of their own; what never happens in a run is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twin
from twin.beyond_the_end import time_text
from twin.controls import Command
from twin.errors import InputError
from twin.factory import Factory
from twin.scenario import Scenario, load_scenario
from twin.simulation import Simulation

ROW = "/pilot/hall-a/row-01"
RACK, OTHER = f"{ROW}/rack-01", f"{ROW}/rack-02"
DRIVEN: dict[str, dict[str, Any]] = {
    "a training job": {"workload": [{"path": RACK, "training": {}}]},
    "an inference service": {
        "workload": [
            {"path": RACK, "inference": {"requests_per_second": 1, "model": {
                "parameters": 8e9, "active_parameters": 8e9}}}
        ]
    },
    "jobs": {
        "workload": [],
        "jobs": {"path": RACK, "jobs": [{"id": "a", "accelerators": 8, "duration": "1 h"}]},
    },
}  # fmt: skip


def scenario(**data: Any) -> Scenario:
    return Scenario.model_validate({"duration": "10 min", **data})


@pytest.fixture
def series(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "load.csv").write_text("time,value\n0,0.3\n600,0.5\n")
    return {"file": str(tmp_path / "load.csv"), "time": "time", "value": "value"}


@pytest.mark.parametrize("what", DRIVEN)
@pytest.mark.parametrize("path", ["/", ROW, RACK])
def test_a_value_that_would_be_written_over_is_refused(
    pilot: Factory, what: str, path: str
) -> None:
    simulation = Simulation(pilot.plant(), scenario(**DRIVEN[what]))
    before, events = simulation.digest(), simulation.logged
    with pytest.raises(InputError, match=f"'utilisation' of {RACK} follows {what}") as caught:
        simulation.apply(Command("set", path, "utilisation", 0.0))
    assert caught.value.found == path
    assert (simulation.digest(), simulation.logged) == (before, events)
    event = {"at": "1 min", "path": path, "set": "utilisation", "value": 0}
    late = scenario(**DRIVEN[what], events=[event])
    with pytest.raises(InputError, match=f"follows {what}") as caught:
        Simulation(pilot.plant(), late)
    assert caught.value.key == "events[0].path"


@pytest.mark.parametrize("what", DRIVEN)
def test_racks_beside_driven_ones_take_a_value(pilot: Factory, what: str) -> None:
    simulation = Simulation(pilot.plant(), scenario(**DRIVEN[what]))
    simulation.apply(Command("set", OTHER, "utilisation", 0.25))
    simulation.apply(Command("set", RACK, "power_cap", 900.0))
    simulation.advance(10.0)
    assert simulation.state.view.rack.utilisation[1] == 0.25


def test_a_series_drives_what_it_measures(pilot: Factory, series: dict[str, Any]) -> None:
    data = series | {"quantity": "utilisation"}
    driven = scenario(workload=[{"path": RACK, "series": data}])
    simulation = Simulation(pilot.plant(), driven)
    with pytest.raises(InputError, match=f"'utilisation' of {RACK} follows a series of"):
        simulation.apply(Command("set", "/", "utilisation", 0.0))
    simulation.apply(Command("set", RACK, "memory_share", 0.1))
    simulation.advance(5.0)
    assert simulation.state.view.rack.memory_share[0] == 0.1


def test_a_profile_leaves_a_command_alone_until_its_next_point(pilot: Factory) -> None:
    simulation = Simulation(pilot.plant(), scenario())
    simulation.apply(Command("set", "/", "utilisation", 0.25))
    simulation.advance(5.0)
    assert simulation.state.view.rack.utilisation[0] == 0.25


# --- what never happens ---------------------------------------------------------------------------


def told(data: dict[str, Any], duration: str | None = None) -> list[str]:
    run = twin.load("pilot").run(duration or "1min", scenario=scenario(**data), every="1min")
    return [event.message for event in run.events if event.kind == "data" and event.time == 0.0]


TRIP = {"path": f"{ROW}/cdu-1", "inject": "trip"}
FULL = {"utilisation": 1, "compute_share": 1, "memory_share": 0.6}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"events": [{"at": "2 min", **TRIP}]}, "at 2 min never happens: the run ends at 1 min"),
        ({"events": [{"at": "1 min", **TRIP}, {"at": "2 min", **TRIP}]}, "and 1 more events"),
        ({"weather": {"changes": [{"at": "2 min", "dry_bulb": "3 K"}]}}, "[0] at 2 min never"),
        ({"weather": {"changes": [{"at": "10 s"}]}}, "changes[0] at 10 s shifts nothing"),
        ({"workload": [{"training": {"start": "1 h"}}]}, "training that starts at 1 h never does"),
        ({"workload": [{"profile": [FULL, {"at": "90 s", "utilisation": 0}]}]},
         "one point of the profile workload[0], from 90 s on, is never reached"),
        ({"workload": [], "jobs": {"jobs": [
            {"id": "a", "accelerators": 8, "duration": "1 h", "submit": "1 h"}]}},
         "job a, due at 1 h, is never submitted"),
        ({"workload": [], "jobs": {"interval": "2 min", "jobs": [
            {"id": "a", "accelerators": 8, "duration": "1 h"}]}},
         "jobs.interval of 2 min leaves one decision"),
    ],
)  # fmt: skip
def test_what_never_happens_in_a_run_is_told(data: dict[str, Any], words: str) -> None:
    messages = told(data)
    assert len(messages) == 1
    assert words in messages[0]


def test_a_test_tells_what_never_happens(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from twin.cli.commands import application

    (tmp_path / "late.yaml").write_text(
        "schema: twin.scenario/1\nlayout: pilot\nduration: 1 min\n"
        f"events: [{{at: 2 min, path: {ROW}/cdu-1, inject: trip}}]\n"
        "expect: [max(gpu.temperature) < 87 degC]\n"
    )
    result = CliRunner().invoke(application(), ["test", str(tmp_path / "late.yaml")])
    assert result.exit_code == 0
    assert f"note: {ROW}/cdu-1: trip at 2 min never happens" in result.stdout


def test_what_happens_is_not_told() -> None:
    changes = [{"at": "10 s", "dry_bulb": "3 K"}, {"at": "30 s"}]
    data = {"events": [{"at": "59 s", **TRIP}], "weather": {"changes": changes}}
    assert told(data) == []


def test_no_bundled_scenario_holds_what_never_happens() -> None:
    from assets.locations import SCENARIOS_FOLDER
    from twin.beyond_the_end import remarks

    for file in sorted(SCENARIOS_FOLDER.glob("*.yaml")):
        loaded = load_scenario(file)
        assert list(remarks(loaded, loaded.duration)) == [], file.name


@pytest.mark.parametrize(
    ("seconds", "text"), [(90.0, "90 s"), (120.0, "2 min"), (7200.0, "2 h"), (86400.0, "1 d")]
)
def test_times_are_told_in_their_largest_whole_unit(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
