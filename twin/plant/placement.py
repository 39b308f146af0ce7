"""Where everything stands: positions in the common frame, from the layout's few figures.

Along a row, left to right: panels, CDUs, racks, CDUs, panels; all centred on the row's line. Air
handlers stand along a hall's two short walls, UPS and transformers in an electrical room in front
of it (towards smaller y), and a plant's pumps, chillers and transformers in front of its coolers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.catalog.specs import Distribution, Product
from twin.layout.base_models import Point
from twin.plant.expand import Elements, Expansion

WALL_CLEARANCE = 0.3  # m between equipment and a wall behind it
HALL_MARGIN = 3.0  # m from the rows to the hall's walls
HALL_HEIGHT = 5.0  # m
SERVICE_AISLE = 1.8  # m in front of units that are serviced
UNIT_GAP = 0.6  # m between units of a bank
COOLER_GAP = (1.5, 3.0)  # m between coolers along x and y, for their air
ROOM_GAP = 4.0  # m between a plant's room and its coolers
YARD_GAP = 10.0  # m between a site's buildings and its electrical yard


@dataclass(frozen=True)
class Box:
    """A rectangle on the ground, corners in the common frame [m]."""

    x0: float
    y0: float
    x1: float
    y1: float

    def joined(self, other: Box) -> Box:
        """The smallest rectangle around both."""
        return Box(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )


@dataclass(frozen=True)
class Placement:
    """Rooms and yards, one per element of a level.

    halls, hall_heights : the halls; electrical_rooms : in front of each hall (None: nothing in it);
    rows : the racks of each row; plant_rooms, yards : of each plant; substations : of each site
    """

    halls: Sequence[Box]
    hall_heights: Sequence[float]
    electrical_rooms: Sequence[Box | None]
    rows: Sequence[Box]
    plant_rooms: Sequence[Box]
    yards: Sequence[Box]
    substations: Sequence[Box | None]


def place(result: Expansion) -> Placement:
    """Give every element its position; sets ``position`` and ``yaw`` of all levels."""
    for elements in result.levels.values():
        elements.position = np.zeros((elements.count, 3))
        elements.yaw = np.zeros(elements.count)
        elements.enabled = np.ones(elements.count, dtype=np.bool_)
    rows = _place_rows(result)
    halls, heights = _place_halls(result, rows)
    electrical = _place_electrical_rooms(result, halls)
    plant_rooms, yards = _place_plants(result)
    substations = _place_substations(result, halls, electrical, plant_rooms, yards)
    for level, boxes in (("hall", halls), ("row", rows), ("plant", plant_rooms)):
        result.levels[level].position[:] = [
            (0.5 * (b.x0 + b.x1), 0.5 * (b.y0 + b.y1), 0.0) for b in boxes
        ]
    for s, origin in enumerate(result.origin["site"]):
        result.levels["site"].position[s, :2] = origin
    return Placement(halls, heights, electrical, rows, plant_rooms, yards, substations)


def _product(result: Expansion, product_id: str) -> Product:
    return result.layout.products[product_id]


def _place_rows(result: Expansion) -> list[Box]:
    """Racks, CDUs and panels of every row; returns the rectangle of each row's racks."""
    levels = result.levels
    rows = levels["row"]
    first = {name: levels[name].first(rows.count) for name in ("rack", "cdu", "panel")}
    boxes = []
    for w, row in enumerate(result.row):
        hall_origin = result.origin["hall"][rows.parent[w]]
        rack = _product(result, row.rack)
        pitch = row.rack_pitch if row.rack_pitch is not None else rack.width
        cdus = _sides(levels["cdu"], first["cdu"], w, row.cdu.place if row.cdu else "ends")
        standing = [
            i
            for i in range(int(first["panel"][w]), int(first["panel"][w + 1]))
            if not _is_busway(result, levels["panel"].product[i])
        ]
        panels = (standing[: (len(standing) + 1) // 2], standing[(len(standing) + 1) // 2 :])
        depth = max(
            [rack.depth]
            + [
                _product(result, levels[level].product[i]).depth
                for level, sides in (("cdu", cdus), ("panel", panels))
                for side in sides
                for i in side
            ]
        )
        offset = result.row_offset[w]
        x = hall_origin[0] + row.position[0]
        y = hall_origin[1] + row.position[1] + offset * row.pitch + 0.5 * depth
        turned = row.facing == "back" or (row.facing == "alternate" and offset % 2 == 1)
        yaw = 180.0 if turned else 0.0
        x = _line_up(result, levels["panel"], panels[0], x, y, yaw)
        x = _line_up(result, levels["cdu"], cdus[0], x, y, yaw)
        racks = slice(int(first["rack"][w]), int(first["rack"][w + 1]))
        start = x
        levels["rack"].position[racks, 0] = start + pitch * (np.arange(row.racks) + 0.5)
        levels["rack"].position[racks, 1] = y
        levels["rack"].yaw[racks] = yaw
        x = start + pitch * row.racks
        boxes.append(Box(start, y - 0.5 * depth, x, y + 0.5 * depth))
        x = _line_up(result, levels["cdu"], cdus[1], x, y, yaw)
        _line_up(result, levels["panel"], panels[1], x, y, yaw)
        _hang_busways(result, w, first["panel"], boxes[-1], rack.height)
        result.origin["row"][w] = (start, y - 0.5 * depth)
    return boxes


def _is_busway(result: Expansion, product_id: str) -> bool:
    return result.layout.product(product_id, Distribution).kind == "busway"


def _sides(
    elements: Elements, first: NDArray[np.int64], w: int, where: str
) -> tuple[list[int], list[int]]:
    """Units of a row at its left and right end."""
    units = list(range(int(first[w]), int(first[w + 1])))
    left = {"left": len(units), "right": 0}.get(where, (len(units) + 1) // 2)
    return units[:left], units[left:]


def _line_up(
    result: Expansion, elements: Elements, units: Sequence[int], x: float, y: float, yaw: float
) -> float:
    """Stand units side by side from ``x`` on; returns where they end."""
    for i in units:
        width = _product(result, elements.product[i]).width
        elements.position[i] = (x + 0.5 * width, y, 0.0)
        elements.yaw[i] = yaw
        x += width
    return x


def _hang_busways(
    result: Expansion, w: int, first_panel: NDArray[np.int64], row: Box, rack_height: float
) -> None:
    """Busways run above the racks side by side, not on the floor."""
    panels = result.levels["panel"]
    runs = [
        i
        for i in range(int(first_panel[w]), int(first_panel[w + 1]))
        if _is_busway(result, panels.product[i])
    ]
    for number, i in enumerate(runs):
        shift = (number - 0.5 * (len(runs) - 1)) * 0.25
        panels.position[i] = (
            0.5 * (row.x0 + row.x1),
            0.5 * (row.y0 + row.y1) + shift,
            rack_height + 0.35,
        )


def _footprint(result: Expansion, elements: Elements, indices: Sequence[int]) -> list[Box]:
    boxes = []
    for i in indices:
        product = _product(result, elements.product[i])
        x, y, _ = elements.position[i]
        w, d = 0.5 * product.width, 0.5 * product.depth
        boxes.append(Box(x - w, y - d, x + w, y + d))
    return boxes


def _place_halls(result: Expansion, rows: list[Box]) -> tuple[list[Box], list[float]]:
    """Rectangle of each hall, and its air handlers along the two short walls."""
    levels = result.levels
    halls = levels["hall"]
    first_row = levels["row"].first(halls.count)
    first_crah = levels["crah"].first(halls.count)
    in_row = {name: levels[name].first(levels["row"].count) for name in ("cdu", "panel")}
    boxes, heights = [], []
    for h, hall in enumerate(result.hall):
        origin = result.origin["hall"][h]
        crahs = list(range(int(first_crah[h]), int(first_crah[h + 1])))
        crah = _product(result, hall.crahs.product)
        left = crahs[: (len(crahs) + 1) // 2]
        if hall.size is not None:
            length, width, height = hall.size
        else:
            extent = rows[first_row[h]]
            for w in range(int(first_row[h]), int(first_row[h + 1])):
                extent = extent.joined(rows[w])
                for name in ("cdu", "panel"):
                    standing = [
                        i
                        for i in range(int(in_row[name][w]), int(in_row[name][w + 1]))
                        if levels[name].position[i, 2] == 0.0
                    ]
                    for box in _footprint(result, levels[name], standing):
                        extent = extent.joined(box)
            strip = len(left) * (crah.width + UNIT_GAP) + 2 * WALL_CLEARANCE
            length = extent.x1 - origin[0] + crah.depth + WALL_CLEARANCE + SERVICE_AISLE
            width = max(extent.y1 - origin[1] + HALL_MARGIN, strip)
            height = HALL_HEIGHT
        boxes.append(Box(origin[0], origin[1], origin[0] + length, origin[1] + width))
        heights.append(height)
        for side, units in enumerate((left, crahs[len(left) :])):
            for number, i in enumerate(units):
                reach = 0.5 * crah.depth + WALL_CLEARANCE
                x = origin[0] + reach if side == 0 else origin[0] + length - reach
                y = origin[1] + width * (number + 0.5) / len(units)
                levels["crah"].position[i] = (x, y, 0.0)
                levels["crah"].yaw[i] = 90.0 if side == 0 else 270.0
    return boxes, heights


def _pack(
    result: Expansion,
    groups: Sequence[tuple[Elements, Sequence[int]]],
    x0: float,
    y_top: float,
    length: float,
    downwards: bool,
) -> Box | None:
    """Stand units in lines of at most ``length``; each line has a service aisle in front.

    Lines follow one another towards smaller y (``downwards``) or larger y, beginning at ``y_top``.
    """
    y, extent = y_top, None
    for elements, indices in groups:
        if not indices:
            continue
        product = _product(result, elements.product[indices[0]])
        per_line = max(1, int((length + UNIT_GAP) // (product.width + UNIT_GAP)))
        for number, i in enumerate(indices):
            line, column = divmod(number, per_line)
            step = (line + 0.5) * product.depth + line * SERVICE_AISLE
            elements.position[i] = (
                x0 + 0.5 * product.width + column * (product.width + UNIT_GAP),
                y - step if downwards else y + step,
                0.0,
            )
        lines = math.ceil(len(indices) / per_line)
        used = lines * product.depth + lines * SERVICE_AISLE
        columns = min(per_line, len(indices))
        reach = x0 + columns * (product.width + UNIT_GAP) - UNIT_GAP
        end = y - used if downwards else y + used
        box = Box(x0, min(y, end), reach, max(y, end))
        extent = box if extent is None else extent.joined(box)
        y = end
    return extent


def _place_electrical_rooms(result: Expansion, halls: list[Box]) -> list[Box | None]:
    """UPS and unit transformers of each hall, in a room before its front wall."""
    levels = result.levels
    first = {name: levels[name].first(len(halls)) for name in ("ups", "hall_transformer")}
    rooms: list[Box | None] = []
    for h, hall in enumerate(halls):
        groups = [
            (levels[name], range(int(first[name][h]), int(first[name][h + 1])))
            for name in ("ups", "hall_transformer")
        ]
        inner = _pack(
            result,
            groups,
            hall.x0 + WALL_CLEARANCE,
            hall.y0 - WALL_CLEARANCE,
            hall.x1 - hall.x0 - 2 * WALL_CLEARANCE,
            downwards=True,
        )
        rooms.append(None if inner is None else Box(hall.x0, inner.y0, hall.x1, hall.y0))
    return rooms


def _place_plants(result: Expansion) -> tuple[list[Box], list[Box]]:
    """Coolers in a grid, and pumps, chillers and transformers in a room before them."""
    levels = result.levels
    count = levels["plant"].count
    names = ("cooler", "pump", "chiller", "plant_transformer")
    first = {name: levels[name].first(count) for name in names}
    rooms, yards = [], []
    for p, plant in enumerate(result.plant):
        x0, y0 = result.origin["plant"][p]
        cooler = _product(result, plant.heat_rejection.product)
        step_x, step_y = cooler.width + COOLER_GAP[0], cooler.depth + COOLER_GAP[1]
        coolers = plant.heat_rejection.count
        columns = plant.columns or max(1, round(math.sqrt(coolers * step_y / step_x)))
        columns = min(columns, coolers)
        groups = [
            (levels[name], range(int(first[name][p]), int(first[name][p + 1])))
            for name in ("pump", "chiller", "plant_transformer")
        ]
        length = max(columns * step_x - COOLER_GAP[0], 12.0)
        inner = _pack(
            result,
            groups,
            x0 + WALL_CLEARANCE,
            y0 + WALL_CLEARANCE + SERVICE_AISLE,
            length - 2 * WALL_CLEARANCE,
            downwards=False,
        )
        assert inner is not None  # a plant has pumps
        room = Box(x0, y0, max(x0 + length, inner.x1 + WALL_CLEARANCE), inner.y1)
        y = room.y1 + ROOM_GAP
        for number in range(coolers):
            line, column = divmod(number, columns)
            levels["cooler"].position[first["cooler"][p] + number] = (
                x0 + column * step_x + 0.5 * cooler.width,
                y + line * step_y + 0.5 * cooler.depth,
                0.0,
            )
        lines = math.ceil(coolers / columns)
        rooms.append(room)
        yards.append(
            Box(x0, y, x0 + columns * step_x - COOLER_GAP[0], y + lines * step_y - COOLER_GAP[1])
        )
    return rooms, yards


def _place_substations(
    result: Expansion,
    halls: list[Box],
    electrical: list[Box | None],
    rooms: list[Box],
    yards: list[Box],
) -> list[Box | None]:
    """Main transformers, generators and batteries of each site in its electrical yard."""
    levels = result.levels
    sites = levels["site"]
    names = ("site_transformer", "generator", "battery")
    first = {name: levels[name].first(sites.count) for name in names}
    extents: list[Box | None] = [None] * sites.count
    for level, boxes in (("hall", halls), ("hall", electrical), ("plant", rooms), ("plant", yards)):
        for element, box in enumerate(boxes):
            s = levels[level].parent[element]
            if box is not None:
                known = extents[s]
                extents[s] = box if known is None else known.joined(box)
    result_boxes: list[Box | None] = []
    for s, site in enumerate(result.site):
        groups = [
            (levels[name], range(int(first[name][s]), int(first[name][s + 1]))) for name in names
        ]
        extent = extents[s]
        assert extent is not None  # a site has halls
        origin = result.origin["site"][s]
        length = max(0.6 * (extent.x1 - extent.x0), 20.0)
        if site.substation is not None:
            x0, y0 = origin[0] + site.substation[0], origin[1] + site.substation[1]
            result_boxes.append(_pack(result, groups, x0, y0, length, downwards=False))
        else:
            result_boxes.append(
                _pack(result, groups, extent.x0, extent.y0 - YARD_GAP, length, downwards=True)
            )
    return result_boxes


def site_point(point: Point, origin: tuple[float, float]) -> tuple[float, float]:
    """A point of a site's, hall's or plant's own frame in the common frame."""
    return origin[0] + point[0], origin[1] + point[1]
