"""A recording as a layer of time samples over the stage's prims.

Time codes are simulated seconds. In the addressable form every machine has an attribute
``twin:channel:<name>`` per channel, and a rack its accelerators' values as arrays in the order of
their slots; in the compact form the values are primvars of the instancers, one per instance. Sites,
halls, rows and plants have attributes in both. Instanced accelerators take the colour of their
temperature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.channels import BY_NAME, Channel
from twin.errors import InputError
from twin.foreign_data import reading
from twin.plant.plant import Plant
from twin.recording import open_recording
from twin.usd.authoring import Types, attribute, new_layer
from twin.usd.colours import linear_colour
from twin.usd.frames import GROUPS, OWNERS, UNITS, Frames
from twin.usd.instancers import accelerator_rows, groups, instances_scope, rack_groups
from twin.usd.names import ROOT, PrimPaths, identifier
from twin.usd.pxr_modules import Sdf, Vt

if TYPE_CHECKING:
    import xarray

LARGEST = 40_000_000
"""Most values of single attributes in a layer; more is a matter of minutes and gigabytes."""
COLOURED = "gpu.temperature"
"""Channel that colours the accelerators of the compact form."""
HEAT = np.array(
    [
        [0.05, 0.10, 0.35],
        [0.10, 0.45, 0.75],
        [0.35, 0.75, 0.55],
        [0.95, 0.75, 0.20],
        [0.85, 0.15, 0.10],
    ]
)
"""sRGB stops of the colours from low to high."""

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Series:
    """One channel of a recording: values [frames, elements]."""

    channel: Channel
    values: Values

    @property
    def attribute(self) -> str:
        """Name of its attribute."""
        return f"twin:channel:{self.channel.name.partition('.')[2]}"


def recording_layer(
    plant: Plant,
    paths: PrimPaths,
    frames: Frames,
    form: str,
    recording: Path,
    every: int,
    extension: str,
) -> Any:
    """Layer of a recording; every ``every``-th frame is taken.

    Raises
    ------
    InputError : not a recording, of another layout, no frames, or too many values
    """
    if every < 1:
        raise InputError(
            "frames are taken one in N", key="every", found=str(every), allowed="1 or more"
        )
    tree = open_recording(recording)
    if tree.attrs.get("digest") != plant.digest:
        raise InputError(
            "a recording of another layout",
            recording,
            key="digest",
            found=str(tree.attrs.get("digest"))[:12],
            allowed=f"{plant.digest[:12]}, that of {plant.name}",
        )
    with reading(recording, "recording"):
        series, times = _series(tree, plant, every, recording)
    layer = new_layer(extension, ROOT)
    root = layer.pseudoRoot
    root.SetInfo("timeCodesPerSecond", 1.0)
    root.SetInfo("framesPerSecond", 1.0)
    root.SetInfo("startTimeCode", times[0])
    root.SetInfo("endTimeCode", times[-1])
    single = [s for s in series if form == "addressable" or s.channel.level in GROUPS]
    count = sum(s.values.size for s in single if s.channel.level != "gpu")
    if count > LARGEST:
        raise InputError(
            f"{count / 1e6:.0f} million single values are too many",
            recording,
            allowed=f"at most {LARGEST / 1e6:.0f} million: fewer frames, or the compact form",
        )
    with Sdf.ChangeBlock():
        for item in single:
            if item.channel.level == "gpu":
                _rack_arrays(layer, plant, paths, item, times)
            else:
                _attributes(layer, paths, item, times)
        if form == "compact":
            _primvars(layer, plant, paths, frames, series, times)
    return layer


def _series(
    tree: xarray.DataTree, plant: Plant, every: int, recording: Path
) -> tuple[list[Series], list[float]]:
    """Channels of a recording that a stage can show, and its times [s]."""
    found: list[Series] = []
    times: list[float] = []
    for level in (*GROUPS, *UNITS, "gpu"):
        if level not in tree.children:
            continue
        data = tree[level].to_dataset()
        if not times:
            times = [float(t) for t in data["time"].values[::every]]
        for name, variable in data.data_vars.items():
            channel = BY_NAME.get(f"{level}.{name}")
            if channel is None or variable.ndim != 2:
                continue
            values = np.asarray(variable.values[::every], dtype=np.float32)
            if values.shape[1] != plant.levels[level].count:
                raise InputError(
                    "a recording of other elements",
                    recording,
                    key=channel.name,
                    found=str(values.shape[1]),
                    allowed=str(plant.levels[level].count),
                )
            found.append(Series(channel, values))
    if not times:
        raise InputError("the recording has no frames", recording)
    return found, times


def _over(layer: Any, path: str) -> Any:
    return Sdf.CreatePrimInLayer(layer, path)


def _document(channel: Channel) -> dict[str, Any]:
    return {
        "documentation": channel.description,
        "customData": {"unit": channel.unit or "1", "channel": channel.name},
    }


def _attributes(layer: Any, paths: PrimPaths, item: Series, times: Sequence[float]) -> None:
    """A sampled attribute on the prim of every element of a level."""
    info = _document(item.channel)
    for path, column in zip(paths.by_level[item.channel.level], item.values.T, strict=True):
        spec = attribute(_over(layer, path), item.attribute, Types.Float, custom=True, info=info)
        for time, value in _changes(times, column.tolist()):
            layer.SetTimeSample(spec.path, time, value)


def _changes(times: Sequence[float], values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Samples without those that repeat their neighbours on both sides."""
    last = len(values) - 1
    for k, (time, value) in enumerate(zip(times, values, strict=True)):
        if 0 < k < last and values[k - 1] == value == values[k + 1]:
            continue
        if value == value:  # a missing value has no sample
            yield time, value


