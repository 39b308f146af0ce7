import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.electrical import network as nw
from physics.electrical import short_circuit as sc
from physics.electrical.islands import find_islands, loop_closing_branches, unserved_load
from physics.electrical.power_flow import PowerFlow, PowerFlowError, dead_buses, power_factor
from physics.electrical.sweep import Sweep
from physics.electrical.unbalance import sequence_components, solve_phases


def feeder(load: float = 1e6, buses: int = 4) -> nw.Network:
    """A chain of cables at 22.9 kV with the same load at each bus but the first."""
    chain = np.arange(buses - 1)
    return nw.Network(
        np.full(buses, 22.9e3),
        nw.sources([0], 5e8),
        nw.loads(chain + 1, load, 0.3 * load),
        nw.lines(
            chain,
            chain + 1,
            0.1,
            0.12,
            rated_current=300.0,
            zero_resistance=0.4,
            zero_reactance=0.4,
        ),
    )


def ring() -> nw.Network:
    base = feeder()
    return replace(base, lines=nw.lines([0, 1, 2, 3], [1, 2, 3, 0], 0.1, 0.12))


def test_power_balances() -> None:
    got = PowerFlow(feeder()).solve(tolerance=1e-12)
    assert got.source_power[0] == pytest.approx(3e6 + got.loss, rel=1e-10)
    assert got.loss > 0.0
    assert np.all(np.diff(got.voltage_pu) < 0.0)
    assert got.source_power_factor[0] == pytest.approx(
        power_factor(got.source_power, got.source_reactive)[0]
    )


def test_loading_is_current_over_rating() -> None:
    got = PowerFlow(feeder()).solve()
    current = math.hypot(3e6, 0.9e6) / (math.sqrt(3) * 22.9e3)
    assert got.lines.current_loading[0] == pytest.approx(current / 300.0, rel=0.02)
    assert got.lines.power_factor[0] == pytest.approx(1 / math.hypot(1, 0.3), rel=1e-3)


@settings(max_examples=20)
@given(st.floats(0.1, 5.0), st.floats(0.1, 5.0))
def test_more_load_never_raises_a_voltage(a: float, b: float) -> None:
    low, high = sorted((a, b))
    solver = PowerFlow(feeder())
    solver.set_loads(low * 1e6, 0.0)
    light = solver.solve()
    solver.set_loads(high * 1e6, 0.0)
    heavy = solver.solve()
    assert np.all(heavy.voltage_pu <= light.voltage_pu + 1e-9)
    assert heavy.loss >= light.loss - 1e-6


def test_both_methods_agree() -> None:
    solver = PowerFlow(feeder())
    newton = solver.solve("newton_raphson", 1e-12).voltage_pu
    current = solver.solve("iterative_current", 1e-12).voltage_pu
    np.testing.assert_allclose(newton, current, atol=1e-10)


def test_batch_is_the_single_cases() -> None:
    solver = PowerFlow(feeder())
    power = np.array([[1e6, 2e6, 3e6], [0.0, 0.0, 0.0], [4e6, 1e6, 1e6]])
    batch = solver.solve_batch(power, 0.1 * power)
    assert batch.voltage_pu.shape == (3, 4)
    for case in range(3):
        solver.set_loads(power[case], 0.1 * power[case])
        single = solver.solve()
        np.testing.assert_allclose(batch.voltage_pu[case], single.voltage_pu, atol=1e-9)
        assert batch.loss[case] == pytest.approx(single.loss, abs=1e-3)


def test_missing_solution_names_the_weakest_bus_and_the_share_that_works() -> None:
    solver = PowerFlow(feeder(load=100e6))
    with pytest.raises(PowerFlowError, match="bus 3") as caught:
        solver.solve()
    assert caught.value.worst_bus == 3
    assert 0.0 < caught.value.solvable_share < 1.0
    solver.set_loads(
        0.99 * caught.value.solvable_share * 100e6, 0.99 * caught.value.solvable_share * 30e6
    )
    assert solver.solve().voltage_pu[3] < 0.8


