"""The rigid-body engine against closed forms: rocking (Housner), sliding (Newmark), a pendulum.

Tolerances: the closed forms are exact for their idealisation, so what is allowed is what a time
step of 1 ms leaves; onset and overturning are found by halving an interval of the acceleration.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from physics.rigid_laws import (
    GRAVITY,
    free_rocking_quarter_period,
    impact_ratio,
    pendulum_period,
    rocking_frequency,
    rocking_onset,
    rocking_response,
    sliding_under_pulse,
)
from twin.rigid.backend import UPRIGHT, Surface, open_world

pytest.importorskip("pybullet")

STEP = 0.001
WIDTH, DEPTH, HEIGHT = 0.6, 1.0, 2.236  # m, a rack
B, H = 0.5 * WIDTH, 0.5 * HEIGHT
ALPHA = math.atan2(B, H)
ROUGH = Surface(1.0)


def tilt(world: object, body: int) -> float:
    """Turn about y [rad]."""
    _, y, _, w = world.pose(body).turn  # type: ignore[attr-defined]
    return 2.0 * math.atan2(y, w)


def shaken(ground: Callable[[float], float], seconds: float) -> np.ndarray:
    """Tilt of a free-standing rack over time under a ground acceleration."""
    with open_world() as world:
        world.add_floor(ROUGH)
        (rack,) = world.add_boxes((WIDTH, DEPTH, HEIGHT), 1360.0, [(0.0, 0.0, H)], [UPRIGHT], ROUGH)
        world.set_gravity((0.0, 0.0, -GRAVITY))
        for _ in range(100):
            world.step(STEP)
        angles = []
        for n in range(round(seconds / STEP)):
            world.set_gravity((-ground(n * STEP), 0.0, -GRAVITY))
            world.step(STEP)
            angles.append(tilt(world, rack))
            if abs(angles[-1]) > 1.5:
                break
    return np.array(angles)


def threshold(overturns: Callable[[float], bool], low: float, high: float, halvings: int) -> float:
    """Acceleration above which something happens, by halving."""
    for _ in range(halvings):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if overturns(middle) else (middle, high)
    return 0.5 * (low + high)


def test_onset_of_rocking(accuracy: Callable[..., None]) -> None:
    onset = rocking_onset(B, H)

    def rocks(acceleration: float) -> bool:
        return bool(np.abs(shaken(lambda t: acceleration, 0.5)).max() > 1e-3)

    ours = threshold(rocks, 0.8 * onset, 1.2 * onset, 9)
    accuracy("rocking onset", ours, onset, 0.01, "m/s2", "Housner 1963: g b/h", relative=True)


def test_free_rocking(accuracy: Callable[..., None]) -> None:
    share = 0.5
    angle = share * ALPHA
    with open_world() as world:
        world.add_floor(ROUGH)
        (rack,) = world.add_boxes((WIDTH, DEPTH, HEIGHT), 1360.0, [(0.0, 0.0, H)], [UPRIGHT], ROUGH)
        world.set_gravity((0.0, 0.0, -GRAVITY))
        world.place(
            rack,
            (
                B - B * math.cos(angle) + H * math.sin(angle),
                0.0,
                B * math.sin(angle) + H * math.cos(angle),
            ),
            (0.0, math.sin(0.5 * angle), 0.0, math.cos(0.5 * angle)),
        )
        angles = []
        for _ in range(round(4.0 / STEP)):
            world.step(STEP)
            angles.append(tilt(world, rack))
    turned = np.array(angles)
    crossings = np.flatnonzero(np.sign(turned[1:]) != np.sign(turned[:-1]))
    accuracy(
        "time to fall back",
        (crossings[0] + 1) * STEP,
        free_rocking_quarter_period(B, H, angle),
        0.01,
        "s",
        "Housner 1963",
        relative=True,
    )
    ratio = impact_ratio(B, H)
    expected = share
    for number in range(3):
        peak = np.abs(turned[crossings[number] : crossings[number + 1]]).max() / ALPHA
        expected = 1.0 - math.sqrt(1.0 - ratio**2 * (1.0 - (1.0 - expected) ** 2))
        accuracy(
            f"amplitude after impact {number + 1} over alpha",
            peak,
            expected,
            0.01,
            "",
            "Housner 1963: (1 - 3/2 sin^2 alpha)",
        )


@pytest.mark.parametrize("pulse", [2.0, 4.0])
def test_overturning_by_half_sine_pulses(pulse: float, accuracy: Callable[..., None]) -> None:
    omega = pulse * rocking_frequency(B, H)
    onset = rocking_onset(B, H)

    def ground(amplitude: float, t: float) -> float:
        return amplitude * math.sin(omega * t) if t < math.pi / omega else 0.0

    def engine(amplitude: float) -> bool:
        return bool(np.abs(shaken(lambda t: ground(amplitude * onset, t), 3.0)).max() > 1.4)

    def law(amplitude: float) -> bool:
        motion = np.array([ground(amplitude * onset, n * STEP) for n in range(3000)])
        return bool(np.abs(rocking_response(motion, STEP, B, H, impact_ratio(B, H))).max() > 1.4)

    accuracy(
        f"overturning half sine at {pulse:g} p",
        threshold(engine, 1.0, 8.0, 9),
        threshold(law, 1.0, 8.0, 9),
        0.01,
        "times g b/h",
        "rocking equation of Makris and Konstantinidis 2003",
        relative=True,
    )


@pytest.mark.parametrize(("acceleration", "duration", "friction"), [(5.0, 0.2, 0.3), (8, 0.3, 0.4)])
def test_sliding(
    acceleration: float, duration: float, friction: float, accuracy: Callable[..., None]
) -> None:
    with open_world() as world:
        world.add_floor(ROUGH)
        (box,) = world.add_boxes(
            (1.2, 1.2, 0.6), 1000.0, [(0.0, 0.0, 0.3)], [UPRIGHT], Surface(friction)
        )
        world.set_gravity((0.0, 0.0, -GRAVITY))
        for _ in range(100):
            world.step(STEP)
        start = world.pose(box).position[0]
        for n in range(2000):
            push = acceleration if n * STEP < duration - 1e-9 else 0.0
            world.set_gravity((-push, 0.0, -GRAVITY))
            world.step(STEP)
        slip = start - world.pose(box).position[0]
    accuracy(
        f"slip at {acceleration:g} m/s2",
        slip,
        sliding_under_pulse(acceleration, duration, friction),
        0.002,
        "m",
        "Newmark 1965",
        relative=True,
    )


PENDULUM = """<?xml version="1.0"?>
<robot name="pendulum">
  <link name="base"><inertial><mass value="1"/>
    <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="bob">
    <inertial><origin xyz="0 0 -{length}"/><mass value="5"/>
      <inertia ixx="{i}" iyy="{i}" izz="{i}" ixy="0" ixz="0" iyz="0"/></inertial>
  </link>
  <joint name="hinge" type="continuous"><parent link="base"/><child link="bob"/>
    <origin xyz="0 0 0"/><axis xyz="0 1 0"/><dynamics damping="0" friction="0"/></joint>
