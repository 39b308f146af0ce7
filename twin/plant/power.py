"""Constants of the power chain and of room air: shelves, UPS, panels, transformers, rows, halls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from physics.electrical.conversion import (
    StageCurve,
    Stages,
    constant_plus_proportional,
    efficiency_table,
    pack,
    quadratic_loss,
)
from physics.factory.arrays import HallConstants, RowConstants, SiteConstants
from twin.catalog.specs import Conversion, Crah, Distribution, PowerShelf, Transformer, Ups
from twin.errors import InputError
from twin.layout import base_models, models
from twin.layout.loader import Layout
from twin.plant.cooling import crah_conductance
from twin.plant.cooling_options import door_columns, recirculation_shares
from twin.plant.design import Design
from twin.plant.fluids import AIR_HEAT_CAPACITY, DESIGN_RISE
from twin.plant.power_supply import eco_name, hall_supply, row_protection, site_supply

AISLE_HEIGHT_ABOVE_RACKS = 0.3  # m
MINIMUM_AISLE_SHARE = 0.6  # m: width of a row's half of an aisle, at least
AISLE_SHEET_METAL = 25.0  # kg of cabinet steel per rack that follows an aisle within a minute
STEEL_SPECIFIC_HEAT = 490.0  # J/(kg K)
PLENUM_SHARE = 0.25  # of a hall's air, between the CRAHs and the cold aisles
PLENUM_TURNOVER = 5.0  # s: the plenum holds at least this much of the CRAHs' full airflow


def stage_curve(conversion: Conversion, rated_power: float, owner: str) -> StageCurve:
    """Loss curve of a conversion stage in whichever form its data sheet gives it.

    Raises
    ------
    InputError : a table or polynomial that no converter can have; names the product
    """
    try:
        if conversion.table is not None:
            return efficiency_table(
                [p.load for p in conversion.table],
                [p.efficiency for p in conversion.table],
                rated_power,
            )
        if conversion.quadratic is not None:
            return quadratic_loss(*conversion.quadratic, rated_power)
        return constant_plus_proportional(
            conversion.constant or 0.0, conversion.efficiency or 1.0, rated_power
        )
    except ValueError as error:
        raise InputError(f"{owner}: {error}", key="conversion") from None


def conversion_stages(design: Design) -> tuple[Stages, dict[str, int]]:
    """All conversion stages in use (one shelf module, one UPS and its bypass path), and the row of
    each product."""
    layout = design.expansion.layout
    rows: dict[str, int] = {}
    curves: list[StageCurve] = []
    shelves = [kind.shelf.id for kind in design.kinds]
    for product_id in [*shelves, *design.expansion.products_of("ups")]:
        if product_id in rows:
            continue
        product = layout.products[product_id]
        if isinstance(product, PowerShelf):
            curve = stage_curve(product.conversion, product.module_power, product.id)
        else:
            ups = layout.product(product_id, Ups)
            curve = stage_curve(ups.conversion, ups.rated_power, ups.id)
        rows[product_id] = len(curves)
        curves.append(curve)
        if isinstance(product, Ups):
            rows[eco_name(product_id)] = len(curves)
            curves.append(
                constant_plus_proportional(0.0, product.eco_efficiency, product.rated_power)
            )
    return pack(curves), rows


def transformer_columns(
    design: Design, banks: Sequence[base_models.Bank | None]
) -> dict[str, list[float]]:
    """Rating [VA], no-load and load loss [W] of one unit of each bank; harmless where left out."""
    columns: dict[str, list[float]] = {
        "transformer_rating": [],
        "transformer_no_load_loss": [],
        "transformer_load_loss": [],
    }
    for bank in banks:
        unit = None if bank is None else design.expansion.layout.product(bank.product, Transformer)
        columns["transformer_rating"].append(unit.rated_power if unit else 1.0)
        columns["transformer_no_load_loss"].append(unit.no_load_loss if unit else 0.0)
        columns["transformer_load_loss"].append(unit.load_loss if unit else 0.0)
    return columns


def aisle_heat_capacity(racks: int, rack_pitch: float, rack_height: float, gap: float) -> float:
    """Heat capacity [J/K] of one aisle's share of a row: its air and the racks' sheet metal.

    ``gap`` is the free width between rows [m]; half of it belongs to this row on either side.
    """
    width = max(0.5 * gap, MINIMUM_AISLE_SHARE)
    volume = racks * rack_pitch * width * (rack_height + AISLE_HEIGHT_ABOVE_RACKS)
    return volume * AIR_HEAT_CAPACITY + racks * AISLE_SHEET_METAL * STEEL_SPECIFIC_HEAT


def row_constants(design: Design) -> RowConstants:
    """Constants of all rows."""
    result, layout = design.expansion, design.expansion.layout
    rows = result.levels["row"]
    hall = rows.parent_index()
    capacity, rating, loss = [], [], []
    for row in result.row:
        rack = layout.products[row.rack]
        capacity.append(
            aisle_heat_capacity(
                row.racks, row.rack_pitch or rack.width, rack.height, row.pitch - rack.depth
            )
        )
        assert row.panels is not None  # rows without feed are refused on expansion
        panel = layout.product(row.panels.product, Distribution)
        rating.append(panel.rated_power)
        loss.append(panel.rated_loss_share)
    first_share, _ = recirculation_shares(design)
    return RowConstants(
        hall=hall,
        site=result.levels["hall"].parent_index()[hall],
        first_rack=result.levels["rack"].first(rows.count),
        first_panel=result.levels["panel"].first(rows.count),
        heat_capacity=np.array(capacity),
        recirculation=np.array([result.hall[h].recirculation for h in hall]),
        panel_rating=np.array(rating),
        panel_loss_share=np.array(loss),
        **row_protection(result.row),
        first_share=first_share,
        **door_columns(design),
    )


def hall_constants(design: Design, stage_row: dict[str, int]) -> HallConstants:
    """Constants of all halls."""
    result, layout = design.expansion, design.expansion.layout
    levels = result.levels
    halls = levels["hall"]
    columns: dict[str, list[float]] = {}
    for h, hall in enumerate(result.hall):
        crah = layout.product(hall.crahs.product, Crah)
        plant = result.plant[result.hall_air_plant[h]]
        conductance, water_rate = crah_conductance(
            crah, plant.coolant, plant.supply_temperature + DESIGN_RISE / 2
        )
        airflow = crah.rated_airflow * AIR_HEAT_CAPACITY
        box, height = design.placement.halls[h], design.placement.hall_heights[h]
        plenum = PLENUM_SHARE * (box.x1 - box.x0) * (box.y1 - box.y0) * height * AIR_HEAT_CAPACITY
        values = {
            "crah_airflow_capacity_rate": airflow,
            "crah_water_capacity_rate": water_rate,
            "crah_ua": conductance,
            "crah_fan_power": crah.fan_power,
            "crah_rated_water_flow": crah.rated_flow,
            "plenum_heat_capacity": max(plenum, PLENUM_TURNOVER * hall.crahs.count * airflow),
            "ventilation_time": hall.ventilation_time,
        }
        for name, value in values.items():
            columns.setdefault(name, []).append(value)
    columns |= transformer_columns(design, [hall.transformers for hall in result.hall])
    row_hall = levels["row"].parent_index()
    cdu_hall = row_hall[levels["cdu"].parent_index()]
    floats: dict[str, Any] = {
        name: np.array(values, dtype=np.float64) for name, values in columns.items()
    }
    return HallConstants(
        site=halls.parent_index(),
        air_plant=np.array(result.hall_air_plant, dtype=np.int64),
        first_row=levels["row"].first(halls.count),
        first_cdu=np.searchsorted(cdu_hall, np.arange(halls.count + 1)).astype(np.int64),
        first_crah=levels["crah"].first(halls.count),
        first_ups=levels["ups"].first(halls.count),
        first_system=levels["ups_system"].first(halls.count),
        first_transformer=levels["hall_transformer"].first(halls.count),
        ups_stage=np.array(
            [stage_row[hall.ups.product] if hall.ups else 0 for hall in result.hall], dtype=np.int64
        ),
        **hall_supply(design, stage_row),
        **floats,
    )


def medium_voltage(layout: Layout, site: models.Site) -> float:
    """Voltage of a site's bus [V]: behind its main transformers, or the grid's."""
    if site.transformers is None:
        return float(site.grid.voltage)
    return float(layout.product(site.transformers.product, Transformer).secondary_voltage)


def site_constants(design: Design) -> SiteConstants:
    """Constants of all sites."""
    result = design.expansion
    floats: dict[str, Any] = {
        name: np.array(values, dtype=np.float64)
        for name, values in transformer_columns(
            design, [site.transformers for site in result.site]
        ).items()
    }
    voltages = np.array([medium_voltage(result.layout, site) for site in result.site])
    return SiteConstants(
        first_transformer=result.levels["site_transformer"].first(len(result.site)),
        power_factor=np.array([site.grid.power_factor for site in result.site]),
        house_power=np.array([site.house_power for site in result.site]),
        **site_supply(design, voltages),
        **floats,
    )
