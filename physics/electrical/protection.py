"""Protection: inverse-time overcurrent, thermal, instantaneous and undervoltage elements.

Operating time ``TMS (k / (M^alpha - b) + c)`` at M times the pick-up current covers IEC 60255-151
and IEEE C37.112 (b = 1) and the I^2 t curve of low-voltage trip units (b = 0, alpha = 2). For
currents that vary, an element integrates the reciprocal of that time (IEEE C37.112): it trips when
the integral reaches one, and resets as its reset time says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from physics.jit import law


@dataclass(frozen=True)
class InverseCurve:
    """Constants of an inverse-time characteristic.

    Attributes:
        k, alpha, c, b: of the operating time [s, -, s, -].
        reset: t_r of the reset time ``TMS t_r / (1 - M^2)`` [s]; 0 resets at once.
    """

    k: float
    alpha: float
    c: float = 0.0
    b: float = 1.0
    reset: float = 0.0


IEC_NORMAL_INVERSE = InverseCurve(0.14, 0.02)
"""IEC 60255-151 curve A."""
IEC_VERY_INVERSE = InverseCurve(13.5, 1.0)
"""IEC 60255-151 curve B."""
IEC_EXTREMELY_INVERSE = InverseCurve(80.0, 2.0)
"""IEC 60255-151 curve C."""
IEC_LONG_TIME_INVERSE = InverseCurve(120.0, 1.0)
"""Long-time inverse of BS 142 practice."""
IEC_SHORT_TIME_INVERSE = InverseCurve(0.05, 0.04)
"""Short-time inverse of relay practice."""
IEEE_MODERATELY_INVERSE = InverseCurve(0.0515, 0.02, 0.114, reset=4.85)
"""IEEE C37.112; IEC 60255-151 curve D."""
IEEE_VERY_INVERSE = InverseCurve(19.61, 2.0, 0.491, reset=21.6)
"""IEEE C37.112; IEC 60255-151 curve E."""
IEEE_EXTREMELY_INVERSE = InverseCurve(28.2, 2.0, 0.1217, reset=29.1)
"""IEEE C37.112; IEC 60255-151 curve F."""


def long_time_trip(time_at_six: float) -> InverseCurve:
    """I^2 t long-time curve of a low-voltage trip unit with ``time_at_six`` [s] at 6 I_r.

    Its pick-up lies at 1.05 to 1.2 I_r (IEC 60947-2): pass that current as pick-up and scale
    ``time_at_six`` to it, or pass I_r itself.
    """
    if time_at_six <= 0.0:
        raise ValueError(f"trip time at 6 I_r must be positive, got {time_at_six} s")
    return InverseCurve(36.0 * time_at_six, 2.0, b=0.0)


@law
def operating_time(
    multiple: float,
    time_multiplier: float,
    k: float,
    alpha: float,
    c: float,
    b: float,
    greatest_multiple: float,
) -> float:
    """Time to trip [s] at a constant ``multiple`` of the pick-up current; infinite up to 1.

    Above ``greatest_multiple`` the time stays what it is there (20 in IEC 60255-151 where the relay
    is definite-time beyond; infinity otherwise).
    """
    if multiple <= 1.0:
        return math.inf
    m = min(multiple, greatest_multiple)
    if math.isinf(m):
        return time_multiplier * c
    return float(time_multiplier * (k / (m**alpha - b) + c))


@law
def reset_time(multiple: float, time_multiplier: float, reset: float) -> float:
    """Time to full reset [s] at ``multiple`` below pick-up: ``TMS t_r / (1 - M^2)``."""
    if multiple >= 1.0:
        return math.inf
    return time_multiplier * reset / (1.0 - multiple * multiple)


@law
def inverse_time_step(
    travel: float,
    multiple: float,
    step: float,
    time_multiplier: float,
    k: float,
    alpha: float,
    c: float,
    b: float,
    greatest_multiple: float,
    reset: float,
) -> tuple[float, float]:
    """Travel of an inverse-time element after ``step`` [s] at constant current.

    Args:
        travel: 0 at rest, 1 trips.
        multiple: current over pick-up current [-].

    Returns:
        new travel (1 if tripped), and the time within the step at which it tripped [s], infinite
        if it did not. The instant is exact whatever the step.
    """
    if travel >= 1.0:
        return 1.0, 0.0
    if multiple > 1.0:
        whole = operating_time(multiple, time_multiplier, k, alpha, c, b, greatest_multiple)
        need = (1.0 - travel) * whole
        if need <= step:
            return 1.0, need
        return travel + step / whole, math.inf
    back = reset_time(multiple, time_multiplier, reset)
    if back <= 0.0:
        return 0.0, math.inf
    return max(travel - step / back, 0.0), math.inf


@law
def thermal_step(
    heat: float,
    load: float,
    step: float,
    heating_time_constant: float,
    cooling_time_constant: float,
) -> tuple[float, float]:
    """Thermal overload element (IEC 60255-149): ``d heat / dt = (load^2 - heat) / tau``, trip at 1.

    Args:
        heat: fraction of the trip level [-].
        load: current over the continuous current ``k I_B`` [-].
        heating_time_constant, cooling_time_constant: tau while load flows, and without [s].

    Returns:
        new heat, and the time within the step at which it reached 1 [s], infinite if it did not.
    """
    target = load * load
    tau = cooling_time_constant if load == 0.0 else heating_time_constant
    new = target + (heat - target) * math.exp(-step / tau)
    if heat >= 1.0:
        return new, 0.0
    if new >= 1.0:
        return new, tau * math.log((target - heat) / (target - 1.0))
    return new, math.inf


@law
def thermal_trip_time(load: float, previous_load: float, time_constant: float) -> float:
    """Trip time [s] of the thermal element at constant load after a long previous load [-].

    ``tau ln((I^2 - I_p^2) / (I^2 - 1))``; infinite where load never trips.
    """
    if previous_load >= 1.0:
        return 0.0
    if load <= 1.0:
        return math.inf
    square = load * load
    return time_constant * math.log((square - previous_load * previous_load) / (square - 1.0))


@law
def definite_time_step(
    timer: float, picked_up: bool, step: float, delay: float
) -> tuple[float, float]:
    """Definite-time element: trips ``delay`` [s] after pick-up, resets at once.

    Serves instantaneous and short-time overcurrent, and undervoltage.

    Returns:
        new timer [s], and the time within the step at which it tripped [s], infinite if it did not.
    """
    if not picked_up:
        return 0.0, math.inf
    if timer + step >= delay:
        return timer + step, max(delay - timer, 0.0)
    return timer + step, math.inf


@law
def undervoltage_time(voltage: float, setting: float, time_multiplier: float) -> float:
    """Inverse undervoltage time [s]: ``TMS / (1 - U / U_s)`` (IEC 60255-127); infinite above."""
    if voltage >= setting:
        return math.inf
    return time_multiplier / (1.0 - voltage / setting)


@law
def breaker_clearing_time(
    current: float,
    long_time_current: float,
    long_time_at_six: float,
    short_time_current: float,
    short_time_delay: float,
    instantaneous_current: float,
    opening_time: float,
) -> float:
    """Time [s] in which a low-voltage trip unit with LSI functions clears a constant current.

    Long-time ``t_6 (6 I_r / I)^2`` above 1.05 I_r, short-time definite, instantaneous without
    delay; the quickest one counts, plus the mechanism's opening time.
    """
    time = math.inf
    if current > 1.05 * long_time_current:
        ratio = 6.0 * long_time_current / current
        time = long_time_at_six * ratio * ratio
    if current >= short_time_current:
        time = min(time, short_time_delay)
    if current >= instantaneous_current:
        time = 0.0
    return time + opening_time


@law
def it_ride_through_time(voltage: float) -> float:
    """How long IT equipment must ride through a voltage [s], per unit; ITI (CBEMA) curve of 2000.

    Below 70 % and at no voltage: 20 ms; 70 to 80 %: 0.5 s; 80 to 90 %: 10 s; from 90 %: for ever.
    """
    if voltage >= 0.9:
        return math.inf
    if voltage >= 0.8:
        return 10.0
    if voltage >= 0.7:
        return 0.5
    return 0.02
