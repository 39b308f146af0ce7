"""Technology-coolant loops in the coupled step: pumps and flows, mains, and the CDU's exchanger.

Hydraulics come first in a step (they depend on controls only), the racks follow, and the exchanger
then receives what the racks gave to the coolant during the step. Flows are those of a network:
every rack is a rung between supply and return header, so racks near the unit get more than those at
the far end. It is solved again only when a pump, a valve or a fault has moved something.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from physics.control import DIRECT, REVERSE, first_order_lag, pi_step_clamping, rate_limit
from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    CDU_LINK,
    HALL,
    KIND,
    MAIN,
    MAIN_CELLS,
    PLANT,
    RACK,
    RACK_DATA,
    RACK_LINK,
    Floats,
    Indices,
)
from physics.heat_exchanger import plate_exchanger
from physics.hydraulics.ladder_newton import solve_ladder
from physics.hydraulics.transport import advance_pipe
from physics.jit import kernel, law
from physics.volume import mixing_volume

VALVE_GAIN = 0.03  # share per kelvin
VALVE_INTEGRAL_TIME = 30.0  # s
PUMP_GAIN = 0.2  # of speed per relative error of differential pressure
PUMP_INTEGRAL_TIME = 8.0  # s
PUMP_RAMP_RATE = 1.0 / 15.0  # 1/s of full speed
PRESSURE_DEAD_BAND = 2e-3  # relative error of differential pressure that leaves the pumps alone
MINIMUM_PUMP_SPEED = 0.2
MINIMUM_VALVE = 0.02  # leakage of the shut valve keeps the sensor wetted
SHUT_OPENING = 1e-3  # share of a branch's conductance below which its valve counts as shut
TOLERANCE = 1e-7  # relative, of pressures and flows
MAXIMUM_ITERATIONS = 60
SENSOR_TIME_CONSTANT = 4.0  # s of the supply sensor in its well
CELLS_FIRST = MAIN.cell_0
CELLS_LAST = MAIN.cell_0 + MAIN_CELLS + 1


@law
def loop_flow(
    speed: float, pumps: float, shutoff_head: float, pump_curve: float, resistance: float
) -> float:
    """Flow [m3/s] of equal pumps in parallel on a quadratic loop.

    Each pump gives H0 s^2 - c q^2 with q its share of the flow; the loop takes R Q^2. Heads in Pa,
    curve and resistance in Pa/(m3/s)^2.
    """
    if pumps <= 0.0 or speed <= 0.0:
        return 0.0
    return speed * math.sqrt(shutoff_head / (resistance + pump_curve / (pumps * pumps)))


@law
def speed_for_flow(
    flow: float, pumps: float, shutoff_head: float, pump_curve: float, resistance: float
) -> float:
    """Relative speed at which equal parallel pumps give ``flow``; inverse of :func:`loop_flow`."""
    if pumps <= 0.0:
        return 0.0
    return flow * math.sqrt((resistance + pump_curve / (pumps * pumps)) / shutoff_head)


@kernel()
def rack_branches(
    racks: Floats, rack_links: Indices, kinds: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Header segments and cold-plate laws of every rack, as the network solver takes them."""
    count = rack_links.shape[1] - 1
    coefficient, exponent, transition = np.zeros(count), np.full(count, 2.0), np.zeros(count)
    for r in range(count):
        kind = rack_links[RACK_LINK.kind, r]
        if kinds[KIND.liquid, kind] > 0.0:
            coefficient[r] = kinds[KIND.branch_coefficient, kind]
            exponent[r] = kinds[KIND.branch_exponent, kind]
            transition[r] = kinds[KIND.branch_transition, kind]
    return (
        racks[RACK_DATA.supply_segment],
        racks[RACK_DATA.return_segment],
        coefficient,
        exponent,
        transition,
    )


@law
def openings_mark(
    c: int, first: int, last: int, rack_links: Indices, rack: Floats
) -> tuple[float, float]:
    """A number that changes when any branch of a loop opens or closes, and how many are open."""
    mark, opened = 0.0, 0.0
    for r in range(first, last):
        opening = rack[RACK.flow_factor, r] if rack_links[RACK_LINK.cdu, r] == c else 0.0
        mark += opening * (1.0 + 0.6180339887498949 * (r - first + 1))
        if opening >= SHUT_OPENING:
            opened += 1.0
    return mark, opened


@law
def set_openings(c: int, first: int, last: int, rack_links: Indices, rack: Floats) -> None:
    """Branch factors and resistances of a loop's racks from their openings.

    An opening o is a share of the branch's conductance, so its drop at equal flow is 1/o^2.
    """
    for r in range(first, last):
        opening = rack[RACK.flow_factor, r] if rack_links[RACK_LINK.cdu, r] == c else 0.0
        if opening >= SHUT_OPENING:
            rack[RACK.branch_factor, r] = 1.0 / (opening * opening)
            rack[RACK.branch_resistance, r] = 0.0
        else:
            rack[RACK.branch_factor, r] = 1.0
            rack[RACK.branch_resistance, r] = math.inf


