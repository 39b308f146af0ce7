"""Constants of CDUs, air handling and facility-water plants, derived from rated points."""

from __future__ import annotations

from typing import Any

import numpy as np

from physics.coil import rate_coil
from physics.cooling_tower import rate_merkel_tower
from physics.effectiveness_ntu import Arrangement, ntu_from_effectiveness
from physics.factory.arrays import CduConstants, Floats, PlantConstants
from physics.psychrometrics import CP_DRY_AIR
from twin.catalog.specs import (
    Chiller,
    CoolantDistributionUnit,
    CoolingTower,
    Crah,
    DryCooler,
    Pump,
    PumpCurve,
    Transformer,
)
from twin.errors import InputError
from twin.plant.cooling_options import (
    economiser_columns,
    tank_columns,
    york_ratio,
)
from twin.plant.design import Design
from twin.plant.fluids import (
    AIR_DENSITY,
    DESIGN_RISE,
    density_and_specific_heat,
    heat_capacity_per_volume,
    pipe_resistance,
    pipe_volume,
)
from twin.plant.power_supply import plant_feeders, plant_restart

MINIMUM_TURNOVER = 10.0  # s: a loop side holds at least this much of its design flow
SMALLEST_TURNOVER = 5.0  # s of design flow on the supply side, that the longest step resolves it
CONDENSER_TURNOVER = 60.0  # s of condenser flow in the condenser loop
CDU_RESERVE_SHARE = 0.1  # of the unit's volume that its expansion vessel can give back
CDU_FILL_PRESSURE = 100e3  # Pa above ambient at the suction of the pumps
PLANT_RESERVE_SHARE = 0.05  # of the loop's volume that its expansion vessels can give back
PLANT_FILL_PRESSURE = 150e3  # Pa above ambient at the suction of the pumps
MAKE_UP_FLOW = 20.0 / 60e3  # m3/s of a plant's automatic make-up
CRAH_INLET_AIR = 30.0  # degC at which CRAH coils are rated; only differences matter
RATED_AIR = 25.0  # degC at which dry coolers are rated; only differences matter


def pump_slope(curve: PumpCurve) -> float:
    """Fall of a pump's head with squared flow [Pa/(m3/s)^2] through shut-off and rated point."""
    return float((curve.shutoff_head - curve.rated_head) / curve.rated_flow**2)


def cdu_conductance(
    unit: CoolantDistributionUnit, secondary_per_volume: float, primary_per_volume: float
) -> float:
    """UA of a CDU's plate exchanger [W/K] from its rated point.

    Counterflow effectiveness-NTU: at rated flows and capacity the secondary leaves ``approach``
    above the entering primary. ``..._per_volume``: rho cp of either coolant [J/(m3 K)].

    Raises
    ------
    InputError : no exchanger reaches that approach at these flows
    """
    secondary = unit.rated_secondary_flow * secondary_per_volume
    primary = unit.rated_primary_flow * primary_per_volume
    difference = unit.rated_capacity / secondary + unit.rated_approach  # of the entering streams
    smaller, larger = min(secondary, primary), max(secondary, primary)
    effectiveness = unit.rated_capacity / (smaller * difference)
    try:
        ntu = ntu_from_effectiveness(effectiveness, smaller / larger, Arrangement.COUNTERFLOW)
    except ValueError as error:
        raise InputError(
            f"cdu {unit.id}: no exchanger has this rated point ({error})",
            key="rated_approach",
            found=f"{unit.rated_approach:g} K",
            allowed="a larger approach or larger flows",
        ) from None
    return float(ntu * smaller)


