"""Ground, slabs, floors, walls: everything that stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from viewer.instances import set_material
from viewer.merged import boxes_actor
from viewer.models import polydata, texture_of
from viewer.palette import Rgb, Theme
from viewer.scene_model import Group, SceneModel
from viewer.shadows import FINEST, shadow_texture

TILE = 0.6  # m, edge of a raised-floor tile
SHADOW_PIXELS = 5e6  # in all shadow textures of a scene
CUT_HEIGHT = 0.9  # m, height of walls seen from outside
Room = tuple[NDArray[np.float64], NDArray[np.float64]]
_ROOMS = ("hall", "room", "building")


@dataclass(frozen=True)
class Surroundings:
    """Actors of ground, slabs and floors, to be added in this order, and the walls (or None)."""

    flat: list[vtkActor]
    walls: Walls | None

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [*self.flat, *(self.walls.actors if self.walls is not None else [])]


def surroundings(model: SceneModel, theme: Theme) -> Surroundings:
    """Build everything that stays as it is."""
    actors = [_ground(model, theme)]
    area = sum(float(np.prod(s["size"][:2])) for s in model.raw.get("structures", []))
    finest = min(FINEST, float(np.sqrt(SHADOW_PIXELS / max(area, 1.0))))
    structures = [
        (s, np.asarray(s["position"], float), np.asarray(s["size"], float))
        for s in model.raw.get("structures", [])
        if s["kind"] != "label"
    ]
    rooms = [(s, p, z) for s, p, z in structures if s["kind"] in _ROOMS]
    slabs = [(s, p, z) for s, p, z in structures if s["kind"] == "slab"]
    slabs.sort(key=lambda entry: entry[1][2] + entry[2][2])
    for _, position, size in slabs:
        top = position + size
        level = min(top[2] - 0.01, -0.01)
        actors.append(
            _textured_quad(position, top, level, _grid(theme.ground, theme.ground_line, 0.02), 5.0)
        )
        inside = [g for g in model.groups if _touches(g, position, top)]
        actors.append(_shadow_quad(position, top, level + 0.004, inside, theme, True, finest))
    for s, position, size in rooms:
        raised = s["kind"] == "hall"
        face, line = (theme.floor, 0.04) if raised else (theme.room, 0.012)
        look = _grid(face, theme.floor_line, line)
        top = position + size
        actors.append(_textured_quad(position, top, position[2], look, TILE if raised else 3.0))
        inside = [g for g in model.groups if _touches(g, position, top)]
        actors.append(
            _shadow_quad(position, top, position[2] + 0.004, inside, theme, False, finest)
        )
    walled = [(p, p + z) for _, p, z in rooms if z[2] > 0.5]
    return Surroundings(actors, Walls(walled, theme) if walled else None)


def _touches(group: Group, low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    x, y = group.position[:, 0], group.position[:, 1]
    reach = max(group.product.size[:2])
    return bool(
        np.any(
            (x > low[0] - reach)
            & (x < high[0] + reach)
            & (y > low[1] - reach)
            & (y < high[1] + reach)
        )
    )


def _ground(model: SceneModel, theme: Theme) -> vtkActor:
    """A wide disc that fades into the horizon's colour."""
    low, high = model.bounds
    centre, reach = (low + high) / 2, float(np.linalg.norm((high - low)[:2]))
    radii = np.array([0.0, 0.75, 1.1, 1.6, 2.4, 3.6, 6.0, 12.0, 40.0]) * reach
    blend = np.array([0.0, 0.0, 0.12, 0.32, 0.58, 0.80, 0.94, 1.0, 1.0])
    sides = 48
    angle = np.arange(sides) * 2 * np.pi / sides
    ring = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(sides)])
    middle = np.array([centre[0], centre[1], min(low[2], 0.0) - 0.12])
    points = np.concatenate([r * ring for r in radii]) + middle
    here, following = np.arange(sides), np.roll(np.arange(sides), -1)
    faces = np.concatenate(
        [
            np.column_stack(
                [
                    k * sides + here,
                    (k + 1) * sides + here,
                    (k + 1) * sides + following,
                    k * sides + following,
                ]
            )
            for k in range(len(radii) - 1)
        ]
    )
    near, far = np.array(theme.ground), np.array(theme.sky_bottom)
    colours = (1 - blend)[:, None] * near + blend[:, None] * far
    data = polydata(points, faces)
    array = numpy_to_vtk(
        np.round(255 * np.repeat(colours, sides, axis=0)).astype(np.uint8), deep=True
    )
    data.GetPointData().SetScalars(array)
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    mapper.SetColorModeToDirectScalars()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.PickableOff()
    return actor


def _grid(face: Rgb, line: Rgb, width: float) -> NDArray[np.uint8]:
    """One tile's picture: a face with lines along two edges; ``width`` as share of the tile."""
    n = 128
    pixels = np.empty((n, n, 3))
    pixels[:] = face
    half = max(1, round(n * width / 2))
    for edge in (slice(0, half), slice(n - half, n)):
        pixels[edge, :] = line
        pixels[:, edge] = line
    return np.round(255 * pixels).astype(np.uint8)


def _quad(
    low: NDArray[np.float64], high: NDArray[np.float64], z: float, uv: NDArray[Any]
) -> vtkActor:
    points = np.array(
        [[low[0], low[1], z], [high[0], low[1], z], [high[0], high[1], z], [low[0], high[1], z]]
    )
    data = polydata(points, np.array([[0, 1, 2, 3]]), uv)
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.PickableOff()
    return actor


def _textured_quad(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    z: float,
    tile: NDArray[np.uint8],
    edge: float,
) -> vtkActor:
    across, along = (high - low)[:2] / edge
    actor = _quad(low, high, z, np.array([[0, 0], [across, 0], [across, along], [0, along]]))
    actor.SetTexture(texture_of(tile, smooth=True, repeat=True))
    return actor


