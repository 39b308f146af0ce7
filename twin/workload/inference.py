"""Inference service: requests arrive, prompts are read, answers are written token by token.

Requests are treated as a fluid (:mod:`twin.workload.decoding`). Prefill is bound by arithmetic,
decode by memory bandwidth: one decode step of a replica reads all weights and the caches of its
batch, so that a larger batch gives more tokens for little more power
(:mod:`twin.workload.serving_power`). Both rates scale with the racks' present pace (clocks,
throttling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats
from twin.clock import Clock
from twin.errors import InputError
from twin.workload.decoding import Drained, decode_rate, drain, prefill_rate, sharing
from twin.workload.driver import Rows
from twin.workload.racks import peak_figures, running, speeds
from twin.workload.requests import read_requests
from twin.workload.serving_power import ServingPower, decode_activity
from twin.workload.spec import Inference

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.scenario import Scenario
    from twin.simulation import Simulation

DAY = 24.0  # h
BALANCE = 600.0  # s over which a service without a table is in balance at the start
LEAST = 1e-9  # requests that count as none
PREFILL_TRAFFIC = 0.3  # share of the memory bandwidth that reading prompts takes


@dataclass(frozen=True)
class Service:
    """Where a service stands: tokens waiting, and what was done so far.

    Attributes
    ----------
    prompts, answers : tokens waiting for prefill and for decode
    requests : requests not finished (a mean)
    arrived, read, written : requests, prompt tokens and answer tokens so far
    waited : request seconds spent in the system
    time : up to which it is advanced [s]
    """

    prompts: float = 0.0
    answers: float = 0.0
    requests: float = 0.0
    arrived: float = 0.0
    read: float = 0.0
    written: float = 0.0
    waited: float = 0.0
    time: float = 0.0


class InferenceDriver:
    """Runs one service on some racks."""

    def __init__(
        self,
        plant: Plant,
        spec: Inference,
        path: str,
        rows: Rows,
        scenario: Scenario,
        clock: Clock,
    ):
        self.spec = spec
        self.path = path
        self.rows = rows
        self.seed = scenario.seed
        self.start = scenario.start
        self.service = Service()
        self._operations, self._bandwidth = peak_figures(plant)
        self._power = ServingPower(plant, rows)
        self._trace = (
            read_requests(spec, clock, scenario.duration) if spec.requests is not None else None
        )
        self.foreign = self._trace.foreign if self._trace is not None else None
        self._told = False
        self._step = 1.0
        self._fits(scenario.duration)

    def _fits(self, duration: float) -> None:
        model, spec = self.spec.model, self.spec
        if model.active_parameters > model.parameters:
            raise InputError("active_parameters are above parameters", key="workload.model")
        if len(self.rows) == 0:
            raise InputError("a service needs racks", key="workload.path")
        self._context = spec.prompt_tokens + 0.5 * spec.output_tokens
        if self._trace is not None:
            self._context = self._trace.context(duration)

    def arrivals(self, now: float, span: float, drawn: bool = True) -> tuple[float, float, float]:
        """Requests, prompt tokens and output tokens that arrive in ``span`` seconds from now.

        drawn : as chance has it; else as many as are expected
        """
        spec = self.spec
        if self._trace is not None:
            times, prompt, output = self._trace.times, self._trace.prompt, self._trace.output
            first, last = np.searchsorted(times, [now - 1e-9, now + span - 1e-9])
            return (
                float(last - first),
                float(prompt[first:last].sum()),
                float(output[first:last].sum()),
            )
        assert spec.requests_per_second is not None
        rate = spec.requests_per_second
        if spec.diurnal is not None:
            hour = self.start.hour + self.start.minute / 60.0 + now / 3600.0
            swing = np.cos(2.0 * np.pi * (hour - spec.diurnal.peak) / DAY)
            rate *= 1.0 + spec.diurnal.swing * float(swing)
        count = rate * span
        if drawn and spec.arrivals == "poisson":
            # the number depends on seed, time and place only, not on what was drawn before
            place = [int(self.rows[0]), len(self.rows)]
            draws = np.random.default_rng([self.seed, round(now / span), *place])
            count = float(draws.poisson(count))
        return count, count * spec.prompt_tokens, count * spec.output_tokens

    def set(self, simulation: Simulation, starting: bool) -> None:
        """See :class:`twin.workload.driver.Driver`."""
        now, self._step = simulation.time, simulation.step
        if starting and not self._told:
            self._tell(simulation)
        if not starting and now < self.service.time - 1e-9:
            return
        rack = simulation.state.view.rack
        working = running(simulation)[self.rows]
        pace = speeds(simulation)[self.rows]
        # at the start, as in the balance of what comes and goes; a table begins with its requests
        span = simulation.step if not starting or self._trace is not None else BALANCE
        after, busy, compute, memory = self._serve(
            self.service,
            now,
            span,
            self.arrivals(now, span, drawn=not starting),
            (
                float((self._operations[self.rows] * working * pace).sum()),
                float((self._bandwidth[self.rows] * working * pace).sum()),
                float(working.sum()),
            ),
        )
        if not starting:
            self.service = after
        rack.utilisation[self.rows] = busy
        if busy > 0.0:
            rack.compute_share[self.rows] = compute
            rack.memory_share[self.rows] = memory

    def _tell(self, simulation: Simulation) -> None:
        from twin.simulation import Event

        self._told = True
        for sentence in self._trace.told if self._trace is not None else ():
            simulation.log(Event(simulation.time, self.path, "data", sentence))

    def _serve(
        self,
        service: Service,
        now: float,
        span: float,
        arriving: tuple[float, float, float],
        power: tuple[float, float, float],
    ) -> tuple[Service, float, Floats, float]:
        """Work through ``span`` seconds; returns share of time busy, and shares while busy.

        Parameters
        ----------
        arriving : requests, prompt tokens and answer tokens
        power : operations [flop/s], bandwidth [byte/s] and number of accelerators at work
        """
        spec, model = self.spec, self.spec.model
        (count, prompt, output), (operations, bandwidth, working) = arriving, power
        prompts, answers = service.prompts + prompt, service.answers + output
        requests = service.requests + count
        prefill = prefill_rate(model, operations)
        reading_share = min(1.0, prompts / (prefill * span)) if prefill > 0.0 else 0.0
        read = prefill * span * reading_share
        replicas = max(working / spec.accelerators_per_replica, 1e-9)
        own = (operations / replicas, bandwidth / replicas) if working > 0.0 else (0.0, 0.0)
        largest = float(spec.maximum_batch)

        def rate(number: float) -> float:
            busy, batch = sharing(number, replicas, largest)
            speed = decode_rate(model, batch, self._context, *own)
            return busy * speed * (1.0 - reading_share)

        if answers > 0.0:
            drained = drain(service.requests, count, answers / max(requests, LEAST), span, rate)
            writing, batch = sharing(drained.mean, replicas, largest)
        else:  # requests that ask for no answer are done when they are read
            over = read >= prompts * (1.0 - 1e-9)
            drained = Drained(1.0, 0.0) if over else Drained(0.0, requests)
            writing, batch = 0.0, 1.0
        finished = drained.share if requests * (1.0 - drained.share) > LEAST else 1.0
        writing_share = writing / replicas * (1.0 - reading_share) if own[0] > 0.0 else 0.0
        busy = min(1.0, reading_share + writing_share)
        compute = np.zeros(len(self.rows))
        memory = 0.0
        if busy > 0.0:
            # reading prompts keeps the arithmetic units busy: power as at full operations
            activity = decode_activity(model, batch, self._context, *own)
            decoding = self._power.compute_shares(activity, model.bandwidth_utilisation)
            compute = (reading_share + writing_share * decoding) / busy
            memory = model.bandwidth_utilisation * writing_share / busy
            memory = min(1.0, memory + PREFILL_TRAFFIC * reading_share / busy)
        # a prompt is read by one replica, while the others read theirs
        reading_time = read * replicas / prefill if prefill > 0.0 else 0.0
        after = replace(
            service,
            prompts=prompts - read,
            answers=answers * (1.0 - finished),
            requests=requests * (1.0 - finished),
            arrived=service.arrived + count,
            read=service.read + read,
            written=service.written + answers * finished,
            waited=service.waited + drained.mean * span + reading_time,
            time=now + span,
        )
        return after, busy, compute, memory

    def next_change(self, now: float) -> float:
        """See :class:`twin.workload.driver.Driver`: requests arrive all the time."""
        return max(self.service.time, now + self._step)

    def snapshot(self) -> dict[str, Any]:
        """Where the service stands."""
        return asdict(self.service)

    def restore(self, kept: dict[str, Any]) -> None:
        """Go back to a snapshot."""
        self.service = Service(**kept)

    @classmethod
    def figures(
        cls, drivers: Sequence[InferenceDriver], simulation: Simulation
    ) -> dict[str, float]:
        """Requests, tokens, waiting and tokens per joule of the sites' energy, of all services."""
        services = [driver.service for driver in drivers]
        time = max(simulation.time, 1e-9)
        energy = float(simulation.state.view.ledger.grid_energy.sum())
        arrived = sum(service.arrived for service in services)
        written = sum(service.written for service in services)
        waited = sum(service.waited for service in services)
        return {
            "inference_requests_per_s": arrived / time,
            "inference_tokens_per_s": written / time,
            "inference_prompt_tokens_per_s": sum(service.read for service in services) / time,
            "inference_backlog_requests": sum(service.requests for service in services),
            "inference_mean_latency_s": waited / arrived if arrived > 0.0 else 0.0,
            "inference_tokens_per_j": written / energy if energy > 0.0 else 0.0,
        }
