"""Banks of equal units in the coupled step: how many are in service, who runs, who stands by."""

from __future__ import annotations

from physics.factory.arrays import ONLINE, STAGED, Floats
from physics.jit import law
from physics.staging import LOCKED_OUT, OFF, ON, unit_step


@law
def units_online(unit: Floats, first: int, last: int) -> float:
    """Number of units in service among rows ``first:last``."""
    total = 0.0
    for i in range(first, last):
        total += unit[ONLINE, i]
    return total


@law
def stage_bank(
    unit: Floats,
    first: int,
    last: int,
    wanted: float,
    lead: float,
    fed: float,
    minimum_on: float,
    minimum_off: float,
    start_time: float,
    restart_delay: float,
    step: float,
) -> float:
    """Switch the units ``first:last`` so that ``wanted`` of them run; returns how many do.

    The first available ones from the ``lead`` on are asked to run, so that the next in line takes
    over when one fails. A unit that is no longer asked for runs on until its successor does. Times
    as in :func:`physics.staging.unit_step`.
    """
    units = last - first
    if units <= 0:
        return 0.0
    chosen, covered = 0.0, 0.0
    for place in range(units):
        i = first + (int(lead) + place) % units
        if unit[ONLINE, i] * fed > 0.0 and chosen < wanted:
            chosen += 1.0
            if unit[STAGED.stage, i] == ON:
                covered += 1.0
    chosen, running = 0.0, 0.0
    for place in range(units):
        i = first + (int(lead) + place) % units
        available = unit[ONLINE, i] * fed > 0.0
        requested = available and chosen < wanted
        if requested:
            chosen += 1.0
        elif available and unit[STAGED.stage, i] == ON and covered < wanted:
            covered += 1.0
            requested = True
        stage, time = unit_step(
            int(unit[STAGED.stage, i]),
            unit[STAGED.stage_time, i],
            requested,
            available,
            step,
            minimum_on,
            minimum_off,
            start_time,
            restart_delay,
        )
        unit[STAGED.stage, i] = stage
        unit[STAGED.stage_time, i] = time
        if stage == ON:
            running += 1.0
            unit[STAGED.run_time, i] += step
    return running


@law
def settle_bank(
    unit: Floats, first: int, last: int, wanted: float, lead: float, fed: float, rested: float
) -> float:
    """Bring the units to where :func:`stage_bank` leads in the end; returns how many run.

    ``rested`` [s] is the time all have spent in their state, so that no minimum time binds.
    """
    units = last - first
    running = 0.0
    for place in range(units):
        i = first + (int(lead) + place) % units
        if unit[ONLINE, i] * fed <= 0.0:
            unit[STAGED.stage, i] = LOCKED_OUT
            unit[STAGED.stage_time, i] = 0.0
            continue
        requested = running < wanted
        if requested:
            running += 1.0
        unit[STAGED.stage, i] = ON if requested else OFF
        unit[STAGED.stage_time, i] = rested
    return running
