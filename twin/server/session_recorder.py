"""A recorder for sessions: frames taken on one thread and written on another, resumed, set back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.channels import Channel
from twin.foreign_data import reading
from twin.recording import Frame, Recorder
from twin.recording_lock import WriterLock
from twin.recording_store import RecordingStore

if TYPE_CHECKING:
    from twin.simulation import Simulation


class SessionRecorder(Recorder):
    """Writes frames that were taken before.

    With ``resume`` the recording at ``path`` is gone on with instead of replaced.
    """

    def __init__(
        self,
        path: Path,
        simulation: Simulation,
        channels: Sequence[Channel] | None = None,
        *,
        interval: float = 10.0,
        resume: bool = False,
    ):
        self._resume = resume
        super().__init__(path, simulation, channels, interval=interval)

    def put(self, moment: float, frame: Frame) -> None:
        """Add a frame to those to be written."""
        self._times.append(moment)
        self._open.append(frame)

    @property
    def last_time(self) -> float:
        """Time of the last frame written; -1 before the first."""
        times = self._store.times
        return float(times[-1]) if len(times) else -1.0

    @property
    def waiting(self) -> int:
        """Frames not written yet."""
        return len(self._open)

    def write(self) -> None:
        """Write the frames gathered; raises OSError, and may then be called again."""
        self._flush()

    def truncate(self, moment: float) -> None:
        """Drop frames later than a time; raises OSError."""
        keep = sum(time <= moment + 1e-9 for time in self._times)
        del self._times[keep:], self._open[keep:]
        self._store.truncate(int(np.searchsorted(self._store.times, moment + 1e-9, side="right")))

    def _begin(self) -> RecordingStore:
        if not self._resume:
            return super()._begin()
        with self._writing():
            self._locks.append(WriterLock(self.path))
            for leftover in self.path.rglob("*.partial"):
                leftover.unlink(missing_ok=True)
        store = RecordingStore.resume(self.path)
        levels = self.simulation.plant.levels
        with reading(self.path, "recording"):
            store.check_fits(
                {channel.level: levels[channel.level].count for channel in store.channels}
            )
        self.channels = store.channels
        return store

    def _clear_away(self) -> None:
        """Nothing: a session's folder holds more than its recording."""

    def _write_events(self) -> bool:
        """Events of sessions are written by their keeper."""
        return False
