"""Ladders: agreement with the general solver, distribution along headers, faults, bad input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hydraulics.builder import NetworkBuilder
from physics.hydraulics.ladder import (
    LadderControls,
    Ladders,
    ladder_state,
    nominal_ladder_controls,
    solve_ladders,
)
from physics.hydraulics.network import nominal_controls
from physics.hydraulics.pumps import PumpCurve
from physics.hydraulics.solver import solve

CURVE = PumpCurve.from_duty_point(12.0, 2.5e5)


def even_ladders(
    racks: list[int], reverse: bool = False, header: float = 20.0, n: float = 1.8
) -> Ladders:
    """Loops of identical racks and header segments."""
    start = np.concatenate([[0], np.cumsum(racks)]).astype(np.int64)
    n_racks, n_loops = int(start[-1]), len(racks)
    return Ladders(
        start=start,
        supply_resistance=np.full(n_racks, header),
        return_resistance=np.full(n_racks, header),
        rack_coefficient=np.full(n_racks, 3e4),
        rack_exponent=np.full(n_racks, n),
        rack_transition=np.full(n_racks, 0.05),
        reverse_return=np.full(n_loops, reverse),
        exchanger_coefficient=np.full(n_loops, 120.0),
        exchanger_exponent=np.full(n_loops, 1.9),
        shutoff_rise=np.full(n_loops, CURVE.shutoff_rise),
        rise_linear=np.full(n_loops, -1e3),
        rise_quadratic=np.full(n_loops, CURVE.quadratic),
    )


def random_ladders(seed: int) -> tuple[Ladders, LadderControls]:
    """Loops of unlike sizes, return arrangements, valves, bypasses and shut racks."""
    rng = np.random.default_rng(seed)
    ladders = even_ladders([int(k) for k in rng.integers(1, 12, 4)])
    shape = ladders.supply_resistance.shape
    ladders = dataclasses.replace(
        ladders,
        supply_resistance=rng.uniform(0.5, 100.0, shape),
        return_resistance=rng.uniform(0.5, 100.0, shape),
        rack_coefficient=10.0 ** rng.uniform(3.5, 5.0, shape),
        rack_exponent=rng.uniform(1.6, 2.0, shape),
        reverse_return=rng.random(4) < 0.5,
    )
    controls = nominal_ladder_controls(ladders)
    controls.pumps_running[:] = rng.integers(1, 4, 4)
    controls.pump_speed[:] = rng.uniform(0.3, 1.0, 4)
    controls.rack_resistance[:] = np.where(
        rng.random(shape) < 0.2, math.inf, rng.uniform(0.0, 1e4, shape)
    )
    controls.rack_factor[:] = rng.uniform(1.0, 3.0, shape)
    controls.exchanger_factor[:] = rng.uniform(1.0, 2.0, 4)
    controls.bypass_resistance[:] = np.where(rng.random(4) < 0.5, math.inf, 3e3)
    return ladders, controls


def general_solution(
    ladders: Ladders, controls: LadderControls, loop: int
) -> tuple[np.ndarray, float, float]:
    """Rack flows, loop flow and head pressure of one loop by the general solver."""
    b = NetworkBuilder(1000.0, 1e-3)
    suction, pumped, head = b.node(), b.node(), b.node()
    b.fix_pressure(suction, 0.0)
    curve = PumpCurve(
        ladders.shutoff_rise[loop], ladders.rise_linear[loop], ladders.rise_quadratic[loop]
    )
    pumps = [b.pump(suction, pumped, curve) for _ in range(int(controls.pumps_running[loop]))]
    b.resistance(
        pumped,
        head,
        ladders.exchanger_coefficient[loop] * controls.exchanger_factor[loop],
        ladders.exchanger_exponent[loop],
        1e-9,
    )
    if controls.bypass_resistance[loop] < math.inf:
        b.resistance(head, suction, controls.bypass_resistance[loop], 2.0, 1e-9)
    racks = range(ladders.start[loop], ladders.start[loop + 1])
    supply, back = [b.node() for _ in racks], [b.node() for _ in racks]
    rungs = []
    for i, j in enumerate(racks):
        b.resistance(supply[i - 1] if i else head, supply[i], ladders.supply_resistance[j], 2, 1e-9)
        if ladders.reverse_return[loop]:
            onward = back[i + 1] if i + 1 < len(racks) else suction
        else:
            onward = back[i - 1] if i else suction
        b.resistance(back[i], onward, ladders.return_resistance[j], 2.0, 1e-9)
        middle = b.node()
        coefficient = ladders.rack_coefficient[j] * controls.rack_factor[j]
        b.resistance(
            supply[i], middle, coefficient, ladders.rack_exponent[j], ladders.rack_transition[j]
        )
        valve = controls.rack_resistance[j]
        rungs.append(b.resistance(middle, back[i], valve if valve < math.inf else 1.0, 2.0, 1e-9))
    network = b.build()
    general = nominal_controls(network)
    general.speed[pumps] = controls.pump_speed[loop]
    for rung, j in zip(rungs, racks, strict=True):
        general.opening[rung] = 1.0 if controls.rack_resistance[j] < math.inf else 0.0
    solution = solve(network, general).require()
    return solution.flow[rungs], float(solution.flow[pumps].sum()), float(solution.pressure[head])


@given(st.integers(0, 10**6))
def test_ladders_agree_with_the_general_solver(seed: int) -> None:
    ladders, controls = random_ladders(seed)
    state = ladder_state(ladders)
    assert solve_ladders(ladders, controls, state)
    for loop in range(ladders.n_loops):
        flows, total, head = general_solution(ladders, controls, loop)
        scale = max(total, 1e-3)
        racks = slice(ladders.start[loop], ladders.start[loop + 1])
        np.testing.assert_allclose(state.rack_flow[racks], flows, atol=1e-6 * scale)
        assert state.loop_flow[loop] == pytest.approx(total, rel=1e-6)
        assert state.head_pressure[loop] == pytest.approx(head, rel=1e-6)


@given(st.integers(0, 10**6))
def test_mass_is_conserved_at_every_header_node(seed: int) -> None:
    ladders, controls = random_ladders(seed)
    state = ladder_state(ladders)
    assert solve_ladders(ladders, controls, state)
    for loop in range(ladders.n_loops):
        s = slice(ladders.start[loop], ladders.start[loop + 1])
        racks, supply, back = state.rack_flow[s], state.supply_flow[s], state.return_flow[s]
        total = state.loop_flow[loop] - state.bypass_flow[loop]
        allowed = 1e-11 * max(state.loop_flow[loop], 1e-3)
        np.testing.assert_allclose(np.cumsum(racks[::-1])[::-1], supply, rtol=0.0, atol=allowed)
        expected = np.cumsum(racks) if ladders.reverse_return[loop] else supply
        np.testing.assert_allclose(back, expected, rtol=0.0, atol=allowed)
        assert total == pytest.approx(racks.sum(), abs=allowed)


def test_direct_return_starves_the_far_rack_and_reverse_return_evens_out() -> None:
    direct, reverse = even_ladders([12]), even_ladders([12], reverse=True)
    spread = []
    for ladders in (direct, reverse):
        state = ladder_state(ladders)
        assert solve_ladders(ladders, nominal_ladder_controls(ladders, 2.0), state)
        spread.append(np.ptp(state.rack_flow) / state.rack_flow.mean())
        if ladders is direct:
            assert np.all(np.diff(state.rack_flow) < 0.0)
            assert state.far_differential[0] < state.head_pressure[0]
        else:
            # symmetric ladder, symmetric flows
            np.testing.assert_allclose(state.rack_flow, state.rack_flow[::-1], rtol=1e-8)
    assert spread[0] > 0.1
    assert spread[1] < 0.5 * spread[0]


def test_identical_racks_on_a_wide_header_get_identical_flow() -> None:
    ladders = even_ladders([9], header=0.0)
    state = ladder_state(ladders)
    assert solve_ladders(ladders, nominal_ladder_controls(ladders), state)
    assert np.ptp(state.rack_flow) < 1e-7 * state.rack_flow.mean()


@given(st.integers(0, 10**6), st.floats(1.02, 1.5))
def test_more_speed_or_pumps_never_means_less_flow(seed: int, factor: float) -> None:
    ladders, controls = random_ladders(seed)
    state = ladder_state(ladders)
    assert solve_ladders(ladders, controls, state)
    before = state.rack_flow.copy()
    controls.pump_speed[:] *= factor
    assert solve_ladders(ladders, controls, state)
    assert np.all(state.rack_flow >= before - 1e-9)
    before[:] = state.rack_flow
    controls.pumps_running[:] += 1
    assert solve_ladders(ladders, controls, state)
    assert np.all(state.rack_flow >= before - 1e-9)


def test_shutting_one_rack_gives_the_others_more() -> None:
    ladders = even_ladders([8])
    controls = nominal_ladder_controls(ladders)
    state = ladder_state(ladders)
    assert solve_ladders(ladders, controls, state)
    before = state.rack_flow.copy()
    controls.rack_resistance[3] = math.inf
    assert solve_ladders(ladders, controls, state)
    assert state.rack_flow[3] == 0.0
    assert np.all(np.delete(state.rack_flow, 3) > np.delete(before, 3))


def test_all_racks_shut_dead_heads_the_pump() -> None:
    ladders = even_ladders([5, 5], reverse=True)
    controls = nominal_ladder_controls(ladders)
    controls.rack_resistance[:] = math.inf
    for start in ("cold", "warm"):
        state = ladder_state(ladders)
        if start == "warm":
            assert solve_ladders(ladders, nominal_ladder_controls(ladders), state)
        assert solve_ladders(ladders, controls, state)
        np.testing.assert_array_equal(state.rack_flow, 0.0)
        np.testing.assert_allclose(state.loop_flow, 0.0, atol=1e-6)
        np.testing.assert_allclose(state.pump_rise, CURVE.shutoff_rise, rtol=1e-6)
        assert np.all(np.isfinite(state.supply_pressure))
        assert np.all(np.isfinite(state.return_pressure))


def test_stopped_pumps_leave_everything_at_rest_and_restart() -> None:
    ladders = even_ladders([6, 3])
    controls = nominal_ladder_controls(ladders)
    state = ladder_state(ladders)
    assert solve_ladders(ladders, controls, state)
    running = state.rack_flow.copy()
    controls.pumps_running[0] = 0.0
    controls.pump_speed[1] = 0.0
    assert solve_ladders(ladders, controls, state)
    for values in (state.rack_flow, state.loop_flow, state.pump_rise, state.hydraulic_power):
        np.testing.assert_array_equal(values, 0.0)
    controls.pumps_running[0] = 1.0
    controls.pump_speed[1] = 1.0
    assert solve_ladders(ladders, controls, state)
    np.testing.assert_allclose(state.rack_flow, running, rtol=1e-8)


def test_solved_state_costs_no_iteration_and_small_changes_few() -> None:
    ladders = even_ladders([8] * 20)
    controls = nominal_ladder_controls(ladders, 2.0)
    state = ladder_state(ladders)
    assert solve_ladders(ladders, controls, state)
    cold = state.iterations.max()
    assert solve_ladders(ladders, controls, state)
    assert state.iterations.max() == 0
    controls.pump_speed[:] = 0.995
    assert solve_ladders(ladders, controls, state)
    assert 0 < state.iterations.max() < cold


def test_too_few_iterations_are_reported_and_finite() -> None:
    ladders = even_ladders([8])
    state = ladder_state(ladders)
    assert not solve_ladders(ladders, nominal_ladder_controls(ladders), state, max_iterations=1)
    assert state.converged[0] == 0
    assert state.residual[0] > 0.0
    assert np.all(np.isfinite(state.rack_flow))


def test_result_does_not_depend_on_the_loops_beside_it() -> None:
    ladders, controls = random_ladders(5)
    state = ladder_state(ladders)
    assert solve_ladders(ladders, controls, state)
    s, last = slice(ladders.start[3], ladders.start[4]), slice(3, 4)
    fields = {}
    for field in dataclasses.fields(Ladders):
        value = getattr(ladders, field.name)
        fields[field.name] = value[s] if value.size == ladders.n_racks else value[last]
    fields["start"] = np.array([0, s.stop - s.start], dtype=np.int64)
    alone = Ladders(**fields)
    moved = LadderControls(
        *(
            getattr(controls, f.name)[s if f.name.startswith("rack") else last]
            for f in dataclasses.fields(LadderControls)
        )
    )
    alone_state = ladder_state(alone)
    assert solve_ladders(alone, moved, alone_state)
    np.testing.assert_array_equal(alone_state.rack_flow, state.rack_flow[s])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": np.array([0, 0, 4])}, "at least one rack"),
        ({"supply_resistance": np.ones(3)}, "shape"),
        ({"rack_coefficient": np.array([1.0, math.nan, 1.0, 1.0])}, "finite"),
        ({"rack_coefficient": np.full(4, -1.0)}, "negative"),
        ({"rack_exponent": np.full(4, 3.0)}, "exponents"),
        ({"rise_quadratic": np.full(1, 5.0)}, "pump curves"),
        ({"reverse_return": np.zeros(2, bool)}, "reverse_return"),
    ],
)
def test_impossible_ladders_are_refused(change: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(even_ladders([4]), **change)
