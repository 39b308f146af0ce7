"""A plant as an OpenUSD stage.

::

    site.usd                     sublayers, the layout as written, time range
    site_files/places.usdc       sites, plants, halls, rows
               equipment.usdc    every machine: one prim each, or instancers
               building.usdc     slabs, walls, pipes, busways
               recording.usdc    channels over time (with a recording)
               robot.usdc        a robot at work (with a robot's task)
               products/...      one asset for each product

The layout itself travels in the root layer's ``customLayerData``: an importer compares the prims
with what it gives and turns differences into changes of the layout.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from twin.catalog.loader import Catalog, CatalogEntry, bundled_catalog
from twin.errors import InputError
from twin.layout.loader import Layout
from twin.plant.plant import Plant
from twin.rigid.robot_shapes import Motion
from twin.scene import scene
from twin.usd.authoring import define, new_layer, save, short_reason
from twin.usd.building import building_layer
from twin.usd.frames import UNITS, Frames
from twin.usd.instancers import instancers_layer
from twin.usd.names import ROOT, PrimPaths, identifier
from twin.usd.product_asset import LODS, AssetOptions, write_asset
from twin.usd.pxr_modules import Sdf, Tf, UsdUtils
from twin.usd.site_layers import equipment_layer, generations, places_layer
from twin.whole_files import check_place, file_beside, folder_beside, refusal

SCHEMA = "twin.usd/1"
Form = Literal["addressable", "compact"]
EXTENSIONS = (".usd", ".usda", ".usdc", ".usdz")
ADDRESSABLE_UNITS = 20_000
"""Up to so many machines the form is addressable unless asked otherwise."""


@dataclass(frozen=True)
class Exported:
    """What was written: root layer, form, number of machines, accelerators and product assets."""

    file: Path
    form: Form
    machines: int
    accelerators: int
    products: int


def export_stage(
    plant: Plant,
    file: Path,
    form: Form | None = None,
    lod: str = "medium",
    recording: Path | None = None,
    every: int = 1,
    options: AssetOptions | None = None,
    robot: Motion | None = None,
) -> Exported:
    """Write a plant as a stage: ``.usd`` and ``.usdc`` binary, ``.usda`` text, ``.usdz`` packed.

    form : one prim for each machine (addressable) or instancers (compact); None chooses by size
    lod : model that is shown: low, medium, high
    recording : adds its channels, of one in ``every`` frames
    robot : adds a robot's task, moving

    Raises
    ------
    InputError : unknown ending or lod, folder missing, recording of another layout, not writable
    """
    extension = file.suffix.lower()
    if extension not in EXTENSIONS:
        raise InputError(
            "unknown kind of stage",
            file,
            found=file.suffix or "no ending",
            allowed=", ".join(EXTENSIONS),
        )
    if lod not in LODS:
        raise InputError("unknown level of detail", key="lod", found=lod, allowed=", ".join(LODS))
    check_place(file)
    if extension == ".usdz":
        with tempfile.TemporaryDirectory(prefix="twin-usdz-") as folder:
            inner = Path(folder) / f"{identifier(file.stem)}.usdc"
            try:
                report = export_stage(plant, inner, form, lod, recording, every, options, robot)
            except InputError as error:
                if Path(error.file).is_relative_to(folder):
                    raise InputError(error.message, file, found=str(error.file)) from None
                raise
            _pack(inner, file)
        return Exported(file, report.form, report.machines, report.accelerators, report.products)
    machines = sum(plant.levels[level].count for level in UNITS)
    chosen: Form = form or ("addressable" if machines <= ADDRESSABLE_UNITS else "compact")
    if robot is not None and robot.digest != plant.digest:
        raise InputError(
            "a robot's task in another layout",
            key="robot",
            found=robot.digest[:12],
            allowed=f"{plant.digest[:12]}, that of {plant.name}",
        )
    options = options or AssetOptions()
    with folder_beside(file.absolute().parent) as folder:
        products = _write(plant, folder / file.name, chosen, lod, recording, every, options, robot)
    return Exported(file, chosen, machines, plant.levels["gpu"].count, products)


def layout_catalog(layout: Layout) -> Catalog:
    """The bundled catalogue with the layout's own products."""
    bundled = bundled_catalog()
    own = [
        CatalogEntry(product, {}, layout.document.file)
        for name, product in layout.products.items()
        if name not in bundled or bundled[name].product != product
    ]
    return bundled.extended(own)


