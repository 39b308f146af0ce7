"""What is looked at after steps: alarms of the cooling, and accelerators that slow down or stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from physics.factory.racks import AUXILIARY_SHUTDOWN, AUXILIARY_SLOWDOWN
from twin import alarms

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

Standing = frozenset[tuple[str, int]]
"""What holds, by (name, row): alarms as :func:`twin.alarms.standing` names them, and slow racks."""

SLOW, OFF, ALL_OFF, REST_OFF = "rack", "rack:off", "rack:all-off", "rack:rest-off"
"""Names under which racks stand: with slowed accelerators, with some off that have power, with all
off, and those whose processors, switches and drives shut down in coolant or air that is too hot."""
TOLD = 20
"""Racks told one by one of those that begin or cease at the same step."""


def standing(plant: Plant, state: StateBuffer) -> Standing:
    """Everything that holds now."""
    rack = state.view.rack
    slow = np.flatnonzero(rack.throttled > 0.0)
    supplied = rack.it_power > 0.0
    count = np.diff(plant.constants.rack.first_gpu)
    off = np.flatnonzero((rack.gpus_off > 0.0) & supplied)
    all_off = np.flatnonzero((rack.gpus_off == count) & (count > 1) & supplied)
    rest_off = np.flatnonzero((rack.outlet_temperature > AUXILIARY_SLOWDOWN) & supplied)
    return alarms.standing(plant, state).union(
        [(SLOW, int(r)) for r in slow],
        [(OFF, int(r)) for r in off],
        [(ALL_OFF, int(r)) for r in all_off],
        [(REST_OFF, int(r)) for r in rest_off],
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
        (began, ALL_OFF, "gpus-off", _all_stopped),
        (ended, OFF, "gpus-on", _back),
        (began, REST_OFF, "rack-too-hot", _rest_stopped),
        (ended, REST_OFF, "rack-cooled", _rest_back),
    ):
        rows = sorted(row for name, row in changed if name == entry)
        if (
            changed is ended and entry != REST_OFF
        ):  # a rack that lost its power or all its accelerators is no better off
            rows = [row for row in rows if run[row]]
        for row in rows[:TOLD]:
            yield plant.levels.path("rack", row), kind, text(plant, state, row)
        if len(rows) > TOLD:
            yield "/", kind, f"and {len(rows) - TOLD} more racks"


def _gpus(number: float) -> str:
    return "1 GPU" if number == 1.0 else f"{number:.0f} GPUs"


def _slow(plant: Plant, state: StateBuffer, r: int) -> str:
    rack = state.view.rack
    return (
        f"{_gpus(rack.throttled[r])} slowed, hottest die "
        f"{rack.maximum_gpu_temperature[r]:.1f} degC, hottest HBM stack "
        f"{rack.maximum_hbm_temperature[r]:.1f} degC, {_medium(plant, r)} in "
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


def _all_stopped(plant: Plant, state: StateBuffer, r: int) -> str:
    return f"all {_gpus(state.view.rack.gpus_off[r])} off; they stay off until they are started"


def _rest_stopped(plant: Plant, state: StateBuffer, r: int) -> str:
    leaving = state.view.rack.outlet_temperature[r]
    return (
        f"processors, switches and drives begin to shut down: {_medium(plant, r)} leaves at "
        f"{leaving:.1f} degC, and all are off from {AUXILIARY_SHUTDOWN:.0f} degC"
    )


def _rest_back(plant: Plant, state: StateBuffer, r: int) -> str:
    leaving = state.view.rack.outlet_temperature[r]
    return f"processors, switches and drives run again: {_medium(plant, r)} at {leaving:.1f} degC"


def _medium(plant: Plant, r: int) -> str:
    return "coolant" if plant.constants.rack.cdu[r] >= 0 else "air"


def _back(plant: Plant, state: StateBuffer, r: int) -> str:
    return "all GPUs on again"
