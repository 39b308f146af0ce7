"""Camera presets: from a scene and a name, always the same picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError
from viewer.lod import Quality, View
from viewer.scene_model import Group, SceneModel

Floats = NDArray[np.float64]
PRESETS = ("site", "hall", "aisle", "rack", "plant", "one-line")
MARGINS = (0.03, 0.17, 0.11, 0.04)
"""Shares of a picture of 16:9 left free for overlays: left, right, top, bottom."""


def margins(aspect: float) -> tuple[float, float, float, float]:
    """Shares left free in a picture of an aspect: what lies on the right is as wide in any."""
    left, right, top, bottom = MARGINS
    return left, min(0.42, right * (16 / 9) / aspect), top, bottom


@dataclass(frozen=True)
class Camera:
    """Where the camera is: position, what it looks at, up, full vertical view angle [deg].

    parallel_scale : half the height seen [m] in a parallel projection, None for perspective
    """

    position: tuple[float, float, float]
    focal_point: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    view_angle: float = 30.0
    parallel_scale: float | None = None

    def view(self, size: tuple[int, int], quality: Quality) -> View:
        """The camera as numbers for a window of ``size``."""
        position = np.array(self.position, float)
        direction = np.array(self.focal_point, float) - position
        direction /= np.linalg.norm(direction)
        up = np.array(self.up, float)
        up -= direction * np.dot(up, direction)
        up /= np.linalg.norm(up)
        flat = self.parallel_scale is not None
        return View(
            position,
            direction,
            up,
            0.0 if flat else float(np.tan(np.radians(self.view_angle) / 2)),
            float(self.parallel_scale or 1.0),
            size,
            quality,
        )


def preset(
    model: SceneModel, name: str, aspect: float = 16 / 9, focus: tuple[str, int] | None = None
) -> Camera:
    """The camera of preset ``name`` for a window of ``aspect`` (width / height).

    focus : level and row of the element it is about; by default the first hall, its first row, the
    rack in the middle of it, the first plant. Raises InputError for an unknown name.
    """
    if name not in PRESETS:
        raise InputError(
            "unknown camera preset", key="camera", found=name, allowed=", ".join(PRESETS)
        )
    makers = {
        "site": _site,
        "hall": _hall,
        "aisle": _aisle,
        "rack": _rack,
        "plant": _plant,
        "one-line": _one_line,
    }
    return makers[name](model, aspect, focus)


def _ancestor(model: SceneModel, focus: tuple[str, int] | None, level: str) -> int | None:
    """Row of the element of ``level`` that holds the focus; None when it does not apply."""
    if focus is None:
        return None
    return model.ancestor(*focus, level)


def focus_rack(model: SceneModel, focus: tuple[str, int] | None = None) -> int | None:
    """The rack that the presets ``aisle`` and ``rack`` are about."""
    if not model.count("rack"):
        return None
    chosen = _ancestor(model, focus, "rack")
    if chosen is not None:
        return chosen
    table = model.raw["levels"]["rack"]
    parents = np.asarray(table["parent_index"])
    row = _ancestor(model, focus, "row")
    if row is None:
        hall = _ancestor(model, focus, "hall")
        if hall is not None and table.get("parent") == "row":
            rows = np.asarray(model.raw["levels"]["row"]["parent_index"])
            inside = [int(r) for r in np.nonzero(rows == hall)[0] if np.any(parents == r)]
            row = inside[0] if inside else None
    if row is None:
        row = int(parents[0])
    members = np.nonzero(parents == row)[0]
    return int(members[len(members) // 2]) if len(members) else 0


def _corners(low: Floats, high: Floats) -> Floats:
    return np.array(
        [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )


def _group_corners(groups: Iterable[Group], keep: dict[str, NDArray[np.bool_]]) -> Floats:
    points = []
    for group in groups:
        rows = (
            np.nonzero(keep[group.level][group.index])[0] if group.level in keep else np.arange(0)
        )
        if len(rows):
            reach = np.linalg.norm(group.product.size[:2]) / 2
            low, high = group.position[rows].min(axis=0), group.position[rows].max(axis=0)
            high = high + np.array([reach, reach, group.product.size[2]])
            points.append(_corners(low - np.array([reach, reach, 0]), high))
    return np.concatenate(points) if points else np.empty((0, 3))


def fitted(points: Floats, azimuth: float, elevation: float, angle: float, aspect: float) -> Camera:
    """A camera that sees all ``points`` inside the margins.

    azimuth : where it stands, degrees from +x towards +y; elevation : degrees above the horizon;
    angle : full vertical view angle [deg]
    """
    a, e = np.radians(azimuth), np.radians(elevation)
    back = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    side = np.cross(-back, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    up = np.cross(side, -back)
    tangent = np.tan(np.radians(angle) / 2)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    near = (points - middle) @ back
    left, right, top, bottom = margins(aspect)
    bounds = (
        (side, (2 * left - 1) * aspect * tangent, (1 - 2 * right) * aspect * tangent),
        (up, (2 * bottom - 1) * tangent, (1 - 2 * top) * tangent),
    )
    # A point at height v over an axis is seen between the slopes low and high when
    # low (d - near) <= v - shift <= high (d - near); both must hold for one shift.
    ends = []
    for axis, low, high in bounds:
        v = (points - middle) @ axis
        ends.append((float((v + high * near).max()), float((v + low * near).min())))
    distance = max(
        (most - least) / (high - low)
        for (most, least), (_, low, high) in zip(ends, bounds, strict=True)
    )
    distance = max(distance, float(near.max()) + 0.1)
    focal = middle.copy()
    for (most, least), (axis, low, high) in zip(ends, bounds, strict=True):
        focal += axis * ((most - high * distance) + (least - low * distance)) / 2
    position = focal + back * distance
    return Camera(tuple(position.tolist()), tuple(focal.tolist()), view_angle=angle)


def _all_points(model: SceneModel) -> Floats:
    boxes = [
        _corners(np.array(s["position"], float), np.add(s["position"], s["size"]).astype(float))
        for s in model.raw.get("structures", [])
        if s["kind"] not in ("label", "slab")
    ]
    keep = {g.level: np.ones(model.count(g.level), bool) for g in model.groups}
    points = np.concatenate([*boxes, _group_corners(model.groups, keep)])
    return points if len(points) else _corners(*model.bounds)


def _site(model: SceneModel, aspect: float, focus: tuple[str, int] | None) -> Camera:
    points = _all_points(model)
    site = _ancestor(model, focus, "site")
    if site is not None and model.count("site") > 1:
        keep = {g.level: _under(model, g.level, "site", site) for g in model.groups}
        points = _group_corners(model.groups, keep)
    many = site is None and model.count("site") > 1
    azimuths = (196.0, 344.0, 238.0, 302.0) if many else (238.0, 212.0, 302.0, 328.0)
    return _fullest(points, azimuths, 52.0 if many else 33.0, 28.0, aspect)


def _fullest(
    points: Floats, azimuths: Sequence[float], elevation: float, angle: float, aspect: float
) -> Camera:
    """The one of several directions from which the points fill the picture best."""
    cameras = [fitted(points, azimuth, elevation, angle, aspect) for azimuth in azimuths]
    return min(cameras, key=lambda c: float(np.linalg.norm(np.subtract(c.position, c.focal_point))))


def _under(model: SceneModel, level: str, ancestor: str, index: int) -> NDArray[np.bool_]:
    """Which elements of ``level`` lie under an element of ``ancestor``."""
    rows = np.arange(model.count(level))
    name: str | None = level
    while name is not None and name != ancestor:
        table = model.raw["levels"][name]
        name = table.get("parent")
        if name is not None:
            rows = np.asarray(table["parent_index"])[rows]
    return rows == index if name == ancestor else np.zeros(len(rows), bool)


def _hall(model: SceneModel, aspect: float, focus: tuple[str, int] | None) -> Camera:
    hall = _ancestor(model, focus, "hall") or 0
    keep = {g.level: _under(model, g.level, "hall", hall) for g in model.groups}
    in_rows = {level: rows for level, rows in keep.items() if level in ("rack", "cdu", "panel")}
    points = _group_corners(model.groups, in_rows)
    if len(points):
        room = np.array([[-1.2, -1.2, 0.0], [1.2, 1.2, 0.4]])
        points = np.concatenate([points + room[0], points + room[1]])
    else:
        points = _group_corners(model.groups, keep)
    if not len(points):
        points = _all_points(model)
    return fitted(points, 238.0, 36.0, 30.0, aspect)


def _aisle(model: SceneModel, aspect: float, focus: tuple[str, int] | None) -> Camera:
    rack = focus_rack(model, focus)
    if rack is None:
        return _hall(model, aspect, focus)
    parents = np.asarray(model.raw["levels"]["rack"]["parent_index"])
    members = np.nonzero(parents == parents[rack])[0]
    places = np.array([model.place("rack", int(m))[0] for m in members[[0, -1]]])
    group, row = model.place_of_rack(rack)
    front = _front(group, row)
    along = np.array([-front[1], front[0], 0.0])  # to the right of someone facing the racks
    if np.dot(places[1] - places[0], along) < 0:
        places = places[::-1]
    depth, height = group.product.size[1], group.product.size[2]
    near, far = places[0], places[1]
    length = float(np.linalg.norm(far - near)) + group.product.size[0]
    stand = near - along * 1.3 + front * (depth / 2 + 1.75)
    look = near + along * min(max(0.42 * length, 1.8), 4.5) + front * (depth / 2)
    position = (stand[0], stand[1], 1.72)
    focal = (look[0], look[1], 0.53 * height)
    return Camera(position, focal, view_angle=48.0)


def _front(group: Group, row: int) -> Floats:
    """Unit vector out of an element's front (its -y side)."""
    c, s = group.rotation[row]
    return np.array([s, -c, 0.0], float)


