"""What must not be overlooked: failed elements, and the way of an accelerator's heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkTubeFilter
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from twin.errors import InputError
from viewer.models import polydata
from viewer.palette import Theme
from viewer.scene_model import SceneModel

LINE_RADIUS = 0.055  # m
_FACES = np.array(
    [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
)


def faults_in_force(events: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Faults that were injected and not cleared, by path, from events oldest first."""
    active: dict[str, list[str]] = {}
    for event in events:
        kind, path = str(event.get("kind", "")), str(event.get("path", ""))
        if kind not in ("inject", "clear"):
            continue
        words = str(event.get("message", ""))
        key = str(event.get("key") or words.partition(" injected")[0].partition(" cleared")[0])
        own = active.setdefault(path, [])
        if kind == "inject" and key not in own:
            own.append(key)
        elif kind == "clear" and key in own:
            own.remove(key)
        if not own:
            del active[path]
    return active


class FaultMarks:
    """A red veil with bright edges over every failed element."""

    def __init__(self, theme: Theme) -> None:
        self.faults: dict[str, list[str]] = {}
        self.anchors: list[tuple[str, NDArray[np.float64]]] = []
        self.data, self.lines = vtkPolyData(), vtkPolyData()
        self.veil, self.edges = _actor(self.data), _actor(self.lines)
        self.veil.GetProperty().SetOpacity(0.45)
        self.edges.GetProperty().SetRepresentationToWireframe()
        self.edges.GetProperty().SetLineWidth(3.0)
        self.set_theme(theme)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.veil, self.edges]

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colour of limits."""
        for actor in self.actors:
            actor.GetProperty().SetColor(*theme.status["limit"])

    def show(self, model: SceneModel, faults: Mapping[str, Sequence[str]]) -> bool:
        """Mark the elements at these paths; True when something changed."""
        wanted = {path: list(keys) for path, keys in faults.items()}
        if wanted == self.faults:
            return False
        self.faults = wanted
        self.anchors = []
        corners = []
        for path, keys in wanted.items():
            try:
                centre, size = model.place(*model.find(path))
            except InputError:
                continue  # an element of another layout, or one without a place
            half = size / 2 + 0.02
            signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
            corners += [
                np.array([*(s * half[:2]), z * half[2]]) + centre for z in (-1, 1) for s in signs
            ]
            words = f"✕ {path.rpartition('/')[2]}: {', '.join(keys)}"
            self.anchors.append((words, centre + np.array([0, 0, half[2] + 0.1])))
        count = len(corners) // 8
        for actor in self.actors:
            actor.SetVisibility(count > 0)
        if count:
            faces = (np.arange(count)[:, None, None] * 8 + _FACES).reshape(-1, 4)
            mesh = polydata(np.array(corners), faces)
            self.data.ShallowCopy(mesh)
            self.lines.ShallowCopy(mesh)
        return True


class HeatLine:
    """A bright tube along the way of the heat, in front of everything."""

    def __init__(self, theme: Theme) -> None:
        self.data = vtkPolyData()
        tube = vtkTubeFilter()
        tube.SetInputData(self.data)
        tube.SetRadius(LINE_RADIUS)
        tube.SetNumberOfSides(8)
        tube.CappingOn()
        self.actor = _actor(None)
        mapper = self.actor.GetMapper()
        mapper.SetInputConnection(tube.GetOutputPort())
        mapper.SetResolveCoincidentTopologyToPolygonOffset()
        mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(0.0, -66000.0)
        self.set_theme(theme)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.actor]

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's selection colour."""
        self.actor.GetProperty().SetColor(*theme.selection)

    def show(self, points: NDArray[np.float64] | None) -> None:
        """Draw a line through points (n, 3); None: nothing."""
        self.actor.SetVisibility(points is not None and len(points) > 1)
        if points is None or len(points) < 2:
            return
        step = np.linalg.norm(np.diff(points, axis=0), axis=1)
        points = points[np.concatenate([[True], step > 1e-3])]
        vertices, lines = vtkPoints(), vtkCellArray()
        for point in points:
            vertices.InsertNextPoint(*point)
        for k in range(len(points) - 1):  # leg by leg: a joined tube would twist at corners
            lines.InsertNextCell(2, [k, k + 1])
        self.data.SetPoints(vertices)
        self.data.SetLines(lines)
        self.data.Modified()


def _actor(data: vtkPolyData | None) -> vtkActor:
    mapper = vtkPolyDataMapper()
    mapper.ScalarVisibilityOff()
    if data is not None:
        mapper.SetInputData(data)
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.PickableOff()
    actor.VisibilityOff()
    return actor
