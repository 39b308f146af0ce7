"""HTTP connections: heads, bodies and idle times are bounded before anything is made of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from twin.server.connections import Connection, Connections
from twin.server.headers import SECURITY_HEADERS
from twin.server.security import Access
from twin.server.stream_protocol import StreamProtocol

LINGER = 1.0  # s in which a client that still sends may read why it was refused
LINGERING_BYTES = 8 << 20
BODY_OVERHEAD = 16  # bytes on the wire for one of a body that comes in tiny chunks
CUT_AFTER = 1.0  # s after which a connection that does not take its last bytes is cut

_REASONS = {
    400: "this is not a request that can be read",
    408: "the request did not come in time",
    413: "request body too large",
    414: "the address of the request is too long",
    429: "too many requests",
    431: "the headers of the request are too large or too many",
    503: "too many connections; try again",
}
_NOTES = {
    400: "malformed requests refused",
    403: "requests refused: from elsewhere, or by another name",
    429: "requests refused: too many",
}


class Refused(Exception):
    """A request is refused while its head is read; carries the status."""

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    The parser keeps what it has of a header until it is complete, whatever its size, and copies it
    with every part that comes: bytes are therefore counted before they get there.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
        access: Access,
    ):
        super().__init__(config, server_state, app_state, _loop)
        self._everyone, self._limits = connections, connections.limits
        self._access = access
        self.place: Connection | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._running: RequestResponseCycle | None = None
        self._refusal = 0
        self._reason: dict[str, str] | None = None
        self._over = False  # nothing that comes is read any more
        self._in_head = self._in_body = False
        self._begun = False  # a request begins in the bytes at hand
        self._bytes = self._head_bytes = self._header_count = self._dropped = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place, or be refused."""
        super().connection_made(transport)
        if self.place is None:  # TLS has taken one before
            self.place = self._everyone.admit(self._address, transport)
        if self.place is None:  # it has none to linger in either
            self._over = True
            transport.write(problem(503))
            transport.close()
            return
        self._set_deadline(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._over = True
        self._clear_deadline()
        self._clear_stalled()
        self._unset_keepalive_if_required()
        if self.place is not None:
            self._everyone.leave(self.place)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count, then parse."""
        if self._over:
            self._dropped += len(data)
            if self._dropped > LINGERING_BYTES:
                self.transport.abort()
            return
        self._unset_keepalive_if_required()
        if self._deadline is None and not self._in_body and self._resting():
            self._set_deadline(self._limits.head_seconds)
        self._begun = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
            return
        except httptools.HttpParserError:
            status = self._refusal or 400
            self._everyone.note(_NOTES.get(status, "oversized requests refused"), self._address)
            self._end(status)
            return
        if not self._begun:
            self._bytes += len(data)
        if self._in_head and self._bytes > self._limits.head_bytes:
            self._everyone.note("oversized requests refused", self._address)
            self._end(431)
        elif self._in_body and self._bytes > BODY_OVERHEAD * self._limits.body_bytes:
            self._everyone.note("oversized requests refused", self._address)
            self._end(413)

    # what the parser calls

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._begun = True, True
        self._bytes = self._head_bytes = self._header_count = 0
        if self._deadline is None:
            self._set_deadline(self._limits.head_seconds)
        if not self._everyone.attempt(self._address):
            self._refuse(429)

    def on_url(self, url: bytes) -> None:
        """A part of the address came."""
        super().on_url(url)
        if len(self.url) > self._limits.url_bytes:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer of a body, is complete."""
        self._header_count += 1
        self._head_bytes += len(name) + len(value) + 4
        if (
            self._header_count > self._limits.headers
            or self._head_bytes + len(self.url) > self._limits.head_bytes
            or len(name) + len(value) > self._limits.url_bytes
        ):
            self._refuse(431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._in_head, self._in_body = False, True
        self._bytes = 0
        self._set_deadline(self._limits.body_seconds)
        foreign = self._access.refusal(self._values(b"host"), self._values(b"origin"))
        if foreign is not None:  # as early as this, as there may be many at a time
            self._in_body = False
            status, self._reason = foreign
            self._refuse(status)
        full = len(self.pipeline) >= self._limits.pipelined
        if full:
            self.app = _too_many
        super().on_headers_complete()
        if not self.pipeline and self.cycle is not None:
            self._running = self.cycle
        if full:
            self._over = True
            self._refuse(429)

    def on_message_complete(self) -> None:
        """The body is complete as well."""
        self._in_body = False
        self._clear_deadline()
        super().on_message_complete()
        if self.place is not None:
            if self._resting():
                self.place.rest()
            else:
                self.place.work()

    def on_response_complete(self) -> None:
        """An answer is out: rest, unless another request waits."""
        if self.pipeline:
            self._running = self.pipeline[-1][0]
        super().on_response_complete()
        if self.place is not None and self._resting():
            self.place.rest()
        if self.transport.is_closing():
            self.loop.call_later(self._limits.send_seconds, self._cut)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked for; what is on its way may still be taken."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(self._limits.send_seconds, self._cut)

    def pause_writing(self) -> None:
        """The client takes more slowly than we send."""
        super().pause_writing()
        self._clear_stalled()
        self._watch_for_progress()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._clear_stalled()
        super().resume_writing()

    def shutdown(self) -> None:
        """End; cut what does not take its last bytes."""
        super().shutdown()
        self.loop.call_later(CUT_AFTER, self._cut)

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else "?"

    def _values(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key == name]

    def _resting(self) -> bool:
        return (self.cycle is None or self.cycle.response_complete) and not self.pipeline

    def _refuse(self, status: int) -> None:
        self._refusal = status
        raise Refused(status)

    def _upgrade(self) -> None:
        self._clear_deadline()
        if not self._should_upgrade() or not self._resting():
            self._end(400)  # after what is being answered, be it this request
            return
        if not self._everyone.handshake(self._address):
            self._everyone.note("websockets refused: too many", self._address)
            self._end(429)
            return
        place, self.place = self.place, None
        self.handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        if place is not None and isinstance(protocol, StreamProtocol):
            protocol.take_place(self._everyone, place)

    def _end(self, status: int) -> None:
        """Read no more; answer with an error, unless an earlier request is being answered."""
        self._clear_deadline()
        running = self._running
        busy = running is not None and not running.response_complete
        if self._over and busy:
            return  # the last answer that waits says it
        self._over = True
        if running is not None and busy:
            self.pipeline.clear()
            running.keep_alive = False
            if running.response_started or not self._in_body:
                return
            running.disconnected = True  # what waits for the body need not wait any more
            running.message_event.set()
            self.transport.write(problem(status, self._reason))
        elif self.cycle is None or not self._in_body:
            self.transport.write(problem(status, self._reason))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self._cut)

    def _cut(self) -> None:
        if self.parser is not None:
            self.transport.abort()

    def _late(self) -> None:
        self._deadline = None
        if self._in_head or (self._in_body and not self._resting()):
            self._everyone.note("requests that did not come in time", self._address)
            self._end(408)
        else:
            self.transport.abort()

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._late)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _watch_for_progress(self, before: int | None = None) -> None:
        waiting = self.transport.get_write_buffer_size()
        if before is not None and waiting >= before:
            self._everyone.note("clients that take no answer cut", self._address)
            self.transport.abort()
            return
        self._stalled = self.loop.call_later(
            self._limits.send_seconds, self._watch_for_progress, waiting
        )

    def _clear_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


def problem(status: int, reason: dict[str, str] | None = None) -> bytes:
    """A whole answer that ends the connection."""
    phrase = HTTPStatus(status).phrase
    body = json.dumps(reason or {"message": _REASONS.get(status, phrase.lower())}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *([(b"retry-after", b"1")] if status in (429, 503) else []),
        *SECURITY_HEADERS,
    ]
    lines = [f"HTTP/1.1 {status} {phrase}".encode(), *(b": ".join(pair) for pair in headers)]
    return b"\r\n".join([*lines, b"", body])


async def _too_many(
    scope: Any, receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """What answers one request too many of a connection that sends without waiting."""
    body = json.dumps({"message": _REASONS[429]}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"1"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body})
