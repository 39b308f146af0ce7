"""The command log of a session: who changed what, when, from what to what.

Commands are identified by the step before which they were carried out, so that the log and the
start decide every bit of what followed.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from twin.controls import Command
from twin.errors import InputError

Kind = Literal["set", "inject", "clear", "seek", "pause", "resume", "step", "speed", "note"]
STATE_KINDS = ("set", "inject", "clear")
MAXIMUM_ENTRIES = 100_000
COMMANDS = "commands.jsonl"


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Attributes
    ----------
    steps, time : steps done and simulated seconds when it was carried out
    wall : seconds since 1970
    who : name of the operator's token, or the address it came from
    kind : a change of the state (set, inject, clear), or of the session (seek, pause, speed...)
    path, key, value : what was asked for
    elements, before, after : how many elements changed, and the first one's value
    kept : seek only: number of state changes that stay in force
    """

    steps: int
    time: float
    wall: float
    who: str
    kind: Kind
    path: str = ""
    key: str = ""
    value: float | str | None = None
    elements: int = 0
    before: float | None = None
    after: float | None = None
    kept: int | None = None

    def target(self, step: float) -> int:
        """Steps a seek went to."""
        return round(float(self.value or 0.0) / step)

    def command(self) -> Command:
        """The change of the state to carry out again."""
        return Command(
            cast(Literal["set", "inject", "clear"], self.kind), self.path, self.key, self.value
        )


@dataclass(frozen=True)
class Undone:
    """A future that was left by going back.

    Attributes
    ----------
    number : 1, 2... in the order in which they were left
    left : the line of the log with which that was done: when, by whom, and where it stood
    changes : all changes of the state that led there
    """

    number: int
    left: Entry
    changes: tuple[Entry, ...]


@dataclass
class Journal:
    """The log in memory. Its session's keeper writes it, if there is one.

    ``active`` holds the state changes that led to the present; seeking back drops those after.
    """

    entries: list[Entry] = field(default_factory=list)
    active: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Log an entry; raises InputError when the log is full."""
        if len(self.entries) >= MAXIMUM_ENTRIES:
            raise InputError(
                "the session's command log is full",
                allowed=f"{MAXIMUM_ENTRIES} commands; go on in a branch",
            )
        self.entries.append(entry)
        if entry.kind in STATE_KINDS:
            self.active.append(entry)
        elif entry.kind == "seek" and entry.kept is not None:
            del self.active[entry.kept :]

    def left(self) -> list[Undone]:
        """Futures that were left by going back, the oldest first; nothing of them is forgotten."""
        found: list[Undone] = []
        active: list[Entry] = []
        for entry in self.entries:
            if entry.kind in STATE_KINDS:
                active.append(entry)
            elif entry.kind == "seek" and entry.kept is not None:
                if float(entry.value or 0.0) < entry.time:
                    found.append(Undone(len(found) + 1, entry, tuple(active)))
                del active[entry.kept :]
        return found

    def reached(self, step: float) -> int:
        """Steps that the present has reached at least, by what is logged."""
        steps = 0
        for entry in self.entries:
            steps = entry.target(step) if entry.kind == "seek" else max(steps, entry.steps)
        return steps

    def due(self, steps: int, after: int) -> list[Entry]:
        """Active changes at ``steps`` that are not among the first ``after``."""
        return [entry for entry in self.active[after:] if entry.steps == steps]

    @classmethod
    def read(cls, file: Path) -> Journal:
        """Read a log; a last line that a crash cut short is left out and removed.

        Raises InputError, with the line, for anything else that is not a log.
        """
        journal = cls()
        if file.is_file():
            data = file.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            if len(whole) < len(data):
                with file.open("r+b") as handle:
                    handle.truncate(len(whole))
            for number, line in enumerate(whole.splitlines(), start=1):
                try:
                    journal.add(_entry(json.loads(line)))
                except (ValueError, TypeError) as error:
                    raise InputError(f"not a command log: {error}", file, number) from None
        return journal


def entry_line(entry: Entry) -> str:
    """An entry as one line of JSON."""
    return json.dumps(_finite(asdict(entry)))


def append_line(file: Path, line: str) -> None:
    """Append a whole line and wait until it is on disk; leaves no part of it when that fails."""
    with file.open("ab") as handle:
        size = handle.tell()
        try:
            handle.write(line.encode() + b"\n")
            handle.flush()
            os.fsync(handle.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # the reader cuts a partial last line as well
                os.truncate(file, size)
            raise


def _entry(row: Any) -> Entry:
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    for key in ("before", "after", "value"):
        if row.get(key) in ("inf", "-inf"):
            row[key] = float(row[key])
    return Entry(**row)


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity: those become text."""
    return {
        key: str(value)
        if isinstance(value, float) and value in (float("inf"), float("-inf"))
        else value
        for key, value in row.items()
    }
