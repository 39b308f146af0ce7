"""No OpenGL means a clear message, never a crash of this process."""

from __future__ import annotations

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
