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

from twin.errors import InputError, TwinError
from twin.sources import SceneSource
from viewer.beside import Beside
from viewer.freshness import Freshness
from viewer.gl_probe import require_gl
from viewer.interaction import key_actions, run_window
from viewer.lod import Quality, View
from viewer.offscreen import theme_of
from viewer.painter import Painter
from viewer.palette import THEMES
from viewer.picking import Hit
from viewer.picture_file import write_picture
from viewer.playback import Playback
from viewer.scene_builder import SceneView
from viewer.tools import Tools

Opener = Callable[[], SceneSource]


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
        self.openers = list(openers)
        self.current = 0
        self.preset = camera
        self.wanted_channel = channel
        self.labels_on, self.help_on = True, False
        self.selected: Hit | None = None
        self.chosen: list[Hit] = []  # all that are picked; the last is the selected one
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
        self.painter = Painter(self, quality)
        self.playback = Playback(self)
        self.tools = Tools(self)
        self.beside: Beside | None = None
        self._open(0)
        if beside is not None:
            self.beside = Beside(self, beside)
            self.tools.travel.use_preset(self.preset)

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
        self.chosen = []
        self.painter.overlays.kept.clear()
        self.tools.scene_changed()
        known = [c.name for c in self.scene.model.channels]
        first = self.wanted_channel if self.wanted_channel in known else None
        if first is None:
            shown = [n for n in known if self.scene.model.count(n.partition(".")[0])]
            first = "gpu.temperature" if "gpu.temperature" in shown else next(iter(shown), None)
        self.set_channel(first)
        self.tools.travel.use_preset(self.preset)

    def set_channel(self, name: str | None) -> None:
        """Colour by a channel; None: everything in its own materials."""
        assert self.scene is not None
        self.wanted_channel = name
        self.scene.set_channel(name)
        self.select_channels()
        if self.beside is not None:
            self.beside.select()
        self.tools.travel.tray()
        self.redraw()

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
        self.set_channel(names[(here + step) % len(names)])

    def next_layout(self, step: int = 1) -> None:
        """The next (or previous) layout."""
        if len(self.openers) > 1:
            self._open((self.current + step) % len(self.openers))
        else:
            self.say("only one layout is open", "paused")

    def toggle_fit(self) -> None:
        """Colour range: the channel's own, or fitted to the values there are."""
        assert self.scene is not None
        self.scene.fitted = not self.scene.fitted
        self.set_channel(self.wanted_channel)
        self.say(
            "colours fitted to the values" if self.scene.fitted else "the channel's range", "ok"
        )

    def next_theme(self) -> None:
        """Dark, light, dark..."""
        assert self.scene is not None
        names = list(THEMES)
        self.theme = THEMES[names[(names.index(self.theme.name) + 1) % len(names)]]
        self.scene.set_theme(self.theme)
        self.painter.overlays.kept.clear()
        self.redraw()

    def save_picture(self, path: str | Path | None = None) -> Path:
        """Write what is seen to a PNG; by default into the current folder, named by the time."""
        if path is None:
            path = Path(f"twin-{datetime.now():%Y%m%d-%H%M%S}.png")
        path = Path(path)
        try:
            write_picture(self.picture(), path)
        except InputError as error:
            self.say(f"{path}: {error.message}", "limit")
            return path
        self.say(f"saved {path}", "ok")
        return path

    def picture(self) -> NDArray[np.uint8]:
        """What is seen, (height, width, 3)."""
        self.render()
        return np.ascontiguousarray(np.asarray(self.plotter.screenshot(return_img=True))[:, :, :3])

    def toggle_difference(self) -> None:
        """Colour the right half by its difference to the left."""
        if self.beside is None:
            self.say("nothing is shown beside: twin view ONE --beside OTHER", "paused")
        else:
            self.beside.toggle_difference()

    def click(self, x: float, y: float, more: bool = False) -> None:
        """A click at a pixel (y down from the top): time bar, measure, or an element.

        more : the element joins those that are picked, or leaves them
        """
        if not self.tools.click(x, y, self.scale):
            self.pick(x, y, more)

    def say(self, text: str, status: str = "ok") -> None:
        """Show a short notice for three seconds."""
        self.message = (text, status, time.monotonic() + 3.0)
        self.painter.dirty = True

    def pick(self, x: float, y: float, more: bool = False) -> Hit | None:
        """Pick the element under pixel x, y (y down from the top) and show its values."""
        assert self.scene is not None
        self.choose(self.scene.pick(self.view(), x, y), more)
        return self.selected

    def choose(self, hit: Hit | None, more: bool = False) -> None:
        """Make an element the picked one; None: none. more : beside those that are picked."""
        assert self.scene is not None
        if more and hit is not None:
            rest = [h for h in self.chosen if (h.level, h.index) != (hit.level, hit.index)]
            self.chosen = rest if len(rest) < len(self.chosen) else [*rest, hit]
            self.say(f"{len(self.chosen)} picked: i shows only them", "ok")
            hit = self.chosen[-1] if self.chosen else None
        elif not more:
            self.chosen = [] if hit is None else [hit]
        else:
            return
        self.selected = hit
        if self.selected is None:
            self.scene.select(None)
        else:
            self.scene.select(self.selected.level, self.selected.index)
            self.tools.picked(self.selected)
            self.select_channels()
        self.painter.dirty = True

    def press(self, key: str) -> bool:
        """Do what a key does (VTK's key symbols); False when the key means nothing."""
        if self.tools.search.on:
            self.tools.search.press(key)
            return True
        action = key_actions(self).get(key)
        if action is None:
            return False
        action()
        return True

    def toggle(self, name: str) -> None:
        """Switch ``help_on`` or ``labels_on``."""
        setattr(self, name, not getattr(self, name))
        self.redraw()

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
        self.painter.dirty = True
        return True

    # --- drawing ------------------------------------------------------------------------------

    def tick(self) -> None:
        """One turn of the timer: newest frame, camera moves, notices, and a picture if needed."""
        self.painter.tick()

    def render(self, refine: bool = True) -> None:
        """Draw now; ``refine``: finer levels of detail and fresh labels."""
        self.painter.render(refine)

    def redraw(self) -> None:
        """Draw at the next turn, with fresh labels."""
        self.painter.redraw()

    def view(self) -> View:
        """The window's camera as numbers."""
        return self.painter.view()

    def pane(self) -> tuple[int, int]:
        """Width and height of the (left) view [pixel]: half the window where two are shown."""
        return self.painter.pane()

    def window_size(self) -> tuple[int, int]:
        """Width and height of what is drawn in [pixel]."""
        return self.painter.window_size()

    @property
    def scale(self) -> float:
        """Size of lettering: 1 in a window 720 pixels high."""
        return self.painter.scale

    # --- the window ---------------------------------------------------------------------------

    def show(self) -> None:
        """Open the window and stay until it is closed."""
        run_window(self)

    def close(self) -> None:
        """Close the window and the source."""
        self.tools.recorder.stop()
        if self.beside is not None:
            self.beside.close()
            self.beside = None
        if self.source is not None:
            self.source.close()
            self.source = None
        if self.plotter.iren is not None and self.plotter.iren.interactor is not None:
            self.plotter.iren.interactor.TerminateApp()
        self.plotter.close()
