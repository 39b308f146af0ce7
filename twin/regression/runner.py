"""Runs cases: one after the other or in several processes, and gathers what came out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.errors import InputError, NumericalError
from twin.failures import internal, mendable
from twin.regression.case import Case, Wanted, load_case, tolerances
from twin.regression.outcome import Outcome


@dataclass(frozen=True)
class Options:
    """How cases are run.

    Attributes
    ----------
    update_golden : write golden recordings instead of comparing with them
    pictures : draw the traces (for the HTML report)
    plots : save a plot beside a golden recording that was left
    """

    update_golden: bool = False
    pictures: bool = False
    plots: bool = True


@dataclass(frozen=True)
class CaseResult:
    """How a case came out; plain data that travels between processes.

    Attributes
    ----------
    name, title, file : the case
    outcomes : expectations, with the reason why each is there
    invariants : the checks that every run has to pass
    golden : what the comparison says, empty when it passed or there is none
    golden_state : none, passed, failed, new, updated or unchanged
    changes : what an update of the golden recording changed
    error : why the case could not be run, or ""
    error_kind : input, numerical, or internal
    figures, events : key figures and what happened
    pictures : inline SVG by expectation
    plot : file of the golden comparison's plot, or ""
    simulated, wall : seconds
    """

    name: str
    title: str
    file: str
    outcomes: tuple[tuple[Outcome, str], ...] = ()
    invariants: tuple[Outcome, ...] = ()
    golden: tuple[str, ...] = ()
    golden_state: str = "none"
    changes: tuple[str, ...] = ()
    error: str = ""
    error_kind: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    events: tuple[tuple[float, str, str, str], ...] = ()
    pictures: dict[str, str] = field(default_factory=dict)
    plot: str = ""
    simulated: float = 0.0
    wall: float = 0.0
    description: str = ""
    layout: str = ""

    @property
    def passed(self) -> bool:
        """Whether the case ran and everything in it holds."""
        return (
            not self.error
            and self.golden_state != "failed"
            and all(o.passed for o, _ in self.outcomes)
            and all(o.passed for o in self.invariants)
        )

    @property
    def failures(self) -> list[str]:
        """What went wrong, a line or a few each."""
        lines = []
        for outcome, because in self.outcomes:
            if not outcome.passed:
                why = f" (because: {because})" if because else ""
                lines.append(f"{outcome.status}: {outcome.text}{why}\n    found: {outcome.found}")
        first = 1 if self.error else 0  # the error goes before all
        others = self.other_failures
        return [*others[:first], *lines, *others[first:]]

    @property
    def other_failures(self) -> list[str]:
        """What went wrong besides the expectations, a line or a few each."""
        lines = [self.error] if self.error else []
        lines += [
            f"{o.status}: {o.text}\n    found: {o.found}" for o in self.invariants if not o.passed
        ]
        if self.golden_state == "failed":
            lines.append("golden recording: " + "\n    ".join(self.golden))
        return lines


Golden = tuple[str, tuple[str, ...], tuple[str, ...], str]
"""State, report, changes and plot of a golden recording."""


def run_case(file: str | Path, options: Options = Options()) -> CaseResult:
    """Run one case. Never raises for what is wrong with the case itself: the result says it."""
    path = Path(file)
    started = time.perf_counter()
    try:
        case = load_case(path)
        return _run(case, options, started)
    except Exception as error:
        told = mendable(error)
        kind = "numerical" if isinstance(error, NumericalError) else "input"
        return CaseResult(
            _name(path),
            "",
            str(path),
            error=internal(error) if told is None else str(told),
            error_kind="internal" if told is None else kind,
            wall=time.perf_counter() - started,
        )


def _name(path: Path) -> str:
    return path.resolve().parent.name if path.name == "case.yaml" else path.stem


def _run(case: Case, options: Options, started: float) -> CaseResult:
    from twin.factory import Factory
    from twin.regression.golden import GoldenTaker
    from twin.regression.invariants import Invariants
    from twin.regression.observer import Observer

    scenario = case.scenario
    simulation = Factory.load(case.layout).simulation(scenario)
    simulation.ends_at(scenario.duration)
    observer = Observer(simulation)
    for wanted in case.wanted:
        _expect(observer, wanted)
    invariants = Invariants(simulation)
    taker = GoldenTaker(simulation, case.golden) if case.golden is not None else None

    def look(running: Any) -> None:
        invariants.look()
        if taker is not None:
            taker.look(running)

    observer.run(scenario.duration, scenario.observe_every, look)
    outcomes = tuple(zip(observer.outcomes(), [w.because for w in case.wanted], strict=True))
    compared: Golden = ("none", (), (), "")
    if taker is not None:
        compared = _golden(case, taker.golden(), options)
    state, report, changes, plot = compared
    pictures = {}
    if options.pictures:
        from twin.regression.plots import picture_of_trace

        pictures = {
            outcome.text: picture_of_trace(outcome.trace, outcome.passed)
            for outcome, _ in outcomes
            if outcome.trace is not None
        }
    return CaseResult(
        case.name,
        case.title,
        str(case.file),
        outcomes,
        tuple(invariants.outcomes()),
        report,
        state,
        changes,
        figures={**simulation.averages(), **simulation.kpis(), **simulation.workload_figures()},
        events=tuple((e.time, e.path, e.kind, e.message) for e in list(simulation.events)[:200]),
        pictures=pictures,
        plot=plot,
        simulated=simulation.time,
        wall=time.perf_counter() - started,
        description=case.description,
        layout=simulation.plant.name,
    )


def _expect(observer: Any, wanted: Wanted) -> None:
    from twin.regression.problem import ExpectationError

    try:
        observer.expect(wanted.that)
    except ExpectationError as error:
        raise error.located(wanted.file, wanted.line, wanted.key) from None


def _golden(case: Case, now: Any, options: Options) -> Golden:
    """Compare with, or update, a case's golden recording: state, report, changes and plot."""
    from twin.regression.golden import read_golden, write_golden
    from twin.regression.golden_compare import compare

    assert case.golden is not None
    allowed = tolerances(case.golden, case.file)
    picture = case.golden_file.with_suffix("").with_suffix(".svg")
    picture.unlink(missing_ok=True)  # of an earlier failure
    if options.update_golden:
        if not case.golden_file.exists():
            write_golden(now, case.golden_file)
            return "new", (), (f"{case.golden_file}: made",), ""
        before = case.golden_file.read_bytes()
        try:
            comparison = compare(read_golden(case.golden_file), now, allowed)
            changes = [d.sentence() for d in comparison.differences if d.diverges]
            changes = [*comparison.problems, *changes]
        except InputError as error:
            changes = [str(error)]
        write_golden(now, case.golden_file)
        if case.golden_file.read_bytes() == before:
            return "unchanged", (), (), ""
        changes = changes or ["every channel changed by less than its tolerance"]
        return "updated", (), tuple(changes), ""
    if not case.golden_file.exists():
        missing = f"{case.golden_file} does not exist; make it with --update-golden"
        return "failed", (missing,), (), ""
    comparison = compare(read_golden(case.golden_file), now, allowed)
    if comparison.passed:
        return "passed", (), (), ""
    plot = ""
    if options.plots and comparison.differences:
        from twin.regression.plots import save_golden_plot

        plot = save_golden_plot(comparison, picture)
    report = comparison.report()
    return "failed", tuple(report + ([f"plot: {plot}"] if plot else [])), (), plot


