"""Room air in the coupled step: aisles of every row, rear doors, air handlers of every hall.

Air handlers blow into a plenum, the plenum feeds the cold aisles, racks draw from their cold aisle
and by leakage from the hot aisle; hot aisles return to the handlers. What handlers blow beyond what
racks draw by-passes to the return, what they lack comes over from the hot aisle. Where a layout
gives shares of recirculation, racks breathe each other's exhaust instead of the mixed hot aisle's.
"""

from __future__ import annotations

from physics.coil import coil_exchange
from physics.control import DIRECT, first_order_lag, pi_step_clamping
from physics.effectiveness_ntu import CROSSFLOW_UNMIXED
from physics.factory.arrays import (
    HALL,
    HALL_DATA,
    HALL_LINK,
    KIND,
    PLANT,
    PLANT_DATA,
    RACK,
    RACK_LINK,
    ROW,
    ROW_DATA,
    ROW_LINK,
    SITE,
    Floats,
    Indices,
)
from physics.factory.banks import units_online
from physics.jit import kernel, law
from physics.psychrometrics import dew_point, saturation_humidity_ratio
from physics.thermal_volume import coupled_pair_step
from physics.volume import mixing_volume

MINIMUM_FAN_SPEED = 0.3
FAN_MARGIN = 1.05  # supply over the racks' draw, so that leakage does not turn into recirculation
COIL_GAIN = 0.05  # valve share per kelvin
COIL_INTEGRAL_TIME = 60.0  # s
VALVE_TRAVEL_RATE = 1.0 / 60.0  # 1/s
DRIEST_DEW_POINT = -9.0  # degC, humidifiers and dehumidifiers keep the room between these
DAMPEST_DEW_POINT = 15.0  # degC: recommended envelope of ASHRAE TC 9.9 (2021)


@law
def rack_airflow(r: int, rack_links: Indices, kinds: Floats, rack: Floats, fed: float) -> float:
    """Capacity rate [W/K] of the air that rack ``r`` draws; ``fed`` 1 when its row has power.

    On its backup units a rack breathes on; without any power it does not.
    """
    supplied = rack[RACK.energised, r] * fed * rack[RACK.path, r]
    if supplied == 0.0 and rack[RACK.it_power, r] <= 0.0:
        return 0.0
    rate = kinds[KIND.airflow_capacity_rate, rack_links[RACK_LINK.kind, r]]
    return float(rate * rack[RACK.fan_speed, r])


@law
def leaked_share(w: int, rows: Floats, row: Floats) -> float:
    """Share of the racks' air that comes back from the hot aisle through leaks."""
    return min(1.0, float(rows[ROW_DATA.recirculation, w] + row[ROW.recirculation_fault, w]))


@law
def draw_of_row(
    w: int,
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    row: Floats,
    rack: Floats,
    shares: Floats,
) -> float:
    """Air heat and air flow of a row's racks; returns what they draw from the cold aisle [W/K]."""
    first, last = row_links[ROW_LINK.first_rack, w], row_links[ROW_LINK.first_rack, w + 1]
    rate, heat = 0.0, 0.0
    for r in range(first, last):
        rate += rack_airflow(r, rack_links, kinds, rack, row[ROW.fed, w])
        heat += rack[RACK.air_heat, r]
    row[ROW.airflow_capacity_rate, w] = rate
    row[ROW.air_heat, w] = heat
    start = row_links[ROW_LINK.first_share, w]
    if start < 0:
        return (1.0 - leaked_share(w, rows, row)) * rate
    back = 0.0
    for i in range(first, last):
        passed = 0.0
        for j in range(last - first):
            passed += shares[start + (i - first) * (last - first) + j]
        back += passed * rack_airflow(i, rack_links, kinds, rack, row[ROW.fed, w])
    return (1.0 - min(1.0, float(row[ROW.recirculation_fault, w]))) * max(0.0, rate - back)


