"""How racks hang on the three phases of their panels, as layouts say it."""

from __future__ import annotations

import numpy as np

from twin.layout.models import Row
from twin.plant import Plant
from twin.power.one_line_tables import Floats

PHASES = ("a", "b", "c")


def rack_phases(row: Row) -> Floats:
    """Share of every rack of a row on each phase, shape [racks, 3]."""
    if row.phase_shares is not None:
        return np.tile(np.array(row.phase_shares, dtype=np.float64), (row.racks, 1))
    shares = np.full((row.racks, 3), 1.0 / 3.0)
    if row.phases == "rotate":
        shares = np.eye(3)[np.arange(row.racks) % 3]
    elif row.phases != "balanced":
        shares = np.tile(np.eye(3)[PHASES.index(row.phases)], (row.racks, 1))
    return shares


def has_phases(plant: Plant) -> bool:
    """Whether any row of a plant says on which phases its racks hang."""
    rows = plant.design.expansion.row
    return any(row.phases != "balanced" or row.phase_shares is not None for row in rows)


def panel_phases(plant: Plant) -> Floats:
    """Share of every panel's load on each phase, shape [panels, 3]; racks at their design power."""
    c = plant.constants
    shares = np.full((plant.levels["panel"].count, 3), 1.0 / 3.0)
    for w, row in enumerate(plant.design.expansion.row):
        racks = slice(int(c.row.first_rack[w]), int(c.row.first_rack[w + 1]))
        power, of_rack = plant.design.rack_power[racks], rack_phases(row)
        masks = c.rack.panels[racks]
        first, last = int(c.row.first_panel[w]), int(c.row.first_panel[w + 1])
        hangs = (masks[:, None] >> np.arange(last - first)) & 1
        each = power[:, None] * hangs / np.maximum(hangs.sum(axis=1, keepdims=True), 1)
        carried = each.T @ of_rack
        total = carried.sum(axis=1, keepdims=True)
        some = total[:, 0] > 0.0
        shares[first:last][some] = carried[some] / total[some]
    return shares
