"""From generators to elements: every site, hall, rack and unit with its name and product."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.catalog.specs import Rack
from twin.errors import InputError, near_matches
from twin.layout import base_models, models
from twin.layout.base_models import Point
from twin.layout.loader import Layout
from twin.layout.names import generated, numbered, unit_names
from twin.plant.levels import PARENTS
from twin.plant.size import cdus_per_row, check_size
from twin.yaml_file import Key, key_text


@dataclass
class Elements:
    """All elements of one level while a plant is being compiled.

    ``parent``: row of the parent; ``product``: id, empty where an element has none; ``key``: where
    in the layout file it is written; ``position`` [n, 3] is the centre of the footprint on the
    floor in the common frame, ``yaw`` in degrees; ``enabled`` False: fitted but out of service.
    """

    level: str
    parent: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    product: list[str] = field(default_factory=list)
    key: list[Key] = field(default_factory=list)
    position: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    yaw: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    enabled: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    @property
    def count(self) -> int:
        """Number of elements."""
        return len(self.parent)

    def add(self, parent: int, name: str, product: str, key: Key) -> int:
        """Append an element and return its row."""
        self.parent.append(parent)
        self.names.append(name)
        self.product.append(product)
        self.key.append(key)
        return len(self.parent) - 1

    def parent_index(self) -> NDArray[np.int64]:
        """Parents as an array, shape [count]."""
        return np.array(self.parent, dtype=np.int64)

    def first(self, parents: int) -> NDArray[np.int64]:
        """First child of every parent, shape [parents + 1]; children lie in parents' order."""
        return np.searchsorted(self.parent_index(), np.arange(parents + 1)).astype(np.int64)


@dataclass
class Expansion:
    """A layout written out, element by element.

    ``site``...``row`` hold the layout's model of each element of that level and ``origin`` their
    corner in the common frame; ``hall_plant``, ``hall_air_plant`` and, per row of racks,
    ``door_plant`` (-1: no rear doors) are rows of plants, ``rack_cdu`` rows of CDUs (-1:
    air-cooled).
    """

    layout: Layout
    levels: dict[str, Elements]
    site: list[models.Site] = field(default_factory=list)
    plant: list[models.Plant] = field(default_factory=list)
    hall: list[models.Hall] = field(default_factory=list)
    row: list[models.Row] = field(default_factory=list)
    origin: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    row_offset: list[int] = field(default_factory=list)
    hall_plant: list[int] = field(default_factory=list)
    hall_air_plant: list[int] = field(default_factory=list)
    door_plant: list[int] = field(default_factory=list)
    rack_cdu: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    cdu_setpoint: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    plant_setpoint: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def products_of(self, level: str) -> list[str]:
        """Product ids of a level, in order."""
        return self.levels[level].product


def expand(layout: Layout) -> Expansion:
    """Write a layout's generators out.

    Raises
    ------
    InputError : duplicate names, unknown plant, liquid-cooled racks without CDU, rows without feed,
        more elements than the bound
    """
    check_size(layout)
    levels = {name: Elements(name) for name in PARENTS if name != "gpu"}
    result = Expansion(layout, levels, origin={n: [] for n in ("site", "plant", "hall", "row")})
    for s, site in enumerate(layout.model.sites):
        for offset, name, number in generated(site):
            key: Key = ("sites", s)
            index = levels["site"].add(0, name, "", key)
            result.site.append(site)
            result.origin["site"].append(_shifted(site.position, site.pitch, offset))
            _expand_site(result, site, index, key, number)
    _refuse_duplicates(result)
    _assign_cdus(result)
    result.cdu_setpoint = np.array(
        [result.row[w].supply_temperature for w in levels["cdu"].parent], dtype=np.float64
    )
    result.plant_setpoint = np.array(
        [plant.supply_temperature for plant in result.plant], dtype=np.float64
    )
    return result


def _shifted(
    origin: Point, pitch: Point, offset: int, base: tuple[float, float] = (0.0, 0.0)
) -> tuple[float, float]:
    return (
        base[0] + origin[0] + offset * pitch[0],
        base[1] + origin[1] + offset * pitch[1],
    )


