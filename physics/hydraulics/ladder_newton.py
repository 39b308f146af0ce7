"""The compiled solver behind :mod:`physics.hydraulics.ladder`.

Global gradient iteration on a ladder: at every rack a supply and a return node, so that the matrix
is block tridiagonal with 2 x 2 blocks when the racks are numbered from the pumps outwards. Suction
of the pumps is the reference of zero pressure.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from physics.hydraulics.fittings import power_law_drop_and_slope
from physics.hydraulics.pumps import quadratic_rise_and_slope
from physics.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_SLOPE_FLOOR = 1e-3  # Pa s/kg, bounds the conductances as in the general solver
_ROUNDING = 2e-15  # pressure noise relative to the head pressure
_FULL_STEPS = 15


@kernel()
def _pump_drop_and_slope(
    flow: float,
    speed: float,
    running: float,
    shutoff_rise: float,
    rise_linear: float,
    rise_quadratic: float,
    coefficient: float,
    exponent: float,
) -> tuple[float, float, float]:
    """Pressure drop from suction to header of running pumps in parallel with the exchanger in
    series [Pa], its slope [Pa s/kg], and the pumps' rise [Pa]."""
    rise, rise_slope = quadratic_rise_and_slope(
        flow / running, speed, shutoff_rise, rise_linear, rise_quadratic, 0.0
    )
    drop, slope = power_law_drop_and_slope(flow, coefficient, exponent, 0.0)
    return drop - rise, slope - rise_slope / running, rise


