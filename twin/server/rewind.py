"""What a seek takes off a recording on disk: at once, or after a crash came in between.

A seek stands in the command log before anything else of it is on disk, so a log may hold seeks that
its recording has not followed yet. The recording is then that of the future which the first of them
left.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twin.server.aside import keep_undone
from twin.server.checkpoint import drop_checkpoints_after
from twin.server.kept_events import drop_events_after

if TYPE_CHECKING:
    from twin.server.journal import Journal
    from twin.server.session_recorder import SessionRecorder


@dataclass(frozen=True)
class Cut:
    """What is to be taken off.

    Attributes
    ----------
    steps, moment : steps, and simulated seconds, that stay
    lines : lines of the command log that lead to the recording as it is
    undone : number of the future that was left, under which it is kept; None: none was
    """

    steps: int
    moment: float
    lines: int
    undone: int | None


def cut_to_follow(journal: Journal, followed: int, step: float) -> Cut | None:
    """What the seeks after the first ``followed`` lines of a log take off; None without any."""
    seeks = [
        (line, entry)
        for line, entry in enumerate(journal.entries)
        if line >= followed and entry.kind == "seek"
    ]
    if not seeks:
        return None
    first = seeks[0][0]
    left = next((future.number for future in journal.left() if future.line == first), None)
    steps = min(entry.target(step) for _, entry in seeks)
    return Cut(steps, steps * step, first, left)


def carry_out(cut: Cut, folder: Path, recorder: SessionRecorder) -> None:
    """Keep what a cut takes off, then take it off; may be done again from any point on.

    Raises OSError or InputError.
    """
    if cut.undone is not None and recorder.last_time > cut.moment + 1e-9:
        keep_undone(folder, cut.undone, cut.lines)
    recorder.truncate(cut.moment)
    drop_checkpoints_after(folder, cut.steps)
    drop_events_after(folder, cut.steps, cut.moment)
