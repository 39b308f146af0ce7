"""Reading tables: text with separators, JSON lines, Parquet; each of them also packed by gzip."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError
from twin.extras import install_command
from twin.tabular.table import Table, clean_name, find_name
from twin.tabular.text import cells_of, decoded, dialect_of, missing_column

MAXIMUM_LINES = 50_000_000
MAXIMUM_BYTES = 2**30
"""Bounds of a table: its rows, and its size once it is unpacked."""
TEXT = (".csv", ".tsv", ".tab", ".psv", ".txt", ".dat", ".log")
JSON = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq")
KINDS = "CSV or TSV (.csv, .tsv, .txt), JSON lines (.jsonl) or Parquet (.parquet), also as .gz"


def kind_of(file: Path) -> str:
    """Ending of a file in lower case, without that of gzip: ``.swf`` of ``LOG.SWF.GZ``."""
    endings = [ending.lower() for ending in file.suffixes]
    if endings and endings[-1] == ".gz":
        return endings[-2] if len(endings) > 1 else TEXT[0]
    return endings[-1] if endings else ""


def content(file: Path) -> bytes:
    """Bytes of a file, unpacked where gzip packed it; raises InputError."""
    if not file.is_file():
        raise InputError("file not found", file)
    try:
        with file.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(file) if packed else file.open("rb") as stream:
            raw = stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:  # gzip's own errors are of this kind too
        raise InputError(f"cannot be read: {error.strerror or error}", file) from None
    except (EOFError, ValueError, zlib.error) as error:
        raise InputError(f"cannot be unpacked: {error}", file) from None
    if len(raw) > MAXIMUM_BYTES:
        raise InputError("is too large", file, allowed=f"{MAXIMUM_BYTES / 2**30:g} GiB, unpacked")
    return raw


def read_table(file: Path, wanted: Mapping[str, str], optional: Sequence[str] = ()) -> Table:
    """Read a table.

    Parameters
    ----------
    wanted : for messages, what each column is for, by the column's name
    optional : names of columns to take where there are such

    Raises
    ------
    InputError : missing, unreadable or empty file, unknown kind, or a missing column
    """
    kind = kind_of(file)
    if file.is_file() and kind in (".xlsx", ".xls", ".xlsm", ".ods"):
        raise InputError(
            "is a workbook, not a table", file, found=kind, allowed="save the sheet as CSV UTF-8"
        )
    if file.is_file() and kind not in (*TEXT, *JSON, *PARQUET):
        raise InputError("unknown kind of file", file, found=file.suffix, allowed=KINDS)
    raw = content(file)
    if not raw.strip():
        raise InputError("holds no lines", file)
    for mark, what, remedy in _OTHER_KINDS:
        if raw.startswith(mark):
            raise InputError(f"is {what}", file, allowed=remedy)
    if raw.startswith(b"PAR1") or kind in PARQUET:
        table = _parquet(raw, file, wanted, optional)
    elif kind in JSON or raw.lstrip()[:1] == b"{":
        table = _json_lines(decoded(raw, file), file, wanted, optional)
    else:
        text = decoded(raw, file)
        dialect = dialect_of(text, file, dict(wanted), optional)
        frame, lines = cells_of(text, dialect, file, MAXIMUM_LINES)
        semicolons = dialect.separator == ";"
        table = Table(file, dialect.names, frame, lines, dialect.found, semicolons)
    if len(table) == 0:
        raise InputError("holds no lines", file)
    if len(table) > MAXIMUM_LINES:
        raise InputError("has too many lines", file, allowed=f"at most {MAXIMUM_LINES:,}")
    return table


_OTHER_KINDS = (
    (b"PK\x03\x04", "a workbook or a zip archive", "the sheet saved as CSV UTF-8, unpacked"),
    (b"\xd0\xcf\x11\xe0", "an old workbook", "the sheet saved as CSV UTF-8"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", "the unpacked file, or one packed by gzip"),
    (b"BZh", "packed by bzip2", "the unpacked file, or one packed by gzip"),
    (b"\xfd7zXZ", "packed by xz", "the unpacked file, or one packed by gzip"),
    (b"ORC", "an ORC file", "Parquet or CSV"),
    (b"SQLite format 3", "a database", "a query's result as CSV"),
)


def _parquet(raw: bytes, file: Path, wanted: Mapping[str, str], optional: Sequence[str]) -> Table:
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError("Parquet needs pyarrow", file, allowed=install_command("study")) from None
    try:
        # without pandas' own remarks, an index is a column and a missing whole number is NaN
        frame = pyarrow.parquet.read_table(io.BytesIO(raw)).to_pandas(ignore_metadata=True)
    except Exception as error:  # the reader raises many kinds
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot be read: {first}", file) from None
    return _framed(frame, np.arange(1, len(frame) + 1), file, wanted, optional)


def _json_lines(text: str, file: Path, wanted: Mapping[str, str], optional: Sequence[str]) -> Table:
    import pandas

    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise InputError(
                "is not one JSON object on a line",
                file,
                number,
                found=line.strip()[:60],
                allowed=_as_lines(text),
            )
        rows.append(row)
        lines.append(number)
    if not rows:
        raise InputError("holds no lines", file)
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(rows) == 1 and not all(find_name(name, names) for name in wanted):
        lines_of_it = _as_lines(text)
        raise InputError(
            "is one JSON object, not a table",
            file,
            found=", ".join(names[:12]),
            allowed=lines_of_it,
        )
    frame = pandas.DataFrame({name: pandas.Series([row.get(name) for row in rows], dtype=object)
                              for name in names})  # fmt: skip
    return _framed(frame, np.array(lines, dtype=np.int64), file, wanted, optional)


def _as_lines(text: str) -> str:
    """How to make lines of a JSON document, by whose it looks to be."""
    head = text[:4000]
    if '"resultType"' in head:
        return (
            'lines such as {"time": 1785560400, "value": "0.5"}, which jq -c '
            "'.data.result[0].values[] | {time: .[0], value: .[1]}' makes of a Prometheus answer"
        )
    if '"jobs"' in head:
        return "a table, such as sacct -P writes, or lines that jq -c '.jobs[]' makes"
    return "one object a line, as jq -c '.[]' makes of a list"


def _framed(
    frame: Any, lines: Any, file: Path, wanted: Mapping[str, str], optional: Sequence[str]
) -> Table:
    names = tuple(clean_name(name) for name in frame.columns)
    frame = frame.set_axis(list(names), axis=1)
    found = {name: find_name(name, names) for name in (*wanted, *optional)}
    if any(found[name] is None for name in wanted):
        raise missing_column(names, file, dict(wanted))
    kept = {name: column for name, column in found.items() if column is not None}
    for column in kept.values():
        if names.count(column) > 1:
            raise InputError("two columns have the same name", file, found=column)
    return Table(file, names, frame, lines, kept)
