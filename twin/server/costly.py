"""What costs much for one request: few at a time, aside, and not for callers who hung up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from twin.server.keeping import Busy

if TYPE_CHECKING:
    from twin.server.session import Session

T = TypeVar("T")

LOOKS_FOR_CALLERS = 0.2  # s between looks whether a caller is still there
PIECE = 1 << 18  # bytes handed to a connection before it must have taken them
MOST_UNSENT = 1 << 27  # bytes of large answers that clients have not taken yet


class Costly:
    """Threads of their own for costly requests, so that small ones never wait behind them.

    Parameters
    ----------
    at_once : computed at a time
    waiting : that wait for their turn; more are told to come again
    """

    def __init__(self, at_once: int, waiting: int):
        self.unsent = 0
        self._most = at_once + waiting
        self._count = 0
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="costly")
        self._turn = asyncio.Semaphore()

    async def run(self, request: Request, function: Callable[[], T]) -> T:
        """Result of ``function``; raises Busy when too many wait, or when the caller hung up."""
        self._refuse_too_many()
        loop = asyncio.get_running_loop()
        future: Future[T] = self._threads.submit(function)
        self._count += 1
        future.add_done_callback(lambda _: self._leave(loop))
        return await while_connected(request, _result(future))

    async def read(self, request: Request, session: Session, function: Callable[[], T]) -> T:
        """What ``function`` reads on a session's thread, for something costly; raises as `run`.

        One after the other, so that what others ask of the session waits for one of them at most.
        """

        async def in_turn() -> T:
            async with self._turn:
                return await _result(session.call(function))

        self._refuse_too_many()
        self._count += 1
        try:
            return await while_connected(request, in_turn())
        finally:
            self._count -= 1

    async def answer(
        self,
        request: Request,
        function: Callable[[], bytes],
        media_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """What ``function`` makes as an answer; raises as :meth:`run`."""
        content = await self.run(request, function)
        return self.large(content, media_type, headers)

    def large(
        self, content: bytes, media_type: str, headers: dict[str, str] | None = None
    ) -> Response:
        """An answer that may be large."""
        return _Large(self, content, media_type, headers)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _refuse_too_many(self) -> None:
        if self._count >= self._most:
            raise Busy("too much is asked for at a time; try again")

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called on any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server ended
            loop.call_soon_threadsafe(self._left)

    def _left(self) -> None:
        self._count -= 1


class _Large(Response):
    """Sent in pieces, the next when the last was taken; refused when too much lies about unsent."""

    def __init__(
        self, owner: Costly, content: bytes, media_type: str, headers: dict[str, str] | None
    ):
        super().__init__(content, media_type=media_type, headers=headers)
        self._owner = owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = memoryview(self.body)
        if self._owner.unsent + len(body) > MOST_UNSENT:
            busy = JSONResponse({"message": "too much is being sent; try again"}, status_code=503)
            await busy(scope, receive, send)
            return
        self._owner.unsent += len(body)
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            last = max(len(body) - 1, 0) // PIECE
            for number in range(last + 1):
                piece = bytes(body[number * PIECE : (number + 1) * PIECE])
                await send(
                    {"type": "http.response.body", "body": piece, "more_body": number < last}
                )
        finally:
            self._owner.unsent -= len(body)


async def _result(future: Future[T]) -> T:
    return await asyncio.wrap_future(future)


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Result of some work; it is cancelled, and Busy raised, when the caller hangs up."""
    task = asyncio.create_task(work)
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=LOOKS_FOR_CALLERS)
            if done:
                return task.result()
            if await request.is_disconnected():
                raise Busy("the caller hung up")
    finally:
        task.cancel()
