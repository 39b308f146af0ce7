"""The supply through a run: traces taken on the way, and their picture with the events in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.figure_files import write_figure

if TYPE_CHECKING:
    from twin.simulation import Event, Simulation

MARKED = {
    "grid-lost": "#c0392b",
    "grid-back": "#2a9d4a",
    "supply": "#1f6fb2",
    "critical-bus": "#c0392b",
    "overload-trip": "#c0392b",
    "ups-empty": "#c0392b",
    "battery": "#8e44ad",
    "solar": "#e9b44c",
    "inject": "#8e44ad",
    "clear": "#8e44ad",
    "set": "#8e44ad",
}
"""Kinds of events that stand in the picture, and their colours."""
LABELS = 14
"""Events with words; further ones are lines only."""


@dataclass
class Story:
    """Traces of a run, of all sites together; powers in W, charges as shares, degC.

    ``take`` adds a moment.
    """

    simulation: Simulation
    time: list[float] = field(default_factory=list)
    rows: list[tuple[float, ...]] = field(default_factory=list)

    NAMES = (
        "it", "cooling", "grid", "generators", "batteries", "ups_charge", "lowest_charge",
        "capped", "gpu", "air", "coolant", "solar",
    )  # fmt: skip

    def take(self) -> None:
        """Note the moment."""
        s = self.simulation.state.view
        charge = s.ups.charge if len(s.ups.charge) else np.ones(1)
        self.time.append(self.simulation.time)
        self.rows.append(
            (
                float(s.site.it_power.sum()),
                float(s.site.cooling_power.sum()),
                float(s.site.grid_power.sum()),
                float(s.site.generator_power.sum()),
                float(s.site.stored_power.sum()),
                float(charge.mean()),
                float(charge.min()),
                float(s.site.throttled.sum()),
                float(s.site.maximum_gpu_temperature.max()),
                float(s.row.cold_aisle_temperature.max()),
                float(s.rack.inlet_temperature.max()),
                float(s.site.solar_power.sum()),
            )
        )

    def trace(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """A trace by name."""
        return np.array([row[self.NAMES.index(name)] for row in self.rows])

    def plot(self, path: Path) -> None:
        """Write the picture (PNG, or what the ending says); raises InputError."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(12, 9), layout="constrained")
        FigureCanvasAgg(figure)
        power, charge, heat = figure.subplots(3, 1, sharex=True, height_ratios=[3, 1.2, 1.6])
        long = self.time[-1] > 1200.0
        time = np.array(self.time) / (60.0 if long else 1.0)
        top = max(float(self.trace(n).max()) for n in ("it", "grid", "generators", "batteries"))
        scale, unit = (1e6, "MW") if top >= 2e6 else (1e3, "kW")
        sun = (("solar", "from the sun", "#e9b44c"),) if self.trace("solar").any() else ()
        for name, label, colour in (
            *sun,
            ("it", "racks", "#102a43"),
            ("cooling", "cooling", "#4aa3a2"),
            ("grid", "from the grid", "#1f6fb2"),
            ("generators", "generators", "#e07b39"),
            ("batteries", "from batteries", "#8e44ad"),
        ):
            power.plot(time, self.trace(name) / scale, label=label, color=colour, lw=1.4)
        power.set_ylabel(f"power [{unit}]")
        power.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        charge.plot(time, 100.0 * self.trace("ups_charge"), color="#8e44ad", label="UPS charge")
        charge.set_ylabel("UPS charge [%]")
        charge.set_ylim(-3, 103)
        other = charge.twinx()
        other.plot(time, self.trace("capped"), color="#c0392b", lw=1.2)
        other.set_ylabel("GPUs slowed or off", color="#c0392b")
        other.set_ylim(0.0, max(1.05 * float(self.trace("capped").max()), 1.0))
        for name, label, colour in (
            ("gpu", "hottest GPU", "#c0392b"),
            ("coolant", "warmest rack supply", "#e07b39"),
            ("air", "warmest cold aisle", "#4aa3a2"),
        ):
            heat.plot(time, self.trace(name), label=label, color=colour, lw=1.4)
        heat.set(ylabel="temperature [degC]", xlabel=f"time [{'min' if long else 's'}]")
        heat.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        marked = [e for e in self.simulation.events if e.kind in MARKED and e.time <= self.time[-1]]
        for axes in (power, charge, heat):
            axes.grid(alpha=0.3)
            for event in marked:
                axes.axvline(event.time / (60.0 if long else 1.0), color=MARKED[event.kind],
                             alpha=0.35, lw=0.9)  # fmt: skip
        _words(power, marked[:LABELS], 60.0 if long else 1.0)
        scenario = self.simulation.scenario
        figure.suptitle(f"{self.simulation.plant.name}: {scenario.title or scenario.name}")
        write_figure(figure, path)


def _words(axes: object, events: list[Event], unit: float) -> None:
    """Say at their lines what happened, each a little lower than the one before."""
    for k, event in enumerate(events):
        text = event.message if len(event.message) <= 46 else event.message[:44] + "…"
        axes.text(  # type: ignore[attr-defined]
            event.time / unit, 0.98 - 0.055 * (k % 16), f" {text}",
            transform=axes.get_xaxis_transform(),  # type: ignore[attr-defined]
            fontsize=7, va="top", color=MARKED[event.kind], clip_on=True,
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
