"""What operators and scenarios may change: set points, workload and faults, by path.

A control is one input field of the state with limits. A fault is a named set of writes to controls
that a person would call by that name; clearing it writes the healthy values back. A path may name
an element of the control's level or anything above it, which means all elements below; where that
would leave open which kind of element is meant, it is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from twin.control import Control, Fault
from twin.cooling_controls import COOLING_CONTROLS, COOLING_FAULTS
from twin.errors import InputError, near_matches
from twin.money import name_of, parse_price
from twin.plant.levels import PARENTS
from twin.units import example, parse_quantity

__all__ = [
    "CONTROLS", "FAULTS", "Applied", "Command", "Control", "Fault", "apply", "check",
    "resolve_control", "resolve_fault",
]  # fmt: skip

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer


MONEY_PER_ENERGY = "money/J"
"""Unit of prices: in the currency of the layout's."""

CONTROLS: tuple[Control, ...] = (
    Control("cdu", "supply_setpoint", "degC", 10, 60, "Technology coolant supply set point"),
    Control("cdu", "pumps_online", "", 0, 8, "Number of pumps able to run", whole=True),
    Control(
        "cdu", "valve_fault", "", 0, 1, "1 freezes the primary valve where it stands", whole=True
    ),
    Control("cdu", "fouling", "", 0, 0.95, "Share of the exchanger's UA lost"),
    Control("cdu", "isolated", "", 0, 1, "1 shuts the primary side", whole=True),
    Control("rack", "utilisation", "", 0, 1, "Share of time the accelerators are busy"),
    Control("rack", "compute_share", "", 0, 1, "Share of peak operations asked for at full pace"),
    Control("rack", "memory_share", "", 0, 1, "Share of peak memory bandwidth at full pace"),
    Control("rack", "power_cap", "W", 50, math.inf, "Cap of each accelerator module's power"),
    Control("rack", "flow_factor", "", 0, 1, "Open share of the rack's hydraulic conductance"),
    Control(
        "rack", "priority", "", 0, 9, "Racks of the lowest priority give power up first", whole=True
    ),
    Control("rack", "energised", "", 0, 1, "0 opens the rack's breaker", whole=True),
    Control("gpu", "online", "", 0, 1, "0 stops the accelerator, 1 starts it again", whole=True),
    Control("gpu", "flow_factor", "", 0, 1, "Share of the cold plate's conductance left"),
    Control("row", "recirculation_fault", "", 0, 0.9, "Added share of hot-aisle air drawn"),
    Control("panel", "online", "", 0, 1, "0 takes the panel out of service", whole=True),
    Control(
        "panel", "tripped", "", 0, 1, "0 resets a panel's breaker that has tripped", whole=True
    ),
    Control("hall", "air_setpoint", "degC", 15, 40, "Supply air set point of the air handlers"),
    Control("crah", "online", "", 0, 1, "0 stops the air handler", whole=True),
    Control(
        "hall",
        "ups_request",
        "",
        0,
        5,
        "Mode of the UPS: 1 double conversion, 2 eco, 5 maintenance bypass, 0 off",
        whole=True,
    ),
    Control(
        "ups_system", "online", "", 0, 1, "0 takes a whole UPS system's output away", whole=True
    ),
    Control("ups", "online", "", 0, 1, "0 takes the UPS out of service", whole=True),
    Control("ups", "battery_online", "", 0, 1, "0 opens the UPS battery's breaker", whole=True),
    Control("ups", "battery_health", "", 0.05, 1, "Capacity of the UPS battery relative to new"),
    Control("ups", "charge", "", 0, 1, "State of charge of the UPS battery"),
    Control(
        "hall_transformer", "online", "", 0, 1, "0 takes the transformer out of service", whole=True
    ),
    Control("plant", "supply_setpoint", "degC", 5, 50, "Facility water supply set point"),
    Control("plant", "fouling", "", 0, 0.95, "Share of the coolers' UA lost"),
    Control("cooler", "online", "", 0, 1, "0 stops the cooler", whole=True),
    Control("pump", "online", "", 0, 1, "0 stops the pump", whole=True),
    Control("chiller", "online", "", 0, 1, "0 stops the chiller", whole=True),
    Control(
        "plant_transformer",
        "online",
        "",
        0,
        1,
        "0 takes the transformer out of service",
        whole=True,
    ),
    Control(
        "site_transformer", "online", "", 0, 1, "0 takes the transformer out of service", whole=True
    ),
    Control("site", "grid_available", "", 0, 1, "0 takes the public grid away", whole=True),
    Control("site", "grid_voltage", "", 0, 1.3, "Voltage of the public grid, per unit"),
    Control("site", "dip_voltage", "", 0, 1.3, "Voltage during a dip, per unit; set it first"),
    Control("site", "dip_duration", "s", 0, 600, "Begins a dip that lasts so long"),
    Control(
        "site",
        "power_target",
        "W",
        0,
        math.inf,
        "Power at the grid connection that the site "
        "steers towards by capping racks in order of priority; infinite: none",
    ),
    Control(
        "site",
        "shaving_threshold",
        "W",
        0,
        math.inf,
        "Grid power above which the site battery gives and below which it charges",
    ),
    Control("site", "price", MONEY_PER_ENERGY, 0, math.inf, "Price of energy from the grid"),
    Control("site", "export_price", MONEY_PER_ENERGY, 0, math.inf, "Paid for energy fed into the grid"),
    Control("site", "carbon_intensity", "kg/J", 0, math.inf, "Carbon dioxide of grid energy"),
    Control("feeder", "online", "", 0, 1, "0 opens the feeder", whole=True),
    Control("generator", "online", "", 0, 1, "0 keeps the generator from running", whole=True),
    Control("battery", "online", "", 0, 1, "0 takes the battery unit out of service", whole=True),
    Control("battery", "life_used", "", 0, 2, "Share of the battery unit's life that is used"),
    *COOLING_CONTROLS,
)


