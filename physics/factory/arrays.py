"""The plant and its state as arrays: what the coupled step reads and writes.

Every ``...Constants`` tuple holds what a layout fixes, every ``...State`` tuple what changes:
results, set points, faults and workload alike, so that a copy of the state is a complete snapshot.
All state fields are float64 views of one buffer. Shapes: G accelerators, R racks, Kr rack kinds,
C CDUs, W rows (aisle zones), H halls, P facility plants, S sites, and units of banks.
Rows of one parent lie together: rack r owns accelerators ``first_gpu[r]:first_gpu[r + 1]``.

Flows appear as capacity rates (mass flow times specific heat, W/K) where only heat matters, so that
air and any coolant are treated alike.

Compiled code sees each tuple as one two-dimensional block, a row per field, and names the row:
``cdu[CDU.valve, c]`` is ``state.cdu.valve[c]``. A few blocks instead of some two hundred arrays
make compilation three times shorter. Whole-number fields of constants lie in blocks of their own
(``..._links``).
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from physics.electrical.conversion import Stages

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class GpuConstants(NamedTuple):
    """Unit-to-unit spread of accelerators, shape [G]."""

    resistance_factor: Floats  # die resistance relative to nominal (thermal interface)
    leakage_factor: Floats  # leakage relative to nominal


class GpuState(NamedTuple):
    """Per accelerator, shape [G]."""

    die_temperature: Floats  # degC, junction
    hbm_temperature: Floats  # degC, mean of the stacks
    plate_temperature: Floats  # degC, cold plate or heat sink base
    clock: Floats  # relative to maximum
    memory_clock: Floats  # relative to maximum
    power: Floats  # W, module input
    online: Floats  # 1 running, 0 off (thermal shutdown, failed, not energised)
    flow_factor: Floats  # coolant flow relative to the rack's other plates (blockage: 0)


class RackKinds(NamedTuple):
    """Constants of each rack product in use, shape [Kr]."""

    liquid: Floats  # 1: cold plates in liquid, 0: heat sinks in air
    gpus: Floats
    die_idle_power: Floats  # W
    die_leakage_power: Floats  # W at reference temperature and full voltage
    leakage_coefficient: Floats  # 1/K
    leakage_reference: Floats  # degC
    die_dynamic_power: Floats  # W at full clock and activity
    voltage_intercept: Floats  # -
    minimum_clock: Floats  # -
    regulator_efficiency: Floats  # -
    hbm_static_power: Floats  # W, all stacks
    hbm_refresh_power: Floats  # W, all stacks, normal interval
    hbm_access_power: Floats  # W, all stacks at full bandwidth
    hbm_doubling_temperature: Floats  # degC
    hbm_throttle_temperature: Floats  # degC
    hbm_shutdown_temperature: Floats  # degC
    hbm_hottest_factor: Floats  # rise of the hottest stack over the mean rise
    slowdown_temperature: Floats  # degC
    shutdown_temperature: Floats  # degC
    die_resistance: Floats  # K/W
    hbm_resistance: Floats  # K/W, all stacks in parallel
    mutual_resistance: Floats  # K/W
    die_heat_capacity: Floats  # J/K
    hbm_heat_capacity: Floats  # J/K, all stacks
    plate_heat_capacity: Floats  # J/K
    plate_minimum_resistance: Floats  # K/W
    plate_convective_resistance: Floats  # K/W at rated flow
    plate_exponent: Floats  # -
    series_plates: Indices  # accelerators on one coolant path
    peak_operations: Floats  # flop/s (FP8 dense)
    auxiliary_idle_power: Floats  # W per rack
    auxiliary_maximum_power: Floats  # W per rack
    auxiliary_liquid_share: Floats  # -
    gpu_liquid_share: Floats  # -
    fan_power: Floats  # W at full speed
    airflow_capacity_rate: Floats  # W/K at full fan speed
    flow_capacity_rate: Floats  # W/K at rated coolant flow; 0 for air
    flow_conductance: Floats  # m3/s per sqrt(Pa), rack branch of the secondary loop
    rated_flow: Floats  # m3/s
    rated_mass_flow: Floats  # kg/s
    branch_coefficient: Floats  # Pa/(kg/s)^n: cold plates, manifolds and hoses of the rack
    branch_exponent: Floats  # n
    branch_transition: Floats  # kg/s below which the cold plates are laminar
    coolant_heat_capacity: Floats  # J/K of the coolant in the rack
    shelf_stage: Indices  # row of the conversion stages: one rectifier module
    shelf_modules: Indices  # modules in all shelves of the rack
    shelf_spare_modules: Indices
    shelf_liquid_share: Floats
    boot_time: Floats  # s from power to work


class RackConstants(NamedTuple):
    """Per rack, shape [R] (``first_gpu`` [R + 1]).

    Header segments lie on the CDU's side of the rack.
    """

    kind: Indices
    first_gpu: Indices
    cdu: Indices  # -1: air-cooled
    row: Indices
    hall: Indices
    site: Indices
    supply_segment: Floats  # Pa/(kg/s)^2
    return_segment: Floats  # Pa/(kg/s)^2
    panels: Indices  # bit i: hangs on panel i of its row
    backup_energy: Floats  # J in full battery backup units, at their terminals; 0: none
    backup_power: Floats  # W they give at most
    backup_efficiency: Floats  # one way


class RackState(NamedTuple):
    """Per rack, shape [R]."""

    utilisation: Floats  # input: share of time busy
    compute_share: Floats  # input: share of peak operations asked for at full pace
    memory_share: Floats  # input: share of peak bandwidth asked for at full pace
    power_cap: Floats  # input: W per accelerator module
    priority: Floats  # input: 0 gives power up first
    site_cap: Floats  # W per accelerator module, from the site's power target
    backup_charge: Floats  # J in the battery backup units
    feed_power: Floats  # W from the row: IT power less what the backup units give
    path: Floats  # 0 no panel in service on which it hangs
    boot_left: Floats  # s until it works again after it was without power
    energised: Floats  # input: 1 fed, 0 not
    flow_factor: Floats  # input: share of the branch's hydraulic conductance that is open
    air_inlet_temperature: Floats  # degC, room air drawn in, mean over the height
    next_inlet_temperature: Floats  # degC, scratch of rows with given shares of recirculation
    door_heat: Floats  # W from the rack's exhaust to its rear door
    inlet_temperature: Floats  # degC, coolant (air-cooled: air) entering
    outlet_temperature: Floats  # degC, coolant leaving
    outflow_temperature: Floats  # degC, mean of what left during the step
    flow: Floats  # relative to rated
    mass_flow: Floats  # kg/s of coolant
    supply_segment_flow: Floats  # kg/s
    return_segment_flow: Floats  # kg/s
    supply_pressure: Floats  # Pa above the pumps' suction
    return_pressure: Floats  # Pa above the pumps' suction
    branch_factor: Floats  # multiplies the branch coefficient
    branch_resistance: Floats  # Pa/(kg/s)^2 in series; infinite: shut
    plate_conductance: Floats  # W/K of one cold plate or heat sink
    plate_flow: Floats  # relative flow that conductance belongs to
    calm: (
        Floats  # HURRIED, CALM, AT_REST or ASLEEP; zero it when an accelerator's inputs are changed
    )
    rest_utilisation: Floats  # what accelerators were last advanced with, see rests()
    rest_compute_share: Floats
    rest_memory_share: Floats
    rest_ceiling: Floats
    rest_coolant: Floats  # degC
    rest_conductance: Floats  # W/K
    rest_turnover: Floats  # of the coolant in a step
    rest_share: Floats  # 1 - exp(-rest_turnover)
    fan_speed: Floats  # relative to full
    gpu_power: Floats  # W, all modules
    it_power: Floats  # W at the rack's inlet, shelves and fans included
    shelf_loss: Floats  # W
    liquid_heat: Floats  # W to the coolant
    air_heat: Floats  # W to the room
    maximum_gpu_temperature: Floats  # degC
    maximum_hbm_temperature: Floats  # degC, hottest stack
    clock: Floats  # mean of running accelerators
    throttled: Floats  # number of accelerators that run below their asked clock
    gpus_off: Floats  # number of accelerators without power, or shut down
    pace: Floats  # mean pace of the rack's work relative to full clocks
    operations: Floats  # flop/s done


class CduConstants(NamedTuple):
    """Per CDU, shape [C] (``first_rack`` [C + 1]: its racks lie together)."""

    plant: Indices
    hall: Indices
    site: Indices
    first_rack: Indices
    rated_ua_side: Floats  # W/K, film conductance of either side at rated flow
    secondary_rated_capacity_rate: Floats  # W/K
    primary_rated_capacity_rate: Floats  # W/K
    secondary_heat_capacity_per_flow: Floats  # J/m3/K, rho cp of the technology coolant
    primary_heat_capacity_per_flow: Floats  # J/m3/K
    secondary_density: Floats  # kg/m3
    return_heat_capacity: Floats  # J/K, coolant in the unit before the exchanger
    supply_main_heat_capacity: Floats  # J/K from exchanger to racks, walls included
    return_main_heat_capacity: Floats  # J/K from racks to unit, walls included
    reverse_return: Floats  # 1: the return header is led off at the far end
    exchanger_resistance: Floats  # Pa/(m3/s)^2, exchanger and pipework
    differential_pressure_setpoint: Floats  # Pa across the farthest rack
    pump_shutoff_head: Floats  # Pa
    pump_curve: Floats  # Pa/(m3/s)^2 of one pump
    pump_efficiency: Floats  # hydraulic
    pump_motor_efficiency: Floats
    pumps: Floats  # number fitted
    pumps_required: Floats
    rated_primary_flow: Floats  # m3/s
    valve_stroke_time: Floats  # s
    standby_power: Floats  # W
    reserve_volume: Floats  # m3 of coolant in the expansion vessel that may be lost
    fill_pressure: Floats  # Pa at the pumps' suction with the vessel full


class CduState(NamedTuple):
    """Per CDU, shape [C]."""

    supply_setpoint: Floats  # input: degC
    pumps_online: Floats  # input: number able to run
    valve_fault: Floats  # input: 0 none, otherwise valve frozen
    fouling: Floats  # input: share of UA lost
    isolated: Floats  # input: 1 shuts primary flow off
    leak_area: Floats  # input: m2 of a hole in the loop
    coolant_level: Floats  # share of the reserve left
    leak_flow: Floats  # m3/s to the floor
    low_level_trip: Floats  # 1: pumps stopped for want of coolant
    guarded_setpoint: Floats  # degC, supply set point kept above the room's dew point
    supply_temperature: Floats  # degC, technology coolant leaving the exchanger
    measured_temperature: Floats  # degC, of the sensor in its well, which lags behind
    return_temperature: Floats  # degC, technology coolant arriving at the exchanger
    delivered_temperature: Floats  # degC, leaving the supply main for the racks
    primary_supply_temperature: Floats  # degC
    primary_return_temperature: Floats  # degC
    valve: Floats  # primary valve, share open
    valve_integral: Floats  # controller memory
    pump_speed: Floats  # relative
    pump_integral: Floats  # controller memory
    secondary_flow: Floats  # m3/s
    primary_flow: Floats  # m3/s
    differential_pressure: Floats  # Pa across the farthest rack
    head_pressure: Floats  # Pa across the headers at the unit
    loop_mass_flow: Floats  # kg/s through the pumps
    hydraulic_power: Floats  # W to the coolant
    hydraulic_residual: Floats  # Pa, largest violation of a branch law at the last solution
    hydraulic_iterations: Floats  # of the last solution
    solved_speed: Floats  # pump speed the flows belong to
    solved_pumps: Floats  # pumps running they belong to
    solved_openings: Floats  # mark of the rack branches' openings they belong to
    heat: Floats  # W over the exchanger
    pump_power: Floats  # W, electric
    alarm_time: Floats  # s, total of all alarms that stood


class MainState(NamedTuple):
    """Per pipe, shape [2 C]: supply main of CDU c in row 2 c, its return main in row 2 c + 1.

    Plug flow in ``MAIN_CELLS`` travelling cells (:mod:`physics.hydraulics.transport`); the block
    lies the other way round, shape [pipes, fields], so that a pipe's cells are one slice.
    """

    head: Floats  # slot at the inlet end
    from_fill: Floats  # filled share of that slot
    edge_temperature: Floats  # degC where fluid last left
    direction: Floats  # of that flow
    outlet_temperature: Floats  # degC, mean of what left during the step
    cell_0: Floats  # degC, ring of slots
    cell_1: Floats
    cell_2: Floats
    cell_3: Floats
    cell_4: Floats
    cell_5: Floats
    cell_6: Floats
    cell_7: Floats
    cell_8: Floats


class RowConstants(NamedTuple):
    """Per row of racks with its cold and hot aisle, shape [W] (``first_rack`` [W + 1])."""

    hall: Indices
    site: Indices
    first_rack: Indices
    first_panel: Indices  # [W + 1], units
    door_plant: Indices  # plant that feeds the rear doors, -1: no doors
    first_share: Indices  # where the row's shares of recirculation begin, -1: none are given
    heat_capacity: Floats  # J/K of the air and surfaces of either aisle
    recirculation: Floats  # share of the racks' air drawn from the hot aisle
    door_water_capacity_rate: Floats  # W/K, one door with its valve open
    door_airflow_capacity_rate: Floats  # W/K, one door at its rated flow
    door_ua: Floats  # W/K, one door at rated flows
    door_fan_power: Floats  # W, one door at rated air flow
    door_rated_flow: Floats  # m3/s of water, one door
    panel_rating: Floats  # W of one panel
    panel_loss_share: Floats  # of the rating, at the rating
    panels_shared: Indices  # 1: every rack hangs on all panels alike
    trip_pickup: Floats  # load share of a panel above which its breaker's element runs
    trip_k: Floats  # s, inverse-time curve with the time multiplier in it
    trip_alpha: Floats
    trip_c: Floats  # s
    trip_b: Floats
    trip_reset: Floats  # s


class RowState(NamedTuple):
    """Per row, shape [W]."""

    recirculation_fault: Floats  # input: added share (blocked or leaking containment)
    door_setpoint: Floats  # input: degC, air leaving the rear doors
    door_fault: Floats  # input: 1 stops fans and water of the rear doors
    door_valve: Floats  # share open
    door_valve_integral: Floats  # controller memory
    door_heat: Floats  # W from the racks' exhaust to the doors' water
    door_leaving_temperature: Floats  # degC, air behind the doors, mean
    door_power: Floats  # W, fans
    cold_aisle_temperature: Floats  # degC
    hot_aisle_temperature: Floats  # degC
    airflow_capacity_rate: Floats  # W/K through the racks
    through: Floats  # W/K of it that comes from the cold aisle
    air_heat: Floats  # W
    it_power: Floats  # W
    panel_loss: Floats  # W
    panel_load: Floats  # of the panel that carries most, relative to its rating
    fed: Floats  # 1 supplied, 0 no path left
    feed_power: Floats  # W drawn by the racks
    racks_up: Floats  # number of racks that run


class PanelState(NamedTuple):
    """Per panel, shape [units]."""

    online: Floats  # input
    tripped: Floats  # input to reset: 1 opened by its own protection
    travel: Floats  # of the inverse-time element, trips at 1
    load: Floats  # relative to the rating
    fed: Floats  # 0: the UPS system that it hangs on has no output
    position: Floats  # of its transfer switch (:mod:`physics.electrical.switch`)
    target: Floats  # where that switch stands or goes
    waited: Floats  # s in the switch's present delay or transit
    dead_time: Floats  # s for which its supply has been dead
    need: Floats  # W it passed when it last had supply, its loss included


class PanelConstants(NamedTuple):
    """Per panel, shape [units]: what feeds it in halls with separate UPS systems."""

    system: Indices  # that it prefers, -1: the hall's one racks' bus
    alternate: Indices  # that its transfer switch can turn to, -1: none
    transfer_time: Floats  # s without supply on the way
    retransfer_delay: Floats  # s of good preferred supply before it returns
    transfer_limit: Floats  # load of the alternate over its rating up to which it may go there


class UpsSystemConstants(NamedTuple):
    """Per UPS system of halls with several, shape [Y]."""

    hall: Indices
    first_ups: Indices  # [Y + 1], units
    reserve: Indices  # 1: no panel prefers it


class UpsSystemState(NamedTuple):
    """Per UPS system of halls with several, shape [Y]; a hall's own fields sum them up."""

    online: Floats  # input: 0 no output, whatever its units could do
    fed: Floats  # 1 its output bus is live
    load: Floats  # share of the rating in service
    loss: Floats  # W
    mode: Floats  # of physics.electrical.ups
    input_time: Floats  # s for which the input has been good
    overload: Floats  # travel of the overload element, trips at 1
    share: Floats  # share of the load that the rectifiers carry
    charging: Floats  # 1 allowed
    output: Floats  # W; without output, what waits for it
    battery_power: Floats  # W at the batteries' terminals, positive: giving
    stored_power: Floats  # W by which the batteries' content falls
    charge: Floats  # mean state of charge of the batteries in service
    drawn: Floats  # W at the input
    cooling: Floats  # W of pumps and fans behind it
    expected: Floats  # W when all transfer switches have come to rest


