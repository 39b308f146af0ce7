"""Checkpoints: a simulation's snapshot as a file, written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import InputError
from twin.foreign_data import reading
from twin.state import field_names

if TYPE_CHECKING:
    from twin.server.journal import Journal
    from twin.server.meta import Meta
    from twin.simulation import Snapshot

log = logging.getLogger("twin.server")

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


def mark_of(meta: Meta) -> str:
    """What a checkpoint belongs to: layout, scenario, and the meaning of the state's numbers."""
    text = "\n".join((meta.digest, meta.scenario_digest, *field_names()))
    return hashlib.sha256(text.encode()).hexdigest()


def write_checkpoint(folder: Path, checkpoint: Checkpoint, mark: str) -> None:
    """Write a checkpoint and drop the oldest ones. Raises OSError."""
    snapshot = checkpoint.snapshot
    facts = {
        "of": mark,
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
    return [file for _, file in sorted(_by_steps(folder))]


def drop_checkpoints_after(folder: Path, steps: int) -> None:
    """Remove checkpoints later than ``steps``. Raises OSError."""
    for number, file in _by_steps(folder):
        if number > steps:
            file.unlink(missing_ok=True)


def checkpoints_on_the_way(
    folder: Path, journal: Journal, step: float, mark: str, size: int
) -> Iterator[Checkpoint]:
    """Checkpoints that can be read and lie on the way to the present, newest first.

    One taken before time was set back to an earlier moment does not; it may have outlived that by
    a crash. One that cannot be read, is of another layout, scenario or version (``mark``), or has
    another ``size`` of the state is passed over, and that is logged.

    Raises InputError when the command log is shorter than it was at a checkpoint.
    """
    for steps, file in sorted(_by_steps(folder), reverse=True):
        try:
            checkpoint = read_checkpoint(file, mark)
            if checkpoint.snapshot.state.size != size or checkpoint.snapshot.steps != steps:
                raise InputError("not the checkpoint that its name and layout promise", file)
        except InputError as error:
            log.warning("checkpoint passed over: %s", error)
            continue
        if checkpoint.entries > len(journal.entries):
            raise InputError(
                "the command log is shorter than it was",
                folder,
                found=f"{len(journal.entries)} lines",
                allowed=f"at least {checkpoint.entries}, as {file.name} says",
            )
        later = journal.entries[checkpoint.entries :]
        seeks = [entry for entry in later if entry.kind == "seek"]
        if all(
            entry.target(step) >= checkpoint.snapshot.steps
            and (entry.kept or 0) >= checkpoint.commands
            for entry in seeks
        ):
            yield checkpoint


def read_checkpoint(file: Path, mark: str) -> Checkpoint:
    """Read a checkpoint; raises InputError when it is damaged or belongs to something else."""
    from twin.simulation import Snapshot

    with reading(file, "checkpoint"):
        with zipfile.ZipFile(file) as content:
            facts = json.loads(_array(content, "facts", file).tobytes())
            state = np.asarray(_array(content, "state", file), dtype=np.float64)
        if facts["of"] != mark:
            raise InputError("checkpoint of another layout, scenario or version", file)
        alarms = frozenset((str(level), int(row)) for level, row in facts["alarms"])
        snapshot = Snapshot(
            float(facts["time"]),
            int(facts["steps"]),
            int(facts["pending"]),
            state,
            alarms,
            tuple(facts["drivers"]),
        )
        return Checkpoint(
            snapshot, int(facts["commands"]), int(facts["entries"]), int(facts["events"])
        )


def _by_steps(folder: Path) -> list[tuple[int, Path]]:
    found = []
    for file in folder.glob("checkpoint-*.npz"):
        digits = file.stem.removeprefix("checkpoint-")
        if digits.isdecimal() and digits.isascii() and file.is_file():
            found.append((int(digits), file))
    return found


def _array(content: zipfile.ZipFile, name: str, file: Path) -> np.ndarray[Any, Any]:
    """An array of an uncompressed archive, its checksum checked.

    No more memory is taken than the file is long, whatever it says of itself.
    """
    info = content.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > file.stat().st_size:
        raise ValueError(f"{name} is not as it was written")
    data = content.read(info)
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} is not as it was written")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject or len(shape) != 1:
        raise ValueError(f"{name} is not as it was written")
    return np.frombuffer(data, dtype, shape[0], stream.tell())
