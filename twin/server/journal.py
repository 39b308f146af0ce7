"""The command log of a session: who changed what, when, from what to what.

Commands are identified by the step before which they were carried out, so that the log and the
start decide every bit of what followed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
)

from twin.controls import Command
from twin.errors import InputError
from twin.server.meta import Count, first_problem

Kind = Literal["set", "inject", "clear", "seek", "pause", "resume", "step", "speed", "note"]
STATE_KINDS = ("set", "inject", "clear")
MAXIMUM_ENTRIES = 100_000
COMMANDS = "commands.jsonl"
LONGEST_LINE = 1 << 16  # bytes


def _from_text(value: Any) -> Any:
    """JSON has no infinity, and no number that is none: those are text there."""
    return float(value) if value in ("inf", "-inf", "nan") else value


def _known(value: float | str | None) -> float | str | None:
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("not a number")
    return value


Found = Annotated[float | None, BeforeValidator(_from_text)]
Value = Annotated[float | str | None, BeforeValidator(_from_text), AfterValidator(_known)]


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

    steps: Count
    time: FiniteFloat
    wall: FiniteFloat
    who: str
    kind: Kind
    path: str = ""
    key: str = ""
    value: Value = None
    elements: Count = 0
    before: Found = None
    after: Found = None
    kept: Count | None = None

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

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
    line : place in the log, from 0, of the line with which that was done
    left : the line of the log with which that was done: when, by whom, and where it stood
    changes : all changes of the state that led there
    """

    number: int
    line: int
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
        for line, entry in enumerate(self.entries):
            if entry.kind in STATE_KINDS:
                active.append(entry)
            elif entry.kind == "seek" and entry.kept is not None:
                if float(entry.value or 0.0) < entry.time:
                    found.append(Undone(len(found) + 1, line, entry, tuple(active)))
                del active[entry.kept :]
        return found

    def reached(self, step: float, begun: int = 0) -> int:
        """Steps that the present has reached at least, by what is logged and where it began."""
        steps = begun
        for entry in self.entries:
            steps = entry.target(step) if entry.kind == "seek" else max(steps, entry.steps)
        return steps

    def due(self, steps: int, after: int) -> list[Entry]:
        """Active changes at ``steps`` that are not among the first ``after``."""
        return [entry for entry in self.active[after:] if entry.steps == steps]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Journal:
        """A log of these entries."""
        journal = cls()
        for entry in entries:
            journal.add(entry)
        return journal

    @classmethod
    def read(cls, file: Path) -> Journal:
        """Read a log; a last line that a crash cut short is left out. Nothing is written.

        Raises InputError, with the line, for anything else that is not a log.
        """
        journal = cls()
        for number, line in enumerate(_whole_lines(file), start=1):
            entry = _entry(line, file, number)
            journal._check(entry, file, number)
            journal.add(entry)
        return journal

    def _check(self, entry: Entry, file: Path, number: int) -> None:
        """Refuse what cannot follow the entries before it."""
        if entry.kind in STATE_KINDS and self.active and entry.steps < self.active[-1].steps:
            raise InputError(
                "a change before the one above it, with no seek in between",
                file,
                number,
                key="steps",
                found=str(entry.steps),
                allowed=f"{self.active[-1].steps} or more",
            )
        if entry.kind == "seek" and (
            not isinstance(entry.value, int | float)
            or not 0.0 <= entry.value < math.inf
            or (entry.kept or 0) > len(self.active)
        ):
            raise InputError("a seek to no moment of this log", file, number)


def cut_torn_line(file: Path) -> None:
    """Remove a last line that a crash cut short, so that others may follow. Raises OSError."""
    with contextlib.suppress(FileNotFoundError), file.open("r+b") as handle:
        end = handle.seek(0, os.SEEK_END)
        start = max(0, end - LONGEST_LINE)
        handle.seek(start)
        tail = handle.read()
        whole = start + tail.rfind(b"\n") + 1
        if whole < end:
            handle.truncate(whole)


def check_times(journal: Journal, step: float, file: Path) -> None:
    """Refuse a log whose times are not those of its steps; raises InputError with the line."""
    for number, entry in enumerate(journal.entries, start=1):
        if abs(entry.time - entry.steps * step) > 1e-6 * max(1.0, abs(entry.time)):
            raise InputError(
                "time and steps do not agree",
                file,
                number,
                key="time",
                found=f"{entry.time:g} s after {entry.steps} steps",
                allowed=f"{entry.steps * step:g} s, as a step is {step:g} s",
            )


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


_CHECK = TypeAdapter(Entry)


def _whole_lines(file: Path) -> Iterator[bytes]:
    """Lines that end; no more than one is in memory. Raises InputError for one too long."""
    try:
        handle = file.open("rb")
    except FileNotFoundError:
        return
    with handle:
        for number in range(1, MAXIMUM_ENTRIES + 2):
            line = handle.readline(LONGEST_LINE + 1)
            if len(line) > LONGEST_LINE:
                raise InputError("line too long", file, number, allowed=f"{LONGEST_LINE} bytes")
            if not line.endswith(b"\n"):
                return
            yield line


def _entry(line: bytes, file: Path, number: int) -> Entry:
    """One line; raises InputError."""
    try:
        return _CHECK.validate_json(line)
    except ValidationError as error:
        raise first_problem(error, file, number) from None


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """The other way round from :func:`_from_text`."""
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }
