"""Facility-water plants in the coupled step: pumps, heat rejection, chillers, water use.

Without chillers the coolers act on the facility water itself; with chillers they cool the condenser
loop. Coolers of one plant are alike and share the flow evenly among those in service.
"""

from __future__ import annotations

import math

from physics.chiller import chilled_water, chiller_capacity
from physics.coil import coil_exchange
from physics.control import DIRECT, pi_step_clamping, rate_limit
from physics.cooling_tower import CP_WATER, merkel_tower
from physics.dry_cooler import adiabatic_pad
from physics.effectiveness_ntu import CROSSFLOW_UNMIXED
from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    CDU_LINK,
    HALL,
    HALL_DATA,
    HALL_LINK,
    ONLINE,
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    SITE,
    Floats,
    Indices,
)
from physics.factory.loops import loop_flow, speed_for_flow
from physics.jit import kernel, law
from physics.psychrometrics import CP_DRY_AIR, humidity_ratio_from_wet_bulb
from physics.tower_water import blow_down, drift_loss
from physics.volume import mixing_volume

FAN_GAIN = 0.06  # share per kelvin
FAN_INTEGRAL_TIME = 90.0  # s
FAN_RAMP_RATE = 1.0 / 60.0  # 1/s
PUMP_RAMP_RATE = 1.0 / 30.0  # 1/s
CONDENSER_PUMP_HEAD = 150e3  # Pa
CONDENSER_PUMP_EFFICIENCY = 0.65  # hydraulic times motor
CHILLER_TARGET_LOAD = 0.95  # another chiller starts above this share of capacity
CONDENSER_MINIMUM = 22.0  # degC: colder water does not suit the compressor
CONDENSER_APPROACH = 6.0  # K over the air's wet bulb (towers) or dry bulb (dry coolers)


@law
def units_online(unit: Floats, first: int, last: int) -> float:
    """Number of units in service among rows ``first:last``."""
    total = 0.0
    for i in range(first, last):
        total += unit[ONLINE, i]
    return total


@kernel()
def set_primary_flows(
    plants: Floats,
    plant_links: Indices,
    cdus: Floats,
    cdu_links: Indices,
    halls: Floats,
    hall_links: Indices,
    plant: Floats,
    cdu: Floats,
    hall: Floats,
    pump: Floats,
    crah: Floats,
    step: float,
) -> None:
    """Facility pumps hold the distribution pressure; every consumer gets its share of the flow."""
    count = plants.shape[1]
    for p in range(count):
        plant[PLANT.flow, p] = 0.0
        plant[PLANT.inflow_rate, p] = 0.0
        plant[PLANT.inflow_enthalpy, p] = 0.0
    for c in range(cdus.shape[1]):
        plant[PLANT.flow, cdu_links[CDU_LINK.plant, c]] += (
            cdu[CDU.valve, c] * cdus[CDU_DATA.rated_primary_flow, c]
        )
    for h in range(halls.shape[1]):
        units = (
            units_online(
                crah, hall_links[HALL_LINK.first_crah, h], hall_links[HALL_LINK.first_crah, h + 1]
            )
            * hall[HALL.crahs_fed, h]
        )
        plant[PLANT.flow, hall_links[HALL_LINK.air_plant, h]] += (
            units * hall[HALL.crah_valve, h] * halls[HALL_DATA.crah_rated_water_flow, h]
        )
    for p in range(count):
        wanted = plant[PLANT.flow, p]
        pumps = (
            units_online(
                pump,
                plant_links[PLANT_LINK.first_pump, p],
                plant_links[PLANT_LINK.first_pump, p + 1],
            )
            * plant[PLANT.pumps_fed, p]
        )
        flow, hydraulic = 0.0, 0.0
        if wanted > 0.0 and pumps > 0.0:
            resistance = (
                plants[PLANT_DATA.distribution_pressure, p] / (wanted * wanted)
                + plants[PLANT_DATA.equipment_resistance, p]
            )
            target = min(
                1.0,
                speed_for_flow(
                    wanted,
                    pumps,
                    plants[PLANT_DATA.pump_shutoff_head, p],
                    plants[PLANT_DATA.pump_curve, p],
                    resistance,
                ),
            )
            plant[PLANT.pump_speed, p] = rate_limit(
                target, plant[PLANT.pump_speed, p], PUMP_RAMP_RATE, step
            )
            flow = loop_flow(
                plant[PLANT.pump_speed, p],
                pumps,
                plants[PLANT_DATA.pump_shutoff_head, p],
                plants[PLANT_DATA.pump_curve, p],
                resistance,
            )
            hydraulic = resistance * flow * flow * flow
        else:
            plant[PLANT.pump_speed, p] = 0.0
        plant[PLANT.flow, p] = flow
        plant[PLANT.demand, p] = flow / wanted if wanted > 0.0 else 1.0
        plant[PLANT.pump_hydraulic_power, p] = hydraulic
        plant[PLANT.pump_power, p] = hydraulic / (
            plants[PLANT_DATA.pump_efficiency, p] * plants[PLANT_DATA.pump_motor_efficiency, p]
        )
    for c in range(cdus.shape[1]):
        cdu[CDU.primary_flow, c] = (
            cdu[CDU.valve, c]
            * cdus[CDU_DATA.rated_primary_flow, c]
            * plant[PLANT.demand, cdu_links[CDU_LINK.plant, c]]
        )


