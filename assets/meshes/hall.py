"""Buildings: a hall without its roof, and flat plates for labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.meshes.part import Kit, Part
from assets.meshes.shapes import box

WALL = 0.2
TILE = 0.6


def hall(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Open-topped hall: four walls and a floor, with raised-floor tiles at detail 2.

    parameters: ``tile`` edge [m] (0.6). Tiles are joined to strips so that a large hall stays
    inside the triangle budget.
    """
    width, depth, height = size
    x, y = width / 2, depth / 2
    wall = min(WALL, width * 0.1, depth * 0.1)
    slab = min(0.1, height * 0.1)
    kit = Kit()
    kit.add("slab", "concrete", box((-x, -y, 0), (x, y, slab)))
    kit.add("walls", "wall", box((-x, -y, slab + 0.0005), (-x + wall, y, height)))
    if detail == 0:
        kit.add("walls", "wall", box((x - wall, -y, slab + 0.0005), (x, y, height)))
        return kit.parts()
    kit.add(
        "walls",
        "wall",
        box((x - wall, -y, slab + 0.0005), (x, y, height)),
        box((-x + wall + 0.0005, -y, slab + 0.0005), (x - wall - 0.0005, -y + wall, height)),
        box((-x + wall + 0.0005, y - wall, slab + 0.0005), (x - wall - 0.0005, y, height)),
    )
    if detail == 2:
        tile = float(parameters.get("tile", TILE))
        inner_x, inner_y = x - wall - 0.001, y - wall - 0.001
        columns = max(1, min(40, round(2 * inner_x / tile)))
        rows = max(1, min(40, round(2 * inner_y / tile)))
        sx, sy = 2 * inner_x / columns, 2 * inner_y / rows
        for i in range(columns):
            for j in range(rows):
                px, py = -inner_x + i * sx, -inner_y + j * sy
                name = "tiles" if (i + j) % 2 == 0 else "tiles-alternate"
                kit.add(
                    name,
                    "tile",
                    box(
                        (px + 0.004, py + 0.004, slab + 0.0005),
                        (px + sx - 0.004, py + sy - 0.004, slab + 0.02),
                    ),
                )
    return kit.parts()


def label(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """A flat plate for a texture or decal with lettering."""
    width, depth, height = size
    kit = Kit()
    kit.add(
        "plate", "panel-light", box((-width / 2, -depth / 2, 0), (width / 2, depth / 2, height))
    )
    return kit.parts()
