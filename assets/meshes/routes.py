"""Things that follow a line: pipes with elbows, cable trays, busways."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from assets.meshes.part import Kit, Part
from assets.meshes.shapes import Solid, block, box, merge, rounded, sweep


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
