"""Dry coolers: fan-driven liquid-to-air coils, with adiabatic pads and a freezing guard.

The coil is that of :mod:`physics.coil`. With the fan off, buoyancy moves ``still_share`` of the
rated air flow through the coil. A wetted pad cools the entering air towards its wet bulb along a
line of constant wet bulb. Temperatures in degC, mass flows in kg/s, powers in W.
"""

from __future__ import annotations

import math

from physics.coil import AIR_EXPONENT, LIQUID_EXPONENT, coil_exchange, coldest_surface_temperature
from physics.fan import fan_mass_flow
from physics.heat_exchanger import film_conductance
from physics.jit import law
from physics.psychrometrics import (
    CP_DRY_AIR,
    humidity_ratio_from_wet_bulb,
    wet_bulb,
)

STILL_SHARE = 0.1
"""Share of the rated air flow with the fan off: 10 % of capacity is the usual rating of free
convection in plant simulators (DOE-2, EnergyPlus)."""


@law
def dry_cooler(
    arrangement: int,
    fan_speed: float,
    mass_flow: float,
    specific_heat: float,
    inlet_temperature: float,
    air_temperature: float,
    rated_mass_flow: float,
    rated_liquid_conductance: float,
    rated_air_mass_flow: float,
    rated_air_conductance: float,
    wall_resistance: float = 0.0,
    still_share: float = STILL_SHARE,
    density_ratio: float = 1.0,
    liquid_exponent: float = LIQUID_EXPONENT,
    air_exponent: float = AIR_EXPONENT,
    air_specific_heat: float = CP_DRY_AIR,
    fouling_resistance: float = 0.0,
) -> tuple[float, float, float, float]:
    """Heat rejected [W], coolant leaving, air leaving temperature [degC] and air mass flow [kg/s].

    fan_speed relative [-]; air_temperature entering the coil, after any pad; density_ratio: air
    density over that at rating. The other arguments are as in :func:`physics.coil.coil_exchange`.
    Heat is negative where the air is warmer than the coolant.
    """
    air_mass_flow = fan_mass_flow(fan_speed, rated_air_mass_flow, still_share, density_ratio)
    heat, leaving, air_leaving, _ = coil_exchange(
        arrangement,
        mass_flow,
        specific_heat,
        inlet_temperature,
        air_mass_flow,
        air_specific_heat,
        air_temperature,
        rated_mass_flow,
        rated_liquid_conductance,
        rated_air_mass_flow,
        rated_air_conductance,
        wall_resistance,
        liquid_exponent,
        air_exponent,
        fouling_resistance,
    )
    return heat, leaving, air_leaving, air_mass_flow


@law
def dry_cooler_fan_speed(
    leaving_temperature: float,
    arrangement: int,
    mass_flow: float,
    specific_heat: float,
    inlet_temperature: float,
    air_temperature: float,
    rated_mass_flow: float,
    rated_liquid_conductance: float,
    rated_air_mass_flow: float,
    rated_air_conductance: float,
    wall_resistance: float = 0.0,
    still_share: float = STILL_SHARE,
    density_ratio: float = 1.0,
    liquid_exponent: float = LIQUID_EXPONENT,
    air_exponent: float = AIR_EXPONENT,
    air_specific_heat: float = CP_DRY_AIR,
    fouling_resistance: float = 0.0,
) -> float:
    """Relative fan speed that holds a coolant leaving temperature [degC], within 0 to 1.

    0 where the still cooler already cools below it, 1 where the full fan does not reach it. Solved
    by regula falsi (Illinois) to 1e-11 K.
    """
    low, high = 0.0, 1.0
    error_low = error_high = 0.0
    speed = 0.0
    side = 0
    for iteration in range(100):
        if iteration == 0:
            speed = 0.0
        elif iteration == 1:
            speed = 1.0
        else:
            speed = high - error_high * (high - low) / (error_high - error_low)
            if not low < speed < high:
                speed = 0.5 * (low + high)
        error = (
            dry_cooler(
                arrangement,
                speed,
                mass_flow,
                specific_heat,
                inlet_temperature,
                air_temperature,
                rated_mass_flow,
                rated_liquid_conductance,
                rated_air_mass_flow,
                rated_air_conductance,
                wall_resistance,
                still_share,
                density_ratio,
                liquid_exponent,
                air_exponent,
                air_specific_heat,
                fouling_resistance,
            )[1]
            - leaving_temperature
        )
        if iteration == 0:
            if error <= 0.0:
                return 0.0
            error_low = error
        elif iteration == 1:
            if error >= 0.0:
                return 1.0
            error_high = error
            # Below the still share the fan changes nothing: start the search where it does.
            low = min(max(still_share, 0.0), 1.0)
        else:
            if error > 0.0:
                low, error_low = speed, error
                if side == 1:
                    error_high *= 0.5
                side = 1
            else:
                high, error_high = speed, error
                if side == -1:
                    error_low *= 0.5
                side = -1
            if error == 0.0 or high - low < 1e-12 or abs(error) < 1e-11:
                return speed
    return speed


