"""Air handling in the hall: CRAH units and rear-door heat exchangers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.meshes import cabinets as c
from assets.meshes.part import Kit, Part
from assets.meshes.shapes import Solid, block, box, cylinder, rounded, sweep


def _fan_on_front(x: float, y: float, z: float, radius: float, sides: int) -> Solid:
    return cylinder((x, y + 0.012, z), (x, y - 0.004, z), radius, sides)


def crah(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Room air handler: filter grille above, row of plug fans below, coil pipes on top."""
    width, depth, height = size
    kit = Kit()
    if detail == 0:
        c.plain(kit, width, depth, height, "panel-grey")
        return kit.parts()
    stub = 0.10
    top = height - stub
    front = c.shell(kit, width, depth, height, panel="panel-light", top=stub)
    x, y = width / 2, depth / 2
    count = max(2, round(width / 0.85))
    step = (width - 0.06) / count
    split = 0.08 + (top - 0.08) * 0.42
    radius = min(step * 0.42, (split - 0.14) * 0.45)
    sides = 20 if detail == 2 else 8
    for k in range(count):
        fx = -width / 2 + 0.03 + (k + 0.5) * step
        fz = 0.10 + (split - 0.10) / 2
        kit.add("fan-openings", "grille", _fan_on_front(fx, front - 0.002, fz, radius, sides))
        kit.add(
            "fan-hubs",
            "aluminium",
            cylinder(
                (fx, front - 0.0065, fz), (fx, front - 0.026, fz), radius * 0.3, max(6, sides // 2)
            ),
        )
        if detail == 2:
            for b in range(5):
                blade = block(
                    (fx, front - 0.012, fz + radius * 0.62), (radius * 0.30, 0.008, radius * 0.66)
                )
                kit.add("blades", "aluminium", blade.turned(b * 72, "y", (fx, front - 0.012, fz)))
    kit.add(
        "filter",
        "fins",
        box((-x + 0.05, front - 0.010, split + 0.05), (x - 0.05, front - 0.0005, top - 0.06)),
    )
    if detail == 2:
        c.vents(kit, 0.0, front - 0.0135, split + 0.06, top - 0.07, width - 0.14, 14)
        for k in range(1, count):
            sx = -width / 2 + 0.03 + k * step
            kit.add(
                "seams",
                "panel-grey",
                block((sx, front - 0.004, (0.1 + top) / 2), (0.012, 0.010, top - 0.14)),
            )
        c.screen(kit, x - 0.22, front - 0.016, top - 0.22, 0.18, 0.12)
    # The front grille's rim marks the depth of the unit.
    kit.add(
        "rim",
        "frame",
        box((-x + 0.03, -y, split + 0.006), (x - 0.03, front - 0.0005, split + 0.04)),
    )
    for s, colour in ((-1, "supply"), (1, "return")):
        px = x - 0.16 + s * 0.07
        kit.add(
            f"stubs-{colour}",
            colour,
            cylinder(
                (px, y - 0.12, top - 0.02), (px, y - 0.12, height), 0.035, 12 if detail == 2 else 6
            ),
        )
    return kit.parts()


def rear_door(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Rear-door exchanger: frame, finned coil, a column of fans and two hoses."""
    width, depth, height = size
    kit = Kit()
    x, y = width / 2, depth / 2
    if detail == 0:
        kit.add("frame", "panel-dark", box((-x, -y, 0), (x, y - 0.0105, height)), role="state")
        kit.add("coil", "fins", box((-x + 0.04, y - 0.01, 0.1), (x - 0.04, y, height - 0.08)))
        return kit.parts()
    rail = 0.045
    kit.add(
        "frame",
        "panel-dark",
        box((-x, -y, 0), (-x + rail, y, height)),
        box((x - rail, -y, 0), (x, y, height)),
        box((-x + rail + 0.0005, -y, 0), (x - rail - 0.0005, y, 0.09)),
        box((-x + rail + 0.0005, -y, height - 0.06), (x - rail - 0.0005, y, height)),
        role="state",
    )
    kit.add(
        "coil",
        "fins",
        box((-x + rail + 0.001, -y + 0.01, 0.0905), (x - rail - 0.001, y - 0.045, height - 0.0605)),
    )
    count = min(8 if detail == 2 else 5, max(3, round((height - 0.15) / (width * 0.62))))
    step = (height - 0.15) / count
    radius = min(step, width - 2 * rail) * 0.43
    sides = 20 if detail == 2 else 8
    for k in range(count):
        z = 0.09 + (k + 0.5) * step
        kit.add("fans", "grille", cylinder((0, y - 0.0445, z), (0, y - 0.03, z), radius, sides))
        kit.add(
            "hubs", "aluminium", cylinder((0, y - 0.0295, z), (0, y - 0.012, z), radius * 0.3, 8)
        )
        if detail == 2:
            for b in range(5):
                blade = block(
                    (0, y - 0.022, z + radius * 0.62), (radius * 0.28, 0.006, radius * 0.66)
                )
                kit.add("blades", "aluminium", blade.turned(b * 72, "y", (0, y - 0.022, z)))
    if detail == 2:
        for s, colour in ((-1, "supply"), (1, "return")):
            line = rounded(
                [
                    (s * x * 0.5, 0.0, 0.0905),
                    (s * x * 0.5, y - 0.012, 0.13),
                    (x - rail * 0.5, y - 0.012, 0.2 + s * 0.04),
                ],
                0.03,
            )
            kit.add(f"hoses-{colour}", colour, sweep(line, 0.011, 8))
        for k in range(24):
            z = 0.10 + (height - 0.18) * (k + 0.5) / 24
            kit.add(
                "fins",
                "aluminium",
                block((0, -y + 0.009, z), (width - 2 * rail - 0.01, 0.006, 0.006)),
            )
    return kit.parts()
