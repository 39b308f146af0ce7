"""Tables and traces people bring: what is read, what is refused, and which line is at fault."""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.clock import Clock
from twin.errors import InputError
from twin.factory import Factory
from twin.scenario import Scenario, load_scenario
from twin.simulation import Simulation
from twin.workload.job_list import Trace
from twin.workload.series_table import gaps_of
from twin.workload.slurm import part_of_gpu
from twin.workload.spec import Inference, Jobs, Series
from twin.workload.swf import read_swf
from twin.workload.trace import jobs_of

CLOCK = Clock(datetime(2026, 8, 1, 14, 0), 9.0)
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


# --- series ---------------------------------------------------------------------------------------


def test_gaps_are_clearly_longer_than_usual() -> None:
    times = np.array([0.0, 10.0, 20.0, 31.0, 60.0, 70.0])
    assert gaps_of(times) == [(31.0, 60.0)]
    assert gaps_of(times[:2]) == []


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
        ("time,u\n0,1\n10,90\n", "", "is not a share", 3),
        ("time,u\n0,0.1\n,0.2\n20,0.3\n", "", "a time is missing", 3),
        ("time,index,u\n0,0,0.1\n0.2,1,0.9\n", "", "lines are of several devices", None),
        ("time,index,u\n0,0,0.1\n0,1,0.9\n", ", element: index", "no '0' in", 2),
        ("time,u\n-500,0.1\n-10,0.2\n", "", "no line falls into the run", None),
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


def test_power_out_of_reach_is_told_with_how_much_and_how_long(
    pilot: Factory, tmp_path: Path
) -> None:
    """A rack rated for 132 kW is asked for 200 kW for a minute, then for what it can."""
    text = "time,power [kW]\n0,110\n20,200\n80,200\n81,110\n150,110\n"
    write(tmp_path, "p.csv", text)
    entry = {"file": str(tmp_path / "p.csv"), "quantity": "power", "value": "power",
             "interpolation": "hold"}  # fmt: skip
    rack = f"{ROW}/rack-01"
    simulation = run(pilot, {"workload": [{"path": rack, "series": entry}]}, 120.0)
    events = [(e.kind, e.time, e.path) for e in simulation.events if "reach" in e.kind]
    assert [(kind, path) for kind, _, path in events] == [
        ("out-of-reach", rack),
        ("within-reach", rack),
    ]
    assert 30.0 <= events[0][1] <= 35.0
    assert 81.0 <= events[1][1] <= 84.0
    figures = simulation.workload_figures()
    assert figures["series_out_of_reach_s"] == pytest.approx(60.0, abs=3.0)
    full = 200e3 - figures["series_largest_miss_w"]
    assert 110e3 < full < 140e3
    energy = (200e3 - full) * figures["series_out_of_reach_s"]
    assert figures["series_missed_energy_j"] == pytest.approx(energy, rel=0.05)
    kept = simulation.snapshot()
    simulation.advance(10.0)
    simulation.restore(kept)
    assert simulation.workload_figures() == figures


@pytest.mark.parametrize(
    ("text", "keys", "message", "line"),
    [
        ("time,p\n0,110\n60,110\n", "", "no unit is said", None),
        ("time,p_kw\n0,110\n60,110\n", ", value: p_kw", "speaks of kW", None),
        ("time,p\n0,110\n60,110000\n", ", unit: kW", "beyond twice what 8 racks", 3),
        ("time,p\n0,110\n60,-5\n", ", unit: kW", "power is negative", 3),
    ],
)
def test_powers_that_cannot_be_are_refused(
    pilot: Factory, tmp_path: Path, text: str, keys: str, message: str, line: int | None
) -> None:
    write(tmp_path, "p.csv", text)
    value = "" if "value" in keys else ", value: p"
    with pytest.raises(InputError, match=message) as caught:
        pilot.simulation(scenario(tmp_path, f"{{file: p.csv, quantity: power{value}{keys}}}"))
    assert caught.value.line == line


def test_blanks_in_a_measured_power_are_bridged_and_told(pilot: Factory, tmp_path: Path) -> None:
    text = "time,p\n0,800\n10,800\n20,140737488355328\n30,9999\n40,800\n300,800\n"
    write(tmp_path, "p.csv", text)
    simulation = pilot.simulation(
        scenario(tmp_path, "{file: p.csv, quantity: power, value: p, unit: kW}")
    )
    told = [event.message for event in simulation.events if event.kind == "data"]
    assert told == [f"p.csv: 2 of 6 values of 'p' missing, at {ROW}"]
    simulation.advance(20.0)
    assert float(simulation.state.view.rack.it_power.sum()) == pytest.approx(800e3, rel=1e-3)


