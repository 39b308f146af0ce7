"""A mobile manipulator for data halls, built from boxes and cylinders: figures, URDF, kinematics.

A base that rolls in any direction carries two posts; on them runs a carriage with a table for one
tray, a puller that draws the tray onto the table, and on a bridge above the table an arm of six
joints with a slender tool. In the robot's frame x points to the rack it serves, y to its left, z
up, the origin is on the floor in the middle of its base.

The machine is generic; its figures are engineering estimates of the class of server lifts and
collaborative arms of 10 kg payload.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

JOINTS = ("lift", "puller", "turn", "shoulder", "elbow", "pitch", "yaw", "roll")
"""Joints in order: two that slide [m], then the arm's [rad]."""
FOLDED = (0.0, 0.0, 0.0, -1.35, 2.6, -1.75, 0.0, 0.0)
"""Joints for driving: carriage down, puller back, arm folded over the table."""


@dataclass(frozen=True)
class RobotDesign:
    """Figures of the robot: lengths [m], masses [kg], speeds [m/s, rad/s], limits [N, N m].

    length, width, base_height : of the base; mast_height : top of the posts
    table_height : of the table at the bottom of its travel; lift_travel, pull_travel
    table_width : clear width between the posts
    bridge_height : arm's foot above the table; bridge_x : its place along the robot
    upper_arm, forearm, tool : lengths from shoulder to elbow, to wrist, to tip
    tool_radius : of the slender tool
    base_mass, mast_mass, carriage_mass, puller_mass, arm_masses : upper arm, forearm, hand
    force_limits : of the joints; joint_speeds, joint_accelerations
    speed, loaded_speed, acceleration, turn_rate : of the base
    pull_speed, lift_speed, lift_acceleration
    """

    length: float = 0.90
    width: float = 0.62
    base_height: float = 0.24
    mast_height: float = 1.95
    table_height: float = 0.30
    lift_travel: float = 1.75
    pull_travel: float = 1.1
    table_width: float = 0.52
    bridge_height: float = 0.46
    bridge_x: float = -0.36
    upper_arm: float = 0.52
    forearm: float = 0.46
    tool: float = 0.28
    tool_radius: float = 0.012
    base_mass: float = 220.0
    mast_mass: float = 40.0
    carriage_mass: float = 45.0
    puller_mass: float = 4.0
    arm_masses: tuple[float, float, float] = (6.0, 4.0, 1.5)
    force_limits: tuple[float, ...] = (2800.0, 600.0, 150.0, 250.0, 120.0, 40.0, 40.0, 20.0)
    speed: float = 1.0
    loaded_speed: float = 0.6
    acceleration: float = 0.5
    turn_rate: float = 0.8
    pull_speed: float = 0.08
    lift_speed: float = 0.15
    lift_acceleration: float = 0.3
    joint_speed: float = 0.8
    margin: float = 0.05

    @property
    def footprint(self) -> tuple[float, float]:
        """Length and width with the margin it keeps all round [m]."""
        return self.length + 2.0 * self.margin, self.width + 2.0 * self.margin

    @property
    def table_front(self) -> float:
        """x of the table's front edge [m]: flush with the base."""
        return 0.5 * self.length

    @property
    def table_rear(self) -> float:
        """x of the table's rear edge [m], which is where the puller ends."""
        return -0.5 * self.length + 0.02

    def limits(self) -> list[tuple[float, float]]:
        """Range of every joint of :data:`JOINTS`."""
        arm = [(-2.8, 2.8), (-2.6, 2.6), (-2.9, 2.9), (-3.0, 3.0), (-2.8, 2.8), (-6.28, 6.28)]
        return [(0.0, self.lift_travel), (0.0, self.pull_travel), *arm]

    @property
    def mass(self) -> float:
        """Of the whole robot without load [kg]."""
        arm = sum(self.arm_masses) + 3.0  # and the arm's foot
        return self.base_mass + self.mast_mass + self.carriage_mass + self.puller_mass + arm


@dataclass(frozen=True)
class Load:
    """A tray on the table: size along the robot's x, y, z [m], and mass [kg]."""

    length: float
    width: float
    height: float
    mass: float


