"""The wall clock is set forward and back while a server runs and between its starts.

Intervals are measured with a clock that nobody sets, so nothing but stamps may follow. (That the
newest sessions are those made last is tested where sessions are restored.)
"""

import http.client
import json
import signal
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import numba
import pytest
from live_server import Server, twin

from twin.client import Client

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
JUMPS = {"hour-on": 3600.0, "hour-back": -3600.0, "years-on": 3.2e8, "years-back": -3.2e8}
CDU = "/pilot/hall-a/row-01/cdu-1"
TOKEN = "b1946ac92492d2347c6235b4d2611184"

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed")


class Clock:
    """The wall clock of a server: as much ahead of ours as its file says."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.set(0.0)
        self.environment = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",  # s after which it looks at the file again
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "NUMBA_CACHE_DIR": numba.config.CACHE_DIR,  # else those of other versions count as old
        }

    def set(self, ahead):
        self.ahead = ahead
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{ahead:+.0f}\n")
        fresh.replace(self.file)

    def now(self):
        return time.time() + self.ahead

    def until_seen(self, server):
        """Wait until a server goes by the clock as it is set now."""
        end = time.monotonic() + 60.0
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            connection.request("GET", "/healthz")
            date = parsedate_to_datetime(connection.getresponse().getheader("date"))
            connection.close()
            if abs(date.timestamp() - self.now()) < 60:
                return
            assert time.monotonic() < end, "the clock was not set"
            time.sleep(0.05)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


def test_nothing_but_stamps_follows_a_clock_that_is_set(tmp_path, clock):
    tokens = tmp_path / "tokens"
    tokens.write_text(f"admin anna {TOKEN}\n")
    tokens.chmod(0o600)
    state = tmp_path / "state"
    ours = {"headers": {"Authorization": f"Bearer {TOKEN}"}}
    options = ("--speed", "20", "--state", state, "--every", "10s", "--tokens", tokens)
    started = time.monotonic()
    with (
        Server("pilot", *options, environment=clock.environment) as server,
        Client(server.address, token=TOKEN) as viewer,
    ):
        viewer.subscribe(["rack.power"], rate=10)
        up = server.get("/healthz")["uptime_s"]
        for ahead in JUMPS.values():
            before, began = server.get("/api/sessions/pilot", **ours), time.monotonic()
            clock.set(ahead)
            clock.until_seen(server)
            while abs(viewer.wait_frame(viewer.received).wall - clock.now()) > 60:
                assert time.monotonic() - began < 60, "frames keep the old stamps"
            goal = before["time"] + 20
            while (after := server.get("/api/sessions/pilot", **ours))["time"] < goal:
                assert time.monotonic() - began < 60, "time stands still"
                time.sleep(0.05)
            took = time.monotonic() - began
            # two seconds behind and more are given up, never raced through
            assert after["time"] - before["time"] <= 20 * (took + 2.5)
            assert 0 < after["achieved_speed"] <= 100  # it may catch up on a loaded machine
            assert after["skipped_s"] <= time.monotonic() - started
            body = {"name": "set", "path": CDU, "key": "supply_setpoint", "value": 41.0}
            end = time.monotonic() + 60.0
            while server.request("/api/commands", body=body, **ours)[0] == 503:  # a slow disk
                assert time.monotonic() < end
            logged = server.get("/api/commands?limit=10000", **ours)[-1]
            given = len(server.get("/api/commands?limit=10000", **ours))
            assert logged["wall"] == pytest.approx(clock.now(), abs=60)
            up, earlier = server.get("/healthz")["uptime_s"], up
            assert earlier < up < 600
            assert server.request("/api/sessions")[0] == 401
        server.stop(signal.SIGKILL)
    for ahead in (JUMPS["years-on"], JUMPS["years-back"]):
        clock.set(ahead)
        with Server("pilot", *options, environment=clock.environment) as server:
            again = server.until(
                "/api/sessions/pilot", lambda s: not s["seeking"], headers=ours["headers"]
            )
            assert again["commands"] == given
            assert again["time"] >= before["time"]
            assert server.get("/api/unopened", **ours) == []
            server.stop(signal.SIGKILL)
    code, out, error = twin("replay", state / "pilot.zarr", "--verify", "--json")
    assert code == 0, error
    assert json.loads(out)["difference"] == ""
