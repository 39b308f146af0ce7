"""What Slurm's ``sacct`` writes into job tables: trackable resources, and steps of jobs."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.tabular import missing
from twin.tabular.table import Column

_RESOURCES = re.compile(r"[^,=]+=[^,]*(?:,[^,=]+=[^,]*)*")
_GENERIC = re.compile(r"(?:gres[:/])?gpu(?::[\w.\-]+)?[:=]\d+(?:\([^)]*\))?(?:,.*)?")
_COUNT = re.compile(r"(?:^|,)(?:gres[:/])?gpu(?P<kind>:[A-Za-z][\w.\-]*)?[:=](?P<count>\d+)")
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

    A total (``gres/gpu=8``) counts before the parts by type (``gres/gpu:a100=8``).
    """
    texts = column.texts
    gone = missing.words(texts)
    found = np.full(len(column), np.nan)
    for row in np.flatnonzero(~gone):
        counts = [(m["kind"], int(m["count"])) for m in _COUNT.finditer(texts.iloc[row])]
        totals = [count for kind, count in counts if kind is None]
        found[row] = totals[0] if totals else sum(count for _, count in counts)
    return found


def steps(column: Column) -> NDArray[np.bool_]:
    """Rows that are steps (``101.batch``) of a job which has a row of its own, shape [rows]."""
    texts = column.texts
    names = set(texts.tolist())
    parts = texts.map(_STEP.fullmatch)
    return np.array([part is not None and part[1] in names for part in parts], dtype=np.bool_)
