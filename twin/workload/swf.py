"""Traces in the Standard Workload Format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twin.errors import InputError
from twin.tabular.reader import content
from twin.tabular.stamps import Times
from twin.tabular.table import Column
from twin.tabular.text import decoded
from twin.workload.job import Job, whole
from twin.workload.job_list import LATEST, LONGEST, MOST_PROCESSORS, Trace, refuse_twice

SWF_FIELDS = 18


def read_swf(
    file: Path, accelerators_per_processor: float = 1.0, first: float = 0.0
) -> tuple[Trace, Times, Column]:
    """Read a trace in Standard Workload Format, also packed by gzip.

    Jobs that never ran (no run time or no processors) are left out, as the format's archive
    advises. Field order: Chapin et al., "Benchmarks and Standards for the Evaluation of Parallel
    Job Schedulers", 1999, and the Parallel Workloads Archive.

    Returns
    -------
    trace, and times and column of submission; ``first`` [s] of the trace is 0 s

    Raises
    ------
    InputError : not readable, or a line with another number of fields, with its number
    """
    import pandas

    trace = Trace()
    submits: list[float] = []
    numbers: list[int] = []
    for number, line in enumerate(decoded(content(file), file).split("\n"), start=1):
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
        if not np.isfinite(values).all():
            raise InputError("is not finite", file, number, found=text[:60])
        trace.count += 1
        name, submit, run, used, asked = (
            str(int(values[0])),
            values[1],
            values[3],
            values[4],
            values[7],
        )
        processors = asked if asked > 0 else used
        if run <= 0:
            trace.leave_out("that never ran", name)
            continue
        if processors <= 0:
            trace.leave_out("without processors", name)
            continue
        if run > LONGEST or processors > MOST_PROCESSORS or abs(submit) > LATEST:
            raise InputError("holds a number that cannot be", file, number, found=text[:60])
        submits.append(submit - first)
        numbers.append(number)
        requested = values[8] if values[8] > 0 else run
        trace.jobs.append(
            Job(
                name,
                submit - first,
                whole(processors * accelerators_per_processor),
                run,
                max(requested, run),
                f"user-{int(values[11])}",
            )
        )
    if not trace.jobs:
        raise InputError("trace holds no job that ran", file)
    refuse_twice(trace, file, numbers, "job number")
    column = Column(file, "submit time", pandas.Series(submits), np.array(numbers))
    return trace, Times(np.array(submits), False, None), column
