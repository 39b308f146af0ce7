"""The channel table agrees with the state, the units and itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from twin.channels import BY_NAME, CHANNELS, Channel, channels_of
from twin.factory import Factory
from twin.plant.levels import PARENTS
from twin.simulation import Simulation
from twin.units import parse_quantity


@pytest.fixture(scope="module")
def simulation(pilot: Factory) -> Simulation:
    simulation = pilot.simulation()
    simulation.advance(120.0)
    return simulation


def test_names_are_unique_and_levels_exist() -> None:
    assert len(BY_NAME) == len(CHANNELS)
    for channel in CHANNELS:
        assert channel.level in PARENTS
        assert channel in channels_of(channel.level)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: c.name)
def test_channel_reads_one_finite_value_per_element(
    channel: Channel, simulation: Simulation
) -> None:
    values = channel.read(simulation.plant, simulation.state)
    assert values.shape == (simulation.plant.levels[channel.level].count,)
    assert values.dtype == np.float64
    assert np.isfinite(values).all()


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: c.name)
def test_channel_describes_itself_well(channel: Channel) -> None:
    assert channel.resolution > 0
    assert channel.low < channel.high
    # a legend of fewer than ten or more than a million steps is a slip of the table
    assert 10 <= (channel.high - channel.low) / channel.resolution <= 1e9
    assert channel.title
    assert channel.description
    assert not channel.description.endswith(".")
    assert channel.colours in ("thermal", "sequential", "share")
    if channel.warning is not None and channel.limit is not None:
        assert (channel.warning > channel.limit) == channel.falling
    if channel.unit:
        parse_quantity(f"1 {channel.unit}", channel.unit)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: c.name)
def test_channel_is_plain_data(channel: Channel) -> None:
    row = channel.as_dict()
    assert row["level"] == channel.level
    assert json.loads(json.dumps(row)) == row


def test_derived_channels_follow_from_others(simulation: Simulation) -> None:
    rise = simulation.channel("rack.return_temperature") - simulation.channel(
        "rack.supply_temperature"
    )
    assert np.array_equal(simulation.channel("rack.coolant_rise"), rise)
    assert simulation.channel("site.pue") == pytest.approx(
        simulation.channel("site.power") / simulation.channel("site.it_power")
    )
    rows = simulation.channel("row.power").sum()
    assert rows == pytest.approx(simulation.channel("rack.power").sum(), rel=1e-12)
    assert rows == pytest.approx(simulation.channel("site.it_power").sum(), rel=1e-12)


def test_units_out_of_service_show_no_load(pilot: Factory) -> None:
    from twin.controls import Command

    simulation = pilot.simulation()
    path = simulation.plant.levels.path("panel", 0)
    simulation.advance(60.0)
    before = simulation.channel("panel.load").copy()
    simulation.apply(Command("inject", path, "trip"))
    simulation.advance(5.0)
    load = simulation.channel("panel.load")
    assert load[0] == 0.0
    # the others carry what it carried
    assert load[1:] == pytest.approx(before[1:] * 4 / 3, rel=0.01)
