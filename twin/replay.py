"""A recording to move about in: frames by index, with the tree of elements its scene describes."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.channels import BY_NAME, Channel
from twin.errors import InputError
from twin.foreign_data import reading
from twin.plant.levels import PARENTS, Level, Levels
from twin.protocol import Singles
from twin.recording_check import (
    ChunkSums,
    read_beside,
    read_document,
    read_events,
    read_scene,
)
from twin.recording_store import CHUNK_FRAMES

if TYPE_CHECKING:
    from zarr import Array

CACHED_BYTES = 256 * 2**20
KPIS = (
    # name, channel, how it is put together from the sites' values
    ("it_power_w", "site.it_power", "sum"),
    ("facility_power_w", "site.power", "sum"),
    ("max_gpu_temperature_c", "site.temperature", "max"),
    ("max_hbm_temperature_c", "site.hbm_temperature", "max"),
    ("tokens_per_s", "site.tokens_per_second", "sum"),
    ("water_use_kg_per_s", "site.water_use", "sum"),
)


class Recording:
    """Reads frames of a recording; not for several threads at once.

    Attributes
    ----------
    scene, events : as recorded
    channels : what was recorded, in the order of the channel table
    times : simulated seconds of the frames, rising, shape [frames]
    attributes : of the store: layout, digest, scenario, start

    Raises
    ------
    InputError : not there, not a recording, unreadable, or without a single frame
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        document = read_document(self.path)
        self.attributes: Mapping[str, Any] = document["attributes"]
        self.scene = read_scene(self.path, sealed="checksum" in self.attributes)
        self.events = read_events(self.path, int(self.attributes.get("events", 0)))
        self._sums = ChunkSums(self.path, self.attributes, document)
        self.digest = str(self.attributes.get("digest", self.scene.get("digest", "")))
        self._arrays: dict[str, Array[Any]] = {}
        self._blocks: OrderedDict[tuple[str, int], Singles] = OrderedDict()
        with reading(self.path, "recording"):
            self._open()

    def _open(self) -> None:
        import zarr

        if "digest" in self.scene and self.scene["digest"] != self.digest:
            raise ValueError("its scene is that of another layout")
        self.levels = levels_of_scene(self.scene)
        rows: NDArray[np.int64] | None = None
        for level, group in zarr.open_group(str(self.path), mode="r").groups():
            names = [name for name, _ in group.arrays() if f"{level}.{name}" in BY_NAME]
            if not names:
                continue
            with reading(self.path / level / "time", "recording"):
                time = np.asarray(group["time"][:], dtype=np.float64)
            present = np.flatnonzero(np.isfinite(time))
            if self._sums.known and (len(present) < len(time) or np.any(np.diff(time) <= 0.0)):
                raise ValueError(f"times of {level} are missing or do not rise")
            if rows is None or len(present) < len(rows):
                rows, self.times = present, time[present]
            for name in names:
                shape = (len(time), self.levels[level].count)
                if group[name].shape != shape:
                    raise ValueError(f"{level}.{name} has the shape {group[name].shape}: {shape}")
                self._arrays[f"{level}.{name}"] = group[name]
        if rows is None or len(rows) == 0:
            raise InputError("the recording holds no frame", self.path)
        self._rows = rows
        self.channels: tuple[Channel, ...] = tuple(
            channel for name, channel in BY_NAME.items() if name in self._arrays
        )

    def beside(self, name: str) -> dict[str, Any]:
        """A JSON file beside the arrays; empty where there was none. Raises InputError."""
        return read_beside(self.path, name, self.attributes)

    def __len__(self) -> int:
        return len(self.times)

    def index_at(self, moment: float) -> int:
        """Last frame not after a time; the first frame for earlier times."""
        return max(0, bisect_right(self.times, moment + 1e-9) - 1)

    def read(self, name: str, index: int) -> Singles:
        """Values of a channel in a frame, shape [count]; NaN where they were lost."""
        row = int(self._rows[index])
        block = self._block(name, row // CHUNK_FRAMES)
        values: Singles = block[row % CHUNK_FRAMES]
        return values

    def frame(self, index: int, names: Sequence[str]) -> dict[str, Singles]:
        """Values of several channels in a frame."""
        return {name: self.read(name, index) for name in names}

    def history(
        self, name: str, row: int, start: float, stop: float, most: int
    ) -> tuple[NDArray[np.float64], Singles]:
        """Times and values of one element between two times; at most ``most`` frames, evenly."""
        first = int(np.searchsorted(self.times, start - 1e-9))
        last = int(np.searchsorted(self.times, stop + 1e-9))
        if last <= first:
            return np.empty(0), np.empty(0, dtype=np.float32)
        indices = np.unique(np.linspace(first, last - 1, min(most, last - first)).astype(np.int64))
        rows = self._rows[indices]
        for number in range(int(rows[0]) // CHUNK_FRAMES, int(rows[-1]) // CHUNK_FRAMES + 1):
            self._sums.check(name, number)
        with reading(self._place(name), "recording"):
            column = np.asarray(self._arrays[name][int(rows[0]) : int(rows[-1]) + 1, row])
        return self.times[indices], column[rows - rows[0]].astype(np.float32)

    def kpis(self, index: int) -> dict[str, float]:
        """Key figures of a frame, from what was recorded of the sites."""
        figures: dict[str, float] = {}
        for key, channel, how in KPIS:
            if channel in self._arrays:
                values = self.read(channel, index).astype(np.float64)
                if not np.isnan(values).all():
                    figures[key] = float(np.nansum(values) if how == "sum" else np.nanmax(values))
        if figures.get("it_power_w", 0.0) > 0 and "facility_power_w" in figures:
            figures["pue"] = figures["facility_power_w"] / figures["it_power_w"]
        gpus = self.levels["gpu"].count
        for key, channel in (("throttled", "site.throttled"), ("off", "site.gpus_off")):
            if channel in self._arrays and gpus:
                number = float(np.nansum(self.read(channel, index)))
                figures[f"{key}_gpu_fraction"] = number / gpus
        return figures

    def _place(self, name: str) -> Path:
        return self.path / name.replace(".", "/", 1)

    def _block(self, name: str, number: int) -> Singles:
        """A chunk of frames, kept as long as memory allows."""
        key = (name, number)
        block = self._blocks.get(key)
        if block is None:
            first = number * CHUNK_FRAMES
            self._sums.check(name, number)
            with reading(self._place(name) / "c" / str(number), "recording"):
                block = np.asarray(
                    self._arrays[name][first : first + CHUNK_FRAMES], dtype=np.float32
                )
            self._blocks[key] = block
            total = sum(other.nbytes for other in self._blocks.values())
            while total > CACHED_BYTES and len(self._blocks) > 1:
                _, old = self._blocks.popitem(last=False)
                total -= old.nbytes
        else:
            self._blocks.move_to_end(key)
        return block


def levels_of_scene(scene: Mapping[str, Any]) -> Levels:
    """The tree of elements that a scene describes."""
    table = {}
    first = np.asarray(scene["rack_first_gpu"], dtype=np.int64)
    racks = len(first) - 1
    for name in PARENTS:
        entry = scene["levels"].get(name, {"count": 0, "parent": PARENTS[name]})
        if name == "gpu":
            parent = np.repeat(np.arange(racks, dtype=np.int64), np.diff(first))
            table[name] = Level(name, "rack", parent, ())
        else:
            parent = np.asarray(entry.get("parent_index", []), dtype=np.int64)
            table[name] = Level(name, PARENTS[name], parent, tuple(entry.get("names", ())))
    slots: list[Mapping[str, int]] = [{}] * racks
    for group in scene["instances"]:
        if group["level"] == "rack":
            product = scene["products"][group["product"]]
            names = {slot["name"]: i for i, slot in enumerate(product.get("slots", []))}
            for row in group["index"]:
                slots[row] = names
    return Levels(table, first, slots)
