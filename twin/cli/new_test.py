"""``twin new-test``: a first case for a layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new_test(
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to make; left out: tests/cases/<name>")
    ] = None,
) -> None:
    """Make a case folder for a layout, with expectations found by a run, and a golden recording."""
    from twin.regression.runner import Options, run_case
    from twin.regression.starter import new_case

    folder = new_case(layout, to)
    result = run_case(folder / "case.yaml", Options(update_golden=True))
    typer.echo(f"made {folder} with case.yaml, scenario.yaml and a golden recording")
    if not result.passed:
        typer.echo("not everything holds; look at the limits in case.yaml:")
        for failure in result.failures:
            typer.echo("    " + failure.replace("\n", "\n    "))
    typer.echo(f"run it with:  twin test {folder}")
