"""What a session still has to reach, and who waits for it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

Reached = Future[dict[str, Any]]


@dataclass(frozen=True)
class Goal:
    """Steps to reach, as fast as it goes.

    ``replay``: on the way the log's changes are carried out, and nothing is kept.
    """

    steps: int
    replay: bool
    reached: Reached = field(default_factory=Future)


@dataclass
class Goals:
    """Goals in the order in which they are reached. The session's thread owns them."""

    waiting: deque[Goal] = field(default_factory=deque)

    def __bool__(self) -> bool:
        return bool(self.waiting)

    @property
    def seeking(self) -> bool:
        """Whether one of them is a moment that was there before."""
        return any(goal.replay for goal in tuple(self.waiting))

    @property
    def latest(self) -> int:
        """Steps of the furthest; 0 without any."""
        return max((goal.steps for goal in self.waiting), default=0)

    def add(self, steps: int, *, replay: bool) -> Reached:
        """One more; the future ends with the session's status when it is reached."""
        goal = Goal(steps, replay)
        self.waiting.append(goal)
        return goal.reached

    def is_due(self, steps: int) -> bool:
        """Whether the first is reached."""
        return bool(self.waiting) and steps >= self.waiting[0].steps

    def end_first(self, status: dict[str, Any]) -> None:
        """End the first, which is reached."""
        _answer(self.waiting.popleft().reached, status)

    def end(self, status: dict[str, Any]) -> None:
        """End all where the session stands."""
        while self.waiting:
            self.end_first(status)

    def give_up(self, error: Exception) -> None:
        """End all with an error."""
        while self.waiting:
            _answer(self.waiting.popleft().reached, error)


def _answer(reached: Reached, answer: dict[str, Any] | Exception) -> None:
    """Tell who waits, unless they went away."""
    if not reached.set_running_or_notify_cancel():
        return
    if isinstance(answer, Exception):
        reached.set_exception(answer)
    else:
        reached.set_result(answer)
