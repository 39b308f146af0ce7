"""``twin report``: a recording as one HTML page."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated

import typer


def report(
    recording: Annotated[Path, typer.Argument(help="Recording, as `twin run --record` writes it")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write")] = Path(
        "report.html"
    ),
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="3D pictures, by the viewer")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Key figures as JSON on standard output")
    ] = False,
) -> None:
    """Write a self-contained page: key figures, plots, limits, events, pictures, sources."""
    from twin.cli.outputs import PAGES, check_plot
    from twin.report.build import write_report

    check_plot(output, "--output", PAGES)
    summary = write_report(recording, output, pictures=pictures)
    if as_json:
        print(
            json.dumps(
                {
                    figure.key: figure.value if math.isfinite(figure.value) else None
                    for figure in summary.figures
                }
            )
        )
    else:
        typer.echo(f"wrote {output} ({output.stat().st_size / 1e6:.1f} MB)")
