"""Exact steps of well-mixed volumes and of two coupled ones.

Inputs are held over a step; the update is the exact solution, so it is stable at any flow,
including none, and at any step. Each law also gives the mean temperature over the step, with which
the heat each stream carried is exact: end minus start of stored heat equals the sum of heats to
rounding. Temperatures in degC, capacities in J/K, capacity rates (m cp) in W/K.
"""

from __future__ import annotations

import math

from physics.jit import law


@law
def mixed_volume_step(
    temperature: float,
    heat_capacity: float,
    time_step: float,
    capacity_rate: float = 0.0,
    inlet_temperature: float = 0.0,
    heat: float = 0.0,
    loss_conductance: float = 0.0,
    ambient_temperature: float = 0.0,
) -> tuple[float, float]:
    """Temperature at the end of a step and its mean over the step [degC].

    C dT/dt = m cp (T_in - T) + Q + UA (T_ambient - T). capacity_rate: of all inflow together
    [W/K], with its mixed inlet temperature; heat [W]; loss_conductance UA [W/K]. The flow leaves at
    the mean temperature. A volume without capacity takes its equilibrium at once.
    """
    conductance = abs(capacity_rate) + loss_conductance
    net = (
        abs(capacity_rate) * (inlet_temperature - temperature)
        + heat
        + loss_conductance * (ambient_temperature - temperature)
    )
    if heat_capacity <= 0.0:
        if conductance <= 0.0:
            return temperature, temperature
        equilibrium = temperature + net / conductance
        return equilibrium, equilibrium
    z = conductance * time_step / heat_capacity
    mean = temperature + net * time_step / heat_capacity * exponential_mean_share(z)
    share = 1.0 if z == 0.0 else -math.expm1(-z) / z
    return temperature + net * time_step / heat_capacity * share, mean


@law
def exponential_mean_share(z: float) -> float:
    """(exp(-z) - 1 + z) / z^2, the mean of an exponential approach over its step [-]; 1/2 at 0."""
    if z < 0.02:
        return 0.5 - z * (1.0 / 6.0 - z * (1.0 / 24.0 - z * (1.0 / 120.0 - z / 720.0)))
    return (math.expm1(-z) + z) / (z * z)


@law
def coupled_pair_step(
    temperature_1: float,
    temperature_2: float,
    a_11: float,
    a_12: float,
    a_21: float,
    a_22: float,
    b_1: float,
    b_2: float,
    time_step: float,
) -> tuple[float, float, float, float]:
    """Exact step of dT/dt = A T + b for two temperatures: both ends and both means [degC].

    A [1/s], b [K/s]. The matrix functions phi_1 and phi_2 (with mean = T + dt phi_2(A dt)(A T + b))
    come from their Taylor series at dt / 2^s and doubling, which needs no eigenvalues and is as
    accurate for equal, zero or stiff ones. Source: Hochbruck and Ostermann, Exponential
    integrators, Acta Numerica (2010), sec. 2.
    """
    rate_1 = a_11 * temperature_1 + a_12 * temperature_2 + b_1
    rate_2 = a_21 * temperature_1 + a_22 * temperature_2 + b_2
    norm = max(abs(a_11) + abs(a_12), abs(a_21) + abs(a_22)) * time_step
    doublings = 0
    scale = time_step
    while norm > 0.25:
        norm *= 0.5
        scale *= 0.5
        doublings += 1
    z_11, z_12, z_21, z_22 = a_11 * scale, a_12 * scale, a_21 * scale, a_22 * scale
    # phi_2(Z) = sum Z^k / (k + 2)! by Horner's rule; 12 terms are exact to rounding at |Z| < 1/4.
    q_11, q_12, q_21, q_22 = 0.0, 0.0, 0.0, 0.0
    factor = 1.0 / 87178291200.0  # 1 / 14!
    for k in range(14, 2, -1):
        r_11, r_12, r_21, r_22 = q_11 + factor, q_12, q_21, q_22 + factor
        q_11 = z_11 * r_11 + z_12 * r_21
        q_12 = z_11 * r_12 + z_12 * r_22
        q_21 = z_21 * r_11 + z_22 * r_21
        q_22 = z_21 * r_12 + z_22 * r_22
        factor *= k
    q_11 += 0.5
    q_22 += 0.5
    # phi_1 = 1 + Z phi_2 and exp = 1 + Z phi_1.
    p_11 = 1.0 + z_11 * q_11 + z_12 * q_21
    p_12 = z_11 * q_12 + z_12 * q_22
    p_21 = z_21 * q_11 + z_22 * q_21
    p_22 = 1.0 + z_21 * q_12 + z_22 * q_22
    e_11 = 1.0 + z_11 * p_11 + z_12 * p_21
    e_12 = z_11 * p_12 + z_12 * p_22
    e_21 = z_21 * p_11 + z_22 * p_21
    e_22 = 1.0 + z_21 * p_12 + z_22 * p_22
    for _ in range(doublings):
        # phi_2(2Z) = (phi_1(Z)^2 + 2 phi_2(Z)) / 4, phi_1(2Z) = (exp(Z) + 1) phi_1(Z) / 2.
        q_11 = 0.25 * (p_11 * p_11 + p_12 * p_21) + 0.5 * q_11
        q_12 = 0.25 * (p_11 * p_12 + p_12 * p_22) + 0.5 * q_12
        q_21 = 0.25 * (p_21 * p_11 + p_22 * p_21) + 0.5 * q_21
        q_22 = 0.25 * (p_21 * p_12 + p_22 * p_22) + 0.5 * q_22
        n_11 = 0.5 * ((e_11 + 1.0) * p_11 + e_12 * p_21)
        n_12 = 0.5 * ((e_11 + 1.0) * p_12 + e_12 * p_22)
        n_21 = 0.5 * (e_21 * p_11 + (e_22 + 1.0) * p_21)
        n_22 = 0.5 * (e_21 * p_12 + (e_22 + 1.0) * p_22)
        p_11, p_12, p_21, p_22 = n_11, n_12, n_21, n_22
        # Squaring, not 1 + Z phi_1, whose rounding would grow with Z at every doubling.
        s_11 = e_11 * e_11 + e_12 * e_21
        s_12 = e_11 * e_12 + e_12 * e_22
        s_21 = e_21 * e_11 + e_22 * e_21
        s_22 = e_21 * e_12 + e_22 * e_22
        e_11, e_12, e_21, e_22 = s_11, s_12, s_21, s_22
    rise_1 = time_step * (q_11 * rate_1 + q_12 * rate_2)
    rise_2 = time_step * (q_21 * rate_1 + q_22 * rate_2)
    # Ends from the balance over the step, so that stored heat closes to rounding.
    end_1 = temperature_1 + time_step * (rate_1 + a_11 * rise_1 + a_12 * rise_2)
    end_2 = temperature_2 + time_step * (rate_2 + a_21 * rise_1 + a_22 * rise_2)
    return end_1, end_2, temperature_1 + rise_1, temperature_2 + rise_2
