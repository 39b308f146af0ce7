"""Limits of the server: as options, for connections by address, for costly requests, in the log."""

import asyncio
import json
import logging
import resource
import sys
import threading
from concurrent.futures import Future
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from twin.errors import InputError
from twin.server.connections import Connections, Seldom
from twin.server.costly import Costly
from twin.server.keeping import Busy
from twin.server.limits import RESERVED_FILES, Limits, fitted_to_open_files, parse_limits
from twin.server.logs import JsonLines, TextLines
from twin.server.rates import Buckets, network
from twin.server.rest_live import BLOCK, encoded, finite


def test_limits_are_set_by_name():
    limits = parse_limits(["connections=50", "head_seconds=2.5"])
    assert (limits.connections, limits.head_seconds) == (50, 2.5)
    assert parse_limits([]) == Limits()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("conections=50", ["unknown limit", "--limit", "conections", "connections"]),
        ("connections", ["--limit connections", "whole number", "16"]),
        ("connections=many", ["many", "whole number"]),
        ("connections=1.5", ["1.5", "whole number"]),
        ("connections=0", ["16 to"]),
        ("head_seconds=nan", ["nan", "a number from"]),
        ("head_seconds=1e9", ["0.1 to 600"]),
    ],
)
def test_a_bad_limit_is_one_clear_message(text, words):
    with pytest.raises(InputError) as found:
        parse_limits([text])
    for word in words:
        assert word in str(found.value)


def test_every_limit_is_in_the_docs_with_its_default():
    text = (Path(__file__).parents[3] / "docs" / "SERVER.md").read_text(encoding="utf-8")
    told = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            names, values = line.split("|")[1:3]
            for name, value in zip(names.split(","), values.split(","), strict=False):
                told[name.strip(" `")] = value.strip()
    for each in fields(Limits):
        assert told[each.name] == f"{each.default:g}".replace("+", ""), each.name


