"""Halls with several UPS systems, and the transfer switches between them.

Every system is a bank of its own (:mod:`physics.factory.power_backup`) with an output bus of its
own. Each panel prefers one of them. Where it has a transfer switch it turns to its alternate when
the preferred one has no output, if the alternate is live and its load stays within its limit; it
returns once the preferred one has been good for a while. What hangs behind the UPS besides the
racks is spread over the live systems that panels prefer, and over reserves when there are none.

The laws of a bank know one record per hall: a system lends its values to that record while they
work on it, and the hall's own values are the sum over its systems afterwards.
"""

from __future__ import annotations

from typing import Final

from physics.electrical.conversion import Stages
from physics.electrical.protection import it_ride_through_time
from physics.electrical.switch import SOURCE_A, SOURCE_B, transfer_switch_step
from physics.electrical.ups import BATTERY, OFF
from physics.factory.arrays import (
    HALL,
    HALL_LINK,
    JOURNAL,
    ONLINE,
    PANEL,
    PANEL_DATA,
    PANEL_LINK,
    ROW_DATA,
    ROW_LINK,
    SYSTEM,
    SYSTEM_LINK,
    Floats,
    Indices,
)
from physics.factory.banks import units_online
from physics.factory.power_backup import bank_flows, switch_bank, watch_overload
from physics.factory.power_journal import (
    ALTERNATE_DEAD,
    ALTERNATE_FULL,
    IN_TRANSIT,
    NO_ALTERNATE,
    PANEL_SUPPLY,
    TRANSFER,
    UPS_MODE,
    note,
    of_system,
)
from physics.factory.power_panels import closed
from physics.jit import kernel, law

LENT: Final = (
    (HALL.ups_load, SYSTEM.load),
    (HALL.ups_loss, SYSTEM.loss),
    (HALL.ups_mode, SYSTEM.mode),
    (HALL.ups_input_time, SYSTEM.input_time),
    (HALL.ups_overload, SYSTEM.overload),
    (HALL.ups_share, SYSTEM.share),
    (HALL.ups_charging, SYSTEM.charging),
    (HALL.ups_output, SYSTEM.output),
    (HALL.ups_battery_power, SYSTEM.battery_power),
    (HALL.ups_stored_power, SYSTEM.stored_power),
    (HALL.ups_charge, SYSTEM.charge),
)
"""Fields of a hall and those of a system that take their place."""
EASE: Final = 1.0 + 1e-9
"""What rounding may exceed a limit by."""


@law
def lend(k: int, h: int, system: Floats, hall: Floats) -> None:
    """A system's values take the place of its hall's."""
    for pair in LENT:
        hall[pair[0], h] = system[pair[1], k]


@law
def take_back(k: int, h: int, system: Floats, hall: Floats) -> None:
    """A system takes its values back from its hall's record."""
    for pair in LENT:
        system[pair[1], k] = hall[pair[0], h]


@law
def sum_up(h: int, first: int, last: int, system: Floats, hall: Floats) -> None:
    """A hall's values from those of its systems.

    Powers and losses add up; load is the highest, charge the mean; the mode is ``BATTERY`` while
    any system is on it, else that of the first live one.
    """
    for field in (
        HALL.ups_load,
        HALL.ups_loss,
        HALL.ups_output,
        HALL.ups_battery_power,
        HALL.ups_stored_power,
        HALL.ups_charge,
        HALL.ups_overload,
        HALL.ups_charging,
    ):
        hall[field, h] = 0.0
    mode, share = OFF, 0.0
    for k in range(first, last):
        hall[HALL.ups_load, h] = max(hall[HALL.ups_load, h], system[SYSTEM.load, k])
        hall[HALL.ups_overload, h] = max(hall[HALL.ups_overload, h], system[SYSTEM.overload, k])
        hall[HALL.ups_charging, h] = max(hall[HALL.ups_charging, h], system[SYSTEM.charging, k])
        hall[HALL.ups_loss, h] += system[SYSTEM.loss, k]
        hall[HALL.ups_battery_power, h] += system[SYSTEM.battery_power, k]
        hall[HALL.ups_stored_power, h] += system[SYSTEM.stored_power, k]
        hall[HALL.ups_charge, h] += system[SYSTEM.charge, k] / (last - first)
        if system[SYSTEM.fed, k] > 0.0:
            hall[HALL.ups_output, h] += system[SYSTEM.output, k]
            own = int(system[SYSTEM.mode, k])
            if mode == OFF or own == BATTERY:
                mode, share = own, system[SYSTEM.share, k]
    hall[HALL.ups_mode, h] = mode
    hall[HALL.ups_share, h] = share


