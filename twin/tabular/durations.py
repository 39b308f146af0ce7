"""Columns of durations: numbers with a unit, and clock readings such as ``1-02:03:04``."""

from __future__ import annotations

import re

import numpy as np

from physics.factory.arrays import Floats
from twin.tabular import missing
from twin.tabular.cells import Decimal
from twin.tabular.quantities import quantity
from twin.tabular.table import Column

_CLOCK = re.compile(
    r"(?:(\d+)(?:-| days? ))?(\d{1,4}):([0-5]\d):([0-5]\d(?:\.\d+)?)", re.ASCII | re.IGNORECASE
)


def durations(
    column: Column, unit: str = "", decimal: Decimal | None = None, key: str = "duration_unit"
) -> Floats:
    """Seconds, NaN where a cell is missing, shape [rows].

    Days, hours, minutes and seconds are read as Slurm (``1-02:03:04``) and pandas (``1 days
    02:03:04``) write them; numbers are seconds unless their unit is said.

    Raises
    ------
    InputError : no duration, two-part readings (hours or minutes?), or a doubtful unit
    """
    import pandas

    if pandas.api.types.is_timedelta64_dtype(column.cells.dtype):
        return np.asarray(column.cells.dt.total_seconds(), dtype=np.float64)
    texts = column.texts
    clocks = texts.str.contains(":").to_numpy(dtype=np.bool_)
    if not clocks.any():
        return quantity(column, "s", unit, decimal, key, "s", missing.UNKNOWN)
    seconds = np.full(len(column), np.nan)
    for row in np.flatnonzero(~missing.words(texts)):
        found = _CLOCK.fullmatch(texts.iloc[row])
        if found is None:
            raise column.error(
                "is not a duration", int(row), "such as 02:03:04 or 1-02:03:04, or all in seconds"
            )
        days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
        seconds[row] = ((days * 24 + hours) * 60 + minutes) * 60 + float(found[4])
    return seconds
