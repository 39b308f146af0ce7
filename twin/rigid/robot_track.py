"""What a robot does over time: ways over the floor and movements of its joints, as samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from twin.plant.placement import Box
from twin.rigid.free_space import TURN_COST, FreeSpace, shortest_way, way_length
from twin.rigid.robot_design import FOLDED, RobotDesign

SAMPLE = 0.25  # s between samples of a movement
WINDOW = 3.0  # m around both ends of a way in which it is looked for first
STRAIGHT = 0.5  # of a cell: distance between points at which a short cut is looked at


@dataclass(frozen=True)
class Sample:
    """State at a time [s]: base x, y [m] and turn [deg], joints, whether a tray is on the table."""

    time: float
    x: float
    y: float
    yaw: float
    joints: tuple[float, ...]
    loaded: bool = False


@dataclass(frozen=True)
class Step:
    """One named part of a task: when it begins and how long it takes [s]."""

    name: str
    start: float
    duration: float


@dataclass
class Track:
    """Samples and steps of a task, built one movement after the other."""

    design: RobotDesign
    samples: list[Sample]
    steps: list[Step] = field(default_factory=list)
    distance: float = 0.0
    _open: tuple[str, float] | None = None

    @classmethod
    def begin(cls, design: RobotDesign, x: float, y: float, yaw: float) -> Track:
        """A track that stands at a place with folded arm."""
        return cls(design, [Sample(0.0, x, y, yaw, FOLDED)])

    @property
    def now(self) -> Sample:
        """The last sample."""
        return self.samples[-1]

    def step(self, name: str) -> None:
        """Close the step before and begin another."""
        self.finish()
        self._open = (name, self.now.time)

    def finish(self) -> None:
        """Close the open step."""
        if self._open is not None:
            name, start = self._open
            self.steps.append(Step(name, start, self.now.time - start))
            self._open = None

    def wait(self, seconds: float) -> None:
        """Stand still."""
        now = self.now
        self.samples.append(
            Sample(now.time + seconds, now.x, now.y, now.yaw, now.joints, now.loaded)
        )

    def load(self, loaded: bool) -> None:
        """Take or give a tray, at once."""
        now = self.now
        self.samples.append(Sample(now.time, now.x, now.y, now.yaw, now.joints, loaded))

    def roll_to(self, x: float, y: float) -> None:
        """Roll straight to a place without turning."""
        now, d = self.now, self.design
        length = math.hypot(x - now.x, y - now.y)
        speed = d.loaded_speed if now.loaded else d.speed
        self.distance += length
        for time, share in profile(length, speed, d.acceleration):
            self.samples.append(
                Sample(
                    now.time + time,
                    now.x + share * (x - now.x),
                    now.y + share * (y - now.y),
                    now.yaw,
                    now.joints,
                    now.loaded,
                )
            )

    def turn_to(self, yaw: float) -> None:
        """Turn on the spot the shorter way; the angle goes on counting past a full turn."""
        self.turn_by(shorter(yaw - self.now.yaw))

    def turn_by(self, change: float) -> None:
        """Turn on the spot by an angle [deg]."""
        now, d = self.now, self.design
        angle = math.radians(abs(change))
        for time, share in profile(angle, d.turn_rate, d.turn_rate):
            self.samples.append(
                Sample(
                    now.time + time,
                    now.x,
                    now.y,
                    now.yaw + share * change,
                    now.joints,
                    now.loaded,
                )
            )

    def follow(self, way: Sequence[tuple[float, float, float]]) -> None:
        """Follow a way: straight lines and turns on the spot, the way round that it says."""
        turn, heading = 0.0, self.now.yaw
        for x, y, yaw in way:
            turn += shorter(yaw - heading)
            heading = yaw
            if math.hypot(x - self.now.x, y - self.now.y) > 1e-9:
                if abs(turn) > 1e-6:
                    self.turn_by(turn)
                turn = 0.0
                self.roll_to(x, y)
        if abs(turn) > 1e-6:
            self.turn_by(turn)

    def joints_to(self, joints: Sequence[float]) -> None:
        """Move all joints together; the slowest sets the time."""
        now, d = self.now, self.design
        change = [b - a for a, b in zip(now.joints, joints, strict=True)]
        speeds = [d.lift_speed, d.pull_speed] + [d.joint_speed] * (len(change) - 2)
        slowest = max(abs(c) / s for c, s in zip(change, speeds, strict=True))
        # a unit way whose speed limit is that of the slowest joint
        if slowest <= 0.0:
            return
        ramp = d.lift_speed / d.lift_acceleration
        for time, share in profile(1.0, 1.0 / slowest, 1.0 / (slowest * ramp)):
            self.samples.append(
                Sample(
                    now.time + time,
                    now.x,
                    now.y,
                    now.yaw,
                    tuple(a + share * c for a, c in zip(now.joints, change, strict=True)),
                    now.loaded,
                )
            )


def profile(length: float, speed: float, acceleration: float) -> list[tuple[float, float]]:
    """Times [s] and shares of a way with even acceleration, steady speed, even braking.

    The last is exactly (duration, 1); nothing for a way of no length.
    """
    if length <= 1e-12:
        return []
    ramp = min(speed / acceleration, math.sqrt(length / acceleration))
    top = ramp * acceleration
    total = 2.0 * ramp + (length - top * ramp) / top
    count = max(1, math.ceil(total / SAMPLE))
    points = []
    for number in range(1, count):
        t = total * number / count
        if t < ramp:
            s = 0.5 * acceleration * t * t
        elif t <= total - ramp:
            s = top * (t - 0.5 * ramp)
        else:
            s = length - 0.5 * acceleration * (total - t) ** 2
        points.append((t, s / length))
    return [*points, (total, 1.0)]


def shorter(change: float) -> float:
    """The same turn [deg] the shorter way round."""
    return (change + 180.0) % 360.0 - 180.0


def way_between(
    space: FreeSpace, start: tuple[int, int, int], goal: tuple[int, int, int]
) -> list[tuple[float, float, float]] | None:
    """Shortest way between two free nodes with its corners cut where the straight line is free."""
    way = _shortest_near(space, start, goal) or shortest_way(space, start, goal)
    if way is None or len(way) < 3:
        return way
    kept = [way[0]]
    here = 0
    while here < len(way) - 1:
        following = here + 1
        for further in range(len(way) - 1, here + 1, -1):
            level = all(place[2] == way[here][2] for place in way[here : further + 1])
            if level and _clear(space, way[here], way[further]):
                following = further
                break
        kept.append(way[following])
        here = following
    return kept


def _shortest_near(
    space: FreeSpace, start: tuple[int, int, int], goal: tuple[int, int, int]
) -> list[tuple[float, float, float]] | None:
    """Shortest way in a window around both ends, if no way that leaves the window is shorter.

    A way out of the window and back is at least twice its margin long.
    """
    margin = round(WINDOW / space.cell)
    _, rows, columns = space.free.shape
    j0, j1 = max(min(start[1], goal[1]) - margin, 0), max(start[1], goal[1]) + margin + 1
    i0, i1 = max(min(start[2], goal[2]) - margin, 0), max(start[2], goal[2]) + margin + 1
    if (j1 - j0) * (i1 - i0) > rows * columns // 2:
        return None
    hall = Box(
        space.hall.x0 + i0 * space.cell,
        space.hall.y0 + j0 * space.cell,
        space.hall.x0 + min(i1, columns) * space.cell,
        space.hall.y0 + min(j1, rows) * space.cell,
    )
    part = np.ascontiguousarray(space.free[:, j0:j1, i0:i1])
    window = FreeSpace(hall, space.size, part, space.cell, space.period)
    way = shortest_way(
        window, (start[0], start[1] - j0, start[2] - i0), (goal[0], goal[1] - j0, goal[2] - i0)
    )
    if way is None:
        return None
    step = space.period / len(space.free)
    turns = sum(abs(shorter(b[2] - a[2])) / step for a, b in pairwise(way))
    return way if way_length(way) + TURN_COST * turns <= 2.0 * WINDOW else None


def _clear(
    space: FreeSpace, first: tuple[float, float, float], second: tuple[float, float, float]
) -> bool:
    """Whether a straight way without turning is free."""
    length = math.hypot(second[0] - first[0], second[1] - first[1])
    count = max(1, math.ceil(length / (STRAIGHT * space.cell)))
    share = np.arange(count + 1) / count
    k, _, _ = space.node(*first)
    x = first[0] + share * (second[0] - first[0])
    y = first[1] + share * (second[1] - first[1])
    columns = np.rint((x - space.hall.x0) / space.cell - 0.5).astype(int)
    rows = np.rint((y - space.hall.y0) / space.cell - 0.5).astype(int)
    return bool(space.free[k, rows, columns].all())
