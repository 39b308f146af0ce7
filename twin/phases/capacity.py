"""What a plant needs per accelerator and holds per hall: the ground for counting phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.catalog.specs import Accelerator, Rack
from twin.plant import Plant
from twin.plant.budget import power_budget


@dataclass(frozen=True)
class SiteCapacity:
    """One site as built out.

    Attributes
    ----------
    path, title : which
    halls : hall paths and their accelerators
    plants : plant paths and the halls whose coolant or air they cool
    accelerators : in all halls
    power_per_accelerator : of the whole site on the design day, cooling and losses in it [W]
    stacks_per_accelerator : HBM stacks, mean over its racks
    contract : power the grid contract allows [W]
    transformers : what its main transformers carry, or infinity without any [W]
    """

    path: str
    title: str
    halls: dict[str, int]
    plants: dict[str, tuple[str, ...]]
    accelerators: int
    power_per_accelerator: float
    stacks_per_accelerator: float
    contract: float
    transformers: float


def capacities(plant: Plant) -> list[SiteCapacity]:
    """Every site of a plant as built out."""
    power = power_budget(plant).site_power
    return [_site(plant, s, float(power[s])) for s in range(plant.levels["site"].count)]


def _site(plant: Plant, site: int, power: float) -> SiteCapacity:
    levels, constants = plant.levels, plant.constants
    first = levels.rack_first_gpu
    per_rack = np.diff(first)
    halls, plants = {}, {}
    for hall in levels.below("site", site, "hall"):
        racks = levels.below("hall", int(hall), "rack")
        halls[levels.path("hall", int(hall))] = int(per_rack[racks].sum())
    expansion = plant.design.expansion
    cooled = np.array([expansion.hall_plant, expansion.hall_air_plant])
    for row in levels.below("site", site, "plant"):
        fed = [int(h) for h in np.flatnonzero((cooled == row).any(axis=0))]
        plants[levels.path("plant", int(row))] = tuple(levels.path("hall", h) for h in fed)
    accelerators = sum(halls.values())
    racks = levels.below("site", site, "rack")
    stacks = sum(int(per_rack[rack]) * _stacks(plant, int(rack)) for rack in racks)
    model = plant.sites[site]
    bank = model.transformers
    carried = np.inf
    if bank is not None:
        rows = levels.below("site", site, "site_transformer")
        factor = float(constants.site.power_factor[site])
        carried = len(rows) * float(constants.site.transformer_rating[site]) * factor
    return SiteCapacity(
        levels.path("site", site),
        model.title,
        halls,
        plants,
        accelerators,
        power / accelerators if accelerators else 0.0,
        stacks / accelerators if accelerators else 0.0,
        model.grid.contract_power,
        carried,
    )


def _stacks(plant: Plant, rack: int) -> int:
    product = plant.layout.product(plant.product_ids("rack")[rack], Rack)
    return plant.layout.product(product.accelerator, Accelerator).hbm.stacks
