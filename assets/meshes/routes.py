"""Things that follow a line: pipes with elbows, cable trays, busways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assets.meshes.part import Kit, Part
from assets.meshes.shapes import Solid, block, box, loft, merge, rounded, sweep


def pipe(points: ArrayLike, diameter: float, sides: int = 12, elbow_steps: int = 4) -> Solid:
    """Pipe of outer ``diameter`` [m] through ``points`` (n, 3) with round elbows of 1.5 diameters.

    Where the line turns straight back on itself the pipe ends and a new one begins.
    Raises ValueError for a line without length.
    """
    points = np.asarray(points, dtype=float)
    points = points[
        np.concatenate([[True], np.any(np.abs(np.diff(points, axis=0)) > 1e-9, axis=1)])
    ]
    if len(points) < 2:
        raise ValueError("a pipe needs two different points")
    steps = np.diff(points, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    back = np.nonzero(np.einsum("ij,ij->i", steps[:-1], steps[1:]) < -0.999)[0] + 1
    cuts = [0, *back.tolist(), len(points) - 1]
    legs = [points[a : b + 1] for a, b in pairwise(cuts)]
    return merge(
        sweep(rounded(leg, 1.5 * diameter, max(elbow_steps, 1)), diameter / 2, sides)
        for leg in legs
    )


def pipes(
    routes: Sequence[ArrayLike], diameters: Sequence[float], sides: int = 6, elbow_steps: int = 2
) -> tuple[Solid, NDArray[np.int64]]:
    """Many pipes at once, and the number of the pipe each vertex belongs to.

    Like ``pipe`` for each, computed together for all routes of equally many points.
    """
    solids: list[Solid] = []
    owners: list[NDArray[np.int64]] = []
    same: dict[int, list[int]] = {}
    lines = [np.asarray(route, dtype=float).reshape(-1, 3) for route in routes]
    for number, line in enumerate(lines):
        steps = np.diff(line, axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        turns = np.einsum("ij,ij->i", steps[:-1], steps[1:])
        if (
            len(line) < 2
            or lengths.min() < 1e-9
            or np.any(turns < -0.999 * lengths[:-1] * lengths[1:])
        ):
            solid = pipe(line, diameters[number], sides, elbow_steps)
            solids.append(solid)
            owners.append(np.full(len(solid.vertices), number))
        else:
            same.setdefault(len(line), []).append(number)
    for numbers in same.values():
        points = np.stack([lines[k] for k in numbers])
        diameter = np.array([diameters[k] for k in numbers])
        rings = _rings(_bent(points, 1.5 * diameter, elbow_steps), diameter / 2, sides)
        count, around = rings.shape[1], rings.shape[2]
        one = loft(rings[0]).faces
        offset = np.arange(len(numbers))[:, None, None] * (count * around)
        solids.append(Solid(rings.reshape(-1, 3), (one[None] + offset).reshape(-1, 3)))
        owners.append(np.repeat(np.array(numbers), count * around))
    return merge(solids), np.concatenate(owners)


def _bent(
    points: NDArray[np.float64], radius: NDArray[np.float64], steps: int
) -> NDArray[np.float64]:
    """Lines (m, n, 3) with an arc of ``radius`` (m,) in ``steps`` pieces at every inner point."""
    out = [points[:, :1]]
    t = np.linspace(0, 1, steps + 1)
    for i in range(1, points.shape[1] - 1):
        corner = points[:, i]
        a, b = points[:, i - 1] - corner, points[:, i + 1] - corner
        la, lb = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
        a, b = a / la[:, None], b / lb[:, None]
        cosine = np.clip(np.einsum("ij,ij->i", a, b), -1, 1)
        straight = cosine < -0.9999
        half = np.where(straight, np.pi / 4, np.arccos(cosine) / 2)
        cut = np.minimum(radius / np.tan(half), 0.49 * np.minimum(la, lb))
        both = np.where(straight[:, None], 1.0, a + b)
        reach = cut / np.cos(half)
        middle = corner + both / np.linalg.norm(both, axis=1, keepdims=True) * reach[:, None]
        first, last = corner + a * cut[:, None], corner + b * cut[:, None]
        swing = (np.pi - 2 * half)[:, None]
        weights = np.sin((1 - t) * swing) / np.sin(swing), np.sin(t * swing) / np.sin(swing)
        arc = middle[:, None] + (
            weights[0][:, :, None] * (first - middle)[:, None]
            + weights[1][:, :, None] * (last - middle)[:, None]
        )
        line = first[:, None] + t[None, :, None] * (last - first)[:, None]
        out.append(np.where(straight[:, None, None], line, arc))
    return np.concatenate([*out, points[:, -1:]], axis=1)


def _rings(
    lines: NDArray[np.float64], radius: NDArray[np.float64], sides: int
) -> NDArray[np.float64]:
    """Rings (m, n, sides, 3) round lines (m, n, 3), carried along without twist."""
    steps = np.diff(lines, axis=1)
    steps /= np.linalg.norm(steps, axis=2, keepdims=True)
    tangents = np.concatenate([steps[:, :1], steps[:, :-1] + steps[:, 1:], steps[:, -1:]], axis=1)
    tangents /= np.linalg.norm(tangents, axis=2, keepdims=True)
    side = np.eye(3)[np.argmin(np.abs(tangents[:, 0]), axis=1)]
    first = np.empty_like(lines)
    for k in range(lines.shape[1]):
        along = np.einsum("ij,ij->i", side, tangents[:, k])
        side = side - tangents[:, k] * along[:, None]
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        first[:, k] = side
    second = np.cross(tangents, first)
    angle = np.arange(sides) * (2 * np.pi / sides) + np.pi / sides
    circle = (
        np.cos(angle)[None, None, :, None] * first[:, :, None]
        + np.sin(angle)[None, None, :, None] * second[:, :, None]
    )
    return lines[:, :, None] + radius[:, None, None, None] * circle


def collars(
    points: ArrayLike, diameter: float, spacing: float = 2.0, sides: int = 12
) -> list[Solid]:
    """Flange collars along a pipe: one every ``spacing`` metres of each straight leg."""
    points = np.asarray(points, dtype=float)
    out = []
    for a, b in pairwise(points):
        length = float(np.linalg.norm(b - a))
        if length < 4 * diameter:
            continue
        count = max(1, int(length // spacing))
        direction = (b - a) / length
        for k in range(count):
            middle = a + direction * length * (k + 0.5) / count
            half = direction * min(0.12 * diameter, 0.03)
            out.append(sweep([middle - half, middle + half], diameter * 0.62, sides))
    return out


def duct(points: ArrayLike, width: float, height: float) -> Solid:
    """Rectangular duct along ``points`` (n, 3): a box per leg, lengthened to close the corners."""
    points = np.asarray(points, dtype=float)
    solids = []
    for k, (a, b) in enumerate(pairwise(points)):
        low, high = np.minimum(a, b), np.maximum(a, b)
        axis = int(np.argmax(high - low))
        half = np.array([width / 2, width / 2, height / 2])
        if axis == 2:
            half = np.array([width / 2, height / 2, 0.0])
        grow = half.copy()
        grow[axis] = 0.0
        ends = [0.0, 0.0]
        if k > 0:
            ends[0 if a[axis] <= b[axis] else 1] = width / 2
        if k < len(points) - 2:
            ends[1 if a[axis] <= b[axis] else 0] = width / 2
        low, high = low - grow, high + grow
        low[axis] -= ends[0]
        high[axis] += ends[1]
        if np.all(high - low > 1e-9):
            solids.append(box(tuple(low), tuple(high)))
    if not solids:
        raise ValueError("a duct needs at least one leg of some length")
    return merge(solids)


def busway(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """A straight busway along x with joints and tap-off boxes on its underside."""
    width, depth, height = size
    x, y = width / 2, depth / 2
    kit = Kit()
    low = height * 0.35
    kit.add("housing", "aluminium", box((-x, -y * 0.8, low), (x, y * 0.8, height)), role="state")
    kit.add(
        "flange",
        "panel-grey",
        box((-x, -y, low + (height - low) * 0.4), (x, y, low + (height - low) * 0.6)),
    )
    taps = {0: 1, 1: 4, 2: 8}[detail]
    step = width / taps
    for k in range(taps):
        px = -x + (k + 0.5) * step
        kit.add(
            "tap-offs",
            "panel-dark",
            block((px, 0, low / 2 - 0.0005), (min(0.4, step * 0.5), depth * 0.7, low - 0.001)),
        )
        if detail == 2:
            kit.add(
                "lamps", "lamp", block((px, -depth * 0.35 - 0.001, low * 0.5), (0.03, 0.004, 0.012))
            )
            kit.add(
                "joints",
                "panel-grey",
                block(
                    (px + step * 0.5 - 0.031, 0, (low + height) / 2),
                    (0.06, depth * 0.92, (height - low) * 0.9),
                ),
            )
    return kit.parts()


def cable_tray(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """A straight ladder tray along x with a bed of cables."""
    width, depth, height = size
    x, y = width / 2, depth / 2
    kit = Kit()
    rail = min(0.02, depth * 0.1)
    kit.add(
        "rails",
        "galvanised",
        box((-x, -y, 0), (x, -y + rail, height)),
        box((-x, y - rail, 0), (x, y, height)),
    )
    rungs = {0: 0, 1: 12, 2: max(4, min(200, round(width / 0.3)))}[detail]
    for k in range(rungs):
        px = -x + (k + 0.5) * width / rungs
        kit.add(
            "rungs",
            "galvanised",
            box(
                (px - 0.012, -y + rail + 0.0005, height * 0.1),
                (px + 0.012, y - rail - 0.0005, height * 0.25),
            ),
        )
    bundles = {0: 1, 1: 3, 2: 6}[detail]
    span = depth - 2 * rail - 0.01
    for k in range(bundles):
        py = -span / 2 + (k + 0.5) * span / bundles
        kit.add(
            "cables",
            "rubber",
            box(
                (-x, py - span / bundles * 0.45, height * 0.26),
                (x, py + span / bundles * 0.45, height * (0.7 - 0.12 * (k % 2))),
            ),
        )
    return kit.parts()
