"""Figures of matplotlib as files, in the format that the ending names."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from twin.whole_files import write_file

DOTS_PER_INCH = 110


def write_figure(figure: Any, file: Path) -> None:
    """Write a figure (PNG, SVG or PDF); raises InputError when it cannot be written."""
    drawn = BytesIO()
    figure.savefig(drawn, format=file.suffix.lower().lstrip(".") or "png", dpi=DOTS_PER_INCH)
    write_file(file, drawn.getvalue())
