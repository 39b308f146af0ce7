"""Availability of a supply from MTBF and MTTR of its parts: analytic, and by simulation.

A structure is a tree of :class:`KOutOfN` over :class:`Component` leaves; a component that appears
more than once is one physical thing, and the analytic answer is exact for it too (by conditioning
on its state). Source: Rausand & Hoyland, System Reliability Theory; IEC 61078.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Component:
    """A part that fails and is repaired, independently of others.

    Attributes:
        name: for reports.
        mtbf: mean time from repair to the next failure [s]; also called MTTF.
        mttr: mean time to repair [s].
    """

    name: str
    mtbf: float
    mttr: float

    def __post_init__(self) -> None:
        if self.mtbf <= 0.0 or self.mttr < 0.0:
            raise ValueError(f"{self.name}: MTBF must be positive and MTTR not negative")

    @property
    def availability(self) -> float:
        """``MTBF / (MTBF + MTTR)`` [-]."""
        return self.mtbf / (self.mtbf + self.mttr)


@dataclass(frozen=True, eq=False)
class KOutOfN:
    """Works while at least ``k`` of its parts do."""

    k: int
    parts: tuple[Structure, ...]

    def __post_init__(self) -> None:
        if not 0 < self.k <= len(self.parts):
            raise ValueError(f"{self.k} out of {len(self.parts)} parts is not possible")


Structure = Component | KOutOfN


def series(*parts: Structure) -> KOutOfN:
    """Works while all parts do."""
    return KOutOfN(len(parts), parts)


def parallel(*parts: Structure) -> KOutOfN:
    """Works while any part does."""
    return KOutOfN(1, parts)


@dataclass(frozen=True)
class AvailabilityResult:
    """Availability [-], failures per second [1/s], mean outage [s], standard error [-].

    The standard error is that of a simulation, 0 for the analytic answer.
    """

    availability: float
    failure_rate: float
    mean_outage: float
    standard_error: float = 0.0


def k_out_of_n(probabilities: FloatArray, k: int) -> float:
    """Probability that at least k of independent parts work; exact, shape [parts]."""
    count = np.zeros(len(probabilities) + 1)
    count[0] = 1.0
    for p in probabilities:
        count[1:] = count[1:] * (1.0 - p) + count[:-1] * p
        count[0] *= 1.0 - p
    # Sum the smaller side, so that nines are not lost to rounding.
    return float(1.0 - count[:k].sum()) if k * 2 <= len(count) else float(count[k:].sum())


def components(structure: Structure) -> list[Component]:
    """The distinct components of a structure, in order of appearance."""
    found: dict[int, Component] = {}

    def walk(part: Structure) -> None:
        if isinstance(part, Component):
            found.setdefault(id(part), part)
        else:
            for child in part.parts:
                walk(child)

    walk(structure)
    return list(found.values())


def analytic_availability(structure: Structure) -> AvailabilityResult:
    """Steady-state availability and failure frequency.

    The frequency is the sum over components of Birnbaum importance times the component's own
    failure frequency ``A_i / MTBF_i``.

    Raises:
        ValueError: more than 16 components appear more than once.
    """
    parts = components(structure)
    shared = _repeated(structure)
    if len(shared) > 16:
        raise ValueError(f"{len(shared)} components appear more than once; at most 16 are possible")
    base = {id(c): c.availability for c in parts}
    available = _exact(structure, base, shared)
    rate = 0.0
    for c in parts:
        importance = _exact(structure, base | {id(c): 1.0}, shared) - _exact(
            structure, base | {id(c): 0.0}, shared
        )
        rate += importance * c.availability / c.mtbf
    outage = (1.0 - available) / rate if rate > 0.0 else 0.0
    return AvailabilityResult(available, rate, outage)


def simulated_availability(
    structure: Structure, duration: float, runs: int, seed: int = 0
) -> AvailabilityResult:
    """Availability by simulating failures and repairs, exponential times, everything up at first.

    Args:
        duration: of one run [s].
        runs: independent runs; their spread gives the standard error.

    Raises:
        ValueError: duration not positive, or fewer than two runs.
    """
    if duration <= 0.0 or runs < 2:
        raise ValueError("duration must be positive and there must be at least two runs")
    parts = components(structure)
    rng = np.random.default_rng(seed)
    up_share = np.empty(runs)
    failures = 0
    for run in range(runs):
        toggles = {id(c): _history(c, duration, rng) for c in parts}
        system = _toggles(structure, toggles)
        edges = np.concatenate(([0.0], system, [duration]))
        up_share[run] = np.sum(np.diff(edges)[::2]) / duration
        failures += (len(system) + 1) // 2
    mean = float(up_share.mean())
    rate = failures / (runs * duration)
    error = float(up_share.std(ddof=1) / np.sqrt(runs))
    return AvailabilityResult(mean, rate, (1.0 - mean) / rate if rate > 0.0 else 0.0, error)


def _repeated(structure: Structure) -> list[Component]:
    seen: dict[int, int] = {}

    def walk(part: Structure) -> None:
        if isinstance(part, Component):
            seen[id(part)] = seen.get(id(part), 0) + 1
        else:
            for child in part.parts:
                walk(child)

    walk(structure)
    return [c for c in components(structure) if seen[id(c)] > 1]


def _probability(structure: Structure, works: dict[int, float]) -> float:
    if isinstance(structure, Component):
        return works[id(structure)]
    return k_out_of_n(np.array([_probability(p, works) for p in structure.parts]), structure.k)


def _exact(structure: Structure, works: dict[int, float], shared: list[Component]) -> float:
    total = 0.0
    for states in itertools.product((0.0, 1.0), repeat=len(shared)):
        weight = 1.0
        fixed = dict(works)
        for c, state in zip(shared, states, strict=True):
            weight *= works[id(c)] if state else 1.0 - works[id(c)]
            fixed[id(c)] = state
        if weight > 0.0:
            total += weight * _probability(structure, fixed)
    return total


def _history(component: Component, duration: float, rng: np.random.Generator) -> FloatArray:
    """Times at which a component goes down, up, down, ..., within the duration."""
    times: list[FloatArray] = []
    now = 0.0
    while now < duration:
        cycles = max(int(1.2 * (duration - now) / (component.mtbf + component.mttr)) + 8, 8)
        spans = np.empty(2 * cycles)
        spans[::2] = rng.exponential(component.mtbf, cycles)
        spans[1::2] = rng.exponential(component.mttr, cycles) if component.mttr > 0.0 else 0.0
        part = now + np.cumsum(spans)
        times.append(part)
        now = float(part[-1])
    joined = np.concatenate(times)
    return joined[joined < duration]


def _toggles(structure: Structure, toggles: dict[int, FloatArray]) -> FloatArray:
    """Times at which a structure goes down, up, down, ...; everything is up at first."""
    if isinstance(structure, Component):
        return toggles[id(structure)]
    children = [_toggles(p, toggles) for p in structure.parts]
    streams = [zip(times.tolist(), itertools.cycle((-1, 1)), strict=False) for times in children]
    working = len(children)
    was_up = True
    found: list[float] = []
    for time, change in heapq.merge(*streams):
        working += change
        is_up = working >= structure.k
        if is_up != was_up:
            found.append(time)
            was_up = is_up
    return np.array(found)
