"""Websocket connections: bounded in time and rate, and ending when they should."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from twin.server.connections import Connection, Connections
from twin.server.rates import Bucket

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

ABORT_AFTER = 1.0  # s after which a connection that does not take its last bytes is cut
PIECE = 4096  # bytes parsed before it is looked whether that was too much
FRAMES_PER_MESSAGE = 4  # pings, pongs and parts of messages a viewer may send for each message
POLICY_VIOLATION, NOT_TEXT, TRY_LATER = 1008, 1007, 1013


class StreamProtocol(WebSocketsSansIOProtocol):
    """One connection, from the handshake on; it ends even if the other side never reads."""

    _everyone: Connections | None = None
    _place: Connection | None = None
    _bucket: Bucket | None = None
    _silent: asyncio.TimerHandle | None = None
    _deaf = False  # nothing that comes is read any more

    def take_place(self, everyone: Connections, place: Connection) -> None:
        """Go on with the place of the request that became this; a first message is awaited."""
        limits = everyone.limits
        self._everyone, self._place = everyone, place
        self._bucket = Bucket(
            FRAMES_PER_MESSAGE * limits.messages_per_second,
            FRAMES_PER_MESSAGE * limits.messages_at_once,
            time.monotonic(),
        )
        self._silent = self.loop.call_later(limits.first_message_seconds, self._said_nothing)
        place.rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._heard()
        if self._everyone is not None and self._place is not None:
            self._everyone.leave(self._place)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse piece by piece."""
        for start in range(0, len(data), PIECE):
            if self._deaf:
                return
            super().data_received(data[start : start + PIECE])

    def handle_events(self) -> None:
        """Count what came, then handle it."""
        count = len(self.conn.events)
        if self._bucket is None or self._bucket.take(time.monotonic(), count):
            super().handle_events()
        else:
            self._fail(POLICY_VIOLATION, "too many messages")

    def send_receive_event_to_app(self) -> None:
        """A message is complete."""
        self._heard()
        if self._place is not None:
            self._place.work()
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self._fail(NOT_TEXT, "message is not UTF-8 text")
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """What came cannot be read: say so, and end."""
        self._deaf = True
        if self.conn.close_sent is None:  # not even a handshake
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
            self.transport.abort()
            return
        super().handle_parser_exception()
        self.loop.call_later(ABORT_AFTER, self._cut)

    async def send(self, message: ASGISendEvent) -> None:
        """Send; a handshake that was refused with an answer of HTTP is complete."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True

    def shutdown(self) -> None:
        """Say goodbye, and cut the connection if that is not taken."""
        super().shutdown()
        self.loop.call_later(ABORT_AFTER, self._cut)

    def keepalive_timeout(self) -> None:
        """No pong came: the viewer is gone or does not read."""
        super().keepalive_timeout()
        self.loop.call_later(ABORT_AFTER, self._cut)

    def _said_nothing(self) -> None:
        self._silent = None
        if self._everyone is not None:
            address = self.client[0] if self.client else "?"
            self._everyone.note("viewers that never said what they want", address)
        self._fail(TRY_LATER, "no message came in time")  # who comes again may

    def _heard(self) -> None:
        if self._silent is not None:
            self._silent.cancel()
            self._silent = None

    def _fail(self, code: int, reason: str) -> None:
        if self.disconnected or self.close_sent:
            self._cut()
            return
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def _cut(self) -> None:
        if not self.disconnected and self.transport is not None:
            self.transport.abort()
