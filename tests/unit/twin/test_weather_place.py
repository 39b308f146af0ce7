"""Weather of another place, missing sun, and fields that face the pole: never in silence."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from epw import header, record, series, write
from pvlib.irradiance import erbs
from small_layout import changed, plant_of

from twin.check import check_plant
from twin.errors import InputError
from twin.plant import Plant
from twin.scenario import Scenario
from twin.simulation import Simulation
from twin.solar import clear_sunlight, facing, sun
from twin.weather_file import Place
from twin.weather_place import differences, distance, offset_text, place_text

MIDSUMMER = datetime(2026, 6, 20)
FIELD = {"peak_power": "500 kW", "inverter_power": "500 kW"}
SEOUL = Place("Seoul", 37.57, 126.97, 86.0, 9.0)
CHICAGO = Place("Chicago", 41.98, -87.92, 201.0, -6.0)
SYDNEY = Place("Sydney", -33.87, 151.21, 20.0, 10.0)


def site(place: Place, *, weather: str = "seoul", **solar: Any) -> Plant:
    location = {
        "latitude": place.latitude, "longitude": place.longitude, "weather": weather,
        "elevation": f"{place.elevation} m", "utc_offset": place.utc_offset,
    }  # fmt: skip
    return plant_of(changed(("sites.0.location", location), ("sites.0.solar", {**FIELD, **solar})))


def clear_day(tmp_path: Path, place: Place, minutes: int = 60, **columns: object) -> Path:
    """A clear day of a place: irradiance of the middle of each record's time."""
    count = 24 * 60 // minutes
    ends = [MIDSUMMER + (k + 1) * np.timedelta64(minutes, "m").item() for k in range(count)]
    middles = [end - np.timedelta64(minutes * 30, "s").item() for end in ends]
    light = clear_sunlight(sun(place, middles, place.utc_offset), 1.0)
    text = f"{place.name},X,X,test,1,{place.latitude},{place.longitude},{place.utc_offset},"
    rows = [
        record(end, minutes, 22.0, **{"c14": f"{g:.1f}", "c15": f"{b:.1f}", "c16": f"{d:.1f}",
               "c22": 1.0, **columns})
        for end, g, b, d in zip(
            ends, light.global_horizontal, light.direct_normal, light.diffuse_horizontal,
            strict=True,
        )
    ]  # fmt: skip
    head = header(text + f"{place.elevation}", per_hour=60 // minutes, period=" 6/20, 6/20")
    return write(tmp_path / f"{place.name}-{minutes}.epw", head, rows)


def simulation(plant: Plant, file: Path | None = None, **weather: Any) -> Simulation:
    choice = weather if file is None else {"kind": "epw", "file": str(file), **weather}
    return Simulation(plant, Scenario.model_validate({"start": MIDSUMMER, "weather": choice}))


def yield_of(run: Simulation) -> float:
    """A day's energy of the field per peak power [h]."""
    hours = np.arange(0.125, 24.0, 0.25)
    return float(np.mean([run.solar.at(h * 3600.0)[0] for h in hours])) * 24.0 / 500e3


def told(run: Simulation, kind: str) -> list[str]:
    return [event.message for event in run.events if event.kind == kind]


# --- places ---------------------------------------------------------------------------------------


def test_distance_by_the_spherical_law_of_cosines() -> None:
    for other in (CHICAGO, SYDNEY, Place("near", 37.6, 127.0, 0.0, 9.0)):
        a, b = math.radians(SEOUL.latitude), math.radians(other.latitude)
        east = math.radians(other.longitude - SEOUL.longitude)
        angle = math.acos(math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(east))
        assert distance(SEOUL, other) == pytest.approx(6371.0 * angle, rel=1e-6)
    assert distance(SEOUL, SEOUL) == 0.0


def test_what_differs_between_places() -> None:
    assert differences(SEOUL, Place("near", 37.9, 127.1, 200.0, 9.0)) == []
    assert differences(SEOUL, Place("hill", 37.6, 127.0, 686.0, 9.0)) == ["600 m higher"]
    far, half = differences(SEOUL, SYDNEY)
    assert far == "8,330 km away"
    assert half == "on the other half of the earth with opposite seasons"
    # a few kilometres across the equator have the same seasons
    assert differences(Place("a", 0.1, 10.0, 0.0, 0.0), Place("b", -0.1, 10.0, 0.0, 0.0)) == []
    assert place_text(SYDNEY) == "33.87 S, 151.21 E, 20 m"
    assert [offset_text(h) for h in (9.0, -3.5, 0.0)] == ["UTC+9", "UTC-3:30", "UTC+0"]


def test_check_and_run_tell_that_the_bundled_weather_is_of_another_place() -> None:
    plant = site(SYDNEY)
    found = [f for f in check_plant(plant) if f.check == "weather-place"]
    assert [(f.severity, f.path) for f in found] == [("warning", "/site")]
    assert "of Seoul (37.57 N, 126.97 E, 87 m), 8,330 km away, on the other" in found[0].message
    assert told(simulation(plant, kind="design-day"), "weather-place") == [found[0].message]
    assert told(simulation(site(SEOUL), kind="design-day"), "weather-place") == []
    constant = {"kind": "constant", "dry_bulb": "20 degC", "wet_bulb": "15 degC"}
    assert told(simulation(plant, **constant), "weather-place") == []


def test_a_run_tells_that_a_weather_file_is_of_another_place(tmp_path: Path) -> None:
    file = clear_day(tmp_path, CHICAGO)
    (message,) = told(simulation(site(SEOUL), file), "weather-place")
    for words in ("Chicago (41.98 N, 87.92 W, 201 m)", "10,489 km away", "UTC-6", "UTC+9"):
        assert words in message
    assert told(simulation(site(CHICAGO), file), "weather-place") == []


# --- sun ------------------------------------------------------------------------------------------


def test_irradiance_is_seen_under_the_sun_of_its_own_place(tmp_path: Path) -> None:
    """A day of Chicago gives as much in Seoul as in Chicago, not what the night there leaves."""
    file = clear_day(tmp_path, CHICAGO)
    there = yield_of(simulation(site(CHICAGO), file))
    outdoors = {"kind": "constant", "dry_bulb": "22 degC", "wet_bulb": "15 degC"}
    clear = yield_of(simulation(site(CHICAGO), **outdoors))
    assert there == pytest.approx(clear, rel=0.03)
    assert yield_of(simulation(site(SEOUL), file)) == pytest.approx(there, rel=1e-9)


def test_the_clear_sky_of_a_file_gives_what_the_clear_sky_gives(tmp_path: Path) -> None:
    """Means of the time before, at its middle: neither an hour early nor late."""
    plant = site(SEOUL)
    outdoors = {"kind": "constant", "dry_bulb": "22 degC", "wet_bulb": "15 degC"}
    clear = simulation(plant, **outdoors, sky="100 %")
    for minutes, tolerance in ((60, 0.03), (15, 0.01)):
        recorded = simulation(plant, clear_day(tmp_path, SEOUL, minutes))
        assert yield_of(recorded) == pytest.approx(yield_of(clear), rel=tolerance)
        for hour in (8.5, 12.5, 16.5):
            ours = recorded.solar.at(hour * 3600.0)[0]
            assert ours == pytest.approx(clear.solar.at(hour * 3600.0)[0], rel=0.02)


def test_missing_irradiance_is_told_and_a_share_of_the_clear_sky_may_stand_for_it(
    tmp_path: Path,
) -> None:
    marks = {"c14": 9999, "c15": 9999, "c16": 9999}
    file = clear_day(tmp_path, SEOUL, **marks)
    dark = simulation(site(SEOUL), file)
    assert yield_of(dark) == 0.0
    assert told(dark, "weather-sun") == [
        "Seoul-60.epw lacks irradiance while the sun is up: the field is taken as dark then"
    ]
    outdoors = {"kind": "constant", "dry_bulb": "22 degC", "wet_bulb": "15 degC", "sky": 0.5}
    half = simulation(site(SEOUL), file, sky="50 %")
    assert yield_of(half) == pytest.approx(yield_of(simulation(site(SEOUL), **outdoors)), rel=0.05)
    assert "50% of a clear sky then" in told(half, "weather-sun")[0]
    # nobody asks about the sun where there is no field
    assert told(simulation(plant_of(changed()), file), "weather-sun") == []


def test_it_is_told_once_while_it_lasts(tmp_path: Path) -> None:
    days = [
        *series(datetime(2026, 6, 20), 48, c14=9999, c15=9999, c16=9999, c22=1),
        *series(datetime(2026, 6, 22), 7, c14=0, c15=0, c16=0, c22=1),
        *series(datetime(2026, 6, 22, 7), 10, c14=300, c15=200, c16=200, c22=1),
        *series(datetime(2026, 6, 22, 17), 7, c14=0, c15=0, c16=0, c22=1),
        *series(datetime(2026, 6, 23), 24, c14=0, c15=0, c16=0, c22=1),
    ]
    file = write(tmp_path / "x.epw", header(period=" 6/20, 6/23"), days)
    run = Simulation(
        site(SEOUL),
        Scenario.model_validate(
            {"start": MIDSUMMER, "step": "3 s", "weather": {"kind": "epw", "file": str(file)}}
        ),
    )
    for day in range(4):
        run._set_weather()
        run.steps = round((day + 1) * 86400.0 / run.step)
    messages = told(run, "weather-sun")
    assert len(messages) == 2
    assert "lacks irradiance" in messages[0]
    assert messages[1] == "x.epw has irradiance of 0 all day though the sun is up"


def test_two_irradiances_give_the_third_and_the_global_one_is_parted(tmp_path: Path) -> None:
    whole = yield_of(simulation(site(SEOUL), clear_day(tmp_path, SEOUL)))
    without_global = simulation(site(SEOUL), clear_day(tmp_path, SEOUL, c14=9999))
    assert yield_of(without_global) == pytest.approx(whole, rel=2e-3)
    # clear_day parts by Erbs too, so the parts come back
    assert erbs(500.0, 40.0, 172)["dhi"] > 0.0
    for missing in ({"c15": 9999}, {"c16": 9999}, {"c15": 9999, "c16": 9999}):
        parted = simulation(site(SEOUL), clear_day(tmp_path, SEOUL, **missing))
        assert yield_of(parted) == pytest.approx(whole, rel=2e-3)
        assert told(parted, "weather-sun") == []


def test_a_share_of_the_sky_beside_a_file_that_lacks_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="irradiance of its own") as caught:
        simulation(site(SEOUL), clear_day(tmp_path, SEOUL), sky="50 %")
    assert caught.value.key == "weather.sky"


