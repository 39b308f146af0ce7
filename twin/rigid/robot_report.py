"""What a robot's task gave, as plain data (``twin.robot/1``) and for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from twin.plant.plant import Plant
from twin.rigid.delivery import Delivery
from twin.rigid.robot_design import JOINTS, RobotDesign, urdf
from twin.rigid.robot_reach import Reach
from twin.rigid.robot_shapes import SCHEMA
from twin.rigid.robot_sight import TrayHeat
from twin.rigid.robot_tasks import Patrol, Swap
from twin.rigid.robot_track import Track
from twin.rigid.robot_world import Clearance, Collision

OUTLIER = 5.0
"""K by which a tray's accelerators may be above the median of its rack's trays, or below."""


def head(plant: Plant, task: str, target: str, seed: int, design: RobotDesign) -> dict[str, Any]:
    """What all reports begin with; the robot's figures in full are its URDF."""
    return {
        "schema": SCHEMA,
        "task": task,
        "layout": plant.name,
        "digest": plant.digest,
        "target": target,
        "seed": seed,
        "robot": {
            "size_m": [design.length, design.width, design.mast_height],
            "mass_kg": design.mass,
            "joints": list(JOINTS),
            "urdf": urdf(design),
        },
    }


def track_data(track: Track) -> dict[str, Any]:
    """A track as columns: time [s], x, y [m], yaw [deg], joints, loaded (0 or 1)."""
    return {
        "columns": ["time", "x", "y", "yaw", *JOINTS, "loaded"],
        "samples": [
            [
                round(s.time, 4),
                round(s.x, 5),
                round(s.y, 5),
                round(s.yaw, 4),
                *(round(float(joint), 5) for joint in s.joints),
                int(s.loaded),
            ]
            for s in track.samples
        ],
        "steps": [
            {"name": step.name, "start_s": step.start, "duration_s": step.duration}
            for step in track.steps
        ],
    }


def _touched(collisions: Sequence[Collision], clearance: Clearance) -> dict[str, Any]:
    return {
        "collisions": [
            {"time_s": c.time, "part": c.part, "other": c.other, "depth_m": c.depth}
            for c in collisions
        ],
        "least_clearance_m": clearance.distance if math.isfinite(clearance.distance) else None,
        "least_clearance_to": clearance.other,
    }


def patrol_data(plant: Plant, patrol: Patrol) -> dict[str, Any]:
    """A round."""
    return {
        "duration_s": patrol.duration,
        "distance_m": patrol.track.distance,
        "stops": [
            {
                "path": plant.levels.path("rack", stop.rack),
                "face": stop.face,
                "time_s": stop.time,
                "pose": list(stop.pose),
            }
            for stop in patrol.stops
        ],
        "blocked": [vars(blocked) for blocked in patrol.blocked],
        **_touched(patrol.collisions, patrol.clearance),
        "track": track_data(patrol.track),
    }


def swap_data(swap: Swap) -> dict[str, Any]:
    """An exchange of a tray."""
    data: dict[str, Any] = {
        "rack": swap.rack,
        "tray": swap.tray,
        "possible": not swap.why and all(effort.held for effort in swap.efforts),
        "why_not": swap.why,
        "tray_mass_kg": swap.load.mass,
        "tray_size_m": [swap.load.length, swap.load.width, swap.load.height],
        "reach": reach_data(swap.reach),
    }
    if swap.track is None:
        return data
    return data | {
        "duration_s": swap.track.now.time,
        "distance_m": swap.track.distance,
        "efforts": [vars(effort) | {"held": effort.held} for effort in swap.efforts],
        "tipping_margin_m": swap.tipping_margin,
        **_touched(swap.collisions, swap.clearance),
        "track": track_data(swap.track),
    }


def delivery_data(plant: Plant, brought: Delivery) -> dict[str, Any]:
    """How a rack comes in."""
    return {
        "rack": plant.levels.path("rack", brought.rack),
        "possible": bool(brought.way),
        "mass_kg": brought.mass,
        "height_needed_m": brought.height,
        "length_m": brought.length,
        "turns_deg": brought.turns,
        "least_clearance_m": brought.clearance if math.isfinite(brought.clearance) else None,
        "way": [list(pose) for pose in brought.way],
    }


