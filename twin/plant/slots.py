"""Where the accelerators of a rack sit: names, positions and sizes of its slots."""

from __future__ import annotations

from dataclasses import dataclass

from twin.catalog.specs import Accelerator, Rack
from twin.layout.names import numbered

SIDE_CLEARANCE = 0.055  # m from a cabinet's side to its trays
FRONT_CLEARANCE = 0.16  # m from the cabinet's front to the boards: face plate, drives, adapters
REAR_CLEARANCE = 0.22  # m behind the trays: manifolds, hoses, busbar


@dataclass(frozen=True)
class Slot:
    """One accelerator's place, in the rack's own frame (origin: centre of the footprint).

    name : such as ``tray-04/gpu-2``; position : centre [m]; size : extent along x, y, z [m]
    """

    name: str
    position: tuple[float, float, float]
    size: tuple[float, float, float]


def rack_slots(rack: Rack, accelerator: Accelerator) -> tuple[Slot, ...]:
    """Slots of a rack, compute trays bottom to top, accelerators left to right and front to back.

    Accelerators of a tray stand in as many lines as keep their cells near square.
    """
    per_tray = rack.trays.accelerators_per_tray
    width = rack.width - 2 * SIDE_CLEARANCE
    depth = max(rack.depth - FRONT_CLEARANCE - REAR_CLEARANCE, 0.3 * rack.depth)
    front = -0.5 * rack.depth + min(FRONT_CLEARANCE, 0.35 * rack.depth)
    columns = min(per_tray, max(1, round((per_tray * width / depth) ** 0.5)))
    while per_tray % columns:
        columns += 1
    lines = per_tray // columns
    cell_x, cell_y = width / columns, depth / lines
    bottoms = compute_tray_bottoms(rack)
    tray_height = rack.trays.pitch * rack.trays.compute_units
    size = (
        min(accelerator.width, 0.9 * cell_x),
        min(accelerator.depth, 0.9 * cell_y),
        min(accelerator.height, 0.8 * tray_height),
    )
    slots = []
    for tray, bottom in enumerate(bottoms, start=1):
        tray_name = numbered("tray", tray, len(bottoms))
        for number in range(per_tray):
            line, column = divmod(number, columns)
            slots.append(
                Slot(
                    f"{tray_name}/gpu-{number + 1}",
                    (
                        round(-0.5 * width + (column + 0.5) * cell_x, 6),
                        round(front + (line + 0.5) * cell_y, 6),
                        round(bottom + 0.5 * tray_height, 6),
                    ),
                    size,
                )
            )
    return tuple(slots)


def compute_tray_bottoms(rack: Rack) -> list[float]:
    """Height of each compute tray's underside above the floor [m], bottom to top."""
    bottoms = []
    height = rack.trays.first_height
    for letter in rack.trays.order:
        if letter == "c":
            bottoms.append(height)
            height += rack.trays.pitch * rack.trays.compute_units
        else:
            height += rack.trays.pitch
    return bottoms
