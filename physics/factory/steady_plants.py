"""Facility-water plants at rest: pumps, fans, stages of chillers, and the supply temperature.

Given what the consumers return at the present supply temperature, the temperature at which the
plant would settle; the solver then moves the supply there.
"""

from __future__ import annotations

import math

from physics.chiller import chiller_capacity
from physics.economiser import FREE, MECHANICAL, PARTIAL, changeover
from physics.factory.arrays import (
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    SITE,
    TANK_LAYERS,
    Floats,
    Indices,
)
from physics.factory.banks import settle_bank, units_online
from physics.factory.chillers import (
    ENABLE_DIFFERENCE,
    HEAD_PRESSURE_MINIMUM,
    LEAST_LOAD,
    MODE_HOLD,
    MODE_HYSTERESIS,
    chillers_needed,
    condenser_pumps,
    condenser_setpoint,
    cool_mechanically,
    economise,
    predicted_supply,
)
from physics.factory.coolers import bypass_floor, cooler_bank
from physics.factory.facility_pumps import (
    PUMP_UP_SPEED,
    pump_plant,
    speed_of_pumps,
    system_resistance,
)
from physics.factory.plants import LOWEST_SETPOINT, outdoors
from physics.factory.sensors import held_value
from physics.jit import kernel, law

HALVINGS = 50
WIDEST = 80.0  # K around a set point where a temperature is looked for
HOTTEST_WATER = 98.0  # degC of open water
SCAN = 1.0  # K between condenser temperatures looked at
RESTED = 1e6  # s: units have been in their state for long
FASTEST, SLOWEST = -20.0, -0.6  # bounds of the slope of the settled over the assumed temperature


@law
def settle_facility_pumps(
    p: int, plants: Floats, plant_links: Indices, plant: Floats, pump: Floats
) -> None:
    """Number and speed of the pumps for the flow asked for, and the flow there is."""
    first, last = plant_links[PLANT_LINK.first_pump, p], plant_links[PLANT_LINK.first_pump, p + 1]
    wanted = plant[PLANT.flow, p]
    resistance, number, speed = 0.0, plants[PLANT_DATA.pumps_required, p], 0.0
    if wanted > 0.0:
        resistance = system_resistance(p, plants, wanted)
        while (
            number < last - first
            and speed_of_pumps(p, plants, wanted, number, resistance) > PUMP_UP_SPEED
        ):
            number += 1.0
    fed = plant[PLANT.pumps_fed, p] * (1.0 - plant[PLANT.low_level_trip, p])
    running = settle_bank(pump, first, last, number, 0.0, fed, RESTED)
    if wanted > 0.0 and running > 0.0:
        speed = min(1.0, speed_of_pumps(p, plants, wanted, running, resistance))
    plant[PLANT.pump_speed, p] = speed
    plant[PLANT.pumps_wanted, p] = number
    plant[PLANT.pump_stage_time, p] = RESTED
    plant[PLANT.pumps_running, p] = running
    pump_plant(p, plants, plant, running, resistance)


@law
def rejected(
    p: int, plants: Floats, plant: Floats, site: Floats, s: int, coolers: float, fan_speed: float,
    rate: float, inlet: float,
) -> tuple[float, float]:  # fmt: skip
    """Heat [W] and water [kg/s] of plant ``p``'s coolers for water of a rate [W/K] entering."""
    return cooler_bank(
        p,
        plants,
        coolers,
        fan_speed,
        rate,
        inlet,
        plant[PLANT.fouling, p],
        site[SITE.dry_bulb_temperature, s],
        site[SITE.wet_bulb_temperature, s],
        site[SITE.pressure, s],
    )