def cdu_constants(design: Design) -> CduConstants:
    """Constants of all CDUs."""
    result, layout = design.expansion, design.expansion.layout
    cdus = result.levels["cdu"]
    halls = np.array([result.levels["row"].parent[w] for w in cdus.parent], dtype=np.int64)
    hall_plant = np.array(result.hall_plant, dtype=np.int64)
    hall_site = result.levels["hall"].parent_index()
    feeds = ("plant", "hall", "site", "first_rack")
    columns: dict[str, list[float]] = {
        name: [] for name in CduConstants._fields if name not in feeds
    }
    for c, product_id in enumerate(cdus.product):
        unit = layout.product(product_id, CoolantDistributionUnit)
        row, plant = result.row[cdus.parent[c]], result.plant[hall_plant[halls[c]]]
        secondary = heat_capacity_per_volume(row.coolant, row.supply_temperature + DESIGN_RISE / 2)
        primary = heat_capacity_per_volume(
            plant.coolant, plant.supply_temperature + DESIGN_RISE / 2
        )
        conductance = cdu_conductance(unit, secondary, primary)
        half_volume = 0.5 * unit.secondary_volume * secondary
        main = design.cdu_main_volume[c] * secondary + design.cdu_main_wall[c]
        values = {
            "rated_ua_side": 2.0 * conductance,  # two equal films in series
            "secondary_rated_capacity_rate": unit.rated_secondary_flow * secondary,
            "primary_rated_capacity_rate": unit.rated_primary_flow * primary,
            "secondary_heat_capacity_per_flow": secondary,
            "primary_heat_capacity_per_flow": primary,
            "secondary_density": density_and_specific_heat(
                row.coolant, row.supply_temperature + DESIGN_RISE / 2
            )[0],
            "return_heat_capacity": half_volume,
            "supply_main_heat_capacity": half_volume + main,
            "return_main_heat_capacity": main,
            "reverse_return": float(row.return_header == "reverse"),
            "exchanger_resistance": unit.secondary_pressure_drop / unit.rated_secondary_flow**2,
            "differential_pressure_setpoint": design.cdu_differential_pressure[c],
            "pump_shutoff_head": unit.pump.shutoff_head,
            "pump_curve": pump_slope(unit.pump),
            "pump_efficiency": unit.pump.efficiency,
            "pump_motor_efficiency": unit.pump.motor_efficiency,
            "pumps": float(unit.pumps),
            "pumps_required": float(unit.pumps_required),
            "rated_primary_flow": unit.rated_primary_flow,
            "valve_stroke_time": unit.valve_stroke_time,
            "standby_power": unit.standby_power,
            "reserve_volume": CDU_RESERVE_SHARE * unit.secondary_volume,
            "fill_pressure": CDU_FILL_PRESSURE,
        }
        for name, column in columns.items():
            column.append(values[name])
    return CduConstants(
        plant=hall_plant[halls],
        hall=halls,
        site=hall_site[halls],
        first_rack=design.cdu_first_rack,
        **{name: np.array(values, dtype=np.float64) for name, values in columns.items()},
    )


def crah_conductance(unit: Crah, water_coolant: str, temperature: float) -> tuple[float, float]:
    """UA of a CRAH's coil and its rated water capacity rate, both [W/K].

    Crossflow, both sides unmixed, at rated flows: capacity is given for the entering air being
    ``rated_temperature_difference`` warmer than the entering water.

    Raises
    ------
    InputError : no coil has this rated point
    """
    density, specific_heat = density_and_specific_heat(water_coolant, temperature)
    water = unit.rated_flow * density
    try:
        coil = rate_coil(
            -unit.rated_capacity,
            water,
            specific_heat,
            CRAH_INLET_AIR - unit.rated_temperature_difference,
            unit.rated_airflow * AIR_DENSITY,
            CP_DRY_AIR,
            CRAH_INLET_AIR,
            arrangement=Arrangement.CROSSFLOW_UNMIXED,
            air_share=0.5,
            wall_share=0.0,
        )
    except ValueError as error:
        raise InputError(
            f"crah {unit.id}: no coil has this rated point ({error})",
            key="rated_temperature_difference",
            found=f"{unit.rated_temperature_difference:g} K",
            allowed="a larger difference or larger flows",
        ) from None
    return coil.conductance, water * specific_heat


def dry_cooler_conductance(unit: DryCooler, coolant: str, temperature: float) -> float:
    """UA of a dry cooler [W/K] from its rated point: crossflow, both sides unmixed.

    Raises
    ------
    InputError : no coil has this rated point
    """
    density, specific_heat = density_and_specific_heat(coolant, temperature)
    try:
        coil = rate_coil(
            unit.rated_capacity,
            unit.rated_flow * density,
            specific_heat,
            RATED_AIR + unit.rated_temperature_difference,
            unit.rated_airflow * AIR_DENSITY,
            CP_DRY_AIR,
            RATED_AIR,
            arrangement=Arrangement.CROSSFLOW_UNMIXED,
            air_share=0.5,
            wall_share=0.0,
        )
    except ValueError as error:
        raise InputError(
            f"dry cooler {unit.id}: no coil has this rated point ({error})",
            key="rated_temperature_difference",
            found=f"{unit.rated_temperature_difference:g} K",
            allowed="a larger difference or larger flows",
        ) from None
    return coil.conductance


def tower_rating(unit: CoolingTower, specific_heat: float) -> tuple[float, float, float]:
    """Rated water flow, air flow and mass-transfer conductance of a tower, all [kg/s].

    Water cools by ``rated_range`` down to ``rated_approach`` above the rated wet bulb.

    Raises
    ------
    InputError : the air cannot take that heat
    """
    water = unit.rated_capacity / (specific_heat * unit.rated_range)
    leaving = unit.rated_wet_bulb + unit.rated_approach
    air = unit.rated_airflow * AIR_DENSITY
    try:
        tower = rate_merkel_tower(
            water, leaving + unit.rated_range, leaving, unit.rated_wet_bulb, air
        )
    except ValueError as error:
        raise InputError(
            f"cooling tower {unit.id}: {error}",
            key="rated_airflow",
            found=f"{unit.rated_airflow:g} m3/s",
            allowed="a larger flow",
        ) from None
    return water, air, tower.rated_conductance


