"""Climate data of the bundled sites: complete and physically possible."""

from __future__ import annotations

import math

import pytest

from assets.climate import Climate, load_climates
from assets.locations import WEATHER_FOLDER

CLIMATES = load_climates()
every_climate = pytest.mark.parametrize("climate", CLIMATES.values(), ids=[*CLIMATES])


def test_sites_of_the_bundled_layouts_are_there():
    assert {"seoul", "busan", "ulsan", "pohang", "daejeon", "gwangju", "haenam"} <= set(CLIMATES)


@every_climate
def test_korean_seasons(climate: Climate):
    assert 33.0 < climate.latitude < 38.7
    assert 125.5 < climate.longitude < 130.0
    assert -6.0 < min(climate.mean) == climate.mean[0] < 5.0
    assert 25.0 <= max(climate.mean) == climate.mean[7] < 28.0
    ranges = [
        high - low for high, low in zip(climate.daily_maximum, climate.daily_minimum, strict=True)
    ]
    assert min(ranges) > 3.5
    assert max(ranges) < 14.0


@every_climate
def test_pressure_follows_elevation(climate: Climate):
    mean = sum(climate.pressure) / 12.0
    assert mean == pytest.approx(101650.0 * (1.0 - climate.elevation / 8300.0), rel=0.002)


@every_climate
def test_design_conditions_are_possible(climate: Climate):
    design = climate.design
    assert max(climate.daily_maximum) < design.cooling_dry_bulb < 36.0
    assert design.heating_dry_bulb < min(climate.daily_minimum)
    assert design.cooling_wet_bulb < design.evaporation_wet_bulb < design.cooling_dry_bulb
    if design.extreme_dry_bulb is not None:
        assert design.extreme_dry_bulb > design.cooling_dry_bulb


@every_climate
def test_humidity_gives_a_dew_point_below_the_design_wet_bulb(climate: Climate):
    for temperature, humidity in zip(climate.mean, climate.relative_humidity, strict=True):
        # Magnus formula, coefficients of Sonntag (1990)
        gamma = math.log(humidity) + 17.62 * temperature / (243.12 + temperature)
        dew_point = 243.12 * gamma / (17.62 - gamma)
        assert -15.0 < dew_point < climate.design.evaporation_wet_bulb


GOOD = (WEATHER_FOLDER / "korea.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mean = [-1.8, 1.0,", "mean = [1.0,", "seoul.mean needs twelve values"),
        ("mean = [-1.8,", "mean = [-180,", r"seoul.mean: -180 is not in -60..60"),
        ("mean = [-1.8,", "mean = [9.8,", "in month 1 minimum, mean, maximum do not rise"),
        ("elevation = 87.1\n", "", "a required key is missing: seoul.elevation"),
        (
            "heating_dry_bulb = -11.6\n",
            "",
            "a required key is missing: seoul.design.heating_dry_bulb",
        ),
        ('source = "tmyx"', 'source = "tmy"', "source must be a key"),
        ("[busan]", "[busan", "not valid TOML"),
    ],
)
def test_error_names_file_and_key(tmp_path, old, new, message):
    assert old in GOOD
    (tmp_path / "korea.toml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        load_climates(tmp_path)
    assert "korea.toml" in str(caught.value)


def test_id_used_twice(tmp_path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    with pytest.raises(ValueError, match="used twice"):
        load_climates(tmp_path)
