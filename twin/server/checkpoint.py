"""Checkpoints: a simulation's snapshot as a file, written whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import InputError
from twin.foreign_data import reading

if TYPE_CHECKING:
    from twin.server.journal import Journal
    from twin.simulation import Snapshot

KEPT = 2  # newest checkpoints of a session


@dataclass(frozen=True)
class Checkpoint:
    """A snapshot and where its session was.

    Attributes
    ----------
    commands : changes of the state carried out, of those in force
    entries : lines of the command log
    events : events so far
    """

    snapshot: Snapshot
    commands: int
    entries: int
    events: int


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and drop the oldest ones. Raises OSError."""
    snapshot = checkpoint.snapshot
    facts = {
        "time": snapshot.time,
        "steps": snapshot.steps,
        "pending": snapshot.pending,
        "alarms": sorted(snapshot.alarms),
        "commands": checkpoint.commands,
        "entries": checkpoint.entries,
        "events": checkpoint.events,
        "drivers": list(snapshot.drivers),
    }
    text = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
    partial = folder / f"checkpoint-{snapshot.steps:012d}.partial"
    try:
        with partial.open("wb") as file:
            np.savez(file, facts=text, state=snapshot.state)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(partial.with_suffix(".npz"))
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    for old in checkpoint_files(folder)[:-KEPT]:
        old.unlink(missing_ok=True)


def checkpoint_files(folder: Path) -> list[Path]:
    """Checkpoints of a session, oldest first."""
    return sorted(folder.glob("checkpoint-*.npz"))


def drop_checkpoints_after(folder: Path, steps: int) -> None:
    """Remove checkpoints later than ``steps``."""
    for file in checkpoint_files(folder):
        if int(file.stem.rpartition("-")[2]) > steps:
            file.unlink(missing_ok=True)


def latest_checkpoint(folder: Path, journal: Journal, step: float) -> Checkpoint | None:
    """Newest checkpoint that can be read and lies on the way to the present, or None.

    One taken before time was set back to an earlier moment does not; it may have outlived that by
    a crash.
    """
    for file in reversed(checkpoint_files(folder)):
        try:
            checkpoint = read_checkpoint(file)
        except InputError:
            continue
        later = journal.entries[checkpoint.entries :]
        seeks = [entry for entry in later if entry.kind == "seek"]
        if all(
            entry.target(step) >= checkpoint.snapshot.steps
            and (entry.kept or 0) >= checkpoint.commands
            for entry in seeks
        ):
            return checkpoint
    return None


def read_checkpoint(file: Path) -> Checkpoint:
    """Read a checkpoint; raises InputError when it is damaged."""
    from twin.simulation import Snapshot

    with reading(file, "checkpoint"):  # the archive has a checksum of all it holds
        with np.load(file, allow_pickle=False) as content:
            facts = json.loads(content["facts"].tobytes())
            state = np.asarray(content["state"], dtype=np.float64)
        alarms = frozenset((str(level), int(row)) for level, row in facts["alarms"])
        snapshot = Snapshot(
            float(facts["time"]),
            int(facts["steps"]),
            int(facts["pending"]),
            state,
            alarms,
            tuple(facts.get("drivers", ())),
        )
        return Checkpoint(
            snapshot, int(facts["commands"]), int(facts["entries"]), int(facts["events"])
        )
