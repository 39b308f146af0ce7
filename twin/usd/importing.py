"""A stage back into a layout: what was moved, switched, exchanged or reconnected becomes a change.

The layout that travels in the stage says where every element should be. Places that stand for
themselves (no ``count``) are moved as such; everything else becomes an override by path. A stage
that nobody touched gives back the layout that made it, word for word.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.catalog.loader import Catalog
from twin.errors import InputError
from twin.layout.loader import Layout, layout_from_document
from twin.plant.expand import Expansion, expand, settle_cdus
from twin.plant.levels import PARENTS, Levels
from twin.plant.overlap import refuse_racks_in_one_place
from twin.plant.overrides import MOVABLE, REPLACEABLE, apply_overrides, levels_of
from twin.plant.placement import place
from twin.usd.content import Placed, StageContent, read_content
from twin.usd.frames import GROUPS, UNITS
from twin.usd.movement import MOVED, SCALED, check_unit, length, movement
from twin.usd.third_party import product_entry
from twin.usd.unused import unused
from twin.yaml_file import Document, Key, key_text

WARMER = 1e-6  # K

Notes = list[str]


@dataclass(frozen=True)
class Imported:
    """A layout read from a stage.

    data : the layout file's content; layout : it, checked; changes : what differs from the layout
    that made the stage, in words; notes : what could not be taken over
    """

    data: dict[str, Any]
    layout: Layout
    changes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class _Work:
    """A layout being changed."""

    data: dict[str, Any]
    file: Path
    catalog: Catalog | None
    changes: Notes = field(default_factory=list)
    notes: Notes = field(default_factory=list)

    def geometry(self) -> tuple[Layout, Expansion, Levels]:
        """The layout as it is now, with the positions of all its elements."""
        layout = layout_from_document(Document(self.data, {}, self.file), self.catalog)
        result = expand(layout)
        place(result)
        apply_overrides(result)
        settle_cdus(result)
        return layout, result, levels_of(result)

    def entry(self, key: Key) -> Any:
        """What stands at a key path of the layout."""
        value: Any = self.data
        for part in key:
            value = value[part]
        return value


def import_stage(file: Path, catalog: Catalog | None = None) -> Imported:
    """Layout of a stage that :func:`twin.usd.export.export_stage` wrote, with later changes.

    Raises
    ------
    InputError : see :func:`twin.usd.content.read_content`; a stage without a layout; a change that
        a layout cannot express, with the prim's path
    """
    content = read_content(file)
    work = _Work(_embedded_layout(content, file), file, catalog)
    original = copy.deepcopy(work.data)
    found = _by_path(content, work)
    if not found:
        raise InputError(
            "has no elements of a plant", file, allowed="prims with the attribute twin:path"
        )
    work.notes += content.notes
    check_unit(found.values(), file)
    work.notes += unused(work.geometry()[2], found)
    _move_places(work, found)
    _change_banks(work, found)
    _change_units(work, found)
    layout, result, levels = work.geometry()
    refuse_racks_in_one_place(result, levels)
    digest = content.twin.get("digest")
    if work.data == original and digest and digest != layout.digest:
        work.notes.append("products of the catalogue have changed since the stage was written")
    return Imported(work.data, layout, tuple(work.changes), tuple(work.notes))


def _embedded_layout(content: StageContent, file: Path) -> dict[str, Any]:
    text = content.twin.get("layout")
    if not text:
        raise InputError(
            "holds no layout",
            file,
            key="customLayerData.twin.layout",
            allowed="a stage written by twin export, saved with its root layer's data",
        )
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            "its layout is damaged",
            file,
            key="customLayerData.twin.layout",
            found=str(error)[:80],
            allowed="the JSON that twin export wrote",
        ) from None
    if not isinstance(data, dict):
        raise InputError(
            "its layout is damaged",
            file,
            key="customLayerData.twin.layout",
            found=type(data).__name__,
            allowed="the JSON that twin export wrote",
        )
    return data


def _by_path(content: StageContent, work: _Work) -> dict[str, Placed]:
    """Elements by twin path; a copy of an element keeps its path and is left out with a note."""
    found: dict[str, Placed] = {}
    for element in content.elements:
        known = found.get(element.path)
        if known is None:
            found[element.path] = element
        else:
            work.notes.append(
                f"{element.prim} is a copy of {known.prim} and is not taken over: "
                "raise racks or count in the layout"
            )
    return found


def _move_places(work: _Work, found: Mapping[str, Placed]) -> None:
    """Take over the positions of sites, plants, halls and rows that stand for themselves."""
    for level in GROUPS:
        _, result, levels = work.geometry()
        elements = result.levels[level]
        for index, path in enumerate(levels.paths(level)):
            seen = found.get(path)
            if seen is None:
                continue
            upright = _upright(seen)
            model = getattr(result, level)[index]
            shift = np.subtract(
                _local(result, levels, found, level, index, seen),
                _expected_local(result, level, index),
            )
            if level == "hall":
                _reconnect_hall(work, found, result, index, seen)
            if np.abs(shift).max() <= MOVED:
                continue
            if not upright or model.count is not None:
                # its elements follow one by one
                continue
            key = elements.key[index]
            old = model.position
            entry = work.entry(key)
            entry["position"] = [length(old[0] + float(shift[0])), length(old[1] + float(shift[1]))]
            work.changes.append(f"{path} moved by {shift[0]:.4g} m, {shift[1]:.4g} m")


def _local(
    result: Expansion,
    levels: Levels,
    found: Mapping[str, Placed],
    level: str,
    index: int,
    seen: Placed,
) -> tuple[float, float]:
    """Position of a place in the frame of the place around it, both as in the stage [m]."""
    parent = PARENTS[level]
    if parent is None:
        return seen.position[0], seen.position[1]
    row = int(levels[level].parent_index[index])
    upper = found.get(levels.path(parent, row))
    x, y = upper.position[:2] if upper is not None else result.origin[parent][row]
    return seen.position[0] - x, seen.position[1] - y


def _expected_local(result: Expansion, level: str, index: int) -> tuple[float, float]:
    x, y = result.origin[level][index]
    parent = PARENTS[level]
    if parent is None:
        return x, y
    base = result.origin[parent][result.levels[level].parent[index]]
    return x - base[0], y - base[1]


def _upright(seen: Placed) -> bool:
    """Whether a place is neither turned, mirrored nor scaled."""
    return bool(np.abs(np.array(seen.axes) - np.eye(3)).max() < SCALED)


def _reconnect_hall(
    work: _Work, found: Mapping[str, Placed], result: Expansion, index: int, seen: Placed
) -> None:
    """Take over which plants feed a hall."""
    prims = {element.prim: path for path, element in found.items()}
    for target, key, plants in (
        (seen.plant, "plant", result.hall_plant),
        (seen.air_plant, "air_plant", result.hall_air_plant),
    ):
        if not target:
            continue
        name = prims.get(target, "").rpartition("/")[2]
        expected = result.levels["plant"].names[plants[index]]
        if name == expected:
            continue
        entry = work.entry(result.levels["hall"].key[index])
        if result.hall[index].count is not None:
            raise InputError(
                f"{seen.prim} is one of several halls of one entry and cannot have a {key} of its "
                "own",
                work.file,
                found=target,
                allowed=expected,
            )
        entry[key] = name or target
        work.changes.append(f"{seen.path} on {key} {name or target} instead of {expected}")


def _change_banks(work: _Work, found: Mapping[str, Placed]) -> None:
    """Take over another product of a whole bank of equal machines."""
    _, result, levels = work.geometry()
    for level in UNITS:
        if level in REPLACEABLE:
            continue
        elements = result.levels[level]
        banks: dict[Key, dict[str, Placed]] = {}
        old: dict[Key, str] = {}
        for index, path in enumerate(levels.paths(level)):
            seen = found.get(path)
            if seen is not None:
                product = _product(work, seen, elements.product[index])
                banks.setdefault(elements.key[index], {})[product] = seen
                old[elements.key[index]] = elements.product[index]
        for key, products in banks.items():
            new = [name for name in products if name != old[key]]
            if not new:
                continue
            if len(products) > 1:
                raise InputError(
                    f"a single {level.replace('_', ' ')} cannot be of another product than its "
                    "bank",
                    work.file,
                    key=products[new[0]].prim,
                    found=new[0],
                    allowed=f"{old[key]}, or the same product for all of {key_text(key)}",
                )
            work.entry(key)["product"] = new[0]
            work.changes.append(f"{key_text(key)} are {new[0]} instead of {old[key]}")


def _product(work: _Work, seen: Placed, expected: str) -> str:
    """Product id of an element; an asset of another maker becomes a product of the layout."""
    if seen.product:
        return seen.product
    if not seen.equipment:
        return expected
    entry, missing = product_entry(seen.equipment, seen.extent, expected, work.file, seen.prim)
    products = work.data.setdefault("products", [])
    known = {product.get("id"): product for product in products}
    name, number = entry["id"], 1
    while entry["id"] in known and known[entry["id"]] != entry:  # another asset of that name
        number += 1
        entry["id"] = f"{name}-{number}"
    if entry["id"] not in known:
        products.append(entry)
        work.changes.append(f"product {entry['id']} from {seen.prim}")
        if missing:
            work.notes.append(
                f"{entry['id']}: not in the asset, taken from {expected}: {', '.join(missing)}"
            )
    return str(entry["id"])


def _change_units(work: _Work, found: Mapping[str, Placed]) -> None:
    """Turn what differs in single machines into overrides."""
    _, result, levels = work.geometry()
    rows = list(work.data.get("overrides", []))
    known = {row["path"]: dict(row) for row in rows}
    prims = {element.prim: path for path, element in found.items()}
    for level in (*UNITS, "plant"):
        for index, path in enumerate(levels.paths(level)):
            seen = found.get(path)
            if seen is None and level == "plant":
                continue
            own = dict(known.get(path, {"path": path}))
            before = dict(own)
            for key, value, words in _differences(work, result, levels, prims, level, index, seen):
                if value is None:
                    own.pop(key, None)
                else:
                    own[key] = value
                work.changes.append(f"{path} {words}")
            if own != before:
                known[path] = own
    merged = [row for row in known.values() if set(row) > {"path"} or row in rows]
    if merged or rows:
        work.data["overrides"] = merged
    if not work.data.get("overrides", True):
        del work.data["overrides"]


def _differences(
    work: _Work,
    result: Expansion,
    levels: Levels,
    prims: Mapping[str, str],
    level: str,
    index: int,
    seen: Placed | None,
) -> Iterator[tuple[str, Any, str]]:
    """Key, value and words of every difference of a machine from the layout."""
    elements = result.levels[level]
    if level == "plant":
        if seen is not None:
            yield from _set_point(seen, float(result.plant_setpoint[index]))
        return
    enabled = bool(elements.enabled[index])
    if seen is None or not (seen.active and seen.enabled):
        if seen is None or not seen.active:
            work.notes.append(
                f"{levels.path(level, index)} is not in the stage: out of service, "
                "as a layout cannot leave out a single one"
            )
        if enabled and level in MOVABLE:
            yield "enabled", False, "out of service"
        if seen is None or not seen.active:
            return
    elif not enabled:
        yield "enabled", None, "in service again"
    yield from movement(result, level, index, seen, work.file, work.notes)
    if level in REPLACEABLE:
        product = _product(work, seen, elements.product[index])
        if product != elements.product[index]:
            default = _usual_product(result, level, index)
            yield "product", None if product == default else product, f"is a {product}"
    if level == "cdu":
        yield from _set_point(seen, float(result.cdu_setpoint[index]))
    if level == "rack" and seen.cdu:
        name = prims.get(seen.cdu, seen.cdu).rpartition("/")[2]
        feeds = int(result.rack_cdu[index])
        expected = result.levels["cdu"].names[feeds] if feeds >= 0 else ""
        if name != expected:
            yield "cdu", name, f"on {name} instead of {expected or 'none'}"


def _usual_product(result: Expansion, level: str, index: int) -> str:
    """Product that a rack's or CDU's row gives it."""
    row = result.row[result.levels[level].parent[index]]
    if level == "rack":
        return row.rack
    return row.cdu.product if row.cdu is not None else ""


def _set_point(seen: Placed, expected: float) -> Iterator[tuple[str, Any, str]]:
    value = seen.supply_temperature
    if value is not None and abs(value - expected) > WARMER:
        yield "supply_temperature", f"{value:.10g} degC", f"set to {value:.6g} degC"
