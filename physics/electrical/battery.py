"""Battery: state of charge, internal resistance, limits, ageing; energy booked to the joule.

Open-circuit voltage is linear in the state of charge, ``U_empty + (U_full - U_empty) s``, so the
stored energy is a closed form, ``Q (U_empty s + (U_full - U_empty) s^2 / 2)``, and a step at
constant current is exact: what leaves the store equals what is delivered plus what is lost.
"""

from __future__ import annotations

import math

from physics.jit import law


@law
def stored_energy(
    state_of_charge: float, charge_capacity: float, empty_voltage: float, full_voltage: float
) -> float:
    """Energy in the store [J]; charge capacity Q in A s, voltages open-circuit [V]."""
    span = full_voltage - empty_voltage
    s = state_of_charge
    return charge_capacity * (empty_voltage * s + 0.5 * span * s * s)


@law
def charge_capacity_for(energy: float, empty_voltage: float, full_voltage: float) -> float:
    """Charge capacity Q [A s] of a battery whose full store holds ``energy`` [J]."""
    return energy / (0.5 * (empty_voltage + full_voltage))


@law
def battery_step(
    state_of_charge: float,
    power: float,
    step: float,
    charge_capacity: float,
    empty_voltage: float,
    full_voltage: float,
    resistance: float,
    charge_efficiency: float,
    minimum_state_of_charge: float,
    maximum_current: float,
) -> tuple[float, float, float, float]:
    """One step at constant current that delivers ``power`` [W] on average, as far as possible.

    Positive power discharges, negative charges. Power is cut to what the current limit, the
    resistance (``U^2 / 4R``) and the charge left (or the room left) allow.

    Args:
        state_of_charge: s, 0 to 1.
        step: [s].
        charge_capacity: Q [A s].
        empty_voltage, full_voltage: open-circuit voltage at s = 0 and 1 [V].
        resistance: R [ohm].
        charge_efficiency: stored over supplied charge while charging [-].
        minimum_state_of_charge: where discharging stops [-].
        maximum_current: in either direction [A].

    Returns:
        new state of charge; power delivered at the terminals [W] (negative: taken); current [A];
        loss [W]. ``stored_energy`` changes by exactly ``-(power + loss) step``.
    """
    span = full_voltage - empty_voltage
    open_voltage = empty_voltage + span * state_of_charge
    if step <= 0.0 or power == 0.0:
        return state_of_charge, 0.0, 0.0, 0.0
    # Mid-step open-circuit voltage moves with the current like a further series resistance.
    if power > 0.0:
        drift = 0.5 * span * step / charge_capacity
        total = resistance + drift
        inside = open_voltage * open_voltage - 4.0 * total * power
        current = 2.0 * power / (open_voltage + math.sqrt(max(inside, 0.0)))
        if inside < 0.0:
            current = 0.5 * open_voltage / total
        room = max(state_of_charge - minimum_state_of_charge, 0.0) * charge_capacity / step
        current = min(min(current, maximum_current), room)
        new_state = state_of_charge - current * step / charge_capacity
        delivered = current * (open_voltage - total * current)
        return new_state, delivered, current, resistance * current * current
    drift = 0.5 * span * charge_efficiency * step / charge_capacity
    total = resistance + drift
    inside = open_voltage * open_voltage - 4.0 * total * power
    current = -2.0 * power / (open_voltage + math.sqrt(inside))
    room = max(1.0 - state_of_charge, 0.0) * charge_capacity / (charge_efficiency * step)
    current = min(min(current, maximum_current), room)
    new_state = state_of_charge + charge_efficiency * current * step / charge_capacity
    taken = current * (open_voltage + total * current)
    mid_voltage = open_voltage + drift * current
    loss = resistance * current * current + (1.0 - charge_efficiency) * current * mid_voltage
    return new_state, -taken, -current, loss


@law
def greatest_power(
    state_of_charge: float,
    empty_voltage: float,
    full_voltage: float,
    resistance: float,
    minimum_voltage: float,
    maximum_current: float,
) -> float:
    """Greatest instantaneous discharge power [W] within current limit and terminal voltage.

    The smallest of the currents at ``I_max``, at terminal voltage ``U_min``, and at ``U / 2``
    (matched load), at which more current would give less power.
    """
    open_voltage = empty_voltage + (full_voltage - empty_voltage) * state_of_charge
    room = max(open_voltage - max(minimum_voltage, 0.5 * open_voltage), 0.0)
    # Compared as products, so that no resistance means no limit instead of a division by zero.
    current = maximum_current if resistance * maximum_current <= room else room / resistance
    return current * (open_voltage - resistance * current)


@law
def peukert_time(
    current: float, rated_charge: float, rated_time: float, peukert_exponent: float
) -> float:
    """Discharge time of a lead-acid battery [s]: ``H (Q / (I H))^k``.

    Q is the charge [A s] it yields over the rated time H [s] (20 h, say); k 1.05-1.3. Infinite at
    no current.
    """
    if current <= 0.0:
        return math.inf
    return float(rated_time * (rated_charge / (current * rated_time)) ** peukert_exponent)


@law
def peukert_charge(
    current: float, rated_charge: float, rated_time: float, peukert_exponent: float
) -> float:
    """Charge [A s] a lead-acid battery yields at ``current`` [A]; never above its rated charge."""
    if current <= 0.0:
        return rated_charge
    time = peukert_time(current, rated_charge, rated_time, peukert_exponent)
    return min(current * time, rated_charge)


@law
def calendar_ageing_rate(
    temperature: float, design_life: float, reference_temperature: float, halving: float
) -> float:
    """Share of life used per second [1/s]; life halves every ``halving`` kelvin.

    VRLA: design life at 20 or 25 degC, halving 10 K (IEEE 1188, EUROBAT).
    """
    return float(2.0 ** ((temperature - reference_temperature) / halving) / design_life)


@law
def cycle_ageing(charge_throughput: float, charge_capacity: float, full_cycles: float) -> float:
    """Share of life used [-] by discharging ``charge_throughput`` [A s]."""
    return charge_throughput / (charge_capacity * full_cycles)


@law
def aged_capacity(capacity: float, life_used: float, end_of_life_capacity: float) -> float:
    """Capacity after a share of life: falls linearly to ``end_of_life_capacity`` [-], then on to 0.

    End of life is 0.8 by IEEE 1188 and 450.
    """
    return capacity * max(1.0 - (1.0 - end_of_life_capacity) * life_used, 0.0)


@law
def aged_resistance(resistance: float, life_used: float, end_of_life_growth: float) -> float:
    """Resistance after a share of life: grows linearly by ``end_of_life_growth`` [-] at its end."""
    return resistance * (1.0 + end_of_life_growth * life_used)
