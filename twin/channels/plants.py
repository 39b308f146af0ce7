"""Channels of facility-water plants."""

from __future__ import annotations

from twin.channels import applies
from twin.channels.channel import Channel, of_parent
from twin.channels.cooling import RUNNING

# fmt: off
PLANTS: tuple[Channel, ...] = (
    Channel("plant.supply_temperature", "Plant supply temperature", "degC", 0.02, 5, 50,
            "plant.supply_temperature", "Facility water to the consumers", colours="thermal"),
    Channel("plant.return_temperature", "Plant return temperature", "degC", 0.02, 5, 60,
            "plant.return_temperature", "Facility water from the consumers", colours="thermal"),
    Channel("plant.flow", "Plant flow", "m**3/s", 1e-4, 0, 3, "plant.flow",
            "Facility water in circulation"),
    Channel("plant.heat_rejected", "Plant heat rejected", "W", 1e3, 0, 100e6, "plant.heat_rejected",
            "Heat the coolers give to the outdoor air"),
    Channel("plant.pump_power", "Plant pump power", "W", 100.0, 0, 1e6, "plant.pump_power",
            "Electric power of the facility pumps"),
    Channel("plant.fan_power", "Plant fan power", "W", 100.0, 0, 2e6, "plant.fan_power",
            "Electric power of the coolers' fans"),
    Channel("plant.chiller_power", "Plant chiller power", "W", 100.0, 0, 5e6, "plant.chiller_power",
            "Electric power of chillers and their condenser pumps",
            applies=applies.some("plant", "first_chiller")),
    Channel("plant.water_use", "Plant water use", "kg/s", 1e-3, 0, 30, "plant.water_use",
            "Evaporation, drift and blow-down"),
    Channel("cooler.fan_speed", "Cooler fan speed", "", 0.001, 0, 1,
            of_parent("cooler", "cooler.online", "plant.fan_speed"),
            "Fan speed of the dry cooler or tower", warning=0.98, colours="share"),
    Channel("pump.speed", "Pump speed", "", 0.001, 0, 1,
            of_parent("pump", "pump.stage", "plant.pump_speed", RUNNING),
            "Speed of the facility pump", warning=0.99, colours="share"),
    Channel("chiller.load", "Chiller load", "", 0.001, 0, 1,
            of_parent("chiller", "chiller.stage", "plant.chiller_load", RUNNING),
            "Part-load ratio of the chillers that run", warning=0.98, colours="share"),
)
# fmt: on
