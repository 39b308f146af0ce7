"""Studies: points, changes of files, limits, journals; steady points are where runs come to."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InputError
from twin.regression.problem import ExpectationError
from twin.study.evaluate import Answer, changed, evaluate, key_path, read_study
from twin.study.executors import InProcess
from twin.study.limits import bound_of
from twin.study.results import Results, query
from twin.study.sampling import axes_of, point_at, points_of, split_quantity
from twin.study.spec import Study
from twin.study.sweep import pieces_of, prepare, sweep
from twin.yaml_file import parse

STEADY = """\
schema: twin.study/1
layout: pilot
scenario: quiet.yaml
solve: steady
vary:
  coolant: {layout: "sites[0].halls[0].rows[0].supply_temperature", values: [36 degC, 44 degC]}
  load: {control: utilisation, path: /pilot/hall-a/row-01, values: [60 %, 100 %]}
results:
  hottest: max(gpu.temperature)
  supply: max(cdu.supply_temperature)
  pue: last(site.pue)
  power: mean(site.it_power)
limits: [hottest < 80 degC]
"""
QUIET = "schema: twin.scenario/1\nweather: {kind: constant, dry_bulb: 25 degC, wet_bulb: 20 degC}\n"


def study_of(**changes: Any) -> Study:
    data: dict[str, Any] = {
        "schema": "twin.study/1",
        "layout": "pilot",
        "vary": {"load": {"scenario": "workload[0].x", "range": [0, 1]}},
        "results": {"pue": "last(site.pue)"},
    }
    return Study.model_validate(data | changes)


@pytest.fixture
def steady(tmp_path: Path) -> Path:
    (tmp_path / "quiet.yaml").write_text(QUIET)
    (tmp_path / "study.yaml").write_text(STEADY)
    return tmp_path / "study.yaml"


# --- points ---------------------------------------------------------------------------------------


def test_a_grid_has_every_combination_once() -> None:
    study = study_of(
        vary={
            "a": {"parameter": "a", "range": ["10 degC", "20 degC"], "points": 3},
            "b": {"parameter": "b", "values": ["x", "y"]},
        }
    )
    points = points_of(study)
    assert len(points) == 6
    assert Counter(p["a"] for p in points) == {"10 degC": 2, "15 degC": 2, "20 degC": 2}
    assert len({tuple(p.items()) for p in points}) == 6


@given(count=st.integers(1, 60), seed=st.integers(0, 2**31))
def test_latin_hypercubes_fill_every_slice_once(count: int, seed: int) -> None:
    """Each of ``count`` slices of every axis holds exactly one point: the method's definition."""
    study = study_of(
        vary={n: {"parameter": n, "range": [0.0, 1.0]} for n in "ab"},
        sample={"method": "latin-hypercube", "points": count, "seed": seed},
    )
    points = points_of(study)
    for name in "ab":
        slices = sorted(min(int(float(p[name]) * count), count - 1) for p in points)
        assert slices == list(range(count))
    assert points == points_of(study)


def test_normal_values_have_their_mean_and_spread() -> None:
    study = study_of(
        vary={"t": {"parameter": "t", "normal": ["30 degC", "2 K"]}},
        sample={"method": "monte-carlo", "points": 4000, "seed": 3},
    )
    values = np.array([split_quantity(p["t"], "t")[0] for p in points_of(study)])
    assert values.mean() == pytest.approx(30.0, abs=4 * 2 / math.sqrt(4000))
    assert values.std() == pytest.approx(2.0, rel=4 / math.sqrt(2 * 4000))
    assert all(p["t"].endswith(" degC") for p in points_of(study))


