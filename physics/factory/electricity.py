"""Power chain in the coupled step, from panels up: UPS, transformers, feeders, the site's bus.

What has supply was decided at the beginning of the step; here the powers follow. Units of one bank
share their load evenly. A bank that a layout leaves out passes power on without loss, and what is
de-energised draws nothing and loses nothing.
"""

from __future__ import annotations

from physics.electrical.conversion import Stages
from physics.electrical.transformer import transformer_loss
from physics.factory.arrays import (
    CDU,
    FEEDER,
    HALL,
    HALL_DATA,
    HALL_LINK,
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    ROW,
    ROW_LINK,
    SITE,
    SITE_DATA,
    SITE_LINK,
    Floats,
    Indices,
)
from physics.factory.banks import units_online
from physics.factory.power_backup import bank_flows, watch_overload
from physics.factory.power_sources import GRID, bus_dark
from physics.factory.power_systems import feed_systems
from physics.jit import kernel, law


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
def feed_halls(
    halls: Floats,
    hall_links: Indices,
    rows: Floats,
    row_links: Indices,
    panel_links: Indices,
    system_links: Indices,
    sites: Floats,
    stages: Stages,
    hall: Floats,
    row: Floats,
    panel: Floats,
    cdu: Floats,
    system: Floats,
    ups: Floats,
    transformer: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """UPS and transformers of every hall."""
    for h in range(halls.shape[1]):
        it_power, drawn, panel_loss = 0.0, 0.0, 0.0
        for w in range(hall_links[HALL_LINK.first_row, h], hall_links[HALL_LINK.first_row, h + 1]):
            it_power += row[ROW.it_power, w]
            drawn += row[ROW.feed_power, w]
            panel_loss += row[ROW.panel_loss, w]
        cdu_power = 0.0
        for c in range(hall_links[HALL_LINK.first_cdu, h], hall_links[HALL_LINK.first_cdu, h + 1]):
            cdu_power += cdu[CDU.pump_power, c]
        first, last = hall_links[HALL_LINK.first_ups, h], hall_links[HALL_LINK.first_ups, h + 1]
        behind, beside = drawn + panel_loss, 0.0
        if first == last or hall_links[HALL_LINK.ups_carries_cdus, h] > 0:
            behind += cdu_power
        else:
            beside += cdu_power
        if first < last and hall_links[HALL_LINK.ups_carries_crahs, h] > 0:
            behind += hall[HALL.crah_power, h]
        else:
            beside += hall[HALL.crah_power, h]
        taken = behind
        if hall_links[HALL_LINK.first_system, h] < hall_links[HALL_LINK.first_system, h + 1]:
            taken = feed_systems(
                h,
                behind - drawn - panel_loss,
                halls,
                hall_links,
                rows,
                row_links,
                panel_links,
                system_links,
                stages,
                hall,
                panel,
                system,
                ups,
                journal,
                time,
                step,
            )
        elif first < last:
            rating = stages.rated_power[hall_links[HALL_LINK.ups_stage, h]]
            taken = bank_flows(
                h, first, last, behind, rating, halls, hall_links, stages, hall, ups, step
            )
            watch_overload(h, hall, journal, time, step)
        if hall[HALL.fed, h] > 0.0:
            hall[HALL.ups_output, h] = behind
        passed = taken + beside
        units = 0.0
        if hall[HALL.live, h] > 0.0:
            units = units_online(
                transformer,
                hall_links[HALL_LINK.first_transformer, h],
                hall_links[HALL_LINK.first_transformer, h + 1],
            )
        hall[HALL.transformer_loss, h], hall[HALL.transformer_load, h] = bank_loss(
            passed,
            units,
            sites[SITE_DATA.power_factor, hall_links[HALL_LINK.site, h]],
            halls[HALL_DATA.transformer_rating, h],
            halls[HALL_DATA.transformer_no_load_loss, h],
            halls[HALL_DATA.transformer_load_loss, h],
        )
        hall[HALL.it_power, h] = it_power
        hall[HALL.cooling_power, h] = cdu_power + hall[HALL.crah_power, h]
        hall[HALL.power, h] = passed + hall[HALL.transformer_loss, h]


@kernel()
def feed_plants(
    plants: Floats, plant_links: Indices, sites: Floats, plant: Floats, transformer: Floats
) -> None:
    """Transformers of every plant's pumps, fans and chillers."""
    for p in range(plants.shape[1]):
        units = 0.0
        if plant[PLANT.fed, p] > 0.0:
            units = units_online(
                transformer,
                plant_links[PLANT_LINK.first_transformer, p],
                plant_links[PLANT_LINK.first_transformer, p + 1],
            )
        power = (
            plant[PLANT.pump_power, p] + plant[PLANT.fan_power, p] + plant[PLANT.chiller_power, p]
        )
        loss, load = bank_loss(
            power,
            units,
            sites[SITE_DATA.power_factor, plant_links[PLANT_LINK.site, p]],
            plants[PLANT_DATA.transformer_rating, p],
            plants[PLANT_DATA.transformer_no_load_loss, p],
            plants[PLANT_DATA.transformer_load_loss, p],
        )
        plant[PLANT.transformer_loss, p] = loss
        plant[PLANT.transformer_load, p] = load
        plant[PLANT.power, p] = power + loss


@kernel()
def gather_sites(
    sites: Floats,
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
) -> None:
    """Sums of every site over its rows, halls and plants, and all heat that leaves it."""
    for s in range(sites.shape[1]):
        house = site[SITE.house_power, s]
        site[SITE.it_power, s] = 0.0
        site[SITE.cooling_power, s] = 0.0
        site[SITE.loss_power, s] = 0.0
        site[SITE.bus_power, s] = house
        site[SITE.stored_power, s] = 0.0
        site[SITE.heat_rejected, s] = house
        site[SITE.water_use, s] = 0.0
    for w in range(rows.shape[1]):
        s = row_links[ROW_LINK.site, w]
        site[SITE.loss_power, s] += row[ROW.panel_loss, w]
        # backup units in the racks give what the racks use and do not draw
        site[SITE.stored_power, s] += row[ROW.it_power, w] - row[ROW.feed_power, w]
    for h in range(halls.shape[1]):
        s = hall_links[HALL_LINK.site, h]
        losses = hall[HALL.ups_loss, h] + hall[HALL.transformer_loss, h]
        site[SITE.it_power, s] += hall[HALL.it_power, h]
        site[SITE.cooling_power, s] += hall[HALL.cooling_power, h]
        site[SITE.loss_power, s] += losses
        site[SITE.bus_power, s] += hall[HALL.power, h]
        site[SITE.stored_power, s] += hall[HALL.ups_stored_power, h]
        site[SITE.heat_rejected, s] += losses
    for p in range(plants.shape[1]):
        s = plant_links[PLANT_LINK.site, p]
        motor_loss = plant[PLANT.pump_power, p] - plant[PLANT.pump_hydraulic_power, p]
        site[SITE.cooling_power, s] += (
            plant[PLANT.pump_power, p] + plant[PLANT.fan_power, p] + plant[PLANT.chiller_power, p]
        )
        site[SITE.loss_power, s] += plant[PLANT.transformer_loss, p]
        site[SITE.bus_power, s] += plant[PLANT.power, p]
        site[SITE.heat_rejected, s] += (
            plant[PLANT.heat_rejected, p]
            + plant[PLANT.fan_power, p]
            + motor_loss
            + plant[PLANT.transformer_loss, p]
        )
        site[SITE.water_use, s] += plant[PLANT.water_use, p]


@kernel()
def load_feeders(
    sites: Floats,
    site_links: Indices,
    site: Floats,
    hall: Floats,
    plant: Floats,
    feeder: Floats,
) -> None:
    """Load and loss of every feeder, from the halls and plants that are on it."""
    if feeder.shape[1] == 0:
        return
    feeder[FEEDER.load, :] = 0.0
    for h in range(hall.shape[1]):
        f = int(hall[HALL.feeder_in_use, h])
        if f >= 0:
            feeder[FEEDER.load, f] += hall[HALL.power, h]
    for p in range(plant.shape[1]):
        f = int(plant[PLANT.feeder_in_use, p])
        if f >= 0:
            feeder[FEEDER.load, f] += plant[PLANT.power, p]
    for s in range(sites.shape[1]):
        rating = sites[SITE_DATA.feeder_rating, s]
        loss = 0.0
        for f in range(
            site_links[SITE_LINK.first_feeder, s], site_links[SITE_LINK.first_feeder, s + 1]
        ):
            load = feeder[FEEDER.load, f] / (rating * sites[SITE_DATA.power_factor, s])
            feeder[FEEDER.load, f] = load
            loss += rating * sites[SITE_DATA.feeder_loss_share, s] * load * load
        site[SITE.loss_power, s] += loss
        site[SITE.bus_power, s] += loss
        site[SITE.heat_rejected, s] += loss


@law
def main_transformer_loss(
    s: int,
    power: float,
    sites: Floats,
    site_links: Indices,
    transformer: Floats,
    site: Floats,
    step: float,
) -> float:
    """Loss of a site's main transformers [W] while they pass ``power`` [W] from the grid.

    None while the grid is without voltage.
    """
    units = 0.0
    if site[SITE.source, s] == GRID and not bus_dark(
        site[SITE.voltage, s], site[SITE.bus_sag, s], step
    ):
        units = units_online(
            transformer,
            site_links[SITE_LINK.first_transformer, s],
            site_links[SITE_LINK.first_transformer, s + 1],
        )
    loss, load = bank_loss(
        power,
        units,
        sites[SITE_DATA.power_factor, s],
        sites[SITE_DATA.transformer_rating, s],
        sites[SITE_DATA.transformer_no_load_loss, s],
        sites[SITE_DATA.transformer_load_loss, s],
    )
    site[SITE.transformer_loss, s] = loss
    site[SITE.transformer_load, s] = load
    return loss
