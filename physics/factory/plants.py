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
    CduConstants,
    CduState,
    HallConstants,
    HallState,
    PlantConstants,
    PlantState,
    SiteState,
    UnitState,
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
CONDENSER_SETPOINT = 22.0  # degC: cold enough for efficiency, warm enough for the compressor


@law
def units_online(unit: UnitState, first: int, last: int) -> float:
    """Number of units in service among rows ``first:last``."""
    total = 0.0
    for i in range(first, last):
        total += unit.online[i]
    return total


@kernel()
def set_primary_flows(
    plants: PlantConstants,
    cdus: CduConstants,
    halls: HallConstants,
    plant: PlantState,
    cdu: CduState,
    hall: HallState,
    pump: UnitState,
    crah: UnitState,
    step: float,
) -> None:
    """Facility pumps hold the distribution pressure; every consumer gets its share of the flow."""
    count = plants.site.shape[0]
    for p in range(count):
        plant.flow[p] = 0.0
        plant.inflow_rate[p] = 0.0
        plant.inflow_enthalpy[p] = 0.0
    for c in range(cdus.plant.shape[0]):
        plant.flow[cdus.plant[c]] += cdu.valve[c] * cdus.rated_primary_flow[c]
    for h in range(halls.site.shape[0]):
        units = units_online(crah, halls.first_crah[h], halls.first_crah[h + 1]) * hall.fed[h]
        plant.flow[halls.air_plant[h]] += (
            units * hall.crah_valve[h] * halls.crah_rated_water_flow[h]
        )
    for p in range(count):
        wanted = plant.flow[p]
        pumps = units_online(pump, plants.first_pump[p], plants.first_pump[p + 1]) * plant.fed[p]
        flow, hydraulic = 0.0, 0.0
        if wanted > 0.0 and pumps > 0.0:
            resistance = (
                plants.distribution_pressure[p] / (wanted * wanted)
                + plants.equipment_resistance[p]
            )
            target = min(1.0, speed_for_flow(
                wanted, pumps, plants.pump_shutoff_head[p], plants.pump_curve[p], resistance
            ))
            plant.pump_speed[p] = rate_limit(target, plant.pump_speed[p], PUMP_RAMP_RATE, step)
            flow = loop_flow(
                plant.pump_speed[p], pumps, plants.pump_shutoff_head[p], plants.pump_curve[p],
                resistance,
            )
            hydraulic = resistance * flow * flow * flow
        else:
            plant.pump_speed[p] = 0.0
        plant.flow[p] = flow
        plant.demand[p] = flow / wanted if wanted > 0.0 else 1.0
        plant.pump_hydraulic_power[p] = hydraulic
        plant.pump_power[p] = hydraulic / (
            plants.pump_efficiency[p] * plants.pump_motor_efficiency[p]
        )
    for c in range(cdus.plant.shape[0]):
        cdu.primary_flow[c] = (
            cdu.valve[c] * cdus.rated_primary_flow[c] * plant.demand[cdus.plant[c]]
        )