</robot>
"""


@pytest.mark.parametrize("amplitude", [0.1, 1.0, 2.0])
def test_pendulum(amplitude: float, accuracy: Callable[..., None]) -> None:
    length, inertia, mass = 1.5, 0.02, 5.0
    reduced = (inertia + mass * length**2) / (mass * length)
    with open_world() as world:
        world.set_gravity((0.0, 0.0, -GRAVITY))
        body = world.add_articulated(
            PENDULUM.format(length=length, i=inertia), (0, 0, 5), UPRIGHT, fixed=True
        )
        world.set_joint_angles(body, [amplitude])
        angles = []
        for _ in range(round(8.0 / STEP)):
            world.step(STEP)
            angles.append(world.joint_angles(body)[0])
    swing = np.array(angles)
    falling = np.flatnonzero((swing[:-1] > 0.0) & (swing[1:] <= 0.0))
    share = swing[falling] / (swing[falling] - swing[falling + 1])
    times = (falling + 1 + share) * STEP
    accuracy(
        f"pendulum at {amplitude:g} rad",
        float(np.diff(times).mean()),
        pendulum_period(reduced, amplitude),
        0.002,
        "s",
        "elliptic integral",
        relative=True,
    )


def test_same_calls_same_trajectory() -> None:
    first = shaken(lambda t: 4.0 * math.sin(9.0 * t), 1.5)
    second = shaken(lambda t: 4.0 * math.sin(9.0 * t), 1.5)
    np.testing.assert_array_equal(first, second)
