"""Pumps, fans and chillers as electrical loads: starting current and restart order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physics.jit import law


@law
def starting_current(
    time: float,
    running_current: float,
    locked_rotor_current: float,
    acceleration_time: float,
    breakdown_slip: float,
) -> float:
    """Current [A] of an induction motor ``time`` [s] after direct-on-line start.

    The slip falls linearly over the acceleration time; current follows the equivalent circuit
    ``I / I_locked = sqrt((1 + s_k^2) / (1 + (s_k / s)^2))`` and is never below the running current.
    Breakdown slip s_k 0.1-0.3. Zero before the start.
    """
    if time < 0.0:
        return 0.0
    if time >= acceleration_time:
        return running_current
    slip = 1.0 - time / acceleration_time
    ratio = breakdown_slip / slip
    current = locked_rotor_current * math.sqrt(
        (1.0 + breakdown_slip * breakdown_slip) / (1.0 + ratio * ratio)
    )
    return max(current, running_current)


@law
def drive_ramp(time: float, running_power: float, ramp_time: float) -> float:
    """Power [W] of a pump or fan whose drive ramps its speed linearly: cubic in time."""
    if time <= 0.0:
        return 0.0
    if time >= ramp_time:
        return running_power
    speed = time / ramp_time
    return running_power * speed * speed * speed


def restart_times(
    priority: ArrayLike,
    running_power: ArrayLike,
    starting_power: ArrayLike,
    acceleration_time: ArrayLike,
    available_power: float,
    stagger: float,
) -> NDArray[np.float64]:
    """When each motor may start [s] after power is back so that the supply is never exceeded.

    Motors start in order of priority (lowest number first, ties by index), each as soon as the
    running power of those that are up, the starting power of those still accelerating and its own
    starting power fit, and no sooner than ``stagger`` after the one before.

    Args:
        priority: shape [motors].
        running_power, starting_power: [W] or [VA] throughout, shape [motors].
        acceleration_time: [s], shape [motors].
        available_power: the supply's limit, in the same unit.
        stagger: least time between starts [s].

    Returns:
        start time [s], infinite for a motor that never fits, shape [motors].

    Raises:
        ValueError: shapes differ, or a negative power or time.
    """
    order_key = np.asarray(priority, dtype=np.float64)
    running = np.asarray(running_power, dtype=np.float64)
    starting = np.asarray(starting_power, dtype=np.float64)
    acceleration = np.asarray(acceleration_time, dtype=np.float64)
    if not (order_key.shape == running.shape == starting.shape == acceleration.shape):
        raise ValueError("priority, powers and acceleration times must have one shape")
    if min(running.min(initial=0.0), starting.min(initial=0.0)) < 0.0:
        raise ValueError("powers must not be negative")
    if acceleration.min(initial=0.0) < 0.0 or stagger < 0.0:
        raise ValueError("times must not be negative")
    start = np.full(running.shape, np.inf)
    begun: list[int] = []
    earliest = 0.0
    for motor in np.argsort(order_key, kind="stable"):
        ends = [start[m] + acceleration[m] for m in begun]
        for time in sorted({earliest, *(end for end in ends if end > earliest)}):
            load = sum(
                running[m] if start[m] + acceleration[m] <= time else max(starting[m], running[m])
                for m in begun
            )
            if load + max(starting[motor], running[motor]) <= available_power * (1.0 + 1e-12):
                start[motor] = time
                begun.append(int(motor))
                earliest = time + stagger
                break
    return start
