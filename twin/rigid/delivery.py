"""Ways through halls: racks in, people out; and what racks load the floor with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from twin.plant.placement import Box
from twin.plant.plant import Plant
from twin.plant.routes import busway_routes, pipe_routes
from twin.rigid.free_space import FreeSpace, at_walls, free_space, regions, shortest_way, way_length
from twin.rigid.outlines import Floats, Rows, equipment_of, gaps, near_pairs, outlines

MARGIN = 0.03  # m around a rack on its dolly
DELIVERY_HEADINGS = 12  # over half a turn; with fewer, a rack that turns sweeps beyond its margin
DOLLY = 0.15  # m by which a dolly lifts a rack
OVERHEAD_MARGIN = 0.05  # m between a rack on its dolly and what hangs above it
EGRESS_WIDTH = 0.9  # m
CLEARANCE_LOOK = 0.5  # m within which a swept rack looks for what it could touch
HALL_LEVELS = ("rack", "cdu", "panel", "crah")
"""Levels whose elements stand in a hall."""


@dataclass(frozen=True, eq=False)
class HallFloor:
    """The floor of a hall in the common frame.

    box : its rectangle; obstacles [n, 4, 2] : outlines of its equipment [m]
    racks : rows of its racks; walls : where a door may be (not to the electrical room)
    """

    box: Box
    obstacles: Floats
    racks: Rows
    walls: str


def hall_floors(plant: Plant) -> list[HallFloor]:
    """Floors of all halls."""
    equipment = equipment_of(plant)
    row_hall = plant.levels["row"].parent_index
    hall_of = np.full(len(equipment), -1, dtype=np.int64)
    for row, (level, index) in enumerate(zip(equipment.level, equipment.index, strict=True)):
        if level in HALL_LEVELS:
            parent = plant.levels[level].parent_index[index]
            hall_of[row] = parent if level == "crah" else row_hall[parent]
    shapes = equipment.outlines
    rack_hall = row_hall[plant.levels["rack"].parent_index]
    placement = plant.design.placement
    return [
        HallFloor(
            box,
            shapes[hall_of == h],
            np.flatnonzero(rack_hall == h),
            "xXY" if placement.electrical_rooms[h] is not None else "xXyY",
        )
        for h, box in enumerate(placement.halls)
    ]


def delivery_height(rack_height: float) -> float:
    """Free height that a rack needs on its dolly, upright [m]."""
    return rack_height + DOLLY + OVERHEAD_MARGIN


def low_overhead(plant: Plant, height: float) -> Floats:
    """Outlines [n, 4, 2] of pipes and busways that hang lower than ``height`` [m].

    Level stretches only: what rises stands over its machine.
    """
    low: list[tuple[float, ...]] = []
    for route in pipe_routes(plant):
        low += _low_stretches(route.points, route.diameter, route.diameter, height)
    for run in busway_routes(plant):
        low += _low_stretches(run.points, run.size[0], run.size[1], height)
    if not low:
        return np.empty((0, 4, 2))
    x0, y0, x1, y1 = np.array(low).T
    corners = [np.stack([x, y], axis=-1) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    return np.stack(corners, axis=1)


def _low_stretches(
    points: Sequence[tuple[float, float, float]], width: float, tall: float, height: float
) -> Iterator[tuple[float, ...]]:
    for a, b in pairwise(points):
        if a[2] == b[2] and 0.0 < a[2] - 0.5 * tall < height and a[:2] != b[:2]:
            half = 0.5 * width
            yield (
                min(a[0], b[0]) - half,
                min(a[1], b[1]) - half,
                max(a[0], b[0]) + half,
                max(a[1], b[1]) + half,
            )


def with_overhead(floor: HallFloor, hanging: Floats) -> HallFloor:
    """A floor on which what hangs too low stands in the way as well."""
    if not len(hanging):
        return floor
    box = floor.box
    x, y = hanging[..., 0], hanging[..., 1]
    inside = (
        (x.max(axis=1) > box.x0)
        & (x.min(axis=1) < box.x1)
        & (y.max(axis=1) > box.y0)
        & (y.min(axis=1) < box.y1)
    )
    return replace(floor, obstacles=np.concatenate([floor.obstacles, hanging[inside]]))


def approach_pose(
    plant: Plant, rack: int, distance: float, rear: bool = False
) -> tuple[float, float, float]:
    """Position ``distance`` [m] from a rack's centre before its front or rear, and turn [deg]."""
    x, y, _ = plant.positions("rack")[rack]
    yaw = float(plant.yaws("rack")[rack])
    angle = np.deg2rad(yaw)
    sign = -1.0 if rear else 1.0
    return (
        float(x + sign * np.sin(angle) * distance),
        float(y - sign * np.cos(angle) * distance),
        yaw,
    )


def floor_key(floor: HallFloor, plant: Plant) -> bytes:
    """Equal for halls that look the same from their corner."""
    corner = np.array([floor.box.x0, floor.box.y0])
    racks = floor.racks
    parts = [
        np.array([floor.box.x1, floor.box.y1]) - corner,
        floor.obstacles - corner,
        plant.positions("rack")[racks, :2] - corner,
        plant.yaws("rack")[racks],
    ]
    names = ",".join(plant.product_ids("rack")[r] for r in racks.tolist())
    return b"".join(np.round(part, 4).tobytes() for part in parts) + (names + floor.walls).encode()


