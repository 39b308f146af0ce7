"""Where pipes and busways run: polylines between plants, halls, CDUs and racks.

Facility water leaves the plant's room, runs to the hall and along the hall's left wall overhead
(the air handlers' mains along both short walls), and branches to every CDU; technology coolant runs
from the CDU over its racks. Supply and return lie side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.catalog.specs import CoolantDistributionUnit, Distribution
from twin.plant.fluids import pipe_diameter
from twin.plant.placement import Box
from twin.plant.plant import Plant

Point = tuple[float, float, float]

MAINS_HEIGHT = 3.6  # m above the floor inside a hall
YARD_HEIGHT = 0.6  # m above the ground outdoors
ROW_PIPE_CLEARANCE = 0.55  # m above the racks
SPACING = 0.5  # m between supply and return mains
BUSWAY_CLEARANCE = 0.35  # m above the racks
WALL_OFFSET = 1.9  # m from the hall's short walls: clear of the air handlers


@dataclass(frozen=True)
class Route:
    """A pipe: service (``tcs-supply``...), bore [m], points [m] in the order in which the water
    runs through them, and the element it belongs to."""

    service: str
    diameter: float
    points: tuple[Point, ...]
    level: str
    index: int


@dataclass(frozen=True)
class Busway:
    """A busway over a row: section (width, height) [m], its two ends [m] and its panel."""

    size: tuple[float, float]
    points: tuple[Point, ...]
    index: int


def pipe_routes(plant: Plant) -> Iterator[Route]:
    """All pipes of a plant."""
    yield from _yard_pipes(plant)
    yield from _mains(plant)
    yield from _cdu_pipes(plant)


def _yard_pipes(plant: Plant) -> Iterator[Route]:
    """From every plant's room along its coolers: warm water out to them, cold water back."""
    placement = plant.design.placement
    for p, (room, yard) in enumerate(zip(placement.plant_rooms, placement.yards, strict=True)):
        diameter = float(plant.design.plant_main_diameter[p])
        for service, lane in (("fws-return", 1.0), ("fws-supply", 1.0 + SPACING)):
            start, turn, x = room.x0 + lane, room.y1 + lane, yard.x0 - 2.0 + lane
            outward = (
                (start, room.y1, YARD_HEIGHT),
                (start, turn, YARD_HEIGHT),
                (x, turn, YARD_HEIGHT),
                (x, yard.y1, YARD_HEIGHT),
            )
            points = outward if service.endswith("return") else outward[::-1]
            yield Route(service, diameter, points, "plant", p)


def _mains(plant: Plant) -> Iterator[Route]:
    """From every plant's room to the halls it serves, and along their walls."""
    design, result = plant.design, plant.design.expansion
    for h in range(result.levels["hall"].count):
        hall = design.placement.halls[h]
        height = min(MAINS_HEIGHT, design.placement.hall_heights[h] - 0.4)
        served = {result.hall_plant[h]: "cdu", result.hall_air_plant[h]: "crah"}
        if result.hall_plant[h] == result.hall_air_plant[h]:
            served = {result.hall_plant[h]: "both"}
        for p, consumers in served.items():
            room = design.placement.plant_rooms[p]
            diameter = float(design.plant_main_diameter[p])
            for service, shift in (("fws-supply", 0.0), ("fws-return", SPACING)):
                lane = shift + (2 * SPACING if consumers == "crah" else 0.0)
                points = _main_points(room, hall, height, lane, consumers != "cdu")
                yield Route(service, diameter, _flowing(service, points), "plant", p)


def _flowing(service: str, outward: tuple[Point, ...]) -> tuple[Point, ...]:
    """Points from a source to its consumers in the order of the flow: a return runs back."""
    return outward[::-1] if service.endswith("return") else outward


