"""``twin view`` and ``twin render``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.errors import InputError

if TYPE_CHECKING:
    from twin.sources import SceneSource

CAMERAS = "site, hall, aisle, rack, plant, one-line"


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of ``1280x720``. Raises InputError for anything else or a size of zero."""
    parts = text.lower().split("x")
    try:
        width, height = (int(p) for p in parts)
    except ValueError:
        width = height = 0
    if width < 1 or height < 1 or width > 8192 or height > 8192:
        raise InputError(
            "not a picture size",
            key="--size",
            found=text,
            allowed="such as 1280x720, up to 8192x8192",
        )
    return width, height


def layouts_in(target: str) -> list[str]:
    """What to show: the target itself, or every layout file of a folder of layouts.

    Raises InputError for a folder without any.
    """
    folder = Path(target)
    if "://" in target or not folder.is_dir() or (folder / "zarr.json").is_file():
        return [target]
    files = sorted(str(p) for p in folder.iterdir() if p.suffix in (".yaml", ".yml"))
    if not files:
        raise InputError(
            "the folder holds no layouts", file=target, allowed="files ending in .yaml"
        )
    return files


_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "hour": 3600.0, "d": 86400.0}


def seconds_of(text: str, option: str) -> float:
    """Seconds of ``90s``, ``8min``, ``2 h`` or a plain number of seconds. Raises InputError."""
    word = text.strip()
    unit = word.lstrip("0123456789.+-")
    try:
        seconds = float(word[: len(word) - len(unit)]) * _SECONDS[unit.strip()]
    except (ValueError, KeyError):
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise InputError(
            f"{option} is not a simulated time",
            key=option,
            found=text,
            allowed="such as 90s, 8min, 2h",
        )
    return seconds


def view(
    target: Annotated[
        str,
        typer.Argument(help="Address of a server, a layout, a folder of layouts, or a recording"),
    ] = "ws://127.0.0.1:8000",
    channel: Annotated[str | None, typer.Option(help="Channel to show first")] = None,
    camera: Annotated[str, typer.Option(help=f"First camera: {CAMERAS}")] = "hall",
    theme: Annotated[str, typer.Option(help="dark or light")] = "dark",
    size: Annotated[str, typer.Option(help="Size of the window in pixels")] = "1280x720",
) -> None:
    """Open a window on a live server, a layout, or a recording. Press h for the keys."""
    from viewer import gl_probe

    gl_probe.begin()
    from twin.sources import open_source
    from viewer.window import Viewer

    def opener(address: str) -> Callable[[], SceneSource]:
        return lambda: open_source(address)

    viewer = Viewer(
        [opener(t) for t in layouts_in(target)],
        channel=channel,
        camera=camera,
        theme=theme,
        size=parse_size(size),
    )
    viewer.show()


def render(
    target: Annotated[
        str, typer.Argument(help="A layout, a recording, or the address of a server")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Picture file, such as picture.png")
    ] = Path("picture.png"),
    at: Annotated[
        str | None, typer.Option(help="Simulated time, such as 8min; of a server: now")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="Channel that colours the elements; none: their materials")
    ] = "gpu.temperature",
    camera: Annotated[str, typer.Option(help=f"Camera: {CAMERAS}")] = "hall",
    focus: Annotated[
        str | None, typer.Option(help="Path of the element the camera is about")
    ] = None,
    size: Annotated[str, typer.Option(help="Size of the picture in pixels")] = "1280x720",
    theme: Annotated[str, typer.Option(help="dark or light")] = "dark",
    fit: Annotated[
        bool, typer.Option("--fit", help="Colour range of the values instead of the channel's")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="No legend, figures and labels")] = False,
    robot: Annotated[
        Path | None, typer.Option(help="robot.json of a task (twin robot), drawn as well")
    ] = None,
    robot_at: Annotated[
        str | None, typer.Option(help="Time in the robot's task, such as 40s (else half way)")
    ] = None,
) -> None:
    """Draw a picture of a layout, a recording or a live server, without a window."""
    from viewer import gl_probe

    gl_probe.begin()
    pixels = parse_size(size)
    moment = None if at is None else seconds_of(at, "--at")
    robot_moment = None if robot_at is None else seconds_of(robot_at, "--robot-at")
    _check_output(output)
    from twin.sources import open_source

    source = open_source(target)
    try:
        from viewer.offscreen import Renderer

        shown = None if channel in (None, "none", "") else channel
        if shown is not None:
            source.select([shown])
        frame = frame_at(source, moment)
        renderer = Renderer()
        try:
            if robot is not None:
                from viewer.robot import robot_actors

                renderer.load(source.scene, theme)
                for actor in robot_actors(robot, robot_moment):
                    renderer.plotter.renderer.AddActor(actor)
            picture = renderer.render(
                source.scene,
                frame,
                shown,
                camera,
                pixels,
                theme,
                focus,
                overlays=not plain,
                fit=fit,
            )
        finally:
            renderer.close()
    finally:
        source.close()
    from PIL import Image

    Image.fromarray(picture).save(output)
    typer.echo(f"wrote {output}")


def frame_at(source: SceneSource, moment: float | None) -> Any:
    """The frame of a simulated time: a recording is sought, a layout simulated up to it.

    Raises InputError for a time on a live server.
    """
    if moment is None:
        return source.wait()
    seek = getattr(source, "at", None)
    if seek is not None:
        return seek(moment)
    advance = getattr(source, "advance", None)
    if advance is None:
        raise InputError("a live server has only the present", key="--at", allowed="leave --at out")
    source.command("pause")
    now = source.wait()
    return advance(moment - now.time) if moment > now.time else now


def _check_output(path: Path) -> None:
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise InputError(
            "unknown picture format", key="--output", found=str(path), allowed=".png, .jpg, .webp"
        )
    if not path.parent.is_dir():
        raise InputError(
            "the picture's folder does not exist", key="--output", found=str(path.parent)
        )
