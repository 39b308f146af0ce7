"""Camera presets are deterministic and show what they are about."""

from __future__ import annotations

import numpy as np
import pytest
import scenes
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import InputError
from viewer.camera import MARGINS, PRESETS, Camera, fitted, focus_rack, preset
from viewer.lod import INTERACTIVE
from viewer.scene_model import read_scene

PILOT = read_scene(scenes.pilot_scene())
WIDE = read_scene(scenes.wide_scene(2, 2, 2, 4))
SIZE = (1280, 720)


@pytest.mark.parametrize("model", [PILOT, WIDE], ids=["pilot", "wide"])
@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_deterministic_and_look_down(model, name: str) -> None:
    camera = preset(model, name)
    assert camera == preset(model, name)
    assert camera.position[2] > camera.focal_point[2]
    assert np.all(np.isfinite(camera.position))
    assert (camera.parallel_scale is not None) == (name == "one-line")


def _inside(view, points: np.ndarray) -> np.ndarray:
    place = view.project(points)
    x, y = place[:, 0] / view.size[0], place[:, 1] / view.size[1]
    return (place[:, 2] > 0) & (x > 0) & (x < 1) & (y > 0) & (y < 1)


@pytest.mark.parametrize(
    ("name", "level"), [("site", "rack"), ("site", "cooler"), ("hall", "rack"), ("hall", "cdu"),
                        ("plant", "cooler"), ("one-line", "ups")],
)  # fmt: skip
def test_presets_show_their_elements(name: str, level: str) -> None:
    view = preset(PILOT, name).view(SIZE, INTERACTIVE)
    places = np.array([PILOT.place(level, k)[0] for k in range(PILOT.count(level))])
    assert _inside(view, places).all()


def test_rack_preset_faces_the_front_of_its_rack() -> None:
    for model, focus in ((PILOT, None), (WIDE, ("rack", 9)), (WIDE, ("gpu", 72 * 6 + 3))):
        rack = focus_rack(model, focus)
        group, row = model.place_of_rack(rack)
        camera = preset(model, "rack", focus=focus)
        c, s = group.rotation[row]
        front = np.array([s, -c])
        assert np.dot(np.array(camera.position[:2]) - group.position[row, :2], front) > 1.0
        assert _inside(camera.view(SIZE, INTERACTIVE), model.place("rack", rack)[0][None]).all()


def test_focus_chooses_the_hall() -> None:
    first, second = preset(WIDE, "hall"), preset(WIDE, "hall", focus=("hall", 3))
    assert np.linalg.norm(np.subtract(first.position, second.position)) > 10
    assert preset(WIDE, "hall", focus=("rack", WIDE.count("rack") - 1)) == second


def test_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match="site, hall, aisle"):
        preset(PILOT, "moon")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-100, 100)] * 3), min_size=2, max_size=12),
    st.floats(0, 360),
    st.floats(5, 80),
    st.sampled_from([16 / 9, 4 / 3, 1.0, 0.6]),
)
def test_fitting_keeps_all_points_inside_the_margins(points, azimuth, elevation, aspect) -> None:
    points = np.array(points)
    if np.linalg.norm(np.ptp(points, axis=0)) < 1:
        return
    camera = fitted(points, azimuth, elevation, 30.0, aspect)
    height = 1000
    view = camera.view((round(height * aspect), height), INTERACTIVE)
    place = view.project(points)
    x, y = place[:, 0] / view.size[0], place[:, 1] / view.size[1]
    left, right, top, bottom = MARGINS
    slack = 0.02
    assert x.min() > left - slack
    assert x.max() < 1 - right + slack
    assert y.min() > top - slack
    assert y.max() < 1 - bottom + slack


@pytest.mark.parametrize("flat", [None, 7.0])
def test_a_ray_goes_through_what_is_projected(flat: float | None) -> None:
    camera = Camera((10, -20, 8), (1, 2, 1), view_angle=37.0, parallel_scale=flat)
    view = camera.view((800, 600), INTERACTIVE)
    for point in ([0.0, 0, 0], [3.0, 2, 5], [-4.0, 6, 1]):
        x, y, _ = view.project(np.array([point]))[0]
        origin, direction = view.ray(x, y)
        along = np.dot(np.array(point) - origin, direction)
        assert origin + along * direction == pytest.approx(point, abs=1e-9)
