"""Power equipment: transformer, UPS, panel, battery, rack power shelf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.meshes import cabinets as c
from assets.meshes.part import Kit, Part
from assets.meshes.shapes import Solid, block, box, cylinder, turned_profile


def _bushing(x: float, y: float, base: float, height: float, radius: float, detail: int) -> Solid:
    """Insulator with sheds, upright."""
    if detail < 2:
        return cylinder((x, y, base), (x, y, base + height), radius, 5, radius * 0.6)
    sheds = 6
    profile = [(0.0, radius * 0.6)]
    for k in range(sheds):
        h = height * 0.85 * (k + 0.3) / sheds
        wide = radius * (1.0 - 0.35 * k / sheds)
        profile += [(h, wide * 0.62), (h + height * 0.03, wide), (h + height * 0.06, wide * 0.62)]
    profile += [(height * 0.86, radius * 0.3), (height, radius * 0.3)]
    return turned_profile(profile, (x, y, base), 12)


def transformer(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Oil-filled transformer: finned tank, conservator, three high and three low bushings."""
    width, depth, height = size
    x, y = width / 2, depth / 2
    kit = Kit()
    tank_top = height * 0.62
    tx, ty = x * 0.72, y * 0.60
    skid = height * 0.07
    if detail == 0:
        kit.add("tank", "tank", box((-tx, -y, skid), (tx, y, tank_top)), role="state")
        kit.add("skid", "frame", box((-x, -y, 0), (x, y, skid - 0.001)))
        kit.add(
            "bushings",
            "ceramic",
            box((-tx * 0.7, -y * 0.4, tank_top + 0.001), (tx * 0.7, -y * 0.2, height)),
        )
        return kit.parts()
    kit.add(
        "skid",
        "frame",
        *(
            box((-x, s * y * 0.45 - y * 0.1, 0), (x, s * y * 0.45 + y * 0.1, skid - 0.001))
            for s in (-1, 1)
        ),
    )
    kit.add("tank", "tank", box((-tx, -ty, skid), (tx, ty, tank_top)), role="state")
    kit.add(
        "lid",
        "panel-grey",
        box((-tx - 0.04, -ty - 0.04, tank_top + 0.001), (tx + 0.04, ty + 0.04, tank_top + 0.05)),
    )
    fins = 14 if detail == 2 else 4
    for s in (-1, 1):  # radiators along front and back
        for k in range(fins):
            px = -tx * 0.9 + (k + 0.5) * tx * 1.8 / fins
            a, b = sorted((s * (ty + 0.03), s * y))
            kit.add(
                "radiators",
                "tank",
                box(
                    (px - tx * 0.9 / fins * 0.45, a, skid + 0.06),
                    (px + tx * 0.9 / fins * 0.45, b, tank_top - 0.08),
                ),
                role="state",
            )
        if detail == 2:
            for z in (skid + 0.16, tank_top - 0.18):
                a, b = sorted((s * (ty + 0.005), s * (ty + 0.09)))
                kit.add("headers", "tank", box((-tx * 0.92, a, z - 0.04), (tx * 0.92, b, z + 0.04)))
    sides = 16 if detail == 2 else 6
    top = tank_top + 0.051
    radius = min(x, y) * 0.11
    for k in (-1, 0, 1):
        kit.add(
            "high-bushings",
            "ceramic",
            _bushing(k * tx * 0.55, -ty * 0.35, top, height - top, radius, detail),
        )
        kit.add(
            "low-bushings",
            "ceramic",
            _bushing(k * tx * 0.45, ty * 0.45, top, (height - top) * 0.45, radius * 0.9, detail),
        )
    barrel = min(height * 0.09, y * 0.28)
    cz = top + (height - top) * 0.45
    kit.add(
        "conservator",
        "panel-grey",
        cylinder((tx * 0.78, -ty * 0.75, cz), (tx * 0.78, ty * 0.75, cz), barrel, sides),
    )
    kit.add(
        "conservator",
        "panel-grey",
        *(
            box(
                (tx * 0.78 - 0.03, q * ty * 0.5 - 0.03, top),
                (tx * 0.78 + 0.03, q * ty * 0.5 + 0.03, cz - barrel * 0.8),
            )
            for q in (-1, 1)
        ),
    )
    kit.add(
        "cabinet",
        "panel-light",
        box(
            (-x + (0.003 if detail == 2 else 0.0), -y * 0.32, skid + 0.02),
            (-tx - 0.001, y * 0.32, tank_top * 0.82),
        ),
    )
    if detail == 2:
        kit.add(
            "signs",
            "warning",
            box((-x, -0.08, tank_top * 0.55), (-x + 0.0025, 0.08, tank_top * 0.55 + 0.14)),
        )
        kit.add(
            "terminals",
            "copper",
            *(
                cylinder(
                    (k * tx * 0.45, ty * 0.45, top + (height - top) * 0.452),
                    (k * tx * 0.45, ty * 0.45, top + (height - top) * 0.5),
                    0.02,
                    6,
                )
                for k in (-1, 0, 1)
            ),
        )
    return kit.parts()