@law
def settle_coolers(
    p: int, plants: Floats, plant: Floats, site: Floats, s: int, coolers: float, target: float,
    rate: float, heat: float, floor: float,
) -> tuple[float, float]:  # fmt: skip
    """Temperature [degC] of the water leaving the coolers, and fan speed, for a heat [W].

    At the target [degC] with the fan speed it takes, else warmer at full or colder at no speed, but
    no colder than the floor [degC] where a by-pass holds that. Fans without power stand still. NaN
    where there is no such temperature within ``WIDEST`` of the target.
    """
    rise = heat / rate
    full = plant[PLANT.fans_fed, p]
    wanted = min(max(target, -WIDEST), WIDEST)
    most, _ = rejected(p, plants, plant, site, s, coolers, full, rate, wanted + rise)
    least, _ = rejected(p, plants, plant, site, s, coolers, 0.0, rate, wanted + rise)
    if least <= heat <= most:
        low, high = 0.0, full
        for _ in range(HALVINGS):
            speed = 0.5 * (low + high)
            given, _ = rejected(p, plants, plant, site, s, coolers, speed, rate, wanted + rise)
            if given < heat:
                low = speed
            else:
                high = speed
        return wanted, 0.5 * (low + high)
    if most < heat:
        speed, low, high = full, wanted, min(wanted + WIDEST, HOTTEST_WATER - rise)
        given, _ = rejected(p, plants, plant, site, s, coolers, speed, rate, high + rise)
        if high <= low or given < heat:
            return math.nan, speed
    else:  # water as cold as the air's wet bulb gives off nothing more
        speed, low, high = 0.0, min(wanted, site[SITE.wet_bulb_temperature, s] - rise), wanted
    for _ in range(HALVINGS):
        leaving = 0.5 * (low + high)
        given, _ = rejected(p, plants, plant, site, s, coolers, speed, rate, leaving + rise)
        if given < heat:
            low = leaving
        else:
            high = leaving
    leaving = 0.5 * (low + high)
    if speed == 0.0 and plants[PLANT_DATA.cooler_bypass, p] > 0.0:
        leaving = max(leaving, floor)
    return leaving, speed


@law
def chilled_supply(
    p: int, plants: Floats, capacity_curves: Floats, eir_curves: Floats, part_load_curves: Floats,
    mode: int, running: float, pumps: float, setpoint: float, rate: float, heat: float,
    condenser_water: float,
) -> float:  # fmt: skip
    """Supply temperature [degC] at which economiser and chillers take a heat [W] from the water.

    The set point where they can; NaN where they cannot within ``WIDEST`` above it.
    """
    low, high = setpoint, setpoint + WIDEST
    for turn in range(HALVINGS + 2):
        supply = setpoint if turn == 0 else high if turn == 1 else 0.5 * (low + high)
        economised, removed, _, _, _, _ = cool_mechanically(
            p, plants, capacity_curves, eir_curves, part_load_curves, mode, running, pumps,
            setpoint, supply + heat / rate, rate, condenser_water,
        )  # fmt: skip
        enough = economised + removed >= heat * (1.0 - 1e-12)
        if turn == 0 and enough:
            return setpoint
        if turn == 1 and not enough:
            return math.nan
        if enough:
            high = supply
        else:
            low = supply
    return 0.5 * (low + high)


@law
def chillers_for(
    p: int, plants: Floats, capacity_curves: Floats, load: float, setpoint: float,
    condenser_water: float, most: float,
) -> float:  # fmt: skip
    """Fewest chillers that carry a load [W] below the share at which another starts."""
    capacity = chiller_capacity(
        setpoint,
        max(condenser_water, HEAD_PRESSURE_MINIMUM),
        plants[PLANT_DATA.chiller_capacity, p],
        capacity_curves[p],
    )
    if load <= LEAST_LOAD * plants[PLANT_DATA.chiller_capacity, p]:
        return 0.0
    return chillers_needed(load, capacity, most)


