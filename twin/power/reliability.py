"""Availability of a rack's supply, from the banks of a layout and the reliability of their units.

Mean times are typical of IEEE 493 (Gold Book) and vendors' figures: order of magnitude, engineering
estimates. A bank works while as many units do as its design load needs; grid and generators stand
for each other.
"""

from __future__ import annotations

import math

import numpy as np

from physics.electrical.availability import (
    AvailabilityResult,
    Component,
    KOutOfN,
    Structure,
    analytic_availability,
    parallel,
    series,
    simulated_availability,
)
from twin.plant import Plant
from twin.power.capacity import Bank, banks_of

HOUR = 3600.0
MEAN_TIMES = {
    "grid": (4_380.0, 2.0),
    "generators": (1_700.0, 20.0),
    "main transformers": (2_600_000.0, 340.0),
    "feeders": (875_000.0, 16.0),
    "transformers": (1_750_000.0, 130.0),
    "UPS": (250_000.0, 8.0),
    "UPS systems": (250_000.0, 8.0),
    "panels": (1_200_000.0, 6.0),
}
"""Hours from repair to failure and to repair; of generators, to a failed start or run."""


def bank_structure(bank: Bank, rack: int | None = None) -> Structure:
    """A bank as k out of n units; k from its design load, at most all of them.

    A rack that hangs on one UPS system alone, without an alternate, needs that one. A system fails
    with any of its machines, so that it does so as many times more often.
    """
    needed = min(max(math.ceil(bank.load / bank.rating - 1e-9), 1), bank.units)
    failure, repair = MEAN_TIMES[bank.kind]
    units = tuple(
        Component(f"{bank.path} {bank.kind} {i + 1}", failure * HOUR / bank.members, repair * HOUR)
        for i in range(bank.units)
    )
    if bank.ways is not None and rack is not None:
        place = int(np.flatnonzero(bank.ways.racks == rack)[0])
        on = {system for way in bank.ways.of_rack[place] for system in way if system >= 0}
        if len(on) == 1:
            return KOutOfN(1, (units[on.pop()],))
    return KOutOfN(needed, units)


def supply_structure(plant: Plant, rack: int) -> KOutOfN:
    """What must work for a rack to have power: sources, then every bank on its way."""
    on_way = [bank for bank in banks_of(plant) if bank.kind in MEAN_TIMES and rack in bank.racks]
    grid = Component("grid", MEAN_TIMES["grid"][0] * HOUR, MEAN_TIMES["grid"][1] * HOUR)
    upper = [bank_structure(bank) for bank in on_way if bank.kind == "main transformers"]
    public = series(grid, *upper)
    standby = [bank_structure(bank) for bank in on_way if bank.kind == "generators"]
    source: Structure = parallel(public, *standby) if standby else public
    return series(
        source,
        *(
            bank_structure(bank, rack)
            for bank in on_way
            if bank.kind not in ("generators", "main transformers")
        ),
    )


def rack_availability(plant: Plant, rack: int) -> AvailabilityResult:
    """Exact steady-state availability of a rack's supply."""
    return analytic_availability(supply_structure(plant, rack))


def rack_availability_by_simulation(
    plant: Plant, rack: int, years: float = 1000.0, runs: int = 50, seed: int = 0
) -> AvailabilityResult:
    """The same by drawing failures and repairs; its standard error says how near."""
    return simulated_availability(supply_structure(plant, rack), years * 8760.0 * HOUR, runs, seed)
