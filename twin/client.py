"""Client of a live twin, for asyncio and for plain code; reconnects, and never holds a backlog.

::

    with Client("ws://127.0.0.1:8000") as client:
        client.subscribe(["gpu.temperature", "rack.power"], rate=5)
        frame = client.wait_frame()
        client.command("inject", "/pilot/hall-a/row-01/cdu-1", "trip")
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from twin.async_client import AsyncClient, CommandError, ConnectionLost
from twin.errors import TwinError
from twin.fetch import fetch, post
from twin.protocol import Frame

__all__ = ["AsyncClient", "Client", "CommandError", "ConnectionLost", "fetch", "post"]
T = TypeVar("T")


class Client:
    """The same for plain code: an :class:`AsyncClient` on a thread of its own.

    Use as a context manager. Raises InputError when there is no twin server at the address.
    """

    def __init__(self, url: str, token: str | None = None, *, reconnect: bool = True):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="twin-client", daemon=True
        )
        self._thread.start()
        try:
            self._client = self._do(self._make(url, token, reconnect))
        except BaseException:
            self._stop()
            raise

    @staticmethod
    async def _make(url: str, token: str | None, reconnect: bool) -> AsyncClient:
        client = AsyncClient(url, token, reconnect)
        await client.connect()
        return client

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def hello(self) -> dict[str, Any]:
        """The server's first message."""
        return self._client.hello

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._client.connected

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened since the client connected, without what was undone by going back."""
        return list(self._client.events)

    @property
    def set_back(self) -> int:
        """How often events were undone because time was set back."""
        return self._client.set_back

    @property
    def received(self) -> int:
        """Number of frames so far."""
        return self._client.received

    @property
    def failure(self) -> TwinError | None:
        """Why the connection ended for good, or None."""
        return self._client.failure

    def subscribe(
        self, channels: Sequence[str], timeout: float | None = 30.0, **options: Any
    ) -> dict[str, Any]:
        """See :meth:`AsyncClient.subscribe`; raises TwinError when no answer comes in time."""
        return self._do(self._client.subscribe(channels, **options), timeout)

    def command(
        self,
        name: str,
        path: str | None = None,
        key: str | None = None,
        value: float | str | None = None,
        timeout: float | None = 30.0,
    ) -> dict[str, Any]:
        """See :meth:`AsyncClient.command`; raises TwinError when no answer comes in time."""
        return self._do(self._client.command(name, path, key, value), timeout)

    def latest(self) -> Frame | None:
        """The newest frame, or None before the first."""
        return self._client.latest()

    def wait_frame(self, after: int | None = None, timeout: float | None = 30.0) -> Frame:
        """See :meth:`AsyncClient.next_frame`; raises TwinError when none comes in time."""
        return self._do(self._client.next_frame(after), timeout)

    def frames(self) -> Iterator[Frame]:
        """Frames as they come; slow use skips some."""
        seen = 0
        while True:
            frame = self.wait_frame(seen, timeout=None)
            seen = self._client.received
            yield frame

    def get(self, path: str, **query: str | int | None) -> Any:
        """JSON of a REST resource of the session."""
        return fetch(self._client.address, path, self._client.token, **query)

    def transient(self, session: str | None = None, **options: Any) -> Any:
        """A fast window from a session's present state on; see :meth:`AsyncClient.transient`."""
        return self._do(self._client.transient(session, **options), 120.0)

    def close(self) -> None:
        """End the connection."""
        if self._thread.is_alive():
            with contextlib.suppress(TwinError):
                self._do(self._client.close(), 5.0)
            self._stop()

    def _do(self, work: Coroutine[Any, Any, T], timeout: float | None = 30.0) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise TwinError(f"no answer from the server within {timeout:g} s") from None

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
