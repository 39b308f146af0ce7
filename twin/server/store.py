"""The folder in which a server keeps its sessions over restarts."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO

from twin import controls
from twin.errors import InputError, TwinError
from twin.server.aside import move_aside, move_back
from twin.server.checkpoint import checkpoints_on_the_way, drop_checkpoints_after, mark_of
from twin.server.journal import (
    COMMANDS,
    STATE_KINDS,
    Entry,
    Journal,
    append_line,
    check_times,
    cut_torn_line,
    entry_line,
)
from twin.server.keeper import CHECKPOINT_INTERVAL, DiskKeeper
from twin.server.kept import NotNow, Unopened, through_the_door
from twin.server.kept_events import drop_events_after, read_kept_events
from twin.server.manager import is_name
from twin.server.meta import META, Meta, read_meta, write_meta
from twin.server.rewind import carry_out, cut_to_follow
from twin.server.session import Session
from twin.server.session_recorder import SessionRecorder
from twin.server.snapshots import Moment
from twin.server.subject import SimulationSubject
from twin.server.subscription import parse_speed
from twin.simulation import Simulation

log = logging.getLogger("twin.server")

LOCK = "lock"
MAKING = ".making"  # stands beside the folder of a session that is being made


@dataclass(frozen=True)
class Origin:
    """What a session was made of: file or bundled name of layout and scenario, and the seed."""

    layout: str
    scenario: str | None = None
    seed: int | None = None

    @classmethod
    def of(cls, meta: Meta) -> Origin:
        """That of a kept session."""
        return cls(meta.layout, meta.scenario, meta.seed)

    def simulation(self) -> Simulation:
        """A simulation at its start; raises InputError."""
        from twin.factory import Factory

        return Factory.load(self.layout).simulation(self.scenario, seed=self.seed)


@dataclass(frozen=True)
class Kept:
    """A session that was open when the server ended."""

    folder: Path
    meta: Meta


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
        self._numbers = count(1)
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

    @contextmanager
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
        changes: Sequence[Entry] = (),
        goal: int = 0,
    ) -> Iterator[DiskKeeper]:
        """A keeper for a new session; an earlier one of that name is kept under another name.

        All of it is undone when the block that makes the session fails. ``changes`` and ``goal``
        are those of a branch, and the steps at which it begins. Raises InputError when the folder
        cannot be written.
        """
        folder = self.path(id)
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
            number=next(self._numbers),
            goal=goal,
            followed=len(changes),
        )
        making = folder.with_suffix(MAKING)
        try:
            making.touch()
            aside = move_aside(folder) if os.path.lexists(folder) else None
        except OSError as error:
            making.unlink(missing_ok=True)
            raise InputError(f"cannot be written: {error.strerror}", folder) from None
        try:
            try:
                recorder = SessionRecorder(folder, subject.simulation, interval=self.interval)
                if changes:
                    append_line(folder / COMMANDS, "\n".join(entry_line(e) for e in changes))
                write_meta(folder, meta)  # the last: what has it is whole
                making.unlink()
            except OSError as error:
                raise InputError(f"cannot be written: {error.strerror}", folder) from None
            yield self._keeper(folder, recorder, meta)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                making.unlink(missing_ok=True)
                if aside is not None:
                    move_back(aside, folder)
            raise

    def _keeper(self, folder: Path, recorder: SessionRecorder, meta: Meta) -> DiskKeeper:
        return DiskKeeper(
            folder,
            recorder,
            meta,
            record_steps=max(1, round(self.interval / meta.step)),
            checkpoint_steps=max(1, round(CHECKPOINT_INTERVAL / meta.step)),
        )

    def kept(self) -> tuple[list[Kept], list[Unopened]]:
        """Sessions that were open when the server ended, the newest first; and what is not one.

        Which is the newest is told by numbers: clocks are set forward and back.
        """
        found: list[Kept] = []
        unopened: list[Unopened] = []
        last = 0
        self._clear()
        try:
            folders = sorted(self.folder.iterdir())
        except OSError as error:
            raise InputError(
                f"cannot be read: {error.strerror}", self.folder, key="--state"
            ) from None
        for folder in folders:
            if folder.suffix != ".zarr" or "." in folder.stem or _is_recording_only(folder):
                continue
            kept = through_the_door(folder, partial(_read, folder))
            if isinstance(kept, Unopened):
                unopened.append(kept)
                continue
            last = max(last, kept.meta.number)
            if not kept.meta.closed:
                found.append(kept)
        self._numbers = count(last + 1)
        found.sort(key=lambda kept: (kept.meta.number, kept.meta.created), reverse=True)
        return found, unopened

    def _clear(self) -> None:
        """Remove what a crash left half made: nobody was told that it was there."""
        for leftover in self.folder.glob("*.undone-*.partial"):
            shutil.rmtree(leftover, ignore_errors=True)
        for making in self.folder.glob(f"*{MAKING}"):
            folder = making.with_suffix(".zarr")
            if not os.path.lexists(folder / META):
                shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                making.unlink()

    def restore(self, kept: Kept) -> Session:
        """A session as its last checkpoint and command log leave it, ready to start.

        Raises
        ------
        NotNow : its layout or scenario cannot be opened
        InputError : these have changed since, or what was kept is damaged
        """
        folder, meta = kept.folder, kept.meta
        file = folder / COMMANDS
        journal = Journal.read(file)
        check_times(journal, meta.step, file)
        done = len(journal.entries) if meta.followed is None else meta.followed
        if done > len(journal.entries):
            raise InputError(
                "the command log is shorter than it was",
                file,
                found=f"{len(journal.entries)} lines",
                allowed=f"at least {done}, as {META} says",
            )
        try:
            simulation = Origin.of(meta).simulation()
        except (TwinError, OSError) as error:
            raise NotNow(f"its layout or scenario cannot be opened: {error}") from error
        check_same(meta, simulation, folder)
        _check_changes(journal, simulation, file)
        start = Moment(simulation.steps, 0, simulation.snapshot())
        recorder = SessionRecorder(folder, simulation, interval=self.interval, resume=True)
        cut_torn_line(file)
        cut = cut_to_follow(journal, done, meta.step)
        meta = replace(meta, followed=len(journal.entries))
        if cut is not None:
            carry_out(cut, folder, recorder)
            write_meta(folder, meta)
        commands = 0
        mark, size = mark_of(meta), simulation.state.buffer.size
        for checkpoint in checkpoints_on_the_way(folder, journal, meta.step, mark, size):
            simulation.restore(checkpoint.snapshot)
            commands = checkpoint.commands
            break
        drop_checkpoints_after(folder, simulation.steps)
        made = [e for e in journal.active[:commands] if e.steps == simulation.steps]
        drop_events_after(folder, simulation.steps, simulation.time, len(made))
        recorded = round(max(recorder.last_time, 0.0) / meta.step)
        session = Session(
            meta.id,
            SimulationSubject(simulation),
            title=meta.title,
            speed=parse_speed(meta.speed),
            paused=meta.paused,
            journal=journal,
            keeper=self._keeper(folder, recorder, meta),
            parent=meta.parent,
            goal=way_to_go(
                journal, commands, simulation.steps, meta.step, begun=meta.goal, recorded=recorded
            ),
            commands=commands,
            keep_replay=True,
            start=start,
        )
        session.created = meta.created
        session.events.load(read_kept_events(folder)[0])
        return session


def _read(folder: Path) -> Kept:
    """The facts of a kept session; raises InputError or OSError."""
    if not folder.is_dir():
        folder.stat()  # raises what the matter is, such as a link that leads in a circle
        raise InputError("not a folder", folder)
    meta = read_meta(folder)
    if meta.id != folder.stem or not is_name(meta.id):
        raise InputError(
            "the recording of another session, or under a name that no session can have",
            folder / META,
            key="id",
            found=meta.id[:60],
        )
    parse_speed(meta.speed)
    return Kept(folder, meta)


def _check_changes(journal: Journal, simulation: Simulation, file: Path) -> None:
    """Refuse a log with a change that this factory cannot have seen; raises InputError."""
    for number, entry in enumerate(journal.entries, start=1):
        if entry.kind in STATE_KINDS:
            try:
                controls.check(simulation.plant, entry.command())
            except InputError as error:
                raise replace(error, file=file, line=number) from None


def _is_recording_only(folder: Path) -> bool:
    """Whether a folder is somebody's recording of a run, which is none of ours."""
    return (
        (folder / "zarr.json").is_file()
        and any(folder.glob("*/time/c/*"))
        and not any(any(folder.glob(name)) for name in (META, COMMANDS, "checkpoint-*"))
    )


def way_to_go(
    journal: Journal, commands: int, steps: int, step: float, begun: int = 0, recorded: int = 0
) -> int | None:
    """Steps to repeat up to until all that is kept is caught up with, or None when it is already.

    Commands given after a checkpoint and before the next step count, although no step follows them.
    ``begun`` and ``recorded`` are the steps of a branch's beginning and of the last frame.
    """
    reached = max(journal.reached(step, begun), recorded)
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
    if meta.step != simulation.step:
        raise InputError(
            "the step is not that of the scenario",
            folder / META,
            key="step",
            found=f"{meta.step:g} s",
            allowed=f"{simulation.step:g} s",
        )
