"""Events of a session: numbered, bounded, told to whoever listens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MAXIMUM_EVENTS = 10_000


@dataclass(frozen=True)
class Listener:
    """Called on the session's thread with each new event; must only hand it on."""

    notify: Callable[[dict[str, Any]], None]


class EventLog:
    """What happened, oldest first: number, time, path, kind, message.

    Attributes
    ----------
    total : number of the latest event; numbers are never used twice
    """

    def __init__(self) -> None:
        self.total = 0
        self._events: deque[dict[str, Any]] = deque(maxlen=MAXIMUM_EVENTS)
        self._listeners: tuple[Listener, ...] = ()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def add(self, time: float, path: str, kind: str, message: str) -> None:
        """Log an event and tell the listeners."""
        self.total += 1
        event = {"number": self.total, "time": time, "path": path, "kind": kind, "message": message}
        self._events.append(event)
        for listener in self._listeners:
            listener.notify(event)

    def load(self, events: Iterable[dict[str, Any]]) -> None:
        """Take events kept from before, telling nobody."""
        for event in events:
            self.total += 1
            self._events.append({**event, "number": self.total})

    def forget_after(self, time: float) -> None:
        """Drop events later than a time."""
        kept = [event for event in self._events if event["time"] <= time]
        self._events = deque(kept, maxlen=MAXIMUM_EVENTS)

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners = (*self._listeners, listener)

    def unlisten(self, listener: Listener) -> None:
        """Remove a listener."""
        self._listeners = tuple(other for other in self._listeners if other is not listener)
