"""Job traces: the Standard Workload Format, and job tables in CSV or Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np

from physics.factory.arrays import Floats
from twin.errors import InputError
from twin.workload.job import Job, whole
from twin.workload.spec import Jobs
from twin.workload.table import numbers, read_table, seconds_since

SWF_FIELDS = 18
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


def jobs_of(spec: Jobs, start: datetime) -> list[Job]:
    """All jobs of a scenario, by time of submission; raises InputError."""
    if spec.file is None:
        found = [
            Job(
                entry.id,
                entry.submit,
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
    elif Path(spec.file).suffix == ".swf":
        found = read_swf(Path(spec.file), spec.accelerators_per_processor)
    else:
        found = read_job_table(Path(spec.file), spec, start)
    first = float(spec.first)
    scaled = [
        Job(
            job.id,
            (job.submit - first) / spec.time_scale,
            job.accelerators,
            job.duration,
            job.requested,
            job.tenant,
            job.utilisation,
            job.compute_share,
            job.memory_share,
        )
        for job in found
        if job.submit >= first
    ]
    return sorted(scaled, key=lambda job: (job.submit, job.id))


def read_swf(file: Path, accelerators_per_processor: float = 1.0) -> list[Job]:
    """Read a trace in Standard Workload Format.

    Jobs that never ran (no run time or no processors) are left out, as the format's archive
    advises. Field order: Chapin et al., "Benchmarks and Standards for the Evaluation of Parallel
    Job Schedulers", 1999, and the Parallel Workloads Archive.

    Raises
    ------
    InputError : not readable, or a line with another number of fields, with its number
    """
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"trace cannot be read: {error.strerror}", file) from None
    jobs = []
    for number, line in enumerate(lines, start=1):
        text = line.partition(";")[0].strip()
        if not text:
            continue
        words = text.split()
        if len(words) != SWF_FIELDS:
            raise InputError(
                "a line of another format",
                file,
                number,
                found=f"{len(words)} fields",
                allowed=f"{SWF_FIELDS} numbers",
            )
        try:
            values = [float(word) for word in words]
        except ValueError:
            raise InputError("is not a number", file, number, found=text[:60]) from None
        submit, run, used, asked = values[1], values[3], values[4], values[7]
        processors = asked if asked > 0 else used
        if run <= 0 or processors <= 0:
            continue
        requested = values[8] if values[8] > 0 else run
        jobs.append(
            Job(
                str(int(values[0])),
                submit,
                whole(processors * accelerators_per_processor),
                run,
                max(requested, run),
                f"user-{int(values[11])}",
            )
        )
    if not jobs:
        raise InputError("trace holds no job that ran", file)
    return jobs


def read_job_table(file: Path, spec: Jobs, start: datetime) -> list[Job]:
    """Read a job table; ``spec.columns`` names its columns. Raises InputError."""
    names = {**COLUMNS, **spec.columns}
    unknown = sorted(set(spec.columns) - set(COLUMNS))
    if unknown:
        raise InputError(
            "unknown name in the column map",
            file,
            key=f"columns.{unknown[0]}",
            allowed=", ".join(COLUMNS),
        )
    given = [name for name in COLUMNS if name in NEEDED or name in spec.columns]
    present = _columns_of(file)
    given += [name for name in COLUMNS if name not in given and names[name] in present]
    table = read_table(file, {names[name]: name for name in given})
    count = len(next(iter(table.values())))

    def column(name: str, default: float) -> Floats:
        if name not in given:
            return np.full(count, default)
        return numbers(table[names[name]], file, names[name])

    submit = seconds_since(table[names["submit"]], start, None, file, names["submit"])
    processors = column("accelerators", 1.0) * spec.accelerators_per_processor
    duration = column("duration", 0.0)
    requested = column("requested", np.nan)
    shares = {
        name: column(name, default)
        for name, default in (("utilisation", 1.0), ("compute_share", 1.0), ("memory_share", 0.6))
    }
    jobs = []
    for i in range(count):
        for name, value in (("accelerators", processors[i]), ("duration", duration[i])):
            if not value > 0.0:
                raise InputError("is not above zero", file, i + 2, names[name], f"{value:g}")
        for name, values in shares.items():
            if not 0.0 <= values[i] <= 1.0:
                raise InputError(
                    "is not a share", file, i + 2, names[name], f"{values[i]:g}", "0 to 1"
                )
        label = str(table[names["id"]][i]) if "id" in given else str(i + 1)
        tenant = str(table[names["tenant"]][i]) if "tenant" in given else ""
        asked = requested[i] if np.isfinite(requested[i]) else duration[i]
        jobs.append(
            Job(
                label,
                float(submit[i]),
                whole(float(processors[i])),
                float(duration[i]),
                float(asked),
                tenant,
                float(shares["utilisation"][i]),
                float(shares["compute_share"][i]),
                float(shares["memory_share"][i]),
            )
        )
    return jobs


def _columns_of(file: Path) -> list[str]:
    """Names of a table's columns; empty when it cannot be read (reading it again says why)."""
    import pandas

    try:
        if file.suffix == ".parquet":
            import pyarrow.parquet

            return [str(name) for name in pyarrow.parquet.read_schema(file).names]
        return [str(name).strip() for name in pandas.read_csv(file, nrows=0).columns]
    except Exception:  # the readers raise many kinds
        return []
