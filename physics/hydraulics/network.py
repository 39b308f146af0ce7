"""A pipe network as arrays: topology and parameters, controls, solution.

``Network`` never changes, ``Controls`` is what operators and faults move, ``Solution`` is a steady
state. Build a network with :class:`physics.hydraulics.builder.NetworkBuilder` or directly from
arrays with :func:`make_network`; solve it with :func:`physics.hydraulics.solver.solve`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physics.hydraulics.branches import PARAMETERS, BranchKind
from physics.hydraulics.pumps import table_slopes
from physics.hydraulics.sparse_ldl import LdlPattern, analyse_pattern

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class PumpTables:
    """Tabulated pump curves, padded to one length; see :func:`pump_tables`.

    Fields: flow [kg/s], rise [Pa], slope [Pa/(kg/s)], each [n_tables, n_points]; size [n_tables].
    """

    flow: FloatArray
    rise: FloatArray
    slope: FloatArray
    size: IntArray


def pump_tables(curves: list[tuple[ArrayLike, ArrayLike]]) -> PumpTables:
    """Tables from (mass flow, rise) pairs; raises ValueError for a curve that does not fall."""
    points = [(np.asarray(q, float), np.asarray(y, float), table_slopes(q, y)) for q, y in curves]
    n = max((q.size for q, _, _ in points), default=2)
    flow, rise, slope = (np.zeros((max(len(points), 1), n)) for _ in range(3))
    size = np.zeros(max(len(points), 1), dtype=np.int64)
    for i, (q, y, s) in enumerate(points):
        size[i] = q.size
        flow[i, : q.size], rise[i, : q.size], slope[i, : q.size] = q, y, s
    return PumpTables(flow, rise, slope, size)


@dataclass(frozen=True)
class MatrixStructure:
    """Where branches and nodes land in the network's matrix; computed once per topology.

    Fields: unknown [n_nodes + 1], elimination position of a node, -1 if its pressure is fixed (the
    last one is the ambient behind leaks); branch_slot [n_branches], -1 if an end is fixed; pattern
    of the matrix.
    """

    unknown: IntArray
    branch_slot: IntArray
    pattern: LdlPattern


@dataclass(frozen=True)
class Network:
    """Topology and parameters of a pipe network.

    Per branch [n_branches]: kind (:class:`BranchKind`), from_node, to_node, parameter
    [n_branches, 8] (columns in :mod:`physics.hydraulics.branches`), density [kg/m3], one_way (no
    flow from ``to`` to ``from``). Per node: elevation [m]. Fixed pressures (expansion vessel,
    mains): fixed_node [n_fixed], fixed_pressure [Pa]. Names are optional and only used in messages.
    """

    kind: IntArray
    from_node: IntArray
    to_node: IntArray
    parameter: FloatArray
    density: FloatArray
    one_way: BoolArray
    elevation: FloatArray
    fixed_node: IntArray
    fixed_pressure: FloatArray
    tables: PumpTables
    structure: MatrixStructure
    branch_names: tuple[str, ...] = ()
    node_names: tuple[str, ...] = ()

    @property
    def n_branches(self) -> int:
        """Number of branches."""
        return int(self.kind.shape[0])

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return int(self.elevation.shape[0])

    def branch_name(self, branch: int) -> str:
        """Name of a branch, or ``branch 7`` where none was given."""
        return self.branch_names[branch] if self.branch_names else f"branch {branch}"

    def node_name(self, node: int) -> str:
        """Name of a node, or ``node 7`` where none was given."""
        return self.node_names[node] if self.node_names else f"node {node}"


@dataclass(frozen=True)
class Controls:
    """What moves while the network stays: positions, speeds, dirt, demands, leaks.

    Per branch: opening [-], the stem position of a valve, the free area fraction of a resistance or
    filter, and for other kinds open if > 0; speed [-] of pumps relative to their curve; clogging
    [-] of filters. Per node: demand [kg/s] leaving the network (negative: entering);
    leak_conductance [kg/s/sqrt(Pa)] of a hole to ambient
    (:func:`physics.hydraulics.fittings.orifice_conductance`). fixed_pressure [n_fixed] [Pa];
    ambient_pressure [Pa].
    """

    opening: FloatArray
    speed: FloatArray
    clogging: FloatArray
    demand: FloatArray
    leak_conductance: FloatArray
    fixed_pressure: FloatArray
    ambient_pressure: float = 0.0


@dataclass(frozen=True)
class Worst:
    """The element with the largest remaining error."""

    kind: Literal["branch", "node", "none"]
    index: int
    name: str
    residual: float
    unit: str

    def __str__(self) -> str:
        if self.kind == "none":
            return "no element"
        return f"{self.name} ({self.kind} {self.index}): residual {self.residual:.3g} {self.unit}"


@dataclass(frozen=True)
class Solution:
    """Steady state of a network; finite in every entry, converged or not.

    flow [kg/s] per branch, positive from ``from_node`` to ``to_node``, zero in shut branches;
    pressure [Pa] per node; leak_flow [kg/s] per node; status per branch (-1 shut, 0 held shut by
    its own one-way action, 1 open); iterations; residual, the largest violation of a branch law
    [Pa]; mass_residual, of a node balance [kg/s]; converged; worst_element; floating [n_nodes],
    nodes without any open way to a fixed pressure, whose pressure level is arbitrary (the start's,
    or 0); unsupplied [n_nodes], floating nodes whose demand could not be met and was taken as zero.
    """

    flow: FloatArray
    pressure: FloatArray
    leak_flow: FloatArray
    status: IntArray
    iterations: int
    residual: float
    mass_residual: float
    converged: bool
    worst_element: Worst
    floating: BoolArray
    unsupplied: BoolArray

    def require(self) -> Solution:
        """This solution if it converged; else raises :class:`NotConverged` naming the element."""
        if not self.converged:
            raise NotConverged(self)
        return self


class NotConverged(RuntimeError):
    """The iteration ended without a steady state; ``solution`` holds where it stopped."""

    def __init__(self, solution: Solution) -> None:
        super().__init__(
            f"no steady flow after {solution.iterations} iterations; "
            f"worst is {solution.worst_element}"
        )
        self.solution = solution


def nominal_controls(network: Network, ambient_pressure: float = 0.0) -> Controls:
    """Everything open, pumps at full speed, filters clean, no demands, no leaks."""
    n_branches, n_nodes = network.n_branches, network.n_nodes
    return Controls(
        opening=np.ones(n_branches),
        speed=np.ones(n_branches),
        clogging=np.zeros(n_branches),
        demand=np.zeros(n_nodes),
        leak_conductance=np.zeros(n_nodes),
        fixed_pressure=network.fixed_pressure.copy(),
        ambient_pressure=ambient_pressure,
    )


def with_fluid(network: Network, density: ArrayLike, viscosity: ArrayLike) -> Network:
    """The same network with other fluid properties, as temperatures move.

    Density [kg/m3] and dynamic viscosity [Pa s], each one number or one per branch. Pipes, valves
    and static heads follow; coefficients of resistances, filters and pump curves are stated for a
    density and stay. Raises ValueError unless both are positive.
    """
    rho = np.broadcast_to(np.asarray(density, dtype=np.float64), network.kind.shape).copy()
    mu = np.broadcast_to(np.asarray(viscosity, dtype=np.float64), network.kind.shape)
    if not (np.all(rho > 0.0) and np.all(mu > 0.0)):
        raise ValueError("density and viscosity must be positive")
    parameter = network.parameter.copy()
    pipe = network.kind == int(BranchKind.PIPE)
    parameter[pipe, 4] = mu[pipe]
    return replace(network, density=rho, parameter=parameter)


def _structure(
    n_nodes: int, from_node: IntArray, to_node: IntArray, fixed_node: IntArray
) -> MatrixStructure:
    """Order the free nodes for little fill-in and place every branch in the matrix."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    unknown = np.full(n_nodes + 1, -1, dtype=np.int64)
    free = np.setdiff1d(np.arange(n_nodes, dtype=np.int64), fixed_node)
    n = free.size
    unknown[free] = np.arange(n)
    f, t = unknown[from_node], unknown[to_node]
    inner = (f >= 0) & (t >= 0)
    if n > 2:
        rows = np.concatenate([np.arange(n), f[inner], t[inner]])
        columns = np.concatenate([np.arange(n), t[inner], f[inner]])
        # any diagonally dominant numbers will do: only the minimum-degree ordering is wanted
        values = np.concatenate([np.full(n, 2.0 * from_node.size + 1.0), -np.ones(2 * inner.sum())])
        matrix = sparse.csc_matrix((values, (rows, columns)), shape=(n, n))
        order = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        ).perm_c.astype(np.int64)
        unknown[free] = order
        f, t = unknown[from_node], unknown[to_node]
    low, high = np.minimum(f, t), np.maximum(f, t)
    keys = np.where(inner, low * max(n, 1) + high, -1)
    edges = np.unique(keys[inner])  # parallel branches share a place
    return MatrixStructure(
        unknown=unknown,
        branch_slot=np.where(inner, np.searchsorted(edges, keys), -1).astype(np.int64),
        pattern=analyse_pattern(n, *np.divmod(edges, max(n, 1))),
    )


