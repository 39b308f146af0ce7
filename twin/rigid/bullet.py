"""The rigid-body engine pybullet behind :class:`twin.rigid.backend.RigidBackend`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import TwinError
from twin.extras import need
from twin.rigid.backend import Contact, Near, Picture, Pose, Quaternion, Surface, Vector

SOLVER_ITERATIONS = 100
NEAREST = 0.05  # m, before a camera
BATCH = 500  # boxes made by one call


def _engine() -> Any:
    if "pybullet" in sys.modules:
        return sys.modules["pybullet"]
    need("robots", "pybullet", what="A world of rigid bodies")
    with _quiet():  # it greets with its build time
        import pybullet
    return pybullet


@contextmanager
def _quiet() -> Iterator[None]:
    """Let what compiled code writes to the standard error vanish."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class BulletWorld:
    """A headless pybullet world with fixed settings, so that equal calls give equal results."""

    def __init__(self) -> None:
        self._engine = _engine()
        self._client = self._engine.connect(self._engine.DIRECT)
        if self._client < 0:
            raise TwinError("pybullet gives no further world")
        self._offset: dict[int, Vector] = {}
        self._links: dict[int, dict[str, int]] = {}
        self._shaped: dict[int, dict[int, int]] = {}  # next link towards the base with a shape
        self._floors: set[int] = set()
        self._moving: dict[int, list[int]] = {}
        self._call(
            "setPhysicsEngineParameter",
            deterministicOverlappingPairs=1,
            numSolverIterations=SOLVER_ITERATIONS,
            enableConeFriction=1,
        )

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        try:
            return getattr(self._engine, name)(*arguments, **options, physicsClientId=self._client)
        except self._engine.error as error:
            raise TwinError(f"pybullet {name}: {error}") from None

    def __enter__(self) -> BulletWorld:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the world back."""
        if self._client >= 0:
            self._engine.disconnect(physicsClientId=self._client)
            self._client = -1

    def set_gravity(self, gravity: Vector) -> None:
        """Set the acceleration that all bodies feel [m/s2]."""
        self._call("setGravity", *gravity)

    def add_floor(self, surface: Surface) -> int:
        """Add the half space below z = 0."""
        shape = self._call("createCollisionShape", self._engine.GEOM_PLANE)
        body: int = self._call("createMultiBody", 0.0, shape)
        self._surface([body], surface)
        self._floors.add(body)
        return body

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
        half = [0.5 * length for length in size]
        shift = [-c for c in centre]
        shape = self._call(
            "createCollisionShape",
            self._engine.GEOM_BOX,
            halfExtents=half,
            collisionFramePosition=shift,
        )
        look = self._call(
            "createVisualShape",
            self._engine.GEOM_BOX,
            halfExtents=half,
            visualFramePosition=shift,
            rgbaColor=(0.5, 0.53, 0.57, 1.0),
        )
        bodies = []
        for position, turn in zip(positions, turns, strict=True):
            middle = np.array(position) + rotated(turn, centre)
            body: int = self._call("createMultiBody", mass, shape, look, middle.tolist(), turn)
            bodies.append(body)
            self._offset[body] = centre
        if mass > 0.0 and any(centre):
            # the engine takes inertia about the frame's origin of a shifted box: use the box's own
            inertia = [
                mass / 3.0 * (half[1] ** 2 + half[2] ** 2),
                mass / 3.0 * (half[0] ** 2 + half[2] ** 2),
                mass / 3.0 * (half[0] ** 2 + half[1] ** 2),
            ]
            for body in bodies:
                self._call("changeDynamics", body, -1, localInertiaDiagonal=inertia)
        self._surface(bodies, surface)
        return bodies

    def _surface(self, bodies: Sequence[int], surface: Surface) -> None:
        for body in bodies:
            self._call(
                "changeDynamics",
                body,
                -1,
                lateralFriction=surface.friction,
                restitution=surface.restitution,
                linearDamping=0.0,
                angularDamping=0.0,
                rollingFriction=0.0,
                spinningFriction=0.0,
                activationState=self._engine.ACTIVATION_STATE_DISABLE_SLEEPING,
            )

    def add_articulated(self, urdf: str, position: Vector, turn: Quaternion, fixed: bool) -> int:
        """Add a body of links and joints from the text of a URDF file."""
        with tempfile.TemporaryDirectory(prefix="twin-urdf-") as folder:
            file = Path(folder) / "body.urdf"
            file.write_text(urdf)
            body: int = self._call(
                "loadURDF",
                str(file),
                position,
                turn,
                useFixedBase=fixed,
                flags=self._engine.URDF_USE_INERTIA_FROM_FILE,
            )
        links, moving, parents = {}, [], {}
        for joint in range(self._call("getNumJoints", body)):
            info = self._call("getJointInfo", body, joint)
            links[info[12].decode()] = joint
            parents[joint] = info[16]
            if info[2] != self._engine.JOINT_FIXED:
                moving.append(joint)
                # joints of the engine brake unless told otherwise
                self._call(
                    "setJointMotorControl2", body, joint, self._engine.VELOCITY_CONTROL, force=0.0
                )
        for link in range(-1, len(links)):
            self._call("changeDynamics", body, link, linearDamping=0.0, angularDamping=0.0)
        for link in links.values():
            parent = parents[link]
            while parent >= 0 and not self._call("getCollisionShapeData", body, parent):
                parent = parents[parent]
            parents[link] = parent
        self._offset[body] = self._call("getDynamicsInfo", body, -1)[3]
        self._links[body], self._moving[body], self._shaped[body] = links, moving, parents
        return body

    def pose(self, body: int) -> Pose:
        """Where a body is and how it moves."""
        position, turn = self._call("getBasePositionAndOrientation", body)
        velocity, spin = self._call("getBaseVelocity", body)
        return Pose(position, turn, velocity, spin)

    def place(self, body: int, position: Vector, turn: Quaternion) -> None:
        """Put a body somewhere at rest; an articulated one by its base's frame."""
        if body in self._links:
            middle = np.array(position) + rotated(turn, self._offset[body])
            position = (float(middle[0]), float(middle[1]), float(middle[2]))
        self._call("resetBasePositionAndOrientation", body, position, turn)
        self._call("resetBaseVelocity", body, (0, 0, 0), (0, 0, 0))

    def step(self, seconds: float, substeps: int = 1) -> None:
        """Advance by a fixed time, in equal parts."""
        self._call("setPhysicsEngineParameter", fixedTimeStep=seconds / substeps)
        for _ in range(substeps):
            self._call("stepSimulation")

    def contacts(self, body: int | None = None) -> list[Contact]:
        """Contacts of the last step, of one body or of all."""
        options = {} if body is None else {"bodyA": body}
        return [
            Contact(c[1], c[2], c[5], c[9], c[8])
            for c in self._call("getContactPoints", **options) or ()
        ]

    def closest(self, first: int, second: int, reach: float) -> float:
        """Smallest distance between two bodies [m]: negative if they overlap, inf beyond reach."""
        points = self._call("getClosestPoints", first, second, reach) or ()
        return float(min((point[8] for point in points), default=float("inf")))

    def near(self, body: int, reach: float) -> list[Near]:
        """Bodies nearer than ``reach`` [m] with the nearest link of this one; floors left out."""
        names = {number: name for name, number in self._links.get(body, {}).items()}
        others: set[int] = set()
        for link in range(-1, len(names)):
            low, high = self._call("getAABB", body, link)
            low, high = [v - reach for v in low], [v + reach for v in high]
            others |= {hit[0] for hit in self._call("getOverlappingObjects", low, high) or ()}
        found = []
        for other in sorted(others - self._floors - {body}):
            points = self._call("getClosestPoints", body, other, reach) or ()
            if points:
                nearest = min(points, key=lambda point: (point[8], point[3]))
                found.append(Near(other, names.get(nearest[3], ""), float(nearest[8])))
        return found

    def own_overlaps(self, body: int) -> list[tuple[str, str]]:
        """Links of one body that overlap and are not joined to each other.

        Links without a shape count as part of the joint.
        """
        names = {number: name for name, number in self._links[body].items()} | {-1: ""}
        found = set()
        for point in self._call("getClosestPoints", body, body, 0.0) or ():
            a, b = sorted((point[3], point[4]))
            if a != b and point[8] < 0.0 and self._shaped[body].get(b, -1) != a:
                found.add((names[a], names[b]))
        return sorted(found)

    def efforts(
        self,
        body: int,
        angles: Sequence[float],
        rates: Sequence[float],
        accelerations: Sequence[float],
    ) -> list[float]:
        """Force or torque of each joint [N, N m] for a motion of a body whose base is fixed."""
        forces = self._call(
            "calculateInverseDynamics", body, list(angles), list(rates), list(accelerations)
        )
        return [float(force) for force in forces]

    def joints(self, body: int) -> list[str]:
        """Names of a body's joints that move, in order."""
        return [self._call("getJointInfo", body, joint)[1].decode() for joint in self._moving[body]]

    def joint_angles(self, body: int) -> list[float]:
        """Positions of those joints [rad or m]."""
        return [float(self._call("getJointState", body, joint)[0]) for joint in self._moving[body]]

    def set_joint_angles(self, body: int, angles: Sequence[float]) -> None:
        """Put the joints somewhere at once."""
        for joint, angle in zip(self._moving[body], angles, strict=True):
            self._call("resetJointState", body, joint, angle)

    def link_position(self, body: int, link: str) -> Vector:
        """Position of a link's frame."""
        state = self._call(
            "getLinkState", body, self._links[body][link], computeForwardKinematics=1
        )
        position: Vector = state[4]
        return position

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
        width, height = size
        view = self._engine.computeViewMatrix(eye, target, up)
        projection = self._engine.computeProjectionMatrixFOV(
            field_of_view, width / height, NEAREST, reach
        )
        _, _, colour, depth, body = self._call(
            "getCameraImage",
            width,
            height,
            view,
            projection,
            renderer=self._engine.ER_TINY_RENDERER,
            shadow=0,
        )
        z = np.asarray(depth, dtype=np.float64).reshape(height, width)
        distance = reach * NEAREST / (reach - (reach - NEAREST) * z)
        return Picture(
            np.asarray(colour, dtype=np.uint8).reshape(height, width, 4)[:, :, :3].copy(),
            distance,
            np.asarray(body, dtype=np.int64).reshape(height, width),
        )

    def rays(
        self, origins: NDArray[np.float64], ends: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Share of each ray's way to its first hit (1: none) and the body hit (-1)."""
        shares, bodies = [], []
        for first in range(0, len(origins), 16_000):
            hits = self._call(
                "rayTestBatch",
                origins[first : first + 16_000].tolist(),
                ends[first : first + 16_000].tolist(),
            )
            bodies += [hit[0] for hit in hits]
            shares += [hit[2] for hit in hits]
        return np.array(shares, dtype=np.float64), np.array(bodies, dtype=np.int64)


def rotated(turn: Quaternion, vector: Vector) -> NDArray[np.float64]:
    """A vector turned by a quaternion x, y, z, w."""
    axis, v = np.array(turn[:3]), np.array(vector)
    return np.asarray(v + 2.0 * np.cross(axis, np.cross(axis, v) + turn[3] * v))
