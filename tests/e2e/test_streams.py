"""Terminals of all kinds: other encodings, no terminal, streams that are closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assets.locations import LAYOUTS_FOLDER

TWIN = [sys.executable, "-m", "twin.cli.main"]
ASCII = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
TITLE = "서울 → 40 °C"


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    text = (LAYOUTS_FOLDER / "pilot.yaml").read_text(encoding="utf-8")
    assert "title: Pilot row" in text
    file = tmp_path / "파일.yaml"
    file.write_text(text.replace("title: Pilot row", f"title: {TITLE}"), encoding="utf-8")
    return file


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*TWIN, *map(str, arguments)], env=os.environ | environment, capture_output=True,
        check=False, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        (ASCII, b"\\uc11c\\uc6b8 -> 40 degC"),
        ({"PYTHONIOENCODING": "ascii"}, b"\\uc11c\\uc6b8 -> 40 degC"),
        ({"PYTHONIOENCODING": "latin-1", "TERM": "dumb"}, b"\\uc11c\\uc6b8 -> 40 \xb0C"),
        ({"PYTHONIOENCODING": "cp949", "COLUMNS": "0", "LINES": "0"}, TITLE.encode("cp949")),
        ({"COLUMNS": "40", "TERM": "unknown-terminal"}, TITLE.encode()),
    ],
)
def test_what_a_terminal_cannot_show_is_shown_otherwise(
    layout: Path, environment: dict[str, str], shown: bytes
) -> None:
    done = run("info", layout, **environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown in done.stdout
    assert b"contract power" in done.stdout


@pytest.mark.parametrize("environment", [ASCII, {"PYTHONIOENCODING": "ascii"}])
def test_files_and_messages_are_the_same_whatever_the_locale(
    layout: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    record = tmp_path / "기록.zarr"
    done = run("run", layout, "--for", "20s", "--record", record, "--json", **environment)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    scene = json.loads((record / "scene.json").read_text(encoding="utf-8"))
    assert scene["title"] == TITLE
    plain = json.loads(run("run", layout, "--for", "20s", "--json").stdout)
    assert figures["digest"] == plain["digest"]
    page = tmp_path / "쪽.html"
    done = run("report", record, "-o", page, "--no-pictures", **environment)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert TITLE in page.read_text(encoding="utf-8")
    done = run("info", tmp_path / "없다.yaml", **environment)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"\\uc5c6\\ub2e4" in done.stderr or b"\\udc" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_nothing_but_what_was_written_to_them(
    tmp_path: Path, closed: str
) -> None:
    record = tmp_path / "out.zarr"
    command = " ".join([*TWIN, "run", "pilot", "--for", "20s", "--record", str(record), closed])
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert (b"PUE" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))
    import twin

    assert twin.open_recording(record)["site"]["power"].size == 3
