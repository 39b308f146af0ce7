"""Heat rejection of a plant in the coupled step: dry coolers and towers in equal units."""

from __future__ import annotations

from physics.coil import coil_exchange
from physics.cooling_tower import CP_WATER, merkel_tower, tower_evaporation
from physics.cooling_tower_york import york_tower
from physics.dry_cooler import adiabatic_pad
from physics.effectiveness_ntu import CROSSFLOW_UNMIXED
from physics.factory.arrays import PLANT_DATA, Floats
from physics.jit import law
from physics.psychrometrics import CP_DRY_AIR, humidity_ratio_from_wet_bulb
from physics.tower_water import blow_down, drift_loss

DRY_COOLER = 0.0
MERKEL = 1.0
YORK = 2.0
BYPASS_BAND = 0.5  # K below the fans' set point that the by-pass holds
LOST_SENSOR = 10.0  # K off the value, from which the by-pass goes by the set point alone
BYPASS_HALVINGS = 24
LOWEST_FAN_SPEED = 0.2  # of a York tower, below which its fan is off


@law
def tower_unit(
    p: int,
    plants: Floats,
    fan_speed: float,
    rate: float,
    inlet_temperature: float,
    clean: float,
    dry_bulb: float,
    wet_bulb: float,
    pressure: float,
) -> tuple[float, float]:
    """Heat rejected [W] and water used [kg/s] by one tower of plant ``p``.

    ``rate`` [W/K] is of its water, ``clean`` the share of its heat transfer that fouling has left.
    """
    water_flow = rate / CP_WATER
    if plants[PLANT_DATA.evaporative, p] == YORK:
        natural = plants[PLANT_DATA.cooler_natural_share, p]
        # the correlation knows no fouling: less surface acts as more water on the surface there is
        water_ratio = (
            plants[PLANT_DATA.cooler_york_ratio, p]
            * rate
            / plants[PLANT_DATA.cooler_rated_capacity_rate, p]
            / clean
        )
        _, water_range, _ = york_tower(
            max(fan_speed, LOWEST_FAN_SPEED),
            water_ratio,
            inlet_temperature,
            wet_bulb,
            LOWEST_FAN_SPEED,
            natural,
        )
        if fan_speed < LOWEST_FAN_SPEED:
            # the fan goes on and off; this is the mean
            _, still, _ = york_tower(
                0.0, water_ratio, inlet_temperature, wet_bulb, LOWEST_FAN_SPEED, natural
            )
            water_range = still + (water_range - still) * fan_speed / LOWEST_FAN_SPEED
        heat = rate * water_range
        evaporation, _ = tower_evaporation(
            heat,
            max(fan_speed, natural) * plants[PLANT_DATA.cooler_air_capacity_rate, p],
            plants[PLANT_DATA.cooler_ua, p] * clean,
            dry_bulb,
            wet_bulb,
            pressure,
        )
    else:
        heat, _, _, evaporation, _ = merkel_tower(
            fan_speed,
            water_flow,
            inlet_temperature,
            dry_bulb,
            wet_bulb,
            pressure,
            plants[PLANT_DATA.cooler_rated_capacity_rate, p] / CP_WATER,
            plants[PLANT_DATA.cooler_air_capacity_rate, p],
            plants[PLANT_DATA.cooler_ua, p] * clean,
            0.4,
            0.6,
            plants[PLANT_DATA.cooler_natural_share, p],
        )
    evaporation = max(evaporation, 0.0)
    drift = drift_loss(water_flow, plants[PLANT_DATA.cooler_drift_share, p])
    drained = blow_down(evaporation, plants[PLANT_DATA.cooler_cycles, p], drift)
    return heat, evaporation + drift + drained