def delivery_lines(plant: Plant, brought: Delivery) -> Iterator[str]:
    """How a rack comes in, for people."""
    path = plant.levels.path("rack", brought.rack)
    if not brought.way:
        yield f"{path}: {brought.mass:,.0f} kg cannot be brought to its place upright"
        return
    x, y, _ = brought.way[0]
    yield (
        f"{path}: {brought.mass:,.0f} kg come in at the wall at {x:.1f} m, {y:.1f} m; "
        f"{brought.length:.1f} m to its place, {brought.turns:.0f} degrees of turns, "
        f"{brought.height:.2f} m high on the dolly"
    )
    yield f"nearest {1e3 * brought.clearance:.0f} mm to what stands or hangs there"


def reach_data(reach: Sequence[Reach]) -> list[dict[str, Any]]:
    """Reach of places."""
    return [
        {
            "path": f"{entry.rack}/{entry.tray}",
            "place": entry.place,
            "reached": entry.reached,
            "why_not": entry.why,
        }
        for entry in reach
    ]


def outliers(heat: Sequence[TrayHeat]) -> list[tuple[TrayHeat, float]]:
    """Trays far from the median of their rack's, with how far [K], farthest first."""
    found = []
    by_rack: dict[int, list[TrayHeat]] = {}
    for entry in heat:
        by_rack.setdefault(entry.rack, []).append(entry)
    for entries in by_rack.values():
        ordered = sorted(entry.accelerators for entry in entries)
        middle = ordered[len(ordered) // 2]
        found += [
            (entry, entry.accelerators - middle)
            for entry in entries
            if abs(entry.accelerators - middle) > OUTLIER
        ]
    return sorted(found, key=lambda pair: (-abs(pair[1]), pair[0].rack, pair[0].tray))


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)} min {seconds % 60:.0f} s"


def _touched_lines(collisions: Sequence[Collision], clearance: Clearance) -> Iterator[str]:
    for c in collisions:
        yield (
            f"collision at {c.time:.1f} s: its {c.part} and {c.other}, {1e3 * c.depth:.0f} mm deep"
        )
    if not collisions:
        least = (
            f"; nearest {1e3 * clearance.distance:.0f} mm to {clearance.other}"
            if math.isfinite(clearance.distance)
            else ""
        )
        yield f"no collisions{least}"


def patrol_lines(patrol: Patrol) -> Iterator[str]:
    """A round for people."""
    racks = len({stop.rack for stop in patrol.stops})
    yield (
        f"round of {_minutes(patrol.duration)} over {patrol.track.distance:.0f} m: "
        f"{len(patrol.stops)} stops at {racks} racks"
    )
    for blocked in patrol.blocked:
        what = "blocked" if blocked.whole else f"blocked before {', '.join(blocked.racks)}"
        yield f"{blocked.row}: aisle at its {blocked.face} {what}"
    yield from _touched_lines(patrol.collisions, patrol.clearance)


def reach_lines(reach: Sequence[Reach]) -> Iterator[str]:
    """Reach for people: totals, and what stops the robot where."""
    for place in dict.fromkeys(entry.place for entry in reach):
        own = [entry for entry in reach if entry.place == place]
        yield f"{place}: {sum(entry.reached for entry in own)} of {len(own)} reached"
    reasons = Counter((entry.place, entry.why) for entry in reach if not entry.reached)
    for (place, why), count in reasons.most_common(12):
        first = next(e for e in reach if e.place == place and e.why == why)
        more = f" and {count - 1} more" if count > 1 else ""
        yield f"{first.rack}/{first.tray}{more}: {place} not reached, {why}"
    if len(reasons) > 12:
        yield f"and {len(reasons) - 12} more reasons"


def swap_lines(swap: Swap) -> Iterator[str]:
    """An exchange for people."""
    yield (
        f"{swap.rack}/{swap.tray}: {swap.load.mass:.0f} kg, "
        f"{swap.load.length:.2f} x {swap.load.width:.2f} x {swap.load.height:.2f} m"
    )
    if swap.track is None:
        yield f"cannot be exchanged: {swap.why}"
        return
    for step in swap.track.steps:
        yield f"  {step.start:6.1f} s  {step.name} ({step.duration:.0f} s)"
    yield f"done after {_minutes(swap.track.now.time)}, {swap.track.distance:.0f} m driven"
    for effort in swap.efforts:
        unit = "N" if effort.joint in ("lift", "puller") else "N m"
        if not effort.held or effort.joint in ("lift", "puller") or effort.largest > 1.0:
            verdict = "" if effort.held else ": too much"
            yield (f"  {effort.joint}: {effort.largest:.0f} of {effort.limit:.0f} {unit}{verdict}")
    yield f"weight stays {1e3 * swap.tipping_margin:.0f} mm within the wheels"
    yield from _touched_lines(swap.collisions, swap.clearance)