def urdf(design: RobotDesign, load: Load | None = None) -> str:
    """The robot as URDF; a load hangs rigidly on the puller, its outer face at the puller's."""
    d = design
    posts = 0.5 * d.width - 0.025
    mast = d.mast_height - d.base_height
    table = d.table_front - d.table_rear
    bridge = d.bridge_height
    back = d.table_rear + 0.02
    parts = [
        '<robot name="mobile-manipulator">',
        _link(
            "base",
            d.base_mass + d.mast_mass,
            (-0.02, 0.0, 0.5 * d.base_height),
            [
                _box((0.0, 0.0, 0.5 * d.base_height + 0.02), (d.length, d.width, d.base_height)),
                _box((back, posts, d.base_height + 0.5 * mast), (0.05, 0.05, mast)),
                _box((back, -posts, d.base_height + 0.5 * mast), (0.05, 0.05, mast)),
            ],
            (d.length, d.width, 0.6),
        ),
        _link(
            "carriage",
            d.carriage_mass + 3.0,
            (d.table_rear + 0.3, 0.0, 0.1),
            [
                _box(
                    (0.5 * (d.table_front + d.table_rear), 0.0, -0.015),
                    (table, d.table_width - 0.02, 0.03),
                ),
                # the bridge over the table stands on the carriage's side plates
                _box((d.bridge_x, 0.5 * d.table_width + 0.02, 0.5 * bridge), (0.06, 0.02, bridge)),
                _box((d.bridge_x, -0.5 * d.table_width - 0.02, 0.5 * bridge), (0.06, 0.02, bridge)),
                _box((d.bridge_x, 0.0, bridge - 0.03), (0.10, d.table_width + 0.06, 0.03)),
            ],
            (table, d.width, 0.3),
        ),
        _joint("lift", "prismatic", "base", "carriage", (0, 0, d.table_height), (0, 0, 1), d),
        _link(
            "puller",
            d.puller_mass,
            (-0.01, 0.0, 0.02),
            [_box((-0.01, 0.0, 0.02), (0.016, 0.30, 0.03))],
            (0.02, 0.3, 0.03),
        ),
        _joint("puller", "prismatic", "carriage", "puller", (d.table_rear, 0, 0), (1, 0, 0), d),
        _link("foot", 0.5, (0, 0, 0), [], (0.1, 0.1, 0.1)),
        _joint("turn", "revolute", "carriage", "foot", (d.bridge_x, 0, bridge), (0, 0, 1), d),
        _link(
            "upper-arm",
            d.arm_masses[0],
            (0.5 * d.upper_arm, 0, 0),
            [_rod((0.0, 0, 0), d.upper_arm, 0.045)],
            (d.upper_arm, 0.09, 0.09),
        ),
        _joint("shoulder", "revolute", "foot", "upper-arm", (0, 0, 0.06), (0, 1, 0), d),
        _link(
            "forearm",
            d.arm_masses[1],
            (0.5 * d.forearm, 0, 0),
            [_rod((0.05, 0, 0), d.forearm - 0.08, 0.035)],
            (d.forearm, 0.07, 0.07),
        ),
        _joint("elbow", "revolute", "upper-arm", "forearm", (d.upper_arm, 0, 0), (0, 1, 0), d),
        _link("wrist", 0.3, (0, 0, 0), [], (0.05, 0.05, 0.05)),
        _joint("pitch", "revolute", "forearm", "wrist", (d.forearm, 0, 0), (0, 1, 0), d),
        _link("knuckle", 0.3, (0, 0, 0), [], (0.05, 0.05, 0.05)),
        _joint("yaw", "revolute", "wrist", "knuckle", (0, 0, 0), (0, 0, 1), d),
        _link(
            "hand",
            d.arm_masses[2] - 0.6,
            (0.06, 0, 0),
            [_rod((-0.03, 0, 0), 0.09, 0.03), _rod((0.06, 0, 0), d.tool - 0.06, d.tool_radius)],
            (0.2, 0.05, 0.05),
        ),
        _joint("roll", "revolute", "knuckle", "hand", (0, 0, 0), (1, 0, 0), d),
    ]
    if load is not None:
        middle = (0.5 * load.length, 0.0, 0.5 * load.height)
        size = (load.length, load.width, load.height)
        parts += [
            _link("load", load.mass, middle, [_box(middle, size)], size),
            '<joint name="load" type="fixed"><parent link="puller"/><child link="load"/>'
            f'<origin xyz="0.001 0 {0.002}"/></joint>',
        ]
    return "\n".join([*parts, "</robot>"])


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" for value in values)


def _box(middle: Sequence[float], size: Sequence[float]) -> str:
    return f'<origin xyz="{_numbers(middle)}"/><geometry><box size="{_numbers(size)}"/></geometry>'


def _rod(start: Sequence[float], length: float, radius: float) -> str:
    """A cylinder along x from ``start``."""
    middle = (start[0] + 0.5 * length, start[1], start[2])
    return (
        f'<origin xyz="{_numbers(middle)}" rpy="0 {0.5 * math.pi:.6f} 0"/>'
        f'<geometry><cylinder radius="{radius:g}" length="{length:.6g}"/></geometry>'
    )


