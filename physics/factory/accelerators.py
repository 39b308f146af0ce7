"""Accelerators of one rack in the coupled step: power, clocks, packages.

This is where nearly all the time goes at 260,000 accelerators, so the loops are written to
vectorise: no branches that the compiler cannot turn into selects, no library functions, no calls,
all product constants in locals. ``fastmath`` allows sums and maxima to be split over vector lanes;
the order is fixed by the compiled code, so results are the same for any number of threads.

Two loops do the same physics. :func:`advance_all` knows everything: throttling, shutdown, blocked
plates. :func:`advance_calm` is for a rack in which nothing of that is under way, the usual case,
and leaves out what cannot matter there, which takes half the time.
"""

from __future__ import annotations

import math

import numpy as np

from physics.compute import (
    die_power,
    leakage_polynomial,
    leakage_power,
    pace,
    relative_voltage,
    throttled_clock,
)
from physics.factory.arrays import GPU, GPU_DATA, KIND, KIND_LINK, Floats, Indices
from physics.hbm import module_refresh_power
from physics.jit import kernel, larger, law, vector_kernel
from physics.package import decay, package_step, package_step_with_decay, steady_die_rise

STAGNANT_CONDUCTANCE = 0.8  # W/K: a filled, still plate with its hoses to 40 degC tray air
MINIMUM_MEMORY_CLOCK = 0.2


FAN_TIME_CONSTANT = 10.0  # s of an air-cooled node's fans
LONGEST_CONTROL_STEP = 1.0  # s, over which clocks may be moved at once


@kernel()
def rise_decays(kinds: Floats, step: float) -> Floats:
    """How things settle in a step, per rack kind: shape [Kr, 5].

    exp(-step/tau) of the die's rise over the plate, its mean over the step, and exp(-step/tau) of
    the stacks'; share of the way that fans go; time over which clocks are moved [s].
    """
    decays = np.empty((kinds.shape[1], 5))
    for k in range(kinds.shape[1]):
        relative = step / (kinds[KIND.die_resistance, k] * kinds[KIND.die_heat_capacity, k])
        decays[k, 0] = math.exp(-relative)
        decays[k, 1] = (1.0 - decays[k, 0]) / relative
        decays[k, 2] = math.exp(
            -step / (kinds[KIND.hbm_resistance, k] * kinds[KIND.hbm_heat_capacity, k])
        )
        decays[k, 3] = -math.expm1(-step / FAN_TIME_CONSTANT)
        decays[k, 4] = min(step, LONGEST_CONTROL_STEP)
    return decays


