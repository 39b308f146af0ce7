"""The schedule that ties simulated time to the clock."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.server.pacing import LARGEST_LAG, Schedule


@given(
    st.floats(0.1, 1e3),
    st.floats(0.01, 5.0),
    st.floats(0.0, 1e6),
    st.lists(st.floats(0.0, 0.9), min_size=1, max_size=60),
)
def test_waiting_as_told_never_drifts_whatever_each_step_takes(speed, step, start, efforts):
    interval = step / speed
    schedule = Schedule(speed, start, 0.0)
    clock = start
    for number, effort in enumerate(efforts, start=1):
        clock += schedule.wait(clock, number * step)
        due = start + number * interval
        assert clock == pytest.approx(due, abs=1e-6 + 1e-9 * start)
        clock += min(effort * interval, LARGEST_LAG / 2)  # computing takes part of the interval
    assert schedule.skipped == 0.0


def test_an_hour_of_jittery_steps_ends_on_time():
    schedule = Schedule(1.0, 100.0, 0.0)
    clock = 100.0
    for number in range(1, 3601):
        clock += schedule.wait(clock, float(number)) + 0.0003  # wakes late each time
    assert abs(clock - 3700.0) < 0.05


def test_a_long_stall_is_given_up_instead_of_raced_after():
    schedule = Schedule(1.0, 0.0, 0.0)
    assert schedule.wait(60.0, 1.0) == 0.0
    assert schedule.skipped == pytest.approx(59.0)
    assert schedule.wait(60.0, 2.0) == pytest.approx(1.0)


def test_a_short_stall_is_made_up_for():
    schedule = Schedule(1.0, 0.0, 0.0)
    assert schedule.wait(1.0 + LARGEST_LAG / 2, 1.0) == 0.0
    assert schedule.wait(1.0 + LARGEST_LAG / 2, 2.0) == 0.0
    assert schedule.skipped == 0.0


def test_as_fast_as_it_goes_never_waits():
    schedule = Schedule(math.inf, 0.0, 0.0)
    assert all(schedule.wait(0.0, float(time)) == 0.0 for time in range(5))


def test_the_achieved_speed_is_that_of_the_last_moments():
    schedule = Schedule(10.0, 0.0, 0.0)
    for number in range(100):
        schedule.note(number * 0.1, number * 0.5)
    assert schedule.achieved == pytest.approx(5.0)
    schedule.restart(10.0, 50.0)
    assert schedule.achieved == 0.0
