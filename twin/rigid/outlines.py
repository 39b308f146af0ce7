"""Equipment as upright boxes on the floor, and exact distances between their outlines.

An outline is a convex polygon on the ground: a turned rectangle. Distances are exact for any turn,
to rounding; a tree finds neighbours, so that only near pairs are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from twin.plant.levels import Levels
from twin.plant.plant import Plant

STANDING = (
    "rack",
    "cdu",
    "panel",
    "crah",
    "ups",
    "hall_transformer",
    "cooler",
    "pump",
    "chiller",
    "plant_transformer",
    "site_transformer",
    "generator",
    "battery",
)
"""Levels whose elements stand on the floor or ground."""

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Equipment:
    """Everything that stands on the floor, in the order of :data:`STANDING`.

    level, index : level and row of each; product : id
    position [n, 2] : centre of the footprint [m]; size [n, 3] : width, depth, height [m]
    yaw [n] : turn [deg]; mass [n] : [kg]
    room [n] : equal for what stands in one room or yard
    """

    level: tuple[str, ...]
    index: Rows
    product: tuple[str, ...]
    position: Floats
    size: Floats
    yaw: Floats
    mass: Floats
    room: Rows

    def __len__(self) -> int:
        return len(self.index)

    def path(self, levels: Levels, row: int) -> str:
        """Twin path of one of them."""
        return levels.path(self.level[row], int(self.index[row]))

    @property
    def outlines(self) -> Floats:
        """Corners of the footprints, counter-clockwise, shape [n, 4, 2]."""
        return outlines(self.position, self.size[:, :2], self.yaw)


def equipment_of(plant: Plant) -> Equipment:
    """All equipment of a plant that stands on the floor; busways overhead do not count."""
    levels: list[str] = []
    products: list[str] = []
    index, position, yaw, room = [], [], [], []
    for level in STANDING:
        places = plant.positions(level)
        on_floor = np.flatnonzero(places[:, 2] == 0.0) if len(places) else np.empty(0, np.int64)
        own = plant.product_ids(level)
        levels += [level] * len(on_floor)
        products += [own[row] for row in on_floor.tolist()]
        index.append(on_floor.astype(np.int64))
        position.append(places.reshape(-1, 3)[on_floor, :2])
        yaw.append(plant.yaws(level)[on_floor])
        room.append(_rooms(plant, level)[on_floor])
    kinds = {name: plant.layout.products[name] for name in set(products)}
    size = np.array([(kinds[p].width, kinds[p].depth, kinds[p].height) for p in products])
    return Equipment(
        tuple(levels),
        np.concatenate(index),
        tuple(products),
        np.concatenate(position),
        size.reshape(-1, 3),
        np.concatenate(yaw),
        np.array([kinds[p].mass for p in products]),
        np.concatenate(room),
    )


def _rooms(plant: Plant, level: str) -> Rows:
    """Number of the room or yard of each element of a level: hall, electrical room, plant, site."""
    owner = plant.levels[level].parent_index
    halls, plants = plant.levels["hall"].count, plant.levels["plant"].count
    if level in ("rack", "cdu", "panel"):
        owner = plant.levels["row"].parent_index[owner]
    kinds = {"crah": 0, "rack": 0, "cdu": 0, "panel": 0, "ups": halls, "hall_transformer": halls}
    at_plant = level in ("cooler", "pump", "chiller", "plant_transformer")
    return owner + kinds.get(level, 2 * halls + (0 if at_plant else plants))


def outlines(position: Floats, size: Floats, yaw: Floats) -> Floats:
    """Corners of turned rectangles, counter-clockwise from the front left, shape [n, 4, 2].

    position [n, 2] : centres [m]; size [n, 2] : width and depth [m]; yaw [n] in degrees
    """
    angle = np.deg2rad(yaw)
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x = 0.5 * size[:, 0:1] * np.array([-1.0, 1.0, 1.0, -1.0])
    y = 0.5 * size[:, 1:2] * np.array([-1.0, -1.0, 1.0, 1.0])
    return np.stack([position[:, 0:1] + c * x - s * y, position[:, 1:2] + s * x + c * y], axis=-1)


def near_pairs(first: Floats, second: Floats, reach: float) -> tuple[Rows, Rows]:
    """Pairs of polygons whose bounds are at most ``reach`` [m] apart.

    first [n, k, 2], second [m, l, 2] : corners; returns rows of each, sorted. The second ones are
    searched by size, so that a few large ones do not make every search wide.
    """
    low1, high1 = first.min(axis=1), first.max(axis=1)
    low2, high2 = second.min(axis=1) - reach, second.max(axis=1) + reach
    middle1, middle2 = 0.5 * (low1 + high1), 0.5 * (low2 + high2)
    half1, half2 = 0.5 * (high1 - low1).max(axis=1), 0.5 * (high2 - low2).max(axis=1)
    found: list[tuple[Rows, Rows]] = []
    size_class = np.ceil(np.log2(np.maximum(half2, 1e-6))).astype(np.int64)
    for size in np.unique(size_class).tolist():
        members = np.flatnonzero(size_class == size)
        tree = cKDTree(middle2[members])
        near = tree.query_ball_point(middle1, half1 + 2.0**size, p=np.inf, return_sorted=False)
        counts = np.fromiter(map(len, near), dtype=np.int64, count=len(near))
        a = np.repeat(np.arange(len(first), dtype=np.int64), counts)
        b = members[np.fromiter(chain.from_iterable(near), dtype=np.int64, count=len(a))]
        touching = np.all((low1[a] <= high2[b]) & (low2[b] <= high1[a]), axis=1)
        found.append((a[touching], b[touching].astype(np.int64)))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    a, b = (np.concatenate(rows) for rows in zip(*found, strict=True))
    order = np.lexsort((b, a))
    return a[order], b[order]


def gaps(first: Floats, second: Floats) -> Floats:
    """Exact distance of convex polygons pair by pair [m], shape [n]; negative where they overlap.

    first, second [n, k, 2] : corners, counter-clockwise. An overlap counts as the smallest shift
    that parts the two (the least penetration along any edge's normal).
    """
    separation = np.maximum(_separation(first, second), _separation(second, first))
    distance = np.minimum(_corner_to_edges(first, second), _corner_to_edges(second, first))
    return np.where(separation <= 0.0, separation, distance)


def _separation(first: Floats, second: Floats) -> Floats:
    """Largest separation along the normals of the first's edges; above zero if one parts them."""
    edge = np.roll(first, -1, axis=1) - first
    normal = np.stack([edge[..., 1], -edge[..., 0]], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    offset = second[:, None, :, :] - first[:, :, None, :]
    along = np.einsum("nkd,nkld->nkl", normal, offset)
    return np.asarray(along.min(axis=2).max(axis=1))


def _corner_to_edges(first: Floats, second: Floats) -> Floats:
    """Smallest distance of the first's corners to the second's edges."""
    edge = np.roll(second, -1, axis=1) - second
    offset = first[:, :, None, :] - second[:, None, :, :]
    share = np.einsum("nkld,nld->nkl", offset, edge) / np.einsum("nld,nld->nl", edge, edge)[:, None]
    nearest = offset - np.clip(share, 0.0, 1.0)[..., None] * edge[:, None]
    return np.asarray(np.linalg.norm(nearest, axis=-1).min(axis=(1, 2)))


def in_front(outline: Floats, depth: Floats, face: str) -> Floats:
    """Strips of ``depth`` [n, m] before a face of some outlines, shape [n, 4, 2].

    face : front, rear, left or right of the product
    """
    first, second = {"front": (0, 1), "right": (1, 2), "rear": (2, 3), "left": (3, 0)}[face]
    a, b = outline[:, first], outline[:, second]
    along = (b - a) / np.linalg.norm(b - a, axis=1, keepdims=True)
    out = np.stack([along[:, 1], -along[:, 0]], axis=-1) * depth[:, None]
    return np.stack([a + out, b + out, b, a], axis=1)
