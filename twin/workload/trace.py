"""The jobs of a scenario: listed, from a trace, or from a job table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.clock import Clock
from twin.errors import InputError, near_matches
from twin.tabular import missing
from twin.tabular.durations import durations
from twin.tabular.quantities import quantity, refuse_beyond
from twin.tabular.reader import kind_of, read_table
from twin.tabular.span import foreign, on_the_run, refuse_outside, spans
from twin.tabular.stamps import Times, times_of
from twin.tabular.table import Column, Table
from twin.workload.job import Job, whole
from twin.workload.job_list import LONGEST, MOST_PROCESSORS, Trace, refuse_twice
from twin.workload.slurm import accelerators_in, holds_resources, steps
from twin.workload.spec import Jobs
from twin.workload.swf import read_swf

COLUMNS: Mapping[str, str] = {
    "id": "job_id",
    "submit": "submit",
    "accelerators": "accelerators",
    "duration": "duration",
    "requested": "requested",
    "tenant": "tenant",
    "utilisation": "utilisation",
    "compute_share": "compute_share",
    "memory_share": "memory_share",
}
"""Columns of a job table where the scenario does not say otherwise."""
NEEDED = ("submit", "accelerators", "duration")


def jobs_of(spec: Jobs, clock: Clock, duration: float, total: float = np.inf) -> Trace:
    """All jobs of a scenario.

    Parameters
    ----------
    clock, duration : of the run, which a trace has to meet
    total : accelerators that there are; jobs of a trace that need more are left out

    Raises
    ------
    InputError : see :func:`twin.workload.swf.read_swf` and :func:`read_job_table`; a listed job
        that can never run; a quota of nobody
    """
    if spec.file is None:
        return _listed(spec, total)
    file = Path(spec.file)
    if kind_of(file) == ".swf":
        first = seconds_of(spec.first)
        trace, times, column = read_swf(file, spec.accelerators_per_processor, first)
    else:
        trace, times, column = read_job_table(file, spec, clock, duration)
    idle = sorted(set(spec.quotas) - {job.tenant for job in trace.jobs})
    if idle:
        raise InputError(
            "the quota of a tenant has no effect: no job is theirs",
            file,
            key="jobs.quotas",
            found=idle[0],
            allowed=near_matches(idle[0], sorted({job.tenant for job in trace.jobs if job.tenant}))
            or "a table with a column of tenants",
        )
    quotas = {tenant: share * total for tenant, share in spec.quotas.items()}
    kept = []
    for job in trace.jobs:
        if job.accelerators > total:
            trace.leave_out(f"larger than the {total:g} accelerators there are", job.id)
        elif job.accelerators > quotas.get(job.tenant, np.inf) + 1e-9:
            trace.leave_out("above their tenant's quota", job.id)
        else:
            kept.append(job)
    if not kept:
        reasons = "; ".join(f"{len(ids)} {why}" for why, ids in trace.left_out.items())
        raise InputError("trace holds no job that can run", file, found=reasons)
    # the trace's own times, before they are scaled, are what the run has to meet
    submits = np.array([job.submit for job in kept])
    refuse_outside(column, times, submits, duration * spec.time_scale, several=True)
    span = spans(times, float(submits.min()), float(submits.max()), duration * spec.time_scale)
    early = [job.id for job in kept if job.submit < 0.0]
    for name in early:
        trace.leave_out("submitted before the start", name)
    late = int((submits > duration * spec.time_scale).sum())
    if early or late:
        after = f"; {late} of {len(kept)} jobs come after its end" if late else ""
        unit = "; times are taken as seconds (time_unit)" if times.assumed else ""
        trace.remarks.append(f"{file.name}: {span}{after}{unit}")
    trace.jobs = sorted(
        (replace(job, submit=job.submit / spec.time_scale) for job in kept if job.submit >= 0.0),
        key=lambda job: (job.submit, job.id),
    )
    return trace


def seconds_of(first: datetime | float | None) -> float:
    """A duration that :class:`twin.workload.spec.Jobs` has checked to be one [s]."""
    assert not isinstance(first, datetime)
    return first or 0.0


def submit_of(spec: Jobs, submit: float) -> float:
    """When a job that is written out is submitted in the run [s]; ``submit`` is its own time."""
    return (submit - seconds_of(spec.first)) / spec.time_scale


def _listed(spec: Jobs, total: float) -> Trace:
    found = [
        Job(
            entry.id,
            submit_of(spec, entry.submit),
            entry.accelerators,
            entry.duration,
            entry.requested if entry.requested is not None else entry.duration,
            entry.tenant,
            entry.utilisation,
            entry.compute_share,
            entry.memory_share,
        )
        for entry in spec.jobs
    ]
    names = [job.id for job in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError("job id used twice", key="jobs.jobs", found=twice)
    for job in found:
        if job.accelerators > total:
            raise InputError(
                f"job {job.id} can never run",
                key="accelerators",
                found=f"{job.accelerators} accelerators",
                allowed=f"at most {total:g}, as many as the racks have",
            )
    trace = Trace(count=len(found))
    for job in found:
        if job.submit < 0.0:
            trace.leave_out("submitted before first", job.id)
    trace.jobs = sorted(
        (job for job in found if job.submit >= 0.0), key=lambda job: (job.submit, job.id)
    )
    return trace


def read_job_table(
    file: Path, spec: Jobs, clock: Clock, duration: float
) -> tuple[Trace, Times, Column]:
    """Read a job table; ``spec.columns`` names its columns.

    Rows without a submission, accelerators or a run time are left out and counted, and so are the
    steps of Slurm's jobs.

    Returns
    -------
    trace, and times and column of submission

    Raises
    ------
    InputError : see :mod:`twin.tabular`, and values that cannot be
    """
    names = {**COLUMNS, **spec.columns}
    unknown = sorted(set(spec.columns) - set(COLUMNS))
    if unknown:
        raise InputError(
            "unknown name in the column map",
            file,
            key=f"columns.{unknown[0]}",
            allowed=", ".join(COLUMNS),
        )
    needed = [name for name in COLUMNS if name in NEEDED or name in spec.columns]
    optional = [names[name] for name in COLUMNS if name not in needed]
    table = read_table(file, {names[name]: name for name in needed}, optional)
    given = {name: table[names[name]] for name in COLUMNS if names[name] in table}
    submit, told = on_the_run(
        file, times_of(given["submit"], spec, clock), spec, clock, duration * spec.time_scale
    )
    trace = Trace(count=len(table), remarks=told, foreign=foreign(file, submit, spec, clock))
    rows = _rows(trace, table, given, spec)
    kept = _leave_out(trace, given, submit, rows)
    labels = given["id"].texts.tolist() if "id" in given else None
    tenants = given["tenant"].texts.tolist() if "tenant" in given else None
    for i in np.flatnonzero(kept):
        asked = rows["requested"][i]
        trace.jobs.append(
            Job(
                labels[i] if labels is not None else str(i + 1),
                float(submit.seconds[i]),
                whole(float(rows["accelerators"][i])),
                float(rows["duration"][i]),
                float(asked) if np.isfinite(asked) else float(rows["duration"][i]),
                tenants[i] if tenants is not None else "",
                *(float(rows[name][i]) for name in SHARES),
            )
        )
    if labels is not None:
        refuse_twice(trace, file, table.lines[kept].tolist(), given["id"].name)
    return trace, submit, given["submit"]


SHARES: Mapping[str, float] = {"utilisation": 1.0, "compute_share": 1.0, "memory_share": 0.6}
"""Shares that a job asks for, and what they are where a table does not say."""


def _rows(trace: Trace, table: Table, given: Mapping[str, Column], spec: Jobs) -> dict[str, Floats]:
    """Numbers of every row by our names, NaN where a cell is missing; shares are complete."""
    count = len(table)
    rows: dict[str, Floats] = {}
    column = given["accelerators"]
    if holds_resources(column):
        rows["accelerators"] = accelerators_in(column)
        rows["part"] = _parts(trace, table, rows["accelerators"])
    else:
        rows["accelerators"] = quantity(
            column, "", decimal=spec.decimal, usual="1", marks=missing.UNKNOWN
        )
    refuse_beyond(column, rows["accelerators"], 0.0, MOST_PROCESSORS, "accelerators")
    rows["accelerators"] = rows["accelerators"] * spec.accelerators_per_processor
    for name in ("duration", "requested"):
        rows[name] = np.full(count, np.nan)
        if name in given:
            rows[name] = durations(given[name], spec.duration_unit or "", spec.decimal)
            refuse_beyond(given[name], rows[name], 0.0, LONGEST, "s")
    for name, usual in SHARES.items():
        rows[name] = np.full(count, usual)
        if name in given:
            values = quantity(
                given[name], "", decimal=spec.decimal, usual="1", marks=missing.LOGGED
            )
            refuse_beyond(given[name], values, 0.0, 1.0, "%", "is not a share")
            rows[name] = np.where(np.isfinite(values), values, usual)
            lost = int(np.isnan(values).sum())
            if lost:
                column = given[name]
                trace.remarks.append(
                    f"{table.file.name}: {lost} of {len(values)} values of '{column.name}' missing "
                    f"and taken as {usual:g}"
                )
    rows["utilisation"] = rows["utilisation"] * rows.pop("part", np.ones(count))
    return rows


def _parts(trace: Trace, table: Table, accelerators: Floats) -> Floats:
    """Share of its whole GPUs that each job uses, 1 unless it runs on slices; slices are told."""
    needed = np.ceil(accelerators - 1e-9)
    sliced = (accelerators > 0.0) & (needed > accelerators + 1e-9)
    if sliced.any():
        trace.remarks.append(
            f"{table.file.name}: {int(sliced.sum())} of {len(table)} jobs ran on slices of GPUs "
            f"(MIG; first in line {table.lines[int(np.flatnonzero(sliced)[0])]}); each has whole "
            "GPUs here, busy by the share that its slices are"
        )
    share = np.ones(len(accelerators))
    share[sliced] = accelerators[sliced] / needed[sliced]
    return share


def _leave_out(
    trace: Trace, given: Mapping[str, Column], submit: Times, rows: Mapping[str, Floats]
) -> NDArray[np.bool_]:
    """Rows that are jobs which ran on accelerators; the others are noted by their line."""
    lines = given["submit"].lines
    kept = np.ones(len(lines), dtype=np.bool_)
    never = np.zeros(len(lines), dtype=np.bool_)
    reasons = (
        ("that are steps of other jobs", steps(given["id"]) if "id" in given else never),
        ("without a time of submission", np.isnan(submit.seconds)),
        ("without accelerators", ~(rows["accelerators"] > 0.0)),
        ("without a run time", ~(rows["duration"] > 0.0)),
    )
    for why, without in reasons:
        for row in np.flatnonzero(without & kept):
            trace.leave_out(why, f"line {lines[row]}")
        kept &= ~without
    return kept
