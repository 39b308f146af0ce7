"""Who is connected: how many in all and from one address, and who makes room for whom.

A connection that has asked for nothing yet (or for nothing more) makes room for a new one, the
oldest first, so that sockets held open by somebody never keep others out. Connections at work are
never cut; when there are only such, a new one is refused.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field

from twin.server.limits import Limits
from twin.server.rates import Buckets, network

log = logging.getLogger("twin.server")

BETWEEN_LINES = 10.0  # s between lines of the log about one thing


class Connection:
    """One connection's place among all."""

    def __init__(self, source: Source, transport: asyncio.Transport):
        self.source, self.transport = source, transport

    def rest(self) -> None:
        """It has asked for nothing (more): it may be cut to make room."""
        if self in self.source.all:
            self.source.idle.pop(self, None)
            self.source.idle[self] = None

    def work(self) -> None:
        """It has asked for something: it is not cut."""
        self.source.idle.pop(self, None)


@dataclass(eq=False)
class Source:
    """Connections of one address; those that may be cut in the order in which they may."""

    name: str
    all: set[Connection] = field(default_factory=set)
    idle: dict[Connection, None] = field(default_factory=dict)


class Connections:
    """All connections of a server. Everything here runs on the event loop."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.count = 0
        self._sources: dict[str, Source] = {}
        self._attempts = Buckets(limits.attempts_per_second, limits.attempts_at_once)
        self._handshakes = Buckets(limits.handshakes_per_second, limits.handshakes_at_once)
        self._seldom = Seldom()

    def attempt(self, address: str) -> bool:
        """Whether an address may try one more request, whatever comes of it."""
        return self._attempts.take(address)

    def handshake(self, address: str) -> bool:
        """Whether an address may open one more websocket."""
        return self._handshakes.take(address)

    def admit(self, address: str, transport: asyncio.Transport) -> Connection | None:
        """A place for a new connection, at rest; None when it has to be refused."""
        name = network(address)
        source = self._sources.get(name)
        if source is not None and len(source.all) >= self.limits.connections_per_address:
            if not self._make_room(source, "connections of one address"):
                return None
        if self.count >= self.limits.connections:
            busiest = max(
                (each for each in self._sources.values() if each.idle),
                key=lambda each: len(each.all),
                default=None,
            )
            if busiest is None:
                self.note("connections refused: all places are taken", name)
                return None
            self._make_room(busiest, "connections in all")
        source = self._sources.setdefault(name, Source(name))
        connection = Connection(source, transport)
        source.all.add(connection)
        self.count += 1
        connection.rest()
        return connection

    def leave(self, connection: Connection) -> None:
        """A connection ended, or is about to."""
        source = connection.source
        source.idle.pop(connection, None)
        if connection in source.all:
            source.all.discard(connection)
            self.count -= 1
            if not source.all:
                self._sources.pop(source.name, None)

    def note(self, what: str, address: str) -> None:
        """Log something that others cause, now and then with how often it happened."""
        count = self._seldom.count(what, time.monotonic())
        if count:
            log.warning(what, extra={"count": count, "last_from": address})

    def _make_room(self, source: Source, what: str) -> bool:
        oldest = next(iter(source.idle), None)
        if oldest is None:
            self.note(f"connections refused: too many {what}", source.name)
            return False
        self.leave(oldest)
        oldest.transport.abort()
        self.note(f"idle connections cut: too many {what}", source.name)
        return True


class Seldom:
    """Lets something through at once, and what follows only now and then, counted."""

    def __init__(self, interval: float = BETWEEN_LINES):
        self._interval = interval
        self._since: dict[str, tuple[float, int]] = {}

    def count(self, what: str, clock: float) -> int:
        """How many are to be told of now, this one included; 0: none yet."""
        last, kept_back = self._since.get(what, (-self._interval, 0))
        if clock - last < self._interval:
            self._since[what] = (last, kept_back + 1)
            return 0
        self._since[what] = (clock, 0)
        return kept_back + 1
