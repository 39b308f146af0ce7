"""Columns of times: stamps, numbers since 1970, and numbers since the start, on a site's clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.clock import Clock, unknown_offset, zone
from twin.errors import InputError
from twin.tabular import missing
from twin.tabular.cells import Decimal, numbers
from twin.tabular.quantities import unit_in_name
from twin.tabular.table import Column
from twin.tabular.zones import localised, moment_in_zone

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
SINCE_1970 = (631_152_000.0, 4_102_444_800.0)
"""Seconds since 1970 from 1990 to 2100: what lies between is taken for a date."""
_SPREADSHEET_DAYS = (32_874.0, 73_051.0)  # days since 1899 from 1990 to 2100
_ISO = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?|\d{8}T\d{4}(?:\d{2}(?:\.\d+)?)?"
_OFFSET = r"Z|[+-]\d{2}(?::?\d{2})?"
_STAMP = re.compile(rf"(?:{_ISO})\s?(?:{_OFFSET})?", re.ASCII)
_CARRIES = re.compile(rf"[T ]\d{{2}}:?\d{{2}}.*(?:{_OFFSET})$", re.ASCII)
_FORMS = "seconds, or stamps such as 2026-08-01T14:00:00 or 2026-08-01T05:00:00Z"


class Keys(Protocol):
    """What a scenario says of the times in a table."""

    @property
    def timezone(self) -> str | None: ...
    @property
    def first(self) -> datetime | float | None: ...
    @property
    def time_unit(self) -> str | None: ...
    @property
    def time_format(self) -> str | None: ...
    @property
    def decimal(self) -> Decimal | None: ...


@dataclass(frozen=True, eq=False)
class Times:
    """Times of a column.

    Attributes
    ----------
    seconds : since the run's start; NaN where a time is missing, shape [rows]
    dated : whether they are dates, rather than numbers from a zero of their own
    zero : what 0 s is, for messages: with dates, date and time of it as the column counts them
    assumed : whether nobody said the unit of numbers, so that seconds are taken
    zero_utc : the moment of 0 s, where the column's times are known in UTC
    own : hours by which the clock that the table was written on is ahead of UTC, where it says so
    moved : whether they are taken hour for hour, on the site's clock instead of their own
    """

    seconds: Floats
    dated: bool
    zero: datetime | None
    assumed: bool = False
    zero_utc: datetime | None = None
    own: float | None = None
    moved: bool = False

    def text(self, second: float) -> str:
        """A time as the table has it, for messages."""
        if self.zero is None:
            return f"{second:,.10g} s"
        try:
            moment = self.zero + timedelta(seconds=second)
        except OverflowError:  # a run into the year 10,000
            return f"{second:,.0f} s after {self.text(0.0)}"
        return moment.isoformat(sep=" ", timespec="seconds")

    def first(self, second: float) -> str:
        """What ``first`` has to say for a run to begin at a time."""
        if self.zero is None:
            return f"{second:.10g} s"
        if self.zero_utc is not None:
            return f"{self.zero_utc + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}"
        return (self.zero + timedelta(seconds=second)).isoformat(timespec="seconds")


def times_of(
    column: Column, keys: Keys, clock: Clock, groups: NDArray[np.object_] | None = None
) -> Times:
    """Times of a column in seconds since a run's start.

    Numbers that can only be seconds, milliseconds, microseconds or nanoseconds since 1970 are
    dates; other numbers count from the start, in ``time_unit``. Dates without an offset stand in
    ``timezone``, or without that on the site's clock; those with one are converted.

    Parameters
    ----------
    groups : element of every row, where a table holds the same times for several

    Raises
    ------
    InputError : no time, a time that may be read in two ways, or one that the clocks' change makes
        ambiguous or impossible
    """
    import pandas

    kind = column.cells.dtype
    if column.cells.isna().all():
        raise column.error("holds no time")
    if isinstance(kind, pandas.DatetimeTZDtype):
        own = _hours_ahead(column.cells.iloc[int(column.cells.argmin())])
        return _converted(column, column.cells.dt.tz_convert("UTC"), keys, clock, own)
    if pandas.api.types.is_datetime64_any_dtype(kind):
        return _placed(column, column.cells, keys, clock, groups)
    if pandas.api.types.is_timedelta64_dtype(kind):
        return _counted(column, np.asarray(column.cells.dt.total_seconds(), dtype=np.float64), keys)
    texts = column.texts
    gone = missing.words(texts)
    if gone.all():
        raise column.error("holds no time")
    if keys.time_format is not None:
        return _by_format(column, texts, gone, keys, clock, groups)
    numeric = texts.str.fullmatch(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?").to_numpy(dtype=np.bool_)
    if numeric.any():
        other = np.flatnonzero(~numeric & ~gone)
        if len(other):
            raise column.error("is a time of another kind than other lines have", int(other[0]))
        return _numbers(column, keys, clock)
    return _stamps(column, texts, gone, keys, clock, groups)


# --- numbers --------------------------------------------------------------------------------------


def _numbers(column: Column, keys: Keys, clock: Clock) -> Times:
    """Numbers since 1970, or since the start."""
    import pandas

    values = numbers(column, keys.decimal).values
    present = values[np.isfinite(values)]
    if not len(present):
        raise column.error("holds no time")
    low, high = float(present.min()), float(present.max())
    unit = keys.time_unit
    named, bracketed = unit_in_name(column.name, "s")
    if unit is None and bracketed and named in UNITS:
        unit = named
    candidates = [unit] if unit is not None else ["s", "ms", "us", "ns"]
    for name in candidates:
        size = UNITS[name]
        inside = (present >= SINCE_1970[0] / size) & (present < SINCE_1970[1] / size)
        if inside.all():
            # whole numbers of a unit, since seconds as doubles hold no nanoseconds
            whole = (present == np.floor(present)).all() and name in ("s", "ms", "us", "ns")
            stamps = pandas.Series(
                pandas.NaT, index=range(len(values)), dtype="datetime64[ns, UTC]"
            )
            given = np.isfinite(values)
            stamps[given] = pandas.to_datetime(
                values[given].astype(np.int64) if whole else values[given] * size,
                unit=name if whole else "s",
                utc=True,
            )
            return _converted(column, stamps, keys, clock)
        if inside.any():
            at = np.flatnonzero(np.isfinite(values))[np.flatnonzero(~inside)[0]]
            raise column.error("is no time since 1970, and other lines hold such", int(at))
    size = UNITS[unit or "s"]
    row = int(np.nanargmax(np.abs(values)))
    if max(abs(low), abs(high)) >= SINCE_1970[0] / size:
        raise column.error(
            "is neither a time since the start nor one since 1970",
            row,
            "time_unit, or time_format such as time_format: '%Y%m%d%H%M%S'",
        )
    if unit is None and named not in ("", "s"):
        raise column.error(
            f"no unit is said, and the column's name speaks of {named}",
            None,
            f"time_unit: {named}, or time_unit: s if it is that",
        )
    fractions = (present != np.floor(present)).any()
    days = _SPREADSHEET_DAYS[0] <= low and high < _SPREADSHEET_DAYS[1]
    if unit is None and days and fractions and high - low < 366.0:
        raise column.error(
            "looks like a spreadsheet's days since 1899",
            row,
            "the column formatted as date and time before it is saved; or time_unit: s",
        )
    return _counted(column, values * size, keys, unit is None)


def _counted(column: Column, seconds: Floats, keys: Keys, assumed: bool = False) -> Times:
    """Seconds from a zero of the table's own."""
    if isinstance(keys.first, datetime):
        raise InputError(
            "times are numbers from a zero of their own, and first is a date",
            column.file,
            key=column.name,
            found=f"first: {keys.first.isoformat()}",
            allowed="first: with a duration, such as first: 2 h",
        )
    if keys.timezone is not None:
        raise InputError(
            "times are numbers from a zero of their own, which no timezone changes",
            column.file,
            key=column.name,
            found=f"timezone: {keys.timezone}",
            allowed="no timezone",
        )
    return Times(seconds - (keys.first or 0.0), False, None, assumed)


