"""The HTML of a report: one page that holds its style and pictures within itself."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from twin.report.clock import clock
from twin.report.limits import Touched
from twin.report.pictures import Picture
from twin.report.sources import sources_section
from twin.report.summary import Figure, Summary, shown

STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5d6b7a; --line: #d9e0e7;
  --ground: #f5f7f9; --card: #ffffff; --accent: #2f7ed8; --bad: #c23b46; --warn: #b07400;
  --good: #2b8a4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #98a5b3; --line: #2c3742;
  --ground: #12181f; --card: #1a222b; --bad: #ff7b84; --warn: #e8b04a; --good: #6ccf8d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 2.2rem 1.4rem 4rem; }
header h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
header p { margin: .15rem 0; color: var(--soft); max-width: 60rem; }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; margin: .9rem 0 0; padding: 0; }
.chips li { list-style: none; font-size: .82rem; padding: .12rem .6rem; border-radius: 1rem;
  border: 1px solid var(--line); background: var(--card); color: var(--soft); }
h2 { font-size: 1.18rem; margin: 2.4rem 0 .8rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(165px, 1fr)); gap: .7rem; }
.tile, .card, figure { background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; }
.tile { padding: .7rem .9rem; }
.tile .name { font-size: .8rem; color: var(--soft); }
.tile .value { font-size: 1.45rem; font-weight: 650; font-variant-numeric: tabular-nums;
  line-height: 1.3; }
.tile .value { white-space: nowrap; }
.tile .value small { font-size: .85rem; font-weight: 500; color: var(--soft); }
.verdict { padding: .7rem 1rem; border-left: 4px solid var(--good); margin-top: 1.2rem; }
.verdict.limit { border-color: var(--bad); } .verdict.warning { border-color: var(--warn); }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: .8rem; }
.grid .wide, figure.wide { grid-column: 1 / -1; }
.card { padding: .7rem .8rem; overflow-x: auto; }
.card svg { width: 100%; height: auto; display: block; }
figure { margin: 0; overflow: hidden; }
figure img { width: 100%; display: block; }
figcaption { padding: .5rem .8rem; font-size: .85rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
td, th { text-align: left; padding: .34rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: .8rem; }
td.n, th.n { text-align: right; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
code { font: .85em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.limit { color: var(--bad); font-weight: 600; } .warning { color: var(--warn); font-weight: 600; }
.better { color: var(--good); } .worse { color: var(--bad); }
.soft { color: var(--soft); } .mark { display: inline-block; width: 1.35em; text-align: center;
  border-radius: 4px; font-size: .78rem; font-weight: 700; color: #fff; background: #8793a0; }
.mark.A { background: #2b8a4b; } .mark.B { background: #2f7ed8; } .mark.C { background: #b07400; }
details { margin: .3rem 0; } summary { cursor: pointer; }
footer { margin-top: 3rem; color: var(--soft); font-size: .82rem; }
@media print { body { background: #fff; } .card, figure, .tile { break-inside: avoid; } }
"""

SIMPLIFICATIONS = (
    "Room air is two well-mixed zones per row, not a flow field.",
    "Auxiliary parts of a rack (CPUs, switches, adapters) are heat sources without a temperature "
    "of their own.",
    "Facility water reaches every consumer of a plant at one pressure.",
    "A mean load per time step: electrical transients below the time step are not resolved.",
    "Values between two recorded frames are not in this report, save for the figures that the "
    "run kept exactly (mean powers, PUE, WUE, hottest temperatures, tokens).",
)

COST = "cost_"
"""What the key of the energy's price begins with; its currency follows."""

HEADLINE = (
    "it_power_w",
    "peak_power_w",
    "peak_grid_power_w",
    "pue",
    "wue_l_per_kwh",
    "max_gpu_temperature_c",
    "max_hbm_temperature_c",
    "peak_throttled",
    "peak_off",
    "tokens_per_s",
    "tokens_per_j",
    "energy_j",
    COST,
    "carbon_kg",
)


def escaped(value: Any) -> str:
    """Text of a value, safe in HTML."""
    return html.escape(str(value))


