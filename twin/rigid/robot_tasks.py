"""Tasks of the robot: a round past every rack, and the exchange of a tray."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from twin.catalog.specs import Rack
from twin.errors import InputError
from twin.plant.plant import Plant
from twin.rigid.rack_inside import tray_places
from twin.rigid.robot_design import FOLDED, Load, RobotDesign, arm_angles, tool_tip
from twin.rigid.robot_floor import FACES, Face, Pose, RobotFloor, robot_floor, stand
from twin.rigid.robot_load import Effort, efforts_along, tipping_margin
from twin.rigid.robot_reach import Reach, check_reach
from twin.rigid.robot_track import Sample, Track, way_between
from twin.rigid.robot_world import Clearance, Collision, RobotWorld

LOOK_TIME = 2.0  # s for a thermal picture at a stop
LOOK_DISTANCES = (0.30, 0.15, 0.05)
"""Distances between the robot's side and a rack's face that are tried on a round [m]."""
LEVER_TIME = 3.0  # s to throw a lever
AHEAD = 0.12  # m before a lever from which the tool goes straight
STORE_TIME = 60.0  # s to set a tray down and take another: engineering estimate


@dataclass(frozen=True)
class Stop:
    """A place at which the robot looks at a face of a rack."""

    rack: int
    face: Face
    time: float
    pose: Pose


@dataclass(frozen=True)
class Blocked:
    """Racks of a row that the robot cannot come before, on one face; whole: all of the row's."""

    row: str
    face: Face
    racks: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class Patrol:
    """A round: its track, stops, what is blocked, what was touched, the least clearance."""

    track: Track
    stops: tuple[Stop, ...]
    blocked: tuple[Blocked, ...]
    collisions: tuple[Collision, ...]
    clearance: Clearance

    @property
    def duration(self) -> float:
        """Of the round [s]."""
        return self.track.now.time


@dataclass(frozen=True)
class Swap:
    """Exchange of a tray.

    why : why it cannot be done ("" if it can); the rest is then empty
    load : the tray; efforts : largest of the joints; tipping_margin [m]
    """

    rack: str
    tray: str
    why: str
    load: Load
    reach: tuple[Reach, ...]
    track: Track | None = None
    collisions: tuple[Collision, ...] = ()
    clearance: Clearance = field(default_factory=Clearance)
    efforts: tuple[Effort, ...] = ()
    tipping_margin: float = math.inf


def patrol(plant: Plant, floor: RobotFloor, racks: Sequence[int], design: RobotDesign) -> Patrol:
    """A round from the door past the front and rear of racks and back.

    Aisles follow one another from one side of the hall to the other, each along the row and the
    next one back; within an aisle the stops are in order.
    """
    if floor.door is None:
        raise InputError(
            "the robot fits nowhere at a wall of the hall", key="target", found="no free place"
        )
    door = floor.space.pose(floor.door)
    track = Track.begin(design, *door)
    stops: list[Stop] = []
    missed: dict[tuple[int, Face], list[int]] = {}
    here = floor.door
    for aisle in _aisles(plant, racks):
        ahead = []
        for rack, face in aisle:
            node = _look_place(plant, floor, rack, face, design)
            if node is None:
                row = int(plant.levels["rack"].parent_index[rack])
                missed.setdefault((row, face), []).append(rack)
            else:
                ahead.append((rack, face, node))
        if ahead and _far(here, ahead[0][2]) > _far(here, ahead[-1][2]):
            ahead.reverse()
        for rack, face, node in ahead:
            track.step(f"to the {face} of {plant.levels.path('rack', rack)}")
            here = _drive(track, floor, here, node)
            stops.append(Stop(rack, face, track.now.time, floor.space.pose(node)))
            track.wait(LOOK_TIME)
    track.step("back to the door")
    _drive(track, floor, here, floor.door)
    track.finish()
    with RobotWorld(plant, floor.hall, design) as world:
        collisions, clearance = world.check(track)
    blocked = [
        Blocked(
            plant.levels.path("row", row),
            face,
            tuple(plant.levels["rack"].names[rack] for rack in own),
            len(own) == sum(plant.levels["rack"].parent_index[r] == row for r in racks),
        )
        for (row, face), own in sorted(missed.items())
    ]
    return Patrol(track, tuple(stops), tuple(blocked), tuple(collisions), clearance)


