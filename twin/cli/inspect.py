"""``twin info``, ``check``, ``schema`` and ``doctor``: looking without running."""

from __future__ import annotations

import json
import platform
import socket
import sys
from importlib.metadata import PackageNotFoundError, entry_points, version
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
    """Look for what cannot work, each finding with path and fix. Exit 1: some found."""
    from twin.check import check_plant
    from twin.plant import load_plant

    findings = check_plant(load_plant(layout))
    if as_json:
        print(json.dumps([vars(finding) for finding in findings]))
    else:
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding.path}: {finding.message}")
            typer.echo(f"  fix: {finding.fix}")
        number = len(findings)
        typer.echo(f"{number} finding{'s' * (number > 1)}" if number else "no findings")
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


PACKAGES = (
    "numpy",
    "numba",
    "scipy",
    "CoolProp",
    "pydantic",
    "pint",
    "zarr",
    "xarray",
    "fastapi",
    "uvicorn",
    "websockets",
    "trimesh",
    "pyvista",
    "vtk",
    "pybullet",
    "power-grid-model",
)


def doctor(
    port: Annotated[int, typer.Option(help="Port that twin serve will use")] = 8000,
) -> None:
    """Say what works on this machine and what to install for the rest."""
    problems = 0

    def line(ok: bool, what: str, fix: str = "") -> None:
        nonlocal problems
        problems += not ok
        typer.echo(f"{'ok  ' if ok else 'FAIL'}  {what}" + (f"\n      {fix}" if fix else ""))

    supported = (3, 11) <= sys.version_info < (3, 13)
    line(
        supported,
        f"Python {platform.python_version()}",
        "" if supported else "use Python 3.11 (3.12 works without pybullet)",
    )
    for package in PACKAGES:
        try:
            line(True, f"{package} {version(package)}")
        except PackageNotFoundError:
            line(
                False,
                f"{package} is not installed",
                f"pip install {package}, or the project with its extras",
            )
    for entry in entry_points(group="twin.doctor"):
        try:
            ok, what, fix = entry.load()()
        except ImportError as error:
            ok, what, fix = False, f"{entry.name}: {error}", "pip install 'ai-factory-twin[viewer]'"
        line(ok, what, fix)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            line(True, f"port {port} is free")
        except OSError:
            line(False, f"port {port} is in use", "twin serve --port with another number")
    from twin.compiled import is_cached

    typer.echo(
        "ok    physics is compiled for this machine"
        if is_cached()
        else "note  physics is not compiled yet; the first run takes about half a minute more"
    )
    raise typer.Exit(1 if problems else 0)
