"""Merkel's integral for counterflow towers: the number a duty demands, and the duty of a number.

    h_D A / m_w = integral of c_w dT / (h_s(T) - h_a(T)) from leaving to entering water temperature

along the operating line h_a = h_s(T_wb) + (m_w / m_a) c_w (T - T_leaving). CTI evaluates it by a
four-point Chebyshev rule; :func:`merkel_integral` does so to rounding. The effectiveness form of
:mod:`physics.cooling_tower` is faster and close to it.

Temperatures in degC, pressure in Pa, water_air_ratio m_w / m_a (dry air) [-]. Sources: Merkel
(1925); Cooling Technology Institute, ATC-105.
"""

from __future__ import annotations

import math

import numpy as np

from physics.cooling_tower import CP_WATER
from physics.jit import law
from physics.psychrometrics import saturated_air_enthalpy

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_PANELS = 4


@law
def merkel_number(
    inlet_temperature: float,
    leaving_temperature: float,
    wet_bulb_temperature: float,
    water_air_ratio: float,
    pressure: float,
    specific_heat: float = CP_WATER,
) -> float:
    """Tower demand h_D A / m_w [-] by CTI's four-point Chebyshev rule.

    Driving differences are sampled at 0.1, 0.4, 0.6 and 0.9 of the range. Infinite where the
    operating line meets saturation at one of them. Source: CTI ATC-105.
    """
    water_range = inlet_temperature - leaving_temperature
    entering = saturated_air_enthalpy(wet_bulb_temperature, pressure)
    total = 0.0
    for index in range(4):
        rise = (0.1, 0.4, 0.6, 0.9)[index] * water_range
        driving = saturated_air_enthalpy(leaving_temperature + rise, pressure) - (
            entering + water_air_ratio * specific_heat * rise
        )
        if driving <= 0.0:
            return math.inf
        total += 1.0 / driving
    return specific_heat * water_range * 0.25 * total


@law
def merkel_integral(
    inlet_temperature: float,
    leaving_temperature: float,
    wet_bulb_temperature: float,
    water_air_ratio: float,
    pressure: float,
    specific_heat: float = CP_WATER,
) -> float:
    """Tower demand h_D A / m_w [-] by 48-point Gauss integration.

    Infinite where the operating line meets saturation at one of the points.
    """
    water_range = inlet_temperature - leaving_temperature
    entering = saturated_air_enthalpy(wet_bulb_temperature, pressure)
    total = 0.0
    for panel in range(_PANELS):
        for index in range(12):
            share = (panel + 0.5 + 0.5 * _NODES[index]) / _PANELS
            rise = share * water_range
            driving = saturated_air_enthalpy(leaving_temperature + rise, pressure) - (
                entering + water_air_ratio * specific_heat * rise
            )
            if driving <= 0.0:
                return math.inf
            total += 0.5 * _WEIGHTS[index] / driving
    return float(specific_heat * water_range * total / _PANELS)


@law
def integral_leaving_temperature(
    water_mass_flow: float,
    inlet_temperature: float,
    air_mass_flow: float,
    wet_bulb_temperature: float,
    conductance: float,
    pressure: float,
    specific_heat: float = CP_WATER,
) -> float:
    """Water leaving temperature [degC] of a tower of conductance h_D A [kg/s], by the integral.

    Arguments and limits as :func:`physics.cooling_tower.merkel_leaving_temperature`, for water
    warmer than the wet bulb (colder water leaves as it came). Bisection to 1e-10 K.
    """
    if (
        inlet_temperature <= wet_bulb_temperature
        or air_mass_flow <= 0.0
        or (conductance <= 0.0 and water_mass_flow > 0.0)
    ):
        return inlet_temperature
    if water_mass_flow <= 0.0:
        return wet_bulb_temperature
    wanted = conductance / water_mass_flow
    ratio = water_mass_flow / air_mass_flow
    low, high = wet_bulb_temperature, inlet_temperature
    while high - low > 1e-10:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        demand = merkel_integral(
            inlet_temperature, middle, wet_bulb_temperature, ratio, pressure, specific_heat
        )
        if demand > wanted:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
