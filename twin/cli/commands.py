"""The commands of ``twin``, and those of installed plugins."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

import typer

from twin.cli import (
    bench,
    compare,
    doctor,
    export,
    import_usd,
    inspect,
    new_test,
    one_line,
    phases,
    replay,
    report,
    robot,
    run,
    seismic,
    serve,
    solve,
    sweep,
    test,
    transient,
)
from twin.errors import TwinError

app = typer.Typer(
    help="Open digital twin of an AI factory: layout in, live physics out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("solve")(solve.solve)
app.command("serve")(serve.serve)
app.command("replay")(replay.replay)
app.command("test")(test.check_cases)
app.command("new-test")(new_test.new_test)
app.command("sweep")(sweep.sweep)
app.command("optimise")(sweep.optimise)
app.command("info")(inspect.info)
app.command("check")(inspect.check)
app.command("schema")(inspect.schema)
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)
app.command("export")(export.export)
app.command("simready")(export.simready)
app.command("import")(import_usd.import_usd)
app.command("compare")(compare.compare)
app.command("phases")(phases.phases)
app.command("report")(report.report)
app.command("seismic")(seismic.seismic)
app.command("robot")(robot.robot)
app.command("transient")(transient.transient)
app.command("one-line")(one_line.one_line)


def _add_plugins() -> None:
    """Commands that other packages bring (the viewer's among them), by entry point."""
    for entry in sorted(entry_points(group="twin.commands"), key=lambda e: e.name):
        try:
            command = entry.load()
        except ImportError as error:
            command = _unavailable(entry.name, error)
        app.command(entry.name)(command)


def _unavailable(name: str, error: ImportError) -> Callable[[], None]:
    """A command that says why there is none, for a plugin that cannot be loaded."""

    def command() -> None:
        raise TwinError(f"'twin {name}' cannot be loaded: {error}. Look with: twin doctor")

    command.__doc__ = "Not available: it cannot be loaded."
    return command


def application() -> typer.Typer:
    """The command line with the commands of installed plugins."""
    _add_plugins()
    return app
