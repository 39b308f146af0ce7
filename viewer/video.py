"""Moving pictures and contact sheets: time-lapses of recordings and simulations, turntables."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from twin.errors import InputError
from twin.extras import need
from twin.whole_files import check_place, file_beside, refusal
from viewer.camera import Camera, preset
from viewer.numbers import clock
from viewer.offscreen import Renderer
from viewer.text import canvas, draw_text, rgba

Picture = NDArray[np.uint8]
FORMATS = (".mp4", ".gif", ".webm")
MOST_FRAMES = 20_000
MOST_PIXELS = 200_000_000  # of a contact sheet


@dataclass(frozen=True)
class Shot:
    """What a video shows.

    channel, camera, focus, size, theme, fit, overlays : as of a picture
    seconds : of the video; rate : pictures per second; turn : degrees the camera goes round in it
    start, end : simulated time of the first and the last picture [s]; both None: one moment
    heat : path of an accelerator whose heat is followed; air : slices of air through the aisles
    """

    channel: str | None = "gpu.temperature"
    camera: str = "hall"
    focus: str | None = None
    size: tuple[int, int] = (1280, 720)
    theme: str = "dark"
    fit: bool = False
    overlays: bool = True
    seconds: float = 10.0
    rate: float = 24.0
    turn: float = 0.0
    start: float | None = None
    end: float | None = None
    heat: str | None = None
    air: str = "off"

    @property
    def count(self) -> int:
        """Number of pictures. Raises InputError for none or too many."""
        count = round(self.seconds * self.rate)
        if not 2 <= count <= MOST_FRAMES:
            raise InputError(
                "a video of that length has too few or too many pictures",
                key="--seconds",
                found=f"{count} pictures",
                allowed=f"2 to {MOST_FRAMES}",
            )
        return count


def span_of(source: Any) -> tuple[float, float] | None:
    """First and last time of a recording; None of what has no past."""
    times = getattr(source, "times", None)
    return None if times is None else (float(times[0]), float(times[-1]))


def moments(start: float | None, end: float | None, count: int) -> list[float | None]:
    """Simulated times of ``count`` pictures; None: the time it is."""
    if start is None or end is None:
        return [None] * count
    return [start + (end - start) * k / max(count - 1, 1) for k in range(count)]


def pictures(
    source: Any, shot: Shot, frame_at: Callable[[Any, float | None], Any], renderer: Renderer
) -> Iterator[Picture]:
    """The pictures of a shot, one after the other."""
    model = renderer.load(source.scene, shot.theme).model
    place = None if shot.focus is None else model.find(shot.focus)
    width, height = shot.size
    first = preset(model, shot.camera, width / height, place)
    frame = None
    for k, moment in enumerate(moments(shot.start, shot.end, shot.count)):
        if frame is None or moment is not None:
            frame = frame_at(source, moment)
        camera: str | Camera = shot.camera
        if shot.turn:
            camera = turned(first, shot.turn * k / shot.count)
        yield renderer.render(
            source.scene,
            frame,
            shot.channel,
            camera,
            shot.size,
            shot.theme,
            shot.focus,
            overlays=shot.overlays,
            fit=shot.fit,
            events=past(source, frame),
            heat=shot.heat,
            air=shot.air,
        )


def past(source: Any, frame: Any) -> list[dict[str, Any]]:
    """What had happened by a frame's time."""
    return [e for e in source.events() if float(e["time"]) <= float(frame.time) + 1e-6]


def turned(camera: Camera, degrees: float) -> Camera:
    """The camera gone round what it looks at, about the vertical."""
    a = math.radians(degrees)
    dx, dy, dz = np.subtract(camera.position, camera.focal_point)
    x, y, z = camera.focal_point
    position = (
        x + math.cos(a) * dx - math.sin(a) * dy,
        y + math.sin(a) * dx + math.cos(a) * dy,
        z + dz,
    )
    up = camera.up
    return Camera(
        position,
        camera.focal_point,
        (math.cos(a) * up[0] - math.sin(a) * up[1], math.sin(a) * up[0] + math.cos(a) * up[1],
         up[2]),
        camera.view_angle,
        camera.parallel_scale,
    )  # fmt: skip


