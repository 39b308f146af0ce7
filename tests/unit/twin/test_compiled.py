"""Compiling in a process of its own: told before the wait, done once, left out where useless."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from physics import code_cache
from twin import compiled

KEPT = code_cache.Place(Path("/kept"))
PRIVATE = code_cache.Place(Path("/private"), "/kept: No space left on device")


class Machine:
    """A machine whose compiling processes leave a filled cache, or do not."""

    def __init__(self, place: code_cache.Place, fills: bool = True, said: str = ""):
        self.place, self.fills, self.said = place, fills, said
        self.filled: set[Path | None] = set()
        self.started: list[list[str]] = []
        self.told: list[str] = []

    def run(self, command: list[str], **_: Any) -> SimpleNamespace:
        self.started.append(command)
        if self.fills or self.place.loss:
            self.filled.add(self.place.folder)
        return SimpleNamespace(returncode=0, stdout=self.said.encode(), stderr=b"")

    def leave(self, reason: str) -> None:
        assert reason == self.said
        self.place = PRIVATE


def use(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(subprocess, "run", machine.run)
    monkeypatch.setattr(compiled, "_ready", False)
    monkeypatch.setattr(compiled, "is_cached", lambda: machine.place.folder in machine.filled)
    monkeypatch.setattr(compiled, "tell", machine.told.append)
    monkeypatch.setattr(code_cache, "place", lambda: machine.place)
    monkeypatch.setattr(code_cache, "leave", machine.leave)
    monkeypatch.setattr(code_cache, "_lost", "")
    return machine


def test_the_first_use_compiles_once_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = use(Machine(KEPT), monkeypatch)
    compiled.prepare()
    compiled.prepare()
    assert len(machine.started) == 1
    assert machine.told == [compiled.FIRST_RUN]


def test_nothing_is_started_when_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = use(Machine(KEPT), monkeypatch)
    machine.filled.add(KEPT.folder)
    compiled.prepare()
    assert not machine.started
    assert not machine.told


def test_where_code_is_not_kept_it_is_compiled_apart_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = use(Machine(PRIVATE), monkeypatch)
    with caplog.at_level(logging.WARNING, "physics"):
        compiled.prepare()
    assert len(machine.started) == 1
    assert not machine.told  # "later runs start at once" would be wrong
    assert [record.getMessage() for record in caplog.records] == [
        "compiled code is not kept: /kept: No space left on device; every command compiles anew "
        "what it needs, which may take a minute. To keep it, set XDG_CACHE_HOME to a folder that "
        "can be written to"
    ]


def test_a_cache_that_cannot_be_filled_is_left_for_a_private_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = use(Machine(KEPT, fills=False, said=PRIVATE.loss), monkeypatch)
    compiled.prepare()
    assert len(machine.started) == 2
    assert machine.filled == {PRIVATE.folder}
    assert "No space left on device" in caplog.text


def test_without_any_folder_no_process_is_started(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = use(Machine(code_cache.Place(None, "/tmp: Read-only file system")), monkeypatch)
    compiled.prepare()
    assert not machine.started
    assert "Read-only file system" in caplog.text
