"""Where the camera goes: presets, the picked element, bookmarks, walking, moving."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import InputError
from twin.whole_files import write_file
from viewer.camera import Camera, focus_rack, preset
from viewer.offscreen import apply_camera

if TYPE_CHECKING:
    from viewer.window import Viewer

EYES = 1.7  # m, height of someone who walks


def bookmark_file() -> Path:
    """Where camera bookmarks are kept, by layout digest; raises OSError without a home folder."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    if base.startswith("~"):
        raise FileNotFoundError(errno.ENOENT, "you have no home folder; set XDG_CONFIG_HOME")
    return Path(base) / "ai-factory-twin" / "bookmarks.json"


class Travel:
    """Camera moves of a viewer other than the mouse's."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self._bookmark = -1

    def use_preset(self, name: str) -> None:
        """Go to a camera preset, about the picked element when there is one."""
        viewer = self.viewer
        assert viewer.scene is not None
        width, height = viewer.pane()
        viewer.preset = name
        if viewer.scene.one_line.on != (name == "one-line"):
            viewer.tools.toggle_one_line()
        self.apply(preset(viewer.scene.model, name, width / max(height, 1), self._focus()))
        self.tray()

    def _focus(self) -> tuple[str, int] | None:
        hit = self.viewer.selected
        return None if hit is None else (hit.level, hit.index)

    def tray(self) -> None:
        """Draw a tray out where the camera looks at one rack's accelerators."""
        scene = self.viewer.scene
        assert scene is not None
        out = None
        if self.viewer.preset == "rack" and scene.channel is not None:
            out = focus_rack(scene.model, self._focus()) if scene.channel.level == "gpu" else None
        scene.draw_tray_out(out)

    def apply(self, camera: Camera) -> None:
        """Put the camera there."""
        apply_camera(self.viewer.plotter.renderer, camera)
        self.viewer.redraw()

    def fly_to_selection(self) -> None:
        """Look at the picked element from nearby."""
        hit, scene = self.viewer.selected, self.viewer.scene
        if hit is None or scene is None:
            self.viewer.say("pick an element first", "paused")
            return
        centre, size = scene.model.place(hit.level, hit.index)
        camera = self.viewer.plotter.renderer.GetActiveCamera()
        away = np.array(camera.GetPosition()) - centre
        away[2] = max(away[2], 0.35 * float(np.linalg.norm(away[:2])))
        distance = max(2.2 * float(np.linalg.norm(size)), 0.6)
        position = centre + away / max(float(np.linalg.norm(away)), 1e-6) * distance
        self.apply(Camera(tuple(position.tolist()), tuple(centre.tolist()), view_angle=34.0))

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
            write_file(bookmark_file(), json.dumps(known))
        except (OSError, InputError) as error:
            reason = error.message if isinstance(error, InputError) else error.strerror
            self.viewer.say(f"the bookmark cannot be kept: {reason}", "limit")
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
        self.apply(Camera(tuple(position), tuple(focal), tuple(up), angle, parallel))
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
        self.apply(Camera(tuple(eye.tolist()), tuple(focal.tolist()), view_angle=55.0))
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
