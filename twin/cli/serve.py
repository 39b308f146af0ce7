"""``twin serve``: live, for viewers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from twin.bounds import LARGEST_SEED
from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import decimal, whole
from twin.errors import InputError

WEB_PAGE = Path(__file__).parents[2] / "viewer" / "web" / "dist"


def serve(
    context: typer.Context,
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
    port: Annotated[
        int, typer.Option(help="Port to bind; 0: a free one", parser=whole(0, 65535))
    ] = 8000,
    speed: Annotated[
        float,
        typer.Option(help="Simulated seconds per second; 0 as fast as it goes", parser=decimal(0)),
    ] = 1.0,
    paused: Annotated[bool, typer.Option(help="Begin standing still")] = False,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all random spread", parser=whole(0, LARGEST_SEED))
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
    viewers: Annotated[
        int, typer.Option(help="Viewers at a time", parser=whole(1, 100_000))
    ] = 1000,
    sessions: Annotated[int, typer.Option(help="Sessions at a time", parser=whole(1, 64))] = 8,
    redfish: Annotated[bool, typer.Option(help="Offer a read-only Redfish tree")] = False,
    layouts: Annotated[
        Path | None,
        typer.Option(help="Folder of layouts and scenarios that sessions may be made of over REST"),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help="Change a limit, such as connections=8000; docs/SERVER.md lists them"),
    ] = None,
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
    from twin.server.limits import parse_limits
    from twin.server.logs import set_up_logs
    from twin.server.run import installed_picture

    if layout is None:
        refuse_idle(context, "without a layout", "scenario", "seed", "speed", "paused")
    elif (Path(layout) / "zarr.json").is_file():
        refuse_idle(context, "with a recording", "scenario", "seed")
    if state is None:
        refuse_idle(context, "without --state", "every")
    if certificate is None:
        refuse_idle(context, "without --certificate", "key")
    if mqtt is None:
        refuse_idle(context, "without --mqtt", "mqtt_integration", "mqtt_flex", "mqtt_flex_keys")
    styles: dict[str, Literal["text", "json", "off"]] = {
        "text": "text",
        "json": "json",
        "off": "off",
    }
    if log not in styles:
        raise InputError("unknown kind of log", key="--log", found=log, allowed="text, json, off")
    set_up_logs(styles[log])
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
        layouts=layouts,
        limits=parse_limits(limit or ()),
        mqtt=parse_broker(mqtt, mqtt_integration, mqtt_flex, mqtt_flex_keys)
        if mqtt is not None
        else None,
        ready=_announce,
    )


def _announce(address: str) -> None:
    print(f"serving on {address} (ctrl-C to stop)", file=sys.stderr, flush=True)
