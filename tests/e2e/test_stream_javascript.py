"""The example in plain JavaScript reads what the Python client reads."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from live_server import Server

from twin.client import Client

EXAMPLE = Path(__file__).parents[2] / "examples" / "javascript" / "client.mjs"


def run(address, *channels, frames="1"):
    version = int(
        subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
        .stdout.lstrip("v")
        .split(".")[0]
    )
    flags = [] if version >= 22 else ["--experimental-websocket"]
    if version < 20:
        pytest.skip("this node has no websocket")
    return subprocess.run(
        ["node", *flags, EXAMPLE, address, *channels],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"FRAMES": frames},
        check=False,
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_example_client_shows_the_same_values():
    with Server("pilot", "--paused") as server, Client(server.address) as client:
        client.command("step", value=60)
        client.subscribe(["rack.power", "gpu.temperature"])
        frame = client.wait_frame(0)
        done = run(server.address, "rack.power", "gpu.temperature", "gpu.clock")
        assert done.returncode == 0, done.stderr
        shown = json.loads(done.stdout.splitlines()[0])
        assert shown["time"] == frame.time == 60.0
        assert shown["paused"] is True
        for name in ("rack.power", "gpu.temperature"):
            values = frame.values[name]
            assert shown[name]["count"] == len(values)
            assert shown[name]["mean"] == pytest.approx(float(values.mean()), rel=1e-5)
            assert shown[name]["max"] == pytest.approx(float(values.max()), rel=1e-6)
        refused = run(server.address, "rack.powr")
        assert "did you mean rack.power" in refused.stderr