def check_video(path: Path) -> None:
    """Raises InputError for a format that cannot be written or a folder that is not there."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            "unknown video format", key="--video", found=str(path), allowed=", ".join(FORMATS)
        )
    check_place(path, "--video")
    need("viewer", "imageio", "imageio_ffmpeg", what="--video")


class Film:
    """A video under way; use as a context manager. It becomes ``path`` when it is complete.

    mp4 is H.264 in the pixel format that every player takes. Raises InputError as check_video, and
    at the end when the video is not whole: the encoder's process does not tell.
    """

    def __init__(self, path: Path, rate: float):
        check_video(path)
        self.path, self.count = path, 0
        self._place = file_beside(path)
        self._beside = self._place.__enter__()
        self._in_memory = BytesIO() if path.suffix.lower() == ".gif" else None
        self._writer = _encoder(self._in_memory or self._beside, path.suffix.lower(), rate)

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()

    def add(self, picture: Picture) -> None:
        """Add a picture."""
        height, width = (s - s % 2 for s in picture.shape[:2])  # H.264 takes even sizes only
        try:
            self._writer.append_data(picture[:height, :width])
        except OSError as error:
            raise self._refused(error) from None
        self.count += 1

    def close(self) -> None:
        """End the video and let it take its place."""
        try:
            self._writer.close()
            if self._in_memory is not None:
                self._beside.write_bytes(self._in_memory.getvalue())
            elif _readable_frames(self._beside) != self.count:
                raise OSError(0, "the encoder failed")
        except OSError as error:
            refused = self._refused(error)
            self.abandon()
            raise refused from None
        self._place.__exit__(None, None, None)

    def abandon(self) -> None:
        """Give the video up; what stood in its place stays."""
        with suppress(OSError):
            self._writer.close()
        reason = OSError(0, "given up")
        with suppress(InputError):
            self._place.__exit__(OSError, reason, None)

    def _refused(self, error: OSError) -> InputError:
        reason = refusal(self._beside.parent) or error.strerror or "the encoder failed"
        return InputError(f"cannot be written: {reason}", self.path)


def _encoder(file: Path | BytesIO, ending: str, rate: float) -> Any:
    import imageio.v2 as imageio

    if ending == ".gif":
        return imageio.get_writer(file, ending, mode="I", duration=1000.0 / rate, loop=0)
    codec = "libx264" if ending == ".mp4" else "libvpx-vp9"
    return imageio.get_writer(
        file, mode="I", fps=rate, codec=codec, quality=8, pixelformat="yuv420p",
        macro_block_size=2, ffmpeg_log_level="fatal",
    )  # fmt: skip


def _readable_frames(video: Path) -> int:
    """Frames that a player finds in a video."""
    import imageio_ffmpeg

    found = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "quiet", "-i", str(video), "-map", "0:v:0",
         "-c", "copy", "-f", "null", "-progress", "-", "-"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    counts = re.findall(r"^frame=(\d+)", found.stdout, re.MULTILINE)
    return int(counts[-1]) if counts and found.returncode == 0 else 0


def write_video(
    path: Path, frames: Iterator[Picture], rate: float, told: Callable[[int], None] | None = None
) -> int:
    """Write pictures to a file as they come; returns their number.

    told : called with the number so far. Raises InputError as :class:`Film`.
    """
    with Film(path, rate) as film:
        for picture in frames:
            film.add(picture)
            if told is not None:
                told(film.count)
    return film.count


def contact_sheet(
    pictures: Sequence[Picture], captions: Sequence[str], dark: bool = True, columns: int = 0
) -> Picture:
    """Pictures of equal size in a grid, each with a caption below."""
    if not pictures or len(pictures) != len(captions):
        raise ValueError("a contact sheet needs pictures and as many captions")
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    height, width = pictures[0].shape[:2]
    gap, line = 10, 30
    sheet, draw = canvas(gap + columns * (width + gap), gap + rows * (height + line))
    ground, ink = ((0.06, 0.08, 0.11), (0.93, 0.95, 0.97)) if dark else ((1, 1, 1), (0.1, 0.1, 0.1))
    draw.rectangle((0, 0, *sheet.size), fill=rgba(ground))
    for k, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = gap + (k % columns) * (width + gap), gap + (k // columns) * (height + line)
        sheet.paste(Image.fromarray(picture), (x, y))
        draw_text(draw, x + 4, y + height + 19, caption, 15, rgba(ink))
    return np.asarray(sheet.convert("RGB"))


def sheet_of(
    source: Any, shot: Shot, frame_at: Callable[[Any, float | None], Any], renderer: Renderer,
    number: int,
) -> Picture:  # fmt: skip
    """A contact sheet of ``number`` moments between the shot's start and end."""
    width, height = shot.size
    if number * width * height > MOST_PIXELS:
        raise InputError(
            "a contact sheet of that many pictures of that size is too large",
            key="--sheet",
            found=f"{number} pictures of {width}x{height}",
            allowed=f"{MOST_PIXELS / 1e6:.0f} million pixels in all",
        )
    taken, captions = [], []
    for moment in moments(shot.start, shot.end, number):
        frame = frame_at(source, moment)
        taken.append(
            renderer.render(source.scene, frame, shot.channel, shot.camera, shot.size, shot.theme,
                            shot.focus, overlays=shot.overlays, fit=shot.fit,
                            events=past(source, frame), heat=shot.heat, air=shot.air)
        )  # fmt: skip
        captions.append(clock(float(frame.time)))
    return contact_sheet(taken, captions, shot.theme == "dark")
