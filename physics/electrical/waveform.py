"""Power of a synchronous training job on the scale of its iterations, 0.2 to 3 Hz.

Every iteration computes, then communicates at 30-40 % of full power, and ends in a peak at gradient
synchronisation. The trace is piecewise linear and is returned as the exact mean over each step, so
that its energy does not depend on the step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SwingShape:
    """One iteration of a job, as fractions.

    Attributes:
        period: of an iteration [s].
        compute_share: share of the period at compute level, edges included [-].
        communication_level: power while communicating over power while computing [-].
        peak_level: power at the synchronisation peak over power while computing [-].
        peak_share: share of the period that the peak takes, at the end of computing [-].
        edge_share: share of the period that each change of level takes [-].
        jitter: standard deviation of an iteration's length over the period [-].
    """

    period: float
    compute_share: float = 0.6
    communication_level: float = 0.35
    peak_level: float = 1.0
    peak_share: float = 0.0
    edge_share: float = 0.02
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.period <= 0.0:
            raise ValueError(f"period must be positive, got {self.period} s")
        if min(self.communication_level, self.peak_level) < 0.0 or self.jitter < 0.0:
            raise ValueError("levels and jitter must not be negative")
        edges = 2 if self.peak_share == 0.0 else 3
        if not 0.0 < self.edge_share <= 0.25 or self.peak_share < 0.0:
            raise ValueError("edges need a share above 0 and up to 0.25, the peak none below 0")
        if self.compute_share + 1e-12 < self.peak_share + edges * self.edge_share:
            raise ValueError("compute share is too short for its edges and peak")
        if self.compute_share > 1.0:
            raise ValueError(f"compute share is at most 1, got {self.compute_share}")

    def corners(self) -> tuple[FloatArray, FloatArray]:
        """Corners of one iteration: position 0 to 1 and level, both [-]."""
        c, e, p = self.compute_share, self.edge_share, self.peak_share
        low, high = self.communication_level, self.peak_level
        if p == 0.0:
            return np.array([0.0, e, c - e, c, 1.0]), np.array([low, 1.0, 1.0, low, low])
        return (
            np.array([0.0, e, c - p - 2 * e, c - p - e, c - e, c, 1.0]),
            np.array([low, 1.0, 1.0, high, high, low, low]),
        )

    @property
    def mean_level(self) -> float:
        """Mean over an iteration, relative to power while computing [-]."""
        levels, weights = self.level_distribution()
        return float(levels @ weights)

    def level_distribution(self) -> tuple[FloatArray, FloatArray]:
        """Levels of an iteration and the share of time at each [-], both ends of edges resolved.

        A slow model that knows only mean power misses the curvature of conversion losses (0.1-0.2 %
        of the energy for a full, unflattened swing); summed over these levels it does not. Edges
        are four Gauss-Legendre points each.
        """
        x, y = self.corners()
        node, weight = np.polynomial.legendre.leggauss(4)
        share = 0.5 * (1.0 + node)
        levels = (y[:-1, None] + share * np.diff(y)[:, None]).ravel()
        return levels, (np.diff(x)[:, None] * 0.5 * weight).ravel()


def synchronous_swing(
    shape: SwingShape,
    compute_power: ArrayLike,
    skew: ArrayLike,
    duration: float,
    step: float,
    seed: int = 0,
) -> FloatArray:
    """Power of each rack of one job [W], mean over each step, shape [steps, racks].

    All racks run the same iterations, which is what synchronous means; ``skew`` delays each.

    Args:
        compute_power: of each rack while computing [W], shape [racks].
        skew: lag of each rack behind the first [s], shape [racks] or one for all.
        duration, step: [s].
        seed: of the iterations' jitter.

    Raises:
        ValueError: duration or step not positive.
    """
    if duration <= 0.0 or step <= 0.0:
        raise ValueError("duration and step must be positive")
    power = np.atleast_1d(np.asarray(compute_power, dtype=np.float64))
    lag = np.broadcast_to(np.asarray(skew, dtype=np.float64), power.shape)
    steps = round(duration / step)
    first, last = -float(lag.max(initial=0.0)), steps * step - float(lag.min(initial=0.0))
    rng = np.random.default_rng(seed)
    # Twice as many iterations as fit on average, so that jitter cannot run out of them.
    count = int(2.0 * (last - first) / shape.period) + 8
    length = shape.period * np.maximum(1.0 + shape.jitter * rng.standard_normal(count), 0.1)
    if shape.jitter == 0.0:
        count = int((last - first) / shape.period) + 3
        length = np.full(count, shape.period)
    begin = first + np.concatenate(([0.0], np.cumsum(length[:-1])))
    if shape.jitter == 0.0:
        # Iterations without jitter keep their phase whatever the skew of the last rack.
        begin += -shape.period * np.ceil(-first / shape.period) - first
        begin = np.concatenate((begin, begin[-1] + shape.period * np.arange(1, 4)))
        length = np.full(len(begin), shape.period)
    x, y = shape.corners()
    time = np.concatenate(
        ((begin[:, None] + length[:, None] * x[:-1]).ravel(), [begin[-1] + length[-1]])
    )
    level = np.concatenate((np.tile(y[:-1], len(begin)), [y[-1]]))
    energy = np.concatenate(([0.0], np.cumsum(np.diff(time) * 0.5 * (level[1:] + level[:-1]))))
    edges = step * np.arange(steps + 1)
    trace = np.empty((steps, len(power)))
    for rack in range(len(power)):
        at = edges - lag[rack]
        i = np.clip(np.searchsorted(time, at, side="right") - 1, 0, len(time) - 2)
        slope = (level[i + 1] - level[i]) / (time[i + 1] - time[i])
        into = at - time[i]
        done = energy[i] + into * (level[i] + 0.5 * slope * into)
        trace[:, rack] = power[rack] * np.diff(done) / step
    return trace
