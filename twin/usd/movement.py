"""Where machines of a stage stand compared with the layout: moved, turned, or in another unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError
from twin.plant.expand import Expansion
from twin.plant.levels import PARENTS
from twin.plant.overrides import ORIGINS
from twin.usd.content import Placed

MOVED = 5e-4  # m, from which an element counts as moved
TURNED = 0.1  # deg
TILTED = 0.5  # deg from the vertical
SCALED = 1e-3  # relative


def check_unit(placed: Iterable[Placed], file: Path) -> None:
    """Refuse a stage in which all is scaled or tilted alike: its layers are in different units."""
    axes = np.array([element.axes for element in placed if not element.equipment])
    if not len(axes):
        return
    sizes = np.linalg.norm(axes, axis=2)
    allowed = (
        "the same metersPerUnit and upAxis in every layer and in every file that is referred to, "
        "or a transform on the prim that refers which converts"
    )
    if np.abs(sizes - 1.0).min() > SCALED and np.ptp(sizes) <= SCALED * sizes.max():
        raise InputError(
            "everything in it is scaled alike", file, key="metersPerUnit",
            found=f"{sizes.mean():.4g} times its size", allowed=allowed,
        )  # fmt: skip
    if (axes[:, 2, 2] < 0.5 * sizes[:, 2]).all():
        raise InputError("everything in it lies on its side", file, key="upAxis", allowed=allowed)


def movement(
    result: Expansion, level: str, index: int, seen: Placed, file: Path, notes: list[str]
) -> Iterator[tuple[str, Any, str]]:
    """Key, value and words of a machine's new position and turn.

    notes : takes what a layout cannot hold. Raises InputError: scaled to nothing, not upright
    """
    elements = result.levels[level]
    axes = np.array(seen.axes)
    sizes = np.linalg.norm(axes, axis=1)
    if sizes.min() <= 0.0:
        raise InputError("is scaled to nothing", file, key=seen.prim)
    if np.abs(sizes - 1.0).max() > SCALED:
        notes.append(f"{seen.prim} is scaled by {sizes.max():.4g}; products keep their size")
    if np.linalg.det(axes) < 0.0:
        notes.append(f"{seen.prim} is mirrored; it is placed where it is, not mirrored")
    if axes[2, 2] / sizes[2] < np.cos(np.deg2rad(TILTED)):
        raise InputError(
            "does not stand upright",
            file,
            key=seen.prim,
            allowed="turns about the vertical only",
        )
    expected = elements.position[index]
    if abs(seen.position[2] - expected[2]) > 2 * MOVED:
        notes.append(
            f"{seen.prim} is lifted by {seen.position[2] - expected[2]:.3g} m; "
            "equipment stays on its floor"
        )
    shift = np.subtract(seen.position[:2], expected[:2])
    if np.abs(shift).max() > MOVED:
        owner_level = str(PARENTS[level])
        owner = elements.parent[index]
        if owner_level == "row":
            owner = result.levels["row"].parent[owner]
        origin = result.origin[ORIGINS[owner_level]][owner]
        yield (
            "position",
            [length(seen.position[0] - origin[0]), length(seen.position[1] - origin[1])],
            f"moved by {shift[0]:.4g} m, {shift[1]:.4g} m",
        )
    front = -axes[1]  # the front of a product is -y
    yaw = float(np.rad2deg(np.arctan2(front[0], -front[1])))
    turn = (yaw - float(elements.yaw[index]) + 180.0) % 360.0 - 180.0
    if abs(turn) > TURNED:
        yield "yaw", f"{round(yaw % 360.0, 4):.10g} deg", f"turned by {turn:.4g} deg"


def length(value: float) -> str:
    """A length for a layout file, to a tenth of a millimetre."""
    return f"{round(value, 4) + 0.0:.10g} m"
