"""Comparisons: equal runs are equal; a change shows first where and when it was made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from twin.channels import BY_NAME
from twin.compare.build import change_text, compare, page, sentence
from twin.compare.divergence import common_frames, diverge
from twin.compare.picture import write_difference
from twin.compare.sides import Asked, Side, open_sides
from twin.errors import InputError
from twin.factory import Factory
from twin.recording import Recorder
from twin.replay import Recording
from twin.report.summary import Figure, summarise
from twin.scenario import Scenario, load_scenario

CAPPED = """\
schema: twin.scenario/1
name: capped
duration: 2 min
events:
  - {at: 40 s, path: /pilot/hall-a/row-01/rack-05, set: power_cap, value: 900 W}
"""


def recorded(factory: Factory, scenario: Scenario, path: Path, every: float) -> Recording:
    simulation = factory.simulation(scenario)
    with Recorder(path, simulation, interval=every) as recorder:
        recorder.append()
        while simulation.time < 120.0:
            simulation.advance(every)
            recorder.append()
        recorder.write_figures()
    return Recording(path)


@pytest.fixture(scope="module")
def runs(pilot: Factory, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    folder = tmp_path_factory.mktemp("compare")
    (folder / "capped.yaml").write_text(CAPPED)
    capped = load_scenario(folder / "capped.yaml")
    plain = capped.model_copy(update={"events": (), "name": "plain"})
    return {
        "plain": recorded(pilot, plain, folder / "plain.zarr", 5.0),
        "again": recorded(pilot, plain, folder / "again.zarr", 10.0),
        "capped": recorded(pilot, capped, folder / "capped.zarr", 5.0),
    }


def test_equal_runs_have_no_difference(runs: dict[str, Recording]) -> None:
    """Also when one of them was recorded half as often: common frames are compared."""
    frames = common_frames(runs["plain"], runs["again"])
    assert len(frames[0]) == len(runs["again"]) == 13
    result = diverge(runs["plain"], runs["again"])
    assert result.first is None
    assert result.differences == ()
    assert result.channels > 50
    assert result.frames == 13


def test_what_was_counted_before_is_no_difference(pilot: Factory, tmp_path: Path) -> None:
    """Hours run of chillers and pumps begin with the settling, which may be of another length."""
    short = Scenario.model_validate({"settle": "5 min", "duration": "2 min", "name": "short"})
    long = short.model_copy(update={"settle": 900.0, "name": "long"})
    sides = [
        recorded(pilot, scenario, tmp_path / f"{scenario.name}.zarr", 60.0)
        for scenario in (short, long)
    ]
    first = [side.read("chiller.run_time", 0)[0] for side in sides]
    assert first[1] - first[0] == pytest.approx(600.0, abs=60.0)
    names = {difference.channel for difference in diverge(*sides).differences}
    assert not names & {"chiller.run_time", "pump.run_time"}


def test_a_change_shows_first_where_and_when_it_was_made(runs: dict[str, Recording]) -> None:
    """A cap on rack 5 at 40 s: nothing differs before, and the first is that rack's own."""
    result = diverge(runs["plain"], runs["capped"])
    first = result.first
    assert first is not None
    assert first.first_time == 45.0  # the frame after the command
    assert first.first_path.startswith("/pilot/hall-a/row-01/rack-05")
    by_name = {d.channel: d for d in result.differences}
    power = by_name["rack.power"]
    assert power.path == "/pilot/hall-a/row-01/rack-05"
    assert power.largest < -20e3
    a, b = runs["plain"], runs["capped"]
    row = 4
    index = a.index_at(power.first_time)
    assert power.first_a == a.read("rack.power", index)[row]
    assert power.first_b == b.read("rack.power", index)[row]
    assert all(d.first_time >= 45.0 for d in result.differences)


def test_the_other_way_round_only_signs_change(runs: dict[str, Recording]) -> None:
    there = {d.channel: d for d in diverge(runs["plain"], runs["capped"]).differences}
    back = {d.channel: d for d in diverge(runs["capped"], runs["plain"]).differences}
    assert there.keys() == back.keys()
    for name, difference in there.items():
        assert back[name].largest == pytest.approx(-difference.largest)
        assert back[name].first_time == difference.first_time