@pytest.mark.parametrize(
    ("varied", "message"),
    [
        ({"parameter": "x", "range": ["10 degC", "20 K"]}, "one unit"),
        ({"parameter": "x", "range": ["20 degC", "10 degC"]}, "begins above its end"),
        ({"parameter": "x", "range": ["warm", "hot"]}, "is not a number"),
        ({"parameter": "x", "range": [True, 2]}, "is not a number"),
        ({"parameter": "x", "normal": [1, 2]}, "has no grid"),
    ],
)
def test_axes_that_cannot_be_are_refused(varied: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        points_of(study_of(vary={"x": varied}))


@pytest.mark.parametrize(
    "varied",
    [
        {"range": [0, 1]},
        {"parameter": "x", "layout": "y", "range": [0, 1]},
        {"parameter": "x"},
        {"parameter": "x", "range": [0, 1], "values": [1]},
    ],
)
def test_a_varied_quantity_has_one_place_and_one_span(varied: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give exactly one"):
        study_of(vary={"x": varied})


def test_the_middle_point_lies_within_every_axis() -> None:
    study = study_of(
        vary={
            "a": {"parameter": "a", "range": [2, 4]},
            "b": {"parameter": "b", "values": [1, 2, 3]},
            "c": {"parameter": "c", "normal": [10, 5]},
        }
    )
    point = point_at(axes_of(study), np.full(3, 0.5))
    assert point == {"a": 3.0, "b": 2, "c": pytest.approx(10.0)}


# --- changes of files -----------------------------------------------------------------------------


def test_keys_of_nested_lists() -> None:
    assert key_path("sites[0].halls[12].rows") == ("sites", 0, "halls", 12, "rows")


def test_changes_leave_the_original_alone_and_name_what_is_missing() -> None:
    document = parse("a: {b: [1, 2]}\nweather: {kind: normals}\n", Path("x.yaml"))
    assert changed(document, "a.b[1]", 7).data["a"]["b"] == [1, 7]
    assert document.data["a"]["b"] == [1, 2]
    assert changed(document, "weather.kind", "epw").data["weather"] == {"kind": "epw"}
    assert changed(document, "tokens.parameters", 1).data["tokens"] == {"parameters": 1}
    with pytest.raises(InputError, match="no such key") as caught:
        changed(document, "a.c[0].d", 1)
    assert "b" in caught.value.allowed
    with pytest.raises(InputError, match="no such key"):
        changed(document, "a.b[9]", 1)


# --- limits ---------------------------------------------------------------------------------------


def test_limits_know_units_and_signs() -> None:
    units = {"hottest": "degC", "pue": ""}
    bound = bound_of("hottest < 87 degC", units)
    assert bound.excess({"hottest": 90.0}) == pytest.approx(3.0)
    assert bound.excess({"hottest": 80.0}) < 0.0
    assert bound_of("pue >= 1.1", units).excess({"pue": 1.05}) == pytest.approx(0.05)
    assert bound.excess({}) == math.inf


@pytest.mark.parametrize(
    "text", ["hottest < 5 kW", "hotest < 87 degC", "hottest < pue", "hottest", "hottest << 1"]
)
def test_limits_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ExpectationError):
        bound_of(text, {"hottest": "degC", "pue": ""})


# --- results --------------------------------------------------------------------------------------


def test_a_journal_survives_and_belongs_to_one_study(tmp_path: Path) -> None:
    with Results(tmp_path / "r", "digest") as results:
        results.add([Answer(3, {"x": 1.5}), Answer(1, {}, "went wrong")])
    journal = tmp_path / "r" / "journal.jsonl"
    with journal.open("a") as file:
        file.write('{"point": 4, "val')  # cut off by a kill
    with Results(tmp_path / "r", "digest") as again:
        assert again.answers == {3: Answer(3, {"x": 1.5}), 1: Answer(1, {}, "went wrong")}
        again.add([Answer(4, {"x": 2.0})])
    with Results(tmp_path / "r", "digest") as once_more:
        assert sorted(once_more.answers) == [1, 3, 4]
    with pytest.raises(InputError, match="another study"):
        Results(tmp_path / "r", "other")
    with Results(tmp_path / "r", "other", fresh=True) as fresh:
        assert fresh.answers == {}


def test_pieces_hold_every_missing_point_once() -> None:
    points: list[dict[str, Any]] = [{"x": n} for n in range(10)]
    pieces = pieces_of(points, [0, 2, 3, 7, 9], 2)
    assert [[n for n, _ in piece] for piece in pieces] == [[0, 2], [3, 7], [9]]


# --- steady points --------------------------------------------------------------------------------


def test_a_steady_point_is_where_a_long_run_comes_to(steady: Path) -> None:
    """The same point by marching: two hours of the same weather and load, far beyond all lags.

    0.02 K is the tolerance at which the march calls itself at rest.
    """
    study, file = read_study(steady)
    for number, point in enumerate(points_of(study)[1:3]):
        solved = evaluate(str(file), number, point)
        marched = steady.parent / f"march-{number}.yaml"
        text = STEADY.replace("solve: steady", "steady: {longest: 2 h, tolerance: 0.002 K}")
        marched.write_text(text)
        run = evaluate(str(marched.resolve()), number, point)
        assert solved.error == run.error == ""
        for name in ("hottest", "supply"):
            print(f"{name}: solved {solved.values[name]:.4f}, run {run.values[name]:.4f} degC")
            assert solved.values[name] == pytest.approx(run.values[name], abs=0.02)
        assert solved.values["power"] == pytest.approx(run.values["power"], rel=1e-4)


def test_commands_of_a_point_hold(steady: Path) -> None:
    """A control set at the start is not written over by the workload that begins then too."""
    study, file = read_study(steady)
    by_load = {
        p["load"]: evaluate(str(file), n, p).values["power"]
        for n, p in enumerate(points_of(study))
        if p["coolant"] == "36 degC"
    }
    assert by_load["60 %"] < 0.75 * by_load["100 %"]


def test_where_heat_has_no_way_out_the_point_says_so(steady: Path) -> None:
    text = STEADY.replace(
        "load: {control: utilisation, path: /pilot/hall-a/row-01, values: [60 %, 100 %]}",
        "load: {control: isolated, path: /pilot/hall-a/row-01/cdu-1, values: [1]}",
    )
    steady.write_text(text)
    study, file = read_study(steady)
    answer = evaluate(str(file), 0, points_of(study)[0])
    assert "no state of rest" in answer.error
    assert answer.values == {}


def test_a_sweep_judges_and_tabulates(steady: Path, tmp_path: Path) -> None:
    prepared = prepare(steady)
    with Results(tmp_path / "out", prepared.digest) as results:
        table = sweep(prepared, results, InProcess(), chunk=2)
    names, rows = query(table, "SELECT coolant, load, hottest, within_limits FROM results")
    assert names == ["coolant", "load", "hottest", "within_limits"]
    assert [row[:2] for row in rows] == [(36, 60), (36, 100), (44, 60), (44, 100)]
    hottest = [row[2] for row in rows]
    assert hottest[0] < hottest[1] < hottest[3]
    assert hottest[2] - hottest[0] == pytest.approx(8.0, abs=1.0)  # coolant passes through
    assert [row[3] for row in rows] == [value < 80.0 for value in hottest]
    with pytest.raises(InputError, match="query cannot be run"):
        query(table, "SELECT nothing FROM results")


@pytest.mark.parametrize(
    ("change", "message", "key"),
    [
        (("max(gpu.temperature)", "max(gpu.temperatur)"), "unknown channel", "results.hottest"),
        (("hottest < 80 degC", "hotest < 80 degC"), "hotest", "limits[0]"),
        (("layout: pilot", "layout: pilott"), "layout not found", ""),
        (('supply_temperature"', 'suply_temperature"'), "unknown key", ""),
        (("path: /pilot/hall-a/row-01", "path: /pilot/hall-b"), "hall-b", ""),
        (("solve: steady", "solve: quick"), "solve", "solve"),
        (
            (
                "{control: utilisation, path: /pilot/hall-a/row-01, values: [60 %, 100 %]}",
                "{control: power_target, values: [700 kW, 900 kW]}",
            ),
            "a state of rest does not follow 'power_target'",
            "",
        ),
        (
            ("solve: steady", "solve: steady\nsteady: {longest: 1 h}"),
            "steady is a way of running",
            "",
        ),
    ],
)
def test_mistakes_are_told_before_anything_long_begins(
    steady: Path, change: tuple[str, str], message: str, key: str
) -> None:
    steady.write_text(STEADY.replace(*change))
    with pytest.raises(InputError) as caught:
        prepare(steady)
    assert message in str(caught.value)
    if key:
        assert key in str(caught.value)


def test_answers_are_plain_data(steady: Path) -> None:
    study, file = read_study(steady)
    answer = evaluate(str(file), 0, points_of(study)[0])
    assert json.loads(json.dumps(answer.values)) == answer.values
