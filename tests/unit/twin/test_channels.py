"""The channel table agrees with the state, the units and itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from deep_cooling import deep, pilot_with

from twin.channels import BY_NAME, CHANNELS, Channel, channels_of
from twin.controls import Command
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
def test_channel_reads_one_value_per_element_to_which_it_applies(
    channel: Channel, simulation: Simulation
) -> None:
    values = channel.read(simulation.plant, simulation.state)
    assert values.shape == (simulation.plant.levels[channel.level].count,)
    assert values.dtype == np.float64
    applies = np.ones(values.shape, dtype=bool)
    if channel.applies is not None:
        applies = channel.applies(simulation.plant, simulation.state)
        assert applies.shape == values.shape
        assert applies.dtype == np.bool_
    assert np.array_equal(np.isfinite(values), applies)


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


def missing(simulation: Simulation, level: str, row: int = 0) -> set[str]:
    """Channels that have no value for an element, without their level."""
    return {
        channel.name.partition(".")[2]
        for channel in channels_of(level)
        if np.isnan(simulation.channel(channel.name)[row])
    }


def test_what_a_plant_does_not_have_has_no_value(simulation: Simulation) -> None:
    assert missing(simulation, "site") == {
        "battery_power", "battery_state", "solar_power", "power_cap", "capacitor_steps"
    }  # fmt: skip
    assert missing(simulation, "rack") == {"backup_power", "backup_charge", "door_heat"}
    assert missing(simulation, "row") == {
        "door_heat", "door_leaving_temperature", "door_valve", "door_power"
    }  # fmt: skip
    assert missing(simulation, "panel") == {"system"}
    assert missing(simulation, "gpu") == missing(simulation, "cdu") == set()
    warm = missing(simulation, "plant")
    assert {"chiller_power", "chillers_running", "economiser_mode", "tank_temperature"} <= warm
    full = pilot_with(deep).simulation()
    full.advance(60.0)
    assert not {"door_heat", "coolant_flow"} & missing(full, "rack")
    assert missing(full, "row") == set()
    assert "tank_temperature" not in missing(full, "plant", 0)
    assert not {"economiser_mode", "chillers_running"} & missing(full, "plant", 1)


def test_an_air_cooled_rack_has_no_coolant() -> None:
    simulation = Factory.load("server-room").simulation()
    simulation.advance(60.0)
    assert {"supply_temperature", "return_temperature", "coolant_rise", "coolant_flow",
            "liquid_heat"} <= missing(simulation, "rack")  # fmt: skip
    assert not {"air_inlet_temperature", "air_outlet_temperature", "air_heat", "temperature"} & (
        missing(simulation, "rack")
    )


def test_what_is_off_neither_runs_nor_is_throttled(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(60.0)
    rack = simulation.plant.levels.path("rack", 0)
    simulation.apply(Command("inject", rack, "breaker-open"))
    simulation.advance(5.0)
    assert {"throttled", "clock", "boot_left"} <= missing(simulation, "rack")
    assert missing(simulation, "gpu", 0) == missing(simulation, "gpu", 71)
    assert missing(simulation, "gpu", 0) == {"clock", "memory_clock"}
    assert missing(simulation, "gpu", 72) == set()
    assert simulation.channel("rack.gpus_off").tolist() == [72.0] + 7 * [0.0]
    # dies are still there, and warm
    assert "temperature" not in missing(simulation, "rack")


def test_a_unit_without_flow_has_no_approach(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.apply(Command("inject", simulation.plant.levels.path("cdu", 0), "trip"))
    simulation.advance(60.0)
    assert "approach" in missing(simulation, "cdu", 0)
    assert "coolant_rise" in missing(simulation, "rack", 0)
    assert "coolant_flow" not in missing(simulation, "rack", 0)
    assert simulation.channel("rack.coolant_flow")[0] == 0.0


def test_a_site_at_rest_has_no_pue_and_a_dead_connection_no_power_factor(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.apply(Command("inject", "/", "utility-loss"))
    for path in simulation.plant.levels.paths("rack"):
        simulation.apply(Command("inject", path, "breaker-open"))
    simulation.advance(3.0)
    assert {"pue", "power_factor"} <= missing(simulation, "site")
    assert np.isnan(simulation.kpis()["pue"])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("cdu.coolant_level", 1.0, ""),
        ("cdu.coolant_level", 0.5, "warning"),
        ("cdu.coolant_level", 0.01, "limit"),
        ("panel.voltage", 0.99, ""),
        ("panel.voltage", 0.0, "limit"),
        ("panel.load", 0.85, "warning"),
        ("rack.temperature", 92.0, "limit"),
        ("rack.temperature", float("nan"), ""),
        ("rack.power", 1e9, ""),
    ],
)
def test_marks_are_gone_beyond_on_their_own_side(name: str, value: float, expected: str) -> None:
    assert BY_NAME[name].beyond(value) == expected


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
