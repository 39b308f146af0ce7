"""What the units of site batteries hold at their age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer


def battery_capacity(plant: Plant, state: StateBuffer) -> Floats:
    """Energy that each unit holds when full [J], shape [units]; see
    :func:`physics.electrical.battery.aged_capacity`."""
    site, owner = plant.constants.site, plant.levels["battery"].parent_index
    lost = (1.0 - site.battery_end_of_life[owner]) * state.view.battery.life_used
    capacity: Floats = site.battery_energy[owner] * np.maximum(1.0 - lost, 0.0)
    return capacity


def keep_share(plant: Plant, state: StateBuffer, capacity: Floats) -> None:
    """Leave units as full as they were at another ``capacity`` [J], after their age was set."""
    ratio = battery_capacity(plant, state) / np.maximum(capacity, 1e-9)
    state.view.battery.charge[:] *= ratio
