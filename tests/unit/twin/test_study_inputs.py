"""What studies vary and read: every file counts, columns are comparable, nothing is idle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from twin.cli.commands import application
from twin.errors import InputError
from twin.study.columns import columns_of
from twin.study.evaluate import read_study
from twin.study.executors import InProcess
from twin.study.inputs import digest
from twin.study.results import Results, query
from twin.study.spec import Study
from twin.study.sweep import prepare, sweep

QUIET = "schema: twin.scenario/1\nweather: {kind: constant, dry_bulb: 25 degC, wet_bulb: 20 degC}\n"
STUDY = """\
schema: twin.study/1
layout: pilot
scenario: scenario.yaml
solve: steady
vary:
  load: {control: utilisation, path: /pilot/hall-a/row-01, values: [60 %, 100 %]}
results: {power: mean(site.it_power)}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files by name beside a study; returns the study's."""

    def written(study: str = STUDY, **files: str) -> Path:
        for name, text in {"scenario.yaml": QUIET, **files, "study.yaml": study}.items():
            (tmp_path / name).write_text(text)
        return tmp_path / "study.yaml"

    return written


# --- files ----------------------------------------------------------------------------------------


FILES: dict[str, dict[str, str]] = {
    "parent.yaml": {"scenario.yaml": "schema: twin.scenario/1\nextends: parent.yaml\n"},
    "grand.yaml": {
        "scenario.yaml": "schema: twin.scenario/1\nextends: parent.yaml\n",
        "parent.yaml": "schema: twin.scenario/1\nextends: grand.yaml\n",
    },
    "load.csv": {
        "scenario.yaml": QUIET
        + "workload: [{series: {file: load.csv, time: time, value: value}}]\n"
    },
    "jobs.csv": {"scenario.yaml": QUIET + "jobs: {file: jobs.csv}\n"},
    "requests.csv": {
        "scenario.yaml": QUIET + "workload: [{inference: {requests: requests.csv}}]\n"
    },
    "seoul.epw": {
        "scenario.yaml": "schema: twin.scenario/1\nparameters: {where: seoul}\n"
        'weather: {kind: epw, file: "${where}.epw"}\n'
    },
}


@pytest.mark.parametrize("name", FILES)
def test_the_digest_covers_every_file_that_points_read(
    write: Callable[..., Path], name: str
) -> None:
    path = write(**{name: QUIET, **FILES[name]})
    study, _ = read_study(path)
    before = digest(study, path)
    assert digest(study, path) == before
    (path.parent / name).write_text(QUIET + "# other content\n")
    assert digest(study, path) != before


def test_files_that_are_varied_count_too(write: Callable[..., Path]) -> None:
    varied = STUDY.replace(
        "  load:", "  where: {parameter: where, values: [seoul, busan]}\n  load:"
    )
    path = write(varied, **{"busan.epw": "1", "seoul.epw": "2"} | FILES["seoul.epw"])
    study, _ = read_study(path)
    before = digest(study, path)
    (path.parent / "busan.epw").write_text("3")
    assert digest(study, path) != before


