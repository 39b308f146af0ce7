"""Tasks of the robot: rounds, reach, exchanges of trays, and what its sensors see."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_rigid_space import plant_with
from usd_stages import LAYOUT

from twin.cli.commands import app
from twin.errors import InputError
from twin.factory import Factory
from twin.plant import load_plant
from twin.plant.plant import Plant
from twin.recording import Recorder
from twin.rigid.outlines import equipment_of
from twin.rigid.robot_design import RobotDesign
from twin.rigid.robot_floor import RobotFloor, hall_of, robot_floor, stand
from twin.rigid.robot_pictures import floor_map, thermal_pixels
from twin.rigid.robot_reach import check_reach
from twin.rigid.robot_report import outliers, patrol_data, swap_data
from twin.rigid.robot_round import lidar_points, look_at, values_of
from twin.rigid.robot_sight import (
    CHANNELS,
    LIDAR_BEAMS,
    LIDAR_NOISE,
    ThermalScene,
    apparent,
    lidar_scan,
    tray_heat,
)
from twin.rigid.robot_tasks import patrol, swap
from twin.rigid.robot_track import Track
from twin.rigid.robot_world import RobotWorld
from twin.scenario import Scenario

pytest.importorskip("pybullet")

DESIGN = RobotDesign()


@pytest.fixture(scope="module")
def pilot() -> Plant:
    return load_plant("pilot")


@pytest.fixture(scope="module")
def floor(pilot: Plant) -> RobotFloor:
    return robot_floor(pilot, 0, DESIGN)


def values_for(plant: Plant) -> dict[str, Any]:
    """A made-up state with one hot tray."""
    count = {name: plant.levels[name.partition(".")[0]].count for name in CHANNELS}
    level = {
        "gpu.temperature": 70.0,
        "rack.supply_temperature": 40.0,
        "rack.return_temperature": 50.0,
        "row.cold_aisle_temperature": 24.0,
        "row.hot_aisle_temperature": 38.0,
        "hall.air_supply_temperature": 24.0,
    }
    return {name: np.full(count[name], level[name]) for name in CHANNELS}


def test_round_passes_every_rack_without_touching(pilot: Plant, floor: RobotFloor) -> None:
    tour = patrol(pilot, floor, list(range(8)), DESIGN)
    assert {(stop.rack, stop.face) for stop in tour.stops} == {
        (rack, face) for rack in range(8) for face in ("front", "rear")
    }
    assert tour.blocked == ()
    assert tour.collisions == ()
    assert 0.0 < tour.clearance.distance < 0.1
    first, last = tour.track.samples[0], tour.track.now
    assert (last.x, last.y) == pytest.approx((first.x, first.y))
    # no faster than the robot is
    assert tour.duration > tour.track.distance / DESIGN.speed + 16 * 2.0
    assert sum(step.duration for step in tour.track.steps) == pytest.approx(tour.duration)


def test_same_task_same_trajectory(pilot: Plant, floor: RobotFloor) -> None:
    def once() -> str:
        tour = patrol(pilot, floor, list(range(8)), DESIGN)
        done = swap(pilot, floor, 2, "tray-04", DESIGN)
        return json.dumps([patrol_data(pilot, tour), swap_data(done)])

    assert once() == once()


def test_cabinet_in_the_aisle_blocks_the_round() -> None:
    """An air handler stands across the aisle behind the row; the front stays open."""
    free = plant_with(rows=[{**LAYOUT["sites"][0]["halls"][0]["rows"][0], "count": 1}])
    box = free.design.placement.halls[0]
    rack = free.positions("rack")[1]
    crah = free.layout.products["generic-crah-150"]
    overrides = [
        {
            "path": f"/busan/hall/crah-0{number}",
            "position": [f"{rack[0] + x:.2f} m", f"{0.5 * (box.y1 + rack[1]) + 0.27:.2f} m"],
            "yaw": "90 deg",
        }
        for number, x in ((1, -1.9), (2, 1.9))
    ]
    assert crah.width > 1.9
    blocked = plant_with(
        rows=[{**LAYOUT["sites"][0]["halls"][0]["rows"][0], "count": 1}], overrides=overrides
    )
    hall, racks, _ = hall_of(blocked, None)
    tour = patrol(blocked, robot_floor(blocked, hall, DESIGN), racks, DESIGN)
    rear = [entry for entry in tour.blocked if entry.face == "rear"]
    assert len(rear) == 1
    assert rear[0].row == "/busan/hall/row-01"
    assert "rack-02" in rear[0].racks
    assert all(stop.face == "front" or stop.rack != 1 for stop in tour.stops)
    open_tour = patrol(free, robot_floor(free, hall, DESIGN), racks, DESIGN)
    assert open_tour.blocked == ()


def test_track_through_a_rack_is_a_collision(pilot: Plant) -> None:
    x, y, _ = pilot.positions("rack")[3].tolist()
    track = Track.begin(DESIGN, x, y - 1.5, 90.0)
    track.roll_to(x, y - 0.5)
    with RobotWorld(pilot, 0, DESIGN) as world:
        collisions, least = world.check(track)
    struck = {collision.other for collision in collisions}
    assert pilot.levels.path("rack", 3) in struck
    assert least.distance < -0.1
    assert min(collision.time for collision in collisions) > 0.0


def test_everything_of_a_liquid_cooled_rack_is_reached(pilot: Plant, floor: RobotFloor) -> None:
    reach = check_reach(pilot, floor, [0, 4], DESIGN)
    assert len(reach) == 2 * 18 * 5
    assert [entry for entry in reach if not entry.reached] == []
    trays = {entry.joints[0] for entry in reach if entry.place == "tray"}
    assert len(trays) == 18  # the carriage stands elsewhere for each


@pytest.mark.parametrize(
    ("changes", "place", "why"),
    [
        ({"upper_arm": 0.3, "forearm": 0.25}, "supply coupling", "arm's reach"),
        ({"lift_travel": 0.8}, "tray", "beyond the carriage"),
        ({"table_width": 0.45}, "tray", "does not fit on a table"),
        ({"tool_radius": 0.06}, "return coupling", "strikes"),
        ({"force_limits": (2800.0, 600.0, 5.0, 250.0, 120.0, 40.0, 40.0, 20.0)}, "left lever",
         "do not hold"),
    ],
)  # fmt: skip
def test_lesser_robots_reach_less(
    pilot: Plant, floor: RobotFloor, changes: dict[str, Any], place: str, why: str
) -> None:
    reach = check_reach(pilot, floor, [3], replace(DESIGN, **changes), "tray-18")
    entry = next(entry for entry in reach if entry.place == place)
    assert not entry.reached
    assert why in entry.why


def test_tray_is_exchanged(pilot: Plant, floor: RobotFloor) -> None:
    done = swap(pilot, floor, 5, "tray-11", DESIGN)
    assert done.why == ""
    assert done.track is not None
    assert done.collisions == ()
    assert all(effort.held for effort in done.efforts)
    assert done.tipping_margin > 0.05
    lift = next(effort for effort in done.efforts if effort.joint == "lift")
    raised = DESIGN.mass - DESIGN.base_mass - DESIGN.mast_mass + 0.5
    assert lift.largest == pytest.approx(
        (raised + done.load.mass) * (9.80665 + DESIGN.lift_acceleration), rel=1e-3
    )
    loaded = [sample for sample in done.track.samples if sample.loaded]
    moved = np.hypot(*np.diff([(s.x, s.y) for s in loaded], axis=0).T).sum()
    assert moved > 4.0  # to the door and back


def test_tray_too_heavy_for_the_lift_is_said(pilot: Plant, floor: RobotFloor) -> None:
    weak = replace(DESIGN, force_limits=(800.0, *DESIGN.force_limits[1:]))
    done = swap(pilot, floor, 5, "tray-11", weak)
    assert [effort.joint for effort in done.efforts if not effort.held] == ["lift"]
    assert swap_data(done)["possible"] is False


def test_tray_longer_than_the_table_is_carried_clear() -> None:
    plant = load_plant("server-room")
    hall, racks, tray = hall_of(plant, "/lab/room/rebel/rack-01/tray-02")
    done = swap(plant, robot_floor(plant, hall, DESIGN), racks[0], tray, DESIGN)
    assert done.load.length > DESIGN.table_front - DESIGN.table_rear
    assert done.track is not None, done.why
    assert done.collisions == ()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("/pilot/hall-a/row-01/rack-99", "no 'rack-99'"),
        ("/pilot/hall-a/row-01/rack-01/tray-19", "no 'tray-19'"),
        ("/pilot/warm", "has no racks"),
        ("rack-01", "not a path"),
    ],
)
def test_bad_targets(pilot: Plant, target: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        hall_of(pilot, target)


def test_lidar_measures_the_walls_and_racks(pilot: Plant, floor: RobotFloor) -> None:
    """Every point lies on an outline within the noise; seeds change the noise only."""
    pose = stand(pilot, 3, "front", DESIGN, gap=0.5)
    with RobotWorld(pilot, 0, DESIGN) as world:
        world.world.place(world.empty, (0.0, 0.0, -50.0), (0.0, 0.0, 0.0, 1.0))
        distance, points = lidar_scan(world.world, world.origin, pose, 1)
        other, _ = lidar_scan(world.world, world.origin, pose, 2)
        again, _ = lidar_scan(world.world, world.origin, pose, 1)
    assert np.array_equal(distance, again)
    assert len(distance) == LIDAR_BEAMS
    assert 0.5 * LIDAR_NOISE < np.std(distance - other) / np.sqrt(2.0) < 2.0 * LIDAR_NOISE
    box = pilot.design.placement.halls[0]
    walls = np.min(
        np.abs(
            [points[:, 0] - box.x0, points[:, 0] - box.x1, points[:, 1] - box.y0,
             points[:, 1] - box.y1]
        ),
        axis=0,
    )  # fmt: skip
    shapes = equipment_of(pilot).outlines
    edges = np.concatenate([shapes, np.roll(shapes, -1, axis=1)], axis=2).reshape(-1, 4)
    a, b = edges[:, :2], edges[:, 2:]
    share = np.clip(
        np.einsum("pnk,nk->pn", points[:, None] - a, b - a) / ((b - a) ** 2).sum(axis=1), 0, 1
    )
    near = np.linalg.norm(points[:, None] - a - share[..., None] * (b - a), axis=2).min(axis=1)
    off = np.minimum(walls, near)
    print(f"lidar: 99 % of points within {1e3 * np.quantile(off, 0.99):.0f} mm of an outline")
    assert np.quantile(off, 0.99) < 3.0 * LIDAR_NOISE


def test_grey_surface_reads_between_itself_and_its_surroundings() -> None:
    assert apparent(60.0, 24.0, 1.0) == pytest.approx(60.0)
    assert apparent(24.0, 24.0, 0.5) == pytest.approx(24.0)
    assert apparent(60.0, 24.0, 0.0) == pytest.approx(24.0)
    # 0.9 x 333.15^4 + 0.1 x 297.15^4 = 1.1866e10: its fourth root is 330.05 K
    assert apparent(60.0, 24.0, 0.9) == pytest.approx(330.05 - 273.15, abs=0.01)


def test_hot_tray_is_seen_where_it_is(pilot: Plant, floor: RobotFloor) -> None:
    values = values_for(pilot)
    slots = pilot.slots["nvidia-gb300-nvl72"]
    first = int(pilot.levels.rack_first_gpu[3])
    for number, slot in enumerate(slots):
        if slot.name.startswith("tray-09/"):
            values["gpu.temperature"][first + number] = 95.0
    heat = [entry for rack in range(8) for entry in tray_heat(pilot, values, rack)]
    found = outliers(heat)
    assert [(entry.rack, entry.tray, above) for entry, above in found] == [(3, "tray-09", 25.0)]

    tour = patrol(pilot, floor, [3], DESIGN)
    stop = next(stop for stop in tour.stops if stop.face == "front")
    with ThermalScene(pilot, 0, values, stop.pose[:2]) as scene:
        eye, aim = look_at(pilot, stop)
        image, distance = scene.picture(eye, aim, (192, 144), 0)
    expected = next(entry.front for entry in heat if (entry.rack, entry.tray) == (3, "tray-09"))
    hot = image > expected - 1.0
    hot[:, :70] = hot[:, 122:] = False  # side panels are warm as well
    assert 0.002 < hot.mean() < 0.1  # one plate of many
    assert np.median(image[hot]) == pytest.approx(expected, abs=0.1)
    # the plate is where geometry says: at its height, straight ahead
    rows, columns = np.nonzero(hot)
    assert abs(columns.mean() - 96.0) < 8.0
    place = next(slot for slot in slots if slot.name.startswith("tray-09/"))
    away = float(np.median(distance[hot]))
    focal = 72.0 / np.tan(np.deg2rad(31.0))
    pitch = np.arctan2(aim[2] - eye[2], np.hypot(aim[0] - eye[0], aim[1] - eye[1]))
    angle = pitch - np.arctan((rows.mean() - 72.0) / focal)
    height = eye[2] + away / np.cos(angle - pitch) * np.sin(angle)
    assert height == pytest.approx(place.position[2], abs=0.03)


def test_missing_channels_are_named(pilot: Plant) -> None:
    values = values_for(pilot)
    del values["gpu.temperature"]
    with pytest.raises(InputError, match=r"gpu\.temperature"):
        tray_heat(pilot, values, 0)


def test_cameras_see_a_recording_at_its_time(pilot: Plant, tmp_path: Path) -> None:
    """What is seen at a recorded time is what the recording holds there."""
    shares = {"compute_share": "100 %", "memory_share": "60 %"}
    steps = [{"at": "0 s", "utilisation": "0 %"} | shares, {"at": "2 s", "utilisation": "100 %"}]
    scenario = Scenario.model_validate({"workload": [{"profile": steps}]})
    simulation = Factory(pilot.layout).simulation(scenario)
    file, truth = tmp_path / "run.zarr", {}
    with Recorder(file, simulation, interval=1.0) as recorder:
        for _ in range(7):
            truth[simulation.time] = simulation.channel("gpu.temperature").copy()
            recorder.append()
            simulation.advance(1.0)
    for moment in (1.0, 6.0):
        at, values = values_of(pilot, str(file), f"{moment:g}s")
        assert at == moment
        assert set(values) == set(CHANNELS)
        np.testing.assert_allclose(values["gpu.temperature"], truth[moment], atol=0.03)
    assert np.abs(truth[1.0] - truth[6.0]).max() > 0.2  # it does change in between
    with pytest.raises(InputError, match="another layout"):
        values_of(load_plant("server-room"), str(file), None)


def test_pictures_show_what_they_should(pilot: Plant, floor: RobotFloor) -> None:
    ramp = np.linspace(20.0, 60.0, 100)[None, :] * np.ones((10, 1))
    pixels = thermal_pixels(ramp, 20.0, 60.0)
    assert pixels.shape == (10, 118, 3)
    brightness = pixels[5, :100].sum(axis=1).astype(int)
    assert np.all(np.diff(brightness) >= 0)
    tour = patrol(pilot, floor, [0], DESIGN)
    points = lidar_points(pilot, floor, DESIGN, tour, 0)
    image = floor_map(floor.floor, tour.track, points, [(s.pose[0], s.pose[1]) for s in tour.stops])
    red = (image == (220, 50, 40)).all(axis=2).sum()
    green = (image == (20, 150, 70)).all(axis=2).sum()
    assert red > 300
    assert green >= 2 * 40


def test_command_writes_report_and_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        app(
            ["robot", "pilot", "--target", "/pilot/hall-a/row-01/rack-02", "-o", str(tmp_path),
             "--at", "30s", "--pictures", "1"]
        )  # fmt: skip
    assert end.value.code == 0
    assert "no collisions" in capsys.readouterr().out
    data = json.loads((tmp_path / "robot.json").read_text())
    assert data["schema"] == "twin.robot/1"
    assert len(data["stops"]) == 2
    assert len(data["track"]["samples"][0]) == len(data["track"]["columns"])
    for name in ("thermal-01.png", "lidar.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_command_shows_how_a_rack_comes_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        app(
            ["robot", "pilot", "--task", "deliver", "--target", "/pilot/hall-a/row-01/rack-04",
             "-o", str(tmp_path), "--json"]
        )  # fmt: skip
    assert end.value.code == 0
    data = json.loads(capsys.readouterr().out)
    assert data["mass_kg"] == 1360.0
    assert data["least_clearance_m"] > 0.0
    assert (tmp_path / "delivery.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "dance"], "unknown task"),
        (["--task", "swap"], "which tray"),
        (["--at", "5 bananas", "-o", "{tmp}"], "unknown unit"),
        (["--state", "{tmp}/none.zarr", "-o", "{tmp}"], "not found"),
    ],
)
def test_bad_requests(tmp_path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        app(["robot", "pilot", *(part.replace("{tmp}", str(tmp_path)) for part in arguments)])
