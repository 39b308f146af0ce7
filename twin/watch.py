"""What is looked at after steps: alarms of the cooling, and accelerators that slow down or stop."""

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

SLOW, OFF = "rack", "rack:off"
"""Names under which racks with slowed accelerators stand, and with some off that have power."""
TOLD = 20
"""Racks told one by one of those that begin or cease at the same step."""


def standing(plant: Plant, state: StateBuffer) -> Standing:
    """Everything that holds now."""
    rack = state.view.rack
    slow = np.flatnonzero(rack.throttled > 0.0)
    off = np.flatnonzero((rack.gpus_off > 0.0) & (rack.it_power > 0.0))
    return alarms.standing(plant, state).union(
        [(SLOW, int(r)) for r in slow], [(OFF, int(r)) for r in off]
    )


Booked = tuple[float, float, float]


def booked(state: StateBuffer) -> Booked:
    """Totals since the start: accelerator seconds slowed, and off, and seconds of alarms."""
    view = state.view
    alarm_time = view.cdu.alarm_time.sum() + view.plant.alarm_time.sum()
    ledger = view.ledger
    return float(ledger.throttled_time.sum()), float(ledger.off_time.sum()), float(alarm_time)


def explained(state: StateBuffer, now: Standing, before: Booked, seconds: float) -> bool:
    """Whether what holds now has held all the time: it accounts for what was booked since."""
    rack = state.view.rack
    alarming = float(sum(name in alarms.BOOKED for name, _ in now))
    rates = (float(rack.throttled.sum()), float(rack.gpus_off.sum()), alarming)
    for rate, then, total in zip(rates, before, booked(state), strict=True):
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
    began, ended = now - before, before - now
    count = np.diff(plant.constants.rack.first_gpu)
    run = state.view.rack.gpus_off < count
    for changed, entry, kind, text in (
        (began, SLOW, "throttling", _slow),
        (ended, SLOW, "recovered", _recovered),
        (began, OFF, "gpus-off", _stopped),
        (ended, OFF, "gpus-on", _back),
    ):
        rows = sorted(row for name, row in changed if name == entry)
        if changed is ended:  # a rack that lost its power or all its accelerators is no better off
            rows = [row for row in rows if run[row]]
        for row in rows[:TOLD]:
            yield plant.levels.path("rack", row), kind, text(plant, state, row)
        if len(rows) > TOLD:
            yield "/", kind, f"and {len(rows) - TOLD} more racks"


def _gpus(number: float) -> str:
    return "1 GPU" if number == 1.0 else f"{number:.0f} GPUs"


def _slow(plant: Plant, state: StateBuffer, r: int) -> str:
    rack = state.view.rack
    liquid = plant.constants.rack.cdu[r] >= 0
    return (
        f"{_gpus(rack.throttled[r])} slowed, hottest die "
        f"{rack.maximum_gpu_temperature[r]:.1f} degC, hottest HBM stack "
        f"{rack.maximum_hbm_temperature[r]:.1f} degC, {'coolant' if liquid else 'air'} in "
        f"{rack.inlet_temperature[r]:.1f} degC at {rack.flow[r]:.0%} of rated flow"
    )


def _recovered(plant: Plant, state: StateBuffer, r: int) -> str:
    off = int(state.view.rack.gpus_off[r])
    if off == 0:
        return "all GPUs at their asked clock again"
    return f"all GPUs that run are at their asked clock again, {off} are off"


def _stopped(plant: Plant, state: StateBuffer, r: int) -> str:
    rack = state.view.rack
    return (
        f"{_gpus(rack.gpus_off[r])} off in a rack that has power, hottest die "
        f"{rack.maximum_gpu_temperature[r]:.1f} degC, hottest HBM stack "
        f"{rack.maximum_hbm_temperature[r]:.1f} degC"
    )


def _back(plant: Plant, state: StateBuffer, r: int) -> str:
    return "all GPUs on again"
