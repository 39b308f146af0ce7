"""Room air handlers (CRAH) and rear-door exchangers: chilled-water coils with fans or in racks.

Both are the coil of :mod:`physics.coil` used for cooling: heat here is positive from air to water.
A CRAH drives its own air; a rear door takes the rack's. The coil is dry: with its surface below the
air's dew point water would condense, which :func:`condenses` reports.
"""

from __future__ import annotations

from physics.coil import AIR_EXPONENT, LIQUID_EXPONENT, coil_exchange
from physics.fan import fan_mass_flow
from physics.jit import law
from physics.psychrometrics import CP_DRY_AIR


@law
def air_handler(
    arrangement: int,
    fan_speed: float,
    return_temperature: float,
    water_mass_flow: float,
    water_specific_heat: float,
    water_temperature: float,
    rated_water_mass_flow: float,
    rated_water_conductance: float,
    rated_air_mass_flow: float,
    rated_air_conductance: float,
    wall_resistance: float = 0.0,
    fan_heat: float = 0.0,
    density_ratio: float = 1.0,
    water_exponent: float = LIQUID_EXPONENT,
    air_exponent: float = AIR_EXPONENT,
    air_specific_heat: float = CP_DRY_AIR,
) -> tuple[float, float, float, float]:
    """Heat to the water [W], supply air and leaving water temperature [degC], air flow [kg/s].

    fan_speed relative [-]; return_temperature of the air [degC]; rated_* from
    :func:`physics.coil.rate_coil`; fan_heat [W]: electric power of the fan, which warms the supply
    air after the coil. At rest the supply temperature is the return's.
    """
    air_mass_flow = fan_mass_flow(fan_speed, rated_air_mass_flow, 0.0, density_ratio)
    heat, water_leaving, air_leaving, _ = coil_exchange(
        arrangement,
        water_mass_flow,
        water_specific_heat,
        water_temperature,
        air_mass_flow,
        air_specific_heat,
        return_temperature,
        rated_water_mass_flow,
        rated_water_conductance,
        rated_air_mass_flow,
        rated_air_conductance,
        wall_resistance,
        water_exponent,
        air_exponent,
    )
    if air_mass_flow <= 0.0:
        return 0.0, return_temperature, water_leaving, 0.0
    supply = air_leaving + fan_heat / (air_mass_flow * air_specific_heat)
    return -heat, supply, water_leaving, air_mass_flow


@law
def rear_door(
    arrangement: int,
    air_mass_flow: float,
    exhaust_temperature: float,
    water_mass_flow: float,
    water_specific_heat: float,
    water_temperature: float,
    rated_water_mass_flow: float,
    rated_water_conductance: float,
    rated_air_mass_flow: float,
    rated_air_conductance: float,
    wall_resistance: float = 0.0,
    water_exponent: float = LIQUID_EXPONENT,
    air_exponent: float = AIR_EXPONENT,
    air_specific_heat: float = CP_DRY_AIR,
) -> tuple[float, float, float]:
    """Heat to the water [W], air and water leaving temperature [degC] of a rear door.

    air_mass_flow [kg/s]: the rack's own; exhaust_temperature [degC] ahead of the door.
    """
    heat, water_leaving, air_leaving, _ = coil_exchange(
        arrangement,
        water_mass_flow,
        water_specific_heat,
        water_temperature,
        air_mass_flow,
        air_specific_heat,
        exhaust_temperature,
        rated_water_mass_flow,
        rated_water_conductance,
        rated_air_mass_flow,
        rated_air_conductance,
        wall_resistance,
        water_exponent,
        air_exponent,
    )
    return -heat, air_leaving, water_leaving


@law
def condenses(water_temperature: float, dew_point: float, margin: float = 0.0) -> bool:
    """Whether water at a temperature [degC] could drip from air of a dew point [degC].

    Judged by the entering water, the coldest the surface can be; margin [K] on the safe side.
    """
    return water_temperature < dew_point + margin
