"""Racks in the coupled step: accelerators, auxiliaries, shelves, heat to coolant and air."""

from __future__ import annotations

import math

import numba

from physics.compute import capped_clock, leakage_power
from physics.electrical.conversion import Stages, group_input_power, modules_needed
from physics.factory.accelerators import (
    STAGNANT_CONDUCTANCE,
    advance_all,
    advance_calm,
    is_calm,
)
from physics.factory.arrays import (
    CDU,
    KIND,
    KIND_LINK,
    RACK,
    RACK_DATA,
    RACK_LINK,
    ROW,
    Floats,
    Indices,
)
from physics.factory.steady_accelerators import settle_clocks
from physics.jit import kernel, law
from physics.package import convective_conductance
from physics.volume import mixing_volume

STILL_FLOW = 0.02  # share of rated flow below which the coolant counts as standing
SHELF_TEMPERATURE = 40.0  # degC of the shelves' modules
SHELF_TARGET_LOAD = 0.6  # modules are switched on until each carries at most this share
AUXILIARY_SLOWDOWN = 70.0  # degC of the rack's coolant or air, where its other parts begin to slow
AUXILIARY_SHUTDOWN = 80.0  # degC where the last of them has stopped
HURRIED, CALM, AT_REST, ASLEEP = 0.0, 1.0, 2.0, 3.0
"""How a rack's accelerators are advanced: with all that can happen to them; with what happens while
all run at the clock asked for; not at all, because nothing moves; and nor is the rest of the rack,
because that has been done once with the heat of accelerators at rest."""
REST_IMBALANCE = 1e-4  # of the modules' power that may still go into warming them
REST_TEMPERATURE = 1e-3  # K by which the coolant may have moved since
REST_CONDUCTANCE = 1e-4  # of a plate's conductance, the same
FAN_MINIMUM_SPEED = 0.35
FAN_TARGET_TEMPERATURE = 72.0  # degC of the hottest die, where an air-cooled node's fans reach 60 %
FAN_GAIN = 0.03  # speed per kelvin
BACKUP_CHARGE_SHARE = 0.1  # of their power, with which backup units are charged again


@law
def running_auxiliaries(coolant_temperature: float) -> float:
    """Share of a rack's processors, switches and drives that run at a coolant temperature [degC].

    They protect themselves as accelerators do: all run at ordinary temperatures, none where the
    coolant that leaves them is so warm that their own limits are passed. Without this a rack whose
    coolant stands would be heated without end by parts that no coolant reaches. Engineering
    estimate: limits of 95-105 degC, 25 K above the coolant.
    """
    share = (AUXILIARY_SHUTDOWN - coolant_temperature) / (AUXILIARY_SHUTDOWN - AUXILIARY_SLOWDOWN)
    return min(1.0, max(0.0, share))


