"""The coupled step: every stage once, in the order heat and power flow.

Two compiled forms differ only in how racks and CDUs are driven: one after the other, which is
cheaper for a few thousand accelerators, or spread over numba's threads. Results are the same.
"""

from __future__ import annotations

import numpy as np

from physics.factory.accelerators import rise_decays
from physics.factory.air import advance_air
from physics.factory.alarm_times import book_alarms
from physics.factory.arrays import LEDGER, ConstantBlocks, Floats, StateBlocks
from physics.factory.cdus import (
    collect_returns,
    deliver_parallel,
    deliver_serial,
    exchange_parallel,
    exchange_serial,
)
from physics.factory.electricity import feed_halls, feed_plants, gather_sites, load_feeders
from physics.factory.facility_pumps import set_primary_flows
from physics.factory.ledger import balance, book_step, stored_heat
from physics.factory.loops import control_valves, rack_branches, set_secondary_flows
from physics.factory.plants import advance_plants
from physics.factory.power_books import settle_sites, stored_electricity
from physics.factory.power_caps import cap_sites
from physics.factory.power_halls import switch_halls
from physics.factory.power_panels import feed_rows, switch_rows
from physics.factory.power_restart import switch_chillers, switch_plants
from physics.factory.power_sources import switch_sites
from physics.factory.power_systems import transfer_panels
from physics.factory.racks import advance_racks_parallel, advance_racks_serial
from physics.factory.sensors import steps_since_start
from physics.jit import kernel

Branches = tuple[Floats, Floats, Floats, Floats, Floats]


@kernel()
def switch_supply(c: ConstantBlocks, s: StateBlocks, time: float, step: float) -> None:
    """What has supply in the coming step, from the grid down.

    ``time`` is that since the beginning of the call, for the journal.
    """
    switch_sites(
        c.sites,
        c.site_links,
        s.site,
        s.site_transformer,
        s.generator,
        s.battery,
        s.journal,
        time,
        step,
    )
    switch_plants(
        c.plants,
        c.plant_links,
        c.sites,
        s.site,
        s.plant,
        s.plant_transformer,
        s.feeder,
        s.journal,
        time,
        step,
    )
    switch_halls(
        c.halls,
        c.hall_links,
        c.system_links,
        c.sites,
        c.stages,
        s.site,
        s.hall,
        s.cdu,
        s.ups_system,
        s.ups,
        s.hall_transformer,
        s.feeder,
        s.journal,
        time,
        step,
    )
    switch_chillers(c.plants, c.plant_links, s.site, s.plant, s.journal, time, step)
    transfer_panels(
        c.panels,
        c.panel_links,
        c.hall_links,
        c.system_links,
        c.stages,
        s.panel,
        s.ups_system,
        s.ups,
        s.journal,
        time,
        step,
    )
    switch_rows(c.row_links, c.rack_links, s.row, s.rack, s.panel, s.hall, s.journal, time)


@kernel()
def set_flows(
    c: ConstantBlocks, s: StateBlocks, branches: Branches, work: Floats, count: int, step: float
) -> None:
    """Valves, then all flows: technology loops, then facility water. ``count`` numbers the step."""
    control_valves(
        c.cdus, c.cdu_links, s.cdu, s.hall, s.cdu_temperature_sensor, c.seed, count, step
    )
    set_secondary_flows(
        c.cdus,
        c.cdu_links,
        c.rack_links,
        c.kinds,
        s.cdu,
        s.rack,
        s.hall,
        s.cdu_pressure_sensor,
        branches,
        work,
        c.seed,
        count,
        step,
    )
    set_primary_flows(
        c.plants,
        c.plant_links,
        c.cdus,
        c.cdu_links,
        c.rows,
        c.row_links,
        c.halls,
        c.hall_links,
        s.plant,
        s.cdu,
        s.row,
        s.hall,
        s.pump,
        s.crah,
        step,
    )


@kernel()
def move_air(c: ConstantBlocks, s: StateBlocks, time: float, step: float) -> None:
    """Row panels, whose loss heats the aisles, and the air of the halls."""
    feed_rows(c.rows, c.row_links, c.rack_links, s.row, s.rack, s.panel, s.journal, time, step)
    advance_air(
        c.halls,
        c.hall_links,
        c.plants,
        c.rows,
        c.row_links,
        c.rack_links,
        c.kinds,
        c.recirculation_shares,
        s.hall,
        s.row,
        s.rack,
        s.crah,
        s.plant,
        step,
    )


