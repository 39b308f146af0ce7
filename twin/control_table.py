"""The table of controls and faults: everything that may be set, injected and cleared."""

from __future__ import annotations

import math

from twin.control import Control, Fault
from twin.control_limits import (
    fitted_pumps,
    module_power,
    with_battery,
    with_own_power,
    with_ups,
)
from twin.cooling_controls import COOLING_CONTROLS, COOLING_FAULTS

MONEY_PER_ENERGY = "money/J"
"""Unit of prices: in the currency of the layout's."""

BILLS, DIPS, FULL = (
    "a bill grows with time",
    "a dip of the grid passes",
    "batteries of a UPS at rest are full, whatever they hold",
)
"""Why a state of rest does not follow a control."""

LARGEST_MODULE = 100e3
"""W; what products allow is narrower, this is for the table of controls."""

LARGEST_SITE = 100e9
"""W; no grid connection is as large."""

MOST_CARBON = 5.0 / 3.6e6
"""kg/J; lignite in an old plant gives a quarter of it."""

CONTROLS: tuple[Control, ...] = (
    Control("cdu", "supply_setpoint", "degC", 10, 60, "Technology coolant supply set point"),
    Control(
        "cdu", "pumps_online", "", 0, 8, "Number of pumps able to run", whole=True,
        limits=fitted_pumps,
    ),
    Control(
        "cdu", "valve_fault", "", 0, 1, "1 freezes the primary valve where it stands", whole=True
    ),
    Control("cdu", "fouling", "", 0, 0.95, "Share of the exchanger's UA lost"),
    Control("cdu", "isolated", "", 0, 1, "1 shuts the primary side", whole=True),
    Control("rack", "utilisation", "", 0, 1, "Share of time the accelerators are busy"),
    Control("rack", "compute_share", "", 0, 1, "Share of peak operations asked for at full pace"),
    Control("rack", "memory_share", "", 0, 1, "Share of peak memory bandwidth at full pace"),
    Control(
        "rack", "power_cap", "W", 0, LARGEST_MODULE,
        "Cap of each accelerator module's power, from idling to its design power; none lifts it",
        lifted_by_none=True, limits=module_power,
    ),
    Control("rack", "flow_factor", "", 0, 1, "Open share of the rack's hydraulic conductance"),
    Control(
        "rack", "priority", "", 0, 9, "Racks of the lowest priority give power up first",
        whole=True,
        not_at_rest="racks give power up step by step, while a power target stands",
    ),
    Control("rack", "energised", "", 0, 1, "0 opens the rack's breaker", whole=True),
    Control("gpu", "online", "", 0, 1, "0 stops the accelerator, 1 starts it again", whole=True),
    Control("gpu", "flow_factor", "", 0, 1, "Share of the cold plate's conductance left"),
    Control("row", "recirculation_fault", "", 0, 0.9, "Added share of hot-aisle air drawn"),
    Control("panel", "online", "", 0, 1, "0 takes the panel out of service", whole=True),
    Control(
        "panel", "tripped", "", 0, 1, "0 resets a panel's breaker that has tripped", whole=True
    ),
    Control("hall", "air_setpoint", "degC", 15, 40, "Supply air set point of the air handlers"),
    Control("crah", "online", "", 0, 1, "0 stops the air handler", whole=True),
    Control(
        "hall", "ups_request", "", 0, 5,
        "Mode of the UPS: 1 double conversion, 2 eco, 5 maintenance bypass, 0 off",
        whole=True, choices=(0, 1, 2, 5), fitted=with_ups, needs="a UPS",
    ),
    Control(
        "ups_system", "online", "", 0, 1, "0 takes a whole UPS system's output away", whole=True
    ),
    Control("ups", "online", "", 0, 1, "0 takes the UPS out of service", whole=True),
    Control("ups", "battery_online", "", 0, 1, "0 opens the UPS battery's breaker", whole=True),
    Control(
        "ups", "battery_health", "", 0.05, 1, "Capacity of the UPS battery relative to new",
        not_at_rest=FULL,
    ),
    Control("ups", "charge", "", 0, 1, "State of charge of the UPS battery", not_at_rest=FULL),
    Control(
        "hall_transformer", "online", "", 0, 1, "0 takes the transformer out of service", whole=True
    ),
    Control("plant", "supply_setpoint", "degC", 5, 50, "Facility water supply set point"),
    Control("plant", "fouling", "", 0, 0.95, "Share of the coolers' UA lost"),
    Control("cooler", "online", "", 0, 1, "0 stops the cooler", whole=True),
    Control("pump", "online", "", 0, 1, "0 stops the pump", whole=True),
    Control("chiller", "online", "", 0, 1, "0 stops the chiller", whole=True),
    Control(
        "plant_transformer",
        "online",
        "",
        0,
        1,
        "0 takes the transformer out of service",
        whole=True,
    ),
    Control(
        "site_transformer", "online", "", 0, 1, "0 takes the transformer out of service", whole=True
    ),
    Control("site", "grid_available", "", 0, 1, "0 takes the public grid away", whole=True),
    Control("site", "grid_voltage", "", 0, 1.3, "Voltage of the public grid, per unit"),
    Control(
        "site", "dip_voltage", "", 0, 1.3, "Voltage during a dip, per unit; set it first",
        not_at_rest=DIPS,
    ),
    Control(
        "site", "dip_duration", "s", 0, 600, "Begins a dip that lasts so long", not_at_rest=DIPS
    ),
    Control(
        "site", "power_target", "W", 0, LARGEST_SITE,
        "Power at the grid connection that the site steers towards by capping racks in order of "
        "priority; none lifts it",
        lifted_by_none=True,
        not_at_rest="racks are capped step by step until the site meets it",
    ),
    Control(
        "site", "shaving_threshold", "W", 0, LARGEST_SITE,
        "Grid power above which the site battery gives and below which it charges",
        fitted=with_battery, needs="a battery",
        not_at_rest="a battery fills and empties with time",
    ),
    Control(
        "site", "price", MONEY_PER_ENERGY, 0, math.inf, "Price of energy from the grid",
        example="150 won/kWh", not_at_rest=BILLS,
    ),
    Control(
        "site", "export_price", MONEY_PER_ENERGY, 0, math.inf, "Paid for energy fed into the grid",
        fitted=with_own_power, needs="a photovoltaic field", example="150 won/kWh",
        not_at_rest=BILLS,
    ),
    Control(
        "site", "carbon_intensity", "kg/J", 0, MOST_CARBON, "Carbon dioxide of grid energy",
        example="0.41 kg/kWh", not_at_rest="emissions grow with time",
    ),
    Control("feeder", "online", "", 0, 1, "0 opens the feeder", whole=True),
    Control("generator", "online", "", 0, 1, "0 keeps the generator from running", whole=True),
    Control("battery", "online", "", 0, 1, "0 takes the battery unit out of service", whole=True),
    Control("battery", "life_used", "", 0, 2, "Share of the battery unit's life that is used"),
    *COOLING_CONTROLS,
)  # fmt: skip


