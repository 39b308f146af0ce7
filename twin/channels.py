"""The channel table: every value that people can see.

One row per channel drives recording, streaming, viewer legends, metrics, documentation and test
tolerances. Adding a channel is adding a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats
from twin.channel import Channel, of_parent
from twin.cooling_channels import COOLING_CHANNELS, RUNNING
from twin.plant.storage import battery_capacity

__all__ = ["BY_NAME", "CHANNELS", "Channel", "channels_of", "read_channels"]

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.power.flow import Flow
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
    """Energy in the backup units of every rack over that when full; 0 where there are none."""
    full = plant.constants.rack.backup_energy
    share = state.view.rack.backup_charge / np.maximum(full, 1.0)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _on_backup(plant: Plant, state: StateBuffer) -> Floats:
    rack = state.view.rack
    return np.asarray(np.maximum(rack.it_power - rack.feed_power, 0.0))


def _ups_charge(plant: Plant, state: StateBuffer) -> Floats:
    return np.asarray(np.maximum(state.view.ups.charge, 0.0))


def _ups_load(plant: Plant, state: StateBuffer) -> Floats:
    """Load of the bank or system that each unit in service belongs to."""
    s, systems = state.view, plant.constants.ups_system
    load = s.hall.ups_load[plant.levels["ups"].parent_index]
    for k in range(len(systems.hall)):
        load[systems.first_ups[k] : systems.first_ups[k + 1]] = s.ups_system.load[k]
    return np.asarray(load * (s.ups.online > 0.0))


def _system_output(plant: Plant, state: StateBuffer) -> Floats:
    system = state.view.ups_system
    return np.asarray(system.output * system.fed)


def _panel_system(plant: Plant, state: StateBuffer) -> Floats:
    """Number in its hall of the UPS system that feeds each panel; 0 where none does, or apart."""
    from physics.electrical.switch import SOURCE_B

    panels, panel = plant.constants.panel, state.view.panel
    system = np.where(panel.target == SOURCE_B, panels.alternate, panels.system)
    hall = plant.constants.row.hall[plant.levels["panel"].parent_index]
    number = system - plant.constants.hall.first_system[hall] + 1
    return np.where((system >= 0) & (panel.fed > 0.0), number, 0).astype(np.float64)


def _battery_charge(plant: Plant, state: StateBuffer) -> Floats:
    left = battery_capacity(plant, state)
    return np.asarray(np.clip(state.view.battery.charge / np.maximum(left, 1.0), 0.0, 1.0))


def _power_cap(plant: Plant, state: StateBuffer) -> Floats:
    cap = state.view.site.power_cap
    return np.asarray(np.where(np.isfinite(cap), cap, 0.0))


def _lost_tokens(plant: Plant, state: StateBuffer) -> Floats:
    site = state.view.site
    return np.asarray(site.lost_operations / np.maximum(site.operations_per_token, 1.0))


def _tokens(plant: Plant, state: StateBuffer) -> Floats:
    site = state.view.site
    return np.asarray(site.operations / np.maximum(site.operations_per_token, 1.0))


@dataclass(frozen=True)
class Solved:
    """A value of the solved network: a reading of :class:`twin.power.flow.Flow` by its name.

    Zero, as where nothing is live, while the network has no solution: a value to look at must not
    end a run. ``twin check`` and ``twin one-line`` say why there is none.
    """

    level: str
    what: str
    arguments: tuple[str, ...] = ()

    def __call__(self, plant: Plant, state: StateBuffer) -> Floats:
        return self.of(plant, network_flow(plant, state))

    def of(self, plant: Plant, flow: Flow | None) -> Floats:
        """The values in a solution, shape [count]."""
        if flow is None:
            return np.zeros(plant.levels[self.level].count)
        return np.asarray(np.nan_to_num(getattr(flow, self.what)(*self.arguments)))


def network_flow(plant: Plant, state: StateBuffer) -> Flow | None:
    """The solved network at a state; None where it has no solution."""
    from twin.errors import InputError, NumericalError
    from twin.power.flow import solver_of

    try:
        return solver_of(plant).at(state)
    except (InputError, NumericalError):
        return None


def _solved(level: str, what: str, *arguments: str) -> Solved:
    return Solved(level, what, arguments)


CHANNELS: tuple[Channel, ...] = (
    Channel(
        "gpu.temperature",
        "GPU junction temperature",
        "degC",
        0.05,
        30,
        95,
        "gpu.die_temperature",
        "Hottest point of the accelerator's die",
        warning=87,
        limit=92,
        colours="thermal",
    ),
    Channel(
        "gpu.hbm_temperature",
        "HBM temperature",
        "degC",
        0.05,
        30,
        105,
        "gpu.hbm_temperature",
        "Mean junction temperature of the HBM stacks",
        warning=95,
        limit=105,
        colours="thermal",
    ),
    Channel(
        "gpu.plate_temperature",
        "Cold plate temperature",
        "degC",
        0.05,
        20,
        80,
        "gpu.plate_temperature",
        "Cold plate or heat sink base under the accelerator",
        colours="thermal",
    ),
    Channel(
        "gpu.power",
        "GPU power",
        "W",
        1.0,
        0,
        1500,
        "gpu.power",
        "Power at the accelerator module's input, regulator included",
    ),
    Channel(
        "gpu.clock",
        "GPU clock",
        "",
        0.001,
        0,
        1,
        "gpu.clock",
        "Core clock relative to its maximum",
        colours="share",
    ),
    Channel(
        "gpu.memory_clock",
        "HBM clock",
        "",
        0.001,
        0,
        1,
        "gpu.memory_clock",
        "Memory clock relative to its maximum",
        colours="share",
    ),
    Channel(
        "rack.power",
        "Rack power",
        "W",
        10.0,
        0,
        150e3,
        "rack.it_power",
        "Power at the rack's inlet, power shelves and fans included",
    ),
    Channel(
        "rack.temperature",
        "Hottest GPU in the rack",
        "degC",
        0.05,
        30,
        95,
        "rack.maximum_gpu_temperature",
        "Largest junction temperature in the rack",
        warning=87,
        limit=92,
        colours="thermal",
    ),
    Channel(
        "rack.hbm_temperature",
        "Hottest HBM stack in the rack",
        "degC",
        0.05,
        30,
        105,
        "rack.maximum_hbm_temperature",
        "Largest stack temperature in the rack",
        warning=95,
        limit=105,
        colours="thermal",
    ),
    Channel(
        "rack.supply_temperature",
        "Rack supply temperature",
        "degC",
        0.02,
        15,
        55,
        "rack.inlet_temperature",
        "Coolant (air-cooled racks: air) entering the rack",
        warning=45,
        limit=50,
        colours="thermal",
    ),
    Channel(
        "rack.return_temperature",
        "Rack return temperature",
        "degC",
        0.02,
        15,
        70,
        "rack.outlet_temperature",
        "Coolant (air-cooled racks: air) leaving the rack",
        warning=60,
        limit=65,
        colours="thermal",
    ),
    Channel(
        "rack.coolant_rise",
        "Rack coolant rise",
        "delta_degC",
        0.02,
        0,
        20,
        _coolant_rise,
        "Return minus supply temperature of the rack",
    ),
    Channel(
        "rack.coolant_flow",
        "Rack coolant flow",
        "m**3/s",
        1e-6,
        0,
        4e-3,
        _flow_of_racks,
        "Coolant flow through the rack; zero for air-cooled racks",
    ),
    Channel(
        "rack.liquid_heat",
        "Rack heat to coolant",
        "W",
        10.0,
        0,
        150e3,
        "rack.liquid_heat",
        "Heat the rack gives to its coolant",
    ),
    Channel(
        "rack.air_heat",
        "Rack heat to air",
        "W",
        10.0,
        0,
        45e3,
        "rack.air_heat",
        "Heat the rack gives to the room",
    ),
    Channel(
        "rack.clock",
        "Rack mean clock",
        "",
        0.001,
        0,
        1,
        "rack.clock",
        "Mean clock of the accelerators that run",
        colours="share",
    ),
    Channel(
        "rack.throttled",
        "Throttled GPUs in the rack",
        "",
        1.0,
        0,
        72,
        "rack.throttled",
        "Accelerators below their asked clock, or off",
        warning=1,
    ),
    Channel(
        "rack.pace",
        "Rack pace",
        "",
        0.001,
        0,
        1,
        "rack.pace",
        "Work done relative to full clocks and full utilisation",
        colours="share",
    ),
    Channel(
        "rack.utilisation",
        "Rack utilisation",
        "",
        0.001,
        0,
        1,
        "rack.utilisation",
        "Share of time the accelerators are asked to be busy",
        colours="share",
    ),
    Channel(
        "cdu.supply_temperature",
        "CDU supply temperature",
        "degC",
        0.02,
        15,
        55,
        "cdu.supply_temperature",
        "Technology coolant to the racks",
        warning=45,
        limit=50,
        colours="thermal",
    ),
    Channel(
        "cdu.return_temperature",
        "CDU return temperature",
        "degC",
        0.02,
        15,
        70,
        "cdu.return_temperature",
        "Technology coolant from the racks",
        warning=60,
        limit=65,
        colours="thermal",
    ),
    Channel(
        "cdu.primary_supply_temperature",
        "CDU primary supply",
        "degC",
        0.02,
        5,
        50,
        "cdu.primary_supply_temperature",
        "Facility water entering the CDU",
        colours="thermal",
    ),
    Channel(
        "cdu.primary_return_temperature",
        "CDU primary return",
        "degC",
        0.02,
        5,
        65,
        "cdu.primary_return_temperature",
        "Facility water leaving the CDU",
        colours="thermal",
    ),
    Channel(
        "cdu.approach",
        "CDU approach",
        "delta_degC",
        0.02,
        0,
        10,
        _approach,
        "Technology supply minus facility supply temperature",
    ),
    Channel(
        "cdu.heat",
        "CDU heat",
        "W",
        100.0,
        0,
        2e6,
        "cdu.heat",
        "Heat through the exchanger to the facility water",
    ),
    Channel(
        "cdu.valve",
        "CDU primary valve",
        "",
        0.001,
        0,
        1,
        "cdu.valve",
        "Opening of the primary control valve",
        warning=0.98,
        colours="share",
    ),
    Channel(
        "cdu.pump_speed",
        "CDU pump speed",
        "",
        0.001,
        0,
        1,
        "cdu.pump_speed",
        "Speed of the technology-coolant pumps",
        warning=0.99,
        colours="share",
    ),
    Channel(
        "cdu.secondary_flow",
        "CDU technology flow",
        "m**3/s",
        1e-5,
        0,
        0.04,
        "cdu.secondary_flow",
        "Technology coolant through the CDU",
    ),
    Channel(
        "cdu.primary_flow",
        "CDU facility flow",
        "m**3/s",
        1e-5,
        0,
        0.04,
        "cdu.primary_flow",
        "Facility water through the CDU",
    ),
    Channel(
        "cdu.differential_pressure",
        "CDU differential pressure",
        "Pa",
        50.0,
        0,
        250e3,
        "cdu.differential_pressure",
        "Pressure across the racks",
    ),
    Channel(
        "cdu.pump_power",
        "CDU power",
        "W",
        5.0,
        0,
        30e3,
        "cdu.pump_power",
        "Electric power of the CDU's pumps and controls",
    ),
    Channel(
        "row.cold_aisle_temperature",
        "Cold aisle temperature",
        "degC",
        0.02,
        15,
        40,
        "row.cold_aisle_temperature",
        "Air in front of the racks",
        warning=27,
        limit=32,
        colours="thermal",
    ),
    Channel(
        "row.hot_aisle_temperature",
        "Hot aisle temperature",
        "degC",
        0.02,
        20,
        60,
        "row.hot_aisle_temperature",
        "Air behind the racks",
        colours="thermal",
    ),
    Channel(
        "row.power",
        "Row power",
        "W",
        100.0,
        0,
        2.5e6,
        "row.it_power",
        "Power of all racks of the row",
    ),
    Channel(
        "panel.load",
        "Panel load",
        "",
        0.001,
        0,
        1.2,
        "panel.load",
        "Load of the panel relative to its rating",
        warning=0.8,
        limit=1.0,
    ),
    Channel(
        "panel.tripped",
        "Panel tripped",
        "",
        0.1,
        0,
        1,
        "panel.tripped",
        "1: opened by its own overload protection",
        limit=1,
    ),
    Channel(
        "rack.backup_power",
        "Rack backup power",
        "W",
        10.0,
        0,
        150e3,
        _on_backup,
        "Power from the battery backup units in the rack",
    ),
    Channel(
        "rack.backup_charge",
        "Rack backup charge",
        "",
        0.001,
        0,
        1,
        _backup_charge,
        "State of charge of the battery backup units",
        colours="share",
        falling=True,
    ),
    Channel(
        "rack.boot_left",
        "Rack boot time left",
        "s",
        1.0,
        0,
        300,
        "rack.boot_left",
        "Time until the rack works again after it was without power",
    ),
    Channel(
        "crah.fan_speed",
        "CRAH fan speed",
        "",
        0.001,
        0,
        1,
        of_parent("crah", "crah.online", "hall.crah_fan_speed"),
        "Fan speed of the air handler",
        colours="share",
    ),
    Channel(
        "hall.power",
        "Hall power",
        "W",
        1e3,
        0,
        60e6,
        "hall.power",
        "Power at the hall's feeders, losses and cooling in the hall included",
    ),
    Channel(
        "hall.it_power",
        "Hall IT power",
        "W",
        1e3,
        0,
        60e6,
        "hall.it_power",
        "Power of all racks of the hall",
    ),
    Channel(
        "hall.air_supply_temperature",
        "Hall air supply",
        "degC",
        0.02,
        15,
        40,
        "hall.crah_supply_temperature",
        "Air leaving the air handlers",
        warning=27,
        limit=32,
        colours="thermal",
    ),
    Channel(
        "hall.air_return_temperature",
        "Hall air return",
        "degC",
        0.02,
        15,
        60,
        "hall.crah_return_temperature",
        "Air entering the air handlers",
        colours="thermal",
    ),
    Channel(
        "hall.crah_heat",
        "Hall heat to CRAHs",
        "W",
        100.0,
        0,
        10e6,
        "hall.crah_heat",
        "Heat from the room to the coils' water",
    ),
    Channel(
        "ups.load",
        "UPS load",
        "",
        0.001,
        0,
        1.2,
        _ups_load,
        "Load of the UPS relative to its rating",
        warning=0.9,
        limit=1.0,
    ),
    Channel(
        "ups_system.load",
        "UPS system load",
        "",
        0.001,
        0,
        1.2,
        "ups_system.load",
        "Load of a UPS system relative to the rating of its units in service",
        warning=0.9,
        limit=1.0,
    ),
    Channel(
        "ups_system.output",
        "UPS system output",
        "W",
        100.0,
        0,
        20e6,
        _system_output,
        "Power behind a UPS system",
    ),
    Channel(
        "ups_system.mode",
        "UPS system mode",
        "",
        0.1,
        0,
        5,
        "ups_system.mode",
        "0 off, 1 double conversion, 2 eco, 3 battery, 4 static bypass, 5 maintenance bypass",
    ),
    Channel(
        "panel.system",
        "Panel's UPS system",
        "",
        0.1,
        0,
        8,
        _panel_system,
        "Number of the UPS system that feeds the panel; 0: none, or its hall has no separate ones",
    ),
    Channel(
        "ups.charge",
        "UPS battery charge",
        "",
        0.001,
        0,
        1,
        _ups_charge,
        "State of charge of the UPS battery",
        warning=0.5,
        limit=0.05,
        falling=True,
        colours="share",
    ),
    Channel(
        "hall.ups_mode",
        "UPS mode",
        "",
        0.1,
        0,
        5,
        "hall.ups_mode",
        "0 off, 1 double conversion, 2 eco, 3 battery, 4 static bypass, 5 maintenance bypass",
    ),
    Channel(
        "hall.ups_battery_power",
        "UPS battery power",
        "W",
        100.0,
        -1e6,
        20e6,
        "hall.ups_battery_power",
        "Power from the UPS batteries; negative: charging",
    ),
    Channel(
        "hall.ups_charge",
        "UPS charge of the hall",
        "",
        0.001,
        0,
        1,
        "hall.ups_charge",
        "Mean state of charge of the UPS batteries in service",
        falling=True,
        colours="share",
    ),
    Channel(
        "feeder.load",
        "Feeder load",
        "",
        0.001,
        0,
        1.2,
        "feeder.load",
        "Apparent power relative to the rating",
        warning=0.9,
        limit=1.0,
    ),
    Channel(
        "generator.power",
        "Power of a generator",
        "W",
        1e3,
        0,
        3e6,
        "generator.power",
        "Power of the standby generator",
    ),
    Channel(
        "generator.state",
        "Generator state",
        "",
        0.1,
        0,
        5,
        "generator.state",
        "0 stopped, 1 starting, 2 synchronising, 3 running, 4 cooling down, 5 failed",
    ),
    Channel(
        "battery.power",
        "Battery power",
        "W",
        1e3,
        -5e6,
        5e6,
        "battery.power",
        "Power of the battery unit at its terminals; negative: charging",
    ),
    Channel(
        "battery.life_used",
        "Battery life used",
        "",
        1e-6,
        0,
        1,
        "battery.life_used",
        "Share of the unit's life that cycles and years have used; its capacity falls with it",
    ),
    Channel(
        "battery.charge",
        "Battery charge",
        "",
        0.001,
        0,
        1,
        _battery_charge,
        "State of charge of the site battery",
        falling=True,
        colours="share",
    ),
    Channel(
        "hall_transformer.load",
        "Hall transformer load",
        "",
        0.001,
        0,
        1.2,
        of_parent("hall_transformer", "hall_transformer.online", "hall.transformer_load"),
        "Apparent power relative to the rating",
        warning=0.9,
        limit=1.0,
    ),
    Channel(
        "plant_transformer.load",
        "Plant transformer load",
        "",
        0.001,
        0,
        1.2,
        of_parent("plant_transformer", "plant_transformer.online", "plant.transformer_load"),
        "Apparent power relative to the rating",
        warning=0.9,
        limit=1.0,
    ),
    Channel(
        "site_transformer.load",
        "Main transformer load",
        "",
        0.001,
        0,
        1.2,
        of_parent("site_transformer", "site_transformer.online", "site.transformer_load"),
        "Apparent power relative to the rating",
        warning=0.9,
        limit=1.0,
    ),
    Channel(
        "plant.supply_temperature",
        "Plant supply temperature",
        "degC",
        0.02,
        5,
        50,
        "plant.supply_temperature",
        "Facility water to the consumers",
        colours="thermal",
    ),
    Channel(
        "plant.return_temperature",
        "Plant return temperature",
        "degC",
        0.02,
        5,
        60,
        "plant.return_temperature",
        "Facility water from the consumers",
        colours="thermal",
    ),
    Channel(
        "plant.flow",
        "Plant flow",
        "m**3/s",
        1e-4,
        0,
        3,
        "plant.flow",
        "Facility water in circulation",
    ),
    Channel(
        "plant.heat_rejected",
        "Plant heat rejected",
        "W",
        1e3,
        0,
        100e6,
        "plant.heat_rejected",
        "Heat the coolers give to the outdoor air",
    ),
    Channel(
        "plant.pump_power",
        "Plant pump power",
        "W",
        100.0,
        0,
        1e6,
        "plant.pump_power",
        "Electric power of the facility pumps",
    ),
    Channel(
        "plant.fan_power",
        "Plant fan power",
        "W",
        100.0,
        0,
        2e6,
        "plant.fan_power",
        "Electric power of the coolers' fans",
    ),
    Channel(
        "plant.chiller_power",
        "Plant chiller power",
        "W",
        100.0,
        0,
        5e6,
        "plant.chiller_power",
        "Electric power of chillers and their condenser pumps",
    ),
    Channel(
        "plant.water_use",
        "Plant water use",
        "kg/s",
        1e-3,
        0,
        30,
        "plant.water_use",
        "Evaporation, drift and blow-down",
    ),
    Channel(
        "cooler.fan_speed",
        "Cooler fan speed",
        "",
        0.001,
        0,
        1,
        of_parent("cooler", "cooler.online", "plant.fan_speed"),
        "Fan speed of the dry cooler or tower",
        warning=0.98,
        colours="share",
    ),
    Channel(
        "pump.speed",
        "Pump speed",
        "",
        0.001,
        0,
        1,
        of_parent("pump", "pump.stage", "plant.pump_speed", RUNNING),
        "Speed of the facility pump",
        warning=0.99,
        colours="share",
    ),
    Channel(
        "chiller.load",
        "Chiller load",
        "",
        0.001,
        0,
        1,
        of_parent("chiller", "chiller.stage", "plant.chiller_load", RUNNING),
        "Part-load ratio of the chillers that run",
        warning=0.98,
        colours="share",
    ),
    Channel(
        "site.power",
        "Site power",
        "W",
        1e3,
        0,
        300e6,
        "site.facility_power",
        "Power the site uses, from grid, generators or batteries",
    ),
    Channel(
        "site.grid_power",
        "Grid power",
        "W",
        1e3,
        0,
        300e6,
        "site.grid_power",
        "Power at the grid connection",
    ),
    Channel(
        "site.generator_power",
        "Generator power",
        "W",
        1e3,
        0,
        300e6,
        "site.generator_power",
        "Power of all standby generators",
    ),
    Channel(
        "site.stored_power",
        "Power from batteries",
        "W",
        1e3,
        -20e6,
        100e6,
        "site.stored_power",
        "Fall of the energy in all batteries; negative: charging",
    ),
    Channel(
        "site.battery_power",
        "Site battery power",
        "W",
        1e3,
        -20e6,
        20e6,
        "site.battery_power",
        "Power of the site battery at its terminals; negative: charging",
    ),
    Channel(
        "site.battery_state",
        "Site battery state",
        "",
        0.1,
        0,
        3,
        "site.battery_state",
        "0 ready, 1 shaving, 2 at its greatest power, 3 at its reserve",
    ),
    Channel(
        "site.solar_power",
        "Solar power",
        "W",
        1e3,
        0,
        20e6,
        "site.solar_power",
        "Power of the photovoltaic field at the site's bus",
    ),
    Channel(
        "site.source",
        "Source of the site's bus",
        "",
        0.1,
        0,
        3,
        "site.source",
        "0 none, 1 grid, 2 generators, 3 site battery",
    ),
    Channel(
        "site.voltage",
        "Site bus voltage",
        "",
        0.001,
        0.85,
        1.1,
        "site.voltage",
        "Lowest voltage of the site's bus in the step, per unit",
        limit=0.9,
        falling=True,
    ),
    Channel(
        "site.power_cap",
        "Site power cap",
        "W",
        1e3,
        0,
        300e6,
        _power_cap,
        "Cap at the grid connection that racks are steered to; 0: none",
    ),
    Channel(
        "site.curtailment",
        "Curtailment",
        "",
        0.001,
        0,
        10,
        "site.curtailment",
        "0: no rack capped; each whole number is one priority of racks at its least power",
    ),
    Channel(
        "site.lost_tokens_per_second",
        "Lost tokens per second",
        "token/s",
        1.0,
        0,
        1e9,
        _lost_tokens,
        "Tokens asked for and not processed: throttling, caps, outages",
    ),
    Channel(
        "site.it_power",
        "Site IT power",
        "W",
        1e3,
        0,
        300e6,
        "site.it_power",
        "Power of all racks of the site",
    ),
    Channel(
        "site.cooling_power",
        "Site cooling power",
        "W",
        1e3,
        0,
        50e6,
        "site.cooling_power",
        "Pumps, fans, chillers, CDUs and air handlers",
    ),
    Channel(
        "site.loss_power",
        "Site conversion losses",
        "W",
        1e3,
        0,
        30e6,
        "site.loss_power",
        "Losses of panels, UPS and transformers",
    ),
    Channel(
        "site.pue",
        "PUE",
        "",
        0.0005,
        1.0,
        1.5,
        "site.pue",
        "Power usage effectiveness: site power over IT power, now",
    ),
    Channel(
        "site.dry_bulb_temperature",
        "Outdoor temperature",
        "degC",
        0.05,
        -15,
        40,
        "site.dry_bulb_temperature",
        "Outdoor dry-bulb temperature",
        colours="thermal",
    ),
    Channel(
        "site.wet_bulb_temperature",
        "Outdoor wet bulb",
        "degC",
        0.05,
        -15,
        32,
        "site.wet_bulb_temperature",
        "Outdoor wet-bulb temperature",
        colours="thermal",
    ),
    Channel(
        "site.temperature",
        "Hottest GPU of the site",
        "degC",
        0.05,
        30,
        95,
        "site.maximum_gpu_temperature",
        "Largest junction temperature of the site",
        warning=87,
        limit=92,
        colours="thermal",
    ),
    Channel(
        "site.hbm_temperature",
        "Hottest HBM stack of the site",
        "degC",
        0.05,
        30,
        105,
        "site.maximum_hbm_temperature",
        "Largest stack temperature of the site",
        warning=95,
        limit=105,
        colours="thermal",
    ),
    Channel(
        "site.throttled",
        "Throttled GPUs",
        "",
        1.0,
        0,
        1000,
        "site.throttled",
        "Accelerators below their asked clock, or off",
        warning=1,
    ),
    Channel(
        "site.tokens_per_second",
        "Tokens per second",
        "token/s",
        1.0,
        0,
        1e9,
        _tokens,
        "Tokens processed, from operations done and operations per token",
    ),
    Channel(
        "site.water_use",
        "Site water use",
        "kg/s",
        1e-3,
        0,
        100,
        "site.water_use",
        "Evaporation, drift and blow-down of all plants",
    ),
    Channel(
        "site.energy_residual",
        "Energy residual",
        "",
        1e-12,
        -1e-9,
        1e-9,
        "ledger.residual",
        "Ledger: energy in minus rejected minus stored, over energy in",
    ),
    Channel(
        "site.capacitor_steps",
        "Capacitor steps",
        "",
        0.5,
        0,
        12,
        _solved("site", "capacitor_steps"),
        "Steps of the site's own capacitor bank that are in service; 0 without one",
    ),
    Channel(
        "panel.voltage",
        "Panel voltage",
        "",
        0.0001,
        0.9,
        1.05,
        _solved("panel", "voltage", "panel"),
        "Voltage at the panel, per unit of its bus's rated voltage; 0 where dead",
        warning=0.95,
        limit=0.9,
        falling=True,
    ),
    Channel(
        "panel.current",
        "Panel current",
        "A",
        0.5,
        0,
        2500,
        _solved("panel", "line_current", "panel"),
        "Current of each conductor of the panel or busway",
    ),
    Channel(
        "feeder.current",
        "Feeder current",
        "A",
        0.1,
        0,
        700,
        _solved("feeder", "line_current", "feeder"),
        "Current of each conductor of the feeder",
    ),
    Channel(
        "feeder.loss",
        "Feeder loss",
        "W",
        10.0,
        0,
        50000.0,
        _solved("feeder", "line_loss", "feeder"),
        "Loss of the feeder's conductors",
    ),
    Channel(
        "hall.voltage",
        "Hall bus voltage",
        "",
        0.0001,
        0.9,
        1.05,
        _solved("hall", "voltage", "hall-lv"),
        "Voltage of the hall's low-voltage bus, per unit; 0 where dead",
        warning=0.95,
        limit=0.9,
        falling=True,
    ),
    Channel(
        "hall.ups_voltage",
        "UPS output voltage",
        "",
        0.0001,
        0.9,
        1.05,
        _solved("hall", "voltage", "ups"),
        "Voltage of the bus behind the hall's UPS, per unit; 0 where dead",
        warning=0.95,
        limit=0.9,
        falling=True,
    ),
    Channel(
        "plant.voltage",
        "Plant bus voltage",
        "",
        0.0001,
        0.9,
        1.05,
        _solved("plant", "voltage", "plant-lv"),
        "Voltage of the plant's low-voltage bus, per unit; 0 where dead",
        warning=0.95,
        limit=0.9,
        falling=True,
    ),
    Channel(
        "hall_transformer.loss",
        "Transformer loss",
        "W",
        10.0,
        0,
        25000.0,
        _solved("hall_transformer", "transformer_loss", "hall-transformer"),
        "Loss of the hall's unit transformer",
    ),
    Channel(
        "plant_transformer.loss",
        "Transformer loss",
        "W",
        10.0,
        0,
        25000.0,
        _solved("plant_transformer", "transformer_loss", "plant-transformer"),
        "Loss of the plant's unit transformer",
    ),
    Channel(
        "site_transformer.loss",
        "Transformer loss",
        "W",
        10.0,
        0,
        300000.0,
        _solved("site_transformer", "transformer_loss", "main-transformer"),
        "Loss of the site's main transformer",
    ),
    Channel(
        "site.mv_voltage",
        "Medium-voltage bus",
        "",
        0.0001,
        0.9,
        1.05,
        _solved("site", "voltage", "mv"),
        "Voltage of the site's bus by power flow, per unit; 0 where dead",
        warning=0.95,
        limit=0.9,
        falling=True,
    ),
    Channel(
        "site.power_factor",
        "Power factor",
        "",
        0.0001,
        0.8,
        1.0,
        _solved("site", "connection_power_factor"),
        "Power factor at the grid connection by power flow; 1 where nothing flows",
    ),
    Channel(
        "site.reactive_power",
        "Reactive power",
        "var",
        1000.0,
        0,
        100000000.0,
        _solved("site", "connection_reactive"),
        "Reactive power drawn from the grid, by power flow",
    ),
    Channel(
        "site.network_loss",
        "Network loss",
        "W",
        100.0,
        0,
        10000000.0,
        _solved("site", "loss_by_site"),
        "Loss of transformers, feeders and panels by power flow",
    ),
    *COOLING_CHANNELS,
)

BY_NAME: dict[str, Channel] = {channel.name: channel for channel in CHANNELS}


def channels_of(level: str) -> tuple[Channel, ...]:
    """All channels of a level."""
    return tuple(channel for channel in CHANNELS if channel.level == level)


def read_channels(
    channels: Iterable[Channel], plant: Plant, state: StateBuffer
) -> dict[str, Floats]:
    """Values of several channels by name, shape [count] each; the network is solved once for all.

    Values may be views of the state.
    """
    flow: Flow | None = None
    looked = False
    values = {}
    for channel in channels:
        if isinstance(channel.source, Solved):
            if not looked:
                flow, looked = network_flow(plant, state), True
            values[channel.name] = channel.source.of(plant, flow)
        else:
            values[channel.name] = channel.read(plant, state)
    return values
