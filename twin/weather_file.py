"""EnergyPlus weather files (EPW): what is read, what is refused, what is said about them.

Format: EnergyPlus, Auxiliary Programs, "EnergyPlus Weather File (EPW) Data Dictionary". The record
of hour h is the reading at h:00; its irradiance is the mean of the time before. Values that the
format marks as missing are bridged where a day or less is missing in one piece, and said; a value
that is neither a mark nor possible is refused.
"""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from physics.factory.arrays import Floats
from physics.psychrometrics import pressure_at_elevation, saturation_pressure
from physics.weather_laws import fill_gaps
from twin.errors import InputError
from twin.weather_calendar import HOUR, LONGEST_GAP, RecordTimes, Stamps, record_times

MOST_BYTES = 256 * 2**20
MOST_HEADER_LINES = 64
LOWEST_DRY_BULB, HIGHEST_DRY_BULB = -70.0, 70.0  # degC, of the format
SATURATED = 1.0  # K by which a file's dew point may lie above its dry bulb: rounding and fog
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_FEWEST_COLUMNS, _MOST_COLUMNS = 32, 35  # the last three came later


@dataclass(frozen=True)
class Column:
    """A column of numbers: from 1, name for people, possible values, and from where on a value is
    the format's mark of a missing one."""

    number: int
    name: str
    low: float
    high: float
    missing: float


DRY_BULB = Column(7, "dry bulb [degC]", LOWEST_DRY_BULB, HIGHEST_DRY_BULB, 99.9)
DEW_POINT = Column(8, "dew point [degC]", -90.0, 70.0, 99.9)
HUMIDITY = Column(9, "relative humidity [%]", 0.0, 110.0, 999.0)
PRESSURE = Column(10, "pressure [Pa]", 31_000.0, 120_000.0, 999_999.0)
IRRADIANCE = tuple(
    Column(number, f"{name} irradiance [W/m2]", 0.0, 2000.0, 9999.0)
    for number, name in ((14, "global horizontal"), (15, "direct normal"), (16, "diffuse"))
)
WIND = Column(22, "wind speed [m/s]", 0.0, 80.0, 999.0)


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


@dataclass(frozen=True)
class _Text:
    """Header and records of a file as text; ``first`` is the line of the first record."""

    file: Path
    header: dict[str, tuple[int, list[str]]]
    rows: list[list[str]]
    lines: list[int]

    def fail(self, row: int, message: str, found: str = "", allowed: str = "") -> InputError:
        """The error about a record."""
        return InputError(message, self.file, self.lines[row], found=found, allowed=allowed)

    def numbers(self, column: Column) -> Floats:
        """A column, NaN where missing.

        Raises InputError for text that is no number, and for a value that cannot be.
        """
        values = np.empty(len(self.rows))
        at = column.number - 1
        for i, row in enumerate(self.rows):
            text = row[at].strip()
            if not text:
                values[i] = math.nan
            elif _NUMBER.fullmatch(text):
                values[i] = float(text)
            else:
                raise self._wrong(i, column, "is not a number", text)
        values[values >= column.missing] = math.nan
        if column in IRRADIANCE or column is WIND:
            values[values < 0.0] = math.nan  # marks of other formats, and sensors' offset at night
        wrong = np.flatnonzero((values < column.low) | (values > column.high))
        if wrong.size:
            first = int(wrong[0])
            raise self._wrong(first, column, "cannot be", self.rows[first][at].strip())
        return values

    def whole_numbers(self, number: int, name: str) -> list[int]:
        """A column of the stamps."""
        found = []
        for i, row in enumerate(self.rows):
            text = row[number - 1].strip()
            if not re.fullmatch(r"\d{1,4}(\.0*)?", text, re.ASCII):
                raise self.fail(
                    i, f"{name} (column {number}) is not a whole number", text, "such as 1"
                )
            found.append(int(text.partition(".")[0]))
        return found

    def _wrong(self, row: int, column: Column, why: str, found: str) -> InputError:
        return self.fail(
            row,
            f"{column.name} (column {column.number}) {why}",
            found,
            f"{column.low:g} to {column.high:g}, or {column.missing:g} where missing",
        )


