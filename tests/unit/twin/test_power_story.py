"""What a run tells about its supply: every event, a picture, energy, cost, carbon, lost tokens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_layout import changed, plant_of
from test_power_dynamics import at
from typer.testing import CliRunner

from twin.cli.commands import app
from twin.power.bill import bill
from twin.power.story import Story
from twin.scenario import Scenario
from twin.simulation import Simulation

PRICED = (
    ("sites.0.grid.price", "150 won/kWh"),
    ("sites.0.grid.carbon_intensity", "0.42 kg/kWh"),
    ("sites.0.generators", {"product": "generic-diesel-generator-3000", "count": 2}),
)


def test_the_bill_is_that_of_the_power_drawn() -> None:
    simulation = Simulation(plant_of(changed(*PRICED)), Scenario())
    energy = peak = 0.0
    for _ in range(120):
        simulation.advance(1.0)
        drawn = float(simulation.state.view.site.grid_power[0])
        energy += drawn / 3.6e6
        peak = max(peak, drawn)
    cost = bill(simulation)
    assert cost["grid_energy_kwh"] == pytest.approx(energy, rel=1e-9)
    assert cost["energy_cost"] == pytest.approx(150.0 * energy, rel=1e-9)
    assert cost["carbon_kg"] == pytest.approx(0.42 * energy, rel=1e-9)
    assert cost["peak_grid_power_w"] == pytest.approx(peak, rel=1e-9)
    assert cost["generator_energy_kwh"] == cost["lost_tokens"] == 0.0


def test_a_power_target_costs_tokens_and_saves_money() -> None:
    plant = plant_of(changed(*PRICED))
    bills = []
    for events in ((), (at(0, "/site", set="power_target", value="0.9 MW"),)):
        simulation = Simulation(plant, Scenario(events=events))
        simulation.advance(600.0)
        bills.append(bill(simulation))
    plain, capped = bills
    assert capped["lost_tokens"] > 0.02 * plain["tokens"] > plain["lost_tokens"]
    assert capped["tokens"] + capped["lost_tokens"] == pytest.approx(plain["tokens"], rel=0.01)
    assert capped["energy_cost"] < 0.95 * plain["energy_cost"]


def test_a_story_has_who_carried_the_load_when() -> None:
    simulation = Simulation(
        plant_of(changed(*PRICED)), Scenario(events=(at(5, "/site", inject="utility-loss"),))
    )
    story = Story(simulation)
    story.take()
    for _ in range(60):
        simulation.advance(1.0)
        story.take()
    grid, batteries, generators = (story.trace(n) for n in ("grid", "batteries", "generators"))
    assert grid[4] > 1e6 > 1.0 > grid[10]
    assert batteries[8] > 1e6
    assert generators[-1] > 1e6 > 1.0 > generators[8]
    assert np.ptp(story.trace("it")) < 0.02 * story.trace("it").mean()
    assert story.trace("lowest_charge")[-1] < 1.0


def test_run_tells_its_story(tmp_path: Path) -> None:
    picture = tmp_path / "story.png"
    arguments = ["run", "pilot", "--scenario", "utility-loss-30s", "--for", "2min", "--every", "5s",
                 "--plot", str(picture)]  # fmt: skip
    done = CliRunner().invoke(app, [*arguments, "--json", "--events"])
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    told = [event["message"] for event in answer["events"]]
    order = ("no voltage from the grid", "start signal", "bus on generators",
             "facility pumps start", "grid within its window again")  # fmt: skip
    places = [next(k for k, text in enumerate(told) if words in text) for words in order]
    assert places == sorted(places)
    assert all(event["path"].startswith("/pilot") for event in answer["events"])
    assert answer["generator_energy_kwh"] > 10.0
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = CliRunner().invoke(app, [*arguments[:6], "--events"])
    assert "incomer open, bus without supply" in shown.stdout
    assert "Energy cost" in shown.stdout