def _add_bank(
    result: Expansion,
    level: str,
    parent: int,
    bank: base_models.Bank | None,
    key: Key,
    prefix: str | None = None,
) -> None:
    if bank is not None:
        for name in unit_names(level, bank.count, prefix):
            result.levels[level].add(parent, name, bank.product, key)


def _expand_site(result: Expansion, site: models.Site, index: int, key: Key, number: str) -> None:
    _add_bank(result, "site_transformer", index, site.transformers, (*key, "transformers"))
    if site.feeders is not None:
        for name in unit_names("feeder", site.feeders.count):
            result.levels["feeder"].add(index, name, "", (*key, "feeders"))
    _add_bank(result, "generator", index, site.generators, (*key, "generators"))
    _add_bank(result, "battery", index, site.battery, (*key, "battery"))
    origin = result.origin["site"][index]
    plants: dict[str, int] = {}
    for p, plant in enumerate(site.plants):
        plant_key = (*key, "plants", p)
        for offset, name, _ in generated(plant):
            row = result.levels["plant"].add(index, name, "", plant_key)
            plants[name] = row
            result.plant.append(plant)
            result.origin["plant"].append(_shifted(plant.position, plant.pitch, offset, origin))
            _add_bank(result, "cooler", row, plant.heat_rejection, (*plant_key, "heat_rejection"))
            _add_bank(result, "pump", row, plant.pumps, (*plant_key, "pumps"))
            _add_bank(result, "chiller", row, plant.chillers, (*plant_key, "chillers"))
            _add_bank(
                result, "plant_transformer", row, plant.transformers, (*plant_key, "transformers")
            )
    for h, hall in enumerate(site.halls):
        hall_key = (*key, "halls", h)
        for offset, name, hall_number in generated(hall):
            row = result.levels["hall"].add(index, name, "", hall_key)
            result.hall.append(hall)
            result.origin["hall"].append(_shifted(hall.position, hall.pitch, offset, origin))
            result.hall_plant.append(
                _plant_row(result, plants, hall.plant, hall_number, (*hall_key, "plant"))
            )
            air_plant = hall.air_plant if hall.air_plant is not None else hall.plant
            result.hall_air_plant.append(
                _plant_row(result, plants, air_plant, hall_number, (*hall_key, "air_plant"))
            )
            _expand_hall(result, hall, row, hall_key)
            _feed_doors(result, plants, hall, hall_number, hall_key)


def _feed_doors(
    result: Expansion, plants: dict[str, int], hall: models.Hall, number: str, key: Key
) -> None:
    """Plant of the rear doors of every row of a hall."""
    for r, row in enumerate(hall.rows):
        plant = -1
        if row.rear_doors is not None:
            plant = result.hall_air_plant[-1]
            if row.rear_doors.plant is not None:
                where = (*key, "rows", r, "rear_doors", "plant")
                plant = _plant_row(result, plants, row.rear_doors.plant, number, where)
        result.door_plant.extend([plant] * len(list(generated(row))))


def _plant_row(
    result: Expansion, plants: dict[str, int], reference: str, number: str, key: Key
) -> int:
    """Row of the plant a hall names; ``{n}`` in the reference is the hall's number."""
    name = reference.replace("{n}", number)
    if name not in plants:
        raise result.layout.document.error(
            "unknown plant", key, name, near_matches(name, [*plants])
        )
    return plants[name]