@law
def chill(
    p: int, plants: Floats, plant: Floats, capacity_curves: Floats, eir_curves: Floats,
    part_load_curves: Floats, mode: int, available: float, fitted: float, setpoint: float,
    rate: float, heat: float, condenser_water: float,
) -> tuple[float, float, float, float, float, float, float]:  # fmt: skip
    """Chillers and economiser of plant ``p`` at rest with condenser water of a temperature [degC].

    Returns supply temperature [degC] (NaN: none), chillers running, economised heat [W], electric
    power [W], heat to the condenser loop [W], its capacity rate [W/K], part load.
    """
    # chillers for what the economiser leaves, with as many pumps as it runs with
    pumps = plant[PLANT.pumps_fed, p] * condenser_pumps(p, plants, mode, 0.0, fitted, heat)
    free, _, _ = economise(
        p, plants, mode, pumps, setpoint, setpoint + heat / rate, rate, condenser_water
    )
    running = chillers_for(
        p, plants, capacity_curves, heat - free, setpoint, condenser_water, available
    )
    pumps = plant[PLANT.pumps_fed, p] * condenser_pumps(p, plants, mode, running, fitted, heat)
    supply = chilled_supply(
        p, plants, capacity_curves, eir_curves, part_load_curves, mode, running, pumps, setpoint,
        rate, heat, condenser_water,
    )  # fmt: skip
    if running == 0.0 and available > 0.0 and math.isnan(supply):
        # too little for a chiller to run on: it comes and goes, and on average holds the set point
        running = 1.0
        pumps = plant[PLANT.pumps_fed, p] * condenser_pumps(p, plants, mode, running, fitted, heat)
        supply = chilled_supply(
            p, plants, capacity_curves, eir_curves, part_load_curves, mode, running, pumps,
            setpoint, rate, heat, condenser_water,
        )  # fmt: skip
    warm = setpoint + WIDEST if math.isnan(supply) else supply
    economised, _, power, given, condenser_rate, load = cool_mechanically(
        p, plants, capacity_curves, eir_curves, part_load_curves, mode, running, pumps, setpoint,
        warm + heat / rate, rate, condenser_water,
    )  # fmt: skip
    if math.isnan(supply):
        load = 1.0
    return supply, running, economised, power, given, condenser_rate, load


