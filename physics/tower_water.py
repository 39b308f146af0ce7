"""Water balance of evaporative heat rejection: evaporation, drift, blow-down and make-up [kg/s].

Cycles of concentration are the salt content of the basin over that of the make-up water. In steady
state make-up = evaporation + drift + blow-down, and drift and blow-down together carry the salts
the make-up brings: E / (CoC - 1) = blow-down + drift. Source: ASHRAE Handbook, HVAC Applications
(2019), ch. 50.
"""

from __future__ import annotations

from physics.jit import law


@law
def latent_heat(temperature: float) -> float:
    """Heat of evaporation of water [J/kg] at a temperature [degC], 0 to 100 degC, within 0.4 %.

    Difference of the vapour and liquid enthalpies of ASHRAE Fundamentals (2017) ch. 1.
    """
    return 2_501_000.0 + (1860.0 - 4186.0) * temperature


@law
def evaporation_from_heat(heat: float, latent_share: float, temperature: float) -> float:
    """Evaporation [kg/s] of a heat flow [W] of which a share [0 to 1] leaves as latent heat.

    With everything latent at 30 degC this is 1.48 kg per kWh. Heat below zero evaporates nothing.
    The tower law :func:`physics.cooling_tower.tower_evaporation` finds the share instead.
    """
    return max(heat, 0.0) * latent_share / latent_heat(temperature)


@law
def drift_loss(water_mass_flow: float, drift_share: float = 5e-5) -> float:
    """Droplets carried out [kg/s]; the share of the water flow is 0.00002 to 0.0002 [-]."""
    return drift_share * abs(water_mass_flow)


@law
def blow_down(evaporation: float, cycles_of_concentration: float, drift: float = 0.0) -> float:
    """Water drained to hold the cycles of concentration [kg/s]: E / (CoC - 1), less the drift.

    Drift removes salts too, so what drifts need not be drained; pass 0 for the plain rule. Without
    evaporation nothing is drained. Cycles are held above 1.
    """
    if evaporation <= 0.0:
        return 0.0
    return max(evaporation / max(cycles_of_concentration - 1.0, 1e-6) - drift, 0.0)


@law
def make_up(evaporation: float, drift: float, drained: float) -> float:
    """Make-up water [kg/s] that replaces evaporation, drift and blow-down."""
    return max(evaporation, 0.0) + drift + drained
