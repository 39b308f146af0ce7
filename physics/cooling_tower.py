"""Open cooling towers by Merkel's theory in effectiveness-NTU form, and their water use.

Merkel: heat flows with the difference between the enthalpy of air saturated at the water
temperature and that of the air stream, whose enthalpy is a function of its wet bulb alone. Braun
turns this into the counterflow exchanger relation with the mean slope of the saturation enthalpy
curve as the specific heat of the air,

    c_s = (h_s(T_in) - h_s(T_out)) / (T_in - T_out),   m* = m_a c_s / (m_w c_w),
    Q = eps(NTU, m*) m_a (h_s(T_in) - h_s(T_wb)).

Water never leaves colder than the wet bulb, and water colder than the wet bulb is warmed by the
same law. The saturation curve is bent, so the mean slope makes Braun's water range up to 3 % larger
or smaller than Merkel's own integral (:mod:`physics.cooling_tower_integral`) at the duties of a
plant, and up to 8 % at ranges of 20 K. Air flows are of dry air. Temperatures in degC, mass flows
in kg/s, pressure in Pa.

Sources: Merkel (1925); Braun, Klein and Mitchell, Effectiveness models for cooling towers and
cooling coils, ASHRAE Trans. 95-2 (1989).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from physics.effectiveness_ntu import effectiveness_counterflow, ntu_counterflow
from physics.fan import fan_mass_flow
from physics.jit import law
from physics.psychrometrics import (
    dry_bulb_from_enthalpy,
    humidity_ratio_from_wet_bulb,
    moist_air_enthalpy,
    saturated_air_enthalpy,
    saturated_air_enthalpy_slope,
    saturated_air_temperature,
    saturation_humidity_ratio,
)

CP_WATER = 4186.0
"""Specific heat of the tower water [J/(kg K)]."""
STILL_SHARE = 0.125
"""Share of the rated air flow by free convection with the fan off [-], the usual rating of
induced-draught towers in plant simulators (DOE-2, Modelica Buildings)."""


@law
def transfer_conductance(
    water_mass_flow: float,
    air_mass_flow: float,
    rated_water_mass_flow: float,
    rated_air_mass_flow: float,
    rated_conductance: float,
    water_exponent: float = 0.4,
    air_exponent: float = 0.6,
) -> float:
    """Mass-transfer conductance h_D A of the fill [kg/s], scaled from a rated point by both flows.

    In Braun's form NTU = c (m_w / m_a)^(1+n) the exponents are 1 + n and -n, with n about -0.6.
    """
    if water_mass_flow <= 0.0 or air_mass_flow <= 0.0:
        return 0.0
    return (
        rated_conductance
        * math.pow(water_mass_flow / rated_water_mass_flow, water_exponent)
        * math.pow(air_mass_flow / rated_air_mass_flow, air_exponent)
    )


@law
def saturation_specific_heat(temperature_a: float, temperature_b: float, pressure: float) -> float:
    """Mean slope of the saturation enthalpy between two temperatures [J/(kg K)]."""
    difference = temperature_a - temperature_b
    if abs(difference) < 1e-5:
        return saturated_air_enthalpy_slope(0.5 * (temperature_a + temperature_b), pressure)
    return (
        saturated_air_enthalpy(temperature_a, pressure)
        - saturated_air_enthalpy(temperature_b, pressure)
    ) / difference


@law
def merkel_leaving_temperature(
    water_mass_flow: float,
    inlet_temperature: float,
    air_mass_flow: float,
    wet_bulb_temperature: float,
    conductance: float,
    pressure: float,
    specific_heat: float = CP_WATER,
) -> float:
    """Water leaving temperature [degC] of a tower of given conductance h_D A [kg/s].

    Solves Braun's relation with the mean slope taken between the two water temperatures, by regula
    falsi (Illinois) between wet bulb and inlet, to 1e-10 K. Without air or conductance the water
    leaves as it came; without water the answer is the limit, the wet bulb.
    """
    span = inlet_temperature - wet_bulb_temperature
    if span == 0.0 or air_mass_flow <= 0.0:
        return inlet_temperature
    if water_mass_flow <= 0.0:
        return wet_bulb_temperature
    if conductance <= 0.0:
        return inlet_temperature
    transfer_units = conductance / air_mass_flow
    enthalpy_in = saturated_air_enthalpy(inlet_temperature, pressure)
    potential = enthalpy_in - saturated_air_enthalpy(wet_bulb_temperature, pressure)
    water_rate = water_mass_flow * specific_heat
    # The unknown is the cooling share of the span, 0 (inlet) to 1 (wet bulb).
    low, high = 0.0, 1.0
    error_low = error_high = 0.0
    share = 0.0
    side = 0
    for iteration in range(100):
        if iteration == 0:
            share = 0.0
        elif iteration == 1:
            share = 1.0
        else:
            share = high - error_high * (high - low) / (error_high - error_low)
            if not low < share < high:
                share = 0.5 * (low + high)
        slope = saturation_specific_heat(
            inlet_temperature, inlet_temperature - share * span, pressure
        )
        ratio = air_mass_flow * slope / water_rate
        if ratio <= 1.0:
            heat = effectiveness_counterflow(transfer_units, ratio) * air_mass_flow * potential
        else:
            heat = (
                effectiveness_counterflow(transfer_units * ratio, 1.0 / ratio)
                * air_mass_flow
                * potential
                / ratio
            )
        error = share - heat / (water_rate * span)
        if iteration == 0:
            error_low = error
            if error >= 0.0:
                return inlet_temperature
        elif iteration == 1:
            error_high = error
            if error <= 0.0:
                return wet_bulb_temperature
        elif error < 0.0:
            low, error_low = share, error
            if side == -1:
                error_high *= 0.5
            side = -1
        else:
            high, error_high = share, error
            if side == 1:
                error_low *= 0.5
            side = 1
        if iteration > 1 and (abs(error * span) < 1e-11 or high - low < 1e-15):
            break
    return inlet_temperature - share * span


@law
def merkel_tower(
    fan_speed: float,
    water_mass_flow: float,
    inlet_temperature: float,
    dry_bulb: float,
    wet_bulb_temperature: float,
    pressure: float,
    rated_water_mass_flow: float,
    rated_air_mass_flow: float,
    rated_conductance: float,
    water_exponent: float = 0.4,
    air_exponent: float = 0.6,
    still_share: float = STILL_SHARE,
    density_ratio: float = 1.0,
    specific_heat: float = CP_WATER,
) -> tuple[float, float, float, float, float]:
    """Heat rejected [W], water and air leaving temperature [degC], evaporation and air flow [kg/s].

    fan_speed relative [-]; dry_bulb and wet_bulb_temperature of the entering air [degC]; rated_*
    from :func:`rate_merkel_tower`; density_ratio: air density over that at rating. The heat is
    exactly m_w c_w times the range; the enthalpy carried by make-up water is not part of it.
    """
    air_mass_flow = fan_mass_flow(fan_speed, rated_air_mass_flow, still_share, density_ratio)
    water = max(water_mass_flow, 0.0)
    conductance = transfer_conductance(
        water,
        air_mass_flow,
        rated_water_mass_flow,
        rated_air_mass_flow,
        rated_conductance,
        water_exponent,
        air_exponent,
    )
    leaving = merkel_leaving_temperature(
        water,
        inlet_temperature,
        air_mass_flow,
        wet_bulb_temperature,
        conductance,
        pressure,
        specific_heat,
    )
    heat = water * specific_heat * (inlet_temperature - leaving)
    evaporation, air_leaving = tower_evaporation(
        heat, air_mass_flow, conductance, dry_bulb, wet_bulb_temperature, pressure
    )
    return heat, leaving, air_leaving, evaporation, air_mass_flow


@law
def tower_evaporation(
    heat: float,
    air_mass_flow: float,
    conductance: float,
    dry_bulb: float,
    wet_bulb_temperature: float,
    pressure: float,
) -> tuple[float, float]:
    """Water evaporated [kg/s] and air leaving dry bulb [degC] for a heat rejected [W].

    The air approaches saturation at the mean water surface: its effective enthalpy follows from
    the air's enthalpy rise over 1 - exp(-NTU), and the humidity ratio approaches that state the
    same way. Source: Braun et al. (1989), after Threlkeld. Negative is condensation.
    """
    humidity = humidity_ratio_from_wet_bulb(dry_bulb, wet_bulb_temperature, pressure)
    if air_mass_flow <= 0.0 or conductance <= 0.0:
        return 0.0, dry_bulb
    approach = -math.expm1(-conductance / air_mass_flow)
    enthalpy = moist_air_enthalpy(dry_bulb, humidity)
    surface_enthalpy = enthalpy + heat / air_mass_flow / approach
    surface = saturated_air_temperature(surface_enthalpy, pressure)
    leaving_humidity = humidity + approach * (
        saturation_humidity_ratio(surface, pressure) - humidity
    )
    leaving = dry_bulb_from_enthalpy(enthalpy + heat / air_mass_flow, leaving_humidity)
    return air_mass_flow * (leaving_humidity - humidity), leaving


@law
def tower_fan_speed(
    leaving_temperature: float,
    water_mass_flow: float,
    inlet_temperature: float,
    wet_bulb_temperature: float,
    pressure: float,
    rated_water_mass_flow: float,
    rated_air_mass_flow: float,
    rated_conductance: float,
    water_exponent: float = 0.4,
    air_exponent: float = 0.6,
    still_share: float = STILL_SHARE,
    density_ratio: float = 1.0,
    specific_heat: float = CP_WATER,
) -> float:
    """Relative fan speed that holds a water leaving temperature [degC], within 0 to 1.

    0 where free convection already cools below it, 1 where the full fan does not reach it.
    Bisection to 1e-9 of the speed.
    """
    low, high = 0.0, 1.0
    for iteration in range(33):
        if iteration == 0:
            speed = 0.0
        elif iteration == 1:
            speed = 1.0
        else:
            speed = 0.5 * (low + high)
        air_mass_flow = fan_mass_flow(speed, rated_air_mass_flow, still_share, density_ratio)
        conductance = transfer_conductance(
            water_mass_flow,
            air_mass_flow,
            rated_water_mass_flow,
            rated_air_mass_flow,
            rated_conductance,
            water_exponent,
            air_exponent,
        )
        leaving = merkel_leaving_temperature(
            water_mass_flow,
            inlet_temperature,
            air_mass_flow,
            wet_bulb_temperature,
            conductance,
            pressure,
            specific_heat,
        )
        if iteration == 0:
            if leaving <= leaving_temperature:
                return 0.0
        elif iteration == 1:
            if leaving >= leaving_temperature:
                return 1.0
        elif leaving > leaving_temperature:
            low = speed
        else:
            high = speed
    return 0.5 * (low + high)


@dataclass(frozen=True)
class MerkelTower:
    """Rating of a tower, in the order :func:`merkel_tower` takes it.

    Mass flows [kg/s] (air: dry air), conductance h_D A [kg/s], exponents [-].
    """

    rated_water_mass_flow: float
    rated_air_mass_flow: float
    rated_conductance: float
    water_exponent: float
    air_exponent: float


def rate_merkel_tower(
    water_mass_flow: float,
    inlet_temperature: float,
    leaving_temperature: float,
    wet_bulb_temperature: float,
    air_mass_flow: float,
    *,
    pressure: float = 101_325.0,
    specific_heat: float = CP_WATER,
    water_exponent: float = 0.4,
    air_exponent: float = 0.6,
) -> MerkelTower:
    """Rate a tower from one duty point of its data sheet.

    Mass flows [kg/s], temperatures [degC]. Raises ValueError when the temperatures are out of order
    or the air cannot take the heat however large the fill.
    """
    if not inlet_temperature > leaving_temperature > wet_bulb_temperature:
        raise ValueError(
            "a tower's inlet must be warmer than its outlet and that warmer than the wet bulb, got "
            f"{inlet_temperature}, {leaving_temperature} and {wet_bulb_temperature} degC"
        )
    if not (water_mass_flow > 0.0 and air_mass_flow > 0.0):
        raise ValueError("rated mass flows must be above 0 kg/s")
    slope = saturation_specific_heat(inlet_temperature, leaving_temperature, pressure)
    ratio = air_mass_flow * slope / (water_mass_flow * specific_heat)
    heat = water_mass_flow * specific_heat * (inlet_temperature - leaving_temperature)
    potential = saturated_air_enthalpy(inlet_temperature, pressure) - saturated_air_enthalpy(
        wet_bulb_temperature, pressure
    )
    if ratio <= 1.0:
        transfer_units = ntu_counterflow(heat / (air_mass_flow * potential), ratio)
    else:
        transfer_units = (
            ntu_counterflow(heat / (air_mass_flow * potential) * ratio, 1.0 / ratio) / ratio
        )
    if not math.isfinite(transfer_units):
        raise ValueError(
            f"{air_mass_flow:g} kg/s of air cannot take {heat:g} W between these temperatures; "
            "raise the air flow or the approach"
        )
    return MerkelTower(
        rated_water_mass_flow=water_mass_flow,
        rated_air_mass_flow=air_mass_flow,
        rated_conductance=transfer_units * air_mass_flow,
        water_exponent=water_exponent,
        air_exponent=air_exponent,
    )