def products_of(plant: Plant, catalog: Catalog, form: Form) -> list[str]:
    """Products whose assets a stage refers to."""
    names: dict[str, None] = {}
    for level in UNITS:
        if plant.levels[level].count:
            own = (
                generations(plant, catalog, level)
                if form == "addressable"
                else plant.product_ids(level)
            )
            names.update(dict.fromkeys(own))
    return list(names)


def _write(
    plant: Plant,
    file: Path,
    form: Form,
    lod: str,
    recording: Path | None,
    every: int,
    options: AssetOptions,
    robot: Motion | None,
) -> int:
    extension = "usda" if file.suffix.lower() == ".usda" else "usdc"
    folder = f"{identifier(file.stem)}_files"
    beside = file.parent / folder
    catalog = layout_catalog(plant.layout)
    paths, frames = PrimPaths(plant.levels), Frames(plant)
    products = products_of(plant, catalog, form)
    asset_options = AssetOptions(
        options.supply, options.created, options.thumbnail, text=extension == "usda"
    )
    for name in products:
        write_asset(beside / "products", name, catalog, asset_options)
    layers: dict[str, Any] = {}
    if recording is not None:
        from twin.usd.recording_layer import recording_layer

        layers["recording"] = recording_layer(
            plant, paths, frames, form, recording, every, extension
        )
    if robot is not None:
        from twin.usd.robot_layer import robot_layer

        layers["robot"] = robot_layer(robot, extension)
    layers["places"] = places_layer(plant, paths, frames, extension)
    if form == "addressable":
        layers["equipment"] = equipment_layer(
            plant, paths, frames, catalog, "./products", lod, extension
        )
    else:
        layers["equipment"] = instancers_layer(plant, paths, frames, "./products", lod, extension)
    layers["building"] = building_layer(scene(plant), extension)
    for name, layer in layers.items():
        save(layer, beside / f"{name}.{extension}")
    root = _root_layer(
        plant, extension, form, [f"./{folder}/{name}.{extension}" for name in layers]
    )
    timed = [layers[name] for name in ("robot", "recording") if name in layers]
    for layer in timed:
        _copy_times(layer, root)
    if len(timed) == 2:
        ends = [float(layer.pseudoRoot.GetInfo("endTimeCode")) for layer in timed]
        root.pseudoRoot.SetInfo("endTimeCode", max(ends))
    save(root, file)
    return len(products)


def _root_layer(plant: Plant, extension: str, form: Form, sublayers: list[str]) -> Any:
    root = new_layer(extension, ROOT)
    define(root, f"/{ROOT}", "Xform", "assembly")
    root.subLayerPaths = sublayers
    root.pseudoRoot.SetInfo(
        "customLayerData",
        {
            "twin": {
                "schema": SCHEMA,
                "form": form,
                "name": plant.name,
                "digest": plant.digest,
                "layout": json.dumps(plant.layout.document.data, ensure_ascii=False),
            }
        },
    )
    return root


def _copy_times(source: Any, target: Any) -> None:
    """Take over a layer's time range."""
    for key in ("startTimeCode", "endTimeCode", "timeCodesPerSecond", "framesPerSecond"):
        if source.pseudoRoot.HasInfo(key):
            target.pseudoRoot.SetInfo(key, source.pseudoRoot.GetInfo(key))


def _pack(stage: Path, file: Path) -> None:
    """Pack a stage with all it refers to into one usdz file."""
    with file_beside(file) as beside:
        try:
            packed = UsdUtils.CreateNewUsdzPackage(Sdf.AssetPath(str(stage)), str(beside))
            said = ""
            with zipfile.ZipFile(beside) as package:  # the library does not tell of a full disk
                packed = packed and package.testzip() is None
        except (Tf.ErrorException, zipfile.BadZipFile) as error:
            packed, said = False, short_reason(error)
        if not packed:
            raise InputError(f"cannot be packed: {refusal(beside.parent) or said}", file)
