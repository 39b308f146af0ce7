"""What comes from the broker is checked; load targets become caps."""

import json
import math
from types import SimpleNamespace

import jwt
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from twin.errors import InputError
from twin.factory import Factory
from twin.mqtt.broker import parse_broker
from twin.mqtt.flex import Flex, parse_targets
from twin.mqtt.points import points
from twin.mqtt.requests import parse_request
from twin.mqtt.signatures import read_keys
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


def public(private, kid):
    algorithm = ECAlgorithm if isinstance(private, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    return algorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": kid}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """Private keys of the grid's side, and the file of their public halves."""
    curve = ec.generate_private_key(ec.SECP256R1())
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path_factory.mktemp("keys") / "grid.json"
    file.write_text(json.dumps({"keys": [public(curve, "ec-1"), public(rsa_key, "rsa-1")]}))
    return SimpleNamespace(curve=curve, rsa=rsa_key, file=file, keys=read_keys(file))


def signed(key, algorithm, kid, payload=None):
    data = json.loads(payload or target(9e5))["data"]
    text = jwt.PyJWS().encode(
        json.dumps(data).encode(), key, algorithm, headers={"kid": kid} if kid else None
    )
    return text


def event(data):
    return json.dumps({"type": "grid.loadtarget.set.v1", "data": data}).encode()


def test_signed_load_targets_are_taken_from_the_keys_that_are_known(grid):
    for key, algorithm, kid in ((grid.curve, "ES256", "ec-1"), (grid.rsa, "RS256", "rsa-1")):
        text = signed(key, algorithm, kid)
        (found,) = parse_targets(event(text), ["pilot"], 0.0, grid.keys)
        assert found.limit == 9e5


def test_load_targets_that_are_not_signed_as_they_should_be_are_refused(grid):
    good = signed(grid.curve, "ES256", "ec-1")
    head, body, mark = good.split(".")
    other = signed(grid.curve, "ES256", "ec-1", target(1e9)).split(".")[1]
    stranger = ec.generate_private_key(ec.SECP256R1())
    for data in (
        json.loads(target(9e5))["data"],  # not signed at all
        f"{head}.{other}.{mark}",  # another body under the same signature
        f"{head}.{body}.{mark[:-4]}AAAA",
        signed(stranger, "ES256", "ec-1"),
        signed(grid.curve, "ES256", "ec-2"),
        signed(grid.curve, "ES256", None),
        signed(grid.rsa, "RS256", "ec-1"),
        signed(grid.rsa, "RS512", "rsa-1"),
        signed(b"no secret of anyone" * 2, "HS256", "ec-1"),
        signed(None, "none", "ec-1"),
        "a.b.c",
        "",
    ):
        with pytest.raises(InputError):
            parse_targets(event(data), ["pilot"], 0.0, grid.keys)
    with pytest.raises(InputError, match="without keys"):
        parse_targets(event(good), ["pilot"], 0.0)


def test_a_bad_key_set_is_one_clear_message(grid, tmp_path):
    good = public(grid.curve, "a")
    curve = public(ec.generate_private_key(ec.SECP384R1()), "a")
    for content, words in (
        ("{", "cannot be read"),
        ({"keys": []}, "no keys"),
        ({"keys": [{**good, "kid": None}]}, "without a name"),
        ({"keys": [good, good]}, "twice"),
        ({"keys": [curve]}, "another kind"),
        ({"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}, "another kind"),
        ({"keys": [{**good, "d": "AAAA"}]}, "private"),
        ({"keys": [{**good, "x": "AAAA"}]}, "not a key"),
    ):
        file = tmp_path / "keys.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(InputError, match=words):
            read_keys(file)
    with pytest.raises(InputError, match="cannot be read"):
        read_keys(tmp_path / "none.json")


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
    assert [command.value for command in commands] == [190.0]  # W, its accelerators idling
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


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"load_constrain": {"value": 1.0, "unit": "megawatt"}}, "load_constrain"),
        ({"load_constraint": {"value": 1.0, "unit": "megawatt", "per": "feed"}}, "per"),
        ({"load_constraint": {"value": 1.0, "unit": "MW"}}, "not a power"),
        ({"load_constraint": {"value": "1,2", "unit": "megawatt"}}, "not a power"),
        ({"interval": {"start": "2026-01-01T00:00:00Z"}}, "start"),
        ({"interval": {"start_time": "2026-01-01T00:00:00"}}, "without an offset from UTC"),
        ({"strategy": {"best_efort": True}}, "best_efort"),
        ({"strategy": {"best_effort": "yes"}}, "best_effort"),
        ({"feed_tags": []}, "feed_tags"),
        ({"feeds": ["pilot"]}, "feeds"),
    ],
)
def test_a_misspelt_key_of_a_target_does_not_count_as_left_out(row, word):
    data = {"targets": [{"interval": {}} | row]}
    with pytest.raises(InputError, match=word):
        parse_targets(event(data), ["pilot"], 0.0)


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


def test_everything_of_the_power_path_that_the_bus_knows_is_there(subject):
    groups = points(subject, "EMS", np.zeros(8))
    found = {(g.object_type, g.point_type): g for g in reversed(groups)}
    assert {kind for kind, _ in found} >= {
        *("Rack", "CDU", "Pump", "Chiller", "HX", "CRAH", "PowerMeter", "Breaker"),
        *("UPS", "Generator", "Sensor"),
    }
    states = found["Generator", "Status"]
    assert {"value": 3, "text": "Running"} in states.metadata[0]["stateText"]
    assert states.read(subject).tolist() == [0.0, 0.0]
    panels = next(g for g in groups if g.object_type == "Breaker" and "panel" in g.tags[0])
    tripped = subject.field("panel.tripped")
    assert panels.read(subject).tolist() == [1.0] * 4
    tripped[1] = 1.0
    assert panels.read(subject).tolist() == [1.0, 0.0, 1.0, 1.0]
    tripped[1] = 0.0


def test_only_what_moved_is_published_again(subject):
    group = next(g for g in points(subject, "EMS", np.zeros(8)) if g.point_type == "RackPower")
    values = group.read(subject)
    assert len(group.changed(values)) == 8
    group.sent[:] = values
    assert len(group.changed(values)) == 0
    values = values + np.array([0, 0, 0, 1.0, 0, 0, 0, np.nan])
    assert group.changed(values).tolist() == [3, 7]
