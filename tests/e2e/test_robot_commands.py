"""``twin robot`` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("pybullet")

RACK = "/pilot/hall-a/row-01/rack-02"


def twin(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    done = subprocess.run(
        [sys.executable, "-m", "twin.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_json_is_all_that_is_printed() -> None:
    code, out, error = twin("robot", "pilot", "--target", RACK, "--json")
    assert (code, error) == (0, "")
    data = json.loads(out)
    assert data["collisions"] == []
    assert data["duration_s"] > 0.0


def test_tray_that_cannot_be_served_is_exit_code_1() -> None:
    code, out, error = twin(
        "robot", "server-room", "--task", "swap", "--target", "/lab/room/gpu-01/rack-01/tray-01"
    )
    assert (code, error) == (1, "")
    assert "cannot be exchanged: tray: its floor at 0.19 m" in out


def test_bad_path_is_one_message_and_exit_code_2() -> None:
    code, out, error = twin("robot", "pilot", "--target", "/pilot/hall-z")
    assert (code, out) == (2, "")
    assert "hall-z" in error
    assert "Traceback" not in error
