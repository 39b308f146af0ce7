"""The difference picture: one recording's scene, coloured by how far the other is from it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from twin.channels import BY_NAME
from twin.compare.divergence import Difference, Divergence, common_frames
from twin.compare.sides import Side
from twin.recording import FORMAT
from twin.report.clock import clock
from twin.report.pictures import Picture, Shot, draw

DRAWN = ("gpu.temperature", "rack.temperature", "gpu.power", "rack.power", "gpu.hbm_temperature")
"""Channels that are seen well, best first."""


def pictures(
    sides: list[Side], divergence: Divergence | None, folder: Path
) -> tuple[list[Picture], str]:
    """Pictures of a comparison: the difference of two equal factories, else each beside the other.

    Returns the pictures and why some are missing.
    """
    first, second = sides[0], sides[1]
    same = first.recording.digest == second.recording.digest and divergence is not None
    chosen = _chosen(divergence) if same and divergence is not None else None
    if chosen is not None:
        path = folder / "difference.zarr"
        write_difference(first, second, chosen, path)
        return draw(
            path,
            [
                Shot(
                    f"{BY_NAME[chosen.channel].title}: {second.label} minus {first.label} at "
                    f"{clock(chosen.time)}, where it is largest ({chosen.path})",
                    chosen.channel,
                    "hall",
                    chosen.time,
                    "/".join(chosen.path.split("/")[:3]) if chosen.path.count("/") > 2 else None,
                )
            ],
        )
    found: list[Picture] = []
    for side in sides[:4]:
        recorded = {c.name for c in side.recording.channels}
        channel = next((name for name in DRAWN if name in recorded), None)
        if channel is None:
            continue
        moment = float(side.recording.times[-1])
        shot = Shot(
            f"{side.label}: {BY_NAME[channel].title} at {clock(moment)}",
            channel,
            "hall",
            moment,
            size="1200x800",
        )
        drawn, missing = draw(side.recording.path, [shot])
        found += drawn
        if missing:
            return found, missing
    return found, ""


def _chosen(divergence: Divergence) -> Difference | None:
    """The difference worth a picture: of a channel seen well, else the largest of all."""
    by_name = {d.channel: d for d in divergence.differences}
    for name in DRAWN:
        if name in by_name and by_name[name].share > 0.01:
            return by_name[name]
    drawn = [d for d in divergence.differences if not d.channel.startswith("site.")]
    return max(drawn, key=lambda d: d.share, default=None)


def write_difference(first: Side, second: Side, difference: Difference, path: Path) -> None:
    """Write a recording of one frame that holds the difference of a channel, second minus first."""
    import zarr

    a, b = first.recording, second.recording
    rows_a, rows_b = common_frames(a, b)
    place = int(np.argmin(np.abs(a.times[rows_a] - difference.time)))
    channel = BY_NAME[difference.channel]
    values = b.read(channel.name, int(rows_b[place])) - a.read(channel.name, int(rows_a[place]))
    root = zarr.create_group(
        store=str(path), attributes={"format": FORMAT, "digest": a.digest, "layout": ""}
    )
    group = root.create_group(channel.level)
    group.create_array("time", data=np.array([difference.time]))
    group.create_array(
        channel.name.partition(".")[2], data=np.asarray(values, dtype=np.float32)[None, :]
    )
    bound = float(np.nanmax(np.abs(values), initial=channel.resolution))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # consolidated metadata is an extension of Zarr v3
        zarr.consolidate_metadata(root.store)
    scene = dict(a.scene)
    scene["channels"] = [_as_difference(row, channel.name, bound) for row in scene["channels"]]
    (path / "scene.json").write_text(json.dumps(scene))


def _as_difference(row: dict[str, Any], name: str, bound: float) -> dict[str, Any]:
    """A row of the channel table as that of a difference, with a range of its own."""
    if row["name"] != name:
        return row
    unit = "delta_degC" if row["unit"] == "degC" else row["unit"]
    return row | {
        "title": f"{row['title']}, difference",
        "unit": unit,
        "low": -bound,
        "high": bound,
        "warning": None,
        "limit": None,
        "colormap": "sequential",
    }
