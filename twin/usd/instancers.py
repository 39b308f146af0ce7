"""The compact form: one PointInstancer for all units of a product in a place.

A hundred thousand accelerators are then one array of positions. Each instancer carries the twin
paths of its instances (accelerators: their row in the level), so nothing is lost to an importer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.catalog.specs import Accelerator, Rack
from twin.plant.plant import Plant
from twin.usd import surfaces
from twin.usd.authoring import Types, attribute, define, new_layer, relationship
from twin.usd.frames import OWNERS, UNITS, Frames
from twin.usd.names import ROOT, PrimPaths, identifier, unique_identifiers
from twin.usd.product_asset import asset_path
from twin.usd.pxr_modules import Gf, Sdf, Vt

INSTANCES = "Instances"
"""Scope of a place's instancers."""

Vectors = NDArray[np.float64]


def instancers_layer(
    plant: Plant, paths: PrimPaths, frames: Frames, folder: str, lod: str, extension: str
) -> Any:
    """All equipment and accelerators as instancers below their halls, plants and sites."""
    layer = new_layer(extension, ROOT)
    with Sdf.ChangeBlock():
        define(layer, f"/{ROOT}", "Xform", "assembly")
        for level, owner, product, rows in groups(plant, frames):
            scope = instances_scope(plant, paths, OWNERS[level], owner)
            define(layer, scope, "Xform", "group")
            path = f"{scope}/{identifier(f'{level}_{product}')}"
            _instancer(layer, path, plant, frames, level, product, rows, folder, lod)
        for owner, kind, racks in rack_groups(plant, frames):
            scope = instances_scope(plant, paths, "hall", owner)
            _accelerators(
                layer, f"{scope}/{identifier(f'gpu_{kind}')}", plant, frames, owner, kind, racks
            )
    return layer


def instances_scope(plant: Plant, paths: PrimPaths, level: str, index: int) -> str:
    """Prim path of the scope of a place's instancers; never that of an element."""
    place = paths.of(level, index)
    taken = (
        {
            path.rpartition("/")[2]
            for known in paths.by_level.values()
            for path in known
            if path.rpartition("/")[0] == place
        }
        if _clashes(plant)
        else set()
    )
    return f"{place}/{unique_identifiers([INSTANCES], taken)[0]}"


def _clashes(plant: Plant) -> bool:
    """Whether any element of the plant is named like the scope of instancers."""
    return any(INSTANCES in map(identifier, level.names) for level in plant.levels.values())


