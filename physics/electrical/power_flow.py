"""AC power flow of a site: voltages, currents, loadings, losses and power factors.

The network's tables become one power-grid-model instance that is kept, so that a new load only
costs an update and a solve. Where there is no solution the error names the weakest bus and the
share of the load up to which there is one. The independent check, and the fallback for radial
networks, is :mod:`physics.electrical.sweep`; unbalance is in
:mod:`physics.electrical.unbalance`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from power_grid_model import PowerGridModel
from power_grid_model.errors import (
    PowerGridBatchError,
    PowerGridError,
)

from physics.electrical.grid_model import component_ids, model_input
from physics.electrical.islands import find_islands
from physics.electrical.network import BoolArray, FloatArray, IntArray, Network, check_network

Method = Literal["newton_raphson", "iterative_current"]

_BRANCH_OUTPUT = ["p_from", "q_from", "p_to", "q_to", "i_from", "i_to"]
_OUTPUT: dict[str, list[str]] = {
    "node": ["energized", "u_pu", "u_angle"],
    "line": _BRANCH_OUTPUT,
    "transformer": _BRANCH_OUTPUT,
    "link": _BRANCH_OUTPUT,
    "source": ["p", "q"],
}


_LOOSE = 1e-6
"""Tolerance [per unit] at which a network with a solution always settles."""


class PowerFlowError(RuntimeError):
    """The network has no solution at this load, or none was found.

    Attributes:
        worst_bus: bus with the lowest voltage at the highest load that still has a solution.
        worst_voltage: its voltage there, per unit.
        solvable_share: that load as a share of the wanted load [-].
    """

    def __init__(self, worst_bus: int, worst_voltage: float, solvable_share: float) -> None:
        super().__init__(
            f"power flow has no solution: only up to {solvable_share:.1%} of this load, where bus "
            f"{worst_bus} is the lowest at {worst_voltage:.3f} per unit"
        )
        self.worst_bus = worst_bus
        self.worst_voltage = worst_voltage
        self.solvable_share = solvable_share


@dataclass(frozen=True)
class BranchFlows:
    """Flows of one table of branches; every array of shape [branches], or [cases, branches].

    Attributes:
        from_power, to_power: active power into the branch at each end [W].
        from_reactive, to_reactive: reactive power into the branch at each end [var].
        from_current, to_current: [A].
        rated: rated current [A] of a line, rated apparent power [VA] of a transformer.
    """

    from_power: FloatArray
    to_power: FloatArray
    from_reactive: FloatArray
    to_reactive: FloatArray
    from_current: FloatArray
    to_current: FloatArray
    rated: FloatArray

    @property
    def loss(self) -> FloatArray:
        """Active power lost in the branch [W]."""
        return self.from_power + self.to_power

    @property
    def current_loading(self) -> FloatArray:
        """Greater end current over ``rated``, where that is a current [-]."""
        return np.maximum(self.from_current, self.to_current) / self.rated

    @property
    def power_loading(self) -> FloatArray:
        """Greater end apparent power over ``rated``, where that is an apparent power [-]."""
        start = np.hypot(self.from_power, self.from_reactive)
        end = np.hypot(self.to_power, self.to_reactive)
        return np.maximum(start, end) / self.rated

    @property
    def power_factor(self) -> FloatArray:
        """Of the flow at the from end [-]; 1 where nothing flows."""
        return power_factor(self.from_power, self.from_reactive)


@dataclass(frozen=True)
class PowerFlowResult:
    """Solution of one case, or of a batch with a leading axis [cases].

    Attributes:
        voltage_pu: per unit of rated voltage, 0 on dead buses, shape [buses].
        angle: [rad], shape [buses].
        energised: shape [buses].
        source_power, source_reactive: delivered by each source [W, var], shape [sources].
    """

    voltage_pu: FloatArray
    angle: FloatArray
    energised: BoolArray
    lines: BranchFlows
    transformers: BranchFlows
    switches: BranchFlows
    source_power: FloatArray
    source_reactive: FloatArray

    @property
    def loss(self) -> Any:
        """Active power lost in all branches [W]; a float, or shape [cases]."""
        return sum(np.sum(t.loss, axis=-1) for t in (self.lines, self.transformers, self.switches))

    @property
    def source_power_factor(self) -> FloatArray:
        """Of each source [-]; 1 where nothing flows."""
        return power_factor(self.source_power, self.source_reactive)


def power_factor(power: FloatArray, reactive_power: FloatArray) -> FloatArray:
    """``|P| / S`` [-]; 1 where S is 0."""
    apparent = np.hypot(power, reactive_power)
    return np.divide(np.abs(power), apparent, out=np.ones_like(apparent), where=apparent > 0.0)


class PowerFlow:
    """A network ready to be solved again and again.

    Raises:
        ValueError: the network fails :func:`~physics.electrical.network.check_network`.
    """

    def __init__(self, network: Network) -> None:
        findings = check_network(network)
        if findings:
            raise ValueError("; ".join(findings))
        self.network = network
        self.ids = component_ids(network)
        self.model = PowerGridModel(
            model_input(network, self.ids), system_frequency=network.frequency
        )
        self._load_power = network.loads.power.copy()
        self._load_reactive = network.loads.reactive_power.copy()

    def set_loads(self, power: ArrayLike, reactive_power: ArrayLike) -> None:
        """Replace all loads [W, var], shape [loads]."""
        self._load_power = self._checked(power)
        self._load_reactive = self._checked(reactive_power)
        self._write_loads(1.0)

    def set_closed(
        self,
        *,
        lines: ArrayLike | None = None,
        transformers: ArrayLike | None = None,
        switches: ArrayLike | None = None,
        sources: ArrayLike | None = None,
    ) -> None:
        """Open and close branches and sources; each a bool array over its whole table."""
        update: dict[str, Any] = {}
        for name, key, closed in (
            ("lines", "line", lines),
            ("transformers", "transformer", transformers),
            ("switches", "link", switches),
            ("sources", "source", sources),
        ):
            if closed is None:
                continue
            status = np.asarray(closed, dtype=np.int8)
            ids = self.ids[key]
            if status.shape != ids.shape:
                raise ValueError(f"{name}: want shape {ids.shape}, got {status.shape}")
            update[key] = {"id": ids}
            for attribute in ("status",) if key == "source" else ("from_status", "to_status"):
                update[key][attribute] = status
        self.model.update(update_data=update)

    def set_source_voltage(self, voltage: ArrayLike) -> None:
        """Replace the sources' voltages, per unit, shape [sources]."""
        u_ref = np.asarray(voltage, dtype=np.float64)
        self.model.update(update_data={"source": {"id": self.ids["source"], "u_ref": u_ref}})

    def solve(self, method: Method = "newton_raphson", tolerance: float = 1e-8) -> PowerFlowResult:
        """Solve the present state.

        Args:
            method: Newton-Raphson, or the faster iterative current method (which needs its
                factorisation only once, and serves as well while voltages are near rated).
            tolerance: greatest change of a voltage in the last iteration, per unit.

        Raises:
            PowerFlowError: there is no solution; names the weakest bus.
            ValueError: there is one, but not to this tolerance.
        """
        try:
            return self._result(self._calculate(method, tolerance))
        except PowerGridError:
            raise self._failure(tolerance) from None

    def solve_batch(
        self,
        power: ArrayLike,
        reactive_power: ArrayLike,
        method: Method = "newton_raphson",
        tolerance: float = 1e-8,
        threads: int = 0,
    ) -> PowerFlowResult:
        """Solve many load cases, the rest as at present.

        Args:
            power, reactive_power: [W, var], shape [cases, loads].
            threads: 0 for as many as the machine has.

        Returns:
            arrays with a leading axis [cases].

        Raises:
            PowerFlowError: of the first case without a solution.
        """
        p = np.asarray(power, dtype=np.float64)
        q = np.broadcast_to(np.asarray(reactive_power, dtype=np.float64), p.shape)
        if p.ndim != 2 or p.shape[1] != len(self.network.loads.bus):
            raise ValueError(f"want shape [cases, {len(self.network.loads.bus)}], got {p.shape}")
        ids = np.broadcast_to(self.ids["sym_load"], p.shape)
        update = {
            "sym_load": {
                "id": np.ascontiguousarray(ids),
                "p_specified": np.ascontiguousarray(p),
                "q_specified": np.ascontiguousarray(q),
            }
        }
        try:
            return self._result(self._calculate(method, tolerance, update, threads))
        except PowerGridBatchError as error:
            case = int(np.min(error.failed_scenarios))
            keep = self._load_power, self._load_reactive
            self.set_loads(p[case], q[case])
            failure = self._failure(tolerance)
            self.set_loads(*keep)
            raise failure from None

    def _checked(self, values: ArrayLike) -> FloatArray:
        shape = self.network.loads.bus.shape
        array = np.broadcast_to(np.asarray(values, dtype=np.float64), shape)
        if not np.all(np.isfinite(array)):
            raise ValueError(f"load {int(np.flatnonzero(~np.isfinite(array))[0])} is not finite")
        return np.ascontiguousarray(array)

    def _write_loads(self, share: float) -> None:
        self.model.update(
            update_data={
                "sym_load": {
                    "id": self.ids["sym_load"],
                    "p_specified": share * self._load_power,
                    "q_specified": share * self._load_reactive,
                }
            }
        )

    def _calculate(
        self, method: str, tolerance: float, update: Any = None, threads: int = -1
    ) -> Mapping[Any, Any]:
        wanted = {key: names for key, names in _OUTPUT.items() if len(self.ids[key])}
        result: Mapping[Any, Any] = self.model.calculate_power_flow(
            symmetric=True,
            error_tolerance=tolerance,
            max_iterations=50,
            calculation_method=method,
            update_data=update,
            threading=threads,
            output_component_types=wanted,
        )
        return result

    def _failure(self, tolerance: float) -> Exception:
        """What to raise where no solution was found: none there, or too fine a tolerance."""
        try:
            self._calculate("newton_raphson", _LOOSE)
        except PowerGridError:
            return self._diagnose(max(tolerance, _LOOSE))
        return ValueError(
            f"a tolerance of {tolerance:g} per unit is finer than this network allows; closed "
            "switches limit it to about 1e-9"
        )

    def _diagnose(self, tolerance: float) -> PowerFlowError:
        """Find the highest solvable share of the load and the weakest bus there."""
        low, high = 0.0, 1.0
        weakest, voltage = 0, 0.0
        for _ in range(12):
            share = 0.5 * (low + high)
            self._write_loads(share)
            try:
                found = self._result(self._calculate("newton_raphson", tolerance))
            except PowerGridError:
                high = share
                continue
            low = share
            live = np.where(found.energised, found.voltage_pu, np.inf)
            weakest, voltage = int(np.argmin(live)), float(np.min(live))
        self._write_loads(1.0)
        return PowerFlowError(weakest, voltage, low)

    def _result(self, output: Mapping[Any, Any]) -> PowerFlowResult:
        node = output["node"]
        shape = node["u_pu"].shape[:-1]

        def flows(key: str, rated: FloatArray) -> BranchFlows:
            values = (
                [output[key][name] for name in _BRANCH_OUTPUT]
                if len(rated)
                else [np.empty((*shape, 0))] * 6
            )
            p_from, q_from, p_to, q_to, i_from, i_to = values
            return BranchFlows(p_from, p_to, q_from, q_to, i_from, i_to, rated)

        return PowerFlowResult(
            voltage_pu=node["u_pu"],
            angle=node["u_angle"],
            energised=node["energized"].astype(np.bool_),
            lines=flows("line", self.network.lines.rated_current),
            transformers=flows("transformer", self.network.transformers.rated_power),
            switches=flows("link", np.full(len(self.network.switches.from_bus), np.inf)),
            source_power=output["source"]["p"],
            source_reactive=output["source"]["q"],
        )


def dead_buses(network: Network) -> IntArray:
    """Buses without a path to a closed source."""
    return np.flatnonzero(~find_islands(network).energised)
