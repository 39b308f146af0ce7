"""Whether weather is of the place where it is used."""

from __future__ import annotations

import math
from typing import Protocol

EARTH_RADIUS = 6371.0  # km, mean
FAR = 100.0  # km from which weather is of another place
HIGHER = 150.0  # m: 1.8 % of pressure, about 1 K


class OnEarth(Protocol):
    """Anything with a place: degrees north and east, m above the sea."""

    @property
    def latitude(self) -> float:
        """Degrees north."""

    @property
    def longitude(self) -> float:
        """Degrees east."""

    @property
    def elevation(self) -> float:
        """Metres above the sea."""


def distance(one: OnEarth, other: OnEarth) -> float:
    """Way along the earth between two places [km], by the haversine formula on a sphere."""
    north, other_north = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    share = (
        math.sin((other_north - north) / 2.0) ** 2
        + math.cos(north) * math.cos(other_north) * math.sin(east / 2.0) ** 2
    )
    return 2.0 * EARTH_RADIUS * math.asin(math.sqrt(min(share, 1.0)))


def place_text(place: OnEarth) -> str:
    """A place for people, such as ``37.57 N, 126.97 E, 86 m``."""
    north = "N" if place.latitude >= 0.0 else "S"
    east = "E" if place.longitude >= 0.0 else "W"
    return (
        f"{abs(place.latitude):.2f} {north}, {abs(place.longitude):.2f} {east}, "
        f"{place.elevation:.0f} m"
    )


def offset_text(hours: float) -> str:
    """A clock's offset for people, such as ``UTC+9`` or ``UTC-3:30``."""
    minutes = round(abs(hours) * 60.0)
    sign = "-" if hours < 0.0 else "+"
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02d}" if minutes % 60 else "")


def differences(site: OnEarth, weather: OnEarth) -> list[str]:
    """How the place of some weather differs from a site's, for people; empty where it does not."""
    found = []
    way = distance(site, weather)
    if way > FAR:
        found.append(f"{way:,.0f} km away")
    if site.latitude * weather.latitude < 0.0 and way > FAR:
        found.append("on the other half of the earth with opposite seasons")
    climb = weather.elevation - site.elevation
    if abs(climb) > HIGHER:
        found.append(f"{abs(climb):,.0f} m {'higher' if climb > 0.0 else 'lower'}")
    return found
