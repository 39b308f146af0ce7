"""What lies over the view: legend, KPI strip, picked element, banner, help. Pure pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from viewer.numbers import clock, prefixed, scale_of, ticks
from viewer.palette import STATUS_COLOURS, Theme, lookup_table
from viewer.scene_model import Channel
from viewer.text import Panel, canvas, draw_text, plate, rgba, text_width

MARGIN = 14
HELP: tuple[tuple[str, str], ...] = (
    ("c / C", "next / previous channel"),
    ("1 ... 6", "camera: site, hall, aisle, rack, plant, one-line"),
    ("click", "pick an element: path and values"),
    ("ctrl + click", "pick several"),
    ("i", "only what is picked, or everything"),
    ("f", "fly to the picked element"),
    ("space", "pause or resume"),
    ("+ / -", "faster or slower"),
    ("n / p", "next / previous layout"),
    ("a", "colour range: the channel's, or fitted"),
    ("l", "labels on or off"),
    ("o", "flow: arrows along the pipes"),
    ("w", "power: from the grid to the rows"),
    ("k", "heat path: from a die to outdoor air"),
    ("e", "air in the aisles: slices upright, level, both, off"),
    ("[ / ]", "to the event before / to the next"),
    ("t", "theme: dark, light"),
    ("v", "the picked element's line on the chart, or off"),
    ("g", "walk: stand on the floor"),
    ("b / B", "keep a camera bookmark / go to the next"),
    ("d", "side by side: the right's difference to the left"),
    ("m", "measure between two clicks"),
    ("x, < / >", "cut open: x, y, level, off; move the cut"),
    ("arrows, PgUp/PgDn", "move the camera"),
    ("r", "reset the camera"),
    ("s", "save a picture"),
    ("V", "film the window; again: end the film"),
    ("/", "go to an element by its path or parts of it"),
    ("h", "this help"),
    ("q", "quit"),
)


def legend(
    channel: Channel,
    values: NDArray[np.floating] | None,
    theme: Theme,
    window: tuple[int, int],
    scale: float = 1.0,
    marks: Mapping[str, str] | None = None,
    facts: Sequence[tuple[str, str]] | None = None,
) -> Panel:
    """Colour bar with ticks in the channel's unit, its limits, and the spread of the values now.

    marks : other words for "warning" and "limit"; facts : other lines than the values' below
    """
    u = scale
    text, muted = rgba(theme.text), rgba(theme.text_muted)
    written = scale_of(channel)
    title_size, size = round(15 * u), round(12.5 * u)
    bar_height = round(min(260 * u, max(90 * u, window[1] * 0.42)))
    bounds = [
        (value, name)
        for value, name in ((channel.warning, "warning"), (channel.limit, "limit"))
        if value is not None and channel.low <= value <= channel.high
    ]
    numbers = ticks(channel.low * written.factor, channel.high * written.factor)
    labels = [f"{t:,.{_decimals(numbers)}f}" for t in numbers]
    lines = _wrap(channel.title, title_size, round(190 * u))
    unit = written.unit or ""
    head = round(14 * u) + len(lines) * round(18 * u) + (round(17 * u) if unit else 0)
    statistics = list(facts) if facts is not None else _statistics(channel, values)
    words = dict(marks or {})
    foot = round(16 * u) * len(statistics) + round(10 * u) if statistics else round(4 * u)
    histogram = round(34 * u)
    bar_x, bar_width = round(14 * u) + histogram, round(16 * u)
    label_x = bar_x + bar_width + round(10 * u)
    widest = max([text_width(s, size) for s in labels] + [0])
    named = max([text_width(words.get(n, n), size) for _, n in bounds] + [0])
    width = max(
        label_x + widest + (round(8 * u) + named if named else 0) + round(12 * u),
        round(28 * u) + max(text_width(s, title_size) for s in lines),
        round(28 * u)
        + max([text_width(f"{a} {b}", size) for a, b in statistics] + [0])
        + round(16 * u),
    )
    height = head + round(10 * u) + bar_height + round(14 * u) + foot
    image = plate(width, height, rgba(theme.panel), round(9 * u))
    _, draw = canvas(1, 1)
    draw = ImageDraw.Draw(image)
    y = round(12 * u) + title_size
    for line in lines:
        draw_text(draw, round(14 * u), y - round(2 * u), line, title_size, text)
        y += round(18 * u)
    if unit:
        draw_text(draw, round(14 * u), y - round(3 * u), unit, size, muted)
    top = head + round(10 * u)
    table = lookup_table(channel.colormap)[::-1]
    bar = Image.fromarray(np.repeat(table[:, None, :], bar_width, axis=1)).resize(
        (bar_width, bar_height), Image.Resampling.BILINEAR
    )
    image.paste(bar, (bar_x, top))

    def at(value: float) -> int:
        share = (value - channel.low) / (channel.high - channel.low)
        return round(top + (1 - share) * (bar_height - 1))

    if values is not None:
        _histogram(draw, channel, values, bar_x - round(3 * u), histogram - round(6 * u), top,
                   bar_height, muted)  # fmt: skip
    for number, label in zip(numbers, labels, strict=True):
        yy = at(number / written.factor)
        draw.line((bar_x + bar_width, yy, bar_x + bar_width + round(4 * u), yy), fill=muted)
        draw_text(draw, label_x, yy, label, size, text, "lm")
    for value, name in bounds:
        colour = rgba(theme.status[name])
        yy = at(value)
        draw.rectangle(
            (bar_x - round(4 * u), yy - round(u), bar_x + bar_width + round(5 * u), yy + round(u)),
            fill=colour,
        )
        crowded = any(abs(at(n / written.factor) - yy) < size for n in numbers)
        shift = widest + round(8 * u) if crowded else 0
        draw_text(draw, label_x + shift, yy, words.get(name, name), size, colour, "lm")
    y = top + bar_height + round(12 * u)
    for caption, figure in statistics:
        y += round(16 * u)
        draw_text(draw, round(14 * u), y - round(4 * u), caption, size, muted)
        draw_text(draw, width - round(14 * u), y - round(4 * u), figure, size, text, "rs")
    return Panel(
        np.asarray(image), window[0] - width - round(MARGIN * u), round((window[1] - height) / 2)
    )


def _decimals(numbers: Sequence[float]) -> int:
    for digits in range(4):
        if all(abs(round(n, digits) - n) < 1e-9 * max(1.0, abs(n)) for n in numbers):
            return digits
    return 4


def _wrap(text: str, size: int, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]


def _statistics(channel: Channel, values: NDArray[np.floating] | None) -> list[tuple[str, str]]:
    if values is None or not np.isfinite(values).any():
        return []
    written = scale_of(channel)
    if len(values) == 1:
        return [("now", written.text(float(values[0])))]
    finite = values[np.isfinite(values)]
    out = [
        ("highest", written.text(float(finite.max()))),
        ("mean", written.text(float(finite.mean(dtype=np.float64)))),
        ("lowest", written.text(float(finite.min()))),
    ]
    count = f"{len(values):,}"
    if len(finite) < len(values):  # the others have no such value
        count = f"{len(finite):,} of {count}"
    return [*out, ("elements", count)]


def _histogram(
    draw: ImageDraw.ImageDraw, channel: Channel, values: NDArray[np.floating], right: int,
    width: int, top: int, height: int, fill: tuple[int, int, int, int],
) -> None:  # fmt: skip
    """Spread of the values beside the bar, from a sample of at most 20,000."""
    if len(values) < 2:
        return
    sample = values[:: max(1, len(values) // 20_000)]
    bins = max(12, height // 5)
    counts, _ = np.histogram(sample[np.isfinite(sample)], bins, (channel.low, channel.high))
    if counts.max() == 0:
        return
    for k, share in enumerate(np.sqrt(counts / counts.max())):
        if share > 0:
            y1 = top + height - round(k * height / bins) - 1
            y0 = top + height - round((k + 1) * height / bins)
            draw.rectangle((right - max(1, round(share * width)), y0, right, y1 - 1), fill=fill)


def kpi_items(
    time: float, speed: float, paused: bool, kpi: Mapping[str, float], hottest: str = ""
) -> list[tuple[str, str, str]]:
    """Caption, value and status of the strip's figures; those without a value are left out.

    hottest : where the hottest accelerator is, if that is known
    """
    items = [("simulated time", clock(time), "")]
    if paused:
        items.append(("speed", "paused", "paused"))
    elif speed > 0:
        digits = 1 if speed < 10 else 0
        items.append(("speed", f"{speed:,.{digits}f} x", ""))

    def add(key: str, caption: str, write: Callable[[float], str],
            status: Callable[[float], str] = lambda v: "") -> None:  # fmt: skip
        value = kpi.get(key)
        if value is not None and np.isfinite(value):
            items.append((caption, write(float(value)), status(float(value))))

    add("it_power_w", "IT power", lambda v: prefixed(v, "W"))
    add("facility_power_w", "facility power", lambda v: prefixed(v, "W"))
    add("pue", "PUE", lambda v: f"{v:.3f}")
    where = f"hottest GPU: {hottest}" if hottest else "hottest GPU"
    add("max_gpu_temperature_c", where, lambda v: f"{v:.1f} °C",
        lambda v: "limit" if v >= 92 else "warning" if v >= 87 else "")  # fmt: skip
    add("throttled_gpu_fraction", "throttled", lambda v: f"{100 * v:.2f}%",
        lambda v: "warning" if v > 0 else "")  # fmt: skip
    if kpi.get("off_gpu_fraction", 0.0) > 0.0:
        add("off_gpu_fraction", "GPUs off", lambda v: f"{100 * v:.2f}%", lambda v: "warning")
    add(
        "tokens_per_s",
        "tokens/s",
        lambda v: prefixed(v, "token/s").removesuffix(" tokens/s").strip(),
    )
    return items


def kpi_strip(
    title: str, items: Sequence[tuple[str, str, str]], theme: Theme, window: tuple[int, int],
    scale: float = 1.0,
) -> Panel:  # fmt: skip
    """A line of figures across the top: title on the left, captions over values."""
    u = scale
    height = round(52 * u)
    image = Image.new("RGBA", (window[0], height), rgba(theme.panel))
    draw = ImageDraw.Draw(image)
    text, muted = rgba(theme.text), rgba(theme.text_muted)
    big, small, title_size = round(17 * u), round(11.5 * u), round(16 * u)
    gap = round(26 * u)
    widths = [max(text_width(c, small), text_width(v, big)) for c, v, _ in items]
    shown = list(range(len(items)))
    while shown and sum(widths[k] + gap for k in shown) > window[0] - 2 * MARGIN * u:
        shown.pop()
    x = round(window[0] - MARGIN * u - sum(widths[k] + gap for k in shown) + gap)
    room = x - gap - round(MARGIN * u)
    name = title
    while name and text_width(name, title_size) > room:
        name = name[:-2].rstrip(" .,") + "…" if len(name) > 2 else ""
        if name == "…":
            name = ""
    draw_text(draw, round(MARGIN * u), height / 2, name, title_size, text, "lm")
    for k in shown:
        caption, value, status = items[k]
        draw_text(draw, x, round(20 * u), caption, small, muted)
        colour = rgba(theme.status[status]) if status else text
        draw_text(draw, x, round(42 * u), value, big, colour)
        x += widths[k] + gap
    return Panel(np.asarray(image), 0, 0)


def table_panel(
    title: str, rows: Sequence[tuple[str, str, str]], theme: Theme, window: tuple[int, int],
    scale: float = 1.0, place: str = "bottom-left",
) -> Panel:  # fmt: skip
    """A small table: caption, value, status of each row; for the picked element and for help."""
    u = scale
    size, title_size, line = round(13 * u), round(14.5 * u), round(20 * u)
    left = max([text_width(a, size) for a, _, _ in rows] + [0])
    right = max([text_width(b, size) for _, b, _ in rows] + [0])
    width = max(left + right + round(52 * u), text_width(title, title_size) + round(32 * u))
    height = round(44 * u) + line * len(rows)
    image = plate(width, height, rgba(theme.panel), round(9 * u))
    draw = ImageDraw.Draw(image)
    draw_text(draw, round(16 * u), round(26 * u), title, title_size, rgba(theme.text))
    for k, (caption, value, status) in enumerate(rows):
        y = round(46 * u) + k * line
        colour = rgba(theme.status.get(status, theme.text_muted)) if status else rgba(theme.text)
        if place == "centre":
            draw_text(draw, round(16 * u), y, caption, size, rgba(theme.selection))
            draw_text(draw, round(36 * u) + left, y, value, size, rgba(theme.text))
        else:
            draw_text(draw, round(16 * u), y, caption, size, rgba(theme.text_muted))
            draw_text(draw, width - round(16 * u), y, value, size, colour, "rs")
    if place == "centre":
        x, y = (window[0] - width) // 2, (window[1] - height) // 2
    elif place == "top-left":
        x, y = round(MARGIN * u), round(70 * u)
    else:
        x, y = round(MARGIN * u), window[1] - height - round(MARGIN * u)
    return Panel(np.asarray(image), x, y)


def help_panel(theme: Theme, window: tuple[int, int], scale: float = 1.0) -> Panel:
    """The keys."""
    rows = [(key, what, "") for key, what in HELP]
    return table_panel("Keys", rows, theme, window, scale, "centre")


def banner(message: str, status: str, window: tuple[int, int], scale: float = 1.0) -> Panel:
    """A coloured notice under the strip."""
    u = scale
    size = round(15 * u)
    width, height = text_width(message, size) + round(44 * u), round(34 * u)
    image = plate(width, height, rgba(STATUS_COLOURS[status], 0.94), round(8 * u))
    draw_text(ImageDraw.Draw(image), width / 2, height / 2, message, size, (12, 16, 22, 255), "mm")
    return Panel(np.asarray(image), (window[0] - width) // 2, round(64 * u))


@cache
def chip(
    text: str, size: int, colour: tuple[int, int, int, int], back: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """A label's picture: lettering on a rounded plate."""
    width, height = text_width(text, size) + round(size * 1.1), round(size * 1.75)
    image = plate(width, height, back, round(size * 0.45))
    draw_text(ImageDraw.Draw(image), width / 2, height / 2, text, size, colour, "mm")
    return np.asarray(image)
