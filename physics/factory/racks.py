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
    CDU,
    GPU,
    GPU_DATA,
    KIND,
    KIND_LINK,
    RACK,
    RACK_LINK,
    ROW,
    ROW_DATA,
    Floats,
    Indices,
)
from physics.hbm import refresh_power
from physics.jit import kernel, law
from physics.package import convective_conductance, package_step, steady_die_rise
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
    kinds: Floats,
    kind_links: Indices,
    constants: Floats,
    gpu: Floats,
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
    die_idle = kinds[KIND.die_idle_power, kind]
    leakage_reference_power = kinds[KIND.die_leakage_power, kind]
    leakage_coefficient = kinds[KIND.leakage_coefficient, kind]
    leakage_reference = kinds[KIND.leakage_reference, kind]
    dynamic = kinds[KIND.die_dynamic_power, kind]
    voltage_intercept = kinds[KIND.voltage_intercept, kind]
    minimum_clock = kinds[KIND.minimum_clock, kind]
    loss_per_output = 1.0 / kinds[KIND.regulator_efficiency, kind] - 1.0
    hbm_static = kinds[KIND.hbm_static_power, kind]
    hbm_refresh = kinds[KIND.hbm_refresh_power, kind]
    hbm_access = kinds[KIND.hbm_access_power, kind] * memory_share
    doubling = kinds[KIND.hbm_doubling_temperature, kind]
    hbm_throttle = kinds[KIND.hbm_throttle_temperature, kind]
    hbm_shutdown = kinds[KIND.hbm_shutdown_temperature, kind]
    hottest_factor = kinds[KIND.hbm_hottest_factor, kind]
    slowdown = kinds[KIND.slowdown_temperature, kind]
    shutdown = kinds[KIND.shutdown_temperature, kind]
    die_resistance = kinds[KIND.die_resistance, kind]
    hbm_resistance = kinds[KIND.hbm_resistance, kind]
    mutual = kinds[KIND.mutual_resistance, kind]
    die_capacity = kinds[KIND.die_heat_capacity, kind]
    hbm_capacity = kinds[KIND.hbm_heat_capacity, kind]
    plate_capacity = kinds[KIND.plate_heat_capacity, kind]
    plate_mask = (
        kind_links[KIND_LINK.series_plates, kind] - 1
    )  # position on the path; 1, 2 or 4 plates
    relative_step = step / (die_resistance * die_capacity)
    die_decay = math.exp(-relative_step)
    die_lag = (1.0 - die_decay) / relative_step  # mean of the decay over the step
    hbm_decay = math.exp(-step / (hbm_resistance * hbm_capacity))

    # slices begin at zero, so that indices are provably not negative and the loop vectorises
    plates = gpu[GPU.plate_temperature, first:last]
    dies = gpu[GPU.die_temperature, first:last]
    stacks = gpu[GPU.hbm_temperature, first:last]
    clocks = gpu[GPU.clock, first:last]
    memory_clocks = gpu[GPU.memory_clock, first:last]
    powers = gpu[GPU.power, first:last]
    onlines = gpu[GPU.online, first:last]
    flow_factors = gpu[GPU.flow_factor, first:last]
    leakage_factors = constants[GPU_DATA.leakage_factor, first:last]
    resistance_factors = constants[GPU_DATA.resistance_factor, first:last]
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
        on_hbm = running * (
            hbm_static
            + refresh_power(hbm_refresh, hottest_stack, doubling)
            + hbm_access * speed * utilisation
        )
        # leakage at the die's mean temperature over the step: most dies settle within it
        resistance = die_resistance * resistance_factors[i]
        operations = speed * compute_share
        at_start = leakage_factors[i] * leakage_power(
            leakage_reference_power, leakage_coefficient, leakage_reference, die
        )
        estimate = running * die_power(
            utilisation, die_idle, at_start, dynamic, voltage, operations
        )
        settled = plate + steady_die_rise(estimate, on_hbm, resistance, mutual)
        leakage = leakage_factors[i] * leakage_power(
            leakage_reference_power,
            leakage_coefficient,
            leakage_reference,
            settled + (die - settled) * die_lag,
        )
        on_die = running * die_power(utilisation, die_idle, leakage, dynamic, voltage, operations)
        loss = (on_die + on_hbm) * loss_per_output

        inlet = coolant_temperature + coolant_rise_per_plate * float(i & plate_mask)
        new_plate, new_die, new_hbm, heat = package_step(
            plate,
            die,
            hbm,
            on_die,
            on_hbm,
            loss,
            inlet,
            max(conductance * flow_factors[i], STAGNANT_CONDUCTANCE),
            resistance,
            hbm_resistance,
            mutual,
            die_capacity,
            hbm_capacity,
            plate_capacity,
            die_decay,
            hbm_decay,
            step,
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
        total_power,
        total_heat,
        hottest_die,
        hottest_hbm,
        clock_sum,
        throttled,
        work,
        online_count,
    )


