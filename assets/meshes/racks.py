"""Rack cabinets: liquid-cooled NVL72 class, air-cooled nodes, servers, network."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from assets.meshes import trays as t
from assets.meshes.part import Kit, Part
from assets.meshes.shapes import block, box, cylinder

_ORDERS = {
    "nvl72-rack": "pppp" + "c" * 10 + "s" * 9 + "c" * 8 + "pppp",
    "air-rack": "cccc",
    "server-rack": "c" * 8,
    "network-rack": "n" * 32,
}
_POST = 0.04
_PANEL = 0.008
_BASE = 0.09
_LID = 0.02


def _cabinet(kit: Kit, width: float, depth: float, height: float, detail: int) -> None:
    """Frame, side panels and top that every cabinet has; reaches the full size on all sides."""
    x, y = width / 2, depth / 2
    inner = x - _PANEL
    posts = [
        box(
            (s * (inner - _POST / 2) - _POST / 2, q, _BASE),
            (s * (inner - _POST / 2) + _POST / 2, q + _POST, height - _LID),
        )
        for s in (-1, 1)
        for q in (-y, y - _POST)
    ]
    kit.add("frame", "frame", *posts)
    if detail == 2:
        for q in (-y, y - _POST):
            kit.add(
                "frame",
                "frame",
                box((-inner + _POST, q, _BASE), (inner - _POST, q + _POST, _BASE + 0.02)),
                box(
                    (-inner + _POST, q, height - _LID - 0.025),
                    (inner - _POST, q + _POST, height - _LID),
                ),
            )
        for s in (-1, 1):
            for z in (_BASE, height - _LID - 0.03):
                kit.add(
                    "frame",
                    "frame",
                    block((s * (inner - 0.015), 0, z + 0.015), (0.03, depth - 2 * _POST, 0.03)),
                )
            for q in (-y + 0.09, y - 0.09):
                kit.add(
                    "feet",
                    "black",
                    cylinder((s * (x - 0.07), q, 0.0), (s * (x - 0.07), q, 0.05), 0.03, 8),
                )
        kit.add("frame", "frame", box((-inner, -y, 0.05), (inner, y, _BASE - 0.0005)))
    else:
        kit.add("frame", "frame", box((-inner, -y, 0.0), (inner, y, _BASE - 0.0005)))
    for s in (-1, 1):
        low, high = sorted((s * inner, s * x))
        kit.add(
            "side-panels",
            "panel-dark",
            box((low, -y + 0.004, 0.03), (high, y - 0.004, height - _LID)),
            role="state",
            shown="closed",
        )
    kit.add(
        "top",
        "panel-dark",
        box((-x, -y, height - _LID + 0.0005), (x, y, height)),
        role="state",
        shown="closed",
    )


def _plain(kit: Kit, width: float, depth: float, height: float, front: str) -> None:
    """Detail 0: core, front and lid."""
    x, y = width / 2, depth / 2
    kit.add("core", "panel-dark", box((-x, -y + 0.012, 0), (x, y, height - 0.02)), role="state")
    kit.add(
        "front",
        front,
        box((-x + 0.04, -y, 0.08), (x - 0.04, -y + 0.0115, height - 0.06)),
        role="state",
    )
    kit.add(
        "top", "panel-dark", box((-x, -y + 0.012, height - 0.0195), (x, y, height)), role="state"
    )


def _blanks(kit: Kit, trays: list[t.Tray], bay: t.Bay, height: float) -> None:
    """Blank panels over front spaces that hold no tray."""
    edges = [(tray.bottom, tray.bottom + tray.height) for tray in trays]
    low = _BASE + 0.021
    for bottom, top in [*edges, (height - _LID - 0.026, 0.0)]:
        if bottom - low > 0.01:
            kit.add(
                "blanks",
                "panel-dark",
                box(
                    (-bay.half_width, bay.front + 0.004, low + 0.001),
                    (bay.half_width, bay.front + 0.014, bottom - 0.001),
                ),
                shown="closed",
            )
        low = max(low, top)


def _middle(
    kit: Kit,
    trays: list[t.Tray],
    bay: t.Bay,
    depth: float,
    height: float,
    bezel: str = "faceplate",
    budget: int = 29,
) -> None:
    """Detail 1: core and one plate per tray (neighbours joined when there are too many)."""
    looks = {
        "c": ("compute-faceplates", bezel, "state"),
        "s": ("switch-faceplates", "faceplate-dark", "body"),
        "p": ("power-shelves", "panel-grey", "body"),
        "b": ("power-shelves", "panel-grey", "body"),
        "n": ("network-faceplates", "faceplate-dark", "body"),
    }
    runs: list[list[t.Tray]] = []
    for tray in trays:
        joined = runs and runs[-1][-1].letter == tray.letter and tray.letter in "pb"
        if joined and abs(runs[-1][-1].bottom + runs[-1][-1].height - tray.bottom) < 1e-6:
            runs[-1].append(tray)
        else:
            runs.append([tray])
    while len(runs) > budget:  # join pairs until it fits
        runs = [list(chain(*runs[k : k + 2])) for k in range(0, len(runs), 2)]
    for run in runs:
        name, material, role = looks[run[0].letter]
        whole = t.Tray(
            run[0].letter, 0, run[0].bottom, run[-1].bottom + run[-1].height - run[0].bottom
        )
        kit.add(name, material, t.faceplate(whole, bay), role=role, shown="closed")  # type: ignore[arg-type]
    kit.add(
        "core",
        "panel-dark",
        box(
            (-bay.half_width, bay.front + 0.013, _BASE),
            (bay.half_width, depth / 2 - 0.11, height - 0.03),
        ),
        shown="closed",
    )


def nvl72_rack(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Liquid-cooled rack of compute, switch and power trays with rear manifolds and busbar."""
    width, depth, height = size
    kit = Kit()
    if detail == 0:
        _plain(kit, width, depth, height, "faceplate")
        return kit.parts()
    bay = t.bay_of(width, depth)
    trays = t.tray_layout(parameters, height, _ORDERS["nvl72-rack"])
    _cabinet(kit, width, depth, height, detail)
    if detail == 1:
        _middle(kit, trays, bay, depth, height)
        for side, colour in ((1, "supply"), (-1, "return")):
            x = side * (bay.half_width - 0.005)
            kit.add(
                f"manifold-{colour}",
                colour,
                block((x, depth / 2 - 0.06, height / 2), (0.06, 0.06, height - 0.3)),
            )
        return kit.parts()
    for tray in trays:
        if tray.letter == "c":
            t.compute_tray(kit, tray, bay, liquid=True)
        elif tray.letter == "s":
            t.switch_tray(kit, tray, bay)
        elif tray.letter in "pb":
            t.power_shelf(kit, tray, bay)
        else:
            kit.add("network-faceplates", "faceplate-dark", t.faceplate(tray, bay))
    _blanks(kit, trays, bay, height)
    cooled = [tray for tray in trays if tray.letter in "cs"]
    t.rear_coolant(kit, cooled, bay, depth, 0.14, height - 0.08)
    kit.add(
        "busbar", "copper", block((0, depth / 2 - 0.175, height / 2), (0.022, 0.03, height - 0.3))
    )
    if any(tray.letter == "s" for tray in trays):
        low, high = cooled[0].bottom, cooled[-1].bottom + cooled[-1].height
        for x in (-0.115, -0.065, 0.065, 0.115):
            kit.add(
                "cable-spine",
                "rubber",
                box((x - 0.02, depth / 2 - 0.15, low), (x + 0.02, depth / 2 - 0.07, high)),
            )
    return kit.parts()


