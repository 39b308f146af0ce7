"""A video of the window while one looks: started and stopped by a key, in real time."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkRenderingCore import vtkWindowToImageFilter

from twin.errors import InputError, TwinError
from viewer import hud
from viewer.palette import STATUS_COLOURS
from viewer.text import Panel, rgba
from viewer.video import Film

if TYPE_CHECKING:
    from viewer.window import Viewer

RATE = 12.0  # pictures per second


class Recorder:
    """Writes what a viewer's window shows to an mp4 file."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.path: Path | None = None
        self.count = 0
        self._film: Film | None = None
        self._size = (0, 0)
        self._began = 0.0

    @property
    def on(self) -> bool:
        """Whether it records."""
        return self._film is not None

    def toggle(self, path: str | Path | None = None) -> None:
        """Start a video, by default in the current folder and named by the time; or end it."""
        if self.on:
            self.stop()
        else:
            self.start(Path(path) if path is not None else
                       Path(f"twin-{datetime.now():%Y%m%d-%H%M%S}.mp4"))  # fmt: skip

    def start(self, path: Path) -> None:
        """Begin a video."""
        try:
            self._film = Film(path, RATE)
        except TwinError as error:
            self.viewer.say(str(error).splitlines()[0], "limit")
            return
        self.path, self.count, self._began = path, 0, time.monotonic()
        width, height = self.viewer.window_size()
        self._size = width - width % 2, height - height % 2  # H.264 takes even sizes only
        self.viewer.say(f"filming to {path}: V ends it", "ok")
        self.viewer.redraw()

    def stop(self) -> None:
        """End the video; the file is then complete."""
        if self._film is None:
            return
        try:
            if self.count < 2:
                self._add(2 - self.count)
            self._film.close()
        except TwinError as error:
            self.viewer.say(f"the video {_first_line(error)}", "limit")
        else:
            self.viewer.say(f"saved {self.path}: {self.count / RATE:.1f} s", "ok")
        self._film = None
        self.viewer.redraw()

    def take(self, now: float) -> bool:
        """Add what is seen now, as often as time has passed; True when the sign must change."""
        if self._film is None:
            return False
        due = int((now - self._began) * RATE) + 1 - self.count
        if due <= 0:
            return False
        before = int(self.count / RATE)
        try:
            self._add(min(due, round(5 * RATE)))
        except TwinError as error:
            self._film.abandon()
            self._film = None
            self.viewer.say(f"the video {_first_line(error)}", "limit")
        return int(self.count / RATE) != before

    def _add(self, times: int) -> None:
        picture = self._fitted(pixels(self.viewer.plotter.ren_win))
        assert self._film is not None
        for _ in range(times):
            self._film.add(picture)
        self.count += times

    def _fitted(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture of the video's size, cut or with black borders after the window changed."""
        width, height = self._size
        if picture.shape[:2] == (height, width):
            return picture
        out = np.zeros((height, width, 3), np.uint8)
        part = picture[:height, :width]
        out[: part.shape[0], : part.shape[1]] = part
        return out

    def panels(self, scale: float) -> list[Panel]:
        """A red sign with the time so far while it records."""
        if not self.on:
            return []
        seconds = int(self.count / RATE)
        name = "" if self.path is None else self.path.name
        words = f"● REC {seconds // 60}:{seconds % 60:02d}  {name}"
        image = hud.chip(words, round(14 * scale), (255, 255, 255, 255),
                         rgba(STATUS_COLOURS["limit"]))  # fmt: skip
        return [Panel(image, round(hud.MARGIN * scale), round(62 * scale))]


def _first_line(error: TwinError) -> str:
    return error.message if isinstance(error, InputError) else str(error).splitlines()[0]


def pixels(window: Any) -> NDArray[np.uint8]:
    """What a render window shows (height, width, 3), without drawing again."""
    grabber = vtkWindowToImageFilter()
    grabber.SetInput(window)
    grabber.ShouldRerenderOff()
    grabber.ReadFrontBufferOff()
    grabber.SetInputBufferTypeToRGB()
    grabber.Update()
    image = grabber.GetOutput()
    width, height, _ = image.GetDimensions()
    flat: NDArray[np.uint8] = vtk_to_numpy(image.GetPointData().GetScalars())
    return np.ascontiguousarray(flat.reshape(height, width, 3)[::-1])
