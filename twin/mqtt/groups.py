"""Points of the building bus: what one is, and how the twin's values become some.

A point has one topic for its retained metadata and one for its values; both end in a tag path,
which is the path of the element and what distinguishes the point there. Units follow the bus:
degrees Celsius ("C"), litres a minute ("LPM"), kPa, percent and kW.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats, Indices
from twin.channels import BY_NAME
from twin.server.subject import SimulationSubject

PREFIX = "BMS/v1"
Reader = Callable[[SimulationSubject], Floats]

RUNNING = ((0, "Stopped"), (1, "Running"))
CLOSED = ((0, "Open"), (1, "Closed"))
AVAILABLE = ((0, "Not available"), (1, "Available"))
LEAK = ((0, "No leak"), (1, "Leak"))
FAULT = ((0, "No fault"), (1, "Fault"))
ISOLATED = ((0, "Not isolated"), (1, "Isolated"))
REQUESTED = ((0, "Not requested"), (1, "Requested"))
LITRES_PER_MINUTE, PER_CENT, KILO = 60_000.0, 100.0, 1e-3


@dataclass
class Group:
    """Points of one kind: the same point of every element that has it.

    Attributes
    ----------
    object_type, point_type : of the bus
    tags : tag path of every point
    metadata : of every point
    read : values of all points, in the bus's unit; None for points whose values others write
    deadband : smallest change worth a message
    sent : last values published, NaN before the first
    """

    object_type: str
    point_type: str
    tags: list[str]
    metadata: list[dict[str, Any]]
    read: Reader | None = None
    deadband: float = 0.0
    sent: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        self.sent = np.full(len(self.tags), np.nan)

    def value_topic(self, row: int, publisher: str = "PUB") -> str:
        """Topic of a point's values."""
        return f"{PREFIX}/{publisher}/Value/{self.object_type}/{self.point_type}/{self.tags[row]}"

    def metadata_topic(self, row: int) -> str:
        """Topic of a point's metadata."""
        return f"{PREFIX}/PUB/Metadata/{self.object_type}/{self.point_type}/{self.tags[row]}"

    def changed(self, values: Floats) -> Indices:
        """Rows whose value moved by more than the deadband since it was published."""
        known = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            moved = np.abs(values - self.sent) > self.deadband
        return np.flatnonzero(moved | (known != np.isfinite(self.sent)))


def channel(name: str, factor: float = 1.0) -> tuple[Reader, float]:
    """Reader of a channel in the bus's unit, and its deadband: five times the resolution."""
    row = BY_NAME[name]

    def read(subject: SimulationSubject) -> Floats:
        return np.asarray(subject.channel(name) * factor)

    return read, 5.0 * row.resolution * factor


def state(name: str, of: Callable[[Floats], Any] = lambda values: values) -> tuple[Reader, float]:
    """Reader of a field of the state, for switches and set points."""

    def read(subject: SimulationSubject) -> Floats:
        return np.asarray(of(subject.field(name)), dtype=np.float64)

    return read, 1e-6


def of_parent(reader: tuple[Reader, float], index: Indices) -> tuple[Reader, float]:
    """The value of another level's element for each element, by index; missing where it is -1."""
    read, deadband = reader

    def expand(subject: SimulationSubject) -> Floats:
        values = read(subject)
        if not len(values):
            return np.full(len(index), np.nan)
        return np.where(index >= 0, values[np.maximum(index, 0)], np.nan)

    return expand, deadband


def only(reader: tuple[Reader, float], rows: NDArray[np.int64]) -> tuple[Reader, float]:
    """Some rows of a reader."""
    read, deadband = reader
    return lambda subject: read(subject)[rows], deadband


def texts(states: Iterable[tuple[int, str]]) -> dict[str, Any]:
    """Metadata of a point that is a state."""
    return {"stateText": [{"value": value, "text": text} for value, text in states]}


class Builder:
    """Collects groups; knows the tree of elements."""

    def __init__(self, subject: SimulationSubject, integration: str):
        self.subject, self.integration = subject, integration
        self.plant = subject.simulation.plant
        self.levels = subject.levels
        self.groups: list[Group] = []
        self._paths: dict[str, list[str]] = {}

    def paths(self, level: str) -> list[str]:
        """Paths of a level."""
        if level not in self._paths:
            self._paths[level] = list(self.levels.paths(level))
        return self._paths[level]

    def below(self, level: str, wanted: str) -> list[list[str]]:
        """Paths of the elements of a level below each element of another."""
        parents = self.levels[wanted].parent_index
        rows = [parents == row for row in range(self.levels[level].count)]
        paths = np.array(self.paths(wanted), dtype=object)
        return [list(paths[mask]) for mask in rows]

    def add(
        self,
        object_type: str,
        point_type: str,
        level: str,
        facts: Sequence[dict[str, Any]],
        reader: tuple[Reader, float] | None,
        meaning: dict[str, Any],
        *,
        area: Sequence[str] = (),
        rows: NDArray[np.int64] | None = None,
        suffix: str = "",
    ) -> None:
        """Add a point of every element (or of ``rows``) of a level."""
        paths = self.paths(level)
        chosen = range(len(paths)) if rows is None else rows.tolist()
        if not len(chosen):
            return
        tail = suffix or "/".join(word.lower() for word in area)
        common: dict[str, Any] = {"objectType": object_type, "pointType": point_type, **meaning}
        if area:
            common["processArea"] = list(area)
        self.groups.append(
            Group(
                object_type,
                point_type,
                [paths[row].strip("/") + (f"/{tail}" if tail else "") for row in chosen],
                [common | facts[row] for row in chosen],
                reader[0] if reader else None,
                reader[1] if reader else 0.0,
            )
        )


def named(path: str, serves: Sequence[str]) -> dict[str, Any]:
    """Metadata that names an object and what it serves."""
    return {"objectName": path.strip("/"), "objectId": path, "servesId": list(serves)}
