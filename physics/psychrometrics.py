"""Moist air: saturation pressure, humidity, wet bulb, dew point, enthalpy and density.

Scalar laws for any pressure, after the ASHRAE Handbook of Fundamentals (2017), chapter 1, in SI
units. Temperatures in degC, pressures in Pa, humidity ratio in kg of water per kg of dry air,
specific enthalpy in J per kg of dry air. Relative humidity is a fraction from 0 to 1.

The laws hold from -100 to 200 degC. Below the triple point the saturated phase is ice, as in the
Handbook; the wet bulb of sub-zero air is then that of an iced bulb.
"""

from __future__ import annotations

import math

from physics.jit import law

KELVIN = 273.15
"""0 degC in K."""
TRIPLE_POINT = 0.01
"""Temperature above which the saturated phase is liquid [degC]."""
FREEZING_POINT = 0.0
"""Temperature above which a wet bulb is wet and not iced [degC]."""
GAS_CONSTANT_DRY_AIR = 287.042
"""Specific gas constant of dry air [J/(kg K)], eq. (1)."""
MOLAR_MASS_RATIO = 0.621945
"""Molar mass of water over that of dry air [-], eq. (20)."""
VAPOUR_VOLUME_FACTOR = 1.607858
"""Molar mass of dry air over that of water [-], eq. (26)."""
CP_DRY_AIR = 1006.0
"""Specific heat of dry air [J/(kg K)], eq. (28)."""
CP_VAPOUR = 1860.0
"""Specific heat of water vapour [J/(kg K)], eq. (29)."""
LATENT_HEAT_0 = 2_501_000.0
"""Specific enthalpy of water vapour at 0 degC [J/kg], eq. (29)."""
CP_LIQUID_WATER = 4186.0
"""Specific heat of liquid water used by the wet-bulb equation [J/(kg K)], eq. (33)."""


@law
def saturation_pressure(temperature: float) -> float:
    """Saturation pressure of water vapour over liquid water or ice [Pa].

    temperature in degC, -100 to 200. Source: Hyland and Wexler (1983), ASHRAE Fundamentals (2017)
    ch. 1 eqs. (5) and (6).
    """
    kelvin = temperature + KELVIN
    if temperature <= TRIPLE_POINT:
        exponent = (
            -5.6745359e3 / kelvin
            + 6.3925247
            - 9.677843e-3 * kelvin
            + 6.2215701e-7 * kelvin**2
            + 2.0747825e-9 * kelvin**3
            - 9.484024e-13 * kelvin**4
            + 4.1635019 * math.log(kelvin)
        )
    else:
        exponent = (
            -5.8002206e3 / kelvin
            + 1.3914993
            - 4.8640239e-2 * kelvin
            + 4.1764768e-5 * kelvin**2
            - 1.4452093e-8 * kelvin**3
            + 6.5459673 * math.log(kelvin)
        )
    return math.exp(exponent)


@law
def saturation_pressure_slope(temperature: float) -> float:
    """Derivative of :func:`saturation_pressure` with respect to temperature [Pa/K]."""
    kelvin = temperature + KELVIN
    if temperature <= TRIPLE_POINT:
        slope = (
            5.6745359e3 / kelvin**2
            - 9.677843e-3
            + 2.0 * 6.2215701e-7 * kelvin
            + 3.0 * 2.0747825e-9 * kelvin**2
            - 4.0 * 9.484024e-13 * kelvin**3
            + 4.1635019 / kelvin
        )
    else:
        slope = (
            5.8002206e3 / kelvin**2
            - 4.8640239e-2
            + 2.0 * 4.1764768e-5 * kelvin
            - 3.0 * 1.4452093e-8 * kelvin**2
            + 6.5459673 / kelvin
        )
    return slope * saturation_pressure(temperature)


@law
def saturation_temperature(vapour_pressure: float) -> float:
    """Temperature at which the saturation pressure equals the given pressure [degC].

    Inverse of :func:`saturation_pressure` by Newton's method on its logarithm, kept inside -100 to
    200 degC. At atmospheric pressure this is the boiling point of water. vapour_pressure in Pa;
    below the saturation pressure at -100 degC (or zero) the answer is -100 degC.
    """
    low, high = -100.0, 200.0
    if vapour_pressure <= saturation_pressure(low):
        return low
    if vapour_pressure >= saturation_pressure(high):
        return high
    target = math.log(vapour_pressure)
    # Magnus' inverse is within a degree, Newton on the logarithm (nearly linear in 1/T) finishes.
    guess = math.log(vapour_pressure / 611.2)
    temperature = min(max(243.12 * guess / (17.62 - guess), low), high)
    for _ in range(60):
        pressure = saturation_pressure(temperature)
        error = math.log(pressure) - target
        if error > 0.0:
            high = temperature
        else:
            low = temperature
        step = -error * pressure / saturation_pressure_slope(temperature)
        following = temperature + step
        if following <= low or following >= high:
            following = 0.5 * (low + high)
        if abs(following - temperature) < 1e-11:
            return following
        temperature = following
    return temperature


