"""What the power chain can carry: capacity, headroom and stranded power by level, and how many
accelerators may run, with everything in service and with any single unit out.

A bank is a number of equal units that carry one load together: a row's panels, a hall's UPS or
transformers, a site's main transformers, feeders and generators, and the contract with the grid.
Loads are those of the design budget; every rack brings its share of cooling and losses with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.plant import Plant
from twin.plant.budget import Budget, power_budget
from twin.power.one_line import Floats, Ints
from twin.power.systems import Ways, system_rating, ways_of

EASE = 1.0 + 1e-9
"""What rounding may exceed a capacity by."""


@dataclass(frozen=True, eq=False)
class Bank:
    """Equal units that carry the racks behind them together.

    Attributes
    ----------
    kind : panels, ups, transformers, feeders, main transformers, generators, contract, ...
    path : of the element that they belong to
    level, first : level of the units and the first one's row, or the owner itself
    units, rating : number, and what each may carry [W]
    load : at design [W]
    racks : rows of the racks behind it
    factor : power here over the racks' own
    standby : carries only while the grid is away
    masks : panels of each rack as bits, where racks hang on different ones, else None
    ways : of racks to separate UPS systems, which are the units then, else None
    members : machines of which each unit needs all
    """

    kind: str
    path: str
    level: str
    first: int
    units: int
    rating: float
    load: float
    racks: Ints
    factor: float
    standby: bool = False
    masks: NDArray[np.int64] | None = field(default=None, repr=False)
    ways: Ways | None = field(default=None, repr=False)
    members: int = 1

    @property
    def separate(self) -> bool:
        """Whether the racks hang on different units."""
        return self.masks is not None or self.ways is not None

    @property
    def capacity(self) -> float:
        """Of all units [W]."""
        return self.units * self.rating

    @property
    def firm(self) -> float:
        """With one unit out, or all where there is but one [W]."""
        return (self.units - 1) * self.rating if self.units > 1 else self.rating


@dataclass(frozen=True)
class LevelCapacity:
    """A kind of bank over a whole plant, in W.

    capacity, load : of all banks; headroom : what they could carry beyond the design;
    stranded : headroom that no further rack could use, because another level is full
    """

    kind: str
    banks: int
    capacity: float
    firm: float
    load: float
    headroom: float
    stranded: float


@dataclass(frozen=True)
class Failure:
    """One unit of a bank out of service.

    usable : accelerators that may run then; load, capacity : of the bank [W]
    """

    kind: str
    path: str
    units: int
    load: float
    capacity: float
    usable: int
    gpus: int


def banks_of(plant: Plant, budget: Budget | None = None) -> list[Bank]:
    """All banks of a plant, from the racks up."""
    return _Banks(plant, budget or power_budget(plant)).all()


class _Banks:
    def __init__(self, plant: Plant, budget: Budget) -> None:
        self.plant, self.budget, self.c = plant, budget, plant.constants
        self.rack_power = plant.design.rack_power
        self.found: list[Bank] = []

    def add(
        self, kind: str, owner: tuple[str, int], units: tuple[str, int, int], rating: float,
        load: float, racks: Ints, **more: Any,
    ) -> None:  # fmt: skip
        level, first, last = units
        if last <= first:
            return
        own = float(self.rack_power[racks].sum())
        self.found.append(
            Bank(
                kind, self.plant.levels.path(*owner), level, first, last - first, rating, load,
                racks, load / own if own > 0.0 else 0.0, **more,
            )
        )  # fmt: skip

    def all(self) -> list[Bank]:
        c, budget = self.c, self.budget
        rack_hall, rack_site = c.rack.hall, c.rack.site
        for w in range(len(c.row.hall)):
            first, last = int(c.row.first_panel[w]), int(c.row.first_panel[w + 1])
            racks = np.arange(c.row.first_rack[w], c.row.first_rack[w + 1], dtype=np.int64)
            shared = c.row.panels_shared[w] > 0
            self.add(
                "panels", ("row", w), ("panel", first, last), float(c.row.panel_rating[w]),
                float(budget.row_power[w]), racks, masks=None if shared else c.rack.panels[racks],
            )  # fmt: skip
        for h in range(len(c.hall.site)):
            racks = np.flatnonzero(rack_hall == h)
            factor = float(c.site.power_factor[c.hall.site[h]])
            self.ups(h, racks)
            self.add(
                "transformers", ("hall", h),
                self.units("hall_transformer", c.hall.first_transformer, h),
                float(c.hall.transformer_rating[h]) * factor, float(budget.hall_power[h]), racks,
            )  # fmt: skip
        for p in range(len(c.plant.site)):
            factor = float(c.site.power_factor[c.plant.site[p]])
            self.add(
                "plant transformers", ("plant", p),
                self.units("plant_transformer", c.plant.first_transformer, p),
                float(c.plant.transformer_rating[p]) * factor, float(budget.plant_power[p]),
                self.cooled_by(p),
            )  # fmt: skip
        for s, site in enumerate(self.plant.sites):
            racks = np.flatnonzero(rack_site == s)
            load, factor = float(budget.site_power[s]), float(c.site.power_factor[s])
            self.feeders(s)
            self.add(
                "main transformers", ("site", s),
                self.units("site_transformer", c.site.first_transformer, s),
                float(c.site.transformer_rating[s]) * factor, load, racks,
            )  # fmt: skip
            self.add(
                "generators", ("site", s), self.units("generator", c.site.first_generator, s),
                float(c.site.generator_rating[s]), load, racks, standby=True,
            )  # fmt: skip
            self.add(
                "contract", ("site", s), ("site", s, s + 1), site.grid.contract_power, load, racks
            )
        return self.found

    def ups(self, h: int, racks: Ints) -> None:
        """UPS units of a hall as one bank, or its separate systems as one."""
        c, load = self.c, float(self.budget.hall_ups[h])
        ways = ways_of(self.plant, h)
        if ways is None:
            self.add(
                "UPS", ("hall", h), self.units("ups", c.hall.first_ups, h),
                float(c.stages.rated_power[c.hall.ups_stage[h]]), load, racks,
            )  # fmt: skip
            return
        machines = int(c.hall.first_ups[h + 1] - c.hall.first_ups[h])
        self.add(
            "UPS systems", ("hall", h), self.units("ups_system", c.hall.first_system, h),
            system_rating(self.plant, h), load, racks, ways=ways,
            members=machines // ways.systems,
        )  # fmt: skip

    @staticmethod
    def units(level: str, first: Ints, owner: int) -> tuple[str, int, int]:
        return level, int(first[owner]), int(first[owner + 1])

    def cooled_by(self, p: int) -> Ints:
        """Racks whose coolant or room a plant cools."""
        c = self.c
        liquid = np.zeros(len(c.rack.kind), dtype=np.bool_)
        on_cdu = c.rack.cdu >= 0
        if on_cdu.any():
            liquid[on_cdu] = c.cdu.plant[c.rack.cdu[on_cdu]] == p
        air = (c.hall.air_plant[c.rack.hall] == p) & ~on_cdu
        return np.flatnonzero(liquid | air).astype(np.int64)

    def feeders(self, s: int) -> None:
        """Feeders of a site: radial ones each with its own load, others as one bank."""
        bank = self.plant.sites[s].feeders
        if bank is None:
            return
        c, budget = self.c, self.budget
        level, first, last = self.units("feeder", c.site.first_feeder, s)
        rating = float(c.site.feeder_rating[s] * c.site.power_factor[s])
        loads = np.zeros(last - first)
        racks: list[list[int]] = [[] for _ in range(last - first)]
        for own, power, site in (
            (c.hall.feeder, budget.hall_power, c.hall.site),
            (c.plant.feeder, budget.plant_power, c.plant.site),
        ):
            for i in np.flatnonzero(site == s).tolist():
                loads[own[i] - first] += power[i]
                behind = (
                    np.flatnonzero(c.rack.hall == i) if own is c.hall.feeder else self.cooled_by(i)
                )
                racks[int(own[i]) - first].extend(behind.tolist())
        if bank.scheme == "radial":
            for f in range(last - first):
                self.add(
                    "feeders", ("feeder", first + f), (level, first + f, first + f + 1), rating,
                    float(loads[f]), np.unique(np.array(racks[f], dtype=np.int64)),
                )  # fmt: skip
            return
        everything = np.unique(np.array([r for part in racks for r in part], dtype=np.int64))
        self.add("feeders", ("site", s), (level, first, last), rating, float(loads.sum()),
                 everything)  # fmt: skip


def running_order(plant: Plant) -> Ints:
    """Racks in the order in which they are energised: highest priority first."""
    result = plant.design.expansion
    priority = np.array([row.priority for row in result.row])[plant.constants.rack.row]
    return np.lexsort((np.arange(len(priority)), -priority)).astype(np.int64)


def accelerators(plant: Plant) -> Ints:
    """Accelerators in every rack."""
    return np.diff(plant.constants.rack.first_gpu).astype(np.int64)


def _fit(bank: Bank, order: Ints, power: Floats, capacity: float, without: int = -1) -> Ints:
    """Racks of ``order`` behind a bank that its capacity carries; the first that do not fit stop.

    ``without`` is a panel or UPS system that is out, where racks hang on different ones.
    """
    behind = order[np.isin(order, bank.racks)]
    if bank.ways is not None:
        out = {without} if without >= 0 else set()
        return bank.ways.fitting(behind, power * bank.factor, bank.rating, out)[0]
    if bank.masks is None:
        drawn = np.cumsum(power[behind] * bank.factor)
        fitting: Ints = behind[drawn <= capacity * EASE]
        return fitting
    mask_of = dict(zip(bank.racks.tolist(), bank.masks.tolist(), strict=True))
    load = np.zeros(bank.units)
    kept = []
    for r in behind.tolist():
        panels = [i for i in range(bank.units) if mask_of[r] >> i & 1 and i != without]
        if not panels:
            continue
        share = np.zeros(bank.units)
        share[panels] = power[r] * bank.factor / len(panels)
        if np.all(load + share <= bank.rating * EASE):
            load += share
            kept.append(r)
    return np.array(kept, dtype=np.int64)


def usable_racks(plant: Plant, banks: list[Bank], firm: bool = False) -> Ints:
    """Racks that may run together within every bank's capacity, generators apart.

    ``firm``: within what the banks carry with one unit out each, so that no single failure takes a
    rack; a single unit (a contract, a radial feeder) counts whole.
    """
    power, running = plant.design.rack_power, running_order(plant)
    for bank in banks:
        if bank.standby:
            continue
        capacity = bank.firm if firm else bank.capacity
        if bank.separate and firm:
            kept = _fit(bank, running, power, capacity)
            for panel in range(bank.units):
                kept = np.intersect1d(kept, _fit(bank, running, power, capacity, panel))
        else:
            kept = _fit(bank, running, power, capacity)
        outside = ~np.isin(running, bank.racks)
        running = running[outside | np.isin(running, kept)]
    return np.sort(running)


def single_failures(plant: Plant, banks: list[Bank]) -> list[Failure]:
    """How many accelerators may run with one unit of each bank out, the worst first.

    For generators: during a loss of the grid.
    """
    gpus, power = accelerators(plant), plant.design.rack_power
    normal = usable_racks(plant, banks)
    order = running_order(plant)
    order = order[np.isin(order, normal)]
    total = int(gpus.sum())
    found = []
    for bank in banks:
        if bank.kind == "contract":
            continue
        capacity = (bank.units - 1) * bank.rating
        if bank.separate:
            lost = [
                int(gpus[np.intersect1d(bank.racks, normal)].sum())
                - int(gpus[_fit(bank, order, power, capacity, panel)].sum())
                for panel in range(bank.units)
            ]
            missing = max(lost)
        else:
            kept = _fit(bank, order, power, capacity)
            missing = int(gpus[np.intersect1d(bank.racks, normal)].sum() - gpus[kept].sum())
        found.append(
            Failure(
                bank.kind, bank.path, bank.units, bank.load, capacity,
                int(gpus[normal].sum()) - missing, total,
            )
        )  # fmt: skip
    return sorted(found, key=lambda failure: failure.usable)


def level_capacities(plant: Plant, banks: list[Bank]) -> list[LevelCapacity]:
    """Capacity, headroom and stranded power of every kind of bank."""
    room = _usable_headroom(plant, [bank for bank in banks if not bank.standby])
    found = []
    for kind in dict.fromkeys(bank.kind for bank in banks):
        own = [bank for bank in banks if bank.kind == kind]
        headroom = sum(max(bank.capacity - bank.load, 0.0) for bank in own)
        usable = sum(
            min(room * bank.factor * _share(plant, bank), max(bank.capacity - bank.load, 0.0))
            for bank in own
        )
        found.append(
            LevelCapacity(
                kind, len(own), sum(bank.capacity for bank in own), sum(b.firm for b in own),
                sum(bank.load for bank in own), headroom, headroom - usable,
            )
        )  # fmt: skip
    return found


def _share(plant: Plant, bank: Bank) -> float:
    power = plant.design.rack_power
    return float(power[bank.racks].sum() / power.sum())


def _usable_headroom(plant: Plant, banks: list[Bank]) -> float:
    """Rack power that could be added to the design, spread as the racks are [W]."""
    power = plant.design.rack_power
    growth = min(
        (bank.capacity / bank.load - 1.0 for bank in banks if bank.load > 0.0), default=0.0
    )
    return max(growth, 0.0) * float(power.sum())
