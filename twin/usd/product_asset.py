"""One product as a USD asset: a folder that can be moved, referenced and validated by itself.

::

    nvidia_gb300_nvl72/usd/nvidia_gb300_nvl72.usda            sublayers only
                           layers/..._properties.usda         aif:core:*, aif:spec:*, twin:*
                           layers/..._connectionpoints.usda   pipes, cables, air
                           layers/..._geometry.usda           variants, accelerators' places
                           payloads/..._low.usdc              models of less and more detail
                           .thumbs/256x256/....usda.png

Racks, CDUs, UPS and CRAHs follow NVIDIA's SimReady profile AIF-Entity 0.2.0. The variant set
``lod`` chooses the model; ``doors`` shows what the covers hide.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.meshes import Part, build
from twin.catalog.loader import Catalog
from twin.catalog.specs import Accelerator, Product, Rack
from twin.layout.loader import class_of
from twin.plant.slots import rack_slots
from twin.scene import mesh_kind
from twin.usd import surfaces
from twin.usd.aif_values import Supply
from twin.usd.asset_layers import (
    ASSET_VERSION,
    connection_points_layer,
    properties_layer,
    provenance,
)
from twin.usd.authoring import Types, attribute, define, new_layer, save
from twin.usd.names import identifier, unique_identifiers
from twin.usd.pxr_modules import Gf, Sdf, Vt

LODS = ("low", "medium", "high")
"""Variants of ``lod``, models of detail 0, 1 and 2."""
DEFAULT_LOD = "medium"
THUMBNAIL_SIZE = 256  # pixels

Thumbnailer = Callable[[Sequence[Part], int], NDArray[np.uint8]]
"""Draws parts as a square picture, shape [size, size, 3 or 4]."""


@dataclass(frozen=True)
class AssetOptions:
    """How assets are written.

    supply : electrical supply they are set up for; created : date they carry
    thumbnail : draws their pictures, None for none; text : payloads as text
    """

    supply: Supply = field(default_factory=Supply)
    created: datetime.date = datetime.date(2026, 1, 1)
    thumbnail: Thumbnailer | None = None
    text: bool = False


def mesh_parameters(product: Product, catalog: Catalog) -> Mapping[str, Any]:
    """Parameters of a product's parametric mesh."""
    if not isinstance(product, Rack):
        return {}
    part = catalog[product.accelerator].product
    assert isinstance(part, Accelerator)
    trays = product.trays
    return {
        "tray_order": trays.order,
        "pitch": trays.pitch,
        "first_height": trays.first_height,
        "compute_units": trays.compute_units,
        "accelerators_per_tray": trays.accelerators_per_tray,
        "stacks": part.hbm.stacks,
        "cooling": product.cooling,
    }


Model = tuple[str, tuple[float, float, float], tuple[tuple[str, Any], ...]]
"""What fixes a model: kind, size, parameters. Equal for generations of a rack that look alike."""


def model_of(product: Product, catalog: Catalog) -> Model:
    """What the parametric model of a product depends on."""
    parameters = dict(mesh_parameters(product, catalog))
    parameters.pop("stacks", None)  # of accelerators drawn by themselves
    size = (product.width, product.depth, product.height)
    return mesh_kind(product), size, tuple(sorted(parameters.items()))


def product_parts(product: Product, catalog: Catalog, detail: int) -> list[Part]:
    """Model of a product at a level of detail, 0 to 2."""
    return list(_parts(model_of(product, catalog), detail))


@lru_cache(maxsize=64)
def _parts(model: Model, detail: int) -> tuple[Part, ...]:
    kind, size, parameters = model
    return tuple(build(kind, size, dict(parameters), detail))


@lru_cache(maxsize=64)
def _model_layer(model: Model, detail: int, extension: str) -> Any:
    return _payload(_parts(model, detail), extension)


def has_model(product: Product) -> bool:
    """Whether a product stands by itself and has a model (accelerators do not)."""
    return class_of(product) != "accelerator"


def asset_path(product_id: str) -> str:
    """Path of a product's root layer below the folder of all assets."""
    name = identifier(product_id)
    return f"{name}/usd/{name}.usda"


def write_asset(
    folder: Path, product_id: str, catalog: Catalog, options: AssetOptions | None = None
) -> Path:
    """Write the asset of a catalogue product below ``folder``; returns its root layer's file.

    Raises
    ------
    InputError : the folder cannot be written
    """
    options = options or AssetOptions()
    product = catalog[product_id].product
    file = folder / asset_path(product_id)
    name = identifier(product_id)
    layers = file.parent / "layers"
    save(
        properties_layer(name, catalog[product_id], catalog, options.supply, options.created),
        layers / f"{name}_properties.usda",
    )
    sublayers = [f"./layers/{name}_properties.usda"]
    points = connection_points_layer(name, product, options.supply)
    if points is not None:
        save(points, layers / f"{name}_connectionpoints.usda")
        sublayers.append(f"./layers/{name}_connectionpoints.usda")
    extension = "usda" if options.text else "usdc"
    hidden = False
    for detail, lod in enumerate(LODS):
        model = model_of(product, catalog)
        hidden = hidden or any(part.shown != "always" for part in _parts(model, detail))
        payload = _model_layer(model, detail, extension)
        save(payload, file.parent / "payloads" / f"{name}_{lod}.{extension}")
    save(_geometry(name, product, catalog, extension, hidden), layers / f"{name}_geometry.usda")
    sublayers.append(f"./layers/{name}_geometry.usda")
    root = new_layer("usda", name)
    root.subLayerPaths = sublayers
    root.pseudoRoot.SetInfo("customLayerData", provenance(name, product, options.created))
    save(root, file)
    if options.thumbnail is not None:
        picture = options.thumbnail(product_parts(product, catalog, 2), THUMBNAIL_SIZE)
        write_picture(picture, file.parent / ".thumbs" / "256x256" / f"{file.name}.png")
    return file