def test_a_series_that_covers_the_run_in_part_is_told(pilot: Factory, tmp_path: Path) -> None:
    write(tmp_path, "u.csv", "time,u\n60,0.1\n90,0.2\n120,0.3\n")
    simulation = pilot.simulation(
        scenario(tmp_path, "{file: u.csv, quantity: utilisation, value: u}")
    )
    (told,) = [event.message for event in simulation.events if event.kind == "data"]
    assert told == (
        "u.csv: the table goes from 60 s to 120 s, the run from 0 s to 300 s; its first value is "
        "held before it, its last value is held after it (after: hold)"
    )


# --- traces ---------------------------------------------------------------------------------------


def trace_of(spec: Jobs) -> Trace:
    """A trace for a run of five minutes at 14:00 in Seoul."""
    return jobs_of(spec, CLOCK, 300.0)


def run(pilot: Factory, entries: dict[str, Any], seconds: float) -> Simulation:
    simulation = pilot.simulation(Scenario.model_validate({"duration": "150 s", **entries}))
    simulation.advance(seconds)
    return simulation


SWF = """\
; UnixStartTime: 0
1 0 5 600 8 -1 -1 16 900 -1 1 7 -1 -1 -1 -1 -1 -1
2 10 -1 -1 0 -1 -1 -1 -1 -1 5 7 -1 -1 -1 -1 -1 -1
3 20 0 60 4 -1 -1 -1 -1 -1 1 8 -1 -1 -1 -1 -1 -1
"""


def test_standard_workload_format(tmp_path: Path) -> None:
    """Requested processors before used ones; jobs that never ran are left out."""
    trace, _, _ = read_swf(write(tmp_path, "t.swf", SWF), 4.0)
    jobs = trace.jobs
    assert trace.told("t.swf") == ["t.swf: 1 of 3 jobs left out: 1 that never ran (2)"]
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
    found = trace_of(spec).jobs
    assert [(j.id, j.submit, j.accelerators, j.tenant) for j in found] == [
        ("b", 0.0, 4, "y"),
        ("a", 2.5, 6, "x"),
    ]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("submit,accelerators,duration\n0,0,60\n", {}, "holds no job that can run"),
        ("submit,accelerators,duration\n0,4,-5\n", {}, "cannot be"),
        ("submit,accelerators,duration\n0,4,2e9\n", {}, "cannot be"),
        ("submit,accelerators,duration\n900,4,1\n", {}, "no line falls into the run"),
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
        trace_of(Jobs(file=str(file), columns=columns))


def test_rows_that_are_no_jobs_are_counted_and_told(tmp_path: Path) -> None:
    """What ``sacct -P`` writes: resources as a list, steps of jobs, jobs that never started."""
    text = (
        "JobID|User|Submit|ElapsedRaw|AllocTRES|State\n"
        "101|anna|2026-08-01T14:00:00|120|billing=72,cpu=72,gres/gpu:b300=40,gres/gpu=72|DONE\n"
        "101.batch|anna|2026-08-01T14:00:00|120|cpu=72,gres/gpu=72|DONE\n"
        "102|ben|2026-08-01T14:00:30|0||PENDING\n"
        "103|ben|2026-08-01T14:00:40|60|cpu=8,mem=1T|DONE\n"
        "104|ben|2026-08-01T14:00:50|60|gres/gpu:a=4,gres/gpu:b=2|DONE\n"
        "105|ben|Unknown|60|gres/gpu=1|DONE\n"
        "106|ben|2026-08-01T14:01:00|0|gres/gpu=1|CANCELLED\n"
    )
    file = write(tmp_path, "sacct.txt", text)
    columns = {"id": "JobID", "submit": "Submit", "accelerators": "AllocTRES",
               "duration": "ElapsedRaw", "tenant": "User"}  # fmt: skip
    trace = trace_of(Jobs(file=str(file), columns=columns))
    assert [(j.id, j.submit, j.accelerators, j.duration) for j in trace.jobs] == [
        ("101", 0.0, 72, 120.0),
        ("104", 50.0, 6, 60.0),
    ]
    assert trace.told("sacct.txt") == [
        "sacct.txt: 5 of 7 jobs left out: 1 that are steps of other jobs (line 3); "
        "1 without a time of submission (line 7); 2 without accelerators (line 4, line 5); "
        "1 without a run time (line 8)"
    ]


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("a100", 1.0),
        ("2080ti", 1.0),  # a name that begins with a digit
        ("3g.20gb", 3 / 7),
        ("1g.5gb+me", 1 / 7),
        ("7g.80gb", 1.0),
        ("a100_3g.39gb", 3 / 7),
        ("nvidia_h100-sxm5-80gb_1g.10gb", 1 / 7),
        ("2g.12gb", 1 / 2),  # an A30 has four slices
        ("4g.24gb", 1.0),
    ],
)
def test_slices_are_parts_of_a_gpu(kind: str, part: float) -> None:
    assert part_of_gpu(kind) == pytest.approx(part)


