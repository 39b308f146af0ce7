"""Switches and links of folded-Clos networks (fat trees), plain or rail-optimised.

Sources: Leiserson, "Fat-trees: universal networks for hardware-efficient supercomputing", IEEE
Trans. Computers C-34, 1985; Al-Fares et al., "A scalable, commodity data center network
architecture", SIGCOMM 2008. Rail-optimised: accelerators of the same position in their node share
a leaf, as in NVIDIA's DGX SuperPOD reference architectures, whose switch counts the tests compare.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Fabric:
    """What a network is built of.

    Attributes
    ----------
    endpoints : ports of accelerators
    leaves, spines, cores : switches by tier
    leaf_links, core_links : links leaf to spine, and spine to core
    tiers : 1, 2 or 3
    uplink_share : uplink ports of a leaf over its downlink ports (1: non-blocking)
    """

    endpoints: int
    leaves: int
    spines: int
    cores: int
    leaf_links: int
    core_links: int
    tiers: int
    uplink_share: float

    @property
    def switches(self) -> int:
        """All switches."""
        return self.leaves + self.spines + self.cores

    @property
    def switch_ports(self) -> int:
        """Switch ports in use: towards accelerators, and both ends of links between switches."""
        return self.endpoints + 2 * (self.leaf_links + self.core_links)

    @property
    def hops(self) -> int:
        """Switches on the longest way between two endpoints."""
        return 2 * self.tiers - 1


def largest(radix: int, tiers: int) -> int:
    """Endpoints of the largest non-blocking tree: k, k^2/2, k^3/4 for one, two, three tiers."""
    return int(2 * (radix / 2) ** tiers)


def fabric(endpoints: int, radix: int, *, rails: int = 1, oversubscription: float = 1.0) -> Fabric:
    """The smallest tree that connects some endpoints.

    Parameters
    ----------
    endpoints : ports of accelerators
    radix : ports of a switch
    rails : groups of endpoints that share no leaf; 1 is a plain fat tree
    oversubscription : downlink over uplink capacity of a leaf, 1 or more

    Every leaf has as many links to each spine of its pod, so the number of spines divides that of a
    leaf's uplinks.

    Raises
    ------
    ValueError : nothing to connect, an odd or too small radix, or more than three tiers can connect
    """
    if endpoints < 1 or rails < 1 or oversubscription < 1.0:
        raise ValueError("needs endpoints, rails and an oversubscription of 1 or more")
    if radix < 4 or radix % 2:
        raise ValueError("needs switches of an even number of ports, four or more")
    if endpoints <= radix and rails == 1:
        return Fabric(endpoints, 1, 0, 0, 0, 0, 1, 1.0)
    down = min(radix - 1, round(radix * oversubscription / (1.0 + oversubscription)))
    up = radix - down
    leaves = rails * math.ceil(math.ceil(endpoints / rails) / down)
    if leaves <= radix:
        spines = _dividing(up, math.ceil(leaves * up / radix))
        return Fabric(endpoints, leaves, spines, 0, leaves * up, 0, 2, up / down)
    half = radix // 2
    pods = math.ceil(leaves / half)
    if pods > radix:
        raise ValueError(
            f"{endpoints:,} endpoints are more than three tiers of {radix}-port switches connect "
            f"({largest(radix, 3):,} without oversubscription)"
        )
    spines = pods * up
    cores = math.ceil(spines * half / radix)
    return Fabric(endpoints, leaves, spines, cores, leaves * up, spines * half, 3, up / down)


def _dividing(whole: int, least: int) -> int:
    """Smallest divisor of a number that is not below another; the number itself at most."""
    return next(d for d in range(max(least, 1), whole + 1) if whole % d == 0)
