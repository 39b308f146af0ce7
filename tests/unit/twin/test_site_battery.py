"""Site battery: threshold, contract, reserve, calls, ramp, ageing, units of unequal charge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_layout import changed, plant_of

from twin.plant import Plant
from twin.scenario import Scenario, TimedEvent
from twin.simulation import Simulation

PRODUCT = {
    "extends": "generic-battery-5mw-10mwh",
    "id": "pack",
    "energy": "100 kWh",
    "rated_power": "400 kW",
}


def battery(**keys: Any) -> Plant:
    bank = {"product": "pack", "count": 2, "peak_threshold": "1.0 MW", **keys}
    return plant_of(
        changed(("products", [PRODUCT]), ("sites.0.battery", bank), ("sites.0.generators", ...))
        if keys.pop("alone", False)
        else changed(("products", [PRODUCT]), ("sites.0.battery", bank))
    )


def at(time: float, path: str, **command: Any) -> TimedEvent:
    return TimedEvent.model_validate({"at": f"{time} s", "path": path, **command})


def simulation(plant: Plant, *events: TimedEvent) -> Simulation:
    return Simulation(plant, Scenario(settle="2 min", events=events))


def told(run: Simulation) -> list[str]:
    return [event.message for event in run.events if event.kind == "battery"]


def test_an_empty_unit_leaves_the_work_to_the_others() -> None:
    run = simulation(battery())
    charge, power = run.state.view.battery.charge, run.state.view.battery.power
    with run._rebooked():
        charge[0] = 0.05 * 3.6e8  # at its least charge
    before = charge.copy()
    run.advance(60.0)
    assert power[0] < 1.0 < power[1]
    assert charge[0] == pytest.approx(before[0], rel=1e-7)
    assert abs(run.energy_residual()) < 1e-9


def test_units_that_carry_the_bus_stay_within_their_power() -> None:
    run = simulation(battery(count=8), at(0, "/site", inject="utility-loss"))
    with run._rebooked():
        run.state.view.battery.charge[:3] = 0.05 * 3.6e8
    run.advance(2.0)
    assert run.state.view.site.source[0] == 3.0
    for _ in range(30):
        run.advance(1.0)
        assert (run.state.view.battery.power <= 4e5 * (1 + 1e-9)).all()
        assert (run.channel("battery.charge") >= 0.05 - 1e-9).all()


def test_the_reserve_stays_and_the_log_says_so() -> None:
    run = simulation(battery(reserve="60 %"), at(0, "/", set="shaving_threshold", value="0.8 MW"))
    run.advance(1800.0)
    assert run.channel("battery.charge") == pytest.approx(0.6, abs=1e-6)
    assert run.state.view.site.battery_power[0] < 1.0  # what ageing frees
    assert any("reserve (charge 60%)" in text for text in told(run))
    assert run.state.view.site.grid_power[0] > 0.8e6


def test_a_threshold_counts_at_the_connection_whatever_the_transformers_lose() -> None:
    run = simulation(battery())
    run.advance(60.0)
    assert run.state.view.site.grid_power[0] <= 1.0e6
    assert run.state.view.site.grid_power[0] == pytest.approx(1.0e6, rel=1e-5)


def test_without_a_threshold_charging_stays_below_the_contract() -> None:
    grid = ("sites.0.grid.contract_power", "1.5 MW")
    bank = {"product": "pack", "count": 4, "initial_charge": "20 %"}
    run = simulation(plant_of(changed(("products", [PRODUCT]), ("sites.0.battery", bank), grid)))
    run.advance(120.0)
    assert run.state.view.site.battery_power[0] < 0.0
    assert run.state.view.site.grid_power[0] <= 1.5e6


def test_no_charging_during_a_call_and_racks_give_only_the_rest() -> None:
    plant = battery(initial_charge="50 %")
    run = simulation(plant, at(30, "/", set="power_target", value="900 kW"))
    run.advance(300.0)
    load = run.state.view.site.facility_power[0]
    for _ in range(60):
        run.advance(1.0)
        assert run.state.view.site.battery_power[0] >= 0.0
        assert run.state.view.site.curtailment[0] == 0.0
        assert run.state.view.site.grid_power[0] <= 0.9e6
    assert load > 1.0e6


@pytest.mark.parametrize("holds", [False, True])
def test_ramp(holds: bool) -> None:
    grid = ("sites.0.grid.ramp_limit", "1 MW/min")
    bank = {
        "product": "pack", "count": 6, "charge_to": "80 %", "initial_charge": "80 %",
        "peak_threshold": "2 MW", "holds_ramp": holds,
    }  # fmt: skip
    plant = plant_of(changed(("products", [PRODUCT]), ("sites.0.battery", bank), grid))
    run = simulation(plant, at(20, "/", set="utilisation", value="0 %"))
    seen = []
    for _ in range(120):
        run.advance(1.0)
        seen.append(float(run.state.view.site.grid_power[0]))
    fastest = np.abs(np.diff(seen)).max()
    if holds:
        assert fastest < 1.02e6 / 60.0  # transformer losses are on top of the bus
        assert run.state.view.battery.charge[0] > 0.8 * 3.6e8
    else:
        assert fastest > 10e6 / 60.0
    assert abs(run.energy_residual()) < 1e-9


def test_age_takes_capacity_and_keeps_the_share() -> None:
    run = simulation(battery(initial_charge="50 %"), at(0, "/site", inject="end-of-life"))
    run.advance(1.0)
    assert run.channel("battery.charge")[0] == pytest.approx(0.5, abs=2e-3)
    assert run.state.view.battery.charge[0] == pytest.approx(0.4 * 3.6e8, rel=4e-3)
    assert abs(run.energy_residual()) < 1e-9


def test_cycles_and_years_use_life_up() -> None:
    run = simulation(battery(peak_threshold="0.9 MW"))
    start = run.state.view.battery.charge.sum()
    run.advance(600.0)
    fall = start - run.state.view.battery.charge.sum()
    used = run.state.view.battery.life_used
    assert used.sum() == pytest.approx(fall / (6000 * 3.6e8) + 2 * 600 / (131400 * 3600), rel=1e-6)
