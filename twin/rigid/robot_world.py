"""A hall as bodies that a robot could touch, and the robot in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from physics.rigid_laws import GRAVITY
from twin.catalog.specs import Rack
from twin.plant.plant import Plant
from twin.rigid.backend import Quaternion, RigidBackend, Surface, Vector, open_world
from twin.rigid.delivery import HALL_LEVELS
from twin.rigid.outlines import Equipment, equipment_of
from twin.rigid.rack_inside import rack_parts
from twin.rigid.robot_design import FOLDED, JOINTS, Load, RobotDesign, urdf
from twin.rigid.robot_track import Sample, Track

WALL = 0.2  # m thick
TOUCH = 2e-4  # m that two may overlap by rounding
LOOK = 0.10  # m within which distances are kept


def upright(yaw: float) -> Quaternion:
    """A turn about the vertical [deg]."""
    half = math.radians(0.5 * yaw)
    return (0.0, 0.0, math.sin(half), math.cos(half))


@dataclass(frozen=True)
class Collision:
    """A time [s] at which a part of the robot overlaps something, and how deep at most [m]."""

    time: float
    part: str
    other: str
    depth: float


@dataclass(frozen=True)
class Clearance:
    """Smallest distance to anything along a track [m], with what and when; inf beyond the look."""

    distance: float = math.inf
    other: str = ""
    time: float = 0.0


def hall_members(plant: Plant, equipment: Equipment, hall: int) -> list[int]:
    """Rows of ``equipment`` that stand in a hall."""
    row_hall = plant.levels["row"].parent_index
    members = []
    for number, (level, index) in enumerate(zip(equipment.level, equipment.index, strict=True)):
        if level in HALL_LEVELS:
            parent = plant.levels[level].parent_index[index]
            if int(parent if level == "crah" else row_hall[parent]) == hall:
                members.append(number)
    return members


class RobotWorld:
    """Bodies of a hall, and a robot that is put somewhere and looked at.

    Parameters
    ----------
    plant, hall : row of the hall
    design : the robot's
    opened : racks that stand open, with the name of the tray left out of each ("" for none)
    around : centre and radius [m] of what is built; the whole hall without
    load : tray on the table
    """

    def __init__(
        self,
        plant: Plant,
        hall: int,
        design: RobotDesign,
        opened: Mapping[int, str] | None = None,
        around: tuple[float, float, float] | None = None,
        load: Load | None = None,
        engine: str = "pybullet",
    ) -> None:
        self.plant, self.design = plant, design
        self.world: RigidBackend = open_world(engine)
        self.world.set_gravity((0.0, 0.0, -GRAVITY))
        self.names: dict[int, str] = {}
        self.rack_of: dict[int, int] = {}
        equipment = equipment_of(plant)
        box = plant.design.placement.halls[hall]
        self.origin = (float(box.x0), float(box.y0))
        self._walls(float(box.x1 - box.x0), float(box.y1 - box.y0))
        for number in hall_members(plant, equipment, hall):
            x, y = equipment.position[number].tolist()
            if around is not None and math.hypot(x - around[0], y - around[1]) > around[2]:
                continue
            path = equipment.path(plant.levels, number)
            rack = int(equipment.index[number]) if equipment.level[number] == "rack" else -1
            if rack >= 0 and opened is not None and rack in opened:
                self._open_rack(rack, path, opened[rack])
                continue
            width, depth, height = equipment.size[number].tolist()
            yaw = float(equipment.yaw[number])
            body = self._fixed((width, depth, height), self._local(x, y, 0.5 * height), yaw, path)
            if rack >= 0:
                self.rack_of[body] = rack
        self.empty = self.world.add_articulated(urdf(design), (0.0, 0.0, 0.0), upright(0.0), True)
        self.loaded = (
            self.world.add_articulated(urdf(design, load), (0.0, 0.0, -50.0), upright(0.0), True)
            if load is not None
            else -1
        )
        self._away = (0.0, 0.0, -50.0)
        assert tuple(self.world.joints(self.empty)) == JOINTS

    def __enter__(self) -> RobotWorld:
        return self

    def __exit__(self, *_: object) -> None:
        self.world.close()

    def _local(self, x: float, y: float, z: float) -> Vector:
        return (x - self.origin[0], y - self.origin[1], z)

    def _fixed(self, size: Vector, middle: Vector, yaw: float, name: str) -> int:
        body = self.world.add_boxes(size, 0.0, [middle], [upright(yaw)], Surface())[0]
        self.names[body] = name
        return body

    def _walls(self, length: float, width: float) -> None:
        for middle, size in (
            ((-0.5 * WALL, 0.5 * width), (WALL, width)),
            ((length + 0.5 * WALL, 0.5 * width), (WALL, width)),
            ((0.5 * length, -0.5 * WALL), (length, WALL)),
            ((0.5 * length, width + 0.5 * WALL), (length, WALL)),
        ):
            self._fixed((*size, 4.0), (*middle, 2.0), 0.0, "wall")

    def _open_rack(self, rack: int, path: str, without: str) -> None:
        product = self.plant.layout.product(self.plant.product_ids("rack")[rack], Rack)
        x, y, _ = self.plant.positions("rack")[rack].tolist()
        yaw = float(self.plant.yaws("rack")[rack])
        c, s = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
        for part in rack_parts(product, without):
            px, py, pz = part.middle
            middle = self._local(x + c * px - s * py, y + s * px + c * py, pz)
            body = self._fixed(part.size, middle, yaw, f"{path} ({part.name})")
            self.rack_of[body] = rack

    def put(
        self, x: float, y: float, yaw: float, joints: Sequence[float] = FOLDED, loaded: bool = False
    ) -> int:
        """Put the robot somewhere, with or without its load; returns its body."""
        body, other = (self.loaded, self.empty) if loaded else (self.empty, self.loaded)
        if other >= 0:
            self.world.place(other, self._away, upright(0.0))
        self.world.place(body, self._local(x, y, 0.0), upright(yaw))
        self.world.set_joint_angles(body, joints)
        return body

    def overlaps(self, body: int) -> list[tuple[str, str, float]]:
        """What the robot overlaps: its part, the other, how deep [m]; its own parts too."""
        found = [
            (near.link or "base", self.names[near.body], -near.distance)
            for near in self.world.near(body, 0.0)
            if near.body in self.names and near.distance < -TOUCH
        ]
        found += [(first or "base", second, 0.0) for first, second in self.world.own_overlaps(body)]
        return found

    def check(self, track: Track) -> tuple[list[Collision], Clearance]:
        """Collisions along a track, one for each part and thing touched; its least clearance."""
        deepest: dict[tuple[str, str], Collision] = {}
        least = Clearance()
        last: Sample | None = None
        for sample in track.samples:
            if last is not None and vars(sample) | {"time": 0.0} == vars(last) | {"time": 0.0}:
                continue
            last = sample
            body = self.put(sample.x, sample.y, sample.yaw, sample.joints, sample.loaded)
            for near in self.world.near(body, LOOK):
                name = self.names.get(near.body)
                if name is None:
                    continue
                if near.distance < least.distance:
                    least = Clearance(near.distance, name, sample.time)
                if near.distance < -TOUCH:
                    key = (near.link or "base", name)
                    if key not in deepest or -near.distance > deepest[key].depth:
                        deepest[key] = Collision(sample.time, *key, -near.distance)
        return sorted(deepest.values(), key=lambda c: (c.time, c.part, c.other)), least


def world_place(plant: Plant, rack: int, point: Iterable[float]) -> tuple[float, float, float]:
    """A point of a rack's own frame in the common frame."""
    px, py, pz = point
    x, y, _ = plant.positions("rack")[rack].tolist()
    angle = np.deg2rad(float(plant.yaws("rack")[rack]))
    c, s = float(np.cos(angle)), float(np.sin(angle))
    return x + c * px - s * py, y + s * px + c * py, pz
