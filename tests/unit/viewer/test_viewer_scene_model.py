"""The scene description as arrays: paths, places, refusals."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import scenes

from twin.errors import InputError
from viewer.scene_model import read_scene


@pytest.fixture(scope="module")
def pilot():
    return read_scene(scenes.pilot_scene())


def test_counts(pilot) -> None:
    assert pilot.count("rack") == 8
    assert pilot.count("gpu") == 576
    assert pilot.count("unicorn") == 0


def test_paths_lead_there_and_back(pilot) -> None:
    for level in ("site", "hall", "row", "cdu", "crah", "rack", "cooler", "panel"):
        for index in range(pilot.count(level)):
            assert pilot.find(pilot.path(level, index)) == (level, index)
    for gpu in (0, 71, 72, 300, 575):
        path = pilot.path("gpu", gpu)
        assert pilot.find(path) == ("gpu", gpu)
    assert pilot.path("gpu", 75) == "/pilot/hall-a/row-01/rack-02/tray-01/gpu-4"


@pytest.mark.parametrize(
    "path", ["/pilot/hall-z", "/nowhere", "", "/pilot/hall-a/row-01/rack-02/tray-99/gpu-1"]
)
def test_wrong_paths_are_refused(pilot, path: str) -> None:
    with pytest.raises(InputError):
        pilot.find(path)


def test_a_turned_unit_lies_where_it_stands(pilot) -> None:
    centre, size = pilot.place("crah", 0)  # yaw 90: its 2.2 m lie along y
    assert size == pytest.approx([0.95, 2.2, 2.4], abs=1e-6)
    assert centre == pytest.approx([0.8, 2.4, 1.2], abs=1e-6)


def test_an_accelerator_lies_in_its_rack(pilot) -> None:
    for gpu in (0, 100, 575):
        rack, slot = pilot.rack_of_gpu(gpu)
        assert gpu == 72 * rack + slot
        inner, _ = pilot.place("gpu", gpu)
        centre, size = pilot.place("rack", rack)
        assert np.all(np.abs(inner - centre) < size / 2)


def test_a_container_is_as_large_as_its_contents(pilot) -> None:
    centre, size = pilot.place("row", 0)
    for rack in range(8):
        inner, extent = pilot.place("rack", rack)
        assert np.all(inner - extent / 2 >= centre - size / 2 - 1e-6)
        assert np.all(inner + extent / 2 <= centre + size / 2 + 1e-6)


def test_turning_to_the_world(pilot) -> None:
    group = pilot.groups_of("crah")[0]
    rows = np.nonzero(group.yaw == 270)[0][:1]
    front = group.to_world(rows, np.array([[0, -1, 0]], np.float32))[0, 0] - group.position[rows[0]]
    assert front == pytest.approx([-1, 0, 0], abs=1e-6)


def test_wrong_scenes_are_refused_with_the_place() -> None:
    raw = scenes.pilot_scene()
    with pytest.raises(InputError, match="not a scene description"):
        read_scene({**raw, "schema": "twin.scene/9"})
    other = copy.deepcopy(raw)
    other["instances"][0]["product"] = "ghost"
    with pytest.raises(InputError, match=r"instances\[0\].product"):
        read_scene(other)
    other = copy.deepcopy(raw)
    other["instances"][1]["yaw"].append(0.0)
    with pytest.raises(InputError, match="one entry per instance"):
        read_scene(other)


def test_unknown_channel_lists_near_ones(pilot) -> None:
    with pytest.raises(InputError, match=r"gpu\.temperature"):
        pilot.channel("gpu.temprature")
