"""Closed solids the equipment models are put together from.

Every function returns a :class:`Solid` whose faces wind counter-clockwise seen from outside, so
its signed volume is positive. Lengths are metres.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = Sequence[float]

_BOX_FACES = np.array(
    [
        *([0, 2, 1], [0, 3, 2]),  # bottom
        *([4, 5, 6], [4, 6, 7]),  # top
        *([0, 1, 5], [0, 5, 4]),  # front, -y
        *([1, 2, 6], [1, 6, 5]),  # +x
        *([2, 3, 7], [2, 7, 6]),  # back, +y
        *([3, 0, 4], [3, 4, 7]),  # -x
    ],
    dtype=np.int64,
)


@dataclass(frozen=True)
class Solid:
    """Triangles of one or several closed surfaces: vertices (n, 3) in metres, faces (m, 3)."""

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]

    def moved(self, offset: Vector) -> Solid:
        """The same solid shifted by ``offset`` (x, y, z)."""
        return Solid(self.vertices + np.asarray(offset, dtype=float), self.faces)

    def turned(self, degrees: float, axis: str = "z", about: Vector = (0.0, 0.0, 0.0)) -> Solid:
        """Turned by ``degrees`` counter-clockwise about the ``axis`` through ``about``."""
        first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        v = self.vertices - np.asarray(about, dtype=float)
        out = v.copy()
        out[:, first] = c * v[:, first] - s * v[:, second]
        out[:, second] = s * v[:, first] + c * v[:, second]
        return Solid(out + np.asarray(about, dtype=float), self.faces)


def merge(solids: Iterable[Solid]) -> Solid:
    """All ``solids`` as one, surfaces kept apart."""
    solids = list(solids)
    offsets = np.cumsum([0] + [len(s.vertices) for s in solids[:-1]])
    return Solid(
        np.concatenate([s.vertices for s in solids]),
        np.concatenate([s.faces + o for s, o in zip(solids, offsets, strict=True)]),
    )


def box(low: Vector, high: Vector) -> Solid:
    """Axis-aligned box between two corners; 12 triangles."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    if not (x1 > x0 and y1 > y0 and z1 > z0):
        raise ValueError(f"box corners must rise in every axis, got {tuple(low)} and {tuple(high)}")
    vertices = np.array(
        [
            *([x0, y0, z0], [x1, y0, z0], [x1, y1, z0], [x0, y1, z0]),
            *([x0, y0, z1], [x1, y0, z1], [x1, y1, z1], [x0, y1, z1]),
        ],
        dtype=float,
    )
    return Solid(vertices, _BOX_FACES)


def block(centre: Vector, size: Vector) -> Solid:
    """Axis-aligned box around ``centre``."""
    c, half = np.asarray(centre, dtype=float), np.asarray(size, dtype=float) / 2
    return box(tuple(c - half), tuple(c + half))


def loft(rings: ArrayLike) -> Solid:
    """Closed skin over ``rings`` (k, n, 3): k rings of n points, each a convex closed line.

    Points run counter-clockwise seen from the far end of the sweep looking back. Triangles:
    2 n (k - 1) for the sides and n - 2 for each cap.
    """
    rings = np.asarray(rings, dtype=float)
    count, n, _ = rings.shape
    here = np.arange(n)
    following = np.roll(here, -1)
    sides = [
        np.concatenate(
            [
                np.column_stack([k * n + here, k * n + following, (k + 1) * n + following]),
                np.column_stack([k * n + here, (k + 1) * n + following, (k + 1) * n + here]),
            ]
        )
        for k in range(count - 1)
    ]
    fan = np.column_stack([np.zeros(n - 2, int), here[1:-1], here[2:]])
    caps = [fan[:, ::-1], fan + (count - 1) * n]
    return Solid(rings.reshape(-1, 3), np.concatenate([*sides, *caps]).astype(np.int64))


def prism(outline: ArrayLike, axis: str, low: float, high: float) -> Solid:
    """A convex ``outline`` (n, 2) pushed along ``axis`` from ``low`` to ``high``.

    The outline's columns are the two other axes in cyclic order: (y, z) for x, (z, x) for y,
    (x, y) for z; it may run either way round.
    """
    outline = np.asarray(outline, dtype=float)
    following = np.roll(outline, -1, axis=0)
    area = np.sum(outline[:, 0] * following[:, 1] - following[:, 0] * outline[:, 1])
    if area < 0:
        outline = outline[::-1]
    columns = {"x": (1, 2, 0), "y": (2, 0, 1), "z": (0, 1, 2)}[axis]
    rings = np.empty((2, len(outline), 3))
    rings[:, :, columns[0]], rings[:, :, columns[1]] = outline[:, 0], outline[:, 1]
    rings[0, :, columns[2]], rings[1, :, columns[2]] = low, high
    return loft(rings)


