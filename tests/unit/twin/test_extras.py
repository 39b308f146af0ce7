"""What is told where a library is missing: before the work, with a command that brings it."""

from __future__ import annotations

import json
import shlex
import sys
from importlib.metadata import Distribution, requires
from pathlib import Path
from typing import Any

import pytest

from twin import extras
from twin.extras import EXTRAS, MissingExtra, install_command, need

REQUIRES = [
    "numpy>=2.1",
    'pyvista>=0.45; extra == "viewer"',
    "vtk>=9.4; extra == 'viewer'",
    'usd-core>=25.5; extra == "usd"',
    'ai-factory-twin[usd]; extra == "simready"',
    'simready-validate>=2026.8; extra == "simready"',
]


class Installed(Distribution):
    """An installation with the files that an installer leaves."""

    def __init__(self, url: dict[str, Any] | None = None, installer: str = "pip"):
        self.files_there = {"INSTALLER": installer}
        if url is not None:
            self.files_there["direct_url.json"] = json.dumps(url)

    def read_text(self, filename: str) -> str | None:
        return self.files_there.get(filename)

    def locate_file(self, path: Any) -> Path:
        return Path(path)

    @property
    def requires(self) -> list[str]:
        return REQUIRES


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of its own with pip in it."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "some venv"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "some venv" / "bin" / "python"))
    monkeypatch.setattr(extras, "is_there", lambda module: module == "pip")
    (tmp_path / "some venv").mkdir()
    return tmp_path / "some venv"


def words(monkeypatch: pytest.MonkeyPatch, installed: Installed | None, extra: str) -> list[str]:
    monkeypatch.setattr(extras, "_distribution", lambda: installed)
    return shlex.split(install_command(extra))


def test_every_extra_of_the_project_is_known() -> None:
    declared = {
        line.partition("extra ==")[2].strip(" '\"")
        for line in requires("ai-factory-twin") or ()
        if "extra ==" in line
    }
    assert {extra.name for extra in EXTRAS} == declared - {"test", "lint"}


def test_the_command_fits_how_it_was_installed(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = [str(prefix / "bin" / "python"), "-m", "pip", "install"]
    folder, wheel = tmp_path / "a checkout", tmp_path / "twin-0.1.0-py3-none-any.whl"
    folder.mkdir()
    wheel.touch()
    checkout = {"url": folder.as_uri(), "dir_info": {"editable": True}}
    cases: list[tuple[Installed | None, list[str]]] = [
        (Installed(), ["ai-factory-twin[viewer]"]),
        (Installed(checkout), ["-e", f"{folder}[viewer]"]),
        (Installed({"url": folder.as_uri(), "dir_info": {}}), [f"{folder}[viewer]"]),
        (Installed({"url": wheel.as_uri(), "archive_info": {}}),
         [f"ai-factory-twin[viewer] @ {wheel.as_uri()}"]),
        (Installed({"url": "https://example.org/twin.whl", "archive_info": {}}),
         ["ai-factory-twin[viewer] @ https://example.org/twin.whl"]),
        (Installed({"url": "https://example.org/twin.git",
                    "vcs_info": {"vcs": "git", "commit_id": "abc"}}),
         ["ai-factory-twin[viewer] @ git+https://example.org/twin.git@abc"]),
        (None, ["-e", f"{Path(extras.__file__).parents[1]}[viewer]"]),
    ]  # fmt: skip
    for installed, expected in cases:
        assert words(monkeypatch, installed, "viewer") == pip + expected


def test_a_wheel_that_is_gone_is_replaced_by_what_the_extra_stands_for(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Installed({"url": "file:///nowhere/twin.whl", "archive_info": {}})
    assert words(monkeypatch, gone, "viewer")[-2:] == ["pyvista>=0.45", "vtk>=9.4"]
    assert words(monkeypatch, gone, "simready")[-2:] == [
        "usd-core>=25.5",
        "simready-validate>=2026.8",
    ]
    assert words(monkeypatch, gone, "")[-1] == "numpy>=2.1"


def test_tools_with_environments_of_their_own_get_their_own_command(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = prefix / "pipx_metadata.json"
    receipt.touch()
    assert words(monkeypatch, Installed(), "usd") == [
        "pipx", "runpip", "some venv", "install", "ai-factory-twin[usd]",
    ]  # fmt: skip
    receipt.unlink()
    (prefix / "uv-receipt.toml").touch()
    monkeypatch.setattr(extras, "is_there", lambda module: module in ("pxr", "PIL"))
    assert words(monkeypatch, Installed(installer="uv"), "mqtt") == [
        "uv", "tool", "install", "ai-factory-twin[mqtt,usd]",
    ]  # fmt: skip


def test_an_environment_without_pip(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "is_there", lambda _: False)
    monkeypatch.setattr(extras.shutil, "which", lambda _: None)
    python = sys.executable
    assert words(monkeypatch, Installed(installer="uv"), "usd") == [
        "uv", "pip", "install", "--python", python, "ai-factory-twin[usd]",
    ]  # fmt: skip
    assert words(monkeypatch, Installed(), "usd")[:3] == [python, "-m", "ensurepip"]


def test_one_line_says_what_is_missing_and_how_to_get_it(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "_distribution", Installed)
    with pytest.raises(MissingExtra) as refused:
        need("viewer", "vtkmodules", "PIL", what="twin render")
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(
        "twin render needs vtk and Pillow, which are not installed"
    )
    assert str(refused.value).endswith("-m pip install 'ai-factory-twin[viewer]'")


def test_what_there_is_no_version_of_is_not_offered(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    with pytest.raises(MissingExtra, match=r"Python 3\.11 only"):
        need("robots", "pybullet", what="twin seismic")


def test_what_is_there_is_not_asked_for() -> None:
    need("study", "json", what="anything")
