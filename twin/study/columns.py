"""Columns of a table of results for what was varied: comparable numbers in one unit each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.errors import InputError
from twin.money import parse_price
from twin.study.sampling import axes_of, split_quantity
from twin.study.spec import Quantity, Study
from twin.unit_text import pint_text
from twin.units import parse_quantity

if TYPE_CHECKING:
    from twin.plant import Plant


@dataclass(frozen=True)
class Column:
    """How the values of one varied quantity stand in tables.

    Attributes
    ----------
    unit : of the numbers, "" where they have none or the values are text
    numbers : value in the table of values whose unit is not the column's
    text : values stand as they were written
    """

    unit: str = ""
    numbers: Mapping[Quantity, float] | None = None
    text: bool = False

    def value(self, written: Quantity) -> Quantity:
        """What stands in the table for a value."""
        if self.text:
            return str(written)
        if self.numbers is not None and written in self.numbers:
            return self.numbers[written]
        if isinstance(written, str):
            return split_quantity(written, "value")[0]
        return written


def columns_of(study: Study, plant: Plant) -> dict[str, Column]:
    """Columns of everything that a study varies, by name.

    Numbers stand in the unit of the first value that has one; bare numbers of a control in the
    control's. Values that are no numbers of one dimension stand as text.
    """
    from twin.controls import resolve_control

    columns: dict[str, Column] = {}
    for axis in axes_of(study):
        varied = study.vary[axis.name]
        own = ""
        if varied.control is not None:
            own = resolve_control(plant, varied.path, varied.control)[0].unit
        plain = Column(axis.unit or own)
        columns[axis.name] = _column(axis.choices, own) if axis.choices else plain
    return columns


def _column(choices: tuple[Quantity, ...], own: str) -> Column:
    """The column of values to choose from; ``own`` is the unit of bare numbers."""
    if not any(isinstance(value, str) for value in choices):
        return Column(own, text=len({isinstance(value, bool) for value in choices}) > 1)
    bare = any(not isinstance(value, str) for value in choices)
    try:
        units = [split_quantity(v, "value")[1] for v in choices if isinstance(v, str)]
        unit = own if bare else units[0]
        numbers: dict[Quantity, float] = {
            v: _in_unit(v, unit) for v in choices if isinstance(v, str)
        }
    except (ValueError, InputError):
        return Column(text=True)
    return Column(unit, numbers)


def _in_unit(written: str, unit: str) -> float:
    """A quantity as a number in a unit; raises ValueError where it has another dimension."""
    value, own = split_quantity(written, "value")
    if own == unit:
        return value
    try:
        price, one = parse_price(written, "J"), parse_price(f"1 {unit}", "J")
    except ValueError:
        return parse_quantity(written, pint_text(unit) if unit else "")
    if price.currency != one.currency:
        raise ValueError("two currencies")
    return price.value / one.value
