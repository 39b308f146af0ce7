"""``twin solve``: the operating point, without a march in time."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.bounds import LARGEST_SEED
from twin.cli.number_options import whole
from twin.errors import InputError
from twin.numerals import number
from twin.units import parse_quantity, spaced

if TYPE_CHECKING:
    from twin.controls import Command
    from twin.steady import OperatingPoint

LEVELS = ("site", "plant", "hall", "row", "cdu")
"""Levels whose elements the JSON answer lists one by one; racks are many."""
RACK_FIGURES = ("temperature", "hbm_temperature", "supply_temperature", "return_temperature",
                "coolant_flow", "power")  # fmt: skip
MOST_LINES = 24  # of a table for people


def _split(text: str, option: str, example: str) -> tuple[str, str]:
    """Path and the rest of ``PATH:REST``; raises InputError naming the option."""
    path, colon, rest = text.partition(":")
    if not colon or not path.startswith("/") or not rest:
        raise InputError(f"{option} is not understood", key=option, found=text, allowed=example)
    return path, rest


def commands_of(settings: list[str], faults: list[str]) -> list[Command]:
    """Commands of ``PATH:KEY=VALUE`` and ``PATH:FAULT``; raises InputError."""
    from twin.controls import Command

    commands = []
    for text in settings:
        example = "such as /pilot/warm:supply_setpoint=34degC"
        path, rest = _split(text, "--set", example)
        key, equals, value = rest.partition("=")
        if not equals or not value.strip():
            raise InputError("--set has no value", key="--set", found=text, allowed=example)
        commands.append(Command("set", path, key.strip(), _number_or_text(value.strip())))
    for text in faults:
        path, name = _split(text, "--inject", "such as /pilot/hall-a/row-01/cdu-1:fouling")
        commands.append(Command("inject", path, name.strip()))
    return commands


def _number_or_text(value: str) -> float | str:
    """A plain number, or a quantity with a space before its unit."""
    try:
        return number(value)
    except ValueError:
        return spaced(value)


def _temperature(text: str | None, option: str) -> float | None:
    if text is None:
        return None
    try:
        return parse_quantity(spaced(text), "degC")
    except ValueError as error:
        raise InputError(
            f"{option} {error}", key=option, found=repr(text), allowed="such as 35degC"
        ) from None


def solve(
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    scenario: Annotated[
        str | None,
        typer.Option(help="Scenario whose start gives weather, workload and set points"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Set point to change first, PATH:KEY=VALUE; may be repeated"),
    ] = None,
    faults: Annotated[
        list[str] | None, typer.Option("--inject", help="Fault, PATH:NAME; may be repeated")
    ] = None,
    dry_bulb: Annotated[
        str | None, typer.Option(help="Dry-bulb temperature outdoors, such as 35degC")
    ] = None,
    wet_bulb: Annotated[
        str | None, typer.Option(help="Wet-bulb temperature outdoors, such as 27degC")
    ] = None,
    weather: Annotated[Path | None, typer.Option(help="Weather file (EPW) for all sites")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random spread", parser=whole(0, LARGEST_SEED))
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output, nothing else")
    ] = False,
) -> None:
    """Find the operating point of a layout directly and show it."""
    from twin.cli.run import tell_notes
    from twin.compiled import prepare
    from twin.factory import Factory

    commands = commands_of(settings or [], faults or [])
    outdoors = {
        key: value
        for key, value in (
            ("dry_bulb", _temperature(dry_bulb, "--dry-bulb")),
            ("wet_bulb", _temperature(wet_bulb, "--wet-bulb")),
        )
        if value is not None
    }
    factory = Factory.load(layout)
    prepare()
    solver = factory.solver(scenario, seed=seed, epw=weather)
    tell_notes(solver.events)
    started = time.perf_counter()
    point = solver.solve(commands, outdoors or None)
    wall = time.perf_counter() - started
    figures = {
        "layout": factory.layout.model.name,
        "scenario": solver.scenario.name,
        "wall_s": wall,
        "rounds": point.balance.rounds,
        "residual_k": point.balance.residual,
        **point.kpis(),
        **{f"{name}_path": path for name, path in point.places().items()},
    }
    if as_json:
        answer = figures | {level: point.elements(level) for level in LEVELS}
        answer["rack"] = _spread(point)
        print(json.dumps(_plain(answer)))
    else:
        _show(figures, point)


def _spread(point: OperatingPoint) -> dict[str, dict[str, float | str]]:
    """Lowest, mean and highest value over the racks that have one, and where they are."""
    import numpy as np

    result: dict[str, dict[str, float | str]] = {}
    for name in RACK_FIGURES:
        values = point.channel(f"rack.{name}")
        some = not np.isnan(values).all()
        result[name] = {
            "lowest": float(np.nanmin(values)) if some else math.nan,
            "mean": float(np.nanmean(values)) if some else math.nan,
            "highest": float(np.nanmax(values)) if some else math.nan,
        }
        if some:
            levels = point.plant.levels
            result[name] |= {
                "lowest_at": levels.path("rack", int(np.nanargmin(values))),
                "highest_at": levels.path("rack", int(np.nanargmax(values))),
            }
    return result


def placed(path: str | None) -> str:
    """Where a figure was, to be put behind it."""
    return f" at {path}" if path else ""


def _plain(value: Any) -> Any:
    """JSON has no word for what is not a number: null."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(figures: dict[str, Any], point: OperatingPoint) -> None:
    from twin.cli.tables import show_table, told

    sites, places = point.elements("site"), point.places()
    rows = (
        ("Found in", f"{figures['wall_s']:.2f} s, {figures['rounds']} rounds, "
                     f"last movement {figures['residual_k']:.1e} K"),
        *(
            (f"Outdoors at {path}" if len(sites) > 1 else "Outdoors",
             f"{values['dry_bulb_temperature']:.1f} degC dry bulb, "
             f"{values['wet_bulb_temperature']:.1f} degC wet bulb")
            for path, values in sites.items()
        ),
        ("IT power", f"{figures['it_power_w'] / 1e6:,.3f} MW"),
        ("Facility power", f"{figures['facility_power_w'] / 1e6:,.3f} MW"),
        ("Cooling power", f"{figures['cooling_power_w'] / 1e3:,.1f} kW"),
        ("PUE", told(figures["pue"], "{:.3f}")),
        ("Hottest GPU", told(figures["max_gpu_temperature_c"], "{:.1f} degC")
                        + placed(places.get("max_gpu_temperature"))),
        ("Hottest HBM stack", told(figures["max_hbm_temperature_c"], "{:.1f} degC")
                              + placed(places.get("max_hbm_temperature"))),
        ("Throttled GPUs", f"{figures['throttled_gpus']:,.0f}"),
        ("GPUs off", f"{figures['gpus_off']:,.0f}"),
        ("Water use", f"{figures['water_use_kg_per_s'] * 3600.0:,.1f} kg/h"),
        ("Token capacity", f"{figures['tokens_per_s']:,.0f} per s"),
    )  # fmt: skip
    title = f"{figures['layout']}, {figures['scenario']}: operating point"
    show_table(rows, title=title, prose=(1,))
    _list(
        "Plants",
        point.elements("plant"),
        (
            ("supply [degC]", "supply_temperature", 1.0, "{:.2f}"),
            ("return [degC]", "return_temperature", 1.0, "{:.2f}"),
            ("flow [L/min]", "flow", 6e4, "{:,.0f}"),
            ("rejected [kW]", "heat_rejected", 1e-3, "{:,.0f}"),
            ("pumps [kW]", "pump_power", 1e-3, "{:,.1f}"),
            ("fans [kW]", "fan_power", 1e-3, "{:,.1f}"),
            ("chillers [kW]", "chiller_power", 1e-3, "{:,.1f}"),
        ),
    )
    _list(
        "CDUs",
        point.elements("cdu"),
        (
            ("supply [degC]", "supply_temperature", 1.0, "{:.2f}"),
            ("return [degC]", "return_temperature", 1.0, "{:.2f}"),
            ("approach [K]", "approach", 1.0, "{:.2f}"),
            ("heat [kW]", "heat", 1e-3, "{:,.0f}"),
            ("flow [L/min]", "secondary_flow", 6e4, "{:,.0f}"),
            ("pumps [%]", "pump_speed", 100.0, "{:.0f}"),
            ("valve [%]", "valve", 100.0, "{:.0f}"),
        ),
    )


def _list(
    title: str,
    elements: dict[str, dict[str, float]],
    columns: tuple[tuple[str, str, float, str], ...],
) -> None:
    """A table of elements: heading, channel, factor and format of every column."""
    from twin.cli.tables import show_table, told

    if not elements:
        return
    rows = [
        (path, *(told(values[name] * factor, form) for _, name, factor, form in columns))
        for path, values in list(elements.items())[:MOST_LINES]
    ]
    headings = ("", *(heading for heading, *_ in columns))
    show_table(rows, headings, title, right=range(1, len(headings)), plain=True)
    if len(elements) > MOST_LINES:
        typer.echo(f"and {len(elements) - MOST_LINES} more (all of them with --json)")
