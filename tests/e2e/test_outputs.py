"""Every command that writes, when the disk refuses: one message, and the older good file stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STUDY = """\
schema: twin.study/1
layout: pilot
solve: steady
vary:
  kind: {scenario: weather.kind, values: [constant]}
  dry_bulb: {scenario: weather.dry_bulb, values: [28 degC, 30 degC]}
  wet_bulb: {scenario: weather.wet_bulb, values: [18 degC]}
results: {pue: last(site.pue)}
minimise: [pue]
search: {evaluations: 2, population: 2}
"""
CASE = """\
schema: twin.case/1
layout: pilot
scenario: short.yaml
expect: [max(gpu.temperature) < 99 degC]
golden: {every: 60 s}
"""
SHORT = "schema: twin.scenario/1\nname: short\nlayout: pilot\nduration: 1 min\n"
PREPARE = [
    ["run", "pilot", "--for", "1min", "--record", "run.zarr"],
    ["export", "pilot", "-o", "stage.usda"],
    ["sweep", "study.yaml", "-o", "found", "--workers", "1"],
]
VIDEO = ["--seconds", "0.5", "--size", "160x120"]
COMMANDS = [
    ("run.png", ["run", "pilot", "--for", "10s", "--plot", "out/run.png"]),
    ("report.html", ["report", "run.zarr", "-o", "out/report.html", "--no-pictures"]),
    ("compare.html", ["compare", "run.zarr", "run.zarr", "-o", "out/compare.html",
                      "--no-pictures"]),
    ("phases.svg", ["phases", "korea-260k", "--plot", "out/phases.svg"]),
    ("phases.html", ["phases", "korea-260k", "-o", "out/phases.html"]),
    ("lines.svg", ["one-line", "pilot", "--svg", "out/lines.svg"]),
    ("site.usd", ["export", "pilot", "-o", "out/site.usd"]),
    ("site.usda", ["export", "pilot", "-o", "out/site.usda"]),
    ("site.usdz", ["export", "pilot", "-o", "out/site.usdz"]),
    ("site.glb", ["export", "pilot", "-o", "out/site.glb"]),
    ("site.stl", ["export", "pilot", "-o", "out/site.stl"]),
    ("assets", ["simready", "-o", "out/assets", "--product", "vertiv-xdu1350"]),
    ("layout.yaml", ["import", "stage.usda", "-o", "out/layout.yaml"]),
    ("picture.png", ["render", "run.zarr", "-o", "out/picture.png", "--size", "160x120"]),
    ("video.mp4", ["render", "run.zarr", "--video", "out/video.mp4", *VIDEO]),
    ("video.gif", ["render", "run.zarr", "--video", "out/video.gif", *VIDEO]),
    ("pareto.svg", ["optimise", "study.yaml", "-o", "found-best", "--workers", "1", "--plot",
                    "out/pareto.svg"]),
    ("robot", ["robot", "pilot", "--task", "reach", "-o", "out/robot"]),
    ("swing.png", ["transient", "pilot", "--seconds", "5s", "--plot", "out/swing.png"]),
    ("case", ["new-test", "pilot", "--to", "out/case"]),
    ("report.xml", ["test", "case", "--junit", "out/report.xml"]),
    ("report.json", ["test", "case", "--json", "out/report.json"]),
]  # fmt: skip
"""What is written and the command; not there yet: folders."""
FOLDERS = {"assets", "robot", "case"}
RUN = """\
import contextlib, io, json, resource, signal, sys
from twin.cli.main import main

prepare, commands, limit = json.loads(sys.argv[1])


def run(arguments):
    sys.argv = ["twin", *arguments]
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            main()
        except SystemExit as end:
            return end.code, error.getvalue()


if __name__ == "__main__":
    for arguments in prepare:
        assert run(arguments)[0] == 0, arguments
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for name, arguments in commands:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            code, error = run(arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        print(json.dumps([name, code, error]), flush=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands need and older good files in ``out``."""
    made = tmp_path_factory.mktemp("outputs")
    (made / "study.yaml").write_text(STUDY)
    (made / "case").mkdir()
    (made / "case" / "case.yaml").write_text(CASE)
    (made / "case" / "short.yaml").write_text(SHORT)
    (made / "out").mkdir()
    for name, _ in COMMANDS:
        if name not in FOLDERS:
            (made / "out" / name).write_text(f"good {name}")
    return made


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[str, tuple[int, str]]:
    """Exit code and standard error of every command while files may have 100 bytes only."""
    (folder / "all.py").write_text(RUN)
    done = subprocess.run(
        [sys.executable, "all.py", json.dumps([PREPARE, COMMANDS, 100])],
        cwd=folder, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    lines: list[Any] = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "["]
    return {name: (code, error) for name, code, error in lines}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _ in COMMANDS])
def test_a_disk_that_refuses_is_one_message_and_nothing_is_lost(
    folder: Path, answers: dict[str, tuple[int, str]], name: str
) -> None:
    code, error = answers[name]
    assert code == 2, error
    (said,) = [line for line in error.splitlines() if line.startswith("twin: ")]
    place = "found-best/journal.jsonl" if name == "pareto.svg" else f"out/{name}"
    assert place in said.replace("site_files", name)
    assert "File too large" in said
    assert "Traceback" not in error
    out = {f.name: f.read_text() for f in (folder / "out").iterdir()}
    assert out == {n: f"good {n}" for n, _ in COMMANDS if n not in FOLDERS}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "run.zarr", "-o", "none/r.html"], "its folder does not exist"),
        (["phases", "pilot", "-o", "folder.html"], "is a folder"),
        (["one-line", "pilot", "--svg", "n" * 300 + ".svg"], "File name too long"),
        (["export", "pilot", "-o", "none/x.glb"], "its folder does not exist"),
        (["import", "x.usd", "-o", "folder.html"], "is a folder"),
        (["render", "pilot", "-o", "none/x.png"], "its folder does not exist"),
        (["render", "pilot", "--video", "none/x.mp4"], "its folder does not exist"),
        (["run", "pilot", "--plot", "none/x.png"], "its folder does not exist"),
        (["test", "pilot", "--json", "folder.html"], "is a folder"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], said: str,
) -> None:  # fmt: skip
    from twin.cli.main import main

    (tmp_path / "folder.html").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["twin", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert f"cannot be written: {said}" in told
    assert "key: --" in told


@pytest.mark.parametrize("arguments", [["info", "pilot"], ["schema", "layout"]])
def test_a_full_standard_output_is_one_message(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "twin.cli.main", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "twin: standard output: No space left on device\n"
