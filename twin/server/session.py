"""A session: one factory in motion on its own thread, paced by the clock, changed by commands.

Everything that touches the subject runs on the session's thread. Others hand it jobs
(:meth:`Session.call`) and get a future; nothing they do, and no viewer, disk or network, holds the
thread up for longer than the job itself takes.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import numpy as np

from physics.factory.arrays import Floats
from twin.controls import Applied, Command
from twin.errors import InputError, TwinError
from twin.server.event_log import EventLog
from twin.server.goals import Goals, Reached
from twin.server.jobs import Jobs
from twin.server.journal import Entry, Journal
from twin.server.keeping import Busy, Gone, Keeper
from twin.server.pacing import Schedule
from twin.server.publisher import Publisher
from twin.server.rewind import cut_to_follow
from twin.server.session_status import sample_of, session_status
from twin.server.snapshots import Moment
from twin.server.subject import Subject
from twin.server.timeline import Timeline

log = logging.getLogger("twin.session")
T = TypeVar("T")

BATCH = 0.02  # s of computing between looks at jobs and views
AFTER_FAILURE = 0.5  # s between attempts to serve jobs after what should not happen
MAXIMUM_SINGLE_STEPS = 100_000


class Session:
    """One factory in motion.

    Attributes
    ----------
    id, title : name in addresses, and for people
    subject, timeline, journal : what moves, the way it has come, its command log
    events : what happened
    paused : whether time stands still
    failure : why it stopped for good, or empty
    """

    def __init__(
        self,
        id: str,
        subject: Subject,
        *,
        title: str = "",
        speed: float = 1.0,
        paused: bool = False,
        journal: Journal | None = None,
        keeper: Keeper | None = None,
        parent: str | None = None,
        goal: int | None = None,
        commands: int = 0,
        keep_replay: bool = False,
        start: Moment | None = None,
    ):
        self.id, self.title, self.subject, self.parent = id, title or subject.name, subject, parent
        self.timeline = Timeline(subject, journal, commands)
        if start is not None:
            self.timeline.snapshots.add(start)
        self.journal = self.timeline.journal
        self.undone = len(self.journal.left())
        self.keeper = keeper
        self.created = time.time()
        self.failure = ""
        self.logged: Future[None] | None = None  # ends when the last line of the log is on disk
        self.final = False  # closed by a user, not by the end of the server
        self.hold = ""  # why it may not go on for the moment (no space on disk)
        self.step_seconds = 0.0
        self.steps_done = 0
        self.events = EventLog()
        self.publisher = Publisher(id, subject.digest)
        self.schedule = Schedule(speed, time.monotonic(), subject.time)
        self._paused = paused
        self._events_read = 0
        self._goals = Goals()
        self._jobs = Jobs()
        self._fresh = True  # whether the state moved since the last sample
        self._stale = True  # whether viewers must hear of a change that is not a step
        self._keep_replay = keep_replay  # the way to the first goal is recorded again
        if goal is not None:
            self._goals.add(goal, replay=True)
        self._thread = threading.Thread(target=self._run, name=f"session-{id}", daemon=True)

    # --- from other threads -----------------------------------------------------------------------

    def start(self) -> Session:
        """Begin to run."""
        self._thread.start()
        return self

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Run ``function`` on the session's thread; raises Busy or Gone when it cannot be."""
        return self._jobs.call(function)

    def poke(self) -> None:
        """A view was added: show it the present state even when time stands still."""
        self._jobs.poke()

    def close(self, timeout: float = 5.0) -> None:
        """End the session; what is recorded is closed and readable."""
        self._jobs.close()
        if self._thread.is_alive():
            self._thread.join(timeout)
        self.publisher.close()

    @property
    def paused(self) -> bool:
        """Whether time stands still."""
        return self._paused

    @property
    def speed(self) -> float:
        """Simulated seconds per second asked for; inf is as fast as it goes."""
        return self.schedule.speed

    @property
    def seeking(self) -> bool:
        """Whether the session is on its way to a moment and takes no commands."""
        return self._goals.seeking

    @property
    def ended(self) -> bool:
        """Whether it was closed and nothing of it runs any more."""
        return self._jobs.closing and not self._thread.is_alive()

    def status(self) -> dict[str, Any]:
        """Where it stands, as plain data."""
        return session_status(self)

    # --- jobs (on the session's thread, through call) ---------------------------------------------

    def change(self, command: Command, who: str) -> tuple[Applied, Future[None] | None]:
        """Carry a change of the state out and log it. Raises InputError or Busy.

        Returns what it did, and what to wait for until it is kept.
        """
        if self.seeking:
            raise Busy("the session is on its way to another time; try again")
        if self.failure:
            raise Busy(f"the session has stopped: {self.failure}")
        applied, entry = self.timeline.change(command, who)
        if self.keeper is not None:
            self.logged = self.keeper.after_change(self, entry)
        self._stale = True
        self._collect_events()
        return applied, self.logged

    def set_paused(self, paused: bool, who: str) -> None:
        """Stop or go on."""
        if not paused and self.failure:
            raise Busy(f"the session has stopped: {self.failure}")
        if not paused and self.subject.finished:
            raise Busy("nothing follows; seek back first")
        self._note(who, "pause" if paused else "resume")
        self._paused = paused
        if paused and not self.seeking:
            self._goals.end(self.status())  # steps not done yet are not done
        self._restart()

    def set_speed(self, speed: float, who: str) -> None:
        """Change the pace."""
        self._note(who, "speed", "max" if math.isinf(speed) else speed)
        self._restart(speed)

    def run_steps(self, count: int, who: str) -> Reached:
        """Do ``count`` steps as fast as it goes, paused or not; the future ends with the last."""
        if not 1 <= count <= MAXIMUM_SINGLE_STEPS:
            raise InputError(
                "number of steps out of range",
                key="value",
                found=str(count),
                allowed=f"1 to {MAXIMUM_SINGLE_STEPS}",
            )
        if self.seeking:
            raise Busy("the session is on its way to another time; try again")
        self._note(who, "step", count)
        return self._goals.add(self.subject.steps + count, replay=False)

    def seek(self, moment: float, who: str) -> Reached:
        """Go to a simulated time. Ends when there.

        What came after leaves the present, not the log: :meth:`origin` finds it, and its recording
        is set aside. Raises InputError for a time before the start or one not reached yet.
        """
        if not self.subject.repeatable:
            self.subject.seek(moment)  # type: ignore[attr-defined]
            self.events.forget_after(self.subject.steps)
            until, _ = self.subject.events_since(0)
            self._events_read = min(self._events_read, until)
            self._collect_events()  # those passed over on the way forward
            self._restart()
            future: Reached = Future()
            future.set_result(self.status())
            return future
        target = self.timeline.steps_of(moment, self._latest())
        start, kept = self.timeline.before(target)
        line = len(self.journal.entries)
        self._note(who, "seek", moment, kept=kept)
        cut = cut_to_follow(self.journal, line, self.subject.step)
        if self.keeper is not None and cut is not None:
            self.keeper.rewound(self, cut)
        self.undone = len(self.journal.left())
        self.timeline.go_back(start)
        self.failure = ""
        self._forget_events(target)
        self._goals.give_up(Busy("the session went to another time instead"))
        self._keep_replay = False
        return self._goals.add(target, replay=True)

    def origin(
        self, moment: float | None = None, undone: int | None = None
    ) -> tuple[Moment, list[Entry], int]:
        """What a branch begins from: a snapshot before it, changes, steps to go to.

        At a time, or where the session stands; with ``undone`` in the future of that number that
        was left by going back, or where that stood. Raises InputError.
        """
        return self.timeline.origin(moment, undone, self._latest())

    def read(self, name: str) -> Floats:
        """A copy of a channel."""
        return np.array(self.subject.channel(name), dtype=np.float64)

    def add_event(self, kind: str, message: str, path: str = "/") -> None:
        """Log an event of the session itself."""
        self.events.add(self.subject.time, path, kind, message, self.subject.steps + 1)

    def release(self, reason: str) -> None:
        """End a hold of that reason and go on."""
        if self.hold == reason:
            self.hold = ""
            self._restart()

    def hold_for(self, reason: str) -> None:
        """Stand still until :meth:`release`."""
        if not self.hold:
            self.hold = reason
            self.add_event("alarm", reason)
            self._restart()

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        turn = self._begin
        try:
            while not self._jobs.closing:
                try:
                    turn()
                except Exception as error:
                    message = str(error) or type(error).__name__
                    if message != self.failure:  # else it is tried again, and fails again
                        if isinstance(error, TwinError):
                            log.error("session %s stopped: %s", self.id, message)
                        else:
                            log.exception("session %s stopped", self.id)
                        self._fail(message)
                    self._jobs.wait(AFTER_FAILURE)
                turn = self._turn
        finally:
            self._end()

    def _begin(self) -> None:
        self.timeline.begin()
        if self.keeper is not None:
            self.keeper.begin(self)

    def _turn(self) -> None:
        self._jobs.run()
        wait = self._wait()
        if wait == 0.0:
            self._batch()
            return
        self._sample(time.monotonic())
        if wait is None and self.keeper is not None:
            wait = self.keeper.at_rest(self)
        self._jobs.wait(wait)

    def _wait(self) -> float | None:
        """Seconds until the next step; None when none is to come by itself."""
        if self.failure or (self.hold and not self.seeking):
            return None
        if self._goals:
            return 0.0
        if self._paused:
            return None
        if math.isinf(self.speed) and self.keeper is not None and self.keeper.behind:
            return 0.05  # nothing is lost by waiting when no pace was promised
        return self.schedule.wait(time.monotonic(), self.subject.time + self.subject.step)

    def _batch(self) -> None:
        began = time.monotonic()
        clock = began
        while True:
            if not self._step():
                break
            clock = time.monotonic()
            if self._jobs or self._jobs.closing or clock - began >= BATCH or self._wait() != 0.0:
                break
        self.schedule.note(clock, self.subject.time)
        self._collect_events()
        self._sample(clock)

    def _step(self) -> bool:
        """One step; False when it could not be done."""
        replaying = self.seeking
        began = time.perf_counter()
        try:
            if replaying:
                self.timeline.replay_changes()
            if not self._goals.is_due(self.subject.steps):
                self.timeline.step()
        except Exception as error:
            if not isinstance(error, TwinError):
                log.exception("session %s stopped", self.id)
            self._fail(str(error) or type(error).__name__)
            return False
        self.step_seconds = time.perf_counter() - began
        self.steps_done += 1
        self._fresh = True
        if self.keeper is not None and (not replaying or self._keep_replay):
            self.keeper.after_step(self)
        arrived = False
        while self._goals and (self._goals.is_due(self.subject.steps) or self.subject.finished):
            goal = self._goals.waiting[0]
            if goal.replay:
                self.timeline.replay_changes()
                arrived = not self._keep_replay
                self._keep_replay = False
            self._goals.end_first(self.status())
            self._restart()
        if arrived:
            self._pass_over_events()
            if self.keeper is not None:
                self.keeper.after_step(self)
        if self.subject.finished and not self._paused:
            self._paused = True
            self._restart()
            self.add_event("session", "end reached")
        return not self._paused or bool(self._goals)

    def _fail(self, message: str) -> None:
        self.failure = message
        self._goals.give_up(Busy(f"the session has stopped: {message}"))
        self.add_event("failure", message)
        self._restart()

    def _sample(self, clock: float) -> None:
        """Copy the channels of views that are due and hand them to the publisher."""
        slices = self.publisher.due(clock, fresh=self._fresh, everything=self._stale)
        self._stale = False
        if slices is None:
            return
        self._fresh = False
        self.publisher.offer(sample_of(self, slices))

    def _collect_events(self) -> None:
        total, fresh = self.subject.events_since(self._events_read)
        self._events_read = total
        if self.seeking and not self._keep_replay:
            return
        for event in fresh:
            steps = self.subject.steps if event.steps is None else event.steps
            self.events.add(event.time, event.path, event.kind, event.message, steps)

    def _pass_over_events(self) -> None:
        """Steps done again bring events that are known; a new branch knows none of its past yet."""
        new = self.parent is not None and not len(self.events)
        self._events_read = 0 if new else self.subject.events_since(0)[0]

    def _forget_events(self, steps: int) -> None:
        self.events.forget_after(steps)
        self._events_read, _ = self.subject.events_since(0)

    def _note(
        self, who: str, kind: Any, value: float | str | None = None, *, kept: int | None = None
    ) -> None:
        entry = self.timeline.note(who, kind, value, kept=kept)
        if self.keeper is not None:
            self.logged = self.keeper.after_change(self, entry)

    def _latest(self) -> int:
        return max(self.subject.steps, self._goals.latest)

    def _restart(self, speed: float | None = None) -> None:
        self.schedule.restart(time.monotonic(), self.subject.time, speed)
        self._stale = True

    def _end(self) -> None:
        self._jobs.refuse()
        self._goals.give_up(Gone("the session is closed"))
        if self.keeper is not None:
            try:
                self.keeper.close(self, self.final)
            except Exception:
                log.exception("session %s: recording could not be closed", self.id)
