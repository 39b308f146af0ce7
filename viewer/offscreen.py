"""Pictures without a window: one renderer, reused for every picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkFloatArray

from twin.errors import InputError
from viewer.air import check_planes
from viewer.camera import Camera, focus_rack, preset
from viewer.gl_probe import begin, require_gl
from viewer.highlights import faults_in_force
from viewer.lod import STILL, Quality
from viewer.occlusion import linear_depth, occlusion
from viewer.overlays import Overlays
from viewer.palette import THEMES, Theme
from viewer.scene_builder import SceneView
from viewer.text import overlay

LARGEST = 8192  # pixels along a side of a picture


def theme_of(name: str) -> Theme:
    """The theme of that name. Raises InputError that lists the names."""
    if name not in THEMES:
        raise InputError("unknown theme", key="theme", found=name, allowed=", ".join(THEMES))
    return THEMES[name]


class Renderer:
    """Draws pictures of scenes; keeps its window, and the scene as long as its digest stays.

    supersampling : the view is drawn this many times larger and averaged, for smooth edges
    occlusion : corners and gaps get darker (costs some tenths of a second)
    """

    def __init__(
        self, supersampling: int = 2, occlusion: bool = True, quality: Quality = STILL
    ) -> None:
        begin()
        import pyvista

        require_gl()

        self.supersampling = supersampling
        self.occlusion = occlusion
        self.quality = quality
        self.plotter = pyvista.Plotter(off_screen=True, lighting="none", window_size=[320, 180])
        self.plotter.ren_win.SetMultiSamples(0)
        self.plotter.show(auto_close=False)  # its first picture would move the camera
        self.scene: SceneView | None = None
        self._raw: Mapping[str, Any] | None = None

    def close(self) -> None:
        """Give the window back."""
        self.scene = None
        self.plotter.close()

    def load(self, raw: Mapping[str, Any], theme: str = "dark") -> SceneView:
        """Make the scene's actors; a scene already loaded only changes its theme."""
        wanted = theme_of(theme)
        if self.scene is None or self._raw is not raw:
            if self.scene is not None:
                self.scene.remove()
            self.scene = SceneView(raw, self.plotter.renderer, wanted)
            self._raw = raw
        elif self.scene.theme is not wanted:
            self.scene.set_theme(wanted)
        return self.scene

    def render(
        self,
        raw: Mapping[str, Any],
        frame: Any = None,
        channel: str | None = None,
        camera: str | Camera = "hall",
        size: tuple[int, int] = (1280, 720),
        theme: str = "dark",
        focus: str | None = None,
        overlays: bool = True,
        fit: bool = False,
        events: Sequence[Mapping[str, Any]] = (),
        heat: str | None = None,
        air: str = "off",
    ) -> NDArray[np.uint8]:
        """A picture (height, width, 3) of the scene.

        frame : values and key figures; None: no values
        channel : what colours the elements; None: their own materials
        camera : a preset's name, or a camera; focus : path of the element a preset is about
        overlays : legend, key figures and labels
        fit : the colours span the values there are, not the channel's range
        events : what happened so far, for the faults in force and the time line
        heat : path of an accelerator whose heat is followed to the sky
        air : slices of air through the aisles: vertical, horizontal, both, off
        Raises InputError for a size outside 1..8192, an unknown channel, preset, theme or path.
        """
        width, height = (int(s) for s in size)
        if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
            raise InputError(
                "a picture needs a width and a height",
                key="size",
                found=f"{width}x{height}",
                allowed=f"1 to {LARGEST} pixels each",
            )
        scene = self.load(raw, theme)
        if frame is not None:
            scene.update(frame)
        scene.fitted = fit
        scene.set_channel(channel)
        place = None if focus is None else scene.model.find(focus)
        scene.faults.show(scene.model, faults_in_force(events))
        scene.show_heat(None if heat is None else scene.model.find(heat)[1])
        scene.show_one_line(camera == "one-line")
        scene.air.show(check_planes(air))
        scene.air.update(scene.values)
        scene.draw_tray_out(None)
        if isinstance(camera, str):
            name, camera = camera, preset(scene.model, camera, width / height, place)
            if name == "rack" and scene.channel is not None and scene.channel.level == "gpu":
                scene.draw_tray_out(focus_rack(scene.model, place))
        factor = max(1, min(self.supersampling, LARGEST // max(width, height)))
        picture = self._draw(scene, camera, (width, height), factor)
        if not overlays:
            return picture
        view = camera.view((width, height), self.quality)
        return overlay(picture, Overlays().panels(scene, view, frame))

    def _draw(
        self, scene: SceneView, camera: Camera, size: tuple[int, int], factor: int
    ) -> NDArray[np.uint8]:
        width, height = size[0] * factor, size[1] * factor
        self.plotter.window_size = [width, height]
        view = camera.view((width, height), self.quality)
        scene.refresh(view)
        apply_camera(self.plotter.renderer, camera)
        near, far = scene.clipping_range(view)
        self.plotter.renderer.GetActiveCamera().SetClippingRange(near, far)
        self.plotter.render()
        picture = np.asarray(self.plotter.screenshot(return_img=True))[:, :, :3]
        if factor > 1:
            picture = np.asarray(Image.fromarray(np.ascontiguousarray(picture)).reduce(factor))
        if self.occlusion:
            light = self._occlusion(camera, size, factor)
            picture = (picture * light[:, :, None]).astype(np.uint8)
        return np.ascontiguousarray(picture)

    def _occlusion(self, camera: Camera, size: tuple[int, int], factor: int) -> NDArray[np.float32]:
        near, far = self.plotter.renderer.GetActiveCamera().GetClippingRange()
        buffer = depth_buffer(self.plotter.ren_win)[::-1]
        if factor > 1:
            buffer = buffer[factor // 2 :: factor, factor // 2 :: factor]
        depth = linear_depth(buffer, near, far, camera.parallel_scale is not None)
        depth[buffer >= 1.0] = np.inf
        distance = float(np.linalg.norm(np.subtract(camera.position, camera.focal_point)))
        radius = float(np.clip(0.03 * distance, 0.15, 3.0))
        return occlusion(depth, camera.view(size, self.quality), radius)


def depth_buffer(window: Any) -> NDArray[np.float32]:
    """The window's depth values 0..1 (height, width), first row at the bottom."""
    width, height = window.GetSize()
    array = vtkFloatArray()
    window.GetZbufferData(0, 0, width - 1, height - 1, array)
    depth: NDArray[np.float32] = vtk_to_numpy(array).reshape(height, width)
    return depth


def apply_camera(renderer: Any, camera: Camera) -> None:
    """Set a renderer's camera."""
    vtk_camera = renderer.GetActiveCamera()
    vtk_camera.SetPosition(*camera.position)
    vtk_camera.SetFocalPoint(*camera.focal_point)
    vtk_camera.SetViewUp(*camera.up)
    vtk_camera.SetViewAngle(camera.view_angle)
    vtk_camera.SetParallelProjection(camera.parallel_scale is not None)
    if camera.parallel_scale is not None:
        vtk_camera.SetParallelScale(camera.parallel_scale)


def render(
    scene: Mapping[str, Any],
    frame: Any = None,
    channel: str | None = None,
    camera: str | Camera = "hall",
    size: tuple[int, int] = (1280, 720),
    theme: str = "dark",
    path: str | Path | None = None,
    **more: Any,
) -> NDArray[np.uint8]:
    """One picture; written to ``path`` (PNG) when given. For several keep a Renderer."""
    renderer = Renderer()
    try:
        picture = renderer.render(scene, frame, channel, camera, size, theme, **more)
    finally:
        renderer.close()
    if path is not None:
        from viewer.picture_file import write_picture

        write_picture(picture, Path(path))
    return picture
