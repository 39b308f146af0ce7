"""What people see: a scene description and frames of values, drawn with PyVista.

The viewer knows the twin only through those two. ``render`` draws a picture without a window,
``Viewer`` opens one; both are imported on first use, because VTK takes its time to load.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Renderer", "Viewer", "render"]


def __getattr__(name: str) -> Any:
    if name in ("render", "Renderer"):
        from viewer import offscreen

        return getattr(offscreen, name)
    if name == "Viewer":
        from viewer.window import Viewer

        return Viewer
    raise AttributeError(f"module 'viewer' has no attribute {name!r}")
