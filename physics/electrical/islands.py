"""Which buses hang together, which have a source, and which branches close loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from physics.electrical.network import BoolArray, FloatArray, IntArray, Network


@dataclass(frozen=True)
class Islands:
    """Electrical islands of a network.

    Attributes:
        island: number of each bus's island, shape [buses].
        energised: whether the bus's island has a closed source, shape [buses].
        source_count: closed sources per island, shape [islands].
    """

    island: IntArray
    energised: BoolArray
    source_count: IntArray


def closed_branches(network: Network) -> tuple[IntArray, IntArray]:
    """From and to bus of all closed branches: lines, then transformers, then switches."""
    tables = (network.lines, network.transformers, network.switches)
    return (
        np.concatenate([t.from_bus[t.closed] for t in tables]),
        np.concatenate([t.to_bus[t.closed] for t in tables]),
    )


def find_islands(network: Network) -> Islands:
    """Islands over closed branches; an island without a closed source is dead."""
    n = len(network.rated_voltage)
    a, b = closed_branches(network)
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    feeding = label[network.sources.bus[network.sources.closed]]
    source_count = np.bincount(feeding, minlength=count).astype(np.int64)
    return Islands(label.astype(np.int64), source_count[label] > 0, source_count)


def unserved_load(network: Network, islands: Islands, load_power: FloatArray) -> float:
    """Load on dead buses [W]; ``load_power`` of shape [loads]."""
    dead = ~islands.energised[network.loads.bus]
    return float(np.sum(load_power[dead]))


def loop_closing_branches(network: Network) -> IntArray:
    """Closed branches that close a loop, or join two sources, as numbers in ``closed_branches``.

    A radial network has none. Found in the order of the tables, so that of a loop the last branch
    is named. Sources count as joined at one common point: a path between two of them is a loop.
    """
    n = len(network.rated_voltage)
    root = np.arange(n + 1, dtype=np.int64)

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = int(root[i])
        return i

    for bus in np.unique(network.sources.bus[network.sources.closed]):
        root[find(int(bus))] = find(n)
    a, b = closed_branches(network)
    loops: list[int] = []
    for k in range(len(a)):
        left, right = find(int(a[k])), find(int(b[k]))
        if left == right:
            loops.append(k)
        else:
            root[left] = right
    return np.array(loops, dtype=np.int64)
