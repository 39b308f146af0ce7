"""Channels of cooling in depth: levels and leaks, staging, economiser, tank, doors, air indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physics import air_indices
from physics.factory.arrays import TANK_LAYERS, Floats
from physics.staging import ON
from twin.channels import applies
from twin.channels.channel import Channel, Reader

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

RUNNING = float(ON)
"""Stage of a unit that runs."""
AIR_CLASS = air_indices.AIR_CLASSES["A2"]
"""Class of air-cooled equipment by which rack cooling indices are told."""


def _sensor(field: str, group: str) -> Reader:
    """A field of a sensor, on the level of what it measures."""

    def read(_: Plant, state: StateBuffer) -> Floats:
        return np.array(state.field(f"{group}.{field}"))

    return read


def _tank_layer(place: float) -> Reader:
    """Temperature of a layer of the buffer tank, from 0 at its bottom to 1 at its top."""

    def read(_: Plant, state: StateBuffer) -> Floats:
        layer = round(place * (TANK_LAYERS - 1))
        return np.array(state.field(f"tank.layer_{layer}"))

    return read


def _tank_mean(_: Plant, state: StateBuffer) -> Floats:
    layers = [state.field(f"tank.layer_{layer}") for layer in range(TANK_LAYERS)]
    return np.asarray(np.mean(layers, axis=0))


def water_outdoors(plant: Plant, state: StateBuffer) -> Floats:
    """Coldest water outdoors of every plant [degC].

    No cooler gets below the wet bulb; a by-pass that lets almost nothing through would say so.
    """
    wet_bulb = state.view.site.wet_bulb_temperature[plant.constants.plant.site]
    return np.asarray(np.maximum(state.view.plant.cooler_temperature, wet_bulb))


def _air_of_racks(plant: Plant, state: StateBuffer) -> tuple[Floats, Floats, Floats]:
    """Air entering and leaving every rack [degC] and its capacity rate [W/K]."""
    racks, kinds, rack = plant.constants.rack, plant.constants.kinds, state.view.rack
    powered = (rack.energised > 0.0) & (rack.it_power > 0.0)
    rate = kinds.airflow_capacity_rate[racks.kind] * rack.fan_speed * powered
    warming = (rack.air_heat - rack.door_heat) / np.maximum(rate, 1e-9)
    return rack.air_inlet_temperature, rack.air_inlet_temperature + warming * (rate > 0.0), rate


def _air_outlet(plant: Plant, state: StateBuffer) -> Floats:
    """Air behind every rack, its rear door passed [degC]; where none flows, its hot aisle's."""
    _, outlet, rate = _air_of_racks(plant, state)
    behind = state.view.row.hot_aisle_temperature[plant.levels["rack"].parent_index]
    return np.asarray(np.where(rate > 0.0, outlet, behind))


def _per_hall(index: str) -> Reader:
    """An index of air management for every hall, over its racks that draw air; NaN without any."""

    def read(plant: Plant, state: StateBuffer) -> Floats:
        inlet, outlet, rate = _air_of_racks(plant, state)
        hall = plant.constants.rack.hall
        supply = state.view.hall.crah_supply_temperature
        values = np.full(len(supply), np.nan)
        for h in range(len(supply)):
            mine = np.flatnonzero((hall == h) & (rate > 0.0))
            if not len(mine):
                continue
            entering = np.ascontiguousarray(inlet[mine])
            if index == "rci_high":
                values[h] = 0.01 * air_indices.rack_cooling_index_high(
                    entering, AIR_CLASS.recommended_max, AIR_CLASS.allowable_max
                )
            elif index == "rci_low":
                values[h] = 0.01 * air_indices.rack_cooling_index_low(
                    entering, AIR_CLASS.recommended_min, AIR_CLASS.allowable_min
                )
            else:
                heat_index = air_indices.supply_heat_index(
                    entering, outlet[mine], rate[mine], float(supply[h])
                )
                # while temperatures swing the supply can be warmer than what racks still draw
                heat_index = min(1.0, max(0.0, heat_index))
                values[h] = heat_index if index == "shi" else 1.0 - heat_index
        return values

    return read


