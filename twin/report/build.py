"""A report of a recording: what is told, in which order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from physics.factory.arrays import Floats
from twin.channels import BY_NAME
from twin.replay import Recording
from twin.report import pages
from twin.report.charts import Chart, Line, Mark, draw, heat_map
from twin.report.clock import clock
from twin.report.limits import Touched, touched
from twin.report.pictures import Picture, Shot
from twin.report.pictures import draw as draw_pictures
from twin.report.summary import Summary, series, summarise
from twin.whole_files import write_file

MOST_MOMENTS = 14


def write_report(path: str | Path, output: Path, *, pictures: bool = True) -> Summary:
    """Write the report of a recording as one HTML file that needs nothing else.

    Raises
    ------
    InputError : no recording there, or the page cannot be written
    TwinError : matplotlib is missing
    """
    recording = Recording(path)
    summary = summarise(recording)
    limits = touched(recording)
    shown: list[Picture] = []
    missing = ""
    if pictures:
        shown, missing = draw_pictures(recording.path, shots(summary, limits))
    text = pages.report(summary, limits, charts(summary), wide_charts(summary), shown, missing)
    write_file(output, text)
    return summary


def worst_moment(summary: Summary) -> float:
    """Time at which the hottest accelerator was hottest [s]; the last frame without any."""
    recording = summary.recording
    values = series(recording, "site.temperature", "max")
    if values is None or np.isnan(values).all():
        return float(recording.times[-1])
    return float(recording.times[int(np.nanargmax(values))])


def hottest_rack(recording: Recording, moment: float) -> str | None:
    """Path of the rack with the hottest accelerator at a time."""
    if "rack.temperature" not in {c.name for c in recording.channels}:
        return None
    values = recording.read("rack.temperature", recording.index_at(moment))
    return recording.levels.path("rack", int(np.nanargmax(values))) if values.size else None


def shots(summary: Summary, limits: Sequence[Touched]) -> list[Shot]:
    """Pictures worth having: the hall at its worst, its hottest rack, the site and its plant."""
    recording = summary.recording
    recorded = {c.name for c in recording.channels}
    moment = worst_moment(summary)
    rack = hottest_rack(recording, moment)
    when = clock(moment)
    channel = "gpu.temperature" if "gpu.temperature" in recorded else "rack.temperature"
    hall = None if rack is None else "/".join(rack.split("/")[:3])
    result = [Shot(f"GPU temperature at {when}, the hottest moment", channel, "hall", moment, hall)]
    if rack is not None:
        detail = "gpu.hbm_temperature" if "gpu.hbm_temperature" in recorded else channel
        result.append(
            Shot(
                f"Hottest rack, {rack}: {BY_NAME[detail].title} at {when}",
                detail,
                "rack",
                moment,
                rack,
                "1200x800",
            )
        )
    result.append(
        Shot(f"The site at {when}: rack power", "rack.power", "site", moment, None, "1200x800")
    )
    return result


def moments(summary: Summary) -> list[float]:
    """Times of commands and of the first of each other kind of event [s], not too many."""
    seen: set[str] = set()
    found = []
    for event in summary.recording.events:
        kind = str(event.get("kind", ""))
        if kind in ("set", "inject", "clear") or kind not in seen:
            seen.add(kind)
            found.append(float(event["time"]))
    unique = sorted(set(found))
    if len(unique) <= MOST_MOMENTS:
        return unique
    return [unique[int(i)] for i in np.linspace(0, len(unique) - 1, MOST_MOMENTS)]


def charts(summary: Summary) -> list[str]:
    """All charts of a report as SVG, the wide ones last."""
    recording, times = summary.recording, summary.recording.times
    marked = moments(summary)
    drawn = [
        draw(chart, times)
        for chart in itertools.chain(
            _power(recording, marked),
            _temperatures(recording, marked),
            _efficiency(recording, marked),
            _coolant(recording, marked),
            _work(recording, marked),
            _weather(recording, marked),
        )
    ]
    return drawn


def wide_charts(summary: Summary) -> list[str]:
    """Every rack's temperature over time."""
    recording = summary.recording
    if "rack.temperature" not in {c.name for c in recording.channels}:
        return []
    count = recording.levels["rack"].count
    if count < 2:
        return []
    values = np.array([recording.read("rack.temperature", i) for i in range(len(recording))])
    names = [path.rsplit("/", 1)[-1] for path in recording.levels.paths("rack")]
    return [
        heat_map(
            "Hottest GPU of every rack", "degC", recording.times, values, names, moments(summary)
        )
    ]


