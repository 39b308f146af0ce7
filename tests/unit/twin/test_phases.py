"""Phases: what can be used when, counted by hand for small layouts; never more than allowed."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import pytest
from small_layout import SMALL, layout_of, plant_of

from twin.errors import InputError
from twin.phases.drawing import page
from twin.phases.timeline import Deployment, deploy, turning_points
from twin.plant import load_plant


def deployed(steps: list[dict[str, Any]], announced: list[dict[str, Any]] = []) -> Deployment:  # noqa: B006
    data = json.loads(json.dumps(SMALL))
    data["phases"] = {"steps": steps, "announced": announced}
    return deploy(plant_of(data))


@pytest.fixture(scope="module")
def whole() -> Deployment:
    return deployed([{"date": "2027-01-01", "path": "/site", "racks": "100 %"}])


def test_everything_there_is_complete(whole: Deployment) -> None:
    (site,) = whole.sites
    (moment,) = whole.moments
    assert moment.usable == site.accelerators == sum(site.halls.values()) > 0
    assert moment.limit == "complete"
    assert moment.power == pytest.approx(site.accelerators * site.power_per_accelerator)


def test_power_allows_what_it_feeds(whole: Deployment) -> None:
    """A substation for 100.5 accelerators lets 100 work; then the permit is the tighter one."""
    per = whole.sites[0].power_per_accelerator
    result = deployed(
        [
            {"date": "2027-01-01", "path": "/site", "substation": f"{100.5 * per} W"},
            {"date": "2027-06-01", "path": "/site", "permit": f"{40.2 * per} W"},
            {"date": "2027-01-01", "path": "/site", "racks": "100 %"},
        ]
    )
    assert [(m.usable, m.limit) for m in result.moments] == [(0, "permit"), (40, "permit")]
    result = deployed(
        [
            {"date": "2027-01-01", "path": "/site", "substation": f"{100.5 * per} W"},
            {"date": "2026-06-01", "path": "/site", "permit": f"{400 * per} W"},
        ]
    )
    assert [(m.usable, m.limit) for m in result.moments] == [(0, "substation"), (100, "substation")]


def test_deliveries_add_up_and_spread_evenly(whole: Deployment) -> None:
    result = deployed(
        [
            {"date": "2027-01-01", "path": "/site", "accelerators": 30},
            {"date": "2027-03-01", "until": "2027-03-11", "path": "/site", "accelerators": 20},
        ]
    )
    seen = {m.date: m.usable for m in result.moments}
    assert seen == {date(2027, 1, 1): 30, date(2027, 3, 1): 30, date(2027, 3, 11): 50}
    moment = result.at(date(2027, 2, 1))
    assert moment is not None
    assert moment.usable == 30
    assert result.at(date(2026, 1, 1)) is None


def test_memory_counts_by_stacks(whole: Deployment) -> None:
    stacks = whole.sites[0].stacks_per_accelerator
    assert stacks == 8
    result = deployed([{"date": "2027-01-01", "path": "/", "memory": 8 * 25 + 7}])
    assert [(m.usable, m.limit) for m in result.moments] == [(25, "memory")]


def test_announced_numbers_are_the_latest_of_each_path() -> None:
    result = deployed(
        [{"date": "2027-01-01", "path": "/site", "racks": "50 %"}],
        [
            {"date": "2027-01-01", "accelerators": 100},
            {"date": "2028-01-01", "path": "/site", "accelerators": 300},
            {"date": "2029-01-01", "path": "/site", "accelerators": 400},
        ],
    )
    assert [m.announced for m in result.moments] == [100, 300, 400]
    assert [m.usable for m in result.moments] == [result.sites[0].accelerators // 2] * 3


def test_what_is_in_use_is_never_taken_away() -> None:
    """Deliveries to all sites first keep up what works; nothing exceeds what is allowed."""
    result = deploy(load_plant("korea-260k"))
    assert result.moments[-1].announced == 260_000
    before = [0] * len(result.sites)
    for moment in result.moments:
        for number, (site, state) in enumerate(zip(result.sites, moment.sites, strict=True)):
            assert state.usable >= before[number], (moment.date, state.path)
            assert all(state.usable <= value + 1e-6 for value in state.allowed.values())
            assert state.power <= site.contract * (1 + 1e-9)
            before[number] = state.usable
    # the power reported for Ulsan carries less than the announced 50,000 at 3.6 kW each
    ulsan = result.moments[-1].sites[1]
    assert ulsan.limit == "substation"
    assert ulsan.usable == math.floor(103e6 / result.sites[1].power_per_accelerator)
    assert len(turning_points(result)) < len(result.moments)


def test_phases_change_no_run() -> None:
    """The digest, by which recordings and golden files know a layout, does not know phases."""
    data = json.loads(json.dumps(SMALL))
    plain = layout_of(data).digest
    data["phases"] = {"steps": [{"date": "2027-01-01", "path": "/site", "racks": "100 %"}]}
    assert layout_of(data).digest == plain


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"path": "/site"}, "exactly one of permit"),
        ({"path": "/site", "racks": "10 %", "cooling": "10 %"}, "exactly one of permit"),
        ({"path": "/", "substation": "3 MW"}, "needs the path of a site"),
        ({"path": "/site", "racks": "10 %", "until": "2028-01-01"}, "until belongs to deliveries"),
        ({"path": "/", "memory": 8, "until": "2026-01-01"}, "until must be after date"),
        ({"path": "/sites", "racks": "10 %"}, "no 'sites'"),
        ({"path": "/site/warm", "racks": "10 %"}, "racks cannot stand at a plant"),
        ({"path": "/site", "rack": "10 %"}, "unknown key"),
    ],
)
def test_steps_that_cannot_be_are_refused_with_their_line(
    step: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        deployed([{"date": "2027-01-01"} | step])
    assert caught.value.line is not None
    assert caught.value.key.startswith("phases.steps[0]")


def test_layouts_without_phases_say_so() -> None:
    with pytest.raises(InputError, match="says nothing about phases"):
        deploy(load_plant("pilot"))


def test_page_and_data(whole: Deployment) -> None:
    text = page(whole, "<small>")
    assert "<small>'" not in text
    assert "&lt;small&gt;" in text
    assert text.count("<svg") == 1
    data = json.loads(json.dumps(whole.as_data(), allow_nan=False))
    assert data["moments"][0]["usable"] == whole.moments[0].usable
