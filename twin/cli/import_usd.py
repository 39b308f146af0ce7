"""``twin import``: a USD stage back into a layout, or another maker's asset into a product."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twin.extras import need


def import_usd(
    stage: Annotated[Path, typer.Argument(help="Stage or asset: .usd, .usda, .usdc or .usdz")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Layout (or product) to write")],
    like: Annotated[
        str | None,
        typer.Option(help="For a SimReady asset: product that gives what the asset lacks"),
    ] = None,
) -> None:
    """Read a stage that twin export wrote: what was moved or changed comes back as a layout."""
    from twin.cli.outputs import check_output
    from twin.usd.layout_text import layout_text
    from twin.whole_files import write_file

    check_output(output, "--output", None)

    need("usd", "pxr", what="twin import")
    if like is not None:
        import yaml

        from twin.usd.third_party import import_product

        entry, missing = import_product(stage, like)
        write_file(
            output, yaml.safe_dump({"products": [entry]}, sort_keys=False, allow_unicode=True)
        )
        typer.echo(f"{output}: product {entry['id']}, to be put under products of a layout")
        if missing:
            typer.echo(
                f"taken from {like}, as the asset does not give them: {', '.join(missing)}",
                err=True,
            )
        return
    from twin.usd.importing import import_stage

    result = import_stage(stage)
    write_file(output, layout_text(result.data))
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    for change in result.changes:
        typer.echo(f"changed: {change}")
    count = len(result.changes)
    typer.echo(
        f"{output}: {result.layout.name}, "
        + (f"{count} changes" if count else "as it was exported")
    )