def write_picture(picture: NDArray[np.uint8], file: Path) -> None:
    """Write a picture as PNG, creating its folder."""
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(file, optimize=True)


def _payload(parts: Sequence[Part], extension: str) -> Any:
    """A model: ``Body``, and what covers hide apart from the covers, with their materials."""
    layer = new_layer(extension, "Geometry")
    define(layer, "/Geometry", "Xform")
    groups = {"Body": "always", "Covers": "closed", "Interior": "open"}
    bound = surfaces.materials(layer, "/Geometry/Materials", {part.material for part in parts})
    for group, shown in groups.items():
        define(layer, f"/Geometry/{group}", "Xform")
        surfaces.parts(
            layer, f"/Geometry/{group}", [part for part in parts if part.shown == shown], bound
        )
    return layer


def _geometry(name: str, product: Product, catalog: Catalog, extension: str, hidden: bool) -> Any:
    """Default prim with its variants; racks have a prim for each accelerator's place."""
    layer = new_layer("usda", name)
    with Sdf.ChangeBlock():
        root = define(layer, f"/{name}", "Xform", "component")
        half_x, half_y = 0.5 * product.width, 0.5 * product.depth
        corners = [Gf.Vec3f(-half_x, -half_y, 0.0), Gf.Vec3f(half_x, half_y, product.height)]
        attribute(root, "extentsHint", Types.Float3Array, Vt.Vec3fArray(corners))
        root.SetInfo("assetInfo", {"name": name, "version": ASSET_VERSION})
        define(layer, f"/{name}/Geometry", "Xform")
        lod = _variant_set(root, "lod")
        for level in LODS:
            spec = Sdf.VariantSpec(lod, level)
            inner = Sdf.PrimSpec(spec.primSpec, "Geometry", Sdf.SpecifierOver)
            inner.payloadList.Prepend(Sdf.Payload(f"../payloads/{name}_{level}.{extension}"))
        selections = {"lod": DEFAULT_LOD}
        if hidden:
            doors = _variant_set(root, "doors")
            for choice, off in (("closed", "Interior"), ("open", "Covers")):
                spec = Sdf.VariantSpec(doors, choice)
                inner = Sdf.PrimSpec(spec.primSpec, "Geometry", Sdf.SpecifierOver)
                Sdf.PrimSpec(inner, off, Sdf.SpecifierOver).SetInfo("active", False)
            selections["doors"] = "closed"
        for key, choice in selections.items():
            root.variantSelections[key] = choice
        if isinstance(product, Rack):
            _slots(layer, f"/{name}", product, catalog)
    return layer


def _variant_set(prim: Any, name: str) -> Any:
    prim.variantSetNameList.Append(name)
    return Sdf.VariantSetSpec(prim, name)


def slot_prims(product: Rack, catalog: Catalog) -> list[str]:
    """Prim path of each accelerator of a rack relative to the rack, such as ``tray_04/gpu_2``."""
    part = catalog[product.accelerator].product
    assert isinstance(part, Accelerator)
    return [
        "/".join(identifier(word) for word in slot.name.split("/"))
        for slot in rack_slots(product, part)
    ]


def _slots(layer: Any, root: str, product: Rack, catalog: Catalog) -> None:
    """A box of purpose guide in each accelerator's place, named as in paths."""
    part = catalog[product.accelerator].product
    assert isinstance(part, Accelerator)
    slots = rack_slots(product, part)
    trays = list(dict.fromkeys(slot.name.rpartition("/")[0] for slot in slots))
    prims = dict(zip(trays, unique_identifiers(trays), strict=True))
    for tray in trays:
        define(layer, f"{root}/{prims[tray]}", "Xform", "subcomponent")
    for number, slot in enumerate(slots):
        tray, _, name = slot.name.rpartition("/")
        x, y, z = (0.5 * length for length in slot.size)
        box = np.array(
            [[sx * x, sy * y, sz * z] for sz in (-1, 1) for sy in (-1, 1) for sx in (-1, 1)]
        ) + np.array(slot.position)
        prim = surfaces.mesh(
            layer,
            f"{root}/{prims[tray]}/{identifier(name)}",
            box,
            surfaces.BOX_FACES,
            (0.36, 0.39, 0.46),
            purpose="guide",
            normals=surfaces.BOX_NORMALS,
        )
        attribute(prim, "twin:slot", Types.Int, number, uniform=True, custom=True)
        attribute(prim, "twin:product", Types.String, part.id, uniform=True, custom=True)
