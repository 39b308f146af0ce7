"""Times in tables: stamps, numbers since 1970, zones, clocks that change, spans."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from twin.clock import Clock
from twin.errors import InputError
from twin.tabular.span import refuse_outside
from twin.tabular.stamps import Times, times_of
from twin.tabular.table import Column
from twin.workload.spec import Series

CLOCK = Clock(datetime(2026, 8, 1, 14, 0), 9.0)
EPOCH = 1_785_560_400  # 2026-08-01 05:00 in Greenwich, 14:00 in Seoul


def column(cells: list[Any], name: str = "time", dtype: Any = None) -> Column:
    series = pandas.Series(cells, dtype=dtype or object)
    return Column(Path("t.csv"), name, series, np.arange(2, 2 + len(cells)))


def times(cells: list[Any], clock: Clock = CLOCK, name: str = "time", **keys: Any) -> Times:
    spec = Series.model_validate({"file": "t.csv", "quantity": "power", "value": "p", **keys})
    return times_of(column(cells, name), spec, clock)


@pytest.mark.parametrize(
    ("cells", "keys", "expected"),
    [
        ([0, 60, 120], {}, [0, 60, 120]),
        (["0", "60.5"], {}, [0, 60.5]),
        (["0", "60000"], {"time_unit": "ms"}, [0, 60]),
        (["7200", "7260"], {"first": "2 h"}, [0, 60]),
        (["2026-08-01T14:00:00", "2026-08-01 14:01"], {}, [0, 60]),
        (["2026/08/01 14:00:00.000", "2026/08/01 14:00:01.500"], {}, [0, 1.5]),
        (["2026-08-01 14:00:00,250"], {}, [0.25]),
        (["20260801T140100"], {}, [60]),
        (["2026/8/1 14:01:00", "2026.08.01 14:02"], {}, [60, 120]),
        (["2026-08-01 2:01:00 PM", "2026-08-01 12:00:00 am"], {}, [60, -50_400]),
        (["2026-08-01 05:00:00 UTC", "2026-08-01 05:01:00 UTC"], {}, [0, 60]),
        (["2026-08-01T05:00:00Z", "2026-08-01T05:00:30Z"], {}, [0, 30]),
        (["2026-08-01T14:00:00+09:00", "2026-08-01 15:00:30 +10:00"], {}, [0, 30]),
        (["2026-08-01T05:00:00Z"], {"timezone": "Asia/Seoul"}, [0]),
        (["2026-08-01T05:00:00"], {"timezone": "UTC"}, [0]),
        (["2026-08-01T07:00:00"], {"timezone": "Europe/Paris"}, [0]),
        (["01/08/2026 14:01"], {"time_format": "%d/%m/%Y %H:%M"}, [60]),
        (["08/01/2026 02:01:00 PM"], {"time_format": "%m/%d/%Y %I:%M:%S %p"}, [60]),
        (["20260801140100"], {"time_format": "%Y%m%d%H%M%S"}, [60]),
        (["2026/08/01 14:01:00 +0900"], {"time_format": "%Y/%m/%d %H:%M:%S %z"}, [60]),
        (["2026/8/1 2:01:00 PM +09:00"], {"time_format": "%Y/%m/%d %I:%M:%S %p %z"}, [60]),
        (["01/08/2026 05:01 UTC"], {"time_format": "%d/%m/%Y %H:%M %Z"}, [60]),
        ([EPOCH, EPOCH + 60], {}, [0, 60]),
        ([f"{EPOCH}.5"], {}, [0.5]),
        ([EPOCH * 1000, EPOCH * 1000 + 500], {}, [0, 0.5]),
        ([EPOCH * 10**6], {}, [0]),
        ([EPOCH * 10**9 + 10**9], {}, [1]),
        ([EPOCH], {"timezone": "Asia/Seoul", "time_unit": "s"}, [0]),
        (["2024-05-12 00:00:01Z"], {"first": "2024-05-12T00:00:00Z"}, [1]),
        (["2024-05-12 00:00:01"], {"first": "2024-05-12"}, [1]),
        (["2024-05-12 00:00:01"], {"first": "2024-05-12", "timezone": "Europe/Paris"}, [1]),
    ],
)
def test_times_count_from_the_start_on_the_sites_clock(
    cells: list[Any], keys: dict[str, Any], expected: list[float]
) -> None:
    np.testing.assert_allclose(times(cells, **keys).seconds, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("cells", "name", "keys", "message", "line", "lead"),
    [
        (["2026-08-01T05:00:00", "noon"], "time", {}, "is not a time", 3, "time_format"),
        (["2026-08-01T05:00Z", "2026-08-01T05:00"], "time", {}, "others do not", 3, ""),
        (["2026-08-01T05:00Z", "5"], "time", {}, "another kind", 2, ""),
        (["01/08/2026 14:00"], "time", {}, "day or month first", 2, "time_format: '%d/%m/%Y"),
        (["08/01/2026 2:00 PM"], "time", {}, "day or month first", 2, "%p"),
        (["2026-08-01"], "time", {"time_format": "%d.%m.%Y"}, "is not a time", 2, "%d.%m.%Y"),
        (["2026-13-01"], "time", {}, "is not a time", 2, ""),
        (["2026-08-01 14:00 PM"], "time", {}, "is not a time", 2, ""),
        (["x"], "time", {"time_format": "%Q"}, "time", None, "%d/%m/%Y"),
        ([None], "time", {}, "holds no time", None, ""),
        (["140737488355328"], "time", {}, "holds no time", None, ""),
        ([f"{EPOCH}", "60"], "time", {}, "no time since 1970", 3, ""),
        (["20260801140000"], "time", {}, "neither a time since the start", 2, "time_format"),
        (["0", "1000"], "timestamp_ms", {}, "speaks of ms", None, "time_unit: ms"),
        (["46235.5833", "46235.5834"], "time", {}, "days since 1899", 3, "time_unit: s"),
        (["", "-"], "time", {}, "holds no time", None, ""),
        (["0", "1"], "time", {"timezone": "UTC"}, "no timezone changes", None, "no timezone"),
        (["0", "1"], "time", {"first": "2026-08-01"}, "first is a date", None, "first: 2 h"),
        (["2026-08-01"], "time", {"first": "2 h"}, "first is a duration", None, "first: 20"),
        (["2026-08-01"], "time", {"time_unit": "s"}, "has no unit", 2, "time_unit"),
        (["2026-08-01T05:00Z"], "time", {"timezone": "UTC"}, "would do nothing", None, "first:"),
    ],
)
def test_times_that_cannot_be_read_lead_on(
    cells: list[Any], name: str, keys: dict[str, Any], message: str, line: int | None, lead: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        times(cells, name=name, **keys)
    assert caught.value.line == line
    assert lead in caught.value.allowed


def test_an_offset_needs_the_clocks_own_or_a_zone() -> None:
    """Where the layout does not say its clock's offset, a table's zone may; else it is asked."""
    nameless = Clock(CLOCK.start, None)
    with pytest.raises(InputError, match="the layout does not say") as caught:
        times(["2026-08-01T05:00:00Z"], nameless)
    assert "utc_offset" in caught.value.allowed
    assert "first:" in caught.value.allowed
    found = times(["2026-08-01T05:00:00Z"], nameless, timezone="Asia/Seoul")
    assert found.seconds.tolist() == [0.0]
    first = times(["2026-08-01T05:00:10Z"], nameless, first="2026-08-01T05:00Z")
    assert first.seconds.tolist() == [10.0]


PARIS = Clock(datetime(2026, 10, 25, 2, 30), 2.0)


def test_the_order_of_lines_tells_the_hour_that_clocks_show_twice() -> None:
    cells = ["2026-10-25T02:30", "2026-10-25T02:45", "2026-10-25T02:00", "2026-10-25T02:15"]
    found = times(cells, PARIS, timezone="Europe/Paris")
    assert found.seconds.tolist() == [0.0, 900.0, 1800.0, 2700.0]


def test_the_hour_that_clocks_show_twice_is_told_apart_for_each_element() -> None:
    cells = ["2026-10-25T02:30", "2026-10-25T02:30", "2026-10-25T02:00", "2026-10-25T02:00"]
    spec = Series.model_validate(
        {"file": "t.csv", "quantity": "power", "value": "p", "timezone": "Europe/Paris"}
    )
    owners = np.array(["a", "b", "a", "b"], dtype=object)
    found = times_of(column(cells), spec, PARIS, owners)
    assert found.seconds.tolist() == [0.0, 0.0, 1800.0, 1800.0]


@pytest.mark.parametrize(
    ("cell", "message"),
    [("2026-10-25T02:30", "show twice"), ("2026-03-29T02:30", "clocks in Europe/Paris skip")],
)
def test_times_without_a_place_are_refused_by_name(cell: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        times(["2026-01-01T00:00", cell], PARIS, timezone="Europe/Paris")
    assert caught.value.line == 3
    assert cell in caught.value.found


def test_a_run_cannot_begin_in_the_hour_that_clocks_show_twice() -> None:
    with pytest.raises(InputError, match="skip or show twice") as caught:
        times(["2026-10-25T00:30"], PARIS, timezone="Europe/Paris", first="2026-10-25T02:30")
    assert "first: 2026-10-25T02:30:00+02:00" in caught.value.allowed


def test_a_summer_clock_shift_is_an_hour_of_no_time() -> None:
    """The night the clocks go forward in Paris: an hour of UTC is an hour, whatever clocks say."""
    clock = Clock(datetime(2026, 3, 29, 1, 30), 1.0)
    found = times(["2026-03-29T01:30", "2026-03-29T03:30"], clock, timezone="Europe/Paris")
    assert found.seconds.tolist() == [0.0, 3600.0]


def test_dates_of_binary_files() -> None:
    spec = Series.model_validate({"file": "t", "quantity": "power", "value": "p"})
    stamps = pandas.to_datetime(["2026-08-01T05:00:30Z"], utc=True)
    assert times_of(column(list(stamps), dtype=stamps.dtype), spec, CLOCK).seconds[0] == 30.0
    local = stamps.tz_localize(None)
    assert times_of(column(list(local), dtype=local.dtype), spec, CLOCK).seconds[0] == 30.0 - 32400


# --- spans ----------------------------------------------------------------------------------------


def outside(cells: list[Any], duration: float = 300.0, several: bool = True, **keys: Any) -> None:
    found = times(cells, **keys)
    refuse_outside(column(cells), found, found.seconds, duration, several)


def test_a_table_that_misses_the_run_is_refused_with_both_spans() -> None:
    with pytest.raises(InputError, match="no line falls into the run") as caught:
        outside(["2025-03-01T00:00", "2025-03-01T00:10"])
    assert caught.value.found == "2025-03-01 00:00:00 to 2025-03-01 00:10:00"
    assert "2026-08-01 14:00:00 to 2026-08-01 14:05:00" in caught.value.allowed
    assert "first: 2025-03-01T00:00:00" in caught.value.allowed
    with pytest.raises(InputError, match="no line falls"):
        outside(["400", "500"])


@pytest.mark.parametrize(
    "cells",
    [["2024-05-12 00:00:00Z", "2024-05-12 00:00:01Z"], ["400", "410"], ["2025-01-01T00:00"]],
)
def test_what_the_message_proposes_works(cells: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        outside(cells)
    proposed = caught.value.allowed.partition("first: ")[2].partition(";")[0]
    outside(cells, first=proposed)
    assert times(cells, first=proposed).seconds[0] == 0.0


def test_spans_of_runs_beyond_all_calendars() -> None:
    found = times(["2026-08-01T14:00"])
    assert found.text(1e12) == "1,000,000,000,000 s after 2026-08-01 14:00:00"


def test_a_series_may_hold_over_the_run() -> None:
    outside(["-100", "1000"], several=False)
    with pytest.raises(InputError, match="no line falls"):
        outside(["-100", "1000"], several=True)


def test_times_that_look_like_milliseconds_are_asked_for() -> None:
    cells = ["0", "3000", "6000", "9000"]
    with pytest.raises(InputError, match="look like milliseconds") as caught:
        outside(cells)
    assert "time_unit: ms" in caught.value.allowed
    outside(cells, time_unit="ms")
    outside(cells, time_unit="s")
    outside(["0", "60", "3000"])
    outside(["0", "1000"], duration=2000.0)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("01.08.2026 14:00", ["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"]),
        ("8/1/2026 1:55 PM", ["%d/%m/%Y %I:%M %p", "%m/%d/%Y %I:%M %p"]),
        ("13/08/2026 14:00:30.5", ["%d/%m/%Y %H:%M:%S.%f"]),
        ("08-13-26", ["%m-%d-%y"]),
    ],
)
def test_a_form_that_is_proposed_reads_the_stamp(text: str, forms: list[str]) -> None:
    """What the message says may be pasted as it is."""
    with pytest.raises(InputError, match="day or month first") as caught:
        times([text])
    assert re.findall(r"'(%[^']+)'", caught.value.allowed) == forms
    for form in forms:
        assert times([text], time_format=form).dated
