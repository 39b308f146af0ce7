"""Parts of a run that qualifiers name, and the events they are anchored to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from twin.regression.elements import path_matches
from twin.regression.syntax import EventName, Moment, Qualifier
from twin.simulation import Event

DAY = 86_400.0


@dataclass(frozen=True)
class Timeline:
    """What a run's windows are cut from.

    Attributes
    ----------
    start : local date and time of the run's beginning
    times : simulated seconds of the frames, rising, shape [frames]
    events : what happened, in order
    """

    start: datetime
    times: NDArray[np.float64]
    events: Sequence[Event]

    def clock(self, time: float) -> str:
        """Time of the run for messages: ``130 s (14:02:10)``."""
        return f"{time:.0f} s ({(self.start + timedelta(seconds=float(time))):%H:%M:%S})"


@dataclass(frozen=True)
class Window:
    """Frames that count, and the time from which durations are measured.

    Attributes
    ----------
    mask : frames inside, shape [frames]
    beginning, end : simulated seconds
    missing : why there is no such part of the run, or ""
    cut : why only the beginning of that part is in the run, or ""
    """

    mask: NDArray[np.bool_]
    beginning: float
    end: float
    missing: str = ""
    cut: str = ""


def event_name(event: Event) -> str:
    """What happened, as expectations call it: fault, ``<fault>-cleared``, control or kind."""
    if event.kind == "inject":
        return event.key
    if event.kind == "clear":
        return f"{event.key}-cleared"
    if event.kind == "set":
        return event.key
    return event.kind


def matches(pattern: EventName, event: Event) -> bool:
    """Whether an event is the one a pattern names."""
    return pattern.kind == event_name(event) and path_matches(pattern.element, event.path)


def window_of(timeline: Timeline, qualifiers: Sequence[Qualifier]) -> Window:
    """The frames that all qualifiers let through; a frame stands for the time up to it."""
    times = timeline.times
    mask = np.ones(len(times), dtype=np.bool_)
    beginning, end = 0.0, float(times[-1]) if len(times) else 0.0
    asked = end  # the end that the qualifiers name
    for qualifier in qualifiers:
        first = _time_of(timeline, qualifier.first, 0.0)
        if first is None:
            assert qualifier.first.event is not None
            return Window(
                np.zeros_like(mask), 0.0, 0.0, f"{qualifier.first.event.text} never happens"
            )
        if qualifier.kind == "between":
            assert qualifier.last is not None
            if qualifier.first.clock is not None and qualifier.last.clock is not None:
                inside, first = _daily(timeline, qualifier.first.clock, qualifier.last.clock)
                mask &= inside
                beginning = max(beginning, first)
                continue
            last = _time_of(timeline, qualifier.last, first)
            if last is None:
                assert qualifier.last.event is not None
                return Window(
                    np.zeros_like(mask), 0.0, 0.0, f"{qualifier.last.event.text} never happens"
                )
            mask &= (times > first) & (times <= last + 1e-9)
            beginning, end = max(beginning, first), min(end, last)
            asked = max(asked, last)
        elif qualifier.kind == "before":
            mask &= times <= first + 1e-9
            end = min(end, first)
            asked = max(asked, first)
        else:
            first += qualifier.delay
            mask &= times > first + 1e-9
            beginning = max(beginning, first)
            if qualifier.length is not None:
                mask &= times <= first + qualifier.length + 1e-9
                end = min(end, first + qualifier.length)
                asked = max(asked, first + qualifier.length)
    if not mask.any():
        return Window(
            mask,
            beginning,
            end,
            "no part of the run lies there (it covers 0 s to "
            f"{timeline.clock(times[-1] if len(times) else 0.0)})",
        )
    cut = ""
    if asked > times[-1] + 1e-9:
        cut = (
            f"the run ends at {timeline.clock(times[-1])}, before this part of it does at "
            f"{timeline.clock(asked)}"
        )
    return Window(mask, beginning, end, cut=cut)


def _time_of(timeline: Timeline, moment: Moment, not_before: float) -> float | None:
    if moment.elapsed is not None:
        return moment.elapsed
    if moment.clock is not None:
        midnight = timeline.start.replace(hour=0, minute=0, second=0, microsecond=0)
        offset = moment.clock - (timeline.start - midnight).total_seconds()
        while offset < not_before:
            offset += DAY
        return offset
    assert moment.event is not None
    for event in timeline.events:
        if event.time >= not_before - 1e-9 and matches(moment.event, event):
            return event.time
    return None


def _daily(timeline: Timeline, first: float, last: float) -> tuple[NDArray[np.bool_], float]:
    """Frames between two times of day (over midnight if last is earlier), and the beginning."""
    midnight = timeline.start.replace(hour=0, minute=0, second=0, microsecond=0)
    of_day = (timeline.times + (timeline.start - midnight).total_seconds()) % DAY
    # a frame at 06:00:00 belongs to the step before, so the window is open at its beginning
    of_day = np.where(of_day == 0.0, DAY, of_day)
    if first < last:
        inside = (of_day > first) & (of_day <= last)
    else:
        inside = (of_day > first) | (of_day <= last)
    chosen = np.flatnonzero(inside)
    beginning = float(timeline.times[chosen[0] - 1]) if len(chosen) and chosen[0] > 0 else 0.0
    return inside, beginning
