"""The state a factory begins with: everything in service, near its set points, nothing moving."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import MAIN_CELLS, TANK_LAYERS
from physics.staging import OFF, ON

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

RESTED = 1e6  # s: units have been as they are for long
CONDENSER_START = 25.0  # degC
ROOM_HUMIDITY = 0.008  # kg/kg, dew point near 11 degC


def fill(plant: Plant, state: StateBuffer) -> None:
    """Write the state of a plant that stands ready: cold, at its set points, valves half shut.

    Weather and workload are left as they are.
    """
    for name, values in plant.initial.items():
        state.field(name)[:] = values
    s, c = state.view, plant.constants
    for group in (
        s.panel,
        s.crah,
        s.ups,
        s.hall_transformer,
        s.cooler,
        s.pump,
        s.chiller,
        s.plant_transformer,
        s.site_transformer,
        s.feeder,
        s.generator,
        s.battery,
        s.ups_system,
    ):
        group.online[:] = 1.0
    for owner, name in (
        ("rack", "energised"),
        ("rack", "flow_factor"),
        ("gpu", "online"),
        ("gpu", "flow_factor"),
        ("gpu", "clock"),
        ("gpu", "memory_clock"),
        ("row", "fed"),
        ("hall", "fed"),
        ("plant", "fed"),
        ("plant", "demand"),
        ("cdu", "coolant_level"),
        ("plant", "coolant_level"),
        ("hall", "air_served"),
    ):
        state.field(f"{owner}.{name}")[:] = 1.0
    for name, rows in plant.out_of_service.items():
        state.field("rack.energised" if name == "rack" else f"{name}.online")[rows] = 0.0
    s.row.racks_up[:] = np.bincount(c.rack.row, s.rack.energised, len(s.row.racks_up))
    s.rack.power_cap[:] = math.inf
    s.rack.fan_speed[:] = np.where(c.kinds.liquid[c.rack.kind] > 0, 1.0, 0.6)
    s.cdu.pumps_online[:] = c.cdu.pumps
    _fill_cdus(state)
    _fill_plants(plant, state)
    s.hall.crah_supply_temperature[:] = s.hall.air_setpoint
    s.hall.crah_return_temperature[:] = s.hall.air_setpoint
    s.hall.crah_valve[:] = 0.2
    s.hall.crah_valve_integral[:] = 0.2
    s.hall.humidity_ratio[:] = ROOM_HUMIDITY
    air = s.hall.air_setpoint[c.row.hall]
    s.row.cold_aisle_temperature[:] = air
    s.row.hot_aisle_temperature[:] = air
    s.row.door_leaving_temperature[:] = air
    liquid = c.rack.cdu >= 0
    start = np.where(
        liquid,
        s.cdu.supply_setpoint[np.maximum(c.rack.cdu, 0)] if len(s.cdu.supply_setpoint) else 0.0,
        air[c.rack.row],
    )
    s.rack.air_inlet_temperature[:] = air[c.rack.row]
    s.rack.plate_flow[:] = -1.0  # no conductance belongs to any flow yet
    for values in (
        s.rack.inlet_temperature,
        s.rack.outlet_temperature,
        s.rack.outflow_temperature,
        s.rack.maximum_gpu_temperature,
        s.rack.maximum_hbm_temperature,
    ):
        values[:] = start
    per_gpu = np.repeat(start, np.diff(c.rack.first_gpu))
    for values in (s.gpu.die_temperature, s.gpu.hbm_temperature, s.gpu.plate_temperature):
        values[:] = per_gpu


def _fill_cdus(state: StateBuffer) -> None:
    s = state.view
    for values in (
        s.cdu.supply_temperature,
        s.cdu.return_temperature,
        s.cdu.delivered_temperature,
        s.cdu.measured_temperature,
        s.cdu.guarded_setpoint,
        s.cdu_temperature_sensor.reading,
    ):
        values[:] = s.cdu.supply_setpoint
    s.cdu.solved_speed[:] = -1.0  # no flows belong to any speed yet
    s.cdu.pump_integral[:] = 0.5
    s.cdu.valve[:] = 0.3
    s.cdu.valve_integral[:] = 0.3
    mains = np.repeat(s.cdu.supply_setpoint, 2)
    s.main.edge_temperature[:] = mains
    for slot in range(MAIN_CELLS + 1):
        getattr(s.main, f"cell_{slot}")[:] = mains


def _fill_plants(plant: Plant, state: StateBuffer) -> None:
    s, c = state.view, plant.constants.plant
    for values in (
        s.plant.supply_temperature,
        s.plant.return_temperature,
        s.plant.produced_temperature,
        s.plant_temperature_sensor.reading,
    ):
        values[:] = s.plant.supply_setpoint
    for layer in range(TANK_LAYERS):
        getattr(s.tank, f"layer_{layer}")[:] = s.plant.supply_setpoint
    s.plant.condenser_temperature[:] = CONDENSER_START
    s.plant.cooler_temperature[:] = s.plant.supply_setpoint
    s.plant.pumps_wanted[:] = c.pumps_required
    s.plant.chillers_wanted[:] = np.minimum(1, np.diff(c.first_chiller))
    s.plant.stage_time[:] = RESTED
    s.plant.pump_stage_time[:] = RESTED
    s.plant.economiser_time[:] = RESTED
    for group, first, wanted in (
        (s.pump, c.first_pump, c.pumps_required),
        (s.chiller, c.first_chiller, s.plant.chillers_wanted),
    ):
        place = np.arange(first[-1]) - np.repeat(first[:-1], np.diff(first))
        running = (place < np.repeat(wanted, np.diff(first))) & (group.online > 0.0)
        group.stage[:] = np.where(running, ON, OFF)
        group.stage_time[:] = RESTED
