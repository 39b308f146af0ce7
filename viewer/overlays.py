"""Which panels lie over a view: put together here for the window and for pictures alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer import hud
from viewer.heat_path import line, values_of, way
from viewer.labels import place_labels
from viewer.lod import View
from viewer.markers import beyond
from viewer.numbers import scale_of
from viewer.picking import Hit
from viewer.scene_builder import SceneView
from viewer.text import Panel, rgba

SMALLEST = (240, 160)  # pixel; a smaller window has no room for overlays
ROWS = 14  # most values shown of the picked element


def hottest_rack(scene: SceneView, frame: Any) -> str:
    """Row and rack of the hottest accelerator, where the frame tells; else nothing."""
    there = getattr(frame, "values", {})
    for name, level in (("rack.temperature", "rack"), ("gpu.temperature", "gpu")):
        values = scene.values.get(name) if name in there else None
        if values is None or not np.isfinite(values).any():
            continue
        row = int(np.nanargmax(values))
        rack = row if level == "rack" else scene.model.rack_of_gpu(row)[0]
        return "/".join(scene.model.path("rack", rack).split("/")[-2:])
    return ""


@dataclass
class Overlays:
    """Makes panels, and keeps them as long as what they show stays the same."""

    kept: dict[str, tuple[Any, Panel]] = field(default_factory=dict)

    def panels(
        self,
        scene: SceneView,
        view: View,
        frame: Any,
        *,
        labels: bool = True,
        selected: Hit | None = None,
        banner: tuple[str, str] | None = None,
        help_on: bool = False,
        extra: Sequence[Panel] = (),
    ) -> list[Panel]:
        """Labels, figures, legend, the picked element, a banner (status, words) and help.

        extra : panels that labels leave free too
        """
        theme, size = scene.theme, view.size
        scale = max(0.6, min(2.0, size[1] / 720))
        look = (size, theme.name)
        out: list[Panel] = []
        if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
            return out
        if frame is not None:
            title = scene.model.title
            items = hud.kpi_items(
                float(frame.time),
                float(getattr(frame, "speed", 0.0)),
                bool(getattr(frame, "paused", False)),
                getattr(frame, "kpi", {}) or {},
                hottest_rack(scene, frame),
            )
            out.append(
                self._keep("kpi", (items, title, look),
                           lambda: hud.kpi_strip(title, items, theme, size, scale))
            )  # fmt: skip
        out += extra
        channel = scene.scale()
        if channel is not None:
            moment = getattr(frame, "sequence", None), getattr(frame, "time", None), id(frame)
            out.append(
                self._keep("legend", (channel, moment, look),
                           lambda: hud.legend(channel, scene.shown_values(), theme, size, scale))
            )  # fmt: skip
        if scene.air.on:
            left = out[-1].x if channel is not None else size[0]
            right = left - round(hud.MARGIN * scale)
            out.append(
                self._keep("air", (scene.air.facts, right, look),
                           lambda: scene.air.panel(theme, size, scale, right))
            )  # fmt: skip
        if selected is not None and scene.heat_of is None:  # the heat's numbers take its place
            rows = selection_rows(scene, selected)
            path = scene.model.path(selected.level, selected.index)
            out.append(
                self._keep("selection", (path, rows, look),
                           lambda: hud.table_panel(path, rows, theme, size, scale))
            )  # fmt: skip
        if banner is not None:
            status, words = banner
            out.append(
                self._keep("banner", (banner, look),
                           lambda: hud.banner(words, status, size, scale))
            )  # fmt: skip
        heat = heat_rows(scene)
        if heat:
            path = scene.model.path("gpu", scene.heat_of or 0)
            out.append(
                self._keep("heat", (path, heat, look),
                           lambda: hud.table_panel(f"From die to outdoor air: {path}", heat, theme,
                                                   size, 0.88 * scale, "top-left"))
            )  # fmt: skip
        if help_on:
            out.append(self._keep("help", look, lambda: hud.help_panel(theme, size, scale)))
        signs = self._signs(scene, view, out, scale)
        if not labels:
            return [*signs, *out]
        return [*_labels(scene, view, [*signs, *out], scale), *signs, *out]

    def _signs(self, scene: SceneView, view: View, taken: list[Panel], scale: float) -> list[Panel]:
        """What failed, and the numbers of the heat's stages, written where it is."""
        theme, size = scene.theme, round(13.5 * scale)
        wanted = [(words, at, theme.status["limit"]) for words, at in scene.faults.anchors]
        wanted += [(words, at, theme.selection) for words, at in heat_signs(scene)]
        if scene.one_line.on:
            r, g, b = (0.25 + 0.6 * c for c in theme.wall_edge)
            wanted += [(words, at, (r, g, b)) for words, at in scene.one_line.signs]
        out: list[Panel] = []
        for words, at, colour in wanted:
            x, y, depth = view.project(at[None])[0]
            if depth <= 0:
                continue
            ink = (255, 255, 255, 255) if sum(colour) < 1.7 else (8, 12, 18, 255)
            image = hud.chip(words, size, ink, rgba(colour))
            panel = Panel(image, round(x - image.shape[1] / 2), round(y - image.shape[0]))
            if all(_apart(panel, other) for other in [*taken, *out]):
                out.append(panel)
        return out

    def _keep(self, name: str, key: Any, make: Callable[[], Panel]) -> Panel:
        known = self.kept.get(name)
        if known is None or known[0] != key:
            known = self.kept[name] = (key, make())
        return known[1]


