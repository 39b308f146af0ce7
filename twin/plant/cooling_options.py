"""Constants of cooling equipment that a layout may have or leave out.

Buffer tanks, economisers, rear doors, and racks that breathe each other's exhaust.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from physics.coil import rate_coil
from physics.cooling_tower_york import york_reference_water_ratio
from physics.effectiveness_ntu import Arrangement, ntu_from_effectiveness
from physics.factory.arrays import TANK_LAYERS, Floats, Indices
from physics.factory.chillers import STAGE_UP_LOAD
from physics.psychrometrics import CP_DRY_AIR
from twin.catalog.specs import Chiller, CoolingTower, RearDoor
from twin.errors import InputError
from twin.layout import cooling_models
from twin.plant.design import Design
from twin.plant.fluids import (
    AIR_DENSITY,
    AIR_HEAT_CAPACITY,
    DESIGN_RISE,
    density_and_specific_heat,
)

WATER_CONDUCTIVITY = 0.65  # W/m/K, between the layers of a tank
TANK_INSULATION = 0.4  # W/m2/K of a tank's wall, 80 mm of mineral wool
DOOR_INLET_AIR = 40.0  # degC at which rear doors are rated; only differences matter


def tank_columns(tank: cooling_models.BufferTank | None, per_volume: float) -> dict[str, float]:
    """Constants of a plant's buffer tank, zero without one; ``per_volume`` is rho cp [J/m3/K]."""
    if tank is None:
        return {
            "tank_layer_heat_capacity": 0.0,
            "tank_layer_loss": 0.0,
            "tank_layer_conductance": 0.0,
        }
    area = tank.volume / tank.height
    circumference = 2.0 * math.sqrt(math.pi * area)
    wall = circumference * tank.height + 2.0 * area
    return {
        "tank_layer_heat_capacity": tank.volume * per_volume / TANK_LAYERS,
        "tank_layer_loss": TANK_INSULATION * wall / TANK_LAYERS,
        "tank_layer_conductance": WATER_CONDUCTIVITY * area * TANK_LAYERS / tank.height,
    }


def economiser_columns(design: Design, p: int, per_volume: float) -> dict[str, float]:
    """UA [W/K] and approach [K] of a plant's economiser, zero without one.

    At design load its water cools by the design rise down to ``approach`` above the cooling water,
    of which as many condenser pumps as that load needs chillers bring their rated flow.

    Raises
    ------
    InputError : no exchanger reaches that approach with these flows
    """
    plant = design.expansion.plant[p]
    if plant.economiser is None or plant.chillers is None:
        return {"economiser_ua": 0.0, "economiser_approach": 0.0, "economiser_parallel": 0.0}
    unit = design.expansion.layout.product(plant.chillers.product, Chiller)
    heat, approach = float(design.plant_heat[p]), plant.economiser.approach
    load = heat / DESIGN_RISE
    pumps = max(1, math.ceil(heat / (STAGE_UP_LOAD * unit.rated_capacity)))
    cooling = min(pumps, plant.chillers.count) * unit.rated_condenser_flow * per_volume
    smaller, larger = min(load, cooling), max(load, cooling)
    effectiveness = heat / (smaller * (DESIGN_RISE + approach))
    try:
        ntu = ntu_from_effectiveness(effectiveness, smaller / larger, Arrangement.COUNTERFLOW)
    except ValueError as error:
        raise InputError(
            f"plant {plant.id}: no economiser reaches this approach ({error})",
            key="economiser.approach",
            found=f"{approach:g} K",
            allowed="a larger approach, or chillers with more condenser flow",
        ) from None
    return {
        "economiser_ua": float(ntu * smaller),
        "economiser_approach": approach,
        "economiser_parallel": float(plant.economiser.arrangement == "parallel"),
    }


def york_ratio(unit: CoolingTower) -> float:
    """Water flow of a tower's rated point over the York correlation's reference flow.

    Raises
    ------
    InputError : the correlation has no such point
    """
    try:
        return york_reference_water_ratio(
            unit.rated_range, unit.rated_approach, unit.rated_wet_bulb
        )
    except ValueError as error:
        raise InputError(
            f"cooling tower {unit.id}: {error}",
            key="model",
            found="york",
            allowed="merkel, or another rated point",
        ) from None


def door_conductance(unit: RearDoor, coolant: str, temperature: float) -> tuple[float, float]:
    """UA of a rear door's coil and its rated water capacity rate, both [W/K].

    Raises
    ------
    InputError : no coil has this rated point
    """
    density, specific_heat = density_and_specific_heat(coolant, temperature)
    water = unit.rated_flow * density
    try:
        coil = rate_coil(
            -unit.rated_capacity,
            water,
            specific_heat,
            DOOR_INLET_AIR - unit.rated_temperature_difference,
            unit.rated_airflow * AIR_DENSITY,
            CP_DRY_AIR,
            DOOR_INLET_AIR,
            arrangement=Arrangement.CROSSFLOW_UNMIXED,
            air_share=0.5,
            wall_share=0.0,
        )
    except ValueError as error:
        raise InputError(
            f"rear door {unit.id}: no coil has this rated point ({error})",
            key="rated_temperature_difference",
            found=f"{unit.rated_temperature_difference:g} K",
            allowed="a larger difference or larger flows",
        ) from None
    return coil.conductance, water * specific_heat


def door_columns(design: Design) -> dict[str, Any]:
    """Constants of the rear doors of all rows, -1 and harmless numbers where there are none."""
    result, layout = design.expansion, design.expansion.layout
    columns: dict[str, list[float]] = {}
    for w, row in enumerate(result.row):
        plant = result.door_plant[w]
        values = {
            "door_plant": -1.0,
            "door_water_capacity_rate": 1.0,
            "door_airflow_capacity_rate": 1.0,
            "door_ua": 0.0,
            "door_fan_power": 0.0,
            "door_rated_flow": 0.0,
        }
        if row.rear_doors is not None:
            unit = layout.product(row.rear_doors.product, RearDoor)
            model = result.plant[plant]
            conductance, water = door_conductance(
                unit, model.coolant, model.supply_temperature + DESIGN_RISE / 2
            )
            values = {
                "door_plant": float(plant),
                "door_water_capacity_rate": water,
                "door_airflow_capacity_rate": unit.rated_airflow * AIR_HEAT_CAPACITY,
                "door_ua": conductance,
                "door_fan_power": unit.fan_power,
                "door_rated_flow": unit.rated_flow,
            }
        for name, value in values.items():
            columns.setdefault(name, []).append(value)
    return {
        name: np.array(values, dtype=np.int64 if name == "door_plant" else np.float64)
        for name, values in columns.items()
    }


def recirculation_shares(design: Design) -> tuple[Indices, Floats]:
    """Where each row's shares begin (-1: none given), and all of them one after the other."""
    starts, shares = [], [np.zeros(0)]
    length = 0
    for row in design.expansion.row:
        if row.recirculation_shares is None:
            starts.append(-1)
            continue
        starts.append(length)
        shares.append(np.array(row.recirculation_shares, dtype=np.float64).ravel())
        length += row.racks * row.racks
    return np.array(starts, dtype=np.int64), np.concatenate(shares)
