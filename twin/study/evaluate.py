"""One point of a study: build the changed factory, run it, compute the figures."""

from __future__ import annotations

import copy
import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin import yaml_file
from twin.errors import InputError, NumericalError, TwinError, near_matches
from twin.study.inputs import beside, scenario_document
from twin.study.spec import Quantity, Steady, Study
from twin.yaml_file import Document

if TYPE_CHECKING:
    from twin.controls import Command

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True)
class Answer:
    """Results of one point: number, values by name in SI, what went wrong, seconds it took."""

    point: int
    values: dict[str, float]
    error: str = ""
    wall: float = 0.0


def read_study(file: str | Path) -> tuple[Study, Path]:
    """Read a study file; raises InputError with file, line and key."""
    path = Path(file)
    if not path.is_file():
        raise InputError("study not found", path, allowed="a YAML file")
    study = yaml_file.validate(yaml_file.read(path), Study)
    return study, path.resolve()


def key_path(text: str) -> tuple[str | int, ...]:
    """``sites[0].halls[0].rows`` as parts."""
    return tuple(int(number) if number else word for word, number in _PART.findall(text))


def changed(document: Document, key: str, value: Any) -> Document:
    """A document with one value replaced.

    The last part may be a key that is not there yet; everything before it must exist.

    Raises
    ------
    InputError : no such key, with near matches
    """
    data = copy.deepcopy(document.data)
    parts = key_path(key)
    if not parts:
        raise InputError("names no key", document.file, key=key)
    place = data
    for depth, part in enumerate(parts[:-1]):
        try:
            place = place[part]
        except (KeyError, IndexError, TypeError):
            known = list(place) if isinstance(place, dict) else []
            hint = near_matches(str(part), known) if known else ""
            if isinstance(place, list):
                hint = f"[0] to [{len(place) - 1}]"
            if (
                isinstance(place, dict)
                and depth == 0
                and isinstance(part, str)
                and (len(parts) == 2 and isinstance(parts[1], str))
            ):  # such as weather.wet_bulb in a file that says nothing about the weather
                place[part] = {}
                place = place[part]
                continue
            raise InputError(
                "the file has no such key", document.file, key=key, found=str(part), allowed=hint
            ) from None
    try:
        place[parts[-1]] = value
    except (IndexError, TypeError):
        raise InputError(
            "the file has no such key", document.file, key=key, found=str(parts[-1])
        ) from None
    return Document(data, document.lines, document.file)


@lru_cache(maxsize=4)
def _study(file: str) -> Study:
    return read_study(file)[0]


@lru_cache(maxsize=8)
def _layout_document(name: str) -> Document:
    from twin.layout.loader import find_layout

    return yaml_file.read(find_layout(name))


@lru_cache(maxsize=8)
def _factory(name: str, changes: tuple[tuple[str, Any], ...]) -> Any:
    """A factory of a changed layout; the last few are kept."""
    from twin.factory import Factory
    from twin.layout.loader import layout_from_document

    document = _layout_document(name)
    for key, value in changes:
        document = changed(document, key, value)
    return Factory(layout_from_document(document))


def simulation_of(study: Study, file: str, point: Mapping[str, Quantity]) -> Any:
    """The simulation of a point, at its start; raises InputError for what cannot be."""
    from twin.controls import Command
    from twin.scenario import scenario_from_document

    in_layout: list[tuple[str, Any]] = []
    in_scenario: list[tuple[str, Any]] = []
    parameters: dict[str, Any] = {}
    commands: dict[str, Command] = {}
    for name, value in point.items():
        varied = study.vary[name]
        if varied.layout is not None:
            in_layout.append((varied.layout, value))
        elif varied.scenario is not None:
            in_scenario.append((varied.scenario, value))
        elif varied.parameter is not None:
            parameters[varied.parameter] = value
        else:
            number = value if isinstance(value, str) else float(value)
            commands[name] = Command("set", varied.path, str(varied.control), number)
    factory = _factory(beside(study.layout, file), tuple(in_layout))
    document, _ = scenario_document(study, file, parameters)
    if study.steady is not None:
        document = changed(document, "step", f"{study.steady.step} s")
    for key, value in in_scenario:
        document = changed(document, key, value)
    scenario = scenario_from_document(document)
    if study.solve == "steady":
        quiet = {"events": (), "settle": 0.0, "start_state": "balance"}
        return at_rest(factory.simulation(scenario.model_copy(update=quiet)), commands)
    simulation = factory.simulation(scenario)
    for name, command in commands.items():
        with _varied(name):
            simulation.apply(command)
    return simulation


