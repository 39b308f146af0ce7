"""Draws pictures in a process of its own, which never outlives the server."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any

from twin.errors import TwinError
from twin.protocol import Frame
from twin.server.keeping import Busy
from twin.server.state import Picture

PICTURE_SECONDS = 60.0
MOST_WAITING = 8  # pictures asked for at a time; more are told to come again


class Unavailable(TwinError):
    """This server cannot do it: something it needs is not installed or not switched on."""


class Painter:
    """Draws pictures one after the other."""

    def __init__(self, picture: Picture | None):
        self._picture = picture
        self._pool: ProcessPoolExecutor | None = None
        self._turn = asyncio.Semaphore(1)
        self._asked = 0

    async def draw(
        self, scene: dict[str, Any], frame: Frame, channel: str, width: int, height: int
    ) -> bytes:
        """PNG; raises Unavailable where nothing can draw, Busy when it takes too long."""
        if self._picture is None:
            raise Unavailable(
                "nothing is installed on this server that draws pictures (the extra 'viewer'); "
                "twin doctor says there how to install it"
            )
        if self._asked >= MOST_WAITING:
            raise Busy("too many pictures are asked for; try again")
        self._asked += 1
        try:
            return await self._drawn(self._picture, scene, frame, channel, width, height)
        finally:
            self._asked -= 1

    async def _drawn(self, picture: Picture, *what: Any) -> bytes:
        async with self._turn:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    1, mp_context=multiprocessing.get_context("spawn"), initializer=end_with_parent
                )
            future = asyncio.get_running_loop().run_in_executor(self._pool, picture, *what)
            try:
                return await asyncio.wait_for(future, PICTURE_SECONDS)
            except (BrokenProcessPool, TimeoutError):
                self.close()
                raise Busy("the picture could not be drawn in time; try again") from None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._pool is None:
            return
        for child in multiprocessing.active_children():  # the server has no others
            child.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None


def end_with_parent() -> None:
    """Called in the process: end when the server does, even when that was killed.

    It also stands back for the server, whose viewers wait for frames rather than for a picture.
    """
    os.nice(5)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(0)
