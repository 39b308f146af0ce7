"""Moist-air laws invert each other, keep their order, and are defined for any air."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from physics import psychrometrics as ps

dry_bulbs = st.floats(-40.0, 60.0)
humidities = st.floats(0.0, 1.0)
pressures = st.floats(60_000.0, 120_000.0)


@given(t=dry_bulbs, rh=humidities, p=pressures)
def test_dew_point_wet_bulb_and_dry_bulb_are_in_order(t: float, rh: float, p: float) -> None:
    w = ps.humidity_ratio_from_relative_humidity(t, rh, p)
    dew, bulb = ps.dew_point(w, p), ps.wet_bulb(t, w, p)
    # Frost forms at a warmer surface than dew: an iced bulb may lie a little below the dew point.
    slack = 0.1 if bulb < 0.0 else 1e-8
    assert dew - slack <= bulb <= t + 1e-9


@given(t=dry_bulbs, rh=st.floats(0.01, 1.0), p=pressures)
def test_wet_bulb_inverts(t: float, rh: float, p: float) -> None:
    w = ps.humidity_ratio_from_relative_humidity(t, rh, p)
    bulb = ps.wet_bulb(t, w, p)
    assume(abs(bulb) > 1e-6)  # at the jump between wet and iced bulb no exact inverse exists
    assert ps.humidity_ratio_from_wet_bulb(t, bulb, p) == pytest.approx(w, abs=1e-12)


@given(t=st.floats(-90.0, 190.0))
def test_saturation_temperature_inverts_pressure(t: float) -> None:
    assume(abs(t - ps.TRIPLE_POINT) > 1e-3)
    assert ps.saturation_temperature(ps.saturation_pressure(t)) == pytest.approx(t, abs=1e-8)


@given(t=st.floats(-90.0, 190.0))
def test_slope_is_the_derivative(t: float) -> None:
    assume(abs(t - ps.TRIPLE_POINT) > 1e-2)
    h = 1e-4
    difference = (ps.saturation_pressure(t + h) - ps.saturation_pressure(t - h)) / (2.0 * h)
    assert ps.saturation_pressure_slope(t) == pytest.approx(difference, rel=1e-6)


@given(t=st.floats(-40.0, 80.0), p=pressures)
def test_saturated_enthalpy_inverts_and_has_its_slope(t: float, p: float) -> None:
    assume(abs(t - ps.TRIPLE_POINT) > 1e-2)
    h = ps.saturated_air_enthalpy(t, p)
    assert ps.saturated_air_temperature(h, p) == pytest.approx(t, abs=1e-8)
    step = 1e-4
    difference = ps.saturated_air_enthalpy(t + step, p) - ps.saturated_air_enthalpy(t - step, p)
    assert ps.saturated_air_enthalpy_slope(t, p) == pytest.approx(difference / 2e-4, rel=1e-5)


@given(t=dry_bulbs, rh=humidities, p=pressures)
def test_relative_humidity_and_enthalpy_invert(t: float, rh: float, p: float) -> None:
    w = ps.humidity_ratio_from_relative_humidity(t, rh, p)
    assert ps.relative_humidity(t, w, p) == pytest.approx(rh, abs=1e-12)
    assert ps.dry_bulb_from_enthalpy(ps.moist_air_enthalpy(t, w), w) == pytest.approx(t, abs=1e-9)


@given(t=dry_bulbs, low=humidities, high=humidities, p=pressures)
def test_moister_air_is_lighter_and_has_a_higher_wet_bulb(
    t: float, low: float, high: float, p: float
) -> None:
    low, high = min(low, high), max(low, high)
    w_low = ps.humidity_ratio_from_relative_humidity(t, low, p)
    w_high = ps.humidity_ratio_from_relative_humidity(t, high, p)
    assert ps.moist_air_density(t, w_high, p) <= ps.moist_air_density(t, w_low, p)
    assert ps.wet_bulb(t, w_high, p) >= ps.wet_bulb(t, w_low, p) - 1e-8


@pytest.mark.parametrize("humidity_ratio", [0.0, 1e-9, 0.5])
@pytest.mark.parametrize("dry_bulb", [-60.0, 0.0, 20.0, 120.0])
def test_laws_are_finite_at_the_extremes(dry_bulb: float, humidity_ratio: float) -> None:
    p = 101_325.0
    for value in (
        ps.wet_bulb(dry_bulb, humidity_ratio, p),
        ps.dew_point(humidity_ratio, p),
        ps.relative_humidity(dry_bulb, humidity_ratio, p),
        ps.moist_air_density(dry_bulb, humidity_ratio, p),
        ps.saturation_humidity_ratio(dry_bulb, p),
    ):
        assert math.isfinite(value)


def test_supersaturated_air_shows_its_dry_bulb() -> None:
    w = 1.2 * ps.saturation_humidity_ratio(20.0, 101_325.0)
    assert ps.wet_bulb(20.0, w, 101_325.0) == 20.0
    assert ps.relative_humidity(20.0, w, 101_325.0) > 1.0


def test_pressure_falls_with_elevation() -> None:
    assert ps.pressure_at_elevation(0.0) == 101_325.0
    assert ps.pressure_at_elevation(1500.0) == pytest.approx(84_556.0, rel=2e-4)
