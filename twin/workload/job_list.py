"""Jobs that were read from a file, what was left out, and what is believed of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twin.errors import InputError
from twin.tabular.span import Foreign
from twin.workload.job import Job

LONGEST = 1e9
"""Longest job that is believed [s]: 30 years."""
MOST_PROCESSORS = 1e9
"""Largest number of processors or accelerators of one job that is believed."""
LATEST = 1e12
"""Latest submission that is believed, of whatever zero [s]."""
NAMED = 3  # lines that a remark names


@dataclass
class Trace:
    """Jobs that can run, by submission, and what was left out.

    Attributes
    ----------
    left_out : why, and the names of the jobs (or the lines) it concerns
    remarks : what else people should know, in sentences
    count : of all jobs in the file
    foreign : clock of its table, where it is another than the site's
    """

    jobs: list[Job] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    count: int = 0
    foreign: Foreign | None = None

    def leave_out(self, why: str, what: str) -> None:
        """Note a job that will not run."""
        self.left_out.setdefault(why, []).append(what)

    def told(self, name: str) -> list[str]:
        """Sentences about a trace of that name."""
        lines = []
        if self.left_out:
            total = sum(len(names) for names in self.left_out.values())
            reasons = "; ".join(
                f"{len(names)} {why} ({', '.join(names[:NAMED])}"
                f"{', ...' if len(names) > NAMED else ''})"
                for why, names in self.left_out.items()
            )
            lines.append(f"{name}: {total} of {self.count} jobs left out: {reasons}")
        return lines + self.remarks


def refuse_twice(trace: Trace, file: Path, lines: Sequence[int], key: str) -> None:
    """Refuse an id that two jobs have: what is saved of one would count for the other."""
    seen: dict[str, int] = {}
    for job, line in zip(trace.jobs, lines, strict=True):
        if job.id in seen:
            raise InputError(
                "job id used twice",
                file,
                line,
                key,
                job.id,
                f"one line for each job (the other is line {seen[job.id]})",
            )
        seen[job.id] = line
