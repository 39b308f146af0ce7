"""Racks in an earthquake: do they slide, strike their neighbours, or fall?

The floor is the frame of reference, so the ground's acceleration acts as an opposite gravity on
every body; for rigid ground that is exact. Free-standing cabinets are boxes with friction. Anchored
ones stand fast at the foot and sway as damped oscillators of their own frequency (the engine's
answer for a tied body would only be infinite stiffness); their anchors' tension follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from physics.rigid_laws import GRAVITY
from physics.rigid_laws_motion import oscillator_response
from twin.errors import InputError, NumericalError
from twin.plant.plant import Plant
from twin.rigid.backend import Quaternion, RigidBackend, Surface, open_world
from twin.rigid.ground_motion import STEP, Demand, ground_motion
from twin.rigid.outlines import Equipment, Floats, equipment_of

SHAKEN = ("rack", "cdu", "panel")
"""Levels whose cabinets stand in rows and are shaken together."""
SEAM = 0.004  # m between cabinets side by side, so that they do not press on each other at rest
SUBSTEPS = 3  # of a sample of the motion: steps of 1.7 ms
SETTLING = 0.5  # s at rest before
CALM = 2.0  # s after
FALLEN = math.radians(45.0)
FREQUENCY = 6.0  # Hz of an anchored cabinet; GR-63 asks for more than 2 and wishes for 6
DAMPING = 0.05
HOSE_SLACK = 0.10  # m that a rack may move before its hoses are taut
BUSWAY_SLACK = 0.05  # m that a tap-off follows
LIMIT_DEFLECTION = 0.075  # m at the top, by GR-63-CORE
ANCHORS = 4
"""Figures without a standard are engineering estimates."""


@dataclass(frozen=True)
class Response:
    """What a cabinet did.

    path : twin path; slide : largest way of its foot [m]; tilt : largest angle [deg]
    sway : largest displacement of its top relative to the floor [m]; fell : it lies
    struck : paths of cabinets it hit; force : largest force of a hit [N]
    anchor_tension : largest pull on one anchor [N] (anchored only)
    findings : what that means, in words
    """

    path: str
    slide: float
    tilt: float
    sway: float
    fell: bool
    struck: tuple[str, ...] = ()
    force: float = 0.0
    anchor_tension: float = 0.0
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shaking:
    """Outcome of an earthquake for the cabinets of a plant.

    peak : largest ground acceleration along x, y, z [m/s2]; responses : one for each cabinet
    """

    demand: Demand
    anchored: bool
    seed: int
    peak: tuple[float, float, float]
    responses: tuple[Response, ...] = field(repr=False)

    @property
    def fallen(self) -> int:
        """Number of cabinets that lie."""
        return sum(response.fell for response in self.responses)

    @property
    def largest_slide(self) -> float:
        """Largest way of a foot [m]."""
        return max((response.slide for response in self.responses), default=0.0)


def shake(
    plant: Plant,
    demand: Demand,
    seed: int = 0,
    anchored: bool = False,
    friction: float = 0.35,
    row: str | None = None,
    frequency: float = FREQUENCY,
    motion: Floats | None = None,
) -> Shaking:
    """Shake the cabinets of a plant's rows.

    friction : between feet and floor; row : path of one row (else every row that looks different)
    frequency : of anchored cabinets [Hz]; motion : acceleration [n, 3] instead of the demand's

    Rows are shaken one by one; of rows that look the same one is shaken and stands for all.

    Raises
    ------
    InputError : unknown row, friction or frequency out of range
    NumericalError : the engine's state is no longer finite; names the row
    """
    if not 0.0 < friction <= 1.5:
        raise InputError(
            "friction out of range",
            key="friction",
            found=f"{friction:g}",
            allowed="above 0, at most 1.5",
        )
    if not 1.0 <= frequency <= 50.0:
        raise InputError(
            "frequency of a cabinet out of range",
            key="frequency",
            found=f"{frequency:g} Hz",
            allowed="1 to 50 Hz",
        )
    equipment = equipment_of(plant)
    rows = list(rows_to_shake(plant, equipment, row))
    accelerations = ground_motion(demand, seed) if motion is None else motion
    responses: list[Response] = []
    for members in rows:
        if anchored:
            responses += _sway(plant, equipment, members, accelerations, frequency)
        else:
            responses += _slide(plant, equipment, members, accelerations, friction)
    peak = np.abs(accelerations).max(axis=0)
    return Shaking(
        demand, anchored, seed, (float(peak[0]), float(peak[1]), float(peak[2])), tuple(responses)
    )


def rows_to_shake(
    plant: Plant, equipment: Equipment, row: str | None = None
) -> Iterator[list[int]]:
    """Cabinets of each row that differs from those before, as rows of ``equipment``."""
    wanted: int | None = None
    if row is not None:
        level, wanted = plant.levels.find(row)
        if level != "row":
            raise InputError(
                f"a {level}, not a row", key="row", found=row, allowed="/site/hall/row"
            )
    by_row: dict[int, list[int]] = {}
    for number, (level, index) in enumerate(zip(equipment.level, equipment.index, strict=True)):
        if level in SHAKEN:
            owner = int(plant.levels[level].parent_index[index])
            by_row.setdefault(owner, []).append(number)
    seen: set[bytes] = set()
    for owner in sorted(by_row):
        if wanted is not None and owner != wanted:
            continue
        members = by_row[owner]
        place = equipment.position[members]
        look = np.round(
            np.column_stack(
                [
                    place - place[0],
                    equipment.size[members],
                    equipment.yaw[members],
                    equipment.mass[members],
                ]
            ),
            4,
        )
        if look.tobytes() not in seen:
            seen.add(look.tobytes())
            yield members


def _turn(yaw: float) -> Quaternion:
    half = math.radians(0.5 * yaw)
    return (0.0, 0.0, math.sin(half), math.cos(half))


def _tilt(turn: Quaternion) -> float:
    """Angle of a body's own z axis from the vertical [rad]."""
    x, y, _, _ = turn
    return math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (x * x + y * y))))


