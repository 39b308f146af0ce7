"""Where a site's power comes from, decided at the beginning of every step.

The site's medium-voltage bus hangs on the grid, on standby generators in parallel, on a battery
that forms the grid by itself, or on nothing. Faults and dips of the grid are inputs. What the
source takes is given away in order of priority (:mod:`physics.factory.power_restart`); what it
gave is booked at the end of the step (:mod:`physics.factory.power_books`).
"""

from __future__ import annotations

import math
from typing import Final

from physics.electrical.generator import (
    COOLING_DOWN,
    FAILED,
    RUNNING,
    STARTING,
    STOPPED,
    generator_step,
    load_acceptance,
)
from physics.factory.arrays import (
    GENERATOR,
    ONLINE,
    SITE,
    SITE_DATA,
    SITE_LINK,
    Floats,
    Indices,
)
from physics.factory.banks import units_online
from physics.factory.battery_units import battery_capacity
from physics.factory.power_journal import (
    GENERATOR_DRY,
    GENERATOR_STATE,
    GRID_BAD,
    GRID_GOOD,
    SOURCE,
    note,
)
from physics.jit import kernel, law

OPEN: Final = 0
GRID: Final = 1
GENERATORS: Final = 2
BATTERY: Final = 3

SOURCE_NAMES: Final = ("no supply", "grid", "generators", "site battery")

LOW: Final = 0.9
"""Least voltage at which equipment works for ever, per unit (EN 50160, ITI curve)."""
HIGH: Final = 1.1
DARK: Final = 0.5
"""Voltage below which nothing draws power for longer than it rides through."""
QUICK_DELAY: Final = 1.0
"""s after which the incomer opens and generators are called, at a deep sag or none at all."""
SLOW_DELAY: Final = 10.0
"""The same at a shallow sag."""


@law
def within_window(voltage: float) -> bool:
    """Whether equipment may stay on a voltage [per unit] for ever."""
    return LOW <= voltage <= HIGH


@law
def bus_dark(voltage: float, sag: float, step: float) -> bool:
    """Whether a bus delivers nothing in a step of ``step`` seconds.

    ``voltage`` [per unit] is the lowest of the step and ``sag`` [s] the time for which it has been
    outside its window, this step included: a dip that is over within the step is ridden through.
    """
    return voltage < DARK and sag >= step


@law
def motor_ride_through_time(voltage: float) -> float:
    """How long contactors and drives of motors stay in at a voltage [s].

    The immunity that SEMI F47 asks for, taken as what equipment has: half voltage for 0.2 s, 70 %
    for 0.5 s, 80 % for 10 s; a cycle below that. Above the window half a second, as the ITI curve
    for 120 %.
    """
    if LOW <= voltage <= HIGH:
        return math.inf
    if voltage > HIGH:
        return 0.5
    if voltage >= 0.8:
        return 10.0
    if voltage >= 0.7:
        return 0.5
    if voltage >= 0.5:
        return 0.2
    return 0.02


@law
def incomer_delay(voltage: float) -> float:
    """Time outside the window after which the incomer opens [s]: undervoltage relay, two stages."""
    return SLOW_DELAY if 0.7 <= voltage <= 1.2 else QUICK_DELAY


@law
def look_at_grid(
    s: int, has_path: bool, site: Floats, journal: Floats, time: float, step: float
) -> float:
    """Voltage of the grid at the site in this step, the lowest [per unit]; updates its timers.

    A dip lasts ``dip_duration`` from its injection and is over within the step if it is shorter.
    ``has_path``: transformers to the site's bus are in service.
    """
    standing = site[SITE.grid_voltage, s] if site[SITE.grid_available, s] > 0.0 else 0.0
    if not has_path:
        standing = 0.0
    lowest = standing
    outside = 0.0 if within_window(standing) else step
    dip = site[SITE.dip_duration, s]
    if dip > 0.0:
        lowest = min(standing, site[SITE.dip_voltage, s])
        if outside == 0.0 and not within_window(lowest):
            outside = min(dip, step)
        left = dip - step
        site[SITE.dip_duration, s] = left if left > 1e-9 else 0.0
    before = site[SITE.sag_time, s]
    if outside > 0.0:
        if before == 0.0:
            note(journal, time, GRID_BAD, s, lowest, dip)
        site[SITE.sag_time, s] = before + outside
        site[SITE.grid_good_time, s] = step - outside
    else:
        if before > 0.0:
            note(journal, time, GRID_GOOD, s, before, 0.0)
        site[SITE.sag_time, s] = 0.0
        site[SITE.grid_good_time, s] += step
    return lowest


@law
def generator_capacity(s: int, first: int, last: int, sites: Floats, generator: Floats) -> float:
    """Load that the running sets of a site take now [W]."""
    total = 0.0
    for g in range(first, last):
        if generator[GENERATOR.state, g] == RUNNING and generator[ONLINE, g] > 0.0:
            total += load_acceptance(
                generator[GENERATOR.time, g],
                sites[SITE_DATA.generator_rating, s],
                sites[SITE_DATA.generator_first_step, s],
                sites[SITE_DATA.generator_next_step, s],
                sites[SITE_DATA.generator_step_interval, s],
            )
    return total


