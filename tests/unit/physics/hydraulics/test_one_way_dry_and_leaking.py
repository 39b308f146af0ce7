"""Check valves, stopped pumps, shut and floating parts, leaks, malformed input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hydraulics.builder import NetworkBuilder
from physics.hydraulics.fittings import SHARP_EDGE_DISCHARGE, orifice_conductance
from physics.hydraulics.network import Network, make_network, nominal_controls
from physics.hydraulics.pumps import GRAVITY, PumpCurve
from physics.hydraulics.solver import solve

DENSITY, VISCOSITY = 998.0, 1e-3
CURVE = PumpCurve.from_duty_point(4.0, 2e5)


def two_pumps(check_valve: bool, reverse_resistance: float | None = None) -> Network:
    """Two pumps in parallel on one resistance."""
    b = NetworkBuilder(DENSITY, VISCOSITY)
    suction, discharge = b.node(), b.node()
    b.fix_pressure(suction, 1e5)
    for _ in range(2):
        b.pump(suction, discharge, CURVE, check_valve, reverse_resistance)
    b.resistance(discharge, suction, 5e3)
    return b.build()


def test_stopped_pump_with_check_valve_carries_exactly_nothing() -> None:
    network = two_pumps(check_valve=True)
    controls = nominal_controls(network)
    controls.speed[1] = 0.0
    solution = solve(network, controls).require()
    assert solution.flow[1] == 0.0
    assert solution.status[1] == 0
    alone = math.sqrt(CURVE.shutoff_rise / (5e3 - CURVE.quadratic))
    assert solution.flow[0] == pytest.approx(alone, rel=1e-7)


def test_stopped_pump_without_check_valve_flows_backwards() -> None:
    network = two_pumps(check_valve=False, reverse_resistance=2e4)
    controls = nominal_controls(network)
    controls.speed[1] = 0.0
    solution = solve(network, controls).require()
    across = solution.pressure[1] - 1e5
    assert solution.flow[1] == pytest.approx(-math.sqrt(across / 2e4), rel=1e-6)
    assert solution.flow[0] == pytest.approx(solution.flow[2] - solution.flow[1], rel=1e-9)


def test_weak_pump_is_pushed_off_the_header_and_comes_back() -> None:
    network = two_pumps(check_valve=True)
    controls = nominal_controls(network)
    controls.speed[1] = 0.5  # its shut-off rise is below the header's pressure
    off = solve(network, controls).require()
    assert off.flow[1] == 0.0
    controls.speed[1] = 1.0
    back = solve(network, controls, start=off).require()
    assert back.flow[1] == pytest.approx(back.flow[0], rel=1e-7)
    controls.speed[:] = 0.0
    rest = solve(network, controls, start=back).require()
    np.testing.assert_allclose(rest.flow, 0.0, atol=1e-6)


@given(st.integers(0, 10**6))
def test_check_valves_never_flow_backwards_and_hold_only_against_pressure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    b = NetworkBuilder(DENSITY, VISCOSITY)
    n = int(rng.integers(3, 12))
    for _ in range(n):
        b.node()
    b.fix_pressure(0, 3e5)
    b.fix_pressure(1, float(rng.uniform(1e5, 5e5)))
    for i in range(1, n):
        b.pipe(int(rng.integers(0, i)), i, 10.0, 0.05, 5e-5)
    valves = []
    for _ in range(n):
        i, j = (int(k) for k in rng.choice(n, 2, replace=False))
        valves.append(b.check_valve(i, j, 500.0, cracking_pressure=float(rng.uniform(0, 2e4))))
    network = b.build()
    controls = nominal_controls(network)
    controls.demand[2:] = rng.uniform(-1.0, 1.0, n - 2)
    solution = solve(network, controls).require()
    for v in valves:
        f, t = network.from_node[v], network.to_node[v]
        excess = solution.pressure[f] - solution.pressure[t] - network.parameter[v, 3]
        assert solution.flow[v] >= 0.0
        if solution.status[v] == 0:
            assert solution.flow[v] == 0.0
            assert excess <= 1e-2
        else:
            assert excess == pytest.approx(500.0 * solution.flow[v] ** 2, rel=1e-5, abs=2e-2)


def wild_network(seed: int) -> tuple[Network, np.random.Generator]:
    """Every kind of element with sizes over many orders of magnitude, on a tree that can carry
    demands."""
    rng = np.random.default_rng(seed)
    b = NetworkBuilder(DENSITY, VISCOSITY)
    n = int(rng.integers(2, 40))
    for _ in range(n):
        b.node(float(rng.uniform(0.0, 30.0)))
    for k in rng.choice(n, int(rng.integers(1, 3)), replace=False):
        b.fix_pressure(int(k), float(rng.uniform(1e5, 8e5)))

    def add(i: int, j: int, kinds: int) -> None:
        kind = int(rng.integers(0, kinds))
        both_ways = bool(rng.random() < 0.5)
        if kind < 2:
            bore = float(10.0 ** rng.uniform(-2.3, 0.0))
            b.pipe(i, j, float(10.0 ** rng.uniform(-1.0, 3.0)), bore, 1e-4 * bore)
        elif kind == 2:
            b.resistance(i, j, float(10.0 ** rng.uniform(-3.0, 7.0)), float(rng.uniform(1.0, 2.2)))
        elif kind == 3:
            leakage = float(rng.choice([0.0, 1e-4]))
            b.valve(i, j, float(10.0 ** rng.uniform(-1.0, 2.5)), leakage=leakage)
        elif kind == 4:
            b.check_valve(i, j, float(10.0 ** rng.uniform(1.0, 5.0)), float(rng.choice([0.0, 1e4])))
        elif kind == 5:
            curve = PumpCurve(10.0 ** rng.uniform(4.0, 6.0), 0.0, -(10.0 ** rng.uniform(1.0, 5.0)))
            b.pump(i, j, curve, both_ways)
        else:
            b.table_pump(i, j, [0.0, 3.0, 6.0, 10.0], [3e5, 2.8e5, 2e5, 5e4], both_ways)

    for i in range(1, n):
        add(int(rng.integers(0, i)), i, 4)
    for _ in range(int(rng.integers(0, n))):
        i, j = (int(k) for k in rng.choice(n, 2, replace=False))
        add(i, j, 7)
    return b.build(), rng


@given(st.integers(0, 10**6))
def test_wild_networks_converge_cold_and_after_wild_changes(seed: int) -> None:
    network, rng = wild_network(seed)
    controls = nominal_controls(network)
    start = None
    for _ in range(3):
        controls.opening[:] = rng.uniform(0.05, 1.0, network.n_branches)
        chord = np.arange(network.n_branches) >= network.n_nodes - 1
        controls.opening[chord & (rng.random(network.n_branches) < 0.2)] = 0.0
        stopped = rng.random(network.n_branches) < 0.3
        controls.speed[:] = np.where(stopped, 0.0, rng.uniform(0.0, 1.2, network.n_branches))
        controls.demand[:] = 0.5 * rng.normal(size=network.n_nodes) * (rng.random() < 0.5)
        start = solve(network, controls, start=start).require()
        gain = np.bincount(network.to_node, start.flow, network.n_nodes)
        gain -= np.bincount(network.from_node, start.flow, network.n_nodes)
        gain -= controls.demand
        gain[network.fixed_node] = 0.0
        assert np.abs(gain).max() <= 1e-10 * max(1.0, float(np.abs(start.flow).max()))
        assert np.all(start.flow[network.one_way] >= 0.0)


def test_impossible_demand_is_reported_at_its_node() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    tank, end = b.node(name="tank"), b.node(name="/loop/end")
    b.fix_pressure(tank, 1e5)
    b.check_valve(end, tank, 100.0)  # the wrong way round for a demand at the end
    network = b.build()
    controls = nominal_controls(network)
    controls.demand[end] = 0.7
    solution = solve(network, controls)
    assert not solution.converged
    assert solution.worst_element.name == "/loop/end"
    assert solution.worst_element.residual == pytest.approx(0.7, rel=0.5)
    assert np.all(np.isfinite(solution.pressure))


def test_demand_behind_a_check_valve_pulls_it_open() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    source, behind, end = b.node(), b.node(), b.node()
    b.fix_pressure(source, 2e5)
    valve = b.check_valve(source, behind, 100.0, cracking_pressure=1e4)
    b.pipe(behind, end, 5.0, 0.05, 5e-5)
    network = b.build()
    controls = nominal_controls(network)
    idle = solve(network, controls).require()
    assert idle.flow[valve] == pytest.approx(0.0, abs=1e-9)
    controls.demand[end] = 2.0
    for start in (None, idle):
        drawn = solve(network, controls, start=start).require()
        assert drawn.flow[valve] == pytest.approx(2.0, rel=1e-9)
        assert drawn.pressure[behind] == pytest.approx(2e5 - 1e4 - 400.0, rel=1e-6)


def test_two_check_valves_face_to_face_leave_the_middle_at_rest() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    left, middle, right = b.node(), b.node(), b.node()
    b.fix_pressure(left, 1e5)
    b.fix_pressure(right, 2e5)
    b.check_valve(middle, left, 100.0)
    b.check_valve(middle, right, 100.0)
    solution = solve(b.build(), nominal_controls(b.build())).require()
    np.testing.assert_allclose(solution.flow, 0.0, atol=1e-6)
    assert math.isfinite(solution.pressure[middle])


def test_closed_loop_without_expansion_vessel_has_flow_and_a_free_level() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    suction, discharge = b.node(), b.node()
    b.pump(suction, discharge, CURVE)
    b.resistance(discharge, suction, 5e3)
    solution = solve(b.build(), nominal_controls(b.build())).require()
    assert solution.flow[0] == pytest.approx(
        math.sqrt(CURVE.shutoff_rise / (5e3 - CURVE.quadratic)), rel=1e-7
    )
    assert solution.pressure[suction] == 0.0
    assert solution.floating.all()
    assert not solution.unsupplied.any()


def test_shut_off_part_rests_and_its_demand_is_reported() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    source, hub, dead, deader = (b.node() for _ in range(4))
    b.fix_pressure(source, 2e5)
    b.pipe(source, hub, 5.0, 0.05, 5e-5)
    shut = b.valve(hub, dead, 10.0)
    b.pipe(dead, deader, 5.0, 0.05, 5e-5)
    network = b.build()
    controls = nominal_controls(network)
    controls.opening[shut] = 0.0
    controls.demand[hub] = 1.0
    controls.demand[deader] = 0.5
    solution = solve(network, controls).require()
    np.testing.assert_allclose(solution.flow, [1.0, 0.0, 0.0], atol=1e-9)
    assert list(solution.floating) == [False, False, True, True]
    assert list(solution.unsupplied) == [False, False, False, True]
    assert np.all(np.isfinite(solution.pressure))
    controls.opening[shut] = 1.0
    restored = solve(network, controls, start=solution).require()
    np.testing.assert_allclose(restored.flow, [1.5, 0.5, 0.5], rtol=1e-9)


def test_everything_shut_gives_zero_flow_everywhere() -> None:
    network = two_pumps(check_valve=True)
    controls = nominal_controls(network)
    controls.opening[:] = 0.0
    solution = solve(network, controls).require()
    np.testing.assert_array_equal(solution.flow, 0.0)
    assert np.all(np.isfinite(solution.pressure))


def test_leak_flows_by_torricelli_and_lowers_the_pressure_downstream() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    source, hole = b.node(), b.node(2.0)
    b.fix_pressure(source, 3e5)
    b.resistance(source, hole, 2e4)
    network = b.build()
    controls = nominal_controls(network, ambient_pressure=1e5)
    conductance = orifice_conductance(1e-5, SHARP_EDGE_DISCHARGE, DENSITY)
    controls.leak_conductance[hole] = conductance
    solution = solve(network, controls).require()
    flow = solution.leak_flow[hole]
    assert flow == pytest.approx(solution.flow[0], rel=1e-9)
    assert flow == pytest.approx(conductance * math.sqrt(solution.pressure[hole] - 1e5), rel=1e-6)
    drive = 3e5 - DENSITY * GRAVITY * 2.0 - 1e5
    assert flow == pytest.approx(math.sqrt(drive / (2e4 + conductance**-2)), rel=1e-6)
    below = dataclasses.replace(controls, fixed_pressure=np.array([0.5e5]))
    assert solve(network, below).require().leak_flow[hole] == 0.0


def test_leaking_closed_loop_falls_to_ambient_at_the_leak() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    suction, discharge = b.node(), b.node()
    b.pump(suction, discharge, CURVE)
    b.resistance(discharge, suction, 5e3)
    network = b.build()
    controls = nominal_controls(network, ambient_pressure=1e5)
    controls.leak_conductance[suction] = 1e-3
    solution = solve(network, controls).require()
    assert solution.leak_flow[suction] == pytest.approx(0.0, abs=1e-6)
    assert solution.pressure[suction] == pytest.approx(1e5, abs=1.0)
    assert solution.flow[0] > 1.0


def test_free_passage_and_constant_speed_table_pump() -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    suction, discharge, far = b.node(), b.node(), b.node()
    b.fix_pressure(suction, 1e5)
    pump = b.table_pump(suction, discharge, [0.0, 5.0, 10.0], [2e5, 1.5e5, 0.4e5])
    b.resistance(discharge, far, 0.0)
    load = b.resistance(far, suction, 6e3)
    network = b.build()
    solution = solve(network, nominal_controls(network)).require()
    assert solution.flow[pump] == pytest.approx(5.0, rel=1e-6)  # 6e3 * 5^2 = 1.5e5
    assert solution.pressure[far] == pytest.approx(solution.pressure[discharge], abs=1e-3)
    assert solution.flow[load] == pytest.approx(solution.flow[pump], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"opening": np.ones(2)}, "opening has shape"),
        ({"speed": np.array([1.0, math.nan, 1.0])}, r"speed\[1\] is not finite"),
        ({"speed": np.array([1.0, -0.1, 1.0])}, "speed must not be negative"),
        ({"demand": np.array([0.0, math.inf])}, r"demand\[1\] is not finite"),
        ({"ambient_pressure": math.nan}, "ambient_pressure"),
    ],
)
def test_malformed_controls_are_refused(change: dict[str, object], message: str) -> None:
    network = two_pumps(check_valve=True)
    controls = dataclasses.replace(nominal_controls(network), **change)
    with pytest.raises(ValueError, match=message):
        solve(network, controls)


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (lambda b: b.pipe(0, 0, 1.0, 0.1, 0.0), "both ends"),
        (lambda b: b.pipe(0, 1, 1.0, -0.1, 0.0, name="/row/pipe"), "/row/pipe: diameter"),
        (lambda b: b.pipe(0, 1, 0.0, 0.1, 0.0), "length or a loss"),
        (lambda b: b.pipe(0, 1, 1.0, 0.1, 0.0, laminar_end=5e3), "turbulent start"),
        (lambda b: b.pipe(0, 7, 1.0, 0.1, 0.0), "outside"),
        (lambda b: b.pipe(0, 1, 1.0, 0.1, 0.0, density=0.0), "density"),
        (lambda b: b.resistance(0, 1, math.nan), "finite"),
        (lambda b: b.resistance(0, 1, 10.0, 3.5), "exponent"),
        (lambda b: b.valve(0, 1, 0.0), "Kvs"),
    ],
)
def test_impossible_elements_are_refused_by_name(add: object, message: str) -> None:
    b = NetworkBuilder(DENSITY, VISCOSITY)
    b.node()
    b.node()
    b.fix_pressure(0, 1e5)
    add(b)  # type: ignore[operator]
    with pytest.raises(ValueError, match=message):
        b.build()


def test_rising_pump_curve_and_missing_table_are_refused() -> None:
    common = {
        "from_node": [0],
        "to_node": [1],
        "density": 998.0,
        "elevation": [0.0, 0.0],
        "fixed_node": [0],
        "fixed_pressure": 1e5,
    }
    with pytest.raises(ValueError, match="fall with flow"):
        make_network(kind=[4], parameter=[[1e5, 10.0, 0.0, 0.0]], **common)
    with pytest.raises(ValueError, match="no pump table"):
        make_network(kind=[5], parameter=[[3.0]], **common)
    twice = {**common, "fixed_node": [0, 0]}
    with pytest.raises(ValueError, match="two fixed pressures"):
        make_network(kind=[1], parameter=[[1.0, 2.0]], **twice)
