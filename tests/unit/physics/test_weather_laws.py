"""Weather laws: cycles keep their means and extremes, gaps are filled and reported."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics import weather_laws as wl


@given(mean=st.floats(-20.0, 35.0), spread=st.floats(0.0, 20.0))
def test_daily_cycle_keeps_mean_and_range(mean: float, spread: float) -> None:
    day = [wl.daily_cycle(mean, spread, h) for h in np.arange(0.0, 24.0, 0.25)]
    assert np.mean(day) == pytest.approx(mean, abs=1e-9)
    assert max(day) - min(day) == pytest.approx(spread, abs=1e-9)
    assert wl.daily_cycle(mean, spread, 15.0) == pytest.approx(mean + spread / 2)
    assert wl.daily_cycle(mean, spread, 39.0) == pytest.approx(mean + spread / 2)


def test_design_day_follows_the_published_profile() -> None:
    hours = [wl.design_day_temperature(35.0, 10.0, h, wl.DESIGN_DAY_SHARES) for h in range(25)]
    assert max(hours) == 35.0
    assert hours[14] == hours[15] == 35.0
    assert min(hours) == 25.0
    assert hours[5] == 25.0
    assert hours[0] == hours[24] == pytest.approx(35.0 - 8.2)
    half = wl.design_day_temperature(35.0, 10.0, 12.5, wl.DESIGN_DAY_SHARES)
    assert half == pytest.approx(0.5 * (hours[12] + hours[13]))


@given(monthly=st.lists(st.floats(-15.0, 35.0), min_size=12, max_size=12))
def test_yearly_curve_averages_to_its_normals(monthly: list[float]) -> None:
    nodes = wl.mean_preserving_nodes(np.array(monthly))
    start = 0.0
    for month, days in enumerate(wl.MONTH_DAYS):
        grid = start + (np.arange(1000) + 0.5) * days / 1000
        curve = [wl.yearly_interpolation(nodes, d) for d in grid]
        assert np.mean(curve) == pytest.approx(monthly[month], abs=1e-3)
        start += days


def test_year_is_periodic_and_continuous() -> None:
    nodes = np.arange(12.0)
    assert wl.yearly_interpolation(nodes, 365.0) == wl.yearly_interpolation(nodes, 0.0)
    before, after = (wl.yearly_interpolation(nodes, d) for d in (364.999, 365.001))
    assert before == pytest.approx(after, abs=1e-2)
    with pytest.raises(ValueError, match="12"):
        wl.mean_preserving_nodes(np.arange(11.0))


@given(t=st.floats(-20.0, 40.0), rh=st.floats(-0.5, 1.5))
def test_air_states_are_consistent(t: float, rh: float) -> None:
    dry, bulb, ratio = wl.air_state(t, rh, 101_325.0)
    assert dry == t
    assert bulb <= t + 1e-9
    assert ratio >= 0.0
    dew = t - 5.0
    dry, bulb, ratio = wl.air_state_from_dew_point(t, dew, 101_325.0)
    assert dew - 0.1 <= bulb <= t + 1e-9
    assert wl.air_state_from_dew_point(t, t + 3.0, 101_325.0)[1] == pytest.approx(t)


def test_gaps_are_filled_and_reported() -> None:
    hours = np.arange(96.0)
    record = 20.0 + 5.0 * np.sin(2 * np.pi * hours / 24.0)
    broken = record.copy()
    broken[10:13] = np.nan
    broken[40:60] = np.nan
    broken[0] = np.nan
    filled, gaps = wl.fill_gaps(broken)
    assert gaps == [(0, 1), (10, 3), (40, 20)]
    assert np.all(np.isfinite(filled))
    assert filled[10:13] == pytest.approx(record[10:13], abs=0.5)
    assert filled[40:60] == pytest.approx(record[40:60], abs=0.5)
    assert np.isnan(broken[10])  # the caller's record is left alone
    assert wl.fill_gaps(record)[1] == []


def test_hopeless_records_are_refused() -> None:
    for record in (np.full(48, np.nan), np.empty(0)):
        with pytest.raises(ValueError, match="no values"):
            wl.fill_gaps(record)
    only = np.full(48, np.nan)
    only[3] = 1.0
    with pytest.raises(ValueError, match="no day"):
        wl.fill_gaps(only)
