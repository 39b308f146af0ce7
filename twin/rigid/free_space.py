"""Where something that is moved over the floor of a hall fits, and the shortest way there.

The thing is a rectangle that rolls in any direction and turns on the spot, such as a rack on a
dolly or a robot's base. For each of its headings every obstacle is grown by its outline (the exact
Minkowski sum of two convex polygons); points of a grid outside all grown obstacles are free. Moves
go between neighbouring points of one heading, or between neighbouring headings at one point.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from physics.jit import kernel
from twin.plant.placement import Box
from twin.rigid.outlines import Floats, outlines

CELL = 0.05  # m between grid points
HEADINGS = 6  # over half a turn: a rectangle looks the same turned by 180 degrees
HALF_TURN, FULL_TURN = 180.0, 360.0  # deg
TURN_COST = 0.5  # m of way that a turn from one heading to the next counts as

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FreeSpace:
    """Free positions of a moved rectangle in a hall.

    hall : its floor [m]; size : width and depth of the rectangle, margins included [m]
    free [headings, ny, nx] : whether it fits with its centre at a grid point; heading k is a turn
        of k period/headings degrees
    cell : distance between grid points [m]
    period : 180 for what may come backwards as well, 360 for what has a front
    """

    hall: Box
    size: tuple[float, float]
    free: Mask
    cell: float
    period: float = HALF_TURN

    def node(self, x: float, y: float, yaw: float) -> tuple[int, int, int]:
        """Nearest heading and grid point of a pose [m, deg]."""
        headings = len(self.free)
        k = round((yaw % self.period) * headings / self.period) % headings
        column = round((x - self.hall.x0) / self.cell - 0.5)
        row = round((y - self.hall.y0) / self.cell - 0.5)
        return (
            k,
            min(max(row, 0), self.free.shape[1] - 1),
            min(max(column, 0), self.free.shape[2] - 1),
        )

    def pose(self, node: tuple[int, int, int]) -> tuple[float, float, float]:
        """Position [m] and turn [deg] of a node."""
        k, row, column = node
        return (
            self.hall.x0 + (column + 0.5) * self.cell,
            self.hall.y0 + (row + 0.5) * self.cell,
            self.period * k / len(self.free),
        )

    def near(
        self, x: float, y: float, yaw: float, reach: float = 0.1
    ) -> tuple[int, int, int] | None:
        """Nearest free node to a pose within ``reach`` [m]; None if it does not fit there."""
        k, row, column = self.node(x, y, yaw)
        steps = math.ceil(reach / self.cell)
        best, best_distance = None, reach
        for j in range(max(row - steps, 0), min(row + steps + 1, self.free.shape[1])):
            for i in range(max(column - steps, 0), min(column + steps + 1, self.free.shape[2])):
                if self.free[k, j, i]:
                    px, py, _ = self.pose((k, j, i))
                    distance = math.hypot(px - x, py - y)
                    if distance <= best_distance:
                        best, best_distance = (k, j, i), distance
        return best


def free_space(
    hall: Box,
    obstacles: Floats,
    size: tuple[float, float],
    headings: int = HEADINGS,
    cell: float = CELL,
    period: float = HALF_TURN,
) -> FreeSpace:
    """Free positions of a rectangle of ``size`` [m] among obstacles [n, 4, 2] inside a hall.

    headings : over the period; an even number where that is a full turn
    """
    nx = max(1, round((hall.x1 - hall.x0) / cell))
    ny = max(1, round((hall.y1 - hall.y0) / cell))
    free = np.ones((headings, ny, nx), dtype=np.bool_)
    x = hall.x0 + (np.arange(nx) + 0.5) * cell
    y = hall.y0 + (np.arange(ny) + 0.5) * cell
    half = headings if period == HALF_TURN else headings // 2
    # outlines that differ by a shift only are grown once
    origins = obstacles[:, 0] if len(obstacles) else np.empty((0, 2))
    relative = np.round(obstacles - origins[:, None], 9)
    kinds: dict[bytes, list[int]] = {}
    for number, outline in enumerate(relative):
        kinds.setdefault(outline.tobytes(), []).append(number)
    for k in range(half):
        yaw = period * k / headings
        shape = outlines(np.zeros((1, 2)), np.array([size]), np.array([yaw]))[0]
        low, high = shape.min(axis=0), shape.max(axis=0)
        free[k, :, (x + low[0] < hall.x0) | (x + high[0] > hall.x1)] = False
        free[k, (y + low[1] < hall.y0) | (y + high[1] > hall.y1), :] = False
        for members in kinds.values():
            polygon = grown(relative[members[0]], shape)
            for number in members:
                _block(free[k], hall.x0, hall.y0, cell, polygon + origins[number])
    free[half:] = free[: headings - half]
    return FreeSpace(hall, size, free, cell, period)


def grown(obstacle: Floats, shape: Floats) -> Floats:
    """Minkowski sum of two convex polygons, the second mirrored: where its centre must not be.

    obstacle, shape [k, 2] : corners, counter-clockwise; returns corners, counter-clockwise
    """
    first, second = _from_lowest(obstacle), _from_lowest(-shape)
    edges = np.concatenate(
        [np.roll(first, -1, axis=0) - first, np.roll(second, -1, axis=0) - second]
    )
    angle = np.arctan2(edges[:, 1], edges[:, 0]) % (2.0 * math.pi)
    angle[np.isclose(angle, 2.0 * math.pi, atol=1e-9)] = 0.0
    ordered = edges[np.argsort(angle, kind="stable")]
    return np.asarray(first[0] + second[0] + np.cumsum(ordered, axis=0) - ordered)


def _from_lowest(polygon: Floats) -> Floats:
    """The same corners, beginning with the lowest (of those the leftmost)."""
    start = int(np.lexsort((polygon[:, 0], np.round(polygon[:, 1], 9)))[0])
    return np.asarray(np.roll(polygon, -start, axis=0))


@kernel()
def _block(free: Mask, x0: float, y0: float, cell: float, polygon: Floats) -> None:
    """Mark the grid points strictly inside a convex polygon as not free.

    free [ny, nx]; x0, y0 : corner of the hall [m]; polygon [k, 2] : corners, counter-clockwise
    """
    rows, columns = free.shape
    bottom = (polygon[:, 1].min() - y0) / cell - 0.5
    top = (polygon[:, 1].max() - y0) / cell - 0.5
    for j in range(max(math.ceil(bottom), 0), min(math.floor(top), rows - 1) + 1):
        y = y0 + (j + 0.5) * cell
        low, high = -np.inf, np.inf
        for n in range(len(polygon)):
            m = (n + 1) % len(polygon)
            dx, dy = polygon[m, 0] - polygon[n, 0], polygon[m, 1] - polygon[n, 1]
            # inside is where dx (y - yn) - dy (x - xn) is above zero
            across = dx * (y - polygon[n, 1]) - 1e-9
            if dy > 0.0:
                high = min(high, polygon[n, 0] + across / dy)
            elif dy < 0.0:
                low = max(low, polygon[n, 0] + across / dy)
            elif across <= 0.0:
                high = -np.inf
        if low >= high:
            continue
        first = max(math.floor((low - x0) / cell - 0.5) + 1, 0)
        last = min(math.ceil((high - x0) / cell - 0.5) - 1, columns - 1)
        if last >= first:
            free[j, first : last + 1] = False


def regions(space: FreeSpace) -> NDArray[np.int64]:
    """Number of the connected region of every node (from 1; 0: not free), shape of ``free``."""
    labels = np.zeros(space.free.shape, dtype=np.int64)
    count = 0
    for k, free in enumerate(space.free):
        own, found = ndimage.label(free)
        labels[k] = np.where(own > 0, own + count, 0)
        count += found
    if count == 0:
        return labels
    pairs = []
    for k in range(len(labels)):
        below, above = labels[k], labels[(k + 1) % len(labels)]
        both = (below > 0) & (above > 0)
        code = (
            np.unique(below[both] * (count + 1) + above[both])
            if count > 4000
            else (np.flatnonzero(np.bincount(below[both] * (count + 1) + above[both])))
        )
        pairs.append(np.stack([code // (count + 1), code % (count + 1)], axis=1))
    links = np.concatenate(pairs)
    graph = coo_matrix((np.ones(len(links)), (links[:, 0], links[:, 1])), (count + 1, count + 1))
    joined = connected_components(graph, directed=False)[1].astype(np.int64)
    joined = joined + 1
    joined[0] = 0
    return np.asarray(joined[labels])


def at_walls(space: FreeSpace, walls: str = "xXyY") -> Mask:
    """Nodes at which the rectangle stands squarely against a wall, as one that comes in does.

    walls : which may have a door: x and X at smallest and largest x, y and Y likewise
    """
    mask = np.zeros_like(space.free)
    quarters = round(space.period / 90.0)
    for k in (len(space.free) * quarter // quarters for quarter in range(quarters)):
        yaw = space.period * k / len(space.free)
        half = outlines(np.zeros((1, 2)), np.array([space.size]), np.array([yaw]))[0].max(axis=0)
        reach = np.ceil(half / space.cell).astype(int)
        if "x" in walls:
            mask[k, :, : reach[0] + 1] = space.free[k, :, : reach[0] + 1]
        if "X" in walls:
            mask[k, :, -reach[0] - 1 :] = space.free[k, :, -reach[0] - 1 :]
        if "y" in walls:
            mask[k, : reach[1] + 1] |= space.free[k, : reach[1] + 1]
        if "Y" in walls:
            mask[k, -reach[1] - 1 :] |= space.free[k, -reach[1] - 1 :]
    return mask


@kernel()
def _search(free: Mask, start: int, goal: int, cell: float, turn_cost: float) -> NDArray[np.int64]:
    """Predecessor of every node on shortest ways from ``start`` until ``goal`` is settled (-1)."""
    headings, ny, nx = free.shape
    plane = ny * nx
    open_cells = free.reshape(-1)
    cost = np.full(headings * plane, np.inf)
    before = np.full(headings * plane, -1, dtype=np.int64)
    cost[start] = 0.0
    before[start] = start
    gj, gi = (goal % plane) // nx, goal % nx
    queue = [(0.0, start)]
    while len(queue) > 0:
        estimate, node = heapq.heappop(queue)
        if node == goal:
            break
        k, rest = node // plane, node % plane
        j, i = rest // nx, rest % nx
        straight = math.sqrt(float((gj - j) ** 2 + (gi - i) ** 2)) * cell
        if estimate > cost[node] + straight + 1e-9:
            continue
        for move in range(10):
            nk, nj, ni, price = k, j, i, cell
            if move < 8:
                nj += (0, 0, 1, -1, 1, 1, -1, -1)[move]
                ni += (1, -1, 0, 0, 1, -1, 1, -1)[move]
                if move >= 4:
                    price = cell * math.sqrt(2.0)
                if nj < 0 or nj >= ny or ni < 0 or ni >= nx:
                    continue
            else:
                nk = (k + (1 if move == 8 else headings - 1)) % headings
                price = turn_cost
            following = nk * plane + nj * nx + ni
            if not open_cells[following]:
                continue
            reached = cost[node] + price
            if reached < cost[following] - 1e-12:
                cost[following] = reached
                before[following] = node
                left = math.sqrt(float((gj - nj) ** 2 + (gi - ni) ** 2)) * cell
                heapq.heappush(queue, (reached + left, following))
    return before


def shortest_way(
    space: FreeSpace, start: tuple[int, int, int], goal: tuple[int, int, int]
) -> list[tuple[float, float, float]] | None:
    """Poses (x, y [m], turn [deg]) of the shortest way between two free nodes; None: there is none.

    A* with straight-line distance; corners of the way and every heading of its turns, equal for
    equal input.
    """
    shape = space.free.shape
    first = int(np.ravel_multi_index(start, shape))
    last = int(np.ravel_multi_index(goal, shape))
    if not (space.free[start] and space.free[goal]):
        return None
    before = _search(space.free, first, last, space.cell, TURN_COST)
    if before[last] < 0:
        return None
    nodes = [last]
    while nodes[-1] != first:
        nodes.append(int(before[nodes[-1]]))
    steps = [tuple(int(v) for v in np.unravel_index(node, shape)) for node in reversed(nodes)]
    kept = [steps[0]]
    for previous, here, following in zip(steps, steps[1:], steps[2:], strict=False):
        turns = here[0] != following[0]
        if turns or np.any(np.subtract(here, previous) != np.subtract(following, here)):
            kept.append(here)
    if len(steps) > 1:
        kept.append(steps[-1])
    return [space.pose(step) for step in kept]  # type: ignore[arg-type]


def way_length(way: list[tuple[float, float, float]]) -> float:
    """Length of a way [m], turns not counted."""
    return float(sum(math.hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(way)))
