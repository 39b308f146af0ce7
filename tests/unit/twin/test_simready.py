"""SimReady assets: all products of the profile pass NVIDIA's validator; others' become products."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from usd_stages import LAYOUT, layout_of

from assets.meshes import DETAIL_BUDGETS
from twin.catalog import bundled_catalog
from twin.catalog.specs import Rack
from twin.errors import InputError
from twin.layout.loader import class_of
from twin.usd.aif_fields import ASSET_CLASSES, DECLARED, FIGURES
from twin.usd.aif_values import Supply
from twin.usd.product_asset import AssetOptions, has_model, product_parts, write_asset
from twin.usd.third_party import import_product, product_entry
from twin.usd.thumbnail import thumbnail

pytest.importorskip("pxr")
pytest.importorskip("simready.validate")
from pxr import Sdf, Usd, UsdGeom

from twin.usd.simready import unknown_figures, validate_asset

CATALOG = bundled_catalog()
EQUIPMENT = [name for name in CATALOG if class_of(CATALOG[name].product) in ASSET_CLASSES]
WITH_MODEL = [name for name in CATALOG if has_model(CATALOG[name].product)]
OPTIONS = AssetOptions(Supply(480.0, 60.0), datetime.date(2026, 1, 2), thumbnail)


def test_the_profile_covers_racks_cdus_ups_and_crahs() -> None:
    assert {class_of(CATALOG[name].product) for name in EQUIPMENT} == {"rack", "cdu", "crah", "ups"}
    assert len(EQUIPMENT) >= 15


@pytest.mark.parametrize("name", EQUIPMENT)
def test_asset_passes_the_validator(name: str, tmp_path: Path) -> None:
    assert validate_asset(write_asset(tmp_path, name, CATALOG, OPTIONS)) == []


def test_validator_is_not_blind(tmp_path: Path) -> None:
    file = write_asset(tmp_path, "generic-crah-150", CATALOG, OPTIONS)
    layer = Sdf.Layer.FindOrOpen(str(next((file.parent / "layers").glob("*connection*"))))
    del layer.GetPrimAtPath("/generic_crah_150/ConnectionPoints").nameChildren["liq_return"]
    del layer.GetAttributeAtPath(
        "/generic_crah_150/ConnectionPoints/air_supply.purpose"
    ).owner.properties["purpose"]
    layer.Save()
    thumbnails = next(file.parent.glob(".thumbs/*/*.png"))
    thumbnails.unlink()
    problems = " ".join(validate_asset(file))
    for rule in ("TC.002", "CP.010", "SR.002"):
        assert rule in problems


@pytest.mark.parametrize("name", EQUIPMENT)
def test_attributes_are_those_of_the_class(name: str) -> None:
    """The tables cover the profile's list exactly, as the rules' own configuration has it."""
    from simready.foundation.tier_aif.capabilities.aif import equipment_classes

    asset_class = ASSET_CLASSES[class_of(CATALOG[name].product)]
    ours = {figure.attribute for figure in FIGURES[asset_class]} | set(DECLARED[asset_class])
    theirs = equipment_classes.ATTRIBUTES[equipment_classes.normalize(asset_class)]
    assert {f"aif:spec:{key}" for key in ours} == set(theirs)


@pytest.mark.parametrize("name", WITH_MODEL)
def test_models_have_size_and_budget(name: str) -> None:
    product = CATALOG[name].product
    for detail, budget in enumerate(DETAIL_BUDGETS):
        parts = product_parts(product, CATALOG, detail)
        assert sum(len(part.mesh.faces) for part in parts) < budget
        low = np.min([part.mesh.bounds[0] for part in parts], axis=0)
        high = np.max([part.mesh.bounds[1] for part in parts], axis=0)
        np.testing.assert_allclose(
            high - low, (product.width, product.depth, product.height), atol=2e-3
        )
        for part in parts:
            assert part.mesh.is_watertight, part.name
            assert part.mesh.volume > 0.0, part.name


@pytest.mark.parametrize("name", EQUIPMENT)
def test_asset_states_size_mass_and_accelerators(name: str, tmp_path: Path) -> None:
    product = CATALOG[name].product
    stage = Usd.Stage.Open(str(write_asset(tmp_path, name, CATALOG)))
    prim = stage.GetDefaultPrim()
    assert prim.GetAttribute("physics:mass").Get() == pytest.approx(product.mass)
    assert prim.GetAttribute("aif:core:weight").Get() == pytest.approx(product.mass)
    assert prim.GetAttribute("aif:core:width").Get() == pytest.approx(1e3 * product.width)
    hint = UsdGeom.ModelAPI(prim).GetExtentsHint()
    np.testing.assert_allclose(
        np.subtract(hint[1], hint[0]), (product.width, product.depth, product.height), rtol=1e-6
    )
    if isinstance(product, Rack):
        slots = [p for p in stage.Traverse() if p.GetAttribute("twin:slot")]
        assert len(slots) == product.accelerators
        assert prim.GetAttribute("aif:spec:numGPUs").Get() == product.accelerators
        power = (
            prim.GetAttribute("aif:spec:liquidCooling").Get()
            + prim.GetAttribute("aif:spec:airCooling").Get()
        )
        assert 1e3 * power == pytest.approx(product.rated_power, rel=1e-6)


def test_unknown_figures_have_no_value(tmp_path: Path) -> None:
    stage = Usd.Stage.Open(str(write_asset(tmp_path, "generic-ups-1250", CATALOG)))
    attribute = stage.GetDefaultPrim().GetAttribute("aif:spec:batteryFloatVoltage")
    assert attribute
    assert not attribute.HasAuthoredValue()


@pytest.mark.parametrize("name", EQUIPMENT)
def test_unknown_figures_are_those_declared_without_a_value(name: str, tmp_path: Path) -> None:
    """Named by class; figures of the catalogue are never among them."""
    file = write_asset(tmp_path, name, CATALOG)
    unknown = unknown_figures(file)
    kind = ASSET_CLASSES[class_of(CATALOG[name].product)]
    assert unknown == sorted(set(unknown))
    assert set(unknown) <= set(DECLARED[kind])
    assert not {figure.attribute for figure in FIGURES[kind]} & set(unknown)


def test_connection_points_lie_on_the_cabinet(tmp_path: Path) -> None:
    for name in EQUIPMENT:
        product = CATALOG[name].product
        stage = Usd.Stage.Open(str(write_asset(tmp_path, name, CATALOG)))
        scope = stage.GetPrimAtPath(f"{stage.GetDefaultPrim().GetPath()}/ConnectionPoints")
        for prim in scope.GetChildren():
            x, y, z = UsdGeom.XformCache().GetLocalToWorldTransform(prim).ExtractTranslation()
            assert abs(x) <= 0.5 * product.width + 1e-6
            assert abs(y) <= 0.5 * product.depth + 1e-6
            assert 0.0 < z <= product.height + 1e-6


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    files = [write_asset(tmp_path / k, "vertiv-xdu1350", CATALOG, OPTIONS) for k in "ab"]
    for first in sorted(files[0].parent.rglob("*.*")):
        if first.is_file():
            second = files[1].parent / first.relative_to(files[0].parent)
            assert first.read_bytes() == second.read_bytes(), first.name


@pytest.mark.parametrize("name", EQUIPMENT)
def test_thumbnail_shows_the_product(name: str) -> None:
    picture = thumbnail(product_parts(CATALOG[name].product, CATALOG, 2), 128).astype(int)
    assert picture.shape == (128, 128, 3)
    drawn = np.abs(picture - picture[0, 0]).sum(axis=2) > 12
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) > 100  # fills the picture
    assert rows[0] > 0
    assert rows[-1] < 127
    assert abs(columns[0] + columns[-1] - 127) < 30  # stands in the middle
    assert len(np.unique(picture[drawn], axis=0)) > 50  # is shaded, not a silhouette
    corner = product_parts(CATALOG[name].product, CATALOG, 0)
    assert np.abs(thumbnail(corner, 128).astype(int) - picture).mean() > 0.5


def test_round_trip_of_a_product_through_the_profile(tmp_path: Path) -> None:
    """Our own CRAH, read as if another maker had written it, gives back its figures."""
    file = write_asset(tmp_path, "generic-crah-150", CATALOG)
    layer = Sdf.Layer.FindOrOpen(str(next((file.parent / "layers").glob("*properties*"))))
    prim = layer.GetPrimAtPath("/generic_crah_150")
    for name in ("twin:product", "twin:class"):
        del prim.properties[name]
    prim.attributes["aif:core:manufacturer"].default = "Hersteller Müller"
    prim.attributes["aif:core:modelNumber"].default = "CW 150/2"
    layer.Save()
    entry, missing = import_product(file, "generic-fan-wall-450")
    assert entry["id"] == "hersteller-muller-cw-150-2"
    data = LAYOUT | {"products": [entry]}
    data["sites"] = [dict(LAYOUT["sites"][0])]
    data["sites"][0]["halls"] = [
        hall | {"crahs": {"product": entry["id"], "count": 2}} for hall in data["sites"][0]["halls"]
    ]
    product = layout_of(data | {"overrides": []}).products[entry["id"]]
    original = CATALOG["generic-crah-150"].product
    other = CATALOG["generic-fan-wall-450"].product
    for key in (
        "width",
        "depth",
        "height",
        "mass",
        "rated_capacity",
        "rated_flow",
        "rated_airflow",
        "fan_power",
        "rated_pressure_drop",
    ):
        assert getattr(product, key) == pytest.approx(getattr(original, key), rel=1e-5), key
    assert missing == ["rated_temperature_difference"]
    assert product.rated_temperature_difference == other.rated_temperature_difference


CRAH: dict[str, Any] = {
    "aif:core:assetClass": "CRAH",
    "aif:core:manufacturer": "Acme",
    "aif:core:modelNumber": "A1",
    "aif:core:width": 2000.0,
    "aif:core:depth": 900.0,
    "aif:core:height": 1900.0,
    "aif:core:weight": 700.0,
    "aif:spec:nominalCoolingCapacity": 105.0,
}


def test_figures_written_as_text_keep_their_unit() -> None:
    given = CRAH | {"aif:spec:nominalCoolingCapacity": "30 RT", "aif:spec:flowRate": "47.55"}
    entry, missing = product_entry(given, None, "generic-crah-150", Path("a.usd"))
    assert entry["rated_capacity"] == "105505.5853 W"
    assert float(entry["rated_flow"].split()[0]) == pytest.approx(0.003, rel=1e-3)
    assert "fan_power" in missing


@pytest.mark.parametrize(
    ("changes", "extent", "message"),
    [
        ({"aif:core:assetClass": "Toaster"}, None, "unknown equipment class"),
        ({"aif:core:assetClass": "UPS"}, None, "in the place of another class"),
        ({"aif:spec:nominalCoolingCapacity": "105 florps"}, None, "unknown unit"),
        ({"aif:spec:nominalCoolingCapacity": "105 kg"}, None, "does not convert"),
        ({"aif:spec:nominalCoolingCapacity": [1.0]}, None, "is not a number"),
        ({"aif:spec:nominalCoolingCapacity": -5.0}, None, "must be positive"),
        ({"aif:core:weight": float("nan")}, None, "must be positive"),
        ({"aif:core:width": 2.0}, (2.0, 0.9, 1.9), "contradicts the geometry"),
    ],
)
def test_unusable_assets_are_refused(
    changes: dict[str, Any], extent: tuple[float, float, float] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        product_entry(CRAH | changes, extent, "generic-crah-150", Path("a.usd"), "/A")
