"""Values of attributes, of the type that is wanted or refused with the prim's path.

Runs in the child process of :mod:`twin.usd.content`.
"""

from __future__ import annotations

import math
from typing import Any


class Refused(Exception):
    """A stage that cannot be used; its argument, the fields of an error, goes to the parent."""

    def __init__(self, **fields: str):
        super().__init__(fields)
        self.fields = fields


def value(prim: Any, name: str) -> Any:
    """Value of an attribute that always holds; None where there is none."""
    attribute = prim.GetAttribute(name)
    if not attribute or not attribute.HasAuthoredValue():
        return None
    found = attribute.Get()
    if found is None and attribute.GetNumTimeSamples():
        raise Refused(
            error="has values over time where one is needed that always holds",
            key=f"{prim.GetPath()}.{name}",
            allowed="a default value",
        )
    return found


def text(prim: Any, name: str) -> str:
    """A text; empty where there is none."""
    found = value(prim, name)
    if found is None or isinstance(found, str):
        return found or ""
    raise _wrong(prim, name, found, "a string")


def flag(prim: Any, name: str, default: bool) -> bool:
    """A yes or no, which other tools also write as 1 or 0."""
    found = value(prim, name)
    if found is None:
        return default
    if isinstance(found, bool) or (isinstance(found, int | float) and found in (0, 1)):
        return bool(found)
    raise _wrong(prim, name, found, "a bool")


def number(prim: Any, name: str) -> float | None:
    """A finite number, or None."""
    found = value(prim, name)
    if found is None:
        return None
    if isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found):
        return float(found)
    raise _wrong(prim, name, found, "a finite double")


def each(prim: Any, name: str, count: int) -> list[Any]:
    """An instancer's attribute, a value for each of its instances; empty where it has none."""
    found = value(prim, name)
    if found is None:
        return []
    if not hasattr(found, "__len__") or isinstance(found, str):
        raise _wrong(prim, name, found, "an array")
    if len(found) not in (0, count):
        raise Refused(
            error="an instancer has more or fewer values than twin paths",
            key=f"{prim.GetPath()}.{name}",
            found=f"{len(found)} values, {count} paths",
            allowed="one each; to remove an instance list its id in inactiveIds",
        )
    return list(found)


def target(prim: Any, name: str) -> str:
    """Prim path that a relationship leads to; empty where there is none."""
    relationship = prim.GetRelationship(name)
    targets = relationship.GetTargets() if relationship else []
    if len(targets) > 1:
        raise Refused(
            error="leads to several prims",
            key=f"{prim.GetPath()}.{name}",
            found=", ".join(map(str, targets[:4])),
            allowed="one",
        )
    if not relationship and prim.GetAttribute(name):
        raise _wrong(prim, name, prim.GetAttribute(name).Get(), "a relationship (rel)")
    return str(targets[0]) if targets else ""


def _wrong(prim: Any, name: str, found: Any, allowed: str) -> Refused:
    kind = prim.GetAttribute(name).GetTypeName()
    return Refused(
        error="an attribute of the wrong type",
        key=f"{prim.GetPath()}.{name}",
        found=f"{kind} {found!r}"[:80],
        allowed=allowed,
    )
