"""Shadows painted once: soft contact shadows under roofs, cast shadows of the sun outdoors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from viewer.scene_model import Group

SUN = np.array([0.52, 0.62, -1.05])
"""Direction in which the key light falls (x, y, z)."""

LARGEST = 1280  # pixels along a shadow texture's longer side
FINEST = 14.0  # pixels per metre


def footprints(group: Group) -> NDArray[np.float64]:
    """Corners of every element's footprint, shape [n, 4, 2]."""
    w, d, _ = group.product.size
    local = np.array(
        [[-w / 2, -d / 2, 0], [w / 2, -d / 2, 0], [w / 2, d / 2, 0], [-w / 2, d / 2, 0]], np.float32
    )
    rows = np.arange(len(group.index))
    return group.to_world(rows, local)[:, :, :2].astype(np.float64)


def shadow_texture(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    groups: Sequence[Group],
    strength: float,
    sunlit: bool,
    finest: float = FINEST,
) -> NDArray[np.uint8]:
    """RGBA picture (rows from low y to high y) of the shadows on the rectangle low..high (x, y).

    strength : opacity of the darkest spot; sunlit : cast by the sun, else a soft rim only
    finest : most pixels per metre
    """
    extent = high - low
    scale = min(finest, LARGEST / float(extent.max()))
    width, height = (max(2, int(np.ceil(e * scale))) for e in extent)
    contact = Image.new("L", (width, height), 0)
    cast = Image.new("L", (width, height), 0)
    draw_contact, draw_cast = ImageDraw.Draw(contact), ImageDraw.Draw(cast)
    for group in groups:
        if group.position[:, 2].max() > 1.0:
            continue
        tall = group.product.size[2]
        all_flat = (footprints(group) - low) * scale
        reach = tall * scale
        touched = (
            (all_flat.max(axis=1) > -reach).all(axis=1)
            & (all_flat[:, :, 0].min(axis=1) < width + reach)
            & (all_flat[:, :, 1].min(axis=1) < height + reach)
        )
        for flat in all_flat[touched]:
            draw_contact.polygon([tuple(c) for c in flat], fill=255)
            if sunlit:
                shift = SUN[:2] / -SUN[2] * tall * scale
                far = flat + shift
                draw_cast.polygon([tuple(c) for c in far], fill=255)
                for k in range(4):
                    sweep = (flat[k - 1], flat[k], far[k], far[k - 1])
                    draw_cast.polygon([tuple(c) for c in sweep], fill=255)
    near = np.asarray(contact.filter(ImageFilter.GaussianBlur(0.16 * scale)), np.float32) * 0.9
    wide = np.asarray(contact.filter(ImageFilter.GaussianBlur(0.55 * scale)), np.float32) * 0.8
    dark = np.maximum(near, wide)
    if sunlit:
        sun = np.asarray(cast.filter(ImageFilter.GaussianBlur(0.08 * scale)), np.float32)
        dark = np.maximum(dark, sun * 0.75)
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:, :, 3] = (np.float32(strength) * dark).astype(np.uint8)
    return pixels
