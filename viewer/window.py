"""The interactive viewer: a window on a source of frames.

The window's thread owns all rendering; a timer asks the source for its newest frame. Everything the
keys do is a method, so it can be driven without a window too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from twin.errors import TwinError
from twin.sources import SceneSource
from viewer.beside import Beside
from viewer.camera import Camera, focus_rack, preset
from viewer.freshness import Freshness
from viewer.gl_probe import require_gl
from viewer.interaction import key_actions, run_window, supersampling_pass
from viewer.lod import HARDWARE, INTERACTIVE, STILL, Quality, View
from viewer.numbers import clock
from viewer.offscreen import apply_camera, theme_of
from viewer.overlays import Overlays
from viewer.palette import THEMES
from viewer.picking import Hit
from viewer.scene_builder import SceneView
from viewer.sprites import Overlay
from viewer.tools import Tools

Opener = Callable[[], SceneSource]
SETTLE = 0.25  # s without a camera move before the view is refined and labelled
FAST, SLOW = 0.05, 0.10  # s per picture while the camera moves
COARSEST = 12.0
SPEEDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


class Viewer:
    """A window, or with ``off_screen`` the same without one.

    openers : one function per layout that opens its source; ``n`` and ``p`` step through them
    channel : first channel; None: the first of the scene whose values come
    camera : name of a preset; theme : dark or light; size : of the window [pixel]
    """

    def __init__(
        self,
        openers: Sequence[Opener],
        *,
        channel: str | None = None,
        camera: str = "hall",
        theme: str = "dark",
        size: tuple[int, int] = (1280, 720),
        off_screen: bool = False,
        quality: Quality | None = None,
        beside: Opener | None = None,
    ) -> None:
        if not openers:
            raise ValueError("a viewer needs at least one source")
        self.theme = theme_of(theme)
        probe = require_gl()
        import pyvista

        self.software = probe.software
        self.quality = quality or (INTERACTIVE if self.software else HARDWARE)
        self.still_quality = self.quality.between(STILL) if self.software else self.quality
        self.openers = list(openers)
        self.current = 0
        self.preset = camera
        self.wanted_channel = channel
        self.labels_on, self.help_on = True, False
        self.selected: Hit | None = None
        self.message: tuple[str, str, float] | None = None
        self.freshness = Freshness()
        self.frame: Any = None
        self.source: SceneSource | None = None
        self.scene: SceneView | None = None
        self.plotter = pyvista.Plotter(
            off_screen=off_screen, lighting="none", window_size=list(size), title="AI-factory twin"
        )
        self.plotter.ren_win.SetMultiSamples(0 if self.software else 8)
        self.plotter.renderer.camera_set = True
        self.overlay = Overlay(self.plotter.ren_win)
        self._camera_key: tuple[object, ...] = ()
        self._camera_moved_at = -1e9
        self._refined = False
        self._overlays = Overlays()
        self._shown_banner: tuple[str, str] | None = None
        self._smooth_pass = supersampling_pass()
        self._smoothed = False
        self._dirty = True
        self._frame_cost = 0.0
        self.coarseness = 1.0
        self._next_frame = 0.0
        self.tools = Tools(self)
        self.beside: Beside | None = None
        self._open(0)
        if beside is not None:
            self.beside = Beside(self, beside)
            self.use_preset(self.preset)

    # --- layouts ------------------------------------------------------------------------------

    def _open(self, number: int) -> None:
        """Show another layout; the present one stays when the other cannot be opened."""
        try:
            source = self.openers[number]()
        except TwinError as error:
            if self.source is None:
                raise
            self.say(str(error).splitlines()[0], "limit")
            return
        if self.source is not None:
            self.source.close()
        self.current, self.source = number, source
        self._load()

    def _load(self) -> None:
        assert self.source is not None
        if self.scene is not None:
            self.scene.remove()
        fitted = self.scene is not None and self.scene.fitted
        self.scene = SceneView(self.source.scene, self.plotter.renderer, self.theme)
        self.scene.fitted = fitted
        self._version = getattr(self.source, "version", 0)
        self.frame, self.selected, self.freshness = None, None, Freshness()
        self._overlays.kept.clear()
        self.tools.scene_changed()
        known = [c.name for c in self.scene.model.channels]
        first = self.wanted_channel if self.wanted_channel in known else None
        if first is None:
            shown = [n for n in known if self.scene.model.count(n.partition(".")[0])]
            first = "gpu.temperature" if "gpu.temperature" in shown else next(iter(shown), None)
        self._set_channel(first)
        self.use_preset(self.preset)

    def _set_channel(self, name: str | None) -> None:
        assert self.scene is not None
        self.wanted_channel = name
        self.scene.set_channel(name)
        self.select_channels()
        if self.beside is not None:
            self.beside.select()
        self._tray()
        self._camera_key = ()
        self._dirty = True

    def select_channels(self) -> None:
        """Ask the source for what is shown: the active channel, the picked element's values, and
        what charts, arrows and the heat's numbers need."""
        assert self.source is not None
        assert self.scene is not None
        wanted = [] if self.wanted_channel is None else [self.wanted_channel]
        if self.selected is not None and self.scene.model.count(self.selected.level) <= 20_000:
            wanted += [
                c.name
                for c in self.scene.model.channels
                if c.level == self.selected.level and c.name not in wanted
            ]
        wanted += [name for name in self.tools.wanted_channels() if name not in wanted]
        select = getattr(self.source, "select", None)
        if select is not None and wanted:
            try:
                select(wanted)
            except TwinError as error:
                self.say(str(error).splitlines()[0], "stale")

    # --- what keys do -------------------------------------------------------------------------

    def next_channel(self, step: int = 1) -> None:
        """The next (or with -1 the previous) channel whose level the scene has."""
        assert self.scene is not None
        names = [c.name for c in self.scene.model.channels if self.scene.model.count(c.level)]
        if not names:
            return
        here = names.index(self.wanted_channel) if self.wanted_channel in names else -step
        self._set_channel(names[(here + step) % len(names)])

    def next_layout(self, step: int = 1) -> None:
        """The next (or previous) layout."""
        if len(self.openers) > 1:
            self._open((self.current + step) % len(self.openers))
        else:
            self.say("only one layout is open", "paused")

    def toggle_pause(self) -> None:
        """Pause or resume the source."""
        paused = bool(getattr(self.frame, "paused", False))
        self.command("resume" if paused else "pause")

    def change_speed(self, step: int) -> None:
        """Faster (+1) or slower (-1)."""
        now = float(getattr(self.frame, "speed", 1.0) or 1.0)
        speeds = np.array(SPEEDS)
        here = int(np.argmin(np.abs(np.log(speeds / max(now, 1e-3)))))
        self.command("speed", value=float(speeds[np.clip(here + step, 0, len(speeds) - 1)]))

    def command(self, name: str, **more: Any) -> None:
        assert self.source is not None
        try:
            self.source.command(name, **more)
        except TwinError as error:
            self.say(str(error).splitlines()[0], "limit")
        else:
            if self.beside is not None:
                self.beside.command(name, **more)
            value = more.get("value", 0)
            words = {"seek": f"at {clock(value)}", "speed": f"speed {value:g}"}
            self.say(words.get(name, name), "paused")

    def toggle_fit(self) -> None:
        """Colour range: the channel's own, or fitted to the values there are."""
        assert self.scene is not None
        self.scene.fitted = not self.scene.fitted
        self._set_channel(self.wanted_channel)
        self.say(
            "colours fitted to the values" if self.scene.fitted else "the channel's range", "ok"
        )

    def next_theme(self) -> None:
        """Dark, light, dark..."""
        assert self.scene is not None
        names = list(THEMES)
        self.theme = THEMES[names[(names.index(self.theme.name) + 1) % len(names)]]
        self.scene.set_theme(self.theme)
        self._overlays.kept.clear()
        self._camera_key = ()
        self._dirty = True

    def use_preset(self, name: str) -> None:
        """Go to a camera preset, about the picked element when there is one."""
        assert self.scene is not None
        focus = None if self.selected is None else (self.selected.level, self.selected.index)
        width, height = self.pane()
        self.preset = name
        if self.scene.one_line.on != (name == "one-line"):
            self.tools.toggle_one_line()
        self.apply(preset(self.scene.model, name, width / max(height, 1), focus))
        self._tray()

    def _tray(self) -> None:
        assert self.scene is not None
        gpu = self.scene.channel is not None and self.scene.channel.level == "gpu"
        focus = None if self.selected is None else (self.selected.level, self.selected.index)
        out = focus_rack(self.scene.model, focus) if self.preset == "rack" and gpu else None
        self.scene.draw_tray_out(out)

    def apply(self, camera: Camera) -> None:
        apply_camera(self.plotter.renderer, camera)
        self._camera_key = ()
        self._dirty = True

    def fly_to_selection(self) -> None:
        """Look at the picked element from nearby."""
        if self.selected is None or self.scene is None:
            self.say("pick an element first", "paused")
            return
        centre, size = self.scene.model.place(self.selected.level, self.selected.index)
        camera = self.plotter.renderer.GetActiveCamera()
        away = np.array(camera.GetPosition()) - centre
        away[2] = max(away[2], 0.35 * float(np.linalg.norm(away[:2])))
        distance = max(2.2 * float(np.linalg.norm(size)), 0.6)
        position = centre + away / max(float(np.linalg.norm(away)), 1e-6) * distance
        self.apply(Camera(tuple(position.tolist()), tuple(centre.tolist()), view_angle=34.0))

    def save_picture(self, path: str | Path | None = None) -> Path:
        """Write what is seen to a PNG; by default into the current folder, named by the time."""
        if path is None:
            path = Path(f"twin-{datetime.now():%Y%m%d-%H%M%S}.png")
        path = Path(path)
        Image.fromarray(self.picture()).save(path)
        self.say(f"saved {path}", "ok")
        return path

    def picture(self) -> NDArray[np.uint8]:
        """What is seen, (height, width, 3)."""
        self.render()
        return np.ascontiguousarray(np.asarray(self.plotter.screenshot(return_img=True))[:, :, :3])

    def redraw(self) -> None:
        """Draw at the next turn, with fresh labels."""
        self._camera_key = ()
        self._dirty = True

    def pane(self) -> tuple[int, int]:
        """Width and height of the (left) view [pixel]: half the window where two are shown."""
        width, height = self.window_size()
        return (max(width // 2, 1), height) if self.beside is not None else (width, height)

    def toggle_difference(self) -> None:
        """Colour the right half by its difference to the left."""
        if self.beside is None:
            self.say("nothing is shown beside: twin view ONE --beside OTHER", "paused")
        else:
            self.beside.toggle_difference()

    def window_size(self) -> tuple[int, int]:
        """Width and height of what is drawn in [pixel]."""
        width, height = self.plotter.ren_win.GetSize()
        return max(width, 1), max(height, 1)

    @property
    def scale(self) -> float:
        """Size of lettering: 1 in a window 720 pixels high."""
        return max(0.6, min(2.0, self.window_size()[1] / 720))

    def click(self, x: float, y: float) -> None:
        """A click at a pixel (y down from the top): time bar, measure, or an element."""
        if not self.tools.click(x, y, self.scale):
            self.pick(x, y)

    def say(self, text: str, status: str = "ok") -> None:
        """Show a short notice for three seconds."""
        self.message = (text, status, time.monotonic() + 3.0)
        self._dirty = True

    def pick(self, x: float, y: float) -> Hit | None:
        """Pick the element under pixel x, y (y down from the top) and show its values."""
        assert self.scene is not None
        self.selected = self.scene.pick(self.view(), x, y)
        if self.selected is None:
            self.scene.select(None)
        else:
            self.scene.select(self.selected.level, self.selected.index)
            self.tools.picked(self.selected)
            self.select_channels()
        self._dirty = True
        return self.selected

    def press(self, key: str) -> bool:
        """Do what a key does (VTK's key symbols); False when the key means nothing."""
        action = key_actions(self).get(key)
        if action is None:
            return False
        action()
        return True

    def toggle(self, name: str) -> None:
        """Switch ``help_on`` or ``labels_on``."""
        setattr(self, name, not getattr(self, name))
        self._camera_key = ()
        self._dirty = True

    # --- frames -------------------------------------------------------------------------------

    def poll(self) -> bool:
        """Take the source's newest frame; True when it is a new one."""
        assert self.source is not None
        assert self.scene is not None
        try:
            frame = self.source.latest()
        except TwinError as error:
            self.say(str(error).splitlines()[0], "limit")
            return False
        if getattr(self.source, "version", 0) != self._version:
            self._load()
        if frame is None or frame is self.frame:
            return False
        self.frame = frame
        self.freshness.frame_came(time.monotonic())
        self.scene.update(frame)
        self.tools.frame_came(frame)
        self._dirty = True
        return True

    def tick(self) -> None:
        """One turn of the timer: newest frame, camera moves, notices, and a picture if needed."""
        now = time.monotonic()
        if self.beside is not None and now >= self._next_frame and self.beside.poll():
            self._dirty = True
        if now >= self._next_frame and self.poll():
            self._next_frame = now + min(self._frame_cost, 1.0)
        key = self._camera_state()
        moved = key != self._camera_key
        if moved:
            self._camera_moved_at = now
            self._refined = False
        settled = not self._refined and now - self._camera_moved_at > SETTLE
        if self.message is not None and now > self.message[2]:
            self.message = None
            self._dirty = True
        self._dirty = self.tools.tick(now) or self._dirty
        if moved or settled or self._dirty or self._banner_changed(now):
            self.render(refine=settled or (self._refined and not moved))

    def render(self, refine: bool = True) -> None:
        """Draw now; ``refine``: finer levels of detail and fresh labels."""
        assert self.scene is not None
        began = time.monotonic()
        self._refined = refine
        moving = self.quality.coarser(self.coarseness)
        view = self.view(self.still_quality if refine else moving)
        self.scene.refresh(view)
        if self.beside is not None:
            self.beside.refresh(view)
        if self.tools.probes.cut_kind != "off":
            self.tools.probes.apply_cut()
        near, far = self.scene.clipping_range(view)
        self.plotter.renderer.GetActiveCamera().SetClippingRange(near, far)
        self._camera_key = self._camera_state()
        self._shown_banner = self._banner(began)
        panels = self._overlays.panels(
            self.scene,
            view,
            self.frame,
            labels=self.labels_on and refine,
            selected=self.selected,
            banner=self._shown_banner,
            help_on=self.help_on,
            extra=self.tools.panels(view, self.scale),
        )
        if self.beside is not None:
            panels += self.beside.panels(view, self.labels_on and refine)
        self.overlay.show(panels, self.window_size())
        self._smooth(refine)
        self.plotter.ren_win.Render()
        self._dirty = False
        self._frame_cost = time.monotonic() - began
        if not refine:
            self._adapt()

    def _adapt(self) -> None:
        """Draw less while moving if pictures take too long, and more again when there is time."""
        if self._frame_cost > SLOW:
            self.coarseness = min(self.coarseness * 1.3, COARSEST)
        elif self._frame_cost < FAST:
            self.coarseness = max(self.coarseness / 1.15, 1.0)

    def _smooth(self, on: bool) -> None:
        """Smooth edges by drawing larger and averaging: on a processor only while still."""
        if on != self._smoothed and self.software:
            self.plotter.renderer.SetPass(self._smooth_pass if on else None)
            if self.beside is not None:
                self.beside.smooth(on)
            self._smoothed = on

    def view(self, quality: Quality | None = None) -> View:
        """The window's camera as numbers."""
        c = self.plotter.renderer.GetActiveCamera()
        camera = Camera(
            c.GetPosition(),
            c.GetFocalPoint(),
            c.GetViewUp(),
            c.GetViewAngle(),
            c.GetParallelScale() if c.GetParallelProjection() else None,
        )
        return camera.view(self.pane(), quality or self.quality)

    def _camera_state(self) -> tuple[object, ...]:
        c = self.plotter.renderer.GetActiveCamera()
        return (
            c.GetPosition(),
            c.GetFocalPoint(),
            c.GetViewUp(),
            c.GetViewAngle(),
            c.GetParallelScale(),
            tuple(self.plotter.ren_win.GetSize()),
        )

    # --- overlays -----------------------------------------------------------------------------

    def _banner(self, now: float) -> tuple[str, str] | None:
        connected = bool(getattr(self.source, "connected", True))
        paused = bool(getattr(self.frame, "paused", False))
        found = self.freshness.message(now, connected, paused)
        if found is not None:
            return found
        return None if self.message is None else (self.message[1], self.message[0])

    def _banner_changed(self, now: float) -> bool:
        return self._shown_banner != self._banner(now)

    # --- the window ---------------------------------------------------------------------------

    def show(self) -> None:
        """Open the window and stay until it is closed."""
        run_window(self)

    def close(self) -> None:
        """Close the window and the source."""
        if self.beside is not None:
            self.beside.close()
            self.beside = None
        if self.source is not None:
            self.source.close()
            self.source = None
        if self.plotter.iren is not None and self.plotter.iren.interactor is not None:
            self.plotter.iren.interactor.TerminateApp()
        self.plotter.close()
