"""Single-pass crossflow, both fluids unmixed: the exact effectiveness and the usual approximation.

Mason's exact solution (1955) is a series of products of Poisson tails,

    eps = 1 / (C NTU) * sum over n >= 0 of P(X > n) P(Y > n),

with X and Y independent Poisson variables of means NTU and C NTU: the effectiveness is the mean of
min(X, Y) over that of Y. All terms are positive, so the sum is accurate to rounding, and about
C NTU + 9 sqrt(C NTU) of them matter. It equals the Bessel-function integral of Triboix (2009).

The approximation 1 - exp(NTU^0.22 (exp(-C NTU^0.78) - 1) / C) (Incropera et al., eq. 11.32) is what
most building and plant simulators use; it is up to 4 % low, worst near NTU 0.3 at C = 1.
"""

from __future__ import annotations

import math

from physics.jit import law

_TINY = 1e-200
"""Capacity ratio below which C = 0 is meant; quotients of subnormal numbers lose digits."""
_NORMAL_LIMIT = 1.0e6
"""Mean above which the Poisson variables are normal to within 1e-9 of the effectiveness."""


@law
def effectiveness_crossflow(ntu: float, capacity_ratio: float) -> float:
    """Exact effectiveness of unmixed-unmixed crossflow at NTU and C = C_min / C_max."""
    return _effectiveness_and_slope(ntu, capacity_ratio)[0]


@law
def _poisson(count: int, mean: float) -> float:
    """Probability of a count under a Poisson law."""
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1.0))


@law
def _effectiveness_and_slope(ntu: float, capacity_ratio: float) -> tuple[float, float]:
    """Effectiveness and its derivative with respect to NTU at fixed C."""
    mean_y = capacity_ratio * ntu
    if ntu <= 0.0:
        return 0.0, 1.0
    if math.isinf(ntu):
        return 1.0, 0.0
    if mean_y < 1e-12:
        # Beyond rounding the C = 0 relation.
        return -math.expm1(-ntu), math.exp(-ntu)
    if mean_y > _NORMAL_LIMIT:
        # min(X, Y) of two normal variables; the slope is not needed to high accuracy here.
        deviation = math.sqrt(ntu + mean_y)
        offset = (mean_y - ntu) / deviation
        density = math.exp(-0.5 * offset * offset) / math.sqrt(2.0 * math.pi)
        excess = offset * 0.5 * math.erfc(-offset / math.sqrt(2.0)) + density
        return 1.0 - deviation * excess / mean_y, 0.5 * deviation * density / (mean_y * ntu)

    # Terms below `start` are 1 to rounding: both variables exceed n surely.
    start = int(max(mean_y - 9.0 * math.sqrt(mean_y) - 20.0, 0.0))
    stop = int(mean_y + 9.0 * math.sqrt(mean_y) + 30.0)
    if start == 0:
        probability_y = math.exp(-mean_y)
        tail_y = -math.expm1(-mean_y)
    else:
        probability_y = _poisson(start, mean_y)
        tail_y = 1.0
    # Far above its count a Poisson probability underflows; it then is zero to rounding.
    if start == 0 and ntu < 700.0:
        probability_x = math.exp(-ntu)
        tail_x = -math.expm1(-ntu)
        running = True
    else:
        probability_x = _poisson(start, ntu)
        tail_x = 1.0
        running = probability_x > 1e-290
    total = float(start)
    y_above_x = 0.0
    x_above_y = 0.0
    for n in range(start, stop):
        total += tail_x * tail_y
        y_above_x += probability_x * tail_y
        x_above_y += probability_y * tail_x
        if n > mean_y and tail_y < 1e-18 * total:
            break
        probability_y *= mean_y / (n + 1)
        tail_y = max(tail_y - probability_y, 0.0)
        if running:
            probability_x *= ntu / (n + 1)
        else:
            probability_x = _poisson(n + 1, ntu)
            running = probability_x > 1e-290
        tail_x = max(tail_x - probability_x, 0.0)
    # d E[min] / d NTU = P(Y > X) + C P(X > Y).
    slope = (y_above_x + capacity_ratio * x_above_y) / mean_y - total / (mean_y * ntu)
    return min(total / mean_y, 1.0), max(slope, 0.0)


@law
def ntu_crossflow(effectiveness: float, capacity_ratio: float) -> float:
    """Inverse of :func:`effectiveness_crossflow` by bracketed Newton; infinite at eps >= 1.

    Converged to a relative step of 1e-14 or the resolution of the effectiveness itself.
    """
    if effectiveness <= 0.0:
        return 0.0
    if effectiveness >= 1.0:
        return math.inf
    if capacity_ratio < _TINY:
        return -math.log1p(-effectiveness)
    low = -math.log1p(-effectiveness)  # C = 0 is the best any C can do
    high = 2.0 * low + 1.0
    while effectiveness_crossflow(high, capacity_ratio) < effectiveness:
        low = high
        high *= 2.0
        if high > 1e12:
            return math.inf
    ntu = low
    for _ in range(200):
        value, slope = _effectiveness_and_slope(ntu, capacity_ratio)
        error = value - effectiveness
        if error > 0.0:
            high = ntu
        else:
            low = ntu
        following = ntu - error / slope if slope > 0.0 else low
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - ntu) <= 1e-14 * following or error == 0.0:
            return ntu if error == 0.0 else following
        ntu = following
    return ntu


@law
def effectiveness_crossflow_approximate(ntu: float, capacity_ratio: float) -> float:
    """Common approximation of unmixed-unmixed crossflow, see the module."""
    if ntu <= 0.0:
        return 0.0
    if math.isinf(ntu):
        return 1.0
    if capacity_ratio < _TINY:
        return -math.expm1(-ntu)
    decay = math.expm1(-capacity_ratio * ntu**0.78)
    return -math.expm1(ntu**0.22 * decay / capacity_ratio)


@law
def ntu_crossflow_approximate(effectiveness: float, capacity_ratio: float) -> float:
    """Inverse of :func:`effectiveness_crossflow_approximate` by bisection and regula falsi."""
    if effectiveness <= 0.0:
        return 0.0
    if effectiveness >= 1.0:
        return math.inf
    if capacity_ratio < _TINY:
        return -math.log1p(-effectiveness)
    low = 0.0
    high = -2.0 * math.log1p(-effectiveness) + 1.0
    while effectiveness_crossflow_approximate(high, capacity_ratio) < effectiveness:
        low = high
        high *= 2.0
        if high > 1e12:
            return math.inf
    error_low = effectiveness_crossflow_approximate(low, capacity_ratio) - effectiveness
    error_high = effectiveness_crossflow_approximate(high, capacity_ratio) - effectiveness
    side = 0
    ntu = high
    for _ in range(300):
        ntu = high - error_high * (high - low) / (error_high - error_low)
        if not low < ntu < high:
            ntu = 0.5 * (low + high)
        error = effectiveness_crossflow_approximate(ntu, capacity_ratio) - effectiveness
        if error == 0.0 or high - low <= 1e-14 * ntu:
            return ntu
        if error < 0.0:
            low, error_low = ntu, error
            if side == -1:
                error_high *= 0.5
            side = -1
        else:
            high, error_high = ntu, error
            if side == 1:
                error_low *= 0.5
            side = 1
    return ntu
