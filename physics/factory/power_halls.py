"""Buses of the halls at the beginning of a step: low voltage, air handlers, UPS, the racks' bus.

Units of a UPS bank share the load evenly; those without a usable battery drop out while it carries
the load. All UPS of a hall have one input, its low-voltage bus.
"""

from __future__ import annotations

from physics.electrical.conversion import Stages
from physics.electrical.protection import it_ride_through_time
from physics.factory.arrays import CDU, HALL, HALL_DATA, HALL_LINK, SITE, Floats, Indices
from physics.factory.banks import units_online
from physics.factory.power_backup import switch_bank
from physics.factory.power_journal import CRAHS, CRITICAL_BUS, FEEDER_OF_HALL, HALL_BUS, note
from physics.factory.power_restart import (
    SETTLED_TIME,
    follow_bus,
    follow_feeder,
    permitted,
    take,
)
from physics.factory.power_sources import GRID, bus_dark, within_window
from physics.factory.power_systems import switch_systems
from physics.jit import kernel, law


@law
def permit_cdus(
    h: int,
    s: int,
    live_for: float,
    hall_links: Indices,
    hall: Floats,
    cdu: Floats,
    site: Floats,
) -> None:
    """Whether the CDU pumps of hall ``h``, on its bus beside the UPS, run in the coming step.

    ``live_for`` [s] as of :func:`physics.factory.power_restart.follow_bus`. They start at once.
    """
    running = hall[HALL.cdus_fed, h] > 0.0
    power = 0.0
    for c in range(hall_links[HALL_LINK.first_cdu, h], hall_links[HALL_LINK.first_cdu, h + 1]):
        power += cdu[CDU.pump_power, c]
    if running and site[SITE.source, s] == GRID and live_for > SETTLED_TIME:
        hall[HALL.cdu_need, h] = power
    may = permitted(s, running, live_for, 0.0, power, hall[HALL.cdu_need, h], site)
    hall[HALL.cdus_fed, h] = 1.0 if may else 0.0


@kernel()
def switch_halls(
    halls: Floats,
    hall_links: Indices,
    system_links: Indices,
    sites: Floats,
    stages: Stages,
    site: Floats,
    hall: Floats,
    cdu: Floats,
    system: Floats,
    ups: Floats,
    transformer: Floats,
    feeder: Floats,
    journal: Floats,
    time: float,
    step: float,
) -> None:
    """Low-voltage bus, CDUs, air handlers, UPS and racks' bus of every hall for the coming step."""
    for h in range(halls.shape[1]):
        s = hall_links[HALL_LINK.site, h]
        first = hall_links[HALL_LINK.first_transformer, h]
        last = hall_links[HALL_LINK.first_transformer, h + 1]
        path = first == last or units_online(transformer, first, last) > 0.0
        if hall_links[HALL_LINK.feeder, h] >= 0:
            on_feeder = follow_feeder(
                FEEDER_OF_HALL,
                h,
                hall,
                HALL.feeder_in_use,
                HALL.transfer_time,
                hall_links[HALL_LINK.feeder, h],
                hall_links[HALL_LINK.other_feeder, h],
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
        was_live = hall[HALL.live, h]
        live_for = follow_bus(h, hall, HALL.live, HALL.live_time, voltage, sag, step)
        if hall[HALL.live, h] != was_live:
            note(journal, time, HALL_BUS, h, hall[HALL.live, h], voltage)
        input_good = within_window(voltage)

        first = hall_links[HALL_LINK.first_ups, h]
        last = hall_links[HALL_LINK.first_ups, h + 1]
        cdus_beside = first < last and hall_links[HALL_LINK.ups_carries_cdus, h] == 0
        if cdus_beside:
            # before the air handlers: most of the heat goes to their coolant
            permit_cdus(h, s, live_for, hall_links, hall, cdu, site)
        running = hall[HALL.crahs_fed, h] > 0.0
        behind = first < last and hall_links[HALL_LINK.ups_carries_crahs, h] > 0
        may = running
        if not behind:
            if running and site[SITE.source, s] == GRID and live_for > SETTLED_TIME:
                hall[HALL.crah_need, h] = hall[HALL.crah_power, h]
            may = permitted(
                s,
                running,
                live_for,
                halls[HALL_DATA.crah_delay, h],
                hall[HALL.crah_power, h],
                hall[HALL.crah_need, h],
                site,
            )
        was_fed = hall[HALL.fed, h] > 0.0
        rating = stages.rated_power[hall_links[HALL_LINK.ups_stage, h]]
        if hall_links[HALL_LINK.first_system, h] < hall_links[HALL_LINK.first_system, h + 1]:
            fed = switch_systems(
                h,
                s,
                input_good,
                rating,
                halls,
                hall_links,
                system_links,
                site,
                hall,
                system,
                ups,
                journal,
                time,
                step,
            )
        elif first < last:
            fed = switch_bank(
                h,
                s,
                first,
                last,
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
            fed = was_fed
            if bus_dark(voltage, sag, step):
                fed = False
            elif not input_good:
                fed = was_fed and sag <= it_ride_through_time(voltage)
            elif not was_fed:
                fed = True
            fed = fed and take(s, hall[HALL.ups_output, h], site)
        if fed != was_fed:
            hall[HALL.fed, h] = 1.0 if fed else 0.0
            note(journal, time, CRITICAL_BUS, h, hall[HALL.fed, h], hall[HALL.ups_output, h])
        if behind:
            may = fed
        if may != running:
            hall[HALL.crahs_fed, h] = 1.0 if may else 0.0
            note(journal, time, CRAHS, h, hall[HALL.crahs_fed, h], hall[HALL.crah_need, h])
        if not cdus_beside:
            hall[HALL.cdus_fed, h] = hall[HALL.fed, h]
