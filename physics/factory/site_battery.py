"""The site battery on the medium-voltage bus: peaks, calls, ramps, carrying the site, ageing.

On the grid it gives what lies above the lowest of the peak threshold and the cap of a call, and
charges below the threshold, never above the contract power and not during a call. If it holds
ramps it gives and takes besides what keeps the grid's power from changing too fast. It stops at its
reserve, which is kept for carrying the site; then it says so. When it is the source of the bus it
gives what the bus takes, down to the least charge its cells allow.
"""

from __future__ import annotations

import math
from typing import Final

from physics.electrical.battery import cycle_ageing
from physics.factory.arrays import BATTERY_UNIT, ONLINE, SITE, SITE_DATA, Floats
from physics.factory.battery_units import unit_capacity, unit_gives, unit_takes
from physics.factory.power_journal import BATTERY_STATE, note
from physics.factory.power_sources import BATTERY, GRID, bus_dark
from physics.jit import law

READY: Final = 0
SHAVING: Final = 1
"""Gives what lies above the threshold, all of it."""
SHORT: Final = 2
"""Gives all the power it has, and the grid gives the rest."""
EMPTY: Final = 3
"""Stopped at its reserve (or its least charge) although it was asked for more."""

STATE_NAMES: Final = ("ready", "shaving", "short", "empty")

CALM: Final = 300.0
"""s without being asked after which a peak is over."""
REFILLED: Final = 0.05
"""Share of the capacity above the reserve from which an empty battery counts as ready."""
EASE: Final = 3600.0
"""s over which charge taken in ramps beyond ``charge_to`` is given back."""


@law
def wanted_power(
    load: float,
    threshold: float,
    charging_threshold: float,
    room: float,
    surplus: float,
    before: float,
    ramp: float,
) -> float:
    """Power that a battery on the grid should give, by peaks and its own charge [W].

    Args:
        load: of the bus, without the battery [W].
        threshold: of the bus's power from the grid above which it gives [W].
        charging_threshold: up to which it may charge; minus infinity: not at all [W].
        room: greatest charging power that its charge allows [W].
        surplus: power that eases a charge above the wanted one [W].
        before: what it gave in the last step [W].
        ramp: greatest rise of the charging power in this step [W].
    """
    if load > threshold:
        return load - threshold
    if room <= 0.0:
        return min(surplus, max(load, 0.0))
    charging = min(room, max(charging_threshold - load, 0.0))
    return -min(charging, max(-before, 0.0) + ramp)


@law
def held_ramp(wanted: float, load: float, reference: float, change: float, limit: float) -> float:
    """Battery power that also keeps the grid's power near what it was [W].

    Args:
        wanted: by peaks and charge [W].
        load: of the bus [W].
        reference: power from the grid in the last step [W]; infinite: no ramp to hold.
        change: that the grid's power may make in this step [W].
        limit: that it may never exceed; ranks first [W].
    """
    if math.isinf(reference):
        return wanted
    highest = min(limit, reference + change)
    lowest = min(reference - change, highest)
    return max(min(wanted, load - lowest), load - highest)


