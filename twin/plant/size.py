"""How many elements a layout stands for, counted before any of them is made."""

from __future__ import annotations

import math
from collections.abc import Iterator

from twin.bounds import above, count_text, maximum_elements
from twin.catalog.specs import Rack
from twin.layout import models
from twin.layout.base_models import Bank
from twin.layout.loader import Layout
from twin.yaml_file import Key

Factors = tuple[tuple[int, Key], ...]
"""Numbers whose product counts elements, from the outermost on, each with where it is written."""


def check_size(layout: Layout) -> None:
    """Raise InputError for a layout of more elements than the bound, at what asks for most."""
    bound = maximum_elements()
    for name, product in layout.products.items():
        if isinstance(product, Rack) and accelerators(product) > bound:
            raise layout.document.error(
                f"rack {name} holds too many accelerators",
                ("products",),
                count_text(accelerators(product)),
                above(bound),
            )
    parts = list(_parts(layout))
    total = sum(_count(part) for part in parts)
    if total > bound:
        most: Factors = max(parts, key=_count)
        _, key = max(most, key=lambda factor: factor[0])
        raise layout.document.error(
            "the layout stands for too many elements", key, count_text(total), above(bound)
        )


def refuse_too_many(layout: Layout, count: int) -> None:
    """Raise InputError for more accelerators than the bound, which overrides have led to."""
    bound = maximum_elements()
    if count > bound:
        raise layout.document.error(
            "the layout stands for too many accelerators",
            ("overrides",),
            count_text(count),
            above(bound),
        )


def accelerators(rack: Rack) -> int:
    """Accelerators of a rack."""
    return rack.trays.order.count("c") * rack.trays.accelerators_per_tray


def cdus_per_row(row: models.Row) -> int:
    """Number of CDUs of each row of a generator."""
    if row.cdu is None:
        return 0
    if row.cdu.racks_per_cdu is not None:
        return -(-row.racks // row.cdu.racks_per_cdu)
    return row.cdu.per_row or 0


def _count(factors: Factors) -> int:
    return math.prod(number for number, _ in factors)


def _parts(layout: Layout) -> Iterator[Factors]:
    """Elements by where they are asked for."""
    for s, site in enumerate(layout.model.sites):
        key: Key = ("sites", s)
        sites = _times((), site, key)
        yield sites
        if site.feeders is not None:
            yield (*sites, (site.feeders.count, (*key, "feeders", "count")))
        yield from _banks(sites, key, site, ("transformers", "generators", "battery"))
        for p, plant in enumerate(site.plants):
            where = (*key, "plants", p)
            plants = _times(sites, plant, where)
            yield plants
            yield from _banks(
                plants, where, plant, ("heat_rejection", "pumps", "chillers", "transformers")
            )
        for h, hall in enumerate(site.halls):
            where = (*key, "halls", h)
            halls = _times(sites, hall, where)
            yield halls
            yield from _banks(halls, where, hall, ("crahs", "ups", "transformers"))
            if hall.ups is not None:
                yield (*halls, (hall.ups.system_count, (*where, "ups", "systems")))
            for r, row in enumerate(hall.rows):
                yield from _row(layout, halls, row, (*where, "rows", r))


def _row(layout: Layout, halls: Factors, row: models.Row, key: Key) -> Iterator[Factors]:
    rows = _times(halls, row, key)
    yield rows
    each = 1 + accelerators(layout.product(row.rack, Rack))
    yield (*rows, (row.racks, (*key, "racks")), (each, (*key, "rack")))
    if row.panels is not None:
        yield (*rows, (row.panels.per_row, (*key, "panels", "per_row")))
    if row.cdu is not None:
        yield (*rows, (cdus_per_row(row), (*key, "cdu")))


def _times(parents: Factors, element: models.Generated, key: Key) -> Factors:
    return (*parents, (1 if element.count is None else element.count, (*key, "count")))


def _banks(
    parents: Factors, key: Key, element: object, names: tuple[str, ...]
) -> Iterator[Factors]:
    for name in names:
        bank: Bank | None = getattr(element, name)
        if bank is not None:
            yield (*parents, (bank.count, (*key, name, "count")))
