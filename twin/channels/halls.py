"""Channels of halls: accelerators, racks, CDUs, rows and their air."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats
from twin.channels import applies
from twin.channels.channel import Channel, of_parent

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer


def _flow_of_racks(plant: Plant, state: StateBuffer) -> Floats:
    kinds, racks = plant.constants.kinds, plant.constants.rack
    flow: Floats = state.view.rack.flow * kinds.rated_flow[racks.kind]
    return flow


def _coolant_rise(plant: Plant, state: StateBuffer) -> Floats:
    rack = state.view.rack
    return np.asarray(rack.outlet_temperature - rack.inlet_temperature)


def _approach(plant: Plant, state: StateBuffer) -> Floats:
    cdu = state.view.cdu
    return np.asarray(cdu.supply_temperature - cdu.primary_supply_temperature)


def _backup_charge(plant: Plant, state: StateBuffer) -> Floats:
    """Energy in the backup units of every rack over that when full."""
    full = plant.constants.rack.backup_energy
    share = state.view.rack.backup_charge / np.maximum(full, 1.0)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _on_backup(plant: Plant, state: StateBuffer) -> Floats:
    rack = state.view.rack
    return np.asarray(np.maximum(rack.it_power - rack.feed_power, 0.0))


# fmt: off
HALLS: tuple[Channel, ...] = (
    Channel("gpu.temperature", "GPU junction temperature", "degC", 0.05, 30, 95,
            "gpu.die_temperature", "Hottest point of the accelerator's die", warning=87, limit=92,
            colours="thermal"),
    Channel("gpu.hbm_temperature", "HBM temperature", "degC", 0.05, 30, 105, "gpu.hbm_temperature",
            "Mean junction temperature of the HBM stacks", warning=95, limit=105,
            colours="thermal"),
    Channel("gpu.plate_temperature", "Cold plate temperature", "degC", 0.05, 20, 80,
            "gpu.plate_temperature", "Cold plate or heat sink base under the accelerator",
            colours="thermal"),
    Channel("gpu.power", "GPU power", "W", 1.0, 0, 1500, "gpu.power",
            "Power at the accelerator module's input, regulator included"),
    Channel("gpu.clock", "GPU clock", "", 0.001, 0, 1, "gpu.clock",
            "Core clock relative to its maximum", colours="share",
            applies=applies.accelerator_runs),
    Channel("gpu.memory_clock", "HBM clock", "", 0.001, 0, 1, "gpu.memory_clock",
            "Memory clock relative to its maximum", colours="share",
            applies=applies.accelerator_runs),
    Channel("rack.power", "Rack power", "W", 10.0, 0, 150e3, "rack.it_power",
            "Power at the rack's inlet, power shelves and fans included"),
    Channel("rack.temperature", "Hottest GPU in the rack", "degC", 0.05, 30, 95,
            "rack.maximum_gpu_temperature", "Largest junction temperature in the rack", warning=87,
            limit=92, colours="thermal", applies=applies.with_accelerators),
    Channel("rack.hbm_temperature", "Hottest HBM stack in the rack", "degC", 0.05, 30, 105,
            "rack.maximum_hbm_temperature", "Largest stack temperature in the rack", warning=95,
            limit=105, colours="thermal", applies=applies.with_accelerators),
    Channel("rack.supply_temperature", "Rack supply temperature", "degC", 0.02, 15, 55,
            "rack.inlet_temperature", "Coolant entering the rack; air has channels of its own",
            warning=45, limit=50, colours="thermal", applies=applies.liquid_cooled),
    Channel("rack.return_temperature", "Rack return temperature", "degC", 0.02, 15, 70,
            "rack.outlet_temperature", "Coolant leaving the rack; air has channels of its own",
            warning=60, limit=65, colours="thermal", applies=applies.liquid_cooled),
    Channel("rack.coolant_rise", "Rack coolant rise", "delta_degC", 0.02, 0, 20, _coolant_rise,
            "Return minus supply temperature of the rack, while coolant flows",
            applies=applies.coolant_flows),
    Channel("rack.coolant_flow", "Rack coolant flow", "m**3/s", 1e-6, 0, 4e-3, _flow_of_racks,
            "Coolant flow through the rack", applies=applies.liquid_cooled),
    Channel("rack.liquid_heat", "Rack heat to coolant", "W", 10.0, 0, 150e3, "rack.liquid_heat",
            "Heat the rack gives to its coolant", applies=applies.liquid_cooled),
    Channel("rack.air_heat", "Rack heat to air", "W", 10.0, 0, 45e3, "rack.air_heat",
            "Heat the rack gives to the room"),
    Channel("rack.clock", "Rack mean clock", "", 0.001, 0, 1, "rack.clock",
            "Mean clock of the accelerators that run", colours="share",
            applies=applies.accelerators_run),
    Channel("rack.throttled", "Throttled GPUs in the rack", "", 1.0, 0, 72, "rack.throttled",
            "Accelerators that run below their asked clock", warning=1,
            applies=applies.accelerators_run),
    Channel("rack.gpus_off", "GPUs off in the rack", "", 1.0, 0, 72, "rack.gpus_off",
            "Accelerators without power, or shut down", warning=1,
            applies=applies.with_accelerators),
    Channel("rack.pace", "Rack pace", "", 0.001, 0, 1, "rack.pace",
            "Work done relative to full clocks and full utilisation", colours="share",
            applies=applies.with_accelerators),
    Channel("rack.utilisation", "Rack utilisation", "", 0.001, 0, 1, "rack.utilisation",
            "Share of time the accelerators are asked to be busy", colours="share",
            applies=applies.with_accelerators),
    Channel("cdu.supply_temperature", "CDU supply temperature", "degC", 0.02, 15, 55,
            "cdu.supply_temperature", "Technology coolant to the racks", warning=45, limit=50,
            colours="thermal"),
    Channel("cdu.return_temperature", "CDU return temperature", "degC", 0.02, 15, 70,
            "cdu.return_temperature", "Technology coolant from the racks", warning=60, limit=65,
            colours="thermal"),
    Channel("cdu.primary_supply_temperature", "CDU primary supply", "degC", 0.02, 5, 50,
            "cdu.primary_supply_temperature", "Facility water entering the CDU", colours="thermal"),
    Channel("cdu.primary_return_temperature", "CDU primary return", "degC", 0.02, 5, 65,
            "cdu.primary_return_temperature", "Facility water leaving the CDU", colours="thermal"),
    Channel("cdu.approach", "CDU approach", "delta_degC", 0.02, 0, 10, _approach,
            "Technology supply minus facility supply temperature, while both flow",
            applies=applies.both_sides_flow),
    Channel("cdu.heat", "CDU heat", "W", 100.0, 0, 2e6, "cdu.heat",
            "Heat through the exchanger to the facility water"),
    Channel("cdu.valve", "CDU primary valve", "", 0.001, 0, 1, "cdu.valve",
            "Opening of the primary control valve", warning=0.98, colours="share"),
    Channel("cdu.pump_speed", "CDU pump speed", "", 0.001, 0, 1, "cdu.pump_speed",
            "Speed of the technology-coolant pumps", warning=0.99, colours="share"),
    Channel("cdu.secondary_flow", "CDU technology flow", "m**3/s", 1e-5, 0, 0.04,
            "cdu.secondary_flow", "Technology coolant through the CDU"),
    Channel("cdu.primary_flow", "CDU facility flow", "m**3/s", 1e-5, 0, 0.04, "cdu.primary_flow",
            "Facility water through the CDU"),
    Channel("cdu.differential_pressure", "CDU differential pressure", "Pa", 50.0, 0, 250e3,
            "cdu.differential_pressure", "Pressure across the racks"),
    Channel("cdu.pump_power", "CDU power", "W", 5.0, 0, 30e3, "cdu.pump_power",
            "Electric power of the CDU's pumps and controls"),
    Channel("row.cold_aisle_temperature", "Cold aisle temperature", "degC", 0.02, 15, 40,
            "row.cold_aisle_temperature", "Air in front of the racks", warning=27, limit=32,
            colours="thermal"),
    Channel("row.hot_aisle_temperature", "Hot aisle temperature", "degC", 0.02, 20, 60,
            "row.hot_aisle_temperature", "Air behind the racks", colours="thermal"),
    Channel("row.power", "Row power", "W", 100.0, 0, 2.5e6, "row.it_power",
            "Power of all racks of the row"),
    Channel("panel.load", "Panel load", "", 0.001, 0, 1.2, "panel.load",
            "Load of the panel relative to its rating", warning=0.8, limit=1.0),
    Channel("panel.tripped", "Panel tripped", "", 0.1, 0, 1, "panel.tripped",
            "1: opened by its own overload protection", limit=1),
    Channel("rack.backup_power", "Rack backup power", "W", 10.0, 0, 150e3, _on_backup,
            "Power from the battery backup units in the rack", applies=applies.with_backup),
    Channel("rack.backup_charge", "Rack backup charge", "", 0.001, 0, 1, _backup_charge,
            "State of charge of the battery backup units", colours="share", falling=True,
            applies=applies.with_backup),
    Channel("rack.boot_left", "Rack boot time left", "s", 1.0, 0, 300, "rack.boot_left",
            "Time until the rack works again, once it has power", applies=applies.powered),
    Channel("crah.fan_speed", "CRAH fan speed", "", 0.001, 0, 1,
            of_parent("crah", "crah.online", "hall.crah_fan_speed"), "Fan speed of the air handler",
            colours="share"),
    Channel("hall.power", "Hall power", "W", 1e3, 0, 60e6, "hall.power",
            "Power at the hall's feeders, losses and cooling in the hall included"),
    Channel("hall.it_power", "Hall IT power", "W", 1e3, 0, 60e6, "hall.it_power",
            "Power of all racks of the hall"),
    Channel("hall.air_supply_temperature", "Hall air supply", "degC", 0.02, 15, 40,
            "hall.crah_supply_temperature", "Air leaving the air handlers", warning=27, limit=32,
            colours="thermal", applies=applies.some("hall", "first_crah")),
    Channel("hall.air_return_temperature", "Hall air return", "degC", 0.02, 15, 60,
            "hall.crah_return_temperature", "Air entering the air handlers", colours="thermal",
            applies=applies.some("hall", "first_crah")),
    Channel("hall.crah_heat", "Hall heat to CRAHs", "W", 100.0, 0, 10e6, "hall.crah_heat",
            "Heat from the room to the coils' water", applies=applies.some("hall", "first_crah")),
)
# fmt: on