def _no_cooler() -> dict[str, float]:
    return {
        "evaporative": 0.0,
        "cooler_adiabatic_effectiveness": 0.0,
        "cooler_adiabatic_threshold": 25.0,
        "cooler_drift_share": 0.0,
        "cooler_cycles": 5.0,
        "cooler_york_ratio": 1.0,
    }


def _cooler_columns(design: Design, p: int) -> dict[str, float]:
    """Heat-rejection constants of one plant."""
    plant = design.expansion.plant[p]
    unit = design.expansion.layout.products[plant.heat_rejection.product]
    mean = plant.supply_temperature + DESIGN_RISE / 2
    density, specific_heat = density_and_specific_heat(plant.coolant, mean)
    columns = _no_cooler()
    if isinstance(unit, CoolingTower):
        water, air, conductance = tower_rating(unit, specific_heat)
        columns |= {
            "evaporative": 2.0 if unit.model == "york" else 1.0,
            "cooler_york_ratio": york_ratio(unit) if unit.model == "york" else 1.0,
            "cooler_rated_capacity_rate": water * specific_heat,
            "cooler_air_capacity_rate": air,
            "cooler_ua": conductance,
            "cooler_fan_power": unit.fan_power,
            "cooler_natural_share": unit.natural_convection_share,
            "cooler_drift_share": unit.drift_share,
            "cooler_cycles": unit.cycles_of_concentration,
        }
        return columns
    assert isinstance(unit, DryCooler)  # the layout's checks allow no other class
    columns |= {
        "cooler_rated_capacity_rate": unit.rated_flow * density * specific_heat,
        "cooler_air_capacity_rate": unit.rated_airflow * AIR_DENSITY * CP_DRY_AIR,
        "cooler_ua": dry_cooler_conductance(unit, plant.coolant, mean),
        "cooler_fan_power": unit.fan_power,
        "cooler_natural_share": unit.natural_convection_share,
        "cooler_adiabatic_effectiveness": unit.adiabatic_effectiveness,
        "cooler_adiabatic_threshold": unit.adiabatic_threshold,
    }
    return columns


def cooler_flow(design: Design, p: int) -> float:
    """Rated water flow of one cooler of a plant [m3/s]."""
    plant = design.expansion.plant[p]
    unit = design.expansion.layout.products[plant.heat_rejection.product]
    if isinstance(unit, CoolingTower):
        density, specific_heat = density_and_specific_heat(
            plant.coolant, plant.supply_temperature + DESIGN_RISE / 2
        )
        return float(unit.rated_capacity / (specific_heat * unit.rated_range) / density)
    assert isinstance(unit, DryCooler)
    return float(unit.rated_flow)


def _chiller_columns(design: Design, p: int, per_volume: float) -> dict[str, float | Floats]:
    """Chiller constants of one plant; harmless ones where it has none."""
    plant = design.expansion.plant[p]
    if plant.chillers is None:
        return {
            "condenser_heat_capacity": per_volume,
            "condenser_capacity_rate": 0.0,
            "chiller_capacity": 0.0,
            "chiller_cop": 1.0,
            "chiller_minimum_part_load": 0.1,
            "chiller_minimum_on_time": 0.0,
            "chiller_minimum_off_time": 0.0,
            "chiller_start_time": 0.0,
            "chiller_restart_delay": 0.0,
            "rotation_interval": 0.0,
            "chiller_capacity_curve": np.array([1.0, 0, 0, 0, 0, 0]),
            "chiller_eir_curve": np.array([1.0, 0, 0, 0, 0, 0]),
            "chiller_part_load_curve": np.array([0.0, 1.0, 0.0]),
        }
    unit = design.expansion.layout.product(plant.chillers.product, Chiller)
    condenser = unit.rated_condenser_flow * plant.chillers.count
    return {
        "condenser_heat_capacity": condenser * CONDENSER_TURNOVER * per_volume,
        "condenser_capacity_rate": unit.rated_condenser_flow * per_volume,
        "chiller_capacity": unit.rated_capacity,
        "chiller_cop": unit.rated_cop,
        "chiller_minimum_part_load": unit.minimum_part_load,
        "chiller_minimum_on_time": unit.minimum_on_time,
        "chiller_minimum_off_time": unit.minimum_off_time,
        "chiller_start_time": unit.start_time,
        "chiller_restart_delay": unit.restart_delay,
        "rotation_interval": plant.chillers.rotation,
        "chiller_capacity_curve": np.array(unit.capacity_curve),
        "chiller_eir_curve": np.array(unit.eir_curve),
        "chiller_part_load_curve": np.array(unit.eir_part_load),
    }


