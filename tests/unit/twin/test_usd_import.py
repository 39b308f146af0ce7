"""Stages back to layouts: nothing lost, changes taken over, bad files refused."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from usd_stages import LAYOUT, layout_of, small

from twin.errors import InputError
from twin.plant.plant import Plant, compile_plant
from twin.usd.content import read_content
from twin.usd.export import export_stage
from twin.usd.importing import Imported, import_stage
from twin.usd.layout_text import layout_text
from twin.yaml_file import parse

pxr = pytest.importorskip("pxr")
from pxr import Gf, Sdf, Usd, UsdGeom  # noqa: E402

ROW = "/World/busan/hall_01/row_01"


@pytest.fixture(scope="module")
def plant() -> Plant:
    return compile_plant(small())


@pytest.fixture(scope="module")
def exported(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("stage") / "site.usda"
    export_stage(plant, file, "addressable")
    return file


@pytest.fixture
def edited(exported: Path) -> Callable[[Callable[[Any], None]], Imported]:
    """Imports the exported stage after an edit of its root layer, as another tool makes it."""

    def edit(change: Callable[[Any], None]) -> Imported:
        layer = Sdf.Layer.OpenAsAnonymous(str(exported))
        layer.subLayerPaths = [str(exported.parent / path) for path in layer.subLayerPaths]
        stage = Usd.Stage.Open(layer)
        change(stage)
        file = exported.with_name("edited.usda")
        stage.GetRootLayer().Export(str(file))
        return import_stage(file)

    return edit


def move(stage: Any, path: str, x: float, y: float, z: float = 0.0) -> None:
    """Move a prim by a distance, as a user does with a gizmo."""
    api = UsdGeom.XformCommonAPI(stage.GetPrimAtPath(path))
    old = api.GetXformVectors(Usd.TimeCode.Default())[0]
    assert api.SetTranslate(old + Gf.Vec3d(x, y, z))


def positions(result: Imported) -> Plant:
    return compile_plant(layout_of(result.data))


def overrides(result: Imported) -> dict[str, dict[str, Any]]:
    return {entry["path"]: entry for entry in result.data["overrides"]}


@pytest.mark.parametrize("name", ["a.usd", "b.usda", "c.usdc", "d.usdz"])
@pytest.mark.parametrize("form", ["addressable", "compact"])
def test_round_trip_loses_nothing(plant: Plant, tmp_path: Path, name: str, form: Any) -> None:
    file = tmp_path / name
    export_stage(plant, file, form)
    result = import_stage(file)
    assert result.data == LAYOUT
    assert result.layout.digest == plant.digest
    assert result.changes == ()
    assert result.notes == ()


def test_moved_rack_comes_back_moved(
    plant: Plant, edited: Callable[[Callable[[Any], None]], Imported]
) -> None:
    result = edited(lambda stage: move(stage, f"{ROW}/rack_03", 0.4321, -0.25))
    assert len(result.changes) == 1
    after = positions(result)
    index = after.levels.find("/busan/hall-01/row-01/rack-03")[1]
    expected = plant.positions("rack").copy()
    expected[index] += (0.4321, -0.25, 0.0)
    np.testing.assert_allclose(after.positions("rack"), expected, atol=1e-4)


def test_move_adds_to_an_override_that_is_there(
    plant: Plant, edited: Callable[[Callable[[Any], None]], Imported]
) -> None:
    result = edited(lambda stage: move(stage, f"{ROW}/rack_02", 0.5, 0.0))
    entry = overrides(result)["/busan/hall-01/row-01/rack-02"]
    assert entry == {
        "path": "/busan/hall-01/row-01/rack-02",
        "position": ["10 m", "3.75 m"],
        "yaw": "30 deg",
    }


def test_turned_rack_comes_back_turned(edited: Callable[[Callable[[Any], None]], Imported]) -> None:
    def turn(stage: Any) -> None:
        api = UsdGeom.XformCommonAPI(stage.GetPrimAtPath(f"{ROW}/rack_03"))
        api.SetRotate(Gf.Vec3f(0.0, 0.0, 137.0))

    result = edited(turn)
    assert overrides(result)["/busan/hall-01/row-01/rack-03"]["yaw"] == "137 deg"


def test_place_that_stands_for_itself_moves_as_a_whole(
    plant: Plant, edited: Callable[[Callable[[Any], None]], Imported]
) -> None:
    result = edited(lambda stage: move(stage, "/World/busan/annex", 3.0, -4.0))
    assert result.data["sites"][0]["halls"][1]["position"] == ["93 m", "-4 m"]
    after = positions(result)
    # the electrical yard is placed beside the halls, so its generator needs an override to stay
    assert set(overrides(result)) - {o["path"] for o in LAYOUT["overrides"]} == {
        "/busan/generator-01"
    }
    np.testing.assert_allclose(
        after.positions("generator"), plant.positions("generator"), atol=1e-4
    )
    for level in ("rack", "crah", "panel"):
        moved = after.positions(level) - plant.positions(level)
        assert {tuple(np.round(row, 6)) for row in moved} == {(0.0, 0.0, 0.0), (3.0, -4.0, 0.0)}


def test_place_of_several_moves_its_machines(
    plant: Plant, edited: Callable[[Callable[[Any], None]], Imported]
) -> None:
    result = edited(lambda stage: move(stage, "/World/busan/hall_02/row_01", 0.0, 0.2))
    after = positions(result)
    moved = after.positions("rack") - plant.positions("rack")
    row = plant.levels["row"].by_parent[(1, "row-01")]
    own = plant.levels["rack"].parent_index == row
    np.testing.assert_allclose(moved[own], np.tile((0.0, 0.2, 0.0), (3, 1)), atol=1e-4)
    np.testing.assert_allclose(moved[~own], 0.0, atol=1e-9)


def test_nested_turns_and_mirrors_are_composed(
    plant: Plant, edited: Callable[[Callable[[Any], None]], Imported]
) -> None:
    def mirror(stage: Any) -> None:
        prim = stage.GetPrimAtPath("/World/busan/annex/row_01")
        prim.GetAttribute("xformOp:rotateXYZ").Set(Gf.Vec3f(0, 0, 90))
        scale = UsdGeom.Xformable(prim).AddScaleOp()
        scale.Set(Gf.Vec3f(-1, 1, 1))

    result = edited(mirror)
    assert any("mirrored" in note for note in result.notes)
    after = positions(result)
    index = plant.levels.find("/busan/annex/row_01/rack-02")[1]
    row = np.array(plant.design.expansion.origin["row"][plant.levels["rack"].parent_index[index]])
    local = plant.positions("rack")[index, :2] - row
    mirrored = np.array([-local[0], local[1]])
    expected = row + np.array([-mirrored[1], mirrored[0]])
    np.testing.assert_allclose(after.positions("rack")[index, :2], expected, atol=1e-4)
    assert after.yaws("rack")[index] == pytest.approx(90.0 + plant.yaws("rack")[index])


def test_other_generation_becomes_an_override(
    edited: Callable[[Callable[[Any], None]], Imported],
) -> None:
    def exchange(stage: Any) -> None:
        prim = stage.GetPrimAtPath(f"{ROW}/rack_01")
        prim.GetVariantSet("generation").SetVariantSelection("nvidia_gb200_nvl72")

    result = edited(exchange)
    path = "/busan/hall-01/row-01/rack-01"
    assert overrides(result)[path]["product"] == "nvidia-gb200-nvl72"


def test_product_back_to_that_of_the_row_drops_the_override(
    edited: Callable[[Callable[[Any], None]], Imported],
) -> None:
    def exchange(stage: Any) -> None:
        prim = stage.GetPrimAtPath("/World/busan/hall_02/row_02/rack_03")
        prim.GetVariantSet("generation").SetVariantSelection("nvidia_gb300_nvl72")

    assert "/busan/hall-02/row-02/rack-03" not in overrides(edited(exchange))


def test_reconnected_rack(edited: Callable[[Callable[[Any], None]], Imported]) -> None:
    def connect(stage: Any) -> None:
        prim = stage.GetPrimAtPath(f"{ROW}/rack_02")
        prim.GetRelationship("twin:cdu").SetTargets([f"{ROW}/cdu_2"])

    assert overrides(edited(connect))["/busan/hall-01/row-01/rack-02"]["cdu"] == "cdu-2"


def test_set_points_and_switches(edited: Callable[[Callable[[Any], None]], Imported]) -> None:
    def change(stage: Any) -> None:
        stage.GetPrimAtPath(f"{ROW}/cdu_1").GetAttribute("twin:supplyTemperature").Set(35.5)
        stage.GetPrimAtPath("/World/busan/warm_02").GetAttribute("twin:supplyTemperature").Set(33.0)
        off = stage.GetPrimAtPath(f"{ROW}/rack_01").CreateAttribute(
            "twin:enabled", Sdf.ValueTypeNames.Bool
        )
        off.Set(False)
        stage.GetPrimAtPath("/World/busan/hall_02/crah_01").GetAttribute("twin:enabled").Set(True)

    result = overrides(edited(change))
    assert result["/busan/hall-01/row-01/cdu-1"]["supply_temperature"] == "35.5 degC"
    assert result["/busan/warm-02"]["supply_temperature"] == "33 degC"
    assert result["/busan/hall-01/row-01/rack-01"]["enabled"] is False
    assert "/busan/hall-02/crah-01" not in result


def test_removed_machine_is_out_of_service(
    edited: Callable[[Callable[[Any], None]], Imported],
) -> None:
    result = edited(lambda stage: stage.GetPrimAtPath(f"{ROW}/rack_03").SetActive(False))
    assert overrides(result)["/busan/hall-01/row-01/rack-03"]["enabled"] is False
    assert any("rack-03" in note for note in result.notes)


def test_copied_machine_is_noted(edited: Callable[[Callable[[Any], None]], Imported]) -> None:
    def duplicate(stage: Any) -> None:
        prim = stage.DefinePrim(f"{ROW}/rack_copy", "Xform")
        prim.GetReferences().AddInternalReference(f"{ROW}/rack_01")

    result = edited(duplicate)
    assert any("rack_copy" in note for note in result.notes)
    assert result.data == LAYOUT


def test_halls_on_another_plant(edited: Callable[[Callable[[Any], None]], Imported]) -> None:
    def connect(stage: Any) -> None:
        prim = stage.GetPrimAtPath("/World/busan/annex")
        prim.GetRelationship("twin:plant").SetTargets(["/World/busan/warm_02"])

    result = edited(connect)
    assert result.data["sites"][0]["halls"][1]["plant"] == "warm-02"


def test_whole_bank_of_another_product(edited: Callable[[Callable[[Any], None]], Imported]) -> None:
    def exchange(stage: Any, names: tuple[str, ...]) -> None:
        for name in names:
            prim = stage.GetPrimAtPath(f"/World/busan/annex/{name}")
            prim.GetAttribute("twin:product").Set("generic-fan-wall-450")

    result = edited(lambda stage: exchange(stage, ("crah_01", "crah_02", "crah_03")))
    assert result.data["sites"][0]["halls"][1]["crahs"]["product"] == "generic-fan-wall-450"
    with pytest.raises(InputError, match="single crah cannot be of another product"):
        edited(lambda stage: exchange(stage, ("crah_01",)))


def test_stage_in_centimetres_with_y_up(plant: Plant, exported: Path) -> None:
    """Another tool saves the stage in its own unit and axis: everything stays where it was."""
    file = exported.with_name("converted.usda")
    layer = Sdf.Layer.CreateNew(str(file))
    layer.subLayerPaths = [f"./{exported.name}"]
    stage = Usd.Stage.Open(layer)
    UsdGeom.SetStageMetersPerUnit(stage, 0.01)
    UsdGeom.SetStageUpAxis(stage, "Y")
    stage.SetDefaultPrim(stage.GetPrimAtPath("/World"))
    world = UsdGeom.Xformable(stage.GetPrimAtPath("/World"))
    world.AddRotateXOp().Set(-90.0)
    world.AddScaleOp().Set(Gf.Vec3f(100.0))
    data = Sdf.Layer.FindOrOpen(str(exported)).customLayerData
    layer.customLayerData = data
    move(stage, f"{ROW}/rack_03", 0.25, 0.0)
    layer.Save()
    result = import_stage(file)
    assert result.notes == ()
    assert result.changes == ("/busan/hall-01/row-01/rack-03 moved by 0.25 m, 0 m",)


def test_moved_instance_of_the_compact_form(plant: Plant, tmp_path: Path) -> None:
    file = tmp_path / "site.usda"
    export_stage(plant, file, "compact")
    stage = Usd.Stage.Open(str(file))
    prim = stage.GetPrimAtPath("/World/busan/hall_01/Instances/rack_nvidia_gb300_nvl72")
    instancer = UsdGeom.PointInstancer(prim)
    points = instancer.GetPositionsAttr().Get()
    points[5] += Gf.Vec3f(0.3, 0.1, 0.0)
    instancer.GetPositionsAttr().Set(points)
    instancer.InvisId(int(instancer.GetIdsAttr().Get()[0]), Usd.TimeCode.Default())
    stage.GetRootLayer().Save()
    result = import_stage(file)
    paths = list(prim.GetAttribute("twin:paths").Get())
    assert set(overrides(result)) - {o["path"] for o in LAYOUT["overrides"]} == {paths[0], paths[5]}
    assert overrides(result)[paths[0]]["enabled"] is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda s: (
                s.GetPrimAtPath(f"{ROW}/rack_01")
                .GetAttribute("xformOp:rotateXYZ")
                .Set(Gf.Vec3f(20, 0, 0))
            ),
            "does not stand upright",
        ),
        (
            lambda s: (
                s.GetPrimAtPath(f"{ROW}/rack_02")
                .GetRelationship("twin:cdu")
                .SetTargets(["/World/busan/hall_02/row_01/cdu_9"])
            ),
            "unknown CDU",
        ),
        (lambda s: move(s, f"{ROW}/rack_03", float("nan"), 0.0), "not finite"),
        (lambda s: move(s, f"{ROW}/rack_03", -1.2, 0.0), "two racks in one"),
        (
            lambda s: s.GetPrimAtPath(f"{ROW}/rack_03").GetAttribute("twin:product").Set("nix"),
            "unknown product",
        ),
    ],
    ids=["tilted", "foreign CDU", "not a number", "one in the other", "unknown product"],
)
def test_impossible_changes_are_refused(
    edited: Callable[[Callable[[Any], None]], Imported], change: Callable[[Any], None], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        edited(change)


def test_scaled_machine_keeps_its_size_with_a_note(
    edited: Callable[[Callable[[Any], None]], Imported],
) -> None:
    def scale(stage: Any) -> None:
        prim = stage.GetPrimAtPath(f"{ROW}/rack_03")
        UsdGeom.Xformable(prim).AddScaleOp().Set(Gf.Vec3f(1.2))

    result = edited(scale)
    assert any("scaled by 1.2" in note for note in result.notes)
    assert result.data == LAYOUT


def _with_data(exported: Path, name: str, value: dict[str, Any] | None) -> Path:
    layer = Sdf.Layer.OpenAsAnonymous(str(exported))
    layer.subLayerPaths = [str(exported.parent / path) for path in layer.subLayerPaths]
    layer.customLayerData = {"twin": value} if value is not None else {}
    file = exported.with_name(name)
    layer.Export(str(file))
    return file


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "holds no layout"),
        ({"layout": "{"}, "layout is damaged"),
        ({"layout": "[" * 100_000}, "layout is damaged"),
        ({"layout": "[1]"}, "layout is damaged"),
        ({"layout": '{"schema": "twin.layout/9"}'}, "twin.layout/1"),
        ({"layout": json.dumps(LAYOUT | {"name": ""})}, "name"),
    ],
    ids=["none", "cut", "deep", "list", "schema", "name"],
)
def test_damaged_layout_is_one_error(
    exported: Path, value: dict[str, Any] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        import_stage(_with_data(exported, "damaged.usda", value))


HOSTILE: dict[str, bytes] = {
    "empty.usda": b"",
    "text.usda": b"hello",
    "cut.usda": b'#usda 1.0\ndef Xform "World" {\n    double a = ',
    "binary.usd": bytes(range(256)) * 20,
    "crate.usdc": b"PXR-USDC" + b"\xff" * 4096,
    "zip.usdz": b"PK\x03\x04" + b"\0" * 300,
    "nul.usda": b"#usda 1.0\n\0\0\0",
    "unitless.usda": b'#usda 1.0\n(\n    defaultPrim = "World"\n)\ndef Xform "World"\n{\n}\n',
    "negative.usda": b'#usda 1.0\n(\n    metersPerUnit = -1\n)\ndef Xform "World"\n{\n}\n',
    "cycle.usda": b"#usda 1.0\n(\n    metersPerUnit = 1\n    subLayers = [@./cycle.usda@]\n)\n",
    "outside.usda": (
        b'#usda 1.0\n(\n    metersPerUnit = 1\n)\ndef Xform "World" (\n'
        b"    references = @/etc/passwd@\n)\n{\n}\n"
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_one_error(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(HOSTILE[name])
    with pytest.raises(InputError) as caught:
        import_stage(file)
    assert str(file) in str(caught.value)
    assert len(str(caught.value)) < 600


def test_references_that_multiply_end_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '#usda 1.0\n(\n    metersPerUnit = 1\n    defaultPrim = "p0"\n)\n'
    for k in range(40):
        text += f'def Xform "p{k}"\n{{\n'
        for child in "ab":
            text += (
                f'    def Xform "{child}" (\n        references = </p{k + 1}>\n    )\n'
                "    {\n    }\n"
            )
        text += "}\n"
    text += 'def Xform "p40"\n{\n}\n'
    file = tmp_path / "bomb.usda"
    file.write_text(text)
    monkeypatch.setattr("twin.usd.content.TIMEOUT", 5.0)
    with pytest.raises(InputError, match=r"too long|damaged"):
        read_content(file)


def test_flipped_bytes_never_bring_the_process_down(plant: Plant, tmp_path: Path) -> None:
    good = tmp_path / "good.usdc"
    export_stage(plant, good, "compact")
    data = good.read_bytes()
    generator = random.Random(7)
    refused = 0
    for k in range(6):
        broken = bytearray(data)
        for _ in range(1 + 8 * k):
            broken[generator.randrange(len(broken))] = generator.randrange(256)
        file = tmp_path / f"broken-{k}.usdc"
        file.write_bytes(bytes(broken))
        try:
            import_stage(file)
        except InputError:
            refused += 1
    assert refused >= 1


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.usd", "not found"), ("site.yaml", "not a USD file"), ("folder.usd", "not a file")],
)
def test_wrong_files(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "site.yaml").write_text("a: 1")
    (tmp_path / "folder.usd").mkdir()
    with pytest.raises(InputError, match=message):
        import_stage(tmp_path / name)


def test_layout_text_reads_back() -> None:
    data = copy.deepcopy(LAYOUT) | {"description": "yes: # 'no'\n  two lines"}
    data["odd"] = ["1e3", "0x10", "on", "null", "~", "1:30", "2024-01-01", "", " a ", True, 1.5, 3]
    text = layout_text(data)
    assert parse(text, Path("x")).data == data
    assert yaml.safe_load(text)["title"] == LAYOUT["title"]
