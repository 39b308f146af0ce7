"""Capacitor banks of sites, halls and plants: how many steps are in, and what they resonate with.

Steps follow the load without delay or memory, so that they are a function of the state alone:
first those of halls and plants, from what their transformers pass without any, then those of the
site, from what its source gives with the others in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.layout.power_models import CapacitorBank
from twin.power.one_line import CAPACITORS, Floats, OneLine, tangent
from twin.power.operating import Operating

if TYPE_CHECKING:
    from twin.power.flow import Flow

HARMONICS = (5, 7, 11, 13)
"""Orders that six-pulse converters of drives and chargers make (IEEE 519)."""
NEAR = 0.1
"""Share of an order within which a resonance is told."""


@dataclass(frozen=True)
class Bank:
    """A bank as a row of the loads: its element, bus and layout."""

    row: int
    level: str
    index: int
    bus: int
    model: CapacitorBank


def banks_in(model: OneLine) -> list[Bank]:
    """All capacitor banks of a one-line model."""
    result = model.plant.design.expansion
    found: list[Bank] = []
    owners: dict[str, list[CapacitorBank | None]] = {
        "site": [site.capacitors for site in result.site],
        "hall": [hall.capacitors for hall in result.hall],
        "plant": [plant.capacitors for plant in result.plant],
    }
    for level, kind in CAPACITORS.items():
        for row in model.loads.rows(kind).tolist():
            index = int(model.loads.index[row])
            own = owners[level][index]
            assert own is not None  # rows are made of those that have some
            found.append(Bank(row, level, index, int(model.network.loads.bus[row]), own))
    return found


def steps_wanted(power: float, reactive: float, bank: CapacitorBank) -> int:
    """Steps that bring a load [W, var] to a bank's power factor.

    The fewest that reach it, not so many that it would lead by more than it may lag. A load that
    gives power back asks for none.
    """
    if bank.control == "fixed":
        return int(bank.count)
    if power <= 0.0:
        return 0
    allowed, step = power * tangent(bank.target_power_factor), float(bank.rated_power)
    least = math.ceil((reactive - allowed) / step - 1e-9)
    most = math.floor((reactive + allowed) / step + 1e-9)
    return max(0, min(least, most, int(bank.count)))


class Capacitors:
    """Stages in which the banks of one model are switched; none where it has no banks."""

    def __init__(self, model: OneLine) -> None:
        self.model = model
        self.banks = banks_in(model)
        below = [bank for bank in self.banks if bank.level != "site"]
        above = [bank for bank in self.banks if bank.level == "site"]
        self._ways = {bank.row: self._measured_at(bank) for bank in self.banks}
        self.stages: list[Callable[[Flow], Operating | None]] = []
        if below:
            self.stages.append(lambda flow: self._switch(flow, below))
        if above:
            # what they do to voltages and losses may ask for one step more or less
            self.stages += [lambda flow: self._switch(flow, above)] * 2

    def _measured_at(self, bank: Bank) -> tuple[str, list[int]]:
        """Where a bank's controller measures: table and rows."""
        model = self.model
        if bank.level == "site":
            rows = [
                k for k, (level, index) in enumerate(
                    zip(model.sources.level, model.sources.index.tolist(), strict=True))
                if level == "site" and index == bank.index
            ]  # fmt: skip
            return "sources", rows
        below = model.network.transformers.to_bus == bank.bus
        return "transformers", np.flatnonzero(below).tolist()

    def _switch(self, flow: Flow, banks: list[Bank]) -> Operating | None:
        """Operating point with the steps that a solution asks for; None if nothing changes."""
        reactive: Floats = flow.operating.reactive.copy()
        volts = flow.result.voltage_pu
        for bank in banks:
            table, rows = self._ways[bank.row]
            if table == "sources":
                power = float(flow.result.source_power[rows].sum())
                drawn = float(flow.result.source_reactive[rows].sum())
            else:
                power = -float(flow.result.transformers.to_power[rows].sum())
                drawn = -float(flow.result.transformers.to_reactive[rows].sum())
            # as if none of this bank's steps were in
            drawn -= float(reactive[bank.row]) * float(volts[bank.bus]) ** 2
            steps = steps_wanted(power, drawn, bank.model)
            reactive[bank.row] = -steps * bank.model.rated_power
        if np.array_equal(reactive, flow.operating.reactive):
            return None
        return replace(flow.operating, reactive=reactive)


def steps_of(bank: Bank, operating: Operating) -> int:
    """Steps of a bank that are in."""
    return round(-float(operating.reactive[bank.row]) / float(bank.model.rated_power))


def steps_in(model: OneLine, operating: Operating) -> Floats:
    """Steps that are in of every site's own bank."""
    steps = np.zeros(len(model.plant.sites))
    for bank in banks_in(model):
        if bank.level == "site":
            steps[bank.index] = steps_of(bank, operating)
    return steps


def resonance(short_circuit_power: float, steps: int, bank: CapacitorBank) -> float:
    """Order of the harmonic at which the steps resonate with the network above them.

    Without reactors ``h = sqrt(S_k / Q_c)`` (IEC 61642, IEEE 1036); with reactors of a share ``p``
    in series ``h = 1 / sqrt(Q_c / S_k + p)``.
    """
    return 1.0 / math.sqrt(steps * bank.rated_power / short_circuit_power + bank.detuning)