@pytest.mark.parametrize(
    ("resources", "accelerators", "utilisation"),
    [
        ("gres/gpu:3g.20gb=1", 1, 3 / 7),
        ("gres/gpu:1g.5gb=7", 1, 1.0),
        ("gres/gpu=4,gres/gpu:3g.20gb=4", 2, 6 / 7),  # Slurm's total counts slices as GPUs
        ("gres/gpu=3,gres/gpu:a100=1,gres/gpu:1g.5gb=2", 2, 9 / 14),
        ("gres/gpu:2080ti=8,gres/gpu=8", 8, 1.0),
    ],
)
def test_jobs_on_slices_have_whole_gpus_that_are_less_busy(
    tmp_path: Path, resources: str, accelerators: int, utilisation: float
) -> None:
    text = f"Submit|Run|AllocTRES\n5|60|cpu=8,{resources}\n6|60|cpu=8,gres/gpu=2\n"
    columns = {"submit": "Submit", "accelerators": "AllocTRES", "duration": "Run"}
    trace = trace_of(Jobs(file=str(write(tmp_path, "sacct.txt", text)), columns=columns))
    job, whole = trace.jobs
    assert job.accelerators == accelerators
    assert job.utilisation == pytest.approx(utilisation)
    assert (whole.accelerators, whole.utilisation) == (2, 1.0)
    told = [line for line in trace.told("sacct.txt") if "slices of GPUs" in line]
    assert len(told) == (utilisation < 1.0)
    assert all("1 of 2 jobs" in line and "line 2" in line for line in told)


def test_slices_in_a_list_of_generic_resources(tmp_path: Path) -> None:
    text = "submit,accelerators,duration\n5,gpu:3g.20gb:2(S:0-1),60\n6,gpu:a100:2,60\n"
    one, other = trace_of(Jobs(file=str(write(tmp_path, "j.csv", text)))).jobs
    assert (one.accelerators, one.utilisation) == (1, pytest.approx(6 / 7))
    assert (other.accelerators, other.utilisation) == (2, 1.0)


@pytest.mark.parametrize("kind", ["csv", "swf"])
def test_ids_of_jobs_are_their_own(tmp_path: Path, kind: str) -> None:
    line = "1 {} 0 60 8 -1 -1 8 60 -1 1 7 -1 -1 1 -1 -1 -1\n"
    text = {
        "csv": "job_id,submit,accelerators,duration\na,0,8,60\nb,5,0,60\na,9,8,60\n",
        "swf": line.format(0) + line.format(5) + line.format(9),
    }[kind]
    with pytest.raises(InputError, match="job id used twice") as caught:
        trace_of(Jobs(file=str(write(tmp_path, f"j.{kind}", text))))
    assert caught.value.line == (4 if kind == "csv" else 2)
    assert "the other is line" in str(caught.value.allowed)


def test_quotas_are_of_tenants_that_the_table_has(tmp_path: Path) -> None:
    text = "submit,accelerators,duration,tenant\n0,8,60,anna\n5,8,60,ben\n"
    file = str(write(tmp_path, "j.csv", text))
    trace_of(Jobs(file=file, quotas={"ben": 0.5}))
    with pytest.raises(InputError, match="no job is theirs") as caught:
        trace_of(Jobs(file=file, quotas={"ben": 0.5, "ana": 0.5}))
    assert (caught.value.found, caught.value.allowed) == ("ana", "did you mean anna?")


