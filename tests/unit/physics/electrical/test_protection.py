import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.electrical import protection as pr

CURVES = [
    pr.IEC_NORMAL_INVERSE,
    pr.IEC_VERY_INVERSE,
    pr.IEC_EXTREMELY_INVERSE,
    pr.IEEE_MODERATELY_INVERSE,
    pr.IEEE_VERY_INVERSE,
    pr.IEEE_EXTREMELY_INVERSE,
    pr.long_time_trip(8.0),
]


def args(curve: pr.InverseCurve) -> tuple[float, float, float, float]:
    return curve.k, curve.alpha, curve.c, curve.b


# Seconds at time multiplier 1, from the standards' formulae worked by hand.
@pytest.mark.parametrize(
    ("curve", "multiple", "time"),
    [
        (pr.IEC_NORMAL_INVERSE, 2.0, 10.029),
        (pr.IEC_NORMAL_INVERSE, 10.0, 2.971),
        (pr.IEC_VERY_INVERSE, 10.0, 1.5),
        (pr.IEC_EXTREMELY_INVERSE, 10.0, 0.8081),
        (pr.IEC_LONG_TIME_INVERSE, 5.0, 30.0),
        (pr.IEEE_VERY_INVERSE, 5.0, 1.3081),
        (pr.IEEE_EXTREMELY_INVERSE, 5.0, 1.2967),
        (pr.long_time_trip(8.0), 6.0, 8.0),
        (pr.long_time_trip(8.0), 3.0, 32.0),
    ],
)
def test_operating_times(curve: pr.InverseCurve, multiple: float, time: float) -> None:
    got = pr.operating_time(multiple, 1.0, *args(curve), math.inf)
    assert got == pytest.approx(time, abs=6e-4)
    assert pr.operating_time(multiple, 0.3, *args(curve), math.inf) == pytest.approx(0.3 * got)


@given(st.sampled_from(CURVES), st.floats(1.01, 40.0), st.floats(1.01, 40.0))
def test_more_current_trips_sooner(curve: pr.InverseCurve, a: float, b: float) -> None:
    low, high = sorted((a, b))
    slow = pr.operating_time(low, 1.0, *args(curve), math.inf)
    assert pr.operating_time(high, 1.0, *args(curve), math.inf) <= slow


@pytest.mark.parametrize("curve", CURVES)
def test_no_trip_up_to_pick_up(curve: pr.InverseCurve) -> None:
    assert pr.operating_time(1.0, 1.0, *args(curve), math.inf) == math.inf
    at_20 = pr.operating_time(20.0, 1.0, *args(curve), 20.0)
    assert pr.operating_time(35.0, 1.0, *args(curve), 20.0) == at_20
    assert pr.operating_time(math.inf, 1.0, *args(curve), math.inf) == curve.c


@given(st.sampled_from(CURVES), st.floats(1.1, 15.0), st.floats(0.001, 3.0))
def test_integrated_element_trips_at_its_operating_time(
    curve: pr.InverseCurve, multiple: float, step: float
) -> None:
    expected = pr.operating_time(multiple, 0.1, *args(curve), math.inf)
    step = max(step, expected / 500)
    travel, time, at = 0.0, 0.0, math.inf
    while math.isinf(at):
        travel, at = pr.inverse_time_step(
            travel, multiple, step, 0.1, *args(curve), math.inf, curve.reset
        )
        time += step if math.isinf(at) else at
    assert travel == 1.0
    assert time == pytest.approx(expected, rel=1e-9)


def test_element_resets_over_its_reset_time() -> None:
    curve = pr.IEEE_VERY_INVERSE
    assert pr.reset_time(0.0, 2.0, curve.reset) == pytest.approx(43.2)
    travel, at = pr.inverse_time_step(
        1.0 - 1e-9, 0.0, 21.6, 2.0, *args(curve), math.inf, curve.reset
    )
    assert travel == pytest.approx(0.5)
    assert math.isinf(at)
    instant, _ = pr.inverse_time_step(0.9, 0.5, 1e-3, 1.0, *args(CURVES[0]), math.inf, 0.0)
    assert instant == 0.0


@given(st.floats(1.05, 5.0), st.floats(0.0, 0.95), st.floats(0.1, 50.0))
def test_thermal_element_trips_by_its_closed_form(
    load: float, previous: float, step: float
) -> None:
    heat, time, at = previous * previous, 0.0, math.inf
    expected = pr.thermal_trip_time(load, previous, 600.0)
    step = max(step, expected / 500)
    while math.isinf(at):
        heat, at = pr.thermal_step(heat, load, step, 600.0, 900.0)
        time += step if math.isinf(at) else at
    assert time == pytest.approx(expected, rel=1e-6)


def test_thermal_element_cools_by_its_own_time_constant() -> None:
    heat, at = pr.thermal_step(0.8, 0.0, 900.0, 600.0, 900.0)
    assert heat == pytest.approx(0.8 / math.e)
    assert math.isinf(at)
    assert pr.thermal_trip_time(0.9, 0.0, 600.0) == math.inf
    assert pr.thermal_trip_time(1.5, 1.0, 600.0) == 0.0


def test_definite_time_trips_after_its_delay_and_resets_at_once() -> None:
    timer, at = pr.definite_time_step(0.0, True, 0.3, 0.5)
    assert math.isinf(at)
    _, at = pr.definite_time_step(timer, True, 0.3, 0.5)
    assert at == pytest.approx(0.2)
    assert pr.definite_time_step(timer, False, 0.3, 0.5) == (0.0, math.inf)
    assert pr.definite_time_step(0.0, True, 1.0, 0.0)[1] == 0.0


def test_undervoltage_is_inverse() -> None:
    assert pr.undervoltage_time(0.4, 0.8, 1.0) == pytest.approx(2.0)
    assert pr.undervoltage_time(0.0, 0.8, 1.0) == 1.0
    assert pr.undervoltage_time(0.8, 0.8, 1.0) == math.inf


def test_trip_unit_takes_its_quickest_function() -> None:
    unit = {
        "long_time_current": 800.0,
        "long_time_at_six": 8.0,
        "short_time_current": 6400.0,
        "short_time_delay": 0.2,
        "instantaneous_current": 12000.0,
        "opening_time": 0.05,
    }
    times = [pr.breaker_clearing_time(i, *unit.values()) for i in (800, 850, 1600, 6400, 12000)]
    assert times[0] == math.inf
    assert times[2] == pytest.approx(72.05)
    assert times[3:] == pytest.approx([0.25, 0.05])
    assert 250 < times[1] < 300


def test_it_equipment_rides_through_what_its_curve_says() -> None:
    steps = [pr.it_ride_through_time(u) for u in (0.0, 0.69, 0.75, 0.85, 0.9, 1.0)]
    assert steps == [0.02, 0.02, 0.5, 10.0, math.inf, math.inf]


def test_trip_curve_needs_a_time() -> None:
    with pytest.raises(ValueError, match="positive"):
        pr.long_time_trip(0.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        pr.IEC_VERY_INVERSE.k = 1.0  # type: ignore[misc]
