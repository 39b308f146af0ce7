"""Power chain in the coupled step: panels, UPS, transformers, grid connection.

Units of one bank share their load evenly. A bank with no unit left in service feeds nothing; what
hangs on it stops in the next step. A bank that a layout leaves out passes power on without loss.
"""

from __future__ import annotations

from physics.electrical.conversion import Stages, group_input_power
from physics.electrical.transformer import transformer_loss
from physics.factory.arrays import (
    CduState,
    HallConstants,
    HallState,
    PanelState,
    PlantConstants,
    PlantState,
    RackState,
    RowConstants,
    RowState,
    SiteConstants,
    SiteState,
    UnitState,
)
from physics.factory.plants import units_online
from physics.jit import kernel, law

UPS_TEMPERATURE = 25.0  # degC of the UPS room


@law
def bank_loss(
    power: float,
    units: float,
    power_factor: float,
    rating: float,
    no_load_loss: float,
    load_loss: float,
) -> tuple[float, float]:
    """Loss [W] and load share of ``units`` equal transformers that pass ``power`` [W] together."""
    if units <= 0.0:
        return 0.0, 0.0
    apparent = power / power_factor / units
    return units * transformer_loss(apparent, rating, no_load_loss, load_loss, 1.0), (
        apparent / rating
    )


@kernel()
def feed_rows(
    rows: RowConstants, row: RowState, rack: RackState, panel: PanelState
) -> None:
    """Load and loss of every row's panels."""
    for w in range(rows.hall.shape[0]):
        power = 0.0
        for r in range(rows.first_rack[w], rows.first_rack[w + 1]):
            power += rack.it_power[r]
        units = 0.0
        for i in range(rows.first_panel[w], rows.first_panel[w + 1]):
            units += panel.online[i]
        load, loss = 0.0, 0.0
        if units > 0.0:
            load = power / (units * rows.panel_rating[w])
            loss = units * rows.panel_rating[w] * rows.panel_loss_share[w] * load * load
        row.it_power[w] = power
        row.panel_load[w] = load
        row.panel_loss[w] = loss


@kernel()
def feed_halls(
    halls: HallConstants,
    rows: RowConstants,
    sites: SiteConstants,
    stages: Stages,
    hall: HallState,
    row: RowState,
    panel: PanelState,
    cdu: CduState,
    ups: UnitState,
    transformer: UnitState,
) -> None:
    """UPS and transformers of every hall, and which rows they can still feed."""
    for h in range(halls.site.shape[0]):
        it_power, panel_loss = 0.0, 0.0
        for w in range(halls.first_row[h], halls.first_row[h + 1]):
            it_power += row.it_power[w]
            panel_loss += row.panel_loss[w]
        cdu_power = 0.0
        for c in range(halls.first_cdu[h], halls.first_cdu[h + 1]):
            cdu_power += cdu.pump_power[c]
        units = int(units_online(ups, halls.first_ups[h], halls.first_ups[h + 1]))
        transformers = units_online(
            transformer, halls.first_transformer[h], halls.first_transformer[h + 1]
        )
        behind_ups = it_power + panel_loss + cdu_power
        stage = halls.ups_stage[h]
        loss, load = 0.0, 0.0
        if units > 0:
            loss = (
                group_input_power(behind_ups, UPS_TEMPERATURE, stage, stages, units) - behind_ups
            )
            load = behind_ups / (units * stages.rated_power[stage])
        passed = behind_ups + loss + hall.crah_power[h]
        hall.transformer_loss[h], hall.transformer_load[h] = bank_loss(
            passed, transformers, sites.power_factor[halls.site[h]], halls.transformer_rating[h],
            halls.transformer_no_load_loss[h], halls.transformer_load_loss[h],
        )
        hall.it_power[h] = it_power
        hall.cooling_power[h] = cdu_power + hall.crah_power[h]
        hall.ups_loss[h] = loss
        hall.ups_load[h] = load
        hall.power[h] = passed + hall.transformer_loss[h]
        by_ups = units > 0 or halls.first_ups[h] == halls.first_ups[h + 1]
        by_transformer = (
            transformers > 0.0 or halls.first_transformer[h] == halls.first_transformer[h + 1]
        )
        hall.fed[h] = 1.0 if by_ups and by_transformer else 0.0
        for w in range(halls.first_row[h], halls.first_row[h + 1]):
            panels = 0.0
            for i in range(rows.first_panel[w], rows.first_panel[w + 1]):
                panels += panel.online[i]
            without = rows.first_panel[w] == rows.first_panel[w + 1]
            row.fed[w] = hall.fed[h] if panels > 0.0 or without else 0.0


