"""Channels that are read off the solved network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.power.flow import Flow
    from twin.state import StateBuffer


@dataclass(frozen=True)
class Solved:
    """A value of the solved network: a reading of :class:`twin.power.flow.Flow` by its name.

    NaN while the network has no solution: a value to look at must not end a run, and is not zero,
    as where nothing is live. ``twin check`` and ``twin one-line`` say why there is none.
    """

    level: str
    what: str
    arguments: tuple[str, ...] = ()

    def __call__(self, plant: Plant, state: StateBuffer) -> Floats:
        return self.of(plant, network_flow(plant, state))

    def of(self, plant: Plant, flow: Flow | None) -> Floats:
        """The values in a solution, shape [count]."""
        if flow is None:
            return np.full(plant.levels[self.level].count, np.nan)
        return np.asarray(np.nan_to_num(getattr(flow, self.what)(*self.arguments)))


def network_flow(plant: Plant, state: StateBuffer) -> Flow | None:
    """The solved network at a state; None where it has no solution."""
    from twin.errors import InputError, NumericalError
    from twin.power.flow import solver_of

    try:
        return solver_of(plant).at(state)
    except (InputError, NumericalError):
        return None


def solved(level: str, what: str, *arguments: str) -> Solved:
    """The reading ``what`` of a solution, with its arguments, for the elements of a level."""
    return Solved(level, what, arguments)
