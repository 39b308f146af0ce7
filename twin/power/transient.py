"""Fast window over a part of a factory: what swings of synchronous training do to its connection.

A window of seconds to minutes in steps of 1 to 20 ms. The racks start from the operating point of
the slow model; their accelerators' part then follows the iterations of a training job. Shelves,
capacitors, backup units, site battery and ramp limit are those of the layout
(:mod:`physics.electrical.transient`); the chain above the racks is that of the coupled step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from physics.electrical.conversion import StageCurve, group_input_power, modules_needed, pack
from physics.electrical.holdup import flattened_frequency
from physics.electrical.spectrum import (
    BandLimit,
    LimitCheck,
    UtilityLimit,
    band_amplitude,
    check_limit,
    power_spectrum,
)
from physics.electrical.transient import (
    RackSupply,
    SiteSupply,
    TransientResult,
    initial_state,
    rack_supply,
    run_window,
)
from physics.electrical.waveform import SwingShape, synchronous_swing
from physics.factory.racks import SHELF_TARGET_LOAD
from twin.catalog.specs import Battery, PowerShelf, Rack
from twin.errors import InputError
from twin.plant import Plant
from twin.plant.storage import battery_capacity
from twin.power.chain import Chain
from twin.power.one_line import Floats, Ints
from twin.state import StateBuffer

PULSE_LIMIT = 1.55
"""Of a shelf over its rating (OCP ORv3 HPR: 155 to 160 %)."""
CAPACITOR_EFFICIENCY = 0.98
"""One way, of the converter between capacitors and busbar (engineering estimate)."""
SINGLE_RACKS = 256
"""Racks up to which each is followed by itself; more go by row, all in step within one."""
BANDS = ((0.1, 0.2), (0.2, 1.0), (1.0, 3.0), (3.0, 20.0))
"""Hz between which amplitudes are reported."""
STEPS = (0.001, 0.02)
"""s: shortest and longest step."""
LONGEST = 200_000
"""Steps of one window."""
ITERATION_STEPS = 4
"""Steps that an iteration takes at least; a swing faster than that would vanish in their means."""


@dataclass(frozen=True)
class Interruption:
    """The shelves' input is lost at a time for a duration [s]."""

    at: float
    duration: float


@dataclass(frozen=True, eq=False)
class Group:
    """Racks that are followed together.

    Attributes
    ----------
    racks : rows of the plant's racks, shape [racks of the part]
    group : number of each rack's group, shape [racks of the part]
    count : of groups
    """

    racks: Ints
    group: Ints
    count: int

    def sums(self, values: Floats) -> Floats:
        """Sum of a rack's value over each group, shape [groups]."""
        total = np.zeros(self.count)
        np.add.at(total, self.group, values[self.racks])
        return total


