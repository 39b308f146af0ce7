"""``twin serve``: from options to a running server."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import math
import socket
import ssl
import sys
from collections.abc import Callable, Coroutine
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from twin.errors import InputError
from twin.extras import MissingExtra, need
from twin.server.allowed_files import AllowedFiles
from twin.server.app import create_app
from twin.server.connections import Connections
from twin.server.http_protocol import HttpProtocol
from twin.server.limits import Limits, fitted_to_open_files
from twin.server.manager import Manager
from twin.server.opening import Opener
from twin.server.security import Access, is_loopback, read_tokens
from twin.server.state import Picture, Settings
from twin.server.store import Origin, Store
from twin.server.stream_protocol import StreamProtocol
from twin.server.tls_door import TlsDoor, server_context

if TYPE_CHECKING:
    from twin.mqtt.broker import Broker

log = logging.getLogger("twin.server")

BACKLOG = 1024  # connections that the system holds until they are taken
THREAD_TURN = 0.001  # s a thread computes while the event loop waits for its turn
GRACE = 1  # s for requests under way when the server goes down


def serve(
    layout: str | Path | None,
    scenario: str | Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    speed: float = 1.0,
    paused: bool = False,
    seed: int | None = None,
    state: Path | None = None,
    record_every: float = 10.0,
    tokens: Path | None = None,
    origins: tuple[str, ...] = (),
    certificate: Path | None = None,
    key: Path | None = None,
    web_folder: Path | None = None,
    maximum_viewers: int = 1000,
    maximum_sessions: int = 8,
    picture: Picture | None = None,
    redfish: bool = False,
    layouts: Path | None = None,
    limits: Limits | None = None,
    mqtt: Broker | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a live session until SIGINT or SIGTERM.

    Parameters
    ----------
    layout, scenario, seed : what runs; a recording's folder instead of a layout plays that, and
        None serves only the sessions kept in ``state``
    host, port : where to listen; port 0 takes a free one
    speed : simulated seconds per second; 0 or inf is as fast as it goes
    state : folder in which sessions are recorded and kept over restarts, or None
    record_every : simulated seconds between recorded frames
    tokens : file of tokens (see :func:`twin.server.security.read_tokens`), needed off loopback
    origins : web pages of other hosts that may connect
    certificate, key : PEM files for TLS
    web_folder : built web page to serve at ``/``
    picture : draws PNG pictures of a scene and a frame
    redfish : offer a read-only Redfish tree
    layouts : folder whose layouts and scenarios sessions may be made of over REST, or None
    limits : of connections, requests and messages; None for those of :class:`Limits`
    mqtt : broker to publish the first session's points to, or None
    ready : called with the address once the server listens

    Raises
    ------
    MissingExtra : ``mqtt`` is asked for and its library is not installed
    InputError : bad layout or scenario, port in use, no tokens for a bind off loopback
    """
    if mqtt is not None:
        need("mqtt", "aiomqtt", what="--mqtt")
    users = read_tokens(tokens) if tokens is not None else {}
    if not users and not is_loopback(host):
        raise InputError(
            "serving beyond this machine needs tokens",
            key="--host",
            found=host,
            allowed="--tokens FILE, or --host 127.0.0.1",
        )
    context = server_context(certificate, key) if certificate is not None else None
    if layouts is not None and not layouts.is_dir():
        raise InputError("not a folder", key="--layouts", found=str(layouts))
    asked = limits or Limits()
    fitted = fitted_to_open_files(asked)
    if fitted.connections < asked.connections:
        log.warning(
            "fewer connections than allowed: the system lets this process open too few files",
            extra={"connections": fitted.connections, "wanted": asked.connections},
        )
    listener = _listen(host, port)
    store = None
    try:
        store = Store(state, record_every) if state is not None else None
        manager = Manager(maximum_sessions)
        opener = Opener(manager, store)
        _open_first(opener, layout, scenario, seed, speed or math.inf, paused)
        access = Access(users, tuple(o.rstrip("/") for o in origins), (host.lower(),))
        settings = Settings(
            access=access,
            redfish=redfish,
            maximum_viewers=maximum_viewers,
            limits=fitted,
            files=AllowedFiles(layouts),
            picture=picture,
            web_folder=web_folder if web_folder is not None and web_folder.is_dir() else None,
        )
        background = [_bridge(manager, mqtt)] if mqtt is not None else []
        app = create_app(manager, settings, opener, background)
        server = uvicorn.Server(_config(app, Connections(fitted), access, context))
        scheme = "https" if certificate is not None else "http"
        address = _address(scheme, listener)
        # what is loaded now stays: looking through it for garbage takes half a second, at any time
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(THREAD_TURN)
        if ready is not None:
            ready(address)
        try:
            server.run(sockets=[listener])
        finally:
            manager.close()
    finally:
        if store is not None:
            store.close()
        listener.close()


