"""``twin new-test``: a first case for a layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twin.errors import TwinError


def new_test(
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to make; left out: tests/cases/<name>")
    ] = None,
) -> None:
    """Make a case folder for a layout, with expectations found by a run, and a golden recording."""
    from twin.regression.runner import Options, run_case
    from twin.regression.starter import new_case, new_folder
    from twin.whole_files import folder_beside

    folder = new_folder(layout, to)
    with folder_beside(folder) as beside:
        new_case(layout, beside, shown=folder)
        result = run_case(beside / "case.yaml", Options(update_golden=True))
        if result.error:
            raise TwinError(result.error)
    typer.echo(f"made {folder} with case.yaml, scenario.yaml and a golden recording")
    if not result.passed:
        typer.echo("not everything holds; look at the limits in case.yaml:")
        for failure in result.failures:
            typer.echo("    " + failure.replace("\n", "\n    "))
    typer.echo(f"run it with:  twin test {folder}")
