"""Points, requests and load targets over a real broker."""

import asyncio
import json
import shutil
import socket
import subprocess
import time

import aiomqtt
import pytest
from live_server import Server

BROKER = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
pytestmark = pytest.mark.skipif(BROKER is None, reason="needs mosquitto")
CDU = "pilot/hall-a/row-01/cdu-1"
RACK = "pilot/hall-a/row-01/rack-03"


def start_broker(folder, port):
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\nuser root\n"
    )
    process = subprocess.Popen([BROKER, "-c", config], stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    raise RuntimeError("the broker did not start")


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("broker")
    broker = start_broker(folder, port)
    options = ("--mqtt", f"mqtt://127.0.0.1:{port}", "--mqtt-integration", "EMS", "--mqtt-flex")
    with Server("pilot", "--speed", "20", *options) as server:
        server.bus_port = port
        server.broker = broker
        server.folder = folder
        yield server
    server.broker.kill()
    server.broker.wait()


async def collect(port, filters, until, seconds=20.0, publish=()):
    """Messages by topic until a condition holds; ``publish`` is sent once subscribed."""
    found = {}
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for topic in filters:
            await client.subscribe(topic)
        for topic, payload in publish:
            await client.publish(topic, payload)
        async with asyncio.timeout(seconds):
            async for message in client.messages:
                found[str(message.topic)] = (json.loads(message.payload), bool(message.retain))
                if until(found):
                    return found
    return found


def gather(*arguments, **options):
    return asyncio.run(collect(*arguments, **options))


def send(server, topic, number):
    payload = json.dumps({"value": number, "timestamp": 1, "quality": 1})

    async def publish():
        async with aiomqtt.Client("127.0.0.1", server.bus_port) as client:
            await client.publish(topic, payload, qos=1)

    asyncio.run(publish())


def test_metadata_is_retained_and_describes_every_rack_and_cdu(bus):
    last = "BMS/v1/PUB/Metadata/System/HeartbeatEchoIntegration/BMS"
    gather(bus.bus_port, [last], lambda f: last in f)  # everything has been published once
    found = gather(bus.bus_port, ["BMS/v1/PUB/Metadata/#"], lambda f: last in f)
    assert all(retained for _, retained in found.values())
    rack = found[f"BMS/v1/PUB/Metadata/Rack/RackPower/{RACK}"][0]
    assert rack == {
        "objectType": "Rack",
        "pointType": "RackPower",
        "engUnit": "kW",
        "rackLocationName": RACK,
        "rackLocationId": f"/{RACK}",
    }
    cdu = found[f"BMS/v1/PUB/Metadata/CDU/LiquidTemperature/{CDU}/secondary/supply"][0]
    assert cdu["engUnit"] == "C"
    assert cdu["processArea"] == ["Secondary", "Supply"]
    assert f"/{RACK}" in cdu["servesId"]
    asked = found[f"BMS/v1/PUB/Metadata/CDU/LiquidTemperatureSpRequest/{CDU}/secondary/supply"][0]
    assert asked["integration"] == "EMS"
    for topic, (facts, _) in found.items():
        _, _, _, _, kind, point, *_ = topic.split("/")
        assert (facts["objectType"], facts["pointType"]) == (kind, point)


def test_values_agree_with_the_server_and_carry_time_and_quality(bus):
    bus.get("/api/commands", body={"name": "pause"})
    topic = f"BMS/v1/PUB/Value/Rack/RackPower/{RACK}"
    bus.get("/api/commands", body={"name": "set", "path": "/", "key": "utilisation", "value": 0.5})
    bus.get("/api/commands", body={"name": "step", "value": 30})
    found = gather(bus.bus_port, [topic], lambda f: topic in f)
    message = found[topic][0]
    element = bus.get(f"/api/element?path=/{RACK}")
    assert message["quality"] == 1
    assert abs(message["timestamp"] / 1000 - time.time()) < 30
    assert message["value"] == pytest.approx(element["values"]["rack.power"] / 1000, abs=0.5)
    bus.get("/api/commands", body={"name": "set", "path": "/", "key": "utilisation", "value": 1.0})
    bus.get("/api/commands", body={"name": "resume"})


def test_a_set_point_request_is_carried_out_logged_and_told(bus):
    topic = f"BMS/v1/EMS/Value/CDU/LiquidTemperatureSpRequest/{CDU}/secondary/supply"
    send(bus, topic, 43.0)
    element = bus.until(
        f"/api/element?path=/{CDU}", lambda e: e["controls"]["supply_setpoint"] == 43.0
    )
    assert element["controls"]["supply_setpoint"] == 43.0
    entry = bus.get("/api/commands")[-1]
    assert (entry["who"], entry["key"], entry["after"]) == ("mqtt:EMS", "supply_setpoint", 43.0)
    send(bus, topic, 400.0)
    bus.until(
        "/api/events",
        lambda rows: any(
            row["kind"] == "refused" and "out of range" in row["message"] for row in rows
        ),
    )
    assert bus.get(f"/api/element?path=/{CDU}")["controls"]["supply_setpoint"] == 43.0


def test_isolation_and_leaks(bus):
    status = f"BMS/v1/PUB/Value/Rack/RackElectricalIsolationStatus/{RACK}"
    leak = f"BMS/v1/PUB/Value/Rack/RackLeakDetect/{RACK}"
    one = json.dumps({"value": 1, "timestamp": 1, "quality": 1})
    found = gather(
        bus.bus_port,
        [status, leak],
        lambda f: all(f.get(t, ({},))[0].get("value") == 1 for t in (status, leak)),
        publish=[
            (f"BMS/v1/EMS/Value/Rack/RackElectricalIsolationRequest/{RACK}", one),
            (f"BMS/v1/EMS/Value/Rack/RackLeakDetectTray/{RACK}/tray-04/gpu-1", one),
        ],
    )
    assert found[status][0]["value"] == 1
    bus.until(f"/api/element?path=/{RACK}", lambda e: e["values"]["rack.power"] == 0.0)
    events = bus.get("/api/events")
    assert any(row["kind"] == "leak" and row["path"].startswith(f"/{RACK}") for row in events)
    send(bus, f"BMS/v1/EMS/Value/Rack/RackElectricalIsolationRequest/{RACK}", 0)
    bus.until(f"/api/element?path=/{RACK}", lambda e: e["values"]["rack.power"] > 1e4)


def test_heartbeats_go_both_ways(bus):
    ours = "BMS/v1/PUB/Value/System/HeartbeatTimestampBms/BMS"
    echo = "BMS/v1/PUB/Value/System/HeartbeatEchoBms/EMS"
    stamp = json.dumps({"value": 1795562607000, "timestamp": 1, "quality": 1})
    found = gather(
        bus.bus_port,
        [ours, echo],
        lambda f: {ours, echo} <= set(f),
        publish=[("BMS/v1/EMS/Value/System/HeartbeatTimestampIntegration/EMS", stamp)],
    )
    assert found[echo][0]["value"] == 1795562607000
    assert abs(found[ours][0]["value"] / 1000 - time.time()) < 30


def test_a_load_target_of_the_grid_lowers_the_load(bus):
    before = bus.get("/api/kpis")["facility_power_w"]
    event = {
        "type": "grid.loadtarget.set.v1",
        "data": {
            "targets": [
                {"interval": {}, "load_constraint": {"value": 0.85 * before, "unit": "watt"}}
            ]
        },
    }
    status = "grid/v1/dsx-flex-agent/BMS/powerstate/status"
    gather(
        bus.bus_port,
        [status],
        lambda f: status in f and f[status][0]["data"]["feeds"]["pilot"]["targets"] != [],
        publish=[("grid/v1/isv/utility/loadtarget/set", json.dumps(event))],
        seconds=25,
    )
    bus.until("/api/kpis", lambda k: k["facility_power_w"] <= 0.86 * before)
    assert any(entry["who"] == "mqtt:flex" for entry in bus.get("/api/commands"))


def test_the_bridge_comes_back_with_the_broker(bus):
    bus.broker.kill()
    bus.broker.wait()
    assert bus.get("/healthz")["status"] == "ok"
    bus.broker = start_broker(bus.folder, bus.bus_port)
    topic = f"BMS/v1/PUB/Metadata/Rack/RackPower/{RACK}"
    assert topic in gather(bus.bus_port, [topic], lambda f: topic in f)
