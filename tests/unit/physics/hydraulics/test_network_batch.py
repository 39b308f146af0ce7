"""Batches of networks give what the networks give one by one."""

from __future__ import annotations

import numpy as np
import pytest

from physics.hydraulics.batch import batch_controls, batch_state, join_networks, solve_batch
from physics.hydraulics.builder import NetworkBuilder
from physics.hydraulics.network import Network, nominal_controls
from physics.hydraulics.pumps import PumpCurve
from physics.hydraulics.solver import solve

DENSITY, VISCOSITY = 1012.0, 1.1e-3


def loop(racks: int, table: bool = False) -> Network:
    """A small loop with two pumps, a valve and racks along a header."""
    b = NetworkBuilder(DENSITY, VISCOSITY)
    suction, discharge = b.node(), b.node(3.0)
    b.fix_pressure(suction, 1.5e5)
    for _ in range(2):
        if table:
            b.table_pump(suction, discharge, [0.0, 4.0, 8.0], [2.5e5, 2e5, 0.8e5])
        else:
            b.pump(suction, discharge, PumpCurve.from_duty_point(6.0, 2e5))
    back = b.node()
    here = discharge
    for _ in range(racks):
        nxt = b.node(3.0)
        b.pipe(here, nxt, 2.0, 0.1, 5e-5)
        b.resistance(nxt, back, 5e4, 1.8, 0.05)
        here = nxt
    b.valve(back, suction, 40.0)
    return b.build()


def test_batch_equals_single_solves_cold_and_warm() -> None:
    networks = [loop(3), loop(7, table=True), loop(1), loop(4, table=True)]
    batch = join_networks(networks)
    controls = batch_controls(batch)
    state = batch_state(batch)
    single = [nominal_controls(n) for n in networks]
    solutions = [None] * len(networks)
    rng = np.random.default_rng(3)
    for _ in range(4):
        assert solve_batch(batch, controls, state)
        for i, network in enumerate(networks):
            solutions[i] = solve(network, single[i], start=solutions[i]).require()
            b = slice(batch.branch_start[i], batch.branch_start[i + 1])
            n = slice(batch.node_start[i], batch.node_start[i + 1])
            np.testing.assert_allclose(state.flow[b], solutions[i].flow, atol=1e-7)
            np.testing.assert_allclose(state.pressure[n], solutions[i].pressure, rtol=1e-8)
        # next round: other pump speeds, one pump standing, one valve shut or open again
        controls.speed[:] = rng.uniform(0.6, 1.0, controls.speed.size)
        controls.speed[batch.branch_start[1]] = 0.0
        controls.opening[batch.branch_start[1] - 1] = (
            1.0 - controls.opening[batch.branch_start[1] - 1]
        )
        for i in range(len(networks)):
            b = slice(batch.branch_start[i], batch.branch_start[i + 1])
            single[i].speed[:] = controls.speed[b]
            single[i].opening[:] = controls.opening[b]


def test_batch_reports_which_network_failed() -> None:
    batch = join_networks([loop(3), loop(5)])
    state = batch_state(batch)
    assert not solve_batch(batch, batch_controls(batch), state, max_iterations=1)
    assert list(state.converged) == [0, 0]
    assert np.all(state.worst_branch >= 0)
    assert np.all(np.isfinite(state.flow))


def test_empty_batch_and_leaks_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        join_networks([])
    batch = join_networks([loop(2)])
    controls = batch_controls(batch)
    controls.leak_conductance[1] = 1e-3
    with pytest.raises(ValueError, match="leaks"):
        solve_batch(batch, controls, batch_state(batch))
