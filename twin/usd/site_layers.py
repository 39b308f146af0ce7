"""Places of a plant, and its equipment as one prim each (the addressable form)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.catalog.specs import Rack
from twin.plant.plant import Plant
from twin.usd.authoring import Types, attribute, define, new_layer, place, relationship
from twin.usd.frames import GROUPS, UNITS, Frames
from twin.usd.names import CLASSES, ROOT, PrimPaths, identifier
from twin.usd.product_asset import asset_path
from twin.usd.pxr_modules import Gf, Sdf

KINDS = {"site": "assembly", "plant": "group", "hall": "group", "row": "group"}
GENERATION, PRODUCT = "generation", "product"


def variant_set(level: str) -> str:
    """Name of the variant set by which elements of a level choose their product."""
    return GENERATION if level == "rack" else PRODUCT


def places_layer(plant: Plant, paths: PrimPaths, frames: Frames, extension: str) -> Any:
    """Sites, plants, halls and rows: nested frames with the twin path and what feeds what."""
    layer = new_layer(extension, ROOT)
    result = plant.design.expansion
    with Sdf.ChangeBlock():
        define(layer, f"/{ROOT}", "Xform", "assembly")
        for level in GROUPS:
            local = frames.local(level)
            for index, (path, name) in enumerate(
                zip(paths.by_level[level], plant.levels.paths(level), strict=True)
            ):
                prim = define(layer, path, "Xform", KINDS[level])
                place(prim, local[index])
                _tag(prim, name)
                if level == "hall":
                    for key, plants in (
                        ("twin:plant", result.hall_plant),
                        ("twin:airPlant", result.hall_air_plant),
                    ):
                        relationship(prim, key, [paths.of("plant", plants[index])])
                elif level == "plant":
                    _set_point(prim, float(result.plant_setpoint[index]))
                elif level == "site":
                    location = plant.sites[index].location
                    attribute(prim, "twin:latitude", Types.Double, location.latitude, custom=True)
                    attribute(prim, "twin:longitude", Types.Double, location.longitude, custom=True)
    return layer


def _tag(prim: Any, path: str) -> None:
    attribute(prim, "twin:path", Types.String, path, custom=True)


def _set_point(prim: Any, temperature: float) -> None:
    attribute(prim, "twin:supplyTemperature", Types.Double, temperature, custom=True)


def generations(plant: Plant, catalog: Mapping[str, Any], level: str) -> list[str]:
    """Products that a level's elements can be switched to: those in use first.

    For racks also the other racks of the same vendors and cooling in the catalogue.
    """
    used = list(dict.fromkeys(plant.product_ids(level)))
    if level != "rack":
        return used
    racks = [plant.layout.product(name, Rack) for name in used]
    kinds = {(rack.vendor, rack.cooling) for rack in racks}
    others = [
        name
        for name, entry in sorted(catalog.items())
        if isinstance(entry.product, Rack)
        and name not in used
        and (entry.product.vendor, entry.product.cooling) in kinds
    ]
    return used + others


def equipment_layer(
    plant: Plant,
    paths: PrimPaths,
    frames: Frames,
    catalog: Mapping[str, Any],
    folder: str,
    lod: str,
    extension: str,
) -> Any:
    """Every machine as a prim that refers to its product's asset in ``folder``."""
    layer = new_layer(extension, ROOT)
    with Sdf.ChangeBlock():
        define(layer, f"/{ROOT}", "Xform", "assembly")
        define(layer, f"/{ROOT}/{CLASSES}", "Scope")
        for level in UNITS:
            if plant.levels[level].count:
                _class_prim(layer, level, generations(plant, catalog, level), folder, lod)
                _units(layer, plant, paths, frames, level)
    return layer


def _class_prim(layer: Any, level: str, products: Sequence[str], folder: str, lod: str) -> None:
    """The class that a level's prims inherit: what is equal in all, and a variant per product."""
    prim = Sdf.CreatePrimInLayer(layer, f"/{ROOT}/{CLASSES}/{level}")
    prim.specifier = Sdf.SpecifierClass
    prim.typeName = "Xform"
    prim.SetInfo("kind", "component")
    prim.SetInfo("instanceable", True)
    place(prim, (0.0, 0.0, 0.0))
    name = variant_set(level)
    prim.variantSetNameList.Append(name)
    prim.SetInfo("variantSelection", {"lod": lod, name: identifier(products[0])})
    variants = Sdf.VariantSetSpec(prim, name)
    for product in products:
        body = Sdf.VariantSpec(variants, identifier(product)).primSpec
        body.referenceList.Prepend(Sdf.Reference(f"{folder}/{asset_path(product)}"))
        attribute(body, "twin:product", Types.String, product, custom=True)


def _units(layer: Any, plant: Plant, paths: PrimPaths, frames: Frames, level: str) -> None:
    """The prims of a level: what differs from the class, and the twin path."""
    result = plant.design.expansion
    local, yaw = frames.local(level).tolist(), plant.yaws(level).tolist()
    enabled = result.levels[level].enabled.tolist()
    products = list(plant.product_ids(level))
    inherits = Sdf.PathListOp.Create(prependedItems=[Sdf.Path(f"/{ROOT}/{CLASSES}/{level}")])
    choices = {product: {variant_set(level): identifier(product)} for product in set(products)}
    usual = products[0]
    cdus = (
        [paths.of("cdu", c) if c >= 0 else "" for c in result.rack_cdu.tolist()]
        if (level == "rack")
        else []
    )
    own = paths.by_level[level]
    for index, name in enumerate(plant.levels.paths(level)):
        prim = define(layer, own[index], "Xform")
        prim.SetInfo("inheritPaths", inherits)
        if products[index] != usual:
            prim.SetInfo("variantSelection", choices[products[index]])
        attribute(prim, "xformOp:translate", Types.Double3, Gf.Vec3d(local[index]))
        if yaw[index] != 0.0:
            attribute(prim, "xformOp:rotateXYZ", Types.Float3, Gf.Vec3f(0.0, 0.0, yaw[index]))
        _tag(prim, name)
        if cdus and cdus[index]:
            relationship(prim, "twin:cdu", [cdus[index]])
        if level == "cdu":
            _set_point(prim, float(result.cdu_setpoint[index]))
        if not enabled[index]:
            attribute(prim, "twin:enabled", Types.Bool, False, custom=True)
