"""Figures of a run, bound to a plant and not computed yet."""

from __future__ import annotations

from dataclasses import dataclass

from twin.regression.dimensions import Unit
from twin.regression.series import Condition, Series
from twin.regression.syntax import EventName, Qualifier


@dataclass(frozen=True)
class Constant:
    """A number written in the expectation; ``written`` is the unit as people wrote it."""

    unit: Unit
    value: float
    written: Unit


@dataclass(frozen=True)
class RunFigure:
    """A function over a window of a series, a test or an event."""

    unit: Unit
    function: str
    subject: Series | Condition | EventName
    share: float = 0.0  # of percentile
    qualifiers: tuple[Qualifier, ...] = ()
    at: int = 0


@dataclass(frozen=True)
class Combined:
    """Arithmetic between figures."""

    unit: Unit
    operator: str
    left: Figure
    right: Figure


@dataclass(frozen=True)
class Reported:
    """A key figure of the workload at the run's end, such as ``workload.jobs_goodput``."""

    unit: Unit
    name: str


Figure = Constant | RunFigure | Combined | Reported