@law
def next_source(
    source: int,
    grid_good: bool,
    grid_good_time: float,
    given_up: bool,
    generators: float,
    storage: float,
    forming: bool,
    load: float,
    reconnect_delay: float,
    retransfer_delay: float,
) -> int:
    """Source of a site's bus that follows from what is true now.

    Args:
        grid_good: in its window throughout this step.
        grid_good_time: for how long, this step included [s].
        given_up: outside for so long that the incomer opens.
        generators: load that running sets take [W].
        storage: what the site battery can give through this step [W].
        forming: the battery can carry the bus alone.
        load: of the bus in the last step [W].
        reconnect_delay: good grid before a dead bus is connected again [s].
        retransfer_delay: good grid before the load returns from another source [s].
    """
    carried = forming and storage > 0.0 and storage >= load
    if source == GRID:
        if grid_good:
            return GRID
        if carried:
            return BATTERY
        return OPEN if given_up else GRID
    if source == BATTERY:
        if grid_good and grid_good_time > retransfer_delay:
            return GRID
        if generators >= load and generators > 0.0:
            return GENERATORS
        return BATTERY if carried else OPEN
    if source == GENERATORS:
        if grid_good and grid_good_time > retransfer_delay:
            return GRID
        return GENERATORS if generators > 0.0 else OPEN
    if generators > 0.0:
        return GENERATORS
    if grid_good and grid_good_time > reconnect_delay:
        return GRID
    return OPEN


@kernel()
def switch_sites(
    sites: Floats,
    site_links: Indices,
    site: Floats,
    transformer: Floats,
    generator: Floats,
    battery: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """Grid, generators and source of every site's bus for the coming step."""
    for s in range(sites.shape[1]):
        first_transformer = site_links[SITE_LINK.first_transformer, s]
        last_transformer = site_links[SITE_LINK.first_transformer, s + 1]
        has_path = (
            first_transformer == last_transformer
            or units_online(transformer, first_transformer, last_transformer) > 0.0
        )
        outside_before = site[SITE.sag_time, s]
        grid_voltage = look_at_grid(s, has_path, site, journal, time, step)
        grid_good = site[SITE.sag_time, s] == 0.0
        first_set = site_links[SITE_LINK.first_generator, s]
        last_set = site_links[SITE_LINK.first_generator, s + 1]
        first_unit = site_links[SITE_LINK.first_battery, s]
        last_unit = site_links[SITE_LINK.first_battery, s + 1]
        source = int(site[SITE.source, s])
        generators, storage = 0.0, 0.0
        if source != GRID:
            generators = generator_capacity(s, first_set, last_set, sites, generator)
        if not grid_good or source != GRID:
            storage = battery_capacity(s, first_unit, last_unit, sites, battery, step)
        chosen = next_source(
            source,
            grid_good,
            site[SITE.grid_good_time, s],
            outside_before >= incomer_delay(grid_voltage),
            generators,
            storage,
            sites[SITE_DATA.battery_forming, s] > 0.0,
            site[SITE.bus_power, s],
            sites[SITE_DATA.reconnect_delay, s],
            sites[SITE_DATA.retransfer_delay, s],
        )
        if chosen != source:
            note(journal, time, SOURCE, s, chosen, source)
            site[SITE.source, s] = chosen
        if chosen == GRID:
            site[SITE.voltage, s] = grid_voltage
            site[SITE.bus_sag, s] = site[SITE.sag_time, s]
            site[SITE.capacity, s] = math.inf
        elif chosen == OPEN:
            site[SITE.voltage, s] = 0.0
            site[SITE.bus_sag, s] += step
            site[SITE.capacity, s] = 0.0
        else:
            site[SITE.voltage, s] = 1.0
            site[SITE.bus_sag, s] = 0.0
            if source == GRID and not grid_good:
                # the battery takes over within its response time: a short dip for the bus
                site[SITE.voltage, s] = grid_voltage
                site[SITE.bus_sag, s] = sites[SITE_DATA.battery_response, s]
            site[SITE.capacity, s] = storage if chosen == BATTERY else generators
        dark = bus_dark(site[SITE.voltage, s], site[SITE.bus_sag, s], step)
        site[SITE.house_power, s] = 0.0 if dark else sites[SITE_DATA.house_power, s]
        site[SITE.capacity_left, s] = site[SITE.capacity, s] - site[SITE.house_power, s]
        run_generators(
            s,
            first_set,
            last_set,
            chosen != GRID,
            outside_before,
            sites,
            generator,
            journal,
            time,
            step,
        )


@law
def run_generators(
    s: int,
    first: int,
    last: int,
    wanted: bool,
    outside: float,
    sites: Floats,
    generator: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """Sets of a site start, run, cool down and stop; their states are those at the step's end.

    The start signal is given when the incomer opens, but the time allowed counts from the loss of
    supply, so a set that starts gets the time ``outside`` [s] credited.
    """
    for g in range(first, last):
        state = int(generator[GENERATOR.state, g])
        failed = generator[ONLINE, g] == 0.0
        if state == STOPPED and not wanted and not failed:
            continue
        passed = step
        if state == STOPPED and wanted:
            passed = step + min(outside, QUICK_DELAY)
        fuel_left = generator[GENERATOR.fuel, g] > 0.0
        new_state, new_time = generator_step(
            state,
            generator[GENERATOR.time, g],
            passed,
            wanted,
            failed,
            fuel_left,
            sites[SITE_DATA.generator_start_time, s]
            - sites[SITE_DATA.generator_synchronise_time, s],
            sites[SITE_DATA.generator_synchronise_time, s],
            sites[SITE_DATA.generator_cool_down_time, s],
        )
        if new_state != state:
            if not fuel_left and not failed:
                note(journal, time + step, GENERATOR_DRY, g, 0.0, 0.0)
            # commands act at the step's beginning, what takes time shows at its end
            at_once = new_state in (STARTING, COOLING_DOWN, FAILED)
            note(journal, time if at_once else time + step, GENERATOR_STATE, g, new_state, state)
        generator[GENERATOR.state, g] = new_state
        generator[GENERATOR.time, g] = new_time
