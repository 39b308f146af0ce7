"""The folder in which a server keeps its sessions over restarts."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from twin.errors import InputError
from twin.recording import read_events
from twin.server.aside import name_aside
from twin.server.checkpoint import latest_checkpoint
from twin.server.journal import COMMANDS, Journal
from twin.server.keeper import (
    CHECKPOINT_INTERVAL,
    DiskKeeper,
    Meta,
    read_meta,
    write_meta,
)
from twin.server.session import Session
from twin.server.session_recorder import SessionRecorder
from twin.server.snapshots import Moment
from twin.server.subject import SimulationSubject
from twin.server.subscription import parse_speed
from twin.simulation import Simulation

LOCK = "lock"


@dataclass(frozen=True)
class Origin:
    """What a session was made of: file or bundled name of layout and scenario, and the seed."""

    layout: str
    scenario: str | None = None
    seed: int | None = None

    def simulation(self) -> Simulation:
        """A simulation at its start; raises InputError."""
        from twin.factory import Factory

        return Factory.load(self.layout).simulation(self.scenario, seed=self.seed)


class Store:
    """Sessions of one server, each a folder ``<id>.zarr``: its recording and what belongs to it.

    Parameters
    ----------
    folder : created if missing; used by one server at a time
    interval : simulated seconds between recorded frames

    Raises
    ------
    InputError : cannot be made or written, or another server uses it
    """

    def __init__(self, folder: Path, interval: float = 10.0):
        self.folder, self.interval = folder, interval
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock: IO[str] = (folder / LOCK).open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError("another server uses this folder", folder, key="--state") from None
        except OSError as error:
            raise InputError(f"cannot be used: {error.strerror}", folder, key="--state") from None

    def close(self) -> None:
        """Let others use the folder."""
        self._lock.close()

    def path(self, id: str) -> Path:
        """Folder of a session."""
        return self.folder / f"{id}.zarr"

    def keep(
        self,
        id: str,
        origin: Origin,
        subject: SimulationSubject,
        *,
        title: str,
        speed: float | str,
        paused: bool,
        parent: str | None = None,
    ) -> DiskKeeper:
        """A keeper for a new session; an earlier one of that name is kept under another name.

        Raises InputError when the folder cannot be written.
        """
        folder = self.path(id)
        if folder.exists():
            os.rename(folder, name_aside(folder))
        try:
            recorder = SessionRecorder(folder, subject.simulation, interval=self.interval)
            meta = Meta(
                id,
                title,
                origin.layout,
                subject.digest,
                origin.scenario,
                scenario_digest(subject.simulation),
                origin.seed,
                subject.step,
                time.time(),
                parent,
                speed,
                paused,
            )
            write_meta(folder, meta)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", folder) from None
        return self._keeper(folder, recorder, meta)

    def _keeper(self, folder: Path, recorder: SessionRecorder, meta: Meta) -> DiskKeeper:
        return DiskKeeper(
            folder,
            recorder,
            meta,
            record_steps=max(1, round(self.interval / meta.step)),
            checkpoint_steps=max(1, round(CHECKPOINT_INTERVAL / meta.step)),
        )

    def kept(self) -> list[Path]:
        """Folders of sessions that were open when the server ended."""
        found = []
        for folder in sorted(self.folder.glob("*.zarr")):
            if "." in folder.stem:  # set aside
                continue
            try:
                if not read_meta(folder).closed:
                    found.append(folder)
            except InputError:
                continue
        return found

    def restore(self, folder: Path) -> tuple[Session, Origin]:
        """A session as its last checkpoint and command log leave it, ready to start.

        Raises InputError: layout or scenario changed since, recording damaged.
        """
        meta = read_meta(folder)
        origin = Origin(meta.layout, meta.scenario, meta.seed)
        simulation = origin.simulation()
        check_same(meta, simulation, folder)
        journal = Journal.read(folder / COMMANDS)
        checkpoint = latest_checkpoint(folder, journal, meta.step)
        start = Moment(simulation.steps, 0, simulation.snapshot())
        if checkpoint is not None:
            simulation.restore(checkpoint.snapshot)
        recorder = SessionRecorder(folder, simulation, interval=self.interval, resume=True)
        try:
            recorder.truncate(simulation.time)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", folder) from None
        commands = checkpoint.commands if checkpoint is not None else 0
        session = Session(
            meta.id,
            SimulationSubject(simulation),
            title=meta.title,
            speed=parse_speed(meta.speed),
            paused=meta.paused,
            journal=journal,
            keeper=self._keeper(folder, recorder, meta),
            parent=meta.parent,
            goal=way_to_go(journal, commands, simulation.steps, meta.step),
            commands=commands,
            keep_replay=True,
            start=start,
        )
        session.created = meta.created
        session.events.load(
            event for event in read_events(folder) if event["time"] <= simulation.time + 1e-9
        )
        return session, origin


def way_to_go(journal: Journal, commands: int, steps: int, step: float) -> int | None:
    """Steps to repeat up to until the log is caught up with, or None when it is already.

    Commands given after a checkpoint and before the next step count, although no step follows them.
    """
    reached = journal.reached(step)
    if reached > steps or len(journal.active) > commands:
        return max(reached, steps)
    return None


def scenario_digest(simulation: Simulation) -> str:
    """Hash of everything a scenario says."""
    return hashlib.sha256(simulation.scenario.model_dump_json(by_alias=True).encode()).hexdigest()


def check_same(meta: Meta, simulation: Simulation, folder: Path) -> None:
    """Refuse to go on with, or to repeat, what was made of another layout or scenario."""
    for what, then, now in (
        ("layout", meta.digest, simulation.plant.digest),
        ("scenario", meta.scenario_digest, scenario_digest(simulation)),
    ):
        if then != now:
            raise InputError(
                f"the {what} has changed since the session was made",
                folder,
                key=what,
                found=now[:16],
                allowed=then[:16],
            )
