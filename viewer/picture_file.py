"""A picture as a file, in the format that the ending names."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from twin.whole_files import write_file

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def write_picture(pixels: Any, file: Path) -> None:
    """Write pixels (height, width, 3); raises InputError when the file cannot be written."""
    drawn = BytesIO()
    Image.fromarray(pixels).save(drawn, FORMATS.get(file.suffix.lower(), "PNG"))
    write_file(file, drawn.getvalue())
