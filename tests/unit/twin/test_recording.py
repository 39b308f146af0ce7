"""Recordings: what plain xarray reads is what was simulated, whatever the number of frames."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr
from hypothesis import given
from hypothesis import strategies as st

import twin
from twin import recording_lock, recording_store
from twin.channels import BY_NAME, CHANNELS
from twin.controls import Command
from twin.errors import InputError
from twin.factory import Factory
from twin.recording import (
    CHUNK_FRAMES,
    LARGE,
    LARGE_CHANNELS,
    Recorder,
    channels_named,
    default_channels,
    open_recording,
    read_events,
    read_scene,
    rounded,
)
from twin.recording_lock import WriterLock
from twin.simulation import Simulation

SOME = channels_named(["gpu.temperature", "rack.power", "cdu.valve", "site.pue"])


def record(
    simulation: Simulation, path: Path, frames: int, known: bool = True
) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Record ``frames`` frames 10 s apart; return what was seen."""
    seen: dict[str, list[np.ndarray]] = {channel.name: [] for channel in SOME}  # type: ignore[type-arg]
    with Recorder(path, simulation, SOME, frames=frames if known else None) as recorder:
        for number in range(frames):
            if number:
                simulation.advance(10.0)
            recorder.append()
            for channel in SOME:
                seen[channel.name].append(simulation.channel(channel.name).copy())
    return {name: np.stack(values) for name, values in seen.items()}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("frames", [1, 5, CHUNK_FRAMES, CHUNK_FRAMES + 1, 3 * CHUNK_FRAMES])
def test_plain_xarray_reads_back_what_was_simulated(
    pilot: Factory, tmp_path: Path, frames: int, known: bool
) -> None:
    seen = record(pilot.simulation(), tmp_path / "run.zarr", frames, known)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = xarray.open_datatree(tmp_path / "run.zarr", engine="zarr")
    for channel in SOME:
        values = tree[f"{channel.level}/{channel.name.partition('.')[2]}"]
        assert values.dims == ("time", channel.level)
        assert values.shape == seen[channel.name].shape
        assert values.attrs["units"] == (channel.unit or "1")
        # rounded to the nearest multiple of the resolution, kept as a 32-bit number
        slack = 0.5 * channel.resolution + 1e-6 * np.abs(seen[channel.name])
        assert np.all(np.abs(values.values - seen[channel.name]) <= slack)
    assert tree["rack"]["time"].values.tolist() == [10.0 * n for n in range(frames)]


def test_labels_are_paths_and_attributes_say_where_it_came_from(
    pilot: Factory, tmp_path: Path
) -> None:
    simulation = pilot.simulation()
    record(simulation, tmp_path / "run.zarr", 2)
    tree = open_recording(tmp_path / "run.zarr")
    assert tree["rack"]["rack"].values.tolist() == list(simulation.plant.levels.paths("rack"))
    one = tree["rack"]["power"].sel(rack="/pilot/hall-a/row-01/rack-03")
    assert one.shape == (2,)
    assert tree.attrs["layout"] == "pilot"
    assert tree.attrs["digest"] == simulation.plant.digest
    assert json.loads(tree.attrs["scenario"])["name"] == "design-load"
    assert {node.name for node in tree.children.values()} == {"gpu", "rack", "cdu", "site"}
    assert read_scene(tmp_path / "run.zarr")["name"] == "pilot"


def test_two_runs_record_the_same_bytes(pilot: Factory, tmp_path: Path) -> None:
    for name in ("a.zarr", "b.zarr"):
        record(pilot.simulation(), tmp_path / name, 40)
    files = sorted(p.relative_to(tmp_path / "a.zarr") for p in (tmp_path / "a.zarr").rglob("*"))
    assert len(files) > 20
    for file in files:
        if (tmp_path / "a.zarr" / file).is_file():
            assert (tmp_path / "a.zarr" / file).read_bytes() == (
                tmp_path / "b.zarr" / file
            ).read_bytes(), file