def _rack_arrays(
    layer: Any, plant: Plant, paths: PrimPaths, item: Series, times: Sequence[float]
) -> None:
    """Accelerators' values on their rack, an array in the order of its slots."""
    first = plant.levels.rack_first_gpu
    name = f"twin:channel:gpu:{item.channel.name.partition('.')[2]}"
    for rack, path in enumerate(paths.by_level["rack"]):
        own = np.ascontiguousarray(item.values[:, first[rack] : first[rack + 1]])
        spec = attribute(
            _over(layer, path), name, Types.FloatArray, custom=True, info=_document(item.channel)
        )
        for time, row in zip(times, own, strict=True):
            layer.SetTimeSample(spec.path, time, Vt.FloatArray.FromNumpy(row))


def _primvars(
    layer: Any,
    plant: Plant,
    paths: PrimPaths,
    frames: Frames,
    series: Sequence[Series],
    times: Sequence[float],
) -> None:
    """Values of instances on their instancers."""
    places: list[tuple[str, str, NDArray[np.int64]]] = []
    for level, owner, product, rows in groups(plant, frames):
        scope = instances_scope(plant, paths, OWNERS[level], owner)
        places.append((level, f"{scope}/{identifier(f'{level}_{product}')}", rows))
    for owner, product, racks in rack_groups(plant, frames):
        scope = instances_scope(plant, paths, "hall", owner)
        places.append(
            ("gpu", f"{scope}/{identifier(f'gpu_{product}')}", accelerator_rows(plant, racks))
        )
    for level, path, rows in places:
        own = [item for item in series if item.channel.level == level]
        for item in own:
            part = np.ascontiguousarray(item.values[:, rows])
            name = f"primvars:{item.channel.name.partition('.')[2]}"
            info = _document(item.channel) | {"interpolation": "vertex"}
            spec = attribute(_over(layer, path), name, Types.FloatArray, info=info)
            for time, row in zip(times, part, strict=True):
                layer.SetTimeSample(spec.path, time, Vt.FloatArray.FromNumpy(row))
            if item.channel.name == COLOURED:
                _colours(layer, path, item.channel, part, times)


def _colours(
    layer: Any, path: str, channel: Channel, values: Values, times: Sequence[float]
) -> None:
    """Colours of instances by a channel, over the range of its legend."""
    spec = attribute(
        _over(layer, path),
        "primvars:displayColor",
        Types.Color3fArray,
        info={"interpolation": "vertex"},
    )
    for time, row in zip(times, colours_of(values, channel.low, channel.high), strict=True):
        layer.SetTimeSample(spec.path, time, Vt.Vec3fArray.FromNumpy(row))


def colours_of(values: Values, low: float, high: float) -> NDArray[np.float32]:
    """Linear RGB of values between ``low`` (blue) and ``high`` (red); missing ones are grey."""
    place = np.clip((np.nan_to_num(values) - low) / (high - low), 0.0, 1.0) * (len(HEAT) - 1)
    stops = np.array([linear_colour(tuple(stop)) for stop in HEAT])
    colours = np.stack(
        [np.interp(place, np.arange(len(HEAT)), stops[:, k]) for k in range(3)], axis=-1
    )
    colours[np.isnan(values)] = 0.2
    return colours.astype(np.float32)
