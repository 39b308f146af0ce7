"""The operating point of a one-line model at design: every rack at its rated power."""

from __future__ import annotations

import numpy as np

from twin.plant.budget import Budget
from twin.plant.ups_systems import system_loads
from twin.power.one_line import USUALLY_CLOSED, Floats, OneLine
from twin.power.operating import Operating


def design_operating(model: OneLine, budget: Budget) -> Operating:
    """Loads of the design budget, everything fitted and in service closed, on the grid."""
    c = model.plant.constants
    panels = np.diff(c.row.first_panel)
    racks = np.repeat(budget.row_power / np.maximum(panels, 1), panels)
    rows = np.zeros(len(c.hall.site))
    np.add.at(rows, c.row.hall, budget.row_power)
    has_ups = np.diff(c.hall.first_ups) > 0
    rectifiers = np.where(has_ups, budget.hall_power, 0.0)
    coolant = np.where(has_ups, np.maximum(budget.hall_ups - rows, 0.0), 0.0)
    behind, pumps = system_loads(model.plant, racks, coolant)
    hall = c.ups_system.hall
    total = np.bincount(hall, behind, len(rows))
    values: dict[str, Floats] = {
        "house": c.site.house_power,
        "battery": np.zeros(len(c.site.house_power)),
        "solar": np.zeros(len(c.site.house_power)),
        # the budget's power of a hall holds its transformers' loss: a little on the safe side
        "rectifier": rectifiers,
        "air": np.where(has_ups, 0.0, np.maximum(budget.hall_power - rows, 0.0)),
        "coolant": coolant,
        "system-rectifier": rectifiers[hall] * behind / np.maximum(total[hall], 1.0),
        "system-coolant": pumps,
        "racks": racks,
        "drives": budget.plant_power,
        "chillers": np.zeros(len(budget.plant_power)),
        "site-capacitors": np.zeros(len(budget.site_power)),
        "hall-capacitors": np.zeros(len(budget.hall_power)),
        "plant-capacitors": np.zeros(len(budget.plant_power)),
    }
    power = np.array(
        [values[kind][index] for kind, index in zip(model.loads.kind, model.loads.index.tolist())],
        dtype=np.float64,
    )
    inverters = np.array([kind != "generators" for kind in model.sources.kind], dtype=np.bool_)
    switches = np.array([k in USUALLY_CLOSED for k in model.switches.kind], dtype=np.bool_)
    return Operating(
        power,
        power * model.load_tangent,
        np.ones(len(model.sources)),
        _fitted(model, "lines"),
        _fitted(model, "transformers"),
        switches,
        inverters,
    )


def _fitted(model: OneLine, table: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each row's element is in service as built."""
    rows = getattr(model, table)
    off = {level: set(values.tolist()) for level, values in model.plant.out_of_service.items()}
    return np.array(
        [index not in off.get(level, ()) for level, index in
         zip(rows.level, rows.index.tolist(), strict=True)],
        dtype=np.bool_,
    )  # fmt: skip
