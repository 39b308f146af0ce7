"""Stratified tanks conserve heat, stay within their inlets, and stay layered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from physics.tank import mix_inversions, tank_step

profiles = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(5.0, 60.0))


def capacities(layers: int) -> np.ndarray:
    return 4.186e6 * (1.0 + 0.5 * np.sin(np.arange(layers)))


@given(profile=profiles)
def test_mixing_conserves_heat_and_orders_layers(profile: np.ndarray) -> None:
    capacity = capacities(profile.size)
    mixed = profile.copy()
    mix_inversions(mixed, capacity)
    assert capacity @ mixed == pytest.approx(capacity @ profile, rel=1e-13)
    assert np.all(np.diff(mixed) >= -1e-10)
    assert mixed.min() >= profile.min() - 1e-10
    assert mixed.max() <= profile.max() + 1e-10


@given(profile=profiles)
def test_mixing_equals_repeated_neighbour_mixing(profile: np.ndarray) -> None:
    capacity = capacities(profile.size)
    mixed, slow = profile.copy(), profile.copy()
    mix_inversions(mixed, capacity)
    for _ in range(20_000):
        for i in range(profile.size - 1):
            if slow[i] > slow[i + 1]:
                pair = capacity[i : i + 2]
                slow[i : i + 2] = pair @ slow[i : i + 2] / pair.sum()
        if np.all(np.diff(slow) >= -1e-9):
            break
    assert mixed == pytest.approx(slow, abs=1e-5)


@given(
    profile=profiles,
    rate=st.floats(-3e7, 3e7),
    bottom=st.floats(5.0, 60.0),
    top=st.floats(5.0, 60.0),
    ambient=st.floats(-10.0, 40.0),
    loss=st.floats(0.0, 500.0),
    conductance=st.floats(0.0, 5e4),
    dt=st.floats(0.01, 60.0),
)
def test_heat_is_conserved_at_any_flow(
    profile: np.ndarray,
    rate: float,
    bottom: float,
    top: float,
    ambient: float,
    loss: float,
    conductance: float,
    dt: float,
) -> None:
    capacity = capacities(profile.size)
    after = profile.copy()
    outlet, lost = tank_step(
        after, capacity, rate, bottom, top, ambient, np.full(profile.size, loss), conductance, dt
    )
    inlet = bottom if rate >= 0.0 else top
    gained = abs(rate) * dt * (inlet - outlet) - lost
    scale = capacity @ profile + abs(rate) * dt * 60.0
    assert capacity @ after - capacity @ profile == pytest.approx(gained, abs=1e-12 * scale)
    everything = [profile.min(), profile.max(), inlet, ambient]
    assert after.min() >= min(everything) - 1e-9
    assert after.max() <= max(everything) + 1e-9
    assert np.all(np.diff(after) >= -1e-9)


def test_still_insulated_tank_stays() -> None:
    profile = np.linspace(20.0, 40.0, 10)
    after = profile.copy()
    outlet, lost = tank_step(after, capacities(10), 0.0, 5.0, 60.0, 0.0, np.zeros(10), 0.0, 3600.0)
    assert np.array_equal(after, profile)
    assert (outlet, lost) == (40.0, 0.0)


def test_front_stays_sharp() -> None:
    layers = 40
    profile = np.full(layers, 40.0)
    capacity = np.full(layers, 1e6)
    for _ in range(200):
        tank_step(profile, capacity, 1e5, 20.0, 60.0, 0.0, np.zeros(layers), 0.0, 1.0)
    # Half the tank is replaced; the front may smear over a few layers but not further.
    assert profile[:13] == pytest.approx(20.0, abs=0.1)
    assert profile[27:] == pytest.approx(40.0, abs=0.1)
    assert profile.mean() == pytest.approx(30.0, abs=1e-6)


def test_warm_water_at_the_bottom_rises() -> None:
    profile = np.linspace(20.0, 40.0, 10)
    tank_step(profile, np.full(10, 1e6), 5e5, 50.0, 0.0, 0.0, np.zeros(10), 0.0, 10.0)
    assert np.ptp(profile) < 1e-9 + (50.0 - profile.min())
    assert np.all(np.diff(profile) >= -1e-9)
