"""Finned coils between a liquid and air: conductance by both flows, heat and leaving temperatures.

One law serves dry coolers, room air handlers (CRAH) and rear doors. Heat is positive from the
liquid to the air. The conductance is two films and a wall in series; the liquid film follows
m^0.8, the air film of finned tubes m^0.6 (ASHRAE Handbook, HVAC Systems and Equipment (2020),
ch. 23; Kays and London find 0.5 to 0.65 for finned surfaces). Dry coils only: where the surface is
below the air's dew point :func:`coldest_surface_temperature` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from physics.effectiveness_ntu import Arrangement
from physics.heat_exchanger import (
    conductance_from_duty,
    exchange,
    film_conductance,
    overall_conductance,
)
from physics.jit import law

LIQUID_EXPONENT = 0.8
AIR_EXPONENT = 0.6


@law
def coil_exchange(
    arrangement: int,
    liquid_mass_flow: float,
    liquid_specific_heat: float,
    liquid_temperature: float,
    air_mass_flow: float,
    air_specific_heat: float,
    air_temperature: float,
    rated_liquid_mass_flow: float,
    rated_liquid_conductance: float,
    rated_air_mass_flow: float,
    rated_air_conductance: float,
    wall_resistance: float = 0.0,
    liquid_exponent: float = LIQUID_EXPONENT,
    air_exponent: float = AIR_EXPONENT,
    fouling_resistance: float = 0.0,
) -> tuple[float, float, float, float]:
    """Heat from liquid to air [W], liquid and air leaving temperatures [degC], and UA [W/K].

    Mass flows [kg/s] of either direction (a single-pass crossflow coil does not mind), specific
    heats [J/(kg K)], entering temperatures [degC], rated film conductances [W/K], resistances
    [K/W] of the whole surface. Without flow on a side no heat flows and the still side leaves at
    the other's temperature, the limit of a vanishing flow.
    """
    liquid_film = film_conductance(
        liquid_mass_flow, rated_liquid_mass_flow, rated_liquid_conductance, liquid_exponent
    )
    air_film = film_conductance(
        air_mass_flow, rated_air_mass_flow, rated_air_conductance, air_exponent
    )
    conductance = overall_conductance(liquid_film, air_film, wall_resistance, fouling_resistance)
    liquid_rate = abs(liquid_mass_flow) * liquid_specific_heat
    air_rate = abs(air_mass_flow) * air_specific_heat
    if conductance <= 0.0 and (liquid_rate > 0.0) != (air_rate > 0.0):
        if liquid_rate > 0.0:
            return 0.0, liquid_temperature, liquid_temperature, 0.0
        return 0.0, air_temperature, air_temperature, 0.0
    heat, liquid_leaving, air_leaving = exchange(
        arrangement, conductance, liquid_rate, air_rate, liquid_temperature, air_temperature
    )
    return heat, liquid_leaving, air_leaving, conductance


@law
def coldest_surface_temperature(
    liquid_conductance: float,
    air_conductance: float,
    liquid_temperature: float,
    air_temperature: float,
) -> float:
    """Surface temperature [degC] between two films, each with its local fluid temperature.

    With the liquid's colder end and the air there it is the coldest surface: below the air's dew
    point it drips, below the coolant's freezing point it may freeze. Conductances [W/K].
    """
    total = liquid_conductance + air_conductance
    if total <= 0.0:
        return min(liquid_temperature, air_temperature)
    return (liquid_conductance * liquid_temperature + air_conductance * air_temperature) / total


@dataclass(frozen=True)
class Coil:
    """Rating of a coil, in the order :func:`coil_exchange` takes it.

    Mass flows [kg/s], film conductances [W/K], wall resistance [K/W], exponents [-]; conductance:
    clean UA at the rated point [W/K]; arrangement: flow arrangement it was rated with.
    """

    arrangement: Arrangement
    rated_liquid_mass_flow: float
    rated_liquid_conductance: float
    rated_air_mass_flow: float
    rated_air_conductance: float
    wall_resistance: float
    liquid_exponent: float
    air_exponent: float
    conductance: float


def rate_coil(
    heat: float,
    liquid_mass_flow: float,
    liquid_specific_heat: float,
    liquid_temperature: float,
    air_mass_flow: float,
    air_specific_heat: float,
    air_temperature: float,
    *,
    arrangement: Arrangement = Arrangement.CROSSFLOW_UNMIXED,
    air_share: float = 0.75,
    wall_share: float = 0.02,
    liquid_exponent: float = LIQUID_EXPONENT,
    air_exponent: float = AIR_EXPONENT,
) -> Coil:
    """Rate a coil from one duty point of its data sheet.

    heat [W] from liquid to air (negative for a cooling coil) at the mass flows [kg/s], specific
    heats [J/(kg K)] and entering temperatures [degC] given. air_share and wall_share: shares of the
    air film and of the tube wall in the total resistance; the liquid film has the rest. Raises
    ValueError for an impossible duty or impossible shares.
    """
    if not (air_share > 0.0 and wall_share >= 0.0 and air_share + wall_share < 1.0):
        raise ValueError(
            f"shares of resistance must be positive and leave some to the liquid film, got "
            f"{air_share} (air) and {wall_share} (wall)"
        )
    if not (liquid_mass_flow > 0.0 and air_mass_flow > 0.0):
        raise ValueError("rated mass flows must be above 0 kg/s")
    conductance = conductance_from_duty(
        heat,
        liquid_mass_flow * liquid_specific_heat,
        air_mass_flow * air_specific_heat,
        liquid_temperature,
        air_temperature,
        arrangement,
    )
    if not conductance > 0.0:
        raise ValueError("the rated heat must not be zero")
    return Coil(
        arrangement=arrangement,
        rated_liquid_mass_flow=liquid_mass_flow,
        rated_liquid_conductance=conductance / (1.0 - air_share - wall_share),
        rated_air_mass_flow=air_mass_flow,
        rated_air_conductance=conductance / air_share,
        wall_resistance=wall_share / conductance,
        liquid_exponent=liquid_exponent,
        air_exponent=air_exponent,
        conductance=conductance,
    )
