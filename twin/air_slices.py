"""Slices of air temperature through aisles: geometry, and values between known points.

This is interpolation, not computational fluid dynamics. Known are, from the state: the air that
every rack draws in and blows out, the mean of each row's aisles, and what air handlers supply and
take back. In between values go in straight lines:

* along an aisle from rack to rack, beyond the last ones as at them;
* across it from one row's faces to the other's, or to the aisle's mean where there is one row only;
* upwards in a cold aisle from the supply air at the floor to the racks' inlets at half their
  height, in a hot aisle from the racks' outlets there to the return air at ``TOP`` of their height.

So no value lies beyond those it is made of. Where in an aisle supplied air comes in is an
assumption: layouts do not say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CHANNELS = (
    "rack.air_inlet_temperature",
    "rack.air_outlet_temperature",
    "row.cold_aisle_temperature",
    "row.hot_aisle_temperature",
    "hall.air_supply_temperature",
    "hall.air_return_temperature",
)
"""What the values are made of [degC]."""
PLANES = ("off", "vertical", "horizontal", "both")
LOW, HIGH = 15.0, 50.0  # degC, the fixed range of colours
RECOMMENDED = 27.0  # degC, most that ASHRAE TC 9.9 recommends for air into equipment
TOP = 1.25  # height over the racks' own at which return air is taken to be
LEVELS = (
    0.0,
    0.25,
    0.5,
    0.75,
    1.0,
    TOP,
)  # of the racks' height; TOP in hot aisles
ACROSS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the width, in a horizontal slice


@dataclass(frozen=True, eq=False)
class AirSlices:
    """Planes through aisles, and what their corners' temperatures are made of.

    points : corners (n, 3) [m]; quads : corners of each face (m, 4); aisle : of each face (m,)
    rack, share : rows of racks and their shares (n, 4), shares sum to 1 less ``mean_share``
    row, mean_share : row and share of its aisle's mean (n,)
    hall, hall_share : hall and share (n,) of its supply (cold) or return air (hot) in the whole
    hot : whether a corner lies in a hot aisle (n,)
    """

    points: Floats
    quads: NDArray[np.int64]
    aisle: NDArray[np.int64]
    rack: NDArray[np.int64]
    share: Floats
    row: NDArray[np.int64]
    mean_share: Floats
    hall: NDArray[np.int64]
    hall_share: Floats
    hot: NDArray[np.bool_]

    def values(self, known: Mapping[str, NDArray[np.floating]]) -> Floats:
        """Temperature of every corner (n,) [degC]; NaN where what it is made of is not known.

        known : whole columns of CHANNELS
        """
        out = np.full(len(self.points), np.nan)
        if not len(out):
            return out
        for hot, names in ((False, CHANNELS[0::2]), (True, CHANNELS[1::2])):
            here = self.hot == hot
            racks, rows, halls = (known.get(name) for name in names)
            if not here.any() or racks is None or rows is None or halls is None:
                continue
            racks, rows = np.asarray(racks, float), np.asarray(rows, float)
            halls = np.asarray(halls, float)
            mean = rows[self.row[here]]
            faces = racks[self.rack[here]]
            faces = np.where(np.isfinite(faces), faces, mean[:, None])
            level = (faces * self.share[here]).sum(axis=1) + mean * self.mean_share[here]
            part = self.hall_share[here]
            out[here] = (1.0 - part) * level + part * halls[self.hall[here]]
        return out


def air_slices(aisles: Sequence[Mapping[str, Any]], planes: str = "both") -> AirSlices:
    """Slices through the aisles of a scene description: one along the middle of each, upright, and
    one level at half the racks' height.

    planes : vertical, horizontal, both or off. Raises ValueError for anything else.
    """
    if planes not in PLANES:
        raise ValueError(f"planes must be one of {', '.join(PLANES)}, not {planes!r}")
    parts: list[tuple[Floats, ...]] = []
    quads: list[NDArray[np.int64]] = []
    owners: list[NDArray[np.int64]] = []
    count = 0
    for number, aisle in enumerate(aisles):
        for grid in _grids(aisle, planes):
            shape = grid[0].shape
            parts.append(_corners(aisle, *(axis.ravel() for axis in grid)))
            faces = _faces(*shape) + count
            quads.append(faces)
            owners.append(np.full(len(faces), number))
            count += shape[0] * shape[1]
    if not parts:
        nothing, none = np.empty(0), np.empty(0, np.int64)
        return AirSlices(
            np.empty((0, 3)), np.empty((0, 4), np.int64), none, np.empty((0, 4), np.int64),
            np.empty((0, 4)), none, nothing, none, nothing, np.empty(0, bool),
        )  # fmt: skip
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    points, rack, share, row, mean, hall, hall_share, hot = joined
    return AirSlices(
        points, np.concatenate(quads), np.concatenate(owners), rack.astype(np.int64), share,
        row.astype(np.int64), mean, hall.astype(np.int64), hall_share, hot > 0.5,
    )  # fmt: skip


def _grids(aisle: Mapping[str, Any], planes: str) -> list[tuple[Floats, Floats, Floats]]:
    """Places along, shares across and shares of the height of each plane's corners (a, b)."""
    length = float(aisle["length"])
    every = np.concatenate([[0.0, length], *(np.asarray(p, float) for p in aisle["places"])])
    along = np.unique(np.round(np.clip(every, 0.0, length), 3))
    out = []
    if planes in ("vertical", "both"):
        levels = np.array(LEVELS if aisle["kind"] == "hot" else LEVELS[:-1])
        s, z = np.meshgrid(along, levels, indexing="ij")
        out.append((s, np.full(s.shape, 0.5), z))
    if planes in ("horizontal", "both"):
        s, t = np.meshgrid(along, np.array(ACROSS), indexing="ij")
        out.append((s, t, np.full(s.shape, 0.5)))
    return out


