"""``twin render --robot``: the robot and its way are in the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyvista")
pytest.importorskip("pybullet")

from PIL import Image

from twin.cli.commands import app
from twin.errors import InputError
from viewer.commands import render
from viewer.gl_probe import probe

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)

RACK = "/pilot/hall-a/row-01/rack-05"


def picture(file: Path, robot: Path | None, at: str | None = None) -> np.ndarray:
    render("pilot", file, channel="none", camera="aisle", focus=RACK, size="480x270", plain=True,
           robot=robot, robot_at=at)  # fmt: skip
    return np.asarray(Image.open(file)).astype(int)


def orange(pixels: np.ndarray) -> int:
    r, g, b = (pixels[..., k] for k in range(3))
    return int(((r > 120) & (r > 1.3 * g) & (g > 2.0 * b)).sum())


def blue(pixels: np.ndarray) -> int:
    r, g, b = (pixels[..., k] for k in range(3))
    return int(((b > 130) & (b > 2.0 * r) & (b > 1.2 * g)).sum())


def test_robot_is_in_the_picture_where_it_is_then(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        app(
            ["robot", "pilot", "--task", "swap", "--target", f"{RACK}/tray-11", "-o", str(tmp_path)]
        )
    task = tmp_path / "robot.json"
    without = picture(tmp_path / "a.png", None)
    there = picture(tmp_path / "b.png", task, "85s")  # draws the tray
    away = picture(tmp_path / "c.png", task, "0s")  # at the door behind the row
    assert orange(there) > orange(without) + 500
    assert orange(away) < orange(without) + 100
    assert blue(there) > blue(without) + 50  # its way


def test_wrong_file_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(InputError, match="not a robot's task"):
        picture(tmp_path / "a.png", tmp_path / "x.json")
