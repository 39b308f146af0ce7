"""The way of the heat, and arrows along pipes."""

from __future__ import annotations

import numpy as np
import pytest

from twin.sources import SimulationSource
from viewer.flow_arrows import FLOW_CHANNELS, FlowArrows
from viewer.heat_path import channels_of, line, values_of, way
from viewer.palette import THEMES
from viewer.scene_model import SceneModel, read_scene


@pytest.fixture(scope="module")
def raw() -> dict:
    source = SimulationSource("pilot", paused=True)
    try:
        return dict(source.scene)
    finally:
        source.close()


@pytest.fixture(scope="module")
def model(raw) -> SceneModel:
    return read_scene(raw)


def test_heat_of_a_liquid_cooled_accelerator_goes_through_its_own_cdu(model) -> None:
    for path, cdu in (("rack-01", 0), ("rack-08", 1)):
        level, gpu = model.find(f"/pilot/hall-a/row-01/{path}/tray-04/gpu-1")
        assert level == "gpu"
        stages, rows = way(model, gpu)
        assert rows["cdu"] == cdu
        assert [s.level for s in stages][-4:] == ["cdu", "plant", "cooler", "site"]
        assert model.path("plant", rows["plant"]) == "/pilot/warm"


def test_without_a_cdu_heat_goes_through_the_air(raw) -> None:
    links = raw["links"] | {"rack_cdu": [-1] * 8}
    model = read_scene(raw | {"links": links})
    stages, rows = way(model, 0)
    assert "crah" in rows
    assert "cdu" not in rows
    assert model.path("plant", rows["plant"]) == "/pilot/chilled"
    assert "row.hot_aisle_temperature" in channels_of(stages)


def test_a_recording_without_links_takes_a_cdu_of_the_row(raw) -> None:
    model = read_scene({k: v for k, v in raw.items() if k != "links"})
    stages, rows = way(model, 0)
    assert model.raw["levels"]["cdu"]["parent_index"][rows["cdu"]] == rows["row"]
    assert stages[0].temperature == "gpu.temperature"


def test_the_line_leads_from_the_die_to_above_the_cooler(model) -> None:
    _, rows = way(model, 100)
    points = line(model, rows)
    centre, _ = model.place("gpu", 100)
    np.testing.assert_allclose(points[0], centre)
    cooler, size = model.place("cooler", rows["cooler"])
    np.testing.assert_allclose(points[-1][:2], cooler[:2])
    assert points[-1][2] > cooler[2] + size[2] / 2 + 5
    cdu, _ = model.place("cdu", rows["cdu"])
    assert np.linalg.norm(points[:, :2] - cdu[:2], axis=1).min() < 0.5
    low, high = model.bounds
    assert (points[:, :2] >= low[:2] - 1).all()
    assert (points[:, :2] <= high[:2] + 1).all()


def test_values_are_those_of_the_elements_on_the_way(model) -> None:
    stages, rows = way(model, 100)
    values = {"gpu.temperature": np.arange(576.0), "gpu.power": np.full(576, np.nan)}
    assert values_of(stages[0], rows, values) == {"gpu.temperature": 100.0}


def test_arrows_run_only_where_water_flows(raw) -> None:
    arrows = FlowArrows.of_pipes(raw, THEMES["dark"])
    arrows.update({name: np.array([0.01, 0.0]) for name in FLOW_CHANNELS})
    for run in arrows.runs:
        places, ways = run.places()
        long = run.at[-1] > 3 * run.spacing
        if run.index == 1:
            assert not len(places)
        elif long:
            assert len(places) > 0
            assert np.allclose(np.linalg.norm(ways, axis=1), 1.0)


def test_arrows_go_the_way_of_the_water(raw) -> None:
    arrows = FlowArrows.of_pipes(raw, THEMES["dark"])
    arrows.update({name: np.array([0.01, 0.01]) for name in FLOW_CHANNELS})
    run = max(arrows.runs, key=lambda r: r.at[-1])
    before, ways = run.places()
    arrows.advance(0.1)
    after, _ = run.places()
    step = 0.1 * run.speed
    moved = before + step * ways
    # every arrow that has not reached a corner is found a step further on
    found = [np.linalg.norm(after - m, axis=1).min() < 1e-6 for m in moved]
    assert np.mean(found) > 0.7
