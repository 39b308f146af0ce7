"""Command logs, snapshots and checkpoints: what is kept, and what damage is noticed."""

import io
import itertools
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InputError
from twin.server.checkpoint import (
    KEPT,
    Checkpoint,
    checkpoint_files,
    checkpoints_on_the_way,
    drop_checkpoints_after,
    read_checkpoint,
    write_checkpoint,
)
from twin.server.event_log import EventLog, Listener
from twin.server.journal import Entry, Journal, append_line, check_times, cut_torn_line, entry_line
from twin.server.snapshots import Moment, Snapshots
from twin.server.store import way_to_go
from twin.simulation import Snapshot

MARK = "of this layout"
CHANGE = Entry(5, 5.0, 1.7e9, "anna", "set", "/a/b", "key", 1.5, 3, float("inf"), 2.0)


def snapshot(steps, size=4):
    return Snapshot(
        float(steps), steps, 0, np.arange(float(size)) + steps, frozenset({("rack", 3)})
    )


def newest(folder, journal=None):
    """The newest checkpoint on the way to the present, or None."""
    return next(checkpoints_on_the_way(folder, journal or Journal(), 1.0, MARK, 4), None)


def test_a_log_comes_back_as_it_was_written(tmp_path):
    file = tmp_path / "log"
    entries = [
        CHANGE,
        replace(CHANGE, steps=9, value="45 degC"),
        replace(CHANGE, steps=12, kind="seek", value=7.0, kept=1),
        replace(CHANGE, steps=8, who="ben"),
    ]
    for entry in entries:
        append_line(file, entry_line(entry))
    journal = Journal.read(file)
    assert journal.entries == entries
    assert journal.active == [entries[0], entries[3]]
    assert journal.reached(1.0) == 8
    assert all(json.loads(line) for line in file.read_text().splitlines())


@given(st.integers(1, 60))
def test_a_line_cut_by_a_crash_is_dropped_and_the_log_goes_on(cut):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log"
        append_line(file, entry_line(CHANGE))
        with file.open("a") as handle:
            handle.write(entry_line(CHANGE)[:cut])
        assert Journal.read(file).entries == [CHANGE]
        cut_torn_line(file)
        append_line(file, entry_line(replace(CHANGE, steps=6)))
        assert [entry.steps for entry in Journal.read(file).entries] == [5, 6]


def line_with(**values):
    return json.dumps(json.loads(entry_line(CHANGE)) | values)


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "nonsense",
        '{"steps": 1}',
        "[" * 50_000,
        '"' + "x" * 70_000 + '"',
        line_with(steps=float("nan")),
        line_with(steps="5"),
        line_with(steps=-1),
        line_with(steps=5.5),
        line_with(steps=4),  # before the change above it
        line_with(time=float("nan")),
        line_with(time=None),
        line_with(wall=float("inf")),
        line_with(value=float("nan")),
        line_with(value=[1]),
        line_with(kind="explode"),
        line_with(who=None),
        line_with(more=1),
        line_with(kind="seek", value="soon"),
        line_with(kind="seek", value=-1.0),
        line_with(kind="seek", value=1.0, kept=2),
    ],
)
def test_a_log_that_is_none_is_refused_with_its_line(tmp_path, line):
    file = tmp_path / "log"
    append_line(file, entry_line(CHANGE))
    append_line(file, line)
    with pytest.raises(InputError) as caught:
        Journal.read(file)
    assert caught.value.line == 2


def test_a_log_whose_times_are_not_those_of_its_steps_is_refused(tmp_path):
    journal = Journal.of([replace(CHANGE, steps=50), replace(CHANGE, steps=60)])
    check_times(Journal.of(journal.entries[:1]), 0.1, tmp_path)
    with pytest.raises(InputError, match="do not agree") as caught:
        check_times(journal, 0.1, tmp_path)
    assert caught.value.line == 2


def test_reading_a_log_writes_nothing(tmp_path):
    file = tmp_path / "log"
    file.write_text(entry_line(CHANGE) + "\n" + entry_line(CHANGE)[:20])
    before = file.read_bytes()
    Journal.read(file)
    assert file.read_bytes() == before


@given(st.lists(st.integers(1, 500), min_size=1, max_size=150))
def test_snapshots_stay_bounded_keep_the_first_and_thin_out_with_age(gaps):
    snapshots = Snapshots(maximum_bytes=32 * 10)
    steps = 0
    for gap in [0, *gaps]:
        steps += gap
        snapshots.add(Moment(steps, 0, snapshot(steps)))
        kept = [moment.steps for moment in snapshots.moments]
        assert kept == sorted(set(kept))
        assert kept[0] == 0
        assert kept[-1] == steps
        assert len(kept) <= snapshots.room
    for target in (0, steps // 2, steps):
        assert snapshots.at(target).steps <= target
    snapshots.forget_after(steps // 2)
    assert all(moment.steps <= steps // 2 for moment in snapshots.moments)
    with pytest.raises(LookupError):
        snapshots.at(-1)


def test_a_checkpoint_comes_back_bit_by_bit_and_old_ones_go(tmp_path):
    for steps in (10, 20, 30, 40):
        write_checkpoint(tmp_path, Checkpoint(snapshot(steps), 2, 3, 4), MARK)
    assert len(checkpoint_files(tmp_path)) == KEPT
    journal = Journal.of([replace(CHANGE, kind="pause")] * 3)
    found = newest(tmp_path, journal)
    assert (found.commands, found.entries, found.events) == (2, 3, 4)
    assert found.snapshot.steps == 40
    assert found.snapshot.alarms == frozenset({("rack", 3)})
    assert found.snapshot.state.tobytes() == snapshot(40).state.tobytes()
    drop_checkpoints_after(tmp_path, 35)
    assert newest(tmp_path, journal).snapshot.steps == 30
    with pytest.raises(InputError, match="command log is shorter"):
        newest(tmp_path, Journal.of(journal.entries[:2]))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"x" * 1000])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, damage):
    for steps in (10, 20):
        write_checkpoint(tmp_path, Checkpoint(snapshot(steps), 0, 0, 0), MARK)
    last = checkpoint_files(tmp_path)[-1]
    last.write_bytes(damage)
    with pytest.raises(InputError, match="checkpoint is damaged"):
        read_checkpoint(last, MARK)
    assert newest(tmp_path).snapshot.steps == 10


