"""Key figures of a recording, by the names people use, each with its unit."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from physics.factory.arrays import Floats
from twin.replay import Recording
from twin.report.origins import ABOUT, FIGURES

KWH = 3.6e6  # J


@dataclass(frozen=True)
class Figure:
    """One key figure: title, value in ``unit``, and which way is better (0: neither)."""

    key: str
    title: str
    value: float
    unit: str = ""
    better: int = 0


@dataclass
class Summary:
    """What a recording comes to.

    Attributes
    ----------
    recording : where it was read from
    about, exact : of the recording, see :mod:`twin.report.origins`; empty for older recordings
    scenario : the scenario as recorded
    start : local time of the first frame
    figures : key figures in the order in which they are told
    """

    recording: Recording
    about: dict[str, Any]
    exact: dict[str, Any]
    scenario: dict[str, Any]
    start: datetime | None
    figures: list[Figure] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Name of the factory for people."""
        return str(self.about.get("title") or self.recording.scene.get("title") or "")

    @property
    def scenario_title(self) -> str:
        """Name of the scenario for people."""
        return str(self.scenario.get("title") or self.scenario.get("name") or "")

    @property
    def duration(self) -> float:
        """Simulated seconds from the first to the last frame."""
        return float(self.recording.times[-1] - self.recording.times[0])

    def by_key(self) -> dict[str, Figure]:
        """Figures by their key."""
        return {figure.key: figure for figure in self.figures}


def series(recording: Recording, channel: str, how: str = "sum") -> Floats | None:
    """A channel over time, put together over its elements; None when it was not recorded.

    how : sum, max, min or mean; shape [frames]
    """
    if channel not in {c.name for c in recording.channels}:
        return None
    ways: dict[str, Callable[[Any], Any]] = {
        "sum": np.nansum,
        "max": np.nanmax,
        "min": np.nanmin,
        "mean": np.nanmean,
    }
    reduce = ways[how]
    values = [
        float(reduce(frame)) if frame.size and not np.isnan(frame).all() else math.nan
        for frame in (recording.read(channel, i) for i in range(len(recording)))
    ]
    return np.array(values)


def integral(times: Floats, values: Floats) -> float:
    """Integral over time by the trapezoidal rule, lost frames bridged; 0 for one frame."""
    sound = np.isfinite(values)
    return float(np.trapezoid(values[sound], times[sound])) if sound.sum() > 1 else 0.0


def mean(times: Floats, values: Floats) -> float:
    """Mean over time; of one frame its value."""
    span = float(times[-1] - times[0])
    return integral(times, values) / span if span > 0 else float(values[0])


def summarise(recording: Recording) -> Summary:
    """Key figures of a recording.

    Energies are trapezoidal integrals of the recorded frames. Where the run left exact figures
    (PUE, WUE, hottest temperatures, tokens), those are taken instead.
    """
    try:
        scenario = json.loads(str(recording.attributes.get("scenario", "{}")))
    except (ValueError, RecursionError):
        scenario = {}
    if not isinstance(scenario, dict):
        scenario = {}
    try:
        start = datetime.fromisoformat(str(recording.attributes.get("start")))
    except ValueError:
        start = None
    about, exact = recording.beside(ABOUT), recording.beside(FIGURES)
    summary = Summary(recording, about, exact, scenario, start)
    summary.figures = [figure for figure in _figures(summary) if math.isfinite(figure.value)]
    return summary


