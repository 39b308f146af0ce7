"""No OpenGL means a clear message, never a crash of this process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from viewer import gl_probe


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gl_probe, "_running", None)
    gl_probe.probe.cache_clear()
    yield
    gl_probe.probe.cache_clear()


def _child(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(gl_probe, "_CODE", code)


def test_a_crash_of_the_child_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    _child(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(gl_probe.NoGraphics, match="libegl1 libgl1-mesa-dri") as caught:
        gl_probe.require_gl()
    assert "signal 11" in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_error_of_the_child_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    _child(monkeypatch, "raise ImportError('libGL.so.1: cannot open shared object file')")
    ok, what, fix = gl_probe.doctor()
    assert not ok
    assert "libGL.so.1" in what
    assert "apt-get install" in fix


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    _child(monkeypatch, "import time; time.sleep(60)")
    result = gl_probe.run_probe(timeout=0.5)
    assert not result.works
    assert "longer than" in result.reason


def test_a_working_child_names_its_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    _child(monkeypatch, "print('RENDERER llvmpipe (LLVM 15)'); print('VERSION 4.5')")
    result = gl_probe.require_gl()
    assert result.software
    assert result.version == "4.5"
    assert gl_probe.doctor()[0]


def test_a_graphics_card_is_not_software() -> None:
    assert not gl_probe.Probe(True, "NVIDIA H100/PCIe").software


@pytest.mark.parametrize(
    ("display", "chosen"), [(None, "vtkEGLRenderWindow"), (":1", None)], ids=["none", "X"]
)
def test_without_a_display_no_x_server_is_tried(
    monkeypatch: pytest.MonkeyPatch, display: str | None, chosen: str | None
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "VTK_DEFAULT_OPENGL_WINDOW"):
        monkeypatch.delenv(name, raising=False)
    if display is not None:
        monkeypatch.setenv("DISPLAY", display)
    gl_probe.choose_window()
    assert os.environ.get("VTK_DEFAULT_OPENGL_WINDOW") == chosen


def test_pictures_without_a_display_say_nothing() -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "VTK_DEFAULT_OPENGL_WINDOW")
    done = subprocess.run(
        [sys.executable, "-c", "from viewer.gl_probe import probe; assert probe().works;"
         "from viewer.offscreen import Renderer; Renderer().close()"],
        capture_output=True, text=True, timeout=120, check=False,
        env={k: v for k, v in os.environ.items() if k not in hidden},
    )  # fmt: skip
    if "AssertionError" in done.stderr:
        pytest.skip("no OpenGL here")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
