"""Files that a command will write: refused before the work rather than after it."""

from __future__ import annotations

from pathlib import Path

from twin.errors import InputError
from twin.extras import need

PICTURES = (".png", ".svg", ".pdf")
PAGES = (".html", ".htm")


def check_plot(path: Path | None, option: str, endings: tuple[str, ...] = PICTURES) -> None:
    """:func:`check_output`, and that the library is there which draws it."""
    if path is not None:
        need("study", "matplotlib", what=option)
    check_output(path, option, endings)


def check_output(path: Path | None, option: str, endings: tuple[str, ...] = PICTURES) -> None:
    """Raise InputError for a path that cannot become a file of one of the endings.

    path : None is no file at all; option : the command's option, such as ``--plot``
    """
    if path is None:
        return
    if path.suffix.lower() not in endings:
        raise InputError(
            "unknown file format", key=option, found=str(path), allowed=", ".join(endings)
        )
    if not path.parent.is_dir():
        raise InputError("folder does not exist", key=option, found=str(path.parent))
    if path.is_dir():
        raise InputError("is a folder", key=option, found=str(path))
