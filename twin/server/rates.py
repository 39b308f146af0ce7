"""Rates: how often somebody may do something, by address."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from dataclasses import dataclass, field

MOST_ADDRESSES = 10_000
"""Addresses remembered; the one not seen for longest is forgotten."""
NETWORK_BITS = 64  # of an IPv6 address: what one customer gets


@dataclass
class Bucket:
    """Limits a rate: ``rate`` per second on average, ``burst`` at once."""

    rate: float
    burst: float
    level: float = field(init=False)
    clock: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.burst

    def take(self, clock: float, count: int = 1) -> bool:
        """Whether so many more are allowed at this (monotonic) time."""
        self.level = min(self.burst, self.level + (clock - self.clock) * self.rate)
        self.clock = clock
        if self.level < count:
            return False
        self.level -= count
        return True


class Buckets:
    """A bucket for each address."""

    def __init__(self, rate: float, burst: float):
        self._rate, self._burst = rate, burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str) -> bool:
        """Whether an address may do it once more now."""
        clock = time.monotonic()
        bucket = self._buckets.get(address)
        if bucket is None:
            name = network(address)
            bucket = self._buckets.get(name)
            if bucket is None:
                while len(self._buckets) >= MOST_ADDRESSES:
                    self._buckets.popitem(last=False)
                bucket = self._buckets[name] = Bucket(self._rate, self._burst, clock)
            address = name
        self._buckets.move_to_end(address)
        return bucket.take(clock)


def network(address: str) -> str:
    """What stands for one client: an IPv4 address, or the network of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.IPv6Network((found, NETWORK_BITS), strict=False))
    return str(found)
