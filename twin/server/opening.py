"""Opening sessions: new, branched from another, or kept from before."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field
from pathlib import Path

from twin.errors import InputError, TwinError
from twin.replay import Recording
from twin.server.journal import Entry, Journal
from twin.server.keeper import DiskKeeper
from twin.server.manager import Manager
from twin.server.recorded import RecordingSubject
from twin.server.session import Session
from twin.server.snapshots import Moment
from twin.server.store import Origin, Store
from twin.server.subject import SimulationSubject

log = logging.getLogger("twin.server")


@dataclass
class Opener:
    """Opens sessions of a manager, and keeps them in a store if there is one."""

    manager: Manager
    store: Store | None = None
    origins: dict[str, Origin] = field(default_factory=dict)

    def open(
        self,
        origin: Origin,
        *,
        id: str | None = None,
        title: str = "",
        speed: float = 1.0,
        paused: bool = False,
    ) -> Session:
        """Open a new session; raises InputError."""
        self._refuse_too_many(id)
        simulation = origin.simulation()
        subject = SimulationSubject(simulation)
        name = id or self.manager.free_name(subject.name)
        session = Session(
            name,
            subject,
            title=title,
            speed=speed,
            paused=paused,
            keeper=self._keeper(name, origin, subject, title or subject.name, speed, paused),
        )
        self.origins[name] = origin
        return self.manager.add(session)

    def replay(self, path: Path, *, speed: float = 1.0, paused: bool = False) -> Session:
        """Open a session that plays a recording; raises InputError."""
        self._refuse_too_many(None)
        subject = RecordingSubject(Recording(path))
        return self.manager.add(
            Session(
                self.manager.free_name(path.stem),
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
        """Open a session from a moment of another, which goes on untouched; raises InputError.

        ``undone`` is the number of a future that the other left by going back.
        """
        self._refuse_too_many(id)
        name = id or self.manager.free_name(f"{parent.id}-branch")
        origin = self.origins.get(parent.id)
        first, start, changes, target = await asyncio.wrap_future(
            parent.call(lambda: _origin(parent, moment, undone))
        )
        source = parent.subject
        if not isinstance(source, SimulationSubject):
            raise InputError("a recording cannot be branched, only a simulation")
        text = title or f"{parent.title} from {target * source.step:g} s"

        def build() -> Session:
            subject = source.branch(start.snapshot)
            journal = Journal()
            for entry in changes:
                journal.add(entry)
            keeper = None
            if origin is not None:
                keeper = self._keeper(name, origin, subject, text, parent.speed, paused, parent.id)
                self.origins[name] = origin
            return Session(
                name,
                subject,
                title=text,
                speed=parent.speed,
                paused=paused,
                journal=journal,
                parent=parent.id,
                goal=target,
                commands=start.commands,
                keeper=keeper,
                start=first,
            )

        return self.manager.add(await asyncio.to_thread(build))

    def restore(self) -> list[TwinError]:
        """Open the sessions kept from before; returns what kept some from being opened."""
        problems: list[TwinError] = []
        if self.store is None:
            return problems
        for folder in self.store.kept():
            try:
                session, origin = self.store.restore(folder)
                self.origins[session.id] = origin
                self.manager.add(session)
            except TwinError as error:
                log.error("session not restored: %s", error)
                problems.append(error)
        return problems

    def _refuse_too_many(self, id: str | None) -> None:
        if id is not None:
            self.manager.check_name(id)
        if len(self.manager.list()) >= self.manager.maximum:
            raise InputError(
                "too many sessions", allowed=f"{self.manager.maximum}; close one first"
            )

    def _keeper(
        self,
        id: str,
        origin: Origin,
        subject: SimulationSubject,
        title: str,
        speed: float,
        paused: bool,
        parent: str | None = None,
    ) -> DiskKeeper | None:
        if self.store is None:
            return None
        self.manager.check_name(id)
        return self.store.keep(
            id,
            origin,
            subject,
            title=title,
            speed="max" if math.isinf(speed) else speed,
            paused=paused,
            parent=parent,
        )


def _origin(
    parent: Session, moment: float | None, undone: int | None
) -> tuple[Moment, Moment, list[Entry], int]:
    """First moment of the parent and where to begin; runs on the parent's thread."""
    start, changes, target = parent.origin(moment, undone)
    return parent.timeline.snapshots.moments[0], start, changes, target
