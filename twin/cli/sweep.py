"""``twin sweep`` and ``twin optimise``: studies over many points."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.bounds import MAXIMUM_WORKERS
from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import whole
from twin.cli.outputs import check_plot
from twin.extras import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.study.executors import Executor
    from twin.study.sweep import Prepared

StudyFile = Annotated[Path, typer.Argument(help="Study file (schema: twin.study/1)")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder for results; left out: beside the study")
]
Workers = Annotated[
    int | None,
    typer.Option(help="Processes; left out: one per core", parser=whole(1, MAXIMUM_WORKERS)),
]
Dask = Annotated[str | None, typer.Option(help="Address of a dask scheduler, to compute there")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget results of an earlier study there")]


def sweep(
    context: typer.Context,
    study: StudyFile,
    out: OutFolder = None,
    workers: Workers = None,
    dask: Dask = None,
    fresh: Fresh = False,
    sql: Annotated[
        str | None, typer.Option("--query", help="SQL over the table `results`, run at the end")
    ] = None,
) -> None:
    """Compute all points of a study; started again after a kill, it goes on where it was."""
    if dask is not None:
        refuse_idle(context, "with --dask", "workers")
    from twin.study.idle import without_effect
    from twin.study.results import Results, query
    from twin.study.sweep import prepare
    from twin.study.sweep import sweep as run

    need("study", "pyarrow", "duckdb", what="twin sweep")
    if dask is not None:
        need("cluster", what="--dask")
    prepared = prepare(study)
    _tell_remarks(prepared)
    folder = out or study.with_suffix(".results")
    with (
        Results(folder, prepared.digest, fresh) as results,
        _bar("points") as progress,
        _executor(workers, dask) as executor,
    ):
        table = run(prepared, results, executor, progress)
        errors = [answer.error for answer in results.answers.values() if answer.error]
        count = len(results.answers)
    typer.echo(
        f"{count:,} points in {table}"
        + (f", {len(errors):,} of them with an error" if errors else "")
    )
    if errors:
        typer.echo(f"first error: {errors[0]}", err=True)
    _tell_units(prepared)
    for name in without_effect(prepared, results.answers):
        typer.echo(f"note: no result depends on {name}", err=True)
    if sql is not None:
        _table(*query(table, sql))
    else:
        names = ", ".join(
            f"min({n}) AS min_{n}, max({n}) AS max_{n}" for n in prepared.study.results
        )
        _table(*query(table, f"SELECT count(*) AS points, {names} FROM results"))
    if len(errors) == count:
        raise typer.Exit(1)


def _tell_remarks(prepared: Prepared) -> None:
    """Say what the scenario of a study holds that never happens."""
    for path, remark in prepared.remarks:
        typer.echo(f"note: {path}: {remark}", err=True)


def _tell_units(prepared: Prepared) -> None:
    """Say in which units the columns of results are."""
    names = [*prepared.study.vary, *prepared.study.results]
    known = [f"{name} [{prepared.unit(name)}]" for name in names if prepared.unit(name)]
    if known:
        typer.echo("columns: " + ", ".join(known))


def optimise(
    context: typer.Context,
    study: StudyFile,
    out: OutFolder = None,
    workers: Workers = None,
    dask: Dask = None,
    fresh: Fresh = False,
    plot: Annotated[
        Path | None, typer.Option(help="Write the Pareto plot (SVG, PNG or PDF) here")
    ] = None,
) -> None:
    """Look for the best point of a study within its limits, or the best compromises of several."""
    from twin.study.optimise import optimise as run
    from twin.study.optimise import save_pareto_plot
    from twin.study.results import Results
    from twin.study.sweep import prepare

    need("study", "pymoo", "pyarrow", what="twin optimise")
    if dask is not None:
        need("cluster", what="--dask")
        refuse_idle(context, "with --dask", "workers")
    check_plot(plot, "--plot")
    prepared = prepare(study)
    _tell_remarks(prepared)
    folder = out or study.with_suffix(".optimum")
    with (
        Results(folder, prepared.digest, fresh) as results,
        _bar("evaluations") as progress,
        _executor(workers, dask) as executor,
    ):
        best = run(prepared, results, executor, progress)
        errors = [answer.error for answer in results.answers.values() if answer.error]
    if errors:
        typer.echo(f"{len(errors):,} points with an error, the first: {errors[0]}", err=True)
    if not best.front:
        typer.echo("no point lies within the limits")
        for line in best.closest:
            typer.echo(f"    {line}")
        raise typer.Exit(1)
    names = [*prepared.study.vary, *prepared.study.results]
    headings = [f"{n} [{prepared.unit(n)}]" if prepared.unit(n) else n for n in names]
    _table(headings, [[row[name] for name in names] for row in best.front])
    if plot is not None:
        save_pareto_plot(prepared, best, plot)
        typer.echo(f"plot: {plot}")


def _executor(workers: int | None, dask: str | None) -> closing[Executor]:
    from twin.study.executors import DaskCluster, InProcess, ProcessPool

    if dask is not None:
        return closing(DaskCluster(dask))
    count = workers or os.cpu_count() or 1
    return closing(ProcessPool(count) if count > 1 else InProcess())


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with the time that remains, on standard error."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _table(names: list[str], rows: list[Any]) -> None:
    from twin.cli.tables import show_table

    cells = [[f"{v:,.6g}" if isinstance(v, float) else str(v) for v in row] for row in rows[:50]]
    show_table(cells, names)
    if len(rows) > 50:
        typer.echo(f"and {len(rows) - 50} more rows")
