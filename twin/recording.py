"""Recordings: one Zarr v3 store that plain xarray opens, complete enough to look at on its own.

``xarray.open_datatree("run.zarr")`` gives one group per level with dimensions (time, level), paths
as labels and CF-style attributes. Values are rounded to the channel's resolution.

Frames are written in whole chunks, and the arrays grow when a chunk is there, so a killed process
leaves a readable store that holds what was written and loses at most the open chunk. An earlier
recording stays until the new one is complete. One process writes a recording at a time.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.channels import BY_NAME, CHANNELS, Channel
from twin.errors import InputError, near_matches
from twin.foreign_data import reading
from twin.interruptions import undivided
from twin.recording_check import (
    EVENTS,
    FORMAT,
    SCENE,
    ChunkSums,
    check_labels,
    read_document,
    read_events,
    read_scene,
)
from twin.recording_lock import LOCK, WriterLock
from twin.recording_size import expected_size
from twin.recording_store import CHUNK_FRAMES, DOCUMENT, Frame, RecordingStore, append_lines
from twin.sealed import seal
from twin.whole_files import exchange

if TYPE_CHECKING:
    import xarray

    from twin.simulation import Simulation

__all__ = [
    "CHUNK_FRAMES",
    "FORMAT",
    "Frame",
    "Recorder",
    "channels_named",
    "default_channels",
    "open_recording",
    "read_events",
    "read_scene",
    "rounded",
]

LARGE = 50_000  # accelerators from which only the main accelerator channels are kept by default
LARGE_CHANNELS = ("gpu.temperature", "gpu.hbm_temperature", "gpu.power")
UNFINISHED = ".unfinished"  # before the ending of what is to replace an earlier recording


def default_channels(gpus: int) -> tuple[Channel, ...]:
    """All channels; of very large plants only the main ones of the accelerator level."""
    if gpus < LARGE:
        return CHANNELS
    return tuple(c for c in CHANNELS if c.level != "gpu" or c.name in LARGE_CHANNELS)


def channels_named(names: Iterable[str]) -> tuple[Channel, ...]:
    """Channels by name; raises InputError for an unknown one."""
    found = []
    for name in names:
        if name not in BY_NAME:
            raise InputError(
                "unknown channel", key="channel", found=name, allowed=near_matches(name, [*BY_NAME])
            )
        found.append(BY_NAME[name])
    return tuple(found)


class Recorder:
    """Writes frames of a simulation into a store; use as a context manager.

    Parameters
    ----------
    path : folder to create; an earlier recording of the same run that is no longer is replaced when
        this one is complete, another one only with ``replace``, anything else is refused
    simulation : what to record
    channels : which; None for :func:`default_channels`
    frames : number of frames to come, if known
    interval : simulated seconds between frames (kept as an attribute)

    Attributes
    ----------
    path : where it is written until it is complete
    size : bytes that it will take, estimated; 0 when the number of frames is unknown

    Raises
    ------
    InputError : the path exists and is not to be replaced, is being written, or cannot be written;
        the recording will not fit on the disk
    """

    def __init__(
        self,
        path: str | Path,
        simulation: Simulation,
        channels: Sequence[Channel] | None = None,
        *,
        frames: int | None = None,
        interval: float = 10.0,
        replace: bool = False,
    ):
        self.target = self.path = Path(path)
        self.simulation = simulation
        gpus = simulation.plant.levels["gpu"].count
        self.channels = tuple(channels) if channels is not None else default_channels(gpus)
        self.frames, self.interval, self.replace = frames, interval, replace
        self.size = 0
        self._events_written = 0
        self._open: list[Frame] = []
        self._times: list[float] = []
        self._locks: list[WriterLock] = []
        try:
            self._store = self._begin()
        except BaseException:
            self._release()
            raise
        self._of_level: dict[str, list[Channel]] = {}
        for channel in self.channels:
            self._of_level.setdefault(channel.level, []).append(channel)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.close(complete=error is None)

    @property
    def written(self) -> int:
        """Number of frames on disk."""
        return self._store.frames

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn what the file system refuses into one message."""
        try:
            yield
        except OSError as error:
            raise InputError(
                f"the recording cannot be written: {error.strerror or error}", self.path
            ) from None

    def _begin(self) -> RecordingStore:
        """Make the folder and an empty store in it."""
        self._prepare_folder()
        with self._writing():
            if self.frames is not None:
                levels = self.simulation.plant.levels
                counts = [levels[channel.level].count for channel in self.channels]
                self.size = expected_size(self.path, self.frames, counts)
            self.path.mkdir()
        try:
            with self._writing():
                self._locks.append(WriterLock(self.path, mine=True))
                return self._create()
        except BaseException:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def _prepare_folder(self) -> None:
        """Refuse what must not be replaced; what may be stays until this recording is complete."""
        with self._writing():
            there = self.path.exists()
            if not there and not self.path.parent.is_dir():
                raise InputError("folder does not exist", self.path.parent)
        if not there:
            return
        earlier = _facts_of(self.path)
        if earlier is None and (self.path / LOCK).is_file():
            with self._writing():
                WriterLock(self.path).close()  # somebody has just begun there
                if not (self.path / DOCUMENT).exists():  # or was killed while beginning
                    shutil.rmtree(self.path)
                    return
        if earlier is None:
            raise InputError(
                "exists and is not a recording; it is left untouched",
                self.path,
                allowed="a new path ending in .zarr",
            )
        with self._writing():
            self._locks.append(WriterLock(self.path))
        differs = self._differs(earlier)
        if differs and not self.replace:
            raise InputError(
                f"a recording {differs} is there; it is left untouched",
                self.path,
                allowed="another path, or --replace to replace it when the new one is complete",
            )
        self.target = self.path.resolve()
        self.path = self.target.with_name(f"{self.target.stem}{UNFINISHED}{self.target.suffix}")
        if self.path.exists():  # of a run that was killed
            with self._writing():
                self._locks.append(WriterLock(self.path))
                shutil.rmtree(self.path)

    def _attributes(self) -> dict[str, Any]:
        plant, scenario = self.simulation.plant, self.simulation.scenario
        return {
            "format": FORMAT,
            "layout": plant.name,
            "digest": plant.digest,
            "scenario": scenario.model_dump_json(by_alias=True),
            "start": scenario.start.isoformat(),
            "interval_s": self.interval,
            "Conventions": "CF-1.11",
        }

    def _differs(self, earlier: dict[str, Any]) -> str:
        """How an earlier recording differs from this one to be; "" when nothing of it is lost."""
        own = self._attributes()
        known = earlier["attributes"]
        if known.get("digest") != own["digest"]:
            return "of another layout"
        if _but_for_its_length(known.get("scenario")) != _but_for_its_length(own["scenario"]):
            return "of another scenario"
        if known.get("interval_s") != own["interval_s"]:
            return "of another pace"
        with reading(self.path, "the recording that is there"):
            times = [
                int(entry["shape"][0])
                for place, entry in earlier["consolidated_metadata"]["metadata"].items()
                if place.endswith("/time")
            ]
        if self.frames is None or max(times, default=0) > self.frames:
            return "of more frames"
        return ""

    def _create(self) -> RecordingStore:
        from twin.report.origins import ABOUT, about
        from twin.scene import scene

        plant = self.simulation.plant
        for name, data in ((SCENE, scene(plant)), (ABOUT, about(plant))):
            (self.path / name).write_text(seal(data, name), encoding="utf-8")
        levels = dict.fromkeys(channel.level for channel in self.channels)
        labels = {level: list(plant.levels.paths(level)) for level in levels}
        attributes = self._attributes() | {"holds": [SCENE, ABOUT]}
        return RecordingStore.create(self.path, self.channels, labels, attributes)

    def take(self) -> Frame:
        """Copies of what is to be recorded now, by level, shape [channels of the level, count]."""
        values = self.simulation.values(self.channels)
        frame = {}
        for level, channels in self._of_level.items():
            steps = np.array([[channel.resolution] for channel in channels])
            together = np.stack([values[channel.name] for channel in channels])
            frame[level] = _to_multiples(together, steps)
        return frame

    def append(self) -> None:
        """Record the simulation's state as it is now."""
        self._times.append(self.simulation.time)
        self._open.append(self.take())
        if len(self._open) == CHUNK_FRAMES:
            self.flush()

    def flush(self) -> None:
        """Write the frames gathered since the last flush; raises InputError when it cannot."""
        with undivided(), self._writing():
            self._flush()

    def _flush(self) -> None:
        fresh = self._write_events()
        if self._open:
            self._store.append(self._times, self._open)
            self._open.clear()
            self._times.clear()
        elif fresh:
            self._store.commit()

    def _write_events(self) -> bool:
        """Write the events since the last flush; whether there were any."""
        fresh = self.simulation.logged - self._events_written
        if fresh <= 0:
            return False
        events = list(self.simulation.events)[-fresh:]
        lines = [seal(event.as_dict(), EVENTS) for event in events]
        append_lines(self.path / EVENTS, lines)
        self._events_written = self.simulation.logged
        known = self._store.attributes.get("events", 0)
        self._store.attributes["events"] = known + len(events)
        return True

    def write_figures(self) -> None:
        """Keep the key figures of the run so far beside its frames, exact where frames sample."""
        from twin.key_figures import extremes_as_dict
        from twin.power.bill import bill
        from twin.report.origins import FIGURES

        figures = self.simulation.averages() | self.simulation.workload_figures()
        figures |= bill(self.simulation) | {"simulated_s": self.simulation.time}
        known: dict[str, float | str] = {
            key: value for key, value in figures.items() if math.isfinite(value)
        }
        known |= extremes_as_dict(self.simulation.extremes())
        with self._writing():
            (self.path / FIGURES).write_text(seal(known, FIGURES), encoding="utf-8")
        self._store.attributes["holds"] = [*self._store.attributes["holds"], FIGURES]

    def close(self, *, complete: bool = True) -> None:
        """Write what is open; a complete recording takes the place of an earlier one."""
        try:
            with undivided(), self._writing():
                self._flush()
                self._store.commit()
                self._store.write_documents()
                if complete and self.path != self.target:
                    exchange(self.path, self.target)
                    shutil.rmtree(self.path, ignore_errors=True)
                    self.path = self.target
        except InputError:
            self._clear_away()
            raise
        finally:
            self._release()

    def _clear_away(self) -> None:
        """After a failure: remove what nobody needs, keep what was recorded until then."""
        if self.path != self.target or not self.written:
            shutil.rmtree(self.path, ignore_errors=True)

    def _release(self) -> None:
        for lock in self._locks:
            lock.close()
        self._locks.clear()