def _expand_hall(result: Expansion, hall: models.Hall, index: int, key: Key) -> None:
    _add_bank(result, "crah", index, hall.crahs, (*key, "crahs"))
    _add_bank(result, "ups", index, hall.ups, (*key, "ups"))
    if hall.ups is not None and hall.ups.system_count > 1:
        for name in unit_names("ups_system", hall.ups.system_count, "ups-system"):
            result.levels["ups_system"].add(index, name, "", (*key, "ups"))
    _add_bank(result, "hall_transformer", index, hall.transformers, (*key, "transformers"))
    levels = result.levels
    for r, row in enumerate(hall.rows):
        row_key = (*key, "rows", r)
        if row.panels is None:
            raise result.layout.document.error(
                "a row without a feed",
                (*row_key, "panels"),
                f"row '{row.id}' has no panels",
                "panels: {product: ..., per_row: ...}",
            )
        rack_names = [numbered("rack", n, row.racks) for n in range(1, row.racks + 1)]
        for offset, name, _ in generated(row):
            index_row = levels["row"].add(index, name, "", row_key)
            result.row.append(row)
            result.row_offset.append(offset)
            result.origin["row"].append((0.0, 0.0))  # set by placement
            for rack_name in rack_names:
                levels["rack"].add(index_row, rack_name, row.rack, (*row_key, "rack"))
            for panel in unit_names("panel", row.panels.per_row):
                levels["panel"].add(index_row, panel, row.panels.product, (*row_key, "panels"))
            if row.cdu is not None:
                for cdu in unit_names("cdu", cdus_per_row(row)):
                    levels["cdu"].add(index_row, cdu, row.cdu.product, (*row_key, "cdu"))


def _assign_cdus(result: Expansion) -> None:
    """Share every row's racks out among its CDUs in order; -1 where there is none."""
    first_cdu = result.levels["cdu"].first(result.levels["row"].count)
    parts = []
    for w, row in enumerate(result.row):
        cdus = int(first_cdu[w + 1] - first_cdu[w])
        if cdus == 0:
            parts.append(np.full(row.racks, -1, dtype=np.int64))
        elif row.cdu is not None and row.cdu.racks_per_cdu is not None:
            parts.append(first_cdu[w] + np.arange(row.racks) // row.cdu.racks_per_cdu)
        else:
            parts.append(first_cdu[w] + np.arange(row.racks) * cdus // row.racks)
    result.rack_cdu = np.concatenate(parts).astype(np.int64)


def settle_cdus(result: Expansion) -> None:
    """Free air-cooled racks of their CDU and check what remains (after overrides).

    Raises
    ------
    InputError : a liquid-cooled rack without CDU, or racks of a CDU that do not lie together
    """
    liquid_products = {
        name
        for name in set(result.products_of("rack"))
        if result.layout.product(name, Rack).cooling == "liquid"
    }
    racks = result.levels["rack"]
    liquid = np.array([name in liquid_products for name in racks.product], dtype=np.bool_)
    result.rack_cdu[~liquid] = -1
    missing = np.flatnonzero(liquid & (result.rack_cdu < 0))
    if missing.size:
        r = int(missing[0])
        raise result.layout.document.error(
            "a liquid-cooled rack without a CDU",
            (*racks.key[r][:-1], "cdu"),
            f"{_in_row(result, r)} is a {racks.product[r]}",
            "cdu: {product: ..., per_row: ...}, or an air-cooled rack",
        )
    served = np.flatnonzero(result.rack_cdu >= 0)
    falling = np.flatnonzero(np.diff(result.rack_cdu[served]) < 0)
    if falling.size:
        r = int(served[falling[0] + 1])
        raise InputError(
            "racks of one CDU must stand together, in the order of the CDUs",
            result.layout.document.file,
            result.layout.document.line(("overrides",)),
            key_text(("overrides",)),
            _in_row(result, r),
            "a CDU next to that of its neighbour",
        )


def _in_row(result: Expansion, rack: int) -> str:
    """A rack's name with its row's."""
    racks = result.levels["rack"]
    return f"{result.levels['row'].names[racks.parent[rack]]}/{racks.names[rack]}"


def _refuse_duplicates(result: Expansion) -> None:
    """Names must differ among all children of one parent, of whatever level."""
    seen: dict[tuple[str | None, int, str], str] = {}
    for level, elements in result.levels.items():
        parent_level = PARENTS[level]
        for parent, name, key in zip(elements.parent, elements.names, elements.key, strict=True):
            place = (parent_level, parent, name)
            if place in seen:
                field_name = "id" if level in ("site", "plant", "hall", "row") else ""
                where = (*key, field_name) if field_name else key
                raise result.layout.document.error(
                    "a name used twice",
                    where,
                    name,
                    f"another id: a {seen[place]} of that name stands beside it",
                )
            seen[place] = level
