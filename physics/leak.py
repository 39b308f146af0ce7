"""Leaks of coolant loops: flow through a hole, and what is left in the expansion vessel.

While the vessel holds coolant a leak changes neither the loop's content nor its temperature: what
runs out is replaced by coolant of the same temperature from the vessel. When the reserve is gone
the pumps would draw air, and the low-level switch stops them.
"""

from __future__ import annotations

from physics.hydraulics.fittings import SHARP_EDGE_DISCHARGE, leak_flow, orifice_conductance
from physics.jit import law

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
    if area <= 0.0:
        return 0.0
    return leak_flow(pressure, 0.0, hole_conductance(area, density)) / density


@law
def hole_conductance(area: float, density: float) -> float:
    """Mass flow per root of overpressure [kg/s/sqrt(Pa)] of a hole of an area [m2]."""
    return orifice_conductance(area, SHARP_EDGE_DISCHARGE, density)


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


@law
def settled_level(
    level: float,
    area: float,
    fill_pressure: float,
    pumping_pressure: float,
    density: float,
    make_up: float,
) -> float:
    """Share of the reserve at which a vessel comes to rest that a hole of an area [m2] drains.

    The hole is under ``fill_pressure`` [Pa] times the level and, while pumps run, their
    ``pumping_pressure`` [Pa]; ``make_up`` [m3/s] is added while the vessel is not full. Without a
    hole and a top-up the level stays.
    """
    if area <= 0.0:
        return 1.0 if make_up > 0.0 else level
    if hole_flow(area, fill_pressure + pumping_pressure, density) <= make_up:
        return 1.0
    if fill_pressure <= 0.0:
        return 0.0
    # where as much leaves as is added
    root = make_up * density / hole_conductance(area, density)
    return min(1.0, max(0.0, (root * root - pumping_pressure) / fill_pressure))
