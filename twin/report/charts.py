"""Charts of a report as SVG, by matplotlib (extra ``study``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from physics.factory.arrays import Floats
from twin.regression.plots import figure_class, svg_of

GREY = "#7a8594"
COLOURS = ("#2f7ed8", "#e4572e", "#3a9d5d", "#9b5de5", "#d99a00", "#1aa6a6", "#c2476f")
HOT = "#d1495b"
MAXIMUM_POINTS = 800


@dataclass(frozen=True)
class Line:
    """One line of a chart; ``low`` fills a band down to it."""

    label: str
    values: Floats
    low: Floats | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Mark:
    """A horizontal line that people watch, such as a limit."""

    label: str
    value: float


@dataclass(frozen=True)
class Chart:
    """A chart over time.

    Attributes
    ----------
    title, unit : for people
    lines : what is drawn; stacked: areas on each other
    marks : limits
    moments : times of events [s], drawn as thin vertical lines
    """

    title: str
    unit: str
    lines: Sequence[Line]
    marks: Sequence[Mark] = ()
    moments: Sequence[float] = ()
    stacked: bool = False


def time_scale(seconds: float) -> tuple[float, str]:
    """Seconds of the unit in which a span of time is drawn, and its name."""
    if seconds > 3 * 86_400:
        return 86_400.0, "days"
    if seconds > 3 * 3600:
        return 3600.0, "hours"
    return (60.0, "minutes") if seconds > 180 else (1.0, "seconds")


def _figure(width: float, height: float) -> tuple[Any, Any]:
    figure = figure_class()(figsize=(width, height))
    figure.patch.set_alpha(0.0)  # the page's ground shows through, light or dark
    axes = figure.add_subplot()
    style(axes)
    return figure, axes


def style(axes: Any) -> None:
    """Grey axes on a clear ground, which read on light and dark pages."""
    axes.patch.set_alpha(0.0)
    axes.tick_params(colors=GREY, labelsize=8)
    axes.grid(True, axis="y", color=GREY, alpha=0.22, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(GREY)
        spine.set_alpha(0.5)


def _kept(count: int) -> Any:
    if count <= MAXIMUM_POINTS:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, MAXIMUM_POINTS).astype(np.int64))


def draw(chart: Chart, times: Floats, width: float = 5.6, height: float = 2.35) -> str:
    """A chart as one SVG element."""
    figure, axes = _figure(width, height)
    keep = _kept(len(times))
    scale, unit = time_scale(float(times[-1] - times[0]))
    x = np.asarray(times)[keep] / scale
    for moment in chart.moments:
        axes.axvline(moment / scale, color=GREY, linewidth=0.7, linestyle=(0, (2, 3)))
    if chart.stacked:
        axes.stackplot(
            x,
            *[line.values[keep] for line in chart.lines],
            labels=[line.label for line in chart.lines],
            colors=COLOURS,
            alpha=0.8,
            linewidth=0,
        )
        axes.set_ylim(bottom=0)
    else:
        for number, line in enumerate(chart.lines):
            colour = COLOURS[number % len(COLOURS)]
            if line.low is not None:
                axes.fill_between(
                    x, line.low[keep], line.values[keep], color=colour, alpha=0.22, linewidth=0
                )
            axes.plot(
                x,
                line.values[keep],
                color=colour,
                linewidth=1.4,
                linestyle=(0, (4, 2)) if line.dashed else "-",
                label=line.label,
            )
        _calm(axes)
    _draw_marks(axes, chart)
    axes.set_xlim(float(x[0]), float(x[-1]) if len(x) > 1 else float(x[0]) + 1.0)
    axes.set_xlabel(unit, color=GREY, fontsize=8, labelpad=1)
    _title_and_legend(
        axes, f"{chart.title}  [{chart.unit}]" if chart.unit else chart.title, len(chart.lines)
    )
    return svg_of(figure)


def _calm(axes: Any) -> None:
    """Keep what hardly moves from filling the chart: the axis spans a permille of its values."""
    low, high = axes.get_ylim()
    least = 1e-3 * max(abs(low), abs(high), 1e-12)
    if high - low < least:
        middle = 0.5 * (low + high)
        axes.set_ylim(middle - 0.5 * least, middle + 0.5 * least)
    axes.ticklabel_format(axis="y", useOffset=False)


def _draw_marks(axes: Any, chart: Chart) -> None:
    """Limits that lie near what is drawn; far ones would squeeze it."""
    low, high = axes.get_ylim()
    for mark in chart.marks:
        if low - 0.4 * (high - low) <= mark.value <= high + 0.6 * (high - low):
            axes.axhline(mark.value, color=HOT, linewidth=0.9, linestyle=(0, (5, 3)))
            axes.annotate(
                mark.label,
                (1.0, mark.value),
                xycoords=("axes fraction", "data"),
                xytext=(-2, 2),
                textcoords="offset points",
                ha="right",
                fontsize=7,
                color=HOT,
            )


def heat_map(
    title: str,
    unit: str,
    times: Floats,
    values: Floats,
    labels: Sequence[str],
    moments: Sequence[float] = (),
    span: tuple[float, float] | None = None,
    colours: str = "inferno",
) -> str:
    """Elements over time by colour; ``values`` has shape [frames, elements].

    More than 240 elements are put together in groups of neighbours, by their maximum.
    """
    figure, axes = _figure(11.6, 2.6)
    axes.grid(False)
    frames = _kept(len(times))
    table = np.asarray(values)[frames].T
    group = max(1, int(np.ceil(len(table) / 240)))
    if group > 1:
        starts = np.arange(0, len(table), group)
        table = np.maximum.reduceat(table, starts, axis=0)
    scale, name = time_scale(float(times[-1] - times[0]))
    first, last = float(times[0]) / scale, float(times[-1]) / scale
    low, high = span or (float(np.nanmin(table)), float(np.nanmax(table)))
    image = axes.imshow(
        table,
        aspect="auto",
        interpolation="nearest",
        cmap=colours,
        vmin=low,
        vmax=high if high > low else low + 1.0,
        extent=(first, last if last > first else first + 1.0, len(labels) + 0.5, 0.5),
    )
    for moment in moments:
        axes.axvline(moment / scale, color="white", linewidth=0.7, linestyle=(0, (2, 3)))
    if len(labels) <= 24:
        axes.set_yticks(np.arange(1, len(labels) + 1), labels)
    else:
        axes.set_ylabel("number", color=GREY, fontsize=8)
    axes.set_xlabel(name, color=GREY, fontsize=8, labelpad=1)
    axes.set_title(f"{title}  [{unit}]", fontsize=9.5, loc="left", color=GREY, fontweight="bold")
    bar = figure.colorbar(image, ax=axes, pad=0.012, fraction=0.025)
    bar.ax.tick_params(colors=GREY, labelsize=8)
    bar.outline.set_visible(False)
    return svg_of(figure)


def draw_sides(title: str, unit: str, lines: Sequence[tuple[str, Floats, Floats]]) -> str:
    """A chart of several runs, each with its own times: label, times, values."""
    figure, axes = _figure(5.6, 2.35)
    span = max(float(times[-1] - times[0]) for _, times, _ in lines)
    scale, name = time_scale(span)
    for number, (label, times, values) in enumerate(lines):
        keep = _kept(len(times))
        axes.plot(
            np.asarray(times)[keep] / scale,
            np.asarray(values)[keep],
            color=COLOURS[number % len(COLOURS)],
            linewidth=1.5 if number else 2.0,
            label=label,
        )
    _calm(axes)
    axes.set_xlabel(name, color=GREY, fontsize=8, labelpad=1)
    _title_and_legend(axes, f"{title}  [{unit}]" if unit else title, len(lines))
    return svg_of(figure)


def _title_and_legend(axes: Any, title: str, lines: int) -> None:
    """Title, and below it what the lines are, when there are several."""
    axes.set_title(
        title,
        fontsize=9.5,
        loc="left",
        color=GREY,
        fontweight="bold",
        pad=20 if lines > 1 else 8,
    )
    if lines > 1:
        axes.legend(
            fontsize=7.5,
            frameon=False,
            labelcolor=GREY,
            ncols=4,
            loc="lower left",
            bbox_to_anchor=(-0.012, 0.985),
            borderaxespad=0,
            columnspacing=1.2,
            handlelength=1.4,
        )
