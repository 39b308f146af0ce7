"""Leaks of coolant loops: flow through a hole, and what is left in the expansion vessel.

While the vessel holds coolant a leak changes neither the loop's content nor its temperature: what
runs out is replaced by coolant of the same temperature from the vessel. When the reserve is gone
the pumps would draw air, and the low-level switch stops them.
"""

from __future__ import annotations

import math

from physics.jit import law

DISCHARGE_COEFFICIENT = 0.62
"""Of a sharp-edged hole [-]. Source: Idelchik, Handbook of Hydraulic Resistance, ch. 4."""
TRIP_LEVEL = 0.05
"""Share of the reserve at which the low-level switch stops the pumps."""
RESET_LEVEL = 0.5
"""Share of the reserve above which they may run again."""


@law
def hole_flow(area: float, pressure: float, density: float) -> float:
    """Flow [m3/s] through a hole of an area [m2] under an overpressure [Pa].

    Torricelli with the contraction of a sharp edge: Cd A sqrt(2 p / rho). No flow without
    overpressure; a hole on the suction side of a pump draws air instead, which is not counted.
    """
    if area <= 0.0 or pressure <= 0.0:
        return 0.0
    return DISCHARGE_COEFFICIENT * area * math.sqrt(2.0 * pressure / density)


@law
def vessel_level(
    level: float, leaving: float, make_up: float, reserve: float, step: float
) -> float:
    """Share of the reserve [m3] left after a step, between 0 and 1.

    leaving: flow lost; make_up: flow that a top-up pump adds while the vessel is not full [m3/s].
    """
    change = make_up - leaving if level < 1.0 or leaving > make_up else 0.0
    return min(1.0, max(0.0, level + change * step / reserve))


@law
def low_level_trip(level: float, tripped: float) -> float:
    """1 while the pumps are stopped for want of coolant, with the hysteresis of the two levels."""
    if level <= TRIP_LEVEL:
        return 1.0
    if level >= RESET_LEVEL:
        return 0.0
    return tripped