def test_a_clock_that_is_not_of_its_place_is_told(tmp_path: Path) -> None:
    """The light of Seoul's day, stamped as if by a clock west of Greenwich."""
    file = clear_day(tmp_path, SEOUL)
    turned = file.read_text().replace(",126.97,9.0,", ",126.97,-9.0,")
    file.write_text(turned)
    run = simulation(site(SEOUL), file)
    assert "has irradiance while the sun is far below the horizon" in told(run, "weather-sun")[0]
    (clock,) = told(run, "weather-file")
    assert "LOCATION names UTC-9 at a longitude of 126.97 degrees, 7 h from" in clock


def test_wind_that_is_missing_is_told(tmp_path: Path) -> None:
    run = simulation(site(SEOUL), clear_day(tmp_path, SEOUL, c22=999))
    assert "lacks the wind: 1 m/s at the modules" in told(run, "weather-sun")[0]


# --- azimuth --------------------------------------------------------------------------------------


def test_fields_face_the_equator_unless_told_otherwise() -> None:
    north, south = site(SEOUL).sites[0], site(SYDNEY).sites[0]
    assert north.solar is not None
    assert south.solar is not None
    assert facing(north.solar, north.location.latitude) == 180.0
    assert facing(south.solar, south.location.latitude) == 0.0
    turned = site(SYDNEY, azimuth="180 deg").sites[0]
    assert turned.solar is not None
    assert facing(turned.solar, turned.location.latitude) == 180.0


