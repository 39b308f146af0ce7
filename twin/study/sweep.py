"""Sweeps: all points of a study, computed in parallel, kept as they come, resumed after a kill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.beyond_the_end import Remark, remarks
from twin.errors import InputError, NumericalError
from twin.regression.observer import Observer
from twin.study.columns import Column, columns_of
from twin.study.evaluate import read_study, simulation_of
from twin.study.executors import Executor, Work
from twin.study.idle import refuse_idle, refuse_overridden_controls
from twin.study.inputs import digest
from twin.study.limits import Bound, bound_of
from twin.study.results import Results
from twin.study.sampling import point_at, points_of
from twin.study.spec import Quantity, Study

CHUNK_SECONDS = 2.0  # what a piece of work should take
LARGEST_CHUNK = 32


@dataclass(frozen=True)
class Prepared:
    """A study that has been checked on one of its points.

    Attributes
    ----------
    study, file : what is studied
    units : of the results by name
    bounds : its limits
    digest : of the study and all files that its points read, as they are now
    inputs : columns of tables for what is varied
    remarks : what its scenario holds that never happens, path and a sentence
    """

    study: Study
    file: Path
    units: dict[str, str]
    bounds: tuple[Bound, ...]
    digest: str
    inputs: dict[str, Column]
    remarks: tuple[Remark, ...] = ()

    def unit(self, name: str) -> str:
        """Unit of a column of tables, "" for plain numbers and text."""
        return self.inputs[name].unit if name in self.inputs else self.units.get(name, "")


def prepare(file: str | Path) -> Prepared:
    """Read a study and check figures, limits and the first point before anything long begins.

    Raises
    ------
    InputError : anything wrong in the study, its layout or its scenario
    """
    study, path = read_study(file)
    refuse_idle(study, path)
    point = first_point(study)
    try:
        simulation = simulation_of(study, str(path), point)
    except NumericalError:  # of this point, which its answer tells; others may be at rest
        simulation = simulation_of(study, str(path), {})
    refuse_overridden_controls(study, path, simulation.plant)
    observer = Observer(simulation)
    from twin.regression.problem import ExpectationError

    for name, text in study.results.items():
        try:
            observer.figure(text, name)
        except ExpectationError as error:
            raise error.located(path, None, f"results.{name}") from None
    units = observer.units()
    bounds = []
    for number, text in enumerate(study.limits):
        try:
            bounds.append(bound_of(text, units))
        except ExpectationError as error:
            raise error.located(path, None, f"limits[{number}]") from None
    inputs = columns_of(study, simulation.plant)
    told: tuple[Remark, ...] = ()
    if study.solve == "run" and study.steady is None:
        told = tuple(remarks(simulation.scenario, simulation.scenario.duration))
    return Prepared(study, path, units, tuple(bounds), digest(study, path), inputs, told)


def first_point(study: Study) -> dict[str, Quantity]:
    """A point in the middle of every axis, for checks."""
    from twin.study.sampling import axes_of

    axes = axes_of(study)
    return point_at(axes, [0.5] * len(axes))  # type: ignore[arg-type]


def pieces_of(
    points: Sequence[dict[str, Quantity]], missing: Sequence[int], size: int
) -> list[Work]:
    """Missing points in pieces of a size."""
    return [
        [(number, points[number]) for number in missing[start : start + size]]
        for start in range(0, len(missing), size)
    ]


def sweep(
    prepared: Prepared,
    results: Results,
    executor: Executor,
    progress: Callable[[int, int], None] | None = None,
    chunk: int | None = None,
) -> Path:
    """Compute the points that are missing and write the table; returns it.

    ``progress`` is called with how many points are done and how many there are. ``chunk`` is the
    number of points in one piece of work; left out, about two seconds' worth.
    """
    study = prepared.study
    points = points_of(study)
    if not points:
        raise InputError("the study has no point", prepared.file)
    missing = [number for number in range(len(points)) if number not in results.answers]
    if progress is not None:
        progress(len(points) - len(missing), len(points))
    if missing and chunk is None:
        # the first point tells how long one takes
        from twin.study.evaluate import evaluate

        number = missing.pop(0)
        answer = evaluate(str(prepared.file), number, points[number])
        results.add([answer])
        chunk = max(1, min(LARGEST_CHUNK, int(CHUNK_SECONDS / max(answer.wall, 1e-3))))
    for answers in executor.run(str(prepared.file), pieces_of(points, missing, chunk or 1)):
        results.add(answers)
        if progress is not None:
            progress(len(results.answers), len(points))
    return results.write_table(points, prepared.inputs, prepared.units, judge(prepared, results))


def judge(prepared: Prepared, results: Results) -> Mapping[int, bool] | None:
    """Whether every point lies within the limits; None without limits."""
    if not prepared.bounds:
        return None
    return {
        number: all(bound.excess(answer.values) <= 0.0 for bound in prepared.bounds)
        for number, answer in results.answers.items()
    }
