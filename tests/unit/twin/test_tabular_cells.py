"""Cells as numbers and quantities: missing marks, decimal commas, units, bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from twin.errors import InputError
from twin.tabular import missing
from twin.tabular.cells import numbers
from twin.tabular.durations import durations
from twin.tabular.quantities import quantity, refuse_beyond, unit_in_name
from twin.tabular.table import Column

FILE = Path("t.csv")


def column(
    cells: list[Any], name: str = "x", semicolons: bool = False, dtype: Any = None
) -> Column:
    series = pandas.Series(cells, dtype=dtype or object)
    return Column(FILE, name, series, np.arange(2, 2 + len(cells)), semicolons)


@pytest.mark.parametrize(
    "mark",
    ["", "nan", "NaN", "-", "N/A", "[N/A]", "[Not Supported]", "[Unknown Error]", "null", "None",
     "#N/A", "#VALUE!", "No data", "ERR!", "[GPU requires reset]", "\u2014", None, float("nan"),
     "140737488355328", "140737488355329.0", "140737488355331", 2147483632, "2147483635",
     9223372036854775792, "9223372036854775794"],
)  # fmt: skip
def test_missing_marks_are_no_numbers(mark: Any) -> None:
    np.testing.assert_array_equal(numbers(column(["1", mark, "2"])).values, [1.0, np.nan, 2.0])


def test_numbers_beside_the_blanks_are_numbers() -> None:
    near = [140_737_488_355_327.0, 140_737_488_355_332.0, 2_147_483_631.0, 2_147_483_636.0]
    assert not missing.blanks(np.array(near)).any()


def test_numbers_that_loggers_write_are_missing_in_measurements() -> None:
    cells = column(["9999", "-1", "99999", "5"])
    np.testing.assert_array_equal(
        quantity(cells, "", usual="1", marks=missing.LOGGED), [np.nan, np.nan, np.nan, 5.0]
    )
    np.testing.assert_array_equal(
        quantity(cells, "", usual="1", marks=missing.UNKNOWN), [9999.0, np.nan, 99999.0, 5.0]
    )


@pytest.mark.parametrize(
    ("cells", "semicolons", "expected"),
    [
        (["110,5", "1,250"], True, [110.5, 1.25]),
        (["110,5"], False, [110.5]),
        (["1.010,5", "1.020"], True, [1010.5, 1020.0]),
        (["1,234,567"], False, [1_234_567.0]),
        (["1,010.5", "1,010"], False, [1010.5, 1010.0]),
        (["0,125"], True, [0.125]),
        (["1 010,5", "1\u202f010"], True, [1010.5, 1010.0]),
        (["1'010.5"], False, [1010.5]),
        (["1.010", "1.5"], True, [1.01, 1.5]),
        (["1.010"], False, [1.01]),
        (["\u22125", "+5", ".5", "5.", "1e3"], False, [-5.0, 5.0, 0.5, 5.0, 1000.0]),
    ],
)
def test_decimals_and_groups_by_what_the_column_shows(
    cells: list[str], semicolons: bool, expected: list[float]
) -> None:
    assert numbers(column(cells, semicolons=semicolons)).values.tolist() == expected


@pytest.mark.parametrize(
    ("cells", "semicolons"), [(["1,010", "1,020"], False), (["1,010"], True), (["1.010"], True)]
)
def test_numbers_with_two_readings_are_asked_for(cells: list[str], semicolons: bool) -> None:
    with pytest.raises(InputError, match="may be read in two ways") as caught:
        numbers(column(cells, semicolons=semicolons))
    assert (caught.value.line, caught.value.key) == (2, "x")
    assert "decimal: ','" in caught.value.allowed
    first = cells[0].replace(",", ".")
    comma = numbers(column(cells, semicolons=semicolons), ",").values[0]
    point = numbers(column(cells, semicolons=semicolons), ".").values[0]
    assert {comma, point} == {float(first), 1010.0}


@pytest.mark.parametrize(
    ("cells", "message", "line"),
    [
        (["1", "full"], "is not a number", 3),
        (["1.5", "1,5"], "another sign before its decimals", 3),
        (["1", "inf"], "is not a number", 3),
        (["1", "1e999"], "is not finite", 3),
        (["1e4294967295"], "is not finite", 2),
        (["17855604001e3081785560400"], "is not finite", 2),
        (["\uff11\uff10"], "is not a number", 2),
        (["1_000"], "is not a number", 2),
        (["0x10"], "is not a number", 2),
        (["1,2,3"], "is not a number", 2),
        (["1-2"], "is not a number", 2),
    ],
)
def test_cells_that_are_no_numbers_are_told(cells: list[str], message: str, line: int) -> None:
    with pytest.raises(InputError, match=message) as caught:
        quantity(column(cells), "", usual="1")
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("cells", "name", "si", "given", "expected"),
    [
        (["612.30 W", "[N/A]"], "power.draw [W]", "W", "", [612.3, np.nan]),
        (["612.30"], "power.draw [W]", "W", "", [612.3]),
        (["1.5 kW", "2500 W"], "p", "W", "", [1500.0, 2500.0]),
        (["1,5 kW"], "p", "W", "kW", [1500.0]),
        (["87 %", "91%"], "utilization.gpu [%]", "", "%", [0.87, 0.91]),
        (["87"], "utilization.gpu [%]", "", "", [0.87]),
        (["0.87"], "u", "", "", [0.87]),
        (["110"], "p", "W", "kW", [110e3]),
    ],
)
def test_the_unit_is_that_of_cells_scenario_or_name(
    cells: list[str], name: str, si: str, given: str, expected: list[float]
) -> None:
    usual = None if si == "W" else "1"
    found = quantity(column(cells, name), si, given, usual=usual)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("cells", "name", "si", "given", "message"),
    [
        (["110"], "power", "W", "", "no unit is said"),
        (["110"], "power_kw", "W", "", "speaks of kW"),
        (["87"], "gpu_util_pct", "", "", "speaks of %"),
        (["110"], "power [W]", "W", "kW", "the column's name says another unit"),
        (["110 W"], "power", "W", "kW", "another unit than unit: kW"),
        (["110 W", "110"], "power", "W", "", "has no unit, and other cells have one"),
        (["110 kg"], "power", "W", "", "does not convert"),
        (["110"], "power", "W", "kg", "does not convert"),
    ],
)
def test_units_that_are_missing_or_disagree_are_refused(
    cells: list[str], name: str, si: str, given: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        quantity(column(cells, name), si, given, usual=None if si == "W" else "1")


def test_units_in_names() -> None:
    assert unit_in_name("power.draw [W]", "W") == ("W", True)
    assert unit_in_name("power (rack 1)", "W") == ("", False)
    assert unit_in_name("power_mW", "W") == ("mW", False)
    assert unit_in_name("rackPowerKW", "W") == ("kW", False)
    assert unit_in_name("gpuUtilPct", "") == ("%", False)
    assert unit_in_name("elapsedMs", "s") == ("ms", False)
    assert unit_in_name("meanJobs", "s") == ("", False)
    assert unit_in_name("timestamp_ms", "s") == ("ms", False)
    assert unit_in_name("s", "s") == ("", False)


def test_values_that_cannot_be_name_line_and_bound() -> None:
    with pytest.raises(InputError, match="cannot be: a share") as caught:
        refuse_beyond(column(["0", "2"]), np.array([0.0, 2.0]), 0.0, 1.0, "%", "a share")
    assert (caught.value.line, caught.value.found) == (3, "2")
    with pytest.raises(InputError, match="cannot be") as caught:
        refuse_beyond(column(["0", "2"]), np.array([np.nan, 5e9]), 0.0, 3e5, "W")
    assert caught.value.allowed == "at most 300,000 W"


@pytest.mark.parametrize(
    ("cells", "unit", "expected"),
    [
        (["00:02:00", "1-01:00:00", "Unknown"], "", [120.0, 90_000.0, np.nan]),
        (["0 days 00:02:00"], "", [120.0]),
        (["120", "-1"], "", [120.0, np.nan]),
        (["120000"], "ms", [120.0]),
        (["2 min"], "", [120.0]),
    ],
)
def test_durations(cells: list[str], unit: str, expected: list[float]) -> None:
    np.testing.assert_array_equal(durations(column(cells), unit), expected)


def test_durations_with_two_readings_are_refused() -> None:
    with pytest.raises(InputError, match="is not a duration"):
        durations(column(["02:00"]))
    with pytest.raises(InputError, match="speaks of ms") as caught:
        durations(column(["120"], "run_time_ms"))
    assert "duration_unit" in caught.value.allowed