@dataclass(frozen=True, eq=False)
class Window:
    """A finished window.

    Attributes
    ----------
    path : of the part that was followed
    step : [s]
    time : middle of each step [s], shape [steps]
    result : traces and energies
    racks : number of racks
    lost_racks : groups' racks with unserved energy
    capacitor_energy, battery_energy : usable [J]
    flattened_above : Hz from which the racks' capacitors can flatten the swing completely
    mean : power at the connection over the window, what storage took and lost left out [W]
    slow_mean : what the model of one-second steps gives for each second's mean load [W]
    swing_loss : what swings within a second add to the losses, which are curved [W]
    checks : measured against the operator's limit
    """

    path: str
    step: float
    time: Floats
    result: TransientResult
    racks: int
    lost_racks: int
    capacitor_energy: float
    battery_energy: float
    flattened_above: float
    mean: float
    slow_mean: float
    swing_loss: float
    checks: list[LimitCheck]

    @property
    def mean_residual(self) -> float:
        """What the means of both models differ by, the swings' own loss apart, over the mean."""
        return (self.mean - self.swing_loss) / self.slow_mean - 1.0

    def bands(self, trace: Floats) -> list[tuple[float, float, float]]:
        """From, to [Hz] and amplitude [W] of the bands that the window and step resolve."""
        lowest = 4.0 / (len(trace) * self.step)
        highest = 0.5 / self.step
        return [
            (low, min(high, highest), band_amplitude(trace, self.step, low, min(high, highest)))
            for low, high in BANDS
            if low >= lowest and low < highest
        ]

    def spectrum(self, trace: Floats) -> tuple[Floats, Floats]:
        """Frequencies [Hz] and density [W2/Hz] of a trace."""
        return power_spectrum(trace, self.step, min(20.0, len(trace) * self.step / 2))

    def as_dict(self) -> dict[str, Any]:
        """Figures as plain data; powers in W, energies in J."""
        result = self.result
        steps = len(result.grid_power)

        def figures(trace: Floats) -> dict[str, Any]:
            return {
                "mean_w": float(trace.mean()),
                "lowest_w": float(trace.min()),
                "highest_w": float(trace.max()),
                "bands": [
                    {"from_hz": low, "to_hz": high, "amplitude_w": amplitude}
                    for low, high, amplitude in self.bands(trace)
                ],
            }

        return {
            "path": self.path,
            "step_s": self.step,
            "seconds": steps * self.step,
            "racks": self.racks,
            "load": figures(result.load_power),
            "before_battery": figures(result.site_power),
            "connection": figures(result.grid_power),
            "capacitor_energy_j": self.capacitor_energy,
            "battery_energy_j": self.battery_energy,
            "flattened_above_hz": self.flattened_above,
            "unserved_energy_j": float(result.unserved_energy.sum()),
            "lost_racks": self.lost_racks,
            "loss_energy_j": dict(
                zip(
                    ("shelves", "capacitors", "backup", "chain", "battery"),
                    result.loss_energy.tolist(),
                    strict=True,
                )
            ),
            "stored_change_j": dict(
                zip(
                    ("capacitors", "hold_up", "backup", "battery"),
                    result.stored_change.tolist(),
                    strict=True,
                )
            ),
            "energy_residual": result.residual,
            "mean_w": self.mean,
            "slow_model_mean_w": self.slow_mean,
            "swing_loss_w": self.swing_loss,
            "mean_residual": self.mean_residual,
            "limits": [
                {
                    "quantity": row.quantity,
                    "unit": row.unit,
                    "value": row.value,
                    "limit": row.limit if math.isfinite(row.limit) else None,
                    "met": row.met,
                }
                for row in self.checks
            ],
        }


def grouped(plant: Plant, level: str, index: int) -> Group:
    """Racks below an element, each by itself or by row.

    Raises InputError where there is none.
    """
    racks = plant.levels.below(level, index, "rack")
    if len(racks) == 0:
        raise InputError(
            "no racks at this path",
            key="scope",
            found=plant.levels.path(level, index),
            allowed="a site, a hall, a row or a rack",
        )
    if len(racks) <= SINGLE_RACKS:
        return Group(racks, np.arange(len(racks)), len(racks))
    c = plant.constants.rack
    _, group = np.unique(np.stack((c.row[racks], c.kind[racks])), axis=1, return_inverse=True)
    group = np.ravel(group).astype(np.int64)
    return Group(racks, group, int(group.max()) + 1)


def supplies(plant: Plant, state: StateBuffer, group: Group, step: float) -> RackSupply:
    """What shelves, capacitors and backup units each group has."""
    c, result = plant.constants, plant.design.expansion
    products = [kind.rack for kind in plant.design.kinds]
    shelves = [kind.shelf for kind in plant.design.kinds]
    kind = c.rack.kind

    def by_kind(values: list[float]) -> Floats:
        return np.array(values, dtype=np.float64)[kind]

    def whole(rack: Rack, shelf: PowerShelf) -> float:
        return float(shelf.modules * rack.power_shelves)

    pairs = list(zip(products, shelves, strict=True))
    modules = by_kind([whole(rack, shelf) for rack, shelf in pairs])
    needed = _needed_modules(plant, state)
    rating = modules * by_kind([shelf.module_power for shelf in shelves])
    takeover = np.full(len(kind), 0.004)
    for w, row in enumerate(result.row):
        if row.backup is not None:
            unit = result.layout.product(row.backup.product, Battery)
            takeover[c.rack.row == w] = unit.response_time
    one = np.zeros(group.count, dtype=np.int64)
    one[group.group] = kind[group.racks]
    first = np.zeros(group.count, dtype=np.int64)
    first[group.group] = group.racks
    return rack_supply(
        group.count,
        stage=c.kinds.shelf_stage[one],
        modules=group.sums(needed).astype(np.int64),
        shelf_limit=PULSE_LIMIT * group.sums(rating),
        capacitor_energy=group.sums(by_kind([rack.storage_energy for rack in products])),
        capacitor_efficiency=CAPACITOR_EFFICIENCY,
        soft_time=max(0.02, step),
        hold_up_energy=group.sums(rating * by_kind([shelf.holdup_time for shelf in shelves])),
        hold_up_power=0.1 * group.sums(rating),
        takeover_time=takeover[first],
        backup_power=group.sums(c.rack.backup_power),
        backup_efficiency=c.rack.backup_efficiency[first],
    )


