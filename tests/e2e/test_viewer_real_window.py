"""A real window on a virtual display: its loop, keys, clicks, drags and end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pyvista")
if shutil.which("xvfb-run") is None:
    pytest.skip("no virtual display here (xvfb-run)", allow_module_level=True)

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
sys.path[:0] = [{unit!r}, {e2e!r}]
import numpy as np, scenes
from test_viewer_window import Source
from viewer.window import Viewer

source = Source(scenes.pilot_scene())
viewer = Viewer([lambda: source], size=(640, 360))
count, tick = 0, viewer.tick

def key(symbol):
    mouse.SetKeyEventInformation(0, 0, symbol, 0, symbol)
    mouse.KeyPressEvent()
    mouse.CharEvent()

def script():
    global count, mouse, x, y
    count += 1
    tick()
    mouse = viewer.plotter.iren.interactor
    camera = viewer.plotter.renderer.GetActiveCamera()
    if count == 3:
        key("c")
        print("channel", viewer.scene.channel.name)
        centre, size = viewer.scene.model.place("rack", 3)
        spot = viewer.view().project((centre + np.array([0, -size[1] / 2, -0.3]))[None])[0]
        x, y = int(spot[0]), int(359 - spot[1])
        mouse.SetEventPosition(x, y)
        mouse.LeftButtonPressEvent()
        mouse.LeftButtonReleaseEvent()
        print("picked", viewer.selected.level if viewer.selected else None)
    if count == 4:  # in a turn of its own, as a hand would
        before, chosen = camera.GetPosition(), viewer.selected
        mouse.SetEventPosition(x, y)
        mouse.LeftButtonPressEvent()
        mouse.SetEventPosition(x + 60, y)
        mouse.MouseMoveEvent()
        mouse.LeftButtonReleaseEvent()
        print("dragged", camera.GetPosition() != before and viewer.selected is chosen)
    if count == 6:
        viewer.save_picture({picture!r})
        key("q")

viewer.tick = script
viewer.show()
print("closed", source.closed)
"""


@pytest.mark.slow
def test_a_real_window_follows_keys_and_mouse(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    code = SCRIPT.format(
        unit=str(ROOT / "tests" / "unit" / "viewer"),
        e2e=str(ROOT / "tests" / "e2e"),
        picture=str(picture),
    )
    # other tests of this process may have chosen the window of a machine without a display
    environment = {k: v for k, v in os.environ.items() if k != "VTK_DEFAULT_OPENGL_WINDOW"}
    done = subprocess.run(
        ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24", sys.executable, "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert said["channel"] == "gpu.power"
    assert said["picked"] in ("rack", "gpu")
    assert said["dragged"] == "True"
    assert said["closed"] == "True"
    seen = np.asarray(Image.open(picture).convert("RGB"))
    assert seen.shape == (360, 640, 3)
    assert seen.std() > 15
