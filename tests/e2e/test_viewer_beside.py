"""Two sources side by side: one camera, linked time, colours of the difference."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyvista")
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "viewer"))

import scenes
from test_viewer_window import Source

from twin.errors import InputError
from viewer.beside import picture_beside
from viewer.gl_probe import probe
from viewer.window import Viewer

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)


def hotter(raw: dict, by: float):
    """A frame of the first racks' accelerators hotter than usual."""
    frame = scenes.frame_for(raw)
    frame.values["gpu.temperature"] = frame.values["gpu.temperature"].copy()
    frame.values["gpu.temperature"][:144] += np.float32(by)
    return frame


@pytest.fixture
def sources() -> tuple[Source, Source]:
    one, other = Source(scenes.pilot_scene()), Source(scenes.pilot_scene())
    other.frame = hotter(other.scene, 8.0)
    return one, other


@pytest.fixture
def viewer(sources):
    made = Viewer([lambda: sources[0]], off_screen=True, size=(960, 360), beside=lambda: sources[1])
    made.tick()
    made.labels_on = False
    yield made
    made.close()


def halves(viewer: Viewer) -> tuple[np.ndarray, np.ndarray]:
    picture = viewer.picture().astype(int)
    return picture[60:, :480], picture[60:, 480:]


def test_both_halves_show_the_factory_by_one_camera(viewer: Viewer) -> None:
    left, right = halves(viewer)
    assert left.std() > 15
    assert right.std() > 15
    # equipment of both stands at the same places: their edges agree
    edges = [np.abs(np.diff(half.sum(axis=2), axis=1)) > 60 for half in (left, right)]
    assert (edges[0][:, :300] & edges[1][:, :300]).sum() > 0.6 * edges[0][:, :300].sum()
    viewer.press("4")
    moved = halves(viewer)
    assert all(np.abs(a - b).mean() > 5 for a, b in zip((left, right), moved, strict=True))


def test_the_difference_is_coloured_from_blue_over_white_to_red(viewer: Viewer, sources) -> None:
    viewer.press("d")
    viewer.tick()
    scene = viewer.beside.scene
    shown = scene.shown_values()
    np.testing.assert_allclose(shown[:144], 8.0, atol=1e-3)
    np.testing.assert_allclose(shown[144:], 0.0, atol=1e-3)
    scale = scene.scale()
    assert scale.low == -scale.high
    assert scale.colormap == "difference"
    assert scale.unit == "delta_degC"
    _, right = halves(viewer)
    red = (right[:, :, 0] > right[:, :, 2] + 60) & (right[:, :, 0] > 120)
    assert red.sum() > 40
    sources[0].frame = hotter(sources[0].scene, 8.0)  # now both are as hot
    viewer.tick()
    viewer.painter._next_frame = 0.0
    viewer.tick()
    viewer.painter._next_frame = 0.0
    viewer.tick()
    np.testing.assert_allclose(scene.shown_values(), 0.0, atol=1e-3)
    viewer.press("d")
    assert scene.scale().colormap == "thermal"


def test_time_stands_and_goes_on_both_sides(viewer: Viewer, sources) -> None:
    viewer.press("space")
    assert ("pause", None) in sources[0].commands
    assert ("pause", None) in sources[1].commands


def test_closing_ends_both_sources(sources) -> None:
    made = Viewer([lambda: sources[0]], off_screen=True, beside=lambda: sources[1])
    made.close()
    assert sources[0].closed
    assert sources[1].closed


def test_a_picture_of_two_moments(sources) -> None:
    raw = scenes.pilot_scene()
    picture = picture_beside(
        (raw, scenes.frame_for(raw)), (raw, hotter(raw, 8.0)), "gpu.temperature", "hall",
        (640, 200), difference=True,
    )  # fmt: skip
    assert picture.shape == (200, 640, 3)
    assert picture[:, :320].std() > 10
    assert picture[:, 320:].std() > 10


def test_scenes_of_different_size_have_no_difference() -> None:
    one, other = scenes.pilot_scene(), scenes.hall_scene()
    with pytest.raises(InputError, match="different numbers"):
        picture_beside((one, scenes.frame_for(one)), (other, scenes.frame_for(other)),
                       "gpu.temperature", "hall", (320, 100), difference=True)  # fmt: skip
