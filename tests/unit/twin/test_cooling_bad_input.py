"""What cannot work is borne physically or told with the element's path; nothing is ever NaN."""

from __future__ import annotations

import math

import pytest
from applicable import check_channels
from deep_cooling import CDU, CHILLED, ROW, WARM, deep, pilot_with, weather
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.factory.arrays import Floats
from physics.factory.chillers import LEAST_LOAD
from twin.controls import CONTROLS, FAULTS, Command
from twin.errors import InputError, NumericalError
from twin.factory import Factory
from twin.simulation import Simulation

ANY_FAULT = [f for f in FAULTS if f.level in ("site", "cdu", "row", "hall", "crah", "plant", "ups",
                                              "hall_transformer", "cooler", "pump", "chiller",
                                              "rack")]  # fmt: skip
SET_POINTS = [c for c in CONTROLS if c.key.endswith("setpoint") or c.key == "coolant_level"]


@pytest.fixture(scope="module")
def factory() -> Factory:
    return pilot_with(deep)


def sound(simulation: Simulation) -> None:
    """All channels show numbers where they apply, and energy is accounted for."""
    check_channels(simulation)
    assert abs(simulation.energy_residual()) < 1e-6


def kinds(simulation: Simulation, path: str) -> list[str]:
    return [event.kind for event in simulation.events if event.path == path]


def test_a_loop_with_all_branches_shut_stands_still_and_its_racks_protect_themselves(
    factory: Factory,
) -> None:
    simulation = factory.simulation(weather(25.0, 20.0))
    for number in range(1, 5):
        simulation.apply(Command("inject", f"{ROW}/rack-{number:02d}", "isolation"))
    simulation.advance(900.0)
    assert simulation.channel("cdu.secondary_flow")[0] == 0.0
    assert simulation.channel("cdu.pump_speed")[0] == 0.0
    assert simulation.channel("gpu.temperature").max() < 105.0
    assert simulation.state.view.rack.gpus_off[:4].tolist() == [72.0] * 4
    assert "throttling" in kinds(simulation, f"{ROW}/rack-01")
    sound(simulation)
    for number in range(1, 5):
        simulation.apply(Command("clear", f"{ROW}/rack-{number:02d}", "isolation"))
    simulation.advance(900.0)
    assert simulation.channel("cdu.supply_temperature")[0] == pytest.approx(40.0, abs=0.5)
    sound(simulation)


def test_no_consumer_open_no_facility_flow(factory: Factory) -> None:
    simulation = factory.simulation(weather(25.0, 20.0))
    for number in (1, 2):
        simulation.apply(Command("inject", f"{ROW}/cdu-{number}", "primary-loss"))
    simulation.advance(300.0)
    assert simulation.channel("plant.flow")[0] == 0.0
    assert simulation.channel("plant.pump_power")[0] == 0.0
    sound(simulation)


def test_everything_lost_at_once(factory: Factory) -> None:
    simulation = factory.simulation(weather(36.0, 28.0))
    levels = simulation.plant.levels
    for level, fault in (("pump", "trip"), ("cooler", "trip"), ("chiller", "trip"),
                         ("crah", "trip"), ("cdu", "trip"), ("plant", "burst")):  # fmt: skip
        for path in levels.paths(level):
            simulation.apply(Command("inject", path, fault))
    simulation.advance(1800.0)
    assert simulation.channel("gpu.temperature").max() < 110.0
    sound(simulation)


@pytest.mark.parametrize(
    ("path", "key", "value", "where"),
    [
        (CDU, "supply_setpoint", 18.0, CDU),
        (WARM, "supply_setpoint", 8.0, WARM),
        (CHILLED, "supply_setpoint", 5.0, None),
        ("/pilot/hall-a", "air_setpoint", 15.0, None),
    ],
)
def test_set_points_out_of_reach_are_missed_and_told(
    factory: Factory, path: str, key: str, value: float, where: str | None
) -> None:
    simulation = factory.simulation(weather(34.0, 27.0))
    simulation.apply(Command("set", path, key, value))
    simulation.advance(3600.0)
    sound(simulation)
    if where is not None:
        assert "supply-too-warm" in kinds(simulation, where)
        told = next(e for e in simulation.events if e.kind == "supply-too-warm")
        assert f"set point {value:.1f} degC" in told.message
    if path == CDU:
        assert simulation.channel("cdu.valve")[0] == 1.0
    if path == WARM:
        assert simulation.channel("cooler.fan_speed")[0] == 1.0