@kernel()
def reject_and_feed(
    c: ConstantBlocks, s: StateBlocks, count: int, time: float, step: float
) -> None:
    """Facility water to the sky, the power chain from racks to grid, and the books."""
    collect_returns(c.cdus, c.cdu_links, s.cdu, s.plant)
    advance_plants(
        c.plants,
        c.plant_links,
        c.chiller_capacity_curves,
        c.chiller_eir_curves,
        c.chiller_part_load_curves,
        s.plant,
        s.site,
        s.cooler,
        s.chiller,
        s.tank,
        s.plant_temperature_sensor,
        c.seed,
        count,
        step,
    )
    feed_halls(
        c.halls,
        c.hall_links,
        c.rows,
        c.row_links,
        c.panel_links,
        c.system_links,
        c.sites,
        c.stages,
        s.hall,
        s.row,
        s.panel,
        s.cdu,
        s.ups_system,
        s.ups,
        s.hall_transformer,
        s.journal,
        time,
        step,
    )
    feed_plants(c.plants, c.plant_links, c.sites, s.plant, s.plant_transformer)
    gather_sites(
        c.sites,
        c.halls,
        c.hall_links,
        c.plants,
        c.plant_links,
        c.rows,
        c.row_links,
        s.site,
        s.hall,
        s.plant,
        s.row,
    )
    load_feeders(c.sites, c.site_links, s.site, s.hall, s.plant, s.feeder)
    settle_sites(
        c.sites,
        c.site_links,
        s.site,
        s.site_transformer,
        s.generator,
        s.battery,
        s.journal,
        time,
        step,
    )
    book_step(s.site, s.ledger, c.rack_links, c.kinds, s.rack, step)
    book_alarms(s.cdu, s.cdu_temperature_sensor, s.plant, s.plant_temperature_sensor, step)


@kernel()
def close_books(constants: ConstantBlocks, state: StateBlocks, starting: bool) -> None:
    """Balance the ledger; when ``starting``, the heat stored now is what it counts from."""
    heat = np.zeros(state.site.shape[1])
    electricity = np.zeros(state.site.shape[1])
    stored_heat(constants, state, heat)
    stored_electricity(constants, state, electricity)
    if starting:
        state.ledger[LEDGER.stored_heat_start, :] = heat
        state.ledger[LEDGER.stored_electricity_start, :] = electricity
    balance(state.ledger, heat, electricity)


@kernel()
def advance(c: ConstantBlocks, s: StateBlocks, steps: int, step: float) -> None:
    """Advance the whole factory by ``steps`` steps of ``step`` seconds, then balance the ledger.

    Weather, workload, set points and faults stay as they stand in the state meanwhile. With zero
    steps the ledger starts.
    """
    branches = rack_branches(c.racks, c.rack_links, c.kinds)
    work = np.empty((s.rack.shape[1], 13))
    decays = rise_decays(c.kinds, step)
    count = steps_since_start(s.ledger, step)
    for number in range(steps):
        time = number * step
        switch_supply(c, s, time, step)
        cap_sites(c.sites, c.rack_links, c.kinds, s.site, s.rack, step)
        set_flows(c, s, branches, work, count + number, step)
        deliver_serial(c.cdus, s.cdu, s.main, step)
        advance_racks_serial(
            c.racks,
            c.rack_links,
            c.kinds,
            c.kind_links,
            c.gpu,
            c.stages,
            s.rack,
            s.gpu,
            s.cdu,
            s.row,
            decays,
            step,
        )
        move_air(c, s, time, step)
        exchange_serial(c.cdus, c.cdu_links, c.rack_links, s.cdu, s.main, s.rack, s.plant, step)
        reject_and_feed(c, s, count + number, time, step)
    close_books(c, s, steps == 0)


@kernel()
def advance_threaded(c: ConstantBlocks, s: StateBlocks, steps: int, step: float) -> None:
    """:func:`advance` with racks and CDUs spread over numba's threads."""
    branches = rack_branches(c.racks, c.rack_links, c.kinds)
    work = np.empty((s.rack.shape[1], 13))
    decays = rise_decays(c.kinds, step)
    count = steps_since_start(s.ledger, step)
    for number in range(steps):
        time = number * step
        switch_supply(c, s, time, step)
        cap_sites(c.sites, c.rack_links, c.kinds, s.site, s.rack, step)
        set_flows(c, s, branches, work, count + number, step)
        deliver_parallel(c.cdus, s.cdu, s.main, step)
        advance_racks_parallel(
            c.racks,
            c.rack_links,
            c.kinds,
            c.kind_links,
            c.gpu,
            c.stages,
            s.rack,
            s.gpu,
            s.cdu,
            s.row,
            decays,
            step,
        )
        move_air(c, s, time, step)
        exchange_parallel(c.cdus, c.cdu_links, c.rack_links, s.cdu, s.main, s.rack, s.plant, step)
        reject_and_feed(c, s, count + number, time, step)
    close_books(c, s, steps == 0)
