"""Cases by plain pytest and by the command, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

PASSING = """\
schema: twin.scenario/1
layout: pilot
duration: 20 s
expect: [max(gpu.temperature) < 90 degC]
"""
STUDY = """\
schema: twin.study/1
layout: pilot
scenario: short.yaml
sample: {method: latin-hypercube, points: 40, seed: 3}
vary:
  coolant: {control: supply_setpoint, path: /pilot/hall-a/row-01, range: [36 degC, 44 degC]}
results: {hottest: max(gpu.temperature)}
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(PASSING)
    (tmp_path / "bad.yaml").write_text(PASSING.replace("< 90", "< 10"))
    return tmp_path


def test_plain_pytest_collects_cases_and_says_what_fails(cases: Path) -> None:
    result = run("pytest", "-p", "no:cacheprovider", "-q", cwd=cases)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "1 failed, 1 passed" in result.stdout
    assert "failed: max(gpu.temperature) < 10 degC" in result.stdout
    assert "Traceback" not in result.stdout
    assert run("pytest", "-q", "--no-cases", cwd=cases).returncode == 5


def test_the_command_runs_cases_in_processes_and_writes_reports(cases: Path) -> None:
    result = run(
        "twin.cli.main",
        "test",
        ".",
        "--workers",
        "2",
        "--html",
        "r.html",
        "--junit",
        "j.xml",
        "--json",
        "-",
        cwd=cases,
    )
    assert result.returncode == 1, result.stderr
    report = json.loads(result.stdout)
    assert {case["name"]: case["passed"] for case in report["cases"]} == {
        "bad": False,
        "good": True,
    }
    assert "1 of 2 cases passed" in (cases / "r.html").read_text()
    assert (cases / "j.xml").read_text().count("<testsuite ") == 2


def test_a_new_test_holds_at_once(tmp_path: Path) -> None:
    made = run("twin.cli.main", "new-test", "pilot", "--to", "first", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    result = run("twin.cli.main", "test", "first", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "golden passed" in result.stdout
    again = run("twin.cli.main", "new-test", "pilot", "--to", "first", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_a_killed_sweep_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text("schema: twin.scenario/1\nduration: 3 min\n")
    (tmp_path / "study.yaml").write_text(STUDY)
    command = [sys.executable, "-m", "twin.cli.main", "sweep", "study.yaml", "--workers", "2"]
    journal = tmp_path / "study.results" / "journal.jsonl"
    killed = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline and killed.poll() is None:
        if journal.is_file() and journal.read_bytes().count(b"\n") >= 1:
            break
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    kept = journal.read_bytes().count(b"\n")
    assert kept >= 1
    with journal.open("a") as file:
        file.write('{"point": 39, "values": {"hott')  # a line the kill cut off
    result = run("twin.cli.main", "sweep", "study.yaml", "--workers", "1", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    table = tmp_path / "study.results" / "results.parquet"
    rows = duckdb.sql(f"SELECT point, coolant, hottest, error FROM '{table}'").fetchall()
    assert [row[0] for row in rows] == list(range(40))
    assert all(row[3] is None for row in rows)
    fresh = run(
        "twin.cli.main", "sweep", "study.yaml", "--workers", "1", "--out", "fresh", cwd=tmp_path
    )
    assert fresh.returncode == 0, fresh.stderr
    other = tmp_path / "fresh" / "results.parquet"
    assert rows == duckdb.sql(f"SELECT point, coolant, hottest, error FROM '{other}'").fetchall()


def test_a_study_that_changed_does_not_mix_with_old_results(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text("schema: twin.scenario/1\nduration: 10 s\n")
    (tmp_path / "study.yaml").write_text(STUDY.replace("points: 40", "points: 2"))
    arguments = ("twin.cli.main", "sweep", "study.yaml", "--workers", "1")
    assert run(*arguments, cwd=tmp_path).returncode == 0
    (tmp_path / "short.yaml").write_text("schema: twin.scenario/1\nduration: 20 s\n")
    refused = run(*arguments, cwd=tmp_path)
    assert refused.returncode == 2
    assert "--fresh" in refused.stderr
    assert run(*arguments, "--fresh", cwd=tmp_path).returncode == 0


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text("schema: twin.scenario/1\nduration: 10 s\n")
    (tmp_path / "study.yaml").write_text(STUDY)
    result = run(
        "twin.cli.main", "sweep", "study.yaml", "--dask", "tcp://127.0.0.1:9", cwd=tmp_path
    )
    assert result.returncode == 2
    assert "cluster cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr
