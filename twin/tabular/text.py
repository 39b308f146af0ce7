"""Text of a file and its dialect: encodings, separators, header lines, lines of every row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError
from twin.tabular.missing import words
from twin.tabular.table import Lines, clean_name, find_name

SEPARATORS = (",", ";", "\t", "|")
HEAD_LINES = 50
"""Lines in which the header is looked for."""
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def decoded(raw: bytes, file: Path) -> str:
    """Text of a file, with one kind of line end.

    UTF-8, UTF-16 and UTF-32 (by their marks, UTF-16 also by its zero bytes); what is none of these
    is taken for Windows-1252, as spreadsheets write it. Raises InputError for what is no text.
    """
    name = next((name for mark, name in BYTE_ORDER_MARKS if raw.startswith(mark)), None)
    if name is None and b"\x00" in raw[:1000]:
        # text in UTF-16 has its zero bytes on every other place
        name = "utf-16-le" if raw[1:200:2].count(0) > raw[0:200:2].count(0) else "utf-16-be"
    for encoding in (name,) if name else ("utf-8", "cp1252"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise InputError("is not a text file", file, allowed="text in UTF-8, or Parquet")


@dataclass(frozen=True)
class Dialect:
    """How a file writes a table: separator, names, line of the header (from 1), and what was found
    of the names that were wanted."""

    separator: str
    names: tuple[str, ...]
    header: int
    found: dict[str, str]


def dialect_of(text: str, file: Path, wanted: dict[str, str], optional: Sequence[str]) -> Dialect:
    """Find the header: the first line that holds all wanted names under some separator.

    The names decide, so that nothing is guessed: lines before the header (``sep=;``, comments,
    titles) are passed over. Raises InputError when there is no such line.
    """
    head = text[: 2**20].split("\n")[:HEAD_LINES]
    for number, line in _whole_lines(head):
        for separator in SEPARATORS:
            names = _names(line.lstrip("#") if line.startswith("#") else line, separator)
            found = {name: find_name(name, names) for name in wanted}
            if all(found.values()):
                _refuse_twice(names, found, file, number)
                more = {name: find_name(name, names) for name in optional}
                both = {name: column for name, column in (found | more).items() if column}
                return Dialect(separator, names, number, both)
    raise _no_header(head, file, wanted)


def _whole_lines(head: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Lines with the number of their last one: those whose quotes stay open go on."""
    open_quote = ""
    for number, line in enumerate(head, start=1):
        open_quote += line
        if open_quote.count('"') % 2:
            open_quote += " "
            continue
        yield number, open_quote
        open_quote = ""


def _names(line: str, separator: str) -> tuple[str, ...]:
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        row = line.split(separator)
    return tuple(clean_name(name) for name in row)


def _refuse_twice(
    names: Sequence[str], found: dict[str, str | None], file: Path, line: int
) -> None:
    for name in found.values():
        if name is not None and names.count(name) > 1:
            raise InputError(
                "two columns have the same name", file, line, found=name, allowed="one of each name"
            )


def _no_header(head: Sequence[str], file: Path, wanted: dict[str, str]) -> InputError:
    """Why no line is the header, by the line that looks most like one."""
    lines = [line for line in head if line.strip() and not line.lower().startswith("sep=")]
    if not lines:
        return InputError("holds no lines", file)
    plain = [line for line in lines if not line.startswith("#")] or lines
    line = plain[0]
    names = max((_names(line, separator) for separator in SEPARATORS), key=len)
    return missing_column(names, file, wanted, head.index(line) + 1)


def missing_column(
    names: Sequence[str], file: Path, wanted: dict[str, str], line: int | None = None
) -> InputError:
    """Which column is missing, what there is, and what may help."""
    from twin.errors import near_matches

    column, purpose = next(
        ((name, why) for name, why in wanted.items() if find_name(name, names) is None),
        next(iter(wanted.items())),
    )
    shown = ", ".join(names[:12])
    numbers = sum(bool(re.fullmatch(r"[-+\d.,:TZ ]+", name)) for name in names)
    if numbers > 0 and 2 * numbers >= len(names):
        allowed = "a first line with the names of the columns"
    elif len(names) == 1 and len(names[0].split()) > 1:
        allowed = "columns parted by comma, semicolon, tab or |"
    else:
        allowed = near_matches(column, [name for name in names if name] or [shown])
    return InputError(f"no column '{column}' for {purpose}", file, line, column, shown, allowed)


def cells_of(text: str, dialect: Dialect, file: Path, most: int) -> tuple[Any, Lines]:
    """All cells below the header as text (a pandas frame), and the line of every row.

    Empty lines and comments are left out. Raises InputError naming the line of a row with more
    cells than the header has.
    """
    import pandas

    body = text.split("\n", dialect.header)
    below = body[dialect.header] if len(body) > dialect.header else ""
    width = len(dialect.names)
    try:
        # one column more than the header has, so that surplus cells are seen rather than lost
        frame = pandas.read_csv(
            io.StringIO(below),
            sep=dialect.separator,
            header=None,
            names=range(width + 1),
            dtype=str,
            na_filter=False,
            skipinitialspace=True,
            skip_blank_lines=False,
            nrows=most + 1,
        )
    except pandas.errors.EmptyDataError:
        raise InputError("holds no lines", file) from None
    except pandas.errors.ParserError as error:
        raise _malformed(str(error), dialect, file) from None
    if not isinstance(frame.index, pandas.RangeIndex):  # what the first row had too much
        raise _surplus(dialect.header + 1, dialect, file)
    lines = dialect.header + 1 + np.arange(len(frame), dtype=np.int64)
    if below.count("\n") > len(frame):  # line ends within quotes
        inside = sum(frame[column].str.count("\n") for column in frame)
        lines += np.concatenate(([0], np.cumsum(inside.to_numpy())[:-1])).astype(np.int64)
    comment = frame[0].str.startswith("#") & ~words(frame[0])
    full = (frame != "").any(axis=1) & ~comment
    surplus = np.flatnonzero((frame[width].str.strip() != "") & full)
    if len(surplus):
        raise _surplus(int(lines[surplus[0]]), dialect, file)
    kept = full.to_numpy()
    frame = frame.loc[kept, range(width)].set_axis(list(dialect.names), axis=1)
    return frame.reset_index(drop=True), lines[kept]


def _malformed(reason: str, dialect: Dialect, file: Path) -> InputError:
    found = re.search(r"in line (\d+)", reason)
    if found:
        return _surplus(dialect.header + int(found[1]), dialect, file)
    found = re.search(r"starting at row (\d+)", reason)
    if found:
        line = dialect.header + 1 + int(found[1])
        return InputError("a quote is opened and not closed", file, line)
    return InputError(f"cannot be read: {reason.splitlines()[0]}", file)


def _surplus(line: int, dialect: Dialect, file: Path) -> InputError:
    mark = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[dialect.separator]
    return InputError(
        "holds more cells than the header has names",
        file,
        line,
        allowed=f"{len(dialect.names)} cells; a cell with a {mark} in it needs quotes around it",
    )
