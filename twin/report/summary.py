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
from twin.money import CURRENCIES, OTHER_NAMES, name_of
from twin.replay import Recording
from twin.report.clock import clock
from twin.report.origins import ABOUT, FIGURES

KWH = 3.6e6  # J


@dataclass(frozen=True)
class Figure:
    """One key figure: title, value in ``unit``, and which way is better (0: neither).

    ``path`` and ``time`` [simulated s] are of extremes: which element had it, and when first.
    """

    key: str
    title: str
    value: float
    unit: str = ""
    better: int = 0
    path: str = ""
    time: float | None = None

    @property
    def where(self) -> str:
        """Place and time for people; nothing where there are none."""
        when = "" if self.time is None else clock(self.time)
        return f"at {', '.join(part for part in (self.path, when) if part)}" if when else ""


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
        it_mean = float(exact.get("it_power_w", mean(times, it_power)))
        site_mean = float(exact.get("facility_power_w", mean(times, power)))
        it_energy, energy = it_mean * summary.duration, site_mean * summary.duration
        found += [
            Figure("it_power_w", "Mean IT power", it_mean, "W"),
            Figure("facility_power_w", "Mean facility power", site_mean, "W", -1),
            _peak_power(exact, power, times),
            Figure("energy_j", "Energy used", energy, "J", -1),
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
    for word, channel in (("throttled", "site.throttled"), ("off", "site.gpus_off")):
        number = series(recording, channel)
        if number is not None and gpus and not np.isnan(number).all():
            key, share = f"{word}_gpu_fraction", number / gpus
            at_mean = float(exact.get(key, mean(times, share)))
            found.append(Figure(key, f"GPUs {word}, mean", at_mean, "%", -1))
            found.append(_peak(f"peak_{word}", f"GPUs {word}, most", share, times, "%"))
    tokens = series(recording, "site.tokens_per_second")
    if tokens is not None:
        rate = float(exact.get("tokens_per_s", mean(times, tokens)))
        found.append(Figure("tokens_per_s", "Token capacity", rate, "token/s", 1))
        if energy > 0:
            per_joule = rate * span / energy
            found.append(
                Figure("tokens_per_j", "Token capacity per joule", per_joule, "token/J", 1)
            )
    found += _money_and_carbon(summary, times)
    residual = series(recording, "site.energy_residual", "max")
    if residual is not None:
        largest = float(exact.get("energy_residual", np.nanmax(np.abs(residual))))
        found.append(Figure("energy_residual", "Energy residual", abs(largest)))
    return found


def _peak_power(exact: Mapping[str, Any], power: Floats, times: Floats) -> Figure:
    """The peak from the grid as the run left it, else that of the frames."""
    key = "peak_grid_power_w"
    if key not in exact or "peak_grid_power_time_s" not in exact:
        return _peak("peak_power_w", "Peak facility power, of frames", power, times, "W")
    path, when = str(exact["peak_grid_power_path"]), float(exact["peak_grid_power_time_s"])
    return Figure(key, "Peak grid power", float(exact[key]), "W", -1, path, when)


def _peak(key: str, title: str, values: Floats, times: Floats, unit: str) -> Figure:
    """The highest of some values, and when; without place, as they are sums."""
    frame = int(np.nanargmax(values)) if np.isfinite(values).any() else -1
    if frame < 0:
        return Figure(key, title, math.nan, unit, -1)
    when = float(times[frame]) if values[frame] > 0.0 else None
    return Figure(key, title, float(values[frame]), unit, -1, time=when)


def _temperatures(recording: Recording, exact: Mapping[str, Any]) -> list[Figure]:
    """Hottest parts: as the run left them, or by frames, from racks or else from sites."""
    found = []
    recorded = {channel.name for channel in recording.channels}
    for name, title, channels in (
        ("max_gpu_temperature", "Hottest GPU", ("rack.temperature", "site.temperature")),
        ("max_hbm_temperature", "Hottest HBM stack",
         ("rack.hbm_temperature", "site.hbm_temperature")),
    ):  # fmt: skip
        key = f"{name}_c"
        if key in exact and f"{name}_path" in exact:
            path, when = str(exact[f"{name}_path"]), float(exact[f"{name}_time_s"])
            found.append(Figure(key, title, float(exact[key]), "degC", -1, path, when))
            continue
        channel = next((one for one in channels if one in recorded), None)
        peak = None if channel is None else hottest(recording, channel)
        if peak is not None:
            found.append(Figure(key, title, peak[0], "degC", -1, peak[1], peak[2]))
    return found


def hottest(recording: Recording, channel: str) -> tuple[float, str, float] | None:
    """Highest value of a channel over all frames, its element and time [s]; None without any."""
    values = series(recording, channel, "max")
    if values is None or np.isnan(values).all():
        return None
    frame = int(np.nanargmax(values))
    row = int(np.nanargmax(recording.read(channel, frame)))
    path = recording.levels.path(channel.partition(".")[0], row)
    return float(values[frame]), path, float(recording.times[frame])


def _money_and_carbon(summary: Summary, times: Floats) -> list[Figure]:
    """Price and carbon dioxide of what the grid gave, as booked or as every site says."""
    sites = summary.about.get("sites", [])
    if not sites or "site.grid_power" not in {c.name for c in summary.recording.channels}:
        return []
    drawn = np.array([summary.recording.read("site.grid_power", i) for i in range(len(times))])
    if drawn.shape[1] != len(sites):
        return []
    energies = [integral(times, np.maximum(drawn[:, s], 0.0)) for s in range(len(sites))]
    found = []
    currency = name_of(str(summary.about.get("currency") or "KRW"))  # older recordings: all in won
    for key, name, title, unit, booked in (
        (
            f"cost_{currency}",
            "price_per_j",
            "Price of the energy from the grid",
            currency,
            "energy_cost",
        ),
        ("carbon_kg", "carbon_kg_per_j", "Carbon dioxide", "kg", "carbon_kg"),
    ):
        exact = float(summary.exact.get(booked, 0.0))
        if exact > 0.0:
            found.append(Figure(key, title, exact, unit, -1))
            continue
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
    scales = SCALES.get(unit, ())
    if unit in CURRENCIES or unit in OTHER_NAMES:
        scales = ((1e9, f"G {unit}"), (1e6, f"M {unit}"), (1e3, f"k {unit}"))
    for scale, name in scales:
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
