"""Events of a session: numbered, bounded, told to whoever listens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MAXIMUM_EVENTS = 10_000


@dataclass(frozen=True)
class Listener:
    """Called on the session's thread; must only hand on.

    Attributes
    ----------
    notify : takes each new event
    undone : takes the number of the last event that still holds when time was set back
    """

    notify: Callable[[dict[str, Any]], None]
    undone: Callable[[int], None]


class EventLog:
    """What happened, oldest first: number, time, path, kind, message.

    Attributes
    ----------
    total : number of the latest event; numbers are never used twice
    """

    def __init__(self) -> None:
        self.total = 0
        self._events: deque[tuple[int, dict[str, Any]]] = deque(maxlen=MAXIMUM_EVENTS)
        self._listeners: tuple[Listener, ...] = ()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (event for _, event in self._events)

    def __len__(self) -> int:
        return len(self._events)

    def add(self, time: float, path: str, kind: str, message: str, steps: int) -> None:
        """Log an event and tell the listeners.

        ``steps`` counts the steps up to and with the one it belongs to; it never falls.
        """
        self.total += 1
        event = {"number": self.total, "time": time, "path": path, "kind": kind, "message": message}
        self._events.append((steps, event))
        for listener in self._listeners:
            listener.notify(event)

    def load(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take rows of :meth:`rows_after` kept from before, telling nobody."""
        for row in rows:
            event = {key: value for key, value in row.items() if key != "steps"}
            self.total += 1
            self._events.append((int(row.get("steps") or 0), {**event, "number": self.total}))

    def rows_after(self, number: int) -> list[dict[str, Any]]:
        """Events after one of a number as they are kept: without numbers, with their steps."""
        return [
            {key: value for key, value in event.items() if key != "number"} | {"steps": steps}
            for steps, event in self._events
            if event["number"] > number
        ]

    def forget_after(self, steps: int) -> None:
        """Drop events of later steps than the first ``steps``, and tell the listeners."""
        kept = [entry for entry in self._events if entry[0] <= steps]
        if len(kept) == len(self._events):
            return
        last = self._events[len(kept)][1]["number"] - 1
        self._events = deque(kept, maxlen=MAXIMUM_EVENTS)
        for listener in self._listeners:
            listener.undone(last)

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners = (*self._listeners, listener)

    def unlisten(self, listener: Listener) -> None:
        """Remove a listener."""
        self._listeners = tuple(other for other in self._listeners if other is not listener)
