"""Small EPW files whose values tell their own hour, for tests to write and to spoil."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

COLUMNS = 35
PLACE = "Somewhere,X,KOR,test,471080,37.57,126.97,9.0,86.0"


def header(place: str = PLACE, per_hour: int = 1, period: str = "1/ 1,12/31") -> list[str]:
    """The eight lines before the records."""
    return [
        f"LOCATION,{place}", "DESIGN CONDITIONS,0", "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0", "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0", "COMMENTS 1,made for a test",
        "COMMENTS 2,", f"DATA PERIODS,1,{per_hour},Data,Sunday,{period}",
    ]  # fmt: skip


def record(end: datetime, minutes: int = 60, dry: float = 20.0, **columns: object) -> str:
    """The record that ends at a time; ``c10=999999`` sets column 10."""
    start = end - timedelta(minutes=minutes)
    minute = 60 if minutes == 60 else start.minute + minutes
    values: list[object] = [start.year, start.month, start.day, start.hour + 1, minute, "?"]
    values += [f"{dry:.2f}", 0.0 if dry > 0 else dry - 5, 50, 101_000, *[0] * (COLUMNS - 10)]
    for name, value in columns.items():
        values[int(name[1:]) - 1] = value
    return ",".join(str(value) for value in values)


def series(
    first: datetime,
    count: int,
    value: Callable[[datetime], float] = lambda end: 20.0,
    minutes: int = 60,
    **columns: object,
) -> list[str]:
    """Records without a break; ``value`` of the time at which each ends is its dry bulb."""
    ends = (first + timedelta(minutes=minutes * (k + 1)) for k in range(count))
    return [record(end, minutes, value(end), **columns) for end in ends]


def write(file: Path, *parts: Iterable[str]) -> Path:
    """A file of header and records."""
    file.write_text("\n".join(line for part in parts for line in part) + "\n", encoding="utf-8")
    return file
