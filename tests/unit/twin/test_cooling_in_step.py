"""Staging, economiser, tank, stand-by pumps and doors within the coupled step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from deep_cooling import CHILLED, WARM, deep, load, pilot_with, weather

from physics.staging import LOCKED_OUT, ON
from twin.controls import Command
from twin.factory import Factory
from twin.simulation import Simulation


@pytest.fixture(scope="module")
def factory() -> Factory:
    return pilot_with(deep)


def small_chillers(data: dict[str, Any]) -> None:
    """Chillers so small that the load needs two of three."""
    data["products"].append({
        "extends": "mcquay-wsc-471", "id": "small-chiller", "title": "Small chiller",
        "description": "A fifth of the size.", "rated_capacity": "90 kW",
        "rated_condenser_flow": "5.5 L/s", "rated_evaporator_flow": "4 L/s",
    })  # fmt: skip
    data["sites"][0]["plants"][1]["chillers"] = {
        "product": "small-chiller", "count": 3, "rotation": "2 h",
    }  # fmt: skip


def run(factory: Factory, scenario: Any, seconds: float) -> Simulation:
    simulation = factory.simulation(scenario)
    simulation.advance(seconds)
    return simulation


def value(simulation: Simulation, channel: str, row: int = 0) -> float:
    return float(simulation.channel(channel)[row])


# --- chillers -------------------------------------------------------------------------------------


def test_chillers_are_staged_by_load_and_the_next_takes_over_from_one_that_fails() -> None:
    simulation = run(pilot_with(small_chillers), weather(28.0, 22.0), 60.0)
    assert value(simulation, "plant.chillers_running", 1) == 2.0
    assert simulation.channel("chiller.stage").tolist() == [ON, ON, 0.0]
    assert value(simulation, "chiller.load", 2) == 0.0
    simulation.apply(Command("inject", f"{CHILLED}/chiller-01", "trip"))
    simulation.advance(30.0)
    assert simulation.channel("chiller.stage")[0] == LOCKED_OUT
    assert value(simulation, "plant.chillers_running", 1) == 1.0  # the third is starting
    simulation.advance(600.0)
    assert simulation.channel("chiller.stage").tolist() == [LOCKED_OUT, ON, ON]
    simulation.advance(1800.0)
    assert value(simulation, "plant.supply_temperature", 1) == pytest.approx(16.0, abs=0.2)


def test_a_restart_delay_passes_before_a_chiller_runs_again() -> None:
    factory = pilot_with(small_chillers)
    simulation = run(factory, weather(28.0, 22.0), 60.0)
    unit = f"{CHILLED}/chiller-01"
    delay = float(simulation.plant.constants.plant.chiller_restart_delay[1])
    assert delay >= 60.0
    simulation.apply(Command("inject", unit, "trip"))
    simulation.advance(10.0)
    simulation.apply(Command("clear", unit, "trip"))
    simulation.advance(delay - 10.0)
    assert simulation.channel("chiller.stage")[0] == LOCKED_OUT
    assert value(simulation, "chiller.load", 0) == 0.0
    simulation.advance(60.0)
    assert simulation.channel("chiller.stage")[0] != LOCKED_OUT
    simulation.apply(Command("inject", f"{CHILLED}/chiller-02", "trip"))
    simulation.advance(600.0)
    assert simulation.channel("chiller.stage")[0] == ON
    assert value(simulation, "chiller.load", 0) > 0.0


def test_chillers_take_turns_at_leading() -> None:
    simulation = run(pilot_with(small_chillers), weather(28.0, 22.0), 60.0)
    hours = []
    for _ in range(12):
        simulation.advance(1800.0)
        hours.append(np.array(simulation.channel("chiller.run_time")))
    assert (hours[-1] > 3600.0).all()  # the one that stood by at first has led as well
    # never fewer than two while they hand over
    total = np.diff([h.sum() for h in hours])
    assert total.min() >= 2 * 1800.0 - 1.0


def test_a_chiller_stops_when_the_load_falls_and_not_before_its_minimum_time() -> None:
    simulation = run(pilot_with(small_chillers), weather(28.0, 22.0), 60.0)
    least = float(simulation.plant.constants.plant.chiller_minimum_on_time[1])
    assert least >= 300.0

    def work(share: float, seconds: float) -> None:
        simulation.apply(Command("set", "/pilot/hall-a", "utilisation", share))
        simulation.advance(seconds)

    work(0.0, 3 * 3600.0)
    assert value(simulation, "plant.chillers_running", 1) == 1.0
    work(1.0, 60.0)
    while value(simulation, "plant.chillers_running", 1) < 2.0:
        simulation.advance(1.0)
        assert simulation.time < 6 * 3600.0
    work(0.0, least - 60.0)
    assert value(simulation, "plant.chillers_running", 1) == 2.0
    simulation.advance(3600.0)
    assert value(simulation, "plant.chillers_running", 1) == 1.0


# --- economiser -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dry", "wet", "mode"), [(28.0, 22.0, 0.0), (14.0, 10.0, 1.0), (-2.0, -4.0, 2.0)]
)
def test_the_weather_decides_the_economisers_mode(
    factory: Factory, dry: float, wet: float, mode: float
) -> None:
    simulation = run(factory, weather(dry, wet), 3600.0)
    assert value(simulation, "plant.economiser_mode", 1) == mode
    heat = value(simulation, "plant.economiser_heat", 1)
    running = value(simulation, "plant.chillers_running", 1)
    assert (heat > 1e3) == (mode > 0.0)
    assert (running > 0.0) == (mode < 2.0)
    assert value(simulation, "plant.supply_temperature", 1) == pytest.approx(16.0, abs=0.6)


def test_an_economiser_saves_chiller_power_in_mild_weather(
    factory: Factory, pilot: Factory
) -> None:
    def only_economiser(data: dict[str, Any]) -> None:
        data["sites"][0]["plants"][1]["economiser"] = {"approach": "2 K"}

    scenario = weather(14.0, 10.0)
    without = run(pilot, scenario, 3600.0)
    with_it = run(pilot_with(only_economiser), scenario, 3600.0)
    assert value(with_it, "plant.chiller_power", 1) < 0.8 * value(without, "plant.chiller_power", 1)


@pytest.mark.parametrize(("dry", "wet", "mode"), [(14.0, 10.0, 0.0), (-2.0, -4.0, 2.0)])
def test_a_parallel_economiser_works_instead_of_the_chillers_only(
    dry: float, wet: float, mode: float
) -> None:
    def parallel(data: dict[str, Any]) -> None:
        deep(data)
        data["sites"][0]["plants"][1]["economiser"]["arrangement"] = "parallel"

    simulation = run(pilot_with(parallel), weather(dry, wet), 3600.0)
    assert value(simulation, "plant.economiser_mode", 1) == mode
    both = value(simulation, "plant.economiser_heat", 1) > 0.0
    assert both == (mode == 2.0)
    assert value(simulation, "plant.chillers_running", 1) == (0.0 if mode else 1.0)


def test_free_cooling_gives_way_to_chillers_as_it_gets_warm(factory: Factory) -> None:
    scenario = weather(-2.0, -4.0).model_copy(update={"start_state": "balance"})
    changes = [{"at": "1 h", "dry_bulb": "24 K", "wet_bulb": "22 K", "ramp": "3 h"}]
    data = scenario.model_dump()["weather"] | {
        "dry_bulb": "-2 degC", "wet_bulb": "-4 degC", "changes": changes,
    }  # fmt: skip
    scenario = type(scenario).model_validate({"weather": data})
    simulation = factory.simulation(scenario)
    modes, warmest = [], 0.0
    for _ in range(36):
        simulation.advance(600.0)
        modes.append(value(simulation, "plant.economiser_mode", 1))
        warmest = max(warmest, value(simulation, "plant.supply_temperature", 1))
    assert modes[0] == 2.0
    assert modes[-1] == 0.0
    assert sorted(modes, reverse=True) == modes  # never back and forth
    assert warmest < 19.0


# --- tank -----------------------------------------------------------------------------------------


def test_a_tank_is_layered_and_carries_the_loop_when_the_coolers_stop(factory: Factory) -> None:
    scenario = weather(30.0, 24.0)
    simulation = run(factory, scenario, 1800.0)
    bare = run(pilot_with(lambda data: None), scenario, 1800.0)
    for each in (simulation, bare):
        for number in range(1, 4):
            each.apply(Command("inject", f"{WARM}/cooler-{number:02d}", "trip"))
        each.advance(150.0)
    assert value(simulation, "plant.tank_top_temperature") > 40.0
    assert value(simulation, "plant.tank_bottom_temperature") < 37.0
    assert (
        value(simulation, "plant.tank_bottom_temperature")
        < value(simulation, "plant.tank_temperature")
        < value(simulation, "plant.tank_top_temperature")
    )
    assert value(simulation, "plant.supply_temperature") < 37.0
    assert value(bare, "plant.supply_temperature") > 41.0


# --- pumps ----------------------------------------------------------------------------------------


def test_a_stand_by_pump_takes_over(factory: Factory) -> None:
    simulation = run(factory, weather(28.0, 22.0), 60.0)
    assert simulation.channel("pump.stage")[:3].tolist() == [ON, ON, 0.0]
    flow = value(simulation, "plant.flow")
    simulation.apply(Command("inject", f"{WARM}/pump-01", "trip"))
    simulation.advance(30.0)
    assert simulation.channel("pump.stage")[:3].tolist() == [LOCKED_OUT, ON, ON]
    assert value(simulation, "pump.speed", 0) == 0.0
    assert value(simulation, "plant.flow") == pytest.approx(flow, rel=0.01)
    assert value(simulation, "rack.throttled") == 0.0


# --- the whole ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dry", "wet"), [(-15.0, -15.5), (5.0, 3.0), (18.0, 14.0), (36.0, 28.0)])
def test_energy_closes_and_the_solver_agrees_whatever_is_fitted(
    factory: Factory, dry: float, wet: float
) -> None:
    scenario = weather(dry, wet)
    simulation = run(factory, scenario, 2 * 3600.0)
    assert abs(simulation.energy_residual()) < 1e-9
    assert "no-balance" not in [event.kind for event in simulation.events]
    point = factory.solve(scenario)
    for name in ("gpu.temperature", "cdu.supply_temperature", "hall.air_supply_temperature"):
        assert np.abs(point.channel(name) - simulation.channel(name)).max() < 0.05, name


def test_part_load_is_followed_by_everything(factory: Factory) -> None:
    full = run(factory, weather(28.0, 22.0), 1200.0)
    half = run(factory, weather(28.0, 22.0, workload=load(0.4)), 1200.0)
    for name in ("plant.flow", "plant.chiller_power", "cdu.heat", "row.door_heat"):
        assert np.nansum(half.channel(name)) < np.nansum(full.channel(name)), name