class HallConstants(NamedTuple):
    """Per hall, shape [H]."""

    site: Indices
    air_plant: Indices  # plant that feeds the CRAH coils
    first_row: Indices  # [H + 1]
    first_cdu: Indices  # [H + 1]
    first_crah: Indices  # [H + 1]
    first_ups: Indices  # [H + 1]
    first_system: Indices  # [H + 1]; halls with one UPS bank have none
    first_transformer: Indices  # [H + 1]
    crah_airflow_capacity_rate: Floats  # W/K, one unit at full speed
    crah_water_capacity_rate: Floats  # W/K, one unit with valve open
    crah_ua: Floats  # W/K, one unit at rated flows
    crah_fan_power: Floats  # W, one unit at full speed
    crah_rated_water_flow: Floats  # m3/s, one unit
    ups_stage: Indices
    eco_stage: Indices
    ups_carries_cdus: Indices  # 1: CDU pumps behind the UPS
    ups_carries_crahs: Indices  # 1: air handlers' fans behind the UPS
    feeder: Indices  # -1: none between the site's bus and the hall
    other_feeder: Indices  # that takes over; -1: none
    ups_battery_energy: Floats  # J, one unit
    ups_charge_power: Floats  # W, one unit
    ups_retransfer_delay: Floats  # s of good input before the load returns from battery
    ups_restart_delay: Floats  # s of good input before a dead output is restored
    ups_walk_in: Floats  # s in which the rectifiers take the load back
    crah_delay: Floats  # s from power to start
    transformer_rating: Floats  # VA, one unit
    transformer_no_load_loss: Floats  # W, one unit
    transformer_load_loss: Floats  # W, one unit
    plenum_heat_capacity: Floats  # J/K of air and surfaces between CRAHs and racks; >= 5 s of flow
    ventilation_time: Floats  # s in which outdoor air replaces the room's


