"""Mixed volumes of the coupled step: exact update, every joule booked, any step."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.volume import mixing_volume

temperatures = st.floats(0.0, 90.0)
rates = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
heats = st.floats(-1e5, 1e6)
steps = st.floats(1e-3, 600.0)
capacities = st.floats(1e2, 1e8)


@given(t=temperatures, c=capacities, w=rates, inlet=temperatures, heat=heats, step=steps)
def test_stored_heat_equals_the_streams(
    t: float, c: float, w: float, inlet: float, heat: float, step: float
) -> None:
    after, outflow = mixing_volume(t, c, w, inlet, heat, step)
    stored = c * (after - t)
    carried = (w * (inlet - outflow) + heat) * step
    scale = c * (abs(t) + abs(after)) + step * (w * (abs(inlet) + abs(outflow)) + abs(heat))
    assert stored == pytest.approx(carried, abs=1e-12 * scale)


@given(t=temperatures, c=capacities, w=rates, inlet=temperatures, step=steps)
def test_without_heat_it_stays_between_itself_and_its_inflow(
    t: float, c: float, w: float, inlet: float, step: float
) -> None:
    after, outflow = mixing_volume(t, c, w, inlet, 0.0, step)
    low, high = min(t, inlet) - 1e-9, max(t, inlet) + 1e-9
    assert low <= after <= high
    assert low <= outflow <= high


@given(t=temperatures, c=capacities, w=rates, inlet=temperatures, heat=heats, step=steps)
def test_two_halves_equal_the_whole(
    t: float, c: float, w: float, inlet: float, heat: float, step: float
) -> None:
    whole, _ = mixing_volume(t, c, w, inlet, heat, step)
    half, _ = mixing_volume(t, c, w, inlet, heat, step / 2)
    again, _ = mixing_volume(half, c, w, inlet, heat, step / 2)
    assert again == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_it_is_the_exponential() -> None:
    after, _ = mixing_volume(20.0, 1e5, 1e3, 60.0, 0.0, 100.0)
    assert after == pytest.approx(60.0 - 40.0 * math.exp(-1.0))


def test_standing_water_is_heated_evenly() -> None:
    assert mixing_volume(20.0, 1e5, 0.0, 99.0, 1e4, 10.0) == pytest.approx((21.0, 20.5))
