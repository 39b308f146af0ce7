"""Tanks and mixed volumes against closed-form solutions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from physics.tank import tank_step
from physics.thermal_volume import mixed_volume_step


@pytest.mark.parametrize("step", [0.1, 1.0, 60.0, 3600.0])
def test_mixed_volume(accuracy: Callable[..., None], step: float) -> None:
    """Buffer of 5 m3 flushed by 12 l/s from 20 to 35 degC, with loss to 15 degC."""
    capacity, rate, loss = 5000.0 * 4180.0, 12.0 * 4180.0, 400.0
    temperature = 20.0
    for _ in range(round(3600.0 / step)):
        temperature, _ = mixed_volume_step(temperature, capacity, step, rate, 35.0, 0.0, loss, 15.0)
    settled = (rate * 35.0 + loss * 15.0) / (rate + loss)
    theirs = settled + (20.0 - settled) * math.exp(-(rate + loss) * 3600.0 / capacity)
    source = "exponential of the mixed volume"
    accuracy(f"buffer after 1 h in steps of {step:g} s", temperature, theirs, 1e-9, "degC", source)


def test_plug_flow_at_one_layer_per_step(accuracy: Callable[..., None]) -> None:
    """When a step moves exactly one layer the plug moves without any smearing."""
    layers = 20
    profile, capacity = np.full(layers, 40.0), np.full(layers, 1e6)
    for _ in range(8):
        outlet, _ = tank_step(profile, capacity, 1e6, 15.0, 0.0, 0.0, np.zeros(layers), 0.0, 1.0)
    exact = np.where(np.arange(layers) < 8, 15.0, 40.0)
    error = float(np.abs(profile - exact).max())
    accuracy("front after 8 of 20 layers", error, 0.0, 1e-12, "K", "plug flow")
    accuracy("outlet before breakthrough", outlet, 40.0, 1e-12, "degC", "plug flow")


def test_breakthrough_time(accuracy: Callable[..., None]) -> None:
    """The outlet passes the middle when one tank volume has gone through."""
    layers, step = 50, 1.0
    profile, capacity = np.full(layers, 40.0), np.full(layers, 4.18e6 / layers * 10.0)
    rate = 20.0 * 4180.0
    previous, elapsed = 40.0, 0.0
    while True:
        outlet, _ = tank_step(profile, capacity, rate, 20.0, 0.0, 0.0, np.zeros(layers), 0.0, step)
        elapsed += step
        if outlet < 30.0:
            crossing = elapsed - step * (30.0 - outlet) / (previous - outlet) - 0.5 * step
            break
        previous = outlet
    theirs = capacity.sum() / rate
    # One layer of the fifty is what the discretisation resolves.
    accuracy("breakthrough of a 10 m3 tank", crossing, theirs, theirs / layers, "s", "plug flow")


def test_wall_loss(accuracy: Callable[..., None]) -> None:
    layers = 5
    profile, capacity = np.linspace(20.0, 45.0, layers), np.full(layers, 2e6)
    start, lost = profile.copy(), 0.0
    for _ in range(100):
        lost += tank_step(profile, capacity, 0.0, 0, 0, 10.0, np.full(layers, 50.0), 0.0, 600.0)[1]
    decay = math.exp(-50.0 * 60_000.0 / 2e6)
    source = "exponential decay to ambient"
    for layer in (0, layers - 1):
        theirs = 10.0 + (start[layer] - 10.0) * decay
        accuracy(f"layer {layer} after 60,000 s", profile[layer], theirs, 1e-9, "degC", source)
    stored = float(capacity @ (start - profile))
    accuracy("heat lost", lost, stored, 1e-12, "J", "stored heat", relative=True)


@pytest.mark.parametrize(("step", "tolerance"), [(60.0, 0.02), (6.0, 0.002)])
def test_conduction(accuracy: Callable[..., None], step: float, tolerance: float) -> None:
    """The slowest mode of a still tank decays as exp(-4 G/C sin^2(pi / 2n) t)."""
    layers, capacity, conductance = 16, 5e5, 2000.0
    nodes = np.arange(layers)
    mode = -np.cos(np.pi * (nodes + 0.5) / layers)
    profile = 30.0 + 10.0 * mode
    steps = int(7200.0 / step)
    for _ in range(steps):
        tank_step(
            profile, np.full(layers, capacity), 0.0, 0, 0, 0, np.zeros(layers), conductance, step
        )
    rate = 4.0 * conductance / capacity * math.sin(0.5 * np.pi / layers) ** 2
    theirs = 10.0 * math.exp(-rate * steps * step)
    ours = float((profile - 30.0) @ mode / (mode @ mode))
    # Backward Euler is of first order: rate times step over two.
    accuracy(f"slowest mode, steps of {step:g} s", ours, theirs, tolerance, "K", "heat equation")
