"""Files that a command will write: refused before the work rather than after it."""

from __future__ import annotations

from pathlib import Path

from twin.errors import InputError
from twin.extras import need
from twin.whole_files import check_place

PICTURES = (".png", ".svg", ".pdf")
PAGES = (".html", ".htm")


def check_plot(path: Path | None, option: str, endings: tuple[str, ...] = PICTURES) -> None:
    """:func:`check_output`, and that the library is there which draws it."""
    if path is not None:
        need("study", "matplotlib", what=option)
    check_output(path, option, endings)


def check_output(
    path: Path | None, option: str, endings: tuple[str, ...] | None = PICTURES
) -> None:
    """Raise InputError for a path that cannot become a file of one of the endings.

    path : None is no file at all; option : the command's option, such as ``--plot``;
    endings : None for any
    """
    if path is None:
        return
    if endings is not None and path.suffix.lower() not in endings:
        raise InputError(
            "unknown file format", key=option, found=str(path), allowed=", ".join(endings)
        )
    check_place(path, option)
