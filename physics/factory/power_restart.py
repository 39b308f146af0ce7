"""Which motors have power and may run: facility pumps, coolers' fans, chillers, air handlers.

Motors drop out when their bus is without voltage for longer than they ride through, and start
again one kind after another, so that a weak source is not asked for everything at once: pumps
first, then fans, CDU pumps that no UPS carries, air handlers, the UPS rectifiers, chillers one by
one at last. A kind that the source cannot carry waits. While a bus has its full source, starting is
limited by delays only.
"""

from __future__ import annotations

from physics.factory.arrays import (
    ONLINE,
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    SITE,
    SITE_DATA,
    Floats,
    Indices,
)
from physics.factory.banks import units_online
from physics.factory.power_journal import (
    CHILLERS,
    FANS,
    FEEDER_OF_PLANT,
    PUMPS,
    note,
)
from physics.factory.power_sources import GRID, motor_ride_through_time, within_window
from physics.jit import kernel, law

SETTLED_TIME = 120.0
"""s after which what a motor draws on the grid is what it will need when it starts again."""


@law
def take(s: int, need: float, site: Floats) -> bool:
    """Give ``need`` [W] of what a site's source takes away, if it is still there."""
    left = site[SITE.capacity_left, s]
    if need > left:
        return False
    site[SITE.capacity_left, s] = left - need
    return True


@law
def feeder_path(
    own: int,
    other: int,
    in_use: float,
    left: float,
    transfer_time: float,
    feeder: Floats,
    step: float,
) -> tuple[float, float, bool]:
    """Feeder in use, time left of a transfer [s], and whether there is a path in this step.

    A load stays on the feeder it is on until that fails, then moves to its other one, open for
    ``transfer_time``. ``own`` below 0: connected straight to the bus.
    """
    if own < 0:
        return -1.0, 0.0, True
    if left > 0.0:
        left -= step
        return in_use, max(left, 0.0), False
    if feeder[ONLINE, int(in_use)] > 0.0:
        return in_use, 0.0, True
    for candidate in (own, other):
        if candidate >= 0 and feeder[ONLINE, candidate] > 0.0:
            # what is open for less than half a step is not open in this step
            left = max(transfer_time - step, 0.0)
            return float(candidate), left, transfer_time < 0.5 * step
    return in_use, 0.0, False


