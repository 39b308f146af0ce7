"""What a stage says of elements that a layout cannot hold for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twin.plant.levels import Levels
from twin.plant.overrides import MOVABLE
from twin.usd.content import Placed
from twin.usd.frames import GROUPS, UNITS


def unused(levels: Levels, found: Mapping[str, Placed]) -> Iterator[str]:
    """Notes of what elements of a stage, by twin path, say that their level does not have."""
    level_of = {path: level for level in (*GROUPS, *UNITS) for path in levels.paths(level)}
    for path, seen in found.items():
        level = level_of.get(path)
        if level is None:
            yield f"{seen.prim}: the layout has no {path}; not taken over"
            continue
        name = level.replace("_", " ")
        if level not in MOVABLE and not seen.enabled:
            yield (
                f"{seen.prim}.twin:enabled is not taken over: a {name} is not switched as a whole, "
                "only its machines are"
            )
        for attribute, given, levels_with in (
            ("supplyTemperature", seen.supply_temperature is not None, ("cdu", "plant")),
            ("cdu", bool(seen.cdu), ("rack",)),
            ("plant", bool(seen.plant), ("hall",)),
            ("airPlant", bool(seen.air_plant), ("hall",)),
        ):
            if given and level not in levels_with:
                yield f"{seen.prim}.twin:{attribute} is not taken over: a {name} has none"
