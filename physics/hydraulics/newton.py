"""Global gradient (Todini-Pilati) Newton iteration on a pipe network, compiled.

Unknown are all branch flows and all free node pressures. Each step linearises every branch law at
its present flow, which leaves a weighted graph Laplacian for the pressure corrections. Three things
make it dependable beyond the textbook form (Todini and Pilati 1988):

* It works on corrections: the linear solve sees residuals, so mass balance does not suffer from
  the level of the pressures.
* A step is shortened when it overshoots. The steady state minimises a convex function of the flows
  (Collins et al. 1978); along a step its derivative is ``sum dm_i (dp_i(m_i) - p_from + p_to)``,
  one evaluation of the laws.
* One-way branches (check valves) are an active set: shut ones carry exactly nothing. While the set
  still changes, a shut branch keeps a ghost conductance so that the pressure behind it is defined.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from physics.hydraulics.branches import branch_drop_and_slope
from physics.hydraulics.sparse_ldl import factorise, solve_factorised
from physics.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SLOPE_FLOOR = 1e-8  # Pa s/kg: bounds the conductances; alters the path, not the solution
GHOST_CONDUCTANCE = 1e-9  # kg/s/Pa, through shut one-way branches while their set is settling
EAGER_SWITCHES = 25  # iterations in which one-way branches switch at once; later one at a time
MASS_SHARE = 1e-3  # mass balance is held this much tighter than flows: it costs next to nothing
SMALLEST_SCALE = 1e-3  # kg/s: a network with less flow than this is held to absolute tolerances
ROUNDING = 1e-15  # noise of a branch residual relative to the pressures it is made of

SHUT = -1
CLOSED = 0
OPEN = 1
OPENING = 2


@kernel()
def newton(
    kind: IntArray,
    row: FloatArray,
    table_flow: FloatArray,
    table_rise: FloatArray,
    table_slope: FloatArray,
    table_size: IntArray,
    from_node: IntArray,
    to_node: IntArray,
    static_drop: FloatArray,
    one_way: BoolArray,
    guess: FloatArray,
    demand: FloatArray,
    unknown: IntArray,
    branch_slot: IntArray,
    column_start: IntArray,
    matrix_row: IntArray,
    factor_start: IntArray,
    factor_row: IntArray,
    tolerance: float,
    max_iterations: int,
    warm: bool,
    flow: FloatArray,
    pressure: FloatArray,
    status: IntArray,
) -> tuple[int, bool, float, int, float, int]:
    """Iterate ``flow``, ``pressure`` and ``status`` in place to the steady state.

    Per branch: resolved ``kind`` (-1 shut) and ``row``, end nodes, ``static_drop``
    ``rho g (z_to - z_from)`` [Pa], ``one_way``, ``guess`` [kg/s], ``branch_slot`` of its
    off-diagonal (-1 if an end is fixed). Per node: ``demand`` [kg/s], ``unknown`` (-1 if fixed).
    Then the matrix pattern of :mod:`.sparse_ldl`. ``warm`` says
    that the start is an earlier solution, so that its shut one-way branches are believed at first.

    Returns (iterations, converged, worst pressure residual [Pa], its branch, worst mass residual
    [kg/s], its node); -1 for "none".
    """
    n_branches = kind.shape[0]
    n_nodes = unknown.shape[0]
    n_unknown = factor_start.shape[0] - 1
    residual = np.zeros(n_branches)
    conductance = np.zeros(n_branches)
    step = np.zeros(n_branches)
    imbalance = np.zeros(n_nodes)
    correction = np.zeros(n_unknown)
    matrix = np.zeros(matrix_row.shape[0])
    ground = np.zeros(n_unknown)
    factor_value = np.zeros(factor_row.shape[0])
    pivot_inverse = np.zeros(n_unknown)
    work = np.zeros((2, n_unknown))
    work_index = np.zeros((3, n_unknown), dtype=np.int64)

    ghost = 0.0
    for b in range(n_branches):
        if kind[b] < 0:
            status[b] = SHUT
            flow[b] = 0.0
        elif one_way[b] and not warm:
            ghost = GHOST_CONDUCTANCE
    iterations = 0
    steps_without_ghost = 0
    next_ghost = GHOST_CONDUCTANCE
    while True:
        # residuals of the laws and of the mass balance
        imbalance[:] = -demand
        worst_drop = 0.0
        drop_branch = -1
        worst_ratio = 0.0
        flow_scale = SMALLEST_SCALE
        drop_scale = 1.0
        for i in range(n_nodes):
            flow_scale = max(flow_scale, abs(demand[i]))
        for b in range(n_branches):
            if status[b] == SHUT:
                continue
            f = from_node[b]
            t = to_node[b]
            available = pressure[f] - pressure[t] - static_drop[b]
            if status[b] == CLOSED:
                # from zero at the pressure where it opens, so that the law has no jump there
                at_rest = branch_drop_and_slope(
                    kind[b], row[b], 0.0, table_flow, table_rise, table_slope, table_size
                )[0]
                flow[b] = ghost * (available - at_rest)
                residual[b] = 0.0
                conductance[b] = ghost
            else:
                drop, slope = branch_drop_and_slope(
                    kind[b], row[b], flow[b], table_flow, table_rise, table_slope, table_size
                )
                if status[b] == OPENING:
                    # at rest the slope says nothing about the flow to come: use a chord
                    at_guess = branch_drop_and_slope(
                        kind[b], row[b], guess[b], table_flow, table_rise, table_slope, table_size
                    )[0]
                    slope = (at_guess - drop) / guess[b]
                    status[b] = OPEN
                residual[b] = drop - available
                conductance[b] = 1.0 / max(slope, SLOPE_FLOOR)
                drop_scale = max(drop_scale, abs(drop))
                flow_scale = max(flow_scale, abs(flow[b]))
            imbalance[f] -= flow[b]
            imbalance[t] += flow[b]
        drop_tolerance = tolerance * drop_scale
        flow_tolerance = tolerance * flow_scale
        for b in range(n_branches):
            if status[b] == OPEN:
                # a residual is a small difference of large pressures; what rounding leaves of it
                # says nothing
                drop_there = abs(
                    residual[b] + pressure[from_node[b]] - pressure[to_node[b]] - static_drop[b]
                )
                noise = ROUNDING * (
                    abs(pressure[from_node[b]])
                    + abs(pressure[to_node[b]])
                    + abs(static_drop[b])
                    + drop_there
                )
                error = max(abs(residual[b]) - noise, 0.0)
                ratio = max(error / drop_tolerance, error * conductance[b] / flow_tolerance)
                if ratio > worst_ratio:
                    worst_ratio = ratio
                    worst_drop = abs(residual[b])
                    drop_branch = b
        worst_mass = 0.0
        mass_node = -1
        for i in range(n_nodes):
            if unknown[i] >= 0 and abs(imbalance[i]) > worst_mass:
                worst_mass = abs(imbalance[i])
                mass_node = i
        balanced = worst_mass <= MASS_SHARE * flow_tolerance
        settled = balanced and worst_ratio <= 1.0

        # the set of shut one-way branches
        switched = False
        if settled or (0 < iterations < EAGER_SWITCHES):
            worst_violation = 0.0
            worst_branch = -1
            for b in range(n_branches):
                if not one_way[b] or status[b] == SHUT:
                    continue
                violation = 0.0
                if status[b] == OPEN and flow[b] < -MASS_SHARE * flow_tolerance:
                    violation = -flow[b] / flow_scale
                elif status[b] == CLOSED:
                    at_rest = branch_drop_and_slope(
                        kind[b], row[b], 0.0, table_flow, table_rise, table_slope, table_size
                    )[0]
                    excess = (
                        pressure[from_node[b]] - pressure[to_node[b]] - static_drop[b] - at_rest
                    )
                    if excess > drop_tolerance:
                        violation = excess / drop_scale
                if violation > 0.0:
                    if iterations < EAGER_SWITCHES:
                        status[b] = CLOSED if status[b] == OPEN else OPENING
                        if status[b] == OPENING:
                            flow[b] = 0.0
                        switched = True
                    elif violation > worst_violation:
                        worst_violation = violation
                        worst_branch = b
            if worst_branch >= 0:
                status[worst_branch] = CLOSED if status[worst_branch] == OPEN else OPENING
                flow[worst_branch] = 0.0
                switched = True
        if switched:
            if iterations >= max_iterations:
                return iterations, False, worst_drop, drop_branch, worst_mass, mass_node
            if ghost == 0.0:
                ghost = next_ghost
            iterations += 1
            continue
        if settled:
            if ghost == 0.0:
                break
            # the set stands: once more with shut branches truly shut; should that upset the set,
            # go on with a fainter ghost
            ghost = 0.0
            next_ghost *= 1e-3
            steps_without_ghost = 0
            any_closed = False
            for b in range(n_branches):
                any_closed = any_closed or status[b] == CLOSED
            if not any_closed:
                break
            continue
        if iterations >= max_iterations:
            return iterations, False, worst_drop, drop_branch, worst_mass, mass_node

        if ghost == 0.0 and not balanced:
            # a demand behind shut branches only cannot pull them open without a ghost
            steps_without_ghost += 1
            if steps_without_ghost > 3:
                ghost = next_ghost

        # linear system for the pressure corrections
        matrix[:] = 0.0
        ground[:] = 0.0
        for i in range(n_nodes):
            if unknown[i] >= 0:
                correction[unknown[i]] = imbalance[i]
        for b in range(n_branches):
            if status[b] == SHUT:
                continue
            g = conductance[b]
            f = unknown[from_node[b]]
            t = unknown[to_node[b]]
            push = g * residual[b]
            if f >= 0:
                correction[f] += push
                if t < 0:
                    ground[f] += g
            if t >= 0:
                correction[t] -= push
                if f < 0:
                    ground[t] += g
            if branch_slot[b] >= 0:
                matrix[branch_slot[b]] += g
        factorise(
            column_start,
            matrix_row,
            matrix,
            ground,
            factor_start,
            factor_row,
            factor_value,
            pivot_inverse,
            work,
            work_index,
        )
        solve_factorised(factor_start, factor_row, factor_value, pivot_inverse, correction)
        finite = True
        for k in range(n_unknown):
            finite = finite and math.isfinite(correction[k])
        if not finite:
            return iterations, False, worst_drop, drop_branch, worst_mass, mass_node

        # flows follow; shorten the step where it overshoots the minimum of the content
        start_slope = 0.0
        for b in range(n_branches):
            if status[b] == SHUT:
                step[b] = 0.0
                continue
            f = unknown[from_node[b]]
            t = unknown[to_node[b]]
            push = 0.0
            if f >= 0:
                push += correction[f]
            if t >= 0:
                push -= correction[t]
            step[b] = conductance[b] * (push - residual[b])
            if status[b] == OPEN:
                start_slope -= step[b] * step[b] / conductance[b]
        for i in range(n_nodes):
            if unknown[i] >= 0:
                pressure[i] += correction[unknown[i]]
        length = 1.0
        if balanced and iterations > 0:
            low = 0.0
            high = 1.0
            for _ in range(20):
                slope_there = 0.0
                for b in range(n_branches):
                    if status[b] != OPEN:
                        continue
                    drop = branch_drop_and_slope(
                        kind[b],
                        row[b],
                        flow[b] + length * step[b],
                        table_flow,
                        table_rise,
                        table_slope,
                        table_size,
                    )[0]
                    available = pressure[from_node[b]] - pressure[to_node[b]] - static_drop[b]
                    slope_there += step[b] * (drop - available)
                if slope_there > -0.5 * start_slope:
                    high = length
                elif slope_there < 0.5 * start_slope and high < 1.0:
                    low = length
                else:
                    break
                length = 0.5 * (low + high)
        for b in range(n_branches):
            flow[b] += length * step[b]
        iterations += 1

    for b in range(n_branches):
        if one_way[b] and flow[b] < 0.0:
            flow[b] = 0.0
    return iterations, True, worst_drop, drop_branch, worst_mass, mass_node
