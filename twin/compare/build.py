"""A comparison as plain data, as a page, and for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.compare.divergence import Difference, Divergence, diverge
from twin.compare.sides import Side
from twin.report import pages
from twin.report.charts import draw_sides
from twin.report.clock import clock
from twin.report.pictures import Picture
from twin.report.summary import Figure, series, shown

OVERLAID = (
    # channel, how its elements are put together, title
    ("site.power", "sum", "Site power"),
    ("site.it_power", "sum", "IT power"),
    ("site.temperature", "max", "Hottest GPU"),
    ("site.hbm_temperature", "max", "Hottest HBM stack"),
    ("site.tokens_per_second", "sum", "Token capacity"),
    ("site.throttled", "sum", "GPUs throttled"),
    ("site.gpus_off", "sum", "GPUs off"),
    ("cdu.supply_temperature", "max", "CDU supply, warmest"),
    ("plant.supply_temperature", "max", "Facility supply, warmest"),
)


@dataclass(frozen=True)
class Comparison:
    """Runs beside each other; every one but the first also against the first."""

    sides: tuple[Side, ...]
    divergences: tuple[Divergence, ...]

    def rows(self) -> list[tuple[str, list[Figure]]]:
        """Key figures that any side has, each with its title and the figures of all sides.

        A side that has none of that key shows one that is not a number.
        """
        tables = [side.summary.by_key() for side in self.sides]
        known = {key: figure for table in reversed(tables) for key, figure in table.items()}
        order = dict.fromkeys(key for table in tables for key in table)
        return [
            (known[key].title, [table.get(key, _missing(known[key])) for table in tables])
            for key in order
        ]

    def as_data(self) -> dict[str, Any]:
        """Plain data, schema ``twin.comparison/1``."""
        return {
            "schema": "twin.comparison/1",
            "sides": [
                {
                    "label": side.label,
                    "layout": side.recording.attributes.get("layout"),
                    "scenario": side.summary.scenario.get("name"),
                    "digest": side.recording.digest,
                    "figures": {f.key: _plain(f.value) for f in side.summary.figures},
                    "extremes": {
                        f.key: {"path": f.path or None, "time_s": f.time}
                        for f in side.summary.figures
                        if f.time is not None
                    },
                }
                for side in self.sides
            ],
            "against_first": [
                {
                    "label": side.label,
                    "common_frames": divergence.frames,
                    "common_elements": divergence.elements,
                    "channels": divergence.channels,
                    "first": None if divergence.first is None else divergence.first.as_dict(),
                    "differences": [d.as_dict() for d in divergence.differences],
                }
                for side, divergence in zip(self.sides[1:], self.divergences, strict=True)
            ],
        }


def _missing(figure: Figure) -> Figure:
    """A figure of that kind that a side does not have."""
    return Figure(figure.key, figure.title, math.nan, figure.unit, figure.better)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def compare(sides: Sequence[Side]) -> Comparison:
    """Compare two or more runs; all against the first."""
    first = sides[0].recording
    return Comparison(tuple(sides), tuple(diverge(first, side.recording) for side in sides[1:]))


def sentence(side: Side, first: Side, divergence: Divergence) -> str:
    """Where they first differ, in one sentence; one more where one of them goes on for longer."""
    return _first_difference(side, first, divergence) + _longer(side, first)


def _longer(side: Side, first: Side) -> str:
    """What to say of runs that do not last equally long."""
    ends = [float(one.recording.times[-1]) for one in (side, first)]
    if math.isclose(*ends, abs_tol=1e-6):
        return ""
    return (
        f". {side.label} ends at {clock(ends[0])}, {first.label} at {clock(ends[1])}: "
        "totals and means are of different spans"
    )


def _first_difference(side: Side, first: Side, divergence: Divergence) -> str:
    if divergence.frames == 0:
        return f"{side.label} and {first.label} have no frame at the same time"
    if divergence.elements == 0:
        return f"{side.label} and {first.label} have no element of the same path"
    found = divergence.first
    if found is None:
        return (
            f"{side.label} and {first.label} are equal within resolution: {divergence.channels} "
            f"channels, {divergence.frames} frames"
        )
    a, unit_a = shown(found.first_a, found.unit)
    b, unit_b = shown(found.first_b, found.unit)
    return (
        f"{side.label} first differs from {first.label} at {clock(found.first_time)}: "
        f"{found.channel} at {found.first_path} is {f'{b} {unit_b}'.rstrip()} instead of "
        f"{f'{a} {unit_a}'.rstrip()}"
    )


def page(comparison: Comparison, pictures: Sequence[Picture] = (), missing: str = "") -> str:
    """The comparison as one self-contained HTML page."""
    first = comparison.sides[0]
    names = " / ".join(side.label for side in comparison.sides)
    parts = [
        f"<header><h1>Comparison: {pages.escaped(names)}</h1>"
        f"<p>Everything is compared with {pages.escaped(first.label)}.</p></header>"
    ]
    for side, divergence in zip(comparison.sides[1:], comparison.divergences, strict=True):
        equal = divergence.first is None and divergence.frames and divergence.elements
        kind = "verdict" if equal else "verdict warning"
        text = pages.escaped(sentence(side, first, divergence))
        parts.append(f'<div class="card {kind}">{text}.</div>')
    parts.append("<h2>Key figures</h2>" + _figures(comparison))
    if pictures or missing:
        single = len(pictures) == 1  # of the difference; else each beside the other
        title = "Difference" if single else "Side by side"
        parts.append(f"<h2>{title}</h2>" + pages.picture_grid(pictures, missing, single))
    parts.append(
        f'<h2>Over time</h2><div class="grid">{pages.cards(overlays(comparison.sides))}</div>'
    )
    for side, divergence in zip(comparison.sides[1:], comparison.divergences, strict=True):
        if divergence.differences:
            parts.append(
                f"<h2>{pages.escaped(side.label)} against {pages.escaped(first.label)}</h2>"
                + _worst(first, side, divergence)
                + _differences(divergence)
            )
    return pages.document(f"Comparison: {names}", "\n".join(parts))


def _figures(comparison: Comparison) -> str:
    heads = "".join(f'<th class="n">{pages.escaped(s.label)}</th>' for s in comparison.sides)
    rows = ""
    for title, figures in comparison.rows():
        cells = ""
        for figure in figures:
            text, unit = shown(figure.value, figure.unit)
            place = f'<br><small class="soft">{pages.escaped(figure.where)}</small>'
            cells += (
                f'<td class="n">{text} {pages.escaped(unit)}{_change(figures[0], figure)}'
                f"{place if figure.where else ''}</td>"
            )
        rows += f"<tr><td>{pages.escaped(title)}</td>{cells}</tr>"
    return f'<div class="card"><table><tr><th></th>{heads}</tr>{rows}</table></div>'


def change_text(first: Figure, figure: Figure) -> str:
    """A change for people: in K for temperatures, in percentage points or per cent otherwise.

    Nothing where nothing changed, or where one of the two is no number.
    """
    old, new = first.value, figure.value
    if old == new or figure.key == "energy_residual" or not math.isfinite(old + new):
        return ""
    if figure.unit == "degC":
        return f"{new - old:+.2f} K"
    if figure.unit == "%":
        return f"{100 * (new - old):+.3g} points"
    return "new" if old == 0 else f"{100 * (new / old - 1):+.2f} %"


def _change(first: Figure, figure: Figure) -> str:
    text = change_text(first, figure)
    if not text:
        return ""
    better = figure.better * (figure.value - first.value)
    kind = "better" if better > 0 else "worse" if better < 0 else "soft"
    return f' <small class="{kind}">{text}</small>'


def overlays(sides: Sequence[Side]) -> list[str]:
    """Charts of site figures with one line per run."""
    drawn = []
    for channel, how, title in OVERLAID:
        values = [series(side.recording, channel, how) for side in sides]
        present = [
            (s, v)
            for s, v in zip(sides, values, strict=True)
            if v is not None and np.isfinite(v).any()
        ]
        if not present or all(np.nanmax(np.abs(v)) == 0 for _, v in present):
            continue
        unit = next(c.unit for c in present[0][0].recording.channels if c.name == channel)
        scale = 1.0
        highest = max(float(np.nanmax(v)) for _, v in present)
        if unit == "W":
            scale, unit = (1e6, "MW") if highest > 2e5 else (1e3, "kW")
        elif unit == "token/s":
            scale, unit = (1e6, "million/s") if highest > 1e6 else (1e3, "thousand/s")
        drawn.append(
            draw_sides(title, unit, [(s.label, s.recording.times, v / scale) for s, v in present])
        )
    return drawn


def _worst(first: Side, side: Side, divergence: Divergence) -> str:
    """Charts of the channels that differ most, each at the element where it does."""
    chosen = sorted(divergence.differences, key=lambda d: -d.share)[:4]
    drawn = []
    for difference in chosen:
        level = difference.channel.partition(".")[0]
        lines = []
        for one in (first, side):
            recording = one.recording
            found, row = recording.levels.find(difference.path)
            assert found == level
            times, values = recording.history(
                difference.channel, row, recording.times[0], recording.times[-1], 800
            )
            lines.append((one.label, times, values.astype(np.float64)))
        drawn.append(draw_sides(f"{difference.title} at {difference.path}", difference.unit, lines))
    return f'<div class="grid">{pages.cards(drawn)}</div>'


def _differences(divergence: Divergence) -> str:
    rows = "".join(_row(difference) for difference in divergence.differences)
    return (
        '<div class="card" style="margin-top:.8rem"><table><tr><th>Channel</th>'
        '<th class="n">From</th><th>First at</th><th class="n">Largest</th><th>There</th>'
        f'<th class="n">Elements</th></tr>{rows}</table></div>'
    )


def _row(difference: Difference) -> str:
    largest, unit = shown(
        difference.largest, "delta_degC" if difference.unit == "degC" else difference.unit
    )
    return (
        f"<tr><td><code>{pages.escaped(difference.channel)}</code></td>"
        f'<td class="n">{clock(difference.first_time)}</td>'
        f"<td><code>{pages.escaped(difference.first_path)}</code></td>"
        f'<td class="n">{largest} {unit}</td>'
        f"<td><code>{pages.escaped(difference.path)}</code> at {clock(difference.time)}</td>"
        f'<td class="n">{difference.elements:,} of {difference.count:,}</td></tr>'
    )
