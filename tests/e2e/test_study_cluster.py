"""A study on a cluster of processes: a real scheduler, two real workers, one of them killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")
duckdb = pytest.importorskip("duckdb")

POINTS = 200
STUDY = f"""\
schema: twin.study/1
layout: pilot
solve: steady
sample: {{method: latin-hypercube, points: {POINTS}, seed: 5}}
vary:
  coolant: {{layout: "sites[0].halls[0].rows[0].supply_temperature", range: [35 degC, 45 degC]}}
  load: {{control: utilisation, path: /pilot/hall-a/row-01, range: [50 %, 100 %]}}
results: {{hottest: max(gpu.temperature), power: mean(site.it_power)}}
"""


class Process:
    """A process whose output is read as it comes."""

    def __init__(self, *arguments: str, cwd: Path):
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def wait_for(self, pattern: str, seconds: float = 60.0) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in list(self.lines):
                found = re.search(pattern, line)
                if found:
                    return found.group(1)
            time.sleep(0.05)
        raise AssertionError("".join(self.lines))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[Process]]]:
    """Address of a scheduler with two workers of one thread each, and the workers."""
    scheduler = Process(
        "distributed.cli.dask_scheduler",
        *("--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
        cwd=tmp_path,
    )
    workers: list[Process] = []
    try:
        address = scheduler.wait_for(r"Scheduler at:\s+(tcp://\S+)")
        workers = [
            Process(
                "distributed.cli.dask_worker",
                *(address, "--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--no-nanny"),
                cwd=tmp_path,
            )
            for _ in range(2)
        ]
        for worker in workers:
            worker.wait_for(r"(Registered to)")
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.stop()


def sweep(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "twin.cli.main", "sweep", "study.yaml", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows(folder: Path) -> list[tuple[object, ...]]:
    table = folder / "results.parquet"
    found: list[tuple[object, ...]] = duckdb.sql(
        f"SELECT point, coolant, load, hottest, power, error FROM '{table}' ORDER BY point"
    ).fetchall()
    return found


def test_a_killed_worker_loses_no_result(
    cluster: tuple[str, list[Process]], tmp_path: Path
) -> None:
    """All points come, and are those that one process by itself computes."""
    address, workers = cluster
    (tmp_path / "study.yaml").write_text(STUDY)
    run = sweep(tmp_path, "--dask", address, "--out", "cluster")
    journal = tmp_path / "cluster" / "journal.jsonl"
    deadline = time.monotonic() + 240.0
    while time.monotonic() < deadline and run.poll() is None:
        if journal.is_file() and journal.read_bytes().count(b"\n") > 1:
            break
        time.sleep(0.01)
    before = journal.read_bytes().count(b"\n")
    if run.poll() is not None:
        raise AssertionError(run.communicate()[1])
    assert 1 < before < POINTS, "the worker is to die while there is work left"
    os.kill(workers[0].process.pid, signal.SIGKILL)
    out, error = run.communicate(timeout=240)
    assert run.returncode == 0, error
    assert f"{POINTS} points" in out
    alone = sweep(tmp_path, "--workers", "1", "--out", "alone")
    assert alone.communicate(timeout=240) is not None
    assert alone.returncode == 0
    found = rows(tmp_path / "cluster")
    assert [row[0] for row in found] == list(range(POINTS))
    assert all(row[5] is None for row in found)
    assert found == rows(tmp_path / "alone")
