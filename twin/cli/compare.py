"""``twin compare``: runs beside each other."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from twin.compare.build import Comparison


def compare(
    context: typer.Context,
    targets: Annotated[
        list[str],
        typer.Argument(help="Two or more of: recording, LAYOUT, LAYOUT@SCENARIO"),
    ],
    scenario: Annotated[
        str | None, typer.Option(help="Scenario of the layouts that name none")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", help="Simulated time of layouts (or the scenario's)")
    ] = None,
    every: Annotated[str, typer.Option(help="Simulated time between frames of layouts")] = "10s",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a self-contained HTML page here")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Difference picture on the page")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output, nothing else")
    ] = False,
) -> None:
    """Compare runs: key figures, plots, and which channel parts first, where and when."""
    from twin.cli.idle_options import refuse_idle
    from twin.cli.outputs import PAGES, check_plot
    from twin.cli.run import parse_duration
    from twin.compare.build import compare as compared
    from twin.compare.build import page
    from twin.compare.picture import pictures as drawn
    from twin.compare.sides import Asked, open_sides
    from twin.whole_files import write_file

    check_plot(output, "--output", PAGES)
    if output is None:
        refuse_idle(context, "without --output", "pictures")
    if all((Path(target) / "zarr.json").is_file() for target in targets):
        refuse_idle(context, "on recordings alone", "scenario", "duration", "every")
    asked = Asked(
        scenario,
        None if duration is None else parse_duration(duration, "--for"),
        parse_duration(every, "--every"),
    )
    with tempfile.TemporaryDirectory(prefix="twin-compare-") as folder:
        sides = open_sides(targets, asked, Path(folder), lambda text: typer.echo(text, err=True))
        comparison = compared(sides)
        if output is not None:
            shown, missing = (
                drawn(sides, comparison.divergences[0], Path(folder)) if pictures else ([], "")
            )
            write_file(output, page(comparison, shown, missing))
        if as_json:
            print(json.dumps(comparison.as_data()))
        else:
            _show(comparison)
            if output is not None:
                typer.echo(f"wrote {output}")


def _show(comparison: Comparison) -> None:
    from twin.cli.tables import show_table
    from twin.compare.build import change_text, sentence
    from twin.report.summary import shown

    rows = []
    for title, figures in comparison.rows():
        cells = []
        for figure in figures:
            text = " ".join(shown(figure.value, figure.unit)).strip()
            change = change_text(figures[0], figure)
            if figure is not figures[0] and change:
                text += f"  ({change})"
            cells.append(f"{text}  {figure.where}".strip())
        rows.append((title, *cells))
    show_table(rows, ("", *(side.label for side in comparison.sides)))
    first = comparison.sides[0]
    for side, divergence in zip(comparison.sides[1:], comparison.divergences, strict=True):
        typer.echo(sentence(side, first, divergence))
        for difference in sorted(divergence.differences, key=lambda d: -d.share)[:5]:
            unit = "delta_degC" if difference.unit == "degC" else difference.unit
            typer.echo(
                f"    {difference.channel} differs by up to "
                f"{' '.join(shown(difference.largest, unit)).strip()} at {difference.path}"
            )
