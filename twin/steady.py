"""Operating points without marching in time: of a scenario's start, or a thousand for a sweep.

The search is that of :mod:`physics.factory.steady`. It knows nothing of time: weather, workload,
set points and faults as they stand are the whole input.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats, blocks_of
from twin import controls, key_figures
from twin import weather as weather_module
from twin.channels import BY_NAME, CHANNELS, channels_of
from twin.controls import Command
from twin.errors import InputError, NumericalError
from twin.state import StateBuffer, counts_of

if TYPE_CHECKING:
    from physics.factory.arrays import ConstantBlocks
    from physics.factory.steady import Balance
    from twin.plant import Plant
    from twin.scenario import Scenario
    from twin.simulation import Event, Simulation

THREADED_FROM = 100_000  # accelerators from which threads pay
STEP = 1.0  # s of the step that fills in what follows from the temperatures
SUPPLY_ROUNDS = 4  # of power supply and temperatures, where a weak source sheds load
WEATHER_KEYS = ("dry_bulb", "wet_bulb")

threads_lock = threading.Lock()
"""Held while numba's threads are at work: its default layer serves one caller at a time."""


@dataclass(frozen=True)
class OperatingPoint:
    """A factory at rest.

    Attributes
    ----------
    plant : the factory
    state : all its values
    balance : how the search ended
    """

    plant: Plant
    state: StateBuffer
    balance: Balance

    def channel(self, name: str) -> Floats:
        """Values of a channel for all elements of its level, shape [count]."""
        return np.array(BY_NAME[name].read(self.plant, self.state))

    def elements(self, level: str) -> dict[str, dict[str, float]]:
        """Values of all channels of a level by path, then by the channel's name in its level."""
        columns = {c.name.partition(".")[2]: self.channel(c.name) for c in channels_of(level)}
        return {
            path: {name: float(values[i]) for name, values in columns.items()}
            for i, path in enumerate(self.plant.levels.paths(level))
        }

    def kpis(self) -> dict[str, float]:
        """Key figures over all sites: powers in W, temperatures in degC."""
        site, figures = self.state.view.site, key_figures.present(self.plant, self.state)
        return {
            "it_power_w": figures["it_power_w"],
            "facility_power_w": figures["facility_power_w"],
            "cooling_power_w": float(site.cooling_power.sum()),
            "pue": figures["pue"],
            "max_gpu_temperature_c": figures["max_gpu_temperature_c"],
            "max_hbm_temperature_c": figures["max_hbm_temperature_c"],
            "throttled_gpus": float(site.throttled.sum()),
            "gpus_off": float(site.gpus_off.sum()),
            "water_use_kg_per_s": figures["water_use_kg_per_s"],
            "tokens_per_s": figures["tokens_per_s"],
        }

    def places(self) -> dict[str, str]:
        """Racks with the hottest accelerator and HBM stack, by the name of the figure."""
        return key_figures.places(self.plant, self.state)


def rest(
    constants: ConstantBlocks, state: StateBuffer, *, threaded: bool, tolerance: float = 1e-5
) -> Balance:
    """Bring a state to rest and let one step fill in the powers that follow; the ledger is cleared.

    First the power supply, then temperatures. Where that step switches anything, because a weak
    source cannot carry what is needed, both are sought once more. Where there is no state of rest
    the state is left unchanged.
    """
    from physics.factory.advance import advance

    before = state.snapshot()
    balance = _rest(constants, state, threaded, tolerance)
    if not balance.converged:
        state.restore(before)
        return balance
    state.blocks.ledger[:] = 0.0
    state.blocks.journal[:] = 0.0
    advance(constants, state.blocks, 0, STEP)
    return balance


def _rest(
    constants: ConstantBlocks, state: StateBuffer, threaded: bool, tolerance: float
) -> Balance:
    """:func:`rest` but for the ledger; leaves the state as the search had it."""
    from physics.factory import steady_supply as supply
    from physics.factory.advance import advance
    from physics.factory.steady import Balance, settle

    blocks = state.blocks
    switched = "", -1
    for _ in range(SUPPLY_ROUNDS):
        level, element, why = supply.settle_supply(constants, blocks)
        if level:
            return Balance(0, math.inf, False, level, element, why)
        if threaded:
            with threads_lock:
                balance = settle(constants, blocks, True, tolerance)
        else:
            balance = settle(constants, blocks, False, tolerance)
        if not balance.converged:
            return balance
        supplied = supply.supply_of(blocks)
        advance(constants, blocks, 1, STEP)
        now = supply.supply_of(blocks)
        if np.array_equal(now, supplied):
            level, element, why = supply.overloaded(blocks)
            if level:
                return Balance(balance.rounds, balance.residual, False, level, element, why)
            return balance
        switched = supply.moved_in(supplied, now, blocks)
        state.view.rack.calm[:] = 0.0
    return Balance(0, math.inf, False, *switched, "its supply is switched again and again")


def explain(plant: Plant, balance: Balance) -> str:
    """Why there is no state of rest, in one sentence that names the element."""
    if balance.level:
        path = plant.levels.path(balance.level, balance.element)
        return f"{path}: {balance.reason}, so there is no state of rest"
    return (
        f"temperatures still move by {balance.residual:.2g} K after {balance.rounds} rounds; "
        "there may be no state of rest"
    )