def _needed_modules(plant: Plant, state: StateBuffer) -> Floats:
    """Rectifier modules at work in every rack, as in the coupled step."""
    c, rack = plant.constants, state.view.rack
    power = rack.it_power - rack.shelf_loss
    kinds, stages = c.kinds, c.stages
    return np.array(
        [
            modules_needed(
                float(power[r]),
                SHELF_TARGET_LOAD * float(stages.rated_power[kinds.shelf_stage[k]]),
                int(kinds.shelf_modules[k]),
                int(kinds.shelf_spare_modules[k]),
            )
            for r, k in enumerate(c.rack.kind.tolist())
        ],
        dtype=np.float64,
    )


def site_storage(plant: Plant, level: str, index: int, stage: int) -> SiteSupply:
    """Battery and ramp limit of a site; nothing but the chain elsewhere."""
    none = SiteSupply(stage, 0.0, 0.0, 1.0, np.inf, 1.0)
    if level != "site" or plant.sites[index].battery is None:
        return none
    site = plant.sites[index]
    bank = site.battery
    assert bank is not None
    unit = plant.layout.product(bank.product, Battery)
    ramp = site.grid.ramp_limit if site.grid.ramp_limit is not None else np.inf
    energy = bank.count * unit.energy
    return SiteSupply(
        stage,
        energy,
        bank.count * unit.rated_power,
        math.sqrt(unit.round_trip_efficiency),
        ramp,
        max(energy / (bank.count * unit.rated_power), 600.0),
    )


def battery_charge(plant: Plant, state: StateBuffer, level: str, index: int) -> float | None:
    """Share of a site battery's energy that is there now; None without one, or below a site."""
    if level != "site":
        return None
    first = plant.constants.site.first_battery
    units = slice(int(first[index]), int(first[index + 1]))
    capacity = battery_capacity(plant, state)[units].sum()
    stored = (state.view.battery.charge * state.view.battery.online)[units].sum()
    return float(min(stored / capacity, 1.0)) if capacity > 0.0 else None


