"""How much room there is before the faces of equipment, exactly."""

from __future__ import annotations

import numpy as np

from twin.rigid.outlines import Equipment, Floats, Rows, gaps, in_front, near_pairs

TOUCHING = 1e-3  # m that a space may be cut into by rounding
FACES = ("front", "rear", "left", "right")
"""Faces of a product; front is -y in its own frame."""


def close_pairs(equipment: Equipment, reach: float) -> tuple[Rows, Rows, Floats]:
    """All pairs of equipment at most ``reach`` [m] apart, and their exact distance [m].

    Rows of the first and second of each pair (the first smaller), and the distance of their
    outlines: negative where they overlap, as :func:`twin.rigid.outlines.gaps` has it.
    """
    shapes = equipment.outlines
    first, second = near_pairs(shapes, shapes, reach)
    once = first < second
    first, second = first[once], second[once]
    distance = gaps(shapes[first], shapes[second])
    near = distance <= reach
    return first[near], second[near], distance[near]


def free_depth(equipment: Equipment, face: str, needed: Floats) -> tuple[Floats, Rows]:
    """Free depth before a face of each piece, at most ``needed`` [m], and what bounds it (or -1).

    Exact: the nearest point of any other outline of the same room inside the strip before the face.
    """
    asking = np.flatnonzero(needed > 0.0)
    depth, cause = needed.copy(), np.full(len(equipment), -1, dtype=np.int64)
    if not asking.size:
        return depth, cause
    shapes = equipment.outlines
    strips = in_front(shapes[asking], needed[asking], face)
    a, b = near_pairs(strips, shapes, 0.0)
    other = (asking[a] != b) & (equipment.room[asking[a]] == equipment.room[b])
    a, b = a[other], b[other]
    deep = gaps(strips[a], shapes[b]) < -TOUCHING
    a, b = a[deep], b[deep]
    for k, obstacle in zip(a.tolist(), b.tolist(), strict=True):
        row = int(asking[k])
        free = _depth_before(strips[k], shapes[obstacle])
        if free < depth[row]:
            depth[row], cause[row] = free, obstacle
    return depth, cause


def _depth_before(strip: Floats, obstacle: Floats) -> float:
    """Distance from a strip's base (its last two corners) to a polygon clipped to the strip [m]."""
    base, tip = strip[3], strip[0]
    out = (tip - base) / np.linalg.norm(tip - base)
    along = strip[2] - strip[3]
    width = float(np.linalg.norm(along))
    along = along / width
    points = np.stack([(obstacle - base) @ along, (obstacle - base) @ out], axis=1)
    for limit, sign in ((0.0, 1.0), (width, -1.0)):
        kept = []
        for p, q in zip(points, np.roll(points, -1, axis=0), strict=True):
            inside_p, inside_q = sign * (p[0] - limit) >= 0.0, sign * (q[0] - limit) >= 0.0
            if inside_p:
                kept.append(p)
            if inside_p != inside_q:
                share = (limit - p[0]) / (q[0] - p[0])
                kept.append(p + share * (q - p))
        if not kept:
            return float("inf")
        points = np.array(kept)
    return max(0.0, float(points[:, 1].min()))