def _figures(summary: Summary) -> list[Figure]:
    recording, exact = summary.recording, summary.exact
    times = recording.times
    span = max(summary.duration, 1e-9)
    gpus = recording.levels["gpu"].count
    it_power, power = series(recording, "site.it_power"), series(recording, "site.power")
    found: list[Figure] = [
        Figure("gpus", "GPUs", gpus),
        Figure("simulated_s", "Simulated time", summary.duration, "s"),
    ]
    it_energy = energy = math.nan
    if it_power is not None and power is not None:
        it_energy, energy = integral(times, it_power), integral(times, power)
        it_mean = float(exact.get("it_power_w", mean(times, it_power)))
        site_mean = float(exact.get("facility_power_w", mean(times, power)))
        found += [
            Figure("it_power_w", "Mean IT power", it_mean, "W"),
            Figure("facility_power_w", "Mean site power", site_mean, "W", -1),
            Figure("peak_power_w", "Peak site power", float(np.nanmax(power)), "W", -1),
            Figure("energy_j", "Energy from the grid", energy, "J", -1),
            Figure("pue", "PUE", site_mean / it_mean if it_mean > 0 else math.nan, "", -1),
        ]
    water = series(recording, "site.water_use")
    if water is not None:
        kilograms = integral(times, water)
        wue = kilograms / (it_energy / KWH) if it_energy > 0 else math.nan
        found += [
            Figure("water_kg", "Water used", kilograms, "kg", -1),
            Figure("wue_l_per_kwh", "WUE", float(exact.get("wue_l_per_kwh", wue)), "L/kWh", -1),
        ]
    found += _temperatures(recording, exact)
    throttled = series(recording, "site.throttled")
    if throttled is not None and gpus:
        share = throttled / gpus
        found.append(
            Figure(
                "throttled_gpu_fraction",
                "GPUs throttled, mean",
                float(exact.get("throttled_gpu_fraction", mean(times, share))),
                "%",
                -1,
            )
        )
        found.append(
            Figure("peak_throttled", "GPUs throttled, most", float(np.nanmax(share)), "%", -1)
        )
    tokens = series(recording, "site.tokens_per_second")
    if tokens is not None:
        rate = float(exact.get("tokens_per_s", mean(times, tokens)))
        found.append(Figure("tokens_per_s", "Tokens", rate, "token/s", 1))
        if energy > 0:
            per_joule = rate * span / energy
            found.append(Figure("tokens_per_j", "Tokens per joule", per_joule, "token/J", 1))
    found += _money_and_carbon(summary, times)
    residual = series(recording, "site.energy_residual", "max")
    if residual is not None:
        largest = float(exact.get("energy_residual", np.nanmax(np.abs(residual))))
        found.append(Figure("energy_residual", "Energy residual", abs(largest)))
    return found


def _temperatures(recording: Recording, exact: Mapping[str, Any]) -> list[Figure]:
    found = []
    for key, title, channel in (
        ("max_gpu_temperature_c", "Hottest GPU", "site.temperature"),
        ("max_hbm_temperature_c", "Hottest HBM stack", "site.hbm_temperature"),
    ):
        values = series(recording, channel, "max")
        if values is not None:
            highest = float(exact.get(key, np.nanmax(values)))
            found.append(Figure(key, title, highest, "degC", -1))
    return found


def _money_and_carbon(summary: Summary, times: Floats) -> list[Figure]:
    """Price and carbon dioxide of the energy; only when every site says what it costs."""
    sites = summary.about.get("sites", [])
    if not sites or "site.power" not in {c.name for c in summary.recording.channels}:
        return []
    power = np.array([summary.recording.read("site.power", i) for i in range(len(times))])
    if power.shape[1] != len(sites):
        return []
    energies = [integral(times, power[:, s]) for s in range(len(sites))]
    found = []
    for key, name, title, unit in (
        ("cost_won", "price_per_j", "Price of the energy", "won"),
        ("carbon_kg", "carbon_kg_per_j", "Carbon dioxide", "kg"),
    ):
        factors = [site.get(name) for site in sites]
        if all(factor is not None for factor in factors):
            total = sum(e * float(f) for e, f in zip(energies, factors, strict=True))
            found.append(Figure(key, title, total, unit, -1))
    return found


SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "W": ((1e9, "GW"), (1e6, "MW"), (1e3, "kW")),
    "J": ((3.6e15, "TWh"), (3.6e12, "GWh"), (3.6e9, "MWh"), (3.6e6, "kWh")),
    "kg": ((1e3, "t"),),
    "s": ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")),
    "token/s": ((1e9, "G token/s"), (1e6, "M token/s"), (1e3, "k token/s")),
    "won": ((1e9, "G won"), (1e6, "M won"), (1e3, "k won")),
    "Pa": ((1e3, "kPa"),),
    "m**3/s": ((1.0, "m3/s"), (1 / 60_000.0, "L/min")),
}
"""Multiples of SI units for people, largest first."""


def shown(value: float, unit: str) -> tuple[str, str]:
    """A value and its unit for people: ``(1.134, "MW")``."""
    if not math.isfinite(value):
        return "-", ""
    if unit == "%":
        return f"{100 * value:.3g}", "%"
    if unit == "degC":
        return f"{value:.1f}", "°C"
    if unit == "delta_degC":
        return f"{value:.2f}", "K"
    for scale, name in SCALES.get(unit, ()):
        if abs(value) >= scale:
            return _digits(value / scale), name
    return _digits(value), {"m**3/s": "m3/s"}.get(unit, unit)


def _digits(value: float) -> str:
    """Four significant digits, without an exponent where people would not write one."""
    if value == 0:
        return "0"
    if abs(value) < 1e-3 or abs(value) >= 1e7:
        return f"{value:.1e}"
    if float(value).is_integer() and abs(value) < 1e7:
        return f"{value:,.0f}"
    places = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"
