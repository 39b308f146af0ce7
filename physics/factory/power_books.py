"""Who gave what in a step: grid, generators and the site battery, and the content of batteries."""

from __future__ import annotations

import math

from physics.electrical.generator import COOLING_DOWN, RUNNING, STARTING, SYNCHRONISING
from physics.electrical.grid_response import peak_shaving_power
from physics.factory.arrays import (
    BATTERY_UNIT,
    GENERATOR,
    HALL_DATA,
    HALL_LINK,
    ONLINE,
    RACK,
    RACK_LINK,
    SITE,
    SITE_DATA,
    SITE_LINK,
    ConstantBlocks,
    Floats,
    Indices,
    StateBlocks,
)
from physics.factory.electricity import main_transformer_loss
from physics.factory.power_backup import bank_energy
from physics.factory.power_sources import BATTERY, GENERATORS, GRID, bus_dark
from physics.jit import kernel, law

IDLE_FUEL_SHARE = 0.08
"""Fuel of a set that runs without load over that at full load (Willans line of large diesels)."""


@law
def share_generation(
    s: int, first: int, last: int, power: float, sites: Floats, generator: Floats, step: float
) -> None:
    """Load and fuel of a site's sets: those that run share the power evenly."""
    running = 0.0
    for g in range(first, last):
        if generator[GENERATOR.state, g] == RUNNING:
            running += 1.0
    rating = sites[SITE_DATA.generator_rating, s]
    for g in range(first, last):
        state = generator[GENERATOR.state, g]
        each = power / running if state == RUNNING and running > 0.0 else 0.0
        generator[GENERATOR.power, g] = each
        if state in (STARTING, SYNCHRONISING, RUNNING, COOLING_DOWN):
            burnt = IDLE_FUEL_SHARE + (1.0 - IDLE_FUEL_SHARE) * each / rating
            generator[GENERATOR.fuel, g] = max(generator[GENERATOR.fuel, g] - burnt * step, 0.0)


@law
def site_battery(
    s: int,
    first: int,
    last: int,
    sites: Floats,
    site: Floats,
    battery: Floats,
    step: float,
) -> float:
    """Power of a site's battery at its terminals [W], positive giving; moves its content.

    It carries the bus alone when it is the source, and shaves peaks of the grid's power otherwise;
    units share evenly as far as their content allows. The loss goes to ``loss_power``.
    """
    site[SITE.battery_power, s] = 0.0
    if first == last:
        return 0.0
    source = site[SITE.source, s]
    units = 0.0
    for b in range(first, last):
        battery[BATTERY_UNIT.power, b] = 0.0
        units += battery[ONLINE, b]
    if units == 0.0 or source not in (GRID, BATTERY):
        return 0.0
    if source == GRID and bus_dark(site[SITE.voltage, s], site[SITE.bus_sag, s], step):
        return 0.0
    threshold = 0.0
    if source == GRID:
        threshold = min(site[SITE.shaving_threshold, s], site[SITE.power_cap, s])
    load = site[SITE.bus_power, s]
    limit = sites[SITE_DATA.battery_power, s]
    efficiency = sites[SITE_DATA.battery_efficiency, s]
    total, stored = 0.0, 0.0
    left = units
    for b in range(first, last):
        if battery[ONLINE, b] == 0.0:
            continue
        wanted = -limit if math.isinf(threshold) else (load - total - threshold) / left
        left -= 1.0
        if source == BATTERY:
            given = wanted  # what was promised at the step's beginning is given
        else:
            # the law takes load over threshold; here their difference is this unit's share
            given = peak_shaving_power(
                wanted,
                0.0,
                battery[BATTERY_UNIT.charge, b],
                sites[SITE_DATA.battery_energy, s],
                limit,
                efficiency,
                step,
            )
        fall = given / efficiency if given >= 0.0 else given * efficiency
        battery[BATTERY_UNIT.charge, b] -= fall * step
        battery[BATTERY_UNIT.power, b] = given
        total += given
        stored += fall
    site[SITE.battery_power, s] = total
    site[SITE.stored_power, s] += stored
    site[SITE.loss_power, s] += stored - total
    site[SITE.heat_rejected, s] += stored - total
    return total


@kernel()
def settle_sites(
    sites: Floats,
    site_links: Indices,
    site: Floats,
    transformer: Floats,
    generator: Floats,
    battery: Floats,
    step: float,
) -> None:
    """Powers of every site's sources, its main transformers, and what it uses in all."""
    for s in range(sites.shape[1]):
        stored = site_battery(
            s,
            site_links[SITE_LINK.first_battery, s],
            site_links[SITE_LINK.first_battery, s + 1],
            sites,
            site,
            battery,
            step,
        )
        needed = site[SITE.bus_power, s] - stored
        loss = main_transformer_loss(s, needed, sites, site_links, transformer, site, step)
        site[SITE.loss_power, s] += loss
        site[SITE.heat_rejected, s] += loss
        by_generators = needed if site[SITE.source, s] == GENERATORS else 0.0
        share_generation(
            s,
            site_links[SITE_LINK.first_generator, s],
            site_links[SITE_LINK.first_generator, s + 1],
            by_generators,
            sites,
            generator,
            step,
        )
        site[SITE.generator_power, s] = by_generators
        site[SITE.grid_power, s] = needed + loss if site[SITE.source, s] == GRID else 0.0
        it_power = site[SITE.it_power, s]
        used = (
            it_power
            + site[SITE.cooling_power, s]
            + site[SITE.loss_power, s]
            + site[SITE.house_power, s]
        )
        site[SITE.facility_power, s] = used
        site[SITE.pue, s] = used / it_power if it_power > 0.0 else 0.0


@kernel()
def stored_electricity(constants: ConstantBlocks, state: StateBlocks, out: Floats) -> None:
    """Energy in all batteries of every site [J], written to ``out`` [S]."""
    out[:] = 0.0
    rack_links: Indices = constants.rack_links
    for r in range(state.rack.shape[1]):
        out[rack_links[RACK_LINK.site, r]] += state.rack[RACK.backup_charge, r]
    hall_links = constants.hall_links
    for h in range(state.hall.shape[1]):
        out[hall_links[HALL_LINK.site, h]] += bank_energy(
            hall_links[HALL_LINK.first_ups, h],
            hall_links[HALL_LINK.first_ups, h + 1],
            constants.halls[HALL_DATA.ups_battery_energy, h],
            state.ups,
        )
    for s in range(out.shape[0]):
        for b in range(
            constants.site_links[SITE_LINK.first_battery, s],
            constants.site_links[SITE_LINK.first_battery, s + 1],
        ):
            out[s] += state.battery[BATTERY_UNIT.charge, b]
