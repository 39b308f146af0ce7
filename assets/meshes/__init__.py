"""Parametric meshes of the equipment: one pure function for every mesh kind.

    from assets.meshes import build
    parts = build("nvl72-rack", (0.6, 1.068, 2.236), {"tray_order": "ppccss"}, detail=1)

A product's frame has x along the row (width), y across it (depth, front = -y), z up, and its origin
at the centre of the footprint on the floor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from assets.meshes import (
    cdu,
    chiller,
    electrical,
    gpu,
    hall,
    machines,
    outdoor,
    racks,
    room_air,
    routes,
)
from assets.meshes.part import MATERIALS, Kit, Material, Part
from assets.meshes.routes import collars, duct, pipe, pipes
from assets.meshes.shapes import Solid

__all__ = [
    "BUILDERS",
    "DETAIL_BUDGETS",
    "MATERIALS",
    "Kit",
    "Material",
    "Part",
    "Solid",
    "build",
    "collars",
    "duct",
    "pipe",
    "pipes",
]

Builder = Callable[[str, tuple[float, float, float], Mapping[str, Any], int], list[Part]]

DETAIL_BUDGETS = (50, 500, 20_000)
"""A model of detail k has fewer triangles than DETAIL_BUDGETS[k]."""

BUILDERS: Mapping[str, Builder] = {
    "nvl72-rack": racks.nvl72_rack,
    "air-rack": racks.air_rack,
    "server-rack": racks.air_rack,
    "network-rack": racks.air_rack,
    "compute-tray": racks.tray_alone,
    "gpu-module": gpu.gpu_module,
    "cdu": cdu.cdu,
    "rear-door": room_air.rear_door,
    "crah": room_air.crah,
    "dry-cooler": outdoor.dry_cooler,
    "cooling-tower": outdoor.cooling_tower,
    "chiller": chiller.chiller,
    "pump": machines.pump,
    "transformer": electrical.transformer,
    "ups": electrical.ups,
    "panel": electrical.panel,
    "battery": electrical.battery,
    "generator": machines.generator,
    "power-shelf": electrical.power_shelf,
    "busway": routes.busway,
    "cable-tray": routes.cable_tray,
    "hall": hall.hall,
    "label": hall.label,
}


_SMALLEST: Mapping[str, tuple[float, float, float]] = {
    "cdu": (0.4, 0.6, 1.2),
    "crah": (0.8, 0.5, 1.2),
    "rear-door": (0.4, 0.12, 1.0),
    "dry-cooler": (1.0, 1.0, 1.0),
    "cooling-tower": (1.5, 1.5, 2.0),
    "chiller": (1.2, 1.0, 1.2),
    "transformer": (1.2, 1.0, 1.0),
    "generator": (2.0, 1.0, 1.5),
    "ups": (0.4, 0.3, 0.8),
    "panel": (0.4, 0.25, 0.8),
    "battery": (0.4, 0.3, 0.8),
    "pump": (0.6, 0.3, 0.4),
    "busway": (1.0, 0.08, 0.08),
    "hall": (3.0, 3.0, 1.0),
    "power-shelf": (0.3, 0.3, 0.03),
    "compute-tray": (0.3, 0.4, 0.03),
    "cable-tray": (1.0, 0.2, 0.05),
}
"""Below this a model's fixed details (handles, pipe stubs) no longer fit: it is built at this size
and then scaled down axis by axis."""

_LONG_SIDE_FREE = {"dry-cooler", "cooling-tower", "chiller", "pump"}
_SMALLEST_RACK = (0.45, 0.6, 0.8)


def build(
    kind: str,
    size: tuple[float, float, float],
    parameters: Mapping[str, Any] | None = None,
    detail: int = 1,
) -> list[Part]:
    """Parts of the model of ``kind``.

    size : width x, depth y, height z [m]; the parts together fill it within 1 mm
    parameters : what the kind understands, see its function; unknown keys are ignored
    detail : 0, 1 or 2, see DETAIL_BUDGETS
    Raises ValueError for an unknown kind, a detail outside 0..2 or a size not above zero.
    """
    builder = BUILDERS.get(kind)
    if builder is None:
        raise ValueError(f"unknown mesh kind {kind!r}; known: {', '.join(sorted(BUILDERS))}")
    if detail not in (0, 1, 2):
        raise ValueError(f"detail is 0, 1 or 2, got {detail!r}")
    width, depth, height = (float(length) for length in size)
    if not (width > 0 and depth > 0 and height > 0):
        raise ValueError(f"size of a {kind} must be above zero in every axis, got {tuple(size)}")
    least = _SMALLEST.get(kind, _SMALLEST_RACK if kind.endswith("-rack") else (0.0, 0.0, 0.0))
    if kind in _LONG_SIDE_FREE and width < depth:
        least = (least[1], least[0], least[2])
    built = tuple(max(s, m) for s, m in zip((width, depth, height), least, strict=True))
    parts = builder(kind, built, parameters or {}, detail)  # type: ignore[arg-type]
    _fit(parts, (width, depth, height))
    return parts


def _fit(parts: list[Part], size: tuple[float, float, float]) -> None:
    """Stretch ``parts`` axis by axis to fill ``size`` where odd proportions left them short."""
    low = np.min([part.mesh.bounds[0] for part in parts], axis=0)
    high = np.max([part.mesh.bounds[1] for part in parts], axis=0)
    wanted = np.array([[-size[0] / 2, -size[1] / 2, 0.0], [size[0] / 2, size[1] / 2, size[2]]])
    if np.abs(np.array([low, high]) - wanted).max() < 5e-4:
        return
    scale = (wanted[1] - wanted[0]) / (high - low)
    for part in parts:
        part.mesh.vertices = wanted[0] + (part.mesh.vertices - low) * scale
