"""Names of elements and channels in expectations, looked up in a plant."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.channels import BY_NAME, Channel
from twin.errors import InputError, near_matches

if TYPE_CHECKING:
    from twin.plant import Plant

Rows = NDArray[np.int64]


def channel_named(name: str) -> Channel:
    """Channel by its full name, or by its last part where only one level has it.

    Raises InputError for an unknown or ambiguous name, with near matches.
    """
    if name in BY_NAME:
        return BY_NAME[name]
    fitting = [full for full in BY_NAME if full.partition(".")[2] == name]
    if len(fitting) == 1:
        return BY_NAME[fitting[0]]
    if fitting:
        raise InputError(
            f"several levels have '{name}'",
            key="channel",
            found=name,
            allowed="one of: " + ", ".join(fitting),
        )
    shorts = [full.partition(".")[2] for full in BY_NAME]
    matches = near_matches(name, [*BY_NAME, *(s for s in shorts if shorts.count(s) == 1)])
    raise InputError(f"unknown channel '{name}'", key="channel", found=name, allowed=matches)


def element_named(plant: Plant, text: str) -> tuple[str, int]:
    """Level and row of an element by path, or by the last parts of one if only one ends so.

    Raises InputError for an unknown or ambiguous name, with near matches.
    """
    if text.startswith("/"):
        return plant.levels.find(text)
    first, _, rest = text.partition("/")
    found: list[tuple[str, int]] = []
    problem: InputError | None = None
    for name, level in plant.levels.items():
        for row, element in enumerate(level.names):
            if element != first:
                continue
            path = plant.levels.path(name, row)
            try:
                found.append(plant.levels.find(f"{path}/{rest}" if rest else path))
            except InputError as error:
                problem = error
    if len(found) == 1:
        return found[0]
    if found:
        paths = [plant.levels.path(level, row) for level, row in found[:3]]
        raise InputError(
            f"{len(found)} elements are called '{text}'",
            key="path",
            found=text,
            allowed="a longer part of the path: " + ", ".join(paths),
        )
    if problem is not None:
        raise problem
    names = sorted({name for level in plant.levels.values() for name in level.names})
    raise InputError(
        f"no element is called '{text}'", key="path", found=text, allowed=near_matches(text, names)
    )


def rows_at(plant: Plant, level: str, text: str | None) -> Rows:
    """Rows of a level at or below an element; racks also below their CDU. All when text is None.

    Raises InputError when there are none.
    """
    if text is None or text == "/":
        rows = np.arange(plant.levels[level].count, dtype=np.int64)
        if len(rows) == 0:
            raise InputError(f"this plant has no {level}", key="path", found=level)
        return rows
    own, row = element_named(plant, text)
    if own == level:
        return np.array([row], dtype=np.int64)
    if own == "cdu" and level in ("rack", "gpu"):
        racks = np.flatnonzero(plant.constants.rack.cdu == row)
        if level == "rack":
            rows = racks.astype(np.int64)
        else:
            rows = np.flatnonzero(np.isin(plant.levels["gpu"].parent_index, racks)).astype(np.int64)
    else:
        rows = plant.levels.below(own, row, level)
    if len(rows) == 0:
        raise InputError(
            f"nothing at this path is a {level}",
            key="path",
            found=text,
            allowed=f"the path of, or above, a {level}",
        )
    return rows


def ancestor_rows(plant: Plant, level: str, rows: Rows, wanted: str) -> Rows | None:
    """For rows of a level their ancestors' rows of level ``wanted``; racks' CDUs included.

    None when ``wanted`` does not lie above.
    """
    current, index = level, rows
    while current != wanted:
        if wanted == "cdu" and current == "rack":
            owners = plant.constants.rack.cdu[index]
            return owners if bool((owners >= 0).all()) else None
        parent = plant.levels[current].parent
        if parent is None:
            return None
        index = plant.levels[current].parent_index[index]
        current = parent
    return index


def path_matches(pattern: str, path: str) -> bool:
    """Whether a path is, or ends in, what an event says of its element; ``*`` stands for all."""
    if pattern == "*":
        return True
    if pattern.startswith("/"):
        return fnmatchcase(path, pattern)
    return fnmatchcase(path, "*/" + pattern)
