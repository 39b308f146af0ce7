"""Cooling tower by Merkel's theory with the air as an equivalent fluid of wet-bulb temperature.

The moist air is replaced by a fluid whose temperature is the wet bulb and whose specific heat is
c_pe = (h_s(T_wb,out) - h_s(T_wb,in)) / (T_wb,out - T_wb,in). Tower and air then form a counterflow
exchanger with UA_e = UA c_pe / c_p, and UA is corrected for air flow, water flow and wet bulb by
polynomials (Scheier). This is the formulation of EnergyPlus' CoolingTower:VariableSpeed:Merkel and
of Modelica Buildings; :mod:`physics.cooling_tower` is Braun's.

Temperatures in degC, mass flows in kg/s, UA in W/K. Source: EnergyPlus Engineering Reference,
variable speed tower Merkel model; ASHRAE HVAC1 Toolkit (1999), TowerUA.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physics.chiller import polynomial
from physics.cooling_tower import CP_WATER, saturation_specific_heat
from physics.effectiveness_ntu import effectiveness_counterflow, ntu_counterflow
from physics.jit import law
from physics.psychrometrics import CP_DRY_AIR

AIR_FLOW_FACTOR = np.array([0.0, 1.3, -0.3])
"""UA by air flow ratio, valid from 0.2 to 1 (Scheier, as in EnergyPlus' defaults)."""
WATER_FLOW_FACTOR = np.array([0.1082, 1.667, -0.7713])
"""UA by water flow ratio, valid from 0.3 to 1."""
WET_BULB_FACTOR = np.array([1.0, 0.0081])
"""UA by rated less actual wet bulb [K], valid from -10 to 25 K."""


@law
def equivalent_fluid_tower(
    water_mass_flow: float,
    inlet_temperature: float,
    air_mass_flow: float,
    wet_bulb_temperature: float,
    conductance: float,
    pressure: float,
    water_specific_heat: float = CP_WATER,
    air_specific_heat: float = CP_DRY_AIR,
) -> tuple[float, float, float]:
    """Heat rejected [W], water leaving and air leaving wet-bulb temperature [degC].

    conductance: UA [W/K] at these flows, see :func:`corrected_conductance`; air_mass_flow of dry
    air. The leaving wet bulb, on which c_pe depends, is found by regula falsi to 1e-11 K of the
    water's range.
    """
    span = inlet_temperature - wet_bulb_temperature
    water_rate = water_mass_flow * water_specific_heat
    if span == 0.0 or water_rate <= 0.0 or air_mass_flow <= 0.0 or conductance <= 0.0:
        leaving = wet_bulb_temperature if water_rate <= 0.0 else inlet_temperature
        return 0.0, leaving, wet_bulb_temperature
    low, high = 0.0, 1.0
    error_low = error_high = 0.0
    share = 0.0
    heat = 0.0
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
        specific_heat = saturation_specific_heat(
            wet_bulb_temperature + share * span, wet_bulb_temperature, pressure
        )
        air_rate = air_mass_flow * specific_heat
        smaller = min(air_rate, water_rate)
        effectiveness = effectiveness_counterflow(
            conductance * specific_heat / air_specific_heat / smaller,
            smaller / max(air_rate, water_rate),
        )
        heat = effectiveness * smaller * span
        error = share - heat / (air_rate * span)
        if iteration == 0:
            error_low = error
        elif iteration == 1:
            error_high = error
            if error <= 0.0:
                break
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
    return heat, inlet_temperature - heat / water_rate, wet_bulb_temperature + share * span


@law
def corrected_conductance(
    rated_conductance: float,
    air_ratio: float,
    water_ratio: float,
    wet_bulb_shortfall: float,
    air_factor: NDArray[np.float64],
    water_factor: NDArray[np.float64],
    wet_bulb_factor: NDArray[np.float64],
    air_ratio_min: float = 0.2,
    water_ratio_min: float = 0.3,
) -> float:
    """UA [W/K] off its rated point.

    air_ratio, water_ratio: flows over rated [-], wet_bulb_shortfall: rated less actual wet bulb
    [K]; factors: polynomial coefficients, shape [n], held at the ends of their ranges (0.2 to 1,
    0.3 to 1, -10 to 25 K). Below the smallest flow ratios UA falls linearly to nothing.
    """
    air = min(max(air_ratio, air_ratio_min), 1.0)
    water = min(max(water_ratio, water_ratio_min), 1.0)
    shortfall = min(max(wet_bulb_shortfall, -10.0), 25.0)
    factor = (
        polynomial(air_factor, air)
        * polynomial(water_factor, water)
        * polynomial(wet_bulb_factor, shortfall)
    )
    fade = min(max(air_ratio / air_ratio_min, 0.0), 1.0)
    fade *= min(max(water_ratio / water_ratio_min, 0.0), 1.0)
    return rated_conductance * max(factor, 0.0) * fade


def rate_equivalent_fluid_tower(
    water_mass_flow: float,
    inlet_temperature: float,
    leaving_temperature: float,
    air_mass_flow: float,
    wet_bulb_temperature: float,
    *,
    pressure: float = 101_325.0,
    water_specific_heat: float = CP_WATER,
    air_specific_heat: float = CP_DRY_AIR,
) -> float:
    """UA [W/K] of a tower from one duty point; raises ValueError for an impossible one."""
    if not inlet_temperature > leaving_temperature > wet_bulb_temperature:
        raise ValueError(
            "a tower's inlet must be warmer than its outlet and that warmer than the wet bulb, got "
            f"{inlet_temperature}, {leaving_temperature} and {wet_bulb_temperature} degC"
        )
    water_rate = water_mass_flow * water_specific_heat
    heat = water_rate * (inlet_temperature - leaving_temperature)
    low, high = wet_bulb_temperature, inlet_temperature
    for _ in range(200):
        middle = 0.5 * (low + high)
        slope = saturation_specific_heat(middle, wet_bulb_temperature, pressure)
        if air_mass_flow * slope * (middle - wet_bulb_temperature) < heat:
            low = middle
        else:
            high = middle
    slope = saturation_specific_heat(0.5 * (low + high), wet_bulb_temperature, pressure)
    air_rate = air_mass_flow * slope
    smaller = min(air_rate, water_rate)
    effectiveness = heat / (smaller * (inlet_temperature - wet_bulb_temperature))
    if effectiveness >= 1.0:
        raise ValueError(f"{air_mass_flow:g} kg/s of air cannot take {heat:g} W")
    units = ntu_counterflow(effectiveness, smaller / max(air_rate, water_rate))
    return units * smaller * air_specific_heat / slope