class HallState(NamedTuple):
    """Per hall, shape [H]."""

    air_setpoint: Floats  # input: degC, CRAH supply
    dehumidifier_fault: Floats  # input: 1 lets outdoor air in as it is
    humidity_ratio: Floats  # kg/kg, of the room air
    dew_point: Floats  # degC, of the room air
    air_served: Floats  # share of the racks' draw that the air handlers supply
    crah_supply_temperature: Floats  # degC
    crah_return_temperature: Floats  # degC
    crah_fan_speed: Floats  # relative
    crah_valve: Floats  # share open
    crah_valve_integral: Floats  # controller memory
    crah_water_flow: Floats  # m3/s
    crah_heat: Floats  # W to water
    crah_power: Floats  # W, fans
    it_power: Floats  # W
    ups_load: Floats  # share of the rating in service
    ups_loss: Floats  # W
    transformer_load: Floats  # share of the rating in service
    transformer_loss: Floats  # W
    power: Floats  # W at the transformers' primary side
    fed: Floats  # 1 the racks' bus is live, behind the UPS
    cooling_power: Floats  # W: CRAH fans and CDU pumps
    ups_request: Floats  # input: mode the operator wants
    ups_mode: Floats  # of physics.electrical.ups
    ups_input_time: Floats  # s for which the input has been good
    ups_overload: Floats  # travel of the overload element, trips at 1
    ups_share: Floats  # share of the load that the rectifiers carry
    ups_charging: Floats  # 1 allowed
    ups_output: Floats  # W
    ups_battery_power: Floats  # W at the batteries' terminals, positive: giving
    ups_stored_power: Floats  # W by which the batteries' content falls
    ups_charge: Floats  # mean state of charge of the batteries in service
    crahs_fed: Floats  # 1 the fans have power and may run
    cdus_fed: Floats  # 1 the CDU pumps have power
    crah_need: Floats  # W they drew when they last ran
    cdu_need: Floats  # W that the CDU pumps drew when they last ran
    live: Floats  # 1 voltage on the low-voltage bus before the UPS
    live_time: Floats  # s for which it has had voltage
    feeder_in_use: Floats  # row of the feeder, -1 none
    transfer_time: Floats  # s left of a transfer to the other feeder