@law
def follow_feeder(
    code: int,
    index: int,
    group: Floats,
    in_use_row: int,
    left_row: int,
    own: int,
    other: int,
    s: int,
    sites: Floats,
    feeder: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> bool:
    """:func:`feeder_path` of a hall or plant, with its state and journal; returns the path."""
    before = group[in_use_row, index]
    now, left, path = feeder_path(
        own,
        other,
        before,
        group[left_row, index],
        sites[SITE_DATA.feeder_transfer_time, s],
        feeder,
        step,
    )
    if now != before:
        note(journal, time, code, index, now, before)
    group[in_use_row, index] = now
    group[left_row, index] = left
    return path


@law
def follow_bus(
    index: int,
    group: Floats,
    live_row: int,
    time_row: int,
    voltage: float,
    sag: float,
    step: float,
) -> float:
    """Time for which a motor bus had been live before this step [s], -1 while it is not.

    ``voltage`` [per unit] is the lowest of the step and ``sag`` the time for which it has been
    outside its window; a sag that motors ride through changes nothing.
    """
    before = float(group[time_row, index])
    if within_window(voltage):
        group[live_row, index] = 1.0
        group[time_row, index] = before + step
        return before
    if sag > motor_ride_through_time(voltage):
        group[live_row, index] = 0.0
        group[time_row, index] = 0.0
    return before if group[live_row, index] > 0.0 else -1.0


@law
def permitted(
    s: int, running: bool, live_for: float, delay: float, power: float, need: float, site: Floats
) -> bool:
    """Whether motors may run in this step: live for long enough, and within the source's means."""
    if live_for < 0.0 or (not running and live_for < delay):
        return False
    return take(s, max(power, need), site)


@kernel()
def switch_plants(
    plants: Floats,
    plant_links: Indices,
    sites: Floats,
    site: Floats,
    plant: Floats,
    transformer: Floats,
    feeder: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """Buses, pumps and fans of every plant for the coming step."""
    for p in range(plants.shape[1]):
        s = plant_links[PLANT_LINK.site, p]
        first = plant_links[PLANT_LINK.first_transformer, p]
        last = plant_links[PLANT_LINK.first_transformer, p + 1]
        path = first == last or units_online(transformer, first, last) > 0.0
        if plant_links[PLANT_LINK.feeder, p] >= 0:
            on_feeder = follow_feeder(
                FEEDER_OF_PLANT,
                p,
                plant,
                PLANT.feeder_in_use,
                PLANT.transfer_time,
                plant_links[PLANT_LINK.feeder, p],
                plant_links[PLANT_LINK.other_feeder, p],
                s,
                sites,
                feeder,
                journal,
                time,
                step,
            )
            path = path and on_feeder
        voltage = site[SITE.voltage, s] if path else 0.0
        sag = site[SITE.bus_sag, s] if path else step
        live_for = follow_bus(p, plant, PLANT.fed, PLANT.live_time, voltage, sag, step)
        on_grid = site[SITE.source, s] == GRID
        for kind in range(2):
            fed_row = PLANT.pumps_fed if kind == 0 else PLANT.fans_fed
            power_row = PLANT.pump_power if kind == 0 else PLANT.fan_power
            need_row = PLANT.pump_need if kind == 0 else PLANT.fan_need
            delay_row = PLANT_DATA.pump_delay if kind == 0 else PLANT_DATA.fan_delay
            running = plant[fed_row, p] > 0.0
            power = plant[power_row, p]
            if running and on_grid and live_for > SETTLED_TIME:
                plant[need_row, p] = power
            may = permitted(
                s, running, live_for, plants[delay_row, p], power, plant[need_row, p], site
            )
            if may != running:
                code = PUMPS if kind == 0 else FANS
                note(journal, time, code, p, 1.0 if may else 0.0, plant[need_row, p])
                plant[fed_row, p] = 1.0 if may else 0.0


@kernel()
def switch_chillers(
    plants: Floats,
    plant_links: Indices,
    site: Floats,
    plant: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """How many chillers of every plant may run in the coming step; the last to get power."""
    for p in range(plants.shape[1]):
        first = plant_links[PLANT_LINK.first_chiller, p]
        fitted = plant_links[PLANT_LINK.first_chiller, p + 1] - first
        if fitted == 0:
            continue
        s = plant_links[PLANT_LINK.site, p]
        before = int(plant[PLANT.chillers_fed, p])
        live_for = plant[PLANT.live_time, p] - step
        power = plant[PLANT.chiller_power, p]
        due = 0
        if plant[PLANT.fed, p] > 0.0 and plant[PLANT.pumps_fed, p] > 0.0:
            since = live_for - plants[PLANT_DATA.chiller_delay, p]
            if since >= 0.0:
                due = fitted
                stagger = plants[PLANT_DATA.chiller_stagger, p]
                if since < stagger * fitted:
                    due = min(fitted, 1 + int(since / stagger))
            # one that rides through a sag or runs already needs no second start
            due = max(due, before) if live_for >= 0.0 else due
        each = plant[PLANT.chiller_need, p]
        running = plant[PLANT.chillers_running, p]
        if running > 0.0 and site[SITE.source, s] == GRID and live_for > SETTLED_TIME:
            # those that stand by will need as much
            each = power / running
            plant[PLANT.chiller_need, p] = each
        allowed = 0
        for i in range(due):
            factor = 1.0 if i < before else plants[PLANT_DATA.chiller_start_factor, p]
            if not take(s, each * factor, site):
                break
            allowed += 1
        if allowed != before:
            note(journal, time, CHILLERS, p, allowed, before)
            plant[PLANT.chillers_fed, p] = allowed
