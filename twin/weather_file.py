"""EnergyPlus weather files (EPW): what is read, what is refused, what is said about them.

Format: EnergyPlus, Auxiliary Programs, "EnergyPlus Weather File (EPW) Data Dictionary". The record
of hour h is the reading at h:00; its irradiance is the mean of the time before. Values that the
format marks as missing are bridged where a day or less is missing in one piece, and said; a value
that is neither a mark nor possible is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from physics.factory.arrays import Floats
from physics.psychrometrics import pressure_at_elevation, saturation_pressure
from physics.weather_laws import fill_gaps
from twin.epw_text import NUMBER, Column, EpwText, read_text
from twin.errors import InputError
from twin.scenario import HIGHEST_DRY_BULB, LOWEST_DRY_BULB
from twin.weather_calendar import HOUR, LONGEST_GAP, RecordTimes, Stamps, record_times

SATURATED = 1.0  # K by which a file's dew point may lie above its dry bulb: rounding and fog
WIDEST_ZONE = 3.5  # h between legal and solar time, as in the west of China
DRY_BULB = Column(7, "dry bulb [degC]", LOWEST_DRY_BULB, HIGHEST_DRY_BULB, 99.9)
DEW_POINT = Column(8, "dew point [degC]", -90.0, 70.0, 99.9)
HUMIDITY = Column(9, "relative humidity [%]", 0.0, 110.0, 999.0)
PRESSURE = Column(10, "pressure [Pa]", 31_000.0, 120_000.0, 999_999.0)
IRRADIANCE = tuple(
    Column(number, f"{name} irradiance [W/m2]", 0.0, 2000.0, 9999.0, negative_is_missing=True)
    for number, name in ((14, "global horizontal"), (15, "direct normal"), (16, "diffuse"))
)
WIND = Column(22, "wind speed [m/s]", 0.0, 80.0, 999.0, negative_is_missing=True)


@dataclass(frozen=True)
class Place:
    """Where a weather file is of: degrees north and east, m, and hours ahead of UTC."""

    name: str
    latitude: float
    longitude: float
    elevation: float
    utc_offset: float


@dataclass(frozen=True, eq=False)
class WeatherFile:
    """The records of a weather file, in time.

    Attributes
    ----------
    times : when each is met, shape [slots]
    dry_bulb, humidity, pressure : degC, 0..1, Pa at that moment, without gaps, shape [slots]
    global_horizontal, direct_normal, diffuse_horizontal : W/m2, means of the time before; NaN where
        missing
    wind : m/s; NaN where missing
    remarks : what was missing and what was taken instead, for people
    """

    file: Path
    place: Place
    times: RecordTimes
    dry_bulb: Floats
    humidity: Floats
    pressure: Floats
    global_horizontal: Floats
    direct_normal: Floats
    diffuse_horizontal: Floats
    wind: Floats
    remarks: tuple[str, ...]


def read_weather_file(file: Path) -> WeatherFile:
    """Read an EPW file.

    Raises
    ------
    InputError : not found or not readable; no LOCATION or DATA PERIODS; a record with too few
        columns, with text for a number or with a value that cannot be; stamps that repeat, go back
        or leave out more than a day; a value missing for more than a day in one piece
    """
    text = read_text(file)
    place = _place(text)
    per_hour, periods, promised = _data_periods(text)
    stamps = Stamps(
        *(
            np.array(text.whole_numbers(number, name), dtype=np.int64)
            for number, name in enumerate(("year", "month", "day", "hour", "minute"), start=1)
        )
    )
    times = record_times(stamps, per_hour, periods, text.fail)
    remarks = [*_odd_clock(place), *_unkept(times, promised)]

    def placed(values: Floats) -> Floats:
        return np.where(times.rows >= 0, values[times.rows], math.nan)

    dry_bulb = text.numbers(DRY_BULB)
    humidity = _humidity(text, dry_bulb, remarks)
    pressure = text.numbers(PRESSURE)
    if np.isnan(pressure).all():
        standard = float(pressure_at_elevation(place.elevation))
        pressure[:] = standard
        remarks.append(
            "pressure is missing in all records: the standard pressure of the file's elevation "
            f"({place.elevation:g} m) is taken, {standard / 1000.0:.1f} kPa"
        )

    def whole(values: Floats, column: Column) -> Floats:
        return _bridged(file, times, placed(values), column, remarks)

    dry_bulb, humidity = whole(dry_bulb, DRY_BULB), whole(humidity, HUMIDITY)
    pressure = whole(pressure, PRESSURE)
    whole_sky, beam, diffuse = (placed(text.numbers(column)) for column in IRRADIANCE)
    wind = placed(text.numbers(WIND))
    return WeatherFile(
        file,
        place,
        times,
        dry_bulb,
        humidity,
        pressure,
        whole_sky,
        beam,
        diffuse,
        wind,
        tuple(remarks),
    )


def _place(text: EpwText) -> Place:
    line, cells = text.header["LOCATION"]
    names = ("latitude", "longitude", "UTC offset", "elevation")
    limits = ((-90.0, 90.0), (-180.0, 180.0), (-12.0, 14.0), (-1000.0, 9999.9))
    if len(cells) < 10:
        raise InputError(
            "the LOCATION line has too few fields",
            text.file,
            line,
            found=str(len(cells)),
            allowed="city, region, country, source, station, latitude, longitude, UTC offset, "
            "elevation",
        )
    values = []
    for name, (low, high), cell in zip(names, limits, cells[6:10], strict=True):
        number = cell.strip()
        if not NUMBER.fullmatch(number) or not low <= float(number) <= high:
            raise InputError(
                f"{name} in the LOCATION line is not a number in range",
                text.file,
                line,
                found=repr(number),
                allowed=f"{low:g} to {high:g}",
            )
        values.append(float(number))
    latitude, longitude, offset, elevation = values
    return Place(cells[1].strip() or text.file.name, latitude, longitude, elevation, offset)


Promised = tuple[str, tuple[int, int], tuple[int, int]] | None
"""What the header says the file is of: as it stands there, and month and day of both ends."""


def _data_periods(text: EpwText) -> tuple[int, int, Promised]:
    """Records an hour, number of periods, and what a single period promises."""
    line, cells = text.header["DATA PERIODS"]
    counts = [cell.strip() for cell in cells[1:3]]
    if len(counts) < 2 or not all(re.fullmatch(r"\d{1,4}", cell, re.ASCII) for cell in counts):
        raise InputError(
            "the DATA PERIODS line does not tell periods and records an hour",
            text.file,
            line,
            found=",".join(cells[:4]),
            allowed="DATA PERIODS,1,1,Data,Sunday,1/1,12/31",
        )
    periods, per_hour = (int(cell) for cell in counts)
    if per_hour < 1 or 60 % per_hour != 0 or periods < 1:
        raise InputError(
            "DATA PERIODS names a number of records an hour that does not part it in whole minutes"
            if periods
            else "DATA PERIODS names no period",
            text.file,
            line,
            found=",".join(cells[:4]),
            allowed="1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60 records an hour",
        )
    dates = [_date(cell) for cell in cells[5:7]]
    if periods > 1 or len(dates) < 2 or None in dates:
        return per_hour, periods, None
    first, last = dates
    assert first is not None
    assert last is not None
    return per_hour, periods, (f"{cells[5].strip()} to {cells[6].strip()}", first, last)


def _date(cell: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*(/\s*\d{1,4}\s*)?", cell, re.ASCII)
    return (int(match[1]), int(match[2])) if match else None


def _unkept(times: RecordTimes, promised: Promised) -> Sequence[str]:
    """What the header promises and the records do not keep."""
    if promised is None or times.dated:
        return ()
    text, first, last = promised
    if times.periodic:
        kept = (first, last) == ((1, 1), (12, 31)) or first > last
    else:
        kept = times.dates() == (first, last)
    if kept:
        return ()
    return (f"DATA PERIODS names {text}, the records are of {times.text()}: the records hold",)


def _odd_clock(place: Place) -> Sequence[str]:
    """Whether a file's clock is hours away from what its longitude tells."""
    off = (place.utc_offset - place.longitude / 15.0 + 12.0) % 24.0 - 12.0
    if abs(off) <= WIDEST_ZONE:
        return ()
    return (
        f"LOCATION names UTC{place.utc_offset:+g} at a longitude of {place.longitude:g} degrees, "
        f"{abs(off):.0f} h from the sun's time there",
    )


