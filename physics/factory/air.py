"""Room air in the coupled step: cold and hot aisle of every row, air handlers of every hall.

Air handlers blow into a plenum, the plenum feeds the cold aisles, racks draw from their cold aisle
and, by leakage and shortage, from the hot aisle; hot aisles return to the handlers. What handlers
blow beyond what racks draw bypasses to the return.
"""

from __future__ import annotations

from physics.coil import coil_exchange
from physics.control import DIRECT, pi_step_clamping
from physics.effectiveness_ntu import CROSSFLOW_UNMIXED
from physics.factory.arrays import (
    HALL,
    HALL_DATA,
    HALL_LINK,
    KIND,
    ONLINE,
    PLANT,
    PLANT_DATA,
    RACK,
    RACK_LINK,
    ROW,
    ROW_DATA,
    ROW_LINK,
    Floats,
    Indices,
)
from physics.jit import kernel
from physics.volume import mixing_volume

MINIMUM_FAN_SPEED = 0.3
FAN_MARGIN = 1.05  # supply over the racks' draw, so that leakage does not turn into recirculation
COIL_GAIN = 0.05  # valve share per kelvin
COIL_INTEGRAL_TIME = 60.0  # s
VALVE_TRAVEL_RATE = 1.0 / 60.0  # 1/s


@kernel()
def advance_air(
    halls: Floats,
    hall_links: Indices,
    plants: Floats,
    rows: Floats,
    row_links: Indices,
    rack_links: Indices,
    kinds: Floats,
    hall: Floats,
    row: Floats,
    rack: Floats,
    crah: Floats,
    plant: Floats,
    step: float,
) -> None:
    """Advance all halls' air by ``step`` seconds and give the coils' heat to their plants."""
    for h in range(halls.shape[1]):
        units = 0.0
        for a in range(
            hall_links[HALL_LINK.first_crah, h], hall_links[HALL_LINK.first_crah, h + 1]
        ):
            units += crah[ONLINE, a]
        units *= hall[HALL.crahs_fed, h]

        drawn = 0.0
        for w in range(hall_links[HALL_LINK.first_row, h], hall_links[HALL_LINK.first_row, h + 1]):
            rate, heat = 0.0, 0.0
            for r in range(
                row_links[ROW_LINK.first_rack, w], row_links[ROW_LINK.first_rack, w + 1]
            ):
                # a rack without power draws none
                running = 1.0 if rack[RACK.it_power, r] > 0.0 else 0.0
                moving = running * rack[RACK.fan_speed, r]
                rate += kinds[KIND.airflow_capacity_rate, rack_links[RACK_LINK.kind, r]] * moving
                heat += rack[RACK.air_heat, r]
            row[ROW.airflow_capacity_rate, w] = rate
            row[ROW.air_heat, w] = heat
            share = min(1.0, rows[ROW_DATA.recirculation, w] + row[ROW.recirculation_fault, w])
            drawn += (1.0 - share) * rate

        available = units * halls[HALL_DATA.crah_airflow_capacity_rate, h]
        speed = 0.0
        if available > 0.0:
            speed = min(1.0, max(MINIMUM_FAN_SPEED, FAN_MARGIN * drawn / available))
        hall[HALL.crah_fan_speed, h] = speed
        supplied = available * speed
        served = min(1.0, supplied / drawn) if drawn > 0.0 else 1.0

        plenum = hall[HALL.crah_supply_temperature, h]
        returned, return_enthalpy = 0.0, 0.0
        for w in range(hall_links[HALL_LINK.first_row, h], hall_links[HALL_LINK.first_row, h + 1]):
            share = min(1.0, rows[ROW_DATA.recirculation, w] + row[ROW.recirculation_fault, w])
            fresh = (1.0 - share) * row[ROW.airflow_capacity_rate, w] * served
            # a panel's loss and the racks' warm skins heat the hot aisle as well
            heat = row[ROW.air_heat, w] + row[ROW.panel_loss, w]
            row[ROW.cold_aisle_temperature, w], to_racks = mixing_volume(
                row[ROW.cold_aisle_temperature, w],
                rows[ROW_DATA.heat_capacity, w],
                fresh,
                plenum,
                0.0,
                step,
            )
            row[ROW.hot_aisle_temperature, w], leaving = mixing_volume(
                row[ROW.hot_aisle_temperature, w],
                rows[ROW_DATA.heat_capacity, w],
                fresh,
                to_racks,
                heat,
                step,
            )
            returned += fresh
            return_enthalpy += fresh * leaving
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
        heat = 0.0
        if units > 0.0:
            film = 2.0 * halls[HALL_DATA.crah_ua, h]
            per_unit, _, _, _ = coil_exchange(
                CROSSFLOW_UNMIXED,
                water_rate / units,
                1.0,
                water,
                supplied / units,
                1.0,
                arriving,
                halls[HALL_DATA.crah_water_capacity_rate, h],
                film,
                halls[HALL_DATA.crah_airflow_capacity_rate, h],
                film,
            )
            heat = -units * per_unit
        fans = units * halls[HALL_DATA.crah_fan_power, h] * speed**3
        hall[HALL.crah_heat, h] = heat
        hall[HALL.crah_power, h] = fans
        hall[HALL.crah_supply_temperature, h] = plenum + step / halls[
            HALL_DATA.plenum_heat_capacity, h
        ] * (supplied * (arriving - plenum) - heat + fans)
        plant[PLANT.inflow_rate, p] += water_rate
        plant[PLANT.inflow_enthalpy, p] += water_rate * water + heat
