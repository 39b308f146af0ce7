"""``twin bench``: how fast the twin is on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def bench(
    layouts: Annotated[
        list[str] | None,
        typer.Argument(help="Layouts to measure; left out: pilot, hall and korea-260k"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table")] = False,
) -> None:
    """Measure steps, loading, recording and streaming, beside the machine's memory bandwidth."""
    from twin import bench as measure
    from twin.cli.tables import show_table

    figures = [*measure.machine(), measure.importing()]
    for name in layouts or ["pilot", "hall", "korea-260k"]:
        if not as_json:
            typer.echo(f"measuring {name}", err=True)
        figures += measure.layout(name)
    if as_json:
        print(json.dumps([asdict(figure) for figure in figures]))
        return
    show_table(
        [(f.name, f"{f.value:,.4g}", f.unit, f.remark) for f in figures],
        ("what", "figure", "unit", ""),
        "How fast it is here",
        right=(1,),
        prose=(0, 3),
    )
