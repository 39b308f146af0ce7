"""Constants of what keeps the power on: feeders, generators, batteries, restart, protection."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physics.electrical import protection
from physics.electrical.generator import STOPPED
from physics.electrical.redundancy import distributed_shares
from physics.electrical.ups import DOUBLE_CONVERSION, ECO
from physics.factory.power_sources import GRID
from twin.catalog.specs import Battery, Generator, Ups
from twin.layout import models, power_models
from twin.money import Price
from twin.plant.design import Design
from twin.plant.expand import Elements, Expansion
from twin.plant.levels import Levels

ALWAYS_LIVE = 1e9
"""s for which everything has been live when a run begins."""
TRANSFER_TIMES = {"radial": 0.0, "dual": 0.3, "ring": 30.0}
"""s to another feeder, by scheme."""
AT_ONCE = 1e15
"""W/s of a site without a ramp limit."""
EVERY_PANEL = (1 << 62) - 1

CURVES = {
    "iec-normal-inverse": protection.IEC_NORMAL_INVERSE,
    "iec-very-inverse": protection.IEC_VERY_INVERSE,
    "iec-extremely-inverse": protection.IEC_EXTREMELY_INVERSE,
    "ieee-moderately-inverse": protection.IEEE_MODERATELY_INVERSE,
    "ieee-very-inverse": protection.IEEE_VERY_INVERSE,
    "ieee-extremely-inverse": protection.IEEE_EXTREMELY_INVERSE,
}


def breaker_curve(breaker: power_models.Breaker) -> tuple[protection.InverseCurve, float]:
    """Curve of a breaker's overload element and its time multiplier."""
    if breaker.curve == "long-time":
        return protection.long_time_trip(breaker.time_at_six), 1.0
    return CURVES[breaker.curve], breaker.time_multiplier


def row_protection(rows: list[models.Row]) -> dict[str, Any]:
    """How each row's panels share and protect, by field of the row constants."""
    panels = [row.panels for row in rows if row.panels is not None]
    curves = [breaker_curve(bank.breaker) for bank in panels]
    return {
        "panels_shared": np.array([bank.scheme == "common" for bank in panels], dtype=np.int64),
        "trip_pickup": np.array([bank.breaker.pickup for bank in panels]),
        "trip_k": np.array([curve.k * multiplier for curve, multiplier in curves]),
        "trip_alpha": np.array([curve.alpha for curve, _ in curves]),
        "trip_c": np.array([curve.c * multiplier for curve, multiplier in curves]),
        "trip_b": np.array([curve.b for curve, _ in curves]),
        "trip_reset": np.array([curve.reset * multiplier for curve, multiplier in curves]),
    }


def panel_masks(row: models.Row) -> NDArray[np.int64]:
    """Panels each rack of a row hangs on, as bits."""
    assert row.panels is not None  # rows without feed are refused on expansion
    if row.panels.scheme == "common":
        return np.full(row.racks, EVERY_PANEL, dtype=np.int64)
    shares = distributed_shares(row.racks, row.panels.per_row, row.panels.feeds_per_rack or 2)
    bits = 1 << np.arange(row.panels.per_row, dtype=np.int64)
    masks: NDArray[np.int64] = (shares > 0.0).astype(np.int64) @ bits
    return masks


def rack_supply(design: Design, levels: Levels) -> dict[str, Any]:
    """Panels and backup units of every rack, by field of the rack constants."""
    result = design.expansion
    power, efficiency = [], []
    for row in result.row:
        unit = None
        if row.backup is not None:
            unit = result.layout.product(row.backup.product, Battery)
        count = row.backup.per_rack if row.backup is not None else 0
        power.append(count * unit.rated_power if unit else 0.0)
        efficiency.append(math.sqrt(unit.round_trip_efficiency) if unit else 1.0)
    of_rack = levels["rack"].parent_index
    masks = [panel_masks(row) for row in result.row]
    return {
        "panels": np.concatenate(masks),
        "backup_energy": rack_backup_energy(result),
        "backup_power": np.array(power)[of_rack],
        "backup_efficiency": np.array(efficiency)[of_rack],
    }


