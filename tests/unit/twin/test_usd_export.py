"""Exported stages: composition, names, units, both forms, and the library's own validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from usd_stages import small

from twin.errors import InputError
from twin.plant.plant import Plant, compile_plant
from twin.usd import site_layers, surfaces
from twin.usd.export import export_stage
from twin.usd.frames import UNITS
from twin.usd.names import PrimPaths, identifier, unique_identifiers

pxr = pytest.importorskip("pxr")
from pxr import Sdf, Usd, UsdGeom, UsdShade, UsdUtils  # noqa: E402


@pytest.fixture(scope="module")
def plant() -> Plant:
    return compile_plant(small())


@pytest.fixture(scope="module")
def addressable(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("stage") / "werk ä.usda"
    export_stage(plant, file, "addressable")
    return file


@pytest.fixture(scope="module")
def compact(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("stage") / "compact.usd"
    export_stage(plant, file, "compact")
    return file


def validation_errors(file: Path) -> list[str]:
    """Everything that UsdValidation reports for a stage."""
    from pxr import UsdValidation

    registry = UsdValidation.ValidationRegistry()
    names = [m.name for m in registry.GetAllValidatorMetadata() if not m.isSuite]
    validators = [registry.GetOrLoadValidatorByName(name) for name in names]
    assert len(validators) >= 20
    context = UsdValidation.ValidationContext(validators)
    stage = Usd.Stage.Open(str(file))
    return [error.GetErrorAsString() for error in context.Validate(stage)]


def test_validation_finds_planted_errors(tmp_path: Path) -> None:
    file = tmp_path / "bad.usda"
    file.write_text('#usda 1.0\n(\n    upAxis = "Z"\n)\ndef Mesh "M"\n{\n}\n')
    assert validation_errors(file)


@pytest.mark.parametrize("form", ["addressable", "compact"])
def test_stage_is_clean(form: str, request: pytest.FixtureRequest) -> None:
    assert validation_errors(request.getfixturevalue(form)) == []


@pytest.mark.parametrize("form", ["addressable", "compact"])
def test_stage_metadata(form: str, request: pytest.FixtureRequest) -> None:
    stage = Usd.Stage.Open(str(request.getfixturevalue(form)))
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert UsdGeom.GetStageUpAxis(stage) == "Z"
    assert stage.GetDefaultPrim().GetPath() == "/World"
    assert not stage.GetCompositionErrors()


def test_all_paths_are_relative_and_resolve(addressable: Path) -> None:
    layers, _, unresolved = UsdUtils.ComputeAllDependencies(Sdf.AssetPath(str(addressable)))
    assert not unresolved
    assert len(layers) > 20
    for layer in layers:
        for reference in layer.GetCompositionAssetDependencies():
            assert not Path(reference).is_absolute()
            assert reference.startswith(".")


def test_every_machine_is_a_prim_at_its_path(plant: Plant, addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable))
    cache = UsdGeom.XformCache()
    paths = PrimPaths(plant.levels)
    for level in UNITS:
        positions = plant.positions(level)
        for index, (twin_path, prim_path) in enumerate(
            zip(plant.levels.paths(level), paths.by_level[level], strict=True)
        ):
            prim = stage.GetPrimAtPath(prim_path)
            assert prim.GetAttribute("twin:path").Get() == twin_path
            assert prim.GetAttribute("twin:product").Get() == plant.product_ids(level)[index]
            world = cache.GetLocalToWorldTransform(prim)
            np.testing.assert_allclose(world.ExtractTranslation(), positions[index], atol=1e-9)
            assert Usd.ModelAPI(prim).GetKind() == "component"
            assert Usd.ModelAPI(prim).IsModel()
            assert prim.IsInstance()


def test_accelerators_are_prims_of_their_rack(plant: Plant, addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable))
    paths = PrimPaths(plant.levels)
    for rack in (0, 1, plant.levels["rack"].count - 1):
        product = plant.product_ids("rack")[rack]
        yaw = np.deg2rad(plant.yaws("rack")[rack])
        for slot in plant.slots[product][::7]:
            words = "/".join(identifier(word) for word in slot.name.split("/"))
            prim = stage.GetPrimAtPath(f"{paths.of('rack', rack)}/{words}")
            assert prim
            bounds = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default", "guide"])
            box = bounds.ComputeWorldBound(prim)
            x, y, z = slot.position
            expected = plant.positions("rack")[rack] + np.array(
                [np.cos(yaw) * x - np.sin(yaw) * y, np.sin(yaw) * x + np.cos(yaw) * y, z]
            )
            np.testing.assert_allclose(box.ComputeCentroid(), expected, atol=1e-5)


def test_yaw_and_connections_of_machines(plant: Plant, addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable))
    cache = UsdGeom.XformCache()
    paths = PrimPaths(plant.levels)
    turned = 0
    for rack, yaw in enumerate(plant.yaws("rack").tolist()):
        prim = stage.GetPrimAtPath(paths.of("rack", rack))
        axis = cache.GetLocalToWorldTransform(prim).TransformDir((1.0, 0.0, 0.0))
        expected = (np.cos(np.deg2rad(yaw)), np.sin(np.deg2rad(yaw)), 0.0)
        np.testing.assert_allclose(axis, expected, atol=1e-6)
        turned += yaw != 0.0
        cdu = int(plant.design.expansion.rack_cdu[rack])
        targets = [str(t) for t in prim.GetRelationship("twin:cdu").GetTargets()]
        assert targets == ([paths.of("cdu", cdu)] if cdu >= 0 else [])
    assert turned


@pytest.mark.parametrize("text", ['/a"b\\c', "/부산/hall", "/tab\tand\nline", "/'quotes'"])
def test_text_survives_quoting(text: str) -> None:
    layer = Sdf.Layer.CreateAnonymous("quoted.usda")
    quoted = site_layers._quoted(text)
    assert layer.ImportFromString(
        f'#usda 1.0\ndef "P"\n{{\n    custom string twin:path = {quoted}\n}}\n'
    )
    assert layer.GetAttributeAtPath("/P.twin:path").default == text


def test_normals_of_bodies_that_touch_do_not_mix() -> None:
    """Computed together or one by one, and a box has the normals of its faces."""
    box = np.array([[x, y, z] for z in (0.0, 1.0) for y in (0.0, 1.0) for x in (0.0, 1.0)])
    tilted = box @ np.array([[1.0, 0.0, 0.3], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    points = np.concatenate([box, tilted])
    faces = np.concatenate([surfaces.BOX_FACES, surfaces.BOX_FACES + 8])
    together = surfaces.corner_normals(points, faces, np.repeat([0, 1], 8))
    one, other = (surfaces.corner_normals(p, surfaces.BOX_FACES) for p in (box, tilted))
    np.testing.assert_array_equal(together, np.concatenate([one, other]))
    flat = np.repeat(np.array([[0, 0, -1], [0, 0, 1], [0, -1, 0], [0, 1, 0], [-1, 0, 0],
                               [1, 0, 0]]), 6, axis=0)  # fmt: skip
    np.testing.assert_allclose(surfaces.BOX_NORMALS, flat, atol=1e-7)


def test_siblings_with_equal_identifiers_keep_apart(plant: Plant) -> None:
    paths = PrimPaths(plant.levels)
    own = [path for path in paths.by_level["row"] if "/annex/" in path]
    assert own == ["/World/busan/annex/row_01", "/World/busan/annex/row_01_2"]


def test_bounds_of_the_stage_are_those_of_the_equipment(plant: Plant, addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable))
    box = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default", "render"])
    for rack in range(plant.levels["rack"].count):
        prim = stage.GetPrimAtPath(PrimPaths(plant.levels).of("rack", rack))
        size = box.ComputeUntransformedBound(prim).ComputeAlignedRange().GetSize()
        product = plant.layout.products[plant.product_ids("rack")[rack]]
        np.testing.assert_allclose(size, (product.width, product.depth, product.height), atol=2e-3)


def test_generation_variant_exchanges_the_product(addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable))
    prim = stage.GetPrimAtPath("/World/busan/hall_01/row_01/rack_01")
    variants = prim.GetVariantSet("generation")
    assert "nvidia_vr200_nvl72" in variants.GetVariantNames()
    variants.SetVariantSelection("nvidia_vr200_nvl72")
    assert prim.GetAttribute("twin:product").Get() == "nvidia-vr200-nvl72"


def test_detail_variant_changes_the_model(addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable))
    prim = stage.GetPrimAtPath("/World/busan/hall_01/row_01/rack_01")
    prim.SetInstanceable(False)
    counts = []
    for lod in ("low", "medium", "high"):
        prim.GetVariantSet("lod").SetVariantSelection(lod)
        geometry = stage.GetPrimAtPath(f"{prim.GetPath()}/Geometry")
        counts.append(
            sum(
                len(UsdGeom.Mesh(p).GetFaceVertexCountsAttr().Get())
                for p in Usd.PrimRange(geometry)
                if p.IsA(UsdGeom.Mesh)
            )
        )
    assert counts[0] < 50 <= counts[1] < 500 <= counts[2] < 20_000


def test_materials_are_bound(addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable))
    prim = stage.GetPrimAtPath("/World/busan/hall_01/row_01/cdu_1")
    meshes = [p for p in Usd.PrimRange(prim, Usd.TraverseInstanceProxies()) if p.IsA(UsdGeom.Mesh)]
    assert meshes
    for mesh in meshes:
        material, _ = UsdShade.MaterialBindingAPI(mesh).ComputeBoundMaterial()
        assert material
        shader = material.ComputeSurfaceSource()[0]
        assert shader.GetIdAttr().Get() == "UsdPreviewSurface"


def test_payloads_can_stay_unloaded(addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable), Usd.Stage.LoadNone)
    prim = stage.GetPrimAtPath("/World/busan/hall_01/row_01/rack_01")
    assert prim.HasPayload() or any(
        p.HasPayload() for p in Usd.PrimRange(prim, Usd.TraverseInstanceProxies(Usd.PrimIsDefined))
    )
    assert not any(
        p.IsA(UsdGeom.Mesh) and "Geometry" in str(p.GetPath())
        for p in Usd.PrimRange(prim, Usd.TraverseInstanceProxies())
    )


def test_rack_says_what_cools_it(addressable: Path) -> None:
    stage = Usd.Stage.Open(str(addressable))
    prim = stage.GetPrimAtPath("/World/busan/hall_01/row_01/rack_03")
    targets = prim.GetRelationship("twin:cdu").GetTargets()
    assert [str(t) for t in targets] == ["/World/busan/hall_01/row_01/cdu_2"]
    hall = stage.GetPrimAtPath("/World/busan/hall_02")
    assert [str(t) for t in hall.GetRelationship("twin:plant").GetTargets()] == [
        "/World/busan/warm_02"
    ]


def _instances(stage: Any, level: str) -> dict[int, np.ndarray]:
    """World positions of a level's instances by row."""
    found = {}
    cache = UsdGeom.XformCache()
    for prim in stage.Traverse():
        if prim.IsA(UsdGeom.PointInstancer) and prim.GetAttribute("twin:level").Get() == level:
            world = cache.GetLocalToWorldTransform(prim)
            instancer = UsdGeom.PointInstancer(prim)
            for row, point in zip(
                instancer.GetIdsAttr().Get(), instancer.GetPositionsAttr().Get(), strict=True
            ):
                found[int(row)] = np.array(world.Transform(point))
    return found


