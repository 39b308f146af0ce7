"""``twin report``, ``compare`` and ``phases`` as people type them, good and bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def twin(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twin.cli.main", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    done = twin("run", "pilot", "--for", "1min", "--record", "run.zarr", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run.zarr"


def test_report_tells_what_the_run_told(recording: Path) -> None:
    folder = recording.parent
    done = twin("report", "run.zarr", "-o", "r.html", "--no-pictures", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    run = json.loads(twin("run", "pilot", "--for", "1min", "--json", cwd=folder).stdout)
    for key in ("it_power_w", "facility_power_w", "pue", "max_gpu_temperature_c", "tokens_per_s"):
        assert figures[key] == pytest.approx(run[key], rel=1e-9), key
    assert (folder / "r.html").read_text().startswith("<!doctype html>")


def test_compare_a_recording_with_its_own_layout(recording: Path) -> None:
    """The recording and a fresh run of the same are equal: a regression test in one line."""
    done = twin("compare", "run.zarr", "pilot", "--for", "1min", "--json", cwd=recording.parent)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["against_first"][0]["first"] is None
    assert data["against_first"][0]["common_frames"] == 7


def test_phases_as_table_json_and_page(tmp_path: Path) -> None:
    done = twin("phases", "korea-260k", "-o", "p.html", "--plot", "p.svg", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2030-12-31" in done.stdout
    assert "260,000" in done.stdout
    assert "<svg" in (tmp_path / "p.svg").read_text()
    data = json.loads(twin("phases", "korea-260k", "--json", cwd=tmp_path).stdout)
    last = data["moments"][-1]
    assert last["announced"] == 260_000
    assert last["usable"] == sum(site["usable"] for site in last["sites"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["report", "none.zarr"], "recording not found"),
        (["report", "."], "not a recording"),
        (["compare", "pilot"], "two or more"),
        (["compare", "pilot", "pilott"], "did you mean pilot"),
        (["compare", "pilot@nothing", "pilot"], "scenario not found"),
        (["compare", "pilot", "pilot", "--every", "0.3s"], "--every"),
        (["phases", "pilot"], "says nothing about phases"),
        (["sweep", "none.yaml"], "study not found"),
    ],
)
def test_mistakes_get_one_message_and_exit_code_2(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = twin(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr
