"""What photovoltaic fields give under the weather of a scenario, by pvlib.

Sun position by NREL's algorithm, irradiance on the modules by Hay and Davies, reflection of the
glass by Fresnel, cell temperature by Faiman, modules and inverters by PVWatts 5. Only layouts with
a field load pvlib. A day's profile is made when it is first asked for; between its points power is
linear.

Weather files bring irradiance and wind, and the sun of their place: irradiance of one place under
the sun of another is neither's. Other weather has the clear sky of Haurwitz times the scenario's
``sky``, parted by Erbs, and a wind of 1 m/s.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats

if TYPE_CHECKING:
    from twin.layout.models import Site
    from twin.layout.solar_models import Solar
    from twin.weather import Weather
    from twin.weather_file import WeatherFile
    from twin.weather_place import OnEarth

CLEAR_SKY_POINTS = 96
"""Points a day where irradiance is of a clear sky."""
NORMAL_SKY = 0.68
"""Mean share of clear-sky irradiation in the Korean year, engineering estimate: some 4.0 kWh/m2 a
day on the horizontal, of 5.9 under skies that are always clear."""
WIND = 1.0
"""m/s on the modules where the weather does not tell."""
CELLS_AT = 25.0
"""degC of the air where the weather does not tell: that of the modules' rating."""
DEEP_SUN, NIGHT_LIGHT = 100.0, 20.0
"""Degrees from the zenith beyond which there is no light, and W/m2 that are some."""
HIGH_SUN = 80.0
"""Degrees from the zenith within which even a dark day has some light."""


@dataclass(frozen=True)
class Sunlight:
    """Irradiance of moments, shape [moments] each [W/m2], and wind [m/s]."""

    global_horizontal: Floats
    direct_normal: Floats
    diffuse_horizontal: Floats
    wind: Floats


def utc_offset(site: Site) -> float:
    """Hours by which a site's clock is ahead of UTC."""
    given = site.location.utc_offset
    return given if given is not None else float(round(site.location.longitude / 15.0))


def facing(solar: Solar, latitude: float) -> float:
    """Where a field's modules face [deg clockwise from north]; left out: the equator."""
    if solar.azimuth is not None:
        return float(solar.azimuth)
    return 180.0 if latitude >= 0.0 else 0.0


def sun(place: OnEarth, times: Sequence[datetime], offset: float) -> Any:
    """Apparent zenith and azimuth [deg] of a place's sun at local times, as pvlib's table.

    ``offset``: hours by which the times are ahead of UTC.
    """
    import pandas
    from pvlib.solarposition import get_solarposition

    stamps = pandas.DatetimeIndex([t - timedelta(hours=offset) for t in times], tz="UTC")
    return get_solarposition(stamps, place.latitude, place.longitude, altitude=place.elevation)


def clear_sunlight(position: Any, share: float) -> Sunlight:
    """A share of the clear sky's irradiance, parted into direct and diffuse light."""
    from pvlib.clearsky import haurwitz
    from pvlib.irradiance import erbs

    zenith = position["apparent_zenith"]
    horizontal = haurwitz(zenith)["ghi"].to_numpy() * share
    parts = erbs(horizontal, position["zenith"].to_numpy(), position.index)
    return Sunlight(
        horizontal,
        np.nan_to_num(np.asarray(parts["dni"], dtype=np.float64)),
        np.nan_to_num(np.asarray(parts["dhi"], dtype=np.float64)),
        np.full(len(horizontal), WIND),
    )


