"""When simulated time is due: a schedule tied to one moment, so that errors never add up."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

LARGEST_LAG = 2.0  # s behind the clock from which the schedule starts anew instead of racing
WINDOW = 2.0  # s over which the achieved speed is measured


@dataclass
class Schedule:
    """Maps simulated time to the clock: ``time = time_0 + (clock - clock_0) * speed``.

    ``speed`` inf means as fast as it goes. Clocks are monotonic seconds, so that setting the wall
    clock has no effect. ``skipped`` counts wall seconds given up because steps took too long;
    ``achieved`` is the speed over the last moments.
    """

    speed: float
    clock: float
    time: float
    skipped: float = 0.0
    achieved: float = 0.0
    _points: deque[tuple[float, float]] = field(default_factory=deque, repr=False)

    def restart(self, clock: float, time: float, speed: float | None = None) -> None:
        """Tie the schedule to a new moment: after a pause, a change of speed, a seek."""
        self.clock, self.time = clock, time
        if speed is not None:
            self.speed = speed
        self._points.clear()
        self.achieved = 0.0

    def wait(self, clock: float, time: float) -> float:
        """Seconds until simulated ``time`` is due; 0 when it is.

        When it should have been reached more than ``LARGEST_LAG`` ago (steps too slow, machine
        asleep) the schedule starts anew from now.
        """
        if math.isinf(self.speed):
            return 0.0
        due = self.clock + (time - self.time) / self.speed
        if clock - due > LARGEST_LAG:
            self.skipped += clock - due
            self.clock, self.time = clock, time
            return 0.0
        return max(0.0, due - clock)

    def note(self, clock: float, time: float) -> None:
        """A step ended: measure the speed over the last moments."""
        self._points.append((clock, time))
        while len(self._points) > 2 and clock - self._points[1][0] >= WINDOW:
            self._points.popleft()
        first = self._points[0]
        if clock > first[0]:
            self.achieved = (time - first[1]) / (clock - first[0])
