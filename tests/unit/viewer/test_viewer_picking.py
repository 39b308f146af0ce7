"""Picking by rays: the nearest element, its accelerators, nothing where nothing stands."""

from __future__ import annotations

import numpy as np
import pytest
import scenes

from viewer.accelerators import slot_grid
from viewer.camera import Camera, preset
from viewer.lod import INTERACTIVE
from viewer.picking import blocked, pick
from viewer.scene_model import read_scene

MODEL = read_scene(scenes.pilot_scene())
SIZE = (1280, 720)
SOUTH = np.array([0.0, 6.0, 0.0])


def _aim(point: np.ndarray, offset: np.ndarray):
    """A view whose middle pixel looks at ``point`` from ``offset`` away."""
    return Camera(tuple(point + offset), tuple(point)).view(SIZE, INTERACTIVE)


@pytest.mark.parametrize("level", ["rack", "cdu", "crah", "ups", "cooler", "generator", "battery"])
def test_looking_down_at_an_element_picks_it(level: str) -> None:
    for index in range(MODEL.count(level)):
        centre, size = MODEL.place(level, index)
        top = centre + np.array([0, 0, size[2] / 2])
        hit = pick(_aim(top, np.array([0.01, -0.4, 4.0])), 640, 360, MODEL.groups)
        assert hit is not None
        assert (hit.level, hit.index) == (level, index)
        assert abs(hit.point[2] - top[2]) < 0.5


def test_the_sky_and_the_floor_hold_nothing() -> None:
    view = preset(MODEL, "hall").view(SIZE, INTERACTIVE)
    up = Camera((5, 5, 10), (5, 6, 100)).view(SIZE, INTERACTIVE)
    assert pick(up, 640, 360, MODEL.groups) is None
    floor = _aim(np.array([13.0, 7.5, 0.0]), np.array([0.0, 0.5, 3.0]))
    assert pick(floor, 640, 360, MODEL.groups) is None
    assert view.size == SIZE


def test_what_stands_before_hides_what_is_behind() -> None:
    first, _ = MODEL.place("rack", 0)
    last, _ = MODEL.place("rack", 7)
    view = Camera(tuple(first - [4.0, 0, 0]), tuple(last)).view(SIZE, INTERACTIVE)
    racks = MODEL.groups_of("rack")
    hit = pick(view, 640, 360, racks)
    assert hit.index == 0
    assert blocked(view, last, racks, 0.3)
    assert not blocked(view, first - [1.5, 0, 0], racks, 0.3)


def test_a_hole_in_a_mesh_is_not_the_element() -> None:
    """Between the legs of a dry cooler one sees through."""
    centre, size = MODEL.place("cooler", 0)
    low = centre + np.array([1.2, 0, -size[2] / 2 + 0.15])
    view = Camera(tuple(low - SOUTH), tuple(low)).view(SIZE, INTERACTIVE)
    assert pick(view, 640, 360, MODEL.groups_of("cooler")[:1]) is None
    body = centre + np.array([0, 0, 0.25 * size[2]])
    view = Camera(tuple(body - SOUTH), tuple(body)).view(SIZE, INTERACTIVE)
    assert pick(view, 640, 360, MODEL.groups_of("cooler")[:1]).level == "cooler"


def test_slots_are_arranged_as_they_lie() -> None:
    product = MODEL.products["gb300-nvl72"]
    grid = slot_grid(product)
    assert grid.order.shape == (18, 2, 2)
    assert sorted(grid.order.reshape(-1).tolist()) == list(range(72))
    place = product.slot_positions
    assert np.all(np.diff(place[grid.order[:, 0, 0], 2]) > 0)
    assert np.all(place[grid.order[:, 0, :], 1] < place[grid.order[:, 1, :], 1])
    assert np.all(place[grid.order[:, :, 0], 0] < place[grid.order[:, :, 1], 0])


def test_odd_slots_still_have_a_place_each() -> None:
    raw = scenes.pilot_scene()
    slots = raw["products"]["gb300-nvl72"]["slots"]
    del slots[-1]
    raw["rack_first_gpu"] = [71 * k for k in range(9)]
    grid = slot_grid(read_scene(raw).products["gb300-nvl72"])
    assert set(grid.order.reshape(-1).tolist()) == set(range(71))
