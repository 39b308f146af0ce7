"""Exact steps of volumes: closed form, energy, limits, and step-size independence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from physics.thermal_volume import coupled_pair_step, exponential_mean_share, mixed_volume_step

steps = st.floats(1e-3, 1e4)
temperatures = st.floats(0.0, 90.0)


@given(
    t=temperatures,
    capacity=st.floats(1e2, 1e8),
    dt=steps,
    rate=st.floats(0.0, 1e6),
    inlet=temperatures,
    heat=st.floats(-1e5, 1e5),
    loss=st.floats(0.0, 1e4),
    ambient=temperatures,
)
def test_stored_heat_equals_the_streams(
    t: float,
    capacity: float,
    dt: float,
    rate: float,
    inlet: float,
    heat: float,
    loss: float,
    ambient: float,
) -> None:
    end, mean = mixed_volume_step(t, capacity, dt, rate, inlet, heat, loss, ambient)
    stored = capacity * (end - t)
    carried = dt * (rate * (inlet - mean) + heat + loss * (ambient - mean))
    scale = dt * (rate * 100.0 + abs(heat) + loss * 100.0) + capacity * abs(t) + capacity
    assert stored == pytest.approx(carried, abs=1e-12 * scale)


@given(t=temperatures, inlet=temperatures, dt=steps, capacity=st.floats(1e2, 1e7))
def test_step_is_the_exponential_and_never_overshoots(
    t: float, inlet: float, dt: float, capacity: float
) -> None:
    end, mean = mixed_volume_step(t, capacity, dt, 500.0, inlet)
    assert end == pytest.approx(inlet + (t - inlet) * math.exp(-500.0 * dt / capacity), abs=1e-10)
    low, high = min(t, inlet) - 1e-10, max(t, inlet) + 1e-10
    assert low <= end <= high
    assert low <= mean <= high


@given(t=temperatures, dt=steps, pieces=st.integers(2, 9))
def test_many_small_steps_equal_one(t: float, dt: float, pieces: int) -> None:
    args = (5e4, 120.0, 30.0, 800.0, 15.0, 10.0)
    whole, mean = mixed_volume_step(t, args[0], dt, *args[1:])
    part, total = t, 0.0
    for _ in range(pieces):
        part, partial = mixed_volume_step(part, args[0], dt / pieces, *args[1:])
        total += partial / pieces
    assert part == pytest.approx(whole, abs=1e-9)
    assert total == pytest.approx(mean, abs=1e-9)


def test_volume_at_rest_and_without_capacity() -> None:
    assert mixed_volume_step(20.0, 1e4, 10.0) == (20.0, 20.0)
    assert mixed_volume_step(20.0, 1e4, 10.0, heat=1e3) == pytest.approx((21.0, 20.5))
    assert mixed_volume_step(20.0, 0.0, 1.0, 100.0, 30.0, 500.0) == (35.0, 35.0)
    assert mixed_volume_step(20.0, 0.0, 1.0) == (20.0, 20.0)


@given(z=st.floats(0.0, 1e6))
def test_mean_share_is_between_its_limits(z: float) -> None:
    value = exponential_mean_share(z)
    assert 0.0 < value <= 0.5
    if z > 1e-3:
        exact = float((np.expm1(-np.longdouble(z)) + np.longdouble(z)) / np.longdouble(z) ** 2)
        assert value == pytest.approx(exact, rel=1e-11)


@given(
    links=st.tuples(*[st.floats(0.0, 50.0)] * 4),
    b=st.tuples(st.floats(-10.0, 10.0), st.floats(-10.0, 10.0)),
    t=st.tuples(temperatures, temperatures),
    dt=st.floats(1e-3, 20.0),
)
def test_pair_equals_the_matrix_exponential(
    links: tuple[float, ...],
    b: tuple[float, float],
    t: tuple[float, float],
    dt: float,
) -> None:
    a = np.array([[-links[0] - links[1], links[1]], [links[2], -links[2] - links[3]]])
    block = np.zeros((6, 6))
    block[:2, :2] = a * dt
    block[:2, 2:4] = block[2:4, 4:6] = np.eye(2)
    full = expm(block)
    rate = (a @ np.array(t) + np.array(b)) * dt
    expected = [*(t + full[:2, 2:4] @ rate), *(t + full[:2, 4:6] @ rate)]
    ours = coupled_pair_step(*t, *a.ravel(), *b, dt)
    assert ours == pytest.approx(tuple(expected), rel=1e-9, abs=1e-9)


def test_pair_at_rest() -> None:
    assert coupled_pair_step(20.0, 30.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0) == (20, 30, 20, 30)
    assert coupled_pair_step(20.0, 30.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0) == pytest.approx(
        (22.0, 30.0, 21.0, 30.0)
    )
