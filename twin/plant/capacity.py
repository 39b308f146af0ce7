"""What cooling equipment can do at design conditions: the simulation's laws in steady state."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from assets.climate import Climate, load_climates
from physics.chiller import chiller_capacity, electric_eir_chiller
from physics.coil import coil_exchange
from physics.cooling_tower import CP_WATER, merkel_tower
from physics.dry_cooler import adiabatic_pad
from physics.effectiveness_ntu import CROSSFLOW_UNMIXED, effectiveness_counterflow
from physics.factory.arrays import CduConstants, HallConstants, PlantConstants, RowConstants
from physics.heat_exchanger import film_conductance, overall_conductance
from physics.psychrometrics import (
    CP_DRY_AIR,
    humidity_ratio_from_wet_bulb,
    pressure_at_elevation,
)
from twin.errors import InputError, near_matches
from twin.layout import models

HOTTEST_CONDENSER = 60.0  # degC, upper end of the search


@dataclass(frozen=True)
class DesignDay:
    """Outdoor air to size for: dry bulb and wet bulb for coils, wet bulb for towers [degC], and
    pressure [Pa]."""

    dry_bulb: float
    wet_bulb: float
    tower_wet_bulb: float
    pressure: float


@functools.cache
def climates() -> dict[str, Climate]:
    """The bundled climates by weather id."""
    return load_climates()


def design_day(location: models.Location) -> DesignDay:
    """Design day of a site by its weather id: conditions exceeded in 0.4 % of the hours.

    Raises
    ------
    InputError : unknown weather id
    """
    known = climates()
    if location.weather not in known:
        raise InputError(
            "unknown weather",
            key="location.weather",
            found=location.weather,
            allowed=near_matches(location.weather, [*known]),
        )
    design = known[location.weather].design
    return DesignDay(
        design.cooling_dry_bulb,
        design.cooling_wet_bulb,
        design.evaporation_wet_bulb,
        float(pressure_at_elevation(location.elevation)),
    )


def cdu_capacity(
    cdus: CduConstants, c: int, approach: float, secondary_flow: float, primary_share: float = 1.0
) -> float:
    """Heat [W] a CDU moves with its valve open while holding its supply set point.

    ``approach``: set point minus facility-water supply [K]; ``secondary_flow`` [m3/s] of its racks;
    ``primary_share``: facility flow relative to rated. With Q = eps C_min (T_return - T_primary)
    and T_return = T_supply + Q / C_s it is linear in the approach.
    """
    secondary = secondary_flow * float(cdus.secondary_heat_capacity_per_flow[c])
    primary = primary_share * float(cdus.primary_rated_capacity_rate[c])
    if secondary <= 0.0 or primary <= 0.0 or approach <= 0.0:
        return 0.0
    side = float(cdus.rated_ua_side[c])
    conductance = float(
        overall_conductance(
            film_conductance(secondary, float(cdus.secondary_rated_capacity_rate[c]), side),
            film_conductance(primary, float(cdus.primary_rated_capacity_rate[c]), side),
        )
    )
    smaller, larger = min(secondary, primary), max(secondary, primary)
    effective = smaller * float(effectiveness_counterflow(conductance / smaller, smaller / larger))
    rest = 1.0 - effective / secondary
    return math.inf if rest <= 0.0 else effective * approach / rest


def cdu_flow_limit(cdus: CduConstants, c: int, pumps: float) -> float:
    """Flow [m3/s] that so many of a CDU's pumps bring through its racks at the set pressure."""
    if pumps <= 0.0:
        return 0.0
    free = float(cdus.pump_shutoff_head[c] - cdus.differential_pressure_setpoint[c])
    resistance = float(cdus.pump_curve[c]) / pumps**2 + float(cdus.exchanger_resistance[c])
    return math.sqrt(free / resistance) if free > 0.0 else 0.0


def plant_flow_limit(plants: PlantConstants, p: int, pumps: int) -> float:
    """Flow [m3/s] that so many of a plant's pumps deliver at its distribution pressure."""
    if pumps <= 0:
        return 0.0
    free = float(plants.pump_shutoff_head[p] - plants.distribution_pressure[p])
    resistance = float(plants.pump_curve[p]) / pumps**2 + float(plants.equipment_resistance[p])
    return math.sqrt(free / resistance) if free > 0.0 else 0.0