def feeders_of(
    result: Expansion, elements: Elements, chosen: list[int | None]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Feeder of each hall or plant and the one that takes over, rows of the level; -1: none.

    ``chosen``: number of each in the layout, None for the next in turn.

    Raises
    ------
    InputError : a number that its site does not have
    """
    first = result.levels["feeder"].first(len(result.site))
    turn = [0] * len(result.site)
    own, other = [], []
    for i, s in enumerate(elements.parent):
        bank = result.site[s].feeders
        number = chosen[i]
        if bank is None or (number is not None and number > bank.count):
            if number is not None:
                raise result.layout.document.error(
                    "no such feeder",
                    (*elements.key[i], "feeder"),
                    str(number),
                    f"1 to {bank.count}" if bank else "feeders at the site",
                )
            own.append(-1)
            other.append(-1)
            continue
        place = number - 1 if number is not None else turn[s] % bank.count
        turn[s] += 1
        own.append(int(first[s]) + place)
        spare = -1 if bank.scheme == "radial" else int(first[s]) + (place + 1) % bank.count
        other.append(spare)
    return np.array(own, dtype=np.int64), np.array(other, dtype=np.int64)


def hall_supply(design: Design, stage_row: dict[str, int]) -> dict[str, Any]:
    """UPS, feeder and restart of every hall, by field of the hall constants."""
    result = design.expansion
    columns: dict[str, list[float]] = {}
    whole: dict[str, list[int]] = {}
    site = result.levels["hall"].parent
    for h, hall in enumerate(result.hall):
        bank = hall.ups or power_models.UpsBank(product="none", count=1)
        unit = result.layout.product(hall.ups.product, Ups) if hall.ups else None
        for key, value in {
            "ups_battery_energy": unit.battery_energy if unit else 0.0,
            "ups_charge_power": bank.charge_share * unit.rated_power if unit else 0.0,
            "ups_retransfer_delay": bank.retransfer_delay,
            "ups_restart_delay": bank.restart_delay,
            "ups_walk_in": bank.walk_in,
            "crah_delay": result.site[site[h]].restart.crahs,
        }.items():
            columns.setdefault(key, []).append(value)
        for key, number in {
            "eco_stage": stage_row[eco_name(hall.ups.product)] if hall.ups else 0,
            "ups_carries_cdus": int("cdus" in bank.carries),
            "ups_carries_crahs": int("crahs" in bank.carries),
        }.items():
            whole.setdefault(key, []).append(number)
    own, other = feeders_of(result, result.levels["hall"], [hall.feeder for hall in result.hall])
    return {
        **{key: np.array(values, dtype=np.float64) for key, values in columns.items()},
        **{key: np.array(values, dtype=np.int64) for key, values in whole.items()},
        "feeder": own,
        "other_feeder": other,
    }


def eco_name(product_id: str) -> str:
    """Name of the conversion stage of a UPS product's bypass path."""
    return f"{product_id}/eco"


def plant_restart(design: Design, p: int) -> dict[str, float]:
    """Restart of one plant, by field of the plant constants."""
    result = design.expansion
    restart = result.site[result.levels["plant"].parent[p]].restart
    return {
        "pump_delay": restart.pumps,
        "fan_delay": restart.fans,
        "chiller_delay": restart.chillers,
        "chiller_stagger": max(restart.chiller_stagger, 1e-9),
        "chiller_start_factor": restart.chiller_start_factor,
    }


def plant_feeders(design: Design) -> dict[str, Any]:
    """Feeders of all plants, by field of the plant constants."""
    result = design.expansion
    own, other = feeders_of(
        result, result.levels["plant"], [plant.feeder for plant in result.plant]
    )
    return {"feeder": own, "other_feeder": other}


def feeder_loss_share(bank: power_models.Feeders, voltage: float) -> float:
    """Loss of a feeder at its rating over the rating: three conductors at rated current."""
    return float(bank.resistance * bank.length * bank.rated_power / voltage**2)


def site_supply(design: Design, voltages: NDArray[np.float64]) -> dict[str, Any]:
    """Feeders, generators and battery of every site, by field of the site constants.

    ``voltages`` [V] are those of the sites' medium-voltage buses.
    """
    result = design.expansion
    columns: dict[str, list[float]] = {}
    for s, site in enumerate(result.site):
        values = {
            "reconnect_delay": site.reconnect_delay,
            "retransfer_delay": site.retransfer_delay,
            "feeder_rating": 1.0,
            "feeder_loss_share": 0.0,
            "feeder_transfer_time": 0.0,
            "generator_rating": 1.0,
            "generator_start_time": 0.0,
            "generator_synchronise_time": 0.0,
            "generator_first_step": 1.0,
            "generator_next_step": 1.0,
            "generator_step_interval": 0.0,
            "generator_cool_down_time": 0.0,
            "battery_power": 0.0,
            "battery_energy": 0.0,
            "battery_efficiency": 1.0,
            "battery_forming": 0.0,
            "battery_response": 0.0,
            "battery_floor": 0.0,
            "battery_reserve": 0.0,
            "battery_ceiling": 1.0,
            "battery_holds_ramp": 0.0,
            "battery_full_cycles": 1.0,
            "battery_design_life": 1.0,
            "battery_end_of_life": 1.0,
            "contract_power": site.grid.contract_power,
            "cap_ramp": site.grid.ramp_limit if site.grid.ramp_limit is not None else AT_ONCE,
        }
        if site.feeders is not None:
            time = site.feeders.transfer_time
            values["feeder_rating"] = site.feeders.rated_power
            values["feeder_loss_share"] = feeder_loss_share(site.feeders, float(voltages[s]))
            values["feeder_transfer_time"] = (
                TRANSFER_TIMES[site.feeders.scheme] if time is None else time
            )
        if site.generators is not None:
            values |= _generator_columns(result.layout.product(site.generators.product, Generator))
            values["generator_cool_down_time"] = site.generators.cool_down
        if site.battery is not None:
            unit = result.layout.product(site.battery.product, Battery)
            values |= {
                "battery_power": unit.rated_power,
                "battery_energy": unit.energy,
                "battery_efficiency": math.sqrt(unit.round_trip_efficiency),
                "battery_forming": float(site.battery.carries_site),
                "battery_response": unit.response_time,
                "battery_floor": unit.minimum_charge,
                "battery_reserve": site.battery.reserve,
                "battery_ceiling": site.battery.charge_to,
                "battery_holds_ramp": float(site.battery.holds_ramp),
                "battery_full_cycles": unit.full_cycles,
                "battery_design_life": unit.design_life,
                "battery_end_of_life": unit.end_of_life_capacity,
            }
        for key, value in values.items():
            columns.setdefault(key, []).append(value)
    count = len(result.site)
    return {
        "first_feeder": result.levels["feeder"].first(count),
        "first_generator": result.levels["generator"].first(count),
        "first_battery": result.levels["battery"].first(count),
        **{key: np.array(values, dtype=np.float64) for key, values in columns.items()},
    }


def _generator_columns(unit: Generator) -> dict[str, float]:
    return {
        "generator_rating": unit.rated_power,
        "generator_start_time": unit.start_time,
        "generator_synchronise_time": min(unit.synchronise_time, unit.start_time),
        "generator_first_step": unit.load_step_share,
        "generator_next_step": unit.load_step_share,
        "generator_step_interval": unit.load_step_interval,
    }


def initial_supply(design: Design) -> dict[str, NDArray[np.float64]]:
    """Where the power chain begins, by field of the state: everything live on the grid, batteries
    as full as the layout says."""
    result = design.expansion
    counts = {name: elements.count for name, elements in result.levels.items()}
    sites, halls, plants = counts["site"], counts["hall"], counts["plant"]
    chillers = np.diff(result.levels["chiller"].first(plants)).astype(np.float64)
    hall_feeder, _ = feeders_of(result, result.levels["hall"], [h.feeder for h in result.hall])
    plant_feeder = plant_feeders(design)["feeder"]
    modes = [
        ECO if hall.ups is not None and hall.ups.mode == "eco" else DOUBLE_CONVERSION
        for hall in result.hall
    ]
    batteries = np.zeros(counts["battery"])
    fuel = np.zeros(counts["generator"])
    for s, site in enumerate(result.site):
        if site.battery is not None:
            energy = result.layout.product(site.battery.product, Battery).energy
            of_site = np.array(result.levels["battery"].parent) == s
            batteries[of_site] = energy * site.battery.initial_charge
        if site.generators is not None:
            fuel[np.array(result.levels["generator"].parent) == s] = site.generators.fuel
    threshold = [
        math.inf
        if site.battery is None
        else site.battery.peak_threshold or site.grid.contract_power
        for site in result.site
    ]
    return {
        "site.grid_available": np.ones(sites),
        "site.grid_voltage": np.ones(sites),
        "site.voltage": np.ones(sites),
        "site.source": np.full(sites, float(GRID)),
        "site.grid_good_time": np.full(sites, ALWAYS_LIVE),
        "site.power_target": np.full(sites, math.inf),
        "site.power_cap": np.full(sites, math.inf),
        "site.shaving_threshold": np.array(threshold),
        "site.price": np.array([_money(site.grid.price) for site in result.site]),
        "site.export_price": np.array([_money(site.grid.export_price) for site in result.site]),
        "site.ramp_reference": np.full(sites, math.inf),
        "site.carbon_intensity": np.array(
            [site.grid.carbon_intensity or 0.0 for site in result.site]
        ),
        "hall.ups_request": np.array(modes, dtype=np.float64),
        "hall.ups_mode": np.array(modes, dtype=np.float64),
        "hall.ups_share": np.ones(halls),
        "hall.ups_charge": np.ones(halls),
        "hall.ups_input_time": np.full(halls, ALWAYS_LIVE),
        "hall.live_time": np.full(halls, ALWAYS_LIVE),
        "hall.feeder_in_use": hall_feeder.astype(np.float64),
        "plant.live_time": np.full(plants, ALWAYS_LIVE),
        "plant.chillers_fed": chillers,
        "plant.feeder_in_use": plant_feeder.astype(np.float64),
        "ups.battery_online": np.ones(counts["ups"]),
        "ups.battery_health": np.ones(counts["ups"]),
        "ups.charge": np.ones(counts["ups"]),
        "generator.state": np.full(counts["generator"], float(STOPPED)),
        "generator.fuel": fuel,
        "battery.charge": batteries,
        "rack.backup_charge": rack_backup_energy(result),
        "rack.priority": np.array(
            [result.row[w].priority for w in result.levels["rack"].parent], dtype=np.float64
        ),
        "rack.site_cap": np.full(counts["rack"], math.inf),
        "rack.path": np.ones(counts["rack"]),
        **{
            name: np.ones(counts[name.split(".")[0]])
            for name in (
                "hall.crahs_fed",
                "hall.cdus_fed",
                "hall.live",
                "plant.pumps_fed",
                "plant.fans_fed",
            )
        },
    }


def _money(price: Price | None) -> float:
    """A price as a number; nothing where none is given."""
    return 0.0 if price is None else price.value


def rack_backup_energy(result: Expansion) -> NDArray[np.float64]:
    """Energy of every rack's full backup units [J]."""
    energy = [
        0.0
        if row.backup is None
        else row.backup.per_rack * result.layout.product(row.backup.product, Battery).energy
        for row in result.row
    ]
    of_rack: NDArray[np.float64] = np.array(energy)[result.levels["rack"].parent_index()]
    return of_rack
