"""Fluid properties and pipe sizes that derivations share."""

from __future__ import annotations

import functools
import math

from physics.coolants import coolant_properties
from physics.hydraulics.friction import reynolds_number, swamee_jain
from physics.psychrometrics import CP_DRY_AIR
from twin.cache import cached_coolant
from twin.errors import InputError

AIR_DENSITY = 1.18
"""Density of room air [kg/m3] at which rated air flows are meant: 25 degC, sea level."""
AIR_HEAT_CAPACITY = AIR_DENSITY * CP_DRY_AIR
"""Heat capacity of room air per volume [J/(m3 K)]."""
DESIGN_RISE = 10.0
"""Rise of a coolant between supply and return [K] for which mean temperatures are taken."""
PIPE_VELOCITY = 2.5
PIPE_GRADIENT = 200.0
"""Mains are sized for at most this velocity [m/s] and friction [Pa/m]."""
PIPE_ROUGHNESS = 4.5e-5
"""Roughness of steel pipe [m]."""


@functools.lru_cache(maxsize=256)
def density_and_specific_heat(name: str, temperature: float) -> tuple[float, float]:
    """Density [kg/m3] and specific heat [J/(kg K)] of a coolant at a temperature [degC].

    Raises
    ------
    InputError : unknown coolant
    """
    try:
        fluid = cached_coolant(name)
    except ValueError as error:
        raise InputError(
            str(error),
            key="coolant",
            found=name,
            allowed="water, PG25 (% by volume), MPG25 (% by mass), EG30...",
        ) from None
    density, specific_heat, _, _ = coolant_properties(fluid.table, temperature)
    return float(density), float(specific_heat)


def heat_capacity_per_volume(name: str, temperature: float) -> float:
    """Density times specific heat of a coolant [J/(m3 K)] at a temperature [degC]."""
    density, specific_heat = density_and_specific_heat(name, temperature)
    return density * specific_heat


def pipe_diameter(flow: float) -> float:
    """Bore [m] of a main for a flow [m3/s]: ``PIPE_VELOCITY`` and ``PIPE_GRADIENT`` are kept.

    With the density of water and a friction factor of 0.03, that of the smallest steel mains.
    """
    by_velocity = math.sqrt(4.0 * flow / (math.pi * PIPE_VELOCITY))
    by_friction = (8.0 * 0.03 * 1000.0 * flow * flow / (math.pi**2 * PIPE_GRADIENT)) ** 0.2
    return float(max(0.025, by_velocity, by_friction))


def pipe_volume(diameter: float, length: float) -> float:
    """Content of a pipe [m3]."""
    return 0.25 * math.pi * diameter * diameter * length


def pipe_resistance(
    name: str, temperature: float, flow: float, diameter: float, length: float
) -> float:
    """Pressure drop over squared flow [Pa/(m3/s)^2] of a pipe, taken at ``flow`` [m3/s].

    Darcy-Weisbach with the friction factor of Swamee and Jain; bends and branches count as half the
    straight length again.
    """
    fluid = cached_coolant(name)
    density, _, viscosity, _ = coolant_properties(fluid.table, temperature)
    reynolds = reynolds_number(max(flow, 1e-6) * density, diameter, viscosity)
    friction = swamee_jain(max(float(reynolds), 4000.0), PIPE_ROUGHNESS / diameter)
    area = 0.25 * math.pi * diameter * diameter
    return float(friction) * 1.5 * length / diameter * 0.5 * float(density) / (area * area)
