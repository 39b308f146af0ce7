"""Static geometry merged into few actors: pipes, busways; coloured per element in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from assets.meshes import MATERIALS, Solid, collars, duct, pipe
from assets.meshes.shapes import merge
from viewer.instances import Bytes, set_material
from viewer.models import polydata, with_normals
from viewer.palette import Rgb, Theme, service_colour
from viewer.scene_model import Channel


class MergedActor:
    """Many solids as one mesh with a colour for each, changed in place."""

    def __init__(self, solids: Sequence[Solid], base: Sequence[Rgb], theme: Theme) -> None:
        whole = merge(solids)
        owner = np.repeat(np.arange(len(solids)), [len(s.vertices) for s in solids])
        data = polydata(whole.vertices, whole.faces)
        number = numpy_to_vtk(owner.astype(np.int32), deep=True)
        number.SetName("owner")
        data.GetPointData().AddArray(number)
        self.data = with_normals(data)
        array = self.data.GetPointData().GetArray("owner")
        self.owner = np.array([int(array.GetValue(k)) for k in range(array.GetNumberOfValues())])
        self.base = np.full((len(solids), 4), 255, np.uint8)
        self.base[:, :3] = np.round(255 * np.asarray(base))
        self.colours = np.empty((len(self.owner), 4), np.uint8)
        colour = numpy_to_vtk(self.colours, deep=False)
        colour.SetName("colour")
        self.data.GetPointData().SetScalars(colour)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self.data)
        mapper.SetColorModeToDirectScalars()
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        set_material(self.actor, theme, "body")
        self.triangles = len(whole.faces)
        self.paint(self.base)

    def paint(self, colours: Bytes) -> None:
        """Colours of all solids (n, 4)."""
        np.take(
            np.ascontiguousarray(colours).view(np.uint32).reshape(-1),
            self.owner,
            out=self.colours.view(np.uint32).reshape(-1),
            mode="clip",
        )
        self.data.GetPointData().GetScalars().Modified()
        self.data.Modified()


def shows(channel: Channel, service: str) -> bool:
    """Whether a temperature channel of a pipe's level is about this pipe's service."""
    what = channel.name.partition(".")[2]
    if not what.endswith(("supply_temperature", "return_temperature")):
        return False
    loop = "fws" if channel.level == "plant" or what.startswith("primary_") else "tcs"
    return service == f"{loop}-{'supply' if 'supply' in what else 'return'}"


class Routes:
    """Pipes and busways of a scene."""

    def __init__(self, raw: Mapping[str, Any], theme: Theme) -> None:
        self.pipes = [p for p in raw.get("pipes", []) if _has_length(p["points"])]
        self.busways = [b for b in raw.get("busways", []) if _has_length(b["points"])]
        self.pipe_actor = self._make_pipes(theme)
        self.busway_actor = self._make_busways(theme)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [m.actor for m in (self.pipe_actor, self.busway_actor) if m is not None]

    def _make_pipes(self, theme: Theme) -> MergedActor | None:
        if not self.pipes:
            return None
        few = len(self.pipes) < 400
        solids, colours = [], []
        for p in self.pipes:
            diameter = float(p["diameter"])
            parts = [pipe(p["points"], diameter, 14 if few else 6, 4 if few else 2)]
            if few:
                parts += collars(p["points"], diameter, 3.0, 14)
            solids.append(merge(parts))
            colours.append(service_colour(p["service"]))
        return MergedActor(solids, colours, theme)

    def _make_busways(self, theme: Theme) -> MergedActor | None:
        if not self.busways:
            return None
        metal = MATERIALS["galvanised"].colour[:3]
        solids = [duct(b["points"], *b["size"]) for b in self.busways]
        return MergedActor(solids, [metal] * len(solids), theme)

    def set_theme(self, theme: Theme) -> None:
        """Adapt the surfaces to a theme."""
        for actor in self.actors:
            set_material(actor, theme, "body")

    def set_colours(self, channel: Channel | None, colours: Bytes | None) -> None:
        """Colour what the channel is about by its level's ``colours`` (n, 4); the rest its own."""
        for items, merged in ((self.pipes, self.pipe_actor), (self.busways, self.busway_actor)):
            if merged is None:
                continue
            painted = merged.base.copy()
            if channel is not None and colours is not None:
                for k, item in enumerate(items):
                    fits = item["level"] == channel.level and item["index"] < len(colours)
                    if fits and ("service" not in item or shows(channel, item["service"])):
                        painted[k] = colours[item["index"]]
            merged.paint(painted)


def _has_length(points: Sequence[Sequence[float]]) -> bool:
    line = np.asarray(points, dtype=float)
    return len(line) > 1 and bool(np.any(np.abs(np.diff(line, axis=0)) > 1e-6))


def boxes_actor(
    boxes: Sequence[tuple[NDArray[Any], NDArray[Any]]], colour: Rgb, theme: Theme
) -> vtkActor:
    """Axis-aligned boxes (low, high) as one actor of one colour."""
    from assets.meshes.shapes import box

    whole = merge([box(tuple(low), tuple(high)) for low, high in boxes])
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(with_normals(polydata(whole.vertices, whole.faces)))
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*colour)
    set_material(actor, theme, "body")
    return actor
