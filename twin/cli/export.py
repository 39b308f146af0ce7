"""``twin export`` and ``twin simready``: a layout, or products, for other tools."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import whole
from twin.errors import InputError, TwinError, near_matches
from twin.extras import need
from twin.whole_files import folder_beside

if TYPE_CHECKING:
    from twin.usd.aif_values import Supply

STAGES = (".usd", ".usda", ".usdc", ".usdz")
MESHES = (".glb", ".stl")


def export(
    context: typer.Context,
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File: .usd, .usda, .usdc, .usdz, .glb or .stl")
    ],
    form: Annotated[
        str, typer.Option(help="USD: addressable (a prim per machine), compact (instancers), auto")
    ] = "auto",
    detail: Annotated[str, typer.Option(help="Model shown: low, medium or high")] = "medium",
    recording: Annotated[
        Path | None, typer.Option(help="USD: recording whose channels are added over time")
    ] = None,
    every: Annotated[
        int, typer.Option(help="USD: take one in N frames of the recording", parser=whole(1))
    ] = 1,
    robot: Annotated[
        Path | None, typer.Option(help="USD: robot.json of a task, shown moving (twin robot)")
    ] = None,
) -> None:
    """Write a layout as OpenUSD (for Omniverse and others), glTF or STL."""
    ending = output.suffix.lower()
    if ending not in STAGES + MESHES:
        raise InputError(
            "unknown kind of file",
            output,
            key="output",
            found=output.suffix or "no ending",
            allowed=", ".join(STAGES + MESHES),
        )
    if form not in ("auto", "addressable", "compact"):
        raise InputError(
            "unknown form", key="form", found=form, allowed="auto, addressable or compact"
        )
    if detail not in ("low", "medium", "high"):
        raise InputError(
            "unknown level of detail", key="detail", found=detail, allowed="low, medium or high"
        )
    if ending in MESHES:
        refuse_idle(context, f"on {ending} files", "form")
    if recording is None:
        refuse_idle(context, "without --recording", "every")
    from twin.cli.outputs import check_output
    from twin.plant import load_plant

    check_output(output, "--output", None)
    if ending in STAGES:
        need("usd", "pxr", what=f"a stage ({ending})")
    plant = load_plant(layout)
    if ending in MESHES:
        for key, given in (("recording", recording), ("robot", robot)):
            if given is not None:
                raise InputError(
                    f"a {key} goes into a USD stage only",
                    output,
                    key=key,
                    allowed=", ".join(STAGES),
                )
        from twin.mesh_files import export_meshes

        written = export_meshes(plant, output, ("low", "medium", "high").index(detail))
        typer.echo(
            f"{output}: {written.objects:,} objects, {written.triangles:,} triangles, "
            f"{written.file_bytes / 1e6:,.1f} MB"
        )
        return
    from twin.rigid.robot_shapes import read_motion
    from twin.usd.export import export_stage
    from twin.usd.product_asset import AssetOptions

    report = export_stage(
        plant,
        output,
        None if form == "auto" else form,  # type: ignore[arg-type]
        detail,
        recording,
        every,
        AssetOptions(supply=_supply_of(plant)),
        None if robot is None else read_motion(robot),
    )
    typer.echo(
        f"{output}: {report.form}, {report.machines:,} machines, "
        f"{report.accelerators:,} accelerators, {report.products} product assets"
    )


def _supply_of(plant: Any) -> Supply:
    """Supply of the first hall: its transformers' or panels' voltage, and its rectifiers'."""
    from twin.catalog.specs import Transformer, Ups
    from twin.usd.aif_values import Supply

    product, hall = plant.layout.product, plant.design.expansion.hall[0]
    direct = None if hall.ups is None else product(hall.ups.product, Ups).output_voltage
    if hall.transformers is not None:
        low = product(hall.transformers.product, Transformer).secondary_voltage
        return Supply(voltage=low, direct_voltage=direct)
    panels = [plant.layout.products[name] for name in plant.product_ids("panel")]
    if panels and direct is None:
        return Supply(voltage=panels[0].voltage)
    return Supply(direct_voltage=direct)


def simready(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the assets")],
    product: Annotated[
        list[str] | None, typer.Option(help="Product id; repeat for several (else all)")
    ] = None,
    voltage: Annotated[str, typer.Option(help="Line voltage they are set up for")] = "480 V",
    frequency: Annotated[str, typer.Option(help="Line frequency")] = "60 Hz",
    validate: Annotated[
        bool, typer.Option("--validate", help="Check them with NVIDIA's validator")
    ] = False,
) -> None:
    """Write racks, CDUs, UPS and CRAHs of the catalogue as SimReady assets (AIF-Entity 0.2.0)."""
    need("usd", what="twin simready")
    if validate:
        need("simready", what="--validate")
    from twin.catalog import bundled_catalog
    from twin.layout.loader import class_of
    from twin.units import parse_quantity, spaced
    from twin.usd.aif_fields import ASSET_CLASSES
    from twin.usd.aif_values import Supply
    from twin.usd.product_asset import AssetOptions, write_asset
    from twin.usd.simready import unknown_figures
    from twin.usd.thumbnail import thumbnail

    catalog = bundled_catalog()
    fitting = [name for name in catalog if class_of(catalog[name].product) in ASSET_CLASSES]
    for name in product or []:
        if name not in fitting:
            raise InputError(
                "no product that the profile covers",
                key="product",
                found=name,
                allowed=near_matches(name, fitting),
            )
    try:
        supply = Supply(
            parse_quantity(spaced(voltage), "V"), parse_quantity(spaced(frequency), "Hz")
        )
    except ValueError as error:
        raise InputError(
            f"the supply {error}", key="voltage, frequency", found=f"{voltage}, {frequency}"
        ) from None
    options = AssetOptions(supply, datetime.date.today(), thumbnail)
    failed = []
    for name in product or fitting:
        with folder_beside(output) as folder:
            file = output / write_asset(folder, name, catalog, options).relative_to(folder)
        verdict = ""
        if validate:
            from twin.usd.simready import validate_asset

            problems = validate_asset(file)
            verdict = ": " + ("; ".join(problems) if problems else "passes AIF-Entity 0.2.0")
            failed += [name] if problems else []
        typer.echo(f"{file}{verdict}")
        unknown = unknown_figures(file)
        if unknown:
            typer.echo(f"  not known, declared without a value: {', '.join(unknown)}")
    if failed:
        raise TwinError(f"{len(failed)} assets do not pass: {', '.join(failed)}")
