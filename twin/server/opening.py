"""Opening sessions: new, branched from another, or kept from before."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from twin.errors import InputError
from twin.replay import Recording
from twin.server.journal import Entry, Journal
from twin.server.keeper import DiskKeeper
from twin.server.keeping import Keeper
from twin.server.kept import Unopened, leave, set_aside_before, through_the_door
from twin.server.manager import Hold, Manager
from twin.server.recorded import RecordingSubject
from twin.server.session import Session
from twin.server.snapshots import Moment
from twin.server.store import Kept, Origin, Store
from twin.server.subject import SimulationSubject
from twin.simulation import Simulation

log = logging.getLogger("twin.server")

KEPT = "is kept and not open"


@dataclass
class Opener:
    """Opens sessions of a manager, and keeps them in a store if there is one.

    A store's sessions of before are looked at first (:meth:`look`), so that nothing new takes the
    name of one, and opened with :meth:`restore`.
    """

    manager: Manager
    store: Store | None = None
    _waiting: list[Kept] = field(default_factory=list)
    _left: list[Unopened] = field(default_factory=list)

    def open(
        self,
        origin: Origin,
        *,
        id: str | None = None,
        title: str = "",
        speed: float = 1.0,
        paused: bool = False,
    ) -> Session:
        """Open a new session; raises InputError and leaves nothing behind."""
        self.manager.check(id)
        if id is not None:
            with self.manager.reserve(id):
                return self._open(id, origin, origin.simulation(), title, speed, paused)
        simulation = origin.simulation()
        with self.manager.reserve(None, simulation.plant.name) as name:
            return self._open(name, origin, simulation, title, speed, paused)

    def _open(
        self,
        name: str,
        origin: Origin,
        simulation: Simulation,
        title: str,
        speed: float,
        paused: bool,
    ) -> Session:
        subject = SimulationSubject(simulation)
        title = title or subject.name
        with self._kept(name, origin, subject, title, speed, paused) as keeper:
            return self.manager.add(
                Session(name, subject, title=title, speed=speed, paused=paused, keeper=keeper)
            )

    def replay(self, path: Path, *, speed: float = 1.0, paused: bool = False) -> Session:
        """Open a session that plays a recording; raises InputError."""
        self.manager.check(None)
        subject = RecordingSubject(Recording(path))
        with self.manager.reserve(None, path.stem) as name:
            return self.manager.add(
                Session(
                    name,
                    subject,
                    title=f"recording {path.name}",
                    speed=speed,
                    paused=paused,
                )
            )

    async def branch(
        self,
        parent: Session,
        moment: float | None,
        *,
        id: str | None = None,
        title: str = "",
        paused: bool = True,
        undone: int | None = None,
    ) -> Session:
        """Open a session from a moment of another, which goes on untouched.

        ``undone`` is the number of a future that the other left by going back. Raises InputError
        and leaves nothing behind.
        """
        with self.manager.reserve(id, f"{parent.id}-branch") as name:
            first, start, changes, target = await asyncio.wrap_future(
                parent.call(lambda: _origin(parent, moment, undone))
            )
            source = parent.subject
            if not isinstance(source, SimulationSubject):
                raise InputError("a recording cannot be branched, only a simulation")
            text = title or f"{parent.title} from {target * source.step:g} s"

            def build() -> Session:
                subject = source.branch(start.snapshot)
                origin = _origin_of(parent)
                with self._kept(
                    name, origin, subject, text, parent.speed, paused, parent.id, changes, target
                ) as keeper:
                    return self.manager.add(
                        Session(
                            name,
                            subject,
                            title=text,
                            speed=parent.speed,
                            paused=paused,
                            journal=Journal.of(changes),
                            parent=parent.id,
                            goal=target,
                            commands=start.commands,
                            keeper=keeper,
                            start=first,
                        )
                    )

            return await asyncio.to_thread(build)

    def look(self) -> None:
        """See which sessions are kept from before, and hold their names."""
        if self.store is None:
            return
        self._waiting, unopened = self.store.kept()
        for one in unopened:
            self._leave(one)
        for kept in self._waiting:
            self.manager.held[kept.meta.id] = Hold(KEPT)

    def restore_one(self, origin: Origin) -> Session | None:
        """Open the kept session that was made of ``origin``, the first of several; None without."""
        for kept in reversed(self._waiting):
            if kept.meta.parent is None and Origin.of(kept.meta) == origin:
                session = self._restore(kept)
                if session is not None:
                    return self.manager.add(session)
        return None

    def restore(self) -> None:
        """Open the other sessions kept from before: the newest, as many as there is room for.

        They come in the order in which they were made. What is not opened is told, and waits for
        the next start unless it is damaged.
        """
        room = self.manager.maximum - len(self.manager.list())
        opened: list[tuple[int, Session]] = []
        while self._waiting and len(opened) < room:
            kept = self._waiting[0]
            session = self._restore(kept)
            if session is not None:
                opened.append((kept.meta.number, session))
        for _, session in sorted(opened, key=lambda pair: pair[0]):
            self.manager.add(session)
        limit = f"at most {self.manager.maximum} sessions are open at a time (--sessions)"
        while self._waiting:
            self._leave(leave(self._waiting.pop(0).folder, limit))

    def unopened(self) -> list[Unopened]:
        """Sessions kept from before that are not open: set aside at any start, or left at this."""
        if self.store is None:
            return []
        return set_aside_before(self.store.folder) + self._left

    def _restore(self, kept: Kept) -> Session | None:
        """A kept session, not yet started; None when it cannot be, which is told."""
        assert self.store is not None
        self._waiting.remove(kept)
        self.manager.held.pop(kept.meta.id, None)
        session = through_the_door(kept.folder, partial(self.store.restore, kept))
        if isinstance(session, Unopened):
            self._leave(session)
            return None
        return session

    def _leave(self, one: Unopened) -> None:
        """Remember one that waits; the name of one that was set aside is free."""
        if not one.set_aside:
            self._left.append(one)
            self.manager.held[one.id] = Hold(KEPT)

    @contextmanager
    def _kept(
        self,
        id: str,
        origin: Origin | None,
        subject: SimulationSubject,
        title: str,
        speed: float,
        paused: bool,
        parent: str | None = None,
        changes: list[Entry] | None = None,
        goal: int = 0,
    ) -> Iterator[Keeper | None]:
        """A keeper in the store; None without a store. Undone when the block fails."""
        if self.store is None or origin is None:
            yield None
            return
        with self.store.keep(
            id,
            origin,
            subject,
            title=title,
            speed="max" if math.isinf(speed) else speed,
            paused=paused,
            parent=parent,
            changes=changes or (),
            goal=goal,
        ) as keeper:
            yield keeper


def _origin_of(session: Session) -> Origin | None:
    """What a session that is kept was made of."""
    keeper = session.keeper
    return Origin.of(keeper.meta) if isinstance(keeper, DiskKeeper) else None


def _origin(
    parent: Session, moment: float | None, undone: int | None
) -> tuple[Moment, Moment, list[Entry], int]:
    """First moment of the parent and where to begin; runs on the parent's thread."""
    start, changes, target = parent.origin(moment, undone)
    return parent.timeline.snapshots.moments[0], start, changes, target