def test_hot_coolant_throttles_and_stops_but_does_not_run_away(factory: Factory) -> None:
    simulation = factory.simulation(weather(34.0, 27.0))
    simulation.apply(Command("set", ROW, "supply_setpoint", 60.0))
    simulation.advance(3600.0)
    assert simulation.channel("rack.throttled").min() > 0.0
    assert simulation.channel("gpu.temperature").max() < 100.0
    sound(simulation)


@pytest.mark.parametrize(("dry", "wet"), [(-40.0, -40.0), (-5.0, -6.0), (0.0, 0.0), (50.0, 20.0)])
def test_the_coldest_and_hottest_weather(factory: Factory, dry: float, wet: float) -> None:
    simulation = factory.simulation(weather(dry, wet))
    simulation.advance(3600.0)
    sound(simulation)
    for p, path in enumerate((WARM, CHILLED)):
        cold = simulation.channel("plant.cooler_temperature")[p]
        assert ("freezing-risk" in kinds(simulation, path)) == (cold < -8.0)


class Failing:
    """Weather that is not a number between two times."""

    def __init__(self, begin: float, end: float):
        self.begin, self.end = begin, end

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        lost = self.begin <= time < self.end
        dry_bulb[:] = math.nan if lost else 20.0 + time / 600.0
        wet_bulb[:] = 15.0
        pressure[:] = 101_325.0


def test_weather_that_is_missing_is_bridged_by_the_last_and_told_once(pilot: Factory) -> None:
    simulation = Simulation(pilot.plant(), weather=Failing(300.0, 900.0))
    simulation.advance(800.0)
    assert simulation.channel("site.dry_bulb_temperature")[0] == pytest.approx(20.4)
    sound(simulation)
    simulation.advance(400.0)
    assert simulation.channel("site.dry_bulb_temperature")[0] > 21.5
    assert kinds(simulation, "/pilot") == ["weather-missing"]


def test_no_weather_at_the_start_is_refused(pilot: Factory) -> None:
    with pytest.raises(InputError, match="/pilot: weather at the start is not a number"):
        Simulation(pilot.plant(), weather=Failing(-1.0, 900.0))


@settings(max_examples=25)
@given(data=st.data())
def test_whatever_fails_and_whatever_is_set_nothing_is_nan(
    factory: Factory, data: st.DataObject
) -> None:
    dry = data.draw(st.floats(-30.0, 45.0))
    # frozen air holds so little water that its wet bulb is hardly lower
    simulation = factory.simulation(weather(dry, dry - data.draw(st.floats(0.0, 0.4))))
    levels = simulation.plant.levels
    for _ in range(data.draw(st.integers(1, 5))):
        if data.draw(st.booleans()):
            fault = data.draw(st.sampled_from([f for f in ANY_FAULT if levels[f.level].count]))
            row = data.draw(st.integers(0, levels[fault.level].count - 1))
            command = Command("inject", levels.path(fault.level, row), fault.name)
        else:
            control = data.draw(st.sampled_from(SET_POINTS))
            row = data.draw(st.integers(0, levels[control.level].count - 1))
            value = data.draw(st.floats(control.low, control.high))
            command = Command("set", levels.path(control.level, row), control.key, value)
        simulation.apply(command)
        simulation.advance(data.draw(st.sampled_from([1.0, 60.0, 600.0])))
    simulation.advance(600.0)
    sound(simulation)


@settings(max_examples=25)
@given(data=st.data())
def test_the_solver_finds_rest_or_names_an_element(factory: Factory, data: st.DataObject) -> None:
    solver = factory.solver()
    levels = solver.plant.levels
    commands = []
    for _ in range(data.draw(st.integers(0, 3))):
        fault = data.draw(st.sampled_from([f for f in ANY_FAULT if levels[f.level].count]))
        row = data.draw(st.integers(0, levels[fault.level].count - 1))
        commands.append(Command("inject", levels.path(fault.level, row), fault.name))
    dry = data.draw(st.floats(-30.0, 45.0))
    outdoors = {"dry_bulb": dry, "wet_bulb": dry - 0.4}
    try:
        point = solver.solve(commands, outdoors)
    except InputError as error:  # what passes by itself, such as a dip of the grid
        if not error.message.startswith("a state of rest does not follow"):
            raise
        point = solver.solve((), outdoors)
    except NumericalError as error:
        path, _, why = str(error).partition(": ")
        if not path.startswith("temperatures still move"):
            levels.find(path)
            assert why.endswith(", so there is no state of rest")
        # refused, and left as usable as before
        solver.reset()
        point = solver.solve()
    check_channels(point)
    site = point.state.view.site
    # all power leaves as heat, but for chillers that come and go on what is too little for one
    least = LEAST_LOAD * solver.plant.constants.plant.chiller_capacity.max()
    assert site.heat_rejected[0] == pytest.approx(site.facility_power[0], rel=1e-3, abs=least)
