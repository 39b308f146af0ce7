"""Is there an OpenGL that works? Asked in a child process: without one VTK crashes, not raises."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from twin.errors import TwinError
from twin.extras import need

PACKAGES = "libegl1 libgl1-mesa-dri"
_CODE = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetSize(16, 16)
window.AddRenderer(vtkRenderer())
window.Render()
text = window.ReportCapabilities()
lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
print("RENDERER", lines.get("OpenGL renderer string", "").strip())
print("VERSION", lines.get("OpenGL version string", "").strip())
print("WINDOW", window.GetClassName())
"""


class NoGraphics(TwinError):
    """No usable OpenGL; the text says what to install."""


@dataclass(frozen=True)
class Probe:
    """Result of the probe: whether OpenGL works, its renderer and version, and why not."""

    works: bool
    renderer: str = ""
    version: str = ""
    window: str = ""
    reason: str = ""

    @property
    def software(self) -> bool:
        """Whether the processor draws (llvmpipe and its kin)."""
        name = self.renderer.lower()
        return any(word in name for word in ("llvmpipe", "softpipe", "swr", "software"))


def choose_window() -> None:
    """Without a display let VTK open its off-screen window at once, not try X and complain.

    The EGL window falls back to OSMesa by itself. A choice made in the environment stays.
    """
    displays = (os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform.startswith("linux") and not any(displays):
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")


def begin() -> subprocess.Popen[str]:
    """Start the probe and return at once; ``probe`` waits for it. For programs that draw later."""
    global _running
    choose_window()
    if _running is None:
        _running = subprocess.Popen(
            [sys.executable, "-c", _CODE],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
    return _running


_running: subprocess.Popen[str] | None = None


def run_probe(timeout: float = 60.0) -> Probe:
    """Draw one picture in a child process (that of ``begin`` if it was called) and wait for it."""
    global _running
    child = begin()
    _running = None
    try:
        out, err = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return Probe(False, reason=f"drawing one picture took longer than {timeout:g} s")
    words = (line.split(" ", 1) for line in out.splitlines())
    found = {pair[0]: pair[1] for pair in words if len(pair) == 2 and pair[0].isupper()}
    if child.returncode == 0 and found.get("RENDERER"):
        return Probe(True, found["RENDERER"], found.get("VERSION", ""), found.get("WINDOW", ""))
    if child.returncode < 0:
        return Probe(
            False, reason=f"VTK ended with signal {-child.returncode} while opening OpenGL"
        )
    last = [line for line in err.splitlines() if line.strip()][-1:]
    return Probe(False, reason=last[0].strip() if last else f"exit status {child.returncode}")


@cache
def probe() -> Probe:
    """The probe's result, asked once per process."""
    return run_probe()


def require_gl() -> Probe:
    """Raise NoGraphics with a remedy when nothing can be drawn here."""
    result = probe()
    if not result.works:
        raise NoGraphics(
            f"no usable OpenGL: {result.reason}\n"
            f"  install: {PACKAGES} (Debian, Ubuntu: apt-get install {PACKAGES})\n"
            "  check: twin doctor"
        )
    return result


def doctor() -> tuple[bool, str, str]:
    """For ``twin doctor``: whether pictures can be drawn, with what, and what to install.

    Raises MissingExtra where the libraries that draw are not installed.
    """
    need("viewer", "vtkmodules", what="Drawing")
    result = probe()
    if result.works:
        drawn_by = "the processor" if result.software else "the graphics card"
        return True, f"OpenGL {result.version}, {result.renderer} (drawn by {drawn_by})", ""
    return False, f"OpenGL: {result.reason}", f"apt-get install {PACKAGES}"
