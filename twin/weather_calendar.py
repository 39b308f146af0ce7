"""When the records of a weather file are met, by their stamps.

A file of a year or less is met by month, day and hour, whatever the year: typical years take every
month from another. Its moments count in a year that has a 29 February; where the file has none, the
28th is repeated. Only a file of more than a year is met by its years too.
"""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.errors import InputError

HOUR, DAY = 3600.0, 86_400.0
YEAR = 366 * DAY
LEAP_DAY = 59 * DAY  # 29 February 0:00
_ANY_YEAR = datetime(2000, 1, 1)  # of 366 days
_EPOCH = datetime(1, 1, 1)
LONGEST_GAP = 24  # hours in one piece that a file may lack

Refuse = Callable[[int, str, str, str], InputError]
"""Makes the error about a record: its number, what is wrong, what was found, what is allowed."""


@dataclass(frozen=True)
class Stamps:
    """Stamps of a file's records as they stand in it, shape [records] each; hours are 1 to 24."""

    year: NDArray[np.int64]
    month: NDArray[np.int64]
    day: NDArray[np.int64]
    hour: NDArray[np.int64]
    minute: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RecordTimes:
    """When records are met, rising in time.

    Attributes
    ----------
    ends : s, shape [slots]: the moment each record is met, which ends the time that its means are
        of; since 1 January of a year with a 29 February, or of year 1 where ``dated``
    rows : the record that holds there, or -1 where the file lacks one, shape [slots]
    interval : s that each record stands for
    spans : first and last moment of every piece without a break
    dated : whether years count
    periodic : whether the records are a whole year that begins anew
    """

    ends: Floats
    rows: NDArray[np.int64]
    interval: float
    spans: tuple[tuple[float, float], ...]
    dated: bool = False
    periodic: bool = False

    def position(self, moment: datetime) -> float:
        """Seconds as of ``ends``; NaN where there are no records."""
        if self.dated:
            return self._within((moment - _EPOCH).total_seconds())
        seconds = (moment.replace(year=_ANY_YEAR.year) - _ANY_YEAR).total_seconds()
        if self.periodic:
            return seconds
        here = self._within(seconds)
        return here if here == here else self._within(seconds + YEAR)

    def _within(self, seconds: float) -> float:
        for first, last in self.spans:
            if first - 1e-6 <= seconds <= last + 1e-6:
                return seconds
        return float("nan")

    def covers(self, first: datetime, last: datetime) -> bool:
        """Whether there are records without a break from one moment to another."""
        begin, end = self.position(first), self.position(last)
        if begin != begin or end != end:
            return False
        if self.periodic:
            return True
        length = (last - first).total_seconds()
        if not self.dated:
            # a year without 29 February is a day shorter than the calendar of the file
            length += sum(
                DAY
                for year in range(first.year, last.year + 1)
                if not calendar.isleap(year) and first < datetime(year, 3, 1) <= last
            )
        return abs(end - begin - length) < 1e-3 and any(
            span[0] - 1e-6 <= begin and end <= span[1] + 1e-6 for span in self.spans
        )

    def between(self, values: Floats, position: float) -> float:
        """Value at a position, linear between the moments at which records are met."""
        return float(np.interp(position, self.ends, values))

    def row(self, position: float) -> int:
        """Slot whose interval holds a position; the nearest one outside of all."""
        found = int(np.searchsorted(self.ends, position - 1e-6))
        return min(found, len(self.ends) - 1)

    def pieces(self) -> list[tuple[int, int]]:
        """First slot, and the one after the last, of every span."""
        edges = np.flatnonzero(np.diff(self.ends) > 1.5 * self.interval) + 1
        bounds = [0, *edges.tolist(), len(self.ends)]
        return list(itertools.pairwise(bounds))

    def dates(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Month and day of the first and of the last moment."""
        first = self._moment(self.spans[0][0])
        last = self._moment(self.spans[-1][1] - self.interval)
        return (first.month, first.day), (last.month, last.day)

    def text(self) -> str:
        """The spans for people, such as ``1 July 0:00 to 31 July 24:00``."""
        return ", ".join(
            f"{self.moment_text(first)} to {self.moment_text(last, end=True)}"
            for first, last in self.spans
        )

    def moment_text(self, seconds: float, *, end: bool = False) -> str:
        """A moment for people; midnight belongs to the day that ends, at an end."""
        moment = self._moment(seconds)
        clock = f"{moment.hour}:{moment.minute:02d}"
        if end and clock == "0:00":
            moment, clock = moment - timedelta(days=1), "24:00"
        year = f" {moment.year}" if self.dated else ""
        return f"{moment.day} {calendar.month_name[moment.month]}{year} {clock}"

    def _moment(self, seconds: float) -> datetime:
        if self.dated:
            return _EPOCH + timedelta(seconds=seconds)
        return _ANY_YEAR + timedelta(seconds=seconds % YEAR)


def span_text(first: datetime, last: datetime) -> str:
    """A run's span for people, such as ``2026-08-01 12:00 to 2026-08-01 12:10``."""
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"


def record_times(stamps: Stamps, per_hour: int, periods: int, refuse: Refuse) -> RecordTimes:
    """Moments at which the records of a file are met.

    The record of hour h is met at h:00; of several records an hour, the k-th is met when the k-th
    part of the hour has gone. With one record an hour the minute is not read: files write 0, 30 and
    60 there.

    Parameters
    ----------
    stamps : in the order of the file
    per_hour, periods : records an hour, and pieces of the year, by the file's DATA PERIODS
    refuse : makes the error about a record

    Raises
    ------
    InputError : no such date, hour or minute; a stamp that repeats, goes back, or comes after a gap
        of more than a day that no new period explains
    """
    interval = HOUR / per_hour
    within = _within_hour(stamps, per_hour, refuse)
    seconds = _seconds(stamps, refuse) + within
    unrolled, problem = _unrolled(seconds, interval)
    if problem is None:
        overlap = unrolled[-1] - YEAR > unrolled[0] - 0.5 * interval
        if not overlap:
            return _placed(unrolled, interval, periods, refuse, dated=False)
        problem = int(np.flatnonzero(unrolled - YEAR > unrolled[0] - 0.5 * interval)[0])
    dated = _dated_seconds(stamps)
    if dated is not None:
        dated = dated + within
        if (np.diff(dated) > 0.5 * interval).all():
            return _placed(dated, interval, periods, refuse, dated=True)
    raise refuse(
        problem,
        "a weather record repeats a time or goes back",
        _stamp(stamps, problem) + " after " + _stamp(stamps, max(problem - 1, 0)),
        f"stamps that rise; DATA PERIODS names {per_hour} record{'s' * (per_hour > 1)} an hour",
    )


def _within_hour(stamps: Stamps, per_hour: int, refuse: Refuse) -> Floats:
    """Seconds from the beginning of each record's hour until it is met."""
    if per_hour == 1:
        return np.full(len(stamps.hour), HOUR)
    part = 60 // per_hour
    begins = bool((stamps.minute == 0).any()) and not bool((stamps.minute == 60).any())
    wrong = np.flatnonzero(stamps.minute % part != 0)
    if not begins:
        wrong = np.union1d(wrong, np.flatnonzero(stamps.minute == 0))
    if wrong.size:
        due = ", ".join(str(part * k) for k in range(1, per_hour + 1))
        raise refuse(
            int(wrong[0]),
            f"a minute that {per_hour} records an hour do not have",
            _stamp(stamps, int(wrong[0])),
            f"minutes {due} by the file's DATA PERIODS",
        )
    return np.asarray((stamps.minute + (part if begins else 0)) * 60.0, dtype=np.float64)


def _seconds(stamps: Stamps, refuse: Refuse) -> Floats:
    """Seconds of each record's hour since 1 January of a year with a 29 February."""
    lengths = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    month = np.clip(stamps.month, 1, 12)
    limits: Sequence[tuple[str, NDArray[np.bool_], str]] = (
        ("month", stamps.month != month, "months 1 to 12"),
        ("day", (stamps.day < 1) | (stamps.day > lengths[month - 1]), "days of that month"),
        ("hour", (stamps.hour < 1) | (stamps.hour > 24), "hours 1 to 24, named by their end"),
        ("minute", (stamps.minute < 0) | (stamps.minute > 60), "minutes 0 to 60"),
    )
    for name, wrong, allowed in limits:
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise refuse(first, f"there is no such {name}", _stamp(stamps, first), allowed)
    starts = np.concatenate(([0], np.cumsum(lengths)))[:12]
    days = starts[month - 1] + stamps.day - 1
    return np.asarray(days * DAY + (stamps.hour - 1) * HOUR, dtype=np.float64)


def _dated_seconds(stamps: Stamps) -> Floats | None:
    """Seconds of each record's hour since year 1; None where a year is none or has no such day."""
    found = np.empty(len(stamps.year))
    days: dict[tuple[int, int, int], float] = {}
    dates = zip(stamps.year.tolist(), stamps.month.tolist(), stamps.day.tolist(), strict=True)
    for i, date in enumerate(dates):
        if date not in days:
            try:
                days[date] = (datetime(*date) - _EPOCH).total_seconds()
            except ValueError:
                return None
        found[i] = days[date]
    return found + (stamps.hour - 1) * HOUR


def _unrolled(seconds: Floats, interval: float) -> tuple[Floats, int | None]:
    """Seconds with the year's end passed once, and the first record that does not rise, if any."""
    steps = np.diff(seconds)
    backward = np.flatnonzero(steps < 0.5 * interval)
    if not backward.size:
        return seconds, None
    first = int(backward[0]) + 1
    if steps[first - 1] > -0.5 * interval or backward.size > 1:
        return seconds, first if backward.size == 1 else _worst(steps, backward)
    unrolled = seconds.copy()
    unrolled[first:] += YEAR
    return unrolled, None


def _worst(steps: Floats, backward: NDArray[np.int64]) -> int:
    """The record to name: a step that is not the end of a year, where there is one."""
    for i in backward:
        if steps[i] > -0.5 * YEAR:
            return int(i) + 1
    return int(backward[0]) + 1


def _placed(
    ends: Floats, interval: float, periods: int, refuse: Refuse, dated: bool
) -> RecordTimes:
    """Records with what is missing between them, and the day that common years lack."""
    slots: list[Floats] = []
    rows: list[NDArray[np.int64]] = []
    breaks = [0]
    numbers = np.arange(len(ends))
    begin = 0
    for i in np.flatnonzero(np.abs(np.diff(ends) - interval) > 1e-3).tolist():
        lacking = round((ends[i + 1] - ends[i]) / interval) - 1
        slots.append(ends[begin : i + 1])
        rows.append(numbers[begin : i + 1])
        begin = i + 1
        if not dated and abs(ends[i] % YEAR - LEAP_DAY) < 1e-3 and lacking * interval == DAY:
            repeated = np.flatnonzero((ends > ends[i] - DAY + 1e-3) & (ends <= ends[i] + 1e-3))
            slots.append(ends[repeated] + DAY)
            rows.append(repeated)
            continue
        if lacking * interval <= LONGEST_GAP * HOUR:
            slots.append(ends[i] + interval * np.arange(1, lacking + 1))
            rows.append(np.full(lacking, -1))
            continue
        if len(breaks) >= periods:
            raise refuse(
                i + 1,
                f"records are missing for {lacking * interval / HOUR:,.0f} hours",
                "",
                f"gaps of at most {LONGEST_GAP} hours; {periods} "
                f"period{'s' * (periods > 1)} by the file's DATA PERIODS",
            )
        breaks.append(sum(len(piece) for piece in slots))
    slots.append(ends[begin:])
    rows.append(numbers[begin:])
    times, order = np.concatenate(slots), np.concatenate(rows)
    edges = [*breaks, len(times)]
    spans = tuple(
        (float(times[a] - interval), float(times[b - 1])) for a, b in itertools.pairwise(edges)
    )
    whole = not dated and abs(times[-1] - times[0] + interval - YEAR) < 1e-3 and len(spans) == 1
    if not whole:
        return RecordTimes(times, order, interval, spans, dated)
    turned = np.where(times > YEAR + 1e-3, times - YEAR, times)
    by_time = np.argsort(turned, kind="stable")
    turned, order = turned[by_time], order[by_time]
    # the year goes round: its last record holds before its first, and its first after its last
    turned = np.concatenate(([turned[-1] - YEAR], turned, [turned[0] + YEAR]))
    order = np.concatenate(([order[-1]], order, [order[0]]))
    return RecordTimes(turned, order, interval, ((0.0, YEAR),), periodic=True)


def _stamp(stamps: Stamps, row: int) -> str:
    year, month, day = int(stamps.year[row]), int(stamps.month[row]), int(stamps.day[row])
    return f"{year}-{month:02d}-{day:02d} hour {stamps.hour[row]} minute {stamps.minute[row]}"
