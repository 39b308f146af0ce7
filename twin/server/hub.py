"""Viewers and the views they share. Everything here runs on the event loop."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from twin.server.event_log import Listener
from twin.server.publisher import View
from twin.server.session import Session
from twin.server.subscription import SLACK, Slice, Subscription

MAXIMUM_TEXTS = 256
EARLY = 0.6  # share of a viewer's interval by which a frame may come early; the mean rate is kept


@dataclass(eq=False)
class Viewer:
    """One connection: the newest frame not yet sent, and text messages in order.

    A viewer that reads slowly misses frames, never delays others, and holds at most one frame and
    ``MAXIMUM_TEXTS`` messages here.
    """

    name: str
    rate: float = 10.0
    frame: bytes | None = None
    texts: deque[str] = field(default_factory=deque)
    sent: int = 0
    sent_bytes: int = 0
    dropped: int = 0
    lost_texts: int = 0
    next_due: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closed: str = ""
    heard: bool = False  # it has said something
    _early: bytes | None = None  # came before its time and is the newest
    _timer: asyncio.TimerHandle | None = None

    def offer(self, frame: bytes, clock: float) -> None:
        """A new frame of the viewer's view; one that comes too early waits for its time."""
        interval = SLACK / self.rate
        early = self.next_due - clock
        if early > EARLY * interval:
            self._early = frame
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(early, self._in_time)
            return
        self._forget_early()
        self.next_due = max(self.next_due + interval, clock + 0.5 * interval)
        if self.frame is not None:
            self.dropped += 1
        self.frame = frame
        self.wake.set()

    def _in_time(self) -> None:
        frame, self._timer = self._early, None
        if frame is not None:
            self.offer(frame, self.next_due)

    def _forget_early(self) -> None:
        self._early = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def tell(self, message: dict[str, Any]) -> None:
        """Queue a message; the oldest goes when there are too many."""
        self.say(json.dumps(message))

    def say(self, text: str) -> None:
        """Queue a message that is JSON already."""
        if len(self.texts) >= MAXIMUM_TEXTS:
            self.texts.popleft()
            self.lost_texts += 1
        self.texts.append(text)
        self.wake.set()

    def show_other(self, rate: float) -> None:
        """The viewer looks at another view now."""
        self._forget_early()
        self.rate, self.next_due, self.frame = rate, 0.0, None

    def close(self, reason: str) -> None:
        """End the connection after what is queued."""
        self._forget_early()
        self.closed = reason
        self.wake.set()


@dataclass(eq=False)
class _Group:
    view: View
    viewers: set[Viewer] = field(default_factory=set)
    latest: bytes | None = None


class Hub:
    """Viewers of one session."""

    def __init__(self, session: Session, loop: asyncio.AbstractEventLoop):
        self.session = session
        self.viewers: set[Viewer] = set()
        self.delivered = 0
        self.dropped_by_gone = 0
        self.bytes_by_gone = 0
        self.frames_by_gone = 0
        self.channel_table = json.dumps([each.as_dict() for each in session.subject.channels])
        self._loop = loop
        self._groups: dict[object, _Group] = {}
        self._group_of: dict[Viewer, _Group] = {}
        self._listener = Listener(
            lambda event: self._hear({"type": "event", **event}),
            lambda last: self._hear({"type": "undone", "after": last}),
        )
        session.events.listen(self._listener)

    def add(self, viewer: Viewer) -> None:
        """A connection begins."""
        self.viewers.add(viewer)

    def remove(self, viewer: Viewer) -> None:
        """A connection ended."""
        self._leave(viewer)
        viewer.close("gone")
        if viewer in self.viewers:
            self.viewers.discard(viewer)
            self.dropped_by_gone += viewer.dropped
            self.bytes_by_gone += viewer.sent_bytes
            self.frames_by_gone += viewer.sent

    def subscribe(
        self, viewer: Viewer, subscription: Subscription, slices: tuple[Slice, ...]
    ) -> None:
        """Show a viewer something (else). Raises InputError when there are too many views."""
        old = self._group_of.get(viewer)
        group = self._groups.get(subscription.view)
        if group is None:
            if old is not None and len(old.viewers) == 1:
                self._leave(viewer)  # makes room for the new view
            view = View(subscription, slices, subscription.rate, self._deliver_to(subscription))
            self.session.publisher.add(view, self._loop)
            group = self._groups[subscription.view] = _Group(view)
        if old is not group:
            self._leave(viewer)
        viewer.show_other(subscription.rate)
        group.viewers.add(viewer)
        self._group_of[viewer] = group
        self._set_rate(group)
        if group.latest is not None:
            viewer.offer(group.latest, time.monotonic())
        self.session.poke()

    def totals(self) -> tuple[int, int, int]:
        """Frames sent, bytes sent and frames dropped, of all viewers that ever were."""
        return (
            self.frames_by_gone + sum(viewer.sent for viewer in self.viewers),
            self.bytes_by_gone + sum(viewer.sent_bytes for viewer in self.viewers),
            self.dropped_by_gone + sum(viewer.dropped for viewer in self.viewers),
        )

    def close(self, reason: str) -> None:
        """End all connections."""
        self.session.events.unlisten(self._listener)
        for viewer in list(self.viewers):
            viewer.close(reason)

    def _leave(self, viewer: Viewer) -> None:
        group = self._group_of.pop(viewer, None)
        if group is None:
            return
        group.viewers.discard(viewer)
        if group.viewers:
            self._set_rate(group)
        else:
            self.session.publisher.remove(group.view)
            self._groups.pop(group.view.subscription.view, None)

    @staticmethod
    def _set_rate(group: _Group) -> None:
        group.view.rate = max(viewer.rate for viewer in group.viewers)

    def _deliver_to(self, subscription: Subscription) -> Any:
        key = subscription.view

        def deliver(frame: bytes) -> None:
            group = self._groups.get(key)
            if group is None:
                return
            group.latest = frame
            clock = time.monotonic()
            for viewer in group.viewers:
                viewer.offer(frame, clock)
            self.delivered += 1

        return deliver

    def _hear(self, message: dict[str, Any]) -> None:
        """Called on the session's thread."""
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._tell_all, message)
            except RuntimeError:  # the loop is closing
                return

    def _tell_all(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        for viewer in self.viewers:
            viewer.say(text)