@law
def cooler_bank(
    p: int,
    plants: Floats,
    units: float,
    fan_speed: float,
    capacity_rate: float,
    inlet_temperature: float,
    fouling: float,
    dry_bulb: float,
    wet_bulb: float,
    pressure: float,
) -> tuple[float, float]:
    """Heat rejected [W] and water used [kg/s] by ``units`` equal coolers of plant ``p``.

    ``capacity_rate`` [W/K] is of the water through all of them; weather in degC and Pa.
    """
    if units <= 0.0 or capacity_rate <= 0.0:
        return 0.0, 0.0
    rate = capacity_rate / units
    clean = 1.0 - min(fouling, 0.99)
    if plants[PLANT_DATA.evaporative, p] > 0.0:
        heat, _, _, evaporation, _ = merkel_tower(
            fan_speed,
            rate / CP_WATER,
            inlet_temperature,
            dry_bulb,
            wet_bulb,
            pressure,
            plants[PLANT_DATA.cooler_rated_capacity_rate, p] / CP_WATER,
            plants[PLANT_DATA.cooler_air_capacity_rate, p],
            plants[PLANT_DATA.cooler_ua, p] * clean,
            0.4,
            0.6,
            plants[PLANT_DATA.cooler_natural_share, p],
        )
        evaporation = max(evaporation, 0.0)
        drift = drift_loss(rate / CP_WATER, plants[PLANT_DATA.cooler_drift_share, p])
        water = (
            evaporation + drift + blow_down(evaporation, plants[PLANT_DATA.cooler_cycles, p], drift)
        )
        return units * heat, units * water
    air_rate = plants[PLANT_DATA.cooler_air_capacity_rate, p] * max(
        fan_speed, plants[PLANT_DATA.cooler_natural_share, p]
    )
    air_temperature, water = dry_bulb, 0.0
    if (
        plants[PLANT_DATA.cooler_adiabatic_effectiveness, p] > 0.0
        and dry_bulb > plants[PLANT_DATA.cooler_adiabatic_threshold, p]
    ):
        humidity = humidity_ratio_from_wet_bulb(dry_bulb, wet_bulb, pressure)
        air_temperature, _, water = adiabatic_pad(
            air_rate / CP_DRY_AIR,
            dry_bulb,
            humidity,
            pressure,
            plants[PLANT_DATA.cooler_adiabatic_effectiveness, p],
        )
    film = 2.0 * plants[PLANT_DATA.cooler_ua, p]
    lost = 1.0 - clean
    heat, _, _, _ = coil_exchange(
        CROSSFLOW_UNMIXED,
        rate,
        1.0,
        inlet_temperature,
        air_rate,
        1.0,
        air_temperature,
        plants[PLANT_DATA.cooler_rated_capacity_rate, p],
        film,
        plants[PLANT_DATA.cooler_air_capacity_rate, p],
        film,
        0.0,
        0.8,
        0.6,
        lost / clean / plants[PLANT_DATA.cooler_ua, p],
    )
    return units * heat, units * water


