"""The network solver: conservation, laws, symmetry, scaling, order, sign, warm start, size."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.hydraulics.builder import NetworkBuilder
from physics.hydraulics.fittings import power_law_drop
from physics.hydraulics.friction import FrictionModel, pipe_drop
from physics.hydraulics.network import Controls, Network, NotConverged, nominal_controls, with_fluid
from physics.hydraulics.pumps import GRAVITY, PumpCurve
from physics.hydraulics.solver import solve
from physics.hydraulics.valves import ValveCharacteristic, valve_resistance

DENSITY, VISCOSITY = 1012.0, 1.1e-3


def imbalance(network: Network, controls: Controls, flow: np.ndarray) -> np.ndarray:
    """Mass gained at each node [kg/s]."""
    gain = np.bincount(network.to_node, flow, network.n_nodes)
    gain -= np.bincount(network.from_node, flow, network.n_nodes)
    return gain - controls.demand


def random_network(seed: int, resistances_only: bool = False) -> tuple[Network, Controls]:
    """A connected network with loops: a random tree and a few chords, one fixed pressure."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 14))
    b = NetworkBuilder(DENSITY, VISCOSITY)
    nodes = [b.node(float(rng.uniform(0.0, 6.0))) for _ in range(n)]
    b.fix_pressure(nodes[0], 3e5)
    pairs = [(int(rng.integers(0, i)), i) for i in range(1, n)]
    for _ in range(int(rng.integers(0, n))):
        i, j = rng.choice(n, 2, replace=False)
        pairs.append((int(i), int(j)))
    for i, j in pairs:
        if rng.random() < 0.5:
            i, j = j, i
        kind = 0 if resistances_only else int(rng.integers(0, 4))
        if kind == 0:
            b.resistance(i, j, float(10.0 ** rng.uniform(2.0, 5.0)), 2.0, transition_flow=1e-12)
        elif kind == 1:
            b.pipe(i, j, float(rng.uniform(1, 60)), float(rng.uniform(0.02, 0.2)), 5e-5, 2.0)
        elif kind == 2:
            b.resistance(i, j, float(10.0 ** rng.uniform(3.0, 5.0)), float(rng.uniform(1.5, 2.0)))
        else:
            b.valve(i, j, float(rng.uniform(5.0, 60.0)))
    network = b.build()
    controls = nominal_controls(network)
    controls.demand[:] = rng.uniform(-1.0, 1.5, n)
    return network, controls


@given(st.integers(0, 10**6))
def test_mass_is_conserved_and_every_law_holds(seed: int) -> None:
    network, controls = random_network(seed)
    solution = solve(network, controls).require()
    gain = imbalance(network, controls, solution.flow)
    scale = max(1.0, float(np.abs(solution.flow).max()))
    assert np.abs(np.delete(gain, network.fixed_node)).max(initial=0.0) <= 1e-11 * scale
    drops = []
    for b in range(network.n_branches):
        row, m = network.parameter[b], float(solution.flow[b])
        if network.kind[b] == 0:
            drops.append(pipe_drop(m, *row[:4], DENSITY, row[4], int(row[5]), row[6], row[7]))
        elif network.kind[b] == 1:
            drops.append(power_law_drop(m, row[0], row[1], row[2]))
        else:
            drops.append(
                power_law_drop(
                    m, valve_resistance(1.0, row[0], int(row[1]), row[2], row[3], DENSITY)
                )
            )
    p, z = solution.pressure, network.elevation
    f, t = network.from_node, network.to_node
    available = p[f] - p[t] - GRAVITY * DENSITY * (z[t] - z[f])
    error = np.abs(np.array(drops) - available).max()
    # the builder's default laminar core differs from the pure law by less than its 1 mPa
    assert error <= 1e-7 * np.abs(drops).max() + 2e-3


