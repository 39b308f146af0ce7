"""Operating points found directly: they are those a march in time comes to, or there are none."""

from __future__ import annotations

import numpy as np
import pytest

import twin
from twin.controls import Command
from twin.errors import InputError, NumericalError
from twin.factory import Factory
from twin.scenario import Scenario
from twin.steady import OperatingPoint, Solver, solve, temperature_channels

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
        np.testing.assert_allclose(
            simulation.channel(name), values, rtol=0.0, atol=AGREEMENT, err_msg=name
        )


def test_energy_balances_at_the_operating_point(pilot: Factory) -> None:
    point = pilot.solve(weather={"dry_bulb": 31.0, "wet_bulb": 25.0})
    # what the site draws leaves it as heat: by the coolers, and from electrical gear outdoors
    drawn = point.kpis()["facility_power_w"]
    assert point.state.view.site.heat_rejected.sum() == pytest.approx(drawn, rel=1e-9)
    assert 0.88 * drawn < point.channel("plant.heat_rejected").sum() < drawn


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


def test_a_dry_and_wet_bulb_that_no_air_has_are_refused_and_change_nothing(pilot: Factory) -> None:
    solver = pilot.solver()
    before = solver.state.snapshot()
    for weather in ({"dry_bulb": 10.0, "wet_bulb": 30.0}, {"dry_bulb": 40.0, "wet_bulb": 5.0}):
        with pytest.raises(InputError, match="/pilot: an impossible pair of dry and wet bulb"):
            solver.solve(weather=weather)
    with pytest.raises(InputError, match="an impossible dry bulb"):
        solver.solve(weather={"dry_bulb": 80.0, "wet_bulb": 30.0})
    assert np.array_equal(solver.state.snapshot(), before)


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
    with pytest.raises(
        InputError, match=r"(?s)unknown weather.*drybulb.*allowed: dry_bulb or wet_bulb"
    ):
        pilot.solve(weather={"drybulb": 20.0})


def test_rooms_follow_a_command_without_a_change_of_the_weather(pilot: Factory) -> None:
    solver = pilot.solver()
    dried = solver.solve(weather={"dry_bulb": 31.0, "wet_bulb": 28.0})
    damp = solver.solve([Command("inject", "/pilot/hall-a", "dehumidifier-failure")])
    assert dried.channel("hall.dew_point")[0] == pytest.approx(15.0, abs=0.01)
    assert damp.channel("hall.dew_point")[0] > 25.0


# --- power supply and leaks -----------------------------------------------------------------------


def everywhere(factory: Factory, kind: str, faults: tuple[tuple[str, str], ...]) -> list[Command]:
    levels = factory.plant().levels
    return [Command(kind, path, fault) for level, fault in faults for path in levels.paths(level)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layout", "faults", "told"),
    [
        ("server-room", (("site", "utility-loss"),), "/lab/room: its UPS lives on its batteries"),
        ("server-room", (("site", "utility-loss"), ("ups", "battery-failure")),
         "/lab: it has no source of power"),
        ("pilot", (("plant_transformer", "trip"),), "/pilot/warm: its pumps have no supply"),
        ("pilot", (("hall_transformer", "trip"),), "/pilot/hall-a: its UPS lives on its batteries"),
        ("pilot", (("site", "utility-loss"), ("generator", "generator-failure")),
         "/pilot/hall-a: its UPS lives on its batteries"),
        ("pilot", (("plant", "burst"),), "/pilot/warm: its pumps have stopped for want of water"),
        ("pilot", (("cdu", "leak"),),
         "/pilot/hall-a/row-01/cdu-1: its pumps have stopped for want of coolant"),
    ],
)  # fmt: skip
def test_without_lasting_supply_there_is_no_operating_point(
    layout: str, faults: tuple[tuple[str, str], ...], told: str
) -> None:
    factory = twin.load(layout)
    solver = factory.solver()
    healthy = solver.solve().kpis()
    with pytest.raises(NumericalError, match=f"^{told}, so there is no state of rest"):
        solver.solve(everywhere(factory, "inject", faults))
    again = solver.solve(everywhere(factory, "clear", faults)).kpis()
    assert again["facility_power_w"] == pytest.approx(healthy["facility_power_w"], rel=1e-6)


