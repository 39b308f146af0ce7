"""From observations to verdicts: does an expectation hold, and where and when did it not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from twin.regression.bind import Binder
from twin.regression.bound import Constant, Figure, RunFigure
from twin.regression.dimensions import Unit
from twin.regression.figures import NO_VALUE, Record, Result, evaluate
from twin.regression.outcome import Outcome, Status, Trace, shown
from twin.regression.series import Series
from twin.regression.syntax import (
    Comparison,
    EventName,
    Events,
    Expectation,
    Junction,
    Negation,
    Predicate,
    Qualifier,
)
from twin.regression.windows import event_name, matches, window_of


class Judge(Protocol):
    """A bound condition that can say how it came out."""

    def outcome(self, text: str, record: Record) -> Outcome:
        """Verdict on a finished run."""
        ...


@dataclass(frozen=True)
class Limit:
    """Whether ``left relation right`` holds between two figures, or a series and a figure."""

    left: Series | Figure
    relation: str
    right: Figure
    tolerance: float
    qualifiers: tuple[Qualifier, ...]

    def outcome(self, text: str, record: Record) -> Outcome:
        """Verdict on a finished run."""
        right = evaluate(self.right, record, self.qualifiers)
        if isinstance(self.left, Series):
            return self._always(text, self.left, right, record)
        left = evaluate(self.left, record, self.qualifiers)
        for side in (left, right):
            if side.undecided:
                return Outcome(text, "undecided", side.undecided)
        status = self._status(left, right)
        found = self._found(left)
        if not _settled(self.relation, status, left, right):
            return Outcome(text, "undecided", f"{left.cut or right.cut}; so far {found}")
        if not isinstance(self.right, Constant):
            found += f", against {shown(right.high, self._unit)}"
        return Outcome(
            text, status, found, self._margin(left, right), self._trace(self.left, right, record)
        )

    @property
    def _unit(self) -> Unit:
        for side in (self.right, self.left):
            if isinstance(side, Constant):
                return side.written
        return self.left.unit

    def _found(self, left: Result) -> str:
        if left.never:
            return f"never within {left.span:.0f} s"
        text = shown(left.high, self._unit)
        if left.low != left.high:
            text = f"{shown(left.low, self._unit)} to {text}"
        return f"{text} {left.where}".strip()

    def _status(self, left: Result, right: Result) -> Status:
        if left.never and right.never:
            return "undecided"
        if left.never and right.high > left.span and math.isfinite(right.high):
            # the run ended before the time in question
            return "undecided"
        return "passed" if holds(self.relation, left, right, self.tolerance) else "failed"

    def _margin(self, left: Result, right: Result) -> float | None:
        gap = {
            "<": right.low - left.high,
            "<=": right.low - left.high,
            ">": left.low - right.high,
            ">=": left.low - right.high,
        }.get(self.relation)
        if gap is None:
            gap = self.tolerance - max(abs(left.high - right.low), abs(left.low - right.high))
        factor = 1.0 if self._unit.offset else self._unit.factor
        return gap / factor if math.isfinite(gap) else None

    def _always(self, text: str, series: Series, right: Result, record: Record) -> Outcome:
        """A series must fulfil the relation for every element at every moment of the window."""
        window = window_of(record.timeline, self.qualifiers)
        for missing in (window.missing, right.undecided):
            if missing:
                return Outcome(text, "undecided", missing)
        seen = record.series[id(series)]
        frames = np.flatnonzero(window.mask & (np.array(seen.count) > 0))
        if len(frames) == 0:
            return Outcome(text, "undecided", NO_VALUE)
        low, high = np.array(seen.low)[frames], np.array(seen.high)[frames]
        fine = np.array(
            [holds(self.relation, Result(a, b), right, self.tolerance) for a, b in zip(low, high)]
        )
        upper = self.relation in ("<", "<=")
        if self.relation in ("==", "!="):
            upper = bool((high - right.low).max() >= (right.high - low).max())
        worst = int(np.argmax(high)) if upper else int(np.argmin(low))
        rows = seen.high_row if upper else seen.low_row
        value = float(high[worst] if upper else low[worst])
        unit = self._unit
        found = f"{shown(value, unit)} {record.place(series, rows[frames[worst]], frames[worst])}"
        if not fine.all():
            first = int(np.flatnonzero(~fine)[0])
            if first != worst:
                where = record.place(series, rows[frames[first]], frames[first])
                found += f"; first broken {where}"
        margin = self._margin(Result(float(low.min()), float(high.max())), right)
        seen_until = Result(0.0, 0.0, rises=bool(window.cut), falls=bool(window.cut))
        if fine.all() and not _settled(self.relation, "passed", seen_until, right):
            return Outcome(text, "undecided", f"{window.cut or right.cut}; so far {found}")
        if not fine.all() and not _settled(self.relation, "failed", Result(0.0, 0.0), right):
            return Outcome(text, "undecided", f"{right.cut}; so far {found}")
        return Outcome(
            text,
            "passed" if fine.all() else "failed",
            found,
            margin,
            self._trace(series, right, record),
        )

    def _trace(self, left: Series | Figure, right: Result, record: Record) -> Trace | None:
        subject = left.subject if isinstance(left, RunFigure) else left
        if not isinstance(subject, Series) or id(subject) not in record.series:
            return None
        seen, unit = record.series[id(subject)], self._unit
        comparable = unit.powers == subject.unit.powers
        if not comparable:
            unit = subject.unit
        factor = 1.0 if unit.offset else unit.factor

        def scaled(values: list[float]) -> list[float]:
            return [value / factor for value in values]

        limit = right.high / factor if comparable and math.isfinite(right.high) else None
        return Trace(
            subject.channel or "value",
            unit.name,
            record.timeline.times.tolist(),
            scaled(seen.low),
            scaled(seen.high),
            limit,
        )


@dataclass(frozen=True)
class Joined:
    """Several conditions, all or any of which must hold."""

    word: str
    parts: tuple[Judge, ...]

    def outcome(self, text: str, record: Record) -> Outcome:
        """Verdict on a finished run."""
        outcomes = [part.outcome(text, record) for part in self.parts]
        if self.word == "and":
            decisive = next((o for o in outcomes if o.status == "failed"), None) or next(
                (o for o in outcomes if o.status == "undecided"), None
            )
        else:
            decisive = next((o for o in outcomes if o.passed), None)
        found = "; ".join(o.found for o in outcomes)
        if decisive is None:
            status: Status = (
                "passed"
                if self.word == "and"
                else ("undecided" if any(o.status == "undecided" for o in outcomes) else "failed")
            )
        else:
            status = decisive.status
        shown_trace = next((o.trace for o in outcomes if o.trace is not None), None)
        margins = [o.margin for o in outcomes if o.margin is not None]
        return Outcome(text, status, found, min(margins) if margins else None, shown_trace)


@dataclass(frozen=True)
class Turned:
    """A condition that must not hold."""

    part: Judge

    def outcome(self, text: str, record: Record) -> Outcome:
        """Verdict on a finished run."""
        inner = self.part.outcome(text, record)
        turned: dict[Status, Status] = {
            "passed": "failed",
            "failed": "passed",
            "undecided": "undecided",
        }
        return Outcome(text, turned[inner.status], inner.found, None, inner.trace)


@dataclass(frozen=True)
class EventList:
    """What happened, compared with a list of events."""

    relation: str
    patterns: tuple[EventName, ...]
    qualifiers: tuple[Qualifier, ...]

    def outcome(self, text: str, record: Record) -> Outcome:
        """Verdict on a finished run."""
        window = window_of(record.timeline, self.qualifiers)
        if window.missing and self.qualifiers:
            return Outcome(text, "undecided", window.missing)
        events = [
            e
            for e in record.timeline.events
            if window.beginning - 1e-9 <= e.time <= window.end + 1e-9
        ]
        if self.relation == "==":
            good = len(events) == len(self.patterns) and all(
                matches(p, e) for p, e in zip(self.patterns, events)
            )
        else:
            seen = [any(matches(pattern, e) for e in events) for pattern in self.patterns]
            good = all(seen) if self.relation == "include" else not any(seen)
        if window.cut and good is not (self.relation == "include"):
            # what has happened stays so, what has not may still happen
            return Outcome(text, "undecided", window.cut)
        listed = [f"{e.path.rsplit('/', 1)[-1]}.{event_name(e)} at {e.time:.0f} s" for e in events]
        more = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
        return Outcome(
            text, "passed" if good else "failed", "[" + ", ".join(listed[:8]) + more + "]"
        )


def holds(relation: str, left: Result, right: Result, tolerance: float) -> bool:
    """Whether a relation holds between all values of two spans; a NaN fulfils none."""
    if relation == "<":
        return left.high < right.low
    if relation == "<=":
        return left.high <= right.low
    if relation == ">":
        return left.low > right.high
    if relation == ">=":
        return left.low >= right.high
    equal = max(abs(left.high - right.low), abs(left.low - right.high)) <= tolerance
    if relation == "==":
        return equal
    apart = left.high < right.low - tolerance or left.low > right.high + tolerance
    return apart


def _settled(relation: str, status: Status, left: Result, right: Result) -> bool:
    """Whether no later part of the run, which it does not show, can change a verdict."""
    if status not in ("passed", "failed"):
        return True
    if relation in ("==", "!="):
        return not (left.rises or left.falls or right.rises or right.falls)
    left_lower = (relation in ("<", "<=")) is (status == "passed")
    if left_lower:  # found, or to remain, below
        return not (left.rises or right.falls)
    return not (left.falls or right.rises)


MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def bind_condition(binder: Binder, expectation: Expectation) -> Judge:
    """Bind an expectation to its plant; raises ExpectationError."""
    binder.check_windows(expectation.qualifiers)
    if isinstance(expectation.condition, Events):
        for pattern in expectation.condition.patterns:
            # what must not happen need not be on the timeline
            if expectation.condition.relation == "include" or "*" not in pattern.element:
                binder.check_event(pattern)
        return EventList(
            expectation.condition.relation, expectation.condition.patterns, expectation.qualifiers
        )
    return _condition(binder, expectation.condition, expectation.qualifiers)


def _condition(binder: Binder, node: Predicate, qualifiers: tuple[Qualifier, ...]) -> Judge:
    if isinstance(node, Junction):
        return Joined(node.word, tuple(_condition(binder, p, qualifiers) for p in node.parts))
    if isinstance(node, Negation):
        return Turned(_condition(binder, node.part, qualifiers))
    return _limit(binder, node, qualifiers)


def _limit(binder: Binder, node: Comparison, qualifiers: tuple[Qualifier, ...]) -> Judge:
    left, right, relation = binder.value(node.left), binder.value(node.right), node.relation
    binder.check_units(node, left.unit, right.unit)
    if isinstance(left, Constant) and isinstance(right, Constant):
        raise binder.fail(
            "compares two numbers and nothing of the run",
            node.at,
            "a channel or a function on one side",
        )
    if isinstance(left, Series) and isinstance(right, Series):
        difference = binder.combine("-", left, right, node.at)
        zero = Unit(difference.unit.powers, False, difference.unit.text)
        left, right = difference, Constant(zero, 0.0, zero)
    elif isinstance(right, Series) or isinstance(left, Constant):
        left, right, relation = right, left, MIRRORED[relation]
    assert not isinstance(right, Series)
    if isinstance(left, Series):
        if relation == "!=" and not left.single:
            raise binder.fail(
                "!= compares figures, not values of many elements",
                node.at,
                "min(...) or max(...) around the channel",
            )
        binder.observed.append(left)
    tolerance = node.tolerance.value if node.tolerance is not None else 0.0
    return Limit(left, relation, right, tolerance, qualifiers)
