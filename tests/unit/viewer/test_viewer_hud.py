"""Overlays are pictures that say the right thing in the right place."""

from __future__ import annotations

import numpy as np
import pytest
import scenes

from viewer import hud
from viewer.palette import STATUS_COLOURS, THEMES, lookup_table
from viewer.scene_model import read_scene
from viewer.text import Panel, overlay, text_width

DARK = THEMES["dark"]
SIZE = (1280, 720)
MODEL = read_scene(scenes.pilot_scene())


def _has(image: np.ndarray, colour: np.ndarray, tolerance: int = 6) -> bool:
    return bool(
        np.any(np.all(np.abs(image[:, :, :3].astype(int) - colour[:3]) <= tolerance, axis=2))
    )


def test_legend_shows_the_whole_map_and_marks_limits() -> None:
    channel = MODEL.channel("gpu.temperature")
    panel = hud.legend(channel, np.linspace(40, 90, 500, dtype=np.float32), DARK, SIZE)
    table = lookup_table("thermal").astype(int)
    assert all(_has(panel.image, table[k]) for k in (0, 64, 128, 200, 255))
    for status in ("warning", "limit"):
        assert _has(panel.image, np.round(255 * np.array(STATUS_COLOURS[status])))
    assert panel.x + panel.image.shape[1] <= SIZE[0]
    assert panel.y >= 0
    assert panel.y + panel.image.shape[0] <= SIZE[1]


def test_legend_without_limits_has_no_marks() -> None:
    panel = hud.legend(MODEL.channel("gpu.power"), None, DARK, SIZE)
    assert not _has(panel.image, np.round(255 * np.array(STATUS_COLOURS["limit"])))


def test_legend_of_missing_values_can_be_drawn() -> None:
    channel = MODEL.channel("site.pue")
    for values in (
        np.array([], np.float32),
        np.array([np.nan], np.float32),
        np.ones(1, np.float32),
    ):
        assert hud.legend(channel, values, DARK, SIZE).image.shape[2] == 4


def test_figures_of_the_strip() -> None:
    kpi = {"it_power_w": 1.056e6, "pue": 1.134, "max_gpu_temperature_c": 93.0,
           "throttled_gpu_fraction": 0.0, "tokens_per_s": float("nan")}  # fmt: skip
    items = {
        caption: (value, status) for caption, value, status in hud.kpi_items(510, 10.0, False, kpi)
    }
    assert items["simulated time"] == ("00:08:30", "")
    assert items["speed"] == ("10 x", "")
    assert items["IT power"] == ("1.06 MW", "")
    assert items["hottest GPU"] == ("93.0 °C", "limit")
    assert items["throttled"] == ("0.00%", "")
    assert "tokens/s" not in items
    assert {c: s for c, _, s in hud.kpi_items(0, 1.0, True, {})}["speed"] == "paused"


@pytest.mark.parametrize("width", [160, 320, 640, 1280, 3840])
def test_strip_fits_any_window(width: int) -> None:
    items = hud.kpi_items(
        510, 10.0, False, {"it_power_w": 1e6, "pue": 1.1, "facility_power_w": 2e6}
    )
    panel = hud.kpi_strip("A very long title of a very large factory", items, DARK, (width, 400))
    assert panel.image.shape[1] == width


def test_help_lists_every_key() -> None:
    panel = hud.help_panel(DARK, SIZE)
    assert panel.image.shape[0] > 18 * len(hud.HELP)
    assert panel.x > 0
    assert panel.y > 0


def test_overlay_blends_and_clips() -> None:
    base = np.zeros((40, 60, 3), np.uint8)
    image = np.full((20, 20, 4), 255, np.uint8)
    image[:, :, 3] = 128
    out = overlay(base, [Panel(image, 50, 30), Panel(image, -10, -10)])
    assert out.shape == base.shape
    assert 120 <= out[35, 55, 0] <= 136
    assert 120 <= out[5, 5, 0] <= 136
    assert out[20, 30, 0] == 0
    assert not base.any()


def test_letters_beyond_latin_have_a_width() -> None:
    assert text_width("전력", 14) > 0
    assert text_width("a → b", 14) > text_width("a", 14)
