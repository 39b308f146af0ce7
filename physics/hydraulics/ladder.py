"""Many cooling loops at once: pumps and exchanger feeding racks along a supply and return header.

A cooling distribution unit's loop is a ladder: header segments as rails, racks as rungs, closed by
pumps in parallel with an exchanger in series. A site has hundreds, so they are solved by a compiled
global gradient iteration over struct of arrays, parallel over loops. Numbering the header nodes
from the pumps outwards makes the matrix of a loop block tridiagonal with 2 x 2 blocks (supply and
return at one rack), so that the cost grows with the number of racks and no faster.

Rows of racks of one loop lie together: racks ``start[i]:start[i + 1]`` belong to loop ``i``,
ordered along the header. Flows go with the designed direction: pumps -> supply header -> racks ->
return header -> pumps, and their unit is kg/s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.hydraulics.ladder_newton import solve_all_ladders

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Ladders:
    """Constants of a set of loops.

    start [n_loops + 1], first rack of each loop. Per rack, [n_racks]: supply_resistance and
    return_resistance [Pa/(kg/s)^2] of the header segments on the pump side of the rack (with
    reverse return: of the return segment behind it, towards the far end); rack_coefficient
    [Pa/(kg/s)^n] and rack_exponent of the cold plates; rack_transition [kg/s], below which they are
    laminar.
    Per loop, [n_loops]: reverse_return (Tichelmann: the return header is led off at the far end);
    exchanger_coefficient, exchanger_exponent of everything in series with the pumps;
    shutoff_rise [Pa], rise_linear, rise_quadratic of one pump at full speed
    (:class:`physics.hydraulics.pumps.PumpCurve`). Pumps that stand still are shut off by their
    non-return valves.
    """

    start: IntArray
    supply_resistance: FloatArray
    return_resistance: FloatArray
    rack_coefficient: FloatArray
    rack_exponent: FloatArray
    rack_transition: FloatArray
    reverse_return: BoolArray
    exchanger_coefficient: FloatArray
    exchanger_exponent: FloatArray
    shutoff_rise: FloatArray
    rise_linear: FloatArray
    rise_quadratic: FloatArray

    def __post_init__(self) -> None:
        n_loops = self.start.size - 1
        n_racks = int(self.start[-1]) if n_loops >= 0 else 0
        if n_loops < 0 or self.start[0] != 0 or np.any(np.diff(self.start) < 1):
            raise ValueError("ladders.start must begin at 0 and give every loop at least one rack")
        for name in (
            "supply_resistance",
            "return_resistance",
            "rack_coefficient",
            "rack_exponent",
            "rack_transition",
        ):
            self._check(name, n_racks)
        for name in (
            "exchanger_coefficient",
            "exchanger_exponent",
            "shutoff_rise",
            "rise_linear",
            "rise_quadratic",
        ):
            self._check(name, n_loops)
        if self.reverse_return.shape != (n_loops,):
            raise ValueError(f"ladders.reverse_return must have length {n_loops}")
        if np.any(self.rise_quadratic > 0.0) or np.any(self.shutoff_rise <= 0.0):
            raise ValueError("pump curves must fall with flow from a positive shut-off rise")
        exponents = np.concatenate([self.rack_exponent, self.exchanger_exponent])
        if np.any((exponents < 1.0) | (exponents >= 3.0)):
            raise ValueError("exponents must be in [1, 3)")

    def _check(self, name: str, size: int) -> None:
        value = getattr(self, name)
        if value.shape != (size,):
            raise ValueError(f"ladders.{name} has shape {value.shape}, must be ({size},)")
        if not np.all(np.isfinite(value)):
            raise ValueError(f"ladders.{name} must be finite")
        if name not in ("rise_linear", "rise_quadratic") and np.any(value < 0.0):
            raise ValueError(f"ladders.{name} must not be negative")

    @property
    def n_loops(self) -> int:
        """Number of loops."""
        return int(self.start.size - 1)

    @property
    def n_racks(self) -> int:
        """Number of racks in all loops."""
        return int(self.start[-1])


@dataclass(frozen=True)
class LadderControls:
    """What moves: arrays that may be changed in place between solves.

    Per loop: pump_speed [-], relative; pumps_running, how many; exchanger_factor [-], multiplies
    the exchanger's coefficient (fouling, clogged strainer); bypass_resistance [Pa/(kg/s)^2] between
    supply and return at the pumps (infinite: none). Per rack: rack_resistance [Pa/(kg/s)^2] in
    series with the cold plates (valve, quick disconnects; infinite: shut); rack_factor [-],
    multiplies the cold plates' coefficient (blockage).
    """

    pump_speed: FloatArray
    pumps_running: FloatArray
    exchanger_factor: FloatArray
    bypass_resistance: FloatArray
    rack_resistance: FloatArray
    rack_factor: FloatArray


def nominal_ladder_controls(ladders: Ladders, pumps_running: float = 1.0) -> LadderControls:
    """All racks open, no bypass, everything clean, ``pumps_running`` pumps at full speed."""
    return LadderControls(
        pump_speed=np.ones(ladders.n_loops),
        pumps_running=np.full(ladders.n_loops, float(pumps_running)),
        exchanger_factor=np.ones(ladders.n_loops),
        bypass_resistance=np.full(ladders.n_loops, np.inf),
        rack_resistance=np.zeros(ladders.n_racks),
        rack_factor=np.ones(ladders.n_racks),
    )


@dataclass(frozen=True)
class LadderState:
    """Steady state of the loops and start of the next solve; filled in place by
    :func:`solve_ladders`.

    Per rack: rack_flow, supply_flow and return_flow of the header segments [kg/s];
    supply_pressure, return_pressure [Pa] at the rack, above the pumps' suction. Per loop: loop_flow
    through pumps and exchanger, bypass_flow [kg/s]; head_pressure [Pa] at the start of the supply
    header above suction, which is also the differential pressure between the header ends at the
    pumps; far_differential [Pa] between supply and return at the last rack; pump_rise [Pa];
    hydraulic_power [W kg/m3], flow times rise: divide by density; residual [Pa], largest violation
    of a branch law; iterations; converged (1) or not (0). ``work`` [n_racks, 13] is scratch.
    """

    rack_flow: FloatArray
    supply_flow: FloatArray
    return_flow: FloatArray
    supply_pressure: FloatArray
    return_pressure: FloatArray
    loop_flow: FloatArray
    bypass_flow: FloatArray
    head_pressure: FloatArray
    far_differential: FloatArray
    pump_rise: FloatArray
    hydraulic_power: FloatArray
    residual: FloatArray
    iterations: IntArray
    converged: IntArray
    work: FloatArray


def ladder_state(ladders: Ladders) -> LadderState:
    """A state at rest, from which the first solve starts cold."""
    racks, loops = ladders.n_racks, ladders.n_loops
    return LadderState(
        rack_flow=np.zeros(racks),
        supply_flow=np.zeros(racks),
        return_flow=np.zeros(racks),
        supply_pressure=np.zeros(racks),
        return_pressure=np.zeros(racks),
        loop_flow=np.zeros(loops),
        bypass_flow=np.zeros(loops),
        head_pressure=np.zeros(loops),
        far_differential=np.zeros(loops),
        pump_rise=np.zeros(loops),
        hydraulic_power=np.zeros(loops),
        residual=np.zeros(loops),
        iterations=np.zeros(loops, dtype=np.int64),
        converged=np.zeros(loops, dtype=np.int64),
        work=np.zeros((racks, 13)),
    )


def solve_ladders(
    ladders: Ladders,
    controls: LadderControls,
    state: LadderState,
    tolerance: float = 1e-9,
    max_iterations: int = 60,
) -> bool:
    """Solve every loop for its flows; ``state`` is the start and, in place, the result.

    ``tolerance`` is relative, as in :func:`physics.hydraulics.solver.solve`. Returns whether all
    loops converged (``state.converged`` and ``state.residual`` tell which did not); the state is
    finite in any case. A loop already at its solution costs one evaluation of its laws.
    """
    solve_all_ladders(
        ladders.start,
        ladders.supply_resistance,
        ladders.return_resistance,
        ladders.rack_coefficient,
        ladders.rack_exponent,
        ladders.rack_transition,
        ladders.reverse_return,
        ladders.exchanger_coefficient,
        ladders.exchanger_exponent,
        ladders.shutoff_rise,
        ladders.rise_linear,
        ladders.rise_quadratic,
        controls.pump_speed,
        controls.pumps_running,
        controls.exchanger_factor,
        controls.bypass_resistance,
        controls.rack_resistance,
        controls.rack_factor,
        tolerance,
        max_iterations,
        state.rack_flow,
        state.supply_flow,
        state.return_flow,
        state.supply_pressure,
        state.return_pressure,
        state.loop_flow,
        state.bypass_flow,
        state.head_pressure,
        state.far_differential,
        state.pump_rise,
        state.hydraulic_power,
        state.residual,
        state.iterations,
        state.converged,
        state.work,
    )
    return bool(state.converged.all())
