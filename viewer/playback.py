"""The time of what a viewer shows: pause, speed, commands to its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import TwinError
from viewer.numbers import clock

if TYPE_CHECKING:
    from viewer.window import Viewer

SPEEDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


class Playback:
    """Commands of a viewer to its source."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def toggle_pause(self) -> None:
        """Pause or resume the source."""
        paused = bool(getattr(self.viewer.frame, "paused", False))
        self.command("resume" if paused else "pause")

    def change_speed(self, step: int) -> None:
        """Faster (+1) or slower (-1)."""
        now = float(getattr(self.viewer.frame, "speed", 1.0) or 1.0)
        speeds = np.array(SPEEDS)
        here = int(np.argmin(np.abs(np.log(speeds / max(now, 1e-3)))))
        self.command("speed", value=float(speeds[np.clip(here + step, 0, len(speeds) - 1)]))

    def command(self, name: str, **more: Any) -> None:
        """Send a command to the source (and to the one beside) and tell what became of it."""
        assert self.viewer.source is not None
        try:
            self.viewer.source.command(name, **more)
        except TwinError as error:
            self.viewer.say(str(error).splitlines()[0], "limit")
        else:
            if self.viewer.beside is not None:
                self.viewer.beside.command(name, **more)
            value = more.get("value", 0)
            words = {"seek": f"at {clock(value)}", "speed": f"speed {value:g}"}
            self.viewer.say(words.get(name, name), "paused")
