"""From states to frames: each view is encoded once, on a thread of its own.

The session's thread only copies the channels that some view is due for; quantising and compressing
happens here. When encoding falls behind, the newest state replaces the one not yet begun.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from physics.factory.arrays import Floats
from twin.errors import InputError
from twin.protocol import Block, encode_frame
from twin.server.subscription import SLACK, Slice, Subscription

MAXIMUM_VIEWS = 64
EARLY = 0.6  # share of a frame's interval by which a step may come early and still be shown


@dataclass(frozen=True)
class Sample:
    """Copies of channels at one moment, and what goes into every frame's header."""

    values: Mapping[str, Floats]
    kpi: Mapping[str, float]
    time: float
    wall: float
    speed: float
    paused: bool


@dataclass
class View:
    """One encoded picture of the state, shared by every viewer that asked for the same.

    Attributes
    ----------
    rate : frames per second, the fastest of its viewers
    pending : sampled and not yet encoded, or never sent
    deliver : called on the event loop with each frame
    """

    subscription: Subscription
    slices: tuple[Slice, ...]
    rate: float
    deliver: Callable[[bytes], None]
    pending: bool = True
    next_due: float = 0.0
    sequence: int = 0


@dataclass
class Counters:
    """What the publisher did, for metrics."""

    frames: int = 0
    bytes: int = 0
    replaced: int = 0
    encode_seconds: float = 0.0
    last_encode_seconds: float = 0.0


@dataclass
class Publisher:
    """Views of one session and the thread that encodes them."""

    name: str
    digest: str
    counters: Counters = field(default_factory=Counters)

    def __post_init__(self) -> None:
        self._views: dict[object, View] = {}
        self._sample: Sample | None = None
        self._wake = threading.Condition()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=f"publish-{self.name}", daemon=True)
        self._thread.start()

    def add(self, view: View, loop: asyncio.AbstractEventLoop) -> None:
        """Begin a view; raises InputError when there are too many."""
        with self._wake:
            if len(self._views) >= MAXIMUM_VIEWS:
                raise InputError(
                    "too many different views of this session",
                    allowed=f"{MAXIMUM_VIEWS}; share one or ask for less",
                )
            self._loop = loop
            self._views[view.subscription.view] = view

    def remove(self, view: View) -> None:
        """End a view."""
        with self._wake:
            self._views.pop(view.subscription.view, None)

    @property
    def views(self) -> list[View]:
        """Views now."""
        with self._wake:
            return list(self._views.values())

    def due(
        self, clock: float, *, fresh: bool = True, everything: bool = False
    ) -> list[Slice] | None:
        """Slices of the views to be sampled now, which become pending; None when none is due.

        Due are views that wait for a frame, those whose interval is over if the state is ``fresh``,
        or ``everything``.
        """
        with self._wake:
            slices: list[Slice] = []
            found = False
            for view in self._views.values():
                interval = SLACK / view.rate
                over = fresh and clock >= view.next_due - EARLY * interval
                if view.pending or everything or over:
                    if not view.pending:
                        view.next_due = max(view.next_due + interval, clock + 0.5 * interval)
                    view.pending = found = True
                    slices.extend(view.slices)
            return slices if found else None

    def offer(self, sample: Sample) -> None:
        """Hand a sample over; it replaces one that has not been taken."""
        with self._wake:
            if self._sample is not None:
                self.counters.replaced += 1
            self._sample = sample
            self._wake.notify()

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._sample is None and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
                sample, self._sample = self._sample, None
                assert sample is not None
                views = [
                    view
                    for view in self._views.values()
                    if view.pending
                    and all(part.channel.name in sample.values for part in view.slices)
                ]
                for view in views:
                    view.pending = False
            for view in views:
                self._encode(view, sample)

    def _encode(self, view: View, sample: Sample) -> None:
        began = time.perf_counter()
        blocks = [
            Block(
                part.channel.name,
                part.channel.level,
                part.start,
                sample.values[part.channel.name][part.start : part.stop],
                part.step,
            )
            for part in view.slices
        ]
        view.sequence += 1
        frame = encode_frame(
            blocks,
            sequence=view.sequence,
            time=sample.time,
            wall=sample.wall,
            speed=sample.speed,
            paused=sample.paused,
            kpi=sample.kpi,
            digest=self.digest,
            compression=view.subscription.compression,
        )
        took = time.perf_counter() - began
        self.counters.frames += 1
        self.counters.bytes += len(frame)
        self.counters.encode_seconds += took
        self.counters.last_encode_seconds = took
        loop = self._loop
        if loop is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(view.deliver, frame)
            except RuntimeError:  # the loop closed in between: the server is going down
                return