class UnitState(NamedTuple):
    """Per unit of a bank (CRAH, transformer, cooler), shape [units]."""

    online: Floats  # input


class FeederState(NamedTuple):
    """Per medium-voltage feeder, shape [units]."""

    online: Floats  # input
    load: Floats  # apparent power relative to the rating


class UpsState(NamedTuple):
    """Per UPS unit, shape [units]."""

    online: Floats  # input
    battery_online: Floats  # input: 0 battery open or failed
    battery_health: Floats  # input: capacity relative to new
    charge: Floats  # state of charge


class GeneratorState(NamedTuple):
    """Per standby generator, shape [units]."""

    online: Floats  # input: 0 cannot run
    state: Floats  # of physics.electrical.generator
    time: Floats  # s in that state
    power: Floats  # W
    fuel: Floats  # s at full load that the tank is good for


class BatteryState(NamedTuple):
    """Per unit of the site battery, shape [units]."""

    online: Floats  # input
    charge: Floats  # J
    power: Floats  # W at its terminals, positive: giving
    life_used: Floats  # input: share of its life, by cycles and calendar


class StagedState(NamedTuple):
    """Per unit of a bank that is switched by need (pump, chiller), shape [units]."""

    online: Floats  # input: able to run
    stage: Floats  # off, starting, on or locked out (:mod:`physics.staging`)
    stage_time: Floats  # s in that state
    run_time: Floats  # s, total


