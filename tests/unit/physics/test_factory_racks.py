"""Laws of racks in the coupled step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.factory.loops import loop_flow, speed_for_flow
from physics.factory.racks import (
    AUXILIARY_SHUTDOWN,
    AUXILIARY_SLOWDOWN,
    running_auxiliaries,
)


@given(temperature=st.floats(0.0, 120.0), warmer=st.floats(0.0, 50.0))
def test_auxiliaries_slow_down_with_warm_coolant(temperature: float, warmer: float) -> None:
    share = running_auxiliaries(temperature)
    assert 0.0 <= running_auxiliaries(temperature + warmer) <= share <= 1.0


def test_auxiliaries_run_at_ordinary_temperatures_and_stop_at_their_limit() -> None:
    assert running_auxiliaries(AUXILIARY_SLOWDOWN) == 1.0
    assert running_auxiliaries(AUXILIARY_SHUTDOWN) == 0.0


@given(
    flow=st.floats(1e-4, 0.1),
    pumps=st.integers(1, 4),
    head=st.floats(1e5, 5e5),
    curve=st.floats(1e6, 1e9),
    resistance=st.floats(1e6, 1e9),
)
def test_speed_and_flow_of_a_loop_are_inverse(
    flow: float, pumps: int, head: float, curve: float, resistance: float
) -> None:
    speed = speed_for_flow(flow, float(pumps), head, curve, resistance)
    assert loop_flow(speed, float(pumps), head, curve, resistance) == pytest.approx(flow)
    # at the operating point the pumps' head is what the loop takes
    share = flow / pumps
    assert head * speed**2 - curve * share**2 == pytest.approx(resistance * flow**2)


def test_no_pump_no_flow() -> None:
    assert loop_flow(1.0, 0.0, 1e5, 1e7, 1e7) == 0.0
    assert loop_flow(0.0, 2.0, 1e5, 1e7, 1e7) == 0.0
    assert speed_for_flow(0.01, 0.0, 1e5, 1e7, 1e7) == 0.0
