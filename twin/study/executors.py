"""Where points are computed: processes of this machine, or a dask cluster by its address."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from twin.errors import InputError
from twin.extras import need
from twin.study.evaluate import Answer, evaluate_many
from twin.study.spec import Quantity

Work = list[tuple[int, dict[str, Quantity]]]
MAXIMUM_LOSSES = 3  # workers that may die with one piece of work before it is given up


class Executor(Protocol):
    """Computes pieces of work and hands the answers back as they come, in any order."""

    def run(self, file: str, pieces: Sequence[Work]) -> Iterator[list[Answer]]:
        """Answers of every piece."""
        ...

    def close(self) -> None:
        """End what was started for it."""
        ...


class InProcess:
    """Everything in this process, one after the other."""

    def run(self, file: str, pieces: Sequence[Work]) -> Iterator[list[Answer]]:
        """See :class:`Executor`."""
        for piece in pieces:
            yield evaluate_many(file, piece)

    def close(self) -> None:
        """See :class:`Executor`."""


class ProcessPool:
    """Processes of this machine. A worker that dies loses only what it was at, which is redone."""

    def __init__(self, workers: int):
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, mp_context=context)
        return self._pool

    def close(self) -> None:
        """See :class:`Executor`."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def run(self, file: str, pieces: Sequence[Work]) -> Iterator[list[Answer]]:
        """See :class:`Executor`."""
        waiting = list(reversed(pieces))
        losses: dict[int, int] = {}
        while waiting:
            unfinished: list[Work] = []
            yield from self._until_broken(file, waiting, unfinished)
            for piece in unfinished:
                key = piece[0][0]
                losses[key] = losses.get(key, 0) + 1
                if losses[key] >= MAXIMUM_LOSSES:
                    yield [Answer(n, {}, "the processes that computed it died") for n, _ in piece]
                else:
                    waiting.append(piece)

    def _until_broken(
        self, file: str, waiting: list[Work], unfinished: list[Work]
    ) -> Iterator[list[Answer]]:
        """Answers until all is done or a worker dies; what was under way goes to ``unfinished``."""
        under_way: dict[Future[list[Answer]], Work] = {}
        pool = self._started()
        try:
            while waiting or under_way:
                while waiting and len(under_way) < 2 * self.workers:
                    piece = waiting.pop()
                    under_way[pool.submit(evaluate_many, file, piece)] = piece
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                    del under_way[future]
        except BrokenProcessPool:
            unfinished.extend(under_way.values())
            self._pool = None
            pool.shutdown(wait=False, cancel_futures=True)


class DaskCluster:
    """A dask cluster by the address of its scheduler.

    Raises InputError when it does not answer, MissingExtra when dask is not installed.
    """

    def __init__(self, address: str, timeout: float = 10.0):
        need("cluster", what="--dask")
        from distributed import Client

        try:
            self.client: Any = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(
                "cluster cannot be reached",
                key="--dask",
                found=address,
                allowed="tcp://host:8786, of a running dask scheduler; "
                f"{str(error).splitlines()[0]}",
            ) from None

    def run(self, file: str, pieces: Sequence[Work]) -> Iterator[list[Answer]]:
        """See :class:`Executor`."""
        from distributed import KilledWorker, as_completed

        futures = {
            self.client.submit(
                evaluate_many, file, piece, pure=False, retries=MAXIMUM_LOSSES
            ): piece
            for piece in pieces
        }
        for future in as_completed(futures, loop=self.client.loop):
            try:
                yield future.result()
            except KilledWorker:  # several workers died with it: it would kill the next one too
                yield [
                    Answer(n, {}, "the workers that computed it died") for n, _ in futures[future]
                ]

    def close(self) -> None:
        """See :class:`Executor`."""
        self.client.close()
