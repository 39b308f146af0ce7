"""What stands in tables and telemetry where a value is missing.

Words that exporters write (nvidia-smi, Grafana, spreadsheets, Slurm, pandas), the blank values of
NVIDIA's Data Center GPU Manager, and the numbers that loggers put for "no value".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats

WORDS = frozenset(
    {
        "",
        "-",
        "--",
        "\u2013",
        "\u2014",
        "?",
        "na",
        "n/a",
        "nan",
        "none",
        "null",
        "nil",
        "nat",
        "<na>",
        "undefined",
        "unknown",
        "missing",
        "no data",
        "not available",
        "not supported",
        "not found",
        "unknown error",
        "err!",
        "insufficient permissions",
        "gpu requires reset",
        "requested functionality has been deprecated",
        "#n/a",
        "#na",
        "#n/d",
        "#nv",
        "#value!",
        "#div/0!",
        "#ref!",
        "#num!",
        "#name?",
        "#null!",
    }
)
"""In lower case; brackets around a word (``[N/A]``) do not matter."""

_KINDS = 4  # blank, not found, not supported, not permitted follow each other in DCGM
DCGM_INT32_BLANK = 0x7FFFFFF0
DCGM_INT64_BLANK = 0x7FFFFFFFFFFFFFF0
DCGM_FP64_BLANK = 140_737_488_355_328.0
"""Blank values as DCGM's ``dcgm_structs.h`` defines them."""

LOGGED = (-1.0, -9999.0, 9999.0, 99999.0, 999999.0)
"""Numbers that loggers write for a missing measurement; 9999 may well be a number of tokens."""
UNKNOWN = (-1.0,)
"""The number that traces write for an unknown count or time."""


def is_word(text: str) -> bool:
    """Whether a cell's text says that there is no value."""
    plain = text.strip().lower()
    if plain.startswith("[") and plain.endswith("]"):
        plain = plain[1:-1].strip()
    return plain in WORDS


def words(texts: Any) -> NDArray[np.bool_]:
    """Cells of a column (a pandas series of text) that hold a missing mark, shape [rows]."""
    found = ~texts.str.match(r"[-+]?[.\d]").to_numpy(dtype=np.bool_)  # no number: maybe a mark
    others = texts[found]
    known = {text: is_word(text) for text in others.unique()}
    found[found] = others.map(known).to_numpy(dtype=np.bool_)
    return np.asarray(found, dtype=np.bool_)


def blanks(values: Floats) -> NDArray[np.bool_]:
    """Values that are blanks of DCGM, shape of ``values``."""
    found = np.zeros(np.shape(values), dtype=np.bool_)
    for first in (float(DCGM_INT32_BLANK), DCGM_FP64_BLANK):
        found |= (values >= first) & (values < first + _KINDS) & (values == np.floor(values))
    # doubles cannot tell the four 64-bit blanks from each other or from 2^63
    found |= values == float(DCGM_INT64_BLANK)
    return found