class SensorState(NamedTuple):
    """Per sensor; the block lies the other way round, shape [sensors, fields]."""

    bias: Floats  # input: added to what is measured
    noise: Floats  # input: standard deviation
    delay: Floats  # input: s between the value and its reading
    fault: Floats  # input: 0 healthy, 1 stuck, 2 failed low, 3 failed high
    reading: Floats  # what the controller sees
    primed: Floats  # 1: the slots below hold the past
    phase: Floats  # s since a slot was filled
    newest: Floats  # that slot
    slot_0: Floats  # values of the past, a ring
    slot_1: Floats
    slot_2: Floats
    slot_3: Floats
    slot_4: Floats
    slot_5: Floats
    slot_6: Floats
    slot_7: Floats


class TankState(NamedTuple):
    """Buffer tank of every plant, shape [P]; the block lies the other way round, [P, fields]."""

    layer_0: Floats  # degC, bottom
    layer_1: Floats
    layer_2: Floats
    layer_3: Floats
    layer_4: Floats
    layer_5: Floats
    layer_6: Floats
    layer_7: Floats
    layer_8: Floats
    layer_9: Floats  # degC, top


class PlantConstants(NamedTuple):
    """Per facility-water plant, shape [P]."""

    site: Indices
    feeder: Indices  # -1: none
    other_feeder: Indices  # -1: none
    pump_delay: Floats  # s from power to start
    fan_delay: Floats  # s
    chiller_delay: Floats  # s of the first chiller
    chiller_stagger: Floats  # s from one chiller to the next
    chiller_start_factor: Floats  # power while starting over running power
    first_cooler: Indices  # [P + 1], units
    first_pump: Indices  # [P + 1], units
    first_chiller: Indices  # [P + 1], units
    first_transformer: Indices  # [P + 1], units
    heat_capacity_per_flow: Floats  # J/m3/K
    density: Floats  # kg/m3
    supply_heat_capacity: Floats  # J/K
    return_heat_capacity: Floats  # J/K
    condenser_heat_capacity: Floats  # J/K
    distribution_pressure: Floats  # Pa across the consumers, held by the pumps
    equipment_resistance: Floats  # Pa/(m3/s)^2 of coolers or chillers and headers
    pump_shutoff_head: Floats
    pump_curve: Floats  # Pa/(m3/s)^2, one pump
    pump_efficiency: Floats
    pump_motor_efficiency: Floats
    pumps_required: Floats  # pumps that carry the design flow; the others stand by
    reserve_volume: Floats  # m3 of coolant in the expansion vessel that may be lost
    fill_pressure: Floats  # Pa at the pumps' suction with the vessel full
    make_up_flow: Floats  # m3/s that refill the vessel
    tank_layer_heat_capacity: Floats  # J/K of a layer of the buffer tank, 0: none
    tank_layer_loss: Floats  # W/K of a layer to the ambient
    tank_layer_conductance: Floats  # W/K between layers
    evaporative: Floats  # 0 dry cooler, 1 tower by Merkel, 2 tower by the York correlation
    cooler_rated_capacity_rate: Floats  # W/K water, one unit
    cooler_air_capacity_rate: Floats  # W/K air (tower: mass flow of air, kg/s), one unit
    cooler_ua: Floats  # W/K, one unit at rated flows (tower: NTU at rated flows)
    cooler_fan_power: Floats  # W, one unit
    cooler_natural_share: Floats  # airflow share at fan off
    cooler_adiabatic_effectiveness: Floats
    cooler_adiabatic_threshold: Floats  # degC
    cooler_drift_share: Floats
    cooler_cycles: Floats
    cooler_york_ratio: Floats  # water flow of the rated point over the correlation's reference
    cooler_bypass: Floats  # 1: a valve leads water past the coolers lest it gets too cold
    condenser_capacity_rate: Floats  # W/K, one chiller
    chiller_capacity: Floats  # W, one unit
    chiller_cop: Floats
    chiller_minimum_part_load: Floats
    chiller_minimum_on_time: Floats  # s
    chiller_minimum_off_time: Floats  # s
    chiller_start_time: Floats  # s from the command to running
    chiller_restart_delay: Floats  # s after power or health is back
    rotation_interval: Floats  # s after which another chiller leads; 0: never
    economiser_ua: Floats  # W/K of the exchanger before the chillers; 0: none
    economiser_approach: Floats  # K at its rated point
    economiser_parallel: Floats  # 1: instead of the chillers only, 0: before them as well
    chiller_capacity_curve: Floats  # [P, 6]
    chiller_eir_curve: Floats  # [P, 6]
    chiller_part_load_curve: Floats  # [P, 3]
    transformer_rating: Floats
    transformer_no_load_loss: Floats
    transformer_load_loss: Floats


