"""Local resistances and valves: joins, inverses, limits."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hydraulics import fittings, valves
from physics.hydraulics.valves import ValveCharacteristic

exponents = st.floats(1.0, 2.9)
coefficients = st.floats(1.0, 1e6)


@given(coefficients, exponents, st.floats(1e-3, 1.0), st.floats(-5.0, 5.0))
def test_power_law_is_exact_beyond_the_laminar_core(
    c: float, n: float, transition: float, flow: float
) -> None:
    drop = fittings.power_law_drop(flow, c, n, transition)
    pure = c * abs(flow) ** (n - 1.0) * flow
    if abs(flow) >= transition:
        assert drop == pytest.approx(pure, rel=1e-13)
    assert drop * flow >= 0.0
    assert fittings.power_law_drop(-flow, c, n, transition) == -drop


@given(coefficients, exponents, st.floats(1e-3, 1.0))
def test_laminar_core_joins_in_value_and_slope(c: float, n: float, transition: float) -> None:
    below = fittings.power_law_drop_and_slope(transition * (1.0 - 1e-10), c, n, transition)
    above = fittings.power_law_drop_and_slope(transition * (1.0 + 1e-10), c, n, transition)
    assert below[0] == pytest.approx(above[0], rel=1e-8)
    assert below[1] == pytest.approx(above[1], rel=1e-8)
    at_rest = fittings.power_law_drop_and_slope(0.0, c, n, transition)
    assert at_rest[0] == 0.0
    assert at_rest[1] == pytest.approx(0.5 * (3.0 - n) * c * transition ** (n - 1.0), rel=1e-12)


@given(coefficients, exponents, st.floats(-3.0, 3.0), st.floats(0.0, 0.5))
def test_power_law_slope_is_the_derivative(
    c: float, n: float, flow: float, transition: float
) -> None:
    step = 1e-6
    if abs(abs(flow) - transition) < 10.0 * step or abs(flow) < 1e-3:
        return
    difference = (
        fittings.power_law_drop(flow + step, c, n, transition)
        - fittings.power_law_drop(flow - step, c, n, transition)
    ) / (2.0 * step)
    assert fittings.power_law_drop_and_slope(flow, c, n, transition)[1] == pytest.approx(
        difference, rel=1e-4
    )


@given(st.floats(1e2, 1e6), st.floats(1e-3, 10.0), exponents)
def test_coefficient_and_flow_are_inverses(drop: float, flow: float, n: float) -> None:
    c = fittings.power_law_coefficient(drop, flow, n)
    assert fittings.power_law_drop(flow, c, n) == pytest.approx(drop, rel=1e-12)
    assert fittings.power_law_flow(drop, c, n) == pytest.approx(flow, rel=1e-12)
    assert fittings.power_law_flow(-drop, c, n) == pytest.approx(-flow, rel=1e-12)


def test_minor_loss_is_velocity_head() -> None:
    density, diameter, loss, flow = 998.0, 0.05, 3.2, 4.0
    velocity = flow / (density * math.pi * diameter**2 / 4.0)
    k = fittings.minor_loss_resistance(loss, diameter, density)
    assert fittings.power_law_drop(flow, k) == pytest.approx(loss * 0.5 * density * velocity**2)


def test_area_changes_have_their_limits() -> None:
    assert fittings.sudden_expansion_loss(1.0) == 0.0
    assert fittings.sudden_expansion_loss(1e-9) == pytest.approx(1.0)  # into a plenum
    assert fittings.sudden_contraction_loss(1.0) == 0.0
    assert fittings.sudden_contraction_loss(1e-9) == pytest.approx(0.5)  # sharp inlet


def test_two_equal_resistances_in_parallel_are_a_quarter() -> None:
    assert fittings.parallel_resistance(8.0, 8.0) == pytest.approx(2.0)
    assert fittings.parallel_resistance(8.0, math.inf) == pytest.approx(8.0)
    assert fittings.parallel_resistance(math.inf, math.inf) == math.inf
    assert fittings.series_resistance(8.0, 2.0) == 10.0


def test_half_clogged_filter_has_four_times_the_resistance() -> None:
    assert fittings.filter_resistance(10.0, 0.0) == 10.0
    assert fittings.filter_resistance(10.0, 0.5) == pytest.approx(40.0)
    assert fittings.filter_resistance(10.0, 1.0) == math.inf


def test_leak_follows_torricelli_and_never_comes_back() -> None:
    c = fittings.orifice_conductance(1e-6, fittings.SHARP_EDGE_DISCHARGE, 1000.0)
    velocity = math.sqrt(2.0 * 2e5 / 1000.0)
    jet = fittings.SHARP_EDGE_DISCHARGE * 1e-6
    assert fittings.leak_flow(3e5, 1e5, c) == pytest.approx(jet * velocity * 1000.0)
    assert fittings.leak_flow(1e5, 1e5, c) == 0.0
    assert fittings.leak_flow(0.5e5, 1e5, c) == 0.0


@given(st.floats(0.1, 500.0), st.floats(700.0, 1300.0), st.floats(1e-3, 50.0))
def test_kv_law_is_its_definition(kv: float, density: float, flow: float) -> None:
    drop = valves.kv_resistance(kv, density) * flow**2
    volume_per_hour = flow / density * 3600.0
    assert volume_per_hour == pytest.approx(
        kv * math.sqrt(drop / 1e5 * 1000.0 / density), rel=1e-12
    )
    assert valves.resistance_kv(valves.kv_resistance(kv, density), density) == pytest.approx(kv)
    assert valves.kv_from_cv(valves.cv_from_kv(kv)) == pytest.approx(kv, rel=1e-14)


@pytest.mark.parametrize("characteristic", list(ValveCharacteristic))
@pytest.mark.parametrize("leakage", [0.0, 1e-4])
def test_characteristics_rise_from_leakage_to_one(
    characteristic: ValveCharacteristic, leakage: float
) -> None:
    parameter = 2.0 if characteristic is ValveCharacteristic.QUICK_OPENING else 50.0
    values = [
        valves.relative_flow_coefficient(0.001 * i, characteristic, parameter, leakage)
        for i in range(1001)
    ]
    assert values[0] == leakage
    assert values[-1] == pytest.approx(1.0)
    assert all(b > a for a, b in itertools.pairwise(values))
    beyond = valves.relative_flow_coefficient(7.0, characteristic, parameter, leakage)
    assert beyond == pytest.approx(1.0)
    assert valves.relative_flow_coefficient(-1.0, characteristic, parameter, leakage) == leakage


@given(st.floats(0.02, 0.9), st.floats(0.0, 0.1), st.floats(20.0, 100.0))
def test_equal_steps_change_equal_percentage_by_equal_ratios(
    y: float, step: float, rangeability: float
) -> None:
    low = valves.equal_percentage_characteristic(y, rangeability, 0.0)
    high = valves.equal_percentage_characteristic(y + step, rangeability, 0.0)
    assert high / low == pytest.approx(rangeability**step, rel=1e-12)


def test_shut_valve_without_leakage_is_closed() -> None:
    shut = valves.valve_resistance(0.0, 25.0, ValveCharacteristic.LINEAR, 50.0, 0.0, 998.0)
    assert shut == math.inf
    leaking = valves.valve_resistance(0.0, 25.0, ValveCharacteristic.LINEAR, 50.0, 1e-3, 998.0)
    assert leaking == pytest.approx(valves.kv_resistance(0.025, 998.0))


def test_authority_is_the_share_of_the_open_valve() -> None:
    assert valves.valve_authority(30e3, 60e3) == 0.5
