"""What engineers do in the window beyond looking: follow heat, chart, scrub, measure, cut.

Everything the keys do is a method, so it can be driven without a window too.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPlane, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from twin.errors import TwinError
from viewer import hud
from viewer.camera import Camera
from viewer.charts import Lines, chart_panel
from viewer.heat_path import channels_of, way
from viewer.highlights import faults_in_force
from viewer.lod import View
from viewer.one_line import LOADS
from viewer.picking import Hit
from viewer.text import Panel, rgba
from viewer.time_bar import TimeBar, time_at, time_panel

if TYPE_CHECKING:
    from viewer.window import Viewer

EVENTS_EVERY = 1.0  # s between looks at what happened
EYES = 1.7  # m, height of someone who walks
CUTS = ("off", "x", "y", "z")


def bookmark_file() -> Path:
    """Where camera bookmarks are kept, by layout digest."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "ai-factory-twin" / "bookmarks.json"


class Tools:
    """State of everything that lies beside the picture of a viewer."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.lines = Lines()
        self.events: list[dict[str, Any]] = []
        self.latest = 0.0  # latest simulated time seen
        self.measuring = False
        self.measured: list[NDArray[np.float64]] = []
        self.cut_kind, self.cut_at = "off", 0.0
        self._asked = -1e9
        self._moved = time.monotonic()
        self._plane = vtkPlane()
        self._bookmark = -1
        self._data = vtkPolyData()
        self.line = vtkActor()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._data)
        self.line.SetMapper(mapper)
        self.line.GetProperty().SetLineWidth(3.0)
        self.line.GetProperty().LightingOff()
        self.line.PickableOff()
        self.line.VisibilityOff()
        viewer.plotter.renderer.AddActor(self.line)

    # --- frames -------------------------------------------------------------------------------

    def scene_changed(self) -> None:
        """Another scene is shown: what was about the last one goes."""
        self.lines.lines.clear()
        self.events, self.latest, self._asked = [], 0.0, -1e9
        self.measured = []
        self._draw_measure()
        self.set_cut("off")

    def wanted_channels(self) -> list[str]:
        """Channels that frames must hold for charts, the heat's numbers and the arrows."""
        scene = self.viewer.scene
        if scene is None:
            return []
        wanted = self.lines.channels()
        if scene.flow.on:
            wanted += [run.channel for run in scene.flow.runs if run.channel]
        if scene.one_line.on:
            wanted += LOADS
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
        self.latest = max(self.latest, moment)
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
        self.viewer.command("seek", value=moment)
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
        if self.measuring:
            self.measure(x, y)
            return True
        return False

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

    # --- camera -------------------------------------------------------------------------------

    def _bookmarks(self) -> dict[str, list[list[Any]]]:
        try:
            known = json.loads(bookmark_file().read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def keep_bookmark(self) -> None:
        """Remember where the camera is, for this layout."""
        scene = self.viewer.scene
        assert scene is not None
        known = self._bookmarks()
        c = self.viewer.plotter.renderer.GetActiveCamera()
        parallel = c.GetParallelScale() if c.GetParallelProjection() else None
        known.setdefault(scene.model.digest, []).append(
            [c.GetPosition(), c.GetFocalPoint(), c.GetViewUp(), c.GetViewAngle(), parallel]
        )
        try:
            bookmark_file().parent.mkdir(parents=True, exist_ok=True)
            bookmark_file().write_text(json.dumps(known), encoding="utf-8")
        except OSError as error:
            self.viewer.say(f"the bookmark cannot be kept: {error.strerror}", "limit")
            return
        self.viewer.say(f"bookmark {len(known[scene.model.digest])} kept", "ok")

    def next_bookmark(self) -> None:
        """Go to the next bookmark of this layout."""
        scene = self.viewer.scene
        assert scene is not None
        own = self._bookmarks().get(scene.model.digest, [])
        if not own:
            self.viewer.say("no bookmarks yet: b keeps one", "paused")
            return
        self._bookmark = (self._bookmark + 1) % len(own)
        position, focal, up, angle, parallel = own[self._bookmark]
        self.viewer.apply(Camera(tuple(position), tuple(focal), tuple(up), angle, parallel))
        self.viewer.say(f"bookmark {self._bookmark + 1} of {len(own)}", "ok")

    def walk(self) -> None:
        """Stand on the floor below the camera's focus and look along the way it looked."""
        c = self.viewer.plotter.renderer.GetActiveCamera()
        ahead = np.subtract(c.GetFocalPoint(), c.GetPosition())
        ahead[2] = 0.0
        length = float(np.linalg.norm(ahead))
        ahead = ahead / length if length > 1e-6 else np.array([0.0, 1.0, 0.0])
        eye = np.array(c.GetFocalPoint()) - 3.0 * ahead
        eye[2] = EYES
        focal = eye + 4.0 * ahead
        self.viewer.apply(Camera(tuple(eye.tolist()), tuple(focal.tolist()), view_angle=55.0))
        self.viewer.say("walking: arrow keys", "ok")

    def move(self, ahead: float, aside: float, up: float = 0.0) -> None:
        """Move the camera by shares of a step: about a metre nearby, more from far away."""
        c = self.viewer.plotter.renderer.GetActiveCamera()
        position, focal = np.array(c.GetPosition()), np.array(c.GetFocalPoint())
        look = focal - position
        step = max(0.4, 0.06 * float(np.linalg.norm(look)))
        look[2] = 0.0
        look /= max(float(np.linalg.norm(look)), 1e-9)
        right = np.array([look[1], -look[0], 0.0])
        shift = step * (ahead * look + aside * right + up * np.array([0.0, 0.0, 1.0]))
        shift[2] = max(shift[2], 0.3 - position[2])
        c.SetPosition(*(position + shift))
        c.SetFocalPoint(*(focal + shift))
        self.viewer.redraw()

    # --- measure and cut ----------------------------------------------------------------------

    def toggle_measure(self) -> None:
        """Measure: the next two clicks are its ends; again: the line goes."""
        if self.measuring or self.measured:
            self.measuring, self.measured = False, []
        else:
            self.measuring = True
            self.viewer.say("measure: click two points", "ok")
        self._draw_measure()

    def measure(self, x: float, y: float) -> None:
        """Take the point under a pixel (y down): on an element, or on the ground."""
        scene = self.viewer.scene
        assert scene is not None
        view = self.viewer.view()
        origin, direction = view.ray(x, y)
        hit = scene.pick(view, x, y)
        if hit is not None:
            point = origin + hit.distance * direction
        elif direction[2] < -1e-6:
            point = origin - origin[2] / direction[2] * direction
        else:
            return
        self.measured.append(np.asarray(point, float))
        self.measuring = len(self.measured) < 2
        self._draw_measure()

    @property
    def distance(self) -> float | None:
        """The measured distance [m]; None before both ends are there."""
        if len(self.measured) < 2:
            return None
        return float(np.linalg.norm(self.measured[1] - self.measured[0]))

    def _draw_measure(self) -> None:
        self.line.SetVisibility(len(self.measured) == 2)
        self.line.GetProperty().SetColor(*self.viewer.theme.selection)
        if len(self.measured) == 2:
            points, cells = vtkPoints(), vtkCellArray()
            for point in self.measured:
                points.InsertNextPoint(*point)
            cells.InsertNextCell(2, [0, 1])
            self._data.SetPoints(points)
            self._data.SetLines(cells)
            self._data.Modified()
        self.viewer.redraw()

    def next_cut(self) -> None:
        """Cut the scene open across x, across y, level at head height, not at all."""
        self.set_cut(CUTS[(CUTS.index(self.cut_kind) + 1) % len(CUTS)])

    def set_cut(self, kind: str) -> None:
        """Cut through the picked element, or the middle of what is seen."""
        scene = self.viewer.scene
        self.cut_kind = kind
        if scene is not None and kind != "off":
            hit = self.viewer.selected
            focal = self.viewer.plotter.renderer.GetActiveCamera().GetFocalPoint()
            middle = focal if hit is None else scene.model.place(hit.level, hit.index)[0]
            axis = "xyz".index(kind)
            self.cut_at = 1.2 if kind == "z" else float(middle[axis])
            self.viewer.say(f"cut at {kind} = {self.cut_at:.1f} m: < and > move it", "ok")
        self.apply_cut()
        self.viewer.redraw()

    def move_cut(self, step: float) -> None:
        """Move the cut by ``step`` [m]."""
        if self.cut_kind != "off":
            self.cut_at += step
            self.apply_cut()
            self.viewer.say(f"cut at {self.cut_kind} = {self.cut_at:.1f} m", "ok")

    def apply_cut(self) -> None:
        """Put the plane on everything drawn (actors that came since have none yet)."""
        if self.cut_kind != "off":
            axis = "xyz".index(self.cut_kind)
            origin, normal = np.zeros(3), np.zeros(3)
            origin[axis] = self.cut_at
            eye = self.viewer.plotter.renderer.GetActiveCamera().GetPosition()
            normal[axis] = -1.0 if axis == 2 or eye[axis] > self.cut_at else 1.0
            self._plane.SetOrigin(*origin)
            self._plane.SetNormal(*normal)
        for actor in self.viewer.plotter.renderer.GetActors():
            mapper = actor.GetMapper()
            if mapper is None:
                continue
            mapper.RemoveAllClippingPlanes()
            if self.cut_kind != "off":
                mapper.AddClippingPlane(self._plane)

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
        if self.distance is not None:
            a, b = self.measured
            x, y, depth = view.project(((a + b) / 2)[None])[0]
            if depth > 0:
                dx, dy, dz = np.abs(b - a)
                words = f"{self.distance:.2f} m  (x {dx:.2f}, y {dy:.2f}, z {dz:.2f})"
                image = hud.chip(words, round(13.5 * scale), (8, 12, 18, 255),
                                 rgba(theme.selection))  # fmt: skip
                out.append(Panel(image, round(x - image.shape[1] / 2), round(y - 30 * scale)))
        return out

    def picked(self, hit: Hit | None) -> None:
        """An element was picked: the heat follows it."""
        scene = self.viewer.scene
        assert scene is not None
        if scene.heat_of is not None and hit is not None and hit.level in ("gpu", "rack"):
            scene.show_heat(self._hottest())
