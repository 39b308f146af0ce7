"""Points of a study: grid, Latin hypercube, Monte Carlo. Equal files give equal points."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from physics.factory.arrays import Floats
from twin.bounds import above, count_text, maximum_elements
from twin.errors import InputError
from twin.numerals import number
from twin.study.spec import Quantity, Study, Varied


@dataclass(frozen=True)
class Axis:
    """One varied quantity: its values, or the span of its numbers with their unit.

    Attributes
    ----------
    name : of the quantity
    choices : values to choose from, or empty
    low, high : span of numbers (``normal``: mean and standard deviation)
    unit : text behind the number, "" for plain numbers
    normal : whether numbers are normally distributed
    """

    name: str
    choices: tuple[Quantity, ...]
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    normal: bool = False

    def written(self, number: float) -> Quantity:
        """A number with its unit, as it stands in files."""
        return f"{number:.10g} {self.unit}" if self.unit else number


def split_quantity(value: Quantity, name: str) -> tuple[float, str]:
    """Number and unit of a written quantity; raises InputError."""
    if isinstance(value, bool):
        raise InputError("is not a number", key=f"vary.{name}", found=repr(value))
    if not isinstance(value, str):
        return float(value), ""
    written, _, unit = value.strip().partition(" ")
    try:
        return number(written, unit.strip()), unit.strip()
    except ValueError as error:
        raise InputError(
            str(error), key=f"vary.{name}", found=repr(value), allowed="such as 35 degC"
        ) from None


def axis_of(name: str, varied: Varied) -> Axis:
    """The axis of a varied quantity; raises InputError for spans of two units."""
    if varied.values:
        return Axis(name, varied.values)
    pair = varied.range if varied.range is not None else varied.normal
    assert pair is not None
    low, unit = split_quantity(pair[0], name)
    high, other = split_quantity(pair[1], name)
    # a spread of temperatures is a difference
    fits = unit == other or (varied.normal is not None and (unit, other) == ("degC", "K"))
    if not fits:
        raise InputError(
            "a span needs one unit",
            key=f"vary.{name}",
            found=f"{pair[0]} and {pair[1]}",
            allowed="the same unit twice",
        )
    if varied.range is not None and not low <= high:
        raise InputError(
            "a span begins above its end", key=f"vary.{name}", found=f"{pair[0]} to {pair[1]}"
        )
    return Axis(name, (), low, high, unit, varied.normal is not None)


def axes_of(study: Study) -> list[Axis]:
    """Axes of a study in the order they are written."""
    return [axis_of(name, varied) for name, varied in study.vary.items()]


def points_of(study: Study) -> list[dict[str, Quantity]]:
    """All points of a study: value of every varied quantity by name.

    Raises
    ------
    InputError : a normal distribution on a grid, or too many points
    """
    axes = axes_of(study)
    if study.sample.method == "grid":
        return _grid(study, axes)
    count = study.sample.points
    _refuse_too_many(count, "sample.points")
    if study.sample.method == "latin-hypercube":
        from scipy.stats import qmc

        shares = qmc.LatinHypercube(len(axes), rng=study.sample.seed).random(count)
    else:
        shares = np.random.default_rng(study.sample.seed).random((count, len(axes)))
    return [point_at(axes, row) for row in shares]


def point_at(axes: list[Axis], shares: Floats) -> dict[str, Quantity]:
    """The point at shares 0..1 of every axis (of the probability, for normal ones)."""
    point: dict[str, Quantity] = {}
    for axis, share in zip(axes, shares, strict=True):
        if axis.choices:
            index = min(int(share * len(axis.choices)), len(axis.choices) - 1)
            point[axis.name] = axis.choices[index]
        elif axis.normal:
            from scipy.special import ndtri

            inside = float(np.clip(share, 1e-9, 1.0 - 1e-9))
            point[axis.name] = axis.written(axis.low + axis.high * float(ndtri(inside)))
        else:
            point[axis.name] = axis.written(axis.low + float(share) * (axis.high - axis.low))
    return point


def _grid(study: Study, axes: list[Axis]) -> list[dict[str, Quantity]]:
    columns: list[list[Quantity]] = []
    _refuse_too_many(
        math.prod(len(axis.choices) or study.vary[axis.name].points for axis in axes), "vary"
    )
    for axis in axes:
        if axis.choices:
            columns.append(list(axis.choices))
        elif axis.normal:
            raise InputError(
                "a normal distribution has no grid",
                key=f"vary.{axis.name}",
                allowed="sample: {method: monte-carlo}",
            )
        else:
            numbers = np.linspace(axis.low, axis.high, study.vary[axis.name].points)
            columns.append([axis.written(float(number)) for number in numbers])
    return [dict(zip(study.vary, values)) for values in itertools.product(*columns)]


def _refuse_too_many(count: int, key: str) -> None:
    """Raise InputError for more points than the bound, before they are made."""
    bound = maximum_elements()
    if count > bound:
        raise InputError("too many points", key=key, found=count_text(count), allowed=above(bound))
