"""Short-circuit currents (IEC 60909-0) on every bus of a layout, and what stands there.

The greatest currents: public grid at its full level, conductors cold, every bypass closed. Of
transformers that carry a load together only those of one bus section feed a fault. Sources behind
converters feed none; generators do not run in parallel with the grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from physics.electrical.short_circuit import (
    ShortCircuitLevels,
    fault_network,
    short_circuit_levels,
    voltage_factor,
)
from twin.catalog.specs import Distribution
from twin.power.one_line import BYPASSES, USUALLY_CLOSED, OneLine


@dataclass(frozen=True)
class Gear:
    """Switchgear on a bus: product, element, level and row of it, and the bus."""

    product: Distribution
    level: str
    index: int
    bus: int


def fault_levels(model: OneLine) -> ShortCircuitLevels:
    """Greatest three-phase short-circuit currents at all buses."""
    net = model.network
    transformers = replace(net.transformers, closed=_one_section(model))
    usual = np.array(
        [kind in USUALLY_CLOSED + BYPASSES for kind in model.switches.kind], dtype=np.bool_
    )
    kinds = np.array(model.sources.kind, dtype=object)
    sources = replace(net.sources, closed=np.asarray(kinds == "supply", dtype=np.bool_))
    faulty = replace(net, transformers=transformers, sources=sources)
    branches, infeeds = fault_network(faulty)
    return short_circuit_levels(
        net.rated_voltage,
        branches,
        infeeds,
        voltage_factor(net.rated_voltage, "max"),
        joined=(net.switches.from_bus[usual], net.switches.to_bus[usual]),
    )


def _one_section(model: OneLine) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Transformers of the first bus section of every bank."""
    result = model.plant.design.expansion
    owners = {
        "main-transformer": [site.transformers for site in result.site],
        "hall-transformer": [hall.transformers for hall in result.hall],
        "plant-transformer": [plant.transformers for plant in result.plant],
    }
    closed = np.zeros(len(model.transformers), dtype=np.bool_)
    seen: dict[tuple[str, int], int] = {}
    rows = model.transformers
    for k, (kind, level, index) in enumerate(
        zip(rows.kind, rows.level, rows.index.tolist(), strict=True)
    ):
        owner = int(model.plant.levels[level].parent_index[index])
        bank = owners[kind][owner]
        count = seen.get((kind, owner), 0)
        closed[k] = bank is not None and count < bank.parallel
        seen[kind, owner] = count + 1
    return closed


def gear_of(model: OneLine) -> list[Gear]:
    """Switchgear that a layout names: of sites, of halls, and every row's first panel."""
    plant, layout = model.plant, model.plant.layout
    result, found = plant.design.expansion, []

    def add(product: str | None, level: str, index: int, bus: tuple[str, int]) -> None:
        if product is not None:
            gear = layout.product(product, Distribution)
            found.append(Gear(gear, level, index, model.bus_of[bus]))

    for s, site in enumerate(result.site):
        add(site.switchgear, "site", s, ("mv", s))
    for h, hall in enumerate(result.hall):
        add(hall.switchgear, "hall", h, ("hall-lv", h))
    for w, row in enumerate(result.row):
        # a panel's breaker stands at the head of its line
        hall_index = int(plant.constants.row.hall[w])
        if row.panels is not None:
            add(row.panels.product, "row", w, ("ups", hall_index))
    return found
