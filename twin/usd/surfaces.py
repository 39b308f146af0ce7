"""Triangles and materials: parts of a model as UsdGeomMesh prims with UsdPreviewSurface looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.meshes import MATERIALS, Part
from assets.meshes.part import Material
from twin.usd.authoring import Types, apply_schemas, attribute, define, relationship
from twin.usd.colours import linear_colour
from twin.usd.names import identifier
from twin.usd.pxr_modules import Gf, Sdf, Vt

SMOOTH_ANGLE = 38.0  # degrees; faces that meet at less are shaded as one round surface

BOX_FACES = np.array(
    [
        [0, 2, 1],
        [1, 2, 3],
        [4, 5, 6],
        [5, 7, 6],
        [0, 1, 4],
        [1, 5, 4],
        [2, 6, 3],
        [3, 6, 7],
        [0, 4, 2],
        [2, 4, 6],
        [1, 3, 5],
        [3, 7, 5],
    ]
)
"""Outward triangles of a box whose corners count x, then y, then z from low to high."""

Points = NDArray[np.float64]
Faces = NDArray[np.int64]


def corner_normals(
    points: Points, faces: Faces, piece: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Unit normal of every triangle corner, shape [3 faces, 3].

    At a vertex the normals of the faces around it that lie within :data:`SMOOTH_ANGLE` of each
    other are averaged by area; a triangle without area takes +z.

    piece [n] : number of the body that each point belongs to; bodies do not smooth each other
    """
    corners = points[faces]
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(area, axis=1, keepdims=True)
    flat = np.where(length > 0.0, area / np.where(length > 0.0, length, 1.0), (0.0, 0.0, 1.0))
    vertex = _places(points, piece)[faces].reshape(-1)
    face_of_corner = np.repeat(np.arange(len(faces)), 3)
    order = np.argsort(vertex, kind="stable")
    count = np.bincount(vertex)
    start = np.concatenate([[0], np.cumsum(count)])
    # all pairs of corners that share a vertex
    group = vertex[order]
    repeats = count[group]
    first = np.repeat(order, repeats)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    second = order[np.repeat(start[group], repeats) + offset]
    a, b = face_of_corner[first], face_of_corner[second]
    near = np.einsum("ij,ij->i", flat[a], flat[b]) > np.cos(np.deg2rad(SMOOTH_ANGLE))
    total = np.zeros((len(vertex), 3))
    for axis in range(3):
        total[:, axis] = np.bincount(first[near], area[b[near], axis], len(vertex))
    size = np.linalg.norm(total, axis=1, keepdims=True)
    own = flat[face_of_corner]
    return np.where(size > 1e-12, total / np.where(size > 1e-12, size, 1.0), own).astype(np.float32)


def _places(points: Points, piece: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Number of the place of every point; points of one body nearer than 1 um share one."""
    keys = np.rint(points * 1e6).astype(np.int64)
    if piece is not None:
        keys = np.column_stack([keys, piece])
    order = np.lexsort(keys.T)
    ordered = keys[order]
    first = np.concatenate([[False], (ordered[1:] != ordered[:-1]).any(axis=1)])
    places = np.empty(len(points), dtype=np.int64)
    places[order] = np.cumsum(first)
    return places


def extent_of(points: NDArray[Any]) -> Any:
    """Smallest and largest corner of some points, as USD's extent."""
    low, high = points.min(axis=0), points.max(axis=0)
    return Vt.Vec3fArray.FromNumpy(np.array([low, high], dtype=np.float32))


def mesh(
    layer: Any,
    path: str,
    points: Points,
    faces: Faces,
    colour: tuple[float, ...] | None,
    material: str | None = None,
    purpose: str | None = None,
    normals: NDArray[np.float32] | None = None,
) -> Any:
    """Define a triangle mesh; ``material`` is the path of a Material prim. Returns its spec.

    points [n, 3] in metres; faces [m, 3], counter-clockwise seen from outside
    colour : sRGB; None leaves it to what encloses the mesh
    normals [3 m, 3] : of the corners, None for those of :func:`corner_normals`
    """
    if normals is None:
        normals = corner_normals(points, faces)
    prim = define(layer, path, "Mesh")
    attribute(
        prim,
        "points",
        Types.Point3fArray,
        Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(points, np.float32)),
    )
    attribute(
        prim,
        "faceVertexCounts",
        Types.IntArray,
        Vt.IntArray.FromNumpy(np.full(len(faces), 3, np.int32)),
    )
    attribute(
        prim,
        "faceVertexIndices",
        Types.IntArray,
        Vt.IntArray.FromNumpy(np.ascontiguousarray(faces.reshape(-1), np.int32)),
    )
    attribute(
        prim,
        "normals",
        Types.Normal3fArray,
        Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(normals)),
        info={"interpolation": "faceVarying"},
    )
    attribute(prim, "subdivisionScheme", Types.Token, "none", uniform=True)
    attribute(prim, "extent", Types.Float3Array, extent_of(np.asarray(points)))
    if colour is not None:
        display_colour(prim, colour)
    if purpose is not None:
        attribute(prim, "purpose", Types.Token, purpose, uniform=True)
    if material is not None:
        apply_schemas(prim, "MaterialBindingAPI")
        relationship(prim, "material:binding", [material], custom=False)
    return prim