@kernel()
def set_secondary_flows(
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    cdu: Floats,
    rack: Floats,
    hall: Floats,
    branches: tuple[Floats, Floats, Floats, Floats, Floats],
    work: Floats,
    step: float,
) -> None:
    """Pump speed towards the differential-pressure set point, then the flow through every rack.

    ``branches`` are per rack: supply and return segment resistance, branch coefficient, exponent
    and transition; ``work`` [R, 13] is scratch of the network solver.
    """
    for c in range(cdus.shape[1]):
        first, last = cdu_links[CDU_LINK.first_rack, c], cdu_links[CDU_LINK.first_rack, c + 1]
        powered = hall[HALL.cdus_fed, cdu_links[CDU_LINK.hall, c]]
        pumps = min(cdu[CDU.pumps_online, c], cdus[CDU_DATA.pumps, c]) * powered
        mark, opened = openings_mark(c, first, last, rack_links, rack)
        if pumps <= 0.0 or opened == 0.0:
            cdu[CDU.pump_speed, c] = 0.0
            cdu[CDU.pump_integral, c] = 0.0
        else:
            setpoint = cdus[CDU_DATA.differential_pressure_setpoint, c]
            ratio = cdu[CDU.differential_pressure, c] / setpoint
            if abs(ratio - 1.0) > PRESSURE_DEAD_BAND:
                cdu[CDU.pump_speed, c], cdu[CDU.pump_integral, c] = pi_step_clamping(
                    ratio,
                    1.0,
                    cdu[CDU.pump_integral, c],
                    cdu[CDU.pump_speed, c],
                    step,
                    PUMP_GAIN,
                    PUMP_INTEGRAL_TIME,
                    REVERSE,
                    MINIMUM_PUMP_SPEED,
                    1.0,
                    PUMP_RAMP_RATE,
                )
        if (
            cdu[CDU.solved_speed, c] != cdu[CDU.pump_speed, c]
            or cdu[CDU.solved_pumps, c] != pumps
            or cdu[CDU.solved_openings, c] != mark
        ):
            set_openings(c, first, last, rack_links, rack)
            solve_loop(c, first, last, pumps, cdus, cdu, rack, branches, work)
            cdu[CDU.solved_speed, c] = cdu[CDU.pump_speed, c]
            cdu[CDU.solved_pumps, c] = pumps
            cdu[CDU.solved_openings, c] = mark
            for r in range(first, last):
                if rack_links[RACK_LINK.cdu, r] == c:
                    kind = rack_links[RACK_LINK.kind, r]
                    rack[RACK.flow, r] = rack[RACK.mass_flow, r] / kinds[KIND.rated_mass_flow, kind]
        cdu[CDU.pump_power, c] = (
            cdu[CDU.hydraulic_power, c]
            / (cdus[CDU_DATA.pump_efficiency, c] * cdus[CDU_DATA.pump_motor_efficiency, c])
            + cdus[CDU_DATA.standby_power, c] * powered
        )


@law
def solve_loop(
    c: int,
    first: int,
    last: int,
    pumps: float,
    cdus: Floats,
    cdu: Floats,
    rack: Floats,
    branches: tuple[Floats, Floats, Floats, Floats, Floats],
    work: Floats,
) -> None:
    """Flows and pressures of CDU ``c``'s loop at its pump speed, from the last solution onwards."""
    if last <= first:
        return
    density = cdus[CDU_DATA.secondary_density, c]
    per_mass = 1.0 / (density * density)  # from squared volume flow to squared mass flow
    flow, _, head, rise, residual, iterations, _ = solve_ladder(
        first,
        last,
        branches[0],
        branches[1],
        branches[2],
        branches[3],
        branches[4],
        cdus[CDU_DATA.reverse_return, c] > 0.0,
        cdus[CDU_DATA.exchanger_resistance, c] * per_mass,
        2.0,
        cdus[CDU_DATA.pump_shutoff_head, c],
        0.0,
        -cdus[CDU_DATA.pump_curve, c] * per_mass,
        cdu[CDU.pump_speed, c],
        pumps,
        math.inf,
        rack[RACK.branch_resistance],
        rack[RACK.branch_factor],
        TOLERANCE,
        MAXIMUM_ITERATIONS,
        rack[RACK.mass_flow],
        rack[RACK.supply_segment_flow],
        rack[RACK.return_segment_flow],
        rack[RACK.supply_pressure],
        rack[RACK.return_pressure],
        work,
        cdu[CDU.loop_mass_flow, c],
        0.0,
        cdu[CDU.head_pressure, c],
    )
    cdu[CDU.loop_mass_flow, c] = flow
    cdu[CDU.secondary_flow, c] = flow / density
    cdu[CDU.head_pressure, c] = head
    far = last - 1
    cdu[CDU.differential_pressure, c] = (
        rack[RACK.supply_pressure, far] - rack[RACK.return_pressure, far]
    )
    cdu[CDU.hydraulic_power, c] = flow * rise / density
    cdu[CDU.hydraulic_residual, c] = residual
    cdu[CDU.hydraulic_iterations, c] = iterations


