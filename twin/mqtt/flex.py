"""Load targets of the grid (DSX Flex): from a limit for a site to caps of its accelerators.

A feed is a site. While a target is in force, every look compares what the site draws with the limit
and sets the cap of each accelerator so that their sum fits into what the rest leaves; when the
target ends, the cap is lifted. With public keys of the grid's side only signed targets are taken;
without, only unsigned ones.
"""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from twin.control_limits import module_power
from twin.controls import Command
from twin.errors import InputError, near_matches
from twin.mqtt.signatures import Keys
from twin.server.subject import SimulationSubject

TOPIC = "grid/v1/isv/+/loadtarget/set"
SET_EVENT, STATUS_EVENT = "grid.loadtarget.set.v1", "grid.powerstate.status.v1"
WATTS = {"watt": 1.0, "kilowatt": 1e3, "megawatt": 1e6}
DEADBAND = 0.005  # share by which a cap must move to be set again
GAIN = 0.7  # of the correction from look to look
HIGHEST_RATIO = 1.6  # of a cap to the power wanted: idle accelerators must not wind it up
TOLERANCE = 0.01  # share by which a site may exceed its limit and still comply
LARGEST_PAYLOAD = 1 << 16
MAXIMUM_TARGETS = 64


@dataclass(frozen=True)
class Target:
    """A limit [W] for a site during an interval (seconds since 1970); None ends earlier ones."""

    site: int
    limit: float | None
    start: float
    end: float | None
    best_effort: bool
    correlation: str


def parse_targets(
    payload: bytes, feeds: list[str], now: float, keys: Keys | None = None
) -> list[Target]:
    """Read a message that sets load targets.

    ``feeds`` are the names of the sites. With ``keys`` the data must be signed with one of them,
    without it must not be signed. Raises InputError for anything else.
    """
    if len(payload) > LARGEST_PAYLOAD:
        raise InputError("message too large", key="loadtarget", found=f"{len(payload)} bytes")
    try:
        event: Any = json.loads(payload)
    except (ValueError, RecursionError):
        raise InputError("message is not JSON", key="loadtarget") from None
    if not isinstance(event, dict) or event.get("type") != SET_EVENT:
        raise InputError("not a load target", key="type", allowed=SET_EVENT)
    data = event.get("data")
    if keys is not None:
        if not isinstance(data, str):
            raise InputError("not signed", key="data", allowed="a compact JWS (RFC 7515)")
        data = keys.verified(data)
    elif isinstance(data, str):
        raise InputError(
            "signed load targets cannot be checked without keys",
            key="data",
            allowed="--mqtt-flex-keys, or unsigned data where only the grid's side can write",
        )
    rows = data.get("targets") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAXIMUM_TARGETS:
        raise InputError("targets is not a list", key="data.targets")
    correlation = event.get("correlationid")
    if not isinstance(correlation, str):
        correlation = str(uuid.uuid4())
    return [target for row in rows for target in _targets(row, feeds, now, correlation)]


def _targets(row: Any, feeds: list[str], now: float, correlation: str) -> list[Target]:
    if not isinstance(row, dict) or not isinstance(row.get("interval"), dict):
        raise InputError("a target without interval", key="data.targets")
    _known_keys(row, "data.targets", "interval", "load_constraint", "feed_tags", "strategy")
    interval = row["interval"]
    _known_keys(interval, "interval", "start_time", "end_time")
    start = _moment(interval.get("start_time"), now)
    end = _moment(interval["end_time"], now) if interval.get("end_time") is not None else None
    if end is not None and end <= start:
        raise InputError("the interval ends before it begins", key="interval")
    tags = row.get("feed_tags")
    tags = feeds if tags is None else tags
    if not isinstance(tags, list) or not tags:
        raise InputError("feed_tags is not a list of feeds", key="feed_tags")
    for tag in tags:
        if tag not in feeds:
            raise InputError(
                "unknown feed", key="feed_tags", found=repr(tag)[:60], allowed=", ".join(feeds)
            )
    best_effort = _best_effort(row.get("strategy"))
    limit = _power(row.get("load_constraint"))
    return [Target(feeds.index(tag), limit, start, end, best_effort, correlation) for tag in tags]


def _known_keys(table: dict[str, Any], key: str, *known: str) -> None:
    """Refuse a key that says nothing to us: misspelt, it would count as left out."""
    for name in table:
        if name not in known:
            raise InputError(
                "unknown key", key=key, found=repr(name)[:60], allowed=near_matches(name, [*known])
            )


def _best_effort(strategy: Any) -> bool:
    if strategy is None:
        return False
    if not isinstance(strategy, dict):
        raise InputError("strategy is not an object", key="strategy", found=repr(strategy)[:60])
    _known_keys(strategy, "strategy", "best_effort")
    chosen = strategy.get("best_effort", False)
    if not isinstance(chosen, bool):
        raise InputError("best_effort is neither true nor false", key="strategy")
    return chosen


def _moment(value: Any, now: float) -> float:
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError("not a time", key="interval", found=repr(value)[:60]) from None
    if moment.tzinfo is None:  # RFC 3339, which the schema asks for, has no such times
        raise InputError(
            "a time without an offset from UTC",
            key="interval",
            found=repr(value)[:60],
            allowed="such as 2026-08-01T05:00:00Z",
        )
    return moment.timestamp()