def test_batch_failure_names_its_case_and_keeps_the_loads() -> None:
    solver = PowerFlow(feeder())
    before = solver.solve().voltage_pu
    with pytest.raises(PowerFlowError):
        solver.solve_batch([[1e6, 1e6, 1e6], [1e9, 1e9, 1e9]], 0.0)
    np.testing.assert_array_equal(solver.solve().voltage_pu, before)


def test_unattainable_tolerance_is_not_called_a_missing_solution() -> None:
    base = feeder()
    coupled = replace(
        base,
        rated_voltage=np.full(5, 22.9e3),
        switches=nw.switches([3], [4]),
        loads=nw.loads([1, 2, 4], 1e6),
    )
    with pytest.raises(ValueError, match="tolerance"):
        PowerFlow(coupled).solve(tolerance=1e-18)


def test_opened_branch_leaves_dead_buses() -> None:
    solver = PowerFlow(feeder())
    solver.set_closed(lines=[True, False, True])
    got = solver.solve()
    assert got.energised.tolist() == [True, True, False, False]
    assert got.voltage_pu[2] == 0.0
    assert got.source_power[0] == pytest.approx(1e6 + got.loss)
    solver.set_closed(lines=[True, True, True])
    assert solver.solve().energised.all()
    solver.set_closed(sources=[False])
    assert not solver.solve().energised.any()
    solver.set_closed(sources=[True])
    solver.set_source_voltage([1.05])
    assert solver.solve().voltage_pu[0] > 1.04


def test_islands_and_what_they_cost() -> None:
    base = feeder()
    cut = replace(base, lines=replace(base.lines, closed=np.array([True, False, True])))
    assert dead_buses(cut).tolist() == [2, 3]
    islands = find_islands(cut)
    assert islands.source_count.sum() == 1
    assert unserved_load(cut, islands, cut.loads.power) == 2e6
    assert dead_buses(base).size == 0


def test_ring_is_found_and_refused_by_the_sweep() -> None:
    assert loop_closing_branches(feeder()).size == 0
    assert loop_closing_branches(ring()).tolist() == [3]
    with pytest.raises(ValueError, match="closed branch 3"):
        Sweep(ring())
    assert PowerFlow(ring()).solve().voltage_pu.min() > 0.99


def test_two_sources_on_one_tree_are_a_loop() -> None:
    double = replace(feeder(), sources=nw.sources([0, 3], 5e8))
    assert loop_closing_branches(double).size == 1


def test_sweep_without_solution_names_its_bus() -> None:
    with pytest.raises(RuntimeError, match="bus"):
        Sweep(feeder(load=100e6)).solve()


def test_sweep_takes_new_loads_and_skips_dead_buses() -> None:
    base = feeder()
    cut = replace(base, lines=replace(base.lines, closed=np.array([True, False, True])))
    got = Sweep(cut).solve([2e6, 0.0, 0.0], 0.0)
    assert got.energised.tolist() == [True, True, False, False]
    assert np.abs(got.voltage[2:]).max() == 0.0
    assert got.source_power.real == pytest.approx(2e6 + got.branch_loss.sum(), rel=1e-9)


def test_balanced_load_has_no_unbalance_and_single_phase_load_has() -> None:
    base = feeder()
    even = solve_phases(base)
    assert even.voltage_unbalance.max() < 1e-9
    flow = PowerFlow(base).solve()
    np.testing.assert_allclose(np.abs(even.voltage[:, 1]), flow.voltage_pu, atol=1e-7)
    odd = solve_phases(replace(base, phase_loads=nw.phase_loads([3], [[9e5, 0.0, 0.0]], 0.0)))
    assert odd.voltage_unbalance[3] > 1e-3
    assert odd.source_power[0, 0] > odd.source_power[0, 1]
    assert odd.source_power.sum() == pytest.approx(3.9e6 + odd.line_loss.sum(), rel=1e-6)


def test_unbalance_needs_zero_sequence_data() -> None:
    with pytest.raises(ValueError, match="line 0: zero-sequence"):
        solve_phases(replace(feeder(), lines=nw.lines([0, 1, 2], [1, 2, 3], 0.1, 0.1)))


