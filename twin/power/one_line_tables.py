"""Tables of the one-line model: which element each row stands for, and what each kind of row is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Which element each row of a table stands for.

    Attributes
    ----------
    kind : what it is, such as ``grid``, ``mv``, ``lv``, ``ups``, ``panel``
    level, index : element of the plant
    """

    kind: tuple[str, ...]
    level: tuple[str, ...]
    index: Ints

    def __len__(self) -> int:
        return len(self.kind)

    def rows(self, *kinds: str) -> Ints:
        """Rows of some kinds, in order."""
        return np.array([i for i, kind in enumerate(self.kind) if kind in kinds], dtype=np.int64)


TITLES = {
    "grid": "grid connection",
    "mv": "medium-voltage bus",
    "feeder": "feeder",
    "feeder-end": "feeder's end",
    "own-feeder": "switch to its feeder",
    "other-feeder": "switch to the other feeder",
    "hall-mv": "medium-voltage bus",
    "plant-mv": "medium-voltage bus",
    "hall-lv": "low-voltage bus",
    "plant-lv": "low-voltage bus",
    "ups": "UPS output",
    "bypass": "UPS bypass",
    "inverter": "UPS inverters",
    "ups-system": "UPS output",
    "system-bypass": "UPS bypass",
    "system-inverter": "UPS inverters",
    "system-rectifier": "UPS input",
    "system-coolant": "cooling behind the UPS",
    "panel-source": "behind its transfer switch",
    "preferred": "transfer switch, preferred side",
    "alternate": "transfer switch, alternate side",
    "panel": "panel",
    "rectifier": "UPS input",
    "air": "cooling beside the UPS",
    "coolant": "cooling behind the UPS",
    "racks": "racks",
    "drives": "pumps and fans",
    "chillers": "chillers",
    "house": "house load",
    "site-capacitors": "capacitors",
    "hall-capacitors": "capacitors",
    "plant-capacitors": "capacitors",
    "battery": "site battery",
    "solar": "photovoltaic field",
    "generators": "generators",
    "main-transformer": "main transformer",
    "hall-transformer": "transformer",
    "plant-transformer": "transformer",
    "supply": "connection",
}
"""What each kind of row is, for people."""


class Table:
    """Rows of one table while a network is put together."""

    def __init__(self) -> None:
        self.kind: list[str] = []
        self.level: list[str] = []
        self.index: list[int] = []
        self.values: list[tuple[float, ...]] = []

    def add(self, kind: str, level: str, index: int, *values: float) -> int:
        self.kind.append(kind)
        self.level.append(level)
        self.index.append(index)
        self.values.append(values)
        return len(self.kind) - 1

    @property
    def rows(self) -> Rows:
        return Rows(tuple(self.kind), tuple(self.level), np.array(self.index, dtype=np.int64))

    def columns(self, count: int) -> list[Any]:
        if not self.values:
            return [np.empty(0)] * count
        return [np.array(column) for column in zip(*self.values, strict=True)]