def _humidity(text: EpwText, dry_bulb: Floats, remarks: list[str]) -> Floats:
    """Relative humidity, 0..1, from the dew point where it is missing; NaN where both are.

    Raises InputError where the dew point lies above the dry bulb.
    """
    humidity, dew_point = text.numbers(HUMIDITY) / 100.0, text.numbers(DEW_POINT)
    wrong = np.flatnonzero(dew_point > dry_bulb + SATURATED)
    if wrong.size:
        first = int(wrong[0])
        raise text.fail(
            first,
            "the dew point (column 8) lies above the dry bulb (column 7)",
            f"{dew_point[first]:g} and {dry_bulb[first]:g} degC",
            "a dew point up to the dry bulb",
        )
    known = np.isnan(humidity) & np.isfinite(dew_point) & np.isfinite(dry_bulb)
    for i in np.flatnonzero(known).tolist():
        vapour = saturation_pressure(float(dew_point[i]))
        humidity[i] = vapour / saturation_pressure(float(dry_bulb[i]))
    if known.any():
        remarks.append(
            f"relative humidity is missing in {_of(known)}: it is computed from the dew point"
        )
    return np.minimum(humidity, 1.0)


def _bridged(
    file: Path, times: RecordTimes, values: Floats, column: Column, remarks: list[str]
) -> Floats:
    """A column without gaps; raises InputError where more than a day is missing in one piece."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    if missing.all():
        raise InputError(f"{column.name} (column {column.number}) is missing in all records", file)
    longest = round(LONGEST_GAP * HOUR / times.interval)
    filled = values.copy()
    most = 0
    for first, last in times.pieces():
        piece = filled[first:last]
        known = np.flatnonzero(np.isfinite(piece))
        gaps = np.diff(np.concatenate(([-1], known, [len(piece)]))) - 1
        most = max(most, int(gaps.max()))
        if most > longest:
            at = first + int(np.concatenate(([-1], known))[int(gaps.argmax())]) + 1
            raise InputError(
                f"{column.name} (column {column.number}) is missing for "
                f"{gaps.max() * times.interval / HOUR:,.0f} hours from "
                f"{times.moment_text(float(times.ends[at]))} on",
                file,
                allowed=f"gaps of at most {LONGEST_GAP} hours",
            )
        piece[: known[0]], piece[known[-1] + 1 :] = piece[known[0]], piece[known[-1]]
        filled[first:last] = fill_gaps(piece, longest)[0]
    remarks.append(
        f"{column.name} is missing in {_of(missing)}, at most "
        f"{most * times.interval / HOUR:g} h in one piece: a straight line bridges it"
    )
    return filled


def _of(which: np.typing.NDArray[np.bool_]) -> str:
    return f"{int(which.sum()):,} of {which.size:,} records"
