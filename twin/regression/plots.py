"""Pictures of runs as SVG, by matplotlib (extra ``study``), which is imported when one is drawn."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import InputError
from twin.extras import MissingExtra, need
from twin.regression.outcome import Trace
from twin.whole_files import write_file

if TYPE_CHECKING:
    from twin.regression.golden_compare import Comparison

MAXIMUM_POINTS = 600
INK, BAND, GOOD, BAD = "#1b6ca8", "#1b6ca833", "#2e7d32", "#c62828"


def figure_class() -> Any:
    """matplotlib's Figure, drawn to files without any window; raises MissingExtra without it."""
    need("study", "matplotlib", what="A plot")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "twin",
            "font.size": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    return Figure


def svg_of(figure: Any) -> str:
    """A figure as one SVG element, without date, so that equal pictures are equal text."""
    buffer = io.StringIO()
    figure.savefig(
        buffer,
        format="svg",
        bbox_inches="tight",
        metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
    )
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def thinned(count: int) -> Any:
    """Indices of at most ``MAXIMUM_POINTS`` evenly spread frames, the last among them."""
    if count <= MAXIMUM_POINTS:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, MAXIMUM_POINTS).astype(np.int64))


def picture_of_trace(trace: Trace, passed: bool) -> str:
    """SVG of an expectation's values in time with its limit; "" when matplotlib is missing."""
    try:
        figure = figure_class()(figsize=(4.2, 1.5))
    except MissingExtra:
        return ""
    axes = figure.add_subplot()
    keep = thinned(len(trace.times))
    times = np.array(trace.times)[keep] / 60.0
    low, high = np.array(trace.low)[keep], np.array(trace.high)[keep]
    axes.fill_between(times, low, high, color=BAND, linewidth=0)
    axes.plot(times, high, color=INK, linewidth=1.0)
    if np.any(high - low > 0):
        axes.plot(times, low, color=INK, linewidth=0.5)
    if trace.limit is not None:
        axes.axhline(trace.limit, color=GOOD if passed else BAD, linewidth=1.0, linestyle="--")
    axes.set_xlabel("min")
    unit = "" if trace.unit == "a number" else f" [{trace.unit}]"
    axes.set_ylabel(f"{trace.label.partition('.')[2] or trace.label}{unit}".replace("_", " "))
    return svg_of(figure)


def save_golden_plot(comparison: Comparison, file: Path) -> str:
    """Save a plot of the worst channels beside the golden recording; "" when it cannot be."""
    worst = [d for d in comparison.differences if d.diverges][:3]
    try:
        figure = figure_class()(figsize=(7.0, 2.0 * max(len(worst), 1)))
    except MissingExtra:
        return ""
    for number, difference in enumerate(worst, start=1):
        axes = figure.add_subplot(len(worst), 1, number)
        times, old, now = comparison.traces[difference.channel]
        keep = thinned(len(times))
        minutes = np.asarray(times)[keep] / 60.0
        axes.plot(minutes, np.asarray(old)[keep], color="#777777", linewidth=2.0, label="golden")
        axes.plot(minutes, np.asarray(now)[keep], color=BAD, linewidth=1.0, label="now")
        if difference.first_time is not None:
            axes.axvline(
                difference.first_time / 60.0, color="#777777", linewidth=0.6, linestyle=":"
            )
        axes.set_title(f"{difference.channel} at {difference.path}", fontsize=8, loc="left")
        axes.set_ylabel(difference.unit or "1")
        axes.legend(fontsize=7, frameon=False)
    figure.tight_layout()
    try:
        write_file(file, '<?xml version="1.0"?>\n' + svg_of(figure))
    except InputError:
        return ""
    return str(file)
