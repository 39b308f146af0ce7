"""Weather at the sites of a plant: dry bulb, wet bulb and pressure at any simulated time."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assets.climate import Climate, load_climates
from physics.factory.arrays import Floats, SiteState
from physics.psychrometrics import (
    humidity_ratio_from_wet_bulb,
    pressure_at_elevation,
    wet_bulb,
)
from physics.weather_laws import (
    DESIGN_DAY_SHARES,
    air_state,
    air_state_from_dew_point,
    daily_cycle,
    design_day_temperature,
    mean_preserving_nodes,
    yearly_interpolation,
)
from twin.errors import InputError, near_matches
from twin.scenario import HIGHEST_DRY_BULB, LOWEST_DRY_BULB, Scenario, WeatherChange
from twin.weather_calendar import span_text
from twin.weather_file import WeatherFile, read_weather_file

if TYPE_CHECKING:
    from twin.layout.models import Site
    from twin.plant import Plant

DESIGN_DAY_RANGE = 9.0  # K between the highest and lowest hour of a summer design day
ROUNDING = 0.05  # K by which a wet bulb may lie outside of what is possible
MOST_LOOKS = 10_000  # at changed weather before a run


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


class RecordedWeather:
    """Records of a weather file, linear between the moments at which they are met, at all sites.

    Where the file has no records the weather is not a number.

    Parameters
    ----------
    file : the records
    start : date and time of the simulation's start, on the clock of the file
    """

    def __init__(self, file: WeatherFile, start: datetime):
        self.file, self.start = file, start

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """See :class:`Weather`."""
        times = self.file.times
        position = times.position(self.start + timedelta(seconds=time))
        if math.isnan(position):
            dry_bulb[:] = wet_bulb[:] = pressure[:] = math.nan
            return
        now = times.between(self.file.pressure, position)
        dry, wet, _ = air_state(
            times.between(self.file.dry_bulb, position),
            times.between(self.file.humidity, position),
            now,
        )
        dry_bulb[:], wet_bulb[:], pressure[:] = dry, wet, now

    @property
    def begins(self) -> bool:
        """Whether the file has records at the start."""
        return not math.isnan(self.file.times.position(self.start))

    def require(self, seconds: float) -> None:
        """Raise InputError unless the file has records until so long after the start."""
        last = self.start + timedelta(seconds=seconds)
        if not self.file.times.covers(self.start, last):
            raise InputError(
                "the weather file has no records for the run",
                self.file.file,
                key="weather.file",
                found=f"a run from {span_text(self.start, last)}",
                allowed=f"within {self.file.times.text()}",
            )


class ChangedWeather:
    """Another weather, shifted from given times on."""

    def __init__(self, base: Weather, changes: Sequence[WeatherChange]):
        self.base = base
        self.changes = tuple(changes)
        self.file: WeatherFile | None = weather_file(base)

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
        wet_bulb += wet

    def require(self, seconds: float) -> None:
        """See :class:`RecordedWeather`."""
        require(self.base, seconds)


def weather_file(weather: Weather | None) -> WeatherFile | None:
    """The weather file that a weather is of, if any."""
    return getattr(weather, "file", None)


def require(weather: Weather | None, seconds: float) -> None:
    """Raise InputError when a weather file ends before so many seconds after the start."""
    asked = getattr(weather, "require", None)
    if asked is not None:
        asked(seconds)


def refuse_impossible(dry: float, wet: float, pressure: float, where: str) -> None:
    """Raise InputError for a dry and wet bulb [degC] that no air at a pressure [Pa] has.

    The wet bulb lies between that of completely dry air and the dry bulb.

    Parameters
    ----------
    where : what has them and when, which begins the message
    """
    if not LOWEST_DRY_BULB <= dry <= HIGHEST_DRY_BULB:
        raise InputError(
            f"{where}: an impossible dry bulb",
            key="weather",
            found=f"{dry:.2f} degC",
            allowed=f"{LOWEST_DRY_BULB:g} to {HIGHEST_DRY_BULB:g} degC",
        )
    if wet <= dry + ROUNDING and humidity_ratio_from_wet_bulb(dry, wet, pressure) > 0.0:
        return
    driest = float(wet_bulb(dry, 0.0, pressure))
    if not driest - ROUNDING <= wet <= dry + ROUNDING:
        raise InputError(
            f"{where}: an impossible pair of dry and wet bulb",
            key="weather",
            found=f"dry bulb {dry:.2f} degC, wet bulb {wet:.2f} degC",
            allowed=f"at {pressure / 1000.0:.1f} kPa a wet bulb from {driest:.2f} degC (completely "
            f"dry air) to {dry:.2f} degC (saturated air)",
        )


def set_humidity(site: SiteState, plant: Plant | None = None, time: float = 0.0) -> None:
    """Write the outdoor humidity ratio [kg/kg] of every site from its dry and wet bulb.

    Raises InputError, naming the site, when the weather is not a number or no air has it.
    """
    for s in range(len(site.pressure)):
        dry, wet = float(site.dry_bulb_temperature[s]), float(site.wet_bulb_temperature[s])
        pressure = float(site.pressure[s])
        path = plant.levels.path("site", s) if plant is not None else f"site {s}"
        if not (math.isfinite(dry) and math.isfinite(wet) and pressure > 0.0):
            raise InputError(
                f"{path}: the weather is not a number {time:g} s after the start",
                key="weather",
                found=f"{dry:g} degC, {wet:g} degC, {pressure:g} Pa",
                allowed="finite temperatures and a pressure above 0 Pa",
            )
        refuse_impossible(dry, wet, pressure, f"{path}, {time:g} s after the start")
        site.humidity_ratio[s] = humidity_ratio_from_wet_bulb(dry, wet, pressure)


@functools.cache
def _climates() -> dict[str, Climate]:
    return load_climates()


def weather_for(plant: Plant, scenario: Scenario) -> Weather:
    """The weather a scenario asks for, at the sites of a plant.

    Raises InputError for an unknown climate, a weather file that cannot be read (see
    :func:`twin.weather_file.read_weather_file`) or has no records at the start, and for dry and wet
    bulbs that no air has, also when changes lead there.
    """
    weather = _base_weather(plant, scenario)
    if isinstance(weather, RecordedWeather) and not weather.begins:
        weather.require(scenario.duration)
    changes = scenario.weather.changes
    if not changes:
        return weather
    changed = ChangedWeather(weather, changes)
    _look_ahead(plant, scenario, changed)
    return changed


def _base_weather(plant: Plant, scenario: Scenario) -> Weather:
    choice = scenario.weather
    if choice.kind == "epw":
        file = read_weather_file(Path(str(choice.file)))
        sun = (file.global_horizontal, file.direct_normal, file.diffuse_horizontal)
        if choice.sky is not None and not any(np.isnan(values).any() for values in sun):
            raise scenario.located(
                InputError(
                    "the weather file has irradiance of its own",
                    found=f"{choice.sky:g}",
                    allowed="no sky beside a file that lacks none",
                ),
                ("weather", "sky"),
            )
        return RecordedWeather(file, scenario.start)
    pressure = np.array([pressure_at_elevation(site.location.elevation) for site in plant.sites])
    if choice.kind == "constant":
        assert choice.dry_bulb is not None
        assert choice.wet_bulb is not None
        for s, air in enumerate(pressure.tolist()):
            path = plant.levels.path("site", s)
            try:
                refuse_impossible(choice.dry_bulb, choice.wet_bulb, air, path)
            except InputError as error:
                raise scenario.located(error, ("weather", "wet_bulb")) from None
        return ConstantWeather(choice.dry_bulb, choice.wet_bulb, pressure)
    climates = [_climate_of(site) for site in plant.sites]
    if choice.kind == "design-day":
        return DesignDayWeather(climates, pressure, scenario.start)
    return NormalWeather(climates, scenario.start)


def _look_ahead(plant: Plant, scenario: Scenario, weather: ChangedWeather) -> None:
    """Raise InputError when changes lead to impossible weather within a scenario's duration.

    Looks at every change and at the hours between, each looked at again when it is met.
    """
    last = scenario.duration
    hours = np.linspace(0.0, last, min(math.ceil(last / 3600.0) + 1, MOST_LOOKS))
    kinks = [t for c in weather.changes for t in (c.at, c.at + c.ramp) if t <= last]
    dry, wet, pressure = (np.empty(len(plant.sites)) for _ in range(3))
    for time in sorted({*hours.tolist(), *kinks}):
        number = sum(change.at <= time for change in weather.changes) - 1
        if number < 0:
            continue
        weather.at(time, dry, wet, pressure)
        for s in np.flatnonzero(np.isfinite(dry + wet + pressure)).tolist():
            where = f"{plant.levels.path('site', s)}, {time:g} s after the start"
            try:
                refuse_impossible(float(dry[s]), float(wet[s]), float(pressure[s]), where)
            except InputError as error:
                raise scenario.located(error, ("weather", "changes", number)) from None


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