BOX_NORMALS = corner_normals(
    np.array([[x, y, z] for z in (0.0, 1.0) for y in (0.0, 1.0) for x in (0.0, 1.0)]), BOX_FACES
)
"""Normals of the corners of :data:`BOX_FACES`, the same for every box."""


def display_colour(prim: Any, colour: tuple[float, ...]) -> None:
    """Author one colour (sRGB) for a prim and what it encloses."""
    attribute(
        prim,
        "primvars:displayColor",
        Types.Color3fArray,
        Vt.Vec3fArray([Gf.Vec3f(*linear_colour(colour))]),
        info={"interpolation": "constant"},
    )


def materials(layer: Any, scope: str, names: Iterable[str]) -> Mapping[str, str]:
    """Define a scope of materials of :data:`assets.meshes.MATERIALS`; their prim paths by name."""
    define(layer, scope, "Scope")
    paths = {}
    for name in sorted(set(names)):
        paths[name] = f"{scope}/{identifier(name)}"
        _material(layer, paths[name], MATERIALS[name])
    return paths


def _material(layer: Any, path: str, look: Material) -> None:
    prim = define(layer, path, "Material")
    surface = attribute(prim, "outputs:surface", Types.Token)
    shader = define(layer, f"{path}/Surface", "Shader")
    attribute(shader, "info:id", Types.Token, "UsdPreviewSurface", uniform=True)
    attribute(shader, "inputs:diffuseColor", Types.Color3f, Gf.Vec3f(*linear_colour(look.colour)))
    attribute(shader, "inputs:metallic", Types.Float, look.metallic)
    attribute(shader, "inputs:roughness", Types.Float, look.roughness)
    if look.colour[3] < 1.0:
        attribute(shader, "inputs:opacity", Types.Float, look.colour[3])
    attribute(shader, "outputs:surface", Types.Token)
    surface.connectionPathList.explicitItems = [Sdf.Path(f"{path}/Surface.outputs:surface")]


def parts(layer: Any, path: str, pieces: Iterable[Part], bound: Mapping[str, str]) -> None:
    """Define one mesh for each part below ``path``; ``bound`` gives the materials' paths."""
    own = list(pieces)
    if not own:
        return
    points = [np.asarray(piece.mesh.vertices) for piece in own]
    faces = [np.asarray(piece.mesh.faces, dtype=np.int64) for piece in own]
    # all normals at once: the calls cost more than the arithmetic
    first = np.cumsum([0] + [len(entry) for entry in points])
    normals = corner_normals(
        np.concatenate(points),
        np.concatenate([f + start for f, start in zip(faces, first[:-1], strict=True)]),
        np.repeat(np.arange(len(own)), np.diff(first)),
    )
    ends = np.cumsum([3 * len(entry) for entry in faces])[:-1]
    for piece, vertices, triangles, corners in zip(
        own, points, faces, np.split(normals, ends), strict=True
    ):
        prim = mesh(
            layer,
            f"{path}/{identifier(piece.name)}",
            vertices,
            triangles,
            piece.colour,
            bound[piece.material],
            normals=corners,
        )
        if piece.channel_role == "state":
            attribute(prim, "twin:takesChannelColour", Types.Bool, True, uniform=True, custom=True)
