"""Levels of a plant and the paths of its elements.

A level is all elements of one kind, in the order of their parents. Level names are those of the
fields of :class:`physics.factory.arrays.State`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError, near_matches

PARENTS: dict[str, str | None] = {
    "site": None,
    "site_transformer": "site",
    "feeder": "site",
    "generator": "site",
    "battery": "site",
    "plant": "site",
    "cooler": "plant",
    "pump": "plant",
    "chiller": "plant",
    "plant_transformer": "plant",
    "hall": "site",
    "crah": "hall",
    "ups_system": "hall",
    "ups": "hall",
    "hall_transformer": "hall",
    "row": "hall",
    "panel": "row",
    "cdu": "row",
    "rack": "row",
    "gpu": "rack",
}
"""Parent level of every level, parents first."""


@dataclass(frozen=True, eq=False)
class Level:
    """All elements of one kind.

    Attributes
    ----------
    name, parent : level and its parent's level (None at the top)
    parent_index : row of each element's parent, not decreasing, shape [count]
    names : last part of each path; empty for ``gpu``, whose names are the slots of its rack
    """

    name: str
    parent: str | None
    parent_index: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of elements."""
        return len(self.parent_index)

    @cached_property
    def by_parent(self) -> Mapping[tuple[int, str], int]:
        """Element by (parent's row, name)."""
        parents = self.parent_index.tolist()
        return {(parents[i], name): i for i, name in enumerate(self.names)}


@dataclass(frozen=True, eq=False)
class Levels(Mapping[str, Level]):
    """The tree of elements.

    Attributes
    ----------
    table : level by name
    rack_first_gpu : accelerators of rack r are ``rack_first_gpu[r]:rack_first_gpu[r + 1]``
    rack_slots : for every rack the names of its accelerators' slots (shared by racks of a product)
    """

    table: Mapping[str, Level]
    rack_first_gpu: NDArray[np.int64]
    rack_slots: Sequence[Mapping[str, int]] = field(repr=False)

    def __getitem__(self, name: str) -> Level:
        return self.table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        return {
            name: tuple(child for child, parent in PARENTS.items() if parent == name)
            for name in PARENTS
        }

    def path(self, level: str, index: int) -> str:
        """Path of an element, such as ``/pilot/hall-a/row-01/rack-03/tray-04/gpu-2``.

        Raises IndexError when the level has no such element.
        """
        parts: list[str] = []
        current: str | None = level
        row = int(index)
        if not 0 <= row < self.table[level].count:
            raise IndexError(f"{level} {index} of {self.table[level].count}")
        while current is not None:
            entry = self.table[current]
            parent = int(entry.parent_index[row])
            if current == "gpu":
                slots = list(self.rack_slots[parent])
                parts.append(slots[row - int(self.rack_first_gpu[parent])])
            else:
                parts.append(entry.names[row])
            current, row = entry.parent, parent
        return "/" + "/".join(reversed(parts))

    def find(self, path: str) -> tuple[str, int]:
        """Level and row of the element of a path.

        Raises
        ------
        InputError : no such element; names the part that is wrong and near matches
        """
        words = [word for word in path.strip().split("/") if word]
        if not words or not path.strip().startswith("/"):
            raise InputError(
                "not a path", key="path", found=path, allowed="/site/hall/row/rack/..."
            )
        level, row = None, 0
        position = 0
        while position < len(words):
            if level == "rack":
                return self._find_gpu(path, words, position, row)
            step = self._step(level, row, words[position])
            if step is None:
                raise self._unknown(path, words, position, self._names_below(level, row))
            level, row = step
            position += 1
        assert level is not None
        return level, row

    def _step(self, level: str | None, row: int, word: str) -> tuple[str, int] | None:
        children = self._children[level] if level is not None else ("site",)
        for child in children:
            found = self.table[child].by_parent.get((row, word))
            if found is not None:
                return child, found
        return None

    def _find_gpu(self, path: str, words: list[str], position: int, rack: int) -> tuple[str, int]:
        slot = "/".join(words[position:])
        found = self.rack_slots[rack].get(slot)
        if found is None:
            held = [name for name in self.rack_slots[rack] if name.startswith(f"{slot}/")]
            if held:
                raise InputError(
                    "a tray has no values and no controls of its own",
                    key="path",
                    found=path,
                    allowed=f"the rack, or an accelerator such as {held[0]}",
                )
            raise self._unknown(path, words, position, list(self.rack_slots[rack]), slot)
        return "gpu", int(self.rack_first_gpu[rack]) + found

    def _names_below(self, level: str | None, row: int) -> list[str]:
        children = self._children[level] if level is not None else ("site",)
        return [
            name
            for child in children
            for (parent, name) in self.table[child].by_parent
            if parent == row
        ]

    def _unknown(
        self, path: str, words: list[str], position: int, known: list[str], word: str = ""
    ) -> InputError:
        place = "/" + "/".join(words[:position])
        word = word or words[position]
        allowed = near_matches(word, known) if known else "nothing lies below it"
        return InputError(f"no '{word}' in {place}", key="path", found=path, allowed=allowed)

    def below(self, level: str, row: int, wanted: str) -> NDArray[np.int64]:
        """Rows of level ``wanted`` that lie below (or are) an element, in order."""
        chain = [wanted]
        while chain[-1] != level:
            parent = PARENTS[chain[-1]]
            if parent is None:
                return np.empty(0, dtype=np.int64)
            chain.append(parent)
        rows = np.array([row], dtype=np.int64)
        for name in reversed(chain[:-1]):
            rows = np.flatnonzero(np.isin(self.table[name].parent_index, rows)).astype(np.int64)
        return rows

    def paths(self, level: str) -> Iterator[str]:
        """Paths of all elements of a level, in order."""
        entry = self.table[level]
        if entry.parent is None:
            yield from (f"/{name}" for name in entry.names)
            return
        parents = list(self.paths(entry.parent)) if entry.count else []
        if level == "gpu":
            for rack, parent_path in enumerate(parents):
                yield from (f"{parent_path}/{slot}" for slot in self.rack_slots[rack])
            return
        owner = entry.parent_index.tolist()
        yield from (f"{parents[owner[i]]}/{name}" for i, name in enumerate(entry.names))
