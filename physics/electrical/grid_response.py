"""The site towards the grid: caps by priority, events, peak shaving, and what it all costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physics.jit import law

FloatArray = NDArray[np.float64]


def allocate_cap(
    demand: ArrayLike, minimum: ArrayLike, priority: ArrayLike, cap: float
) -> FloatArray:
    """Power that each consumer may draw so that all together stay within a cap.

    Everyone gets its minimum first (if the cap allows; else all minima are cut by one factor within
    the lowest priority that does not fit). What is left goes to the highest priority up to its
    demand, then to the next; consumers of one priority share in proportion to what they still want.

    Args:
        demand: wanted power [W], not below the minimum, shape [consumers].
        minimum: power that cannot be given up [W], shape [consumers].
        priority: highest number is served first, shape [consumers].
        cap: [W].

    Returns:
        allocation [W], shape [consumers]; its sum is ``min(cap, total demand)``.

    Raises:
        ValueError: shapes differ, a negative power, or a minimum above its demand.
    """
    wanted = np.asarray(demand, dtype=np.float64)
    least = np.broadcast_to(np.asarray(minimum, dtype=np.float64), wanted.shape)
    rank = np.broadcast_to(np.asarray(priority, dtype=np.float64), wanted.shape)
    if cap < 0.0 or np.any(least < 0.0) or np.any(wanted < least):
        raise ValueError("powers must not be negative and no minimum above its demand")
    given = np.zeros_like(wanted)
    left = cap
    for layer in (least, wanted - least):
        for level in np.unique(rank)[::-1]:
            here = rank == level
            total = float(layer[here].sum())
            share = 1.0 if total <= left else left / total
            given[here] += share * layer[here]
            left = max(left - share * total, 0.0)
    return given


@law
def ramp_towards(
    present: float, target: float, rate_up: float, rate_down: float, step: float
) -> float:
    """Set point after ``step`` [s] on its way to a target, at most so fast [unit per s]."""
    return max(min(target, present + rate_up * step), present - rate_down * step)


@law
def event_cap(
    time: float,
    baseline: float,
    reduced: float,
    start: float,
    duration: float,
    ramp_down: float,
    ramp_up: float,
) -> float:
    """Cap of a demand-response event at a time [W].

    The full reduction stands from ``start`` to ``start + duration`` [s]; the way there lies before
    the start and the way back after the end, each linear over its ramp time [s].
    """
    end = start + duration
    if time < start:
        if ramp_down <= 0.0:
            return baseline
        share = min(max((start - time) / ramp_down, 0.0), 1.0)
        return reduced + share * (baseline - reduced)
    if time <= end:
        return reduced
    if ramp_up <= 0.0:
        return baseline
    return reduced + min((time - end) / ramp_up, 1.0) * (baseline - reduced)


@law
def peak_shaving_power(
    load: float,
    threshold: float,
    energy: float,
    capacity: float,
    power_limit: float,
    efficiency: float,
    step: float,
) -> float:
    """Battery power [W] that keeps grid power at a threshold; negative while charging below it.

    Args:
        load: behind the connection [W].
        threshold: wanted grid power [W].
        energy, capacity: stored and storable [J].
        power_limit: in either direction [W].
        efficiency: one way [-].
        step: [s].
    """
    wanted = load - threshold
    give = min(power_limit, energy * efficiency / step)
    take = min(power_limit, (capacity - energy) / (efficiency * step))
    return max(min(wanted, give), -take)


def shave_peaks(
    load: ArrayLike,
    threshold: float,
    step: float,
    capacity: float,
    power_limit: float,
    efficiency: float,
    initial_energy: float,
) -> tuple[FloatArray, FloatArray]:
    """Grid power [W] and stored energy [J] of a load trace with a battery; shape [steps] each."""
    trace = np.asarray(load, dtype=np.float64)
    grid, stored = np.empty_like(trace), np.empty_like(trace)
    energy = initial_energy
    for k, power in enumerate(trace):
        given = peak_shaving_power(
            float(power), threshold, energy, capacity, power_limit, efficiency, step
        )
        energy -= given * step / efficiency if given > 0.0 else given * step * efficiency
        grid[k], stored[k] = power - given, energy
    return grid, stored


def lowest_peak(
    load: ArrayLike,
    step: float,
    capacity: float,
    power_limit: float,
    efficiency: float,
    initial_energy: float,
) -> float:
    """Lowest threshold [W] that a battery can hold over a whole trace, to 1e-9 of the peak."""
    trace = np.asarray(load, dtype=np.float64)
    low, high = float(trace.min()), float(trace.max())
    while high - low > 1e-9 * max(abs(high), 1.0):
        middle = 0.5 * (low + high)
        grid, _ = shave_peaks(
            trace, middle, step, capacity, power_limit, efficiency, initial_energy
        )
        if grid.max() <= middle * (1.0 + 1e-12) + 1e-9:
            high = middle
        else:
            low = middle
    return high


@dataclass(frozen=True)
class GridAccount:
    """What a trace of grid power amounts to.

    Attributes:
        energy: drawn from the grid [J].
        exported_energy: fed into it [J].
        peak_power: greatest mean over a demand interval [W].
        energy_cost: in the tariff's currency; exports are paid at ``export_price``.
        demand_cost: in the tariff's currency.
        carbon: emitted for the energy drawn [kg].
        lost_output: output forgone to caps, in the unit of ``output_per_joule`` times joules.
    """

    energy: float
    exported_energy: float
    peak_power: float
    energy_cost: float
    demand_cost: float
    carbon: float
    lost_output: float

    @property
    def cost(self) -> float:
        return self.energy_cost + self.demand_cost


def account(
    power: ArrayLike,
    step: float,
    energy_price: ArrayLike,
    carbon_intensity: ArrayLike,
    *,
    demand_price: float = 0.0,
    demand_interval: float = 900.0,
    export_price: ArrayLike = 0.0,
    curtailed_power: ArrayLike = 0.0,
    output_per_joule: float = 0.0,
) -> GridAccount:
    """Energy, cost, carbon and lost output of a trace of grid power.

    Args:
        power: mean over each step [W], negative while exporting, shape [steps].
        step: [s].
        energy_price: per joule, shape [steps] or one for all.
        carbon_intensity: [kg/J], shape [steps] or one for all.
        demand_price: per watt of the greatest demand.
        demand_interval: over which demand is the mean, from the trace's start (a shorter rest at
            the end counts as an interval of its own) [s].
        export_price: per joule.
        curtailed_power: that caps took from the computers [W], shape [steps] or one for all.
        output_per_joule: what a joule would have made (tokens, say).

    Raises:
        ValueError: step or interval not positive, or nothing to account for.
    """
    trace = np.atleast_1d(np.asarray(power, dtype=np.float64))
    if step <= 0.0 or demand_interval <= 0.0 or trace.size == 0:
        raise ValueError("step and demand interval must be positive and the trace not empty")
    drawn, fed = np.maximum(trace, 0.0), np.maximum(-trace, 0.0)
    length = max(round(demand_interval / step), 1)
    starts = np.arange(0, len(trace), length)
    sums = np.add.reduceat(drawn, starts)
    counts = np.diff(np.append(starts, len(trace)))
    price = np.broadcast_to(np.asarray(energy_price, dtype=np.float64), trace.shape)
    paid = np.broadcast_to(np.asarray(export_price, dtype=np.float64), trace.shape)
    intensity = np.broadcast_to(np.asarray(carbon_intensity, dtype=np.float64), trace.shape)
    curtailed = np.broadcast_to(np.asarray(curtailed_power, dtype=np.float64), trace.shape)
    peak = float(np.max(sums / counts))
    return GridAccount(
        float(drawn.sum() * step),
        float(fed.sum() * step),
        peak,
        float((drawn * price - fed * paid).sum() * step),
        demand_price * peak,
        float((drawn * intensity).sum() * step),
        float(curtailed.sum() * step * output_per_joule),
    )
