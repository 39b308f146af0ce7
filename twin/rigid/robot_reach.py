"""What of a rack the robot can reach: every tray, its levers, and its quick disconnects.

A place counts as reached if the robot can drive to its stand, its joints stay within their ranges,
no part of it touches anything on the way's last pose, and the joints hold the force of the tool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin.catalog.specs import Rack
from twin.plant.plant import Plant
from twin.rigid.rack_inside import Point, TrayPlace, tray_places
from twin.rigid.robot_design import FOLDED, RobotDesign, arm_angles, tool_torques
from twin.rigid.robot_floor import FACES, GAP, Face, Pose, RobotFloor, in_robot_frame, stand
from twin.rigid.robot_world import RobotWorld, world_place

ABOVE = (0.30, 0.15, 0.45, 0.0, -0.15)
"""Heights of the arm's foot above its target that are tried [m]."""
STANDS = ((GAP, 0.0), (GAP, 0.08), (GAP, -0.08), (0.14, 0.0), (0.14, 0.08), (0.14, -0.08))
"""Gaps to the rack and shifts to the left [m] of the stands that are tried.

A larger gap keeps clear of cabinets beside the rack that are deeper than it.
"""
STAND_OFF = 0.003  # m before what the tool touches
TOOL_FORCE = 120.0
"""N with which levers are thrown and couplings parted: engineering estimate; data sheets of blind
and hand-mated couplings of this size give 60 to 150 N at working pressure."""
NEAR = 2.5  # m around a rack that may stop the arm


@dataclass(frozen=True)
class Reach:
    """Whether a place of a rack is reached.

    rack : path; tray; place : tray, left lever, right lever, supply coupling, return coupling
    reached; why : what stops it ("" if nothing); joints : that reach it; pose : where it stands
    """

    rack: str
    tray: str
    place: str
    reached: bool
    why: str = ""
    joints: tuple[float, ...] = ()
    pose: Pose = (0.0, 0.0, 0.0)


def check_reach(
    plant: Plant,
    floor: RobotFloor,
    racks: Sequence[int],
    design: RobotDesign,
    tray: str = "",
) -> list[Reach]:
    """Reach of all places of racks, or of one tray of theirs.

    Racks of one product whose surroundings look the same are looked at once.
    """
    known: dict[bytes, list[Reach]] = {}
    found: list[Reach] = []
    for rack in racks:
        path = plant.levels.path("rack", rack)
        key = _surroundings(plant, floor, rack, design)
        if key not in known:
            known[key] = list(_rack_reach(plant, floor, rack, design, tray))
        found += [Reach(**(vars(reach) | {"rack": path})) for reach in known[key]]
    return found


def _surroundings(plant: Plant, floor: RobotFloor, rack: int, design: RobotDesign) -> bytes:
    """Equal for racks of one product with the same things around them and the same ways there."""
    x, y, _ = plant.positions("rack")[rack].tolist()
    corners = floor.floor.obstacles
    near = np.hypot(corners[:, :, 0] - x, corners[:, :, 1] - y).min(axis=1) < NEAR
    box = floor.floor.box
    walls = np.minimum(np.array([x - box.x0, box.x1 - x, y - box.y0, box.y1 - y]), NEAR)
    relative = (corners[near] - (x, y)).reshape(-1, 8)
    relative = relative[np.lexsort(np.round(relative, 3).T)]
    parts = [relative.ravel(), walls, [float(plant.yaws("rack")[rack])]]
    ways = bytes(
        floor.reachable(floor.space.near(*stand(plant, rack, face, design, shift, gap)))
        for face in FACES
        for gap, shift in STANDS
    )
    return (
        np.round(np.concatenate(parts), 3).tobytes()
        + ways
        + plant.product_ids("rack")[rack].encode()
    )


def _rack_reach(
    plant: Plant, floor: RobotFloor, rack: int, design: RobotDesign, tray: str
) -> Iterator[Reach]:
    product = plant.layout.product(plant.product_ids("rack")[rack], Rack)
    x, y, _ = plant.positions("rack")[rack].tolist()
    places = [place for place in tray_places(product) if tray in ("", place.name)]
    with RobotWorld(plant, floor.hall, design, {rack: ""}, (x, y, NEAR + design.length)) as world:
        for face in FACES:
            stands = [
                pose
                for gap, shift in STANDS
                if floor.reachable(
                    floor.space.near(*(pose := stand(plant, rack, face, design, shift, gap)))
                )
            ]
            for place in places:
                targets = list(_targets(place, face))
                if face == "front":
                    yield _table_reach(world, plant, rack, place, stands)
                for name, point in targets:
                    yield _tool_reach(world, plant, rack, face, place, name, point, stands)


