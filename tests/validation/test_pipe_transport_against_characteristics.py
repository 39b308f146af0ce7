"""Transient pipes against the exact solution along characteristics.

Fluid that leaves at time t entered at t* with ``int_t*^t W dt = C`` and has decayed for t - t*:
``T_out = T_a + (T_in(t*) - T_a) exp(-UA/C (t - t*))``. Both inlet temperature and flow vary here.
The only error is the mixing inside one cell, so it falls with the number of cells, to first order.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from physics.hydraulics.transport import advance_pipes, pipe_state

CAPACITY, MEAN_RATE = 1.6e6, 1.6e4  # J/K and W/K: 100 s of delay
SWING, PERIOD = 0.4, 170.0
AMBIENT = 20.0
SOURCE = "exact solution along characteristics"


def through(t: float) -> float:
    """Integral of the capacity rate from 0 to t [J/K]."""
    omega = 2.0 * math.pi / PERIOD
    return MEAN_RATE * (t + SWING / omega * (1.0 - math.cos(omega * t)))


def inlet(t: float) -> float:
    """Inlet temperature [degC]: the swing of a load with a period of minutes."""
    return 45.0 + 8.0 * math.sin(2.0 * math.pi * t / 240.0)


def exact_mean_outlet(t0: float, t1: float, conductance: float) -> float:
    """Flow-weighted mean outlet temperature over a step [degC]."""
    total = 0.0
    samples = 20
    for k in range(samples):
        amount = through(t0) + (k + 0.5) / samples * (through(t1) - through(t0))
        left = brentq(lambda s, a=amount: through(s) - a, t0 - 1.0, t1 + 1.0)
        entered = brentq(lambda s, a=amount: through(s) - (a - CAPACITY), left - 400.0, left)
        decay = math.exp(-conductance / CAPACITY * (left - entered))
        total += AMBIENT + (inlet(entered) - AMBIENT) * decay
    return total / samples


def marched(n_cells: int, conductance: float, time_step: float, until: float) -> np.ndarray:
    """Outlet temperature of every step [degC]."""
    state = pipe_state(np.array([45.0]), n_cells)
    outlet, loss, outlets = np.zeros(1), np.zeros(1), []
    for k in range(round(until / time_step)):
        t0, t1 = k * time_step, (k + 1) * time_step
        rate = np.array([(through(t1) - through(t0)) / time_step])
        entering = np.array([inlet(0.5 * (t0 + t1))])
        advance_pipes(
            state.cell_temperature,
            state.head,
            state.from_fill,
            state.edge_temperature,
            state.direction,
            rate,
            entering,
            entering,
            np.array([CAPACITY]),
            np.array([conductance]),
            np.array([AMBIENT]),
            time_step,
            outlet,
            loss,
        )
        outlets.append(outlet[0])
    return np.array(outlets)


@pytest.mark.parametrize("conductance", [0.0, 3000.0])
def test_outlet_with_varying_flow_and_inlet(
    conductance: float, accuracy: Callable[..., None]
) -> None:
    times = np.arange(300, 480, 7)
    exact = np.array([exact_mean_outlet(float(t), t + 1.0, conductance) for t in times])
    errors = {}
    for n_cells, tolerance in ((20, 0.5), (80, 0.1)):
        ours = marched(n_cells, conductance, 1.0, 481.0)[times]
        worst = int(np.abs(ours - exact).argmax())
        errors[n_cells] = abs(ours[worst] - exact[worst])
        accuracy(
            f"pipe outlet, {n_cells} cells, UA {conductance:g} W/K: worst second",
            ours[worst],
            exact[worst],
            tolerance,
            "degC",
            SOURCE,
        )
    order = math.log(errors[20] / errors[80]) / math.log(4.0)
    print(f"observed order of convergence with cells: {order:.2f}")
    assert order > 0.8