def equipment_resistance(design: Design, p: int) -> float:
    """Pressure drop over squared flow [Pa/(m3/s)^2] of a plant's own equipment and its mains.

    Coolers (or, with chillers, evaporators) share the flow evenly; mains are supply and return from
    the plant to its farthest hall.
    """
    plant = design.expansion.plant[p]
    products = design.expansion.layout.products
    if plant.chillers is not None:
        chiller = design.expansion.layout.product(plant.chillers.product, Chiller)
        flow, drop = chiller.rated_evaporator_flow, chiller.rated_pressure_drop
        units = plant.chillers.count
    else:
        unit = products[plant.heat_rejection.product]
        assert isinstance(unit, DryCooler | CoolingTower)
        flow, drop, units = (
            cooler_flow(design, p),
            unit.rated_pressure_drop,
            (plant.heat_rejection.count),
        )
    mains = pipe_resistance(
        plant.coolant,
        plant.supply_temperature + DESIGN_RISE / 2,
        design.plant_rated_flow[p],
        design.plant_main_diameter[p],
        2.0 * design.plant_main_length[p],
    )
    return float(drop / (units * flow) ** 2 + mains)


def plant_constants(design: Design) -> PlantConstants:
    """Constants of all facility-water plants."""
    result, layout = design.expansion, design.expansion.layout
    count = result.levels["plant"].count
    columns: dict[str, list[float | Floats]] = {}
    for p, plant in enumerate(result.plant):
        per_volume = heat_capacity_per_volume(
            plant.coolant, plant.supply_temperature + DESIGN_RISE / 2
        )
        pump = layout.product(plant.pumps.product, Pump).curve
        least = MINIMUM_TURNOVER * design.plant_rated_flow[p]
        main = pipe_volume(design.plant_main_diameter[p], design.plant_main_length[p])
        supply = plant.supply_volume if plant.supply_volume is not None else max(main, least)
        if supply < SMALLEST_TURNOVER * design.plant_rated_flow[p]:
            smallest = SMALLEST_TURNOVER * design.plant_rated_flow[p]
            raise layout.document.error(
                "holds so little that its water passes within a step of the simulation",
                (*result.levels["plant"].key[p], "supply_volume"),
                f"{supply:.3g} m**3",
                f"{smallest:.2g} m**3 or more ({SMALLEST_TURNOVER:.0f} s of design flow)",
            )
        returned = plant.return_volume if plant.return_volume is not None else max(main, least)
        transformer = (
            None
            if plant.transformers is None
            else layout.product(plant.transformers.product, Transformer)
        )
        values: dict[str, float | Floats] = {
            "heat_capacity_per_flow": per_volume,
            "density": density_and_specific_heat(
                plant.coolant, plant.supply_temperature + DESIGN_RISE / 2
            )[0],
            "supply_heat_capacity": supply * per_volume,
            "return_heat_capacity": returned * per_volume,
            "distribution_pressure": design.plant_distribution_pressure[p],
            "equipment_resistance": equipment_resistance(design, p),
            "pump_shutoff_head": pump.shutoff_head,
            "pump_curve": pump_slope(pump),
            "pump_efficiency": pump.efficiency,
            "pump_motor_efficiency": pump.motor_efficiency,
            "pumps_required": float(plant.pumps.required or plant.pumps.count),
            "reserve_volume": max(PLANT_RESERVE_SHARE * (supply + returned), 0.02),
            "fill_pressure": PLANT_FILL_PRESSURE,
            "make_up_flow": MAKE_UP_FLOW,
            "transformer_rating": transformer.rated_power if transformer else 1.0,
            "transformer_no_load_loss": transformer.no_load_loss if transformer else 0.0,
            "transformer_load_loss": transformer.load_loss if transformer else 0.0,
            **_cooler_columns(design, p),
            "cooler_bypass": float(plant.winter_bypass),
            **_chiller_columns(design, p, per_volume),
            **plant_restart(design, p),
            **tank_columns(plant.buffer_tank, per_volume),
            **economiser_columns(design, p, per_volume),
        }
        for name, value in values.items():
            columns.setdefault(name, []).append(value)
    floats: dict[str, Any] = {
        name: np.array(values, dtype=np.float64) for name, values in columns.items()
    }
    return PlantConstants(
        site=result.levels["plant"].parent_index(),
        first_cooler=result.levels["cooler"].first(count),
        first_pump=result.levels["pump"].first(count),
        first_chiller=result.levels["chiller"].first(count),
        first_transformer=result.levels["plant_transformer"].first(count),
        **plant_feeders(design),
        **floats,
    )