def window(
    plant: Plant,
    state: StateBuffer,
    path: str,
    seconds: float = 60.0,
    step: float = 0.01,
    shape: SwingShape | None = None,
    skew: float = 0.05,
    seed: int = 0,
    limit: UtilityLimit | None = None,
    interruption: Interruption | None = None,
    capacitors: float = 1.0,
    battery: bool = True,
    charge: float | None = None,
    check: Callable[[], None] | None = None,
) -> Window:
    """Follow a part of a plant through a window of a training job.

    Parameters
    ----------
    state : operating point with all accelerators at the power of the iteration's compute part
    path : site, hall, row or rack
    shape : of one iteration; left out: 1 Hz, 60 % compute, 35 % power while communicating
    skew : s over which the racks' iterations are spread
    limit : of the grid's operator; left out: the layout's ramp limit
    capacitors : share of the racks' capacitors that is there, 0 for none
    battery : False leaves the site battery out
    charge : share of the site battery's energy that is there at the start; left out: half
    check : called between the stages; what it raises ends the window

    Raises
    ------
    InputError : unknown path, no racks there, a window or step out of range, iterations that the
        steps or the window do not show, or an interruption after the window
    """
    if not STEPS[0] <= step <= STEPS[1]:
        raise InputError("step out of range", key="step", found=f"{step:g} s",
                         allowed=f"{STEPS[0]:g} s to {STEPS[1]:g} s")  # fmt: skip
    steps = round(seconds / step)
    if seconds < 1.0 or steps > LONGEST:
        raise InputError("window out of range", key="seconds", found=f"{seconds:g} s",
                         allowed=f"1 s to {LONGEST * step:g} s at this step")  # fmt: skip
    form = shape or SwingShape(period=1.0)
    _refuse_unseen(form, interruption, seconds, step)
    level, index = plant.levels.find(path)
    group = grouped(plant, level, index)
    racks = supplies(plant, state, group, step)
    racks = racks._replace(capacitor_energy=capacitors * racks.capacitor_energy)
    swinging, fixed = _load_parts(state, group)
    ask = check if check is not None else lambda: None
    ask()
    lag = np.random.default_rng(seed).uniform(0.0, skew, group.count)
    load = fixed + synchronous_swing(form, swinging, lag, seconds, step, seed)
    chain = _chain(plant, state, level, index)
    stages, stage, other = plant.constants.stages, -1, 0.0
    if chain is not None:
        stages, stage, other = pack([*_curves(plant), chain.curve()]), 0, chain.other_power
        stage = len(stages.rated_power) - 1
    site = site_storage(plant, level, index, stage)
    if not battery:
        site = site._replace(battery_energy=0.0, battery_power=0.0)
    supply = np.ones(steps)
    middle: Floats = (np.arange(steps, dtype=np.float64) + 0.5) * step
    if interruption is not None:
        begin = interruption.at
        supply[(middle >= begin) & (middle < begin + interruption.duration)] = 0.0
    # a window begins at the mean, as after a long time of the same job
    mean = load.mean(axis=0)
    ask()
    path_up = _PathUp(racks, stages, stage, other)
    slow, before = path_up.by_second(load, step)
    ask()
    start = initial_state(racks, site, mean, before, _backup_energy(state, group))
    if charge is not None:
        start.site[0] = charge * site.battery_energy
    result = run_window(load, supply, step, racks, site, stages, start, other)
    ask()
    change = float(result.stored_change.sum()) / (steps * step)
    inside = result.loss_energy[[1, 2, 4]].sum() / (steps * step)
    site_model = plant.sites[_site_of(plant, level, index)]
    ramp = site_model.grid.ramp_limit if level == "site" else None
    chosen = limit or UtilityLimit(ramp_rate=ramp if ramp is not None else np.inf)
    swing = float(swinging.sum()) * (1.0 - form.communication_level)
    energy = float(racks.capacitor_energy.sum())
    return Window(
        plant.levels.path(level, index),
        step,
        middle,
        result,
        len(group.racks),
        int(np.isin(group.group, np.flatnonzero(result.unserved_energy > 0.0)).sum()),
        energy,
        site.battery_energy,
        flattened_frequency(0.5 * energy, swing, form.compute_share),
        float(result.grid_power.mean()) - change - inside,
        slow,
        path_up.swing_loss(form, swinging, fixed, result.site_power, step),
        [
            _without_rounding(row)
            for row in check_limit(result.grid_power, step, _resolved(chosen, seconds, step))
        ],
    )


def _refuse_unseen(
    shape: SwingShape, interruption: Interruption | None, seconds: float, step: float
) -> None:
    """Refuse iterations that the steps do not resolve, and what lies beyond the window."""
    fastest, slowest = 1.0 / (ITERATION_STEPS * step), 1.0 / seconds
    frequency = 1.0 / shape.period
    if frequency > fastest * (1.0 + 1e-9):
        raise InputError(
            f"a step of {step * 1e3:g} ms does not resolve such fast iterations",
            key="frequency",
            found=f"{frequency:g} Hz",
            allowed=f"up to {fastest:g} Hz, or a shorter step (from {STEPS[0] * 1e3:g} ms on)",
        )
    if frequency < slowest * (1.0 - 1e-9):
        raise InputError(
            "an iteration takes longer than the window",
            key="frequency",
            found=f"{frequency:g} Hz",
            allowed=f"from {slowest:g} Hz on for {seconds:g} s, or a longer window",
        )
    if interruption is not None and interruption.at >= seconds:
        raise InputError(
            "the interruption comes after the window",
            key="interruption",
            found=f"at {interruption.at:g} s",
            allowed=f"before {seconds:g} s",
        )


def _without_rounding(row: LimitCheck) -> LimitCheck:
    """A battery that holds a ramp holds it exactly, but for the last bits of the difference."""
    at_limit = row.limit < row.value <= row.limit * (1.0 + 1e-9)
    return replace(row, value=row.limit) if at_limit else row


