"""Compiling in a process of its own: told before the wait, done once, left out where useless."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from twin import compiled


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands of the processes that were started; a process leaves a filled cache."""
    started: list[list[str]] = []

    def run(command: list[str], **_: Any) -> None:
        started.append(command)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(compiled, "_ready", False)
    monkeypatch.setattr(compiled, "is_cached", lambda: bool(started))
    monkeypatch.setattr(compiled, "_can_be_kept", lambda: True)
    return started


def test_the_first_use_compiles_once_and_says_so(children: list[list[str]]) -> None:
    said: list[str] = []
    compiled.prepare(said.append)
    compiled.prepare(said.append)
    assert len(children) == 1
    assert said == [compiled.FIRST_RUN]


def test_nothing_is_started_when_all_is_there(
    children: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "is_cached", lambda: True)
    compiled.prepare(lambda _: pytest.fail("nothing to say"))
    assert not children


def test_where_nothing_can_be_kept_no_process_is_started(
    children: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "_can_be_kept", lambda: False)
    said: list[str] = []
    compiled.prepare(said.append)
    assert not children
    assert said == [compiled.FIRST_RUN]
