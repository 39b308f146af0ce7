"""Damaged recordings: each gives what was recorded or one message that names the file."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from twin import recording_store
from twin.controls import Command
from twin.errors import InputError
from twin.factory import Factory
from twin.recording import CHUNK_FRAMES, Recorder, channels_named, open_recording
from twin.recording_lock import LOCK
from twin.recording_store import Frame, RecordingStore
from twin.replay import Recording
from twin.report.build import write_report
from twin.report.origins import ABOUT, FIGURES

NAMES = ["gpu.temperature", "rack.power", "rack.temperature", "cdu.valve", "site.pue", "site.power"]
FLIPS = 60


@pytest.fixture(scope="module")
def recorded(pilot: Factory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chunk and a half of a run with an event in it."""
    folder = tmp_path_factory.mktemp("damage") / "run.zarr"
    simulation = pilot.simulation()
    with Recorder(folder, simulation, channels_named(NAMES)) as recorder:
        for frame in range(CHUNK_FRAMES + 10):
            if frame == 2:
                simulation.apply(Command("inject", "/pilot/hall-a/row-01/cdu-1", "trip"))
            recorder.append()
            simulation.advance(10.0)
        recorder.write_figures()
    return folder


@pytest.fixture
def copy(recorded: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(recorded, tmp_path / "copy.zarr"))


def told(folder: Path) -> dict[str, Any]:
    """Everything that a recording tells its readers."""
    recording = Recording(folder)
    frames = range(len(recording))
    return {
        "times": recording.times.tolist(),
        "events": recording.events,
        "scene": recording.scene,
        "attributes": {k: v for k, v in recording.attributes.items() if k != "checksum"},
        ABOUT: recording.beside(ABOUT),
        FIGURES: recording.beside(FIGURES),
        "kpis": [recording.kpis(frame) for frame in frames],
        "values": {
            channel.name: np.stack([recording.read(channel.name, k) for k in frames]).tobytes()
            for channel in recording.channels
        },
    }


def files_of(folder: Path) -> list[Path]:
    return sorted(f for f in folder.rglob("*") if f.is_file() and f.stat().st_size)


def refused(folder: Path, *readers: Callable[[Path], Any]) -> InputError:
    """The message of every reader, which must all refuse and name something of the recording."""
    errors = []
    for reader in readers or (told, open_recording):
        with pytest.raises(InputError) as caught:
            reader(folder)
        assert Path(caught.value.file).is_relative_to(folder)
        errors.append(caught.value)
    return errors[0]


def test_a_changed_byte_is_found_or_changes_nothing(recorded: Path, copy: Path) -> None:
    truth, chance, found = told(recorded), random.Random(20), 0
    files = files_of(recorded)
    for _ in range(FLIPS):
        file = chance.choice(files)
        data = bytearray(file.read_bytes())
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        damaged = copy / file.relative_to(recorded)
        damaged.write_bytes(data)
        try:
            now = told(copy)
        except InputError:
            found += 1
            refused(copy, told)
        else:
            assert now == truth, damaged
        damaged.write_bytes(file.read_bytes())
    assert found > FLIPS / 3  # what remains are documents that no reader looks at


def test_plain_xarray_finds_a_changed_byte_in_every_chunk(recorded: Path, copy: Path) -> None:
    chance = random.Random(1)
    tree = xarray.open_datatree(copy, engine="zarr")
    chunks = [f for f in files_of(copy) if "c" in f.relative_to(copy).parts]
    assert len(chunks) == 4 + 4 + 2 * len(NAMES)  # times, labels, values
    for chunk in chunks:
        level, name = chunk.relative_to(copy).parts[:2]
        whole = chunk.read_bytes()
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        chunk.write_bytes(data)
        with pytest.raises((ValueError, RuntimeError, OSError)):
            xarray.open_datatree(copy, engine="zarr")[level][name].load()
        chunk.write_bytes(whole)
    assert tree["rack"]["power"].shape == (CHUNK_FRAMES + 10, 8)


