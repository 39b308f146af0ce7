"""The coupled step: every stage once, in the order heat and power flow."""

from __future__ import annotations

import numpy as np

from physics.factory.air import advance_air
from physics.factory.arrays import Constants, State
from physics.factory.electricity import feed_halls, feed_plants, feed_rows, feed_sites
from physics.factory.ledger import balance, book_step, stored_heat
from physics.factory.loops import control_valves, exchange_heat, set_secondary_flows
from physics.factory.plants import advance_plants, set_primary_flows
from physics.factory.racks import advance_racks_parallel, advance_racks_serial
from physics.jit import kernel


@kernel()
def advance(constants: Constants, state: State, steps: int, step: float, threaded: bool) -> None:
    """Advance the whole factory by ``steps`` steps of ``step`` seconds, then balance the ledger.

    Weather, workload, set points and faults stay as they stand in ``state`` meanwhile. With
    ``threaded`` the racks are spread over numba's threads; results do not depend on it.
    """
    for _ in range(steps):
        control_valves(constants.cdu, state.cdu, state.hall, step)
        set_secondary_flows(
            constants.cdu, constants.rack, constants.kinds, state.cdu, state.rack, state.hall, step
        )
        set_primary_flows(
            constants.plant, constants.cdu, constants.hall, state.plant, state.cdu, state.hall,
            state.pump, state.crah, step,
        )
        if threaded:
            advance_racks_parallel(
                constants.rack, constants.kinds, constants.gpu, constants.row, constants.stages,
                state.rack, state.gpu, state.cdu, state.row, step,
            )
        else:
            advance_racks_serial(
                constants.rack, constants.kinds, constants.gpu, constants.row, constants.stages,
                state.rack, state.gpu, state.cdu, state.row, step,
            )
        feed_rows(constants.row, state.row, state.rack, state.panel)
        advance_air(
            constants.hall, constants.plant, constants.row, constants.rack, constants.kinds,
            state.hall, state.row, state.rack, state.crah, state.plant, step,
        )
        exchange_heat(
            constants.cdu, constants.rack, constants.kinds, state.cdu, state.rack, state.plant, step
        )
        advance_plants(
            constants.plant, state.plant, state.site, state.cooler, state.chiller, step
        )
        feed_halls(
            constants.hall, constants.row, constants.site, constants.stages, state.hall, state.row,
            state.panel, state.cdu, state.ups, state.hall_transformer,
        )
        feed_plants(constants.plant, constants.site, state.plant, state.plant_transformer)
        feed_sites(
            constants.site, constants.hall, constants.plant, constants.row, state.site, state.hall,
            state.plant, state.row, state.site_transformer,
        )
        book_step(state.site, state.ledger, constants.rack, state.rack, step)
    stored = np.zeros(state.site.it_power.shape[0])
    stored_heat(constants, state, stored)
    balance(state.ledger, stored)


@kernel()
def start_ledger(constants: Constants, state: State) -> None:
    """Set the stored heat from which the ledger counts; call once after the state is filled."""
    stored = np.zeros(state.site.it_power.shape[0])
    stored_heat(constants, state, stored)
    for s in range(stored.shape[0]):
        state.ledger.stored_heat_start[s] = stored[s]