@given(st.integers(0, 10**6))
def test_turning_branches_round_only_turns_the_signs(seed: int) -> None:
    network, controls = random_network(seed)
    turned = dataclasses.replace(network, from_node=network.to_node, to_node=network.from_node)
    one, other = solve(network, controls).require(), solve(turned, controls).require()
    scale = max(1.0, float(np.abs(one.flow).max()))
    np.testing.assert_allclose(other.flow, -one.flow, atol=1e-6 * scale)
    np.testing.assert_allclose(other.pressure, one.pressure, rtol=1e-8, atol=1e-3)


@given(st.integers(0, 10**6))
def test_order_of_nodes_and_branches_does_not_matter(seed: int) -> None:
    network, controls = random_network(seed)
    rng = np.random.default_rng(seed)
    nodes, branches = rng.permutation(network.n_nodes), rng.permutation(network.n_branches)
    b = NetworkBuilder(DENSITY, VISCOSITY)
    for i in range(network.n_nodes):
        b.node(float(network.elevation[np.flatnonzero(nodes == i)[0]]))
    b.fix_pressure(int(nodes[0]), 3e5)
    for k in branches:
        row = network.parameter[k]
        i, j = int(nodes[network.from_node[k]]), int(nodes[network.to_node[k]])
        if network.kind[k] == 0:
            b.pipe(i, j, row[0], row[1], row[2], row[3])
        elif network.kind[k] == 1:
            b.resistance(i, j, row[0], row[1], row[2])
        else:
            b.valve(i, j, row[0])
    shuffled = b.build()
    moved = nominal_controls(shuffled)
    moved.demand[nodes] = controls.demand
    one, other = solve(network, controls).require(), solve(shuffled, moved).require()
    scale = max(1.0, float(np.abs(one.flow).max()))
    np.testing.assert_allclose(other.flow, one.flow[branches], atol=1e-6 * scale)
    np.testing.assert_allclose(other.pressure[nodes], one.pressure, rtol=1e-8, atol=1e-3)


@given(st.integers(0, 10**6), st.floats(0.2, 5.0))
def test_quadratic_networks_scale(seed: int, factor: float) -> None:
    network, controls = random_network(seed, resistances_only=True)
    flat = dataclasses.replace(network, elevation=np.zeros(network.n_nodes))
    one = solve(flat, controls).require()
    scaled = solve(flat, dataclasses.replace(controls, demand=controls.demand * factor)).require()
    scale = max(1.0, float(np.abs(one.flow).max()))
    np.testing.assert_allclose(scaled.flow, factor * one.flow, atol=1e-6 * scale * factor)
    np.testing.assert_allclose(
        scaled.pressure - 3e5, factor**2 * (one.pressure - 3e5), rtol=1e-6, atol=1e-2 * factor**2
    )


@given(st.integers(0, 10**6))
def test_turning_all_demands_round_turns_all_flows(seed: int) -> None:
    network, controls = random_network(seed)
    flat = dataclasses.replace(network, elevation=np.zeros(network.n_nodes))
    one = solve(flat, controls).require()
    other = solve(flat, dataclasses.replace(controls, demand=-controls.demand)).require()
    scale = max(1.0, float(np.abs(one.flow).max()))
    np.testing.assert_allclose(other.flow, -one.flow, atol=1e-6 * scale)


def pumped_loop(racks: int = 6) -> tuple[Network, list[int], list[int]]:
    """Two pumps in parallel, racks in parallel without header resistance."""
    b = NetworkBuilder(DENSITY, VISCOSITY)
    suction, discharge, back = b.node(), b.node(), b.node()
    b.fix_pressure(suction, 1.5e5)
    curve = PumpCurve.from_duty_point(4.0, 2e5)
    pumps = [b.pump(suction, discharge, curve, name=f"pump {i}") for i in range(2)]
    branches = [b.resistance(discharge, back, 6e4, 1.8, 0.05) for _ in range(racks)]
    b.resistance(back, suction, 500.0)
    return b.build(), pumps, branches


def test_identical_racks_get_identical_flow() -> None:
    network, pumps, racks = pumped_loop()
    solution = solve(network, nominal_controls(network)).require()
    assert np.ptp(solution.flow[racks]) <= 1e-9
    assert solution.flow[pumps].sum() == pytest.approx(solution.flow[racks].sum(), rel=1e-12)
    assert solution.flow[pumps[0]] == pytest.approx(solution.flow[pumps[1]], rel=1e-9)


