"""Sessions: pace, commands, going back, branching, failing, closing."""

import asyncio
import threading
import time

import numpy as np
import pytest
from fake_subject import FakeSubject
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.controls import Command
from twin.errors import InputError
from twin.server.jobs import MAXIMUM_JOBS
from twin.server.journal import Entry, Journal
from twin.server.keeping import Busy, Gone, Taken
from twin.server.manager import Manager, is_name
from twin.server.opening import Opener
from twin.server.session import Session


@pytest.fixture
def opened():
    sessions = []

    def open_session(subject=None, **options):
        session = Session(f"s{len(sessions)}", subject or FakeSubject(), **options)
        sessions.append(session)
        return session.start()

    yield open_session
    for session in sessions:
        session.close()


def ask(session, function):
    return session.call(function).result(60)


def run(session, steps):
    return ask(session, lambda: session.run_steps(steps, "test")).result(60)


def rate(session, path, value, who="test"):
    applied, _ = ask(session, lambda: session.change(Command("set", path, "rate", value), who))
    return applied


def values(session):
    return ask(session, lambda: (session.subject.steps, session.subject.values.tolist()))


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def test_a_paused_session_stands_still_and_steps_exactly_as_asked(opened):
    session = opened(paused=True)
    time.sleep(0.05)
    assert session.subject.steps == 0
    assert run(session, 7)["steps"] == 7
    time.sleep(0.05)
    assert session.subject.steps == 7


def test_pause_and_resume(opened):
    session = opened(speed=1000.0)
    until(lambda: session.subject.steps > 10)
    ask(session, lambda: session.set_paused(True, "test"))
    stood = session.subject.steps
    time.sleep(0.05)
    assert session.subject.steps == stood
    ask(session, lambda: session.set_paused(False, "test"))
    until(lambda: session.subject.steps > stood)


def test_pace_follows_the_clock(opened):
    session = opened(FakeSubject(step=0.1), speed=5.0)
    until(lambda: session.subject.steps >= 1)
    # never ahead of the clock; that a slow machine catches up is in the tests of the schedule
    steps, began = session.subject.steps, time.monotonic()
    until(lambda: session.subject.steps >= steps + 30)
    assert time.monotonic() - began > 29 * 0.1 / 5.0 - 0.05


def test_changes_are_logged_with_who_before_and_after(opened):
    session = opened(paused=True)
    run(session, 3)
    rate(session, "/s/h/row-1/rack-1", 2.5, who="anna")
    entry = session.journal.active[0]
    assert (entry.who, entry.steps, entry.before, entry.after) == ("anna", 3, 1.0, 2.5)
    with pytest.raises(InputError):
        rate(session, "/s/h/row-1/rack-9", 1.0)
    assert len(session.journal.active) == 1


