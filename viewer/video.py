"""Moving pictures and contact sheets: time-lapses of recordings and simulations, turntables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from twin.errors import InputError
from twin.extras import need
from viewer.camera import Camera, preset
from viewer.numbers import clock
from viewer.offscreen import Renderer
from viewer.text import canvas, draw_text, rgba

Picture = NDArray[np.uint8]
FORMATS = (".mp4", ".gif", ".webm")
MOST_FRAMES = 20_000


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
    if not path.parent.is_dir():
        raise InputError("the video's folder does not exist", key="--video", found=str(path.parent))
    need("viewer", "imageio", "imageio_ffmpeg", what="--video")


def open_writer(path: Path, rate: float) -> Any:
    """A writer of pictures (``append_data``, ``close``) to a video file.

    mp4 is H.264 in the pixel format that every player takes. Raises InputError as check_video.
    """
    check_video(path)
    import imageio.v2 as imageio

    if path.suffix.lower() == ".gif":
        return imageio.get_writer(path, mode="I", duration=1000.0 / rate, loop=0)
    codec = "libx264" if path.suffix.lower() == ".mp4" else "libvpx-vp9"
    return imageio.get_writer(
        path, mode="I", fps=rate, codec=codec, quality=8, pixelformat="yuv420p",
        macro_block_size=2, ffmpeg_log_level="error",
    )  # fmt: skip


def write_video(
    path: Path, frames: Iterator[Picture], rate: float, told: Callable[[int], None] | None = None
) -> int:
    """Write pictures to a file as they come; returns their number.

    told : called with the number so far
    """
    writer = open_writer(path, rate)
    count = 0
    with writer:
        for picture in frames:
            height, width = (s - s % 2 for s in picture.shape[:2])  # H.264 takes even sizes only
            writer.append_data(picture[:height, :width])
            count += 1
            if told is not None:
                told(count)
    return count


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
