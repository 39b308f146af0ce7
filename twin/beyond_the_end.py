"""What a scenario holds that never happens in a run of some length: said, as it may be meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.scenario import Scenario

Remark = tuple[str, str]
"""Path and a sentence."""


def remarks(scenario: Scenario, end: float) -> Iterator[Remark]:
    """What is to be said of a run that ends after so many seconds."""
    over = f"the run ends at {time_text(end)}"
    late = [event for event in scenario.events if _beyond(event.at, end)]
    if late:
        first = min(late, key=lambda event: event.at)
        what = first.set_ or first.inject or f"clearing of {first.clear}"
        more = f", and {len(late) - 1} more events after it" if len(late) > 1 else ""
        yield first.path, f"{what} at {time_text(first.at)} never happens{more}: {over}"
    yield from _of_weather(scenario, end, over)
    yield from _of_workload(scenario, end, over)
    yield from _of_jobs(scenario, end, over)


def _of_weather(scenario: Scenario, end: float, over: str) -> Iterator[Remark]:
    shifted = False
    for number, change in enumerate(scenario.weather.changes):
        name = f"weather.changes[{number}] at {time_text(change.at)}"
        if _beyond(change.at, end):
            yield "/", f"{name} never happens: {over}"
            return
        if not (shifted or change.dry_bulb or change.wet_bulb):
            yield "/", f"{name} shifts nothing: it has neither a dry_bulb nor a wet_bulb"
        shifted = shifted or bool(change.dry_bulb or change.wet_bulb)


def _of_workload(scenario: Scenario, end: float, over: str) -> Iterator[Remark]:
    for number, entry in enumerate(scenario.workload):
        if entry.training is not None and _beyond(entry.training.start, end):
            start = time_text(entry.training.start)
            yield entry.path, f"training that starts at {start} never does: {over}"
        late = [point for point in entry.profile if _beyond(point.at, end)]
        if late:
            count = f"{len(late)} points" if len(late) > 1 else "one point"
            yield (
                entry.path,
                f"{count} of the profile workload[{number}], from {time_text(late[0].at)} on, "
                f"{'are' if len(late) > 1 else 'is'} never reached: {over}",
            )


def _of_jobs(scenario: Scenario, end: float, over: str) -> Iterator[Remark]:
    jobs = scenario.jobs
    if jobs is None:
        return
    from twin.workload.trace import submit_of

    late = [job for job in jobs.jobs if _beyond(submit_of(jobs, job.submit), end)]
    if late:
        first = min(late, key=lambda job: job.submit)
        at = time_text(submit_of(jobs, first.submit))
        more = f", nor are {len(late) - 1} more" if len(late) > 1 else ""
        yield (
            jobs.path,
            f"job {first.id}, due at {at}, is never submitted{more}: {over}",
        )
    if jobs.interval >= end:
        yield (
            jobs.path,
            f"jobs.interval of {time_text(jobs.interval)} leaves one decision at the start: {over}",
        )


def _beyond(moment: float, end: float) -> bool:
    return moment >= end - 1e-9


def time_text(seconds: float) -> str:
    """A time of a run for people: ``90 s``, ``15 min``, ``2 h``."""
    for size, unit in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size and seconds % size == 0.0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
