"""Weather at the sites: normals, design days, constant, hourly files and their gaps."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.climate import load_climates
from physics.psychrometrics import pressure_at_elevation
from twin.errors import InputError
from twin.factory import Factory
from twin.scenario import Scenario, WeatherChoice
from twin.weather import (
    ConstantWeather,
    DesignDayWeather,
    HourlyWeather,
    NormalWeather,
    Weather,
    read_epw,
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
    chosen = {
        "normals": NormalWeather, "design-day": DesignDayWeather, "constant": ConstantWeather,
    }  # fmt: skip
    for kind, expected in chosen.items():
        choice = WeatherChoice(kind=kind, dry_bulb="10 degC", wet_bulb="8 degC")  # type: ignore[arg-type]
        assert isinstance(weather_for(plant, Scenario(weather=choice)), expected)
    choice = WeatherChoice(kind="constant", dry_bulb="10 degC", wet_bulb="8 degC")
    constant = weather_for(plant, Scenario(weather=choice))
    assert isinstance(constant, ConstantWeather)
    assert constant.pressure[0] == pressure_at_elevation(86.0)


def epw(file: Path, dry: np.ndarray, humidity: np.ndarray) -> Path:  # type: ignore[type-arg]
    """A minimal EPW file of whole days from 1 January."""
    head = [
        "LOCATION,Somewhere,X,KOR,test,471080,37.57,126.97,9.0,86.0", "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0", "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0", "COMMENTS 1,test", "COMMENTS 2,test",
        "DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31",
    ]  # fmt: skip
    rows = []
    for hour, (temperature, share) in enumerate(zip(dry, humidity, strict=True)):
        when = datetime(2026, 1, 1) + timedelta(hours=hour)
        values = [when.year, when.month, when.day, when.hour + 1, 60, "?", temperature, 5.0, share,
                  101_000, *[0] * 25]  # fmt: skip
        rows.append(",".join(str(value) for value in values))
    file.write_text("\n".join([*head, *rows]) + "\n")
    return file


def test_an_hourly_file_is_read_and_interpolated(tmp_path: Path) -> None:
    dry = np.linspace(-5.0, 18.0, 48)
    file = epw(tmp_path / "x.epw", dry, np.full(48, 60.0))
    weather = read_epw(file, datetime(2026, 1, 1))
    assert at(weather, 0.0)[0][0] == pytest.approx(dry[0])
    assert at(weather, 10.5 * HOUR)[0][0] == pytest.approx((dry[10] + dry[11]) / 2)
    assert at(weather, 5 * HOUR)[1][0] < dry[5]
    assert at(weather, 5 * HOUR)[2][0] == pytest.approx(101_000.0)
    # two days of data repeat every two days
    assert at(weather, 53 * HOUR)[0][0] == pytest.approx(dry[5])


def test_short_gaps_are_bridged_and_long_ones_refused(tmp_path: Path) -> None:
    dry = np.full(96, 10.0)
    dry[20:23] = 99.9  # the format's mark of a missing value
    weather = read_epw(epw(tmp_path / "x.epw", dry, np.full(96, 60.0)), datetime(2026, 1, 1))
    assert at(weather, 21 * HOUR)[0][0] == pytest.approx(10.0)
    dry[20:50] = 99.9
    with pytest.raises(InputError, match="gap of 30 hours") as caught:
        read_epw(epw(tmp_path / "y.epw", dry, np.full(96, 60.0)), datetime(2026, 1, 1))
    assert caught.value.key == "temp_air"


def test_files_that_are_no_weather_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not found"):
        read_epw(tmp_path / "none.epw", datetime(2026, 1, 1))
    text = tmp_path / "text.epw"
    text.write_text("this is\nno weather\n")
    with pytest.raises(InputError, match="not a readable EPW"):
        read_epw(text, datetime(2026, 1, 1))
    short = epw(tmp_path / "short.epw", np.full(30, 5.0), np.full(30, 50.0))
    with pytest.raises(InputError, match="whole days") as caught:
        read_epw(short, datetime(2026, 1, 1))
    assert caught.value.found == "30 hours"


def test_hourly_weather_ignores_the_year() -> None:
    hours = np.arange(8760.0)
    records = (hours % 24, np.full(8760, 0.5), np.full(8760, 1e5))
    one = HourlyWeather(*records, datetime(2026, 3, 1, 6))
    other = HourlyWeather(*records, datetime(2031, 3, 1, 6))
    assert at(one, 1234.5) == at(other, 1234.5)
