"""What engineers do in the window beyond looking: follow heat, chart, scrub, measure, cut.

Everything the keys do is a method, so it can be driven without a window too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.air_slices import PLANES
from twin.errors import TwinError
from viewer.charts import Lines, chart_panel
from viewer.heat_path import channels_of, way
from viewer.highlights import faults_in_force
from viewer.lod import View
from viewer.one_line import LOADS
from viewer.picking import Hit
from viewer.probes import Probes
from viewer.recorder import Recorder
from viewer.search import Search
from viewer.text import Panel
from viewer.time_bar import TimeBar, time_at, time_panel
from viewer.travel import Travel

if TYPE_CHECKING:
    from viewer.window import Viewer

EVENTS_EVERY = 1.0  # s between looks at what happened


class Tools:
    """State of everything that lies beside the picture of a viewer."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.lines = Lines()
        self.events: list[dict[str, Any]] = []
        self.latest = 0.0  # latest simulated time seen
        self.probes = Probes(viewer)
        self.travel = Travel(viewer)
        self.recorder = Recorder(viewer)
        self.search = Search(viewer)
        self._asked = -1e9
        self._moved = time.monotonic()

    # --- frames -------------------------------------------------------------------------------

    def scene_changed(self) -> None:
        """Another scene is shown: what was about the last one goes."""
        self.lines.lines.clear()
        self.events, self.latest, self._asked = [], 0.0, -1e9
        self.probes.clear()
        self.search.text = None

    def wanted_channels(self) -> list[str]:
        """Channels that frames must hold for charts, the heat's numbers and the arrows."""
        scene = self.viewer.scene
        if scene is None:
            return []
        wanted = ["rack.temperature", *self.lines.channels()]  # the strip says where it is hottest
        if scene.flow.on:
            wanted += [run.channel for run in scene.flow.runs if run.channel]
        if scene.one_line.on:
            wanted += LOADS
        wanted += scene.air.wanted()
        if scene.heat_of is not None:
            wanted += channels_of(way(scene.model, scene.heat_of)[0])
        known = {c.name for c in scene.model.channels}
        return [name for name in dict.fromkeys(wanted) if name in known]

    def frame_came(self, frame: Any) -> None:
        """Take a frame: lines grow, and now and then what happened is asked for."""
        scene, source = self.viewer.scene, self.viewer.source
        assert scene is not None
        assert source is not None
        moment = float(frame.time)
        self.latest = moment  # less than before when somebody set time back
        self.lines.take(moment, scene.values)
        now = time.monotonic()
        if now - self._asked < EVENTS_EVERY:
            return
        self._asked = now
        try:
            self.events = source.events()
        except TwinError:
            return  # the banner tells of a lost connection
        past = [e for e in self.events if float(e["time"]) <= moment + 1e-6]
        scene.faults.show(scene.model, faults_in_force(past))

    def tick(self, now: float) -> bool:
        """Let the arrows run; True when the picture must be drawn again for them."""
        scene = self.viewer.scene
        seconds, self._moved = now - self._moved, now
        arrows = [] if scene is None else [scene.flow, scene.one_line.arrows]
        moving = [drawn for drawn in arrows if drawn.moving]
        if getattr(self.viewer.frame, "paused", True) or not moving:
            return False
        for drawn in moving:
            drawn.advance(min(seconds, 0.5))
        return not self.viewer.software  # a processor moves them when values come

    # --- time ---------------------------------------------------------------------------------

    @property
    def bar(self) -> TimeBar | None:
        """The line of time; None before the first frame."""
        frame, source = self.viewer.frame, self.viewer.source
        if frame is None:
            return None
        times = getattr(source, "times", None)
        hello = getattr(source, "hello", None) or {}
        if times is not None and len(times):
            begin, end = float(times[0]), float(times[-1])
        elif hello.get("recorded"):
            begin, end = (float(t) for t in hello["recorded"])
        else:
            begin, end = 0.0, max(self.latest, 1.0)
        events = getattr(getattr(source, "recording", None), "events", None) or self.events
        return TimeBar(begin, end, float(frame.time), events, bool(frame.paused))

    def seek(self, moment: float) -> None:
        """Go to a simulated time; a simulation forgets what came after."""
        self.viewer.playback.command("seek", value=moment)
        if not hasattr(self.viewer.source, "times"):
            self.latest = moment
        self._asked = -1e9

    def to_event(self, step: int) -> None:
        """To the next (1) or the last (-1) event."""
        bar = self.bar
        moment = None if bar is None else bar.event(step)
        if moment is None:
            self.viewer.say("no event there", "paused")
        else:
            self.seek(moment)

    def click(self, x: float, y: float, scale: float) -> bool:
        """A click at a pixel (y down): True when it was for the time bar or the measure."""
        bar = self.bar
        if bar is not None:
            moment = time_at(bar, self.viewer.window_size(), scale, x, y)
            if moment is not None:
                self.seek(moment)
                return True
        return self.probes.click(x, y)

    # --- toggles ------------------------------------------------------------------------------

    def toggle_flow(self) -> None:
        """Arrows along the pipes on or off."""
        scene = self.viewer.scene
        assert scene is not None
        scene.flow.on = not scene.flow.on
        self.viewer.select_channels()
        self.viewer.redraw()

    def toggle_one_line(self) -> None:
        """The power one-line on or off."""
        scene = self.viewer.scene
        assert scene is not None
        scene.show_one_line(not scene.one_line.on)
        self.viewer.select_channels()
        self.viewer.redraw()

    def next_air(self) -> None:
        """Slices of air through the aisles: upright, level, both, none."""
        scene = self.viewer.scene
        assert scene is not None
        if not scene.air.aisles:
            self.viewer.say("this scene tells of no aisles", "paused")
            return
        scene.air.show(PLANES[(PLANES.index(scene.air.planes) + 1) % len(PLANES)])
        scene.air.update(scene.values)
        self.viewer.say(f"slices of air: {scene.air.planes} (interpolated, not CFD)", "ok")
        self.viewer.select_channels()
        self.viewer.redraw()

    def toggle_isolation(self) -> None:
        """Only the picked elements with what feeds and cools them, or everything again."""
        scene = self.viewer.scene
        assert scene is not None
        if scene.isolation.on:
            scene.isolation.show(None)
            self.viewer.say("everything is shown", "ok")
        elif not self.viewer.chosen:
            self.viewer.say("pick elements first: click, ctrl + click for more", "paused")
        else:
            scene.isolation.show([(hit.level, hit.index) for hit in self.viewer.chosen])
            self.viewer.say("only what is picked, what feeds and what cools it: i ends it", "ok")
        self.viewer.redraw()

    def toggle_heat(self) -> None:
        """The way of the picked accelerator's heat, or of the hottest (in the picked rack)."""
        scene = self.viewer.scene
        assert scene is not None
        if scene.heat_of is not None or not scene.model.count("gpu"):
            scene.show_heat(None)
        else:
            scene.show_heat(self._hottest())
        self.viewer.select_channels()
        self.viewer.redraw()

    def _hottest(self) -> int:
        scene, hit = self.viewer.scene, self.viewer.selected
        assert scene is not None
        if hit is not None and hit.level == "gpu":
            return hit.index
        first, last = 0, scene.model.count("gpu")
        if hit is not None and hit.level == "rack":
            first, last = (int(v) for v in scene.model.rack_first_gpu[hit.index : hit.index + 2])
        values = scene.values.get("gpu.temperature")
        if values is None or len(values) < last or not np.isfinite(values[first:last]).any():
            return first
        return first + int(np.nanargmax(values[first:last]))

    def pin(self) -> None:
        """The picked element's line on the chart, or off it."""
        scene, hit = self.viewer.scene, self.viewer.selected
        assert scene is not None
        if hit is None:
            self.viewer.say("pick an element first", "paused")
            return
        if self.lines.toggle(scene.model, hit.level, hit.index, scene.channel):
            line = self.lines.lines[-1]
            recording = getattr(self.viewer.source, "recording", None)
            known = {c.name for c in getattr(recording, "channels", ())}
            if recording is not None and line.channel.name in known:
                times, values = recording.history(line.channel.name, line.index, 0.0, 1e12, 1000)
                line.before(times, values)
        self.viewer.select_channels()
        self.viewer.redraw()

    # --- overlays -----------------------------------------------------------------------------

    def panels(self, view: View, scale: float) -> list[Panel]:
        """Time bar, charts and the measured distance."""
        scene, out = self.viewer.scene, []
        assert scene is not None
        theme, window = scene.theme, self.viewer.window_size()
        bar = self.bar
        if bar is not None:
            out.append(time_panel(bar, theme, window, scale))
        if self.lines.lines:
            below = 0 if bar is None else round(56 * scale)
            out.append(chart_panel(scene.model, self.lines, theme, window, scale, below))
        out += self.probes.panels(view, scale)
        out += self.recorder.panels(scale) + self.search.panels(scale)
        return out

    def picked(self, hit: Hit | None) -> None:
        """An element was picked: the heat follows it."""
        scene = self.viewer.scene
        assert scene is not None
        if scene.heat_of is not None and hit is not None and hit.level in ("gpu", "rack"):
            scene.show_heat(self._hottest())
