"""Prices and carbon by the hour, and what shifting a run would save."""

from __future__ import annotations

from datetime import datetime

import pytest
from small_layout import changed, plant_of

from twin.power.bill import bill
from twin.power.hours import HourlyBill
from twin.scenario import Scenario, TimedEvent
from twin.simulation import Simulation

CHEAP, DEAR = "50 won/kWh", "200 won/kWh"
PRICES = [CHEAP] * 8 + [DEAR] * 12 + [CHEAP] * 4


def run(start: datetime, seconds: float, *events: TimedEvent, **grid: object) -> HourlyBill:
    keys = [(f"sites.0.grid.{key}", value) for key, value in grid.items()]
    scenario = Scenario(start=start, step="3 s", events=events)
    simulation = Simulation(plant_of(changed(*keys)), scenario)
    hourly = HourlyBill(simulation)
    hourly.take()
    while simulation.time < seconds:
        simulation.advance(60.0)
        hourly.take()
    return hourly


def test_each_hour_has_its_price() -> None:
    hourly = run(datetime(2026, 8, 3, 18, 30), 7200.0, price_by_hour=PRICES)
    rows = {row["hour"]: row for row in hourly.hours()}
    assert set(rows) == {18, 19, 20}
    for hour, price in ((18, 200.0), (19, 200.0), (20, 50.0)):
        assert rows[hour]["energy_cost"] == pytest.approx(
            price * rows[hour]["grid_energy_kwh"], rel=1e-9
        )
    assert sum(row["energy_cost"] for row in rows.values()) == pytest.approx(
        bill(hourly.simulation)["energy_cost"], rel=1e-12
    )


def test_shifting_says_what_the_cheapest_start_saves() -> None:
    hourly = run(datetime(2026, 8, 3, 18, 30), 7200.0, price_by_hour=PRICES)
    found = hourly.shift()
    assert set(found) == {"energy_cost"}
    cost = found["energy_cost"]
    energy = bill(hourly.simulation)["grid_energy_kwh"]
    assert cost["now"] == pytest.approx(bill(hourly.simulation)["energy_cost"], rel=1e-9)
    assert cost["best"] == pytest.approx(50.0 * energy, rel=1e-9)
    assert (cost["start"], cost["delay_h"]) == ("20:30", 2)
    # and that is what a run from then on costs, but for the cooling of that hour
    later = run(datetime(2026, 8, 3, 20, 30), 7200.0, price_by_hour=PRICES)
    assert bill(later.simulation)["energy_cost"] == pytest.approx(cost["best"], rel=0.02)


def test_a_command_holds_until_the_next_hour() -> None:
    event = TimedEvent.model_validate(
        {"at": "10 min", "path": "/", "set": "price", "value": "1 won/kWh"}
    )
    hourly = run(datetime(2026, 8, 3, 9, 0), 1800.0, event, price_by_hour=PRICES)
    price = hourly.simulation.state.view.site.price
    assert price[0] * 3.6e6 == pytest.approx(1.0)
    hourly.simulation.advance(1860.0)
    assert price[0] * 3.6e6 == pytest.approx(200.0)


def test_the_scenario_goes_before_the_layout_and_demand_has_its_price() -> None:
    plant = plant_of(
        changed(
            ("sites.0.grid.carbon_by_hour", ["0.4 kg/kWh"] * 24),
            ("sites.0.grid.demand_price", "8000 won/kW"),
        )
    )
    scenario = Scenario.model_validate({"tariff": {"carbon_by_hour": ["0.1 kg/kWh"] * 24}})
    simulation = Simulation(plant, scenario)
    simulation.advance(1000.0)
    figures = bill(simulation)
    assert figures["carbon_kg"] == pytest.approx(0.1 * figures["grid_energy_kwh"])
    assert figures["demand_cost_per_month"] == pytest.approx(
        8.0 * figures["peak_demand_w"], rel=1e-12
    )
    assert figures["peak_demand_w"] <= figures["peak_grid_power_w"]