def test_arrays_grow_with_what_is_written(pilot: Factory, tmp_path: Path) -> None:
    simulation = pilot.simulation()
    recorder = Recorder(tmp_path / "run.zarr", simulation, SOME, frames=1000)
    for _ in range(CHUNK_FRAMES + 5):  # one chunk is on disk, five frames are not
        recorder.append()
        simulation.advance(10.0)
    tree = xarray.open_datatree(tmp_path / "run.zarr", engine="zarr")
    assert tree["rack"]["time"].values.tolist() == [10.0 * n for n in range(CHUNK_FRAMES)]
    ours = open_recording(tmp_path / "run.zarr")
    assert ours["rack"].sizes["time"] == CHUNK_FRAMES
    assert np.isfinite(ours["gpu"]["temperature"].values).all()


def test_events_are_kept_with_the_frames(pilot: Factory, tmp_path: Path) -> None:
    simulation = pilot.simulation()
    with Recorder(tmp_path / "run.zarr", simulation, SOME) as recorder:
        recorder.append()
        simulation.apply(Command("inject", "/pilot/hall-a/row-01/rack-01", "blockage"))
        simulation.advance(10.0)
        recorder.append()
    events = read_events(tmp_path / "run.zarr")
    assert [event["kind"] for event in events][:1] == ["inject"]
    with (tmp_path / "run.zarr" / "events.jsonl").open("a") as file:
        file.write('{"time": 12.0, "pa')  # cut by a kill
    assert read_events(tmp_path / "run.zarr") == events