def _link(
    name: str,
    mass: float,
    centre: Sequence[float],
    shapes: Sequence[str],
    extent: Sequence[float],
) -> str:
    """A link; its inertia is that of a box of ``extent`` about its centre of mass."""
    x, y, z = (value * value for value in extent)
    inertia = (
        f'ixx="{mass * (y + z) / 12:.6g}" iyy="{mass * (x + z) / 12:.6g}" '
        f'izz="{mass * (x + y) / 12:.6g}" ixy="0" ixz="0" iyz="0"'
    )
    looks = "".join(f"<visual>{shape}</visual><collision>{shape}</collision>" for shape in shapes)
    return (
        f'<link name="{name}"><inertial><origin xyz="{_numbers(centre)}"/>'
        f'<mass value="{mass:.6g}"/><inertia {inertia}/></inertial>{looks}</link>'
    )


def _joint(
    name: str,
    kind: str,
    parent: str,
    child: str,
    origin: Sequence[float],
    axis: Sequence[float],
    design: RobotDesign,
) -> str:
    number = JOINTS.index(name)
    low, high = design.limits()[number]
    return (
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
        f'<origin xyz="{_numbers(origin)}"/><axis xyz="{_numbers(axis)}"/>'
        f'<limit lower="{low:g}" upper="{high:g}" effort="{design.force_limits[number]:g}" '
        f'velocity="1"/></joint>'
    )


def arm_angles(
    design: RobotDesign, lift: float, target: Sequence[float], elbow_up: bool = True
) -> tuple[float, ...] | None:
    """Joints of :data:`JOINTS` that hold the tool's tip at a point, level and along x.

    target : in the robot's frame [m]; None where the arm is too short, a limit stops it, or the
    wrist's place is above the arm's foot. In closed form: the wrist's axes meet in one point.
    """
    d = design
    x = target[0] - d.tool - d.bridge_x
    y = target[1]
    z = target[2] - (d.table_height + lift + d.bridge_height + 0.06)
    turn = math.atan2(y, x)
    level = math.hypot(x, y)
    reach = math.hypot(level, z)
    a, b = d.upper_arm, d.forearm
    if reach > a + b - 1e-6 or reach < abs(a - b) + 1e-6:
        return None
    bend = math.acos((reach * reach - a * a - b * b) / (2.0 * a * b))
    elbow = bend if elbow_up else -bend
    # turning about y lowers what points along x, so angles below the level are positive
    shoulder = math.atan2(-z, level) - math.atan2(b * math.sin(elbow), a + b * math.cos(elbow))
    joints = (lift, 0.0, turn, shoulder, elbow, -shoulder - elbow, -turn, 0.0)
    for angle, (low, high) in zip(joints, design.limits(), strict=True):
        if not low <= angle <= high:
            return None
    return joints


def tool_tip(design: RobotDesign, joints: Sequence[float]) -> Floats:
    """Tip of the tool in the robot's frame [m] for joints of :data:`JOINTS`."""
    lift, _, turn, shoulder, elbow, pitch, yaw, _ = joints
    d = design

    def about_z(angle: float) -> Floats:
        c, s = math.cos(angle), math.sin(angle)
        return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    def about_y(angle: float) -> Floats:
        c, s = math.cos(angle), math.sin(angle)
        return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])

    point = np.array([d.bridge_x, 0.0, d.table_height + lift + d.bridge_height])
    turned = about_z(turn)
    point = point + turned @ (0.0, 0.0, 0.06)
    turned = turned @ about_y(shoulder)
    point = point + turned @ (d.upper_arm, 0.0, 0.0)
    turned = turned @ about_y(elbow)
    point = point + turned @ (d.forearm, 0.0, 0.0)
    turned = turned @ about_y(pitch) @ about_z(yaw)
    return np.asarray(point + turned @ (d.tool, 0.0, 0.0))


def tool_torques(
    design: RobotDesign, joints: Sequence[float], force: Sequence[float]
) -> list[float]:
    """Torques and forces with which the joints hold a force on the tool's tip [N, N m].

    By virtual work: minus the force along the tip's movement with each joint.
    """
    step = 1e-6
    torques = []
    for number in range(len(joints)):
        ahead, behind = list(joints), list(joints)
        ahead[number] += step
        behind[number] -= step
        move = (tool_tip(design, ahead) - tool_tip(design, behind)) / (2.0 * step)
        torques.append(-float(move @ np.asarray(force)))
    return torques
