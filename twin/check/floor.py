"""Checks of the floor: what overlaps, stands outside, or leaves too little way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.check.finding import Check, Finding, Subject
from twin.plant.overlap import footprints, overlapping_pairs
from twin.plant.placement import Box

AISLE = 1.2  # m, least width of an aisle in which racks are serviced
STANDING = (
    "rack",
    "cdu",
    "panel",
    "crah",
    "ups",
    "hall_transformer",
    "cooler",
    "pump",
    "chiller",
    "plant_transformer",
    "site_transformer",
    "generator",
    "battery",
)
"""Levels whose elements stand on the floor or ground."""


def equipment(subject: Subject) -> tuple[NDArray[np.float64], list[tuple[str, int]]]:
    """Footprints of everything that stands on the floor, and level and row of each."""
    plant = subject.plant
    boxes, owners = [np.empty((0, 4))], []
    for level in STANDING:
        position = plant.positions(level)
        if not len(position):
            continue
        products = [plant.layout.products[name] for name in plant.product_ids(level)]
        size = np.array([(product.width, product.depth) for product in products])
        on_floor = np.flatnonzero(position[:, 2] == 0.0)
        boxes.append(footprints(position[on_floor], size[on_floor], plant.yaws(level)[on_floor]))
        owners += [(level, int(i)) for i in on_floor]
    return np.concatenate(boxes), owners


def check_overlaps(subject: Subject) -> Iterator[Finding]:
    """Equipment that stands in other equipment (racks in racks are refused before)."""
    boxes, owners = equipment(subject)
    for first, second in overlapping_pairs(boxes):
        yield Finding(
            "error",
            subject.path(*owners[second]),
            f"stands in {subject.path(*owners[first])}",
            "move one of them: position in overrides, or pitch, size and position of their "
            "generators",
            "overlaps",
        )


def check_rooms(subject: Subject) -> Iterator[Finding]:
    """Halls, rooms and yards that overlap."""
    placement = subject.plant.design.placement
    rooms: list[tuple[str, str, int, Box | None]] = []
    for h, box in enumerate(placement.halls):
        rooms.append(("hall", "hall", h, box))
        rooms.append(("electrical room", "hall", h, placement.electrical_rooms[h]))
    for p, box in enumerate(placement.plant_rooms):
        rooms.append(("plant room", "plant", p, box))
        rooms.append(("yard", "plant", p, placement.yards[p]))
    rooms += [("electrical yard", "site", s, box) for s, box in enumerate(placement.substations)]
    known = [(name, level, index, box) for name, level, index, box in rooms if box is not None]
    boxes = np.array([(box.x0, box.y0, box.x1, box.y1) for _, _, _, box in known])
    for first, second in overlapping_pairs(boxes):
        name, level, index, _ = known[second]
        other, other_level, other_index, _ = known[first]
        yield Finding(
            "error",
            subject.path(level, index),
            f"its {name} overlaps the {other} of {subject.path(other_level, other_index)}",
            "change position or pitch",
            "rooms",
        )


def check_inside_hall(subject: Subject) -> Iterator[Finding]:
    """Racks, CDUs and panels that stand outside their hall."""
    plant = subject.plant
    halls = plant.design.placement.halls
    boxes, owners = equipment(subject)
    row_hall = plant.levels["row"].parent_index
    for box, (level, index) in zip(boxes, owners, strict=True):
        if level not in ("rack", "cdu", "panel"):
            continue
        h = int(row_hall[plant.levels[level].parent_index[index]])
        hall = halls[h]
        inside = box[0] >= hall.x0 and box[1] >= hall.y0 and box[2] <= hall.x1 and box[3] <= hall.y1
        if not inside:
            yield Finding(
                "error",
                subject.path(level, index),
                f"stands outside {subject.path('hall', h)}",
                "enlarge size of the hall, or move its row",
                "inside-hall",
            )


def check_aisles(subject: Subject) -> Iterator[Finding]:
    """Aisles between rows, or between a row and a wall, narrower than people need."""
    plant = subject.plant
    placement = plant.design.placement
    row_hall = plant.levels["row"].parent_index
    for h, hall in enumerate(placement.halls):
        rows = np.flatnonzero(row_hall == h).tolist()
        rows.sort(key=lambda w: placement.rows[w].y0)
        for w in rows:
            row = placement.rows[w]
            for gap in (row.y0 - hall.y0, hall.y1 - row.y1):
                if 0.0 <= gap < AISLE - 1e-9:
                    yield Finding(
                        "warning",
                        subject.path("row", w),
                        f"{gap:.2f} m between row and wall, {AISLE:g} m are needed",
                        "enlarge size of the hall or move the row",
                        "aisles",
                    )
        for w, following in itertools.pairwise(rows):
            row, other = placement.rows[w], placement.rows[following]
            gap = other.y0 - row.y1
            beside = min(row.x1, other.x1) > max(row.x0, other.x0)
            if beside and 0.0 <= gap < AISLE - 1e-9:
                yield Finding(
                    "warning",
                    subject.path("row", following),
                    f"aisle of {gap:.2f} m to {plant.levels['row'].names[w]}, {AISLE:g} m are "
                    "needed",
                    "raise pitch of the rows",
                    "aisles",
                )


FLOOR_CHECKS: tuple[Check, ...] = (check_overlaps, check_rooms, check_inside_hall, check_aisles)
