"""The coupled step: every stage once, in the order heat and power flow."""

from __future__ import annotations

import numpy as np

from physics.factory.air import advance_air
from physics.factory.arrays import LEDGER, ConstantBlocks, StateBlocks
from physics.factory.electricity import feed_halls, feed_plants, feed_rows, feed_sites
from physics.factory.ledger import balance, book_step, stored_heat
from physics.factory.loops import (
    control_valves,
    deliver_coolant,
    exchange_heat,
    rack_branches,
    set_secondary_flows,
)
from physics.factory.plants import advance_plants, set_primary_flows
from physics.factory.racks import advance_racks_parallel, advance_racks_serial
from physics.jit import kernel


@kernel()
def advance(
    constants: ConstantBlocks, state: StateBlocks, steps: int, step: float, threaded: bool
) -> None:
    """Advance the whole factory by ``steps`` steps of ``step`` seconds, then balance the ledger.

    Weather, workload, set points and faults stay as they stand in ``state`` meanwhile. With
    ``threaded`` the racks are spread over numba's threads; results do not depend on it. With zero
    steps the ledger starts: the heat stored now is what it counts from.
    """
    c, s = constants, state
    branches = rack_branches(c.racks, c.rack_links, c.kinds)
    work = np.empty((s.rack.shape[1], 13))
    for _ in range(steps):
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
        deliver_coolant(c.cdus, s.cdu, s.main, step)
        if threaded:
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
                step,
            )
        else:
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
                step,
            )
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
        exchange_heat(c.cdus, c.cdu_links, c.rack_links, s.cdu, s.main, s.rack, s.plant, step)
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
    stored = np.zeros(s.site.shape[1])
    stored_heat(constants, state, stored)
    if steps == 0:
        s.ledger[LEDGER.stored_heat_start, :] = stored
    balance(s.ledger, stored)
