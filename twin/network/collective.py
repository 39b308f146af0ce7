"""How long collective communication takes."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Paths:
    """What bytes travel over.

    Attributes
    ----------
    domain : accelerators of a scale-up domain (NVLink)
    scale_up, scale_out : bandwidth of one accelerator, one direction [byte/s]; scale_out with the
        network's oversubscription in it
    hops : switches between two domains
    hop_latency : of one switch and its links [s]
    """

    domain: int
    scale_up: float
    scale_out: float
    hops: int
    hop_latency: float


def all_reduce_time(size: float, accelerators: int, paths: Paths) -> float:
    """Time [s] to add up ``size`` bytes over all accelerators, everyone getting the sum.

    Hierarchical: reduce-scatter within every domain, all-reduce of each accelerator's share between
    the domains, all-gather within. Each is bandwidth-optimal, (n-1)/n of the data once per
    reduce-scatter or all-gather, the latency of the way between domains counted once per doubling.
    Source: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
    workstations", J. Parallel Distrib. Comput. 69, 2009; Thakur et al., "Optimization of collective
    communication operations in MPICH", IJHPCA 19, 2005.
    """
    if accelerators <= 1 or size <= 0.0:
        return 0.0
    inside = min(paths.domain, accelerators)
    domains = math.ceil(accelerators / inside)
    time = 0.0
    if inside > 1:
        time += 2.0 * (inside - 1) / inside * size / paths.scale_up
    if domains > 1:
        share = size / inside
        time += 2.0 * (domains - 1) / domains * share / paths.scale_out
        time += 2.0 * math.log2(domains) * paths.hops * paths.hop_latency
    return time
