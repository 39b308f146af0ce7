"""Checks of cooling by water: supply temperatures, CDUs, plants and heat rejection."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from physics.factory.arrays import PlantConstants
from twin.cache import cached_coolant
from twin.catalog.specs import Pump
from twin.check.finding import Check, Finding, Severity, Subject, kilowatt, litres
from twin.plant.capacity import (
    DesignDay,
    cdu_capacity,
    cdu_flow_limit,
    chilled_capacity,
    climates,
    cooler_capacity,
    plant_flow_limit,
)
from twin.plant.fluids import DESIGN_RISE

SLUSH_RANGE = 8.0  # K below freezing within which dilute glycol is slush that bursts no pipe
MOST_UNITS = 4
"""How many times as many units are tried before it is said that their number does not help."""
LARGEST_SHIFT = 20.0  # K of warmer or colder water that is tried


def check_supply_temperatures(subject: Subject) -> Iterator[Finding]:
    """Coolant or air supplied warmer than a rack allows."""
    plant = subject.plant
    result, racks = plant.design.expansion, plant.constants.rack
    for k, kind in enumerate(plant.design.kinds):
        allowed = kind.rack.maximum_supply_temperature
        own = racks.kind == k
        if kind.liquid:
            supplied = result.cdu_setpoint[racks.cdu[own]]
        else:
            setpoints = np.array([hall.air_supply_temperature for hall in result.hall])
            supplied = setpoints[racks.hall[own]]
        for r in np.flatnonzero(own)[supplied > allowed + 1e-9][:1]:
            what = "coolant" if kind.liquid else "air"
            yield Finding(
                "error",
                subject.path("rack", int(r)),
                f"{what} at {supplied.max():g} degC for a rack that allows {allowed:g} degC "
                f"({int((supplied > allowed + 1e-9).sum())} racks)",
                "lower supply_temperature of the row"
                if kind.liquid
                else "lower air_supply_temperature of the hall",
                "supply-temperatures",
            )


def check_cdu_approach(subject: Subject) -> Iterator[Finding]:
    """Facility water not colder than the coolant it is to cool."""
    result, cdus = subject.plant.design.expansion, subject.plant.constants.cdu
    for c in range(len(cdus.plant)):
        water = float(result.plant_setpoint[cdus.plant[c]])
        coolant = float(result.cdu_setpoint[c])
        if water >= coolant:
            yield Finding(
                "error",
                subject.path("cdu", c),
                f"coolant is to leave at {coolant:g} degC, its water arrives at {water:g} degC",
                "lower the plant's supply_temperature or raise the row's",
                "cdu-approach",
            )


def check_cdu_capacity(subject: Subject) -> Iterator[Finding]:
    """CDUs that cannot move their racks' heat, and rows that hang on one alone.

    Every CDU has a loop of its own: what a lost one takes with it is told by
    :func:`twin.check.cdu_loss.cdu_notes`.
    """
    plant = subject.plant
    result, design, cdus = plant.design.expansion, plant.design, plant.constants.cdu
    first = result.levels["cdu"].first(result.levels["row"].count)
    for w in range(result.levels["row"].count):
        own = range(int(first[w]), int(first[w + 1]))
        for c in own:
            heat, flow = float(design.cdu_heat[c]), float(design.cdu_flow[c])
            approach = float(result.cdu_setpoint[c] - result.plant_setpoint[cdus.plant[c]])
            if approach <= 0.0 or heat <= 0.0:
                continue
            most = cdu_capacity(cdus, c, approach, flow)
            if most < heat:
                yield Finding(
                    "error",
                    subject.path("cdu", c),
                    f"racks give {kilowatt(heat)}, the exchanger moves {kilowatt(most)} at "
                    f"{approach:g} K approach",
                    "more or larger CDUs, or colder facility water",
                    "cdu-capacity",
                )
            elif len(own) == 1:
                yield Finding(
                    "warning",
                    subject.path("cdu", c),
                    "the only CDU of its row: its loss stops the row",
                    "two or more CDUs per row, so that a lost one stops fewer racks",
                    "cdu-capacity",
                )


def check_cdu_flow(subject: Subject) -> Iterator[Finding]:
    """CDU pumps that do not bring the racks' flow: as built, and with one pump lost."""
    plant = subject.plant
    result, design, cdus = plant.design.expansion, plant.design, plant.constants.cdu
    first = result.levels["cdu"].first(result.levels["row"].count)
    for w in range(result.levels["row"].count):
        own = slice(int(first[w]), int(first[w + 1]))
        for c in range(own.start, own.stop):
            flow, pumps = float(design.cdu_flow[c]), float(cdus.pumps[c])
            path = subject.path("cdu", c)
            most = cdu_flow_limit(cdus, c, pumps)
            if most <= 0.0:
                yield Finding(
                    "error",
                    path,
                    "its pumps do not reach the pressure its racks need "
                    f"({cdus.differential_pressure_setpoint[c] / 1e3:.0f} kPa)",
                    "a CDU with a higher pump head",
                    "cdu-flow",
                )
            elif most < flow:
                yield Finding(
                    "error",
                    path,
                    f"racks need {litres(flow)}, its pumps bring {litres(most)}",
                    "fewer racks per CDU or a larger CDU",
                    "cdu-flow",
                )
            elif cdu_flow_limit(cdus, c, pumps - 1.0) < flow:
                yield Finding(
                    "warning",
                    path,
                    f"with one pump lost it brings "
                    f"{litres(cdu_flow_limit(cdus, c, pumps - 1.0))} of {litres(flow)}",
                    "a CDU with a spare pump, or fewer racks per CDU",
                    "cdu-flow",
                )