def _corners(aisle: Mapping[str, Any], s: Floats, t: Floats, z: Floats) -> tuple[Floats, ...]:
    count = len(s)
    along, across = (np.append(np.asarray(aisle[k], float), 0.0) for k in ("along", "across"))
    points = np.asarray(aisle["origin"], float) + np.outer(s, along)
    points = points + np.outer(t * float(aisle["width"]), across)
    points[:, 2] += z * float(aisle["height"])
    rack, share = np.zeros((count, 4)), np.zeros((count, 4))
    sides = len(aisle["racks"])
    for k in range(sides):
        at, racks = np.asarray(aisle["places"][k], float), np.asarray(aisle["racks"][k])
        upper = np.clip(np.searchsorted(at, s), 1, max(len(at) - 1, 1)) if len(at) > 1 else None
        side = 1.0 - t if k == 0 else t
        if upper is None:
            rack[:, 2 * k], share[:, 2 * k] = racks[0], side
            continue
        part = np.clip((s - at[upper - 1]) / (at[upper] - at[upper - 1]), 0.0, 1.0)
        rack[:, 2 * k], share[:, 2 * k] = racks[upper - 1], side * (1.0 - part)
        rack[:, 2 * k + 1], share[:, 2 * k + 1] = racks[upper], side * part
    hot = aisle["kind"] == "hot"
    height = (z - 0.5) / (TOP - 0.5) if hot else (0.5 - z) / 0.5
    rows = np.where(t > 0.5, aisle["rows"][-1], aisle["rows"][0])
    return (
        points, rack, share, rows.astype(float), 1.0 - share.sum(axis=1),
        np.full(count, float(aisle["hall"])), np.clip(height, 0.0, 1.0), np.full(count, float(hot)),
    )  # fmt: skip


def _faces(a: int, b: int) -> NDArray[np.int64]:
    i, j = np.meshgrid(np.arange(a - 1), np.arange(b - 1), indexing="ij")
    first = (i * b + j).ravel()
    return np.column_stack([first, first + b, first + b + 1, first + 1])