@law
def cooler_bank(
    p: int,
    plants: PlantConstants,
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
    if plants.evaporative[p] > 0.0:
        heat, _, _, evaporation, _ = merkel_tower(
            fan_speed, rate / CP_WATER, inlet_temperature, dry_bulb, wet_bulb, pressure,
            plants.cooler_rated_capacity_rate[p] / CP_WATER, plants.cooler_air_capacity_rate[p],
            plants.cooler_ua[p] * clean, 0.4, 0.6, plants.cooler_natural_share[p],
        )
        evaporation = max(evaporation, 0.0)
        drift = drift_loss(rate / CP_WATER, plants.cooler_drift_share[p])
        water = evaporation + drift + blow_down(evaporation, plants.cooler_cycles[p], drift)
        return units * heat, units * water
    air_rate = plants.cooler_air_capacity_rate[p] * max(fan_speed, plants.cooler_natural_share[p])
    air_temperature, water = dry_bulb, 0.0
    if (
        plants.cooler_adiabatic_effectiveness[p] > 0.0
        and dry_bulb > plants.cooler_adiabatic_threshold[p]
    ):
        humidity = humidity_ratio_from_wet_bulb(dry_bulb, wet_bulb, pressure)
        air_temperature, _, water = adiabatic_pad(
            air_rate / CP_DRY_AIR, dry_bulb, humidity, pressure,
            plants.cooler_adiabatic_effectiveness[p],
        )
    film = 2.0 * plants.cooler_ua[p]
    lost = 1.0 - clean
    heat, _, _, _ = coil_exchange(
        CROSSFLOW_UNMIXED, rate, 1.0, inlet_temperature, air_rate, 1.0, air_temperature,
        plants.cooler_rated_capacity_rate[p], film, plants.cooler_air_capacity_rate[p], film,
        0.0, 0.8, 0.6, lost / clean / plants.cooler_ua[p],
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
    plants: PlantConstants,
    plant: PlantState,
    site: SiteState,
    cooler: UnitState,
    chiller: UnitState,
    step: float,
) -> None:
    """Facility water from the consumers' return to their supply, and its heat to the sky."""
    for p in range(plants.site.shape[0]):
        s = plants.site[p]
        rate = plant.inflow_rate[p]
        arriving = plant.inflow_enthalpy[p] / rate if rate > 0.0 else plant.return_temperature[p]
        plant.heat[p] = plant.inflow_enthalpy[p] - rate * plant.supply_temperature[p]
        plant.return_temperature[p], leaving = mixing_volume(
            plant.return_temperature[p], plants.return_heat_capacity[p], rate, arriving,
            plant.pump_hydraulic_power[p], step,
        )
        coolers = units_online(cooler, plants.first_cooler[p], plants.first_cooler[p + 1])
        chillers = plant.fed[p] * units_online(
            chiller, plants.first_chiller[p], plants.first_chiller[p + 1]
        )
        has_chillers = plants.first_chiller[p + 1] > plants.first_chiller[p]
        setpoint = plant.supply_setpoint[p]
        if has_chillers:
            controlled, wanted = plant.condenser_temperature[p], CONDENSER_SETPOINT
        else:
            controlled, wanted = plant.supply_temperature[p], setpoint
        plant.fan_speed[p], plant.fan_integral[p] = pi_step_clamping(
            controlled, wanted, plant.fan_integral[p], plant.fan_speed[p], step, FAN_GAIN,
            FAN_INTEGRAL_TIME, DIRECT, 0.0, 1.0, FAN_RAMP_RATE,
        )
        if plant.fed[p] == 0.0:
            plant.fan_speed[p] = 0.0
        plant.fan_power[p] = coolers * plants.cooler_fan_power[p] * plant.fan_speed[p] ** 3

        removed, power, condenser_heat, condenser_rate, load = 0.0, 0.0, 0.0, 0.0, 0.0
        inlet = leaving
        if has_chillers:
            entering = plant.condenser_temperature[p]
            capacity = chiller_capacity(
                setpoint, entering, plants.chiller_capacity[p], plants.chiller_capacity_curve[p]
            )
            running = chillers_needed(rate * (leaving - setpoint), capacity, chillers)
            if running > 0.0:
                _, cooling, electric, rejected, load = chilled_water(
                    setpoint, leaving, rate / running, entering, plants.chiller_capacity[p],
                    plants.chiller_cop[p], plants.chiller_capacity_curve[p],
                    plants.chiller_eir_curve[p], plants.chiller_part_load_curve[p],
                    plants.chiller_minimum_part_load[p], plants.chiller_minimum_part_load[p],
                )
                removed = running * cooling
                condenser_rate = running * plants.condenser_capacity_rate[p]
                pumping = (
                    condenser_rate / plants.heat_capacity_per_flow[p]
                    * CONDENSER_PUMP_HEAD / CONDENSER_PUMP_EFFICIENCY
                )
                power = running * electric + pumping
                condenser_heat = running * rejected + pumping
                inlet = entering + condenser_heat / condenser_rate
        cooler_rate = condenser_rate if has_chillers else rate
        rejected_heat, water = cooler_bank(
            p, plants, coolers, plant.fan_speed[p], cooler_rate, inlet, plant.fouling[p],
            site.dry_bulb_temperature[s], site.wet_bulb_temperature[s], site.pressure[s],
        )
        if has_chillers:
            plant.condenser_temperature[p] += (
                step / plants.condenser_heat_capacity[p] * (condenser_heat - rejected_heat)
            )
        else:
            removed = rejected_heat
        plant.supply_temperature[p] += step / plants.supply_heat_capacity[p] * (
            rate * (leaving - plant.supply_temperature[p]) - removed
        )
        plant.heat_rejected[p] = rejected_heat
        plant.water_use[p] = water
        plant.chiller_load[p] = load
        plant.chiller_power[p] = power
