"""Channels of the solved network: voltages, currents and losses by power flow."""

from __future__ import annotations

from twin.channels import applies
from twin.channels.channel import Channel
from twin.channels.solved import solved

# fmt: off
NETWORK: tuple[Channel, ...] = (
    Channel("panel.voltage", "Panel voltage", "", 0.0001, 0.9, 1.05,
            solved("panel", "voltage", "panel"),
            "Voltage at the panel, per unit of its bus's rated voltage; 0 where dead", warning=0.95,
            limit=0.9, falling=True),
    Channel("panel.current", "Panel current", "A", 0.5, 0, 2500,
            solved("panel", "line_current", "panel"),
            "Current of each conductor of the panel or busway; of the most loaded one where racks "
            "hang on single phases, of each pole with direct current"),
    Channel("feeder.current", "Feeder current", "A", 0.1, 0, 700,
            solved("feeder", "line_current", "feeder"), "Current of each conductor of the feeder"),
    Channel("feeder.loss", "Feeder loss", "W", 10.0, 0, 50000.0,
            solved("feeder", "line_loss", "feeder"), "Loss of the feeder's conductors"),
    Channel("hall.voltage", "Hall bus voltage", "", 0.0001, 0.9, 1.05,
            solved("hall", "voltage", "hall-lv"),
            "Voltage of the hall's low-voltage bus, per unit; 0 where dead", warning=0.95,
            limit=0.9, falling=True),
    Channel("hall.ups_voltage", "UPS output voltage", "", 0.0001, 0.9, 1.05,
            solved("hall", "voltage", "ups"),
            "Voltage of the bus behind the hall's UPS, per unit; 0 where dead", warning=0.95,
            limit=0.9, falling=True, applies=applies.some("hall", "first_ups")),
    Channel("plant.voltage", "Plant bus voltage", "", 0.0001, 0.9, 1.05,
            solved("plant", "voltage", "plant-lv"),
            "Voltage of the plant's low-voltage bus, per unit; 0 where dead", warning=0.95,
            limit=0.9, falling=True),
    Channel("hall_transformer.loss", "Transformer loss", "W", 10.0, 0, 25000.0,
            solved("hall_transformer", "transformer_loss", "hall-transformer"),
            "Loss of the hall's unit transformer"),
    Channel("plant_transformer.loss", "Transformer loss", "W", 10.0, 0, 25000.0,
            solved("plant_transformer", "transformer_loss", "plant-transformer"),
            "Loss of the plant's unit transformer"),
    Channel("site_transformer.loss", "Transformer loss", "W", 10.0, 0, 300000.0,
            solved("site_transformer", "transformer_loss", "main-transformer"),
            "Loss of the site's main transformer"),
    Channel("site.mv_voltage", "Medium-voltage bus", "", 0.0001, 0.9, 1.05,
            solved("site", "voltage", "mv"),
            "Voltage of the site's bus by power flow, per unit; 0 where dead", warning=0.95,
            limit=0.9, falling=True),
    Channel("site.power_factor", "Power factor", "", 0.0001, 0.8, 1.0,
            solved("site", "connection_power_factor"),
            "Power factor at the grid connection by power flow, while power flows",
            applies=applies.grid_carries),
    Channel("site.reactive_power", "Reactive power", "var", 1000.0, 0, 100000000.0,
            solved("site", "connection_reactive"),
            "Reactive power drawn from the grid, by power flow"),
    Channel("site.network_loss", "Network loss", "W", 100.0, 0, 10000000.0,
            solved("site", "loss_by_site"),
            "Loss of transformers, feeders and panels by power flow"),
)
# fmt: on
