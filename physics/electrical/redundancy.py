"""Sharing of load between redundant feeds, before and after a failure; usable and stranded power.

A scheme is a matrix of shares: row = load, column = feed, entries = part of the load that the feed
carries when all are up. When feeds fail, the rest carry each load in proportion to their shares;
a load with no feed left is lost. 2N (A/B), N+1, and distributed schemes such as 4N3 differ only in
their matrix.

Four-panel rows: a published row of four 500 kW panels reads 439 kW per remaining panel after losing
one at a peak factor (EDP) of 1.2 and 510 kW at 1.5. Those are not in the ratio 1.5 / 1.2, so a part
of the load does not follow the factor. With shares of a third, ``3 P = fixed + factor scaled`` has
one solution: 710 kW scaled and 465 kW fixed, together 1,175 kW at factor 1. That is within 2.1 % of
the 1.2 MW published elsewhere for such a row of eight racks, and splits per rack into 88.8 kW for
72 accelerators (1.2 kW each at 97.4 % conversion) and 58.1 kW for everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def dual_shares(loads: int) -> FloatArray:
    """2N: every load half on feed A and half on feed B, shape [loads, 2]."""
    return np.full((loads, 2), 0.5)


def common_shares(loads: int, feeds: int) -> FloatArray:
    """N+x on a common bus: every load evenly on all feeds, shape [loads, feeds]."""
    return np.full((loads, feeds), 1.0 / feeds)


def distributed_shares(loads: int, feeds: int, feeds_per_load: int = 2) -> FloatArray:
    """Distributed redundancy (3N2, 4N3, ...): loads go round all groups of feeds.

    With four feeds and two per load the six pairs take turns, so that after losing one feed each of
    the other three takes a third of what it carried: four feeds can be loaded to three quarters.
    Loads that are a multiple of the number of groups spread evenly.
    """
    if not 0 < feeds_per_load <= feeds:
        raise ValueError(f"{feeds_per_load} of {feeds} feeds per load is not possible")
    groups = _combinations(feeds, feeds_per_load)
    shares = np.zeros((loads, feeds))
    for load in range(loads):
        shares[load, groups[load % len(groups)]] = 1.0 / feeds_per_load
    return shares


def reserve_shares(loads: int, feeds: int) -> FloatArray:
    """Block redundancy (3+1): each load on one of ``feeds``, the last column an idle reserve.

    The reserve's share is next to nothing while the load's own feed is up and all of it after.
    """
    shares = np.zeros((loads, feeds + 1))
    shares[np.arange(loads), np.arange(loads) % feeds] = 1.0
    shares[:, feeds] = 1e-12
    return shares


def feed_loads(
    load: ArrayLike, shares: FloatArray, available: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """What each feed carries with some feeds down.

    Args:
        load: [W], shape [loads].
        shares: shape [loads, feeds].
        available: bool, shape [feeds].

    Returns:
        power of each feed [W], shape [feeds], and lost power of each load [W], shape [loads];
        together they are the load.
    """
    power = np.asarray(load, dtype=np.float64)
    left = shares * np.asarray(available, dtype=np.float64)
    total = left.sum(axis=1)
    served = total > 0.0
    weight = np.divide(left, total[:, None], out=np.zeros_like(left), where=served[:, None])
    return power @ weight, np.where(served, 0.0, power)


def single_failures(load: ArrayLike, shares: FloatArray) -> FloatArray:
    """Power of each feed [W] under each single failure, shape [feeds, feeds]; row = failed feed."""
    feeds = shares.shape[1]
    return np.array([feed_loads(load, shares, np.arange(feeds) != f)[0] for f in range(feeds)])


def peak_load(fixed: ArrayLike, scaled: ArrayLike, factor: float) -> FloatArray:
    """Load at a peak factor (EDP) [W]: only the accelerators' part follows it."""
    return np.asarray(fixed, dtype=np.float64) + factor * np.asarray(scaled, dtype=np.float64)


@dataclass(frozen=True)
class UsableCapacity:
    """How much of a kind of load may run so that no single failure overloads a feed.

    Attributes:
        scale: greatest multiple of the given load [-].
        power: that load [W].
        failed_feed: failure that limits, -1 for none (normal operation).
        limiting_feed: feed that reaches its rating then.
        feed_power: of each feed in normal operation at that load [W], shape [feeds].
        stranded: rating that normal operation leaves unused [W].
    """

    scale: float
    power: float
    failed_feed: int
    limiting_feed: int
    feed_power: FloatArray
    stranded: float


def usable_capacity(
    load: ArrayLike, shares: FloatArray, rating: ArrayLike, failures: ArrayLike | None = None
) -> UsableCapacity:
    """Greatest multiple of a load that survives every listed single failure, and normal operation.

    Args:
        load: pattern of loads [W], shape [loads].
        shares: shape [loads, feeds].
        rating: of each feed [W], shape [feeds].
        failures: feeds that may fail; all where none are given, ``[]`` for none.

    Raises:
        ValueError: no load, or a rating that is not positive.
    """
    power = np.asarray(load, dtype=np.float64)
    limit = np.broadcast_to(np.asarray(rating, dtype=np.float64), (shares.shape[1],))
    if power.sum() <= 0.0 or np.any(limit <= 0.0):
        raise ValueError("load and ratings must be positive")
    normal, _ = feed_loads(power, shares, np.ones(len(limit), dtype=np.bool_))
    chosen = np.arange(len(limit)) if failures is None else np.asarray(failures, dtype=np.int64)
    cases = [(-1, normal)]
    for failed in chosen:
        cases.append((int(failed), feed_loads(power, shares, np.arange(len(limit)) != failed)[0]))
    scale, failed_feed, limiting = np.inf, -1, 0
    for failed, carried in cases:
        room = np.divide(limit, carried, out=np.full_like(carried, np.inf), where=carried > 0.0)
        feed = int(np.argmin(room))
        if room[feed] < scale * (1.0 - 1e-12):
            scale, failed_feed, limiting = float(room[feed]), failed, feed
    return UsableCapacity(
        scale,
        scale * float(power.sum()),
        failed_feed,
        limiting,
        scale * normal,
        float(np.sum(limit - scale * normal)),
    )


def deliverable_power(
    parent: ArrayLike, rating: ArrayLike, demand: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Greatest power through each node of a supply tree, and what each node strands.

    Args:
        parent: of each node, smaller than its own index, -1 for roots, shape [nodes].
        rating: of each node [W], shape [nodes].
        demand: connected at each node [W], shape [nodes].

    Returns:
        deliverable power of each node [W]: the smaller of its rating and what its children and its
        own demand can take; and stranded power [W]: what children and demand could take beyond the
        node's rating. Both shape [nodes].

    Raises:
        ValueError: a parent that does not come before its child.
    """
    up = np.asarray(parent, dtype=np.int64)
    limit = np.asarray(rating, dtype=np.float64)
    wanted = np.array(demand, dtype=np.float64)
    if np.any(up >= np.arange(len(up))):
        raise ValueError(
            f"node {int(np.flatnonzero(up >= np.arange(len(up)))[0])}: parent after it"
        )
    deliverable = np.zeros(len(up))
    for node in range(len(up) - 1, -1, -1):
        deliverable[node] = min(wanted[node], limit[node])
        if up[node] >= 0:
            wanted[up[node]] += deliverable[node]
    return deliverable, wanted - deliverable


def _combinations(n: int, k: int) -> list[list[int]]:
    groups: list[list[int]] = [[]]
    for _ in range(k):
        groups = [[*g, i] for g in groups for i in range(g[-1] + 1 if g else 0, n)]
    return groups
