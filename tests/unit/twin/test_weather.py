"""Weather at the sites: normals, design days, constant, hourly files and their gaps."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.climate import load_climates
from physics.psychrometrics import pressure_at_elevation, wet_bulb
from twin.errors import InputError
from twin.factory import Factory
from twin.scenario import Scenario, WeatherChoice
from twin.weather import (
    ConstantWeather,
    DesignDayWeather,
    NormalWeather,
    Weather,
    refuse_impossible,
    weather_for,
)

CLIMATES = load_climates()
HOUR = 3600.0


def at(weather: Weather, time: float, sites: int = 1) -> tuple[np.ndarray, ...]:  # type: ignore[type-arg]
    dry, wet, pressure = np.zeros(sites), np.zeros(sites), np.zeros(sites)
    weather.at(time, dry, wet, pressure)
    return dry, wet, pressure


@given(time=st.floats(0.0, 400 * 24 * HOUR), name=st.sampled_from(sorted(CLIMATES)))
def test_normals_stay_within_what_the_climate_knows(time: float, name: str) -> None:
    climate = CLIMATES[name]
    dry, wet, pressure = at(NormalWeather([climate], datetime(2026, 1, 1)), time)
    assert min(climate.daily_minimum) - 3.0 <= dry[0] <= max(climate.daily_maximum) + 3.0
    assert wet[0] <= dry[0]
    assert 85_000.0 < pressure[0] < 105_000.0


def test_normals_keep_the_monthly_mean() -> None:
    climate = CLIMATES["seoul"]
    start = datetime(2026, 1, 1)
    weather = NormalWeather([climate], start)
    for month in range(1, 13):
        first = datetime(2026, month, 1)
        following = datetime(2026 + month // 12, month % 12 + 1, 1)
        hours = int((following - first) / timedelta(hours=1))
        offset = (first - start).total_seconds()
        dry = [at(weather, offset + (hour + 0.5) * HOUR)[0][0] for hour in range(hours)]
        assert np.mean(dry) == pytest.approx(climate.mean[month - 1], abs=0.15)


def test_afternoons_are_warmest_and_driest() -> None:
    weather = NormalWeather([CLIMATES["seoul"]], datetime(2026, 8, 1))
    dry = [at(weather, hour * HOUR)[0][0] for hour in range(24)]
    wet = [at(weather, hour * HOUR)[1][0] for hour in range(24)]
    assert 13 <= int(np.argmax(dry)) <= 16
    assert 3 <= int(np.argmin(dry)) <= 7
    depression = np.subtract(dry, wet)
    assert depression[15] > depression[5]


def test_weather_has_no_jumps() -> None:
    weather = NormalWeather(
        [CLIMATES["busan"] if "busan" in CLIMATES else CLIMATES["seoul"]], datetime(2026, 2, 28, 12)
    )
    dry = [at(weather, quarter * 900.0)[0][0] for quarter in range(4 * 48)]
    assert np.abs(np.diff(dry)).max() < 1.0


def test_leap_day_repeats_the_day_before() -> None:
    weather = NormalWeather([CLIMATES["seoul"]], datetime(2028, 2, 28, 15))
    assert at(weather, 24 * HOUR) == at(weather, 0.0)


def test_design_day_reaches_the_design_dry_bulb() -> None:
    climate = CLIMATES["seoul"]
    weather = DesignDayWeather([climate], np.array([101_325.0]), datetime(2026, 8, 1))
    dry = [at(weather, hour * HOUR)[0][0] for hour in range(24)]
    assert max(dry) == pytest.approx(climate.design.cooling_dry_bulb, abs=0.01)
    assert max(dry) - min(dry) == pytest.approx(9.0, abs=0.5)
    wet = max(at(weather, hour * HOUR)[1][0] for hour in range(24))
    assert wet == pytest.approx(climate.design.cooling_wet_bulb, abs=0.05)


def test_constant_weather_is_constant() -> None:
    weather = ConstantWeather(12.0, 9.0, np.array([99_000.0, 101_000.0]))
    for time in (0.0, 1e7):
        dry, wet, pressure = at(weather, time, 2)
        assert dry.tolist() == [12.0, 12.0]
        assert wet.tolist() == [9.0, 9.0]
        assert pressure.tolist() == [99_000.0, 101_000.0]


def test_the_scenario_chooses(pilot: Factory) -> None:
    plant = pilot.plant()
    for kind, expected in (("normals", NormalWeather), ("design-day", DesignDayWeather)):
        choice = WeatherChoice.model_validate({"kind": kind})
        assert isinstance(weather_for(plant, Scenario(weather=choice)), expected)
    choice = WeatherChoice(kind="constant", dry_bulb="10 degC", wet_bulb="8 degC")
    constant = weather_for(plant, Scenario(weather=choice))
    assert isinstance(constant, ConstantWeather)
    assert constant.pressure[0] == pressure_at_elevation(86.0)


def constant(dry: float, wet: float, *changes: dict[str, str]) -> Scenario:
    choice = {"kind": "constant", "dry_bulb": f"{dry} degC", "wet_bulb": f"{wet} degC"}
    return Scenario.model_validate({"weather": {**choice, "changes": changes}})


@pytest.mark.parametrize(("dry", "wet"), [(30.0, 5.0), (-30.0, -33.0), (45.0, 10.0)])
def test_a_wet_bulb_below_that_of_dry_air_is_refused_with_what_is_possible(
    pilot: Factory, dry: float, wet: float
) -> None:
    driest = wet_bulb(dry, 0.0, pressure_at_elevation(86.0))
    with pytest.raises(InputError, match="impossible pair") as caught:
        weather_for(pilot.plant(), constant(dry, wet))
    assert f"{driest:.2f} degC (completely dry air)" in caught.value.allowed
    assert caught.value.key == "weather.wet_bulb"
    weather_for(pilot.plant(), constant(dry, round(driest + 0.1, 2)))


def test_thin_air_is_drier_still() -> None:
    refuse_impossible(30.0, 7.5, pressure_at_elevation(3000.0), "high up")
    with pytest.raises(InputError, match="by the sea: an impossible pair"):
        refuse_impossible(30.0, 7.5, pressure_at_elevation(0.0), "by the sea")


@pytest.mark.parametrize(
    ("change", "when"),
    [
        ({"at": "2 min", "wet_bulb": "7 K"}, "120 s"),
        ({"at": "2 min", "dry_bulb": "-5 K", "ramp": "4 min"}, "360 s"),
        ({"at": "2 min", "dry_bulb": "25 K"}, "120 s"),
    ],
)
def test_changes_that_lead_to_impossible_weather_are_refused_at_once(
    pilot: Factory, change: dict[str, str], when: str
) -> None:
    with pytest.raises(InputError, match=f"/pilot, {when} after the start: an impossible") as error:
        pilot.simulation(constant(20.0, 16.0, change))
    assert error.value.key == "weather.changes[0]"
    # what happens after the end of the scenario is nobody's business
    pilot.simulation(constant(20.0, 16.0, {**change, "at": "20 min"}))


def test_what_is_met_beyond_the_scenario_is_refused_when_met(pilot: Factory) -> None:
    simulation = pilot.simulation(constant(20.0, 16.0, {"at": "20 min", "wet_bulb": "7 K"}))
    with pytest.raises(InputError, match="1200 s after the start: an impossible pair"):
        simulation.advance(1300.0)


@pytest.mark.parametrize(
    ("weather", "message"),
    [
        ({"kind": "constant", "dry_bulb": "71 degC", "wet_bulb": "20 degC"}, "equal to 70"),
        ({"kind": "constant", "dry_bulb": "-80 degC", "wet_bulb": "-80 degC"}, "equal to -70"),
        ({"kind": "normals", "wet_bulb": "20 degC"}, "of constant weather, not of normals"),
        ({"kind": "design-day", "file": "a.epw"}, "of epw weather, not of design-day"),
    ],
)
def test_no_key_of_the_weather_is_taken_without_effect(
    weather: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        WeatherChoice.model_validate(weather)