def test_sequence_components_of_pure_sequences() -> None:
    turn = np.exp(2j * np.pi / 3)
    positive, negative, zero = sequence_components(np.array([1.0, turn**2, turn]))
    assert abs(positive - 1.0) < 1e-15
    assert max(abs(negative), abs(zero)) < 1e-15


@pytest.mark.parametrize(
    ("group", "codes"), [("Dyn11", (2, 1, 11)), ("YNd5", (1, 2, 5)), ("Yy0", (0, 0, 0))]
)
def test_vector_groups(group: str, codes: tuple[int, int, int]) -> None:
    assert nw.parse_vector_group(group) == codes


@pytest.mark.parametrize("group", ["Dyn10", "Yy1", "Foo", "Dyn13", "dyn11"])
def test_impossible_vector_groups_are_refused(group: str) -> None:
    with pytest.raises(ValueError, match="vector group"):
        nw.parse_vector_group(group)


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ({"rated_voltage": np.array([22.9e3, 22.9e3, 22.9e3, 0.0])}, "bus 3: rated voltage"),
        ({"rated_voltage": np.array([22.9e3, 22.9e3, 480.0, 22.9e3])}, "line 1: its buses have"),
        ({"lines": nw.lines([0], [9], 0.1, 0.1)}, "line 0: points at"),
        ({"lines": nw.lines([0], [0], 0.1, 0.1)}, "line 0: both ends"),
        ({"lines": nw.lines([0], [1], 0.0, 0.0)}, "line 0: has no impedance"),
        ({"lines": nw.lines([0], [1], -0.1, 0.1)}, "line 0: resistance is negative"),
        ({"sources": nw.sources([], [])}, "network: has no source"),
        ({"sources": nw.sources([0], 0.0)}, "source 0: short-circuit level"),
        ({"sources": nw.sources([7], 1e9)}, "source 0: points at"),
        ({"loads": nw.loads([1, 2], [1.0, np.nan])}, "load 1: power is not finite"),
        ({"switches": nw.switches([0], [-1])}, "switch 0: points at"),
        (
            {"transformers": nw.transformers([0], [1], 22.9e3, 480.0, 1e6, 0.06, 1e4)},
            "transformer 0: does not match",
        ),
        (
            {"transformers": nw.transformers([0], [1], 22.9e3, 22.9e3, 1e6, 0.006, 1e4)},
            "transformer 0: load loss",
        ),
    ],
)
def test_broken_networks_are_found(broken: dict[str, object], what: str) -> None:
    network = replace(feeder(), **broken)
    assert any(finding.startswith(what) for finding in nw.check_network(network))
    with pytest.raises(ValueError, match=what):
        PowerFlow(network)


def test_wrong_shapes_are_refused() -> None:
    solver = PowerFlow(feeder())
    with pytest.raises(ValueError, match="shape"):
        solver.solve_batch([1.0, 2.0, 3.0], 0.0)
    with pytest.raises(ValueError, match="shape"):
        solver.set_closed(lines=[True])
    with pytest.raises(ValueError, match="load 1 is not finite"):
        solver.set_loads([1.0, np.nan, 1.0], 0.0)


def test_short_circuit_of_a_source_alone_is_its_level() -> None:
    network = feeder()
    branches, infeeds = sc.fault_network(network)
    levels = sc.short_circuit_levels(network.rated_voltage, branches, infeeds, 1.1)
    assert levels.power[0] == pytest.approx(5e8, rel=1e-12)
    assert np.all(np.diff(levels.initial_current) < 0.0)
    assert levels.rx_ratio[0] == pytest.approx(0.1)
    kappa = sc.peak_factor(0.1)
    assert levels.peak_current[0] == pytest.approx(kappa * math.sqrt(2) * levels.initial_current[0])
    assert levels.two_phase_current[0] == pytest.approx(0.8660254 * levels.initial_current[0])