def read_weather_file(file: Path) -> WeatherFile:
    """Read an EPW file.

    Raises
    ------
    InputError : not found or not readable; no LOCATION or DATA PERIODS; a record with too few
        columns, with text for a number or with a value that cannot be; stamps that repeat, go back
        or leave out more than a day; a value missing for more than a day in one piece
    """
    text = _parted(file, _decoded(file))
    place = _place(text)
    per_hour, periods, promised = _data_periods(text)
    stamps = Stamps(
        *(
            np.array(text.whole_numbers(number, name), dtype=np.int64)
            for number, name in enumerate(("year", "month", "day", "hour", "minute"), start=1)
        )
    )
    times = record_times(stamps, per_hour, periods, text.fail)
    remarks = list(_unkept(times, promised))

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
    columns = [
        _bridged(file, times, placed(values), column, remarks)
        for values, column in ((dry_bulb, DRY_BULB), (humidity, HUMIDITY), (pressure, PRESSURE))
    ]
    sun = [placed(text.numbers(column)) for column in IRRADIANCE]
    return WeatherFile(
        file, place, times, *columns, *sun, placed(text.numbers(WIND)), remarks=tuple(remarks)
    )


def _decoded(file: Path) -> str:
    """The text of a file: UTF-8 or UTF-16 with or without a mark, else Windows' Latin letters."""
    if not file.is_file():
        raise InputError("weather file not found", file)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InputError(
                "weather file is too large",
                file,
                found=f"{file.stat().st_size / 2**20:,.0f} MiB",
                allowed=f"at most {MOST_BYTES // 2**20} MiB",
            )
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"weather file cannot be read: {error.strerror}", file) from None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise InputError("not a weather file: it holds bytes that are no text", file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _parted(file: Path, text: str) -> _Text:
    """Header lines by their first word, and the records; raises InputError for what is no EPW."""
    lines = re.split(r"\r\n|\r|\n", text)
    header: dict[str, tuple[int, list[str]]] = {}
    first = 0
    for number, line in enumerate(lines[:MOST_HEADER_LINES], start=1):
        try:
            cells = next(csv.reader([line]), [])
        except csv.Error as error:
            raise InputError(f"a header line cannot be read: {error}", file, number) from None
        word = cells[0].strip().upper() if cells else ""
        if number == 1 and word != "LOCATION":
            raise InputError(
                "not an EPW file: it does not begin with LOCATION",
                file,
                1,
                found=repr(line[:60]),
                allowed="LOCATION,<city>,... in the first line",
            )
        header[word] = (number, cells)
        if word == "DATA PERIODS":
            first = number
            break
    if not first:
        raise InputError(
            "not an EPW file: the header line DATA PERIODS is missing",
            file,
            allowed="DATA PERIODS,<periods>,<records an hour>,... before the records",
        )
    rows, numbers = [], []
    for number, line in enumerate(lines[first:], start=first + 1):
        if not line.strip():
            continue
        cells = line.rstrip().rstrip(",").split(",")
        if not _FEWEST_COLUMNS <= len(cells) <= _MOST_COLUMNS:
            raise InputError(
                "a weather record has the wrong number of columns",
                file,
                number,
                found=str(len(cells)),
                allowed=f"{_FEWEST_COLUMNS} to {_MOST_COLUMNS}, as all EPW records have",
            )
        rows.append(cells)
        numbers.append(number)
    if not rows:
        raise InputError("the weather file holds no records", file)
    return _Text(file, header, rows, numbers)


def _place(text: _Text) -> Place:
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
        if not _NUMBER.fullmatch(number) or not low <= float(number) <= high:
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


def _data_periods(text: _Text) -> tuple[int, int, Promised]:
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


def _humidity(text: _Text, dry_bulb: Floats, remarks: list[str]) -> Floats:
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
        raise InputError(
            f"{column.name} (column {column.number}) is missing in all records", file
        )
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
