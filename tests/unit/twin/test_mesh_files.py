"""GLB and STL of whole plants: place, size, mass and triangles, read back by trimesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from usd_stages import small

from twin import mesh_files
from twin.errors import InputError
from twin.mesh_files import export_meshes
from twin.plant.plant import Plant, compile_plant


@pytest.fixture(scope="module")
def plant() -> Plant:
    return compile_plant(small())


@pytest.mark.parametrize("detail", [0, 1])
def test_glb_places_every_machine(plant: Plant, tmp_path: Path, detail: int) -> None:
    file = tmp_path / "site.glb"
    written = export_meshes(plant, file, detail)
    assert written.file_bytes == file.stat().st_size
    scene = trimesh.load(file)
    y_up = trimesh.transformations.rotation_matrix(-0.5 * np.pi, (1, 0, 0))
    for level in ("rack", "cdu", "crah", "pump"):
        for index, path in enumerate(plant.levels.paths(level)):
            matrix, _ = scene.graph.get(path)
            expected = y_up @ np.append(plant.positions(level)[index], 1.0)
            np.testing.assert_allclose(matrix[:, 3], expected, atol=1e-3)
    masses = {
        geometry.metadata["product"]: geometry.metadata["mass_kg"]
        for geometry in scene.geometry.values()
        if "product" in geometry.metadata
    }
    assert masses["nvidia-gb300-nvl72"] == plant.layout.products["nvidia-gb300-nvl72"].mass


def test_many_nodes_use_one_coloured_mesh(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh_files, "LARGEST_NODES", 1)
    export_meshes(plant, tmp_path / "site.glb", 1)
    scene = trimesh.load(tmp_path / "site.glb")
    rack = scene.geometry["nvidia-gb300-nvl72/all"]
    assert len(np.unique(rack.visual.vertex_colors, axis=0)) > 3
    product = plant.layout.products["nvidia-gb300-nvl72"]
    np.testing.assert_allclose(
        rack.extents, (product.width, product.depth, product.height), atol=2e-3
    )


def test_stl_is_closed_and_of_the_right_size(plant: Plant, tmp_path: Path) -> None:
    file = tmp_path / "site.stl"
    written = export_meshes(plant, file, 0)
    mesh = trimesh.load(file)
    assert len(mesh.faces) == written.triangles
    assert file.stat().st_size == 84 + 50 * written.triangles
    bounds = mesh.bounds
    racks = plant.positions("rack")
    assert (bounds[0, :2] < racks[:, :2].min(axis=0)).all()
    assert (bounds[1, :2] > racks[:, :2].max(axis=0)).all()
    # every edge belongs to as many faces one way as the other, so all solids are closed
    edges = np.unique(np.sort(mesh.edges, axis=1), axis=0, return_counts=True)[1]
    assert (edges % 2 == 0).all()


def test_stl_of_a_whole_campus_is_refused(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh_files, "LARGEST_STL", 1000)
    with pytest.raises(InputError, match="too many triangles"):
        export_meshes(plant, tmp_path / "site.stl", 2)


def test_unwritable_file(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        export_meshes(plant, tmp_path / "none" / "site.glb", 0)
