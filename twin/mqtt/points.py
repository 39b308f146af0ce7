"""Which of the twin's values are points of the building bus, what they are called and mean.

A point has one topic for its retained metadata and one for its values; both end in a tag path,
which is the path of the element and what distinguishes the point there. Units follow the bus:
degrees Celsius ("C"), litres a minute ("LPM"), kPa, percent and kW.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats, Indices
from twin.channels import BY_NAME
from twin.server.subject import SimulationSubject

PREFIX = "BMS/v1"
Reader = Callable[[SimulationSubject], Floats]

RUNNING = ((0, "Stopped"), (1, "Running"))
CLOSED = ((0, "Open"), (1, "Closed"))
AVAILABLE = ((0, "Not available"), (1, "Available"))
LEAK = ((0, "No leak"), (1, "Leak"))
FAULT = ((0, "No fault"), (1, "Fault"))
ISOLATED = ((0, "Not isolated"), (1, "Isolated"))
REQUESTED = ((0, "Not requested"), (1, "Requested"))
LITRES_PER_MINUTE, PER_CENT, KILO = 60_000.0, 100.0, 1e-3


@dataclass
class Group:
    """Points of one kind: the same point of every element that has it.

    Attributes
    ----------
    object_type, point_type : of the bus
    tags : tag path of every point
    metadata : of every point
    read : values of all points, in the bus's unit; None for points whose values others write
    deadband : smallest change worth a message
    sent : last values published, NaN before the first
    """

    object_type: str
    point_type: str
    tags: list[str]
    metadata: list[dict[str, Any]]
    read: Reader | None = None
    deadband: float = 0.0
    sent: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        self.sent = np.full(len(self.tags), np.nan)

    def value_topic(self, row: int, publisher: str = "PUB") -> str:
        """Topic of a point's values."""
        return f"{PREFIX}/{publisher}/Value/{self.object_type}/{self.point_type}/{self.tags[row]}"

    def metadata_topic(self, row: int) -> str:
        """Topic of a point's metadata."""
        return f"{PREFIX}/PUB/Metadata/{self.object_type}/{self.point_type}/{self.tags[row]}"

    def changed(self, values: Floats) -> Indices:
        """Rows whose value moved by more than the deadband since it was published."""
        known = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            moved = np.abs(values - self.sent) > self.deadband
        return np.flatnonzero(moved | (known != np.isfinite(self.sent)))


def channel(name: str, factor: float = 1.0) -> tuple[Reader, float]:
    """Reader of a channel in the bus's unit, and its deadband: five times the resolution."""
    row = BY_NAME[name]

    def read(subject: SimulationSubject) -> Floats:
        return np.asarray(subject.channel(name) * factor)

    return read, 5.0 * row.resolution * factor


def state(name: str, of: Callable[[Floats], Any] = lambda values: values) -> tuple[Reader, float]:
    """Reader of a field of the state, for switches and set points."""

    def read(subject: SimulationSubject) -> Floats:
        return np.asarray(of(subject.field(name)), dtype=np.float64)

    return read, 1e-6


def of_parent(reader: tuple[Reader, float], index: Indices) -> tuple[Reader, float]:
    """The value of another level's element for each element, by index; missing where it is -1."""
    read, deadband = reader

    def expand(subject: SimulationSubject) -> Floats:
        values = read(subject)
        if not len(values):
            return np.full(len(index), np.nan)
        return np.where(index >= 0, values[np.maximum(index, 0)], np.nan)

    return expand, deadband


def only(reader: tuple[Reader, float], rows: NDArray[np.int64]) -> tuple[Reader, float]:
    """Some rows of a reader."""
    read, deadband = reader
    return lambda subject: read(subject)[rows], deadband


def texts(states: Iterable[tuple[int, str]]) -> dict[str, Any]:
    """Metadata of a point that is a state."""
    return {"stateText": [{"value": value, "text": text} for value, text in states]}


def points(subject: SimulationSubject, integration: str, leaks: Floats) -> list[Group]:
    """All points of a factory.

    ``integration`` is the name under which requests are taken; ``leaks`` holds for every rack
    whether a leak was reported, and is read anew each time.
    """
    builder = _Builder(subject, integration)
    _racks(builder, leaks)
    _cdus(builder)
    _machines(builder)
    _electrical(builder)
    return builder.groups


