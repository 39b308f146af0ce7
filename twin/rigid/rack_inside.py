"""What a robot meets at a rack: trays with their levers and couplings, and what stands around them.

Places are in the rack's own frame: origin at the centre of the footprint, front -y. They follow the
parametric models that are drawn (:mod:`assets.meshes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assets.meshes.trays import Bay, bay_of
from twin.catalog.specs import Rack
from twin.layout.names import numbered
from twin.plant.slots import compute_tray_bottoms

Point = tuple[float, float, float]

REAR_SPACE_AIR = 0.12  # m behind the nodes of an air-cooled cabinet
CABINET_SHARE = 0.20
"""Share of a rack's mass in frame, doors, manifolds, busbar and cables: engineering estimate.

With it a node of a DGX H100 rack weighs 135 kg; its maker states 130.45 kg.
"""
RELATIVE_MASS: Mapping[str, float] = {"c": 1.0, "s": 0.8, "p": 0.65, "b": 0.8, "n": 0.3}
"""Mass of a tray over that of a compute tray of the same height: engineering estimates. With them
a switch tray of an NVL72 weighs 28 kg; published reports say more than 30 kg with its cables."""
LEVER_INSET = 0.018  # m from a tray's side to its ejector lever
COUPLING = (0.62, 0.035)
"""Place of a tray's couplings: share of its half width; how far they stand out at its rear [m]."""
PLATE = 0.008  # m, side panels
MANIFOLD = (0.005, 0.06, 0.06)
"""Manifolds: from the tray's side inwards, from the rear face to their middle, their width [m]."""


@dataclass(frozen=True)
class TrayPlace:
    """A compute tray in its rack.

    name : such as ``tray-04``; bottom, height, half_width, depth [m]; mass [kg]
    face : y of its face plate; levers : left and right; couplings : supply and return, none for air
    """

    name: str
    bottom: float
    height: float
    half_width: float
    depth: float
    mass: float
    face: float
    levers: tuple[Point, Point]
    couplings: tuple[Point, ...]


@dataclass(frozen=True)
class Part:
    """A box that stands in the way: middle and size [m]."""

    name: str
    middle: Point
    size: Point


def bay(rack: Rack) -> Bay:
    """Room of a rack's trays."""
    if rack.cooling == "liquid":
        return bay_of(rack.width, rack.depth)
    return bay_of(rack.width, rack.depth, REAR_SPACE_AIR)


def tray_mass(rack: Rack) -> float:
    """Mass of one compute tray [kg]: its share of what the rack weighs without its cabinet."""
    units = rack.trays.compute_units
    total = sum(
        RELATIVE_MASS.get(letter, 0.0) * (units if letter == "c" else 1)
        for letter in rack.trays.order
    )
    mass: float = rack.mass * (1.0 - CABINET_SHARE) * units / total
    return mass


def tray_places(rack: Rack) -> list[TrayPlace]:
    """Compute trays of a rack, bottom to top."""
    room = bay(rack)
    height = rack.trays.pitch * rack.trays.compute_units
    mass = tray_mass(rack)
    bottoms = compute_tray_bottoms(rack)
    places = []
    for number, bottom in enumerate(bottoms, start=1):
        middle = bottom + 0.5 * height
        x = room.half_width - LEVER_INSET
        couplings: tuple[Point, ...] = ()
        if rack.cooling == "liquid":
            share, out = COUPLING
            side = share * room.half_width
            couplings = ((side, room.rear + out, middle), (-side, room.rear + out, middle))
        places.append(
            TrayPlace(
                numbered("tray", number, len(bottoms)),
                bottom,
                height,
                room.half_width,
                room.rear - room.front,
                mass,
                room.front,
                ((-x, room.front, middle), (x, room.front, middle)),
                couplings,
            )
        )
    return places


def rack_parts(rack: Rack, without: str = "") -> list[Part]:
    """Boxes that make up an open rack: side panels, trays, and what stands behind them.

    without : name of a tray that is left out, because the robot handles it
    """
    w, d, h = rack.width, rack.depth, rack.height
    room = bay(rack)
    parts = [
        Part("side panel", (s * (0.5 * w - 0.5 * PLATE), 0.0, 0.5 * h), (PLATE, d, h))
        for s in (-1, 1)
    ]
    places = tray_places(rack)
    low, high = places[0].bottom, places[-1].bottom + places[-1].height
    depth, middle = room.rear - room.front, 0.5 * (room.front + room.rear)
    inner = 2.0 * room.half_width

    def slab(name: str, bottom: float, top: float) -> None:
        if top - bottom > 1e-6:
            parts.append(
                Part(name, (0.0, middle, 0.5 * (bottom + top)), (inner, depth, top - bottom))
            )

    # a tray has a little play in its bay
    play = 0.001
    floor = 0.0
    for place in places:
        if place.name != without:
            continue
        slab("trays below", floor, place.bottom - play)
        floor = place.bottom + place.height + play
    slab("trays above" if without else "trays", floor, h)
    if rack.cooling == "liquid":
        inset, back, width = MANIFOLD
        for s, name in ((1, "supply manifold"), (-1, "return manifold")):
            x = s * (room.half_width - inset)
            parts.append(Part(name, (x, 0.5 * d - back, 0.5 * h), (width, width, h - 0.3)))
        parts.append(Part("busbar", (0.0, 0.5 * d - 0.175, 0.5 * h), (0.022, 0.03, h - 0.3)))
        if "s" in rack.trays.order:
            for x in (-0.09, 0.09):
                parts.append(
                    Part(
                        "cable spine",
                        (x, 0.5 * d - 0.11, 0.5 * (low + high)),
                        (0.09, 0.08, high - low),
                    )
                )
    return parts
