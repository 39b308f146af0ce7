"""Optimisation of set points and layout choices within limits, by a genetic algorithm (NSGA-II).

Source of the algorithm: Deb et al., IEEE Trans. Evol. Comp. 6(2), 2002, as pymoo has it. Whole
generations are computed in parallel. The search depends on the seed and on the answers only, so a
search that was killed repeats itself from the journal and goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import InputError
from twin.extras import need
from twin.figure_files import write_figure
from twin.study.executors import Executor
from twin.study.results import Results
from twin.study.sampling import axes_of, point_at
from twin.study.spec import Quantity
from twin.study.sweep import Prepared, pieces_of

UNUSABLE = 1e30  # objective of a point that could not be computed


@dataclass
class Best:
    """What a search found.

    Attributes
    ----------
    front : the best points within the limits that none of the others beats in everything
    everything : all points within the limits, for plots
    closest : limits that were missed by the point that came closest, when none lies within
    """

    front: list[dict[str, Any]] = field(default_factory=list)
    everything: list[dict[str, Any]] = field(default_factory=list)
    closest: list[str] = field(default_factory=list)


def optimise(
    prepared: Prepared,
    results: Results,
    executor: Executor,
    progress: Callable[[int, int], None] | None = None,
) -> Best:
    """Search; every answer is kept in ``results``.

    Raises
    ------
    InputError : the study says nothing to optimise
    MissingExtra : pymoo is not installed
    """
    study = prepared.study
    if not study.minimise and not study.maximise:
        raise InputError(
            "nothing is to be optimised",
            prepared.file,
            key="minimise",
            allowed="names of results, under minimise or maximise",
        )
    need("study", "pymoo", "pyarrow", what="twin optimise")
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem

    axes = axes_of(study)
    problem = Problem(
        n_var=len(axes),
        n_obj=len(study.minimise) + len(study.maximise),
        n_ieq_constr=len(prepared.bounds),
        xl=0.0,
        xu=1.0,
    )
    algorithm: Any = NSGA2(pop_size=study.search.population)
    algorithm.setup(problem, seed=study.search.seed, verbose=False)
    points: list[dict[str, Quantity]] = []
    while len(points) < study.search.evaluations:
        asked = algorithm.ask()
        first = len(points)
        points += [point_at(axes, shares) for shares in asked.get("X")]
        missing = [n for n in range(first, len(points)) if n not in results.answers]
        for answers in executor.run(str(prepared.file), pieces_of(points, missing, 1)):
            results.add(answers)
        if progress is not None:
            progress(len(points), max(study.search.evaluations, len(points)))
        numbers = range(first, len(points))
        asked.set("F", np.array([_objectives(prepared, results, n) for n in numbers]))
        if prepared.bounds:
            asked.set("G", np.array([_excesses(prepared, results, n) for n in numbers]))
        algorithm.tell(infills=asked)
    results.write_table(
        points,
        prepared.inputs,
        prepared.units,
        {n: max(_excesses(prepared, results, n), default=0.0) <= 0.0 for n in range(len(points))},
    )
    return _best(prepared, results, points)


def _objectives(prepared: Prepared, results: Results, number: int) -> list[float]:
    values, study = results.answers[number].values, prepared.study
    found = [values.get(name, math.nan) for name in study.minimise]
    found += [-values.get(name, math.nan) for name in study.maximise]
    return [UNUSABLE if math.isnan(value) else value for value in found]


def _excesses(prepared: Prepared, results: Results, number: int) -> list[float]:
    values = results.answers[number].values
    return [min(bound.excess(values), UNUSABLE) for bound in prepared.bounds]


def _best(prepared: Prepared, results: Results, points: list[dict[str, Quantity]]) -> Best:
    usable = [
        n
        for n in range(len(points))
        if not results.answers[n].error and max(_objectives(prepared, results, n)) < UNUSABLE
    ]
    within = [n for n in usable if max(_excesses(prepared, results, n), default=0.0) <= 0.0]
    best = Best()
    if not within:
        if usable:
            least = min(usable, key=lambda n: max(_excesses(prepared, results, n)))
            values = results.answers[least].values
            best.closest = [
                f"{bound.text}: closest found {values[bound.name]:.6g} (SI)"
                for bound in prepared.bounds
                if bound.excess(values) > 0.0
            ]
        return best
    objectives = np.array([_objectives(prepared, results, n) for n in within])
    for k, number in enumerate(within):
        inputs = {n: prepared.inputs[n].value(v) for n, v in points[number].items()}
        row = {**inputs, **results.answers[number].values}
        best.everything.append(row)
        others = np.delete(objectives, k, axis=0)
        beaten = (others <= objectives[k]).all(axis=1) & (others < objectives[k]).any(axis=1)
        if not beaten.any():
            best.front.append(row)
    names = (*prepared.study.minimise, *prepared.study.maximise)
    best.front.sort(key=lambda row: row[names[0]])
    if len(names) == 1:
        best.front = best.front[:1] if prepared.study.minimise else best.front[-1:]
    return best


def save_pareto_plot(prepared: Prepared, best: Best, file: Path) -> None:
    """Plot the front over the first two objectives (of one: over the evaluations).

    The file's ending chooses SVG, PNG or PDF. Raises InputError when it cannot be written.
    """
    from twin.regression.plots import BAD, figure_class

    names = (*prepared.study.minimise, *prepared.study.maximise)
    figure = figure_class()(figsize=(6.0, 4.0))
    axes = figure.add_subplot()
    if len(names) == 1:
        axes.plot([row[names[0]] for row in best.everything], ".", markersize=3)
        axes.set_xlabel("point within limits")
        axes.set_ylabel(names[0])
    else:
        axes.plot(
            [row[names[0]] for row in best.everything],
            [row[names[1]] for row in best.everything],
            ".",
            color="#999999",
            markersize=3,
        )
        axes.plot(
            [row[names[0]] for row in best.front],
            [row[names[1]] for row in best.front],
            "o-",
            color=BAD,
            markersize=4,
        )
        for axis, name in ((axes.set_xlabel, names[0]), (axes.set_ylabel, names[1])):
            unit = prepared.units[name]
            axis(f"{name} [{unit}]" if unit else name)
    write_figure(figure, file)
