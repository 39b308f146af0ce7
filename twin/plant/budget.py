"""Power budget at design: what every bank carries with all racks at rated power.

An estimate on the safe side for checks and for ``twin info``; the simulation computes the real
thing. Fans run at full speed; pumps, chillers and losses at the design load.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.electrical.conversion import group_input_power
from twin.catalog.specs import Chiller, CoolantDistributionUnit, Crah, Pump
from twin.plant.plant import Plant


@dataclass(frozen=True, eq=False)
class Budget:
    """Design powers [W].

    row_power : racks of each row; hall_ups : behind each hall's UPS (racks, panels, CDUs);
    hall_power : through each hall's transformers; plant_power : of each plant's pumps, fans and
    chillers; site_power : at each grid connection
    """

    row_power: NDArray[np.float64]
    hall_ups: NDArray[np.float64]
    hall_power: NDArray[np.float64]
    plant_power: NDArray[np.float64]
    site_power: NDArray[np.float64]


def power_budget(plant: Plant) -> Budget:
    """Add up the design powers of a plant."""
    design, result, c = plant.design, plant.design.expansion, plant.constants
    row_power = np.add.reduceat(design.rack_power, c.row.first_rack[:-1])
    panels = np.diff(c.row.first_panel)
    load = row_power / (panels * c.row.panel_rating)
    row_total = row_power + panels * c.row.panel_rating * c.row.panel_loss_share * load**2
    halls = result.levels["hall"].count
    behind = np.zeros(halls)
    np.add.at(behind, c.row.hall, row_total)
    np.add.at(behind, c.cdu.hall, _cdu_power(plant))
    hall_power = np.empty(halls)
    for h, hall in enumerate(result.hall):
        drawn = behind[h]
        if hall.ups is not None:
            stage = int(c.hall.ups_stage[h])
            systems = slice(c.hall.first_system[h], c.hall.first_system[h + 1])
            idle = c.ups_system.reserve[systems].sum() * hall.ups.count // hall.ups.system_count
            units = int(hall.ups.count - idle)
            drawn = float(group_input_power(behind[h], 25.0, stage, c.stages, units))
        crah = result.layout.product(hall.crahs.product, Crah)
        share = min(1.0, _hall_airflow(plant, h) / (hall.crahs.count * crah.rated_airflow))
        hall_power[h] = drawn + hall.crahs.count * crah.fan_power * share**3
    factor = c.site.power_factor
    hall_power += _transformer_loss(
        hall_power / factor[c.hall.site],
        np.diff(c.hall.first_transformer),
        c.hall.transformer_rating,
        c.hall.transformer_no_load_loss,
        c.hall.transformer_load_loss,
    )
    plant_power = _plant_power(plant)
    plant_power += _transformer_loss(
        plant_power / factor[c.plant.site],
        np.diff(c.plant.first_transformer),
        c.plant.transformer_rating,
        c.plant.transformer_no_load_loss,
        c.plant.transformer_load_loss,
    )
    site_power = np.array(c.site.house_power)
    np.add.at(site_power, c.hall.site, hall_power)
    np.add.at(site_power, c.plant.site, plant_power)
    site_power += _transformer_loss(
        site_power / factor,
        np.diff(c.site.first_transformer),
        c.site.transformer_rating,
        c.site.transformer_no_load_loss,
        c.site.transformer_load_loss,
    )
    return Budget(row_power, behind, hall_power, plant_power, site_power)


def _cdu_power(plant: Plant) -> NDArray[np.float64]:
    """Electric power of every CDU's pumps at the design flow [W]."""
    c, flow = plant.constants.cdu, plant.design.cdu_flow
    head = c.differential_pressure_setpoint + c.exchanger_resistance * flow**2
    power = flow * head / (c.pump_efficiency * c.pump_motor_efficiency)
    total: NDArray[np.float64] = power + c.standby_power
    return total


def _hall_airflow(plant: Plant, h: int) -> float:
    """Rated air flow of all racks of a hall [m3/s]."""
    kinds = plant.design.kinds
    racks = plant.constants.rack
    flows = np.array([kind.rack.rated_airflow for kind in kinds])
    return float(flows[racks.kind[racks.hall == h]].sum())


def _plant_power(plant: Plant) -> NDArray[np.float64]:
    """Pumps, fans and chillers of every plant at its design heat [W]; fans at full speed for the
    units that the load needs."""
    design, result, c = plant.design, plant.design.expansion, plant.constants.plant
    power = np.zeros(len(c.site))
    for p, model in enumerate(result.plant):
        flow = float(design.plant_flow[p])
        head = c.distribution_pressure[p] + c.equipment_resistance[p] * flow**2
        pump = result.layout.product(model.pumps.product, Pump).curve
        power[p] = flow * head / (pump.efficiency * pump.motor_efficiency)
        rejected = float(design.plant_heat[p])
        if model.chillers is not None:
            chiller = result.layout.product(model.chillers.product, Chiller)
            compressor = rejected / chiller.rated_cop
            power[p] += compressor
            rejected += compressor
        capacity = result.layout.products[model.heat_rejection.product].rated_capacity  # type: ignore[attr-defined]
        units = min(model.heat_rejection.count, int(np.ceil(rejected / capacity)))
        power[p] += units * c.cooler_fan_power[p]
    return power


def _transformer_loss(
    apparent: NDArray[np.float64],
    units: NDArray[np.int64],
    rating: NDArray[np.float64],
    no_load: NDArray[np.float64],
    load: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Loss [W] of banks of equal transformers that carry ``apparent`` [VA] together."""
    share = apparent / np.maximum(units, 1) / rating
    loss: NDArray[np.float64] = np.where(units > 0, units * (no_load + load * share**2), 0.0)
    return loss


def cdu_products(plant: Plant) -> list[CoolantDistributionUnit]:
    """Product of every CDU."""
    return [
        plant.layout.product(name, CoolantDistributionUnit) for name in plant.product_ids("cdu")
    ]