@law
def humidity_ratio_from_vapour_pressure(vapour_pressure: float, pressure: float) -> float:
    """Humidity ratio [kg/kg] of air whose water vapour has the given partial pressure [Pa].

    Above the boiling point at this pressure there is no dry air left; the vapour pressure is held
    at 99.9 % of the total so that the ratio stays finite. Source: ASHRAE (2017) ch. 1 eq. (20).
    """
    vapour = min(max(vapour_pressure, 0.0), 0.999 * pressure)
    return MOLAR_MASS_RATIO * vapour / (pressure - vapour)


@law
def vapour_pressure_from_humidity_ratio(humidity_ratio: float, pressure: float) -> float:
    """Partial pressure of water vapour [Pa]. Source: ASHRAE (2017) ch. 1 eq. (20) inverted."""
    ratio = max(humidity_ratio, 0.0)
    return pressure * ratio / (MOLAR_MASS_RATIO + ratio)


@law
def saturation_humidity_ratio(temperature: float, pressure: float) -> float:
    """Humidity ratio of saturated air [kg/kg]. Source: ASHRAE (2017) ch. 1 eq. (21)."""
    return humidity_ratio_from_vapour_pressure(saturation_pressure(temperature), pressure)


@law
def humidity_ratio_from_relative_humidity(
    dry_bulb: float, relative_humidity: float, pressure: float
) -> float:
    """Humidity ratio [kg/kg] from dry bulb [degC] and relative humidity [0 to 1]."""
    vapour = relative_humidity * saturation_pressure(dry_bulb)
    return humidity_ratio_from_vapour_pressure(vapour, pressure)


@law
def humidity_ratio_from_wet_bulb(dry_bulb: float, wet_bulb: float, pressure: float) -> float:
    """Humidity ratio [kg/kg] from dry and wet bulb [degC], never below zero.

    Source: ASHRAE (2017) ch. 1 eqs. (33) (wet bulb) and (35) (iced bulb).
    """
    saturated = saturation_humidity_ratio(wet_bulb, pressure)
    if wet_bulb >= FREEZING_POINT:
        ratio = ((2501.0 - 2.326 * wet_bulb) * saturated - 1.006 * (dry_bulb - wet_bulb)) / (
            2501.0 + 1.86 * dry_bulb - 4.186 * wet_bulb
        )
    else:
        ratio = ((2830.0 - 0.24 * wet_bulb) * saturated - 1.006 * (dry_bulb - wet_bulb)) / (
            2830.0 + 1.86 * dry_bulb - 2.1 * wet_bulb
        )
    return max(ratio, 0.0)


@law
def relative_humidity(dry_bulb: float, humidity_ratio: float, pressure: float) -> float:
    """Relative humidity [-] of air of given dry bulb [degC] and humidity ratio [kg/kg].

    Values above one mean supersaturated air (fog).
    """
    vapour = vapour_pressure_from_humidity_ratio(humidity_ratio, pressure)
    return vapour / saturation_pressure(dry_bulb)


@law
def dew_point(humidity_ratio: float, pressure: float) -> float:
    """Dew (or frost) point [degC] of air of given humidity ratio [kg/kg] at pressure [Pa]."""
    return saturation_temperature(vapour_pressure_from_humidity_ratio(humidity_ratio, pressure))


@law
def wet_bulb(dry_bulb: float, humidity_ratio: float, pressure: float) -> float:
    """Thermodynamic wet-bulb temperature [degC].

    dry_bulb in degC, humidity_ratio in kg/kg, pressure in Pa. Solves
    :func:`humidity_ratio_from_wet_bulb` for the wet bulb by bisection with regula falsi steps
    (Illinois), bracketed by the dew point and the dry bulb, to 1e-10 K. Air at or beyond
    saturation answers its dry bulb. Source: ASHRAE (2017) ch. 1 eqs. (33) and (35).
    """
    if humidity_ratio >= saturation_humidity_ratio(dry_bulb, pressure):
        return dry_bulb
    ratio = max(humidity_ratio, 0.0)
    low = min(dew_point(ratio, pressure), dry_bulb)
    # The law jumps where water turns to ice; the root lies on one side of the jump.
    straddles = dry_bulb > 0.0 and low < 0.0
    if straddles and _wet_bulb_residual(dry_bulb, 0.0, ratio, pressure) <= 0.0:
        low = 0.0
    high = dry_bulb
    residual_low = _wet_bulb_residual(dry_bulb, low, ratio, pressure)
    residual_high = _wet_bulb_residual(dry_bulb, high, ratio, pressure)
    if residual_low >= 0.0:
        return low
    side = 0
    for _ in range(200):
        middle = high - residual_high * (high - low) / (residual_high - residual_low)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        residual = _wet_bulb_residual(dry_bulb, middle, ratio, pressure)
        if residual < 0.0:
            low, residual_low = middle, residual
            if side == -1:
                residual_high *= 0.5
            side = -1
        elif residual > 0.0:
            high, residual_high = middle, residual
            if side == 1:
                residual_low *= 0.5
            side = 1
        else:
            return middle
        if high - low < 1e-10 or abs(residual) < 1e-16:
            return middle
    return 0.5 * (low + high)


