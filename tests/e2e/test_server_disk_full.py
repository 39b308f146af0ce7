"""A full disk: the session stands still with an alarm, and goes on when there is space again."""

import json
import os
import subprocess

import pytest
from live_server import Server, twin

from twin.replay import Recording


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 12 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder]
    made = subprocess.run(command, capture_output=True, check=False) if os.geteuid() == 0 else None
    if made is None or made.returncode:
        pytest.skip("may not mount a small file system here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=False)


def test_a_full_disk_pauses_with_an_alarm_and_space_resumes(small_disk):
    ballast = small_disk / "ballast"
    with Server("pilot", "--speed", "200", "--state", small_disk, "--every", "10s") as server:
        server.until("/api/sessions/pilot", lambda s: s["time"] > 400)
        assert server.get("/api/sessions/pilot")["hold"] is None
        free = os.statvfs(small_disk)
        ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 200_000)))
        held = server.until("/api/sessions/pilot", lambda s: s["hold"])
        assert "no space" in held["hold"]
        assert any(event["kind"] == "alarm" for event in server.get("/api/events"))
        stood = server.get("/api/sessions/pilot")["time"]
        assert server.get("/api/kpis")["time_s"] == stood  # it can still be looked at
        assert server.get("/healthz")["status"] == "ok"
        ballast.unlink()
        server.until("/api/sessions/pilot", lambda s: s["hold"] is None and s["time"] > stood + 200)
    recording = Recording(small_disk / "pilot.zarr")
    gaps = recording.times[1:] - recording.times[:-1]
    assert set(gaps) == {10.0}  # nothing is missing
    code, out, error = twin("replay", small_disk / "pilot.zarr", "--verify", "--json")
    assert code == 0, error
    assert json.loads(out)["difference"] == ""
