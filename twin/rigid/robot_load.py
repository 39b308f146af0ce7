"""What a tray asks of the robot: forces in its joints, and whether it could tip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physics.rigid_laws import GRAVITY
from twin.rigid.robot_design import JOINTS, Load, RobotDesign, tool_tip, tool_torques
from twin.rigid.robot_reach import TOOL_FORCE
from twin.rigid.robot_track import Sample
from twin.rigid.robot_world import RobotWorld

SLIDE_FRICTION = 0.15  # of a tray on its rails and on the table
UNMATING_FORCE = 200.0
"""N to part a tray's blind-mate couplings and connectors: engineering estimate."""
WHEEL_INSET = 0.06  # m from the base's edge to its wheels


@dataclass(frozen=True)
class Effort:
    """Largest force [N] or torque [N m] of a joint over a task, against its limit."""

    joint: str
    largest: float
    limit: float

    @property
    def held(self) -> bool:
        """Whether the joint can give it."""
        return self.largest <= self.limit


def efforts_along(
    world: RobotWorld, samples: Sequence[Sample], load: Load | None, working: Sequence[Sample] = ()
) -> list[Effort]:
    """Largest efforts of every joint over samples.

    Weight and the carriage's acceleration by the engine's inverse dynamics; the puller also slides
    the tray over its rails and parts its couplings; at ``working`` samples the tool pushes.
    """
    design = world.design
    largest = np.zeros(len(JOINTS))
    zero = [0.0] * len(JOINTS)
    pressed = {id(sample) for sample in working}
    slide = SLIDE_FRICTION * load.mass * GRAVITY + UNMATING_FORCE if load is not None else 0.0
    for before, sample in zip([samples[0], *samples[:-1]], samples, strict=True):
        body = world.loaded if sample.loaded else world.empty
        moving = abs(sample.joints[0] - before.joints[0]) > 1e-9
        pulling = sample.loaded and abs(sample.joints[1] - before.joints[1]) > 1e-9
        acceleration = [design.lift_acceleration if moving else 0.0, *zero[1:]]
        forces = np.abs(world.world.efforts(body, sample.joints, zero, acceleration))
        if pulling:
            forces[1] += slide
        if id(sample) in pressed:
            held = world.world.efforts(body, sample.joints, zero, zero)
            push = tool_torques(design, sample.joints, (-TOOL_FORCE, 0.0, 0.0))
            forces = np.maximum(forces, np.abs(np.add(held, push)))
        largest = np.maximum(largest, forces)
    return [
        Effort(name, float(value), limit)
        for name, value, limit in zip(JOINTS, largest, design.force_limits, strict=True)
    ]


def tipping_margin(design: RobotDesign, samples: Sequence[Sample], load: Load | None) -> float:
    """Least distance [m] of the weight's line to the wheels' rectangle, while braking if it rolls.

    Negative: the robot tips.
    """
    least = np.inf
    half = np.array([0.5 * design.length, 0.5 * design.width]) - WHEEL_INSET
    for before, sample in zip([samples[0], *samples[:-1]], samples, strict=True):
        mass, centre = _centre(design, sample, load)
        rolls = (before.x, before.y) != (sample.x, sample.y)
        shift = design.acceleration / GRAVITY * centre[2] if rolls else 0.0
        least = min(least, float((half - np.abs(centre[:2]) - shift).min()))
        assert mass > 0.0
    return least


def _centre(
    design: RobotDesign, sample: Sample, load: Load | None
) -> tuple[float, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Mass [kg] and its centre in the robot's frame [m]; the arm's halfway from foot to tip."""
    d = design
    lift, pull = sample.joints[:2]
    table = d.table_height + lift
    foot = np.array([d.bridge_x, 0.0, table + d.bridge_height])
    arm = 0.5 * (foot + tool_tip(d, sample.joints))
    parts = [
        (d.base_mass, np.array([-0.02, 0.0, 0.5 * d.base_height])),
        (d.mast_mass, np.array([d.table_rear + 0.02, 0.0, 0.5 * d.mast_height])),
        (d.carriage_mass + 3.0, np.array([d.table_rear + 0.3, 0.0, table + 0.1])),
        (d.puller_mass, np.array([d.table_rear + pull, 0.0, table])),
        (sum(d.arm_masses), arm),
    ]
    if sample.loaded and load is not None:
        parts.append(
            (load.mass, np.array([d.table_rear + pull + 0.5 * load.length, 0.0, table + 0.02]))
        )
    mass = sum(part[0] for part in parts)
    centre = sum((part[0] * part[1] for part in parts), np.zeros(3)) / mass
    return mass, centre
