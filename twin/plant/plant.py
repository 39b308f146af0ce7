"""The compiled plant: a layout as arrays, immutable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Constants, RackConstants, SharedConstants
from twin.catalog.loader import Catalog
from twin.errors import InputError
from twin.layout import models
from twin.layout.loader import Layout
from twin.plant.cooling import cdu_constants, plant_constants
from twin.plant.cooling_options import recirculation_shares
from twin.plant.design import Design, design_of
from twin.plant.expand import expand, settle_cdus
from twin.plant.levels import Levels
from twin.plant.overlap import refuse_racks_in_one_place
from twin.plant.overrides import apply_overrides, levels_of
from twin.plant.placement import place
from twin.plant.power import conversion_stages, hall_constants, row_constants, site_constants
from twin.plant.power_supply import initial_supply, rack_supply
from twin.plant.rack_kinds import rack_kinds
from twin.plant.slots import Slot, rack_slots
from twin.plant.spread import accelerator_spread
from twin.plant.ups_systems import initial_systems, panel_constants, system_constants


@dataclass(frozen=True, eq=False)
class Plant:
    """Everything a layout fixes.

    Attributes
    ----------
    layout, seed : what it was compiled from
    levels : elements of every level, their parents and paths
    constants : arrays for the physics
    initial : set points to begin with, by state field (``cdu.supply_setpoint``...)
    out_of_service : rows of each level that are fitted but switched off
    design : loads, flows and positions by which it was sized
    """

    layout: Layout
    seed: int
    levels: Levels
    constants: Constants
    initial: Mapping[str, NDArray[np.float64]]
    out_of_service: Mapping[str, NDArray[np.int64]]
    design: Design

    @property
    def name(self) -> str:
        """Name of the layout."""
        return self.layout.name

    @property
    def digest(self) -> str:
        """Digest of the layout with its products."""
        return self.layout.digest

    @property
    def sites(self) -> Sequence[models.Site]:
        """The layout's model of every site: location, grid connection."""
        return self.design.expansion.site

    def product_ids(self, level: str) -> Sequence[str]:
        """Product of every element of a level that has products."""
        return self.design.expansion.products_of(level)

    def positions(self, level: str) -> NDArray[np.float64]:
        """Centre of every element's footprint [m], shape [count, 3]; not for accelerators."""
        return self.design.expansion.levels[level].position

    def yaws(self, level: str) -> NDArray[np.float64]:
        """Turn of every element about the vertical [deg], shape [count]."""
        return self.design.expansion.levels[level].yaw

    @cached_property
    def slots(self) -> Mapping[str, tuple[Slot, ...]]:
        """Accelerator slots of every rack product in use."""
        return {kind.rack.id: rack_slots(kind.rack, kind.accelerator) for kind in self.design.kinds}


def compile_plant(layout: Layout, seed: int = 0) -> Plant:
    """Compile a layout.

    ``seed`` draws the differences between accelerators of one product.

    Raises
    ------
    InputError : anything in the layout that cannot be built; with file, line and key
    """
    try:
        return _compile(layout, seed)
    except InputError as error:
        if not error.file:
            error.file = layout.document.file
        raise


def _compile(layout: Layout, seed: int) -> Plant:
    result = expand(layout)
    placement = place(result)
    overridden = apply_overrides(result)
    settle_cdus(result)
    levels = levels_of(result)
    refuse_racks_in_one_place(result, levels)
    design = design_of(result, placement)
    stages, stage_row = conversion_stages(design)
    parts = [kind.accelerator for kind in design.kinds]
    resistance_spread = np.array([part.resistance_spread for part in parts])
    leakage_spread = np.array([part.leakage_spread for part in parts])
    panels = panel_constants(result)
    constants = Constants(
        gpu=accelerator_spread(
            seed,
            list(levels.paths("rack")),
            levels.rack_first_gpu,
            resistance_spread[design.rack_kind],
            leakage_spread[design.rack_kind],
        ),
        kinds=rack_kinds(design.kinds, stage_row),
        rack=rack_constants(design, levels),
        cdu=cdu_constants(design),
        row=row_constants(design),
        hall=hall_constants(design, stage_row),
        plant=plant_constants(design),
        site=site_constants(design),
        stages=stages,
        shared=SharedConstants(recirculation_shares(design)[1], np.array([seed], dtype=np.int64)),
        panel=panels,
        ups_system=system_constants(result, panels),
    )
    off = {
        level: np.flatnonzero(~elements.enabled).astype(np.int64)
        for level, elements in result.levels.items()
        if level != "cdu" and not elements.enabled.all()
    }
    if overridden.disabled_gpus:
        off["gpu"] = np.array(sorted(set(overridden.disabled_gpus)), dtype=np.int64)
    initial = {
        "cdu.supply_setpoint": result.cdu_setpoint,
        "cdu.isolated": (~result.levels["cdu"].enabled).astype(np.float64),
        "plant.supply_setpoint": result.plant_setpoint,
        "hall.air_setpoint": np.array([hall.air_supply_temperature for hall in result.hall]),
        **initial_supply(design),
        **initial_systems(design, panels),
        "row.door_setpoint": np.array(
            [
                row.rear_doors.leaving_air
                if row.rear_doors is not None and row.rear_doors.leaving_air is not None
                else result.hall[h].air_supply_temperature
                for row, h in zip(result.row, result.levels["row"].parent, strict=True)
            ]
        ),
    }
    _freeze(constants)
    return Plant(layout, seed, levels, constants, initial, off, design)


def rack_constants(design: Design, levels: Levels) -> RackConstants:
    """What each rack is and what it hangs on."""
    result = design.expansion
    row = result.levels["rack"].parent_index()
    hall = result.levels["row"].parent_index()[row]
    values: dict[str, Any] = {
        "kind": design.rack_kind,
        "first_gpu": levels.rack_first_gpu,
        "cdu": result.rack_cdu,
        "row": row,
        "hall": hall,
        "site": result.levels["hall"].parent_index()[hall],
        "supply_segment": design.rack_segment,
        "return_segment": design.rack_segment.copy(),
        **rack_supply(design, levels),
    }
    return RackConstants(**{name: values[name] for name in RackConstants._fields})


def _freeze(values: object) -> None:
    """Make every array of nested named tuples read-only."""
    if isinstance(values, np.ndarray):
        values.setflags(write=False)
    elif isinstance(values, tuple):
        for value in values:
            _freeze(value)


def load_plant(name_or_path: str | Path, seed: int = 0, catalog: Catalog | None = None) -> Plant:
    """Load a layout (a file, or a bundled one by name) and compile it."""
    from twin.layout.loader import load_layout

    return compile_plant(load_layout(name_or_path, catalog), seed)
