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
from twin.control_table import CONTROLS, FAULTS, MONEY_PER_ENERGY
from twin.errors import InputError, near_matches
from twin.money import name_of, parse_price
from twin.plant.levels import PARENTS
from twin.units import example, parse_quantity

__all__ = [
    "CONTROLS", "FAULTS", "Applied", "Command", "Control", "Fault", "apply", "check",
    "refuse_at_rest", "resolve_control", "resolve_fault",
]  # fmt: skip

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer


CHANGES_STORED_ENERGY = frozenset(
    {"charge", "battery_health", "battery-ageing", "life_used", "end-of-life"}
)
"""Controls and faults whose change is not a flow of energy but one of what is there."""


FREEZING = frozenset(
    {"valve_fault", "valve-stuck"}
    | {f"{what}_fault" for what in ("temperature", "pressure")}
    | {f"{what}-sensor-stuck" for what in ("temperature", "pressure")}
)
"""Controls and faults that keep something where it stands just then."""


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


def _allowed(control: Control, low: float, high: float) -> str:
    """What a control may be set to, for messages."""
    unit = f" {control.unit}" if control.unit else ""
    if control.choices:
        return " or ".join(str(choice) for choice in control.choices)
    none = ", or none" if control.lifted_by_none else ""
    return f"{low:g} to {high:g}{unit}{none}"


def _value(
    plant: Plant, control: Control, rows: NDArray[np.int64], value: float | str | None
) -> float:
    """A value asked for, as a number within what the elements allow; raises InputError."""
    key, low, high = control.key, control.low, control.high
    if control.limits is not None:
        low, high = control.limits(plant, rows)
    allowed = _allowed(control, low, high)
    if value is None:
        raise InputError("a value is missing", key=key, allowed=allowed)
    if control.lifted_by_none and (value == math.inf or value == "none"):
        return math.inf
    if isinstance(value, str):
        try:
            if control.unit == MONEY_PER_ENERGY:
                number = _price(plant, value)
            else:
                number = parse_quantity(value, control.unit)
        except ValueError as error:
            such = control.example or example(control.unit)
            raise InputError(
                f"value {error}", key=key, found=repr(value), allowed=f"such as {such}"
            ) from None
    elif control.example:
        raise InputError(
            f"'{key}' needs its unit",
            key=key,
            found=f"{value:g}",
            allowed=f"such as {control.example}",
        )
    else:
        number = float(value)
    if not (low <= number <= high and math.isfinite(number)):
        raise InputError("value out of range", key=key, found=f"{number:g}", allowed=allowed)
    if control.whole and number != round(number):
        raise InputError(
            "value is not a whole number", key=key, found=f"{number:g}", allowed=allowed
        )
    if control.choices and number not in control.choices:
        raise InputError("value without a meaning", key=key, found=f"{number:g}", allowed=allowed)
    return number


def _fitted(
    plant: Plant, control: Control, path: str, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The rows that have what a control needs; raises InputError where none has."""
    if control.fitted is None:
        return rows
    kept = rows[control.fitted(plant)[rows]]
    if not len(kept):
        raise InputError(
            f"nothing at this path has {control.needs}, which '{control.key}' is about",
            key="path",
            found=path,
            allowed=f"a path of, or above, a {control.level} with {control.needs}",
        )
    return kept


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
    control = next(control for control in named if control.level == level)
    return control, _fitted(plant, control, path, rows)


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
    fault = next(fault for fault in named if fault.level == level)
    for control in CONTROLS:
        if control.level == level and control.key in {key for key, *_ in fault.writes}:
            rows = _fitted(plant, control, path, rows)
    return fault, rows


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
        control, rows = resolve_control(plant, command.path, command.key)
        _value(plant, control, rows, command.value)
    else:
        resolve_fault(plant, command.path, command.key)


def refuse_at_rest(plant: Plant, command: Command) -> None:
    """Raise InputError for a command that a state of rest, which knows no time, does not follow."""
    if command.kind == "set":
        written = [resolve_control(plant, command.path, command.key)[0]]
    else:
        fault, rows = resolve_fault(plant, command.path, command.key)
        written = [_written(plant, fault, key, rows)[0] for key, *_ in fault.writes]
    for control in written:
        if control.not_at_rest:
            raise InputError(
                f"a state of rest does not follow '{command.key}': {control.not_at_rest}",
                found=f"{command.path}:{command.key}",
                allowed="a run through time, with this among the events of its scenario",
            )


def apply(plant: Plant, state: StateBuffer, start: StateBuffer, command: Command) -> Applied:
    """Carry a command out on ``state``; ``start`` is the state as built, for clearing faults.

    Raises InputError (unknown path, key or fault; value out of range); nothing is changed then.
    """
    if command.kind == "set":
        control, rows = resolve_control(plant, command.path, command.key)
        number = _value(plant, control, rows, command.value)
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
