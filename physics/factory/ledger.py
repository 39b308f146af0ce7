"""Energy ledger: what came in, what left, what is stored, and the difference that must be zero.

Running totals are booked every step from the flows that cross the site's boundary: energy from the
grid and from generators, and the heat that leaves. The stored heat is summed independently from all
temperatures and the stored electricity from all batteries, so a flow that one stage gives and
another does not receive shows as a residual.
"""

from __future__ import annotations

from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    CDU_LINK,
    GPU,
    HALL,
    HALL_DATA,
    HALL_LINK,
    KIND,
    LEDGER,
    MAIN,
    MAIN_CELLS,
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    RACK,
    RACK_LINK,
    ROW,
    ROW_DATA,
    ROW_LINK,
    SITE,
    TANK_LAYERS,
    ConstantBlocks,
    Floats,
    Indices,
    StateBlocks,
)
from physics.jit import kernel, law

DEMAND_INTERVAL = 900.0
"""s over which the power that a contract and a demand charge go by is the mean."""


@kernel()
def book_step(
    site: Floats, ledger: Floats, rack_links: Indices, kinds: Floats, rack: Floats, step: float
) -> None:
    """Add one step of ``step`` seconds to the running totals and maxima of every site."""
    for s in range(site.shape[1]):
        site[SITE.operations, s] = 0.0
        site[SITE.lost_operations, s] = 0.0
        site[SITE.throttled, s] = 0.0
        site[SITE.gpus_off, s] = 0.0
        site[SITE.maximum_gpu_temperature, s] = -273.15
        site[SITE.maximum_hbm_temperature, s] = -273.15
        site[SITE.hottest_gpu_rack, s] = -1.0
        site[SITE.hottest_hbm_rack, s] = -1.0
    for r in range(rack.shape[1]):
        s = rack_links[RACK_LINK.site, r]
        k = rack_links[RACK_LINK.kind, r]
        asked = (
            kinds[KIND.peak_operations, k]
            * kinds[KIND.gpus, k]
            * rack[RACK.utilisation, r]
            * rack[RACK.compute_share, r]
        )
        site[SITE.operations, s] += rack[RACK.operations, r]
        site[SITE.lost_operations, s] += max(asked - rack[RACK.operations, r], 0.0)
        site[SITE.throttled, s] += rack[RACK.throttled, r]
        site[SITE.gpus_off, s] += rack[RACK.gpus_off, r]
        if rack[RACK.maximum_gpu_temperature, r] > site[SITE.maximum_gpu_temperature, s]:
            site[SITE.maximum_gpu_temperature, s] = rack[RACK.maximum_gpu_temperature, r]
            site[SITE.hottest_gpu_rack, s] = r
        if rack[RACK.maximum_hbm_temperature, r] > site[SITE.maximum_hbm_temperature, s]:
            site[SITE.maximum_hbm_temperature, s] = rack[RACK.maximum_hbm_temperature, r]
            site[SITE.hottest_hbm_rack, s] = r
    for s in range(site.shape[1]):
        ledger[LEDGER.time, s] += step
        grid_energy = site[SITE.grid_power, s] * step
        exported = max(-grid_energy, 0.0)
        grid_energy = max(grid_energy, 0.0)
        ledger[LEDGER.grid_energy, s] += grid_energy
        ledger[LEDGER.exported_energy, s] += exported
        ledger[LEDGER.solar_energy, s] += site[SITE.solar_power, s] * step
        ledger[LEDGER.cost, s] += (
            grid_energy * site[SITE.price, s] - exported * site[SITE.export_price, s]
        )
        ledger[LEDGER.demand_energy, s] += grid_energy
        ledger[LEDGER.demand_time, s] += step
        if ledger[LEDGER.demand_time, s] >= DEMAND_INTERVAL - 1e-6:
            ledger[LEDGER.peak_demand, s] = max(
                ledger[LEDGER.peak_demand, s],
                ledger[LEDGER.demand_energy, s] / ledger[LEDGER.demand_time, s],
            )
            ledger[LEDGER.demand_energy, s] = 0.0
            ledger[LEDGER.demand_time, s] = 0.0
        ledger[LEDGER.carbon, s] += grid_energy * site[SITE.carbon_intensity, s]
        if site[SITE.grid_power, s] > ledger[LEDGER.peak_power, s]:
            ledger[LEDGER.peak_power, s] = site[SITE.grid_power, s]
            ledger[LEDGER.peak_power_time, s] = ledger[LEDGER.time, s]
        ledger[LEDGER.generator_energy, s] += site[SITE.generator_power, s] * step
        ledger[LEDGER.facility_energy, s] += site[SITE.facility_power, s] * step
        ledger[LEDGER.lost_operations, s] += site[SITE.lost_operations, s] * step
        ledger[LEDGER.it_energy, s] += site[SITE.it_power, s] * step
        ledger[LEDGER.rejected_heat, s] += site[SITE.heat_rejected, s] * step
        ledger[LEDGER.water, s] += site[SITE.water_use, s] * step
        ledger[LEDGER.operations, s] += site[SITE.operations, s] * step
        ledger[LEDGER.throttled_time, s] += site[SITE.throttled, s] * step
        ledger[LEDGER.off_time, s] += site[SITE.gpus_off, s] * step
        if site[SITE.maximum_gpu_temperature, s] > ledger[LEDGER.maximum_gpu_temperature, s]:
            ledger[LEDGER.maximum_gpu_temperature, s] = site[SITE.maximum_gpu_temperature, s]
            ledger[LEDGER.hottest_gpu_rack, s] = site[SITE.hottest_gpu_rack, s]
            ledger[LEDGER.hottest_gpu_time, s] = ledger[LEDGER.time, s]
        if site[SITE.maximum_hbm_temperature, s] > ledger[LEDGER.maximum_hbm_temperature, s]:
            ledger[LEDGER.maximum_hbm_temperature, s] = site[SITE.maximum_hbm_temperature, s]
            ledger[LEDGER.hottest_hbm_rack, s] = site[SITE.hottest_hbm_rack, s]
            ledger[LEDGER.hottest_hbm_time, s] = ledger[LEDGER.time, s]