def _slide(
    plant: Plant, equipment: Equipment, members: Sequence[int], motion: Floats, friction: float
) -> list[Response]:
    """Free-standing cabinets of a row, stepped by the engine."""
    world: RigidBackend = open_world()
    paths = [equipment.path(plant.levels, number) for number in members]
    try:
        world.set_gravity((0.0, 0.0, -GRAVITY))
        floor = world.add_floor(Surface(1.0))
        origin = equipment.position[members[0]]
        bodies = []
        for number in members:
            width, depth, height = equipment.size[number].tolist()
            x, y = (equipment.position[number] - origin).tolist()
            bodies += world.add_boxes(
                (width - SEAM, depth - SEAM, height),
                float(equipment.mass[number]),
                [(x, y, 0.5 * height)],
                [_turn(float(equipment.yaw[number]))],
                Surface(friction),
            )
        for _ in range(round(SETTLING / STEP)):
            world.step(STEP, SUBSTEPS)
        track = _Track(world, floor, bodies, equipment.size[list(members), 2])
        calm = np.zeros((round(CALM / STEP), 3))
        for sample in np.concatenate([motion, calm]).tolist():
            world.set_gravity((-sample[0], -sample[1], -GRAVITY - sample[2]))
            world.step(STEP, SUBSTEPS)
            track.look()
        if not np.isfinite(track.foot).all():
            raise NumericalError(f"{paths[0]}: the rigid-body state is no longer finite")
    finally:
        world.close()
    return [
        _judged(
            Response(
                paths[k],
                float(track.slide[k]),
                math.degrees(track.tilt[k]),
                float(track.sway[k]),
                bool(track.tilt[k] > FALLEN),
                tuple(sorted({paths[other] for other in track.struck[k]})),
                float(track.force[k]),
            )
        )
        for k in range(len(bodies))
    ]