def test_a_longer_run_takes_the_place_of_an_earlier_one_when_it_is_complete(
    pilot: Factory, tmp_path: Path
) -> None:
    target = tmp_path / "run.zarr"
    record(pilot.simulation(), target, 2)
    simulation = pilot.simulation()
    with Recorder(target, simulation, SOME, frames=3) as recorder:
        recorder.append()
        recorder.flush()
        assert recorder.path == tmp_path / "run.unfinished.zarr"
        assert open_recording(target)["rack"].sizes["time"] == 2
        assert open_recording(recorder.path)["rack"].sizes["time"] == 1
    assert open_recording(target)["rack"].sizes["time"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.zarr"]


def test_a_run_of_another_duration_is_the_same_run(pilot: Factory, tmp_path: Path) -> None:
    target = tmp_path / "run.zarr"
    record(pilot.simulation(duration=20.0), target, 3)
    record(pilot.simulation(duration=40.0), target, 5)
    assert open_recording(target)["rack"].sizes["time"] == 5
    with pytest.raises(InputError, match="of more frames is there"):
        Recorder(target, pilot.simulation(duration=20.0), SOME, frames=3)


@pytest.mark.parametrize("what", ["layout", "scenario", "pace", "frames"])
def test_another_recording_is_replaced_only_when_asked(
    pilot: Factory, tmp_path: Path, what: str
) -> None:
    target = tmp_path / "run.zarr"
    record(pilot.simulation(), target, 3)
    simulation = pilot.simulation(seed=1 if what == "scenario" else 0)
    if what == "layout":
        simulation = twin.load("server-room").simulation()
    interval, frames = (20.0 if what == "pace" else 10.0), (2 if what == "frames" else 3)
    with pytest.raises(InputError, match=f"of (another|more) {what} is there") as caught:
        Recorder(target, simulation, SOME, interval=interval, frames=frames)
    assert "--replace" in caught.value.allowed
    assert open_recording(target)["rack"].sizes["time"] == 3
    with Recorder(
        target, simulation, SOME, interval=interval, frames=frames, replace=True
    ) as recorder:
        recorder.append()
    assert open_recording(target)["rack"].sizes["time"] == 1


def test_a_run_that_fails_leaves_the_earlier_recording(pilot: Factory, tmp_path: Path) -> None:
    target = tmp_path / "run.zarr"
    record(pilot.simulation(), target, 3)
    recorder = Recorder(target, pilot.simulation(), SOME, frames=3)
    recorder.append()
    recorder.close(complete=False)
    assert open_recording(target)["rack"].sizes["time"] == 3
    assert open_recording(tmp_path / "run.unfinished.zarr")["rack"].sizes["time"] == 1
    record(pilot.simulation(), target, 3)  # the next run clears it away
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.zarr"]


def test_a_second_writer_is_refused(pilot: Factory, tmp_path: Path) -> None:
    target = tmp_path / "run.zarr"
    with Recorder(target, pilot.simulation(), SOME, frames=5) as recorder:
        recorder.append()
        for replace in (False, True):
            with pytest.raises(InputError, match="another process is writing this recording"):
                Recorder(target, pilot.simulation(), SOME, frames=5, replace=replace)
    assert open_recording(target)["rack"].sizes["time"] == 1
    record(pilot.simulation(), target, 2)  # the lock's file remains, the lock does not


def test_what_a_kill_left_of_a_beginning_is_cleared_away(pilot: Factory, tmp_path: Path) -> None:
    target = tmp_path / "run.zarr"
    record(pilot.simulation(), target, 2)
    (target / "zarr.json").unlink()
    record(pilot.simulation(), target, 3)
    assert open_recording(target)["rack"].sizes["time"] == 3
    (target / "zarr.json").unlink()
    with (
        closing(WriterLock(target)),
        pytest.raises(InputError, match="another process is writing"),
    ):
        Recorder(target, pilot.simulation(), SOME)


def test_a_disk_that_fills_keeps_what_was_recorded_until_then(
    pilot: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, simulation = tmp_path / "run.zarr", pilot.simulation()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    recorder = Recorder(target, simulation, SOME)
    for _ in range(CHUNK_FRAMES):
        recorder.append()
        simulation.advance(1.0)
    recorder.append()
    monkeypatch.setattr(recording_store, "append_lines", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        recorder.close()
    assert open_recording(target)["rack"].sizes["time"] == CHUNK_FRAMES
    monkeypatch.undo()
    recorder = Recorder(tmp_path / "empty.zarr", simulation, SOME)
    recorder.append()
    monkeypatch.setattr(recording_store, "append_lines", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        recorder.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.zarr"]


def test_ctrl_c_does_not_cut_a_chunk_in_two(
    pilot: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, simulation = tmp_path / "run.zarr", pilot.simulation()
    commit = recording_store.RecordingStore.commit

    def interrupted(store: recording_store.RecordingStore) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        commit(store)

    with Recorder(target, simulation, SOME) as recorder:
        for _ in range(5):
            recorder.append()
            simulation.advance(1.0)
        simulation.apply(Command("inject", "/pilot/hall-a/row-01/rack-01", "blockage"))
        monkeypatch.setattr(recording_store.RecordingStore, "commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            recorder.flush()
        monkeypatch.undo()
    assert open_recording(target)["rack"]["time"].values.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert len(read_events(target)) == 1


def test_without_locks_it_writes_and_says_so(
    pilot: Factory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(recording_lock.fcntl, "flock", refuse)
    record(pilot.simulation(), tmp_path / "run.zarr", 2)
    assert "its file system has no locks" in caplog.text
    assert open_recording(tmp_path / "run.zarr")["rack"].sizes["time"] == 2


def test_what_is_no_recording_is_never_replaced(pilot: Factory, tmp_path: Path) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    foreign = tmp_path / "foreign.zarr"
    xarray.Dataset({"x": ("n", np.arange(3))}).to_zarr(foreign, consolidated=False)
    file = tmp_path / "file.zarr"
    file.write_text("not a folder")
    for path in (folder, foreign, file):
        with pytest.raises(InputError, match="not a recording; it is left untouched"):
            Recorder(path, pilot.simulation(), SOME, replace=True)
    assert (folder / "chapter.txt").read_text() == "years of work"
    assert xarray.open_zarr(foreign, consolidated=False)["x"].values.tolist() == [0, 1, 2]
    assert file.read_text() == "not a folder"


def test_where_nothing_can_be_written_is_told(pilot: Factory, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder does not exist"):
        Recorder(tmp_path / "none" / "run.zarr", pilot.simulation(), SOME)
    with pytest.raises(InputError, match="cannot be written") as caught:
        Recorder("/proc/run.zarr", pilot.simulation(), SOME)
    assert str(caught.value.file) == "/proc/run.zarr"


def test_what_is_no_recording_is_told(pilot: Factory, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not found"):
        open_recording(tmp_path / "none.zarr")
    with pytest.raises(InputError, match="not a recording"):
        open_recording(tmp_path)
    record(pilot.simulation(), tmp_path / "run.zarr", 2)
    (tmp_path / "run.zarr" / "zarr.json").write_text("{ not json")
    with pytest.raises(InputError, match=r"damaged: Expecting property name"):
        open_recording(tmp_path / "run.zarr")
    foreign = tmp_path / "foreign.zarr"
    xarray.Dataset({"x": ("n", np.arange(3))}).to_zarr(foreign, consolidated=False)
    with pytest.raises(InputError, match="not a recording of a factory") as caught:
        open_recording(foreign)
    assert caught.value.key == "format"
    with pytest.raises(InputError, match="scene of the recording cannot be read"):
        read_scene(foreign)


def test_large_plants_keep_the_main_accelerator_channels() -> None:
    assert default_channels(LARGE - 1) == CHANNELS
    kept = {channel.name for channel in default_channels(LARGE) if channel.level == "gpu"}
    assert kept == set(LARGE_CHANNELS)
    assert {c for c in CHANNELS if c.level != "gpu"} <= set(default_channels(LARGE))


def test_an_unknown_channel_is_named() -> None:
    with pytest.raises(InputError, match="unknown channel") as caught:
        channels_named(["gpu.temprature"])
    assert "gpu.temperature" in caught.value.allowed


@given(
    name=st.sampled_from(sorted(BY_NAME)),
    shares=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8),
)
def test_rounding_is_to_the_resolution_and_done_once(name: str, shares: list[float]) -> None:
    channel = BY_NAME[name]
    values = channel.low + np.array(shares) * (channel.high - channel.low)
    kept = rounded(values, channel)
    slack = 0.5 * channel.resolution * (1 + 1e-9) + 1e-6 * np.abs(values)
    assert np.all(np.abs(kept - values) <= slack)
    assert np.array_equal(rounded(kept.astype(np.float64), channel), kept)


def test_every_file_of_the_arrays_is_what_zarr_would_have_written(
    pilot: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 576 accelerators: the last stretch is short, as is the last chunk of frames
    monkeypatch.setattr(recording_store, "CHUNK_ELEMENTS", 100)
    direct, by_zarr = tmp_path / "direct.zarr", tmp_path / "zarr.zarr"
    record(pilot.simulation(), direct, CHUNK_FRAMES + 3)
    shutil.copytree(direct, by_zarr)
    compared = 0
    for level in ("gpu", "rack", "cdu", "site"):
        group = zarr.open_group(str(by_zarr / level), mode="r+", use_consolidated=False)
        for name, array in group.arrays():
            values = array[:]
            shutil.rmtree(by_zarr / level / name / "c")
            array[:] = values
            array.update_attributes({})  # writes its document
            ours, theirs = (folder / level / name / "zarr.json" for folder in (direct, by_zarr))
            assert json.loads(ours.read_bytes()) == json.loads(theirs.read_bytes())
            assert ours.read_bytes() != theirs.read_bytes()  # in one line, so not left as it was
            for file in (by_zarr / level / name / "c").rglob("*"):
                if file.is_file():
                    written = direct / file.relative_to(by_zarr)
                    assert written.read_bytes() == file.read_bytes(), file
                    compared += 1
    assert compared == 4 * 1 + (6 + 1 + 1 + 1) + 2 * (6 + 1 + 1 + 1)  # times, labels, channels


def test_values_read_together_are_those_read_alone(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(5.0)
    together = simulation.values(CHANNELS)
    assert list(together) == [channel.name for channel in CHANNELS]
    for name, values in together.items():
        np.testing.assert_array_equal(values, simulation.channel(name), err_msg=name)
