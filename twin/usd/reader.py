"""The child process of :mod:`twin.usd.content`: opens a stage, writes plain data as JSON.

``python -m twin.usd.reader FILE``. Payloads (the models) stay unloaded. Positions come out in
metres with Z up, whatever the stage's unit and up axis are.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from typing import Any

from twin.usd.pxr_modules import Gf, Sdf, Tf, Usd, UsdGeom

MEMORY = 12 * 2**30  # bytes of address space
PROCESSOR_TIME = 110  # s
LARGEST_COUNT = 3_000_000  # prims
LARGEST_TEXT = 64 * 2**20  # bytes of an embedded layout
NOTES = 20


class Refused(Exception):
    """A stage that cannot be used; its argument goes to the parent."""


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
    try:
        layer = Sdf.Layer.FindOrOpen(file)
        stage = Usd.Stage.Open(layer, Usd.Stage.LoadNone) if layer else None
    except (Tf.ErrorException, RuntimeError) as error:
        raise Refused({"error": f"is not a readable USD file: {_last_line(error)}"}) from None
    if stage is None:
        raise Refused({"error": "is not a readable USD file"})
    convert = _conversion(stage)
    default = stage.GetDefaultPrim()
    cache = UsdGeom.XformCache()
    elements = list(_elements(stage, cache, convert))
    return {
        "twin": _embedded(stage),
        "elements": elements,
        "default": _describe(default, cache, convert, "") if default else None,
        "notes": [_last_line(error)[:300] for error in stage.GetCompositionErrors()[:NOTES]],
    }


def _last_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rpartition(" : ")[2].strip("'\" ") if lines else type(error).__name__


def _conversion(stage: Any) -> Any:
    """Matrix from the stage's frame to metres with Z up (Gf rows: a point times the matrix)."""
    if not stage.HasAuthoredMetadata("metersPerUnit"):
        raise Refused(
            {
                "error": "does not say its unit of length",
                "key": "metersPerUnit",
                "allowed": "author metersPerUnit, such as 1 for metres or 0.01 for centimetres",
            }
        )
    unit = float(UsdGeom.GetStageMetersPerUnit(stage))
    if not (math.isfinite(unit) and unit > 0.0):
        raise Refused(
            {
                "error": "unit of length must be positive",
                "key": "metersPerUnit",
                "found": repr(unit),
                "allowed": "metres per unit, such as 1 or 0.01",
            }
        )
    matrix = Gf.Matrix4d(1.0).SetScale(unit)
    if UsdGeom.GetStageUpAxis(stage) == "Y":
        turn = Gf.Matrix4d(1.0).SetRotate(Gf.Rotation(Gf.Vec3d(1, 0, 0), 90.0))
        matrix = matrix * turn
    return matrix


def _embedded(stage: Any) -> dict[str, str]:
    data = stage.GetRootLayer().customLayerData.get("twin", {})
    if not isinstance(data, dict):
        return {}
    kept = {str(key): value for key, value in data.items() if isinstance(value, str)}
    if len(kept.get("layout", "")) > LARGEST_TEXT:
        raise Refused(
            {
                "error": "its layout is too large",
                "key": "customLayerData.twin.layout",
                "allowed": f"at most {LARGEST_TEXT:,} characters",
            }
        )
    return kept


def _elements(stage: Any, cache: Any, convert: Any) -> Iterator[dict[str, Any]]:
    """Everything with a twin path: prims, and instances of instancers."""
    count = 0
    for prim in Usd.PrimRange.Stage(stage, Usd.PrimAllPrimsPredicate):
        count += 1
        if count > LARGEST_COUNT:
            raise Refused({"error": "has too many prims", "allowed": f"at most {LARGEST_COUNT:,}"})
        if prim.IsAbstract():
            continue
        path = _text(prim, "twin:path")
        if path:
            yield _describe(prim, cache, convert, path)
        elif prim.IsA(UsdGeom.PointInstancer) and prim.GetAttribute("twin:paths"):
            yield from _instances(prim, cache, convert)


def _text(prim: Any, name: str) -> str:
    value = _value(prim, name)
    return value if isinstance(value, str) else ""


def _value(prim: Any, name: str) -> Any:
    attribute = prim.GetAttribute(name)
    return attribute.Get() if attribute and attribute.HasAuthoredValue() else None


