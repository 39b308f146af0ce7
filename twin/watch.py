"""What is looked at after steps: alarms of the cooling, and racks whose accelerators slow down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from twin import alarms

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

Standing = frozenset[tuple[str, int]]
"""What holds, by (name, row): alarms as :func:`twin.alarms.standing` names them, and slow racks."""

SLOW = "rack"
"""Name under which racks with slowed accelerators stand."""
TOLD = 20
"""Racks told one by one of those that begin or cease at the same step."""


def standing(plant: Plant, state: StateBuffer) -> Standing:
    """Everything that holds now."""
    slow = np.flatnonzero(state.view.rack.throttled > 0.0)
    return alarms.standing(plant, state).union((SLOW, int(r)) for r in slow)


def booked(state: StateBuffer) -> tuple[float, float]:
    """Totals since the start: accelerator seconds slowed, and seconds of alarms that stood."""
    view = state.view
    alarm_time = view.cdu.alarm_time.sum() + view.plant.alarm_time.sum()
    return float(view.ledger.throttled_time.sum()), float(alarm_time)


def explained(
    state: StateBuffer, now: Standing, before: tuple[float, float], seconds: float
) -> bool:
    """Whether what holds now has held all the time: it accounts for what was booked since."""
    slow = float(state.view.rack.throttled.sum())
    alarming = sum(name in alarms.BOOKED for name, _ in now)
    for rate, then, total in zip((slow, alarming), before, booked(state), strict=True):
        if abs(total - then - rate * seconds) > 1e-6 + 1e-9 * total:
            return False
    return True


def told(
    plant: Plant, state: StateBuffer, before: Standing, now: Standing
) -> Iterator[tuple[str, str, str]]:
    """Path, kind and sentence of everything that began or ended between two looks."""
    if before == now:
        return
    yield from alarms.told(plant, state, before, now)
    began = sorted(row for name, row in now - before if name == SLOW)
    ended = sorted(row for name, row in before - now if name == SLOW)
    for rows, kind, text in ((began, "throttling", _slow), (ended, "recovered", _recovered)):
        for row in rows[:TOLD]:
            yield plant.levels.path("rack", row), kind, text(plant, state, row)
        if len(rows) > TOLD:
            yield "/", kind, f"and {len(rows) - TOLD} more racks"


def _slow(plant: Plant, state: StateBuffer, r: int) -> str:
    rack = state.view.rack
    liquid = plant.constants.rack.cdu[r] >= 0
    return (
        f"{int(rack.throttled[r])} GPUs slowed, hottest die "
        f"{rack.maximum_gpu_temperature[r]:.1f} degC, hottest HBM stack "
        f"{rack.maximum_hbm_temperature[r]:.1f} degC, {'coolant' if liquid else 'air'} in "
        f"{rack.inlet_temperature[r]:.1f} degC at {rack.flow[r]:.0%} of rated flow"
    )


def _recovered(plant: Plant, state: StateBuffer, r: int) -> str:
    off = int(state.view.rack.gpus_off[r])
    if off == 0:
        return "all GPUs at their asked clock again"
    count = int(np.diff(plant.constants.rack.first_gpu)[r])
    if off == count:
        return "no GPU runs any more: all are off"
    return f"the {count - off} GPUs that run are at their asked clock, {off} are off"
