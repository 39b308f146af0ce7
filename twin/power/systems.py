"""What UPS systems of a hall carry with some of them out, and which racks that leaves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from twin.plant import Plant
from twin.power.one_line_tables import Floats, Ints

Way = tuple[int, int]
"""UPS system that a panel prefers and its alternate (-1: none), counted within the hall."""


@dataclass(frozen=True, eq=False)
class Ways:
    """How the racks of one hall hang on its UPS systems.

    Attributes
    ----------
    racks : rows of the racks
    of_rack : the panels of each of them as ways
    systems : number of systems
    limit : load of an alternate over its rating up to which switches turn to it, not above 1
    """

    racks: Ints
    of_rack: tuple[tuple[Way, ...], ...]
    systems: int
    limit: float

    def targets(self, place: int, out: Collection[int], transfer: bool = True) -> list[int]:
        """Systems that carry a rack of ``racks`` with some out, one entry per panel in supply."""
        found = []
        for own, other in self.of_rack[place]:
            if own not in out:
                found.append(own)
            elif transfer and other >= 0 and other not in out:
                found.append(other)
        return found

    def carried(self, power: Floats, out: Collection[int] = ()) -> tuple[Floats, Ints]:
        """Load of every system [W] if none refuses, and the racks without any supply.

        ``power`` [W] is what each of ``racks`` draws at the UPS.
        """
        load, dark = np.zeros(self.systems), []
        for place, drawn in enumerate(power.tolist()):
            targets = self.targets(place, out)
            for system in targets:
                load[system] += drawn / len(targets)
            if not targets:
                dark.append(int(self.racks[place]))
        return load, np.array(dark, dtype=np.int64)

    def fitting(
        self, order: Ints, power: Floats, rating: float, out: Collection[int] = ()
    ) -> tuple[Ints, Floats]:
        """Racks of ``order`` that run within the systems' ratings [W], and the systems' loads.

        A switch that would overload its alternate stays; the rack then hangs on its other panels.
        """
        place = {rack: k for k, rack in enumerate(self.racks.tolist())}
        load, kept = np.zeros(self.systems), []
        most = rating * (min(self.limit, 1.0) if out else 1.0) * (1.0 + 1e-9)
        for rack in order.tolist():
            for transfer in (True, False):
                targets = self.targets(place[rack], out, transfer)
                if not targets:
                    continue
                share = np.bincount(targets, minlength=self.systems) * power[rack] / len(targets)
                if np.all((load + share <= most) | (share == 0.0)):
                    load += share
                    kept.append(rack)
                    break
        return np.array(kept, dtype=np.int64), load


def ways_of(plant: Plant, h: int) -> Ways | None:
    """How a hall's racks hang on its UPS systems; None where it has one bank or none."""
    c = plant.constants
    first, last = int(c.hall.first_system[h]), int(c.hall.first_system[h + 1])
    if last == first:
        return None
    racks = np.flatnonzero(c.rack.hall == h)
    found: list[tuple[Way, ...]] = []
    limit = 1.0
    for r in racks.tolist():
        w = int(c.rack.row[r])
        panels = range(int(c.row.first_panel[w]), int(c.row.first_panel[w + 1]))
        mask = int(c.rack.panels[r])
        own = [i for k, i in enumerate(panels) if mask >> k & 1]
        limit = min([limit, *(float(c.panel.transfer_limit[i]) for i in own)])
        found.append(tuple(_way(c.panel.system[i], c.panel.alternate[i], first) for i in own))
    return Ways(racks, tuple(found), last - first, limit)


def _way(own: int, other: int, first: int) -> Way:
    return int(own) - first, int(other) - first if other >= 0 else -1


def system_rating(plant: Plant, h: int) -> float:
    """Rating of each UPS system of a hall [W]."""
    c = plant.constants
    units = int(c.hall.first_ups[h + 1] - c.hall.first_ups[h])
    count = int(c.hall.first_system[h + 1] - c.hall.first_system[h])
    return float(c.stages.rated_power[c.hall.ups_stage[h]]) * units / count


def worst_outage(ways: Ways, power: Sequence[float] | Floats) -> tuple[int, Floats, Ints]:
    """The system whose outage leaves most racks dark, else the highest load: place, loads, dark."""
    cases = [
        (system, *ways.carried(np.asarray(power, dtype=np.float64), {system}))
        for system in range(ways.systems)
    ]
    return max(cases, key=lambda case: (len(case[2]), float(case[1].max())))