@law
def set_rack_inlets(
    w: int,
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    row: Floats,
    rack: Floats,
    shares: Floats,
) -> None:
    """Air that every rack of a row draws in [degC], from the aisles and from exhausts.

    Exhausts are those of the last step; the heat of the row goes to its aisles in any case.
    """
    first, last = row_links[ROW_LINK.first_rack, w], row_links[ROW_LINK.first_rack, w + 1]
    cold, hot = row[ROW.cold_aisle_temperature, w], row[ROW.hot_aisle_temperature, w]
    start = row_links[ROW_LINK.first_share, w]
    if start < 0:
        share = leaked_share(w, rows, row)
        mixed = (1.0 - share) * cold + share * hot
        for r in range(first, last):
            rack[RACK.air_inlet_temperature, r] = mixed
        return
    blocked = min(1.0, row[ROW.recirculation_fault, w])
    size = last - first
    for j in range(size):
        own = rack_airflow(first + j, rack_links, kinds, rack, row[ROW.fed, w])
        drawn, warmth = 0.0, 0.0
        for i in range(size):
            rate = rack_airflow(first + i, rack_links, kinds, rack, row[ROW.fed, w])
            part = shares[start + i * size + j] * rate
            if part > 0.0:
                exhaust = (
                    rack[RACK.air_inlet_temperature, first + i]
                    + (rack[RACK.air_heat, first + i] - rack[RACK.door_heat, first + i]) / rate
                )
                drawn += part
                warmth += part * exhaust
        if drawn > own:  # a neighbour blows more at this rack than it draws
            warmth *= own / drawn
            drawn = own
        fresh = own - drawn
        mixed = (1.0 - blocked) * cold + blocked * hot
        inlet = mixed if own <= 0.0 else (warmth + fresh * mixed) / own
        # a step later, like the exhausts it is made of
        rack[RACK.next_inlet_temperature, first + j] = inlet
    for r in range(first, last):
        rack[RACK.air_inlet_temperature, r] = rack[RACK.next_inlet_temperature, r]


@law
def cool_at_doors(
    w: int,
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    row: Floats,
    rack: Floats,
    fed: float,
    water_rate: float,
    water: float,
) -> tuple[float, float, float]:
    """Heat [W] from the exhaust of a row's racks to their rear doors, the air's mean temperature
    behind them [degC], and the doors' fan power [W].

    ``fed`` is 1 while the doors' fans, like those of the hall's air handlers, have power; without
    them no air passes the coils. ``water_rate`` [W/K] is of one door, ``water`` its entering
    temperature [degC].
    """
    heat, rate, warmth, fans = 0.0, 0.0, 0.0, 0.0
    film = 2.0 * rows[ROW_DATA.door_ua, w]
    rated_air = rows[ROW_DATA.door_airflow_capacity_rate, w]
    running = fed * (1.0 - row[ROW.door_fault, w])
    for r in range(row_links[ROW_LINK.first_rack, w], row_links[ROW_LINK.first_rack, w + 1]):
        air = rack_airflow(r, rack_links, kinds, rack, row[ROW.fed, w])
        rack[RACK.door_heat, r] = 0.0
        if air <= 0.0:
            continue
        fan = running * rows[ROW_DATA.door_fan_power, w] * (air / rated_air) ** 3
        exhaust = rack[RACK.air_inlet_temperature, r] + (rack[RACK.air_heat, r] + fan) / air
        given, _, leaving, _ = coil_exchange(
            CROSSFLOW_UNMIXED,
            running * water_rate,
            1.0,
            water,
            air,
            1.0,
            exhaust,
            rows[ROW_DATA.door_water_capacity_rate, w],
            film,
            rated_air,
            film,
        )
        rack[RACK.door_heat, r] = -given
        heat -= given
        fans += fan
        rate += air
        warmth += air * leaving
    behind = warmth / rate if rate > 0.0 else row[ROW.hot_aisle_temperature, w]
    return heat, behind, fans