def _power(value: Any) -> float | None:
    if value is None:
        return None
    unit = value.get("unit") if isinstance(value, dict) else None
    if not isinstance(unit, str) or unit not in WATTS:
        units = ", ".join(WATTS)
        raise InputError("not a power", key="load_constraint", allowed=f"value and unit ({units})")
    _known_keys(value, "load_constraint", "value", "unit")
    number = value.get("value")
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < 1e15:
        raise InputError("not a power above zero", key="load_constraint", found=repr(number)[:60])
    return float(number) * WATTS[value["unit"]]


@dataclass
class Flex:
    """Targets in force and the caps they led to."""

    subject: SimulationSubject
    targets: list[Target] = field(default_factory=list)

    def __post_init__(self) -> None:
        levels = self.subject.levels
        self.feeds = list(levels["site"].names)
        racks = self.subject.simulation.plant.constants.rack
        counts = np.diff(racks.first_gpu)
        self._gpu_site = np.repeat(racks.site, counts)
        self.counts = np.bincount(self._gpu_site, minlength=len(self.feeds)).astype(np.float64)
        self.caps = np.full(len(self.feeds), math.inf)
        plant = self.subject.simulation.plant
        self.lowest, self.highest = np.array(
            [
                module_power(plant, own) if len(own) else (0.0, 0.0)
                for own in (np.flatnonzero(racks.site == site) for site in range(len(self.feeds)))
            ]
        ).T

    def take(self, targets: list[Target]) -> None:
        """Add targets; each replaces the earlier ones of its site."""
        sites = {target.site for target in targets}
        self.targets = [old for old in self.targets if old.site not in sites]
        self.targets += [target for target in targets if target.limit is not None]

    def active(self, site: int, now: float) -> Target | None:
        """The target in force for a site."""
        for target in self.targets:
            if (
                target.site == site
                and target.start <= now
                and (target.end is None or now < target.end)
            ):
                return target
        return None

    def commands(self, now: float) -> list[Command]:
        """Caps to be set now; on the session's thread."""
        self.targets = [t for t in self.targets if t.end is None or now < t.end]
        power = self.subject.channel("site.power")
        gpu = np.bincount(
            self._gpu_site, weights=self.subject.channel("gpu.power"), minlength=len(self.feeds)
        )
        found = []
        for site, name in enumerate(self.feeds):
            target, before = self.active(site, now), self.caps[site]
            cap = math.inf
            if target is not None and target.limit is not None and self.counts[site] > 0:
                rest = float(power[site] - gpu[site])
                wanted = (target.limit - rest) / self.counts[site]
                cap = self._corrected(site, wanted, float(gpu[site]) / self.counts[site])
            if math.isinf(cap) and math.isinf(before):
                continue
            if not math.isinf(cap) and abs(cap - before) <= DEADBAND * cap:
                continue
            self.caps[site] = cap
            found.append(Command("set", f"/{name}", "power_cap", cap))
        return found

    def _corrected(self, site: int, wanted: float, drawn: float) -> float:
        """Cap at which accelerators draw what is wanted: capped ones stay below their cap."""
        before, cap = self.caps[site], wanted
        if not math.isinf(before):
            cap = min(before + GAIN * (wanted - drawn), HIGHEST_RATIO * wanted)
        return float(np.clip(cap, self.lowest[site], self.highest[site]))

    def status(self, identifier: str, now: float) -> dict[str, Any]:
        """The event that tells the state of all feeds; on the session's thread."""
        power = self.subject.channel("site.power")
        feeds = {}
        for site, name in enumerate(self.feeds):
            design = float(self.subject.simulation.plant.constants.site.house_power[site])
            target = self.active(site, now)
            limit = target.limit if target is not None and target.limit is not None else math.inf
            feeds[name] = {
                "metadata": {
                    "power_minimum": _watts(design + self.lowest[site] * float(self.counts[site])),
                    "power_maximum": _watts(max(float(power[site]), design)),
                    "default_constraint": _watts(max(float(power[site]), design)),
                },
                "targets": [_shown(t, now) for t in self.targets if t.site == site],
                "calculated_load": _watts(float(power[site])),
                "in_flight": bool(power[site] > limit * (1 + TOLERANCE)),
                "event": "periodic",
                "compliant": bool(power[site] <= limit * (1 + TOLERANCE)),
            }
        return {
            "specversion": "1.0.2",
            "id": str(uuid.uuid4()),
            "source": f"//grid/v1/dsx-flex-agent/{identifier}",
            "type": STATUS_EVENT,
            "time": _iso(now),
            "datacontenttype": "application/json",
            "subject": "powerstate",
            "traceparent": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00",
            "data": {"snapshot_time": _iso(now), "feeds": feeds},
        }


def _shown(target: Target, now: float) -> dict[str, Any]:
    interval = {"start_time": _iso(target.start)}
    if target.end is not None:
        interval["end_time"] = _iso(target.end)
    return {
        "active": target.start <= now,
        "load_constraint": _watts(target.limit or 0.0),
        "interval": interval,
        "strategy": {"best_effort": target.best_effort},
        "correlation_id": target.correlation,
    }


def _watts(value: float) -> dict[str, Any]:
    return {"value": max(0.0, round(value, 1)), "unit": "watt"}


def _iso(moment: float) -> str:
    return (
        datetime.fromtimestamp(moment, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
