"""Every fault of the cooling has the consequence that an engineer expects, and an alarm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from deep_cooling import CDU, CHILLED, ROW, WARM, deep, pilot_with, weather

from physics.staging import LOCKED_OUT
from twin.alarms import ALARMS, boiling_point, hottest_plate
from twin.controls import Command
from twin.factory import Factory
from twin.scenario import Scenario
from twin.simulation import Simulation


def start(factory: Factory, scenario: Scenario | None = None) -> Simulation:
    simulation = factory.simulation(scenario or weather(20.0, 15.0))
    simulation.advance(60.0)
    return simulation


def inject(simulation: Simulation, path: str, fault: str, seconds: float = 0.0) -> None:
    simulation.apply(Command("inject", path, fault))
    if seconds:
        simulation.advance(seconds)


def clear(simulation: Simulation, path: str, fault: str, seconds: float) -> None:
    simulation.apply(Command("clear", path, fault))
    simulation.advance(seconds)


def kinds(simulation: Simulation, path: str) -> list[str]:
    return [event.kind for event in simulation.events if event.path == path]


def value(simulation: Simulation, channel: str, row: int = 0) -> float:
    return float(simulation.channel(channel)[row])


# --- leaks ----------------------------------------------------------------------------------------


def test_a_weeping_hose_empties_the_vessel_at_the_rate_of_its_hole(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, CDU, "leak", 60.0)
    flow = value(simulation, "cdu.leak_flow")
    # Torricelli under vessel and half the pumps' pressure, 0.62 of the hole
    c, s = simulation.plant.constants.cdu, simulation.state.view.cdu
    pressure = c.fill_pressure[0] * s.coolant_level[0] + 0.5 * s.head_pressure[0]
    torricelli = 0.62 * 2e-6 * math.sqrt(2.0 * pressure / c.secondary_density[0])
    assert flow == pytest.approx(torricelli, rel=0.01)
    lost = (1.0 - s.coolant_level[0]) * c.reserve_volume[0]
    assert lost == pytest.approx(60.0 * flow, rel=0.02)
    assert "leak-detected" in kinds(simulation, CDU)
    assert value(simulation, "cdu.leak_flow", 1) == 0.0
    assert value(simulation, "rack.throttled") == 0.0  # nothing is felt while the vessel lasts


def test_a_burst_hose_stops_the_pumps_and_the_racks_and_is_healed(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, CDU, "burst", 180.0)
    assert value(simulation, "cdu.low_level_trip") == 1.0
    assert value(simulation, "cdu.pump_speed") == 0.0
    assert value(simulation, "cdu.secondary_flow") == 0.0
    assert kinds(simulation, CDU)[:3] == ["inject", "leak-detected", "low-level"]
    assert value(simulation, "rack.gpus_off") == 72.0
    assert math.isnan(value(simulation, "rack.throttled"))  # none runs that could be slow
    assert value(simulation, "rack.throttled", 7) == value(simulation, "rack.gpus_off", 7) == 0.0
    clear(simulation, CDU, "burst", 3600.0)
    assert value(simulation, "cdu.coolant_level") == 1.0
    assert value(simulation, "cdu.secondary_flow") > 0.0
    assert {"leak-detected-over", "low-level-over"} <= set(kinds(simulation, CDU))


def test_make_up_keeps_up_with_a_weeping_flange_but_not_with_a_burst(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, WARM, "leak", 1800.0)
    assert value(simulation, "plant.leak_flow") > 1e-4
    assert value(simulation, "plant.coolant_level") == 1.0
    clear(simulation, WARM, "leak", 60.0)
    inject(simulation, WARM, "burst", 600.0)
    assert value(simulation, "plant.low_level_trip") == 1.0
    assert value(simulation, "plant.flow") == 0.0
    assert "low-level" in kinds(simulation, WARM)
    assert value(simulation, "cdu.supply_temperature") > 42.0


def test_a_leak_that_is_mended_at_a_full_vessel_is_over(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, WARM, "leak", 600.0)
    assert value(simulation, "plant.coolant_level") == 1.0
    assert value(simulation, "plant.leak_flow") > 0.0
    clear(simulation, WARM, "leak", 1.0)
    assert value(simulation, "plant.leak_flow") == 0.0
    inject(simulation, CDU, "leak", 60.0)
    assert value(simulation, "cdu.leak_flow") > 0.0
    simulation.apply(Command("clear", CDU, "leak"))
    simulation.apply(Command("set", CDU, "coolant_level", 1.0))
    simulation.advance(1.0)
    assert value(simulation, "cdu.leak_flow") == 0.0


def test_pumps_that_the_low_level_stops_do_not_count_as_running(pilot: Factory) -> None:
    simulation = start(pilot)
    running = value(simulation, "plant.pumps_running")
    assert running > 0.0
    inject(simulation, WARM, "burst", 600.0)
    assert value(simulation, "plant.low_level_trip") == 1.0
    assert value(simulation, "plant.pumps_running") == 0.0
    assert value(simulation, "pump.stage") == LOCKED_OUT
    clear(simulation, WARM, "burst", 7200.0)
    assert value(simulation, "plant.low_level_trip") == 0.0
    assert value(simulation, "plant.pumps_running") == running


# --- sensors --------------------------------------------------------------------------------------


def test_a_drifting_supply_sensor_is_followed_by_the_temperature(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, CDU, "temperature-sensor-drift", 900.0)
    assert value(simulation, "cdu.temperature_reading") == pytest.approx(40.0, abs=0.1)
    assert value(simulation, "cdu.supply_temperature") == pytest.approx(37.0, abs=0.1)
    clear(simulation, CDU, "temperature-sensor-drift", 900.0)
    assert value(simulation, "cdu.supply_temperature") == pytest.approx(40.0, abs=0.1)


def test_a_sensor_that_reads_cold_shuts_the_valve_and_racks_throttle(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, CDU, "temperature-sensor-low", 900.0)
    assert value(simulation, "cdu.valve") < 0.05
    assert value(simulation, "cdu.supply_temperature") > 50.0
    assert value(simulation, "rack.throttled") > 0.0
    assert "sensor-lost" in kinds(simulation, CDU)
    clear(simulation, CDU, "temperature-sensor-low", 900.0)
    assert "sensor-lost-over" in kinds(simulation, CDU)
    assert value(simulation, "cdu.supply_temperature") == pytest.approx(40.0, abs=0.2)


def test_a_sensor_that_reads_hot_opens_the_valve_all_the_way(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, CDU, "temperature-sensor-high", 900.0)
    assert value(simulation, "cdu.valve") == 1.0
    assert value(simulation, "cdu.supply_temperature") < 39.0
    assert value(simulation, "rack.throttled") == 0.0


def test_a_stuck_sensor_lets_the_temperature_drift_with_the_load(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, CDU, "temperature-sensor-stuck")
    reading = value(simulation, "cdu.temperature_reading")
    simulation.apply(Command("set", WARM, "supply_setpoint", 39.0))
    simulation.advance(900.0)
    assert value(simulation, "cdu.temperature_reading") == reading
    assert value(simulation, "cdu.supply_temperature") > 41.5
    assert value(simulation, "cdu.supply_temperature", 1) == pytest.approx(40.0, abs=0.3)


def test_noise_moves_the_valve_and_hardly_the_temperature(pilot: Factory) -> None:
    simulation = start(pilot)
    simulation.apply(Command("set", CDU, "temperature_noise", 0.2))
    valves, temperatures, readings = [], [], []
    for _ in range(300):
        simulation.advance(1.0)
        valves.append(value(simulation, "cdu.valve"))
        temperatures.append(value(simulation, "cdu.supply_temperature"))
        readings.append(value(simulation, "cdu.temperature_reading"))
    assert 0.15 < float(np.std(readings)) < 0.3
    assert float(np.std(valves)) > 1e-4
    assert float(np.mean(temperatures)) == pytest.approx(40.0, abs=0.1)


def test_a_late_reading_is_the_value_of_then(pilot: Factory) -> None:
    simulation = start(pilot)
    simulation.apply(Command("set", CDU, "temperature_delay", 14.0))
    simulation.apply(Command("set", CDU, "supply_setpoint", 42.0))
    true, read = [], []
    for _ in range(60):
        simulation.advance(1.0)
        true.append(simulation.state.view.cdu.measured_temperature[0])
        read.append(value(simulation, "cdu.temperature_reading"))
    # read before the coolant moves in a step, so one step less
    late = [float(np.abs(np.array(read[30:]) - np.array(true[30 - k : 60 - k])).max())
            for k in range(8, 20)]  # fmt: skip
    assert 8 + int(np.argmin(late)) in (14, 15, 16)


def test_a_drifting_pressure_sensor_costs_flow(pilot: Factory) -> None:
    simulation = start(pilot)
    before = value(simulation, "cdu.differential_pressure")
    inject(simulation, CDU, "pressure-sensor-drift", 300.0)
    assert value(simulation, "cdu.differential_pressure") == pytest.approx(before - 20e3, rel=0.02)
    assert value(simulation, "cdu.secondary_flow") < value(simulation, "cdu.secondary_flow", 1)


@pytest.mark.parametrize(("fault", "speed"), [("low", 1.0), ("high", 0.2)])
def test_a_lost_pressure_sensor_drives_the_pumps_to_an_end(
    pilot: Factory, fault: str, speed: float
) -> None:
    simulation = start(pilot)
    inject(simulation, CDU, f"pressure-sensor-{fault}", 300.0)
    assert value(simulation, "cdu.pump_speed") == pytest.approx(speed)


def test_a_stuck_pressure_sensor_does_not_see_branches_close(pilot: Factory) -> None:
    simulation = start(pilot)
    inject(simulation, CDU, "pressure-sensor-stuck")
    simulation.apply(Command("inject", f"{ROW}/rack-04", "isolation"))
    simulation.advance(120.0)
    right = value(simulation, "cdu.differential_pressure", 1)
    assert value(simulation, "cdu.differential_pressure") > 1.05 * right


def test_the_plant_follows_its_drifting_sensor(pilot: Factory) -> None:
    simulation = start(pilot, weather(28.0, 22.0))
    inject(simulation, WARM, "temperature-sensor-drift", 3600.0)
    assert value(simulation, "plant.supply_temperature") == pytest.approx(33.0, abs=0.3)


def test_a_plant_sensor_that_reads_cold_stops_the_fans(pilot: Factory) -> None:
    simulation = start(pilot, weather(34.0, 27.0))
    inject(simulation, WARM, "temperature-sensor-low", 900.0)
    assert value(simulation, "cooler.fan_speed") == 0.0
    assert value(simulation, "plant.supply_temperature") > 40.0
    assert "sensor-lost" in kinds(simulation, WARM)
    simulation.apply(Command("clear", WARM, "temperature-sensor-low"))
    inject(simulation, WARM, "temperature-sensor-high", 300.0)
    assert value(simulation, "cooler.fan_speed") == 1.0


def test_a_stuck_plant_sensor_holds_the_fans_going_one_way(pilot: Factory) -> None:
    simulation = start(pilot, weather(28.0, 22.0))
    inject(simulation, WARM, "temperature-sensor-stuck")
    simulation.apply(Command("set", WARM, "supply_setpoint", 38.0))
    simulation.advance(1800.0)
    assert value(simulation, "cooler.fan_speed") == 0.0  # it reads 36 for ever


# --- doors, humidity, fire ------------------------------------------------------------------------


def test_rear_doors_that_trip_leave_the_heat_to_the_air_handlers() -> None:
    simulation = start(pilot_with(deep), weather(28.0, 22.0))
    simulation.advance(1800.0)
    doors, coils = value(simulation, "row.door_heat"), value(simulation, "hall.crah_heat")
    assert doors > 20e3
    assert value(simulation, "rack.door_heat") == pytest.approx(doors / 8, rel=0.2)
    inject(simulation, ROW, "rear-door-trip", 1800.0)
    assert value(simulation, "row.door_power") == 0.0
    assert value(simulation, "row.door_heat") < 1.0
    assert value(simulation, "hall.crah_heat") > coils + 0.8 * doors
    assert value(simulation, "row.hot_aisle_temperature") > 30.0


def test_damp_air_raises_the_coolant_above_its_dew_point(pilot: Factory) -> None:
    scenario = weather(32.0, 28.0)
    simulation = start(pilot, scenario)
    simulation.apply(Command("set", WARM, "supply_setpoint", 14.0))
    simulation.apply(Command("set", CDU, "supply_setpoint", 20.0))
    simulation.advance(60.0)
    assert value(simulation, "cdu.guarded_setpoint") == 20.0
    inject(simulation, "/pilot/hall-a", "dehumidifier-failure", 6 * 3600.0)
    dew_point = value(simulation, "hall.dew_point")
    assert dew_point > 24.0
    assert value(simulation, "cdu.guarded_setpoint") == pytest.approx(dew_point + 2.0)
    assert "dew-point-guard" in kinds(simulation, CDU)


@pytest.mark.parametrize("path", [ROW, "/pilot/hall-a"])
def test_a_fire_zone_is_dead_and_comes_back(pilot: Factory, path: str) -> None:
    simulation = start(pilot)
    inject(simulation, path, "fire-isolation", 120.0)
    assert simulation.channel("rack.power").max() == 0.0
    assert simulation.channel("cdu.pump_speed").max() == 0.0
    assert simulation.channel("cdu.primary_flow").max() < 1e-6
    assert simulation.channel("crah.fan_speed").max() == (0.0 if path != ROW else 0.3)
    clear(simulation, path, "fire-isolation", 1800.0)
    assert simulation.channel("rack.power").min() > 100e3
    assert value(simulation, "cdu.supply_temperature") == pytest.approx(40.0, abs=0.2)


# --- freezing and boiling -------------------------------------------------------------------------


def test_still_water_outdoors_in_frost_is_reported(pilot: Factory) -> None:
    simulation = start(pilot, weather(-15.0, -15.5))
    assert "freezing-risk" not in kinds(simulation, WARM)  # warm water runs through
    for number in ("01", "02"):
        inject(simulation, f"{WARM}/pump-{number}", "trip")
    simulation.advance(120.0)
    assert value(simulation, "plant.cooler_temperature") == -15.0
    assert "freezing-risk" in kinds(simulation, WARM)


def test_in_frost_the_by_pass_keeps_the_set_point(pilot: Factory) -> None:
    scenario = weather(-12.0, -12.5)
    simulation = start(pilot, scenario)
    simulation.advance(4 * 3600.0)
    assert value(simulation, "plant.bypass") > 0.1
    assert value(simulation, "cooler.fan_speed") == 0.0
    assert value(simulation, "plant.supply_temperature") == pytest.approx(35.5, abs=0.1)

    def without(data: dict[str, object]) -> None:
        data["sites"][0]["plants"][0]["winter_bypass"] = False  # type: ignore[index]

    bare = start(pilot_with(without), scenario)
    bare.advance(4 * 3600.0)
    assert math.isnan(value(bare, "plant.bypass"))  # there is none
    assert value(bare, "plant.supply_temperature") < 33.0


def test_a_plate_near_boiling_is_reported(pilot: Factory) -> None:
    simulation = start(pilot)
    assert boiling_point(simulation.plant, simulation.state, 0) > 115.0
    state = simulation.state.view
    state.cdu.coolant_level[0] = 0.0
    state.cdu.head_pressure[0] = 0.0
    empty = boiling_point(simulation.plant, simulation.state, 0)
    assert 100.0 < empty < 105.0
    alarm = next(a for a in ALARMS if a.kind == "boiling-risk")
    assert not alarm.holds(simulation.plant, simulation.state).any()
    gpu = int(simulation.plant.constants.rack.first_gpu[1]) + 3
    state.gpu.plate_temperature[gpu] = 97.0
    state.rack.maximum_gpu_temperature[1] = 99.0
    assert hottest_plate(simulation.plant, simulation.state)[0] == 97.0
    assert alarm.holds(simulation.plant, simulation.state).tolist() == [True, False]
    assert "97.0 degC" in alarm.text(simulation.plant, simulation.state, 0)


def test_the_chilled_plant_needs_no_alarm_in_ordinary_weather(pilot: Factory) -> None:
    simulation = start(pilot)
    simulation.advance(600.0)
    assert kinds(simulation, CHILLED) == kinds(simulation, WARM) == []


# --- racks of both kinds --------------------------------------------------------------------------


def with_air_cooled_row(data: dict[str, Any]) -> None:
    """A row of air-cooled racks between two of liquid-cooled ones."""
    row = data["sites"][0]["halls"][0]["rows"][0]
    air = {"id": "row-02", "racks": 2, "rack": "nvidia-dgx-h100-x4", "position": ["4 m", "9 m"],
           "panels": row["panels"]}  # fmt: skip
    last = row | {"id": "row-03", "position": ["4 m", "14 m"]}
    data["sites"][0]["halls"][0]["rows"] = [row, air, last]


def test_air_cooled_racks_do_not_count_for_the_coolants_boiling() -> None:
    simulation = pilot_with(with_air_cooled_row).simulation()
    rack, gpu = simulation.plant.constants.rack, simulation.state.view.gpu
    air = np.repeat(rack.cdu < 0, np.diff(rack.first_gpu))
    assert 0 < air.sum() < len(air)
    gpu.plate_temperature[:] = np.where(air, 120.0, 50.0)
    assert hottest_plate(simulation.plant, simulation.state).tolist() == [50.0] * 4


def test_a_dark_hall_leaves_its_rear_doors_without_fans() -> None:
    simulation = start(pilot_with(deep))
    assert value(simulation, "row.door_power") > 0.0
    levels = simulation.plant.levels
    for level, fault in (("site", "utility-loss"), ("generator", "generator-failure")):
        for path in levels.paths(level):
            inject(simulation, path, fault)
    simulation.advance(5.0)
    s = simulation.state.view
    assert s.hall.crahs_fed[0] == 0.0
    assert s.rack.it_power.sum() > 0.0  # the UPS carries the racks on
    assert value(simulation, "row.door_power") == 0.0
    assert value(simulation, "row.door_heat") == 0.0
    assert s.hall.crah_power[0] == 0.0
    simulation.advance(1800.0)
    assert abs(simulation.energy_residual()) < 1e-9