def test_two_operators_on_one_point_are_served_in_turn(opened):
    session = opened(speed=1000.0)
    rack = "/s/h/row-1/rack-1"

    def operate(name, base):
        for number in range(25):
            rate(session, rack, base + number, who=name)

    threads = [threading.Thread(target=operate, args=(n, b)) for n, b in (("a", 100), ("b", 200))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = session.journal.active
    assert len(log) == 50
    assert [entry.before for entry in log[1:]] == [entry.after for entry in log[:-1]]
    assert ask(session, lambda: session.subject.rate[0]) == log[-1].after


changes = st.lists(st.tuples(st.integers(0, 150), st.integers(1, 2), st.floats(-5, 5)), max_size=8)


@settings(max_examples=15, deadline=None)
@given(changes, st.integers(0, 150))
def test_going_back_and_on_again_repeats_every_bit(moves, back):
    session = Session("s", FakeSubject(), paused=True)
    session.timeline.snapshot_steps = 40
    session.start()
    try:
        history = {}
        for step, row, value in sorted(moves):
            if step > session.subject.steps:
                run(session, step - session.subject.steps)
            history[session.subject.steps] = values(session)
            rate(session, f"/s/h/row-{row}/rack-1", value)
        run(session, 151 - session.subject.steps)
        kept = [entry for entry in session.journal.active if entry.steps < back]
        again = FakeSubject()  # the same from the start, without any session
        for _ in range(back):
            for entry in kept:
                if entry.steps == again.steps:
                    again.apply(entry.command())
            again.advance()
        status = ask(session, lambda: session.seek(float(back), "test")).result(10)
        assert status["steps"] == back
        assert values(session) == (back, again.values.tolist())
        assert session.journal.active == kept
    finally:
        session.close()


def test_a_branch_goes_its_own_way_and_leaves_its_parent_alone(opened):
    parent = opened(paused=True)
    run(parent, 100)
    rate(parent, "/s/h/row-1/rack-1", 3.0)
    run(parent, 50)
    before = values(parent)
    child = asyncio.run(Opener(Manager()).branch(parent, 120.0, id="child"))
    try:
        until(lambda: not child.seeking)
        assert child.subject.steps == 120
        run(child, 30)
        assert values(child) == before
        rate(child, "/s/h/row-2/rack-1", -1.0)
        run(child, 10)
        run(parent, 10)
        assert values(child) != values(parent)
        assert len(parent.journal.active) == 1
    finally:
        child.close()


@settings(max_examples=10, deadline=None)
@given(changes, changes, st.integers(0, 150), st.integers(0, 150))
def test_a_future_left_by_going_back_can_be_gone_on_with_bit_by_bit(moves, others, back, again):
    async def work():
        manager = Manager()
        session = Session("parent", FakeSubject(), paused=True)
        session.timeline.snapshot_steps = 40
        manager.add(session)
        try:
            for way in (moves, others):
                for step, row, value in sorted(way):
                    if step > session.subject.steps:
                        run(session, step - session.subject.steps)
                    rate(session, f"/s/h/row-{row}/rack-1", value)
                run(session, 151 - session.subject.steps)
                stood = values(session)
                if way is moves:
                    first = stood
                    ask(session, lambda: session.seek(float(back), "test")).result(10)
            ask(session, lambda: session.seek(float(again), "test")).result(10)
            left = session.journal.left()
            assert [row.left.steps for row in left] == [151, 151]
            for number, expected in ((1, first), (2, stood)):
                child = await Opener(manager).branch(session, None, undone=number)
                await asyncio.to_thread(until, lambda c=child: not c.seeking)
                assert await asyncio.to_thread(values, child) == expected
            with pytest.raises(InputError, match="no such undone"):
                await Opener(manager).branch(session, None, undone=3)
        finally:
            manager.close()

    asyncio.run(work())


def test_what_a_seek_overtakes_is_answered(opened):
    session = opened(FakeSubject(slow=0.002), paused=True)
    waiting = ask(session, lambda: session.run_steps(100_000, "test"))
    ask(session, lambda: session.seek(0.0, "test")).result(10)
    with pytest.raises(Busy, match="another time"):
        waiting.result(5)


def test_a_viewer_that_leaves_before_its_answer_stops_nothing(opened):
    session = opened(FakeSubject(slow=0.002), paused=True)
    assert ask(session, lambda: session.run_steps(5, "test")).cancel()
    assert ask(session, lambda: session.run_steps(100_000, "test")).cancel()
    ask(session, lambda: session.seek(1.0, "test")).result(10)
    assert run(session, 3)["steps"] == 4
    assert session.failure == ""


def test_a_session_that_cannot_begin_says_so_and_is_no_ghost(opened):
    subject = FakeSubject()
    subject.snapshot = lambda: (_ for _ in ()).throw(MemoryError("no memory"))
    session = opened(subject, paused=True)
    until(lambda: session.failure)
    assert "no memory" in session.failure
    assert ask(session, lambda: 7) == 7


def test_a_name_is_held_from_before_a_session_is_made_until_nothing_of_it_runs():
    manager = Manager(2)
    with pytest.raises(ZeroDivisionError), manager.reserve("a"):
        1 / 0  # noqa: B018
    with manager.reserve("a"):
        with pytest.raises(Taken, match="being opened"), manager.reserve("a"):
            pass
        with pytest.raises(Busy, match="being opened"):
            manager.get("a")
        session = manager.add(Session("a", FakeSubject(), paused=True))
    with pytest.raises(Taken, match="exists"):
        manager.check("a")
    manager.check("b")
    with manager.reserve("b"), pytest.raises(InputError, match="too many"):
        manager.check(None)
    began, held = threading.Event(), threading.Event()
    session.call(lambda: (began.set(), held.wait()))  # its thread is busy
    assert began.wait(10)
    session.close = lambda timeout=5.0: Session.close(session, 0.05)
    manager.remove("a")
    assert manager.list() == []
    with pytest.raises(Taken, match="still being closed"):
        manager.check("a")
    held.set()
    until(lambda: not manager.held)
    manager.check("a")


def test_a_session_that_cannot_be_started_is_not_in_the_list():
    manager = Manager()
    manager.on_add.append(lambda session: 1 / 0)
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), manager.reserve("a"):
        manager.add(Session("a", FakeSubject()))
    assert manager.list() == []
    assert not manager.held
    until(lambda: threading.active_count() == before)


