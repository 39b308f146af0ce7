"""Levels of detail follow size on the screen, and budgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.camera import Camera
from viewer.lod import INTERACTIVE

CAMERA = Camera((0, -10, 5), (0, 50, 0), view_angle=40.0)
TRIANGLES = [36, 480, 14_000]


def test_near_is_fine_and_far_is_coarse() -> None:
    view = CAMERA.view((1280, 720), INTERACTIVE)
    centres = np.array([[0, y, 3.5] for y in (-3.0, 10, 60, 300, 3000)])
    chosen = view.details(centres, 1.3, 2.2, TRIANGLES)
    assert chosen[0] == 2
    assert chosen[-1] == 0
    assert np.all(np.diff(chosen) <= 0)


def test_coarser_draws_less_and_never_more() -> None:
    rng = np.random.default_rng(3)
    centres = rng.uniform([-20, -8, 0], [20, 80, 2], (500, 3))
    drawn = []
    for factor in (0.5, 1.0, 1.5, 3.0, 10.0):
        view = CAMERA.view((1280, 720), INTERACTIVE.coarser(factor))
        chosen = view.details(centres, 1.3, 2.2, TRIANGLES)
        drawn.append(int(np.array(TRIANGLES)[chosen[chosen >= 0]].sum()))
    assert drawn == sorted(drawn, reverse=True)
    assert drawn[0] == drawn[1]
    assert drawn[-1] < drawn[0] / 4


def test_what_is_behind_is_not_drawn() -> None:
    view = CAMERA.view((1280, 720), INTERACTIVE)
    assert view.details(np.array([[0, -40.0, 1]]), 1.3, 2.2, TRIANGLES)[0] == -1


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 400), st.integers(20_000, 200_000))
def test_budgets_hold_and_the_nearest_win(seed: int, count: int, budget: int) -> None:
    rng = np.random.default_rng(seed)
    quality = replace(INTERACTIVE, fine_triangles=budget)
    view = CAMERA.view((1280, 720), quality)
    centres = rng.uniform([-10, -8, 0], [10, 60, 2], (count, 3))
    chosen = view.details(centres, 1.3, 2.2, TRIANGLES)
    fine = chosen == 2
    assert fine.sum() <= max(1, budget // TRIANGLES[2])
    large = view.pixels(2.2, view.depth(centres)) >= quality.fine
    left_out = (chosen >= 0) & large & ~fine
    if fine.any() and left_out.any():
        assert view.depth(centres[fine]).max() <= view.depth(centres[left_out]).min() + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_nothing_that_projects_inside_is_culled(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-60, 60, (200, 3))
    for camera in (CAMERA, replace(CAMERA, parallel_scale=12.0)):
        view = camera.view((900, 500), INTERACTIVE)
        place = view.project(points)
        inside = (
            (place[:, 2] > 0)
            & (place[:, 0] > 0)
            & (place[:, 0] < 900)
            & (place[:, 1] > 0)
            & (place[:, 1] < 500)
        )
        assert np.all(view.visible(points, 0.0)[inside])
