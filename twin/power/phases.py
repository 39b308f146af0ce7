"""Power flow per phase where a layout says on which phases its racks hang.

Racks between a conductor and neutral load the phases of their panel unevenly; everything else is
balanced, and rectifiers of a UPS draw evenly whatever their output does. Solved on demand, for an
operating point that the balanced flow has been solved for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physics.electrical import network as nw
from physics.electrical.unbalance import PhaseFlowResult, solve_phases
from twin.errors import NumericalError
from twin.power.flow import Flow
from twin.power.one_line_tables import Floats, Ints
from twin.power.phase_shares import panel_phases

Complex = NDArray[np.complex128]

ZERO_RATIO = 4.0
"""Zero- over positive-sequence impedance of lines: a neutral like the conductors, which carries
three times the zero-sequence current, ``Z_0 = Z + 3 Z_N``, without coupling between them."""
ACCURACY = 1e-8
"""Of voltages in the last iteration, per unit."""


def line_voltage_unbalance(phases: Complex) -> Floats:
    """Greatest deviation of the line-to-line voltages from their mean, over it (NEMA MG 1, 14.36).

    ``phases`` are phase voltages along the last axis; 0 where dead.
    """
    size = np.abs(phases - np.roll(phases, -1, axis=-1))
    mean = size.mean(axis=-1)
    worst = np.abs(size - mean[..., None]).max(axis=-1)
    return np.asarray(np.divide(worst, mean, out=np.zeros_like(mean), where=mean > 0.0))


def phase_unbalance(size: Floats) -> Floats:
    """Greatest deviation of three magnitudes from their mean, over it; 0 where all are 0."""
    mean = size.mean(axis=-1)
    worst = np.abs(size - mean[..., None]).max(axis=-1)
    return np.asarray(np.divide(worst, mean, out=np.zeros_like(mean), where=mean > 0.0))


@dataclass(frozen=True, eq=False)
class PhaseFlow:
    """A solution per phase.

    Attributes
    ----------
    flow : the balanced one of the same operating point
    result : of the solver
    panels : rows of the lines that are panels with alternating current, in their order
    current : of each conductor of these panels [A], complex, shape [panels, 3]
    """

    flow: Flow
    result: PhaseFlowResult
    panels: Ints
    current: Complex

    @property
    def voltage(self) -> Floats:
        """Of every bus and phase, per unit of the rated phase voltage, shape [buses, 3]."""
        size: Floats = np.abs(self.result.voltage)
        return size

    @property
    def voltage_unbalance(self) -> Floats:
        """Negative- over positive-sequence voltage of every bus (IEC 61000-4-30)."""
        factor: Floats = self.result.voltage_unbalance
        return factor

    @property
    def line_unbalance(self) -> Floats:
        """Unbalance of every bus as NEMA MG 1 has it."""
        return line_voltage_unbalance(self.result.voltage)

    @property
    def neutral_current(self) -> Floats:
        """Of every panel in ``panels`` [A]."""
        size: Floats = np.abs(self.current.sum(axis=1))
        return size

    @property
    def current_unbalance(self) -> Floats:
        """Of the conductors of every panel in ``panels``."""
        return phase_unbalance(np.abs(self.current))

    @property
    def phase_loading(self) -> Floats:
        """Current of the most loaded conductor over the rated one, of every panel in ``panels``."""
        rated = self.flow.model.network.lines.rated_current[self.panels]
        loading: Floats = np.abs(self.current).max(axis=1) / rated
        return loading


def solve(flow: Flow) -> PhaseFlow:
    """Solve the operating point of a balanced flow per phase.

    Raises
    ------
    NumericalError : there is no solution
    """
    model, at = flow.model, flow.operating
    net = model.network
    racks = model.loads.rows("racks")
    line_of = {int(model.lines.index[r]): int(r) for r in model.lines.rows("panel")}
    line = np.array([line_of[int(i)] for i in model.loads.index[racks]], dtype=np.int64)
    split = ~model.direct[line]
    racks, line = racks[split], line[split]
    shares = panel_phases(model.plant)[model.loads.index[racks]]
    power, reactive = at.power.copy(), at.reactive.copy()
    own, own_reactive = power[racks][:, None] * shares, reactive[racks][:, None] * shares
    power[racks] = reactive[racks] = 0.0
    lines = replace(
        net.lines,
        closed=at.lines,
        zero_resistance=ZERO_RATIO * net.lines.resistance,
        zero_reactance=ZERO_RATIO * net.lines.reactance,
    )
    network = replace(
        net,
        lines=lines,
        transformers=replace(net.transformers, closed=at.transformers),
        switches=replace(net.switches, closed=at.switches),
        sources=replace(net.sources, closed=at.sources, voltage=at.source_voltage),
        loads=replace(net.loads, power=power, reactive_power=reactive),
        phase_loads=nw.phase_loads(net.loads.bus[racks], own, own_reactive),
    )
    try:
        result = solve_phases(network, tolerance=ACCURACY)
    except RuntimeError as error:
        raise NumericalError(str(error)) from None
    bus = net.loads.bus[racks]
    volts = result.voltage[bus] * (net.rated_voltage[bus] / np.sqrt(3.0))[:, None]
    live = np.abs(volts) > 0.0
    current = np.zeros(volts.shape, dtype=np.complex128)
    np.divide(own + 1j * own_reactive, volts, out=current, where=live)
    return PhaseFlow(flow, result, line, np.conj(current))
