"""Static geometry merged into few actors: pipes, busways; coloured per element in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from assets.meshes import MATERIALS, Solid, collars, duct, pipes
from assets.meshes.shapes import merge
from viewer.instances import Bytes, set_material
from viewer.models import polydata, with_normals
from viewer.palette import Rgb, Theme, service_colour
from viewer.scene_model import Channel

FEW_PIPES = 400  # up to here pipes are drawn finely


class MergedActor:
    """Many solids as one mesh with a colour for each, changed in place.

    owner : number of the solid each vertex of ``whole`` belongs to; base : colour of each solid
    """

    def __init__(
        self, whole: Solid, owner: NDArray[np.int64], base: Sequence[Rgb], theme: Theme
    ) -> None:
        data = polydata(whole.vertices, whole.faces)
        number = numpy_to_vtk(owner.astype(np.int32), deep=True)
        number.SetName("owner")
        data.GetPointData().AddArray(number)
        self.data = with_normals(data)
        self.owner = vtk_to_numpy(self.data.GetPointData().GetArray("owner")).astype(np.intp)
        self.base = np.full((len(base), 4), 255, np.uint8)
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
        few = len(self.pipes) < FEW_PIPES
        routes = [p["points"] for p in self.pipes]
        diameters = [float(p["diameter"]) for p in self.pipes]
        whole, owner = pipes(routes, diameters, 14 if few else 6, 4 if few else 2)
        if few:
            rings = [merge(c) if (c := collars(r, d, 3.0, 14)) else None
                     for r, d in zip(routes, diameters, strict=True)]  # fmt: skip
            with_rings = [(k, ring) for k, ring in enumerate(rings) if ring is not None]
            owner = np.concatenate(
                [owner, *(np.full(len(ring.vertices), k) for k, ring in with_rings)]
            )
            whole = merge([whole, *(ring for _, ring in with_rings)])
        return MergedActor(whole, owner, [service_colour(p["service"]) for p in self.pipes], theme)

    def _make_busways(self, theme: Theme) -> MergedActor | None:
        if not self.busways:
            return None
        metal = MATERIALS["galvanised"].colour[:3]
        solids = [duct(b["points"], *b["size"]) for b in self.busways]
        owner = np.repeat(np.arange(len(solids)), [len(s.vertices) for s in solids])
        return MergedActor(merge(solids), owner, [metal] * len(solids), theme)

    def set_theme(self, theme: Theme) -> None:
        """Adapt the surfaces to a theme."""
        for actor in self.actors:
            set_material(actor, theme, "body")

    def set_colours(self, channel: Channel | None, colours: Bytes | None) -> None:
        """Colour what the channel is about by its level's ``colours`` (n, 4); the rest its own."""
        for items, whole in ((self.pipes, self.pipe_actor), (self.busways, self.busway_actor)):
            if whole is None:
                continue
            painted = whole.base.copy()
            if channel is not None and colours is not None:
                for k, item in enumerate(items):
                    fits = item["level"] == channel.level and item["index"] < len(colours)
                    if fits and ("service" not in item or shows(channel, item["service"])):
                        painted[k] = colours[item["index"]]
            whole.paint(painted)


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
