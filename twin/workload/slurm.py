"""What Slurm's ``sacct`` writes into job tables: trackable resources, and steps of jobs."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.tabular import missing
from twin.tabular.table import Column

_RESOURCES = re.compile(r"[^,=]+=[^,]*(?:,[^,=]+=[^,]*)*")
_GENERIC = re.compile(r"(?:gres[:/])?gpu(?::[\w.+\-]+)?[:=]\d+(?:\([^)]*\))?(?:,.*)?")
_COUNT = re.compile(
    r"(?:^|,)(?:gres[:/])?gpu(?::(?P<kind>[\w.+\-]*[A-Za-z][\w.+\-]*))?[:=](?P<count>\d+)"
)
_SLICE = re.compile(r"(?:^|[_\-])(?P<profile>(?P<slices>[1-7])g\.\d+gb)", re.IGNORECASE)
SLICES = 7
"""Compute slices of a GPU that is cut by MIG: profile ``3g.20gb`` has three of them. Source: NVIDIA
Multi-Instance GPU User Guide, tables of supported profiles (A100, H100, H200, B200)."""
OF_FOUR = ("1g.6gb", "2g.12gb", "4g.24gb", "2g.48gb", "4g.96gb")
"""Profiles of parts with four slices: A30 and RTX PRO 6000. The latter's ``1g.24gb`` is also one of
the H100 and counts as that."""
_STEP = re.compile(r"(\d+(?:_\d+)?(?:\+\d+)?)\.(?:batch|extern|interactive|\d+)")


def holds_resources(column: Column) -> bool:
    """Whether cells list resources (``cpu=72,gres/gpu=8`` or ``gpu:a100:8``), not numbers."""
    texts = column.texts
    written = texts[~missing.words(texts)]
    return len(written) > 0 and bool(
        written.map(lambda text: bool(_RESOURCES.fullmatch(text) or _GENERIC.fullmatch(text))).all()
    )


def accelerators_in(column: Column) -> Floats:
    """GPUs of every cell that lists resources: 0 where it lists none, NaN where it is missing.

    A total (``gres/gpu=8``) counts before the parts by type (``gres/gpu:a100=8``). A MIG slice,
    which Slurm counts as one (``gres/gpu:3g.20gb=1``), is a part of a GPU.
    """
    texts = column.texts
    gone = missing.words(texts)
    found = np.full(len(column), np.nan)
    for row in np.flatnonzero(~gone):
        counts = [(m["kind"], int(m["count"])) for m in _COUNT.finditer(texts.iloc[row])]
        totals = [count for kind, count in counts if kind is None]
        typed = [(part_of_gpu(kind), count) for kind, count in counts if kind is not None]
        units = sum(count for _, count in typed)
        # of what the total has beyond the types nothing is known but that it is GPUs
        rest = max(totals[0] - units, 0) if totals else 0
        if totals and all(part == 1.0 for part, _ in typed):
            found[row] = totals[0]
        else:
            found[row] = rest + sum(part * count for part, count in typed)
    return found


def part_of_gpu(kind: str) -> float:
    """Share of a GPU that one of a type is: less than 1 for a MIG slice, by its compute slices."""
    found = _SLICE.search(kind)
    if found is None:
        return 1.0
    slices = 4 if found["profile"].lower() in OF_FOUR else SLICES
    return int(found["slices"]) / slices


def steps(column: Column) -> NDArray[np.bool_]:
    """Rows that are steps (``101.batch``) of a job which has a row of its own, shape [rows]."""
    texts = column.texts
    names = set(texts.tolist())
    parts = texts.map(_STEP.fullmatch)
    return np.array([part is not None and part[1] in names for part in parts], dtype=np.bool_)