def air_rack(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """Air-cooled cabinet: nodes with meshed bezels, or servers, or network switches."""
    width, depth, height = size
    kit = Kit()
    bezel = {
        "air-rack": "bezel-gold",
        "server-rack": "faceplate",
        "network-rack": "faceplate-dark",
    }[kind]
    if detail == 0:
        _plain(kit, width, depth, height, bezel)
        return kit.parts()
    defaults = {
        "air-rack": {"pitch": 0.0889, "compute_units": 4, "first_height": 0.2},
        "server-rack": {"pitch": 0.0889, "compute_units": 2, "first_height": 0.2},
        "network-rack": {"pitch": 0.0445, "first_height": 0.2},
    }[kind]
    bay = t.bay_of(width, depth, 0.12)
    trays = t.tray_layout({**defaults, **parameters}, height, _ORDERS[kind])
    _cabinet(kit, width, depth, height, detail)
    if detail == 1:
        _middle(kit, trays, bay, depth, height, bezel)
        return kit.parts()
    for tray in trays:
        if tray.letter == "c":
            _node(kit, tray, bay, bezel)
        elif tray.letter in "pb":
            t.power_shelf(kit, tray, bay)
        else:
            _switch(kit, tray, bay)
    _blanks(kit, trays, bay, height)
    for s in (-1, 1):  # rear power strips
        kit.add(
            "power-strips",
            "black",
            block(
                (s * (bay.half_width - 0.02), depth / 2 - 0.07, height / 2),
                (0.05, 0.05, height - 0.4),
            ),
        )
    return kit.parts()


def _node(kit: Kit, tray: t.Tray, bay: t.Bay, bezel: str) -> None:
    """An air-cooled node: case, state-coloured bezel, meshes, handles, rear fans."""
    h, w = tray.height, bay.half_width
    middle = tray.bottom + h / 2
    front = bay.front
    kit.add("compute-faceplates", bezel, t.faceplate(tray, bay), role="state", shown="closed")
    rows = max(1, min(3, round(h / 0.12)))
    columns = 4
    for r in range(rows):
        for c in range(columns):
            x = -w * 0.8 + (c + 0.5) * w * 1.6 / columns
            z = tray.bottom + h * 0.08 + (r + 0.5) * h * 0.84 / rows
            plate = (w * 1.6 / columns * 0.9, h * 0.84 / rows * 0.84)
            kit.add(
                "meshes",
                "grille",
                box(
                    (x - plate[0] / 2, front - 0.002, z - plate[1] / 2),
                    (x + plate[0] / 2, front + 0.004, z + plate[1] / 2),
                ),
                shown="closed",
            )
    for s in (-1, 1):
        kit.add(
            "handles",
            "steel",
            box(
                (s * w * 0.92 - 0.008, front - 0.016, middle - h * 0.3),
                (s * w * 0.92 + 0.008, front - 0.002, middle + h * 0.3),
            ),
            shown="closed",
        )
    kit.add(
        "lamps",
        "lamp",
        box((w * 0.83, front - 0.003, middle - 0.004), (w * 0.85, front + 0.002, middle + 0.004)),
        shown="closed",
    )
    z = tray.bottom + 0.002
    kit.add(
        "tray-sheets",
        "faceplate-dark",
        box((-w, front + 0.013, z), (w, bay.rear, z + 0.003)),
        box((-w, front + 0.013, z + 0.0031), (-w + 0.003, bay.rear, z + h * 0.4)),
        box((w - 0.003, front + 0.013, z + 0.0031), (w, bay.rear, z + h * 0.4)),
    )
    board_front = front + 0.25
    kit.add(
        "boards",
        "board",
        box((-w * 0.94, board_front, z + 0.0035), (w * 0.94, bay.rear - 0.1, z + 0.007)),
        shown="open",
    )
    count = max(2, round(2 * w / max(h * 0.45, 0.08)))
    radius = min(w / count * 0.82, h * 0.42)
    for k in range(count):
        x = -w + (k + 0.5) * 2 * w / count
        kit.add(
            "rear-fans",
            "grille",
            cylinder((x, bay.rear + 0.001, middle), (x, bay.rear + 0.02, middle), radius, 10),
        )
    kit.add(
        "rear-panels",
        "panel-grey",
        box((-w, bay.rear - 0.012, tray.bottom + 0.006), (w, bay.rear, tray.bottom + h - 0.006)),
        shown="closed",
    )


def _switch(kit: Kit, tray: t.Tray, bay: t.Bay) -> None:
    """A network switch: dark faceplate, two rows of ports."""
    h, w = tray.height, bay.half_width
    kit.add(
        "network-faceplates", "faceplate-dark", t.faceplate(tray, bay), role="state", shown="closed"
    )
    for row in (0.32, 0.68):
        for c in range(8):
            x = -w * 0.82 + (c + 0.5) * w * 1.64 / 8
            z = tray.bottom + h * row
            kit.add(
                "ports",
                "port",
                box(
                    (x - w * 0.085, bay.front - 0.002, z - h * 0.12),
                    (x + w * 0.085, bay.front + 0.003, z + h * 0.12),
                ),
            )
    kit.add(
        "cases",
        "panel-dark",
        box(
            (-w, bay.front + 0.013, tray.bottom + 0.003),
            (w, bay.rear - 0.1, tray.bottom + h - 0.003),
        ),
    )


def tray_alone(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """A compute tray by itself (for one drawn out of its rack), standing on the floor."""
    width, depth, height = size
    kit = Kit()
    bay = t.Bay(width / 2, -depth / 2 + 0.014, depth / 2)
    tray = t.Tray("c", 0, 0.0, height)
    kit.add(
        "rim",
        "faceplate-dark",
        box((-width / 2, -depth / 2 + 0.014, 0), (width / 2, depth / 2, 0.0019)),
    )
    if detail < 2:
        kit.add(
            "compute-faceplates",
            "faceplate",
            box((-width / 2, -depth / 2, 0.002), (width / 2, -depth / 2 + 0.026, height)),
            role="state",
        )
        return kit.parts()
    t.compute_tray(
        kit, tray, bay, liquid=parameters.get("cooling", "liquid") == "liquid", shown="always"
    )
    kit.add(
        "rim",
        "faceplate-dark",
        box(
            (-width / 2, bay.front + 0.0125, height - 0.002), (width / 2, bay.front + 0.03, height)
        ),
    )
    return kit.parts()
