"""One element out at a time: power flow of every such case, with loads moved to what is left."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from twin.power.capacity import Bank
from twin.power.flow import Flow, Solver
from twin.power.one_line import Floats, OneLine
from twin.power.operating import Operating

BRANCHES = {
    "panels": ("lines", "panel"),
    "feeders": ("lines", "feeder"),
    "transformers": ("transformers", "hall-transformer"),
    "plant transformers": ("transformers", "plant-transformer"),
    "main transformers": ("transformers", "main-transformer"),
}
"""Table and kind of the branches of each kind of bank; the others have none of their own."""


@dataclass(frozen=True)
class Extreme:
    """Lowest voltage and highest loading of a solution, and where.

    voltage : per unit; loading : of the rating; unserved : power of loads without supply [W]
    """

    voltage: float
    bus: str
    loading: float
    branch: str
    unserved: float


@dataclass(frozen=True)
class Case:
    """One element out, and the worst of what follows; ``out`` is its path."""

    kind: str
    out: str
    worst: Extreme


def extremes(flow: Flow) -> Extreme:
    """Lowest voltage and highest loading in a solution."""
    model, result = flow.model, flow.result
    live = np.where(result.energised, result.voltage_pu, np.inf)
    bus = int(np.argmin(live))
    loadings = {
        "lines": result.lines.current_loading,
        "transformers": result.transformers.power_loading,
    }
    table = max(loadings, key=lambda name: loadings[name].max(initial=-1.0))
    branch = int(np.argmax(loadings[table])) if len(loadings[table]) else -1
    dead = ~result.energised[model.network.loads.bus]
    return Extreme(
        float(live[bus]),
        model.name("buses", bus),
        float(loadings[table][branch]) if branch >= 0 else 0.0,
        model.name(table, branch) if branch >= 0 else "",
        float(np.maximum(flow.operating.power, 0.0)[dead].sum()),
    )


def single_outages(solver: Solver, operating: Operating, banks: list[Bank]) -> list[Case]:
    """A power flow for one unit out of every bank that has branches; lowest voltages first.

    Equal units are equal: the first of each bank stands for all.
    """
    model = solver.model
    cases = []
    for bank in banks:
        if bank.kind not in BRANCHES:
            continue
        table, kind = BRANCHES[bank.kind]
        row = int(np.flatnonzero(
            (np.array(getattr(model, table).kind) == kind)
            & (getattr(model, table).index == bank.first)
        )[0])  # fmt: skip
        without = _open(operating, table, row)
        if table == "lines":
            without = (_move_racks if kind == "panel" else _transfer)(model, without, bank)
        flow = solver.of(without)
        cases.append(Case(bank.kind, model.plant.levels.path(bank.level, bank.first),
                          extremes(flow)))  # fmt: skip
    return sorted(cases, key=lambda case: case.worst.voltage)


def _open(operating: Operating, table: str, row: int) -> Operating:
    closed = getattr(operating, table).copy()
    closed[row] = False
    return replace(operating, **{table: closed})


def _move_racks(model: OneLine, operating: Operating, bank: Bank) -> Operating:
    """The racks of a panel that is out hang on the others of their row."""
    rows = model.loads.rows("racks")
    own = {int(index): int(row) for row, index in zip(rows, model.loads.index[rows], strict=True)}
    loads = np.array([own[bank.first + i] for i in range(bank.units)])
    power: Floats = operating.power.copy()
    if bank.masks is None:
        moved = power[loads[0]]
        if bank.units > 1:
            power[loads[1:]] += moved / (bank.units - 1)
            power[loads[0]] = 0.0
    else:
        own_power = model.plant.design.rack_power[bank.racks]
        scale = power[loads].sum() / max(own_power.sum(), 1.0)
        power[loads] = 0.0
        for rack, mask in zip(own_power, bank.masks.tolist(), strict=True):
            left = [i for i in range(1, bank.units) if mask >> i & 1]
            if left:
                power[loads[left]] += scale * rack / len(left)
            else:
                power[loads[0]] += scale * rack  # nothing else feeds it: it stays there, dark
    return replace(operating, power=power, reactive=power * model.load_tangent)


def _transfer(model: OneLine, operating: Operating, bank: Bank) -> Operating:
    """Halls and plants of a feeder that is out go to their other feeder, where they have one."""
    switches = operating.switches.copy()
    own = model.switches
    c = model.plant.constants
    for k, kind in enumerate(own.kind):
        if kind not in ("own-feeder", "other-feeder"):
            continue
        constants = getattr(c, own.level[k])
        index = int(own.index[k])
        if constants.feeder[index] == bank.first and constants.other_feeder[index] >= 0:
            switches[k] = kind == "other-feeder"
    return replace(operating, switches=switches)