FAULTS: tuple[Fault, ...] = (
    Fault("cdu", "trip", (("pumps_online", 0, None),), "All pumps of the CDU stop"),
    Fault("cdu", "pump-failure", (("pumps_online", -1, None),), "One more pump of the CDU stops"),
    Fault("cdu", "valve-stuck", (("valve_fault", 1, 0),), "The primary valve stays where it is"),
    Fault("cdu", "primary-loss", (("isolated", 1, 0),), "No facility water reaches the CDU"),
    Fault("cdu", "fouling", (("fouling", 0.4, 0),), "Exchanger loses 40 % of its UA"),
    Fault("rack", "blockage", (("flow_factor", 0.2, 1),), "Rack branch 80 % blocked"),
    Fault("rack", "isolation", (("flow_factor", 0, 1),), "Rack valves shut: no coolant"),
    Fault("rack", "breaker-open", (("energised", 0, 1),), "Rack loses power"),
    Fault("gpu", "blockage", (("flow_factor", 0, 1),), "Cold plate blocked"),
    Fault("gpu", "failure", (("online", 0, 1),), "Accelerator stops"),
    Fault("row", "blocked-aisle", (("recirculation_fault", 0.3, 0),), "Hot air is drawn in"),
    Fault(
        "panel",
        "trip",
        (("online", 0, 1), ("tripped", 0, 0)),
        "Panel out of service; clearing resets its breaker too",
    ),
    Fault("crah", "trip", (("online", 0, 1),), "Air handler stops"),
    Fault("ups_system", "system-failure", (("online", 0, 1),), "Whole UPS system without output"),
    Fault("ups", "trip", (("online", 0, 1),), "UPS out of service"),
    Fault("ups", "battery-failure", (("battery_online", 0, 1),), "UPS battery open"),
    Fault(
        "ups",
        "battery-ageing",
        (("battery_health", 0.6, 1),),
        "UPS battery at 60 % of its capacity",
    ),
    Fault("hall", "maintenance-bypass", (("ups_request", 5, None),), "Load wired around the UPS"),
    Fault("hall_transformer", "trip", (("online", 0, 1),), "Transformer out of service"),
    Fault("cooler", "trip", (("online", 0, 1),), "Cooler stops"),
    Fault("pump", "trip", (("online", 0, 1),), "Facility pump stops"),
    Fault("chiller", "trip", (("online", 0, 1),), "Chiller stops"),
    Fault("plant", "fouling", (("fouling", 0.3, 0),), "Coolers lose 30 % of their UA"),
    Fault("plant_transformer", "trip", (("online", 0, 1),), "Transformer out of service"),
    Fault("site_transformer", "trip", (("online", 0, 1),), "Transformer out of service"),
    Fault("site", "utility-loss", (("grid_available", 0, 1),), "The public grid is lost"),
    Fault(
        "site",
        "utility-dip",
        (("dip_voltage", 0.5, 0), ("dip_duration", 0.5, 0)),
        "Grid voltage dips to 50 % for half a second",
    ),
    Fault("site", "brownout", (("grid_voltage", 0.85, 1),), "Grid voltage falls to 85 %"),
    Fault("feeder", "feeder-failure", (("online", 0, 1),), "Feeder lost"),
    Fault("generator", "generator-failure", (("online", 0, 1),), "Generator cannot run"),
    Fault("battery", "trip", (("online", 0, 1),), "Battery unit out of service"),
    Fault("battery", "end-of-life", (("life_used", 1, 0),), "Battery unit at the end of its life"),
    *COOLING_FAULTS,
)
