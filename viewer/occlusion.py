"""Ambient occlusion of a finished picture: corners and gaps get darker, from its depth alone.

For each pixel the surface's normal follows from its neighbours' depths; samples around it that lie
above its tangent plane, and near, take light away. The same on every machine, and independent of
what the graphics driver can do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from viewer.lod import View

Floats = NDArray[np.float32]
SAMPLES = 20
STRENGTH = 0.85
FADE = 0.35  # of the radius: how fast near samples count fully


def linear_depth(buffer: Floats, near: float, far: float, parallel: bool) -> Floats:
    """Distance along the line of sight [m] from a depth buffer's values 0..1."""
    buffer = buffer.astype(np.float32)
    if parallel:
        return near + buffer * np.float32(far - near)
    between = np.maximum(np.float32(far) - buffer * np.float32(far - near), 1e-6)
    return np.asarray(np.float32(near * far) / between)


def occlusion(depth: Floats, view: View, radius: float) -> Floats:
    """Share of ambient light that reaches each pixel, shape of ``depth``, 0..1.

    depth : along the line of sight [m], first row at the top; infinite where there is nothing
    view : of a picture as large as ``depth``; radius : reach of the effect [m]
    """
    height, width = depth.shape
    far = ~np.isfinite(depth)
    z = np.where(far, np.float32(1e6), depth).astype(np.float32)
    half = np.float32(height / 2)
    v = ((half - 0.5 - np.arange(height, dtype=np.float32)) / half)[:, None]
    u = ((np.arange(width, dtype=np.float32) - np.float32(width / 2 - 0.5)) / half)[None, :]
    if view.tangent == 0.0:
        scale = np.float32(view.parallel_scale)
        x, y = np.broadcast_to(u * scale, z.shape), np.broadcast_to(v * scale, z.shape)
        reach = np.full_like(z, radius * float(half) / view.parallel_scale)
    else:
        tangent = np.float32(view.tangent)
        x, y = u * tangent * z, v * tangent * z
        reach = np.float32(radius * float(half)) / (tangent * z)
    nx, ny, nz = _normals(x, y, z)
    reach = np.clip(reach, 2.0, 0.09 * height)
    rng = np.random.default_rng(7)
    turn = rng.random((4, 4)).astype(np.float32)
    turn = np.tile(turn, (height // 4 + 1, width // 4 + 1))[:height, :width]
    rows, columns = np.indices(z.shape, dtype=np.int32)
    taken = np.zeros_like(z)
    limit = np.float32(radius * radius)
    for k in range(SAMPLES):
        angle = np.float32(2 * np.pi) * (np.float32(k * 0.381966) + turn / SAMPLES * 4)
        distance = reach * np.float32(np.sqrt((k + 0.5) / SAMPLES))
        r = np.clip(rows + (np.sin(angle) * distance).astype(np.int32), 0, height - 1)
        c = np.clip(columns + (np.cos(angle) * distance).astype(np.int32), 0, width - 1)
        at = r * np.int32(width) + c
        dx, dy, dz = x.take(at) - x, y.take(at) - y, z.take(at) - z
        square = dx * dx + dy * dy + dz * dz
        above = dx * nx + dy * ny + dz * nz
        above -= np.float32(0.02 * radius)
        weight = np.maximum(1 - square / limit, 0)
        taken += weight * np.maximum(above, 0) / np.sqrt(square + np.float32((FADE * radius) ** 2))
    light = 1 - np.clip(taken * np.float32(2.6 * STRENGTH / SAMPLES), 0, STRENGTH)
    light[far] = 1.0
    return _smooth(light, z, radius)


def _normals(x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Unit normals towards the camera (which looks along +z), from the nearer neighbours."""

    def gradient(axis: int) -> tuple[Floats, Floats, Floats]:
        forward = [np.diff(a, axis=axis, append=np.take(a, [-1], axis)) for a in (x, y, z)]
        backward = [np.roll(a, 1, axis) for a in forward]
        first = (slice(0, 1), slice(None)) if axis == 0 else (slice(None), slice(0, 1))
        for f, b in zip(forward, backward, strict=True):
            b[first] = f[first]
        nearer = np.abs(forward[2]) < np.abs(backward[2])
        return tuple(np.where(nearer, f, b) for f, b in zip(forward, backward, strict=True))  # type: ignore[return-value]

    ax, ay, az = gradient(1)
    bx, by, bz = gradient(0)
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-20)
    sign = np.where(nx * x + ny * y + nz * z > 0, np.float32(-1), np.float32(1)) / length
    return nx * sign, ny * sign, nz * sign


def _smooth(light: Floats, z: Floats, radius: float) -> Floats:
    """Average over 4 x 4 pixels (the period of the sample turns), not across jumps of depth."""
    size = 5
    mean = uniform_filter(light, size)
    mean_z = uniform_filter(z, size)
    flat = np.abs(mean_z - z) < 0.25 * radius
    return np.where(flat, mean, light).astype(np.float32)
