"""A scene description as actors, kept up to date by frames and by the camera.

Actors are made and added once. A frame changes colours in place; a camera move changes which
instances are drawn at which level of detail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkActor, vtkLight, vtkRenderer

from viewer.accelerators import Accelerators
from viewer.air import AirLayer
from viewer.flow_arrows import FlowArrows
from viewer.heat_path import line, way
from viewer.highlights import FaultMarks, HeatLine
from viewer.instances import InstancedGroup
from viewer.isolate import Isolation
from viewer.labels import label_sets
from viewer.lod import View
from viewer.markers import AlarmMarkers, Outline
from viewer.merged import Routes
from viewer.numbers import fitted_range
from viewer.one_line import OneLine
from viewer.palette import Theme, colours_of
from viewer.picking import Hit, blocked, pick
from viewer.pulled_tray import PulledTray
from viewer.scene_model import Channel, Group, SceneModel, read_scene
from viewer.shadows import SUN
from viewer.surroundings import Surroundings, surroundings

Values = NDArray[np.float32]


@dataclass
class RackGroup:
    """Racks with accelerators: their covers' group, their opened group, their accelerators."""

    closed: InstancedGroup
    opened: InstancedGroup
    accelerators: Accelerators


class SceneView:
    """Everything drawn of a scene, in a renderer."""

    def __init__(self, raw: Mapping[str, Any], renderer: vtkRenderer, theme: Theme) -> None:
        self.model: SceneModel = read_scene(raw)
        self.renderer = renderer
        self.theme = theme
        self.channel: Channel | None = None
        self.fitted = False
        self.values: dict[str, Values] = {}
        self.reference: Mapping[str, Values] | None = None
        self.triangles = 0
        self.groups: list[InstancedGroup] = []
        self.racks: list[RackGroup] = []
        self._surroundings: Surroundings | None = None
        self.routes = Routes(self.model.raw, theme)
        self.markers = AlarmMarkers(theme)
        self.outline = Outline(theme)
        self.pulled = PulledTray(theme)
        self.flow = FlowArrows.of_pipes(self.model.raw, theme)
        self.one_line = OneLine(self.model, theme)
        self.air = AirLayer(self.model.raw, theme)
        self.faults = FaultMarks(theme)
        self.heat = HeatLine(theme)
        self.heat_of: int | None = None
        for group in self.model.groups:
            made = InstancedGroup(group, theme, self._add)
            self.groups.append(made)
            if group.level == "rack" and group.product.slot_names:
                self.racks.append(
                    RackGroup(
                        made,
                        InstancedGroup(group, theme, self._add, "open"),
                        Accelerators(group, self.model.rack_first_gpu, theme),
                    )
                )
        self._ancestors = {id(g.group): self._ancestors_of(g.group) for g in self.groups}
        self._gpu_colours = np.full((self.model.count("gpu"), 4), 255, np.uint8)
        self.labels = label_sets(self.model)
        self.isolation = Isolation(self)
        for actor in self._fixed_actors():
            renderer.AddActor(actor)
        self.set_theme(theme)

    def _add(self, actor: vtkActor) -> None:
        """Add an actor before the surroundings: what it covers of them is then not drawn."""
        around = self._surroundings.actors if self._surroundings is not None else []
        for other in around:
            self.renderer.RemoveActor(other)
        self.renderer.AddActor(actor)
        for other in around:
            self.renderer.AddActor(other)

    def _fixed_actors(self) -> list[vtkActor]:
        actors = [a for g in self.groups for a in g.actors.values()]
        for rack in self.racks:
            actors += [*rack.opened.actors.values(), *rack.accelerators.actors]
        for single in (self.routes, self.markers, self.outline, self.pulled, self.flow,
                       self.one_line, self.faults, self.heat, self.air):  # fmt: skip
            actors += single.actors
        return [*actors, self.isolation.actor]

    def _ancestors_of(self, group: Group) -> dict[str, NDArray[np.int64]]:
        """Row of each element's ancestor on every level above it."""
        out: dict[str, NDArray[np.int64]] = {}
        level, rows = group.level, group.index
        while True:
            table = self.model.raw["levels"].get(level, {})
            parent = table.get("parent")
            if parent is None:
                return out
            rows = np.asarray(table["parent_index"], dtype=np.int64)[rows]
            out[parent] = rows
            level = parent

    def remove(self) -> None:
        """Take every actor out of the renderer (before another scene is shown)."""
        around = self._surroundings.actors if self._surroundings is not None else []
        for actor in [*self._fixed_actors(), *around]:
            self.renderer.RemoveActor(actor)

    # --- look ---------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Change background, surroundings and lights; the equipment keeps its actors."""
        self.theme = theme
        if self._surroundings is not None:
            for actor in self._surroundings.actors:
                self.renderer.RemoveActor(actor)
        self._surroundings = surroundings(self.model, theme)
        for actor in self._surroundings.actors:
            self.renderer.AddActor(actor)
        for group in self.groups:
            group.set_theme(theme)
        for rack in self.racks:
            rack.opened.set_theme(theme)
            rack.accelerators.set_theme(theme)
        self.routes.set_theme(theme)
        self.markers.set_theme(theme)
        self.outline.set_theme(theme)
        self.pulled.set_theme(theme)
        for drawn in (self.flow, self.faults, self.heat, self.one_line, self.air):
            drawn.set_theme(theme)
        self.renderer.UseOITOff()  # shadows lie flat on the ground: no order to find, no extra pass
        self.renderer.GradientBackgroundOn()
        self.renderer.SetBackground(*theme.sky_bottom)
        self.renderer.SetBackground2(*theme.sky_top)
        _light(self.renderer, theme)
        self._paint()

    # --- values -------------------------------------------------------------------------------

    def set_channel(self, name: str | None) -> None:
        """Show a channel; None: everything in its own materials."""
        self.channel = None if name is None else self.model.channel(name)
        self._paint()

    def update(self, frame: Any) -> None:
        """Take a frame's values and recolour what shows the active channel."""
        start = getattr(frame, "start", None) or {}
        for name, values in frame.values.items():
            self.values[name] = self._whole(name, values, int(start.get(name, 0)))
        self.flow.update(self.values)
        self.one_line.update(self.values)
        if self.air.on:
            self.air.update(self.values)
        self._paint()

    def _whole(self, name: str, values: Values, start: int) -> Values:
        """Values of the whole level, NaN outside the part that the frame holds."""
        count = self.model.count(name.partition(".")[0])
        if start == 0 and len(values) == count:
            return values
        kept = self.values.get(name)
        whole = (
            kept if kept is not None and len(kept) == count else np.full(count, np.nan, np.float32)
        )
        whole = whole.copy()
        part = values[: max(0, count - start)]
        whole[start : start + len(part)] = part
        return whole

    def scale(self) -> Channel | None:
        """The active channel with the colour range in use: its own, or fitted to the values."""
        channel, values = self.channel, self.shown_values()
        if channel is not None and self.reference is not None:
            return difference_scale(channel, values)
        if channel is None or values is None or not self.fitted:
            return channel
        low, high = fitted_range(values, channel)
        return replace(channel, low=low, high=high)

    def shown_values(self) -> Values | None:
        """Values of the active channel for its whole level, less the reference's when there is one;
        None when there are none."""
        if self.channel is None:
            return None
        values = self.values.get(self.channel.name)
        if self.reference is None or values is None:
            return values
        other = self.reference.get(self.channel.name)
        if other is None or len(other) != len(values):
            return np.full(len(values), np.nan, np.float32)
        return values - other

    def value_of(self, level: str, index: int) -> float | None:
        """The active channel's value of an element, None when the channel is of another level."""
        values = self.shown_values()
        if self.channel is None or values is None or self.channel.level != level:
            return None
        return float(values[index]) if index < len(values) else None

    def _paint(self) -> None:
        channel, values = self.scale(), self.shown_values()
        if channel is not None and values is None:
            values = np.full(self.model.count(channel.level), np.nan, np.float32)
        gpu = channel is not None and channel.level == "gpu"
        colours = None
        if channel is not None and values is not None:
            scale = (channel.low, channel.high, channel.colormap, self.theme.missing)
            out = self._gpu_colours if gpu else None
            colours = colours_of(values, *scale, out=out)
        for group in self.groups:
            group.set_colours(None if gpu else self._group_colours(group.group, channel, colours))
        for rack in self.racks:
            if gpu and channel is not None and values is not None and colours is not None:
                means = self._means(rack.accelerators, values)
                scale = (channel.low, channel.high, channel.colormap, self.theme.missing)
                rack.accelerators.set_colours(colours, colours_of(means, *scale))
        self.routes.set_colours(channel, colours)
        self.markers.update(self, None if self.reference is not None else channel, values)

    def _group_colours(
        self, group: Group, channel: Channel | None, colours: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8] | None:
        if channel is None or colours is None:
            return None
        if group.level == channel.level:
            return colours[group.index]
        if self.model.groups_of(channel.level):
            return None  # the channel's own elements stand in the scene: only they show it
        above = self._ancestors[id(group)].get(channel.level)
        return None if above is None else colours[above]

    def _means(self, which: Accelerators, values: Values) -> Values:
        first = self.model.rack_first_gpu
        sums = np.add.reduceat(values, first[:-1].clip(max=max(len(values) - 1, 0)))
        return (sums / np.maximum(np.diff(first), 1))[which.group.index].astype(np.float32)

    # --- camera -------------------------------------------------------------------------------

    def refresh(self, view: View) -> int:
        """Choose levels of detail for the camera; returns the triangles drawn of equipment."""
        gpu = self.channel is not None and self.channel.level == "gpu"
        if self._surroundings is not None and self._surroundings.walls is not None:
            self._surroundings.walls.refresh(view.position)
        drawn = 0
        with_slots = {id(r.closed) for r in self.racks}
        for group in self.groups:
            if id(group) not in with_slots:
                drawn += group.refresh(view, self.isolation.shown(group.group))
        for rack in self.racks:
            which = rack.accelerators
            which.kept = self.isolation.shown(which.group)
            opened = hidden = np.zeros(len(rack.closed.group.index), bool)
            if gpu:
                opened = which.open_rows(view, rack.closed.centres, rack.closed.radius)
                drawn += which.refresh(view, opened, rack.closed.centres, rack.closed.radius)
                hidden = opened | which.far  # a far rack's card covers it
            else:
                which.hide()
            here = ~hidden if which.kept is None else ~hidden & which.kept
            drawn += rack.closed.refresh(view, here)
            drawn += rack.opened.refresh(view, opened)
        self.pulled.refresh(self.racks)
        self.markers.refresh(view)
        self.flow.refresh(view)
        self.one_line.refresh(view)
        self.triangles = drawn
        return drawn

    def clipping_range(self, view: View) -> tuple[float, float]:
        """Near and far plane [m] that cut nothing off and leave depth its resolution."""
        nearest = float(abs(view.position[2])) + 0.3
        for group in self.groups:
            offset = np.linalg.norm(group.centres - view.position, axis=1)
            nearest = min(nearest, float(offset.min()) - group.radius)
        reach = float(np.linalg.norm(self.model.bounds[1] - self.model.bounds[0]))
        middle = (self.model.bounds[0] + self.model.bounds[1]) / 2
        farthest = float(np.linalg.norm(middle - view.position)) + 8.0 * reach
        near = max(0.4 * nearest, 0.03, farthest / 5e4)
        return near, farthest

    def hidden(
        self, view: View, points: NDArray[np.float64], tolerance: float
    ) -> NDArray[np.bool_]:
        """Which points (n, 3) lie behind a wall or an element, by more than ``tolerance`` [m]."""
        out = np.zeros(len(points), bool)
        if self._surroundings is not None and self._surroundings.walls is not None:
            out |= self._surroundings.walls.hides(view.position, points)
        for k in np.nonzero(~out)[0]:
            out[k] = blocked(view, points[k], self.model.groups, tolerance)
        return out

    # --- picking ------------------------------------------------------------------------------

    def pick(self, view: View, x: float, y: float) -> Hit | None:
        """The element under a pixel (y down from the top); accelerators when they are shown."""
        gpu = self.channel is not None and self.channel.level == "gpu"
        shown = [r.accelerators for r in self.racks] if gpu else []
        if self.isolation.on:
            return pick(view, x, y, self.isolation.groups())
        return pick(view, x, y, self.model.groups, shown)

    def select(self, level: str | None, index: int = 0) -> None:
        """Outline an element; None: nothing."""
        if level is None:
            self.outline.hide()
        else:
            self.outline.show(self.model, level, index, self.pulled)

    def show_one_line(self, on: bool) -> None:
        """Draw the power one-line, or not."""
        self.one_line.show(on)
        self.one_line.update(self.values)

    def show_heat(self, gpu: int | None) -> None:
        """Draw the way of an accelerator's heat from its die to the sky; None: none."""
        self.heat_of = gpu
        self.heat.show(None if gpu is None else line(self.model, way(self.model, gpu)[1]))

    def draw_tray_out(self, rack: int | None, distance: float = 0.70) -> None:
        """Draw one compute tray of a rack out by ``distance`` [m]; None: push it back."""
        for r in self.racks:
            r.accelerators.tray_pull = None
        self.pulled.hide()
        if rack is None:
            return
        for r in self.racks:
            at = np.nonzero(r.closed.group.index == rack)[0]
            if len(at):
                tray = _tray_at(r.accelerators, 1.0)
                r.accelerators.tray_pull = (int(at[0]), tray, distance)
                self.pulled.show(r.accelerators, int(at[0]), tray, distance)


