"""Layers of a product's asset that carry figures: properties, connection points, provenance."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from twin.catalog.loader import Catalog, CatalogEntry
from twin.catalog.specs import Product
from twin.layout.loader import class_of
from twin.rigid.service_space import service_space
from twin.usd.aif_fields import (
    ASSET_CLASSES,
    CORE_FIGURES,
    DECLARED,
    FIGURES,
    Figure,
    plain_figure,
)
from twin.usd.aif_values import Supply, derived_values
from twin.usd.authoring import Types, apply_schemas, attribute, define, new_layer
from twin.usd.connection_points import (
    ESTIMATES,
    FLANGE_RATING,
    ROTATIONS,
    ConnectionPoint,
    connection_points,
)
from twin.usd.pxr_modules import Gf, Sdf, Vt

PROFILE, PROFILE_VERSION = "AIF-Entity", "0.2.0"
ASSET_VERSION = "1.0.0"
LICENCE = "Apache-2.0"
AUTHOR = "ai-factory-twin"

CATEGORY_CODES = {"compute rack": "Q68", "CRAH": "Q2479079"}
"""Wikidata entities of what an asset is: a computer, an air handler; else Q11019, a machine."""
MACHINE = "Q11019"

_VALUE_TYPES = {
    "float": Types.Float,
    "int": Types.Int,
    "string": Types.String,
    "float2[]": Types.Float2Array,
    "float3[]": Types.Float3Array,
}
_TOKENS = {
    "fluidType",
    "flangeRating",
    "flangeSize",
    "connectorType",
    "filterType",
    "portType",
    "protocol",
    "dataRate",
    "medium",
    "fabricRole",
}


def provenance(name: str, product: Product, created: datetime.date) -> dict[str, Any]:
    """``customLayerData`` of an asset's root layer: who made it, from what, and its bulk."""
    asset_class = ASSET_CLASSES.get(class_of(product), class_of(product))
    size = Gf.Vec3f(product.width, product.depth, product.height)
    return {
        "SimReady_Metadata": {
            "author": AUTHOR,
            "asset_name": name,
            "asset_type": "equipment",
            "asset_license": LICENCE,
            "category": asset_class,
            "source_file": f"{product.id}.toml",
            "usd_date_generated": created.isoformat(),
            "qcode": CATEGORY_CODES.get(asset_class, MACHINE),
            "rigid_body_count": 0,
            "asset_extents": size,
            "mass": float(product.mass),
        }
    }


def documentation(entry: CatalogEntry) -> str:
    """Where a product is documented: the first address among its sources, or the catalogue page."""
    for origin in entry.provenance.values():
        address = re.search(r"https?://[^\s,;)\"]+", origin.source)
        if address:
            return address[0].rstrip(".")
    return f"docs/CATALOGUE.md#{entry.product.id}"


def properties_layer(
    name: str, entry: CatalogEntry, catalog: Catalog, supply: Supply, created: datetime.date
) -> Any:
    """All figures of a product on its default prim."""
    product = entry.product
    layer = new_layer("usda", name)
    with Sdf.ChangeBlock():
        prim = define(layer, f"/{name}", "Xform")
        apply_schemas(prim, "PhysicsMassAPI")
        attribute(prim, "physics:mass", Types.Float, float(product.mass))
        attribute(prim, "twin:product", Types.String, product.id, uniform=True, custom=True)
        attribute(prim, "twin:class", Types.String, class_of(product), uniform=True, custom=True)
        asset_class = ASSET_CLASSES.get(class_of(product))
        if asset_class is not None:
            _core(prim, entry, asset_class, created)
            _spec(prim, product, catalog, asset_class, supply)
    return layer


def _core(prim: Any, entry: CatalogEntry, asset_class: str, created: datetime.date) -> None:
    product = entry.product
    space = service_space(product)
    texts = {
        "assetClass": asset_class,
        "manufacturer": product.vendor,
        "modelNumber": product.title,
        "assetVersion": ASSET_VERSION,
        "simreadyVersion": PROFILE_VERSION,
        "assetDescription": product.description or product.title,
        "connectsToModelDocumentation": documentation(entry),
        "assetCreationDate": created.isoformat(),
    }
    for key, text in texts.items():
        attribute(prim, f"aif:core:{key}", Types.String, text, custom=True)
    for figure in CORE_FIGURES:
        _figure(prim, "aif:core:", figure, product)
    size = Gf.Vec3f(1e3 * product.width, 1e3 * product.depth, 1e3 * product.height)
    attribute(prim, "aif:core:overallGeometryDimensions", Types.Float3, size, custom=True)
    attribute(prim, "aif:core:installationClearance", Types.Float, 1e3 * space.side, custom=True)
    attribute(
        prim, "aif:core:accessibilityRequirement", Types.Float, 1e3 * space.front, custom=True
    )