@pytest.mark.parametrize(
    "name",
    ["zarr.json", "scene.json", "events.jsonl", "about.json", "figures.json", "checksums.jsonl",
     "rack/time/c/0", "rack/power/c/1/0"],
)  # fmt: skip
@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.unlink(),
        lambda file: os.truncate(file, 0),
        lambda file: os.truncate(file, file.stat().st_size // 2),
        lambda file: (file.unlink(), file.mkdir()),
        lambda file: file.write_bytes(b"\xff\xfe\x00junk"),
        lambda file: file.write_bytes(b"[" * 100_000),
        lambda file: file.write_bytes(b"null"),
        lambda file: file.write_bytes(b"{}"),
    ],
    ids=["deleted", "emptied", "cut", "folder", "junk", "deep", "null", "empty"],
)
def test_a_file_that_is_missing_or_foreign_is_named(
    copy: Path, name: str, damage: Callable[[Path], object]
) -> None:
    damage(copy / name)
    error = refused(copy, told)
    assert name.partition("/")[0] in str(error)


@pytest.mark.parametrize("name", ["events.jsonl", "checksums.jsonl"])
def test_lines_that_are_missing_are_missed(copy: Path, name: str) -> None:
    lines = (copy / name).read_bytes().splitlines(keepends=True)
    assert len(lines) >= 2
    (copy / name).write_bytes(b"".join(lines[:-1]))
    refused(copy, told)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rack/power/c/0/0", "rack/temperature/c/0/0"),
        ("rack/power/c/0/0", "rack/power/c/1/0"),
        ("site/power/c/0/0", "site/pue/c/0/0"),
        ("about.json", "scene.json"),
        ("figures.json", "about.json"),
        ("cdu/cdu/c/0", "rack/rack/c/0"),
    ],
)
def test_files_that_took_each_others_place_are_found(copy: Path, one: str, other: str) -> None:
    for_both = [(copy / name).read_bytes() for name in (other, one)]
    for name, data in zip((one, other), for_both, strict=True):
        (copy / name).write_bytes(data)
    is_label = one == "cdu/cdu/c/0"  # labels are for xarray; ours come from the scene
    is_beside = one.endswith(".json")
    refused(copy, *([open_recording] if is_label else [told] if is_beside else []))


def changes() -> Iterator[tuple[tuple[Any, ...], Any]]:
    arrays = ("consolidated_metadata", "metadata")
    power = (*arrays, "rack/power")
    yield ("attributes",), []
    yield ("attributes", "format"), 7
    yield ("attributes", "digest"), "another"
    yield ("zarr_format",), "3"
    yield ("consolidated_metadata",), None
    yield arrays, []
    yield power, None
    yield (*power, "shape"), "x"
    yield (*power, "shape"), [10**9, 8]
    yield (*power, "shape"), [CHUNK_FRAMES, 8]
    yield (*power, "data_type"), "float99"
    yield (*power, "codecs"), []
    yield (*power, "attributes", "resolution"), 1.0
    yield (*arrays, "rack/time", "shape"), [-3]


@pytest.mark.parametrize(("place", "value"), list(changes()), ids=str)
def test_a_changed_document_is_found(copy: Path, place: tuple[Any, ...], value: Any) -> None:
    document = json.loads((copy / "zarr.json").read_bytes())
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (copy / "zarr.json").write_text(json.dumps(document))
    refused(copy)


def unsealed(folder: Path) -> dict[str, Any]:
    """Make a recording one of an earlier version, without checksums; its document."""
    document: dict[str, Any] = json.loads((folder / "zarr.json").read_bytes())
    for key in ("checksum", "labels", "channels", "holds", "events"):
        del document["attributes"][key]
    (folder / "zarr.json").write_text(json.dumps(document))
    return document


def test_recordings_of_earlier_versions_are_read(recorded: Path, copy: Path) -> None:
    unsealed(copy)
    for name in ("scene.json", ABOUT, FIGURES):
        plain = json.loads((copy / name).read_bytes())
        del plain["checksum"]
        (copy / name).write_text(json.dumps(plain))
    now, truth = told(copy), told(recorded)
    assert {key: now[key] for key in now if key != "attributes"} == {
        key: truth[key] for key in truth if key != "attributes"
    }
    assert open_recording(copy)["rack"].sizes["time"] == CHUNK_FRAMES + 10


