"""Names over things: which are shown, and where, so that none covers another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.hud import chip
from viewer.lod import View
from viewer.palette import Theme
from viewer.scene_model import SceneModel
from viewer.text import Panel, Rgba, rgba

MOST = 48
_LEAST = {"rack": 84.0, "cdu": 84.0, "panel": 84.0}
_PLACE_PRIORITY = {"site": 0, "slab": 0, "hall": 1, "plant": 1, "room": 2, "building": 2}
_LEVEL_PRIORITY = {"cdu": 3, "cooler": 3, "chiller": 3, "rack": 4, "crah": 4, "pump": 5}


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Labels of one kind: anchors (n, 3), how tall the labelled thing is [m], and from which height
    on the screen [pixel] up to which other a label is useful. choices (k, 3), for a single label:
    other anchors, of which the one lowest on the screen is taken."""

    level: str
    names: Sequence[str]
    anchors: NDArray[np.float64]
    height: float
    least: float
    most: float
    priority: int
    size: int
    rows: NDArray[np.int64]
    choices: NDArray[np.float64] | None = None


def label_sets(model: SceneModel) -> list[LabelSet]:
    """All labels of a scene."""
    sets = _place_labels(model) + _row_labels(model)
    for group in model.groups:
        size = group.product.size
        names = model.raw["levels"][group.level]["names"]
        anchors = group.position + np.array([0.0, 0.0, size[2] + 0.16])
        sets.append(
            LabelSet(
                group.level,
                [names[i] for i in group.index],
                anchors,
                max(size[2], 0.5),
                _LEAST.get(group.level, 46.0),
                4000.0,
                _LEVEL_PRIORITY.get(group.level, 4),
                12,
                group.index,
            )
        )
    return sorted(sets, key=lambda s: s.priority)


def _place_labels(model: SceneModel) -> list[LabelSet]:
    """Sites, halls, rooms, plants: from the structures that have a title."""
    sets = []
    titled: set[tuple[str, int, str]] = set()
    for s in sorted(model.raw.get("structures", []), key=lambda s: s["kind"] != "label"):
        title, level = str(s.get("title") or ""), str(s.get("level") or "")
        key = (level, int(s.get("index", 0)), title)
        yard = s["kind"] == "slab" and (level != "site" or model.count("site") < 2)
        if not title or key in titled or yard or s["kind"] == "floor":
            continue
        titled.add(key)
        low, size = np.array(s["position"], float), np.array(s["size"], float)
        anchor = low + size * [0.5, 0.5, 1.0] + [0, 0, 0.4]
        tall = float(max(size[0], size[1]))
        choices = None
        if s["kind"] == "slab":
            edges = ([0.5, 0.0, 1.0], [0.5, 1.0, 1.0], [0.0, 0.5, 1.0], [1.0, 0.5, 1.0])
            choices = low + size * np.array(edges)
        elif s["kind"] == "label":
            tall = max(tall, 12.0)
        priority = _PLACE_PRIORITY.get(level if s["kind"] == "label" else s["kind"], 2)
        letters = 15 if priority < 2 else 13
        sets.append(
            LabelSet(
                "", [title], anchor[None], tall, 60.0, 1600.0, priority, letters,
                np.zeros(1, np.int64), choices,
            )
        )  # fmt: skip
    return sets


def _row_labels(model: SceneModel) -> list[LabelSet]:
    """A name at the first rack of every row, for halls with several."""
    table = model.raw["levels"].get("rack", {})
    if table.get("parent") != "row" or model.count("row") < 2:
        return []
    parents = np.asarray(table["parent_index"])
    rows, first = np.unique(parents, return_index=True)
    anchors = np.empty((len(rows), 3))
    for k, rack in enumerate(first):
        group, place = model.place_of_rack(int(rack))
        anchors[k] = group.position[place] + np.array([0.0, 0.0, group.product.size[2] + 0.2])
    names = model.raw["levels"]["row"]["names"]
    return [
        LabelSet(
            "row", [names[r] for r in rows], anchors, 2.2, 22.0, 120.0, 2, 12, rows.astype(np.int64)
        )
    ]


def place_labels(
    sets: Sequence[LabelSet],
    view: View,
    theme: Theme,
    value_text: Callable[[str, int], str | None],
    taken: Sequence[tuple[float, float, float, float]] = (),
    scale: float = 1.0,
    hidden: Callable[[NDArray[np.float64], float], bool] | None = None,
) -> list[Panel]:
    """Pictures of the labels that fit: important and near ones first, none over another.

    value_text : text of an element's shown value, None where it has none
    taken : rectangles (x0, y0, x1, y1) that overlays occupy
    hidden : whether a point lies behind something, by more than a tolerance [m]
    """
    candidates = []
    for s in sets:
        anchors = s.anchors
        if s.choices is not None:
            spots = view.project(s.choices)
            anchors = s.choices[[int(np.argmax(np.where(spots[:, 2] > 0.05, spots[:, 1], -1e9)))]]
        place = view.project(anchors)
        tall = view.pixels(s.height, np.maximum(place[:, 2], 1e-3)) / scale
        good = (
            (place[:, 2] > 0.05)
            & (tall >= s.least)
            & (tall <= s.most)
            & (place[:, 0] > 0)
            & (place[:, 0] < view.size[0])
            & (place[:, 1] > 0)
            & (place[:, 1] < view.size[1])
        )
        for k in np.nonzero(good)[0].tolist():
            candidates.append((s.priority, float(place[k, 2]), s, k, place[k], anchors[k]))
    candidates.sort(key=lambda c: (c[0], c[1]))
    boxes = [np.array(t, float) for t in taken]
    panels: list[Panel] = []
    colours: Mapping[bool, tuple[Rgba, Rgba]] = {
        True: (rgba(theme.text), rgba(theme.panel)),
        False: (rgba(theme.text), rgba(theme.panel[:3], 0.62)),
    }
    for priority, _, s, k, spot, anchor in candidates:
        if len(panels) >= MOST:
            break
        text = s.names[k]
        value = value_text(s.level, int(s.rows[k])) if s.level else None
        if value:
            text = f"{text}  {value}"
        ink, back = colours[priority <= 1]
        image = chip(text, round(s.size * scale), ink, back)
        height, width = image.shape[:2]
        x, y = round(spot[0] - width / 2), round(spot[1] - height)
        if s.choices is not None:  # a site's name lies below it, and moves aside for overlays
            y = min(round(spot[1] + 4), view.size[1] - height - 4)
            for left, top, right, bottom in taken:
                if x < right and x + width > left and y < bottom and y + height > top:
                    x = round(left - width - 6)
        x = max(4, min(x, view.size[0] - width - 4))
        box = np.array([x - 3, y - 2, x + width + 3, y + height + 2], float)
        if any(_overlap(box, other) for other in boxes):
            continue
        if hidden is not None and hidden(anchor, 0.3):
            continue
        boxes.append(box)
        panels.append(Panel(image, x, y))
    return panels


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])
