"""Equipment that stands where other equipment stands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError
from twin.plant.expand import Expansion
from twin.plant.levels import Levels
from twin.yaml_file import key_text

TOLERANCE = 0.01  # m that footprints may reach into each other


def footprints(
    position: NDArray[np.float64], size: NDArray[np.float64], yaw: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Axis-aligned rectangles around turned footprints: x0, y0, x1, y1, shape [n, 4].

    ``position`` [n, 3] centres, ``size`` [n, 2] width and depth [m], ``yaw`` [n] in degrees.
    """
    angle = np.deg2rad(yaw)
    c, s = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    half_x = 0.5 * (size[:, 0] * c + size[:, 1] * s)
    half_y = 0.5 * (size[:, 0] * s + size[:, 1] * c)
    x, y = position[:, 0], position[:, 1]
    return np.stack([x - half_x, y - half_y, x + half_x, y + half_y], axis=1)


def overlapping_pairs(boxes: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Pairs of rectangles (rows of ``boxes``) that reach into each other, by a sweep along x."""
    order = np.argsort(boxes[:, 0], kind="stable")
    start = boxes[order, 0]
    for place, i in enumerate(order):
        end = int(np.searchsorted(start, boxes[i, 2] - TOLERANCE))
        candidates = order[place + 1 : end]
        if candidates.size:
            deep = np.minimum(boxes[candidates, 3], boxes[i, 3]) - np.maximum(
                boxes[candidates, 1], boxes[i, 1]
            )
            wide = np.minimum(boxes[candidates, 2], boxes[i, 2]) - boxes[candidates, 0]
            for j in candidates[(deep > TOLERANCE) & (wide > TOLERANCE)]:
                yield min(int(i), int(j)), max(int(i), int(j))


def refuse_racks_in_one_place(result: Expansion, levels: Levels) -> None:
    """Racks must not stand in one another.

    Raises
    ------
    InputError : names both racks; points to the second one's row
    """
    racks = result.levels["rack"]
    products = result.layout.products
    sizes = {name: (products[name].width, products[name].depth) for name in set(racks.product)}
    size = np.array([sizes[name] for name in racks.product])
    boxes = footprints(racks.position, size, racks.yaw)
    pair = next(overlapping_pairs(boxes), None)
    if pair is None:
        return
    first, second = (levels.path("rack", r) for r in pair)
    key = racks.key[pair[1]][:-1]
    document = result.layout.document
    moved = [
        ("overrides", number)
        for number, override in enumerate(result.layout.model.overrides)
        if override.path in (first, second)
    ]
    if moved:
        key = moved[-1]
    raise InputError(
        "two racks in one place",
        document.file,
        document.line(key),
        key_text(key),
        f"{first} and {second}",
        "free floor: check position, pitch and rack_pitch",
    )
