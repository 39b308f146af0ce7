"""``twin run``: headless, as fast as it goes."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.bounds import LARGEST_SEED, check_time
from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import whole
from twin.cli.outputs import check_plot
from twin.cli.tables import told
from twin.errors import InputError, Interrupted
from twin.money import name_of
from twin.units import parse_quantity, spaced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.power.hours import HourlyBill
    from twin.power.story import Story
    from twin.recording import Recorder
    from twin.simulation import Event, Simulation


SHOWN_EVENTS = 12
"""Last events that are shown; ``--events`` shows all."""


def parse_duration(text: str, option: str) -> float:
    """Seconds of ``10min``, ``10 min`` or ``2h``; raises InputError naming the option."""
    try:
        seconds = parse_quantity(spaced(text), "s")
    except ValueError as error:
        raise InputError(
            f"{option} {error}", key=option, found=repr(text), allowed="such as 90s, 10min, 2h"
        ) from None
    if seconds <= 0:
        raise InputError(f"{option} must be positive", key=option, found=repr(text))
    check_time(seconds, key=option)
    return seconds


def frame_interval(seconds: float, step: float, option: str) -> float:
    """An interval between frames, which must hold whole time steps; raises InputError."""
    if abs(seconds / step - round(seconds / step)) > 1e-6 or seconds < step - 1e-9:
        raise InputError(
            f"{option} does not hold whole time steps",
            key=option,
            found=f"{seconds:g} s",
            allowed=f"multiples of the time step, {step:g} s",
        )
    return seconds


def run(
    context: typer.Context,
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    scenario: Annotated[
        str | None, typer.Option(help="Scenario file, or the name of a bundled scenario")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", help="Simulated time, such as 10min (or the scenario's)")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Write a recording (Zarr folder) here")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Let it replace a recording of another run, once complete"),
    ] = False,
    every: Annotated[str, typer.Option(help="Simulated time between recorded frames")] = "10s",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output, nothing else")
    ] = False,
    weather: Annotated[Path | None, typer.Option(help="Weather file (EPW) for all sites")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random spread", parser=whole(0, LARGEST_SEED))
    ] = None,
    show_events: Annotated[
        bool, typer.Option("--events", help="All events rather than the last ones")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Write a picture of supply, charge and heat (PNG) here")
    ] = None,
) -> None:
    """Run a layout headless and report its key figures."""
    from twin.factory import Factory
    from twin.key_figures import extremes_as_dict
    from twin.power.bill import bill
    from twin.power.hours import HourlyBill

    check_plot(plot, "--plot")
    asked = parse_duration(duration, "--for") if duration is not None else None
    interval = parse_duration(every, "--every")
    factory = Factory.load(layout)
    simulation = factory.simulation(scenario, seed=seed, epw=weather, duration=asked)
    total = simulation.scenario.duration
    check_time(total, simulation.step, "--for" if duration is not None else "duration")
    frame_interval(interval, simulation.step, "--every")
    simulation.ends_at(total)
    if not as_json:
        _announce(simulation)
    tell_notes(simulation.events)
    hourly = HourlyBill(simulation) if simulation.tariffs.any else None
    if record is None and plot is None and hourly is None:
        refuse_idle(context, "without --record or --plot", "every")
    story = None
    if plot is not None:
        from twin.power.story import Story

        story = Story(simulation)
    started = time.perf_counter()
    recorder = None
    try:
        if record is not None:
            from twin.recording import Recorder
            from twin.recording_size import WORTH_TELLING, size_text

            frames = math.ceil(total / interval - 1e-9) + 1
            recorder = Recorder(
                record, simulation, frames=frames, interval=interval, replace=replace
            )
            if recorder.size > WORTH_TELLING:
                typer.echo(f"the recording will take about {size_text(recorder.size)}", err=True)
            with recorder:
                _advance(simulation, total, interval, recorder, story, hourly, show=not as_json)
                recorder.write_figures()
        else:
            _advance(simulation, total, interval, None, story, hourly, show=not as_json)
    except KeyboardInterrupt:
        where = f"; recorded until then in {recorder.path}" if recorder is not None else ""
        raise Interrupted(f"stopped at {simulation.time:.0f} s of {total:.0f} s{where}") from None
    wall = time.perf_counter() - started
    if plot is not None and story is not None:
        story.plot(plot)
    result = {
        **simulation.info(),
        "sites": len(simulation.plant.sites),
        "scenario": simulation.scenario.name,
        "simulated_s": simulation.time,
        "wall_s": wall,
        "realtime_factor": simulation.time / wall,
        **simulation.averages(),
        **simulation.workload_figures(),
        **extremes_as_dict(simulation.extremes()),
        **bill(simulation),
        "currency": simulation.tariffs.currency,
        "digest": simulation.digest(),
    }
    if hourly is not None:
        hourly.take(last=True)
    if as_json:
        plain = {key: _number_or_none(value) for key, value in result.items()}
        if hourly is not None:
            plain |= {"by_hour": hourly.hours(), "shift": hourly.shift()}
        plain["data"] = [event.message for event in _of_data(simulation)]
        if show_events:
            plain["events"] = [event.as_dict() for event in simulation.events]
        print(json.dumps(plain))
    else:
        _show(result, simulation, show_events)
        if hourly is not None:
            for line in hints(hourly):
                typer.echo(line)
        if record is not None:
            typer.echo(f"Recorded in {record}: see it with  twin render {record} -o picture.png")


def hints(hourly: HourlyBill) -> list[str]:
    """When the same run had been cheapest, and when it had emitted least."""
    lines = []
    money = name_of(hourly.simulation.tariffs.currency or "")
    for key, unit, verb in (("energy_cost", money, "cost"), ("carbon_kg", "kg CO2", "emit")):
        found = hourly.shift().get(key)
        if found is None:
            continue
        if found["delay_h"] == 0:
            lines.append(f"Begun at any other hour, the same energy would not {verb} less.")
        else:
            lines.append(
                f"Begun at {found['start']} ({found['delay_h']} h later), the same energy would "
                f"{verb} {amount(found['best'])} {unit} instead of {amount(found['now'])} "
                f"({-found['saving_share']:+.1%})."
            )
    return lines


def amount(value: float) -> str:
    """Money or mass for people: small amounts with two decimals."""
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:,.2f}"


def _number_or_none(value: Any) -> Any:
    """JSON has no word for what is not a number (PUE without IT power): null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _announce(simulation: Simulation) -> None:
    info = simulation.info()
    typer.echo(
        f"{info['layout']}: {info['gpus']:,} GPUs in {info['racks']:,} racks, "
        f"scenario {simulation.scenario.name}",
        err=True,
    )