@pytest.mark.parametrize("wish", ["con", "\uc11c\uc6b8", "Hall 7 / north", "x" * 100, "", "-"])
def test_names_that_are_made_up_can_be_names(wish):
    manager = Manager()
    with manager.reserve(None, wish) as first, manager.reserve(None, wish) as second:
        assert is_name(first)
        assert is_name(second)
        assert first != second


def test_pause_ends_steps_that_are_not_done_yet(opened):
    session = opened(FakeSubject(slow=0.002), paused=True)
    waiting = ask(session, lambda: session.run_steps(100_000, "test"))
    ask(session, lambda: session.set_paused(True, "test"))
    assert waiting.result(5)["steps"] < 100_000
    assert run(session, 2)["paused"]


def test_what_should_not_happen_stops_the_session_and_says_so(opened):
    session = opened(speed=100.0)
    until(lambda: session.subject.steps > 3)
    session.subject.events_since = lambda number: 1 / 0
    until(lambda: session.failure)
    assert "division" in session.failure
    assert ask(session, lambda: 7) == 7


def test_damage_that_shows_again_and_again_is_told_once_and_without_a_traceback(opened, caplog):
    session = opened(paused=True)
    tried = []

    def damaged(clock):
        tried.append(clock)
        raise InputError("recording is damaged", "run.zarr/rack/power/c/1")

    session._sample = damaged
    assert ask(session, lambda: 7) == 7  # wakes it up
    until(lambda: len(tried) > 2)
    assert session.failure == "run.zarr/rack/power/c/1: recording is damaged"
    assert [event["kind"] for event in session.events].count("failure") == 1
    (told,) = [record for record in caplog.records if "stopped" in record.message]
    assert told.exc_info is None


def test_changes_logged_at_the_present_step_are_caught_up_with(opened):
    journal = Journal()
    change = Command("set", "/s/h/row-1/rack-1", "rate", 4.0)
    journal.add(Entry(0, 0.0, 0.0, "a", "set", change.path, change.key, change.value, 1, 1.0, 4.0))
    session = opened(paused=True, journal=journal, goal=0, keep_replay=True)
    until(lambda: not session.seeking)
    assert session.subject.steps == 0
    assert session.subject.rate.tolist() == [4.0, 1.0]
    rate(session, "/s/h/row-2/rack-1", 2.0)
    assert session.timeline.commands_done == 2


@pytest.mark.parametrize("moment", [-1.0, 11.0, float("nan"), float("inf")])
def test_going_to_a_time_that_was_not_is_refused(opened, moment):
    session = opened(paused=True)
    run(session, 10)
    with pytest.raises(InputError, match="time out of range"):
        ask(session, lambda: session.seek(moment, "test"))


def test_a_numerical_failure_stops_the_session_and_going_back_mends_it(opened):
    session = opened(FakeSubject(fails_at=20), speed=float("inf"))
    until(lambda: session.failure)
    assert "rack-1" in session.failure
    assert list(session.events)[-1]["kind"] == "failure"
    with pytest.raises(Busy):
        rate(session, "/s/h/row-1/rack-1", 1.0)
    session.subject.fails_at = None
    ask(session, lambda: session.seek(5.0, "test")).result(10)
    until(lambda: session.subject.steps > 25)


def test_a_closed_session_refuses_and_leaves_no_thread(opened):
    before = threading.active_count()
    session = opened(speed=100.0)
    session.close()
    assert threading.active_count() == before
    with pytest.raises(Gone):
        session.call(lambda: None)


def test_too_many_jobs_are_refused(opened):
    session = opened(FakeSubject(slow=0.3), speed=float("inf"))
    futures = [session.call(lambda: None) for _ in range(MAXIMUM_JOBS // 2)]

    def flood():
        while True:
            futures.append(session.call(lambda: None))

    with pytest.raises(Busy):
        flood()
    assert all(future.result(10) is None for future in futures)


def test_samples_hold_copies(opened):
    session = opened(paused=True)
    copy = ask(session, lambda: session.read("gpu.temperature"))
    run(session, 5)
    assert np.array_equal(copy, np.arange(6.0))
