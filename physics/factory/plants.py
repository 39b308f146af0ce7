"""Facility-water plants in the coupled step: heat rejection, chillers, buffer, water use.

Without chillers the coolers act on the facility water itself; with chillers they cool the condenser
loop. Coolers of one plant are alike and share the flow evenly among those in service. A buffer tank
stands between coolers or chillers and the consumers, cold water on its way to them entering at the
top, so that its content leaves before warm water when the cooling fails.
"""

from __future__ import annotations

import numpy as np

from physics.control import DIRECT, first_order_lag, pi_step_clamping
from physics.factory.arrays import (
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    SITE,
    TANK_LAYERS,
    Floats,
    Indices,
)
from physics.factory.banks import units_online
from physics.factory.chillers import (
    change_economiser,
    condenser_pumps,
    condenser_setpoint,
    cool_mechanically,
    stage_chillers,
)
from physics.factory.coolers import DRY_COOLER, bypass_floor, bypassed_bank
from physics.factory.sensors import TEMPERATURE_RANGE, read_sensor
from physics.jit import kernel, law
from physics.tank import tank_step
from physics.volume import mixing_volume

FAN_GAIN = 0.06  # share per kelvin
FAN_INTEGRAL_TIME = 90.0  # s
FAN_RAMP_RATE = 1.0 / 60.0  # 1/s
SUPPLY_SENSOR_TIME = 5.0  # s of the well behind coolers or chillers
LOWEST_SETPOINT = 2.0  # degC that chillers hold at least, whatever a sensor tells them


@law
def outdoors(p: int, plants: Floats, site: Floats, s: int) -> float:
    """Temperature that the coolers of plant ``p`` work against [degC].

    Wet bulb for towers, dry bulb for dry coolers, in between behind wetted pads.
    """
    dry, wet = site[SITE.dry_bulb_temperature, s], site[SITE.wet_bulb_temperature, s]
    if plants[PLANT_DATA.evaporative, p] > DRY_COOLER:
        return float(wet)
    if dry > plants[PLANT_DATA.cooler_adiabatic_threshold, p]:
        return float(dry - plants[PLANT_DATA.cooler_adiabatic_effectiveness, p] * (dry - wet))
    return float(dry)


@law
def control_fans(p: int, plant: Floats, controlled: float, wanted: float, step: float) -> None:
    """Fan speed of the coolers towards a temperature [degC]."""
    plant[PLANT.fan_speed, p], plant[PLANT.fan_integral, p] = pi_step_clamping(
        controlled,
        wanted,
        plant[PLANT.fan_integral, p],
        plant[PLANT.fan_speed, p],
        step,
        FAN_GAIN,
        FAN_INTEGRAL_TIME,
        DIRECT,
        0.0,
        1.0,
        FAN_RAMP_RATE,
    )
    if plant[PLANT.fans_fed, p] == 0.0:
        plant[PLANT.fan_speed, p] = 0.0


@law
def pass_tank(
    p: int, plants: Floats, tank: Floats, rate: float, inlet: float, ambient: float, step: float
) -> tuple[float, float]:
    """Mean temperature [degC] of what leaves the buffer tank, and its loss to the ambient [W]."""
    capacities = np.full(TANK_LAYERS, plants[PLANT_DATA.tank_layer_heat_capacity, p])
    losses = np.full(TANK_LAYERS, plants[PLANT_DATA.tank_layer_loss, p])
    outlet, lost = tank_step(
        tank[p],
        capacities,
        -rate,
        inlet,
        inlet,
        ambient,
        losses,
        plants[PLANT_DATA.tank_layer_conductance, p],
        step,
    )
    return (outlet if rate > 0.0 else inlet), lost / step