def test_names_of_columns_speak_of_units_in_camel_case_too(tmp_path: Path) -> None:
    file = str(write(tmp_path, "j.csv", "submit,accelerators,runtimeHours\n0,8,2\n"))
    columns = {"duration": "runtimeHours"}
    with pytest.raises(InputError, match="speaks of h") as caught:
        trace_of(Jobs(file=file, columns=columns))
    assert "duration_unit: 'h'" in str(caught.value.allowed)
    (job,) = trace_of(Jobs(file=file, columns=columns, duration_unit="h")).jobs
    assert job.duration == 7200.0


@pytest.mark.parametrize(
    ("name", "unit", "share"),
    [
        ("DCGM_FI_DEV_GPU_UTIL", "", 0.01),
        ('DCGM_FI_DEV_GPU_UTIL{gpu=""0""}', "", 0.01),
        ("DCGM_FI_DEV_GPU_UTIL", ", unit: '1'", 1.0),  # somebody has divided it
        ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "", 1.0),  # a share by definition
        ("utilization.gpu", "", 0.01),
        ("utilization.gpu [%]", "", 0.01),
        ("gpu_util", "", 1.0),
    ],
)
def test_counters_in_percent_are_percent(
    pilot: Factory, tmp_path: Path, name: str, unit: str, share: float
) -> None:
    write(tmp_path, "u.csv", f'time,"{name}"\n0,1\n300,1\n')
    value = name.replace('""', '"')
    entry = f"{{file: u.csv, quantity: utilisation, value: '{value}'{unit}}}"
    simulation = pilot.simulation(scenario(tmp_path, entry))
    assert simulation.state.view.rack.utilisation[0] == pytest.approx(share)


def test_shares_that_are_missing_are_told(tmp_path: Path) -> None:
    text = "submit,accelerators,duration,utilisation\n0,8,60,9223372036854775794\n5,8,60,0.5\n"
    trace = trace_of(Jobs(file=str(write(tmp_path, "j.csv", text))))
    assert [job.utilisation for job in trace.jobs] == [1.0, 0.5]
    assert trace.told("j.csv") == ["j.csv: 1 of 2 values of 'utilisation' missing and taken as 1"]


def test_jobs_with_offsets_run_on_the_sites_clock(tmp_path: Path) -> None:
    text = "submit,accelerators,duration\n2026-08-01 13:00:30+08:00,8,00:01:30\n"
    file = write(tmp_path, "j.csv", text)
    (job,) = trace_of(Jobs(file=str(file))).jobs
    assert (job.submit, job.duration) == (30.0, 90.0)


def test_jobs_larger_than_the_machine_do_not_block_the_queue(
    pilot: Factory, tmp_path: Path
) -> None:
    swf = (
        "1  0 0 60 2304 -1 -1 2304 300 -1 1 7 -1 -1 1 -1 -1 -1\n"
        "2 10 0 60   72 -1 -1   72 300 -1 1 7 -1 -1 1 -1 -1 -1\n"
    )
    write(tmp_path, "log.swf.gz", "")
    (tmp_path / "log.swf.gz").write_bytes(gzip.compress(swf.encode()))
    write(
        tmp_path,
        "s.yaml",
        "schema: twin.scenario/1\nduration: 2 min\nworkload: [{profile: [{utilisation: 0 %}]}]\n"
        "jobs: {file: log.swf.gz, policy: fcfs}\n",
    )
    simulation = pilot.simulation(load_scenario(tmp_path / "s.yaml"))
    simulation.advance(20.0)
    told = [event.message for event in simulation.events if event.kind == "data"]
    assert told == [
        "log.swf.gz: 1 of 2 jobs left out: 1 larger than the 576 accelerators there are (1)"
    ]
    figures = simulation.workload_figures()
    assert (figures["jobs_running"], figures["jobs_left_out"]) == (1.0, 1.0)


def test_a_job_that_waits_although_nothing_runs_is_told_once(pilot: Factory) -> None:
    entry = {"id": "a", "accelerators": 576, "duration": "60 s"}
    simulation = run(pilot, {"jobs": {"jobs": [entry], "power_limit": "300 kW"}}, 30.0)
    waits = [event for event in simulation.events if event.kind == "job-waits"]
    assert [event.key for event in waits] == ["a"]
    assert "the power limit is 300 kW" in waits[0].message


def test_jobs_before_and_after_the_run_are_told(tmp_path: Path) -> None:
    text = "submit,accelerators,duration\n-5,1,9\n5,1,9\n900,1,9\n"
    trace = trace_of(Jobs(file=str(write(tmp_path, "j.csv", text))))
    assert [job.submit for job in trace.jobs] == [5.0, 900.0]
    left, span = trace.told("j.csv")
    assert "1 submitted before the start" in left
    assert "from -5 s to 900 s, the run from 0 s to 300 s; 1 of 3 jobs come after" in span


