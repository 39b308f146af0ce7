"""Prim names and prim paths of a plant's elements.

A prim path is the twin path under the stage's default prim, ``/World``, with every name made a
valid USD identifier: ``/pilot/hall-a/row-01`` is ``/World/pilot/hall_a/row_01``. Accelerators are
prims of their rack's product, so that ``/World/pilot/hall_a/row_01/rack_03/tray_04/gpu_2`` exists
although nothing is written for it in the stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from twin.plant.levels import PARENTS, Levels

ROOT = "World"
"""Name of the default prim."""
CLASSES = "Classes"
"""Scope of the classes that racks and CDUs inherit from."""
BUILDING = "Building"
"""Scope of rooms, slabs, pipes and busways."""
RESERVED = (CLASSES, BUILDING)
"""Children of the default prim that are no sites."""


def identifier(name: str) -> str:
    """``name`` as a USD identifier: letters (of any script), digits and underscores.

    Different names may give the same identifier; see :func:`unique_identifiers`.
    """
    word = re.sub(r"\W", "_", name)
    return word if word and not word[0].isdigit() else f"_{word}"


def unique_identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Identifiers of siblings: where two names give the same one, the later gets a number."""
    used = set(taken)
    result = []
    for name in names:
        word = identifier(name)
        number = 2
        while word in used:
            word = f"{identifier(name)}_{number}"
            number += 1
        used.add(word)
        result.append(word)
    return result


@dataclass(frozen=True, eq=False)
class PrimPaths:
    """Prim path of every element of a plant but its accelerators."""

    levels: Levels

    @cached_property
    def by_level(self) -> dict[str, list[str]]:
        """Prim paths of each level's elements, in order."""
        paths: dict[str, list[str]] = {}
        taken: dict[str, set[str]] = {f"/{ROOT}": set(RESERVED)}
        for level, parent in PARENTS.items():
            if level == "gpu":
                continue
            entry = self.levels[level]
            owners = (
                [f"/{ROOT}"] * entry.count
                if parent is None
                else [paths[parent][i] for i in entry.parent_index.tolist()]
            )
            own: list[str] = []
            for owner, name in zip(owners, entry.names, strict=True):
                siblings = taken.setdefault(owner, set())
                word = unique_identifiers([name], siblings)[0]
                siblings.add(word)
                own.append(f"{owner}/{word}")
            paths[level] = own
        return paths

    def of(self, level: str, index: int) -> str:
        """Prim path of an element."""
        return self.by_level[level][index]

    @cached_property
    def element(self) -> dict[str, tuple[str, int]]:
        """Level and row of every prim path."""
        return {
            path: (level, index)
            for level, paths in self.by_level.items()
            for index, path in enumerate(paths)
        }
