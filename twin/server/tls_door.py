"""TLS: a connection counts from its first packet on, and its handshake is bounded in time."""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from pathlib import Path

from twin.errors import InputError
from twin.server.connections import Connections
from twin.server.http_protocol import HttpProtocol


def server_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """What connections are encrypted with; raises InputError when the files do not serve."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"certificate or key cannot be used: {error}", certificate, key="--certificate"
        ) from None
    return context


class TlsDoor(asyncio.Protocol):
    """The beginning of a connection: takes a place and lets TLS in before ``inner``.

    Loops can do this themselves, but count nothing, wait a minute, and cannot be told otherwise by
    the library that serves HTTP.
    """

    def __init__(self, context: ssl.SSLContext, connections: Connections, inner: HttpProtocol):
        self._context, self._everyone, self._inner = context, connections, inner

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place, or be cut; nothing that comes must be read before TLS is there."""
        peer = transport.get_extra_info("peername")
        place = self._everyone.admit(str(peer[0]) if peer else "?", transport)
        if place is None:
            transport.abort()
            return
        self._inner.place = place
        loop = asyncio.get_running_loop()
        handshake: asyncio.Future[None] = loop.create_future()
        handshake.add_done_callback(self._shaken)
        encrypting = SSLProtocol(
            loop,
            self._inner,
            self._context,
            handshake,
            server_side=True,
            ssl_handshake_timeout=self._everyone.limits.head_seconds,  # type: ignore[arg-type]
        )
        transport.set_protocol(encrypting)
        encrypting.connection_made(transport)

    def _shaken(self, handshake: asyncio.Future[None]) -> None:
        place = self._inner.place
        if place is not None and (handshake.cancelled() or handshake.exception() is not None):
            self._everyone.note("TLS handshakes that failed", place.source.name)
            self._everyone.leave(place)