class Solver:
    """Solves one plant again and again; each search starts from the point before.

    Parameters
    ----------
    plant : the factory
    scenario : its start gives weather, workload and set points; its events do not happen

    Attributes
    ----------
    state : values as they stand
    """

    def __init__(self, plant: Plant, scenario: Scenario | None = None):
        from twin.scenario import Scenario as ScenarioModel
        from twin.simulation import Simulation

        cold = (scenario or ScenarioModel()).model_copy(
            update={"start_state": "cold", "settle": 0.0, "events": ()}
        )
        self.plant = plant
        self._simulation: Simulation = Simulation(plant, cold)
        self._constants = blocks_of(plant.constants)
        self.state = self._simulation.state
        self._start = self.state.snapshot()
        self._rested = False
        self.threaded = counts_of(plant.constants)["gpu"] >= THREADED_FROM

    def reset(self) -> None:
        """Go back to the scenario's start, all set points and faults included."""
        self.state.restore(self._start)
        self._rested = False

    @property
    def scenario(self) -> Scenario:
        """What gives weather, workload and set points: its start, without its events."""
        return self._simulation.scenario

    @property
    def events(self) -> tuple[Event, ...]:
        """What is to be known about the scenario's start, such as weather of another place."""
        return tuple(self._simulation.events)

    def solve(
        self, commands: Iterable[Command] = (), weather: Mapping[str, float] | None = None
    ) -> OperatingPoint:
        """The state of rest after some commands, in the weather as it stands.

        Parameters
        ----------
        commands : set points and faults to change first; they stay for later calls
        weather : ``dry_bulb`` and ``wet_bulb`` in degC, at all sites; what is left out stays

        Raises
        ------
        InputError : a command that cannot be carried out or that a state of rest does not follow,
            weather that is not known, or a dry and wet bulb that no air has
        NumericalError : there is no state of rest; names the element that stands against it, whose
            heat has no way out or whose power supply does not last
        """
        site = self.state.view.site
        outdoors = _checked(weather)
        dry, wet = site.dry_bulb_temperature.copy(), site.wet_bulb_temperature.copy()
        dry[:], wet[:] = outdoors.get("dry_bulb", dry), outdoors.get("wet_bulb", wet)
        if outdoors:
            for s, path in enumerate(self.plant.levels.paths("site")):
                weather_module.refuse_impossible(
                    float(dry[s]), float(wet[s]), float(site.pressure[s]), path
                )
        commands = tuple(commands)
        for command in commands:
            controls.refuse_at_rest(self.plant, command)
        if not self._rested and any(command.key in controls.FREEZING for command in commands):
            rest(self._constants, self.state, threaded=self.threaded)  # what freezes, freezes there
        for command in commands:
            controls.apply(self.plant, self.state, self._simulation.start, command)
        self.state.view.rack.calm[:] = 0.0
        if outdoors:
            site.dry_bulb_temperature[:], site.wet_bulb_temperature[:] = dry, wet
            weather_module.set_humidity(site, self.plant)
        self._simulation.ventilate()  # commands may have changed what the rooms make of the weather
        balance = rest(self._constants, self.state, threaded=self.threaded)
        self._rested = balance.converged
        if not balance.converged:
            raise NumericalError(explain(self.plant, balance))
        self._refuse_blind_plants()
        kept = StateBuffer(self.state.counts)
        kept.restore(self.state.buffer)
        return OperatingPoint(self.plant, kept, balance)

    def _refuse_blind_plants(self) -> None:
        """Refuse a point that is none because a plant's reading does not follow its water.

        Its control then goes on as long as the reading stands, and heat and power never meet.
        Raises NumericalError naming the plant.
        """
        from physics.factory.chillers import LEAST_LOAD

        blind = np.flatnonzero(self.state.view.plant_temperature_sensor.fault != 0)
        if not len(blind):
            return
        site = self.state.view.site
        least = LEAST_LOAD * float(self.plant.constants.plant.chiller_capacity.max(initial=0.0))
        gap = np.abs(site.heat_rejected - site.facility_power)
        if (gap > 1e-3 * site.facility_power + least).any():
            path = self.plant.levels.path("plant", int(blind[0]))
            raise NumericalError(
                f"{path}: its reading of the supply temperature does not follow the water, "
                "so there is no state of rest"
            )


def _checked(weather: Mapping[str, float] | None) -> dict[str, float]:
    """Weather to take over; raises InputError for what is not known and what is not a number."""
    given = dict(weather or {})
    unknown = [key for key in given if key not in WEATHER_KEYS]
    if unknown:
        raise InputError(
            "unknown weather",
            key="weather",
            found=str(unknown[0]),
            allowed=" or ".join(WEATHER_KEYS),
        )
    if not all(math.isfinite(value) for value in given.values()):
        raise InputError("weather is not a number", key="weather", found=str(given))
    return given


def solve(plant: Plant, scenario: Scenario | None = None) -> OperatingPoint:
    """Operating point of a plant with the weather and workload of a scenario's start.

    Without a scenario: design load on a summer afternoon. Raises NumericalError where there is no
    state of rest.
    """
    return Solver(plant, scenario).solve()


def temperature_channels() -> tuple[str, ...]:
    """Names of all channels that are temperatures."""
    return tuple(channel.name for channel in CHANNELS if channel.unit == "degC")