@kernel()
def solve_ladder(
    first: int,
    last: int,
    supply_resistance: FloatArray,
    return_resistance: FloatArray,
    rack_coefficient: FloatArray,
    rack_exponent: FloatArray,
    rack_transition: FloatArray,
    reverse: bool,
    exchanger_coefficient: float,
    exchanger_exponent: float,
    shutoff_rise: float,
    rise_linear: float,
    rise_quadratic: float,
    speed: float,
    running: float,
    bypass_resistance: float,
    rack_resistance: FloatArray,
    rack_factor: FloatArray,
    tolerance: float,
    max_iterations: int,
    rack_flow: FloatArray,
    supply_flow: FloatArray,
    return_flow: FloatArray,
    supply_pressure: FloatArray,
    return_pressure: FloatArray,
    work: FloatArray,
    loop_flow: float,
    bypass_flow: float,
    head_pressure: float,
) -> tuple[float, float, float, float, float, int, bool]:
    """Solve one loop, racks ``first:last``; the per-rack state arrays are updated in place.

    ``work`` is scratch, [n_racks, 13]. Returns (loop flow, bypass flow, head pressure, pump rise,
    residual [Pa], iterations, converged). :class:`physics.hydraulics.ladder.Ladders` explains the
    other arguments.
    """
    # columns of work: per rack conductance and residual of its supply segment (0, 1), return
    # segment (2, 3) and rung (4, 5), mass imbalance of supply and return node (6, 7), inverse of
    # the eliminated block (8, 9, 10) and its right sides (11, 12)
    discriminant = rise_linear * rise_linear - 4.0 * rise_quadratic * shutoff_rise
    runout = 2.0 * shutoff_rise / (-rise_linear + math.sqrt(discriminant))
    if not (running > 0.0 and speed > 0.0):
        # nothing drives a closed loop of even density: everything rests
        for j in range(first, last):
            rack_flow[j] = 0.0
            supply_flow[j] = 0.0
            return_flow[j] = 0.0
            supply_pressure[j] = 0.0
            return_pressure[j] = 0.0
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0, True
    has_bypass = bypass_resistance < math.inf
    iterations = 0
    if loop_flow == 0.0:
        # cold: half way to run-out through the pumps, evenly over the racks
        loop_flow = 0.5 * running * speed * runout
        share = loop_flow / (last - first)
        for j in range(first, last):
            rack_flow[j] = share
            supply_flow[j] = share * (last - j)
            return_flow[j] = share * (j - first + 1) if reverse else share * (last - j)
        bypass_flow = loop_flow
    while True:
        # laws and mass balances at the present flows; every branch pushes its linearised flow
        flow_scale = max(abs(loop_flow), 1e-3 * runout)
        noise = _ROUNDING * abs(head_pressure)
        drop, slope, rise = _pump_drop_and_slope(
            loop_flow,
            speed,
            running,
            shutoff_rise,
            rise_linear,
            rise_quadratic,
            exchanger_coefficient,
            exchanger_exponent,
        )
        pump_residual = drop + head_pressure
        pump_conductance = 1.0 / max(slope, _SLOPE_FLOOR)
        drop_scale = max(1.0, abs(rise))
        worst = abs(pump_residual)
        worst_flow = (worst - noise) * pump_conductance
        bypass_conductance = 0.0
        bypass_residual = 0.0
        if has_bypass:
            drop, slope = power_law_drop_and_slope(bypass_flow, bypass_resistance, 2.0, 0.0)
            bypass_residual = drop - head_pressure
            bypass_conductance = 1.0 / max(slope, _SLOPE_FLOOR)
            worst = max(worst, abs(bypass_residual))
            worst_flow = max(worst_flow, (abs(bypass_residual) - noise) * bypass_conductance)
        else:
            bypass_flow = 0.0
        head_balance = loop_flow - bypass_flow - supply_flow[first]
        head_push = head_balance
        head_push += -pump_conductance * pump_residual + bypass_conductance * bypass_residual
        worst_mass = abs(head_balance)
        upstream_pressure = head_pressure
        for j in range(first, last):
            drop, slope = power_law_drop_and_slope(supply_flow[j], supply_resistance[j], 2.0, 0.0)
            work[j, 0] = 1.0 / max(slope, _SLOPE_FLOOR)
            work[j, 1] = drop - upstream_pressure + supply_pressure[j]
            upstream_pressure = supply_pressure[j]
            drop, slope = power_law_drop_and_slope(return_flow[j], return_resistance[j], 2.0, 0.0)
            work[j, 2] = 1.0 / max(slope, _SLOPE_FLOOR)
            behind = 0.0
            if reverse:
                if j + 1 < last:
                    behind = return_pressure[j + 1]
            elif j > first:
                behind = return_pressure[j - 1]
            work[j, 3] = drop - return_pressure[j] + behind
            worst = max(worst, abs(work[j, 1]), abs(work[j, 3]))
            worst_flow = max(worst_flow, (abs(work[j, 1]) - noise) * work[j, 0])
            worst_flow = max(worst_flow, (abs(work[j, 3]) - noise) * work[j, 2])
            if rack_resistance[j] < math.inf:
                drop, slope = power_law_drop_and_slope(
                    rack_flow[j],
                    rack_coefficient[j] * rack_factor[j],
                    rack_exponent[j],
                    rack_transition[j],
                )
                drop += rack_resistance[j] * rack_flow[j] * abs(rack_flow[j])
                slope += 2.0 * rack_resistance[j] * abs(rack_flow[j])
                work[j, 4] = 1.0 / max(slope, _SLOPE_FLOOR)
                work[j, 5] = drop - supply_pressure[j] + return_pressure[j]
                worst = max(worst, abs(work[j, 5]))
                worst_flow = max(worst_flow, (abs(work[j, 5]) - noise) * work[j, 4])
            else:
                rack_flow[j] = 0.0
                work[j, 4] = 0.0
                work[j, 5] = 0.0
            onward = supply_flow[j + 1] if j + 1 < last else 0.0
            balance = supply_flow[j] - onward - rack_flow[j]
            worst_mass = max(worst_mass, abs(balance))
            work[j, 6] = balance
            if reverse:
                arriving = return_flow[j - 1] if j > first else 0.0
            else:
                arriving = return_flow[j + 1] if j + 1 < last else 0.0
            balance = arriving + rack_flow[j] - return_flow[j]
            worst_mass = max(worst_mass, abs(balance))
            work[j, 7] = balance
        settled = (
            worst <= tolerance * drop_scale + noise
            and worst_flow <= tolerance * flow_scale
            and worst_mass <= tolerance * flow_scale
        )
        if settled or iterations >= max_iterations:
            return loop_flow, bypass_flow, head_pressure, rise, worst, iterations, settled
        iterations += 1
        # full Newton steps; should they ever go to and fro, half steps end that
        length = 1.0 if iterations <= _FULL_STEPS else 0.5

        # block elimination towards the pumps: at every rack supply s and return r,
        # [a b; b d] [s r]' = right side, after the racks further out are eliminated
        for j in range(last - 1, first - 1, -1):
            g_s = work[j, 0]
            g_r = work[j, 2]
            g_k = work[j, 4]
            push_s = g_s * work[j, 1]
            push_r = g_r * work[j, 3]
            push_k = g_k * work[j, 5]
            a = g_s + g_k
            d = g_r + g_k
            b = -g_k
            right_s = work[j, 6] - push_s + push_k
            right_r = work[j, 7] + push_r - push_k
            if j + 1 < last:
                g_out = work[j + 1, 0]
                push_out = g_out * work[j + 1, 1]
                a += g_out
                right_s += push_out
                if reverse:
                    # return flows on to the next rack: this rack's own segment joins it
                    g_back = g_r
                else:
                    g_back = work[j + 1, 2]
                    d += g_back
                    right_r -= g_back * work[j + 1, 3]
                # fold in the solved block of the next rack: inverse entries in 8..10, rhs in 11, 12
                i_ss = work[j + 1, 8]
                i_sr = work[j + 1, 9]
                i_rr = work[j + 1, 10]
                a -= g_out * i_ss * g_out
                b -= g_out * i_sr * g_back
                d -= g_back * i_rr * g_back
                right_s += g_out * work[j + 1, 11]
                right_r += g_back * work[j + 1, 12]
            if reverse and j > first:
                # the previous rack's return segment ends here
                g_in = work[j - 1, 2]
                d += g_in
                right_r -= g_in * work[j - 1, 3]
            determinant = a * d - b * b
            if determinant > 1e-13 * a * d:
                work[j, 8] = d / determinant
                work[j, 9] = -b / determinant
                work[j, 10] = a / determinant
            else:
                # shut in without any reference: hold the pressure
                work[j, 8] = 0.0
                work[j, 9] = 0.0
                work[j, 10] = 1.0 / d if d > 0.0 else 0.0
            work[j, 11] = work[j, 8] * right_s + work[j, 9] * right_r
            work[j, 12] = work[j, 9] * right_s + work[j, 10] * right_r
        g_first = work[first, 0]
        diagonal = pump_conductance + bypass_conductance + g_first
        right = head_push + g_first * work[first, 1] + g_first * work[first, 11]
        pivot = diagonal - g_first * work[first, 8] * g_first
        head_step = right / pivot if pivot > 1e-13 * diagonal else 0.0

        # back substitution outwards and new flows
        step = pump_conductance * (-head_step - pump_residual)
        loop_flow += length * step
        bypass_flow += length * bypass_conductance * (head_step - bypass_residual)
        upstream_step = head_step
        back_step = 0.0
        for j in range(first, last):
            g_out = work[j, 0]
            if reverse:
                g_back = work[j - 1, 2] if j > first else 0.0
            else:
                g_back = work[j, 2] if j > first else 0.0
            pull_s = g_out * upstream_step
            pull_r = g_back * back_step
            step_s = work[j, 11] + work[j, 8] * pull_s + work[j, 9] * pull_r
            step_r = work[j, 12] + work[j, 9] * pull_s + work[j, 10] * pull_r
            supply_flow[j] += length * g_out * (upstream_step - step_s - work[j, 1])
            rack_flow[j] += length * work[j, 4] * (step_s - step_r - work[j, 5])
            if reverse:
                if j > first:
                    return_flow[j - 1] += length * g_back * (back_step - step_r - work[j - 1, 3])
                if j + 1 == last:
                    return_flow[j] += length * work[j, 2] * (step_r - work[j, 3])
            else:
                return_flow[j] += length * work[j, 2] * (step_r - back_step - work[j, 3])
            supply_pressure[j] += step_s
            return_pressure[j] += step_r
            upstream_step = step_s
            back_step = step_r
        head_pressure += head_step


