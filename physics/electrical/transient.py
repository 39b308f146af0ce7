"""Fast window from rack to grid: shelf, capacitors, backup units, site battery, ramp limiter.

A step is 1 to 20 ms with constant load, in which every energy is booked:

    grid = load - unserved + losses + change of what is stored.

Each rack's capacitor bank carries the difference between its load and a smooth target, as far as
its energy allows: what it may give in a step falls to nothing with the energy left, and what it may
take with the room left, so that slow swings must show through. The site battery holds the ramp at
the grid connection in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physics.electrical.bbu import shelf_step
from physics.electrical.conversion import Stages, group_input_power
from physics.jit import kernel, law

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class RackSupply(NamedTuple):
    """Constant data of each rack's supply, shape [racks] each.

    Attributes:
        stage: row of the conversion stages for one rectifier module.
        modules: rectifier modules sharing the load.
        shelf_limit: greatest bus power of the rectifiers together (current limit) [W].
        capacitor_energy: of the bank that flattens swings, usable [J].
        capacitor_power: its greatest power in either direction [W].
        capacitor_efficiency: one way [-].
        filter_time: time constant of the smooth target [s].
        restore_time: in which the bank is led back to its middle [s].
        soft_time: over which its power fades at the end of its energy [s]; at least the step.
        hold_up_energy: bulk capacitors for a lost input [J].
        hold_up_power: greatest power that refills them [W].
        takeover_time: of the backup units [s].
        backup_power: greatest power of the backup units at the bus [W].
        backup_efficiency: [-].
    """

    stage: IntArray
    modules: IntArray
    shelf_limit: FloatArray
    capacitor_energy: FloatArray
    capacitor_power: FloatArray
    capacitor_efficiency: FloatArray
    filter_time: FloatArray
    restore_time: FloatArray
    soft_time: FloatArray
    hold_up_energy: FloatArray
    hold_up_power: FloatArray
    takeover_time: FloatArray
    backup_power: FloatArray
    backup_efficiency: FloatArray


class SiteSupply(NamedTuple):
    """Constant data between racks and grid.

    Attributes:
        stage: row of the conversion stages between grid and racks (transformers, UPS), -1 for none.
        battery_energy: [J].
        battery_power: in either direction [W].
        battery_efficiency: one way [-].
        ramp_limit: greatest change of grid power that the battery tries to hold [W/s].
        restore_time: in which the battery is led back to its middle [s].
    """

    stage: int
    battery_energy: float
    battery_power: float
    battery_efficiency: float
    ramp_limit: float
    restore_time: float


class TransientState(NamedTuple):
    """What changes; arrays of shape [racks], the site's values in ``site``.

    Attributes:
        target: smooth load of each rack [W].
        capacitor: energy in the bank [J].
        hold_up: energy in the bulk capacitors [J].
        backup: energy in the backup units [J].
        outage: time since the shelf fell short [s].
        site: battery energy [J] and last grid power [W].
    """

    target: FloatArray
    capacitor: FloatArray
    hold_up: FloatArray
    backup: FloatArray
    outage: FloatArray
    site: FloatArray


@dataclass(frozen=True)
class TransientResult:
    """Traces and energies of a window.

    Attributes:
        load_power: of all racks at their buses [W], shape [steps].
        site_power: drawn by the site before its battery [W], shape [steps].
        grid_power: at the connection [W], shape [steps].
        rack_power: into each rack [W], shape [steps, racks], or [steps, 0] if not recorded.
        rack_peak: greatest power into each rack [W], shape [racks].
        unserved_energy: of each rack [J], shape [racks].
        loss_energy: in shelves, capacitors, backup units, site stage, battery [J], shape [5].
        stored_change: in capacitors, hold-up, backup units, battery [J], shape [4].
        residual: of the energy balance over the energy from the grid or of the load [-].
    """

    load_power: FloatArray
    site_power: FloatArray
    grid_power: FloatArray
    rack_power: FloatArray
    rack_peak: FloatArray
    unserved_energy: FloatArray
    loss_energy: FloatArray
    stored_change: FloatArray
    residual: float


def rack_supply(racks: int, **values: ArrayLike) -> RackSupply:
    """Rack data from scalars or arrays by field name; storage not named is absent.

    ``stage`` and ``modules`` are needed.

    Raises:
        ValueError: an unknown field, a missing one, or a value out of its range.
    """
    defaults: dict[str, ArrayLike] = {
        "shelf_limit": np.inf,
        "capacitor_energy": 0.0,
        "capacitor_power": np.inf,
        "capacitor_efficiency": 1.0,
        "filter_time": 1.0,
        "restore_time": 10.0,
        "soft_time": 0.02,
        "hold_up_energy": 0.0,
        "hold_up_power": 0.0,
        "takeover_time": 0.004,
        "backup_power": 0.0,
        "backup_efficiency": 1.0,
    }
    unknown = set(values) - set(RackSupply._fields)
    missing = {"stage", "modules"} - set(values)
    if unknown or missing:
        raise ValueError(f"unknown fields {sorted(unknown)}, missing fields {sorted(missing)}")
    columns: dict[str, Any] = {}
    for name in RackSupply._fields:
        kind = np.int64 if name in ("stage", "modules") else np.float64
        value = np.asarray(values.get(name, defaults.get(name)), dtype=kind)
        columns[name] = np.broadcast_to(value, (racks,)).copy()
        if np.any(columns[name] < 0):
            raise ValueError(f"{name} must not be negative")
    for name in ("capacitor_efficiency", "backup_efficiency"):
        if np.any((columns[name] <= 0.0) | (columns[name] > 1.0)):
            raise ValueError(f"{name} must lie in (0, 1]")
    for name in ("filter_time", "restore_time", "soft_time"):
        if np.any(columns[name] <= 0.0):
            raise ValueError(f"{name} must be positive")
    return RackSupply(**columns)


NO_SITE_STORAGE = SiteSupply(-1, 0.0, 0.0, 1.0, np.inf, 1.0)
"""A grid connection straight to the racks."""


def initial_state(
    racks: RackSupply,
    site: SiteSupply,
    mean_power: ArrayLike,
    grid_power: float,
    backup_energy: ArrayLike = 0.0,
) -> TransientState:
    """State at rest: banks and battery half full, hold-up full, targets at ``mean_power`` [W]."""
    n = len(racks.stage)
    return TransientState(
        np.broadcast_to(np.asarray(mean_power, dtype=np.float64), (n,)).copy(),
        0.5 * racks.capacitor_energy,
        racks.hold_up_energy.copy(),
        np.broadcast_to(np.asarray(backup_energy, dtype=np.float64), (n,)).copy(),
        np.zeros(n),
        np.array([0.5 * site.battery_energy, grid_power]),
    )


@law
def storage_power(
    wanted: float,
    energy: float,
    capacity: float,
    power_limit: float,
    efficiency: float,
    soft_time: float,
) -> float:
    """What a store gives [W] (takes, if negative) of ``wanted``, within power and energy.

    Giving stops at ``energy efficiency / soft_time`` and taking at ``(capacity - energy) /
    (efficiency soft_time)``: with steps up to ``soft_time`` neither end is overrun.
    """
    give = min(power_limit, energy * efficiency / soft_time)
    take = min(power_limit, (capacity - energy) / (efficiency * soft_time))
    return max(min(wanted, give), -take)


@law
def storage_energy_change(power: float, efficiency: float, step: float) -> float:
    """Change of stored energy [J] when a store gives ``power`` [W] for ``step`` [s]."""
    if power >= 0.0:
        return -power * step / efficiency
    return -power * step * efficiency


def run_window(
    load: FloatArray,
    supply: ArrayLike,
    step: float,
    racks: RackSupply,
    site: SiteSupply,
    stages: Stages,
    state: TransientState,
    other_power: ArrayLike = 0.0,
    record_racks: bool = False,
) -> TransientResult:
    """Run a window and advance ``state`` to its end; windows may follow one another.

    Args:
        load: power of each rack at its bus [W], shape [steps, racks].
        supply: share of the shelves' limit that the input allows [-], 0 without it, shape [steps].
        step: [s], not above the smallest ``soft_time``.
        other_power: of the site beside the racks (cooling) [W], shape [steps].
        record_racks: keep the power of every rack.

    Raises:
        ValueError: shapes differ, or the step is longer than a soft time.
    """
    steps, n = load.shape
    if n != len(racks.stage):
        raise ValueError(f"load has {n} racks, the supply {len(racks.stage)}")
    if step <= 0.0 or (n and step > racks.soft_time.min() * (1.0 + 1e-12)):
        raise ValueError("step must be positive and not above the smallest soft time")
    share = np.broadcast_to(np.asarray(supply, dtype=np.float64), (steps,))
    other = np.broadcast_to(np.asarray(other_power, dtype=np.float64), (steps,))
    site_power, grid_power = np.empty(steps), np.empty(steps)
    rack_power = np.empty((steps, n if record_racks else 0))
    peak, unserved, loss = np.zeros(n), np.zeros(n), np.zeros(5)
    before = [s.copy() for s in state]
    window_kernel(
        np.ascontiguousarray(load, dtype=np.float64),
        np.ascontiguousarray(share),
        np.ascontiguousarray(other),
        step,
        racks,
        site,
        stages,
        state,
        site_power,
        grid_power,
        rack_power,
        peak,
        unserved,
        loss,
    )
    stored = np.array(
        [
            np.sum(state.capacitor - before[1]),
            np.sum(state.hold_up - before[2]),
            np.sum(state.backup - before[3]),
            state.site[0] - before[5][0],
        ]
    )
    total = load.sum(axis=1)
    grid_energy = grid_power.sum() * step
    used = total.sum() * step + other.sum() * step - unserved.sum()
    gap = grid_energy - used - loss.sum() - stored.sum()
    scale = max(abs(grid_energy), abs(total.sum() * step), 1e-30)
    return TransientResult(
        total,
        site_power,
        grid_power,
        rack_power,
        peak,
        unserved,
        loss,
        stored,
        float(gap / scale),
    )


@kernel()
def window_kernel(
    load: FloatArray,
    supply: FloatArray,
    other: FloatArray,
    step: float,
    racks: RackSupply,
    site: SiteSupply,
    stages: Stages,
    state: TransientState,
    site_power: FloatArray,
    grid_power: FloatArray,
    rack_power: FloatArray,
    peak: FloatArray,
    unserved: FloatArray,
    loss: FloatArray,
) -> None:
    """The loop of :func:`run_window`; fills the last six arrays and advances ``state``."""
    for k in range(load.shape[0]):
        total = other[k]
        for i in range(load.shape[1]):
            power = load[k, i]
            state.target[i] += (power - state.target[i]) * (
                1.0 - np.exp(-step / racks.filter_time[i])
            )
            middle = 0.5 * racks.capacitor_energy[i]
            wanted = power - state.target[i] + (state.capacitor[i] - middle) / racks.restore_time[i]
            efficiency = racks.capacitor_efficiency[i]
            given = storage_power(
                min(wanted, power),
                state.capacitor[i],
                racks.capacitor_energy[i],
                racks.capacitor_power[i],
                efficiency,
                racks.soft_time[i],
            )
            limit = racks.shelf_limit[i] * supply[k] if supply[k] > 0.0 else 0.0
            # No charging beyond what the shelf can spare.
            given = max(given, min(power - limit, 0.0))
            change = storage_energy_change(given, efficiency, step)
            state.capacitor[i] += change
            loss[1] += -change - given * step
            bus, _, backup, lacking, outage, hold_up, energy = shelf_step(
                power - given,
                limit,
                state.outage[i],
                state.hold_up[i],
                state.backup[i],
                step,
                racks.hold_up_energy[i],
                racks.takeover_time[i],
                racks.backup_power[i],
                racks.backup_efficiency[i],
                racks.hold_up_power[i],
            )
            loss[2] += state.backup[i] - energy - backup * step
            state.hold_up[i] = hold_up
            state.backup[i] = energy
            state.outage[i] = outage
            unserved[i] += lacking * step
            drawn = 0.0
            if supply[k] > 0.0:
                drawn = group_input_power(bus, 25.0, racks.stage[i], stages, racks.modules[i])
            loss[0] += (drawn - bus) * step
            peak[i] = max(peak[i], drawn)
            if rack_power.shape[1] > 0:
                rack_power[k, i] = drawn
            total += drawn
        drawn = total
        if site.stage >= 0:
            drawn = group_input_power(total, 25.0, site.stage, stages, 1)
            loss[3] += (drawn - total) * step
        site_power[k] = drawn
        last = state.site[1]
        middle = 0.5 * site.battery_energy
        led = drawn - (state.site[0] - middle) / site.restore_time
        allowed = site.ramp_limit * step
        target = max(min(led, last + allowed), last - allowed)
        given = storage_power(
            drawn - target,
            state.site[0],
            site.battery_energy,
            site.battery_power,
            site.battery_efficiency,
            step,
        )
        change = storage_energy_change(given, site.battery_efficiency, step)
        state.site[0] += change
        loss[4] += -change - given * step
        grid_power[k] = drawn - given
        state.site[1] = grid_power[k]