@law
def cooler_bank(
    p: int,
    plants: Floats,
    units: float,
    fan_speed: float,
    capacity_rate: float,
    inlet_temperature: float,
    fouling: float,
    dry_bulb: float,
    wet_bulb: float,
    pressure: float,
) -> tuple[float, float]:
    """Heat rejected [W] and water used [kg/s] by ``units`` equal coolers of plant ``p``.

    ``capacity_rate`` [W/K] is of the water through all of them; weather in degC and Pa.
    """
    if units <= 0.0 or capacity_rate <= 0.0:
        return 0.0, 0.0
    rate = capacity_rate / units
    clean = 1.0 - min(fouling, 0.99)
    if plants[PLANT_DATA.evaporative, p] > DRY_COOLER:
        heat, water = tower_unit(
            p,
            plants,
            fan_speed,
            rate,
            inlet_temperature,
            clean,
            dry_bulb,
            wet_bulb,
            pressure,
        )
        return units * heat, units * water
    air_rate = plants[PLANT_DATA.cooler_air_capacity_rate, p] * max(
        fan_speed, plants[PLANT_DATA.cooler_natural_share, p]
    )
    air_temperature, water = dry_bulb, 0.0
    if (
        plants[PLANT_DATA.cooler_adiabatic_effectiveness, p] > 0.0
        and dry_bulb > plants[PLANT_DATA.cooler_adiabatic_threshold, p]
    ):
        humidity = humidity_ratio_from_wet_bulb(dry_bulb, wet_bulb, pressure)
        air_temperature, _, water = adiabatic_pad(
            air_rate / CP_DRY_AIR,
            dry_bulb,
            humidity,
            pressure,
            plants[PLANT_DATA.cooler_adiabatic_effectiveness, p],
        )
    film = 2.0 * plants[PLANT_DATA.cooler_ua, p]
    lost = 1.0 - clean
    heat, _, _, _ = coil_exchange(
        CROSSFLOW_UNMIXED,
        rate,
        1.0,
        inlet_temperature,
        air_rate,
        1.0,
        air_temperature,
        plants[PLANT_DATA.cooler_rated_capacity_rate, p],
        film,
        plants[PLANT_DATA.cooler_air_capacity_rate, p],
        film,
        0.0,
        0.8,
        0.6,
        lost / clean / plants[PLANT_DATA.cooler_ua, p],
    )
    return units * heat, units * water


@law
def bypass_floor(setpoint: float, target: float) -> float:
    """Temperature [degC] below which the by-pass lets the coolers' water not fall.

    target: what the fans in truth hold [degC], off the set point by the error of their sensor; a
    sensor that is lost is not followed.
    """
    held = target if abs(target - setpoint) <= LOST_SENSOR else setpoint
    return held - BYPASS_BAND


@law
def bypassed_bank(
    p: int,
    plants: Floats,
    units: float,
    fan_speed: float,
    capacity_rate: float,
    inlet_temperature: float,
    floor: float,
    fouling: float,
    dry_bulb: float,
    wet_bulb: float,
    pressure: float,
) -> tuple[float, float, float, float]:
    """Coolers of plant ``p`` behind the valve that leads water past them while it is cold outdoors.

    Only with the fans at rest, when air that moves by itself would cool the water below ``floor``
    [degC], the valve mixes to hold that. Other arguments as of :func:`cooler_bank`. Returns heat
    rejected [W], water used [kg/s], share led past, and the temperature with which water leaves the
    coolers [degC]; that of a still coil is the outdoor air's.
    """
    heat, water = cooler_bank(
        p, plants, units, fan_speed, capacity_rate, inlet_temperature, fouling, dry_bulb, wet_bulb,
        pressure,
    )  # fmt: skip
    if units <= 0.0 or capacity_rate <= 0.0:
        return heat, water, 0.0, dry_bulb
    most = capacity_rate * max(inlet_temperature - floor, 0.0)
    if plants[PLANT_DATA.cooler_bypass, p] == 0.0 or fan_speed > 0.0 or heat <= most:
        return heat, water, 0.0, inlet_temperature - heat / capacity_rate
    low, high = 0.0, 1.0
    for _ in range(BYPASS_HALVINGS):
        through = 0.5 * (low + high)
        heat, water = cooler_bank(
            p, plants, units, fan_speed, through * capacity_rate, inlet_temperature, fouling,
            dry_bulb, wet_bulb, pressure,
        )  # fmt: skip
        if heat > most:
            high = through
        else:
            low = through
    return heat, water, 1.0 - through, inlet_temperature - heat / (through * capacity_rate)
