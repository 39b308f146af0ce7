"""Only the picked elements, with what feeds and cools them; everything else as faint outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from viewer.flow_arrows import FlowArrows
from viewer.labels import LabelSet, label_sets
from viewer.merged import Routes
from viewer.models import polydata
from viewer.scene_model import Group, SceneModel

if TYPE_CHECKING:
    from viewer.scene_builder import SceneView

Mask = NDArray[np.bool_]
Element = tuple[str, int]
GHOST = 0.22  # opacity of the outlines
_OF_HALL = ("ups", "hall_transformer")  # feed all that stands in their hall
_OF_SITE = ("site_transformer", "generator", "battery")  # feed their whole site
_FACES = np.array(
    [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
)


def ancestors(model: SceneModel, level: str, above: str) -> NDArray[np.int64] | None:
    """Row of the element of ``above`` that holds each element of ``level``; None: not above it."""
    rows = np.arange(model.count(level))
    name: str | None = level
    while name is not None and name != above:
        table = model.raw["levels"].get(name, {})
        name = table.get("parent")
        if name is not None:
            rows = np.asarray(table["parent_index"], np.int64)[rows]
    return rows if name == above else None


def kept(model: SceneModel, chosen: Sequence[Element]) -> dict[str, Mask]:
    """Which elements of every level stay: the chosen, what is in them, and what feeds and cools
    them: the row's panels, the CDU and the air handlers of a rack, the plants of its hall with all
    that is theirs, UPS and transformers, and the site's supply."""
    levels = [name for name in model.raw["levels"] if name != "gpu"]
    out = {name: np.zeros(model.count(name), bool) for name in levels}
    links = model.raw.get("links") or {}

    def keep(level: str, rows: Any) -> None:
        if level in out:
            out[level][np.asarray(rows)] = True

    def below(level: str, above: str, index: int) -> NDArray[np.int64]:
        found = ancestors(model, level, above)
        return np.empty(0, np.int64) if found is None else np.nonzero(found == index)[0]

    for level, index in chosen:
        if level == "gpu":
            level, index = "rack", model.rack_of_gpu(index)[0]
        for name in levels:
            keep(name, below(name, level, index))
        racks = below("rack", level, index)
        for rack in racks:
            row = model.ancestor("rack", int(rack), "row")
            if row is not None:
                keep("panel", below("panel", "row", row))
            cdu = links.get("rack_cdu")
            if cdu is not None and cdu[rack] >= 0:
                keep("cdu", [cdu[rack]])
        hall = model.ancestor(level, index, "hall")
        site = model.ancestor(level, index, "site")
        if hall is not None:
            for name in _OF_HALL:
                keep(name, below(name, "hall", hall))
            if len(racks):
                keep("crah", below("crah", "hall", hall))
            for name in ("hall_plant", "hall_air_plant"):
                plant = (links.get(name) or {hall: -1})[hall]
                if plant >= 0 and (level != "crah" or name == "hall_air_plant"):
                    for part in levels:
                        keep(part, below(part, "plant", plant))
        if site is not None:
            for name in _OF_SITE:
                keep(name, below(name, "site", site))
    return out


class Isolation:
    """What of a scene is drawn: everything, or what belongs to chosen elements."""

    def __init__(self, scene: SceneView) -> None:
        self.scene = scene
        self.only: Mapping[str, Mask] | None = None
        self._whole: tuple[Routes, FlowArrows] | None = None
        self.data = vtkPolyData()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self.data)
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        surface = self.actor.GetProperty()
        surface.SetRepresentationToWireframe()
        surface.LightingOff()
        surface.SetOpacity(GHOST)
        self.actor.PickableOff()
        self.actor.VisibilityOff()

    @property
    def on(self) -> bool:
        """Whether something is left out."""
        return self.only is not None

    def shown(self, group: Group) -> Mask | None:
        """Which elements of a group are drawn (n,); None: all."""
        mask = None if self.only is None else self.only.get(group.level)
        return None if mask is None else mask[group.index]

    def groups(self) -> list[Group]:
        """The groups, as far as they are drawn: for picking."""
        out = []
        for group in self.scene.model.groups:
            mask = self.shown(group)
            if mask is None or mask.all():
                out.append(group)
            elif mask.any():
                out.append(replace(group, index=group.index[mask], position=group.position[mask],
                                   yaw=group.yaw[mask]))  # fmt: skip
        return out

    def show(self, chosen: Sequence[Element] | None) -> None:
        """Draw what belongs to these elements; None: everything."""
        scene = self.scene
        self.only = None if chosen is None else kept(scene.model, chosen)
        if self._whole is not None:
            self._swap(*self._whole)
            self._whole = None
        scene.labels = label_sets(scene.model)
        self.actor.SetVisibility(self.on)
        if self.only is None:
            return
        scene.labels = [s for own in scene.labels if (s := self._label(own)) is not None]
        raw = {
            name: [r for r in scene.model.raw.get(name, []) if self._belongs(r)]
            for name in ("pipes", "busways")
        }
        self._whole = scene.routes, scene.flow
        flow = FlowArrows.of_pipes(raw, scene.theme)
        flow.on = scene.flow.on
        self._swap(Routes(raw, scene.theme), flow)
        self._ghosts()

    def _belongs(self, route: Mapping[str, Any]) -> bool:
        mask = (self.only or {}).get(str(route["level"]))
        return mask is None or bool(mask[int(route["index"])])

    def _swap(self, routes: Routes, flow: FlowArrows) -> None:
        scene = self.scene
        for actor in (*scene.routes.actors, *scene.flow.actors):
            scene.renderer.RemoveActor(actor)
        scene.routes, scene.flow = routes, flow
        for drawn in (routes, flow):
            drawn.set_theme(scene.theme)
            for actor in drawn.actors:
                scene.renderer.AddActor(actor)
        flow.update(scene.values)
        scene.set_channel(None if scene.channel is None else scene.channel.name)

    def _label(self, labels: LabelSet) -> LabelSet | None:
        mask = (self.only or {}).get(labels.level)
        if mask is None:
            return labels
        here = mask[labels.rows]
        if not here.any():
            return None
        names = [name for name, stays in zip(labels.names, here, strict=True) if stays]
        return replace(labels, names=names, anchors=labels.anchors[here], rows=labels.rows[here])

    def _ghosts(self) -> None:
        corners = []
        signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
        for group in self.scene.model.groups:
            mask = self.shown(group)
            if mask is None or mask.all():
                continue
            w, d, h = group.product.size
            box = np.array([[x * w, y * d, z * h] for z in (0, 1) for x, y in signs], np.float32)
            corners.append(group.to_world(np.nonzero(~mask)[0], box).reshape(-1, 3))
        points = np.concatenate(corners) if corners else np.empty((0, 3))
        count = len(points) // 8
        faces = (np.arange(count)[:, None, None] * 8 + _FACES).reshape(-1, 4)
        self.data.ShallowCopy(polydata(points, faces))
        self.actor.SetVisibility(count > 0)
        self.actor.GetProperty().SetColor(*self.scene.theme.wall_edge)
