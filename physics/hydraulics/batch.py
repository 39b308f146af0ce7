"""Many small networks in one compiled call, parallel over networks.

For loops that are not ladders (:mod:`physics.hydraulics.ladder` is faster for those), or one
network under many controls. Arrays of all networks lie end to end: branches of network ``i`` are
``branch_start[i]:branch_start[i + 1]``, its nodes ``node_start[i]:node_start[i + 1]``; node numbers
inside stay local to the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from physics.hydraulics.branches import RESOLVED, resolve_branches
from physics.hydraulics.network import Controls, Network, PumpTables
from physics.hydraulics.newton import CLOSED, OPEN, newton
from physics.hydraulics.pumps import GRAVITY
from physics.hydraulics.solver import DEFAULT_ITERATIONS, DEFAULT_TOLERANCE, check_controls
from physics.jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class NetworkBatch:
    """Networks end to end. Starts [n_networks + 1] of branches, nodes, unknowns, entries of
    matrices and factors, and fixed nodes; the other fields are those of :class:`Network` and its
    structure, joined."""

    branch_start: IntArray
    node_start: IntArray
    unknown_start: IntArray
    entry_start: IntArray
    factor_entry_start: IntArray
    fixed_start: IntArray
    kind: IntArray
    from_node: IntArray
    to_node: IntArray
    parameter: FloatArray
    density: FloatArray
    one_way: BoolArray
    static_drop: FloatArray
    fixed_node: IntArray
    fixed_pressure: FloatArray
    tables: PumpTables
    unknown: IntArray
    branch_slot: IntArray
    column_start: IntArray
    matrix_row: IntArray
    factor_start: IntArray
    factor_row: IntArray

    @property
    def n_networks(self) -> int:
        """Number of networks."""
        return int(self.branch_start.size - 1)


@dataclass(frozen=True)
class BatchState:
    """Start and, in place, result of :func:`solve_batch`.

    flow [kg/s] and status per branch; pressure [Pa] per node; per network iterations, converged
    (1 or 0), residual [Pa], mass_residual [kg/s], worst_branch and worst_node (local, -1: none).
    """

    flow: FloatArray
    status: IntArray
    pressure: FloatArray
    iterations: IntArray
    converged: IntArray
    residual: FloatArray
    mass_residual: FloatArray
    worst_branch: IntArray
    worst_node: IntArray


def _starts(sizes: Sequence[int]) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.asarray(sizes, dtype=np.int64))]).astype(np.int64)


def join_networks(networks: Sequence[Network]) -> NetworkBatch:
    """Lay networks end to end; one may appear many times. Raises ValueError for an empty batch."""
    if not networks:
        raise ValueError("a batch needs at least one network")
    width = max(n.tables.flow.shape[1] for n in networks)
    table_offset = _starts([n.tables.size.size for n in networks])
    parameter = np.concatenate([n.parameter for n in networks])
    kind = np.concatenate([n.kind for n in networks])
    owner = np.repeat(np.arange(len(networks)), [n.n_branches for n in networks])
    table_pump = kind == 5
    parameter[table_pump, 0] += table_offset[owner[table_pump]]

    def table(name: str) -> FloatArray:
        parts = [getattr(n.tables, name) for n in networks]
        return np.concatenate([np.pad(p, ((0, 0), (0, width - p.shape[1]))) for p in parts])

    structures = [n.structure for n in networks]
    patterns = [s.pattern for s in structures]
    rises = [
        GRAVITY * n.density * (n.elevation[n.to_node] - n.elevation[n.from_node]) for n in networks
    ]
    return NetworkBatch(
        branch_start=_starts([n.n_branches for n in networks]),
        node_start=_starts([n.n_nodes for n in networks]),
        unknown_start=_starts([p.size for p in patterns]),
        entry_start=_starts([p.row.size for p in patterns]),
        factor_entry_start=_starts([p.factor_row.size for p in patterns]),
        fixed_start=_starts([n.fixed_node.size for n in networks]),
        kind=kind,
        from_node=np.concatenate([n.from_node for n in networks]),
        to_node=np.concatenate([n.to_node for n in networks]),
        parameter=parameter,
        density=np.concatenate([n.density for n in networks]),
        one_way=np.concatenate([n.one_way for n in networks]),
        static_drop=np.concatenate(rises),
        fixed_node=np.concatenate([n.fixed_node for n in networks]),
        fixed_pressure=np.concatenate([n.fixed_pressure for n in networks]),
        tables=PumpTables(
            table("flow"),
            table("rise"),
            table("slope"),
            np.concatenate([n.tables.size for n in networks]),
        ),
        # without the ambient node that stands behind leaks
        unknown=np.concatenate([s.unknown[:-1] for s in structures]),
        branch_slot=np.concatenate([s.branch_slot for s in structures]),
        column_start=np.concatenate([p.column_start for p in patterns]),
        matrix_row=np.concatenate([p.row for p in patterns]),
        factor_start=np.concatenate([p.factor_start for p in patterns]),
        factor_row=np.concatenate([p.factor_row for p in patterns]),
    )


def batch_controls(batch: NetworkBatch) -> Controls:
    """Everything open at full speed, no demands; arrays over all branches and nodes, which may be
    changed in place between solves."""
    n_branches, n_nodes = int(batch.branch_start[-1]), int(batch.node_start[-1])
    return Controls(
        opening=np.ones(n_branches),
        speed=np.ones(n_branches),
        clogging=np.zeros(n_branches),
        demand=np.zeros(n_nodes),
        leak_conductance=np.zeros(n_nodes),
        fixed_pressure=batch.fixed_pressure.copy(),
    )


def batch_state(batch: NetworkBatch) -> BatchState:
    """A state from which the first solve starts cold."""
    n_branches, n_nodes = int(batch.branch_start[-1]), int(batch.node_start[-1])
    n = batch.n_networks
    return BatchState(
        flow=np.zeros(n_branches),
        status=np.full(n_branches, OPEN, dtype=np.int64),
        pressure=np.zeros(n_nodes),
        iterations=np.full(n, -1, dtype=np.int64),
        converged=np.zeros(n, dtype=np.int64),
        residual=np.zeros(n),
        mass_residual=np.zeros(n),
        worst_branch=np.full(n, -1, dtype=np.int64),
        worst_node=np.full(n, -1, dtype=np.int64),
    )


@kernel(parallel=True)
def _newton_batch(
    branch_start: IntArray,
    node_start: IntArray,
    unknown_start: IntArray,
    entry_start: IntArray,
    factor_entry_start: IntArray,
    fixed_start: IntArray,
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
    fixed_node: IntArray,
    fixed_pressure: FloatArray,
    unknown: IntArray,
    branch_slot: IntArray,
    column_start: IntArray,
    matrix_row: IntArray,
    factor_start: IntArray,
    factor_row: IntArray,
    tolerance: float,
    max_iterations: int,
    flow: FloatArray,
    status: IntArray,
    pressure: FloatArray,
    iterations: IntArray,
    converged: IntArray,
    residual: FloatArray,
    mass_residual: FloatArray,
    worst_branch: IntArray,
    worst_node: IntArray,
) -> None:
    """:func:`newton` for every network, each by one thread."""
    for i in numba.prange(branch_start.shape[0] - 1):
        b0, b1 = branch_start[i], branch_start[i + 1]
        n0, n1 = node_start[i], node_start[i + 1]
        u0, u1 = unknown_start[i], unknown_start[i + 1]
        e0, e1 = entry_start[i], entry_start[i + 1]
        l0, l1 = factor_entry_start[i], factor_entry_start[i + 1]
        warm = iterations[i] >= 0
        level = 0.0
        for k in range(fixed_start[i], fixed_start[i + 1]):
            level += fixed_pressure[k] / (fixed_start[i + 1] - fixed_start[i])
        if not warm:
            pressure[n0:n1] = level
            flow[b0:b1] = guess[b0:b1]
        for k in range(fixed_start[i], fixed_start[i + 1]):
            pressure[n0 + fixed_node[k]] = fixed_pressure[k]
        for b in range(b0, b1):
            if kind[b] >= 0 and status[b] < CLOSED:  # was shut by its control, is open again
                status[b] = OPEN
                flow[b] = guess[b]
        count, settled, drop_error, drop_branch, mass_error, mass_node = newton(
            kind[b0:b1],
            row[b0:b1],
            table_flow,
            table_rise,
            table_slope,
            table_size,
            from_node[b0:b1],
            to_node[b0:b1],
            static_drop[b0:b1],
            one_way[b0:b1],
            guess[b0:b1],
            demand[n0:n1],
            unknown[n0:n1],
            branch_slot[b0:b1],
            column_start[u0 + i : u1 + i + 1],
            matrix_row[e0:e1],
            factor_start[u0 + i : u1 + i + 1],
            factor_row[l0:l1],
            tolerance,
            max_iterations,
            warm,
            flow[b0:b1],
            pressure[n0:n1],
            status[b0:b1],
        )
        iterations[i] = count
        converged[i] = 1 if settled else 0
        residual[i] = drop_error
        mass_residual[i] = mass_error
        worst_branch[i] = drop_branch
        worst_node[i] = mass_node


def solve_batch(
    batch: NetworkBatch,
    controls: Controls,
    state: BatchState,
    tolerance: float = DEFAULT_TOLERANCE,
    max_iterations: int = DEFAULT_ITERATIONS,
) -> bool:
    """Solve every network of the batch; ``state`` is the start and, in place, the result.

    Arguments as in :func:`physics.hydraulics.solver.solve`, except that leaks are not part of a
    batch (ValueError). A part without a fixed pressure keeps the level it starts with. Returns
    whether all networks converged; the state is finite in any case.
    """
    check_controls(
        int(batch.branch_start[-1]), int(batch.node_start[-1]), batch.fixed_node.size, controls
    )
    if np.any(controls.leak_conductance > 0.0):
        raise ValueError("a batch cannot have leaks; solve the leaking network by itself")
    tables = batch.tables
    n_branches = batch.kind.size
    kind = np.empty(n_branches, dtype=np.int64)
    row = np.zeros((n_branches, RESOLVED))
    guess = np.empty(n_branches)
    resolve_branches(
        batch.kind,
        batch.parameter,
        batch.density,
        controls.opening,
        controls.speed,
        controls.clogging,
        tables.flow,
        tables.size,
        kind,
        row,
        guess,
    )
    _newton_batch(
        batch.branch_start,
        batch.node_start,
        batch.unknown_start,
        batch.entry_start,
        batch.factor_entry_start,
        batch.fixed_start,
        kind,
        row,
        tables.flow,
        tables.rise,
        tables.slope,
        tables.size,
        batch.from_node,
        batch.to_node,
        batch.static_drop,
        batch.one_way,
        guess,
        controls.demand,
        batch.fixed_node,
        controls.fixed_pressure,
        batch.unknown,
        batch.branch_slot,
        batch.column_start,
        batch.matrix_row,
        batch.factor_start,
        batch.factor_row,
        tolerance,
        max_iterations,
        state.flow,
        state.status,
        state.pressure,
        state.iterations,
        state.converged,
        state.residual,
        state.mass_residual,
        state.worst_branch,
        state.worst_node,
    )
    return bool(state.converged.all())
