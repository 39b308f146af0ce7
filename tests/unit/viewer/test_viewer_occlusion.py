"""Ambient occlusion from depth: flat is bright, corners are dark, edges are not."""

from __future__ import annotations

import numpy as np
import pytest

from viewer.camera import Camera
from viewer.lod import INTERACTIVE
from viewer.occlusion import linear_depth, occlusion

SIZE = (160, 120)
VIEW = Camera((0, 0, 10), (0, 0, 0), up=(0, 1, 0), parallel_scale=3.0).view(SIZE, INTERACTIVE)


def _pixels() -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))


def test_a_plane_keeps_its_light() -> None:
    x, y = _pixels()
    for depth in (np.full(x.shape, 10.0), 10 + 0.01 * x, 12 - 0.02 * y + 0.005 * x):
        light = occlusion(depth.astype(np.float32), VIEW, 0.5)
        assert light.min() > 0.97


def test_a_corner_is_darker_than_its_sides() -> None:
    x, _ = _pixels()
    depth = (10 - 0.05 * np.abs(x - 80)).astype(np.float32)  # a valley: farthest in the middle
    light = occlusion(depth, VIEW, 0.6)
    assert light[60, 80] < light[60, 20] - 0.1
    ridge = occlusion((10 + 0.05 * np.abs(x - 80)).astype(np.float32), VIEW, 0.6)
    assert ridge[60, 80] > 0.97


def test_distant_things_do_not_darken_each_other() -> None:
    x, _ = _pixels()
    depth = np.where(x < 80, 5.0, 50.0).astype(np.float32)
    light = occlusion(depth, VIEW, 0.5)
    assert light.min() > 0.9


def test_nothing_is_not_darkened() -> None:
    light = occlusion(np.full((120, 160), np.inf, np.float32), VIEW, 0.5)
    assert light.min() == pytest.approx(1.0)


def test_depth_buffer_ends_are_the_planes() -> None:
    buffer = np.array([0.0, 1.0], np.float32)
    assert linear_depth(buffer, 0.5, 100.0, False) == pytest.approx([0.5, 100.0], rel=1e-4)
    assert linear_depth(buffer, 0.5, 100.0, True) == pytest.approx([0.5, 100.0])
