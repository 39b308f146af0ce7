"""Steady state of a pipe network: prepare, iterate, report."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physics.hydraulics.branches import RESOLVED, BranchKind, resolve_branches
from physics.hydraulics.network import Controls, Network, Solution, Worst
from physics.hydraulics.newton import CLOSED, OPEN, SHUT, newton
from physics.hydraulics.pumps import GRAVITY

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

DEFAULT_TOLERANCE = 1e-8
DEFAULT_ITERATIONS = 100


def check_controls(n_branches: int, n_nodes: int, n_fixed: int, controls: Controls) -> None:
    """Raise ValueError for wrong shapes or numbers that are not finite."""
    shapes = {
        "opening": n_branches,
        "speed": n_branches,
        "clogging": n_branches,
        "demand": n_nodes,
        "leak_conductance": n_nodes,
        "fixed_pressure": n_fixed,
    }
    for name, size in shapes.items():
        value = getattr(controls, name)
        if value.shape != (size,):
            raise ValueError(f"controls.{name} has shape {value.shape}, must be ({size},)")
        if not np.all(np.isfinite(value)):
            raise ValueError(f"controls.{name}[{int(np.argmin(np.isfinite(value)))}] is not finite")
    if not np.isfinite(controls.ambient_pressure):
        raise ValueError("controls.ambient_pressure is not finite")
    for name in ("speed", "leak_conductance"):
        if np.any(getattr(controls, name) < 0.0):
            raise ValueError(f"controls.{name} must not be negative")


def floating_parts(
    n_nodes: int, from_node: IntArray, to_node: IntArray, grounded: BoolArray
) -> IntArray:
    """Label of the connected part of each node without a grounded node, -1 for grounded parts."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    graph = csr_matrix((np.ones(from_node.size), (from_node, to_node)), shape=(n_nodes, n_nodes))
    count, label = connected_components(graph, directed=False)
    has_ground = np.zeros(count, dtype=bool)
    has_ground[label[grounded]] = True
    return np.where(has_ground[label], -1, label).astype(np.int64)


