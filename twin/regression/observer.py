"""Watches a simulation for the sake of expectations and figures, and tells how they came out.

>>> observer = Observer(simulation)                                     # doctest: +SKIP
>>> observer.expect("max(gpu.temperature) < 87 degC")                   # doctest: +SKIP
>>> observer.run(600.0, every=1.0)                                      # doctest: +SKIP
>>> observer.outcomes()                                                 # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import InputError
from twin.regression.bind import Binder
from twin.regression.bound import Figure
from twin.regression.figures import Record, Result, evaluate
from twin.regression.judge import Judge, bind_condition
from twin.regression.known_events import RUN_KINDS, scheduled_events
from twin.regression.outcome import Outcome, shown
from twin.regression.parser import parse, parse_value
from twin.regression.series import Condition, ConditionObservation, Frame, Observation, Series
from twin.regression.windows import Timeline

if TYPE_CHECKING:
    from twin.simulation import Simulation


class Observer:
    """Observes one simulation from the moment it is made.

    Parameters
    ----------
    simulation : at its start
    kinds : events that may come besides those of commands
    """

    def __init__(self, simulation: Simulation, kinds: frozenset[str] = frozenset(RUN_KINDS)):
        self.simulation = simulation
        self.kinds = kinds
        self.times: list[float] = [simulation.time]
        self._judges: list[tuple[str, Judge]] = []
        self._figures: dict[str, tuple[str, Figure]] = {}
        self._series: dict[int, tuple[Series, Observation]] = {}
        self._tests: dict[int, tuple[Condition, ConditionObservation]] = {}

    def _binder(self, text: str) -> Binder:
        simulation = self.simulation
        return Binder(
            simulation.plant,
            text,
            self.kinds,
            scheduled_events(simulation.plant, simulation.scenario),
            frozenset(simulation.workload_figures()),
        )

    def _watch(self, binder: Binder) -> None:
        for subject in binder.observed:
            if isinstance(subject, Series):
                self._series.setdefault(id(subject), (subject, Observation()))
            else:
                self._tests.setdefault(id(subject), (subject, ConditionObservation()))

    def expect(self, text: str) -> None:
        """Add an expectation; raises ExpectationError that points at the column."""
        expectation = parse(text)
        binder = self._binder(text)
        judge = bind_condition(binder, expectation)
        self._watch(binder)
        self._judges.append((text, judge))

    def figure(self, text: str, name: str = "") -> None:
        """Add a figure to be computed, such as ``max(gpu.power)``; raises ExpectationError."""
        binder = self._binder(text)
        value = binder.value(parse_value(text))
        if isinstance(value, Series):
            raise binder.fail(
                "is a value at every moment, not one figure",
                0,
                f"max({text}), mean({text}), last({text})",
            )
        self._watch(binder)
        self._figures[name or text] = (text, value)

    def observe(self) -> None:
        """Keep a frame: the simulation as it is now."""
        frame = Frame(self.simulation)
        self.times.append(frame.time)
        for series, kept in self._series.values():
            kept.add(series, frame)
        for test, seen in self._tests.values():
            seen.add(test, frame)

    def run(
        self,
        duration: float,
        every: float = 1.0,
        also: Callable[[Simulation], None] | None = None,
    ) -> None:
        """Run the simulation for ``duration`` seconds and observe every ``every`` seconds.

        ``also`` is called at every frame.
        """
        simulation = self.simulation
        end = simulation.time + duration
        while simulation.time < end - 1e-9:
            simulation.advance(min(every, end - simulation.time))
            self.observe()
            if also is not None:
                also(simulation)

    def record(self) -> Record:
        """Everything kept, to compute figures from."""
        simulation = self.simulation
        times = np.array(self.times)
        timeline = Timeline(simulation.scenario.start, times[1:], tuple(simulation.events))
        return Record(
            timeline,
            np.diff(times),
            {key: kept for key, (_, kept) in self._series.items()},
            {key: kept for key, (_, kept) in self._tests.items()},
            simulation.plant.levels.path,
            simulation.workload_figures(),
        )

    def outcomes(self) -> list[Outcome]:
        """How the expectations came out, in the order they were added."""
        if len(self.times) < 2:
            raise InputError("nothing was observed", allowed="a run of at least one step")
        record = self.record()
        return [judge.outcome(text, record) for text, judge in self._judges]

    def values(self) -> dict[str, Result]:
        """Values of the figures by name, in SI."""
        record = self.record()
        return {name: evaluate(figure, record, ()) for name, (_, figure) in self._figures.items()}

    def units(self) -> dict[str, str]:
        """Units of the figures by name, "" for plain numbers."""
        return {
            name: "" if not any(figure.unit.powers) else figure.unit.name
            for name, (_, figure) in self._figures.items()
        }

    def shown(self) -> dict[str, str]:
        """Values of the figures for people."""
        return {
            name: shown(result.high, self._figures[name][1].unit)
            for name, result in self.values().items()
        }
