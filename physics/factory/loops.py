"""Flows of the technology-coolant loops in the coupled step: pumps, racks' branches, valves.

They come first in a step, since they depend on controls only. Flows are those of a network: every
rack is a rung between supply and return header, so racks near the unit get more than those at the
far end. It is solved again only when a pump, a valve or a fault has moved something.
"""

from __future__ import annotations

import math

import numpy as np

from physics.control import DIRECT, REVERSE, dew_point_guard, pi_step_clamping, rate_limit
from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    CDU_LINK,
    HALL,
    KIND,
    RACK,
    RACK_DATA,
    RACK_LINK,
    Floats,
    Indices,
)
from physics.factory.sensors import PRESSURE_RANGE, TEMPERATURE_RANGE, read_sensor
from physics.hydraulics.ladder_newton import solve_ladder
from physics.jit import kernel, law
from physics.leak import hole_flow, low_level_trip, vessel_level

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
DEW_POINT_MARGIN = 2.0  # K that coolant stays above the room's dew point
TOP_UP_FLOW = 2e-4  # m3/s into a loop whose leak is mended


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
    sensor: Floats,
    branches: tuple[Floats, Floats, Floats, Floats, Floats],
    work: Floats,
    seed: int,
    count: int,
    step: float,
) -> None:
    """Pump speed towards the differential-pressure set point, then the flow through every rack.

    ``sensor`` are those of the differential pressure, seed and count of their noise. ``branches``
    are per rack: supply and return segment resistance, branch coefficient, exponent and
    transition; ``work`` [R, 13] is scratch of the network solver.
    """
    for c in range(cdus.shape[1]):
        first, last = cdu_links[CDU_LINK.first_rack, c], cdu_links[CDU_LINK.first_rack, c + 1]
        powered = hall[HALL.cdus_fed, cdu_links[CDU_LINK.hall, c]]
        if (
            cdu[CDU.leak_area, c] > 0.0
            or cdu[CDU.leak_flow, c] > 0.0
            or cdu[CDU.coolant_level, c] < 1.0
        ):
            leak_of_loop(c, cdus, cdu, step)
        pumps = min(cdu[CDU.pumps_online, c], cdus[CDU_DATA.pumps, c]) * powered
        pumps *= 1.0 - cdu[CDU.low_level_trip, c]
        reading = read_sensor(
            c,
            sensor,
            cdu[CDU.differential_pressure, c],
            PRESSURE_RANGE[0],
            PRESSURE_RANGE[1],
            seed,
            3 * c + 1,
            count,
            step,
        )
        mark, opened = openings_mark(c, first, last, rack_links, rack)
        if pumps <= 0.0 or opened == 0.0:
            cdu[CDU.pump_speed, c] = 0.0
            cdu[CDU.pump_integral, c] = 0.0
        else:
            setpoint = cdus[CDU_DATA.differential_pressure_setpoint, c]
            ratio = reading / setpoint
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
            cdu[CDU.solved_openings, c] = mark
            share_flow(c, first, last, rack_links, kinds, rack)
        set_pump_power(c, cdus, cdu, powered)


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
    cdu[CDU.solved_speed, c] = cdu[CDU.pump_speed, c]
    cdu[CDU.solved_pumps, c] = pumps


@law
def share_flow(
    c: int, first: int, last: int, rack_links: Indices, kinds: Floats, rack: Floats
) -> None:
    """Flow of CDU ``c``'s racks relative to their rated one, from the solved mass flows."""
    for r in range(first, last):
        if rack_links[RACK_LINK.cdu, r] == c:
            kind = rack_links[RACK_LINK.kind, r]
            rack[RACK.flow, r] = rack[RACK.mass_flow, r] / kinds[KIND.rated_mass_flow, kind]


@law
def set_pump_power(c: int, cdus: Floats, cdu: Floats, powered: float) -> None:
    """Electric power of CDU ``c``: pumps by the hydraulic power they give, and controls."""
    cdu[CDU.pump_power, c] = (
        cdu[CDU.hydraulic_power, c]
        / (cdus[CDU_DATA.pump_efficiency, c] * cdus[CDU_DATA.pump_motor_efficiency, c])
        + cdus[CDU_DATA.standby_power, c] * powered
    )


@law
def leak_of_loop(c: int, cdus: Floats, cdu: Floats, step: float) -> None:
    """Coolant lost through a hole in CDU ``c``'s loop, what is left, and whether pumps must stop.

    The hole lies half way round, under half of the pumps' pressure. Once it is mended the unit is
    topped up.
    """
    pressure = cdus[CDU_DATA.fill_pressure, c] * cdu[CDU.coolant_level, c]
    pressure += 0.5 * cdu[CDU.head_pressure, c]
    flow = hole_flow(cdu[CDU.leak_area, c], pressure, cdus[CDU_DATA.secondary_density, c])
    if cdu[CDU.coolant_level, c] <= 0.0:
        flow = 0.0
    cdu[CDU.leak_flow, c] = flow
    top_up = TOP_UP_FLOW if cdu[CDU.leak_area, c] <= 0.0 else 0.0
    cdu[CDU.coolant_level, c] = vessel_level(
        cdu[CDU.coolant_level, c], flow, top_up, cdus[CDU_DATA.reserve_volume, c], step
    )
    cdu[CDU.low_level_trip, c] = low_level_trip(
        cdu[CDU.coolant_level, c], cdu[CDU.low_level_trip, c]
    )


@kernel()
def control_valves(
    cdus: Floats,
    cdu_links: Indices,
    cdu: Floats,
    hall: Floats,
    sensor: Floats,
    seed: int,
    count: int,
    step: float,
) -> None:
    """Primary valves: PI on the supply temperature's reading, then the actuator's travel.

    The set point is kept above the room's dew point, lest the pipes drip. ``sensor`` are those of
    the supply temperature, seed and count of their noise.
    """
    for c in range(cdus.shape[1]):
        h = cdu_links[CDU_LINK.hall, c]
        setpoint = dew_point_guard(
            cdu[CDU.supply_setpoint, c], hall[HALL.dew_point, h], DEW_POINT_MARGIN
        )
        cdu[CDU.guarded_setpoint, c] = setpoint
        reading = read_sensor(
            c,
            sensor,
            cdu[CDU.measured_temperature, c],
            TEMPERATURE_RANGE[0],
            TEMPERATURE_RANGE[1],
            seed,
            3 * c,
            count,
            step,
        )
        if cdu[CDU.valve_fault, c] > 0.0 or hall[HALL.cdus_fed, h] == 0.0:
            continue
        travel = 1.0 / cdus[CDU_DATA.valve_stroke_time, c]
        if cdu[CDU.isolated, c] > 0.0:
            cdu[CDU.valve, c] = rate_limit(0.0, cdu[CDU.valve, c], travel, step)
            continue
        cdu[CDU.valve, c], cdu[CDU.valve_integral, c] = pi_step_clamping(
            reading,
            setpoint,
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
