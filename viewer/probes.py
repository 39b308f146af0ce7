"""Measuring a distance and cutting the scene open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPlane, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from viewer import hud
from viewer.lod import View
from viewer.text import Panel, rgba

if TYPE_CHECKING:
    from viewer.window import Viewer

CUTS = ("off", "x", "y", "z")


class Probes:
    """A measured distance and a cut plane in a viewer's scene."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.measuring = False
        self.measured: list[NDArray[np.float64]] = []
        self.cut_kind, self.cut_at = "off", 0.0
        self._plane = vtkPlane()
        self._data = vtkPolyData()
        self.line = vtkActor()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._data)
        self.line.SetMapper(mapper)
        self.line.GetProperty().SetLineWidth(3.0)
        self.line.GetProperty().LightingOff()
        self.line.PickableOff()
        self.line.VisibilityOff()
        viewer.plotter.renderer.AddActor(self.line)

    def clear(self) -> None:
        """Another scene is shown: nothing is measured or cut."""
        self.measuring, self.measured = False, []
        self._draw_measure()
        self.set_cut("off")

    def click(self, x: float, y: float) -> bool:
        """A click at a pixel (y down): True when it was for the measure."""
        if self.measuring:
            self.measure(x, y)
            return True
        return False

    def toggle_measure(self) -> None:
        """Measure: the next two clicks are its ends; again: the line goes."""
        if self.measuring or self.measured:
            self.measuring, self.measured = False, []
        else:
            self.measuring = True
            self.viewer.say("measure: click two points", "ok")
        self._draw_measure()

    def measure(self, x: float, y: float) -> None:
        """Take the point under a pixel (y down): on an element, or on the ground."""
        scene = self.viewer.scene
        assert scene is not None
        view = self.viewer.view()
        origin, direction = view.ray(x, y)
        hit = scene.pick(view, x, y)
        if hit is not None:
            point = origin + hit.distance * direction
        elif direction[2] < -1e-6:
            point = origin - origin[2] / direction[2] * direction
        else:
            return
        self.measured.append(np.asarray(point, float))
        self.measuring = len(self.measured) < 2
        self._draw_measure()

    @property
    def distance(self) -> float | None:
        """The measured distance [m]; None before both ends are there."""
        if len(self.measured) < 2:
            return None
        return float(np.linalg.norm(self.measured[1] - self.measured[0]))

    def _draw_measure(self) -> None:
        self.line.SetVisibility(len(self.measured) == 2)
        self.line.GetProperty().SetColor(*self.viewer.theme.selection)
        if len(self.measured) == 2:
            points, cells = vtkPoints(), vtkCellArray()
            for point in self.measured:
                points.InsertNextPoint(*point)
            cells.InsertNextCell(2, [0, 1])
            self._data.SetPoints(points)
            self._data.SetLines(cells)
            self._data.Modified()
        self.viewer.redraw()

    def next_cut(self) -> None:
        """Cut the scene open across x, across y, level at head height, not at all."""
        self.set_cut(CUTS[(CUTS.index(self.cut_kind) + 1) % len(CUTS)])

    def set_cut(self, kind: str) -> None:
        """Cut through the picked element, or the middle of what is seen."""
        scene = self.viewer.scene
        self.cut_kind = kind
        if scene is not None and kind != "off":
            hit = self.viewer.selected
            focal = self.viewer.plotter.renderer.GetActiveCamera().GetFocalPoint()
            middle = focal if hit is None else scene.model.place(hit.level, hit.index)[0]
            axis = "xyz".index(kind)
            self.cut_at = 1.2 if kind == "z" else float(middle[axis])
            self.viewer.say(f"cut at {kind} = {self.cut_at:.1f} m: < and > move it", "ok")
        self.apply_cut()
        self.viewer.redraw()

    def move_cut(self, step: float) -> None:
        """Move the cut by ``step`` [m]."""
        if self.cut_kind != "off":
            self.cut_at += step
            self.apply_cut()
            self.viewer.say(f"cut at {self.cut_kind} = {self.cut_at:.1f} m", "ok")

    def apply_cut(self) -> None:
        """Put the plane on everything drawn (actors that came since have none yet)."""
        if self.cut_kind != "off":
            axis = "xyz".index(self.cut_kind)
            origin, normal = np.zeros(3), np.zeros(3)
            origin[axis] = self.cut_at
            eye = self.viewer.plotter.renderer.GetActiveCamera().GetPosition()
            normal[axis] = -1.0 if axis == 2 or eye[axis] > self.cut_at else 1.0
            self._plane.SetOrigin(*origin)
            self._plane.SetNormal(*normal)
        for actor in self.viewer.plotter.renderer.GetActors():
            mapper = actor.GetMapper()
            if mapper is None:
                continue
            mapper.RemoveAllClippingPlanes()
            if self.cut_kind != "off":
                mapper.AddClippingPlane(self._plane)

    def panels(self, view: View, scale: float) -> list[Panel]:
        """The measured distance, written over its middle."""
        if self.distance is None:
            return []
        a, b = self.measured
        x, y, depth = view.project(((a + b) / 2)[None])[0]
        if depth <= 0:
            return []
        dx, dy, dz = np.abs(b - a)
        words = f"{self.distance:.2f} m  (x {dx:.2f}, y {dy:.2f}, z {dz:.2f})"
        ink, back = (8, 12, 18, 255), rgba(self.viewer.theme.selection)
        image = hud.chip(words, round(13.5 * scale), ink, back)
        return [Panel(image, round(x - image.shape[1] / 2), round(y - 30 * scale))]
