"""Usable accelerators over time, and what limits them.

On a date a site can use the smallest of: what its racks and cooling allow hall by hall, what its
permit, substation, grid contract and main transformers carry at the site's power per accelerator,
and what has been delivered to it of accelerators and of the memory stacks they need. Deliveries to
all sites go where they can be used: what a site has in use it keeps, the rest is shared in
proportion to what the sites could use besides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from typing import Any

from twin.errors import InputError
from twin.layout.phase_models import Announced, Phases, Step
from twin.phases.capacity import SiteCapacity, capacities
from twin.plant import Plant
from twin.yaml_file import Key

COMPLETE = "complete"
LONGEST_STEP = timedelta(days=31)  # between looks while deliveries go on


@dataclass(frozen=True)
class SiteState:
    """One site on a date.

    Attributes
    ----------
    usable : accelerators that can work
    power : what the site then draws on the design day [W]
    limit : what holds the rest back: racks, cooling, permit, substation, contract, transformers,
        accelerators, memory; or complete
    allowed : accelerators that each of these would allow by itself; infinite where nothing is said
    """

    path: str
    usable: int
    power: float
    limit: str
    allowed: Mapping[str, float]


@dataclass(frozen=True)
class Moment:
    """All sites on a date, with what had been announced for then."""

    date: Date
    sites: tuple[SiteState, ...]
    announced: int

    @property
    def usable(self) -> int:
        """Accelerators that can work, all sites."""
        return sum(site.usable for site in self.sites)

    @property
    def power(self) -> float:
        """What all sites draw [W]."""
        return sum(site.power for site in self.sites)

    @property
    def limit(self) -> str:
        """What holds most accelerators back; complete when nothing does."""
        held: dict[str, int] = {}
        for site in self.sites:
            if site.limit != COMPLETE:
                missing = int(site.allowed["layout"]) - site.usable
                held[site.limit] = held.get(site.limit, 0) + missing
        return max(held, key=lambda name: held[name]) if held else COMPLETE


@dataclass(frozen=True)
class Deployment:
    """A layout's phases worked out.

    Attributes
    ----------
    sites : as built out
    moments : at every date on which something changes, rising
    """

    sites: tuple[SiteCapacity, ...]
    moments: tuple[Moment, ...]
    phases: Phases

    def at(self, day: Date) -> Moment | None:
        """The last moment not after a day; None before the first."""
        found = [moment for moment in self.moments if moment.date <= day]
        return found[-1] if found else None

    def as_data(self) -> dict[str, Any]:
        """Plain data, schema ``twin.phases/1``."""
        return {
            "schema": "twin.phases/1",
            "accelerators": sum(site.accelerators for site in self.sites),
            "moments": [
                {
                    "date": moment.date.isoformat(),
                    "usable": moment.usable,
                    "announced": moment.announced,
                    "power_w": moment.power,
                    "limit": moment.limit,
                    "sites": [
                        {
                            "path": site.path,
                            "usable": site.usable,
                            "power_w": site.power,
                            "limit": site.limit,
                            "allowed": {
                                name: value
                                for name, value in site.allowed.items()
                                if math.isfinite(value)
                            },
                        }
                        for site in moment.sites
                    ],
                }
                for moment in self.moments
            ],
        }


def deploy(plant: Plant) -> Deployment:
    """Work out a layout's phases.

    Raises
    ------
    InputError : the layout has none, or one names a path that is not there
    """
    phases = plant.layout.model.phases
    if phases is None:
        raise InputError(
            "the layout says nothing about phases",
            plant.layout.document.file,
            key="phases",
            allowed="phases: {steps: [{date: 2027-06-30, path: /site, substation: 40 MW}]}",
        )
    _check_paths(plant, phases)
    sites = capacities(plant)
    moments: list[Moment] = []
    held = [0.0] * len(sites)
    for day in _days(phases.steps, phases):
        moments.append(_moment(sites, phases, day, held))
        held = [float(site.usable) for site in moments[-1].sites]
    return Deployment(tuple(sites), tuple(moments), phases)


def turning_points(deployment: Deployment) -> list[Moment]:
    """Moments at which more changes than the progress of a delivery."""
    found = []
    before: Moment | None = None
    dates = {step.date for step in deployment.phases.steps}
    dates |= {step.until for step in deployment.phases.steps if step.until is not None}
    dates |= {line.date for line in deployment.phases.announced}
    for moment in deployment.moments:
        limits = [site.limit for site in moment.sites]
        if before is None or moment.date in dates or limits != [s.limit for s in before.sites]:
            found.append(moment)
        before = moment
    return found


def _check_paths(plant: Plant, phases: Phases) -> None:
    sections: tuple[tuple[str, Sequence[Step | Announced], tuple[str, ...]], ...] = (
        ("steps", phases.steps, ("site", "hall", "plant")),
        ("announced", phases.announced, ("site",)),
    )
    for name, lines, wanted in sections:
        for number, line in enumerate(lines):
            key: Key = ("phases", name, number, "path")
            if line.path == "/":
                continue
            try:
                level, _ = plant.levels.find(line.path)
            except InputError as error:
                raise plant.layout.document.error(
                    error.message, key, error.found, error.allowed
                ) from None
            kind = line.kind if isinstance(line, Step) else ""
            fitting: tuple[str, ...] = wanted
            if kind in ("permit", "substation", "accelerators", "memory"):
                fitting = ("site",)
            elif kind == "racks":
                fitting = ("site", "hall")
            if level not in fitting:
                raise plant.layout.document.error(
                    f"{kind or 'an announcement'} cannot stand at a {level}",
                    key,
                    line.path,
                    f"the path of a {' or '.join(fitting)}",
                )


def _days(steps: Iterable[Step], phases: Phases) -> list[Date]:
    """Every date on which something changes; month by month while deliveries go on."""
    days = {line.date for line in phases.announced}
    for step in steps:
        days.add(step.date)
        if step.until is not None:
            day = step.date
            while day < step.until:
                days.add(day)
                day += LONGEST_STEP
            days.add(step.until)
    return sorted(days)


@dataclass
class _Book:
    """What stands on a date, gathered from the steps up to it."""

    levels: dict[tuple[str, str], float] = field(default_factory=dict)
    delivered: dict[tuple[str, str], float] = field(default_factory=dict)

    def level(self, kind: str, path: str, otherwise: float) -> float:
        return self.levels.get((kind, path), otherwise)


def _book(phases: Phases, day: Date) -> _Book:
    """Levels and deliveries up to a day. What a step speaks of was not there before it."""
    book = _Book()
    for step in sorted(phases.steps, key=lambda s: s.date):
        kind = step.kind
        value = float(getattr(step, kind))
        key = (kind, step.path)
        if kind in ("accelerators", "memory"):
            book.delivered[key] = book.delivered.get(key, 0.0) + value * _share(step, day)
        elif step.date <= day:
            book.levels[key] = value
        else:
            book.levels.setdefault(key, 0.0)
    return book


def _share(step: Step, day: Date) -> float:
    """Share of a delivery that has arrived by the end of a day."""
    if day < step.date:
        return 0.0
    if step.until is None or day >= step.until:
        return 1.0
    return (day - step.date).days / (step.until - step.date).days


def _moment(
    sites: Sequence[SiteCapacity], phases: Phases, day: Date, held: Sequence[float]
) -> Moment:
    book = _book(phases, day)
    tables = [_allowed(site, book) for site in sites]
    caps = [min(table.values()) for table in tables]
    for kind in ("accelerators", "memory"):
        _share_out(kind, book, sites, tables, caps, held)
    states = []
    for site, table, cap in zip(sites, tables, caps, strict=True):
        usable = math.floor(cap + 1e-6)
        limit = COMPLETE
        if usable < site.accelerators:
            limit = min((name for name in table if name != "layout"), key=lambda name: table[name])
        power = usable * site.power_per_accelerator
        states.append(SiteState(site.path, usable, power, limit, table))
    return Moment(day, tuple(states), _announced(phases, day))


def _share_out(
    kind: str,
    book: _Book,
    sites: Sequence[SiteCapacity],
    tables: Sequence[dict[str, float]],
    caps: list[float],
    held: Sequence[float],
) -> None:
    """Bound the sites by what was delivered to all of them together.

    What a site has in use it keeps; the rest is shared in proportion to what is still wanted.
    """
    if (kind, "/") not in book.delivered:
        return
    each = [site.stacks_per_accelerator if kind == "memory" else 1.0 for site in sites]
    kept = [min(cap, before) for cap, before in zip(caps, held, strict=True)]
    spare = book.delivered[kind, "/"] - sum(k * e for k, e in zip(kept, each, strict=True))
    wanted = [(cap - k) * e for cap, k, e in zip(caps, kept, each, strict=True)]
    share = min(1.0, max(spare, 0.0) / sum(wanted)) if sum(wanted) > 0 else 1.0
    for number, table in enumerate(tables):
        if share < 1.0 and wanted[number] > 0:
            bound = kept[number] + (caps[number] - kept[number]) * share
            # a site's own delivery may be the tighter of the two
            table[kind] = min(table.get(kind, math.inf), bound)
        caps[number] = min(table.values())


def _allowed(site: SiteCapacity, book: _Book) -> dict[str, float]:
    """Accelerators that each factor allows a site by itself."""
    racks = {hall: _of_hall(book, "racks", site, hall) for hall in site.halls}
    cooling = {hall: _of_hall(book, "cooling", site, hall) for hall in site.halls}
    both = sum(min(racks[h], cooling[h]) * n for h, n in site.halls.items())
    table = {
        "layout": float(site.accelerators),
        "racks": sum(racks[h] * n for h, n in site.halls.items()),
        "cooling": sum(cooling[h] * n for h, n in site.halls.items()),
    }
    tighter = "racks" if table["racks"] <= table["cooling"] else "cooling"
    table[tighter] = both  # halls that have racks and no cooling, or cooling and no racks
    per = site.power_per_accelerator
    for name, power in (
        ("permit", book.level("permit", site.path, math.inf)),
        ("substation", book.level("substation", site.path, math.inf)),
        ("contract", site.contract),
        ("transformers", site.transformers),
    ):
        table[name] = power / per if per > 0 else math.inf
    for kind, each in (("accelerators", 1.0), ("memory", site.stacks_per_accelerator)):
        delivered = book.delivered.get((kind, site.path))
        table[kind] = math.inf if delivered is None or each <= 0 else delivered / each
    return table


def _of_hall(book: _Book, kind: str, site: SiteCapacity, hall: str) -> float:
    """Share of a hall's racks, or of its cooling, that is there; the most particular line counts.

    A hall cooled by several plants has what the least ready of them gives.
    """
    general = book.level(kind, site.path, 1.0)
    own = book.levels.get((kind, hall))
    if own is not None:
        return own
    if kind == "cooling":
        shares = [
            book.level(kind, plant, general) for plant, fed in site.plants.items() if hall in fed
        ]
        return min(shares, default=general)
    return general


def _announced(phases: Phases, day: Date) -> int:
    """Accelerators announced to be in use by a day: the latest number of each path."""
    latest: dict[str, int] = {}
    for line in sorted(phases.announced, key=lambda a: a.date):
        if line.date <= day:
            latest[line.path] = line.accelerators
    own = sum(count for path, count in latest.items() if path != "/")
    return max(own, latest.get("/", 0))
