"""A recorder for sessions: frames taken on one thread and written on another, resumed, set back."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.channels import BY_NAME, Channel
from twin.errors import InputError
from twin.recording import Frame, Recorder
from twin.server.recording_fit import check_fit, check_open_chunk

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
        if self.written == 0:
            return -1.0
        return float(self._arrays[self.channels[0].level][self.written - 1])

    @property
    def waiting(self) -> int:
        """Frames not written yet."""
        return len(self._open)

    def write(self) -> None:
        """Write the frames gathered; raises OSError, and may then be called again."""
        from zarr.errors import ZarrUserWarning

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=ZarrUserWarning)
            self._flush()

    def truncate(self, moment: float) -> None:
        """Drop frames later than a time; raises OSError."""
        keep = sum(time <= moment + 1e-9 for time in self._times)
        del self._times[keep:], self._open[keep:]
        level = self.channels[0].level
        times = np.asarray(self._arrays[level][: self.written])
        count = int(np.searchsorted(times, moment + 1e-9, side="right"))
        if count < self.written:
            for name in dict.fromkeys(channel.level for channel in self.channels):
                self._arrays[name][count : self.written] = np.nan
            self.written = count

    def _prepare_folder(self) -> None:
        if not self._resume:
            super()._prepare_folder()

    def _create(self) -> None:
        if not self._resume:
            super()._create()
            return
        import zarr

        for leftover in self.path.rglob("*.partial"):
            leftover.unlink(missing_ok=True)
        try:
            self._root = zarr.open_group(str(self.path), mode="r+", use_consolidated=False)
            made = zarr.open_group(str(self.path), mode="r")  # with all that it was made with
            named = {
                f"{level}.{name}" for level, group in made.groups() for name in group.array_keys()
            }
            self.channels = tuple(c for c in BY_NAME.values() if c.name in named)
            for level in dict.fromkeys(channel.level for channel in self.channels):
                group = self._root[level]
                self._arrays[level] = group["time"]
                for channel in self.channels:
                    if channel.level == level:
                        self._arrays[channel.name] = group[channel.name.partition(".")[2]]
        except KeyError as error:
            raise InputError(
                "the recording is damaged: an array is missing", self.path, found=str(error)
            ) from None
        if not self.channels:
            raise InputError("the recording holds no channel", self.path)
        check_fit(self.path, self.channels, self.simulation.plant.levels)
        counts = []
        for level in dict.fromkeys(channel.level for channel in self.channels):
            times = np.asarray(self._arrays[level][:])
            missing = np.flatnonzero(~np.isfinite(times))
            counts.append(int(missing[0]) if len(missing) else len(times))
            if np.any(np.diff(times[: counts[-1]]) <= 0):
                raise InputError("times of the recording do not rise", self.path / level / "time")
        self.capacity = min(array.shape[0] for array in self._arrays.values())
        self.written = min(*counts, self.capacity)
        check_open_chunk(self.path, self.channels, self.written)

    def _write_events(self) -> None:
        """Events of sessions are written by their keeper."""
