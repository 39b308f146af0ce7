"""Video of the window and going to an element by its path, driven without a window."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyvista")
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "viewer"))

import scenes
from test_viewer_window import Source

from viewer.gl_probe import probe
from viewer.interaction import key_actions
from viewer.window import Viewer

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)


@pytest.fixture
def viewer():
    source = Source(scenes.pilot_scene())
    made = Viewer([lambda: source], off_screen=True, size=(641, 360))
    made.tick()
    yield made
    if made.source is not None:
        made.close()


def type_in(viewer: Viewer, text: str) -> None:
    names = {"/": "slash", "-": "minus", " ": "space"}
    for letter in text:
        assert viewer.press(names.get(letter, letter))


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
def test_the_window_is_recorded_in_real_time(viewer, tmp_path, monkeypatch) -> None:
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.chdir(tmp_path)
    viewer.message = None
    bare = viewer.picture().astype(int)
    began = time.monotonic()
    viewer.press("V")
    assert viewer.tools.recorder.on
    viewer.message = None
    signed = viewer.picture().astype(int)
    corner = np.s_[25:70, 0:200]
    red = signed[corner][..., 0] - signed[corner][..., 2]
    assert (red > 100).sum() > 200 + (bare[corner][..., 0] - bare[corner][..., 2] > 100).sum()
    while time.monotonic() - began < 1.5:
        viewer.plotter.renderer.GetActiveCamera().Azimuth(2.0)
        viewer.tick()
    viewer.press("V")
    seconds = time.monotonic() - began
    assert not viewer.tools.recorder.on
    (file,) = tmp_path.glob("twin-*.mp4")
    assert str(file.name) in viewer.message[0]
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(file)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    stream = found["streams"][0]
    assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert (stream["width"], stream["height"]) == (640, 360)
    assert 0.5 < float(found["format"]["duration"]) < seconds + 1.0


def test_a_video_that_cannot_be_written_is_told(viewer, tmp_path) -> None:
    viewer.tools.recorder.toggle(tmp_path / "none" / "a.mp4")
    assert not viewer.tools.recorder.on
    assert "folder" in viewer.message[0]


def test_closing_ends_a_video(viewer, tmp_path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    viewer.tools.recorder.toggle(tmp_path / "a.mp4")
    viewer.tick()
    viewer.close()
    assert (tmp_path / "a.mp4").stat().st_size > 1000


def test_a_path_or_its_parts_lead_to_an_element(viewer: Viewer) -> None:
    camera = viewer.plotter.renderer.GetActiveCamera()
    model = viewer.scene.model
    before = camera.GetPosition()
    viewer.press("slash")
    type_in(viewer, model.path("rack", 5).removeprefix("/"))
    viewer.press("Return")
    assert (viewer.selected.level, viewer.selected.index) == ("rack", 5)
    assert camera.GetPosition() != before
    centre, _ = model.place("rack", 5)
    assert camera.GetFocalPoint() == pytest.approx(tuple(centre), abs=1e-6)
    viewer.press("slash")
    for _ in range(3):
        viewer.press("BackSpace")
    type_in(viewer, "cdu")
    channel = viewer.scene.channel.name  # letters went to the line, not to the keys
    viewer.press("Tab")
    assert viewer.tools.search.text.rpartition("/")[2].startswith("cdu")
    viewer.press("Return")
    assert viewer.selected.level == "cdu"
    assert viewer.scene.channel.name == channel
    viewer.press("slash")
    type_in(viewer, model.path("gpu", 17).removeprefix("/"))
    viewer.press("Return")
    assert (viewer.selected.level, viewer.selected.index) == ("gpu", 17)


def test_nothing_found_is_told_and_escape_leaves(viewer: Viewer) -> None:
    viewer.press("slash")
    type_in(viewer, "zzz")
    assert viewer.picture().shape == (360, 641, 3)
    viewer.press("Return")
    assert "nothing is called" in viewer.message[0]
    viewer.press("slash")
    viewer.press("Escape")
    assert not viewer.tools.search.on


def test_help_names_every_key(viewer: Viewer) -> None:
    from viewer.hud import HELP

    named = " ".join(keys for keys, _ in HELP)
    same = {"bracketleft": "[", "bracketright": "]", "plus": "+", "minus": "-", "less": "<",
            "greater": ">", "slash": "/", "Up": "arrows", "Down": "arrows", "Left": "arrows",
            "Right": "arrows", "Prior": "PgUp", "Next": "PgDn", "equal": "+", "KP_Add": "+",
            "KP_Subtract": "-"}  # fmt: skip
    for key in key_actions(viewer):
        word = same.get(key, key)
        assert word in named or (word.isdigit() and "1 ... 6" in named), key
