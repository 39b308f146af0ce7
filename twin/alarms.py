"""Alarms of the cooling: what operators would be told, when it begins and when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physics.factory.alarm_times import RAISED, TOO_WARM
from physics.factory.arrays import Floats
from physics.factory.sensors import TEMPERATURE_RANGE
from twin.cache import cached_coolant
from twin.channels import BY_NAME
from twin.channels.cooling import water_outdoors

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

AMBIENT_PRESSURE = 101_325.0  # Pa
BOILING_MARGIN = 8.0  # K below boiling from which a cold plate is reported
FREEZING_MARGIN = 2.0  # K above freezing from which water outdoors is reported
NEVER_BOILS = 85.0  # degC below which nothing boils under any pressure that a loop can have
NEVER_FREEZES = 5.0  # degC above which nothing freezes

Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Alarm:
    """A condition of every element of a level.

    Attributes
    ----------
    kind : of the event when it begins; ``<kind>-over`` when it ends
    level : whose elements it is about
    holds : tells for all elements whether it holds, shape [count]
    text : says what is wrong with one element, with figures
    over : says that it has ended
    """

    kind: str
    level: str
    holds: Callable[[Plant, StateBuffer], Truths]
    text: Callable[[Plant, StateBuffer, int], str]
    over: str


def boiling_point(plant: Plant, state: StateBuffer, c: int) -> float:
    """Boiling point of the coolant in CDU ``c``'s loop [degC] at its static pressure.

    The expansion vessel's pressure falls with its content; pumps, where they run, add to it.
    """
    filled = plant.constants.cdu.fill_pressure[c] * state.view.cdu.coolant_level[c]
    pressure = AMBIENT_PRESSURE + filled + 0.5 * state.view.cdu.head_pressure[c]
    row = plant.design.expansion.row[plant.levels["cdu"].parent_index[c]]
    return cached_coolant(row.coolant).boiling_point_at(float(pressure))


def hottest_plate(plant: Plant, state: StateBuffer) -> Floats:
    """Hottest cold plate on every CDU [degC]; without liquid-cooled racks as cold as can be."""
    hottest = np.full(plant.levels["cdu"].count, -np.inf)
    first, cdu = plant.constants.rack.first_gpu, plant.constants.rack.cdu
    filled = np.flatnonzero(np.diff(first) > 0)
    if len(filled):
        # racks without accelerators add nothing between the starts of those with some
        per_rack = np.maximum.reduceat(state.view.gpu.plate_temperature, first[filled])
        liquid = cdu[filled] >= 0
        np.maximum.at(hottest, cdu[filled][liquid], per_rack[liquid])
    return hottest


def _may_boil(plant: Plant, state: StateBuffer) -> Truths:
    near = np.zeros(plant.levels["cdu"].count, dtype=np.bool_)
    if state.view.rack.maximum_gpu_temperature.max(initial=0.0) < NEVER_BOILS:
        return near
    plates = hottest_plate(plant, state)
    for c in np.flatnonzero(plates > NEVER_BOILS):
        near[c] = plates[c] > boiling_point(plant, state, int(c)) - BOILING_MARGIN
    return near


def freezing_point(plant: Plant, p: int) -> float:
    """Freezing point [degC] of what runs through plant ``p``'s coolers.

    With chillers that is the condenser loop, filled like the plant where it has dry coolers; a
    tower's is water, which is warmed in its basin and not reported.
    """
    return cached_coolant(plant.design.expansion.plant[p].coolant).freezing_point


def _may_freeze(plant: Plant, state: StateBuffer) -> Truths:
    cold = water_outdoors(plant, state)
    near = np.zeros(len(cold), dtype=np.bool_)
    for p in np.flatnonzero(cold < NEVER_FREEZES):
        if plant.constants.plant.evaporative[p] == 0.0:
            near[p] = cold[p] < freezing_point(plant, int(p)) + FREEZING_MARGIN
    return near


def _value(name: str, plant: Plant, state: StateBuffer, row: int) -> float:
    return float(BY_NAME[name].read(plant, state)[row])


def _litres(name: str) -> Callable[[Plant, StateBuffer, int], str]:
    return lambda p, s, i: (
        f"{_value(name, p, s, i) * 6e4:.3g} L/min run out, "
        f"{_value(name.replace('leak_flow', 'coolant_level'), p, s, i):.0%} of the reserve left"
    )


def _above(name: str, threshold: float) -> Callable[[Plant, StateBuffer], Truths]:
    return lambda plant, state: np.asarray(BY_NAME[name].read(plant, state) > threshold)


def _leaks(level: str) -> Callable[[Plant, StateBuffer], Truths]:
    """A hole is seen as long as it is there, by the coolant on the floor."""
    return lambda plant, state: np.asarray(state.field(f"{level}.leak_area") > 0.0)


def _sensor_lost(name: str) -> Callable[[Plant, StateBuffer], Truths]:
    def holds(plant: Plant, state: StateBuffer) -> Truths:
        reading = BY_NAME[name].read(plant, state)
        return np.asarray((reading <= TEMPERATURE_RANGE[0]) | (reading >= TEMPERATURE_RANGE[1]))

    return holds


ALARMS: tuple[Alarm, ...] = (
    Alarm(
        "leak-detected", "cdu", _leaks("cdu"), _litres("cdu.leak_flow"), "no leak any more"
    ),
    Alarm(
        "leak-detected", "plant", _leaks("plant"), _litres("plant.leak_flow"),
        "no leak any more",
    ),
    Alarm(
        "low-level", "cdu", _above("cdu.low_level_trip", 0.5),
        lambda p, s, i: "pumps stopped for want of coolant", "coolant topped up, pumps may run",
    ),
    Alarm(
        "low-level", "plant", _above("plant.low_level_trip", 0.5),
        lambda p, s, i: "pumps stopped for want of water", "water topped up, pumps may run",
    ),
    Alarm(
        "boiling-risk", "cdu", _may_boil,
        lambda p, s, i: (
            f"hottest cold plate {hottest_plate(p, s)[i]:.1f} degC, coolant boils at "
            f"{boiling_point(p, s, i):.1f} degC"
        ),
        "coolant no longer near boiling",
    ),
    Alarm(
        "freezing-risk", "plant", _may_freeze,
        lambda p, s, i: (
            f"water outdoors at {water_outdoors(p, s)[i]:.1f} degC, freezes at "
            f"{freezing_point(p, i):.1f} degC"
        ),
        "water outdoors no longer near freezing",
    ),
    Alarm(
        "dew-point-guard", "cdu",
        lambda p, s: np.asarray(s.view.cdu.guarded_setpoint > s.view.cdu.supply_setpoint + RAISED),
        lambda p, s, i: (
            f"set point raised from {s.view.cdu.supply_setpoint[i]:.1f} to "
            f"{s.view.cdu.guarded_setpoint[i]:.1f} degC, above the room's dew point"
        ),
        "set point no longer raised",
    ),
    Alarm(
        "supply-too-warm", "cdu",
        lambda p, s: np.asarray(
            s.view.cdu.supply_temperature > s.view.cdu.guarded_setpoint + TOO_WARM
        ),
        lambda p, s, i: (
            f"coolant at {s.view.cdu.supply_temperature[i]:.1f} degC, set point "
            f"{s.view.cdu.guarded_setpoint[i]:.1f} degC, primary valve "
            f"{s.view.cdu.valve[i]:.0%} open, facility water "
            f"{s.view.cdu.primary_supply_temperature[i]:.1f} degC"
        ),
        "coolant near its set point again",
    ),
    Alarm(
        "supply-too-warm", "plant",
        lambda p, s: np.asarray(
            s.view.plant.supply_temperature > s.view.plant.supply_setpoint + TOO_WARM
        ),
        lambda p, s, i: (
            f"water at {s.view.plant.supply_temperature[i]:.1f} degC, set point "
            f"{s.view.plant.supply_setpoint[i]:.1f} degC, fans at {s.view.plant.fan_speed[i]:.0%}, "
            f"{s.view.plant.chillers_running[i]:.0f} chillers running"
        ),
        "water near its set point again",
    ),
    Alarm(
        "sensor-lost", "cdu", _sensor_lost("cdu.temperature_reading"),
        lambda p, s, i: "supply temperature reads the end of its scale", "reading is back",
    ),
    Alarm(
        "sensor-lost", "plant", _sensor_lost("plant.temperature_reading"),
        lambda p, s, i: "supply temperature reads the end of its scale", "reading is back",
    ),
)  # fmt: skip
"""All alarms, in the order in which they are looked at."""

BOOKED = frozenset(
    f"{alarm.level}:{alarm.kind}" for alarm in ALARMS if not alarm.kind.endswith("-risk")
)
"""Alarms whose time compiled code adds up (:mod:`physics.factory.alarm_times`); boiling and
freezing depend on coolants it does not know, and come and go slowly."""

KINDS: tuple[str, ...] = tuple(
    dict.fromkeys(kind for alarm in ALARMS for kind in (alarm.kind, f"{alarm.kind}-over"))
)
"""Kinds of events that alarms bring about."""


def standing(plant: Plant, state: StateBuffer) -> frozenset[tuple[str, int]]:
    """Alarms that hold now, by (``level:kind``, row)."""
    found: list[tuple[str, int]] = []
    for alarm in ALARMS:
        truths = alarm.holds(plant, state)
        if truths.any():  # seldom
            name = f"{alarm.level}:{alarm.kind}"
            found.extend((name, int(row)) for row in np.flatnonzero(truths))
    return frozenset(found)


def told(
    plant: Plant,
    state: StateBuffer,
    before: frozenset[tuple[str, int]],
    now: frozenset[tuple[str, int]],
) -> Iterator[tuple[str, str, str]]:
    """Path, kind and sentence of every alarm that began or ended between two looks."""
    if before == now:
        return
    for alarm in ALARMS:
        name = f"{alarm.level}:{alarm.kind}"
        for entry, row in sorted(now - before):
            if entry == name:
                path = plant.levels.path(alarm.level, row)
                yield path, alarm.kind, alarm.text(plant, state, row)
        for entry, row in sorted(before - now):
            if entry == name:
                yield plant.levels.path(alarm.level, row), f"{alarm.kind}-over", alarm.over
