"""When and how a viewer's picture is drawn: what changed, how finely, and what lies over it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from viewer.camera import Camera
from viewer.interaction import supersampling_pass
from viewer.lod import HARDWARE, INTERACTIVE, STILL, Quality, View
from viewer.overlays import Overlays
from viewer.sprites import Overlay

if TYPE_CHECKING:
    from viewer.window import Viewer

SETTLE = 0.25  # s without a camera move before the view is refined and labelled
FAST, SLOW = 0.05, 0.10  # s per picture while the camera moves
COARSEST = 12.0


class Painter:
    """Draws a viewer's window: at once while the camera moves, finely when it rests."""

    def __init__(self, viewer: Viewer, quality: Quality | None) -> None:
        self.viewer = viewer
        self.quality = quality or (INTERACTIVE if viewer.software else HARDWARE)
        self.still_quality = self.quality.between(STILL) if viewer.software else self.quality
        self.coarseness = 1.0
        self.frame_cost = 0.0
        self.dirty = True
        self.overlays = Overlays()
        self._sprites = Overlay(viewer.plotter.ren_win)
        self._camera_key: tuple[object, ...] = ()
        self._camera_moved_at = -1e9
        self._refined = False
        self._next_frame = 0.0
        self._shown_banner: tuple[str, str] | None = None
        self._smooth_pass = supersampling_pass()
        self._smoothed = False

    def tick(self) -> None:
        """One turn of the timer: newest frame, camera moves, notices, and a picture if needed."""
        now = time.monotonic()
        if self.viewer.beside is not None and now >= self._next_frame and self.viewer.beside.poll():
            self.dirty = True
        if now >= self._next_frame and self.viewer.poll():
            self._next_frame = now + min(self.frame_cost, 1.0)
        key = self._camera_state()
        moved = key != self._camera_key
        if moved:
            self._camera_moved_at = now
            self._refined = False
        settled = not self._refined and now - self._camera_moved_at > SETTLE
        if self.viewer.message is not None and now > self.viewer.message[2]:
            self.viewer.message = None
            self.dirty = True
        self.dirty = self.viewer.tools.tick(now) or self.dirty
        if moved or settled or self.dirty or self._banner_changed(now):
            self.render(refine=settled or (self._refined and not moved))
        self.dirty = self.viewer.tools.recorder.take(now) or self.dirty

    def render(self, refine: bool = True) -> None:
        """Draw now; ``refine``: finer levels of detail and fresh labels."""
        viewer = self.viewer
        assert viewer.scene is not None
        began = time.monotonic()
        self._refined = refine
        moving = self.quality.coarser(self.coarseness)
        view = self.view(self.still_quality if refine else moving)
        viewer.scene.refresh(view)
        if viewer.beside is not None:
            viewer.beside.refresh(view)
        if viewer.tools.probes.cut_kind != "off":
            viewer.tools.probes.apply_cut()
        near, far = viewer.scene.clipping_range(view)
        viewer.plotter.renderer.GetActiveCamera().SetClippingRange(near, far)
        self._camera_key = self._camera_state()
        self._shown_banner = self.banner(began)
        panels = self.overlays.panels(
            viewer.scene,
            view,
            viewer.frame,
            labels=viewer.labels_on and refine,
            selected=viewer.selected,
            banner=self._shown_banner,
            help_on=viewer.help_on,
            extra=viewer.tools.panels(view, self.scale),
        )
        if viewer.beside is not None:
            panels += viewer.beside.panels(view, viewer.labels_on and refine)
        self._sprites.show(panels, self.window_size())
        self._smooth(refine)
        viewer.plotter.ren_win.Render()
        self.dirty = False
        self.frame_cost = time.monotonic() - began
        if not refine:
            self.adapt()

    def adapt(self) -> None:
        """Draw less while moving if pictures take too long, and more again when there is time."""
        if self.frame_cost > SLOW:
            self.coarseness = min(self.coarseness * 1.3, COARSEST)
        elif self.frame_cost < FAST:
            self.coarseness = max(self.coarseness / 1.15, 1.0)

    def _smooth(self, on: bool) -> None:
        """Smooth edges by drawing larger and averaging: on a processor only while still."""
        if on != self._smoothed and self.viewer.software:
            self.viewer.plotter.renderer.SetPass(self._smooth_pass if on else None)
            if self.viewer.beside is not None:
                self.viewer.beside.smooth(on)
            self._smoothed = on

    def view(self, quality: Quality | None = None) -> View:
        """The window's camera as numbers."""
        c = self.viewer.plotter.renderer.GetActiveCamera()
        camera = Camera(
            c.GetPosition(),
            c.GetFocalPoint(),
            c.GetViewUp(),
            c.GetViewAngle(),
            c.GetParallelScale() if c.GetParallelProjection() else None,
        )
        return camera.view(self.pane(), quality or self.quality)

    def _camera_state(self) -> tuple[object, ...]:
        c = self.viewer.plotter.renderer.GetActiveCamera()
        return (
            c.GetPosition(),
            c.GetFocalPoint(),
            c.GetViewUp(),
            c.GetViewAngle(),
            c.GetParallelScale(),
            tuple(self.viewer.plotter.ren_win.GetSize()),
        )

    def banner(self, now: float) -> tuple[str, str] | None:
        """Status and words of the notice to show: about the source first, else the last said."""
        connected = bool(getattr(self.viewer.source, "connected", True))
        paused = bool(getattr(self.viewer.frame, "paused", False))
        found = self.viewer.freshness.message(now, connected, paused)
        if found is not None:
            return found
        return (
            None
            if self.viewer.message is None
            else (self.viewer.message[1], self.viewer.message[0])
        )

    def _banner_changed(self, now: float) -> bool:
        return self._shown_banner != self.banner(now)

    def pane(self) -> tuple[int, int]:
        """Width and height of the (left) view [pixel]: half the window where two are shown."""
        width, height = self.window_size()
        return (max(width // 2, 1), height) if self.viewer.beside is not None else (width, height)

    def window_size(self) -> tuple[int, int]:
        """Width and height of what is drawn in [pixel]."""
        width, height = self.viewer.plotter.ren_win.GetSize()
        return max(width, 1), max(height, 1)

    @property
    def scale(self) -> float:
        """Size of lettering: 1 in a window 720 pixels high."""
        return max(0.6, min(2.0, self.window_size()[1] / 720))

    def redraw(self) -> None:
        """Draw at the next turn, with fresh labels."""
        self._camera_key = ()
        self.dirty = True