@pytest.mark.parametrize(
    ("place", "value"), [c for c in changes() if c[0][-1] not in ("resolution", "zarr_format")],
    ids=str,
)  # fmt: skip
def test_without_checksums_nothing_ends_in_a_traceback(
    copy: Path, tmp_path: Path, place: tuple[Any, ...], value: Any
) -> None:
    document = unsealed(copy)
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (copy / "zarr.json").write_text(json.dumps(document))
    for reader in (told, lambda folder: write_report(folder, tmp_path / "r.html", pictures=False)):
        with contextlib.suppress(InputError):
            reader(copy)


def test_a_later_version_says_which_it_is(copy: Path) -> None:
    text = (copy / "zarr.json").read_text()
    (copy / "zarr.json").write_text(text.replace("twin.recording/1", "twin.recording/2"))
    error = refused(copy)
    assert error.found == "'twin.recording/2'"
    assert error.allowed == "twin.recording/1"


def test_what_is_no_recording_is_told(copy: Path) -> None:
    assert "not found" in refused(copy / "none").message
    shutil.rmtree(copy)
    copy.mkdir()
    assert "not a recording" in refused(copy).message
    copy.rmdir()
    copy.write_text("a file")
    assert "not a recording" in refused(copy).message


def test_only_the_lock_and_own_documents_are_without_checksum(recorded: Path) -> None:
    """What the test with changed bytes may pass over: a new file must not be among it unseen."""
    loose = {
        str(f.relative_to(recorded))
        for f in recorded.rglob("*")
        if f.is_file() and "c" not in f.relative_to(recorded).parts and f.name != "zarr.json"
    }
    assert loose == {LOCK, "scene.json", "events.jsonl", "checksums.jsonl", ABOUT, FIGURES}


class Killed(Exception):
    """What stands for kill -9: nothing is tidied up behind it."""


def frames_of(store: RecordingStore, times: list[float]) -> list[Frame]:
    """Frames in which every value is the time, so that a mixed-up one shows."""
    counts = {
        level: int(store._documents[f"{level}/{level}"]["shape"][0]) for level in store._levels
    }
    return [
        {
            level: np.full((len(own), counts[level]), time, dtype=np.float32)
            for level, own in store._levels.items()
        }
        for time in times
    ]


def test_killed_between_any_two_writes_a_recording_is_whole(
    pilot: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames are added, dropped (as when time is set back) and added again, over a chunk's edge."""
    base = tmp_path / "base.zarr"
    channels = channels_named(["rack.temperature", "site.pue"])
    with Recorder(base, pilot.simulation(), channels) as recorder:
        recorder.append()
    before = [float(t) for t in range(1, CHUNK_FRAMES + 4)]
    store = RecordingStore.resume(base)
    store.truncate(0)
    store.append(before, frames_of(store, before))
    after, again = [100.0, 101.0], [7.5, 8.5]
    states = [before, before + after, before[:7], before[:7] + again]

    def work(store: RecordingStore) -> None:
        store.append(after, frames_of(store, after))
        store.truncate(7)
        store.append(again, frames_of(store, again))

    def told_by(folder: Path) -> list[float]:
        recording = Recording(folder)
        times = [float(t) for t in recording.times]
        for number, time in enumerate(times):
            for name in ("rack.temperature", "site.pue"):
                assert np.all(recording.read(name, number) == np.float32(time)), (name, time)
        return times

    names = ("_replace", "_place", "append_lines")
    usual = {name: getattr(recording_store, name) for name in names}
    seen, kill, done = [], 0, False
    while not done:
        kill += 1
        left = [kill]

        def before_each(name: str, left: list[int] = left) -> Any:
            def write(*arguments: Any) -> None:
                left[0] -= 1
                if left[0] == 0:
                    raise Killed
                usual[name](*arguments)

            return write

        folder = tmp_path / f"{kill}.zarr"
        shutil.copytree(base, folder)
        store = RecordingStore.resume(folder)
        with monkeypatch.context() as patched:
            for name in names:
                patched.setattr(recording_store, name, before_each(name))
            try:
                work(store)
                done = True
            except Killed:
                pass
        seen.append(told_by(folder))
        assert seen[-1] in states
        resumed = RecordingStore.resume(folder)
        assert list(resumed.times) == seen[-1]
        resumed.append([500.0], frames_of(resumed, [500.0]))
        assert told_by(folder) == [*seen[-1], 500.0]
        shutil.rmtree(folder)
    assert [state for state in states if state in seen] == states