# --- requests -------------------------------------------------------------------------------------


def service(folder: Path, text: str, name: str = "r.csv", **keys: Any) -> Scenario:
    write(folder, name, text)
    entry = {"requests": str(folder / name), **keys}
    workload = [{"path": ROW, "inference": entry}]
    return Scenario.model_validate({"duration": "2 min", "workload": workload})


def test_requests_without_tokens_are_left_out_and_told(pilot: Factory, tmp_path: Path) -> None:
    text = "timestamp,prompt_tokens,output_tokens\n1,400,0\n2,-1,5\n3,400,100\n500,1,1\n"
    simulation = pilot.simulation(service(tmp_path, text))
    told = [event.message for event in simulation.events if event.kind == "data"]
    assert told[0].startswith("r.csv: 1 of 4 requests left out, without a time or a number")
    assert "first in line 3" in told[0]
    assert told[1].startswith("r.csv: 2 of 3 requests fall into the run: the table goes from 1 s")
    simulation.advance(120.0)
    figures = simulation.workload_figures()
    assert figures["inference_requests_per_s"] * 120.0 == pytest.approx(2.0)
    assert figures["inference_backlog_requests"] == pytest.approx(0.0, abs=1e-9)


def test_requests_without_an_answer_are_done_when_read(pilot: Factory, tmp_path: Path) -> None:
    text = "timestamp,prompt_tokens,output_tokens\n1,400,0\n"
    simulation = pilot.simulation(service(tmp_path, text))
    simulation.advance(30.0)
    assert simulation.workload_figures()["inference_backlog_requests"] == 0.0


def test_requests_in_milliseconds_as_json_lines(pilot: Factory, tmp_path: Path) -> None:
    text = (
        '{"timestamp": 0, "input_length": 700, "output_length": 50, "hash_ids": [0, 1]}\n'
        '{"timestamp": 3000, "input_length": 700, "output_length": 50, "hash_ids": []}\n'
    )
    keys = {"prompt": "input_length", "output": "output_length"}
    scenario = service(tmp_path, text, "r.jsonl", time_unit="ms", **keys)
    simulation = pilot.simulation(scenario)
    simulation.advance(3.0)
    assert simulation.workload_figures()["inference_requests_per_s"] * 3.0 == pytest.approx(1.0)
    simulation.advance(2.0)
    assert simulation.workload_figures()["inference_requests_per_s"] * 5.0 == pytest.approx(2.0)


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "entry", "key"),
    [
        (Inference, {"requests_per_second": 1, "timezone": "UTC"}, "timezone"),
        (Inference, {"requests_per_second": 1, "prompt": "p"}, "prompt"),
        (Jobs, {"file": "x.swf", "timezone": "UTC"}, "timezone"),
        (Jobs, {"file": "X.SWF.GZ", "columns": {"id": "x"}}, "columns"),
        (Jobs, {"file": "x.swf", "first": "2026-08-01"}, "first"),
        (
            Jobs,
            {
                "jobs": [{"id": "a", "accelerators": 1, "duration": "1 s"}],
                "accelerators_per_processor": 4,
            },
            "accelerators_per_processor",
        ),
    ],
)
def test_keys_that_would_do_nothing_are_refused(model: Any, entry: Any, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        model.model_validate(entry)


def test_messages_name_keys_that_exist() -> None:
    """Whatever key a message about a table proposes can be written in all entries with tables."""
    source = Path(__file__).parents[3] / "twin"
    files = [*(source / "tabular").glob("*.py"), source / "clock.py"]
    files += [source / "workload" / f"{name}.py" for name in ("requests", "series_table", "trace")]
    common = set(Series.model_fields) & set(Inference.model_fields) & set(Jobs.model_fields)
    proposed = set()
    for file in files:
        for text in re.findall(r'"([^"\n]*)"', file.read_text()):
            proposed |= set(
                re.findall(r"\b((?:time|duration)_\w+|timezone|decimal|first)\b:?", text)
            )
    proposed -= {"time_of_day"}
    assert {"time_unit", "time_format", "decimal", "first", "timezone"} <= proposed
    assert proposed - {"duration_unit"} <= common
    assert "duration_unit" in Jobs.model_fields
    for key in ("element", "longest_gap", "unit", "after"):
        assert key in Series.model_fields
