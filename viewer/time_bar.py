"""The line of time along the bottom: where it stands, what happened, and where a click leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ImageDraw

from viewer.numbers import clock
from viewer.palette import Theme
from viewer.text import Panel, draw_text, plate, rgba

MARGIN = 14
HEIGHT = 46
SNAP = 5  # pixel from an event within which a click means it


@dataclass(frozen=True)
class TimeBar:
    """begin, end : simulated time of its ends [s]; now : present; events : time, kind, ..."""

    begin: float
    end: float
    now: float
    events: Sequence[Mapping[str, Any]] = ()
    paused: bool = False

    @property
    def key(self) -> tuple[Any, ...]:
        """Changes whenever the picture would."""
        return (
            round(self.begin, 1), round(self.end, 1), round(self.now, 1), len(self.events),
            self.paused,
        )  # fmt: skip

    def event(self, step: int) -> float | None:
        """Time of the next (1) or the last (-1) event from here; None when there is none."""
        times = [float(e["time"]) for e in self.events]
        if step > 0:
            return min((t for t in times if self.now + 1e-6 < t <= self.end), default=None)
        return max((t for t in times if t < self.now - 1e-6), default=None)


def middle_of(window: tuple[int, int], scale: float) -> tuple[int, int]:
    """Left and right end of what lies between the picked element's values and the legend."""
    if window[0] < 960 * scale:
        return round(MARGIN * scale), window[0] - round(MARGIN * scale)
    return round(384 * scale), window[0] - round(204 * scale)


def track(window: tuple[int, int], scale: float) -> tuple[int, int, int, int]:
    """Where the line is: left, right, top and bottom of what can be clicked [pixel]."""
    u = scale
    x0, x1 = middle_of(window, scale)
    width = min(round(620 * u), x1 - x0)
    left = (x0 + x1 - width) // 2
    top = window[1] - round((HEIGHT + MARGIN) * u)
    return (
        left + round(14 * u),
        left + width - round(14 * u),
        top + round(18 * u),
        top + round(HEIGHT * u),
    )


def time_at(
    bar: TimeBar, window: tuple[int, int], scale: float, x: float, y: float
) -> float | None:
    """Simulated time under a pixel (y down), an event's if one is near; None: not on the bar."""
    left, right, top, bottom = track(window, scale)
    if not (left - 6 <= x <= right + 6 and top <= y <= bottom):
        return None
    span = max(bar.end - bar.begin, 1e-9)
    time = bar.begin + min(max((x - left) / (right - left), 0.0), 1.0) * span
    reach = SNAP * scale / (right - left) * span
    near = [float(e["time"]) for e in bar.events if abs(float(e["time"]) - time) <= reach]
    return min(near, key=lambda t: abs(t - time)) if near else time


def time_panel(bar: TimeBar, theme: Theme, window: tuple[int, int], scale: float = 1.0) -> Panel:
    """The bar: present time, the line with its events, the end."""
    u = scale
    left, right, _, bottom = track(window, scale)
    x0, y0 = left - round(14 * u), bottom - round(HEIGHT * u)
    image = plate(right - x0 + round(14 * u), round(HEIGHT * u), rgba(theme.panel), round(9 * u))
    draw = ImageDraw.Draw(image)
    size = round(12 * u)
    muted, selection = rgba(theme.text_muted), rgba(theme.selection)
    begin, end = left - x0, right - x0
    line = bottom - y0 - round(12 * u)

    def x(time: float) -> float:
        span = max(bar.end - bar.begin, 1e-9)
        return begin + min(max((time - bar.begin) / span, 0.0), 1.0) * (end - begin)

    draw_text(draw, begin, round(15 * u), clock(bar.begin), size, muted)
    draw_text(draw, end, round(15 * u), clock(bar.end), size, muted, "rs")
    words = clock(bar.now) + ("  paused" if bar.paused else "")
    colour = theme.status["paused"] if bar.paused else theme.text
    draw_text(draw, (begin + end) / 2, round(15 * u), words, round(13 * u), rgba(colour), "ms")
    draw.rectangle((begin, line - 1, end, line + 1), fill=(*muted[:3], 90))
    draw.rectangle((begin, line - 1, x(bar.now), line + 1), fill=selection)
    for event in bar.events:
        kind = str(event.get("kind", ""))
        status = {"inject": "limit", "clear": "ok", "throttling": "warning"}.get(kind)
        fill = rgba(theme.status[status]) if status else muted
        at = x(float(event["time"]))
        draw.rectangle((at - 1, line - round(10 * u), at + 1, line - round(3 * u)), fill=fill)
    r = round(5 * u)
    draw.ellipse((x(bar.now) - r, line - r, x(bar.now) + r, line + r), fill=rgba(theme.text))
    return Panel(np.asarray(image), x0, y0)
