"""``twin test``: run cases and say what holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.bounds import MAXIMUM_WORKERS
from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import whole
from twin.extras import install_command, is_there

if TYPE_CHECKING:
    from twin.regression.runner import CaseResult


def check_cases(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Case folders or files, folders of them, names of bundled scenarios, "
            "or 'library' for all of those"
        ),
    ],
    workers: Annotated[
        int | None,
        typer.Option(help="Processes; left out: one per core", parser=whole(1, MAXIMUM_WORKERS)),
    ] = None,
    update_golden: Annotated[
        bool, typer.Option("--update-golden", help="Write golden recordings; show what changed")
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here")] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write JSON here, - for standard output and nothing else"),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a self-contained HTML report here")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every expectation and what was found")
    ] = False,
) -> None:
    """Run cases. Exit 0: all hold, 1: some do not, 2: a case cannot be read or run."""
    from twin.cli.outputs import check_output
    from twin.regression import reports
    from twin.regression.discovery import find_cases
    from twin.regression.runner import Options, run_cases

    if html is not None and not is_there("matplotlib"):
        typer.echo(
            f"the page will have no plots; to install what draws them: {install_command('study')}",
            err=True,
        )
    for file, option in ((junit, "--junit"), (json_file, "--json"), (html, "--html")):
        if file is not None and str(file) != "-" and file.parent.is_dir():  # else it is made
            check_output(file, option, None)
    files = find_cases(paths)
    quiet = json_file is not None and str(json_file) == "-"
    if quiet:
        refuse_idle(context, "with --json -", "verbose")

    def show(result: CaseResult) -> None:
        if not quiet:
            _show(result, verbose)

    results = run_cases(files, Options(update_golden, html is not None), workers, show)
    if junit is not None:
        reports.write_junit(results, junit)
    if html is not None:
        reports.write_html(results, html)
    if quiet:
        print(json.dumps(reports.as_data(results)))
    elif json_file is not None:
        reports.write_json(results, json_file)
    passed = sum(result.passed for result in results)
    if not quiet:
        typer.echo(f"{passed} passed, {len(results) - passed} failed")
    if any(result.error for result in results):
        raise typer.Exit(2)
    if passed < len(results):
        raise typer.Exit(1)


def _show(result: CaseResult, verbose: bool) -> None:
    count = len(result.outcomes)
    mark = "passed" if result.passed else "FAILED"
    golden = "" if result.golden_state == "none" else f", golden {result.golden_state}"
    typer.echo(f"{mark}  {result.name}: {count} expectations{golden}, {result.wall:.1f} s")
    if verbose:
        for outcome, because in result.outcomes:
            why = f"  ({because})" if because else ""
            typer.echo(f"    {outcome.status:9} {outcome.text}{why}\n              {outcome.found}")
    for failure in result.other_failures if verbose else result.failures:
        typer.echo("    " + failure.replace("\n", "\n    "))
    for time, path, kind, message in result.events:
        if kind == "data" and time == 0.0:  # of tables, and of what never happens
            typer.echo(f"    note: {path}: {message}")
    for change in result.changes:
        typer.echo(f"    {change}")
