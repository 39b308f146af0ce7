"""Synchronous training: compute, communicate, checkpoint, and what failures cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import InputError
from twin.workload.driver import Rows
from twin.workload.racks import accelerators, running, speeds
from twin.workload.spec import Training

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.simulation import Simulation

SLOWEST = 0.02  # speed below which a job counts as standing


@dataclass(frozen=True)
class Progress:
    """Where a training job stands.

    Attributes
    ----------
    phase : compute, communicate, checkpoint, restart or off
    left : seconds of the phase that remain, at full clocks
    done : optimiser steps whose work counts
    saved : of those, in the last checkpoint
    lost : steps done in vain
    since : seconds since the last checkpoint
    workers : accelerators at work
    time : up to which it is advanced [s]
    productive : seconds spent in compute and communication of steps that count or are lost
    """

    phase: str = "off"
    left: float = 0.0
    done: float = 0.0
    saved: float = 0.0
    lost: float = 0.0
    since: float = 0.0
    workers: float = 0.0
    time: float = 0.0
    productive: float = 0.0


def phase_times(plant: Plant, spec: Training, rows: Rows) -> tuple[float, float]:
    """Seconds of a step that compute, and that wait for the network, at full clocks.

    Raises InputError when bytes are to be exchanged and a site says nothing of its network.
    """
    if spec.exchange is None:
        return spec.step * (1.0 - spec.communication), spec.step * spec.communication
    from twin.network.collective import all_reduce_time
    from twin.network.site_network import site_network

    levels = plant.levels
    sites = {
        int(levels["hall"].parent_index[levels["row"].parent_index[row]])
        for row in levels["rack"].parent_index[rows]
    }
    if len(sites) > 1:
        raise InputError(
            "exchange is known within one site",
            key="workload.training.exchange",
            found=", ".join(levels.path("site", s) for s in sorted(sites)),
            allowed="a path within one site, or communication as a share of the step",
        )
    network = site_network(plant, sites.pop())
    if network is None:
        raise InputError(
            "exchange needs to know the network",
            key="workload.training.exchange",
            allowed="network: {switch: ...} at the site in the layout, or communication as a share",
        )
    count = int(accelerators(plant)[rows].sum())
    takes = all_reduce_time(spec.exchange, count, network.paths)
    return spec.step, max(takes - spec.overlap * spec.step, 0.0)


class TrainingDriver:
    """Runs one training job on some racks; the inputs are means over every simulated step."""

    def __init__(self, plant: Plant, spec: Training, rows: Rows):
        self.spec = spec
        self.rows = rows
        self.foreign = None  # no table
        self.progress = Progress()
        self._step = 1.0
        self._compute, self._communicate = phase_times(plant, spec, rows)

    def set(self, simulation: Simulation, starting: bool) -> None:
        """See :class:`twin.workload.driver.Driver`."""
        now, self._step = simulation.time, simulation.step
        if not starting and now < self.progress.time - 1e-9:
            return
        rack = simulation.state.view.rack
        if starting:
            at_once = self.spec.start <= 0.0
            rack.utilisation[self.rows] = self._mean_utilisation() if at_once else 0.0
        else:
            speed = float(speeds(simulation)[self.rows].min())
            self.progress, busy = self._advance(
                self.progress,
                now,
                simulation.step,
                speed,
                float(running(simulation)[self.rows].sum()),
            )
            rack.utilisation[self.rows] = busy
        rack.compute_share[self.rows] = self.spec.compute_share
        rack.memory_share[self.rows] = self.spec.memory_share

    def _mean_utilisation(self) -> float:
        waiting = self._communicate * self.spec.communication_utilisation
        return float((self._compute + waiting) / (self._compute + self._communicate))

    def _advance(
        self, progress: Progress, now: float, span: float, speed: float, workers: float
    ) -> tuple[Progress, float]:
        """Go through the phases of the next ``span`` seconds; returns the mean utilisation."""
        spec = self.spec
        p = replace(progress, time=now + span)
        if now + span <= spec.start or (spec.stop is not None and now >= spec.stop):
            return replace(p, phase="off", workers=workers), 0.0
        if p.phase == "off":
            p = replace(p, phase="compute", left=self._compute, workers=workers)
        elif workers < p.workers - 0.5:
            p = replace(
                p,
                phase="restart",
                left=spec.restart,
                workers=workers,
                lost=p.lost + p.done - p.saved,
                done=p.saved,
                since=0.0,
            )
        elif workers > p.workers + 0.5:
            p = replace(p, workers=workers)
        if workers < 0.5:
            return p, 0.0
        busy, remaining = 0.0, span
        while remaining > 1e-9:
            pace = max(speed, SLOWEST) if p.phase == "compute" else 1.0
            takes = min(remaining, p.left / pace)
            busy += takes * self._utilisation(p.phase)
            productive = takes if p.phase in ("compute", "communicate") else 0.0
            p = replace(
                p,
                left=p.left - takes * pace,
                since=p.since + takes,
                productive=p.productive + productive,
            )
            remaining -= takes
            if p.left <= 1e-9:
                p = self._next_phase(p)
        return p, min(1.0, busy / span)

    def _utilisation(self, phase: str) -> float:
        busy: dict[str, float] = {
            "compute": 1.0,
            "communicate": self.spec.communication_utilisation,
            "checkpoint": self.spec.checkpoint_utilisation,
            "restart": 0.0,
        }
        return busy[phase]

    def _next_phase(self, p: Progress) -> Progress:
        spec = self.spec
        if p.phase == "compute" and self._communicate > 0.0:
            return replace(p, phase="communicate", left=self._communicate)
        done = p.done
        if p.phase in ("compute", "communicate"):
            done += 1.0
            if spec.checkpoint_every is not None and p.since >= spec.checkpoint_every:
                return replace(p, phase="checkpoint", left=spec.checkpoint, done=done)
        if p.phase == "checkpoint":
            return replace(p, phase="compute", left=self._compute, saved=done, since=0.0)
        return replace(p, phase="compute", left=self._compute, done=done)

    def next_change(self, now: float) -> float:
        """See :class:`twin.workload.driver.Driver`: phases change within seconds."""
        if now < self.spec.start - self._step:
            return float(self.spec.start - self._step)
        if self.spec.stop is not None and now > self.spec.stop + self._step:
            return math.inf
        return max(self.progress.time, now + self._step)

    def snapshot(self) -> dict[str, Any]:
        """Where the job stands."""
        return asdict(self.progress)

    def restore(self, kept: dict[str, Any]) -> None:
        """Go back to a snapshot."""
        self.progress = Progress(**kept)

    @classmethod
    def figures(cls, drivers: Sequence[TrainingDriver], simulation: Simulation) -> dict[str, float]:
        """Steps, goodput and tokens of all jobs.

        training_goodput is the time that the steps that count would have taken at full clocks,
        over the time passed; of several jobs, the mean over their racks. Communication and step
        time are means over steps.
        """
        steps = sum(job.progress.done + job.progress.lost for job in drivers)
        racks = np.array([len(job.rows) for job in drivers], dtype=np.float64)
        taken = np.array([job.progress.done + job.progress.lost for job in drivers])
        by_step = taken if steps > 0.0 else np.ones(len(drivers))
        goodput = [
            job.progress.done * (job._compute + job._communicate) / job._passed(simulation)
            for job in drivers
        ]
        communication = [job._communicate for job in drivers]
        result = {
            "training_steps": sum(job.progress.done for job in drivers),
            "training_steps_lost": sum(job.progress.lost for job in drivers),
            "training_goodput": float(np.average(goodput, weights=racks)),
            "training_communication_s": float(np.average(communication, weights=by_step)),
            "training_step_time_s": sum(job.progress.productive for job in drivers)
            / max(steps, 1.0),
        }
        counted = [job for job in drivers if job.spec.tokens_per_step is not None]
        if counted:
            tokens = [job.progress.done * (job.spec.tokens_per_step or 0.0) for job in counted]
            energy = float(np.asarray(simulation.state.view.ledger.grid_energy).sum())
            result["training_tokens_per_s"] = sum(
                count / job._passed(simulation) for count, job in zip(tokens, counted, strict=True)
            )
            result["training_tokens_per_j"] = sum(tokens) / energy if energy > 0.0 else 0.0
        return result

    def _passed(self, simulation: Simulation) -> float:
        """Seconds since the job began, until now or its end."""
        end = simulation.time if self.spec.stop is None else min(simulation.time, self.spec.stop)
        return float(max(end - self.spec.start, 1e-9))