COOLING: tuple[Channel, ...] = (
    Channel(
        "rack.air_inlet_temperature", "Rack air inlet", "degC", 0.02, 15, 40,
        "rack.air_inlet_temperature",
        "Room air that the rack draws in, recirculation included",
        warning=27, limit=35, colours="thermal",
    ),
    Channel(
        "rack.air_outlet_temperature", "Rack air outlet", "degC", 0.02, 15, 60, _air_outlet,
        "Air that leaves the rack, or its rear door",
        colours="thermal",
    ),
    Channel(
        "rack.door_heat", "Rack heat to rear door", "W", 10.0, 0, 50e3, "rack.door_heat",
        "Heat from the rack's exhaust to the water of its rear door",
        applies=applies.rack_with_door,
    ),
    Channel(
        "cdu.coolant_level", "CDU coolant level", "", 0.001, 0, 1, "cdu.coolant_level",
        "Share of the expansion vessel's reserve that is left",
        warning=0.5, limit=0.05, falling=True, colours="share",
    ),
    Channel(
        "cdu.leak_flow", "CDU leak", "m**3/s", 1e-7, 0, 1e-3, "cdu.leak_flow",
        "Technology coolant that runs out of the loop", warning=1e-6,
    ),
    Channel(
        "cdu.low_level_trip", "CDU low-level trip", "", 0.1, 0, 1, "cdu.low_level_trip",
        "1: the pumps are stopped for want of coolant", limit=1,
    ),
    Channel(
        "cdu.guarded_setpoint", "CDU guarded set point", "degC", 0.02, 5, 60,
        "cdu.guarded_setpoint",
        "Supply set point, kept above the room's dew point", colours="thermal",
    ),
    Channel(
        "cdu.temperature_reading", "CDU temperature reading", "degC", 0.02, 15, 55,
        _sensor("reading", "cdu_temperature_sensor"),
        "What the sensor tells the controller of the supply temperature", colours="thermal",
    ),
    Channel(
        "cdu.pressure_reading", "CDU pressure reading", "Pa", 50.0, 0, 250e3,
        _sensor("reading", "cdu_pressure_sensor"),
        "What the sensor tells the controller of the differential pressure",
    ),
    Channel(
        "row.door_heat", "Row heat to rear doors", "W", 100.0, 0, 1e6, "row.door_heat",
        "Heat from the exhaust of the row's racks to the water of their rear doors",
        applies=applies.row_with_doors,
    ),
    Channel(
        "row.door_leaving_temperature", "Air behind rear doors", "degC", 0.02, 15, 50,
        "row.door_leaving_temperature",
        "Mean temperature of the air that leaves the rear doors",
        colours="thermal",
        applies=applies.row_with_doors,
    ),
    Channel(
        "row.door_valve", "Rear-door valve", "", 0.001, 0, 1, "row.door_valve",
        "Opening of the rear doors' water valves", warning=0.98, colours="share",
        applies=applies.row_with_doors,
    ),
    Channel(
        "row.door_power", "Rear-door fan power", "W", 5.0, 0, 50e3, "row.door_power",
        "Electric power of the rear doors' fans",
        applies=applies.row_with_doors,
    ),
    Channel(
        "hall.dew_point", "Room dew point", "degC", 0.05, -15, 30, "hall.dew_point",
        "Dew point of the room air", warning=15, limit=17, colours="thermal",
    ),
    Channel(
        "hall.humidity_ratio", "Room humidity ratio", "kg/kg", 1e-6, 0, 0.03, "hall.humidity_ratio",
        "Mass of water vapour over that of dry air in the room",
    ),
    Channel(
        "hall.air_served", "Air supplied over drawn", "", 0.001, 0, 1, "hall.air_served",
        "Share of the air the racks draw that the air handlers supply",
        warning=0.98, limit=0.8, falling=True, colours="share",
        applies=applies.some("hall", "first_crah"),
    ),
    Channel(
        "hall.rci_high", "RCI high", "", 0.0005, 0, 1, _per_hall("rci_high"),
        "Rack cooling index, warm side, class A2: 1 when no intake is above the recommended range",
        warning=0.96, limit=0.9, falling=True,
    ),
    Channel(
        "hall.rci_low", "RCI low", "", 0.0005, 0, 1, _per_hall("rci_low"),
        "Rack cooling index, cold side, class A2: 1 when no intake is below the recommended range",
        warning=0.96, limit=0.9, falling=True,
    ),
    Channel(
        "hall.shi", "SHI", "", 0.001, 0, 1, _per_hall("shi"),
        "Supply heat index: share of the heating of air that happens before the racks; 0 is ideal",
        warning=0.2, limit=0.4, colours="share",
    ),
    Channel(
        "hall.rhi", "RHI", "", 0.001, 0, 1, _per_hall("rhi"),
        "Return heat index: 1 less the supply heat index; 1 is ideal",
        warning=0.8, limit=0.6, falling=True, colours="share",
    ),
    Channel(
        "plant.produced_temperature", "Plant produced temperature", "degC", 0.02, 5, 50,
        "plant.produced_temperature",
        "Water behind coolers or chillers, at the sensor, before a buffer tank", colours="thermal",
    ),
    Channel(
        "plant.temperature_reading", "Plant temperature reading", "degC", 0.02, 5, 50,
        _sensor("reading", "plant_temperature_sensor"),
        "What the sensor tells the controller of that temperature", colours="thermal",
    ),
    Channel(
        "plant.condenser_temperature", "Condenser water", "degC", 0.02, 5, 50,
        "plant.condenser_temperature",
        "Water from the coolers to the condensers",
        colours="thermal",
        applies=applies.some("plant", "first_chiller"),
    ),
    Channel(
        "plant.cooler_temperature", "Water leaving the coolers", "degC", 0.02, -20, 50,
        water_outdoors,
        "Coldest water outdoors: leaving the coolers, or the outdoor air where it stands still",
        colours="thermal",
    ),
    Channel(
        "plant.bypass", "Cooler by-pass", "", 0.001, 0, 1, "plant.bypass",
        "Share of the coolers' water led past them so that it does not get too cold",
        colours="share",
        applies=applies.constant("plant", "cooler_bypass"),
    ),
    Channel(
        "plant.coolant_level", "Plant coolant level", "", 0.001, 0, 1, "plant.coolant_level",
        "Share of the expansion vessels' reserve that is left",
        warning=0.5, limit=0.05, falling=True, colours="share",
    ),
    Channel(
        "plant.leak_flow", "Plant leak", "m**3/s", 1e-6, 0, 1e-2, "plant.leak_flow",
        "Facility water that runs out of the loop", warning=1e-6,
    ),
    Channel(
        "plant.low_level_trip", "Plant low-level trip", "", 0.1, 0, 1, "plant.low_level_trip",
        "1: the pumps are stopped for want of water", limit=1,
    ),
    Channel(
        "plant.pumps_running", "Facility pumps running", "", 0.1, 0, 20, "plant.pumps_running",
        "Number of facility pumps that turn",
    ),
    Channel(
        "plant.chillers_running", "Chillers running", "", 0.1, 0, 20, "plant.chillers_running",
        "Number of chillers that cool",
        applies=applies.some("plant", "first_chiller"),
    ),
    Channel(
        "plant.chillers_wanted", "Chillers asked for", "", 0.1, 0, 20, "plant.chillers_wanted",
        "Number of chillers that staging asks for",
        applies=applies.some("plant", "first_chiller"),
    ),
    Channel(
        "plant.economiser_mode", "Economiser mode", "", 0.1, 0, 2, "plant.economiser_mode",
        "0 by-passed, 1 before the chillers, 2 instead of them",
        applies=applies.constant("plant", "economiser_ua"),
    ),
    Channel(
        "plant.economiser_heat", "Economiser heat", "W", 1e3, 0, 20e6, "plant.economiser_heat",
        "Heat that the economiser takes from the water",
        applies=applies.constant("plant", "economiser_ua"),
    ),
    Channel(
        "plant.tank_bottom_temperature", "Tank bottom", "degC", 0.02, 5, 50, _tank_layer(0.0),
        "Lowest layer of the buffer tank, which the consumers get",
        colours="thermal",
        applies=applies.constant("plant", "tank_layer_heat_capacity"),
    ),
    Channel(
        "plant.tank_middle_temperature", "Tank middle", "degC", 0.02, 5, 50, _tank_layer(0.5),
        "Middle layer of the buffer tank", colours="thermal",
        applies=applies.constant("plant", "tank_layer_heat_capacity"),
    ),
    Channel(
        "plant.tank_top_temperature", "Tank top", "degC", 0.02, 5, 50, _tank_layer(1.0),
        "Top layer of the buffer tank", colours="thermal",
        applies=applies.constant("plant", "tank_layer_heat_capacity"),
    ),
    Channel(
        "plant.tank_temperature", "Tank mean", "degC", 0.02, 5, 50, _tank_mean,
        "Mean of the buffer tank's layers", colours="thermal",
        applies=applies.constant("plant", "tank_layer_heat_capacity"),
    ),
    Channel(
        "chiller.stage", "Chiller stage", "", 0.1, 0, 3, "chiller.stage",
        "0 off, 1 starting, 2 running, 3 locked out",
    ),
    Channel(
        "chiller.run_time", "Chiller run time", "s", 1.0, 0, 1e6, "chiller.run_time",
        "Time run, settling before the start included",
    ),
    Channel(
        "pump.stage", "Pump stage", "", 0.1, 0, 3, "pump.stage",
        "0 standing by, 1 starting, 2 running, 3 locked out",
    ),
    Channel(
        "pump.run_time", "Pump run time", "s", 1.0, 0, 1e6, "pump.run_time",
        "Time run, settling before the start included",
    ),
)  # fmt: skip