@kernel()
def feed_plants(
    plants: PlantConstants, sites: SiteConstants, plant: PlantState, transformer: UnitState
) -> None:
    """Transformers of every plant's pumps, fans and chillers."""
    for p in range(plants.site.shape[0]):
        units = units_online(
            transformer, plants.first_transformer[p], plants.first_transformer[p + 1]
        )
        power = plant.pump_power[p] + plant.fan_power[p] + plant.chiller_power[p]
        loss, _ = bank_loss(
            power, units, sites.power_factor[plants.site[p]], plants.transformer_rating[p],
            plants.transformer_no_load_loss[p], plants.transformer_load_loss[p],
        )
        plant.transformer_loss[p] = loss
        plant.power[p] = power + loss
        without = plants.first_transformer[p] == plants.first_transformer[p + 1]
        plant.fed[p] = 1.0 if units > 0.0 or without else 0.0


@kernel()
def feed_sites(
    sites: SiteConstants,
    halls: HallConstants,
    plants: PlantConstants,
    rows: RowConstants,
    site: SiteState,
    hall: HallState,
    plant: PlantState,
    row: RowState,
    transformer: UnitState,
) -> None:
    """Sums of every site, its main transformers, and all heat that leaves it."""
    for s in range(sites.power_factor.shape[0]):
        site.it_power[s] = 0.0
        site.cooling_power[s] = 0.0
        site.loss_power[s] = 0.0
        site.facility_power[s] = sites.house_power[s]
        site.heat_rejected[s] = sites.house_power[s]
        site.water_use[s] = 0.0
    for w in range(rows.site.shape[0]):
        site.loss_power[rows.site[w]] += row.panel_loss[w]
    for h in range(halls.site.shape[0]):
        s = halls.site[h]
        losses = hall.ups_loss[h] + hall.transformer_loss[h]
        site.it_power[s] += hall.it_power[h]
        site.cooling_power[s] += hall.cooling_power[h]
        site.loss_power[s] += losses
        site.facility_power[s] += hall.power[h]
        site.heat_rejected[s] += losses
    for p in range(plants.site.shape[0]):
        s = plants.site[p]
        motor_loss = plant.pump_power[p] - plant.pump_hydraulic_power[p]
        site.cooling_power[s] += (
            plant.pump_power[p] + plant.fan_power[p] + plant.chiller_power[p]
        )
        site.loss_power[s] += plant.transformer_loss[p]
        site.facility_power[s] += plant.power[p]
        site.heat_rejected[s] += (
            plant.heat_rejected[p] + plant.fan_power[p] + motor_loss + plant.transformer_loss[p]
        )
        site.water_use[s] += plant.water_use[p]
    for s in range(sites.power_factor.shape[0]):
        units = units_online(
            transformer, sites.first_transformer[s], sites.first_transformer[s + 1]
        )
        loss, load = bank_loss(
            site.facility_power[s], units, sites.power_factor[s], sites.transformer_rating[s],
            sites.transformer_no_load_loss[s], sites.transformer_load_loss[s],
        )
        site.transformer_loss[s] = loss
        site.transformer_load[s] = load
        site.loss_power[s] += loss
        site.facility_power[s] += loss
        site.heat_rejected[s] += loss
        it_power = site.it_power[s]
        site.pue[s] = site.facility_power[s] / it_power if it_power > 0.0 else 0.0
