"""What a channel is: one row of the table of values that people can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from physics.factory.arrays import Floats

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

Reader = Callable[["Plant", "StateBuffer"], Floats]


@dataclass(frozen=True)
class Channel:
    """One visible value of every element of a level.

    Attributes
    ----------
    name : ``<level>.<what>``
    title : name for people
    unit : of the values, in pint's spelling; ``""`` for shares and counts
    resolution : smallest step worth telling apart; recordings, streams and golden tests use it
    low, high : range of the colour scale
    source : field of the state (``group.field``) or a function of plant and state
    warning, limit : values at which the legend marks a warning and a limit, or None
    falling : limits are undershot rather than exceeded
    colours : colour map: thermal, sequential or share
    description : what it is, in one sentence
    """

    name: str
    title: str
    unit: str
    resolution: float
    low: float
    high: float
    source: str | Reader
    description: str
    warning: float | None = None
    limit: float | None = None
    falling: bool = False
    colours: str = "sequential"

    @property
    def level(self) -> str:
        """The level whose elements have it."""
        return self.name.partition(".")[0]

    def read(self, plant: Plant, state: StateBuffer) -> Floats:
        """Values of all elements of the level, shape [count]; may be a view of the state."""
        if isinstance(self.source, str):
            return state.field(self.source)
        return self.source(plant, state)

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data, for streams and files."""
        row = asdict(self)
        row.pop("source")
        return row | {"level": self.level}


def of_parent(
    level: str, unit_field: str, parent_field: str, state_of: float | None = None
) -> Reader:
    """A value that units of a bank share, for each unit in service; zero for the others.

    In service is one whose field is positive, or equal to ``state_of`` where that is given.
    """

    def read(plant: Plant, state: StateBuffer) -> Floats:
        shared = state.field(parent_field)[plant.levels[level].parent_index]
        own = state.field(unit_field)
        values: Floats = shared * (own > 0.0 if state_of is None else own == state_of)
        return values

    return read
