"""Values of picked elements over simulated time: what was seen, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import ImageDraw

from viewer.numbers import clock, scale_of, ticks
from viewer.palette import Theme
from viewer.scene_model import Channel, SceneModel
from viewer.text import Panel, draw_text, plate, rgba, text_width
from viewer.time_bar import middle_of

MOST = 6
KEPT = 2000  # samples per line
MARGIN = 14
COLOURS = (
    (0.902, 0.624, 0.000),
    (0.337, 0.706, 0.914),
    (0.000, 0.620, 0.451),
    (0.800, 0.475, 0.655),
    (0.835, 0.369, 0.000),
    (0.000, 0.447, 0.698),
)
"""Told apart with every common form of colour blindness (Okabe and Ito)."""


@dataclass
class Line:
    """One channel of one element over time; samples in order of time."""

    level: str
    index: int
    channel: Channel
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, time: float, value: float) -> None:
        """A sample; what was known of later times is forgotten (the time was set back)."""
        while self.times and self.times[-1] >= time:
            self.times.pop()
            self.values.pop()
        self.times.append(time)
        self.values.append(value)
        if len(self.times) > KEPT:  # thin the older half
            half = KEPT // 2
            self.times[:half] = self.times[:half:2]
            self.values[:half] = self.values[:half:2]

    def before(self, times: Sequence[float], values: Sequence[float]) -> None:
        """Put an earlier past before what is known."""
        first = self.times[0] if self.times else np.inf
        past = [(float(t), float(v)) for t, v in zip(times, values, strict=True) if t < first]
        self.times[:0] = [t for t, _ in past]
        self.values[:0] = [v for _, v in past]


@dataclass
class Lines:
    """The lines on the chart."""

    lines: list[Line] = field(default_factory=list)

    def toggle(self, model: SceneModel, level: str, index: int, channel: Channel | None) -> bool:
        """Put an element's line on the chart, or take it off; True when it is on now.

        channel : the shown one if it is of the element's level; else the level's first is taken
        """
        own = [c for c in model.channels if c.level == level]
        if channel is None or channel.level != level:
            wanted = [c for c in own if c.name.endswith(".temperature")] or own
            if not wanted:
                return False
            channel = wanted[0]
        for k, known in enumerate(self.lines):
            if (known.level, known.index, known.channel.name) == (level, index, channel.name):
                del self.lines[k]
                return False
        if len(self.lines) >= MOST:
            del self.lines[0]
        self.lines.append(Line(level, index, channel))
        return True

    def channels(self) -> list[str]:
        """Channels that frames must hold."""
        return list(dict.fromkeys(known.channel.name for known in self.lines))

    def take(self, time: float, values: Mapping[str, Any]) -> None:
        """Take a frame's values, whole columns by channel."""
        for known in self.lines:
            column = values.get(known.channel.name)
            if column is not None and known.index < len(column):
                if np.isfinite(column[known.index]):
                    known.add(time, float(column[known.index]))

    @property
    def key(self) -> tuple[Any, ...]:
        """Changes whenever the picture would."""
        return tuple(
            (known.level, known.index, known.channel.name, len(known.times), known.times[-1:],
             known.values[-1:])
            for known in self.lines
        )  # fmt: skip


def chart_panel(
    model: SceneModel, lines: Lines, theme: Theme, window: tuple[int, int], scale: float = 1.0,
    bottom: int = 0,
) -> Panel:  # fmt: skip
    """All lines in one plot (one per unit), each named with its present value."""
    u = scale
    groups: dict[str, list[int]] = {}
    for k, known in enumerate(lines.lines):
        groups.setdefault(scale_of(known.channel).unit or known.channel.name, []).append(k)
    x0, x1 = middle_of(window, scale)
    width = min(round(620 * u), x1 - x0)
    row, plot = round(18 * u), round(104 * u)
    height = round(14 * u) + row * len(lines.lines) + len(groups) * (plot + round(26 * u))
    image = plate(width, height, rgba(theme.panel), round(9 * u))
    draw = ImageDraw.Draw(image)
    text, muted, size = rgba(theme.text), rgba(theme.text_muted), round(12 * u)
    for k, known in enumerate(lines.lines):
        y = round(20 * u) + k * row
        colour = rgba(COLOURS[k])
        draw.rectangle((round(14 * u), y - round(6 * u), round(26 * u), y - round(3 * u)), colour)
        path = model.path(known.level, known.index)
        words = f"{'/'.join(path.split('/')[-2:])}  {known.channel.title}"
        draw_text(draw, round(34 * u), y, words, size, text)
        if known.values:
            now = scale_of(known.channel).text(known.values[-1])
            draw_text(draw, width - round(14 * u), y, now, size, text, "rs")
    top = round(14 * u) + row * len(lines.lines)
    for members in groups.values():
        top += round(6 * u)
        _plot(draw, lines, members, theme, (round(60 * u), top, width - round(16 * u), top + plot),
              size, muted)  # fmt: skip
        top += plot + round(20 * u)
    return Panel(
        np.asarray(image), (x0 + x1 - width) // 2, window[1] - height - bottom - round(MARGIN * u)
    )


def _plot(
    draw: ImageDraw.ImageDraw, lines: Lines, members: Sequence[int], theme: Theme,
    area: tuple[int, int, int, int], size: int, muted: tuple[int, int, int, int],
) -> None:  # fmt: skip
    left, top, right, bottom = area
    shown = [lines.lines[k] for k in members]
    factor = scale_of(shown[0].channel).factor
    times = np.concatenate([np.asarray(known.times, float) for known in shown])
    values = factor * np.concatenate([np.asarray(known.values, float) for known in shown])
    if len(times) < 2:
        draw_text(draw, left, (top + bottom) / 2, "collecting values…", size, muted)
        return
    t0, t1 = float(times.min()), max(float(times.max()), float(times.min()) + 1e-6)
    low, high = float(values.min()), float(values.max())
    channel = shown[0].channel
    least = max(8 * channel.resolution, 0.01 * (channel.high - channel.low)) * factor
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)

    def x(t: float) -> float:
        return left + (t - t0) / (t1 - t0) * (right - left)

    def y(v: float) -> float:
        return bottom - (v - low) / (high - low) * (bottom - top)

    grid = (*muted[:3], 70)
    for number in ticks(low, high, 4):
        draw.line((left, y(number), right, y(number)), fill=grid)
        draw_text(draw, left - 6, y(number), f"{number:g}", size, muted, "rm")
    draw_text(draw, left + 4, top + 2, scale_of(channel).unit, size, muted, "lt")
    for moment in ticks(t0, t1, 4):
        words = clock(moment)
        half = text_width(words, size) / 2
        at = min(max(x(moment), left + half), right - half)
        draw_text(draw, at, bottom + 4, words, size, muted, "mt")
    for name, bound in (("warning", channel.warning), ("limit", channel.limit)):
        if bound is not None and low < bound * factor < high:
            at = y(bound * factor)
            for dash in range(left, right, 9):
                draw.line((dash, at, min(dash + 5, right), at), fill=rgba(theme.status[name]))
    for k, known in zip(members, shown, strict=True):
        points = [(x(t), y(factor * v)) for t, v in zip(known.times, known.values, strict=True)]
        if len(points) > 1:
            draw.line(points, fill=rgba(COLOURS[k]), width=max(2, size // 6), joint="curve")
