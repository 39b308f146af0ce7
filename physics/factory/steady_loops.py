"""Technology-coolant loops at rest: pump speeds at their set point, valves and supply temperatures.

The laws are those of the coupled step; controllers have done their work: what they control is at
its set point, or what they move is at its end.
"""

from __future__ import annotations

import math

from physics.control import dew_point_guard
from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    CDU_LINK,
    HALL,
    MAIN,
    MAIN_CELLS,
    PLANT,
    Floats,
    Indices,
)
from physics.factory.cdus import exchanger_heat, returning
from physics.factory.loops import (
    DEW_POINT_MARGIN,
    MINIMUM_PUMP_SPEED,
    MINIMUM_VALVE,
    openings_mark,
    set_openings,
    set_pump_power,
    share_flow,
    solve_loop,
)
from physics.factory.sensors import held_value
from physics.jit import kernel, law

SPEED_ROUNDS = 40
SPEED_TOLERANCE = 1e-10  # relative, of differential pressure
VALVE_ROUNDS = 80
VALVE_TOLERANCE = 1e-12


@kernel()
def settle_pumps(
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    cdu: Floats,
    rack: Floats,
    hall: Floats,
    sensor: Floats,
    branches: tuple[Floats, Floats, Floats, Floats, Floats],
    work: Floats,
) -> None:
    """Pump speeds that hold the differential pressure as the sensors show it, and all flows.

    Arguments as in :func:`physics.factory.loops.set_secondary_flows`. Pressure goes almost with the
    square of speed, so that a few rounds of its root find it.
    """
    for c in range(cdus.shape[1]):
        first, last = cdu_links[CDU_LINK.first_rack, c], cdu_links[CDU_LINK.first_rack, c + 1]
        powered = hall[HALL.cdus_fed, cdu_links[CDU_LINK.hall, c]]
        pumps = min(cdu[CDU.pumps_online, c], cdus[CDU_DATA.pumps, c]) * powered
        pumps *= 1.0 - cdu[CDU.low_level_trip, c]
        mark, opened = openings_mark(c, first, last, rack_links, rack)
        set_openings(c, first, last, rack_links, rack)
        speed = 0.0
        if pumps > 0.0 and opened > 0.0:
            target = held_value(c, sensor, cdus[CDU_DATA.differential_pressure_setpoint, c])
            speed = min(1.0, max(MINIMUM_PUMP_SPEED, cdu[CDU.pump_speed, c]))
            for _ in range(SPEED_ROUNDS):
                cdu[CDU.pump_speed, c] = speed
                solve_loop(c, first, last, pumps, cdus, cdu, rack, branches, work)
                pressure = cdu[CDU.differential_pressure, c]
                if target <= 0.0 or pressure <= 0.0:
                    wanted = MINIMUM_PUMP_SPEED if target <= 0.0 else 1.0
                else:
                    wanted = speed * math.sqrt(min(1e6, target / pressure))
                wanted = min(1.0, max(MINIMUM_PUMP_SPEED, wanted))
                if abs(wanted - speed) <= SPEED_TOLERANCE * speed:
                    break
                speed = wanted
        cdu[CDU.pump_speed, c] = speed
        solve_loop(c, first, last, pumps, cdus, cdu, rack, branches, work)
        cdu[CDU.pump_integral, c] = speed
        cdu[CDU.solved_openings, c] = mark
        share_flow(c, first, last, rack_links, kinds, rack)
        set_pump_power(c, cdus, cdu, powered)


@law
def valve_at_setpoint(
    c: int,
    cdus: Floats,
    cdu: Floats,
    rate: float,
    entering: float,
    full_flow: float,
    water: float,
    heat: float,
    low: float,
    high: float,
) -> float:
    """Opening in low..high at which CDU ``c`` takes a heat [W] from coolant entering [degC].

    ``full_flow`` [W/K] is of the water with the valve open. Regula falsi (Illinois); an end where
    the heat lies beyond.
    """
    heat_low = exchanger_heat(c, cdus, cdu, rate, entering, low * full_flow, water) - heat
    heat_high = exchanger_heat(c, cdus, cdu, rate, entering, high * full_flow, water) - heat
    if heat_high <= 0.0:
        return high
    if heat_low >= 0.0:
        return low
    side = 0
    for _ in range(VALVE_ROUNDS):
        valve = (low * heat_high - high * heat_low) / (heat_high - heat_low)
        error = exchanger_heat(c, cdus, cdu, rate, entering, valve * full_flow, water) - heat
        if error > 0.0:
            if high - valve < VALVE_TOLERANCE:
                return valve
            high, heat_high = valve, error
            if side == 1:
                heat_low *= 0.5
            side = 1
        else:
            if valve - low < VALVE_TOLERANCE:
                return valve
            low, heat_low = valve, error
            if side == -1:
                heat_high *= 0.5
            side = -1
        if abs(error) <= 1e-9 * abs(heat):
            return valve
    return 0.5 * (low + high)