class PlantState(NamedTuple):
    """Per plant, shape [P]."""

    supply_setpoint: Floats  # input: degC
    fouling: Floats  # input: share of the coolers' UA lost
    leak_area: Floats  # input: m2 of a hole in the loop
    coolant_level: Floats  # share of the reserve left
    leak_flow: Floats  # m3/s lost
    low_level_trip: Floats  # 1: pumps stopped for want of coolant
    supply_temperature: Floats  # degC, to the consumers
    produced_temperature: Floats  # degC at the sensor, before a buffer tank if there is one
    return_temperature: Floats  # degC
    condenser_temperature: Floats  # degC, entering the condensers
    flow: Floats  # m3/s
    demand: Floats  # share of the asked flow that the pumps deliver
    pump_speed: Floats
    pump_power: Floats  # W, electric
    pump_hydraulic_power: Floats  # W, to the water
    fan_speed: Floats
    fan_integral: Floats
    fan_power: Floats  # W
    bypass: Floats  # share of the coolers' water that is led past them
    cooler_temperature: Floats  # degC, water leaving the coolers; still water: the outdoor air
    chillers_wanted: Floats  # by staging
    stage_time: Floats  # s since that changed
    lead_chiller: Floats  # place of the first to be asked
    lead_time: Floats  # s since that changed
    chillers_running: Floats
    pumps_wanted: Floats  # by staging
    pump_stage_time: Floats  # s since that changed
    pumps_running: Floats
    economiser_mode: Floats  # 0 by-passed, 1 before the chillers, 2 instead of them
    economiser_time: Floats  # s since that changed
    economiser_heat: Floats  # W
    chiller_load: Floats  # part-load ratio of the chillers in service
    chiller_power: Floats  # W
    heat: Floats  # W taken up from consumers
    heat_rejected: Floats  # W to ambient by coolers
    water_use: Floats  # kg/s
    transformer_loss: Floats  # W
    power: Floats  # W at the transformers' primary side
    fed: Floats  # 1 the low-voltage bus is live
    live_time: Floats  # s for which it has been
    pumps_fed: Floats  # 1 the pumps have power and may run
    fans_fed: Floats  # 1 the coolers' fans have power and may run
    chillers_fed: Floats  # number of chillers that may run
    pump_need: Floats  # W they drew when they last ran
    fan_need: Floats  # W
    chiller_need: Floats  # W of one chiller
    feeder_in_use: Floats  # row of the feeder, -1 none
    transfer_time: Floats  # s left of a transfer to the other feeder
    transformer_load: Floats  # share of the rating in service
    alarm_time: Floats  # s, total of all alarms that stood
    inflow_rate: Floats  # W/K, capacity rate returning from the consumers
    inflow_enthalpy: Floats  # W relative to 0 degC, of that return


class SiteConstants(NamedTuple):
    """Per site, shape [S]."""

    first_transformer: Indices  # [S + 1], units
    first_feeder: Indices  # [S + 1], units
    first_generator: Indices  # [S + 1], units
    first_battery: Indices  # [S + 1], units
    transformer_rating: Floats  # VA
    transformer_no_load_loss: Floats
    transformer_load_loss: Floats
    power_factor: Floats
    house_power: Floats  # W: lighting, offices, controls, while there is supply
    reconnect_delay: Floats  # s of good grid before a dead bus is connected again
    retransfer_delay: Floats  # s of good grid before the load returns from other sources
    feeder_rating: Floats  # VA, one feeder
    feeder_loss_share: Floats  # of the rating, at the rating
    feeder_transfer_time: Floats  # s without power on the way to another feeder
    generator_rating: Floats  # W, one unit
    generator_start_time: Floats  # s from the loss of supply to rated voltage
    generator_synchronise_time: Floats  # s from there to a closed breaker
    generator_first_step: Floats  # share of the rating accepted at once
    generator_next_step: Floats  # further share accepted after each interval
    generator_step_interval: Floats  # s
    generator_cool_down_time: Floats  # s
    battery_power: Floats  # W, one unit, either direction
    battery_energy: Floats  # J, one unit
    battery_efficiency: Floats  # one way
    battery_forming: Floats  # 1: carries the site's bus by itself
    battery_response: Floats  # s until it does
    battery_floor: Floats  # share of its capacity below which it never goes
    battery_reserve: Floats  # share that it keeps for carrying the site
    battery_ceiling: Floats  # share up to which it charges
    battery_holds_ramp: Floats  # 1: keeps the grid's power within its ramp
    battery_full_cycles: Floats  # discharges of its energy when new until the end of its life
    battery_design_life: Floats  # s
    battery_end_of_life: Floats  # share of its capacity left then
    contract_power: Floats  # W at the grid connection
    cap_ramp: Floats  # W/s at which a power target takes effect


class SiteState(NamedTuple):
    """Per site, shape [S]."""

    dry_bulb_temperature: Floats  # input: degC
    wet_bulb_temperature: Floats  # input: degC
    pressure: Floats  # input: Pa
    humidity_ratio: Floats  # input: kg/kg, of the outdoor air
    it_power: Floats  # W
    cooling_power: Floats  # W: pumps, fans, chillers, CDUs, CRAHs
    loss_power: Floats  # W: panels, UPS, transformers
    facility_power: Floats  # W used, from whatever source
    house_power: Floats  # W
    transformer_load: Floats
    transformer_loss: Floats  # W
    heat_rejected: Floats  # W to ambient by every way
    water_use: Floats  # kg/s
    operations: Floats  # flop/s
    throttled: Floats  # accelerators that run below their asked clock
    gpus_off: Floats  # accelerators without power, or shut down
    maximum_gpu_temperature: Floats  # degC
    maximum_hbm_temperature: Floats  # degC
    hottest_gpu_rack: Floats  # row of the rack with that, -1: no rack
    hottest_hbm_rack: Floats
    pue: Floats  # instantaneous
    operations_per_token: Floats  # input: flop spent per token, idle peak included
    grid_available: Floats  # input: 0 the grid is gone
    grid_voltage: Floats  # input: per unit
    dip_voltage: Floats  # input: per unit during a dip
    dip_duration: Floats  # input: s of a dip that begins now; counts down
    power_target: Floats  # input: W at the grid connection, infinite: none
    shaving_threshold: Floats  # input: W of grid power above which the battery gives
    price: Floats  # input: currency per J
    export_price: Floats  # input: currency per J fed into the grid
    carbon_intensity: Floats  # input: kg/J
    solar_available: Floats  # input: W that the photovoltaic field could give at the site's bus
    solar_power: Floats  # W that it gives
    solar_wait: Floats  # s until its inverters connect again; 0 connected
    source: Floats  # of the site's bus: OPEN, GRID, GENERATORS or BATTERY
    voltage: Floats  # per unit at the site's bus, the lowest of the step
    bus_sag: Floats  # s for which that bus has been outside its window
    sag_time: Floats  # s for which the grid has been outside its window
    grid_good_time: Floats  # s for which it has been inside
    capacity: Floats  # W that the present source takes; infinite on the grid
    capacity_left: Floats  # W not yet given away in this step
    bus_power: Floats  # W drawn from the site's bus
    grid_power: Floats  # W from the grid, negative: fed back
    generator_power: Floats  # W
    battery_power: Floats  # W of the site battery at its terminals, positive: giving
    battery_spare: Floats  # W that it could give besides
    battery_state: Floats  # of the site battery: READY, SHAVING, SHORT or EMPTY
    battery_calm: Floats  # s for which no peak has asked for it
    ramp_reference: Floats  # W from the grid to the bus in the last step; infinite: none to hold
    stored_power: Floats  # W by which all batteries' content falls
    power_cap: Floats  # W, the target on its way
    curtailment: Floats  # 0 no rack is capped; each whole number is one priority at its least
    lost_operations: Floats  # flop/s asked for and not done


