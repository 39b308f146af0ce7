"""Standby generator: start, synchronise, take load in steps, burn fuel.

Start within 10 s is NFPA 110 type 10; load acceptance in steps ISO 8528-5 (class G3 sets usually
take 50-70 % first); the fuel curve is the data sheet's at 25, 50, 75 and 100 %.
"""

from __future__ import annotations

import math
from typing import Final

from physics.jit import law

STOPPED: Final = 0
STARTING: Final = 1
SYNCHRONISING: Final = 2
RUNNING: Final = 3
COOLING_DOWN: Final = 4
FAILED: Final = 5

STATE_NAMES: Final = ("stopped", "starting", "synchronising", "running", "cooling down", "failed")


@law
def generator_step(
    state: int,
    time_in_state: float,
    step: float,
    start_wanted: bool,
    failed: bool,
    fuel_left: bool,
    start_time: float,
    synchronise_time: float,
    cool_down_time: float,
) -> tuple[int, float]:
    """State and time in it [s] after ``step`` [s] with constant commands.

    Times carry over from state to state, so the instant of readiness does not depend on the step.

    Args:
        state, time_in_state: present.
        start_wanted: the start signal stands.
        failed: the set cannot run; it stays failed until this is false, then stops.
        fuel_left: without fuel a set stops.
        start_time: from signal to rated speed and voltage [s].
        synchronise_time: from there to a closed breaker [s].
        cool_down_time: runs on unloaded after the signal has gone [s].
    """
    if failed:
        return FAILED, (time_in_state + step) if state == FAILED else step
    if state == FAILED or not fuel_left:
        return STOPPED, 0.0
    time = time_in_state + step
    if not start_wanted:
        if state == RUNNING:
            state = COOLING_DOWN
            time = step
        if state == COOLING_DOWN and time < cool_down_time:
            return COOLING_DOWN, time
        return STOPPED, 0.0
    if state == STOPPED:
        state = STARTING
        time = step
    elif state == COOLING_DOWN:
        # Still at rated speed: only the breaker has to close again.
        state = SYNCHRONISING
        time = step
    if state == STARTING and time >= start_time:
        state = SYNCHRONISING
        time -= start_time
    if state == SYNCHRONISING and time >= synchronise_time:
        state = RUNNING
        time -= synchronise_time
    return state, time


@law
def load_acceptance(
    time_running: float,
    rated_power: float,
    first_step: float,
    next_step: float,
    step_interval: float,
) -> float:
    """Load the set takes [W] some time after its breaker closed [s].

    ``first_step`` of rated power at once, a further ``next_step`` after each interval [s] in which
    speed recovers, up to rated power. Steps as fractions [-].
    """
    if time_running < 0.0:
        return 0.0
    if step_interval <= 0.0:
        return rated_power
    # The small allowance keeps a step due at exactly this instant from waiting for the next one.
    taken = first_step + next_step * math.floor(time_running / step_interval + 1e-9)
    return rated_power * min(taken, 1.0)


@law
def fuel_flow(power: float, rated_power: float, b0: float, b1: float, b2: float) -> float:
    """Fuel flow of a running set [kg/s]: ``b0 + b1 x + b2 x^2`` at load fraction x.

    ``b0`` burns at no load; the coefficients come from the data sheet by :func:`fuel_coefficients`.
    """
    x = max(power, 0.0) / rated_power
    return b0 + (b1 + b2 * x) * x


def fuel_coefficients(
    load: tuple[float, float, float], flow: tuple[float, float, float]
) -> tuple[float, float, float]:
    """b0, b1, b2 [kg/s] of the quadratic through three points of the data sheet.

    Args:
        load: three different load fractions [-].
        flow: fuel flow at each [kg/s].

    Raises:
        ValueError: two loads alike, or a flow that is not positive.
    """
    x0, x1, x2 = load
    if len({x0, x1, x2}) < 3:
        raise ValueError(f"load fractions must differ, got {load}")
    if min(flow) <= 0.0:
        raise ValueError(f"fuel flow must be positive, got {flow}")
    slope_01 = (flow[1] - flow[0]) / (x1 - x0)
    slope_12 = (flow[2] - flow[1]) / (x2 - x1)
    b2 = (slope_12 - slope_01) / (x2 - x0)
    b1 = slope_01 - b2 * (x0 + x1)
    return flow[0] - (b1 + b2 * x0) * x0, b1, b2


@law
def shared_load(load: float, rated_power: float, total_rated_power: float) -> float:
    """Share of a common load [W] that one of several parallel sets carries, by rating."""
    if total_rated_power <= 0.0:
        return 0.0
    return load * rated_power / total_rated_power
