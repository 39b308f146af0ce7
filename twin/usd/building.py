"""Slabs, floors, walls, pipes and busways of a site: drawn, not simulated by prims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.meshes import MATERIALS, duct
from assets.meshes.part import Material
from twin.usd import surfaces
from twin.usd.authoring import (
    Types,
    apply_schemas,
    attribute,
    define,
    new_layer,
    relationship,
)
from twin.usd.names import BUILDING, ROOT, identifier
from twin.usd.pxr_modules import Gf, Sdf, Vt

WALL = 0.2  # m, thickness of drawn walls
LOOKS = {"slab": "concrete", "floor": "tile", "wall": "wall", "busway": "aluminium"}
SERVICES: Mapping[str, str] = {
    "tcs-supply": "supply",
    "tcs-return": "return",
    "fws-supply": "supply",
    "fws-return": "return",
}
"""Material of a pipe's service."""

Boxes = list[tuple[NDArray[np.float64], NDArray[np.float64]]]


def building_layer(scene: Mapping[str, Any], extension: str) -> Any:
    """Everything around the equipment, from the scene description, in the common frame."""
    layer = new_layer(extension, ROOT)
    scope = f"/{ROOT}/{BUILDING}"
    with Sdf.ChangeBlock():
        define(layer, f"/{ROOT}", "Xform", "assembly")
        define(layer, scope, "Xform", "group")
        bound = surfaces.materials(
            layer, f"{scope}/Materials", {*LOOKS.values(), *SERVICES.values()}
        )
        for name, look, boxes in _structures(scene["structures"]):
            points, faces = box_mesh(boxes)
            surfaces.mesh(
                layer, f"{scope}/{name}", points, faces, MATERIALS[look].colour, bound[look]
            )
        _busways(layer, f"{scope}/busways", scene["busways"], bound)
        _pipes(layer, scope, scene["pipes"], bound)
    return layer


def _structures(structures: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, Boxes]]:
    """Name, material and boxes of the meshes that structures are drawn as."""
    groups: dict[str, Boxes] = {"slab": [], "floor": [], "wall": []}
    for part in structures:
        low = np.array(part["position"], dtype=float)
        high = low + np.array(part["size"], dtype=float)
        if part["kind"] in ("slab", "floor"):
            groups[part["kind"]].append((low, high))
        elif part["kind"] in ("hall", "room", "building"):
            groups["wall"] += _walls(low, high)
    return [(f"{kind}s", LOOKS[kind], boxes) for kind, boxes in groups.items() if boxes]


def _walls(low: NDArray[np.float64], high: NDArray[np.float64]) -> Boxes:
    """Four walls around a room, outside of it; no roof, so that one can look in."""
    outer = np.array([WALL, WALL, 0.0])
    l, h = low - outer, high + outer  # noqa: E741 - low and high corner
    return [
        (np.array([l[0], l[1], low[2]]), np.array([h[0], low[1], high[2]])),
        (np.array([l[0], high[1], low[2]]), np.array([h[0], h[1], high[2]])),
        (np.array([l[0], low[1], low[2]]), np.array([low[0], high[1], high[2]])),
        (np.array([high[0], low[1], low[2]]), np.array([h[0], high[1], high[2]])),
    ]


def box_mesh(boxes: Boxes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices and triangles of some axis-parallel boxes, given by low and high corners [m]."""
    low, high = np.array([b[0] for b in boxes]), np.array([b[1] for b in boxes])
    choice = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)])
    points = low[:, None, :] + choice * (high - low)[:, None, :]
    faces = surfaces.BOX_FACES + 8 * np.arange(len(boxes))[:, None, None]
    return points.reshape(-1, 3), faces.reshape(-1, 3)


def _busways(
    layer: Any, path: str, runs: Sequence[Mapping[str, Any]], bound: Mapping[str, str]
) -> None:
    points, faces, count = [], [], 0
    for run in runs:
        line = np.array(run["points"], dtype=float)
        if np.ptp(line, axis=0).max() <= 0.0:
            continue
        solid = duct(line, float(run["size"][0]), float(run["size"][1]))
        points.append(solid.vertices)
        faces.append(solid.faces + count)
        count += len(solid.vertices)
    if points:
        surfaces.mesh(
            layer,
            path,
            np.concatenate(points),
            np.concatenate(faces),
            MATERIALS["aluminium"].colour,
            bound["aluminium"],
        )


def _pipes(
    layer: Any, scope: str, pipes: Sequence[Mapping[str, Any]], bound: Mapping[str, str]
) -> None:
    """One BasisCurves prim for each service: a line along each pipe, its bore as width."""
    for service, look in SERVICES.items():
        own = [pipe for pipe in pipes if pipe["service"] == service]
        if own:
            _curves(layer, f"{scope}/{identifier(service)}", own, MATERIALS[look], bound[look])


def _curves(
    layer: Any, path: str, pipes: Sequence[Mapping[str, Any]], look: Material, material: str
) -> None:
    prim = define(layer, path, "BasisCurves")
    points = np.concatenate([np.array(pipe["points"], dtype=np.float32) for pipe in pipes])
    counts = np.array([len(pipe["points"]) for pipe in pipes], dtype=np.int32)
    widths = np.array([pipe["diameter"] for pipe in pipes], dtype=np.float32)
    attribute(prim, "type", Types.Token, "linear", uniform=True)
    attribute(prim, "wrap", Types.Token, "nonperiodic", uniform=True)
    attribute(prim, "points", Types.Point3fArray, Vt.Vec3fArray.FromNumpy(points))
    attribute(prim, "curveVertexCounts", Types.IntArray, Vt.IntArray.FromNumpy(counts))
    attribute(
        prim,
        "widths",
        Types.FloatArray,
        Vt.FloatArray.FromNumpy(widths),
        info={"interpolation": "uniform"},
    )
    half = 0.5 * float(widths.max())
    low, high = points.min(axis=0) - half, points.max(axis=0) + half
    attribute(
        prim,
        "extent",
        Types.Float3Array,
        Vt.Vec3fArray([Gf.Vec3f(*map(float, low)), Gf.Vec3f(*map(float, high))]),
    )
    surfaces.display_colour(prim, look.colour)
    attribute(
        prim,
        "twin:paths",
        Types.StringArray,
        Vt.StringArray([pipe["path"] for pipe in pipes]),
        custom=True,
    )
    apply_schemas(prim, "MaterialBindingAPI")
    relationship(prim, "material:binding", [material], custom=False)
