"""Checks of cooling by air: what rear doors take, and whether air handlers carry the rest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import HallConstants
from twin.catalog.specs import Crah
from twin.check.cooling import LARGEST_SHIFT, MOST_UNITS
from twin.check.finding import Check, Finding, Severity, Subject, kilowatt
from twin.plant.capacity import crah_capacity, door_capacity

AIR_FLOW_MARGIN = 1.05  # supply over the racks' draw, as the air handlers' control keeps it
NO_ROW = -1


def door_heat(subject: Subject) -> NDArray[np.float64]:
    """Heat [W] that the rear door of every rack takes at design load, shape [R].

    What brings the air behind it to its set point, as far as its coil moves that at full flow of
    its water.
    """
    plant = subject.plant
    racks, rows = plant.constants.rack, plant.constants.row
    rates = plant.constants.kinds.airflow_capacity_rate[racks.kind]
    supply = np.array([hall.air_supply_temperature for hall in plant.design.expansion.hall])
    taken = np.zeros(len(rates))
    for r in np.flatnonzero(rows.door_plant[racks.row] >= 0):
        w, rate = int(racks.row[r]), float(rates[r])
        heat = float(plant.design.rack_air_heat[r])
        if rate <= 0.0 or heat <= 0.0:
            continue
        exhaust = float(supply[racks.hall[r]]) + heat / rate
        water = float(plant.design.expansion.plant_setpoint[rows.door_plant[w]])
        wanted = rate * (exhaust - float(plant.initial["row.door_setpoint"][w]))
        taken[r] = min(max(wanted, 0.0), door_capacity(rows, w, rate, exhaust, water))
    return taken


def air_load(
    subject: Subject, h: int, doors: NDArray[np.float64], without: int = NO_ROW
) -> tuple[float, float]:
    """Air [m3/s] that the handlers of a hall must bring, and heat [W] that they must take.

    Of the air that a rack draws, that which its door has cooled need not come from them.

    doors : heat that every rack's door takes [W]; without : row whose doors are out of service
    """
    plant = subject.plant
    racks = plant.constants.rack
    airflow = np.array([kind.rack.rated_airflow for kind in plant.design.kinds])[racks.kind]
    heat = plant.design.rack_air_heat
    left = np.maximum(heat - np.where(racks.row == without, 0.0, doors), 0.0)
    share = np.divide(left, heat, out=np.ones_like(heat), where=heat > 0.0)
    inside = racks.hall == h
    drawn = float((airflow * share)[inside].sum())
    hall = plant.design.expansion.hall[h]
    return drawn * (1.0 - hall.recirculation) * AIR_FLOW_MARGIN, float(left[inside].sum())


def check_rear_doors(subject: Subject) -> Iterator[Finding]:
    """Rear doors that do not bring the air behind them to its set point at design load."""
    plant = subject.plant
    racks, rows = plant.constants.rack, plant.constants.row
    taken, heat = door_heat(subject), plant.design.rack_air_heat
    for w in np.flatnonzero(rows.door_plant >= 0):
        own = racks.row == w
        setpoint = float(plant.initial["row.door_setpoint"][w])
        water = float(plant.design.expansion.plant_setpoint[rows.door_plant[w]])
        path = subject.path("row", int(w))
        if water >= setpoint:
            yield Finding(
                "error",
                path,
                f"air is to leave its rear doors at {setpoint:g} degC, their water arrives at "
                f"{water:g} degC",
                "a colder plant for rear_doors, or a warmer leaving_air",
                "rear-doors",
            )
        elif float(taken[own].sum()) < 0.99 * float(heat[own].sum()):
            yield Finding(
                "warning",
                path,
                f"racks give {kilowatt(float(heat[own].sum()))} to the air, their rear doors take "
                f"{kilowatt(float(taken[own].sum()))}; air handlers have to take the rest",
                "larger rear doors, colder water, or fewer racks per row",
                "rear-doors",
            )


def check_air_handlers(subject: Subject) -> Iterator[Finding]:
    """Air handlers with too little air or cooling for what rear doors leave of the racks' heat.

    All in service, one handler lost, and the rear doors of one row lost.
    """
    plant = subject.plant
    result, doors = plant.design.expansion, door_heat(subject)
    for h in range(len(result.hall)):
        yield from _handlers(subject, h, doors)


def _handlers(subject: Subject, h: int, doors: NDArray[np.float64]) -> Iterator[Finding]:
    plant = subject.plant
    racks = plant.constants.rack
    rows = [int(w) for w in np.unique(racks.row[(racks.hall == h) & (doors > 0.0)])]
    largest = max(rows, key=lambda w: float(doors[racks.row == w].sum()), default=NO_ROW)
    cases: list[tuple[int, int, Severity, str]] = [
        (0, NO_ROW, "error", ""),
        (1, NO_ROW, "warning", " with one air handler lost"),
    ]
    if largest != NO_ROW:
        name = plant.levels["row"].names[largest]
        cases.append((0, largest, "warning", f" with the rear doors of {name} lost"))
    for lost, without, severity, words in cases:
        found = _too_little(subject, h, doors, lost, without)
        if found is not None:
            message, fix = found
            path = subject.path("hall", h)
            yield Finding(severity, path, f"{message}{words}", fix, "air-handlers")
            if severity == "error":
                return


def _too_little(
    subject: Subject, h: int, doors: NDArray[np.float64], lost: int, without: int
) -> tuple[str, str] | None:
    """What air handlers lack and how to mend it, or None."""
    plant = subject.plant
    halls, hall = plant.constants.hall, plant.design.expansion.hall[h]
    unit = plant.layout.product(hall.crahs.product, Crah)
    units, each = hall.crahs.count - lost, float(halls.crah_airflow_capacity_rate[h])
    drawn, heat = air_load(subject, h, doors, without)
    if units * unit.rated_airflow < drawn:
        return (
            f"racks draw {drawn:.1f} m3/s of air, air handlers bring "
            f"{units * unit.rated_airflow:.1f} m3/s",
            "raise crahs.count",
        )
    rate = drawn / unit.rated_airflow * each
    back = hall.air_supply_temperature + heat / rate if rate > 0.0 else 0.0
    water = float(plant.design.expansion.plant_setpoint[halls.air_plant[h]])
    most = crah_capacity(halls, h, units, min(rate, units * each), back, water)
    if most < heat:
        return (
            f"racks give {kilowatt(heat)} to the air, air handlers take {kilowatt(most)}",
            _handlers_fix(halls, h, (units, hall.crahs.count), rate, (back, water), heat),
        )
    return None


def _handlers_fix(
    halls: HallConstants,
    h: int,
    units: tuple[int, int],
    rate: float,
    temperatures: tuple[float, float],
    heat: float,
) -> str:
    """How many air handlers do; or, where no number does, how cold their water has to be.

    units : in service, and fitted; temperatures : of return air and water [degC]
    """
    (running, fitted), (back, water) = units, temperatures
    each = float(halls.crah_airflow_capacity_rate[h])
    for number in range(running + 1, MOST_UNITS * fitted + 1):
        if crah_capacity(halls, h, number, min(rate, number * each), back, water) >= heat:
            return f"crahs.count of {number + fitted - running}, or colder water for them"
    for colder in np.arange(0.5, LARGEST_SHIFT + 0.5, 0.5):
        cold = water - float(colder)
        if crah_capacity(halls, h, running, min(rate, running * each), back, cold) >= heat:
            return (
                f"more air handlers do not help with water of {water:g} degC; water of {cold:g} "
                "degC does, such as from a plant with chillers (air_plant)"
            )
    return "larger air handlers, and colder water: more of these do not help"


AIR_CHECKS: tuple[Check, ...] = (check_rear_doors, check_air_handlers)
