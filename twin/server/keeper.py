"""Keeps a session on disk: recording, command log, events, checkpoints.

The session's thread only copies; a writer thread does everything that may wait for the disk, in the
order in which things happened, so that what is on disk is always a state that once was. When the
disk refuses (full, quota), the writer tries again until it can, and the session stands still.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import TwinError
from twin.server.checkpoint import Checkpoint, mark_of, write_checkpoint
from twin.server.journal import COMMANDS, Entry, append_line, entry_line
from twin.server.kept_events import EVENTS
from twin.server.meta import Meta, write_meta
from twin.server.rewind import Cut, carry_out
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
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


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
        self._held = ""
        self._mark = mark_of(meta)
        self._thread = threading.Thread(target=self._run, name=f"keep-{meta.id}", daemon=True)

    # --- on the session's thread ------------------------------------------------------------------

    def begin(self, session: Session) -> None:
        """Begin to keep a session; its first frame and checkpoint are taken here."""
        self._session = session
        self._thread.start()
        self._put_meta(session)
        self._events_seen = session.events.total
        if not session.seeking:
            self.after_step(session)

    def after_step(self, session: Session) -> None:
        """Take a frame and a checkpoint if due."""
        steps = session.subject.steps
        if steps % self.record_steps == 0:
            self._take_frame(session)
        last = self._last_checkpoint[0]
        due = last < 0 or steps - last >= self.checkpoint_steps
        if due and self._pause() == 0.0:
            self._take_checkpoint(session)

    def at_rest(self, session: Session) -> float | None:
        """Nothing moves: take a checkpoint of where it stands; seconds until that may be taken."""
        if session.failure or self._last_checkpoint[0] == session.subject.steps:
            return None
        if (pause := self._pause()) > 0.0:
            return pause
        self._take_checkpoint(session)
        return None

    def _pause(self) -> float:
        """Seconds until a checkpoint may be taken; 0 when it may."""
        since = time.monotonic() - self._last_checkpoint[1]
        if self._checkpoint_waits:
            return CHECKPOINT_PAUSE
        return max(0.0, CHECKPOINT_PAUSE - since)

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

    def rewound(self, session: Session, cut: Cut) -> None:
        """Time is set back; what was recorded of later times is kept aside."""
        lines = self._fresh_events(session)
        self.meta = replace(self.meta, followed=len(session.journal.entries))
        meta = self.meta

        def write() -> None:
            self._need_space()
            if self.recorder.waiting:
                self.recorder.write()
            self._write_events(lines)
            carry_out(cut, self.folder, self.recorder)
            write_meta(self.folder, meta)

        self._last_time = cut.moment
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
        if self._thread.is_alive():
            self._thread.join()

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
            checkpoint = Checkpoint(snapshot, commands, entries, events)
            write_checkpoint(self.folder, checkpoint, self._mark)
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
        speed = session.status()["speed"]
        self.meta = replace(self.meta, speed=speed, paused=session.paused, closed=closed)
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
                try:
                    self._flush()
                    self.recorder.close()
                except Exception as error:  # what is on disk can be read and gone on with as it is
                    log.warning("recording not closed: %s", error, extra={"session": self.meta.id})
                return
            self._try(work, urgent)

    def _next(self) -> Work | None:
        """What to do next: command lines go before frames, never after what followed them."""
        if self._urgent:
            return self._urgent.popleft()
        return self._queue.popleft() if self._queue else None

    def _flush(self) -> None:
        self._need_space()
        self.recorder.write()

    def _need_space(self) -> None:
        usage = shutil.disk_usage(self.folder)
        if usage.free < min(RESERVE, usage.total // 10):
            raise OSError(errno.ENOSPC, FULL)

    def _try(self, work: Work, urgent: bool = False) -> None:
        """Do it, again and again until it can be done; the session stands still meanwhile."""
        while not self._give_up:
            try:
                work()
            except Exception as error:  # whatever it is, nothing may be left out
                self._hold(error)
            else:
                self._release()
                return
            if self._ending.is_set():
                self._give_up = True  # what is on disk stays; there is no time to wait
                return
            if not urgent:
                self._write_commands()
            self._ending.wait(RETRY)

    def _write_commands(self) -> None:
        """Commands are a few bytes, which there may be space for, and someone waits for them."""
        while self._urgent:
            try:
                self._urgent[0]()
            except OSError:
                return
            self._urgent.popleft()

    def _hold(self, error: Exception) -> None:
        """Let the session stand still and say why."""
        reason = _reason(error)
        if reason == self._held:
            return
        expected = isinstance(error, OSError | TwinError)
        log.warning(
            "recording waits: %s",
            error,
            extra={"session": self.meta.id},
            exc_info=None if expected else error,
        )
        self._tell(self._held, reason)

    def _release(self) -> None:
        """Let the session go on."""
        if self._held:
            log.info("recording goes on", extra={"session": self.meta.id})
            self._tell(self._held, "")

    def _tell(self, before: str, now: str) -> None:
        session, self._held = self._session, now
        if session is None:
            return

        def tell() -> None:
            if before:
                session.release(before)
            if now:
                session.hold_for(now)

        with contextlib.suppress(TwinError):
            session.call(tell)


def _reason(error: Exception) -> str:
    """Why the recording waits, as a session tells it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError):
            if cause.errno in NO_SPACE:
                return FULL
            return f"the recording cannot be written: {cause.strerror or cause}"
        cause = cause.__cause__ or cause.__context__
    return f"the recording cannot be written: {error or type(error).__name__}"
