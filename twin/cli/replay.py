"""``twin replay``: play a recording to viewers, or repeat its session bit by bit."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import decimal, whole
from twin.errors import TwinError


class Different(TwinError):
    """A repeated session differs from its recording."""

    exit_code = 1


def replay(
    context: typer.Context,
    recording: Annotated[Path, typer.Argument(help="Recording (Zarr folder)")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Repeat the session and compare every bit")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --verify: one JSON object on standard output")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to bind")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to bind; 0: a free one", parser=whole(0, 65535))
    ] = 8000,
    speed: Annotated[
        float,
        typer.Option(help="Recorded seconds per second; 0 as fast as it goes", parser=decimal(0)),
    ] = 10.0,
    paused: Annotated[bool, typer.Option(help="Begin standing still")] = False,
) -> None:
    """Play a recording to viewers like a live factory, or verify it."""
    if verify:
        refuse_idle(context, "with --verify", "host", "port", "speed", "paused")
        _verify(recording, as_json)
        return
    refuse_idle(context, "without --verify", "as_json")
    from twin.cli.serve import WEB_PAGE
    from twin.replay import Recording
    from twin.server import serve

    Recording(recording)  # what is wrong with it is told before anything listens
    serve(
        recording,
        host=host,
        port=port,
        speed=speed,
        paused=paused,
        web_folder=WEB_PAGE,
        ready=lambda address: print(
            f"playing on {address} (ctrl-C to stop)", file=sys.stderr, flush=True
        ),
    )


def _verify(recording: Path, as_json: bool) -> None:
    from twin.verify import verify

    result = verify(recording)
    if as_json:
        print(json.dumps(asdict(result)))
    else:
        print(
            f"{recording}: {result.frames} frames, {result.commands} commands, "
            f"{result.checkpoints} checkpoints, {result.values} values over "
            f"{result.time:g} s repeated"
        )
    if result.difference:
        raise Different(f"the repeated session differs: {result.difference}")
    if not as_json:
        print("every bit is the same")