def _target(prim: Any, name: str) -> str:
    relationship = prim.GetRelationship(name)
    targets = relationship.GetTargets() if relationship else []
    return str(targets[0]) if targets else ""


def _frame(matrix: Any, prim: Any) -> dict[str, Any]:
    rows = [[float(matrix[i][j]) for j in range(3)] for i in range(4)]
    if not all(math.isfinite(value) for row in rows for value in row):
        raise Refused({"error": "a transform is not finite", "key": str(prim.GetPath())})
    return {"position": rows[3], "axes": rows[:3]}


def _describe(prim: Any, cache: Any, convert: Any, path: str) -> dict[str, Any]:
    """A prim as a row of :class:`twin.usd.content.Placed`."""
    temperature = _value(prim, "twin:supplyTemperature")
    product = _text(prim, "twin:product")
    row = _frame(cache.GetLocalToWorldTransform(prim) * convert, prim) | {
        "path": path,
        "prim": str(prim.GetPath()),
        "product": product,
        "active": prim.IsActive(),
        "enabled": _value(prim, "twin:enabled") is not False,
        "cdu": _target(prim, "twin:cdu"),
        "plant": _target(prim, "twin:plant"),
        "air_plant": _target(prim, "twin:airPlant"),
        "supply_temperature": float(temperature) if isinstance(temperature, float) else None,
    }
    if not product and prim.GetAttribute("aif:core:assetClass"):
        row["equipment"] = _equipment(prim)
        row["extent"] = _extent(prim, convert)
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
                found[name] = [
                    [float(part) for part in item] if hasattr(item, "__len__") else float(item)
                    for item in value
                ]
    return found


def _extent(prim: Any, convert: Any) -> list[float] | None:
    """Size of a prim by its extents [m]; None if it has none."""
    bounds = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default", "render"], True)
    box = bounds.ComputeUntransformedBound(prim).GetBox()
    if box.IsEmpty():
        return None
    unit = abs(convert[0][0])
    return [float(length) * unit for length in box.GetSize()]


def _instances(prim: Any, cache: Any, convert: Any) -> Iterator[dict[str, Any]]:
    """Instances of an instancer of machines."""
    paths = prim.GetAttribute("twin:paths").Get() or []
    instancer = UsdGeom.PointInstancer(prim)
    positions = instancer.GetPositionsAttr().Get() or []
    orientations = instancer.GetOrientationsAttr().Get() or []
    if len(positions) != len(paths) or (orientations and len(orientations) != len(paths)):
        raise Refused(
            {
                "error": "an instancer has more or fewer positions than twin paths",
                "key": str(prim.GetPath()),
                "found": f"{len(positions)} positions, {len(paths)} paths",
                "allowed": "one each; to remove an instance list its id in inactiveIds",
            }
        )
    ids = instancer.GetIdsAttr().Get() or range(len(paths))
    inactive = prim.GetMetadata("inactiveIds")
    removed = set(inactive.GetAppliedItems()) if inactive else set()
    removed |= set(instancer.GetInvisibleIdsAttr().Get() or [])
    enabled = prim.GetAttribute("twin:enabled").Get() if prim.GetAttribute("twin:enabled") else None
    world = cache.GetLocalToWorldTransform(prim) * convert
    product = _text(prim, "twin:product")
    for k, path in enumerate(paths):
        local = Gf.Matrix4d(1.0)
        if orientations:
            turn = orientations[k]
            local.SetRotate(Gf.Quatd(float(turn.real), Gf.Vec3d(turn.imaginary)).GetNormalized())
        local.SetTranslateOnly(Gf.Vec3d(positions[k]))
        yield _frame(local * world, prim) | {
            "path": path,
            "prim": f"{prim.GetPath()}[{ids[k]}]",
            "product": product,
            "active": prim.IsActive() and ids[k] not in removed,
            "enabled": bool(enabled[k]) if enabled is not None and k < len(enabled) else True,
        }


def main() -> None:
    """Read the stage named on the command line; JSON on standard output."""
    bound_resources()
    try:
        result = read(sys.argv[1])
    except Refused as refusal:
        result = refusal.args[0]
    except MemoryError:
        sys.exit(3)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
