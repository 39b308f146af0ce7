"""Only what is picked, with what feeds and cools it, in the window driven without one."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyvista")
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "viewer"))

import scenes
from test_viewer_window import Source

from viewer.gl_probe import probe
from viewer.isolate import kept
from viewer.picking import Hit
from viewer.scene_model import read_scene
from viewer.window import Viewer

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)


@pytest.fixture
def viewer():
    source = Source(scenes.pilot_scene())
    made = Viewer([lambda: source], channel="rack.power", off_screen=True, size=(640, 360))
    made.tick()
    yield made
    made.close()


def pixel(viewer: Viewer, level: str, index: int) -> tuple[float, float]:
    centre, size = viewer.scene.model.place(level, index)
    spot = centre + np.array([0, -size[1] / 2, -0.3])
    x, y, _ = viewer.view().project(spot[None])[0]
    return float(x), float(y)


def test_what_feeds_and_cools_a_rack_stays() -> None:
    raw = scenes.pilot_scene()
    model = read_scene(raw)
    raw["links"] = {"rack_cdu": [0] * model.count("rack"), "hall_plant": [0], "hall_air_plant": [0]}
    found = kept(model, [("rack", 2)])
    assert np.nonzero(found["rack"])[0].tolist() == [2]
    assert np.nonzero(found["cdu"])[0].tolist() == [0]
    for level in ("ups", "hall_transformer", "crah", "cooler"):
        if model.count(level):
            assert found[level].all(), level
    inside = kept(model, [("gpu", int(model.rack_first_gpu[3]))])
    assert np.nonzero(inside["rack"])[0].tolist() == [3]
    assert kept(model, [("hall", 0)])["rack"].all()


def test_only_the_picked_racks_are_drawn_and_picked_until_the_key_again(viewer: Viewer) -> None:
    viewer.press("i")
    assert "pick elements first" in viewer.message[0]
    viewer.message = None
    whole = viewer.picture().astype(int)
    viewer.click(*pixel(viewer, "rack", 2))
    viewer.click(*pixel(viewer, "rack", 4), more=True)
    assert [(h.level, h.index) for h in viewer.chosen] == [("rack", 2), ("rack", 4)]
    viewer.press("i")
    viewer.render()
    rack = viewer.scene.racks[0]
    drawn = np.concatenate([s.rows for s in (*rack.closed.sets, *rack.opened.sets)])
    assert sorted(drawn.tolist()) == [2, 4]
    alone = viewer.picture().astype(int)
    x, y = (round(v) for v in pixel(viewer, "rack", 6))
    spot = np.s_[y - 4 : y + 5, x - 4 : x + 5]
    assert np.abs(alone[spot] - whole[spot]).mean() > 8  # a rack that is not picked is gone
    hit = viewer.scene.pick(viewer.view(), *pixel(viewer, "rack", 6))
    assert hit is None or (hit.level, hit.index) != ("rack", 6)
    assert viewer.scene.pick(viewer.view(), *pixel(viewer, "rack", 4)).index == 4
    viewer.press("i")
    viewer.choose(None)
    viewer.message = None
    again = viewer.picture().astype(int)
    assert np.abs(again - whole)[70:].max() < 3  # above lies a notice that no values come


def test_ctrl_and_click_again_lets_an_element_go(viewer: Viewer) -> None:
    hit = Hit("rack", 1, (0.0, 0.0, 0.0), 0.0)
    viewer.choose(hit)
    viewer.choose(hit, more=True)
    assert viewer.chosen == []
    assert viewer.selected is None


def test_accelerators_of_left_out_racks_are_not_drawn(viewer: Viewer) -> None:
    viewer.set_channel("gpu.temperature")
    viewer.choose(Hit("rack", 3, (0.0, 0.0, 0.0), 0.0))
    viewer.press("i")
    viewer.press("c")
    viewer.press("C")
    viewer.render()
    which = viewer.scene.racks[0].accelerators
    assert which.kept.sum() == 1
    assert not (which.opened | which.far)[~which.kept].any()
