"""What other threads ask a session's thread to do, and how that is woken."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from twin.server.keeping import Busy, Gone

T = TypeVar("T")

MAXIMUM_JOBS = 512


class Jobs:
    """Functions in the order in which they came; one thread runs them, any may add."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._wake = threading.Condition()
        self._poked = False
        self.closing = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Have a function run; raises Busy or Gone when it cannot be."""
        future: Future[T] = Future()
        with self._wake:
            if self.closing:
                raise Gone("the session is closed")
            if len(self._waiting) >= MAXIMUM_JOBS:
                raise Busy("the session has too much to do; try again")
            self._waiting.append((function, future))
            self._wake.notify()
        return future

    def poke(self) -> None:
        """Wake the thread though there is no job."""
        with self._wake:
            self._poked = True
            self._wake.notify()

    def close(self) -> None:
        """Take no more, and wake the thread."""
        with self._wake:
            self.closing = True
            self._wake.notify()

    def run(self) -> None:
        """Run those that wait now."""
        with self._wake:
            jobs, self._waiting = self._waiting, deque()
        for function, future in jobs:
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

    def wait(self, seconds: float | None) -> None:
        """Wait until there is something to do."""
        with self._wake:
            if not (self._waiting or self.closing or self._poked):
                self._wake.wait(seconds)
            self._poked = False

    def refuse(self) -> None:
        """Take no more, and end those that wait with an error."""
        with self._wake:
            self.closing = True
            jobs, self._waiting = self._waiting, deque()
        for _, future in jobs:
            if future.set_running_or_notify_cancel():
                future.set_exception(Gone("the session is closed"))