@kernel()
def control_valves(
    cdus: Floats, cdu_links: Indices, cdu: Floats, hall: Floats, step: float
) -> None:
    """Primary valves: PI on the supply temperature, then the actuator's travel."""
    for c in range(cdus.shape[1]):
        if cdu[CDU.valve_fault, c] > 0.0 or hall[HALL.cdus_fed, cdu_links[CDU_LINK.hall, c]] == 0.0:
            continue
        travel = 1.0 / cdus[CDU_DATA.valve_stroke_time, c]
        if cdu[CDU.isolated, c] > 0.0:
            cdu[CDU.valve, c] = rate_limit(0.0, cdu[CDU.valve, c], travel, step)
            continue
        cdu[CDU.valve, c], cdu[CDU.valve_integral, c] = pi_step_clamping(
            cdu[CDU.measured_temperature, c],
            cdu[CDU.supply_setpoint, c],
            cdu[CDU.valve_integral, c],
            cdu[CDU.valve, c],
            step,
            VALVE_GAIN,
            VALVE_INTEGRAL_TIME,
            DIRECT,
            MINIMUM_VALVE,
            1.0,
            travel,
        )


@law
def move_main(
    pipe: int,
    main: Floats,
    capacity_rate: float,
    inlet_temperature: float,
    heat_capacity: float,
    step: float,
) -> float:
    """Push coolant through a main; returns the mean temperature [degC] of what left."""
    head, fill, edge, direction, outlet, _ = advance_pipe(
        main[pipe, CELLS_FIRST:CELLS_LAST],
        int(main[pipe, MAIN.head]),
        main[pipe, MAIN.from_fill],
        main[pipe, MAIN.edge_temperature],
        main[pipe, MAIN.direction],
        capacity_rate,
        inlet_temperature,
        inlet_temperature,
        heat_capacity,
        0.0,
        0.0,
        step,
    )
    main[pipe, MAIN.head] = head
    main[pipe, MAIN.from_fill] = fill
    main[pipe, MAIN.edge_temperature] = edge
    main[pipe, MAIN.direction] = direction
    main[pipe, MAIN.outlet_temperature] = outlet
    return outlet


@law
def correct_inlet(
    pipe: int, main: Floats, capacity_rate: float, change: float, heat_capacity: float, step: float
) -> None:
    """Change by ``change`` [K] the temperature of what entered a main during the step.

    Coolant leaves a main before what enters it is known: the exchanger's outlet follows from the
    racks, and these from the main's outlet. So a main is moved with the last outlet temperature and
    what entered, cells from the inlet onwards, is set right afterwards.
    """
    moved = capacity_rate * step * MAIN_CELLS / heat_capacity
    if moved <= 0.0:
        return
    inside = min(moved, float(MAIN_CELLS))
    change *= moved / inside
    slot = int(main[pipe, MAIN.head])
    size = main[pipe, MAIN.from_fill]
    while inside > 0.0:
        portion = min(size, inside)
        if size > 0.0:
            main[pipe, MAIN.cell_0 + slot] += change * portion / size
        inside -= portion
        size = 1.0
        slot = (slot + 1) % (MAIN_CELLS + 1)


@law
def deliver_from(c: int, cdus: Floats, cdu: Floats, main: Floats, step: float) -> None:
    """Coolant from CDU ``c`` through its supply main to its racks; see :func:`correct_inlet`."""
    rate = cdu[CDU.secondary_flow, c] * cdus[CDU_DATA.secondary_heat_capacity_per_flow, c]
    cdu[CDU.delivered_temperature, c] = move_main(
        2 * c,
        main,
        rate,
        cdu[CDU.supply_temperature, c],
        cdus[CDU_DATA.supply_main_heat_capacity, c],
        step,
    )


