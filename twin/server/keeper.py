"""Keeps a session on disk: recording, command log, events, checkpoints.

The session's thread only copies; a writer thread does everything that may wait for the disk, in the
order in which things happened, so that what is on disk is always a state that once was. When the
disk refuses (full, quota), the writer tries again until it can, and the session stands still.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import InputError, TwinError
from twin.recording import read_events
from twin.server.aside import keep_undone
from twin.server.checkpoint import Checkpoint, drop_checkpoints_after, write_checkpoint
from twin.server.journal import COMMANDS, Entry, append_line, entry_line
from twin.server.session_recorder import SessionRecorder

if TYPE_CHECKING:
    from twin.server.session import Session

log = logging.getLogger("twin.keeper")
Work = Callable[[], None]

CHECKPOINT_INTERVAL = 10.0  # simulated s between checkpoints
CHECKPOINT_PAUSE = 1.0  # s of the clock between checkpoints, however fast time goes
FRAMES_AT_ONCE = 32  # per write: a chunk of the recording
MAXIMUM_BEHIND = 32  # frames from which a session without a promised pace waits
MAXIMUM_WAITING_BYTES = 256 * 2**20
RETRY = 0.5  # s between attempts to write to a disk that refuses
RESERVE = 32 * 2**20  # bytes of the disk left free, at most a tenth of it
FULL = "no space left for the recording"
META, EVENTS = "session.json", "events.jsonl"


@dataclass(frozen=True)
class Meta:
    """What a session was made of, kept beside its recording."""

    id: str
    title: str
    layout: str
    digest: str
    scenario: str | None
    scenario_digest: str
    seed: int | None
    step: float
    created: float
    parent: str | None
    speed: float | str
    paused: bool
    closed: bool = False


class DiskKeeper:
    """Keeper of one session in one folder, which is also its recording."""

    def __init__(
        self,
        folder: Path,
        recorder: SessionRecorder,
        meta: Meta,
        *,
        record_steps: int,
        checkpoint_steps: int,
    ):
        self.folder, self.recorder, self.meta = folder, recorder, meta
        self.record_steps, self.checkpoint_steps = record_steps, checkpoint_steps
        self.lost_frames = 0
        self.checkpoints = 0
        self._wake = threading.Condition()
        self._urgent: deque[Work] = deque()  # command lines, which someone waits for
        self._queue: deque[Work] = deque()
        self._waiting_bytes = 0
        self._waiting_frames = 0
        self._checkpoint_waits = False
        self._last_checkpoint = (-1, 0.0)  # steps, clock
        self._events_seen = 0
        self._last_time = recorder.last_time  # of the frames taken
        self._ending = threading.Event()
        self._give_up = False
        self._session: Session | None = None
        self._held = False
        self._thread = threading.Thread(target=self._run, name=f"keep-{meta.id}", daemon=True)

    # --- on the session's thread ------------------------------------------------------------------

    def begin(self, session: Session) -> None:
        """Begin to keep a session; its first frame and checkpoint are taken here."""
        self._session = session
        self._thread.start()
        self._put_meta(session)
        if not (self.folder / COMMANDS).is_file():
            for entry in session.journal.entries:  # what a branch brought from its parent
                self.after_change(session, entry)
        self._events_seen = session.events.total
        if not session.seeking:
            self.after_step(session)

    def after_step(self, session: Session) -> None:
        """Take a frame and a checkpoint if due."""
        steps = session.subject.steps
        if steps % self.record_steps == 0:
            self._take_frame(session)
        last, clock = self._last_checkpoint
        due = last < 0 or steps - last >= self.checkpoint_steps
        if due and not self._checkpoint_waits and time.monotonic() - clock >= CHECKPOINT_PAUSE:
            self._take_checkpoint(session)

    def after_change(self, session: Session, entry: Entry) -> Future[None]:
        """Log a command; the future ends when it is on disk."""
        done: Future[None] = Future()
        line = entry_line(entry)

        def write() -> None:
            append_line(self.folder / COMMANDS, line)
            if done.set_running_or_notify_cancel():
                done.set_result(None)

        self._put(write, urgent=True)
        if entry.kind in ("pause", "resume", "speed"):
            self._put_meta(session)
        return done

    def rewound(self, session: Session, steps: int) -> None:
        """Time is set back to ``steps``; what was recorded of later times is kept aside."""
        moment = steps * session.subject.step
        entries = len(session.journal.entries) - 1  # without the line that sets it back
        lines = self._fresh_events(session)
        kept: list[Path] = []

        def write() -> None:
            if self.recorder.waiting:
                self._flush()
            self._write_events(lines)
            if not kept and self.recorder.last_time > moment + 1e-9:
                kept.append(keep_undone(self.folder, entries))
            self.recorder.truncate(moment)
            drop_checkpoints_after(self.folder, steps)
            drop_events_after(self.folder, steps, moment)

        self._last_time = moment
        self._last_checkpoint = (-1, 0.0)
        self._put(write)

    def close(self, session: Session, final: bool = False) -> None:
        """Write a last checkpoint and end. ``final``: the session shall not be offered again."""
        if not session.failure and session.subject.repeatable and not session.seeking:
            self._take_checkpoint(session)
        self._put_meta(session, closed=final)
        self._ending.set()
        with self._wake:
            self._wake.notify()
        self._thread.join(4.0)

    @property
    def behind(self) -> bool:
        """Whether it is better to wait than to take more."""
        return self._waiting_frames > MAXIMUM_BEHIND

    @property
    def full(self) -> bool:
        """Whether frames wait for the disk up to the bound."""
        return self._waiting_bytes > MAXIMUM_WAITING_BYTES

    def _take_frame(self, session: Session) -> None:
        if session.subject.time <= self._last_time:
            return
        self._last_time = session.subject.time
        if self.full:
            if self.lost_frames == 0:
                session.add_event("alarm", "the disk is too slow; frames of the recording are lost")
            self.lost_frames += 1
            return
        moment, frame = session.subject.time, self.recorder.take()
        size = sum(values.nbytes for values in frame.values())
        self._count(1, size)

        def write() -> None:
            self.recorder.put(moment, frame)
            self._count(-1, -size)
            if self.recorder.waiting >= FRAMES_AT_ONCE:
                self._try(self._flush)

        self._put(write)

    def _take_checkpoint(self, session: Session) -> None:
        subject = session.subject
        snapshot = subject.snapshot()  # type: ignore[attr-defined]
        commands, entries = session.timeline.commands_done, len(session.journal.entries)
        events = session.events.total
        lines = self._fresh_events(session)
        self._checkpoint_waits = True
        self._last_checkpoint = (subject.steps, time.monotonic())

        def write() -> None:
            self._flush()
            self._write_events(lines)
            write_checkpoint(self.folder, Checkpoint(snapshot, commands, entries, events))
            self.checkpoints += 1
            self._checkpoint_waits = False

        self._put(write)

    def _fresh_events(self, session: Session) -> list[str]:
        lines = [json.dumps(row) for row in session.events.rows_after(self._events_seen)]
        self._events_seen = session.events.total
        return lines

    def _write_events(self, lines: list[str]) -> None:
        if lines:
            append_line(self.folder / EVENTS, "\n".join(lines))
            lines.clear()  # not again when what follows has to be tried again

    def _put_meta(self, session: Session, closed: bool = False) -> None:
        values = asdict(self.meta) | {
            "speed": session.status()["speed"],
            "paused": session.paused,
            "closed": closed,
        }
        self.meta = Meta(**values)
        meta = self.meta
        self._put(lambda: write_meta(self.folder, meta))

    def _count(self, frames: int, size: int) -> None:
        with self._wake:
            self._waiting_frames += frames
            self._waiting_bytes += size

    def _put(self, work: Work, urgent: bool = False) -> None:
        with self._wake:
            (self._urgent if urgent else self._queue).append(work)
            self._wake.notify()

    # --- the writer thread ------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._urgent or self._queue or self._ending.is_set()):
                    self._wake.wait()
                urgent = bool(self._urgent)
                work = self._next()
            if work is None:
                with contextlib.suppress(OSError, TwinError):
                    self._flush()
                    self.recorder.close()
                return
            self._try(work, urgent)

    def _next(self) -> Work | None:
        """What to do next: command lines go before frames, never after what followed them."""
        if self._urgent:
            return self._urgent.popleft()
        return self._queue.popleft() if self._queue else None

    def _flush(self) -> None:
        usage = shutil.disk_usage(self.folder)
        if usage.free < min(RESERVE, usage.total // 10):
            raise OSError(28, FULL)
        self.recorder.write()

    def _try(self, work: Work, urgent: bool = False) -> None:
        while not self._give_up:
            try:
                work()
                self._held_is(False)
                return
            except (OSError, InputError) as error:
                log.warning("recording waits: %s", error, extra={"session": self.meta.id})
                self._held_is(True)
                if self._ending.is_set():
                    self._give_up = True  # what is on disk stays; there is no time to wait
                    return
                if not urgent:
                    self._write_commands()
                self._ending.wait(RETRY)
            except Exception:
                log.exception("recording failed", extra={"session": self.meta.id})
                return

    def _write_commands(self) -> None:
        """Commands are a few bytes, which there may be space for, and someone waits for them."""
        while self._urgent:
            try:
                self._urgent[0]()
            except OSError:
                return
            self._urgent.popleft()

    def _held_is(self, held: bool) -> None:
        session = self._session
        if held == self._held or session is None:
            return
        self._held = held
        with contextlib.suppress(TwinError):
            if held:
                session.call(lambda: session.hold_for(FULL))
            else:
                session.call(lambda: session.release(FULL))


def drop_events_after(folder: Path, steps: int, moment: float) -> None:
    """Remove events of later steps from a session's log, which end at a time. Raises OSError."""
    events = read_events(folder)
    kept = [
        event
        for event in events
        if (event["steps"] <= steps if "steps" in event else event["time"] <= moment + 1e-9)
    ]
    if len(kept) < len(events):
        partial = folder / (EVENTS + ".partial")
        partial.write_text("".join(json.dumps(event) + "\n" for event in kept), encoding="utf-8")
        partial.replace(folder / EVENTS)


def write_meta(folder: Path, meta: Meta) -> None:
    """Write a session's facts, whole or not at all. Raises OSError."""
    partial = folder / (META + ".partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            json.dump(asdict(meta), file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / META)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read_meta(folder: Path) -> Meta:
    """Read a session's facts; raises InputError."""
    file = folder / META
    try:
        return Meta(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError("not the recording of a session (no session.json in it)", folder) from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"facts of the session cannot be read: {error}", file) from None