def _resolved(limit: UtilityLimit, seconds: float, step: float) -> UtilityLimit:
    """A limit without the bands above what the step resolves, and windows that fit."""
    bands = tuple(
        BandLimit(band.low, min(band.high, 0.5 / step), band.amplitude)
        for band in limit.bands
        if band.low < 0.5 / step
    )
    return UtilityLimit(
        limit.ramp_rate, min(limit.ramp_window, 0.5 * seconds), limit.dynamic_range,
        limit.range_window, bands,
    )  # fmt: skip


def _load_parts(state: StateBuffer, group: Group) -> tuple[Floats, Floats]:
    """Accelerators' power and everything else of each group behind its shelves [W]."""
    rack = state.view.rack
    bus = rack.it_power - rack.shelf_loss
    swinging = np.minimum(rack.gpu_power, bus)
    return group.sums(swinging), group.sums(bus - swinging)


def _backup_energy(state: StateBuffer, group: Group) -> Floats:
    return group.sums(state.view.rack.backup_charge)


def _site_of(plant: Plant, level: str, index: int) -> int:
    while level != "site":
        entry = plant.levels[level]
        assert entry.parent is not None
        level, index = entry.parent, int(entry.parent_index[index])
    return index


def _chain(plant: Plant, state: StateBuffer, level: str, index: int) -> Chain | None:
    """Chain above the racks of a site or hall; rows and racks end at their inlets."""
    if level == "site":
        halls = np.flatnonzero(plant.constants.hall.site == index).astype(np.int64)
        return Chain(plant, state, halls, index)
    if level == "hall":
        return Chain(plant, state, np.array([index], dtype=np.int64), None)
    return None


def _curves(plant: Plant) -> list[StageCurve]:
    """The plant's conversion stages as curves, in their order."""
    s = plant.constants.stages
    curves = []
    for k in range(len(s.rated_power)):
        part = slice(int(s.first_segment[k]), int(s.first_segment[k + 1]))
        curves.append(
            StageCurve(
                float(s.rated_power[k]), s.upper[part], s.coefficients[part],
                float(s.loss_temperature_coefficient[k]), float(s.reference_temperature[k]),
            )
        )  # fmt: skip
    return curves


@dataclass(frozen=True, eq=False)
class _PathUp:
    """From the groups' busbars to the connection, as the model of one-second steps sees it."""

    racks: RackSupply
    stages: Any
    stage: int
    other: float

    def power(self, load: Floats) -> float:
        """At the connection for a steady load of each group [W]."""
        total = self.other + sum(
            group_input_power(float(p), 25.0, int(stage), self.stages, int(modules))
            for p, stage, modules in zip(load, self.racks.stage, self.racks.modules, strict=True)
        )
        if self.stage < 0:
            return float(total)
        return float(group_input_power(total, 25.0, self.stage, self.stages, 1))

    def by_second(self, load: Floats, step: float) -> tuple[float, float]:
        """Mean over the seconds of a load [steps, groups], and the first one [W]."""
        second = _per_second(step, len(load))
        whole = len(load) // second * second
        means = load[:whole].reshape(-1, second, load.shape[1]).mean(axis=1)
        drawn = [self.power(row) for row in means]
        return float(np.mean(drawn)), drawn[0]

    def swing_loss(
        self, form: SwingShape, swinging: Floats, fixed: Floats, site_power: Floats, step: float
    ) -> float:
        """Mean loss that swings within a second add [W].

        That of the whole swing, summed over its levels, falls with the square of what storage and
        the racks' spread leave of it.
        """
        levels, weights = form.level_distribution()
        drawn = np.array([self.power(fixed + level * swinging) for level in levels])
        excess = float(weights @ drawn) - self.power(fixed + form.mean_level * swinging)
        spread = float(weights @ (drawn - weights @ drawn) ** 2)
        second = _per_second(step, len(site_power))
        whole = len(site_power) // second * second
        seen = float(site_power[:whole].reshape(-1, second).var(axis=1).mean())
        return excess * seen / spread if spread > 0.0 else 0.0


def _per_second(step: float, steps: int) -> int:
    return min(max(round(1.0 / step), 1), steps)
