"""Where trays sit in a rack, and what a single tray looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.meshes.part import Kit, Shown
from assets.meshes.shapes import Solid, block, box, cylinder, rounded, sweep

FACE_SETBACK = 0.02  # faceplates stand this far behind the front of the frame
SIDE_GAP = 0.055  # frame and rail between the cabinet's side and a tray
REAR_SPACE = 0.20  # manifolds, hoses and cable spine behind the trays

_RACK_UNIT = 0.04445


@dataclass(frozen=True)
class Tray:
    """One tray of a rack: letter of the tray order, number among its letter, floor and height."""

    letter: str
    number: int
    bottom: float
    height: float


def tray_layout(parameters: Mapping[str, Any], height: float, order: str) -> list[Tray]:
    """Trays bottom to top for a rack of ``height``.

    ``order`` is used where ``parameters`` has no tray_order. Letters: c compute, s switch, p power
    shelf, b battery shelf, n network, anything else a blank. Trays above the cabinet's top beam
    are left out.
    """
    order = str(parameters.get("tray_order", order))
    pitch = float(parameters.get("pitch", _RACK_UNIT))
    units = int(parameters.get("compute_units", 1) or 1)
    bottom = float(parameters.get("first_height", 0.12))
    trays: list[Tray] = []
    numbers: dict[str, int] = {}
    for letter in order:
        tall = pitch * (units if letter == "c" else 1)
        if bottom + tall > height - 0.03:
            break
        if letter in "cspbn":
            numbers[letter] = numbers.get(letter, -1) + 1
            trays.append(Tray(letter, numbers[letter], bottom, tall))
        bottom += tall
    return trays


@dataclass(frozen=True)
class Bay:
    """The room a tray has: half width, y of the faceplate's front, y of the tray's rear edge."""

    half_width: float
    front: float
    rear: float


def bay_of(width: float, depth: float, rear_space: float = REAR_SPACE) -> Bay:
    """Bay of a cabinet of ``width`` and ``depth``."""
    return Bay(width / 2 - SIDE_GAP, -depth / 2 + FACE_SETBACK, depth / 2 - rear_space)


def faceplate(tray: Tray, bay: Bay, thickness: float = 0.012) -> Solid:
    """The plain plate in front of a tray."""
    gap = min(0.0025, tray.height * 0.04)
    return box(
        (-bay.half_width, bay.front, tray.bottom + gap),
        (bay.half_width, bay.front + thickness, tray.bottom + tray.height - gap),
    )


def _on_face(
    bay: Bay, x: float, z: float, width: float, height: float, proud: float = 0.003
) -> Solid:
    """A plate on the faceplate, centred at x and z, standing ``proud`` of it."""
    return box(
        (x - width / 2, bay.front - proud, z - height / 2),
        (x + width / 2, bay.front + 0.004, z + height / 2),
    )


def _levers(kit: Kit, name: str, tray: Tray, bay: Bay, shown: Shown) -> None:
    """An ejector lever at both ends of the faceplate."""
    middle = tray.bottom + tray.height / 2
    tall = min(tray.height * 0.68, 0.05)
    for side in (-1, 1):
        x = side * (bay.half_width - 0.018)
        kit.add(
            name,
            "steel",
            _on_face(bay, x, middle, 0.014, tall, 0.014),
            _on_face(bay, x - side * 0.014, middle + tall * 0.3, 0.016, tall * 0.35, 0.010),
            shown=shown,
        )


def _shell(kit: Kit, tray: Tray, bay: Bay) -> None:
    """Sheet-metal floor and low side walls, so that an opened rack shows its trays."""
    z, w = tray.bottom + 0.002, bay.half_width
    front, rear = bay.front + 0.013, bay.rear
    kit.add(
        "tray-sheets",
        "faceplate-dark",
        box((-w, front, z), (w, rear, z + 0.002)),
        box((-w, front, z + 0.0021), (-w + 0.002, rear, z + tray.height * 0.35)),
        box((w - 0.002, front, z + 0.0021), (w, rear, z + tray.height * 0.35)),
    )


def _coolant(kit: Kit, tray: Tray, bay: Bay, manifold_x: float, depth: float, sides: int) -> None:
    """Quick disconnects at the tray's rear and hoses to the manifolds."""
    z = tray.bottom + tray.height * 0.5
    radius = min(0.011, tray.height * 0.28)
    for side, colour in ((1, "supply"), (-1, "return")):
        x = side * bay.half_width * 0.62
        far = depth / 2 - 0.075
        kit.add(
            "quick-disconnects",
            "steel",
            cylinder((x, bay.rear, z), (x, bay.rear + 0.035, z), radius * 1.15, 6),
        )
        line = rounded(
            [
                (x, bay.rear + 0.03, z),
                (x, bay.rear + 0.075, z),
                (side * manifold_x, bay.rear + 0.095, z),
                (side * manifold_x, far, z),
            ],
            0.02,
            1,
        )
        kit.add(f"hoses-{colour}", colour, sweep(line, radius * 0.8, sides))


