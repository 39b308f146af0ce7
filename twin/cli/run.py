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
from twin.cli.outputs import check_output
from twin.errors import InputError, Interrupted
from twin.units import parse_quantity

if TYPE_CHECKING:
    from twin.power.hours import HourlyBill
    from twin.power.story import Story
    from twin.recording import Recorder
    from twin.simulation import Simulation


def parse_duration(text: str, option: str) -> float:
    """Seconds of ``10min``, ``10 min`` or ``2h``; raises InputError naming the option."""
    spaced = text.strip()
    digits = len(spaced) - len(spaced.lstrip("0123456789.eE+-_"))
    number, unit = spaced[:digits], spaced[digits:].strip()
    try:
        seconds = parse_quantity(f"{number} {unit}", "s")
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
    weather: Annotated[
        Path | None, typer.Option(help="Hourly weather file (EPW) for all sites")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random spread", min=0, max=LARGEST_SEED)
    ] = None,
    show_events: Annotated[
        bool, typer.Option("--events", help="All events rather than the last ones")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Write a picture of supply, charge and heat (PNG) here")
    ] = None,
) -> None:
    """Run a layout headless and report its key figures."""
    from twin.compiled import prepare
    from twin.factory import Factory
    from twin.power.bill import bill
    from twin.power.hours import HourlyBill

    check_output(plot, "--plot")
    asked = parse_duration(duration, "--for") if duration is not None else None
    interval = parse_duration(every, "--every")
    factory = Factory.load(layout)
    if not as_json:
        prepare(lambda sentence: typer.echo(sentence, err=True))
    simulation = factory.simulation(scenario, seed=seed, epw=weather)
    total = asked if asked is not None else simulation.scenario.duration
    check_time(total, simulation.step, "--for" if duration is not None else "duration")
    frame_interval(interval, simulation.step, "--every")
    if not as_json:
        _announce(simulation)
    hourly = HourlyBill(simulation) if simulation.tariffs.any else None
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
        "scenario": simulation.scenario.name,
        "simulated_s": simulation.time,
        "wall_s": wall,
        "realtime_factor": simulation.time / wall,
        **simulation.averages(),
        **bill(simulation),
        "digest": simulation.digest(),
    }
    if hourly is not None:
        hourly.take(last=True)
    if as_json:
        plain = {key: _number_or_none(value) for key, value in result.items()}
        if hourly is not None:
            plain |= {"by_hour": hourly.hours(), "shift": hourly.shift()}
        if show_events:
            plain["events"] = [vars(event) for event in simulation.events]
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
    for key, unit, verb in (("energy_cost_won", "won", "cost"), ("carbon_kg", "kg CO2", "emit")):
        found = hourly.shift().get(key)
        if found is None:
            continue
        if found["delay_h"] == 0:
            lines.append(f"Begun at any other hour, the same energy would not {verb} less.")
        else:
            lines.append(
                f"Begun at {found['start']} ({found['delay_h']} h later), the same energy would "
                f"{verb} {found['best']:,.0f} {unit} instead of {found['now']:,.0f} "
                f"({-found['saving_share']:+.1%})."
            )
    return lines


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
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(show_header=False, title=f"{result['layout']}, {result['scenario']}")
    rows = (
        (
            "Simulated",
            f"{result['simulated_s']:,.0f} s in {result['wall_s']:.2f} s "
            f"({result['realtime_factor']:,.0f} x real time)",
        ),
        ("IT power", f"{result['it_power_w'] / 1e6:,.3f} MW"),
        ("Facility power", f"{result['facility_power_w'] / 1e6:,.3f} MW"),
        ("PUE", f"{result['pue']:.3f}"),
        ("WUE", f"{result['wue_l_per_kwh']:.3f} L/kWh"),
        ("Hottest GPU", f"{result['max_gpu_temperature_c']:.1f} degC"),
        ("Hottest HBM stack", f"{result['max_hbm_temperature_c']:.1f} degC"),
        ("Throttled GPUs", f"{result['throttled_gpu_fraction']:.2%}"),
        ("Tokens", f"{result['tokens_per_s']:,.0f} per s"),
        *_costs(result),
        ("Energy residual", f"{result['energy_residual']:.1e}"),
    )
    for row in rows:
        table.add_row(*row)
    console.print(table)
    for event in list(simulation.events)[0 if all_events else -12 :]:
        console.print(
            f"{event.time:8.0f} s  {event.path}  {event.kind}: {event.message}",
            markup=False,
            highlight=False,
        )


def _costs(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows about energy and what it cost."""
    rows = [
        ("Grid energy", f"{result['grid_energy_kwh']:,.1f} kWh"),
        ("Peak grid power", f"{result['peak_grid_power_w'] / 1e6:,.3f} MW"),
    ]
    if result["generator_energy_kwh"] > 0.0:
        rows.append(("Generator energy", f"{result['generator_energy_kwh']:,.1f} kWh"))
    if result["energy_cost_won"] > 0.0:
        rows.append(("Energy cost", f"{result['energy_cost_won']:,.0f} won"))
    if result["solar_energy_kwh"] > 0.0:
        rows.append(("Solar energy", f"{result['solar_energy_kwh']:,.1f} kWh"))
    if result["exported_energy_kwh"] > 0.0:
        rows.append(("Fed into the grid", f"{result['exported_energy_kwh']:,.1f} kWh"))
    if result["demand_cost_won_per_month"] > 0.0:
        rows.append(("Demand charge", f"{result['demand_cost_won_per_month']:,.0f} won a month"))
    if result["carbon_kg"] > 0.0:
        rows.append(("Carbon dioxide", f"{result['carbon_kg']:,.1f} kg"))
    if result["lost_tokens"] > 1e-4 * result["tokens"]:
        rows.append(("Tokens not made", f"{result['lost_tokens']:,.0f}"))
    return rows
