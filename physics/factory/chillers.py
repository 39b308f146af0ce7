"""Chillers and economiser of a plant in the coupled step: staging, changeover, heat and power.

In series the water from the consumers passes the economiser's exchanger before the chillers, the
water from the coolers before the condensers. In parallel one or the other has all of it.
"""

from __future__ import annotations

import math

from physics.chiller import chilled_water, chiller_capacity
from physics.economiser import FREE, MECHANICAL, changeover, series_economiser
from physics.factory.arrays import PLANT, PLANT_DATA, PLANT_LINK, Floats, Indices
from physics.factory.banks import stage_bank, units_online
from physics.jit import law
from physics.staging import rotate_lead, stage_count

CONDENSER_PUMP_HEAD = 150e3  # Pa
CONDENSER_PUMP_EFFICIENCY = 0.65  # hydraulic times motor
CONDENSER_MINIMUM = 22.0  # degC: colder water does not suit the compressor
CONDENSER_APPROACH = 6.0  # K over the air's wet bulb (towers) or dry bulb (dry coolers)
STRAINED_LOAD = 0.85  # part load of the chillers from which the fans are asked for more
HEAD_PRESSURE_MINIMUM = 15.0  # degC to which a by-pass mixes colder water at the condensers
STAGE_UP_LOAD = 0.95  # another chiller starts above this share of capacity
STAGE_DOWN_LOAD = 0.8  # one stops when the others would stay below it
LEAST_LOAD = 0.01  # share of capacity below which none need run
STAGE_HOLD = 300.0  # s between changes of stage
STAGE_HURRY = 60.0  # s, the same while the supply is too warm
TOO_WARM = 1.5  # K over the set point
ENABLE_DIFFERENCE = 2.0  # K by which the economiser must be able to cool the return
MODE_HYSTERESIS = 1.0  # K
MODE_HOLD = 600.0  # s between changes of the economiser's mode
COOLING_WATER_MINIMUM = 5.0  # degC that the coolers keep while they cool the water directly


@law
def predicted_supply(p: int, plants: Floats, outdoors: float) -> float:
    """What the economiser would cool the water to in this weather [degC].

    outdoors: wet bulb (towers) or dry bulb (dry coolers) [degC].
    """
    water = max(COOLING_WATER_MINIMUM, outdoors + CONDENSER_APPROACH)
    return water + float(plants[PLANT_DATA.economiser_approach, p])


@law
def condenser_setpoint(
    p: int, plants: Floats, mode: int, setpoint: float, outdoors: float, load: float
) -> float:
    """Temperature that the coolers' fans hold in the condenser loop [degC].

    Mechanical cooling: what the weather gives at a moderate fan speed, not below what compressors
    like; as the chillers' part load nears one, for which colder water is capacity, as cold as can
    be. With the economiser: cold enough to meet the supply set point [degC] through its exchanger.
    """
    strained = min(1.0, max(0.0, (load - STRAINED_LOAD) / (1.0 - STRAINED_LOAD)))
    reachable = outdoors + CONDENSER_APPROACH * (1.0 - strained)
    if mode == MECHANICAL:
        return max(CONDENSER_MINIMUM, reachable)
    wanted = setpoint - float(plants[PLANT_DATA.economiser_approach, p])
    return max(COOLING_WATER_MINIMUM, wanted, reachable)


@law
def change_economiser(
    p: int, plants: Floats, plant: Floats, outdoors: float, returned: float, step: float
) -> int:
    """Economiser mode of plant ``p`` after a step.

    returned: temperature of the water from the consumers [degC].
    """
    if plants[PLANT_DATA.economiser_ua, p] <= 0.0:
        return MECHANICAL
    mode = int(plant[PLANT.economiser_mode, p])
    expected = predicted_supply(p, plants, outdoors)
    if mode == FREE and plant[PLANT.economiser_time, p] > STAGE_HOLD:
        # what is, where the forecast was too kind
        expected = max(expected, plant[PLANT.produced_temperature, p])
    mode, time = changeover(
        mode,
        plant[PLANT.economiser_time, p],
        expected,
        returned,
        plant[PLANT.supply_setpoint, p],
        step,
        ENABLE_DIFFERENCE,
        MODE_HYSTERESIS,
        MODE_HOLD,
        plants[PLANT_DATA.economiser_parallel, p] == 0.0,
    )
    plant[PLANT.economiser_mode, p] = mode
    plant[PLANT.economiser_time, p] = time
    return mode


