"""Aisles found from where racks stand, and air temperatures between known points."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.air_slices import CHANNELS, TOP, AirSlices, air_slices
from twin.aisles import aisles
from twin.plant import Plant, load_plant


@pytest.fixture(scope="module")
def plant() -> Plant:
    return load_plant("hall")


@pytest.fixture(scope="module")
def found(plant: Plant) -> list[dict]:
    return aisles(plant)


def known_of(plant: Plant, seed: int = 1, low: float = 18.0, high: float = 45.0) -> dict:
    random = np.random.default_rng(seed)
    return {c: random.uniform(low, high, plant.levels[c.partition(".")[0]].count) for c in CHANNELS}


def at(slices: AirSlices, values: np.ndarray, place: np.ndarray) -> float:
    """The value of the corner at a place."""
    distance = np.linalg.norm(slices.points - place, axis=1)
    assert distance.min() < 1e-2
    return float(values[int(distance.argmin())])


def test_every_row_has_one_cold_and_one_hot_aisle(plant: Plant, found: list[dict]) -> None:
    json.dumps(found)
    rows = plant.levels["row"].count
    for kind in ("cold", "hot"):
        mine = sorted(r for a in found if a["kind"] == kind for r in a["rows"])
        assert mine == list(range(rows))
    for aisle in found:
        for row, racks in zip(aisle["rows"], aisle["racks"], strict=True):
            assert (
                sorted(racks) == np.flatnonzero(plant.levels["rack"].parent_index == row).tolist()
            )
        assert 0.2 < aisle["width"] <= 5.0
        assert all(np.diff(p).min() > 0 for p in aisle["places"])


def test_rows_that_face_each_other_share_an_aisle_and_racks_lie_at_their_places(
    plant: Plant, found: list[dict]
) -> None:
    assert [1, 2] in [a["rows"] for a in found if a["kind"] == "cold"]
    assert [0, 1] in [a["rows"] for a in found if a["kind"] == "hot"]
    position = plant.positions("rack")
    for aisle in found:
        along, across = np.array(aisle["along"]), np.array(aisle["across"])
        origin = np.array(aisle["origin"][:2])
        for side, (racks, places) in enumerate(zip(aisle["racks"], aisle["places"], strict=True)):
            offset = position[racks, :2] - origin
            assert offset @ along == pytest.approx(places, abs=2e-3)
            beyond = offset @ across
            assert (beyond < 0).all() if side == 0 else (beyond > aisle["width"]).all()


def test_at_the_face_of_a_rack_stands_its_own_temperature(plant: Plant, found: list[dict]) -> None:
    known = known_of(plant)
    slices = air_slices(found, "horizontal")
    values = slices.values(known)
    for aisle in found:
        name = CHANNELS[0 if aisle["kind"] == "cold" else 1]
        along, across = np.array([*aisle["along"], 0]), np.array([*aisle["across"], 0])
        for side, (racks, places) in enumerate(zip(aisle["racks"], aisle["places"], strict=True)):
            for rack, s in zip(racks, places, strict=True):
                place = np.array(aisle["origin"]) + s * along + side * aisle["width"] * across
                place[2] = aisle["height"] / 2
                assert at(slices, values, place) == pytest.approx(known[name][rack], abs=1e-9)


def test_supply_lies_on_the_floor_and_return_over_hot_racks(plant: Plant, found: list) -> None:
    known = known_of(plant)
    slices = air_slices(found, "vertical")
    values = slices.values(known)
    floor = ~slices.hot & (slices.points[:, 2] < 1e-9)
    assert floor.any()
    assert np.ptp(values[floor]) < 1e-9
    assert values[floor][0] == pytest.approx(known["hall.air_supply_temperature"][0])
    tall = np.array([a["height"] for a in found if a["kind"] == "hot"])
    top = slices.hot & (slices.points[:, 2] >= TOP * tall.min() - 1e-6)
    assert values[top] == pytest.approx(known["hall.air_return_temperature"][0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), planes=st.sampled_from(["vertical", "horizontal", "both"]))
def test_no_value_lies_beyond_the_known_ones(plant: Plant, found, seed: int, planes: str) -> None:
    known = known_of(plant, seed)
    slices = air_slices(found, planes)
    values = slices.values(known)
    for hot in (False, True):
        made_of = np.concatenate([known[c] for c in CHANNELS[int(hot) :: 2]])
        mine = values[slices.hot == hot]
        assert mine.min() >= made_of.min() - 1e-9
        assert mine.max() <= made_of.max() + 1e-9
    assert slices.share.sum(axis=1) + slices.mean_share == pytest.approx(1.0)
    assert slices.quads.max() < len(slices.points)


def test_a_rack_without_a_value_takes_its_aisles_mean(plant: Plant, found: list[dict]) -> None:
    known = known_of(plant)
    known["rack.air_inlet_temperature"][:] = np.nan
    slices = air_slices([a for a in found if a["rows"] == [0]], "horizontal")
    values = slices.values(known)
    assert values[~slices.hot] == pytest.approx(known["row.cold_aisle_temperature"][0])
    assert np.isnan(slices.values({})).all()


def test_nothing_is_drawn_of_nothing() -> None:
    assert len(air_slices([]).points) == 0
    with pytest.raises(ValueError, match="planes"):
        air_slices([], "diagonal")
