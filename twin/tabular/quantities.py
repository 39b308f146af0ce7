"""Columns as quantities in SI: whose word counts for the unit, and what cannot be."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from physics.factory.arrays import Floats
from twin.errors import InputError
from twin.tabular.cells import Decimal, numbers
from twin.tabular.table import Column, split_unit
from twin.units import parse_quantity

# how names of columns end that say a unit without brackets, by the unit that they mean
_ENDINGS = {
    "W": {"w": "W", "watt": "W", "watts": "W", "mw": "MW", "kw": "kW", "kilowatt": "kW"},
    "": {"pct": "%", "percent": "%", "percentage": "%"},
    "s": {
        "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "ms": "ms", "msec": "ms",
        "millis": "ms", "milliseconds": "ms", "us": "us", "usec": "us", "microseconds": "us",
        "ns": "ns", "nanoseconds": "ns", "min": "min", "mins": "min", "minutes": "min",
        "h": "h", "hours": "h",
    },
}  # fmt: skip


PERCENT_COUNTERS = (
    "dcgm_fi_dev_gpu_util", "dcgm_fi_dev_mem_copy_util", "dcgm_fi_dev_enc_util",
    "dcgm_fi_dev_dec_util", "utilization.gpu", "utilization.memory", "utilization.encoder",
    "utilization.decoder", "utilization.jpeg", "utilization.ofa",
)  # fmt: skip
"""Columns of DCGM's exporter and of ``nvidia-smi --query-gpu`` that are percent by definition, also
without a sign. DCGM's profiling metrics (``DCGM_FI_PROF_...``) are shares."""


def _is_percent(name: str) -> bool:
    """Whether a column is a percent counter, also with labels behind it as Prometheus has them."""
    return name.partition("{")[0].strip().casefold() in PERCENT_COUNTERS


def unit_in_name(name: str, si: str) -> tuple[str, bool]:
    """Unit of a dimension that a column's name speaks of, and whether it stands in brackets.

    ``si``: unit in SI as :func:`twin.units.parse_quantity` takes it. Empty when there is none.
    """
    unit = split_unit(name)[1]
    if unit:
        try:
            parse_quantity(f"1 {unit}", si)
        except ValueError:
            return "", False
        return unit, True
    endings = (re.split(r"[_\s.\-]", name)[-1], re.split(r"(?<=[a-z])(?=[A-Z])", name)[-1])
    for ending in endings:  # run_time_hours, runTimeHours
        if ending == name:
            continue
        if si == "W" and ending == "mW":
            return "mW", False
        found = _ENDINGS.get(si, {}).get(ending.lower(), "")
        if found:
            return found, False
    return "", False


def quantity(
    column: Column,
    si: str,
    given: str = "",
    decimal: Decimal | None = None,
    key: str = "unit",
    usual: str | None = None,
    marks: tuple[float, ...] = (),
) -> Floats:
    """A column in SI, NaN where a cell is missing, shape [rows].

    The unit is that of the cells, else ``given`` (the scenario's), else that in brackets behind the
    column's name, else ``usual``.

    Parameters
    ----------
    si : unit that is wanted, in pint's spelling; empty for shares and counts
    key : of the scenario that gives the unit, for messages
    usual : unit where nobody says one; None: it has to be said
    marks : numbers, as they stand in the file, that mean a missing value

    Raises
    ------
    InputError : no unit, two that disagree, one that is unknown or of another dimension
    """
    if si == "" and usual is not None and _is_percent(column.name):
        usual = "%"
    read = numbers(column, decimal)
    values = np.where(np.isin(read.values, marks), np.nan, read.values)
    present = np.isfinite(values)
    in_cells = [unit for unit in dict.fromkeys(read.units[present].tolist()) if unit]
    in_name, bracketed = unit_in_name(column.name, si)
    example = {"W": "kW", "s": "ms", "": "'%'"}.get(si, si)
    wanted = _factor(given, si, column, key) if given else None
    if in_cells:
        bare = np.flatnonzero(present & (read.units == ""))
        if len(bare):
            raise column.error("has no unit, and other cells have one", int(bare[0]))
        factors = np.ones(len(column))
        for unit in in_cells:
            rows = read.units == unit
            factor = _cell_factor(unit, si, column, rows)
            if wanted is not None and factor != wanted:
                row = int(np.flatnonzero(rows)[0])
                raise column.error(f"has another unit than {key}: {given} says", row)
            factors[rows] = factor
        return _scaled(values, factors)
    if wanted is not None:
        if bracketed and _factor(in_name, si, column, key) != wanted:
            raise InputError(
                f"the column's name says another unit than {key}",
                column.file,
                key=column.name,
                found=f"{key}: {given}",
                allowed=f"{key}: {in_name}",
            )
        return _scaled(values, wanted)
    if bracketed:
        return _scaled(values, _factor(in_name, si, column, key))
    if in_name and (usual is None or _factor(in_name, si, column, key) != _plain(usual, si)):
        raise InputError(
            f"no unit is said, and the column's name speaks of {in_name}",
            column.file,
            key=column.name,
            allowed=f"{key}: {in_name!r}, or {key}: {usual or si!r} if it is that",
        )
    if usual is None:
        raise InputError(
            "no unit is said",
            column.file,
            key=column.name,
            allowed=f"{key}, such as {key}: {example}",
        )
    return _scaled(values, _plain(usual, si))


def _scaled(values: Floats, factor: Floats | float) -> Floats:
    with np.errstate(over="ignore"):  # what becomes infinite is beyond all bounds
        return np.asarray(values * factor)


def _plain(unit: str, si: str) -> float:
    return parse_quantity("1" if unit == "1" else f"1 {unit}", si)


def _factor(unit: str, si: str, column: Column, key: str) -> float:
    try:
        return _plain(unit, si)
    except ValueError as error:
        raise InputError(f"unit {error}", column.file, key=key, found=unit) from None


def _cell_factor(unit: str, si: str, column: Column, rows: Any) -> float:
    try:
        return _plain(unit, si)
    except ValueError as error:
        raise column.error(str(error), int(np.flatnonzero(rows)[0])) from None


def refuse_beyond(
    column: Column, values: Floats, low: float, high: float, unit: str, why: str = ""
) -> None:
    """Raise InputError for the first value that cannot be, with its line and the bound.

    low, high : bounds in SI, themselves allowed
    unit : of values and bounds in messages; ``%``: values are shares
    """
    beyond = np.flatnonzero((values < low) | (values > high))
    if not len(beyond):
        return
    row = int(beyond[0])
    value = float(values[row])
    if unit == "%":
        shown = f"{value:.4g}"
        bound = "0 to 1" if value < low else "0 to 1; if it is in percent, unit: '%'"
    elif value < low:
        shown, bound = f"{value:,.4g} {unit}", f"at least {low:,g} {unit}"
    else:
        shown, bound = f"{value:,.6g} {unit}", f"at most {high:,.6g} {unit}"
    raise InputError(
        f"cannot be{f': {why}' if why else ''}",
        column.file,
        int(column.lines[row]),
        column.name,
        shown,
        bound,
    )