def ups(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """A line of UPS cabinets: doors with grilles, one with a display."""
    width, depth, height = size
    kit = Kit()
    if detail == 0:
        c.plain(kit, width, depth, height)
        return kit.parts()
    front = c.shell(kit, width, depth, height)
    count = max(1, min(8, round(width / 0.8)))
    c.doors(kit, width, front, 0.10, height - 0.06, count, handles=detail == 2)
    kit.add(
        "handle-rail",
        "frame",
        box(
            (-width / 2 + 0.02, -depth / 2, height - 0.052),
            (width / 2 - 0.02, front - 0.0005, height - 0.03),
        ),
    )
    step = (width - 0.02) / count
    for k in range(count):
        x = -width / 2 + 0.01 + (k + 0.5) * step
        if detail == 2:
            c.vents(kit, x, front - 0.0165, 0.22, height * 0.42, step * 0.7, 10)
            if k == count // 2:
                c.screen(kit, x, front - 0.0165, height * 0.72, min(0.26, step * 0.5), 0.18)
            else:
                c.vents(kit, x, front - 0.0165, height * 0.72, height * 0.88, step * 0.5, 6)
            kit.add(
                "lamps",
                "lamp",
                block((x + step * 0.3, front - 0.019, height * 0.62), (0.03, 0.006, 0.012)),
            )
        elif count <= 8:
            kit.add(
                "vents",
                "grille",
                block((x, front - 0.018, height * 0.32), (step * 0.7, 0.006, height * 0.2)),
            )
    return kit.parts()


def panel(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Distribution panel: door with breaker windows and meter."""
    width, depth, height = size
    kit = Kit()
    if detail == 0:
        c.plain(kit, width, depth, height)
        return kit.parts()
    front = c.shell(kit, width, depth, height, panel="panel-light")
    c.doors(kit, width, front, 0.10, height - 0.05, 1 if width < 0.9 else 2, handles=True)
    face = front - 0.0165
    kit.add("strip", "warning", block((0, face - 0.002, height * 0.90), (width * 0.5, 0.006, 0.05)))
    kit.add(
        "limits",
        "frame",
        box((-width / 2 + 0.02, -depth / 2, 0.0805), (width / 2 - 0.02, front - 0.0005, 0.0995)),
    )
    rows, columns = (5, 6) if detail == 2 else (2, 2)
    for r in range(rows):
        for k in range(columns):
            x = -width * 0.30 + (k + 0.5) * width * 0.60 / columns
            z = height * 0.22 + (r + 0.5) * height * 0.40 / rows
            kit.add(
                "breakers",
                "black",
                block(
                    (x, face - 0.003, z),
                    (width * 0.60 / columns * 0.7, 0.010, height * 0.40 / rows * 0.62),
                ),
            )
            if detail == 2:
                kit.add(
                    "toggles", "lamp", block((x, face - 0.0085, z + 0.012), (0.010, 0.004, 0.010))
                )
    if detail == 2:
        c.screen(kit, 0.0, face, height * 0.76, width * 0.28, 0.12)
    return kit.parts()


def battery(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Battery cabinet, or a row of them when wide: drawers of modules with status lamps."""
    width, depth, height = size
    kit = Kit()
    if detail == 0:
        c.plain(kit, width, depth, height, "panel-grey")
        return kit.parts()
    front = c.shell(kit, width, depth, height, panel="panel-grey")
    bays = max(1, min(6, round(width / 0.7)))
    rows = 8 if detail == 2 else 3
    step, rise = (width - 0.06) / bays, (height - 0.24) / rows
    for b in range(bays):
        for r in range(rows):
            x = -width / 2 + 0.03 + (b + 0.5) * step
            z = 0.12 + (r + 0.5) * rise
            kit.add(
                "modules",
                "panel-dark",
                block((x, front - 0.007, z), (step * 0.9, 0.013, rise * 0.86)),
            )
            if detail == 2:
                kit.add("grips", "black", block((x, front - 0.0175, z), (step * 0.4, 0.008, 0.02)))
                kit.add(
                    "lamps",
                    "lamp",
                    block((x + step * 0.36, front - 0.0145, z + rise * 0.25), (0.02, 0.002, 0.01)),
                )
    kit.add(
        "stripe",
        "lamp",
        box(
            (-width / 2 + 0.03, -depth / 2, height - 0.10),
            (width / 2 - 0.03, front - 0.0005, height - 0.07),
        ),
    )
    return kit.parts()


def power_shelf(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """One rack power shelf by itself: case and six supply modules."""
    width, depth, height = size
    x, y = width / 2, depth / 2
    kit = Kit()
    kit.add("case", "panel-grey", box((-x, -y + 0.012, 0), (x, y, height)), role="state")
    modules = 6
    step = 2 * x / modules
    for k in range(modules if detail else 1):
        px = -x + (k + 0.5) * step if detail else 0.0
        wide = step * 0.86 if detail else 2 * x * 0.96
        deep = 0.004 if detail == 2 else 0.0115
        kit.add(
            "modules",
            "grille",
            box(
                (px - wide / 2, -y + 0.0115 - deep, height * 0.1),
                (px + wide / 2, -y + 0.0115, height * 0.9),
            ),
        )
        if detail == 2:
            kit.add(
                "handles",
                "steel",
                box(
                    (px - wide * 0.35 - 0.004, -y, height * 0.2),
                    (px - wide * 0.35 + 0.004, -y + 0.007, height * 0.8),
                ),
            )
            kit.add(
                "lamps",
                "lamp",
                box(
                    (px + wide * 0.3, -y + 0.006, height * 0.7),
                    (px + wide * 0.36, -y + 0.0074, height * 0.78),
                ),
            )
    return kit.parts()
