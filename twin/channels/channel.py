"""What a channel is: one row of the table of values that people can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats
from twin.channels.applies import Applies

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
    applies : tells to which elements it applies; the others have no value (NaN). None: to all
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
    applies: Applies | None = None

    @property
    def level(self) -> str:
        """The level whose elements have it."""
        return self.name.partition(".")[0]

    def read(self, plant: Plant, state: StateBuffer) -> Floats:
        """Values of all elements of the level, shape [count]; may be a view of the state.

        NaN for elements to which the channel does not apply.
        """
        return self.where_it_applies(self.read_all(plant, state), plant, state)

    def read_all(self, plant: Plant, state: StateBuffer) -> Floats:
        """What the state holds for all elements, whether it means anything for them or not."""
        if isinstance(self.source, str):
            return state.field(self.source)
        return self.source(plant, state)

    def where_it_applies(self, values: Floats, plant: Plant, state: StateBuffer) -> Floats:
        """The values, with NaN for elements to which the channel does not apply."""
        if self.applies is None:
            return values
        truths = self.applies(plant, state)
        return values if truths.all() else np.asarray(np.where(truths, values, np.nan))

    def beyond(self, value: float) -> str:
        """``limit`` or ``warning`` where a value has reached that mark, else nothing."""
        sign = -1.0 if self.falling else 1.0
        for name in ("limit", "warning"):
            mark: float | None = getattr(self, name)
            if mark is not None and sign * value >= sign * mark:
                return name
        return ""

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data, for streams and files."""
        row = asdict(self)
        row.pop("source")
        row.pop("applies")
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
