"""Opening a stage: its layers, its unit, and whether all it refers to can be had.

Runs in the child process of :mod:`twin.usd.content`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from twin.errors import near_matches
from twin.usd.pxr_modules import Gf, Sdf, Tf, Usd, UsdGeom
from twin.usd.values import Refused

LARGEST_TEXT = 64 * 2**20  # bytes of an embedded layout
ROUNDS = 8  # of loading what was loaded refers to
TAKEN = {
    "twin:enabled", "twin:supplyTemperature", "twin:cdu", "twin:plant", "twin:airPlant",
    "twin:product", "xformOpOrder",
}  # fmt: skip
"""Properties whose changes come back into a layout, besides transforms and ``aif:`` attributes."""


def open_stage(file: str) -> Any:
    """The stage of a file, with all payloads but those of our own products' models.

    Raises Refused: not USD, or something it refers to cannot be had.
    """
    try:
        layer = Sdf.Layer.FindOrOpen(file)
        stage = Usd.Stage.Open(layer, Usd.Stage.LoadNone) if layer else None
    except (Tf.ErrorException, RuntimeError) as error:
        raise Refused(error=f"is not a readable USD file: {_first_line(error)}") from None
    if stage is None:
        raise Refused(error="is not a readable USD file")
    _load(stage)
    _check_composed(stage)
    return stage


def _load(stage: Any) -> None:
    """Load payloads, which may hold what is wanted; our own hold models, and many of them."""
    for _ in range(ROUNDS):
        known = set(stage.GetLoadSet())
        wanted = [
            path
            for path in stage.FindLoadable()
            if path not in known and not _of_a_product(stage.GetPrimAtPath(path))
        ]
        if not wanted:
            return
        try:
            stage.LoadAndUnload(wanted, [], Usd.LoadWithoutDescendants)
        except Tf.ErrorException as error:
            raise Refused(
                error="a payload cannot be loaded", key=str(wanted[0]), found=_first_line(error)
            ) from None


def _of_a_product(prim: Any) -> bool:
    """Whether a prim belongs to a product of ours."""
    while prim and not prim.IsPseudoRoot():
        if prim.GetAttribute("twin:product"):
            return True
        prim = prim.GetParent()
    return False


def _check_composed(stage: Any) -> None:
    """Refuse a stage of which a part is missing: what is in it cannot be known."""
    errors = stage.GetCompositionErrors()
    if not errors:
        return
    first = next((e for e in errors if "ublayer" in str(e)), errors[0])
    words = " ".join(str(first).split())
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    raise Refused(
        error="cannot be composed",
        key="subLayers" if "ublayer" in words else str(first.rootSite.path),
        found=words[:300] + more,
        allowed="sublayers, references and payloads that can be opened and do not form a circle",
    )


def _first_line(error: object) -> str:
    """What went wrong first, of the library's list of messages."""
    lines = [line.strip() for line in str(error).splitlines() if " : " in line]
    words = lines[0].partition(" : ")[2] if lines else str(error).strip()
    return words.strip("'\" ")[:300] or type(error).__name__


def conversion(stage: Any, notes: list[str]) -> Any:
    """Matrix from the stage's frame to metres with Z up (Gf rows: a point times the matrix).

    A root layer that does not say its unit, such as a few overrides over a stage, has that of the
    first sublayer that does.
    """
    layers = stage.GetLayerStack(includeSessionLayers=False)
    said = next((layer for layer in layers if layer.pseudoRoot.HasInfo("metersPerUnit")), None)
    if said is None:
        raise Refused(
            error="does not say its unit of length",
            key="metersPerUnit",
            allowed="author metersPerUnit, such as 1 for metres or 0.01 for centimetres",
        )
    if said is not layers[0]:
        notes.append(f"unit and up axis are those of {said.GetDisplayName()}")
    unit = float(said.pseudoRoot.GetInfo("metersPerUnit"))
    if not (math.isfinite(unit) and unit > 0.0):
        raise Refused(
            error="unit of length must be positive",
            key="metersPerUnit",
            found=repr(unit),
            allowed="metres per unit, such as 1 or 0.01",
        )
    matrix = Gf.Matrix4d(1.0).SetScale(unit)
    axis = said.pseudoRoot.GetInfo("upAxis") or UsdGeom.GetFallbackUpAxis()
    if axis == "Y":
        matrix = matrix * Gf.Matrix4d(1.0).SetRotate(Gf.Rotation(Gf.Vec3d(1, 0, 0), 90.0))
    return matrix


def embedded(stage: Any) -> dict[str, str]:
    """What our exporter left in a layer: the root, or one of those under it or referred to."""
    layers = [*stage.GetLayerStack(includeSessionLayers=False), *stage.GetUsedLayers()]
    found: dict[str, dict[str, str]] = {}
    for layer in layers:
        data = layer.customLayerData.get("twin", {})
        if isinstance(data, dict) and data:
            kept = {str(key): value for key, value in data.items() if isinstance(value, str)}
            if len(kept.get("layout", "")) > LARGEST_TEXT:
                raise Refused(
                    error="its layout is too large",
                    key="customLayerData.twin.layout",
                    allowed=f"at most {LARGEST_TEXT:,} characters",
                )
            if layer is layers[0] or kept.get("layout"):
                found.setdefault(layer.identifier, kept)
    if layers[0].identifier in found:
        return found[layers[0].identifier]
    if len({kept["layout"] for kept in found.values()}) > 1:
        raise Refused(
            error="holds several layouts",
            key="customLayerData.twin.layout",
            found=", ".join(found),
            allowed="one stage that twin export wrote, and layers over it",
        )
    return next(iter(found.values()), {})


def not_taken(stage: Any) -> Iterator[str]:
    """What layers over an exported stage say that a layout cannot hold, by prim and property."""
    for layer in stage.GetLayerStack(includeSessionLayers=False):
        own = layer.customLayerData.get("twin")
        if isinstance(own, dict) and own.get("layout") and not layer.subLayerPaths:
            return  # flattened: everything in it is the exporter's
        paths: list[Any] = []
        layer.Traverse(Sdf.Path.absoluteRootPath, paths.append)
        for path in paths:
            if path.IsPropertyPath() and not path.ContainsPrimVariantSelection():
                words = _lost(stage, path)
                if words:
                    yield f"{path} in {layer.GetDisplayName()} {words}"
        if isinstance(own, dict) and own.get("layout"):
            return


def _lost(stage: Any, path: Any) -> str:
    """Why an opinion about a property has no effect on a layout; empty where it has, or is new."""
    prim = stage.GetPrimAtPath(path.GetPrimPath())
    if not prim or not prim.IsDefined():
        return "is about nothing that is in the stage"
    if not (prim.HasAttribute("twin:path") or prim.HasAttribute("twin:paths")):
        return "" if not path.name.startswith("twin:") else "is not about an element of the layout"
    known = path.name in TAKEN or path.name.startswith(("xformOp:", "aif:", "twin:channel:"))
    if prim.HasAttribute("twin:paths") and not path.name.startswith("twin:"):
        known = True  # an instancer's positions and the like
    if known or prim.IsA(UsdGeom.Gprim):
        return ""
    if not path.name.startswith("twin:"):
        return "is not taken over"
    return f"is not taken over; {near_matches(path.name, sorted(TAKEN - {'xformOpOrder'}))}"
