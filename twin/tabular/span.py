"""Whether a table's times meet the run: refused when none does, told when only some do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from physics.factory.arrays import Floats
from twin.clock import Clock, offset_text
from twin.errors import InputError
from twin.tabular.stamps import Keys, Times
from twin.tabular.table import Column

THOUSANDS = 1000.0  # what times in milliseconds are often whole multiples of


def on_the_run(
    file: Path, times: Times, keys: Keys, clock: Clock, duration: float
) -> tuple[Times, list[str]]:
    """Times that meet the run: where they miss it on the site's clock, by their own.

    A trace that was taken elsewhere is meant hour for hour: what came at 9:00 there comes at 9:00
    here. It is taken so only where nothing says otherwise (``first``, or a start with an offset)
    and no line would fall into the run.

    Parameters
    ----------
    duration : of the run [s]

    Returns
    -------
    times, and what to tell of them
    """
    if times.own is None or clock.offset is None or clock.exact or keys.first is not None:
        return times, []
    low, high = float(np.nanmin(times.seconds)), float(np.nanmax(times.seconds))
    shift = (times.own - clock.offset) * 3600.0
    if _meet(low, high, duration) or not _meet(low + shift, high + shift, duration):
        return times, []
    moved = replace(
        times,
        seconds=times.seconds + shift,
        zero_utc=times.zero_utc and times.zero_utc - timedelta(seconds=shift),
    )
    told = (
        f"{file.name}: its times are on a clock of {offset_text(times.own)} and miss the run on "
        f"{clock.name}: {spans(times, low, high, duration)}; they are taken hour for hour, from "
        f"{moved.text(low + shift)} to {moved.text(high + shift)} (first: chooses another moment)"
    )
    return moved, [told]


def _meet(low: float, high: float, duration: float) -> bool:
    return low <= duration and high >= 0.0


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