def check_plant_pumps(subject: Subject) -> Iterator[Finding]:
    """Facility pumps that do not bring the design flow, all and with one lost."""
    plant = subject.plant
    c = plant.constants.plant
    for p, model in enumerate(plant.design.expansion.plant):
        needed = float(plant.design.plant_flow[p])
        path = subject.path("plant", p)
        pump = plant.layout.product(model.pumps.product, Pump)
        most = plant_flow_limit(c, p, model.pumps.count)
        if most < needed:
            yield Finding(
                "error",
                path,
                f"design flow {litres(needed)}, pumps bring {litres(most)} at "
                f"{c.distribution_pressure[p] / 1e3:.0f} kPa across the consumers",
                f"more pumps, or pumps of a higher head than {pump.curve.rated_head / 1e3:.0f} kPa",
                "plant-pumps",
            )
        elif plant_flow_limit(c, p, model.pumps.count - 1) < needed:
            yield Finding(
                "warning",
                path,
                f"with one pump lost {litres(needed)} are not reached "
                f"({litres(plant_flow_limit(c, p, model.pumps.count - 1))})",
                "raise pumps.count",
                "plant-pumps",
            )


def check_heat_rejection(subject: Subject) -> Iterator[Finding]:
    """Coolers and chillers that cannot take the design heat on the design day, all and one lost."""
    plant = subject.plant
    c = plant.constants.plant
    for p, model in enumerate(plant.design.expansion.plant):
        day = subject.days[int(c.site[p])]
        heat = float(plant.design.plant_heat[p])
        if heat <= 0.0:
            continue
        setpoint = float(plant.design.expansion.plant_setpoint[p])
        path, coolers = subject.path("plant", p), model.heat_rejection.count
        weather = f"at {day.dry_bulb:g} degC outdoors"
        if c.evaporative[p] > 0.0:
            weather = f"at {day.tower_wet_bulb:g} degC wet bulb"
        if model.chillers is None:
            rate = heat / DESIGN_RISE
            stages: tuple[tuple[int, Severity], ...] = (
                (coolers, "error"),
                (coolers - 1, "warning"),
            )
            for units, severity in stages:
                most = cooler_capacity(c, p, units, rate, setpoint + DESIGN_RISE, day)
                if most < heat:
                    lost = "" if units == coolers else " with one lost"
                    yield Finding(
                        severity,
                        path,
                        f"design heat {kilowatt(heat)}, its coolers reject "
                        f"{kilowatt(most)} {weather}{lost}",
                        _rejection_fix(c, p, (units, coolers), rate, setpoint, day, heat),
                        "heat-rejection",
                    )
                    break
            continue
        chillers = model.chillers.count
        cases: tuple[tuple[int, int, Severity, str], ...] = (
            (chillers, coolers, "error", ""),
            (chillers - 1, coolers, "warning", " with one chiller lost"),
            (chillers, coolers - 1, "warning", " with one cooler lost"),
        )
        for cooling, condensing, severity, lost in cases:
            most, condenser = chilled_capacity(c, p, setpoint, heat, cooling, condensing, day)
            if most < heat:
                yield Finding(
                    severity,
                    path,
                    f"design heat {kilowatt(heat)}, its chillers take "
                    f"{kilowatt(most)} {weather} (condensers at {condenser:.0f} degC){lost}",
                    "raise chillers.count or heat_rejection.count",
                    "heat-rejection",
                )
                if not lost:
                    break


def _rejection_fix(
    c: PlantConstants,
    p: int,
    units: tuple[int, int],
    rate: float,
    setpoint: float,
    day: DesignDay,
    heat: float,
) -> str:
    """How many coolers do; or, where no number does, how warm the water has to be.

    units : in service, and fitted
    """
    running, fitted = units
    for number in range(running + 1, MOST_UNITS * fitted + 1):
        if cooler_capacity(c, p, number, rate, setpoint + DESIGN_RISE, day) >= heat:
            return (
                f"heat_rejection.count of {number + fitted - running}, or a warmer "
                "supply_temperature if the CDUs allow"
            )
    for warmer in np.arange(0.5, LARGEST_SHIFT + 0.5, 0.5):
        warm = setpoint + float(warmer)
        if cooler_capacity(c, p, running, rate, warm + DESIGN_RISE, day) >= heat:
            return (
                f"more of these coolers do not help; a supply_temperature of {warm:g} degC does, "
                "if the CDUs allow, or towers or chillers"
            )
    return "larger coolers, towers or chillers: neither more of these nor warmer water does"


def check_frost(subject: Subject) -> Iterator[Finding]:
    """Coolant in dry coolers that a winter night can freeze while it stands still."""
    constants = subject.plant.constants.plant
    for p, model in enumerate(subject.plant.design.expansion.plant):
        if constants.evaporative[p] > 0.0:
            continue  # towers' basins are warmed, and drained when out of use
        location = subject.plant.sites[constants.site[p]].location
        coldest = climates()[location.weather].design.heating_dry_bulb
        freezing = cached_coolant(model.coolant).freezing_point
        safe = freezing if freezing > -1.0 else freezing - SLUSH_RANGE
        if coldest < safe:
            yield Finding(
                "warning",
                subject.path("plant", p),
                f"{model.coolant} freezes at {freezing:.1f} degC, the winter design temperature of "
                f"{location.weather} is {coldest:.1f} degC",
                "a coolant with glycol, such as PG25 or PG35",
                "frost",
            )


COOLING_CHECKS: tuple[Check, ...] = (
    check_supply_temperatures,
    check_cdu_approach,
    check_cdu_capacity,
    check_cdu_flow,
    check_plant_pumps,
    check_heat_rejection,
    check_frost,
)