@law
def settle_chilled(
    p: int,
    plants: Floats,
    plant_links: Indices,
    capacity_curves: Floats,
    eir_curves: Floats,
    part_load_curves: Floats,
    plant: Floats,
    site: Floats,
    s: int,
    coolers: float,
    chiller: Floats,
    setpoint: float,
    rate: float,
    heat: float,
) -> float:
    """Supply temperature [degC] of a plant with chillers for a heat [W]; NaN where there is none.

    Finds the mode of the economiser, the number of chillers, and the condenser temperature at which
    the coolers reject what the condensers give.
    """
    first, last = (
        plant_links[PLANT_LINK.first_chiller, p],
        plant_links[PLANT_LINK.first_chiller, p + 1],
    )
    fitted = float(last - first)
    air = outdoors(p, plants, site, s)
    mode = MECHANICAL
    if plants[PLANT_DATA.economiser_ua, p] > 0.0:
        mode, _ = changeover(
            int(plant[PLANT.economiser_mode, p]),
            RESTED,
            predicted_supply(p, plants, air),
            setpoint + heat / rate,
            plant[PLANT.supply_setpoint, p],
            1.0,
            ENABLE_DIFFERENCE,
            MODE_HYSTERESIS,
            MODE_HOLD,
            plants[PLANT_DATA.economiser_parallel, p] == 0.0,
        )
    available = min(plant[PLANT.chillers_fed, p], units_online(chiller, first, last))
    supply, running, condenser_water, fan_speed = math.nan, 0.0, 0.0, 0.0
    power, economised, load, given = 0.0, 0.0, 0.0, 0.0
    for _ in range(2):
        most = available if mode != FREE else 0.0
        # stage 0: the temperature that the fans are asked to hold, which falls as chillers strain;
        # 1: upwards from there at full fans until they reject enough; 2: between two such; 3: done
        stage, fan_speed = 0, 0.0
        low = condenser_setpoint(p, plants, mode, setpoint, air, 1.0)
        high = condenser_setpoint(p, plants, mode, setpoint, air, 0.0)
        condenser_water = high
        for turn in range(3 * HALVINGS):
            supply, running, economised, power, given, condenser_rate, load = chill(
                p, plants, plant, capacity_curves, eir_curves, part_load_curves, mode, most, fitted,
                setpoint, rate, heat, condenser_water,
            )  # fmt: skip
            if condenser_rate <= 0.0 or stage == 3:
                break
            if stage == 0:
                asked = condenser_setpoint(p, plants, mode, setpoint, air, load)
                at_root = high - low < 1e-9
                if turn == 0:
                    at_root = asked >= condenser_water - 1e-9
                if not at_root:
                    if asked < condenser_water:
                        high = condenser_water
                    else:
                        low = condenser_water
                    condenser_water = 0.5 * (low + high)
                    continue
                floor = bypass_floor(condenser_water, condenser_water)
                settled, fan_speed = settle_coolers(
                    p, plants, plant, site, s, coolers, condenser_water, condenser_rate, given,
                    floor,
                )  # fmt: skip
                if settled == condenser_water:
                    break
                if settled == floor and fan_speed == 0.0:
                    condenser_water, stage = floor, 3
                    continue
                low, high = condenser_water, condenser_water + WIDEST
                stage = 1
                if settled < condenser_water:
                    low, high, stage = condenser_water - WIDEST, condenser_water, 2
            else:
                out, _ = rejected(
                    p, plants, plant, site, s, coolers, fan_speed, condenser_rate,
                    condenser_water + given / condenser_rate,
                )  # fmt: skip
                if out < given:
                    low = condenser_water
                else:
                    high, stage = condenser_water, 2
            if stage == 2 and high - low < 1e-10:
                stage = 3
            condenser_water = condenser_water + SCAN if stage == 1 else 0.5 * (low + high)
            if condenser_water > high:
                break
        if mode == FREE and not supply <= setpoint + 1.0:
            mode = PARTIAL if plants[PLANT_DATA.economiser_parallel, p] == 0.0 else MECHANICAL
            continue
        break
    plant[PLANT.economiser_mode, p] = mode
    plant[PLANT.economiser_time, p] = RESTED
    plant[PLANT.chillers_wanted, p] = running
    plant[PLANT.stage_time, p] = RESTED
    plant[PLANT.chillers_running, p] = settle_bank(
        chiller,
        first,
        last,
        running,
        plant[PLANT.lead_chiller, p],
        1.0 if available > 0.0 else 0.0,
        RESTED,
    )
    plant[PLANT.condenser_temperature, p] = condenser_water
    plant[PLANT.fan_speed, p] = fan_speed
    plant[PLANT.economiser_heat, p] = economised
    plant[PLANT.chiller_load, p] = load
    plant[PLANT.chiller_power, p] = power
    plant[PLANT.heat_rejected, p] = given
    return supply


@law
def settle_tank(
    p: int, plants: Floats, tank: Floats, rate: float, inlet: float, ambient: float
) -> float:
    """Layers of the buffer tank at rest; returns the temperature [degC] that leaves at the bottom.

    Water that the ambient cools on its way down lies in layers; one that it warms is mixed.
    """
    loss = plants[PLANT_DATA.tank_layer_loss, p]
    if ambient > inlet:
        all_layers = TANK_LAYERS * loss
        mixed = (rate * inlet + all_layers * ambient) / (rate + all_layers)
        for i in range(TANK_LAYERS):
            tank[p, i] = mixed
        return float(mixed)
    temperature = inlet
    for i in range(TANK_LAYERS - 1, -1, -1):
        temperature = (rate * temperature + loss * ambient) / (rate + loss)
        tank[p, i] = temperature
    return temperature