class _Track:
    """Largest values of each body while a row is shaken."""

    def __init__(
        self, world: RigidBackend, floor: int, bodies: Sequence[int], heights: Floats
    ) -> None:
        self.world, self.floor, self.bodies, self.heights = world, floor, bodies, heights
        self.number = {body: k for k, body in enumerate(bodies)}
        count = len(bodies)
        self.slide, self.tilt, self.sway, self.force = (np.zeros(count) for _ in range(4))
        self.struck: list[set[int]] = [set() for _ in range(count)]
        self.start = np.array([self._foot_and_top(k) for k in range(count)])
        self.foot = self.start[:, 0].copy()

    def _foot_and_top(self, k: int) -> tuple[Floats, Floats]:
        pose = self.world.pose(self.bodies[k])
        x, y, z, w = pose.turn
        axis = np.array([2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)])
        centre = np.array(pose.position)
        return centre - 0.5 * self.heights[k] * axis, centre + 0.5 * self.heights[k] * axis

    def look(self) -> None:
        """Take in the state after a step."""
        for k, body in enumerate(self.bodies):
            foot, top = self._foot_and_top(k)
            self.foot[k] = foot
            self.slide[k] = max(self.slide[k], np.linalg.norm((foot - self.start[k, 0])[:2]))
            self.sway[k] = max(self.sway[k], np.linalg.norm((top - self.start[k, 1])[:2]))
            self.tilt[k] = max(self.tilt[k], _tilt(self.world.pose(body).turn))
        for contact in self.world.contacts():
            if self.floor in (contact.first, contact.second) or contact.force <= 0.0:
                continue
            a, b = self.number[contact.first], self.number[contact.second]
            self.struck[a].add(b)
            self.struck[b].add(a)
            self.force[a] = max(self.force[a], contact.force)
            self.force[b] = max(self.force[b], contact.force)


def _sway(
    plant: Plant, equipment: Equipment, members: Sequence[int], motion: Floats, frequency: float
) -> list[Response]:
    """Anchored cabinets: oscillators whose mass sits at half their height."""
    axes = [
        oscillator_response(np.ascontiguousarray(motion[:, k]), STEP, frequency, DAMPING)
        for k in range(2)
    ]
    responses = []
    for number in members:
        width, depth, height = equipment.size[number].tolist()
        mass = float(equipment.mass[number])
        c, s = (f(math.radians(float(equipment.yaw[number]))) for f in (math.cos, math.sin))
        # sway in a straight line from the foot: the top moves twice as far as the centre
        sway = 2.0 * float(np.hypot(axes[0][0], axes[1][0]).max())
        along = np.abs(c * axes[0][1] + s * axes[1][1])
        across = np.abs(-s * axes[0][1] + c * axes[1][1])
        weight = mass * np.clip(GRAVITY + motion[:, 2], 0.0, None)
        tension = np.maximum(
            (0.5 * mass * along * height - 0.5 * weight * width) / (width * ANCHORS / 2),
            (0.5 * mass * across * height - 0.5 * weight * depth) / (depth * ANCHORS / 2),
        )
        responses.append(
            _judged(
                Response(
                    equipment.path(plant.levels, number),
                    0.0,
                    math.degrees(math.atan2(sway, height)),
                    sway,
                    False,
                    anchor_tension=max(0.0, float(tension.max())),
                )
            )
        )
    return responses


def _judged(response: Response) -> Response:
    """The response with what it means."""
    words = []
    if response.fell:
        words.append("falls")
    if response.struck:
        words.append(
            f"strikes {len(response.struck)} neighbours with up to {response.force / 1e3:.0f} kN"
        )
    if response.sway > HOSE_SLACK:
        words.append(
            f"hoses torn: its top moves {1e3 * response.sway:.0f} mm, "
            f"they follow {1e3 * HOSE_SLACK:.0f} mm"
        )
    elif response.sway > BUSWAY_SLACK:
        words.append(
            f"busway tap-off strained: its top moves {1e3 * response.sway:.0f} mm, it "
            f"follows {1e3 * BUSWAY_SLACK:.0f} mm"
        )
    if not response.fell and response.sway > LIMIT_DEFLECTION and response.anchor_tension:
        words.append(f"above the {1e3 * LIMIT_DEFLECTION:.0f} mm of GR-63-CORE")
    return Response(**(vars(response) | {"findings": tuple(words)}))