@law
def switch_systems(
    h: int,
    s: int,
    input_good: bool,
    rating: float,
    halls: Floats,
    hall_links: Indices,
    system_links: Indices,
    site: Floats,
    hall: Floats,
    system: Floats,
    ups: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> bool:
    """Mode of every UPS system of a hall for the coming step; whether any feeds."""
    first = hall_links[HALL_LINK.first_system, h]
    last = hall_links[HALL_LINK.first_system, h + 1]
    any_fed = False
    for k in range(first, last):
        before = journal[0, JOURNAL.time]
        lend(k, h, system, hall)
        if system[ONLINE, k] > 0.0:
            fed = switch_bank(
                h,
                s,
                system_links[SYSTEM_LINK.first_ups, k],
                system_links[SYSTEM_LINK.first_ups, k + 1],
                input_good,
                rating,
                halls,
                site,
                hall,
                ups,
                journal,
                time,
                step,
            )
        else:
            fed = False
            hall[HALL.ups_share, h] = 0.0
            hall[HALL.ups_charging, h] = 0.0
            if hall[HALL.ups_mode, h] != OFF:
                note(journal, time, UPS_MODE, h, OFF, hall[HALL.ups_mode, h])
                hall[HALL.ups_mode, h] = OFF
        of_system(journal, before, k)
        take_back(k, h, system, hall)
        system[SYSTEM.fed, k] = 1.0 if fed else 0.0
        any_fed = any_fed or fed
    sum_up(h, first, last, system, hall)
    return any_fed


@law
def room_for(
    k: int, need: float, limit: float, rating: float, system_links: Indices, system: Floats,
    ups: Floats,
) -> bool:  # fmt: skip
    """Whether a system takes ``need`` [W] more within ``limit`` times its rating in service."""
    units = units_online(
        ups, system_links[SYSTEM_LINK.first_ups, k], system_links[SYSTEM_LINK.first_ups, k + 1]
    )
    return bool(system[SYSTEM.expected, k] + need <= limit * units * rating * EASE)


@law
def system_in_use(i: int, panel_links: Indices, panel: Floats) -> int:
    """UPS system on which a panel hangs, or to which its switch is on the way; -1: none apart."""
    if panel[PANEL.target, i] == SOURCE_B:
        return int(panel_links[PANEL_LINK.alternate, i])
    return int(panel_links[PANEL_LINK.system, i])


@law
def need_of(i: int, panel: Floats) -> float:
    """What a panel passes once it has supply [W]; nothing while it is out of service."""
    if panel[ONLINE, i] == 0.0 or panel[PANEL.tripped, i] > 0.0:
        return 0.0
    return float(panel[PANEL.need, i])


@kernel()
def transfer_panels(
    panels: Floats,
    panel_links: Indices,
    hall_links: Indices,
    system_links: Indices,
    stages: Stages,
    panel: Floats,
    system: Floats,
    ups: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """Where every panel's transfer switch stands in the coming step, and whether it has supply.

    Switches move in the order of the panels; each looks at what those before it have taken up.
    Gaps no longer than IT equipment rides through (20 ms, ITI curve) are no loss of supply.
    """
    if system.shape[1] == 0:
        return
    system[SYSTEM.expected, :] = system[SYSTEM.cooling, :]
    for i in range(panel.shape[1]):
        if panel_links[PANEL_LINK.system, i] >= 0:
            system[SYSTEM.expected, system_in_use(i, panel_links, panel)] += need_of(i, panel)
    for i in range(panel.shape[1]):
        own, other = panel_links[PANEL_LINK.system, i], panel_links[PANEL_LINK.alternate, i]
        if own < 0:
            continue
        why, dead = NO_ALTERNATE, step
        if other < 0:
            if system[SYSTEM.fed, own] > 0.0:
                dead = 0.0
        else:
            h = system_links[SYSTEM_LINK.hall, own]
            rating = stages.rated_power[hall_links[HALL_LINK.ups_stage, h]]
            before, need = int(panel[PANEL.target, i]), need_of(i, panel)
            live = system[SYSTEM.fed, other] > 0.0
            room = before == SOURCE_B or room_for(
                other, need, panels[PANEL_DATA.transfer_limit, i], rating, system_links, system, ups
            )
            position, target, panel[PANEL.waited, i], dead = transfer_switch_step(
                int(panel[PANEL.position, i]),
                before,
                panel[PANEL.waited, i],
                step,
                system[SYSTEM.fed, own] > 0.0,
                live and room,
                SOURCE_A,
                0.0,
                panels[PANEL_DATA.retransfer_delay, i],
                panels[PANEL_DATA.transfer_time, i],
            )
            panel[PANEL.position, i] = position
            panel[PANEL.target, i] = target
            if target != before:
                used = other if target == SOURCE_B else own
                system[SYSTEM.expected, own if target == SOURCE_B else other] -= need
                system[SYSTEM.expected, used] += need
                number = used - hall_links[HALL_LINK.first_system, h] + 1
                gap = panels[PANEL_DATA.transfer_time, i]
                note(journal, time, TRANSFER, i, number, gap if target == SOURCE_B else -gap)
            why = IN_TRANSIT if position == 0 else (ALTERNATE_FULL if live else ALTERNATE_DEAD)
        panel[PANEL.dead_time, i] = panel[PANEL.dead_time, i] + dead if dead >= step else dead
        in_use = system_in_use(i, panel_links, panel)
        fed = 0.0
        if system[SYSTEM.fed, in_use] > 0.0 and panel[PANEL.dead_time, i] <= it_ride_through_time(
            0.0
        ):
            fed = 1.0
        if fed != panel[PANEL.fed, i]:
            note(journal, time, PANEL_SUPPLY, i, fed, why)
            panel[PANEL.fed, i] = fed


@law
def feed_systems(
    h: int,
    cooling: float,
    halls: Floats,
    hall_links: Indices,
    rows: Floats,
    row_links: Indices,
    panel_links: Indices,
    system_links: Indices,
    stages: Stages,
    hall: Floats,
    panel: Floats,
    system: Floats,
    ups: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> float:
    """Power drawn by all UPS systems of a hall [W]; moves their batteries.

    ``cooling`` [W] is that of the pumps and fans behind them.
    """
    first = hall_links[HALL_LINK.first_system, h]
    last = hall_links[HALL_LINK.first_system, h + 1]
    live, reserves = 0.0, 0.0
    for k in range(first, last):
        if system[SYSTEM.fed, k] > 0.0:
            live += 1.0
            reserves += system_links[SYSTEM_LINK.reserve, k]
    own = live - reserves
    for k in range(first, last):
        share = 0.0
        if system[SYSTEM.fed, k] > 0.0:
            if own == 0.0:
                share = 1.0 / reserves
            elif system_links[SYSTEM_LINK.reserve, k] == 0:
                share = 1.0 / own
        system[SYSTEM.cooling, k] = cooling * share
        # what is expected no longer matters in this step: here it gathers the demand
        system[SYSTEM.expected, k] = cooling * share
        system[SYSTEM.drawn, k] = 0.0  # likewise, of what waits for supply
    for w in range(hall_links[HALL_LINK.first_row, h], hall_links[HALL_LINK.first_row, h + 1]):
        rating = rows[ROW_DATA.panel_rating, w]
        for i in range(row_links[ROW_LINK.first_panel, w], row_links[ROW_LINK.first_panel, w + 1]):
            if closed(i, panel) == 0.0:
                system[SYSTEM.drawn, system_in_use(i, panel_links, panel)] += need_of(i, panel)
                continue
            load = panel[PANEL.load, i]
            panel[PANEL.need, i] = rating * load * (1.0 + rows[ROW_DATA.panel_loss_share, w] * load)
            system[SYSTEM.expected, system_in_use(i, panel_links, panel)] += panel[PANEL.need, i]
    rating = stages.rated_power[hall_links[HALL_LINK.ups_stage, h]]
    taken = 0.0
    for k in range(first, last):
        before = journal[0, JOURNAL.time]
        demand, waiting = system[SYSTEM.expected, k], system[SYSTEM.drawn, k]
        lend(k, h, system, hall)
        drawn = bank_flows(
            h,
            system_links[SYSTEM_LINK.first_ups, k],
            system_links[SYSTEM_LINK.first_ups, k + 1],
            demand,
            rating,
            halls,
            hall_links,
            stages,
            hall,
            ups,
            step,
        )
        watch_overload(h, hall, journal, time, step)
        hall[HALL.ups_output, h] = demand if system[SYSTEM.fed, k] > 0.0 else waiting
        of_system(journal, before, k)
        take_back(k, h, system, hall)
        system[SYSTEM.drawn, k] = drawn
        taken += drawn
    sum_up(h, first, last, system, hall)
    return taken