@kernel()
def settle_plants(
    plants: Floats,
    plant_links: Indices,
    capacity_curves: Floats,
    eir_curves: Floats,
    part_load_curves: Floats,
    plant: Floats,
    site: Floats,
    cooler: Floats,
    pump: Floats,
    chiller: Floats,
    tank: Floats,
    sensor: Floats,
    last_temperature: Floats,
    last_change: Floats,
) -> int:
    """Move every plant's supply temperature towards where it settles with the present returns.

    ``last_temperature`` and ``last_change`` [P] carry the secant from call to call (NaN at first).
    Returns the first plant whose water takes up heat that nothing takes off, or -1.
    """
    lost = -1
    for p in range(plants.shape[1]):
        s = plant_links[PLANT_LINK.site, p]
        settle_facility_pumps(p, plants, plant_links, plant, pump)
        rate = plant[PLANT.inflow_rate, p]
        assumed = plant[PLANT.supply_temperature, p]
        taken = plant[PLANT.inflow_enthalpy, p] - rate * assumed
        heat = taken + plant[PLANT.pump_hydraulic_power, p]
        plant[PLANT.heat, p] = taken
        if rate <= 0.0:
            plant[PLANT.fan_speed, p] = 0.0
            plant[PLANT.fan_integral, p] = 0.0
            plant[PLANT.fan_power, p] = 0.0
            continue
        coolers = units_online(
            cooler,
            plant_links[PLANT_LINK.first_cooler, p],
            plant_links[PLANT_LINK.first_cooler, p + 1],
        )
        target = held_value(p, sensor, plant[PLANT.supply_setpoint, p])
        ambient = site[SITE.dry_bulb_temperature, s]
        # a buffer tank in the sun adds its gain to what is to be taken off
        produced, drop = plant[PLANT.produced_temperature, p], 0.0
        has_tank = plants[PLANT_DATA.tank_layer_heat_capacity, p] > 0.0
        if has_tank:
            drop = settle_tank(p, plants, tank, rate, produced, ambient) - produced
        if plant_links[PLANT_LINK.first_chiller, p + 1] > plant_links[PLANT_LINK.first_chiller, p]:
            setpoint = max(min(LOWEST_SETPOINT, plant[PLANT.supply_setpoint, p]), target)
            setpoint = min(setpoint, WIDEST)
            produced = settle_chilled(
                p, plants, plant_links, capacity_curves, eir_curves, part_load_curves, plant, site,
                s, coolers, chiller, setpoint, rate, heat + rate * drop,
            )  # fmt: skip
        else:
            produced, plant[PLANT.fan_speed, p] = settle_coolers(
                p, plants, plant, site, s, coolers, target, rate, heat + rate * drop,
                bypass_floor(plant[PLANT.supply_setpoint, p], target),
            )  # fmt: skip
            plant[PLANT.heat_rejected, p] = heat + rate * drop
        plant[PLANT.fan_integral, p] = plant[PLANT.fan_speed, p]
        plant[PLANT.fan_power, p] = (
            coolers * plants[PLANT_DATA.cooler_fan_power, p] * plant[PLANT.fan_speed, p] ** 3
        )
        if math.isnan(produced):
            if lost < 0:
                lost = p
            produced = assumed
        supply = produced + drop
        change = supply - assumed
        slope = -1.0
        if not math.isnan(last_change[p]) and abs(assumed - last_temperature[p]) > 1e-9:
            slope = (change - last_change[p]) / (assumed - last_temperature[p])
            slope = min(SLOWEST, max(FASTEST, slope))
        last_temperature[p], last_change[p] = assumed, change
        moved = min(10.0, max(-10.0, -change / slope))
        plant[PLANT.supply_temperature, p] = assumed + moved
        plant[PLANT.produced_temperature, p] = assumed + moved - drop
        plant[PLANT.return_temperature, p] = assumed + moved + heat / rate
    return lost
