"""Local resistances: fittings, cold plates, quick disconnects, filters, leaks.

All are one law, ``dp = c |m|^(n-1) m``, with a laminar core: below a transition flow the law turns
into an odd cubic that meets it in value and slope and has a finite slope at rest. Above the
transition flow the law is exact.
"""

from __future__ import annotations

import math

from physics.jit import law

SHARP_EDGE_DISCHARGE = 0.62
"""Discharge coefficient of a sharp-edged hole [-]. Source: Idelchik, Handbook of Hydraulic
Resistance, ch. 4."""


@law
def power_law_drop_and_slope(
    mass_flow: float, coefficient: float, exponent: float, transition_flow: float
) -> tuple[float, float]:
    """Pressure drop ``c |m|^(n-1) m`` [Pa] and its derivative [Pa s/kg].

    Mass flow m [kg/s] of either sign, coefficient c >= 0 [Pa/(kg/s)^n], exponent n in [1, 3).
    Below ``transition_flow`` [kg/s] the drop is ``a m + b m^3`` with a, b such that value and slope
    are continuous; with a transition flow of zero the law is the pure power.
    """
    magnitude = abs(mass_flow)
    if magnitude >= transition_flow:
        if exponent == 2.0:
            slope = coefficient * magnitude
        elif magnitude > 0.0:
            slope = coefficient * magnitude ** (exponent - 1.0)
        else:
            slope = coefficient if exponent == 1.0 else 0.0
        return slope * mass_flow, exponent * slope
    scale = coefficient * transition_flow ** (exponent - 1.0)
    a = 0.5 * (3.0 - exponent) * scale
    ratio = mass_flow / transition_flow
    b = 0.5 * (exponent - 1.0) * scale * ratio * ratio
    return (a + b) * mass_flow, a + 3.0 * b


@law
def power_law_drop(
    mass_flow: float, coefficient: float, exponent: float = 2.0, transition_flow: float = 0.0
) -> float:
    """Pressure drop ``c |m|^(n-1) m`` with a laminar core [Pa]; has the sign of the flow.

    See :func:`power_law_drop_and_slope`.
    """
    return power_law_drop_and_slope(mass_flow, coefficient, exponent, transition_flow)[0]


@law
def power_law_coefficient(reference_drop: float, reference_flow: float, exponent: float) -> float:
    """Coefficient c [Pa/(kg/s)^n] of a part that drops ``reference_drop`` [Pa] at
    ``reference_flow`` [kg/s]: a cold plate or exchanger from its data sheet."""
    return reference_drop / math.pow(reference_flow, exponent)


@law
def power_law_flow(drop: float, coefficient: float, exponent: float) -> float:
    """Mass flow [kg/s] that a pressure difference of either sign drives through ``c |m|^(n-1) m``
    (the inverse law, without the laminar core)."""
    flow = math.pow(abs(drop) / coefficient, 1.0 / exponent)
    return flow if drop >= 0.0 else -flow


@law
def minor_loss_resistance(loss_coefficient: float, diameter: float, density: float) -> float:
    """Quadratic resistance k in ``dp = k m |m|`` [Pa/(kg/s)^2] of a loss coefficient K [-] on the
    velocity head in a round bore of ``diameter`` [m]: ``k = K / (2 rho A^2)``."""
    area = 0.25 * math.pi * diameter * diameter
    return loss_coefficient / (2.0 * density * area * area)


@law
def sudden_expansion_loss(area_ratio: float) -> float:
    """Loss coefficient on the upstream velocity head of a sudden widening (Borda-Carnot).

    ``K = (1 - A1/A2)^2`` with ``area_ratio`` A1/A2 in (0, 1].
    """
    return (1.0 - area_ratio) ** 2


@law
def sudden_contraction_loss(area_ratio: float) -> float:
    """Loss coefficient on the downstream velocity head of a sudden narrowing, turbulent flow.

    ``K = 0.5 (1 - A2/A1)^0.75`` with ``area_ratio`` A2/A1 in (0, 1] (Idelchik).
    """
    return 0.5 * math.pow(1.0 - area_ratio, 0.75)


@law
def series_resistance(first: float, second: float) -> float:
    """Quadratic resistance of two in series: ``k1 + k2``."""
    return first + second


@law
def parallel_resistance(first: float, second: float) -> float:
    """Quadratic resistance of two in parallel: flows add at equal drop,
    ``1/sqrt k = 1/sqrt k1 + 1/sqrt k2``. An infinite (closed) branch is allowed."""
    conductance = 1.0 / math.sqrt(first) + 1.0 / math.sqrt(second)
    if conductance == 0.0:
        return math.inf
    return 1.0 / (conductance * conductance)


@law
def filter_resistance(clean_resistance: float, clogging: float) -> float:
    """Resistance of a strainer whose free area has shrunk by the fraction ``clogging`` in [0, 1].

    The drop goes with the square of the velocity in the free area: ``k = k_clean / (1 - c)^2``;
    infinite (closed) at c = 1.
    """
    free = 1.0 - clogging
    if free <= 0.0:
        return math.inf
    return clean_resistance / (free * free)


@law
def orifice_conductance(area: float, discharge_coefficient: float, density: float) -> float:
    """Flow per root of pressure [kg/s/sqrt(Pa)] of a hole: ``m = C sqrt(dp)``,
    ``C = C_d A sqrt(2 rho)`` (Torricelli with discharge coefficient, ``SHARP_EDGE_DISCHARGE`` for a
    sharp edge)."""
    return discharge_coefficient * area * math.sqrt(2.0 * density)


@law
def leak_flow(pressure: float, ambient_pressure: float, conductance: float) -> float:
    """Mass flow leaving through a leak [kg/s]: ``C sqrt(p - p_ambient)``, zero when the pressure
    inside is not above ambient (no liquid comes back in)."""
    over = pressure - ambient_pressure
    return conductance * math.sqrt(over) if over > 0.0 else 0.0