def _figure(prim: Any, namespace: str, figure: Figure, product: Product) -> None:
    value = plain_figure(product, figure.key)
    if value is None:
        attribute(prim, namespace + figure.attribute, _VALUE_TYPES[figure.kind], custom=True)
        return
    scaled = value / figure.unit
    attribute(
        prim,
        namespace + figure.attribute,
        _VALUE_TYPES[figure.kind],
        round(scaled) if figure.kind == "int" else scaled,
        custom=True,
    )


def _spec(prim: Any, product: Product, catalog: Catalog, asset_class: str, supply: Supply) -> None:
    """Attributes of the equipment class: known, derived, and the rest without a value."""
    for figure in FIGURES[asset_class]:
        _figure(prim, "aif:spec:", figure, product)
    derived = derived_values(product, catalog, supply)
    for key, kind in sorted(DECLARED[asset_class].items()):
        value = derived.get(key)
        if value is not None and kind.endswith("[]"):
            vector, array = (
                (Gf.Vec2f, Vt.Vec2fArray) if kind == "float2[]" else (Gf.Vec3f, Vt.Vec3fArray)
            )
            value = array([vector(*point) for point in value])
        attribute(prim, f"aif:spec:{key}", _VALUE_TYPES[kind], value, custom=True)


def connection_points_layer(name: str, product: Product, supply: Supply) -> Any | None:
    """Connection points of a product under its default prim; None for one without any."""
    points = connection_points(product, supply)
    if not points:
        return None
    layer = new_layer("usda", name)
    with Sdf.ChangeBlock():
        define(layer, f"/{name}", "Xform")
        define(layer, f"/{name}/ConnectionPoints", "Scope")
        for point in points:
            _connection_point(layer, f"/{name}/ConnectionPoints/{point.name}", point)
    return layer


def _connection_point(layer: Any, path: str, point: ConnectionPoint) -> None:
    prim = define(layer, path, "Xform")
    attribute(prim, "purpose", Types.Token, "guide", uniform=True)
    attribute(prim, "xformOp:translate", Types.Double3, Gf.Vec3d(*point.position))
    attribute(prim, "xformOp:rotateXYZ", Types.Float3, Gf.Vec3f(*ROTATIONS[point.facing]))
    attribute(
        prim,
        "xformOpOrder",
        Types.TokenArray,
        Vt.TokenArray(["xformOp:translate", "xformOp:rotateXYZ"]),
        uniform=True,
    )
    namespace = "simready:connectionPoint:"
    for key, value in (
        ("domain", point.domain),
        ("direction", point.direction),
        ("system", point.system),
        ("disconnectType", point.disconnect),
    ):
        attribute(prim, namespace + key, Types.Token, value, custom=True)
    attribute(
        prim, f"{namespace}serviceClearance", Types.Float, float(point.clearance), custom=True
    )
    for key, value in point.values.items():
        _property(prim, f"{namespace}{point.domain}:{key}", key, value)


def _property(prim: Any, name: str, key: str, value: Any) -> None:
    info: Mapping[str, Any] = {}
    if ESTIMATES.get(key) == value or value == FLANGE_RATING:
        info = {"customData": {"mark": "C", "source": "engineering estimate"}}
    if isinstance(value, bool):
        attribute(prim, name, Types.Bool, value, custom=True, info=info)
    elif isinstance(value, list):
        attribute(prim, name, Types.TokenArray, Vt.TokenArray(value), custom=True, info=info)
    elif key in _TOKENS:
        attribute(prim, name, Types.Token, value, custom=True, info=info)
    elif key == "phases":
        attribute(prim, name, Types.Int, int(value), custom=True, info=info)
    else:
        attribute(prim, name, Types.Float, float(value), custom=True, info=info)
