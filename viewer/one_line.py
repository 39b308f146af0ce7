"""The power one-line in space: from the grid over transformers and UPS to the rows' panels.

Every line has the colour of its element's load and arrows that run while power flows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from viewer.flow_arrows import FlowArrows, Run
from viewer.lod import View
from viewer.markers import beyond
from viewer.models import polydata
from viewer.numbers import scale_of
from viewer.palette import Theme
from viewer.scene_model import SceneModel

Floats = NDArray[np.float64]
HEIGHT = 4.4  # m, over everything in a hall
WIDTH = {"site_transformer": 0.34, "hall_transformer": 0.26, "plant_transformer": 0.20,
         "ups": 0.18, "panel": 0.11, "generator": 0.16, "battery": 0.12}  # fmt: skip
LOADS = ("site_transformer.load", "hall_transformer.load", "plant_transformer.load", "ups.load",
         "panel.load")  # fmt: skip
SPEED = 1.6  # m/s of the arrows
NAMED = 40  # most elements whose loads are written
_FACES = np.array(
    [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
)


@dataclass(frozen=True, eq=False)
class Feeder:
    """What feeds one element: level and row of the element, points (n, 3) from source to it."""

    level: str
    index: int
    points: Floats


def feeders(model: SceneModel) -> list[Feeder]:
    """All feeders of a scene, from the grid downwards."""
    out: list[Feeder] = []
    for site in range(model.count("site")):
        entry = _entry(model, site)
        for level in ("site_transformer", "generator", "battery"):
            out += [_feeder(model, level, k, entry, back=level != "site_transformer")
                    for k in _under(model, level, "site", site)]  # fmt: skip
        for plant in _under(model, "plant", "site", site):
            out += [_feeder(model, "plant_transformer", k, entry)
                    for k in _under(model, "plant_transformer", "plant", plant)]  # fmt: skip
        for hall in _under(model, "hall", "site", site):
            sources = [entry]
            for level in ("hall_transformer", "ups"):
                units = _under(model, level, "hall", hall)
                out += [_feeder(model, level, k, _nearest(model, level, k, sources))
                        for k in units]  # fmt: skip
                sources = [_top(model, level, k) for k in units] or sources
            for row in _under(model, "row", "hall", hall):
                for k in _under(model, "panel", "row", row):
                    if model.placed("panel", k):
                        out.append(_feeder(model, "panel", k, _nearest(model, "panel", k, sources)))
    return out


def _under(model: SceneModel, level: str, parent: str, row: int) -> list[int]:
    table = model.raw["levels"].get(level)
    if not table or table.get("parent") != parent or not table["count"]:
        return []
    return [int(k) for k in np.nonzero(np.asarray(table["parent_index"]) == row)[0]]


def _top(model: SceneModel, level: str, index: int) -> Floats:
    centre, size = model.place(level, index)
    return np.array([centre[0], centre[1], centre[2] + size[2] / 2])


def _entry(model: SceneModel, site: int) -> Floats:
    """Where power comes onto a site: over its main transformers, or at its edge by the halls'."""
    own = [_top(model, "site_transformer", k)
           for k in _under(model, "site_transformer", "site", site)]  # fmt: skip
    if own:
        return np.asarray(np.mean(own, axis=0) + np.array([0.0, -9.0, 0.0]))
    halls = _under(model, "hall", "site", site)
    tops = [_top(model, level, k) for h in halls for level in ("hall_transformer", "ups")
            for k in _under(model, level, "hall", h)]  # fmt: skip
    low, high = model.place("site", site)[0], model.place("site", site)[1]
    edge = float(low[1] - high[1] / 2)
    middle = np.mean(tops, axis=0) if tops else low
    return np.array([middle[0], max(edge, float(middle[1]) - 9.0), 1.0])


def _nearest(model: SceneModel, level: str, index: int, sources: Sequence[Floats]) -> Floats:
    here = _top(model, level, index)
    return min(sources, key=lambda s: float(np.abs(s - here)[:2].sum()))


def _feeder(
    model: SceneModel, level: str, index: int, source: Floats, back: bool = False
) -> Feeder:
    """Up, along y, along x and down, as a one-line is drawn; ``back``: the element is the source"""
    end = _top(model, level, index)
    a, b = (end, source) if back else (source, end)
    lift = HEIGHT - 0.25 * list(WIDTH).index(level)
    points = np.array([a, [a[0], a[1], lift], [a[0], b[1], lift], [b[0], b[1], lift], b])
    keep = np.concatenate([[True], np.linalg.norm(np.diff(points, axis=0), axis=1) > 0.02])
    return Feeder(level, index, points[keep])


