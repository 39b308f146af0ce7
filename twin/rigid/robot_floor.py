"""Where in a hall the robot can stand and drive: its free space, its door, its stands at racks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from twin.catalog.specs import Rack
from twin.errors import InputError
from twin.plant.plant import Plant
from twin.rigid.delivery import HallFloor, hall_floors
from twin.rigid.free_space import FULL_TURN, FreeSpace, at_walls, free_space, regions
from twin.rigid.outlines import Rows
from twin.rigid.robot_design import RobotDesign

HEADINGS = 24  # over a full turn: with the robot's margin, corners clear what both neighbours clear
GAP = 0.06  # m between the robot's front and a rack that it serves
Face = Literal["front", "rear"]
FACES: tuple[Face, Face] = ("front", "rear")
Pose = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class RobotFloor:
    """A hall as the robot sees it.

    hall : its row; floor : its outlines; space : free places; label : number of the connected
    region of every place; entered : regions that a door can lead to; door : place at a wall at
    which the robot comes in and finds its store, None where it fits nowhere
    """

    hall: int
    floor: HallFloor
    space: FreeSpace
    label: Rows
    entered: Rows
    door: tuple[int, int, int] | None

    def reachable(self, node: tuple[int, int, int] | None) -> bool:
        """Whether a place is free and can be reached from the door."""
        return (
            node is not None
            and self.door is not None
            and bool(self.label[node] == self.label[self.door])
        )


def robot_floor(plant: Plant, hall: int, design: RobotDesign) -> RobotFloor:
    """Free space of the robot in a hall; its door is the one nearest to the racks."""
    floor = hall_floors(plant)[hall]
    space = free_space(floor.box, floor.obstacles, design.footprint, HEADINGS, period=FULL_TURN)
    label = regions(space)
    doors = np.argwhere(at_walls(space, floor.walls) & space.free)
    if not len(doors):
        return RobotFloor(hall, floor, space, label, np.empty(0, np.int64), None)
    numbers = label[tuple(doors.T)]
    entered = np.unique(numbers)
    # of the regions with a door the largest one
    sizes = np.bincount(label[label > 0].ravel())
    main = int(entered[np.argmax(sizes[entered])])
    doors = doors[numbers == main]
    middle = plant.positions("rack")[floor.racks, :2].mean(axis=0)
    x = floor.box.x0 + (doors[:, 2] + 0.5) * space.cell
    y = floor.box.y0 + (doors[:, 1] + 0.5) * space.cell
    best = int(np.argmin(np.round(np.hypot(x - middle[0], y - middle[1]), 6)))
    k, j, i = (int(v) for v in doors[best])
    return RobotFloor(hall, floor, space, label, entered, (k, j, i))


def stand(
    plant: Plant,
    rack: int,
    face: Face,
    design: RobotDesign,
    shift: float = 0.0,
    gap: float = GAP,
) -> Pose:
    """Place [m] and turn [deg] of the robot before a face of a rack, to serve it.

    shift : how far it stands to its left [m]; gap : between its front and the rack [m]
    """
    product = plant.layout.product(plant.product_ids("rack")[rack], Rack)
    x, y, _ = plant.positions("rack")[rack].tolist()
    yaw = float(plant.yaws("rack")[rack]) + (90.0 if face == "front" else -90.0)
    away = 0.5 * product.depth + gap + 0.5 * design.length
    c, s = float(np.cos(np.deg2rad(yaw))), float(np.sin(np.deg2rad(yaw)))
    return x - c * away - s * shift, y - s * away + c * shift, yaw % 360.0


def in_robot_frame(pose: Pose, point: tuple[float, float, float]) -> tuple[float, float, float]:
    """A point of the common frame as the robot at a pose sees it."""
    angle = np.deg2rad(pose[2])
    c, s = float(np.cos(angle)), float(np.sin(angle))
    dx, dy = point[0] - pose[0], point[1] - pose[1]
    return c * dx + s * dy, -s * dx + c * dy, point[2]


def hall_of(plant: Plant, target: str | None) -> tuple[int, list[int], str]:
    """Hall and racks that a path means, and what of a rack (``tray-04``; "" for all of it).

    A site or no target means its first hall with racks; a hall or row all racks in it.

    Raises
    ------
    InputError : unknown path, or one without racks
    """
    tray = ""
    racks = np.arange(plant.levels["rack"].count)
    rack_hall = plant.levels["row"].parent_index[plant.levels["rack"].parent_index]
    if target is not None:
        tray, path = _tray_of(plant, target)
        level, row = plant.levels.find(path)
        if level not in ("site", "hall", "row", "rack"):
            raise InputError(
                f"a {level} has no racks to serve",
                key="target",
                found=target,
                allowed="a hall, a row, a rack, or a tray such as /site/hall/row/rack-01/tray-04",
            )
        racks = plant.levels.below(level, row, "rack")
    if not len(racks):
        raise InputError("no racks there", key="target", found=str(target))
    hall = int(rack_hall[racks[0]])
    return hall, [int(rack) for rack in racks if rack_hall[rack] == hall], tray


def _tray_of(plant: Plant, target: str) -> tuple[str, str]:
    """Name of the tray in a path ("" for none) and the path up to the rack."""
    words = target.strip("/").split("/")
    tray = next((number for number, word in enumerate(words) if word.startswith("tray")), None)
    if tray is None:
        return "", target
    path = "/" + "/".join(words[:tray])
    level, rack = plant.levels.find(path)
    if level == "rack":
        slots = {
            slot.name.partition("/")[0] for slot in plant.slots[plant.product_ids("rack")[rack]]
        }
        if words[tray] not in slots:
            raise InputError(
                f"no '{words[tray]}' in {path}",
                key="target",
                found=target,
                allowed=f"{min(slots)} to {max(slots)}",
            )
    return words[tray], path