@law
def advance_doors(
    w: int,
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    plants: Floats,
    row: Floats,
    rack: Floats,
    plant: Floats,
    fed: float,
    step: float,
) -> None:
    """Rear doors of a row: valve towards the air temperature behind them, heat to their plant.

    ``fed`` as in :func:`cool_at_doors`.
    """
    row[ROW.door_valve, w], row[ROW.door_valve_integral, w] = pi_step_clamping(
        row[ROW.door_leaving_temperature, w],
        row[ROW.door_setpoint, w],
        row[ROW.door_valve_integral, w],
        row[ROW.door_valve, w],
        step,
        COIL_GAIN,
        COIL_INTEGRAL_TIME,
        DIRECT,
        0.0,
        1.0,
        VALVE_TRAVEL_RATE,
    )
    if row[ROW.door_fault, w] > 0.0 or row[ROW.fed, w] * fed == 0.0:
        row[ROW.door_valve, w] = 0.0
    p = row_links[ROW_LINK.door_plant, w]
    flow = row[ROW.door_valve, w] * rows[ROW_DATA.door_rated_flow, w] * plant[PLANT.demand, p]
    water_rate = flow * plants[PLANT_DATA.heat_capacity_per_flow, p]
    water = plant[PLANT.supply_temperature, p]
    heat, behind, fans = cool_at_doors(
        w, rows, row_links, rack_links, kinds, row, rack, fed, water_rate, water
    )
    row[ROW.door_heat, w] = heat
    row[ROW.door_leaving_temperature, w] = behind
    row[ROW.door_power, w] = fans
    doors = row_links[ROW_LINK.first_rack, w + 1] - row_links[ROW_LINK.first_rack, w]
    plant[PLANT.inflow_rate, p] += doors * water_rate
    plant[PLANT.inflow_enthalpy, p] += doors * water_rate * water + heat


@law
def coil_heat(
    h: int,
    halls: Floats,
    units: float,
    water_rate: float,
    water: float,
    air_rate: float,
    arriving: float,
) -> float:
    """Heat [W] from the air to the water in ``units`` air handlers of hall ``h``.

    Capacity rates [W/K] of all of them together, entering temperatures [degC].
    """
    if units <= 0.0:
        return 0.0
    film = 2.0 * halls[HALL_DATA.crah_ua, h]
    per_unit, _, _, _ = coil_exchange(
        CROSSFLOW_UNMIXED,
        water_rate / units,
        1.0,
        water,
        air_rate / units,
        1.0,
        arriving,
        halls[HALL_DATA.crah_water_capacity_rate, h],
        film,
        halls[HALL_DATA.crah_airflow_capacity_rate, h],
        film,
    )
    return -units * per_unit


@law
def fans_of_hall(h: int, halls: Floats, hall: Floats, units: float, drawn: float) -> float:
    """Air that ``units`` handlers supply [W/K] for a draw [W/K]; sets speed and share served."""
    available = units * halls[HALL_DATA.crah_airflow_capacity_rate, h]
    speed = 0.0
    if available > 0.0:
        speed = min(1.0, max(MINIMUM_FAN_SPEED, FAN_MARGIN * drawn / available))
    hall[HALL.crah_fan_speed, h] = speed
    supplied = available * speed
    hall[HALL.air_served, h] = min(1.0, supplied / drawn) if drawn > 0.0 else 1.0
    return float(supplied)


@kernel()
def ventilate(halls: Floats, hall_links: Indices, hall: Floats, site: Floats, step: float) -> None:
    """Humidity of the room air after ``step`` seconds, from outdoor air that comes in.

    The incoming air is dried or damped to the recommended dew points unless that fails. Follows the
    weather, so it is called as often as that is looked at.
    """
    for h in range(halls.shape[1]):
        s = hall_links[HALL_LINK.site, h]
        pressure = site[SITE.pressure, s]
        entering = site[SITE.humidity_ratio, s]
        if hall[HALL.dehumidifier_fault, h] == 0.0:
            driest = saturation_humidity_ratio(DRIEST_DEW_POINT, pressure)
            dampest = saturation_humidity_ratio(DAMPEST_DEW_POINT, pressure)
            entering = min(dampest, max(driest, entering))
        hall[HALL.humidity_ratio, h] = first_order_lag(
            hall[HALL.humidity_ratio, h], entering, step, halls[HALL_DATA.ventilation_time, h]
        )
        hall[HALL.dew_point, h] = dew_point(hall[HALL.humidity_ratio, h], pressure)


