"""Facility pumps in the coupled step: how many run, how fast, and who gets how much water."""

from __future__ import annotations

import math

from physics.control import rate_limit
from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    CDU_LINK,
    HALL,
    HALL_DATA,
    HALL_LINK,
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    ROW,
    ROW_DATA,
    ROW_LINK,
    Floats,
    Indices,
)
from physics.factory.banks import stage_bank, units_online
from physics.factory.loops import loop_flow, speed_for_flow
from physics.jit import kernel, law
from physics.leak import hole_flow, low_level_trip, vessel_level

PUMP_RAMP_RATE = 1.0 / 20.0  # 1/s
PUMP_START_TIME = 5.0  # s from the command to a stand-by pump's turning
PUMP_STAGE_HOLD = 120.0  # s between changes of the number of pumps, when it falls
PUMP_STAGE_HURRY = 10.0  # s, when it rises
PUMP_UP_SPEED = 0.98  # a stand-by pump joins above this speed
PUMP_DOWN_SPEED = 0.85  # and leaves when the others would stay below this one


@law
def speed_of_pumps(p: int, plants: Floats, wanted: float, pumps: float, resistance: float) -> float:
    """Relative speed at which so many pumps bring the wanted flow [m3/s]; may exceed 1."""
    if pumps <= 0.0:
        return math.inf
    return speed_for_flow(
        wanted,
        pumps,
        plants[PLANT_DATA.pump_shutoff_head, p],
        plants[PLANT_DATA.pump_curve, p],
        resistance,
    )


@law
def system_resistance(p: int, plants: Floats, wanted: float) -> float:
    """Resistance of the whole loop [Pa/(m3/s)^2] while consumers ask for a flow [m3/s] > 0."""
    return float(
        plants[PLANT_DATA.distribution_pressure, p] / (wanted * wanted)
        + plants[PLANT_DATA.equipment_resistance, p]
    )


@law
def stage_pumps(
    p: int,
    plants: Floats,
    plant_links: Indices,
    plant: Floats,
    pump: Floats,
    wanted: float,
    resistance: float,
    step: float,
) -> float:
    """Number of facility pumps that run after a step, for a flow [m3/s] asked for.

    Those that the design flow needs run together, the others stand by: they take over when one
    fails, and join when those that run are at their limit. Without power or for want of water none
    runs.
    """
    first, last = plant_links[PLANT_LINK.first_pump, p], plant_links[PLANT_LINK.first_pump, p + 1]
    number = plant[PLANT.pumps_wanted, p]
    time = plant[PLANT.pump_stage_time, p] + step
    if wanted > 0.0:
        if (
            number < last - first
            and time >= PUMP_STAGE_HURRY
            and speed_of_pumps(p, plants, wanted, number, resistance) > PUMP_UP_SPEED
        ):
            number, time = number + 1.0, 0.0
        elif (
            number > plants[PLANT_DATA.pumps_required, p]
            and time >= PUMP_STAGE_HOLD
            and speed_of_pumps(p, plants, wanted, number - 1.0, resistance) < PUMP_DOWN_SPEED
        ):
            number, time = number - 1.0, 0.0
    plant[PLANT.pumps_wanted, p] = number
    plant[PLANT.pump_stage_time, p] = time
    running = stage_bank(
        pump,
        first,
        last,
        number,
        0.0,
        plant[PLANT.pumps_fed, p] * (1.0 - plant[PLANT.low_level_trip, p]),
        0.0,
        0.0,
        PUMP_START_TIME,
        0.0,
        step,
    )
    plant[PLANT.pumps_running, p] = running
    return running


@law
def leak_of_plant(p: int, plants: Floats, plant: Floats, step: float) -> None:
    """Coolant lost through a hole in the loop, what is left, and whether pumps must stop."""
    pressure = plants[PLANT_DATA.fill_pressure, p] * plant[PLANT.coolant_level, p]
    if plant[PLANT.pump_speed, p] > 0.0:
        pressure += 0.5 * plants[PLANT_DATA.distribution_pressure, p]
    flow = hole_flow(plant[PLANT.leak_area, p], pressure, plants[PLANT_DATA.density, p])
    if plant[PLANT.coolant_level, p] <= 0.0:
        flow = 0.0
    plant[PLANT.leak_flow, p] = flow
    plant[PLANT.coolant_level, p] = vessel_level(
        plant[PLANT.coolant_level, p],
        flow,
        plants[PLANT_DATA.make_up_flow, p],
        plants[PLANT_DATA.reserve_volume, p],
        step,
    )
    plant[PLANT.low_level_trip, p] = low_level_trip(
        plant[PLANT.coolant_level, p], plant[PLANT.low_level_trip, p]
    )


