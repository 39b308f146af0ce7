"""``twin serve``: live, for viewers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    scenario: Annotated[
        str | None, typer.Option(help="Scenario file, or the name of a bundled scenario")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to bind")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to bind", min=1, max=65535)] = 8000,
    speed: Annotated[
        float, typer.Option(help="Simulated seconds per second; 0 as fast as it goes", min=0)
    ] = 1.0,
) -> None:
    """Run a layout live: REST and websocket stream on one port."""
    from twin.server import serve as run

    run(layout, scenario, host=host, port=port, speed=speed)
