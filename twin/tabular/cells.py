"""Cells as numbers: decimal points and commas, grouped thousands, units behind the number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.tabular import missing
from twin.tabular.table import Column

Decimal = Literal[".", ","]

_PLAIN = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CELL = re.compile(
    r"(?!0[xX])([-+]?[0-9.,]+(?:[eE][-+]?[0-9]+)?)\s*((?:[^\W\d_]|[%\u00b0\u00b5\u2126]).*)?"
)
# pandas 2 misreads exponents beyond 32 bits, or ends the process over them
_LONG_EXPONENT = re.compile(r"[eE][-+]?\d{4}")
_IS_PLAIN = re.compile(_PLAIN, re.ASCII)
# blanks and apostrophes that group thousands, and minus signs that typesetters prefer
_GROUPS = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'\u2019](?=\d{3}(?!\d))", re.ASCII)
_MINUS = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " "})
_POINT_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+", re.ASCII)
_COMMA_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
_COMMA_GROUPED_POINT = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+\.\d*", re.ASCII)
_POINT_GROUPED_COMMA = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+,\d*", re.ASCII)
_COMMA_DECIMAL = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?", re.ASCII)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Cells of a column as numbers.

    Attributes
    ----------
    values : NaN where a cell is missing, shape [rows]
    units : what stands behind the number, empty without, shape [rows]
    """

    values: Floats
    units: NDArray[np.object_]


def numbers(column: Column, decimal: Decimal | None = None) -> Numbers:
    """Read a column as numbers.

    Missing marks become NaN. A comma is a decimal comma or groups thousands as the column's own
    numbers show; where they do not, ``decimal`` has to say it.

    Raises
    ------
    InputError : a cell that is no number, not finite, or that may be read in two ways
    """
    import pandas

    if pandas.api.types.is_bool_dtype(column.cells.dtype):
        raise column.error("is not a number", 0)
    texts = column.texts
    gone = missing.words(texts)
    if decimal != "," and not column.semicolons and not texts.str.contains(_LONG_EXPONENT).any():
        plain = pandas.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
        if (np.isfinite(plain) | gone).all():
            plain[missing.blanks(plain)] = np.nan
            return Numbers(plain, np.full(len(column), "", dtype=object))
    distinct: dict[str, tuple[float, str]] = dict.fromkeys(texts[gone].unique(), (np.nan, ""))
    parted = _parted(column, texts, gone)
    reading = _reading(column, texts, parted, decimal)
    for text, (core, unit) in parted.items():
        value = _value(core, reading)
        if value is None or not np.isfinite(value):
            row = _first(texts, text)
            if value is not None:
                raise column.error("is not finite", row)
            allowed = "" if decimal is None else f"numbers with '{decimal}' before the decimals"
            raise column.error("is not a number", row, allowed)
        distinct[text] = (value, unit)
    values = texts.map(lambda text: distinct[text][0]).to_numpy(dtype=np.float64)
    units = texts.map(lambda text: distinct[text][1]).to_numpy(dtype=object)
    blank = missing.blanks(values)
    values[blank] = np.nan
    units[np.isnan(values)] = ""
    return Numbers(values, units)


def _first(texts: Any, text: str) -> int:
    return int(np.flatnonzero((texts == text).to_numpy())[0])


def _parted(column: Column, texts: Any, gone: NDArray[np.bool_]) -> dict[str, tuple[str, str]]:
    """Number and unit of every distinct cell that is not missing."""
    parted: dict[str, tuple[str, str]] = {}
    for text in texts[~gone].unique():
        found = _CELL.fullmatch(_GROUPS.sub("", text.translate(_MINUS)).strip())
        if found is None:
            raise column.error("is not a number", _first(texts, text))
        parted[text] = (found[1], (found[2] or "").strip())
    return parted


def _reading(
    column: Column, texts: Any, parted: dict[str, tuple[str, str]], given: Decimal | None
) -> Decimal:
    """What stands before the decimals, by the numbers that can be read in one way only."""
    if given is not None:
        return given
    evidence: dict[str, str] = {}
    doubtful = None
    for text, (core, _) in parted.items():
        says = _evidence(core)
        if says:
            evidence.setdefault(says, text)
        elif _COMMA_GROUPED.fullmatch(core) or (
            column.semicolons and _POINT_GROUPED.fullmatch(core)
        ):
            doubtful = doubtful or text
    if len(evidence) == 2:
        row = max(_first(texts, text) for text in evidence.values())
        raise column.error(
            "has another sign before its decimals than cells above it", row, "one sign for all"
        )
    if evidence:
        return "," if "," in evidence else "."
    if doubtful is not None:
        raise column.error(
            "may be read in two ways",
            _first(texts, doubtful),
            "decimal: ',' or decimal: '.' in the scenario, for what stands before the decimals",
        )
    return "."


def _evidence(core: str) -> str:
    """What a number says of the sign before decimals: a point, a comma, or nothing."""
    digits = core.lstrip("+-")
    if _COMMA_GROUPED_POINT.fullmatch(core) or (
        _COMMA_GROUPED.fullmatch(core) and core.count(",") > 1
    ):
        return "."
    if _POINT_GROUPED_COMMA.fullmatch(core) or (
        _POINT_GROUPED.fullmatch(core) and core.count(".") > 1
    ):
        return ","
    if _COMMA_DECIMAL.fullmatch(core) and not _COMMA_GROUPED.fullmatch(core):
        return ","
    if "." in digits and _IS_PLAIN.fullmatch(core) and not _POINT_GROUPED.fullmatch(core):
        return "."
    return ""


def _value(core: str, decimal: Decimal) -> float | None:
    """Value of a number; None when it is not written with that sign before the decimals."""
    if decimal == ",":
        if _POINT_GROUPED.fullmatch(core) or _POINT_GROUPED_COMMA.fullmatch(core):
            core = core.replace(".", "")
        elif "." in core:
            return None
        core = core.replace(",", ".")
    elif _COMMA_GROUPED.fullmatch(core) or _COMMA_GROUPED_POINT.fullmatch(core):
        core = core.replace(",", "")
    return float(core) if _IS_PLAIN.fullmatch(core) else None
