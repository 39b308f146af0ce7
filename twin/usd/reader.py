"""The child process of :mod:`twin.usd.content`: opens a stage, writes plain data as JSON.

``python -m twin.usd.reader FILE``. Positions come out in metres with Z up, whatever the stage's
unit and up axis are.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from twin.usd import opening
from twin.usd.pxr_modules import Gf, Usd, UsdGeom
from twin.usd.values import Refused, each, flag, number, target, text, value

MEMORY = 12 * 2**30  # bytes of address space
PROCESSOR_TIME = 110  # s
LARGEST_COUNT = 3_000_000  # prims
NOTES = 20


def bound_resources() -> None:
    """Limit memory and time of this process, where the system can."""
    try:
        import resource
    except ImportError:  # no such limits on Windows
        return
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR_TIME),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (limit if hard < 0 else min(limit, hard), hard))


def read(file: str) -> dict[str, Any]:
    """Content of a stage file; see :class:`twin.usd.content.StageContent`."""
    stage = opening.open_stage(file)
    notes: list[str] = []
    convert = opening.conversion(stage, notes)
    default = stage.GetDefaultPrim()
    cache = UsdGeom.XformCache()
    elements = list(_elements(stage, cache, convert, notes))
    lost = list(islice(opening.not_taken(stage), NOTES + 1)) if elements else []
    return {
        "twin": opening.embedded(stage),
        "elements": elements,
        "default": _describe(default, cache, convert, "") if default else None,
        "notes": [*notes, *lost[:NOTES], *(["and more of the kind"] if lost[NOTES:] else [])],
    }


def _elements(stage: Any, cache: Any, convert: Any, notes: list[str]) -> Iterator[dict[str, Any]]:
    """Everything with a twin path: prims, also within instances, and instances of instancers."""
    everything = Usd.TraverseInstanceProxies(Usd.PrimAllPrimsPredicate)
    prims = iter(Usd.PrimRange.Stage(stage, everything))
    for count, prim in enumerate(prims):
        if count > LARGEST_COUNT:
            raise Refused(error="has too many prims", allowed=f"at most {LARGEST_COUNT:,}")
        if prim.IsAbstract():
            continue
        path = text(prim, "twin:path")
        if path:
            yield _describe(prim, cache, convert, path)
            if prim.GetAttribute("twin:product"):
                prims.PruneChildren()  # the product's own parts
        elif prim.IsA(UsdGeom.PointInstancer) and prim.GetAttribute("twin:paths"):
            yield from _instances(prim, cache, convert)
            prims.PruneChildren()
        elif prim.GetAttribute("aif:core:assetClass") and prim != stage.GetDefaultPrim():
            notes.append(f"{prim.GetPath()} is equipment that no element of the layout stands for")
            prims.PruneChildren()


def _frame(matrix: Any, prim: Any) -> dict[str, Any]:
    rows = [[float(matrix[i][j]) for j in range(3)] for i in range(4)]
    if not all(math.isfinite(value) for row in rows for value in row):
        raise Refused(error="a transform is not finite", key=str(prim.GetPath()))
    return {"position": rows[3], "axes": rows[:3]}


def _describe(prim: Any, cache: Any, convert: Any, path: str) -> dict[str, Any]:
    """A prim as a row of :class:`twin.usd.content.Placed`."""
    product = text(prim, "twin:product")
    row = _frame(cache.GetLocalToWorldTransform(prim) * convert, prim) | {
        "path": path,
        "prim": str(prim.GetPath()),
        "product": product,
        "active": prim.IsActive(),
        "enabled": flag(prim, "twin:enabled", True),
        "cdu": target(prim, "twin:cdu"),
        "plant": target(prim, "twin:plant"),
        "air_plant": target(prim, "twin:airPlant"),
        "supply_temperature": number(prim, "twin:supplyTemperature"),
    }
    if not product and prim.GetAttribute("aif:core:assetClass"):
        row["equipment"] = _equipment(prim)
        row |= _upright(row["axes"], _bounds(prim))
    return row


def _equipment(prim: Any) -> dict[str, Any]:
    """``aif:`` attributes with a value, as plain data."""
    found: dict[str, Any] = {}
    for attribute in prim.GetAttributes():
        name = attribute.GetName()
        if name.startswith("aif:") and attribute.HasAuthoredValue():
            value = attribute.Get()
            if isinstance(value, str | int | float | bool):
                found[name] = value
            elif value is not None and hasattr(value, "__len__") and len(value) <= 64:
                found[name] = [_plain(item) for item in value]
    return found


def _plain(item: Any) -> Any:
    """One entry of a list: a text, a number, or the numbers of a vector."""
    if isinstance(item, str):
        return item
    return [float(part) for part in item] if hasattr(item, "__len__") else float(item)


def _bounds(prim: Any) -> list[float] | None:
    """Lengths of a prim along its own axes, in its own unit; None where it shows nothing."""
    bounds = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default", "render"], True)
    box = bounds.ComputeUntransformedBound(prim).GetBox()
    return None if box.IsEmpty() else [float(length) for length in box.GetSize()]


def _upright(axes: list[list[float]], lengths: list[float] | None) -> dict[str, Any]:
    """Axes of somebody's asset as a product of ours has them, and its width, depth and height [m].

    The axis that stands upright is its height, whatever its file calls up; a file in another unit
    is scaled where it is placed, so the axes come out with unit length.
    """
    sizes = [math.hypot(*axis) for axis in axes]
    if min(sizes) <= 0.0:
        return {}
    unit = [[part / size for part in axis] for axis, size in zip(axes, sizes, strict=True)]
    up = max(range(3), key=lambda k: abs(unit[k][2]))
    order = {0: (1, 2, 0), 1: (0, 2, 1), 2: (0, 1, 2)}[up]
    turned = [unit[k] for k in order]
    if up == 1:  # x, y, z of a file with y up are x, -z, y
        turned[1] = [-part for part in turned[1]]
    extent = None if lengths is None else [lengths[k] * sizes[k] for k in order]
    return {"axes": turned, "extent": extent}


def _instances(prim: Any, cache: Any, convert: Any) -> Iterator[dict[str, Any]]:
    """Instances of an instancer of machines."""
    paths = value(prim, "twin:paths") or []
    count = len(paths)
    positions = each(prim, "positions", count)
    orientations = each(prim, "orientations", count)
    scales = each(prim, "scales", count)
    enabled = each(prim, "twin:enabled", count)
    ids = each(prim, "ids", count) or range(count)
    if not positions and count:
        raise Refused(error="an instancer without positions", key=str(prim.GetPath()))
    inactive = prim.GetMetadata("inactiveIds")
    removed = set(inactive.GetAppliedItems()) if inactive else set()
    removed |= set(UsdGeom.PointInstancer(prim).GetInvisibleIdsAttr().Get() or [])
    world = cache.GetLocalToWorldTransform(prim) * convert
    product = text(prim, "twin:product")
    for k, path in enumerate(paths):
        local = Gf.Matrix4d(1.0)
        if scales:
            local.SetScale(Gf.Vec3d(scales[k]))
        if orientations:
            turn = orientations[k]
            whole = Gf.Quatd(float(turn.real), Gf.Vec3d(turn.imaginary)).GetNormalized()
            local = local * Gf.Matrix4d(1.0).SetRotate(whole)
        local.SetTranslateOnly(Gf.Vec3d(positions[k]))
        yield _frame(local * world, prim) | {
            "path": path,
            "prim": f"{prim.GetPath()}[{ids[k]}]",
            "product": product,
            "active": prim.IsActive() and ids[k] not in removed,
            "enabled": bool(enabled[k]) if enabled else True,
        }


def main() -> None:
    """Read the stage named on the command line; JSON on standard output."""
    bound_resources()
    try:
        result = read(sys.argv[1])
    except Refused as refusal:
        result = dict(refusal.fields)
    except MemoryError:
        sys.exit(3)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
