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
    from twin.cli.outputs import PAGES, check_output
    from twin.cli.run import parse_duration
    from twin.compare.build import compare as compared
    from twin.compare.build import page
    from twin.compare.picture import pictures as drawn
    from twin.compare.sides import Asked, open_sides
    from twin.whole_files import write_file

    check_output(output, "--output", PAGES)
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
    from rich.console import Console
    from rich.table import Table

    from twin.compare.build import change_text, sentence
    from twin.report.summary import shown

    table = Table("", *[side.label for side in comparison.sides])
    for figure, values in comparison.rows():
        cells = []
        for number, value in enumerate(values):
            text = " ".join(shown(value, figure.unit)).strip()
            if number and value != values[0] and figure.key != "energy_residual":
                text += f"  ({change_text(figure, values[0], value)})"
            cells.append(text)
        table.add_row(figure.title, *cells)
    Console().print(table)
    first = comparison.sides[0]
    for side, divergence in zip(comparison.sides[1:], comparison.divergences, strict=True):
        typer.echo(sentence(side, first, divergence))
        for difference in sorted(divergence.differences, key=lambda d: -d.share)[:5]:
            unit = "delta_degC" if difference.unit == "degC" else difference.unit
            typer.echo(
                f"    {difference.channel} differs by up to "
                f"{' '.join(shown(difference.largest, unit)).strip()} at {difference.path}"
            )
