"""Water-cooled chillers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.meshes.outdoor import along, turn
from assets.meshes.part import Kit, Part
from assets.meshes.shapes import block, box, cylinder


def chiller(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Water-cooled chiller: two shell-and-tube vessels, compressors above, control panel."""
    length, width, height, turned = along(size)
    x, y = length / 2, width / 2
    kit = Kit()
    radius = min(width * 0.23, height * 0.25)
    sides = {0: 4, 1: 10, 2: 24}[detail]
    base = 0.15
    kit.add("base", "frame", box((-x, -y, 0), (x, y, base)))
    if detail == 0:
        kit.add(
            "shells",
            "pump",
            box((-x + 0.05, -y + 0.05, base + 0.001), (x - 0.05, y - 0.05, height * 0.58)),
            role="state",
        )
        kit.add(
            "compressors",
            "panel-grey",
            box((-x * 0.5, -y * 0.5, height * 0.58 + 0.001), (x * 0.5, y * 0.5, height)),
        )
        return kit.parts() if not turned else turn(kit.parts(), turned)
    z = base + radius + 0.02
    for s in (-1, 1):  # evaporator and condenser
        cy = s * (y - radius - 0.06)
        kit.add(
            "shells",
            "pump",
            cylinder((-x + 0.24, cy, z), (x - 0.24, cy, z), radius, sides),
            role="state",
        )
        for e in (-1, 1):
            if detail == 2:
                a, b = sorted((e * (x - 0.2395), e * (x - 0.19)))
                kit.add(
                    "end-flanges", "steel", cylinder((a, cy, z), (b, cy, z), radius * 1.14, sides)
                )
                a, b = sorted((e * (x - 0.1895), e * (x - 0.02)))
                kit.add(
                    "water-boxes", "motor", cylinder((a, cy, z), (b, cy, z), radius * 0.96, sides)
                )
    if detail == 2:
        for s in (-1, 1):
            cy = s * (y - radius - 0.06)
            for k, colour in enumerate(("supply", "return")):
                pz = z + (k - 0.5) * radius * 0.9
                kit.add(
                    f"nozzles-{colour}",
                    colour,
                    cylinder((x - 0.021, cy, pz), (x, cy, pz), radius * 0.3, 12),
                )
    z2 = z + radius * 1.05
    body = height - z2
    for s in (-1, 1):
        cx = s * x * 0.36
        kit.add(
            "compressors",
            "panel-grey",
            cylinder(
                (cx - x * 0.22, 0, z2 + body * 0.5),
                (cx + x * 0.22, 0, z2 + body * 0.5),
                body * 0.36,
                sides,
            ),
        )
        if detail == 2:
            kit.add(
                "volutes",
                "motor",
                cylinder(
                    (cx + x * 0.2205, 0, z2 + body * 0.5),
                    (cx + x * 0.30, 0, z2 + body * 0.5),
                    body * 0.48,
                    sides,
                ),
            )
            for t in (-1, 1):
                end = t * (y - radius - 0.06)
                kit.add(
                    "refrigerant-lines",
                    "copper",
                    cylinder(
                        (cx, t * body * 0.2, z2 + body * 0.4),
                        (cx, end, z + radius * 0.85),
                        radius * 0.22,
                        10,
                    ),
                )
    kit.add(
        "supports",
        "frame",
        *(
            box(
                (s * x * 0.36 - 0.06, -y * 0.3, base + 0.001),
                (s * x * 0.36 + 0.06, y * 0.3, z2 + body * 0.22),
            )
            for s in (-1, 1)
        ),
    )
    kit.add(
        "panel",
        "panel-light",
        box((-x * 0.16, -y + 0.02, height - body * 1.0), (x * 0.16, -y + 0.24, height)),
    )
    if detail == 2:
        kit.add(
            "screens",
            "screen",
            block(
                (0, -y + 0.016, height - body * 0.35),
                (min(0.3, x * 0.2), 0.01, min(0.2, body * 0.35)),
            ),
        )
        kit.add(
            "saddles",
            "frame",
            *(
                box(
                    (s * x * 0.6 - 0.04, -y + 0.08, base + 0.001),
                    (s * x * 0.6 + 0.04, y - 0.08, z - radius * 0.7),
                )
                for s in (-1, 1)
            ),
        )
    else:
        kit.add(
            "ends",
            "motor",
            *(
                box(
                    (
                        s * (x - 0.12) - 0.1,
                        q * (y - radius - 0.06) - radius * 0.8,
                        z - radius * 0.8,
                    ),
                    (
                        s * (x - 0.12) + 0.1,
                        q * (y - radius - 0.06) + radius * 0.8,
                        z + radius * 0.8,
                    ),
                )
                for s in (-1, 1)
                for q in (-1, 1)
            ),
        )
    return turn(kit.parts(), turned)