@vector_kernel
def advance_all(
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
    decays: Floats,
    step: float,
) -> tuple[float, float, float, float, float, float, float, float]:
    """Advance accelerators ``first:last`` of one rack by ``step`` seconds.

    ``coolant_rise_per_plate`` [K] is what one plate adds to the coolant before the next one in
    series; ``conductance`` [W/K] is a plate's at the rack's flow; ``decays`` are those of
    :func:`rise_decays`. Returns (module power [W], heat to coolant [W], hottest die [degC], hottest
    stack [degC], sum of clocks, number that run slowed, sum of pace times busy share, number
    online).
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
    die_decay, die_lag, hbm_decay = decays[kind, 0], decays[kind, 1], decays[kind, 2]
    control_step = decays[kind, 4]

    # unsigned indices: no look for negative ones, and no slices, whose reference counts would cost
    # a third of the loop for a rack of 72
    start = np.uint64(first)
    total_power = 0.0
    total_heat = 0.0
    hottest_die = -273.15
    hottest_hbm = -273.15
    clock_sum = 0.0
    throttled = 0.0
    work = 0.0
    online_count = 0.0
    for i in range(last - first):
        g = start + np.uint64(i)
        plate = gpu[GPU.plate_temperature, g]
        die = gpu[GPU.die_temperature, g]
        hbm = gpu[GPU.hbm_temperature, g]
        clock = gpu[GPU.clock, g]
        memory_clock = gpu[GPU.memory_clock, g]
        online = gpu[GPU.online, g]
        hottest_stack = plate + hottest_factor * (hbm - plate)

        running = online * energised
        running = 0.0 if (die >= shutdown or hottest_stack >= hbm_shutdown) else running
        gpu[GPU.online, g] = 0.0 if (die >= shutdown or hottest_stack >= hbm_shutdown) else online
        clock = throttled_clock(clock, minimum_clock, clock_ceiling, die, slowdown, control_step)
        memory_clock = throttled_clock(
            memory_clock, MINIMUM_MEMORY_CLOCK, 1.0, hottest_stack, hbm_throttle, control_step
        )
        speed = pace(clock, memory_clock, compute_share, memory_share)

        voltage = relative_voltage(clock, voltage_intercept)
        on_hbm = running * (
            hbm_static
            + module_refresh_power(hbm_refresh, hottest_stack, doubling)
            + hbm_access * speed * utilisation
        )
        # leakage at the die's mean temperature over the step: most dies settle within it
        resistance = die_resistance * constants[GPU_DATA.resistance_factor, g]
        operations = speed * compute_share
        at_start = constants[GPU_DATA.leakage_factor, g] * leakage_power(
            leakage_reference_power, leakage_coefficient, leakage_reference, die
        )
        estimate = running * die_power(
            utilisation, die_idle, at_start, dynamic, voltage, operations
        )
        settled = plate + steady_die_rise(estimate, on_hbm, resistance, mutual)
        leakage = constants[GPU_DATA.leakage_factor, g] * leakage_power(
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
            max(conductance * gpu[GPU.flow_factor, g], STAGNANT_CONDUCTANCE),
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
        gpu[GPU.plate_temperature, g] = new_plate
        gpu[GPU.die_temperature, g] = new_die
        gpu[GPU.hbm_temperature, g] = new_hbm
        gpu[GPU.clock, g] = clock
        gpu[GPU.memory_clock, g] = memory_clock
        power = on_die + on_hbm + loss
        gpu[GPU.power, g] = power

        total_power += power
        total_heat += heat
        hottest_die = larger(hottest_die, new_die)
        hottest_hbm = larger(hottest_hbm, new_plate + hottest_factor * (new_hbm - new_plate))
        clock_sum += running * clock
        slowed = 1.0 if (speed < 0.999 * min(1.0, clock_ceiling) and running >= 1.0) else 0.0
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


@vector_kernel
def advance_calm(
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
    clock: float,
    coolant_temperature: float,
    coolant_rise_per_plate: float,
    conductance: float,
    decays: Floats,
    step: float,
) -> tuple[float, float, float, float, float, float, float, float]:
    """:func:`advance_all` for a rack that :func:`is_calm` and has no part at a limit.

    All accelerators run at ``clock`` and full memory clock and have the same conductance, so
    clocks, voltage, pace and the plates' decay are the rack's.
    """
    die_idle = kinds[KIND.die_idle_power, kind]
    leakage_0, leakage_1, leakage_2 = leakage_polynomial(
        kinds[KIND.die_leakage_power, kind],
        kinds[KIND.leakage_coefficient, kind],
        kinds[KIND.leakage_reference, kind],
    )
    dynamic = kinds[KIND.die_dynamic_power, kind]
    loss_per_output = 1.0 / kinds[KIND.regulator_efficiency, kind] - 1.0
    hbm_refresh = kinds[KIND.hbm_refresh_power, kind]
    doubling = kinds[KIND.hbm_doubling_temperature, kind]
    hottest_factor = kinds[KIND.hbm_hottest_factor, kind]
    die_resistance = kinds[KIND.die_resistance, kind]
    hbm_resistance = kinds[KIND.hbm_resistance, kind]
    mutual = kinds[KIND.mutual_resistance, kind]
    die_capacity = kinds[KIND.die_heat_capacity, kind]
    hbm_capacity = kinds[KIND.hbm_heat_capacity, kind]
    plate_capacity = kinds[KIND.plate_heat_capacity, kind]
    plate_mask = kind_links[KIND_LINK.series_plates, kind] - 1
    die_decay, die_lag, hbm_decay = decays[kind, 0], decays[kind, 1], decays[kind, 2]
    speed = pace(clock, 1.0, compute_share, memory_share)
    voltage = relative_voltage(clock, kinds[KIND.voltage_intercept, kind])
    # die power is base + leaking (a0 + a1 T + a2 T^2), with everything else the rack's
    base = die_power(utilisation, die_idle, 0.0, dynamic, voltage, speed * compute_share)
    leaking = utilisation * voltage
    hbm_steady = (
        kinds[KIND.hbm_static_power, kind]
        + kinds[KIND.hbm_access_power, kind] * memory_share * speed * utilisation
    )
    conductance = max(conductance, STAGNANT_CONDUCTANCE)
    plate_resistance = 1.0 / conductance
    plate_decay = decay(conductance * step / (die_capacity + hbm_capacity + plate_capacity))

    start = np.uint64(first)
    total_power = 0.0
    total_heat = 0.0
    hottest_die = -273.15
    hottest_hbm = -273.15
    for i in range(last - first):
        g = start + np.uint64(i)
        plate = gpu[GPU.plate_temperature, g]
        die = gpu[GPU.die_temperature, g]
        hbm = gpu[GPU.hbm_temperature, g]
        hottest_stack = plate + hottest_factor * (hbm - plate)
        on_hbm = hbm_steady + module_refresh_power(hbm_refresh, hottest_stack, doubling)
        resistance = die_resistance * constants[GPU_DATA.resistance_factor, g]
        leak = leaking * constants[GPU_DATA.leakage_factor, g]
        estimate = base + leak * (leakage_0 + die * (leakage_1 + die * leakage_2))
        settled = plate + steady_die_rise(estimate, on_hbm, resistance, mutual)
        mean = settled + (die - settled) * die_lag
        on_die = base + leak * (leakage_0 + mean * (leakage_1 + mean * leakage_2))
        loss = (on_die + on_hbm) * loss_per_output
        inlet = coolant_temperature + coolant_rise_per_plate * float(i & plate_mask)
        new_plate, new_die, new_hbm, heat = package_step_with_decay(
            plate,
            die,
            hbm,
            on_die,
            on_hbm,
            loss,
            inlet,
            plate_resistance,
            plate_decay,
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
        gpu[GPU.plate_temperature, g] = new_plate
        gpu[GPU.die_temperature, g] = new_die
        gpu[GPU.hbm_temperature, g] = new_hbm
        power = on_die + on_hbm + loss
        gpu[GPU.power, g] = power
        total_power += power
        total_heat += heat
        hottest_die = larger(hottest_die, new_die)
        hottest_hbm = larger(hottest_hbm, new_plate + hottest_factor * (new_hbm - new_plate))
    count = float(last - first)
    slowed = count if speed < 0.999 * min(1.0, clock) else 0.0
    return (
        total_power,
        total_heat,
        hottest_die,
        hottest_hbm,
        count * clock,
        slowed,
        count * speed * utilisation,
        count,
    )


@law
def is_calm(first: int, last: int, gpu: Floats, clock_ceiling: float) -> bool:
    """Whether all accelerators run at their asked clock with open plates and full memory clock."""
    for g in range(first, last):
        if (
            gpu[GPU.clock, g] != clock_ceiling
            or gpu[GPU.memory_clock, g] != 1.0
            or gpu[GPU.online, g] != 1.0
            or gpu[GPU.flow_factor, g] != 1.0
        ):
            return False
    return True