@law
def stage_chillers(
    p: int,
    plants: Floats,
    plant_links: Indices,
    capacity_curves: Floats,
    plant: Floats,
    chiller: Floats,
    mode: int,
    load: float,
    setpoint: float,
    step: float,
) -> float:
    """Number of chillers of plant ``p`` that run after a step, for a load [W].

    By load and capacity at the present temperatures, with times held between changes; a unit that
    fails is replaced by the next in line, and units take turns at leading. No more run than the
    power supply permits.
    """
    first, last = (
        plant_links[PLANT_LINK.first_chiller, p],
        plant_links[PLANT_LINK.first_chiller, p + 1],
    )
    capacity = chiller_capacity(
        setpoint,
        max(plant[PLANT.condenser_temperature, p], HEAD_PRESSURE_MINIMUM),
        plants[PLANT_DATA.chiller_capacity, p],
        capacity_curves[p],
    )
    permitted = plant[PLANT.chillers_fed, p]
    most = int(min(units_online(chiller, first, last), permitted))
    least = 0
    if load <= LEAST_LOAD * plants[PLANT_DATA.chiller_capacity, p]:
        load = -1.0  # none at all, so that the last one stops as well
    elif most > 0:
        least = 1
    if mode == FREE:
        most, least = 0, 0
    hold = STAGE_HOLD
    if plant[PLANT.produced_temperature, p] > plant[PLANT.supply_setpoint, p] + TOO_WARM:
        hold = STAGE_HURRY
    wanted, time = stage_count(
        load,
        int(plant[PLANT.chillers_wanted, p]),
        plant[PLANT.stage_time, p],
        capacity,
        least,
        most,
        step,
        STAGE_UP_LOAD,
        STAGE_DOWN_LOAD,
        hold,
    )
    plant[PLANT.chillers_wanted, p] = wanted
    plant[PLANT.stage_time, p] = time
    lead, time = rotate_lead(
        int(plant[PLANT.lead_chiller, p]),
        plant[PLANT.lead_time, p],
        last - first,
        plants[PLANT_DATA.rotation_interval, p],
        step,
    )
    plant[PLANT.lead_chiller, p] = lead
    plant[PLANT.lead_time, p] = time
    running = stage_bank(
        chiller,
        first,
        last,
        wanted,
        lead,
        1.0 if permitted > 0.0 else 0.0,
        plants[PLANT_DATA.chiller_minimum_on_time, p],
        plants[PLANT_DATA.chiller_minimum_off_time, p],
        plants[PLANT_DATA.chiller_start_time, p],
        plants[PLANT_DATA.chiller_restart_delay, p],
        step,
    )
    return float(min(running, permitted))


@law
def chillers_needed(load: float, capacity: float, units: float) -> float:
    """How many chillers run for a load [W], each of ``capacity`` [W] at these temperatures."""
    if load <= 0.0 or units <= 0.0:
        return 0.0
    if capacity <= 0.0:
        return units
    return min(units, math.ceil(load / (STAGE_UP_LOAD * capacity)))


@law
def condenser_pumps(
    p: int, plants: Floats, mode: int, running: float, most: float, load: float
) -> float:
    """Condenser pumps that run: one per chiller, and with the economiser enough for its load."""
    pumps = running
    if mode != MECHANICAL and load > 0.0:
        share = load / (STAGE_UP_LOAD * plants[PLANT_DATA.chiller_capacity, p])
        pumps = max(pumps, math.ceil(share))
    return min(pumps, most)


@law
def economise(
    p: int,
    plants: Floats,
    mode: int,
    pumps: float,
    setpoint: float,
    returned: float,
    rate: float,
    condenser_water: float,
) -> tuple[float, float, float]:
    """Heat that the economiser of plant ``p`` takes from the water [W], and the temperatures [degC]
    with which it enters the chillers and the cooling water the condensers.

    Arguments as in :func:`cool_mechanically`.
    """
    condenser_rate = pumps * plants[PLANT_DATA.condenser_capacity_rate, p]
    if mode == MECHANICAL or condenser_rate <= 0.0 or rate <= 0.0:
        return 0.0, returned, condenser_water
    heat, _, entering, condensing = series_economiser(
        mode,
        plants[PLANT_DATA.economiser_ua, p],
        rate,
        returned,
        condenser_rate,
        condenser_water,
        setpoint,
    )
    return heat, entering, condensing


@law
def cool_mechanically(
    p: int,
    plants: Floats,
    capacity_curves: Floats,
    eir_curves: Floats,
    part_load_curves: Floats,
    mode: int,
    running: float,
    pumps: float,
    setpoint: float,
    returned: float,
    rate: float,
    condenser_water: float,
) -> tuple[float, float, float, float, float, float]:
    """Economiser and ``running`` chillers of plant ``p`` on water of a capacity rate [W/K].

    returned: its temperature from the consumers, condenser_water: of the water from the coolers
    [degC]. Returns heat taken by the economiser and by the chillers [W], electric power of chillers
    and condenser pumps [W], heat to the condenser loop [W], its capacity rate [W/K] and the
    chillers' part load.
    """
    condenser_rate = pumps * plants[PLANT_DATA.condenser_capacity_rate, p]
    pumping = (
        condenser_rate
        / plants[PLANT_DATA.heat_capacity_per_flow, p]
        * CONDENSER_PUMP_HEAD
        / CONDENSER_PUMP_EFFICIENCY
    )
    power, load, removed, rejected = pumping, 0.0, 0.0, 0.0
    economised, entering, condensing = economise(
        p, plants, mode, pumps, setpoint, returned, rate, condenser_water
    )
    if running > 0.0:
        _, cooling, electric, condenser_heat, load = chilled_water(
            setpoint,
            entering,
            rate / running,
            max(condensing, HEAD_PRESSURE_MINIMUM),
            plants[PLANT_DATA.chiller_capacity, p],
            plants[PLANT_DATA.chiller_cop, p],
            capacity_curves[p],
            eir_curves[p],
            part_load_curves[p],
            plants[PLANT_DATA.chiller_minimum_part_load, p],
            plants[PLANT_DATA.chiller_minimum_part_load, p],
        )
        removed = running * cooling
        power += running * electric
        rejected = running * condenser_heat
    return economised, removed, power, economised + rejected + pumping, condenser_rate, load