@law
def tell(
    s: int,
    wanted: float,
    given: float,
    charge: float,
    floor: float,
    load: float,
    site: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """Note when a peak begins, when power or charge run out, and when the peak is over."""
    state = int(site[SITE.battery_state, s])
    new = state
    if wanted > 1.0:
        site[SITE.battery_calm, s] = 0.0
        if given < wanted - 1.0 - 1e-9 * load:
            if charge <= floor + 1e-3:
                new = EMPTY
            elif state in (READY, SHAVING):
                new = SHORT
        elif state == READY:
            new = SHAVING
    else:
        site[SITE.battery_calm, s] += step
        rested = site[SITE.battery_calm, s] >= CALM
        if state != READY and rested and (state != EMPTY or charge >= floor + REFILLED):
            new = READY
    if new != state:
        site[SITE.battery_state, s] = new
        # the reader learns the state and either what was wanted or, at the end, the charge
        figure = charge if new in (READY, EMPTY) else load
        note(journal, time, BATTERY_STATE, s, new, figure)


@law
def site_battery(
    s: int,
    first: int,
    last: int,
    load: float,
    loss: float,
    sites: Floats,
    site: Floats,
    battery: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> float:
    """Power of a site's battery at its terminals [W], positive giving; moves its content.

    Args:
        load: of the site's bus, less what the sun gives [W].
        loss: of the main transformers at the threshold, which is one of the grid's power [W].

    Units share in proportion to what each can give or take. The loss goes to ``loss_power``.
    """
    before = site[SITE.battery_power, s]
    site[SITE.battery_power, s] = 0.0
    site[SITE.battery_spare, s] = 0.0
    if first == last:
        return 0.0
    source = int(site[SITE.source, s])
    dark = bus_dark(site[SITE.voltage, s], site[SITE.bus_sag, s], step)
    working = source == BATTERY or (source == GRID and not dark)
    floor = sites[SITE_DATA.battery_floor, s]
    if source == GRID:
        floor = max(floor, sites[SITE_DATA.battery_reserve, s])
    ceiling = sites[SITE_DATA.battery_ceiling, s]
    holds = sites[SITE_DATA.battery_holds_ramp, s] > 0.0
    gives, takes, room = 0.0, 0.0, 0.0
    content, capacity, surplus = 0.0, 0.0, 0.0
    for b in range(first, last):
        battery[BATTERY_UNIT.power, b] = 0.0
        battery[BATTERY_UNIT.life_used, b] += step / sites[SITE_DATA.battery_design_life, s]
        stored = unit_capacity(s, b, sites, battery)
        gives += unit_gives(s, b, floor, sites, battery, step)
        takes += unit_takes(s, b, 1.0, sites, battery, step)
        room += unit_takes(s, b, ceiling, sites, battery, step)
        if battery[ONLINE, b] > 0.0:
            content += battery[BATTERY_UNIT.charge, b]
            capacity += stored
            surplus += max(battery[BATTERY_UNIT.charge, b] - ceiling * stored, 0.0) / EASE
    if not working or capacity == 0.0:
        site[SITE.ramp_reference, s] = math.inf
        return 0.0
    if source == BATTERY:
        wanted, asked = load, load
        given = load  # what was promised at the step's beginning is given
        site[SITE.ramp_reference, s] = math.inf
    else:
        cap = site[SITE.power_cap, s]
        threshold = min(site[SITE.shaving_threshold, s], cap) - loss
        charging = min(threshold, sites[SITE_DATA.contract_power, s] - loss)
        if not math.isinf(cap) or site[SITE.curtailment, s] > 0.0:
            charging = -math.inf
        change = sites[SITE_DATA.cap_ramp, s] * step
        asked = load - threshold
        wanted = wanted_power(load, threshold, charging, room, surplus, before, change)
        if holds:
            wanted = held_ramp(wanted, load, site[SITE.ramp_reference, s], change, threshold)
        given = max(min(wanted, gives), -takes)
        site[SITE.battery_spare, s] = max(gives - given, 0.0)
        site[SITE.ramp_reference, s] = load - given
    share = 0.0
    if given > 0.0:
        share = given / gives if gives > 0.0 else 0.0
    elif given < 0.0:
        share = -given / takes if takes > 0.0 else 0.0
    efficiency = sites[SITE_DATA.battery_efficiency, s]
    total, stored = 0.0, 0.0
    for b in range(first, last):
        if given > 0.0:
            power = share * unit_gives(s, b, floor, sites, battery, step)
            fall = power / efficiency
            battery[BATTERY_UNIT.life_used, b] += cycle_ageing(
                fall * step,
                sites[SITE_DATA.battery_energy, s],
                sites[SITE_DATA.battery_full_cycles, s],
            )
        else:
            power = -share * unit_takes(s, b, 1.0, sites, battery, step)
            fall = power * efficiency
        battery[BATTERY_UNIT.charge, b] -= fall * step
        battery[BATTERY_UNIT.power, b] = power
        total += power
        stored += fall
    site[SITE.battery_power, s] = total
    site[SITE.stored_power, s] += stored
    site[SITE.loss_power, s] += stored - total
    site[SITE.heat_rejected, s] += stored - total
    if source == GRID:
        charge = content / capacity
        tell(s, asked, total, charge, floor, load, site, journal, time, step)
    return total
