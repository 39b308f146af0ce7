"""Tables that stand on another clock than the site's: when they are taken hour for hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin.clock import Clock
from twin.errors import InputError
from twin.scenario import Scenario
from twin.tabular.span import on_the_run
from twin.tabular.stamps import Times
from twin.workload.requests import read_requests
from twin.workload.spec import Inference, Jobs, Series
from twin.workload.trace import jobs_of

SEOUL = Clock(datetime(2024, 5, 12), 9.0)  # midnight
TRACE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2024-05-12 00:00:01+00:00,2000,200\n2024-05-12 00:00:02.5+00:00,300,40\n"
)
KEYS = {"time": "TIMESTAMP", "prompt": "ContextTokens", "output": "GeneratedTokens"}


def inference(folder: Path, **more: Any) -> Inference:
    file = folder / "trace.csv"
    file.write_text(TRACE)
    return Inference.model_validate({"requests": str(file), **KEYS, **more})


def test_a_trace_from_elsewhere_is_taken_hour_for_hour(tmp_path: Path) -> None:
    """Nine hours lie between the site and the trace, and nothing but midnight joins them."""
    found = read_requests(inference(tmp_path), SEOUL, 10.0)
    assert found.times.tolist() == [1.0, 2.5]
    (told,) = found.told
    assert "a clock of UTC+00:00 and miss the run on the site's clock (UTC+09:00)" in told
    assert "from 2024-05-12 09:00:01 to 2024-05-12 09:00:02" in told  # both spans
    assert "hour for hour, from 2024-05-12 00:00:01" in told


@pytest.mark.parametrize(
    ("clock", "more"),
    [
        (Clock(SEOUL.start, 9.0, exact=True), {}),  # a start with an offset can mean no other
        (SEOUL, {"first": "2024-05-12T08:00:00"}),
        (Clock(datetime(2024, 5, 13), 9.0), {}),  # a day off, on every clock
    ],
)
def test_what_is_said_of_the_beginning_is_not_guessed(
    tmp_path: Path, clock: Clock, more: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="no line falls into the run"):
        read_requests(inference(tmp_path, **more), clock, 10.0)


def test_a_trace_that_meets_the_run_is_converted(tmp_path: Path) -> None:
    """Both readings would meet a run of a day: the site's clock rules, untold."""
    found = read_requests(inference(tmp_path), SEOUL, 86_400.0)
    assert found.times.tolist() == [9 * 3600 + 1.0, 9 * 3600 + 2.5]
    assert not any("hour for hour" in line for line in found.told)


def test_jobs_and_their_time_scale(tmp_path: Path) -> None:
    """What is half an hour apart comes a quarter apart at twice the speed."""
    file = tmp_path / "jobs.csv"
    file.write_text(
        "submit,accelerators,duration\n2024-05-12 01:00:00+08:00,8,117\n"
        "2024-05-12 01:50:00+08:00,0,60\n2024-05-12 01:30:00+08:00,16,2693\n"
    )
    spec = Jobs.model_validate({"file": str(file), "time_scale": 2.0})
    trace = jobs_of(spec, Clock(datetime(2024, 5, 12, 1), 9.0), 1500.0)
    assert [job.submit for job in trace.jobs] == [0.0, 900.0]
    assert any("UTC+08:00" in line for line in trace.told("jobs.csv"))
    # two o'clock here is one there: they meet, and nothing is moved
    trace = jobs_of(spec, Clock(datetime(2024, 5, 12, 2), 9.0), 1800.0)
    assert [job.submit for job in trace.jobs] == [0.0, 900.0]
    assert not any("UTC+08:00" in line for line in trace.told("jobs.csv"))


def test_a_night_with_an_hour_twice_keeps_its_pace(tmp_path: Path) -> None:
    """2:30, 2:45, 2:00 and 2:15 in Paris are a quarter of an hour apart, here as there."""
    (tmp_path / "paris.csv").write_text(
        "time,u\n2026-10-25T02:30:00,0.2\n2026-10-25T02:45:00,0.3\n"
        "2026-10-25T02:00:00,0.4\n2026-10-25T02:15:00,0.5\n"
    )
    (tmp_path / "s.yaml").write_text(
        "schema: twin.scenario/1\nstart: 2026-10-25T02:30:00\nduration: 1 h\nworkload:\n"
        "  - path: /pilot/hall-a/row-01/rack-01\n"
        "    series: {file: paris.csv, value: u, quantity: utilisation, timezone: Europe/Paris}\n"
    )
    simulation = twin.load("pilot").simulation(tmp_path / "s.yaml")
    assert any("UTC+02:00" in event.message for event in simulation.events)
    for minutes, share in ((0, 0.2), (15, 0.3), (30, 0.4), (45, 0.5)):
        simulation.advance(minutes * 60.0 + 1.0 - simulation.time)
        found = float(simulation.state.view.rack.utilisation[0])
        assert found == pytest.approx(share, abs=2e-3)


