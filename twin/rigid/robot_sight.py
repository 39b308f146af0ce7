"""What the robot's sensors see: a thermal camera and a lidar, in a hall at a state of the twin.

The thermal camera sees surfaces. The twin knows the temperatures behind them, so those of trays'
plates are estimates: air that passes, and a share of the way to the accelerators of the tray. What
it shows is the radiometric temperature of a grey surface among surroundings at the hall's air.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.meshes.trays import tray_layout
from twin.catalog.specs import Rack
from twin.errors import InputError
from twin.plant.plant import Plant
from twin.rigid.backend import RigidBackend, Surface, Vector, open_world
from twin.rigid.outlines import equipment_of
from twin.rigid.rack_inside import MANIFOLD, bay
from twin.rigid.robot_floor import Pose
from twin.rigid.robot_world import hall_members, upright, world_place

CHANNELS = (
    "gpu.temperature",
    "rack.supply_temperature",
    "rack.return_temperature",
    "row.cold_aisle_temperature",
    "row.hot_aisle_temperature",
    "hall.air_supply_temperature",
)
"""What the thermal camera needs to know."""
EMISSIVITY = 0.90  # of painted steel
FRONT_SHARE, REAR_SHARE = 0.10, 0.15
"""How far a tray's plate is from the air that passes it towards its accelerators: estimates."""
NOISE = 0.05  # K, of uncooled thermal cameras
KELVIN = 273.15
EYE_HEIGHT = 1.25  # m
SEEN = 9.0  # m within which racks are drawn with their trays
FIELD_OF_VIEW = 62.0  # deg, vertical
LIDAR_HEIGHT = 0.20  # m: below the table, above feet
LIDAR_RANGE = 20.0  # m
LIDAR_NOISE = 0.01  # m, standard deviation
LIDAR_BEAMS = 720  # around

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrayHeat:
    """A compute tray: its accelerators' mean [degC], and how its plate looks to the camera."""

    rack: int
    tray: str
    accelerators: float
    front: float
    rear: float


def apparent(surface: Floats | float, around: float, emissivity: float = EMISSIVITY) -> Floats:
    """Temperature [degC] that a thermal camera set to emissivity 1 reads off a grey surface.

    From the Stefan-Boltzmann law over all wavelengths: emitted and reflected radiation together.
    """
    own, other = np.asarray(surface) + KELVIN, around + KELVIN
    return np.asarray((emissivity * own**4 + (1.0 - emissivity) * other**4) ** 0.25 - KELVIN)


def tray_heat(plant: Plant, values: Mapping[str, Floats], rack: int) -> list[TrayHeat]:
    """Compute trays of a rack at a state, bottom to top.

    values : channels by name, whole levels

    Raises
    ------
    InputError : a channel of :data:`CHANNELS` is missing
    """
    missing = [name for name in CHANNELS if name not in values]
    if missing:
        raise InputError(
            "the thermal camera needs channels that are not there",
            key="state",
            found=", ".join(missing),
            allowed="a recording of all channels",
        )
    first = plant.levels.rack_first_gpu
    row = int(plant.levels["rack"].parent_index[rack])
    cold, hot = (float(values[f"row.{side}_aisle_temperature"][row]) for side in ("cold", "hot"))
    own = np.asarray(values["gpu.temperature"][first[rack] : first[rack + 1]], dtype=float)
    trays: dict[str, list[float]] = {}
    for slot, value in zip(plant.slots[plant.product_ids("rack")[rack]], own, strict=True):
        trays.setdefault(slot.name.partition("/")[0], []).append(float(value))
    found = []
    for name, temperatures in trays.items():
        mean = float(np.nanmean(temperatures))
        found.append(
            TrayHeat(
                rack,
                name,
                mean,
                float(apparent(cold + FRONT_SHARE * (mean - cold), cold)),
                float(apparent(hot + REAR_SHARE * (mean - hot), hot)),
            )
        )
    return found


