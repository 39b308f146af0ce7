"""``twin phases``: how much of a layout can be used when, and what holds the rest back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from twin.phases.timeline import Deployment


def phases(
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write the chart (SVG) here")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a self-contained HTML page here")
    ] = None,
) -> None:
    """Say how many accelerators can be used when, with what power, and what limits them."""
    from twin.cli.outputs import PAGES, check_plot
    from twin.phases.timeline import deploy
    from twin.plant import load_plant

    check_plot(plot, "--plot", (".svg",))
    check_plot(output, "--output", PAGES)
    plant = load_plant(layout)
    deployment = deploy(plant)
    if plot is not None or output is not None:
        from twin.phases.drawing import chart, page
        from twin.whole_files import write_file

        if plot is not None:
            write_file(plot, '<?xml version="1.0"?>\n' + chart(deployment))
        if output is not None:
            write_file(output, page(deployment, plant.layout.model.title or plant.name))
    if as_json:
        print(json.dumps(deployment.as_data()))
        return
    _show(deployment)
    for file in (plot, output):
        if file is not None:
            typer.echo(f"wrote {file}")


def _show(deployment: Deployment) -> None:
    from twin.cli.tables import show_table
    from twin.phases.timeline import turning_points

    sites = [site.path for site in deployment.sites]
    show_table(
        [
            (
                moment.date.isoformat(),
                f"{moment.usable:,}",
                f"{moment.announced:,}" if moment.announced else "",
                f"{moment.power / 1e6:,.0f}",
                moment.limit,
                *(f"{site.usable:,}\n{site.limit}" for site in moment.sites),
            )
            for moment in turning_points(deployment)
        ],
        ("date", "usable", "announced", "MW", "limited by", *sites),
        right=(1, 2, 3, *range(5, 5 + len(sites))),
    )