def test_repeated_series_meet_every_run(tmp_path: Path) -> None:
    """A day that repeats keeps its phase on the site's clock."""
    spec = Series.model_validate(
        {
            "file": str(tmp_path / "u.csv"),
            "value": "u",
            "quantity": "utilisation",
            "after": "repeat",
        }
    )
    (tmp_path / "u.csv").write_text("time,u\n2024-05-11T00:00:00Z,0.1\n2024-05-11T12:00:00Z,0.9\n")
    from twin.workload.series_table import read_series

    plant = twin.load("pilot").plant
    read = read_series(plant, spec, "/pilot", np.arange(8), SEOUL, 60.0)
    assert read.parts[0].times.tolist() == [-15 * 3600.0, -3 * 3600.0]
    assert not any("hour for hour" in line for line in read.told)


def test_times_without_a_clock_of_their_own_stay(tmp_path: Path) -> None:
    times = Times(np.array([1e6]), True, None, zero_utc=datetime(2024, 5, 11, 15, tzinfo=UTC))
    spec = inference(tmp_path)
    moved, told = on_the_run(tmp_path / "t.csv", times, spec, SEOUL, 10.0)
    assert moved is times
    assert told == []
    assert times.zero_utc is not None
    assert times.zero_utc + timedelta(hours=9) == SEOUL.start.replace(tzinfo=UTC)


def two(folder: Path, hours: int, **more: Any) -> Scenario:
    """A table of minutes that misses the run unless it is moved, and one of a whole day."""
    start = datetime(2026, 8, 1)
    for name, first, count in (("a", 14 * 60, 6), ("b", 0, 1441)):
        stamps = [start + timedelta(minutes=first + minute) for minute in range(count)]
        lines = "".join(f"{stamp.isoformat()}+{hours:02d}:00,0.5\n" for stamp in stamps)
        (folder / f"{name}.csv").write_text(f"time,u\n{lines}")
    entries = [
        {
            "path": f"/pilot/hall-a/row-01/rack-0{number}",
            "series": {"file": str(folder / f"{name}.csv"), "value": "u", "quantity": "utilisation"}
            | more.get(name, {}),
        }
        for number, name in ((1, "a"), (2, "b"))
    ]
    return Scenario.model_validate({"workload": entries, "duration": "5 min"})


def test_tables_of_one_run_are_not_taken_by_two_rules(tmp_path: Path) -> None:
    """What was logged at one moment must not come nine hours apart."""
    factory = twin.load("pilot")
    with pytest.raises(
        InputError, match=r"hour for hour, while those of b\.csv are conv"
    ) as caught:
        factory.simulation(two(tmp_path, 0))
    assert caught.value.file == tmp_path / "a.csv"
    assert "b.csv (UTC+00:00) converted" in str(caught.value.found)
    firsts = {name: {"first": "2026-08-01T14:00:00Z"} for name in "ab"}
    factory.simulation(two(tmp_path, 0, **firsts))
    factory.simulation(two(tmp_path, 9))  # the site's own clock


def test_jobs_count_among_the_tables_of_a_run(tmp_path: Path) -> None:
    data = two(tmp_path, 0).workload[1:]
    jobs = tmp_path / "j.csv"
    jobs.write_text("submit,accelerators,duration\n2026-08-01T14:01:00Z,8,60\n")
    scenario = Scenario(
        workload=data,
        jobs=Jobs(file=str(jobs), path="/pilot/hall-a/row-01/rack-01"),
        duration="5 min",
    )
    with pytest.raises(InputError, match=r"while those of b\.csv are converted") as caught:
        twin.load("pilot").simulation(scenario)
    assert caught.value.file == jobs
