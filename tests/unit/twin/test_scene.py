"""The scene description: complete, consistent, and where the plant says things are."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from small_layout import HALL, ROW, SMALL, changed, plant_of

from assets.meshes import BUILDERS
from twin.layout import bundled_layouts
from twin.plant import Plant, load_plant
from twin.plant.levels import PARENTS
from twin.scene import info, scene

MIXED = changed(
    (
        f"{HALL}.rows",
        [
            {
                "id": "liquid",
                "racks": 4,
                "rack": "nvidia-gb300-nvl72",
                "cdu": {"product": "vertiv-xdu1350", "per_row": 2},
                "panels": {"product": "generic-panel-500", "per_row": 3},
            },
            {
                "id": "air",
                "racks": 3,
                "rack": "nvidia-dgx-h100-x4",
                "position": ["4 m", "9 m"],
                "panels": {"product": "generic-busway-1000", "per_row": 2},
            },
        ],
    ),
    ("sites.0.generators", {"product": "generic-diesel-generator-3000", "count": 1}),
    ("sites.0.battery", {"product": "generic-battery-5mw-10mwh", "count": 1}),
)


@pytest.fixture(scope="module", params=[*sorted(bundled_layouts()), "mixed"])
def plant(request: pytest.FixtureRequest) -> Plant:
    return plant_of(MIXED) if request.param == "mixed" else load_plant(request.param)


@pytest.fixture(scope="module")
def description(plant: Plant) -> dict[str, Any]:
    return scene(plant)


def test_it_is_plain_json(description: dict[str, Any]) -> None:
    assert json.loads(json.dumps(description)) == description
    assert description["schema"] == "twin.scene/1"
    assert (description["up"], description["units"]) == ("z", "m")


def test_levels_are_those_of_the_plant(plant: Plant, description: dict[str, Any]) -> None:
    assert set(description["levels"]) == set(PARENTS)
    for name, entry in description["levels"].items():
        assert entry["count"] == plant.levels[name].count
        assert entry["parent"] == PARENTS[name]
        if name == "gpu":
            assert set(entry) == {"count", "parent"}
        else:
            assert len(entry["names"]) == len(entry["parent_index"]) == entry["count"]
    assert description["rack_first_gpu"][-1] == plant.levels["gpu"].count


def test_every_machine_has_one_instance(description: dict[str, Any]) -> None:
    seen: dict[str, list[int]] = {}
    for entry in description["instances"]:
        assert len(entry["index"]) == len(entry["position"]) == len(entry["yaw"]) > 0
        assert entry["product"] in description["products"]
        seen.setdefault(entry["level"], []).extend(entry["index"])
    for level, indices in seen.items():
        assert len(indices) == len(set(indices))
        if level != "panel":  # busways have no footprint
            assert sorted(indices) == list(range(description["levels"][level]["count"]))
    without = {name for name in PARENTS if description["levels"][name]["count"]} - set(seen)
    assert without <= {"site", "plant", "hall", "row", "gpu", "panel"}


def test_every_panel_has_a_run_over_its_row(description: dict[str, Any]) -> None:
    assert [run["index"] for run in description["busways"]] == list(
        range(description["levels"]["panel"]["count"])
    )


def test_products_have_meshes_and_sizes(description: dict[str, Any]) -> None:
    for product in description["products"].values():
        assert product["mesh"] in BUILDERS
        assert len(product["size"]) == 3
        assert min(product["size"]) > 0.0


def test_racks_tell_their_slots(plant: Plant, description: dict[str, Any]) -> None:
    first = np.array(description["rack_first_gpu"])
    for entry in description["instances"]:
        if entry["level"] != "rack":
            continue
        product = description["products"][entry["product"]]
        slots = product["slots"]
        assert {
            "tray_order",
            "pitch",
            "first_height",
            "accelerators_per_tray",
            "stacks",
            "cooling",
            "compute_units",
        } <= set(product["parameters"])
        for index in entry["index"]:
            assert first[index + 1] - first[index] == len(slots)
        rack = entry["index"][-1]
        path = f"{plant.levels.path('rack', rack)}/{slots[-1]['name']}"
        assert plant.levels.find(path) == ("gpu", first[rack + 1] - 1)


def test_paths_of_pipes_and_busways_are_those_of_their_elements(
    plant: Plant, description: dict[str, Any]
) -> None:
    services = set()
    for part in [*description["pipes"], *description["busways"]]:
        assert plant.levels.find(part["path"]) == (part["level"], part["index"])
        assert len(part["points"]) >= 2
        services.add(part.get("service", ""))
    assert {"fws-supply", "fws-return"} <= services
    if description["levels"]["cdu"]["count"]:
        assert {"tcs-supply", "tcs-return"} <= services


def test_pipes_start_and_end_where_they_should(plant: Plant, description: dict[str, Any]) -> None:
    cdus = plant.positions("cdu")
    for pipe in description["pipes"]:
        if pipe["service"].startswith("tcs"):
            supply = pipe["service"].endswith("supply")
            x, y, _ = pipe["points"][0 if supply else -1]  # water leaves there, or comes back
            assert np.hypot(x - cdus[pipe["index"], 0], y - cdus[pipe["index"], 1]) < 1.0
            served = np.flatnonzero(plant.constants.rack.cdu == pipe["index"])
            xs = sorted((pipe["points"][0][0], pipe["points"][-1][0]))
            racks = plant.positions("rack")[served, 0]
            assert xs[0] - 1e-3 <= racks.min()
            assert racks.max() <= xs[1] + 1e-3


def test_points_of_pipes_follow_the_water(plant: Plant, description: dict[str, Any]) -> None:
    """Facility water goes from the coolers to the CDUs on supplies, and back on returns."""
    cdus = plant.positions("cdu")
    coolers = plant.positions("cooler")
    for pipe in description["pipes"]:
        if not pipe["service"].startswith("fws"):
            continue
        ends = np.array([pipe["points"][0], pipe["points"][-1]])[:, :2]
        supply = pipe["service"].endswith("supply")
        if pipe["level"] == "cdu":
            away = np.hypot(*(ends - cdus[pipe["index"], :2]).T)
            assert (away[0] > away[1]) == supply
        else:
            halls = [s for s in description["structures"] if s["kind"] == "hall"]
            middle = np.mean([np.add(s["position"], np.array(s["size"]) / 2)[:2] for s in halls], 0)
            own = np.flatnonzero(plant.levels["cooler"].parent_index == pipe["index"])
            if not own.size or len(halls) > 1:
                continue
            yard = coolers[own, :2].mean(axis=0)
            cold = np.hypot(*(ends - yard).T) - np.hypot(*(ends - middle).T)
            assert (cold[0] < cold[1]) == supply


def test_links_tell_what_carries_the_heat_away(plant: Plant, description: dict[str, Any]) -> None:
    links = description["links"]
    assert links["rack_cdu"] == plant.constants.rack.cdu.tolist()
    assert len(links["hall_plant"]) == len(links["hall_air_plant"]) == plant.levels["hall"].count
    assert set(links["hall_plant"]) <= set(range(plant.levels["plant"].count))


def test_everything_lies_within_the_bounds(description: dict[str, Any]) -> None:
    low, high = np.array(description["bounds"])
    points = [p for entry in description["instances"] for p in entry["position"]]
    points += [p for part in description["pipes"] for p in part["points"]]
    assert (np.array(points) >= low).all()
    assert (np.array(points) <= high).all()


def test_machines_of_a_hall_stand_in_it(plant: Plant, description: dict[str, Any]) -> None:
    halls = {s["index"]: s for s in description["structures"] if s["kind"] == "hall"}
    assert len(halls) == plant.levels["hall"].count
    row_hall = plant.levels["row"].parent_index
    for level in ("rack", "cdu"):
        owners = row_hall[plant.levels[level].parent_index]
        for position, hall in zip(plant.positions(level), owners, strict=True):
            corner, size = np.array(halls[hall]["position"]), np.array(halls[hall]["size"])
            assert (position[:2] > corner[:2]).all()
            assert (position[:2] < (corner + size)[:2]).all()


def test_channels_follow_the_contract(description: dict[str, Any]) -> None:
    for channel in description["channels"]:
        assert {
            "name",
            "level",
            "title",
            "unit",
            "resolution",
            "low",
            "high",
            "warning",
            "limit",
            "colormap",
            "description",
        } <= set(channel)
        assert channel["level"] in description["levels"]


def test_info_adds_up(plant: Plant) -> None:
    facts = info(plant)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["gpus"] == sum(site["gpus"] for site in facts["sites"])
    assert facts["racks"] == sum(site["racks"] for site in facts["sites"])
    assert facts["rated_it_power_w"] == pytest.approx(
        sum(site["rated_it_power_w"] for site in facts["sites"])
    )
    assert facts["design_power_w"] == pytest.approx(
        sum(site["design_power_w"] for site in facts["sites"])
    )
    assert 1.0 < facts["design_pue"] < 1.5
    assert facts["counts"]["gpu"] == facts["gpus"]


def test_korea_is_near_the_published_power_per_gpu() -> None:
    facts = info(load_plant("korea-260k"))
    assert facts["design_power_per_gpu_w"] == pytest.approx(3640.0, rel=0.05)


def test_alternate_rows_face_each_other() -> None:
    yaws = plant_of(SMALL).yaws("rack")
    assert yaws.tolist() == [0.0] * 4 + [180.0] * 4
    assert plant_of(changed((f"{ROW}.facing", "front"))).yaws("rack").tolist() == [0.0] * 8
