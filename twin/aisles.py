"""Cold and hot aisles of halls, found from where racks stand: geometry for slices of air.

Rows whose fronts face each other share a cold aisle, rows back to back a hot one. Any other side of
a row has an aisle of its own, up to ``OPEN_WIDTH`` wide or half way to what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.plant.plant import Plant

Floats = NDArray[np.float64]
OPEN_WIDTH = 1.2  # m of an aisle with racks on one side
WIDEST = 5.0  # m between two rows that still share an aisle
KINDS = ("cold", "hot")


@dataclass(frozen=True, eq=False)
class _Side:
    """One face of a row: outward normal and direction along it, offset along the normal [m],
    the racks in order and their middles along it [m], from and to [m], height [m]."""

    row: int
    hall: int
    normal: Floats
    along: Floats
    offset: float
    racks: NDArray[np.int64]
    places: Floats
    low: float
    high: float
    height: float


def aisles(plant: Plant) -> list[dict[str, Any]]:
    """Aisles of every row, JSON-able, lengths in metres; see docs/PROTOCOL.md.

    kind : cold or hot; hall : its row; rows : one row, or two that share the aisle; origin : where
    it begins, on the floor at the face of the first row; along, across : unit vectors [x, y];
    length, width; height : of its racks; racks, places : of each row, and where along the aisle.
    """
    sides = {kind: _sides(plant, kind) for kind in KINDS}
    out = []
    for kind in KINDS:
        done: set[int] = set()
        for side in sides[kind]:
            if side.row in done:
                continue
            other, gap = _opposite(side, sides[kind], done)
            if other is None:
                gap = _free(side, [s for k in KINDS for s in sides[k]])
            done |= {side.row} if other is None else {side.row, other.row}
            out.append(_aisle(kind, side, other, gap))
    return out


def _sides(plant: Plant, kind: str) -> list[_Side]:
    racks, rows = plant.levels["rack"], plant.levels["row"]
    position, yaw = plant.positions("rack"), plant.yaws("rack")
    products = [plant.layout.products[name] for name in plant.product_ids("rack")]
    out = []
    for row in range(rows.count):
        mine = np.flatnonzero(racks.parent_index == row)
        if not len(mine):
            continue
        angle = np.radians(float(yaw[mine[0]]))
        front = np.array([np.sin(angle), -np.cos(angle)])
        normal = front if kind == "cold" else -front
        along = np.array([np.cos(angle), np.sin(angle)])
        places = position[mine, :2] @ along
        order = np.argsort(places, kind="stable")
        size = products[int(mine[0])]
        half = 0.5 * size.width
        out.append(
            _Side(
                row, int(rows.parent_index[row]), normal, along,
                float((position[mine, :2] @ normal).max()) + 0.5 * size.depth, mine[order],
                places[order], float(places.min()) - half, float(places.max()) + half, size.height,
            )
        )  # fmt: skip
    return out


def _overlap(one: _Side, other: _Side) -> float:
    """How far another face lies before one [m along it]."""
    ends = sorted(float(np.dot(one.along, other.along)) * v for v in (other.low, other.high))
    return min(one.high, ends[1]) - max(one.low, ends[0])


def _opposite(side: _Side, others: list[_Side], done: set[int]) -> tuple[_Side | None, float]:
    """The nearest face of another row that looks at this one, and how far off it is [m]."""
    best: _Side | None = None
    nearest = WIDEST
    for other in others:
        if other.row in done or other.row == side.row or other.hall != side.hall:
            continue
        gap = -other.offset - side.offset
        facing = float(np.dot(other.normal, side.normal)) < -0.999
        if facing and 0.2 < gap <= nearest and _overlap(side, other) > 0.5:
            best, nearest = other, gap
    return best, nearest


def _free(side: _Side, others: list[_Side]) -> float:
    """Width of an aisle with racks on one side [m]: half way to a row there, or OPEN_WIDTH."""
    width = OPEN_WIDTH
    for other in others:
        if other.row == side.row or other.hall != side.hall:
            continue
        gap = -other.offset - side.offset
        if float(np.dot(other.normal, side.normal)) < -0.999 and gap > 0.2:
            width = min(width, gap / 2 if _overlap(side, other) > 0.5 else width)
    return width


def _aisle(kind: str, side: _Side, other: _Side | None, width: float) -> dict[str, Any]:
    faces, low, high = [side], side.low, side.high
    if other is not None:
        faces.append(other)
        ends = sorted(float(np.dot(side.along, other.along)) * v for v in (other.low, other.high))
        low, high = min(low, ends[0]), max(high, ends[1])
    origin = side.along * low + side.normal * side.offset
    places, racks = [], []
    for face in faces:
        at = face.places * float(np.dot(side.along, face.along)) - low
        order = np.argsort(at, kind="stable")
        places.append([round(float(v), 3) for v in at[order]])
        racks.append([int(r) for r in face.racks[order]])
    return {
        "kind": kind,
        "hall": side.hall,
        "rows": [face.row for face in faces],
        "origin": [round(float(v), 3) for v in (*origin, 0.0)],
        "along": [round(float(v), 6) + 0.0 for v in side.along],
        "across": [round(float(v), 6) + 0.0 for v in side.normal],
        "length": round(float(high - low), 3),
        "width": round(float(width), 3),
        "height": round(max(face.height for face in faces), 3),
        "racks": racks,
        "places": places,
    }
