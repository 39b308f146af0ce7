"""Channels of whole sites: power, energy, water, tokens, and the books."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats
from twin.channels import applies
from twin.channels.channel import Channel
from twin.channels.solved import solved

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer


def _lost_tokens(plant: Plant, state: StateBuffer) -> Floats:
    site = state.view.site
    return np.asarray(site.lost_operations / np.maximum(site.operations_per_token, 1.0))


def _tokens(plant: Plant, state: StateBuffer) -> Floats:
    site = state.view.site
    return np.asarray(site.operations / np.maximum(site.operations_per_token, 1.0))


# fmt: off
SITES: tuple[Channel, ...] = (
    Channel("site.power", "Site power", "W", 1e3, 0, 300e6, "site.facility_power",
            "Power the site uses, from grid, generators or batteries"),
    Channel("site.grid_power", "Grid power", "W", 1e3, 0, 300e6, "site.grid_power",
            "Power at the grid connection"),
    Channel("site.generator_power", "Generator power", "W", 1e3, 0, 300e6, "site.generator_power",
            "Power of all standby generators", applies=applies.some("site", "first_generator")),
    Channel("site.stored_power", "Power from batteries", "W", 1e3, -20e6, 100e6,
            "site.stored_power", "Fall of the energy in all batteries; negative: charging"),
    Channel("site.battery_power", "Site battery power", "W", 1e3, -20e6, 20e6, "site.battery_power",
            "Power of the site battery at its terminals; negative: charging",
            applies=applies.some("site", "first_battery")),
    Channel("site.battery_state", "Site battery state", "", 0.1, 0, 3, "site.battery_state",
            "0 ready, 1 shaving, 2 at its greatest power, 3 at its reserve",
            applies=applies.some("site", "first_battery")),
    Channel("site.solar_power", "Solar power", "W", 1e3, 0, 20e6, "site.solar_power",
            "Power of the photovoltaic field at the site's bus",
            applies=applies.site_with("solar")),
    Channel("site.source", "Source of the site's bus", "", 0.1, 0, 3, "site.source",
            "0 none, 1 grid, 2 generators, 3 site battery"),
    Channel("site.voltage", "Site bus voltage", "", 0.001, 0.85, 1.1, "site.voltage",
            "Lowest voltage of the site's bus in the step, per unit", limit=0.9, falling=True),
    Channel("site.power_cap", "Site power cap", "W", 1e3, 0, 300e6, "site.power_cap",
            "Cap at the grid connection that racks are steered to, while there is one",
            applies=applies.site_capped),
    Channel("site.curtailment", "Curtailment", "", 0.001, 0, 10, "site.curtailment",
            "0: no rack capped; each whole number is one priority of racks at its least power"),
    Channel("site.lost_tokens_per_second", "Lost tokens per second", "token/s", 1.0, 0, 1e9,
            _lost_tokens, "Tokens asked for and not processed: throttling, caps, outages"),
    Channel("site.it_power", "Site IT power", "W", 1e3, 0, 300e6, "site.it_power",
            "Power of all racks of the site"),
    Channel("site.cooling_power", "Site cooling power", "W", 1e3, 0, 50e6, "site.cooling_power",
            "Pumps, fans, chillers, CDUs and air handlers"),
    Channel("site.loss_power", "Site conversion losses", "W", 1e3, 0, 30e6, "site.loss_power",
            "Losses of panels, UPS and transformers"),
    Channel("site.pue", "PUE", "", 0.0005, 1.0, 1.5, "site.pue",
            "Power usage effectiveness: site power over IT power, now",
            applies=applies.site_computes),
    Channel("site.dry_bulb_temperature", "Outdoor temperature", "degC", 0.05, -15, 40,
            "site.dry_bulb_temperature", "Outdoor dry-bulb temperature", colours="thermal"),
    Channel("site.wet_bulb_temperature", "Outdoor wet bulb", "degC", 0.05, -15, 32,
            "site.wet_bulb_temperature", "Outdoor wet-bulb temperature", colours="thermal"),
    Channel("site.temperature", "Hottest GPU of the site", "degC", 0.05, 30, 95,
            "site.maximum_gpu_temperature", "Largest junction temperature of the site", warning=87,
            limit=92, colours="thermal", applies=applies.site_with_accelerators),
    Channel("site.hbm_temperature", "Hottest HBM stack of the site", "degC", 0.05, 30, 105,
            "site.maximum_hbm_temperature", "Largest stack temperature of the site", warning=95,
            limit=105, colours="thermal", applies=applies.site_with_accelerators),
    Channel("site.throttled", "Throttled GPUs", "", 1.0, 0, 1000, "site.throttled",
            "Accelerators that run below their asked clock", warning=1,
            applies=applies.site_with_accelerators),
    Channel("site.gpus_off", "GPUs off", "", 1.0, 0, 1000, "site.gpus_off",
            "Accelerators without power, or shut down", warning=1,
            applies=applies.site_with_accelerators),
    Channel("site.tokens_per_second", "Tokens per second", "token/s", 1.0, 0, 1e9, _tokens,
            "Tokens processed, from operations done and operations per token"),
    Channel("site.water_use", "Site water use", "kg/s", 1e-3, 0, 100, "site.water_use",
            "Evaporation, drift and blow-down of all plants"),
    Channel("site.energy_residual", "Energy residual", "", 1e-12, -1e-9, 1e-9, "ledger.residual",
            "Ledger: energy in minus rejected minus stored, over energy in"),
    Channel("site.capacitor_steps", "Capacitor steps", "", 0.5, 0, 12,
            solved("site", "capacitor_steps"),
            "Steps of the site's own capacitor bank that are in service",
            applies=applies.site_with("capacitors")),
)
# fmt: on
