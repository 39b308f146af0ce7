"""Whether a table's times meet the run: refused when none does, told when only some do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
        moved=True,
    )
    told = (
        f"{file.name}: its times are on a clock of {offset_text(times.own)} and miss the run on "
        f"{clock.name}: {spans(times, low, high, duration)}; they are taken hour for hour, from "
        f"{moved.text(low + shift)} to {moved.text(high + shift)} (first: chooses another moment)"
    )
    return moved, [told]


@dataclass(frozen=True)
class Foreign:
    """A table on another clock than the site's, and whether it is taken hour for hour."""

    file: Path
    own: float
    moved: bool


def foreign(file: Path, times: Times, keys: Keys, clock: Clock) -> Foreign | None:
    """What a table says of its clock; None where that, or ``first``, leaves no doubt."""
    if times.own is None or clock.offset is None or times.own == clock.offset:
        return None
    return Foreign(file, times.own, times.moved) if keys.first is None else None


def refuse_apart(tables: Iterable[Foreign | None], clock: Clock) -> None:
    """Refuse tables of one run of which some are taken hour for hour and others are converted.

    What came at the same moment would come hours apart. Raises InputError with two of them.
    """
    found = [table for table in tables if table is not None]
    moved = next((table for table in found if table.moved), None)
    kept = next((table for table in found if not table.moved), None)
    if moved is None or kept is None:
        return
    raise InputError(
        f"its times are on a clock of {offset_text(moved.own)} and miss the run unless they are "
        f"taken hour for hour, while those of {kept.file.name} are converted to {clock.name}",
        moved.file,
        found=f"{moved.file.name} hour for hour, and {kept.file.name} ({offset_text(kept.own)}) "
        "converted, in one run",
        allowed="first: at each of them, the moment of the table at which the run begins; or a "
        "start with an offset, by which all are converted",
    )


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
