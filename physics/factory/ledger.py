"""Energy ledger: what came in, what left, what is stored, and the difference that must be zero.

Running totals are booked every step from the flows that cross the site's boundary. The stored heat
is summed independently from all temperatures, so a flow that one stage gives and another does not
receive shows as a residual.
"""

from __future__ import annotations

import numpy as np

from physics.factory.arrays import Constants, LedgerState, RackConstants, RackState, SiteState, State
from physics.jit import kernel


@kernel()
def book_step(
    site: SiteState, ledger: LedgerState, racks: RackConstants, rack: RackState, step: float
) -> None:
    """Add one step of ``step`` seconds to the running totals and maxima of every site."""
    for s in range(site.it_power.shape[0]):
        site.operations[s] = 0.0
        site.throttled[s] = 0.0
        site.maximum_gpu_temperature[s] = -273.15
        site.maximum_hbm_temperature[s] = -273.15
    for r in range(racks.site.shape[0]):
        s = racks.site[r]
        site.operations[s] += rack.operations[r]
        site.throttled[s] += rack.throttled[r]
        site.maximum_gpu_temperature[s] = max(
            site.maximum_gpu_temperature[s], rack.maximum_gpu_temperature[r]
        )
        site.maximum_hbm_temperature[s] = max(
            site.maximum_hbm_temperature[s], rack.maximum_hbm_temperature[r]
        )
    for s in range(site.it_power.shape[0]):
        ledger.time[s] += step
        ledger.grid_energy[s] += site.facility_power[s] * step
        ledger.it_energy[s] += site.it_power[s] * step
        ledger.rejected_heat[s] += site.heat_rejected[s] * step
        ledger.water[s] += site.water_use[s] * step
        ledger.operations[s] += site.operations[s] * step
        ledger.throttled_time[s] += site.throttled[s] * step
        ledger.maximum_gpu_temperature[s] = max(
            ledger.maximum_gpu_temperature[s], site.maximum_gpu_temperature[s]
        )
        ledger.maximum_hbm_temperature[s] = max(
            ledger.maximum_hbm_temperature[s], site.maximum_hbm_temperature[s]
        )


@kernel()
def stored_heat(constants: Constants, state: State, out: np.ndarray) -> None:  # type: ignore[type-arg]
    """Heat stored in every site relative to 0 degC [J], written to ``out`` [S]."""
    out[:] = 0.0
    racks, kinds, cdus = constants.rack, constants.kinds, constants.cdu
    for r in range(racks.kind.shape[0]):
        k = racks.kind[r]
        die, hbm, plate = 0.0, 0.0, 0.0
        for g in range(racks.first_gpu[r], racks.first_gpu[r + 1]):
            die += state.gpu.die_temperature[g]
            hbm += state.gpu.hbm_temperature[g]
            plate += state.gpu.plate_temperature[g]
        heat = (
            kinds.die_heat_capacity[k] * die
            + kinds.hbm_heat_capacity[k] * hbm
            + kinds.plate_heat_capacity[k] * plate
        )
        if kinds.liquid[k] > 0.0:
            heat += kinds.coolant_heat_capacity[k] * state.rack.outlet_temperature[r]
        out[racks.site[r]] += heat
    for c in range(cdus.plant.shape[0]):
        out[cdus.site[c]] += (
            cdus.supply_heat_capacity[c] * state.cdu.supply_temperature[c]
            + cdus.return_heat_capacity[c] * state.cdu.return_temperature[c]
        )
    rows, halls, plants = constants.row, constants.hall, constants.plant
    for w in range(rows.hall.shape[0]):
        out[rows.site[w]] += rows.heat_capacity[w] * (
            state.row.cold_aisle_temperature[w] + state.row.hot_aisle_temperature[w]
        )
    for h in range(halls.site.shape[0]):
        out[halls.site[h]] += (
            halls.plenum_heat_capacity[h] * state.hall.crah_supply_temperature[h]
        )
    for p in range(plants.site.shape[0]):
        heat = (
            plants.supply_heat_capacity[p] * state.plant.supply_temperature[p]
            + plants.return_heat_capacity[p] * state.plant.return_temperature[p]
        )
        if plants.first_chiller[p + 1] > plants.first_chiller[p]:
            heat += plants.condenser_heat_capacity[p] * state.plant.condenser_temperature[p]
        out[plants.site[p]] += heat


@kernel()
def balance(ledger: LedgerState, stored: np.ndarray) -> None:  # type: ignore[type-arg]
    """Residual of every site: (grid - rejected - change of stored heat) / grid."""
    for s in range(stored.shape[0]):
        ledger.stored_heat[s] = stored[s]
        change = stored[s] - ledger.stored_heat_start[s]
        missing = ledger.grid_energy[s] - ledger.rejected_heat[s] - change
        ledger.residual[s] = missing / max(ledger.grid_energy[s], 1.0)
