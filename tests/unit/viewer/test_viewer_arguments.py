"""Options of ``twin view`` and ``twin render``: what is refused, and how."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.errors import InputError
from viewer.commands import frame_at, layouts_in, parse_size, seconds_of


@pytest.mark.parametrize("text", ["0x720", "1280x0", "-1x5", "1280", "axb", "", "1x2x3", "9000x10"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="not a picture size"):
        parse_size(text)


def test_size() -> None:
    assert parse_size("1920X1080") == (1920, 1080)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("8min", 480), ("2 h", 7200), ("15", 15), ("0", 0)]
)
def test_times(text: str, seconds: float) -> None:
    assert seconds_of(text, "--at") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["soon", "-5s", "5 apples", "", "1e30 s"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="--at"):
        seconds_of(text, "--at")


def test_a_folder_stands_for_its_layouts(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "notes.txt"):
        (tmp_path / name).write_text("")
    assert [Path(p).name for p in layouts_in(str(tmp_path))] == ["a.yaml", "b.yaml"]
    assert layouts_in("pilot") == ["pilot"]
    assert layouts_in("ws://127.0.0.1:8000") == ["ws://127.0.0.1:8000"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no layouts"):
        layouts_in(str(tmp_path))


def test_a_recording_is_not_a_folder_of_layouts(tmp_path: Path) -> None:
    (tmp_path / "zarr.json").write_text("{}")
    assert layouts_in(str(tmp_path)) == [str(tmp_path)]


class _Live:
    def wait(self):
        return "now"


class _Recording(_Live):
    def at(self, moment):
        return ("at", moment)


def test_a_live_server_has_only_the_present() -> None:
    assert frame_at(_Live(), None) == "now"
    with pytest.raises(InputError, match="only the present"):
        frame_at(_Live(), 5.0)


def test_a_recording_is_sought() -> None:
    assert frame_at(_Recording(), 5.0) == ("at", 5.0)


def test_picture_names_are_checked_before_anything_is_drawn(tmp_path: Path) -> None:
    from viewer.commands import _check_output

    _check_output(tmp_path / "a.png")
    with pytest.raises(InputError, match="unknown picture format"):
        _check_output(tmp_path / "a.gif2")
    with pytest.raises(InputError, match="folder does not exist"):
        _check_output(tmp_path / "none" / "a.png")
    assert np.size(list(tmp_path.iterdir())) == 0


@pytest.mark.parametrize(
    ("command", "option", "word", "told"),
    [
        ("render", "--camera", "nose", "unknown camera preset"),
        ("view", "--camera", "nose", "unknown camera preset"),
        ("render", "--air", "diagonal", "unknown slices of air"),
        ("render", "--size", "-5x3", "not a picture size"),
        ("view", "--size", "0x0", "not a picture size"),
    ],
)
def test_nonsense_is_refused_before_anything_is_opened(
    command: str, option: str, word: str, told: str
) -> None:
    from viewer import commands

    call = {"render": commands.render, "view": commands.view}[command]
    with pytest.raises(InputError, match=told):
        call("no-such-layout", **{option[2:]: word})


def test_cameras_of_the_help_are_those_there_are() -> None:
    from viewer.camera import PRESETS
    from viewer.commands import CAMERAS

    assert tuple(CAMERAS.split(", ")) == PRESETS
