"""Room air at rest: aisles in balance, valves of coils and rear doors at their set points."""

from __future__ import annotations

from physics.factory.air import (
    coil_heat,
    cool_at_doors,
    draw_of_row,
    fans_of_hall,
    set_rack_inlets,
)
from physics.factory.arrays import (
    HALL,
    HALL_DATA,
    HALL_LINK,
    PLANT,
    PLANT_DATA,
    ROW,
    ROW_DATA,
    ROW_LINK,
    Floats,
    Indices,
)
from physics.factory.banks import units_online
from physics.jit import kernel, law

HALVINGS = 46
LEAST_HEAT = 1e-3  # W: less is what remains of stored heat after a search


@law
def settle_doors(
    w: int,
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    plants: Floats,
    row: Floats,
    rack: Floats,
    plant: Floats,
    fed: float,
) -> None:
    """Rear doors of a row: opening of their valves that holds the air behind them, and the heat.

    ``fed`` as in :func:`physics.factory.air.cool_at_doors`.
    """
    p = row_links[ROW_LINK.door_plant, w]
    full = (
        rows[ROW_DATA.door_rated_flow, w]
        * plant[PLANT.demand, p]
        * plants[PLANT_DATA.heat_capacity_per_flow, p]
    )
    water = plant[PLANT.supply_temperature, p]
    shut = row[ROW.door_fault, w] > 0.0 or row[ROW.fed, w] * fed == 0.0
    low, high = 0.0, 0.0 if shut else 1.0
    valve = high
    heat, behind, fans = 0.0, 0.0, 0.0
    for turn in range(HALVINGS):
        heat, behind, fans = cool_at_doors(
            w, rows, row_links, rack_links, kinds, row, rack, fed, valve * full, water
        )
        if high == low or (turn == 0 and behind >= row[ROW.door_setpoint, w]):
            break
        if behind > row[ROW.door_setpoint, w]:
            low = valve
        else:
            high = valve
        valve = 0.5 * (low + high)
    row[ROW.door_valve, w] = valve
    row[ROW.door_valve_integral, w] = valve
    row[ROW.door_heat, w] = heat
    row[ROW.door_leaving_temperature, w] = behind
    row[ROW.door_power, w] = fans
    doors = row_links[ROW_LINK.first_rack, w + 1] - row_links[ROW_LINK.first_rack, w]
    rate = doors * valve * full
    plant[PLANT.inflow_rate, p] += rate
    plant[PLANT.inflow_enthalpy, p] += rate * water + heat


@law
def coil_valve(
    h: int,
    halls: Floats,
    units: float,
    full: float,
    water: float,
    air_rate: float,
    arriving: float,
    heat: float,
) -> float:
    """Opening at which hall ``h``'s coils take a heat [W]; 0 or 1 where it lies beyond.

    ``full`` [W/K] is the water of all coils with their valves open.
    """
    if coil_heat(h, halls, units, full, water, air_rate, arriving) <= heat:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        valve = 0.5 * (low + high)
        if coil_heat(h, halls, units, valve * full, water, air_rate, arriving) < heat:
            low = valve
        else:
            high = valve
    return 0.5 * (low + high)


@kernel()
def settle_air(
    halls: Floats,
    hall_links: Indices,
    plants: Floats,
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    shares: Floats,
    hall: Floats,
    row: Floats,
    rack: Floats,
    crah: Floats,
    plant: Floats,
) -> int:
    """Air of all halls for the heat that racks give at their present temperatures.

    Adds to the plants' returns. Returns the first hall whose air takes up heat that nothing takes
    off, or -1.
    """
    lost = -1
    for h in range(halls.shape[1]):
        first, last = hall_links[HALL_LINK.first_row, h], hall_links[HALL_LINK.first_row, h + 1]
        fed = hall[HALL.crahs_fed, h]
        units = fed * units_online(
            crah, hall_links[HALL_LINK.first_crah, h], hall_links[HALL_LINK.first_crah, h + 1]
        )
        drawn, heat, door_fans = 0.0, 0.0, 0.0
        for w in range(first, last):
            row[ROW.through, w] = draw_of_row(
                w, rows, row_links, rack_links, kinds, row, rack, shares
            )
            drawn += row[ROW.through, w]
            if row_links[ROW_LINK.door_plant, w] >= 0:
                settle_doors(w, rows, row_links, rack_links, kinds, plants, row, rack, plant, fed)
            heat += (
                row[ROW.air_heat, w]
                + row[ROW.panel_loss, w]
                + row[ROW.door_power, w]
                - row[ROW.door_heat, w]
            )
            door_fans += row[ROW.door_power, w]
        supplied = fans_of_hall(h, halls, hall, units, drawn)
        served = hall[HALL.air_served, h]
        fans = units * halls[HALL_DATA.crah_fan_power, h] * hall[HALL.crah_fan_speed, h] ** 3
        p = hall_links[HALL_LINK.air_plant, h]
        full = (
            units
            * halls[HALL_DATA.crah_rated_water_flow, h]
            * plant[PLANT.demand, p]
            * plants[PLANT_DATA.heat_capacity_per_flow, p]
        )
        water = plant[PLANT.supply_temperature, p]
        plenum, valve = hall[HALL.air_setpoint, h], 0.0
        rise = heat / supplied if supplied > 0.0 else 0.0
        if supplied > 0.0:
            valve = coil_valve(h, halls, units, full, water, supplied, plenum + rise, heat + fans)
            if valve == 1.0:
                per_kelvin = coil_heat(h, halls, units, full, water, supplied, water + 1.0)
                if per_kelvin > 0.0:
                    plenum = water + (heat + fans) / per_kelvin - rise
                elif lost < 0:
                    lost = h
        elif heat > LEAST_HEAT and lost < 0:
            lost = h
        taken = heat + fans if valve > 0.0 else 0.0
        for w in range(first, last):
            own = (
                row[ROW.air_heat, w]
                + row[ROW.panel_loss, w]
                + row[ROW.door_power, w]
                - row[ROW.door_heat, w]
            )
            cold, warmer = plenum, 0.0
            if row[ROW.through, w] > 0.0 and served > 0.0:
                warmer = own / row[ROW.through, w]
                cold += (1.0 - served) / served * warmer
            elif own > LEAST_HEAT and lost < 0:
                lost = h
            row[ROW.cold_aisle_temperature, w] = cold
            row[ROW.hot_aisle_temperature, w] = cold + warmer
            set_rack_inlets(w, rows, row_links, rack_links, kinds, row, rack, shares)
        rate = valve * full
        hall[HALL.crah_valve, h] = valve
        hall[HALL.crah_valve_integral, h] = valve
        hall[HALL.crah_supply_temperature, h] = plenum
        hall[HALL.crah_return_temperature, h] = plenum + rise
        hall[HALL.crah_water_flow, h] = rate / plants[PLANT_DATA.heat_capacity_per_flow, p]
        hall[HALL.crah_heat, h] = taken
        hall[HALL.crah_power, h] = fans + door_fans
        plant[PLANT.inflow_rate, p] += rate
        plant[PLANT.inflow_enthalpy, p] += rate * water + taken
    return lost
