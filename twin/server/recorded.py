"""A recording as a subject: it streams like a running factory, and its past cannot be changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats
from twin.channels import Channel
from twin.controls import Applied, Command
from twin.errors import InputError
from twin.replay import Recording
from twin.simulation import Event

if TYPE_CHECKING:
    from twin.plant.levels import Levels


class RecordingSubject:
    """Plays a recording frame by frame; a step is one frame, however far apart they are."""

    repeatable = False

    def __init__(self, recording: Recording):
        self.recording = recording
        self.name = str(recording.attributes.get("layout", recording.path.stem))
        self.digest = recording.digest
        self.levels: Levels = recording.levels
        self.channels: Sequence[Channel] = recording.channels
        self.index = 0
        self._events = [
            Event(
                float(row["time"]),
                str(row["path"]),
                str(row["kind"]),
                str(row["message"]),
                steps=bisect_left(recording.times, float(row["time"]) - 1e-9),
            )
            for row in recording.events
        ]
        self._event_times = [event.time for event in self._events]

    @property
    def time(self) -> float:
        """Simulated seconds of the present frame."""
        return float(self.recording.times[self.index])

    @property
    def steps(self) -> int:
        """Number of the present frame."""
        return self.index

    @property
    def step(self) -> float:
        """Simulated seconds to the next frame (at the end: from the last one)."""
        times = self.recording.times
        if len(times) == 1:
            return 1.0
        first = min(self.index, len(times) - 2)
        return max(float(times[first + 1] - times[first]), 1e-3)

    @property
    def finished(self) -> bool:
        """Whether this is the last frame."""
        return self.index >= len(self.recording) - 1

    @property
    def recorded(self) -> tuple[float, float]:
        """First and last time [simulated s]."""
        return float(self.recording.times[0]), float(self.recording.times[-1])

    def advance(self) -> None:
        """The next frame."""
        self.index = min(self.index + 1, len(self.recording) - 1)

    def seek(self, moment: float) -> None:
        """The last frame not after a time; raises InputError outside the recording."""
        first, last = float(self.recording.times[0]), float(self.recording.times[-1])
        if not first <= moment <= last + 1e-9:
            raise InputError(
                "time out of range",
                key="time",
                found=f"{moment:g}",
                allowed=f"{first:g} to {last:g} s of this recording",
            )
        self.index = self.recording.index_at(moment)

    def apply(self, command: Command) -> Applied:
        """Refused."""
        raise InputError(
            "a recording cannot be changed",
            key="name",
            found=command.kind,
            allowed="pause, resume, speed, seek, step",
        )

    def channel(self, name: str) -> Floats:
        """Recorded values of a channel."""
        return self.recording.read(name, self.index).astype(np.float64)

    def kpis(self) -> dict[str, float]:
        """Key figures of the frame."""
        return self.recording.kpis(self.index)

    def events_since(self, number: int) -> tuple[int, list[Event]]:
        """Events up to the present frame."""
        count = bisect_right(self._event_times, self.time + 1e-9)
        return count, self._events[number:count]

    def scene(self) -> dict[str, Any]:
        """Scene description as recorded."""
        return self.recording.scene

    def controls(self) -> list[dict[str, Any]]:
        """None."""
        return []