@law
def main_mean_temperature(pipe: int, main: Floats) -> float:
    """Mean temperature [degC] of a main's content; its end cells are filled in part."""
    slots = MAIN_CELLS + 1
    head = int(main[pipe, MAIN.head])
    fill = main[pipe, MAIN.from_fill]
    total = 0.0
    for i in range(slots):
        total += main[pipe, MAIN.cell_0 + i]
    total -= (1.0 - fill) * main[pipe, MAIN.cell_0 + head]
    total -= fill * main[pipe, MAIN.cell_0 + (head + slots - 1) % slots]
    return float(total / MAIN_CELLS)


@kernel()
def stored_heat(constants: ConstantBlocks, state: StateBlocks, out: Floats) -> None:
    """Heat stored in every site relative to 0 degC [J], written to ``out`` [S]."""
    out[:] = 0.0
    rack_links, kinds = constants.rack_links, constants.kinds
    gpu, rack, cdu, row, hall, plant = (
        state.gpu,
        state.rack,
        state.cdu,
        state.row,
        state.hall,
        state.plant,
    )
    cdus, cdu_links = constants.cdus, constants.cdu_links
    rows, row_links = constants.rows, constants.row_links
    halls, hall_links = constants.halls, constants.hall_links
    plants, plant_links = constants.plants, constants.plant_links
    for r in range(rack.shape[1]):
        k = rack_links[RACK_LINK.kind, r]
        die, hbm, plate = 0.0, 0.0, 0.0
        for g in range(rack_links[RACK_LINK.first_gpu, r], rack_links[RACK_LINK.first_gpu, r + 1]):
            die += gpu[GPU.die_temperature, g]
            hbm += gpu[GPU.hbm_temperature, g]
            plate += gpu[GPU.plate_temperature, g]
        heat = (
            kinds[KIND.die_heat_capacity, k] * die
            + kinds[KIND.hbm_heat_capacity, k] * hbm
            + kinds[KIND.plate_heat_capacity, k] * plate
        )
        if kinds[KIND.liquid, k] > 0.0:
            heat += kinds[KIND.coolant_heat_capacity, k] * rack[RACK.outlet_temperature, r]
        out[rack_links[RACK_LINK.site, r]] += heat
    for c in range(cdus.shape[1]):
        supply, back = CDU_DATA.supply_main_heat_capacity, CDU_DATA.return_main_heat_capacity
        out[cdu_links[CDU_LINK.site, c]] += (
            cdus[CDU_DATA.return_heat_capacity, c] * cdu[CDU.return_temperature, c]
            + cdus[supply, c] * main_mean_temperature(2 * c, state.main)
            + cdus[back, c] * main_mean_temperature(2 * c + 1, state.main)
        )
    for w in range(rows.shape[1]):
        out[row_links[ROW_LINK.site, w]] += rows[ROW_DATA.heat_capacity, w] * (
            row[ROW.cold_aisle_temperature, w] + row[ROW.hot_aisle_temperature, w]
        )
    for h in range(halls.shape[1]):
        out[hall_links[HALL_LINK.site, h]] += (
            halls[HALL_DATA.plenum_heat_capacity, h] * hall[HALL.crah_supply_temperature, h]
        )
    for p in range(plants.shape[1]):
        heat = (
            plants[PLANT_DATA.supply_heat_capacity, p] * plant[PLANT.supply_temperature, p]
            + plants[PLANT_DATA.return_heat_capacity, p] * plant[PLANT.return_temperature, p]
        )
        if plant_links[PLANT_LINK.first_chiller, p + 1] > plant_links[PLANT_LINK.first_chiller, p]:
            heat += (
                plants[PLANT_DATA.condenser_heat_capacity, p]
                * plant[PLANT.condenser_temperature, p]
            )
        for layer in range(TANK_LAYERS):
            heat += plants[PLANT_DATA.tank_layer_heat_capacity, p] * state.tank[p, layer]
        out[plant_links[PLANT_LINK.site, p]] += heat


@kernel()
def balance(ledger: Floats, heat: Floats, electricity: Floats) -> None:
    """Residual of every site: what came in less what left and what is stored, over what was used.

    ``heat`` and ``electricity`` [J] are what is stored now, shape [S].
    """
    for s in range(heat.shape[0]):
        ledger[LEDGER.stored_heat, s] = heat[s]
        ledger[LEDGER.stored_electricity, s] = electricity[s]
        change = (
            heat[s]
            - ledger[LEDGER.stored_heat_start, s]
            + electricity[s]
            - ledger[LEDGER.stored_electricity_start, s]
        )
        came = (
            ledger[LEDGER.grid_energy, s]
            - ledger[LEDGER.exported_energy, s]
            + ledger[LEDGER.generator_energy, s]
            + ledger[LEDGER.solar_energy, s]
        )
        missing = came - ledger[LEDGER.rejected_heat, s] - change
        ledger[LEDGER.residual, s] = missing / max(ledger[LEDGER.facility_energy, s], 1.0)
