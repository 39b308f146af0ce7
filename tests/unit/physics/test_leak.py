"""Leaks: flow through a hole, what is left in the vessel, and the switch that stops the pumps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hydraulics.fittings import SHARP_EDGE_DISCHARGE
from physics.leak import (
    RESET_LEVEL,
    TRIP_LEVEL,
    hole_flow,
    low_level_trip,
    settled_level,
    vessel_level,
)


def test_hole_flow_is_torricelli() -> None:
    # 1 bar of water: 14.14 m/s through the contracted jet
    assert hole_flow(1e-4, 1e5, 1000.0) == pytest.approx(
        SHARP_EDGE_DISCHARGE * 1e-4 * math.sqrt(200.0)
    )


@given(
    area=st.one_of(st.just(0.0), st.floats(1e-9, 1e-2)),
    pressure=st.one_of(st.floats(-1e5, 0.0), st.floats(1.0, 1e6)),
    density=st.floats(700.0, 1300.0),
)  # fmt: skip
def test_nothing_flows_without_hole_or_overpressure(
    area: float, pressure: float, density: float
) -> None:
    flow = hole_flow(area, pressure, density)
    assert (flow > 0.0) == (area > 0.0 and pressure > 0.0)
    assert hole_flow(2.0 * area, pressure, density) == pytest.approx(2.0 * flow)
    if pressure > 0.0:
        assert hole_flow(area, 4.0 * pressure, density) == pytest.approx(2.0 * flow)


@given(
    level=st.floats(0.0, 1.0), leaving=st.floats(0.0, 1e-2), make_up=st.floats(0.0, 1e-2),
    step=st.floats(0.01, 60.0),
)  # fmt: skip
def test_level_stays_in_the_vessel_and_moves_by_what_flows(
    level: float, leaving: float, make_up: float, step: float
) -> None:
    after = vessel_level(level, leaving, make_up, 0.1, step)
    assert 0.0 <= after <= 1.0
    free = level + (make_up - leaving) * step / 0.1
    if 0.0 < free < 1.0:
        assert after == pytest.approx(free)
    assert (after >= level) if make_up >= leaving else (after <= level)


@given(level=st.floats(0.0, 1.0), tripped=st.sampled_from([0.0, 1.0]))
def test_the_switch_has_a_hysteresis(level: float, tripped: float) -> None:
    after = low_level_trip(level, tripped)
    if level <= TRIP_LEVEL:
        assert after == 1.0
    elif level >= RESET_LEVEL:
        assert after == 0.0
    else:
        assert after == tripped


@given(
    area=st.floats(0.0, 1e-4), make_up=st.floats(0.0, 1e-3), fill=st.floats(1e4, 3e5),
    pumping=st.floats(0.0, 2e5), level=st.floats(0.0, 1.0),
)  # fmt: skip
def test_a_vessel_comes_to_the_level_that_is_told(
    area: float, make_up: float, fill: float, pumping: float, level: float
) -> None:
    told = settled_level(level, area, fill, pumping, 1000.0, make_up)
    for _ in range(20_000):
        leaving = hole_flow(area, fill * level + pumping, 1000.0) if level > 0.0 else 0.0
        after = vessel_level(level, leaving, make_up, 0.1, 1.0)
        if after == level:
            break
        level = after
    left = hole_flow(area, fill * told + pumping, 1000.0) if told > 0.0 else 0.0
    if 0.0 < told < 1.0 and area > 0.0:
        assert left == pytest.approx(make_up, rel=1e-6)
    elif told == 1.0 and area > 0.0:
        assert left <= make_up * (1.0 + 1e-9)
    elif told == 0.0 and area > 0.0:
        assert hole_flow(area, pumping, 1000.0) >= make_up * (1.0 - 1e-9)
    if abs(left - make_up) > 1e-5 and area > 1e-6:  # not so slowly that it is still on its way
        assert level == pytest.approx(told, abs=0.05)
