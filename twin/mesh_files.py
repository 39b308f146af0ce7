"""A plant's models in one file: glTF binary (GLB) for viewers and engines, STL for CAD.

GLB keeps one mesh for each product and material and places it many times; nodes are named by twin
path. glTF has Y up, so the whole hangs under one turned node. STL is all triangles in the common
frame, metres with Z up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.meshes import MATERIALS, Part, Solid, build, duct, pipe
from twin.errors import InputError
from twin.plant.plant import Plant
from twin.scene import scene
from twin.usd.colours import linear_colour
from twin.whole_files import write_file

LARGEST_STL = 20_000_000
"""Most triangles of an STL file (1 GB)."""
LARGEST_NODES = 60_000
"""Up to so many nodes a GLB has one mesh per material; beyond it, one coloured mesh per product."""
PIPE_SIDES = 8

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Written:
    """What a file holds: placed objects, triangles as drawn, and its size."""

    objects: int
    triangles: int
    file_bytes: int


@dataclass(frozen=True)
class _Model:
    """A product's parts joined by material, with its mass [kg] (0: not a product)."""

    name: str
    meshes: Mapping[str, trimesh.Trimesh]
    mass: float

    @property
    def triangles(self) -> int:
        return sum(len(mesh.faces) for mesh in self.meshes.values())


def export_meshes(plant: Plant, file: Path, detail: int = 1) -> Written:
    """Write the models of a plant; ``detail`` 0, 1 or 2. The file's ending chooses GLB or STL.

    Raises
    ------
    InputError : too many triangles for an STL file, or the file cannot be written
    """
    description = scene(plant)
    models = {
        name: _model(name, entry, plant.layout.products[name].mass, detail)
        for name, entry in description["products"].items()
    }
    placed = list(_placed(plant, description))
    fixed = _surroundings(description)
    triangles = sum(models[product].triangles for _, product, _ in placed) + fixed.triangles
    if file.suffix.lower() == ".stl":
        if triangles > LARGEST_STL:
            raise InputError(
                "too many triangles for one STL file",
                file,
                found=f"{triangles:,}",
                allowed=f"at most {LARGEST_STL:,}: a lower detail, or .glb",
            )
        data = _stl(models, placed, fixed)
    else:
        data = _glb(models, placed, fixed)
    write_file(file, data)
    return Written(len(placed), triangles, len(data))


def _by_material(name: str, parts: Sequence[Part]) -> Mapping[str, trimesh.Trimesh]:
    joined: dict[str, list[Part]] = {}
    for part in parts:
        if part.shown != "open":
            joined.setdefault(part.material, []).append(part)
    return {
        material: _mesh(
            f"{name}/{material}",
            material,
            [Solid(np.asarray(part.mesh.vertices), np.asarray(part.mesh.faces)) for part in own],
        )
        for material, own in joined.items()
    }


def _mesh(name: str, material: str, solids: Sequence[Solid]) -> trimesh.Trimesh:
    """Solids as one mesh with the material's look; faces keep their own corners."""
    offsets = np.cumsum([0] + [len(solid.vertices) for solid in solids[:-1]])
    vertices = np.concatenate([solid.vertices for solid in solids])
    faces = np.concatenate([s.faces + o for s, o in zip(solids, offsets, strict=True)])
    look = MATERIALS[material]
    linear = trimesh.visual.material.PBRMaterial(
        name=material,
        baseColorFactor=[round(255 * c) for c in (*linear_colour(look.colour), look.colour[3])],
        metallicFactor=look.metallic,
        roughnessFactor=look.roughness,
    )
    visual = trimesh.visual.TextureVisuals(material=linear)
    return trimesh.Trimesh(vertices, faces, process=False, visual=visual, metadata={"name": name})


def _model(name: str, entry: Mapping[str, Any], mass: float, detail: int) -> _Model:
    width, depth, height = entry["size"]
    parts = build(entry["mesh"], (width, depth, height), entry["parameters"], detail)
    model = _Model(name, _by_material(name, parts), mass)
    for mesh in model.meshes.values():
        mesh.metadata["product"], mesh.metadata["mass_kg"] = name, float(mass)
    return model


def _placed(plant: Plant, description: Mapping[str, Any]) -> Iterator[tuple[str, str, Matrix]]:
    """Twin path, product and transform of everything that stands somewhere."""
    for group in description["instances"]:
        names = list(plant.levels.paths(group["level"]))
        for index, position, yaw in zip(
            group["index"], group["position"], group["yaw"], strict=True
        ):
            matrix = trimesh.transformations.rotation_matrix(np.deg2rad(yaw), (0, 0, 1))
            matrix[:3, 3] = position
            yield names[index], group["product"], matrix


