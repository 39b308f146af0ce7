"""Recordings: what plain xarray reads is what was simulated, whatever the number of frames."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st

from twin import recording
from twin.channels import BY_NAME, CHANNELS, Channel
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


def test_frames_that_were_never_written_are_left_out(pilot: Factory, tmp_path: Path) -> None:
    simulation = pilot.simulation()
    recorder = Recorder(tmp_path / "run.zarr", simulation, SOME, frames=1000)
    for _ in range(CHUNK_FRAMES + 5):  # one chunk is on disk, five frames are not
        recorder.append()
        simulation.advance(10.0)
    tree = xarray.open_datatree(tmp_path / "run.zarr", engine="zarr")
    assert int(np.isfinite(tree["rack"]["time"]).sum()) == CHUNK_FRAMES
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


def test_an_earlier_recording_is_replaced_and_nothing_else(pilot: Factory, tmp_path: Path) -> None:
    target = tmp_path / "run.zarr"
    record(pilot.simulation(), target, 50)
    record(pilot.simulation(), target, 2)
    assert open_recording(target)["rack"].sizes["time"] == 2

    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    foreign = tmp_path / "foreign.zarr"
    xarray.Dataset({"x": ("n", np.arange(3))}).to_zarr(foreign, consolidated=False)
    file = tmp_path / "file.zarr"
    file.write_text("not a folder")
    for path in (folder, foreign, file):
        with pytest.raises(InputError, match="not a recording; it is left untouched"):
            Recorder(path, pilot.simulation(), SOME)
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
    with pytest.raises(InputError, match="cannot be read"):
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


def test_whole_chunks_are_what_zarr_would_have_written(
    pilot: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "CHUNK_ELEMENTS", 100)  # 576 accelerators: the last one is short
    direct, by_zarr = tmp_path / "direct.zarr", tmp_path / "zarr.zarr"
    record(pilot.simulation(), direct, 2 * CHUNK_FRAMES)

    def through_zarr(self: Recorder, channel: Channel, number: int, frames: Any) -> None:
        first = number * CHUNK_FRAMES
        self._arrays[channel.name][first : first + CHUNK_FRAMES] = frames

    monkeypatch.setattr(Recorder, "_write_chunks", through_zarr)
    record(pilot.simulation(), by_zarr, 2 * CHUNK_FRAMES)
    chunks = sorted((by_zarr / "gpu" / "temperature" / "c").rglob("*"))
    assert len([chunk for chunk in chunks if chunk.is_file()]) == 2 * 6
    left, right = (xarray.open_datatree(path, engine="zarr") for path in (direct, by_zarr))
    for channel in SOME:
        place = f"{channel.level}/{channel.name.partition('.')[2]}"
        np.testing.assert_array_equal(left[place].values, right[place].values)
        files = [f for f in (by_zarr / place / "c").rglob("*") if f.is_file()]
        for file in files:
            assert (direct / file.relative_to(by_zarr)).read_bytes() == file.read_bytes(), file


def test_values_read_together_are_those_read_alone(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(5.0)
    together = simulation.values(CHANNELS)
    assert list(together) == [channel.name for channel in CHANNELS]
    for name, values in together.items():
        np.testing.assert_array_equal(values, simulation.channel(name), err_msg=name)
