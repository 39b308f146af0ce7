"""Weather at the sites of a plant: dry bulb, wet bulb and pressure at any simulated time."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from assets.climate import Climate, load_climates
from physics.factory.arrays import Floats, SiteState
from physics.psychrometrics import humidity_ratio_from_wet_bulb, pressure_at_elevation
from physics.weather_laws import (
    DESIGN_DAY_SHARES,
    air_state,
    air_state_from_dew_point,
    daily_cycle,
    design_day_temperature,
    fill_gaps,
    mean_preserving_nodes,
    yearly_interpolation,
)
from twin.errors import InputError, near_matches
from twin.scenario import Scenario, WeatherChange
from twin.solar import WIND, Sky

if TYPE_CHECKING:
    from twin.layout.models import Site
    from twin.plant import Plant

DESIGN_DAY_RANGE = 9.0  # K between the highest and lowest hour of a summer design day
LONGEST_BRIDGED_GAP = 24  # hours of a weather file that may be missing in one piece


class Weather(Protocol):
    """Anything that knows the weather at every site."""

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """Write the weather ``time`` seconds after the start, per site: degC, degC, Pa."""


@dataclass(frozen=True)
class ConstantWeather:
    """The same dry and wet bulb [degC] at all times; pressure [Pa] per site, by elevation."""

    dry_bulb: float
    wet_bulb: float
    pressure: Floats

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """See :class:`Weather`."""
        dry_bulb[:] = self.dry_bulb
        wet_bulb[:] = self.wet_bulb
        pressure[:] = self.pressure


class NormalWeather:
    """Monthly normals of each site's climate with a daily cycle; local solar-ish time.

    The dew point follows the monthly mean and stays through the day, so that the humidity falls
    in the afternoon as it does outdoors.
    """

    def __init__(self, climates: Sequence[Climate], start: datetime):
        self.start = start
        self._sites = [_Normals(climate) for climate in climates]

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """See :class:`Weather`."""
        day, hour = day_and_hour(self.start, time)
        for s, normals in enumerate(self._sites):
            dry_bulb[s], wet_bulb[s], pressure[s] = normals.at(day, hour)


class _Normals:
    def __init__(self, climate: Climate):
        self.mean = mean_preserving_nodes(np.array(climate.mean))
        spread = np.array(climate.daily_maximum) - np.array(climate.daily_minimum)
        self.range = mean_preserving_nodes(spread)
        self.pressure = mean_preserving_nodes(np.array(climate.pressure))
        dew = [
            _dew_point(mean, humidity)
            for mean, humidity in zip(climate.mean, climate.relative_humidity, strict=True)
        ]
        self.dew_point = mean_preserving_nodes(np.array(dew))

    def at(self, day: float, hour: float) -> tuple[float, float, float]:
        mean = yearly_interpolation(self.mean, day)
        pressure = yearly_interpolation(self.pressure, day)
        dry = daily_cycle(mean, yearly_interpolation(self.range, day), hour)
        dry, wet, _ = air_state_from_dew_point(
            dry, yearly_interpolation(self.dew_point, day), pressure
        )
        return dry, wet, pressure


class DesignDayWeather:
    """The summer design day of each site's climate: exceeded in 0.4 % of the hours of a year."""

    def __init__(self, climates: Sequence[Climate], pressure: Floats, start: datetime):
        self.start = start
        self.climates = tuple(climates)
        self.pressure = pressure
        self._dew_points = [
            _dew_point_from_wet_bulb(c.design.cooling_dry_bulb, c.design.cooling_wet_bulb, float(p))
            for c, p in zip(climates, pressure, strict=True)
        ]

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """See :class:`Weather`."""
        _, hour = day_and_hour(self.start, time)
        for s, climate in enumerate(self.climates):
            dry = design_day_temperature(
                climate.design.cooling_dry_bulb, DESIGN_DAY_RANGE, hour, DESIGN_DAY_SHARES
            )
            dry_bulb[s], wet_bulb[s], _ = air_state_from_dew_point(
                dry, self._dew_points[s], float(self.pressure[s])
            )
        pressure[:] = self.pressure