def _open_first(
    opener: Opener,
    layout: str | Path | None,
    scenario: str | Path | None,
    seed: int | None,
    speed: float,
    paused: bool,
) -> None:
    """What is asked for, then the sessions kept from before; raises InputError when there is none.

    Where such a one was kept as is asked for, that is gone on with instead.
    """
    opener.look()
    if layout is not None and (Path(layout) / "zarr.json").is_file():
        opener.replay(Path(layout), speed=speed, paused=paused)
    elif layout is not None:
        origin = Origin(_reference(layout), _reference(scenario) if scenario else None, seed)
        if opener.restore_one(origin) is None:
            opener.open(origin, speed=speed, paused=paused)
    opener.restore()
    if not opener.manager.list():
        unopened = opener.unopened()
        if opener.store is None or not unopened:
            raise InputError(
                "nothing to serve", key="layout", allowed="a layout, or a --state with sessions"
            )
        raise InputError(
            "no session kept here can be opened",
            opener.store.folder,
            key="--state",
            found="; ".join(f"{one.id}: {one.reason}" for one in unopened[-3:]),
            allowed="a layout beside it, which is then served",
        )


def installed_picture() -> Picture | None:
    """What an installed viewer offers to draw pictures with, or None.

    It is the entry point ``png`` of the group ``twin.pictures``: a function of scene, frame,
    channel name, width and height that returns a PNG.
    """
    for entry in entry_points(group="twin.pictures", name="png"):
        try:
            picture: Picture = entry.load()
            return picture
        except (ImportError, MissingExtra):
            continue
    return None


def _bridge(manager: Manager, broker: Broker) -> Callable[[], Coroutine[Any, Any, None]]:
    """What publishes the first session."""
    from twin.mqtt.bridge import Bridge

    return Bridge(manager.get(None), broker).run


def _reference(name_or_path: str | Path) -> str:
    """A file by its full path, so that it is found from anywhere; a bundled name as it is."""
    path = Path(name_or_path)
    return str(path.resolve()) if path.is_file() else str(name_or_path)


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket; raises InputError when the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, OverflowError, UnicodeError) as error:
        raise InputError(f"cannot listen: {error}", key="--host", found=f"{host}:{port}") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                "port is in use",
                key="--port",
                found=str(port),
                allowed="another --port, or 0 for a free one",
            ) from None
        raise InputError(
            f"cannot listen: {error.strerror}", key="--host", found=f"{host}:{port}"
        ) from None
    return listener


def _address(scheme: str, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _config(
    app: Any, connections: Connections, access: Access, context: ssl.SSLContext | None
) -> uvicorn.Config:
    limits = connections.limits

    def door(*arguments: Any, **options: Any) -> asyncio.Protocol:
        inner = HttpProtocol(*arguments, connections=connections, access=access, **options)
        return inner if context is None else TlsDoor(context, connections, inner)

    return uvicorn.Config(
        app,
        http=door,  # type: ignore[arg-type]
        ws=StreamProtocol,
        ws_per_message_deflate=False,  # compressing again for each viewer costs a core for three
        ws_max_size=limits.message_bytes,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type]
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
    )
