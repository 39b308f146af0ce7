"""Local times of a zone in UTC, around the nights when its clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.clock import zone
from twin.errors import InputError
from twin.tabular.table import Column


def localised(column: Column, times: Any, name: str, groups: NDArray[np.object_] | None) -> Any:
    """Stamps of a zone in UTC; the order of lines tells the two passes of an hour apart."""
    import pandas

    found = pandas.Series(pandas.NaT, index=times.index, dtype="datetime64[ns, UTC]")
    owners = np.full(len(times), "", dtype=object) if groups is None else groups
    for owner in dict.fromkeys(owners.tolist()):
        rows = np.flatnonzero((owners == owner) & times.notna().to_numpy())
        part = times.iloc[rows].dt
        try:
            placed = part.tz_localize(zone(name), ambiguous="infer", nonexistent="raise")
        except Exception:  # of two libraries of zones, by the version of pandas
            raise _no_such_hour(column, times, rows, name) from None
        found.iloc[rows] = placed.dt.tz_convert("UTC")
    return found


def _no_such_hour(column: Column, times: Any, rows: NDArray[np.int64], name: str) -> InputError:
    """The first stamp of some rows that has no place, or two, in a zone."""
    region = zone(name)
    doubtful = None
    for row in rows:
        local = times.iloc[row].to_pydatetime()
        early, late = (local.replace(tzinfo=region, fold=fold).astimezone(UTC) for fold in (0, 1))
        if early.astimezone(region).replace(tzinfo=None) != local:
            return column.error(
                f"is a time that clocks in {name} skip", int(row), "stamps with their offset"
            )
        if early != late and doubtful is None:
            doubtful = int(row)
    return column.error(
        f"is a time that clocks in {name} show twice, and the order does not tell which",
        doubtful,
        "rising times, or stamps with their offset",
    )


def moment_in_zone(column: Column, local: datetime, name: str) -> datetime:
    """A local time of a zone in UTC; refused by name where the clocks' change forbids it."""
    region = zone(name)
    early, late = (local.replace(tzinfo=region, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late and early.astimezone(region).replace(tzinfo=None) == local:
        return early
    raise InputError(
        f"clocks in {name} skip or show twice the time at which the run begins",
        column.file,
        key=column.name,
        found=local.isoformat(),
        allowed="first: with an offset, such as first: " + early.astimezone(region).isoformat(),
    )
