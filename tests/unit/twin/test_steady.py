"""Operating points found directly: they are those a march in time comes to, or there are none."""

from __future__ import annotations

import numpy as np
import pytest

import twin
from twin.controls import Command
from twin.errors import InputError, NumericalError
from twin.factory import Factory
from twin.scenario import Scenario
from twin.steady import OperatingPoint, solve, temperature_channels

AGREEMENT = 0.05  # K
TURNOVERS = 10.0  # of a plant's return side, after which its start is forgotten to 1e-4
WEATHER = {"kind": "constant", "dry_bulb": "31 degC", "wet_bulb": "25 degC"}
CDU = "/pilot/hall-a/row-01/cdu-1"


def worst_difference(point: OperatingPoint, simulation: object, hours: float) -> tuple[float, str]:
    """Largest difference of any temperature, and where."""
    worst, where = 0.0, ""
    plant = point.state.view.plant
    capacity = point.plant.constants.plant.return_heat_capacity
    turnovers = hours * 3600.0 * plant.inflow_rate / capacity
    for name in temperature_channels():
        difference = np.abs(point.channel(name) - simulation.channel(name))  # type: ignore[attr-defined]
        if name.startswith("plant."):
            difference = difference[turnovers > TURNOVERS]  # the others are still on their way
        if len(difference) and difference.max() > worst:
            worst, where = float(difference.max()), name
    return worst, where


@pytest.mark.parametrize(
    ("layout", "hours", "step"),
    [("pilot", 4.0, "1 s"), ("server-room", 4.0, "1 s"), ("hall", 2.0, "1 s"),
     ("frontier-like", 1.0, "3 s")],
)  # fmt: skip
def test_solved_and_marched_operating_points_agree(layout: str, hours: float, step: str) -> None:
    scenario = Scenario.model_validate({"start_state": "cold", "weather": WEATHER, "step": step})
    factory = twin.load(layout)
    point = factory.solve(scenario)
    simulation = factory.simulation(scenario)
    start, _ = worst_difference(point, simulation, hours)
    simulation.advance(hours * 3600.0)
    worst, where = worst_difference(point, simulation, hours)
    print(f"{layout}: {worst:.4f} K at {where} (tolerance {AGREEMENT} K), at the start {start:.1f}")
    assert start > 1.0  # it had a way to go
    assert worst < AGREEMENT
    assert point.kpis()["facility_power_w"] == pytest.approx(
        simulation.kpis()["facility_power_w"], rel=1e-3
    )


def test_a_run_that_begins_at_rest_stays_there(pilot: Factory) -> None:
    scenario = Scenario.model_validate({"weather": WEATHER})
    simulation = pilot.simulation(scenario)
    start = {name: np.array(simulation.channel(name)) for name in temperature_channels()}
    simulation.advance(1800.0)
    for name, values in start.items():
        assert np.abs(simulation.channel(name) - values).max(initial=0.0) < AGREEMENT, name


def test_energy_balances_at_the_operating_point(pilot: Factory) -> None:
    point = pilot.solve(weather={"dry_bulb": 31.0, "wet_bulb": 25.0})
    rejected = point.channel("plant.heat_rejected").sum()
    site = point.kpis()
    # what the site draws leaves through the coolers, except losses of electrical gear outdoors
    outside = site["facility_power_w"] - rejected
    assert 0.0 < outside < 0.12 * site["facility_power_w"]


def test_set_points_faults_and_weather_move_the_point(pilot: Factory) -> None:
    solver = pilot.solver()
    base = solver.solve(weather={"dry_bulb": 20.0, "wet_bulb": 15.0})
    warm = solver.solve([Command("set", CDU, "supply_setpoint", 44.0)])
    assert warm.channel("cdu.supply_temperature")[0] == pytest.approx(44.0, abs=0.01)
    assert (
        warm.channel("gpu.temperature")[0] - base.channel("gpu.temperature")[0]
        == pytest.approx(4.0, abs=0.5)
    )  # fmt: skip
    fouled = solver.solve([Command("inject", CDU, "fouling")])
    assert fouled.channel("cdu.valve")[0] > warm.channel("cdu.valve")[0]
    solver.reset()
    again = solver.solve(weather={"dry_bulb": 20.0, "wet_bulb": 15.0})
    assert again.channel("gpu.temperature")[0] == pytest.approx(
        base.channel("gpu.temperature")[0], abs=1e-3
    )
    hot = solver.solve(weather={"dry_bulb": 34.0})
    assert hot.kpis()["cooling_power_w"] > again.kpis()["cooling_power_w"]
    assert hot.state.view.site.wet_bulb_temperature[0] == 15.0


def test_wet_bulb_never_lies_above_the_dry_bulb(pilot: Factory) -> None:
    point = pilot.solve(weather={"dry_bulb": 10.0, "wet_bulb": 30.0})
    assert point.state.view.site.wet_bulb_temperature[0] == 10.0


def test_no_way_out_for_the_heat_names_the_element_and_keeps_the_solver_usable(
    pilot: Factory,
) -> None:
    solver = pilot.solver()
    with pytest.raises(NumericalError, match=r"/row-01/rack-01: heat has no way out"):
        solver.solve([Command("inject", CDU, "trip")])
    point = solver.solve([Command("clear", CDU, "trip")])
    assert point.kpis()["throttled_gpus"] == 0


def test_a_command_that_means_nothing_is_refused(pilot: Factory) -> None:
    with pytest.raises(InputError, match="unknown control"):
        pilot.solve(commands=[Command("set", CDU, "colour", 3.0)])
    with pytest.raises(InputError, match="not a number"):
        pilot.solve(weather={"dry_bulb": float("nan")})


def test_elements_are_told_by_path(pilot: Factory) -> None:
    point = solve(pilot.plant())
    cdus = point.elements("cdu")
    assert set(cdus) == set(point.plant.levels.paths("cdu"))
    assert cdus[CDU]["supply_temperature"] == point.channel("cdu.supply_temperature")[0]
