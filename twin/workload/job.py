"""A job, and where it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Job:
    """What was submitted.

    Attributes
    ----------
    id, tenant : whose
    submit : when [s]
    accelerators : how many it needs together
    duration : at full clocks [s]
    requested : wall time asked for [s], which backfilling plans with
    utilisation, compute_share, memory_share : what it asks of its accelerators
    """

    id: str
    submit: float
    accelerators: int
    duration: float
    requested: float
    tenant: str = ""
    utilisation: float = 1.0
    compute_share: float = 1.0
    memory_share: float = 0.6


@dataclass
class Running:
    """A job at work.

    Attributes
    ----------
    racks : accelerators it has, by rack
    started : when [s]
    done : work done, in seconds at full clocks
    saved : of that, in the last checkpoint
    resumed : of that, done before it started this time
    """

    job: Job
    racks: dict[int, int]
    started: float
    done: float = 0.0
    saved: float = 0.0
    resumed: float = 0.0

    @property
    def expected_end(self) -> float:
        """When it ends if it takes the wall time it asked for [s]."""
        return self.started + self.job.requested


@dataclass
class Tally:
    """What came of all jobs so far; times in s, work in accelerator seconds."""

    finished: int = 0
    failures: int = 0
    waited: float = 0.0
    slowdown: float = 0.0
    stretch: float = 0.0
    useful: float = 0.0
    lost: float = 0.0
    finished_ids: list[str] = field(default_factory=list)


SLOWDOWN_BOUND = 10.0
"""Run time [s] below which a job's slowdown is measured as if it ran that long (bounded slowdown:
Feitelson et al., "Theory and Practice in Parallel Job Scheduling", 1997)."""


def bounded_slowdown(waited: float, ran: float, nominal: float) -> float:
    """(wait + run) over the nominal run time, at least 1."""
    return max(1.0, (waited + ran) / max(nominal, SLOWDOWN_BOUND))


def whole(value: float) -> int:
    """Accelerators of a trace's processors, rounded up."""
    return max(1, math.ceil(value - 1e-9))