@kernel()
def settle_cdus(
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    cdu: Floats,
    rack: Floats,
    hall: Floats,
    plant: Floats,
    sensor: Floats,
) -> int:
    """Valves and supply temperatures for the heat that racks give at the present ones.

    Adds to the plants' returns. Returns the first CDU whose coolant takes up heat that nothing
    takes off (then its temperature has no state of rest), or -1.
    """
    lost = -1
    for c in range(cdus.shape[1]):
        h, p = cdu_links[CDU_LINK.hall, c], cdu_links[CDU_LINK.plant, c]
        setpoint = dew_point_guard(
            cdu[CDU.supply_setpoint, c], hall[HALL.dew_point, h], DEW_POINT_MARGIN
        )
        cdu[CDU.guarded_setpoint, c] = setpoint
        target = held_value(c, sensor, setpoint)
        rate, mixed = returning(c, cdus, cdu_links, rack_links, cdu, rack)
        delivered = cdu[CDU.delivered_temperature, c]
        heat = rate * (mixed - delivered) + cdu[CDU.pump_power, c]
        water = plant[PLANT.supply_temperature, p]
        per_flow = cdus[CDU_DATA.primary_heat_capacity_per_flow, c]
        full_flow = cdus[CDU_DATA.rated_primary_flow, c] * plant[PLANT.demand, p] * per_flow
        low, high = MINIMUM_VALVE, 1.0
        if cdu[CDU.isolated, c] > 0.0 and cdu[CDU.valve_fault, c] == 0.0:
            low, high = 0.0, 0.0
        elif cdu[CDU.valve_fault, c] > 0.0 or hall[HALL.cdus_fed, h] == 0.0:
            low, high = cdu[CDU.valve, c], cdu[CDU.valve, c]
        valve, supply = high, delivered
        if rate > 0.0:
            if high > low and target > 1e29:
                valve = low
            elif high > low and target > -1e29:
                valve = valve_at_setpoint(
                    c, cdus, cdu, rate, target + heat / rate, full_flow, water, heat, low, high
                )
            supply = target
            if not low < valve < high:
                per_kelvin = exchanger_heat(
                    c, cdus, cdu, rate, water + 1.0, valve * full_flow, water
                )
                supply = delivered
                if per_kelvin > 0.0:
                    supply = water + heat / per_kelvin - heat / rate
                elif heat > 0.0 and lost < 0:
                    lost = c
        cdu[CDU.valve, c] = valve
        cdu[CDU.valve_integral, c] = valve
        cdu[CDU.supply_temperature, c] = supply
        cdu[CDU.delivered_temperature, c] = supply
        cdu[CDU.measured_temperature, c] = supply
        if rate > 0.0:
            cdu[CDU.return_temperature, c] = supply + heat / rate
        primary = valve * full_flow
        taken = heat if rate > 0.0 and primary > 0.0 else 0.0
        cdu[CDU.primary_flow, c] = primary / per_flow
        cdu[CDU.heat, c] = taken
        cdu[CDU.primary_supply_temperature, c] = water
        back = water + taken / primary if primary > 0.0 else water
        cdu[CDU.primary_return_temperature, c] = back
        plant[PLANT.inflow_rate, p] += primary
        plant[PLANT.inflow_enthalpy, p] += primary * back
    return lost


@kernel()
def fill_mains(cdus: Floats, cdu: Floats, main: Floats) -> None:
    """Fill the mains with coolant of the present supply and return temperatures."""
    for c in range(cdus.shape[1]):
        rate = cdu[CDU.secondary_flow, c] * cdus[CDU_DATA.secondary_heat_capacity_per_flow, c]
        returned = cdu[CDU.return_temperature, c]
        if rate > 0.0:
            returned -= cdu[CDU.pump_power, c] / rate  # the pumps' heat comes in the unit
        for pipe in range(2):
            temperature = cdu[CDU.supply_temperature, c] if pipe == 0 else returned
            row = 2 * c + pipe
            main[row, MAIN.edge_temperature] = temperature
            main[row, MAIN.outlet_temperature] = temperature
            for slot in range(MAIN_CELLS + 1):
                main[row, MAIN.cell_0 + slot] = temperature