def compute_tray(kit: Kit, tray: Tray, bay: Bay, liquid: bool, shown: Shown = "closed") -> None:
    """Detail-2 compute tray: sheet, state-coloured faceplate, drives, ports, levers, inside.

    shown : when the faceplate and what is on it are
    """
    middle, h = tray.bottom + tray.height / 2, tray.height
    w = bay.half_width
    _shell(kit, tray, bay)
    kit.add("compute-faceplates", "faceplate", faceplate(tray, bay), role="state", shown=shown)
    _levers(kit, "handles", tray, bay, shown)
    for k in range(8):  # drive bays
        x = -w * 0.78 + k * w * 0.074
        kit.add("drives", "port", _on_face(bay, x, middle, w * 0.056, h * 0.62), shown=shown)
    kit.add(
        "vents", "grille", _on_face(bay, w * 0.03, middle, w * 0.38, h * 0.5, 0.002), shown=shown
    )
    for k in range(4):  # optical ports
        x = w * (0.34 + 0.115 * k)
        kit.add("ports", "port", _on_face(bay, x, middle, w * 0.085, h * 0.36), shown=shown)
    kit.add("lamps", "lamp", _on_face(bay, w * 0.84, middle, 0.006, 0.006, 0.0035), shown=shown)
    board_front, board_rear = bay.front + 0.03, bay.rear - 0.02
    floor = tray.bottom + 0.0042
    kit.add(
        "boards",
        "board",
        *(
            box(
                (s * w * 0.5 - w * 0.46, board_front + 0.14, floor),
                (s * w * 0.5 + w * 0.46, board_rear, floor + 0.002),
            )
            for s in (-1, 1)
        ),
        shown="open",
    )
    kit.add(
        "adapters",
        "panel-dark",
        *(
            box(
                (x - w * 0.2, board_front, floor),
                (x + w * 0.2, board_front + 0.12, floor + h * 0.4),
            )
            for x in (-w * 0.68, -w * 0.23, w * 0.23, w * 0.68)
        ),
        shown="open",
    )
    if liquid:
        for side, colour in ((1, "supply"), (-1, "return")):
            x = side * (w - 0.012)
            kit.add(
                f"tray-lines-{colour}",
                colour,
                box((x - 0.005, board_front + 0.15, floor), (x + 0.005, bay.rear, floor + 0.010)),
                shown="open",
            )


def switch_tray(kit: Kit, tray: Tray, bay: Bay) -> None:
    """Detail-2 switch tray: dark faceplate with vents and levers, two switch chips inside."""
    middle, h, w = tray.bottom + tray.height / 2, tray.height, bay.half_width
    _shell(kit, tray, bay)
    kit.add("switch-faceplates", "faceplate-dark", faceplate(tray, bay))
    _levers(kit, "switch-handles", tray, bay, "always")
    for x in (-w * 0.5, 0.0, w * 0.5):
        kit.add("switch-vents", "grille", _on_face(bay, x, middle, w * 0.42, h * 0.42, 0.002))
    kit.add("switch-lamps", "lamp", _on_face(bay, w * 0.84, middle, 0.006, 0.006, 0.0035))
    floor, y = tray.bottom + 0.0042, (bay.front + bay.rear) / 2
    for x in (-w * 0.42, w * 0.42):
        kit.add(
            "switch-chips",
            "silicon",
            block((x, y, floor + h * 0.14), (w * 0.36, w * 0.36, h * 0.28)),
            shown="open",
        )


def power_shelf(kit: Kit, tray: Tray, bay: Bay, modules: int = 6) -> None:
    """Detail-2 power shelf: a case with a row of supply modules, each with handle and grille."""
    middle, h, w = tray.bottom + tray.height / 2, tray.height, bay.half_width
    case = box(
        (-w, bay.front + 0.006, tray.bottom + 0.002),
        (w, bay.rear - 0.05, tray.bottom + h - 0.002),
    )
    kit.add("power-shelves", "panel-grey", case)
    step = 2 * w / modules
    for k in range(modules):
        x = -w + (k + 0.5) * step
        kit.add("supply-modules", "grille", _on_face(bay, x, middle, step * 0.86, h * 0.8, 0.001))
        kit.add(
            "supply-handles", "steel", _on_face(bay, x - step * 0.3, middle, 0.007, h * 0.6, 0.012)
        )


def rear_coolant(
    kit: Kit, trays: list[Tray], bay: Bay, depth: float, low: float, high: float
) -> None:
    """Supply and return manifolds at the rear with hoses to every liquid-cooled tray."""
    x = bay.half_width - 0.005
    y = depth / 2 - 0.06
    for side, colour in ((1, "supply"), (-1, "return")):
        kit.add(
            f"manifold-{colour}",
            colour,
            cylinder((side * x, y, low), (side * x, y, high), 0.032, 12),
        )
    for tray in trays:
        _coolant(kit, tray, bay, x, depth, 6)