@law
def clear_returns(plant: Floats) -> None:
    """Nothing has come back from the consumers yet."""
    for p in range(plant.shape[1]):
        plant[PLANT.inflow_rate, p] = 0.0
        plant[PLANT.inflow_enthalpy, p] = 0.0


@kernel()
def set_demands(
    plants: Floats,
    cdus: Floats,
    cdu_links: Indices,
    rows: Floats,
    row_links: Indices,
    halls: Floats,
    hall_links: Indices,
    plant: Floats,
    cdu: Floats,
    row: Floats,
    hall: Floats,
    crah: Floats,
) -> None:
    """Facility water that all consumers ask for by their valves."""
    for p in range(plants.shape[1]):
        plant[PLANT.flow, p] = 0.0
    for c in range(cdus.shape[1]):
        plant[PLANT.flow, cdu_links[CDU_LINK.plant, c]] += (
            cdu[CDU.valve, c] * cdus[CDU_DATA.rated_primary_flow, c]
        )
    for w in range(rows.shape[1]):
        if row_links[ROW_LINK.door_plant, w] >= 0:
            doors = (
                row_links[ROW_LINK.first_rack, w + 1] - row_links[ROW_LINK.first_rack, w]
            ) * rows[ROW_DATA.door_rated_flow, w]
            plant[PLANT.flow, row_links[ROW_LINK.door_plant, w]] += row[ROW.door_valve, w] * doors
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


@law
def pump_plant(p: int, plants: Floats, plant: Floats, pumps: float, resistance: float) -> None:
    """Flow and power of so many pumps at their speed, and the share of the asked flow it is."""
    wanted = plant[PLANT.flow, p]
    flow = loop_flow(
        plant[PLANT.pump_speed, p],
        pumps,
        plants[PLANT_DATA.pump_shutoff_head, p],
        plants[PLANT_DATA.pump_curve, p],
        resistance,
    )
    hydraulic = resistance * flow * flow * flow
    plant[PLANT.flow, p] = flow
    plant[PLANT.demand, p] = flow / wanted if wanted > 0.0 else 1.0
    plant[PLANT.pump_hydraulic_power, p] = hydraulic
    plant[PLANT.pump_power, p] = hydraulic / (
        plants[PLANT_DATA.pump_efficiency, p] * plants[PLANT_DATA.pump_motor_efficiency, p]
    )


@kernel()
def set_primary_flows(
    plants: Floats,
    plant_links: Indices,
    cdus: Floats,
    cdu_links: Indices,
    rows: Floats,
    row_links: Indices,
    halls: Floats,
    hall_links: Indices,
    plant: Floats,
    cdu: Floats,
    row: Floats,
    hall: Floats,
    pump: Floats,
    crah: Floats,
    step: float,
) -> None:
    """Facility pumps hold the distribution pressure; every consumer gets its share of the flow."""
    clear_returns(plant)
    set_demands(
        plants,
        cdus,
        cdu_links,
        rows,
        row_links,
        halls,
        hall_links,
        plant,
        cdu,
        row,
        hall,
        crah,
    )
    for p in range(plants.shape[1]):
        if (
            plant[PLANT.leak_area, p] > 0.0
            or plant[PLANT.leak_flow, p] > 0.0
            or plant[PLANT.coolant_level, p] < 1.0
        ):
            leak_of_plant(p, plants, plant, step)
        wanted = plant[PLANT.flow, p]
        resistance = 0.0
        if wanted > 0.0:
            resistance = system_resistance(p, plants, wanted)
        pumps = stage_pumps(p, plants, plant_links, plant, pump, wanted, resistance, step)
        if wanted > 0.0 and pumps > 0.0:
            target = min(1.0, speed_of_pumps(p, plants, wanted, pumps, resistance))
            plant[PLANT.pump_speed, p] = rate_limit(
                target, plant[PLANT.pump_speed, p], PUMP_RAMP_RATE, step
            )
        else:
            plant[PLANT.pump_speed, p] = 0.0
        pump_plant(p, plants, plant, pumps, resistance)
    for c in range(cdus.shape[1]):
        cdu[CDU.primary_flow, c] = (
            cdu[CDU.valve, c]
            * cdus[CDU_DATA.rated_primary_flow, c]
            * plant[PLANT.demand, cdu_links[CDU_LINK.plant, c]]
        )