class _Builder:
    """Collects groups; knows the tree of elements."""

    def __init__(self, subject: SimulationSubject, integration: str):
        self.subject, self.integration = subject, integration
        self.plant = subject.simulation.plant
        self.levels = subject.levels
        self.groups: list[Group] = []
        self._paths: dict[str, list[str]] = {}

    def paths(self, level: str) -> list[str]:
        """Paths of a level."""
        if level not in self._paths:
            self._paths[level] = list(self.levels.paths(level))
        return self._paths[level]

    def below(self, level: str, wanted: str) -> list[list[str]]:
        """Paths of the elements of a level below each element of another."""
        parents = self.levels[wanted].parent_index
        rows = [parents == row for row in range(self.levels[level].count)]
        paths = np.array(self.paths(wanted), dtype=object)
        return [list(paths[mask]) for mask in rows]

    def add(
        self,
        object_type: str,
        point_type: str,
        level: str,
        facts: Sequence[dict[str, Any]],
        reader: tuple[Reader, float] | None,
        meaning: dict[str, Any],
        *,
        area: Sequence[str] = (),
        rows: NDArray[np.int64] | None = None,
        suffix: str = "",
    ) -> None:
        """Add a point of every element (or of ``rows``) of a level."""
        paths = self.paths(level)
        chosen = range(len(paths)) if rows is None else rows.tolist()
        if not len(chosen):
            return
        tail = suffix or "/".join(word.lower() for word in area)
        common: dict[str, Any] = {"objectType": object_type, "pointType": point_type, **meaning}
        if area:
            common["processArea"] = list(area)
        self.groups.append(
            Group(
                object_type,
                point_type,
                [paths[row].strip("/") + (f"/{tail}" if tail else "") for row in chosen],
                [common | facts[row] for row in chosen],
                reader[0] if reader else None,
                reader[1] if reader else 0.0,
            )
        )


def _racks(builder: _Builder, leaks: Floats) -> None:
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
    named = [_named(f"{path}/breaker", [path]) for path in paths]
    builder.add(
        "Breaker",
        "Status",
        "rack",
        named,
        state("rack.energised", lambda values: values > 0.0),
        texts(CLOSED),
        suffix="breaker",
    )


def _cdus(builder: _Builder) -> None:
    cdu = builder.plant.constants.rack.cdu
    racks = np.array(builder.paths("rack"), dtype=object)
    paths = builder.paths("cdu")
    facts = [_named(path, list(racks[cdu == row])) for row, path in enumerate(paths)]

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


def _machines(builder: _Builder) -> None:
    """Coolers, pumps, chillers and air handlers."""
    plant = builder.plant
    cdus = np.array(builder.paths("cdu"), dtype=object)
    served = [
        list(cdus[plant.constants.cdu.plant == row]) for row in range(builder.levels["plant"].count)
    ]

    def facts(level: str, serves: Sequence[list[str]]) -> list[dict[str, Any]]:
        parents = builder.levels[level].parent_index
        return [
            _named(path, serves[int(parents[row])]) for row, path in enumerate(builder.paths(level))
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


def _electrical(builder: _Builder) -> None:
    """Meters along the power path, and the switches between them."""

    def meter(level: str, name: str, serves: Sequence[list[str]]) -> None:
        facts = [
            _named(f"{path}/meter", serves[row]) for row, path in enumerate(builder.paths(level))
        ]
        builder.add(
            "PowerMeter",
            "ActivePower",
            level,
            facts,
            channel(name, KILO),
            {"engUnit": "kW"},
            suffix="meter",
        )

    def meters(level: str, wanted: str) -> list[list[str]]:
        return [[f"{path}/meter" for path in group] for group in builder.below(level, wanted)]

    meter("site", "site.power", meters("site", "hall"))
    meter("hall", "hall.power", meters("hall", "row"))
    meter("row", "row.power", builder.below("row", "rack"))
    for object_type, level, parent in (
        ("UPS", "ups", "hall"),
        ("Breaker", "hall_transformer", "hall"),
        ("Breaker", "site_transformer", "site"),
        ("Breaker", "panel", "row"),
    ):
        parents = builder.levels[level].parent_index
        owners = builder.paths(parent)
        facts = [{"associateId": f"{owners[int(row)]}/meter"} for row in parents]
        meaning = CLOSED if object_type == "Breaker" else RUNNING
        builder.add(
            object_type,
            "Status",
            level,
            facts,
            state(f"{level}.online", lambda values: values > 0.0),
            texts(meaning),
        )


def _named(path: str, serves: Sequence[str]) -> dict[str, Any]:
    return {"objectName": path.strip("/"), "objectId": path, "servesId": list(serves)}