@law
def clock_ceiling(kind: int, kinds: Floats, power_cap: float) -> float:
    """Highest relative clock at which a nominal module of the kind stays below its cap [W].

    Taken at the leakage of the slowdown temperature and full memory traffic, so that a capped
    module never exceeds its cap.
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
def backup_carries(r: int, racks: Floats, rack: Floats, step: float) -> bool:
    """Whether the backup units of rack ``r``, which is without supply, carry it through a step.

    Judged by what the rack drew last: within their power, and with energy for somewhat more than
    the step.
    """
    if racks[RACK_DATA.backup_energy, r] <= 0.0:
        return False
    load = rack[RACK.it_power, r]
    lasting = rack[RACK.backup_charge, r] * racks[RACK_DATA.backup_efficiency, r]
    return bool(0.0 < load <= racks[RACK_DATA.backup_power, r] and lasting > 1.25 * load * step)


@law
def backup_flows(
    r: int, on_backup: bool, direct_current: float, racks: Floats, rack: Floats, step: float
) -> tuple[float, float]:
    """Power that a rack's backup units give to its bus [W], negative while charging, and their
    loss [W]; moves their content."""
    capacity = racks[RACK_DATA.backup_energy, r]
    if capacity <= 0.0:
        return 0.0, 0.0
    efficiency = racks[RACK_DATA.backup_efficiency, r]
    if on_backup:
        rack[RACK.backup_charge, r] -= direct_current / efficiency * step
        return direct_current, direct_current / efficiency - direct_current
    missing = capacity - rack[RACK.backup_charge, r]
    if missing <= 0.0 or direct_current <= 0.0:
        return 0.0, 0.0
    taken = min(
        BACKUP_CHARGE_SHARE * racks[RACK_DATA.backup_power, r], missing / (efficiency * step)
    )
    rack[RACK.backup_charge, r] = min(
        rack[RACK.backup_charge, r] + taken * efficiency * step, capacity
    )
    return -taken, taken * (1.0 - efficiency)


@law
def rests(
    r: int,
    rack: Floats,
    utilisation: float,
    compute_share: float,
    memory_share: float,
    ceiling: float,
    coolant: float,
    conductance: float,
) -> bool:
    """Whether the accelerators of rack ``r`` are where a step with these inputs would leave them.

    They are when the last step brought them to rest and nothing has changed since by more than a
    thousandth of a kelvin's worth, so that temperatures stay within some millikelvins of those of
    a step. Their heat then equals their power, and stored heat does not change.
    """
    return bool(
        rack[RACK.calm, r] >= AT_REST
        and rack[RACK.rest_utilisation, r] == utilisation
        and rack[RACK.rest_compute_share, r] == compute_share
        and rack[RACK.rest_memory_share, r] == memory_share
        and rack[RACK.rest_ceiling, r] == ceiling
        and abs(rack[RACK.rest_coolant, r] - coolant) <= REST_TEMPERATURE
        and abs(rack[RACK.rest_conductance, r] - conductance) <= REST_CONDUCTANCE * conductance
    )


@law
def look_for_rest(
    r: int,
    rack: Floats,
    power: float,
    heat: float,
    utilisation: float,
    compute_share: float,
    memory_share: float,
    ceiling: float,
    coolant: float,
    conductance: float,
) -> None:
    """Note whether a calm rack has come to rest, and with which inputs; see :func:`rests`."""
    if abs(power - heat) > REST_IMBALANCE * power:
        rack[RACK.calm, r] = CALM
        return
    rack[RACK.calm, r] = AT_REST
    rack[RACK.rest_utilisation, r] = utilisation
    rack[RACK.rest_compute_share, r] = compute_share
    rack[RACK.rest_memory_share, r] = memory_share
    rack[RACK.rest_ceiling, r] = ceiling
    rack[RACK.rest_coolant, r] = coolant
    rack[RACK.rest_conductance, r] = conductance


@law
def pass_coolant(
    r: int, rack: Floats, heat_capacity: float, capacity_rate: float, inlet: float, step: float
) -> None:
    """:func:`physics.volume.mixing_volume` for the coolant of a rack at rest, with a memory.

    The only exponential in it belongs to the flow and is kept as long as that does not change. The
    mean outflow follows from the balance.
    """
    x = capacity_rate * step / heat_capacity
    if rack[RACK.rest_turnover, r] != x:
        rack[RACK.rest_turnover, r] = x
        rack[RACK.rest_share, r] = -math.expm1(-x)  # of the way to where the outlet settles
    before, heat = rack[RACK.outlet_temperature, r], rack[RACK.liquid_heat, r]
    change = rack[RACK.rest_share, r] * (inlet + heat / capacity_rate - before)
    rack[RACK.outlet_temperature, r] = before + change
    rack[RACK.outflow_temperature, r] = inlet + heat / capacity_rate - change / x


@law
def advance_rack(
    r: int,
    racks: Floats,
    rack_links: Indices,
    kinds: Floats,
    kind_links: Indices,
    gpu_constants: Floats,
    stages: Stages,
    rack: Floats,
    gpu: Floats,
    cdu: Floats,
    row: Floats,
    decays: Floats,
    step: float,
) -> None:
    """Advance rack ``r`` by ``step`` seconds: accelerators, auxiliaries, shelves, coolant.

    Reads the coolant or air temperature at the start of the step and the flow already set by the
    hydraulics; writes the rack's row of ``rack`` and its accelerators' rows of ``gpu``.
    """
    kind = rack_links[RACK_LINK.kind, r]
    first, last = rack_links[RACK_LINK.first_gpu, r], rack_links[RACK_LINK.first_gpu, r + 1]
    w = rack_links[RACK_LINK.row, r]
    supplied = rack[RACK.energised, r] * row[ROW.fed, w] * rack[RACK.path, r]
    energised = supplied
    on_backup = False
    if supplied == 0.0 and rack[RACK.energised, r] > 0.0:
        on_backup = backup_carries(r, racks, rack, step)
        energised = 1.0 if on_backup else 0.0
    liquid = kinds[KIND.liquid, kind] > 0.0

    fan_speed = 1.0
    if not liquid:
        excess = rack[RACK.maximum_gpu_temperature, r] - FAN_TARGET_TEMPERATURE
        target = min(1.0, max(FAN_MINIMUM_SPEED, 0.6 + FAN_GAIN * excess))
        fan_speed = rack[RACK.fan_speed, r]
        fan_speed += (target - fan_speed) * decays[kind, 3]
        rack[RACK.flow, r] = fan_speed * energised * rack[RACK.flow_factor, r]
    rack[RACK.fan_speed, r] = fan_speed

    if liquid:
        inlet = cdu[CDU.delivered_temperature, rack_links[RACK_LINK.cdu, r]]
        capacity_rate = kinds[KIND.flow_capacity_rate, kind] * rack[RACK.flow, r]
    else:
        inlet = rack[RACK.air_inlet_temperature, r]
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
    if rack[RACK.plate_flow, r] != rack[RACK.flow, r]:
        rack[RACK.plate_conductance, r] = convective_conductance(
            rack[RACK.flow, r],
            kinds[KIND.plate_minimum_resistance, kind],
            kinds[KIND.plate_convective_resistance, kind],
            kinds[KIND.plate_exponent, kind],
            STAGNANT_CONDUCTANCE,
        )
        rack[RACK.plate_flow, r] = rack[RACK.flow, r]

    utilisation = rack[RACK.utilisation, r]
    if energised == 0.0:
        rack[RACK.boot_left, r] = kinds[KIND.boot_time, kind]
    elif rack[RACK.boot_left, r] > 0.0:
        rack[RACK.boot_left, r] = max(rack[RACK.boot_left, r] - step, 0.0)
        utilisation = 0.0
    ceiling = 1.0
    power_cap = min(rack[RACK.power_cap, r], rack[RACK.site_cap, r])
    if power_cap < math.inf:
        ceiling = clock_ceiling(kind, kinds, power_cap)
    conductance = rack[RACK.plate_conductance, r]
    compute_share, memory_share = rack[RACK.compute_share, r], rack[RACK.memory_share, r]
    settling = decays[kind, 4] == 0.0  # no step in time: the state of rest is sought
    resting = (
        not settling
        and energised > 0.0
        and rests(r, rack, utilisation, compute_share, memory_share, ceiling, coolant, conductance)
    )
    if (
        resting
        and rack[RACK.calm, r] == ASLEEP
        and supplied > 0.0
        and rack[RACK.feed_power, r] == rack[RACK.it_power, r]  # backup units neither give nor take
        and rack[RACK.backup_charge, r] >= racks[RACK_DATA.backup_energy, r]
        and rack[RACK.outlet_temperature, r] <= AUXILIARY_SLOWDOWN
        and rack[RACK.flow, r] > STILL_FLOW
    ):
        # only the coolant passes; all powers are those of the step before
        pass_coolant(r, rack, kinds[KIND.coolant_heat_capacity, kind], capacity_rate, inlet, step)
        return
    if resting:
        rack[RACK.calm, r] = ASLEEP if liquid else AT_REST
        online = kinds[KIND.gpus, kind]
        power = rack[RACK.gpu_power, r]
        heat = power
        hottest_die = rack[RACK.maximum_gpu_temperature, r]
        hottest_hbm = rack[RACK.maximum_hbm_temperature, r]
        clocks = rack[RACK.clock, r] * online
        throttled = rack[RACK.throttled, r]
        work = rack[RACK.pace, r] * online
    elif (
        rack[RACK.calm, r] > HURRIED
        and energised > 0.0
        and rack[RACK.maximum_gpu_temperature, r] < kinds[KIND.slowdown_temperature, kind]
        and rack[RACK.maximum_hbm_temperature, r] < kinds[KIND.hbm_throttle_temperature, kind]
    ):
        power, heat, hottest_die, hottest_hbm, clocks, throttled, work, online = advance_calm(
            first,
            last,
            kind,
            kinds,
            kind_links,
            gpu_constants,
            gpu,
            utilisation,
            compute_share,
            memory_share,
            ceiling,
            coolant,
            rise_per_plate,
            conductance,
            decays,
            step,
        )
        look_for_rest(
            r,
            rack,
            power,
            heat,
            utilisation,
            compute_share,
            memory_share,
            ceiling,
            coolant,
            conductance,
        )
    else:
        if settling and energised > 0.0:
            settle_clocks(
                first,
                last,
                kind,
                kinds,
                kind_links,
                gpu_constants,
                gpu,
                utilisation,
                compute_share,
                memory_share,
                ceiling,
                coolant,
                rise_per_plate,
                conductance,
                STAGNANT_CONDUCTANCE,
            )
        power, heat, hottest_die, hottest_hbm, clocks, throttled, work, online = advance_all(
            first,
            last,
            kind,
            kinds,
            kind_links,
            gpu_constants,
            gpu,
            utilisation,
            compute_share,
            memory_share,
            energised,
            ceiling,
            coolant,
            rise_per_plate,
            conductance,
            decays,
            step,
        )
        calm = energised > 0.0 and throttled == 0.0 and is_calm(first, last, gpu, ceiling)
        rack[RACK.calm, r] = CALM if calm else HURRIED

    auxiliary = energised * running_auxiliaries(rack[RACK.outlet_temperature, r])
    auxiliary *= (
        kinds[KIND.auxiliary_idle_power, kind]
        + (kinds[KIND.auxiliary_maximum_power, kind] - kinds[KIND.auxiliary_idle_power, kind])
        * utilisation
    )
    fans = energised * kinds[KIND.fan_power, kind] * fan_speed**3
    direct_current = power + auxiliary + fans
    from_backup, backup_loss = backup_flows(r, on_backup, direct_current, racks, rack, step)
    shelf_loss, converted = 0.0, direct_current - from_backup
    if supplied > 0.0:
        stage = kind_links[KIND_LINK.shelf_stage, kind]
        modules = modules_needed(
            converted,
            SHELF_TARGET_LOAD * stages.rated_power[stage],
            kind_links[KIND_LINK.shelf_modules, kind],
            kind_links[KIND_LINK.shelf_spare_modules, kind],
        )
        shelf_loss = (
            group_input_power(converted, SHELF_TEMPERATURE, stage, stages, modules) - converted
        )

    # the packages' mean heat flow and the rest, which has no thermal mass of its own
    liquid_heat = (
        kinds[KIND.gpu_liquid_share, kind] * heat
        + kinds[KIND.auxiliary_liquid_share, kind] * auxiliary
        + kinds[KIND.shelf_liquid_share, kind] * shelf_loss
    )
    all_heat = heat + auxiliary + fans + shelf_loss + backup_loss
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
    rack[RACK.it_power, r] = direct_current + shelf_loss + backup_loss
    rack[RACK.feed_power, r] = converted + shelf_loss
    rack[RACK.shelf_loss, r] = shelf_loss
    rack[RACK.liquid_heat, r] = liquid_heat
    rack[RACK.air_heat, r] = all_heat - liquid_heat
    rack[RACK.maximum_gpu_temperature, r] = hottest_die
    rack[RACK.maximum_hbm_temperature, r] = hottest_hbm
    rack[RACK.clock, r] = clocks / online if online > 0.0 else 0.0
    rack[RACK.throttled, r] = throttled
    rack[RACK.gpus_off, r] = kinds[KIND.gpus, kind] - online
    rack[RACK.pace, r] = work / kinds[KIND.gpus, kind]
    rack[RACK.operations, r] = (
        kinds[KIND.peak_operations, kind] * rack[RACK.compute_share, r] * work
    )


@kernel()
def advance_racks_serial(
    racks: Floats,
    rack_links: Indices,
    kinds: Floats,
    kind_links: Indices,
    gpu_constants: Floats,
    stages: Stages,
    rack: Floats,
    gpu: Floats,
    cdu: Floats,
    row: Floats,
    decays: Floats,
    step: float,
) -> None:
    """All racks, one after the other; cheaper than threads for a few thousand accelerators."""
    for r in range(rack.shape[1]):
        advance_rack(
            r,
            racks,
            rack_links,
            kinds,
            kind_links,
            gpu_constants,
            stages,
            rack,
            gpu,
            cdu,
            row,
            decays,
            step,
        )


@kernel(parallel=True)
def advance_racks_parallel(
    racks: Floats,
    rack_links: Indices,
    kinds: Floats,
    kind_links: Indices,
    gpu_constants: Floats,
    stages: Stages,
    rack: Floats,
    gpu: Floats,
    cdu: Floats,
    row: Floats,
    decays: Floats,
    step: float,
) -> None:
    """All racks over the threads numba was given; every rack is summed by one thread."""
    for r in numba.prange(rack.shape[1]):
        advance_rack(
            r,
            racks,
            rack_links,
            kinds,
            kind_links,
            gpu_constants,
            stages,
            rack,
            gpu,
            cdu,
            row,
            decays,
            step,
        )
