"""Controllers, sensors and staging: limits, windup, takeover, reproducibility."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics import control, sensor, staging

values = st.floats(-100.0, 100.0)


@given(
    measurement=values,
    set_point=values,
    integral=values,
    previous=st.floats(0.0, 1.0),
    dt=st.floats(0.01, 60.0),
    gain=st.floats(0.0, 5.0),
    time=st.floats(0.0, 500.0),
    action=st.sampled_from([control.DIRECT, control.REVERSE]),
    rate=st.floats(0.0, 0.1),
)
def test_pi_keeps_its_limits_and_rate(
    measurement: float,
    set_point: float,
    integral: float,
    previous: float,
    dt: float,
    gain: float,
    time: float,
    action: float,
    rate: float,
) -> None:
    args = (measurement, set_point, integral, previous, dt, gain, time, action, 0.0, 1.0, rate)
    for output, state in (control.pi_step(*args), control.pi_step_clamping(*args)):
        assert 0.0 <= output <= 1.0
        assert math.isfinite(state)
        if rate > 0.0:
            assert abs(output - previous) <= rate * dt + 1e-12


def test_action_decides_the_direction() -> None:
    args = (30.0, 25.0, 0.5, 0.5, 1.0, 0.05, math.inf)
    assert control.pi_step(*args, control.DIRECT, 0.0, 1.0)[0] == pytest.approx(0.75)
    assert control.pi_step(*args, control.REVERSE, 0.0, 1.0)[0] == pytest.approx(0.25)


@pytest.mark.parametrize("law", ["back", "clamp", "track"])
def test_saturated_controller_returns_at_once(law: str) -> None:
    integral, output = 0.5, 0.5

    def step(measurement: float) -> None:
        nonlocal integral, output
        args = (measurement, 25.0, integral, output, 1.0, 0.05, 50.0, control.DIRECT, 0.0, 1.0)
        if law == "clamp":
            output, integral = control.pi_step_clamping(*args)
        else:
            output, integral = control.pi_step(*args, 0.0, 0.0 if law == "back" else 50.0)

    for _ in range(5000):  # hours of saturation
        step(45.0)
    assert output == 1.0
    for _ in range(20):
        step(22.0)
    assert output < 0.95


@given(output=st.floats(0.0, 1.0), measurement=values, set_point=values)
def test_takeover_is_bumpless(output: float, measurement: float, set_point: float) -> None:
    integral = control.pi_bumpless_integral(output, measurement, set_point, 0.3, control.DIRECT)
    following, _ = control.pi_step(
        measurement, set_point, integral, output, 1e-9, 0.3, 60.0, control.DIRECT, 0.0, 1.0
    )
    assert following == pytest.approx(output, abs=1e-6)


def test_loop_settles_at_its_set_point() -> None:
    temperature, integral, output = 30.0, 0.0, 0.0
    for _ in range(3000):
        output, integral = control.pi_step(
            temperature, 25.0, integral, output, 1.0, 0.05, 60.0, control.DIRECT, 0.0, 1.0
        )
        target = 40.0 - 25.0 * output
        temperature = control.first_order_lag(temperature, target, 1.0, 30.0)
    assert temperature == pytest.approx(25.0, abs=1e-9)
    assert output == pytest.approx(0.6, abs=1e-9)


def test_two_point_control() -> None:
    assert control.hysteresis(31.0, False, 30.0, 28.0)
    assert control.hysteresis(29.0, True, 30.0, 28.0)
    assert not control.hysteresis(29.0, False, 30.0, 28.0)
    assert not control.hysteresis(27.0, True, 30.0, 28.0)
    # In reverse: heating on below 5, off above 8.
    assert control.hysteresis(4.0, False, 5.0, 8.0)
    assert control.hysteresis(6.0, True, 5.0, 8.0)
    assert not control.hysteresis(9.0, True, 5.0, 8.0)


def test_set_point_laws() -> None:
    assert control.linear_reset(10.0, 0.0, 20.0, 30.0, 20.0) == 25.0
    assert control.linear_reset(-5.0, 0.0, 20.0, 30.0, 20.0) == 30.0
    assert control.linear_reset(50.0, 0.0, 20.0, 30.0, 20.0) == 20.0
    assert control.linear_reset(1.0, 2.0, 2.0, 30.0, 20.0) == 30.0
    assert control.dew_point_guard(18.0, 17.0, 2.0) == 19.0
    assert control.dew_point_guard(25.0, 17.0, 2.0) == 25.0
    assert control.first_order_lag(0.0, 1.0, 1.0, 0.0) == 1.0
    assert control.rate_limit(1.0, 0.0, 0.0, 1.0) == 1.0


@given(seed=st.integers(0, 2**32 - 1), stream=st.integers(0, 10**6), step=st.integers(0, 10**7))
def test_noise_is_a_function_of_its_counters(seed: int, stream: int, step: int) -> None:
    first = sensor.standard_normal(seed, stream, step)
    assert first == sensor.standard_normal(seed, stream, step)
    assert first != sensor.standard_normal(seed, stream, step + 1)
    assert first != sensor.standard_normal(seed, stream + 1, step)
    assert abs(first) < 7.0
    assert 0.0 < sensor.uniform(seed, stream, step) < 1.0


def test_sensor_faults() -> None:
    args = (25.0, 0.5, 0.0, 1, 2, 3)
    assert sensor.sensor_reading(*args) == 25.5
    assert sensor.sensor_reading(*args, sensor.STUCK, 20.0) == 20.0
    assert sensor.sensor_reading(*args, sensor.FAILED_LOW, 0.0, -50.0, 150.0) == -50.0
    assert sensor.sensor_reading(*args, sensor.FAILED_HIGH, 0.0, -50.0, 150.0) == 150.0
    assert sensor.sensor_reading(*args, sensor.HEALTHY, 0.0, -50.0, 25.2) == 25.2
    rounded = sensor.sensor_reading(25.04, 0.0, 0.0, 1, 2, 3, 0, 0.0, -50.0, 150.0, 0.1)
    assert rounded == pytest.approx(25.0)
    noisy = [sensor.sensor_reading(25.0, 0.0, 0.2, 1, 2, k) for k in range(4000)]
    assert np.mean(noisy) == pytest.approx(25.0, abs=0.02)
    assert np.std(noisy) == pytest.approx(0.2, rel=0.05)
    assert sensor.sensor_lag(20.0, 30.0, 5.0, 5.0) == pytest.approx(30 - 10 * math.exp(-1))
    assert sensor.sensor_lag(20.0, 30.0, 5.0, 0.0) == 30.0


def run(states: list[tuple[bool, bool]], dt: float = 60.0) -> list[int]:
    state, timer, seen = staging.OFF, 1e9, []
    for requested, available in states:
        state, timer = staging.unit_step(
            state, timer, requested, available, dt, 300.0, 240.0, 60.0, 180.0
        )
        seen.append(state)
    return seen


def test_unit_keeps_its_minimum_times() -> None:
    on, off, starting = staging.ON, staging.OFF, staging.STARTING
    assert run([(True, True)] * 3) == [starting, on, on]
    # Stop asked for one minute after running: held for five minutes, then rests for four.
    sequence = run([(True, True)] * 2 + [(False, True)] * 5 + [(True, True)] * 6)
    assert sequence == [starting, on, on, on, on, on, off, off, off, off, starting, on, on]


def test_trip_locks_out_for_the_restart_delay() -> None:
    sequence = run([(True, True)] * 3 + [(True, False)] * 2 + [(True, True)] * 5)
    locked = staging.LOCKED_OUT
    assert sequence[3:5] == [locked, locked]
    assert sequence[5:] == [locked, locked, staging.STARTING, staging.ON, staging.ON]
    idle = run([(True, True)] * 3 + [(False, False)] + [(False, True)] * 3 + [(True, True)])
    assert idle[-2:] == [staging.OFF, staging.STARTING]
    assert run([(True, True), (False, True)])[-1] == staging.OFF


def test_stages_follow_load_without_hunting() -> None:
    count, timer = 1, 1e9
    history = []
    for load in [0.95e6] * 3 + [1.2e6] * 3 + [0.8e6] * 3 + [0.7e6] * 3:
        count, timer = staging.stage_count(load, count, timer, 1e6, 1, 3, 600.0)
        history.append(count)
    assert history == [2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1]
    assert staging.stage_count(9e6, 2, 10.0, 1e6, 1, 3, 60.0) == (2, 70.0)
    assert staging.stage_count(9e6, 3, 1e9, 1e6, 1, 3, 60.0)[0] == 3
    assert staging.stage_count(9e6, 5, 1e9, 1e6, 1, 3, 60.0) == (3, 0.0)


def test_lead_rotates() -> None:
    assert staging.rotate_lead(2, 90.0, 3, 100.0, 10.0) == (0, 0.0)
    assert staging.rotate_lead(0, 10.0, 3, 100.0, 10.0) == (0, 20.0)
    assert staging.rotate_lead(0, 1e9, 1, 100.0, 10.0)[0] == 0


def test_least_worn_unit_leads() -> None:
    hours = np.array([5.0, 3.0, 1.0, 3.0])
    healthy = np.array([True, True, False, True])
    assert staging.least_worn(hours, healthy) == 1
    assert staging.least_worn(hours, np.zeros(4, dtype=np.bool_)) == 0
