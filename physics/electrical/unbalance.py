"""Unbalanced three-phase power flow: phase voltages, neutral and negative-sequence quantities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from power_grid_model import PowerGridModel
from power_grid_model.errors import PowerGridError

from physics.electrical.grid_model import component_ids, model_input
from physics.electrical.network import (
    BoolArray,
    ComplexArray,
    FloatArray,
    Network,
    check_network,
    has_zero_sequence,
)

_TURN = np.exp(2j * np.pi / 3.0)


@dataclass(frozen=True)
class PhaseFlowResult:
    """Solution per phase.

    Attributes:
        voltage: complex phase voltages, per unit of the rated phase voltage, shape [buses, 3].
        energised: shape [buses].
        line_from_current: [A], shape [lines, 3].
        line_loss: all phases together [W], shape [lines].
        transformer_from_current: [A], shape [transformers, 3].
        transformer_loss: all phases together [W], shape [transformers].
        source_power, source_reactive: per phase [W, var], shape [sources, 3].
    """

    voltage: ComplexArray
    energised: BoolArray
    line_from_current: FloatArray
    line_loss: FloatArray
    transformer_from_current: FloatArray
    transformer_loss: FloatArray
    source_power: FloatArray
    source_reactive: FloatArray

    @property
    def voltage_unbalance(self) -> FloatArray:
        """Negative- over positive-sequence voltage of each bus [-] (IEC 61000-4-30); 0 if dead."""
        positive, negative, _ = sequence_components(self.voltage)
        size = np.abs(positive)
        return np.divide(np.abs(negative), size, out=np.zeros_like(size), where=size > 0.0)


def sequence_components(phases: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
    """Positive, negative and zero sequence of phase quantities a, b, c along the last axis."""
    a, b, c = phases[..., 0], phases[..., 1], phases[..., 2]
    return (
        (a + _TURN * b + _TURN**2 * c) / 3.0,
        (a + _TURN**2 * b + _TURN * c) / 3.0,
        (a + b + c) / 3.0,
    )


def solve_phases(
    network: Network, method: str = "newton_raphson", tolerance: float = 1e-8
) -> PhaseFlowResult:
    """Solve a network whose loads may differ by phase; balanced loads count a third per phase.

    Raises:
        ValueError: the network fails its check, or a line lacks zero-sequence data.
        RuntimeError: no solution was found.
    """
    findings = check_network(network)
    if findings:
        raise ValueError("; ".join(findings))
    if not has_zero_sequence(network):
        missing = np.flatnonzero(
            ~np.isfinite(network.lines.zero_resistance + network.lines.zero_reactance)
        )
        raise ValueError(f"line {missing[0]}: zero-sequence impedance is missing")
    ids = component_ids(network)
    model = PowerGridModel(model_input(network, ids), system_frequency=network.frequency)
    try:
        out = model.calculate_power_flow(
            symmetric=False,
            error_tolerance=tolerance,
            max_iterations=50,
            calculation_method=method,
        )
    except PowerGridError as error:
        raise RuntimeError(f"unbalanced power flow has no solution: {error}") from None
    # The solver leaves out tables without rows.
    none = {name: np.empty((0, 3)) for name in ("i_from", "p_from", "p_to")}
    node, source = out["node"], out["source"]
    line, transformer = out.get("line", none), out.get("transformer", none)
    return PhaseFlowResult(
        voltage=node["u_pu"] * np.exp(1j * node["u_angle"]),
        energised=node["energized"].astype(np.bool_),
        line_from_current=line["i_from"],
        line_loss=np.sum(line["p_from"] + line["p_to"], axis=1),
        transformer_from_current=transformer["i_from"],
        transformer_loss=np.sum(transformer["p_from"] + transformer["p_to"], axis=1),
        source_power=source["p"],
        source_reactive=source["q"],
    )
