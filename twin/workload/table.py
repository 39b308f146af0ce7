"""Tables people bring: CSV and Parquet with a column map, timestamps with or without time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from physics.factory.arrays import Floats
from twin.errors import InputError, near_matches
from twin.extras import install_command

Table = Mapping[str, Any]
"""Columns as arrays by name."""

MAXIMUM_LINES = 50_000_000
_OFFSET = r"\d{2}:?\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$"
"""A time that ends in its offset from Greenwich."""


def read_table(file: Path, wanted: Mapping[str, str]) -> dict[str, Any]:
    """Read columns of a CSV or Parquet file.

    Parameters
    ----------
    wanted : for messages, what each column is for, by the column's name

    Returns
    -------
    dict[str, numpy array] : the wanted columns

    Raises
    ------
    InputError : missing, unreadable or empty file, unknown kind, or a missing column
    """
    import pandas

    if not file.is_file():
        raise InputError("file not found", file)
    try:
        if file.suffix == ".parquet":
            frame = pandas.read_parquet(file)
        elif file.suffix in (".csv", ".gz", ".txt"):
            frame = pandas.read_csv(file, skipinitialspace=True, nrows=MAXIMUM_LINES)
        else:
            raise InputError(
                "unknown kind of file", file, found=file.suffix, allowed=".csv, .csv.gz or .parquet"
            )
    except ImportError:
        raise InputError("Parquet needs pyarrow", file, allowed=install_command("study")) from None
    except InputError:
        raise
    except Exception as error:  # the readers raise many kinds
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot be read: {first}", file) from None
    frame.columns = [str(name).strip() for name in frame.columns]
    for column, purpose in wanted.items():
        if column not in frame.columns:
            raise InputError(
                f"no column '{column}' for {purpose}",
                file,
                key="columns",
                found=", ".join(frame.columns[:12]),
                allowed=near_matches(column, list(frame.columns)),
            )
    if len(frame) == 0:
        raise InputError("holds no lines", file)
    return {column: frame[column].to_numpy() for column in wanted}


def numbers(values: Any, file: Path, column: str) -> Floats:
    """A column as floats; empty cells become NaN. Raises InputError naming the first bad line."""
    import pandas

    result = pandas.to_numeric(pandas.Series(values), errors="coerce")
    given = pandas.Series(values)
    bad = (
        result.isna()
        & given.notna()
        & ~given.astype(str).str.strip().str.lower().isin(["", "nan", "na", "null", "none", "-"])
    )
    if bad.any():
        first = int(np.flatnonzero(bad.to_numpy())[0])
        raise InputError("is not a number", file, first + 2, column, repr(values[first]))
    return np.asarray(result, dtype=np.float64)


def seconds_since(
    values: Any, start: datetime, timezone: str | None, file: Path, column: str
) -> Floats:
    """Times of a column in seconds since a local date and time.

    Numbers are seconds already. Timestamps without an offset are local times; timestamps with one
    are converted to the site's zone, which has to be named.

    Raises
    ------
    InputError : not a time, an offset without ``timezone`` or only on some, or an unknown zone
    """
    import pandas

    series = pandas.Series(values)
    if pandas.api.types.is_numeric_dtype(series):
        return np.asarray(series, dtype=np.float64)
    numeric = pandas.to_numeric(series, errors="coerce")
    if not numeric.isna().any():
        return np.asarray(numeric, dtype=np.float64)
    offsets = series.astype(str).str.contains(_OFFSET)
    written = series.notna()
    if (offsets & written).any() and not offsets[written].all():
        first = int(np.flatnonzero((written & (offsets != offsets.iloc[0])).to_numpy())[0])
        raise InputError(
            "some times carry an offset and others do not",
            file,
            first + 2,
            column,
            repr(str(values[first])),
        )
    try:
        # offsets may change within a file, with the clocks: all of them count from Greenwich
        times = pandas.to_datetime(series, format="ISO8601", utc=bool(offsets.any()))
    except ValueError:
        times = pandas.to_datetime(series, format="ISO8601", errors="coerce", utc=True)
        bad = np.flatnonzero(times.isna().to_numpy())
        if len(bad):
            first = int(bad[0])
            raise InputError(
                "is not a time",
                file,
                first + 2,
                column,
                repr(values[first]),
                "seconds, or timestamps such as 2026-08-01T14:00:00",
            ) from None
    if times.isna().any():
        first = int(np.flatnonzero(times.isna().to_numpy())[0])
        raise InputError("a time is missing", file, first + 2, column)
    zoned = getattr(times.dt, "tz", None) is not None
    if not zoned:
        origin = pandas.Timestamp(start)
        return np.asarray((times - origin).dt.total_seconds(), dtype=np.float64)
    if timezone is None:
        raise InputError(
            "timestamps carry an offset, the scenario's start is local time",
            file,
            2,
            column,
            repr(str(values[0])),
            "timezone: Asia/Seoul, of the site",
        )
    try:
        origin = pandas.Timestamp(start).tz_localize(
            timezone, ambiguous=True, nonexistent="shift_forward"
        )
    except Exception:
        raise InputError(
            "unknown time zone",
            file,
            key="timezone",
            found=timezone,
            allowed="a name such as Asia/Seoul or UTC",
        ) from None
    return np.asarray((times - origin).dt.total_seconds(), dtype=np.float64)


def gaps_of(times: Floats, longest: float) -> list[tuple[float, float]]:
    """Stretches between neighbouring times that are clearly longer than the usual spacing.

    Usual is the median; a stretch counts from 1.5 times that, or ``longest`` when that is less.
    """
    if len(times) < 2:
        return []
    spacing = np.diff(times)
    usual = float(np.median(spacing))
    threshold = 1.5 * usual if usual > 0.0 else 0.0
    threshold = min(threshold, longest) if longest > 0.0 else threshold
    found = np.flatnonzero(spacing > max(threshold, usual * 1.0001))
    return [(float(times[i]), float(times[i + 1])) for i in found]