def solve(
    network: Network,
    controls: Controls,
    start: Solution | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    max_iterations: int = DEFAULT_ITERATIONS,
) -> Solution:
    """Flows and pressures at which every branch law and every node's mass balance hold.

    ``start`` is an earlier solution of the same network to iterate on from (warm start).
    ``tolerance`` is relative: branch laws hold within that fraction of the largest pressure drop,
    flows within that fraction of the largest flow, node balances a thousand times closer. The
    result is always finite; ask its ``converged``, or call ``require()`` to have
    :class:`NotConverged` raised.

    Parts without an open way to a fixed pressure are solved as closed loops; a demand there cannot
    be met, is taken as zero and reported (``unsupplied``). Malformed controls raise ValueError.
    """
    n_branches, n_nodes = network.n_branches, network.n_nodes
    check_controls(n_branches, n_nodes, network.fixed_node.size, controls)
    tables = network.tables
    kind = np.empty(n_branches, dtype=np.int64)
    row = np.zeros((n_branches, RESOLVED))
    guess = np.empty(n_branches)
    resolve_branches(
        network.kind,
        network.parameter,
        network.density,
        controls.opening,
        controls.speed,
        controls.clogging,
        tables.flow,
        tables.size,
        kind,
        row,
        guess,
    )
    from_node, to_node, one_way = network.from_node, network.to_node, network.one_way
    rise = network.elevation[to_node] - network.elevation[from_node]
    static_drop = GRAVITY * network.density * rise
    branch_slot = network.structure.branch_slot

    # a leak is a one-way branch to an ambient node of fixed pressure, at the leak's own height
    leaking = np.flatnonzero(controls.leak_conductance > 0.0)
    grounded = np.zeros(n_nodes, dtype=bool)
    grounded[network.fixed_node] = True
    grounded[leaking] = True
    is_open = kind >= 0
    part = floating_parts(n_nodes, from_node[is_open], to_node[is_open], grounded)
    floating = part >= 0
    unsupplied = floating & (controls.demand != 0.0)
    demand = np.append(np.where(floating, 0.0, controls.demand), 0.0)

    if leaking.size:
        extra_row = np.zeros((leaking.size, RESOLVED))
        extra_row[:, 0] = controls.leak_conductance[leaking] ** -2.0
        extra_row[:, 1] = 2.0
        extra_row[:, 2] = np.sqrt(1e-3 / extra_row[:, 0])
        extra = np.ones(leaking.size, dtype=np.int64)
        kind = np.concatenate([kind, extra * int(BranchKind.RESISTANCE)])
        row = np.concatenate([row, extra_row])
        from_node = np.concatenate([from_node, leaking])
        to_node = np.concatenate([to_node, extra * n_nodes])
        static_drop = np.concatenate([static_drop, np.zeros(leaking.size)])
        one_way = np.concatenate([one_way, extra.astype(bool)])
        guess = np.concatenate([guess, controls.leak_conductance[leaking] * 100.0])
        branch_slot = np.concatenate([branch_slot, -extra])

    flow = guess.copy()
    status = np.where(kind >= 0, OPEN, SHUT).astype(np.int64)
    pressure = np.empty(n_nodes + 1)
    pressure[:] = controls.fixed_pressure.mean() if network.fixed_node.size else 0.0
    pressure[:n_nodes][floating] = 0.0
    if start is not None:
        flow[:n_branches] = start.flow
        pressure[:n_nodes] = start.pressure
        flow[n_branches:] = start.leak_flow[leaking]
        reopened = (start.status == SHUT) & (kind[:n_branches] >= 0)
        flow[:n_branches][reopened] = guess[:n_branches][reopened]
        held = (start.status == CLOSED) & (kind[:n_branches] >= 0)
        status[:n_branches][held] = CLOSED
        _level_floating(pressure, part, None)  # iterate near zero, whatever level they had
    pressure[network.fixed_node] = controls.fixed_pressure
    pressure[n_nodes] = controls.ambient_pressure

    structure = network.structure
    pattern = structure.pattern
    iterations, converged, drop_error, drop_branch, mass_error, mass_node = newton(
        kind,
        row,
        tables.flow,
        tables.rise,
        tables.slope,
        tables.size,
        from_node,
        to_node,
        static_drop,
        one_way,
        guess,
        demand,
        structure.unknown,
        branch_slot,
        pattern.column_start,
        pattern.row,
        pattern.factor_start,
        pattern.factor_row,
        tolerance,
        max_iterations,
        start is not None,
        flow,
        pressure,
        status,
    )
    _level_floating(pressure, part, start)
    leak_flow = np.zeros(n_nodes)
    leak_flow[leaking] = np.maximum(flow[n_branches:], 0.0)
    return Solution(
        flow=flow[:n_branches] + 0.0,  # also turns -0.0 into 0.0
        pressure=pressure[:n_nodes].copy(),
        leak_flow=leak_flow,
        status=np.minimum(status[:n_branches], OPEN),
        iterations=int(iterations),
        residual=float(drop_error),
        mass_residual=float(mass_error),
        converged=bool(converged),
        worst_element=_worst(
            network, leaking, drop_error, drop_branch, mass_error, mass_node, flow
        ),
        floating=floating,
        unsupplied=unsupplied,
    )


def _level_floating(pressure: FloatArray, part: IntArray, start: Solution | None) -> None:
    """Put the first node of every floating part at its start pressure (0 without a start)."""
    labels, first = np.unique(part, return_index=True)
    for label, node in zip(labels, first, strict=True):
        if label >= 0:
            level = 0.0 if start is None else float(start.pressure[node])
            pressure[:-1][part == label] += level - pressure[node]


def _worst(
    network: Network,
    leaking: IntArray,
    drop_error: float,
    drop_branch: int,
    mass_error: float,
    mass_node: int,
    flow: FloatArray,
) -> Worst:
    """The element to name: a node if the mass balance is off, else the branch furthest from its
    law."""
    flow_scale = max(float(np.max(np.abs(flow), initial=0.0)), 1e-6)
    if mass_node >= 0 and mass_error > 1e-6 * flow_scale:
        return Worst("node", int(mass_node), network.node_name(int(mass_node)), mass_error, "kg/s")
    if drop_branch < 0:
        return Worst("none", -1, "", 0.0, "")
    if drop_branch >= network.n_branches:
        node = int(leaking[drop_branch - network.n_branches])
        return Worst("node", node, f"leak at {network.node_name(node)}", drop_error, "Pa")
    return Worst(
        "branch", int(drop_branch), network.branch_name(int(drop_branch)), drop_error, "Pa"
    )
