"""``twin transient``: a window of seconds in milliseconds, from the racks to the grid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.bounds import LARGEST_SEED
from twin.cli.number_options import decimal, whole
from twin.cli.outputs import check_plot
from twin.cli.run import parse_duration
from twin.errors import InputError

if TYPE_CHECKING:
    from twin.power.transient import Interruption, Window


def transient(
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    scope: Annotated[
        str | None, typer.Option(help="Path of a site, hall, row or rack (else the first site)")
    ] = None,
    seconds: Annotated[str, typer.Option(help="Length of the window, such as 60s")] = "60s",
    step: Annotated[str, typer.Option(help="Step, 1ms to 20ms")] = "10ms",
    scenario: Annotated[
        str | None, typer.Option(help="Scenario whose start is the operating point")
    ] = None,
    frequency: Annotated[
        float, typer.Option(help="Iterations of the job per second, Hz", parser=decimal(1e-6))
    ] = 1.0,
    compute_share: Annotated[
        float, typer.Option(help="Share of an iteration that computes", parser=decimal(0.0, 1.0))
    ] = 0.6,
    communication: Annotated[
        float,
        typer.Option(
            help="Accelerators' power while communicating over computing, 0 to 2",
            parser=decimal(0.0, 2.0),
        ),
    ] = 0.35,
    peak: Annotated[
        float,
        typer.Option(
            help="Power at the gradients' exchange over computing, 0 to 3", parser=decimal(0.0, 3.0)
        ),
    ] = 1.0,
    jitter: Annotated[
        float,
        typer.Option(help="Spread of an iteration's length, 0 to 0.5", parser=decimal(0.0, 0.5)),
    ] = 0.0,
    skew: Annotated[str, typer.Option(help="Time over which racks are spread")] = "50ms",
    capacitors: Annotated[
        float, typer.Option(help="Factor on the racks' capacitors, 0 for none", parser=decimal(0.0))
    ] = 1.0,
    battery: Annotated[bool, typer.Option(help="With the layout's site battery")] = True,
    interrupt: Annotated[
        str | None, typer.Option(help="Lose the shelves' input: AT:FOR, such as 5s:15ms")
    ] = None,
    limit: Annotated[
        Path | None, typer.Option(help="Limit of the grid's operator, a YAML file")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Seed of skew and jitter", parser=whole(0, LARGEST_SEED))
    ] = 0,
    plot: Annotated[Path | None, typer.Option(help="Write a picture (PNG) here")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False,
) -> None:
    """Follow swings of synchronous training. Exit 1: a limit of the grid's operator is not met."""
    from physics.electrical.waveform import SwingShape
    from twin.plant import load_plant
    from twin.power import transient as fast
    from twin.power.utility_limit import load_limit
    from twin.scenario import load_scenario
    from twin.steady import solve

    try:
        shape = SwingShape(
            period=1.0 / frequency,
            compute_share=compute_share,
            communication_level=communication,
            peak_level=peak,
            peak_share=0.0 if peak == 1.0 else 0.05,
            jitter=jitter,
        )
    except ValueError as error:
        raise InputError(f"the job's iteration: {error}", key="frequency") from None
    check_plot(plot, "--plot")
    allowed = load_limit(limit) if limit is not None else None
    plant = load_plant(layout)
    point = solve(plant, load_scenario(scenario) if scenario is not None else None)
    found = fast.window(
        plant,
        point.state,
        scope or plant.levels.path("site", 0),
        parse_duration(seconds, "--seconds"),
        parse_duration(step, "--step"),
        shape,
        parse_duration(skew, "--skew") if skew.strip("0 ms") else 0.0,
        seed,
        allowed,
        _interruption(interrupt),
        capacitors,
        battery,
    )
    if plot is not None:
        from twin.power.transient_plot import plot as draw

        draw(found, plot, allowed)
    if as_json:
        print(json.dumps({"layout": plant.name, "frequency_hz": frequency, **found.as_dict()}))
    else:
        _show(found)
        if plot is not None:
            typer.echo(f"picture: {plot}")
    raise typer.Exit(0 if all(row.met for row in found.checks) else 1)


def _interruption(text: str | None) -> Interruption | None:
    from twin.power.transient import Interruption as Lost

    if text is None:
        return None
    at, colon, duration = text.partition(":")
    if not colon:
        raise InputError("--interrupt wants a time and a duration", key="--interrupt",
                         found=repr(text), allowed="such as 5s:15ms")  # fmt: skip
    return Lost(parse_duration(at, "--interrupt"), parse_duration(duration, "--interrupt"))


def _watts(power: float) -> str:
    return f"{power / 1e6:,.3f} MW" if abs(power) >= 2e6 else f"{power / 1e3:,.2f} kW"


def _show(window: Window) -> None:
    from twin.cli.tables import show_table

    result, table = window.result, []
    traces = (result.load_power, result.site_power, result.grid_power)
    for name, figure in (("mean", "mean"), ("lowest", "min"), ("highest", "max")):
        table.append((name, *(_watts(float(getattr(trace, figure)())) for trace in traces)))
    for rows in zip(*(window.bands(trace) for trace in traces), strict=True):
        low, high, _ = rows[0]
        table.append((f"{low:g} to {high:g} Hz", *(_watts(amplitude) for *_, amplitude in rows)))
    show_table(table, ("", "racks", "before battery", "connection"), window.path)
    for row in window.checks:
        per = "/s" if row.unit == "W/s" else ""
        text = f"{row.quantity}: {_watts(row.value)}{per}"
        if row.limit < float("inf"):
            text += f", allowed {_watts(row.limit)}{per}: {'met' if row.met else 'NOT MET'}"
        typer.echo(text)
    energy = window.capacitor_energy / window.racks
    typer.echo(
        f"capacitors: {energy / 1e3:,.2f} kJ per rack flatten this swing completely above "
        f"{window.flattened_above:,.2f} Hz"
        if energy > 0.0
        else "capacitors: none"
    )
    if window.battery_energy > 0.0:
        typer.echo(f"site battery: {window.battery_energy / 3.6e9:,.2f} MWh")
    if window.lost_racks:
        typer.echo(f"{window.lost_racks} racks lost power: {result.unserved_energy.sum():,.0f} J")
    typer.echo(
        f"mean: {_watts(window.mean)}; the one-second model gives {_watts(window.slow_mean)}, "
        f"curved losses add {_watts(window.swing_loss)} ({window.mean_residual:+.3%}); "
        f"energy residual {result.residual:.1e}"
    )
