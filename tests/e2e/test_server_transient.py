"""Fast windows over a real server: figures, series, spectra, limits, and what is refused."""

import http.client
import json
import threading
import time

import pytest
from live_server import Server

from twin.client import Client
from twin.errors import InputError


@pytest.fixture(scope="module")
def server():
    with Server("pilot-storage", "--speed", "10", "--log", "off") as running:
        yield running


@pytest.fixture(scope="module")
def path(server):
    return f"/api/sessions/{server.get('/api/sessions')[0]['id']}/transient"


def test_window_starts_from_the_present_state(server, path):
    asked = {"seconds": 20, "frequency": 0.5, "points": 500}
    status, answer = server.request(path, body=asked)
    assert status == 200
    figures, series = answer["figures"], answer["series"]
    assert figures["path"] == "/pilot"
    assert figures["racks"] == 8
    assert abs(figures["energy_residual"]) < 1e-9
    assert 0.85 < answer["battery_charge"] <= 0.901
    assert len(series["time_s"]) == 500 == len(series["connection_w"]["mean"])
    assert series["interval_s"] == pytest.approx(0.04)
    trace = series["connection_w"]
    mean = sum(trace["mean"]) / 500
    assert mean == pytest.approx(figures["connection"]["mean_w"], rel=1e-4)
    assert max(trace["highest"]) == pytest.approx(figures["connection"]["highest_w"], abs=0.1)
    assert min(trace["lowest"]) == pytest.approx(figures["connection"]["lowest_w"], abs=0.1)
    # the racks swing at the asked frequency, and the battery holds the ramp of the connection
    spectrum = answer["spectrum"]
    largest = max(range(len(spectrum["load"])), key=lambda k: spectrum["load"][k])
    assert spectrum["frequency_hz"][largest] == pytest.approx(0.5, abs=0.06)
    assert answer["met"]
    assert answer["met"] is all(row["met"] for row in figures["limits"])
    without = server.request(path, body={**asked, "battery": False})[1]
    assert not without["met"]
    worst = [row["value"] for row in figures["limits"]]
    assert without["figures"]["limits"][0]["value"] > 3 * worst[0]
    # the present power is the one of the compute part
    power = server.get("/api/kpis")["it_power_w"]
    assert max(series["load_w"]["highest"]) == pytest.approx(power, rel=0.1)


def test_the_session_goes_on_meanwhile(server, path):
    before = server.get("/api/kpis")["time_s"]
    done = []
    worker = threading.Thread(
        target=lambda: done.append(server.request(path, body={"seconds": 60, "step": 0.002}))
    )
    worker.start()
    answered = 0
    while worker.is_alive():
        server.get("/healthz")
        answered += worker.is_alive()
        time.sleep(0.02)
    worker.join()
    assert done[0][0] == 200
    assert answered > 1  # a server that waits for the computation answers once, after it
    deadline = time.monotonic() + 20.0  # a step is a second, the window may have taken less
    while server.get("/api/kpis")["time_s"] <= before:
        assert time.monotonic() < deadline, "the session stands still"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"seconds": 300, "step": 0.001}, "seconds"),
        ({"seconds": 1e9}, "body.seconds"),
        ({"scope": "/nowhere"}, "path"),
        ({"scope": "/pilot/warm"}, ""),
        ({"compute_share": 0.0}, "compute_share"),
        ({"limit": {"bands": [{"from_hz": 3, "to_hz": 1, "amplitude_w": 1}]}}, "limit.bands"),
        ({"unknown": 1}, "body.unknown"),
    ],
)
def test_refused(server, path, body, key):
    status, problem = server.request(path, body=body)
    assert status == 422, problem
    assert key in str(problem.get("key"))


def test_no_such_session(server):
    assert server.request("/api/sessions/nobody/transient", body={})[0] == 404


def test_picture(server, path):
    status, data = server.request(path + "?picture=true", body={"seconds": 5}, raw=True)
    assert status == 200
    assert data.startswith(b"\x89PNG")


def test_callers_that_hang_up_do_not_block_the_next(server, path):
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        body = json.dumps({"seconds": 60, "step": 0.001})
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        time.sleep(0.05)
        connection.close()
    status, answer = server.request(path, body={"seconds": 2})
    assert status == 200, answer


def test_client(server):
    with Client(server.address) as client:
        answer = client.transient(
            seconds=5, frequency=2.0, interruption={"at": 1, "duration": 0.01}
        )
        assert answer["figures"]["unserved_energy_j"] == 0.0  # hold-up carries 10 ms
        with pytest.raises(InputError, match="less than"):
            client.transient(step=1.0)