class OneLine:
    """Feeders as ducts in the colours of their loads, and arrows along them."""

    def __init__(self, model: SceneModel, theme: Theme) -> None:
        self.model = model
        self.theme = theme
        self.on = False
        self.feeders: list[Feeder] = []
        self.states: NDArray[np.int64] = np.empty(0, np.int64)  # -1: stands, else as beyond
        self.signs: list[tuple[str, Floats]] = []
        self.data = vtkPolyData()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self.data)
        mapper.SetColorModeToDirectScalars()
        mapper.SetResolveCoincidentTopologyToPolygonOffset()
        mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(0.0, -66000.0)
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        self.actor.GetProperty().LightingOff()
        self.actor.PickableOff()
        self.actor.VisibilityOff()
        self.arrows = FlowArrows([], theme, in_front=True)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.actor, *self.arrows.actors]

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours of states."""
        self.theme = theme
        self._paint()

    def show(self, on: bool) -> None:
        """Draw it or not; it is laid out when it is first wanted."""
        self.on = on
        if on and not self.feeders:
            self._build()
        self.actor.SetVisibility(on and len(self.feeders) > 0)
        self.arrows.on = on

    def _build(self) -> None:
        self.feeders = feeders(self.model)
        self.states = np.full(len(self.feeders), -1, np.int64)
        corners, owners, runs = [], [], []
        for k, feeder in enumerate(self.feeders):
            half = WIDTH[feeder.level] / 2
            for p, q in zip(feeder.points, feeder.points[1:], strict=False):
                low, high = np.minimum(p, q) - half, np.maximum(p, q) + half
                corners.append(
                    [[(low, high)[i][0], (low, high)[j][1], (low, high)[z][2]]
                     for z in (0, 1) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
                )  # fmt: skip
                owners.append(k)
            steps = np.linalg.norm(np.diff(feeder.points, axis=0), axis=1)
            runs.append(
                Run(feeder.points, np.concatenate([[0.0], np.cumsum(steps)]),
                    WIDTH[feeder.level], f"{feeder.level}.load", feeder.index,
                    np.array([255, 255, 255, 255], np.uint8), 2.4, speed=0.0)
            )  # fmt: skip
        self.owners = np.array(owners)
        if corners:
            faces = (np.arange(len(corners))[:, None, None] * 8 + _FACES).reshape(-1, 4)
            self.data.ShallowCopy(polydata(np.array(corners).reshape(-1, 3), faces))
        self.arrows.runs = runs
        self._paint()

    def update(self, values: Mapping[str, NDArray[np.floating]]) -> None:
        """Take loads, whole columns by channel."""
        if not self.on:
            return
        known = {c.name: c for c in self.model.channels}
        self.signs = []
        for k, (feeder, run) in enumerate(zip(self.feeders, self.arrows.runs, strict=True)):
            column, channel = values.get(run.channel), known.get(run.channel)
            if column is None or channel is None or feeder.index >= len(column):
                self.states[k], run.speed = -1, 0.0
                continue
            load = float(column[feeder.index])
            flows = np.isfinite(load) and load > 1e-4
            self.states[k] = int(beyond(channel, np.array([load]))[0]) if flows else -1
            run.speed = SPEED if flows else 0.0
            few = feeder.level != "panel" or self.model.count("panel") <= 16
            if few and len(self.signs) < NAMED and np.isfinite(load):
                name = self.model.path(feeder.level, feeder.index).rpartition("/")[2]
                self.signs.append(
                    (f"{name}  {scale_of(channel).text(load)}",
                     _top(self.model, feeder.level, feeder.index))
                )  # fmt: skip
        self._paint()

    def _paint(self) -> None:
        if not self.feeders:
            return
        status = self.theme.status
        table = np.array([status["off"], status["ok"], status["warning"], status["limit"]])
        rgb = np.round(255 * table[self.states + 1]).astype(np.uint8)
        cells = np.repeat(rgb[self.owners], len(_FACES), axis=0)
        array = numpy_to_vtk(np.ascontiguousarray(cells), deep=True)
        self.data.GetCellData().SetScalars(array)
        self.data.Modified()

    def refresh(self, view: View) -> None:
        """Lay the arrows out for the camera."""
        self.arrows.refresh(view)
