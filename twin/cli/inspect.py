"""``twin info``, ``check`` and ``schema``: looking without running."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from twin.errors import InputError


def info(
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table")] = False,
) -> None:
    """Say what is in a layout: counts, ratings, MW, GPUs."""
    from twin.plant import load_plant
    from twin.scene import info as facts_of

    facts = facts_of(load_plant(layout))
    if as_json:
        print(json.dumps(facts))
        return
    from twin.cli.tables import show_table

    def show(title: str, part: dict[str, object]) -> None:
        rows = [_labelled(key, value) for key, value in part.items() if key != "title"]
        show_table(rows, title=title, prose=(1,))

    single = {key: value for key, value in facts.items() if not isinstance(value, dict | list)}
    show(str(facts.get("title") or layout), single)
    for name, part in facts.items():
        if isinstance(part, dict):
            show(name.replace("_", " "), part)
        elif isinstance(part, list):
            for row in part:
                show(str(row.get("title") or row.get("path")), row)


UNITS = {"_w_per_m2": (1e3, "kW/m2"), "_w": (1e6, "MW"), "_v": (1e3, "kV"), "_m2": (1.0, "m2")}
"""Endings of keys that name a unit: divisor and unit for people."""


def _labelled(key: str, value: object) -> tuple[str, str]:
    """A fact for people: its name, and its value with the unit that the key's ending names."""
    for ending, (divisor, unit) in UNITS.items():
        if key.endswith(ending) and isinstance(value, int | float):
            if key.endswith("per_gpu_w"):
                divisor, unit = 1e3, "kW"
            return key.removesuffix(ending).replace("_", " "), f"{value / divisor:,.4g} {unit}"
    return key.replace("_", " "), _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def check(
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False,
) -> None:
    """Look for what cannot work, each finding with path and fix. Exit 1: some found.

    Notes say what may be taken for a reserve and is none; they are no findings.
    """
    from twin.check import check_plant, notes
    from twin.plant import load_plant

    plant = load_plant(layout)
    findings = check_plant(plant)
    shown = [*findings, *notes(plant)]
    if as_json:
        print(json.dumps([vars(finding) for finding in shown]))
    else:
        for finding in shown:
            typer.echo(f"{finding.severity}: {finding.path}: {finding.message}")
            typer.echo(f"  fix: {finding.fix}")
        number, told = len(findings), len(shown) - len(findings)
        words = f"{number} finding{'s' * (number > 1)}" if number else "no findings"
        typer.echo(words + (f", {told} note{'s' * (told > 1)}" if told else ""))
    raise typer.Exit(1 if findings else 0)


def schema(
    kind: Annotated[str, typer.Argument(help="layout or scenario")],
) -> None:
    """Print the JSON Schema of a file format, for editors."""
    if kind == "layout":
        from twin.layout.models import LayoutModel as Model
    elif kind == "scenario":
        from twin.scenario import Scenario as Model  # type: ignore[assignment]
    else:
        raise InputError("unknown format", key="kind", found=kind, allowed="layout or scenario")
    document = Model.model_json_schema(by_alias=True)
    print(
        json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}, indent=2
        )
    )
