"""Checks of ways through halls: racks in, people out; and of what the floor carries."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.check.finding import Check, Finding, Severity, Subject
from twin.rigid.delivery import (
    DELIVERY_HEADINGS,
    EGRESS_WIDTH,
    MARGIN,
    HallFloor,
    delivery_height,
    floor_key,
    hall_floors,
    low_overhead,
    rack_floor_load,
    unreached,
    with_overhead,
)
from twin.rigid.service_space import service_space

EGRESS_SOURCE = "building codes: 0.9 m clear width of a way out"


def check_delivery(subject: Subject) -> Iterator[Finding]:
    """Racks that cannot be brought to their place: swept way from a wall to before the rack.

    Upright on a dolly: below the ceiling, and around pipes and busways that hang lower.
    """
    plant = subject.plant
    known: dict[bytes, list[int]] = {}
    tallest = {
        h: max(plant.layout.products[plant.product_ids("rack")[r]].height for r in floor.racks)
        for h, floor in enumerate(hall_floors(plant))
        if len(floor.racks)
    }
    hanging = {
        height: low_overhead(plant, delivery_height(height)) for height in {*tallest.values()}
    }
    for h, bare in enumerate(hall_floors(plant)):
        if not len(bare.racks):
            continue
        ceiling = plant.design.placement.hall_heights[h]
        if ceiling < delivery_height(tallest[h]):
            yield Finding(
                "error",
                subject.path("hall", h),
                f"racks of {tallest[h]:.2f} m do not come in upright on a dolly: they need "
                f"{delivery_height(tallest[h]):.2f} m, the hall has {ceiling:.2f} m",
                "raise size of the hall",
                "delivery",
            )
            continue
        floor = with_overhead(bare, hanging[tallest[h]])
        key = floor_key(floor, plant)
        if key not in known:
            largest = [plant.layout.products[plant.product_ids("rack")[r]] for r in floor.racks]
            size = (
                max(p.width for p in largest) + 2 * MARGIN,
                max(p.depth for p in largest) + 2 * MARGIN,
            )
            distance = np.array([0.5 * p.depth + 0.5 * size[1] + MARGIN for p in largest])
            blocked = unreached(plant, floor, size, distance, DELIVERY_HEADINGS)
            known[key] = [int(np.flatnonzero(floor.racks == rack)[0]) for rack in blocked]
        yield from _per_row(
            subject,
            floor,
            known[key],
            "error",
            "cannot be brought to their place upright: no way of their width, depth and height "
            "leads there from a wall",
            "widen the aisle, leave a gap at the end of the row, or raise the hall",
            "delivery",
        )


def check_egress(subject: Subject) -> Iterator[Finding]:
    """Aisles that people cannot leave."""
    plant = subject.plant
    known: dict[bytes, list[int]] = {}
    for floor in hall_floors(plant):
        if not len(floor.racks):
            continue
        key = floor_key(floor, plant)
        if key not in known:
            depth = np.array(
                [plant.layout.products[plant.product_ids("rack")[r]].depth for r in floor.racks]
            )
            distance = 0.5 * depth + 0.5 * EGRESS_WIDTH + 0.02
            blocked = unreached(plant, floor, (EGRESS_WIDTH, EGRESS_WIDTH), distance, 1)
            known[key] = [int(np.flatnonzero(floor.racks == rack)[0]) for rack in blocked]
        yield from _per_row(
            subject,
            floor,
            known[key],
            "error",
            f"stand at aisles without a way out of {EGRESS_WIDTH:g} m ({EGRESS_SOURCE})",
            "widen the aisle, or leave a gap at the end of the row",
            "egress",
        )


def _per_row(
    subject: Subject,
    floor: HallFloor,
    places: list[int],
    severity: Severity,
    message: str,
    fix: str,
    check: str,
) -> Iterator[Finding]:
    """One finding for each row with racks in question, given by their place in the hall."""
    plant = subject.plant
    racks = floor.racks[places]
    rows = plant.levels["rack"].parent_index[racks]
    for row in np.unique(rows).tolist():
        names = [plant.levels["rack"].names[rack] for rack in racks[rows == row].tolist()]
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield Finding(
            severity,
            subject.path("row", row),
            f"{shown} {message}",
            fix,
            check,
        )


def check_floor_load(subject: Subject) -> Iterator[Finding]:
    """Racks too heavy for the floor of a hall that states its rating."""
    plant = subject.plant
    row_hall = plant.levels["row"].parent_index
    halls = plant.design.expansion.hall
    racks = plant.levels["rack"]
    seen: set[tuple[int, str]] = set()
    for rack, name in enumerate(plant.product_ids("rack")):
        row = int(racks.parent_index[rack])
        rating = getattr(halls[row_hall[row]], "floor_rating", None)
        if rating is None or (row, name) in seen:
            continue
        seen.add((row, name))
        product = plant.layout.products[name]
        space = service_space(product)
        load = rack_floor_load(product.width, product.depth, product.mass, space.front, space.rear)
        if load > rating:
            footprint = product.mass / (product.width * product.depth)
            yield Finding(
                "error",
                subject.path("row", row),
                f"{name} loads the floor with {load:,.0f} kg/m2 over its footprint and half its "
                f"aisles ({footprint:,.0f} kg/m2 under it); the hall carries {rating:,.0f} kg/m2",
                "spread the load by a plinth, space the racks out, or a stronger floor",
                "floor-load",
            )


WAY_CHECKS: tuple[Check, ...] = (check_delivery, check_egress, check_floor_load)
"""Checks for :data:`twin.check.CHECKS`."""