FAULTS: tuple[Fault, ...] = (
    Fault("cdu", "trip", (("pumps_online", 0, None),), "All pumps of the CDU stop"),
    Fault("cdu", "pump-failure", (("pumps_online", -1, None),), "One more pump of the CDU stops"),
    Fault("cdu", "valve-stuck", (("valve_fault", 1, 0),), "The primary valve stays where it is"),
    Fault("cdu", "primary-loss", (("isolated", 1, 0),), "No facility water reaches the CDU"),
    Fault("cdu", "fouling", (("fouling", 0.4, 0),), "Exchanger loses 40 % of its UA"),
    Fault("rack", "blockage", (("flow_factor", 0.2, 1),), "Rack branch 80 % blocked"),
    Fault("rack", "isolation", (("flow_factor", 0, 1),), "Rack valves shut: no coolant"),
    Fault("rack", "breaker-open", (("energised", 0, 1),), "Rack loses power"),
    Fault("gpu", "blockage", (("flow_factor", 0, 1),), "Cold plate blocked"),
    Fault("gpu", "failure", (("online", 0, 1),), "Accelerator stops"),
    Fault("row", "blocked-aisle", (("recirculation_fault", 0.3, 0),), "Hot air is drawn in"),
    Fault(
        "panel",
        "trip",
        (("online", 0, 1), ("tripped", 0, 0)),
        "Panel out of service; clearing resets its breaker too",
    ),
    Fault("crah", "trip", (("online", 0, 1),), "Air handler stops"),
    Fault("ups_system", "system-failure", (("online", 0, 1),), "Whole UPS system without output"),
    Fault("ups", "trip", (("online", 0, 1),), "UPS out of service"),
    Fault("ups", "battery-failure", (("battery_online", 0, 1),), "UPS battery open"),
    Fault(
        "ups",
        "battery-ageing",
        (("battery_health", 0.6, 1),),
        "UPS battery at 60 % of its capacity",
    ),
    Fault("hall", "maintenance-bypass", (("ups_request", 5, None),), "Load wired around the UPS"),
    Fault("hall_transformer", "trip", (("online", 0, 1),), "Transformer out of service"),
    Fault("cooler", "trip", (("online", 0, 1),), "Cooler stops"),
    Fault("pump", "trip", (("online", 0, 1),), "Facility pump stops"),
    Fault("chiller", "trip", (("online", 0, 1),), "Chiller stops"),
    Fault("plant", "fouling", (("fouling", 0.3, 0),), "Coolers lose 30 % of their UA"),
    Fault("plant_transformer", "trip", (("online", 0, 1),), "Transformer out of service"),
    Fault("site_transformer", "trip", (("online", 0, 1),), "Transformer out of service"),
    Fault("site", "utility-loss", (("grid_available", 0, 1),), "The public grid is lost"),
    Fault(
        "site",
        "utility-dip",
        (("dip_voltage", 0.5, 0), ("dip_duration", 0.5, 0)),
        "Grid voltage dips to 50 % for half a second",
    ),
    Fault("site", "brownout", (("grid_voltage", 0.85, 1),), "Grid voltage falls to 85 %"),
    Fault("feeder", "feeder-failure", (("online", 0, 1),), "Feeder lost"),
    Fault("generator", "generator-failure", (("online", 0, 1),), "Generator cannot run"),
    Fault("battery", "trip", (("online", 0, 1),), "Battery unit out of service"),
    Fault("battery", "end-of-life", (("life_used", 1, 0),), "Battery unit at the end of its life"),
    *COOLING_FAULTS,
)