@law
def advance_aisles(
    w: int, rows: Floats, row: Floats, through: float, served: float, plenum: float, step: float
) -> float:
    """Cold and hot aisle of a row after a step; returns the mean temperature [degC] of the air
    that leaves the hot aisle.

    through: air that passes from cold to hot [W/K], of which the share ``served`` comes from the
    plenum [degC] and the rest over from the hot aisle.
    """
    capacity = rows[ROW_DATA.heat_capacity, w]
    # a panel's loss and the racks' warm skins heat the hot aisle as well
    heat = (
        row[ROW.air_heat, w]
        + row[ROW.panel_loss, w]
        + row[ROW.door_power, w]
        - row[ROW.door_heat, w]
    )
    if served < 1.0:
        rate = through / capacity
        (
            row[ROW.cold_aisle_temperature, w],
            row[ROW.hot_aisle_temperature, w],
            _,
            leaving,
        ) = coupled_pair_step(
            row[ROW.cold_aisle_temperature, w],
            row[ROW.hot_aisle_temperature, w],
            -rate,
            (1.0 - served) * rate,
            rate,
            -rate,
            served * rate * plenum,
            heat / capacity,
            step,
        )
        return leaving
    row[ROW.cold_aisle_temperature, w], to_racks = mixing_volume(
        row[ROW.cold_aisle_temperature, w], capacity, through, plenum, 0.0, step
    )
    row[ROW.hot_aisle_temperature, w], leaving = mixing_volume(
        row[ROW.hot_aisle_temperature, w], capacity, through, to_racks, heat, step
    )
    return leaving


@kernel()
def advance_air(
    halls: Floats,
    hall_links: Indices,
    plants: Floats,
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    shares: Floats,
    hall: Floats,
    row: Floats,
    rack: Floats,
    crah: Floats,
    plant: Floats,
    step: float,
) -> None:
    """Advance all halls' air by ``step`` seconds and give the coils' heat to their plants."""
    for h in range(halls.shape[1]):
        first, last = hall_links[HALL_LINK.first_row, h], hall_links[HALL_LINK.first_row, h + 1]
        fed = hall[HALL.crahs_fed, h]
        units = fed * units_online(
            crah, hall_links[HALL_LINK.first_crah, h], hall_links[HALL_LINK.first_crah, h + 1]
        )
        drawn = 0.0
        for w in range(first, last):
            row[ROW.through, w] = draw_of_row(
                w, rows, row_links, rack_links, kinds, row, rack, shares
            )
            drawn += row[ROW.through, w]
            if row_links[ROW_LINK.door_plant, w] >= 0:
                advance_doors(
                    w, rows, row_links, rack_links, kinds, plants, row, rack, plant, fed, step
                )
        supplied = fans_of_hall(h, halls, hall, units, drawn)
        served = hall[HALL.air_served, h]
        plenum = hall[HALL.crah_supply_temperature, h]
        returned, return_enthalpy, door_fans = 0.0, 0.0, 0.0
        for w in range(first, last):
            through = row[ROW.through, w]
            leaving = advance_aisles(w, rows, row, through, served, plenum, step)
            returned += through * served
            return_enthalpy += through * served * leaving
            door_fans += row[ROW.door_power, w]
            set_rack_inlets(w, rows, row_links, rack_links, kinds, row, rack, shares)
        bypass = max(0.0, supplied - returned)
        arriving = plenum
        if supplied > 0.0:
            arriving = (return_enthalpy + bypass * plenum) / supplied
        hall[HALL.crah_return_temperature, h] = arriving

        hall[HALL.crah_valve, h], hall[HALL.crah_valve_integral, h] = pi_step_clamping(
            plenum,
            hall[HALL.air_setpoint, h],
            hall[HALL.crah_valve_integral, h],
            hall[HALL.crah_valve, h],
            step,
            COIL_GAIN,
            COIL_INTEGRAL_TIME,
            DIRECT,
            0.0,
            1.0,
            VALVE_TRAVEL_RATE,
        )
        p = hall_links[HALL_LINK.air_plant, h]
        asked = units * hall[HALL.crah_valve, h]
        flow = asked * halls[HALL_DATA.crah_rated_water_flow, h] * plant[PLANT.demand, p]
        hall[HALL.crah_water_flow, h] = flow
        water_rate = flow * plants[PLANT_DATA.heat_capacity_per_flow, p]
        water = plant[PLANT.supply_temperature, p]
        heat = coil_heat(h, halls, units, water_rate, water, supplied, arriving)
        fans = units * halls[HALL_DATA.crah_fan_power, h] * hall[HALL.crah_fan_speed, h] ** 3
        hall[HALL.crah_heat, h] = heat
        hall[HALL.crah_power, h] = fans + door_fans
        hall[HALL.crah_supply_temperature, h] = plenum + step / halls[
            HALL_DATA.plenum_heat_capacity, h
        ] * (supplied * (arriving - plenum) - heat + fans)
        plant[PLANT.inflow_rate, p] += water_rate
        plant[PLANT.inflow_enthalpy, p] += water_rate * water + heat
