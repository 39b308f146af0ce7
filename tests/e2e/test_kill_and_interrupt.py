"""Runs that end early: ctrl-C closes the recording, kill -9 loses the open chunk at most."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray

from twin.recording import CHUNK_FRAMES, open_recording


def start(record: Path, *options: str) -> subprocess.Popen[str]:
    """A run so long that it has to be stopped."""
    return subprocess.Popen(
        [sys.executable, "-m", "twin.cli.main", "run", "pilot", "--for", "100h", "--every", "1s",
         "--record", str(record), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def twin_run(record: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "twin.cli.main", "run", "pilot", "--record", str(record), *options],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def wait_for_chunks(record: Path, process: subprocess.Popen[str], count: int) -> None:
    """Wait until that many chunks of accelerator temperatures are on disk."""
    chunks = record / "gpu" / "temperature" / "c"
    deadline = time.monotonic() + 120.0
    while not (chunks.is_dir() and len(list(chunks.iterdir())) >= count):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline, "nothing was recorded"
        time.sleep(0.02)


def check_frames(record: Path, at_least: int) -> int:
    """Read with plain xarray, no matter how it ended; every frame there is whole."""
    tree = xarray.open_datatree(record, engine="zarr")
    frames = tree["gpu"].sizes["time"]
    assert frames >= at_least
    for level in tree.children.values():
        assert np.array_equal(level["time"].values, np.arange(frames, dtype=float))
        for name, values in level.data_vars.items():
            # what does not apply to an element has no value, in all frames or in none
            there = np.isfinite(values.values)
            assert np.array_equal(there, np.broadcast_to(there[0], there.shape)), name
    assert np.isfinite(tree["gpu"]["temperature"].values).all()
    return frames


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_interrupted_run_is_closed_and_readable(tmp_path: Path, options: tuple[str]) -> None:
    record = tmp_path / "run.zarr"
    process = start(record, *options)
    wait_for_chunks(record, process, 2)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "stopped at" in error
    assert "run.zarr" in error
    assert "Traceback" not in error
    frames = check_frames(record, 2 * CHUNK_FRAMES)
    alone = xarray.open_datatree(record, engine="zarr", consolidated=False)
    assert alone["gpu"].sizes["time"] == frames  # closed: the arrays' own documents say so too


def test_interrupting_before_the_run_begins_is_no_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "twin.cli.main", "run", "korea-260k", "--for", "1h"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    libraries = Path(f"/proc/{process.pid}/maps")
    deadline = time.monotonic() + 60.0
    while "_multiarray_umath" not in libraries.read_text():  # numpy: the imports are under way
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.17])
def test_a_killed_run_loses_the_open_chunk_at_most(tmp_path: Path, delay: float) -> None:
    record = tmp_path / "run.zarr"
    process = start(record, "--json")
    wait_for_chunks(record, process, 3)
    time.sleep(delay)  # to hit different moments of writing
    before = len(list((record / "gpu" / "temperature" / "c").iterdir()))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    # the chunk that was being written may be there in part; all before it are whole
    frames = check_frames(record, (before - 1) * CHUNK_FRAMES)
    assert frames % CHUNK_FRAMES == 0
    tree = open_recording(record)
    assert tree["gpu"].sizes["time"] == frames
    again = tmp_path / "again.zarr"  # the same run, not disturbed
    done = twin_run(again, "--for", f"{frames - 1}s", "--every", "1s")
    assert done.returncode == 0, done.stderr
    whole = open_recording(again)
    for level in whole.children.values():
        for name, values in level.data_vars.items():
            np.testing.assert_array_equal(tree[level.name][name].values, values.values, str(name))


def test_an_interrupted_run_leaves_the_recording_it_was_to_replace(tmp_path: Path) -> None:
    record = tmp_path / "run.zarr"
    assert twin_run(record, "--for", "20s").returncode == 0
    process = start(record, "--replace")
    unfinished = tmp_path / "run.unfinished.zarr"
    wait_for_chunks(unfinished, process, 2)
    second = twin_run(record, "--for", "20s")
    assert second.returncode == 2
    assert "another process is writing this recording" in second.stderr
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"recorded until then in {unfinished}" in error
    assert open_recording(record)["gpu"].sizes["time"] == 3
    check_frames(unfinished, 2 * CHUNK_FRAMES)