def _frames(points: NDArray[np.float64]) -> tuple[NDArray, NDArray, NDArray]:
    """Tangents (unit, averaged at inner points) and two normals carried along without twist."""
    steps = np.diff(points, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    tangents = np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    seed = np.eye(3)[np.argmin(np.abs(tangents[0]))]
    normals = np.empty_like(points)
    for k, tangent in enumerate(tangents):
        side = seed - tangent * np.dot(seed, tangent)
        normals[k] = seed = side / np.linalg.norm(side)
    return tangents, normals, np.cross(tangents, normals)


def sweep(points: ArrayLike, radius: ArrayLike, sides: int = 8) -> Solid:
    """A round bar of ``radius`` (one or one per point) through ``points`` (n, 3).

    Rings at inner points lie in the bisecting plane and are widened there so that straight runs
    keep their radius through a mitred bend.
    """
    points = np.asarray(points, dtype=float)
    tangents, first, second = _frames(points)
    radii = np.broadcast_to(np.asarray(radius, dtype=float), (len(points),))
    angle = np.arange(sides) * (2 * np.pi / sides) + np.pi / sides
    circle = (
        np.cos(angle)[None, :, None] * first[:, None, :]
        + np.sin(angle)[None, :, None] * second[:, None, :]
    )
    rings = points[:, None, :] + radii[:, None, None] * circle
    if len(points) > 2:
        before = np.diff(points, axis=0)[:-1]
        after = np.diff(points, axis=0)[1:]
        before = before / np.linalg.norm(before, axis=1, keepdims=True)
        after = after / np.linalg.norm(after, axis=1, keepdims=True)
        bend = after - before
        amount = np.linalg.norm(bend, axis=1)
        for k in np.nonzero(amount > 1e-6)[0]:
            across = bend[k] / amount[k]
            stretch = 1.0 / max(float(np.dot(tangents[k + 1], before[k])), 0.5)
            offset = rings[k + 1] - points[k + 1]
            part = offset @ across
            rings[k + 1] += (stretch - 1.0) * part[:, None] * across
    return loft(rings)


def cylinder(
    start: Vector, end: Vector, radius: float, sides: int = 12, end_radius: float | None = None
) -> Solid:
    """Cylinder, or cone frustum when ``end_radius`` is given; 4 sides - 4 triangles."""
    radii = [radius, radius if end_radius is None else end_radius]
    return sweep([start, end], radii, sides)


def turned_profile(profile: Sequence[tuple[float, float]], base: Vector, sides: int = 12) -> Solid:
    """A body of revolution about the vertical through ``base``.

    ``profile`` holds (height above the base, radius > 0) from bottom to top.
    """
    x, y, z = base
    angle = np.arange(sides) * (2 * np.pi / sides) + np.pi / sides
    rings = [
        np.column_stack([x + r * np.cos(angle), y + r * np.sin(angle), np.full(sides, z + h)])
        for h, r in profile
    ]
    return loft(np.array(rings))


def ring(base: Vector, inner: float, outer: float, height: float, sides: int = 16) -> Solid:
    """An upright pipe section (fan shroud, lid frame) standing on ``base``; 8 sides triangles."""
    x, y, z = base
    angle = np.arange(sides) * (2 * np.pi / sides) + np.pi / sides
    c, s = np.cos(angle), np.sin(angle)
    corners = [(outer, z), (outer, z + height), (inner, z + height), (inner, z)]
    vertices = np.concatenate(
        [np.column_stack([x + r * c, y + r * s, np.full(sides, h)]) for r, h in corners]
    )
    here, following = np.arange(sides), np.roll(np.arange(sides), -1)
    faces = []
    for k in range(4):
        a, b = k * sides, ((k + 1) % 4) * sides
        faces.append(np.column_stack([a + here, a + following, b + following]))
        faces.append(np.column_stack([a + here, b + following, b + here]))
    return Solid(vertices, np.concatenate(faces).astype(np.int64))


def rounded(points: ArrayLike, bend_radius: float, steps: int = 4) -> NDArray[np.float64]:
    """``points`` (n, 3) with every corner replaced by an arc of ``bend_radius``.

    The radius shrinks where a leg is too short; repeated points are dropped.
    """
    points = np.asarray(points, dtype=float)
    keep = np.concatenate([[True], np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-9])
    points = points[keep]
    if len(points) < 2:
        raise ValueError("a line needs two different points")
    out = [points[0]]
    for before, corner, after in zip(points[:-2], points[1:-1], points[2:], strict=True):
        a, b = before - corner, after - corner
        la, lb = np.linalg.norm(a), np.linalg.norm(b)
        a, b = a / la, b / lb
        cosine = float(np.clip(np.dot(a, b), -1, 1))
        if abs(cosine) > 0.9999:  # straight on, or straight back: nothing to round
            out.append(corner)
            continue
        half = np.arccos(cosine) / 2
        cut = min(bend_radius / np.tan(half), 0.49 * la, 0.49 * lb)
        r = cut * np.tan(half)
        middle = corner + (a + b) / np.linalg.norm(a + b) * (r / np.sin(half))
        first, last = corner + a * cut - middle, corner + b * cut - middle
        swing = np.pi - 2 * half
        for k in range(steps + 1):
            t = k / steps
            weight = (np.sin((1 - t) * swing), np.sin(t * swing))
            out.append(middle + (weight[0] * first + weight[1] * last) / np.sin(swing))
    out.append(points[-1])
    return np.array(out)
