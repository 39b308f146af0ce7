"""How an expectation came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from twin.regression.dimensions import Unit

Status = Literal["passed", "failed", "undecided"]


@dataclass(frozen=True)
class Trace:
    """What a picture of an outcome shows: extremes over the elements in time, and the limit.

    Values are in ``unit``; ``limit`` is None where there is none to draw.
    """

    label: str
    unit: str
    times: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    limit: float | None = None


@dataclass(frozen=True)
class Outcome:
    """An expectation and what the run made of it.

    Attributes
    ----------
    text : the expectation
    status : passed, failed, or undecided (the run is too short to tell), which counts as failed
    found : what was found, with unit, place and time
    margin : share of the limit that was left (negative: exceeded); None where it means nothing
    trace : for pictures, or None
    """

    text: str
    status: Status
    found: str
    margin: float | None = None
    trace: Trace | None = field(default=None, repr=False)

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return self.status == "passed"

    def as_dict(self) -> dict[str, Any]:
        """Plain data without the trace."""
        return {
            "expectation": self.text,
            "status": self.status,
            "found": self.found,
            "margin": self.margin,
        }


def shown(value: float, unit: Unit) -> str:
    """A value as people read it, in the unit they wrote."""
    number = value if unit.offset else value / unit.factor
    text = f"{number:.4g}" if abs(number) < 1e6 else f"{number:,.0f}"
    return f"{text} {unit.text}".strip()