@pytest.mark.parametrize(
    ("layout", "fault"), [("pilot", ("site", "utility-loss")), ("server-room", ("panel", "trip"))]
)
def test_supply_that_lasts_is_the_one_a_march_comes_to(layout: str, fault: tuple[str, str]) -> None:
    factory = twin.load(layout)
    scenario = Scenario.model_validate({"weather": WEATHER})
    point = factory.solve(scenario, commands=everywhere(factory, "inject", (fault,)))
    simulation = factory.simulation(scenario)
    for command in everywhere(factory, "inject", (fault,)):
        simulation.apply(command)
    simulation.advance(2 * 3600.0)
    marched = simulation.kpis()
    for name in ("it_power_w", "facility_power_w"):
        assert point.kpis()[name] == pytest.approx(marched[name], rel=1e-3), name
    for name in ("hall.crahs_fed", "hall.cdus_fed", "plant.pumps_fed", "site.source", "row.fed"):
        assert (point.state.field(name) == simulation.state.field(name)).all(), name
    if layout == "pilot":
        assert point.channel("site.grid_power")[0] == 0.0
        worst, where = worst_difference(point, simulation, 2.0)
        assert worst < AGREEMENT, where
    else:
        assert point.kpis()["it_power_w"] == 0.0


def test_fans_without_supply_stand_still(pilot: Factory) -> None:
    from physics.factory.arrays import blocks_of
    from physics.factory.steady import Balance, settle

    plant = pilot.plant()

    def without_fans(p: int, dry: float) -> tuple[Solver, Balance]:
        solver = pilot.solver()
        solver.solve(weather={"dry_bulb": dry, "wet_bulb": dry - 6.0})
        assert solver.state.view.plant.fan_speed[p] > 0.02
        solver.state.view.plant.fans_fed[p] = 0.0
        return solver, settle(blocks_of(plant.constants), solver.state.blocks)

    solver, cool = without_fans(0, 5.0)
    assert cool.converged  # the wind alone does it, at a higher temperature
    assert solver.state.view.plant.fan_speed[0] == 0.0
    assert solver.state.view.plant.supply_temperature[0] > 40.0
    _, hot = without_fans(1, 31.0)
    assert not hot.converged
    assert (hot.level, hot.element, hot.reason) == ("plant", 1, "its fans have no supply")


def test_pumps_without_water_do_not_run_at_rest(pilot: Factory) -> None:
    from physics.factory.arrays import blocks_of
    from physics.factory.steady import settle

    solver = pilot.solver()
    solver.solve()
    plant = solver.state.view.plant
    assert plant.pumps_running[0] > 0.0
    plant.leak_area[0] = 1e-2
    settle(blocks_of(solver.plant.constants), solver.state.blocks)
    assert plant.low_level_trip[0] == 1.0
    assert plant.pumps_running[0] == 0.0
    assert plant.pump_power[0] == 0.0


def test_a_leak_that_make_up_outweighs_changes_nothing(pilot: Factory) -> None:
    solver = pilot.solver()
    healthy = solver.solve().kpis()
    point = solver.solve([Command("inject", "/pilot/warm", "leak")])
    assert point.channel("plant.leak_flow")[0] > 1e-4
    assert point.channel("plant.coolant_level")[0] == 1.0
    assert point.kpis()["facility_power_w"] == pytest.approx(healthy["facility_power_w"])


AT_REST_ONLY_IN_TIME = (
    "priority", "battery_health", "charge", "dip_voltage", "dip_duration", "power_target", "price",
    "carbon_intensity", "temperature_noise", "temperature_delay", "pressure_noise",
    "pressure_delay",
)  # fmt: skip


@pytest.mark.parametrize("key", AT_REST_ONLY_IN_TIME)
def test_what_a_state_of_rest_does_not_follow_is_refused_by_name(pilot: Factory, key: str) -> None:
    solver = pilot.solver()
    path = CDU if "_noise" in key or "_delay" in key else "/"
    with pytest.raises(InputError, match=f"a state of rest does not follow '{key}'"):
        solver.solve([Command("set", path, key, 1.0)])


def test_a_valve_is_stuck_where_it_stood_at_rest(pilot: Factory) -> None:
    healthy = pilot.solve()
    stuck = pilot.solve(commands=[Command("inject", CDU, "valve-stuck")])
    for channel in ("cdu.valve", "cdu.supply_temperature", "gpu.temperature", "site.power"):
        np.testing.assert_allclose(stuck.channel(channel), healthy.channel(channel), rtol=1e-3)


def test_faults_that_pass_have_no_state_of_rest(pilot: Factory) -> None:
    for fault, path in (("utility-dip", "/pilot"), ("battery-ageing", "/pilot/hall-a/ups-01")):
        with pytest.raises(InputError, match=f"a state of rest does not follow '{fault}'"):
            pilot.solve(commands=[Command("inject", path, fault)])


def test_elements_are_told_by_path(pilot: Factory) -> None:
    point = solve(pilot.plant())
    cdus = point.elements("cdu")
    assert set(cdus) == set(point.plant.levels.paths("cdu"))
    assert cdus[CDU]["supply_temperature"] == point.channel("cdu.supply_temperature")[0]