CHANGES_STORED_ENERGY = frozenset(
    {"charge", "battery_health", "battery-ageing", "life_used", "end-of-life"}
)
"""Controls and faults whose change is not a flow of energy but one of what is there."""


@dataclass(frozen=True)
class Command:
    """A change asked for: set a control, inject a fault, or clear it.

    key : control key (set) or fault name (inject, clear)
    value : number in the control's unit, or text with a unit
    """

    kind: Literal["set", "inject", "clear"]
    path: str
    key: str
    value: float | str | None = None


@dataclass(frozen=True)
class Applied:
    """A command carried out: how many elements it changed, and the first one's value."""

    command: Command
    elements: int
    before: float
    after: float


def _at(plant: Plant, path: str, levels: list[str], what: str) -> tuple[str, NDArray[np.int64]]:
    """The one of ``levels`` that a path means, and the rows of it at or below the path.

    What was named itself goes before what lies below it, and a level before those below that.

    Raises
    ------
    InputError : unknown path, none of the levels lies there, or several that are no one's parents
    """
    if path.strip() == "/":
        found = {name: np.arange(plant.levels[name].count) for name in levels}
    else:
        own, row = plant.levels.find(path)
        found = {name: plant.levels.below(own, row, name) for name in levels}
    found = {name: rows for name, rows in found.items() if len(rows)}
    if not found:
        raise InputError(
            f"nothing at this path has '{what}'",
            key="path",
            found=path,
            allowed=f"a path of, or above, a {' or '.join(levels)}",
        )
    highest = [name for name in found if not any(above in found for above in _above(name))]
    if len(highest) > 1:
        raise InputError(
            f"several kinds of element at this path have '{what}'",
            key="path",
            found=path,
            allowed=f"the path of one {' or '.join(highest)}",
        )
    return highest[0], found[highest[0]]


def _above(level: str) -> Iterator[str]:
    """Levels above a level."""
    parent = PARENTS[level]
    while parent is not None:
        yield parent
        parent = PARENTS[parent]


def _price(plant: Plant, text: str) -> float:
    """Value of a price in the layout's currency; raises ValueError."""
    price, own = parse_price(text, "J"), plant.layout.model.currency
    if own is None:
        raise ValueError("needs a layout that has prices: give it grid.price")
    if price.currency != own:
        raise ValueError(
            f"is in {price.shown} where all prices are in {name_of(own)}; there is no rate between "
            "them"
        )
    return price.value


def _value(plant: Plant, control: Control, value: float | str | None, key: str) -> float:
    if value is None:
        raise InputError("a value is missing", key=key, allowed=f"{control.low} to {control.high}")
    if isinstance(value, str):
        try:
            if control.unit == MONEY_PER_ENERGY:
                number = _price(plant, value)
            else:
                number = parse_quantity(value, control.unit)
        except ValueError as error:
            such = "150 won/kWh" if control.unit == MONEY_PER_ENERGY else example(control.unit)
            raise InputError(
                f"value {error}", key=key, found=repr(value), allowed=f"such as {such}"
            ) from None
    else:
        number = float(value)
    if math.isnan(number) or not control.low <= number <= control.high:
        unit = f" {control.unit}" if control.unit else ""
        raise InputError(
            "value out of range",
            key=key,
            found=f"{number:g}",
            allowed=f"{control.low:g} to {control.high:g}{unit}",
        )
    if control.whole and number != round(number):
        raise InputError(
            "value is not a whole number",
            key=key,
            found=f"{number:g}",
            allowed=f"{control.low:g} to {control.high:g}",
        )
    return number


