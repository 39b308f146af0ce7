"""Rotating machines: pumps on their base frames, standby generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.meshes.outdoor import along, turn
from assets.meshes.part import Kit, Part
from assets.meshes.shapes import block, box, cylinder


def pump(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """End-suction pump: base, volute with flanges, finned motor, along its longer side."""
    length, width, height, turned = along(size)
    x, y = length / 2, width / 2
    kit = Kit()
    base = height * 0.14
    kit.add("base", "frame", box((-x, -y, 0), (x, y, base - 0.001)))
    axis = base + (height - base) * 0.45
    if detail == 0:
        kit.add(
            "volute",
            "pump",
            box((-x * 0.9, -y * 0.7, base), (-x * 0.1, y * 0.7, height)),
            role="state",
        )
        kit.add(
            "motor",
            "motor",
            box(
                (-x * 0.09, -y * 0.6, base + 0.02), (x * 0.95, y * 0.6, axis + (axis - base) * 0.7)
            ),
        )
        return turn(kit.parts(), turned)
    sides = 24 if detail == 2 else 8
    radius = min((axis - base) * 0.98, y * 0.9)
    vx = -x * 0.45
    kit.add(
        "volute",
        "pump",
        cylinder((vx - x * 0.18, 0, axis), (vx + x * 0.18, 0, axis), radius, sides),
        role="state",
    )
    pipe = radius * 0.42
    kit.add(
        "volute",
        "pump",
        cylinder((vx, radius * 0.35, axis), (vx, radius * 0.35, height - 0.031), pipe, sides),
        role="state",
    )
    kit.add(
        "flanges",
        "steel",
        cylinder(
            (vx, radius * 0.35, height - 0.03),
            (vx, radius * 0.35, height),
            min(pipe * 1.4, y * 0.55),
            sides,
        ),
    )
    kit.add(
        "volute",
        "pump",
        cylinder((-x + 0.031, 0, axis), (vx - x * 0.1805, 0, axis), pipe * 1.1, sides),
        role="state",
    )
    kit.add("flanges", "steel", cylinder((-x, 0, axis), (-x + 0.03, 0, axis), pipe * 1.5, sides))
    kit.add(
        "shaft",
        "steel",
        cylinder((vx + x * 0.1805, 0, axis), (x * 0.05, 0, axis), radius * 0.16, sides),
    )
    body = radius * 0.78
    kit.add("motor", "motor", cylinder((x * 0.0505, 0, axis), (x * 0.86, 0, axis), body, sides))
    kit.add(
        "fan-cover",
        "black",
        cylinder((x * 0.8605, 0, axis), (x * 0.98, 0, axis), body * 0.92, sides),
    )
    kit.add(
        "feet", "frame", box((x * 0.2, -body * 0.7, base), (x * 0.7, body * 0.7, axis - body * 0.8))
    )
    kit.add(
        "feet",
        "frame",
        box(
            (vx - x * 0.12, -radius * 0.6, base), (vx + x * 0.12, radius * 0.6, axis - radius * 0.8)
        ),
    )
    if detail == 2:
        for k in range(16):  # cooling fins
            fin = block(
                ((x * 0.06 + x * 0.84) / 2, 0, axis + body * 1.04), (x * 0.74, 0.012, body * 0.12)
            )
            kit.add("motor", "motor", fin.turned(k * 360 / 16, "x", (0, 0, axis)))
        kit.add(
            "terminal-box",
            "motor",
            block((x * 0.45, -body * 0.2, axis + body * 1.12), (x * 0.25, body * 0.7, body * 0.22)),
        )
        kit.add(
            "coupling-guard",
            "warning",
            cylinder((vx + x * 0.22, 0, axis), (x * 0.03, 0, axis), radius * 0.3, sides),
        )
    return turn(kit.parts(), turned)


def generator(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Standby generator in an enclosure on its fuel tank, radiator at +x, exhaust above."""
    width, depth, height = size
    x, y = width / 2, depth / 2
    kit = Kit()
    tank, roof = height * 0.16, height * 0.80
    kit.add("fuel-tank", "frame", box((-x, -y, 0), (x, y, tank - 0.001)))
    kit.add(
        "enclosure",
        "generator",
        box((-x + 0.04, -y + 0.06, tank), (x - 0.06, y - 0.06, roof)),
        role="state",
    )
    if detail == 0:
        kit.add(
            "silencer", "steel", box((-x * 0.1, -y * 0.3, roof + 0.001), (x * 0.7, y * 0.3, height))
        )
        return kit.parts()
    sides = 16 if detail == 2 else 8
    barrel = (height - roof) * 0.36
    cz = roof + barrel + 0.04
    kit.add("silencer", "steel", cylinder((-x * 0.05, 0, cz), (x * 0.62, 0, cz), barrel, sides))
    kit.add(
        "exhaust",
        "steel",
        cylinder((x * 0.70, 0, roof), (x * 0.70, 0, height), barrel * 0.42, sides),
    )
    kit.add(
        "exhaust", "steel", cylinder((x * 0.6205, 0, cz), (x * 0.70, 0, cz), barrel * 0.36, sides)
    )
    doors = 5 if detail == 2 else 3
    step = (width - 0.3) / doors
    for s in (-1, 1):
        face = s * (y - 0.06)
        for k in range(doors):
            px = -x + 0.15 + (k + 0.5) * step
            a, b = sorted((face + s * 0.0005, face + s * 0.025))
            kit.add(
                "doors",
                "generator",
                box((px - step * 0.45, a, tank + 0.08), (px + step * 0.45, b, roof - 0.12)),
                role="state",
            )
            if detail == 2:
                for v in range(8):
                    z = tank + (roof - tank) * (0.42 + 0.05 * v)
                    a2, b2 = sorted((face + s * 0.0255, face + s * 0.035))
                    kit.add(
                        "louvres",
                        "grille",
                        box(
                            (px - step * 0.34, a2, z),
                            (px + step * 0.34, b2, z + (roof - tank) * 0.028),
                        ),
                    )
                kit.add(
                    "latches",
                    "black",
                    block(
                        (px + step * 0.38, face + s * 0.036, (tank + roof) * 0.42),
                        (0.05, 0.02, 0.12),
                    ),
                )
    kit.add(
        "radiator",
        "grille",
        box((x - 0.0595, -y * 0.75, tank + 0.1), (x - 0.02, y * 0.75, roof - 0.1)),
    )
    if detail == 2:
        for k in range(10):
            z = tank + 0.14 + k * (roof - tank - 0.28) / 9
            kit.add(
                "radiator-slats", "aluminium", block((x - 0.014, 0, z), (0.010, y * 1.44, 0.03))
            )
        kit.add(
            "stripe",
            "warning",
            *(
                box(
                    (-x + 0.1, min(s * (y - 0.0595), s * (y - 0.03)), tank + 0.02),
                    (x - 0.1, max(s * (y - 0.0595), s * (y - 0.03)), tank + 0.06),
                )
                for s in (-1, 1)
            ),
        )
        kit.add(
            "saddles",
            "galvanised",
            *(
                box(
                    (px - 0.05, -barrel * 0.7, roof + 0.0005),
                    (px + 0.05, barrel * 0.7, cz - barrel * 0.6),
                )
                for px in (x * 0.08, x * 0.5)
            ),
        )
    return kit.parts()
