"""Small pictures of products, drawn in software: the same on every machine, no display needed.

Triangles go through a depth buffer with one lamp, a fill light and the sky; edges are smoothed by
drawing larger and averaging. A renderer of another package can take its place, see
:data:`twin.usd.product_asset.Thumbnailer`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.meshes import MATERIALS, Part
from physics.jit import kernel
from twin.usd.colours import linear_colour
from twin.usd.surfaces import corner_normals

OVERSAMPLING = 3
FIELD_OF_VIEW = 28.0  # deg
AZIMUTH, ELEVATION = -58.0, 20.0  # deg: from the front, a little from the right and above
MARGIN = 1.06  # of the model's extent
BACKGROUND = (0.955, 0.962, 0.972)  # sRGB
LAMP = np.array([-0.35, -0.75, 0.85])
AMBIENT, SKY, FILL, KEY = 0.16, 0.24, 0.18, 0.75


@kernel()
def _draw(
    screen: NDArray[np.float64],
    colour: NDArray[np.float64],
    depth: NDArray[np.float64],
    picture: NDArray[np.float64],
) -> None:
    """Rasterise triangles into ``picture`` with the depth buffer ``depth``.

    screen [n, 3, 3]: x, y in pixels and 1/distance of the corners; colour [n, 3, 3] of the corners
    depth [h, w]: largest 1/distance so far; picture [h, w, 3]
    """
    height, width = depth.shape
    for t in range(screen.shape[0]):
        x0, y0, w0 = screen[t, 0]
        x1, y1, w1 = screen[t, 1]
        x2, y2, w2 = screen[t, 2]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0.0:
            continue
        left = max(int(np.floor(min(x0, x1, x2))), 0)
        right = min(int(np.ceil(max(x0, x1, x2))) + 1, width)
        top = max(int(np.floor(min(y0, y1, y2))), 0)
        bottom = min(int(np.ceil(max(y0, y1, y2))) + 1, height)
        for j in range(top, bottom):
            for i in range(left, right):
                px, py = i + 0.5, j + 0.5
                a = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) / area
                b = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) / area
                c = 1.0 - a - b
                if a < 0.0 or b < 0.0 or c < 0.0:
                    continue
                nearness = a * w0 + b * w1 + c * w2
                if nearness <= depth[j, i]:
                    continue
                depth[j, i] = nearness
                for k in range(3):
                    picture[j, i, k] = (
                        a * w0 * colour[t, 0, k]
                        + b * w1 * colour[t, 1, k]
                        + c * w2 * colour[t, 2, k]
                    ) / nearness


def thumbnail(parts: Sequence[Part], size: int) -> NDArray[np.uint8]:
    """Picture of a product as it stands closed, shape [size, size, 3], sRGB."""
    shown = [part for part in parts if part.shown != "open"]
    corners, normals, base = [], [], []
    for part in shown:
        points = np.asarray(part.mesh.vertices, dtype=np.float64)
        faces = np.asarray(part.mesh.faces, dtype=np.int64)
        corners.append(points[faces])
        normals.append(corner_normals(points, faces).reshape(-1, 3, 3))
        look = MATERIALS[part.material]
        base.append(
            np.broadcast_to(np.array([*linear_colour(part.colour), look.metallic]), (len(faces), 4))
        )
    triangles = np.concatenate(corners)
    view, eye, right, up = _camera(triangles.reshape(-1, 3))
    pixels = size * OVERSAMPLING
    offset = triangles - eye
    distance = offset @ view
    focal = 0.5 * pixels / np.tan(np.deg2rad(0.5 * FIELD_OF_VIEW))
    screen = np.stack(
        [
            0.5 * pixels + focal * (offset @ right) / distance,
            0.5 * pixels - focal * (offset @ up) / distance,
            1.0 / distance,
        ],
        axis=-1,
    )
    colour = _shade(
        np.concatenate(base),
        np.concatenate(normals).astype(np.float64),
        -offset / np.linalg.norm(offset, axis=-1, keepdims=True),
    )
    background = np.array(linear_colour(BACKGROUND))
    picture = np.tile(background, (pixels, pixels, 1))
    _draw(screen, colour, np.zeros((pixels, pixels)), picture)
    small = picture.reshape(size, OVERSAMPLING, size, OVERSAMPLING, 3).mean(axis=(1, 3))
    encoded = np.where(small <= 0.0031308, 12.92 * small, 1.055 * small ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255.0 * np.clip(encoded, 0.0, 1.0)), dtype=np.uint8)


def _camera(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """View direction, eye, right and up so that all points lie inside the picture."""
    azimuth, elevation = np.deg2rad(AZIMUTH), np.deg2rad(ELEVATION)
    view = -np.array(
        [
            np.cos(azimuth) * np.cos(elevation),
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
        ]
    )
    right = np.cross(view, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, view)
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    spread = points - middle
    slope = np.tan(np.deg2rad(0.5 * FIELD_OF_VIEW)) / MARGIN
    reach = np.maximum(np.abs(spread @ right), np.abs(spread @ up)) / slope - spread @ view
    return view, middle - view * reach.max(), right, up


def _shade(
    base: NDArray[np.float64], normal: NDArray[np.float64], towards_eye: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Linear colour of every corner [n, 3, 3]: lamp, sky, fill from the eye, and a highlight."""
    lamp = LAMP / np.linalg.norm(LAMP)
    key = np.clip(normal @ lamp, 0.0, None)
    sky = 0.5 + 0.5 * normal[..., 2]
    fill = np.abs(np.einsum("ijk,ijk->ij", normal, towards_eye))
    light = AMBIENT + KEY * key + SKY * sky + FILL * fill
    half = lamp + towards_eye
    half /= np.linalg.norm(half, axis=-1, keepdims=True)
    shine = np.clip(np.einsum("ijk,ijk->ij", normal, half), 0.0, None) ** 40
    metallic = base[:, None, 3]
    return np.asarray(
        base[:, None, :3] * light[..., None]
        + (0.04 + 0.25 * metallic * shine)[..., None] * shine[..., None]
    )
