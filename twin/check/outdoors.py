"""Checks of what a site takes from outdoors: its weather, and where its modules face."""

from __future__ import annotations

from collections.abc import Iterator

from twin.check.finding import Check, Finding, Subject
from twin.weather_notes import of_climate


def check_weather_place(subject: Subject) -> Iterator[Finding]:
    """Sites whose bundled weather is of another place."""
    for s, site in enumerate(subject.plant.sites):
        text = of_climate(site)
        if text:
            yield Finding(
                "warning",
                subject.path("site", s),
                text,
                "location.weather of a place nearby; where there is none, a weather file of the "
                "place in the scenario (weather: {kind: epw, file: ...})",
                "weather-place",
            )


def check_azimuth(subject: Subject) -> Iterator[Finding]:
    """Photovoltaic fields that face the pole."""
    for s, site in enumerate(subject.plant.sites):
        if site.solar is None or site.solar.azimuth is None or site.solar.tilt == 0.0:
            continue
        north = site.location.latitude >= 0.0
        pole, equator = (0.0, 180.0) if north else (180.0, 0.0)
        away = abs((site.solar.azimuth - pole + 180.0) % 360.0 - 180.0)
        if away < 90.0 - 1e-6:
            side = "northern" if north else "southern"
            yield Finding(
                "warning",
                subject.path("site", s),
                f"its photovoltaic field at an azimuth of {site.solar.azimuth:g} deg faces the "
                f"pole, at {abs(site.location.latitude):.2f} degrees on the {side} half of the "
                "earth",
                f"solar.azimuth: {equator:g} deg, or leave it out: it then faces the equator",
                "azimuth",
            )


OUTDOOR_CHECKS: tuple[Check, ...] = (check_weather_place, check_azimuth)
