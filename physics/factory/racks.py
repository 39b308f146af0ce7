"""Racks in the coupled step: accelerators, their packages, and what the rack gives to its coolant.

This is where nearly all the time goes at 260,000 accelerators, so the inner loop is written to
vectorise: no branches that the compiler cannot turn into selects, no library exponentials, all
product constants in locals. ``fastmath`` allows sums and maxima to be split over vector lanes; the
order is fixed by the compiled code, so results are the same for any number of threads.
"""

from __future__ import annotations

import math

import numba

from physics.compute import (
    capped_clock,
    die_power,
    leakage_power,
    pace,
    relative_voltage,
    throttled_clock,
)
from physics.electrical.conversion import Stages, group_input_power, modules_needed
from physics.factory.arrays import (
    CduState,
    GpuConstants,
    GpuState,
    RackConstants,
    RackKinds,
    RackState,
    RowConstants,
    RowState,
)
from physics.hbm import refresh_power
from physics.jit import kernel, law
from physics.package import convective_conductance, package_step
from physics.volume import mixing_volume

STAGNANT_CONDUCTANCE = 0.8  # W/K: a filled, still plate with its hoses to 40 degC tray air
STILL_FLOW = 0.02  # share of rated flow below which the coolant counts as standing
SHELF_TEMPERATURE = 40.0  # degC of the shelves' modules
SHELF_TARGET_LOAD = 0.6  # modules are switched on until each carries at most this share
FAN_MINIMUM_SPEED = 0.35
FAN_TARGET_TEMPERATURE = 72.0  # degC of the hottest die, where an air-cooled node's fans reach 60 %
FAN_GAIN = 0.03  # speed per kelvin
FAN_TIME_CONSTANT = 10.0  # s


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz", "nnan"})
def advance_accelerators(
    first: int,
    last: int,
    kind: int,
    kinds: RackKinds,
    constants: GpuConstants,
    gpu: GpuState,
    utilisation: float,
    compute_share: float,
    memory_share: float,
    energised: float,
    clock_ceiling: float,
    coolant_temperature: float,
    coolant_rise_per_plate: float,
    conductance: float,
    step: float,
) -> tuple[float, float, float, float, float, float, float, float]:
    """Advance accelerators ``first:last`` of one rack by ``step`` seconds.

    ``coolant_rise_per_plate`` [K] is what one plate adds to the coolant before the next one in
    series; ``conductance`` [W/K] is a plate's at the rack's flow. Returns (module power [W], heat to
    coolant [W], hottest die [degC], hottest stack [degC], sum of clocks, number throttled, sum of
    pace times busy share, number online).
    """
    die_idle = kinds.die_idle_power[kind]
    leakage_reference_power = kinds.die_leakage_power[kind]
    leakage_coefficient = kinds.leakage_coefficient[kind]
    leakage_reference = kinds.leakage_reference[kind]
    dynamic = kinds.die_dynamic_power[kind]
    voltage_intercept = kinds.voltage_intercept[kind]
    minimum_clock = kinds.minimum_clock[kind]
    loss_per_output = 1.0 / kinds.regulator_efficiency[kind] - 1.0
    hbm_static = kinds.hbm_static_power[kind]
    hbm_refresh = kinds.hbm_refresh_power[kind]
    hbm_access = kinds.hbm_access_power[kind] * memory_share
    doubling = kinds.hbm_doubling_temperature[kind]
    hbm_throttle = kinds.hbm_throttle_temperature[kind]
    hbm_shutdown = kinds.hbm_shutdown_temperature[kind]
    hottest_factor = kinds.hbm_hottest_factor[kind]
    slowdown = kinds.slowdown_temperature[kind]
    shutdown = kinds.shutdown_temperature[kind]
    die_resistance = kinds.die_resistance[kind]
    hbm_resistance = kinds.hbm_resistance[kind]
    mutual = kinds.mutual_resistance[kind]
    die_capacity = kinds.die_heat_capacity[kind]
    hbm_capacity = kinds.hbm_heat_capacity[kind]
    plate_capacity = kinds.plate_heat_capacity[kind]
    plate_mask = kinds.series_plates[kind] - 1  # position on the path; 1, 2 or 4 plates
    die_decay = math.exp(-step / (die_resistance * die_capacity))
    hbm_decay = math.exp(-step / (hbm_resistance * hbm_capacity))

    # slices begin at zero, so that indices are provably not negative and the loop vectorises
    plates = gpu.plate_temperature[first:last]
    dies = gpu.die_temperature[first:last]
    stacks = gpu.hbm_temperature[first:last]
    clocks = gpu.clock[first:last]
    memory_clocks = gpu.memory_clock[first:last]
    powers = gpu.power[first:last]
    onlines = gpu.online[first:last]
    flow_factors = gpu.flow_factor[first:last]
    leakage_factors = constants.leakage_factor[first:last]
    resistance_factors = constants.resistance_factor[first:last]
    total_power = 0.0
    total_heat = 0.0
    hottest_die = -273.15
    hottest_hbm = -273.15
    clock_sum = 0.0
    throttled = 0.0
    work = 0.0
    online_count = 0.0
    for i in range(plates.shape[0]):
        plate = plates[i]
        die = dies[i]
        hbm = stacks[i]
        clock = clocks[i]
        memory_clock = memory_clocks[i]
        online = onlines[i]
        hottest_stack = plate + hottest_factor * (hbm - plate)

        running = online * energised
        running = 0.0 if (die >= shutdown or hottest_stack >= hbm_shutdown) else running
        onlines[i] = 0.0 if (die >= shutdown or hottest_stack >= hbm_shutdown) else online
        clock = throttled_clock(clock, minimum_clock, clock_ceiling, die, slowdown, step)
        memory_clock = throttled_clock(memory_clock, 0.2, 1.0, hottest_stack, hbm_throttle, step)
        speed = pace(clock, memory_clock, compute_share, memory_share)

        voltage = relative_voltage(clock, voltage_intercept)
        leakage = leakage_factors[i] * leakage_power(
            leakage_reference_power, leakage_coefficient, leakage_reference, die
        )
        on_die = running * die_power(
            utilisation, die_idle, leakage, dynamic, voltage, speed * compute_share
        )
        on_hbm = running * (
            hbm_static
            + refresh_power(hbm_refresh, hottest_stack, doubling)
            + hbm_access * speed * utilisation
        )
        loss = (on_die + on_hbm) * loss_per_output

        inlet = coolant_temperature + coolant_rise_per_plate * float(i & plate_mask)
        new_plate, new_die, new_hbm, heat = package_step(
            plate, die, hbm, on_die, on_hbm, loss, inlet,
            max(conductance * flow_factors[i], STAGNANT_CONDUCTANCE),
            die_resistance * resistance_factors[i], hbm_resistance, mutual,
            die_capacity, hbm_capacity, plate_capacity, die_decay, hbm_decay, step,
        )
        plates[i] = new_plate
        dies[i] = new_die
        stacks[i] = new_hbm
        clocks[i] = clock
        memory_clocks[i] = memory_clock
        power = on_die + on_hbm + loss
        powers[i] = power

        total_power += power
        total_heat += heat
        hottest_die = max(hottest_die, new_die)
        hottest_hbm = max(hottest_hbm, new_plate + hottest_factor * (new_hbm - new_plate))
        clock_sum += running * clock
        slowed = 1.0 if (speed < 0.999 * min(1.0, clock_ceiling) or running < 1.0) else 0.0
        throttled += slowed
        work += running * speed * utilisation
        online_count += running
    return (
        total_power, total_heat, hottest_die, hottest_hbm, clock_sum, throttled, work, online_count
    )


