"""Stages as other tools leave them: layers over ours, payloads, instances, other units and axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from usd_stages import LAYOUT, small

from twin.errors import InputError
from twin.layout.loader import load_layout
from twin.plant.plant import compile_plant
from twin.usd.export import export_stage
from twin.usd.importing import Imported, import_stage
from twin.usd.third_party import import_product

pytest.importorskip("pxr")

ROW = "/busan/hall-01/row-01"
HEAD = '#usda 1.0\n(\n    defaultPrim = "World"\n    metersPerUnit = 1\n    upAxis = "Z"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stages")
    export_stage(compile_plant(small()), place / "site.usda", "addressable")
    return place


def over(*prims: str, inner: str) -> str:
    """Text of overs within each other from the root to the last, which holds ``inner``."""
    text = inner
    for prim in reversed(("World", "busan", *prims)):
        text = f'over "{prim}"\n{{\n{text}\n}}\n'
    return text


def layer(folder: Path, body: str, head: str = HEAD) -> Imported:
    """What a layer over the exported stage makes of it."""
    file = folder / "over.usda"
    file.write_text(f"{head}    subLayers = [@./site.usda@]\n)\n{body}", encoding="utf-8")
    return import_stage(file)


def overrides(result: Imported) -> dict[str, dict[str, Any]]:
    return {entry["path"]: entry for entry in result.data["overrides"]}


CDU = ("hall_01", "row_01", "cdu_1")


@pytest.mark.parametrize("kind", ["bool", "int", "uchar", "float"])
def test_a_layer_over_our_stage_changes_the_layout(folder: Path, kind: str) -> None:
    result = layer(folder, over(*CDU, inner=f"custom {kind} twin:enabled = 0"))
    assert result.changes == (f"{ROW}/cdu-1 out of service",)
    assert overrides(result)[f"{ROW}/cdu-1"]["enabled"] is False
    assert result.notes == ()


@pytest.mark.parametrize("kind", ["double", "float", "half", "int"])
def test_a_set_point_may_be_any_number(folder: Path, kind: str) -> None:
    result = layer(folder, over(*CDU, inner=f"{kind} twin:supplyTemperature = 35"))
    assert overrides(result)[f"{ROW}/cdu-1"]["supply_temperature"] == "35 degC"


def test_a_layer_without_a_unit_has_that_of_the_stage_under_it(folder: Path) -> None:
    result = layer(folder, over(*CDU, inner="custom bool twin:enabled = 0"), "#usda 1.0\n(\n")
    assert overrides(result)[f"{ROW}/cdu-1"]["enabled"] is False
    assert result.notes == ("unit and up axis are those of site.usda",)


def test_a_layer_over_a_layer(folder: Path) -> None:
    (folder / "first.usda").write_text(
        f"{HEAD}    subLayers = [@./site.usda@]\n)\n"
        + over(*CDU, inner="double twin:supplyTemperature = 33")
    )
    (folder / "second.usda").write_text(
        f"{HEAD}    subLayers = [@./first.usda@]\n)\n"
        + over(*CDU, inner="double twin:supplyTemperature = 34")
    )
    result = import_stage(folder / "second.usda")
    assert overrides(result)[f"{ROW}/cdu-1"]["supply_temperature"] == "34 degC"


@pytest.mark.parametrize(
    ("prims", "inner", "note"),
    [
        (CDU, "custom double twin:supplyTemperatur = 30", "did you mean twin:supplyTemperature"),
        (CDU, 'custom string twin:class = "rack"', "twin:class in over.usda is not taken over"),
        (CDU, 'token visibility = "invisible"', "visibility in over.usda is not taken over"),
        (("hall_01", "row_01", "cdu_9"), "custom bool twin:enabled = 0", "nothing that is in"),
        (("hall_01", "row_01"), "custom bool twin:enabled = 0", "only its machines are"),
        (("hall_01", "row_01", "rack_01"), "double twin:supplyTemperature = 30", "rack has none"),
        (("hall_01", "crah_01"), "rel twin:cdu = </World/busan>", "crah has none"),
        (
            ("hall_01", "crah_02"),
            'string twin:path = "/busan/hall-01/x"',
            "has no /busan/hall-01/x",
        ),
        ((), 'def "New"\n{\ncustom string aif:core:assetClass = "CDU"\n}', "no element of the"),
    ],
)
def test_what_a_layout_cannot_hold_is_told(
    folder: Path, prims: tuple[str, ...], inner: str, note: str
) -> None:
    result = layer(folder, over(*prims, inner=inner))
    assert any(note in words for words in result.notes), result.notes


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ('custom string twin:enabled = "no"', "string 'no'"),
        ("custom double twin:enabled = 0.5", "double 0.5"),
        ('custom string twin:supplyTemperature = "35 degC"', "string '35 degC'"),
        ("double twin:supplyTemperature = nan", "double nan"),
        ("double twin:supplyTemperature = inf", "double inf"),
        ("custom bool twin:supplyTemperature = 1", "bool True"),
        ("custom int twin:product = 7", "int 7"),
    ],
)
def test_a_value_of_the_wrong_type_is_one_message_with_the_prim(
    folder: Path, inner: str, found: str
) -> None:
    with pytest.raises(InputError, match="attribute of the wrong type") as refused:
        layer(folder, over(*CDU, inner=inner))
    assert refused.value.key.startswith("/World/busan/hall_01/row_01/cdu_1.twin:")
    assert refused.value.found == found


def test_a_value_over_time_does_not_stand_for_one_that_holds(folder: Path) -> None:
    body = over("hall_01", "row_01", "rack_01",
                inner="custom bool twin:enabled.timeSamples = {1: 0, 2: 1}")  # fmt: skip
    with pytest.raises(InputError, match="values over time"):
        layer(folder, body)


def test_rows_as_instances_lose_nothing(folder: Path) -> None:
    body = over("hall_01", inner='over "row_01" (\n    instanceable = true\n)\n{\n}')
    result = layer(folder, body)
    assert result.data == LAYOUT
    assert result.changes == ()


@pytest.mark.parametrize("arc", ["references", "payload"])
@pytest.mark.parametrize(
    ("head", "convert"),
    [
        (HEAD, ""),
        (
            HEAD.replace("= 1\n", "= 0.01\n").replace('"Z"', '"Y"'),
            "float xformOp:rotateX = -90\nfloat3 xformOp:scale = (100, 100, 100)\n"
            'uniform token[] xformOpOrder = ["xformOp:rotateX", "xformOp:scale"]\n',
        ),
    ],
    ids=["metres", "centimetres, Y up"],
)
def test_a_stage_that_refers_to_ours_holds_its_layout(
    folder: Path, arc: str, head: str, convert: str
) -> None:
    file = folder / "campus.usda"
    change = over(*CDU, inner="custom bool twin:enabled = 0").partition("{\n")[2]
    file.write_text(
        f'{head})\ndef Xform "World"\n{{\ndef Xform "One" (\n    {arc} = @./site.usda@\n)\n'
        f"{{\n{convert}{change}}}\n"
    )
    result = import_stage(file)
    assert overrides(result)[f"{ROW}/cdu-1"]["enabled"] is False
    assert len(result.changes) == 1, result.changes


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (HEAD.replace("= 1\n", "= 0.01\n"), "scaled alike"),
        (HEAD.replace('"Z"', '"Y"'), "lies on its side"),
    ],
)
def test_units_that_were_not_converted_are_refused(folder: Path, head: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        layer(folder, "", head)


@pytest.mark.parametrize(
    ("body", "prim"),
    [
        ('def "A" (references = @./gone.usda@) {}', "/World/A"),
        ('def "A" (references = @./site.usda@</Nothing>) {}', "/World/A"),
        ('def "A" (payload = @./gone.usda@) {}', "/World/A"),
        ('def "A"\n{\ndef "B" (references = </World/A>) {}\n}', "/World/A/B"),
        ('def "A" (references = @./text.usda@) {}', "/World/A"),
    ],
    ids=["file", "prim", "payload", "circle", "no USD"],
)
def test_what_cannot_be_had_is_one_message_with_the_prim(
    folder: Path, body: str, prim: str
) -> None:
    (folder / "text.usda").write_text("hello")
    with pytest.raises(InputError, match="cannot be composed") as refused:
        layer(folder, f'over "World" {{\n{body}\n}}\n')
    assert refused.value.key == prim
    assert len(str(refused.value)) < 700


def test_a_missing_sublayer_is_refused_instead_of_all_its_machines(folder: Path) -> None:
    equipment = folder / "site_files" / "equipment.usda"
    equipment.rename(equipment.with_suffix(".away"))
    try:
        with pytest.raises(InputError, match="cannot be composed") as refused:
            import_stage(folder / "site.usda")
    finally:
        equipment.with_suffix(".away").rename(equipment)
    assert "equipment.usda" in refused.value.found


def test_a_file_that_is_none_says_where(folder: Path) -> None:
    file = folder / "broken.usda"
    file.write_text(
        '#usda 1.0\n(\n    metersPerUnit = 1\n)\ndef Xform "World"\n{\n    double a = \n}\n'
    )
    with pytest.raises(InputError, match=r"broken\.usda:\d+"):
        import_stage(file)


def test_a_stage_in_the_place_of_a_layout_file_leads_on(folder: Path) -> None:
    with pytest.raises(InputError, match="is a stage") as refused:
        load_layout(folder / "site.usda")
    assert f"twin import {folder / 'site.usda'}" in refused.value.allowed


# --- assets of other makers -------------------------------------------------------------------

ASSET = """#usda 1.0
(
    defaultPrim = "CW375"
    metersPerUnit = {unit}
    upAxis = "{up}"
)
def Xform "CW375" ({arc} = @./{geometry}@</geo>)
{{
{own}}}
"""
FIGURES = """    string aif:core:assetClass = "CDU"
    string aif:core:manufacturer = "Zażółć Kühltechnik"
    string aif:core:modelNumber = "CW 375"
    float aif:core:height = 2000
    float aif:core:width = 600
    float aif:core:depth = {depth}
    float aif:core:weight = 500
    float aif:spec:nominalCoolingCapacity = 375
    int aif:spec:numberOfPumps = 2
