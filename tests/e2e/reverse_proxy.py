"""A small reverse proxy before a server: it takes a prefix off, and its network can be cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self

ENDED = 10.0  # s for its thread to end


class ReverseProxy:
    """Listens on ``port`` of this machine and passes on to another; a context manager.

    prefix : such as ``/twin``, taken off every path; what does not begin with it is answered 404
    accepted : connections so far
    """

    def __init__(self, upstream: int, prefix: str = ""):
        self.upstream, self.prefix = upstream, prefix
        self.accepted = 0
        self._dead = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links: set[_Link] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ENDED)

    def cut(self) -> None:
        """Pass nothing on any more and close nothing, as if a cable had been drawn."""
        self._dead = True
        for link in list(self._links):
            link.dead = True

    def mend(self) -> None:
        """New connections work again; those that were cut stay dead."""
        self._dead = False

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ENDED)

    async def _close(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        link = _Link(self._dead)
        self._links.add(link)
        try:
            head = self._rewritten(await reader.readuntil(b"\r\n\r\n"))
            if link.dead:
                await asyncio.Event().wait()
            if head is None:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return
            back, forth = await asyncio.open_connection("127.0.0.1", self.upstream)
            forth.write(head)
            try:
                await asyncio.gather(link.pump(reader, forth), link.pump(back, writer))
            finally:
                forth.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._links.discard(link)
            writer.close()

    def _rewritten(self, head: bytes) -> bytes | None:
        """A request's head for the server behind; None: the path is not ours."""
        first, _, rest = head.partition(b"\r\n")
        method, path, version = first.split(b" ")
        prefix = self.prefix.encode()
        if prefix and not path.startswith(prefix + b"/"):
            return None
        lines = [line for line in rest.split(b"\r\n") if line]
        if not any(line.lower() == b"upgrade: websocket" for line in lines):
            lines = [line for line in lines if not line.lower().startswith(b"connection:")]
            lines.append(b"Connection: close")  # one request at a time, each with its path
        return b"\r\n".join([b" ".join((method, path[len(prefix) :], version)), *lines, b"", b""])


class _Link:
    """One connection through the proxy."""

    def __init__(self, dead: bool):
        self.dead = dead

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            if self.dead:
                await asyncio.Event().wait()
            writer.write(data)
            await writer.drain()
        if self.dead:
            await asyncio.Event().wait()
        writer.close()
