"""Whether a kept recording can be gone on with: its arrays are those of the plant, and whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.channels import Channel
from twin.errors import InputError
from twin.recording import CHUNK_ELEMENTS, CHUNK_FRAMES

if TYPE_CHECKING:
    from twin.plant.levels import Levels


def check_fit(folder: Path, channels: Sequence[Channel], levels: Levels) -> None:
    """Refuse arrays into which what is recorded of a plant cannot be written.

    Raises InputError naming the channel, or OSError.
    """
    for level in dict.fromkeys(channel.level for channel in channels):
        _check(folder, f"{level}/time", "float64", ())
    for channel in channels:
        count = levels[channel.level].count
        _check(folder, channel.name.replace(".", "/", 1), "float32", (count,))


def check_open_chunk(folder: Path, channels: Sequence[Channel], written: int) -> None:
    """Read what the next frames are written into, so that damage shows now and not later.

    Raises InputError naming the channel, or what reading raises.
    """
    import zarr

    if written % CHUNK_FRAMES == 0:
        return
    for channel in channels:
        array: Any = zarr.open_array(str(folder / channel.name.replace(".", "/", 1)), mode="r")
        try:
            array[written - 1]
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"the recording is damaged: {error}", folder, key=channel.name
            ) from None


def _check(folder: Path, array: str, kind: str, elements: tuple[int, ...]) -> None:
    """Compare an array's document with what it has to be; ``elements``: shape beside frames."""
    key = array.replace("/", ".", 1)
    try:
        document = json.loads((folder / array / "zarr.json").read_bytes())
        found = (document["data_type"], tuple(document["shape"][1:]))
        chunks = tuple(document["chunk_grid"]["configuration"]["chunk_shape"])
    except FileNotFoundError:
        raise InputError("the recording is damaged: an array is missing", folder, key=key) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError("the recording is damaged: not an array", folder, key=key) from None
    wanted = (CHUNK_FRAMES, *(min(count, CHUNK_ELEMENTS) or 1 for count in elements))
    if found != (kind, elements) or (elements and chunks != wanted):
        raise InputError(
            "the recording is not one of this layout",
            folder,
            key=key,
            found=f"{found[0]} of shape {found[1]} in chunks of {chunks}",
            allowed=f"{kind} of shape {elements} in chunks of {wanted}",
        )
