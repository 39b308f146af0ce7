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
    "UPS systems": ("sources", "system-inverter"),
}
"""Table and kind of the rows of each kind of bank; the others have none of their own."""


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
    loadings = {table: flow.loadings(table) for table in ("lines", "transformers")}
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
        if kind == "panel":
            without = _move_racks(model, without, bank, {0})
        elif table == "lines":
            without = _transfer(model, without, bank)
        elif table == "sources":
            without = _move_systems(model, without, bank, banks)
        flow = solver.of(without)
        cases.append(Case(bank.kind, model.plant.levels.path(bank.level, bank.first),
                          extremes(flow)))  # fmt: skip
    return sorted(cases, key=lambda case: case.worst.voltage)


def _open(operating: Operating, table: str, row: int) -> Operating:
    closed = getattr(operating, table).copy()
    closed[row] = False
    return replace(operating, **{table: closed})


def _move_racks(model: OneLine, operating: Operating, bank: Bank, out: set[int]) -> Operating:
    """The racks of a row's panels that are out (counted within it) hang on its others."""
    rows = model.loads.rows("racks")
    own = {int(index): int(row) for row, index in zip(rows, model.loads.index[rows], strict=True)}
    loads = np.array([own[bank.first + i] for i in range(bank.units)])
    power: Floats = operating.power.copy()
    if bank.masks is None:
        gone = [i for i in range(bank.units) if i in out]
        left = [i for i in range(bank.units) if i not in out]
        if left:
            power[loads[left]] += power[loads[gone]].sum() / len(left)
            power[loads[gone]] = 0.0
    else:
        own_power = model.plant.design.rack_power[bank.racks]
        scale = power[loads].sum() / max(own_power.sum(), 1.0)
        power[loads] = 0.0
        for rack, mask in zip(own_power, bank.masks.tolist(), strict=True):
            hangs = [i for i in range(bank.units) if mask >> i & 1]
            left = [i for i in hangs if i not in out]
            if left:
                power[loads[left]] += scale * rack / len(left)
            else:
                power[loads[hangs[0]]] += scale * rack  # nothing else feeds it: there, dark
    return replace(operating, power=power, reactive=power * model.load_tangent)


def _move_systems(model: OneLine, operating: Operating, bank: Bank, banks: list[Bank]) -> Operating:
    """Without its first UPS system a hall's panels turn to their alternates, or its racks hang on
    the other panels of their row; the other systems take up what that moves."""
    c, k = model.plant.constants, bank.first
    switches = operating.switches.copy()
    for row, kind in enumerate(model.switches.kind):
        if kind in ("preferred", "alternate"):
            if c.panel.system[model.switches.index[row]] == k:
                switches[row] = kind == "alternate"
    lost = (c.panel.system == k) & (c.panel.alternate < 0)
    for row_bank in banks:
        if row_bank.kind == "panels":
            own = np.arange(row_bank.first, row_bank.first + row_bank.units)
            gone = set(np.flatnonzero(lost[own]).tolist())
            if gone:
                operating = _move_racks(model, operating, row_bank, gone)
    power = operating.power.copy()
    systems = np.arange(bank.first, bank.first + bank.units)
    left = systems[(systems != k) & (c.ups_system.reserve[systems] == 0)]
    if not len(left):
        left = systems[systems != k]
    of = {kind: {int(model.loads.index[r]): int(r) for r in model.loads.rows(kind)}
          for kind in ("racks", "system-coolant", "system-rectifier")}  # fmt: skip
    coolant = of["system-coolant"]
    for system in left.tolist():
        power[coolant[system]] += power[coolant[k]] / len(left)
    power[coolant[k]] = 0.0
    behind = {system: power[coolant[system]] for system in systems.tolist()}
    before = sum(operating.power[coolant[system]] for system in systems.tolist())
    for panel, row in of["racks"].items():
        own_system = int(c.panel.system[panel])
        if own_system in behind:
            target = int(c.panel.alternate[panel]) if own_system == k else own_system
            before += power[row]
            if target >= 0:
                behind[target] += power[row]
    rectifiers = [of["system-rectifier"][system] for system in systems.tolist()]
    drawn = float(operating.power[rectifiers].sum()) / max(before, 1.0)
    power[rectifiers] = [drawn * behind[system] for system in systems.tolist()]
    return replace(operating, power=power, reactive=power * model.load_tangent, switches=switches)


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
