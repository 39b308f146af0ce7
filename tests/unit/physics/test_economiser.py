"""Economisers: energy, set point, and changeover without hunting."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.economiser import (
    FREE,
    MECHANICAL,
    PARTIAL,
    changeover,
    economiser_heat,
    parallel_economiser,
    series_economiser,
)

rates = st.floats(0.0, 1e6)
temperatures = st.floats(2.0, 45.0)


@given(
    ua=st.floats(0.0, 1e6),
    load=rates,
    cooling=rates,
    back=temperatures,
    cold=temperatures,
    set_point=temperatures,
)
def test_exchanger_takes_no_more_than_useful(
    ua: float, load: float, cooling: float, back: float, cold: float, set_point: float
) -> None:
    heat, leaving, cooling_out = economiser_heat(ua, load, back, cooling, cold, set_point)
    assert heat >= 0.0
    assert load * (back - leaving) == pytest.approx(heat, abs=1e-6)
    assert cooling * (cooling_out - cold) == pytest.approx(heat, abs=1e-6)
    if heat > 0.0:
        assert leaving >= set_point - 1e-9
        assert leaving >= cold - 1e-9
        assert cooling_out <= back + 1e-9


@given(load=rates, back=temperatures, cold=temperatures, mode=st.sampled_from([0, 1, 2]))
def test_series_splits_the_load(load: float, back: float, cold: float, mode: int) -> None:
    heat, left, entering, _ = series_economiser(mode, 2e5, load, back, 1e5, cold, 18.0)
    needed = load * max(back - 18.0, 0.0)
    assert heat + left == pytest.approx(needed, abs=1e-6)
    assert entering <= back + 1e-12
    if mode == MECHANICAL:
        assert heat == 0.0


@given(share=st.floats(-0.5, 1.5), load=st.floats(1.0, 1e6), back=st.floats(19.0, 40.0))
def test_parallel_splits_the_flow(share: float, load: float, back: float) -> None:
    heat, left, supply, _ = parallel_economiser(share, 3e5, load, back, 2e5, 10.0, 18.0)
    assert load * (back - supply) == pytest.approx(heat + left, rel=1e-9, abs=1e-6)
    assert 18.0 - 1e-9 <= supply <= back + 1e-9


def test_parallel_without_flow() -> None:
    assert parallel_economiser(0.5, 3e5, 0.0, 30.0, 2e5, 10.0, 18.0)[:3] == (0.0, 0.0, 30.0)


def settle(mode: int, predicted: float, minutes: int = 60, **kw: float) -> int:
    timer = 0.0
    for _ in range(minutes):
        mode, timer = changeover(mode, timer, predicted, 28.0, 18.0, 60.0, **kw)
    return mode


def test_changeover_by_temperature() -> None:
    assert settle(MECHANICAL, 16.0) == FREE
    assert settle(MECHANICAL, 22.0) == PARTIAL
    assert settle(MECHANICAL, 27.0) == MECHANICAL
    assert settle(MECHANICAL, 22.0, integrated=False) == MECHANICAL


def test_changeover_has_hysteresis_and_hold() -> None:
    # Between set point less hysteresis and set point: stays as it was.
    assert settle(FREE, 17.5) == FREE
    assert settle(PARTIAL, 17.5) == PARTIAL
    # 1.5 K below the return: not enough to start, enough to stay.
    assert settle(MECHANICAL, 26.5) == MECHANICAL
    assert settle(PARTIAL, 26.5) == PARTIAL
    assert settle(PARTIAL, 16.0, minutes=5) == PARTIAL
    assert changeover(FREE, 0.0, 19.5, 28.0, 18.0, 60.0)[0] == PARTIAL  # too warm to wait


def test_missing_weather_means_mechanical_cooling() -> None:
    assert changeover(FREE, 1e4, math.nan, 28.0, 18.0, 60.0) == (MECHANICAL, 0.0)
    assert changeover(MECHANICAL, 40.0, math.nan, 28.0, 18.0, 60.0) == (MECHANICAL, 100.0)
