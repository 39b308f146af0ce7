"""Where two recordings first differ: by channel and element, in the channel's resolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.channels import Channel
from twin.replay import Recording

Rows = NDArray[np.int64]

COUNTERS = ("chiller.run_time", "pump.run_time")
"""Channels that count from before the run: what they gain is compared."""


@dataclass(frozen=True)
class Difference:
    """How one channel differs between two recordings, b minus a.

    Attributes
    ----------
    first_time : time of the first common frame in which any element differs [s]
    first_path, first_a, first_b : element that differs most in that frame, and its values
    largest : largest difference by amount, at ``path`` and ``time``; NaN where only one has a value
    share : that difference relative to the channel's colour range, to compare channels
    elements : how many elements ever differ, of ``count`` compared
    """

    channel: str
    title: str
    unit: str
    first_time: float
    first_path: str
    first_a: float
    first_b: float
    largest: float
    path: str
    time: float
    share: float
    elements: int
    count: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data; None for values that one of the two does not have."""
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Divergence:
    """All differences, those that begin first at the head; and how much could be compared."""

    differences: tuple[Difference, ...]
    channels: int
    frames: int
    elements: int

    @property
    def first(self) -> Difference | None:
        """What differs first."""
        return self.differences[0] if self.differences else None


def common_frames(a: Recording, b: Recording) -> tuple[Rows, Rows]:
    """Frames of both at the same simulated times (to a microsecond)."""
    keys_a = np.round(a.times * 1e6).astype(np.int64)
    keys_b = np.round(b.times * 1e6).astype(np.int64)
    _, rows_a, rows_b = np.intersect1d(keys_a, keys_b, return_indices=True)
    return rows_a.astype(np.int64), rows_b.astype(np.int64)


def common_elements(a: Recording, b: Recording, level: str) -> tuple[Rows, Rows]:
    """Rows of the elements of a level that have the same path in both."""
    count_a, count_b = a.levels[level].count, b.levels[level].count
    if a.digest == b.digest and count_a == count_b:
        rows = np.arange(count_a, dtype=np.int64)
        return rows, rows
    known = {path: row for row, path in enumerate(b.levels.paths(level))}
    pairs = [(row, known[path]) for row, path in enumerate(a.levels.paths(level)) if path in known]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def diverge(a: Recording, b: Recording) -> Divergence:
    """Compare two recordings, channel by channel, over common frames and elements.

    Recordings are rounded to the channel's resolution; a difference counts from more than one
    resolution on, so that rounding alone never does.
    """
    frames_a, frames_b = common_frames(a, b)
    names_b = {channel.name for channel in b.channels}
    shared = [channel for channel in a.channels if channel.name in names_b]
    rows = {level: common_elements(a, b, level) for level in {c.level for c in shared}}
    found = []
    if len(frames_a):
        for channel in shared:
            if channel.name == "site.energy_residual":  # rounding noise; invariants watch it
                continue
            difference = _compare(a, b, channel, frames_a, frames_b, *rows[channel.level])
            if difference is not None:
                found.append(difference)
    found.sort(key=lambda d: (d.first_time, -_first_share(d, shared)))
    return Divergence(
        tuple(found), len(shared), len(frames_a), sum(len(first) for first, _ in rows.values())
    )


def _first_share(difference: Difference, channels: Sequence[Channel]) -> float:
    """How far a channel is off in its first frame, relative to its colour range."""
    row = next(c for c in channels if c.name == difference.channel)
    apart = abs(difference.first_b - difference.first_a)
    return float(np.nan_to_num(apart)) / _span(row)


def _span(channel: Channel) -> float:
    return max(abs(channel.high - channel.low), channel.resolution)


def _counted_before(
    a: Recording,
    b: Recording,
    channel: Channel,
    frames_a: Rows,
    frames_b: Rows,
    rows_a: Rows,
    rows_b: Rows,
) -> Floats | float:
    """By how much counters differ as both begin: runs settle for different times before."""
    if channel.name not in COUNTERS:
        return 0.0
    old = a.read(channel.name, int(frames_a[0]))[rows_a].astype(np.float64)
    new = b.read(channel.name, int(frames_b[0]))[rows_b].astype(np.float64)
    return np.asarray(np.nan_to_num(new - old), dtype=np.float64)


def _compare(
    a: Recording,
    b: Recording,
    channel: Channel,
    frames_a: Rows,
    frames_b: Rows,
    rows_a: Rows,
    rows_b: Rows,
) -> Difference | None:
    if len(rows_a) == 0:
        return None
    # float32 values: large ones are not known better than to about 1e-7 of themselves
    ever = np.zeros(len(rows_a), dtype=bool)
    begun = _counted_before(a, b, channel, frames_a, frames_b, rows_a, rows_b)
    first: tuple[float, int, float, float] | None = None
    largest, where, when = 0.0, -1, 0.0
    for frame_a, frame_b in zip(frames_a, frames_b, strict=True):
        old: Floats = a.read(channel.name, int(frame_a))[rows_a].astype(np.float64)
        new: Floats = b.read(channel.name, int(frame_b))[rows_b].astype(np.float64)
        change = np.nan_to_num(new - old) - begun
        tolerance = 1.01 * channel.resolution + 2e-7 * np.abs(np.nan_to_num(old))
        # a value that only one of them has is a difference without a size
        beyond = (np.abs(change) > tolerance) | (np.isnan(old) != np.isnan(new))
        if not beyond.any():
            continue
        ever |= beyond
        row = int(np.argmax(np.where(beyond, np.abs(change), 0.0)))
        moment = float(a.times[frame_a])
        if first is None:
            first = (moment, row, float(old[row]), float(new[row]))
        if abs(change[row]) > abs(largest):
            largest, where, when = float(change[row]), row, moment
    if first is None:
        return None
    if where < 0:  # only values that one of them does not have
        largest, where, when = np.nan, first[1], first[0]
    return Difference(
        channel=channel.name,
        title=channel.title,
        unit=channel.unit,
        first_time=first[0],
        first_path=a.levels.path(channel.level, int(rows_a[first[1]])),
        first_a=first[2],
        first_b=first[3],
        largest=largest,
        path=a.levels.path(channel.level, int(rows_a[where])),
        time=when,
        share=float(np.nan_to_num(abs(largest))) / _span(channel),
        elements=int(ever.sum()),
        count=len(rows_a),
    )
