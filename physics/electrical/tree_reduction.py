"""Driving-point impedances of tree-like parts of a network, by series and parallel combination.

Leaves are folded into their neighbours until only the meshed core is left; once the core's own
impedances are known they are carried back out. Exact, and linear in the number of buses, where a
column of the impedance matrix per bus would be quadratic.
"""

from __future__ import annotations

import numpy as np

from physics.electrical.network import BoolArray, ComplexArray, FloatArray, IntArray
from physics.jit import kernel


def peel_order(
    nodes: int, from_node: IntArray, to_node: IntArray
) -> tuple[IntArray, IntArray, BoolArray]:
    """Order in which leaves fall off, the branch each hangs on, and which nodes stay as the core.

    Args:
        nodes: number of nodes.
        from_node, to_node: ends of the branches, shape [branches].

    Returns:
        peeled nodes, leaves first, shape [peeled]; their branches, same shape; whether a node is in
        the core, shape [nodes]. Each connected part keeps at least one node.
    """
    ends = np.concatenate((from_node, to_node))
    by_node = np.argsort(ends, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(ends, minlength=nodes)))).astype(np.int64)
    order = np.empty(nodes, dtype=np.int64)
    branch = np.empty(nodes, dtype=np.int64)
    core = np.ones(nodes, dtype=np.bool_)
    count = peel_kernel(
        start, by_node % max(len(from_node), 1), from_node, to_node, order, branch, core
    )
    return order[:count], branch[:count], core


@kernel()
def peel_kernel(
    start: IntArray,
    incident: IntArray,
    from_node: IntArray,
    to_node: IntArray,
    order: IntArray,
    branch: IntArray,
    core: BoolArray,
) -> int:
    """The loop of :func:`peel_order`; fills the last three arrays and returns how many fell off.

    ``incident[start[n]:start[n + 1]]`` are the branches at node n.
    """
    nodes = core.shape[0]
    degree = start[1:] - start[:-1]
    used = np.zeros(from_node.shape[0], dtype=np.bool_)
    waiting = np.empty(nodes, dtype=np.int64)
    tail = 0
    for node in range(nodes):
        if degree[node] == 1:
            waiting[tail] = node
            tail += 1
    head = 0
    count = 0
    while head < tail:
        node = waiting[head]
        head += 1
        if degree[node] != 1:
            continue  # the last of its tree: its only neighbour has just fallen off
        for at in range(start[node], start[node + 1]):
            edge = incident[at]
            if not used[edge]:
                used[edge] = True
                core[node] = False
                order[count] = node
                branch[count] = edge
                count += 1
                other = to_node[edge] if from_node[edge] == node else from_node[edge]
                degree[node] = 0
                degree[other] -= 1
                if degree[other] == 1:
                    waiting[tail] = other
                    tail += 1
                break
    return count


@kernel()
def fold_leaves(
    order: IntArray,
    branch: IntArray,
    from_node: IntArray,
    to_node: IntArray,
    impedance: ComplexArray,
    ratio: FloatArray,
    admittance: ComplexArray,
    through: ComplexArray,
) -> None:
    """Add each leaf's admittance, seen through its branch, to its neighbour's.

    Args:
        order, branch: of :func:`peel_order`.
        impedance: of each branch at its to side [-].
        ratio: ideal transformer at the from side [-].
        admittance: to earth of each node, changed in place [-], shape [nodes].
        through: written: what each peeled node adds to its neighbour [-], shape [peeled].
    """
    for i in range(order.shape[0]):
        node, edge = order[i], branch[i]
        own = admittance[node]
        square = ratio[edge] * ratio[edge]
        seen = 0.0j
        if abs(own) > 0.0:
            if to_node[edge] == node:
                seen = own / (1.0 + impedance[edge] * own) / square
            else:
                seen = square * own / (1.0 + impedance[edge] * square * own)
        through[i] = seen
        admittance[from_node[edge] if to_node[edge] == node else to_node[edge]] += seen


@kernel()
def unfold_leaves(
    order: IntArray,
    branch: IntArray,
    from_node: IntArray,
    to_node: IntArray,
    impedance: ComplexArray,
    ratio: FloatArray,
    admittance: ComplexArray,
    through: ComplexArray,
    driving_point: ComplexArray,
) -> None:
    """Driving-point impedance [-] of peeled nodes from that of the core, written in place.

    Arguments as left by :func:`fold_leaves`; ``driving_point`` of shape [nodes], core filled in.
    """
    for i in range(order.shape[0] - 1, -1, -1):
        node, edge = order[i], branch[i]
        other = from_node[edge] if to_node[edge] == node else to_node[edge]
        rest = 1.0 / driving_point[other] - through[i]
        square = ratio[edge] * ratio[edge]
        if to_node[edge] == node:
            seen = square * rest / (1.0 + impedance[edge] * square * rest)
        else:
            seen = rest / (1.0 + impedance[edge] * rest) / square
        driving_point[node] = 1.0 / (admittance[node] + seen)
