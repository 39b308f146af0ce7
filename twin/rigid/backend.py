"""What the twin asks of a rigid-body engine: little enough that another can take its place.

Bodies are numbers. Lengths are metres, masses kilograms, forces newtons, angles radians; turns are
quaternions x, y, z, w. A world does the same for the same calls on one machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
UPRIGHT: Quaternion = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Surface:
    """Coulomb friction and restitution of a surface; those of two that touch multiply."""

    friction: float = 0.5
    restitution: float = 0.0


@dataclass(frozen=True)
class Pose:
    """Centre of mass and turn of a body, with its velocities [m/s, rad/s]."""

    position: Vector
    turn: Quaternion
    velocity: Vector
    spin: Vector


@dataclass(frozen=True)
class Contact:
    """Two bodies that touch: where, the normal force, and how far apart (negative: overlap)."""

    first: int
    second: int
    position: Vector
    force: float
    distance: float


@dataclass(frozen=True)
class Near:
    """A body close to another one: which, by which link of the first ("": its base), how far [m].

    A negative distance is the depth of an overlap.
    """

    body: int
    link: str
    distance: float


@dataclass(frozen=True)
class Picture:
    """A camera's picture: colour [h, w, 3], distance along the view [h, w, m], body seen [h, w]."""

    colour: NDArray[np.uint8]
    distance: NDArray[np.float64]
    body: NDArray[np.int64]


class RigidBackend(Protocol):
    """One world of rigid bodies."""

    def set_gravity(self, gravity: Vector) -> None:
        """Set the acceleration that all bodies feel [m/s2]."""

    def add_floor(self, surface: Surface) -> int:
        """Add the half space below z = 0."""

    def add_boxes(
        self,
        size: Vector,
        mass: float,
        positions: Sequence[Vector],
        turns: Sequence[Quaternion],
        surface: Surface,
        centre: Vector = (0.0, 0.0, 0.0),
    ) -> list[int]:
        """Add equal boxes; ``mass`` 0 fixes them. ``centre``: of mass, from the box's middle."""

    def add_articulated(self, urdf: str, position: Vector, turn: Quaternion, fixed: bool) -> int:
        """Add a body of links and joints from the text of a URDF file."""

    def pose(self, body: int) -> Pose:
        """Where a body is and how it moves."""

    def place(self, body: int, position: Vector, turn: Quaternion) -> None:
        """Put a body somewhere at rest; an articulated one by its base's frame."""

    def step(self, seconds: float, substeps: int = 1) -> None:
        """Advance by a fixed time, in equal parts."""

    def contacts(self, body: int | None = None) -> list[Contact]:
        """Contacts of the last step, of one body or of all."""

    def closest(self, first: int, second: int, reach: float) -> float:
        """Smallest distance between two bodies [m]: negative if they overlap, inf beyond reach."""

    def near(self, body: int, reach: float) -> list[Near]:
        """Bodies nearer than ``reach`` [m] with the nearest link of this one; floors left out.

        In the order of their numbers; ties do not count.
        """

    def own_overlaps(self, body: int) -> list[tuple[str, str]]:
        """Links of one body that overlap and are not joined to each other."""

    def efforts(
        self,
        body: int,
        angles: Sequence[float],
        rates: Sequence[float],
        accelerations: Sequence[float],
    ) -> list[float]:
        """Force or torque of each joint [N, N m] for a motion of a body whose base is fixed."""

    def joints(self, body: int) -> list[str]:
        """Names of a body's joints that move, in order."""

    def joint_angles(self, body: int) -> list[float]:
        """Positions of those joints [rad or m]."""

    def set_joint_angles(self, body: int, angles: Sequence[float]) -> None:
        """Put the joints somewhere at once."""

    def link_position(self, body: int, link: str) -> Vector:
        """Position of a link's frame."""

    def camera(
        self,
        eye: Vector,
        target: Vector,
        up: Vector,
        size: tuple[int, int],
        field_of_view: float,
        reach: float,
    ) -> Picture:
        """Picture from a camera; field of view vertical [deg]; ``reach`` [m] bounds its depth."""

    def rays(
        self, origins: NDArray[np.float64], ends: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Share of each ray's way to its first hit (1: none) and the body hit (-1)."""

    def close(self) -> None:
        """Give the world back."""


ENGINES = "twin.rigid_engines"
"""Group of entry points by which packages offer further engines: name and class."""


def open_world(engine: str = "pybullet") -> Any:
    """A world of the named engine: pybullet, or one that an installed package offers.

    Raises
    ------
    TwinError : the engine is unknown or not installed
    """
    from twin.errors import TwinError

    if engine == "pybullet":
        from twin.rigid.bullet import BulletWorld

        return BulletWorld()
    offered = {entry.name: entry for entry in entry_points(group=ENGINES)}
    if engine not in offered:
        known = ", ".join(["pybullet", *sorted(offered)])
        raise TwinError(f"unknown rigid-body engine '{engine}': {known}")
    return offered[engine].load()()
