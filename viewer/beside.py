"""Two factories, or two times of one, side by side: one camera, and colours of the difference."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkRenderer

from twin.errors import InputError, TwinError
from viewer.camera import preset
from viewer.interaction import supersampling_pass
from viewer.lod import View
from viewer.offscreen import Renderer
from viewer.overlays import Overlays
from viewer.scene_builder import SceneView
from viewer.text import Panel, overlay

if TYPE_CHECKING:
    from twin.sources import SceneSource
    from viewer.window import Viewer


def comparable(one: SceneView, other: SceneView, channel: str | None) -> None:
    """Raise InputError unless the channel has as many elements in both scenes."""
    if channel is None:
        raise InputError("a difference needs a channel", key="--channel")
    level = channel.partition(".")[0]
    counts = one.model.count(level), other.model.count(level)
    if counts[0] != counts[1]:
        raise InputError(
            "the two have different numbers of elements: no difference to colour",
            key=level,
            found=f"{counts[0]} and {counts[1]}",
        )


def picture_beside(
    one: tuple[Any, Any],
    other: tuple[Any, Any],
    channel: str | None,
    camera: str,
    size: tuple[int, int],
    theme: str = "dark",
    focus: str | None = None,
    *,
    difference: bool = False,
    overlays: bool = True,
    fit: bool = False,
) -> NDArray[np.uint8]:
    """Two scenes in one picture, left and right, seen by the same camera.

    one, other : scene and frame each; difference : the right shows the other minus the one
    Raises InputError where they cannot be compared.
    """
    half = size[0] // 2, size[1]
    left, right = Renderer(), Renderer()
    try:
        first = left.load(one[0], theme)
        second = right.load(other[0], theme)
        place = None if focus is None else first.model.find(focus)
        pose = preset(first.model, camera, half[0] / half[1], place)
        if difference:
            comparable(first, second, channel)
            first.update(one[1])
            second.reference = first.values
        pictures = [
            renderer.render(scene, frame, channel, pose, half, theme, overlays=overlays, fit=fit)
            for renderer, (scene, frame) in ((left, one), (right, other))
        ]
    finally:
        left.close()
        right.close()
    joint = np.concatenate(pictures, axis=1)
    joint[:, half[0] - 1 : half[0] + 1] = 200
    return overlay(joint, [])


class Beside:
    """The right half of a viewer's window: another source, seen by the same camera."""

    def __init__(self, viewer: Viewer, opener: Callable[[], SceneSource]) -> None:
        self.viewer = viewer
        self.source = opener()
        self.renderer = vtkRenderer()
        window = viewer.plotter.ren_win
        viewer.plotter.renderer.SetViewport(0.0, 0.0, 0.5, 1.0)
        self.renderer.SetViewport(0.5, 0.0, 1.0, 1.0)
        self.renderer.SetActiveCamera(viewer.plotter.renderer.GetActiveCamera())
        self.renderer.InteractiveOff()  # the mouse moves the one camera of both
        window.AddRenderer(self.renderer)
        self.scene = SceneView(self.source.scene, self.renderer, viewer.theme)
        self.difference = False
        self.frame: Any = None
        self._seen: Any = None  # the left side's frame that the difference was taken to
        self._overlays = Overlays()
        self._smooth_pass = supersampling_pass()
        self.select()

    def select(self) -> None:
        """Show the viewer's channel."""
        name, scene = self.viewer.wanted_channel, self.scene
        known = {c.name for c in scene.model.channels}
        scene.set_channel(name if name in known else None)
        wanted = [n for n in (name, *self.viewer.tools.wanted_channels()) if n in known]
        if wanted:
            self.source.select(list(dict.fromkeys(wanted)))

    def toggle_difference(self) -> None:
        """Colour the right side by its difference to the left one, or as it is."""
        one = self.viewer.scene
        assert one is not None
        if not self.difference:
            try:
                comparable(one, self.scene, self.viewer.wanted_channel)
            except InputError as error:
                self.viewer.say(str(error).splitlines()[0], "limit")
                return
        self.difference = not self.difference
        self.scene.reference = one.values if self.difference else None
        self.scene.set_channel(self.scene.channel.name if self.scene.channel else None)
        self.viewer.say("the right minus the left" if self.difference else "the right itself")
        self.viewer.redraw()

    def command(self, name: str, **more: Any) -> None:
        """Let time go on or stand as on the left."""
        if name in ("pause", "resume", "speed", "step"):
            with contextlib.suppress(TwinError):
                self.source.command(name, **more)

    def poll(self) -> bool:
        """Take the newest frame; True when it is a new one, or the left side's is."""
        one = self.viewer.scene
        try:
            frame = self.source.latest()
        except TwinError:
            return False
        fresh = frame is not None and frame is not self.frame
        if fresh:
            self.frame = frame
            self.scene.update(frame)
        if self.difference and one is not None and self._seen is not self.viewer.frame:
            self._seen = self.viewer.frame
            fresh = True
            self.scene.reference = one.values
            self.scene.set_channel(self.scene.channel.name if self.scene.channel else None)
        return fresh

    def smooth(self, on: bool) -> None:
        """Smooth edges by drawing larger and averaging, or not."""
        self.renderer.SetPass(self._smooth_pass if on else None)  # type: ignore[arg-type]

    def refresh(self, view: View) -> None:
        """Choose levels of detail for the camera."""
        self.scene.refresh(view)

    def panels(self, view: View, labels: bool) -> list[Panel]:
        """Figures, legend and labels of the right half."""
        shift = view.size[0]
        panels = self._overlays.panels(self.scene, view, self.frame, labels=labels)
        return [Panel(p.image, p.x + shift, p.y) for p in panels]

    def close(self) -> None:
        """Give the right half back."""
        self.scene.remove()
        self.viewer.plotter.ren_win.RemoveRenderer(self.renderer)
        self.viewer.plotter.renderer.SetViewport(0.0, 0.0, 1.0, 1.0)
        self.source.close()
