"""UPS banks: mode, batteries, overload.

Units of a bank share the load evenly; those without a usable battery drop out while it carries the
load. A bank has one input (the hall's low-voltage bus) and one output (the racks' bus).
"""

from __future__ import annotations

import math
from typing import Final

from physics.electrical.battery import battery_step, charge_capacity_for, stored_energy
from physics.electrical.conversion import Stages
from physics.electrical.protection import inverse_time_step
from physics.electrical.ups import (
    BATTERY,
    DOUBLE_CONVERSION,
    ECO,
    MAINTENANCE_BYPASS,
    OFF,
    STATIC_BYPASS,
    charge_request,
    ups_flows,
    ups_transition,
    walk_in_share,
)
from physics.factory.arrays import (
    HALL,
    HALL_DATA,
    HALL_LINK,
    ONLINE,
    SITE,
    UPS,
    Floats,
    Indices,
)
from physics.factory.banks import units_online
from physics.factory.power_journal import UPS_EMPTY, UPS_MODE, UPS_OVERLOAD, note
from physics.factory.power_restart import take
from physics.factory.power_sources import GRID
from physics.jit import law

UPS_TEMPERATURE: Final = 25.0
"""degC of the UPS room."""
EMPTY_VOLTAGE: Final = 0.9
"""Open-circuit voltage of an empty battery over its nominal voltage; lithium cells 3.3 of 3.7 V."""
FULL_VOLTAGE: Final = 1.1
INTERNAL_LOSS: Final = 0.03
"""Share of the rated power that the battery's resistance takes at that power."""
CHARGE_EFFICIENCY: Final = 0.99
"""Stored over supplied charge."""
CHARGER_EFFICIENCY: Final = 0.96
CHARGE_TAPER: Final = 600.0
"""s, time constant of the last part of charging."""
LEAST_CHARGE: Final = 0.02
"""State of charge at which the battery is cut off."""
BATTERY_OVERLOAD: Final = 1.25
"""Load over the rating that the inverters carry on battery; beyond it the output is lost."""
OVERLOAD_K: Final = 8400.0
OVERLOAD_ALPHA: Final = 12.3
"""With these the overload times are 1 h at 110 %, 10 min at 125 % and 1 min at 150 %, as data
sheets of double-conversion machines have it."""
OVERLOAD_RECOVERY: Final = 60.0
"""s below the rating after which the load returns from the static bypass."""


@law
def needed_charge(output: float, units: float, energy: float, step: float) -> float:
    """State of charge below which a unit's battery is no longer relied on for a step [-].

    ``output`` [W] of the bank, shared by ``units`` batteries of ``energy`` [J]. Somewhat more than
    one step takes, for the conversion's losses and for a load that rises meanwhile.
    """
    if units <= 0.0 or energy <= 0.0:
        return math.inf
    return max(LEAST_CHARGE, 1.25 * output * step / (units * energy))


@law
def unit_energy(i: int, energy: float, ups: Floats) -> float:
    """Energy of a unit's full battery at its present health [J]."""
    return float(energy * ups[UPS.battery_health, i])


@law
def connected_batteries(first: int, last: int, ups: Floats) -> float:
    """Number of units in service with their battery connected."""
    total = 0.0
    for i in range(first, last):
        total += ups[ONLINE, i] * ups[UPS.battery_online, i]
    return total


@law
def is_usable(
    i: int, energy: float, output: float, connected: float, ups: Floats, step: float
) -> bool:
    """Whether a unit's battery can carry its share of the bank's output through the step."""
    least = needed_charge(output, connected, unit_energy(i, energy, ups), step)
    on = ups[ONLINE, i] * ups[UPS.battery_online, i]
    return bool(on > 0.0 and ups[UPS.charge, i] > least)


@law
def usable_batteries(
    first: int, last: int, energy: float, output: float, ups: Floats, step: float
) -> float:
    """Number of units whose battery can carry its share of the output through the step."""
    connected = connected_batteries(first, last, ups)
    usable = 0.0
    for i in range(first, last):
        if is_usable(i, energy, output, connected, ups, step):
            usable += 1.0
    return usable


@law
def mean_charge(first: int, last: int, ups: Floats) -> float:
    """Mean state of charge of the connected batteries, not below 0 [-]; 0 without any."""
    total, count = 0.0, 0.0
    for i in range(first, last):
        if ups[ONLINE, i] > 0.0 and ups[UPS.battery_online, i] > 0.0:
            total += max(ups[UPS.charge, i], 0.0)
            count += 1.0
    return total / count if count > 0.0 else 0.0