def _main_points(
    room: Box, hall: Box, height: float, lane: float, both_walls: bool
) -> tuple[Point, ...]:
    """From the near edge of a plant's room up into the hall and along its wall or walls."""
    start_x = 0.5 * (room.x0 + room.x1) + lane
    above = room.y0 >= hall.y1
    start_y, entry_y = (
        (room.y0, hall.y1 - 0.4 - lane)
        if above
        else (
            (room.y1, hall.y0 + 0.4 + lane)
            if room.y1 <= hall.y0
            else (room.y0, hall.y1 - 0.4 - lane)
        )
    )
    far_y = hall.y0 + 0.8 if above or room.y1 > hall.y0 else hall.y1 - 0.8
    left, right = hall.x0 + WALL_OFFSET + lane, hall.x1 - WALL_OFFSET - lane
    outside_y = start_y + 0.35 * (entry_y - start_y)
    points: list[Point] = [
        (start_x, start_y, YARD_HEIGHT),
        (start_x, outside_y, YARD_HEIGHT),
        (left, outside_y, YARD_HEIGHT),
        (left, outside_y, height),
    ]
    if both_walls:
        points += [
            (left, far_y, height),
            (left, entry_y, height),
            (right, entry_y, height),
            (right, far_y, height),
        ]
    else:
        points += [(left, entry_y, height), (left, far_y, height)]
    return tuple(points)


def _cdu_pipes(plant: Plant) -> Iterator[Route]:
    """Facility-water branch and technology mains of every CDU."""
    design, result = plant.design, plant.design.expansion
    cdus, racks = result.levels["cdu"], result.levels["rack"]
    row_hall = result.levels["row"].parent
    for c in range(cdus.count):
        unit = result.layout.product(cdus.product[c], CoolantDistributionUnit)
        hall_row = row_hall[cdus.parent[c]]
        hall = design.placement.halls[hall_row]
        x, y, _ = (float(v) for v in cdus.position[c])
        height = min(MAINS_HEIGHT, design.placement.hall_heights[hall_row] - 0.4)
        branch = pipe_diameter(unit.rated_primary_flow)
        for service, shift in (("fws-supply", 0.0), ("fws-return", SPACING)):
            side = -0.25 + shift
            inward = (
                (hall.x0 + WALL_OFFSET + shift, y + side, height),
                (x - 0.15 + 0.3 * (shift > 0), y + side, height),
                (x - 0.15 + 0.3 * (shift > 0), y + side, unit.height),
            )
            yield Route(service, branch, _flowing(service, inward), "cdu", c)
        own = np.flatnonzero(result.rack_cdu == c)
        if not own.size:
            continue
        xs = racks.position[own, 0]
        far = float(xs.max() if abs(xs.max() - x) > abs(xs.min() - x) else xs.min())
        top = max(result.layout.products[racks.product[r]].height for r in own) + ROW_PIPE_CLEARANCE
        bore = float(design.cdu_main_bore[c])
        for service, side in (("tcs-supply", 0.2), ("tcs-return", 0.45)):
            onward = ((x, y + side, unit.height), (x, y + side, top), (far, y + side, top))
            yield Route(service, bore, _flowing(service, onward), "cdu", c)


def busway_routes(plant: Plant) -> Iterator[Busway]:
    """The run of every panel over its row."""
    result, placement = plant.design.expansion, plant.design.placement
    panels = result.levels["panel"]
    first = panels.first(result.levels["row"].count)
    for w, box in enumerate(placement.rows):
        rack_height = result.layout.products[result.row[w].rack].height
        count = int(first[w + 1] - first[w])
        for number, i in enumerate(range(int(first[w]), int(first[w + 1]))):
            product = result.layout.product(panels.product[i], Distribution)
            busway = product.kind == "busway"
            section = (product.depth, product.height) if busway else (0.18, 0.18)
            y = 0.5 * (box.y0 + box.y1) - 0.15 - 0.25 * number * min(1.0, 1.6 / max(count, 1))
            z = rack_height + BUSWAY_CLEARANCE
            x = float(panels.position[i, 0])
            near, far = (
                (box.x0, box.x1) if busway or x < 0.5 * (box.x0 + box.x1) else (box.x1, box.x0)
            )
            start: tuple[Point, ...] = (
                () if busway else ((x, float(panels.position[i, 1]), product.height), (x, y, z))
            )
            ends: tuple[Point, ...] = ((near, y, z), (far, y, z))
            yield Busway(section, start + (ends if busway else ends[1:]), i)