def flipped(data, place, bit):
    """Bytes with one bit turned over."""
    changed = bytearray(data)
    changed[place] ^= 1 << bit
    return bytes(changed)


def test_every_bit_that_flips_in_a_checkpoint_is_noticed_or_harmless(tmp_path):
    write_checkpoint(tmp_path, Checkpoint(snapshot(20), 1, 2, 3), MARK)
    (file,) = checkpoint_files(tmp_path)
    data = file.read_bytes()
    noticed = 0
    for place, bit in itertools.product(range(len(data)), range(8)):
        file.write_bytes(flipped(data, place, bit))
        try:
            found = read_checkpoint(file, MARK)
        except InputError:
            noticed += 1
            continue
        assert found.snapshot.state.tobytes() == snapshot(20).state.tobytes()
        assert (found.snapshot.steps, found.commands, found.entries, found.events) == (20, 1, 2, 3)
    assert noticed > len(data) * 4  # the rest lies in dates and attributes of the archive


def test_a_checkpoint_that_is_none_of_this_session_is_passed_over(tmp_path):
    write_checkpoint(tmp_path, Checkpoint(snapshot(10), 0, 0, 0), MARK)
    write_checkpoint(tmp_path, Checkpoint(snapshot(20), 0, 0, 0), "of another layout")
    assert newest(tmp_path).snapshot.steps == 10
    write_checkpoint(tmp_path, Checkpoint(snapshot(20, size=5), 0, 0, 0), MARK)
    assert newest(tmp_path).snapshot.steps == 10
    (tmp_path / "checkpoint-x.npz").write_bytes(b"x")
    (tmp_path / "checkpoint-999.npz").mkdir()
    assert newest(tmp_path).snapshot.steps == 10


def test_a_checkpoint_that_claims_to_be_huge_takes_no_memory(tmp_path):
    head = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (10**15,)}
    np.lib.format.write_array_header_1_0(head, shape)
    file = tmp_path / "checkpoint-000000000001.npz"
    with zipfile.ZipFile(file, "w") as content:
        content.writestr("facts.npy", head.getvalue())
        content.writestr("state.npy", head.getvalue())
    with pytest.raises(InputError, match="is damaged"):
        read_checkpoint(file, MARK)


def test_a_pickle_in_a_checkpoint_is_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("it was executed",))

    file = tmp_path / "checkpoint-000000000001.npz"
    np.savez(file, facts=np.array([Bomb()], dtype=object), state=np.zeros(1))
    with pytest.raises(InputError):
        read_checkpoint(file, MARK)


def test_a_checkpoint_of_a_time_that_was_undone_is_not_taken(tmp_path):
    for steps in (10, 20):
        write_checkpoint(tmp_path, Checkpoint(snapshot(steps), 0, 0, 0), MARK)
    journal = Journal()
    assert newest(tmp_path).snapshot.steps == 20
    journal.add(replace(CHANGE, steps=25, kind="seek", value=15.0, kept=0))
    assert newest(tmp_path, journal).snapshot.steps == 10
    journal.add(replace(CHANGE, steps=16, kind="seek", value=5.0, kept=0))
    assert newest(tmp_path, journal) is None


@pytest.mark.parametrize(
    ("changes", "commands", "steps", "expected"),
    [
        ([], 0, 10, None),
        ([4], 1, 10, None),
        ([4, 15], 1, 10, 15),
        ([4, 10], 1, 10, 10),  # given right after the checkpoint, before the next step
        ([10, 10], 2, 10, None),
    ],
)
def test_how_far_a_session_has_to_repeat_itself(changes, commands, steps, expected):
    journal = Journal()
    for number in changes:
        journal.add(replace(CHANGE, steps=number))
    assert way_to_go(journal, commands, steps, 1.0) == expected


def test_events_are_numbered_once_told_and_forgotten():
    log, heard, undone = EventLog(), [], []
    listener = Listener(heard.append, undone.append)
    log.listen(listener)
    for steps in (1, 2, 2, 3):
        log.add(float(steps), "/", "set", "x", steps)
    log.forget_after(3)  # nothing is later
    assert undone == []
    log.forget_after(2)
    assert undone == [3]
    log.unlisten(listener)
    log.add(2.5, "/", "set", "y", 3)
    assert [event["number"] for event in log] == [1, 2, 3, 5]
    assert [event["time"] for event in heard] == [1.0, 2.0, 2.0, 3.0]
    kept = EventLog()
    kept.load(log.rows_after(2))
    assert [event["number"] for event in kept] == [1, 2]
    kept.forget_after(2)
    assert [event["message"] for event in kept] == ["x"]
