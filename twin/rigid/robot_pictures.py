"""Pictures of a robot's round: thermal images and a map with lidar points, as PNG files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.extras import need
from twin.rigid.delivery import Delivery, HallFloor
from twin.rigid.outlines import Floats, outlines
from twin.rigid.robot_track import Track
from twin.whole_files import write_file

Pixels = NDArray[np.uint8]

IRON = np.array(
    [
        [0.00, 0.00, 0.08],
        [0.25, 0.00, 0.45],
        [0.70, 0.05, 0.50],
        [0.95, 0.40, 0.10],
        [1.00, 0.80, 0.15],
        [1.00, 1.00, 0.92],
    ]
)
"""sRGB stops from cold to hot, as thermal cameras show."""
SCALE = 40.0  # pixels per metre of a map
LARGEST = 3000  # pixels along a side of a map
BAR = 14  # pixels, width of a thermal image's scale


def thermal_pixels(temperature: Floats, low: float, high: float) -> Pixels:
    """A thermal image in colour with its scale at the right."""
    rows = len(temperature)
    bar = np.linspace(high, low, rows)[:, None] * np.ones((1, BAR))
    gap = np.full((rows, 4), np.nan)
    place = (np.hstack([temperature, gap, bar]) - low) / max(high - low, 1e-9)
    place = np.clip(np.nan_to_num(place, nan=0.0), 0.0, 1.0) * (len(IRON) - 1)
    colour = np.stack([np.interp(place, range(len(IRON)), IRON[:, k]) for k in range(3)], axis=-1)
    return np.asarray(255.0 * colour + 0.5).astype(np.uint8)


def floor_map(
    floor: HallFloor, track: Track, points: Floats, marks: Sequence[tuple[float, float]] = ()
) -> Pixels:
    """Plan of a hall: equipment grey, the robot's way blue, lidar points red, stops green."""
    way = np.array([[s.x, s.y] for s in track.samples])
    return _map(floor, points, list(pairwise(way)), marks)


def swept_map(brought: Delivery) -> Pixels:
    """Plan of a hall with the outlines of a rack at every corner of its way in."""
    lines = []
    for pose in brought.way:
        x, y, yaw = pose
        corners = outlines(np.array([[x, y]]), np.array([brought.size]), np.array([yaw]))[0]
        lines += [(a, b) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    lines += [(np.array(a[:2]), np.array(b[:2])) for a, b in pairwise(brought.way)]
    ends = [brought.way[-1][:2]] if brought.way else []
    return _map(brought.floor, np.empty((0, 2)), lines, ends)


def _map(
    floor: HallFloor,
    points: Floats,
    lines: Sequence[tuple[Floats, Floats]],
    marks: Sequence[tuple[float, float]],
) -> Pixels:
    box = floor.box
    length, width = float(box.x1 - box.x0), float(box.y1 - box.y0)
    scale = min(SCALE, LARGEST / max(length, width))
    shape = (math.ceil(width * scale) + 20, math.ceil(length * scale) + 20)
    image = np.full((*shape, 3), 250, dtype=np.uint8)

    def pixel(places: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        column = np.rint((places[:, 0] - box.x0) * scale).astype(np.int64) + 10
        row = shape[0] - 11 - np.rint((places[:, 1] - box.y0) * scale).astype(np.int64)
        return np.clip(row, 0, shape[0] - 1), np.clip(column, 0, shape[1] - 1)

    def line(a: Floats, b: Floats, colour: tuple[int, int, int]) -> None:
        count = max(2, math.ceil(2.0 * scale * float(np.hypot(*(b - a)))))
        share = np.linspace(0.0, 1.0, count)[:, None]
        image[pixel(a + share * (b - a))] = colour

    for outline in floor.obstacles:
        low, high = outline.min(axis=0), outline.max(axis=0)
        x, y = np.meshgrid(
            np.arange(low[0], high[0], 0.7 / scale), np.arange(low[1], high[1], 0.7 / scale)
        )
        inside = np.stack([x.ravel(), y.ravel()], axis=1)
        edge = np.roll(outline, -1, axis=0) - outline
        away = inside[:, None] - outline
        kept = (edge[:, 0] * away[..., 1] - edge[:, 1] * away[..., 0] >= 0.0).all(axis=1)
        image[pixel(inside[kept])] = (200, 204, 210)
    corners = np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]])
    for shape_corners, colour in [(corners, (60, 60, 60))] + [
        (outline, (110, 115, 125)) for outline in floor.obstacles
    ]:
        for a, b in zip(shape_corners, np.roll(shape_corners, -1, axis=0), strict=True):
            line(a, b, colour)
    if len(points):
        image[pixel(points)] = (220, 50, 40)
    for a, b in lines:
        line(a, b, (40, 90, 210))
    for mark in marks:
        row, column = pixel(np.array([mark]))
        r, c = int(row[0]), int(column[0])
        image[max(r - 3, 0) : r + 4, max(c - 3, 0) : c + 4] = (20, 150, 70)
    return image


def save_png(pixels: Pixels, file: Path) -> None:
    """Write a picture.

    Raises
    ------
    InputError : the file cannot be written
    MissingExtra : Pillow is not installed
    """
    need("robots", "PIL", what="A picture")
    from PIL import Image

    drawn = BytesIO()
    Image.fromarray(pixels).save(drawn, "PNG", optimize=True)
    write_file(file, drawn.getvalue())
