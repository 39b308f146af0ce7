"""A session whose disk fails stands still and says why; others go on, and so does it in the end."""

import errno
import time

import pytest
from fake_subject import FakeSubject

from twin.server.keeper import FULL
from twin.server.manager import Manager
from twin.server.opening import Opener
from twin.server.session import Session
from twin.server.store import Origin, Store


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@pytest.fixture
def two(tmp_path):
    """Two sessions in motion, the first of them kept on disk."""
    store, manager = Store(tmp_path / "state", interval=1.0), Manager()
    try:
        first = Opener(manager, store).open(Origin("pilot"), speed=50.0)
        second = manager.add(Session("second", FakeSubject(), speed=50.0))
        yield first, second
    finally:
        manager.close()
        store.close()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), FULL),
        (OSError(errno.EIO, "Input/output error"), "cannot be written: Input/output error"),
        (ValueError("an odd thing"), "cannot be written: an odd thing"),
    ],
)
def test_a_disk_that_refuses_is_told_and_holds_up_one_session_only(two, monkeypatch, error, reason):
    first, second = two
    until(lambda: first.keeper.checkpoints > 0)

    def refuse():
        raise error

    monkeypatch.setattr(first.keeper.recorder, "write", refuse)
    until(lambda: first.hold)
    assert reason in first.status()["hold"]
    assert any(event["kind"] == "alarm" and reason in event["message"] for event in first.events)
    stood, moved = first.subject.steps, second.subject.steps
    until(lambda: second.subject.steps > moved + 20)
    assert second.status()["hold"] is None
    assert first.subject.steps == stood
    assert first.call(lambda: 7).result(60) == 7
    monkeypatch.undo()
    kept = first.keeper.checkpoints
    until(lambda: first.keeper.checkpoints > kept)
    until(lambda: not first.hold)
    until(lambda: first.subject.steps > stood)


def test_a_session_that_fails_is_told_and_leaves_the_others_alone(two):
    first, second = two
    second.subject.fails_at = second.subject.steps + 5
    until(lambda: second.failure)
    assert "not a number" in second.status()["failure"]
    moved = first.subject.steps
    until(lambda: first.subject.steps > moved + 20)
    assert first.status()["failure"] is None


def test_a_session_that_stands_still_is_on_disk_where_it_stands(tmp_path):
    store, manager = Store(tmp_path / "state", interval=5.0), Manager()
    try:
        session = Opener(manager, store).open(Origin("pilot"), paused=True)
        for count in (3, 4):
            session.call(lambda n=count: session.run_steps(n, "test")).result(60).result(60)
            name = f"checkpoint-{session.subject.steps:012d}.npz"
            until((session.keeper.folder / name).is_file)
    finally:
        manager.close()
        store.close()


def test_what_cannot_be_written_leaves_nothing_and_an_earlier_session_in_its_place(
    tmp_path, monkeypatch
):
    store, manager = Store(tmp_path / "state"), Manager()
    opener = Opener(manager, store)
    try:
        opener.open(Origin("pilot"), id="a", paused=True)
        manager.remove("a")
        until(lambda: not manager.held)
        before = sorted(path.name for path in store.folder.iterdir())
        monkeypatch.setattr("twin.server.store.write_meta", _full)
        for id in ("a", "b"):
            with pytest.raises(Exception, match="No space left"):
                opener.open(Origin("pilot"), id=id, paused=True)
        monkeypatch.undo()
        monkeypatch.setattr(Manager, "add", _full)
        with pytest.raises(OSError, match="No space left"):
            opener.open(Origin("pilot"), id="a", paused=True)
        assert sorted(path.name for path in store.folder.iterdir()) == before
        assert not manager.held
        assert manager.list() == []
    finally:
        manager.close()
        store.close()


def _full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")
