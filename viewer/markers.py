"""Marks over the picture: elements beyond their limits, and the outline of the picked one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkGlyph3DMapper, vtkPolyDataMapper

from assets.meshes.shapes import loft
from viewer.instances import InstanceSet
from viewer.lod import View
from viewer.models import polydata, with_normals
from viewer.palette import STATUS_COLOURS, Theme
from viewer.scene_model import Channel, SceneModel

if TYPE_CHECKING:
    from viewer.pulled_tray import PulledTray
    from viewer.scene_builder import SceneView

MOST = 4000


def beyond(channel: Channel, values: NDArray[np.floating]) -> NDArray[np.int64]:
    """0 within limits, 1 beyond the warning, 2 beyond the limit, for each value."""
    sign = -1.0 if channel.falling else 1.0
    state = np.zeros(len(values), np.int64)
    for level, bound in ((1, channel.warning), (2, channel.limit)):
        if bound is not None:
            state[sign * values >= sign * bound] = level
    return state


class AlarmMarkers:
    """A small pin over every element (for accelerators: every rack) beyond a limit."""

    def __init__(self, theme: Theme) -> None:
        self.instances = InstanceSet.empty()
        self.points = np.empty((0, 3), np.float32)
        self.colours = np.empty((0, 4), np.uint8)
        self.mapper = vtkGlyph3DMapper()
        self.mapper.SetInputData(self.instances.data)
        self.mapper.SetSourceData(_pin())
        self.mapper.ScalingOn()
        self.mapper.SetScaleArray("scale")
        self.mapper.SetScaleModeToScaleByMagnitude()
        self.mapper.SetColorMode(2)
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.VisibilityOff()
        self.set_theme(theme)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.actor]

    def set_theme(self, theme: Theme) -> None:
        """Pins look the same in every theme."""
        surface = self.actor.GetProperty()
        surface.SetAmbient(0.75)
        surface.SetDiffuse(0.35)

    def update(
        self, scene: SceneView, channel: Channel | None, values: NDArray[np.floating] | None
    ) -> None:
        """Find the elements beyond a limit of the channel."""
        self.points = np.empty((0, 3), np.float32)
        self.colours = np.empty((0, 4), np.uint8)
        if channel is None or values is None or (channel.warning is None and channel.limit is None):
            return
        state = beyond(channel, values)
        if not state.any():
            return
        level = channel.level
        if level == "gpu":
            first = scene.model.rack_first_gpu[:-1]
            state, level = np.maximum.reduceat(state, first.clip(max=len(state) - 1)), "rack"
        points, states = [], []
        for group in scene.model.groups_of(level):
            rows = np.nonzero(state[group.index])[0]
            top = group.position[rows] + np.array([0, 0, group.product.size[2] + 0.1], np.float32)
            points.append(top)
            states.append(state[group.index][rows])
        if points:
            order = np.argsort(-np.concatenate(states), kind="stable")[:MOST]
            self.points = np.concatenate(points)[order]
            table = np.array([STATUS_COLOURS["warning"], STATUS_COLOURS["limit"]])
            rgb = np.round(255 * table[np.concatenate(states)[order] - 1]).astype(np.uint8)
            self.colours = np.column_stack([rgb, np.full(len(rgb), 255, np.uint8)])

    def refresh(self, view: View) -> None:
        """Draw the pins about equally large at every distance."""
        count = len(self.points)
        self.actor.SetVisibility(count > 0)
        if not count:
            return
        tall = view.pixels(1.0, view.depth(self.points))
        size = np.clip(15.0 / np.maximum(tall, 1e-3), 0.10, 4.0).astype(np.float32)
        self.instances.show(np.arange(count), self.points, np.zeros(count, np.float32), size)
        self.instances.paint(self.colours)


def _pin() -> vtkPolyData:
    """A diamond standing on its tip, one unit tall."""
    angle = np.arange(6) * np.pi / 3
    ring = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(6)])
    rings = np.array(
        [
            ring * [0.01, 0.01, 1],
            ring * [0.34, 0.34, 1] + [0, 0, 0.55],
            ring * [0.01, 0.01, 1] + [0, 0, 1.0],
        ]
    )
    solid = loft(rings)
    return with_normals(polydata(solid.vertices, solid.faces))


_EDGES = (
    (0, 1),
    (1, 2),
    (2, 3),
    (3, 0),
    (4, 5),
    (5, 6),
    (6, 7),
    (7, 4),
    (0, 4),
    (1, 5),
    (2, 6),
    (3, 7),
)


class Outline:
    """A bright box around the picked element."""

    def __init__(self, theme: Theme) -> None:
        self.data = vtkPolyData()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self.data)
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        self.actor.GetProperty().LightingOff()
        self.actor.GetProperty().SetLineWidth(2.5)
        self.actor.PickableOff()
        self.actor.VisibilityOff()
        self.set_theme(theme)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.actor]

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's selection colour."""
        self.actor.GetProperty().SetColor(*theme.selection)

    def hide(self) -> None:
        """No outline."""
        self.actor.VisibilityOff()

    def show(self, model: SceneModel, level: str, index: int, pulled: PulledTray) -> None:
        """Outline an element, where it is drawn now."""
        centre, size = model.place(level, index)
        if level == "gpu":
            centre = centre + pulled.shift_of(model, index)
        grow = size / 2 + np.maximum(0.01, 0.012 * size.max())
        signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        points = np.array([[*(s * grow[:2]), z * grow[2]] for z in (-1, 1) for s in signs]) + centre
        vertices, lines = vtkPoints(), vtkCellArray()
        for p in points:
            vertices.InsertNextPoint(*p)
        for a, b in _EDGES:
            lines.InsertNextCell(2, [a, b])
        self.data.SetPoints(vertices)
        self.data.SetLines(lines)
        self.data.Modified()
        self.actor.VisibilityOn()
