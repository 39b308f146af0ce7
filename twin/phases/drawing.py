"""A deployment as a chart and as one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from typing import Any

import numpy as np

from twin.layout.phase_models import Announced, Step
from twin.phases.timeline import COMPLETE, Deployment, turning_points
from twin.regression.plots import figure_class, svg_of
from twin.report import pages
from twin.report.charts import COLOURS, GREY, HOT, style

FACTORS = {
    "permit": "#9b5de5",
    "substation": "#e4572e",
    "contract": "#c2476f",
    "transformers": "#8c564b",
    "cooling": "#1aa6a6",
    "racks": "#2f7ed8",
    "accelerators": "#d99a00",
    "memory": "#3a9d5d",
    COMPLETE: "#9aa5b1",
}


def chart(deployment: Deployment) -> str:
    """Usable accelerators by site, announced ones, and each site's limiting factor, as SVG."""
    moments = deployment.moments
    days = [moment.date.toordinal() for moment in moments]
    end = days[-1] + max(90, (days[-1] - days[0]) // 20)
    figure = figure_class()(figsize=(11.6, 5.4))
    figure.patch.set_alpha(0.0)
    top, bottom = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [3.2, 1.1], "hspace": 0.12}
    )
    for axes in (top, bottom):
        style(axes)
    x = np.array([*days, end], dtype=float)
    stacks = [
        np.array([m.sites[s].usable for m in moments] + [moments[-1].sites[s].usable]) / 1e3
        for s in range(len(deployment.sites))
    ]
    top.stackplot(
        x,
        *stacks,
        step="post",
        labels=[site.title or site.path for site in deployment.sites],
        colors=COLOURS,
        alpha=0.8,
        linewidth=0,
    )
    announced = np.array([m.announced for m in moments] + [moments[-1].announced]) / 1e3
    if announced.max() > 0:
        top.step(x, announced, where="post", color=HOT, linewidth=1.8, label="announced")
    top.set_ylim(bottom=0)
    top.set_title(
        "Accelerators that can be used  [thousand]",
        fontsize=9.5,
        loc="left",
        color=GREY,
        fontweight="bold",
    )
    top.legend(fontsize=8, frameon=False, labelcolor=GREY, loc="upper left")
    _factors(bottom, deployment, [*days, end])
    figure.canvas.draw()
    return svg_of(figure)


def _factors(axes: Any, deployment: Deployment, days: Sequence[int]) -> None:
    """A strip per site, coloured by what limits it."""
    used: list[str] = []
    for number in range(len(deployment.sites)):
        for first, last, factor in _spans([m.sites[number].limit for m in deployment.moments]):
            label = None if factor in used else factor
            if label is not None:
                used.append(factor)
            axes.barh(
                number,
                days[last + 1] - days[first],
                left=days[first],
                height=0.72,
                color=FACTORS.get(factor, GREY),
                linewidth=0,
                label=label,
            )
    axes.set_yticks(
        range(len(deployment.sites)), [site.path.strip("/") for site in deployment.sites]
    )
    axes.invert_yaxis()
    axes.grid(False)
    axes.legend(
        fontsize=8,
        frameon=False,
        labelcolor=GREY,
        ncols=8,
        loc="upper left",
        bbox_to_anchor=(-0.01, -0.18),
        title="limited by",
        title_fontsize=8,
        alignment="left",
    ).get_title().set_color(GREY)
    years = range(Date.fromordinal(days[0]).year, Date.fromordinal(days[-1]).year + 1)
    ticks = [Date(year, month, 1).toordinal() for year in years for month in (1, 7)]
    shown = [tick for tick in ticks if days[0] <= tick <= days[-1]]
    axes.set_xticks(shown, [f"{Date.fromordinal(t):%Y-%m}" for t in shown])


def _spans(values: Sequence[str]) -> list[tuple[int, int, str]]:
    """Runs of equal values: first index, last index, value."""
    spans: list[tuple[int, int, str]] = []
    for index, value in enumerate(values):
        if spans and spans[-1][2] == value:
            spans[-1] = (spans[-1][0], index, value)
        else:
            spans.append((index, index, value))
    return spans


def page(deployment: Deployment, title: str) -> str:
    """One self-contained page: chart, table by date, what it rests on."""
    moments = deployment.moments
    last = moments[-1]
    lead = (
        f"{last.usable:,} of {sum(s.accelerators for s in deployment.sites):,} accelerators can "
        f"be used at the end, drawing {last.power / 1e6:,.0f} MW"
    )
    if last.announced:
        lead += f"; {last.announced:,} were announced"
    parts = [
        f"<header><h1>Deployment of {pages.escaped(title)}</h1><p>{lead}.</p></header>",
        f'<div class="card" style="margin-top:1rem">{chart(deployment)}</div>',
        "<h2>By date</h2>" + _table(deployment),
        "<h2>What it rests on</h2>" + _origins(deployment),
    ]
    return pages.document(f"Deployment of {title}", "\n".join(parts))


def _table(deployment: Deployment) -> str:
    heads = "".join(f'<th class="n">{pages.escaped(site.path)}</th>' for site in deployment.sites)
    rows = ""
    for moment in turning_points(deployment):
        cells = "".join(
            f'<td class="n">{site.usable:,}<br><small class="soft">{site.limit}</small></td>'
            for site in moment.sites
        )
        announced = f"{moment.announced:,}" if moment.announced else ""
        rows += (
            f"<tr><td>{moment.date}</td><td class='n'><b>{moment.usable:,}</b></td>"
            f"<td class='n'>{announced}</td><td class='n'>{moment.power / 1e6:,.0f}</td>"
            f"<td>{moment.limit}</td>{cells}</tr>"
        )
    return (
        '<div class="card"><table><tr><th>Date</th><th class="n">Usable</th>'
        f'<th class="n">Announced</th><th class="n">MW</th><th>Limited by</th>{heads}</tr>'
        f"{rows}</table></div>"
    )


def _origins(deployment: Deployment) -> str:
    phases = deployment.phases
    rows = ""
    lines: list[Announced | Step] = [*phases.announced, *phases.steps]
    for line in sorted(lines, key=lambda entry: entry.date):
        until = line.until if isinstance(line, Step) else None
        source = phases.sources.get(line.source, line.source)
        why = "; ".join(part for part in (line.note, source) if part)
        kind, text = _said(line)
        rows += (
            f"<tr><td style='white-space:nowrap'>{line.date}{f' to {until}' if until else ''}</td>"
            f"<td><code>{pages.escaped(line.path)}</code></td><td>{kind}</td>"
            f'<td class="n">{text}</td><td><span class="mark {line.mark}">{line.mark}</span></td>'
            f"<td>{pages.escaped(why)}</td></tr>"
        )
    return (
        '<div class="card"><table><tr><th>Date</th><th>Path</th><th>What</th><th class="n"></th>'
        f"<th></th><th>Source</th></tr>{rows}</table></div>"
    )


def _said(line: Announced | Step) -> tuple[str, str]:
    """What a line is about, and its value for people."""
    if isinstance(line, Announced):
        return "announced", f"{line.accelerators:,}"
    value = float(getattr(line, line.kind))
    if line.kind in ("permit", "substation"):
        return line.kind, f"{value / 1e6:,.4g} MW"
    if line.kind in ("cooling", "racks"):
        return line.kind, f"{value:.0%}"
    return line.kind, f"{value:,.0f}"
