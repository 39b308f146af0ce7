"""Heat loss along pipes in steady flow, and the temperatures of a network that follow from it.

The fluid's side is always the capacity rate ``W = m c_p`` [W/K], so the laws hold for any fluid;
its sign does not matter, heat is lost in either direction.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel, law

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@law
def surface_conductance(coefficient: float, diameter: float, length: float) -> float:
    """Conductance ``alpha pi d x`` [W/K] of a pipe surface: coefficient [W/m2K], diameter on which
    it is based and length [m]."""
    return coefficient * math.pi * diameter * length


@law
def insulated_conductance(
    inner_diameter: float,
    wall_thickness: float,
    wall_conductivity: float,
    insulation_thickness: float,
    insulation_conductivity: float,
    inner_coefficient: float,
    outer_coefficient: float,
    length: float,
) -> float:
    """Conductance from fluid to ambient [W/K] of a pipe with wall and insulation.

    Film, wall, insulation and outer film in series over concentric cylinders:
    ``1/(UA) = 1/(h_i pi d L) + ln(..)/(2 pi k L) + ... + 1/(h_o pi D L)``. Lengths [m],
    conductivities [W/mK], film coefficients [W/m2K].
    """
    outer_wall = inner_diameter + 2.0 * wall_thickness
    outer = outer_wall + 2.0 * insulation_thickness
    resistance = 1.0 / (inner_coefficient * math.pi * inner_diameter)
    resistance += math.log(outer_wall / inner_diameter) / (2.0 * math.pi * wall_conductivity)
    resistance += math.log(outer / outer_wall) / (2.0 * math.pi * insulation_conductivity)
    resistance += 1.0 / (outer_coefficient * math.pi * outer)
    return length / resistance


@law
def steady_outlet_temperature(
    inlet_temperature: float,
    ambient_temperature: float,
    conductance: float,
    capacity_rate: float,
) -> float:
    """Temperature [degC] where the fluid leaves a pipe in steady flow.

    ``T = T_a + (T_0 - T_a) exp(-UA / |W|)``; with ``conductance`` up to a point x of the pipe
    (:func:`surface_conductance`) it is the temperature at x. Ambient temperature at no flow.
    """
    rate = abs(capacity_rate)
    if rate <= 0.0:
        return ambient_temperature if conductance > 0.0 else inlet_temperature
    decay = math.exp(-conductance / rate)
    return ambient_temperature + (inlet_temperature - ambient_temperature) * decay


@law
def steady_heat_loss(
    inlet_temperature: float,
    ambient_temperature: float,
    conductance: float,
    capacity_rate: float,
) -> float:
    """Heat [W] the fluid loses to ambient along a pipe in steady flow (negative: gains)."""
    rate = abs(capacity_rate)
    if rate <= 0.0:
        return 0.0
    share = -math.expm1(-conductance / rate)
    return rate * (inlet_temperature - ambient_temperature) * share


@law
def mixed_cells_outlet_temperature(
    inlet_temperature: float,
    ambient_temperature: float,
    conductance: float,
    capacity_rate: float,
    cells: int,
) -> float:
    """Outlet temperature [degC] of a pipe taken as ``cells`` ideally mixed cells in series.

    ``T = T_a + (T_0 - T_a) (1 + UA/(n |W|))^-n``: what finite-volume pipes compute, and the
    exponential law for many cells.
    """
    rate = abs(capacity_rate)
    if rate <= 0.0:
        return ambient_temperature if conductance > 0.0 else inlet_temperature
    decay = (1.0 + conductance / (cells * rate)) ** -cells
    return ambient_temperature + (inlet_temperature - ambient_temperature) * decay


@law
def wall_capacity(
    inner_diameter: float, wall_thickness: float, length: float, density: float, heat: float
) -> float:
    """Heat capacity of a pipe wall [J/K]: diameters, length [m], density [kg/m3], heat [J/kgK]."""
    outer = inner_diameter + 2.0 * wall_thickness
    area = 0.25 * math.pi * (outer * outer - inner_diameter * inner_diameter)
    return area * length * density * heat


@law
def transport_delay(
    fluid_capacity: float, wall_heat_capacity: float, capacity_rate: float
) -> float:
    """Time [s] for a temperature front to cross a pipe: ``(C_fluid + C_wall) / |W|``.

    The wall delays the front because it is heated on the way; infinite at no flow.
    """
    rate = abs(capacity_rate)
    if rate <= 0.0:
        return math.inf
    return (fluid_capacity + wall_heat_capacity) / rate


@kernel()
def _outlet_factors(
    capacity_rate: FloatArray, conductance: FloatArray, heat: FloatArray, factor: FloatArray
) -> None:
    """Share of the temperature excess that survives each branch; spreads ``heat`` at its outlet."""
    for b in range(capacity_rate.shape[0]):
        rate = abs(capacity_rate[b])
        if rate > 0.0:
            factor[b] = math.exp(-conductance[b] / rate)
            heat[b] /= rate
        else:
            factor[b] = 0.0
            heat[b] = 0.0


def steady_network_temperatures(
    from_node: IntArray,
    to_node: IntArray,
    capacity_rate: FloatArray,
    conductance: FloatArray,
    ambient_temperature: FloatArray,
    heat: FloatArray,
    n_nodes: int,
    inflow_capacity_rate: FloatArray,
    inflow_temperature: FloatArray,
    resting_temperature: float = 20.0,
) -> tuple[FloatArray, FloatArray]:
    """Steady temperatures of a network whose flows are known.

    Per branch: ends, capacity rate ``m c_p`` [W/K] signed with the flow, conductance to ambient
    [W/K], ambient temperature [degC], heat added [W]. Per node: capacity rate [W/K] and temperature
    [degC] of fluid entering from outside (sources, fixed-pressure nodes that feed).

    Each branch cools by the exponential law, then takes up its heat; nodes mix ideally. Returns
    (node temperatures [n_nodes], branch outlet temperatures [n_branches]) [degC]. A node that no
    flow reaches gets ``resting_temperature``; a closed loop without any exchange has no steady
    temperature of its own and gets it too. Raises ValueError for arrays of unequal length.
    """
    from scipy import sparse
    from scipy.sparse.linalg import splu

    arrays = (to_node, capacity_rate, conductance, ambient_temperature, heat)
    if any(a.shape != from_node.shape for a in arrays):
        raise ValueError("branch arrays must have the same length")
    if inflow_capacity_rate.shape != (n_nodes,) or inflow_temperature.shape != (n_nodes,):
        raise ValueError(f"node arrays must have length {n_nodes}")
    factor = np.empty(from_node.size)
    added = heat.astype(np.float64).copy()
    _outlet_factors(capacity_rate, conductance, added, factor)
    forward = capacity_rate >= 0.0
    upstream = np.where(forward, from_node, to_node)
    downstream = np.where(forward, to_node, from_node)
    rate = np.abs(capacity_rate)
    entering = np.bincount(downstream, rate, n_nodes) + inflow_capacity_rate
    # a whisper of exchange with the resting temperature keeps loops without any loss solvable
    whisper = 1e-12 * max(float(entering.max(initial=0.0)), 1e-300)
    constant = ambient_temperature * (1.0 - factor) + added
    right = np.bincount(downstream, rate * constant, n_nodes).astype(np.float64)
    right = right + inflow_capacity_rate * inflow_temperature + whisper * resting_temperature
    rows = np.concatenate([np.arange(n_nodes), downstream])
    columns = np.concatenate([np.arange(n_nodes), upstream])
    values = np.concatenate([entering + whisper, -rate * factor])
    matrix = sparse.csc_matrix((values, (rows, columns)), shape=(n_nodes, n_nodes))
    node = splu(matrix).solve(right)
    outlet = ambient_temperature + (node[upstream] - ambient_temperature) * factor + added
    return node, np.where(rate > 0.0, outlet, node[upstream])