def run_cases(
    files: Sequence[Path],
    options: Options,
    workers: int | None = None,
    done: Callable[[CaseResult], None] | None = None,
) -> list[CaseResult]:
    """Run cases, in several processes when there are several cases and cores.

    Parameters
    ----------
    workers : processes; None for as many as there are cores
    done : called with each result as it comes

    Results are in the order of ``files``. A worker that dies fails the cases it had, by name.
    """
    count = min(workers or os.cpu_count() or 1, len(files))
    if count <= 1:
        results = []
        for file in files:
            results.append(run_case(file, options))
            if done is not None:
                done(results[-1])
        return results
    return _run_in_processes(files, options, count, done)


def _run_in_processes(
    files: Sequence[Path],
    options: Options,
    workers: int,
    done: Callable[[CaseResult], None] | None,
) -> list[CaseResult]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    context = multiprocessing.get_context("spawn")
    found: dict[int, CaseResult] = {}
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = {pool.submit(run_case, str(file), options): n for n, file in enumerate(files)}
        for future in as_completed(futures):
            number = futures[future]
            try:
                result = future.result()
            except Exception as error:
                result = CaseResult(
                    _name(files[number]),
                    "",
                    str(files[number]),
                    error=f"the process that ran it ended: {error}",
                    error_kind="internal",
                )
            found[number] = result
            if done is not None:
                done(result)
    return [found[number] for number in range(len(files))]