def difference_scale(channel: Channel, values: Values | None) -> Channel:
    """A channel for differences: as much to either side of nothing, without limits."""
    finite = np.abs(values[np.isfinite(values)]) if values is not None else np.empty(0)
    largest = float(np.percentile(finite, 99.5)) if len(finite) else 0.0
    largest = max(largest, 10 * channel.resolution, 1e-9)
    unit = 10.0 ** np.floor(np.log10(largest))
    end = float(np.ceil(largest / unit) * unit)
    return replace(
        channel, title=f"Difference: {channel.title}", low=-end, high=end, warning=None, limit=None,
        unit="delta_degC" if channel.unit == "degC" else channel.unit, colormap="difference",
    )  # fmt: skip


def _tray_at(which: Accelerators, height: float) -> int:
    """The tray whose middle is nearest to ``height`` [m]."""
    return int(np.argmin(np.abs((which.grid.low + which.grid.high) / 2 - height)))


def _light(renderer: vtkRenderer, theme: Theme) -> None:
    """A warm key light from the sun's direction, a cool fill and a light from behind."""
    renderer.RemoveAllLights()
    renderer.AutomaticLightCreationOff()
    sun = SUN / np.linalg.norm(SUN)
    for direction, power, colour in (
        (sun, theme.key_light, (1.0, 0.985, 0.96)),
        (np.array([-0.75, 0.45, -0.45]), theme.fill_light, (0.90, 0.95, 1.0)),
        (np.array([0.15, -0.85, -0.40]), theme.fill_light * 0.8, (0.95, 0.97, 1.0)),
    ):
        light = vtkLight()
        light.SetLightTypeToSceneLight()
        light.PositionalOff()
        light.SetFocalPoint(0.0, 0.0, 0.0)
        light.SetPosition(*(-direction / np.linalg.norm(direction)))
        light.SetIntensity(power)
        light.SetColor(*colour)
        renderer.AddLight(light)