@law
def switch_bank(
    h: int,
    s: int,
    first: int,
    last: int,
    input_good: bool,
    rating: float,
    halls: Floats,
    site: Floats,
    hall: Floats,
    ups: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> bool:
    """Mode and rectifier share of a hall's UPS bank for the coming step; whether it feeds."""
    mode = int(hall[HALL.ups_mode, h])
    units = units_online(ups, first, last)
    output = hall[HALL.ups_output, h]
    before = hall[HALL.ups_input_time, h]
    hall[HALL.ups_input_time, h] = before + step if input_good else 0.0
    request = int(hall[HALL.ups_request, h])
    on_grid = site[SITE.source, s] == GRID
    if request == ECO and not on_grid:
        request = DOUBLE_CONVERSION
    energy = halls[HALL_DATA.ups_battery_energy, h]
    usable = usable_batteries(first, last, energy, output, ups, step)
    battery_good = usable > 0.0 and output <= usable * rating * BATTERY_OVERLOAD
    overload = hall[HALL.ups_overload, h]
    overloaded = overload >= 1.0 or (mode == STATIC_BYPASS and overload > 0.0)
    if units == 0.0 and request != MAINTENANCE_BYPASS:
        new_mode = OFF
    else:
        new_mode = ups_transition(
            mode,
            request,
            input_good,
            before,
            input_good,
            battery_good,
            False,
            overloaded,
            halls[HALL_DATA.ups_retransfer_delay, h],
            halls[HALL_DATA.ups_restart_delay, h],
        )
    share = 1.0
    if new_mode in (DOUBLE_CONVERSION, ECO):
        if mode == BATTERY or (mode == DOUBLE_CONVERSION and hall[HALL.ups_share, h] < 1.0):
            more = walk_in_share(step, halls[HALL_DATA.ups_walk_in, h])
            share = min(1.0, hall[HALL.ups_share, h] + more)
        if new_mode == ECO:
            share = 1.0
        # conversion takes a little more than it gives
        draw = 1.08 * output
        left = max(site[SITE.capacity_left, s], 0.0)
        if share * draw > left:
            share = left / draw
        if share < 1.0 and not battery_good:
            new_mode = OFF
        else:
            site[SITE.capacity_left, s] -= share * draw
    elif new_mode in (STATIC_BYPASS, MAINTENANCE_BYPASS):
        if not take(s, 1.02 * output, site):
            new_mode = OFF
    hall[HALL.ups_share, h] = share if new_mode in (DOUBLE_CONVERSION, ECO) else 0.0
    if new_mode != mode:
        if new_mode == OFF and not battery_good and units > 0.0:
            note(journal, time, UPS_EMPTY, h, hall[HALL.ups_charge, h], output)
        note(journal, time, UPS_MODE, h, new_mode, mode)
        hall[HALL.ups_mode, h] = new_mode
    hall[HALL.ups_charging, h] = 0.0
    if (
        new_mode in (DOUBLE_CONVERSION, ECO)
        and share >= 1.0
        and hall[HALL.ups_charge, h] < 1.0
        and take(s, units * halls[HALL_DATA.ups_charge_power, h] / CHARGER_EFFICIENCY, site)
    ):
        hall[HALL.ups_charging, h] = 1.0
    return new_mode != OFF


@law
def takes_part(
    i: int, giving: bool, energy: float, output: float, connected: float, ups: Floats, step: float
) -> bool:
    """Whether a unit's battery shares in what its bank gives, or takes, in this step."""
    if giving:
        return is_usable(i, energy, output, connected, ups, step)
    on = ups[ONLINE, i] * ups[UPS.battery_online, i]
    return bool(on > 0.0 and ups[UPS.charge, i] < 1.0)


@law
def move_batteries(
    first: int,
    last: int,
    energy: float,
    rating: float,
    power: float,
    output: float,
    ups: Floats,
    step: float,
) -> float:
    """Give (take, if negative) ``power`` [W] from the batteries of a bank, shared evenly.

    ``output`` [W] is what the bank was last known to deliver, by which batteries were judged at the
    beginning of the step. Returns the power by which their content falls [W], own losses included.
    """
    if power == 0.0:
        return 0.0
    connected = connected_batteries(first, last, ups)
    count = 0.0
    for i in range(first, last):
        if takes_part(i, power > 0.0, energy, output, connected, ups, step):
            count += 1.0
    if count == 0.0:
        return 0.0
    stored = 0.0
    for i in range(first, last):
        if not takes_part(i, power > 0.0, energy, output, connected, ups, step):
            continue
        capacity = charge_capacity_for(unit_energy(i, energy, ups), EMPTY_VOLTAGE, FULL_VOLTAGE)
        # nothing is cut off within a step: what is promised at its beginning is given
        ups[UPS.charge, i], given, _, loss = battery_step(
            ups[UPS.charge, i],
            power / count,
            step,
            capacity,
            EMPTY_VOLTAGE,
            FULL_VOLTAGE,
            INTERNAL_LOSS / rating,
            CHARGE_EFFICIENCY,
            -1.0,
            math.inf,
        )
        stored += given + loss
    return stored


@law
def bank_flows(
    h: int,
    first: int,
    last: int,
    demand: float,
    rating: float,
    halls: Floats,
    hall_links: Indices,
    stages: Stages,
    hall: Floats,
    ups: Floats,
    step: float,
) -> float:
    """Power drawn by a UPS bank [W] for a ``demand`` [W] at its output; moves its batteries."""
    mode = int(hall[HALL.ups_mode, h])
    hall[HALL.ups_battery_power, h] = 0.0
    hall[HALL.ups_stored_power, h] = 0.0
    if mode == OFF:
        hall[HALL.ups_loss, h] = 0.0
        hall[HALL.ups_load, h] = 0.0
        return 0.0
    energy = halls[HALL_DATA.ups_battery_energy, h]
    units = units_online(ups, first, last)
    output = hall[HALL.ups_output, h]
    if mode == BATTERY:
        units = usable_batteries(first, last, energy, output, ups, step)
    if units == 0.0:
        units = float(last - first)  # maintenance bypass around units that are out
    charging = 0.0
    if hall[HALL.ups_charging, h] > 0.0:
        charging = charge_request(
            hall[HALL.ups_charge, h],
            1.0,
            energy,
            halls[HALL_DATA.ups_charge_power, h],
            CHARGE_TAPER,
        )
        if hall[HALL.ups_charge, h] > 0.9999:
            charging = (1.0 - hall[HALL.ups_charge, h]) * energy / step
    stage = hall_links[HALL_LINK.ups_stage, h]
    drawn, battery, _ = ups_flows(
        mode,
        demand / units,
        charging,
        hall[HALL.ups_share, h],
        UPS_TEMPERATURE,
        stage,
        hall_links[HALL_LINK.eco_stage, h],
        stage,
        stages,
        CHARGER_EFFICIENCY,
    )
    hall[HALL.ups_load, h] = demand / (units * rating)
    hall[HALL.ups_battery_power, h] = units * battery
    stored = move_batteries(first, last, energy, rating, units * battery, output, ups, step)
    hall[HALL.ups_stored_power, h] = stored
    hall[HALL.ups_loss, h] = units * (drawn - demand / units) + stored
    hall[HALL.ups_charge, h] = mean_charge(first, last, ups)
    return units * drawn


@law
def watch_overload(h: int, hall: Floats, journal: Floats, time: float, step: float) -> None:
    """Overload element of a UPS bank after a step at its load."""
    mode = int(hall[HALL.ups_mode, h])
    load, travel = hall[HALL.ups_load, h], hall[HALL.ups_overload, h]
    if load <= 1.0 or mode in (OFF, MAINTENANCE_BYPASS):
        hall[HALL.ups_overload, h] = max(travel - step / OVERLOAD_RECOVERY, 0.0)
        return
    if mode == STATIC_BYPASS or travel >= 1.0:
        return
    travel, _ = inverse_time_step(
        travel, load, step, 1.0, OVERLOAD_K, OVERLOAD_ALPHA, 0.0, 1.0, 3.0, 0.0
    )
    if travel >= 1.0:
        note(journal, time + step, UPS_OVERLOAD, h, load, 0.0)
    hall[HALL.ups_overload, h] = travel


@law
def bank_energy(first: int, last: int, energy: float, ups: Floats) -> float:
    """Energy in all batteries of a bank [J], those out of service included."""
    total = 0.0
    for i in range(first, last):
        full = unit_energy(i, energy, ups)
        capacity = charge_capacity_for(full, EMPTY_VOLTAGE, FULL_VOLTAGE)
        total += stored_energy(ups[UPS.charge, i], capacity, EMPTY_VOLTAGE, FULL_VOLTAGE)
    return total
