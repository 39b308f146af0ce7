"""What photovoltaic fields give under the weather of a scenario, by pvlib.

Sun position by NREL's algorithm, irradiance on the modules by Hay and Davies, reflection of the
glass by Fresnel, cell temperature by Faiman, modules and inverters by PVWatts 5. Only layouts with
a field load pvlib. A day's profile is made when it is first asked for; between its points power is
linear.

Weather files bring global, direct and diffuse irradiance and wind. Other weather has the clear sky
of Haurwitz times the scenario's ``sky``, parted by Erbs, and a wind of 1 m/s.
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

CLEAR_SKY_POINTS = 96
"""Points a day where irradiance is of a clear sky."""
NORMAL_SKY = 0.68
"""Mean share of clear-sky irradiation in the Korean year, engineering estimate: some 4.0 kWh/m2 a
day on the horizontal, of 5.9 under skies that are always clear."""
WIND = 1.0
"""m/s on the modules where the weather does not tell."""


@dataclass(frozen=True)
class Sky:
    """Irradiance on the ground [W/m2] and wind [m/s] at hours of the year, shape [hours].

    Each value is the mean of the hour that begins at its index; hour 0 is 1 January 0:00.
    """

    global_horizontal: Floats
    direct_normal: Floats
    diffuse_horizontal: Floats
    wind: Floats
    utc_offset: float


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


def sun(site: Site, times: Sequence[datetime], offset: float) -> Any:
    """Apparent zenith and azimuth [deg] of the sun at local times, as pvlib's table."""
    import pandas
    from pvlib.solarposition import get_solarposition

    stamps = pandas.DatetimeIndex([t - timedelta(hours=offset) for t in times], tz="UTC")
    place = site.location
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


def field_power(solar: Solar, position: Any, light: Sunlight, dry_bulb: Floats) -> Floats:
    """Power of a field at the site's bus [W] at moments, shape [moments].

    Parameters
    ----------
    position : of the sun, by :func:`sun`
    dry_bulb : degC, shape [moments]
    """
    from pvlib import iam, inverter, irradiance, pvsystem, temperature

    zenith, azimuth = position["apparent_zenith"], position["azimuth"]
    plane = irradiance.get_total_irradiance(
        solar.tilt, solar.azimuth, zenith, azimuth, light.direct_normal, light.global_horizontal,
        light.diffuse_horizontal, dni_extra=irradiance.get_extra_radiation(position.index),
        albedo=solar.albedo, model="haydavies",
    )  # fmt: skip
    angle = irradiance.aoi(solar.tilt, solar.azimuth, zenith, azimuth)
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


class SolarFields:
    """Power of every site's field through a scenario.

    Parameters
    ----------
    sites : of the plant, in order
    weather : of the scenario
    start : local date and time of the simulation's start
    share : of the clear sky's irradiance, where the weather has none of its own
    """

    def __init__(self, sites: Sequence[Site], weather: Weather, start: datetime, share: float):
        self.sites, self.weather, self.start, self.share = tuple(sites), weather, start, share
        self._day = functools.lru_cache(maxsize=32)(self._profile)

    @property
    def any(self) -> bool:
        """Whether a site has a field."""
        return any(site.solar is not None for site in self.sites)

    def at(self, time: float) -> Floats:
        """Power of every site's field [W] so many seconds after the start, shape [sites]."""
        now = self.start + timedelta(seconds=time)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        hour = (now - midnight).total_seconds() / 3600.0
        power = np.zeros(len(self.sites))
        for s, site in enumerate(self.sites):
            if site.solar is not None:
                hours, values = self._day(s, midnight)
                power[s] = np.interp(hour, hours, values)
        return power

    def _profile(self, s: int, midnight: datetime) -> tuple[Floats, Floats]:
        site = self.sites[s]
        assert site.solar is not None
        sky = getattr(self.weather, "sky", None)
        if sky is None:
            hours = np.linspace(0.0, 24.0, CLEAR_SKY_POINTS + 1)
        else:  # the middle of each hour, and of those before and after the day
            hours = np.arange(-0.5, 25.0)
        times = [midnight + timedelta(hours=float(hour)) for hour in hours]
        if sky is None:
            position = sun(site, times, utc_offset(site))
            light = clear_sunlight(position, self.share)
        else:
            position = sun(site, times, sky.utc_offset)
            light = _recorded(sky, times)
        return hours, field_power(site.solar, position, light, self._dry_bulb(s, times))

    def _dry_bulb(self, s: int, times: Sequence[datetime]) -> Floats:
        count = len(self.sites)
        dry, wet, pressure = np.empty(count), np.empty(count), np.empty(count)
        found = np.empty(len(times))
        for k, moment in enumerate(times):
            self.weather.at((moment - self.start).total_seconds(), dry, wet, pressure)
            found[k] = dry[s]
        return found


def _recorded(sky: Sky, times: Sequence[datetime]) -> Sunlight:
    from twin.weather import day_and_hour

    rows = []
    for moment in times:
        day, hour = day_and_hour(moment, 0.0)
        rows.append(int(day // 1 * 24 + hour) % len(sky.wind))
    at = np.array(rows)
    return Sunlight(
        sky.global_horizontal[at], sky.direct_normal[at], sky.diffuse_horizontal[at], sky.wind[at]
    )


def solar_for(
    sites: Sequence[Site], weather: Weather, start: datetime, share: float | None, normals: bool
) -> SolarFields:
    """The fields of sites under a scenario's weather; ``share`` None: what suits the weather."""
    chosen = share if share is not None else (NORMAL_SKY if normals else 1.0)
    return SolarFields(sites, weather, start, chosen)
