"""REST over a real server: what it tells, and how it refuses."""

import gzip
import io
import json
import math
import socket

import pytest
from live_server import Server

CDU = "/pilot/hall-a/row-01/cdu-1"


@pytest.fixture(scope="module")
def server():
    with Server("pilot", "--paused", "--log", "json") as running:
        running.get("/api/commands", body={"name": "step", "value": 120})
        yield running


def test_health(server):
    assert server.get("/healthz")["status"] == "ok"
    assert server.get("/readyz")["status"] == "ready"


def test_the_scene_is_cached_by_its_layout(server):
    import urllib.request

    request = urllib.request.Request(server.address + "/api/scene")
    request.add_header("Accept-Encoding", "gzip")
    with urllib.request.urlopen(request, timeout=20) as response:
        etag = response.headers["ETag"]
        assert response.headers["Content-Encoding"] == "gzip"
        scene = json.loads(gzip.decompress(response.read()))
    assert scene["schema"] == "twin.scene/1"
    assert scene == server.get("/api/scene")
    status, body = server.request("/api/scene", headers={"If-None-Match": etag}, raw=True)
    assert (status, body) == (304, b"")


def test_paths_channels_and_levels_agree_with_each_other(server):
    channels = server.get("/api/channels")
    assert {row["name"] for row in channels} >= {"gpu.temperature", "rack.power", "site.pue"}
    answer = server.get("/api/paths?level=gpu&region=/pilot/hall-a/row-01/rack-02&limit=3")
    assert answer["total"] == 72
    assert [row["index"] for row in answer["paths"]] == [72, 73, 74]
    assert answer["paths"][0]["path"].startswith("/pilot/hall-a/row-01/rack-02/tray-")


def test_state_element_and_kpis_tell_the_same(server):
    state = server.get(f"/api/state?channel=cdu.*&channel=site.pue&region={CDU}&with_paths=true")
    by_name = {row["name"]: row for row in state["channels"]}
    assert by_name["cdu.heat"]["paths"] == [CDU]
    element = server.get(f"/api/element?path={CDU}")
    assert element["values"]["cdu.heat"] == by_name["cdu.heat"]["values"][0]
    assert element["controls"]["supply_setpoint"] == pytest.approx(40.0)
    kpis = server.get("/api/kpis")
    assert by_name["site.pue"]["values"][0] == pytest.approx(kpis["pue"], abs=1e-3)
    assert kpis["time_s"] == 120.0
    assert kpis["it_power_w"] > 1e5


def test_state_is_paged(server):
    whole = server.get("/api/state?channel=gpu.power&limit=1000")["channels"][0]
    part = server.get("/api/state?channel=gpu.power&offset=100&limit=5")["channels"][0]
    assert whole["count"] == part["count"] == len(whole["values"]) == 576
    assert part["start"] == 100
    assert part["values"] == whole["values"][100:105]


def test_a_command_is_answered_logged_and_told_as_an_event(server):
    answer = server.get(
        "/api/commands",
        body={"name": "set", "path": CDU, "key": "supply_setpoint", "value": "38 degC"},
    )
    assert answer["elements"] == 1
    assert (answer["before"], answer["after"]) == (40.0, 38.0)
    entry = server.get("/api/commands")[-1]
    assert (entry["kind"], entry["path"], entry["key"]) == ("set", CDU, "supply_setpoint")
    assert entry["who"].startswith("local:")
    assert (entry["before"], entry["after"], entry["time"]) == (40.0, 38.0, 120.0)
    event = server.get("/api/events")[-1]
    assert (event["path"], event["kind"]) == (CDU, "set")
    assert server.get(f"/api/events?since={event['number']}") == []


def test_every_control_and_fault_that_is_listed_exists(server):
    for row in server.get("/api/controls"):
        paths = server.get(f"/api/paths?level={row['level']}&limit=1")["paths"]
        if not paths:
            continue
        if row["kind"] == "fault":
            for name in ("inject", "clear"):
                body = {"name": name, "path": paths[0]["path"], "key": row["key"]}
                assert server.request("/api/commands", body=body)[0] == 200, body
        elif row["high"] is not None:
            body = {
                "name": "set",
                "path": paths[0]["path"],
                "key": row["key"],
                "value": row["high"] + 1.0,
            }
            status, problem = server.request("/api/commands", body=body)
            assert status == 422
            assert ("needs its unit" if row["example"] else "out of range") in problem["message"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/state?channel=gpu.temperatur", 422, "did you mean gpu.temperature"),
        ("/api/state?channel=gpu.power&region=/pilot/hall-z", 422, "hall-a"),
        ("/api/state", 422, "channel"),
        ("/api/paths?level=racks", 422, "rack"),
        ("/api/element?path=/pilot/nothing", 422, "no 'nothing' in /pilot"),
        ("/api/element?path=relative", 422, "not a path"),
        ("/api/kpis?session=none", 404, "no session 'none'"),
        ("/api/nowhere", 404, "nothing at this address"),
        ("/api/history?path=/pilot&channel=site.pue", 422, "not recorded"),
        ("/api/state?channel=gpu.power&limit=0", 422, "limit"),
    ],
)
def test_bad_questions_get_one_clear_answer(server, path, status, words):
    found, problem = server.request(path)
    assert found == status
    assert words in json.dumps(problem)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "explode"}, "name"),
        ({"name": "set", "path": CDU}, "key"),
        ({"name": "set", "path": CDU, "key": "supply_setpoint"}, "value is missing"),
        ({"name": "set", "path": CDU, "key": "supply_setpoint", "value": "38 W"}, "W"),
        ({"name": "set", "path": CDU, "key": "supply_setpoint", "value": 95}, "10 to 60"),
        ({"name": "set", "path": CDU, "key": "setpoint", "value": 38}, "supply_setpoint"),
        ({"name": "inject", "path": CDU, "key": "flood"}, "unknown fault"),
        ({"name": "inject", "path": "/", "key": "trip"}, "path"),
        ({"name": "speed", "value": 0}, "speed out of range"),
        ({"name": "speed", "value": "fast"}, "speed out of range"),
        ({"name": "step", "value": 1.5}, "whole number"),
        ({"name": "seek", "value": 1e9}, "time out of range"),
        ({"name": "pause", "extra": 1}, "extra"),
    ],
)
def test_bad_commands_change_nothing(server, body, words):
    before = server.get(f"/api/element?path={CDU}"), len(server.get("/api/commands"))
    status, problem = server.request("/api/commands", body=body)
    assert status == 422
    assert words in json.dumps(problem)
    assert before == (server.get(f"/api/element?path={CDU}"), len(server.get("/api/commands")))


