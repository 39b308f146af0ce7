"""Coolant distribution unit: cabinet with pumps, plate heat exchanger and pipe stubs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.meshes import cabinets as c
from assets.meshes.part import Kit, Part
from assets.meshes.shapes import block, box, cylinder, rounded, sweep


def cdu(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """In-row unit: upper doors with display, lower bay open on two pumps and the plate pack."""
    width, depth, height = size
    kit = Kit()
    if detail == 0:
        c.plain(kit, width, depth, height)
        return kit.parts()
    stub = 0.12  # pipe connections above the cabinet
    x, y = width / 2, depth / 2
    front = -y + c.PROUD
    body_top = height - stub
    bay_top = 0.08 + (body_top - 0.08) * 0.45
    # The lower bay is open in front: floor, back, sides and a ceiling stand around the pumps.
    back = front + depth * 0.62
    kit.add("plinth", "frame", box((-x + 0.01, front + 0.02, 0), (x - 0.01, y - 0.01, 0.0795)))
    kit.add(
        "body",
        "panel-light",
        box((-x, front, bay_top), (x, y, body_top)),
        box((-x, front, 0.08), (-x + 0.02, y, bay_top - 0.0005)),
        box((x - 0.02, front, 0.08), (x, y, bay_top - 0.0005)),
        role="state",
    )
    kit.add(
        "bay",
        "frame",
        box((-x + 0.0205, back, 0.08), (x - 0.0205, y, bay_top - 0.0005)),
        box((-x + 0.0205, front, 0.08), (x - 0.0205, back - 0.0005, 0.10)),
    )
    sides = 12 if detail == 2 else 6
    middle = 0.10 + (bay_top - 0.10) * 0.45
    radius = min(width * 0.13, (bay_top - 0.1) * 0.2)
    for s in (-1, 1):  # two pumps left of the plate pack
        px = -x * 0.62 + (0.0 if s < 0 else width * 0.30)
        py = front + 0.10 + radius
        kit.add(
            "pumps", "pump", cylinder((px, py, 0.11), (px, py, 0.11 + radius * 0.9), radius, sides)
        )
        kit.add(
            "motors",
            "motor",
            cylinder(
                (px, py, 0.111 + radius * 0.9),
                (px, py, middle + radius * 0.9),
                radius * 0.72,
                sides,
            ),
        )
    pack = (x * 0.48, front + 0.05, x - 0.05)
    plates = 9 if detail == 2 else 1
    step = (pack[2] - pack[0]) / plates
    for k in range(plates):
        low = pack[0] + k * step
        kit.add(
            "plates",
            "steel",
            box(
                (low, pack[1], 0.12),
                (low + step * (0.7 if plates > 1 else 1.0), back - 0.06, bay_top - 0.06),
            ),
        )
    pipe = min(0.045, width * 0.06)
    for k, colour in enumerate(("supply", "return", "supply", "return")):
        px = -x * 0.72 + k * x * 0.48
        kit.add(
            f"stubs-{colour}",
            colour,
            cylinder((px, y * 0.45, body_top - 0.03), (px, y * 0.45, height), pipe, sides),
        )
        if detail == 2:
            kit.add(
                "flanges",
                "steel",
                cylinder(
                    (px, y * 0.45, height - 0.05), (px, y * 0.45, height - 0.02), pipe * 1.5, sides
                ),
            )
    c.doors(
        kit, width, front, bay_top + 0.01, body_top - 0.01, 2 if width > 0.7 else 1, handles=True
    )
    if detail == 2:
        c.screen(kit, -width * 0.22, front - 0.0165, body_top - 0.28, min(0.22, width * 0.3), 0.14)
        c.vents(kit, width * 0.24, front - 0.0165, body_top - 0.42, body_top - 0.12, width * 0.3, 8)
        kit.add(
            "posts",
            "frame",
            *(
                box(
                    (s * (x - 0.035) - 0.014, front - 0.012, 0.08),
                    (s * (x - 0.035) + 0.014, front - 0.0005, bay_top),
                )
                for s in (-1, 1)
            ),
        )
        for s, colour in ((-1, "supply"), (1, "return")):
            px = -x * 0.62 + (0.0 if s < 0 else width * 0.30)
            line = rounded(
                [
                    (px, front + 0.1 + radius, middle),
                    (px, back - 0.06, middle + radius * 1.1),
                    (pack[0] + 0.02, back - 0.06, middle + radius * 1.1),
                ],
                0.05,
            )
            kit.add(f"lines-{colour}", colour, sweep(line, pipe * 0.6, 8))
        kit.add(
            "lamps", "lamp", block((x * 0.86, front - 0.018, body_top - 0.1), (0.014, 0.006, 0.014))
        )
    return kit.parts()