def test_instancers_hold_every_machine(plant: Plant, compact: Path) -> None:
    stage = Usd.Stage.Open(str(compact))
    for level in UNITS:
        found = _instances(stage, level)
        positions = plant.positions(level)
        assert sorted(found) == list(range(len(positions)))
        for row, position in found.items():
            np.testing.assert_allclose(position, positions[row], atol=1e-4)


def test_instancers_hold_every_accelerator(plant: Plant, compact: Path) -> None:
    stage = Usd.Stage.Open(str(compact))
    found = _instances(stage, "gpu")
    assert sorted(found) == list(range(plant.levels["gpu"].count))
    first = plant.levels.rack_first_gpu
    rack = 1  # turned by 30 degrees
    slot = plant.slots[plant.product_ids("rack")[rack]][5]
    yaw = np.deg2rad(plant.yaws("rack")[rack])
    x, y, z = slot.position
    expected = plant.positions("rack")[rack] + np.array(
        [np.cos(yaw) * x - np.sin(yaw) * y, np.sin(yaw) * x + np.cos(yaw) * y, z]
    )
    np.testing.assert_allclose(found[int(first[rack]) + 5], expected, atol=1e-4)


def test_package_is_one_file(plant: Plant, tmp_path: Path) -> None:
    file = tmp_path / "site.usdz"
    export_stage(plant, file, "addressable")
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.usdz"]
    assert validation_errors(file) == []
    stage = Usd.Stage.Open(str(file))
    assert stage.GetPrimAtPath("/World/busan/hall_01/row_01/rack_01/tray_04/gpu_2")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("site.obj", {}, "unknown kind of stage"),
        ("site.usd", {"lod": "tiny"}, "unknown level of detail"),
        ("missing/site.usd", {}, "its folder does not exist"),
        ("site.usd", {"recording": Path("nothing.zarr")}, "recording not found"),
    ],
)
def test_bad_requests_are_refused(
    plant: Plant, tmp_path: Path, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        export_stage(plant, tmp_path / name, **options)


def test_unwritable_place_is_one_error(plant: Plant, tmp_path: Path) -> None:
    (tmp_path / "site_files").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        export_stage(plant, tmp_path / "site.usda", "compact")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("hall-a", "hall_a"), ("01", "_01"), ("", "_"), ("홀-1", "홀_1"), ("a.b c", "a_b_c")],
)
def test_identifiers(name: str, expected: str) -> None:
    assert identifier(name) == expected
    assert Sdf.Path.IsValidIdentifier(identifier(name))


def test_unique_identifiers_number_the_later_ones() -> None:
    assert unique_identifiers(["a-b", "a_b", "a.b"], {"a_b_2"}) == ["a_b", "a_b_3", "a_b_4"]