def rounded(values: Floats, channel: Channel) -> NDArray[np.float32]:
    """Values as a recording keeps them: to the nearest multiple of the channel's resolution."""
    return _to_multiples(np.asarray(values), channel.resolution)


def _to_multiples(values: Floats, resolution: Floats | float) -> NDArray[np.float32]:
    return np.asarray(np.round(values / resolution) * resolution, dtype=np.float32)


def _facts_of(folder: Path) -> dict[str, Any] | None:
    """Document of a folder's group if it is a recording, of whatever version; else None."""
    try:
        document = json.loads((folder / "zarr.json").read_bytes())
        is_one = str(document["attributes"]["format"]).startswith("twin.recording/")
        return document if is_one else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def open_recording(path: str | Path) -> xarray.DataTree:
    """Open a recording lazily as an xarray tree.

    Raises InputError when it is not there, not a recording, or something in it is missing or has
    changed. Frames that a killed run of an earlier version left missing are left out.
    """
    import xarray

    folder = Path(path)
    document = read_document(folder)
    attributes = document["attributes"]
    with reading(folder, "recording"):
        sums = ChunkSums(folder, attributes, document)
        if sums.known:
            entries = document["consolidated_metadata"]["metadata"].items()
            frames = [e["shape"][0] for place, e in entries if place.endswith("/time")]
            sums.check_all(max(frames, default=0))
            check_labels(folder, attributes)
        tree = xarray.open_datatree(folder, engine="zarr", chunks=None)
        whole = tree.map_over_datasets(_without_missing_frames)
        if sums.known and any(
            whole[level].sizes["time"] != node.sizes["time"]
            for level, node in tree.children.items()
        ):
            raise ValueError("times of frames are missing")
        return whole


def _without_missing_frames(dataset: xarray.Dataset) -> xarray.Dataset:
    if "time" not in dataset.coords:
        return dataset
    present = np.isfinite(dataset["time"].values)
    return dataset if present.all() else dataset.isel(time=present)


def _but_for_its_length(scenario: Any) -> Any:
    """What a recording holds of its scenario, without the duration: its frames tell that."""
    try:
        data = json.loads(scenario)
        return {key: value for key, value in data.items() if key != "duration"}
    except (TypeError, ValueError, AttributeError):
        return scenario
