"""Files come to be whole or not at all: whatever stops the writing, the older good file stays."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from twin import whole_files
from twin.errors import InputError
from twin.whole_files import check_place, exchange, file_beside, folder_beside, write_file

FULL = Path("/dev/full")


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    write_file(file, "one")
    file.chmod(0o640)
    write_file(file, "two ☃")
    assert file.read_text(encoding="utf-8") == "two ☃"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_new_file_has_the_permissions_that_the_user_asks_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "page.html", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o640


def test_a_link_keeps_pointing_where_it_does(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    link = tmp_path / "page.html"
    link.symlink_to(Path("kept") / "real.html")  # to what is not there yet
    for text in ("one", "two"):
        write_file(link, text)
        assert link.is_symlink()
        assert (tmp_path / "kept" / "real.html").read_text() == text


def stop(_: Path) -> None:
    raise RuntimeError("stopped")


def nothing(_: Path) -> None:
    """What a library does that does not tell of a full disk."""


def half(beside: Path) -> None:
    beside.write_text("half")
    raise OSError(28, "No space left on device", str(beside))


@pytest.mark.parametrize("write", [stop, nothing, half])
def test_what_fails_leaves_the_older_file_and_nothing_beside(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    file = tmp_path / "page.html"
    file.write_text("good")
    with pytest.raises((InputError, RuntimeError)) as caught, file_beside(file) as beside:  # noqa: PT012
        assert beside.suffix == ".html"
        write(beside)
    assert file.read_text() == "good"
    assert os.listdir(tmp_path) == ["page.html"]
    if isinstance(caught.value, InputError):
        assert caught.value.file == file
        assert caught.value.message.startswith("cannot be written: ")


def test_a_file_beyond_the_limit_of_the_process_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("good")
    code = (
        "import resource, signal; from pathlib import Path\n"
        "from twin.errors import InputError; from twin.whole_files import write_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_file(Path('page.html'), 'x' * 5000)\n"
        "except InputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "page.html: cannot be written: File too large\n"
    assert (tmp_path / "page.html").read_text() == "good"
    assert os.listdir(tmp_path) == ["page.html"]


def test_pipes_and_devices_are_written_to_as_they_are(tmp_path: Path) -> None:
    pipe = tmp_path / "page.html"
    os.mkfifo(pipe)
    for write in (lambda: write_file(pipe, "through"), lambda: by_library(pipe)):
        writer = threading.Thread(target=write)
        writer.start()
        assert pipe.read_text() == "through"
        writer.join(10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    for write in (lambda: write_file(FULL, "x"), lambda: by_library(FULL)):
        with pytest.raises(InputError, match="cannot be written: No space left on device"):
            write()
    assert stat.S_ISCHR(FULL.stat().st_mode)


def by_library(path: Path) -> None:
    with file_beside(path) as beside:
        beside.write_text("through")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "is a folder"),
        ("none/page.html", "its folder does not exist"),
        ("file/page.html", "Not a directory"),
        ("n" * 300, "File name too long"),
    ],
)
def test_a_place_that_cannot_take_a_file_is_told_before_the_work(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=message) as caught:
        check_place(tmp_path / name, "--output")
    assert caught.value.file == tmp_path / name
    assert caught.value.key == "--output"
    with pytest.raises(InputError, match=message):
        write_file(tmp_path / name, "x")


@pytest.mark.parametrize("forbidden", ["page.html", "."])
def test_what_must_not_be_written_to_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forbidden: str
) -> None:
    """The superuser may write everywhere, so the system's answer is made up here."""
    file = tmp_path / "page.html"
    file.write_text("good")
    monkeypatch.setattr(
        whole_files.os, "access", lambda path, mode: Path(path) != tmp_path / forbidden
    )
    with pytest.raises(InputError, match="cannot be written: Permission denied"):
        write_file(file, "x")
    assert file.read_text() == "good"


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "assets"
    with folder_beside(target) as beside:
        (beside / "inner").mkdir()
        (beside / "inner" / "a.txt").write_text("a")
        assert not target.exists()
    assert (target / "inner" / "a.txt").read_text() == "a"
    assert os.listdir(tmp_path / "new") == ["assets"]


def test_a_folder_that_is_there_keeps_its_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "a.txt").write_text("old")
    with folder_beside(tmp_path) as beside:
        (beside / "a.txt").write_text("new")
    assert {f.name: f.read_text() for f in tmp_path.iterdir()} == {
        "thesis.txt": "years of work",
        "a.txt": "new",
    }


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_fails_leaves_what_was_there(tmp_path: Path, there: bool) -> None:
    target = tmp_path / "new" / "assets"
    if there:
        target.mkdir(parents=True)
        (target / "a.txt").write_text("old")
    with pytest.raises(InputError) as caught, folder_beside(target) as beside:  # noqa: PT012
        (beside / "a.txt").write_text("new")
        write_file(beside / "none" / "b.txt", "x")
    assert caught.value.file == target / "none" / "b.txt"
    assert ".partial" not in str(caught.value)
    if there:
        assert [f.read_text() for f in target.iterdir()] == ["old"]
    else:
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("at_once", [True, False])
def test_folders_take_each_others_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:  # a system that cannot
        monkeypatch.setattr(whole_files.ctypes, "CDLL", lambda *_, **__: object())
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(name)
    exchange(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "name").read_text() == "other"
    assert (tmp_path / "other" / "name").read_text() == "one"
    assert sorted(os.listdir(tmp_path)) == ["one", "other"]
