"""How fast racks work right now: what drivers of synchronous work need to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats
from twin.catalog.specs import Accelerator, Rack

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.simulation import Simulation

SLIGHT_UTILISATION = 1e-3  # below which a rack's pace says nothing about its speed


def accelerators(plant: Plant) -> Floats:
    """Number of accelerators of every rack."""
    return np.diff(plant.levels.rack_first_gpu).astype(np.float64)


def running(simulation: Simulation) -> Floats:
    """Number of accelerators of every rack that can work: not failed, not shut down, with power.

    A rack has power from its row, over a panel of its own that is in service, or from its backup
    units for as long as it draws any.
    """
    state = simulation.state.view
    first = simulation.plant.levels.rack_first_gpu
    filled = np.flatnonzero(np.diff(first) > 0)
    online = np.zeros(len(first) - 1)
    if len(filled):
        online[filled] = np.add.reduceat(state.gpu.online, first[filled])
    rack = state.rack
    supplied = state.row.fed[simulation.plant.constants.rack.row] * rack.path > 0.0
    return np.asarray(online * rack.energised * (supplied | (rack.it_power > 0.0)))


def speeds(simulation: Simulation) -> Floats:
    """Pace of the work of every rack relative to full clocks, mean of those running, 0..1.

    Racks that are idle, or of which no step is known yet, count as fast.
    """
    rack = simulation.state.view.rack
    working = running(simulation)
    asked = rack.utilisation * working / np.maximum(accelerators(simulation.plant), 1.0)
    result = np.ones_like(asked)
    busy = (asked > SLIGHT_UTILISATION) & (rack.pace > 0.0)
    result[busy] = np.minimum(rack.pace[busy] / asked[busy], 1.0)
    return result


def peak_figures(plant: Plant) -> tuple[Floats, Floats]:
    """Of one accelerator of every rack: peak operations [flop/s] and memory bandwidth [byte/s]."""
    bandwidth = []
    for name in plant.product_ids("rack"):
        part = plant.layout.product(plant.layout.product(name, Rack).accelerator, Accelerator)
        bandwidth.append(part.hbm.bandwidth)
    kinds = plant.constants.kinds
    operations = kinds.peak_operations[plant.constants.rack.kind]
    return np.asarray(operations), np.array(bandwidth, dtype=np.float64)
