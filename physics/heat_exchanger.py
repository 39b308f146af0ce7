"""Heat exchangers: heat flow and leaving temperatures, flow-dependent conductance, rating.

Side 1 and side 2 are any two streams; heat is positive from 1 to 2. Capacity rates are m cp [W/K].
A stream that does not flow exchanges no heat; its leaving temperature is then the limit of
vanishing flow (that of the other stream), so nothing jumps when a pump stops.

Sources: effectiveness-NTU as in :mod:`physics.effectiveness_ntu`; film coefficients by the power
law hA ~ m^0.8 of turbulent flow (Dittus and Boelter) scaled from a rated point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from physics.effectiveness_ntu import (
    COUNTERFLOW,
    PARALLEL_FLOW,
    Arrangement,
    effectiveness_of,
    ntu_from_effectiveness,
)
from physics.jit import law

TURBULENT_EXPONENT = 0.8
"""Exponent of mass flow in the film conductance of turbulent flow [-] (Dittus and Boelter)."""


@law
def exchange(
    arrangement: int,
    conductance: float,
    capacity_rate_1: float,
    capacity_rate_2: float,
    inlet_temperature_1: float,
    inlet_temperature_2: float,
    shells: int = 1,
) -> tuple[float, float, float]:
    """Heat flow from side 1 to side 2 [W] and both leaving temperatures [degC].

    arrangement: code of :class:`physics.effectiveness_ntu.Arrangement`; conductance UA [W/K];
    capacity rates [W/K], never negative. A PHASE_CHANGE side is given an infinite capacity rate;
    it keeps its temperature.
    """
    smaller = min(capacity_rate_1, capacity_rate_2)
    larger = max(capacity_rate_1, capacity_rate_2)
    difference = inlet_temperature_1 - inlet_temperature_2
    if conductance <= 0.0 or larger <= 0.0:
        return 0.0, inlet_temperature_1, inlet_temperature_2
    if smaller <= 0.0:
        if capacity_rate_1 <= capacity_rate_2:
            return 0.0, inlet_temperature_2, inlet_temperature_2
        return 0.0, inlet_temperature_1, inlet_temperature_1
    if math.isinf(smaller):
        return conductance * difference, inlet_temperature_1, inlet_temperature_2
    ratio = 0.0 if math.isinf(larger) else smaller / larger
    effectiveness = effectiveness_of(arrangement, conductance / smaller, ratio, shells)
    heat = effectiveness * smaller * difference
    return (
        heat,
        inlet_temperature_1 - heat / capacity_rate_1,
        inlet_temperature_2 + heat / capacity_rate_2,
    )


@law
def film_conductance(
    mass_flow: float,
    rated_mass_flow: float,
    rated_conductance: float,
    exponent: float = TURBULENT_EXPONENT,
    property_factor: float = 1.0,
) -> float:
    """Film conductance hA [W/K] at a mass flow of either direction, scaled from a rated point.

    property_factor: from :func:`film_property_factor`, 1 for the rated fluid state.
    """
    relative = abs(mass_flow) / rated_mass_flow
    return rated_conductance * property_factor * math.pow(relative, exponent)


@law
def film_property_factor(
    specific_heat: float,
    viscosity: float,
    conductivity: float,
    rated_specific_heat: float,
    rated_viscosity: float,
    rated_conductivity: float,
    exponent: float = TURBULENT_EXPONENT,
) -> float:
    """Change of a film coefficient with fluid properties at equal mass flow [-].

    From Nu = c Re^n Pr^(1/3): h ~ k^(2/3) cp^(1/3) mu^(1/3 - n). cp [J/(kg K)], mu [Pa s],
    k [W/(m K)].
    """
    return (
        math.pow(conductivity / rated_conductivity, 2.0 / 3.0)
        * math.pow(specific_heat / rated_specific_heat, 1.0 / 3.0)
        * math.pow(viscosity / rated_viscosity, 1.0 / 3.0 - exponent)
    )


@law
def overall_conductance(
    film_conductance_1: float,
    film_conductance_2: float,
    wall_resistance: float = 0.0,
    fouling_resistance: float = 0.0,
) -> float:
    """UA [W/K] of two films, a wall and fouling in series: 1/UA = 1/hA_1 + R_w + R_f + 1/hA_2.

    Resistances [K/W] are of the whole surface. No film (no flow) on either side gives zero.
    """
    if film_conductance_1 <= 0.0 or film_conductance_2 <= 0.0:
        return 0.0
    resistance = 1.0 / film_conductance_1 + 1.0 / film_conductance_2
    return 1.0 / (resistance + wall_resistance + fouling_resistance)


@law
def plate_exchanger(
    mass_flow_1: float,
    specific_heat_1: float,
    inlet_temperature_1: float,
    mass_flow_2: float,
    specific_heat_2: float,
    inlet_temperature_2: float,
    rated_mass_flow_1: float,
    rated_film_conductance_1: float,
    rated_mass_flow_2: float,
    rated_film_conductance_2: float,
    wall_resistance: float = 0.0,
    fouling_resistance: float = 0.0,
    exponent: float = TURBULENT_EXPONENT,
    property_factor_1: float = 1.0,
    property_factor_2: float = 1.0,
) -> tuple[float, float, float, float]:
    """Plate exchanger: heat from 1 to 2 [W], leaving temperatures [degC] and UA [W/K].

    Mass flows [kg/s] are positive in the rated direction, in which the exchanger is counterflow;
    when exactly one side is reversed it is parallel flow. Inlet temperatures are those of the fluid
    that actually enters. Specific heats [J/(kg K)]; rated film conductances [W/K] and wall
    resistance [K/W] from :func:`rate_plate_exchanger`; fouling_resistance [K/W] of the whole
    surface, zero when clean.
    """
    film_1 = film_conductance(
        mass_flow_1, rated_mass_flow_1, rated_film_conductance_1, exponent, property_factor_1
    )
    film_2 = film_conductance(
        mass_flow_2, rated_mass_flow_2, rated_film_conductance_2, exponent, property_factor_2
    )
    conductance = overall_conductance(film_1, film_2, wall_resistance, fouling_resistance)
    rate_1 = abs(mass_flow_1) * specific_heat_1
    rate_2 = abs(mass_flow_2) * specific_heat_2
    if conductance <= 0.0 and (rate_1 > 0.0) != (rate_2 > 0.0):
        # As a flow vanishes NTU ~ m^-0.2 grows without bound: the still side takes the other's
        # temperature.
        if rate_1 > 0.0:
            return 0.0, inlet_temperature_1, inlet_temperature_1, 0.0
        return 0.0, inlet_temperature_2, inlet_temperature_2, 0.0
    arrangement = COUNTERFLOW if mass_flow_1 * mass_flow_2 >= 0.0 else PARALLEL_FLOW
    heat, leaving_1, leaving_2 = exchange(
        arrangement, conductance, rate_1, rate_2, inlet_temperature_1, inlet_temperature_2
    )
    return heat, leaving_1, leaving_2, conductance


@law
def log_mean_temperature_difference(difference_a: float, difference_b: float) -> float:
    """Logarithmic mean of the temperature differences at the two ends [K].

    Smooth where they are equal. Zero when either is zero or they differ in sign (a temperature
    cross, which no exchanger has).
    """
    if difference_a * difference_b <= 0.0:
        return 0.0
    relative = (difference_a - difference_b) / difference_b
    if abs(relative) < 1e-4:
        # Series of x / log1p(x), exact to rounding here.
        return difference_b * (1.0 + relative * (0.5 - relative * (1.0 / 12.0 - relative / 24.0)))
    return difference_b * relative / math.log1p(relative)


def conductance_from_duty(
    heat: float,
    capacity_rate_1: float,
    capacity_rate_2: float,
    inlet_temperature_1: float,
    inlet_temperature_2: float,
    arrangement: Arrangement = Arrangement.COUNTERFLOW,
    shells: int = 1,
) -> float:
    """UA [W/K] that moves a heat flow [W] between two streams of known inlet temperatures.

    heat positive from side 1 to 2; capacity rates [W/K] (infinite for a condensing or boiling
    side); temperatures [degC]. Raises ValueError when the duty has the wrong sign, is beyond what
    the streams can give, or beyond what the arrangement can reach.
    """
    difference = inlet_temperature_1 - inlet_temperature_2
    if not (capacity_rate_1 > 0.0 and capacity_rate_2 > 0.0):
        raise ValueError("both capacity rates must be above 0 W/K")
    if heat == 0.0:
        return 0.0
    smaller = min(capacity_rate_1, capacity_rate_2)
    larger = max(capacity_rate_1, capacity_rate_2)
    if math.isinf(smaller):
        if not heat * difference > 0.0:
            raise ValueError("heat must flow from the warmer to the colder side")
        return heat / difference
    largest_heat = smaller * difference
    if largest_heat == 0.0 or not heat / largest_heat > 0.0:
        raise ValueError(
            f"heat of {heat:g} W does not flow from the warmer to the colder side "
            f"({inlet_temperature_1:g} and {inlet_temperature_2:g} degC)"
        )
    effectiveness = heat / largest_heat
    if effectiveness >= 1.0:
        raise ValueError(
            f"heat of {heat:g} W exceeds the {largest_heat:g} W these streams can exchange at most"
        )
    ratio = 0.0 if math.isinf(larger) else smaller / larger
    return smaller * ntu_from_effectiveness(effectiveness, ratio, arrangement, shells)


@dataclass(frozen=True)
class PlateExchanger:
    """Rating of a plate exchanger, in the order :func:`plate_exchanger` takes it.

    Mass flows [kg/s], film conductances [W/K], wall resistance [K/W], exponent of flow [-];
    conductance: clean UA at the rated point [W/K].
    """

    rated_mass_flow_1: float
    rated_film_conductance_1: float
    rated_mass_flow_2: float
    rated_film_conductance_2: float
    wall_resistance: float
    exponent: float
    conductance: float


def rate_plate_exchanger(
    heat: float,
    mass_flow_1: float,
    specific_heat_1: float,
    inlet_temperature_1: float,
    mass_flow_2: float,
    specific_heat_2: float,
    inlet_temperature_2: float,
    *,
    film_ratio: float = 1.0,
    wall_share: float = 0.05,
    exponent: float = TURBULENT_EXPONENT,
) -> PlateExchanger:
    """Rate a counterflow plate exchanger from one duty point of its data sheet.

    heat [W] from side 1 to side 2 at the given mass flows [kg/s], specific heats [J/(kg K)] and
    inlet temperatures [degC]. film_ratio: hA_1 / hA_2 at that point; wall_share: share of the plate
    in the total resistance (0.05 for 0.5 mm stainless steel in water). Raises ValueError for an
    impossible duty or share.
    """
    if not 0.0 <= wall_share < 1.0:
        raise ValueError(f"the wall's share of resistance must lie in 0 to 1, got {wall_share}")
    if not film_ratio > 0.0:
        raise ValueError(f"the ratio of film conductances must be above 0, got {film_ratio}")
    if not (mass_flow_1 > 0.0 and mass_flow_2 > 0.0):
        raise ValueError("rated mass flows must be above 0 kg/s")
    conductance = conductance_from_duty(
        heat,
        mass_flow_1 * specific_heat_1,
        mass_flow_2 * specific_heat_2,
        inlet_temperature_1,
        inlet_temperature_2,
    )
    if not conductance > 0.0:
        raise ValueError("the rated heat must not be zero")
    film_resistance = (1.0 - wall_share) / conductance
    film_2 = (1.0 + 1.0 / film_ratio) / film_resistance
    return PlateExchanger(
        rated_mass_flow_1=mass_flow_1,
        rated_film_conductance_1=film_2 * film_ratio,
        rated_mass_flow_2=mass_flow_2,
        rated_film_conductance_2=film_2,
        wall_resistance=wall_share / conductance,
        exponent=exponent,
        conductance=conductance,
    )
