"""Technology-coolant loops in the coupled step: pumps and flows, then the CDU's exchanger.

Hydraulics come first in a step (they depend on controls only), the racks follow, and the exchanger
then receives what the racks gave to the coolant during the step.
"""

from __future__ import annotations

import math

from physics.control import DIRECT, pi_step_clamping, rate_limit
from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    CDU_LINK,
    HALL,
    KIND,
    PLANT,
    RACK,
    RACK_LINK,
    Floats,
    Indices,
)
from physics.heat_exchanger import plate_exchanger
from physics.jit import kernel, law
from physics.volume import mixing_volume

VALVE_GAIN = 0.03  # share per kelvin
VALVE_INTEGRAL_TIME = 30.0  # s
PUMP_RAMP_RATE = 1.0 / 15.0  # 1/s of full speed
MINIMUM_VALVE = 0.02  # leakage of the shut valve keeps the sensor wetted


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
    """Relative speed at which equal pumps in parallel give ``flow``; inverse of :func:`loop_flow`."""
    if pumps <= 0.0:
        return 0.0
    return flow * math.sqrt((resistance + pump_curve / (pumps * pumps)) / shutoff_head)


@kernel()
def set_secondary_flows(
    cdus: Floats,
    cdu_links: Indices,
    racks: Indices,
    kinds: Floats,
    cdu: Floats,
    rack: Floats,
    hall: Floats,
    step: float,
) -> None:
    """Pump speed towards the differential-pressure set point, then the flow through every rack."""
    for c in range(cdus.shape[1]):
        conductance = 0.0  # m3/s per sqrt(Pa), racks in parallel
        for r in range(cdu_links[CDU_LINK.first_rack, c], cdu_links[CDU_LINK.first_rack, c + 1]):
            if racks[RACK_LINK.cdu, r] == c:  # air-cooled racks may stand in between
                conductance += (
                    kinds[KIND.flow_conductance, racks[RACK_LINK.kind, r]]
                    * rack[RACK.flow_factor, r]
                )
        pumps = (
            min(cdu[CDU.pumps_online, c], cdus[CDU_DATA.pumps, c])
            * hall[HALL.fed, cdu_links[CDU_LINK.hall, c]]
        )
        flow, head = 0.0, 0.0
        if conductance > 0.0:
            branch = 1.0 / (conductance * conductance)
            resistance = branch + cdus[CDU_DATA.exchanger_resistance, c]
            wanted = conductance * math.sqrt(cdus[CDU_DATA.differential_pressure_setpoint, c])
            target = speed_for_flow(
                wanted,
                pumps,
                cdus[CDU_DATA.pump_shutoff_head, c],
                cdus[CDU_DATA.pump_curve, c],
                resistance,
            )
            target = min(1.0, target)
            cdu[CDU.pump_speed, c] = rate_limit(
                target, cdu[CDU.pump_speed, c], PUMP_RAMP_RATE, step
            )
            if pumps <= 0.0:
                cdu[CDU.pump_speed, c] = 0.0
            flow = loop_flow(
                cdu[CDU.pump_speed, c],
                pumps,
                cdus[CDU_DATA.pump_shutoff_head, c],
                cdus[CDU_DATA.pump_curve, c],
                resistance,
            )
            head = branch * flow * flow
            hydraulic = flow * flow * flow * resistance
        else:
            cdu[CDU.pump_speed, c] = 0.0
            hydraulic = 0.0
        cdu[CDU.secondary_flow, c] = flow
        cdu[CDU.differential_pressure, c] = head
        electric = hydraulic / (
            cdus[CDU_DATA.pump_efficiency, c] * cdus[CDU_DATA.pump_motor_efficiency, c]
        )
        cdu[CDU.pump_power, c] = (
            electric + cdus[CDU_DATA.standby_power, c] * hall[HALL.fed, cdu_links[CDU_LINK.hall, c]]
        )
        root = math.sqrt(head)
        for r in range(cdu_links[CDU_LINK.first_rack, c], cdu_links[CDU_LINK.first_rack, c + 1]):
            if racks[RACK_LINK.cdu, r] != c:
                continue
            kind = racks[RACK_LINK.kind, r]
            branch_flow = kinds[KIND.flow_conductance, kind] * rack[RACK.flow_factor, r] * root
            rack[RACK.flow, r] = branch_flow / kinds[KIND.rated_flow, kind]


@kernel()
def control_valves(
    cdus: Floats, cdu_links: Indices, cdu: Floats, hall: Floats, step: float
) -> None:
    """Primary valves: PI on the supply temperature, then the actuator's travel."""
    for c in range(cdus.shape[1]):
        if cdu[CDU.valve_fault, c] > 0.0 or hall[HALL.fed, cdu_links[CDU_LINK.hall, c]] == 0.0:
            continue
        travel = 1.0 / cdus[CDU_DATA.valve_stroke_time, c]
        if cdu[CDU.isolated, c] > 0.0:
            cdu[CDU.valve, c] = rate_limit(0.0, cdu[CDU.valve, c], travel, step)
            continue
        cdu[CDU.valve, c], cdu[CDU.valve_integral, c] = pi_step_clamping(
            cdu[CDU.supply_temperature, c],
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


@kernel()
def exchange_heat(
    cdus: Floats,
    cdu_links: Indices,
    racks: Indices,
    kinds: Floats,
    cdu: Floats,
    rack: Floats,
    plant: Floats,
    step: float,
) -> None:
    """Coolant from the racks through the CDU, and its heat into the facility water.

    Adds the primary return of every CDU to its plant's inflow. All of the pumps' electric power
    ends in the coolant (wet-rotor and in-cabinet motors), standby power as well.
    """
    for c in range(cdus.shape[1]):
        rate = 0.0
        enthalpy = 0.0
        for r in range(cdu_links[CDU_LINK.first_rack, c], cdu_links[CDU_LINK.first_rack, c + 1]):
            if racks[RACK_LINK.cdu, r] != c:
                continue
            branch = kinds[KIND.flow_capacity_rate, racks[RACK_LINK.kind, r]] * rack[RACK.flow, r]
            rate += branch
            enthalpy += branch * rack[RACK.outflow_temperature, r]
        arriving = enthalpy / rate if rate > 0.0 else cdu[CDU.return_temperature, c]
        cdu[CDU.return_temperature, c], leaving_racks = mixing_volume(
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
            leaving_racks,
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
        supply = cdu[CDU.supply_temperature, c]
        cdu[CDU.supply_temperature, c] = supply + step / cdus[CDU_DATA.supply_heat_capacity, c] * (
            rate * (leaving_racks - supply) - heat
        )
        cdu[CDU.heat, c] = heat
        cdu[CDU.primary_supply_temperature, c] = water
        back = water + heat / primary if primary > 0.0 else water
        cdu[CDU.primary_return_temperature, c] = back
        plant[PLANT.inflow_rate, p] += primary
        plant[PLANT.inflow_enthalpy, p] += primary * back
