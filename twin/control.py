"""What a control and a fault are: rows of the tables of what may be changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twin.plant import Plant

Rows = NDArray[np.int64]
Fitted = Callable[["Plant"], NDArray[np.bool_]]
Limits = Callable[["Plant", Rows], tuple[float, float]]


@dataclass(frozen=True)
class Control:
    """One input that may be set.

    Attributes
    ----------
    level, key : where it lies and what it is called
    unit : of the value, "" for shares, counts and switches
    low, high : limits in that unit
    description : what it does
    field : field of the state when it differs from key; ``group.field`` when in another group
    whole : whether only whole numbers make sense (switches and counts)
    lifted_by_none : whether the text ``none`` takes the limit away that it sets
    limits : narrower limits of given elements, by what their products allow
    fitted : which elements of the level have it; left out: all
    needs : what an element needs to have it, for messages
    choices : the only values that mean something, where those are not all whole numbers
    example : a value with its unit, where nobody thinks in the unit here; a bare number is refused
    not_at_rest : why a state of rest, which knows no time, does not follow it; left out: it does
    """

    level: str
    key: str
    unit: str
    low: float
    high: float
    description: str
    field: str = ""
    whole: bool = False
    lifted_by_none: bool = False
    limits: Limits | None = None
    fitted: Fitted | None = None
    needs: str = ""
    choices: tuple[int, ...] = ()
    example: str = ""
    not_at_rest: str = ""

    @property
    def source(self) -> str:
        """Field of the state, ``group.field``."""
        return self.field if "." in self.field else f"{self.level}.{self.field or self.key}"


@dataclass(frozen=True)
class Fault:
    """A named fault: writes (control, faulty value, healthy value) at one level.

    A healthy value of None means "as the plant was built" (the state at the start). A control's key
    may name a level below, as ``rack.energised``; it is then written to all elements there.
    """

    level: str
    name: str
    writes: tuple[tuple[str, float, float | None], ...]
    description: str
