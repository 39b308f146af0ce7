"""Every command without the libraries it needs: one line, before the work, and what brings them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from twin.extras import EXTRAS

STUDY = """
schema: twin.study/1
layout: pilot
solve: steady
vary:
  load: {control: utilisation, path: /pilot/hall-a/row-01, values: [60 %, 100 %]}
results:
  pue: last(site.pue)
maximise: [pue]
"""
CASE = """
schema: twin.case/1
layout: pilot
scenario: short.yaml
expect:
  - max(site.pue) < 2
"""

MANY = """
import contextlib, importlib.abc, io, json, os, shlex, sys

class Refuses(importlib.abc.MetaPathFinder):
    refused = ()

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuses())
from twin.cli.main import main

results = []
for arguments, refused in json.load(sys.stdin):
    Refuses.refused = refused
    sys.argv = ["twin", *shlex.split(arguments)]
    out, err, before = io.StringIO(), io.StringIO(), set(os.listdir())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
    left = sorted(set(os.listdir()) - before)
    results.append([code, out.getvalue(), err.getvalue(), left])
print(json.dumps(results))
"""
"""Runs commands one after the other in one process, some libraries refused, and tells all."""

ALL = sorted({name.partition(".")[0] for extra in EXTRAS for name in extra.modules})

COMMANDS = [
    ("viewer", "view pilot"),
    ("viewer", "render pilot -o picture.png"),
    ("viewer", "render pilot --video out.mp4"),
    ("study", "run pilot --for 100h --plot out.png"),
    ("study", "transient pilot --plot out.png"),
    ("study", "report missing.zarr"),
    ("study", "compare pilot pilot-storage --for 100h -o page.html"),
    ("study", "phases korea-260k --plot out.svg"),
    ("study", "phases korea-260k -o page.html"),
    ("study", "sweep study.yaml"),
    ("study", "optimise study.yaml"),
    ("cluster", "sweep study.yaml --dask tcp://127.0.0.1:1"),
    ("cluster", "optimise study.yaml --dask tcp://127.0.0.1:1"),
    ("usd", "export pilot -o out.usda"),
    ("usd", "export pilot -o out.usdz"),
    ("usd", "import stage.usda -o layout.yaml"),
    ("usd", "import stage.usda --like vertiv-xdu1350 -o product.yaml"),
    ("usd", "simready -o assets"),
    ("simready", "simready -o assets --validate"),
    ("robots", "seismic pilot"),
    ("robots", "robot pilot"),
    ("robots", "robot pilot -o round"),
    ("mqtt", "serve pilot --port 0 --mqtt mqtt://127.0.0.1"),
]
KEPT = {
    "cluster": ["matplotlib", "pyarrow", "duckdb", "pymoo"],
    "simready": ["pxr", "PIL"],
}
"""Libraries that are there all the same, so that it is the other extra that is missed."""


PLAIN = [
    "--help",
    "view --help",
    "info pilot",
    "check pilot",
    "run pilot --for 10s --record out.zarr",
    "export pilot -o out.glb",
    "phases korea-260k",
    "one-line pilot --svg out.svg",
    "compare pilot pilot-storage --for 10s",
    "test case.yaml --html page.html --workers 1",
    "doctor --port 0",
]
"""Commands that need no extra."""

Result = tuple[int, str, str, list[str]]


def run(folder: Path, commands: list[tuple[str, list[str]]]) -> list[Result]:
    """Exit status, output, errors and new files of every command."""
    (folder / "study.yaml").write_text(STUDY)
    (folder / "case.yaml").write_text(CASE)
    (folder / "short.yaml").write_text("schema: twin.scenario/1\nname: short\nduration: 10 s\n")
    (folder / "stage.usda").write_text("#usda 1.0\n")
    done = subprocess.run(
        [sys.executable, "-c", MANY], input=json.dumps(commands), cwd=folder, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True, check=True, timeout=600,
    )  # fmt: skip
    return [tuple(result) for result in json.loads(done.stdout.splitlines()[-1])]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    asked = [
        (arguments, [name for name in ALL if name not in KEPT.get(extra, [])])
        for extra, arguments in COMMANDS
    ]
    return run(tmp_path_factory.mktemp("refused"), asked)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    results = run(tmp_path_factory.mktemp("bare"), [(words, ALL) for words in PLAIN])
    return dict(zip(PLAIN, results, strict=True))


@pytest.mark.parametrize("number", range(len(COMMANDS)), ids=[words for _, words in COMMANDS])
def test_a_command_without_its_libraries_says_so_first(refusals: list[Result], number: int) -> None:
    extra, _ = COMMANDS[number]
    code, out, error, left = refusals[number]
    assert code == 2, error
    assert error.count("\n") == 1, error
    assert re.search(rf"needs .* not installed\. To install: \S+ .*\[{extra}\]", error), error
    assert out == ""
    assert left == []


@pytest.mark.parametrize("arguments", PLAIN)
def test_what_needs_no_extra_works_without_any(bare: dict[str, Result], arguments: str) -> None:
    code, out, error, _ = bare[arguments]
    assert "Traceback" not in error
    assert code == (1 if arguments.startswith("check") and "no findings" not in out else 0), error


def test_the_doctor_names_every_extra_and_what_brings_it(
    bare: dict[str, Result], tmp_path: Path
) -> None:
    (full,) = run(tmp_path, [("doctor --port 0", [])])
    for extra in EXTRAS:
        assert f"extra {extra.name} is not installed: {extra.purpose}" in bare["doctor --port 0"][1]
        assert f"[{extra.name}]" in bare["doctor --port 0"][1]
        if extra.name != "gpu":
            assert f"ok    extra {extra.name}: {extra.purpose}" in full[1]
    for words in ("threads compute", "may open", "port 0", "compiled"):
        assert words in full[1]


def test_a_page_of_tests_says_that_it_has_no_plots(bare: dict[str, Result]) -> None:
    _, _, error, left = bare["test case.yaml --html page.html --workers 1"]
    assert "the page will have no plots" in error
    assert left == ["page.html"]
