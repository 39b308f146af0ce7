"""What people should know about the weather of a run: another place, and what was missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from twin.plant.capacity import climates
from twin.weather_file import WeatherFile
from twin.weather_place import differences, offset_text, place_text

if TYPE_CHECKING:
    from twin.layout.models import Site
    from twin.plant import Plant
    from twin.scenario import Scenario

FILE, PLACE, SUN = "weather-file", "weather-place", "weather-sun"
KINDS = (FILE, PLACE, SUN)
"""Kinds of events about the weather's data."""

Note = tuple[str, str, str]
"""Path, kind and a sentence."""


def notes(plant: Plant, scenario: Scenario, file: WeatherFile | None) -> Iterator[Note]:
    """What is to be said at the start of a run.

    Parameters
    ----------
    file : the weather file, where the scenario has one
    """
    if file is not None:
        for remark in file.remarks:
            yield "/", FILE, f"{file.file.name}: {remark}"
    for s, site in enumerate(plant.sites):
        text = ""
        if file is not None:
            text = _of_file(site, file)
        elif scenario.weather.kind in ("normals", "design-day"):
            text = of_climate(site)
        if text:
            yield plant.levels.path("site", s), PLACE, text


def of_climate(site: Site) -> str:
    """Why a site's bundled weather is of another place; empty where it is not."""
    climate = climates().get(site.location.weather)
    if climate is None:
        return ""
    apart = differences(site.location, climate)
    if not apart:
        return ""
    return (
        f"its weather is of {climate.title} ({place_text(climate)}), {', '.join(apart)}; the site "
        f"is at {place_text(site.location)}"
    )


def _of_file(site: Site, file: WeatherFile) -> str:
    """Why a weather file is of another place than a site; empty where it is not."""
    place, location = file.place, site.location
    apart = differences(location, place)
    offset = location.utc_offset
    if offset is not None and abs(offset - place.utc_offset) > 0.01:
        apart.append(
            f"its clock is at {offset_text(place.utc_offset)}, the site's at {offset_text(offset)}"
        )
    if not apart:
        return ""
    text = (
        f"{file.file.name} is of {place.name} ({place_text(place)}), {', '.join(apart)}; the site "
        f"is at {place_text(location)}; the file's hours are taken as the site's"
    )
    if site.solar is not None:
        text += ", and photovoltaic power is what the field would give where the file is of"
    return text
