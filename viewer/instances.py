"""Many elements of one product as instanced actors: one pair per level of detail.

Which instances are drawn at which level of detail follows from the camera; colours are bytes per
element, copied into the drawn subset in place. Actors are added once and never re-added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkGlyph3DMapper

from assets.meshes import DETAIL_BUDGETS
from viewer.lod import DETAILS, View
from viewer.models import Mode, Role, palette_texture, surfaces
from viewer.palette import Theme
from viewer.scene_model import Group

Bytes = NDArray[np.uint8]


@dataclass
class InstanceSet:
    """A glyph mapper's points, yaws and colours: what is drawn by one or several actors."""

    data: vtkPolyData
    rows: NDArray[np.int64]
    colours: Bytes

    @classmethod
    def empty(cls) -> InstanceSet:
        """Nothing drawn yet."""
        return cls(vtkPolyData(), np.empty(0, np.int64), np.empty((0, 4), np.uint8))

    def show(
        self,
        rows: NDArray[np.int64],
        points: NDArray[np.float32],
        yaw: NDArray[np.float32],
        scale: NDArray[np.float32] | None = None,
    ) -> None:
        """Draw these instances: their rows, points (n, 3) and yaws [deg]; colours start white."""
        self.rows = rows
        vertices = vtkPoints()
        vertices.SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float32), deep=True))
        self.data.SetPoints(vertices)
        turn = np.zeros((len(rows), 3), np.float32)
        turn[:, 2] = yaw
        self.colours = np.full((len(rows), 4), 255, np.uint8)
        for name, array in (("turn", turn), ("colour", self.colours), ("scale", scale)):
            if array is not None:
                vtk_array = numpy_to_vtk(array, deep=name != "colour")
                vtk_array.SetName(name)
                self.data.GetPointData().AddArray(vtk_array)
        self.data.GetPointData().SetActiveScalars("colour")
        self.data.Modified()

    def paint(self, colours: Bytes) -> None:
        """Copy the drawn instances' colours out of ``colours`` (all elements, 4), in place."""
        if len(self.rows):
            np.take(
                colours.view(np.uint32).reshape(-1),
                self.rows,
                out=self.colours.view(np.uint32).reshape(-1),
                mode="clip",
            )
            self.data.GetPointData().GetArray("colour").Modified()
            self.data.Modified()


def glyph_actor(instances: InstanceSet, source: vtkPolyData, theme: Theme) -> vtkActor:
    """An actor that draws ``source`` at every instance, in its palette colours."""
    mapper = vtkGlyph3DMapper()
    mapper.SetInputData(instances.data)
    mapper.SetSourceData(source)
    mapper.ScalingOff()
    mapper.OrientOn()
    mapper.SetOrientationArray("turn")
    mapper.SetOrientationModeToRotation()
    mapper.SetColorMode(2)  # bytes are colours
    mapper.ScalarVisibilityOff()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.SetTexture(palette_texture())
    set_material(actor, theme, "body")
    actor.VisibilityOff()
    return actor


def set_material(actor: vtkActor, theme: Theme, role: Role) -> None:
    """Surface response: state surfaces stay close to their legend colour in any light."""
    surface = actor.GetProperty()
    surface.SetInterpolationToPhong()
    if role == "state":
        surface.SetAmbient(min(theme.ambient + 0.16, 1.0))
        surface.SetDiffuse(0.66)
        surface.SetSpecular(0.04)
        surface.SetSpecularPower(12)
    else:
        surface.SetAmbient(theme.ambient)
        surface.SetDiffuse(0.78)
        surface.SetSpecular(0.14)
        surface.SetSpecularPower(24)


class InstancedGroup:
    """The elements of one product on one level, drawn at up to three levels of detail.

    mode : "closed" with covers, or "open" without them
    add : called with every actor when it is made, which is when its detail is first needed
    """

    def __init__(
        self, group: Group, theme: Theme, add: Callable[[vtkActor], None], mode: Mode = "closed"
    ) -> None:
        self.group = group
        self.mode = mode
        self.theme = theme
        self.add = add
        self.coloured = False
        product = group.product
        self.centres = group.position + np.array([0, 0, product.size[2] / 2], np.float32)
        self.radius = float(np.linalg.norm(product.size) / 2)
        self.colours = np.full((len(group.index), 4), 255, np.uint8)
        self.sets = [InstanceSet.empty() for _ in DETAILS]
        self.actors: dict[tuple[int, Role], vtkActor] = {}
        self.triangles = [DETAIL_BUDGETS[0], DETAIL_BUDGETS[1], DETAIL_BUDGETS[2] // 4]

    def _make(self, detail: int) -> None:
        """Build the actors of a level of detail."""
        product = self.group.product
        made = surfaces(product.mesh, product.size, product.parameters, detail)
        self.triangles[detail] = sum(s.triangles for (m, _), s in made.items() if m == self.mode)
        for (mode, role), surface in made.items():
            if mode == self.mode:
                actor = glyph_actor(self.sets[detail], surface.polydata, self.theme)
                set_material(actor, self.theme, role)
                self.actors[detail, role] = actor
                self._colour_actor(actor, role)
                self.add(actor)

    def _colour_actor(self, actor: vtkActor, role: Role) -> None:
        if role == "state":
            actor.GetMapper().SetScalarVisibility(self.coloured)
            actor.SetTexture(None if self.coloured else palette_texture())  # type: ignore[arg-type]

    def set_theme(self, theme: Theme) -> None:
        """Adapt the surfaces to a theme."""
        self.theme = theme
        for (_, role), actor in self.actors.items():
            set_material(actor, theme, role)

    def set_colours(self, colours: Bytes | None) -> None:
        """Colours of all elements, (n, 4) in the group's order; None: their own materials."""
        if self.coloured != (colours is not None):
            self.coloured = colours is not None
            for (_, role), actor in self.actors.items():
                self._colour_actor(actor, role)
        if colours is not None:
            self.colours = colours
            for instances in self.sets:
                instances.paint(colours)

    def refresh(self, view: View, shown: NDArray[np.bool_] | None = None) -> int:
        """Choose levels of detail for the camera; returns the triangles that are now drawn.

        shown : which elements may be drawn at all (n,); None: all
        """
        width, depth, tall = self.group.product.size
        height = max(tall, 0.45 * max(width, depth))  # long, low units deserve their detail too
        chosen = view.details(self.centres, self.radius, height, self.triangles, shown)
        drawn = 0
        for detail, instances in enumerate(self.sets):
            rows = np.nonzero(chosen == detail)[0]
            if len(rows) and (detail, "body") not in self.actors:
                self._make(detail)
            drawn += len(rows) * self.triangles[detail]
            if len(rows) == len(instances.rows) and np.array_equal(rows, instances.rows):
                continue
            instances.show(rows, self.group.position[rows], self.group.yaw[rows])
            if self.coloured:
                instances.paint(self.colours)
            for (d, _), actor in self.actors.items():
                if d == detail:
                    actor.SetVisibility(len(rows) > 0)
        return drawn