def _shadow_quad(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    z: float,
    groups: Sequence[Group],
    theme: Theme,
    sunlit: bool,
    finest: float,
) -> vtkActor:
    pixels = shadow_texture(low[:2], high[:2], groups, theme.shadow, sunlit, finest)
    actor = _quad(low, high, z, np.array([[0, 0], [1, 0], [1, 1], [0, 1]]))
    actor.SetTexture(texture_of(pixels, smooth=True))
    actor.GetProperty().SetColor(1, 1, 1)
    actor.ForceTranslucentOn()
    mapper = actor.GetMapper()
    mapper.SetResolveCoincidentTopologyToPolygonOffset()
    mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(-2, -2)
    return actor


class Walls:
    """Walls of halls and rooms: low from outside, full height round the room the camera is in.

    Inside, a face turned away from the camera is not drawn, so nothing hides the room.
    """

    def __init__(self, rooms: Sequence[Room], theme: Theme) -> None:
        self.rooms = list(rooms)
        self.low = boxes_actor(_fences(rooms, 0.10, CUT_HEIGHT), theme.wall, theme)
        self.caps = boxes_actor(_fences(rooms, 0.13, 0.06, CUT_HEIGHT), theme.wall_edge, theme)
        self.frames = _far_frames(rooms, theme)
        self.high = [_inner_faces(room, theme) for room in rooms]
        for actor in self.actors:
            actor.PickableOff()

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.low, self.caps, self.frames, *self.high]

    def refresh(self, position: NDArray[np.float64]) -> None:
        """Raise the walls round a camera at ``position``."""
        for (low, high), actor in zip(self.rooms, self.high, strict=True):
            actor.SetVisibility(bool(np.all(position > low) and np.all(position < high)))

    def hides(self, eye: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points (n, 3) lie behind a raised wall, seen from ``eye``."""
        out = np.zeros(len(points), bool)
        for (low, high), actor in zip(self.rooms, self.high, strict=True):
            if actor.GetVisibility():
                step = points - eye
                with np.errstate(divide="ignore", invalid="ignore"):
                    leave = np.where(step > 0, (high - eye) / step, (low - eye) / step)
                leave = np.where(step == 0, np.inf, leave)
                side = leave[:, :2].min(axis=1)
                out |= (side < 1 - 1e-9) & (side < leave[:, 2])
        return out


def _fences(
    rooms: Sequence[Room], thickness: float, height: float, base: float = 0.0
) -> list[Room]:
    """Boxes along the four walls of every room, outside its inner faces."""
    boxes = []
    t = thickness
    for low, high in rooms:
        z0, z1 = low[2] + base, low[2] + base + min(height, high[2] - low[2])
        boxes += [
            (np.array([low[0] - t, low[1] - t, z0]), np.array([high[0] + t, low[1], z1])),
            (np.array([low[0] - t, high[1], z0]), np.array([high[0] + t, high[1] + t, z1])),
            (np.array([low[0] - t, low[1], z0]), np.array([low[0], high[1], z1])),
            (np.array([high[0], low[1], z0]), np.array([high[0] + t, high[1], z1])),
        ]
    return boxes


def _far_frames(rooms: Sequence[Room], theme: Theme) -> vtkActor:
    """Edges of the walls as strips on their inner faces: how high a building is.

    Strips turned away from the camera are not drawn, so the near walls leave the view free.
    """
    width, corners = 0.09, []
    for low, high in rooms:
        base, top = low[2] + CUT_HEIGHT, high[2]
        for a, b in _sides(low, high):
            along = (b - a) / np.linalg.norm(b - a) * width
            for p, q, z0, z1 in (
                (a, b, top - width, top),
                (a, a + along, base, top - width),
                (b - along, b, base, top - width),
            ):
                corners.append([(*p, z0), (*q, z0), (*q, z1), (*p, z1)])
    actor = _one_sided(np.array(corners), theme)
    actor.GetProperty().SetColor(*theme.wall_edge)
    actor.GetProperty().LightingOff()
    return actor


def _sides(low: NDArray[np.float64], high: NDArray[np.float64]) -> list[Room]:
    """The four walls in plan, each from left to right seen from inside."""
    (x0, y0), (x1, y1) = low[:2], high[:2]
    plan = np.array([[x1, y0], [x0, y0], [x0, y1], [x1, y1]], float)
    return [
        (plan[0], plan[1]),
        (plan[3], plan[0]),
        (plan[2], plan[3]),
        (plan[1], plan[2]),
    ]


def _one_sided(corners: NDArray[np.float64], theme: Theme) -> vtkActor:
    """Quads (n, 4, 3) drawn only from the side they face."""
    data = polydata(corners.reshape(-1, 3), np.arange(4 * len(corners)).reshape(-1, 4))
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    array = numpy_to_vtk(np.repeat(normals, 4, axis=0).astype(np.float32), deep=True)
    data.GetPointData().SetNormals(array)
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    actor = vtkActor()
    actor.SetMapper(mapper)
    set_material(actor, theme, "body")
    actor.GetProperty().SetSpecular(0.0)
    actor.GetProperty().BackfaceCullingOn()
    return actor


def _inner_faces(room: Room, theme: Theme) -> vtkActor:
    """The four walls of a room, seen from inside."""
    low, high = room
    corners = [
        [(*a, low[2]), (*b, low[2]), (*b, high[2]), (*a, high[2])] for a, b in _sides(low, high)
    ]
    actor = _one_sided(np.array(corners), theme)
    actor.GetProperty().SetColor(*theme.wall)
    actor.VisibilityOff()
    return actor
