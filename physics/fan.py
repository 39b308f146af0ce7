"""Fans at variable speed: affinity laws with motor and drive losses.

Speeds are relative to the rated one [-]. At a given system curve the flow of a fan goes with its
speed, the pressure with its square and the shaft power with its cube (ASHRAE Handbook, HVAC Systems
and Equipment (2020), ch. 21).
"""

from __future__ import annotations

import math

from physics.jit import law


@law
def fan_mass_flow(
    speed: float, rated_mass_flow: float, still_share: float = 0.0, density_ratio: float = 1.0
) -> float:
    """Air mass flow [kg/s] at a relative speed.

    still_share: share of the rated flow that buoyancy and wind move through the unit with its fan
    off [-]; the larger of the two counts. density_ratio: air density over that at rating.
    """
    return rated_mass_flow * density_ratio * max(speed, still_share, 0.0)


@law
def fan_pressure(speed: float, rated_pressure: float, density_ratio: float = 1.0) -> float:
    """Pressure rise [Pa] at a relative speed on a fixed system curve."""
    return rated_pressure * density_ratio * speed * abs(speed)


@law
def fan_power(
    speed: float,
    rated_power: float,
    rated_drive_efficiency: float = 1.0,
    fixed_loss_share: float = 0.0,
    exponent: float = 3.0,
    density_ratio: float = 1.0,
) -> float:
    """Electric power [W] of a running fan, its motor and its drive; zero at speed zero.

    rated_power: shaft power at speed one [W]. With a rated motor-and-drive efficiency eta the loss
    at speed one is P (1/eta - 1); of it fixed_loss_share stays at any speed (drive electronics,
    windage) and the rest follows the shaft power. With the defaults this is the plain cubic law.
    exponent: 3 for a fixed system curve, less where a set pressure is kept.
    """
    if speed <= 0.0:
        return 0.0
    shaft = rated_power * density_ratio * math.pow(speed, exponent)
    loss = 1.0 / rated_drive_efficiency - 1.0
    return shaft + loss * (fixed_loss_share * rated_power + (1.0 - fixed_loss_share) * shaft)


@law
def fan_speed_for_mass_flow(mass_flow: float, rated_mass_flow: float) -> float:
    """Relative speed that moves a mass flow [kg/s], within 0 to 1."""
    return min(max(mass_flow / rated_mass_flow, 0.0), 1.0)
