"""Heat rejection: dry coolers and cooling towers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.meshes.part import Kit, Part
from assets.meshes.shapes import Solid, block, box, cylinder, prism, ring, turned_profile


def _fan(kit: Kit, x: float, y: float, z: float, radius: float, height: float, detail: int) -> None:
    """Fan lying flat in a shroud that stands on z."""
    if detail == 1:
        kit.add("shrouds", "panel-grey", cylinder((x, y, z), (x, y, z + height), radius, 6))
        return
    kit.add(
        "shrouds", "panel-grey", ring((x, y, z), radius * 0.93, radius, height, 16), role="state"
    )
    kit.add(
        "fan-wells",
        "grille",
        cylinder((x, y, z + height * 0.08), (x, y, z + height * 0.2), radius * 0.92, 16),
    )
    hub = turned_profile(
        [
            (height * 0.21, radius * 0.26),
            (height * 0.7, radius * 0.24),
            (height * 0.85, radius * 0.1),
        ],
        (x, y, z),
        10,
    )
    kit.add("hubs", "black", hub)
    for b in range(6):
        blade = block(
            (x + radius * 0.58, y, z + height * 0.45), (radius * 0.64, radius * 0.24, height * 0.06)
        )
        blade = blade.turned(16, "x", (x, y, z + height * 0.45))
        kit.add("blades", "aluminium", blade.turned(b * 60, "z", (x, y, z)))


def along(kit_size: tuple[float, float, float]) -> tuple[float, float, float, bool]:
    """Length, width, height of a unit whose long side may lie along x or y."""
    width, depth, height = kit_size
    return (width, depth, height, False) if width >= depth else (depth, width, height, True)


def turn(parts: list[Part], turned: bool) -> list[Part]:
    """Swap the long side from x to y (a quarter turn about z)."""
    if turned:
        for part in parts:
            v = part.mesh.vertices
            part.mesh.vertices = Solid(v, part.mesh.faces).turned(90).vertices
    return parts


def dry_cooler(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """V-coil dry cooler: legs, two leaning finned coils per bay, a deck of fans, two headers."""
    length, width, height, turned = along(size)
    x, y = length / 2, width / 2
    kit = Kit()
    shroud = min(0.22, height * 0.12)
    deck = height - shroud
    low = height * 0.24
    if detail == 0:
        kit.add(
            "coils",
            "fins",
            prism([(-y, deck), (y, deck), (y * 0.25, low), (-y * 0.25, low)], "x", -x, x),
            role="state",
        )
        kit.add("base", "frame", box((-x, -y * 0.3, 0), (x, y * 0.3, low - 0.001)))
        kit.add(
            "fans",
            "panel-grey",
            box((-x + 0.1, -y + 0.1, deck + 0.001), (x - 0.1, y - 0.1, height)),
        )
        return turn(kit.parts(), turned)
    thick = 0.12
    for s in (-1, 1):  # the two coils, leaning outwards
        foot, head = s * y * 0.16, s * (y - 0.01)
        outline = [
            (foot, low),
            (foot + s * thick, low),
            (head, deck - 0.05),
            (head - s * thick, deck - 0.05),
        ]
        kit.add("coils", "fins", prism(outline, "x", -x + 0.06, x - 0.06), role="state")
    kit.add("deck", "galvanised", box((-x, -y, deck - 0.05 + 0.0005), (x, y, deck)))
    legs = max(2, round(length / 2.5) + 1) if detail == 2 else 2
    for k in range(legs):
        px = -x + 0.06 + k * (length - 0.12) / (legs - 1)
        for s in (-1, 1):
            kit.add(
                "legs",
                "galvanised",
                box(
                    (px - 0.05, s * y * 0.72 - 0.05, 0),
                    (px + 0.05, s * y * 0.72 + 0.05, deck - 0.051),
                ),
            )
        if detail == 2:
            kit.add(
                "beams",
                "galvanised",
                box((px - 0.04, -y * 0.72, low - 0.13), (px + 0.04, y * 0.72, low - 0.03)),
            )
    kit.add(
        "ends",
        "panel-grey",
        *(
            prism(
                [
                    (-y * 0.97, deck - 0.052),
                    (y * 0.97, deck - 0.052),
                    (y * 0.14, low),
                    (-y * 0.14, low),
                ],
                "x",
                *sorted((s * (x - 0.0605), s * (x - 0.01))),
            )
            for s in (-1, 1)
        ),
    )
    rows = 2 if width > 1.5 else 1
    columns = max(2, round(length / (width / rows)))
    if detail == 1:
        columns = min(columns, 8)
    step_x, step_y = length / columns, width / rows
    radius = min(step_x, step_y) * 0.44
    for r in range(rows):
        for k in range(columns):
            _fan(
                kit, -x + (k + 0.5) * step_x, -y + (r + 0.5) * step_y, deck, radius, shroud, detail
            )
    if detail == 2:
        for s, colour in ((-1, "supply"), (1, "return")):
            py = s * y * 0.34
            kit.add(
                f"headers-{colour}",
                colour,
                cylinder((-x + 0.1, py, low - 0.19), (x, py, low - 0.19), 0.055, 10),
            )
        for s in (-1, 1):
            for k in range(1, columns):  # seams between coil bays
                px = -x + k * step_x
                foot, head = s * (y * 0.16 + thick), s * (y - 0.009)
                outline = [
                    (foot, low + 0.02),
                    (foot + s * 0.02, low + 0.02),
                    (head + s * 0.008, deck - 0.052),
                    (head - s * 0.02, deck - 0.052),
                ]
                kit.add("seams", "galvanised", prism(outline, "x", px - 0.03, px + 0.03))
        kit.add(
            "cabinet",
            "panel-light",
            block((-x + 0.24, y * 0.72 - 0.16, low + 0.1), (0.34, 0.18, 0.6)),
        )
    return turn(kit.parts(), turned)


def cooling_tower(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Induced-draught tower cells: basin, louvred sides, a fan stack on each cell."""
    length, width, height, turned = along(size)
    x, y = length / 2, width / 2
    kit = Kit()
    stack, basin = height * 0.16, height * 0.12
    top = height - stack
    cells = max(1, round(length / width))
    step = length / cells
    radius = min(step, width) * 0.40
    kit.add("basin", "concrete", box((-x, -y, 0), (x, y, basin)))
    kit.add(
        "casing",
        "panel-grey",
        box((-x + 0.08, -y + 0.08, basin + 0.0005), (x - 0.08, y - 0.08, top)),
        role="state",
    )
    if detail == 0:
        kit.add(
            "stack",
            "panel-light",
            block(
                (0, 0, height - stack / 2),
                (min(length, 2 * radius * cells), 2 * radius, stack - 0.001),
            ),
        )
        return turn(kit.parts(), turned)
    for k in range(cells):
        px = -x + (k + 0.5) * step
        profile = [(0.0005, radius), (stack * 0.5, radius * 0.92), (stack, radius * 0.98)]
        if detail == 1:
            kit.add(
                "stacks",
                "panel-light",
                turned_profile(profile, (px, 0, top), 8 if cells < 4 else 6),
            )
            continue
        outer = ring((px, 0, top + 0.0005), radius * 0.9, radius, stack - 0.0005, 24)
        kit.add("stacks", "panel-light", outer)
        kit.add(
            "fan-wells",
            "grille",
            cylinder((px, 0, top + 0.02), (px, 0, top + stack * 0.25), radius * 0.89, 24),
        )
        kit.add(
            "hubs",
            "black",
            cylinder((px, 0, top + stack * 0.25), (px, 0, top + stack * 0.75), radius * 0.16, 12),
        )
        for b in range(6):
            blade = block(
                (px + radius * 0.52, 0, top + stack * 0.6),
                (radius * 0.66, radius * 0.2, stack * 0.05),
            )
            blade = blade.turned(14, "x", (px, 0, top + stack * 0.6))
            kit.add("blades", "aluminium", blade.turned(b * 60, "z", (px, 0, 0)))
    slats = 10 if detail == 2 else 3
    low, high = basin + 0.15, basin + (top - basin) * 0.62
    for s in (-1, 1):
        for k in range(slats):
            z = low + (k + 0.5) * (high - low) / slats
            tall = (high - low) / slats * 0.55
            kit.add(
                "louvres", "panel-dark", block((0, s * (y - 0.06), z), (length - 0.3, 0.05, tall))
            )
    if detail == 2:
        for s in (-1, 1):
            kit.add(
                "posts",
                "galvanised",
                *(
                    box(
                        (px - 0.05, *sorted((s * (y - 0.081), s * (y - 0.02)))[:1], basin + 0.001),
                        (px + 0.05, max(s * (y - 0.081), s * (y - 0.02)), top),
                    )
                    for px in [-x + 0.15 + i * (length - 0.3) / cells for i in range(cells + 1)]
                ),
            )
        kit.add(
            "ladder",
            "warning",
            *(
                box((x - 0.075, s * 0.2 - 0.02, 0.2 + basin), (x - 0.03, s * 0.2 + 0.02, top + 0.0))
                for s in (-1, 1)
            ),
        )
        for k in range(int((top - basin) / 0.3)):
            kit.add(
                "ladder",
                "warning",
                box(
                    (x - 0.06, -0.2, basin + 0.3 + k * 0.3),
                    (x - 0.04, 0.2, basin + 0.325 + k * 0.3),
                ),
            )
        kit.add(
            "pipes", "return", cylinder((-x + 0.079, 0, top - 0.3), (-x, 0, top - 0.3), 0.12, 12)
        )
        kit.add("handrail", "warning", *_rail(x - 0.1, y - 0.1, top, min(stack, 1.0)))
    return turn(kit.parts(), turned)


def _rail(x: float, y: float, z: float, height: float) -> list[Solid]:
    """Handrail round the rectangle of half sides x and y."""
    bars = []
    for level in (height * 0.5, height * 0.92):
        for s in (-1, 1):
            bars.append(block((0, s * y, z + level), (2 * x, 0.03, 0.03)))
            bars.append(block((s * x, 0, z + level), (0.03, 2 * y - 0.04, 0.03)))
    for px in (-x, 0.0, x):
        for s in (-1, 1):
            bars.append(block((px, s * y, z + height * 0.5), (0.04, 0.04, height * 0.95)))
    return bars