def _targets(place: TrayPlace, face: Face) -> Iterator[tuple[str, Point]]:
    if face == "front":
        for name, (x, y, z) in zip(("left lever", "right lever"), place.levers, strict=True):
            yield name, (x, y - STAND_OFF, z)
    else:
        for name, (x, y, z) in zip(
            ("supply coupling", "return coupling"), place.couplings, strict=False
        ):
            yield name, (x, y + STAND_OFF, z)


def _table_reach(
    world: RobotWorld, plant: Plant, rack: int, place: TrayPlace, stands: Sequence[Pose]
) -> Reach:
    """Whether the table can be brought level with a tray and the puller to its face."""
    design = world.design

    def answer(why: str, joints: tuple[float, ...] = (), pose: Pose = (0.0, 0.0, 0.0)) -> Reach:
        return Reach("", place.name, "tray", not why, why, joints, pose)

    straight = [
        pose
        for gap, shift in STANDS
        if shift == 0.0 and (pose := stand(plant, rack, "front", design, shift, gap)) in stands
    ]
    if not straight:
        return answer("no way for the robot to before the rack")
    width = 2.0 * place.half_width
    if width > design.table_width - 0.02:
        return answer(
            f"a tray of {width:.2f} m does not fit on a table of {design.table_width:g} m"
        )
    if place.height > design.bridge_height - 0.06:
        return answer(
            f"a tray {place.height:.2f} m high does not pass under the arm's bridge "
            f"({design.bridge_height - 0.06:.2f} m)"
        )
    why = ""
    for pose in straight:
        joints = table_joints(design, plant, rack, place, pose)
        if joints is None:
            why = why or (
                f"its floor at {place.bottom:.2f} m is beyond the carriage's "
                f"{design.table_height:.2f} to {design.table_height + design.lift_travel:.2f} m"
            )
            continue
        struck = world.overlaps(world.put(*pose, joints))
        if not struck:
            return answer("", joints, pose)
        why = f"its {struck[0][0]} strikes {struck[0][1]}"
    return answer(why)


def table_joints(
    design: RobotDesign, plant: Plant, rack: int, place: TrayPlace, pose: Pose
) -> tuple[float, ...] | None:
    """Joints with the table's top level with a tray's floor and the puller at its face."""
    face = in_robot_frame(pose, world_place(plant, rack, (0.0, place.face, place.bottom)))
    lift = place.bottom - 0.002 - design.table_height
    pull = face[0] - STAND_OFF - design.table_rear
    if not (0.0 <= lift <= design.lift_travel and 0.0 <= pull <= design.pull_travel):
        return None
    return (lift, pull, *FOLDED[2:])


def _tool_reach(
    world: RobotWorld,
    plant: Plant,
    rack: int,
    face: Face,
    place: TrayPlace,
    name: str,
    point: Point,
    stands: Sequence[Pose],
) -> Reach:
    """Whether the arm can hold the tool at a place, trying stands, heights and elbows."""
    design = world.design
    why = f"no way for the robot to before its {face}"
    target = world_place(plant, rack, point)
    for pose in stands:
        local = in_robot_frame(pose, target)
        for above in ABOVE:
            lift = local[2] - above - design.table_height - design.bridge_height
            lift = min(max(lift, 0.0), design.lift_travel)
            for elbow_up in (True, False):
                joints = arm_angles(design, lift, local, elbow_up)
                if joints is None:
                    why = "out of the arm's reach" if "strikes" not in why else why
                    continue
                struck = world.overlaps(world.put(*pose, joints))
                if struck:
                    why = f"its {struck[0][0]} strikes {struck[0][1]}"
                    continue
                torques = tool_torques(design, joints, (-TOOL_FORCE, 0.0, 0.0))
                held = world.world.efforts(world.empty, joints, [0.0] * 8, [0.0] * 8)
                if any(
                    abs(a + b) > limit
                    for a, b, limit in zip(torques, held, design.force_limits, strict=True)
                ):
                    why = f"its joints do not hold {TOOL_FORCE:g} N there"
                    continue
                return Reach("", place.name, name, True, "", joints, pose)
    return Reach("", place.name, name, False, why)
