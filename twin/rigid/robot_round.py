"""What a robot on its round looks at: the state of the twin, camera poses, lidar scans."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from twin.errors import InputError
from twin.plant.plant import Plant
from twin.rigid.backend import Vector
from twin.rigid.robot_design import RobotDesign
from twin.rigid.robot_floor import RobotFloor
from twin.rigid.robot_sight import CHANNELS, EYE_HEIGHT, Floats, lidar_scan
from twin.rigid.robot_tasks import Patrol, Stop
from twin.rigid.robot_world import RobotWorld
from twin.sources import SimulationSource, open_source

WARMED_UP = 600.0  # s after which a layout is looked at
SCANS = 60  # of the lidar on a round, at most


def values_of(
    plant: Plant, state: str | None, at: str | None
) -> tuple[float, Mapping[str, Floats]]:
    """Simulated time [s] and channels of the twin that the robot sees.

    state : a recording, a server's address, or None for the layout simulated from its start
    at : simulated time; of a server only the present is there; of a layout after ten minutes

    Raises
    ------
    InputError : a state of another layout, a time that is none, or a time of a live server
    """
    from twin.cli.run import parse_duration

    moment = None if at is None else parse_duration(at, "at")
    if state is None:
        from twin.factory import Factory

        simulation = Factory(plant.layout).simulation()
        simulation.advance(WARMED_UP if moment is None else moment)
        return simulation.time, {name: simulation.channel(name).copy() for name in CHANNELS}
    source = open_source(state)
    try:
        if source.scene["digest"] != plant.digest:
            raise InputError(
                "a state of another layout",
                key="state",
                found=str(source.scene["name"]),
                allowed=plant.name,
            )
        source.select(list(CHANNELS))
        seek = getattr(source, "at", None)
        if moment is not None and seek is None and not isinstance(source, SimulationSource):
            raise InputError("a live server has only the present", key="at", found=str(at))
        if moment is not None and seek is not None:
            frame = seek(moment)
        elif moment is not None and isinstance(source, SimulationSource):
            source.command("pause")
            frame = source.advance(moment)
        else:
            frame = source.wait()
        return frame.time, {
            name: np.asarray(values, dtype=float) for name, values in frame.values.items()
        }
    finally:
        source.close()


def look_at(plant: Plant, stop: Stop) -> tuple[Vector, Vector]:
    """Eye and aim of the camera at a stop: from the mast to the middle of the rack's face.

    Obliquely from the aisle's far side, so that most of the rack's height is seen.
    """
    x, y, _ = plant.positions("rack")[stop.rack].tolist()
    product = plant.layout.products[plant.product_ids("rack")[stop.rack]]
    angle = math.radians(float(plant.yaws("rack")[stop.rack]))
    sign = -1.0 if stop.face == "front" else 1.0
    out = (-math.sin(angle) * sign, math.cos(angle) * sign)
    face = (x + out[0] * 0.5 * product.depth, y + out[1] * 0.5 * product.depth)
    eye = (stop.pose[0] + 0.25 * out[0], stop.pose[1] + 0.25 * out[1], EYE_HEIGHT)
    return eye, (face[0], face[1], 0.5 * product.height)


def lidar_points(
    plant: Plant, floor: RobotFloor, design: RobotDesign, tour: Patrol, seed: int
) -> Floats:
    """Points [n, 2] that the lidar gathers at stops of a round, in the common frame [m]."""
    every = max(1, math.ceil(len(tour.stops) / SCANS))
    clouds = [np.empty((0, 2))]
    with RobotWorld(plant, floor.hall, design) as world:
        world.world.place(world.empty, (0.0, 0.0, -50.0), (0.0, 0.0, 0.0, 1.0))
        for number, stop in enumerate(tour.stops[::every]):
            _, points = lidar_scan(world.world, world.origin, stop.pose, seed + number)
            clouds.append(points)
    return np.concatenate(clouds)
