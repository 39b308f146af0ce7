"""Slices of air in pictures and in the window: they cover, follow values, and keep their range."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyvista")

from twin.air_slices import CHANNELS
from twin.plant import load_plant
from twin.scene import scene
from twin.sources import SimulationSource
from viewer.air import AIR
from viewer.gl_probe import probe
from viewer.offscreen import Renderer
from viewer.palette import lookup_table
from viewer.window import Viewer

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)


class Frame:
    """Air of one temperature everywhere."""

    def __init__(self, raw: dict, degrees: float) -> None:
        self.time, self.speed, self.paused, self.kpi = 0.0, 1.0, False, {}
        self.values = {
            c: np.full(raw["levels"][c.partition(".")[0]]["count"], degrees, np.float32)
            for c in CHANNELS
        }


@pytest.fixture(scope="module")
def raw() -> dict:
    return scene(load_plant("pilot"))


@pytest.fixture(scope="module")
def renderer():
    made = Renderer(supersampling=1, occlusion=False)
    yield made
    made.close()


def picture(renderer: Renderer, raw: dict, degrees: float, air: str) -> np.ndarray:
    return renderer.render(
        raw, Frame(raw, degrees), None, "hall", (640, 360), air=air, overlays=False
    ).astype(int)


@pytest.mark.parametrize("planes", ["vertical", "horizontal"])
def test_slices_cover_the_aisle_and_their_colour_follows_the_air(renderer, raw, planes) -> None:
    bare = picture(renderer, raw, 20.0, "off")
    drawn = {t: picture(renderer, raw, t, planes) for t in (20.0, 45.0)}
    changed = np.abs(drawn[20.0] - bare).max(axis=2) > 12
    assert 0.01 < changed.mean() < 0.5
    table = lookup_table(AIR.colormap).astype(int)
    for degrees, seen in drawn.items():
        share = (degrees - AIR.low) / (AIR.high - AIR.low)
        wanted = table[round(share * (len(table) - 1)), :3]
        median = np.median(seen[changed], axis=0)
        assert np.abs(median - wanted).max() < 70, (degrees, median, wanted)
    warm = drawn[45.0][changed].mean(axis=0) - drawn[20.0][changed].mean(axis=0)
    assert warm[0] > 50  # warmer air is brighter
    assert np.abs(picture(renderer, raw, 20.0, "off") - bare).max() == 0


def test_the_legend_says_that_it_is_interpolated_and_marks_the_recommended_limit(
    renderer, raw
) -> None:
    assert "interpolated, not CFD" in AIR.title
    assert AIR.warning == 27.0
    renderer.render(raw, Frame(raw, 29.0), None, "hall", (640, 360), air="both")
    facts = dict(renderer.scene.air.facts)
    assert facts["inlets over 27 °C"] == "8"
    assert facts["warmest inlet"] == "29.0 °C"


def test_a_key_of_the_window_goes_through_the_slices() -> None:
    source = SimulationSource("pilot", paused=True)
    made = Viewer([lambda: source], channel="rack.temperature", off_screen=True, size=(640, 360))
    try:
        source.advance(60.0)
        made.tick()
        before = made.picture().astype(int)
        for planes in ("vertical", "horizontal", "both"):
            assert made.press("e")
            source.advance(1.0)
            made.tick()
            made.message = None
            assert made.scene.air.planes == planes
            assert np.isfinite(made.scene.air.temperatures).all()
            assert (np.abs(made.picture().astype(int) - before).max(axis=2) > 12).mean() > 0.01
        cold = made.scene.air.temperatures[~made.scene.air.slices.hot]
        hot = made.scene.air.temperatures[made.scene.air.slices.hot]
        assert cold.mean() < hot.mean()
        made.press("e")
        assert not made.scene.air.on
    finally:
        made.close()
