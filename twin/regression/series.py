"""Values in time: read from a simulation frame by frame, kept as what is needed afterwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.errors import InputError
from twin.regression.dimensions import Unit

if TYPE_CHECKING:
    from twin.simulation import Simulation

Rows = NDArray[np.int64]
MAXIMUM_KEPT = 100_000_000  # values of one series kept whole (for percentiles)
_ONE = np.zeros(1, dtype=np.int64)


class Frame:
    """A simulation at one moment; channels are read once."""

    def __init__(self, simulation: Simulation):
        self.simulation = simulation
        self.time = simulation.time
        self._values: dict[str, Floats] = {}

    def channel(self, name: str) -> Floats:
        """Values of a channel, shape [count]; not to be changed."""
        if name not in self._values:
            self._values[name] = self.simulation.channel(name)
        return self._values[name]


@dataclass(eq=False)
class Series:
    """A value per element at every moment.

    Attributes
    ----------
    unit : of the values
    level, rows : whose they are; None for one value that belongs to no element
    read : values of a frame, shape [rows]
    channel : name of the channel it is, or ""
    kept : whether all values are needed afterwards
    """

    unit: Unit
    level: str | None
    rows: Rows | None
    read: Callable[[Frame], Floats]
    channel: str = ""
    kept: bool = False

    @property
    def row_numbers(self) -> Rows:
        """Rows, or one for a value of no element."""
        return self.rows if self.rows is not None else _ONE

    @property
    def single(self) -> bool:
        """Whether there is one value only."""
        return len(self.row_numbers) == 1


@dataclass(eq=False)
class Condition:
    """A condition per element at every moment; ``read`` gives truth values, shape [rows]."""

    level: str | None
    rows: Rows | None
    read: Callable[[Frame], NDArray[np.bool_]]

    @property
    def row_numbers(self) -> Rows:
        """Rows, or one for a condition of no element."""
        return self.rows if self.rows is not None else _ONE

    @property
    def single(self) -> bool:
        """Whether there is one truth value only."""
        return len(self.row_numbers) == 1


class Rate:
    """Change of values per second, from frame to frame or over the last ``window`` seconds."""

    def __init__(self, read: Callable[[Frame], Floats], window: float):
        self.read = read
        self.window = window
        self._past: deque[tuple[float, Floats]] = deque()

    def __call__(self, frame: Frame) -> Floats:
        """Rate at a frame; zero until there is an earlier one."""
        values = self.read(frame).copy()
        while len(self._past) > 1 and self._past[1][0] <= frame.time - self.window + 1e-9:
            self._past.popleft()
        result = np.zeros_like(values)
        if self._past and frame.time > self._past[0][0]:
            result = (values - self._past[0][1]) / (frame.time - self._past[0][0])
        if self._past and self._past[-1][0] == frame.time:
            return result
        self._past.append((frame.time, values))
        if self.window <= 0.0:
            while len(self._past) > 1:
                self._past.popleft()
        return result


@dataclass
class Observation:
    """What is kept of a series: per frame its extremes with their rows, mean and count.

    Of the elements that have a value; a frame in which none has one shows NaN.
    """

    low: list[float] = field(default_factory=list)
    low_row: list[int] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    high_row: list[int] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    everything: list[Floats] = field(default_factory=list)

    def add(self, series: Series, frame: Frame) -> None:
        """Keep a frame."""
        values = series.read(frame)
        there = ~np.isnan(values)
        rows = series.row_numbers
        if there.any():
            low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
        else:
            low = high = 0
        count = int(there.sum())
        self.count.append(count)
        self.low.append(float(values[low]))
        self.low_row.append(int(rows[min(low, len(rows) - 1)]))
        self.high.append(float(values[high]))
        self.high_row.append(int(rows[min(high, len(rows) - 1)]))
        self.mean.append(float(values[there].mean()) if count else float("nan"))
        if series.kept:
            if (len(self.everything) + 1) * len(values) > MAXIMUM_KEPT:
                raise InputError(
                    "too many values for a percentile",
                    found=f"{len(values)} elements at every frame",
                    allowed="fewer elements (at a path), or longer between frames",
                )
            self.everything.append(values.copy())


@dataclass
class ConditionObservation:
    """What is kept of a test: per frame whether any element passes, and the first that does."""

    any: list[bool] = field(default_factory=list)
    row: list[int] = field(default_factory=list)

    def add(self, test: Condition, frame: Frame) -> None:
        """Keep a frame."""
        passed = test.read(frame)
        first = int(np.argmax(passed))
        self.any.append(bool(passed[first]))
        rows = test.row_numbers
        self.row.append(int(rows[min(first, len(rows) - 1)]))
