"""Limits of a study: ``hottest < 87 degC``, about the study's own results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from twin.errors import near_matches
from twin.regression.dimensions import Unit, unit_named, unit_of_channel
from twin.regression.parser import parse
from twin.regression.problem import ExpectationError
from twin.regression.syntax import ChannelName, Comparison, Negative, Quantity


@dataclass(frozen=True)
class Bound:
    """One limit: a result's name, the relation, and the value in SI."""

    text: str
    name: str
    relation: str
    value: float

    def excess(self, values: Mapping[str, float]) -> float:
        """How far a result lies beyond the limit; zero or less within it, infinite without one."""
        found = values.get(self.name, math.nan)
        if math.isnan(found):
            return math.inf
        if self.relation in ("<", "<="):
            return found - self.value
        return self.value - found


def bound_of(text: str, units: Mapping[str, str]) -> Bound:
    """Read a limit.

    Parameters
    ----------
    units : unit of every result by name, as its figure has it

    Raises
    ------
    ExpectationError : malformed, unknown result, or another dimension; points at the column
    """
    expectation = parse(text)
    condition = expectation.condition
    if not isinstance(condition, Comparison) or expectation.qualifiers:
        raise ExpectationError(
            "a limit compares one result with one number", text, 0, "such as hottest < 87 degC"
        )
    left, right = condition.left, condition.right
    sign = 1.0
    if isinstance(right, Negative):
        right, sign = right.value, -1.0
    if not isinstance(left, ChannelName) or not isinstance(right, Quantity):
        raise ExpectationError(
            "a limit compares one result with one number", text, 0, "such as hottest < 87 degC"
        )
    if left.name not in units:
        raise ExpectationError(
            f"'{left.name}' is no result of the study",
            text,
            left.at,
            near_matches(left.name, [*units]),
        )
    if condition.relation not in ("<", "<=", ">", ">="):
        raise ExpectationError(
            "a limit is an upper or a lower one", text, condition.at, "<, <=, > or >="
        )
    unit = _unit(units[left.name])
    if not unit.fits(right.unit):
        raise ExpectationError(
            f"{left.name} is in {unit.name}, not {right.unit.name}", text, right.at
        )
    return Bound(text, left.name, condition.relation, sign * right.value)


def _unit(text: str) -> Unit:
    return unit_of_channel(text) if text in ("degC", "") else unit_named(text)
