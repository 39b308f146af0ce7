"""Inference service: requests arrive, prompts are read, answers are written token by token.

Requests are treated as a fluid. Prefill is bound by arithmetic, decode by memory bandwidth: one
decode step of a replica reads all weights and the caches of its batch, so that a larger batch gives
more tokens for little more power (:mod:`twin.workload.serving_power`). Both rates scale with the
racks' present pace (clocks, throttling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats
from twin.clock import Clock
from twin.errors import InputError
from twin.workload.driver import Rows
from twin.workload.racks import peak_figures, running, speeds
from twin.workload.requests import read_requests
from twin.workload.serving_power import ServingPower, decode_activity, touched_weights
from twin.workload.spec import Inference, LanguageModel

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.scenario import Scenario
    from twin.simulation import Simulation

DAY = 24.0  # h
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


def prefill_rate(model: LanguageModel, operations: float) -> float:
    """Prompt tokens per second of accelerators with ``operations`` [flop/s] together."""
    return float(operations * model.flops_utilisation / (2.0 * model.active_parameters))


def decode_rate(
    model: LanguageModel, batch: float, context: float, operations: float, bandwidth: float
) -> float:
    """Answer tokens per second of one replica that decodes ``batch`` requests together.

    The roofline of one step: weights once and every request's cache over the bandwidth [byte/s], or
    the arithmetic of the batch over the operations [flop/s], whichever takes longer. With few
    requests of a sparse model only the experts they use are read.
    """
    if batch <= 0.0 or operations <= 0.0 or bandwidth <= 0.0:
        return 0.0
    reading = touched_weights(model, batch) + batch * context * model.cache_bytes_per_token
    by_memory = reading / (bandwidth * model.bandwidth_utilisation)
    by_compute = batch * 2.0 * model.active_parameters / (operations * model.flops_utilisation)
    return float(batch / max(by_memory, by_compute))


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
        self._told = False
        self._step = 1.0
        self._fits()

    def _fits(self) -> None:
        model, spec = self.spec.model, self.spec
        if model.active_parameters > model.parameters:
            raise InputError("active_parameters are above parameters", key="workload.model")
        if len(self.rows) == 0:
            raise InputError("a service needs racks", key="workload.path")
        context = spec.prompt_tokens + 0.5 * spec.output_tokens
        self._context = context

    def arrivals(self, now: float, span: float) -> tuple[float, float, float]:
        """Requests, prompt tokens and output tokens that arrive in ``span`` seconds from now."""
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
        if spec.arrivals == "poisson":
            # the number depends on seed and time only, not on what was drawn before
            draws = np.random.default_rng([self.seed, round(now / span), len(self.rows)])
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
        before = self.service
        after, busy, compute, memory = self._serve(
            before,
            now,
            simulation.step,
            float((self._operations[self.rows] * working * pace).sum()),
            float((self._bandwidth[self.rows] * working * pace).sum()),
            float(working.sum()),
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
        operations: float,
        bandwidth: float,
        working: float,
    ) -> tuple[Service, float, Floats, float]:
        """Work through ``span`` seconds; returns share of time busy, and shares while busy."""
        spec, model = self.spec, self.spec.model
        count, prompt, output = self.arrivals(now, span)
        prompts, answers = service.prompts + prompt, service.answers + output
        requests = service.requests + count
        prefill = prefill_rate(model, operations)
        reading_share = min(1.0, prompts / (prefill * span)) if prefill > 0.0 else 0.0
        read = prefill * span * reading_share
        replicas = max(working / spec.accelerators_per_replica, 1e-9)
        batch = min(max(requests / replicas, 0.0), float(spec.maximum_batch))
        per_replica = (
            decode_rate(model, batch, self._context, operations / replicas, bandwidth / replicas)
            if working > 0.0
            else 0.0
        )
        possible = per_replica * replicas * span * (1.0 - reading_share)
        written = min(answers, possible)
        writing_share = written / possible * (1.0 - reading_share) if possible > 0.0 else 0.0
        left = answers - written
        if answers > 0.0:
            finished = requests * written / answers
        else:  # requests that ask for no answer are done when they are read
            finished = requests if read >= prompts * (1.0 - 1e-9) else 0.0
        busy = min(1.0, reading_share + writing_share)
        compute = np.zeros(len(self.rows))
        memory = 0.0
        if busy > 0.0:
            # reading prompts keeps the arithmetic units busy: power as at full operations
            activity = decode_activity(
                model, batch, self._context, operations / replicas, bandwidth / replicas
            )
            decoding = self._power.compute_shares(activity, model.bandwidth_utilisation)
            compute = (reading_share + writing_share * decoding) / busy
            memory = model.bandwidth_utilisation * writing_share / busy
            memory = min(1.0, memory + PREFILL_TRAFFIC * reading_share / busy)
        after = replace(
            service,
            prompts=prompts - read,
            answers=left,
            requests=max(requests - finished, 0.0),
            arrived=service.arrived + count,
            read=service.read + read,
            written=service.written + written,
            waited=service.waited + requests * span,
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