@law
def clock_ceiling(kind: int, kinds: RackKinds, power_cap: float) -> float:
    """Highest relative clock at which a nominal module of the kind stays below its cap [W].

    Taken at the leakage of the slowdown temperature and full memory traffic, so that a capped module
    never exceeds its cap.
    """
    leakage = leakage_power(
        kinds.die_leakage_power[kind],
        kinds.leakage_coefficient[kind],
        kinds.leakage_reference[kind],
        kinds.slowdown_temperature[kind],
    )
    hbm = (
        kinds.hbm_static_power[kind]
        + kinds.hbm_refresh_power[kind]
        + kinds.hbm_access_power[kind]
    )
    return capped_clock(
        power_cap * kinds.regulator_efficiency[kind],
        leakage,
        kinds.die_dynamic_power[kind],
        hbm,
        kinds.voltage_intercept[kind],
        kinds.minimum_clock[kind],
    )


@law
def advance_rack(
    r: int,
    racks: RackConstants,
    kinds: RackKinds,
    gpu_constants: GpuConstants,
    rows: RowConstants,
    stages: Stages,
    rack: RackState,
    gpu: GpuState,
    cdu: CduState,
    row: RowState,
    step: float,
) -> None:
    """Advance rack ``r`` by ``step`` seconds: accelerators, auxiliaries, shelves, coolant.

    Reads the coolant or aisle temperature at the start of the step and the flow already set by the
    hydraulics; writes the rack's row of ``rack`` and its accelerators' rows of ``gpu``.
    """
    kind = racks.kind[r]
    first, last = racks.first_gpu[r], racks.first_gpu[r + 1]
    w = racks.row[r]
    energised = rack.energised[r] * row.fed[w]
    liquid = kinds.liquid[kind] > 0.0
    share = min(1.0, rows.recirculation[w] + row.recirculation_fault[w])
    air_inlet = (
        (1.0 - share) * row.cold_aisle_temperature[w] + share * row.hot_aisle_temperature[w]
    )

    fan_speed = 1.0
    if not liquid:
        excess = rack.maximum_gpu_temperature[r] - FAN_TARGET_TEMPERATURE
        target = min(1.0, max(FAN_MINIMUM_SPEED, 0.6 + FAN_GAIN * excess))
        fan_speed = rack.fan_speed[r]
        fan_speed += (target - fan_speed) * (1.0 - math.exp(-step / FAN_TIME_CONSTANT))
        rack.flow[r] = fan_speed * energised * rack.flow_factor[r]
    rack.fan_speed[r] = fan_speed

    if liquid:
        inlet = cdu.supply_temperature[racks.cdu[r]]
        capacity_rate = kinds.flow_capacity_rate[kind] * rack.flow[r]
    else:
        inlet = air_inlet
        capacity_rate = kinds.airflow_capacity_rate[kind] * rack.flow[r]
    rack.inlet_temperature[r] = inlet
    # what stands still is as warm as the rack, not as what would flow in
    still = max(0.0, 1.0 - rack.flow[r] / STILL_FLOW)
    coolant = inlet + still * (rack.outlet_temperature[r] - inlet)
    series = float(kinds.series_plates[kind])
    rise_per_plate = 0.0
    if series > 1.0 and rack.flow[r] > STILL_FLOW:
        plates_in_parallel = kinds.gpus[kind] / series
        rise_per_plate = (
            rack.liquid_heat[r] / kinds.gpus[kind] / (capacity_rate / plates_in_parallel)
        )
    conductance = convective_conductance(
        rack.flow[r],
        kinds.plate_minimum_resistance[kind],
        kinds.plate_convective_resistance[kind],
        kinds.plate_exponent[kind],
        STAGNANT_CONDUCTANCE,
    )

    utilisation = rack.utilisation[r]
    ceiling = 1.0
    if rack.power_cap[r] < math.inf:
        ceiling = clock_ceiling(kind, kinds, rack.power_cap[r])
    power, heat, hottest_die, hottest_hbm, clocks, throttled, work, online = (
        advance_accelerators(
            first, last, kind, kinds, gpu_constants, gpu, utilisation, rack.compute_share[r],
            rack.memory_share[r], energised, ceiling, coolant, rise_per_plate, conductance, step,
        )
    )

    auxiliary = energised * (
        kinds.auxiliary_idle_power[kind]
        + (kinds.auxiliary_maximum_power[kind] - kinds.auxiliary_idle_power[kind]) * utilisation
    )
    fans = energised * kinds.fan_power[kind] * fan_speed**3
    direct_current = power + auxiliary + fans
    shelf_loss = 0.0
    if energised > 0.0:
        stage = kinds.shelf_stage[kind]
        modules = modules_needed(
            direct_current,
            SHELF_TARGET_LOAD * stages.rated_power[stage],
            kinds.shelf_modules[kind],
            kinds.shelf_spare_modules[kind],
        )
        shelf_loss = (
            group_input_power(direct_current, SHELF_TEMPERATURE, stage, stages, modules)
            - direct_current
        )

    # the packages' mean heat flow and the rest, which has no thermal mass of its own
    liquid_heat = (
        kinds.gpu_liquid_share[kind] * heat
        + kinds.auxiliary_liquid_share[kind] * auxiliary
        + kinds.shelf_liquid_share[kind] * shelf_loss
    )
    all_heat = heat + auxiliary + fans + shelf_loss
    if liquid:
        outlet, outflow = mixing_volume(
            rack.outlet_temperature[r], kinds.coolant_heat_capacity[kind], capacity_rate, inlet,
            liquid_heat, step,
        )
    else:
        liquid_heat = 0.0
        outlet = inlet + all_heat / capacity_rate if capacity_rate > 0.0 else inlet
        outflow = outlet
    rack.outlet_temperature[r] = outlet
    rack.outflow_temperature[r] = outflow
    rack.gpu_power[r] = power
    rack.it_power[r] = direct_current + shelf_loss
    rack.shelf_loss[r] = shelf_loss
    rack.liquid_heat[r] = liquid_heat
    rack.air_heat[r] = all_heat - liquid_heat
    rack.maximum_gpu_temperature[r] = hottest_die
    rack.maximum_hbm_temperature[r] = hottest_hbm
    rack.clock[r] = clocks / online if online > 0.0 else 0.0
    rack.throttled[r] = throttled
    rack.pace[r] = work / kinds.gpus[kind]
    rack.operations[r] = kinds.peak_operations[kind] * rack.compute_share[r] * work


@kernel()
def advance_racks_serial(
    racks: RackConstants,
    kinds: RackKinds,
    gpu_constants: GpuConstants,
    rows: RowConstants,
    stages: Stages,
    rack: RackState,
    gpu: GpuState,
    cdu: CduState,
    row: RowState,
    step: float,
) -> None:
    """All racks, one after the other; cheaper than threads for a few thousand accelerators."""
    for r in range(racks.kind.shape[0]):
        advance_rack(
            r, racks, kinds, gpu_constants, rows, stages, rack, gpu, cdu, row, step
        )


@kernel(parallel=True)
def advance_racks_parallel(
    racks: RackConstants,
    kinds: RackKinds,
    gpu_constants: GpuConstants,
    rows: RowConstants,
    stages: Stages,
    rack: RackState,
    gpu: GpuState,
    cdu: CduState,
    row: RowState,
    step: float,
) -> None:
    """All racks over the threads numba was given; every rack is summed by one thread."""
    for r in numba.prange(racks.kind.shape[0]):
        advance_rack(
            r, racks, kinds, gpu_constants, rows, stages, rack, gpu, cdu, row, step
        )
