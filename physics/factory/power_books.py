"""Who gave what in a step: grid, generators and the site battery, and the content of batteries."""

from __future__ import annotations

import math

from physics.electrical.generator import COOLING_DOWN, RUNNING, STARTING, SYNCHRONISING
from physics.factory.arrays import (
    BATTERY_UNIT,
    GENERATOR,
    HALL_DATA,
    HALL_LINK,
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
from physics.factory.power_sources import GENERATORS, GRID
from physics.factory.site_battery import site_battery
from physics.factory.site_solar import site_solar
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
def threshold_loss(
    s: int,
    sites: Floats,
    site_links: Indices,
    transformer: Floats,
    site: Floats,
    step: float,
) -> float:
    """Loss of the main transformers [W] at the grid power that the battery holds, if any."""
    if (
        site_links[SITE_LINK.first_battery, s] == site_links[SITE_LINK.first_battery, s + 1]
        or site[SITE.source, s] != GRID
    ):
        return 0.0
    power = min(site[SITE.shaving_threshold, s], site[SITE.power_cap, s])
    if math.isinf(power):
        return 0.0
    return float(main_transformer_loss(s, power, sites, site_links, transformer, site, step))


@kernel()
def settle_sites(
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
    """Powers of every site's sources, its main transformers, and what it uses in all."""
    for s in range(sites.shape[1]):
        load = site[SITE.bus_power, s] - site_solar(s, site, journal, time, step)
        stored = site_battery(
            s,
            site_links[SITE_LINK.first_battery, s],
            site_links[SITE_LINK.first_battery, s + 1],
            load,
            threshold_loss(s, sites, site_links, transformer, site, step),
            sites,
            site,
            battery,
            journal,
            time,
            step,
        )
        needed = load - stored
        loss = main_transformer_loss(s, abs(needed), sites, site_links, transformer, site, step)
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
