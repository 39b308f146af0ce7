"""Room air: energy, stability at any flow, recirculation, indices."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics import air_indices as ai
from physics import room_air as ra

flows = st.floats(0.0, 50.0)
temperatures = st.floats(10.0, 60.0)


@given(
    cold=temperatures,
    hot=temperatures,
    supply=flows,
    supply_t=st.floats(10.0, 30.0),
    rack=flows,
    heat=st.floats(0.0, 3e5),
    leak=st.floats(0.0, 0.5),
    wall=st.floats(0.0, 1e3),
    dt=st.floats(0.01, 300.0),
)
def test_aisles_conserve_heat_at_any_flow(
    cold: float,
    hot: float,
    supply: float,
    supply_t: float,
    rack: float,
    heat: float,
    leak: float,
    wall: float,
    dt: float,
) -> None:
    c_cold, c_hot = 1.5e5, 2.5e5
    end_c, end_h, mean_c, mean_h = ra.aisle_pair_step(
        cold, hot, c_cold, c_hot, supply, supply_t, rack, heat, leak, wall, 25.0, dt
    )
    stored = c_cold * (end_c - cold) + c_hot * (end_h - hot)
    carried = dt * (heat - supply * 1006.0 * (mean_h - supply_t) - wall * (mean_h - 25.0))
    scale = dt * (heat + supply * 1e5 + rack * 1e5 + 1e5) + 4e7
    assert stored == pytest.approx(carried, abs=1e-12 * scale)
    top = max(cold, hot, supply_t, 25.0) + heat * dt / min(c_cold, c_hot) + 1e-6
    bottom = min(cold, hot, supply_t, 25.0) - 1e-6
    for value in (end_c, end_h, mean_c, mean_h):
        assert bottom <= value <= top


@given(supply=st.floats(0.5, 30.0), rack=flows, heat=st.floats(0.0, 3e5), leak=st.floats(0.0, 0.5))
def test_aisles_settle_at_their_steady_state(
    supply: float, rack: float, heat: float, leak: float
) -> None:
    args = (supply, 20.0, rack, heat, leak, 50.0, 25.0)
    cold, hot = ra.aisle_pair_steady(*args)
    end = ra.aisle_pair_step(cold, hot, 1e5, 1e5, supply, 20.0, rack, heat, leak, 50.0, 25.0, 10.0)
    assert end[0] == pytest.approx(cold, abs=1e-7)
    assert end[1] == pytest.approx(hot, abs=1e-7)


def test_sealed_matched_aisles_do_not_mix() -> None:
    cold, hot = ra.aisle_pair_steady(5.0, 20.0, 5.0, 5e4, 0.0, 0.0, 25.0)
    assert cold == pytest.approx(20.0)
    assert hot == pytest.approx(20.0 + 5e4 / (5.0 * 1006.0))


def test_starved_racks_breathe_exhaust_and_more_supply_cools() -> None:
    inlets = [ra.aisle_pair_steady(m, 20.0, 5.0, 5e4, 0.02, 0.0, 25.0)[0] for m in (3, 4, 5, 6)]
    assert all(a > b for a, b in itertools.pairwise(inlets))
    assert ra.aisle_flows(3.0, 5.0, 0.0) == (0.0, 2.0)
    assert ra.aisle_flows(6.0, 5.0, 0.1) == (1.5, 0.5)


def test_aisles_without_any_outlet() -> None:
    assert ra.aisle_pair_steady(0.0, 20.0, 5.0, 1e4, 0.0, 0.0, 25.0) == (math.inf, math.inf)
    assert ra.aisle_pair_steady(0.0, 20.0, 5.0, 0.0, 0.0, 0.0, 25.0) == (25.0, 25.0)
    cold, hot, *_ = ra.aisle_pair_step(20, 30, 1e5, 1e5, 0.0, 20, 0.0, 1e4, 0.0, 0.0, 25, 10.0)
    assert (cold, hot) == (20.0, pytest.approx(31.0))


@given(share=st.floats(0.0, 0.3), shape=st.floats(0.0, 2.0))
def test_height_profile_keeps_the_mean(share: float, shape: float) -> None:
    heights = (np.arange(2000) + 0.5) / 2000
    profile = [ra.inlet_temperature_at_height(20.0, 40.0, share, z, shape) for z in heights]
    assert np.mean(profile) == pytest.approx(20.0 + share * 20.0, abs=1e-3)
    assert np.all(np.diff(profile) >= -1e-12)


def test_rack_laws() -> None:
    assert ra.rack_outlet_temperature(20.0, 1e4, 1.0) == pytest.approx(20.0 + 1e4 / 1006.0)
    assert math.isfinite(ra.rack_outlet_temperature(20.0, 1e4, 0.0))
    normal = ra.rack_fan_mass_flow(22.0, 1e4, 12.0, 0.1, 2.0)
    assert normal == pytest.approx(1e4 / (1006.0 * 12.0))
    assert ra.rack_fan_mass_flow(36.0, 1e4, 12.0, 0.1, 2.0) == 2.0
    assert normal < ra.rack_fan_mass_flow(31.0, 1e4, 12.0, 0.1, 2.0) < 2.0
    assert ra.rack_fan_mass_flow(22.0, 0.0, 12.0, 0.1, 2.0) == 0.1


@given(seed=st.integers(0, 10_000), racks=st.integers(1, 12))
def test_distribution_matrix_solves_the_network(seed: int, racks: int) -> None:
    random = np.random.default_rng(seed)
    flow = np.full(racks, 2.0)
    share = random.uniform(0.0, 0.8 / racks, (racks, racks))
    heat = random.uniform(0.0, 3e4, racks)
    matrix = ra.distribution_matrix(share, flow)
    inlet = np.empty(racks)
    ra.inlet_temperatures(18.0, matrix, heat, inlet)
    outlet = inlet + heat / (flow * 1006.0)
    # Each intake is its share of exhausts made up with supply air.
    mixed = (share.T @ (flow * outlet) + (flow - share.T @ flow) * 18.0) / flow
    assert inlet == pytest.approx(mixed, abs=1e-9)
    assert np.all(matrix >= -1e-15)


@pytest.mark.parametrize(
    ("share", "flow"),
    [
        (np.zeros((2, 3)), np.ones(2)),
        (np.zeros((2, 2)), np.array([1.0, 0.0])),
        (np.array([[0.6, 0.6], [0.0, 0.0]]), np.ones(2)),
        (np.array([[-0.1, 0.0], [0.0, 0.0]]), np.ones(2)),
        (np.array([[0.0, 1.0], [1.0, 0.0]]), np.ones(2)),
        (np.array([[0.0, 0.9], [0.0, 0.0]]), np.array([10.0, 1.0])),
    ],
)
def test_impossible_networks_are_refused(share: np.ndarray, flow: np.ndarray) -> None:
    with pytest.raises(ValueError):
        ra.distribution_matrix(share, flow)


def test_rack_cooling_index() -> None:
    inlet = np.array([20.0, 28.0, 32.0, 17.0])
    assert ai.rack_cooling_index_high(inlet, 27.0, 32.0) == pytest.approx(100 * (1 - 6 / 20))
    assert ai.rack_cooling_index_low(inlet, 18.0, 15.0) == pytest.approx(100 * (1 - 1 / 12))
    within = np.array([18.0, 22.0, 27.0])
    assert ai.rack_cooling_index_high(within, 27.0, 32.0) == 100.0
    assert ai.rack_cooling_index_low(within, 18.0, 15.0) == 100.0


@given(share=st.floats(0.0, 0.9), heat=st.floats(1.0, 1e5))
def test_supply_and_return_heat_index_add_to_one(share: float, heat: float) -> None:
    flow = np.array([2.0, 3.0])
    inlet = 18.0 + share / (1.0 - share) * heat / (flow * 1006.0)
    outlet = inlet + heat / (flow * 1006.0)
    shi = ai.supply_heat_index(inlet, outlet, flow, 18.0)
    assert shi == pytest.approx(share, abs=1e-9)
    # What is not recirculated returns to the handlers.
    rhi = ai.return_heat_index(outlet, flow, outlet, flow * (1.0 - share), 18.0)
    assert shi + rhi == pytest.approx(1.0, abs=1e-9)


def test_indices_without_heat() -> None:
    ones, t = np.ones(2), np.full(2, 18.0)
    assert ai.supply_heat_index(t, t, ones, 18.0) == 0.0
    assert ai.return_heat_index(t, ones, t, ones, 18.0) == 1.0


def test_classes() -> None:
    assert ai.smallest_class(25.0, ai.FACILITY_WATER_CLASSES) == "W27"
    assert ai.smallest_class(60.0, ai.FACILITY_WATER_CLASSES) == "W+"
    assert ai.smallest_class(60.0, ai.COOLANT_CLASSES) is None
    assert ai.AIR_CLASSES["A1"].allowable_max == 32.0
