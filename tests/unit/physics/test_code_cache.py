"""Compiled code: kept where it can be, else in a private folder; damage is as if not there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from physics import code_cache

LAW = """
from physics.jit import law

@law
def twice(x):
    return 2.0 * x
"""
USE = """
import json, os
from laws import twice
value = twice(21.0)
from physics import code_cache
place = code_cache.place()
print(json.dumps({
    "value": value, "hits": sum(twice.stats.cache_hits.values()),
    "folder": str(place.folder), "loss": place.loss, "kept": code_cache.is_kept(twice),
}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "laws.py").write_text(LAW)
    return tmp_path


def use(folder: Path, code: str = USE, **environment: str) -> tuple[dict[str, Any], str]:
    """What a new process finds, and what it says on standard error."""
    settings = {
        key: value
        for key, value in os.environ.items()
        if key not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "TMPDIR")
    }
    settings |= {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=settings | environment, capture_output=True, text=True,
        check=True, timeout=300, cwd=folder,
    )  # fmt: skip
    return json.loads(done.stdout), done.stderr


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".nbi", ".nbc")]


def test_code_is_kept_for_the_next_process(folder: Path) -> None:
    first, said = use(folder, XDG_CACHE_HOME=str(folder / "cache"))
    again, _ = use(folder, XDG_CACHE_HOME=str(folder / "cache"))
    assert (first["hits"], again["hits"]) == (0, 1)
    assert again["value"] == 42.0
    assert again["kept"]
    assert again["folder"].startswith(str(folder / "cache" / "ai-factory-twin" / "compiled"))
    assert not said


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["cut short", "empty", "a bit", "unreadable"])
def test_a_damaged_file_is_made_anew(folder: Path, ending: str, damage: str) -> None:
    use(folder, NUMBA_CACHE_DIR=str(folder / "cache"))
    (file,) = [path for path in files(folder) if path.suffix == ending]
    content = bytearray(file.read_bytes())
    if damage == "cut short":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "unreadable":
        file.unlink()
        file.mkdir()  # an error of reading that the superuser meets too
    else:
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    mended, _ = use(folder, NUMBA_CACHE_DIR=str(folder / "cache"))
    assert (mended["value"], mended["hits"]) == (42.0, 0)
    if damage != "unreadable":
        again, _ = use(folder, NUMBA_CACHE_DIR=str(folder / "cache"))
        assert (again["value"], again["hits"]) == (42.0, 1)


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "HOME"])
def test_where_nothing_can_be_written_a_private_folder_serves_and_is_said_once(
    folder: Path, variable: str
) -> None:
    found, said = use(folder, **{variable: "/proc/nowhere"})
    assert found["value"] == 42.0
    assert found["kept"]
    assert "/proc" in found["loss"]
    assert said.count("compiled code is not kept: /proc") == 1
    assert said.count("XDG_CACHE_HOME") == 1
    assert not Path(found["folder"]).exists()  # it goes with the process


def test_processes_that_are_started_share_the_private_folder_and_are_quiet(folder: Path) -> None:
    code = (
        "import sys, subprocess\nfrom laws import twice\ntwice(1.0)\n"
        f"print(subprocess.run([sys.executable, '-c', {USE!r}], check=True, "
        "capture_output=True, text=True).stdout)"
    )
    found, said = use(folder, code, XDG_CACHE_HOME="/proc/nowhere")
    assert found["hits"] == 1
    assert said.count("compiled code is not kept") == 1


def test_what_another_user_has_kept_is_used_though_nothing_can_be_added(folder: Path) -> None:
    use(folder, NUMBA_CACHE_DIR=str(folder / "cache"))
    code = "import os\nos.access = lambda *_: False\n" + USE
    found, said = use(folder, code, NUMBA_CACHE_DIR=str(folder / "cache"))
    assert found["hits"] == 1
    assert "cannot be written to" in found["loss"]
    assert not said  # nothing was compiled, so nothing is lost


def test_without_any_folder_it_is_compiled_for_the_process(folder: Path) -> None:
    code = (
        "import tempfile\n"
        "def nowhere(**_): raise PermissionError(13, 'Permission denied', '/tmp')\n"
        "tempfile.mkdtemp = nowhere\n" + USE
    )
    found, said = use(folder, code, XDG_CACHE_HOME="/proc/nowhere")
    assert (found["value"], found["folder"], found["kept"]) == (42.0, "None", False)
    assert said == ""  # numba keeps nothing, and twin.compiled.prepare says so


def test_a_full_disk_is_no_reason_to_fail(folder: Path) -> None:
    disk = folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]
    made = subprocess.run(command, capture_output=True, check=False) if os.geteuid() == 0 else None
    if made is None or made.returncode:
        pytest.skip("may not mount a small file system here")
    try:
        found, said = use(folder, XDG_CACHE_HOME=str(disk))
        assert found["value"] == 42.0
        assert "less than 64 MB are free there" in found["loss"]
        shutil.rmtree(disk / "ai-factory-twin")
        mark = code_cache.sources_mark()
        (disk / "ai-factory-twin" / "compiled" / mark / "earlier").mkdir(parents=True)
        (disk / "ballast").write_bytes(bytes(os.statvfs(disk).f_bavail * 4096))
        found, said = use(folder, XDG_CACHE_HOME=str(disk))
        assert found["value"] == 42.0
        assert said.count("No space left on device") == 1
        assert not list(disk.rglob("*.tmp.*"))
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(OSError, match="no home folder"):
        code_cache.user_cache()