class HourlyWeather:
    """Hourly records (a year), linear between the hours, the same for all sites.

    Parameters
    ----------
    dry_bulb, relative_humidity, pressure : degC, 0..1, Pa, shape [hours], hour 0 is 1 January 0:00
    start : date and time of the simulation's start; the year does not matter
    sky : irradiance and wind of the same hours
    """

    def __init__(
        self,
        dry_bulb: Floats,
        relative_humidity: Floats,
        pressure: Floats,
        start: datetime,
        sky: Sky | None = None,
    ):
        self.sky = sky
        self.dry_bulb, self.humidity, self.pressure = dry_bulb, relative_humidity, pressure
        self.start = start

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """See :class:`Weather`."""
        day, hour = day_and_hour(self.start, time)
        position = (day // 1 * 24 + hour) % len(self.dry_bulb)
        index = int(position)
        share = position - index

        def between(record: Floats) -> float:
            return float((1 - share) * record[index] + share * record[(index + 1) % len(record)])

        dry, wet, _ = air_state(
            between(self.dry_bulb), between(self.humidity), between(self.pressure)
        )
        dry_bulb[:], wet_bulb[:], pressure[:] = dry, wet, between(self.pressure)


class ChangedWeather:
    """Another weather, shifted from given times on; the wet bulb stays below the dry bulb."""

    def __init__(self, base: Weather, changes: Sequence[WeatherChange]):
        self.base = base
        self.changes = tuple(changes)
        self.sky: Sky | None = getattr(base, "sky", None)

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """See :class:`Weather`."""
        self.base.at(time, dry_bulb, wet_bulb, pressure)
        dry = wet = 0.0
        for change in self.changes:
            since = time - change.at
            if since < 0.0:
                break
            share = min(1.0, since / change.ramp) if change.ramp > 0.0 else 1.0
            dry += share * (change.dry_bulb - dry)
            wet += share * (change.wet_bulb - wet)
        dry_bulb += dry
        wet_bulb[:] = np.minimum(wet_bulb + wet, dry_bulb)


def set_humidity(site: SiteState, plant: Plant | None = None, time: float = 0.0) -> None:
    """Write the outdoor humidity ratio [kg/kg] of every site from its dry and wet bulb.

    Raises InputError, naming the site, when the weather is not a number.
    """
    for s in range(len(site.pressure)):
        dry, wet = float(site.dry_bulb_temperature[s]), float(site.wet_bulb_temperature[s])
        pressure = float(site.pressure[s])
        if not (math.isfinite(dry) and math.isfinite(wet) and pressure > 0.0):
            path = plant.levels.path("site", s) if plant is not None else f"site {s}"
            raise InputError(
                f"{path}: the weather is not a number {time:g} s after the start",
                key="weather",
                found=f"{dry:g} degC, {wet:g} degC, {pressure:g} Pa",
                allowed="finite temperatures and a pressure above 0 Pa",
            )
        site.humidity_ratio[s] = humidity_ratio_from_wet_bulb(dry, wet, pressure)


@functools.cache
def _climates() -> dict[str, Climate]:
    return load_climates()


def weather_for(plant: Plant, scenario: Scenario) -> Weather:
    """The weather a scenario asks for, at the sites of a plant.

    Raises InputError for an unknown climate, or a weather file that is missing, unreadable or has
    gaps longer than a day.
    """
    weather = _base_weather(plant, scenario)
    changes = scenario.weather.changes
    return ChangedWeather(weather, changes) if changes else weather


def _base_weather(plant: Plant, scenario: Scenario) -> Weather:
    choice = scenario.weather
    if choice.kind == "epw":
        return read_epw(Path(str(choice.file)), scenario.start)
    pressure = np.array([pressure_at_elevation(site.location.elevation) for site in plant.sites])
    if choice.kind == "constant":
        assert choice.dry_bulb is not None
        assert choice.wet_bulb is not None
        return ConstantWeather(choice.dry_bulb, choice.wet_bulb, pressure)
    climates = [_climate_of(site) for site in plant.sites]
    if choice.kind == "design-day":
        return DesignDayWeather(climates, pressure, scenario.start)
    return NormalWeather(climates, scenario.start)


def _climate_of(site: Site) -> Climate:
    known = _climates()
    name = site.location.weather
    if name not in known:
        raise InputError(
            f"site {site.id} has an unknown weather",
            key="location.weather",
            found=name,
            allowed=near_matches(name, [*known]),
        )
    return known[name]


def read_epw(file: Path, start: datetime) -> HourlyWeather:
    """Read an EPW file; short gaps are bridged.

    Raises InputError: not found, not an EPW, not whole days, or a gap longer than a day.
    """
    from pvlib.iotools import read_epw as read

    if not file.is_file():
        raise InputError("weather file not found", file)
    try:
        data, head = read(file)
    except Exception as error:
        raise InputError(f"not a readable EPW file: {error}", file) from None
    if len(data) == 0 or len(data) % 24 != 0:
        raise InputError(
            "weather file does not hold whole days",
            file,
            found=f"{len(data)} hours",
            allowed="a multiple of 24",
        )
    limits = {
        "temp_air": (-70.0, 70.0, 1.0),
        "relative_humidity": (0.0, 110.0, 0.01),
        "atmospheric_pressure": (31_000.0, 120_000.0, 1.0),
    }
    columns = []
    for name, (low, high, factor) in limits.items():
        record = data[name].to_numpy(dtype=np.float64)
        # the format marks missing values by numbers outside the physical range
        record = np.where((record >= low) & (record <= high), record, math.nan) * factor
        try:
            filled, gaps = fill_gaps(record, LONGEST_BRIDGED_GAP)
        except ValueError as error:
            raise InputError(f"{name}: {error}", file, key=name) from None
        longest = max((length for _, length in gaps), default=0)
        if longest > LONGEST_BRIDGED_GAP:
            first = next(at for at, length in gaps if length == longest)
            raise InputError(
                f"gap of {longest} hours from hour {first}",
                file,
                key=name,
                allowed=f"gaps of at most {LONGEST_BRIDGED_GAP} hours",
            )
        columns.append(filled)
    humidity = np.minimum(columns[1], 1.0)
    return HourlyWeather(columns[0], humidity, columns[2], start, _sky(data, head))


def _sky(data: Any, head: Mapping[str, Any]) -> Sky:
    """Irradiance and wind of a weather file; what is missing is dark and calm."""

    def column(name: str, highest: float, missing: float) -> Floats:
        values = data[name].to_numpy(dtype=np.float64)
        return np.where((values >= 0.0) & (values <= highest), values, missing)

    return Sky(
        column("ghi", 1500.0, 0.0),
        column("dni", 1500.0, 0.0),
        column("dhi", 1500.0, 0.0),
        column("wind_speed", 60.0, WIND),
        float(head["TZ"]),
    )


def day_and_hour(start: datetime, time: float) -> tuple[float, float]:
    """Day of the year (0 is 1 January, leap day counted as 28 February) and hour of the day."""
    now = start + timedelta(seconds=time)
    day = now.timetuple().tm_yday - 1
    if now.year % 4 == 0 and (now.year % 100 != 0 or now.year % 400 == 0) and day >= 59:
        day -= 1
    hour = now.hour + now.minute / 60 + (now.second + now.microsecond * 1e-6) / 3600
    return day + hour / 24, hour


def _dew_point(dry_bulb: float, relative_humidity: float) -> float:
    from physics.psychrometrics import dew_point, humidity_ratio_from_relative_humidity

    pressure = 101_325.0
    ratio = humidity_ratio_from_relative_humidity(dry_bulb, relative_humidity, pressure)
    return dew_point(ratio, pressure)


def _dew_point_from_wet_bulb(dry_bulb: float, wet_bulb: float, pressure: float) -> float:
    from physics.psychrometrics import dew_point, humidity_ratio_from_wet_bulb

    return dew_point(humidity_ratio_from_wet_bulb(dry_bulb, wet_bulb, pressure), pressure)
