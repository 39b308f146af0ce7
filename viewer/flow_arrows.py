"""Arrows along pipes that run with the water; none where it stands still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkRenderingCore import vtkActor, vtkGlyph3DMapper

from assets.meshes.shapes import loft
from viewer.instances import InstanceSet
from viewer.lod import View
from viewer.models import polydata, with_normals
from viewer.palette import Theme, service_colour

Floats = NDArray[np.float64]
CHANNELS: Mapping[tuple[str, str], str] = {
    ("cdu", "tcs"): "cdu.secondary_flow",
    ("cdu", "fws"): "cdu.primary_flow",
    ("plant", "fws"): "plant.flow",
}
"""The flow [m3/s] in a pipe, by the pipe's level and water."""
FLOW_CHANNELS = tuple(CHANNELS.values())
MOST = 2500
THINNEST = 2.2  # pixel of a pipe that has arrows
SLOWEST, FASTEST = 0.25, 2.5  # m/s on the screen, whatever the water does
SMALLEST = 0.075  # m, an arrow's width
LENGTH = 2.3  # of its width


@dataclass
class Run:
    """One pipe: points (n, 3), distance of each from the start, bore, whose flow, and phase."""

    points: Floats
    at: Floats
    diameter: float
    channel: str
    index: int
    colour: NDArray[np.uint8]
    spacing: float
    offset: float = 0.0
    speed: float = float("nan")

    @property
    def width(self) -> float:
        """Width of its arrows [m]."""
        return max(1.6 * self.diameter, SMALLEST)

    def places(self) -> tuple[Floats, Floats]:
        """Middles and directions of its arrows now, (k, 3) each; none where water stands."""
        if self.speed == 0.0:
            return np.empty((0, 3)), np.empty((0, 3))
        half = LENGTH * self.width / 2
        places, directions = [], []
        for a, b, p, q in zip(self.at, self.at[1:], self.points, self.points[1:], strict=False):
            first = a + (self.offset - a) % self.spacing
            along = np.arange(first, b, self.spacing)
            along = along[(along > a + half) & (along < b - half)]
            if len(along):
                direction = (q - p) / (b - a)
                places.append(p + (along - a)[:, None] * direction)
                directions.append(np.repeat(direction[None], len(along), axis=0))
        if not places:
            return np.empty((0, 3)), np.empty((0, 3))
        return np.concatenate(places), np.concatenate(directions)


@dataclass
class _Drawn:
    count: int = 0
    owners: list[tuple[str, int]] = field(default_factory=list)