def groups(plant: Plant, frames: Frames) -> list[tuple[str, int, str, NDArray[np.int64]]]:
    """Level, row of the owning place, product and rows of every instancer of equipment."""
    found = []
    for level in UNITS:
        if not plant.levels[level].count:
            continue
        owner = frames.ancestors(level, OWNERS[level])
        products = np.array(plant.product_ids(level))
        names, kind = np.unique(products, return_inverse=True)
        code = owner * len(names) + kind
        for value in np.unique(code).tolist():
            rows = np.flatnonzero(code == value)
            found.append((level, value // len(names), str(names[value % len(names)]), rows))
    return found


def rack_groups(plant: Plant, frames: Frames) -> list[tuple[int, str, NDArray[np.int64]]]:
    """Hall, rack product and racks of every instancer of accelerators."""
    return [
        (owner, product, rows)
        for level, owner, product, rows in groups(plant, frames)
        if level == "rack"
    ]


def accelerator_rows(plant: Plant, racks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the accelerators of racks of one product, rack by rack."""
    first = plant.levels.rack_first_gpu
    count = int(first[racks[0] + 1] - first[racks[0]])
    return np.asarray((first[racks][:, None] + np.arange(count)).reshape(-1), dtype=np.int64)


def _instancer(
    layer: Any,
    path: str,
    plant: Plant,
    frames: Frames,
    level: str,
    product: str,
    rows: NDArray[np.int64],
    folder: str,
    lod: str,
) -> None:
    spec = plant.layout.products[product]
    size = np.array([spec.width, spec.depth, spec.height])
    local = frames.local(level, OWNERS[level])[rows]
    prim = _points(layer, path, local, plant.yaws(level)[rows], rows, size, 0.0)
    model = define(layer, f"{path}/Prototypes/{identifier(product)}", "Xform", "component")
    model.referenceList.Prepend(Sdf.Reference(f"{folder}/{asset_path(product)}"))
    model.variantSelections["lod"] = lod
    relationship(prim, "prototypes", [f"{path}/Prototypes/{identifier(product)}"], custom=False)
    attribute(prim, "twin:level", Types.String, level, custom=True)
    attribute(prim, "twin:product", Types.String, product, custom=True)
    names = list(plant.levels.paths(level))
    attribute(
        prim,
        "twin:paths",
        Types.StringArray,
        Vt.StringArray([names[row] for row in rows.tolist()]),
        custom=True,
    )
    enabled = plant.design.expansion.levels[level].enabled[rows]
    if not enabled.all():
        attribute(
            prim, "twin:enabled", Types.BoolArray, Vt.BoolArray(enabled.tolist()), custom=True
        )


def _points(
    layer: Any,
    path: str,
    positions: Vectors,
    yaw: NDArray[np.float64],
    ids: NDArray[np.int64],
    size: Vectors,
    below: float,
) -> Any:
    """A PointInstancer of turned boxes of one size; ``below``: height under the origin."""
    prim = define(layer, path, "PointInstancer", "group")
    half = np.deg2rad(0.5 * yaw)
    orientations = np.zeros((len(yaw), 4), dtype=np.float32)  # x, y, z, w
    orientations[:, 2], orientations[:, 3] = np.sin(half), np.cos(half)
    attribute(
        prim, "positions", Types.Point3fArray, Vt.Vec3fArray.FromNumpy(positions.astype(np.float32))
    )
    attribute(
        prim,
        "orientations",
        Types.QuathArray,
        Vt.QuathArray.FromNumpy(orientations.astype(np.float16)),
    )
    attribute(
        prim,
        "protoIndices",
        Types.IntArray,
        Vt.IntArray.FromNumpy(np.zeros(len(ids), dtype=np.int32)),
    )
    attribute(prim, "ids", Types.Int64Array, Vt.Int64Array.FromNumpy(ids.astype(np.int64)))
    angle = np.deg2rad(yaw)
    c, s = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    reach = 0.5 * np.stack([size[0] * c + size[1] * s, size[0] * s + size[1] * c], axis=1)
    low = np.append((positions[:, :2] - reach).min(axis=0), positions[:, 2].min() - below)
    high = np.append(
        (positions[:, :2] + reach).max(axis=0), positions[:, 2].max() + size[2] - below
    )
    attribute(
        prim,
        "extent",
        Types.Float3Array,
        Vt.Vec3fArray([Gf.Vec3f(*map(float, low)), Gf.Vec3f(*map(float, high))]),
    )
    define(layer, f"{path}/Prototypes", "Scope")
    return prim


def accelerator_positions(
    plant: Plant, frames: Frames, owner: int, product: str, racks: NDArray[np.int64]
) -> tuple[Vectors, NDArray[np.float64]]:
    """Centres of some racks' accelerators in their hall's frame [m, n x 3], and turns [deg]."""
    slots = np.array([slot.position for slot in plant.slots[product]])
    local = frames.local("rack", "hall")[racks]
    yaw = plant.yaws("rack")[racks]
    angle = np.deg2rad(yaw)
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x = local[:, 0:1] + c * slots[:, 0] - s * slots[:, 1]
    y = local[:, 1:2] + s * slots[:, 0] + c * slots[:, 1]
    z = local[:, 2:3] + np.broadcast_to(slots[:, 2], x.shape)
    return np.stack([x, y, z], axis=-1).reshape(-1, 3), np.repeat(yaw, len(slots))


def _accelerators(
    layer: Any,
    path: str,
    plant: Plant,
    frames: Frames,
    owner: int,
    product: str,
    racks: NDArray[np.int64],
) -> None:
    """Boxes in the places of all accelerators of one rack product in a hall."""
    slots = plant.slots[product]
    if not slots:
        return
    size = np.array(slots[0].size)
    positions, yaw = accelerator_positions(plant, frames, owner, product, racks)
    prim = _points(
        layer, path, positions, yaw, accelerator_rows(plant, racks), size, 0.5 * float(size[2])
    )
    part = plant.layout.product(plant.layout.product(product, Rack).accelerator, Accelerator)
    name = identifier(part.id)
    corners = np.array([[x, y, z] for z in (-0.5, 0.5) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
    define(layer, f"{path}/Prototypes/{name}", "Xform", "component")
    surfaces.mesh(
        layer, f"{path}/Prototypes/{name}/Module", corners * size, surfaces.BOX_FACES, None
    )
    surfaces.display_colour(prim, (0.36, 0.39, 0.46))
    relationship(prim, "prototypes", [f"{path}/Prototypes/{name}"], custom=False)
    attribute(prim, "twin:level", Types.String, "gpu", custom=True)
    attribute(prim, "twin:product", Types.String, part.id, custom=True)
