"""Sessions kept from before: what is damaged is set aside with a reason, and the rest starts."""

import asyncio
import errno
import json
import logging
import os
import shutil
import time
from types import SimpleNamespace

import pytest
import yaml
from small_layout import SMALL, changed

from twin.channels import CHANNELS
from twin.controls import Command
from twin.errors import InputError
from twin.replay import Recording
from twin.server import run as server_run
from twin.server import store as store_module
from twin.server.checkpoint import checkpoint_files
from twin.server.manager import Manager
from twin.server.opening import Opener
from twin.server.store import Origin, Store
from twin.verify import verify

FEW = ("site.power", "rack.power", "rack.temperature", "cdu.heat", "gpu.temperature")


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def ask(session, function):
    return session.call(function).result(60)


def steps(session, count):
    ask(session, lambda: session.run_steps(count, "test")).result(60)


def set_point(session, value):
    path = session.subject.levels.path("cdu", 0)
    command = Command("set", path, "supply_setpoint", value)
    _, kept = ask(session, lambda: session.change(command, "test"))
    kept.result(60)


def rests(session):
    """Wait until a session's present state is on disk."""
    name = f"checkpoint-{session.subject.steps:012d}.npz"
    until(lambda: (session.keeper.folder / name).is_file())


@pytest.fixture(scope="module", autouse=True)
def few_channels():
    """Recordings of a few channels are made and copied in no time."""
    channels = tuple(channel for channel in CHANNELS if channel.name in FEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twin.recording.default_channels", lambda gpus: channels)
        yield


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A state folder as a kill leaves it: ``kept``, with two changes, and its branch ``other``."""
    folder = tmp_path_factory.mktemp("killed")
    layout = folder / "small.yaml"
    layout.write_text(yaml.safe_dump(SMALL))
    store, manager = Store(folder / "live", interval=5.0), Manager()
    opener = Opener(manager, store)
    try:
        kept = opener.open(Origin(str(layout)), id="kept", paused=True)
        steps(kept, 30)
        set_point(kept, 40.0)
        rests(kept)
        steps(kept, 20)
        set_point(kept, 42.0)
        steps(kept, 10)
        other = asyncio.run(opener.branch(kept, 40.0, id="other"))
        until(lambda: not other.seeking)
        rests(kept)
        rests(other)
        shutil.copytree(folder / "live", folder / "state")
    finally:
        manager.close()
        store.close()
    return folder


class Restored:
    """A state folder opened as a server does that is asked for ``layout``."""

    def __init__(self, state, layout=None, maximum=8):
        self.store, self.manager = Store(state, interval=5.0), Manager(maximum)
        self.opener = Opener(self.manager, self.store)
        try:
            server_run._open_first(self.opener, layout, None, None, 1.0, True)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.manager.close()
        self.store.close()

    @property
    def ids(self):
        return [session.id for session in self.manager.list()]

    def reasons(self):
        return {one.id: one.reason for one in self.opener.unopened()}


@pytest.fixture
def state(killed, tmp_path):
    shutil.copytree(killed / "state", tmp_path / "state")
    return tmp_path / "state"


def rewrite(file, change):
    file.write_text(change(file.read_text()))


def facts(folder, **values):
    rewrite(folder / "session.json", lambda text: json.dumps(json.loads(text) | values))


def line(folder, number, **values):
    def change(text):
        rows = text.splitlines()
        rows[number] = json.dumps(json.loads(rows[number]) | values)
        return "\n".join(rows) + "\n"

    rewrite(folder / "commands.jsonl", change)


def metadata(folder, array, **values):
    def changed(text):
        document = json.loads(text)
        document["attributes"].pop("checksum", None)  # as one would who meant it
        document["consolidated_metadata"]["metadata"][array] |= values
        return json.dumps(document)

    rewrite(folder / "zarr.json", changed)


def a_file(folder):
    shutil.rmtree(folder)
    folder.write_text("hello")


def a_circle(folder):
    shutil.rmtree(folder)
    folder.symlink_to(folder)


def nothing_there(folder):
    shutil.rmtree(folder)
    folder.symlink_to("/nowhere/at/all")


def chunks(folder, array, content):
    found = [file for file in (folder / array / "c").rglob("*") if file.is_file()]
    assert found
    for file in found:
        file.write_bytes(content)


DAMAGED = {
    "empty folder": lambda f: (shutil.rmtree(f), f.mkdir()),
    "a file": a_file,
    "a link in a circle": a_circle,
    "a link to nothing": nothing_there,
    "log missing": lambda f: (f / "commands.jsonl").unlink(),
    "log empty": lambda f: (f / "commands.jsonl").write_text(""),
    "log cut in half": lambda f: rewrite(f / "commands.jsonl", lambda t: t[: len(t) // 2]),
    "log of noise": lambda f: (f / "commands.jsonl").write_bytes(bytes(range(256)) * 20),
    "log with a bad line": lambda f: rewrite(
        f / "commands.jsonl", lambda t: t.replace("\n", "\nnonsense\n", 1)
    ),
    "log with a huge line": lambda f: rewrite(
        f / "commands.jsonl", lambda t: t + '"' + "x" * 10_000_000 + '"\n'
    ),
    "log with an unknown command": lambda f: line(f, 1, kind="explode"),
    "log with an unknown path": lambda f: line(f, 1, path="/nowhere"),
    "log with an impossible value": lambda f: line(f, 1, value=1e9),
    "log with a number that is none": lambda f: line(f, 1, steps=float("nan")),
    "log with a wrong time": lambda f: line(f, 1, time=1e9),
    "log a folder": lambda f: ((f / "commands.jsonl").unlink(), (f / "commands.jsonl").mkdir()),
    "facts missing": lambda f: (f / "session.json").unlink(),
    "facts empty": lambda f: (f / "session.json").write_text(""),
    "facts of noise": lambda f: (f / "session.json").write_bytes(bytes(range(256))),
    "facts too deep": lambda f: (f / "session.json").write_text("[" * 60_000),
    "facts too large": lambda f: (f / "session.json").write_text(" " * 100_000),
    "facts a list": lambda f: (f / "session.json").write_text("[]"),
    "facts a folder": lambda f: ((f / "session.json").unlink(), (f / "session.json").mkdir()),
    "facts: no step": lambda f: facts(f, step=0),
    "facts: another step": lambda f: facts(f, step=0.5),
    "facts: text for a number": lambda f: facts(f, created="yesterday"),
    "facts: number for text": lambda f: facts(f, title=7),
    "facts: not a number": lambda f: facts(f, created=float("nan")),
    "facts: not a speed": lambda f: facts(f, speed="fast"),
    "facts: text for yes or no": lambda f: facts(f, paused="no"),
    "facts: more than known": lambda f: facts(f, colour="red"),
    "facts: another session": lambda f: facts(f, id="other"),
    "facts: a huge name": lambda f: facts(f, id="a" * 10_000),
    "facts: a path for a name": lambda f: facts(f, id="../../kept"),
    "facts: another layout": lambda f: facts(f, layout="pilot"),
    "facts: more lines than the log": lambda f: facts(f, followed=100),
    "recording missing": lambda f: (f / "zarr.json").unlink(),
    "recording of noise": lambda f: (f / "zarr.json").write_text("{"),
    "level missing": lambda f: shutil.rmtree(f / "rack"),
    "channel missing": lambda f: shutil.rmtree(f / "rack" / "power"),
    "channel of another type": lambda f: metadata(f, "rack/power", data_type="int16", fill_value=0),
    "channel of another shape": lambda f: metadata(f, "rack/power", shape=[64, 3]),
    "channel cut short": lambda f: chunks(f, "rack/power", b"\x02\x01"),
    "times missing": lambda f: shutil.rmtree(f / "rack" / "time"),
    "times of noise": lambda f: chunks(f, "rack/time", b"noise"),
}


@pytest.fixture(scope="module")
def all_at_once(killed, tmp_path_factory):
    """Every kind of damage in one state folder, opened: what was told, logged, and is there."""
    state = tmp_path_factory.mktemp("damaged") / "state"
    state.mkdir()
    shutil.copytree(killed / "state" / "other.zarr", state / "other.zarr")
    names = {}
    for number, (kind, damage) in enumerate(DAMAGED.items()):
        names[kind] = f"damaged-{number}"
        folder = state / f"{names[kind]}.zarr"
        shutil.copytree(killed / "state" / "kept.zarr", folder)
        facts(folder, id=names[kind])
        damage(folder)
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger("twin").addHandler(handler)
    with Restored(state, killed / "small.yaml", maximum=64) as restored:
        opened = {session.id: session.subject.steps for session in restored.manager.list()}
        reasons = restored.reasons()
    logging.getLogger("twin").removeHandler(handler)
    return SimpleNamespace(
        state=state, names=names, opened=opened, reasons=reasons, log="\n".join(lines)
    )


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_session_is_set_aside_with_its_reason(all_at_once, kind):
    name = all_at_once.names[kind]
    reason = all_at_once.reasons[name]
    assert reason
    assert f"'{name}' is set aside in" in all_at_once.log
    assert reason in all_at_once.log
    aside = all_at_once.state / "set-aside" / f"{name}-1"
    assert os.path.lexists(aside / f"{name}.zarr")
    assert json.loads((aside / "reason.json").read_text())["reason"] == reason
    assert not os.path.lexists(all_at_once.state / f"{name}.zarr")


def test_whatever_is_damaged_the_others_and_what_is_asked_for_open(all_at_once):
    assert all_at_once.opened == {"small": 0, "other": 40}
    assert "Traceback" not in all_at_once.log


PASSED_OVER = {
    "nothing": lambda f: None,
    "log with a torn line": lambda f: rewrite(f / "commands.jsonl", lambda t: t + '{"steps": 6'),
    "checkpoints missing": lambda f: [file.unlink() for file in checkpoint_files(f)],
    "newest checkpoint cut short": lambda f: os.truncate(checkpoint_files(f)[-1], 1000),
    "newest checkpoint empty": lambda f: os.truncate(checkpoint_files(f)[-1], 0),
    "checkpoints of noise": lambda f: [c.write_bytes(b"noise" * 99) for c in checkpoint_files(f)],
    "checkpoint of another layout": lambda f: shutil.copy(
        checkpoint_files(f)[-1], f / "checkpoint-000000000099.npz"
    ),
    "events of noise": lambda f: (f / "events.jsonl").write_bytes(bytes(range(256))),
    "events that are none": lambda f: (f / "events.jsonl").write_text('{"time": "x"}\n5\nnull\n'),
}


@pytest.mark.parametrize("damage", PASSED_OVER.values(), ids=PASSED_OVER.keys())
def test_what_can_be_made_again_is_and_every_bit_is_the_same(state, damage):
    folder = state / "kept.zarr"
    damage(folder)
    with Restored(state) as restored:
        assert restored.reasons() == {}
        session = restored.manager.get("kept")
        until(lambda: not session.seeking)
        assert session.subject.steps == 60
        assert len(session.journal.active) == 2
        steps(session, 10)
        rests(session)
    result = verify(folder)
    assert result.difference == ""
    assert Recording(folder).times.tolist() == [5.0 * n for n in range(15)]


@pytest.mark.parametrize("checkpoints", [2, 1, 0])
def test_events_are_told_once_however_far_back_it_begins_again(state, checkpoints):
    folder = state / "kept.zarr"
    for file in checkpoint_files(folder)[checkpoints:]:
        file.unlink()
    with Restored(state) as restored:
        session = restored.manager.get("kept")
        until(lambda: not session.seeking)
        changes = [event["time"] for event in session.events if event["kind"] == "set"]
        assert changes == [30.0, 50.0]


def test_two_folders_of_one_session_are_one_session(killed, state):
    shutil.copytree(state / "kept.zarr", state / "again.zarr")
    with Restored(state) as restored:
        assert restored.ids == ["kept", "other"]
        assert "another session" in restored.reasons()["again"]


def test_names_that_no_encoding_takes_are_told(killed, state):
    os.mkdir(os.fsencode(state) + b"/\xff\xfe.zarr")
    (state / ("x" * 200 + ".zarr")).mkdir()
    with Restored(state) as restored:
        assert restored.ids == ["kept", "other"]
        for one in restored.opener.unopened():
            f"{one.id} {one.reason}".encode()


def test_somebodys_recording_is_left_alone(state):
    folder = state / "run.zarr"
    shutil.copytree(state / "kept.zarr", folder)
    for name in ("session.json", "commands.jsonl", "events.jsonl"):
        (folder / name).unlink(missing_ok=True)
    for file in checkpoint_files(folder):
        file.unlink()
    with Restored(state) as restored:
        assert restored.reasons() == {}
    assert len(Recording(folder)) == 13


def test_a_session_that_was_never_made_in_full_is_gone_and_its_name_free(state):
    shutil.copytree(state / "other.zarr", state / "half.zarr")
    (state / "half.zarr" / "session.json").unlink()
    for name in ("half", "kept", "nothing"):
        (state / f"{name}.making").touch()
    (state / "kept.undone-1.partial").mkdir()
    with Restored(state) as restored:
        assert restored.ids == ["kept", "other"]
        assert restored.reasons() == {}
    assert {path.name for path in state.iterdir()} == {"kept.zarr", "other.zarr", "lock"}


def test_a_layout_that_is_not_there_leaves_the_session_as_it_was(killed, state):
    facts(state / "kept.zarr", layout="/nowhere/small.yaml")
    before = sorted(file for file in (state / "kept.zarr").rglob("*"))
    with Restored(state) as restored:
        assert restored.ids == ["other"]
        assert "/nowhere/small.yaml" in restored.reasons()["kept"]
        with pytest.raises(InputError, match="is kept and not open"):
            restored.opener.open(Origin(str(killed / "small.yaml")), id="kept")
    assert sorted((state / "kept.zarr").rglob("*")) == before
    facts(state / "kept.zarr", layout=str(killed / "small.yaml"))
    with Restored(state) as restored:
        assert restored.ids == ["kept", "other"]


def test_a_layout_that_changed_does_not_keep_itself_from_starting(killed, state, tmp_path):
    layout = tmp_path / "small.yaml"
    shutil.copy(killed / "small.yaml", layout)
    facts(state / "kept.zarr", layout=str(layout))
    layout.write_text(yaml.safe_dump(changed(("sites.0.halls.0.rows.0.racks", 6))))
    with Restored(state, layout) as restored:
        assert restored.ids == ["small", "other"]
        assert "layout has changed" in restored.reasons()["kept"]
    # moved back to where it was, it is tried again
    (state / "set-aside" / "kept-1" / "kept.zarr").rename(state / "kept.zarr")
    shutil.copy(killed / "small.yaml", layout)
    with Restored(state, layout) as restored:
        assert restored.ids[0] == "kept"


def test_no_session_that_opens_is_told_with_the_reasons(state):
    shutil.rmtree(state / "other.zarr")
    (state / "kept.zarr" / "session.json").write_text("[]")
    with pytest.raises(InputError, match="no session kept here can be opened") as caught:
        Restored(state)
    assert "kept: " in caught.value.found


def test_a_full_disk_keeps_one_session_from_opening_and_touches_nothing(state, monkeypatch):
    line(state / "kept.zarr", 4, kind="seek", value=20.0, kept=0, path="", key="")
    facts(state / "kept.zarr", followed=4)

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("twin.server.aside._share", refuse)
    with Restored(state) as restored:
        assert restored.ids == ["other"]
        assert "No space left" in restored.reasons()["kept"]
        assert not (state / "set-aside").exists()
    assert list(state.glob("*.partial")) == []
    monkeypatch.undo()
    with Restored(state) as restored:
        session = restored.manager.get("kept")
        until(lambda: not session.seeking)
        assert session.subject.steps == 20
    assert verify(state / "kept.zarr").difference == ""
    assert Recording(state / "kept.undone-1.zarr").times[-1] == 60.0


def test_memory_or_rights_that_are_missing_set_nothing_aside(state, monkeypatch):
    for error in (MemoryError(), PermissionError(errno.EACCES, "Permission denied", "x")):
        monkeypatch.setattr(
            store_module, "check_times", lambda *_, e=error: (_ for _ in ()).throw(e)
        )
        with pytest.raises(InputError, match="no session kept here"):
            Restored(state)
        assert not (state / "set-aside").exists()


def test_the_newest_are_opened_within_the_limit_whatever_the_clock_said(killed, state):
    for number, created in ((1, 5e9), (2, 1.0), (3, 2e9), (4, -1e9)):
        folder = state / f"s{number}.zarr"
        shutil.copytree(state / "other.zarr", folder)
        facts(folder, id=f"s{number}", number=10 + number, created=created)
    with Restored(state, maximum=3) as restored:
        assert restored.ids == ["s2", "s3", "s4"]
        assert {*restored.reasons()} == {"s1", "kept", "other"}
        assert "--sessions" in restored.reasons()["s1"]
    with Restored(state, killed / "small.yaml", maximum=3) as restored:
        assert restored.ids == ["kept", "s3", "s4"]  # what is asked for, though it is the oldest
    with Restored(state) as restored:
        assert len(restored.ids) == 6
        fresh = restored.opener.open(Origin(str(killed / "small.yaml")), paused=True)
        assert fresh.keeper.meta.number == 15


def test_only_whole_futures_are_kept_when_a_kill_came_behind_a_seek(state):
    """A seek stands in the log, and nothing of it was done to the recording yet."""
    folder = state / "kept.zarr"
    seek = json.loads((folder / "commands.jsonl").read_text().splitlines()[-1])
    seek |= {"kind": "seek", "steps": 60, "time": 60.0, "value": 35.0, "kept": 1,
             "path": "", "key": "", "elements": 0, "before": None, "after": None}  # fmt: skip
    with (folder / "commands.jsonl").open("a") as log:
        log.write(json.dumps(seek) + "\n")
    assert verify(folder).difference == ""  # before anything mends it
    with Restored(state) as restored:
        session = restored.manager.get("kept")
        until(lambda: not session.seeking)
        assert session.subject.steps == 35
        assert session.undone == 1
        steps(session, 10)
        rests(session)
    assert verify(folder).difference == ""
    assert Recording(folder).times[-1] == 45.0
    left = state / "kept.undone-1.zarr"
    assert verify(left).difference == ""
    assert Recording(left).times[-1] == 60.0


def test_a_branch_killed_before_its_first_checkpoint_stands_where_it_began(state):
    folder = state / "other.zarr"
    for file in checkpoint_files(folder):
        file.unlink()
    with Restored(state) as restored:
        session = restored.manager.get("other")
        until(lambda: not session.seeking)
        assert session.subject.steps == 40
