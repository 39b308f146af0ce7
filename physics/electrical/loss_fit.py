"""Coefficients of a quadratic loss from printed efficiencies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def fit_quadratic_loss(
    load: Sequence[float], efficiency: Sequence[float]
) -> tuple[float, float, float]:
    """Coefficients a0, a1, a2 [-] of the quadratic loss nearest to an efficiency table.

    Smallest greatest error in efficiency (Lawson's reweighting), since printed efficiencies are
    rounded, each by up to the same amount. Exact through three points.

    Raises:
        ValueError: fewer than three points, or a load or efficiency out of its range.
    """
    x = np.asarray(load, dtype=np.float64)
    eta = np.asarray(efficiency, dtype=np.float64)
    if x.shape != eta.shape or len(np.unique(x)) < 3:
        raise ValueError("a quadratic needs at least three points at different loads")
    if not (np.all(x > 0.0) and np.all(eta > 0.0) and np.all(eta <= 1.0)):
        raise ValueError("loads must be positive and efficiencies lie in (0, 1]")
    powers = np.vander(x, 3, increasing=True)
    weight = eta**2 / x  # of a loss error in efficiency
    emphasis = np.full(len(x), 1.0 / len(x))
    a = np.zeros(3)
    for _ in range(200):
        w = weight * np.sqrt(emphasis)
        a = np.linalg.lstsq(w[:, None] * powers, w * (x / eta - x), rcond=None)[0]
        error = np.abs(weight * (powers @ a - (x / eta - x)))
        if error.max() < 1e-12:
            break
        emphasis = emphasis * error / np.sum(emphasis * error)
    a0, a1, a2 = a
    return float(a0), float(a1), float(a2)
