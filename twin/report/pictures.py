"""3D pictures of a recording, drawn by whatever package offers the ``render`` command.

The twin knows no viewer; a viewer that is installed beside it registers itself as an entry point.
"""

from __future__ import annotations

import base64
import contextlib
import io
import tempfile
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.extras import install_command

FORMAT = "webp"


@dataclass(frozen=True)
class Shot:
    """One picture: what it shows and how."""

    caption: str
    channel: str | None
    camera: str
    at: float
    focus: str | None = None
    size: str = "1600x900"
    fit: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture as a data address that a page holds within itself."""

    shot: Shot
    address: str


def renderer() -> Any | None:
    """The ``render`` command of an installed viewer, or None."""
    for entry in entry_points(group="twin.commands", name="render"):
        try:
            return entry.load()
        except ImportError:
            return None
    return None


def draw(target: Path, shots: list[Shot]) -> tuple[list[Picture], str]:
    """Pictures of a recording, and why some or all are missing ("" when none is)."""
    command = renderer()
    if command is None:
        return [], f"3D pictures need the viewer. To install: {install_command('viewer')}"
    pictures: list[Picture] = []
    with tempfile.TemporaryDirectory(prefix="twin-report-") as folder:
        for number, shot in enumerate(shots):
            file = Path(folder) / f"{number}.{FORMAT}"
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    command(
                        str(target),
                        output=file,
                        at=f"{max(shot.at, 0.0)}s",
                        channel=shot.channel,
                        camera=shot.camera,
                        focus=shot.focus,
                        size=shot.size,
                        theme="dark",
                        fit=shot.fit,
                        plain=False,
                    )
            except (TwinError, ImportError) as error:
                return pictures, f"3D pictures could not be drawn: {error}"
            data = base64.b64encode(file.read_bytes()).decode("ascii")
            pictures.append(Picture(shot, f"data:image/{FORMAT};base64,{data}"))
    return pictures, ""
