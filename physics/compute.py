"""Computing: voltage and frequency, power against activity, pace by roofline, throttling.

The clock ``f`` and the memory clock ``b`` are relative to their maxima. A workload asks for a
``compute_share`` of peak operations and a ``memory_share`` of peak bandwidth at full pace; the
larger of the two is what bounds it.
"""

from __future__ import annotations

from physics.jit import hot_law, law


@hot_law
def relative_voltage(clock: float, voltage_intercept: float) -> float:
    """Core voltage relative to that at full clock: linear in the clock, V0 + (1 - V0) f."""
    return voltage_intercept + (1.0 - voltage_intercept) * clock


@hot_law
def pace(clock: float, memory_clock: float, compute_share: float, memory_share: float) -> float:
    """Pace of a job relative to full clocks, by the roofline: the slower of compute and memory.

    One unit of work needs ``compute_share / clock`` of compute time and
    ``memory_share / memory_clock`` of memory time, overlapped. The reference is the same job at
    full clocks, so the result is 1 there. Zero clock gives zero pace. Source: Williams, Waterman,
    Patterson, CACM 52(4), 2009.
    """
    bound = max(compute_share, memory_share)
    ceiling_compute = bound * clock
    ceiling_memory = bound * memory_clock
    # multiplied out so that a zero share or clock divides nothing by zero
    by_compute = 1.0 if ceiling_compute >= compute_share else ceiling_compute / compute_share
    by_memory = 1.0 if ceiling_memory >= memory_share else ceiling_memory / memory_share
    return min(by_compute, by_memory)


@hot_law
def leakage_power(
    reference_power: float, coefficient: float, reference_temperature: float, temperature: float
) -> float:
    """Leakage power [W] at full voltage and a die temperature [degC].

    Second-order expansion of the exponential about the reference, P0 (1 + x + x^2/2) with
    x = k (T - T0): within 1 % of it for |x| < 0.35 (28 K at 0.0125 /K), positive everywhere and
    without an exponential in the hot loop. Source of the low-order form: Liu et al., "Accurate
    temperature-dependent integrated circuit leakage power estimation is easy", DATE 2007.
    """
    x = coefficient * (temperature - reference_temperature)
    return reference_power * (1.0 + x + 0.5 * x * x)


@law
def leakage_polynomial(
    reference_power: float, coefficient: float, reference_temperature: float
) -> tuple[float, float, float]:
    """Coefficients (a0, a1, a2) with which a0 + a1 T + a2 T^2 is :func:`leakage_power` [W]."""
    square = 0.5 * coefficient * coefficient
    return (
        reference_power
        * (
            1.0
            - coefficient * reference_temperature
            + square * reference_temperature * reference_temperature
        ),
        reference_power * (coefficient - 2.0 * square * reference_temperature),
        reference_power * square,
    )


@hot_law
def die_power(
    busy_share: float,
    idle_power: float,
    leakage: float,
    dynamic_power: float,
    voltage: float,
    operations: float,
) -> float:
    """Power [W] of a die that is busy ``busy_share`` of the time and idle otherwise.

    Busy: leakage V + dynamic V^2 operations, with ``voltage`` relative and ``operations`` the rate
    relative to peak; idle: a constant (clock- and power-gated).
    """
    busy = leakage * voltage + dynamic_power * voltage * voltage * operations
    return (1.0 - busy_share) * idle_power + busy_share * busy


@hot_law
def throttled_clock(
    clock: float,
    minimum: float,
    ceiling: float,
    temperature: float,
    limit: float,
    step: float,
) -> float:
    """Clock after ``step`` seconds of integral control that holds a temperature at its limit.

    Falls ``THROTTLE_GAIN`` per kelvin and second above the limit and recovers
    ``RECOVERY_GAIN`` below it, bounded by ``minimum`` and ``ceiling``. The gains keep the loop
    stable at 1 s: the fast part of a die's rise is below 50 K per unit clock.
    """
    error = limit - temperature
    gain = THROTTLE_GAIN if error < 0.0 else RECOVERY_GAIN
    moved = clock + gain * error * min(step, 1.0)
    return max(minimum, min(ceiling, moved))


THROTTLE_GAIN = 0.02  # 1/(K s)
RECOVERY_GAIN = 0.004  # 1/(K s): slower up than down, so that the clock does not hunt


@law
def capped_clock(
    power_cap: float,
    leakage: float,
    dynamic_power: float,
    other_power: float,
    voltage_intercept: float,
    minimum: float,
) -> float:
    """Largest clock in [minimum, 1] at which leakage V + dynamic f V^2 + other stays below a cap.

    Bisection: the power rises monotonically with the clock. Powers in W at the die; returns
    ``minimum`` when even that exceeds the cap.
    """
    low, high = minimum, 1.0
    voltage = 1.0
    if leakage * voltage + dynamic_power + other_power <= power_cap:
        return 1.0
    for _ in range(30):
        middle = 0.5 * (low + high)
        voltage = voltage_intercept + (1.0 - voltage_intercept) * middle
        needed = leakage * voltage + dynamic_power * middle * voltage * voltage + other_power
        if needed > power_cap:
            high = middle
        else:
            low = middle
    return low
