"""Whether a table's times meet the run: refused when none does, told when only some do."""

from __future__ import annotations

import numpy as np

from physics.factory.arrays import Floats
from twin.errors import InputError
from twin.tabular.stamps import Times
from twin.tabular.table import Column

THOUSANDS = 1000.0  # what times in milliseconds are often whole multiples of


def refuse_outside(
    column: Column, times: Times, seconds: Floats, duration: float, several: bool
) -> None:
    """Raise InputError when no time lies in the run, or when they look like milliseconds.

    Parameters
    ----------
    seconds : times that count, since the start
    duration : of the run [s]
    several : whether each line stands for itself; else values hold between the first and the last
    """
    if len(seconds) == 0:
        return
    low, high = float(seconds.min()), float(seconds.max())
    if times.assumed and high > duration and _in_thousands(seconds):
        raise InputError(
            "times look like milliseconds",
            column.file,
            key=column.name,
            found=f"{low:,.0f} to {high:,.0f}, all multiples of 1,000, for a run of {duration:g} s",
            allowed="time_unit: ms, or time_unit: s if they are seconds",
        )
    inside = (seconds >= 0.0) & (seconds <= duration)
    if inside.any() or (not several and low < 0.0 < high):
        return
    unit = "; or time_unit, if they are not seconds" if times.assumed else ""
    raise InputError(
        "no line falls into the run",
        column.file,
        key=column.name,
        found=f"{times.text(low)} to {times.text(high)}",
        allowed=f"times from {times.text(0.0)} to {times.text(duration)}, as the run has; to begin "
        f"it at the first line, first: {times.first(low)}{unit}",
    )


def _in_thousands(seconds: Floats) -> bool:
    distinct = np.unique(seconds)
    return len(distinct) > 1 and bool((np.mod(distinct, THOUSANDS) == 0.0).all())


def spans(times: Times, low: float, high: float, duration: float) -> str:
    """Both spans in words, for what is told: the table's and the run's."""
    return (
        f"the table goes from {times.text(low)} to {times.text(high)}, "
        f"the run from {times.text(0.0)} to {times.text(duration)}"
    )