def unreached(
    plant: Plant, floor: HallFloor, size: tuple[float, float], distances: Floats, headings: int
) -> list[int]:
    """Racks of a hall before which a rectangle cannot be brought from any wall.

    distances : from each rack's centre to the rectangle's [m]
    """
    space = free_space(floor.box, floor.obstacles, size, headings)
    label = regions(space)
    entered = np.unique(label[at_walls(space, floor.walls)])
    blocked = []
    for rack, distance in zip(floor.racks.tolist(), distances.tolist(), strict=True):
        for rear in (False, True):
            node = space.near(*approach_pose(plant, rack, distance, rear))
            if node is not None and label[node] in entered:
                break
        else:
            blocked.append(rack)
    return blocked


def rack_floor_load(width: float, depth: float, mass: float, front: float, rear: float) -> float:
    """Mass per area [kg/m2] of a rack over its footprint and half the aisles at front and rear."""
    return mass / (width * (depth + 0.5 * front + 0.5 * rear))


def delivery_way(plant: Plant, rack: int) -> tuple[FreeSpace, list[tuple[float, float, float]]]:
    """Free space of a rack in its hall, and the shortest way to before its place.

    The way starts at the nearest spot at a wall; it is empty where there is none.
    """
    row_hall = plant.levels["row"].parent_index
    hall = int(row_hall[plant.levels["rack"].parent_index[rack]])
    product = plant.layout.products[plant.product_ids("rack")[rack]]
    hanging = low_overhead(plant, delivery_height(product.height))
    floor = with_overhead(hall_floors(plant)[hall], hanging)
    size = (product.width + 2 * MARGIN, product.depth + 2 * MARGIN)
    space = free_space(floor.box, floor.obstacles, size, DELIVERY_HEADINGS)
    label = regions(space)
    doors = at_walls(space, floor.walls)
    best: list[tuple[float, float, float]] = []
    for rear in (False, True):
        distance = 0.5 * product.depth + 0.5 * size[1] + MARGIN
        goal = space.near(*approach_pose(plant, rack, distance, rear))
        if goal is None:
            continue
        starts = np.argwhere(doors & (label == label[goal]))
        if not len(starts):
            continue
        near = starts[np.argmin(np.hypot(starts[:, 1] - goal[1], starts[:, 2] - goal[2]))]
        way = shortest_way(space, (int(near[0]), int(near[1]), int(near[2])), goal)
        if way is not None and (not best or way_length(way) < way_length(best)):
            best = way
    return space, best


@dataclass(frozen=True, eq=False)
class Delivery:
    """How a rack comes to its place, upright on a dolly.

    rack : row; way : poses (x, y [m], turn [deg]) from a wall to before its place, empty if none
    length : of the way and the last straight into its place [m]; turns : on the spot [deg]
    clearance : least distance of the swept rack to equipment and walls before it goes in [m]
    mass : of the rack [kg]; height : that it needs [m]; size : its width and depth [m]
    floor : of its hall, what hangs too low included
    """

    rack: int
    way: tuple[tuple[float, float, float], ...]
    length: float
    turns: float
    clearance: float
    mass: float
    height: float
    size: tuple[float, float]
    floor: HallFloor


def deliver(plant: Plant, rack: int) -> Delivery:
    """The shortest way of a rack from a wall to before its place, and the last straight into it."""
    product = plant.layout.products[plant.product_ids("rack")[rack]]
    hall = int(plant.levels["row"].parent_index[plant.levels["rack"].parent_index[rack]])
    height = delivery_height(product.height)
    floor = with_overhead(hall_floors(plant)[hall], low_overhead(plant, height))
    _, way = delivery_way(plant, rack)
    length, turns = 0.0, 0.0
    for a, b in pairwise(way):
        length += math.hypot(b[0] - a[0], b[1] - a[1])
        turns += abs((b[2] - a[2] + 90.0) % 180.0 - 90.0)
    if way:
        x, y, _ = plant.positions("rack")[rack].tolist()
        length += math.hypot(way[-1][0] - x, way[-1][1] - y)
    return Delivery(
        rack,
        tuple(way),
        length,
        turns,
        _swept_clearance(floor, (product.width, product.depth), way),
        product.mass,
        height,
        (product.width, product.depth),
        floor,
    )


def _swept_clearance(
    floor: HallFloor, size: tuple[float, float], way: Sequence[tuple[float, float, float]]
) -> float:
    """Least distance of a rectangle along a way to outlines and walls [m]; inf without a way."""
    poses = [pose for a, b in pairwise(way) for pose in _between(a, b)]
    if not poses:
        return math.inf
    x, y, yaw = np.array(poses).T
    shapes = outlines(np.stack([x, y], axis=1), np.tile(size, (len(x), 1)), yaw)
    low, high = shapes.min(axis=(0, 1)), shapes.max(axis=(0, 1))
    box = floor.box
    least = min(low[0] - box.x0, low[1] - box.y0, box.x1 - high[0], box.y1 - high[1])
    a, b = near_pairs(shapes, floor.obstacles, CLEARANCE_LOOK)
    if len(a):
        least = min(least, float(gaps(shapes[a], floor.obstacles[b]).min()))
    return float(least)


def _between(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> Iterator[tuple[float, float, float]]:
    """Poses from one to the other, close enough to see what is touched."""
    turn = (b[2] - a[2] + 90.0) % 180.0 - 90.0
    count = max(1, math.ceil(max(math.hypot(b[0] - a[0], b[1] - a[1]) / 0.02, abs(turn) / 2.0)))
    for k in range(count + 1):
        s = k / count
        yield a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1]), a[2] + s * turn
