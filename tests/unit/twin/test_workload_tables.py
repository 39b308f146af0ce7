"""Tables and traces people bring: what is read, what is refused, and which line is at fault."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.errors import InputError
from twin.factory import Factory
from twin.scenario import load_scenario
from twin.workload.spec import Jobs
from twin.workload.table import gaps_of, numbers, read_table, seconds_since
from twin.workload.trace import jobs_of, read_swf

START = datetime(2026, 8, 1, 14, 0)
ROW = "/pilot/hall-a/row-01"


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def scenario(folder: Path, series: str) -> Any:
    write(
        folder,
        "s.yaml",
        "schema: twin.scenario/1\nstart: 2026-08-01T14:00:00\nduration: 5 min\n"
        f"workload: [{{path: {ROW}, series: {series}}}]\n",
    )
    return load_scenario(folder / "s.yaml")


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "zone", "expected"),
    [
        ([0, 60, 120], None, [0, 60, 120]),
        (["0", "60.5"], None, [0, 60.5]),
        (["2026-08-01T14:00:00", "2026-08-01T14:01:00"], None, [0, 60]),
        # 14:00 in Seoul is 05:00 in Greenwich
        (["2026-08-01T05:00:00Z", "2026-08-01T05:00:30Z"], "Asia/Seoul", [0, 30]),
        (["2026-08-01T14:00:00+09:00", "2026-08-01T15:00:30+10:00"], "Asia/Seoul", [0, 30]),
    ],
)
def test_times_count_from_the_local_start(
    values: list[Any], zone: str | None, expected: list[float]
) -> None:
    found = seconds_since(np.array(values, dtype=object), START, zone, Path("t.csv"), "time")
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("values", "zone", "message", "line"),
    [
        (["2026-08-01T05:00:00Z"], None, "carry an offset", 2),
        (["2026-08-01T05:00:00Z"], "Asia/Seol", "unknown time zone", None),
        (["2026-08-01T05:00:00", "noon"], None, "is not a time", 3),
        (["2026-08-01T05:00:00", None], None, "a time is missing", 3),
        (["2026-08-01T05:00:00Z", "2026-08-01T05:00:00"], "Asia/Seoul", "others do not", 3),
    ],
)
def test_times_that_cannot_be_read_name_their_line(
    values: list[Any], zone: str | None, message: str, line: int | None
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        seconds_since(np.array(values, dtype=object), START, zone, Path("t.csv"), "time")
    assert caught.value.line == line


def test_a_summer_clock_shift_is_an_hour_of_no_time() -> None:
    """The night the clocks go forward in Paris: an hour of UTC is an hour, whatever clocks say."""
    values = np.array(["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"], dtype=object)
    start = datetime(2026, 3, 29, 1, 30)
    found = seconds_since(values, start, "Europe/Paris", Path("t.csv"), "time")
    np.testing.assert_allclose(found, [0.0, 3600.0])


# --- tables ---------------------------------------------------------------------------------------


def test_cells_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    values = np.array(["1", "", "nan", "-", "2"], dtype=object)
    np.testing.assert_array_equal(
        numbers(values, tmp_path, "x"), [1.0, np.nan, np.nan, np.nan, 2.0]
    )
    with pytest.raises(InputError, match="is not a number") as caught:
        numbers(np.array(["1", "full"], dtype=object), tmp_path, "x")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "time,power\n", "holds no lines"),
        ("t.csv", "time,load\n0,1\n", "no column 'power'"),
        ("t.xls", "x", "unknown kind of file"),
        ("t.parquet", "not parquet", "cannot be read"),
    ],
)
def test_files_that_are_no_tables_are_told(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    file = write(tmp_path, name, text)
    with pytest.raises(InputError, match=message):
        read_table(file, {"time": "time", "power": "power"})
    with pytest.raises(InputError, match="file not found"):
        read_table(tmp_path / "none.csv", {})


def test_gaps_are_clearly_longer_than_usual() -> None:
    times = np.array([0.0, 10.0, 20.0, 31.0, 60.0, 70.0])
    assert gaps_of(times, 0.0) == [(31.0, 60.0)]
    assert gaps_of(times[:2], 0.0) == []


# --- series ---------------------------------------------------------------------------------------


def test_measured_power_drives_the_racks(pilot: Factory, tmp_path: Path) -> None:
    """The row draws what was measured, within what its correction leaves (0.01 %)."""
    write(tmp_path, "p.csv", "time,kW\n0,700\n120,900\n300,900\n")
    simulation = pilot.simulation(
        scenario(tmp_path, "{file: p.csv, quantity: power, value: kW, unit: kW}")
    )
    simulation.advance(240.0)
    found = float(simulation.state.view.rack.it_power.sum())
    print(f"asked 900 kW, found {found / 1e3:.2f} kW")
    assert found == pytest.approx(900e3, rel=1e-3)


def test_a_bridged_gap_is_reported(pilot: Factory, tmp_path: Path) -> None:
    write(tmp_path, "u.csv", "time,u\n0,0.2\n10,0.2\n20,0.2\n100,0.6\n110,0.6\n")
    simulation = pilot.simulation(
        scenario(tmp_path, "{file: u.csv, quantity: utilisation, value: u}")
    )
    gaps = [e for e in simulation.events if e.kind == "gap"]
    assert len(gaps) == 1
    assert "from 20 s to 100 s" in gaps[0].message
    simulation.advance(60.0)
    found = simulation.state.view.rack.utilisation[0]
    assert found == pytest.approx(0.2 + 0.4 * 40 / 80, abs=0.01)  # on the line between


@pytest.mark.parametrize(
    ("text", "series", "message", "line"),
    [
        ("time,u\n0,0.1\n10,0.2\n10,0.3\n", "", "a time stands twice", 4),
        ("time,u\n0,0.1\n20,0.2\n10,0.3\n", "", "times go backwards", 4),
        ("time,u\n0,\n10,nan\n", "", "holds no number", None),
        ("time,u\n0,0.1\n10,half\n", "", "is not a number", 3),
        ("time,u\n0,10\n10,90\n", "", "is not a share", None),
        ("time,u\n0,0.1\n10,0.1\n20,0.1\n5000,0.2\n", "", "a gap of 4980 s", None),
        ("time,u\n0,1\n10,1\n", ", unit: kg", "unit", None),
        ("t,u\n0,1\n", "", "no column 'time'", None),
        ("2026,u\n0,1\n", ", time: nothing", "no column 'nothing'", None),
    ],
)
def test_series_that_cannot_drive_are_refused(
    pilot: Factory, tmp_path: Path, text: str, series: str, message: str, line: int | None
) -> None:
    write(tmp_path, "u.csv", text)
    with pytest.raises(InputError, match=message) as caught:
        pilot.simulation(
            scenario(tmp_path, f"{{file: u.csv, quantity: utilisation, value: u{series}}}")
        )
    assert str(caught.value.file).endswith("u.csv")
    if line is not None:
        assert caught.value.line == line


def test_wide_tables_name_elements_and_unknown_ones_are_told(
    pilot: Factory, tmp_path: Path
) -> None:
    write(tmp_path, "w.csv", "time,a,b\n0,0.1,0.9\n300,0.1,0.9\n")
    simulation = pilot.simulation(
        scenario(
            tmp_path,
            "{file: w.csv, quantity: utilisation, columns: {rack-01: a, rack-08: b}}",
        )
    )
    simulation.advance(5.0)
    used = simulation.state.view.rack.utilisation
    assert (used[0], used[7]) == (pytest.approx(0.1), pytest.approx(0.9))
    with pytest.raises(InputError, match="rack-9"):
        pilot.simulation(
            scenario(tmp_path, "{file: w.csv, quantity: utilisation, columns: {rack-99: a}}")
        )


# --- traces ---------------------------------------------------------------------------------------

SWF = """\
; UnixStartTime: 0
1 0 5 600 8 -1 -1 16 900 -1 1 7 -1 -1 -1 -1 -1 -1
2 10 -1 -1 0 -1 -1 -1 -1 -1 5 7 -1 -1 -1 -1 -1 -1
3 20 0 60 4 -1 -1 -1 -1 -1 1 8 -1 -1 -1 -1 -1 -1
"""


def test_standard_workload_format(tmp_path: Path) -> None:
    """Requested processors before used ones; jobs that never ran are left out."""
    jobs = read_swf(write(tmp_path, "t.swf", SWF), 4.0)
    assert [(j.id, j.submit, j.accelerators, j.duration, j.requested, j.tenant) for j in jobs] == [
        ("1", 0.0, 64, 600.0, 900.0, "user-7"),
        ("3", 20.0, 16, 60.0, 60.0, "user-8"),
    ]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (SWF + "4 30 0 60\n", "another format", 5),
        (SWF.replace("600", "ten"), "is not a number", 2),
        ("; nothing\n", "no job that ran", None),
    ],
)
def test_traces_of_another_format_are_told(
    tmp_path: Path, text: str, message: str, line: int | None
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_swf(write(tmp_path, "t.swf", text))
    assert caught.value.line == line


def test_job_tables_by_their_own_columns(tmp_path: Path) -> None:
    file = write(tmp_path, "j.csv", "name,at,n,secs,who\na,5,3,60,x\nb,0,2,30,y\n")
    columns = {
        "id": "name",
        "submit": "at",
        "accelerators": "n",
        "duration": "secs",
        "tenant": "who",
    }
    spec = Jobs(file=str(file), columns=columns, accelerators_per_processor=2.0, time_scale=2.0)
    found = jobs_of(spec, START)
    assert [(j.id, j.submit, j.accelerators, j.tenant) for j in found] == [
        ("b", 0.0, 4, "y"),
        ("a", 2.5, 6, "x"),
    ]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("submit,accelerators,duration\n0,0,60\n", {}, "is not above zero"),
        ("submit,accelerators,duration\n0,4,-1\n", {}, "is not above zero"),
        ("submit,accelerators,duration,utilisation\n0,4,1,1.5\n", {}, "is not a share"),
        ("submit,accelerators\n0,4\n", {}, "no column 'duration'"),
        ("submit,accelerators,duration\n0,4,1\n", {"gpus": "accelerators"}, "unknown name"),
    ],
)
def test_job_tables_that_cannot_be_are_refused(
    tmp_path: Path, text: str, columns: dict[str, str], message: str
) -> None:
    file = write(tmp_path, "j.csv", text)
    with pytest.raises(InputError, match=message):
        jobs_of(Jobs(file=str(file), columns=columns), START)
