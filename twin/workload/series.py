"""Measured time series that drive racks, CDUs or sites: utilisation, power or heat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats
from twin.clock import Clock
from twin.workload.driver import USUAL_SHARES, Rows, complete
from twin.workload.racks import accelerators
from twin.workload.series_table import POWERS, Channelled, read_series
from twin.workload.spec import Series

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.simulation import Simulation

TARGET_INTERVAL = 1.0  # s between corrections of the utilisation that follows a power
SETTLED = 1e-4  # relative difference to the target that needs no more correction
MISSED = 0.01  # share of the power by which racks that cannot do more (or less) miss a target
TELL_AFTER = 10.0  # s of missing it before it is logged: a step of the series settles faster


@dataclass
class Misses:
    """How long, and by how much, racks could not do what a series asks.

    Attributes
    ----------
    seconds, below, above : in all; asking for less than racks draw at rest, for more than at full
    largest : difference [W], positive: more was asked
    energy : that was asked and not drawn, or drawn and not asked [J]
    since, worst : beginning of the miss that lasts [s], None without, and its largest difference
    told : whether it was logged
    """

    seconds: float = 0.0
    below: float = 0.0
    above: float = 0.0
    largest: float = 0.0
    energy: float = 0.0
    since: float | None = None
    worst: float = 0.0
    told: bool = False


class SeriesDriver:
    """Follows a time series.

    utilisation and shares are written as they are. For power and heat the utilisation is corrected
    every second by what is missing, over the power between idle and full load, so that the racks
    draw or give what was measured; what they cannot reach is counted and told.

    Attributes
    ----------
    table, parts : what was read
    misses : of each part
    """

    def __init__(
        self, plant: Plant, spec: Series, path: str, rows: Rows, clock: Clock, duration: float
    ):
        self.spec = spec
        self.table = read_series(plant, spec, path, rows, clock, duration)
        self.parts = self.table.parts
        self.foreign = self.table.foreign
        self.misses = [Misses() for _ in self.parts]
        self.path = path
        self._span = self._power_span(plant)
        self._last: float | None = None
        self._watched = False

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
        passed = simulation.time - self._last if self._last is not None and not starting else 0.0
        self._last = simulation.time
        for part, misses in zip(self.parts, self.misses):
            if starting and quantity in ("utilisation", *POWERS):
                self._share(simulation, part.rows)
            target = self.value(part, simulation.time)
            if quantity not in POWERS:
                simulation.state.field(f"rack.{quantity}")[part.rows] = min(max(target, 0.0), 1.0)
                continue
            measured = self._measured(simulation, part.rows)
            span = float(self._span[part.rows].sum())
            if starting and measured <= 0.0:  # nothing has run yet: a first guess
                rack.utilisation[part.rows] = min(max(target / span - 0.15, 0.0), 1.0)
                continue
            missing = target - measured
            used = rack.utilisation[part.rows]
            if not starting:
                stuck = bool(np.all(used >= 1.0) if missing > 0.0 else np.all(used <= 0.0))
                idle = self.spec.after == "idle" and simulation.time > part.times[-1]
                stuck = stuck and not idle and abs(missing) > MISSED * max(target, measured, 1.0)
                self._count(simulation, part, misses, missing if stuck else 0.0, passed)
            if abs(missing) <= SETTLED * max(target, 1.0):
                continue
            rack.utilisation[part.rows] = np.clip(used + missing / span, 0.0, 1.0)

    def _share(self, simulation: Simulation, rows: Rows) -> None:
        """Shares as they are written down; left out, what other entries say, or those of work."""
        for name, usual in USUAL_SHARES.items():
            share = getattr(self.spec, name)
            if share is None:
                complete(simulation, name, rows, usual)
            else:
                simulation.state.field(f"rack.{name}")[rows] = share

    def _measured(self, simulation: Simulation, rows: Rows) -> float:
        rack = simulation.state.view.rack
        if self.spec.quantity == "power":
            return float(rack.it_power[rows].sum())
        liquid = simulation.plant.constants.rack.cdu[rows] >= 0
        return float(np.where(liquid, rack.liquid_heat[rows], rack.air_heat[rows]).sum())

    def _count(
        self,
        simulation: Simulation,
        part: Channelled,
        misses: Misses,
        missing: float,
        passed: float,
    ) -> None:
        """Book a miss of so many watts since the last look; log where it begins and ends."""
        now = simulation.time
        if missing == 0.0:
            if misses.told and misses.since is not None:
                self._log(
                    simulation,
                    part.element,
                    "within-reach",
                    f"follows {self.name} again after {now - misses.since:.0f} s, in which it was "
                    f"off by up to {abs(misses.worst) / 1e3:,.1f} kW",
                )
            misses.since, misses.worst, misses.told = None, 0.0, False
            return
        if misses.since is None:
            misses.since, passed = now, 0.0
        misses.seconds += passed
        misses.energy += abs(missing) * passed
        misses.above += passed if missing > 0.0 else 0.0
        misses.below += passed if missing < 0.0 else 0.0
        misses.worst = max(misses.worst, missing, key=abs)
        misses.largest = max(misses.largest, missing, key=abs)
        if not misses.told and now - misses.since >= TELL_AFTER:
            misses.told = True
            asked = self.value(part, now)
            state = "busy all the time" if missing > 0.0 else "at rest"
            verb = "draws" if self.spec.quantity == "power" else "gives"
            self._log(
                simulation,
                part.element,
                "out-of-reach",
                f"{self.name} asks for {asked / 1e3:,.1f} kW; {state} it {verb} "
                f"{(asked - missing) / 1e3:,.1f} kW",
            )

    @property
    def name(self) -> str:
        """Name of the table, for messages."""
        return Path(self.spec.file).name

    def _log(self, simulation: Simulation, path: str, kind: str, message: str) -> None:
        from twin.simulation import Event

        simulation.log(Event(simulation.time, path, kind, message))

    def _report(self, simulation: Simulation) -> None:
        self._watched = True
        for sentence in self.table.told[:20]:
            self._log(simulation, self.path, "data", sentence)
        if len(self.table.told) > 20:
            more = f"and {len(self.table.told) - 20} more remarks on {self.name}"
            self._log(simulation, self.path, "data", more)
        for gap in self.table.gaps[:20]:
            how = "held" if self.spec.interpolation == "hold" else "bridged by a line"
            self._log(
                simulation,
                gap.element,
                "gap",
                f"{self.name} has no values from {gap.beginning:.0f} s to {gap.end:.0f} s; {how}",
            )
        if len(self.table.gaps) > 20:
            more = f"{self.name} has {len(self.table.gaps) - 20} more gaps"
            self._log(simulation, self.path, "gap", more)

    # --- going back -------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """What was missed so far."""
        return {"last": self._last, "misses": [asdict(misses) for misses in self.misses]}

    def restore(self, kept: dict[str, Any] | None) -> None:
        """Go back to a snapshot."""
        if kept is not None:  # of a version that kept nothing
            self._last = kept["last"]
            self.misses = [Misses(**misses) for misses in kept["misses"]]

    def next_change(self, now: float) -> float:
        """See :class:`twin.workload.driver.Driver`."""
        if self.spec.quantity in POWERS or self.spec.interpolation == "linear":
            return math.floor(now / TARGET_INTERVAL + 1e-9) * TARGET_INTERVAL + TARGET_INTERVAL
        upcoming = []
        for part in self.parts:
            later = part.times[part.times > now + 1e-9]
            if len(later):
                upcoming.append(float(later[0]))
        if not upcoming and self.spec.after == "repeat":
            return now + TARGET_INTERVAL
        return min(upcoming, default=math.inf)

    @classmethod
    def figures(cls, drivers: Sequence[SeriesDriver], simulation: Simulation) -> dict[str, float]:
        """How far racks are from their series now, and how many gaps were bridged, over all series.

        The time out of reach and the largest miss are those of the worst series.
        """
        result = {"series_gaps": float(sum(len(driver.table.gaps) for driver in drivers))}
        powers = [driver for driver in drivers if driver.spec.quantity in POWERS]
        if powers:
            target = sum(d.value(part, simulation.time) for d in powers for part in d.parts)
            found = sum(d._measured(simulation, part.rows) for d in powers for part in d.parts)
            misses = [one for driver in powers for one in driver.misses]
            result["series_target_w"] = target
            result["series_missing_w"] = target - found
            result["series_out_of_reach_s"] = max(one.seconds for one in misses)
            result["series_largest_miss_w"] = max((one.largest for one in misses), key=abs)
            result["series_missed_energy_j"] = sum(one.energy for one in misses)
        return result
