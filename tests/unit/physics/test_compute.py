"""Clocks, power and pace of accelerators: monotony, limits, and a throttle that holds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.compute import (
    capped_clock,
    die_power,
    leakage_power,
    pace,
    relative_voltage,
    throttled_clock,
)

shares = st.floats(0.0, 1.0)
clocks = st.floats(0.3, 1.0)


@given(compute=shares, memory=shares)
def test_pace_is_one_at_full_clocks(compute: float, memory: float) -> None:
    assert pace(1.0, 1.0, compute, memory) == 1.0


@given(clock=clocks, memory_clock=clocks, compute=st.floats(0.05, 1.0))
def test_pace_follows_what_binds(clock: float, memory_clock: float, compute: float) -> None:
    # nothing asked of memory: the clock alone; nothing asked of the die: the memory clock alone
    assert pace(clock, memory_clock, compute, 0.0) == pytest.approx(clock)
    assert pace(clock, memory_clock, 0.0, compute) == pytest.approx(memory_clock)


@given(clock=clocks, compute=st.floats(0.0, 0.5))
def test_a_job_with_compute_to_spare_does_not_feel_the_clock(clock: float, compute: float) -> None:
    if compute <= clock:  # memory asks for 1 and binds until the clock falls below the share
        assert pace(clock, 1.0, compute, 1.0) == 1.0


@given(clock=clocks, more=st.floats(0.0, 0.5), b=clocks, compute=shares, memory=shares)
def test_pace_never_falls_with_the_clock(
    clock: float, more: float, b: float, compute: float, memory: float
) -> None:
    faster = min(1.0, clock + more)
    assert pace(faster, b, compute, memory) >= pace(clock, b, compute, memory)
    assert 0.0 <= pace(clock, b, compute, memory) <= 1.0


def test_standing_clocks_do_no_work() -> None:
    assert pace(0.0, 1.0, 1.0, 0.5) == 0.0
    assert pace(1.0, 0.0, 0.5, 1.0) == 0.0


@given(temperature=st.floats(20.0, 110.0), warmer=st.floats(0.1, 20.0))
def test_leakage_is_positive_and_rises_with_temperature(temperature: float, warmer: float) -> None:
    cold = leakage_power(100.0, 0.0125, 75.0, temperature)
    assert 0.0 < cold < leakage_power(100.0, 0.0125, 75.0, temperature + warmer)


@given(difference=st.floats(-28.0, 28.0))
def test_leakage_is_the_exponential_within_one_percent(difference: float) -> None:
    ours = leakage_power(100.0, 0.0125, 75.0, 75.0 + difference)
    assert ours == pytest.approx(100.0 * math.exp(0.0125 * difference), rel=0.01)


@given(busy=shares, operations=shares, voltage=st.floats(0.5, 1.0))
def test_die_power_lies_between_idle_and_busy(
    busy: float, operations: float, voltage: float
) -> None:
    whole = die_power(1.0, 120.0, 90.0, 800.0, voltage, operations)
    power = die_power(busy, 120.0, 90.0, 800.0, voltage, operations)
    assert min(120.0, whole) - 1e-9 <= power <= max(120.0, whole) + 1e-9


def test_die_power_at_full_pace_is_leakage_plus_dynamic() -> None:
    assert die_power(1.0, 120.0, 90.0, 800.0, 1.0, 1.0) == 890.0
    assert die_power(0.0, 120.0, 90.0, 800.0, 1.0, 1.0) == 120.0


@given(clock=shares, intercept=st.floats(0.3, 0.9))
def test_voltage_is_linear_between_its_ends(clock: float, intercept: float) -> None:
    assert relative_voltage(1.0, intercept) == pytest.approx(1.0)
    assert relative_voltage(0.0, intercept) == intercept
    assert intercept - 1e-12 <= relative_voltage(clock, intercept) <= 1.0 + 1e-12


@given(cap=st.floats(50.0, 2000.0))
def test_capped_clock_is_the_largest_below_the_cap(cap: float) -> None:
    def needed(clock: float) -> float:
        voltage = relative_voltage(clock, 0.5)
        return 90.0 * voltage + 800.0 * clock * voltage * voltage + 300.0

    clock = capped_clock(cap, 90.0, 800.0, 300.0, 0.5, 0.4)
    assert 0.4 <= clock <= 1.0
    if clock > 0.4:
        assert needed(clock) <= cap + 1e-9
    if clock < 1.0:
        assert needed(min(1.0, clock + 1e-6)) > cap


@given(
    clock=clocks,
    ceiling=st.floats(0.5, 1.0),
    temperature=st.floats(20.0, 120.0),
    step=st.floats(0.01, 5.0),
)
def test_throttled_clock_stays_in_its_range_and_moves_the_right_way(
    clock: float, ceiling: float, temperature: float, step: float
) -> None:
    start = min(clock, ceiling)
    after = throttled_clock(start, 0.3, ceiling, temperature, 88.0, step)
    assert 0.3 <= after <= ceiling
    if temperature > 88.0:
        assert after <= start
    elif temperature < 88.0:
        assert after >= start


def _throttled_die(step: float, seconds: float) -> list[tuple[float, float]]:
    """A die that full power would heat to 105 degC over a slow plate: temperature and clock."""
    plate, clock, history = 80.0, 1.0, []
    for _ in range(round(seconds / step)):
        power = 1000.0 * clock * relative_voltage(clock, 0.5) ** 2
        settled = 70.0 + power * 0.025
        plate = settled + (plate - settled) * math.exp(-step / 20.0)
        die = plate + 0.010 * power
        clock = throttled_clock(clock, 0.3, 1.0, die, 88.0, step)
        history.append((die, clock))
    return history


@pytest.mark.parametrize("step", [1.0, 0.1, 0.01])
def test_throttle_holds_the_limit_without_hunting(step: float) -> None:
    history = _throttled_die(step, 900.0)
    late = history[-round(120.0 / step) :]
    temperatures = [die for die, _ in late]
    clocks_late = [clock for _, clock in late]
    assert max(temperatures) <= 88.2
    assert min(temperatures) >= 87.0
    assert max(clocks_late) - min(clocks_late) < 0.02
    assert max(clocks_late) < 1.0
