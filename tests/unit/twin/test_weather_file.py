"""Weather files: when their records are met, what is missing in them, and what is refused."""

from __future__ import annotations

import codecs
import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from epw import PLACE, header, record, series, write

from physics.psychrometrics import pressure_at_elevation
from twin.errors import InputError
from twin.weather import RecordedWeather
from twin.weather_file import WeatherFile, read_weather_file

NEW_YEAR = datetime(2026, 1, 1)


def hour_named(end: datetime) -> float:
    """The hour by which EPW names a record."""
    return float(end.hour or 24)


def own_day(end: datetime) -> float:
    """Month and day of the record, such as 3.01 for 1 March."""
    begin = end - timedelta(minutes=1)
    return begin.month + begin.day / 100


def dry_bulb(file: WeatherFile, moment: datetime) -> float:
    dry, wet, pressure = np.zeros(1), np.zeros(1), np.zeros(1)
    RecordedWeather(file, moment).at(0.0, dry, wet, pressure)
    return float(dry[0])


def day(tmp_path: Path, *changes: tuple[int, str, object], period: str = "1/ 1, 1/ 1") -> Path:
    """A day of records, some with columns changed: the number of the record, column, value."""
    rows = series(NEW_YEAR, 24, hour_named)
    for number, column, value in changes:
        end = NEW_YEAR + timedelta(hours=number + 1)
        rows[number] = record(end, dry=hour_named(end), **{column: value})
    return write(tmp_path / "day.epw", header(period=period), rows)


# --- when records are met -------------------------------------------------------------------------


def test_the_record_of_an_hour_is_met_at_that_hour(tmp_path: Path) -> None:
    file = read_weather_file(day(tmp_path))
    assert dry_bulb(file, NEW_YEAR.replace(hour=12)) == 12.0
    assert dry_bulb(file, NEW_YEAR.replace(hour=12, minute=30)) == pytest.approx(12.5)
    assert dry_bulb(file, datetime(2026, 1, 2)) == 24.0
    assert dry_bulb(file, NEW_YEAR) == 1.0  # the first record holds for the hour that it ends
    assert file.times.text() == "1 January 0:00 to 1 January 24:00"
    assert file.remarks == ()


@pytest.mark.parametrize("minute", [0, 30, 60])
def test_with_a_record_an_hour_the_minute_is_not_read(tmp_path: Path, minute: int) -> None:
    path = day(tmp_path, *((k, "c5", minute) for k in range(24)))
    assert dry_bulb(read_weather_file(path), NEW_YEAR.replace(hour=12)) == 12.0


@pytest.mark.parametrize(("year", "moment"), [(2024, 2024), (2024, 2026), (2023, 2026)])
def test_days_are_met_by_their_date_in_leap_years_and_others(
    tmp_path: Path, year: int, moment: int
) -> None:
    first = datetime(year, 1, 1)
    hours = int((datetime(year + 1, 1, 1) - first) / timedelta(hours=1))
    file = read_weather_file(write(tmp_path / "x.epw", header(), series(first, hours, own_day)))
    for month, date in ((1, 1), (2, 28), (3, 1), (12, 31)):
        noon = datetime(moment, month, date, 12)
        assert dry_bulb(file, noon) == pytest.approx(month + date / 100)
    assert file.times.periodic
    # the year goes round: before the first record stands the last
    assert dry_bulb(file, datetime(moment, 1, 1)) == pytest.approx(12.31)
    leap = dry_bulb(file, datetime(2028, 2, 29, 12))
    assert leap == pytest.approx(2.29 if year == 2024 else 2.28)