_REQUIRED: dict[BranchKind, tuple[tuple[int, str, bool], ...]] = {
    # column, name, must be strictly positive (else: not negative)
    BranchKind.PIPE: (
        (0, "length", False),
        (1, "diameter", True),
        (2, "roughness", False),
        (3, "loss coefficient", False),
        (4, "viscosity", True),
        (6, "laminar end", True),
        (7, "turbulent start", True),
    ),
    BranchKind.RESISTANCE: ((0, "coefficient", False), (2, "transition flow", False)),
    BranchKind.VALVE: ((0, "Kvs", True), (2, "rangeability", True), (3, "leakage", False)),
    BranchKind.FILTER: ((0, "coefficient", False), (2, "transition flow", False)),
    BranchKind.PUMP: ((0, "shut-off rise", True), (3, "reverse resistance", False)),
    BranchKind.TABLE_PUMP: ((0, "table", False),),
}


def _check(network: Network) -> None:
    """Raise ValueError naming the first branch or node whose data cannot be physical."""
    n = network.n_nodes
    ends = np.concatenate([network.from_node, network.to_node, network.fixed_node])
    if ends.size and (ends.min() < 0 or ends.max() >= n):
        raise ValueError(f"a branch or fixed pressure refers to a node outside 0..{n - 1}")
    if np.unique(network.fixed_node).size != network.fixed_node.size:
        raise ValueError("a node has two fixed pressures")
    if not (np.all(np.isfinite(network.elevation)) and np.all(np.isfinite(network.fixed_pressure))):
        raise ValueError("elevations and fixed pressures must be finite")
    for b in range(network.n_branches):
        name, row = network.branch_name(b), network.parameter[b]
        if network.from_node[b] == network.to_node[b]:
            raise ValueError(f"{name}: both ends are {network.node_name(network.from_node[b])}")
        if not np.all(np.isfinite(row)):
            raise ValueError(f"{name}: parameters must be finite, found {row}")
        if not network.density[b] > 0.0:
            raise ValueError(f"{name}: density is {network.density[b]} kg/m3, must be > 0")
        kind = BranchKind(int(network.kind[b]))
        for column, what, positive in _REQUIRED[kind]:
            if row[column] < 0.0 or (positive and row[column] == 0.0):
                limit = "> 0" if positive else ">= 0"
                raise ValueError(f"{name}: {what} is {row[column]}, must be {limit}")
        if kind in (BranchKind.RESISTANCE, BranchKind.FILTER) and not 1.0 <= row[1] < 3.0:
            raise ValueError(f"{name}: exponent is {row[1]}, must be in [1, 3)")
        if kind is BranchKind.PIPE and row[0] == 0.0 and row[3] == 0.0:
            raise ValueError(f"{name}: a pipe needs a length or a loss coefficient")
        if kind is BranchKind.PIPE and row[7] <= row[6]:
            raise ValueError(f"{name}: turbulent start must lie above laminar end")
        if kind is BranchKind.PUMP and (row[2] > 0.0 or (row[2] == 0.0 and row[1] >= 0.0)):
            raise ValueError(f"{name}: the pump's rise must fall with flow")
        if kind is BranchKind.TABLE_PUMP and not (
            row[0] < network.tables.size.size and network.tables.size[int(row[0])] >= 2
        ):
            raise ValueError(f"{name}: there is no pump table {row[0]:.0f}")


