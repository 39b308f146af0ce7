"""Dates and times people write: which forms are taken, and on whose clock they stand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from small_layout import changed, plant_of

from twin.clock import Clock, parse_day, parse_moment
from twin.errors import InputError
from twin.factory import Factory
from twin.scenario import Scenario
from twin.simulation import Simulation
from twin.workload.spec import Series

SEOUL = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-01", datetime(2026, 8, 1)),
        ("2026-08-01 14:00", datetime(2026, 8, 1, 14)),
        ("2026-08-01T14:00:30.5", datetime(2026, 8, 1, 14, 0, 30, 500_000)),
        ("2026-08-01T05:00:00Z", datetime(2026, 8, 1, 14, tzinfo=SEOUL)),
        ("2026-08-01 05:00 UTC", datetime(2026, 8, 1, 14, tzinfo=SEOUL)),
        ("2026-08-01T14:00:00+09:00", datetime(2026, 8, 1, 14, tzinfo=SEOUL)),
        ("2026-07-31T20:00-0900", datetime(2026, 8, 1, 14, tzinfo=SEOUL)),
    ],
)
def test_forms_of_dates_and_times(text: str, expected: datetime) -> None:
    found = parse_moment(text)
    assert (found.tzinfo is None) == (expected.tzinfo is None)
    assert found == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("01/08/2026 14:00", "which is the day"),
        (1_785_560_400, "write 2026-08-01T05:00:00Z"),
        ("1785560400000", "milliseconds since 1970, write 2026-08-01T05:00:00Z"),
        (5, "a number is not a date"),
        ("2026-02-30", "day is out of range"),
        ("2026-08-01T14:00+25:00", "no offset"),
        ("0001-01-01", "1900 to 2200"),
        ("tomorrow", "is not a date and time of the form"),
        (True, "is not a date and time of the form"),
        ("\uff12026-08-01", "is not a date and time of the form"),
    ],
)
def test_other_forms_are_refused_with_what_to_write(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_moment(value)


def test_days_have_no_time_of_day() -> None:
    assert parse_day("2026-08-01").isoformat() == "2026-08-01"
    for value in ("2026-08-01T00:00", 1_785_542_400, datetime(2026, 8, 1)):
        with pytest.raises(ValueError, match="not a date"):
            parse_day(value)


def test_a_moment_is_converted_to_the_clock_it_meets() -> None:
    clock = Clock(datetime(2026, 8, 1, 14), 9.0)
    moment = parse_moment("2026-08-01T05:00Z")
    assert clock.local(moment) == datetime(2026, 8, 1, 14)
    assert clock.local(datetime(2026, 8, 1, 3)) == datetime(2026, 8, 1, 3)
    assert clock.name == "the site's clock (UTC+09:00)"
    with pytest.raises(InputError, match="does not say that of its clock") as caught:
        Clock(datetime(2026, 8, 1, 14), None).local(moment)
    assert "utc_offset" in caught.value.allowed


@pytest.mark.parametrize("start", ["2026-08-01T05:00:00Z", "2026-08-01T14:00:00+09:00"])
def test_a_start_with_an_offset_is_that_moment_on_the_sites_clock(
    pilot: Factory, start: str
) -> None:
    plain = pilot.simulation(Scenario.model_validate({"start": "2026-08-01T14:00"}))
    other = pilot.simulation(Scenario.model_validate({"start": start}))
    assert other.scenario.start == datetime(2026, 8, 1, 14)
    assert other.scenario.start.tzinfo is None
    assert other.digest() == plain.digest()


def test_the_sun_knows_no_midnight_noon() -> None:
    """A field of 500 kW at midnight of its own clock, whichever way that is written."""
    solar = ("sites.0.solar", {"peak_power": "500 kW"})
    plant = plant_of(changed(("sites.0.location.utc_offset", 9), solar))
    power = {}
    for start in ("2026-08-01T00:00:00+09:00", "2026-07-31T15:00:00Z", "2026-08-01T12:00+09:00"):
        simulation = Simulation(plant, Scenario.model_validate({"start": start}))
        power[start] = float(simulation.state.view.site.solar_power[0])
    assert list(power.values())[:2] == [0.0, 0.0]
    assert power["2026-08-01T12:00+09:00"] > 100e3


def test_an_offset_needs_a_clock_that_has_one() -> None:
    plant = plant_of(changed(("sites.0.location.utc_offset", None)))
    with pytest.raises(InputError, match="the layout does not say") as caught:
        Simulation(plant, Scenario.model_validate({"start": "2026-08-01T05:00:00Z"}))
    assert caught.value.key == "start"


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("2026-08-01T14:00", datetime(2026, 8, 1, 14)),
        ("2 h", 7200.0),
        ("90 s", 90.0),
    ],
)
def test_a_beginning_is_a_date_or_a_duration(first: str, expected: Any) -> None:
    series = Series.model_validate({"file": "x.csv", "quantity": "power", "value": "p",
                                    "first": first})  # fmt: skip
    assert series.first == expected


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("first", "soon", "neither a date and time nor a duration"),
        ("first", "01/08/2026", "which is the day"),
        ("first", 5, "has no unit"),
        ("timezone", "Asia/Seol", "did you mean Asia/Seoul"),
        ("timezone", "../etc", "unknown time zone"),
    ],
)
def test_keys_of_times_are_checked(key: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Series.model_validate({"file": "x.csv", "quantity": "power", "value": "p", key: value})
