"""Pictures for a server: one renderer kept in the process that draws them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from typing import Any

from twin.extras import need
from viewer import gl_probe

need("viewer", "pyvista", "vtkmodules", "PIL", what="Drawing")
CAMERA = "hall"
_scenes: dict[str, Mapping[str, Any]] = {}  # the one drawn last, by its layout's digest


@cache
def _renderer() -> Any:
    from viewer.offscreen import Renderer

    gl_probe.begin()
    return Renderer()


def png(scene: Mapping[str, Any], frame: Any, channel: str, width: int, height: int) -> bytes:
    """The factory at one moment as PNG file.

    Parameters
    ----------
    scene : scene description, as ``/api/scene`` gives it
    frame : decoded frame of the stream, with the channel's values
    channel : channel that colours the elements
    width, height : size [pixels]

    Raises InputError where the machine cannot draw.
    """
    from PIL import Image

    if frame.digest not in _scenes:
        _scenes.clear()
        _scenes[frame.digest] = scene  # the renderer keeps its actors while this is the same object
    scene = _scenes[frame.digest]
    pixels = _renderer().render(scene, frame, channel, CAMERA, (width, height), "dark", None)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
