"""Cooling tower by the York correlation: approach as a polynomial of wet bulb, range and flows.

The correlation answers the approach (leaving water less wet bulb) of an induced-draught tower from
its range (water in less water out), the wet bulb and the ratios of water and air flow to the
reference flows. It is valid within :class:`YorkLimits` only; laws report whether they were.
Temperatures in degC, differences in K.

Source: EnergyPlus Engineering Reference, variable speed tower, YorkCalc; coefficients as published
with it and in the Modelica Buildings library (LBNL).
"""

from __future__ import annotations

from dataclasses import dataclass

from physics.jit import law

FLOW_FLOOR = 1e-4
"""Flow ratio below which flows count as this [-], so that a stopped tower is defined."""


@dataclass(frozen=True)
class YorkLimits:
    """Validity of the correlation: wet bulb [degC], range and approach [K], ratios [-]."""

    wet_bulb: tuple[float, float] = (-34.4, 26.7)
    water_range: tuple[float, float] = (1.1, 22.2)
    approach: tuple[float, float] = (1.1, 40.0)
    water_ratio: tuple[float, float] = (0.75, 1.25)
    liquid_gas_ratio_max: float = 8.0


YORK_LIMITS = YorkLimits()
_WET_BULB, _RANGE = YORK_LIMITS.wet_bulb, YORK_LIMITS.water_range
_APPROACH, _WATER_RATIO = YORK_LIMITS.approach, YORK_LIMITS.water_ratio
_LIQUID_GAS_RATIO_MAX = YORK_LIMITS.liquid_gas_ratio_max

# Rows: power of the liquid-to-gas ratio, then power of range; columns: power of the wet bulb.
_C = (
    (
        (-0.359741205, -0.055053608, 0.0023850432),
        (0.173926877, -0.0248473764, 0.00048430224),
        (-0.005589849456, 0.0005770079712, -0.00001342427256),
    ),
    (
        (2.84765801111111, -0.121765149, 0.0014599242),
        (1.680428651, -0.0166920786, -0.0007190532),
        (-0.025485194448, 0.0000487491696, 0.00002719234152),
    ),
    (
        (-0.0653766255555556, -0.002278167, 0.0002500254),
        (-0.0910565458, 0.00318176316, 0.000038621772),
        (-0.0034285382352, 0.00000856589904, -0.000001516821552),
    ),
)


@law
def york_approach(
    water_range: float, wet_bulb: float, water_ratio: float, air_ratio: float
) -> float:
    """Approach [K] at a range [K], wet bulb [degC] and flow ratios to the reference flows [-]."""
    ratio = max(water_ratio, FLOW_FLOOR) / max(air_ratio, FLOW_FLOOR)
    approach = 0.0
    for i in range(2, -1, -1):
        of_range = 0.0
        for j in range(2, -1, -1):
            c = _C[i][j]
            of_range = of_range * water_range + (c[0] + wet_bulb * (c[1] + wet_bulb * c[2]))
        approach = approach * ratio + of_range
    return approach


@law
def york_tower(
    fan_speed: float,
    water_ratio: float,
    inlet_temperature: float,
    wet_bulb: float,
    fan_speed_min: float = 0.2,
    free_convection_share: float = 0.125,
    liquid_gas_ratio_max: float = 8.0,
) -> tuple[float, float, float]:
    """Water leaving temperature [degC], range and approach [K].

    Finds the range at which range plus approach span inlet to wet bulb, by bisection to 1e-12 of
    the span; never colder than the wet bulb, and water colder than the wet bulb passes unchanged.
    Below fan_speed_min the fan is off and free_convection_share of the full fan's cooling remains.
    water_ratio: water flow over the reference flow of :func:`york_reference_water_ratio`.
    """
    span = inlet_temperature - wet_bulb
    if span <= 0.0:
        return inlet_temperature, 0.0, span
    running = fan_speed >= fan_speed_min and fan_speed > 0.0
    air_ratio = max(fan_speed, water_ratio / liquid_gas_ratio_max) if running else 1.0
    low, high = 0.0, span
    if york_approach(0.0, wet_bulb, water_ratio, air_ratio) >= span:
        high = 0.0
    else:
        for _ in range(60):
            middle = 0.5 * (low + high)
            if middle + york_approach(middle, wet_bulb, water_ratio, air_ratio) > span:
                high = middle
            else:
                low = middle
    water_range = 0.5 * (low + high)
    if not running:
        water_range *= free_convection_share
    return inlet_temperature - water_range, water_range, span - water_range


@law
def york_fan_speed(
    leaving_temperature: float,
    water_ratio: float,
    inlet_temperature: float,
    wet_bulb: float,
    fan_speed_min: float = 0.2,
    free_convection_share: float = 0.125,
    liquid_gas_ratio_max: float = 8.0,
) -> float:
    """Relative fan speed that holds a leaving temperature [degC]: 0, or fan_speed_min to 1.

    0 where free convection suffices, fan_speed_min where the slowest fan overcools (the control
    then cycles it), 1 where the full fan does not reach the temperature.
    """
    options = (fan_speed_min, free_convection_share, liquid_gas_ratio_max)
    if (
        york_tower(0.0, water_ratio, inlet_temperature, wet_bulb, *options)[0]
        <= leaving_temperature
    ):
        return 0.0
    if (
        york_tower(1.0, water_ratio, inlet_temperature, wet_bulb, *options)[0]
        >= leaving_temperature
    ):
        return 1.0
    low, high = fan_speed_min, 1.0
    if (
        york_tower(low, water_ratio, inlet_temperature, wet_bulb, *options)[0]
        <= leaving_temperature
    ):
        return low
    for _ in range(40):
        speed = 0.5 * (low + high)
        if (
            york_tower(speed, water_ratio, inlet_temperature, wet_bulb, *options)[0]
            > leaving_temperature
        ):
            low = speed
        else:
            high = speed
    return 0.5 * (low + high)


@law
def york_valid(
    water_range: float,
    approach: float,
    wet_bulb: float,
    water_ratio: float,
    air_ratio: float,
) -> bool:
    """Whether an operating point lies within the published range of the correlation."""
    return (
        _WET_BULB[0] <= wet_bulb <= _WET_BULB[1]
        and _RANGE[0] <= water_range <= _RANGE[1]
        and _APPROACH[0] <= approach <= _APPROACH[1]
        and _WATER_RATIO[0] <= water_ratio <= _WATER_RATIO[1]
        and water_ratio <= _LIQUID_GAS_RATIO_MAX * air_ratio
    )


def york_reference_water_ratio(water_range: float, approach: float, wet_bulb: float) -> float:
    """Water ratio [-] at which the correlation meets a rated range, approach [K] and wet bulb.

    A tower's rated water flow over this ratio is its reference flow. Solved between 0.01 and 8 at
    full fan speed; raises ValueError when no ratio there gives the approach.
    """
    low, high = 0.01, 8.0
    if not (
        york_approach(water_range, wet_bulb, low, 1.0)
        < approach
        < york_approach(water_range, wet_bulb, high, 1.0)
    ):
        raise ValueError(
            f"the York correlation has no water flow with an approach of {approach:g} K at a range "
            f"of {water_range:g} K and a wet bulb of {wet_bulb:g} degC"
        )
    for _ in range(100):
        middle = 0.5 * (low + high)
        if york_approach(water_range, wet_bulb, middle, 1.0) < approach:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