def _rack(model: SceneModel, aspect: float, focus: tuple[str, int] | None) -> Camera:
    rack = focus_rack(model, focus)
    if rack is None:
        return _hall(model, aspect, focus)
    group, row = model.place_of_rack(rack)
    front = _front(group, row)
    along = np.array([-front[1], front[0], 0.0])
    foot = group.position[row].astype(float)
    depth, height = group.product.size[1:]
    reach = 1.08 * height
    stand = foot + front * (depth / 2 + reach) + along * (-0.42 * reach)
    focal = foot + front * (depth / 2) + along * (0.13 * reach * (aspect / 1.78))
    return Camera(
        (stand[0], stand[1], 1.12 * height), (focal[0], focal[1], 0.50 * height), view_angle=47.0
    )


def _plant(model: SceneModel, aspect: float, focus: tuple[str, int] | None) -> Camera:
    if not model.count("plant"):
        return _site(model, aspect, focus)
    plant = _ancestor(model, focus, "plant") or 0
    levels = [n for n, t in model.raw["levels"].items() if t.get("parent") == "plant"]
    keep = {level: _under(model, level, "plant", plant) for level in levels}
    points = _group_corners(model.groups, keep)
    if not len(points):
        return _site(model, aspect, focus)
    return fitted(points, 222.0, 27.0, 32.0, aspect)


def _one_line(model: SceneModel, aspect: float, focus: tuple[str, int] | None) -> Camera:
    """Everything electrical from above, without perspective."""
    site = _ancestor(model, focus, "site") or 0
    electrical = ("ups", "panel", "generator", "battery", "rack")
    levels = [n for n in model.raw["levels"] if n in electrical or n.endswith("transformer")]
    keep = {level: _under(model, level, "site", site) for level in levels}
    points = _group_corners(model.groups, keep)
    if not len(points):
        points = _all_points(model)
    angle = 8.0
    camera = _fullest(points, (270.0, 180.0), 62.0, angle, aspect)
    distance = float(np.linalg.norm(np.subtract(camera.position, camera.focal_point)))
    return replace(camera, parallel_scale=distance * float(np.tan(np.radians(angle) / 2)))
