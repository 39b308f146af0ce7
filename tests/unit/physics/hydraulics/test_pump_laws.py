"""Pumps: affinity laws, tables, efficiency, power, impossible curves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hydraulics import pumps
from physics.hydraulics.pump_groups import pump_group_power, pump_group_powers
from physics.hydraulics.pumps import PumpCurve

CURVE = PumpCurve(3e5, -2e3, -900.0)
FLOWS = np.array([0.0, 3.0, 6.0, 9.0, 12.0])
RISES = np.array([3.0e5, 2.9e5, 2.6e5, 2.0e5, 1.1e5])
SLOPES = pumps.table_slopes(FLOWS, RISES)

speeds = st.floats(0.05, 1.3)


@given(st.floats(0.0, 20.0), speeds)
def test_affinity_laws_hold_for_the_quadratic_curve(flow: float, speed: float) -> None:
    assert CURVE.rise(flow * speed, speed) == pytest.approx(
        speed**2 * CURVE.rise(flow), rel=1e-9, abs=1e-6
    )


@given(st.floats(0.0, 20.0), speeds)
def test_affinity_laws_hold_for_a_table(flow: float, speed: float) -> None:
    full, _ = pumps.tabulated_rise_and_slope(flow, 1.0, FLOWS, RISES, SLOPES)
    slow, _ = pumps.tabulated_rise_and_slope(flow * speed, speed, FLOWS, RISES, SLOPES)
    assert slow == pytest.approx(speed**2 * full, rel=1e-9, abs=1e-6)


@given(st.floats(1.0, 20.0), speeds)
def test_power_goes_with_the_cube_of_speed(flow: float, speed: float) -> None:
    args = (998.0, 9.0, 0.78)
    full = pumps.shaft_power(flow, CURVE.rise(flow), 1.0, *args)
    slow = pumps.shaft_power(flow * speed, CURVE.rise(flow * speed, speed), speed, *args)
    assert slow == pytest.approx(speed**3 * full, rel=1e-6, abs=1e-6)


@given(st.floats(-15.0, 25.0), st.floats(0.0, 1.2), st.floats(0.01, 2.0))
def test_rise_falls_with_flow_for_either_direction(flow: float, speed: float, more: float) -> None:
    for law in (
        lambda m: CURVE.rise(m, speed),
        lambda m: pumps.tabulated_rise_and_slope(m, speed, FLOWS, RISES, SLOPES)[0],
    ):
        assert law(flow + more) < law(flow)


def test_table_goes_through_its_points_without_overshoot() -> None:
    for q, y in zip(FLOWS, RISES, strict=True):
        assert pumps.tabulated_rise_and_slope(q, 1.0, FLOWS, RISES, SLOPES)[0] == pytest.approx(y)
    grid = np.linspace(0.0, 12.0, 500)
    values = [pumps.tabulated_rise_and_slope(q, 1.0, FLOWS, RISES, SLOPES)[0] for q in grid]
    assert np.all(np.diff(values) < 0.0)


@pytest.mark.parametrize("flow", [-4.0, -1e-3, 0.5, 3.0, 5.9, 11.9, 12.1, 30.0])
@pytest.mark.parametrize("speed", [0.3, 1.0])
def test_table_slope_is_the_derivative(flow: float, speed: float) -> None:
    step = 1e-5

    def rise(m: float) -> float:
        return pumps.tabulated_rise_and_slope(m, speed, FLOWS, RISES, SLOPES)[0]

    slope = pumps.tabulated_rise_and_slope(flow, speed, FLOWS, RISES, SLOPES)[1]
    assert slope == pytest.approx((rise(flow + step) - rise(flow - step)) / (2 * step), rel=1e-3)


@pytest.mark.parametrize("flow", [-3.0, 2.0])
def test_stopped_pump_is_a_resistance_reached_continuously(flow: float) -> None:
    stopped = CURVE.rise(flow, 0.0)
    assert stopped == pytest.approx(-900.0 * flow * abs(flow))
    assert CURVE.rise(flow, 1e-7) == pytest.approx(stopped, rel=1e-5)
    table = pumps.tabulated_rise_and_slope(flow, 0.0, FLOWS, RISES, SLOPES)[0]
    nearly = pumps.tabulated_rise_and_slope(flow, 1e-6, FLOWS, RISES, SLOPES)[0]
    assert table * flow < 0.0
    assert nearly == pytest.approx(table, rel=1e-3)


def test_duty_point_curve_has_the_customary_shape() -> None:
    curve = PumpCurve.from_duty_point(5.0, 2e5)
    assert curve.rise(5.0) == pytest.approx(2e5)
    assert curve.rise(0.0) == pytest.approx(4.0 / 3.0 * 2e5)
    assert curve.runout_flow() == pytest.approx(10.0)


def test_fit_recovers_a_parabola() -> None:
    q = np.linspace(0.0, 10.0, 7)
    curve = PumpCurve.from_points(q, [CURVE.rise(m) for m in q])
    assert curve.shutoff_rise == pytest.approx(CURVE.shutoff_rise)
    assert curve.linear == pytest.approx(CURVE.linear)
    assert curve.quadratic == pytest.approx(CURVE.quadratic)
    assert CURVE.rise(CURVE.runout_flow()) == pytest.approx(0.0, abs=1e-6)


def test_head_polynomial_converts_to_pressure_and_mass_flow() -> None:
    density = 1012.0
    curve = PumpCurve.from_head_polynomial(30.0, -100.0, -4e4, density)
    volume = 0.012
    head = 30.0 - 100.0 * volume - 4e4 * volume**2
    assert curve.rise(density * volume) == pytest.approx(pumps.rise_from_head(head, density))


@pytest.mark.parametrize(
    "arguments",
    [(0.0, 0.0, -1.0), (1e5, 0.0, 1.0), (1e5, 0.0, 0.0), (math.nan, 0.0, -1.0), (1e5, 10.0, 0.0)],
)
def test_impossible_curves_are_refused(arguments: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="pump curve"):
        PumpCurve(*arguments)


@pytest.mark.parametrize(
    ("flows", "rises"),
    [
        ([0.0], [1e5]),
        ([0.0, 1.0], [1e5, 1e5]),
        ([1.0, 2.0], [2e5, 1e5]),
        ([0.0, 2.0, 1.0], [3e5, 2e5, 1e5]),
        ([0.0, math.nan], [2e5, 1e5]),
        ([0.0, 1.0, 2.0], [2e5, 1e5]),
    ],
)
def test_impossible_tables_are_refused(flows: list[float], rises: list[float]) -> None:
    with pytest.raises(ValueError, match="pump table"):
        pumps.table_slopes(flows, rises)
    with pytest.raises(ValueError, match="at least 3"):
        PumpCurve.from_points([0.0, 1.0], [2e5, 1e5])
    with pytest.raises(ValueError, match="positive"):
        PumpCurve.from_duty_point(0.0, 1e5)


@given(st.floats(0.1, 17.0))
def test_shaft_power_is_hydraulic_power_over_efficiency(flow: float) -> None:
    eta = pumps.pump_efficiency(flow, 1.0, 10.0, 0.8)
    rise = CURVE.rise(flow)
    if rise <= 0.0:
        return
    hydraulic = pumps.hydraulic_power(flow, rise, 998.0)
    shaft = pumps.shaft_power(flow, rise, 1.0, 998.0, 10.0, 0.8)
    assert shaft == pytest.approx(hydraulic / eta, rel=1e-9)
    assert eta <= 0.8


def test_shaft_power_at_the_edges_is_finite() -> None:
    args = (998.0, 10.0, 0.8)
    shut_off = pumps.shaft_power(0.0, 3e5, 1.0, *args)
    assert 0.0 < shut_off < math.inf
    assert pumps.shaft_power(1e-9, 3e5, 1.0, *args) == pytest.approx(shut_off, rel=1e-6)
    assert pumps.shaft_power(5.0, 3e5, 0.0, *args) == 0.0
    assert pumps.shaft_power(25.0, -1e4, 1.0, *args) == 0.0
    below = pumps.shaft_power(18.0 - 1e-9, 1e4, 1.0, *args)
    assert pumps.shaft_power(18.0 + 1e-9, 1e4, 1.0, *args) == pytest.approx(below, rel=1e-6)
    assert pumps.pump_efficiency(25.0, 1.0, 10.0, 0.8) == 0.0
    assert pumps.pump_efficiency(-1.0, 1.0, 10.0, 0.8) == 0.0
    assert pumps.pump_efficiency(1.0, 0.0, 10.0, 0.8) == 0.0


def test_electrical_power_has_the_rated_efficiencies_at_rating() -> None:
    rated = 15e3
    power = pumps.pump_electrical_power(rated, rated, 0.93, 0.97)
    assert power == pytest.approx(rated / 0.93 / 0.97, rel=1e-12)
    idle = pumps.pump_electrical_power(0.0, rated, 0.93, 0.97)
    assert 0.0 < idle < 0.1 * rated
    half = pumps.pump_electrical_power(0.5 * rated, rated, 0.93, 0.97)
    assert 0.5 * rated < half < power


def test_group_of_pumps_is_so_many_single_pumps() -> None:
    args = (998.0, 9.0, 0.78, 4e3, 0.93, 0.97)
    one = pump_group_power(6.0, CURVE.rise(6.0), 1.0, 1.0, *args)
    three = pump_group_power(18.0, CURVE.rise(6.0), 1.0, 3.0, *args)
    assert three == pytest.approx((3.0 * one[0], 3.0 * one[1]))
    assert one[1] > one[0] > pumps.hydraulic_power(6.0, CURVE.rise(6.0), 998.0)
    assert pump_group_power(0.0, 0.0, 1.0, 0.0, *args) == (0.0, 0.0)
    assert pump_group_power(0.0, 0.0, 0.0, 2.0, *args) == (0.0, 0.0)
    columns = [np.full(2, x) for x in (18.0, CURVE.rise(6.0), 1.0, 3.0, *args)]
    shaft, electrical = np.zeros(2), np.zeros(2)
    pump_group_powers(*columns, shaft, electrical)
    np.testing.assert_allclose(shaft, three[0])
    np.testing.assert_allclose(electrical, three[1])
