"""Figures of a run: functions of observed series over windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from physics.factory.arrays import Floats
from twin.regression.bind import OPERATORS
from twin.regression.bound import Combined, Constant, Figure, Reported, RunFigure
from twin.regression.series import Condition, ConditionObservation, Observation, Series
from twin.regression.syntax import EventName, Qualifier
from twin.regression.windows import Timeline, Window, matches, window_of

NO_VALUE = "no element has such a value then: it does not apply"


@dataclass(frozen=True)
class Result:
    """A figure's value: one number, or a span where elements differ.

    Attributes
    ----------
    low, high : smallest and largest; equal for one number
    where : where and when the extreme was, for messages
    undecided : why it cannot be told, or ""
    never : the event or condition did not come within ``span`` seconds
    cut : why the run shows only a beginning of what it is about, or ""
    rises, falls : whether the rest, which the run does not show, may make it larger, or smaller
    """

    low: float
    high: float
    where: str = ""
    undecided: str = ""
    never: bool = False
    span: float = 0.0
    cut: str = ""
    rises: bool = False
    falls: bool = False


DECIDED = ("time_to", "first")
"""Functions whose value, once there is one, no later part of the run changes."""
RISING, FALLING = ("max", "range", "occurrences", "duration"), ("min",)
"""Functions whose value more of the run can only raise, or lower."""


@dataclass(frozen=True)
class Record:
    """Everything kept of a run, to compute figures from.

    Attributes
    ----------
    timeline : times of the frames and events
    durations : seconds each frame stands for, shape [frames]
    series, tests : observations by identity of the observed object
    path : path of an element
    reported : key figures of the workload
    """

    timeline: Timeline
    durations: Floats
    series: dict[int, Observation]
    tests: dict[int, ConditionObservation]
    path: Callable[[str, int], str]
    reported: dict[str, float]

    def place(self, subject: Series | Condition, row: int, frame: int) -> str:
        """Where and when, for messages."""
        when = self.timeline.clock(float(self.timeline.times[frame]))
        if subject.level is None:
            return f"at {when}"
        return f"at {self.path(subject.level, row)}, {when}"


def evaluate(figure: Figure, record: Record, inherited: tuple[Qualifier, ...]) -> Result:
    """Value of a figure; windows of its own go before those inherited from the expectation."""
    if isinstance(figure, Constant):
        return Result(figure.value, figure.value)
    if isinstance(figure, Reported):
        value = record.reported[figure.name]
        return Result(value, value)
    if isinstance(figure, Combined):
        return _combined(figure, record, inherited)
    window = window_of(record.timeline, figure.qualifiers or inherited)
    result = _of_run(figure, record, window)
    if not window.cut or figure.function in DECIDED:
        return result
    return replace(
        result,
        cut=window.cut,
        rises=figure.function not in FALLING,
        falls=figure.function not in RISING,
    )


def _of_run(figure: RunFigure, record: Record, window: Window) -> Result:
    if isinstance(figure.subject, EventName):
        return _of_event(figure, figure.subject, record, window)
    if window.missing:
        return Result(math.nan, math.nan, undecided=window.missing)
    if isinstance(figure.subject, Condition):
        return _of_test(figure, figure.subject, record, window)
    return _of_series(figure, figure.subject, record, window)


def _combined(figure: Combined, record: Record, inherited: tuple[Qualifier, ...]) -> Result:
    left = evaluate(figure.left, record, inherited)
    right = evaluate(figure.right, record, inherited)
    function = OPERATORS[figure.operator]
    corners = [
        float(function(np.float64(a), np.float64(b)))
        for a in (left.low, left.high)
        for b in (right.low, right.high)
    ]
    return Result(
        min(corners),
        max(corners),
        left.where or right.where,
        left.undecided or right.undecided,
        left.never or right.never,
        max(left.span, right.span),
        left.cut or right.cut,
        bool(left.cut or right.cut),
        bool(left.cut or right.cut),
    )


def _of_event(figure: RunFigure, event: EventName, record: Record, window: Window) -> Result:
    if window.missing and not window.mask.any() and window.end <= 0.0:
        return Result(math.nan, math.nan, undecided=window.missing)
    found = [
        e
        for e in record.timeline.events
        if window.beginning - 1e-9 <= e.time <= window.end + 1e-9 and matches(event, e)
    ]
    if figure.function == "occurrences":
        return Result(len(found), len(found))
    span = window.end - window.beginning
    if not found:
        return Result(math.inf, math.inf, never=True, span=span)
    after = found[0].time - window.beginning
    return Result(
        after, after, f"at {found[0].path}, {record.timeline.clock(found[0].time)}", span=span
    )


def _of_test(figure: RunFigure, test: Condition, record: Record, window: Window) -> Result:
    seen = record.tests[id(test)]
    span = window.end - window.beginning
    frames = np.flatnonzero(window.mask & np.array(seen.any, dtype=np.bool_))
    if figure.function == "duration":
        total = float(record.durations[frames].sum())
        where = record.place(test, seen.row[frames[0]], int(frames[0])) if len(frames) else ""
        return Result(total, total, f"first {where}" if where else "", span=span)
    if len(frames) == 0:
        return Result(math.inf, math.inf, never=True, span=span)
    after = float(record.timeline.times[frames[0]]) - window.beginning
    return Result(after, after, record.place(test, seen.row[frames[0]], int(frames[0])), span=span)


def _of_series(figure: RunFigure, series: Series, record: Record, window: Window) -> Result:
    seen = record.series[id(series)]
    frames = np.flatnonzero(window.mask)
    counts = np.array(seen.count)
    if figure.function not in ("first", "last"):
        frames = frames[counts[frames] > 0]
        if len(frames) == 0:
            return Result(math.nan, math.nan, undecided=NO_VALUE)
    low, high = np.array(seen.low)[frames], np.array(seen.high)[frames]
    durations = record.durations[frames]
    name = figure.function
    if name in ("first", "last"):
        k = 0 if name == "first" else len(frames) - 1
        if counts[frames[k]] == 0:
            return Result(math.nan, math.nan, undecided=NO_VALUE)
        frames, low, high = frames[k : k + 1], low[k : k + 1], high[k : k + 1]
    if not np.isfinite(low).all() or not np.isfinite(high).all():
        bad = int(np.flatnonzero(~(np.isfinite(low) & np.isfinite(high)))[0])
        where = record.place(series, seen.high_row[frames[bad]], int(frames[bad]))
        return Result(math.nan, math.nan, f"not a number {where}")
    if name == "max":
        k = int(np.argmax(high))
        where = record.place(series, seen.high_row[frames[k]], int(frames[k]))
        return Result(float(high[k]), float(high[k]), where)
    if name == "min":
        k = int(np.argmin(low))
        where = record.place(series, seen.low_row[frames[k]], int(frames[k]))
        return Result(float(low[k]), float(low[k]), where)
    if name in ("first", "last"):
        where = record.place(series, seen.high_row[frames[0]], int(frames[0]))
        return Result(float(low[0]), float(high[0]), where)
    if name == "range":
        spread = float(high.max() - low.min())
        return Result(spread, spread)
    if name == "percentile":
        values = np.concatenate([seen.everything[k] for k in frames])
        values = values[~np.isnan(values)]
        quantile = float(np.quantile(values, figure.share))
        return Result(quantile, quantile)
    means = np.array(seen.mean)[frames]
    if name == "mean":
        value = float((means * durations).sum() / durations.sum())
    else:
        value = float((means * counts[frames] * durations).sum())
    return Result(value, value)