def field_power(
    solar: Solar, azimuth: float, position: Any, light: Sunlight, dry_bulb: Floats
) -> Floats:
    """Power of a field at the site's bus [W] at moments, shape [moments].

    Parameters
    ----------
    azimuth : where its modules face, by :func:`facing`
    position : of the sun, by :func:`sun`
    dry_bulb : degC, shape [moments]
    """
    from pvlib import iam, inverter, irradiance, pvsystem, temperature

    zenith, bearing = position["apparent_zenith"], position["azimuth"]
    plane = irradiance.get_total_irradiance(
        solar.tilt, azimuth, zenith, bearing, light.direct_normal, light.global_horizontal,
        light.diffuse_horizontal, dni_extra=irradiance.get_extra_radiation(position.index),
        albedo=solar.albedo, model="haydavies",
    )  # fmt: skip
    angle = irradiance.aoi(solar.tilt, azimuth, zenith, bearing)
    beam = np.nan_to_num(plane["poa_direct"].to_numpy()) * iam.physical(angle.to_numpy())
    total = np.nan_to_num(beam) + np.nan_to_num(plane["poa_diffuse"].to_numpy())
    whole = np.nan_to_num(plane["poa_global"].to_numpy())
    cells = temperature.faiman(whole, dry_bulb, light.wind)
    direct = pvsystem.pvwatts_dc(total, cells, solar.peak_power, solar.temperature_coefficient)
    direct = np.maximum(direct, 0.0) * (1.0 - solar.losses)
    rating = inverter_rating(solar) / solar.inverter_efficiency
    power = inverter.pvwatts(direct, rating, eta_inv_nom=solar.inverter_efficiency)
    return np.maximum(np.nan_to_num(np.asarray(power, dtype=np.float64)), 0.0)


def inverter_rating(solar: Solar) -> float:
    """Alternating-current rating of a field's inverters [W]."""
    given = solar.inverter_power
    return float(given if given is not None else solar.peak_power / 1.2)


@dataclass(frozen=True)
class Day:
    """A field's day: hours since midnight, power [W] then, and what its weather lacked."""

    hours: Floats
    power: Floats
    note: str = ""


class SolarFields:
    """Power of every site's field through a scenario.

    Parameters
    ----------
    sites : of the plant, in order
    weather : of the scenario
    start : local date and time of the simulation's start
    share : of the clear sky's irradiance, where the weather has none of its own
    bridge : share of it where a weather file lacks irradiance; None: dark there
    """

    def __init__(
        self,
        sites: Sequence[Site],
        weather: Weather,
        start: datetime,
        share: float,
        bridge: float | None = None,
    ):
        self.sites, self.weather, self.start = tuple(sites), weather, start
        self.share, self.bridge = share, bridge
        self._day = functools.lru_cache(maxsize=32)(self._profile)

    @property
    def any(self) -> bool:
        """Whether a site has a field."""
        return any(site.solar is not None for site in self.sites)

    def at(self, time: float) -> Floats:
        """Power of every site's field [W] so many seconds after the start, shape [sites]."""
        midnight, hour = self._midnight(time)
        power = np.zeros(len(self.sites))
        for s, site in enumerate(self.sites):
            if site.solar is not None:
                day = self._day(s, midnight)
                power[s] = np.interp(hour, day.hours, day.power)
        return power

    def notes(self, time: float) -> tuple[str, ...]:
        """What the weather lacks for every site's field that day; empty where nothing."""
        midnight, _ = self._midnight(time)
        return tuple(
            self._day(s, midnight).note if site.solar is not None else ""
            for s, site in enumerate(self.sites)
        )

    def _midnight(self, time: float) -> tuple[datetime, float]:
        """The midnight before a moment, and hours since then."""
        now = self.start + timedelta(seconds=time)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight, (now - midnight).total_seconds() / 3600.0

    def _profile(self, s: int, midnight: datetime) -> Day:
        from twin.weather import weather_file

        site = self.sites[s]
        assert site.solar is not None
        file = weather_file(self.weather)
        if file is None:
            hours = np.linspace(0.0, 24.0, CLEAR_SKY_POINTS + 1)
            times = [midnight + timedelta(hours=float(hour)) for hour in hours]
            position = sun(site.location, times, utc_offset(site))
            light, note = clear_sunlight(position, self.share), ""
        else:
            # the middle of each record's time, and of those before and after the day
            part = file.times.interval / 3600.0
            hours = np.arange(-0.5 * part, 24.0 + part, part)
            times = [midnight + timedelta(hours=float(hour)) for hour in hours]
            places = np.array([file.times.position(moment) for moment in times])
            known = np.isfinite(places)
            if not known.any():
                return Day(np.zeros(1), np.zeros(1), "the weather file has no records of this day")
            hours = hours[known]
            times = [moment for moment, has in zip(times, known, strict=True) if has]
            position = sun(file.place, times, file.place.utc_offset)
            light, note = _recorded(file, places[known], position, self.bridge)
        azimuth = facing(site.solar, site.location.latitude)
        power = field_power(site.solar, azimuth, position, light, self._dry_bulb(s, times))
        return Day(hours, power, note)

    def _dry_bulb(self, s: int, times: Sequence[datetime]) -> Floats:
        """Dry bulb at a site [degC]; what the weather lacks is as at the nearest moment it has."""
        count = len(self.sites)
        dry, wet, pressure = np.empty(count), np.empty(count), np.empty(count)
        found = np.empty(len(times))
        for k, moment in enumerate(times):
            self.weather.at((moment - self.start).total_seconds(), dry, wet, pressure)
            found[k] = dry[s]
        known = np.flatnonzero(np.isfinite(found))
        if not known.size:
            return np.full(len(found), CELLS_AT)
        return np.interp(np.arange(len(found)), known, found[known])