def _power(recording: Recording, marked: list[float]) -> list[Chart]:
    parts = {
        "IT": series(recording, "site.it_power"),
        "cooling": series(recording, "site.cooling_power"),
        "losses": series(recording, "site.loss_power"),
    }
    found = [(name, values) for name, values in parts.items() if values is not None]
    if not found:
        return []
    scale, unit = _scale_of(sum(np.nanmax(values) for _, values in found))
    lines = [Line(name, np.nan_to_num(values / scale)) for name, values in found]
    return [Chart("Power of the site", unit, lines, moments=marked, stacked=True)]


def _scale_of(power: float) -> tuple[float, str]:
    return (1e6, "MW") if power > 2e5 else (1e3, "kW")


def _band(recording: Recording, channel: str, label: str) -> list[Line]:
    """Line of the highest element over a band down to the lowest."""
    high = series(recording, channel, "max")
    if high is None or np.isnan(high).all():
        return []
    low = series(recording, channel, "min")
    return [Line(label, high, low)]


def _temperatures(recording: Recording, marked: list[float]) -> list[Chart]:
    lines = [
        *_band(recording, "rack.temperature", "hottest GPU of each rack"),
        *_band(recording, "rack.hbm_temperature", "hottest HBM stack of each rack"),
    ]
    marks = []
    for channel, name in (("gpu.temperature", "GPU"), ("gpu.hbm_temperature", "HBM")):
        row = BY_NAME[channel]
        if row.warning is not None:
            marks.append(Mark(f"{name} slows down", row.warning))
        if row.limit is not None:
            marks.append(Mark(f"{name} shuts down", row.limit))
    return [Chart("Accelerators", "degC", lines, marks, marked)] if lines else []


def _efficiency(recording: Recording, marked: list[float]) -> list[Chart]:
    it_power = series(recording, "site.it_power")
    power = series(recording, "site.power")
    if it_power is None or power is None:
        return []
    with np.errstate(divide="ignore", invalid="ignore"):
        pue = np.where(it_power > 0, power / it_power, np.nan)
    return [Chart("PUE", "", [Line("site power / IT power", pue)], moments=marked)]


def _coolant(recording: Recording, marked: list[float]) -> list[Chart]:
    lines = [
        *_band(recording, "cdu.supply_temperature", "CDU supply"),
        *_band(recording, "cdu.return_temperature", "CDU return"),
    ]
    if not lines:
        lines = _band(recording, "row.cold_aisle_temperature", "cold aisle")
        lines += _band(recording, "row.hot_aisle_temperature", "hot aisle")
    lines += _plants(recording)
    return [Chart("Coolant", "degC", lines, moments=marked)] if lines else []


def _plants(recording: Recording) -> list[Line]:
    """Supply of the warmest facility loop; chilled ones would share its band."""
    high: Floats | None = series(recording, "plant.supply_temperature", "max")
    return [] if high is None else [Line("facility supply", high)]


def _work(recording: Recording, marked: list[float]) -> list[Chart]:
    tokens = series(recording, "site.tokens_per_second")
    found = []
    if tokens is not None:
        scale, name = (1e6, "million/s") if np.nanmax(tokens) > 1e6 else (1e3, "thousand/s")
        found.append(
            Chart("Token capacity", name, [Line("all sites", tokens / scale)], moments=marked)
        )
    gpus = recording.levels["gpu"].count
    lines = []
    for label, channel in (("throttled", "site.throttled"), ("off", "site.gpus_off")):
        number = series(recording, channel)
        if number is not None and gpus and np.nanmax(number, initial=0.0) > 0:
            lines.append(Line(label, 100.0 * number / gpus))
    if lines:
        found.append(Chart("GPUs throttled or off", "% of all GPUs", lines, moments=marked))
    return found


def _weather(recording: Recording, marked: list[float]) -> list[Chart]:
    lines = [
        *_band(recording, "site.dry_bulb_temperature", "dry bulb"),
        *_band(recording, "site.wet_bulb_temperature", "wet bulb"),
    ]
    return [Chart("Weather", "degC", lines, moments=marked)] if lines else []
