"""Changes of single elements by path, applied after the generators are written out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.catalog.specs import Accelerator, Rack
from twin.errors import InputError, near_matches
from twin.layout.loader import class_of
from twin.layout.override_models import Override
from twin.plant.expand import Elements, Expansion
from twin.plant.levels import PARENTS, Level, Levels
from twin.plant.size import refuse_too_many
from twin.plant.slots import rack_slots
from twin.yaml_file import Key

UNITS = {
    "crah",
    "ups",
    "hall_transformer",
    "panel",
    "cdu",
    "cooler",
    "pump",
    "chiller",
    "plant_transformer",
    "site_transformer",
    "generator",
    "battery",
}
"""Levels whose elements are single machines."""
REPLACEABLE = {"rack", "cdu"}
"""Levels in which single elements may be of another product; banks are of one product."""
MOVABLE = UNITS | {"rack"}
ORIGINS = {"hall": "hall", "row": "hall", "plant": "plant", "site": "site"}
"""In whose frame children of a level are positioned."""


@dataclass
class Overridden:
    """What overrides leave behind besides changes of the expansion: accelerators out of service."""

    disabled_gpus: list[int] = field(default_factory=list)


def apply_overrides(result: Expansion) -> Overridden:
    """Apply the layout's overrides; their order does not matter.

    Raises
    ------
    InputError : unknown path, element named twice, or a change that its level does not have
    """
    overrides = result.layout.model.overrides
    outcome = Overridden()
    if not overrides:
        return outcome
    levels = levels_of(result)
    found = [_find(result, levels, number, o) for number, o in enumerate(overrides)]
    seen: dict[tuple[str, int], int] = {}
    for number, place in enumerate(found):
        if place is not None and seen.setdefault(place, number) != number:
            raise _error(
                result,
                number,
                "path",
                "an element overridden twice",
                overrides[number].path,
                "one entry per element",
            )
    for number, override in enumerate(overrides):
        place = found[number]
        if override.product is not None and place is not None:
            _replace(result, number, override, *place)
    levels = levels_of(result)
    for number, override in enumerate(overrides):
        level, index = found[number] or levels.find(override.path)
        _apply(result, outcome, levels, number, override, level, index)
    return outcome


def levels_of(result: Expansion) -> Levels:
    """The tree of an expansion's elements with its racks' slots."""
    layout = result.layout
    slots = {}
    for name in set(result.products_of("rack")):
        rack = layout.product(name, Rack)
        places = rack_slots(rack, layout.product(rack.accelerator, Accelerator))
        slots[name] = {slot.name: number for number, slot in enumerate(places)}
    racks = result.levels["rack"]
    per_rack = np.array([len(slots[name]) for name in racks.product], dtype=np.int64)
    refuse_too_many(layout, int(per_rack.sum()))
    first_gpu = np.concatenate(([0], np.cumsum(per_rack))).astype(np.int64)
    table = {
        name: Level(name, PARENTS[name], elements.parent_index(), tuple(elements.names))
        for name, elements in result.levels.items()
    }
    table["gpu"] = Level(
        "gpu", "rack", np.repeat(np.arange(racks.count, dtype=np.int64), per_rack), ()
    )
    return Levels(table, first_gpu, [slots[name] for name in racks.product])


def _error(
    result: Expansion, number: int, key: str, message: str, found: str, allowed: str
) -> InputError:
    where: Key = ("overrides", number, key)
    return result.layout.document.error(message, where, found, allowed)


def _find(
    result: Expansion, levels: Levels, number: int, override: Override
) -> tuple[str, int] | None:
    """Element of an override; None for an accelerator, which depends on rack products."""
    try:
        level, index = levels.find(override.path)
    except InputError as error:
        words = [word for word in override.path.split("/") if word]
        if len(words) == 6:  # a slot of a rack whose product another override may change
            return None
        raise _error(result, number, "path", error.message, error.found, error.allowed) from None
    return None if level == "gpu" else (level, index)


def _replace(result: Expansion, number: int, override: Override, level: str, index: int) -> None:
    assert override.product is not None
    if level not in REPLACEABLE:
        raise _error(
            result,
            number,
            "product",
            f"a single {level} cannot be of another product",
            override.product,
            "racks and CDUs can; banks are of one product",
        )
    elements = result.levels[level]
    old = result.layout.products[elements.product[index]]
    new = result.layout.products[override.product]
    if class_of(old) != class_of(new):
        raise _error(
            result,
            number,
            "product",
            "a product of the wrong class",
            f"{override.product} (class {class_of(new)})",
            f"class {class_of(old)}",
        )
    elements.product[index] = override.product


def _apply(
    result: Expansion,
    outcome: Overridden,
    levels: Levels,
    number: int,
    override: Override,
    level: str,
    index: int,
) -> None:
    if override.product is not None and level == "gpu":
        raise _error(
            result,
            number,
            "product",
            "an accelerator is part of its rack's product",
            override.product,
            "another rack product for its rack",
        )
    if override.position is not None or override.yaw is not None:
        _move(result, number, override, level, index)
    if override.cdu is not None:
        _reconnect(result, number, override, level, index)
    if override.supply_temperature is not None:
        setpoints = {"cdu": result.cdu_setpoint, "plant": result.plant_setpoint}
        if level not in setpoints:
            raise _error(
                result,
                number,
                "supply_temperature",
                f"a {level} has no such set point",
                override.path,
                "CDUs and plants",
            )
        setpoints[level][index] = override.supply_temperature
    if override.enabled is False:
        _disable(result, outcome, levels, number, override, level, index)


def _move(result: Expansion, number: int, override: Override, level: str, index: int) -> None:
    if level not in MOVABLE:
        raise _error(
            result,
            number,
            "position",
            f"a {level} is not moved by an override",
            override.path,
            "racks and single units",
        )
    elements: Elements = result.levels[level]
    if override.position is not None:
        parent_level = PARENTS[level]
        owner = elements.parent[index]
        if parent_level == "row":
            owner = result.levels["row"].parent[owner]
        origin = result.origin[ORIGINS[str(parent_level)]][owner]
        elements.position[index, 0] = origin[0] + override.position[0]
        elements.position[index, 1] = origin[1] + override.position[1]
    if override.yaw is not None:
        elements.yaw[index] = override.yaw


def _reconnect(result: Expansion, number: int, override: Override, level: str, index: int) -> None:
    if level != "rack":
        raise _error(
            result, number, "cdu", f"a {level} is not fed by a CDU", override.path, "a rack"
        )
    cdus = result.levels["cdu"]
    row = result.levels["rack"].parent[index]
    candidates = {cdus.names[c]: c for c in range(cdus.count) if cdus.parent[c] == row}
    if override.cdu not in candidates:
        raise _error(
            result,
            number,
            "cdu",
            "unknown CDU",
            str(override.cdu),
            near_matches(str(override.cdu), [*candidates]) if candidates else "its row has no CDU",
        )
    result.rack_cdu[index] = candidates[str(override.cdu)]


def _disable(
    result: Expansion,
    outcome: Overridden,
    levels: Levels,
    number: int,
    override: Override,
    level: str,
    index: int,
) -> None:
    if level == "gpu":
        outcome.disabled_gpus.append(index)
    elif level in ("row", "hall"):
        result.levels["rack"].enabled[levels.below(level, index, "rack")] = False
    elif level in MOVABLE or level in ("feeder", "ups_system"):
        result.levels[level].enabled[index] = False
    else:
        raise _error(
            result,
            number,
            "enabled",
            f"a whole {level} is not switched off here",
            override.path,
            "halls, rows, racks, accelerators and single units",
        )