class SharedConstants(NamedTuple):
    """What belongs to no one level."""

    recirculation_shares: Floats  # [sum of racks^2]: share of rack i's exhaust that rack j draws
    noise_seed: Indices  # [1], of the sensors


class LedgerState(NamedTuple):
    """Running totals since the start, shape [S]; temperatures are maxima since the start."""

    grid_energy: Floats  # J from the grid
    it_energy: Floats  # J
    facility_energy: Floats  # J used, from whatever source
    generator_energy: Floats  # J
    solar_energy: Floats  # J from the site's photovoltaic field
    exported_energy: Floats  # J fed into the grid
    stored_electricity: Floats  # J in all batteries
    stored_electricity_start: Floats  # J
    cost: Floats  # of the energy from the grid, in the currency of its price
    carbon: Floats  # kg
    lost_operations: Floats  # flop asked for and not done
    peak_power: Floats  # W from the grid, largest of a step
    demand_energy: Floats  # J from the grid since the present demand interval began
    demand_time: Floats  # s since then
    peak_demand: Floats  # W from the grid, largest mean of a demand interval
    rejected_heat: Floats  # J
    stored_heat: Floats  # J at the last balance, relative to 0 degC
    stored_heat_start: Floats  # J
    residual: Floats  # (came in - rejected - stored change) / facility energy
    water: Floats  # kg
    operations: Floats  # flop
    throttled_time: Floats  # accelerator seconds
    off_time: Floats  # accelerator seconds
    time: Floats  # s
    maximum_gpu_temperature: Floats  # degC
    maximum_hbm_temperature: Floats  # degC
    hottest_gpu_rack: Floats  # row of the rack with that, -1: no rack
    hottest_gpu_time: Floats  # s, end of the step in which it was first reached
    hottest_hbm_rack: Floats
    hottest_hbm_time: Floats  # s
    peak_power_time: Floats  # s, end of the step in which the peak was first reached


class JournalState(NamedTuple):
    """What happened in the power chain since it was last read, shape [JOURNAL_SIZE].

    Compiled code appends (:func:`physics.factory.power_journal.note`); whoever reads it clears it.
    The first entry holds the number of the others in ``time``.
    """

    time: Floats  # s since the beginning of the call
    code: Floats
    element: Floats  # row of it
    value: Floats
    other: Floats


class Constants(NamedTuple):
    """Everything a layout fixes."""

    gpu: GpuConstants
    kinds: RackKinds
    rack: RackConstants
    cdu: CduConstants
    row: RowConstants
    hall: HallConstants
    plant: PlantConstants
    site: SiteConstants
    stages: Stages
    shared: SharedConstants
    panel: PanelConstants
    ups_system: UpsSystemConstants


class State(NamedTuple):
    """Everything that changes; all fields are views of one float64 buffer."""

    gpu: GpuState
    rack: RackState
    cdu: CduState
    main: MainState
    cdu_temperature_sensor: SensorState  # supply temperature of every CDU
    cdu_pressure_sensor: SensorState  # differential pressure of every CDU
    row: RowState
    panel: PanelState
    hall: HallState
    crah: UnitState
    ups: UpsState
    hall_transformer: UnitState
    plant: PlantState
    plant_temperature_sensor: SensorState  # temperature behind coolers or chillers
    tank: TankState
    cooler: UnitState
    pump: StagedState
    chiller: StagedState
    plant_transformer: UnitState
    site: SiteState
    site_transformer: UnitState
    feeder: FeederState
    generator: GeneratorState
    battery: BatteryState
    ups_system: UpsSystemState
    ledger: LedgerState
    journal: JournalState


def _rows(tuple_class: type[tuple[Any, ...]], integer: bool | None = None) -> Any:
    """Row of each field in its block: a tuple of the same class that holds numbers.

    ``integer`` picks whole-number (True) or other one-dimensional fields (False) of constants;
    fields of the other sort get row -1.
    """
    annotations = tuple_class.__annotations__
    names = _block_fields(tuple_class, integer)
    rows: Any = [names.index(f) if f in names else -1 for f in annotations]
    return tuple_class(*rows)


def _block_fields(tuple_class: type[tuple[Any, ...]], integer: bool | None) -> list[str]:
    annotations = {
        name: str(getattr(kind, "__forward_arg__", kind))
        for name, kind in tuple_class.__annotations__.items()
        if name not in CURVES
    }
    return [f for f, kind in annotations.items() if integer in (None, kind == "Indices")]


