"""Lettering: fonts that come with Pillow and matplotlib, and pictures of text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rgba = tuple[int, int, int, int]


@dataclass(frozen=True)
class Panel:
    """A picture lying over the view: RGBA bytes (h, w, 4), its upper left corner [pixel]."""

    image: NDArray[np.uint8]
    x: int
    y: int


@cache
def font(size: int, characters: str = "") -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font of ``size`` pixels; another one where the first lacks one of ``characters``.

    Pillow's own font covers Latin-1; matplotlib's DejaVu has nearly everything else.
    """
    if any(ord(c) > 255 for c in characters):
        import matplotlib

        path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
        return ImageFont.truetype(str(path), round(size * 0.93))
    return ImageFont.load_default(size)


def _odd(text: str) -> str:
    return "".join(sorted({c for c in text if ord(c) > 255}))


def rgba(colour: tuple[float, ...], opacity: float = 1.0) -> Rgba:
    """A theme colour (0..1) as bytes."""
    alpha = colour[3] if len(colour) > 3 else opacity
    r, g, b = (round(255 * c) for c in colour[:3])
    return r, g, b, round(255 * alpha)


def text_width(text: str, size: int) -> int:
    """Width of a line of text [pixel]."""
    return int(np.ceil(font(size, _odd(text)).getlength(text)))


def draw_text(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    text: str,
    size: int,
    fill: Rgba,
    anchor: str = "ls",
) -> None:
    """Write a line; ``anchor`` as in Pillow ("ls": left, on the base line)."""
    draw.text((x, y), text, font=font(size, _odd(text)), fill=fill, anchor=anchor)


def canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty transparent picture and what draws on it."""
    image = Image.new("RGBA", (max(1, width), max(1, height)), (0, 0, 0, 0))
    return image, ImageDraw.Draw(image)


def plate(width: int, height: int, fill: Rgba, radius: int = 8) -> Image.Image:
    """A panel's background with smooth rounded corners."""
    big = 3
    image = Image.new("RGBA", (width * big, height * big), (*fill[:3], 0))
    ImageDraw.Draw(image).rounded_rectangle(
        (0, 0, width * big - 1, height * big - 1), radius * big, fill=fill
    )
    return image.resize((width, height), Image.Resampling.LANCZOS)


def overlay(picture: NDArray[np.uint8], panels: list[Panel]) -> NDArray[np.uint8]:
    """``picture`` (h, w, 3) with the panels laid over it."""
    base = Image.fromarray(picture).convert("RGBA")
    for panel in panels:
        image = Image.fromarray(panel.image)
        left, top = max(0, -panel.x), max(0, -panel.y)
        if left < image.width and top < image.height:
            base.alpha_composite(image, (max(0, panel.x), max(0, panel.y)), (left, top))
    return np.asarray(base.convert("RGB"))
