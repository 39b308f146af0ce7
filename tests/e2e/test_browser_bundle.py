"""The committed bundle of the browser client is what its sources and the shared tables make."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from viewer.export_web import SHARED, WEB, as_text

DIST = WEB / "dist"
LARGEST = 1_000_000  # bytes compressed
OUTSIDE = ("index.html", "package-lock.json", "package.json", "tsconfig.json", "vite.config.js")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def source_digest() -> str:
    """As vite.config.js computes it: names and digests of all sources, sorted by name."""
    names = sorted(p.relative_to(WEB).as_posix() for p in (WEB / "src").rglob("*") if p.is_file())
    whole = hashlib.sha256()
    for name in [*names, *OUTSIDE]:
        whole.update(f"{name}\n{digest((WEB / name).read_bytes())}\n".encode())
    return whole.hexdigest()


def built() -> dict:
    return json.loads((DIST / "build.json").read_text())


def test_the_bundle_was_built_from_these_sources() -> None:
    assert built()["source"] == source_digest(), "run: npm --prefix viewer/web run build"


def test_every_built_file_is_as_the_build_left_it() -> None:
    files = {
        path.relative_to(DIST).as_posix(): digest(path.read_bytes())
        for path in DIST.rglob("*")
        if path.is_file() and path.name != "build.json"
    }
    assert files == built()["files"]


def test_the_shared_tables_are_those_of_the_desktop_viewer() -> None:
    assert SHARED.read_text(encoding="utf-8") == as_text(), "run: python -m viewer.export_web"


def test_the_bundle_is_small_and_complete() -> None:
    page = (DIST / "index.html").read_text()
    names = [p for p in DIST.rglob("*") if p.suffix in (".js", ".css", ".html")]
    size = sum(len(gzip.compress(path.read_bytes())) for path in names)
    assert size < LARGEST, f"{size} bytes compressed"
    for path in names:
        text = path.read_text(encoding="utf-8")
        assert "https://cdn" not in text
        assert "//unpkg" not in text
    for name in (path.name for path in DIST.glob("assets/index-*")):
        assert f"assets/{name}" in page


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert lock["packages"]
    assert not [name for name, row in lock["packages"].items() if "resolved" in row]


def test_licences_of_what_is_bundled_are_there() -> None:
    text = (DIST / "licences.txt").read_text()
    for name in json.loads((WEB / "package.json").read_text())["dependencies"]:
        assert f"{name}\n" in text


@pytest.mark.skipif(
    shutil.which("npm") is None or not (WEB / "node_modules").is_dir(),
    reason="needs node and installed packages",
)
def test_building_again_gives_the_same_bundle(tmp_path: Path) -> None:
    copy = tmp_path / "web"
    shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (copy / "node_modules").symlink_to(WEB / "node_modules")
    done = subprocess.run(
        ["npm", "run", "--silent", "build"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"CI": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((copy / "dist" / "build.json").read_text()) == built()


@pytest.mark.skipif(
    shutil.which("npm") is None or not (WEB / "node_modules" / "vitest").is_dir(),
    reason="needs node and installed packages",
)
def test_the_page_s_own_tests_pass() -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", "test"],
        cwd=WEB,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"CI": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
