"""Places of a plant, and its equipment as one prim each (the addressable form)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twin.catalog.specs import Rack
from twin.errors import TwinError
from twin.plant.plant import Plant
from twin.usd.authoring import (
    Types,
    attribute,
    define,
    name_layer,
    new_layer,
    place,
    relationship,
)
from twin.usd.frames import GROUPS, UNITS, Frames
from twin.usd.names import CLASSES, ROOT, PrimPaths, identifier
from twin.usd.product_asset import asset_path
from twin.usd.pxr_modules import Sdf

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
    machines: dict[str, list[str]] = {}
    for level in UNITS:
        if plant.levels[level].count:
            _units(plant, paths, frames, level, machines)
    # the library reads text several times faster than it is told prims one by one from Python
    text = "".join(["#usda 1.0\n", *_nested(machines)])
    with Sdf.ChangeBlock():
        if machines and not layer.ImportFromString(text):
            raise TwinError("the equipment's layer cannot be made")
        name_layer(layer, ROOT)
        define(layer, f"/{ROOT}", "Xform", "assembly")
        define(layer, f"/{ROOT}/{CLASSES}", "Scope")
        for level in UNITS:
            if plant.levels[level].count:
                _class_prim(layer, level, generations(plant, catalog, level), folder, lod)
    return layer


def _nested(machines: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Text of overs that enclose the machines' text, given by the path of what encloses them."""
    inner: dict[str, list[str]] = {}
    for path in machines:
        words = path.split("/")[1:]
        for depth in range(1, len(words)):
            children = inner.setdefault("/" + "/".join(words[:depth]), [])
            child = "/" + "/".join(words[: depth + 1])
            if child not in children:
                children.append(child)

    def write(path: str) -> Iterator[str]:
        yield f'over "{path.rpartition("/")[2]}"\n{{\n'
        yield from machines.get(path, ())
        for child in inner.get(path, ()):
            yield from write(child)
        yield "}\n"

    if machines:
        yield from write(f"/{ROOT}")


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


def _units(
    plant: Plant,
    paths: PrimPaths,
    frames: Frames,
    level: str,
    machines: dict[str, list[str]],
) -> None:
    """Text of the prims of a level: what differs from the class, and the twin path."""
    result = plant.design.expansion
    local, yaw = frames.local(level).tolist(), plant.yaws(level).tolist()
    enabled = result.levels[level].enabled.tolist()
    products = list(plant.product_ids(level))
    usual, choice = products[0], variant_set(level)
    head = f"    prepend inherits = </{ROOT}/{CLASSES}/{level}>\n"
    heads = {
        product: head
        if product == usual
        else f'{head}    variants = {{\n        string {choice} = "{identifier(product)}"\n    }}\n'
        for product in set(products)
    }
    cdus = (
        [paths.of("cdu", c) if c >= 0 else "" for c in result.rack_cdu.tolist()]
        if (level == "rack")
        else []
    )
    own = paths.by_level[level]
    for index, name in enumerate(plant.levels.paths(level)):
        owner, _, word = own[index].rpartition("/")
        x, y, z = local[index]
        lines = [
            f'def Xform "{word}" (\n{heads[products[index]]})\n{{\n'
            f"    double3 xformOp:translate = ({x!r}, {y!r}, {z!r})\n"
        ]
        if yaw[index] != 0.0:
            lines.append(f"    float3 xformOp:rotateXYZ = (0, 0, {yaw[index]!r})\n")
        lines.append(f"    custom string twin:path = {_quoted(name)}\n")
        if cdus and cdus[index]:
            lines.append(f"    custom rel twin:cdu = <{cdus[index]}>\n")
        if level == "cdu":
            setpoint = float(result.cdu_setpoint[index])
            lines.append(f"    custom double twin:supplyTemperature = {setpoint!r}\n")
        if not enabled[index]:
            lines.append("    custom bool twin:enabled = 0\n")
        lines.append("}\n")
        machines.setdefault(owner, []).append("".join(lines))


def _quoted(text: str) -> str:
    """A string as USD text writes it; such strings have the escapes of JSON."""
    return json.dumps(text, ensure_ascii=False)
