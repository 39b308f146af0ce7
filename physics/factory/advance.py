"""The coupled step: every stage once, in the order heat and power flow.

Two compiled forms differ only in how racks and CDUs are driven: one after the other, which is
cheaper for a few thousand accelerators, or spread over numba's threads. Results are the same.
"""

from __future__ import annotations

import numpy as np

from physics.factory.accelerators import rise_decays
from physics.factory.air import advance_air
from physics.factory.arrays import LEDGER, ConstantBlocks, Floats, StateBlocks
from physics.factory.electricity import feed_halls, feed_plants, feed_rows, feed_sites
from physics.factory.ledger import balance, book_step, stored_heat
from physics.factory.loops import (
    collect_returns,
    control_valves,
    deliver_parallel,
    deliver_serial,
    exchange_parallel,
    exchange_serial,
    rack_branches,
    set_secondary_flows,
)
from physics.factory.plants import advance_plants, set_primary_flows
from physics.factory.racks import advance_racks_parallel, advance_racks_serial
from physics.jit import kernel

Branches = tuple[Floats, Floats, Floats, Floats, Floats]


@kernel()
def set_flows(
    c: ConstantBlocks, s: StateBlocks, branches: Branches, work: Floats, step: float
) -> None:
    """Valves, then all flows: technology loops, then facility water."""
    control_valves(c.cdus, c.cdu_links, s.cdu, s.hall, step)
    set_secondary_flows(
        c.cdus, c.cdu_links, c.rack_links, c.kinds, s.cdu, s.rack, s.hall, branches, work, step
    )
    set_primary_flows(
        c.plants,
        c.plant_links,
        c.cdus,
        c.cdu_links,
        c.halls,
        c.hall_links,
        s.plant,
        s.cdu,
        s.hall,
        s.pump,
        s.crah,
        step,
    )


@kernel()
def move_air(c: ConstantBlocks, s: StateBlocks, step: float) -> None:
    """Row panels, whose loss heats the aisles, and the air of the halls."""
    feed_rows(c.rows, c.row_links, s.row, s.rack, s.panel)
    advance_air(
        c.halls,
        c.hall_links,
        c.plants,
        c.rows,
        c.row_links,
        c.rack_links,
        c.kinds,
        s.hall,
        s.row,
        s.rack,
        s.crah,
        s.plant,
        step,
    )


@kernel()
def reject_and_feed(c: ConstantBlocks, s: StateBlocks, step: float) -> None:
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
        step,
    )
    feed_halls(
        c.halls,
        c.hall_links,
        c.rows,
        c.row_links,
        c.sites,
        c.stages,
        s.hall,
        s.row,
        s.panel,
        s.cdu,
        s.ups,
        s.hall_transformer,
    )
    feed_plants(c.plants, c.plant_links, c.sites, s.plant, s.plant_transformer)
    feed_sites(
        c.sites,
        c.site_links,
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
        s.site_transformer,
    )
    book_step(s.site, s.ledger, c.rack_links, s.rack, step)


@kernel()
def close_books(constants: ConstantBlocks, state: StateBlocks, starting: bool) -> None:
    """Balance the ledger; when ``starting``, the heat stored now is what it counts from."""
    stored = np.zeros(state.site.shape[1])
    stored_heat(constants, state, stored)
    if starting:
        state.ledger[LEDGER.stored_heat_start, :] = stored
    balance(state.ledger, stored)


@kernel()
def advance(c: ConstantBlocks, s: StateBlocks, steps: int, step: float) -> None:
    """Advance the whole factory by ``steps`` steps of ``step`` seconds, then balance the ledger.

    Weather, workload, set points and faults stay as they stand in the state meanwhile. With zero
    steps the ledger starts.
    """
    branches = rack_branches(c.racks, c.rack_links, c.kinds)
    work = np.empty((s.rack.shape[1], 13))
    decays = rise_decays(c.kinds, step)
    for _ in range(steps):
        set_flows(c, s, branches, work, step)
        deliver_serial(c.cdus, s.cdu, s.main, step)
        advance_racks_serial(
            c.rack_links,
            c.kinds,
            c.kind_links,
            c.gpu,
            c.rows,
            c.stages,
            s.rack,
            s.gpu,
            s.cdu,
            s.row,
            decays,
            step,
        )
        move_air(c, s, step)
        exchange_serial(c.cdus, c.cdu_links, c.rack_links, s.cdu, s.main, s.rack, s.plant, step)
        reject_and_feed(c, s, step)
    close_books(c, s, steps == 0)


@kernel()
def advance_threaded(c: ConstantBlocks, s: StateBlocks, steps: int, step: float) -> None:
    """:func:`advance` with racks and CDUs spread over numba's threads."""
    branches = rack_branches(c.racks, c.rack_links, c.kinds)
    work = np.empty((s.rack.shape[1], 13))
    decays = rise_decays(c.kinds, step)
    for _ in range(steps):
        set_flows(c, s, branches, work, step)
        deliver_parallel(c.cdus, s.cdu, s.main, step)
        advance_racks_parallel(
            c.rack_links,
            c.kinds,
            c.kind_links,
            c.gpu,
            c.rows,
            c.stages,
            s.rack,
            s.gpu,
            s.cdu,
            s.row,
            decays,
            step,
        )
        move_air(c, s, step)
        exchange_parallel(c.cdus, c.cdu_links, c.rack_links, s.cdu, s.main, s.rack, s.plant, step)
        reject_and_feed(c, s, step)
    close_books(c, s, steps == 0)