def document(title: str, body: str) -> str:
    """A whole page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escaped(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>\n{body}\n</main></body></html>\n"
    )


def tile(figure: Figure) -> str:
    """One key figure."""
    value, unit = shown(figure.value, figure.unit)
    place = f'<div class="name">{escaped(figure.where)}</div>' if figure.where else ""
    return (
        f'<div class="tile"><div class="name">{escaped(figure.title)}</div>'
        f'<div class="value">{value} <small>{escaped(unit)}</small></div>{place}</div>'
    )


def cards(drawings: Sequence[str], wide: bool = False) -> str:
    """Charts in cards."""
    kind = "card wide" if wide else "card"
    return "".join(f'<div class="{kind}">{svg}</div>' for svg in drawings)


def report(
    summary: Summary,
    limits: Sequence[Touched],
    charts: Sequence[str],
    wide: Sequence[str],
    pictures: Sequence[Picture],
    missing: str,
) -> str:
    """The report of one recording."""
    parts = [
        _header(summary),
        _verdict(limits),
        "<h2>Key figures</h2>",
        f'<div class="tiles">{_tiles(summary)}</div>',
    ]
    if pictures or missing:
        parts.append("<h2>The factory</h2>" + picture_grid(pictures, missing))
    parts.append(
        f'<h2>Over time</h2><div class="grid">{cards(charts)}{cards(wide, wide=True)}</div>'
        '<p class="soft">Bands reach from the lowest to the highest element. Dotted lines mark '
        "commands and the first event of each kind.</p>"
    )
    parts.append("<h2>Limits touched</h2>" + _limits(limits))
    parts.append("<h2>Events</h2>" + _events(summary.recording.events))
    work = _workload(summary.exact)
    if work:
        parts.append("<h2>Workload</h2>" + work)
    parts.append("<h2>Assumptions</h2>" + _assumptions(summary))
    parts.append("<h2>Sources</h2>" + sources_section(summary.about))
    parts.append(
        f"<footer>Layout {escaped(summary.recording.attributes.get('layout', ''))}, digest "
        f"<code>{escaped(summary.recording.digest[:16])}</code>; AI factory twin "
        f"{escaped(summary.about.get('version', ''))}. All times are simulated times since the "
        "start.</footer>"
    )
    return document(f"{summary.title}: {summary.scenario_title}", "\n".join(parts))


def _header(summary: Summary) -> str:
    recording = summary.recording
    counts = {name: recording.levels[name].count for name in ("site", "rack", "gpu", "cdu")}
    chips = [
        f"{counts['gpu']:,} GPUs",
        f"{counts['rack']:,} racks",
        f"{counts['cdu']:,} CDUs",
        f"simulated {clock(summary.duration)}",
        f"{len(recording):,} frames",
    ]
    if summary.start is not None:
        chips.append(f"from {summary.start:%Y-%m-%d %H:%M}")
    listed = "".join(f"<li>{escaped(chip)}</li>" for chip in chips)
    about = " ".join(str(summary.scenario.get("description") or "").split())
    return (
        f"<header><h1>{escaped(summary.title)}: {escaped(summary.scenario_title)}</h1>"
        f"<p>{escaped(about)}</p><ul class='chips'>{listed}</ul></header>"
    )


def _verdict(limits: Sequence[Touched]) -> str:
    over = [t for t in limits if t.severity == "limit"]
    near = [t for t in limits if t.severity == "warning"]
    if over:
        names = ", ".join(t.channel.title for t in over[:3])
        return (
            f'<div class="card verdict limit">{len(over)} limits were passed: '
            f"{escaped(names)}.</div>"
        )
    if near:
        names = ", ".join(t.channel.title for t in near[:3])
        return (
            '<div class="card verdict warning">No limit was passed; warnings of '
            f"{escaped(names)}.</div>"
        )
    return '<div class="card verdict">No limit and no warning level was reached.</div>'


def _tiles(summary: Summary) -> str:
    known = summary.by_key()
    headline = [
        key
        for word in HEADLINE
        for key in known
        if key == word or (word == COST and key.startswith(COST))
    ]
    return "".join(tile(known[key]) for key in headline)


def picture_grid(pictures: Sequence[Picture], missing: str = "", wide: bool = True) -> str:
    """Pictures; ``wide``: the first as wide as the page."""
    parts = []
    for number, picture in enumerate(pictures):
        kind = ' class="wide"' if number == 0 and wide else ""
        caption = escaped(picture.shot.caption)
        parts.append(
            f'<figure{kind}><img alt="{caption}" src="{picture.address}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    note = f'<p class="soft">{escaped(missing)}</p>' if missing else ""
    return f'<div class="grid">{"".join(parts)}</div>{note}'


def _limits(limits: Sequence[Touched]) -> str:
    if not limits:
        return '<div class="card">None.</div>'
    rows = ""
    for t in limits:
        extreme, unit = shown(t.extreme, t.channel.unit)
        mark, _ = shown(t.mark, t.channel.unit)
        rows += (
            f'<tr><td class="{t.severity}">{t.severity}</td><td>{escaped(t.channel.title)}</td>'
            f'<td class="n">{mark} {unit}</td><td class="n">{extreme} {unit}</td>'
            f"<td><code>{escaped(t.path)}</code> at {clock(t.time)}</td>"
            f'<td class="n">{clock(t.first)}</td><td class="n">{t.elements:,} of {t.count:,}</td>'
            f'<td class="n">{clock(t.longest)}</td></tr>'
        )
    return (
        '<div class="card"><table><tr><th></th><th>Channel</th><th class="n">Mark</th>'
        '<th class="n">Furthest</th><th>Where</th><th class="n">First</th>'
        f'<th class="n">Elements</th><th class="n">Longest</th></tr>{rows}</table></div>'
    )


def _events(events: Sequence[Mapping[str, Any]], most: int = 200) -> str:
    if not events:
        return '<div class="card">None.</div>'
    rows = "".join(
        f'<tr><td class="n">{clock(float(e["time"]))}</td><td>{escaped(e["kind"])}</td>'
        f"<td><code>{escaped(e['path'])}</code></td><td>{escaped(e['message'])}</td></tr>"
        for e in events[:most]
    )
    rest = len(events) - most
    more = f'<p class="soft">and {rest:,} more</p>' if rest > 0 else ""
    table = (
        '<table><tr><th class="n">Time</th><th>Kind</th><th>Element</th><th>What</th></tr>'
        f"{rows}</table>{more}"
    )
    if len(events) > 25:
        table = f"<details open><summary>{len(events):,} events</summary>{table}</details>"
    return f'<div class="card">{table}</div>'


def _workload(exact: Mapping[str, Any]) -> str:
    """Figures of jobs, training, inference and series, as the run reported them."""
    prefixes = ("jobs_", "training_", "inference_", "series_")
    rows = "".join(
        f"<tr><td>{escaped(name.replace('_', ' '))}</td><td class='n'>{value:,.4g}</td></tr>"
        for name, value in exact.items()
        if name.startswith(prefixes) and isinstance(value, int | float)
    )
    return f'<div class="card"><table>{rows}</table></div>' if rows else ""


def _assumptions(summary: Summary) -> str:
    scenario = summary.scenario
    weather = scenario.get("weather") or {}
    facts = [
        ("Weather", weather.get("kind", "")),
        ("Time step", f"{scenario.get('step', '')} s"),
        ("Seed of the spread between parts", scenario.get("seed", "")),
        ("Settled before the start", f"{scenario.get('settle', 0)} s"),
        ("Frames every", f"{summary.recording.attributes.get('interval_s', '')} s"),
    ]
    rows = "".join(f"<tr><td>{escaped(k)}</td><td>{escaped(v)}</td></tr>" for k, v in facts)
    points = "".join(f"<li>{escaped(text)}</li>" for text in SIMPLIFICATIONS)
    about = summary.about.get("description") or ""
    lead = f"<p>{escaped(about)}</p>" if about else ""
    return f'<div class="card">{lead}<table>{rows}</table><ul>{points}</ul></div>'
