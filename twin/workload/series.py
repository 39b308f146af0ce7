"""Measured time series that drive racks, CDUs or sites: utilisation, power or heat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats
from twin.errors import InputError
from twin.units import parse_quantity
from twin.workload.driver import Rows, Stateless, racks_at
from twin.workload.racks import accelerators
from twin.workload.spec import Series
from twin.workload.table import gaps_of, numbers, read_table, seconds_since

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.simulation import Simulation

TARGET_INTERVAL = 1.0  # s between corrections of the utilisation that follows a power
SETTLED = 1e-4  # relative difference to the target that needs no more correction
UNITS = {"power": "W", "heat": "W"}


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
    """One element's series: racks, times [s] rising, values."""

    element: str
    rows: Rows
    times: Floats
    values: Floats


class SeriesDriver(Stateless):
    """Follows a time series.

    utilisation and shares are written as they are. For power and heat the utilisation is corrected
    every second by what is missing, over the power between idle and full load, so that the racks
    draw or give what was measured; what the racks cannot reach is counted.

    Attributes
    ----------
    gaps : stretches without values that were bridged
    """

    def __init__(self, plant: Plant, spec: Series, path: str, rows: Rows, start: datetime):
        self.spec = spec
        self.gaps: list[Gap] = []
        self.parts = self._read(plant, path, rows, start)
        self.missed = 0.0
        self._check_range()
        self._span = self._power_span(plant)
        self._watched = False

    # --- reading ----------------------------------------------------------------------------------

    def _read(self, plant: Plant, path: str, rows: Rows, start: datetime) -> list[Channelled]:
        spec, file = self.spec, Path(self.spec.file)
        wanted = {spec.time: "time"}
        if spec.value is not None:
            wanted[spec.value] = spec.quantity
        if spec.element is not None:
            wanted[spec.element] = "element"
        wanted.update({column: f"element {element}" for element, column in spec.columns.items()})
        table = read_table(file, wanted)
        times = seconds_since(table[spec.time], spec.first or start, spec.timezone, file, spec.time)
        if spec.columns:
            return [
                self._part(plant, element, path, times, table[column], column)
                for element, column in spec.columns.items()
            ]
        assert spec.value is not None
        if spec.element is None:
            return [self._cleaned(path, rows, times, table[spec.value], spec.value)]
        owners = np.array([str(name).strip() for name in table[spec.element]])
        return [
            self._part(
                plant,
                element,
                path,
                times[owners == element],
                table[spec.value][owners == element],
                spec.value,
            )
            for element in dict.fromkeys(owners.tolist())
        ]

    def _part(
        self, plant: Plant, element: str, path: str, times: Floats, values: object, column: str
    ) -> Channelled:
        full = element if element.startswith("/") else f"{path.rstrip('/')}/{element}"
        try:
            rows = racks_at(plant, full)
        except InputError as error:
            raise InputError(
                error.message, self.spec.file, key=column, found=element, allowed=error.allowed
            ) from None
        return self._cleaned(full, rows, times, values, column)

    def _cleaned(
        self, element: str, rows: Rows, times: Floats, values: object, column: str
    ) -> Channelled:
        """Values in SI, checked for order, gaps and missing values."""
        spec, file = self.spec, Path(self.spec.file)
        numeric = numbers(values, file, column)
        backwards = np.flatnonzero(np.diff(times) <= 0.0)
        if len(backwards):
            line = int(backwards[0]) + 3
            twice = times[backwards[0] + 1] == times[backwards[0]]
            raise InputError(
                "a time stands twice (overlapping data)"
                if twice
                else "times go backwards (overlapping data)",
                file,
                line,
                spec.time,
                found=f"{times[backwards[0] + 1]:.0f} s after {times[backwards[0]]:.0f} s",
                allowed="rising times",
            )
        present = np.isfinite(numeric)
        if not present.any():
            raise InputError("holds no number", file, key=column)
        times, numeric = times[present], numeric[present]
        for beginning, end in gaps_of(times, 0.0):
            gap = Gap(element, beginning, end)
            if gap.length > spec.longest_gap:
                raise InputError(
                    f"a gap of {gap.length:.0f} s from {beginning:.0f} s",
                    file,
                    key=column,
                    found=element,
                    allowed=f"gaps of at most {spec.longest_gap:.0f} s (longest_gap)",
                )
            self.gaps.append(gap)
        factor = 1.0
        if spec.unit:
            try:
                factor = parse_quantity(f"1 {spec.unit}", UNITS.get(spec.quantity, ""))
            except ValueError as error:
                raise InputError(f"unit {error}", file, key="unit", found=spec.unit) from None
        return Channelled(element, rows, times, numeric * factor * spec.scale)

    def _check_range(self) -> None:
        for part in self.parts:
            low, high = float(part.values.min()), float(part.values.max())
            if self.spec.quantity not in UNITS and not -1e-9 <= low <= high <= 1.0 + 1e-9:
                raise InputError(
                    f"{self.spec.quantity} is not a share",
                    self.spec.file,
                    found=f"{low:g} to {high:g} at {part.element}",
                    allowed="0 to 1, or unit: '%'",
                )
            if self.spec.quantity in UNITS and low < 0.0:
                raise InputError(
                    f"{self.spec.quantity} is negative",
                    self.spec.file,
                    found=f"{low:g} W at {part.element}",
                )

    @staticmethod
    def _power_span(plant: Plant) -> Floats:
        """Power of every rack between idle and full load [W], near enough for corrections."""
        kinds = plant.constants.kinds
        per_gpu = kinds.die_dynamic_power + 0.6 * kinds.hbm_access_power
        per_gpu = per_gpu / kinds.regulator_efficiency
        auxiliary = kinds.auxiliary_maximum_power - kinds.auxiliary_idle_power
        of_kind = plant.constants.rack.kind
        return np.asarray(accelerators(plant) * per_gpu[of_kind] + auxiliary[of_kind])

    # --- running ----------------------------------------------------------------------------------

    def value(self, part: Channelled, now: float) -> float:
        """Value of a part at a time [s]."""
        times, values = part.times, part.values
        first, last = float(times[0]), float(times[-1])
        if now > last:
            if self.spec.after == "idle":
                return 0.0
            if self.spec.after == "repeat" and last > first:
                now = first + (now - first) % (last - first)
        if self.spec.interpolation == "hold":
            index = max(0, int(np.searchsorted(times, now + 1e-9, side="right")) - 1)
            return float(values[index])
        return float(np.interp(now, times, values))

    def set(self, simulation: Simulation, starting: bool) -> None:
        """See :class:`twin.workload.driver.Driver`."""
        if starting and not self._watched:
            self._report(simulation)
        rack = simulation.state.view.rack
        quantity = self.spec.quantity
        for part in self.parts:
            if starting and quantity in ("utilisation", *UNITS):
                rack.compute_share[part.rows] = self.spec.compute_share
                rack.memory_share[part.rows] = self.spec.memory_share
            target = self.value(part, simulation.time)
            if quantity not in UNITS:
                simulation.state.field(f"rack.{quantity}")[part.rows] = min(max(target, 0.0), 1.0)
                continue
            measured = self._measured(simulation, part.rows)
            span = float(self._span[part.rows].sum())
            if starting and measured <= 0.0:  # nothing has run yet: a first guess
                rack.utilisation[part.rows] = min(max(target / span - 0.15, 0.0), 1.0)
                continue
            missing = target - measured
            if abs(missing) <= SETTLED * max(target, 1.0):
                continue
            asked = rack.utilisation[part.rows] + missing / span
            rack.utilisation[part.rows] = np.clip(asked, 0.0, 1.0)

    def _measured(self, simulation: Simulation, rows: Rows) -> float:
        rack = simulation.state.view.rack
        if self.spec.quantity == "power":
            return float(rack.it_power[rows].sum())
        liquid = simulation.plant.constants.rack.cdu[rows] >= 0
        return float(np.where(liquid, rack.liquid_heat[rows], rack.air_heat[rows]).sum())

    def _report(self, simulation: Simulation) -> None:
        from twin.simulation import Event

        self._watched = True
        name = Path(self.spec.file).name
        for gap in self.gaps[:20]:
            how = "held" if self.spec.interpolation == "hold" else "bridged by a line"
            simulation.log(
                Event(
                    simulation.time,
                    gap.element,
                    "gap",
                    f"{name} has no values from {gap.beginning:.0f} s to {gap.end:.0f} s; {how}",
                )
            )

    def next_change(self, now: float) -> float:
        """See :class:`twin.workload.driver.Driver`."""
        if self.spec.quantity in UNITS or self.spec.interpolation == "linear":
            return math.floor(now / TARGET_INTERVAL + 1e-9) * TARGET_INTERVAL + TARGET_INTERVAL
        upcoming = []
        for part in self.parts:
            later = part.times[part.times > now + 1e-9]
            if len(later):
                upcoming.append(float(later[0]))
        if not upcoming and self.spec.after == "repeat":
            return now + TARGET_INTERVAL
        return min(upcoming, default=math.inf)

    def figures(self, simulation: Simulation) -> dict[str, float]:
        """How far the racks are from the series now, and how many gaps were bridged."""
        result = {"series_gaps": float(len(self.gaps))}
        if self.spec.quantity in UNITS:
            target = sum(self.value(part, simulation.time) for part in self.parts)
            found = sum(self._measured(simulation, part.rows) for part in self.parts)
            result["series_target_w"] = target
            result["series_missing_w"] = target - found
        return result