@given(st.floats(0.1, 1.2), st.floats(0.01, 0.3))
def test_more_speed_never_means_less_flow(speed: float, more: float) -> None:
    network, pumps, racks = pumped_loop()
    controls = nominal_controls(network)
    controls.speed[pumps] = speed
    slow = solve(network, controls).require()
    controls.speed[pumps] = speed + more
    fast = solve(network, controls, start=slow).require()
    assert np.all(fast.flow[racks] > slow.flow[racks])


def test_series_and_parallel_follow_hand_calculation() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    n = [b.node() for _ in range(3)]
    b.fix_pressure(n[0], 2e5)
    b.fix_pressure(n[2], 1e5)
    b.resistance(n[0], n[1], 400.0)
    one, two = b.resistance(n[1], n[2], 900.0), b.resistance(n[1], n[2], 100.0)
    solution = solve(b.build(), nominal_controls(b.build())).require()
    parallel = (1.0 / math.sqrt(900.0) + 1.0 / math.sqrt(100.0)) ** -2
    total = math.sqrt(1e5 / (400.0 + parallel))
    assert solution.flow[0] == pytest.approx(total, rel=1e-8)
    assert solution.flow[one] / solution.flow[two] == pytest.approx(1.0 / 3.0, rel=1e-8)


def test_ring_main_splits_symmetrically_and_reverses_with_the_feed() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    n = [b.node() for _ in range(6)]
    for i in range(6):
        b.pipe(n[i], n[(i + 1) % 6], 20.0, 0.1, 5e-5)
    b.fix_pressure(n[0], 4e5)
    network = b.build()
    controls = nominal_controls(network)
    controls.demand[3] = 10.0
    solution = solve(network, controls).require()
    np.testing.assert_allclose(solution.flow, [5.0, 5.0, 5.0, -5.0, -5.0, -5.0], rtol=1e-9)


def test_static_pressures_without_flow() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    low, high = b.node(0.0), b.node(12.0)
    b.pipe(low, high, 12.0, 0.05, 5e-5)
    b.fix_pressure(high, 1.2e5)
    solution = solve(b.build(), nominal_controls(b.build())).require()
    assert solution.flow[0] == pytest.approx(0.0, abs=1e-9)
    assert solution.pressure[low] == pytest.approx(1.2e5 + DENSITY * GRAVITY * 12.0, rel=1e-12)


def test_density_difference_drives_natural_circulation() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    bottom, top = b.node(0.0), b.node(10.0)
    b.fix_pressure(bottom, 2e5)
    hot = b.resistance(bottom, top, 2000.0, density=990.0)
    cold = b.resistance(top, bottom, 2000.0, density=1012.0)
    solution = solve(b.build(), nominal_controls(b.build())).require()
    expected = math.sqrt((1012.0 - 990.0) * GRAVITY * 10.0 / 4000.0)
    assert solution.flow[hot] == pytest.approx(expected, rel=1e-6)
    assert solution.flow[cold] == pytest.approx(expected, rel=1e-6)


def test_valve_position_sets_the_flow() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    one, two = b.node(), b.node()
    b.fix_pressure(one, 2e5)
    b.fix_pressure(two, 1e5)
    valve = b.valve(one, two, 25.0, ValveCharacteristic.EQUAL_PERCENTAGE, 50.0)
    network = b.build()
    controls = nominal_controls(network)
    open_flow = solve(network, controls).require().flow[valve]
    assert open_flow == pytest.approx(25.0 * math.sqrt(1000.0 / DENSITY) * DENSITY / 3600.0)
    controls.opening[valve] = 0.5
    half = solve(network, controls).require().flow[valve]
    assert half / open_flow == pytest.approx(50.0**-0.5, rel=1e-6)


