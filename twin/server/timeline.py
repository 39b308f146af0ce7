"""The way a subject has come: the changes made to it, and moments to go back to."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

from twin.controls import Applied, Command
from twin.errors import InputError
from twin.server.journal import MAXIMUM_ENTRIES, Entry, Journal, Undone
from twin.server.snapshots import Moment, Snapshots
from twin.server.subject import Subject

SNAPSHOT_INTERVAL = 60.0  # simulated s


class Timeline:
    """A subject with its command log and snapshots. One thread owns it.

    Attributes
    ----------
    subject : what moves
    journal : all commands, and the changes in force
    commands_done : how many of the changes in force the present state holds
    """

    def __init__(self, subject: Subject, journal: Journal | None = None, commands: int = 0):
        self.subject = subject
        self.journal = journal or Journal()
        self.commands_done = commands
        self.snapshots = Snapshots()
        self.snapshot_steps = max(1, round(SNAPSHOT_INTERVAL / subject.step))

    def begin(self) -> None:
        """Keep the moment at which it begins to run."""
        moments = self.snapshots.moments
        if self.subject.repeatable and not (moments and moments[-1].steps == self.subject.steps):
            self._keep_snapshot()

    def change(self, command: Command, who: str) -> tuple[Applied, Entry]:
        """Carry a change of the state out and log it; raises InputError and changes nothing."""
        if len(self.journal.entries) >= MAXIMUM_ENTRIES:
            raise InputError(
                "the session's command log is full",
                allowed=f"{MAXIMUM_ENTRIES} commands; go on in a branch",
            )
        applied = self.subject.apply(command)
        entry = Entry(
            self.subject.steps,
            self.subject.time,
            time.time(),
            who,
            command.kind,
            command.path,
            command.key,
            command.value,
            applied.elements,
            applied.before,
            applied.after,
        )
        self.journal.add(entry)
        self.commands_done = len(self.journal.active)
        return applied, entry

    def note(
        self, who: str, kind: Any, value: float | str | None = None, *, kept: int | None = None
    ) -> Entry:
        """Log a command that is no change of the state."""
        entry = Entry(self.subject.steps, self.subject.time, time.time(), who, kind, value=value)
        entry = replace(entry, kept=kept)
        self.journal.add(entry)
        return entry

    def step(self) -> None:
        """One step, and a snapshot if due."""
        self.subject.advance()
        if self.subject.repeatable and self.subject.steps % self.snapshot_steps == 0:
            self._keep_snapshot()

    def replay_changes(self) -> None:
        """Carry out the logged changes that were made at the present step."""
        for entry in self.journal.due(self.subject.steps, self.commands_done):
            self.subject.apply(entry.command())
            self.commands_done += 1

    def steps_of(self, moment: float, latest: int) -> int:
        """Steps of a simulated time; raises InputError unless it is one of 0..``latest``."""
        target = round(moment / self.subject.step) if math.isfinite(moment) else -1
        if not 0 <= target <= latest:
            raise InputError(
                "time out of range",
                key="time",
                found=f"{moment:g}",
                allowed=f"0 to {latest * self.subject.step:g} s of this session",
            )
        return target

    def before(self, target: int) -> tuple[Moment, int]:
        """Snapshot not after ``target`` steps, and how many changes came before that step."""
        if not self.subject.repeatable:
            raise InputError("a recording cannot be branched, only a simulation")
        try:
            start = self.snapshots.at(target)
        except LookupError:
            raise InputError("no snapshot is kept of a time that early", key="time") from None
        kept = sum(entry.steps < target for entry in self.journal.active)
        return start, max(kept, start.commands)

    def undone(self, number: int) -> Undone:
        """A future that was left by going back; raises InputError when there is no such one."""
        left = self.journal.left()
        if not 1 <= number <= len(left):
            raise InputError(
                "no such undone future",
                key="undone",
                found=str(number),
                allowed=f"1 to {len(left)}" if left else "none was left by going back",
            )
        return left[number - 1]

    def on_the_way(self, undone: Undone, target: int) -> Moment:
        """Latest snapshot that lies on the way to ``target`` steps of an undone future."""
        for moment in reversed(self.snapshots.moments):
            count = moment.commands
            if (
                moment.steps <= target
                and list(undone.changes[:count]) == self.journal.active[:count]
                and all(entry.steps >= moment.steps for entry in undone.changes[count:])
            ):
                return moment
        raise InputError("no snapshot is kept of a time that early", key="time")

    def origin(
        self, moment: float | None, undone: int | None, latest: int
    ) -> tuple[Moment, list[Entry], int]:
        """Snapshot, changes and steps to go to, of a time or in an undone future."""
        if undone is None:
            moment = self.subject.time if moment is None else moment
            target = self.steps_of(moment, latest)
            start, kept = self.before(target)
            return start, self.journal.active[:kept], target
        future = self.undone(undone)
        target = future.left.steps
        changes = list(future.changes)
        if moment is not None:
            target = self.steps_of(moment, target)
            changes = [entry for entry in changes if entry.steps < target]
        return self.on_the_way(future, target), changes, target

    def go_back(self, start: Moment) -> None:
        """Take the state of a moment and forget those after it."""
        self.subject.restore(start.snapshot)  # type: ignore[attr-defined]
        self.commands_done = start.commands
        self.snapshots.forget_after(start.steps)

    def _keep_snapshot(self) -> None:
        snapshot = self.subject.snapshot()  # type: ignore[attr-defined]
        self.snapshots.add(Moment(self.subject.steps, self.commands_done, snapshot))
