"""``twin bench``: the table of figures."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from twin import bench
from twin.cli.commands import app


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "COPIED", 2**20)
    monkeypatch.setattr(bench, "SETTLING", 5.0)


@pytest.mark.usefixtures("quick")
def test_figures_of_a_layout_are_printed_and_given_as_json() -> None:
    result = CliRunner().invoke(app, ["bench", "pilot", "--json"])
    assert result.exit_code == 0
    figures = {figure["name"]: figure for figure in json.loads(result.stdout)}
    assert figures["Cores"]["value"] >= 1
    assert figures["pilot: one step"]["value"] > 0
    assert figures["pilot: real time factor"]["value"] == pytest.approx(
        1e6 / figures["pilot: one step"]["value"]
    )
    table = CliRunner().invoke(app, ["bench", "pilot"])
    assert table.exit_code == 0
    assert "Memory bandwidth" in table.stdout
    assert "pilot: one recorded frame" in table.stdout


def test_median_ignores_one_slow_repetition() -> None:
    import time

    delays = iter([0.0, 0.0, 0.05, 0.0, 0.0, 0.0])
    assert bench.median_time(lambda: time.sleep(next(delays))) < 0.04
