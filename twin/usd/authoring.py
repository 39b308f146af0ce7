"""Writing prims with the Sdf layer: an order of magnitude faster than prim by prim through Usd."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.errors import InputError
from twin.usd.pxr_modules import Gf, Sdf, Tf, Vt
from twin.whole_files import make_folder, refusal

CRATE = b"PXR-USDC"
"""How a binary layer begins."""
METRES_PER_UNIT = 1.0
KILOGRAMS_PER_UNIT = 1.0
TRANSFORM_OPS = Vt.TokenArray(["xformOp:translate", "xformOp:rotateXYZ"])
"""Order of operations of every placed prim; one that common tools can edit."""

Types = Sdf.ValueTypeNames


def new_layer(extension: str, default_prim: str | None = None, *, stage: bool = True) -> Any:
    """An empty layer in memory: metres, kilograms, Z up.

    extension : usda or usdc; default_prim : name; stage : it may be opened by itself
    """
    layer = Sdf.Layer.CreateAnonymous(f"layer.{extension}")
    name_layer(layer, default_prim, stage=stage)
    return layer


def name_layer(layer: Any, default_prim: str | None, *, stage: bool = True) -> None:
    """Say a layer's default prim and units, as :func:`new_layer` does."""
    if default_prim is not None:
        layer.defaultPrim = default_prim
    if stage:
        root = layer.pseudoRoot
        root.SetInfo("metersPerUnit", METRES_PER_UNIT)
        root.SetInfo("kilogramsPerUnit", KILOGRAMS_PER_UNIT)
        root.SetInfo("upAxis", "Z")


def define(layer: Any, path: str, type_name: str, kind: str | None = None) -> Any:
    """Define a prim (and what encloses it as untyped overs); returns its spec."""
    prim = Sdf.CreatePrimInLayer(layer, path)
    prim.specifier = Sdf.SpecifierDef
    if type_name:
        prim.typeName = type_name
    if kind is not None:
        prim.SetInfo("kind", kind)
    return prim


def attribute(
    prim: Any,
    name: str,
    type_name: Any,
    value: Any = None,
    *,
    uniform: bool = False,
    custom: bool = False,
    info: Mapping[str, Any] | None = None,
) -> Any:
    """Author an attribute; ``value`` None declares it without a value. Returns its spec."""
    variability = Sdf.VariabilityUniform if uniform else Sdf.VariabilityVarying
    spec = Sdf.AttributeSpec(prim, name, type_name, variability, custom)
    if value is not None:
        spec.SetInfo("default", value)
    for key, entry in (info or {}).items():
        spec.SetInfo(key, entry)
    return spec


def relationship(prim: Any, name: str, targets: Sequence[str], *, custom: bool = True) -> None:
    """Author a relationship to prim paths."""
    spec = Sdf.RelationshipSpec(prim, name, custom)
    spec.targetPathList.explicitItems = [Sdf.Path(target) for target in targets]


def place(prim: Any, position: Sequence[float], yaw: float = 0.0) -> None:
    """Author the transform of a prim: position [m] in its parent's frame, turn about z [deg]."""
    attribute(
        prim,
        "xformOp:translate",
        Types.Double3,
        Gf.Vec3d(float(position[0]), float(position[1]), float(position[2])),
    )
    attribute(prim, "xformOp:rotateXYZ", Types.Float3, Gf.Vec3f(0.0, 0.0, float(yaw)))
    attribute(prim, "xformOpOrder", Types.TokenArray, TRANSFORM_OPS, uniform=True)


def apply_schemas(prim: Any, *names: str) -> None:
    """Declare applied API schemas."""
    prim.SetInfo("apiSchemas", Sdf.TokenListOp.Create(prependedItems=list(names)))


def save(layer: Any, file: Path, comment: str = "") -> None:
    """Write a layer to a file, creating its folder.

    Raises
    ------
    InputError : the file cannot be written
    """
    make_folder(file.parent)
    try:
        written = layer.Export(str(file), comment) and _is_complete(file)
        said = ""
    except Tf.ErrorException as error:
        written, said = False, short_reason(error)
    if not written:
        reason = refusal(file.parent) or said or "the USD library does not say why"
        raise InputError(f"cannot be written: {reason}", file)


def _is_complete(file: Path) -> bool:
    """Whether a layer's file has its end: a binary one names the place of its table of contents."""
    with file.open("rb") as opened:
        head = opened.read(24)
        if not head.startswith(CRATE):
            return bool(head)
        (table,) = struct.unpack("<q", head[16:])
        opened.seek(table)
        (sections,) = struct.unpack("<q", opened.read(8).ljust(8, b"\xff"))
        return bool(0 < sections < 64 and len(opened.read(32 * sections)) == 32 * sections)


def short_reason(error: Exception) -> str:
    """What an error of the USD library says, in one line without its source position."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[-1] if lines else type(error).__name__
    _, separator, tail = text.rpartition(" : ")
    return (tail if separator else text).strip("'\" ")[:300]