def _far(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    return math.hypot(a[1] - b[1], a[2] - b[2])


def _aisles(plant: Plant, racks: Sequence[int]) -> list[list[tuple[int, Face]]]:
    """Faces of racks grouped by the line before them, across the hall; each along its row."""
    lines: dict[tuple[float, float, int], list[tuple[float, int, Face]]] = {}
    row_of = plant.levels["rack"].parent_index
    for rack in racks:
        product = plant.layout.product(plant.product_ids("rack")[rack], Rack)
        x, y, _ = plant.positions("rack")[rack].tolist()
        angle = math.radians(float(plant.yaws("rack")[rack]))
        along = (math.cos(angle), math.sin(angle))
        for face in FACES:
            sign = -1.0 if face == "front" else 1.0
            out = (-math.sin(angle) * sign, math.cos(angle) * sign)
            before = (x + out[0] * 0.5 * product.depth, y + out[1] * 0.5 * product.depth)
            key = (round(before[1], 1), round(angle, 3), int(row_of[rack]))
            lines.setdefault(key, []).append((x * along[0] + y * along[1], rack, face))
    return [[(rack, face) for _, rack, face in sorted(lines[key])] for key in sorted(lines)]


def _look_place(
    plant: Plant, floor: RobotFloor, rack: int, face: Face, design: RobotDesign
) -> tuple[int, int, int] | None:
    """Where the robot stands lengthwise in the aisle to look at a face."""
    for distance in LOOK_DISTANCES:
        # `stand` measures to the robot's front; lengthwise it is half as wide as it is long
        gap = distance + 0.5 * design.width - 0.5 * design.length
        x, y, yaw = stand(plant, rack, face, design, gap=gap)
        for turn in (90.0, -90.0):
            node = floor.space.near(x, y, yaw + turn)
            if floor.reachable(node):
                return node
    return None


def _drive(
    track: Track, floor: RobotFloor, start: tuple[int, int, int], goal: tuple[int, int, int]
) -> tuple[int, int, int]:
    """Roll from place to place; both are in one region."""
    way = way_between(floor.space, start, goal)
    assert way is not None
    track.follow(way)
    return goal


def swap(plant: Plant, floor: RobotFloor, rack: int, tray: str, design: RobotDesign) -> Swap:
    """Take a tray from its rack to the door, and bring another one back in."""
    product = plant.layout.product(plant.product_ids("rack")[rack], Rack)
    path = plant.levels.path("rack", rack)
    place = next(place for place in tray_places(product) if place.name == tray)
    load = Load(place.depth, 2.0 * place.half_width, place.height - 0.004, place.mass)
    reach = tuple(check_reach(plant, floor, [rack], design, tray))
    needed = [entry for entry in reach if "coupling" not in entry.place]
    failed = [entry for entry in needed if not entry.reached]
    if failed:
        why = "; ".join(f"{entry.place}: {entry.why}" for entry in failed)
        return Swap(path, tray, why, load, reach)
    # a tray longer than the table makes the robot longer wherever it goes
    over = max(0.0, design.table_rear + place.depth - design.table_front)
    if over > 0.0:
        longer = replace(design, length=design.length + 2.0 * over)
        floor = robot_floor(plant, floor.hall, longer)
    table = next(entry for entry in needed if entry.place == "tray")
    levers = [entry for entry in needed if entry.place != "tray"]
    place_before = _before(floor, table.pose, over)
    if floor.door is None or place_before is None:
        why = f"no way for the robot with a tray of {place.depth:.2f} m to before the rack"
        return Swap(path, tray, why, load, reach)
    door, node = floor.door, place_before
    track = Track.begin(design, *floor.space.pose(door))
    working: list[Sample] = []

    track.step("drive to the rack")
    _drive(track, floor, door, node)
    _roll_to(track, table.pose)
    track.step("throw the levers")
    working += _throw(track, levers, table.pose)
    track.step("draw the tray onto the table")
    track.joints_to((table.joints[0], *FOLDED[1:]))
    track.joints_to(table.joints)
    track.load(True)
    track.joints_to((table.joints[0], *FOLDED[1:]))
    _roll_to(track, floor.space.pose(node))
    track.joints_to(FOLDED)
    track.step("carry it to the door")
    _drive(track, floor, node, door)
    track.step("set it down and take the new one")
    track.wait(STORE_TIME)
    track.step("carry the new tray to the rack")
    _drive(track, floor, door, node)
    track.step("push it in")
    track.joints_to((table.joints[0], *FOLDED[1:]))
    _roll_to(track, table.pose)
    track.joints_to(table.joints)
    track.load(False)
    track.joints_to((table.joints[0], *FOLDED[1:]))
    track.step("close the levers")
    working += _throw(track, levers, table.pose)
    track.joints_to(FOLDED)
    track.step("drive to the door")
    _roll_to(track, floor.space.pose(node))
    _drive(track, floor, node, door)
    track.finish()
    with RobotWorld(plant, floor.hall, design, {rack: tray}, load=load) as world:
        collisions, clearance = world.check(_without_work(track, working))
        efforts = efforts_along(world, track.samples, load, working)
    return Swap(
        path,
        tray,
        "",
        load,
        reach,
        track,
        tuple(collisions),
        clearance,
        tuple(efforts),
        tipping_margin(design, track.samples, load),
    )


def _without_work(track: Track, working: Iterable[Sample]) -> Track:
    """The track without the moments at which the tool touches what it works on."""
    left_out = {id(sample) for sample in working}
    return replace(track, samples=[s for s in track.samples if id(s) not in left_out])


def _before(floor: RobotFloor, pose: Pose, back: float) -> tuple[int, int, int] | None:
    """Nearest place behind a stand from which the robot rolls straight to it."""
    angle = math.radians(pose[2])
    for further in (0.0, 0.05, 0.1, 0.2, 0.3):
        x = pose[0] - (back + further) * math.cos(angle)
        y = pose[1] - (back + further) * math.sin(angle)
        node = floor.space.near(x, y, pose[2], reach=0.08)
        if floor.reachable(node):
            return node
    return None


def _roll_to(track: Track, pose: Pose) -> None:
    """Turn a little if need be, and roll straight."""
    if abs((pose[2] - track.now.yaw + 180.0) % 360.0 - 180.0) > 1e-6:
        track.turn_to(pose[2])
    track.roll_to(pose[0], pose[1])


def _throw(track: Track, levers: Sequence[Reach], home: Pose) -> list[Sample]:
    """Move the tool to levers one after the other; returns the samples at which it pushes."""
    pushed = []
    for lever in levers:
        track.roll_to(lever.pose[0], lever.pose[1])
        lift = lever.joints[0]
        tip = tool_tip(track.design, lever.joints)
        before = arm_angles(
            track.design, lift, (tip[0] - AHEAD, tip[1], tip[2]), lever.joints[4] > 0.0
        )
        track.joints_to((lift, *FOLDED[1:]))
        if before is not None:
            track.joints_to(before)
        track.joints_to(lever.joints)
        track.wait(LEVER_TIME)
        pushed.append(track.now)
        if before is not None:
            track.joints_to(before)
        track.joints_to((lift, *FOLDED[1:]))
    track.roll_to(home[0], home[1])
    return pushed
