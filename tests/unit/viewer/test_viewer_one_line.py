"""The power one-line: who feeds whom, and what its colours say."""

from __future__ import annotations

import numpy as np
import pytest
import scenes

from twin.sources import SimulationSource
from viewer.one_line import LOADS, OneLine, feeders
from viewer.palette import THEMES
from viewer.scene_model import SceneModel, read_scene


@pytest.fixture(scope="module")
def model() -> SceneModel:
    source = SimulationSource("pilot", paused=True)
    try:
        return read_scene(source.scene)
    finally:
        source.close()


def test_every_electrical_element_is_fed_once(model) -> None:
    found = [(f.level, f.index) for f in feeders(model)]
    assert len(found) == len(set(found))
    for level in ("hall_transformer", "plant_transformer", "ups", "panel", "generator"):
        assert [k for name, k in found if name == level] == list(range(model.count(level)))


def test_lines_end_at_their_elements_and_begin_at_what_feeds_them(model) -> None:
    for feeder in feeders(model):
        centre, _ = model.place(feeder.level, feeder.index)
        end = feeder.points[0 if feeder.level in ("generator", "battery") else -1]
        np.testing.assert_allclose(end[:2], centre[:2], atol=1e-6)
        steps = np.abs(np.diff(feeder.points, axis=0))
        assert ((steps > 1e-9).sum(axis=1) == 1).all()  # along one axis at a time
        if feeder.level == "panel":
            ups = [model.place("ups", k)[0] for k in range(model.count("ups"))]
            assert min(np.linalg.norm(feeder.points[0][:2] - u[:2]) for u in ups) < 1e-6


def test_colours_tell_what_stands_what_runs_and_what_is_overloaded(model) -> None:
    line = OneLine(model, THEMES["dark"])
    line.show(True)
    values = {name: np.full(8, 0.5) for name in LOADS}
    values["ups.load"] = np.array([0.0, 1.3])
    line.update(values)
    state = {(f.level, f.index): s for f, s in zip(line.feeders, line.states, strict=True)}
    assert state["ups", 0] == -1
    assert state["ups", 1] == 2
    assert state["panel", 0] == 0
    speeds = {(r.channel, r.index): r.speed for r in line.arrows.runs}
    assert speeds["ups.load", 0] == 0.0
    assert speeds["panel.load", 1] > 0
    assert any(words.startswith("ups-02  130") for words, _ in line.signs)
    colours = line.data.GetCellData().GetScalars()
    assert colours.GetNumberOfTuples() == 6 * len(line.owners)


def test_scenes_without_electrics_have_no_lines() -> None:
    raw = scenes.hall_scene()
    line = OneLine(read_scene(raw), THEMES["dark"])
    line.show(True)
    line.update({})
    assert len(line.states) == len(line.feeders)
