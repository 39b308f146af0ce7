"""What a check looks at and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from twin.plant.budget import Budget, power_budget
from twin.plant.capacity import DesignDay, design_day
from twin.plant.plant import Plant

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or has no reserve.

    severity : error (does not work as built), warning (no reserve, or bad practice) or note (what
    is understood by the model, and no fault);
    path : element; message : what is wrong, with figures; fix : how to mend it; check : its name
    """

    severity: Severity
    path: str
    message: str
    fix: str
    check: str


@dataclass(frozen=True, eq=False)
class Subject:
    """A plant with what several checks need."""

    plant: Plant

    @cached_property
    def budget(self) -> Budget:
        """Design powers."""
        return power_budget(self.plant)

    @cached_property
    def days(self) -> list[DesignDay]:
        """Design day of every site."""
        return [design_day(site.location) for site in self.plant.sites]

    def path(self, level: str, index: int) -> str:
        """Path of an element."""
        return self.plant.levels.path(level, index)


Check = Callable[[Subject], Iterator[Finding]]


def kilowatt(power: float) -> str:
    """A power for people: kW below 10 MW, MW above."""
    if abs(power) >= 1e7:
        return f"{power / 1e6:,.1f} MW"
    return f"{power / 1e3:,.0f} kW"


def litres(flow: float) -> str:
    """A flow for people."""
    return f"{flow * 6e4:,.0f} L/min"


def reserve(
    subject: Subject,
    name: str,
    level: str,
    index: int,
    load: float,
    rating: float,
    units: int,
    what: str,
    fix: str,
) -> Iterator[Finding]:
    """Findings of a bank of equal units, each of ``rating`` [W], that together carry ``load`` [W].

    An error when all of them are too small, a warning when all but one are.
    """
    if units == 0 or load <= 0.0:
        return
    path = subject.path(level, index)
    if load > units * rating:
        yield Finding(
            "error",
            path,
            f"{what} overloaded: {kilowatt(load)} on {units} x {kilowatt(rating)}",
            f"{fix}: {int(-(-load // rating))} units carry it, one more in reserve",
            name,
        )
    elif load > (units - 1) * rating:
        yield Finding(
            "warning",
            path,
            f"{what} without redundancy (N): {kilowatt(load)} on {units} x {kilowatt(rating)}, "
            f"{kilowatt((units - 1) * rating)} with one out of service",
            f"{fix}: one more unit",
            name,
        )
