"""Ground, slabs, floors, walls: everything that stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from viewer.instances import set_material
from viewer.merged import boxes_actor
from viewer.models import polydata, texture_of
from viewer.palette import Rgb, Theme
from viewer.scene_model import Group, SceneModel
from viewer.shadows import FINEST, shadow_texture

TILE = 0.6  # m, edge of a raised-floor tile
FLOOR_CELLS = 6000  # of a floor, each shaded evenly
FINEST_CELL = 0.15  # m
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
    actors: list[vtkActor | None] = [_ground(model, theme)]
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
        actors.append(_slab(position, top, level, theme))
        inside = [g for g in model.groups if _touches(g, position, top)]
        pixels = shadow_texture(position[:2], top[:2], inside, theme.shadow, True, finest)
        for _, room, extent in rooms:  # their floors hide it
            _blank(pixels, position, top, room, room + extent)
        actors.append(_shadow(position, top, level + 0.006, pixels, theme))
    for s, position, size in rooms:
        raised = s["kind"] == "hall"
        face, line = (theme.floor, 0.04) if raised else (theme.room, 0.012)
        look = _grid(face, theme.floor_line, line)
        top = position + size
        inside = [g for g in model.groups if _touches(g, position, top)]
        pixels = shadow_texture(position[:2], top[:2], inside, theme.shadow, False, finest)
        actors.append(_floor(position, top, look, TILE if raised else 3.0, pixels[:, :, 3]))
    walled = [(p, p + z) for _, p, z in rooms if z[2] > 0.5]
    # From above to below, so that what is covered is not drawn first.
    flat = [actor for actor in actors[::-1] if actor is not None]
    return Surroundings(flat, Walls(walled, theme) if walled else None)


def _blank(
    pixels: NDArray[np.uint8],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    inner_low: NDArray[np.float64],
    inner_high: NDArray[np.float64],
) -> None:
    """No shadow on the part of a picture of low..high that lies inside another rectangle."""
    height, width = pixels.shape[:2]
    scale = np.array([width, height]) / (high - low)[:2]
    x0, y0 = np.clip(np.ceil((inner_low - low)[:2] * scale), 0, [width, height]).astype(int)
    x1, y1 = np.clip(np.floor((inner_high - low)[:2] * scale), 0, [width, height]).astype(int)
    pixels[y0:y1, x0:x1, 3] = 0


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
    shade = 0.82 if sum(theme.ground) < 1.5 else 0.95  # sites stand out from the open ground
    near, far = shade * np.array(theme.ground), np.array(theme.sky_bottom)
    colours = (1 - blend)[:, None] * near + blend[:, None] * far
    data = polydata(points, faces)
    array = numpy_to_vtk(
        np.round(255 * np.repeat(colours, sides, axis=0)).astype(np.uint8), deep=True
    )
    data.GetPointData().SetScalars(array)
    return _flat_actor(data)


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


def _flat_actor(data: vtkPolyData) -> vtkActor:
    """A surface drawn in its own colours without light."""
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(data)
    mapper.SetColorModeToDirectScalars()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.PickableOff()
    return actor


def _quads(points: NDArray[np.float64], uv: NDArray[Any] | None = None) -> vtkPolyData:
    return polydata(points, np.arange(len(points)).reshape(-1, 4), uv)


def _floor(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    tile: NDArray[np.uint8],
    edge: float,
    shadow: NDArray[np.uint8],
) -> vtkActor:
    """A tiled floor at the lower height, darkened by a shadow's opacity (rows from low y)."""
    extent = (high - low)[:2]
    cell = max(FINEST_CELL, float(np.sqrt(np.prod(extent) / FLOOR_CELLS)))
    nx, ny = (max(1, int(np.ceil(e / cell))) for e in extent)
    x, y = np.meshgrid(np.linspace(0, 1, nx + 1), np.linspace(0, 1, ny + 1))
    place = np.column_stack([x.reshape(-1), y.reshape(-1)])
    points = np.column_stack([low[:2] + place * extent, np.full(len(place), low[2])])
    corner = (np.arange(ny)[:, None] * (nx + 1) + np.arange(nx)[None, :]).reshape(-1)
    faces = np.column_stack([corner, corner + 1, corner + nx + 2, corner + nx + 1])
    smooth = uniform_filter(shadow.astype(np.float32), [max(1, d // n) for d, n in
                                                        zip(shadow.shape, (ny, nx))])  # fmt: skip
    at = [np.minimum((p * (d - 1)).round().astype(int), d - 1)
          for p, d in zip((place[:, 1], place[:, 0]), shadow.shape)]  # fmt: skip
    light = 255 - smooth[at[0], at[1]]
    data = polydata(points, faces, place * extent / edge)
    array = numpy_to_vtk(np.repeat(light[:, None], 3, axis=1).astype(np.uint8), deep=True)
    data.GetPointData().SetScalars(array)
    actor = _flat_actor(data)
    actor.SetTexture(texture_of(tile, smooth=True, repeat=True))
    return actor


def _shadow(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    z: float,
    pixels: NDArray[np.uint8],
    theme: Theme,
) -> vtkActor | None:
    """A shadow texture laid over low..high at ``z``, only where it is dark; None: nowhere."""
    strips = _dark_strips(pixels[:, :, 3])
    if not len(strips):
        return None
    height, width = pixels.shape[:2]
    u0, v0, u1, v1 = (strips / [width, height, width, height]).T
    uv = np.stack([u0, v0, u1, v0, u1, v1, u0, v1], axis=1).reshape(-1, 2)
    points = np.column_stack([low[:2] + uv * (high - low)[:2], np.full(len(uv), z)])
    actor = _flat_actor(_quads(points, uv))
    actor.SetTexture(texture_of(pixels, smooth=True))
    actor.GetProperty().SetColor(1, 1, 1)
    actor.ForceTranslucentOn()
    mapper = actor.GetMapper()
    mapper.SetResolveCoincidentTopologyToPolygonOffset()
    mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(-2, -2)
    return actor


def _dark_strips(alpha: NDArray[np.uint8], block: int = 12) -> NDArray[np.float64]:
    """Rectangles (x0, y0, x1, y1) [pixel] of blocks that hold shadow, neighbours in x joined."""
    height, width = alpha.shape
    rows, columns = -(-height // block), -(-width // block)
    padded = np.zeros((rows * block, columns * block), bool)
    padded[:height, :width] = alpha > 3
    dark = padded.reshape(rows, block, columns, block).any(axis=(1, 3))
    edges = np.diff(np.pad(dark, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, first = np.nonzero(edges == 1)
    _, last = np.nonzero(edges == -1)
    return np.column_stack(
        [
            first * block,
            row * block,
            np.minimum(last * block, width),
            np.minimum((row + 1) * block, height),
        ]
    ).astype(float)


def _slab(low: NDArray[np.float64], high: NDArray[np.float64], z: float, theme: Theme) -> vtkActor:
    """A plain slab with a grid of thin lines."""
    quads = [[low[0], low[1], high[0], high[1], 0.0]]
    border = max(0.25, 0.004 * float(max((high - low)[:2])))
    for a, b in (
        (low[:2], [high[0], low[1] + border]),
        ([low[0], high[1] - border], high[:2]),
        (low[:2], [low[0] + border, high[1]]),
        ([high[0] - border, low[1]], high[:2]),
    ):
        quads.append([*a, *b, 1.5])
    step, half = 5.0, 0.05
    for x in np.arange(low[0], high[0] + 0.01, step):
        quads.append([x - half, low[1], x + half, high[1], 1.0])
    for y in np.arange(low[1], high[1] + 0.01, step):
        quads.append([low[0], y - half, high[0], y + half, 1.0])
    table = np.array(quads)
    x0, y0, x1, y1 = np.clip(table[:, :4], [low[0], low[1]] * 2, [high[0], high[1]] * 2).T
    height = z + 0.004 * table[:, 4]
    points = np.stack(
        [x0, y0, height, x1, y0, height, x1, y1, height, x0, y1, height], axis=1
    ).reshape(-1, 3)
    data = _quads(points)
    colours = np.where(table[:, 4:5] > 0, theme.ground_line, theme.ground)
    array = numpy_to_vtk(np.round(255 * np.repeat(colours, 4, axis=0)).astype(np.uint8), deep=True)
    data.GetPointData().SetScalars(array)
    return _flat_actor(data)


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