@contextmanager
def _varied(name: str) -> Iterator[None]:
    """Let errors of a command name what is varied."""
    try:
        yield
    except InputError as error:
        raise InputError(
            error.message, key=f"vary.{name}", found=error.found, allowed=error.allowed
        ) from None


def at_rest(simulation: Any, commands: Mapping[str, Command]) -> Any:
    """A simulation brought to rest under its start and some commands, by what is varied.

    Raises InputError for a command that a state of rest does not follow, and NumericalError where
    there is none; names the element at fault.
    """
    from physics.factory.arrays import blocks_of
    from twin.controls import refuse_at_rest
    from twin.steady import explain, rest

    unsettled = [event for event in simulation.events if event.kind == "no-balance"]
    for name, command in commands.items():
        with _varied(name):
            refuse_at_rest(simulation.plant, command)
            simulation.apply(command)
    if commands or unsettled:
        simulation.ventilate()  # commands may have changed what the rooms make of the weather
        constants = blocks_of(simulation.plant.constants)
        balance = rest(constants, simulation.state, threaded=simulation.threaded)
        if not balance.converged:
            raise NumericalError(explain(simulation.plant, balance))
    return simulation


def evaluate(file: str, number: int, point: Mapping[str, Quantity]) -> Answer:
    """Compute one point. What is wrong with the point itself is told in its answer."""
    from twin.regression.observer import Observer

    started = time.perf_counter()
    study = _study(file)
    try:
        simulation = simulation_of(study, file, point)
        observer = Observer(simulation)
        for name, text in study.results.items():
            observer.figure(text, name)
        if study.solve == "steady":
            observer.times[0] -= simulation.step  # one frame that stands for a time step
            observer.observe()
            settled = True
        elif study.steady is not None:
            settled = run_to_rest(simulation, observer, study.steady)
        else:
            simulation.ends_at(simulation.scenario.duration)
            observer.run(simulation.scenario.duration, study.every)
            settled = True
        values = {
            name: result.high if not result.undecided else math.nan
            for name, result in observer.values().items()
        }
    except TwinError as error:
        return Answer(number, {}, str(error), time.perf_counter() - started)
    error_text = "" if settled else "did not come to rest"
    return Answer(number, values, error_text, time.perf_counter() - started)


def run_to_rest(simulation: Any, observer: Any, steady: Steady) -> bool:
    """Run until no temperature moves by more than a tolerance between two looks.

    Weather and workload stay as they are at the start only if the scenario keeps them so. Results
    are looked at once, at the end. Returns whether it came to rest.
    """
    fields = (
        "rack.outlet_temperature",
        "rack.maximum_gpu_temperature",
        "cdu.supply_temperature",
        "cdu.return_temperature",
        "plant.supply_temperature",
        "plant.return_temperature",
        "hall.crah_supply_temperature",
        "row.hot_aisle_temperature",
    )

    def temperatures() -> Any:
        return np.concatenate([simulation.state.field(name) for name in fields])

    settled = False
    before = temperatures()
    while simulation.time < steady.longest - 1e-9:
        simulation.advance(steady.check_every)
        now = temperatures()
        if float(np.abs(now - before).max(initial=0.0)) <= steady.tolerance:
            settled = True
            break
        before = now
    observer.observe()
    return settled


def evaluate_many(file: str, work: list[tuple[int, dict[str, Quantity]]]) -> list[Answer]:
    """Compute several points in one task."""
    return [evaluate(file, number, point) for number, point in work]