# --- stamps ---------------------------------------------------------------------------------------


def _normalised(text: str) -> str:
    """A stamp in the form of ISO 8601, where a usual tool wrote it almost so."""
    text = re.sub(r"^(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)", _year_first, text)
    text = re.sub(r"(?<=\s)(\d{1,2})(:\d{2}\S*)\s?([AaPp])\.?[Mm]\.?$", _of_day, text)
    text = re.sub(r"\s?(?:UTC|GMT)$", "Z", text)
    text = re.sub(r"(:\d{2}),(\d+)", r"\1.\2", text)
    return re.sub(r"\s+([+-]\d{2}:?\d{2}|Z)$", r"\1", text)


def _year_first(date: re.Match[str]) -> str:
    return f"{date[1]}-{int(date[2]):02d}-{int(date[3]):02d}"


def _of_day(clock: re.Match[str]) -> str:
    """A reading of a clock of twelve hours, where there is such."""
    hour = int(clock[1])
    if not 1 <= hour <= 12:
        return clock[0]
    return f"{hour % 12 + (12 if clock[3] in 'Pp' else 0):02d}{clock[2]}"


def _stamps(
    column: Column,
    texts: Any,
    gone: NDArray[np.bool_],
    keys: Keys,
    clock: Clock,
    groups: NDArray[np.object_] | None,
) -> Times:
    import pandas

    if keys.time_unit is not None:
        row = int(np.flatnonzero(~gone)[0])
        raise column.error("is a stamp, which has no unit", row, "no time_unit")
    odd = ~texts.str.fullmatch(_STAMP).to_numpy(dtype=np.bool_) & ~gone
    plain = texts.where(~gone, None)
    plain[odd] = texts[odd].map(_normalised)
    bad = odd & ~plain.fillna("").str.fullmatch(_STAMP).to_numpy(dtype=np.bool_)
    if bad.any():
        raise _no_stamp(column, int(np.flatnonzero(bad)[0]))
    carries = plain.fillna("").str.contains(_CARRIES).to_numpy(dtype=np.bool_)
    present = np.flatnonzero(~gone)
    aware = bool(carries[present[0]])
    other = present[carries[present] != aware]
    if len(other):
        raise column.error("some times carry an offset and others do not", int(other[0]))
    # offsets may change within a file, with the clocks: all of them count from Greenwich
    times = pandas.to_datetime(plain, format="ISO8601", utc=aware, errors="coerce")

    def one(text: str) -> Any:
        return pandas.Timestamp(_normalised(text))

    return _checked(column, times, gone, aware, keys, clock, groups, one)


