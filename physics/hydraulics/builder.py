"""Put a network together element by element."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from physics.hydraulics.branches import BranchKind
from physics.hydraulics.fittings import minor_loss_resistance
from physics.hydraulics.friction import LAMINAR_END, TURBULENT_START, FrictionModel
from physics.hydraulics.network import Network, make_network, pump_tables
from physics.hydraulics.pumps import PumpCurve
from physics.hydraulics.valves import ValveCharacteristic, kv_resistance


class NetworkBuilder:
    """Collects nodes and branches; each method returns the new element's index.

    ``density`` [kg/m3] and ``viscosity`` [Pa s] are the fluid's; a branch may bring its own density
    (a hot and a cold leg then drive natural circulation).
    """

    def __init__(self, density: float, viscosity: float) -> None:
        self.density = density
        self.viscosity = viscosity
        self._elevation: list[float] = []
        self._node_names: list[str] = []
        self._fixed: dict[int, float] = {}
        self._kind: list[int] = []
        self._ends: list[tuple[int, int]] = []
        self._parameter: list[Sequence[float]] = []
        self._density: list[float] = []
        self._one_way: list[bool] = []
        self._branch_names: list[str] = []
        self._tables: list[tuple[ArrayLike, ArrayLike]] = []

    def node(self, elevation: float = 0.0, name: str = "") -> int:
        """A junction at ``elevation`` [m]."""
        self._elevation.append(elevation)
        index = len(self._elevation) - 1
        self._node_names.append(name or f"node {index}")
        return index

    def fix_pressure(self, node: int, pressure: float) -> None:
        """Hold the pressure [Pa] of a node: expansion vessel, open tank, mains connection."""
        self._fixed[node] = pressure

    def _branch(
        self,
        kind: BranchKind,
        from_node: int,
        to_node: int,
        parameter: Sequence[float],
        name: str,
        one_way: bool = False,
        density: float | None = None,
    ) -> int:
        self._kind.append(int(kind))
        self._ends.append((from_node, to_node))
        self._parameter.append(parameter)
        self._density.append(self.density if density is None else density)
        self._one_way.append(one_way)
        index = len(self._kind) - 1
        self._branch_names.append(name or f"branch {index}")
        return index

    def pipe(
        self,
        from_node: int,
        to_node: int,
        length: float,
        diameter: float,
        roughness: float,
        loss_coefficient: float = 0.0,
        friction: FrictionModel = FrictionModel.COLEBROOK,
        laminar_end: float = LAMINAR_END,
        turbulent_start: float = TURBULENT_START,
        density: float | None = None,
        viscosity: float | None = None,
        name: str = "",
    ) -> int:
        """A round pipe: length, inner diameter, wall roughness [m]; K of its fittings [-]."""
        row = (
            length,
            diameter,
            roughness,
            loss_coefficient,
            self.viscosity if viscosity is None else viscosity,
            float(friction),
            laminar_end,
            turbulent_start,
        )
        return self._branch(BranchKind.PIPE, from_node, to_node, row, name, density=density)

    def resistance(
        self,
        from_node: int,
        to_node: int,
        coefficient: float,
        exponent: float = 2.0,
        transition_flow: float = 0.0,
        density: float | None = None,
        name: str = "",
    ) -> int:
        """Anything that drops ``c |m|^(n-1) m``: cold plate, exchanger, hose, fitting.

        Laminar below ``transition_flow`` [kg/s]; 0 stands for the flow at a drop of 1 mPa.
        """
        row = (coefficient, exponent, transition_flow, 0.0)
        return self._branch(BranchKind.RESISTANCE, from_node, to_node, row, name, density=density)

    def quick_disconnect(self, from_node: int, to_node: int, kv: float, name: str = "") -> int:
        """A quick disconnect of flow coefficient Kv [m3/h]; uncouple it with an opening of 0."""
        return self.resistance(from_node, to_node, kv_resistance(kv, self.density), name=name)

    def minor_loss(
        self, from_node: int, to_node: int, loss_coefficient: float, diameter: float, name: str = ""
    ) -> int:
        """A fitting of loss coefficient K [-] on the velocity head in a bore [m]."""
        k = minor_loss_resistance(loss_coefficient, diameter, self.density)
        return self.resistance(from_node, to_node, k, name=name)

    def valve(
        self,
        from_node: int,
        to_node: int,
        kvs: float,
        characteristic: ValveCharacteristic = ValveCharacteristic.EQUAL_PERCENTAGE,
        rangeability: float = 50.0,
        leakage: float = 0.0,
        name: str = "",
    ) -> int:
        """A control valve of Kvs [m3/h]. For QUICK_OPENING ``rangeability`` is its alpha."""
        row = (kvs, float(characteristic), rangeability, leakage)
        return self._branch(BranchKind.VALVE, from_node, to_node, row, name)

    def check_valve(
        self,
        from_node: int,
        to_node: int,
        coefficient: float,
        cracking_pressure: float = 0.0,
        name: str = "",
    ) -> int:
        """A valve that passes flow one way: ``dp = p_crack + k m^2``; shut below p_crack [Pa]."""
        row = (coefficient, 2.0, 0.0, cracking_pressure)
        return self._branch(BranchKind.RESISTANCE, from_node, to_node, row, name, one_way=True)

    def filter(
        self,
        from_node: int,
        to_node: int,
        clean_coefficient: float,
        exponent: float = 2.0,
        transition_flow: float = 0.0,
        name: str = "",
    ) -> int:
        """A strainer; ``Controls.clogging`` takes away that fraction of its free area."""
        row = (clean_coefficient, exponent, transition_flow)
        return self._branch(BranchKind.FILTER, from_node, to_node, row, name)

    def pump(
        self,
        from_node: int,
        to_node: int,
        curve: PumpCurve,
        check_valve: bool = True,
        reverse_resistance: float | None = None,
        name: str = "",
    ) -> int:
        """A pump from suction to discharge with a quadratic curve.

        With ``check_valve`` it never flows backwards; without one, backward flow meets
        ``reverse_resistance`` [Pa/(kg/s)^2] (the curve's own quadratic term if not given).
        """
        reverse = -curve.quadratic if reverse_resistance is None else reverse_resistance
        row = (curve.shutoff_rise, curve.linear, curve.quadratic, reverse)
        return self._branch(BranchKind.PUMP, from_node, to_node, row, name, one_way=check_valve)

    def table_pump(
        self,
        from_node: int,
        to_node: int,
        mass_flow: ArrayLike,
        rise: ArrayLike,
        check_valve: bool = True,
        name: str = "",
    ) -> int:
        """A pump whose curve is a table of mass flow [kg/s] and rise [Pa] at full speed."""
        self._tables.append((mass_flow, rise))
        row = (float(len(self._tables) - 1),)
        kind = BranchKind.TABLE_PUMP
        return self._branch(kind, from_node, to_node, row, name, one_way=check_valve)

    def build(self) -> Network:
        """The network; raises ValueError naming the element with impossible data."""
        rows = np.zeros((len(self._kind), 8))
        for i, row in enumerate(self._parameter):
            rows[i, : len(row)] = row
        ends = np.array(self._ends, dtype=np.int64).reshape(-1, 2)
        return make_network(
            kind=self._kind,
            from_node=ends[:, 0],
            to_node=ends[:, 1],
            parameter=rows,
            density=self._density,
            elevation=self._elevation,
            fixed_node=list(self._fixed),
            fixed_pressure=list(self._fixed.values()),
            one_way=self._one_way,
            tables=pump_tables(self._tables),
            branch_names=tuple(self._branch_names),
            node_names=tuple(self._node_names),
        )