def test_clogging_and_blockage_cut_the_flow() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    one, two = b.node(), b.node()
    b.fix_pressure(one, 2e5)
    b.fix_pressure(two, 1e5)
    strainer = b.filter(one, two, 1e3)
    plate = b.resistance(one, two, 4e4, 1.75)
    coupling = b.quick_disconnect(one, two, 2.5)
    elbow = b.minor_loss(one, two, 4.0, 0.05)
    network = b.build()
    controls = nominal_controls(network)
    clean = solve(network, controls).require()
    controls.clogging[strainer] = 0.5
    controls.opening[plate] = 0.25
    controls.opening[coupling] = 0.0
    dirty = solve(network, controls, start=clean).require()
    assert dirty.flow[strainer] == pytest.approx(0.5 * clean.flow[strainer], rel=1e-6)
    assert dirty.flow[plate] == pytest.approx(0.25 * clean.flow[plate], rel=1e-6)
    assert dirty.flow[coupling] == 0.0
    assert dirty.flow[elbow] == pytest.approx(clean.flow[elbow], rel=1e-6)
    controls.clogging[strainer] = 1.0
    assert solve(network, controls, start=dirty).require().flow[strainer] == 0.0


def test_warm_start_reaches_the_same_state_in_fewer_iterations() -> None:
    network, pumps, _racks = pumped_loop(40)
    controls = nominal_controls(network)
    first = solve(network, controls).require()
    again = solve(network, controls, start=first).require()
    assert again.iterations == 0
    np.testing.assert_array_equal(again.flow, first.flow)
    controls.speed[pumps] = 0.97
    warm = solve(network, controls, start=first).require()
    cold = solve(network, controls).require()
    assert warm.iterations < cold.iterations
    np.testing.assert_allclose(warm.flow, cold.flow, rtol=1e-7)


@settings(max_examples=5)
@given(st.integers(0, 10**6))
def test_large_meshed_network_converges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    b = NetworkBuilder(DENSITY, VISCOSITY)
    n = [[b.node() for _ in range(25)] for _ in range(25)]
    b.fix_pressure(n[0][0], 6e5)
    for i in range(25):
        for j in range(25):
            for k, m in ((i + 1, j), (i, j + 1)):
                if k < 25 and m < 25:
                    size = float(rng.choice([0.04, 0.1, 0.3]))
                    model = FrictionModel(int(rng.integers(0, 5)))
                    b.pipe(n[i][j], n[k][m], float(rng.uniform(2, 40)), size, 5e-5, friction=model)
    network = b.build()
    controls = nominal_controls(network)
    controls.demand[:] = rng.uniform(0.0, 0.1, network.n_nodes)
    solution = solve(network, controls).require()
    gain = imbalance(network, controls, solution.flow)
    assert np.abs(gain[1:]).max() < 1e-11


def test_non_convergence_names_the_worst_element_and_its_residual() -> None:
    network, _, _ = pumped_loop()
    named = dataclasses.replace(
        network, branch_names=tuple(f"/hall-a/branch-{i}" for i in range(network.n_branches))
    )
    solution = solve(named, nominal_controls(named), max_iterations=1)
    assert not solution.converged
    assert np.all(np.isfinite(solution.flow))
    assert np.all(np.isfinite(solution.pressure))
    assert solution.worst_element.kind == "branch"
    assert solution.worst_element.residual > 0.0
    with pytest.raises(NotConverged, match=r"/hall-a/branch-\d .*residual .* Pa") as failure:
        solution.require()
    assert failure.value.solution is solution


def test_warmer_fluid_flows_more_easily_through_the_same_network() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    one, two = b.node(), b.node()
    b.fix_pressure(one, 2e5)
    b.fix_pressure(two, 1e5)
    b.pipe(one, two, 200.0, 0.05, 1e-5)
    cold = b.build()
    warm = with_fluid(cold, 990.0, 0.55e-3)
    flow = solve(warm, nominal_controls(warm)).require().flow[0]
    assert pipe_drop(flow, 200.0, 0.05, 1e-5, 0.0, 990.0, 0.55e-3) == pytest.approx(1e5, rel=1e-6)
    assert flow > solve(cold, nominal_controls(cold)).require().flow[0]
    with pytest.raises(ValueError, match="positive"):
        with_fluid(cold, 990.0, 0.0)
