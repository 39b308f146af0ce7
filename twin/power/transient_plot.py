"""Picture of a fast window: powers over time, and their spectra beside the operator's limit."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from physics.electrical.spectrum import UtilityLimit
from twin.figure_files import DOTS_PER_INCH, write_figure
from twin.power.one_line import Floats
from twin.power.transient import Window

SHOWN = 20.0
"""s of the window's end that are drawn."""


def plot(window: Window, path: Path | BytesIO, limit: UtilityLimit | None = None) -> None:
    """Write a picture to a file, as its ending says, or as PNG into a buffer."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1)
    scale, unit = (1e6, "MW") if window.result.grid_power.max() >= 2e6 else (1e3, "kW")
    last = window.time >= window.time[-1] - SHOWN
    result = window.result
    traces: list[tuple[str, Floats, str]] = [
        ("racks behind their shelves", result.load_power, "#9aa5b1"),
        ("before the site battery", result.site_power, "#e07b39"),
        ("at the connection", result.grid_power, "#1f6fb2"),
    ]
    if np.allclose(result.site_power, result.grid_power):
        del traces[1]
    for label, trace, colour in traces:
        upper.plot(window.time[last], trace[last] / scale, label=label, color=colour, lw=1.2)
    upper.set(xlabel="time [s]", ylabel=f"power [{unit}]", title=window.path)
    upper.legend(loc="upper right", framealpha=0.9)
    upper.grid(alpha=0.3)
    for label, trace, colour in traces:
        frequency, density = window.spectrum(trace)
        seen = frequency > 0.0
        lower.loglog(
            frequency[seen], np.sqrt(np.maximum(density[seen], 1e-6)) / scale, color=colour, lw=1.2,
            label=label,
        )  # fmt: skip
    _limits(lower, window, limit, scale)
    lower.set(xlabel="frequency [Hz]", ylabel=f"spectrum [{unit}/√Hz]", title="Swing by frequency")
    lower.set_ylim(bottom=lower.get_ylim()[1] * 1e-5)
    lower.grid(alpha=0.3, which="both")
    if isinstance(path, Path):
        write_figure(figure, path)
    else:
        figure.savefig(path, dpi=DOTS_PER_INCH)


def _limits(axes: Any, window: Window, limit: UtilityLimit | None, scale: float) -> None:
    """Bands of the limit as shaded ranges with their figures."""
    if limit is None:
        return
    for band in limit.bands:
        row = next(
            (c for c in window.checks if c.quantity.startswith(f"amplitude {band.low:g} ")), None
        )
        if row is None:
            continue
        colour = "#2a9d4a" if row.met else "#c0392b"
        axes.axvspan(band.low, band.high, color=colour, alpha=0.12)
        axes.text(
            float(np.sqrt(band.low * band.high)), 0.97,
            f"{row.value / scale:.3g}\nof {row.limit / scale:.3g}",
            transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=8, color=colour,
        )  # fmt: skip
