"""Levels of detail: how large things are on the screen decides how finely they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DETAILS = (0, 1, 2)


@dataclass(frozen=True)
class Quality:
    """Limits of what is drawn.

    medium, fine : height on the screen [pixel] from which details 1 and 2 are used
    fine_triangles, medium_triangles : most triangles one product may use at those levels
    open_height : height of a rack [pixel] from which its single accelerators are drawn
    open_racks : most racks whose single accelerators are drawn (-1: all, at any distance)
    """

    medium: float
    fine: float
    medium_triangles: int
    fine_triangles: int
    open_height: float
    open_racks: int

    def between(self, other: Quality) -> Quality:
        """Limits half way, geometrically, to another's."""

        def mean(a: float, b: float) -> float:
            return float(np.sqrt(a * b))

        return Quality(
            mean(self.medium, other.medium),
            mean(self.fine, other.fine),
            int(mean(self.medium_triangles, other.medium_triangles)),
            int(mean(self.fine_triangles, other.fine_triangles)),
            mean(self.open_height, other.open_height),
            int(mean(self.open_racks, other.open_racks)),
        )

    def coarser(self, factor: float) -> Quality:
        """The same, drawing about ``factor`` (1 or more) times less."""
        if factor <= 1.0:
            return self
        return Quality(
            self.medium * factor,
            self.fine * factor,
            int(self.medium_triangles / factor),
            int(self.fine_triangles / factor),
            self.open_height * factor,
            self.open_racks if self.open_racks < 0 else int(self.open_racks / factor),
        )


INTERACTIVE = Quality(26.0, 240.0, 120_000, 70_000, 360.0, 4)
STILL = Quality(14.0, 130.0, 1_200_000, 900_000, 240.0, 32)
HARDWARE = Quality(8.0, 60.0, 6_000_000, 8_000_000, 0.0, -1)


@dataclass(frozen=True)
class View:
    """A camera as numbers.

    position, direction, up : world; unit vectors
    tangent : of half the vertical view angle; 0 for a parallel projection
    parallel_scale : half the height seen in a parallel projection [m]
    size : window (width, height) [pixel]
    quality : limits
    """

    position: NDArray[np.float64]
    direction: NDArray[np.float64]
    up: NDArray[np.float64]
    tangent: float
    parallel_scale: float
    size: tuple[int, int]
    quality: Quality

    @property
    def right(self) -> NDArray[np.float64]:
        """Unit vector to the right of the screen."""
        return np.cross(self.direction, self.up)

    def depth(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Distance along the line of sight (n,)."""
        return (points - self.position) @ self.direction

    def pixels(self, length: float, depth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Height on the screen [pixel] of ``length`` at each ``depth``."""
        if self.tangent == 0.0:
            return np.full(len(depth), length * self.size[1] / (2 * self.parallel_scale))
        return length * self.size[1] / (2 * self.tangent * np.maximum(depth, 1e-3))

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixel x (right), pixel y (down from the top) and depth of each point (n, 3)."""
        offset = points - self.position
        depth = offset @ self.direction
        half = self.size[1] / 2
        if self.tangent == 0.0:
            factor = np.full(len(points), half / self.parallel_scale)
        else:
            factor = half / (self.tangent * np.maximum(depth, 1e-6))
        x = self.size[0] / 2 + (offset @ self.right) * factor
        y = half - (offset @ self.up) * factor
        return np.column_stack([x, y, depth])

    def ray(self, x: float, y: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Origin and unit direction of the ray through pixel x, y (y down from the top)."""
        half = self.size[1] / 2
        u, v = (x - self.size[0] / 2) / half, (half - y) / half
        if self.tangent == 0.0:
            shift = self.parallel_scale * (u * self.right + v * self.up)
            return self.position + shift, self.direction
        direction = self.direction + self.tangent * (u * self.right + v * self.up)
        return self.position, direction / np.linalg.norm(direction)

    def visible(self, centres: NDArray[np.floating], radius: float) -> NDArray[np.bool_]:
        """Whether spheres of ``radius`` touch the frustum (n,)."""
        offset = centres - self.position
        depth = offset @ self.direction
        aspect = self.size[0] / self.size[1]
        inside = depth > -radius
        for axis, slope in ((self.right, self.tangent * aspect), (self.up, self.tangent)):
            across = np.abs(offset @ axis)
            if self.tangent == 0.0:
                reach = self.parallel_scale * (aspect if axis is not self.up else 1.0)
                inside &= across < reach + radius
            else:
                inside &= across - slope * depth < radius * np.sqrt(1 + slope * slope)
        return inside

    def details(
        self,
        centres: NDArray[np.floating],
        radius: float,
        height: float,
        triangles: Sequence[int],
        shown: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int64]:
        """Level of detail of each element (n,), -1 outside the view or not ``shown``.

        ``triangles`` of a model at each level: where the budget does not allow a level for all that
        are large enough, the nearest have it.
        """
        depth = self.depth(centres)
        tall = self.pixels(height, depth)
        seen = self.visible(centres, radius)
        chosen = np.where(seen if shown is None else seen & shown, 0, -1)
        limits = (
            (1, self.quality.medium, self.quality.medium_triangles),
            (2, self.quality.fine, self.quality.fine_triangles),
        )
        for level, pixels, budget in limits:
            rows = np.nonzero((chosen >= 0) & (tall >= pixels))[0]
            most = max(1, budget // max(triangles[level], 1))
            if len(rows) > most:
                rows = rows[np.argpartition(depth[rows], most - 1)[:most]]
            chosen[rows] = level
        return chosen
