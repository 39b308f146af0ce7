"""The photovoltaic field on the site's bus: follows the grid, and goes when the grid does.

Its inverters need a grid to follow: by IEEE 1547-2018 (category II, default settings) they trip
when the voltage leaves the window for too long or the site is islanded, and come back once the grid
has been good for five minutes.
"""

from __future__ import annotations

from typing import Final

from physics.factory.arrays import SITE, Floats
from physics.factory.power_journal import SOLAR, note
from physics.factory.power_sources import GRID, HIGH
from physics.jit import law

RETURN_DELAY: Final = 300.0
"""s of good grid before inverters connect again (IEEE 1547-2018, 4.10.3, default)."""


@law
def inverter_trip_time(voltage: float) -> float:
    """How long inverters stay on at a voltage outside the window [s].

    IEEE 1547-2018, tables 11 to 13, category II default settings: below 45 % and from 120 % for
    0.16 s, below 70 % for 10 s, above 110 % for 2 s; from 70 % they ride through.
    """
    if voltage < 0.45 or voltage >= 1.2:
        return 0.16
    if voltage < 0.7:
        return 10.0
    if voltage > HIGH:
        return 2.0
    return 1e9


@law
def site_solar(s: int, site: Floats, journal: Floats, time: float, step: float) -> float:
    """Power of a site's photovoltaic field at the bus [W]; trips it and brings it back."""
    available = site[SITE.solar_available, s]
    outside = site[SITE.sag_time, s]
    on_grid = int(site[SITE.source, s]) == GRID
    trips = not on_grid or (outside > 0.0 and outside >= inverter_trip_time(site[SITE.voltage, s]))
    connected = site[SITE.solar_wait, s] == 0.0
    if trips:
        site[SITE.solar_wait, s] = RETURN_DELAY
        if connected and available > 0.0:
            note(journal, time, SOLAR, s, 0.0, available)
    elif not connected and outside == 0.0:
        # counted from when the grid was good again, not from when the bus returned to it
        left = max(RETURN_DELAY - site[SITE.grid_good_time, s], 0.0)
        site[SITE.solar_wait, s] = left
        if left == 0.0 and available > 0.0:
            note(journal, time, SOLAR, s, 1.0, available)
    power = available if site[SITE.solar_wait, s] == 0.0 else 0.0
    site[SITE.solar_power, s] = power
    return float(power)
