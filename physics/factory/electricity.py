"""Power chain in the coupled step: panels, UPS, transformers, grid connection.

Units of one bank share their load evenly. A bank with no unit left in service feeds nothing; what
hangs on it stops in the next step. A bank that a layout leaves out passes power on without loss.
"""

from __future__ import annotations

from physics.electrical.conversion import Stages, group_input_power
from physics.electrical.transformer import transformer_loss
from physics.factory.arrays import (
    CDU,
    HALL,
    HALL_DATA,
    HALL_LINK,
    ONLINE,
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    RACK,
    ROW,
    ROW_DATA,
    ROW_LINK,
    SITE,
    SITE_DATA,
    SITE_LINK,
    Floats,
    Indices,
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
def feed_rows(rows: Floats, row_links: Indices, row: Floats, rack: Floats, panel: Floats) -> None:
    """Load and loss of every row's panels."""
    for w in range(rows.shape[1]):
        power = 0.0
        for r in range(row_links[ROW_LINK.first_rack, w], row_links[ROW_LINK.first_rack, w + 1]):
            power += rack[RACK.it_power, r]
        units = 0.0
        for i in range(row_links[ROW_LINK.first_panel, w], row_links[ROW_LINK.first_panel, w + 1]):
            units += panel[ONLINE, i]
        load, loss = 0.0, 0.0
        if units > 0.0:
            load = power / (units * rows[ROW_DATA.panel_rating, w])
            loss = (
                units
                * rows[ROW_DATA.panel_rating, w]
                * rows[ROW_DATA.panel_loss_share, w]
                * load
                * load
            )
        row[ROW.it_power, w] = power
        row[ROW.panel_load, w] = load
        row[ROW.panel_loss, w] = loss


@kernel()
def feed_halls(
    halls: Floats,
    hall_links: Indices,
    rows: Floats,
    row_links: Indices,
    sites: Floats,
    stages: Stages,
    hall: Floats,
    row: Floats,
    panel: Floats,
    cdu: Floats,
    ups: Floats,
    transformer: Floats,
) -> None:
    """UPS and transformers of every hall, and which rows they can still feed."""
    for h in range(halls.shape[1]):
        it_power, panel_loss = 0.0, 0.0
        for w in range(hall_links[HALL_LINK.first_row, h], hall_links[HALL_LINK.first_row, h + 1]):
            it_power += row[ROW.it_power, w]
            panel_loss += row[ROW.panel_loss, w]
        cdu_power = 0.0
        for c in range(hall_links[HALL_LINK.first_cdu, h], hall_links[HALL_LINK.first_cdu, h + 1]):
            cdu_power += cdu[CDU.pump_power, c]
        units = int(
            units_online(
                ups, hall_links[HALL_LINK.first_ups, h], hall_links[HALL_LINK.first_ups, h + 1]
            )
        )
        transformers = units_online(
            transformer,
            hall_links[HALL_LINK.first_transformer, h],
            hall_links[HALL_LINK.first_transformer, h + 1],
        )
        behind_ups = it_power + panel_loss + cdu_power
        stage = hall_links[HALL_LINK.ups_stage, h]
        loss, load = 0.0, 0.0
        if units > 0:
            loss = group_input_power(behind_ups, UPS_TEMPERATURE, stage, stages, units) - behind_ups
            load = behind_ups / (units * stages.rated_power[stage])
        passed = behind_ups + loss + hall[HALL.crah_power, h]
        hall[HALL.transformer_loss, h], hall[HALL.transformer_load, h] = bank_loss(
            passed,
            transformers,
            sites[SITE_DATA.power_factor, hall_links[HALL_LINK.site, h]],
            halls[HALL_DATA.transformer_rating, h],
            halls[HALL_DATA.transformer_no_load_loss, h],
            halls[HALL_DATA.transformer_load_loss, h],
        )
        hall[HALL.it_power, h] = it_power
        hall[HALL.cooling_power, h] = cdu_power + hall[HALL.crah_power, h]
        hall[HALL.ups_loss, h] = loss
        hall[HALL.ups_load, h] = load
        hall[HALL.power, h] = passed + hall[HALL.transformer_loss, h]
        by_ups = (
            units > 0
            or hall_links[HALL_LINK.first_ups, h] == hall_links[HALL_LINK.first_ups, h + 1]
        )
        by_transformer = (
            transformers > 0.0
            or hall_links[HALL_LINK.first_transformer, h]
            == hall_links[HALL_LINK.first_transformer, h + 1]
        )
        hall[HALL.fed, h] = 1.0 if by_ups and by_transformer else 0.0
        for w in range(hall_links[HALL_LINK.first_row, h], hall_links[HALL_LINK.first_row, h + 1]):
            panels = 0.0
            for i in range(
                row_links[ROW_LINK.first_panel, w], row_links[ROW_LINK.first_panel, w + 1]
            ):
                panels += panel[ONLINE, i]
            without = row_links[ROW_LINK.first_panel, w] == row_links[ROW_LINK.first_panel, w + 1]
            row[ROW.fed, w] = hall[HALL.fed, h] if panels > 0.0 or without else 0.0


@kernel()
def feed_plants(
    plants: Floats, plant_links: Indices, sites: Floats, plant: Floats, transformer: Floats
) -> None:
    """Transformers of every plant's pumps, fans and chillers."""
    for p in range(plants.shape[1]):
        units = units_online(
            transformer,
            plant_links[PLANT_LINK.first_transformer, p],
            plant_links[PLANT_LINK.first_transformer, p + 1],
        )
        power = (
            plant[PLANT.pump_power, p] + plant[PLANT.fan_power, p] + plant[PLANT.chiller_power, p]
        )
        loss, _ = bank_loss(
            power,
            units,
            sites[SITE_DATA.power_factor, plant_links[PLANT_LINK.site, p]],
            plants[PLANT_DATA.transformer_rating, p],
            plants[PLANT_DATA.transformer_no_load_loss, p],
            plants[PLANT_DATA.transformer_load_loss, p],
        )
        plant[PLANT.transformer_loss, p] = loss
        plant[PLANT.power, p] = power + loss
        without = (
            plant_links[PLANT_LINK.first_transformer, p]
            == plant_links[PLANT_LINK.first_transformer, p + 1]
        )
        plant[PLANT.fed, p] = 1.0 if units > 0.0 or without else 0.0


@kernel()
def feed_sites(
    sites: Floats,
    site_links: Indices,
    halls: Floats,
    hall_links: Indices,
    plants: Floats,
    plant_links: Indices,
    rows: Floats,
    row_links: Indices,
    site: Floats,
    hall: Floats,
    plant: Floats,
    row: Floats,
    transformer: Floats,
) -> None:
    """Sums of every site, its main transformers, and all heat that leaves it."""
    for s in range(sites.shape[1]):
        site[SITE.it_power, s] = 0.0
        site[SITE.cooling_power, s] = 0.0
        site[SITE.loss_power, s] = 0.0
        site[SITE.facility_power, s] = sites[SITE_DATA.house_power, s]
        site[SITE.heat_rejected, s] = sites[SITE_DATA.house_power, s]
        site[SITE.water_use, s] = 0.0
    for w in range(rows.shape[1]):
        site[SITE.loss_power, row_links[ROW_LINK.site, w]] += row[ROW.panel_loss, w]
    for h in range(halls.shape[1]):
        s = hall_links[HALL_LINK.site, h]
        losses = hall[HALL.ups_loss, h] + hall[HALL.transformer_loss, h]
        site[SITE.it_power, s] += hall[HALL.it_power, h]
        site[SITE.cooling_power, s] += hall[HALL.cooling_power, h]
        site[SITE.loss_power, s] += losses
        site[SITE.facility_power, s] += hall[HALL.power, h]
        site[SITE.heat_rejected, s] += losses
    for p in range(plants.shape[1]):
        s = plant_links[PLANT_LINK.site, p]
        motor_loss = plant[PLANT.pump_power, p] - plant[PLANT.pump_hydraulic_power, p]
        site[SITE.cooling_power, s] += (
            plant[PLANT.pump_power, p] + plant[PLANT.fan_power, p] + plant[PLANT.chiller_power, p]
        )
        site[SITE.loss_power, s] += plant[PLANT.transformer_loss, p]
        site[SITE.facility_power, s] += plant[PLANT.power, p]
        site[SITE.heat_rejected, s] += (
            plant[PLANT.heat_rejected, p]
            + plant[PLANT.fan_power, p]
            + motor_loss
            + plant[PLANT.transformer_loss, p]
        )
        site[SITE.water_use, s] += plant[PLANT.water_use, p]
    for s in range(sites.shape[1]):
        units = units_online(
            transformer,
            site_links[SITE_LINK.first_transformer, s],
            site_links[SITE_LINK.first_transformer, s + 1],
        )
        loss, load = bank_loss(
            site[SITE.facility_power, s],
            units,
            sites[SITE_DATA.power_factor, s],
            sites[SITE_DATA.transformer_rating, s],
            sites[SITE_DATA.transformer_no_load_loss, s],
            sites[SITE_DATA.transformer_load_loss, s],
        )
        site[SITE.transformer_loss, s] = loss
        site[SITE.transformer_load, s] = load
        site[SITE.loss_power, s] += loss
        site[SITE.facility_power, s] += loss
        site[SITE.heat_rejected, s] += loss
        it_power = site[SITE.it_power, s]
        site[SITE.pue, s] = site[SITE.facility_power, s] / it_power if it_power > 0.0 else 0.0
