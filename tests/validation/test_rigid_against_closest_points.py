"""Exact distances of turned outlines against shapely, and against the engine's closest points.

Shapely computes in double precision. The engine rounds its boxes by a collision margin of 1 mm,
which is what its distances are good to.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from twin.rigid.backend import Surface, open_world
from twin.rigid.outlines import gaps, outlines

PAIRS = 300


def rectangles() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Positions, sizes and turns of pairs of rectangles, and their gaps by our own geometry."""
    generator = np.random.default_rng(11)
    position = generator.uniform(-2.0, 2.0, (2, PAIRS, 2))
    size = generator.uniform(0.3, 2.5, (2, PAIRS, 2))
    yaw = generator.uniform(0.0, 360.0, (2, PAIRS))
    ours = gaps(*(outlines(position[k], size[k], yaw[k]) for k in range(2)))
    assert 50 < (ours > 0.0).sum() < 250
    return position, size, yaw, ours


def test_distances_against_shapely(accuracy: Callable[..., None]) -> None:
    shapely = pytest.importorskip("shapely")
    position, size, yaw, ours = rectangles()
    shapes = [shapely.polygons(outlines(position[k], size[k], yaw[k])) for k in range(2)]
    errors = np.abs(np.maximum(ours, 0.0) - shapely.distance(*shapes))
    accuracy(
        "distance of outlines, worst of all",
        float(errors.max()),
        0.0,
        1e-12,
        "m",
        "shapely distance",
    )
    np.testing.assert_array_equal(ours <= 0.0, shapely.intersects(*shapes))


def test_distances_against_the_engine(accuracy: Callable[..., None]) -> None:
    pytest.importorskip("pybullet")
    position, size, yaw, ours = rectangles()
    theirs = []
    with open_world() as world:
        for n in range(PAIRS):
            bodies = []
            for k in range(2):
                half = math.radians(0.5 * yaw[k, n])
                bodies += world.add_boxes(
                    (*size[k, n], 1.0),
                    0.0,
                    [(*position[k, n], 0.5)],
                    [(0.0, 0.0, math.sin(half), math.cos(half))],
                    Surface(),
                )
            theirs.append(world.closest(*bodies, 10.0))
    apart = ours > 0.0
    errors = np.abs(ours - np.array(theirs))
    accuracy(
        "distance apart, worst of all",
        float(errors[apart].max()),
        0.0,
        1e-3,
        "m",
        "pybullet getClosestPoints",
    )
    overlapping = np.array(theirs)[~apart]
    assert (overlapping < 1e-3).all()
    accuracy(
        "depth of overlaps, median",
        float(np.median(errors[~apart])),
        0.0,
        1e-3,
        "m",
        "pybullet getClosestPoints",
    )
