"""Optimisation: the best point within limits is found, and what no point can meet is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.errors import InputError
from twin.study.executors import InProcess
from twin.study.optimise import Best, optimise, save_pareto_plot
from twin.study.results import Results
from twin.study.sweep import Prepared, prepare

pytest.importorskip("pymoo")
pytest.importorskip("pyarrow")

STUDY = """\
schema: twin.study/1
layout: pilot
solve: steady
vary:
  coolant: {control: supply_setpoint, path: /pilot/hall-a/row-01, range: [36 degC, 46 degC]}
  cap: {control: power_cap, path: /pilot/hall-a/row-01, range: [800 W, 1400 W]}
results:
  hottest: max(gpu.temperature)
  tokens: last(site.tokens_per_second)
  power: last(site.power)
limits: [hottest < 72 degC]
maximise: [tokens]
search: {evaluations: 400, population: 20, seed: 1}
"""


def search(folder: Path, text: str) -> tuple[Prepared, Best]:
    (folder / "study.yaml").write_text(text)
    prepared = prepare(folder / "study.yaml")
    with Results(folder / "out", prepared.digest, fresh=True) as results:
        return prepared, optimise(prepared, results, InProcess())


def test_the_best_point_lies_at_the_limit(tmp_path: Path) -> None:
    """More power makes more tokens and more heat; the search goes to where heat stops it."""
    _, best = search(tmp_path, STUDY)
    (row,) = best.front
    print(f"best: {row['tokens']:.4g} token/s at {row['hottest']:.2f} degC, cap {row['cap']:.0f} W")
    assert 71.0 < row["hottest"] < 72.0
    assert all(row["tokens"] >= other["tokens"] for other in best.everything)
    # colder coolant allows more, so that the best is near the cold end
    assert row["coolant"] < 39.0
    assert row["tokens"] > 0.98 * max(r["tokens"] for r in best.everything)


def test_a_front_holds_what_nothing_beats(tmp_path: Path) -> None:
    text = STUDY.replace("maximise: [tokens]", "maximise: [tokens]\nminimise: [power]")
    prepared, best = search(tmp_path, text)
    assert len(best.front) > 3
    for row in best.front:
        assert not any(
            other["power"] <= row["power"]
            and other["tokens"] >= row["tokens"]
            and (other["power"] < row["power"] or other["tokens"] > row["tokens"])
            for other in best.everything
        )
    save_pareto_plot(prepared, best, tmp_path / "p.svg")
    assert "<svg" in (tmp_path / "p.svg").read_text()


def test_the_same_seed_searches_the_same_way(tmp_path: Path) -> None:
    few = STUDY.replace("evaluations: 400", "evaluations: 40")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert search(tmp_path / "a", few)[1].front == search(tmp_path / "b", few)[1].front


def test_limits_that_nothing_meets_are_told_with_how_close_it_came(tmp_path: Path) -> None:
    few = STUDY.replace("evaluations: 400", "evaluations: 20").replace("72 degC", "20 degC")
    _, best = search(tmp_path, few)
    assert best.front == []
    assert best.closest
    assert "hottest < 20 degC: closest found" in best.closest[0]


def test_nothing_to_optimise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is to be optimised"):
        search(tmp_path, STUDY.partition("maximise: [tokens]\n")[0])
    with pytest.raises(InputError, match="search has no effect without minimise or maximise"):
        search(tmp_path, STUDY.replace("maximise: [tokens]\n", ""))