class FlowArrows:
    """All arrows of a scene: one glyph actor, laid out for the camera."""

    def __init__(self, runs: list[Run], theme: Theme, in_front: bool = False) -> None:
        """in_front : the arrows are seen through whatever lies before them."""
        self.on = True
        self.runs = runs
        self.instances = InstanceSet.empty()
        self.mapper = vtkGlyph3DMapper()
        self.mapper.SetInputData(self.instances.data)
        self.mapper.SetSourceData(_arrow())
        self.mapper.ScalingOn()
        self.mapper.SetScaleArray("scale")
        self.mapper.SetScaleModeToScaleByMagnitude()
        self.mapper.SetColorMode(2)
        self.mapper.SetOrientationModeToDirection()
        self.mapper.SetOrientationArray("direction")
        if in_front:
            self.mapper.SetResolveCoincidentTopologyToPolygonOffset()
            self.mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(0.0, -67000.0)
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.PickableOff()
        self.actor.VisibilityOff()
        self.shown = _Drawn()
        self.set_theme(theme)

    @classmethod
    def of_pipes(cls, raw: Mapping[str, Any], theme: Theme) -> FlowArrows:
        """Arrows of all pipes of a scene description."""
        runs = [run for pipe in raw.get("pipes", []) if (run := _run(pipe)) is not None]
        return cls(runs, theme)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.actor]

    def set_theme(self, theme: Theme) -> None:
        """Arrows look the same in every theme."""
        surface = self.actor.GetProperty()
        surface.SetAmbient(0.45)
        surface.SetDiffuse(0.6)

    def update(self, values: Mapping[str, NDArray[np.floating]]) -> None:
        """Take the mean speed of the water in every pipe from flows, whole columns by channel."""
        for run in self.runs:
            column = values.get(run.channel)
            if column is None or run.index >= len(column) or not np.isfinite(column[run.index]):
                continue
            flow = float(column[run.index])
            speed = flow / (np.pi / 4 * run.diameter**2)
            run.speed = 0.0 if flow <= 1e-7 else float(np.clip(speed, SLOWEST, FASTEST))

    @property
    def moving(self) -> bool:
        """Whether anything would look different a moment later."""
        return self.on and self.shown.count > 0 and any(run.speed > 0 for run in self.runs)

    def advance(self, seconds: float) -> None:
        """Let the water run."""
        for run in self.runs:
            if run.speed > 0:
                run.offset = (run.offset + run.speed * seconds) % run.spacing

    def refresh(self, view: View) -> None:
        """Lay the arrows out that a view has room for."""
        points, directions, sizes, colours, owners = [], [], [], [], []
        for run in self.runs if self.on else ():
            centre = (run.points.min(axis=0) + run.points.max(axis=0)) / 2
            reach = float(np.linalg.norm(run.points.max(axis=0) - centre)) + run.diameter
            if not view.visible(centre[None].astype(np.float32), reach)[0]:
                continue
            places, ways = run.places()
            if not len(places):
                continue
            thick = view.pixels(run.diameter, view.depth(places.astype(np.float32)))
            seen = thick >= THINNEST
            if not seen.any():
                continue
            points.append(places[seen])
            directions.append(ways[seen])
            sizes.append(np.full(int(seen.sum()), run.width))
            colours.append(np.repeat(run.colour[None], int(seen.sum()), axis=0))
            owners += [(run.channel, run.index)] * int(seen.sum())
        count = min(MOST, sum(map(len, points)))
        self.shown = _Drawn(count, owners[:count])
        self.actor.SetVisibility(count > 0)
        if not count:
            return
        place = np.concatenate(points)[:count].astype(np.float32)
        self.instances.show(
            np.arange(count), place, np.zeros(count, np.float32),
            np.concatenate(sizes)[:count].astype(np.float32),
        )  # fmt: skip
        way = numpy_to_vtk(np.concatenate(directions)[:count].astype(np.float32), deep=True)
        way.SetName("direction")
        self.instances.data.GetPointData().AddArray(way)
        self.instances.paint(np.concatenate(colours)[:count])


def _run(pipe: Mapping[str, Any]) -> Run | None:
    points = np.asarray(pipe["points"], float)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    keep = np.concatenate([[True], steps > 1e-6])
    points = points[keep]
    if len(points) < 2:
        return None
    at = np.concatenate([[0.0], np.cumsum(steps[keep[1:]])])
    water = str(pipe["service"]).partition("-")[0]
    rgb = 0.28 * np.array(service_colour(str(pipe["service"]))) + 0.72
    diameter = float(pipe["diameter"])
    return Run(
        points,
        at,
        diameter,
        CHANNELS.get((str(pipe["level"]), water), ""),
        int(pipe["index"]),
        np.append(np.round(255 * rgb), 255).astype(np.uint8),
        max(1.1, 9 * diameter),
    )


def _arrow() -> Any:
    """A cone along +x, one unit wide."""
    angle = np.arange(10) * 2 * np.pi / 10
    ring = np.column_stack([np.zeros(10), np.cos(angle), np.sin(angle)])
    rings = np.array(
        [ring * [1, 0.5, 0.5] + [-LENGTH / 2, 0, 0], ring * [1, 0.01, 0.01] + [LENGTH / 2, 0, 0]]
    )
    solid = loft(rings)
    return with_normals(polydata(solid.vertices, solid.faces))
