"""Weather between its records: daily cycles, interpolation over the year, and gaps.

Laws for weather built from monthly normals or a design day, and for filling hourly records. Hours
count from 0 to 24, days of the year from 0 (1 January 00:00) to 365. Temperatures in degC.

Sources: ASHRAE Handbook of Fundamentals (2017), ch. 14, table 6 (share of the daily range by hour)
and eq. for design days; Rymes and Myers, Solar Energy 71 (2001), for the mean-preserving curve.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from physics.jit import law
from physics.psychrometrics import (
    humidity_ratio_from_relative_humidity,
    humidity_ratio_from_vapour_pressure,
    saturation_humidity_ratio,
    saturation_pressure,
    wet_bulb,
)

# Share of the daily range below the maximum at the hours 1 to 24 (solar time).
DESIGN_DAY_SHARES = np.array(
    (
        (0.88, 0.92, 0.95, 0.98, 1.00, 0.98, 0.91, 0.74, 0.55, 0.38, 0.23, 0.13),
        (0.05, 0.00, 0.00, 0.06, 0.14, 0.24, 0.39, 0.50, 0.59, 0.68, 0.75, 0.82),
    )
).ravel()
"""ASHRAE daily temperature profile, shape [24]: index h - 1 is hour h."""

MONTH_DAYS = np.array([31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0])
"""Days of the months of a common year, shape [12]."""


@law
def daily_cycle(
    mean: float, daily_range: float, hour: float, hour_of_maximum: float = 15.0
) -> float:
    """Temperature at an hour from a daily mean and range, as a cosine about the mean.

    daily_range: maximum less minimum [K]; any hour, also beyond 24.
    """
    return mean + 0.5 * daily_range * math.cos(2.0 * math.pi * (hour - hour_of_maximum) / 24.0)


@law
def design_day_temperature(
    maximum: float, daily_range: float, hour: float, shares: NDArray[np.float64]
) -> float:
    """Dry bulb of a design day at an hour [degC].

    maximum [degC] less the hour's share of the daily range [K]; shares: shape [24], usually
    DESIGN_DAY_SHARES, linear between the hours.
    """
    within = hour % 24.0
    index = int(within)
    fraction = within - index
    before = shares[(index + 23) % 24]
    after = shares[index % 24]
    return float(maximum - daily_range * (before + fraction * (after - before)))


@law
def yearly_interpolation(nodes: NDArray[np.float64], day: float) -> float:
    """Value at a day of the year from 12 node values at the months' middles, linear and periodic.

    nodes: shape [12], from :func:`mean_preserving_nodes` for normals.
    """
    within = day % 365.0
    start = 0.0
    month = 0
    for m in range(12):
        if within < start + MONTH_DAYS[m]:
            month = m
            break
        start += MONTH_DAYS[m]
    middle = start + 0.5 * MONTH_DAYS[month]
    if within < middle:
        other = (month + 11) % 12
        span = 0.5 * (MONTH_DAYS[month] + MONTH_DAYS[other])
        share = (middle - within) / span
    else:
        other = (month + 1) % 12
        span = 0.5 * (MONTH_DAYS[month] + MONTH_DAYS[other])
        share = (within - middle) / span
    return float(nodes[month] + share * (nodes[other] - nodes[month]))


def mean_preserving_nodes(monthly: NDArray[np.float64]) -> NDArray[np.float64]:
    """Node values, shape [12], whose interpolation averages to the monthly normals given.

    A plain line through monthly means flattens summers and winters. The interpolation is linear in
    its nodes, so the nodes follow from a 12 by 12 system. Raises ValueError unless 12 finite values
    are given.
    """
    means = np.asarray(monthly, dtype=np.float64)
    if means.shape != (12,) or not np.all(np.isfinite(means)):
        raise ValueError("monthly normals are 12 finite values, January first")
    matrix = np.zeros((12, 12))
    for month in range(12):
        for other in ((month + 11) % 12, (month + 1) % 12):
            # Mean over half a month of a line that leaves the middle with slope 1/span.
            share = 0.25 * MONTH_DAYS[month] / (MONTH_DAYS[month] + MONTH_DAYS[other])
            matrix[month, other] += share
            matrix[month, month] += 0.5 - share
    return np.asarray(np.linalg.solve(matrix, means), dtype=np.float64)


@law
def air_state(
    dry_bulb: float, relative_humidity: float, pressure: float
) -> tuple[float, float, float]:
    """Dry bulb, wet bulb [degC] and humidity ratio [kg/kg] from dry bulb and relative humidity.

    relative_humidity from 0 to 1, held there.
    """
    share = min(max(relative_humidity, 0.0), 1.0)
    ratio = humidity_ratio_from_relative_humidity(dry_bulb, share, pressure)
    return dry_bulb, wet_bulb(dry_bulb, ratio, pressure), ratio


@law
def air_state_from_dew_point(
    dry_bulb: float, dew_point: float, pressure: float
) -> tuple[float, float, float]:
    """Dry bulb, wet bulb [degC] and humidity ratio [kg/kg] from dry bulb and dew point.

    Through a day the dew point changes little, so a daily cycle keeps it and moves the dry bulb.
    A dew point above the dry bulb is held at saturation.
    """
    ratio = humidity_ratio_from_vapour_pressure(saturation_pressure(dew_point), pressure)
    ratio = min(ratio, saturation_humidity_ratio(dry_bulb, pressure))
    return dry_bulb, wet_bulb(dry_bulb, ratio, pressure), ratio


def fill_gaps(
    values: NDArray[np.float64], longest: int = 6
) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
    """Hourly record with its gaps (NaN) filled, and the gaps found as (first, length).

    values: shape [hours]. Gaps of up to ``longest`` hours are bridged linearly; longer ones take
    the values of the same hours of the nearest complete day before, else after, joined as they
    are. Raises ValueError when no day is complete or the record is empty.
    """
    record = np.array(values, dtype=np.float64)
    missing = ~np.isfinite(record)
    gaps: list[tuple[int, int]] = []
    hour = 0
    while hour < record.size:
        if missing[hour]:
            first = hour
            while hour < record.size and missing[hour]:
                hour += 1
            gaps.append((first, hour - first))
        else:
            hour += 1
    if record.size == 0 or missing.all():
        raise ValueError("the record holds no values")
    for first, length in gaps:
        last = first + length
        inside = first > 0 and last < record.size
        if length <= longest and inside:
            line = np.linspace(record[first - 1], record[last], length + 2)
            record[first:last] = line[1:-1]
            continue
        for h in range(first, last):
            record[h] = _same_hour(record, missing, h)
    return record, gaps


def _same_hour(record: NDArray[np.float64], missing: NDArray[np.bool_], hour: int) -> float:
    """Recorded value nearest in days at the same hour of day."""
    for days in range(1, record.size // 24 + 1):
        for candidate in (hour - 24 * days, hour + 24 * days):
            if 0 <= candidate < record.size and not missing[candidate]:
                return float(record[candidate])
    raise ValueError(f"no day of the record has a value at the hour of index {hour}")
