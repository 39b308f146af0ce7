"""The state of a factory: every dynamic value as a view of one buffer.

Snapshot, restore, rewind and branch are a copy of that buffer.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from physics.factory import arrays
from physics.factory.arrays import Constants, Floats, State, StateBlocks


def counts_of(constants: Constants) -> dict[str, int]:
    """Number of elements of every group of the state."""

    def units(first: NDArray[np.int64]) -> int:
        return int(first[-1]) if len(first) else 0

    hall, plant, site = constants.hall, constants.plant, constants.site
    return {
        "gpu": len(constants.gpu.resistance_factor),
        "rack": len(constants.rack.kind),
        "cdu": len(constants.cdu.plant),
        "main": 2 * len(constants.cdu.plant),
        "cdu_temperature_sensor": len(constants.cdu.plant),
        "cdu_pressure_sensor": len(constants.cdu.plant),
        "row": len(constants.row.hall),
        "panel": units(constants.row.first_panel),
        "hall": len(hall.site),
        "crah": units(hall.first_crah),
        "ups": units(hall.first_ups),
        "hall_transformer": units(hall.first_transformer),
        "plant": len(plant.site),
        "plant_temperature_sensor": len(plant.site),
        "tank": len(plant.site),
        "cooler": units(plant.first_cooler),
        "pump": units(plant.first_pump),
        "chiller": units(plant.first_chiller),
        "plant_transformer": units(plant.first_transformer),
        "site": len(site.power_factor),
        "site_transformer": units(site.first_transformer),
        "feeder": units(site.first_feeder),
        "generator": units(site.first_generator),
        "battery": units(site.first_battery),
        "ups_system": len(constants.ups_system.hall),
        "ledger": len(site.power_factor),
        "journal": arrays.JOURNAL_SIZE,
    }


def field_names() -> tuple[str, ...]:
    """Names of everything in a state, ``group.field``, in the order in which it lies there."""
    return tuple(f"{group}.{field}" for group in State.__annotations__ for field in _fields(group))


class StateBuffer:
    """One float64 buffer and the named views of it.

    Attributes
    ----------
    buffer : all values, shape [n]
    view : the same values by group and field
    blocks : the same values by group, shape [fields, elements], as compiled code takes them
    """

    def __init__(self, counts: dict[str, int]):
        self.counts = counts
        sizes = {group: counts[group] * len(_fields(group)) for group in State.__annotations__}
        self.buffer: Floats = np.zeros(sum(sizes.values()))
        groups, blocks = {}, {}
        start = 0
        for group, size in sizes.items():
            fields, count = len(_fields(group)), counts[group]
            part = self.buffer[start : start + size]
            elements_first = group in arrays.ELEMENTS_FIRST
            block = part.reshape((count, fields) if elements_first else (fields, count))
            blocks[group] = block
            rows = block.T if elements_first else block
            groups[group] = getattr(arrays, _class_of(group))(*rows)
            start += size
        self.view = State(**groups)
        self.blocks = StateBlocks(**blocks)

    def snapshot(self) -> Floats:
        """A copy of everything, to :meth:`restore` later or to hand to another buffer."""
        return self.buffer.copy()

    def restore(self, snapshot: Floats) -> None:
        """Take over a snapshot of a state of the same plant. Raises ValueError on another size."""
        if snapshot.shape != self.buffer.shape:
            raise ValueError(
                f"snapshot has {snapshot.size} values, this plant's state has {self.buffer.size}"
            )
        self.buffer[:] = snapshot

    def digest(self) -> str:
        """Hash of every bit of the state."""
        return hashlib.sha256(self.buffer.tobytes()).hexdigest()

    def field(self, name: str) -> Floats:
        """View by ``group.field``, such as ``rack.it_power``."""
        group, _, field_name = name.partition(".")
        values: Floats = getattr(getattr(self.view, group), field_name)
        return values


def _class_of(group: str) -> str:
    return str(State.__annotations__[group].__forward_arg__)


def _fields(group: str) -> tuple[str, ...]:
    fields: tuple[str, ...] = getattr(arrays, _class_of(group))._fields
    return fields