def test_a_typical_year_may_take_its_months_from_other_years(tmp_path: Path) -> None:
    rows = []
    for month in range(1, 13):
        first = datetime(2001 + 5 * month % 7, month, 1)
        days = 28 if month == 2 else (datetime(2026 + month // 12, month % 12 + 1, 1)
                                      - datetime(2026, month, 1)).days  # fmt: skip
        rows += series(first, days * 24, own_day)
    file = read_weather_file(write(tmp_path / "x.epw", header(), rows))
    assert len(rows) == 8760
    assert file.times.periodic
    assert dry_bulb(file, datetime(2026, 8, 15, 12)) == pytest.approx(8.15)


@pytest.mark.parametrize("begins", [False, True])
def test_several_records_an_hour(tmp_path: Path, begins: bool) -> None:
    value = lambda end: (end - timedelta(minutes=1)).hour + end.minute / 100  # noqa: E731
    rows = series(NEW_YEAR, 4 * 48, value, minutes=15)
    if begins:  # stamped by the beginning of their quarter
        cells = [row.split(",") for row in rows]
        rows = [",".join([*c[:4], str(int(c[4]) - 15), *c[5:]]) for c in cells]
    file = read_weather_file(write(tmp_path / "x.epw", header(per_hour=4, period="1/1,1/2"), rows))
    assert file.times.interval == 900.0
    assert dry_bulb(file, NEW_YEAR.replace(hour=12, minute=30)) == pytest.approx(12.30)
    assert dry_bulb(file, NEW_YEAR.replace(hour=12, minute=45)) == pytest.approx(12.45)
    assert file.times.text() == "1 January 0:00 to 2 January 24:00"


def test_a_part_of_a_year_holds_for_its_own_dates(tmp_path: Path) -> None:
    rows = series(datetime(2026, 7, 1), 31 * 24, own_day)
    path = write(tmp_path / "july.epw", header(period=" 7/ 1, 7/31"), rows)
    weather = RecordedWeather(read_weather_file(path), datetime(2030, 7, 31, 22))
    weather.require(7200.0)
    with pytest.raises(InputError, match="no records for the run") as caught:
        weather.require(7300.0)
    assert caught.value.found == "a run from 2030-07-31 22:00 to 2030-08-01 00:01"
    assert caught.value.allowed == "within 1 July 0:00 to 31 July 24:00"
    assert dry_bulb(weather.file, datetime(2030, 7, 15, 12)) == pytest.approx(7.15)
    assert math.isnan(dry_bulb(weather.file, datetime(2030, 8, 1, 0, 30)))
    assert weather.file.remarks == ()


def test_a_winter_goes_across_the_end_of_the_year(tmp_path: Path) -> None:
    rows = series(datetime(2025, 11, 1), 120 * 24, own_day)
    path = write(tmp_path / "winter.epw", header(period="11/ 1, 2/28"), rows)
    file = read_weather_file(path)
    assert file.times.text() == "1 November 0:00 to 28 February 24:00"
    for month, date in ((11, 1), (12, 31), (1, 1), (2, 28)):
        assert dry_bulb(file, datetime(2031, month, date, 12)) == pytest.approx(month + date / 100)
    assert math.isnan(dry_bulb(file, datetime(2031, 7, 1)))
    RecordedWeather(file, datetime(2031, 12, 20)).require(30 * 86400.0)
    with pytest.raises(InputError):
        RecordedWeather(file, datetime(2031, 2, 20)).require(10 * 86400.0)


def test_a_year_that_begins_in_july_is_a_whole_year(tmp_path: Path) -> None:
    rows = series(datetime(2025, 7, 1), 8760, own_day)
    file = read_weather_file(write(tmp_path / "x.epw", header(period=" 7/ 1, 6/30"), rows))
    assert file.times.periodic
    assert dry_bulb(file, datetime(2026, 6, 30, 12)) == pytest.approx(6.30)
    assert file.remarks == ()


def test_two_years_are_met_by_their_years(tmp_path: Path) -> None:
    rows = series(datetime(2023, 1, 1), 731 * 24, lambda end: (end - timedelta(hours=1)).year % 100)
    period = "1/ 1/2023,12/31/2024"
    file = read_weather_file(write(tmp_path / "x.epw", header(period=period), rows))
    assert [dry_bulb(file, datetime(year, 6, 1)) for year in (2023, 2024)] == [23.0, 24.0]
    with pytest.raises(InputError) as caught:
        RecordedWeather(file, datetime(2025, 6, 1)).require(0.0)
    assert caught.value.allowed == "within 1 January 2023 0:00 to 31 December 2024 24:00"


def test_several_periods_are_several_spans(tmp_path: Path) -> None:
    head = header()
    head[-1] = "DATA PERIODS,2,1,Winter,Sunday,1/1,1/31,Summer,Monday,7/1,7/31"
    rows = [*series(datetime(2026, 1, 1), 744), *series(datetime(2026, 7, 1), 744)]
    file = read_weather_file(write(tmp_path / "x.epw", head, rows))
    assert len(file.times.spans) == 2
    RecordedWeather(file, datetime(2026, 7, 10)).require(86400.0)
    with pytest.raises(InputError) as caught:
        RecordedWeather(file, datetime(2026, 1, 30)).require(7 * 86400.0)
    assert "31 January 24:00, 1 July 0:00" in caught.value.allowed
    with pytest.raises(InputError, match=r"missing for 3,6\d\d hours") as caught:
        read_weather_file(write(tmp_path / "y.epw", header(), rows))
    assert "1 period by the file's DATA PERIODS" in caught.value.allowed


def test_a_header_that_promises_more_than_the_records_is_told(tmp_path: Path) -> None:
    file = read_weather_file(day(tmp_path, period="1/ 1,12/31"))
    assert file.remarks == (
        "DATA PERIODS names 1/ 1 to 12/31, the records are of 1 January 0:00 to 1 January 24:00: "
        "the records hold",
    )


# --- what is read ---------------------------------------------------------------------------------


def test_letters_of_western_europe_marks_and_line_ends(tmp_path: Path) -> None:
    place = "Belém-Val.de.Cães,PA,BRA,test,821930,-1.38,-48.48,-3.0,16.0"
    text = "\r\n".join([*header(place), *series(NEW_YEAR, 24)]) + "\r\n"
    for data in (
        text.encode("latin-1"),
        text.encode("utf-8"),
        codecs.BOM_UTF8 + text.encode("utf-8"),
        text.encode("utf-16"),
        text.replace("\r\n", "\r").encode("cp1252"),
    ):
        path = tmp_path / "belem.epw"
        path.write_bytes(data)
        found = read_weather_file(path).place
        assert found.name == "Belém-Val.de.Cães"
        assert (found.latitude, found.longitude, found.elevation) == (-1.38, -48.48, 16.0)
        assert found.utc_offset == -3.0


def test_a_pressure_never_measured_is_the_standard_one_of_the_elevation(tmp_path: Path) -> None:
    place = PLACE.rpartition(",")[0] + ",1600.0"
    rows = series(NEW_YEAR, 24, c10=999999)
    file = read_weather_file(write(tmp_path / "x.epw", header(place, period="1/1,1/1"), rows))
    assert file.pressure == pytest.approx(pressure_at_elevation(1600.0))
    assert "the standard pressure of the file's elevation (1600 m) is taken" in file.remarks[0]


def test_a_humidity_never_measured_follows_from_the_dew_point(tmp_path: Path) -> None:
    rows = series(NEW_YEAR, 24, c8=9.3, c9=999)
    file = read_weather_file(write(tmp_path / "x.epw", header(period="1/1,1/1"), rows))
    assert file.humidity == pytest.approx(0.50, abs=0.002)  # 20 degC with a dew point of 9.3
    assert "relative humidity is missing in 24 of 24 records" in file.remarks[0]


def test_short_gaps_are_bridged_and_told(tmp_path: Path) -> None:
    marks = [(k, "c7", 99.9) for k in (10, 11, 12)]
    file = read_weather_file(day(tmp_path, *marks))
    assert dry_bulb(file, NEW_YEAR.replace(hour=12)) == pytest.approx(12.0)
    assert "dry bulb [degC] is missing in 3 of 24 records, at most 3 h" in file.remarks[0]
    blank = read_weather_file(day(tmp_path, (10, "c7", ""), (23, "c9", 999), (0, "c10", 999999)))
    assert len(blank.remarks) == 3
    assert dry_bulb(blank, NEW_YEAR.replace(hour=11)) == pytest.approx(11.0)


def test_records_left_out_are_a_gap(tmp_path: Path) -> None:
    rows = series(NEW_YEAR, 48, hour_named)
    path = write(tmp_path / "x.epw", header(period="1/1,1/2"), rows[:10], rows[13:])
    file = read_weather_file(path)
    assert dry_bulb(file, NEW_YEAR.replace(hour=12)) == pytest.approx(12.0)
    assert "dry bulb [degC] is missing in 3 of 48 records" in file.remarks[0]
    assert np.isnan(file.global_horizontal).sum() == 3


def test_irradiance_that_is_missing_stays_missing(tmp_path: Path) -> None:
    marks = [(12, "c14", 9999), (13, "c15", 9999), (14, "c16", -1), (15, "c22", 999)]
    file = read_weather_file(day(tmp_path, *marks))
    columns = (file.global_horizontal, file.direct_normal, file.diffuse_horizontal, file.wind)
    assert [int(np.flatnonzero(np.isnan(values))[0]) for values in columns] == [12, 13, 14, 15]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message", "found"),
    [
        ([(10, "c7", "warm")], r"dry bulb \[degC\] \(column 7\) is not a number", "warm"),
        ([(10, "c14", "1_000")], "global horizontal irradiance", "1_000"),
        ([(10, "c9", "nan")], r"relative humidity \[%\] \(column 9\) is not a number", "nan"),
        ([(10, "c7", 85.0)], r"dry bulb \[degC\] \(column 7\) cannot be", "85.0"),
        ([(10, "c7", -75)], "cannot be", "-75"),
        ([(10, "c9", 140)], "relative humidity .* cannot be", "140"),
        ([(10, "c10", 1010)], r"pressure \[Pa\] \(column 10\) cannot be", "1010"),
        ([(10, "c14", 5000)], "cannot be", "5000"),
        ([(10, "c8", 15.0)], "dew point .* lies above the dry bulb", "15 and 11 degC"),
        ([(10, "c2", 13)], "there is no such month", "2026-13-01 hour 11 minute 60"),
        ([(10, "c3", 32)], "there is no such day", "2026-01-32 hour 11 minute 60"),
        ([(10, "c4", 25)], "there is no such hour", "2026-01-01 hour 25 minute 60"),
        ([(10, "c4", "XI")], r"hour \(column 4\) is not a whole number", "XI"),
        ([(10, "c4", 10)], "repeats a time or goes back", "2026-01-01 hour 10 minute 60 after"),
        ([(10, "c4", 8)], "repeats a time or goes back", "2026-01-01 hour 8 minute 60 after"),
    ],
)
def test_a_record_that_cannot_be_is_one_message_with_its_line(
    tmp_path: Path, changes: list[tuple[int, str, object]], message: str, found: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_weather_file(day(tmp_path, *changes))
    assert caught.value.line == 19
    assert found in caught.value.found


def test_records_that_do_not_keep_the_records_an_hour_of_the_header(tmp_path: Path) -> None:
    quarters = series(NEW_YEAR, 96, minutes=15)
    with pytest.raises(InputError, match="repeats a time") as caught:
        read_weather_file(write(tmp_path / "x.epw", header(), quarters))
    assert "DATA PERIODS names 1 record an hour" in caught.value.allowed
    with pytest.raises(InputError, match="a minute that 6 records an hour do not have"):
        read_weather_file(write(tmp_path / "x.epw", header(per_hour=6), quarters))
    with pytest.raises(InputError, match="does not part it in whole minutes"):
        read_weather_file(write(tmp_path / "x.epw", header(per_hour=7), quarters))


def test_files_that_are_cut_or_no_weather(tmp_path: Path) -> None:
    def refused(text: str | bytes, message: str) -> InputError:
        path = tmp_path / "x.epw"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(InputError, match=message) as caught:
            read_weather_file(path)
        return caught.value

    with pytest.raises(InputError, match="not found"):
        read_weather_file(tmp_path / "none.epw")
    with pytest.raises(InputError, match="not found"):
        read_weather_file(tmp_path)
    whole = "\n".join([*header(), *series(NEW_YEAR, 24)]) + "\n"
    assert refused(whole[:-40], "wrong number of columns").line == 32
    refused("\n".join(header()), "holds no records")
    refused(whole.replace("DATA PERIODS", "DATES"), "DATA PERIODS is missing")
    refused(whole.partition("\n")[2], "does not begin with LOCATION")
    refused("", "does not begin with LOCATION")
    refused(b"\x89PNG\r\n\0\0\0", "bytes that are no text")
    refused("LOCATION," + "x" * 200_000, "cannot be read")
    assert refused(whole.replace("37.57", "north"), "latitude in the LOCATION line").line == 1
    refused(whole.replace("9.0,86.0", "90.0,86.0"), "UTC offset in the LOCATION line")
    refused(whole.replace(PLACE, "Somewhere"), "too few fields")
    refused(whole.replace("PERIODS,1,1", "PERIODS,one,1"), "does not tell periods")


def test_long_gaps_are_refused(tmp_path: Path) -> None:
    rows = series(NEW_YEAR, 96)
    rows[20:50] = series(NEW_YEAR + timedelta(hours=20), 30, c7=99.9)
    with pytest.raises(InputError, match="missing for 30 hours from 1 January 21:00 on"):
        read_weather_file(write(tmp_path / "x.epw", header(period="1/1,1/4"), rows))
    with pytest.raises(InputError, match="is missing in all records"):
        read_weather_file(write(tmp_path / "x.epw", header(), series(NEW_YEAR, 24, c7=99.9)))