MAIN_CELLS = 8
JOURNAL_SIZE = 256
TANK_LAYERS = 10
SENSOR_SLOTS = 8
ELEMENTS_FIRST = (
    "main",
    "journal",
    "cdu_temperature_sensor",
    "cdu_pressure_sensor",
    "plant_temperature_sensor",
    "tank",
)
"""Groups of the state whose block is [elements, fields]."""

CURVES = ("chiller_capacity_curve", "chiller_eir_curve", "chiller_part_load_curve")

GPU: Any = _rows(GpuState)
RACK: Any = _rows(RackState)
CDU: Any = _rows(CduState)
MAIN: Any = _rows(MainState)
ROW: Any = _rows(RowState)
HALL: Any = _rows(HallState)
PLANT: Any = _rows(PlantState)
STAGED: Any = _rows(StagedState)
SENSOR: Any = _rows(SensorState)
SITE: Any = _rows(SiteState)
LEDGER: Any = _rows(LedgerState)
PANEL: Any = _rows(PanelState)
UPS: Any = _rows(UpsState)
SYSTEM: Any = _rows(UpsSystemState)
FEEDER: Any = _rows(FeederState)
GENERATOR: Any = _rows(GeneratorState)
BATTERY_UNIT: Any = _rows(BatteryState)
JOURNAL: Any = _rows(JournalState)
ONLINE = 0

GPU_DATA: Any = _rows(GpuConstants, False)
RACK_DATA: Any = _rows(RackConstants, False)
KIND: Any = _rows(RackKinds, False)
CDU_DATA: Any = _rows(CduConstants, False)
ROW_DATA: Any = _rows(RowConstants, False)
PANEL_DATA: Any = _rows(PanelConstants, False)
HALL_DATA: Any = _rows(HallConstants, False)
PLANT_DATA: Any = _rows(PlantConstants, False)
SITE_DATA: Any = _rows(SiteConstants, False)

KIND_LINK: Any = _rows(RackKinds, True)
RACK_LINK: Any = _rows(RackConstants, True)
CDU_LINK: Any = _rows(CduConstants, True)
ROW_LINK: Any = _rows(RowConstants, True)
PANEL_LINK: Any = _rows(PanelConstants, True)
SYSTEM_LINK: Any = _rows(UpsSystemConstants, True)
HALL_LINK: Any = _rows(HallConstants, True)
PLANT_LINK: Any = _rows(PlantConstants, True)
SITE_LINK: Any = _rows(SiteConstants, True)


class ConstantBlocks(NamedTuple):
    """:class:`Constants` as blocks, shape [fields, elements]; links have one column more."""

    gpu: Floats
    kinds: Floats
    kind_links: Indices
    racks: Floats
    rack_links: Indices
    cdus: Floats
    cdu_links: Indices
    rows: Floats
    row_links: Indices
    halls: Floats
    hall_links: Indices
    plants: Floats
    plant_links: Indices
    sites: Floats
    site_links: Indices
    chiller_capacity_curves: Floats  # [P, 6]
    chiller_eir_curves: Floats  # [P, 6]
    chiller_part_load_curves: Floats  # [P, 3]
    stages: Stages
    recirculation_shares: Floats
    seed: int
    panels: Floats
    panel_links: Indices
    system_links: Indices


class StateBlocks(NamedTuple):
    """:class:`State` as blocks, shape [fields, elements], views of the same buffer."""

    gpu: Floats
    rack: Floats
    cdu: Floats
    main: Floats  # [pipes, fields]
    cdu_temperature_sensor: Floats  # [C, fields]
    cdu_pressure_sensor: Floats  # [C, fields]
    row: Floats
    panel: Floats
    hall: Floats
    crah: Floats
    ups: Floats
    hall_transformer: Floats
    plant: Floats
    plant_temperature_sensor: Floats  # [P, fields]
    tank: Floats  # [P, fields]
    cooler: Floats
    pump: Floats
    chiller: Floats
    plant_transformer: Floats
    site: Floats
    site_transformer: Floats
    feeder: Floats
    generator: Floats
    battery: Floats
    ups_system: Floats
    ledger: Floats
    journal: Floats  # [entries, fields]


def _floats(group: tuple[Any, ...]) -> Floats:
    names = _block_fields(type(group), False)
    return np.ascontiguousarray([getattr(group, name) for name in names], dtype=np.float64)


def _links(group: tuple[Any, ...]) -> Indices:
    """Whole-number fields; those of one entry per element get a last column of zero."""
    values = [np.asarray(getattr(group, f)) for f in _block_fields(type(group), True)]
    block = np.zeros((len(values), max(len(v) for v in values)), dtype=np.int64)
    for row, value in zip(block, values, strict=True):
        row[: len(value)] = value
    return block


def blocks_of(constants: Constants) -> ConstantBlocks:
    """Constants in the form compiled code takes."""
    c = constants
    return ConstantBlocks(
        _floats(c.gpu),
        _floats(c.kinds),
        _links(c.kinds),
        _floats(c.rack),
        _links(c.rack),
        _floats(c.cdu),
        _links(c.cdu),
        _floats(c.row),
        _links(c.row),
        _floats(c.hall),
        _links(c.hall),
        _floats(c.plant),
        _links(c.plant),
        _floats(c.site),
        _links(c.site),
        np.array(c.plant.chiller_capacity_curve, dtype=np.float64).reshape(-1, 6),
        np.array(c.plant.chiller_eir_curve, dtype=np.float64).reshape(-1, 6),
        np.array(c.plant.chiller_part_load_curve, dtype=np.float64).reshape(-1, 3),
        Stages(*cast(Any, [np.array(values) for values in c.stages])),
        np.array(c.shared.recirculation_shares, dtype=np.float64),
        int(c.shared.noise_seed[0]),
        _floats(c.panel),
        _links(c.panel),
        _links(c.ups_system),
    )
