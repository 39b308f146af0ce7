"""Which job runs when and where: first come first served, backfilling, quotas, gangs, placement.

Accelerators of a rack form scale-up domains. With gang scheduling a job as large as a domain or
larger gets whole domains, so that it never shares one; smaller jobs stay within one domain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from physics.factory.arrays import Floats
from twin.workload.job import Job, Running


@dataclass(frozen=True)
class Outlook:
    """What placement may know of the racks at a moment.

    Attributes
    ----------
    available : accelerators of each rack that can work, busy or not
    heat : hottest accelerator of each rack [degC]
    load : how loaded the supply of each rack is, 0..1 (its panels)
    power : power the racks draw now [W]
    job_power : power that one more accelerator at full work draws on each rack [W]
    """

    available: Floats
    heat: Floats
    load: Floats
    power: float
    job_power: Floats


@dataclass
class Cluster:
    """Racks and the jobs on them.

    Attributes
    ----------
    domain : accelerators per scale-up domain of each rack
    used : accelerators taken on each rack
    queue : jobs waiting, first come first
    running : jobs at work
    """

    domain: Sequence[int]
    policy: str = "backfill"
    placement: str = "packed"
    gang: bool = True
    power_limit: float | None = None
    quotas: Mapping[str, float] = field(default_factory=dict)
    used: Floats = field(default_factory=lambda: np.zeros(0))
    queue: deque[Job] = field(default_factory=deque)
    running: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.used) != len(self.domain):
            self.used = np.zeros(len(self.domain))

    # --- placing ----------------------------------------------------------------------------------

    def free(self, outlook: Outlook) -> Floats:
        """Accelerators of each rack that are free and can work."""
        return np.maximum(outlook.available - self.used, 0.0)

    def place(self, job: Job, outlook: Outlook, free: Floats) -> dict[int, int] | None:
        """Accelerators by rack for a job, or None when they are not to be had now."""
        if free.sum() < job.accelerators:
            return None
        order = self._order(outlook, free)
        if not self.gang:
            return self._spill(job.accelerators, order, free)
        largest = max(self.domain, default=0)
        if job.accelerators < largest:
            return self._within_one(job, order, free)
        return self._whole_domains(job, order, free)

    def _order(self, outlook: Outlook, free: Floats) -> list[int]:
        """Racks in the order in which they are tried."""
        racks = np.arange(len(free))
        if self.placement == "thermal":
            keys = np.lexsort((racks, outlook.heat))
        elif self.placement == "power":
            keys = np.lexsort((racks, outlook.load))
        elif self.placement == "spread":
            keys = np.lexsort((racks, -free))
        else:  # packed: the fullest rack that still has room
            keys = np.lexsort((racks, free))
        return [int(r) for r in keys if free[r] > 0]

    def _within_one(self, job: Job, order: list[int], free: Floats) -> dict[int, int] | None:
        for rack in order:
            if free[rack] >= job.accelerators:
                return {rack: job.accelerators}
        return None

    def _whole_domains(self, job: Job, order: list[int], free: Floats) -> dict[int, int] | None:
        taken: dict[int, int] = {}
        missing = job.accelerators
        # the last domain of a job may be taken in part, but nobody else gets the rest of it
        for rack in order:
            if self.used[rack] > 0 or free[rack] <= 0:
                continue
            taken[rack] = int(free[rack])
            missing -= taken[rack]
            if missing <= 0:
                return taken
        return None

    @staticmethod
    def _spill(count: int, order: list[int], free: Floats) -> dict[int, int]:
        taken: dict[int, int] = {}
        for rack in order:
            share = min(count, int(free[rack]))
            taken[rack] = share
            count -= share
            if count <= 0:
                break
        return taken

    # --- deciding ---------------------------------------------------------------------------------

    def start_jobs(self, now: float, outlook: Outlook) -> list[Running]:
        """Start what can start now; returns the jobs that did."""
        started: list[Running] = []
        power = outlook.power
        while self.queue:
            begun = self._try(self.queue[0], now, outlook, power)
            if begun is None:
                break
            self.queue.popleft()
            power += self._power_of(begun, outlook)
            started.append(begun)
        if self.queue and self.policy == "backfill":
            started += self._backfill(now, outlook, power)
        return started

    def _try(self, job: Job, now: float, outlook: Outlook, power: float) -> Running | None:
        if not self._within_quota(job, outlook):
            return None
        racks = self.place(job, outlook, self.free(outlook))
        if racks is None:
            return None
        candidate = Running(job, racks, now)
        if self.power_limit is not None:
            if power + self._power_of(candidate, outlook) > self.power_limit:
                return None
        for rack, count in racks.items():
            self.used[rack] += count
        self.running.append(candidate)
        return candidate

    @staticmethod
    def _power_of(running: Running, outlook: Outlook) -> float:
        job = running.job
        return sum(
            count * float(outlook.job_power[rack]) * job.utilisation
            for rack, count in running.racks.items()
        )

    def _within_quota(self, job: Job, outlook: Outlook) -> bool:
        if job.tenant not in self.quotas:
            return True
        has = sum(sum(r.racks.values()) for r in self.running if r.job.tenant == job.tenant)
        allowed = self.quotas[job.tenant] * float(outlook.available.sum())
        return has + job.accelerators <= allowed + 1e-9

    def _backfill(self, now: float, outlook: Outlook, power: float) -> list[Running]:
        """EASY backfilling: later jobs start if they do not delay the first one in the queue.

        Source: Lifka, "The ANL/IBM SP scheduling system", 1995. The first job's start is planned
        from the wall times that running jobs asked for; a later job may start if it is over by
        then, or if it fits beside the first one.
        """
        head = self.queue[0]
        shadow, spare = self._reservation(head, now, outlook)
        started: list[Running] = []
        for job in list(self.queue)[1:]:
            in_time = now + job.requested <= shadow + 1e-9
            if not in_time and job.accelerators > spare:
                continue
            begun = self._try(job, now, outlook, power)
            if begun is None:
                continue
            self.queue.remove(job)
            power += self._power_of(begun, outlook)
            if not in_time:
                spare -= sum(begun.racks.values())
            started.append(begun)
        return started

    def _reservation(self, head: Job, now: float, outlook: Outlook) -> tuple[float, float]:
        """When the first job can start at the latest [s], and accelerators it leaves free then."""
        free = float(self.free(outlook).sum())
        for running in sorted(self.running, key=lambda r: r.expected_end):
            if free >= head.accelerators:
                break
            free += sum(running.racks.values())
            if free >= head.accelerators:
                return max(running.expected_end, now), free - head.accelerators
        if free >= head.accelerators:  # enough, but not in whole domains, or held back by a limit
            ends = [r.expected_end for r in self.running]
            return max(min(ends, default=now), now), 0.0
        return float("inf"), 0.0

    def release(self, running: Running) -> None:
        """Give a job's accelerators back."""
        for rack, count in running.racks.items():
            self.used[rack] = max(self.used[rack] - count, 0.0)
        self.running.remove(running)
