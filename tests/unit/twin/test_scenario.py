"""Scenario files: what they say, and where they are wrong."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from twin.errors import InputError
from twin.factory import Factory
from twin.scenario import Scenario, find_scenario, load_scenario

GOOD = """\
schema: twin.scenario/1
name: pump-trouble
start: 2026-01-15 03:00
duration: 20 min
step: 500 ms
seed: 7
weather:
  kind: constant
  dry_bulb: 5 degC
  wet_bulb: 3 degC
workload:
  - path: /
    profile:
      - {utilisation: 20 %}
      - {at: 2 min, utilisation: 100 %, ramp: 30 s}
events:
  - {at: 5 min, path: /pilot/hall-a/row-01/cdu-1, inject: pump-failure}
  - {at: 10 min, path: /pilot/hall-a/row-01/cdu-1, set: supply_setpoint, value: 42 degC}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "scenario.yaml"
    file.write_text(text)
    return file


def test_a_scenario_is_read_in_si_units(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD))
    assert scenario.name == "pump-trouble"
    assert scenario.duration == 1200.0
    assert scenario.step == 0.5
    assert scenario.start == datetime(2026, 1, 15, 3)
    assert scenario.workload[0].profile[1].ramp == 30.0
    assert scenario.events[1].set_ == "supply_setpoint"
    assert scenario.events[1].value == "42 degC"


def test_without_a_file_it_is_design_load_on_a_summer_afternoon() -> None:
    scenario = Scenario()
    assert scenario.name == "design-load"
    assert scenario.start.month == 8
    assert scenario.workload[0].profile[0].utilisation == 1.0


def test_it_survives_json(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD.replace("3 degC", "3.5 degC")))
    again = json.loads(scenario.model_dump_json(by_alias=True))
    assert again["events"][1]["set"] == "supply_setpoint"
    assert again["weather"]["wet_bulb"] == 3.5


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("duration: 20 min", "duration: 20", 4, "duration", "has no unit"),
        ("duration: 20 min", "duration: 20 degC", 4, "duration", "does not convert"),
        ("step: 500 ms", "step: 10 s", 5, "step", "less than or equal to 3"),
        ("step: 500 ms", "step: 0 s", 5, "step", "greater than 0"),
        ("seed: 7", "seed: -7", 6, "seed", "greater than or equal to 0"),
        ("kind: constant", "kind: stormy", 8, "weather.kind", "normals"),
        ("  wet_bulb: 3 degC\n", "", 7, "weather", "needs dry_bulb and wet_bulb"),
        ("wet_bulb: 3 degC", "wet_bulb: 9 degC", 7, "weather", "cannot be above dry_bulb"),
        ("utilisation: 20 %", "utilisation: 120 %", 14, "workload[0].profile[0].utilisation", "1"),
        ("utilisation: 20 %", "utilization: 20 %", 14, "workload[0].profile[0].utilization", "un"),
        ("at: 2 min, ", "at: -2 min, ", 15, "workload[0].profile[1].at", "greater"),
        ("inject: pump-failure", "at: 1 s", 17, "events[0].at", "key used twice"),
        (", inject: pump-failure", "", 17, "events[0]", "exactly one of"),
        (", value: 42 degC", "", 18, "events[1]", "belong together"),
        ("name: pump-trouble", "name: [", None, "", "not valid YAML"),
    ],
)
def test_a_wrong_file_is_pointed_at(
    tmp_path: Path, old: str, new: str, line: int | None, key: str, words: str
) -> None:
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=words) as caught:
        load_scenario(file)
    assert caught.value.file == file
    assert caught.value.key == key or not key
    if line is not None:
        assert caught.value.line == line


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("path: /\n", "path: /pilot/hall-b\n", 12, "workload[0].path", "no 'hall-b'"),
        ("cdu-1, inject", "cdu-9, inject", 17, "events[0].path", "no 'cdu-9'"),
        ("inject: pump-failure", "inject: gremlins", 17, "events[0].inject", "unknown fault"),
        ("set: supply_setpoint", "set: colour", 18, "events[1].set", "unknown control"),
        ("value: 42 degC", "value: 99 degC", 18, "events[1].value", "out of range"),
        ("value: 42 degC", "value: 42 kW", 18, "events[1].value", "does not convert"),
        ("row-01/cdu-1, set", "row-01/rack-01, set", 18, "events[1].path", "nothing at this path"),
    ],
)
def test_what_does_not_fit_the_layout_is_pointed_at_before_the_run(
    pilot: Factory, tmp_path: Path, old: str, new: str, line: int, key: str, words: str
) -> None:
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=words) as caught:
        pilot.simulation(file)
    assert (caught.value.file, caught.value.line, caught.value.key) == (file, line, key)
    assert caught.value.found


def test_a_scenario_in_code_has_no_file_but_a_key(pilot: Factory) -> None:
    scenario = Scenario.model_validate({"workload": [{"path": "/moon", "profile": [{}]}]})
    with pytest.raises(InputError, match="no 'moon'") as caught:
        pilot.simulation(scenario)
    assert not caught.value.file
    assert caught.value.key == "workload[0].path"


def test_a_weather_file_is_looked_for_beside_the_scenario(pilot: Factory, tmp_path: Path) -> None:
    file = write(tmp_path, "weather: {kind: epw, file: here.epw}\n")
    with pytest.raises(InputError, match="weather file not found") as caught:
        pilot.simulation(file)
    assert caught.value.file == tmp_path / "here.epw"


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scenario not found") as caught:
        find_scenario(tmp_path / "none.yaml")
    assert "YAML file" in caught.value.allowed
    with pytest.raises(InputError, match="is a folder"):
        find_scenario(tmp_path)


def test_a_scenario_without_a_name_takes_that_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "warm-night.yaml"
    file.write_text("schema: twin.scenario/1\nduration: 1 min\n")
    assert load_scenario(file).name == "warm-night"
    own = tmp_path / "other.yaml"
    own.write_text("schema: twin.scenario/1\nname: chosen\n")
    assert load_scenario(own).name == "chosen"
    # what differs from its base is not that base
    child = tmp_path / "later-trip.yaml"
    child.write_text("schema: twin.scenario/1\nextends: cdu-trip\nduration: 1 min\n")
    assert load_scenario(child).name == "later-trip"
    assert load_scenario(child).title == ""


def test_a_scenario_in_no_file_says_so_and_none_is_the_design_load() -> None:
    assert Scenario().name == "design-load"
    assert Scenario.model_validate({"duration": "1 min"}).name == "inline"
    assert Scenario.model_validate({"duration": "1 min", "name": "x"}).name == "x"


@pytest.mark.parametrize(
    ("base", "child", "message"),
    [
        ("parameters: none\n", "parameters: {x: 1}\n", "parameters are not a mapping"),
        ("parameters: {x: 1}\n", "parameters: [x]\n", "parameters are not a mapping"),
        ("parameters: 5\n", "", "parameters are not a mapping"),
        (None, "", "is not a mapping of keys to values"),
    ],
)
def test_a_base_that_cannot_be_merged_is_refused(
    tmp_path: Path, base: str | None, child: str, message: str
) -> None:
    head = "schema: twin.scenario/1\n"
    (tmp_path / "base.yaml").write_text("- a list\n" if base is None else head + base)
    file = tmp_path / "child.yaml"
    file.write_text(f"{head}extends: base.yaml\n{child}")
    with pytest.raises(InputError, match=message):
        load_scenario(file)
