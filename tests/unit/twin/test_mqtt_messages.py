"""What comes from the broker is checked; load targets become caps."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InputError
from twin.factory import Factory
from twin.mqtt.broker import parse_broker
from twin.mqtt.flex import LOWEST_CAP, Flex, parse_targets
from twin.mqtt.points import points
from twin.mqtt.requests import parse_request
from twin.server.subject import SimulationSubject

CDU = "pilot/hall-a/row-01/cdu-1"
RACK = "pilot/hall-a/row-01/rack-03"


def value(number, quality=1):
    return json.dumps({"value": number, "timestamp": 1, "quality": quality}).encode()


def topic(kind, point, tag, who="EMS"):
    return f"BMS/v1/{who}/Value/{kind}/{point}/{tag}"


@pytest.mark.parametrize(
    ("kind", "point", "tag", "number", "expected"),
    [
        (
            "CDU",
            "LiquidTemperatureSpRequest",
            f"{CDU}/secondary/supply",
            41.5,
            ("supply_setpoint", f"/{CDU}", 41.5),
        ),
        ("Rack", "RackLiquidIsolationRequest", RACK, 1, ("flow_factor", f"/{RACK}", 0.0)),
        ("Rack", "RackLiquidIsolationRequest", RACK, 0, ("flow_factor", f"/{RACK}", 1.0)),
        ("Rack", "RackElectricalIsolationRequest", RACK, 1, ("energised", f"/{RACK}", 0.0)),
    ],
)
def test_requests_become_commands(kind, point, tag, number, expected):
    command = parse_request(topic(kind, point, tag), value(number), "EMS").command()
    assert (command.key, command.path, command.value) == expected
    assert command.kind == "set"


@pytest.mark.parametrize("payload", [value(1, quality=0), value(None), value(-1)])
def test_a_value_that_is_not_good_asks_for_nothing(payload):
    assert parse_request(topic("Rack", "RackLiquidIsolationRequest", RACK), payload, "EMS") is None


@pytest.mark.parametrize(
    ("where", "payload"),
    [
        (topic("Rack", "RackPower", RACK), value(1)),
        (topic("Rack", "RackLiquidIsolationRequest", RACK, who="OTHER"), value(1)),
        ("BMS/v1/EMS/Value/Rack", value(1)),
        ("BMS/v1/PUB/Value/Rack/RackPower/x", value(1)),
        (topic("Rack", "RackLiquidIsolationRequest", RACK), value(2)),
        (topic("Rack", "RackLiquidIsolationRequest", RACK), value(True)),
        (topic("Rack", "RackLiquidIsolationRequest", RACK), value("1")),
        (topic("Rack", "RackLiquidIsolationRequest", RACK), b"1"),
        (topic("Rack", "RackLiquidIsolationRequest", RACK), b"{"),
        (topic("Rack", "RackLiquidIsolationRequest", RACK), b"[" * 4000),
        (topic("Rack", "RackLiquidIsolationRequest", RACK), b" " * 5000),
        (topic("CDU", "LiquidTemperatureSpRequest", CDU), value(1e400)),
        (topic("CDU", "LiquidTemperatureSpRequest", CDU), value(10**400)),
    ],
)
def test_what_means_nothing_is_refused(where, payload):
    with pytest.raises(InputError):
        parse_request(where, payload, "EMS")


@given(st.text(max_size=60), st.binary(max_size=60))
def test_random_messages_are_refused(where, payload):
    with pytest.raises(InputError):
        parse_request(where, payload, "EMS")
    with pytest.raises(InputError):
        parse_targets(payload, ["s"], 0.0)


@pytest.mark.parametrize(
    "address", ["http://x", "mqtt://", "mqtt://user:secret@host", "mqtt://host:99999999"]
)
def test_a_bad_broker_address_is_refused(address):
    with pytest.raises(InputError) as caught:
        parse_broker(address)
    assert "secret" not in str(caught.value)


@pytest.fixture(scope="module")
def subject():
    simulation = Factory.load("pilot").simulation()
    simulation.advance(300)
    return SimulationSubject(simulation)


def target(watts, start=None, end=None, feeds=None):
    interval = {key: text for key, text in (("start_time", start), ("end_time", end)) if text}
    constraint = None if watts is None else {"value": watts / 1e3, "unit": "kilowatt"}
    row = {"interval": interval, "load_constraint": constraint}
    if feeds is not None:
        row["feed_tags"] = feeds
    return json.dumps({"type": "grid.loadtarget.set.v1", "data": {"targets": [row]}}).encode()


def follow(subject, flex, now, seconds=600):
    for _ in range(seconds // 5):
        for command in flex.commands(now):
            subject.apply(command)
        subject.simulation.advance(5)
    return float(subject.channel("site.power")[0])


def test_a_load_target_holds_the_site_below_its_limit_and_lets_go_at_its_end(subject):
    flex = Flex(subject)
    before = float(subject.channel("site.power")[0])
    limit = 0.8 * before
    flex.take(parse_targets(target(limit, end="2026-01-01T01:00:00Z"), flex.feeds, 1.7672e9))
    held = follow(subject, flex, 1.7672e9)
    print(f"site at {held:.0f} W, limit {limit:.0f} W, before {before:.0f} W")
    assert 0.95 * limit < held <= 1.01 * limit
    event = flex.status("agent", 1.7672e9)
    feed = event["data"]["feeds"]["pilot"]
    assert feed["compliant"] is True
    assert feed["targets"][0]["active"] is True
    assert math.isinf(flex.caps[0]) is False
    after = follow(subject, flex, 1.77e9)
    assert after > 0.97 * before
    assert flex.targets == []


def test_a_target_below_what_the_site_can_reach_stops_at_the_lowest_cap(subject):
    flex = Flex(subject)
    flex.take(parse_targets(target(1000.0), flex.feeds, 0.0))
    commands = flex.commands(0.0)
    assert [command.value for command in commands] == [LOWEST_CAP]
    flex.take(parse_targets(target(None), flex.feeds, 0.0))
    assert [command.value for command in flex.commands(0.0)] == [math.inf]


@pytest.mark.parametrize(
    "payload",
    [
        target(-5.0),
        target(1e6, start="yesterday"),
        target(1e6, feeds=["elsewhere"]),
        target(1e6, start="2026-01-02T00:00:00Z", end="2026-01-01T00:00:00Z"),
        json.dumps({"type": "grid.loadtarget.set.v1", "data": "a.b.c"}).encode(),
        json.dumps({"type": "grid.loadtarget.set.v1", "data": {"targets": []}}).encode(),
        json.dumps({"type": "other"}).encode(),
        b"[]",
        b"{",
    ],
)
def test_bad_load_targets_are_refused(payload):
    with pytest.raises(InputError):
        parse_targets(payload, ["pilot"], 0.0)


def test_every_point_reads_a_value_and_has_a_topic_of_its_own(subject):
    leaks = np.zeros(8)
    groups = points(subject, "EMS", leaks)
    topics = [g.metadata_topic(row) for g in groups for row in range(len(g.tags))]
    assert len(topics) == len(set(topics))
    assert not any(c in topic for topic in topics for c in "+# ")
    for group in groups:
        assert len(group.metadata) == len(group.tags)
        for facts in group.metadata:
            assert ("engUnit" in facts) != ("stateText" in facts)
            named = [key for key in ("associateId", "objectId", "rackLocationId") if key in facts]
            assert len(named) == 1
            assert ("integration" in facts) == (group.read is None)
        if group.read is not None:
            values = group.read(subject)
            assert values.shape == (len(group.tags),)
            assert np.isfinite(values).all(), group.point_type


def test_only_what_moved_is_published_again(subject):
    group = next(g for g in points(subject, "EMS", np.zeros(8)) if g.point_type == "RackPower")
    values = group.read(subject)
    assert len(group.changed(values)) == 8
    group.sent[:] = values
    assert len(group.changed(values)) == 0
    values = values + np.array([0, 0, 0, 1.0, 0, 0, 0, np.nan])
    assert group.changed(values).tolist() == [3, 7]