def test_difference_recording_holds_the_difference(
    runs: dict[str, Recording], tmp_path: Path
) -> None:
    sides = [Side(name, summarise(runs[name])) for name in ("plain", "capped")]
    power = {d.channel: d for d in diverge(runs["plain"], runs["capped"]).differences}["rack.power"]
    write_difference(*sides, power, tmp_path / "d.zarr")
    kept = Recording(tmp_path / "d.zarr").read("rack.power", 0)
    index = runs["plain"].index_at(power.time)
    expected = runs["capped"].read("rack.power", index) - runs["plain"].read("rack.power", index)
    np.testing.assert_allclose(kept, expected)
    row = next(
        r
        for r in json.loads((tmp_path / "d.zarr" / "scene.json").read_text())["channels"]
        if r["name"] == "rack.power"
    )
    assert row["high"] == -row["low"] == pytest.approx(np.abs(expected).max())
    assert BY_NAME["rack.power"].low != row["low"]


def test_page_and_data_tell_the_same(runs: dict[str, Recording]) -> None:
    sides = [Side(name, summarise(runs[name])) for name in ("plain", "capped")]
    comparison = compare(sides)
    text = page(comparison)
    assert sentence(sides[1], sides[0], comparison.divergences[0]).split(":")[0] in text
    assert "http" not in text.replace("http://www.w3.org", "")
    data = json.loads(json.dumps(comparison.as_data(), allow_nan=False))
    assert data["against_first"][0]["first"]["first_time"] == 45.0
    figures = [side["figures"] for side in data["sides"]]
    assert figures[1]["it_power_w"] < figures[0]["it_power_w"]


def test_layouts_are_run_and_named_by_what_differs(pilot: Factory, tmp_path: Path) -> None:
    asked = Asked(duration=20.0, every=10.0)
    sides = open_sides(["pilot@design-load", "pilot@load-step"], asked, tmp_path)
    assert [side.label for side in sides] == ["design-load", "load-step"]
    assert [len(side.recording) for side in sides] == [3, 3]


def test_different_layouts_compare_by_figures(runs: dict[str, Recording], tmp_path: Path) -> None:
    (room,) = open_sides(["server-room", "server-room"], Asked(duration=10.0), tmp_path)[:1]
    comparison = compare([Side("pilot", summarise(runs["plain"])), room])
    assert "no element of the same path" in sentence(
        room, comparison.sides[0], comparison.divergences[0]
    )
    rows = dict(comparison.rows())
    assert len(rows["PUE"]) == 2
    hottest = rows["Hottest GPU"]
    assert "/pilot/hall-a/row-01/rack-" in hottest[0].where
    assert hottest[1].where.startswith("at /lab/room/")
    assert 'class="card verdict warning">server-room (1) and pilot have no element' in page(
        comparison
    )


@pytest.mark.parametrize(
    ("unit", "old", "new", "text"),
    [
        ("degC", 80.0, 81.5, "+1.50 K"),
        ("%", 0.1, 0.35, "+25 points"),
        ("W", 100.0, 90.0, "-10.00 %"),
        ("W", 0.0, 90.0, "new"),
    ],
)
def test_changes_are_told_in_their_own_unit(unit: str, old: float, new: float, text: str) -> None:
    assert change_text(Figure("x", "X", old, unit), Figure("x", "X", new, unit)) == text


def test_a_figure_that_one_side_does_not_have_is_no_change() -> None:
    assert change_text(Figure("x", "X", 1.2), Figure("x", "X", float("nan"))) == ""


def test_one_run_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two or more"):
        open_sides(["pilot"], Asked(), tmp_path)
    with pytest.raises(InputError, match="recording not found"):
        open_sides(["a.zarr", "b.zarr"], Asked(), tmp_path)
    with pytest.raises(InputError, match="layout not found"):
        open_sides(["pilott", "pilot"], Asked(), tmp_path)
