"""Recordings: one Zarr v3 store that plain xarray opens, complete enough to look at on its own.

``xarray.open_datatree("run.zarr")`` gives one group per level with dimensions (time, level), paths
as labels and CF-style attributes. Values are rounded to the channel's resolution.

Frames are written in whole chunks and the shapes live in one consolidated metadata file, replaced
atomically, so a killed process leaves a readable store and loses at most the open chunk (its frames
read as missing).
"""

from __future__ import annotations

import json
import math
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numcodecs.blosc import Blosc
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.channels import BY_NAME, CHANNELS, Channel
from twin.errors import InputError, near_matches

if TYPE_CHECKING:
    import xarray
    from zarr import Array

    from twin.simulation import Simulation

FORMAT = "twin.recording/1"
CHUNK_FRAMES = 32
CHUNK_ELEMENTS = 65_536
GROWTH = 4_096  # frames reserved at a time; cutting them off again takes time
LARGE = 50_000  # accelerators from which only the main accelerator channels are kept by default
LARGE_CHANNELS = ("gpu.temperature", "gpu.hbm_temperature", "gpu.power")
LEVEL = 3  # of compression, by zstd
_CODEC = Blosc(cname="zstd", clevel=LEVEL, shuffle=Blosc.SHUFFLE)

Frame = dict[str, NDArray[np.float32]]


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
    path : folder to create; an earlier recording there is replaced, anything else is refused
    simulation : what to record
    channels : which; None for :func:`default_channels`
    frames : number of frames to come, if known
    interval : simulated seconds between frames (kept as an attribute)

    Raises
    ------
    InputError : the path exists and is not a recording, or cannot be written
    """

    def __init__(
        self,
        path: str | Path,
        simulation: Simulation,
        channels: Sequence[Channel] | None = None,
        *,
        frames: int | None = None,
        interval: float = 10.0,
    ):
        self.path = Path(path)
        self.simulation = simulation
        gpus = simulation.plant.levels["gpu"].count
        self.channels = tuple(channels) if channels is not None else default_channels(gpus)
        self.capacity = min(frames or GROWTH, GROWTH)
        self.interval = interval
        self.written = 0
        self._events_written = 0
        self._open: list[Frame] = []
        self._times: list[float] = []
        self._arrays: dict[str, Array[Any]] = {}
        self._prepare_folder()
        with self._writing():
            self._create()
        self._of_level: dict[str, list[Channel]] = {}
        for channel in self.channels:
            self._of_level.setdefault(channel.level, []).append(channel)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn what the file system refuses into one message, and keep zarr's remarks to itself."""
        from zarr.errors import ZarrUserWarning

        try:
            with warnings.catch_warnings():
                # consolidated metadata is an extension of Zarr v3 that xarray and zarr both read;
                # scene and events lie beside the arrays on purpose
                warnings.filterwarnings("ignore", category=ZarrUserWarning)
                yield
        except OSError as error:
            raise InputError(
                f"the recording cannot be written: {error.strerror or error}", self.path
            ) from None

    def _prepare_folder(self) -> None:
        if self.path.exists():
            if not _is_recording(self.path):
                raise InputError(
                    "exists and is not a recording; it is left untouched",
                    self.path,
                    allowed="a new path ending in .zarr",
                )
            with self._writing():
                shutil.rmtree(self.path)
        if not self.path.parent.is_dir():
            raise InputError("folder does not exist", self.path.parent)

    def _create(self) -> None:
        import zarr

        plant = self.simulation.plant
        self._root = zarr.create_group(
            store=str(self.path),
            attributes={
                "format": FORMAT,
                "layout": plant.name,
                "digest": plant.digest,
                "scenario": self.simulation.scenario.model_dump_json(by_alias=True),
                "start": self.simulation.scenario.start.isoformat(),
                "interval_s": self.interval,
                "Conventions": "CF-1.11",
            },
        )
        levels = dict.fromkeys(channel.level for channel in self.channels)
        for level in levels:
            count = plant.levels[level].count
            group = self._root.create_group(level)
            labels = np.array(list(plant.levels.paths(level)), dtype=np.dtypes.StringDType())
            self._array(
                group,
                level,
                (count,),
                (min(count, CHUNK_ELEMENTS) or 1,),
                labels.dtype,
                (level,),
                {"long_name": "path"},
            )[:] = labels
            self._arrays[level] = self._array(
                group,
                "time",
                (self.capacity,),
                (GROWTH,),
                np.float64,
                ("time",),
                {"long_name": "simulated time", "axis": "T", "unit": "s"},
                np.nan,
            )
        models: dict[str, dict[str, Any]] = {}
        for channel in self.channels:
            count = plant.levels[channel.level].count
            attributes = {
                "long_name": channel.title,
                "units": channel.unit or "1",
                "resolution": channel.resolution,
                "description": channel.description,
            }
            name = channel.name.partition(".")[2]
            if channel.level in models:
                model = models[channel.level]
                self._arrays[channel.name] = self._copy(model, channel.level, name, attributes)
                continue
            self._arrays[channel.name] = self._array(
                self._root[channel.level],
                name,
                (self.capacity, count),
                (CHUNK_FRAMES, min(count, CHUNK_ELEMENTS) or 1),
                np.float32,
                ("time", channel.level),
                attributes,
                np.nan,
            )
            written = (self.path / channel.level / name / "zarr.json").read_text()
            models[channel.level] = json.loads(written)
        self._write_scene()
        self._consolidate()

    def _write_scene(self) -> None:
        from twin.report.origins import ABOUT, about, write_json
        from twin.scene import scene

        (self.path / "scene.json").write_text(json.dumps(scene(self.simulation.plant)))
        write_json(self.path, ABOUT, about(self.simulation.plant))

    @staticmethod
    def _array(
        group: Any,
        name: str,
        shape: tuple[int, ...],
        chunks: tuple[int, ...],
        dtype: Any,
        dimensions: tuple[str, ...],
        attributes: dict[str, Any],
        fill: float | None = None,
    ) -> Array[Any]:
        from zarr.codecs import BloscCodec

        compressors = "auto" if fill is None else BloscCodec(cname="zstd", clevel=LEVEL)
        array: Array[Any] = group.create_array(
            name,
            shape=shape,
            chunks=chunks,
            dtype=dtype,
            dimension_names=dimensions,
            attributes=attributes,
            fill_value=fill,
            compressors=compressors,
        )
        return array

    def _copy(
        self, model: dict[str, Any], level: str, name: str, attributes: dict[str, Any]
    ) -> Array[Any]:
        """An array like another of its level, by its metadata document.

        Of more than a hundred channels, each made by zarr's own way, a recording would be seconds
        in the making.
        """
        from zarr import Array

        document = model | {"attributes": attributes}
        folder = self.path / level / name
        folder.mkdir()
        (folder / "zarr.json").write_text(json.dumps(document, indent=2))
        return Array.from_dict(self._root.store_path / level / name, document)

    def _consolidate(self) -> None:
        import zarr

        zarr.consolidate_metadata(self._root.store)

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
        with self._writing():
            self._flush()

    def _flush(self) -> None:
        if not self._open:
            self._write_events()
            return
        first, last = self.written, self.written + len(self._open)
        if last > self.capacity:
            self._resize(self.capacity + max(GROWTH, last - self.capacity))
            self._consolidate()
        whole = first % CHUNK_FRAMES == 0 and len(self._open) == CHUNK_FRAMES
        for level, channels in self._of_level.items():
            for row, channel in enumerate(channels):
                frames = np.stack([frame[level][row] for frame in self._open])
                if whole:
                    self._write_chunks(channel, first // CHUNK_FRAMES, frames)
                else:
                    self._arrays[channel.name][first:last] = frames
        for level in self._of_level:  # last: a frame with a time is there in full
            self._arrays[level][first:last] = self._times
        self.written = last
        self._open.clear()
        self._times.clear()
        self._write_events()

    def _write_chunks(self, channel: Channel, number: int, frames: NDArray[np.float32]) -> None:
        """Write frames that fill chunks, as zarr would: its own way takes ten times as long.

        The same bytes under the same names (Zarr v3, default chunk keys, little-endian, Blosc).
        """
        folder = self.path / channel.level / channel.name.partition(".")[2] / "c" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        width = min(frames.shape[1], CHUNK_ELEMENTS) or 1
        for part, start in enumerate(range(0, frames.shape[1], width)):
            chunk = np.full((CHUNK_FRAMES, width), np.nan, dtype="<f4")
            inside = frames[:, start : start + width]
            chunk[:, : inside.shape[1]] = inside
            unfinished = folder / f"{part}.partial"
            unfinished.write_bytes(_CODEC.encode(chunk))
            unfinished.replace(folder / str(part))

    def _write_events(self) -> None:
        fresh = self.simulation.logged - self._events_written
        if fresh <= 0:
            return
        events = list(self.simulation.events)[-fresh:]
        with (self.path / "events.jsonl").open("a") as file:
            for event in events:
                file.write(json.dumps(event.as_dict()) + "\n")
        self._events_written = self.simulation.logged

    def write_figures(self) -> None:
        """Keep the key figures of the run so far beside its frames, exact where frames sample."""
        from twin.key_figures import extremes_as_dict
        from twin.power.bill import bill
        from twin.report.origins import FIGURES, write_json

        figures = self.simulation.averages() | self.simulation.workload_figures()
        figures |= bill(self.simulation) | {"simulated_s": self.simulation.time}
        known = {key: value for key, value in figures.items() if math.isfinite(value)}
        with self._writing():
            places = extremes_as_dict(self.simulation.extremes())
            write_json(self.path, FIGURES, known | places)

    def _resize(self, frames: int) -> None:
        for array in self._arrays.values():
            array.resize((frames, *array.shape[1:]))
        self.capacity = frames

    def close(self) -> None:
        """Write what is open and cut the store to the frames it holds."""
        with self._writing():
            self._flush()
            if self.capacity != self.written:
                self._resize(self.written)
                self._consolidate()


def rounded(values: Floats, channel: Channel) -> NDArray[np.float32]:
    """Values as a recording keeps them: to the nearest multiple of the channel's resolution."""
    return _to_multiples(np.asarray(values), channel.resolution)


def _to_multiples(values: Floats, resolution: Floats | float) -> NDArray[np.float32]:
    return np.asarray(np.round(values / resolution) * resolution, dtype=np.float32)


def _is_recording(folder: Path) -> bool:
    try:
        document = json.loads((folder / "zarr.json").read_text())
        return str(document["attributes"]["format"]).startswith("twin.recording/")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def open_recording(path: str | Path) -> xarray.DataTree:
    """Open a recording lazily as an xarray tree, without the frames a killed run left missing.

    Raises InputError when it is not there or not a recording.
    """
    import xarray

    folder = Path(path)
    if not folder.exists():
        raise InputError("recording not found", folder)
    if not (folder / "zarr.json").is_file():
        raise InputError("not a recording (no zarr.json in it)", folder)
    try:
        tree = xarray.open_datatree(folder, engine="zarr", chunks=None)
    except Exception as error:
        raise InputError(f"recording cannot be read: {error}", folder) from None
    if tree.attrs.get("format") != FORMAT:
        raise InputError(
            "not a recording of a factory",
            folder,
            key="format",
            found=repr(tree.attrs.get("format")),
            allowed=FORMAT,
        )
    return tree.map_over_datasets(_without_missing_frames)


def _without_missing_frames(dataset: xarray.Dataset) -> xarray.Dataset:
    if "time" not in dataset.coords:
        return dataset
    present = np.isfinite(dataset["time"].values)
    return dataset if present.all() else dataset.isel(time=present)


def read_events(path: str | Path) -> list[dict[str, Any]]:
    """Events of a recording, oldest first; a line cut by a kill is left out."""
    file = Path(path) / "events.jsonl"
    events = []
    if file.is_file():
        for line in file.read_text().splitlines():
            try:
                events.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return events


def read_scene(path: str | Path) -> dict[str, Any]:
    """Scene description of a recording; raises InputError when it is missing."""
    file = Path(path) / "scene.json"
    try:
        scene: dict[str, Any] = json.loads(file.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(f"scene of the recording cannot be read: {error}", file) from None
    return scene
