"""Clocks at which throttled accelerators come to rest.

A step of infinite length takes packages to rest at their present clocks (every exponential in it is
then zero). What is left to find are the clocks of those that would pass a limit: slowed until the
die, or the hottest stack, is just at it.
"""

from __future__ import annotations

from physics.compute import die_power, leakage_power, pace, relative_voltage
from physics.factory.accelerators import MINIMUM_MEMORY_CLOCK
from physics.factory.arrays import GPU, GPU_DATA, KIND, KIND_LINK, Floats, Indices
from physics.hbm import module_refresh_power
from physics.jit import law

HALVINGS = 40
SETTLING_ROUNDS = 12
HOTTEST = 500.0  # degC: far beyond any shutdown, where leakage would run away


@law
def package_at(
    kind: int,
    kinds: Floats,
    utilisation: float,
    compute_share: float,
    memory_share: float,
    clock: float,
    memory_clock: float,
    leakage: float,
    refresh: float,
    resistance: float,
    plate_resistance: float,
    inlet: float,
) -> tuple[float, float, float]:
    """Temperatures [degC] of die, hottest stack and plate at rest, for given clocks.

    leakage, refresh: powers [W] at the temperatures found before; resistance [K/W] of this die,
    plate_resistance [K/W] from plate to coolant at ``inlet`` [degC].
    """
    speed = pace(clock, memory_clock, compute_share, memory_share)
    on_die = die_power(
        utilisation,
        kinds[KIND.die_idle_power, kind],
        leakage,
        kinds[KIND.die_dynamic_power, kind],
        relative_voltage(clock, kinds[KIND.voltage_intercept, kind]),
        speed * compute_share,
    )
    on_hbm = (
        kinds[KIND.hbm_static_power, kind]
        + refresh
        + kinds[KIND.hbm_access_power, kind] * memory_share * speed * utilisation
    )
    plate = inlet + (on_die + on_hbm) / kinds[KIND.regulator_efficiency, kind] * plate_resistance
    mutual = kinds[KIND.mutual_resistance, kind]
    die = plate + resistance * on_die + mutual * on_hbm
    hbm_rise = kinds[KIND.hbm_resistance, kind] * on_hbm + mutual * on_die
    return die, plate + kinds[KIND.hbm_hottest_factor, kind] * hbm_rise, plate


@law
def leakage_of(kind: int, kinds: Floats, factor: float, temperature: float) -> float:
    """Leakage [W] of a die of the kind with a factor of its own, at full voltage."""
    return factor * leakage_power(
        kinds[KIND.die_leakage_power, kind],
        kinds[KIND.leakage_coefficient, kind],
        kinds[KIND.leakage_reference, kind],
        temperature,
    )


@law
def settle_clocks(
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
    clock_ceiling: float,
    coolant_temperature: float,
    coolant_rise_per_plate: float,
    conductance: float,
    stagnant_conductance: float,
) -> None:
    """Set the clocks of accelerators ``first:last`` to where throttling leaves them in the end.

    Arguments as in :func:`physics.factory.accelerators.advance_all`. Temperatures are set so that
    one which throttling holds at a limit is not mistaken for one that passes its shutdown.
    """
    slowdown = kinds[KIND.slowdown_temperature, kind]
    throttle = kinds[KIND.hbm_throttle_temperature, kind]
    doubling = kinds[KIND.hbm_doubling_temperature, kind]
    nominal_refresh = kinds[KIND.hbm_refresh_power, kind]
    lowest = kinds[KIND.minimum_clock, kind]
    mask = kind_links[KIND_LINK.series_plates, kind] - 1
    for g in range(first, last):
        if gpu[GPU.online, g] == 0.0:
            continue
        factor = constants[GPU_DATA.leakage_factor, g]
        resistance = kinds[KIND.die_resistance, kind] * constants[GPU_DATA.resistance_factor, g]
        plate_resistance = 1.0 / max(conductance * gpu[GPU.flow_factor, g], stagnant_conductance)
        inlet = coolant_temperature + coolant_rise_per_plate * float((g - first) & mask)
        clock, memory_clock = clock_ceiling, 1.0
        die, hottest = slowdown, throttle
        # temperatures of a part at its limits are known, and so are its leakage and refresh
        for turn in range(3):
            leakage = leakage_of(kind, kinds, factor, min(die, slowdown))
            refresh = module_refresh_power(nominal_refresh, min(hottest, throttle), doubling)
            low, high = lowest, clock_ceiling
            clock = clock_ceiling
            for _ in range(HALVINGS):
                die, hottest, plate = package_at(
                    kind, kinds, utilisation, compute_share, memory_share, clock, memory_clock,
                    leakage, refresh, resistance, plate_resistance, inlet,
                )  # fmt: skip
                if die <= slowdown:
                    if clock == clock_ceiling:
                        break
                    low = clock
                else:
                    high = clock
                clock = 0.5 * (low + high)
            if die > slowdown and high - lowest < 1e-9:
                clock = lowest
            low, high = MINIMUM_MEMORY_CLOCK, 1.0
            memory_clock = 1.0
            for _ in range(HALVINGS):
                die, hottest, plate = package_at(
                    kind, kinds, utilisation, compute_share, memory_share, clock, memory_clock,
                    leakage, refresh, resistance, plate_resistance, inlet,
                )  # fmt: skip
                if hottest <= throttle:
                    if memory_clock == 1.0:
                        break
                    low = memory_clock
                else:
                    high = memory_clock
                memory_clock = 0.5 * (low + high)
            if memory_clock == 1.0 and turn > 0:
                break
        gpu[GPU.clock, g] = clock
        gpu[GPU.memory_clock, g] = memory_clock
        # where even the lowest clocks do not help, temperatures pass the limits
        for _ in range(SETTLING_ROUNDS):
            leakage = leakage_of(kind, kinds, factor, die)
            refresh = module_refresh_power(nominal_refresh, hottest, doubling)
            die, hottest, plate = package_at(
                kind, kinds, utilisation, compute_share, memory_share, clock, memory_clock,
                leakage, refresh, resistance, plate_resistance, inlet,
            )  # fmt: skip
            die, hottest, plate = min(die, HOTTEST), min(hottest, HOTTEST), min(plate, HOTTEST)
        rise = (hottest - plate) / kinds[KIND.hbm_hottest_factor, kind]
        gpu[GPU.plate_temperature, g] = plate
        gpu[GPU.die_temperature, g] = die
        gpu[GPU.hbm_temperature, g] = plate + rise
