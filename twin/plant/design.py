"""Design loads and flows: what every rack, CDU, hall and plant must carry at rated power.

Sizes that a layout leaves out (mains, volumes, pressures) follow from these; the checks compare
them with ratings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.catalog.specs import (
    Accelerator,
    CoolantDistributionUnit,
    Crah,
    PowerShelf,
    Rack,
    RearDoor,
)
from twin.plant.expand import Expansion
from twin.plant.fluids import DESIGN_RISE, heat_capacity_per_volume, pipe_diameter
from twin.plant.mains import row_mains
from twin.plant.placement import Placement
from twin.plant.rack_kinds import RackKind, rack_design_heat

FALLBACK_DIFFERENTIAL_PRESSURE = 50e3  # Pa, of a CDU without racks


@dataclass(frozen=True, eq=False)
class Design:
    """Design values of an expansion.

    Attributes
    ----------
    kinds, rack_kind : rack products with their coolant, and the kind of each rack
    rack_power, rack_liquid_heat, rack_air_heat : at rated power [W], shape [R]
    cdu_first_rack : racks of CDU c lie in ``first:next`` (air-cooled ones between do not count)
    cdu_heat, cdu_flow : of its racks at rated power [W] and flow [m3/s], shape [C]
    cdu_differential_pressure : largest branch drop of its racks [Pa]
    cdu_main_bore : of its mains [m]
    cdu_main_volume, cdu_main_wall : of one main, between it and its farthest rack: content [m3]
        and heat capacity of the pipe [J/K]
    rack_segment : resistance of either header between each rack and the one before [Pa/(kg/s)^2]
    row_door_heat : of it, taken by rear doors at most [W], shape [W]
    hall_air_heat : racks' heat to the room air that rear doors leave [W], shape [H]
    plant_heat : of all CDUs, CRAHs and rear doors it feeds [W], shape [P]
    plant_flow : at the design rise [m3/s]
    plant_rated_flow : of all its consumers with their valves open [m3/s], for which mains are sized
    plant_main_diameter, plant_main_length : of one main [m]
    plant_distribution_pressure : across the consumers [Pa]
    """

    expansion: Expansion
    placement: Placement
    kinds: Sequence[RackKind]
    rack_kind: NDArray[np.int64]
    rack_power: NDArray[np.float64]
    rack_liquid_heat: NDArray[np.float64]
    rack_air_heat: NDArray[np.float64]
    cdu_first_rack: NDArray[np.int64]
    cdu_heat: NDArray[np.float64]
    cdu_flow: NDArray[np.float64]
    cdu_differential_pressure: NDArray[np.float64]
    cdu_main_bore: NDArray[np.float64]
    cdu_main_volume: NDArray[np.float64]
    cdu_main_wall: NDArray[np.float64]
    rack_segment: NDArray[np.float64]
    row_door_heat: NDArray[np.float64]
    hall_air_heat: NDArray[np.float64]
    plant_heat: NDArray[np.float64]
    plant_flow: NDArray[np.float64]
    plant_rated_flow: NDArray[np.float64]
    plant_main_diameter: NDArray[np.float64]
    plant_main_length: NDArray[np.float64]
    plant_distribution_pressure: NDArray[np.float64]


def design_of(result: Expansion, placement: Placement) -> Design:
    """Add up the design loads of an expansion, racks to plants."""
    kinds, rack_kind = kinds_of(result)
    heats = np.array([rack_design_heat(kind) for kind in kinds]).reshape(-1, 2)
    liquid, air = heats[rack_kind, 0], heats[rack_kind, 1]
    rated_power = np.array([kind.rack.rated_power for kind in kinds])
    flows = np.array([kind.rack.rated_flow if kind.liquid else 0.0 for kind in kinds])
    drops = np.array([kind.rack.rated_pressure_drop if kind.liquid else 0.0 for kind in kinds])

    cdus, rows, halls = (result.levels[name] for name in ("cdu", "row", "hall"))
    served = result.rack_cdu >= 0
    on = result.rack_cdu[served]
    cdu_heat = _sums(on, liquid[served], cdus.count)
    cdu_flow = _sums(on, flows[rack_kind[served]], cdus.count)
    pressure = np.zeros(cdus.count)
    np.maximum.at(pressure, on, drops[rack_kind[served]])
    pressure[pressure == 0.0] = FALLBACK_DIFFERENTIAL_PRESSURE

    row_hall = rows.parent_index()
    rack_row = result.levels["rack"].parent_index()
    doors = _door_heat(result, rack_row, air)
    hall_air = _sums(row_hall[rack_row], air, halls.count) - _sums(row_hall, doors, halls.count)
    cdu_plant = np.array(result.hall_plant, dtype=np.int64)[row_hall[cdus.parent_index()]]
    plants = result.levels["plant"].count
    plant_heat = _sums(cdu_plant, cdu_heat, plants)
    plant_heat += _sums(np.array(result.hall_air_plant), hall_air, plants)
    np.add.at(plant_heat, np.maximum(result.door_plant, 0), doors)
    flow = np.array(
        [
            heat
            / (
                heat_capacity_per_volume(plant.coolant, plant.supply_temperature + DESIGN_RISE / 2)
                * DESIGN_RISE
            )
            for heat, plant in zip(plant_heat, result.plant, strict=True)
        ]
    )
    mains = row_mains(result, cdu_flow)
    rated_flow, pressure_drop = _consumers(result, cdu_plant)
    diameter = np.array(
        [
            plant.header_diameter or pipe_diameter(q)
            for q, plant in zip(np.maximum(flow, rated_flow), result.plant, strict=True)
        ]
    )
    return Design(
        expansion=result,
        placement=placement,
        kinds=kinds,
        rack_kind=rack_kind,
        rack_power=rated_power[rack_kind],
        rack_liquid_heat=liquid,
        rack_air_heat=air,
        cdu_first_rack=first_racks(result.rack_cdu, cdus.count),
        cdu_heat=cdu_heat,
        cdu_flow=cdu_flow,
        cdu_differential_pressure=pressure,
        cdu_main_bore=mains.bore,
        cdu_main_volume=mains.volume,
        cdu_main_wall=mains.wall,
        rack_segment=mains.segment,
        row_door_heat=doors,
        hall_air_heat=hall_air,
        plant_heat=plant_heat,
        plant_flow=flow,
        plant_rated_flow=rated_flow,
        plant_main_diameter=diameter,
        plant_main_length=_plant_mains(result, placement),
        plant_distribution_pressure=np.array(
            [
                2.0 * drop if plant.distribution_pressure is None else plant.distribution_pressure
                for drop, plant in zip(pressure_drop, result.plant, strict=True)
            ]
        ),
    )


def _door_heat(
    result: Expansion, rack_row: NDArray[np.int64], air: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Heat [W] that the rear doors of every row take: what the racks give, up to their rating."""
    most = np.zeros(len(result.row))
    for w, row in enumerate(result.row):
        if row.rear_doors is not None:
            unit = result.layout.product(row.rear_doors.product, RearDoor)
            most[w] = unit.rated_capacity
    return _sums(rack_row, np.minimum(air, most[rack_row]), len(result.row))


