"""``twin serve``: live, for viewers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from twin.bounds import LARGEST_SEED
from twin.errors import InputError

WEB_PAGE = Path(__file__).parents[2] / "viewer" / "web" / "dist"


def serve(
    layout: Annotated[
        str | None,
        typer.Argument(
            help="Layout file, name of a bundled layout, or a recording to play; "
            "left out: only the sessions kept in --state"
        ),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Scenario file, or the name of a bundled scenario")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to bind")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to bind; 0: a free one", min=0, max=65535)] = 8000,
    speed: Annotated[
        float, typer.Option(help="Simulated seconds per second; 0 as fast as it goes", min=0)
    ] = 1.0,
    paused: Annotated[bool, typer.Option(help="Begin standing still")] = False,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random spread", min=0, max=LARGEST_SEED)
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Record sessions here and go on with them after a restart")
    ] = None,
    every: Annotated[str, typer.Option(help="Simulated time between recorded frames")] = "10s",
    tokens: Annotated[
        Path | None,
        typer.Option(
            help="File with lines 'role name token' (view, operate, admin); needed for "
            "any --host but this machine"
        ),
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option(help="Web pages of other hosts that may connect")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate (PEM)")] = None,
    key: Annotated[Path | None, typer.Option(help="TLS private key (PEM)")] = None,
    viewers: Annotated[int, typer.Option(help="Viewers at a time", min=1, max=100_000)] = 1000,
    sessions: Annotated[int, typer.Option(help="Sessions at a time", min=1, max=64)] = 8,
    redfish: Annotated[bool, typer.Option(help="Offer a read-only Redfish tree")] = False,
    mqtt: Annotated[
        str | None, typer.Option(help="Publish points to this broker, such as mqtt://127.0.0.1")
    ] = None,
    mqtt_integration: Annotated[
        str, typer.Option(help="Name under which requests on the broker are taken")
    ] = "TWIN",
    mqtt_flex: Annotated[
        bool, typer.Option(help="Take (unsigned) load targets of the grid from the broker")
    ] = False,
    mqtt_flex_keys: Annotated[
        Path | None,
        typer.Option(help="Take load targets signed with one of these keys (JSON Web Key Set)"),
    ] = None,
    log: Annotated[str, typer.Option(help="Log as text or json, or off")] = "text",
) -> None:
    """Run a layout live: REST, websocket stream and web page on one port."""
    from twin.cli.run import parse_duration
    from twin.mqtt.broker import parse_broker
    from twin.server import serve as run
    from twin.server.logs import set_up_logs
    from twin.server.run import installed_picture

    styles: dict[str, Literal["text", "json"]] = {"text": "text", "json": "json"}
    if log in styles:
        set_up_logs(styles[log])
    elif log != "off":
        raise InputError("unknown kind of log", key="--log", found=log, allowed="text, json, off")
    run(
        layout,
        scenario,
        host=host,
        port=port,
        speed=speed,
        paused=paused,
        seed=seed,
        state=state,
        record_every=parse_duration(every, "--every"),
        tokens=tokens,
        origins=tuple(origin or ()),
        certificate=certificate,
        key=key,
        web_folder=WEB_PAGE,
        maximum_viewers=viewers,
        maximum_sessions=sessions,
        picture=installed_picture(),
        redfish=redfish,
        mqtt=parse_broker(mqtt, mqtt_integration, mqtt_flex, mqtt_flex_keys)
        if mqtt is not None
        else None,
        ready=_announce,
    )


def _announce(address: str) -> None:
    print(f"serving on {address} (ctrl-C to stop)", file=sys.stderr, flush=True)
