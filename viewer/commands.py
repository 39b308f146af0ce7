"""``twin view`` and ``twin render``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.addresses import is_address
from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import decimal, whole
from twin.errors import InputError
from twin.extras import need
from twin.numerals import whole_number
from twin.units import parse_quantity, spaced
from twin.whole_files import check_place

if TYPE_CHECKING:
    from twin.sources import SceneSource

DRAWING = ("pyvista", "vtkmodules", "PIL")
CAMERAS = "site, hall, aisle, rack, plant, one-line"


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of ``1280x720``. Raises InputError for anything else or a size of zero."""
    parts = text.lower().split("x")
    try:
        width, height = (whole_number(p) for p in parts)
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
    if is_address(target) or not folder.is_dir() or (folder / "zarr.json").is_file():
        return [target]
    files = sorted(str(p) for p in folder.iterdir() if p.suffix in (".yaml", ".yml"))
    if not files:
        raise InputError(
            "the folder holds no layouts", file=target, allowed="files ending in .yaml"
        )
    return files


def seconds_of(text: str, option: str) -> float:
    """Seconds of ``90s``, ``8min``, ``2 h`` or a plain number of seconds. Raises InputError."""
    written = spaced(text)
    allowed = "such as 90s, 8min, 2h"
    try:
        seconds = parse_quantity(written if " " in written else f"{written} s", "s")
    except ValueError as error:
        raise InputError(f"{option} {error}", key=option, found=text, allowed=allowed) from None
    if not 0 <= seconds < 1e9:
        raise InputError(
            f"{option} is not a simulated time", key=option, found=text, allowed=allowed
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
    beside: Annotated[
        str | None, typer.Option(help="Another of these, shown on the right by the same camera")
    ] = None,
) -> None:
    """Open a window on a live server, a layout, or a recording. Press h for the keys."""
    from viewer import gl_probe

    need("viewer", *DRAWING, what="twin view")
    pixels = parse_size(size)
    _check_camera(camera)
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
        size=pixels,
        beside=None if beside is None else opener(beside),
    )
    if channel is not None and viewer.scene is not None:
        try:
            viewer.scene.model.channel(channel)
        except InputError:
            viewer.close()
            raise
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
    video: Annotated[
        Path | None,
        typer.Option(
            help="Write a video (.mp4, .webm, .gif) instead: a recording from its start to its "
            "end, a layout over the time from --start to --end, anything else once around"
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="Length of the video", parser=decimal(0.1, 3600))
    ] = 10.0,
    rate: Annotated[float, typer.Option(help="Pictures per second", parser=decimal(1, 60))] = 24.0,
    turn: Annotated[
        float | None,
        typer.Option(help="Degrees the camera goes round during the video", parser=decimal()),
    ] = None,
    start: Annotated[str | None, typer.Option(help="Simulated time to begin at")] = None,
    end: Annotated[str | None, typer.Option(help="Simulated time to end at")] = None,
    heat: Annotated[
        str | None, typer.Option(help="Path of an accelerator: follow its heat to outdoor air")
    ] = None,
    air: Annotated[
        str, typer.Option(help="Slices of air temperature through the aisles: vertical, "
                          "horizontal, both, off (interpolated, not CFD)")
    ] = "off",
    beside: Annotated[
        str | None, typer.Option(help="Another of these, on the right of the picture")
    ] = None,
    beside_at: Annotated[
        str | None, typer.Option(help="Simulated time of the other (else as --at)")
    ] = None,
    difference: Annotated[
        bool, typer.Option("--difference", help="Colour the right by its difference to the left")
    ] = False,
    sheet: Annotated[
        int | None, typer.Option(help="Contact sheet of so many moments from --start to --end",
                                 parser=whole(1, 100))
    ] = None,
    context: typer.Context = None,  # type: ignore[assignment] # reports call it from Python
) -> None:  # fmt: skip
    """Draw a picture, a video or a contact sheet of what runs or ran, without a window."""
    from viewer import gl_probe

    _refuse_idle(context, beside, robot, video, sheet)
    need("viewer", *DRAWING, what="twin render")
    gl_probe.begin()
    from viewer.air import check_planes

    pixels = parse_size(size)
    _check_camera(camera)
    check_planes(air)
    moment = None if at is None else seconds_of(at, "--at")
    robot_moment = None if robot_at is None else seconds_of(robot_at, "--robot-at")
    begin = None if start is None else seconds_of(start, "--start")
    until = None if end is None else seconds_of(end, "--end")
    from viewer.video import Shot, check_video, past, pictures, sheet_of, span_of, write_video

    if video is not None:
        check_video(video)
    else:
        _check_output(output)
    from twin.sources import open_source

    if beside is not None:
        _alone(sheet=sheet, video=video, heat=heat, robot=robot, air=None if air == "off" else air)
        shown = None if channel in (None, "none", "") else channel
        then = moment if beside_at is None else seconds_of(beside_at, "--beside-at")
        picture = _pair(
            (target, moment), (beside, then), shown, camera, pixels, theme, focus,
            difference=difference, overlays=not plain, fit=fit,
        )  # fmt: skip
        _save(picture, output)
        return
    source = open_source(target)
    try:
        from viewer.offscreen import Renderer

        shown = None if channel in (None, "none", "") else channel
        source.select([*([shown] if shown is not None else []), *_beside(source, heat, air)])
        moving = video is not None or sheet is not None
        begin, until = _ends(span_of(source), begin, until, moving=moving)
        if turn is None:
            turn = 360.0 if video is not None and until is None else 0.0
        shot = Shot(shown, camera, focus, pixels, theme, fit, not plain, seconds, rate, turn,
                    begin, until, heat, air)  # fmt: skip
        renderer = Renderer(occlusion=video is None)
        try:
            if robot is not None:
                from viewer.robot import robot_actors

                renderer.load(source.scene, theme)
                for actor in robot_actors(robot, robot_moment):
                    renderer.plotter.renderer.AddActor(actor)
            if video is not None:
                if until is not None:
                    refuse_idle(context, "on a video of some time; give --start and --end", "at")
                elif moment is not None:
                    frame_at(source, moment)
                told = _progress(shot.count)
                write_video(video, pictures(source, shot, frame_at, renderer), rate, told)
                typer.echo(f"wrote {video}: {shot.count} pictures")
                return
            if sheet is not None:
                picture = sheet_of(source, shot, frame_at, renderer, sheet)
            else:
                frame = frame_at(source, moment)
                picture = renderer.render(
                    source.scene, frame, shown, camera, pixels, theme, focus,
                    overlays=not plain, fit=fit, events=past(source, frame), heat=heat,
                    air=air,
                )  # fmt: skip
        finally:
            renderer.close()
    finally:
        source.close()
    _save(picture, output)


