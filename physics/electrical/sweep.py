"""Backward/forward sweep: power flow of radial networks without any solver library.

Independent of power-grid-model, so that each checks the other, and the fallback where that is not
installed. Every branch is a pi section behind an ideal transformer; loads, line charging and
magnetising are currents at the buses. Currents are summed from the leaves to the source, voltages
set from the source to the leaves, until voltages stand still (Shirmohammadi et al., IEEE
Transactions on Power Systems 3 (1988) 753).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from physics.electrical.islands import find_islands, loop_closing_branches
from physics.electrical.network import (
    CONSTANT_CURRENT,
    CONSTANT_IMPEDANCE,
    BoolArray,
    ComplexArray,
    FloatArray,
    IntArray,
    Network,
    check_network,
)
from physics.jit import kernel

BASE_POWER = 1e6
"""Base of the per-unit quantities [VA]."""


@dataclass(frozen=True)
class Branches:
    """All closed branches as pi sections in per unit of the buses' rated voltages.

    Attributes:
        from_bus, to_bus: shape [branches].
        impedance: series, at the to side [-].
        shunt: admittance, half of it at each end of the series impedance [-].
        ratio: ideal transformer at the from end: from-side over to-side voltage [-], complex.
    """

    from_bus: IntArray
    to_bus: IntArray
    impedance: ComplexArray
    shunt: ComplexArray
    ratio: ComplexArray


@dataclass(frozen=True)
class SweepResult:
    """Solution of a sweep.

    Attributes:
        voltage: complex, per unit, 0 on dead buses, shape [buses].
        energised: shape [buses].
        branch_loss: active power lost in each closed branch [W], shape [branches].
        source_power: complex power delivered by all sources [VA].
        iterations: sweeps made.
    """

    voltage: ComplexArray
    energised: BoolArray
    branch_loss: FloatArray
    source_power: complex
    iterations: int


def closed_pi_sections(network: Network) -> Branches:
    """Per-unit pi sections of closed lines, transformers and switches, in this order."""
    volts = network.rated_voltage
    ln, tr, sw = network.lines, network.transformers, network.switches
    base = volts[ln.from_bus] ** 2 / BASE_POWER
    line_z = (ln.resistance + 1j * ln.reactance) / base
    line_y = 2j * np.pi * network.frequency * ln.capacitance * base
    to_base = volts[tr.to_bus] ** 2 / BASE_POWER
    own_base = tr.to_voltage**2 / tr.rated_power
    r = tr.load_loss / tr.rated_power
    x = np.sqrt(np.maximum(tr.short_circuit_voltage**2 - r * r, 0.0))
    g = tr.no_load_loss / tr.rated_power
    b = np.sqrt(np.maximum(tr.no_load_current**2 - g * g, 0.0))
    transformer_z = (r + 1j * x) * own_base / to_base
    transformer_y = (g - 1j * b) / own_base * to_base
    tapped = tr.from_voltage + tr.tap_position * tr.tap_size
    turns = (tapped / volts[tr.from_bus]) / (tr.to_voltage / volts[tr.to_bus])
    ratio = turns * np.exp(1j * np.pi / 6.0 * tr.clock)
    tables: list[Any] = [ln, tr, sw]
    keep = [t.closed for t in tables]
    none = np.zeros(len(sw.from_bus), dtype=np.complex128)
    return Branches(
        np.concatenate([t.from_bus[k] for t, k in zip(tables, keep, strict=True)]),
        np.concatenate([t.to_bus[k] for t, k in zip(tables, keep, strict=True)]),
        np.concatenate((line_z[keep[0]], transformer_z[keep[1]], none[keep[2]])),
        np.concatenate((line_y[keep[0]], transformer_y[keep[1]], none[keep[2]])),
        np.concatenate(
            (np.ones(int(keep[0].sum())), ratio[keep[1]], np.ones(int(keep[2].sum())))
        ).astype(np.complex128),
    )


class Sweep:
    """A radial network ordered for sweeping.

    Raises:
        ValueError: the network fails its check, or is not radial (names the branch, counted over
            closed lines, then transformers, then switches).
    """

    def __init__(self, network: Network) -> None:
        findings = check_network(network)
        if findings:
            raise ValueError("; ".join(findings))
        loops = loop_closing_branches(network)
        if len(loops):
            raise ValueError(f"network is not radial: closed branch {loops[0]} closes a loop")
        self.network = network
        self.branches = closed_pi_sections(network)
        self.energised = find_islands(network).energised
        self._order()

    def _order(self) -> None:
        n = len(self.network.rated_voltage)
        br, so = self.branches, self.network.sources
        live = so.closed
        # One extra bus stands behind all source impedances; each source is a branch from it.
        start = np.concatenate((br.from_bus, np.full(int(live.sum()), n)))
        end = np.concatenate((br.to_bus, so.bus[live]))
        graph = coo_array((np.ones(len(start)), (start, end)), shape=(n + 1, n + 1))
        order, parent = breadth_first_order(graph.tocsr(), n, directed=False)
        size = BASE_POWER / so.short_circuit_power[live]
        cosine = 1.0 / np.sqrt(1.0 + so.rx_ratio[live] ** 2)
        source_z = size * cosine * (so.rx_ratio[live] + 1j)
        # The source's own voltage acts as the turns ratio from a common 1 per unit.
        source_ratio = 1.0 / (so.voltage[live] * np.exp(1j * so.angle[live]))
        z = np.concatenate((br.impedance, source_z))
        y = np.concatenate((br.shunt, np.zeros(len(source_z))))
        ratio = np.concatenate((br.ratio, source_ratio))
        feeding = np.full(n + 1, -1, dtype=np.int64)
        down = parent[end] == start
        feeding[end[down]] = np.flatnonzero(down)
        up = ~down & (parent[start] == end)
        feeding[start[up]] = np.flatnonzero(up)
        self._sequence = order[1:].astype(np.int64)
        self._parent = parent.astype(np.int64)
        branch = feeding[self._sequence]
        self._impedance = np.zeros(n + 1, dtype=np.complex128)
        self._ratio = np.ones(n + 1, dtype=np.complex128)
        self._bus_shunt = np.zeros(n + 1, dtype=np.complex128)
        against = end[branch] != self._sequence
        k = ratio[branch]
        # Seen from the parent: a ratio at the far end is the inverse one at the near end, with
        # the series impedance carried over to the child's side of it.
        self._ratio[self._sequence] = np.where(against, 1.0 / k, k)
        self._impedance[self._sequence] = z[branch] * np.where(against, np.abs(k) ** 2, 1.0)
        half = 0.5 * y
        np.add.at(self._bus_shunt, end, half)
        np.add.at(self._bus_shunt, start, half / np.abs(ratio) ** 2)
        sh = self.network.shunts
        base = self.network.rated_voltage[sh.bus] ** 2 / BASE_POWER
        np.add.at(self._bus_shunt, sh.bus, (sh.conductance + 1j * sh.susceptance) * base)
        self._start, self._end, self._y = start, end, y

    def solve(
        self,
        power: ArrayLike | None = None,
        reactive_power: ArrayLike | None = None,
        tolerance: float = 1e-10,
        iterations: int = 200,
    ) -> SweepResult:
        """Solve for loads [W, var], shape [loads]; the network's own where none are given.

        Raises:
            RuntimeError: voltages did not settle; names the bus that moved most.
        """
        n = len(self.network.rated_voltage)
        ld = self.network.loads
        p = ld.power if power is None else np.broadcast_to(np.asarray(power), ld.bus.shape)
        q = (
            ld.reactive_power
            if reactive_power is None
            else np.broadcast_to(np.asarray(reactive_power), ld.bus.shape)
        )
        s = (p + 1j * q) / BASE_POWER
        by_kind = np.zeros((3, n + 1), dtype=np.complex128)
        np.add.at(by_kind, (ld.kind, ld.bus), s)
        voltage = np.zeros(n + 1, dtype=np.complex128)
        current = np.zeros(n + 1, dtype=np.complex128)
        count, worst, change = sweep_kernel(
            self._sequence,
            self._parent,
            self._impedance,
            self._ratio,
            self._bus_shunt,
            by_kind[0],
            by_kind[CONSTANT_IMPEDANCE],
            by_kind[CONSTANT_CURRENT],
            tolerance,
            iterations,
            voltage,
            current,
        )
        if not change <= tolerance:
            raise RuntimeError(
                f"sweep did not settle in {count} iterations: bus {worst} still moves by "
                f"{change:.2g} per unit at {abs(voltage[worst]):.3f}"
            )
        return self._result(voltage, current, count)

    def _result(self, voltage: ComplexArray, current: ComplexArray, count: int) -> SweepResult:
        n = len(self.network.rated_voltage)
        branches = len(self.branches.from_bus)
        child = np.where(
            self._parent[self._end[:branches]] == self._start[:branches],
            self._end[:branches],
            self._start[:branches],
        )
        # Series loss with the current through the impedance, plus both halves of the shunt.
        series = np.abs(current[child]) ** 2 * self._impedance[child].real
        a, b = self.branches.from_bus, self.branches.to_bus
        inner = np.abs(voltage[a] / self.branches.ratio) ** 2 + np.abs(voltage[b]) ** 2
        live = self.energised[a]
        loss = np.where(live, series + 0.5 * self.branches.shunt.real * inner, 0.0)
        so = self.network.sources
        buses = so.bus[so.closed]
        supplied = complex(np.sum(voltage[buses] * np.conj(current[buses])))
        return SweepResult(
            voltage[:n].copy(), self.energised, loss * BASE_POWER, supplied * BASE_POWER, count
        )


@kernel()
def sweep_kernel(
    sequence: IntArray,
    parent: IntArray,
    impedance: ComplexArray,
    ratio: ComplexArray,
    bus_shunt: ComplexArray,
    constant_power: ComplexArray,
    constant_impedance: ComplexArray,
    constant_current: ComplexArray,
    tolerance: float,
    iterations: int,
    voltage: ComplexArray,
    current: ComplexArray,
) -> tuple[int, int, float]:
    """Sweep until no voltage moves by more than ``tolerance``; the last bus is the slack at 1.

    Args:
        sequence: live buses, parents before children.
        parent: bus that feeds each bus.
        impedance, ratio: of the branch that feeds each bus, impedance on the bus's side [-].
        bus_shunt: admittance at each bus [-].
        constant_power, constant_impedance, constant_current: load at 1 per unit by kind [-].
        voltage, current: per unit, written: of each bus, and into it through its branch.

    Returns:
        sweeps made, the bus that moved most in the last one, and by how much.
    """
    slack = parent.shape[0] - 1
    voltage[slack] = 1.0 + 0.0j
    for i in range(sequence.shape[0]):
        bus = sequence[i]
        voltage[bus] = voltage[parent[bus]] / ratio[bus]
    worst = slack
    change = 0.0
    for count in range(iterations):
        for i in range(sequence.shape[0]):
            bus = sequence[i]
            u = voltage[bus]
            size = abs(u)
            load = constant_power[bus] + constant_current[bus] * size
            # At a collapsed voltage the current would be infinite: the change below reports it.
            drawn = np.conj(load / u) if size > 1e-6 else 0.0j
            current[bus] = drawn + (np.conj(constant_impedance[bus]) + bus_shunt[bus]) * u
        for i in range(sequence.shape[0] - 1, -1, -1):
            bus = sequence[i]
            if parent[bus] != slack:
                current[parent[bus]] += current[bus] / np.conj(ratio[bus])
        change = 0.0
        for i in range(sequence.shape[0]):
            bus = sequence[i]
            new = voltage[parent[bus]] / ratio[bus] - impedance[bus] * current[bus]
            moved = abs(new - voltage[bus])
            if not moved <= change:
                change = moved
                worst = bus
            voltage[bus] = new
        if change <= tolerance:
            return count + 1, worst, change
        if not change < 1e6:
            return count + 1, worst, change
    return iterations, worst, change
