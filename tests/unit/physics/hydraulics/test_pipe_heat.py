"""Steady heat loss of pipes and temperatures of networks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hydraulics import pipes

temperatures = st.floats(-20.0, 120.0)


@given(temperatures, temperatures, st.floats(0.0, 1e4), st.floats(1.0, 1e5))
def test_outlet_lies_between_inlet_and_ambient_and_heat_is_booked(
    inlet: float, ambient: float, conductance: float, rate: float
) -> None:
    outlet = pipes.steady_outlet_temperature(inlet, ambient, conductance, rate)
    assert min(inlet, ambient) - 1e-9 <= outlet <= max(inlet, ambient) + 1e-9
    loss = pipes.steady_heat_loss(inlet, ambient, conductance, rate)
    assert loss == pytest.approx(rate * (inlet - outlet), rel=1e-6, abs=1e-6 * rate)
    assert pipes.steady_outlet_temperature(inlet, ambient, conductance, -rate) == outlet


def test_profile_is_the_exponential_law() -> None:
    alpha, diameter, rate = 30.0, 0.1, 2.0 * 3930.0
    for x in (0.0, 5.0, 50.0):
        conductance = pipes.surface_conductance(alpha, diameter, x)
        expected = 20.0 + 25.0 * math.exp(-alpha * math.pi * diameter * x / rate)
        assert pipes.steady_outlet_temperature(45.0, 20.0, conductance, rate) == pytest.approx(
            expected, rel=1e-14
        )


def test_resting_fluid_is_at_ambient_and_loses_nothing_in_steady_state() -> None:
    assert pipes.steady_outlet_temperature(45.0, 20.0, 5.0, 0.0) == 20.0
    assert pipes.steady_outlet_temperature(45.0, 20.0, 0.0, 0.0) == 45.0
    assert pipes.mixed_cells_outlet_temperature(45.0, 20.0, 5.0, 0.0, 4) == 20.0
    assert pipes.steady_heat_loss(45.0, 20.0, 5.0, 0.0) == 0.0
    assert pipes.transport_delay(1e5, 0.0, 0.0) == math.inf


def test_many_mixed_cells_approach_plug_flow_with_first_order() -> None:
    plug = pipes.steady_outlet_temperature(90.0, 20.0, 2000.0, 5000.0)
    errors = [
        pipes.mixed_cells_outlet_temperature(90.0, 20.0, 2000.0, 5000.0, n) - plug
        for n in (50, 100, 200)
    ]
    assert errors[0] > errors[1] > errors[2] > 0.0
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.02)


def test_insulation_conductance_is_series_of_cylinders() -> None:
    full = pipes.insulated_conductance(0.1, 0.003, 16.0, 0.03, 0.035, 5000.0, 8.0, 10.0)
    layer = 2.0 * math.pi * 0.035 * 10.0 / math.log(0.166 / 0.106)
    outside = 8.0 * math.pi * 0.166 * 10.0
    assert full == pytest.approx(1.0 / (1.0 / layer + 1.0 / outside), rel=0.01)
    thicker = pipes.insulated_conductance(0.1, 0.003, 16.0, 0.06, 0.035, 5000.0, 8.0, 10.0)
    assert thicker < full


def test_wall_delays_the_front() -> None:
    wall = pipes.wall_capacity(0.1, 0.003, 10.0, 7900.0, 500.0)
    steel = math.pi * 0.103 * 0.003 * 10.0 * 7900.0 * 500.0
    assert wall == pytest.approx(steel, rel=1e-12)
    assert pipes.transport_delay(3e5, 1e5, -2e3) == pytest.approx(200.0)


def test_network_mixes_at_nodes_and_cools_along_branches() -> None:
    # two feeds join in node 2, go on to node 3; one branch is drawn against its flow
    rate = np.array([2000.0, -1000.0, 3000.0])
    node, outlet = pipes.steady_network_temperatures(
        from_node=np.array([0, 2, 2]),
        to_node=np.array([2, 1, 3]),
        capacity_rate=rate,
        conductance=np.array([0.0, 500.0, 300.0]),
        ambient_temperature=np.array([20.0, 15.0, 20.0]),
        heat=np.array([0.0, 0.0, 6000.0]),
        n_nodes=5,
        inflow_capacity_rate=np.array([2000.0, 1000.0, 0.0, 0.0, 0.0]),
        inflow_temperature=np.array([60.0, 30.0, 0.0, 0.0, 0.0]),
        resting_temperature=18.0,
    )
    cooled = 15.0 + 15.0 * math.exp(-0.5)
    mixed = (2000.0 * 60.0 + 1000.0 * cooled) / 3000.0
    last = 20.0 + (mixed - 20.0) * math.exp(-0.1) + 2.0
    np.testing.assert_allclose(node, [60.0, 30.0, mixed, last, 18.0], rtol=1e-9)
    np.testing.assert_allclose(outlet, [60.0, cooled, last], rtol=1e-9)


@given(st.integers(0, 10**6))
def test_loop_balances_heat_added_with_heat_lost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))
    nodes = np.arange(n)
    rate = np.full(n, float(rng.uniform(500.0, 5000.0))) * (1.0 if rng.random() < 0.5 else -1.0)
    conductance = rng.uniform(5.0, 500.0, n)
    heat = rng.uniform(0.0, 5e4, n)
    node, outlet = pipes.steady_network_temperatures(
        nodes,
        (nodes + 1) % n,
        rate,
        conductance,
        np.full(n, 22.0),
        heat,
        n,
        np.zeros(n),
        np.zeros(n),
    )
    inlet = node if rate[0] > 0.0 else node[(nodes + 1) % n]
    lost = sum(
        pipes.steady_heat_loss(float(inlet[b]), 22.0, float(conductance[b]), float(rate[b]))
        for b in range(n)
    )
    assert lost == pytest.approx(heat.sum(), rel=1e-6, abs=1e-3)
    assert np.all(outlet >= 22.0 - 1e-6)


def test_arrays_of_unequal_length_are_refused() -> None:
    one, two = np.zeros(1), np.zeros(2)
    ends = np.array([0])
    with pytest.raises(ValueError, match="same length"):
        pipes.steady_network_temperatures(ends, ends, two, one, one, one, 2, two, two)
    with pytest.raises(ValueError, match="length 2"):
        pipes.steady_network_temperatures(ends, ends, one, one, one, one, 2, one, two)
