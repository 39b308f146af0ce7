"""Checks of the power chain: panels, UPS, transformers, generators, contract, voltages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.catalog.specs import Distribution, Generator, Transformer, Ups
from twin.check.finding import Check, Finding, Subject, kilowatt, reserve
from twin.power.systems import system_rating, ways_of, worst_outage

SHORTEST_PEAK = 900.0  # s of excess that a battery must cover: a demand interval
VOLTAGE_TOLERANCE = 0.1  # of the nominal voltage


def check_row_feeds(subject: Subject) -> Iterator[Finding]:
    """Racks of a row over the rating of its panels, as built and with one panel lost."""
    rows, budget = subject.plant.constants.row, subject.budget
    for w, load in enumerate(budget.row_power):
        units = int(rows.first_panel[w + 1] - rows.first_panel[w])
        yield from reserve(
            subject,
            "row-feeds",
            "row",
            w,
            float(load),
            float(rows.panel_rating[w]),
            units,
            "feed of the racks",
            "raise panels.per_row or choose a larger panel",
        )


def check_rack_shelves(subject: Subject) -> Iterator[Finding]:
    """Racks that need more than their power shelves deliver."""
    design, kinds, stages = (
        subject.plant.design,
        subject.plant.constants.kinds,
        (subject.plant.constants.stages),
    )
    for k, kind in enumerate(design.kinds):
        capacity = float(stages.rated_power[kinds.shelf_stage[k]]) * int(kinds.shelf_modules[k])
        if kind.rack.rated_power > capacity:
            first = int(np.flatnonzero(design.rack_kind == k)[0])
            yield Finding(
                "error",
                subject.path("rack", first),
                f"rack needs {kilowatt(kind.rack.rated_power)}, its shelves deliver "
                f"{kilowatt(capacity)}",
                "raise power_shelves of the rack product or choose a larger shelf",
                "rack-shelves",
            )


def check_ups(subject: Subject) -> Iterator[Finding]:
    """UPS over their rating, as built and with one lost."""
    c = subject.plant.constants
    for h, load in enumerate(subject.budget.hall_ups):
        units = int(c.hall.first_ups[h + 1] - c.hall.first_ups[h])
        if c.hall.first_system[h] < c.hall.first_system[h + 1]:
            yield from _separate_systems(subject, h)
        elif units:
            rating = float(c.stages.rated_power[c.hall.ups_stage[h]])
            yield from reserve(
                subject, "ups", "hall", h, float(load), rating, units, "UPS", "raise ups.count"
            )


def _separate_systems(subject: Subject, h: int) -> Iterator[Finding]:
    """UPS systems of a hall over their rating, as built and with one of them out."""
    plant = subject.plant
    ways, rating = ways_of(plant, h), system_rating(plant, h)
    assert ways is not None  # asked for halls with systems only
    own = plant.design.rack_power[ways.racks]
    power = own * float(subject.budget.hall_ups[h]) / float(own.sum())
    first = int(plant.constants.hall.first_system[h])
    load, _ = ways.carried(power)
    k = int(np.argmax(load))
    if load[k] > rating:
        yield Finding(
            "error",
            subject.path("ups_system", first + k),
            f"carries {kilowatt(float(load[k]))} at design, {load[k] / rating:.0%} of its rating",
            "raise ups.count, or choose other panels.systems",
            "ups-systems",
        )
        return
    out, load, dark = worst_outage(ways, power)
    name = subject.path("ups_system", first + out)
    if len(dark):
        yield Finding(
            "warning",
            name,
            f"without it {len(dark)} of {len(ways.racks)} racks of the hall have no supply",
            "give ups.transfer, or feed racks from panels on different systems",
            "ups-systems",
        )
    k = int(np.argmax(load))
    if load[k] > rating * ways.limit:
        yield Finding(
            "warning",
            name,
            f"without it {subject.path('ups_system', first + k)} would carry "
            f"{load[k] / rating:.0%} of its rating: what goes beyond has no supply",
            "raise ups.count, or lower the racks' power",
            "ups-systems",
        )


def check_transformers(subject: Subject) -> Iterator[Finding]:
    """Transformers of halls, plants and sites over their rating, as built and with one lost."""
    c, budget = subject.plant.constants, subject.budget
    factor = c.site.power_factor
    banks = (
        (
            "hall",
            budget.hall_power,
            c.hall.first_transformer,
            c.hall.transformer_rating,
            factor[c.hall.site],
        ),
        (
            "plant",
            budget.plant_power,
            c.plant.first_transformer,
            c.plant.transformer_rating,
            factor[c.plant.site],
        ),
        ("site", budget.site_power, c.site.first_transformer, c.site.transformer_rating, factor),
    )
    for level, power, first, rating, power_factor in banks:
        for i in range(len(power)):
            units = int(first[i + 1] - first[i])
            usable = float(rating[i] * power_factor[i])
            yield from reserve(
                subject,
                "transformers",
                level,
                i,
                float(power[i]),
                usable,
                units,
                "transformers",
                "raise transformers.count",
            )


def battery_holds(subject: Subject, s: int, excess: float) -> float:
    """For how long [s] a site's full battery gives ``excess`` [W] down to its reserve."""
    c, bank = subject.plant.constants.site, subject.plant.sites[s].battery
    if bank is None or (bank.peak_threshold or 0.0) > subject.plant.sites[s].grid.contract_power:
        return 0.0
    units = float(c.first_battery[s + 1] - c.first_battery[s])
    if excess > units * c.battery_power[s]:
        return 0.0
    share = c.battery_ceiling[s] - max(c.battery_reserve[s], c.battery_floor[s])
    return float(units * c.battery_energy[s] * share * c.battery_efficiency[s] / excess)