def make_network(
    kind: ArrayLike,
    from_node: ArrayLike,
    to_node: ArrayLike,
    parameter: ArrayLike,
    density: ArrayLike,
    elevation: ArrayLike,
    fixed_node: ArrayLike,
    fixed_pressure: ArrayLike,
    one_way: ArrayLike | None = None,
    tables: PumpTables | None = None,
    branch_names: tuple[str, ...] = (),
    node_names: tuple[str, ...] = (),
) -> Network:
    """Check the arrays and work out the matrix structure; see :class:`Network` for the fields.

    ``parameter`` may have fewer than 8 columns; elevations and densities may be scalars for all.
    Raises ValueError naming the branch for impossible data.
    """
    kinds = np.array(kind, dtype=np.int64)
    columns = np.atleast_2d(np.array(parameter, dtype=np.float64))
    padded = np.zeros((kinds.size, PARAMETERS))
    if kinds.size:
        padded[:, : columns.shape[1]] = columns
    f, t = np.array(from_node, dtype=np.int64), np.array(to_node, dtype=np.int64)
    fixed = np.atleast_1d(np.array(fixed_node, dtype=np.int64))
    heights = np.atleast_1d(np.array(elevation, dtype=np.float64))
    n_nodes = heights.size
    if max(np.max(a, initial=-1) for a in (f, t, fixed)) >= n_nodes:
        raise ValueError(f"a branch or fixed pressure refers to a node outside 0..{n_nodes - 1}")
    network = Network(
        kind=kinds,
        from_node=f,
        to_node=t,
        parameter=padded,
        density=np.broadcast_to(np.array(density, dtype=np.float64), kinds.shape).copy(),
        one_way=np.zeros(kinds.size, bool) if one_way is None else np.array(one_way, dtype=bool),
        elevation=heights,
        fixed_node=fixed,
        fixed_pressure=np.broadcast_to(np.array(fixed_pressure, float), fixed.shape).copy(),
        tables=pump_tables([]) if tables is None else tables,
        structure=_structure(n_nodes, f, t, fixed),
        branch_names=branch_names,
        node_names=node_names,
    )
    _check(network)
    return network
