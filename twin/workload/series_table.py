"""Reading measured series: one column for all, a column for each element, or a line for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.catalog.specs import Rack
from twin.clock import Clock
from twin.errors import InputError
from twin.tabular import missing
from twin.tabular.quantities import quantity, refuse_beyond
from twin.tabular.reader import read_table
from twin.tabular.span import Foreign, foreign, on_the_run, refuse_outside, spans
from twin.tabular.stamps import Times, times_of
from twin.tabular.table import Column, Table
from twin.workload.driver import Rows, racks_at
from twin.workload.spec import Series

if TYPE_CHECKING:
    from twin.plant import Plant

POWERS = ("power", "heat")
PEAK_OVER_RATED = 2.0
"""Largest power over what racks are rated for that is believed: meters see peaks of half as much
again (NVIDIA's peak-power guidance); twice is a wrong unit or a broken meter."""
OWNERS = ("gpu", "index", "gpu_index", "gpu_id", "gpuid", "uuid", "gpu_uuid", "pci.bus_id",
          "device", "hostname", "host", "instance", "node", "nodename")  # fmt: skip
"""Columns, as exporters name them, that tell lines of several devices apart."""


@dataclass(frozen=True)
class Gap:
    """A stretch without values: where, from and to [s], and how it was bridged."""

    element: str
    beginning: float
    end: float

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.beginning


@dataclass
class Channelled:
    """One element's series: racks, times [s] rising, values in SI."""

    element: str
    rows: Rows
    times: Floats
    values: Floats


@dataclass
class SeriesTable:
    """What was read.

    Attributes
    ----------
    parts : the series of every element
    gaps : stretches without values that are bridged
    told : what people should know of the table, in sentences
    foreign : its clock, where it is another than the site's
    """

    parts: list[Channelled] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    foreign: Foreign | None = None


def read_series(
    plant: Plant, spec: Series, path: str, rows: Rows, clock: Clock, duration: float
) -> SeriesTable:
    """Read the series of a path's racks.

    Parameters
    ----------
    clock, duration : of the run, which the table has to meet

    Raises
    ------
    InputError : see :mod:`twin.tabular`; times that do not rise, gaps that are too long, unknown
        elements, values that cannot be
    """
    file = Path(spec.file)
    wanted = {spec.time: "time"}
    if spec.value is not None:
        wanted[spec.value] = spec.quantity
    if spec.element is not None:
        wanted[spec.element] = "element"
    wanted.update({column: f"element {element}" for element, column in spec.columns.items()})
    table = read_table(file, wanted)
    owners = table[spec.element].texts.to_numpy(dtype=object) if spec.element else None
    if owners is None:
        _refuse_several(table, spec)
    times = times_of(table[spec.time], spec, clock, owners)
    told: list[str] = []
    if spec.after != "repeat":  # which meets every run that begins later
        times, told = on_the_run(file, times, spec, clock, duration)
    reading = _Reading(
        plant,
        spec,
        path,
        table,
        times,
        SeriesTable(told=told, foreign=foreign(file, times, spec, clock)),
    )
    if spec.columns:
        for element, name in spec.columns.items():
            reading.take(element, reading.racks_of(element, name), table[name], times.seconds)
    elif owners is None:
        assert spec.value is not None
        reading.take(path, rows, table[spec.value], times.seconds)
    else:
        assert spec.value is not None
        for element in dict.fromkeys(owners.tolist()):
            mine = owners == element
            column = table[spec.value].where(mine)
            racks = reading.racks_of(element, str(spec.element), column)
            reading.take(element, racks, column, times.seconds[mine], mine)
    reading.refuse_shared()
    reading.tell(clock, duration)
    return reading.result


def _refuse_several(table: Table, spec: Series) -> None:
    """Refuse lines of several devices that would be taken for one series."""
    used = {table[name].name for name in table.found}
    for name in table.names:
        if name in used or name.casefold() not in OWNERS:
            continue
        column = table.named(name)
        texts = column.texts
        texts = texts[~missing.words(texts)]
        if texts.nunique() > 1:
            raise InputError(
                "lines are of several devices, and one series is asked for",
                table.file,
                key=name,
                found=", ".join(texts.unique()[:6]),
                allowed="element: with the column that names racks; or one line for each time, "
                "with the mean (power: the sum) over the devices",
            )


@dataclass
class _Reading:
    """A table under work."""

    plant: Plant
    spec: Series
    path: str
    table: Table
    times: Times
    result: SeriesTable

    def racks_of(self, element: str, key: str, column: Column | None = None) -> Rows:
        """Racks of an element that a table or a column map names."""
        full = self.full(element)
        try:
            return racks_at(self.plant, full)
        except InputError as error:
            hint = error.allowed
            if element.isdigit() or element.upper().startswith("GPU-"):
                hint = (
                    "racks, or what holds racks, such as rack-01: a series drives whole racks; "
                    "of single GPUs give the mean (power: the sum) of each rack"
                )
            line = int(column.lines[0]) if column is not None and len(column) else None
            file = self.spec.file
            raise InputError(error.message, file, line, key, element, hint) from None

    def full(self, element: str) -> str:
        """Path of an element, which may be given from the entry's path on."""
        return element if element.startswith("/") else f"{self.path.rstrip('/')}/{element}"

    def take(
        self,
        element: str,
        rows: Rows,
        column: Column,
        seconds: Floats,
        mine: NDArray[np.bool_] | None = None,
    ) -> None:
        """Check one element's values and keep them."""
        spec, full = self.spec, self.full(element)
        stamps = self.table[spec.time] if mine is None else self.table[spec.time].where(mine)
        power = spec.quantity in POWERS
        values = quantity(
            column,
            "W" if power else "",
            spec.unit,
            spec.decimal,
            usual=None if power else "1",
            marks=missing.LOGGED,
        )
        with np.errstate(over="ignore"):  # what becomes infinite is beyond all bounds
            values = values * spec.scale
        if power:
            self._refuse_power(column, values, rows)
        else:
            refuse_beyond(column, values, -1e-9, 1.0 + 1e-9, "%", f"{spec.quantity} is not a share")
        present = np.isfinite(values)
        if not present.any():
            raise InputError("holds no number", column.file, key=column.name)
        nameless = np.flatnonzero(present & np.isnan(seconds))
        if len(nameless):
            raise stamps.error("a time is missing", int(nameless[0]))
        timed = np.isfinite(seconds)
        self._refuse_order(stamps.where(timed), seconds[timed])
        lost = int((~present).sum())
        if lost:
            self.result.told.append(
                f"{column.file.name}: {lost} of {len(values)} values of '{column.name}' missing, "
                f"at {full}"
            )
        part = Channelled(full, rows, seconds[present], values[present])
        self._bridge(part, column)
        self.result.parts.append(part)

    def _refuse_power(self, column: Column, values: Floats, rows: Rows) -> None:
        spec, names = self.spec, self.plant.product_ids("rack")
        rated = sum(self.plant.layout.product(names[r], Rack).rated_power for r in rows)
        most = PEAK_OVER_RATED * rated
        why = f"{spec.quantity} beyond twice what {len(rows)} racks are rated for"
        refuse_beyond(column, values, -np.inf, most, "W", why)
        refuse_beyond(column, values, 0.0, np.inf, "W", f"{spec.quantity} is negative")

    def _refuse_order(self, stamps: Column, seconds: Floats) -> None:
        back = np.flatnonzero(np.diff(seconds) <= 0.0)
        if not len(back):
            return
        row = int(back[0]) + 1
        twice = seconds[row] == seconds[row - 1]
        found = f"{self.times.text(seconds[row])} after {self.times.text(seconds[row - 1])}"
        hint = "; lines of several elements need element:" if self.spec.element is None else ""
        raise InputError(
            f"{'a time stands twice' if twice else 'times go backwards'} (overlapping data)",
            stamps.file,
            int(stamps.lines[row]),
            stamps.name,
            found,
            f"rising times{hint if twice else ''}",
        )

    def _bridge(self, part: Channelled, column: Column) -> None:
        for beginning, end in gaps_of(part.times):
            gap = Gap(part.element, beginning, end)
            if gap.length > self.spec.longest_gap:
                raise InputError(
                    f"a gap of {gap.length:.0f} s from {self.times.text(beginning)}",
                    column.file,
                    key=column.name,
                    found=part.element,
                    allowed=f"gaps of at most {self.spec.longest_gap:.0f} s (longest_gap)",
                )
            self.result.gaps.append(gap)

    def refuse_shared(self) -> None:
        """Refuse elements that have racks in common: which of their values would count?"""
        owner: dict[int, str] = {}
        for part in self.result.parts:
            for row in part.rows.tolist():
                if row in owner:
                    rack = self.plant.levels.path("rack", row)
                    raise InputError(
                        "two elements drive the same racks",
                        self.spec.file,
                        key="columns" if self.spec.columns else str(self.spec.element),
                        found=f"{owner[row]} and {part.element}, both for {rack}",
                        allowed="one element for a rack",
                    )
                owner[row] = part.element

    def tell(self, clock: Clock, duration: float) -> None:
        """Refuse a table that does not meet the run; tell of one that does in part."""
        parts, spec = self.result.parts, self.spec
        times = np.concatenate([part.times for part in parts])
        column = self.table[spec.time]
        low, high = float(times.min()), float(times.max())
        if spec.after != "repeat" or high >= 0.0:
            refuse_outside(column, self.times, times, duration, several=False)
        usual = max((_spacing(part.times) for part in parts), default=0.0)
        late, early = low > max(usual, 0.0), high < duration - max(usual, 1e-9) and high > low
        if not (late or early):
            return
        held = []
        if late:
            held.append("its first value is held before it")
        if early:
            after = {"hold": "its last value is held", "repeat": "it is repeated", "idle": "idle"}
            held.append(f"{after[spec.after]} after it (after: {spec.after})")
        self.result.told.insert(
            0,
            f"{column.file.name}: {spans(self.times, low, high, duration)}; {', '.join(held)}",
        )


def _spacing(times: Floats) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def gaps_of(times: Floats) -> list[tuple[float, float]]:
    """Stretches between neighbouring times that are clearly longer than the usual spacing.

    Usual is the median; a stretch counts from 1.5 times that.
    """
    usual = _spacing(times)
    if usual <= 0.0:
        return []
    found = np.flatnonzero(np.diff(times) > 1.5 * usual)
    return [(float(times[i]), float(times[i + 1])) for i in found]
