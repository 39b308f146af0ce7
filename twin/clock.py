"""Dates and times that people write, and the clock of a site on which a run begins.

One rule everywhere: what carries no offset from UTC stands on the clock of the layout's first site;
what carries one is converted to that clock. A site's clock keeps one offset all year.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, WithJsonSchema

from twin import units as u
from twin.errors import InputError, near_matches

if TYPE_CHECKING:
    from twin.layout.models import Site

FORMS = "2026-08-01, 2026-08-01T14:00:00, or with an offset 2026-08-01T05:00:00Z or ...+09:00"
YEARS = range(1900, 2201)
"""Years that are taken: within what tables' stamps can hold, and a run beyond them."""

_MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_LIKE_A_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]")


def parse_moment(value: Any) -> datetime:
    """A date and time as people write it; aware when it carries an offset.

    Takes ISO dates, and dates with times of day after ``T`` or a space, with ``Z``, ``UTC`` or an
    offset or without.

    Raises
    ------
    ValueError : anything else, with what to write instead
    """
    if isinstance(value, datetime):
        return _in_range(value)
    if isinstance(value, date):
        return _in_range(datetime(value.year, value.month, value.day))
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"a number is not a date and time{_since_1970(float(value))}")
    if isinstance(value, str) and re.fullmatch(r"\d{9,19}", value.strip(), re.ASCII):
        return parse_moment(int(value))
    found = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        order = isinstance(value, str) and re.match(r"\s*\d{1,2}[/.]\d{1,2}[/.]\d{2,4}", value)
        hint = ": which is the day, which the month?" if order else ""
        raise ValueError(f"is not a date and time of the form {FORMS}{hint}")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    fraction = int((found[7] or "").ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, second, fraction, _offset(found[8]))
    except ValueError as error:
        raise ValueError(f"is not a date and time: {error}") from None
    return _in_range(moment)


def parse_day(value: Any) -> date:
    """A date without a time of day; raises ValueError as :func:`parse_moment` does."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip(), re.ASCII):
        raise ValueError("is not a date of the form 2026-08-01")
    moment = parse_moment(value)
    if isinstance(value, datetime):
        raise ValueError("is not a date of the form 2026-08-01")
    return moment.date()


def _in_range(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(f"is not a year from {YEARS[0]} to {YEARS[-1]}")
    return moment


def _since_1970(value: float) -> str:
    """What was meant by a number, where it counts seconds (or parts of them) since 1970."""
    for unit, size in (("seconds", 1.0), ("milliseconds", 1e3), ("nanoseconds", 1e9)):
        if 1e8 <= value / size < 1e10:
            meant = datetime.fromtimestamp(value / size, UTC)
            return f"; if it counts {unit} since 1970, write {meant:%Y-%m-%dT%H:%M:%SZ}"
    return f"; write {FORMS}"


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in ("Z", "UTC"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if minutes > 59 or hours > 15:
        raise ValueError(f"there is no offset {text}")
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if text[0] == "-" else size)


def _beginning(value: Any) -> datetime | float:
    """A moment, or a duration in seconds."""
    if isinstance(value, datetime | date):
        return parse_moment(value)
    if isinstance(value, str) and _LIKE_A_DATE.match(value):
        return parse_moment(value)
    if isinstance(value, str):
        try:
            return u.parse_quantity(value, "s")
        except ValueError as error:
            raise ValueError(f"is neither a date and time nor a duration: {error}") from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value == 0:
            return 0.0
        raise ValueError(f"has no unit; write for example '2 h', or a date and time: {FORMS}")
    raise ValueError(f"is neither a date and time nor a duration; write '2 h', or {FORMS}")


def _zone(value: Any) -> str:
    known = available_timezones()
    if not isinstance(value, str) or value not in known:
        near = near_matches(str(value), sorted(known))
        near = near if near.startswith("did") else "a name such as Asia/Seoul or UTC"
        raise ValueError(f"unknown time zone; {near}")
    return value


Moment = Annotated[
    datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema({"type": "string", "examples": ["2026-08-01T14:00:00"]}),
]
"""A date and time; see :func:`parse_moment`."""
Day = Annotated[
    date,
    BeforeValidator(parse_day),
    WithJsonSchema({"type": "string", "examples": ["2026-08-01"]}),
]
"""A date alone."""
Beginning = Annotated[
    datetime | float,
    BeforeValidator(_beginning),
    WithJsonSchema({"type": "string", "examples": ["2026-08-01T14:00:00", "2 h"]}),
]
"""Where in a table a run begins: a moment, or seconds (written as a duration)."""
ZoneName = Annotated[
    str, BeforeValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Asia/Seoul"]})
]
"""Name of a time zone in the IANA database."""


@dataclass(frozen=True)
class Clock:
    """The clock of a layout's first site, and when a run begins on it.

    Attributes
    ----------
    start : date and time of the run's start on this clock, without an offset
    offset : hours by which the clock is ahead of UTC; None where the layout does not say
    exact : whether the start was given with an offset, so that no other clock can be meant
    """

    start: datetime
    offset: float | None
    exact: bool = False

    def local(self, moment: datetime) -> datetime:
        """A moment on this clock; raises InputError when that needs an offset nobody gave."""
        if moment.tzinfo is None:
            return moment
        if self.offset is None:
            raise unknown_offset(moment.isoformat())
        utc = moment.astimezone(UTC).replace(tzinfo=None)
        return utc + timedelta(hours=self.offset)

    @property
    def name(self) -> str:
        """For messages: ``the site's clock (UTC+09:00)``."""
        if self.offset is None:
            return "the site's clock"
        return f"the site's clock ({offset_text(self.offset)})"


def offset_text(hours: float) -> str:
    """An offset from UTC, such as ``UTC+09:00``."""
    minutes = round(abs(hours) * 60)
    return f"UTC{'-' if hours < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def clock_of(start: datetime, sites: Sequence[Site]) -> Clock:
    """The clock of the first site, with a run's start on it.

    Raises InputError when the start carries an offset and the layout does not say the clock's.
    """
    offset = sites[0].location.utc_offset if sites else None
    return Clock(Clock(start, offset).local(start), offset, start.tzinfo is not None)


def unknown_offset(found: str) -> InputError:
    """A moment with an offset meets a clock whose offset nobody gave."""
    return InputError(
        "carries an offset from UTC, and the layout does not say that of its clock",
        found=found,
        allowed="utc_offset in the location of the layout's first site, such as utc_offset: 9",
    )


def zone(name: str) -> ZoneInfo:
    """A time zone by the name that :data:`ZoneName` has checked."""
    return ZoneInfo(name)
