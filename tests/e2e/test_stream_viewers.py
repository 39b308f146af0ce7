"""Viewers on a real server over real websockets."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from live_server import Server
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from twin.client import AsyncClient, Client, CommandError
from twin.protocol import decode_frame
from twin.sources import LiveSource

RACK = "/pilot/hall-a/row-01/rack-03"
CDU = "/pilot/hall-a/row-01/cdu-1"


@pytest.fixture(scope="module")
def server():
    with Server("pilot", "--speed", "20") as running:
        yield running


@pytest.fixture
def client(server):
    with Client(server.address) as connected:
        yield connected


def test_hello_says_what_a_viewer_needs(server, client):
    hello = client.hello
    assert hello["protocol"] == "twin.v1"
    assert hello["levels"]["gpu"] == 576
    assert hello["digest"] == client.get("/api/scene")["digest"]
    assert {row["name"] for row in hello["channels"]} >= {"gpu.temperature", "rack.power"}


def test_frames_hold_what_was_asked_for_and_agree_with_rest(server, client):
    client.command("pause")
    answer = client.subscribe(["rack.power", "site.pue", "gpu.temperature"], rate=30)
    assert [row["name"] for row in answer["channels"]] == [
        "rack.power",
        "site.pue",
        "gpu.temperature",
    ]
    frame = client.wait_frame(0)
    assert [len(frame.values[name]) for name in ("rack.power", "gpu.temperature")] == [8, 576]
    state = client.get("/api/state", channel="rack.power", limit=1000)
    assert frame.time == state["time"]
    assert np.allclose(frame.values["rack.power"], state["channels"][0]["values"], atol=5.01)
    assert frame.kpi["pue"] == pytest.approx(state["kpi"]["pue"], rel=1e-6)
    client.command("resume")


def test_a_region_is_cut_out_and_what_lies_above_comes_with_it(client):
    answer = client.subscribe(["gpu.power", "rack.power", "row.power", "cdu.heat"], region=RACK)
    rows = {row["name"]: (row["start"], row["count"]) for row in answer["channels"]}
    assert rows == {"gpu.power": (144, 72), "rack.power": (2, 1), "row.power": (0, 1)}
    frame = client.wait_frame()
    assert frame.start["gpu.power"] == 144
    assert len(frame.values["gpu.power"]) == 72


def test_a_paused_factory_is_shown_to_who_comes_then(server):
    with Client(server.address) as first:
        first.command("pause")
        with Client(server.address) as late:
            late.subscribe(["rack.power"])
            frame = late.wait_frame(0)
            assert frame.paused
            time.sleep(0.3)
            assert late.received <= 2  # and then nothing until something moves
        first.command("resume")


@pytest.mark.parametrize("compression", ["zstd", "deflate", "none"])
def test_every_compression_tells_the_same(client, compression):
    client.subscribe(["rack.power"], compression=compression)
    assert client.wait_frame().values["rack.power"].min() > 1e4


def test_rate_is_kept(server):
    async def count(rate):
        async with AsyncClient(server.address) as viewer:
            await viewer.subscribe(["site.pue"], rate=rate)
            await viewer.next_frame()
            before, clock = viewer.received, time.monotonic()
            while viewer.received < before + 4 * rate:
                await viewer.next_frame()
            return (viewer.received - before) / (time.monotonic() - clock)

    async def both():
        return await asyncio.gather(count(2), count(10))

    slow, fast = asyncio.run(both())  # 20 steps a second are there to be shown
    assert slow < 3.0
    assert fast < 12.0


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"type":"dance"}', "unknown message type"),
        ('{"type":"subscribe"}', "channels"),
        ('{"type":"subscribe","channels":["rack.powr"]}', "did you mean rack.power"),
        ('{"type":"subscribe","channels":["rack.power"],"region":"/x"}', "no 'x'"),
        ('{"type":"subscribe","channels":["rack.power"],"rate":1000}', "rate"),
        ('{"type":"subscribe","channels":["rack.power"],"rate":NaN}', "not JSON"),
        ('{"type":"subscribe","channels":["rack.power"],"rats":1}', "unknown key"),
        ('{"type":"command","name":"fly"}', "unknown command"),
        ('{"type":"command","name":"step","value":1e400}', "whole number"),
        ('{"type":"command","name":"set","path":"/","key":"utilisation","value":[1]}', "value"),
        ('{"type":"command","id":{"a":1},"name":"pause"}', "id is neither"),
        ("[" * 30_000, "not JSON"),
        (b"\x00\x01", "binary"),
    ],
    ids=str,
)
def test_a_bad_message_gets_one_answer_and_the_connection_stays(server, message, words):
    async def ask():
        async with connect(f"ws://127.0.0.1:{server.port}/ws", subprotocols=["twin.v1"]) as socket:
            json.loads(await socket.recv())
            await socket.send(message)
            while (answer := json.loads(await socket.recv()))["type"] == "event":
                pass
            assert answer["type"] == "error"
            assert words in json.dumps(answer)
            await socket.send('{"type":"subscribe","id":7,"channels":["site.pue"]}')
            assert json.loads(await socket.recv())["id"] == 7
            assert "site.pue" in decode_frame(await socket.recv()).values

    asyncio.run(asyncio.wait_for(ask(), 20))


def test_too_large_and_too_many_messages_end_the_connection(server):
    async def ask(messages):
        async with connect(f"ws://127.0.0.1:{server.port}/ws") as socket:
            for message in messages:
                await socket.send(message)
            while True:
                await socket.recv()

    for messages, code in ((["x" * 100_000], 1009), (["{"] * 1000, 1008)):
        with pytest.raises(ConnectionClosed) as caught:
            asyncio.run(asyncio.wait_for(ask(messages), 20))
        closed = caught.value.rcvd or caught.value.sent
        assert closed is None or closed.code == code
    assert server.get("/healthz")["status"] == "ok"


def test_other_pages_names_and_protocols_are_refused(server):
    async def ask(name="127.0.0.1", **options):
        address = f"ws://{name}:{server.port}/ws"
        async with connect(address, host="127.0.0.1", proxy=None, **options) as socket:
            await socket.recv()

    for options in (
        {"origin": "http://elsewhere.example"},
        {"origin": "null"},
        {"name": "elsewhere.example"},
        {"subprotocols": ["mqtt"]},
    ):
        with pytest.raises((InvalidStatus, ConnectionClosed)) as caught:
            asyncio.run(asyncio.wait_for(ask(**options), 20))
        if isinstance(caught.value, InvalidStatus):
            assert caught.value.response.status_code == 403
    asyncio.run(ask(origin=server.address))


def test_a_fault_is_seen_by_everyone_and_shows_in_the_values(server):
    with Client(server.address) as operator, Client(server.address) as other:
        other.subscribe(["cdu.secondary_flow", "rack.coolant_flow"], rate=30)
        before = other.wait_frame(0).values["cdu.secondary_flow"][0]
        operator.command("inject", CDU, "trip")
        operator.command("step", value=30)
        deadline = time.monotonic() + 60
        while other.wait_frame().values["cdu.secondary_flow"][0] > 0.2 * before:
            assert time.monotonic() < deadline
        for viewer in (operator, other):
            assert any(e["kind"] == "inject" and e["path"] == CDU for e in viewer.events)
        operator.command("clear", CDU, "trip")
        with pytest.raises(CommandError, match="unknown fault"):
            operator.command("inject", CDU, "flood")


def test_a_deaf_viewer_costs_nobody_else_anything(server):
    from test_server_process import deaf_viewer

    deaf = [deaf_viewer(server.port) for _ in range(5)]
    with Client(server.address) as healthy:
        healthy.subscribe(["gpu.temperature", "gpu.power"], rate=10)
        healthy.wait_frame(0)
        before = healthy.received
        for _ in range(15):  # all the while nobody reads what the deaf ones are sent
            healthy.wait_frame(timeout=60)
        assert healthy.received - before >= 15
    for connection in deaf:
        connection.close()


def test_coming_and_going_leaves_nothing_behind(server):
    async def come_and_go(count):
        for _ in range(count):
            async with connect(f"ws://127.0.0.1:{server.port}/ws") as socket:
                await socket.recv()
                await socket.send('{"type":"subscribe","channels":["rack.power"]}')

    asyncio.run(come_and_go(20))
    viewers = 'twin_viewers{session="pilot"} 0.0'
    deadline = time.monotonic() + 60
    while viewers not in server.request("/metrics", raw=True)[1].decode():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_live_source_is_what_a_viewer_works_with(server):
    source = LiveSource(server.address)
    try:
        frame = source.wait()
        assert frame.digest == source.scene["digest"]
        assert frame.values["gpu.temperature"].shape == (576,)
        assert source.command("pause")["ok"]
        assert source.command("resume")["ok"]
        source.select(["site.pue"])
    finally:
        source.close()


def test_a_client_comes_back_after_the_server_was_killed():
    with Server("pilot", "--speed", "20") as first, Client(first.address) as client:
        client.subscribe(["rack.power"], rate=30)
        client.wait_frame(0)
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        again = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "twin.cli.main",
                "serve",
                "pilot",
                "--port",
                str(first.port),
                "--speed",
                "20",
                "--log",
                "off",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            frame = client.wait_frame(timeout=60)  # subscribed again by itself
            assert frame.values["rack.power"].shape == (8,)
        finally:
            again.terminate()
            again.wait(10)
