"""Checks of the room around equipment: space to work in, and doors that open."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.check.finding import Check, Finding, Subject
from twin.plant.plant import Plant
from twin.rigid.clearance import FACES, TOUCHING, free_depth
from twin.rigid.outlines import Equipment, Floats, equipment_of
from twin.rigid.service_space import door_leaf, service_space


def _needs(plant: Plant, equipment: Equipment, face: str) -> Floats:
    """Depth of the service space before a face of each piece of equipment [m]."""
    kinds = {name: service_space(plant.layout.products[name]) for name in set(equipment.product)}
    key = "side" if face in ("left", "right") else face
    return np.array([getattr(kinds[name], key) for name in equipment.product])


def check_service_space(subject: Subject) -> Iterator[Finding]:
    """Equipment in the space that people need to work on other equipment."""
    plant = subject.plant
    equipment = equipment_of(plant)
    for face in FACES:
        needed = _needs(plant, equipment, face)
        depth, cause = free_depth(equipment, face, needed)
        for row in np.flatnonzero(depth < needed - TOUCHING).tolist():
            obstacle = int(cause[row])
            space = service_space(plant.layout.products[equipment.product[row]])
            yield Finding(
                "warning",
                equipment.path(plant.levels, row),
                f"{depth[row]:.2f} m free at its {face} before "
                f"{equipment.path(plant.levels, obstacle)}, {needed[row]:g} m are needed "
                f"({space.source})",
                "move one of them, or raise pitch of the rows",
                "service-space",
            )


def check_doors(subject: Subject) -> Iterator[Finding]:
    """Doors that cannot open to a right angle: a leaf sweeps as deep as it is wide."""
    plant = subject.plant
    equipment = equipment_of(plant)
    leaf = {name: door_leaf(plant.layout.products[name]) for name in set(equipment.product)}
    rear = {name: service_space(plant.layout.products[name]).rear_door for name in leaf}
    for face in ("front", "rear"):
        needed = np.array(
            [leaf[name] if face == "front" or rear[name] else 0.0 for name in equipment.product]
        )
        depth, cause = free_depth(equipment, face, needed)
        for row in np.flatnonzero(depth < needed - TOUCHING).tolist():
            yield Finding(
                "error",
                equipment.path(plant.levels, row),
                f"its {face} door of {needed[row]:.2f} m strikes "
                f"{equipment.path(plant.levels, int(cause[row]))} at {depth[row]:.2f} m",
                "move one of them",
                "doors",
            )


CLEARANCE_CHECKS: tuple[Check, ...] = (check_service_space, check_doors)
"""Checks for :data:`twin.check.CHECKS`."""