@pytest.mark.parametrize(
    ("place", "azimuth", "tilt", "found"),
    [
        (SEOUL, "0 deg", "30 deg", True), (SEOUL, "330 deg", "30 deg", True),
        (SEOUL, "90 deg", "30 deg", False), (SEOUL, "270 deg", "30 deg", False),
        (SEOUL, "0 deg", "0 deg", False), (SYDNEY, "180 deg", "30 deg", True),
        (SYDNEY, "0 deg", "30 deg", False),
    ],
)  # fmt: skip
def test_a_field_that_faces_the_pole_is_found(
    place: Place, azimuth: str, tilt: str, found: bool
) -> None:
    findings = [
        f for f in check_plant(site(place, azimuth=azimuth, tilt=tilt)) if f.check == "azimuth"
    ]
    assert bool(findings) == found
    if found:
        assert findings[0].path == "/site"
        assert f"azimuth of {azimuth} faces the pole" in findings[0].message
        assert "leave it out" in findings[0].fix


# --- beyond the file ------------------------------------------------------------------------------


def test_a_start_outside_of_the_file_is_refused(tmp_path: Path) -> None:
    file = clear_day(tmp_path, SEOUL)
    with pytest.raises(InputError, match="no records for the run") as caught:
        Simulation(
            site(SEOUL),
            Scenario.model_validate(
                {"start": datetime(2026, 6, 21, 12), "weather": {"kind": "epw", "file": str(file)}}
            ),
        )
    assert caught.value.found == "a run from 2026-06-21 12:00 to 2026-06-21 12:10"
    assert caught.value.allowed == "within 20 June 0:00 to 20 June 24:00"


def test_a_session_that_outlives_its_file_keeps_the_last_weather_and_tells(tmp_path: Path) -> None:
    file = clear_day(tmp_path, SEOUL)
    run = Simulation(
        site(SEOUL),
        Scenario.model_validate(
            {"start": datetime(2026, 6, 20, 23, 58), "weather": {"kind": "epw", "file": str(file)}}
        ),
    )
    run.ends_at(120.0)
    with pytest.raises(InputError, match="no records for the run"):
        run.ends_at(240.0)
    run.advance(240.0)
    assert run.channel("site.dry_bulb_temperature")[0] == pytest.approx(22.0)
    assert told(run, "weather-missing") == ["there is none for this time; the last one is kept"]
