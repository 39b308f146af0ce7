"""Moments of a session to go back to: many near now, fewer long ago, within a memory bound."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.simulation import Snapshot

MAXIMUM_BYTES = 256 * 2**20  # of one session; most of what its memory grows by
MAXIMUM_COUNT = 64


@dataclass(frozen=True)
class Moment:
    """A snapshot and how many commands had been carried out when it was taken."""

    steps: int
    commands: int
    snapshot: Snapshot


@dataclass
class Snapshots:
    """Snapshots in the order of their steps; the first is never given up.

    When there are too many, the one whose loss leaves the smallest gap relative to its age goes, so
    that gaps grow with age.
    """

    maximum_bytes: int = MAXIMUM_BYTES
    moments: list[Moment] = field(default_factory=list)

    @property
    def room(self) -> int:
        """Number of snapshots that may be kept; at least 3."""
        if not self.moments:
            return MAXIMUM_COUNT
        size = max(self.moments[0].snapshot.state.nbytes, 1)
        return max(3, min(MAXIMUM_COUNT, self.maximum_bytes // size))

    def add(self, moment: Moment) -> None:
        """Keep a moment later than all others; one of the same step is replaced."""
        self.forget_after(moment.steps - 1)
        self.moments.append(moment)
        while len(self.moments) > self.room:
            now = self.moments[-1].steps
            gaps = [
                (self.moments[i + 1].steps - self.moments[i - 1].steps)
                / (now - self.moments[i].steps + 1)
                for i in range(1, len(self.moments) - 1)
            ]
            del self.moments[1 + gaps.index(min(gaps))]

    def at(self, steps: int) -> Moment:
        """Latest moment not after ``steps``; raises LookupError when there is none."""
        index = bisect_right([moment.steps for moment in self.moments], steps)
        if index == 0:
            raise LookupError("no snapshot that early")
        return self.moments[index - 1]

    def forget_after(self, steps: int) -> None:
        """Drop moments later than ``steps``."""
        while self.moments and self.moments[-1].steps > steps:
            self.moments.pop()