@law
def clock_ceiling(kind: int, kinds: Floats, power_cap: float) -> float:
    """Highest relative clock at which a nominal module of the kind stays below its cap [W].

    Taken at the leakage of the slowdown temperature and full memory traffic, so that a capped module
    never exceeds its cap.
    """
    leakage = leakage_power(
        kinds[KIND.die_leakage_power, kind],
        kinds[KIND.leakage_coefficient, kind],
        kinds[KIND.leakage_reference, kind],
        kinds[KIND.slowdown_temperature, kind],
    )
    hbm = (
        kinds[KIND.hbm_static_power, kind]
        + kinds[KIND.hbm_refresh_power, kind]
        + kinds[KIND.hbm_access_power, kind]
    )
    return capped_clock(
        power_cap * kinds[KIND.regulator_efficiency, kind],
        leakage,
        kinds[KIND.die_dynamic_power, kind],
        hbm,
        kinds[KIND.voltage_intercept, kind],
        kinds[KIND.minimum_clock, kind],
    )


@law
def advance_rack(
    r: int,
    rack_links: Indices,
    kinds: Floats,
    kind_links: Indices,
    gpu_constants: Floats,
    rows: Floats,
    stages: Stages,
    rack: Floats,
    gpu: Floats,
    cdu: Floats,
    row: Floats,
    step: float,
) -> None:
    """Advance rack ``r`` by ``step`` seconds: accelerators, auxiliaries, shelves, coolant.

    Reads the coolant or aisle temperature at the start of the step and the flow already set by the
    hydraulics; writes the rack's row of ``rack`` and its accelerators' rows of ``gpu``.
    """
    kind = rack_links[RACK_LINK.kind, r]
    first, last = rack_links[RACK_LINK.first_gpu, r], rack_links[RACK_LINK.first_gpu, r + 1]
    w = rack_links[RACK_LINK.row, r]
    energised = rack[RACK.energised, r] * row[ROW.fed, w]
    liquid = kinds[KIND.liquid, kind] > 0.0
    share = min(1.0, rows[ROW_DATA.recirculation, w] + row[ROW.recirculation_fault, w])
    air_inlet = (1.0 - share) * row[ROW.cold_aisle_temperature, w] + share * row[
        ROW.hot_aisle_temperature, w
    ]

    fan_speed = 1.0
    if not liquid:
        excess = rack[RACK.maximum_gpu_temperature, r] - FAN_TARGET_TEMPERATURE
        target = min(1.0, max(FAN_MINIMUM_SPEED, 0.6 + FAN_GAIN * excess))
        fan_speed = rack[RACK.fan_speed, r]
        fan_speed += (target - fan_speed) * (1.0 - math.exp(-step / FAN_TIME_CONSTANT))
        rack[RACK.flow, r] = fan_speed * energised * rack[RACK.flow_factor, r]
    rack[RACK.fan_speed, r] = fan_speed

    if liquid:
        inlet = cdu[CDU.delivered_temperature, rack_links[RACK_LINK.cdu, r]]
        capacity_rate = kinds[KIND.flow_capacity_rate, kind] * rack[RACK.flow, r]
    else:
        inlet = air_inlet
        capacity_rate = kinds[KIND.airflow_capacity_rate, kind] * rack[RACK.flow, r]
    rack[RACK.inlet_temperature, r] = inlet
    # what stands still is as warm as the rack, not as what would flow in
    still = max(0.0, 1.0 - rack[RACK.flow, r] / STILL_FLOW)
    coolant = inlet + still * (rack[RACK.outlet_temperature, r] - inlet)
    series = float(kind_links[KIND_LINK.series_plates, kind])
    rise_per_plate = 0.0
    if series > 1.0 and rack[RACK.flow, r] > STILL_FLOW:
        plates_in_parallel = kinds[KIND.gpus, kind] / series
        rise_per_plate = (
            rack[RACK.liquid_heat, r]
            / kinds[KIND.gpus, kind]
            / (capacity_rate / plates_in_parallel)
        )
    conductance = convective_conductance(
        rack[RACK.flow, r],
        kinds[KIND.plate_minimum_resistance, kind],
        kinds[KIND.plate_convective_resistance, kind],
        kinds[KIND.plate_exponent, kind],
        STAGNANT_CONDUCTANCE,
    )

    utilisation = rack[RACK.utilisation, r]
    ceiling = 1.0
    if rack[RACK.power_cap, r] < math.inf:
        ceiling = clock_ceiling(kind, kinds, rack[RACK.power_cap, r])
    power, heat, hottest_die, hottest_hbm, clocks, throttled, work, online = advance_accelerators(
        first,
        last,
        kind,
        kinds,
        kind_links,
        gpu_constants,
        gpu,
        utilisation,
        rack[RACK.compute_share, r],
        rack[RACK.memory_share, r],
        energised,
        ceiling,
        coolant,
        rise_per_plate,
        conductance,
        step,
    )

    auxiliary = energised * (
        kinds[KIND.auxiliary_idle_power, kind]
        + (kinds[KIND.auxiliary_maximum_power, kind] - kinds[KIND.auxiliary_idle_power, kind])
        * utilisation
    )
    fans = energised * kinds[KIND.fan_power, kind] * fan_speed**3
    direct_current = power + auxiliary + fans
    shelf_loss = 0.0
    if energised > 0.0:
        stage = kind_links[KIND_LINK.shelf_stage, kind]
        modules = modules_needed(
            direct_current,
            SHELF_TARGET_LOAD * stages.rated_power[stage],
            kind_links[KIND_LINK.shelf_modules, kind],
            kind_links[KIND_LINK.shelf_spare_modules, kind],
        )
        shelf_loss = (
            group_input_power(direct_current, SHELF_TEMPERATURE, stage, stages, modules)
            - direct_current
        )

    # the packages' mean heat flow and the rest, which has no thermal mass of its own
    liquid_heat = (
        kinds[KIND.gpu_liquid_share, kind] * heat
        + kinds[KIND.auxiliary_liquid_share, kind] * auxiliary
        + kinds[KIND.shelf_liquid_share, kind] * shelf_loss
    )
    all_heat = heat + auxiliary + fans + shelf_loss
    if liquid:
        outlet, outflow = mixing_volume(
            rack[RACK.outlet_temperature, r],
            kinds[KIND.coolant_heat_capacity, kind],
            capacity_rate,
            inlet,
            liquid_heat,
            step,
        )
    else:
        liquid_heat = 0.0
        outlet = inlet + all_heat / capacity_rate if capacity_rate > 0.0 else inlet
        outflow = outlet
    rack[RACK.outlet_temperature, r] = outlet
    rack[RACK.outflow_temperature, r] = outflow
    rack[RACK.gpu_power, r] = power
    rack[RACK.it_power, r] = direct_current + shelf_loss
    rack[RACK.shelf_loss, r] = shelf_loss
    rack[RACK.liquid_heat, r] = liquid_heat
    rack[RACK.air_heat, r] = all_heat - liquid_heat
    rack[RACK.maximum_gpu_temperature, r] = hottest_die
    rack[RACK.maximum_hbm_temperature, r] = hottest_hbm
    rack[RACK.clock, r] = clocks / online if online > 0.0 else 0.0
    rack[RACK.throttled, r] = throttled
    rack[RACK.pace, r] = work / kinds[KIND.gpus, kind]
    rack[RACK.operations, r] = (
        kinds[KIND.peak_operations, kind] * rack[RACK.compute_share, r] * work
    )


@kernel()
def advance_racks_serial(
    rack_links: Indices,
    kinds: Floats,
    kind_links: Indices,
    gpu_constants: Floats,
    rows: Floats,
    stages: Stages,
    rack: Floats,
    gpu: Floats,
    cdu: Floats,
    row: Floats,
    step: float,
) -> None:
    """All racks, one after the other; cheaper than threads for a few thousand accelerators."""
    for r in range(rack.shape[1]):
        advance_rack(
            r, rack_links, kinds, kind_links, gpu_constants, rows, stages, rack, gpu, cdu, row, step
        )


@kernel(parallel=True)
def advance_racks_parallel(
    rack_links: Indices,
    kinds: Floats,
    kind_links: Indices,
    gpu_constants: Floats,
    rows: Floats,
    stages: Stages,
    rack: Floats,
    gpu: Floats,
    cdu: Floats,
    row: Floats,
    step: float,
) -> None:
    """All racks over the threads numba was given; every rack is summed by one thread."""
    for r in numba.prange(rack.shape[1]):
        advance_rack(
            r, rack_links, kinds, kind_links, gpu_constants, rows, stages, rack, gpu, cdu, row, step
        )
