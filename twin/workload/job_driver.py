"""Runs jobs on the racks: submits, starts, slows, fails and finishes them as the plant allows."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats
from twin.catalog.specs import Rack
from twin.clock import Clock
from twin.workload.driver import Rows
from twin.workload.job import Job, Running, Tally, bounded_slowdown
from twin.workload.racks import accelerators, running, speeds
from twin.workload.scheduler import Cluster, Outlook
from twin.workload.series import SeriesDriver
from twin.workload.spec import Jobs
from twin.workload.trace import jobs_of

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.simulation import Simulation

LOGGED_JOBS = 500  # jobs whose starts and ends are logged as events


class JobDriver:
    """A cluster's jobs on the racks of a path.

    A job's pace is that of its slowest rack: throttling and power caps stretch it. Losing an
    accelerator it runs on ends it; it goes back to the front of the queue with the work of its last
    checkpoint. A rack's inputs are the means over its accelerators, weighted by their work.
    """

    def __init__(self, plant: Plant, spec: Jobs, rows: Rows, clock: Clock, duration: float):
        self.spec = spec
        self.rows = rows
        domains = [
            min(
                plant.layout.product(plant.product_ids("rack")[r], Rack).nvlink_domain,
                int(accelerators(plant)[r]),
            )
            for r in rows
        ]
        self.cluster = Cluster(
            domains, spec.policy, spec.placement, spec.gang, spec.power_limit, dict(spec.quotas)
        )
        self.tally = Tally()
        self.resume: dict[str, float] = {}
        total = int(accelerators(plant)[rows].sum())
        self.trace = jobs_of(spec, clock, duration, total)
        self._jobs = self.trace.jobs
        self.foreign = self.trace.foreign
        self._told = False
        self._next = 0
        self._due = 0.0
        self._last = 0.0
        self._capacity = 0.0
        self._left_out = sum(len(names) for names in self.trace.left_out.values())
        self._stuck = ""
        self._per_gpu = SeriesDriver._power_span(plant)[rows] / np.maximum(
            accelerators(plant)[rows], 1.0
        )
        self._panel_row = plant.constants.rack.row[rows]

    # --- time -------------------------------------------------------------------------------------

    def set(self, simulation: Simulation, starting: bool) -> None:
        """See :class:`twin.workload.driver.Driver`."""
        if not self._told:
            self._told = True
            name = Path(self.spec.file).name if self.spec.file else "the list"
            for sentence in self.trace.told(name):
                self._tell(simulation, "data", sentence)
        if not starting and simulation.time < self._due - 1e-9:
            return
        now = simulation.time
        working = running(simulation)[self.rows]
        if not starting:
            self._progress(simulation, now - self._last, working)
        self._last = now
        while self._next < len(self._jobs) and self._jobs[self._next].submit <= now + 1e-9:
            self.cluster.queue.append(self._jobs[self._next])
            self._next += 1
        for begun in self.cluster.start_jobs(now, self._outlook(simulation, working)):
            begun.done = begun.saved = begun.resumed = self.resume.get(begun.job.id, 0.0)
            self.tally.waited += now - begun.job.submit
            self._log(
                simulation,
                begun,
                "job-started",
                f"on {len(begun.racks)} racks after {now - begun.job.submit:.0f} s",
            )
        if not starting:
            self._watch_queue(simulation, working)
        self._write(simulation)
        self._due = now + self.spec.interval

    def _tell(self, simulation: Simulation, kind: str, message: str, key: str = "") -> None:
        from twin.simulation import Event

        simulation.log(Event(simulation.time, self.spec.path, kind, message, key))

    def _watch_queue(self, simulation: Simulation, working: Floats) -> None:
        """Tell, once for each job, that one waits although nothing runs."""
        queue = self.cluster.queue
        if not queue or self.cluster.running or queue[0].id == self._stuck:
            return
        job = queue[0]
        self._stuck = job.id
        if job.accelerators > working.sum():
            why = f"{working.sum():.0f} accelerators are in service"
        elif self.spec.power_limit is not None:
            why = f"the power limit is {self.spec.power_limit / 1e3:,.0f} kW"
        else:
            why = "its quota or whole scale-up domains are not to be had"
        self._tell(
            simulation,
            "job-waits",
            f"job {job.id} needs {job.accelerators} accelerators and waits although nothing runs: "
            f"{why}",
            job.id,
        )

    def _progress(self, simulation: Simulation, span: float, working: Floats) -> None:
        """Work done since the last look, then jobs that failed or are over."""
        pace = speeds(simulation)[self.rows]
        self._capacity += float(accelerators(simulation.plant)[self.rows].sum()) * span
        short = {int(r) for r in np.flatnonzero(self.cluster.used > working + 0.5)}
        for job in list(self.cluster.running):
            if short & set(job.racks):
                job.done = min(job.done + span, job.job.duration)  # in vain since the last look
                self._fail(simulation, job)
                continue
            speed = float(min(pace[r] for r in job.racks))
            job.done = min(job.done + speed * span, job.job.duration)
            every = self.spec.checkpoint_every
            if every is not None and every > 0.0:
                job.saved = max(job.saved, math.floor(job.done / every) * every)
            if job.done >= job.job.duration - 1e-6:
                self._finish(simulation, job)

    def _finish(self, simulation: Simulation, ended: Running) -> None:
        job, now = ended.job, simulation.time
        self.cluster.release(ended)
        self.resume.pop(job.id, None)
        ran = now - ended.started
        tally = self.tally
        tally.finished += 1
        tally.slowdown += bounded_slowdown(ended.started - job.submit, ran, job.duration)
        tally.stretch += ran / max(job.duration - ended.resumed, 1e-9)
        tally.useful += job.accelerators * job.duration
        if len(tally.finished_ids) < LOGGED_JOBS:
            tally.finished_ids.append(job.id)
        self._log(
            simulation, ended, "job-finished", f"after {ran:.0f} s for {job.duration:.0f} s of work"
        )

    def _fail(self, simulation: Simulation, failed: Running) -> None:
        self.cluster.release(failed)
        self.tally.failures += 1
        self.tally.lost += (failed.done - failed.saved) * failed.job.accelerators
        self.resume[failed.job.id] = failed.saved
        self.cluster.queue.appendleft(failed.job)
        self._log(
            simulation,
            failed,
            "job-failed",
            f"accelerators were lost; {failed.done - failed.saved:.0f} s of work are gone",
        )

    def _log(self, simulation: Simulation, entry: Running, kind: str, message: str) -> None:
        """An event at the first of the job's racks."""
        if len(self._jobs) <= LOGGED_JOBS:
            from twin.simulation import Event

            path = simulation.plant.levels.path("rack", int(self.rows[min(entry.racks)]))
            text = f"job {entry.job.id} {message}"
            simulation.log(Event(simulation.time, path, kind, text, entry.job.id))

    def _outlook(self, simulation: Simulation, working: Floats) -> Outlook:
        state = simulation.state.view
        return Outlook(
            working,
            state.rack.maximum_gpu_temperature[self.rows],
            state.row.panel_load[self._panel_row],
            float(state.rack.it_power[self.rows].sum()),
            self._per_gpu,
        )

    def _write(self, simulation: Simulation) -> None:
        """Means of what the jobs ask of every rack."""
        count = np.maximum(accelerators(simulation.plant)[self.rows], 1.0)
        busy, compute, memory = (np.zeros(len(self.rows)) for _ in range(3))
        for entry in self.cluster.running:
            job = entry.job
            # a job may hold more of its last domain than it uses
            share = job.accelerators / sum(entry.racks.values())
            for rack, held in entry.racks.items():
                work = held * share * job.utilisation
                busy[rack] += work
                compute[rack] += work * job.compute_share
                memory[rack] += work * job.memory_share
        rack_state = simulation.state.view.rack
        rack_state.utilisation[self.rows] = np.minimum(busy / count, 1.0)
        some = busy > 0.0
        rack_state.compute_share[self.rows[some]] = compute[some] / busy[some]
        rack_state.memory_share[self.rows[some]] = memory[some] / busy[some]

    def next_change(self, now: float) -> float:
        """See :class:`twin.workload.driver.Driver`."""
        waiting = self._next < len(self._jobs) or self.cluster.queue or self.cluster.running
        return max(self._due, now) if waiting else math.inf

    # --- going back, and figures ------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Queue, running jobs and tally, as plain data."""
        return {
            "used": self.cluster.used.tolist(),
            "queue": [asdict(job) for job in self.cluster.queue],
            "running": [asdict(entry) for entry in self.cluster.running],
            "tally": asdict(self.tally),
            "resume": dict(self.resume),
            "next": self._next,
            "due": self._due,
            "last": self._last,
            "capacity": self._capacity,
            "stuck": self._stuck,
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Go back to a snapshot."""
        self.cluster.used = np.array(kept["used"], dtype=np.float64)
        self.cluster.queue = deque(Job(**job) for job in kept["queue"])
        self.cluster.running = [
            Running(
                Job(**entry["job"]),
                {int(r): n for r, n in entry["racks"].items()},
                entry["started"],
                entry["done"],
                entry["saved"],
                entry["resumed"],
            )
            for entry in kept["running"]
        ]
        self.tally, self.resume = Tally(**kept["tally"]), dict(kept["resume"])
        self._next, self._due = kept["next"], kept["due"]
        self._last, self._capacity = kept["last"], kept["capacity"]
        self._stuck = kept.get("stuck", "")

    @classmethod
    def figures(cls, drivers: Sequence[JobDriver], simulation: Simulation) -> dict[str, float]:
        """See :meth:`_figures`; a scenario has one driver of jobs."""
        (driver,) = drivers
        return driver._figures(simulation)

    def _figures(self, simulation: Simulation) -> dict[str, float]:
        """Counts, waiting, slowdown, stretch by throttling, goodput and use of the racks.

        jobs_goodput is the useful work (of finished jobs, and what running ones have done) over all
        accelerator time there was; jobs_lost the share lost with failures.
        """
        tally = self.tally
        finished = max(tally.finished, 1)
        under_way = sum(entry.done * entry.job.accelerators for entry in self.cluster.running)
        saved = sum(self.resume.get(job.id, 0.0) * job.accelerators for job in self.cluster.queue)
        capacity = max(self._capacity, 1e-9)
        started = tally.finished + tally.failures + len(self.cluster.running)
        return {
            "jobs_finished": float(tally.finished),
            "jobs_running": float(len(self.cluster.running)),
            "jobs_waiting": float(len(self.cluster.queue)),
            "jobs_left_out": float(self._left_out),
            "jobs_failures": float(tally.failures),
            "jobs_mean_wait_s": tally.waited / max(started, 1),
            "jobs_mean_slowdown": tally.slowdown / finished if tally.finished else 0.0,
            "jobs_mean_stretch": tally.stretch / finished if tally.finished else 0.0,
            "jobs_goodput": (tally.useful + under_way + saved) / capacity,
            "jobs_lost": tally.lost / capacity,
            "jobs_occupancy": float(self.cluster.used.sum())
            / max(float(accelerators(simulation.plant)[self.rows].sum()), 1.0),
        }