def _surroundings(description: Mapping[str, Any]) -> _Model:
    """Slabs, pipes and busways, in the common frame."""
    solids: dict[str, list[Solid]] = {}
    for part in description["structures"]:
        if part["kind"] in ("slab", "floor"):
            low = np.array(part["position"], dtype=float)
            box = trimesh.creation.box(bounds=[low, low + np.array(part["size"])])
            look = "concrete" if part["kind"] == "slab" else "tile"
            solids.setdefault(look, []).append(
                Solid(np.asarray(box.vertices), np.asarray(box.faces))
            )
    for line in description["pipes"]:
        look = line["service"].rpartition("-")[2]
        solids.setdefault(look, []).append(
            pipe(line["points"], line["diameter"], PIPE_SIDES, elbow_steps=2)
        )
    for run in description["busways"]:
        if np.ptp(np.array(run["points"]), axis=0).max() > 0.0:
            solids.setdefault("aluminium", []).append(
                duct(run["points"], run["size"][0], run["size"][1])
            )
    return _Model(
        "surroundings",
        {
            material: _mesh(f"surroundings/{material}", material, own)
            for material, own in solids.items()
        },
        0.0,
    )


def _glb(
    models: Mapping[str, _Model], placed: Sequence[tuple[str, str, Matrix]], fixed: _Model
) -> bytes:
    whole = trimesh.Scene(base_frame="world")
    y_up = trimesh.transformations.rotation_matrix(-0.5 * np.pi, (1, 0, 0))
    whole.graph.update(frame_to="site", frame_from="world", matrix=y_up)
    nodes = sum(len(models[product].meshes) + 1 for _, product, _ in placed)
    geometry: dict[str, list[str]] = {}
    for name, model in models.items():
        geometry[name] = []
        meshes = model.meshes
        if nodes > LARGEST_NODES:
            meshes = {"all": _coloured(model)}
        for material, mesh in meshes.items():
            key = f"{name}/{material}"
            whole.geometry[key] = mesh
            geometry[name].append(key)
    for path, product, matrix in placed:
        own = geometry[product]
        if len(own) == 1:
            whole.graph.update(frame_to=path, frame_from="site", matrix=matrix, geometry=own[0])
            continue
        whole.graph.update(frame_to=path, frame_from="site", matrix=matrix)
        for key in own:
            whole.graph.update(
                frame_to=f"{path}#{key.rpartition('/')[2]}", frame_from=path, geometry=key
            )
    for material, mesh in fixed.meshes.items():
        key = f"surroundings/{material}"
        whole.geometry[key] = mesh
        whole.graph.update(frame_to=key, frame_from="site", geometry=key)
    data = whole.export(file_type="glb")
    assert isinstance(data, bytes)
    return data


def _coloured(model: _Model) -> trimesh.Trimesh:
    """All of a product as one mesh with a colour for each vertex."""
    meshes, colours = [], []
    for material, mesh in model.meshes.items():
        meshes.append(Solid(np.asarray(mesh.vertices), np.asarray(mesh.faces)))
        look = MATERIALS[material].colour
        rgba = np.round(255 * np.array((*linear_colour(look), look[3]))).astype(np.uint8)
        colours.append(np.tile(rgba, (len(mesh.vertices), 1)))
    joined = _mesh(model.name, next(iter(model.meshes)), meshes)
    joined.visual = trimesh.visual.ColorVisuals(joined, vertex_colors=np.concatenate(colours))
    joined.metadata.update(product=model.name, mass_kg=model.mass)
    return joined


def _stl(
    models: Mapping[str, _Model], placed: Sequence[tuple[str, str, Matrix]], fixed: _Model
) -> bytes:
    """Binary STL of all triangles: 80 bytes of header, a count, 50 bytes each."""
    corners = {
        name: np.concatenate([np.asarray(m.triangles) for m in model.meshes.values()])
        for name, model in models.items()
    }
    blocks = [corners[product] @ matrix[:3, :3].T + matrix[:3, 3] for _, product, matrix in placed]
    blocks += [np.asarray(mesh.triangles) for mesh in fixed.meshes.values()]
    triangles = np.concatenate(blocks)
    normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    size = np.linalg.norm(normal, axis=1, keepdims=True)
    record = np.zeros(len(triangles), dtype=[("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")])
    record["n"] = normal / np.where(size > 0.0, size, 1.0)
    record["v"] = triangles
    return b"\0" * 80 + np.uint32(len(triangles)).tobytes() + record.tobytes()