@law
def pad_saturation_efficiency(
    air_mass_flow: float, rated_air_mass_flow: float, rated_efficiency: float
) -> float:
    """Saturation efficiency [-] of a wetted pad at an air flow.

    1 - exp(-NTU) with NTU falling as m^-0.2, from a transfer coefficient that goes with m^0.8
    (Dowdy and Karabash, ASHRAE Trans. 93-2, 1987: Nu ~ Re^0.8).
    """
    if rated_efficiency <= 0.0:
        return 0.0
    if air_mass_flow <= 0.0:
        return 1.0
    transfer_units = -math.log1p(-min(rated_efficiency, 1.0 - 1e-12))
    transfer_units *= math.pow(air_mass_flow / rated_air_mass_flow, -0.2)
    return -math.expm1(-transfer_units)


@law
def adiabatic_pad(
    air_mass_flow: float,
    dry_bulb: float,
    humidity_ratio: float,
    pressure: float,
    efficiency: float,
) -> tuple[float, float, float]:
    """Dry bulb [degC] and humidity ratio [kg/kg] after a pad, and water evaporated [kg/s].

    air_mass_flow [kg/s] is that of dry air; efficiency: saturation efficiency, 0 for a dry pad,
    1 for saturated air. The wet bulb stays. Saturated air and air whose wet bulb is at or below
    freezing (the pad is drained) pass unchanged.
    """
    bulb = wet_bulb(dry_bulb, humidity_ratio, pressure)
    if efficiency <= 0.0 or bulb >= dry_bulb or bulb <= 0.0:
        return dry_bulb, humidity_ratio, 0.0
    cooled = dry_bulb - min(efficiency, 1.0) * (dry_bulb - bulb)
    moistened = humidity_ratio_from_wet_bulb(cooled, bulb, pressure)
    return cooled, moistened, max(air_mass_flow * (moistened - humidity_ratio), 0.0)


@law
def pad_demand(
    running: bool, dry_bulb: float, on_above: float, hysteresis: float, minimum: float = 2.0
) -> bool:
    """Whether the pad is to be wetted.

    It starts above a dry-bulb threshold [degC], stops ``hysteresis`` [K] below it, and never runs
    at or below ``minimum`` [degC].
    """
    if dry_bulb <= minimum:
        return False
    if running:
        return dry_bulb > on_above - hysteresis
    return dry_bulb > on_above


@law
def coldest_tube_temperature(
    fan_speed: float,
    mass_flow: float,
    leaving_temperature: float,
    air_temperature: float,
    rated_mass_flow: float,
    rated_liquid_conductance: float,
    rated_air_mass_flow: float,
    rated_air_conductance: float,
    still_share: float = STILL_SHARE,
    liquid_exponent: float = LIQUID_EXPONENT,
    air_exponent: float = AIR_EXPONENT,
) -> float:
    """Inner tube surface where leaving coolant meets entering air [degC].

    With the coolant at rest it is the air temperature: a still coil freezes whatever it contained
    before. Compare with the coolant's freezing point by :func:`freezing_risk`.
    """
    liquid_film = film_conductance(
        mass_flow, rated_mass_flow, rated_liquid_conductance, liquid_exponent
    )
    air_film = film_conductance(
        fan_mass_flow(fan_speed, rated_air_mass_flow, still_share),
        rated_air_mass_flow,
        rated_air_conductance,
        air_exponent,
    )
    return coldest_surface_temperature(liquid_film, air_film, leaving_temperature, air_temperature)


@law
def freezing_risk(tube_temperature: float, freezing_point: float, margin: float = 2.0) -> bool:
    """Whether a tube is within ``margin`` [K] of the coolant's freezing point [degC]."""
    return tube_temperature < freezing_point + margin