def _apart(a: Panel, b: Panel) -> bool:
    """Whether two panels do not overlap."""
    return bool(
        a.x + a.image.shape[1] <= b.x
        or b.x + b.image.shape[1] <= a.x
        or a.y + a.image.shape[0] <= b.y
        or b.y + b.image.shape[0] <= a.y
    )


def heat_rows(scene: SceneView) -> list[tuple[str, str, str]]:
    """Title, temperature and status of every stage of the followed heat."""
    if scene.heat_of is None:
        return []
    stages, rows = way(scene.model, scene.heat_of)
    out = []
    for stage in stages:
        known = values_of(stage, rows, scene.values)
        names = {c.name for c in scene.model.channels}
        text, status = "no value", ""
        if stage.temperature in known and stage.temperature in names:
            channel = scene.model.channel(stage.temperature)
            text = scale_of(channel).text(known[stage.temperature])
            state = int(beyond(channel, np.array([known[stage.temperature]]))[0])
            status = ("", "warning", "limit")[state]
        out.append((stage.title, text, status))
        for name in stage.others:
            if name in known and name in names:
                channel = scene.model.channel(name)
                out.append((f"   {channel.title}", scale_of(channel).text(known[name]), "muted"))
    return out


def heat_signs(scene: SceneView) -> list[tuple[str, NDArray[np.float64]]]:
    """Words and place of the first stage of each level on the way of the followed heat."""
    if scene.heat_of is None:
        return []
    stages, rows = way(scene.model, scene.heat_of)
    points = line(scene.model, rows)
    out: list[tuple[str, NDArray[np.float64]]] = []
    seen: set[str] = set()
    for stage in stages:
        known = values_of(stage, rows, scene.values)
        if stage.level in seen or stage.level in ("row", "hall") or stage.temperature not in known:
            continue
        seen.add(stage.level)
        at = points[-1]
        if stage.level != "site":
            centre, size = scene.model.place(stage.level, rows[stage.level])
            lift = 1.0 - centre[2] if stage.level == "plant" else size[2] / 2 + 0.1
            at = centre + np.array([0.0, 0.0, lift])
        text = scale_of(scene.model.channel(stage.temperature)).text(known[stage.temperature])
        out.append((f"{stage.title}  {text}", at))
    return out


def _labels(scene: SceneView, view: View, panels: Sequence[Panel], scale: float) -> list[Panel]:
    taken = [(p.x, p.y, p.x + p.image.shape[1], p.y + p.image.shape[0]) for p in panels]

    def value_text(level: str, index: int) -> str | None:
        value = scene.value_of(level, index)
        if value is None or scene.channel is None:
            return None
        return scale_of(scene.channel).text(value)

    def hidden(point: NDArray[np.float64], tolerance: float) -> bool:
        return bool(scene.hidden(view, point[None], tolerance)[0])

    return place_labels(scene.labels, view, scene.theme, value_text, taken, scale, hidden)


def selection_rows(scene: SceneView, selected: Hit) -> list[tuple[str, str, str]]:
    """Caption, value and status of everything known about an element."""
    level, index = selected.level, selected.index
    rows = [("what it is", _product_title(scene, level, index), "")]
    for channel in scene.model.channels:
        values = scene.values.get(channel.name)
        if channel.level != level or values is None or index >= len(values):
            continue
        value = float(values[index])
        state = int(beyond(channel, np.array([value]))[0]) if np.isfinite(value) else 0
        rows.append((channel.title, scale_of(channel).text(value), ("", "warning", "limit")[state]))
    return rows[: ROWS + 1]


def _product_title(scene: SceneView, level: str, index: int) -> str:
    if level == "gpu":
        rack, _ = scene.model.rack_of_gpu(index)
        return f"accelerator of {scene.model.place_of_rack(rack)[0].product.title}"
    for group in scene.model.groups_of(level):
        if np.any(group.index == index):
            return group.product.title
    return level
