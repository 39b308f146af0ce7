"""Golden recordings: a run kept as one small file, against which later runs are compared.

The file is a Zarr v3 store in a zip archive (``xarray.open_datatree`` reads it). Values are whole
multiples of each channel's resolution, so the file of an unchanged run is the same byte for byte.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.channels import BY_NAME, CHANNELS, Channel
from twin.errors import InputError, near_matches
from twin.whole_files import file_beside

if TYPE_CHECKING:
    from twin.regression.case import GoldenSettings
    from twin.simulation import Simulation

FORMAT = "twin.golden/1"
RENAMED: dict[str, str] = {}
"""Channels that had another name in earlier versions: old name, new name."""
MISSING = np.iinfo(np.int32).min


@dataclass
class Golden:
    """Frames of channels over a run.

    Attributes
    ----------
    times : simulated seconds, shape [frames]
    paths : element paths by level
    values : by channel, shape [frames, elements]
    units, resolutions : by channel, as they were when it was made
    about : layout, digest, scenario
    """

    times: list[float] = field(default_factory=list)
    paths: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    resolutions: dict[str, float] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)


def golden_channels(settings: GoldenSettings) -> tuple[Channel, ...]:
    """Channels that a case's golden recording keeps; raises InputError for unknown ones."""
    from twin.recording import channels_named

    if settings.channels is not None:
        return channels_named(settings.channels)
    levels = sorted({channel.level for channel in CHANNELS})
    for level in settings.levels or ():
        if level not in levels:
            raise InputError(
                "unknown level",
                key="golden.levels",
                found=level,
                allowed=near_matches(level, levels),
            )
    wanted = settings.levels or [level for level in levels if level != "gpu"]
    # the residual is rounding noise; an invariant watches it
    return tuple(c for c in CHANNELS if c.level in wanted and c.name != "site.energy_residual")


class GoldenTaker:
    """Takes frames of a simulation while it runs."""

    def __init__(self, simulation: Simulation, settings: GoldenSettings):
        self.simulation = simulation
        self.every = settings.every
        self.channels = [
            channel
            for channel in golden_channels(settings)
            if simulation.plant.levels[channel.level].count
        ]
        self._next = self.every
        self._times: list[float] = []
        self._frames: dict[str, list[Floats]] = {c.name: [] for c in self.channels}

    def look(self, simulation: Simulation) -> None:
        """Keep a frame if one is due."""
        if simulation.time < self._next - 1e-9:
            return
        while self._next <= simulation.time + 1e-9:
            self._next += self.every
        self._times.append(simulation.time)
        for channel in self.channels:
            self._frames[channel.name].append(np.array(simulation.channel(channel.name)))

    def golden(self) -> Golden:
        """What was taken, not rounded."""
        plant, scenario = self.simulation.plant, self.simulation.scenario
        levels = sorted({channel.level for channel in self.channels})
        return Golden(
            times=list(self._times),
            paths={level: list(plant.levels.paths(level)) for level in levels},
            values={name: np.array(frames) for name, frames in self._frames.items()},
            units={c.name: c.unit for c in self.channels},
            resolutions={c.name: c.resolution for c in self.channels},
            about={
                "layout": plant.name,
                "digest": plant.digest,
                "scenario": scenario.name,
                "interval_s": self.every,
            },
        )


def write_golden(golden: Golden, file: Path) -> None:
    """Write a golden recording; an existing file is replaced at once when the new one is whole."""
    import zarr
    from zarr.codecs import BloscCodec
    from zarr.storage import MemoryStore

    store = MemoryStore()
    root = zarr.create_group(store=store, attributes={"format": FORMAT, **golden.about})
    codec = BloscCodec(cname="zstd", clevel=9)
    for level, paths in golden.paths.items():
        group = root.create_group(level)
        labels = np.array(paths, dtype=np.dtypes.StringDType())
        group.create_array(
            level,
            shape=labels.shape,
            dtype=labels.dtype,
            chunks=(len(labels),),
            dimension_names=(level,),
        )[:] = labels
        times = np.array(golden.times)
        group.create_array(
            "time",
            shape=times.shape,
            dtype=times.dtype,
            chunks=times.shape,
            dimension_names=("time",),
            attributes={"units": "s"},
        )[:] = times
        for name, values in golden.values.items():
            if name.partition(".")[0] != level:
                continue
            resolution = golden.resolutions[name]
            finite = np.isfinite(values)
            whole = np.full(values.shape, MISSING, dtype=np.int32)
            whole[finite] = np.round(values[finite] / resolution).astype(np.int32)
            group.create_array(
                name.partition(".")[2],
                shape=whole.shape,
                dtype=whole.dtype,
                chunks=whole.shape,
                dimension_names=("time", level),
                compressors=codec,
                fill_value=MISSING,
                attributes={"units": golden.units[name] or "1", "scale_factor": resolution},
            )[:] = whole
    _write_zip(store, file)


def _write_zip(store: Any, file: Path) -> None:
    """The store's files in name order with a fixed date, so that equal content is equal bytes."""
    with file_beside(file) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(store._store_dict):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, store._store_dict[name].to_bytes())


def read_golden(file: Path) -> Golden:
    """Read a golden recording, with channels under their present names.

    Raises
    ------
    InputError : missing, not readable, or of a version that cannot be understood
    """
    import zarr
    from zarr.storage import ZipStore

    if not file.is_file():
        raise InputError("golden recording not found", file, allowed="make it with --update-golden")
    try:
        store = ZipStore(file, mode="r")
        root = zarr.open_group(store=store, mode="r")
        about = dict(root.attrs)
    except Exception as error:  # zip and zarr raise many kinds on damaged files
        raise InputError(
            f"golden recording cannot be read: {error}",
            file,
            allowed="make it anew with --update-golden",
        ) from None
    if about.get("format") != FORMAT:
        raise InputError(
            "golden recording is of another version",
            file,
            key="format",
            found=repr(about.get("format")),
            allowed=f"{FORMAT}; make it anew with --update-golden",
        )
    golden = Golden(about=about)
    try:
        for level, group in sorted(root.groups()):
            golden.paths[level] = [str(path) for path in np.asarray(group[level][:])]
            golden.times = [float(t) for t in np.asarray(group["time"][:])]
            for short, array in group.arrays():
                if short in (level, "time"):
                    continue
                name = RENAMED.get(f"{level}.{short}", f"{level}.{short}")
                golden.values[name] = _decoded(array, float(array.attrs["scale_factor"]))
                unit = str(array.attrs["units"])
                golden.units[name] = "" if unit == "1" else unit
                golden.resolutions[name] = float(array.attrs["scale_factor"])
    except Exception as error:
        raise InputError(
            f"golden recording is damaged: {error}",
            file,
            allowed="make it anew with --update-golden",
        ) from None
    finally:
        store.close()
    return golden


def _decoded(array: Any, scale: float) -> NDArray[np.float64]:
    whole = np.asarray(array[:])
    return np.where(whole == MISSING, np.nan, whole * scale)


def known_channel(name: str) -> Channel | None:
    """Channel of a golden recording's value as the table has it now, or None."""
    return BY_NAME.get(name)
