"""What an expectation is made of, as the parser leaves it: names not looked up yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.regression.dimensions import Unit

PREDICATE_FUNCTIONS = ("time_to", "duration", "count")
EVENT_FUNCTIONS = ("time_of", "occurrences")
ELEMENT_FUNCTIONS = ("sum", "average", "largest", "smallest", "spread", "abs", "rate")
RUN_FUNCTIONS = ("max", "min", "mean", "first", "last", "range", "integral", "percentile")
FUNCTIONS = (*RUN_FUNCTIONS, *ELEMENT_FUNCTIONS, *PREDICATE_FUNCTIONS, *EVENT_FUNCTIONS)


@dataclass(frozen=True)
class EventName:
    """``cdu-3.trip``: an element (name, path or ``*``) and what happened to it."""

    element: str
    kind: str
    at: int

    @property
    def text(self) -> str:
        """As written."""
        return f"{self.element}.{self.kind}"


@dataclass(frozen=True)
class Moment:
    """A point in time: an event, a time of day [s], or a time since the start [s]."""

    at: int
    event: EventName | None = None
    clock: float | None = None
    elapsed: float | None = None


@dataclass(frozen=True)
class Qualifier:
    """Part of the run: ``between a and b``, ``after a``, ``before a``, ``within 60 s after a``.

    ``delay`` and ``length`` [s] move the beginning and bound the part's length.
    """

    kind: str  # between, after, before
    first: Moment
    last: Moment | None = None
    delay: float = 0.0
    length: float | None = None


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, value in coherent SI."""

    value: float
    unit: Unit
    at: int


@dataclass(frozen=True)
class ChannelName:
    """A channel, at an element or below it."""

    name: str
    at: int
    path: str | None = None
    path_at: int = 0


@dataclass(frozen=True)
class Call:
    """A function of values, predicates or events, over part of the run."""

    function: str
    arguments: tuple[Value | Predicate | EventName, ...]
    at: int
    qualifiers: tuple[Qualifier, ...] = ()


@dataclass(frozen=True)
class Arithmetic:
    """``left operator right`` with one of + - * /."""

    operator: str
    left: Value
    right: Value
    at: int


@dataclass(frozen=True)
class Negative:
    """A value with its sign changed."""

    value: Value
    at: int


@dataclass(frozen=True)
class Comparison:
    """``left relation right``, with ``+- tolerance`` after == and !=."""

    relation: str
    left: Value
    right: Value
    at: int
    tolerance: Quantity | None = None


@dataclass(frozen=True)
class Junction:
    """Predicates joined by and / or."""

    word: str
    parts: tuple[Predicate, ...]
    at: int


@dataclass(frozen=True)
class Negation:
    """A predicate turned round."""

    part: Predicate
    at: int


@dataclass(frozen=True)
class Events:
    """``events == [...]``, ``events include [...]``, ``events exclude [...]``."""

    relation: str
    patterns: tuple[EventName, ...]
    at: int


Value = Quantity | ChannelName | Call | Arithmetic | Negative
Predicate = Comparison | Junction | Negation


@dataclass(frozen=True)
class Expectation:
    """A whole expectation: what must hold, and in which part of the run."""

    text: str
    condition: Predicate | Events
    qualifiers: tuple[Qualifier, ...] = field(default=())