@kernel(parallel=True)
def solve_all_ladders(
    start: IntArray,
    supply_resistance: FloatArray,
    return_resistance: FloatArray,
    rack_coefficient: FloatArray,
    rack_exponent: FloatArray,
    rack_transition: FloatArray,
    reverse_return: BoolArray,
    exchanger_coefficient: FloatArray,
    exchanger_exponent: FloatArray,
    shutoff_rise: FloatArray,
    rise_linear: FloatArray,
    rise_quadratic: FloatArray,
    pump_speed: FloatArray,
    pumps_running: FloatArray,
    exchanger_factor: FloatArray,
    bypass_resistance: FloatArray,
    rack_resistance: FloatArray,
    rack_factor: FloatArray,
    tolerance: float,
    max_iterations: int,
    rack_flow: FloatArray,
    supply_flow: FloatArray,
    return_flow: FloatArray,
    supply_pressure: FloatArray,
    return_pressure: FloatArray,
    loop_flow: FloatArray,
    bypass_flow: FloatArray,
    head_pressure: FloatArray,
    far_differential: FloatArray,
    pump_rise: FloatArray,
    hydraulic_power: FloatArray,
    residual: FloatArray,
    iterations: IntArray,
    converged: IntArray,
    work: FloatArray,
) -> None:
    """:func:`solve_ladder` for every loop, in parallel."""
    for i in numba.prange(start.shape[0] - 1):
        flow, bypass, head, rise, worst, count, settled = solve_ladder(
            start[i],
            start[i + 1],
            supply_resistance,
            return_resistance,
            rack_coefficient,
            rack_exponent,
            rack_transition,
            reverse_return[i],
            exchanger_coefficient[i] * exchanger_factor[i],
            exchanger_exponent[i],
            shutoff_rise[i],
            rise_linear[i],
            rise_quadratic[i],
            pump_speed[i],
            pumps_running[i],
            bypass_resistance[i],
            rack_resistance,
            rack_factor,
            tolerance,
            max_iterations,
            rack_flow,
            supply_flow,
            return_flow,
            supply_pressure,
            return_pressure,
            work,
            loop_flow[i],
            bypass_flow[i],
            head_pressure[i],
        )
        loop_flow[i] = flow
        bypass_flow[i] = bypass
        head_pressure[i] = head
        end = start[i + 1] - 1
        far_differential[i] = supply_pressure[end] - return_pressure[end]
        pump_rise[i] = rise
        hydraulic_power[i] = flow * rise
        residual[i] = worst
        iterations[i] = count
        converged[i] = 1 if settled else 0
