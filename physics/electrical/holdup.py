"""Capacitor energy: hold-up of a shelf and storage against load swings.

Between two voltages a capacitor holds ``C (U_1^2 - U_2^2) / 2``. At constant power the square of
its voltage falls linearly in time, so steps of any length are exact.
"""

from __future__ import annotations

import math

from physics.jit import law


@law
def capacitor_energy(capacitance: float, voltage: float, minimum_voltage: float) -> float:
    """Energy usable down to ``minimum_voltage`` [J]; negative below it."""
    return 0.5 * capacitance * (voltage * voltage - minimum_voltage * minimum_voltage)


@law
def hold_up_time(
    capacitance: float, voltage: float, minimum_voltage: float, power: float, efficiency: float
) -> float:
    """How long a capacitor alone carries ``power`` [s] through a converter; for ever at none."""
    energy = max(capacitor_energy(capacitance, voltage, minimum_voltage), 0.0)
    if power <= 0.0:
        return math.inf
    return efficiency * energy / power


@law
def hold_up_capacitance(
    power: float, time: float, voltage: float, minimum_voltage: float, efficiency: float
) -> float:
    """Capacitance [F] that carries ``power`` [W] for ``time`` [s] between two voltages."""
    span = voltage * voltage - minimum_voltage * minimum_voltage
    return 2.0 * power * time / (efficiency * span)


@law
def capacitor_voltage(capacitance: float, voltage: float, power: float, step: float) -> float:
    """Voltage [V] after giving ``power`` (taking it if negative) for ``step`` [s]; 0 if empty."""
    return math.sqrt(max(voltage * voltage - 2.0 * power * step / capacitance, 0.0))


@law
def flattened_frequency(storage_energy: float, swing: float, duty: float) -> float:
    """Lowest frequency [Hz] of a square-wave swing that storage can flatten completely.

    A load that stays ``swing`` [W] higher for a fraction ``duty`` of each period exceeds its mean
    by ``(1 - duty) swing``; that excess over ``duty / f`` seconds is what storage must give:
    ``f = swing duty (1 - duty) / E``. Slower swings reach the supply.
    """
    if storage_energy <= 0.0:
        return math.inf
    return swing * duty * (1.0 - duty) / storage_energy
