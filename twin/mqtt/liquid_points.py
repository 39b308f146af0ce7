"""Points of racks and of what cools them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.mqtt.groups import (
    AVAILABLE,
    CLOSED,
    FAULT,
    ISOLATED,
    KILO,
    LEAK,
    LITRES_PER_MINUTE,
    PER_CENT,
    REQUESTED,
    RUNNING,
    Builder,
    Reader,
    channel,
    named,
    of_parent,
    only,
    state,
    texts,
)


def racks(builder: Builder, leaks: Floats) -> None:
    """Racks and their breakers."""
    paths = builder.paths("rack")
    cdu = builder.plant.constants.rack.cdu
    liquid = np.flatnonzero(cdu >= 0)
    facts = [{"rackLocationName": path.strip("/"), "rackLocationId": path} for path in paths]
    asked = [{**fact, "integration": builder.integration} for fact in facts]

    def add(
        point: str,
        reader: tuple[Reader, float],
        meaning: dict[str, Any],
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        if rows is not None:
            reader = only(reader, rows)
        builder.add("Rack", point, "rack", facts, reader, meaning, rows=rows)

    add("RackLiquidSupplyTemperature", channel("rack.supply_temperature"), {"engUnit": "C"}, liquid)
    add("RackLiquidReturnTemperature", channel("rack.return_temperature"), {"engUnit": "C"}, liquid)
    add(
        "RackLiquidFlow",
        channel("rack.coolant_flow", LITRES_PER_MINUTE),
        {"engUnit": "LPM"},
        liquid,
    )
    pressure = of_parent(channel("cdu.differential_pressure", KILO), cdu)
    add("RackLiquidDifferentialPressure", pressure, {"engUnit": "kPa"}, liquid)
    opening = state("rack.flow_factor", lambda values: values * PER_CENT)
    add("RackControlValvePosition", opening, {"engUnit": "%"}, liquid)
    add("RackPower", channel("rack.power", KILO), {"engUnit": "kW"})
    add("RackLeakDetect", (lambda _: leaks.copy(), 1e-6), texts(LEAK), liquid)
    add("RackLeakSensorFault", (lambda _: np.zeros(len(paths)), 1e-6), texts(FAULT), liquid)
    shut = state("rack.flow_factor", lambda values: values <= 0.0)
    add("RackLiquidIsolationStatus", shut, texts(ISOLATED), liquid)
    off = state("rack.energised", lambda values: values <= 0.0)
    add("RackElectricalIsolationStatus", off, texts(ISOLATED))
    for point, meaning, rows in (
        ("RackLiquidIsolationRequest", REQUESTED, liquid),
        ("RackElectricalIsolationRequest", REQUESTED, None),
        ("RackLeakDetectTray", LEAK, liquid),
    ):
        builder.add("Rack", point, "rack", asked, None, texts(meaning), rows=rows)
    breakers = [named(f"{path}/breaker", [path]) for path in paths]
    builder.add(
        "Breaker",
        "Status",
        "rack",
        breakers,
        state("rack.energised", lambda values: values > 0.0),
        texts(CLOSED),
        suffix="breaker",
    )


def cdus(builder: Builder) -> None:
    """Coolant distribution units."""
    cdu = builder.plant.constants.rack.cdu
    racks = np.array(builder.paths("rack"), dtype=object)
    paths = builder.paths("cdu")
    facts = [named(path, list(racks[cdu == row])) for row, path in enumerate(paths)]

    def add(
        point: str,
        reader: tuple[Reader, float] | None,
        meaning: dict[str, Any],
        *area: str,
        suffix: str = "",
    ) -> None:
        builder.add("CDU", point, "cdu", facts, reader, meaning, area=area, suffix=suffix)

    celsius = {"engUnit": "C"}
    add("LiquidTemperature", channel("cdu.supply_temperature"), celsius, "Secondary", "Supply")
    add("LiquidTemperature", channel("cdu.return_temperature"), celsius, "Secondary", "Return")
    add(
        "LiquidTemperature", channel("cdu.primary_supply_temperature"), celsius, "Primary", "Supply"
    )
    add(
        "LiquidTemperature", channel("cdu.primary_return_temperature"), celsius, "Primary", "Return"
    )
    add(
        "LiquidTemperature",
        state("cdu.supply_setpoint"),
        celsius | {"isSetpoint": True},
        "Secondary",
        "Supply",
        suffix="secondary/supply/setpoint",
    )
    add(
        "LiquidFlow",
        channel("cdu.secondary_flow", LITRES_PER_MINUTE),
        {"engUnit": "LPM"},
        "Secondary",
    )
    add("LiquidFlow", channel("cdu.primary_flow", LITRES_PER_MINUTE), {"engUnit": "LPM"}, "Primary")
    add(
        "LiquidDifferentialPressure",
        channel("cdu.differential_pressure", KILO),
        {"engUnit": "kPa"},
        "Secondary",
    )
    add("ValvePosition", channel("cdu.valve", PER_CENT), {"engUnit": "%"}, "Primary")
    add("PumpSpeed", channel("cdu.pump_speed", PER_CENT), {"engUnit": "%"}, "Secondary")
    add("Status", state("cdu.pumps_online", lambda values: values > 0.0), texts(RUNNING))
    asked = [{**fact, "integration": builder.integration} for fact in facts]
    builder.add(
        "CDU",
        "LiquidTemperatureSpRequest",
        "cdu",
        asked,
        None,
        celsius,
        area=("Secondary", "Supply"),
    )


def machines(builder: Builder) -> None:
    """Coolers, pumps, chillers and air handlers."""
    plant = builder.plant
    cdus = np.array(builder.paths("cdu"), dtype=object)
    served = [
        list(cdus[plant.constants.cdu.plant == row]) for row in range(builder.levels["plant"].count)
    ]

    def facts(level: str, serves: Sequence[list[str]]) -> list[dict[str, Any]]:
        parents = builder.levels[level].parent_index
        return [
            named(path, serves[int(parents[row])]) for row, path in enumerate(builder.paths(level))
        ]

    def online(level: str) -> tuple[Reader, float]:
        return state(f"{level}.online", lambda values: values > 0.0)

    towers = np.asarray(plant.constants.plant.evaporative) > 0
    cooler_plant = builder.levels["cooler"].parent_index
    is_tower = towers[cooler_plant] if len(cooler_plant) else np.empty(0, dtype=np.bool_)
    cooler_facts = facts("cooler", served)
    supply = of_parent(channel("plant.supply_temperature"), cooler_plant)
    for object_type, mask in (("CoolingTower", is_tower), ("HX", ~is_tower)):
        rows = np.flatnonzero(mask)
        kinds: tuple[tuple[str, tuple[Reader, float], dict[str, Any], tuple[str, ...]], ...] = (
            ("FanSpeed", channel("cooler.fan_speed", PER_CENT), {"engUnit": "%"}, ()),
            ("LiquidTemperature", supply, {"engUnit": "C"}, ("Supply",)),
            ("Status", online("cooler"), texts(RUNNING), ()),
        )
        for point, reader, meaning, area in kinds:
            builder.add(
                object_type,
                point,
                "cooler",
                cooler_facts,
                only(reader, rows),
                meaning,
                area=area,
                rows=rows,
            )
    builder.add(
        "Pump",
        "PumpSpeed",
        "pump",
        facts("pump", served),
        channel("pump.speed", PER_CENT),
        {"engUnit": "%"},
    )
    builder.add(
        "Pump", "Available", "pump", facts("pump", served), online("pump"), texts(AVAILABLE)
    )
    builder.add(
        "Chiller", "Status", "chiller", facts("chiller", served), online("chiller"), texts(RUNNING)
    )
    builder.add(
        "Chiller",
        "GenericPoint",
        "chiller",
        facts("chiller", served),
        channel("chiller.load", PER_CENT),
        {"engUnit": "%"},
        area=("Load",),
    )
    halls = builder.levels["crah"].parent_index
    crah_facts = facts("crah", builder.below("hall", "row"))
    for side, name in (
        ("Supply", "hall.air_supply_temperature"),
        ("Return", "hall.air_return_temperature"),
    ):
        builder.add(
            "CRAH",
            "AirTemperature",
            "crah",
            crah_facts,
            of_parent(channel(name), halls),
            {"engUnit": "C"},
            area=(side,),
        )
    builder.add(
        "CRAH",
        "FanSpeed",
        "crah",
        crah_facts,
        channel("crah.fan_speed", PER_CENT),
        {"engUnit": "%"},
    )
    builder.add("CRAH", "Status", "crah", crah_facts, online("crah"), texts(RUNNING))
    aisles = builder.paths("row")
    for side, name in (
        ("cold-aisle", "row.cold_aisle_temperature"),
        ("hot-aisle", "row.hot_aisle_temperature"),
    ):
        builder.add(
            "Sensor",
            "AirTemperature",
            "row",
            [named(f"{row}/{side}", [row]) for row in aisles],
            channel(name),
            {"engUnit": "C"},
            suffix=side,
        )
