"""Scene description (``twin.scene/1``) and the counts and ratings of ``twin info``.

The scene is plain data: products with their meshes, instances of them, routes of pipes and busways,
rooms, the tree of elements, and the channel table. A viewer needs nothing else but the stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.aisles import aisles
from twin.catalog.specs import Accelerator, Product, Rack
from twin.layout.loader import class_of
from twin.plant.budget import power_budget
from twin.plant.placement import Box
from twin.plant.plant import Plant
from twin.plant.routes import busway_routes, pipe_routes

SCHEMA = "twin.scene/1"
ROOM_HEIGHT = 4.0  # m of electrical and plant rooms
SLAB = 0.1  # m
GROUND_MARGIN = 15.0  # m of ground around everything

MESHES = {
    "cdu": "cdu",
    "crah": "crah",
    "rear-door": "rear-door",
    "dry-cooler": "dry-cooler",
    "cooling-tower": "cooling-tower",
    "chiller": "chiller",
    "pump": "pump",
    "transformer": "transformer",
    "ups": "ups",
    "power-shelf": "power-shelf",
    "battery": "battery",
    "generator": "generator",
    "network-switch": "network-rack",
}
"""Mesh kind of each product class; racks and distribution depend on their figures."""
WITHOUT_INSTANCES = {"site", "plant", "hall", "row", "feeder", "ups_system", "gpu"}
"""Levels whose elements are places or parts, not products on the floor."""


def scene(plant: Plant) -> dict[str, Any]:
    """Scene description of a plant, JSON-able; lengths in metres, Z up."""
    instances = _instances(plant)
    structures = _structures(plant)
    return {
        "schema": SCHEMA,
        "digest": plant.digest,
        "name": plant.name,
        "title": plant.layout.model.title or plant.name,
        "up": "z",
        "units": "m",
        "bounds": _bounds(structures),
        "levels": _levels(plant),
        "rack_first_gpu": plant.levels.rack_first_gpu.tolist(),
        "products": _products(plant),
        "instances": instances,
        "pipes": [
            {
                "path": plant.levels.path(route.level, route.index),
                "service": route.service,
                "diameter": round(route.diameter, 4),
                "points": [[round(float(v), 3) for v in point] for point in route.points],
                "level": route.level,
                "index": route.index,
            }
            for route in pipe_routes(plant)
        ],
        "busways": [
            {
                "path": plant.levels.path("panel", run.index),
                "size": list(run.size),
                "points": [[round(float(v), 3) for v in point] for point in run.points],
                "level": "panel",
                "index": run.index,
            }
            for run in busway_routes(plant)
        ],
        "structures": structures,
        "aisles": aisles(plant),
        "links": _links(plant),
        "channels": _channels(),
    }


def _links(plant: Plant) -> dict[str, list[int]]:
    """What carries whose heat away, beyond parents: rows of the other level, -1 for none."""
    result = plant.design.expansion
    return {
        "rack_cdu": result.rack_cdu.tolist(),
        "hall_plant": list(map(int, result.hall_plant)),
        "hall_air_plant": list(map(int, result.hall_air_plant)),
    }


def _channels() -> list[dict[str, Any]]:
    from twin.channels import CHANNELS

    return [channel.as_dict() | {"colormap": channel.colours} for channel in CHANNELS]


def _levels(plant: Plant) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, level in plant.levels.items():
        entry: dict[str, Any] = {"count": level.count, "parent": level.parent}
        if name != "gpu":
            entry["parent_index"] = level.parent_index.tolist()
            entry["names"] = list(level.names)
        tree[name] = entry
    return tree


def mesh_kind(product: Product) -> str:
    """Kind of the parametric mesh that stands for a product."""
    kind = class_of(product)
    if isinstance(product, Rack):
        if product.cooling == "liquid":
            return "nvl72-rack"
        return "air-rack" if product.trays.compute_units > 3 else "server-rack"
    if kind == "distribution":
        return "busway" if getattr(product, "kind", "") == "busway" else "panel"
    return MESHES[kind]


def _product(plant: Plant, product: Product) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "class": class_of(product),
        "title": product.title,
        "mesh": mesh_kind(product),
        "size": [product.width, product.depth, product.height],
        "parameters": {},
    }
    if isinstance(product, Rack):
        part = plant.layout.product(product.accelerator, Accelerator)
        entry["parameters"] = {
            "tray_order": product.trays.order,
            "pitch": product.trays.pitch,
            "first_height": product.trays.first_height,
            "compute_units": product.trays.compute_units,
            "accelerators_per_tray": product.trays.accelerators_per_tray,
            "stacks": part.hbm.stacks,
            "cooling": product.cooling,
        }
        entry["slots"] = [
            {"name": slot.name, "position": list(slot.position), "size": list(slot.size)}
            for slot in plant.slots[product.id]
        ]
    return entry


def _products(plant: Plant) -> dict[str, Any]:
    """Products that have instances."""
    used = {
        name
        for level in plant.levels
        if level not in WITHOUT_INSTANCES
        for name in plant.product_ids(level)
    }
    return {name: _product(plant, plant.layout.products[name]) for name in sorted(used)}


def _instances(plant: Plant) -> list[dict[str, Any]]:
    """One entry per level and product."""
    entries = []
    for level in plant.levels:
        if level in WITHOUT_INSTANCES or plant.levels[level].count == 0:
            continue
        products = np.array(plant.product_ids(level))
        position = np.round(plant.positions(level), 4)
        yaw = plant.yaws(level)
        for name in dict.fromkeys(products.tolist()):
            index = np.flatnonzero(products == name)
            if level == "panel" and mesh_kind(plant.layout.products[name]) == "busway":
                continue  # drawn as a busway run over its row
            entries.append(
                {
                    "level": level,
                    "product": name,
                    "index": index.tolist(),
                    "position": position[index].tolist(),
                    "yaw": yaw[index].tolist(),
                }
            )
    return entries


def _structure(
    kind: str, title: str, box: Box, base: float, height: float, level: str, index: int
) -> dict[str, Any]:
    return {
        "kind": kind,
        "title": title,
        "position": [round(float(box.x0), 3), round(float(box.y0), 3), base],
        "size": [round(float(box.x1 - box.x0), 3), round(float(box.y1 - box.y0), 3), height],
        "level": level,
        "index": index,
    }


def _structures(plant: Plant) -> list[dict[str, Any]]:
    """Ground, halls, rooms and yards; a label stands at the front of every hall."""
    placement, result = plant.design.placement, plant.design.expansion
    parts: list[dict[str, Any]] = []
    for h, box in enumerate(placement.halls):
        hall = result.hall[h]
        name = result.levels["hall"].names[h]
        title = hall.title if hall.title and hall.count is None else name
        parts.append(_structure("floor", title, box, -SLAB, SLAB, "hall", h))
        parts.append(_structure("hall", title, box, 0.0, placement.hall_heights[h], "hall", h))
        front = Box(box.x0, box.y0 - 0.02, min(box.x1, box.x0 + 6.0), box.y0)
        parts.append(
            _structure("label", title, front, placement.hall_heights[h] - 1.2, 0.8, "hall", h)
        )
        room = placement.electrical_rooms[h]
        if room is not None:
            parts.append(
                _structure("room", f"{title}, electrical room", room, 0.0, ROOM_HEIGHT, "hall", h)
            )
    for p, plant_model in enumerate(result.plant):
        name = plant_model.title or result.levels["plant"].names[p]
        parts.append(
            _structure("room", name, placement.plant_rooms[p], 0.0, ROOM_HEIGHT, "plant", p)
        )
        parts.append(
            _structure("slab", f"{name}, yard", placement.yards[p], -SLAB, SLAB, "plant", p)
        )
    for s, yard in enumerate(placement.substations):
        if yard is not None:
            parts.append(_structure("slab", "electrical yard", yard, -SLAB, SLAB, "site", s))
    grounds: dict[int, Box] = {}
    for part in parts:
        x, y, _ = part["position"]
        box = Box(x, y, x + part["size"][0], y + part["size"][1])
        s = _site_of(plant, part["level"], part["index"])
        grounds[s] = box if s not in grounds else grounds[s].joined(box)
    for s, box in sorted(grounds.items()):
        wide = Box(
            box.x0 - GROUND_MARGIN,
            box.y0 - GROUND_MARGIN,
            box.x1 + GROUND_MARGIN,
            box.y1 + GROUND_MARGIN,
        )
        site = result.site[s]
        title = site.title if site.title and site.count is None else result.levels["site"].names[s]
        parts.append(_structure("slab", title, wide, -2 * SLAB, SLAB, "site", s))
    return parts


def _site_of(plant: Plant, level: str, index: int) -> int:
    if level == "site":
        return index
    return int(plant.levels[level].parent_index[index])


def _bounds(structures: list[dict[str, Any]]) -> list[list[float]]:
    low = np.min([part["position"] for part in structures], axis=0)
    high = np.max([np.add(part["position"], part["size"]) for part in structures], axis=0)
    corners: NDArray[np.float64] = np.round([low, high], 3)
    return [[float(v) for v in corner] for corner in corners]


def info(plant: Plant) -> dict[str, Any]:
    """What is in a plant: counts, ratings in W, areas in m2, and products by level.

    ``design_power`` is what the site draws with every rack at rated power on the design day.
    """
    from twin.network.site_network import networks

    design = plant.design
    budget = power_budget(plant)
    halls = design.placement.halls
    hall_area = float(sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in halls))
    gpus = plant.levels["gpu"].count
    it_power = float(design.rack_power.sum())
    total = float(budget.site_power.sum())
    return {
        "layout": plant.name,
        "title": plant.layout.model.title,
        "digest": plant.digest,
        "gpus": gpus,
        "racks": plant.levels["rack"].count,
        "counts": {name: level.count for name, level in plant.levels.items()},
        "rated_it_power_w": it_power,
        "design_power_w": total,
        "design_pue": total / it_power if it_power else 0.0,
        "design_power_per_gpu_w": total / gpus if gpus else 0.0,
        "contract_power_w": sum(site.grid.contract_power for site in plant.sites),
        "liquid_heat_share": float(design.rack_liquid_heat.sum()) / it_power if it_power else 0.0,
        "hall_area_m2": hall_area,
        "it_power_density_w_per_m2": it_power / hall_area if hall_area else 0.0,
        "products": _tally(
            name
            for level in plant.levels
            if level not in WITHOUT_INSTANCES
            for name in plant.product_ids(level)
        ),
        "network": [network.facts() for network in networks(plant)],
        "sites": [
            _site_info(plant, s, float(budget.site_power[s]))
            for s in range(plant.levels["site"].count)
        ],
    }


def _tally(names: Iterable[str]) -> dict[str, int]:
    """How often each name stands among ``names``."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _site_info(plant: Plant, s: int, power: float) -> dict[str, Any]:
    racks = plant.levels.below("site", s, "rack")
    first = plant.levels.rack_first_gpu
    site = plant.sites[s]
    return {
        "path": plant.levels.path("site", s),
        "title": site.title,
        "gpus": int((first[racks + 1] - first[racks]).sum()),
        "racks": len(racks),
        "rated_it_power_w": float(plant.design.rack_power[racks].sum()),
        "design_power_w": power,
        "contract_power_w": site.grid.contract_power,
        "grid_voltage_v": site.grid.voltage,
    }