def cooler_capacity(
    plants: PlantConstants, p: int, units: int, capacity_rate: float, inlet: float, day: DesignDay
) -> float:
    """Heat [W] that so many coolers of a plant reject at full fans from water at ``inlet`` [degC].

    ``capacity_rate`` [W/K] is of the water through all of them.
    """
    if units <= 0 or capacity_rate <= 0.0:
        return 0.0
    rate = capacity_rate / units
    rated_rate = float(plants.cooler_rated_capacity_rate[p])
    air = float(plants.cooler_air_capacity_rate[p])
    conductance = float(plants.cooler_ua[p])
    if plants.evaporative[p] > 0.0:
        dry_bulb = max(day.dry_bulb, day.tower_wet_bulb)
        heat = merkel_tower(
            1.0,
            rate / CP_WATER,
            inlet,
            dry_bulb,
            day.tower_wet_bulb,
            day.pressure,
            rated_rate / CP_WATER,
            air,
            conductance,
        )[0]
        return units * float(heat)
    entering = day.dry_bulb
    effectiveness = float(plants.cooler_adiabatic_effectiveness[p])
    if effectiveness > 0.0 and entering > plants.cooler_adiabatic_threshold[p]:
        humidity = humidity_ratio_from_wet_bulb(day.dry_bulb, day.wet_bulb, day.pressure)
        entering = adiabatic_pad(
            air / CP_DRY_AIR, day.dry_bulb, humidity, day.pressure, effectiveness
        )[0]
    film = 2.0 * conductance
    heat = coil_exchange(
        CROSSFLOW_UNMIXED, rate, 1.0, inlet, air, 1.0, entering, rated_rate, film, air, film
    )[0]
    return units * float(heat)


def chilled_capacity(
    plants: PlantConstants,
    p: int,
    setpoint: float,
    load: float,
    chillers: int,
    coolers: int,
    day: DesignDay,
) -> tuple[float, float]:
    """Cooling [W] of a plant's chillers on a design day, and the condenser temperature [degC].

    The condenser settles where the coolers reject the load and the compressors' power; capacity is
    taken there. If they cannot at any temperature up to ``HOTTEST_CONDENSER`` it is zero.
    """
    if chillers <= 0 or coolers <= 0:
        return 0.0, HOTTEST_CONDENSER
    low, high = day.tower_wet_bulb, HOTTEST_CONDENSER
    if _condenser_excess(plants, p, setpoint, load, chillers, coolers, day, high) < 0.0:
        return 0.0, HOTTEST_CONDENSER
    for _ in range(40):
        middle = 0.5 * (low + high)
        if _condenser_excess(plants, p, setpoint, load, chillers, coolers, day, middle) < 0.0:
            low = middle
        else:
            high = middle
    capacity = chiller_capacity(
        setpoint, high, float(plants.chiller_capacity[p]), plants.chiller_capacity_curve[p]
    )
    return chillers * float(capacity), high


def _condenser_excess(
    plants: PlantConstants,
    p: int,
    setpoint: float,
    load: float,
    chillers: int,
    coolers: int,
    day: DesignDay,
    entering: float,
) -> float:
    """Heat the coolers reject beyond what the condensers give at an entering temperature [W]."""
    _, power, _, _, _, _ = electric_eir_chiller(
        load / chillers,
        setpoint,
        entering,
        float(plants.chiller_capacity[p]),
        float(plants.chiller_cop[p]),
        plants.chiller_capacity_curve[p],
        plants.chiller_eir_curve[p],
        plants.chiller_part_load_curve[p],
    )
    rejected = load + chillers * float(power)
    rate = chillers * float(plants.condenser_capacity_rate[p])
    inlet = entering + rejected / rate
    return cooler_capacity(plants, p, coolers, rate, inlet, day) - rejected


def crah_capacity(
    halls: HallConstants, h: int, units: int, airflow_rate: float, return_air: float, water: float
) -> float:
    """Heat [W] that so many of a hall's air handlers take at full water flow.

    ``airflow_rate`` [W/K] is of all air through them, ``return_air`` and ``water`` [degC] enter.
    """
    if units <= 0 or airflow_rate <= 0.0:
        return 0.0
    film = 2.0 * float(halls.crah_ua[h])
    water_rate = float(halls.crah_water_capacity_rate[h])
    heat = coil_exchange(
        CROSSFLOW_UNMIXED,
        water_rate,
        1.0,
        water,
        airflow_rate / units,
        1.0,
        return_air,
        water_rate,
        film,
        float(halls.crah_airflow_capacity_rate[h]),
        film,
    )[0]
    return -units * float(heat)


def door_capacity(
    rows: RowConstants, w: int, airflow_rate: float, exhaust: float, water: float
) -> float:
    """Heat [W] that one rear door of a row takes at full water flow.

    ``airflow_rate`` [W/K] is of the rack's air, ``exhaust`` and ``water`` [degC] enter.
    """
    film = 2.0 * float(rows.door_ua[w])
    water_rate = float(rows.door_water_capacity_rate[w])
    heat = coil_exchange(
        CROSSFLOW_UNMIXED,
        water_rate,
        1.0,
        water,
        airflow_rate,
        1.0,
        exhaust,
        water_rate,
        film,
        float(rows.door_airflow_capacity_rate[w]),
        film,
    )[0]
    return -float(heat)