def _by_format(
    column: Column,
    texts: Any,
    gone: NDArray[np.bool_],
    keys: Keys,
    clock: Clock,
    groups: NDArray[np.object_] | None,
) -> Times:
    import pandas

    form = str(keys.time_format)
    aware = "%z" in form or "%Z" in form
    try:
        times = pandas.to_datetime(texts.where(~gone), format=form, utc=aware, errors="coerce")
    except ValueError as error:
        raise InputError(
            f"time_format is not a form of times: {error}",
            column.file,
            key="time_format",
            found=form,
            allowed="such as '%d/%m/%Y %H:%M:%S'",
        ) from None

    def one(text: str) -> Any:
        return pandas.to_datetime(text, format=form)

    return _checked(column, times, gone, aware, keys, clock, groups, one)


def _checked(
    column: Column,
    times: Any,
    gone: NDArray[np.bool_],
    aware: bool,
    keys: Keys,
    clock: Clock,
    groups: NDArray[np.object_] | None,
    one: Callable[[str], Any],
) -> Times:
    """Refuse what could not be read, then place it on the clock; ``one`` reads a single stamp."""
    bad = np.flatnonzero(times.isna().to_numpy() & ~gone)
    if len(bad):
        row = int(bad[0])
        form = keys.time_format
        raise column.error("is not a time", row, f"of the form {form}" if form else _FORMS)
    if aware:
        earliest = one(column.texts.iloc[int(times.argmin())])
        return _converted(column, times, keys, clock, _hours_ahead(earliest))
    return _placed(column, times, keys, clock, groups)


def _forms_of(text: str) -> list[tuple[str, str]]:
    """Forms that a stamp with day and month before the year may have: what stands first, form."""
    found = re.fullmatch(
        r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})"
        r"(?:([ ,T]+)(\d{1,2}:\d{2})(:\d{2})?([.,]\d+)?( ?)([AaPp][Mm])?)?",
        text.strip(),
    )
    if found is None:
        return []
    one, mark, other, year, gap, clock, seconds, fraction, space, half = found.groups()
    time = ""
    if clock:
        time = f"{gap}{'%I' if half else '%H'}:%M{':%S' if seconds else ''}"
        time += f"{fraction[0]}%f" if fraction else ""
        time += f"{space}%p" if half else ""
    end = mark + ("%Y" if len(year) == 4 else "%y") + time
    ways = [("day", f"%d{mark}%m{end}", other), ("month", f"%m{mark}%d{end}", one)]
    return [(first, form) for first, form, month in ways if 1 <= int(month) <= 12]


