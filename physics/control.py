"""Control laws as plants have them: PI with anti-windup, hysteresis, limits, set-point guards.

All laws are pure: state goes in, the next state comes out. ``action`` is +1 for a direct-acting
controller (its output rises when the measurement is above the set point, as cooling does) and -1
for a reverse-acting one. Times in s. Outputs have the unit of their limits.

Source: Astrom and Hagglund, Advanced PID Control (2006), ch. 3 (anti-windup, bumpless transfer).
"""

from __future__ import annotations

import math

from physics.jit import law

DIRECT = 1.0
REVERSE = -1.0

_SHORTEST_TIME = 1e-9
"""Integral time [s] up to which there is no integral action."""


@law
def rate_limit(target: float, previous: float, rate_max: float, time_step: float) -> float:
    """Target held to a change of rate_max [1/s] from the previous value; no limit where <= 0."""
    if rate_max <= 0.0:
        return target
    change = rate_max * time_step
    return min(max(target, previous - change), previous + change)


@law
def pi_step(
    measurement: float,
    set_point: float,
    integral: float,
    previous_output: float,
    time_step: float,
    gain: float,
    integral_time: float,
    action: float,
    output_min: float,
    output_max: float,
    rate_max: float = 0.0,
    tracking_time: float = 0.0,
) -> tuple[float, float]:
    """Output and integral part of a PI controller after a step, with back-calculation.

    output = gain e + I, dI/dt = gain e / integral_time + (output - unlimited) / tracking_time, with
    e = action (measurement - set_point). The output keeps its limits and its rate rate_max [1/s]
    (0: none). tracking_time 0 resets the integral at once, so that it never winds up; a longer one
    (usually the integral time) forgives short excursions. integral_time 0 or infinite: P only.
    The tracking is integrated exactly, hence stable at any step.
    """
    error = action * (measurement - set_point)
    following = integral
    if _SHORTEST_TIME < integral_time < math.inf:
        following += gain * error * time_step / integral_time
    unlimited = gain * error + following
    output = min(max(unlimited, output_min), output_max)
    output = rate_limit(output, previous_output, rate_max, time_step)
    share = 1.0 if tracking_time <= 0.0 else -math.expm1(-time_step / tracking_time)
    return output, following + share * (output - unlimited)


@law
def pi_step_clamping(
    measurement: float,
    set_point: float,
    integral: float,
    previous_output: float,
    time_step: float,
    gain: float,
    integral_time: float,
    action: float,
    output_min: float,
    output_max: float,
    rate_max: float = 0.0,
) -> tuple[float, float]:
    """As :func:`pi_step` with anti-windup by clamping (conditional integration).

    The integral stands still while the output is at a limit and the error pushes further into it.
    """
    error = action * (measurement - set_point)
    increment = 0.0
    if _SHORTEST_TIME < integral_time < math.inf:
        increment = gain * error * time_step / integral_time
    unlimited = gain * error + integral + increment
    output = min(max(unlimited, output_min), output_max)
    output = rate_limit(output, previous_output, rate_max, time_step)
    if (unlimited > output and increment > 0.0) or (unlimited < output and increment < 0.0):
        increment = 0.0
    return output, integral + increment


@law
def pi_bumpless_integral(
    output: float, measurement: float, set_point: float, gain: float, action: float
) -> float:
    """Integral part with which a controller taken over by hand or restarted begins at an output."""
    return output - gain * action * (measurement - set_point)


@law
def hysteresis(value: float, on: bool, on_above: float, off_below: float) -> bool:
    """Two-point control: on above one threshold, off below the other, else as before.

    With on_above < off_below it acts in reverse: on below on_above, off above off_below.
    """
    if on_above >= off_below:
        if value > on_above:
            return True
        if value < off_below:
            return False
    else:
        if value < on_above:
            return True
        if value > off_below:
            return False
    return on


@law
def linear_reset(
    value: float, value_low: float, value_high: float, at_low: float, at_high: float
) -> float:
    """Set point that moves linearly with a value between two ends and is held beyond them."""
    span = value_high - value_low
    if span == 0.0:
        return at_low if value < value_low else at_high
    share = min(max((value - value_low) / span, 0.0), 1.0)
    return at_low + share * (at_high - at_low)


@law
def dew_point_guard(set_point: float, dew_point: float, margin: float) -> float:
    """Coolant supply set point [degC] kept a margin [K] above the room's dew point."""
    return max(set_point, dew_point + margin)


@law
def first_order_lag(state: float, target: float, time_step: float, time_constant: float) -> float:
    """Exact step response of dy/dt = (target - y) / time_constant over a step; 0 follows at once.

    Serves as actuator travel, valve stroke or sensor body.
    """
    if time_constant <= 0.0:
        return target
    return target + (state - target) * math.exp(-time_step / time_constant)