def _sums(
    group: NDArray[np.int64], values: NDArray[np.float64], groups: int
) -> NDArray[np.float64]:
    """Sum of ``values`` by group, shape [groups]."""
    return np.bincount(group, values, groups).astype(np.float64)


def kinds_of(result: Expansion) -> tuple[list[RackKind], NDArray[np.int64]]:
    """Distinct rack kinds in order of appearance, and the kind of each rack."""
    layout = result.layout
    index: dict[tuple[str, str | None, float], int] = {}
    kinds: list[RackKind] = []
    racks = result.levels["rack"]
    of_rack = np.empty(racks.count, dtype=np.int64)
    for r, (product_id, row) in enumerate(zip(racks.product, racks.parent, strict=True)):
        rack = layout.product(product_id, Rack)
        model = result.row[row]
        liquid = rack.cooling == "liquid"
        coolant = model.coolant if liquid else None
        temperature = model.supply_temperature + DESIGN_RISE / 2 if liquid else 0.0
        key = (product_id, coolant, temperature)
        if key not in index:
            index[key] = len(kinds)
            kinds.append(
                RackKind(
                    rack,
                    layout.product(rack.accelerator, Accelerator),
                    layout.product(rack.power_shelf, PowerShelf),
                    coolant,
                    temperature,
                )
            )
        of_rack[r] = index[key]
    return kinds, of_rack


def first_racks(rack_cdu: NDArray[np.int64], cdus: int) -> NDArray[np.int64]:
    """First rack of every CDU, shape [cdus + 1].

    Slices cover all racks from the first served one on, so that air-cooled racks may lie inside
    one; they pass no coolant. A CDU without racks has an empty slice.
    """
    served = np.flatnonzero(rack_cdu >= 0)
    position = np.searchsorted(rack_cdu[served], np.arange(cdus))
    first = np.append(served, len(rack_cdu))[position]
    return np.append(first, len(rack_cdu)).astype(np.int64)


def _plant_mains(result: Expansion, placement: Placement) -> NDArray[np.float64]:
    """Length of one main from each plant to the far end of its farthest hall [m], square-wise."""
    lengths = np.zeros(result.levels["plant"].count)
    for plants in (result.hall_plant, result.hall_air_plant):
        for h, p in enumerate(plants):
            hall, room = placement.halls[h], placement.plant_rooms[p]
            across = max(
                abs(0.5 * (room.x0 + room.x1) - hall.x0), abs(0.5 * (room.x0 + room.x1) - hall.x1)
            )
            along = max(abs(room.y0 - hall.y0), abs(room.y0 - hall.y1))
            lengths[p] = max(lengths[p], across + along)
    return lengths


def _consumers(
    result: Expansion, cdu_plant: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rated flow of all consumers of each plant [m3/s], and the largest one's pressure drop [Pa].

    Where a layout gives no distribution pressure it is twice that drop, so that open control valves
    take as much as the units behind them (an authority of one half).
    """
    count = result.levels["plant"].count
    flows, drops = np.zeros(count), np.zeros(count)
    cdus = result.levels["cdu"]
    for c, p in enumerate(cdu_plant):
        unit = result.layout.product(cdus.product[c], CoolantDistributionUnit)
        flows[p] += unit.rated_primary_flow
        drops[p] = max(drops[p], unit.primary_pressure_drop)
    for h, p in enumerate(result.hall_air_plant):
        bank = result.hall[h].crahs
        crah = result.layout.product(bank.product, Crah)
        flows[p] += bank.count * crah.rated_flow
        drops[p] = max(drops[p], crah.rated_pressure_drop)
    for row, p in zip(result.row, result.door_plant, strict=True):
        if row.rear_doors is not None:
            door = result.layout.product(row.rear_doors.product, RearDoor)
            flows[p] += row.racks * door.rated_flow
            drops[p] = max(drops[p], door.rated_pressure_drop)
    return flows, drops
