"""Networks: no switch has more links than ports; communication costs what bandwidth says."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_layout import SMALL, plant_of

from twin.errors import InputError
from twin.factory import Factory
from twin.network.collective import Paths, all_reduce_time
from twin.network.site_network import networks, site_network
from twin.network.topology import fabric
from twin.plant import load_plant
from twin.scenario import Scenario

PATHS = Paths(domain=8, scale_up=450e9, scale_out=50e9, hops=3, hop_latency=1e-6)


@given(
    endpoints=st.integers(1, 30_000),
    radix=st.sampled_from([16, 32, 64, 128, 144]),
    rails=st.sampled_from([1, 4, 8]),
    oversubscription=st.sampled_from([1.0, 2.0, 3.0]),
)
def test_no_switch_has_more_links_than_ports(
    endpoints: int, radix: int, rails: int, oversubscription: float
) -> None:
    try:
        f = fabric(endpoints, radix, rails=rails, oversubscription=oversubscription)
    except ValueError:
        assert endpoints * 2 > radix**3 / 4  # only what hardly fits is refused
        return
    assert f.endpoints + f.leaf_links <= f.leaves * radix
    assert f.leaf_links + f.core_links <= f.spines * radix or f.tiers == 1
    assert f.core_links <= f.cores * radix
    if f.tiers > 1 and oversubscription == 1.0:
        assert f.leaf_links >= endpoints  # non-blocking
    if f.tiers == 3:
        assert f.core_links >= f.leaf_links
    assert f.leaves % rails == 0 or f.tiers == 1
    assert f.hops == 2 * f.tiers - 1


def test_oversubscription_saves_switches_and_costs_bandwidth() -> None:
    full, thin = fabric(4096, 64), fabric(4096, 64, oversubscription=3.0)
    assert thin.switches < full.switches
    assert thin.uplink_share == pytest.approx(1 / 3)


@pytest.mark.parametrize("arguments", [(0, 64), (10, 7), (10, 2)])
def test_what_is_no_network_is_refused(arguments: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="needs"):
        fabric(*arguments)


def test_all_reduce_by_hand() -> None:
    """Within a domain 2 (n-1)/n of the bytes; between domains of the share, and latency."""
    assert all_reduce_time(1e9, 1, PATHS) == 0.0
    assert all_reduce_time(1e9, 8, PATHS) == pytest.approx(2 * 7 / 8 * 1e9 / 450e9)
    inside = 2 * 7 / 8 * 1e9 / 450e9
    outside = 2 * 3 / 4 * (1e9 / 8) / 50e9
    latency = 2 * math.log2(4) * 3 * 1e-6
    assert all_reduce_time(1e9, 32, PATHS) == pytest.approx(inside + outside + latency)


@given(size=st.floats(1.0, 1e12), count=st.integers(1, 100_000))
def test_more_never_takes_less(size: float, count: int) -> None:
    time = all_reduce_time(size, count, PATHS)
    assert all_reduce_time(2 * size, count, PATHS) >= time
    assert all_reduce_time(size, 2 * count, PATHS) >= time * (1 - 1e-12)


def test_facts_of_bundled_layouts_add_up() -> None:
    (network,) = networks(load_plant("hall"))
    facts = network.facts()
    assert facts["accelerators"] == 9600
    assert facts["switches"] == (
        facts["leaf_switches"] + facts["spine_switches"] + facts["core_switches"]
    )
    switches = facts["switches"] * network.switch.maximum_power
    optics = facts["optics_in_switches"] * network.switch.optic_power
    assert facts["full_power_w"] == pytest.approx(switches + optics)
    assert networks(load_plant("server-room")) == []


def test_training_takes_the_time_its_network_needs(pilot: Factory) -> None:
    """Twice the bytes, twice the waiting; overlap hides it; the step grows by just that."""

    def figures(exchange: str, overlap: float = 0.0) -> dict[str, float]:
        training = {"step": "2 s", "exchange": exchange, "overlap": overlap}
        scenario = Scenario.model_validate({"workload": [{"path": "/", "training": training}]})
        simulation = pilot.simulation(scenario)
        simulation.advance(120.0)
        return simulation.workload_figures()

    network = site_network(pilot.plant(), 0)
    assert network is not None
    once, twice, hidden = figures("400 GB"), figures("800 GB"), figures("400 GB", 1.0)
    expected = all_reduce_time(400e9, 576, network.paths)
    assert 0.5 < expected < 2.0
    assert once["training_communication_s"] == pytest.approx(expected)
    assert twice["training_communication_s"] == pytest.approx(2 * expected, rel=1e-3)
    assert hidden["training_communication_s"] == 0.0
    assert once["training_steps"] == pytest.approx(120.0 / (2.0 + expected), abs=1.0)
    assert hidden["training_steps"] == pytest.approx(60.0, abs=1.0)


def test_exchange_without_a_network_says_what_to_add() -> None:
    from twin.simulation import Simulation

    training = {"step": "2 s", "exchange": "1 GB"}
    scenario = Scenario.model_validate({"workload": [{"path": "/", "training": training}]})
    plant = plant_of(json.loads(json.dumps(SMALL)))
    with pytest.raises(InputError, match="needs to know the network") as caught:
        Simulation(plant, scenario)
    assert "network:" in caught.value.allowed