def test_short_circuit_at_a_transformer_is_its_formula() -> None:
    network = nw.Network(
        np.array([22.9e3, 480.0]),
        nw.sources([0], 5e8),
        transformers=nw.transformers([0], [1], 22.9e3, 480.0, 2.5e6, 0.06, 22e3),
    )
    branches, infeeds = sc.fault_network(network)
    c = sc.voltage_factor(network.rated_voltage, "max")
    level = sc.short_circuit_levels(network.rated_voltage, branches, infeeds, c, [1])
    r = 22e3 / 2.5e6
    x = math.sqrt(0.06**2 - r * r)
    z_t = complex(r, x) * sc.transformer_correction(x) * 480.0**2 / 2.5e6
    z_q = 1.1 * 480.0**2 / 5e8 * complex(0.1, 1.0) / math.sqrt(1.01)
    expected = 1.1 * 480.0 / math.sqrt(3) / abs(z_t + z_q)
    assert level.initial_current[0] == pytest.approx(expected, rel=1e-12)


def test_least_short_circuit_is_below_the_greatest() -> None:
    network = feeder()
    volts = network.rated_voltage
    most = sc.short_circuit_levels(
        volts, *sc.fault_network(network), sc.voltage_factor(volts, "max")
    )
    least = sc.short_circuit_levels(
        volts, *sc.fault_network(network, "min", source_power=3e8), sc.voltage_factor(volts, "min")
    )
    assert np.all(least.initial_current < most.initial_current)
    assert sc.voltage_factor([480.0], "min", 0.06)[0] == 0.95


def test_switches_join_buses_and_dead_buses_have_no_level() -> None:
    base = feeder()
    network = replace(base, rated_voltage=np.full(6, 22.9e3))
    joined = np.array([3]), np.array([4])
    branches, infeeds = sc.fault_network(network)
    levels = sc.short_circuit_levels(network.rated_voltage, branches, infeeds, 1.1, joined=joined)
    assert levels.initial_current[4] == pytest.approx(levels.initial_current[3])
    assert levels.initial_current[5] == 0.0
    both = sc.join_infeeds(infeeds, sc.FaultInfeeds(np.array([5]), np.array([1j]), np.zeros(1)))
    fed = sc.short_circuit_levels(network.rated_voltage, branches, both, 1.1, joined=joined)
    assert fed.initial_current[5] > 0.0
    assert fed.initial_current[0] == pytest.approx(levels.initial_current[0])


def test_infeed_without_impedance_is_refused() -> None:
    branches, _ = sc.fault_network(feeder())
    nothing = sc.FaultInfeeds(np.array([0]), np.array([0j]), np.zeros(1))
    with pytest.raises(ValueError, match="impedance"):
        sc.short_circuit_levels(feeder().rated_voltage, branches, nothing, 1.1)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(0, 4), st.integers(1, 3))
def test_driving_point_impedances_are_the_matrix_inverse(
    seed: int, buses: int, chords: int, feeds: int
) -> None:
    """Trees, meshes and anything between, turned at random, with off-nominal transformers."""
    rng = np.random.default_rng(seed)
    start = [int(rng.integers(0, i)) for i in range(1, buses)] + rng.integers(
        0, buses, chords
    ).tolist()
    end = list(range(1, buses)) + [(s + 1) % buses for s in start[buses - 1 :]]
    flip = rng.random(len(start)) < 0.5
    a, b = np.where(flip, end, start), np.where(flip, start, end)
    z = rng.uniform(0.01, 1.0, len(a)) + 1j * rng.uniform(0.01, 1.0, len(a))
    ratio = rng.uniform(0.9, 1.1, len(a))
    at = rng.integers(0, buses, feeds)
    z_in = rng.uniform(0.01, 1.0, feeds) + 1j * rng.uniform(0.1, 1.0, feeds)
    matrix = np.zeros((buses, buses), dtype=complex)
    for i, j, y, k in zip(a, b, 1 / z, ratio, strict=True):
        matrix[i, i] += y / k**2
        matrix[j, j] += y
        matrix[i, j] -= y / k
        matrix[j, i] -= y / k
    np.add.at(matrix, (at, at), 1 / z_in)
    expected = 400.0 / math.sqrt(3) / np.abs(np.diag(np.linalg.inv(matrix)))
    levels = sc.short_circuit_levels(
        np.full(buses, 400.0),
        sc.FaultBranches(a, b, z, ratio),
        sc.FaultInfeeds(at, z_in, z_in.real),
        1.0,
    )
    np.testing.assert_allclose(levels.initial_current, expected, rtol=1e-9)
