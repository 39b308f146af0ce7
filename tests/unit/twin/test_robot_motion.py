"""A robot's task read back: where its links are, as a layer of a stage, and damaged files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.cli.commands import app
from twin.errors import InputError
from twin.rigid.backend import open_world
from twin.rigid.robot_design import JOINTS, Load, RobotDesign, arm_angles, tool_tip, urdf
from twin.rigid.robot_shapes import Motion, figure_of, read_motion

pytest.importorskip("pybullet")

TARGET = "/pilot/hall-a/row-01/rack-05/tray-11"


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robot")
    with pytest.raises(SystemExit) as end:
        app(["robot", "pilot", "--task", "swap", "--target", TARGET, "-o", str(folder)])
    assert end.value.code == 0
    return folder / "robot.json"


@pytest.fixture(scope="module")
def motion(task: Path) -> Motion:
    return read_motion(task)


def test_links_are_where_the_engine_has_them() -> None:
    design = RobotDesign()
    figure = figure_of(urdf(design, Load(0.85, 0.49, 0.04, 35.0)))
    joints = arm_angles(design, 0.7, (0.6, 0.2, 1.3))
    assert joints is not None
    joints = (joints[0], 0.4, *joints[2:])
    frames = figure.frames(np.eye(4), dict(zip(JOINTS, joints, strict=True)))
    tip = frames["hand"] @ (design.tool, 0.0, 0.0, 1.0)
    np.testing.assert_allclose(tip[:3], tool_tip(design, joints), atol=1e-9)
    world = open_world()
    try:
        body = world.add_articulated(urdf(design), (0, 0, 0), (0, 0, 0, 1), True)
        world.set_joint_angles(body, joints)
        for link in ("carriage", "puller", "upper-arm", "forearm", "hand"):
            np.testing.assert_allclose(
                frames[link][:3, 3], world.link_position(body, link), atol=2e-5
            )
    finally:
        world.close()


def test_task_reads_back(motion: Motion) -> None:
    assert motion.task == "swap"
    assert motion.times[0] == 0.0
    frames, loaded = motion.at(0.0)
    assert not loaded
    # the robot ends where it began, and carries in between
    ends, _ = motion.at(1e9)
    np.testing.assert_allclose(frames["base"][:2, 3], ends["base"][:2, 3], atol=1e-6)
    carried = motion.samples[motion.samples[:, motion.columns.index("loaded")] > 0]
    middle = float(carried[len(carried) // 2, 0])
    frames, loaded = motion.at(middle)
    assert loaded
    table = frames["puller"][:3, 3] - frames["base"][:3, 3]
    assert math.hypot(table[0], table[1]) < 1.0


def changed(task: Path, tmp_path: Path, **changes: Any) -> Path:
    data = json.loads(task.read_text()) | changes
    file = tmp_path / "robot.json"
    file.write_text(json.dumps({k: v for k, v in data.items() if v is not None}))
    return file


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "twin.scene/1"}, "not a robot's task"),
        ({"track": None}, "no movement"),
        ({"robot": {"urdf": "<robot"}}, "damaged"),
        ({"robot": {"urdf": "<robot/>"}}, "damaged"),
        ({"robot": {}}, "damaged"),
        ({"track": {"columns": ["time", "x"], "samples": [[0.0]]}}, "damaged"),
        ({"track": {"columns": ["time", "x"], "samples": [[0.0, "y"]]}}, "damaged"),
    ],
)
def test_damaged_tasks_are_one_error(
    task: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_motion(changed(task, tmp_path, **changes))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_motion(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("robot")
    with pytest.raises(InputError, match="robot's task is damaged"):
        read_motion(tmp_path / "text.json")


def test_stage_shows_the_robot_where_it_is(task: Path, motion: Motion, tmp_path: Path) -> None:
    pxr = pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom

    from twin.plant import load_plant
    from twin.usd.export import export_stage

    assert pxr
    file = tmp_path / "site.usda"
    export_stage(load_plant("pilot"), file, robot=motion)
    stage = Usd.Stage.Open(str(file))
    assert stage.GetEndTimeCode() == pytest.approx(float(motion.times[-1]))
    hand = stage.GetPrimAtPath("/World/Robot/hand")
    for time in (0.0, float(motion.times[200]), float(motion.times[-1])):
        frames, loaded = motion.at(time)
        matrix = UsdGeom.XformCache(Usd.TimeCode(time)).GetLocalToWorldTransform(hand)
        np.testing.assert_allclose(np.array(matrix).T, frames["hand"], atol=1e-9)
        shown = UsdGeom.Imageable(stage.GetPrimAtPath("/World/Robot/load")).ComputeVisibility(time)
        assert (shown == "inherited") == loaded
    low = np.array(
        UsdGeom.BBoxCache(Usd.TimeCode(0.0), ["default"])
        .ComputeWorldBound(stage.GetPrimAtPath("/World/Robot/base"))
        .ComputeAlignedRange()
        .GetSize()
    )
    design = RobotDesign()
    assert sorted(low[:2]) == pytest.approx(sorted((design.length, design.width)), abs=1e-6)
    assert low[2] == pytest.approx(design.mast_height - 0.02, abs=1e-3)


def test_stage_with_a_robot_is_clean(motion: Motion, tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    from test_usd_export import validation_errors

    from twin.plant import load_plant
    from twin.usd.export import export_stage

    file = tmp_path / "site.usdc"
    export_stage(load_plant("pilot"), file, robot=motion)
    assert validation_errors(file) == []


def test_robot_of_another_layout_is_refused(motion: Motion, tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    from twin.plant import load_plant
    from twin.usd.export import export_stage

    with pytest.raises(InputError, match="another layout"):
        export_stage(load_plant("server-room"), tmp_path / "site.usd", robot=motion)