def _recorded(
    file: WeatherFile, places: Floats, position: Any, bridge: float | None
) -> tuple[Sunlight, str]:
    """Light of a weather file's records, and what they lack while the sun is up.

    Of global, direct and diffuse irradiance two give the third, and the global one alone is parted
    by Erbs; where there is less, a share of the clear sky is taken, or it is dark.
    """
    from pvlib.irradiance import erbs

    rows = np.array([file.times.row(place) for place in places])
    whole, beam = file.global_horizontal[rows], file.direct_normal[rows]
    diffuse = file.diffuse_horizontal[rows]
    zenith = position["zenith"].to_numpy()
    height = np.maximum(np.cos(np.radians(zenith)), 0.0)
    whole = np.where(np.isnan(whole), beam * height + diffuse, whole)
    parts = erbs(np.nan_to_num(whole), zenith, position.index)
    parted = np.isfinite(whole) & (np.isnan(beam) | np.isnan(diffuse))
    beam = np.where(parted, np.nan_to_num(np.asarray(parts["dni"])), beam)
    diffuse = np.where(parted, np.nan_to_num(np.asarray(parts["dhi"])), diffuse)

    lost, up = np.isnan(whole + beam + diffuse), zenith < 90.0
    clear = clear_sunlight(position, bridge or 0.0)
    wind = np.array([file.times.between(file.wind, place) for place in places])
    light = Sunlight(
        np.where(lost, clear.global_horizontal, whole),
        np.where(lost, clear.direct_normal, beam),
        np.where(lost, clear.diffuse_horizontal, diffuse),
        np.where(np.isnan(wind), WIND, wind),
    )
    if (np.nan_to_num(whole)[zenith > DEEP_SUN] > NIGHT_LIGHT).any():
        return light, (
            f"{file.file.name} has irradiance while the sun is far below the horizon: its clock or "
            "its place in LOCATION is another"
        )
    high = zenith < HIGH_SUN
    instead = "the field is taken as dark" if bridge is None else f"{bridge:.0%} of a clear sky"
    if (lost & up).any():
        return light, f"{file.file.name} lacks irradiance while the sun is up: {instead} then"
    if high.any() and not whole[high].any():
        return light, f"{file.file.name} has irradiance of 0 all day though the sun is up"
    if np.isnan(wind).any():
        return light, f"{file.file.name} lacks the wind: {WIND:g} m/s at the modules"
    return light, ""


def solar_for(
    sites: Sequence[Site], weather: Weather, start: datetime, share: float | None, normals: bool
) -> SolarFields:
    """The fields of sites under a scenario's weather; ``share`` None: what suits the weather."""
    chosen = share if share is not None else (NORMAL_SKY if normals else 1.0)
    return SolarFields(sites, weather, start, chosen, bridge=share)