def test_numbers_that_json_does_not_have_are_refused(server):
    for text in (b'{"name":"speed","value":NaN}', b'{"name":"seek","value":Infinity}', b"{", b""):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(
                b"POST /api/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text) + text
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 422"), text


def test_a_large_body_is_refused_whether_its_length_is_told_or_not(server):
    status, _ = server.request("/api/commands", body={"name": "x" * 100_000})
    assert status == 413
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            b"POST /api/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\nConnection: close\r\n\r\n"
        )
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        connection.sendall(chunk * 6 + b"0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_metrics_tell_of_sessions_and_channels(server):
    status, text = server.request("/metrics", raw=True)
    lines = text.decode().splitlines()
    assert status == 200
    name = 'twin_session_time_seconds{session="pilot"}'
    found = [line for line in lines if line.startswith(name)]
    assert float(found[0].split()[-1]) == server.get("/api/kpis")["time_s"]
    assert any('channel="cdu.heat"' in line and CDU in line for line in lines)
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)
    names = [line.split("{")[0].split()[0] for line in lines if not line.startswith("#")]
    assert len(set(names)) < 60  # labels, not names
    assert all(math.isfinite(float(line.split()[-1])) for line in lines if "twin_channel{" in line)


def test_lines_of_json_come_as_time_goes(server):
    server.get("/api/commands", body={"name": "speed", "value": 50})
    server.get("/api/commands", body={"name": "resume"})
    _, text = server.request(
        "/api/stream?channel=rack.power&region=/pilot/hall-a&rate=10&lines=3", raw=True
    )
    server.get("/api/commands", body={"name": "pause"})
    rows = [json.loads(line) for line in text.decode().splitlines()]
    assert [len(row["channels"]["rack.power"]) for row in rows] == [8, 8, 8]
    assert rows[0]["time"] < rows[1]["time"] < rows[2]["time"]
    assert server.request("/api/stream?channel=nothing")[0] == 422


def test_the_interface_is_described(server):
    document = server.get("/openapi.json")
    assert document["openapi"].startswith("3.")
    for path, operations in document["paths"].items():
        for name, operation in operations.items():
            assert operation.get("description"), (name, path)


def test_nothing_outside_is_served(server):
    for path in ("/../pyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "/static/../../etc/passwd"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 404")


def test_logs_are_lines_of_json(server):
    from twin.client import Client

    with Client(server.address) as viewer:
        viewer.subscribe(["site.pue"])
    server.until("/healthz", lambda _: "viewer left" in server.log)
    rows = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert {"viewer joined", "viewer left"} <= {row["message"] for row in rows}


def test_a_picture_of_the_present_is_drawn(server):
    from PIL import Image

    status, body = server.request("/api/picture?channel=rack.power&width=640&height=360", raw=True)
    assert status == 200
    picture = Image.open(io.BytesIO(body)).convert("RGB")
    assert picture.size == (640, 360)
    colours = picture.getcolors(640 * 360)
    assert len(colours) > 500
    assert max(count for count, _ in colours) < 0.6 * 640 * 360  # more than background
    status, problem = server.request("/api/picture?channel=rack.pover")
    assert status == 422
    assert "rack.power" in str(problem)


@pytest.mark.parametrize(
    ("address", "message", "allowed"),
    [
        ("/api/state?channel=site.pue&regoin=/pilot", "unknown parameter", "did you mean region?"),
        ("/api/kpis?sesion=pilot", "unknown parameter", "did you mean session?"),
        ("/api/sessions?limit=3", "unknown parameter", "no parameter"),
        (f"/api/element?path=/pilot&path={CDU}", "parameter given more than once", "one value"),
    ],
)
def test_parameters_without_effect_are_refused(server, address, message, allowed):
    status, body = server.request(address)
    assert (status, body["message"], body["allowed"]) == (422, message, allowed)


def test_pages_open_with_what_links_add_to_their_address(server):
    status, body = server.request("/docs?utm_source=mail", raw=True)
    assert status == 200
    assert b"/api/sessions" in body