@law
def _wet_bulb_residual(
    dry_bulb: float, candidate: float, humidity_ratio: float, pressure: float
) -> float:
    """Humidity ratio implied by a wet bulb less the given one, unclipped so that it has a root."""
    saturated = saturation_humidity_ratio(candidate, pressure)
    if candidate >= FREEZING_POINT:
        implied = ((2501.0 - 2.326 * candidate) * saturated - 1.006 * (dry_bulb - candidate)) / (
            2501.0 + 1.86 * dry_bulb - 4.186 * candidate
        )
    else:
        implied = ((2830.0 - 0.24 * candidate) * saturated - 1.006 * (dry_bulb - candidate)) / (
            2830.0 + 1.86 * dry_bulb - 2.1 * candidate
        )
    return implied - humidity_ratio


@law
def moist_air_enthalpy(dry_bulb: float, humidity_ratio: float) -> float:
    """Specific enthalpy [J per kg of dry air]. Source: ASHRAE (2017) ch. 1 eq. (30)."""
    return CP_DRY_AIR * dry_bulb + humidity_ratio * (LATENT_HEAT_0 + CP_VAPOUR * dry_bulb)


@law
def dry_bulb_from_enthalpy(enthalpy: float, humidity_ratio: float) -> float:
    """Dry bulb [degC] from enthalpy [J/kg dry air] and humidity ratio [kg/kg]."""
    return (enthalpy - humidity_ratio * LATENT_HEAT_0) / (CP_DRY_AIR + humidity_ratio * CP_VAPOUR)


@law
def saturated_air_enthalpy(temperature: float, pressure: float) -> float:
    """Specific enthalpy of saturated air [J per kg of dry air] at temperature [degC]."""
    return moist_air_enthalpy(temperature, saturation_humidity_ratio(temperature, pressure))


@law
def saturated_air_enthalpy_slope(temperature: float, pressure: float) -> float:
    """Derivative of :func:`saturated_air_enthalpy` with respect to temperature [J/(kg K)]."""
    vapour = saturation_pressure(temperature)
    dry = max(pressure - vapour, 1e-3 * pressure)
    return (
        CP_DRY_AIR
        + CP_VAPOUR * MOLAR_MASS_RATIO * vapour / dry
        + (LATENT_HEAT_0 + CP_VAPOUR * temperature)
        * MOLAR_MASS_RATIO
        * pressure
        / dry**2
        * saturation_pressure_slope(temperature)
    )


@law
def saturated_air_temperature(enthalpy: float, pressure: float) -> float:
    """Temperature [degC] at which saturated air has the given enthalpy [J/kg dry air].

    Bracketed Newton to 1e-10 K within -100 degC and the boiling point at this pressure.
    """
    low = -100.0
    high = saturation_temperature(0.999 * pressure)
    temperature = 20.0
    for _ in range(100):
        error = saturated_air_enthalpy(temperature, pressure) - enthalpy
        if error > 0.0:
            high = min(high, temperature)
        else:
            low = max(low, temperature)
        slope = saturated_air_enthalpy_slope(temperature, pressure)
        following = temperature - error / slope
        if following <= low or following >= high:
            following = 0.5 * (low + high)
        if abs(following - temperature) < 1e-10:
            return following
        temperature = following
    return temperature


@law
def moist_air_density(dry_bulb: float, humidity_ratio: float, pressure: float) -> float:
    """Density of moist air [kg of mixture per m3]. Source: ASHRAE (2017) ch. 1 eqs. (9), (26)."""
    return (1.0 + humidity_ratio) / moist_air_specific_volume(dry_bulb, humidity_ratio, pressure)


@law
def moist_air_specific_volume(dry_bulb: float, humidity_ratio: float, pressure: float) -> float:
    """Volume of moist air per kg of dry air [m3/kg]. Source: ASHRAE (2017) ch. 1 eq. (26)."""
    return (
        GAS_CONSTANT_DRY_AIR
        * (dry_bulb + KELVIN)
        * (1.0 + VAPOUR_VOLUME_FACTOR * humidity_ratio)
        / pressure
    )


@law
def moist_air_specific_heat(humidity_ratio: float) -> float:
    """Specific heat of moist air [J per K and kg of dry air]."""
    return CP_DRY_AIR + CP_VAPOUR * humidity_ratio


@law
def pressure_at_elevation(elevation: float) -> float:
    """Barometric pressure [Pa] of the standard atmosphere at elevation [m], -5,000 to 11,000 m.

    Source: ASHRAE (2017) ch. 1 eq. (3).
    """
    return 101_325.0 * math.pow(1.0 - 2.25577e-5 * elevation, 5.2559)
