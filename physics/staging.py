"""Staging of equal units: run permissions, number of stages, lead/lag rotation, takeover.

Pure state-transition laws. A unit is in one of four states; its timer is the time spent in that
state [s]. Chillers, pumps, tower cells and air handlers all stage by these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel, law

OFF = 0
STARTING = 1
ON = 2
LOCKED_OUT = 3


@law
def unit_step(
    state: int,
    timer: float,
    requested: bool,
    available: bool,
    time_step: float,
    minimum_on: float = 0.0,
    minimum_off: float = 0.0,
    start_time: float = 0.0,
    restart_delay: float = 0.0,
) -> tuple[int, float]:
    """State and timer [s] of one unit after a step.

    requested: asked to run; available: powered and healthy. A unit that becomes unavailable stops
    at once and is locked out; once available again it waits the restart delay (oil, guide vanes,
    lockout timers: 2 to 5 min for chillers) before it may start. Otherwise it runs for at least
    minimum_on, rests for at least minimum_off, and takes start_time from the start command to
    running. Source: ASHRAE Guideline 36 (2021), 5.20 (staging with minimum run and off times).
    """
    if not available:
        return LOCKED_OUT, 0.0
    elapsed = timer + time_step
    if state == LOCKED_OUT:
        if elapsed < restart_delay:
            return LOCKED_OUT, elapsed
        if not requested:
            return OFF, minimum_off
        return (STARTING, 0.0) if start_time > 0.0 else (ON, 0.0)
    if state == OFF:
        if not requested or elapsed < minimum_off:
            return OFF, elapsed
        return (STARTING, 0.0) if start_time > 0.0 else (ON, 0.0)
    if state == STARTING:
        if not requested:
            return OFF, 0.0
        return (ON, 0.0) if elapsed >= start_time else (STARTING, elapsed)
    if requested or elapsed < minimum_on:
        return ON, elapsed
    return OFF, 0.0


@law
def stage_count(
    load: float,
    stages: int,
    timer: float,
    unit_capacity: float,
    stages_min: int,
    stages_max: int,
    time_step: float,
    up_share: float = 0.9,
    down_share: float = 0.75,
    hold_time: float = 600.0,
) -> tuple[int, float]:
    """Number of units to run and the time since it changed [s].

    One more when the load exceeds up_share of the running capacity, one less when it would fit in
    down_share of one unit fewer, and neither before hold_time has passed since the last change.
    down_share < up_share keeps it from hunting. Load and capacity in the same unit.
    """
    elapsed = timer + time_step
    within = min(max(stages, stages_min), stages_max)
    if within != stages:
        return within, 0.0
    if elapsed < hold_time:
        return stages, elapsed
    if load > up_share * stages * unit_capacity and stages < stages_max:
        return stages + 1, 0.0
    if stages > stages_min and load < down_share * (stages - 1) * unit_capacity:
        return stages - 1, 0.0
    return stages, elapsed


@law
def rotate_lead(
    lead: int, timer: float, units: int, interval: float, time_step: float
) -> tuple[int, float]:
    """Lead unit and time since the last rotation [s]; it moves on by one every interval."""
    elapsed = timer + time_step
    if units < 2 or interval <= 0.0 or elapsed < interval:
        return lead, elapsed
    return (lead + 1) % units, 0.0


@kernel()
def least_worn(run_time: NDArray[np.float64], available: NDArray[np.bool_]) -> int:
    """Available unit with the least run time, to lead next; 0 when none is available.

    run_time [s], available: shape [units]. Ties go to the lowest index.
    """
    best = -1
    for index in range(run_time.shape[0]):
        if available[index] and (best < 0 or run_time[index] < run_time[best]):
            best = index
    return max(best, 0)
