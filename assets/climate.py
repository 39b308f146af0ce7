"""Monthly climate and design conditions of sites, from the files in the weather folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.locations import WEATHER_FOLDER

MONTHS = 12
Monthly = tuple[float, ...]


@dataclass(frozen=True)
class DesignConditions:
    """Extreme outdoor conditions to size equipment for [degC].

    cooling_dry_bulb is exceeded in 0.4 % of the hours, with cooling_wet_bulb on average at the same
    time; evaporation_wet_bulb is exceeded in 0.4 % of the hours, heating_dry_bulb in 99.6 %.
    extreme_dry_bulb is the highest of 20 years, None where unknown.
    """

    cooling_dry_bulb: float
    cooling_wet_bulb: float
    evaporation_wet_bulb: float
    heating_dry_bulb: float
    extreme_dry_bulb: float | None
    source: str
    mark: str


@dataclass(frozen=True)
class Climate:
    """Monthly normals of a site, January first.

    Dry bulb in degC: mean of all hours, mean of the daily highest and of the daily lowest;
    relative humidity 0..1; station pressure in Pa. latitude and longitude in degrees, elevation
    of the station in m.
    """

    id: str
    title: str
    latitude: float
    longitude: float
    elevation: float
    mean: Monthly
    daily_maximum: Monthly
    daily_minimum: Monthly
    relative_humidity: Monthly
    pressure: Monthly
    design: DesignConditions
    source: str
    mark: str


def load_climates(folder: Path = WEATHER_FOLDER) -> dict[str, Climate]:
    """Read every ``*.toml`` of a folder; the weather id is the table's name.

    Raises
    ------
    ValueError : names file and key: missing key, not twelve months, impossible value, id twice
    """
    climates: dict[str, Climate] = {}
    for file in sorted(folder.glob("*.toml")):
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{file}: not valid TOML: {error}") from None
        sources = data.pop("sources", {})
        for name, table in data.items():
            if name in climates:
                raise ValueError(f"{file}: weather id used twice: {name}")
            climates[name] = _climate(name, table, sources, file)
    return climates


def _climate(
    name: str, table: Mapping[str, Any], sources: Mapping[str, str], file: Path
) -> Climate:
    def take(key: str, of: Mapping[str, Any] = table, where: str = name) -> Any:
        if key not in of:
            raise ValueError(f"{file}: a required key is missing: {where}.{key}")
        return of[key]

    def monthly(key: str, low: float, high: float, factor: float = 1.0) -> Monthly:
        values = take(key)
        if not isinstance(values, list) or len(values) != MONTHS:
            raise ValueError(f"{file}: {name}.{key} needs twelve values")
        for value in values:
            if not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{file}: {name}.{key}: {value!r} is not in {low:g}..{high:g}")
        return tuple(float(value) * factor for value in values)

    def origin(of: Mapping[str, Any], where: str) -> tuple[str, str]:
        key, mark = take("source", of, where), take("mark", of, where)
        if key not in sources or mark not in ("A", "B", "C"):
            raise ValueError(f"{file}: {where}: source must be a key of [sources], mark A, B or C")
        return sources[key], mark

    mean, highest, lowest = (
        monthly(key, -60.0, 60.0) for key in ("mean", "daily_maximum", "daily_minimum")
    )
    for month, values in enumerate(zip(lowest, mean, highest, strict=True), start=1):
        if list(values) != sorted(values):
            raise ValueError(f"{file}: {name}: in month {month} minimum, mean, maximum do not rise")
    design, place = take("design"), f"{name}.design"
    source, mark = origin(table, name)
    design_source, design_mark = origin(design, place)
    return Climate(
        id=name,
        title=str(take("title")),
        latitude=float(take("latitude")),
        longitude=float(take("longitude")),
        elevation=float(take("elevation")),
        mean=mean,
        daily_maximum=highest,
        daily_minimum=lowest,
        relative_humidity=monthly("relative_humidity", 1.0, 100.0, 0.01),
        pressure=monthly("pressure", 500.0, 1100.0, 100.0),
        design=DesignConditions(
            cooling_dry_bulb=float(take("cooling_dry_bulb", design, place)),
            cooling_wet_bulb=float(take("cooling_wet_bulb", design, place)),
            evaporation_wet_bulb=float(take("evaporation_wet_bulb", design, place)),
            heating_dry_bulb=float(take("heating_dry_bulb", design, place)),
            extreme_dry_bulb=design.get("extreme_dry_bulb"),
            source=design_source,
            mark=design_mark,
        ),
        source=source,
        mark=mark,
    )