@law
def chillers_needed(load: float, capacity: float, units: float) -> float:
    """How many chillers run for a load [W], each of ``capacity`` [W] at these temperatures."""
    if load <= 0.0 or units <= 0.0:
        return 0.0
    if capacity <= 0.0:
        return units
    return min(units, math.ceil(load / (CHILLER_TARGET_LOAD * capacity)))


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
    step: float,
) -> None:
    """Facility water from the consumers' return to their supply, and its heat to the sky."""
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
        coolers = units_online(
            cooler,
            plant_links[PLANT_LINK.first_cooler, p],
            plant_links[PLANT_LINK.first_cooler, p + 1],
        )
        chillers = min(
            plant[PLANT.chillers_fed, p],
            units_online(
                chiller,
                plant_links[PLANT_LINK.first_chiller, p],
                plant_links[PLANT_LINK.first_chiller, p + 1],
            ),
        )
        has_chillers = (
            plant_links[PLANT_LINK.first_chiller, p + 1] > plant_links[PLANT_LINK.first_chiller, p]
        )
        setpoint = plant[PLANT.supply_setpoint, p]
        if has_chillers:
            controlled = plant[PLANT.condenser_temperature, p]
            outdoors = site[SITE.dry_bulb_temperature, s]
            if plants[PLANT_DATA.evaporative, p] > 0.0:
                outdoors = site[SITE.wet_bulb_temperature, s]
            wanted = max(CONDENSER_MINIMUM, outdoors + CONDENSER_APPROACH)
        else:
            controlled, wanted = plant[PLANT.supply_temperature, p], setpoint
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
        plant[PLANT.fan_power, p] = (
            coolers * plants[PLANT_DATA.cooler_fan_power, p] * plant[PLANT.fan_speed, p] ** 3
        )

        removed, power, condenser_heat, condenser_rate, load = 0.0, 0.0, 0.0, 0.0, 0.0
        inlet = leaving
        if has_chillers:
            entering = plant[PLANT.condenser_temperature, p]
            capacity = chiller_capacity(
                setpoint,
                entering,
                plants[PLANT_DATA.chiller_capacity, p],
                chiller_capacity_curves[p],
            )
            running = chillers_needed(rate * (leaving - setpoint), capacity, chillers)
            if running > 0.0:
                _, cooling, electric, rejected, load = chilled_water(
                    setpoint,
                    leaving,
                    rate / running,
                    entering,
                    plants[PLANT_DATA.chiller_capacity, p],
                    plants[PLANT_DATA.chiller_cop, p],
                    chiller_capacity_curves[p],
                    chiller_eir_curves[p],
                    chiller_part_load_curves[p],
                    plants[PLANT_DATA.chiller_minimum_part_load, p],
                    plants[PLANT_DATA.chiller_minimum_part_load, p],
                )
                removed = running * cooling
                condenser_rate = running * plants[PLANT_DATA.condenser_capacity_rate, p]
                pumping = (
                    condenser_rate
                    / plants[PLANT_DATA.heat_capacity_per_flow, p]
                    * CONDENSER_PUMP_HEAD
                    / CONDENSER_PUMP_EFFICIENCY
                )
                power = running * electric + pumping
                condenser_heat = running * rejected + pumping
                inlet = entering + condenser_heat / condenser_rate
        cooler_rate = condenser_rate if has_chillers else rate
        rejected_heat, water = cooler_bank(
            p,
            plants,
            coolers,
            plant[PLANT.fan_speed, p],
            cooler_rate,
            inlet,
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
        plant[PLANT.supply_temperature, p] += (
            step
            / plants[PLANT_DATA.supply_heat_capacity, p]
            * (rate * (leaving - plant[PLANT.supply_temperature, p]) - removed)
        )
        plant[PLANT.heat_rejected, p] = rejected_heat
        plant[PLANT.water_use, p] = water
        plant[PLANT.chiller_load, p] = load
        plant[PLANT.chiller_power, p] = power