@kernel()
def advance_plants(
    plants: Floats,
    plant_links: Indices,
    chiller_capacity_curves: Floats,
    chiller_eir_curves: Floats,
    chiller_part_load_curves: Floats,
    plant: Floats,
    site: Floats,
    cooler: Floats,
    chiller: Floats,
    tank: Floats,
    sensor: Floats,
    seed: int,
    count: int,
    step: float,
) -> None:
    """Facility water from the consumers' return to their supply, and its heat to the sky.

    ``sensor`` are those of the temperature behind coolers or chillers, seed and count of their
    noise.
    """
    for p in range(plants.shape[1]):
        s = plant_links[PLANT_LINK.site, p]
        rate = plant[PLANT.inflow_rate, p]
        arriving = (
            plant[PLANT.inflow_enthalpy, p] / rate
            if rate > 0.0
            else plant[PLANT.return_temperature, p]
        )
        plant[PLANT.heat, p] = (
            plant[PLANT.inflow_enthalpy, p] - rate * plant[PLANT.supply_temperature, p]
        )
        plant[PLANT.return_temperature, p], leaving = mixing_volume(
            plant[PLANT.return_temperature, p],
            plants[PLANT_DATA.return_heat_capacity, p],
            rate,
            arriving,
            plant[PLANT.pump_hydraulic_power, p],
            step,
        )
        reading = read_sensor(
            p,
            sensor,
            plant[PLANT.produced_temperature, p],
            TEMPERATURE_RANGE[0],
            TEMPERATURE_RANGE[1],
            seed,
            3 * p + 2,
            count,
            step,
        )
        coolers = units_online(
            cooler,
            plant_links[PLANT_LINK.first_cooler, p],
            plant_links[PLANT_LINK.first_cooler, p + 1],
        )
        has_chillers = (
            plant_links[PLANT_LINK.first_chiller, p + 1] > plant_links[PLANT_LINK.first_chiller, p]
        )
        removed, power, economised, condenser_heat, load = 0.0, 0.0, 0.0, 0.0, 0.0
        cooler_rate, inlet, floor = rate, leaving, 0.0
        if has_chillers:
            # the machines hold what their sensor shows
            setpoint = max(
                min(LOWEST_SETPOINT, plant[PLANT.supply_setpoint, p]),
                plant[PLANT.supply_setpoint, p] + plant[PLANT.produced_temperature, p] - reading,
            )
            air = outdoors(p, plants, site, s)
            mode = change_economiser(p, plants, plant, air, leaving, step)
            needed = rate * (leaving - setpoint) - plant[PLANT.economiser_heat, p]
            running = stage_chillers(
                p,
                plants,
                plant_links,
                chiller_capacity_curves,
                plant,
                chiller,
                mode,
                needed,
                setpoint,
                step,
            )
            plant[PLANT.chillers_running, p] = running
            entering = plant[PLANT.condenser_temperature, p]
            wanted = condenser_setpoint(
                p, plants, mode, setpoint, air, plant[PLANT.chiller_load, p]
            )
            control_fans(p, plant, entering, wanted, step)
            floor = bypass_floor(wanted, wanted)
            pumps = plant[PLANT.pumps_fed, p] * condenser_pumps(
                p,
                plants,
                mode,
                running,
                plant_links[PLANT_LINK.first_chiller, p + 1]
                - plant_links[PLANT_LINK.first_chiller, p],
                rate * (leaving - setpoint),
            )
            economised, removed, power, condenser_heat, cooler_rate, load = cool_mechanically(
                p,
                plants,
                chiller_capacity_curves,
                chiller_eir_curves,
                chiller_part_load_curves,
                mode,
                running,
                pumps,
                setpoint,
                leaving,
                rate,
                entering,
            )
            if cooler_rate > 0.0:
                inlet = entering + condenser_heat / cooler_rate
            else:
                plant[PLANT.fan_speed, p] = 0.0
        else:
            wanted = plant[PLANT.supply_setpoint, p]
            control_fans(p, plant, reading, wanted, step)
            floor = bypass_floor(wanted, wanted + plant[PLANT.produced_temperature, p] - reading)
        plant[PLANT.fan_power, p] = (
            coolers * plants[PLANT_DATA.cooler_fan_power, p] * plant[PLANT.fan_speed, p] ** 3
        )
        rejected_heat, water, past, cold = bypassed_bank(
            p,
            plants,
            coolers,
            plant[PLANT.fan_speed, p],
            cooler_rate,
            inlet,
            floor,
            plant[PLANT.fouling, p],
            site[SITE.dry_bulb_temperature, s],
            site[SITE.wet_bulb_temperature, s],
            site[SITE.pressure, s],
        )
        if has_chillers:
            plant[PLANT.condenser_temperature, p] += (
                step
                / plants[PLANT_DATA.condenser_heat_capacity, p]
                * (condenser_heat - rejected_heat)
            )
        else:
            removed = rejected_heat
        produced = leaving
        if rate > 0.0:
            produced -= (removed + economised) / rate
        tank_loss = 0.0
        has_tank = plants[PLANT_DATA.tank_layer_heat_capacity, p] > 0.0
        if has_tank:
            if rate > 0.0:
                plant[PLANT.produced_temperature, p] = first_order_lag(
                    plant[PLANT.produced_temperature, p], produced, step, SUPPLY_SENSOR_TIME
                )
            produced, tank_loss = pass_tank(
                p, plants, tank, rate, produced, site[SITE.dry_bulb_temperature, s], step
            )
        plant[PLANT.supply_temperature, p] += (
            step
            * rate
            / plants[PLANT_DATA.supply_heat_capacity, p]
            * (produced - plant[PLANT.supply_temperature, p])
        )
        if not has_tank:
            plant[PLANT.produced_temperature, p] = plant[PLANT.supply_temperature, p]
        plant[PLANT.heat_rejected, p] = rejected_heat + tank_loss
        plant[PLANT.water_use, p] = water
        plant[PLANT.bypass, p] = past
        plant[PLANT.cooler_temperature, p] = cold
        plant[PLANT.economiser_heat, p] = economised
        plant[PLANT.chiller_load, p] = load
        plant[PLANT.chiller_power, p] = power
