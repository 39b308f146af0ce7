"""Warm power flow of a big layout: new loads in, voltages of every bus out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from physics.electrical import network as nw
from physics.electrical.power_flow import PowerFlow


def campus(halls: int = 100, panels: int = 99) -> nw.Network:
    """One medium-voltage bus, ``halls`` transformers, ``panels`` panels on each: 10,001 buses."""
    low = 1 + np.arange(halls)
    panel = 1 + halls + np.arange(halls * panels)
    volts = np.full(1 + halls + halls * panels, 480.0)
    volts[0] = 22.9e3
    rng = np.random.default_rng(0)
    return nw.Network(
        volts,
        nw.sources([0], 5e9),
        nw.loads(panel, rng.uniform(5e3, 20e3, len(panel)), 2e3),
        nw.lines(np.repeat(low, panels), panel, 1e-3, 0.8e-3, rated_current=60.0),
        nw.transformers(np.zeros(halls, dtype=int), low, 22.9e3, 480.0, 2.5e6, 0.06, 19e3),
    )


@pytest.mark.parametrize("method", ["iterative_current", "newton_raphson"])
def test_ten_thousand_buses(benchmark: Any, method: Any) -> None:
    network = campus()
    assert len(network.rated_voltage) == 10_001
    flow = PowerFlow(network)
    power, reactive = network.loads.power, network.loads.reactive_power
    share = iter(np.tile([0.9, 1.0, 1.1], 10_000))

    def solve() -> float:
        flow.set_loads(power * next(share), reactive)
        return float(flow.solve(method=method).voltage_pu.min())

    assert 0.9 < benchmark(solve) < 1.0
