"""What each unit of a site battery holds, and can give or take in a step."""

from __future__ import annotations

from physics.electrical.battery import aged_capacity
from physics.factory.arrays import BATTERY_UNIT, ONLINE, SITE_DATA, Floats
from physics.jit import law


@law
def unit_capacity(s: int, b: int, sites: Floats, battery: Floats) -> float:
    """What a unit stores at its age [J]."""
    return float(
        aged_capacity(
            sites[SITE_DATA.battery_energy, s],
            battery[BATTERY_UNIT.life_used, b],
            sites[SITE_DATA.battery_end_of_life, s],
        )
    )


@law
def unit_gives(s: int, b: int, floor: float, sites: Floats, battery: Floats, step: float) -> float:
    """Power that a unit can give throughout a step without falling below a charge [W]."""
    usable = battery[BATTERY_UNIT.charge, b] - floor * unit_capacity(s, b, sites, battery)
    lasting = usable * sites[SITE_DATA.battery_efficiency, s] / step
    return float(battery[ONLINE, b] * max(min(sites[SITE_DATA.battery_power, s], lasting), 0.0))


@law
def unit_takes(
    s: int, b: int, ceiling: float, sites: Floats, battery: Floats, step: float
) -> float:
    """Power that a unit can take throughout a step without rising above a charge [W]."""
    room = ceiling * unit_capacity(s, b, sites, battery) - battery[BATTERY_UNIT.charge, b]
    lasting = room / (sites[SITE_DATA.battery_efficiency, s] * step)
    return float(battery[ONLINE, b] * max(min(sites[SITE_DATA.battery_power, s], lasting), 0.0))


@law
def battery_capacity(
    s: int, first: int, last: int, sites: Floats, battery: Floats, step: float
) -> float:
    """Power with which the site battery can carry the bus throughout the coming step [W]."""
    total = 0.0
    for b in range(first, last):
        total += unit_gives(s, b, sites[SITE_DATA.battery_floor, s], sites, battery, step)
    return total
