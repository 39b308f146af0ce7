"""Where every element stands in the frame of the prim that encloses it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.plant.levels import PARENTS
from twin.plant.plant import Plant

GROUPS = ("site", "plant", "hall", "row")
"""Levels whose elements are places that enclose others."""
UNITS = tuple(level for level in PARENTS if level not in (*GROUPS, "feeder", "ups_system", "gpu"))
"""Levels whose elements are products on the floor or overhead; feeders lie in the ground."""
OWNERS = {
    level: "hall" if PARENTS[level] in ("hall", "row") else str(PARENTS[level]) for level in UNITS
}
"""Level of the place that holds a level's instances in the compact form."""

Vectors = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frames:
    """Origins of a plant's places, and positions relative to them."""

    plant: Plant

    @cached_property
    def origins(self) -> dict[str, Vectors]:
        """Origin of every place in the common frame [m], shape [count, 3]."""
        found = {}
        for level in GROUPS:
            corner = np.zeros((self.plant.levels[level].count, 3))
            if len(corner):
                corner[:, :2] = self.plant.design.expansion.origin[level]
            found[level] = corner
        return found

    def ancestors(self, level: str, upper: str) -> NDArray[np.int64]:
        """Row of the element of level ``upper`` above each element of ``level``."""
        rows = np.arange(self.plant.levels[level].count, dtype=np.int64)
        while level != upper:
            rows = self.plant.levels[level].parent_index[rows]
            parent = PARENTS[level]
            assert parent is not None
            level = parent
        return rows

    def local(self, level: str, reference: str | None = None) -> Vectors:
        """Positions of a level's elements in the frame of an enclosing place [m].

        ``reference``: level of that place; None for the elements' own parent (the common frame at
        the top).
        """
        positions = self.origins[level] if level in GROUPS else self.plant.positions(level)
        upper = PARENTS[level] if reference is None else reference
        if upper is None:
            return positions
        return np.asarray(positions - self.origins[upper][self.ancestors(level, upper)])
