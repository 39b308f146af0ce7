"""``twin render`` and ``twin view`` as people call them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pyvista")

from viewer.gl_probe import probe

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)


def twin(*arguments: str, folder: Path, timeout: float = 300) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "twin.cli.main", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_picture_of_a_layout(tmp_path: Path) -> None:
    done = twin(
        "render", "pilot", "--at", "60s", "--size", "640x360", "-o", "hall.png", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "wrote hall.png" in done.stdout
    picture = np.asarray(Image.open(tmp_path / "hall.png").convert("RGB"))
    assert picture.shape == (360, 640, 3)
    assert picture.std() > 15


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "nowhere"),
        (("pilot", "--size", "0x100"), "not a picture size"),
        (("pilot", "--channel", "gpu.mood"), "gpu.mood"),
        (("pilot", "--camera", "moon"), "one-line"),
        (("pilot", "--theme", "pink"), "dark"),
        (("pilot", "--focus", "/pilot/none"), "nothing stands at"),
        (("pilot", "--at", "soon"), "--at"),
        (("pilot", "-o", "a.gif9"), "unknown picture format"),
        (("ws://127.0.0.1:9",), "127.0.0.1:9"),
    ],
)
def test_bad_requests_are_one_message_and_exit_2(
    tmp_path: Path, arguments: tuple, words: str
) -> None:
    done = twin("render", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.slow
def test_view_refuses_what_is_not_there(tmp_path: Path) -> None:
    done = twin("view", "ws://127.0.0.1:9", folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