def tell_notes(events: Iterable[Event]) -> None:
    """Say on standard error what is to be known about the weather; the events tell it too."""
    from twin.weather_notes import KINDS

    for event in events:
        if event.kind in KINDS:
            typer.echo(f"note: {event.path}: {event.message}", err=True)


def _advance(
    simulation: Simulation,
    total: float,
    interval: float,
    recorder: Recorder | None,
    story: Story | None,
    hourly: HourlyBill | None,
    show: bool,
) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} s"),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stderr)
    taken = (recorder and recorder.append, story and story.take, hourly and hourly.take)
    looks = [look for look in taken if look]
    for look in looks:
        look()
    with Progress(*columns, console=console, disable=not show, transient=True) as progress:
        task = progress.add_task("simulated", total=total)
        while simulation.time < total - 1e-9:
            simulation.advance(min(interval, total - simulation.time))
            for look in looks:
                look()
            progress.update(task, completed=simulation.time)


def _show(result: dict[str, Any], simulation: Simulation, all_events: bool) -> None:
    from twin.cli.tables import show_table
    from twin.cli.work_rows import work_rows

    def hottest(name: str) -> str:
        return told(result[f"{name}_c"], "{:.1f} degC") + _where(result, name)

    rows = (
        (
            "Simulated",
            f"{result['simulated_s']:,.0f} s in {result['wall_s']:.2f} s "
            f"({result['realtime_factor']:,.0f} x real time)",
        ),
        ("IT power", f"{result['it_power_w'] / 1e6:,.3f} MW"),
        ("Facility power", f"{result['facility_power_w'] / 1e6:,.3f} MW"),
        ("PUE", told(result["pue"], "{:.3f}")),
        ("WUE", told(result["wue_l_per_kwh"], "{:.3f} L/kWh")),
        ("Hottest GPU", hottest("max_gpu_temperature")),
        ("Hottest HBM stack", hottest("max_hbm_temperature")),
        ("GPUs throttled, mean", told(result["throttled_gpu_fraction"], "{:.2%}")),
        *_off(result),
        *work_rows(simulation.workload_figures(), result),
        *_costs(result),
        ("Energy residual", f"{result['energy_residual']:.1e}"),
    )
    show_table(rows, title=f"{result['layout']}, {result['scenario']}", prose=(1,))
    events = list(simulation.events)
    shown = events if all_events else events[-SHOWN_EVENTS:]
    if len(shown) < simulation.logged:
        more = "" if all_events else "; all of them with --events"
        typer.echo(f"the last {len(shown)} of {simulation.logged:,} events{more}:")
    # what was left out of people's tables must not scroll away
    for event in [event for event in _of_data(simulation) if event not in shown] + shown:
        typer.echo(f"{event.time:8.0f} s  {event.path}  {event.kind}: {event.message}")