def _no_stamp(column: Column, row: int) -> InputError:
    forms = _forms_of(column.texts.iloc[row])
    if forms:
        meant = " or ".join(f"time_format: '{form}' ({first} first)" for first, form in forms)
        return column.error(
            "may be read in two ways: day or month first",
            row,
            f"{meant}; or stamps as in ISO 8601",
        )
    return column.error("is not a time", row, f"{_FORMS}; or say their form by time_format")


def _placed(
    column: Column,
    times: Any,
    keys: Keys,
    clock: Clock,
    groups: NDArray[np.object_] | None,
) -> Times:
    """Stamps without an offset: in their zone, else on the site's clock."""
    import pandas

    first = _moment(column, keys)
    if keys.timezone is not None:
        moments = localised(column, times, keys.timezone, groups)
        local = moments.iloc[int(moments.argmin())].tz_convert(zone(keys.timezone))
        return _dated(column, moments, keys, clock, _hours_ahead(local))
    zero = clock.local(first) if first is not None else clock.start
    seconds = (times - pandas.Timestamp(zero)).dt.total_seconds()
    return Times(np.asarray(seconds, dtype=np.float64), True, zero)


def _hours_ahead(moment: Any) -> float | None:
    """Hours by which a moment's clock is ahead of UTC; None where it does not say."""
    ahead = moment.utcoffset()
    return None if ahead is None else float(ahead.total_seconds()) / 3600.0


def _converted(
    column: Column, times: Any, keys: Keys, clock: Clock, own: float | None = None
) -> Times:
    """Moments with an offset: ``timezone`` counts only where the site's offset is not known."""
    first = _moment(column, keys)
    if keys.timezone is not None and clock.offset is not None:
        aware = first is not None and first.tzinfo is not None
        there = zone(keys.timezone).utcoffset(first or clock.start)
        if aware or (first is None and there != timedelta(hours=clock.offset)):
            raise InputError(
                "times carry their offset from UTC, so that timezone would do nothing",
                column.file,
                key=column.name,
                found=f"timezone: {keys.timezone}",
                allowed=f"no timezone: they are converted to {clock.name}; with first: and an "
                "offset the run begins at another moment of the table",
            )
    return _dated(column, times, keys, clock, own)


def _dated(column: Column, times: Any, keys: Keys, clock: Clock, own: float | None) -> Times:
    """Moments in UTC, counted from the start or from ``first``."""
    import pandas

    zero = _zero(column, times, keys, clock)
    seconds = (times - pandas.Timestamp(zero)).dt.total_seconds()
    if clock.offset is not None:
        shown = (zero + timedelta(hours=clock.offset)).replace(tzinfo=None)
    else:
        shown = zero.astimezone(zone(keys.timezone)) if keys.timezone else zero
    return Times(np.asarray(seconds, dtype=np.float64), True, shown, zero_utc=zero, own=own)


def _moment(column: Column, keys: Keys) -> datetime | None:
    if keys.first is None or isinstance(keys.first, datetime):
        return keys.first
    raise InputError(
        "times are dates, and first is a duration",
        column.file,
        key=column.name,
        found=f"first: {keys.first:g} s",
        allowed="first: with a date, such as first: 2026-08-01T14:00:00",
    )


def _zero(column: Column, times: Any, keys: Keys, clock: Clock) -> datetime:
    """The moment that is 0 s, in UTC."""
    first = _moment(column, keys)
    if first is not None and first.tzinfo is not None:
        return first.astimezone(UTC)
    if clock.offset is not None and (first is None or keys.timezone is None):
        local = first if first is not None else clock.start
        return (local - timedelta(hours=clock.offset)).replace(tzinfo=UTC)
    if keys.timezone is not None:
        local = first if first is not None else clock.start
        return moment_in_zone(column, local, keys.timezone)
    row = int(np.flatnonzero(times.notna().to_numpy())[0])
    refused = unknown_offset(column.texts.iloc[row])
    allowed = f"{refused.allowed}; or first: with an offset, where the run begins in the table"
    raise column.error(refused.message, row, allowed)
