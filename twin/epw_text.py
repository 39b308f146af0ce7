"""An EPW file as text: its encoding, header lines and the cells of its records."""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from physics.factory.arrays import Floats
from twin.errors import InputError

MOST_BYTES = 256 * 2**20
MOST_HEADER_LINES = 64
FEWEST_COLUMNS, MOST_COLUMNS = 32, 35  # the last three came later
NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"\d{1,4}(?:\.0*)?", re.ASCII)


@dataclass(frozen=True)
class Column:
    """A column of numbers: from 1, name for people, possible values, and from where on a value is
    the format's mark of a missing one.

    ``negative_is_missing``: marks of other formats, and sensors' offset at night.
    """

    number: int
    name: str
    low: float
    high: float
    missing: float
    negative_is_missing: bool = False


@dataclass(frozen=True)
class EpwText:
    """Header and records of a file as text.

    Attributes
    ----------
    header : line and cells of every header line, by its first word
    rows, lines : cells of every record, and the line where it stands
    """

    file: Path
    header: dict[str, tuple[int, list[str]]]
    rows: list[list[str]]
    lines: list[int]

    def fail(self, row: int, message: str, found: str = "", allowed: str = "") -> InputError:
        """The error about a record."""
        return InputError(message, self.file, self.lines[row], found=found, allowed=allowed)

    def numbers(self, column: Column) -> Floats:
        """A column, NaN where missing.

        Raises InputError for text that is no number, and for a value that cannot be.
        """
        at = column.number - 1
        cells = [row[at].strip() for row in self.rows]
        for i, text in _unlike(cells, NUMBER, blank=True):
            raise self._wrong(i, column, "is not a number", text)
        values = np.array([float(text) if text else math.nan for text in cells])
        values[values >= column.missing] = math.nan
        if column.negative_is_missing:
            values[values < 0.0] = math.nan
        wrong = np.flatnonzero((values < column.low) | (values > column.high))
        if wrong.size:
            first = int(wrong[0])
            raise self._wrong(first, column, "cannot be", cells[first])
        return values

    def whole_numbers(self, number: int, name: str) -> list[int]:
        """A column of the stamps."""
        cells = [row[number - 1].strip() for row in self.rows]
        for i, text in _unlike(cells, _WHOLE, blank=False):
            message = f"{name} (column {number}) is not a whole number"
            raise self.fail(i, message, text, "such as 1")
        return [int(text.partition(".")[0]) for text in cells]

    def _wrong(self, row: int, column: Column, why: str, found: str) -> InputError:
        return self.fail(
            row,
            f"{column.name} (column {column.number}) {why}",
            found,
            f"{column.low:g} to {column.high:g}, or {column.missing:g} where missing",
        )


def _unlike(
    cells: Sequence[str], pattern: re.Pattern[str], *, blank: bool
) -> Iterator[tuple[int, str]]:
    """Number and text of the cells that do not match a pattern.

    All are looked at together first: one by one takes ten times as long.
    """
    one = f"(?:{pattern.pattern}){'?' if blank else ''}"
    if re.fullmatch(f"{one}(?:,{one})*", ",".join(cells), re.ASCII):
        return
    for i, text in enumerate(cells):
        if not (pattern.fullmatch(text) or (blank and not text)):
            yield i, text


def read_text(file: Path) -> EpwText:
    """Header and records of an EPW file.

    Raises InputError: not found, not readable, no LOCATION or DATA PERIODS, no records, or a record
    with the wrong number of columns.
    """
    return _parted(file, _decoded(file))


def _decoded(file: Path) -> str:
    """The text of a file: UTF-8 or UTF-16 with or without a mark, else Windows' Latin letters."""
    if not file.is_file():
        raise InputError("weather file not found", file)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InputError(
                "weather file is too large",
                file,
                found=f"{file.stat().st_size / 2**20:,.0f} MiB",
                allowed=f"at most {MOST_BYTES // 2**20} MiB",
            )
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"weather file cannot be read: {error.strerror}", file) from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise InputError("not a weather file: it holds bytes that are no text", file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _parted(file: Path, text: str) -> EpwText:
    """Header lines by their first word, and the records; raises InputError for what is no EPW."""
    lines = re.split(r"\r\n|\r|\n", text)
    header: dict[str, tuple[int, list[str]]] = {}
    first = 0
    for number, line in enumerate(lines[:MOST_HEADER_LINES], start=1):
        try:
            cells = next(csv.reader([line]), [])
        except csv.Error as error:
            raise InputError(f"a header line cannot be read: {error}", file, number) from None
        word = cells[0].strip().upper() if cells else ""
        if number == 1 and word != "LOCATION":
            raise InputError(
                "not an EPW file: it does not begin with LOCATION",
                file,
                1,
                found=repr(line[:60]),
                allowed="LOCATION,<city>,... in the first line",
            )
        header[word] = (number, cells)
        if word == "DATA PERIODS":
            first = number
            break
    if not first:
        raise InputError(
            "not an EPW file: the header line DATA PERIODS is missing",
            file,
            allowed="DATA PERIODS,<periods>,<records an hour>,... before the records",
        )
    rows, numbers = [], []
    for number, line in enumerate(lines[first:], start=first + 1):
        if not line.strip():
            continue
        cells = line.rstrip().rstrip(",").split(",")
        if not FEWEST_COLUMNS <= len(cells) <= MOST_COLUMNS:
            raise InputError(
                "a weather record has the wrong number of columns",
                file,
                number,
                found=str(len(cells)),
                allowed=f"{FEWEST_COLUMNS} to {MOST_COLUMNS}, as all EPW records have",
            )
        rows.append(cells)
        numbers.append(number)
    if not rows:
        raise InputError("the weather file holds no records", file)
    return EpwText(file, header, rows, numbers)
