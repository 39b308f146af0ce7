"""Client of a live twin for asyncio; reconnects, and never holds a backlog."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.addresses import Address, parse_address
from twin.errors import InputError, TwinError
from twin.fetch import fetch, post
from twin.protocol import PROTOCOL, TOKEN_PROTOCOL, Frame, ProtocolError, decode_frame

LARGEST_MESSAGE = 1 << 27
PING_INTERVAL, PONG_WITHIN = 5.0, 10.0  # s: together the longest that a cut goes unnoticed
OPEN_WITHIN = 10.0  # s for a connection, and for the server's first word
SHORTEST_WAIT, LONGEST_WAIT = 0.2, 5.0  # s between attempts to reconnect
MAXIMUM_EVENTS = 10_000


class CommandError(InputError):
    """The server refused a command; message, key, found and allowed are the server's."""


class ConnectionLost(TwinError):
    """The connection broke before an answer came; what was asked may or may not have happened."""


@dataclass
class AsyncClient:
    """One connection to one session. Use as an async context manager.

    Attributes
    ----------
    url : ``ws://host:port``, ``host:port``, ``https://host/prefix/``..., with ``?session=ID`` for
        another than the first
    token : where the server wants one
    hello : the server's first message of the present connection
    events : what happened since the client connected, oldest first, bounded; what was undone by
        setting time back is not among them
    set_back : how often events were undone
    connected : whether there is a connection now
    """

    url: str
    token: str | None = None
    reconnect: bool = True
    hello: dict[str, Any] = field(default_factory=dict, init=False)
    events: deque[dict[str, Any]] = field(
        default_factory=lambda: deque(maxlen=MAXIMUM_EVENTS), init=False
    )
    connected: bool = field(default=False, init=False)
    received: int = field(default=0, init=False)
    connections: int = field(default=0, init=False)
    set_back: int = field(default=0, init=False)
    failure: TwinError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.address: Address = parse_address(self.url)
        self._socket: Any = None
        self._subscription: dict[str, Any] | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._id = 0
        self._data: bytes | None = None
        self._arrived = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._last_event = 0
        self._lost: float | None = None

    async def __aenter__(self) -> AsyncClient:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connect; raises InputError when there is no twin server at the address."""
        await self._open()
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End the connection."""
        self.reconnect = False
        if self._socket is not None:
            await self._socket.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._lose()

    async def subscribe(
        self,
        channels: Sequence[str],
        *,
        region: str | None = None,
        rate: float = 10.0,
        detail: str = "auto",
        compression: str = "zstd",
    ) -> dict[str, Any]:
        """Ask for channels (by name or ``level.*``); kept over reconnections.

        Returns the rows each channel will have. Raises CommandError for unknown names,
        ConnectionLost when no answer came: they are then asked for after the next connection.
        """
        message = {
            "type": "subscribe",
            "channels": list(channels),
            "region": region,
            "rate": rate,
            "detail": detail,
            "compression": compression,
        }
        before, self._subscription = self._subscription, message
        try:
            return await self._ask(message)
        except CommandError:
            self._subscription = before
            raise

    async def command(
        self,
        name: str,
        path: str | None = None,
        key: str | None = None,
        value: float | str | None = None,
    ) -> dict[str, Any]:
        """Carry out a command and return its answer.

        ``name``: set, inject, clear (with path and key), pause, resume, step, speed, seek.
        Raises CommandError when refused, ConnectionLost when no answer came.
        """
        message = {"type": "command", "name": name, "path": path, "key": key, "value": value}
        return await self._ask({k: v for k, v in message.items() if v is not None})

    def latest(self) -> Frame | None:
        """The newest frame, or None before the first; raises ProtocolError for a damaged one."""
        return decode_frame(self._data) if self._data is not None else None

    async def next_frame(self, after: int | None = None) -> Frame:
        """Wait for a frame that came after the ``after``-th (None: after now), and return it.

        Raises the error that ended the connection for good.
        """
        seen = self.received if after is None else after
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.received > seen or self.failure is not None)
        if self.received <= seen and self.failure is not None:
            raise self.failure
        frame = self.latest()
        assert frame is not None
        return frame

    async def frames(self) -> AsyncIterator[Frame]:
        """Frames as they come; the newest each time, so slow use skips some."""
        seen = 0
        while True:
            frame = await self.next_frame(seen)
            seen = self.received
            yield frame

    async def get(self, path: str, **query: str | int | None) -> Any:
        """JSON of a REST resource of the session, such as ``/api/scene``."""
        return await asyncio.to_thread(fetch, self.address, path, self.token, **query)

    async def transient(self, session: str | None = None, **options: Any) -> Any:
        """A window of milliseconds from a session's present state on.

        Figures, judgement, series and spectra as the server describes them at ``/docs``.
        ``options`` are those of its request, such as ``scope="/pilot", seconds=20, frequency=0.5``.
        Raises InputError when it is refused.
        """
        chosen = session or self.address.session or self.hello.get("session", "")
        path = f"/api/sessions/{chosen}/transient"
        return await asyncio.to_thread(post, self.address, path, options, self.token)

    # --- connection -------------------------------------------------------------------------------

    async def _open(self) -> None:
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException

        opened: Any = None
        protocols: list[Any] = [PROTOCOL]
        if self.token:
            protocols.append(TOKEN_PROTOCOL + self.token)
        try:
            self._socket = await connect(
                self.address.stream,
                subprotocols=protocols,
                compression=None,
                max_size=LARGEST_MESSAGE,
                max_queue=4,
                open_timeout=OPEN_WITHIN,
                close_timeout=1,
                ping_interval=PING_INTERVAL,
                ping_timeout=PONG_WITHIN,
                proxy=None,
            )
            opened = self._socket
            hello = json.loads(await asyncio.wait_for(opened.recv(), OPEN_WITHIN))
        except InvalidStatus as error:
            status = error.response.status_code
            reason = {
                401: "the token is missing or wrong",
                403: "the server refused: token missing or wrong, or not allowed from here",
                404: "no twin server there: another server answers, or the path is not its prefix",
                429: "too many connections were opened from here; try again",
                503: "the server has too many connections; try again",
            }.get(status, f"it answered with status {status}, not a stream")
            raise InputError(f"no connection: {reason}", key="address", found=self.url) from None
        except (OSError, WebSocketException, TimeoutError) as error:
            if opened is not None:
                await opened.close()
            detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise InputError(
                f"no twin server answers there: {detail}",
                key="address",
                found=self.url,
                allowed="the address twin serve shows",
            ) from None
        except ValueError:
            hello = None
        if not isinstance(hello, dict) or hello.get("protocol") != PROTOCOL:
            await self._socket.close()
            raise InputError("it is not a twin server", key="address", found=self.url)
        self.hello = hello
        self.connected, self._lost = True, None
        self.connections += 1

    async def _run(self) -> None:
        from websockets.exceptions import ConnectionClosed

        wait = SHORTEST_WAIT
        while True:
            try:
                async for message in self._socket:
                    wait = SHORTEST_WAIT
                    await self._take(message)
                code, reason = self._socket.close_code, self._socket.close_reason
            except ConnectionClosed as error:
                received = error.rcvd
                code, reason = (received.code, received.reason) if received else (1006, "")
            except ProtocolError as error:
                code, reason = 1002, str(error)
                await self._socket.close()
            self._lose()
            if not self.reconnect or code in (1002, 1008) or 4400 <= (code or 0) < 4500:
                await self._fail(ConnectionLost(f"the server ended the connection: {reason}"))
                return
            while not self.connected:
                await asyncio.sleep(wait * (0.5 + random.random()))
                wait = min(2 * wait, LONGEST_WAIT)
                try:
                    await self._open()
                    await self._resume()
                except InputError:
                    continue
                except ConnectionClosed:  # gone again before it was asked
                    self._lose()

    async def _resume(self) -> None:
        """Ask again for what was seen, fetch events that were missed, and drop those undone."""
        if self._subscription is not None:
            await self._socket.send(json.dumps(self._subscription))
        with contextlib.suppress(TwinError, KeyError, TypeError):
            status = await self.get(f"/api/sessions/{self.hello['session']}")
            since = self.events[0].get("number", 1) - 1 if self.events else self._last_event
            if status["events"] < self._last_event:
                self._last_event = since = 0  # the server began anew, and counts from one again
            held = await self.get("/api/events", since=since, limit=MAXIMUM_EVENTS)
            if since:
                self._keep(event["number"] for event in held)
            for event in held:
                self._hear(event)

    async def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            async with self._arrived:
                self._data = message
                self.received += 1
                self._arrived.notify_all()
            return
        try:
            text = json.loads(message)
            kind = text["type"]
        except (ValueError, TypeError, KeyError):
            raise ProtocolError("the server sent a message that is none of twin.v1") from None
        if kind == "event":
            self._hear(text)
        elif kind == "undone":
            self._forget(text.get("after", 0))
        elif kind in ("ack", "error"):
            future = self._answers.pop(text.get("id"), None)
            if future is not None and not future.done():
                future.set_result(text)

    def _hear(self, event: dict[str, Any]) -> None:
        number = event.get("number", 0)
        if number > self._last_event:
            self._last_event = number
            self.events.append(event)

    def _keep(self, numbers: Iterable[int]) -> None:
        """Events of other numbers than these, from the lowest on, were undone meanwhile."""
        held = set(numbers)
        oldest = min(held, default=0)
        undone = [n for e in self.events if (n := e.get("number", 0)) >= oldest and n not in held]
        if undone:
            self._forget(min(undone) - 1)

    def _forget(self, last: int) -> None:
        """Time was set back: events after one of a number did not happen any more."""
        kept = [event for event in self.events if event.get("number", 0) <= last]
        self.events.clear()
        self.events.extend(kept)
        self.set_back += 1

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        from websockets.exceptions import ConnectionClosed

        if not self.connected:
            since = "" if self._lost is None else f" since {time.monotonic() - self._lost:.0f} s"
            raise ConnectionLost(f"no connection to the server{since}")
        self._id += 1
        number = self._id
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(json.dumps({**message, "id": number}))
            answer: dict[str, Any] = await future
        except ConnectionClosed:
            raise ConnectionLost("the connection broke before the message was sent") from None
        finally:
            self._answers.pop(number, None)
        if answer["type"] == "error":
            raise CommandError(
                answer.get("message", "refused"),
                key=answer.get("key", ""),
                found=answer.get("found", ""),
                allowed=answer.get("allowed", ""),
            )
        return answer

    def _lose(self) -> None:
        if self.connected:
            self._lost = time.monotonic()
        self.connected = False
        answers, self._answers = self._answers, {}
        for future in answers.values():
            if not future.done():
                future.set_exception(ConnectionLost("the connection broke before an answer came"))

    async def _fail(self, error: TwinError) -> None:
        async with self._arrived:
            self.failure = error
            self._arrived.notify_all()
