"""What products allow: which elements have a control, and how far it goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.control import Rows

if TYPE_CHECKING:
    from twin.plant import Plant


def module_power(plant: Plant, racks: Rows) -> tuple[float, float]:
    """Least and greatest power [W] that a cap of the racks' accelerator modules may have.

    From idling to the thermal design power; of several products the widest span.
    """
    kinds = np.unique(plant.constants.rack.kind[racks])
    parts = [plant.design.kinds[int(kind)].accelerator for kind in kinds]
    return (
        min(float(part.idle_power) for part in parts),
        max(float(part.thermal_design_power) for part in parts),
    )


def fitted_pumps(plant: Plant, cdus: Rows) -> tuple[float, float]:
    """No pump, to as many as the CDUs have (the one with the most)."""
    return 0.0, float(plant.constants.cdu.pumps[cdus].max())


def with_rear_doors(plant: Plant) -> NDArray[np.bool_]:
    """Rows that have rear doors."""
    return np.asarray(plant.constants.row.door_plant >= 0)


def with_ups(plant: Plant) -> NDArray[np.bool_]:
    """Halls that have a UPS."""
    return np.asarray(np.diff(plant.constants.hall.first_ups) > 0)


def with_battery(plant: Plant) -> NDArray[np.bool_]:
    """Sites that have a battery."""
    return np.array([site.battery is not None for site in plant.sites])


def with_own_power(plant: Plant) -> NDArray[np.bool_]:
    """Sites that can feed power into the grid: those with a photovoltaic field."""
    return np.array([site.solar is not None for site in plant.sites])