class ThermalScene:
    """Surfaces around a place in a hall with their temperatures.

    Bodies and pictures are the engine's; ``close`` gives them back.
    """

    def __init__(
        self,
        plant: Plant,
        hall: int,
        values: Mapping[str, Floats],
        around: tuple[float, float],
        engine: str = "pybullet",
    ) -> None:
        self.plant = plant
        self.world: RigidBackend = open_world(engine)
        self.air = float(values["hall.air_supply_temperature"][hall])
        self._temperature: dict[int, float] = {}
        box = plant.design.placement.halls[hall]
        self.corner = (float(box.x0), float(box.y0))
        self._room(float(box.x1 - box.x0), float(box.y1 - box.y0))
        equipment = equipment_of(plant)
        for number in hall_members(plant, equipment, hall):
            x, y = equipment.position[number].tolist()
            near = math.hypot(x - around[0], y - around[1]) <= SEEN
            if equipment.level[number] == "rack" and near:
                self._rack(int(equipment.index[number]), values)
                continue
            width, depth, height = equipment.size[number].tolist()
            self._box(
                (width, depth, height),
                (x, y, 0.5 * height),
                float(equipment.yaw[number]),
                float(apparent(self.air + 2.0, self.air)),
            )

    def close(self) -> None:
        """Give the engine's world back."""
        self.world.close()

    def __enter__(self) -> ThermalScene:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _box(self, size: Vector, middle: Vector, yaw: float, temperature: float) -> None:
        x, y, z = middle
        local = (x - self.corner[0], y - self.corner[1], z)
        body = self.world.add_boxes(size, 0.0, [local], [upright(yaw)], Surface())[0]
        self._temperature[body] = temperature

    def _room(self, length: float, width: float) -> None:
        x, y = self.corner
        self._box((length, width, 0.1), (x + 0.5 * length, y + 0.5 * width, -0.05), 0.0, self.air)
        for px, py, sx, sy in (
            (-0.1, 0.5 * width, 0.2, width),
            (length + 0.1, 0.5 * width, 0.2, width),
            (0.5 * length, -0.1, length, 0.2),
            (0.5 * length, width + 0.1, length, 0.2),
        ):
            self._box((sx, sy, 4.0), (x + px, y + py, 2.0), 0.0, self.air)

    def _rack(self, rack: int, values: Mapping[str, Floats]) -> None:
        """Cabinet, plates of its trays at front and rear, manifolds."""
        plant = self.plant
        product = plant.layout.product(plant.product_ids("rack")[rack], Rack)
        row = int(plant.levels["rack"].parent_index[rack])
        cold = float(values["row.cold_aisle_temperature"][row])
        hot = float(values["row.hot_aisle_temperature"][row])
        yaw = float(plant.yaws("rack")[rack])
        room = bay(product)
        w, d, h = product.width, product.depth, product.height

        def put(size: Vector, middle: Vector, temperature: float) -> None:
            self._box(size, world_place(plant, rack, middle), yaw, temperature)

        for side in (-1, 1):
            put(
                (0.03, d, h),
                (side * (0.5 * w - 0.015), 0.0, 0.5 * h),
                float(apparent(0.5 * (cold + hot), cold)),
            )
        front, rear = room.front + 0.02, room.rear - 0.02
        put((w - 0.06, rear - front, h), (0.0, 0.5 * (front + rear), 0.5 * h), cold)
        heat = {entry.tray: entry for entry in tray_heat(plant, values, rack)}
        names = iter(sorted(heat))
        parameters = {
            "tray_order": product.trays.order,
            "pitch": product.trays.pitch,
            "first_height": product.trays.first_height,
            "compute_units": product.trays.compute_units,
        }
        inner = 2.0 * room.half_width
        for tray in tray_layout(parameters, h + 1.0, product.trays.order):
            middle, tall = tray.bottom + 0.5 * tray.height, tray.height - 0.006
            entry = heat.get(next(names, "")) if tray.letter == "c" else None
            at_front = entry.front if entry else float(apparent(cold + 2.0, cold))
            at_rear = entry.rear if entry else float(apparent(hot, hot))
            put((inner, 0.018, tall), (0.0, room.front + 0.010, middle), at_front)
            put((inner, 0.018, tall), (0.0, room.rear - 0.010, middle), at_rear)
        if product.cooling == "liquid":
            inset, back, width = MANIFOLD
            for side, channel in ((1, "rack.supply_temperature"), (-1, "rack.return_temperature")):
                x = side * (room.half_width - inset)
                coolant = float(values[channel][rack])
                put(
                    (width, width, h - 0.3),
                    (x, 0.5 * d - back, 0.5 * h),
                    float(apparent(coolant, hot)),
                )

    def picture(
        self, eye: Vector, target: Vector, size: tuple[int, int], seed: int
    ) -> tuple[Floats, Floats]:
        """Apparent temperatures [h, w, degC] and distances [h, w, m] from a camera.

        eye, target : in the common frame; noise of the sensor by ``seed``; the open sky of a hall
        without a ceiling reads as its air
        """
        x, y = self.corner
        picture = self.world.camera(
            (eye[0] - x, eye[1] - y, eye[2]),
            (target[0] - x, target[1] - y, target[2]),
            (0.0, 0.0, 1.0),
            size,
            FIELD_OF_VIEW,
            40.0,
        )
        table = np.full(max([*self._temperature, 0]) + 2, self.air)
        for body, temperature in self._temperature.items():
            table[body] = temperature
        seen = np.where(picture.body < 0, len(table) - 1, picture.body)
        noise = np.random.default_rng(seed).normal(0.0, NOISE, seen.shape)
        return table[seen] + noise, picture.distance


def lidar_scan(
    world: RigidBackend, corner: tuple[float, float], pose: Pose, seed: int
) -> tuple[Floats, Floats]:
    """Distances [m] and points [n, 2] in the common frame of one turn of a lidar.

    Beams that hit nothing within its range are left out of the points and are inf.
    """
    angle = np.deg2rad(pose[2]) + np.linspace(0.0, 2.0 * math.pi, LIDAR_BEAMS, endpoint=False)
    out = np.stack([np.cos(angle), np.sin(angle), np.zeros(LIDAR_BEAMS)], axis=1)
    origin = np.array([pose[0] - corner[0], pose[1] - corner[1], LIDAR_HEIGHT])
    share, body = world.rays(np.broadcast_to(origin, out.shape), origin + LIDAR_RANGE * out)
    hit = body >= 0
    noise = np.random.default_rng(seed).normal(0.0, LIDAR_NOISE, LIDAR_BEAMS)
    distance = np.where(hit, share * LIDAR_RANGE + noise, np.inf)
    points = origin[:2] + distance[hit, None] * out[hit, :2] + corner
    return distance, points
