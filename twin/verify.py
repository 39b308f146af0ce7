"""Repeat a recorded session without clock or network and compare every bit of what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.errors import InputError
from twin.recording import rounded
from twin.replay import Recording


@dataclass(frozen=True)
class Verification:
    """What was compared.

    Attributes
    ----------
    frames, commands, checkpoints : how many were repeated
    values : numbers compared
    time : simulated seconds repeated
    difference : where the first difference is, or empty when every bit is the same
    """

    frames: int
    commands: int
    checkpoints: int
    values: int
    time: float
    difference: str = ""


def verify(path: str | Path, progress: Callable[[float], None] | None = None) -> Verification:
    """Repeat the session whose recording lies at ``path``.

    ``progress`` hears the share done, 0..1.

    Raises
    ------
    InputError : not the recording of a session, or its layout or scenario has changed since
    """
    from twin.server.checkpoint import checkpoint_files, mark_of, read_checkpoint
    from twin.server.journal import COMMANDS, Journal, check_times
    from twin.server.meta import read_meta
    from twin.server.rewind import cut_to_follow
    from twin.server.store import Origin, check_same

    folder = Path(path)
    recording = Recording(folder)
    meta = read_meta(folder)
    simulation = Origin.of(meta).simulation()
    check_same(meta, simulation, folder)
    journal = Journal.read(folder / COMMANDS)
    check_times(journal, meta.step, folder / COMMANDS)
    if meta.followed is not None:
        cut = cut_to_follow(journal, meta.followed, meta.step)
        if cut is not None:  # killed just behind a seek: what is there is the future it left
            journal = Journal.of(journal.entries[: cut.lines])
    changes = list(journal.active)
    states = {}
    for file in checkpoint_files(folder):
        checkpoint = read_checkpoint(file, mark_of(meta))
        states[checkpoint.snapshot.steps] = checkpoint
    frames = {round(time / meta.step): index for index, time in enumerate(recording.times)}
    last = max([*frames, *states])
    stops = sorted({*frames, *states, *(entry.steps for entry in changes)})
    values = carried = 0

    def answer(difference: str = "") -> Verification:
        return Verification(len(frames), carried, len(states), values, simulation.time, difference)

    for stop in (stop for stop in stops if stop <= last):
        if stop > simulation.steps:
            simulation.advance((stop - simulation.steps) * meta.step)
        if stop in frames:
            for channel in recording.channels:
                now = rounded(simulation.channel(channel.name), channel)
                then = recording.read(channel.name, frames[stop])
                same = (now == then) | (np.isnan(now) & np.isnan(then))
                values += len(now)
                if not same.all():
                    row = int(np.flatnonzero(~same)[0])
                    where = simulation.plant.levels.path(channel.level, row)
                    return answer(
                        f"{channel.name} of {where} at {simulation.time:g} s: "
                        f"recorded {then[row]!r}, repeated {now[row]!r}"
                    )
        state = states.get(stop)
        while carried < len(changes) and changes[carried].steps == stop:
            if state is not None and state.commands == carried:
                break
            simulation.apply(changes[carried].command())
            carried += 1
        if state is not None:
            values += simulation.state.buffer.size
            if simulation.state.buffer.tobytes() != state.snapshot.state.tobytes():
                return answer(f"the state at {simulation.time:g} s differs from the checkpoint")
        while carried < len(changes) and changes[carried].steps == stop:
            simulation.apply(changes[carried].command())
            carried += 1
        if progress is not None:
            progress(stop / max(last, 1))
    if not frames:
        raise InputError("the recording holds no frame", folder)
    return answer()