def test_connections_stay_below_the_open_files(monkeypatch):
    allowed = {"now": (256, 1024)}
    monkeypatch.setattr(resource, "getrlimit", lambda _: allowed["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: allowed.update(now=pair))
    limits = fitted_to_open_files(Limits())
    assert allowed["now"] == (1024, 1024)  # as far as the system lets us
    assert limits.connections == 1024 - RESERVED_FILES
    assert limits.connections_per_address <= limits.connections
    allowed["now"] = (256, 100_000)
    assert fitted_to_open_files(Limits()).connections == Limits().connections


class Transport:
    """What a place needs of a transport."""

    def __init__(self):
        self.aborted = False

    def abort(self):
        self.aborted = True


def test_the_oldest_idle_connection_makes_room():
    everyone = Connections(Limits(connections=3, connections_per_address=2))
    first, second, third = Transport(), Transport(), Transport()
    places = [everyone.admit("10.0.0.1", each) for each in (first, second)]
    places[0].work()
    assert everyone.admit("10.0.0.1", third) is not None
    assert (first.aborted, second.aborted) == (False, True)
    assert everyone.count == 2


def test_connections_at_work_are_never_cut():
    everyone = Connections(Limits(connections=3, connections_per_address=2))
    held = [Transport() for _ in range(3)]
    for number, each in enumerate(held):
        everyone.admit(f"10.0.0.{number}", each).work()
    assert everyone.admit("10.0.0.9", Transport()) is None
    assert not any(each.aborted for each in held)


def test_whoever_has_most_makes_room_for_others():
    everyone = Connections(Limits(connections=4, connections_per_address=3))
    alone, crowd = Transport(), [Transport() for _ in range(3)]
    everyone.admit("10.0.0.1", alone)
    for each in crowd:
        everyone.admit("10.0.0.2", each)
    assert everyone.admit("10.0.0.3", Transport()) is not None
    assert not alone.aborted
    assert [each.aborted for each in crowd] == [True, False, False]


def test_a_place_is_given_back_once():
    everyone = Connections(Limits())
    place = everyone.admit("10.0.0.1", Transport())
    everyone.leave(place)
    everyone.leave(place)
    place.rest()
    assert everyone.count == 0
    assert everyone.admit("10.0.0.1", Transport()) is not None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("?", "?"),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(address, name):
    assert network(address) == name


def test_rates_are_kept_by_address():
    buckets = Buckets(0.001, 3)
    assert [buckets.take("10.0.0.1") for _ in range(4)] == [True, True, True, False]
    assert buckets.take("10.0.0.2")
    taken = [buckets.take(f"2001:db8::{number:x}") for number in range(5)]
    assert taken == [True, True, True, False, False]


def test_what_happens_often_is_told_seldom():
    seldom = Seldom(interval=10.0)
    assert [seldom.count("x", clock) for clock in (0.0, 1.0, 2.0, 11.0, 12.0)] == [1, 0, 0, 3, 0]
    assert seldom.count("y", 12.0) == 1


class Caller:
    """A request whose caller may hang up."""

    def __init__(self):
        self.gone = False

    async def is_disconnected(self):
        return self.gone


def test_costly_requests_wait_for_their_turn_and_one_too_many_is_refused():
    async def run():
        costly, go = Costly(at_once=1, waiting=1), threading.Event()
        running = asyncio.create_task(costly.run(Caller(), lambda: go.wait(30)))
        waiting = asyncio.create_task(costly.run(Caller(), lambda: "done"))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="too much"):
            await costly.run(Caller(), lambda: "never")
        go.set()
        assert await running is True
        assert await waiting == "done"
        assert await costly.run(Caller(), lambda: "again") == "again"
        costly.close()

    asyncio.run(run())


def test_what_a_caller_who_left_waited_for_is_not_computed():
    async def run():
        costly, go, done = Costly(at_once=1, waiting=5), threading.Event(), []
        running = asyncio.create_task(costly.run(Caller(), lambda: go.wait(30)))
        caller = Caller()
        waiting = asyncio.create_task(costly.run(caller, lambda: done.append(1)))
        await asyncio.sleep(0)
        caller.gone = True
        with pytest.raises(Busy, match="hung up"):
            await waiting
        go.set()
        await running
        assert await costly.run(Caller(), lambda: "next") == "next"
        assert done == []
        costly.close()

    asyncio.run(run())


def test_small_questions_wait_for_one_costly_reading_of_a_session_at_most():
    class Thread:
        """A session's thread: what it is asked lies in line until it is looked at."""

        def __init__(self):
            self.line = []

        def call(self, function):
            self.line.append((Future(), function))
            return self.line[-1][0]

    async def run():
        costly, session = Costly(at_once=1, waiting=8), Thread()
        asked = [
            asyncio.create_task(costly.read(Caller(), session, lambda n=n: n)) for n in range(5)
        ]
        found = []
        while len(found) < 5:
            while not session.line:
                await asyncio.sleep(0)
            assert len(session.line) == 1
            future, function = session.line.pop()
            found.append(function())
            future.set_result(found[-1])
        assert await asyncio.gather(*asked) == found == [0, 1, 2, 3, 4]
        costly.close()

    asyncio.run(run())


def test_large_answers_come_in_pieces_and_are_refused_when_too_much_is_unsent():
    async def run():
        costly, sent = Costly(1, 1), []

        async def send(message):
            sent.append(message)
            await asyncio.sleep(0)

        answer = costly.large(b"x" * 1_000_000, "text/plain")
        await answer({"type": "http"}, None, send)
        pieces = [each["body"] for each in sent if each["type"] == "http.response.body"]
        assert b"".join(pieces) == b"x" * 1_000_000
        assert max(map(len, pieces)) < 300_000
        assert costly.unsent == 0
        costly.unsent = 1 << 40
        sent.clear()
        await answer({"type": "http"}, None, send)
        assert sent[0]["status"] == 503
        costly.close()

    asyncio.run(run())


@pytest.mark.parametrize("style", [TextLines, JsonLines])
def test_foreign_text_forges_no_lines(style):
    nasty = "a\nerror: forged\x1b[2J\r\x00\u2028\x9b"
    try:
        raise ValueError(nasty)
    except ValueError:
        record = logging.LogRecord("twin", 40, "f", 1, "told %s", (nasty,), sys.exc_info())
    record.viewer = nasty
    text = style().format(record)
    assert not set(text) & set("\x1b\r\x00\u2028\x9b")
    assert not any(line.startswith("error: forged") for line in text.splitlines())
    first = text.splitlines()[0]
    assert first.count("forged") >= 2


@pytest.mark.parametrize("resolution", [1e-3, 0.01, 1.0, 100.0])
@pytest.mark.parametrize("count", [0, 1, BLOCK, 2 * BLOCK + 3])
def test_tables_are_the_same_whether_made_in_blocks_or_not(count, resolution):
    values = np.random.default_rng(count).normal(0.0, 1e3, count)
    values[::7] = np.nan
    values[3::11] = -np.inf
    assert json.loads(encoded(values, resolution)) == finite(values, resolution)