def _where(result: dict[str, Any], name: str) -> str:
    """Where and when an extreme was, to be put behind it."""
    path, time = result.get(f"{name}_path"), result.get(f"{name}_time_s")
    return "" if path is None else f" at {path}, {time:,.0f} s"


def _off(result: dict[str, Any]) -> list[tuple[str, str]]:
    share = result["off_gpu_fraction"]
    return [("GPUs off, mean", f"{share:.2%}")] if share > 0.0 else []


def _of_data(simulation: Simulation) -> list[Event]:
    """Events that tell what of a table did not come into the run as it stands there."""
    return [event for event in simulation.events if event.kind == "data"]


def _costs(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows about energy and what it cost."""
    one = result["sites"] == 1
    rows = [
        ("Grid energy", f"{result['grid_energy_kwh']:,.1f} kWh"),
        (
            "Peak grid power" if one else "Peak grid power, sum of the sites'",
            f"{result['peak_grid_power_w'] / 1e6:,.3f} MW"
            + (_where(result, "peak_grid_power") if one else ""),
        ),
    ]
    if result["generator_energy_kwh"] > 0.0:
        rows.append(("Generator energy", f"{result['generator_energy_kwh']:,.1f} kWh"))
    money = name_of(result["currency"] or "")
    if result["energy_cost"] != 0.0:
        rows.append(("Energy cost", f"{amount(result['energy_cost'])} {money}"))
    if result["solar_energy_kwh"] > 0.0:
        rows.append(("Solar energy", f"{result['solar_energy_kwh']:,.1f} kWh"))
    if result["exported_energy_kwh"] > 0.0:
        rows.append(("Fed into the grid", f"{result['exported_energy_kwh']:,.1f} kWh"))
    if result["demand_cost_per_month"] > 0.0:
        demand = amount(result["demand_cost_per_month"])
        rows.append(("Demand charge", f"{demand} {money} a month"))
    if result["carbon_kg"] > 0.0:
        rows.append(("Carbon dioxide", f"{result['carbon_kg']:,.1f} kg"))
    if result["lost_tokens"] > 1e-4 * result["tokens"]:
        rows.append(("Token capacity lost", f"{result['lost_tokens']:,.0f}"))
    return rows