def resolve_control(plant: Plant, path: str, key: str) -> tuple[Control, NDArray[np.int64]]:
    """The control of a key that applies at a path, and the rows it changes.

    Raises InputError for an unknown path, and a key that no or several kinds of element there have.
    """
    named = [control for control in CONTROLS if control.key == key]
    if not named:
        raise InputError(
            "unknown control",
            key="key",
            found=key,
            allowed=near_matches(key, sorted({c.key for c in CONTROLS})),
        )
    level, rows = _at(plant, path, [control.level for control in named], key)
    return next(control for control in named if control.level == level), rows


def resolve_fault(plant: Plant, path: str, name: str) -> tuple[Fault, NDArray[np.int64]]:
    """The fault of a name that applies at a path, and the rows it hits; raises InputError.

    A fault of a whole site may be put at ``/``, whatever the layout is called: it hits all sites.
    """
    named = [fault for fault in FAULTS if fault.name == name]
    if not named:
        raise InputError(
            "unknown fault",
            key="key",
            found=name,
            allowed=near_matches(name, sorted({f.name for f in FAULTS})),
        )
    if path.strip() == "/":
        everywhere = next((fault for fault in named if fault.level == "site"), None)
        if everywhere is None:
            raise InputError("a fault needs the path of an element", key="path", found=path)
        return everywhere, np.arange(plant.levels["site"].count)
    level, rows = _at(plant, path, [fault.level for fault in named], name)
    return next(fault for fault in named if fault.level == level), rows


def place(plant: Plant, path: str) -> str:
    """Where a fault at a path is said to be: one at ``/`` at the site, if there is only one."""
    if path.strip() == "/" and plant.levels["site"].count == 1:
        return plant.levels.path("site", 0)
    return path


def _written(
    plant: Plant, fault: Fault, key: str, rows: NDArray[np.int64]
) -> tuple[Control, NDArray[np.int64]]:
    """Control that a fault writes under a key, and the rows of it for the elements it hits."""
    level, dot, below = key.rpartition(".")
    if not dot:
        level, below = fault.level, key
    control = next(c for c in CONTROLS if c.level == level and c.key == below)
    if level == fault.level:
        return control, rows
    found = [plant.levels.below(fault.level, int(row), level) for row in rows]
    return control, np.concatenate(found) if found else rows[:0]


def check(plant: Plant, command: Command) -> None:
    """Raise InputError if a command cannot be carried out on this plant."""
    if command.kind == "set":
        control, _ = resolve_control(plant, command.path, command.key)
        _value(plant, control, command.value, command.key)
    else:
        resolve_fault(plant, command.path, command.key)


def apply(plant: Plant, state: StateBuffer, start: StateBuffer, command: Command) -> Applied:
    """Carry a command out on ``state``; ``start`` is the state as built, for clearing faults.

    Raises InputError (unknown path, key or fault; value out of range); nothing is changed then.
    """
    if command.kind == "set":
        control, rows = resolve_control(plant, command.path, command.key)
        number = _value(plant, control, command.value, command.key)
        values = state.field(control.source)
        before = float(values[rows[0]])
        values[rows] = number
        return Applied(command, len(rows), before, number)
    fault, rows = resolve_fault(plant, command.path, command.key)
    before = after = 0.0
    told = False
    for key, faulty, healthy in fault.writes:
        control, written = _written(plant, fault, key, rows)
        if not len(written):
            continue
        values = state.field(control.source)
        old = values[written].copy()
        if command.kind == "clear":
            values[written] = start.field(control.source)[written] if healthy is None else healthy
        elif faulty < 0:  # one unit fewer
            values[written] = np.maximum(old + faulty, 0.0)
        else:
            values[written] = faulty
        if not told:
            before, after, told = float(old[0]), float(values[written[0]]), True
    return Applied(command, len(rows), before, after)
