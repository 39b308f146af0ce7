"""To which elements a channel applies: what an element does not have or do is no value, not zero.

Each function tells for all elements of a level whether a value means something, shape [count].
What does not apply is missing: NaN in memory and recordings, nothing in JSON, a dash for people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

Truths = NDArray[np.bool_]
Applies = Callable[["Plant", "StateBuffer"], Truths]


def liquid_cooled(plant: Plant, state: StateBuffer) -> Truths:
    """Racks with coolant of a CDU."""
    return np.asarray(plant.constants.rack.cdu >= 0)


def coolant_flows(plant: Plant, state: StateBuffer) -> Truths:
    """Liquid-cooled racks through which coolant flows."""
    from physics.factory.racks import STILL_FLOW

    return np.asarray((plant.constants.rack.cdu >= 0) & (state.view.rack.flow > STILL_FLOW))


def both_sides_flow(plant: Plant, state: StateBuffer) -> Truths:
    """CDUs with flow on both sides of the exchanger."""
    cdu = state.view.cdu
    return np.asarray((cdu.secondary_flow > 0.0) & (cdu.primary_flow > 0.0))


def with_accelerators(plant: Plant, state: StateBuffer) -> Truths:
    """Racks that hold accelerators."""
    return np.asarray(np.diff(plant.constants.rack.first_gpu) > 0)


def accelerators_run(plant: Plant, state: StateBuffer) -> Truths:
    """Racks in which some accelerator runs."""
    count = np.diff(plant.constants.rack.first_gpu)
    return np.asarray(state.view.rack.gpus_off < count)


def accelerator_runs(plant: Plant, state: StateBuffer) -> Truths:
    """Accelerators that run: neither shut down nor in a rack without power."""
    online = np.asarray(state.view.gpu.online > 0.0)
    count = np.diff(plant.constants.rack.first_gpu)
    dark = np.flatnonzero((state.view.rack.gpus_off >= count) & (count > 0))
    for rack in dark.tolist():
        first, last = plant.constants.rack.first_gpu[rack : rack + 2]
        online[first:last] = False
    return online


def with_backup(plant: Plant, state: StateBuffer) -> Truths:
    """Racks with battery backup units."""
    return np.asarray(plant.constants.rack.backup_energy > 0.0)


def powered(plant: Plant, state: StateBuffer) -> Truths:
    """Racks that have power."""
    return np.asarray(state.view.rack.it_power > 0.0)


def rack_with_door(plant: Plant, state: StateBuffer) -> Truths:
    """Racks with rear doors."""
    return row_with_doors(plant, state)[plant.levels["rack"].parent_index]


def row_with_doors(plant: Plant, state: StateBuffer) -> Truths:
    """Rows with rear doors."""
    return np.asarray(plant.constants.row.door_plant >= 0)


def some(level: str, first: str) -> Applies:
    """Elements of a level that have units: ``first`` names where each one's begin."""

    def holds(plant: Plant, state: StateBuffer) -> Truths:
        constants: Any = getattr(plant.constants, level)
        return np.asarray(np.diff(getattr(constants, first)) > 0)

    return holds


def constant(level: str, name: str) -> Applies:
    """Elements of a level of which a constant is above zero."""

    def holds(plant: Plant, state: StateBuffer) -> Truths:
        constants: Any = getattr(plant.constants, level)
        return np.asarray(getattr(constants, name) > 0.0)

    return holds


def panel_of_systems(plant: Plant, state: StateBuffer) -> Truths:
    """Panels in halls with several UPS systems."""
    hall = plant.constants.row.hall[plant.levels["panel"].parent_index]
    return np.asarray(np.diff(plant.constants.hall.first_system) > 0)[hall]


def site_with(part: str) -> Applies:
    """Sites that have a part of that name in their layout."""
    return lambda plant, state: np.array(
        [getattr(site, part) is not None for site in plant.sites], dtype=np.bool_
    )


def site_with_accelerators(plant: Plant, state: StateBuffer) -> Truths:
    """Sites with at least one accelerator."""
    count = np.diff(plant.constants.rack.first_gpu)
    total = np.bincount(plant.constants.rack.site, weights=count, minlength=len(plant.sites))
    return np.asarray(total > 0.0)


def site_computes(plant: Plant, state: StateBuffer) -> Truths:
    """Sites whose racks draw power."""
    return np.asarray(state.view.site.it_power > 0.0)


def site_capped(plant: Plant, state: StateBuffer) -> Truths:
    """Sites with a cap on their power."""
    return np.asarray(np.isfinite(state.view.site.power_cap))


def grid_carries(plant: Plant, state: StateBuffer) -> Truths:
    """Sites at whose grid connection something flows."""
    return np.asarray(state.view.site.grid_power != 0.0)