@law
def exchange_at(
    c: int,
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    cdu: Floats,
    main: Floats,
    rack: Floats,
    plant: Floats,
    step: float,
) -> None:
    """Coolant from the racks through the return main and CDU ``c``, its heat to facility water.

    All of the pumps' electric power ends in the coolant (wet-rotor and in-cabinet motors), standby
    power as well.
    """
    specific_heat = (
        cdus[CDU_DATA.secondary_heat_capacity_per_flow, c] / cdus[CDU_DATA.secondary_density, c]
    )
    mass_flow, warmth = 0.0, 0.0
    for r in range(cdu_links[CDU_LINK.first_rack, c], cdu_links[CDU_LINK.first_rack, c + 1]):
        if rack_links[RACK_LINK.cdu, r] == c:
            mass_flow += rack[RACK.mass_flow, r]
            warmth += rack[RACK.mass_flow, r] * rack[RACK.outflow_temperature, r]
    rate = mass_flow * specific_heat
    mixed = warmth / mass_flow if mass_flow > 0.0 else cdu[CDU.return_temperature, c]
    arriving = move_main(
        2 * c + 1, main, rate, mixed, cdus[CDU_DATA.return_main_heat_capacity, c], step
    )
    cdu[CDU.return_temperature, c], entering = mixing_volume(
        cdu[CDU.return_temperature, c],
        cdus[CDU_DATA.return_heat_capacity, c],
        rate,
        arriving,
        cdu[CDU.pump_power, c],
        step,
    )
    p = cdu_links[CDU_LINK.plant, c]
    water = plant[PLANT.supply_temperature, p]
    primary = cdu[CDU.primary_flow, c] * cdus[CDU_DATA.primary_heat_capacity_per_flow, c]
    side = cdus[CDU_DATA.rated_ua_side, c]
    # a share of UA lost to fouling, as the resistance that takes it away at the rated point
    lost = min(cdu[CDU.fouling, c], 0.99)
    fouling_resistance = 2.0 / side * lost / (1.0 - lost)
    heat, _, _, _ = plate_exchanger(
        rate,
        1.0,
        entering,
        primary,
        1.0,
        water,
        cdus[CDU_DATA.secondary_rated_capacity_rate, c],
        side,
        cdus[CDU_DATA.primary_rated_capacity_rate, c],
        side,
        0.0,
        fouling_resistance,
    )
    if rate > 0.0:
        leaving = entering - heat / rate
        capacity = cdus[CDU_DATA.supply_main_heat_capacity, c]
        change = leaving - cdu[CDU.supply_temperature, c]
        correct_inlet(2 * c, main, rate, change, capacity, step)
        cdu[CDU.supply_temperature, c] = leaving
        cdu[CDU.measured_temperature, c] = first_order_lag(
            cdu[CDU.measured_temperature, c], leaving, step, SENSOR_TIME_CONSTANT
        )
    cdu[CDU.heat, c] = heat
    cdu[CDU.primary_supply_temperature, c] = water
    back = water + heat / primary if primary > 0.0 else water
    cdu[CDU.primary_return_temperature, c] = back


@kernel()
def collect_returns(cdus: Floats, cdu_links: Indices, cdu: Floats, plant: Floats) -> None:
    """Add the primary return of every CDU to its plant's inflow."""
    for c in range(cdus.shape[1]):
        p = cdu_links[CDU_LINK.plant, c]
        primary = cdu[CDU.primary_flow, c] * cdus[CDU_DATA.primary_heat_capacity_per_flow, c]
        plant[PLANT.inflow_rate, p] += primary
        plant[PLANT.inflow_enthalpy, p] += primary * cdu[CDU.primary_return_temperature, c]


@kernel()
def deliver_serial(cdus: Floats, cdu: Floats, main: Floats, step: float) -> None:
    """:func:`deliver_from` for every CDU."""
    for c in range(cdus.shape[1]):
        deliver_from(c, cdus, cdu, main, step)


@kernel(parallel=True)
def deliver_parallel(cdus: Floats, cdu: Floats, main: Floats, step: float) -> None:
    """:func:`deliver_from` for every CDU, over threads."""
    for c in numba.prange(cdus.shape[1]):
        deliver_from(c, cdus, cdu, main, step)


@kernel()
def exchange_serial(
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    cdu: Floats,
    main: Floats,
    rack: Floats,
    plant: Floats,
    step: float,
) -> None:
    """:func:`exchange_at` for every CDU."""
    for c in range(cdus.shape[1]):
        exchange_at(c, cdus, cdu_links, rack_links, cdu, main, rack, plant, step)


@kernel(parallel=True)
def exchange_parallel(
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    cdu: Floats,
    main: Floats,
    rack: Floats,
    plant: Floats,
    step: float,
) -> None:
    """:func:`exchange_at` for every CDU, over threads."""
    for c in numba.prange(cdus.shape[1]):
        exchange_at(c, cdus, cdu_links, rack_links, cdu, main, rack, plant, step)
