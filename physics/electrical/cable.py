"""Cables, busways and DC bus bars: resistance with temperature, drop, loss, rating.

Sources: conductor resistance IEC 60228 and 60287-1-1; voltage drop IEC 60364-5-52 annex G.
"""

from __future__ import annotations

import math

from physics.jit import law

COPPER_TEMPERATURE_COEFFICIENT = 0.00393
"""Relative rise of copper's resistance from 20 degC [1/K] (IEC 60287-1-1)."""
ALUMINIUM_TEMPERATURE_COEFFICIENT = 0.00403
"""Relative rise of aluminium's resistance from 20 degC [1/K] (IEC 60287-1-1)."""


@law
def conductor_resistance(
    resistance_per_metre_20: float,
    length: float,
    temperature: float,
    temperature_coefficient: float,
    parallel: int,
) -> float:
    """Resistance of one phase [ohm]: ``R_20 l (1 + alpha (T - 20)) / n``.

    Args:
        resistance_per_metre_20: at 20 degC [ohm/m].
        length: [m].
        temperature: of the conductor [degC].
        temperature_coefficient: [1/K].
        parallel: conductors per phase.
    """
    warm = 1.0 + temperature_coefficient * (temperature - 20.0)
    return resistance_per_metre_20 * length * warm / parallel


@law
def voltage_drop(current: float, resistance: float, reactance: float, power_factor: float) -> float:
    """Drop along a balanced three-phase run [V, line to line], lagging power factor.

    ``sqrt(3) I (R cos phi + X sin phi)``. For a DC pair pass its loop resistance over sqrt(3) with
    reactance 0.
    """
    sine = math.sqrt(max(1.0 - power_factor * power_factor, 0.0))
    return math.sqrt(3.0) * current * (resistance * power_factor + reactance * sine)


@law
def three_phase_loss(current: float, resistance: float) -> float:
    """Loss of a three-phase run [W]: ``3 I^2 R``, R per phase [ohm], I per phase [A]."""
    return 3.0 * current * current * resistance


@law
def dc_loss(current: float, loop_resistance: float) -> float:
    """Loss of a DC run [W]: ``I^2 R`` with R of both conductors together [ohm]."""
    return current * current * loop_resistance


@law
def dc_load_voltage(source_voltage: float, loop_resistance: float, power: float) -> float:
    """Voltage at a constant-power load behind a resistance [V]; NaN-free: half at collapse.

    The upper root of ``U (U_0 - U) / R = P``. Beyond the greatest transferable power
    ``U_0^2 / 4 R`` there is none, and the voltage at that limit, ``U_0 / 2``, is returned.
    """
    inside = source_voltage * source_voltage - 4.0 * loop_resistance * power
    return 0.5 * (source_voltage + math.sqrt(max(inside, 0.0)))


@law
def derated_ampacity(
    ampacity: float,
    rated_ambient: float,
    ambient: float,
    conductor_limit: float,
    grouping_factor: float,
) -> float:
    """Current a run may carry [A] at another ambient than the rated one (degC).

    ``I sqrt((T_max - T_a) / (T_max - T_rated)) f``; zero above the conductor's limit.
    """
    head = max(conductor_limit - ambient, 0.0) / (conductor_limit - rated_ambient)
    return ampacity * math.sqrt(head) * grouping_factor


@law
def conductor_temperature(
    current: float, ampacity: float, ambient: float, rated_ambient: float, conductor_limit: float
) -> float:
    """Steady conductor temperature [degC]: the rise goes with the square of the current."""
    load = current / ampacity
    return ambient + (conductor_limit - rated_ambient) * load * load
