"""Channels of the power chain, from UPS to transformers, as the coupled step has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats
from twin.channels import applies
from twin.channels.channel import Channel, of_parent
from twin.plant.storage import battery_capacity

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer


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


# fmt: off
POWER: tuple[Channel, ...] = (
    Channel("ups.load", "UPS load", "", 0.001, 0, 1.2, _ups_load,
            "Load of the UPS relative to its rating", warning=0.9, limit=1.0),
    Channel("ups_system.load", "UPS system load", "", 0.001, 0, 1.2, "ups_system.load",
            "Load of a UPS system relative to the rating of its units in service", warning=0.9,
            limit=1.0),
    Channel("ups_system.output", "UPS system output", "W", 100.0, 0, 20e6, _system_output,
            "Power behind a UPS system"),
    Channel("ups_system.mode", "UPS system mode", "", 0.1, 0, 5, "ups_system.mode",
            "0 off, 1 double conversion, 2 eco, 3 battery, 4 static bypass, 5 maintenance bypass"),
    Channel("panel.system", "Panel's UPS system", "", 0.1, 0, 8, _panel_system,
            "Number of the UPS system that feeds the panel; 0: none",
            applies=applies.panel_of_systems),
    Channel("ups.charge", "UPS battery charge", "", 0.001, 0, 1, _ups_charge,
            "State of charge of the UPS battery", warning=0.5, limit=0.05, falling=True,
            colours="share"),
    Channel("hall.ups_mode", "UPS mode", "", 0.1, 0, 5, "hall.ups_mode",
            "0 off, 1 double conversion, 2 eco, 3 battery, 4 static bypass, 5 maintenance bypass",
            applies=applies.some("hall", "first_ups")),
    Channel("hall.ups_battery_power", "UPS battery power", "W", 100.0, -1e6, 20e6,
            "hall.ups_battery_power", "Power from the UPS batteries; negative: charging",
            applies=applies.some("hall", "first_ups")),
    Channel("hall.ups_charge", "UPS charge of the hall", "", 0.001, 0, 1, "hall.ups_charge",
            "Mean state of charge of the UPS batteries in service", falling=True, colours="share",
            applies=applies.some("hall", "first_ups")),
    Channel("feeder.load", "Feeder load", "", 0.001, 0, 1.2, "feeder.load",
            "Apparent power relative to the rating", warning=0.9, limit=1.0),
    Channel("generator.power", "Power of a generator", "W", 1e3, 0, 3e6, "generator.power",
            "Power of the standby generator"),
    Channel("generator.state", "Generator state", "", 0.1, 0, 5, "generator.state",
            "0 stopped, 1 starting, 2 synchronising, 3 running, 4 cooling down, 5 failed"),
    Channel("battery.power", "Battery power", "W", 1e3, -5e6, 5e6, "battery.power",
            "Power of the battery unit at its terminals; negative: charging"),
    Channel("battery.life_used", "Battery life used", "", 1e-6, 0, 1, "battery.life_used",
            "Share of the unit's life that cycles and years have used; its capacity falls with it"),
    Channel("battery.charge", "Battery charge", "", 0.001, 0, 1, _battery_charge,
            "State of charge of the site battery", falling=True, colours="share"),
    Channel("hall_transformer.load", "Hall transformer load", "", 0.001, 0, 1.2,
            of_parent("hall_transformer", "hall_transformer.online", "hall.transformer_load"),
            "Apparent power relative to the rating", warning=0.9, limit=1.0),
    Channel("plant_transformer.load", "Plant transformer load", "", 0.001, 0, 1.2,
            of_parent("plant_transformer", "plant_transformer.online", "plant.transformer_load"),
            "Apparent power relative to the rating", warning=0.9, limit=1.0),
    Channel("site_transformer.load", "Main transformer load", "", 0.001, 0, 1.2,
            of_parent("site_transformer", "site_transformer.online", "site.transformer_load"),
            "Apparent power relative to the rating", warning=0.9, limit=1.0),
)
# fmt: on
