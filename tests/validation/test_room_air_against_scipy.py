"""Aisle zones against scipy's solver, and indices against their published definitions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from physics.air_indices import (
    rack_cooling_index_high,
    rack_cooling_index_low,
    return_heat_index,
    supply_heat_index,
)
from physics.room_air import aisle_flows, aisle_pair_step, distribution_matrix, inlet_temperatures

CP = 1006.0
CASES = [(8.0, 9.0, 0.05), (9.0, 6.0, 0.1), (0.0, 5.0, 0.02), (5.0, 0.0, 0.0)]


@pytest.mark.parametrize(("supply", "rack", "leak"), CASES)
@pytest.mark.parametrize("step", [0.01, 1.0, 20.0])
def test_aisles(
    accuracy: Callable[..., None], supply: float, rack: float, leak: float, step: float
) -> None:
    """Two minutes after a step of 90 kW."""
    c_cold, c_hot, heat, wall = 6e4, 9e4, 90e3, 150.0
    bypass, back = aisle_flows(supply, rack, leak)

    def slope(_: float, t: np.ndarray) -> list[float]:
        cold = supply * CP * (20.0 - t[0]) + back * CP * (t[1] - t[0])
        hot = (rack + bypass) * CP * (t[0] - t[1]) + heat + wall * (25.0 - t[1])
        return [cold / c_cold, hot / c_hot]

    exact = solve_ivp(slope, (0.0, 120.0), [22.0, 30.0], "DOP853", rtol=1e-12, atol=1e-10)
    cold, hot = 22.0, 30.0
    for _ in range(round(120.0 / step)):
        cold, hot, _, _ = aisle_pair_step(
            cold, hot, c_cold, c_hot, supply, 20.0, rack, heat, leak, wall, 25.0, step
        )
    name = f"supply {supply:g}, racks {rack:g} kg/s, steps of {step:g} s"
    source = "same equations, scipy DOP853 at 1e-12"
    accuracy(f"cold aisle, {name}", cold, exact.y[0, -1], 1e-8, "degC", source)
    accuracy(f"hot aisle, {name}", hot, exact.y[1, -1], 1e-8, "degC", source)


def test_heat_distribution(accuracy: Callable[..., None]) -> None:
    """T_in = T_sup + D P against the mixing of exhausts solved directly."""
    random = np.random.default_rng(7)
    racks = 24
    share = random.uniform(0.0, 0.02, (racks, racks))
    flow = random.uniform(1.5, 3.0, racks)
    heat = random.uniform(5e3, 4e4, racks)
    # m_j T_j = sum of share_ij m_i (T_i + P_i / m_i cp) + rest of supply air.
    mixing = np.diag(flow) - share.T * flow
    right = share.T @ (heat / CP) + (flow - share.T @ flow) * 18.0
    theirs = np.linalg.solve(mixing, right)
    ours = np.empty(racks)
    inlet_temperatures(18.0, distribution_matrix(share, flow), heat, ours)
    worst = int(np.argmax(np.abs(ours - theirs)))
    source = "air and heat balance of every rack, numpy solve"
    accuracy("inlet of the worst of 24 racks", ours[worst], theirs[worst], 1e-10, "degC", source)


def test_rack_cooling_index(accuracy: Callable[..., None]) -> None:
    """Ten intakes, class A1: two 2 K above and one 1 K below the recommended range."""
    inlet = np.array([29.0, 29.0, 17.0, 20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0])
    source = "Herrlin (2005), definition evaluated by hand"
    accuracy("RCI high", rack_cooling_index_high(inlet, 27.0, 32.0), 92.0, 1e-12, "%", source)
    low = rack_cooling_index_low(inlet, 18.0, 15.0)
    accuracy("RCI low", low, 100.0 * (1.0 - 1.0 / 30.0), 1e-12, "%", source)


def test_heat_indices(accuracy: Callable[..., None]) -> None:
    """Equal racks of 10 K rise whose intake is 2 K above a supply of 15 degC."""
    inlet, outlet, flow = np.full(4, 17.0), np.full(4, 27.0), np.full(4, 1.2)
    source = "Sharma, Bash and Patel (2002), definition evaluated by hand"
    shi = supply_heat_index(inlet, outlet, flow, 15.0)
    accuracy("SHI", shi, 2.0 / 12.0, 1e-14, "-", source)
    returned = return_heat_index(outlet, flow, np.array([27.0]), np.array([4.0]), 15.0)
    accuracy("RHI", returned, 4.0 * 12.0 / (4.8 * 12.0), 1e-14, "-", source)
    accuracy("SHI and RHI together", shi + returned, 1.0, 1e-14, "-", source)
