"""Valves: flow coefficients, inherent characteristics, resistance at a stem position."""

from __future__ import annotations

import math
from enum import IntEnum

from physics.jit import law

_LINEAR = 0
_EQUAL_PERCENTAGE = 1
_QUICK_OPENING = 2

CV_PER_KV = math.sqrt(6894.757293168361 / 1e5) * 1000.0 / (60.0 * 3.785411784)
"""US gallons per minute at 1 psi for each m3/h at 1 bar: 1.1561."""

CLOSING_BAND = 0.01
"""Stem travel over which a characteristic is taken straight down to its leakage."""


class ValveCharacteristic(IntEnum):
    """Inherent characteristic: relative flow coefficient over stem position."""

    LINEAR = _LINEAR
    EQUAL_PERCENTAGE = _EQUAL_PERCENTAGE
    QUICK_OPENING = _QUICK_OPENING


@law
def kv_from_cv(cv: float) -> float:
    """Flow coefficient Kv [m3/h at 1 bar] from Cv [US gpm at 1 psi]."""
    return cv / CV_PER_KV


@law
def cv_from_kv(kv: float) -> float:
    """Flow coefficient Cv [US gpm at 1 psi] from Kv [m3/h at 1 bar]."""
    return kv * CV_PER_KV


@law
def kv_resistance(kv: float, density: float) -> float:
    """Quadratic resistance k in ``dp = k m |m|`` [Pa/(kg/s)^2] of a flow coefficient Kv.

    IEC 60534-2-1: ``Q = Kv sqrt(dp / 1 bar * 1000 / rho)`` with Q in m3/h and rho in kg/m3, hence
    ``k = 1e5 * 3600^2 / (1000 rho Kv^2)``. Infinite (closed) for Kv = 0.
    """
    if kv <= 0.0:
        return math.inf
    return 1e5 * 3600.0 * 3600.0 / (1000.0 * density * kv * kv)


@law
def resistance_kv(resistance: float, density: float) -> float:
    """Flow coefficient Kv [m3/h] of a quadratic resistance [Pa/(kg/s)^2]; inverse of
    :func:`kv_resistance`."""
    return math.sqrt(1e5 * 3600.0 * 3600.0 / (1000.0 * density * resistance))


@law
def linear_characteristic(position: float, leakage: float) -> float:
    """Relative flow coefficient ``l + (1 - l) y`` of a linear valve, stem position y in [0, 1]."""
    return leakage + (1.0 - leakage) * position


@law
def equal_percentage_characteristic(
    position: float, rangeability: float, leakage: float, closing_band: float = CLOSING_BAND
) -> float:
    """Relative flow coefficient ``R^(y - 1)`` of an equal-percentage valve.

    Equal steps of stem position y in [0, 1] change the coefficient by equal ratios; R is the
    rangeability (20 to 100). As a real plug seats, the last ``closing_band`` of travel is straight
    from there down to ``leakage``.
    """
    if position >= closing_band:
        return math.pow(rangeability, position - 1.0)
    return (
        leakage + (math.pow(rangeability, closing_band - 1.0) - leakage) * position / closing_band
    )


@law
def quick_opening_characteristic(
    position: float, alpha: float, leakage: float, closing_band: float = CLOSING_BAND
) -> float:
    """Relative flow coefficient ``y^(1/alpha)`` of a quick-opening valve, alpha 2 by custom.

    Straight down to ``leakage`` over the last ``closing_band`` of travel, where the root would be
    infinitely steep.
    """
    if position >= closing_band:
        return math.pow(position, 1.0 / alpha)
    return leakage + (math.pow(closing_band, 1.0 / alpha) - leakage) * position / closing_band


@law
def relative_flow_coefficient(
    position: float, characteristic: int, rangeability: float, leakage: float
) -> float:
    """Relative flow coefficient Kv/Kvs at a stem position, clipped to [0, 1].

    ``characteristic`` is a :class:`ValveCharacteristic`; ``rangeability`` is R for equal percentage
    and alpha for quick opening; ``leakage`` is Kv/Kvs when shut.
    """
    y = min(max(position, 0.0), 1.0)
    if characteristic == _EQUAL_PERCENTAGE:
        return equal_percentage_characteristic(y, rangeability, leakage)
    if characteristic == _QUICK_OPENING:
        return quick_opening_characteristic(y, rangeability, leakage)
    return linear_characteristic(y, leakage)


@law
def valve_resistance(
    position: float,
    kvs: float,
    characteristic: int,
    rangeability: float,
    leakage: float,
    density: float,
) -> float:
    """Quadratic resistance of a control valve at a stem position [Pa/(kg/s)^2].

    Infinite when shut without leakage. ``kvs`` is Kv fully open [m3/h].
    """
    kv = kvs * relative_flow_coefficient(position, characteristic, rangeability, leakage)
    return kv_resistance(kv, density)


@law
def valve_authority(valve_drop_open: float, total_drop: float) -> float:
    """Authority: share of the controlled circuit's drop that the open valve takes [-]."""
    return valve_drop_open / total_drop
