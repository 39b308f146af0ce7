"""Which limits of the channel table a recording touched: where, when and for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.channels import Channel
from twin.replay import Recording

COARSER = {"gpu.temperature": "rack.temperature", "gpu.hbm_temperature": "rack.hbm_temperature"}
"""Accelerator channels whose limits are told once, by rack, where that was recorded too."""
SAME = {"site.temperature": "rack.temperature", "site.hbm_temperature": "rack.hbm_temperature"}


@dataclass(frozen=True)
class Touched:
    """One channel that went beyond a limit, or up to its warning.

    Attributes
    ----------
    channel : which
    severity : limit or warning, whichever is worse
    mark : the value that was gone beyond
    extreme : furthest value, of ``path`` at ``time``
    first : when any element first went beyond [s]
    elements : how many elements did, of ``count``
    longest : longest time that one element was beyond, by frames [s]
    """

    channel: Channel
    severity: str
    mark: float
    extreme: float
    path: str
    time: float
    first: float
    elements: int
    count: int
    longest: float


def touched(recording: Recording) -> list[Touched]:
    """Limits and warnings that were gone beyond, limits first, then by time."""
    recorded = {channel.name for channel in recording.channels}
    found = []
    for channel in recording.channels:
        if channel.warning is None and channel.limit is None:
            continue
        if (COARSER | SAME).get(channel.name) in recorded:
            continue
        result = _look(recording, channel)
        if result is not None:
            found.append(result)
    return sorted(found, key=lambda t: (t.severity != "limit", t.first))


def _look(recording: Recording, channel: Channel) -> Touched | None:
    times = recording.times
    count = recording.levels[channel.level].count
    if count == 0:
        return None
    sign = -1.0 if channel.falling else 1.0
    marks = {
        name: sign * value
        for name, value in (("warning", channel.warning), ("limit", channel.limit))
        if value is not None
    }
    beyond = {name: _Beyond(count) for name in marks}
    extreme, row, frame = -np.inf, 0, 0
    intervals = np.diff(times, append=times[-1:])
    for index in range(len(times)):
        values = sign * recording.read(channel.name, index).astype(np.float64)
        values = np.where(np.isnan(values), -np.inf, values)
        highest = int(np.argmax(values))
        if values[highest] > extreme:
            extreme, row, frame = float(values[highest]), highest, index
        for name, mark in marks.items():
            # half a resolution: values are rounded to it
            beyond[name].add(values > mark + 0.5 * channel.resolution, index, intervals[index])
    for severity in ("limit", "warning"):
        part = beyond.get(severity)
        if part is not None and part.first is not None:
            return Touched(
                channel,
                severity,
                sign * marks[severity],
                sign * extreme,
                recording.levels.path(channel.level, row),
                float(times[frame]),
                float(times[part.first]),
                int(part.ever.sum()),
                count,
                float(part.longest.max()),
            )
    return None


class _Beyond:
    """Which elements were beyond a mark, and for how long at most."""

    def __init__(self, count: int):
        self.ever = np.zeros(count, dtype=bool)
        self.running = np.zeros(count)
        self.longest = np.zeros(count)
        self.first: int | None = None

    def add(self, now: NDArray[np.bool_], index: int, seconds: float) -> None:
        if self.first is None and now.any():
            self.first = index
        self.ever |= now
        self.running = np.where(now, self.running + seconds, 0.0)
        np.maximum(self.longest, self.running, out=self.longest)
