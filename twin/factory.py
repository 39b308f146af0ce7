"""The Python door to the twin: load a factory, run it, look at the result as xarray."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.bounds import check_time
from twin.channels import Channel
from twin.errors import InputError
from twin.plant import Plant, compile_plant
from twin.recording import default_channels
from twin.scenario import Scenario, WeatherChoice, load_scenario
from twin.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import xarray

    from twin.controls import Command
    from twin.layout import Layout
    from twin.steady import OperatingPoint, Solver


@dataclass
class Factory:
    """A loaded layout, compiled on first use.

    Attributes
    ----------
    layout : the checked layout
    """

    layout: Layout
    _plants: dict[int, Plant] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, layout: str | Path) -> Factory:
        """Load a layout file or a bundled layout by name; raises InputError."""
        from twin.layout import load_layout

        return cls(load_layout(layout))

    def plant(self, seed: int = 0) -> Plant:
        """The compiled plant; ``seed`` decides the spread between accelerators."""
        if seed not in self._plants:
            self._plants[seed] = compile_plant(self.layout, seed=seed)
        return self._plants[seed]

    def simulation(
        self,
        scenario: str | Path | Scenario | None = None,
        *,
        seed: int | None = None,
        epw: str | Path | None = None,
        duration: float | None = None,
    ) -> Simulation:
        """A simulation at its start; without a scenario, design load on a summer afternoon.

        ``seed``, ``epw`` and ``duration`` [s] replace those of the scenario. Raises InputError.
        """
        chosen = _chosen(scenario, seed, epw, duration)
        return Simulation(self.plant(chosen.seed), chosen)

    def solver(
        self,
        scenario: str | Path | Scenario | None = None,
        *,
        seed: int | None = None,
        epw: str | Path | None = None,
    ) -> Solver:
        """A solver for operating points, to ask for many; arguments as of :meth:`simulation`."""
        from twin.steady import Solver

        chosen = _chosen(scenario, seed, epw)
        return Solver(self.plant(chosen.seed), chosen)

    def solve(
        self,
        scenario: str | Path | Scenario | None = None,
        *,
        commands: Iterable[Command] = (),
        weather: Mapping[str, float] | None = None,
        seed: int | None = None,
        epw: str | Path | None = None,
    ) -> OperatingPoint:
        """The operating point, found directly, without a march in time.

        Parameters
        ----------
        scenario : its start gives weather, workload and set points; its events do not happen
        commands : set points and faults to change first
        weather : ``dry_bulb`` and ``wet_bulb`` in degC, instead of the scenario's
        seed, epw : instead of those of the scenario

        Raises
        ------
        InputError : an unknown scenario, or a command that cannot be carried out
        NumericalError : there is no state of rest; names the element whose heat has no way out or
            whose power supply does not last
        """
        return self.solver(scenario, seed=seed, epw=epw).solve(commands, weather)

    def run(
        self,
        duration: str | float | None = None,
        scenario: str | Path | Scenario | None = None,
        *,
        every: str | float = "10s",
        channels: tuple[Channel, ...] | None = None,
        seed: int | None = None,
    ) -> Run:
        """Run and keep every channel in memory.

        Parameters
        ----------
        duration : simulated time, such as "10min" or seconds; None for the scenario's
        every : simulated time between kept frames
        channels : which to keep; None for those a recording keeps
        """
        from twin.cli.run import frame_interval, parse_duration

        def seconds(value: str | float, name: str) -> float:
            if isinstance(value, str):
                return parse_duration(value, name)
            if isinstance(value, bool) or not 0.0 < value < math.inf:
                raise InputError(
                    f"{name} is no time", key=name, found=repr(value), allowed="seconds above 0"
                )
            return float(value)

        asked = None if duration is None else seconds(duration, "duration")
        simulation = self.simulation(scenario, seed=seed, duration=asked)
        total = simulation.scenario.duration
        check_time(total, simulation.step, "duration")
        interval = frame_interval(seconds(every, "every"), simulation.step, "every")
        simulation.ends_at(total)
        kept = channels or default_channels(simulation.plant.levels["gpu"].count)
        times: list[float] = []
        frames: dict[str, list[Any]] = {channel.name: [] for channel in kept}

        def keep() -> None:
            times.append(simulation.time)
            for channel in kept:
                frames[channel.name].append(np.array(simulation.channel(channel.name)))

        keep()
        while simulation.time < total - 1e-9:
            simulation.advance(min(interval, total - simulation.time))
            keep()
        return Run(simulation, kept, np.array(times), frames)


def _chosen(
    scenario: str | Path | Scenario | None,
    seed: int | None,
    epw: str | Path | None,
    duration: float | None = None,
) -> Scenario:
    """A scenario by name, file or value, with seed, weather file and duration where given."""
    if scenario is None:
        chosen = Scenario()
    elif isinstance(scenario, Scenario):
        chosen = scenario
    else:
        chosen = load_scenario(scenario)
    changes: dict[str, Any] = {}
    if duration is not None:
        changes["duration"] = duration
    if seed is not None:
        changes["seed"] = seed
    if epw is not None:
        # shifts lie on top of any weather; the rest belongs to the one that is replaced
        changes["weather"] = WeatherChoice(
            kind="epw", file=str(epw), changes=chosen.weather.changes
        )
    return chosen.model_copy(update=changes)


@dataclass
class Run:
    """A finished run. Levels are attributes: ``run.rack.temperature`` is an xarray DataArray.

    Attributes
    ----------
    simulation : where it ended, ready to go on
    channels : what was kept
    time : simulated seconds of the frames, shape [frames]
    """

    simulation: Simulation
    channels: tuple[Channel, ...]
    time: Any
    _frames: dict[str, list[Any]] = field(repr=False)

    @property
    def kpis(self) -> dict[str, float]:
        """Key figures over the run: averages, maxima of temperatures, and those of its workload."""
        return self.simulation.averages() | self.simulation.workload_figures()

    @property
    def events(self) -> list[Any]:
        """What happened, oldest first."""
        return list(self.simulation.events)

    def level(self, name: str) -> xarray.Dataset:
        """All kept channels of a level, dimensions (time, level), labelled by path."""
        import xarray

        plant = self.simulation.plant
        variables = {
            channel.name.partition(".")[2]: (
                ("time", name),
                np.stack(self._frames[channel.name]),
                {"long_name": channel.title, "units": channel.unit or "1"},
            )
            for channel in self.channels
            if channel.level == name
        }
        labels = {"time": self.time, name: list(plant.levels.paths(name))}
        return xarray.Dataset(variables, coords=labels)

    def __getattr__(self, name: str) -> xarray.Dataset:
        if any(channel.level == name for channel in self.channels):
            return self.level(name)
        raise AttributeError(name)