def test_a_sweep_does_not_go_on_after_a_parent_changed(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write(**{"parent.yaml": QUIET, **FILES["parent.yaml"]})
    arguments = ["sweep", str(path), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert CliRunner().invoke(application(), arguments).exit_code == 0
    (tmp_path / "parent.yaml").write_text(QUIET.replace("25 degC", "35 degC"))
    again = CliRunner().invoke(application(), arguments)
    assert isinstance(again.exception, InputError)
    assert "an earlier version of it" in str(again.exception)


# --- columns --------------------------------------------------------------------------------------


def columns(**vary: dict[str, Any]) -> Any:
    import twin

    study = Study.model_validate(
        {"schema": "twin.study/1", "layout": "pilot", "vary": vary, "results": {"p": "last(x)"}}
    )
    return columns_of(study, twin.load("pilot").plant())


@pytest.mark.parametrize(
    ("varied", "values", "unit", "numbers"),
    [
        ({"control": "power_cap"}, ["900 W", "1 kW"], "W", [900, 1000]),
        ({"control": "power_cap"}, [900, "1 kW"], "W", [900, 1000]),
        ({"control": "power_cap"}, [900, 1000], "W", [900, 1000]),
        ({"scenario": "weather.dry_bulb"}, ["30 degC", "100 degF"], "degC", [30, 37.777778]),
        ({"layout": "sites[0].grid.price"}, ["100 won/kWh", "200 won/MWh"], "won/kWh", [100, 0.2]),
        ({"control": "utilisation"}, ["60 %", "80 %"], "%", [60, 80]),
        ({"control": "utilisation"}, [0.5, "80 %"], "", [0.5, 0.8]),
        ({"layout": "sites[0].grid.price"}, ["1 won/kWh", "1 EUR/kWh"], "", None),
        ({"scenario": "weather.kind"}, ["constant", "normals"], "", None),
        ({"parameter": "x"}, ["1 kW", "2 degC"], "", None),
        ({"parameter": "x"}, ["1 kW", "off"], "", None),
    ],
)
def test_a_column_holds_comparable_numbers_in_one_unit(
    varied: dict[str, str], values: list[Any], unit: str, numbers: list[float] | None
) -> None:
    column = columns(x={**varied, "values": values})["x"]
    assert column.unit == unit
    found = [column.value(value) for value in values]
    assert found == (values if numbers is None else pytest.approx(numbers))


def test_the_table_says_its_units(write: Callable[..., Path], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    prepared = prepare(
        write(STUDY.replace("control: utilisation", "control: power_cap").replace(
            "[60 %, 100 %]", "[900 W, 1 kW]"))
    )  # fmt: skip
    with Results(tmp_path / "out", prepared.digest) as results:
        table = sweep(prepared, results, InProcess(), chunk=2)
    units = {field.name: (field.metadata or {}).get(b"unit") for field in pq.read_schema(table)}
    assert units["load"] == units["power"] == b"W"
    assert units["error"] is None
    assert query(table, "SELECT load FROM results WHERE load > 950")[1] == [(1000.0,)]


# --- what has no effect ---------------------------------------------------------------------------


EVENTS = QUIET + "parameters: {at: 1 min, idle: 3}\n" + (
    'events: [{at: "${at}", path: /, set: utilisation, value: 50 %}]\n'
)  # fmt: skip


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ('{scenario: "events[0].value", values: [0 %, 60 %]}', "varies 'events' of the scenario"),
        ("{scenario: duration, values: [1 min, 5 min]}", "varies 'duration' of the scenario"),
        ("{scenario: title, values: [one, two]}", "varies 'title' of the scenario"),
        ("{parameter: idle, values: [1, 2]}", "stands nowhere in the scenario"),
        ("{parameter: at, values: [1 min, 2 min]}", "stands only in 'events'"),
        ("{control: utilisation, path: /, values: [1]}", "sets all that 'load' sets"),
    ],
)
def test_what_no_point_follows_is_refused_by_name(
    write: Callable[..., Path], vary: str, words: str
) -> None:
    path = write(
        STUDY.replace("results:", f"  idle: {vary}\nresults:"), **{"scenario.yaml": EVENTS}
    )
    with pytest.raises(InputError, match=words) as caught:
        prepare(path)
    assert caught.value.key.startswith("vary.idle")


@pytest.mark.parametrize("place", ["layout", "scenario"])
def test_one_key_is_varied_once(write: Callable[..., Path], place: str) -> None:
    key = {"layout": "sites[0].halls[0].rows[0].supply_temperature", "scenario": "seed"}[place]
    twice = "".join(f'  {n}: {{{place}: "{key}", values: [1, 2]}}\n' for n in "ab")
    with pytest.raises(InputError, match="sets all that 'a' sets"):
        prepare(write(STUDY.replace("results:", f"{twice}results:")))


def test_a_narrower_control_after_a_wider_one_is_taken(write: Callable[..., Path]) -> None:
    more = "  one: {control: utilisation, path: /pilot/hall-a/row-01/rack-01, values: [10 %]}\n"
    prepare(write(STUDY.replace("results:", f"{more}results:")))


def test_what_changes_no_result_is_told(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(
        STUDY.replace(
            "results:",
            '  price: {layout: "sites[0].grid.price", values: [1 won/kWh, 2 won/kWh]}\nresults:',
        )
    )
    told = CliRunner().invoke(
        application(), ["sweep", str(path), "--out", str(tmp_path / "out"), "--workers", "1"]
    )
    assert told.exit_code == 0
    assert "note: no result depends on price" in told.stderr
    assert "depends on load" not in told.stderr
    assert "columns: load [%], price [won/kWh], power [W]" in told.stdout


def test_a_study_tells_what_never_happens(write: Callable[..., Path]) -> None:
    late = "events: [{at: 2 h, path: /, set: utilisation, value: 50 %}]\n"
    run = STUDY.replace("solve: steady", "solve: run")
    told = prepare(write(run, **{"scenario.yaml": QUIET + late})).remarks
    assert [message for _, message in told] == [
        "utilisation at 2 h never happens: the run ends at 10 min"
    ]
    assert prepare(write(STUDY, **{"scenario.yaml": QUIET + late})).remarks == ()


def test_a_study_without_any_answer_does_not_pass(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write(STUDY.replace("utilisation", "isolated").replace(
        "[60 %, 100 %]", "[1]").replace("row-01", "row-01/cdu-1")
    )  # fmt: skip
    told = CliRunner().invoke(
        application(), ["sweep", str(path), "--out", str(tmp_path / "out"), "--workers", "1"]
    )
    assert told.exit_code == 1
    assert "first error: /pilot/hall-a/row-01/cdu-1" in told.stderr
