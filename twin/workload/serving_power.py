"""Power of accelerators that serve a language model, against batch size.

Arithmetic alone does not tell it: an accelerator that decodes one request uses less than 1 % of its
operations and draws 40 % of its design power all the same, since its clocks run and data moves
through it. Measurements give the power at a batch of one and at a full batch; between them it
follows how busy the step is with more than reading weights: caches and arithmetic.

Sources: ML.ENERGY benchmark v3.0 as summarised in the fleet simulator documentation of the vLLM
semantic router (two anchors on H100, and this interpolation); arXiv:2601.22076.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats
from twin.catalog.specs import Accelerator, Rack
from twin.plant.rack_kinds import PowerSplit, power_split
from twin.workload.driver import Rows
from twin.workload.spec import LanguageModel

if TYPE_CHECKING:
    from twin.plant import Plant


def touched_weights(model: LanguageModel, batch: float) -> float:
    """Bytes of weights one decode step reads: with few requests of a sparse model, not all."""
    touched = 1.0 - (1.0 - model.active_parameters / model.parameters) ** batch
    return float(model.parameters * touched * model.bytes_per_parameter)


def decode_activity(
    model: LanguageModel, batch: float, context: float, operations: float, bandwidth: float
) -> float:
    """How busy a decode step is beside reading weights, 0..1.

    The share of the step's traffic that is caches, and the step's arithmetic over the time its
    traffic takes; together at most 1. Operations [flop/s] and bandwidth [byte/s] are a replica's.
    """
    if batch <= 0.0 or operations <= 0.0 or bandwidth <= 0.0:
        return 0.0
    caches = batch * context * model.cache_bytes_per_token
    reading = touched_weights(model, batch) + caches
    by_memory = reading / (bandwidth * model.bandwidth_utilisation)
    by_compute = batch * 2.0 * model.active_parameters / (operations * model.flops_utilisation)
    return float(min(1.0, caches / reading + by_compute / by_memory))


def compute_share_drawing(
    part: Accelerator, split: PowerSplit, power: float, memory_share: float
) -> float:
    """Compute share at which an accelerator at full clocks draws a power [W] at its input.

    Bounded by 0 and 1; leakage is taken at its reference temperature.
    """
    memory = split.hbm_static + split.hbm_refresh + split.hbm_access * memory_share
    die = power * part.regulator_efficiency - memory - split.leakage
    return float(min(max(die / split.dynamic, 0.0), 1.0))


class ServingPower:
    """Compute shares of racks that serve, by how busy they are.

    Parameters
    ----------
    plant, rows : racks that serve
    """

    def __init__(self, plant: Plant, rows: Rows):
        names = [plant.product_ids("rack")[int(row)] for row in rows]
        self._kinds = list(dict.fromkeys(names))
        self._kind = np.array([self._kinds.index(name) for name in names], dtype=np.int64)
        racks = [plant.layout.product(name, Rack) for name in self._kinds]
        self._parts = [plant.layout.product(rack.accelerator, Accelerator) for rack in racks]
        self._splits = [power_split(part) for part in self._parts]

    def compute_shares(self, activity: float, memory_share: float) -> Floats:
        """Compute share of every rack while it decodes, shape [rows]."""
        shares = []
        for part, split in zip(self._parts, self._splits, strict=True):
            low, high = part.decode_power_low, part.decode_power_high
            power = part.thermal_design_power * (low + (high - low) * activity)
            shares.append(compute_share_drawing(part, split, power, memory_share))
        return np.array(shares)[self._kind]
