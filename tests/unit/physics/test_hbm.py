"""HBM: power of a stack by parts, refresh doubling, and resistance by height."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hbm import access_power, height_resistance_factor, refresh_power, stack_power

bandwidths = st.floats(0.0, 2.8e12)


@given(bandwidth=bandwidths)
def test_access_power_is_energy_per_bit_times_bits(bandwidth: float) -> None:
    assert access_power(4.0e-12, bandwidth) == pytest.approx(4.0e-12 * 8.0 * bandwidth)


def test_a_saturated_hbm3e_stack_draws_what_is_usually_quoted() -> None:
    # 30-40 W per stack at 1 TB/s
    power = stack_power(5.0, 1.0, 4.0e-12, 1.0e12, 70.0, 85.0)
    assert power == pytest.approx(38.0)
    assert 30.0 <= power <= 40.0


@given(temperature=st.floats(0.0, 110.0))
def test_refresh_doubles_above_its_temperature_and_only_there(temperature: float) -> None:
    assert refresh_power(1.0, temperature, 85.0) == (2.0 if temperature > 85.0 else 1.0)


@given(bandwidth=bandwidths, more=st.floats(0.0, 1e12), temperature=st.floats(0.0, 110.0))
def test_more_traffic_never_draws_less(bandwidth: float, more: float, temperature: float) -> None:
    low = stack_power(5.0, 1.0, 4.0e-12, bandwidth, temperature, 85.0)
    high = stack_power(5.0, 1.0, 4.0e-12, bandwidth + more, temperature, 85.0)
    assert high >= low >= 6.0


@given(layers=st.integers(4, 24))
def test_higher_stacks_resist_more(layers: int) -> None:
    assert height_resistance_factor(layers + 1, 12) > height_resistance_factor(layers, 12)
    assert height_resistance_factor(12, 12) == 1.0


def test_sixteen_high_is_a_third_above_twelve_high() -> None:
    assert height_resistance_factor(16, 12) == pytest.approx(17.0 / 13.0)