def _refuse_idle(
    context: typer.Context | None,
    beside: str | None,
    robot: Path | None,
    video: Path | None,
    sheet: int | None,
) -> None:
    """Raise InputError for an option that does nothing for what is drawn."""
    if video is None:
        refuse_idle(context, "without --video", "seconds", "rate", "turn")
        if sheet is None:
            refuse_idle(context, "without --video or --sheet", "start", "end")
        else:
            refuse_idle(context, "with --sheet", "at")
    else:
        refuse_idle(context, "with --video", "output", "sheet")
    if beside is None:
        refuse_idle(context, "without --beside", "beside_at", "difference")
    if robot is None:
        refuse_idle(context, "without --robot", "robot_at")


def _check_camera(name: str) -> None:
    """Raise InputError for a camera that there is not, before anything is opened."""
    known = CAMERAS.split(", ")
    if name not in known:
        raise InputError("unknown camera preset", key="--camera", found=name, allowed=CAMERAS)


def _alone(**others: object) -> None:
    """Raise InputError for an option that pictures beside each other cannot have."""
    for name, value in others.items():
        if value is not None:
            raise InputError(
                f"--{name} does not go with --beside", key=f"--{name}", allowed="one of the two"
            )


def _save(picture: Any, output: Path) -> None:
    from viewer.picture_file import write_picture

    write_picture(picture, output)
    typer.echo(f"wrote {output}")


def _pair(
    one: tuple[str, float | None], other: tuple[str, float | None], channel: str | None, *how: Any,
    **more: Any,
) -> Any:  # fmt: skip
    """A picture of two targets at their times, side by side."""
    from twin.sources import open_source
    from viewer.beside import picture_beside

    shown = []
    for target, moment in (one, other):
        source = open_source(target)
        try:
            source.select([*([channel] if channel is not None else []), *_beside(source, None)])
            shown.append((source.scene, frame_at(source, moment)))
        finally:
            source.close()
    return picture_beside(shown[0], shown[1], channel, *how, **more)


def _beside(source: SceneSource, heat: str | None, air: str = "off") -> list[str]:
    """Channels that arrows along pipes, and the numbers of a heat path, need; those there are."""
    from twin.air_slices import CHANNELS
    from viewer.flow_arrows import FLOW_CHANNELS
    from viewer.heat_path import AIR, LIQUID, channels_of
    from viewer.one_line import LOADS

    levels, known = source.scene["levels"], {row["name"] for row in source.scene["channels"]}
    wanted = [*FLOW_CHANNELS, *LOADS, *(channels_of((*LIQUID, *AIR)) if heat is not None else ()),
              *(CHANNELS if air != "off" else ())]  # fmt: skip
    return [
        name
        for name in dict.fromkeys(wanted)
        if name in known and levels.get(name.partition(".")[0], {}).get("count", 0)
    ]


def _ends(
    span: tuple[float, float] | None, begin: float | None, until: float | None, *, moving: bool
) -> tuple[float | None, float | None]:
    """First and last simulated time of a video or sheet; (None, None): of one moment.

    Raises InputError for an end before the start.
    """
    if not moving:
        return None, None
    if span is not None:
        begin, until = span[0] if begin is None else begin, span[1] if until is None else until
    if until is None:
        return None, None
    begin = 0.0 if begin is None else begin
    if until < begin:
        raise InputError("--end lies before --start", key="--end", found=f"{until:g} s")
    return begin, until


def _progress(count: int) -> Callable[[int], None]:
    """Writes to standard error how far it is, ten times."""
    step = max(1, count // 10)

    def told(done: int) -> None:
        if done % step == 0 or done == count:
            typer.echo(f"{done} of {count} pictures", err=True)

    return told


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
    check_place(path, "--output")
