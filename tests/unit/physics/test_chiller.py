"""Chillers: energy balance, limits of capacity and part load, set point, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.chiller import (
    ElectricChiller,
    biquadratic,
    chilled_water,
    chiller_capacity,
    clamp_to_curve,
    electric_eir_chiller,
    polynomial,
)

CAPACITY = np.array([0.252113, 0.01324053, -0.008637329, 0.08581056, -0.004261176, 0.008661899])
EIR = np.array([0.4475238, -0.0258821, -0.001459053, 0.04342595, -0.001000651, 0.001920106])
PART_LOAD = np.array([0.2778889, 0.2338363, 0.4883748])
REFERENCE = (471e3, 5.89)
CURVES = (CAPACITY, EIR, PART_LOAD)
loads = st.floats(0.0, 1e6)
chilled = st.floats(5.0, 12.0)
condensers = st.floats(16.0, 32.0)


@given(load=loads, leaving=chilled, entering=condensers, share=st.floats(0.5, 1.0))
def test_condenser_takes_what_evaporator_and_motor_give(
    load: float, leaving: float, entering: float, share: float
) -> None:
    cooling, power, condenser, ratio, cycling, false_load = electric_eir_chiller(
        load, leaving, entering, *REFERENCE, *CURVES, 0.1, 0.2, 1.0, share
    )
    assert condenser == pytest.approx(cooling + share * power, rel=1e-12)
    assert 0.0 <= cooling <= load + 1e-6
    assert cooling <= chiller_capacity(leaving, entering, REFERENCE[0], CAPACITY) + 1e-6
    assert 0.0 <= ratio <= 1.0
    assert 0.0 <= cycling <= 1.0
    assert false_load >= 0.0
    capacity = chiller_capacity(leaving, entering, REFERENCE[0], CAPACITY)
    assert (power > 0.0) == (load > 0.0 and capacity > 0.0)


@given(a=loads, b=loads)
def test_more_load_takes_more_power(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    powers = [
        electric_eir_chiller(load, 7.0, 26.0, *REFERENCE, *CURVES, 0.1, 0.2)[1]
        for load in (low, high)
    ]
    assert powers[1] >= powers[0] - 1e-9


def test_minimum_unloading_bypasses_hot_gas_and_minimum_load_cycles() -> None:
    capacity = chiller_capacity(7.0, 26.0, REFERENCE[0], CAPACITY)
    at_unloading = electric_eir_chiller(0.2 * capacity, 7.0, 26.0, *REFERENCE, *CURVES, 0.1, 0.2)
    at_minimum = electric_eir_chiller(0.1 * capacity, 7.0, 26.0, *REFERENCE, *CURVES, 0.1, 0.2)
    cycling = electric_eir_chiller(0.05 * capacity, 7.0, 26.0, *REFERENCE, *CURVES, 0.1, 0.2)
    assert at_minimum[1] == pytest.approx(at_unloading[1])
    assert at_minimum[5] == pytest.approx(0.1 * capacity)
    assert cycling[4] == pytest.approx(0.5)
    assert cycling[1] == pytest.approx(0.5 * at_minimum[1])


@given(entering=st.floats(0.0, 30.0), rate=st.floats(0.0, 3e5), condenser=condensers)
def test_chilled_water_closes_its_balance(entering: float, rate: float, condenser: float) -> None:
    leaving, cooling, power, rejected, ratio = chilled_water(
        7.0, entering, rate, condenser, *REFERENCE, *CURVES
    )
    assert rate * (entering - leaving) == pytest.approx(cooling, abs=1e-5)
    assert rejected == pytest.approx(cooling + power, rel=1e-12)
    assert ratio <= 1.0 + 1e-12
    if entering > 7.0 and rate > 0.0:
        assert 7.0 - 1e-9 <= leaving <= entering + 1e-9
    else:
        assert (leaving, cooling, power) == (entering, 0.0, 0.0)


def test_set_point_is_held_within_capacity_and_lost_beyond() -> None:
    held = chilled_water(7.0, 12.0, 4e4, 26.0, *REFERENCE, *CURVES)
    assert held[0] == pytest.approx(7.0, abs=1e-9)
    lost = chilled_water(7.0, 20.0, 8e4, 26.0, *REFERENCE, *CURVES)
    assert lost[0] > 7.0
    assert lost[4] == pytest.approx(1.0, abs=1e-9)
    assert lost[1] == pytest.approx(
        chiller_capacity(lost[0], 26.0, REFERENCE[0], CAPACITY), rel=1e-9
    )


@given(entering=st.floats(7.0, 60.0), rate=st.floats(1e3, 3e5), set_point=st.floats(5.0, 18.0))
def test_an_overloaded_chiller_gives_what_it_can(
    entering: float, rate: float, set_point: float
) -> None:
    """However warm the water, and though the curve is zero for water above 27 degC."""
    _, cooling, power, _, ratio = chilled_water(
        set_point, entering, rate, 26.0, *REFERENCE, *CURVES
    )
    full = chiller_capacity(set_point, 26.0, REFERENCE[0], CAPACITY)
    load = max(rate * (entering - set_point), 0.0)
    assert cooling >= min(load, full) * (1.0 - 1e-9)
    if load > full:
        assert ratio == pytest.approx(1.0, abs=1e-9)
        assert power > 0.0


def test_warmer_condenser_costs_power() -> None:
    cool = chilled_water(7.0, 12.0, 4e4, 16.0, *REFERENCE, *CURVES)
    warm = chilled_water(7.0, 12.0, 4e4, 26.0, *REFERENCE, *CURVES)
    assert warm[2] > cool[2]


@given(x=st.floats(-5.0, 20.0), y=st.floats(0.0, 50.0))
def test_curves_are_their_polynomials(x: float, y: float) -> None:
    a = CAPACITY
    assert biquadratic(a, x, y) == pytest.approx(
        a[0] + a[1] * x + a[2] * x**2 + a[3] * y + a[4] * y**2 + a[5] * x * y, abs=1e-12
    )
    assert polynomial(PART_LOAD, x) == pytest.approx(
        float(np.polynomial.polynomial.polyval(x, PART_LOAD)), abs=1e-12
    )
    assert clamp_to_curve(x, 0.0, 10.0) == min(max(x, 0.0), 10.0)


def make(**changes: object) -> ElectricChiller:
    values: dict[str, object] = {
        "reference_capacity": 471e3,
        "reference_cop": 5.89,
        "capacity_curve": CAPACITY,
        "eir_curve": EIR,
        "part_load_curve": PART_LOAD,
        "chilled_range": (4.44, 10.0),
        "condenser_range": (12.78, 29.44),
    }
    values.update(changes)
    return ElectricChiller(**values)  # type: ignore[arg-type]


def test_chiller_knows_the_range_of_its_curves() -> None:
    chiller = make()
    assert chiller.within_curves(7.0, 25.0)
    assert not chiller.within_curves(12.0, 25.0)
    assert not chiller.within_curves(7.0, 35.0)


@pytest.mark.parametrize(
    "change",
    [
        {"reference_capacity": 0.0},
        {"reference_cop": -1.0},
        {"capacity_curve": CAPACITY[:5]},
        {"eir_curve": np.full(6, np.nan)},
        {"part_load_curve": np.empty(0)},
        {"part_load_min": 0.3},
        {"part_load_max": 0.05},
        {"motor_heat_share": 0.0},
    ],
)
def test_impossible_chillers_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        make(**change)