"""
GEOMETRY = """#usda 1.0
(
    defaultPrim = "geo"
    metersPerUnit = {unit}
    upAxis = "{up}"
)
def Xform "geo"
{{
{figures}    def Cube "box"
    {{
        double size = 1
        double3 xformOp:scale = {size}
        uniform token[] xformOpOrder = ["xformOp:scale"]
        float3[] extent = [(-0.5, -0.5, -0.5), (0.5, 0.5, 0.5)]
    }}
}}
"""


def asset(
    folder: Path, up: str, unit: float, arc: str = "references", depth: float = 1200.0,
    within: bool = False,
) -> Path:  # fmt: skip
    """An asset whose geometry, and ``within`` its figures, are in another file."""
    sizes = {"Y": (0.6, 2.0, 1.2), "Z": (0.6, 1.2, 2.0)}[up]
    figures = FIGURES.format(depth=depth)
    (folder / "geo.usda").write_text(
        GEOMETRY.format(
            unit=unit, up=up, size=tuple(length / unit for length in sizes),
            figures=figures if within else "",
        ), encoding="utf-8",
    )  # fmt: skip
    file = folder / "asset.usda"
    file.write_text(
        ASSET.format(unit=unit, up=up, arc=arc, geometry="geo.usda", own="" if within else figures),
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("arc", ["references", "payload"])
@pytest.mark.parametrize(("up", "unit"), [("Y", 0.01), ("Z", 1.0), ("Y", 1.0), ("Z", 0.0254)])
def test_an_asset_is_as_large_as_it_is_whatever_it_calls_up(
    tmp_path: Path, up: str, unit: float, arc: str, within: bool
) -> None:
    entry, _ = import_product(asset(tmp_path, up, unit, arc, within=within), "vertiv-xdu1350")
    assert (entry["width"], entry["depth"], entry["height"]) == ("0.6 m", "1.2 m", "2 m")
    assert entry["vendor"] == "Zażółć Kühltechnik"
    assert entry["id"] == "zazolc-kuhltechnik-cw-375"
    assert entry["rated_capacity"] == "375000 W"


@pytest.mark.parametrize("arc", ["references", "payload"])
@pytest.mark.parametrize("up", ["Y", "Z"])
def test_a_stated_size_that_the_geometry_contradicts_is_refused(
    tmp_path: Path, up: str, arc: str
) -> None:
    with pytest.raises(InputError, match="contradicts the geometry") as refused:
        import_product(asset(tmp_path, up, 0.01, arc, depth=1.2), "vertiv-xdu1350")
    assert refused.value.key == "/CW375 aif:core:depth"
    assert refused.value.allowed.startswith("1200 mm")


@pytest.mark.parametrize("value", ["inf", "nan", "-3", "0"])
def test_a_figure_beyond_its_bounds_is_refused(tmp_path: Path, value: str) -> None:
    file = asset(tmp_path, "Z", 1.0)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("weight = 500", f"weight = {value}"), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        import_product(file, "vertiv-xdu1350")
    assert refused.value.key == "/CW375 aif:core:weight"


def test_a_missing_payload_of_an_asset_is_one_message(tmp_path: Path) -> None:
    file = asset(tmp_path, "Y", 0.01, "payload")
    (tmp_path / "geo.usda").unlink()
    with pytest.raises(InputError, match="cannot be composed") as refused:
        import_product(file, "vertiv-xdu1350")
    assert refused.value.key == "/CW375"