def check_contract(subject: Subject) -> Iterator[Finding]:
    """Sites that draw more than they may."""
    for s, (site, power) in enumerate(
        zip(subject.plant.sites, subject.budget.site_power, strict=True)
    ):
        excess = float(power) - site.grid.contract_power
        if excess <= 0.0:
            continue
        held = battery_holds(subject, s, excess)
        if held >= SHORTEST_PEAK:
            yield Finding(
                "warning",
                subject.path("site", s),
                f"design power {kilowatt(float(power))} exceeds the contract of "
                f"{kilowatt(site.grid.contract_power)}; the battery covers that for "
                f"{held / 60.0:,.0f} min",
                "make sure that no peak lasts longer, or raise grid.contract_power",
                "contract",
            )
        else:
            yield Finding(
                "error",
                subject.path("site", s),
                f"design power {kilowatt(float(power))} exceeds the contract of "
                f"{kilowatt(site.grid.contract_power)}",
                "raise grid.contract_power, cap rack power or take racks out",
                "contract",
            )


def check_generators(subject: Subject) -> Iterator[Finding]:
    """Standby generators, where there are any, that cannot carry the site."""
    plant = subject.plant
    for s, site in enumerate(plant.sites):
        if site.generators is None:
            continue
        unit = plant.layout.product(site.generators.product, Generator)
        yield from reserve(
            subject,
            "generators",
            "site",
            s,
            float(subject.budget.site_power[s]),
            float(unit.rated_power),
            site.generators.count,
            "standby generators",
            "raise generators.count",
        )


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > VOLTAGE_TOLERANCE * max(a, b)


def _volts(voltage: float) -> str:
    return f"{voltage / 1e3:g} kV" if voltage >= 1e3 else f"{voltage:g} V"


def check_voltages(subject: Subject) -> Iterator[Finding]:
    """Transformers that do not fit the voltage above them, panels that do not fit theirs."""
    plant = subject.plant
    layout, result = plant.layout, plant.design.expansion
    site_voltage = []
    for s, site in enumerate(plant.sites):
        voltage = site.grid.voltage
        if site.transformers is not None:
            unit = layout.product(site.transformers.product, Transformer)
            if _differ(unit.primary_voltage, voltage):
                yield Finding(
                    "error",
                    subject.path("site", s),
                    f"main transformers for {_volts(unit.primary_voltage)} on a grid of "
                    f"{_volts(voltage)}",
                    "choose transformers for the grid's voltage",
                    "voltages",
                )
            voltage = unit.secondary_voltage
        site_voltage.append(voltage)
    banks = (
        ("hall", [hall.transformers for hall in result.hall]),
        ("plant", [model.transformers for model in result.plant]),
    )
    for level, transformers in banks:
        for i, bank in enumerate(transformers):
            if bank is None:
                continue
            unit = layout.product(bank.product, Transformer)
            above = site_voltage[result.levels[level].parent[i]]
            if _differ(unit.primary_voltage, above):
                yield Finding(
                    "error",
                    subject.path(level, i),
                    f"transformers for {_volts(unit.primary_voltage)} on {_volts(above)}",
                    "choose unit transformers for the site's medium voltage",
                    "voltages",
                )
    for w, row in enumerate(result.row):
        hall = result.hall[result.levels["row"].parent[w]]
        if row.panels is None or hall.transformers is None:
            continue
        panel = layout.product(row.panels.product, Distribution)
        unit = layout.product(hall.transformers.product, Transformer)
        volts = unit.secondary_voltage
        if hall.ups is not None:
            volts = layout.product(hall.ups.product, Ups).output_voltage or volts
        # 415 and 480 V distribution take the same panels; what differs more does not
        if abs(panel.voltage - volts) > 0.2 * volts:
            yield Finding(
                "warning",
                subject.path("row", w),
                f"panels for {_volts(panel.voltage)} on {_volts(volts)}",
                "choose panels for the hall's low voltage",
                "voltages",
            )


POWER_CHECKS: tuple[Check, ...] = (
    check_row_feeds,
    check_rack_shelves,
    check_ups,
    check_transformers,
    check_contract,
    check_generators,
    check_voltages,
)
